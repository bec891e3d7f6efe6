/* search.c: panels of Chebyshev polynomials for one coordinate, multistart for more. */
#include "search.h"

#include "core/base/blas.h"

#include <assert.h>
#include <float.h>
#include <gsl/gsl_blas.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_qrng.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEGREE = 16,
    NODES = DEGREE + 1,
    SAMPLES = 33, /* points a panel that look for minima                          */
    CHECKS = 4,   /* points a panel that measure what its polynomials miss        */
    POINTS = NODES + CHECKS,
    REFERENCES = 33, /* points of the whole domain                             */
    DEPTH = 20,      /* a panel is cut at most so often                        */
    PANELS_MAX = 1024,
    CHUNK = 256,  /* starts evaluated at a time                                   */
    POLISHED = 16 /* of the starts                                                */
};

/* A panel in s in [-1, 1], t = mid + half s; coef[panel * NODES + k] are the k-th Chebyshev
 * coefficients of all features. */
typedef struct {
    double mid, half;
} panel;

struct mf_search {
    const mf_potential *potential;
    size_t dim, rank;
    double *low, *high; /* of t, dim each */
    double *theta, *value;
    size_t found;
    void *scratch;    /* of the potential, for CHUNK atoms */
    mf_status status; /* the potential's first failure in this search */
    mf_error *err;
    /* one coordinate */
    panel *panels;
    double *coef, *series, *sample; /* rank and 1 columns; PANELS x SAMPLES */
    size_t count, room;
    double error, size, tol;
    gsl_root_fsolver *root;
    double point_at[POINTS]; /* nodes and check points in [-1, 1]                */
    double transform[NODES * NODES], at_check[CHECKS * NODES], at_sample[SAMPLES * NODES];
    /* more coordinates */
    size_t starts;
    double *unit;                /* dim x starts, a low-discrepancy set in the unit cube */
    double *start, *start_value; /* t: dim x starts: that set, shifted anew in every turn */
    double turn;
    double *old;  /* t: dim x minima of the last call           */
    double *work; /* theta, dtheta, slopes; theta of a chunk    */
    gsl_multimin_fdfminimizer *minimizer;
    gsl_vector *point;
};

/* ---- making it ------------------------------------------------------------------------------ */

static void chebyshev_tables(mf_search *s) {
    static const double check[CHECKS] = {-0.8871, -0.3123, 0.2385, 0.9277};
    for (int j = 0; j < NODES; ++j)
        s->point_at[j] = -cos(M_PI * j / DEGREE);
    for (int i = 0; i < CHECKS; ++i)
        s->point_at[NODES + i] = check[i];
    for (int k = 0; k < NODES; ++k) {
        for (int j = 0; j < NODES; ++j) {
            double ends = (j == 0 || j == DEGREE ? 0.5 : 1) * (k == 0 || k == DEGREE ? 0.5 : 1);
            s->transform[k * NODES + j] = 2.0 / DEGREE * ends * cos(k * acos(s->point_at[j]));
        }
        for (int i = 0; i < CHECKS; ++i)
            s->at_check[i * NODES + k] = cos(k * acos(check[i]));
        for (int i = 0; i < SAMPLES; ++i)
            s->at_sample[i * NODES + k] = cos(k * acos(-1 + 2.0 * i / (SAMPLES - 1)));
    }
}

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
    size_t room = s->room ? 2 * s->room : 32;
    double *coef = realloc(s->coef, sizeof *coef * room * NODES * s->rank);
    s->coef = coef ? coef : s->coef;
    panel *panels = realloc(s->panels, sizeof *panels * room);
    s->panels = panels ? panels : s->panels;
    double *series = realloc(s->series, sizeof *series * room * NODES);
    s->series = series ? series : s->series;
    double *sample = realloc(s->sample, sizeof *sample * room * SAMPLES);
    s->sample = sample ? sample : s->sample;
    if (!coef || !panels || !series || !sample)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu panels of rank %zu", room, s->rank);
    s->room = room;
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
    mf_status status = s->count < s->room ? MF_OK : more_room(s, err);
    if (status >= 0)
        status = features_at(s, POINTS, p.mid, p.half, s->point_at, w->points, err);
    if (status < 0)
        return status;
    int rank = (int)s->rank;
    double *coef = s->coef + s->count * NODES * s->rank; /* NODES x rank */
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, NODES, rank, NODES, 1, s->transform, NODES,
                w->points, POINTS, 0, coef, rank);
    for (size_t f = 0; f < s->rank; ++f)
        for (size_t i = 0; i < CHECKS; ++i)
            w->miss[f * CHECKS + i] = -w->points[f * POINTS + NODES + i];
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasTrans, rank, CHECKS, NODES, 1, coef, rank,
                s->at_check, NODES, 1, w->miss, CHECKS);
    double miss = misfit(s, w);
    if (miss <= s->tol * s->size || depth == 0 || s->count + 2 > PANELS_MAX) {
        s->panels[s->count++] = p;
        s->error = fmax(s->error, 2 * miss); /* the checks are no maximum: twice what they see */
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
        s->size = fmax(s->size, pow(cblas_dnrm2((int)s->rank, w->reference + j, REFERENCES), 2));
    for (int i = 0; i < 4 && status >= 0; ++i) {
        panel p = {s->low[0] + (2 * i + 1) * half / 4, half / 4};
        status = add_panels(s, p, DEPTH, w, err);
    }
    return status;
}

