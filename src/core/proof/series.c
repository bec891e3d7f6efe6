/* series.c: Hermite coefficients of a piecewise linear activation in ball arithmetic. */
#include "series.h"

#include "exact.h"

#include <arb_hypgeom.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TERMS_MAX = 2500, SPARE = 160 }; /* spare bits: boxes near infinity cancel */

/* ---- the exact problem ------------------------------------------------------------------------- */

mf_status mf_exact_problem_read(mf_exact_problem *p, const mf_proof_spec *spec, mf_error *err) {
    *p = (mf_exact_problem){.t = NULL};
    if (isfinite(spec->d) && spec->d > 1e12)
        return mf_fail(err, MF_EINVAL, "option 'd' must be at most 1e12, or infinite, got %g",
                       spec->d);
    mf_status status = MF_OK;
    *p = (mf_exact_problem){.infinite = isinf(spec->d), .knots = (slong)spec->knots};
    p->d = p->infinite ? 0 : (ulong)spec->d;
    p->all_below = spec->all_below;
    fmpq_init(p->delta);
    p->t = _fmpq_vec_init(p->knots);
    p->s = _fmpq_vec_init(p->knots);
    status = mf_exact_read(p->delta, spec->delta.text, "delta", err);
    for (slong i = 0; i < p->knots && status >= 0; ++i) {
        status = mf_exact_read(p->t + i, spec->t[i].text, "activation", err);
        if (status >= 0)
            status = mf_exact_read(p->s + i, spec->s[i].text, "activation", err);
        if (status >= 0 && i > 0 && fmpq_cmp(p->t + i, p->t + i - 1) <= 0)
            status = mf_fail(err, MF_EINVAL, "option 'activation' must have increasing knots");
    }
    if (status >= 0 && p->all_below && !p->infinite)
        status = mf_fail(err, MF_EINVAL, "option 'delta' can be {0, x} only for d = inf");
    if (status >= 0 && (fmpq_sgn(p->delta) <= 0 || fmpq_cmp_ui(p->delta, 1) >= 0))
        status = mf_fail(err, MF_EINVAL, "option 'delta' must be in (0, 1), got %.60s",
                         spec->delta.text);
    if (status < 0)
        mf_exact_problem_clear(p);
    return status;
}

void mf_exact_problem_clear(mf_exact_problem *p) {
    if (p->t) {
        fmpq_clear(p->delta);
        _fmpq_vec_clear(p->t, p->knots);
        _fmpq_vec_clear(p->s, p->knots);
    }
    p->t = p->s = NULL;
}

/* sigma(0), exactly. */
static void value_at_zero(fmpq_t value, const mf_exact_problem *p) {
    slong last = p->knots - 1, i = 0;
    fmpq_t slope;
    if (fmpq_sgn(p->t) >= 0) {
        fmpq_set(value, p->s);
        return;
    }
    if (fmpq_sgn(p->t + last) <= 0) {
        fmpq_set(value, p->s + last);
        return;
    }
    while (fmpq_sgn(p->t + i + 1) < 0)
        ++i;
    fmpq_init(slope);
    fmpq_sub(slope, p->s + i + 1, p->s + i);
    fmpq_sub(value, p->t + i + 1, p->t + i);
    fmpq_div(slope, slope, value);
    fmpq_mul(value, slope, p->t + i);
    fmpq_sub(value, p->s + i, value);
    fmpq_clear(slope);
}

/* kappa_j: the slope right of knot j less that left of it. */
static void kinks_of(fmpq *kink, const mf_exact_problem *p) {
    fmpq_t slope, run;
    fmpq_init(slope);
    fmpq_init(run);
    for (slong i = 0; i + 1 < p->knots; ++i) {
        fmpq_sub(slope, p->s + i + 1, p->s + i);
        fmpq_sub(run, p->t + i + 1, p->t + i);
        fmpq_div(slope, slope, run);
        fmpq_add(kink + i, kink + i, slope);
        fmpq_sub(kink + i + 1, kink + i + 1, slope);
    }
    fmpq_clear(slope);
    fmpq_clear(run);
}

/* ---- set up -------------------------------------------------------------------------------------- */

