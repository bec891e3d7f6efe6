/* two_radius.h: plain neurons sigma(<w,x>) under anisotropic Gaussians, in r1 = |P_V w| and
 * r2 = |P_V^perp w|, dim V = s0.
 *
 * With s_+-^2 = tau_+-^2 r1^2 + r2^2, V = -q(s_+)/2 + q(s_-)/2, and for z1, z2 the first coordinates
 * of independent uniform unit vectors of R^s0 and R^(d-s0)
 *     U = 1/2 sum_{+-} sum_k c_k(s) c_k(s') E[((tau^2 r1 r1' z1 + r2 r2' z2)/(s s'))^k].
 * At d = inf only k = 0 is left. Both radii live in [0, inf] for bounded activations.            */
#ifndef MF_TWO_RADIUS_H
#define MF_TWO_RADIUS_H

#include "core/model/activation.h"
#include "potential.h"

typedef struct {
    mf_activation activation;
    double delta; /* in (0, 1)                                                             */
    double d, s0; /* integers, 1 <= s0 <= d; or d = HUGE_VAL, and s0 is not looked at      */
    double gamma; /* s0/d at d = HUGE_VAL, in (0, 1]                                       */
    double tol;   /* accuracy of V and U relative to max(1, sup U), as in radial.h         */
    mf_loss loss; /* zero: the square; others must know y = +-1; at finite d see recombined.h */
} mf_two_radius_spec;

extern const mf_space mf_space_two_radius; /* r1, r2 */

/* The dimensions whose law of (r1, r2) is meant: those of init, where it names any, instead of the
 * potential's own in *d, *s0. MF_EINVAL: a finite d without its s0.                        */
mf_status mf_two_radius_dims(const mf_init *init, double *d, double *s0, mf_error *err);

/* MF_EINVAL or MF_EUNSUPPORTED, naming what no potential can be made of. */
mf_status mf_two_radius_check(const mf_two_radius_spec *, mf_error *err);

/* Builds the feature map; *out is owned by the caller, and the activation's table, if
 * it has one, must outlive it. MF_INEXACT: (*out)->error exceeds tol,
 * as it may where V or its complement has few dimensions and the series converges slowly: with the
 * paper's sigma, U <= 56, to 0.6 in one dimension and 0.05 in two, and that much is missing.    */
mf_status mf_two_radius_new(const mf_two_radius_spec *, mf_potential **out, const mf_flag *stop,
                            mf_error *err);

#endif
