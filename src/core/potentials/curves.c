/* curves.c: finding panels, fitting and contracting piecewise Chebyshev series. */
#include "curves.h"

#include "core/base/chebyshev.h"
#include "core/base/parallel.h"
#include "kernels.h"

#include <float.h>
#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TERMS = MF_CURVE_TERMS, /* nodes: the roots of T_TERMS ...                      */
    CHECKS = TERMS - 1,     /* ... and check points between them                    */
    POINTS = TERMS + CHECKS,
    DEPTH = 44,        /* narrowest panel 2^-44                                     */
    PANELS_ONE = 4096, /* at most, of a single function ...                          */
    PANELS_MANY = 384, /* ... and of features, whose Gram matrix has to fit in memory  */
    CHUNK = 4096,      /* particles a chunk, more where there would be too many ...   */
    CHUNKS_MAX = 64    /* ... chunks: both depend on n alone                          */
};

/* ---- sampling ----------------------------------------------------------------------------- */

typedef struct {
    mf_curve_sampler *sampler;
    const void *context;
    size_t width;
    double low, high;
    double *values; /* POINTS x width: nodes, then check points */
} sampling;

static double point_of(size_t i) {
    return i < TERMS ? mf_chebyshev_root(TERMS, i) : mf_chebyshev_between(TERMS, i - TERMS);
}

static void sample_point(void *context, size_t i) {
    const sampling *s = context;
    double x = s->low + (s->high - s->low) * (1 + point_of(i)) / 2;
    double near = (1 - s->high) + (s->high - s->low) * (1 - point_of(i)) / 2;
    s->sampler(s->context, x / near, s->values + i * s->width);
}

/* weights[i][j]: interpolation from node j to check point i. */
static void interpolation(double weights[CHECKS][TERMS]) {
    double A[TERMS * TERMS], T[TERMS], dT[TERMS];
    mf_chebyshev_from_roots(TERMS, A);
    for (size_t i = 0; i < CHECKS; ++i) {
        mf_chebyshev_basis(TERMS, mf_chebyshev_between(TERMS, i), T, dT);
        cblas_dgemv(CblasRowMajor, CblasTrans, TERMS, TERMS, 1, A, TERMS, T, 1, 0, weights[i], 1);
    }
}

/* The error of interpolation at the check points: of component 0, and of the inner products
 * of the others, with one another and with those at the nodes. *floor is what rounding alone
 * makes of it. `made`: CHECKS x width.                                                       */
static double interpolation_error(const sampling *s, double weights[CHECKS][TERMS], double *made,
                                  double *floor) {
    int width = (int)s->width, inner = width - 1;
    const double *nodes = s->values, *checks = s->values + TERMS * s->width;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, CHECKS, width, TERMS, 1, &weights[0][0],
                TERMS, nodes, width, 0, made, width);
    double products[CHECKS][POINTS], worst = 0, largest = 0;
    for (size_t i = 0; i < CHECKS; ++i) {
        const double *row = checks + i * s->width;
        worst = fmax(worst, fabs(made[i * s->width] - row[0]));
        largest = fmax(largest, fmax(fabs(row[0]), cblas_ddot(inner, row + 1, 1, row + 1, 1)));
    }
    *floor = 64 * DBL_EPSILON * largest;
    if (inner == 0)
        return worst;
    /* exact - made products: with the nodes, then among the check points */
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, CHECKS, POINTS, inner, 1, checks + 1,
                width, nodes + 1, width, 0, &products[0][0], POINTS);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, CHECKS, TERMS, inner, -1, made + 1, width,
                nodes + 1, width, 1, &products[0][0], POINTS);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, CHECKS, CHECKS, inner, -1, made + 1, width,
                made + 1, width, 1, &products[0][TERMS], POINTS);
    for (size_t i = 0; i < CHECKS; ++i)
        for (size_t j = 0; j < POINTS; ++j)
            worst = fmax(worst, fabs(products[i][j]));
    return worst;
}

static mf_status keep_panel(mf_curve_samples *out, const double *nodes, double high,
                            mf_error *err) {
    size_t most = out->width > 1 ? PANELS_MANY : PANELS_ONE;
    if (out->panels == most)
        return mf_fail(err, MF_EACCURACY,
                       "more than %zu panels below r = %g: tol is too small for this "
                       "activation",
                       most, high / (1 - high));
    if (out->panels == out->room) {
        size_t room = 2 * out->room + 16;
        double *edge = realloc(out->edge, (room + 1) * sizeof *edge);
        if (edge)
            out->edge = edge;
        double *sample = realloc(out->sample, room * TERMS * out->width * sizeof *sample);
        if (sample)
            out->sample = sample;
        if (!edge || !sample)
            return mf_fail(err, MF_ENOMEM, "no memory for %zu panels of %zu features", room,
                           out->width);
        out->edge[0] = 0;
        out->room = room;
    }
    memcpy(out->sample + out->panels * TERMS * out->width, nodes,
           TERMS * out->width * sizeof *nodes);
    out->edge[++out->panels] = high;
    return MF_OK;
}

