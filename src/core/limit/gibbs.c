/* gibbs.c: Newton's method on the dual of gibbs.h, by continuation in beta. */
#include "gibbs.h"

#include "core/base/blas.h"

#include <float.h>
#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    NEWTON_MAX = 200,
    NEWTON_EASY = 12, /* iterations; more: the step in beta was too large */
    GROWTH_MAX = 60,  /* times that the box grows                 */
    CHUNK = 8192,     /* nodes at a time                           */
    BLOCK = 1024,     /* nodes whose features are made at a time   */
    SCAN = 400        /* radii that look how far the features vary  */
};

/* Of D, relative: what quadrature and rounding leave. */
static const double NOISE = 1e-11;

static const char not_normalisable[] =
        "exp(-beta Psi_lambda) is not normalisable: lambda is too small for these features";

/* One law rho_g: its nodes, mean features and their covariance. */
typedef struct {
    double dual, gap;
    double *m, *cov; /* rank, rank x rank */
    mf_cells cells;
} state;

typedef struct {
    const mf_gibbs_spec *spec;
    const mf_potential *pot;
    size_t rank, dim; /* dim: coordinates that are integrated by nodes */
    double beta;
    double *g, *h; /* the dual point, b + g */
    double *trial, *step;
    double *F;     /* rank x BLOCK */
    double *theta; /* potential's dim x CHUNK */
    double *scratch, *value;
    double low[MF_CELLS_DIM], high[MF_CELLS_DIM];
    double log_area; /* sum of log A_p over the radii */
    double size;     /* of <h, f>, from the last look at the box */
    state now, next;
} work;

/* ---- the density ---------------------------------------------------------------------------- */

static bool has_output(const mf_gibbs_spec *s) {
    return s->output >= 0;
}

/* Coordinate of theta behind integration coordinate c. */
static size_t coordinate(const mf_gibbs_spec *s, size_t c) {
    return has_output(s) && c >= (size_t)s->output ? c + 1 : c;
}

/* Fills theta with n <= CHUNK nodes, a = 1. */
static void expand(const work *w, size_t n, const double *x, size_t ld) {
    for (size_t c = 0; c < w->dim; ++c)
        memcpy(w->theta + coordinate(w->spec, c) * CHUNK, x + c * ld, n * sizeof *x);
    for (size_t i = 0; has_output(w->spec) && i < n; ++i)
        w->theta[(size_t)w->spec->output * CHUNK + i] = 1;
}

/* log of the volume element and of exp(-beta lambda |x|^2 / 2), without a. */
static double log_volume(const work *w, const double *x, size_t ld) {
    double square = 0, sum = w->log_area;
    for (size_t c = 0; c < w->dim; ++c) {
        double p = w->spec->dimension[coordinate(w->spec, c)], value = x[c * ld];
        square += value * value;
        if (p > 1)
            sum += (p - 1) * log(value);
    }
    return sum - w->beta * w->spec->lambda * square / 2;
}

static mf_status density(void *context, size_t n, const double *x, size_t ld, double *log_p,
                         mf_error *err) {
    const work *w = context;
    double beta = w->beta, lambda = w->spec->lambda;
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t size = n - at < CHUNK ? n - at : CHUNK;
        expand(w, size, x + at, ld);
        mf_status status = mf_potential_field(w->pot, w->h, size, w->theta, CHUNK, w->value, NULL,
                                              w->scratch, err);
        if (status < 0)
            return status;
        for (size_t i = 0; i < size; ++i) {
            double v = w->value[i];
            log_p[at + i] = log_volume(w, x + at + i, ld) +
                            (has_output(w->spec) ? beta * v * v / (2 * lambda) +
                                                           log(2 * M_PI / (beta * lambda)) / 2
                                                 : -beta * v);
        }
    }
    return MF_OK;
}

/* ---- the box ----------------------------------------------------------------------------------- */

static bool is_radius(const work *w, size_t c) {
    return w->spec->dimension[coordinate(w->spec, c)] > 0;
}

/* Radii: where the prior alone has mass, and as far as lambda r^2/2 is below what the features
 * vary. Other coordinates: the same around 0.                                               */
