/* tabulation.c: a function known only to the caller becomes an activation.
 *
 * First it is looked at in many places (scouts). Far out it must be a straight line: samples at
 * powers of 2 and between them, and the scouts, find the smallest T beyond which it is one.
 * Between -T and T intervals (dyadic, and cut at the given kinks) are fitted at Chebyshev nodes,
 * checked half-way between the nodes and at the scouts, and halved until the check passes.
 * On a range there are no tails, and its ends take the place of T.
 * Leftmost first, so the panels come out in order; where two meet they must agree.            */
#include "activation.h"

#include "core/base/chebyshev.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TERMS = MF_TABLE_DEGREE + 1, /* roots of T_TERMS */
    CHECKS = TERMS - 1,          /* points between them */
    FIRST_POWER = 4,
    POWERS = 45 /* tails are looked at from 2^4 to 2^48 */
};

static double tail_point(size_t i) { /* 2^4, 1.37 2^4, 2^5, ... */
    return ldexp(i % 2 ? 1.37 : 1, FIRST_POWER + (int)(i / 2));
}

static int increasing(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* n scouts in (from, to), their distances disturbed so that no period escapes them. */
static void scout(mf_tabulation *plan, double from, double to, size_t n) {
    const double golden = 0.6180339887498949;
    for (size_t i = 0; i < n; ++i) {
        double x = (double)(i + 1) * golden;
        double t = from + (to - from) * ((double)i + x - floor(x)) / (double)n;
        if (plan->ranged && !(t > plan->edge[0] && t < plan->high))
            continue;
        if (plan->scouts == MF_TABULATION_SCOUTS) {
            plan->full = true;
            return;
        }
        plan->scout[plan->scouts++][0] = t;
    }
}

static void place_scouts(mf_tabulation *plan) {
    if (plan->ranged)
        scout(plan, plan->edge[0], plan->high, 4096);
    scout(plan, -16, 16, 19200);
    for (int side = -1; side <= 1; side += 2) {
        for (int power = FIRST_POWER; power < 48; ++power)
            scout(plan, side * ldexp(1, power), side * ldexp(2, power), power < 12 ? 2048 : 64);
        for (int power = -20; power < 0; ++power)
            scout(plan, side * ldexp(1, power), side * ldexp(2, power), 256);
        for (size_t i = 0; i < plan->kinks; ++i)
            for (int power = -20; power < FIRST_POWER; ++power)
                scout(plan, plan->kink[i] + side * ldexp(1, power),
                      plan->kink[i] + side * ldexp(2, power), 64);
    }
    qsort(plan->scout, plan->scouts, sizeof plan->scout[0], increasing);
}

static mf_status check_room(const mf_tabulation *plan, mf_error *err) {
    return plan->full ? mf_fail(err, MF_EACCURACY, "f has too many intervals between its kinks")
                      : MF_OK;
}

mf_status mf_tabulation_begin(mf_tabulation *plan, const double *kinks, size_t n,
                              const double *range, double tol, bool has_df, mf_error *err) {
    memset(plan, 0, sizeof *plan);
    if (range && !(range[0] < 0 && range[1] > 0 && range[0] > -1e9 && range[1] < 1e9))
        return mf_fail(err, MF_EINVAL, "the range [%g, %g] must hold 0, within (-1e9, 1e9)",
                       range[0], range[1]);
    plan->ranged = range != NULL;
    plan->edge[0] = range ? range[0] : 0;
    plan->high = range ? range[1] : 0;
    if (!(tol >= 1e-14 && tol <= 1e-2))
        return mf_fail(err, MF_EINVAL, "tol = %g must be in [1e-14, 0.01]", tol);
    if (n > MF_KNOTS_MAX)
        return mf_fail(err, MF_EINVAL, "at most %d kinks, got %zu", MF_KNOTS_MAX, n);
    for (size_t i = 0; i < n; ++i) {
        if (!(fabs(kinks[i]) < 1e9))
            return mf_fail(err, MF_EINVAL, "kink %zu = %g must be in (-1e9, 1e9)", i + 1, kinks[i]);
        if (i && !(kinks[i] > kinks[i - 1]))
            return mf_fail(err, MF_EINVAL, "kinks must increase: %g after %g", kinks[i],
                           kinks[i - 1]);
        if (range && !(kinks[i] > range[0] && kinks[i] < range[1]))
            return mf_fail(err, MF_EINVAL, "kink %zu = %g lies beyond the range [%g, %g]", i + 1,
                           kinks[i], range[0], range[1]);
        plan->kink[i] = kinks[i];
    }
    plan->kinks = n;
    plan->tol = tol;
    plan->has_df = has_df;
    place_scouts(plan);
    return check_room(plan, err);
}

size_t mf_tabulation_wanted(const mf_tabulation *plan, double *t) {
    if (plan->scouted < plan->scouts && !plan->located) {
        size_t n = plan->scouts - plan->scouted;
        if (n > MF_TABULATION_BATCH)
            n = MF_TABULATION_BATCH;
        for (size_t i = 0; i < n; ++i)
            t[i] = plan->scout[plan->scouted + i][0];
        return n;
    }
    if (!plan->located) {
        for (size_t i = 0; i < 2 * POWERS; ++i) {
            t[i] = tail_point(i);
            t[2 * POWERS + i] = -tail_point(i);
        }
        return 4 * (size_t)POWERS;
    }
    if (plan->pending == 0)
        return 0;
    const double *top = plan->stack[plan->pending - 1];
    double middle = (top[0] + top[1]) / 2, half = (top[1] - top[0]) / 2;
    for (size_t j = 0; j < TERMS; ++j)
        t[j] = middle + half * mf_chebyshev_root(TERMS, j);
    for (size_t j = 0; j < CHECKS; ++j)
        t[TERMS + j] = middle + half * mf_chebyshev_between(TERMS, j);
    return TERMS + CHECKS;
}

/* Whether all scouts beyond T on one side lie on the line. */
static bool scouts_agree(const mf_tabulation *plan, double sign, double T, double slope,
                         double offset) {
    for (size_t i = 0; i < plan->scouts; ++i) {
        const double *s = sign > 0 ? plan->scout[plan->scouts - 1 - i] : plan->scout[i];
        if (sign * s[0] < T)
            return true;
        if (isfinite(s[1]) &&
            !(fabs(slope * s[0] + offset - s[1]) <= plan->tol * fmax(1, fabs(s[1]))))
            return false;
    }
    return true;
}

/* The smallest power of 2 beyond which the samples f (on one side) lie on the line through
 * the first two powers; not-finite samples far out (overflow inside f) are passed over.     */
static double find_tail(const mf_tabulation *plan, const double *f, double sign, double *slope,
                        double *offset) {
    double beyond = 0;
    for (size_t i = 0; i < plan->kinks; ++i)
        beyond = fmax(beyond, sign * plan->kink[i]);
    for (size_t i = 0; i + 6 < 2 * POWERS; i += 2) {
        double T = tail_point(i), scale = plan->tol * fmax(1, fabs(f[i]));
        if (T <= beyond)
            continue;
        double rise = f[i + 2] - f[i];
        *slope = fabs(rise) <= scale ? 0 : sign * rise / T;
        *offset = *slope == 0 ? f[i] : f[i] - *slope * sign * T;
        bool straight = isfinite(f[i + 2]) && isfinite(f[i + 4]) && isfinite(f[i + 6]);
        for (size_t j = i + 1; straight && j < 2 * POWERS; ++j)
            straight = !isfinite(f[j]) || fabs(*slope * sign * tail_point(j) + *offset - f[j]) <=
                                                  plan->tol * fmax(1, fabs(f[j]));
        if (straight && scouts_agree(plan, sign, T, *slope, *offset))
            return T;
    }
    return 0;
}

static void push(mf_tabulation *plan, double from, double to) {
    if (plan->pending == MF_TABULATION_BATCH) {
        plan->full = true;
        return;
    }
    plan->stack[plan->pending][0] = from;
    plan->stack[plan->pending++][1] = to;
}

/* All first intervals, rightmost first: dyadic ones cut at the kinks. */
static void push_intervals(mf_tabulation *plan, double left, double right) {
    size_t kink = plan->kinks;
    double to = right;
    while (to > left) {
        double from = to > 1 ? exp2(ceil(log2(to)) - 1) : to > 0 ? 0 : to > -1 ? -1 : 0;
        if (to <= -1)
            from = -exp2(floor(log2(-to)) + 1);
        from = fmax(from, left);
        while (kink > 0 && plan->kink[kink - 1] >= to)
            --kink;
        if (kink > 0)
            from = fmax(from, plan->kink[kink - 1]);
        push(plan, from, to);
        to = from;
    }
}

/* The looking around is over: panels from left to right. */
static mf_status locate(mf_tabulation *plan, double left, double right, mf_error *err) {
    plan->located = true;
    plan->scouted = 0;
    while (plan->scouted < plan->scouts && plan->scout[plan->scouted][0] < left)
        ++plan->scouted;
    plan->edge[0] = left;
    push_intervals(plan, left, right);
    return check_room(plan, err);
}

static mf_status feed_tails(mf_tabulation *plan, const double *f, mf_error *err) {
    mf_activation_tails *tails = &plan->tails;
    double right = find_tail(plan, f, 1, &tails->slope_right, &tails->offset_right);
    double left = find_tail(plan, f + 2 * POWERS, -1, &tails->slope_left, &tails->offset_left);
    if (right == 0 || left == 0)
        return mf_fail(err, MF_EACCURACY,
                       "f does not become a straight line as t -> %s: f(%g) = %g, f(%g) = %g",
                       right == 0 ? "inf" : "-inf", right == 0 ? 16.0 : -16.0,
                       right == 0 ? f[0] : f[2 * POWERS], right == 0 ? 1024.0 : -1024.0,
                       right == 0 ? f[12] : f[2 * POWERS + 12]);
    return locate(plan, -left, right, err);
}

static void fit(const double *f, double *c) {
    double A[TERMS * TERMS];
    mf_chebyshev_from_roots(TERMS, A);
    for (size_t k = 0; k < TERMS; ++k) {
        c[k] = 0;
        for (size_t j = 0; j < TERMS; ++j)
            c[k] += A[k * TERMS + j] * f[j];
    }
}

/* The fit's largest error at the scouts in [from, to); next: the first scout after these. */
static double scouted_error(const mf_tabulation *plan, const double *c, double from, double to,
                            size_t *next) {
    double worst = 0;
    size_t i = plan->scouted;
    for (; i < plan->scouts && plan->scout[i][0] < to; ++i) {
        const double *s = plan->scout[i];
        double value = mf_chebyshev_sum(TERMS, c, (2 * s[0] - from - to) / (to - from));
        worst = fmax(worst, isfinite(s[1]) ? fabs(value - s[1]) / fmax(1, fabs(s[1])) : HUGE_VAL);
    }
    *next = i;
    return worst;
}

/* Whether the fit c of the interval from the last edge on starts where what is left of it ended. */
static bool joins(const mf_tabulation *plan, double before, double after) {
    return fabs(after - before) <= 30 * plan->tol * fmax(1, fabs(before));
}

static double line(double slope, double offset, double t) {
    return slope == 0 ? offset : offset + slope * t;
}

/* Accepts the fit of the top interval or halves it. */
static mf_status feed_panel(mf_tabulation *plan, const double *f, const double *df, mf_error *err) {
    double from = plan->stack[plan->pending - 1][0], to = plan->stack[plan->pending - 1][1];
    double middle = (from + to) / 2, half = (to - from) / 2, worst = 0, worst_df = 0, at = 0,
           c[TERMS];
    fit(f, c);
    for (size_t j = 0; j < CHECKS; ++j) {
        double slope, exact = f[TERMS + j];
        double value = mf_chebyshev_slope(TERMS, c, mf_chebyshev_between(TERMS, j), &slope);
        worst = fmax(worst, fabs(value - exact) / fmax(1, fabs(exact)));
        if (!df)
            continue;
        double off = fabs(slope / half - df[TERMS + j]) / fmax(1, fabs(df[TERMS + j]));
        if (off > worst_df) {
            worst_df = off;
            at = middle + half * mf_chebyshev_between(TERMS, j);
        }
    }
    if (worst <= plan->tol && worst_df > 1e-3)
        return mf_fail(err, MF_EINVAL, "df is not the derivative of f near t = %.9g", at);
    size_t next;
    worst = fmax(worst, scouted_error(plan, c, from, to, &next));
    --plan->pending;
    if (worst > plan->tol || worst_df > 100 * sqrt(plan->tol)) {
        if (!(half > 4 * DBL_EPSILON * fmax(fabs(from), fabs(to))))
            return mf_fail(err, MF_EACCURACY, "f jumps near t = %.9g", middle);
        push(plan, middle, to);
        push(plan, from, middle);
        return MF_OK;
    }
    if (plan->panels == MF_TABLE_PANELS)
        return mf_fail(err, MF_EACCURACY,
                       "more than %d pieces before t = %.9g: f is too rough for tol = %g",
                       MF_TABLE_PANELS, from, plan->tol);
    const mf_activation_tails *tails = &plan->tails;
    double left = plan->panels ? mf_chebyshev_sum(TERMS, plan->coef[plan->panels - 1], 1)
                               : line(tails->slope_left, tails->offset_left, from);
    bool first = plan->panels == 0, last = plan->pending == 0;
    if (!(first && plan->ranged) && !joins(plan, left, mf_chebyshev_sum(TERMS, c, -1)))
        return mf_fail(err, MF_EACCURACY, "f jumps at t = %.9g, from %g to %g", from, left,
                       mf_chebyshev_sum(TERMS, c, -1));
    if (last && !plan->ranged &&
        !joins(plan, mf_chebyshev_sum(TERMS, c, 1),
               line(tails->slope_right, tails->offset_right, to)))
        return mf_fail(err, MF_EACCURACY, "f jumps at t = %.9g, from %g to %g", to,
                       mf_chebyshev_sum(TERMS, c, 1),
                       line(tails->slope_right, tails->offset_right, to));
    memcpy(plan->coef[plan->panels], c, sizeof c);
    plan->edge[++plan->panels] = to;
    plan->scouted = next;
    plan->error = fmax(plan->error, worst);
    return MF_OK;
}

mf_status mf_tabulation_feed(mf_tabulation *plan, const double *f, const double *df,
                             mf_error *err) {
    if (!plan->located && plan->scouted < plan->scouts) {
        for (size_t i = 0; i < MF_TABULATION_BATCH && plan->scouted < plan->scouts; ++i)
            plan->scout[plan->scouted++][1] = f[i];
        return plan->ranged && plan->scouted == plan->scouts
                       ? locate(plan, plan->edge[0], plan->high, err)
                       : MF_OK;
    }
    if (!plan->located)
        return feed_tails(plan, f, err);
    double t[MF_TABULATION_BATCH];
    size_t n = mf_tabulation_wanted(plan, t);
    for (size_t i = 0; i < n; ++i)
        if (!isfinite(f[i]) || (df && !isfinite(df[i])))
            return mf_fail(err, MF_EINVAL, "%s(%.17g) = %g is not a finite number",
                           isfinite(f[i]) ? "df" : "f", t[i], isfinite(f[i]) ? df[i] : f[i]);
    mf_status status = feed_panel(plan, f, df, err);
    return status < 0 ? status : check_room(plan, err);
}

size_t mf_tabulation_bytes(const mf_tabulation *plan) {
    return sizeof(mf_activation_table) +
           (plan->panels + 1 + plan->panels * (size_t)TERMS) * sizeof(double);
}

void mf_tabulation_finish(const mf_tabulation *plan, mf_activation_table *table) {
    table->panels = plan->panels;
    table->tails = plan->tails;
    table->ranged = plan->ranged;
    table->error = fmax(plan->error, plan->tol);
    memcpy(table->data, plan->edge, (plan->panels + 1) * sizeof(double));
    memcpy(table->data + plan->panels + 1, plan->coef, plan->panels * sizeof plan->coef[0]);
}
