/* radial.h: the potential of plain neurons under isotropic Gaussians, in r = |w|.
 *
 *     V(r) = v(r) = -q(tau_+ r)/2 + q(tau_- r)/2,     q(s) = E sigma(s G),  tau_+- = 1 +- Delta
 *     U(r1, r2) = u_d(r1, r2) = 1/2 sum_{+-} k_d(tau_+- r1, tau_+- r2)
 *     k_d(s, s') = E sigma(<s e, x>) sigma(<s' e', x>),  e, e' independent uniform directions
 *
 * for d >= 2 and in the limit d = inf, where k = q(s) q(s') and the rank is 2. r lives on
 * the closed half-line [0, inf] for bounded activations, on [0, inf) for the others.      */
#ifndef MF_RADIAL_H
#define MF_RADIAL_H

#include "core/model/activation.h"
#include "potential.h"

typedef struct {
    mf_activation activation;
    double delta; /* in (0, 1)                                                              */
    double d;     /* integer >= 2, or HUGE_VAL                                              */
    double tol;   /* accuracy of V and U relative to max(1, sup U); for an unbounded
                     activation of V/(1 + r) and U/((1 + r1)(1 + r2)); 1e-13 .. 1e-2        */
    mf_loss loss; /* zero: the square; others must know y = +-1. Then features are answers at nodes
                       in |x| (radial_nodes.h), as many as V and U need, whose errors are seen only */
} mf_radial_spec;

extern const mf_space mf_space_radial; /* r = |w| in [0, inf] */

/* Builds the feature map: *out is owned by the caller (mf_potential_free). The
 * table of a tabulated activation must outlive it. MF_INEXACT: (*out)->error exceeds tol.             */
mf_status mf_radial_new(const mf_radial_spec *, mf_potential **out, const mf_flag *stop,
                        mf_error *err);

bool mf_potential_is_radial(const mf_potential *);

/* V(r) with dV/dr, and U(r1, r2) with dU/dr1; derivatives may be NULL. Only for
 * potentials made here.                                                                    */
double mf_radial_v(const mf_potential *, double r, double *dv);
double mf_radial_u(const mf_potential *, double r1, double r2, double *du);

#endif
