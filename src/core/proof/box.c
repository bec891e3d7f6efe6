/* box.c: jets of the coefficients on boxes, and from them Psi and R_d^(1). */
#include "box.h"

#include <math.h>

enum { ROUGH = 64 }; /* bits of what need only bound */

/* ---- bounds of bumps ------------------------------------------------------------------------------- */

/* x^k exp(-x^2/q) at x. */
static void bump_at(arb_t y, const arb_t x, ulong k, ulong q) {
    arb_t power;
    arb_init(power);
    arb_pow_ui(power, x, k, ROUGH);
    arb_sqr(y, x, ROUGH);
    arb_div_ui(y, y, q, ROUGH);
    arb_neg(y, y);
    arb_exp(y, y, ROUGH);
    arb_mul(y, y, power, ROUGH);
    arb_clear(power);
}

/* Encloses x^k exp(-x^2/q) on [low, high], 0 <= low; high NULL is infinity. It rises to its peak at
 * (k q/2)^(1/2) and falls from there.                                                      */
static void bump(arb_t range, const arb_t low, const arb_t high, ulong k, ulong q) {
    arb_t peak, y;
    arb_init(peak);
    arb_init(y);
    bump_at(range, low, k, q);
    if (high)
        bump_at(y, high, k, q);
    arb_union(range, range, y, ROUGH);
    arb_sqrt_ui(peak, k * q / 2, ROUGH);
    if (!arb_gt(low, peak) && !(high && arb_lt(high, peak))) {
        bump_at(y, peak, k, q);
        arb_union(range, range, y, ROUGH);
    }
    arb_clear(peak);
    arb_clear(y);
}

/* The largest |value| of a ball, as an exact ball. */
static void largest(arb_t x) {
    arf_t up;
    arf_init(up);
    arb_get_abs_ubound_arf(up, x, ROUGH);
    arb_set_arf(x, up);
    arf_clear(up);
}

/* ---- curvature of the coefficients in chart r: s = tau r ------------------------------------------ */

typedef struct {
    arb_t signed_mean;     /* c_0'' on the box                                  */
    arb_t bound;           /* |c_n''|, n >= 1                                   */
    arb_t third, third_up; /* |c_n'''| <= third + sqrt(n + 1) third_up          */
    arb_t slope, slope_up; /* |c_n'| <= slope/sqrt(n(n-1)) + slope_up/sqrt(n)   */
} near_bounds;

static void near_bounds_init(near_bounds *b) {
    arb_init(b->signed_mean);
    arb_init(b->bound);
    arb_init(b->third);
    arb_init(b->third_up);
    arb_init(b->slope);
    arb_init(b->slope_up);
}

static void near_bounds_clear(near_bounds *b) {
    arb_clear(b->signed_mean);
    arb_clear(b->bound);
    arb_clear(b->third);
    arb_clear(b->third_up);
    arb_clear(b->slope);
    arb_clear(b->slope_up);
}

/* Adds |kappa|/t^power times the supremum of a^k exp(-a^2/4). */
static void add_supremum(arb_t sum, const arb_t weight, const arb_t low, const arb_t high, ulong k,
                         const arb_t t, ulong power) {
    arb_t y, z;
    arb_init(y);
    arb_init(z);
    bump(y, low, high, k, 4);
    largest(y);
    arb_mul(y, y, weight, ROUGH);
    arb_pow_ui(z, t, power, ROUGH);
    arb_div(y, y, z, ROUGH);
    arb_add(sum, sum, y, ROUGH);
    arb_clear(y);
    arb_clear(z);
}

