/* frame.c: R_d^(1), the margin of Lemma 1 and r_*, enclosed. */
#include "lemma1.h"

#include <math.h>

enum { BALLS = 10 };

static void all_balls(mf_lemma1_frame *f, void (*each)(arb_t)) {
    arb_ptr balls[BALLS] = {f->along,     f->across, f->unit,  f->r_star,    f->psi_star,
                            f->risk_star, f->value,  f->slope, f->curvature, f->range};
    for (int i = 0; i < BALLS; ++i)
        each(balls[i]);
}

void mf_frame_init(mf_lemma1_frame *f, slong bits) {
    mf_series_init(&f->series, &f->exact, bits, f->stop);
    mf_boxes_init(&f->boxes, &f->series);
    mf_force_init(&f->force, &f->series);
    all_balls(f, arb_init);
    arb_one(f->unit);
    if (f->series.infinite && !f->series.all_below)
        arb_set(f->unit, f->series.delta);
}

void mf_frame_clear(mf_lemma1_frame *f) {
    if (!f->series.knot)
        return;
    mf_force_clear(&f->force, &f->series);
    mf_boxes_clear(&f->boxes);
    mf_series_clear(&f->series);
    all_balls(f, arb_clear);
}

/* Asked to stop? Then nothing is known, and searches come to their end without work. */
static bool stopped(mf_lemma1_frame *f) {
    if (!f->stop || !mf_flag_is_set(f->stop))
        return false;
    arb_indeterminate(f->value);
    arb_indeterminate(f->slope);
    arb_indeterminate(f->curvature);
    arb_indeterminate(f->range);
    return true;
}

void mf_frame_risk(mf_lemma1_frame *f, mf_box box) {
    if (stopped(f))
        return;
    mf_boxes_move(&f->boxes, box);
    mf_risk(&f->boxes, f->value, f->slope, f->curvature);
}

/* Psi of the sphere of radius r_*, in units. */
static void psi_at_jets(mf_lemma1_frame *f) {
    arb_ptr out[] = {f->value, f->slope, f->curvature};
    slong prec = f->series.prec;
    if (!f->series.infinite) {
        mf_psi(&f->boxes, &f->force, f->value, f->slope, f->curvature);
        return;
    }
    for (int i = 0; i < 3; ++i) {
        mf_halves(&f->boxes, i, out[i], f->range);
        arb_mul(out[i], out[i], f->along, prec);
        arb_submul(out[i], f->range, f->across, prec);
    }
}

void mf_frame_psi(mf_lemma1_frame *f, mf_box box) {
    if (stopped(f))
        return;
    mf_boxes_move(&f->boxes, box);
    psi_at_jets(f);
}

void mf_frame_margin_on(mf_lemma1_frame *f, mf_box box) {
    mf_frame_psi(f, box);
    arb_sub(f->value, f->value, f->psi_star, f->series.prec);
    mf_range(f->range, &f->boxes, f->value, f->slope, f->curvature);
}

void mf_frame_excess_on(mf_lemma1_frame *f, mf_box box) {
    mf_frame_risk(f, box);
    arb_sub(f->value, f->value, f->risk_star, f->series.prec);
    mf_range(f->range, &f->boxes, f->value, f->slope, f->curvature);
}

/* ---- r_* ------------------------------------------------------------------------------------------- */

/* The sign of R' at a double for certain; 0: unknown. */
static int slope_sign(mf_lemma1_frame *f, double r) {
    mf_frame_risk(f, (mf_box){MF_NEAR, r, r});
    return arb_is_positive(f->slope) ? 1 : arb_is_negative(f->slope) ? -1 : 0;
}

/* One step of Newton's method for intervals: r_* lies in centre - R'(centre)/R''(ball). */
static bool contract(mf_lemma1_frame *f, arb_t ball) {
    if (stopped(f))
        return false;
    slong prec = f->series.prec;
    arb_t centre, half;
    arb_init(centre);
    arb_init(half);
    arb_set_arf(centre, arb_midref(ball));
    arf_set_mag(arb_midref(half), arb_radref(ball));
    mf_boxes_move_to(&f->boxes, MF_NEAR, centre, half);
    mf_risk(&f->boxes, f->value, f->slope, f->curvature);
    bool convex = arb_is_positive(f->curvature);
    arb_div(half, f->slope, f->curvature, prec);
    arb_sub(centre, centre, half, prec);
    convex = convex && arb_intersection(centre, centre, ball, prec);
    bool better = convex && mag_cmp_2exp_si(arb_radref(centre), 0) < 0 &&
                  mag_cmp(arb_radref(centre), arb_radref(ball)) < 0;
    if (better)
        arb_swap(ball, centre);
    arb_clear(centre);
    arb_clear(half);
    return better;
}

