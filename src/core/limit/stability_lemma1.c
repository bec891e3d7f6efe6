/* stability_lemma1.c: r_* and the margin of Lemma 1, from the features of a radial potential. */
#include "stability_lemma1.h"

#include "core/potentials/radial.h"
#include "search.h"

#include <float.h>
#include <gsl/gsl_blas.h>
#include <gsl/gsl_min.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>

#define SAME 1e-6 /* places closer than this, in t = r/(1 + r), are one local minimum */
#define NEAR 1e-3 /* as close to r_* its parabola speaks for R                         */

typedef struct {
    const mf_potential *potential;
    mf_search *search;
    size_t rank;
    double *m, *g; /* rank: f(r), and the force that the point mass at r exerts */
    void *scratch;
    mf_status status; /* the first failure of the potential: numbers mean nothing from then on */
    mf_error *err;
} lemma;

/* The direction of Psi(.; delta_r). */
static void aim(lemma *l, double r) {
    if (l->status >= 0)
        l->status = mf_potential_features(l->potential, 1, &r, 1, l->m, 1, l->err);
    mf_potential_force(l->potential, l->m, l->g);
}

static double psi(lemma *l, double r, double *slope) {
    double value = 0;
    if (slope)
        *slope = 0;
    if (l->status >= 0)
        l->status =
                mf_potential_field(l->potential, l->g, 1, &r, 1, &value, slope, l->scratch, l->err);
    return value;
}

/* R_d^(1)(r), the risk of the point mass at r. */
static double risk(lemma *l, double r) {
    aim(l, r);
    return mf_potential_risk(l->potential, l->m);
}

/* Half of the derivative of R_d^(1): <g, f'(r)>, at t = r/(1 + r). */
static double half_slope(double t, void *context) {
    lemma *l = context;
    double r = mf_from_compact(l->potential, 0, t), slope;
    aim(l, r);
    psi(l, r, &slope);
    return slope;
}

static mf_status minimize_risk(lemma *l, mf_lemma1 *out, mf_error *err) {
    const mf_potential *p = l->potential;
    size_t n = mf_search_samples(l->search, NULL);
    double *r = malloc(2 * n * sizeof *r), *value = r + n;
    if (!r)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu radii", n);
    mf_search_samples(l->search, r);
    for (size_t i = 0; i < n; ++i)
        value[i] = risk(l, r[i]);
    out->risk = HUGE_VAL;
    for (size_t i = 0; i < n; ++i) {
        size_t before = i ? i - 1 : 0, after = i + 1 < n ? i + 1 : i;
        if (value[i] > value[before] || value[i] > value[after])
            continue;
        double at = r[i], low = value[i];
        double t =
                mf_search_minimum_between(l->search, half_slope, l, mf_to_compact(p, 0, r[before]),
                                          mf_to_compact(p, 0, r[after]));
        if (!isnan(t)) {
            at = mf_from_compact(p, 0, t);
            low = risk(l, at);
        }
        if (low < out->risk) {
            out->risk = low;
            out->r_star = at;
        }
    }
    free(r);
    return l->status;
}

/* The least of Psi(.; r_*) - Psi(r_*; r_*) over the local minima and ends other than r_*. */
static mf_status find_margin(lemma *l, mf_lemma1 *out, mf_error *err) {
    const mf_potential *p = l->potential;
    mf_minima minima;
    aim(l, out->r_star);
    double here = psi(l, out->r_star, NULL), star = mf_to_compact(p, 0, out->r_star);
    mf_status status = mf_search_minima(l->search, l->g, &minima, err);
    if (status < 0)
        return status;
    double e = p->error + 16 * DBL_EPSILON;
    out->margin = HUGE_VAL;
    for (size_t i = 0; i < minima.n; ++i) {
        double r = minima.theta[i], margin = minima.value[i] - here;
        double far = fabs(mf_to_compact(p, 0, r) - star);
        int is_end = r == 0 || isinf(r); /* ends win ties: Psi is flat to all digits near 0 */
        if (far < SAME || (far < 1e4 * SAME && fabs(margin) < 8 * e))
            continue;
        if (margin < out->margin + (is_end ? e : 0)) {
            out->margin = fmin(margin, out->margin);
            out->at = r;
        }
    }
    return l->status;
}