/* What a kink at t > 0 gives; s runs through [s_low, s_high], a = t/s. */
static void add_near(near_bounds *b, const mf_series *s, slong j, const arb_t s_low,
                     const arb_t s_high) {
    arb_t low, high, weight, y;
    arb_ptr top = arb_is_positive(s_low) ? high : NULL; /* a ball may reach below 0 */
    arb_init(low);
    arb_init(high);
    arb_init(weight);
    arb_init(y);
    arb_srcptr t = s->knot + j;
    arb_div(low, t, s_high, ROUGH);
    if (top)
        arb_div(high, t, s_low, ROUGH);
    arb_mul(weight, s->kink + j, s->unit, ROUGH);
    bump(y, low, top, 3, 2);
    arb_mul(y, y, weight, ROUGH);
    arb_div(y, y, t, ROUGH);
    arb_add(b->signed_mean, b->signed_mean, y, ROUGH);
    largest(weight);
    add_supremum(b->bound, weight, low, top, 3, t, 1);
    arb_mul_ui(y, weight, 3, ROUGH);
    add_supremum(b->third, y, low, top, 4, t, 2);
    add_supremum(b->third_up, weight, low, top, 5, t, 2);
    add_supremum(b->slope, weight, low, top, 0, t, 0);
    add_supremum(b->slope_up, weight, low, top, 1, t, 0);
    arb_clear(low);
    arb_clear(high);
    arb_clear(weight);
    arb_clear(y);
}

static void find_near_bounds(near_bounds *b, const mf_series *s, const arb_t s_low,
                             const arb_t s_high) {
    arb_t weight;
    arb_init(weight);
    for (slong j = 0; j < s->knots; ++j)
        if (!arb_is_zero(s->knot + j)) {
            add_near(b, s, j, s_low, s_high);
        } else { /* c_n is a multiple of s: no curvature */
            arb_mul(weight, s->kink + j, s->unit, ROUGH);
            largest(weight);
            arb_add(b->slope, b->slope, weight, ROUGH);
        }
    arb_clear(weight);
}

/* ---- jets -------------------------------------------------------------------------------------------- */

static void jet_init(mf_jet *j, slong terms) {
    j->c = _arb_vec_init(terms + 1);
    j->c1 = _arb_vec_init(terms + 1);
    j->c2 = _arb_vec_init(terms + 1);
    arb_init(j->rest);
    arb_init(j->rest1);
    arb_init(j->slope);
    arb_init(j->bend);
}

static void jet_clear(mf_jet *j, slong terms) {
    _arb_vec_clear(j->c, terms + 1);
    _arb_vec_clear(j->c1, terms + 1);
    _arb_vec_clear(j->c2, terms + 1);
    arb_clear(j->rest);
    arb_clear(j->rest1);
    arb_clear(j->slope);
    arb_clear(j->bend);
}

void mf_boxes_init(mf_boxes *b, mf_series *s) {
    b->series = s;
    for (int side = 0; side < 2; ++side)
        jet_init(b->jet + side, s->terms);
    for (int i = 0; i < 3; ++i)
        arb_init(b->apart[i]);
    arb_init(b->half);
    arb_init(b->x);
}

void mf_boxes_clear(mf_boxes *b) {
    if (!b->series)
        return;
    for (int side = 0; side < 2; ++side)
        jet_clear(b->jet + side, b->series->terms);
    for (int i = 0; i < 3; ++i)
        arb_clear(b->apart[i]);
    arb_clear(b->half);
    arb_clear(b->x);
    b->series = NULL;
}

/* slope and bend of what is cut off, n > 2M. bound: of |c_n''|, sqrt(n + 1) aside if `rising`. */
static void cut_bounds(mf_jet *j, const mf_series *s, const arb_t bound, bool rising) {
    ulong n = 2 * (ulong)s->terms + 2;
    arb_t y;
    arb_init(y);
    arb_set_ui(y, rising ? n + 1 : 1); /* |c_n| <= moment[1]/sqrt(n) everywhere */
    arb_div_ui(y, y, n, ROUGH);
    arb_sqrt(y, y, ROUGH);
    arb_mul(y, y, s->moment[1], ROUGH);
    arb_mul(j->bend, y, bound, ROUGH);
    arb_clear(y);
}

/* c2 holds c_n'' at the centre: now on the box, by the third derivative or by the plain bound. */
static void curve_near(mf_jet *j, const mf_series *s, const near_bounds *b, const arb_t half) {
    arb_t change;
    arb_init(change);
    arb_set(j->c2, b->signed_mean);
    for (slong m = 1; m <= s->terms; ++m) {
        arb_mul(change, s->root + 2 * m + 1, b->third_up, ROUGH);
        arb_add(change, change, b->third, ROUGH);
        arb_mul(change, change, half, ROUGH);
        if (arb_lt(change, b->bound)) {
            arb_add_error(j->c2 + m, change);
        } else {
            arb_zero(j->c2 + m);
            arb_add_error(j->c2 + m, b->bound);
        }
    }
    arb_clear(change);
}