static mf_status prepare_panels(mf_search *s, mf_error *err) {
    double *block = malloc(sizeof *block * s->rank * (POINTS + REFERENCES + CHECKS));
    s->root = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    if (!block || !s->root) {
        free(block);
        return mf_fail(err, MF_ENOMEM, "no memory for %zu features", s->rank);
    }
    fitting w = {block, block + s->rank * POINTS, block + s->rank * (POINTS + REFERENCES)};
    chebyshev_tables(s);
    s->size = 1;
    mf_status status = make_panels(s, &w, err);
    free(block);
    return status;
}

static mf_status prepare_starts(mf_search *s, mf_error *err) {
    gsl_qrng *points = gsl_qrng_alloc(s->dim <= 40 ? gsl_qrng_sobol : gsl_qrng_reversehalton,
                                      (unsigned)s->dim);
    double *t = malloc(sizeof *t * s->dim);
    s->unit = malloc(sizeof *s->unit * s->dim * s->starts);
    s->start = malloc(sizeof *s->start * s->dim * s->starts);
    s->start_value = malloc(sizeof *s->start_value * s->starts);
    s->old = malloc(sizeof *s->old * s->dim * MF_SEARCH_MINIMA);
    s->work = malloc(sizeof *s->work * s->dim * (3 + CHUNK));
    s->minimizer = gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, s->dim);
    s->point = gsl_vector_alloc(s->dim);
    int ok = points && t && s->unit && s->start && s->start_value && s->old && s->work &&
             s->minimizer && s->point;
    for (size_t i = 0; ok && i < s->starts; ++i) {
        gsl_qrng_get(points, t);
        for (size_t c = 0; c < s->dim; ++c)
            s->unit[c * s->starts + i] = t[c];
    }
    free(t);
    if (points)
        gsl_qrng_free(points);
    return ok ? MF_OK : mf_fail(err, MF_ENOMEM, "no memory for %zu starts", s->starts);
}