/* margin as a function of the place t where r_* is taken to be. */
static double margin_from(lemma *l, double t, double at) {
    double r = mf_from_compact(l->potential, 0, t);
    aim(l, r);
    return psi(l, at, NULL) - psi(l, r, NULL);
}

/* Where R is flat near an end, or has a second minimum as deep, its errors (6 e) leave open which
 * radius is r_*: the most that the margin changes over those looked at, away from r_* itself. */
static double margin_spread(lemma *l, const mf_lemma1 *m, double e) {
    double star = mf_to_compact(l->potential, 0, m->r_star), spread = 0;
    size_t n = mf_search_samples(l->search, NULL);
    for (size_t i = 0; i < n; ++i) {
        double r = mf_search_sample(l->search, i), t = mf_to_compact(l->potential, 0, r);
        int near = star > NEAR && star < 1 - NEAR && fabs(t - star) < NEAR;
        if (!near && risk(l, r) <= m->risk + 6 * e)
            spread = fmax(spread, fabs(margin_from(l, t, m->at) - m->margin));
    }
    return spread;
}

/* What the errors of V and U (each at most e) do to the margin: 4 e where it is read off, and
 * more through r_*. The values alone say R(r_*) <= min R + 6 e, which leaves r_* uncertain by
 * sqrt(12 e/R''). The slopes say more: an error that looks like a polynomial of degree DEGREE
 * on the panel where r_* lies has a derivative of at most DEGREE^2 e/(half a panel), by
 * Markov's inequality.                                                                    */
static double margin_error(lemma *l, const mf_lemma1 *m) {
    enum { DEGREE = 20 };
    const mf_potential *p = l->potential;
    double size = 1 + fabs(p->risk0) + cblas_dnrm2((int)l->rank, l->g, 1);
    double e = p->error + 16 * DBL_EPSILON * size * size;
    double t = mf_to_compact(p, 0, m->r_star), h = NEAR / 10, shift = 0;
    if (t > 2 * h && t < 1 - 2 * h) {
        double stretch = mf_compact_stretch(p, 0, m->r_star);
        double curvature = (half_slope(t + h, l) - half_slope(t - h, l)) * stretch / h;
        double slope_error = 3 * e * DEGREE * DEGREE / mf_search_resolution(l->search, t);
        double step = fmin(sqrt(12 * e / fmax(curvature, 0)), slope_error / fmax(curvature, 0));
        double change = fabs(margin_from(l, t + h, m->at) - margin_from(l, t - h, m->at));
        shift = change > 0 ? change / (2 * h) * step : 0;
    }
    return 4 * e + fmax(shift, margin_spread(l, m, e)) + 2 * mf_search_error(l->search);
}

mf_status mf_lemma1_check(const mf_potential *potential, mf_lemma1 *out, mf_error *err) {
    if (potential->dim != 1 || !mf_is_radius(potential, 0))
        return mf_fail(err, MF_EUNSUPPORTED, "Lemma 1 needs a radial potential, got %s",
                       potential->ops->name);
    if (!mf_potential_is_square(potential))
        return mf_fail(err, MF_EUNSUPPORTED, "Lemma 1 is about the square loss, not the %s loss",
                       mf_loss_name(&potential->nodes->loss));
    lemma l = {.potential = potential, .rank = potential->rank, .err = err};
    size_t bytes = mf_potential_scratch(potential, 1);
    double low = 0, high = HUGE_VAL;
    l.m = calloc(2 * l.rank, sizeof *l.m);
    l.g = l.m ? l.m + l.rank : NULL;
    l.scratch = aligned_alloc(64, (bytes + 64) / 64 * 64);
    mf_status status = l.m && l.scratch ? MF_OK : mf_fail(err, MF_ENOMEM, "no memory");
    if (status >= 0)
        status = mf_search_new(&l.search, potential, &low, &high, fmax(1e-13, potential->error), 0,
                               err);
    if (status >= 0)
        status = minimize_risk(&l, out, err);
    if (status >= 0)
        status = find_margin(&l, out, err);
    if (status >= 0) {
        out->error = margin_error(&l, out);
        status = l.status;
    }
    mf_search_free(l.search);
    free(l.scratch);
    free(l.m);
    return status;
}

