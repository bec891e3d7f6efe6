/* activation.h: the functions sigma(t) of sigma_*(x; theta) = a sigma(<w,x> + b).
 *
 * An activation is a value: copy it, print it, save it. Only a tabulated one (made from
 * a Lua function before the core starts) points at memory, which its owner keeps alive. */
#ifndef MF_ACTIVATION_H
#define MF_ACTIVATION_H

#include "status.h"

#include <stddef.h>

enum { MF_KNOTS_MAX = 16 };

typedef enum {
    MF_ACT_PIECEWISE, /* linear between knots (t_j, s_j); beyond the ends the given slopes */
    MF_ACT_TANH,
    MF_ACT_ERF,
    MF_ACT_SIGMOID,  /* 1 / (1 + exp(-t))    */
    MF_ACT_SOFTPLUS, /* log(1 + exp(t))      */
    MF_ACT_TABLE     /* piecewise polynomial */
} mf_activation_kind;

typedef struct mf_activation_table mf_activation_table;

/* ReLU is the piecewise function with one knot (0, 0) and slope_right 1. */
typedef struct {
    mf_activation_kind kind;
    size_t knots; /* 1 .. MF_KNOTS_MAX, t strictly increasing */
    double t[MF_KNOTS_MAX], s[MF_KNOTS_MAX];
    double slope_left, slope_right; /* beyond the first and the last knot; 0: flat tails */
    const mf_activation_table *table;
} mf_activation;

/* sigma(t) and sigma'(t); at a knot the derivative is that of the segment to its right. */
double mf_activation_value(const mf_activation *, double t);
double mf_activation_derivative(const mf_activation *, double t);

/* value[i] = sigma(z[i]) and derivative[i] = sigma'(z[i]); either may be NULL; in place is
 * allowed for value. */
void mf_activation_apply(const mf_activation *, size_t n, const double *z, double *value,
                         double *derivative);

/* How sigma behaves at t -> -inf (left) and +inf (right): slope * t + offset + o(1).
 * A bounded activation has both slopes 0, and offsets its limits.                      */
typedef struct {
    double slope_left, offset_left, slope_right, offset_right;
} mf_activation_tails;
mf_activation_tails mf_activation_tails_of(const mf_activation *);

/* q(s, b) = E sigma(s G + b), s >= 0, and its derivatives in s and b (NULL: not wanted).
 * Closed forms for piecewise (and ReLU) and erf, quadrature to about 1e-13 otherwise.   */
mf_status mf_activation_moment(const mf_activation *, double s, double b, double *q, double *dq_ds,
                               double *dq_db, mf_error *err);

/* c_k(s) = E[ sigma(s G) h_k(G) ] for k = 0 .. n-1, h_k the normalised Hermite polynomials
 * dc_ds may be NULL. s in [0, inf];
 * s = inf is allowed for bounded activations.                                            */
mf_status mf_activation_hermite(const mf_activation *, double s, size_t n, double *c, double *dc_ds,
                                mf_error *err);

#endif
