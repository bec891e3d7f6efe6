/* stability_rest.c: eps(r) on a grid, its extrema and its level, by Brent's method. */
#include "stability_rest.h"

#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>

enum { GRID = 1200, ITERATIONS = 200 };
static const double FIRST = 1e-7, LAST = 1e4; /* radii */

typedef struct {
    const mf_potential *pot;
    double directions;
    double eps; /* sought */
    double *m;  /* rank */
    void *scratch;
    gsl_root_fsolver *root;
    double risk, noise, pull; /* R, T and r dPsi/dr at the latest radius */
    double r[GRID], value[GRID], error[GRID];
    mf_status status; /* the first failure: numbers mean nothing from then on */
    mf_error *err;
} search;

static void note(search *s, mf_status status) {
    if (s->status >= 0)
        s->status = status;
}

/* dPsi/dr and T at n radii, for the law delta_at. */
static void balance(search *s, double at, size_t n, const double *r, double *slope, double *T) {
    double one = 1;
    mf_measure rho = {s->pot->space, 1, 1, 1, &at, &one};
    for (size_t i = 0; i < n; ++i)
        slope[i] = T[i] = NAN;
    if (s->status >= 0)
        note(s, mf_potential_mean(s->pot, &rho, s->m, s->scratch, s->err));
    if (s->status >= 0)
        note(s, mf_potential_step_noise(s->pot, 0, &rho, n, r, n, T, s->scratch, s->err));
    s->risk = mf_potential_risk(s->pot, s->m);
    mf_potential_force(s->pot, s->m, s->m);
    if (s->status >= 0)
        note(s, mf_potential_field(s->pot, s->m, n, r, n, NULL, slope, s->scratch, s->err));
}

static double step_at(search *s, double r) {
    double slope;
    balance(s, r, 1, &r, &slope, &s->noise);
    s->pull = r * slope;
    return s->pull / (s->directions * s->noise);
}

/* Of eps(r) at the latest radius: the potential's errors, once differentiated, and those of T. */
static double error_at(const search *s, double r) {
    double pull = 1e3 * s->pot->error * r / ((1 + r) * (1 + r));
    double step = s->pull / (s->directions * s->noise);
    return (pull / s->noise / s->directions) + fabs(step) * 1e-7 * s->risk / s->noise;
}

/* d eps/d log r by differences of order 4. */
static double slope_at(double r, void *context) {
    search *s = context;
    double h = 2e-3, far = step_at(s, r * exp(2 * h)) - step_at(s, r * exp(-2 * h));
    return (8 * (step_at(s, r * exp(h)) - step_at(s, r * exp(-h))) - far) / (12 * h);
}

static double excess_at(double r, void *context) {
    search *s = context;
    return step_at(s, r) - s->eps;
}

/* The zero of f in [low, high], NAN if its signs there agree. */
static double zero(search *s, double (*f)(double, void *), double low, double high) {
    gsl_function function = {f, s};
    double a = f(low, s), b = f(high, s);
    if (!(a * b <= 0) || gsl_root_fsolver_set(s->root, &function, low, high))
        return NAN;
    for (int i = 0; i < ITERATIONS && s->status >= 0; ++i) {
        double from = gsl_root_fsolver_x_lower(s->root), to = gsl_root_fsolver_x_upper(s->root);
        if (to - from <= 1e-13 * to || gsl_root_fsolver_iterate(s->root))
            break;
    }
    return gsl_root_fsolver_root(s->root);
}

/* ---- the three parts ------------------------------------------------------------------------- */

static mf_status look(search *s, mf_rest *out, const mf_flag *stop) {
    out->low = HUGE_VAL;
    out->high = 0;
    for (size_t i = 0; i < GRID && s->status >= 0; ++i) {
        double r = FIRST * pow(LAST / FIRST, (double)i / (GRID - 1)), value = step_at(s, r);
        s->r[i] = r;
        s->value[i] = s->noise > 1e-4 * s->risk ? value : NAN;
        s->error[i] = error_at(s, r);
        if (s->value[i] > 0) {
            out->low = fmin(out->low, value);
            out->high = fmax(out->high, value);
        }
        note(s, mf_poll(stop, s->err));
    }
    return s->status;
}

/* Whether eps(r) turns at grid point i, by more than its errors: +1 at a maximum, -1 at a minimum. */
static int turn(const search *s, size_t i) {
    double before = s->value[i] - s->value[i - 1], after = s->value[i] - s->value[i + 1];
    double error = s->error[i - 1] + s->error[i] + s->error[i + 1];
    if (!(s->value[i] > 0))
        return 0;
    return before > 0 && after > 0 && before + after > error    ? 1
           : before < 0 && after < 0 && before + after < -error ? -1
                                                                : 0;
}