mf_status mf_search_new(mf_search **out, const mf_potential *potential, const double *low,
                        const double *high, double tol, size_t starts, mf_error *err) {
    size_t dim = potential->dim, bytes = mf_potential_scratch(potential, CHUNK);
    *out = NULL;
    if (!mf_blas_fits(potential->rank))
        return mf_fail(err, MF_EINVAL, "a rank of %zu is too large", potential->rank);
    mf_search *s = *out = calloc(1, sizeof *s);
    if (!s)
        return mf_fail(err, MF_ENOMEM, "no memory");
    *s = (mf_search){.potential = potential, .dim = dim, .rank = potential->rank, .tol = tol};
    s->starts = starts;
    s->low = malloc(sizeof(double) * dim);
    s->high = malloc(sizeof(double) * dim);
    s->theta = malloc(sizeof(double) * dim * MF_SEARCH_MINIMA);
    s->value = malloc(sizeof(double) * MF_SEARCH_MINIMA);
    s->scratch = aligned_alloc(64, (bytes + 64) / 64 * 64);
    mf_status status = s->low && s->high && s->theta && s->value && s->scratch
                               ? MF_OK
                               : mf_fail(err, MF_ENOMEM, "no memory");
    for (size_t c = 0; c < dim && status >= 0; ++c) {
        s->low[c] = mf_to_compact(s->potential, c, low[c]);
        s->high[c] = mf_to_compact(s->potential, c, high[c]);
        if (!(s->low[c] < s->high[c]) || isinf(s->low[c]) || isinf(s->high[c]))
            status = mf_fail(err, MF_EDOMAIN, "coordinate %zu: no interval from %g to %g", c + 1,
                             low[c], high[c]);
    }
    if (status >= 0)
        status = dim == 1 ? prepare_panels(s, err) : prepare_starts(s, err);
    if (status < 0) {
        mf_search_free(s);
        *out = NULL;
    }
    return status;
}

void mf_search_free(mf_search *s) {
    if (!s)
        return;
    double *const arrays[] = {s->low,    s->high, s->theta, s->value,       s->coef, s->series,
                              s->sample, s->unit, s->start, s->start_value, s->old,  s->work};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i)
        free(arrays[i]);
    free(s->panels);
    free(s->scratch);
    if (s->minimizer)
        gsl_multimin_fdfminimizer_free(s->minimizer);
    if (s->root)
        gsl_root_fsolver_free(s->root);
    gsl_vector_free(s->point);
    free(s);
}

double mf_search_error(const mf_search *s) {
    return s->error;
}

double mf_search_resolution(const mf_search *s, double t) {
    size_t i = 0;
    while (i + 1 < s->count && t > s->panels[i].mid + s->panels[i].half)
        ++i;
    return s->panels[i].half;
}

/* ---- keeping minima -------------------------------------------------------------------------- */

/* After a failure values are NaN and slopes 0, so that whoever looks for more stops soon. */
static void field(mf_search *s, const double *g, size_t n, const double *theta, double *value,
                  double *grad) {
    if (s->status >= 0)
        s->status =
                mf_potential_field(s->potential, g, n, theta, n, value, grad, s->scratch, s->err);
    for (size_t j = 0; value && s->status < 0 && j < n; ++j)
        value[j] = NAN;
    for (size_t i = 0; grad && s->status < 0 && i < n * s->dim; ++i)
        grad[i] = 0;
}

static int same_place(const mf_search *s, const double *theta, size_t i) {
    for (size_t c = 0; c < s->dim; ++c)
        if (fabs(mf_to_compact(s->potential, c, theta[c]) -
                 mf_to_compact(s->potential, c, s->theta[c * MF_SEARCH_MINIMA + i])) >
            1e-9 * (s->high[c] - s->low[c]))
            return 0;
    return 1;
}

/* Inserts a minimum in the order of values; the worst falls out when there is no room. */
static void keep(mf_search *s, const double *theta, double value) {
    for (size_t i = 0; i < s->found; ++i)
        if (same_place(s, theta, i))
            return;
    if (s->found == MF_SEARCH_MINIMA && value >= s->value[s->found - 1])
        return;
    size_t at = s->found < MF_SEARCH_MINIMA ? s->found++ : s->found - 1;
    for (; at > 0 && s->value[at - 1] > value; --at) {
        s->value[at] = s->value[at - 1];
        for (size_t c = 0; c < s->dim; ++c)
            s->theta[c * MF_SEARCH_MINIMA + at] = s->theta[c * MF_SEARCH_MINIMA + at - 1];
    }
    s->value[at] = value;
    for (size_t c = 0; c < s->dim; ++c)
        s->theta[c * MF_SEARCH_MINIMA + at] = theta[c];
}

