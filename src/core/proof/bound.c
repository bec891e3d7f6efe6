/* bound.c: a lower bound of the risk of all measures, from Psi of one (Eq. 17). */
#include "cover.h"
#include "prover.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BITS = 48, SLICE = 8, BOXES_MAX = 200000 };

struct mf_bounder {
    mf_exact_problem exact;
    mf_series series;
    mf_boxes boxes;
    mf_force force;
    bool ready, over;
    slong bits, bits_max;
    size_t atoms;
    double *radius, *weight;
    double slack, far;
    arb_t mean, risk, value, slope, curvature, range; /* mean: int Psi d rho */
    arf_t least;                                      /* Psi - mean >= least where covered */
    mf_cover cover;
    mf_bound result;
};

static void balls(mf_bounder *b, void (*each)(arb_t)) {
    arb_ptr all[] = {b->mean, b->risk, b->value, b->slope, b->curvature, b->range};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
        each(all[i]);
}

static void end_attempt(mf_bounder *b) {
    mf_force_clear(&b->force, &b->series);
    mf_boxes_clear(&b->boxes);
    mf_series_clear(&b->series);
    b->ready = false;
}

mf_status mf_bounder_new(mf_bounder **out, const mf_bound_spec *spec, mf_error *err) {
    mf_bounder *b = calloc(1, sizeof *b);
    *out = NULL;
    if (!b)
        return mf_fail(err, MF_ENOMEM, "no memory");
    balls(b, arb_init);
    arf_init(b->least);
    b->radius = malloc(2 * spec->atoms * sizeof *b->radius);
    mf_status status = b->radius ? mf_exact_problem_read(&b->exact, &spec->problem, err)
                                 : mf_fail(err, MF_ENOMEM, "no memory");
    if (status < 0) {
        mf_bounder_free(b);
        return status;
    }
    b->atoms = spec->atoms;
    b->weight = b->radius + spec->atoms;
    memcpy(b->radius, spec->radius, spec->atoms * sizeof *b->radius);
    memcpy(b->weight, spec->weight, spec->atoms * sizeof *b->weight);
    b->slack = spec->slack;
    b->bits_max = (slong)spec->problem.bits;
    b->bits = b->bits_max < FIRST_BITS ? b->bits_max : FIRST_BITS;
    b->far = 4;
    for (size_t i = 0; i < b->atoms; ++i)
        if (isfinite(b->radius[i]))
            b->far = fmax(b->far, ldexp(1, 1 + (int)ceil(log2(fmax(b->radius[i], 1)))));
    *out = b;
    return MF_OK;
}

void mf_bounder_free(mf_bounder *b) {
    if (!b)
        return;
    end_attempt(b);
    balls(b, arb_clear);
    arf_clear(b->least);
    mf_exact_problem_clear(&b->exact);
    mf_cover_clear(&b->cover);
    free(b->radius);
    free(b);
    flint_cleanup();
}

bool mf_bounder_over(const mf_bounder *b) {
    return b->over;
}

double mf_bounder_done(const mf_bounder *b) {
    return b->over ? 1 : fmin(b->cover.covered, 1);
}

const mf_bound *mf_bounder_result(const mf_bounder *b) {
    return &b->result;
}

static void give_up(mf_bounder *b, mf_box box) {
    mf_place_text(b->result.place, box);
    b->over = b->bits >= b->bits_max;
    b->bits = 2 * b->bits < b->bits_max ? 2 * b->bits : b->bits_max;
    if (!b->over)
        end_attempt(b);
}

/* ---- rho ------------------------------------------------------------------------------------------- */

static void weight_of(mf_bounder *b, size_t i, arb_t weight) {
    arb_t x;
    arb_init(x);
    arb_zero(weight);
    for (size_t j = 0; j < b->atoms; ++j) {
        arb_set_d(x, b->weight[j]);
        arb_add(weight, weight, x, ARF_PREC_EXACT);
    }
    arb_set_d(x, b->weight[i]);
    arb_div(weight, x, weight, b->series.prec);
    arb_clear(x);
}

static void add_atom(mf_bounder *b, double r, const arb_t weight) {
    arb_t at;
    arb_init(at);
    arb_set_d(at, r);
    if (r == 0 || isinf(r))
        mf_force_add_end(&b->force, &b->series, r > 0, weight);
    else
        mf_force_add(&b->force, &b->boxes, at, weight);
    arb_clear(at);
}

/* Psi at an atom to value; v there to slope: v(r) = (c_0(tau_- r) - c_0(tau_+ r))/2, 0 at both ends. */
static void look_at_atom(mf_bounder *b, double r) {
    arb_zero(b->slope);
    if (r == 0 || isinf(r)) {
        mf_psi_end(&b->series, &b->force, r > 0, b->value);
        return;
    }
    mf_boxes_move(&b->boxes, (mf_box){MF_NEAR, r, r});
    mf_psi(&b->boxes, &b->force, b->value, NULL, NULL);
    arb_sub(b->slope, b->boxes.jet[1].c, b->boxes.jet[0].c, b->series.prec);
    arb_mul_2exp_si(b->slope, b->slope, -1);
}

