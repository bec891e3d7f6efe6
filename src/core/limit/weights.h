/* weights.h: the best weights on given atoms, for a risk that is any convex function of m. */
#ifndef MF_WEIGHTS_H
#define MF_WEIGHTS_H

#include "core/potentials/potential.h"

/* Minimises R(sum_i w_i f_i) over w_i >= 0, sum_i w_i = 1 from the w given, which must be such; row i
 * of f (n x rank) is f(theta_i). Newton's method on the simplex, in which every step goes as far
 * as the first weight that comes to 0 and R falls: R does not rise, and rounding ends it. Where l
 * is not convex its curvature counts as 0, and the end is a place where R falls no further.
 * scratch: mf_best_weights_scratch doubles.                                                     */
void mf_best_weights(const mf_potential *, size_t n, const double *f, double *w, double *scratch);
size_t mf_best_weights_scratch(size_t n, size_t rank);

#endif