static mf_status finish(mf_search *s, double bound, mf_minima *out, mf_error *err) {
    if (s->status < 0)
        return s->status;
    if (s->found == 0)
        return mf_fail(err, MF_EACCURACY, "no finite value of Psi on the domain");
    for (size_t c = 1; c < s->dim; ++c) /* close the rows up: the views have ld = n */
        memmove(s->theta + c * s->found, s->theta + c * MF_SEARCH_MINIMA,
                sizeof(double) * s->found);
    *out = (mf_minima){s->found, s->theta, s->value, fmin(bound, s->value[0])};
    return MF_OK;
}

/* What the minimizers of GSL carry around. */
typedef struct {
    mf_search *search;
    const double *g;
} objective;

/* ---- one coordinate ---------------------------------------------------------------------------- */

/* sum_k a_k T_k(x) with its first two derivatives. */
static double clenshaw(const double *a, double x, double *first, double *second) {
    double b1 = 0, b2 = 0, d1 = 0, d2 = 0, e1 = 0, e2 = 0;
    for (int k = DEGREE; k > 0; --k) {
        double e = 2 * x * e1 - e2 + 4 * d1, d = 2 * x * d1 - d2 + 2 * b1;
        double b = 2 * x * b1 - b2 + a[k];
        e2 = e1;
        e1 = e;
        d2 = d1;
        d1 = d;
        b2 = b1;
        b1 = b;
    }
    *first = x * d1 - d2 + b1;
    *second = x * e1 - e2 + 2 * d1;
    return x * b1 - b2 + a[0];
}

/* The slope of <g, f> at t, with the sign of d/dt. */
static double slope(double t, void *context) {
    const objective *o = context;
    double theta = mf_from_compact(o->search->potential, 0, t), grad;
    field(o->search, o->g, 1, &theta, NULL, &grad);
    return grad;
}

double mf_search_minimum_between(mf_search *s, double (*derivative)(double t, void *context),
                                 void *context, double t0, double t1) {
    gsl_function f = {derivative, context};
    if (t1 == 1 && mf_is_radius(s->potential, 0))
        t1 -= 1e-7; /* at infinity the slope in r is 0; a minimum beyond is not told from it */
    if (!(derivative(t0, context) < 0 && derivative(t1, context) > 0) ||
        gsl_root_fsolver_set(s->root, &f, t0, t1))
        return NAN;
    for (int i = 0; i < 80; ++i) {
        double low = gsl_root_fsolver_x_lower(s->root), high = gsl_root_fsolver_x_upper(s->root);
        if (high - low <= 4 * DBL_EPSILON * fabs(high) || gsl_root_fsolver_iterate(s->root))
            break;
    }
    return gsl_root_fsolver_root(s->root);
}

static void keep_t(mf_search *s, const double *g, double t) {
    double theta = mf_from_compact(s->potential, 0, t), value;
    field(s, g, 1, &theta, &value, NULL);
    keep(s, &theta, value);
}

static double sample_t(const mf_search *s, size_t i) {
    const panel *p = &s->panels[i / (SAMPLES - 1)];
    size_t j = i % (SAMPLES - 1);
    return p->mid + p->half * (-1 + 2.0 * (double)j / (SAMPLES - 1));
}

/* A bound from below of sum_k a_k T_k on mid +- half: the least value of its quadratic Taylor
 * polynomial, less the remainder, where m3 bounds the third derivative. Cut until the bound
 * is within slack of best, which near a minimum takes a few steps only.                  */
static double bound_piece(const double *a, double mid, double half, double m3, double best,
                          double slack) {
    double first, second, value = clenshaw(a, mid, &first, &second), low;
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
    for (int k = 3; k <= DEGREE; ++k)
        m3 += fabs(a[k]) * (k * k) * (k * k - 1) * (k * k - 4) / 15.0;
    return bound_piece(a, 0, 1, m3, best, slack);
}

