/* potential.h: every potential of the paper as a feature map.
 *
 *     V(theta) = <b, f(theta)>,   U(theta, theta') = <f(theta), f(theta')>
 *
 * with f of modest length (the rank). With m = int f d rho:
 *     Psi(theta; rho) = <b + m, f(theta)>                      (Eq. 8)
 *     R(rho)          = R_# + 2 <b, m> + |m|^2                 (Eq. 5)
 * so that a force on J particles costs one mean and one field, never J^2.
 * A new model is a new table of operations; everything else works with it.     */
#ifndef MF_POTENTIAL_H
#define MF_POTENTIAL_H

#include "core/base/status.h"
#include "core/measure/measure.h"

#include <stdbool.h>

typedef struct mf_potential mf_potential;

typedef struct {
    const char *name;

    /* F[k * ldf + j] = f_k(theta_j), rank x n. */
    void (*features)(const mf_potential *, size_t n, const double *theta, size_t ld, double *F,
                     size_t ldf);

    /* m_k += sum_j weight_j f_k(theta_j); m has length rank. */
    void (*mean)(const mf_potential *, const mf_measure *, double *m, void *scratch);

    /* value_j = <g, f(theta_j)> (if not NULL) and grad[c * ld + j] = d/d theta_c of it (if
     * not NULL), for g of length rank. At an infinite radius the gradient is 0.            */
    void (*field)(const mf_potential *, const double *g, size_t n, const double *theta, size_t ld,
                  double *value, double *grad, void *scratch);

    /* Bytes of scratch (64-byte aligned, caller's) that mean and field need for n atoms. */
    size_t (*scratch)(const mf_potential *, size_t n);

    void (*free)(mf_potential *);

    /* u_j = U(theta_j, theta_j) = E sigma_*(x; theta_j)^2 of a neuron with itself: more than
     * |f(theta_j)|^2 where theta are radii and f is a mean over directions.                  */
    mf_status (*self)(const mf_potential *, size_t n, const double *theta, size_t ld, double *u,
                      mf_error *err);
} mf_potential_ops;

/* The head that every kind of potential starts with. */
struct mf_potential {
    const mf_potential_ops *ops;
    mf_space space;
    size_t dim;           /* coordinates of theta                                             */
    size_t rank;          /* length of f                                                      */
    const double *b;      /* rank numbers                                                     */
    double risk0;         /* R_# = E y^2                                                      */
    double error;         /* bound on |V| and |U| errors against the exact potential          */
    unsigned nonnegative; /* bit c: coordinate c is a radius, its domain is [0, inf]         */
    double d;             /* dimension of x; HUGE_VAL: the limit. Initial radii depend on it  */
    double s0, gamma;     /* dimension of V, and s0/d; 0 where there is no V                  */
    bool fix_a, fix_b;    /* affine neurons: a, b feel no force                               */
};

/* Whether coordinate c is a radius in [0, inf]. */
static inline bool mf_is_radius(const mf_potential *pot, size_t c) {
    return c < 32 && (pot->nonnegative >> c & 1u);
}

/* Whether coordinate c of every particle stays what it is. */
static inline bool mf_is_fixed(const mf_potential *pot, size_t c) {
    return (pot->fix_a && c + 2 == pot->dim) || (pot->fix_b && c + 1 == pot->dim);
}

/* R(rho) of Eq. 5 from the mean features m. */
double mf_potential_risk_of_mean(const mf_potential *, const double *m);

void mf_potential_free(mf_potential *); /* NULL is allowed */

#endif