static mf_status full(mf_error *err) {
    return mf_fail(err, MF_EACCURACY, "more than %d rest points or folds", (int)MF_REST_MOST);
}

static mf_status find_folds(search *s, mf_rest *out) {
    for (size_t i = 1; i + 1 < GRID && s->status >= 0; ++i) {
        int sign = turn(s, i);
        double r = sign ? zero(s, slope_at, s->r[i - 1], s->r[i + 1]) : NAN;
        if (isnan(r))
            continue;
        if (out->folds == MF_REST_MOST)
            return full(s->err);
        double eps = step_at(s, r);
        out->fold[out->folds++] = (mf_rest_fold){
                .eps = eps, .r = r, .risk = s->risk, .error = error_at(s, r), .below = sign > 0};
    }
    return s->status;
}

/* Rates at the rest point r, by differences of order 4 of the velocity -2 Psi' + 2 eps D T/r. */
static void find_rates(search *s, mf_rest_point *p) {
    const double weight[4] = {1. / 12, -8. / 12, 8. / 12, -1. / 12}, offset[4] = {-2, -1, 1, 2};
    double h = 1e-3 * p->r, r[4], slope[4], T[4], gain = s->eps * s->directions;
    for (int k = 0; k < 4; ++k)
        r[k] = p->r + h * offset[k];
    balance(s, p->r, 4, r, slope, T);
    p->risk = s->risk;
    for (int k = 0; k < 4; ++k)
        p->apart += 2 * weight[k] / h * (slope[k] - gain * T[k] / r[k]);
    for (int k = 0; k < 4; ++k) {
        balance(s, r[k], 1, &r[k], &slope[k], &T[k]);
        p->together += 2 * weight[k] / h * (slope[k] - gain * T[k] / r[k]);
    }
}

/* Rest points between neighbours of the grid, between which a fold may lie. */
static mf_status find_points(search *s, mf_rest *out) {
    for (size_t i = 0, fold = 0; i + 1 < GRID && s->status >= 0; ++i) {
        if (isnan(s->value[i]) || isnan(s->value[i + 1]))
            continue;
        for (double from = s->r[i], to; from < s->r[i + 1]; from = to) {
            while (fold < out->folds && out->fold[fold].r <= from)
                ++fold;
            to = fold < out->folds ? fmin(out->fold[fold].r, s->r[i + 1]) : s->r[i + 1];
            double r = zero(s, excess_at, from, to);
            if (isnan(r) || r == to) /* at `to` it is the next one's */
                continue;
            if (out->points == MF_REST_MOST)
                return full(s->err);
            mf_rest_point *p = &out->point[out->points++];
            *p = (mf_rest_point){.r = r};
            p->error = fmax(1e-13, error_at(s, r) / fabs(slope_at(r, s))) * r;
            find_rates(s, p);
        }
    }
    return s->status;
}

mf_status mf_rest_find(const mf_potential *pot, double directions, double eps, mf_rest *out,
                       const mf_flag *stop, mf_error *err) {
    *out = (mf_rest){.points = 0};
    if (pot->dim != 1 || !mf_is_radius(pot, 0))
        return mf_fail(err, MF_EUNSUPPORTED,
                       "rest points are looked for in one radius; a %s potential has %zu "
                       "coordinates",
                       pot->ops->name, pot->dim);
    size_t head = (pot->rank * sizeof(double) + 63) & ~(size_t)63;
    size_t bytes = head + mf_potential_scratch(pot, 4) + 64;
    search *s = calloc(1, sizeof *s);
    double *work = aligned_alloc(64, bytes & ~(size_t)63);
    gsl_root_fsolver *root = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    mf_status status = MF_OK;
    if (!s || !work || !root) {
        status = mf_fail(err, MF_ENOMEM, "no memory for rest points");
    } else {
        *s = (search){.pot = pot, .directions = directions, .eps = eps, .root = root, .err = err};
        s->m = work;
        s->scratch = (char *)work + head;
        status = look(s, out, stop);
        if (status >= 0)
            status = find_folds(s, out);
        if (status >= 0 && eps > 0)
            status = find_points(s, out);
    }
    if (root)
        gsl_root_fsolver_free(root);
    free(work);
    free(s);
    return status;
}
