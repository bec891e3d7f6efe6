/* prover.c: the search for a proof of Lemma 1: where r_* is, how finely to cut, how many bits. */
#include "prover.h"
#include "cover.h"
#include "exact.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_BITS = 48, /* accuracy of the first attempt; the next has twice as much      */
    SCAN = 256,      /* radii at which the search for r_* looks                         */
    SLICE = 8,       /* boxes judged in one step                                        */
    BOXES_MAX = 50000
};

/* ---- life ----------------------------------------------------------------------------------------- */

mf_status mf_prover_new(mf_prover **out, const mf_proof_spec *spec, mf_error *err) {
    mf_prover *p = calloc(1, sizeof *p);
    *out = NULL;
    if (!p)
        return mf_fail(err, MF_ENOMEM, "no memory");
    mf_status status = mf_exact_problem_read(&p->frame.exact, spec, err);
    if (status >= 0 && spec->r_star) {
        fmpq_t r;
        fmpq_init(r);
        status = mf_exact_read(r, spec->r_star, "r_star", err);
        p->given = fmpq_get_d(r);
        fmpq_clear(r);
        if (status >= 0 && !(p->given > 1e-100 && p->given < 1e100))
            status = mf_fail(err, MF_EINVAL, "option 'r_star' must be positive, got %.60s",
                             spec->r_star);
    }
    if (status < 0) {
        mf_prover_free(p);
        return status;
    }
    p->bits_max = (slong)spec->bits;
    p->bits = spec->first_bits ? (slong)spec->first_bits : FIRST_BITS;
    p->bits = p->bits_max < p->bits ? p->bits_max : p->bits;
    p->result.verdict = MF_UNDECIDED;
    *out = p;
    return MF_OK;
}

void mf_prover_free(mf_prover *p) {
    if (!p)
        return;
    mf_frame_clear(&p->frame);
    mf_exact_problem_clear(&p->frame.exact);
    mf_cover_clear(&p->margin);
    mf_cover_clear(&p->risk);
    free(p);
    flint_cleanup();
}

bool mf_prover_over(const mf_prover *p) {
    return p->phase == MF_OVER;
}

double mf_prover_done(const mf_prover *p) {
    return p->phase == MF_OVER ? 1
                               : fmin(p->margin.covered, 1) * 0.5 + fmin(p->risk.covered, 1) * 0.5;
}

const mf_lemma1_proof *mf_prover_result(const mf_prover *p) {
    return &p->result;
}

/* ---- where r_* may be ------------------------------------------------------------------------------ */

static double scan_radius(int i) {
    double t = (i + 0.5) / SCAN;
    return t / (1 - t);
}

/* Looks at R by its middles; 0: its least value is at an end. */
static double look_for_minimum(mf_lemma1_frame *f) {
    double best = HUGE_VAL, low, high;
    int at = 0;
    for (int i = 0; i < SCAN; ++i) {
        double r = scan_radius(i);
        mf_frame_risk(f, (mf_box){MF_NEAR, r, r});
        double value = arf_get_d(arb_midref(f->value), ARF_RND_NEAR);
        if (value < best) {
            best = value;
            at = i;
        }
    }
    if (at == 0 || at == SCAN - 1)
        return 0;
    low = scan_radius(at - 1);
    high = scan_radius(at + 1);
    for (int i = 0; i < 60; ++i) {
        double middle = low + (high - low) / 2;
        mf_frame_risk(f, (mf_box){MF_NEAR, middle, middle});
        if (arf_sgn(arb_midref(f->slope)) > 0)
            high = middle;
        else
            low = middle;
    }
    return low;
}

/* Gives up this attempt, at `where`; with more bits, or for good. */
static void give_up(mf_prover *p, const char *where) {
    snprintf(p->result.place, MF_PLACE_TEXT, "%s", where);
    p->phase = p->bits < p->bits_max ? MF_START : MF_OVER;
    p->bits = 2 * p->bits < p->bits_max ? 2 * p->bits : p->bits_max;
}

