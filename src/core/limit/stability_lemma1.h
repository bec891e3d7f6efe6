/* stability_lemma1.h: is the uniform law on one sphere a global minimizer?  (Lemma 1)
 *
 * For the isotropic problem the single-delta ansatz puts all neurons on |w| = r_*, the
 * global minimizer of  R_d^(1)(r) = R_# + 2 v(r) + u_d(r, r)  (Eq. 14).  It is optimal iff
 *     v(r) + u_d(r, r_*)  >=  v(r_*) + u_d(r_*, r_*)   for all r in [0, inf].
 * The closed half-line matters: for finite d the first violation sits at r = inf.
 *
 * The margin. At r = r_* both sides are equal, so the minimum over all r of their
 * difference is never positive and says nothing about how safely Lemma 1 holds. The
 * margin is the least difference over all r except r_* itself and the slopes of the
 * valley around it: over the other local minima and both ends 0 and inf. It is positive
 * where Lemma 1 holds, negative and the minimum over all r where it fails, and continuous
 * in between.                                                                         */
#ifndef MF_STABILITY_LEMMA1_H
#define MF_STABILITY_LEMMA1_H

#include "core/model/activation.h"
#include "core/potentials/potential.h"

typedef struct {
    double r_star; /* global minimizer of Eq. 14, may be 0 or INFINITY                  */
    double risk;   /* R_d^(1)(r_star)                                                   */
    double margin; /* >= 0: Lemma 1 holds                                               */
    double at;     /* where the margin is attained; 0, INFINITY or a local minimum      */
    double error;  /* bound on the numerical error of the margin                        */
} mf_lemma1;

/* The potential must be radial (one radius) with limits at r = inf, as it has for a bounded
 * sigma; MF_EDOMAIN if not. */
mf_status mf_lemma1_check(const mf_potential *, mf_lemma1 *out, mf_error *err);

/* The interval (low, high) of Delta in which Lemma 1 holds. */
typedef struct {
    double low, high;             /* Delta_d^l, Delta_d^h; low = 0: no end was found above tol;
                                     NAN: Lemma 1 holds for no Delta                          */
    double low_at, high_at;       /* where Lemma 1 is violated first beyond each end; NAN: none */
    double low_error, high_error; /* bounds on the ends' errors                                 */
    double best, best_margin;     /* the Delta seen to hold most safely, and its margin         */
} mf_lemma1_interval;

/* Looks at steps of 1/21 for a run of stable Delta (the longest, if the stable set should be in
 * pieces), climbs to the largest margin if there is none, then looks for the ends. d >= 2 or
 * HUGE_VAL, tol in [1e-9, 0.01]. MF_INEXACT: an end's error exceeds tol.                   */
mf_status mf_lemma1_find_interval(const mf_activation *, double d, double tol,
                                  mf_lemma1_interval *out, const mf_flag *stop, mf_error *err);

#endif