/* ---- the interval of stable Delta ------------------------------------------------------------ */

#define COARSE 1e-8 /* accuracy of potentials that look for the interval ... */
#define FINE 1e-13  /* ... and of those that find its ends                   */

enum { SCAN = 20 };

typedef struct {
    const mf_activation *activation;
    double d, tol;
    mf_lemma1 last;   /* of the latest Delta */
    mf_status status; /* negative: give up */
    const mf_flag *stop;
    mf_error *err;
} family;

/* The margin at Delta; NAN, with f->status, if it cannot be had. */
static double margin_at(double delta, void *context) {
    family *f = context;
    mf_radial_spec spec = {.activation = *f->activation, .delta = delta, .d = f->d, .tol = f->tol};
    mf_potential *potential = NULL;
    if (f->status >= 0)
        f->status = mf_poll(f->stop, f->err);
    if (f->status >= 0)
        f->status = mf_radial_new(&spec, &potential, f->stop, f->err);
    if (f->status >= 0)
        f->status = mf_lemma1_check(potential, &f->last, f->err);
    mf_potential_free(potential);
    return f->status < 0 ? NAN : f->last.margin;
}

/* Finds the end between a stable and an unstable Delta. `at` and `error` as in the result. */
static mf_status find_end(family *f, double stable, double unstable, double tol, double *end,
                          double *at, double *error) {
    gsl_root_fsolver *root = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    gsl_function function = {margin_at, f};
    double low = fmin(stable, unstable), high = fmax(stable, unstable);
    if (!root)
        return mf_fail(f->err, MF_ENOMEM, "no memory");
    f->tol = FINE;
    int code = gsl_root_fsolver_set(root, &function, low, high);
    for (int i = 0; i < 60 && !code && f->status >= 0; ++i) {
        low = gsl_root_fsolver_x_lower(root);
        high = gsl_root_fsolver_x_upper(root);
        if (high - low < tol / 8)
            break;
        code = gsl_root_fsolver_iterate(root);
    }
    *end = gsl_root_fsolver_root(root);
    gsl_root_fsolver_free(root);
    if (f->status < 0)
        return f->status;
    if (code)
        return mf_fail(f->err, MF_EACCURACY, "no end of the interval between %g and %g", low, high);

    margin_at(*end, f);
    *at = f->last.at;
    double error_here = f->last.error, here = f->last.margin;
    /* the slope of the margin turns its error into the end's */
    double step = copysign(fmin(tol, fmin(*end, 1 - *end) / 4), unstable - stable);
    *error = high - low + error_here * fabs(step / (margin_at(*end + step, f) - here));
    return f->status;
}

static double scan_point(int i) {
    return i / (double)(SCAN + 1);
}

/* Indices of the longest run of positive margins; first > last if there is none. */
static void longest_run(const double *margin, int *first, int *last) {
    *first = 1;
    *last = 0;
    for (int i = 1, length = 0; i <= SCAN; ++i) {
        length = margin[i] > 0 ? length + 1 : 0;
        if (length > *last - *first + 1) {
            *last = i;
            *first = i - length + 1;
        }
    }
}