static mf_status first_box(work *w, mf_error *err) {
    const mf_gibbs_spec *s = w->spec;
    double width = s->lambda > 0 ? 1 / sqrt(w->beta * s->lambda) : 0;
    w->size = 0;
    for (size_t c = 0; c < w->dim; ++c) {
        size_t at = coordinate(s, c);
        if (s->boxed) {
            w->low[c] = s->low[at];
            w->high[c] = s->high[at];
            continue;
        }
        double p = fmax(s->dimension[at], 1), low = HUGE_VAL, high = -HUGE_VAL;
        for (size_t k = 0; k < w->pot->dim; ++k)
            for (size_t i = 0; i < SCAN; ++i)
                w->theta[k * CHUNK + i] = k == at ? pow(10, -3 + 6.0 * (double)i / (SCAN - 1)) : 0;
        for (size_t i = 0; has_output(s) && i < SCAN; ++i)
            w->theta[(size_t)s->output * CHUNK + i] = 0;
        mf_status status = mf_potential_field(w->pot, w->h, SCAN, w->theta, CHUNK, w->value, NULL,
                                              w->scratch, err);
        if (status < 0)
            return status;
        for (size_t i = 0; i < SCAN; ++i) {
            low = fmin(low, w->value[i]);
            high = fmax(high, w->value[i]);
            w->size = fmax(w->size, isfinite(w->value[i]) ? fabs(w->value[i]) : 0);
        }
        double varies = fmin(sqrt(2 * (high - low) / s->lambda), 1e6 * width);
        w->high[c] = (sqrt(p) + 10) * width + varies;
        w->low[c] = is_radius(w, c) ? 0 : -w->high[c];
    }
    return MF_OK;
}

/* Whether the density has fallen to nothing at the ends of the box; those where not move out. */
static bool grow_box(work *w, const mf_cells *cells) {
    const double nothing = -40;
    bool grown = false;
    for (size_t c = 0; !w->spec->boxed && c < w->dim; ++c) {
        double width = w->high[c] - w->low[c];
        if (cells->face_high[c] > nothing) {
            w->high[c] += width / 2;
            grown = true;
        }
        if (!is_radius(w, c) && cells->face_low[c] > nothing) {
            w->low[c] -= width / 2;
            grown = true;
        }
    }
    return grown;
}

/* Features that grow like |theta| may beat lambda |theta|^2/2 once a is integrated: with v = <h, f> at
 * a = 1 the exponent is (beta/2) (v^2/lambda - lambda |x|^2), whose sign far out decides. Looks along
 * a fixed set of directions.                                                              */
static mf_status check_far(work *w, mf_error *err) {
    const mf_gibbs_spec *s = w->spec;
    const double far = 1e6;
    if (!has_output(s) || s->boxed)
        return MF_OK;
    for (size_t c = 0; c < w->pot->dim; ++c) {
        mf_key key = {1, MF_STREAM_USER + c};
        mf_rng_normals(key, 0, CHUNK, w->theta + c * CHUNK);
        for (size_t i = 0; i < CHUNK; ++i) {
            double *x = &w->theta[c * CHUNK + i];
            *x = c == (size_t)s->output ? 1 : far * (s->dimension[c] > 0 ? fabs(*x) : *x);
        }
    }
    mf_status status = mf_potential_field(w->pot, w->h, CHUNK, w->theta, CHUNK, w->value, NULL,
                                          w->scratch, err);
    for (size_t i = 0; i < CHUNK && status >= 0; ++i) {
        double square = 0;
        for (size_t c = 0; c < w->pot->dim; ++c)
            if (c != (size_t)s->output)
                square += w->theta[c * CHUNK + i] * w->theta[c * CHUNK + i];
        if (w->value[i] * w->value[i] >= s->lambda * s->lambda * square)
            return mf_fail(err, MF_EDOMAIN, "%s", not_normalisable);
    }
    return status;
}

static mf_status integrate(work *w, double tol, size_t order, mf_cells *cells, const mf_flag *stop,
                           mf_error *err) {
    const double coarse = 1e-2; /* enough to see where the density ends */
    mf_status far = check_far(w, err);
    if (far < 0)
        return far;
    for (int i = 0, grows = w->dim > 1; i < GROWTH_MAX; ++i) {
        mf_cells_spec spec = {.dim = w->dim,
                              .tol = grows ? coarse : tol,
                              .noise = 32 * DBL_EPSILON * (1 + w->beta * w->size),
                              .order = order,
                              .density = density,
                              .context = w};
        memcpy(spec.low, w->low, sizeof spec.low);
        memcpy(spec.high, w->high, sizeof spec.high);
        mf_cells_free(cells);
        mf_status status = mf_cells_integrate(&spec, cells, stop, err);
        if (status < 0)
            return status;
        bool grown = grow_box(w, cells);
        if (!grown && !grows)
            return status;
        grows = grown && w->dim > 1;
    }
    return mf_fail(err, MF_EDOMAIN, "%s", not_normalisable);
}