/* The M at which mu_(2M+2) weighs less than 2^-bits beside coefficients that fall like m^(-5/4). */
static slong terms_for(const mf_exact_problem *p, slong bits) {
    if (p->infinite)
        return 0;
    double d = (double)p->d, log_mu = 0;
    slong m = 0;
    for (; m < TERMS_MAX; ++m) {
        if (log_mu - 1.5 * log((double)m + 1) < -(double)(bits + 8) * log(2))
            break;
        log_mu += log((2.0 * (double)m + 1) / (d + 2 * (double)m));
    }
    return m;
}

static void set_kinks(mf_series *s, const mf_exact_problem *p, slong prec) {
    fmpq *kink = _fmpq_vec_init(p->knots), *knot = _fmpq_vec_init(p->knots);
    kinks_of(kink, p);
    for (slong i = 0; i < p->knots; ++i) { /* sorted by |t| */
        fmpq_t t;
        slong j = i;
        fmpq_init(t);
        fmpq_abs(t, p->t + i);
        fmpq_t moving;
        fmpq_init(moving);
        fmpq_set(moving, kink + i);
        for (; j > 0 && fmpq_cmp(knot + j - 1, t) > 0; --j) {
            fmpq_set(knot + j, knot + j - 1);
            fmpq_set(kink + j, kink + j - 1);
        }
        fmpq_set(knot + j, t);
        fmpq_set(kink + j, moving);
        fmpq_clear(t);
        fmpq_clear(moving);
    }
    for (slong i = 0; i < p->knots; ++i) {
        arb_set_fmpq(s->knot + i, knot + i, prec);
        arb_set_fmpq(s->kink + i, kink + i, prec);
    }
    _fmpq_vec_clear(kink, p->knots);
    _fmpq_vec_clear(knot, p->knots);
}

static void set_ends(mf_series *s, const mf_exact_problem *p, slong prec) {
    fmpq_t x;
    fmpq_init(x);
    value_at_zero(x, p);
    arb_set_fmpq(s->at_zero, x, prec);
    fmpq_add(x, p->s, p->s + p->knots - 1);
    arb_set_fmpq(s->at_infinity, x, prec);
    arb_mul_2exp_si(s->at_infinity, s->at_infinity, -1);
    for (int side = 0; side < 2; ++side) {
        fmpq_set(x, p->delta);
        if (side)
            fmpq_neg(x, x);
        fmpq_add_si(x, x, 1);
        arb_set_fmpq(s->tau[side], x, prec);
    }
    arb_set_fmpq(s->delta, p->delta, prec);
    fmpq_clear(x);
    if (!p->all_below)
        return;
    arb_t end;
    arb_init(end);
    arb_union(s->delta, s->delta, end, prec);
    arb_one(end);
    arb_union(s->tau[0], s->tau[0], end, prec);
    arb_union(s->tau[1], s->tau[1], end, prec);
    arb_clear(end);
}

/* mu_2m, and sum_(m>=n) mu_2m = E z^(2n)/(1 - z^2) = mu_2n (2n + d - 2)/(d - 3): beta integrals. */
static void set_moments(mf_series *s, ulong d, slong prec) {
    arb_one(s->mu);
    for (slong m = 0; m <= s->terms && !s->infinite; ++m) {
        arb_ptr next = m < s->terms ? s->mu + m + 1 : s->next_mu;
        arb_mul_ui(next, s->mu + m, 2 * (ulong)m + 1, prec);
        arb_div_ui(next, next, d + 2 * (ulong)m, prec);
    }
    if (s->infinite)
        return;
    arb_mul_ui(s->rest_mu, s->next_mu, 2 * (ulong)s->terms + d, prec);
    arb_div_ui(s->rest_mu, s->rest_mu, d - 3, prec);
}

static void set_sums(mf_series *s, slong prec) {
    arb_t x;
    arb_init(x);
    arb_const_pi(s->unit, prec);
    arb_mul_2exp_si(s->unit, s->unit, 1);
    arb_rsqrt(s->unit, s->unit, prec);
    for (slong i = 0; i < s->knots; ++i) {
        arb_abs(x, s->kink + i);
        arb_mul(x, x, s->unit, prec);
        for (int k = 0; k < 4; ++k) {
            arb_add(s->moment[k], s->moment[k], x, prec);
            arb_mul(x, x, s->knot + i, prec);
        }
    }
    arb_clear(x);
}

