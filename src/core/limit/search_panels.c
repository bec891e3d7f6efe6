/* search_panels.c: one coordinate: the curve of features as Chebyshev polynomials on panels, whose
 * minima are found and bounded from below for certain.                                      */
#include "search_parts.h"

#include "core/base/chebyshev.h"

#include <float.h>
#include <gsl/gsl_blas.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    NODES = 17,   /* the extremes of T_16                                      */
    SAMPLES = 33, /* points a panel that look for minima                       */
    CHECKS = 4,   /* points a panel that measure what its polynomials miss     */
    POINTS = NODES + CHECKS,
    REFERENCES = 33, /* points of the whole domain                                */
    DEPTH = 20,      /* a panel is cut at most so often                           */
    PANELS_MAX = 1024
};

/* A panel in s in [-1, 1], t = mid + half s; coef[panel * NODES + k] are the k-th Chebyshev
 * coefficients of all features. */
typedef struct {
    double mid, half;
} panel;

struct mf_search_panels {
    panel *panels;
    double *coef, *series, *sample; /* rank and 1 columns; PANELS x SAMPLES */
    double *miss;                   /* other losses: each panel's, rank x CHECKS; else NULL */
    size_t count, room;
    double error, size, tol;
    gsl_root_fsolver *root;
    double point_at[POINTS]; /* nodes and check points in [-1, 1]                */
    double transform[NODES * NODES], at_check[CHECKS * NODES], at_sample[SAMPLES * NODES];
};

/* What making the panels needs besides: all rank x columns, columns contiguous. */
typedef struct {
    double *points;    /* POINTS: features at a panel's nodes, then at its check points */
    double *reference; /* REFERENCES: features over the whole domain                    */
    double *miss;      /* CHECKS: polynomials less features                             */
} fitting;

static mf_status features_at(const mf_search *s, size_t n, double mid, double half,
                             const double *at, double *F, mf_error *err) {
    double theta[POINTS > REFERENCES ? POINTS : REFERENCES];
    for (size_t j = 0; j < n; ++j)
        theta[j] = mf_from_compact(s->potential, 0, fmin(mid + half * at[j], s->high[0]));
    mf_status status = mf_potential_features(s->potential, n, theta, n, F, n, err);
    if (status < 0)
        return status;
    for (size_t i = 0; i < n * s->rank; ++i)
        if (!isfinite(F[i]))
            return mf_fail(err, MF_EDOMAIN,
                           "the features are not finite on the domain up to %g (an unbounded "
                           "activation needs a bounded domain)",
                           mf_from_compact(s->potential, 0, s->high[0]));
    return MF_OK;
}

static mf_status more_room(mf_search *s, mf_error *err) {
    size_t room = s->one->room ? 2 * s->one->room : 32;
    double *coef = realloc(s->one->coef, sizeof *coef * room * NODES * s->rank);
    s->one->coef = coef ? coef : s->one->coef;
    panel *panels = realloc(s->one->panels, sizeof *panels * room);
    s->one->panels = panels ? panels : s->one->panels;
    double *series = realloc(s->one->series, sizeof *series * room * NODES);
    s->one->series = series ? series : s->one->series;
    double *sample = realloc(s->one->sample, sizeof *sample * room * SAMPLES);
    s->one->sample = sample ? sample : s->one->sample;
    double *miss = NULL;
    if (!mf_potential_is_square(s->potential)) {
        miss = realloc(s->one->miss, sizeof *miss * room * CHECKS * s->rank);
        s->one->miss = miss ? miss : s->one->miss;
    }
    if (!coef || !panels || !series || !sample || (!miss && !mf_potential_is_square(s->potential)))
        return mf_fail(err, MF_ENOMEM, "no memory for %zu panels of rank %zu", room, s->rank);
    s->one->room = room;
    return MF_OK;
}

/* How much <b + m, f> can be wrong between the nodes, m in the convex hull of the features:
 * the inner products of what the polynomials miss with b and with features, here and over
 * the whole domain. Single features may be noise to the digits that no inner product sees. */
