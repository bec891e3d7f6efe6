/* init.h: the law rho_0 of a neuron's weights before training.
 *
 * Laws of w that no rotation changes, as tables of operations: drawing a neuron, and the law
 * of the radii that the limits start from. Output weight a and offset b have laws of their own
 * (number.h), and are independent of w and of each other.                                    */
#ifndef MF_INIT_H
#define MF_INIT_H

#include "number.h"

#include "core/base/rng.h"
#include "core/base/status.h"

#include <stdbool.h>

/* What a neuron is: sigma(<w, x>), or a sigma(<w, x> + b). */
typedef enum { MF_NEURON_PLAIN, MF_NEURON_AFFINE } mf_neuron;
extern const char *const mf_neuron_names[]; /* in that order; ends with NULL */

typedef struct mf_init_ops mf_init_ops;

typedef struct {
    const mf_init_ops *ops;
    double scale;       /* (E |w|^2)^(1/2): the Gaussian's kappa, the sphere's radius */
    mf_number_law a, b; /* affine neurons                                       */
    double d, s0;       /* 0: taken from the potential; given, the finite-d law of the radii
                     beside a potential at d = inf                                     */
} mf_init;

/* A subspace of R^d of dimension k. The length of w's projection on it is |w| (k = d), r1 (k = s0)
 * or r2 (k = d - s0). At d = HUGE_VAL only share = k/d counts: lengths are at their limit.    */
typedef struct {
    double d, k, share;
} mf_span;

struct mf_init_ops {
    const char *name;
    /* w (d numbers) of neuron i: draw i of the stream. NULL: the law is known only to the caller,
     * and so are its radii.                                                                    */
    void (*neuron)(const mf_init *, mf_key key, uint64_t i, size_t d, double *w);
    /* Density, distribution function and p-quantile (0 < p < 1) of the length r >= 0 of the
     * projection. Where r is constant the density is HUGE_VAL there and 0 elsewhere.         */
    double (*density)(const mf_init *, mf_span, double r);
    double (*cdf)(const mf_init *, mf_span, double r);
    double (*quantile)(const mf_init *, mf_span, double p);
    /* The lengths on a subspace and across it: P(r1 <= x1, r2 <= x2), and the pair that two
     * uniforms give.                                                                         */
    double (*joint)(const mf_init *, mf_span, double x1, double x2);
    void (*pair)(const mf_init *, mf_span, double p, double q, double *r1, double *r2);
    /* The first k numbers m of w, and the length r of the others, that k + 1 uniforms u give. */
    void (*split)(const mf_init *, mf_span, const double *u, double *m, double *r);
};

extern const mf_init_ops mf_init_gaussian; /* w ~ N(0, scale^2/d I_d)              */
extern const mf_init_ops mf_init_sphere;   /* w uniform on the sphere |w| = scale */
extern const mf_init_ops mf_init_custom;   /* known only to the caller             */

/* a and b of neuron i: draw i of the stream, whose uniforms the weights leave alone. */
void mf_init_output(const mf_init *, mf_key key, uint64_t i, double *a, double *b);

static inline bool mf_init_is_fed(const mf_init *init) {
    return !init->ops->neuron;
}

/* Laws of several numbers become J atoms of equal weight at a low-discrepancy set in the cube of
 * their uniforms: (j + 1/2)/J in the first, an additive recurrence in the others. a and b take
 * part in it where they are not constant.                                                     */

/* The law of r = |w| in dimension d (HUGE_VAL: its limit) as J atoms of equal weight: the
 * quantiles at (j + 1/2)/J, increasing. Its error against the law is O(1/J) in W1. NaNs where
 * the law is known only to the caller, and where the flag was raised before; so below.     */
void mf_init_radii(const mf_init *, double d, size_t J, double *r, const mf_flag *stop);

/* The joint law of r1 = |P_V w| and r2 = |P_V^perp w|, dim V = s0, and where they are wanted (else
 * NULL) of a and b, as J atoms. d = HUGE_VAL: both radii at their limit, gamma = s0/d being
 * given.                                                                                      */
void mf_init_two_radii(const mf_init *, double d, double s0, double gamma, size_t J, double *a,
                       double *b, double *r1, double *r2, const mf_flag *stop);

enum { MF_INIT_SPLIT = 64 }; /* coordinates at most */

/* The joint law of a, b, the coordinates m_1 .. m_k <= MF_INIT_SPLIT of w along k directions, and the
 * length r of w across them, as J atoms: coordinate c of atom j at x[c * J + j], in that order. At
 * d = HUGE_VAL m = 0 and r = scale. If the law has a d of its own it takes the place of this one.
 * MF_EINVAL, in words for the user, if that is less than k.                                   */
mf_status mf_init_split(const mf_init *, double d, size_t k, size_t J, double *x,
                        const mf_flag *stop, mf_error *err);

#endif
