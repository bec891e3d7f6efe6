/* proof.h: Lemma 1 and the certificate of an optimum, proved in ball arithmetic.
 *
 * Every number is exact (a text, see exact.h) or a ball that provably contains it. Nothing
 * here trusts a floating-point result: those only say where to look. The room is built where
 * FLINT and Arb are found; without them every function fails with MF_EUNSUPPORTED (absent.c). */
#ifndef MF_PROOF_H
#define MF_PROOF_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { MF_EXACT_TEXT = 256, MF_BALL_TEXT = 128, MF_PROOF_KNOTS = 16, MF_PLACE_TEXT = 96 };

typedef struct {
    char text[MF_EXACT_TEXT];
} mf_exact;

typedef struct {
    double d; /* an integer >= 4, or HUGE_VAL */
    mf_exact delta;
    bool all_below; /* the claim is for every Delta in (0, delta] at once; d = inf only */
    size_t knots;   /* 2 .. MF_PROOF_KNOTS; sigma is flat beyond them */
    mf_exact t[MF_PROOF_KNOTS], s[MF_PROOF_KNOTS];
    size_t bits;        /* accuracy at which to give up: the series is cut below 2^-bits */
    size_t first_bits;  /* where to begin; 0: 48                                         */
    const char *r_star; /* NULL: search; else take this (within 1e-6 of it) for r_*      */
} mf_proof_spec;

typedef enum { MF_UNDECIDED = -1, MF_REFUTED = 0, MF_PROVED = 1 } mf_verdict;

typedef struct {
    mf_verdict verdict;
    size_t boxes, terms, bits; /* boxes examined; M and accuracy of the last attempt         */
    char r_star[MF_BALL_TEXT]; /* the one critical point of Eq. 14 in [low, high]            */
    double low, high;          /* there the second derivatives of R and of the margin are > 0 */
    char risk[MF_BALL_TEXT];   /* R_d^(1)(r_star)                                            */
    char zero[MF_BALL_TEXT];   /* margins at r = 0 and r = inf                               */
    char infinity[MF_BALL_TEXT];
    char place[MF_PLACE_TEXT]; /* refuted: a radius with a negative margin; undecided: where */
    char margin[MF_BALL_TEXT]; /* refuted: the margin there                                  */
} mf_lemma1_proof;

typedef struct mf_prover mf_prover;

/* A proof of Lemma 1 in slices:
 *     mf_prover_new(&p, &spec, err);
 *     while (!mf_prover_over(p)) mf_prover_step(p, stop, err);      (some milliseconds each)
 *     result = mf_prover_result(p);  mf_prover_free(p);
 * PROVED: the uniform law on the sphere of radius r_* is a global minimiser of R, and r_* the
 * only global minimiser of Eq. 14 on [0, inf]. REFUTED: r_* is the only global minimiser of
 * Eq. 14, and the margin is negative at `place`.                                          */
mf_status mf_prover_new(mf_prover **, const mf_proof_spec *, mf_error *err);
mf_status mf_prover_step(mf_prover *, const mf_flag *stop, mf_error *err);
bool mf_prover_over(const mf_prover *);
double mf_prover_done(const mf_prover *); /* fraction of the half-line that is covered */
const mf_lemma1_proof *mf_prover_result(const mf_prover *);
void mf_prover_free(mf_prover *);

/* Writes the certificate of a finished proof (not of an undecided one): certificate.c. */
mf_status mf_prover_write(const mf_prover *, const char *path, mf_error *err);

typedef struct {
    bool accepted;
    size_t boxes;    /* of the certificate; each is cut in three                    */
    char text[1280]; /* what has been verified, or what is wrong, one sentence      */
} mf_check;

typedef struct mf_checker mf_checker;

/* Verifies a certificate in slices, like a prover. It trusts nothing in the file: with twice the
 * bits it encloses r_* anew, sees that the boxes leave no gap on [0, inf], and judges thirds of
 * them. MF_EIO, MF_EFORMAT: the file cannot be read, is not a certificate.                */