static void scale_jet(mf_jet *j, slong terms, const arb_t by, slong prec) {
    arb_t square;
    arb_init(square);
    arb_sqr(square, by, prec);
    for (slong m = 0; m <= terms; ++m) {
        arb_mul(j->c1 + m, j->c1 + m, by, prec);
        arb_mul(j->c2 + m, j->c2 + m, square, prec);
    }
    arb_mul(j->rest1, j->rest1, by, ROUGH);
    arb_mul(j->slope, j->slope, by, ROUGH);
    arb_mul(j->bend, j->bend, square, ROUGH);
    arb_clear(square);
}

static void move_near(mf_boxes *boxes, int side, const arb_t centre, const arb_t half) {
    mf_series *s = boxes->series;
    mf_jet *j = boxes->jet + side;
    near_bounds b;
    arb_t at, low, high, own;
    near_bounds_init(&b);
    arb_init(at);
    arb_init(low);
    arb_init(high);
    arb_init(own);
    arb_sub(low, centre, half, ARF_PREC_EXACT);
    arb_add(high, centre, half, ARF_PREC_EXACT);
    arb_mul(low, low, s->tau[side], ROUGH);
    arb_mul(high, high, s->tau[side], ROUGH);
    arb_mul(own, half, s->tau[side], ROUGH);
    find_near_bounds(&b, s, low, high);
    arb_mul(at, centre, s->tau[side], s->prec);
    mf_series_coefficients(s, at, j->c, j->c1, j->c2, s->prec);
    mf_series_rest(s, at, j->c, j->c1, j->rest, j->rest1, s->prec);
    curve_near(j, s, &b, own);
    ulong n = 2 * (ulong)s->terms + 2;
    arb_mul(j->slope, b.slope, s->inverse_root + n, ROUGH);
    arb_mul(j->slope, j->slope, s->inverse_root + n - 1, ROUGH);
    arb_mul(low, b.slope_up, s->inverse_root + n, ROUGH);
    arb_add(j->slope, j->slope, low, ROUGH);
    cut_bounds(j, s, b.bound, false);
    scale_jet(j, s->terms, s->tau[side], s->prec);
    near_bounds_clear(&b);
    arb_clear(at);
    arb_clear(low);
    arb_clear(high);
    arb_clear(own);
}

/* c_0'' in 1/s on [0, high]: - sum kappa t^3 times a mean of theta^2 phi_1(theta t x). */
static void mean_curve_far(arb_t c2, const mf_series *s, const arb_t high) {
    arb_t y, z, zero;
    arb_init(y);
    arb_init(z);
    arb_init(zero);
    arb_zero(c2);
    for (slong j = 0; j < s->knots; ++j) {
        arb_mul(z, s->knot + j, high, ROUGH);
        bump(y, zero, z, 1, 2);
        arb_mul(y, y, s->unit, ROUGH);
        arb_div_ui(y, y, 3, ROUGH);
        arb_pow_ui(z, s->knot + j, 3, ROUGH);
        arb_mul(y, y, z, ROUGH);
        arb_submul(c2, s->kink + j, y, ROUGH);
    }
    arb_clear(y);
    arb_clear(z);
    arb_clear(zero);
}