/* Panels from left to right: `level` and `index` say that the panel is [index, index + 1] / 2^level. */
static mf_status bisect(sampling *s, double tol, double reach, mf_curve_samples *out, double *made,
                        const mf_flag *stop, mf_error *err) {
    double weights[CHECKS][TERMS];
    interpolation(weights);
    int level = 2;
    uint64_t index = 0;
    while (index < UINT64_C(1) << level) {
        s->low = ldexp((double)index, -level);
        s->high = ldexp((double)(index + 1), -level);
        /* the outermost node of the last panel is at about 400 / its length */
        if (s->high == 1 && (1 - s->low) * reach > 400 && level < DEPTH) {
            ++level;
            index *= 2;
            continue;
        }
        if (mf_flag_is_set(stop))
            return mf_poll(stop, err);
        mf_parallel(POINTS, sample_point, s);
        for (size_t i = 0; i < POINTS * s->width; ++i)
            if (!isfinite(s->values[i]))
                return mf_fail(err, MF_EDOMAIN, "not a finite number near r = %g",
                               s->low / (1 - s->low));
        double floor, error = interpolation_error(s, weights, made, &floor);
        if (error > fmax(tol, floor) && level < DEPTH) {
            ++level;
            index *= 2;
            continue;
        }
        out->error = fmax(out->error, error);
        mf_status status = keep_panel(out, s->values, s->high, err);
        if (status < 0)
            return status;
        for (++index; index % 2 == 0 && level > 2; --level)
            index /= 2;
    }
    return MF_OK;
}

mf_status mf_curves_sample(mf_curve_sampler *sampler, const void *context, size_t width, double tol,
                           double reach, mf_curve_samples *out, const mf_flag *stop,
                           mf_error *err) {
    *out = (mf_curve_samples){.width = width};
    sampling s = {.sampler = sampler, .context = context, .width = width};
    double *block = calloc((POINTS + CHECKS) * width, sizeof *block);
    if (!block)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu features", width);
    s.values = block;
    mf_status status = bisect(&s, tol, reach, out, block + POINTS * width, stop, err);
    for (int retry = 0; status == MF_EACCURACY && width > 1 && retry < 3; ++retry) {
        tol *= 100; /* out of panels: as accurate as they allow, out->error says how much */
        out->panels = 0;
        out->error = 0;
        status = bisect(&s, tol, reach, out, block + POINTS * width, stop, err);
    }
    free(block);
    if (status < 0)
        mf_curve_samples_free(out);
    return status;
}

void mf_curve_samples_free(mf_curve_samples *samples) {
    free(samples->edge);
    free(samples->sample);
    samples->edge = samples->sample = NULL;
}

/* ---- fitting ----------------------------------------------------------------------------------- */

static void find_cells(size_t panels, const double *edge, uint16_t *cell) {
    size_t p = 0;
    for (size_t i = 0; i <= MF_CURVE_CELLS; ++i) {
        while (p + 1 < panels && edge[p + 1] <= (double)i / MF_CURVE_CELLS)
            ++p;
        cell[i] = (uint16_t)p;
    }
}

mf_status mf_curves_fit(const mf_curve_samples *samples, size_t count, const double *values,
                        bool growth, mf_curves *out, mf_error *err) {
    size_t panels = samples->panels, nodes = panels * TERMS;
    double *block = malloc((count * nodes + panels + 1) * sizeof *block +
                           (MF_CURVE_CELLS + 1) * sizeof(uint16_t));
    *out = (mf_curves){.count = count, .coef = block, .block = block};
    if (!block)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu curves of %zu panels", count, panels);
    double *edge = block + count * nodes;
    uint16_t *cell = (uint16_t *)(void *)(edge + panels + 1);
    memcpy(edge, samples->edge, (panels + 1) * sizeof *edge);
    find_cells(panels, edge, cell);
    out->grid = (mf_curve_grid){panels, growth, edge, cell};
    double A[TERMS * TERMS]; /* nodes to coefficients */
    mf_chebyshev_from_roots(TERMS, A);
    for (size_t p = 0; p < count * panels; ++p)
        cblas_dgemv(CblasRowMajor, CblasNoTrans, TERMS, TERMS, 1, A, TERMS, values + p * TERMS, 1,
                    0, out->coef + p * TERMS, 1);
    return MF_OK;
}

