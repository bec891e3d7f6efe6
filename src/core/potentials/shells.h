/* shells.h: the isotropic kernel in few dimensions, where the Hermite series converges slowly.
 *
 * Conditioned on rho = |x|, a neuron of radius s averaged over its directions answers
 *     h_d(s rho),   h_d(s) = E sigma(s z),  z the first coordinate of a uniform unit vector,
 * so that k_d(s, s') = E h_d(s rho) h_d(s' rho), rho ~ chi_d: an inner product of functions of
 * rho. They are projected on piecewise polynomials in rho; the kernel's error is the square of
 * what the projection loses.                                                                */
#ifndef MF_SHELLS_H
#define MF_SHELLS_H

#include "core/model/activation.h"

typedef struct mf_shells mf_shells;

/* Features of k_d to accuracy tol (divided by (1 + s)(1 + s') for unbounded sigma). 2 <= d <= 16. */
mf_status mf_shells_new(const mf_activation *, double delta, double d, double tol, mf_shells **out,
                        const mf_flag *stop, mf_error *err);
void mf_shells_free(mf_shells *);

/* An mf_curve_sampler for the radial potential: out[0] = <y, phi_r> = (q(tau_+ r) - q(tau_- r))/2,
 * then the coordinates of phi_r; divided by 1 + r for unbounded sigma.                       */
void mf_shells_sample(const void *shells, double r, double *out);
size_t mf_shells_width(const mf_shells *);
double mf_shells_error(const mf_shells *); /* estimate of the error of U */

#endif