static mf_status minima_on_curve(mf_search *s, const double *g, mf_minima *out, mf_error *err) {
    size_t rows = s->count * NODES, last = s->count * (SAMPLES - 1);
    double best = HUGE_VAL, bound = HUGE_VAL;
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)rows, (int)s->rank, 1, s->coef, (int)s->rank, g,
                1, 0, s->series, 1);
    for (size_t i = 0; i < s->count; ++i)
        cblas_dgemv(CblasRowMajor, CblasNoTrans, SAMPLES, NODES, 1, s->at_sample, NODES,
                    s->series + i * NODES, 1, 0, s->sample + i * SAMPLES, 1);
    for (size_t i = 0; i < s->count * SAMPLES; ++i)
        best = fmin(best, s->sample[i]);
    double slack = 1e-13 * s->size;

    keep_t(s, g, s->low[0]);
    keep_t(s, g, s->high[0]);
    for (size_t i = 1; i < last; ++i) {
        const double *at = s->sample + i + i / (SAMPLES - 1); /* joints are sampled twice */
        double before = i % (SAMPLES - 1) ? at[-1] : at[-2];
        if (!(at[0] <= before && at[0] <= at[1] && fmax(before, at[1]) - at[0] > slack / 10))
            continue;
        double t = mf_search_minimum_between(s, slope, &(objective){s, g}, sample_t(s, i - 1),
                                             i + 1 < last ? sample_t(s, i + 1) : s->high[0]);
        keep_t(s, g, isnan(t) ? sample_t(s, i) : t);
    }
    best = fmin(best, s->value[0]);
    for (size_t i = 0; i < s->count; ++i)
        bound = fmin(bound, bound_panel(s->series + i * NODES, best, slack));
    return finish(s, bound - s->error, out, err);
}

/* ---- more coordinates: t = low + (high - low) sin^2 u has no bounds ------------------------------ */

static void place(const mf_search *s, const gsl_vector *u, double *theta, double *dtheta) {
    for (size_t c = 0; c < s->dim; ++c) {
        double x = gsl_vector_get(u, c), width = s->high[c] - s->low[c];
        theta[c] = mf_from_compact(s->potential, c, s->low[c] + width * sin(x) * sin(x));
        dtheta[c] = isinf(theta[c])
                            ? 0
                            : mf_compact_stretch(s->potential, c, theta[c]) * width * sin(2 * x);
    }
}

static void objective_both(const gsl_vector *u, void *context, double *value, gsl_vector *grad) {
    const objective *o = context;
    size_t dim = o->search->dim;
    double *theta = o->search->work, *dtheta = theta + dim, *slopes = dtheta + dim;
    place(o->search, u, theta, dtheta);
    field(o->search, o->g, 1, theta, value, slopes);
    for (size_t c = 0; c < dim; ++c)
        gsl_vector_set(grad, c, slopes[c] * dtheta[c]);
}

static double objective_value(const gsl_vector *u, void *context) {
    const objective *o = context;
    double *theta = o->search->work, value;
    place(o->search, u, theta, theta + o->search->dim);
    field(o->search, o->g, 1, theta, &value, NULL);
    return value;
}

static void objective_gradient(const gsl_vector *u, void *context, gsl_vector *grad) {
    double value;
    objective_both(u, context, &value, grad);
}

/* Quasi-Newton descent from t (dim numbers with distance ld). A line search that cannot go on
 * has arrived as far as rounding lets it: what matters is the value it stands at.          */
static void descend(mf_search *s, const double *g, const double *t, size_t ld) {
    objective o = {s, g};
    gsl_multimin_function_fdf f = {objective_value, objective_gradient, objective_both, s->dim, &o};
    for (size_t c = 0; c < s->dim; ++c) {
        double share = (t[c * ld] - s->low[c]) / (s->high[c] - s->low[c]);
        gsl_vector_set(s->point, c, asin(sqrt(fmin(fmax(share, 0), 1))));
    }
    if (gsl_multimin_fdfminimizer_set(s->minimizer, &f, s->point, 0.01, 0.1))
        return;
    for (int i = 0; i < 200; ++i)
        if (gsl_multimin_fdfminimizer_iterate(s->minimizer) ||
            gsl_blas_dnrm2(s->minimizer->gradient) < 1e-13 * (1 + fabs(s->minimizer->f)))
            break;
    if (!isfinite(s->minimizer->f))
        return;
    place(s, s->minimizer->x, s->work, s->work + s->dim);
    keep(s, s->work, s->minimizer->f);
}