static void move_far(mf_boxes *boxes, int side, const arb_t centre, const arb_t half) {
    mf_series *s = boxes->series;
    mf_jet *j = boxes->jet + side;
    arb_t at, own, turn, third;
    double small = -log2(arf_get_d(arb_midref(centre), ARF_RND_UP));
    slong prec = s->prec + (slong)fmin(fmax(3 * small, 0), 4096);
    arb_init(at);
    arb_init(own);
    arb_init(turn);
    arb_init(third);
    arb_div(at, s->tau[side], centre, prec);
    mf_series_coefficients(s, at, j->c, j->c1, j->c2, prec);
    mf_series_rest(s, at, j->c, j->c1, j->rest, j->rest1, prec);
    arb_sqr(turn, at, prec); /* d/dx = -s^2 d/ds for x = 1/s */
    arb_neg(turn, turn);
    for (slong m = 0; m <= s->terms; ++m)
        arb_mul(j->c1 + m, j->c1 + m, turn, prec);
    arb_mul(j->rest1, j->rest1, turn, ROUGH);
    largest(j->rest1);
    arb_add(own, centre, half, ARF_PREC_EXACT);
    arb_div(own, own, s->tau[side], ROUGH);
    mean_curve_far(j->c2, s, own);
    arb_div_ui(third, s->moment[3], 3, ROUGH);
    for (slong m = 1; m <= s->terms; ++m) {
        arb_mul(own, third, s->root + 2 * m + 1, ROUGH);
        arb_zero(j->c2 + m);
        arb_add_error(j->c2 + m, own);
    }
    arb_mul_2exp_si(j->slope, s->moment[2], -1);
    cut_bounds(j, s, third, true);
    arb_inv(own, s->tau[side], s->prec);
    scale_jet(j, s->terms, own, s->prec);
    arb_clear(at);
    arb_clear(own);
    arb_clear(turn);
    arb_clear(third);
}

/* ---- the difference of both sides at d = inf ------------------------------------------------------ */

/* sum += weight (times bump of k - bump of l); a runs through [low, high]. */
static void add_two_bumps(arb_t sum, const arb_t weight, const arb_t low, const arb_t high,
                          ulong times, ulong k, ulong l) {
    arb_t y, z;
    arb_init(y);
    arb_init(z);
    bump(y, low, high, k, 2);
    arb_mul_ui(y, y, times, ROUGH);
    bump(z, low, high, l, 2);
    arb_sub(y, y, z, ROUGH);
    arb_addmul(sum, y, weight, ROUGH);
    arb_clear(y);
    arb_clear(z);
}

/* D'' of one kink, t > 0, on r in [low, high]. */
static void apart_near(mf_boxes *b, slong j, const arb_t tau, const arb_t low, const arb_t high) {
    const mf_series *s = b->series;
    arb_t weight, from, to;
    arb_init(weight);
    arb_init(from);
    arb_init(to);
    arb_srcptr t = s->knot + j;
    arb_mul(weight, s->kink + j, s->unit, ROUGH);
    arb_mul(weight, weight, tau, ROUGH);
    arb_div(weight, weight, t, ROUGH);
    arb_mul(from, s->tau[0], high, ROUGH);
    arb_div(from, t, from, ROUGH);
    bool bounded = arb_is_positive(low);
    if (bounded) {
        arb_mul(to, s->tau[1], low, ROUGH);
        arb_div(to, t, to, ROUGH);
    }
    add_two_bumps(b->apart[2], weight, from, bounded ? to : NULL, 1, 5, 3);
    arb_clear(weight);
    arb_clear(from);
    arb_clear(to);
}

/* The same on 1/r in [0, high]. */
static void apart_far(mf_boxes *b, slong j, const arb_t tau, const arb_t high) {
    const mf_series *s = b->series;
    arb_t weight, zero, to;
    arb_init(weight);
    arb_init(zero);
    arb_init(to);
    arb_div(weight, s->knot + j, tau, ROUGH);
    arb_pow_ui(weight, weight, 3, ROUGH);
    arb_mul(weight, weight, s->kink + j, ROUGH);
    arb_mul(weight, weight, s->unit, ROUGH);
    arb_div_ui(weight, weight, 3, ROUGH);
    arb_mul(to, s->knot + j, high, ROUGH);
    arb_div(to, to, s->tau[1], ROUGH);
    add_two_bumps(b->apart[2], weight, zero, to, 3, 1, 3);
    arb_clear(weight);
    arb_clear(zero);
    arb_clear(to);
}

/* Every Delta: D = r q'(tau r) = sum kappa r phi(a) and D' = sum kappa (1 + a^2) phi(a) at a tau
 * between tau_- and tau_+.                                                                  */