static double misfit(const mf_search *s, const fitting *w) {
    const double *b = s->potential->b;
    int rank = (int)s->rank;
    double with_b[CHECKS], products[CHECKS * (POINTS + REFERENCES)], worst = 0;
    cblas_dgemv(CblasRowMajor, CblasTrans, rank, CHECKS, 1, w->miss, CHECKS, b, 1, 0, with_b, 1);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, CHECKS, POINTS, rank, 1, w->miss, CHECKS,
                w->points, POINTS, 0, products, POINTS + REFERENCES);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, CHECKS, REFERENCES, rank, 1, w->miss,
                CHECKS, w->reference, REFERENCES, 0, products + POINTS, POINTS + REFERENCES);
    for (int i = 0; i < CHECKS; ++i)
        for (int j = 0; j < POINTS + REFERENCES; ++j)
            worst = fmax(worst, fabs(with_b[i]) + fabs(products[i * (POINTS + REFERENCES) + j]));
    return worst;
}

/* Adds the panel if its polynomials are good enough (or it cannot be cut further), else its
 * halves, from left to right.                                                             */
static mf_status add_panels(mf_search *s, panel p, int depth, const fitting *w, mf_error *err) {
    mf_status status = s->one->count < s->one->room ? MF_OK : more_room(s, err);
    if (status >= 0)
        status = features_at(s, POINTS, p.mid, p.half, s->one->point_at, w->points, err);
    if (status < 0)
        return status;
    int rank = (int)s->rank;
    double *coef = s->one->coef + s->one->count * NODES * s->rank; /* NODES x rank */
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, NODES, rank, NODES, 1, s->one->transform,
                NODES, w->points, POINTS, 0, coef, rank);
    for (size_t f = 0; f < s->rank; ++f)
        for (size_t i = 0; i < CHECKS; ++i)
            w->miss[f * CHECKS + i] = -w->points[f * POINTS + NODES + i];
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasTrans, rank, CHECKS, NODES, 1, coef, rank,
                s->one->at_check, NODES, 1, w->miss, CHECKS);
    double miss = misfit(s, w);
    if (miss <= s->one->tol * s->one->size || depth == 0 || s->one->count + 2 > PANELS_MAX) {
        if (s->one->miss)
            memcpy(s->one->miss + s->one->count * CHECKS * s->rank, w->miss,
                   sizeof *w->miss * CHECKS * s->rank);
        s->one->panels[s->one->count++] = p;
        s->one->error =
                fmax(s->one->error, 2 * miss); /* the checks are no maximum: twice what they see */
        return MF_OK;
    }
    panel left = {p.mid - p.half / 2, p.half / 2}, right = {p.mid + p.half / 2, p.half / 2};
    status = add_panels(s, left, depth - 1, w, err);
    return status < 0 ? status : add_panels(s, right, depth - 1, w, err);
}

static mf_status make_panels(mf_search *s, const fitting *w, mf_error *err) {
    double at[REFERENCES], half = (s->high[0] - s->low[0]) / 2;
    for (int j = 0; j < REFERENCES; ++j)
        at[j] = -cos(M_PI * j / (REFERENCES - 1));
    mf_status status = features_at(s, REFERENCES, s->low[0] + half, half, at, w->reference, err);
    for (int j = 0; j < REFERENCES && status >= 0; ++j)
        s->one->size =
                fmax(s->one->size, pow(cblas_dnrm2((int)s->rank, w->reference + j, REFERENCES), 2));
    for (int i = 0; i < 4 && status >= 0; ++i) {
        panel p = {s->low[0] + (2 * i + 1) * half / 4, half / 4};
        status = add_panels(s, p, DEPTH, w, err);
    }
    return status;
}

