/* frame.c: R_d^(1), the margin of Lemma 1 and r_*, enclosed. */
#include "lemma1.h"

#include <math.h>

void mf_frame_init(mf_lemma1_frame *f, slong bits) {
    mf_series_init(&f->series, &f->exact, bits);
    mf_boxes_init(&f->boxes, &f->series);
    mf_force_init(&f->force, &f->series);
    arb_ptr balls[] = {f->r_star, f->psi_star,  f->risk_star, f->value,
                       f->slope,  f->curvature, f->range};
    for (size_t i = 0; i < sizeof balls / sizeof *balls; ++i)
        arb_init(balls[i]);
}

void mf_frame_clear(mf_lemma1_frame *f) {
    if (!f->series.knot)
        return;
    mf_force_clear(&f->force, &f->series);
    mf_boxes_clear(&f->boxes);
    mf_series_clear(&f->series);
    arb_ptr balls[] = {f->r_star, f->psi_star,  f->risk_star, f->value,
                       f->slope,  f->curvature, f->range};
    for (size_t i = 0; i < sizeof balls / sizeof *balls; ++i)
        arb_clear(balls[i]);
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

void mf_frame_psi(mf_lemma1_frame *f, mf_box box) {
    if (stopped(f))
        return;
    mf_boxes_move(&f->boxes, box);
    mf_psi(&f->boxes, &f->force, f->value, f->slope, f->curvature);
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
    mf_psi(&f->boxes, &f->force, f->value, f->slope, f->curvature);
    mf_range(f->psi_star, &f->boxes, f->value, f->slope, f->curvature);
    mf_risk(&f->boxes, f->value, f->slope, f->curvature);
    mf_range(f->risk_star, &f->boxes, f->value, f->slope, f->curvature);
    arb_clear(one);
    arb_clear(centre);
    arb_clear(half);
}

void mf_frame_margin_at_end(mf_lemma1_frame *f, bool infinite, arb_t margin) {
    mf_psi_end(&f->series, &f->force, infinite, margin);
    arb_sub(margin, margin, f->psi_star, f->series.prec);
}

int mf_frame_outside(const mf_lemma1_frame *f, mf_box outside[3]) {
    outside[0] = (mf_box){MF_NEAR, 0, f->around.low};
    outside[1] = (mf_box){MF_NEAR, f->around.high, f->far};
    outside[2] = (mf_box){MF_FAR, 0, 1 / f->far};
    return 3;
}