/* ---- moments ------------------------------------------------------------------------------------- */

/* Features of nodes at .. at + n at a = 1, scaled to the mean of a; F is rank x BLOCK. */
static mf_status features(const work *w, const mf_cells *cells, size_t at, size_t n, double *mean_a,
                          mf_error *err) {
    expand(w, n, cells->x + at, cells->n);
    mf_status status = mf_potential_features(w->pot, n, w->theta, CHUNK, w->F, BLOCK, err);
    for (size_t i = 0; status >= 0 && has_output(w->spec) && i < n; ++i) {
        double c = 0;
        for (size_t k = 0; k < w->rank; ++k)
            c += w->h[k] * w->F[k * BLOCK + i];
        mean_a[i] = -c / w->spec->lambda;
    }
    return status;
}

/* m = E f and cov = E f f^T - m m^T; with an output weight E a^2 = mean^2 + 1/(beta lambda). */
static mf_status moments(work *w, state *z, const mf_flag *stop, mf_error *err) {
    size_t rank = w->rank;
    double mean_a[BLOCK];
    memset(z->m, 0, rank * sizeof *z->m);
    memset(z->cov, 0, rank * rank * sizeof *z->cov);
    for (size_t at = 0; at < z->cells.n; at += BLOCK) {
        size_t n = z->cells.n - at < BLOCK ? z->cells.n - at : BLOCK;
        mf_status status = mf_poll(stop, err);
        if (status >= 0)
            status = features(w, &z->cells, at, n, mean_a, err);
        if (status < 0)
            return status;
        for (size_t i = 0; i < n; ++i) {
            double p = z->cells.weight[at + i], first = p, second = p;
            if (has_output(w->spec)) {
                first *= mean_a[i];
                second *= mean_a[i] * mean_a[i] + 1 / (w->beta * w->spec->lambda);
            }
            w->value[i] = sqrt(second);
            for (size_t k = 0; k < rank; ++k) {
                z->m[k] += first * w->F[k * BLOCK + i];
                w->F[k * BLOCK + i] *= w->value[i];
            }
        }
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, (int)rank, (int)n, 1, w->F, BLOCK, 1,
                    z->cov, (int)rank);
    }
    cblas_dsyr(CblasRowMajor, CblasLower, (int)rank, -1, z->m, 1, z->cov, (int)rank);
    return MF_OK;
}

/* The law rho_g at w->trial, its dual and its gap. */
static mf_status evaluate(work *w, double tol, size_t order, state *z, const mf_flag *stop,
                          mf_error *err) {
    size_t rank = w->rank;
    double square = 0, gap = 0;
    for (size_t k = 0; k < rank; ++k) {
        square += w->trial[k] * w->trial[k];
    }
    mf_potential_force(w->pot, w->trial, w->h);
    mf_status status = integrate(w, tol, order, &z->cells, stop, err);
    if (status < 0)
        return status;
    mf_status made = moments(w, z, stop, err);
    if (made < 0)
        return made;
    for (size_t k = 0; k < rank; ++k)
        gap += (z->m[k] - w->trial[k]) * (z->m[k] - w->trial[k]);
    z->gap = gap / 2;
    z->dual = w->pot->risk0 / 2 - square / 2 - z->cells.log_mass / w->beta;
    return status;
}

/* ---- Newton's method ------------------------------------------------------------------------------- */

static void swap(work *w) {
    state old = w->now;
    w->now = w->next;
    w->next = old;
}

/* step = (I + beta Cov)^-1 (m - g); returns <m - g, step>. */
static mf_status direction(work *w, double *slope, mf_error *err) {
    size_t rank = w->rank;
    double *H = w->next.cov; /* free at this moment */
    for (size_t i = 0; i < rank; ++i)
        for (size_t j = 0; j <= i; ++j)
            H[i * rank + j] = H[j * rank + i] =
                    w->beta * w->now.cov[i * rank + j] + (i == j ? 1 : 0);
    for (size_t k = 0; k < rank; ++k)
        w->step[k] = w->now.m[k] - w->g[k];
    gsl_matrix_view A = gsl_matrix_view_array(H, rank, rank);
    gsl_vector_view x = gsl_vector_view_array(w->step, rank);
    if (gsl_linalg_cholesky_decomp1(&A.matrix) || gsl_linalg_cholesky_svx(&A.matrix, &x.vector))
        return mf_fail(err, MF_ELIBRARY, "the dual's Hessian is not definite");
    *slope = 0;
    for (size_t k = 0; k < rank; ++k)
        *slope += (w->now.m[k] - w->g[k]) * w->step[k];
    return MF_OK;
}