void mf_series_init(mf_series *s, const mf_exact_problem *p, slong bits, const mf_flag *stop) {
    *s = (mf_series){.bits = bits,
                     .infinite = p->infinite,
                     .all_below = p->all_below,
                     .knots = p->knots,
                     .stop = stop};
    s->terms = terms_for(p, bits);
    s->prec = bits + 48;
    slong n = 2 * s->terms + 4, full = s->prec + SPARE + 3 * s->terms;
    s->knot = _arb_vec_init(s->knots);
    s->kink = _arb_vec_init(s->knots);
    s->mu = _arb_vec_init(s->terms + 1);
    s->root = _arb_vec_init(n);
    s->inverse_root = _arb_vec_init(n);
    s->phi = _arb_vec_init(n);
    arb_ptr single[] = {s->delta,       s->tau[0],    s->tau[1],    s->at_zero,
                        s->at_infinity, s->next_mu,   s->rest_mu,   s->unit,
                        s->moment[0],   s->moment[1], s->moment[2], s->moment[3]};
    for (size_t i = 0; i < sizeof single / sizeof *single; ++i)
        arb_init(single[i]);
    for (slong i = 1; i < n; ++i) {
        if (mf_flag_is_set(stop)) {
            arb_indeterminate(s->root + i);
            arb_indeterminate(s->inverse_root + i);
            continue;
        }
        arb_sqrt_ui(s->root + i, (ulong)i, full);
        arb_rsqrt_ui(s->inverse_root + i, (ulong)i, full);
    }
    set_kinks(s, p, full);
    set_ends(s, p, full);
    set_moments(s, p->d, full);
    set_sums(s, full);
}

void mf_series_clear(mf_series *s) {
    if (!s->knot)
        return;
    slong n = 2 * s->terms + 4;
    _arb_vec_clear(s->knot, s->knots);
    _arb_vec_clear(s->kink, s->knots);
    _arb_vec_clear(s->mu, s->terms + 1);
    _arb_vec_clear(s->root, n);
    _arb_vec_clear(s->inverse_root, n);
    _arb_vec_clear(s->phi, n);
    arb_ptr single[] = {s->delta,       s->tau[0],    s->tau[1],    s->at_zero,
                        s->at_infinity, s->next_mu,   s->rest_mu,   s->unit,
                        s->moment[0],   s->moment[1], s->moment[2], s->moment[3]};
    for (size_t i = 0; i < sizeof single / sizeof *single; ++i)
        arb_clear(single[i]);
    s->knot = NULL;
}

/* ---- Hermite functions ------------------------------------------------------------------------ */

/* Bits that the three-term recurrence may lose up to n at a: at most n/2 nats, a sqrt(n) if less. */
static slong bits_lost(slong n, const arb_t a) {
    double size = arf_get_d(arb_midref(a), ARF_RND_UP), steps = (double)n;
    return (slong)(1.45 * fmin(steps / 2, size * sqrt(steps))) + 8;
}

/* Adds radius * sqrt(n + 1) * exp(-least^2/4)/sqrt(2 pi), what phi_n varies over the ball. */
static void widen(const mf_series *s, arb_ptr phi, slong count, const arb_t a) {
    arb_t least, bound, error;
    arb_init(least);
    arb_init(bound);
    arb_init(error);
    arb_get_lbound_arf(arb_midref(least), a, 30);
    arb_nonnegative_part(least, least);
    arb_sqr(bound, least, 30);
    arb_mul_2exp_si(bound, bound, -2);
    arb_neg(bound, bound);
    arb_exp(bound, bound, 30);
    arb_mul(bound, bound, s->unit, 30);
    arf_set_mag(arb_midref(error), arb_radref(a));
    arb_mul(bound, bound, error, 30);
    for (slong n = 0; n < count; ++n) {
        arb_mul(error, bound, s->root + n + 1, 30);
        arb_add_error(phi + n, error);
    }
    arb_clear(least);
    arb_clear(bound);
    arb_clear(error);
}