static void make_tables(mf_search_panels *p) {
    static const double check[CHECKS] = {-0.8871, -0.3123, 0.2385, 0.9277};
    double slopes[NODES];
    for (size_t j = 0; j < NODES; ++j)
        p->point_at[j] = mf_chebyshev_extreme(NODES, j);
    mf_chebyshev_from_extremes(NODES, p->transform);
    for (size_t i = 0; i < CHECKS; ++i) {
        p->point_at[NODES + i] = check[i];
        mf_chebyshev_basis(NODES, check[i], p->at_check + i * NODES, slopes);
    }
    for (size_t i = 0; i < SAMPLES; ++i)
        mf_chebyshev_basis(NODES, -1 + 2.0 * (double)i / (SAMPLES - 1), p->at_sample + i * NODES,
                           slopes);
}

mf_status mf_search_panels_new(mf_search *s, double tol, mf_error *err) {
    double *block = malloc(sizeof *block * s->rank * (POINTS + REFERENCES + CHECKS));
    s->one = calloc(1, sizeof *s->one);
    if (s->one)
        s->one->root = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    if (!block || !s->one || !s->one->root) {
        free(block);
        return mf_fail(err, MF_ENOMEM, "no memory for %zu features", s->rank);
    }
    fitting w = {block, block + s->rank * POINTS, block + s->rank * (POINTS + REFERENCES)};
    make_tables(s->one);
    s->one->tol = tol;
    s->one->size = 1;
    mf_status status = make_panels(s, &w, err);
    free(block);
    return status;
}

void mf_search_panels_free(mf_search_panels *p) {
    if (!p)
        return;
    free(p->panels);
    free(p->coef);
    free(p->series);
    free(p->sample);
    free(p->miss);
    if (p->root)
        gsl_root_fsolver_free(p->root);
    free(p);
}

/* ---- asking them ------------------------------------------------------------------------------ */

double mf_search_error(const mf_search *s) {
    return s->one->error;
}

/* The same for a g of any kind, which other losses have. */
static double error_of(const mf_search *s, const double *g) {
    double worst = 0, with_g[CHECKS];
    if (!s->one->miss)
        return s->one->error;
    for (size_t p = 0; p < s->one->count; ++p) {
        cblas_dgemv(CblasRowMajor, CblasTrans, (int)s->rank, CHECKS, 1,
                    s->one->miss + p * CHECKS * s->rank, CHECKS, g, 1, 0, with_g, 1);
        for (int i = 0; i < CHECKS; ++i)
            worst = fmax(worst, 2 * fabs(with_g[i]));
    }
    return worst;
}

double mf_search_resolution(const mf_search *s, double t) {
    size_t i = 0;
    while (i + 1 < s->one->count && t > s->one->panels[i].mid + s->one->panels[i].half)
        ++i;
    return s->one->panels[i].half;
}

/* What a minimizer of GSL carries around. */
typedef struct {
    mf_search *search;
    const double *g;
} objective;

/* The slope of <g, f> at t, with the sign of d/dt. */
static double slope(double t, void *context) {
    const objective *o = context;
    double theta = mf_from_compact(o->search->potential, 0, t), grad;
    mf_search_field(o->search, o->g, 1, &theta, NULL, &grad);
    return grad;
}

double mf_search_minimum_between(mf_search *s, double (*derivative)(double t, void *context),
                                 void *context, double t0, double t1) {
    gsl_function f = {derivative, context};
    if (t1 == 1 && mf_is_radius(s->potential, 0))
        t1 -= 1e-7; /* at infinity the slope in r is 0; a minimum beyond is not told from it */
    if (!(derivative(t0, context) < 0 && derivative(t1, context) > 0) ||
        gsl_root_fsolver_set(s->one->root, &f, t0, t1))
        return NAN;
    for (int i = 0; i < 80; ++i) {
        double low = gsl_root_fsolver_x_lower(s->one->root),
               high = gsl_root_fsolver_x_upper(s->one->root);
        if (high - low <= 4 * DBL_EPSILON * fabs(high) || gsl_root_fsolver_iterate(s->one->root))
            break;
    }
    return gsl_root_fsolver_root(s->one->root);
}

static void keep_t(mf_search *s, const double *g, double t) {
    double theta = mf_from_compact(s->potential, 0, t), value;
    mf_search_field(s, g, 1, &theta, &value, NULL);
    mf_search_keep(s, &theta, value);
}

