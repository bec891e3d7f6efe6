/* radial_noise.h: what SGD's step noise needs of the isotropic problem.
 *
 * yhat depends on the class and on |x| = tau rho only, rho ~ chi_d, and given these <w,x> is
 * r tau rho z, z a coordinate of a uniform unit vector. Across w the square of x has the factor
 * 1 - z^2, which turns z into a coordinate in R^(d+2), and rho^2 turns chi_d into chi_(d+2):
 *     T(r) = 1/2 sum_+- tau^2 E_chi_(d+2) [(+-1 - yhat(tau rho))^2 H(tau rho r)],
 *     yhat(s) = int E sigma(s r z_d) rho(dr),        H(s) = E sigma'(s z_(d+2))^2,
 * in every one of the d - 1 directions across w. What neurons share asks for the same with
 * q(r) = E sigma'(tau rho r z_(d+2)) of each of two neurons in the place of H. At d = inf one node is left: E sigma(tau r G)
 * and E sigma'(tau r G)^2.                                                                   */
#ifndef MF_RADIAL_NOISE_H
#define MF_RADIAL_NOISE_H

#include "core/measure/measure.h"
#include "core/model/activation.h"
#include "core/model/loss.h"
#include "curves.h"

enum { MF_NOISE_NODES = 40 };

typedef struct {
    double tau[2];
    size_t nodes;
    double weight[MF_NOISE_NODES];
    double answer_at[MF_NOISE_NODES], slope_at[MF_NOISE_NODES]; /* scales of r, but for tau */
    mf_curves answer, slope, odd;                               /* one curve each           */
} mf_radial_noise;

/* Accuracy tol, relative to max(1, sup sigma^2). After a failure there is nothing to free. */
mf_status mf_radial_noise_init(mf_radial_noise *, const mf_activation *, double delta, double d,
                               double tol, const mf_flag *stop, mf_error *err);
void mf_radial_noise_free(mf_radial_noise *);

/* T(r_j) for j < n; of another loss, with -l'/2 in the place of +-1 - yhat. */
void mf_radial_noise_gain(const mf_radial_noise *, const mf_loss *, double variance,
                          const mf_measure *rho, size_t n, const double *r, double *T);

/* As mf_potential_odd; there are twice `nodes`. */
void mf_radial_noise_odd(const mf_radial_noise *, const mf_loss *, double variance,
                         const mf_measure *rho, double *stiffness, double *gain, double *q,
                         double *rise);

#endif