/* The largest box around r, of half-width r 2^-k, in which r_* can be enclosed. */
static bool find_box(mf_lemma1_frame *f, double r, int k) {
    for (; k <= 40; ++k) {
        f->around = (mf_box){MF_NEAR, r - ldexp(r, -k), r + ldexp(r, -k)};
        if (mf_frame_enclose(f))
            return true;
    }
    return false;
}

/* Shrinks `around` until M'' > 0 on it, too; if M'' < 0 at r_*, or nothing is seen, false. */
static bool find_convex_box(mf_lemma1_frame *f) {
    mf_box found = f->around;
    for (int i = 0; i < 30; ++i) {
        mf_frame_psi(f, f->around);
        if (arb_is_positive(f->curvature) && mf_frame_enclose(f))
            return true;
        if (arb_is_negative(f->curvature))
            break;
        double middle = arf_get_d(arb_midref(f->r_star), ARF_RND_NEAR);
        double half = (f->around.high - f->around.low) / 4;
        f->around.low = fmax(middle - half, f->around.low);
        f->around.high = fmin(middle + half, f->around.high);
    }
    f->around = found;
    mf_frame_enclose(f);
    return false;
}

static void margin_text(mf_prover *p, char *text, const arb_t margin) {
    arb_t y;
    arb_init(y);
    arb_mul(y, margin, p->frame.unit, p->frame.series.prec);
    mf_ball_text(text, y, p->bits);
    arb_clear(y);
}

static void report_start(mf_prover *p) {
    mf_lemma1_frame *f = &p->frame;
    mf_ball_text(p->result.r_star, f->r_star, p->bits);
    mf_ball_text(p->result.risk, f->risk_star, p->bits);
    mf_frame_margin_at_end(f, false, f->value);
    margin_text(p, p->result.zero, f->value);
    mf_frame_margin_at_end(f, true, f->value);
    margin_text(p, p->result.infinity, f->value);
    p->result.low = f->around.low;
    p->result.high = f->around.high;
}

static mf_status push_outside(mf_cover *cover, const mf_lemma1_frame *f, mf_error *err) {
    mf_box outside[3];
    mf_status status = MF_OK;
    cover->waiting = cover->judged = 0;
    cover->covered = 0;
    for (int i = mf_frame_outside(f, outside); i-- > 0 && status >= 0;)
        status = mf_cover_push(cover, outside[i], err);
    return status;
}

static mf_status start(mf_prover *p, mf_error *err) {
    mf_lemma1_frame *f = &p->frame;
    mf_frame_clear(f);
    mf_frame_init(f, p->bits);
    p->result.bits = (size_t)p->bits;
    p->result.terms = (size_t)f->series.terms;
    double r = p->given;
    if (r == 0)
        r = p->guess > 0 ? p->guess : look_for_minimum(f);
    if (r == 0) { /* as doubles see it: more bits would not see more */
        p->bits = p->bits_max;
        give_up(p, "the minimum of Eq. 14 seems to lie at an end");
        return MF_OK;
    }
    p->guess = p->given > 0 ? 0 : r;
    if (!find_box(f, r, p->given > 0 ? 20 : 2)) {
        give_up(p, "no critical point of Eq. 14 near its minimum could be enclosed");
        return MF_OK;
    }
    mf_frame_aim(f);
    p->convex = find_convex_box(f);
    mf_frame_aim(f);
    f->far = ldexp(1, (int)ceil(log2(2 * f->around.high)));
    report_start(p);
    p->phase = MF_MARGIN;
    mf_cover_clear(&p->risk);
    return push_outside(&p->margin, f, err);
}

/* ---- covering ---------------------------------------------------------------------------------------- */

static mf_status refute(mf_prover *p, mf_box box, const arb_t margin, mf_error *err) {
    p->violation = box;
    mf_place_text(p->result.place, box);
    margin_text(p, p->result.margin, margin);
    p->phase = MF_RISK;
    return push_outside(&p->risk, &p->frame, err);
}