bool mf_frame_enclose(mf_lemma1_frame *f) {
    if (slope_sign(f, f->around.low) >= 0 || slope_sign(f, f->around.high) <= 0)
        return false;
    mf_frame_risk(f, f->around);
    if (!arb_is_positive(f->curvature))
        return false;
    arb_t low, high;
    arb_init(low);
    arb_init(high);
    arb_set_d(low, f->around.low);
    arb_set_d(high, f->around.high);
    arb_union(f->r_star, low, high, f->series.prec);
    for (int i = 0; i < 64 && contract(f, f->r_star); ++i)
        continue;
    bool inside = arb_gt(f->r_star, low) && arb_lt(f->r_star, high);
    arb_clear(low);
    arb_clear(high);
    return inside;
}

/* S or its slope, D or its slope, on the ball at which the jets are. */
static void halves_on_ball(mf_lemma1_frame *f, int derivative, arb_t sum, arb_t difference) {
    arb_t sum1, difference1, move;
    arb_init(sum1);
    arb_init(difference1);
    arb_init(move);
    arb_add_error(move, f->boxes.half);
    for (int i = 2; i >= derivative; --i) { /* f = f(centre) + move f', f' likewise */
        mf_halves(&f->boxes, i, sum, difference);
        if (i < 2) {
            arb_addmul(sum, move, sum1, f->series.prec);
            arb_addmul(difference, move, difference1, f->series.prec);
        }
        arb_set(sum1, sum);
        arb_set(difference1, difference);
    }
    arb_clear(sum1);
    arb_clear(difference1);
    arb_clear(move);
}

/* d = inf: what r_* weighs S and D with. */
static void aim_halves(mf_lemma1_frame *f) {
    slong prec = f->series.prec;
    arb_t sum, difference;
    arb_init(sum);
    arb_init(difference);
    halves_on_ball(f, 0, sum, difference);
    arb_mul(f->across, difference, f->series.delta, prec);
    arb_sub_si(f->across, f->across, 1, prec);
    arb_neg(f->across, f->across);
    if (!f->series.all_below) {
        arb_div(f->along, sum, f->series.delta, prec);
    } else {
        halves_on_ball(f, 1, sum, difference);
        arb_div(f->along, difference, sum, prec);
        arb_mul(f->along, f->along, f->across, prec);
    }
    arb_clear(sum);
    arb_clear(difference);
}

/* R and Psi at r_*: R(r_*) = 1 + v(r_*) + Psi(r_*; r_*), and Psi is flat at r_*. */
void mf_frame_aim(mf_lemma1_frame *f) {
    arb_t one, centre, half;
    arb_init(one);
    arb_init(centre);
    arb_init(half);
    arb_one(one);
    mf_force_clear(&f->force, &f->series);
    mf_force_init(&f->force, &f->series);
    mf_force_add(&f->force, &f->boxes, f->r_star, one);
    arb_set_arf(centre, arb_midref(f->r_star));
    arf_set_mag(arb_midref(half), arb_radref(f->r_star));
    mf_boxes_move_to(&f->boxes, MF_NEAR, centre, half);
    if (f->series.infinite)
        aim_halves(f);
    psi_at_jets(f);
    mf_range(f->psi_star, &f->boxes, f->value, f->slope, f->curvature);
    mf_risk(&f->boxes, f->value, f->slope, f->curvature);
    mf_range(f->risk_star, &f->boxes, f->value, f->slope, f->curvature);
    arb_clear(one);
    arb_clear(centre);
    arb_clear(half);
}

void mf_frame_margin_at_end(mf_lemma1_frame *f, bool infinite, arb_t margin) {
    if (f->series.infinite) /* D = 0 at both ends */
        arb_mul(margin, infinite ? f->series.at_infinity : f->series.at_zero, f->along,
                f->series.prec);
    else
        mf_psi_end(&f->series, &f->force, infinite, margin);
    arb_sub(margin, margin, f->psi_star, f->series.prec);
}

int mf_frame_outside(const mf_lemma1_frame *f, mf_box outside[3]) {
    outside[0] = (mf_box){MF_NEAR, 0, f->around.low};
    outside[1] = (mf_box){MF_NEAR, f->around.high, f->far};
    outside[2] = (mf_box){MF_FAR, 0, 1 / f->far};
    return 3;
}