void mf_curves_free(mf_curves *curves) {
    free(curves->block);
    curves->block = NULL;
}

/* ---- using ---------------------------------------------------------------------------------------- */

void mf_curves_contract(const mf_curves *c, const double *g, double *curve) {
    int length = (int)mf_curve_length(&c->grid);
    cblas_dgemv(CblasRowMajor, CblasTrans, (int)c->count, length, 1, c->coef, length, g, 1, 0,
                curve, 1);
}

void mf_curves_expand(const mf_curves *c, const double *moments, double *m) {
    int length = (int)mf_curve_length(&c->grid);
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)c->count, length, 1, c->coef, length, moments, 1,
                1, m, 1);
}

static size_t chunks_of(size_t n) {
    size_t chunks = (n + CHUNK - 1) / CHUNK;
    return chunks > CHUNKS_MAX ? CHUNKS_MAX : chunks;
}

/* Chunk i is [first, first + size). */
static void chunk_range(size_t n, size_t i, size_t *first, size_t *size) {
    size_t chunks = chunks_of(n), step = (n + chunks - 1) / chunks;
    *first = i * step < n ? i * step : n;
    *size = n - *first < step ? n - *first : step;
}

MF_KERNELS(mf_curve_kernels, MF_CURVE_KERNELS)

typedef struct {
    const mf_curve_grid *grid;
    const mf_curve_kernels *kernels;
    size_t n;
    const double *curve, *r, *weight;
    double *value, *slope, *moments;
} work;

static void evaluate_chunk(void *context, size_t chunk) {
    const work *w = context;
    size_t at, size;
    chunk_range(w->n, chunk, &at, &size);
    w->kernels->curve_values(w->grid, w->curve, size, w->r + at, w->value ? w->value + at : NULL,
                             w->slope ? w->slope + at : NULL);
}

void mf_curve_evaluate(const mf_curve_grid *grid, const double *curve, size_t n, const double *r,
                       double *value, double *slope) {
    work w = {.grid = grid,
              .kernels = mf_curve_kernels_best(),
              .n = n,
              .curve = curve,
              .r = r,
              .value = value,
              .slope = slope};
    mf_parallel(chunks_of(n), evaluate_chunk, &w);
}

static void sum_chunk(void *context, size_t chunk) {
    const work *w = context;
    size_t at, size, length = mf_curve_length(w->grid);
    double *moments = w->moments + chunk * length;
    chunk_range(w->n, chunk, &at, &size);
    memset(moments, 0, length * sizeof *moments);
    w->kernels->curve_sums(w->grid, size, w->r + at, w->weight ? w->weight + at : NULL,
                           1 / (double)w->n, moments);
}

size_t mf_curve_moments_scratch(const mf_curve_grid *grid, size_t n) {
    return chunks_of(n) * mf_curve_length(grid);
}

void mf_curve_moments(const mf_curve_grid *grid, size_t n, const double *r, const double *weight,
                      double *moments, double *scratch) {
    work w = {.grid = grid,
              .kernels = mf_curve_kernels_best(),
              .n = n,
              .r = r,
              .weight = weight,
              .moments = scratch};
    size_t length = mf_curve_length(grid), chunks = chunks_of(n);
    mf_parallel(chunks, sum_chunk, &w);
    memset(moments, 0, length * sizeof *moments);
    for (size_t c = 0; c < chunks; ++c)
        for (size_t i = 0; i < length; ++i)
            moments[i] += scratch[c * length + i];
}

size_t mf_curve_basis(const mf_curve_grid *grid, double r, double *value, double *slope) {
    if (r < 0)
        r = 0;
    double near = 1 / (1 + r), x = r > 1 ? 1 - near : r * near;
    size_t p = x >= 0 ? grid->cell[(size_t)(x * MF_CURVE_CELLS)] : 0; /* NaN stays NaN */
    while (p + 1 < grid->panels && x >= grid->edge[p + 1])
        ++p;
    double low = grid->edge[p], high = grid->edge[p + 1], scale = 2 / (high - low);
    double u = r > 1 ? 1 - (near - (1 - high)) * scale : (x - low) * scale - 1;
    mf_chebyshev_basis(TERMS, u, value, slope);
    for (size_t k = 0; k < TERMS; ++k) {
        slope[k] *= scale * near;
        if (grid->growth) {
            slope[k] += value[k];
            value[k] /= near;
        } else {
            slope[k] *= near;
        }
    }
    return p * TERMS;
}