/* Both ends first: for most Delta they decide, and where they are open nothing else helps. */
static mf_status judge_ends(mf_prover *p, mf_error *err) {
    arb_ptr margin = p->frame.range;
    for (int infinite = 1; infinite >= 0; --infinite) {
        mf_box end = {infinite ? MF_FAR : MF_NEAR, 0, 0};
        mf_frame_margin_at_end(&p->frame, infinite, margin);
        if (arb_is_negative(margin))
            return refute(p, end, margin, err);
        if (!arb_is_positive(margin)) {
            give_up(p, infinite ? "inf" : "0");
            return MF_OK;
        }
    }
    return MF_OK;
}

/* Where M is not convex around r_* the lemma can only fail: at a radius of the scan, or just beside
 * r_*.                                                                                      */
static mf_status look_for_violation(mf_prover *p, mf_error *err) {
    mf_lemma1_frame *f = &p->frame;
    for (int i = -2; i < SCAN; ++i) {
        double r = i == -2 ? f->around.low : i == -1 ? f->around.high : scan_radius(i);
        mf_frame_margin_on(f, (mf_box){MF_NEAR, r, r});
        if (arb_is_negative(f->range))
            return refute(p, (mf_box){MF_NEAR, r, r}, f->range, err);
    }
    give_up(p, "the margin is not seen to be convex around r_star");
    return MF_OK;
}

static mf_status judge(mf_prover *p, mf_cover *cover, mf_error *err) {
    mf_lemma1_frame *f = &p->frame;
    mf_box box = mf_cover_pop(cover);
    ++p->result.boxes;
    if (p->phase == MF_MARGIN)
        mf_frame_margin_on(f, box);
    else
        mf_frame_excess_on(f, box);
    if (arb_is_positive(f->range))
        return mf_cover_accept(cover, box, err);
    if (p->phase == MF_MARGIN && arb_is_negative(f->range))
        return refute(p, box, f->range, err);
    mf_status status = MF_EACCURACY;
    if (!arb_is_negative(f->range) && p->result.boxes < BOXES_MAX)
        status = mf_cover_split(cover, box, err);
    if (status != MF_EACCURACY)
        return status;
    char where[MF_PLACE_TEXT];
    mf_place_text(where, box);
    give_up(p, where);
    return MF_OK;
}

/* All but the covering. Stopped, it leaves the prover as it was. */
static mf_status attempt(mf_prover *p, const mf_flag *stop, mf_error *err) {
    slong bits = p->bits;
    double guess = p->guess;
    p->frame.stop = stop;
    mf_status status = start(p, err);
    if (status >= 0 && p->phase == MF_MARGIN)
        status = judge_ends(p, err);
    if (status >= 0 && p->phase == MF_MARGIN && !p->convex)
        status = look_for_violation(p, err);
    p->frame.stop = p->frame.series.stop = NULL;
    if (mf_flag_is_set(stop)) {
        p->phase = MF_START;
        p->bits = bits;
        p->guess = guess;
        return MF_STOPPED;
    }
    return status;
}

mf_status mf_prover_step(mf_prover *p, const mf_flag *stop, mf_error *err) {
    mf_status status = MF_OK;
    if (p->phase == MF_START)
        return attempt(p, stop, err);
    mf_cover *cover = p->phase == MF_MARGIN ? &p->margin : &p->risk;
    mf_phase phase = p->phase;
    for (int i = 0; i < SLICE && cover->waiting > 0 && p->phase == phase && status >= 0; ++i) {
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        status = judge(p, cover, err);
    }
    if (status >= 0 && p->phase == phase && cover->waiting == 0) {
        p->result.verdict = phase == MF_MARGIN ? MF_PROVED : MF_REFUTED;
        if (phase == MF_MARGIN)
            p->result.place[0] = 0;
        p->phase = MF_OVER;
    }
    return status;
}
