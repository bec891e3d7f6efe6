/* number.h: laws of one number, such as a neuron's output weight before training.
 *
 * A law is a table of operations and two parameters. Whatever has a p-quantile can be drawn: from
 * a uniform.                                                                                  */
#ifndef MF_NUMBER_H
#define MF_NUMBER_H

#include <stdbool.h>

typedef struct {
    const char *name;
    /* Density, distribution function and p-quantile, 0 < p < 1, for the parameters v. Where there
     * is an atom the density is HUGE_VAL.                                                     */
    double (*density)(const double v[2], double x);
    double (*cdf)(const double v[2], double x);
    double (*quantile)(const double v[2], double p);
} mf_number_ops;

typedef struct {
    const mf_number_ops *ops;
    double v[2];
} mf_number_law;

extern const mf_number_ops mf_number_constant; /* v[0]                                    */
extern const mf_number_ops mf_number_signs;    /* -v[0] or v[0], with probability 1/2 each */
extern const mf_number_ops mf_number_uniform;  /* on [v[0], v[1]]                          */
extern const mf_number_ops mf_number_normal;   /* N(v[0], v[1]^2)                          */

static inline mf_number_law mf_number_at(double x) {
    return (mf_number_law){&mf_number_constant, {x, 0}};
}

static inline bool mf_number_is_constant(const mf_number_law *law) {
    return law->ops == &mf_number_constant;
}

static inline double mf_number_quantile(const mf_number_law *law, double p) {
    return law->ops->quantile(law->v, p);
}

#endif