/* Maximises D from w->g at w->beta until its gap is `goal` or stops falling. */
static mf_status newton(work *w, double goal, size_t most, size_t *iterations, const mf_flag *stop,
                        mf_error *err) {
    memcpy(w->trial, w->g, w->rank * sizeof *w->g);
    mf_status status = evaluate(w, w->spec->tol, 0, &w->now, stop, err);
    for (size_t i = 0; status >= 0 && w->now.gap > goal; ++i) {
        double slope = 0, share = 1;
        if (i == most)
            return MF_INEXACT;
        if ((status = direction(w, &slope, err)) < 0)
            return status;
        for (;; share /= 2) {
            for (size_t k = 0; k < w->rank; ++k)
                w->trial[k] = w->g[k] + share * w->step[k];
            status = evaluate(w, w->spec->tol, 0, &w->next, stop, err);
            if (status < 0 && status != MF_EDOMAIN)
                return status;
            bool small =
                    slope < NOISE * (1 + fabs(w->now.dual)); /* D no longer tells: the gap does */
            if (status >= 0 && (small ? w->next.gap < w->now.gap
                                      : w->next.dual >= w->now.dual + 1e-4 * share * slope))
                break;
            if (small || share < 1e-12)
                return status < 0 ? status : MF_OK; /* as far as rounding lets it */
        }
        memcpy(w->g, w->trial, w->rank * sizeof *w->g);
        swap(w);
        ++*iterations;
    }
    return status;
}

/* The dual point at 1/beta = u on the line through two earlier ones: the masses of narrow peaks
 * stay what they are when Psi's differences between them are proportional to 1/beta.         */
static void predict(work *w, const double *at, const double *g0, const double *g1, double u) {
    double share = at[0] == at[1] ? 0 : (u - at[1]) / (at[1] - at[0]);
    for (size_t k = 0; k < w->rank; ++k)
        w->g[k] = g1[k] + share * (g1[k] - g0[k]);
}

/* From the law at beta = 1 up to spec->beta, by factors so small that Newton's method is at home
 * at each: far from the maximum the law lies in a few narrow peaks, and its covariance says
 * nothing about the others. keep holds two dual points, the latest in the second half.       */
static mf_status climb(work *w, double *keep, size_t *iterations, const mf_flag *stop,
                       mf_error *err) {
    double *g0 = keep, *g1 = keep + w->rank, u[2] = {0, 0}, factor = 8;
    memcpy(w->h, w->pot->b, w->rank * sizeof *w->h);
    /* With an output weight h = 0 is a safe start: the prior. */
    for (size_t k = 0; k < w->rank; ++k)
        g0[k] = g1[k] = has_output(w->spec) ? -w->pot->b[k] : 0;
    for (bool first = true;; first = false) {
        w->beta = fmin(w->spec->beta, first ? 1 : factor / u[1]);
        bool last = w->beta == w->spec->beta;
        size_t before = *iterations;
        predict(w, u, g0, g1, 1 / w->beta);
        mf_status status = first_box(w, err);
        if (status >= 0)
            status = newton(w, last ? 1e-26 : 1e-4 / w->beta, first ? NEWTON_MAX : NEWTON_EASY,
                            iterations, stop, err);
        bool hard = (status == MF_INEXACT || status == MF_EDOMAIN) && !first && factor > 1.02;
        if (hard) {
            factor = sqrt(factor);
            continue;
        }
        if (status == MF_EDOMAIN && !first)
            return mf_fail(
                    err, MF_EACCURACY,
                    "the law at beta = %g lies too close to those that are not normalisable; "
                    "beta = %g was reached",
                    w->beta, 1 / u[1]);
        if (status < 0 || last)
            return status;
        memcpy(g0, first ? w->g : g1, w->rank * sizeof *keep);
        memcpy(g1, w->g, w->rank * sizeof *keep);
        u[0] = first ? 1 / w->beta : u[1];
        u[1] = 1 / w->beta;
        if (*iterations - before < NEWTON_EASY / 2)
            factor = fmin(8, pow(factor, 1.5));
    }
}

