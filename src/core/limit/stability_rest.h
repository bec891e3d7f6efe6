/* stability_rest.h: where the effective dynamics of SGD at a finite step is at rest with all
 * neurons on one sphere, and the steps at which such rest points appear or vanish.
 *
 * With rho = delta_r and D = dimension - 1 directions across w (potential.h), radii stand still where
 *     r dPsi/dr(r; delta_r) = eps D T(r; delta_r),   that is   eps = eps(r) = r Psi' / (D T):
 * the pull of Eq. 7 inward against the noise of the steps outward. So rest points at eps are the
 * solutions of eps(r) = eps, of which each monotone branch has one at most, and folds (saddle-nodes)
 * are the extrema of eps(r): beyond a maximum two rest points have met and are gone.
 *
 * Particles about a rest point move by  d delta_j = -apart (delta_j - mean) - together mean  in the
 * clock: it attracts if both rates are positive. At a fold together = 0.                        */
#ifndef MF_STABILITY_REST_H
#define MF_STABILITY_REST_H

#include "core/potentials/potential.h"

enum { MF_REST_MOST = 16 };

typedef struct {
    double r, risk;         /* R(delta_r)                             */
    double together, apart; /* rates of decay in the clock            */
    double error;           /* estimate, of r                         */
} mf_rest_point;

typedef struct {
    double eps, r, risk;
    double error; /* estimate, of eps                                    */
    bool below;   /* eps(r) has a maximum: the two rest points are at smaller steps */
} mf_rest_fold;

typedef struct {
    size_t points, folds; /* at most MF_REST_MOST each, by increasing r  */
    mf_rest_point point[MF_REST_MOST];
    mf_rest_fold fold[MF_REST_MOST];
    double low, high; /* the values that eps(r) > 0 was seen to take; low > high: none */
} mf_rest;

/* For a potential of one radius. eps: the step whose rest points are wanted, or 0 for folds alone;
 * directions: D > 0. Looks at 1e-7 < r < 1e4, where T exceeds 1e-4 R: below, noise is too small to
 * be known well. MF_EUNSUPPORTED: other coordinates, or no step noise. MF_EACCURACY: more than
 * MF_REST_MOST of either.                                                                    */
mf_status mf_rest_find(const mf_potential *, double directions, double eps, mf_rest *out,
                       const mf_flag *stop, mf_error *err);

#endif