static void apart_at(mf_boxes *b, const arb_t tau, const arb_t r, slong prec) {
    const mf_series *s = b->series;
    arb_t a, phi;
    arb_init(a);
    arb_init(phi);
    for (slong j = 0; j < s->knots; ++j) {
        arb_mul(a, tau, r, prec);
        arb_div(a, s->knot + j, a, prec);
        mf_hermite(s, phi, 1, a, prec);
        arb_mul(phi, phi, s->kink + j, prec);
        arb_addmul(b->apart[0], phi, r, prec);
        arb_sqr(a, a, prec);
        arb_add_ui(a, a, 1, prec);
        arb_addmul(b->apart[1], phi, a, prec);
    }
    arb_clear(a);
    arb_clear(phi);
}

/* From the jets, which stand for one Delta. Their curvatures' difference encloses D'' as well: it is
 * the better of both where Delta is not small.                                              */
static void apart_of_jets(mf_boxes *b, slong prec) {
    arb_t width, curvature;
    arb_init(width);
    arb_init(curvature);
    arb_sub(curvature, b->jet[0].c2, b->jet[1].c2, prec);
    arb_sub(b->apart[0], b->jet[0].c, b->jet[1].c, prec);
    arb_sub(b->apart[1], b->jet[0].c1, b->jet[1].c1, prec);
    arb_mul_2exp_si(width, b->series->delta, 1);
    arb_div(b->apart[0], b->apart[0], width, prec);
    arb_div(b->apart[1], b->apart[1], width, prec);
    arb_div(curvature, curvature, width, prec);
    if (!arb_intersection(b->apart[2], b->apart[2], curvature, prec))
        arb_indeterminate(b->apart[2]);
    arb_clear(width);
    arb_clear(curvature);
}

static void apart_everywhere(mf_boxes *b, mf_chart chart, const arb_t tau, const arb_t centre) {
    slong prec = b->series->prec + 200; /* Delta is wide: nothing more can be lost */
    arb_t r;
    arb_init(r);
    if (chart == MF_NEAR)
        arb_set(r, centre);
    else
        arb_inv(r, centre, prec);
    apart_at(b, tau, r, prec);
    if (chart == MF_FAR) {
        arb_sqr(r, r, prec);
        arb_neg(r, r);
        arb_mul(b->apart[1], b->apart[1], r, prec);
    }
    arb_clear(r);
}

static void move_apart(mf_boxes *b, mf_chart chart, const arb_t centre, const arb_t half) {
    const mf_series *s = b->series;
    arb_t tau, low, high;
    arb_init(tau);
    arb_init(low);
    arb_init(high);
    for (int i = 0; i < 3; ++i)
        arb_zero(b->apart[i]);
    arb_sub(low, centre, half, ARF_PREC_EXACT);
    arb_add(high, centre, half, ARF_PREC_EXACT);
    arb_union(tau, s->tau[0], s->tau[1], s->prec);
    for (slong j = 0; j < s->knots; ++j) {
        if (arb_is_zero(s->knot + j))
            continue;
        if (chart == MF_NEAR)
            apart_near(b, j, tau, low, high);
        else
            apart_far(b, j, tau, high);
    }
    if (s->all_below)
        apart_everywhere(b, chart, tau, centre);
    else
        apart_of_jets(b, s->prec);
    arb_clear(tau);
    arb_clear(low);
    arb_clear(high);
}

void mf_halves(const mf_boxes *b, int derivative, arb_t sum, arb_t difference) {
    const mf_jet *j = b->jet;
    arb_srcptr a = derivative == 0 ? j[0].c : derivative == 1 ? j[0].c1 : j[0].c2;
    arb_srcptr c = derivative == 0 ? j[1].c : derivative == 1 ? j[1].c1 : j[1].c2;
    arb_add(sum, a, c, b->series->prec);
    arb_mul_2exp_si(sum, sum, -1);
    arb_set(difference, b->apart[derivative]);
}

void mf_boxes_move_to(mf_boxes *b, mf_chart chart, const arb_t centre, const arb_t half) {
    arb_set(b->half, half);
    for (int side = 0; side < 2; ++side)
        if (chart == MF_NEAR)
            move_near(b, side, centre, half);
        else
            move_far(b, side, centre, half);
    if (b->series->infinite)
        move_apart(b, chart, centre, half);
}