/* R(rho) = 1 + int v d rho + int Psi d rho. */
static mf_status start(mf_bounder *b, const mf_flag *stop) {
    arb_t weight;
    arb_init(weight);
    mf_series_init(&b->series, &b->exact, b->bits, stop);
    mf_boxes_init(&b->boxes, &b->series);
    mf_force_init(&b->force, &b->series);
    for (size_t i = 0; i < b->atoms && !mf_flag_is_set(stop); ++i) {
        weight_of(b, i, weight);
        add_atom(b, b->radius[i], weight);
    }
    arb_zero(b->mean);
    arb_one(b->risk);
    for (size_t i = 0; i < b->atoms && !mf_flag_is_set(stop); ++i) {
        weight_of(b, i, weight);
        look_at_atom(b, b->radius[i]);
        arb_addmul(b->mean, weight, b->value, b->series.prec);
        arb_addmul(b->risk, weight, b->slope, b->series.prec);
    }
    arb_add(b->risk, b->risk, b->mean, b->series.prec);
    arb_clear(weight);
    if (mf_flag_is_set(stop)) {
        end_attempt(b);
        return MF_STOPPED;
    }
    b->series.stop = NULL;
    arf_zero(b->least);
    b->result.bits = (size_t)b->bits;
    b->result.terms = (size_t)b->series.terms;
    mf_ball_text(b->result.upper, b->risk, b->bits);
    b->ready = true;
    return MF_OK;
}

/* ---- Psi on boxes -------------------------------------------------------------------------------------- */

static mf_status judge(mf_bounder *b, mf_error *err) {
    mf_box box = mf_cover_pop(&b->cover);
    arf_t low, high;
    arf_init(low);
    arf_init(high);
    ++b->result.boxes;
    mf_boxes_move(&b->boxes, box);
    mf_psi(&b->boxes, &b->force, b->value, b->slope, b->curvature);
    arb_sub(b->value, b->value, b->mean, b->series.prec);
    mf_range(b->range, &b->boxes, b->value, b->slope, b->curvature);
    arb_get_lbound_arf(low, b->range, 64);
    arb_get_ubound_arf(high, b->range, 64);
    while (arf_cmp_d(high, -b->slack) < 0)
        b->slack *= 2;
    mf_status status = MF_EACCURACY;
    if (arf_is_finite(low) && arf_cmp_d(low, -b->slack) >= 0) {
        arf_min(b->least, b->least, low);
        status = mf_cover_accept(&b->cover, box, err);
    } else if (b->result.boxes < BOXES_MAX) {
        status = mf_cover_split(&b->cover, box, err);
    }
    if (status == MF_EACCURACY) {
        give_up(b, box);
        status = MF_OK;
    }
    arf_clear(low);
    arf_clear(high);
    return status;
}

/* R(rho) + 2 least, rounded down to a number; at least 0. */
static void finish(mf_bounder *b) {
    arf_t low;
    arf_init(low);
    arb_set_arf(b->value, b->least);
    arb_mul_2exp_si(b->value, b->value, 1);
    arb_add(b->value, b->value, b->risk, b->series.prec);
    arb_get_lbound_arf(low, b->value, b->series.prec);
    if (arf_sgn(low) < 0) /* a risk is a mean of squares */
        arf_zero(low);
    arb_set_arf(b->value, low);
    arb_sub(b->range, b->risk, b->value, b->series.prec);
    arb_get_ubound_arf(low, b->range, 64);
    b->result.gap = arf_get_d(low, ARF_RND_CEIL);
    mf_ball_text(b->result.lower, b->value, b->bits);
    arf_clear(low);
    b->result.place[0] = 0;
    b->result.proved = b->over = true;
}

static mf_status push_half_line(mf_bounder *b, mf_error *err) {
    b->cover.waiting = b->cover.judged = 0;
    b->cover.covered = 0;
    mf_status status = mf_cover_push(&b->cover, (mf_box){MF_FAR, 0, 1 / b->far}, err);
    return status < 0 ? status : mf_cover_push(&b->cover, (mf_box){MF_NEAR, 0, b->far}, err);
}

mf_status mf_bounder_step(mf_bounder *b, const mf_flag *stop, mf_error *err) {
    mf_status status = MF_OK;
    if (!b->ready) {
        status = start(b, stop);
        return status == MF_OK ? push_half_line(b, err) : status;
    }
    for (int i = 0; i < SLICE && b->ready && b->cover.waiting > 0 && !b->over && status >= 0; ++i) {
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        status = judge(b, err);
    }
    if (status >= 0 && b->ready && !b->over && b->cover.waiting == 0)
        finish(b);
    return status;
}