/* ---- the result -------------------------------------------------------------------------------------- */

/* int |theta|^2 d rho; fills mean_a if there is an output weight. */
static mf_status second_moment(work *w, const mf_cells *cells, double *mean_a, double *square,
                               mf_error *err) {
    double sum = 0;
    for (size_t at = 0; mean_a && at < cells->n; at += BLOCK) {
        size_t n = cells->n - at < BLOCK ? cells->n - at : BLOCK;
        mf_status status = features(w, cells, at, n, mean_a + at, err);
        if (status < 0)
            return status;
    }
    for (size_t i = 0; i < cells->n; ++i) {
        double each = mean_a ? mean_a[i] * mean_a[i] + 1 / (w->beta * w->spec->lambda) : 0;
        for (size_t c = 0; c < w->dim; ++c)
            each += cells->x[c * cells->n + i] * cells->x[c * cells->n + i];
        sum += cells->weight[i] * each;
    }
    *square = sum;
    return MF_OK;
}

static mf_status finish(work *w, mf_gibbs *out, const mf_flag *stop, mf_error *err) {
    mf_status status, inexact = MF_OK;
    memcpy(w->trial, w->g, w->rank * sizeof *w->g);
    double dual = w->now.dual;
    double risk = mf_potential_risk(w->pot, w->now.m);
    /* once more, by another rule: the difference is what the quadrature leaves */
    size_t other = w->dim == 1 ? 16 : w->dim == 2 ? 11 : w->dim == 3 ? 8 : 7;
    if ((status = evaluate(w, w->spec->tol, other, &w->next, stop, err)) < 0)
        return status;
    inexact = status;
    swap(w);
    out->cells = w->now.cells;
    w->now.cells = (mf_cells){.n = 0};
    if (has_output(w->spec) && !(out->mean_a = malloc(out->cells.n * sizeof *out->mean_a)))
        return mf_fail(err, MF_ENOMEM, "no memory for %zu nodes", out->cells.n);
    if ((status = second_moment(w, &out->cells, out->mean_a, &out->square, err)) < 0)
        return status;
    out->risk = mf_potential_risk(w->pot, w->now.m);
    out->variance_a = has_output(w->spec) ? 1 / (w->beta * w->spec->lambda) : 0;
    out->g = w->g;
    w->g = NULL;
    out->log_Z = out->cells.log_mass;
    out->gap = w->now.gap;
    out->free_energy = w->now.dual + w->now.gap;
    out->error = fabs(w->now.dual - dual) + fabs(out->risk - risk) + out->cells.error / w->beta +
                 3 * w->pot->error +
                 4 * DBL_EPSILON * (fabs(out->log_Z) / w->beta + fabs(out->free_energy));
    if (out->gap > 1e-10 * fabs(out->free_energy) + out->error)
        inexact = MF_INEXACT;
    return inexact;
}

static bool state_new(state *z, size_t rank) {
    z->m = malloc(rank * sizeof *z->m);
    z->cov = malloc(rank * rank * sizeof *z->cov);
    return z->m && z->cov;
}

static void state_free(state *z) {
    free(z->m);
    free(z->cov);
    mf_cells_free(&z->cells);
}

static mf_status work_new(work *w, const mf_gibbs_spec *spec, mf_error *err) {
    const mf_potential *pot = spec->potential;
    size_t rank = pot->rank, bytes = mf_potential_scratch(pot, CHUNK);
    *w = (work){.spec = spec, .pot = pot, .rank = rank, .dim = pot->dim - has_output(spec)};
    w->g = calloc(rank, sizeof *w->g);
    w->h = malloc(rank * sizeof *w->h);
    w->trial = malloc(rank * sizeof *w->trial);
    w->step = malloc(rank * sizeof *w->step);
    w->F = malloc(rank * BLOCK * sizeof *w->F);
    w->theta = calloc(pot->dim * CHUNK, sizeof *w->theta);
    w->value = malloc(CHUNK * sizeof *w->value);
    w->scratch = mf_blas_fits(rank) ? aligned_alloc(64, (bytes + 64) / 64 * 64) : NULL;
    bool states = state_new(&w->now, rank) && state_new(&w->next, rank);
    if (!states || !w->g || !w->h || !w->trial || !w->step || !w->F || !w->theta || !w->value ||
        !w->scratch)
        return mf_fail(err, MF_ENOMEM, "no memory for a problem of rank %zu", rank);
    for (size_t c = 0; c < pot->dim; ++c) {
        double p = spec->dimension[c];
        if (p > 0)
            w->log_area += log(2) + p / 2 * log(M_PI) - gsl_sf_lngamma(p / 2);
    }
    return MF_OK;
}