void mf_boxes_move(mf_boxes *b, mf_box box) {
    arb_t centre, half;
    arb_init(centre);
    arb_init(half);
    arb_set_d(centre, box.low);
    arb_set_d(half, box.high);
    arb_add(centre, centre, half, ARF_PREC_EXACT);
    arb_mul_2exp_si(centre, centre, -1);
    arb_sub(half, half, centre, ARF_PREC_EXACT);
    mf_boxes_move_to(b, box.chart, centre, half);
    arb_clear(centre);
    arb_clear(half);
}

/* ---- forces -------------------------------------------------------------------------------------- */

void mf_force_init(mf_force *f, const mf_series *s) {
    for (int side = 0; side < 2; ++side) {
        f->g[side] = _arb_vec_init(s->terms + 1);
        arb_set_si(f->g[side], side ? 1 : -1);
        arb_init(f->rest[side]);
    }
}

void mf_force_clear(mf_force *f, const mf_series *s) {
    for (int side = 0; side < 2 && f->g[side]; ++side) {
        _arb_vec_clear(f->g[side], s->terms + 1);
        f->g[side] = NULL;
        arb_clear(f->rest[side]);
    }
}

void mf_force_add(mf_force *f, mf_boxes *b, const arb_t r, const arb_t weight) {
    mf_series *s = b->series;
    arb_t at;
    arb_init(at);
    for (int side = 0; side < 2; ++side) {
        mf_jet *j = b->jet + side;
        arb_mul(at, r, s->tau[side], s->prec);
        mf_series_coefficients(s, at, j->c, j->c1, j->c2, s->prec);
        mf_series_rest(s, at, j->c, j->c1, j->rest, j->rest1, s->prec);
        arb_addmul(f->rest[side], weight, j->rest, ROUGH);
        for (slong m = 0; m <= s->terms; ++m) {
            arb_mul(b->x, s->mu + m, j->c + m, s->prec);
            arb_addmul(f->g[side] + m, weight, b->x, s->prec);
        }
    }
    arb_clear(at);
}

void mf_force_add_end(mf_force *f, const mf_series *s, bool infinite, const arb_t weight) {
    for (int side = 0; side < 2; ++side)
        arb_addmul(f->g[side], weight, infinite ? s->at_infinity : s->at_zero, s->prec);
}

/* ---- Psi and R ------------------------------------------------------------------------------------- */

/* y += sum_m g_m c_m. */
static void add_dot(arb_t y, arb_srcptr g, arb_srcptr c, slong n, slong prec) {
    for (slong m = 0; m < n; ++m)
        arb_addmul(y, g + m, c + m, prec);
}

/* Allows y an error of a b c. */
static void allow(arb_t y, const arb_t a, const arb_t b, const arb_t c) {
    arb_t error;
    arb_init(error);
    arb_mul(error, a, b, ROUGH);
    arb_mul(error, error, c, ROUGH);
    arb_add_error(y, error);
    arb_clear(error);
}

void mf_psi(mf_boxes *b, const mf_force *f, arb_t value, arb_t slope, arb_t curvature) {
    const mf_series *s = b->series;
    arb_ptr out[] = {value, slope, curvature};
    arb_t one;
    arb_init(one);
    arb_one(one);
    for (int i = 0; i < 3; ++i) {
        if (!out[i])
            continue;
        arb_zero(out[i]);
        for (int side = 0; side < 2; ++side) {
            const mf_jet *j = b->jet + side;
            add_dot(out[i], f->g[side],
                    i == 0   ? j->c
                    : i == 1 ? j->c1
                             : j->c2,
                    s->terms + 1, s->prec);
            if (s->infinite)
                continue;
            if (i < 2)
                allow(out[i], s->next_mu, f->rest[side], i == 0 ? j->rest : j->rest1);
            else
                allow(out[i], s->rest_mu, j->bend, one);
        }
        arb_mul_2exp_si(out[i], out[i], -1);
    }
    arb_clear(one);
}

void mf_psi_end(const mf_series *s, const mf_force *f, bool infinite, arb_t value) {
    arb_add(value, f->g[0], f->g[1], s->prec);
    arb_mul(value, value, infinite ? s->at_infinity : s->at_zero, s->prec);
    arb_mul_2exp_si(value, value, -1);
}

