/* lemma1.h: what the prover of Lemma 1 and the checker of its certificates share.
 *
 * Facts used. M(r) = Psi(r; r_*) - Psi(r_*; r_*) with r_* a zero of R' (R = R_d^(1)).
 *   (1) R' = 2 d/dr Psi(r; s) at s = r, so M'(r_*) = 0: where M'' > 0 on an interval around r_*,
 *       M > 0 there but at r_*.
 *   (2) R(r) - R(r_*) = 2 M(r) + |f(r) - f(r_*)|^2 >= 2 M(r) for the feature vectors f of U: M > 0
 *       away from r_* makes r_* the only global minimiser of R.
 *   (2a) At d = inf, M/Delta takes the place of M. For all Delta in (0, delta] at once S(r_*)/Delta is
 *       (1 - Delta D(r_*)) D'(r_*)/S'(r_*), by R' = 0.
 *   (3) Where M takes negative values, (2) says nothing: R > R(r_*) outside an interval with
 *       R'' > 0 around r_* is proved box by box.                                            */
#ifndef MF_LEMMA1_PROOF_H
#define MF_LEMMA1_PROOF_H

#include "box.h"

typedef struct {
    mf_exact_problem exact;
    mf_series series;
    mf_boxes boxes;
    mf_force force;
    arb_t along, across; /* d = inf: Psi/Delta = along S - across D (box.h); force is not used */
    arb_t unit;          /* margins here are in units of this: Delta at d = inf, else 1        */
    arb_t r_star, psi_star, risk_star;
    mf_box around; /* chart r: holds r_*; R'' > 0 and M'' > 0 on it */
    double far;    /* charts meet at r = far, a power of 2           */
    arb_t value, slope, curvature, range;
    const mf_flag *stop; /* once it is set every enclosure is [-inf, inf], at once; may be NULL */
} mf_lemma1_frame;

/* Balls at accuracy `bits`; r_*, force and box are not set. */
void mf_frame_init(mf_lemma1_frame *, slong bits);
void mf_frame_clear(mf_lemma1_frame *); /* keeps `exact`, and what is plain */

/* Value, slope and curvature of R or of Psi on a box. */
void mf_frame_risk(mf_lemma1_frame *, mf_box);
void mf_frame_psi(mf_lemma1_frame *, mf_box);

/* f->range encloses M (margin) or R - R(r_*) on a box. */
void mf_frame_margin_on(mf_lemma1_frame *, mf_box);
void mf_frame_excess_on(mf_lemma1_frame *, mf_box);

/* Encloses r_* in `around`: true if R'' > 0 on it and R' changes sign. */
bool mf_frame_enclose(mf_lemma1_frame *);

/* With r_* enclosed: force, psi_star, risk_star. */
void mf_frame_aim(mf_lemma1_frame *);

/* M at r = 0 or r = inf. */
void mf_frame_margin_at_end(mf_lemma1_frame *, bool infinite, arb_t margin);

/* The three intervals that `around` leaves of the closed half-line. */
int mf_frame_outside(const mf_lemma1_frame *, mf_box outside[3]);

#endif