void mf_hermite(const mf_series *s, arb_ptr phi, slong count, const arb_t a, slong prec) {
    arb_t middle;
    slong wp = prec + bits_lost(count, a);
    arb_init(middle);
    arb_set_arf(middle, arb_midref(a));
    arb_sqr(phi, middle, wp);
    arb_mul_2exp_si(phi, phi, -1);
    arb_neg(phi, phi);
    arb_exp(phi, phi, wp);
    arb_mul(phi, phi, s->unit, wp);
    if (count > 1)
        arb_mul(phi + 1, phi, middle, wp);
    for (slong n = 1; n + 1 < count; ++n) {
        if (mf_flag_is_set(s->stop)) {
            arb_indeterminate(phi + n + 1);
            continue;
        }
        arb_mul(phi + n + 1, middle, phi + n, wp);
        arb_submul(phi + n + 1, s->root + n, phi + n - 1, wp);
        arb_mul(phi + n + 1, phi + n + 1, s->inverse_root + n + 1, wp);
    }
    if (!mag_is_zero(arb_radref(a)))
        widen(s, phi, count, a);
    arb_clear(middle);
}

/* Q(a) = P(G > a). */
static void upper_tail(arb_t q, const arb_t a, slong prec) {
    arb_t root;
    arb_init(root);
    arb_sqrt_ui(root, 2, prec);
    arb_div(q, a, root, prec);
    arb_hypgeom_erfc(q, q, prec);
    arb_mul_2exp_si(q, q, -1);
    arb_clear(root);
}

/* ---- coefficients ---------------------------------------------------------------------------------- */

/* What one kink adds to c_0. */
static void add_mean(const mf_series *s, slong j, const arb_t at, const arb_t a, arb_t c,
                     slong prec) {
    arb_t x, y;
    arb_init(x);
    arb_init(y);
    upper_tail(x, a, prec);
    arb_mul(x, x, s->knot + j, prec);
    arb_mul(y, at, s->phi, prec);
    arb_sub(y, y, x, prec);
    arb_addmul(c, s->kink + j, y, prec);
    arb_clear(x);
    arb_clear(y);
}

static void add_kink(mf_series *s, slong j, const arb_t at, arb_ptr c, arb_ptr c1, arb_ptr c2,
                     slong prec) {
    arb_t a, bend, x, y;
    arb_init(a);
    arb_init(bend);
    arb_init(x);
    arb_init(y);
    arb_div(a, s->knot + j, at, prec);
    mf_hermite(s, s->phi, 2 * s->terms + 1, a, prec);
    arb_sqr(bend, a, prec);
    arb_div(bend, bend, at, prec);
    arb_mul(bend, bend, s->kink + j, prec);
    add_mean(s, j, at, a, c, prec);
    arb_addmul(c1, s->kink + j, s->phi, prec);
    arb_addmul(c2, bend, s->phi, prec);
    for (slong m = 1, n = 2; m <= s->terms; ++m, n += 2) {
        arb_mul(x, s->phi + n - 2, s->inverse_root + n, prec);
        arb_mul(x, x, s->inverse_root + n - 1, prec);
        arb_mul(y, a, s->phi + n - 1, prec);
        arb_mul(y, y, s->inverse_root + n, prec);
        arb_add(y, y, x, prec);
        arb_mul(x, x, at, prec);
        arb_addmul(c + m, s->kink + j, x, prec);
        arb_addmul(c1 + m, s->kink + j, y, prec);
        arb_addmul(c2 + m, bend, s->phi + n, prec);
    }
    arb_clear(a);
    arb_clear(bend);
    arb_clear(x);
    arb_clear(y);
}

void mf_series_coefficients(mf_series *s, const arb_t at, arb_ptr c, arb_ptr c1, arb_ptr c2,
                            slong prec) {
    for (slong m = 0; m <= s->terms; ++m) {
        arb_zero(c + m);
        arb_zero(c1 + m);
        arb_zero(c2 + m);
    }
    arb_set(c, s->at_zero);
    for (slong j = 0; j < s->knots; ++j)
        add_kink(s, j, at, c, c1, c2, prec);
}

/* ---- what is left out ------------------------------------------------------------------------------ */