static double minus_margin(double delta, void *context) {
    return -margin_at(delta, context);
}

/* Climbs from the best scanned Delta until a margin is positive or at its maximum. */
static mf_status climb(family *f, const double *margin, int at, double *delta, double *best) {
    gsl_min_fminimizer *climber = gsl_min_fminimizer_alloc(gsl_min_fminimizer_brent);
    gsl_function function = {minus_margin, f};
    *delta = scan_point(at);
    *best = margin[at];
    if (!climber)
        return mf_fail(f->err, MF_ENOMEM, "no memory");
    int code = at == 1 || at == SCAN ||
               gsl_min_fminimizer_set_with_values(climber, &function, *delta, -*best,
                                                  scan_point(at - 1), -margin[at - 1],
                                                  scan_point(at + 1), -margin[at + 1]);
    for (int i = 0; i < 40 && !code && *best <= 0 && f->status >= 0; ++i) {
        code = gsl_min_fminimizer_iterate(climber);
        *delta = gsl_min_fminimizer_x_minimum(climber);
        *best = -gsl_min_fminimizer_f_minimum(climber);
    }
    gsl_min_fminimizer_free(climber);
    if (fabs(*best) <= f->last.error)
        *best = 0;
    return f->status;
}

static mf_status scan(family *f, double *margin, int *best) {
    *best = 1;
    for (int i = 1; i <= SCAN; ++i) {
        margin[i] = margin_at(scan_point(i), f);
        if (fabs(margin[i]) <= f->last.error)
            margin[i] = 0; /* undecided is not stable */
        if (f->status < 0)
            return f->status;
        if (margin[i] > margin[*best])
            *best = i;
    }
    return MF_OK;
}

/* From stable down to an unstable Delta, or 0 if there is none above tol. */
static double step_down(family *f, double *stable, double tol) {
    while (*stable > tol && f->status >= 0) {
        if (!(margin_at(*stable / 2, f) > 0))
            return *stable / 2;
        *stable /= 2;
    }
    return 0;
}

mf_status mf_lemma1_find_interval(const mf_activation *activation, double d, double tol,
                                  mf_lemma1_interval *out, const mf_flag *stop, mf_error *err) {
    family state = {.activation = activation, .d = d, .tol = COARSE, .stop = stop, .err = err};
    family *f = &state;
    double margin[SCAN + 1];
    int best, first, last;
    *out = (mf_lemma1_interval){NAN, NAN, NAN, NAN, 0, 0, NAN, NAN};
    mf_status status = scan(f, margin, &best);
    if (status != MF_OK)
        return status;
    out->best = scan_point(best);
    out->best_margin = margin[best];
    longest_run(margin, &first, &last);
    double low = scan_point(first), high = scan_point(last);
    double below = scan_point(first - 1), above = scan_point(last + 1);
    if (first > last) {
        status = climb(f, margin, best, &out->best, &out->best_margin);
        f->tol = FINE;
        if (status >= 0 && out->best_margin < 0) { /* for certain */
            out->best_margin = margin_at(out->best, f);
            return f->status;
        }
        if (status >= 0)
            status = climb(f, margin, best, &out->best, &out->best_margin);
        if (status < 0 || out->best_margin <= 0)
            return status;
        low = high = out->best;
        below = scan_point(best - 1);
        above = scan_point(best + 1);
    }
    f->tol = FINE;
    if (below == 0)
        below = step_down(f, &low, tol);
    out->low = 0;
    out->high = 1;
    if (below > 0 && f->status >= 0)
        f->status = find_end(f, low, below, tol, &out->low, &out->low_at, &out->low_error);
    if (above < 1 && f->status >= 0)
        f->status = find_end(f, high, above, tol, &out->high, &out->high_at, &out->high_error);
    if (f->status < 0)
        return f->status;
    return fmax(out->low_error, out->high_error) > tol ? MF_INEXACT : MF_OK;
}
