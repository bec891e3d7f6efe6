/* measure.h: weighted atoms, the meeting point of SGD, PDE and optima.
 *
 * A measure is  rho = sum_j weight_j delta_{theta_j}.  Coordinates are stored one
 * after the other, atoms contiguous:  x[c * ld + j]  is coordinate c of atom j, so
 * that every loop over atoms is a loop over consecutive doubles.
 * `space` says what the coordinates mean; a potential takes only its own space.   */
#ifndef MF_MEASURE_H
#define MF_MEASURE_H

#include "core/base/status.h"
#include "space.h"

#include <stdbool.h>
#include <stddef.h>

/* A view: whoever made it owns the arrays. weight == NULL means 1/n each. */
struct mf_measure {
    const mf_space *space;
    size_t n, dim; /* atoms, coordinates */
    size_t ld;     /* distance between coordinates, >= n */
    const double *x;
    const double *weight; /* >= 0, of sum 1 */
};

static inline double mf_measure_weight(const mf_measure *m, size_t j) {
    return m->weight ? m->weight[j] : 1 / (double)m->n;
}

/* MF_EDOMAIN, naming atom and coordinate, unless radii are in [0, inf] and all other numbers finite,
 * weights >= 0 included. Called where a measure enters a workspace: no NaN comes in.         */
mf_status mf_measure_check(const mf_measure *m, mf_error *err);

/* A power of two near x > 0 (1 for 0 and infinity): to divide by it is exact, and squares of the
 * quotients do not overflow.                                                               */
double mf_measure_unit(double x);

/* ---- means and radii ---------------------------------------------------------------- */

/* int x_c d rho and its standard deviation (no n - 1: rho is a law, not a sample of one).
 * Infinite where mass is at infinity.                                                    */
double mf_measure_mean(const mf_measure *m, size_t c);
double mf_measure_std(const mf_measure *m, size_t c);

/* radius[j] = |w| of atom j, from components and radii. MF_EINVAL in a space without them. */
mf_status mf_measure_radius(const mf_measure *m, double *radius, mf_error *err);

/* r1[j] = |P_V w|, r2[j] = |w - P_V w| for a measure that has all of w.
 * MF_EINVAL: another space, s0 outside 1 .. d, rows of the basis not orthonormal to 1e-8. */
mf_status mf_measure_radii(const mf_measure *m, const mf_subspace *V, double *r1, double *r2,
                           mf_error *err);

#endif