mf_status mf_checker_new(mf_checker **, const char *path, mf_error *err);
mf_status mf_checker_step(mf_checker *, const mf_flag *stop, mf_error *err);
bool mf_checker_over(const mf_checker *);
double mf_checker_done(const mf_checker *);
const mf_check *mf_checker_result(const mf_checker *);
void mf_checker_free(mf_checker *);

/* ---- the optimum ------------------------------------------------------------------------------ */

typedef struct {
    mf_proof_spec problem; /* r_star is not used */
    size_t atoms;
    const double *radius,
            *weight; /* radii in [0, inf]; weights > 0, normalised here exactly; copied */
    double slack;    /* > 0: Psi >= int Psi d rho - slack is tried; grows if it must    */
} mf_bound_spec;

typedef struct {
    bool proved;
    size_t boxes, terms, bits;
    char upper[MF_BALL_TEXT];  /* R(rho)                                                  */
    char lower[MF_BALL_TEXT];  /* a number that no risk is below                          */
    double gap;                /* at least the difference                                 */
    char place[MF_PLACE_TEXT]; /* if not proved: where Psi could not be bounded          */
} mf_bound;

typedef struct mf_bounder mf_bounder;

/* For every measure sigma on [0, inf], R(sigma) >= R(rho) - 2 (int Psi d rho - inf Psi) by
 * convexity: Psi(.; rho) is bounded below on the whole half-line, box by box (Eq. 17). In slices,
 * like a prover.                                                                           */
mf_status mf_bounder_new(mf_bounder **, const mf_bound_spec *, mf_error *err);
mf_status mf_bounder_step(mf_bounder *, const mf_flag *stop, mf_error *err);
bool mf_bounder_over(const mf_bounder *);
double mf_bounder_done(const mf_bounder *);
const mf_bound *mf_bounder_result(const mf_bounder *);
void mf_bounder_free(mf_bounder *);

/* ---- the interval of stable Delta --------------------------------------------------------------- */

typedef struct {
    mf_proof_spec problem; /* without delta and r_star                              */
    size_t digits;         /* ends to half of 10^-digits, 1 .. 60                   */
    const char *prefix;    /* NULL, or of the four certificates' paths: ".low.holds" ... */
} mf_interval_spec;

/* One end. holds and fails are decimals on both sides of it. */
typedef struct {
    bool found;                /* a numerical search saw this end, and both sides are proved */
    bool all_below;            /* the end is 0: the lemma is proved for all of (0, holds]    */
    char text[MF_BALL_TEXT];   /* encloses the end                                            */
    char holds[MF_BALL_TEXT];  /* a Delta for which the lemma is proved ...                   */
    char fails[MF_BALL_TEXT];  /* ... refuted; empty: the end is that of (0, 1)               */
    char place[MF_PLACE_TEXT]; /* radius at which it fails; if not found: where undecided     */
    char r_star[MF_BALL_TEXT]; /* at `holds`                                                  */
} mf_proved_end;

typedef struct {
    bool exists; /* the numerical search saw an interval */
    mf_proved_end end[2];
    size_t proofs, boxes;
} mf_proved_interval;

typedef struct mf_interval_prover mf_interval_prover;

/* Both ends of the interval in which Lemma 1 holds: bisection by proofs, begun where
 * mf_lemma1_find_interval (doubles) sees them. In slices, like a prover.                   */
mf_status mf_interval_new(mf_interval_prover **, const mf_interval_spec *, const mf_flag *stop,
                          mf_error *err);
mf_status mf_interval_step(mf_interval_prover *, const mf_flag *stop, mf_error *err);
bool mf_interval_over(const mf_interval_prover *);
double mf_interval_done(const mf_interval_prover *);
const mf_proved_interval *mf_interval_result(const mf_interval_prover *);
void mf_interval_free(mf_interval_prover *);

#endif