/* P(G > a), phi(a), a phi(a) at a = t/s. */
static void edge_at(const mf_series *s, const arb_t t, const arb_t at, arb_ptr edge, slong prec) {
    arb_t a;
    arb_init(a);
    arb_div(a, t, at, prec);
    upper_tail(edge, a, prec);
    arb_sqr(edge + 1, a, prec);
    arb_mul_2exp_si(edge + 1, edge + 1, -1);
    arb_neg(edge + 1, edge + 1);
    arb_exp(edge + 1, edge + 1, prec);
    arb_mul(edge + 1, edge + 1, s->unit, prec);
    arb_mul(edge + 2, edge + 1, a, prec);
    arb_clear(a);
}

/* Adds, for e(x) = alpha + beta x on a piece: half of E e^2 to x, half of E (G e')^2 to y. */
static void add_piece(const arb_t alpha, const arb_t beta, const arb_t at, arb_srcptr left,
                      arb_srcptr right, arb_t x, arb_t y, slong prec) {
    arb_t mass, first, second, slope;
    arb_init(mass);
    arb_init(first);
    arb_init(second);
    arb_init(slope);
    arb_sub(mass, left, right, prec);
    arb_sub(first, left + 1, right + 1, prec);
    arb_add(second, mass, left + 2, prec);
    arb_sub(second, second, right + 2, prec);
    arb_sqr(slope, beta, prec);
    arb_mul(second, second, slope, prec);
    arb_add(y, y, second, prec);
    arb_sqr(slope, at, prec);
    arb_addmul(x, second, slope, prec);
    arb_sqr(slope, alpha, prec);
    arb_addmul(x, slope, mass, prec);
    arb_mul(slope, alpha, beta, prec);
    arb_mul(slope, slope, at, prec);
    arb_mul_2exp_si(slope, slope, 1);
    arb_addmul(x, slope, first, prec);
    arb_clear(mass);
    arb_clear(first);
    arb_clear(second);
    arb_clear(slope);
}

/* The root of an upper bound of 2 half - sum_m c_m^2. */
static void left_over(arb_t rest, const arb_t half, arb_srcptr c, slong n, slong prec) {
    arb_mul_2exp_si(rest, half, 1);
    for (slong m = 0; m < n; ++m)
        arb_submul(rest, c + m, c + m, prec);
    arf_t up;
    arf_init(up);
    arb_get_ubound_arf(up, rest, 64);
    if (arf_sgn(up) < 0)
        arf_zero(up);
    arb_set_arf(rest, up);
    arb_sqrt(rest, rest, 64);
    arf_clear(up);
}

void mf_series_rest(const mf_series *s, const arb_t at, arb_srcptr c, arb_srcptr c1, arb_t rest,
                    arb_t rest1, slong prec) {
    if (s->infinite) {
        arb_zero(rest);
        arb_zero(rest1);
        return;
    }
    arb_ptr edge = _arb_vec_init(6), left = edge, right = edge + 3; /* Q, phi, a phi */
    arb_t alpha, beta, half, x, y;
    arb_init(alpha);
    arb_init(beta);
    arb_init(half);
    arb_init(x);
    arb_init(y);
    arb_set(alpha, s->at_zero); /* e(x) = sigma(0) + sum kappa (x - t)_+ / 2 for x >= 0 */
    arb_zero(half);
    edge_at(s, half, at, left, prec);
    for (slong j = 0; j <= s->knots; ++j) {
        if (j < s->knots)
            edge_at(s, s->knot + j, at, right, prec);
        else
            _arb_vec_zero(right, 3);
        if (j == s->knots) /* flat, and alpha its value */
            arb_zero(beta);
        add_piece(alpha, beta, at, left, right, x, y, prec);
        if (j < s->knots) {
            arb_mul_2exp_si(half, s->kink + j, -1);
            arb_add(beta, beta, half, prec);
            arb_submul(alpha, half, s->knot + j, prec);
            arb_ptr swap = left;
            left = right;
            right = swap;
        }
    }
    left_over(rest, x, c, s->terms + 1, prec);
    left_over(rest1, y, c1, s->terms + 1, prec);
    _arb_vec_clear(edge, 6);
    arb_clear(alpha);
    arb_clear(beta);
    arb_clear(half);
    arb_clear(x);
    arb_clear(y);
}
