/* search_starts.c: more coordinates: a low-discrepancy set of starts, the best of them polished by a
 * quasi-Newton method in u, t = low + (high - low) sin^2 u, which has no bounds.             */
#include "search_parts.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_qrng.h>
#include <math.h>
#include <stdlib.h>

enum { POLISHED = 16 /* of the starts */ };

struct mf_search_starts {
    size_t starts;
    double *unit;                /* dim x starts, a low-discrepancy set in the unit cube */
    double *start, *start_value; /* t: dim x starts: that set, shifted anew in every turn */
    double turn;
    double *old;  /* t: dim x minima of the last call           */
    double *work; /* theta, dtheta, slopes; theta of a chunk    */
    gsl_multimin_fdfminimizer *minimizer;
    gsl_vector *point;
};

mf_status mf_search_starts_new(mf_search *s, size_t starts, mf_error *err) {
    gsl_qrng *points = gsl_qrng_alloc(s->dim <= 40 ? gsl_qrng_sobol : gsl_qrng_reversehalton,
                                      (unsigned)s->dim);
    double *t = malloc(sizeof *t * s->dim);
    mf_search_starts *m = s->more = calloc(1, sizeof *m);
    if (m) {
        *m = (mf_search_starts){.starts = starts};
        m->unit = malloc(sizeof *m->unit * s->dim * starts);
        m->start = malloc(sizeof *m->start * s->dim * starts);
        m->start_value = malloc(sizeof *m->start_value * starts);
        m->old = malloc(sizeof *m->old * s->dim * MF_SEARCH_MINIMA);
        m->work = malloc(sizeof *m->work * s->dim * (3 + MF_SEARCH_CHUNK));
        m->minimizer =
                gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, s->dim);
        m->point = gsl_vector_alloc(s->dim);
    }
    bool ok = points && t && m && m->unit && m->start && m->start_value && m->old && m->work &&
              m->minimizer && m->point;
    for (size_t i = 0; ok && i < starts; ++i) {
        gsl_qrng_get(points, t);
        for (size_t c = 0; c < s->dim; ++c)
            m->unit[c * starts + i] = t[c];
    }
    free(t);
    if (points)
        gsl_qrng_free(points);
    return ok ? MF_OK : mf_fail(err, MF_ENOMEM, "no memory for %zu starts", starts);
}

void mf_search_starts_free(mf_search_starts *m) {
    if (!m)
        return;
    free(m->unit);
    free(m->start);
    free(m->start_value);
    free(m->old);
    free(m->work);
    if (m->minimizer)
        gsl_multimin_fdfminimizer_free(m->minimizer);
    gsl_vector_free(m->point);
    free(m);
}

/* What a minimizer of GSL carries around. */
typedef struct {
    mf_search *search;
    const double *g;
} objective;

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
    double *theta = o->search->more->work, *dtheta = theta + dim, *slopes = dtheta + dim;
    place(o->search, u, theta, dtheta);
    mf_search_field(o->search, o->g, 1, theta, value, slopes);
    for (size_t c = 0; c < dim; ++c)
        gsl_vector_set(grad, c, slopes[c] * dtheta[c]);
}

static double objective_value(const gsl_vector *u, void *context) {
    const objective *o = context;
    double *theta = o->search->more->work, value;
    place(o->search, u, theta, theta + o->search->dim);
    mf_search_field(o->search, o->g, 1, theta, &value, NULL);
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
        gsl_vector_set(s->more->point, c, asin(sqrt(fmin(fmax(share, 0), 1))));
    }
    if (gsl_multimin_fdfminimizer_set(s->more->minimizer, &f, s->more->point, 0.01, 0.1))
        return;
    for (int i = 0; i < 200; ++i)
        if (gsl_multimin_fdfminimizer_iterate(s->more->minimizer) ||
            gsl_blas_dnrm2(s->more->minimizer->gradient) <
                    1e-13 * (1 + fabs(s->more->minimizer->f)))
            break;
    if (!isfinite(s->more->minimizer->f))
        return;
    place(s, s->more->minimizer->x, s->more->work, s->more->work + s->dim);
    mf_search_keep(s, s->more->work, s->more->minimizer->f);
}

/* Every search begins elsewhere: what one overlooks another may find. */
static void shift_starts(mf_search *s) {
    for (size_t c = 0; c < s->dim; ++c)
        for (size_t i = c * s->more->starts; i < (c + 1) * s->more->starts; ++i) {
            double u = s->more->unit[i] + s->more->turn * 0.6180339887498949 * (double)(c + 1);
            s->more->start[i] = s->low[c] + (s->high[c] - s->low[c]) * (u - floor(u));
        }
    ++s->more->turn;
}

static void evaluate_starts(mf_search *s, const double *g) {
    double *theta = s->more->work + 3 * s->dim;
    for (size_t i = 0; i < s->more->starts; i += MF_SEARCH_CHUNK) {
        size_t n = s->more->starts - i < MF_SEARCH_CHUNK ? s->more->starts - i : MF_SEARCH_CHUNK;
        for (size_t c = 0; c < s->dim; ++c)
            for (size_t j = 0; j < n; ++j)
                theta[c * n + j] = mf_from_compact(s->potential, c,
                                                   s->more->start[c * s->more->starts + i + j]);
        mf_search_field(s, g, n, theta, s->more->start_value + i, NULL);
    }
}

/* The best start that is not yet crossed out; crosses out its neighbourhood. */
static size_t next_start(mf_search *s) {
    size_t best = s->more->starts;
    for (size_t i = 0; i < s->more->starts; ++i)
        if (s->more->start_value[i] <
            (best < s->more->starts ? s->more->start_value[best] : HUGE_VAL))
            best = i;
    for (size_t i = 0; best < s->more->starts && i < s->more->starts; ++i) {
        double far = 0;
        for (size_t c = 0; c < s->dim; ++c) {
            const double *row = s->more->start + c * s->more->starts;
            far = fmax(far, fabs(row[i] - row[best]) / (s->high[c] - s->low[c]));
        }
        if (far < 0.5 * pow((double)POLISHED, -1.0 / (double)s->dim))
            s->more->start_value[i] = HUGE_VAL;
    }
    return best;
}

/* Minima of the last call, which have hardly moved, become the first starts. */
static size_t remember(mf_search *s) {
    size_t previous = s->found;
    for (size_t c = 0; c < s->dim; ++c)
        for (size_t i = 0; i < previous; ++i)
            s->more->old[c * previous + i] =
                    mf_to_compact(s->potential, c, s->theta[c * previous + i]);
    s->found = 0;
    return previous;
}

mf_status mf_search_starts_minima(mf_search *s, const double *g, mf_minima *out, mf_error *err) {
    size_t previous = remember(s);
    for (size_t i = 0; i < previous && i < POLISHED; ++i)
        descend(s, g, s->more->old + i, previous);
    shift_starts(s);
    evaluate_starts(s, g);
    for (int i = 0; i < POLISHED; ++i) {
        size_t best = next_start(s);
        if (best == s->more->starts)
            break;
        descend(s, g, s->more->start + best, s->more->starts);
    }
    return mf_search_finish(s, HUGE_VAL, out, err);
}