static void work_free(work *w) {
    free(w->g);
    free(w->h);
    free(w->trial);
    free(w->step);
    free(w->F);
    free(w->theta);
    free(w->value);
    free(w->scratch);
    state_free(&w->now);
    state_free(&w->next);
}

mf_status mf_gibbs_solve(const mf_gibbs_spec *spec, mf_gibbs *out, const mf_flag *stop,
                         mf_error *err) {
    work w;
    *out = (mf_gibbs){.iterations = 0};
    mf_status status = work_new(&w, spec, err);
    double *keep = status < 0 ? NULL : malloc(2 * w.rank * sizeof *keep);
    if (status >= 0)
        status = keep ? climb(&w, keep, &out->iterations, stop, err)
                      : mf_fail(err, MF_ENOMEM, "no memory for a problem of rank %zu", w.rank);
    free(keep);
    if (status >= 0)
        status = finish(&w, out, stop, err);
    work_free(&w);
    return status;
}

/* Beyond the box, and at infinity, there is no mass. */
static bool outside(const mf_gibbs_spec *s, const double *theta, size_t ld) {
    for (size_t c = 0; c < s->potential->dim; ++c) {
        double x = theta[c * ld];
        if (isinf(x) || (s->boxed && (x < s->low[c] || x > s->high[c])))
            return true;
    }
    return false;
}

mf_status mf_gibbs_density(const mf_gibbs_spec *spec, const mf_gibbs *o, size_t n,
                           const double *theta, size_t ld, double *log_p, mf_error *err) {
    work w;
    mf_status status = work_new(&w, spec, err);
    w.beta = spec->beta;
    if (status >= 0)
        mf_potential_force(w.pot, o->g, w.h);
    for (size_t at = 0; at < n && status >= 0; at += CHUNK) {
        size_t size = n - at < CHUNK ? n - at : CHUNK;
        for (size_t c = 0; c < w.pot->dim; ++c)
            memcpy(w.theta + c * CHUNK, theta + c * ld + at, size * sizeof *theta);
        status =
                mf_potential_field(w.pot, w.h, size, w.theta, CHUNK, w.value, NULL, w.scratch, err);
        for (size_t i = 0; status >= 0 && i < size; ++i) {
            double a = has_output(spec) ? w.theta[(size_t)spec->output * CHUNK + i] : 0, x[8];
            for (size_t c = 0; c < w.dim; ++c)
                x[c] = w.theta[coordinate(spec, c) * CHUNK + i];
            log_p[at + i] = log_volume(&w, x, 1) -
                            w.beta * (w.value[i] + spec->lambda * a * a / 2) - o->log_Z;
            if (outside(spec, theta + at + i, ld))
                log_p[at + i] = -HUGE_VAL;
        }
    }
    work_free(&w);
    return status;
}

/* Gauss's rule for a standard normal: five points give the first nine moments. */
enum { OUTPUTS = 5 };
static const double output_at[OUTPUTS] = {0, 1.3556261799742659, -1.3556261799742659,
                                          2.8569700138728056, -2.8569700138728056};
static const double output_mass[OUTPUTS] = {8.0 / 15, 0.22207592200561266, 0.22207592200561266,
                                            0.011257411327720684, 0.011257411327720684};

size_t mf_gibbs_atoms(const mf_gibbs_spec *spec, const mf_gibbs *o, double *theta, double *weight) {
    size_t each = has_output(spec) ? OUTPUTS : 1, n = o->cells.n * each;
    for (size_t j = 0; theta && j < n; ++j) {
        size_t i = j / each, k = j % each;
        weight[j] = o->cells.weight[i] * (each > 1 ? output_mass[k] : 1);
        for (size_t c = 0; c < o->cells.dim; ++c)
            theta[coordinate(spec, c) * n + j] = o->cells.x[c * o->cells.n + i];
        if (each > 1)
            theta[(size_t)spec->output * n + j] = o->mean_a[i] + sqrt(o->variance_a) * output_at[k];
    }
    return n;
}

void mf_gibbs_free(mf_gibbs *o) {
    mf_cells_free(&o->cells);
    free(o->g);
    free(o->mean_a);
    *o = (mf_gibbs){.iterations = 0};
}