/* Every search begins elsewhere: what one overlooks another may find. */
static void shift_starts(mf_search *s) {
    for (size_t c = 0; c < s->dim; ++c)
        for (size_t i = c * s->starts; i < (c + 1) * s->starts; ++i) {
            double u = s->unit[i] + s->turn * 0.6180339887498949 * (double)(c + 1);
            s->start[i] = s->low[c] + (s->high[c] - s->low[c]) * (u - floor(u));
        }
    ++s->turn;
}

static void evaluate_starts(mf_search *s, const double *g) {
    double *theta = s->work + 3 * s->dim;
    for (size_t i = 0; i < s->starts; i += CHUNK) {
        size_t n = s->starts - i < CHUNK ? s->starts - i : CHUNK;
        for (size_t c = 0; c < s->dim; ++c)
            for (size_t j = 0; j < n; ++j)
                theta[c * n + j] =
                        mf_from_compact(s->potential, c, s->start[c * s->starts + i + j]);
        field(s, g, n, theta, s->start_value + i, NULL);
    }
}

/* The best start that is not yet crossed out; crosses out its neighbourhood. */
static size_t next_start(mf_search *s) {
    size_t best = s->starts;
    for (size_t i = 0; i < s->starts; ++i)
        if (s->start_value[i] < (best < s->starts ? s->start_value[best] : HUGE_VAL))
            best = i;
    for (size_t i = 0; best < s->starts && i < s->starts; ++i) {
        double far = 0;
        for (size_t c = 0; c < s->dim; ++c) {
            const double *row = s->start + c * s->starts;
            far = fmax(far, fabs(row[i] - row[best]) / (s->high[c] - s->low[c]));
        }
        if (far < 0.5 * pow((double)POLISHED, -1.0 / (double)s->dim))
            s->start_value[i] = HUGE_VAL;
    }
    return best;
}

static mf_status minima_in_box(mf_search *s, const double *g, size_t previous, mf_minima *out,
                               mf_error *err) {
    for (size_t i = 0; i < previous && i < POLISHED; ++i) /* they have hardly moved */
        descend(s, g, s->old + i, previous);
    shift_starts(s);
    evaluate_starts(s, g);
    for (int i = 0; i < POLISHED; ++i) {
        size_t best = next_start(s);
        if (best == s->starts)
            break;
        descend(s, g, s->start + best, s->starts);
    }
    return finish(s, HUGE_VAL, out, err);
}

/* ---- both -------------------------------------------------------------------------------------------- */

mf_status mf_search_minima(mf_search *s, const double *g, mf_minima *out, mf_error *err) {
    size_t previous = s->found;
    s->status = MF_OK;
    s->err = err;
    for (size_t c = 0; s->dim > 1 && c < s->dim; ++c)
        for (size_t i = 0; i < previous; ++i)
            s->old[c * previous + i] = mf_to_compact(s->potential, c, s->theta[c * previous + i]);
    s->found = 0;
    return s->dim == 1 ? minima_on_curve(s, g, out, err) : minima_in_box(s, g, previous, out, err);
}

double mf_search_sample(const mf_search *s, size_t i) {
    int is_last = i == s->count * (SAMPLES - 1);
    return mf_from_compact(s->potential, 0, is_last ? s->high[0] : sample_t(s, i));
}

size_t mf_search_samples(const mf_search *s, double *theta) {
    size_t last = s->count * (SAMPLES - 1);
    for (size_t i = 0; theta && i <= last; ++i)
        theta[i] = mf_search_sample(s, i);
    return last + 1;
}
