/* lemma1.c: r_* and the margin of Lemma 1, from the features of a radial potential. */
#include "lemma1.h"

#include "radial.h"
#include "search.h"

#include <float.h>
#include <gsl/gsl_blas.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>

#define SAME 1e-6 /* places closer than this, in t = r/(1 + r), are one local minimum */

typedef struct {
    const mf_potential *potential;
    mf_search *search;
    size_t rank;
    double *g; /* rank: b + f(r) */
    void *scratch;
} lemma;

/* g = b + f(r): the direction of Psi(.; delta_r). */
static void aim(lemma *l, double r) {
    l->potential->ops->features(l->potential, 1, &r, 1, l->g, 1);
    cblas_daxpy((int)l->rank, 1, l->potential->b, 1, l->g, 1);
}

static double psi(lemma *l, double r, double *slope) {
    double value;
    l->potential->ops->field(l->potential, l->g, 1, &r, 1, &value, slope, l->scratch);
    return value;
}

/* R_d^(1)(r) = R_# - |b|^2 + |b + f(r)|^2. */
static double risk(lemma *l, double r) {
    const mf_potential *p = l->potential;
    aim(l, r);
    return p->risk0 - cblas_ddot((int)l->rank, p->b, 1, p->b, 1) +
           cblas_ddot((int)l->rank, l->g, 1, l->g, 1);
}

/* Half of the derivative of R_d^(1): <b + f(r), f'(r)>, at t = r/(1 + r). */
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
    return MF_OK;
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
    out->margin = HUGE_VAL;
    for (size_t i = 0; i < minima.n; ++i) {
        int is_star = fabs(mf_to_compact(p, 0, minima.theta[i]) - star) < SAME;
        if (!is_star && minima.value[i] - here < out->margin) {
            out->margin = minima.value[i] - here;
            out->at = minima.theta[i];
        }
    }
    return MF_OK;
}

/* margin as a function of the place t where r_* is taken to be. */
static double margin_from(lemma *l, double t, double at) {
    double r = mf_from_compact(l->potential, 0, t);
    aim(l, r);
    return psi(l, at, NULL) - psi(l, r, NULL);
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
    double t = mf_to_compact(p, 0, m->r_star), h = 1e-4, shift = 0;
    if (t > 2 * h && t < 1 - 2 * h) {
        double stretch = mf_compact_stretch(p, 0, m->r_star);
        double curvature = (half_slope(t + h, l) - half_slope(t - h, l)) * stretch / h;
        double slope_error = 3 * e * DEGREE * DEGREE / mf_search_resolution(l->search, t);
        double step = fmin(sqrt(12 * e / fmax(curvature, 0)), slope_error / fmax(curvature, 0));
        shift = fabs(margin_from(l, t + h, m->at) - margin_from(l, t - h, m->at)) / (2 * h) * step;
    }
    return 4 * e + shift + mf_search_error(l->search) * size;
}

mf_status mf_lemma1_check(const mf_potential *potential, mf_lemma1 *out, mf_error *err) {
    if (potential->dim != 1 || !mf_is_radius(potential, 0))
        return mf_fail(err, MF_EUNSUPPORTED, "Lemma 1 needs a radial potential, got %s",
                       potential->ops->name);
    lemma l = {.potential = potential, .rank = potential->rank};
    size_t bytes = potential->ops->scratch(potential, 1);
    double low = 0, high = HUGE_VAL;
    l.g = malloc(sizeof *l.g * l.rank);
    l.scratch = aligned_alloc(64, (bytes + 64) / 64 * 64);
    mf_status status = l.g && l.scratch ? MF_OK : mf_fail(err, MF_ENOMEM, "no memory");
    if (status >= 0)
        status = mf_search_new(&l.search, potential, &low, &high, fmax(1e-13, potential->error), 0,
                               err);
    if (status >= 0)
        status = minimize_risk(&l, out, err);
    if (status >= 0)
        status = find_margin(&l, out, err);
    if (status >= 0)
        out->error = margin_error(&l, out);
    mf_search_free(l.search);
    free(l.scratch);
    free(l.g);
    return status;
}

/* ---- the interval of stable Delta ------------------------------------------------------------ */

#define COARSE 1e-8 /* accuracy of potentials that look for the interval ... */
#define FINE 1e-13  /* ... and of those that find its ends                   */

enum { SCAN = 20 };

typedef struct {
    const mf_activation *activation;
    double d, tol;
    mf_lemma1 last; /* of the latest Delta */
    mf_status status;
    mf_error *err;
} family;

/* The margin at Delta; NAN, with f->status, if it cannot be had. */
static double margin_at(double delta, void *context) {
    family *f = context;
    mf_radial_spec spec = {*f->activation, delta, f->d, f->tol};
    mf_potential *potential = NULL;
    if (f->status >= 0)
        f->status = mf_radial_new(&spec, &potential, f->err);
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

    /* beyond the end, where the violation is plain; the slope turns the margin's error into the
     * end's */
    double step = copysign(16 * tol, unstable - stable), beyond = margin_at(*end + step, f);
    *at = f->last.at;
    *error = high - low + f->last.error / fabs(beyond / step);
    return f->status;
}

/* Indices of the longest run of positive margins. False if there is none. */
static int longest_run(const double *margin, int n, int *first, int *last) {
    int best = 0;
    for (int i = 0, length = 0; i < n; ++i) {
        length = margin[i] > 0 ? length + 1 : 0;
        if (length > best) {
            best = length;
            *last = i;
            *first = i - length + 1;
        }
    }
    return best > 0;
}

static double scan_point(int i) {
    return (i + 1) / (double)(SCAN + 1);
}

mf_status mf_lemma1_find_interval(const mf_activation *activation, double d, double tol,
                                  mf_lemma1_interval *out, const mf_flag *stop, mf_error *err) {
    family f = {.activation = activation, .d = d, .tol = COARSE, .err = err};
    double margin[SCAN];
    int first, last;
    *out = (mf_lemma1_interval){.low = 0, .high = 1, .low_at = NAN, .high_at = NAN};
    for (int i = 0; i < SCAN; ++i) {
        margin[i] = margin_at(scan_point(i), &f);
        if (f.status < 0)
            return f.status;
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
    }
    if (!longest_run(margin, SCAN, &first, &last))
        return mf_fail(err, MF_EACCURACY, "Lemma 1 holds for no Delta = %g, %g, ..., %g",
                       scan_point(0), scan_point(1), scan_point(SCAN - 1));

    double stable = scan_point(first), unstable = first ? scan_point(first - 1) : 0;
    f.tol = FINE;
    while (unstable == 0 && stable > tol && f.status >= 0) {
        if (margin_at(stable / 2, &f) > 0)
            stable /= 2;
        else
            unstable = stable / 2;
    }
    if (unstable > 0 && f.status >= 0)
        f.status = find_end(&f, stable, unstable, tol, &out->low, &out->low_at, &out->low_error);
    if (last + 1 < SCAN && f.status >= 0)
        f.status = find_end(&f, scan_point(last), scan_point(last + 1), tol, &out->high,
                            &out->high_at, &out->high_error);
    if (f.status < 0)
        return f.status;
    return fmax(out->low_error, out->high_error) > tol ? MF_INEXACT : MF_OK;
}