/* y += sign c_0 + sum_m mu_m a_m b_m. */
static void add_square(arb_t y, const mf_series *s, int sign, arb_srcptr c0, arb_srcptr a,
                       arb_srcptr b, arb_t x) {
    if (sign > 0)
        arb_add(y, y, c0, s->prec);
    else
        arb_sub(y, y, c0, s->prec);
    for (slong m = 0; m <= s->terms; ++m) {
        arb_mul(x, s->mu + m, a + m, s->prec);
        arb_addmul(y, x, b + m, s->prec);
    }
}

/* y += sum_m mu_m (c'^2 + c c'') on the box: c' and c over the box from their jets. */
static void add_bend(arb_t y, mf_boxes *b, const mf_jet *j) {
    const mf_series *s = b->series;
    arb_t c, c1, move;
    arb_init(c);
    arb_init(c1);
    arb_init(move);
    arb_add_error(move, b->half);
    for (slong m = 0; m <= s->terms; ++m) {
        arb_mul(c1, j->c2 + m, move, s->prec);
        arb_add(c1, c1, j->c1 + m, s->prec);
        arb_mul(c, c1, move, s->prec);
        arb_add(c, c, j->c + m, s->prec);
        arb_mul(c, c, j->c2 + m, s->prec);
        arb_addmul(c, c1, c1, s->prec);
        arb_addmul(y, c, s->mu + m, s->prec);
    }
    arb_clear(c);
    arb_clear(c1);
    arb_clear(move);
}

static void bend_risk(mf_boxes *b, const mf_jet *j, int sign, arb_t curvature) {
    const mf_series *s = b->series;
    if (sign > 0)
        arb_add(curvature, curvature, j->c2, s->prec);
    else
        arb_sub(curvature, curvature, j->c2, s->prec);
    add_bend(curvature, b, j);
    if (s->infinite)
        return;
    arb_sqr(b->x, j->slope, ROUGH);
    arb_add(b->x, b->x, j->bend, ROUGH);
    arb_mul(b->x, b->x, s->rest_mu, ROUGH);
    arb_add_error(curvature, b->x);
}

/* R = 1 + sum_+- (-+ c_0 + 1/2 sum mu c^2), R' = sum (-+ c_0' + sum mu c c'), R'' likewise. */
void mf_risk(mf_boxes *b, arb_t value, arb_t slope, arb_t curvature) {
    const mf_series *s = b->series;
    arb_zero(value);
    if (slope)
        arb_zero(slope);
    if (curvature)
        arb_zero(curvature);
    for (int side = 0; side < 2; ++side) {
        const mf_jet *j = b->jet + side;
        int sign = side ? 1 : -1;
        arb_t mean;
        arb_init(mean);
        arb_mul_2exp_si(mean, j->c, 1); /* value holds 2 (R - 1) until the end */
        add_square(value, s, sign, mean, j->c, j->c, b->x);
        if (!s->infinite)
            allow(value, s->next_mu, j->rest, j->rest);
        if (slope) {
            add_square(slope, s, sign, j->c1, j->c, j->c1, b->x);
            if (!s->infinite)
                allow(slope, s->next_mu, j->rest, j->rest1);
        }
        if (curvature)
            bend_risk(b, j, sign, curvature);
        arb_clear(mean);
    }
    arb_mul_2exp_si(value, value, -1);
    arb_add_si(value, value, 1, s->prec);
}

void mf_range(arb_t range, const mf_boxes *b, const arb_t value, const arb_t slope,
              const arb_t curvature) {
    slong prec = b->series->prec;
    arb_t move, square;
    arb_init(move);
    arb_init(square);
    arb_add_error(move, b->half);
    arb_sqr(square, b->half, prec); /* y^2/2 in [0, h^2/2], the middle h^2/4 */
    arb_mul_2exp_si(square, square, -2);
    arb_set(range, square);
    arb_add_error(square, range);
    arb_mul(range, curvature, square, prec);
    arb_addmul(range, slope, move, prec);
    arb_add(range, range, value, prec);
    arb_clear(move);
    arb_clear(square);
}
