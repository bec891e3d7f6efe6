/* recombined.h: potentials of two radii in finitely many dimensions, for any loss.
 *
 * Given its class, x = (tau g1, g2) is answered by yhat(x) = sqrt(2) sum m_(m1,m2) l_m1(|g1|) l_m2(|g2|)
 * (zonal.h), linear in the mean features m. With the nodes (i, j) of Gauss rules for |g1| and |g2|,
 * w_ij the product of their weights, the features
 *     sqrt(w_ij) sum_(m1,m2) l_m1(|g1|_i) l_m2(|g2|_j) f_(+-,m1,m2)
 * have the mean sqrt(w_ij/2) yhat_ij: R = 1/2 sum_+- sum_ij w_ij l(+-1, yhat_ij). From as many nodes on as
 * there are orders the polynomials are orthonormal under the rule too, so that V and U are the base's;
 * more are taken until R of single neurons stays what it is. What the series leaves out, U's error, is
 * the mean square of what yhat lacks: R is wrong by its root times the slope of l at most, and by much
 * less where l' is smooth, as then it has little of these orders itself.                          */
#ifndef MF_RECOMBINED_H
#define MF_RECOMBINED_H

#include "potential.h"
#include "zonal.h"

/* MF_EUNSUPPORTED, by name, where the dimensions are too few for another loss than the square. */
mf_status mf_recombined_check(const mf_loss *, double p1, double p2, mf_error *err);

/* Puts a potential of this loss, not the square, into the place of *pot, whose features are z's, those of
 * + first, and whose last two coordinates are the radii; growth: of sigma, tol then is relative to it. What is seen of the nodes' error is added to
 * its error. After a failure *pot is NULL, and nothing is left to free.                          */
mf_status mf_recombined_new(const mf_zonal *z, const mf_loss *, bool growth, double tol,
                            mf_potential **pot, const mf_flag *stop, mf_error *err);

#endif