static double sample_t(const mf_search *s, size_t i) {
    const panel *p = &s->one->panels[i / (SAMPLES - 1)];
    size_t j = i % (SAMPLES - 1);
    return p->mid + p->half * (-1 + 2.0 * (double)j / (SAMPLES - 1));
}

/* A bound from below of sum_k a_k T_k on mid +- half: the least value of its quadratic Taylor
 * polynomial, less the remainder, where m3 bounds the third derivative. Cut until the bound
 * is within slack of best, which near a minimum takes a few steps only.                  */
static double bound_piece(const double *a, double mid, double half, double m3, double best,
                          double slack) {
    double first, second, value = mf_chebyshev_bend(NODES, a, mid, &first, &second), low;
    if (second > 0 && fabs(first) < second * half)
        low = value - first * first / (2 * second);
    else
        low = value + second * half * half / 2 - fabs(first) * half;
    low = fmin(low, value) - m3 * half * half * half / 6;
    if (low >= best - slack || half < 1e-6)
        return low;
    return fmin(bound_piece(a, mid - half / 2, half / 2, m3, best, slack),
                bound_piece(a, mid + half / 2, half / 2, m3, best, slack));
}

static double bound_panel(const double *a, double best, double slack) {
    double m3 = 0; /* k^2 (k^2 - 1) (k^2 - 4) / 15 bounds the third derivative of T_k */
    for (int k = 3; k < NODES; ++k)
        m3 += fabs(a[k]) * (k * k) * (k * k - 1) * (k * k - 4) / 15.0;
    return bound_piece(a, 0, 1, m3, best, slack);
}

mf_status mf_search_panels_minima(mf_search *s, const double *g, mf_minima *out, mf_error *err) {
    s->found = 0;
    size_t rows = s->one->count * NODES, last = s->one->count * (SAMPLES - 1);
    double best = HUGE_VAL, bound = HUGE_VAL;
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)rows, (int)s->rank, 1, s->one->coef, (int)s->rank,
                g, 1, 0, s->one->series, 1);
    for (size_t i = 0; i < s->one->count; ++i)
        cblas_dgemv(CblasRowMajor, CblasNoTrans, SAMPLES, NODES, 1, s->one->at_sample, NODES,
                    s->one->series + i * NODES, 1, 0, s->one->sample + i * SAMPLES, 1);
    for (size_t i = 0; i < s->one->count * SAMPLES; ++i)
        best = fmin(best, s->one->sample[i]);
    double slack = 1e-13 * s->one->size;

    keep_t(s, g, s->low[0]);
    keep_t(s, g, s->high[0]);
    for (size_t i = 1; i < last; ++i) {
        const double *at = s->one->sample + i + i / (SAMPLES - 1); /* joints are sampled twice */
        double before = i % (SAMPLES - 1) ? at[-1] : at[-2];
        if (!(at[0] <= before && at[0] <= at[1] && fmax(before, at[1]) - at[0] > slack / 10))
            continue;
        double t = mf_search_minimum_between(s, slope, &(objective){s, g}, sample_t(s, i - 1),
                                             i + 1 < last ? sample_t(s, i + 1) : s->high[0]);
        keep_t(s, g, isnan(t) ? sample_t(s, i) : t);
    }
    best = fmin(best, s->value[0]);
    for (size_t i = 0; i < s->one->count; ++i)
        bound = fmin(bound, bound_panel(s->one->series + i * NODES, best, slack));
    return mf_search_finish(s, bound - error_of(s, g), out, err);
}

double mf_search_sample(const mf_search *s, size_t i) {
    int is_last = i == s->one->count * (SAMPLES - 1);
    return mf_from_compact(s->potential, 0, is_last ? s->high[0] : sample_t(s, i));
}

size_t mf_search_samples(const mf_search *s, double *theta) {
    size_t last = s->one->count * (SAMPLES - 1);
    for (size_t i = 0; theta && i <= last; ++i)
        theta[i] = mf_search_sample(s, i);
    return last + 1;
}
