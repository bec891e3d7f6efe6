/* custom.c: questions to the caller's feature map, and what is made of the answers. */
#include "custom.h"

#include "core/base/rng.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBES = 3, SHOWN = 4 }; /* points at which a gradient is checked; coordinates in a text */

static const double STEP =
        1e-5; /* of differences, relative to 1 + |theta_c|                       */
static const double LOOSE =
        1e-5; /* what they may be off, relative to the value or its slope: features
                                     that are tables, or sums that round                             */

typedef struct {
    mf_potential head;
    mf_custom_spec spec;
    bool *checked; /* the gradient was held against differences */
    double *b;
} custom;

/* ---- answers ------------------------------------------------------------------------------- */

/* "(0.5, -1, ...)" */
static void write_point(const mf_custom_question *q, size_t j, char text[128]) {
    size_t used = 0;
    for (size_t c = 0; c < q->dim && c < SHOWN; ++c)
        used += (size_t)snprintf(text + used, 128 - used, "%s%.6g", c ? ", " : "(",
                                 q->theta[c * q->ld + j]);
    snprintf(text + used, 128 - used, q->dim > SHOWN ? ", ...)" : ")");
}

mf_status mf_custom_take(const mf_custom_question *q, const double *rows, mf_error *err) {
    size_t columns = q->g ? q->dim : q->rank;
    char point[128];
    for (size_t i = 0; i < q->n * columns; ++i)
        if (!isfinite(rows[i])) {
            write_point(q, i / columns, point);
            return mf_fail(err, MF_EDOMAIN, "%s %zu of %zu is %g at theta = %s",
                           q->g ? "the custom gradient's coordinate" : "custom feature",
                           i % columns + 1, columns, rows[i], point);
        }
    q->use(q, rows);
    return MF_OK;
}

/* out[k * ldo + j] = row j, number k. */
static void transpose(const mf_custom_question *q, const double *rows) {
    size_t columns = q->g ? q->dim : q->rank;
    for (size_t k = 0; k < columns; ++k)
        for (size_t j = 0; j < q->n; ++j)
            q->out[k * q->ldo + j] = rows[j * columns + k];
}

/* out[k] += sum_j weight_j f_k(theta_j), in the order of j. */
static void add_mean(const mf_custom_question *q, const double *rows) {
    for (size_t j = 0; j < q->n; ++j)
        cblas_daxpy((int)q->rank, q->weight ? q->weight[j] : 1 / (double)q->n, rows + j * q->rank,
                    1, q->out, 1);
}

/* out[j] = <weight, f(theta_j)>. */
static void product(const mf_custom_question *q, const double *rows) {
    for (size_t j = 0; j < q->n; ++j)
        q->out[j] = cblas_ddot((int)q->rank, q->weight, 1, rows + j * q->rank, 1);
}

static void square(const mf_custom_question *q, const double *rows) {
    for (size_t j = 0; j < q->n; ++j)
        q->out[j] = cblas_ddot((int)q->rank, rows + j * q->rank, 1, rows + j * q->rank, 1);
}

/* ---- questions ------------------------------------------------------------------------------- */

static const custom *custom_of(const mf_potential *pot) {
    return (const custom *)(const void *)pot;
}

/* Steps that go too far are tried with particles that are nowhere: their features are not numbers. */
static bool are_finite(const mf_custom_question *q) {
    double sum = 0;
    for (size_t c = 0; c < q->dim; ++c)
        for (size_t j = 0; j < q->n; ++j)
            sum += 0 * q->theta[c * q->ld + j];
    return sum == 0;
}

static mf_status ask(const mf_potential *pot, mf_custom_question q, size_t rows, size_t columns,
                     mf_error *err) {
    const custom *p = custom_of(pot);
    q.dim = pot->dim;
    q.rank = pot->rank;
    if (q.n == 0)
        return MF_OK;
    if (are_finite(&q))
        return p->spec.ask(p->spec.context, &q, err);
    for (size_t k = 0; k < rows; ++k)
        for (size_t j = 0; j < columns; ++j)
            q.out[k * q.ldo + j] = NAN;
    return MF_OK;
}

static mf_status custom_features(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                                 double *F, size_t ldf, mf_error *err) {
    mf_custom_question q = {
            .n = n, .theta = theta, .ld = ld, .use = transpose, .out = F, .ldo = ldf};
    return ask(pot, q, pot->rank, n, err);
}

static mf_status custom_mean(const mf_potential *pot, const mf_measure *rho, double *m,
                             void *scratch, mf_error *err) {
    (void)scratch;
    mf_custom_question q = {.n = rho->n,
                            .theta = rho->x,
                            .ld = rho->ld,
                            .use = add_mean,
                            .weight = rho->weight,
                            .out = m};
    return ask(pot, q, 1, pot->rank, err);
}

static mf_status values(const mf_potential *pot, const double *g, size_t n, const double *theta,
                        size_t ld, double *value, mf_error *err) {
    mf_custom_question q = {
            .n = n, .theta = theta, .ld = ld, .use = product, .weight = g, .out = value};
    return ask(pot, q, 1, n, err);
}

static mf_status slopes(const mf_potential *pot, const double *g, size_t n, const double *theta,
                        size_t ld, double *grad, size_t ldo, mf_error *err) {
    mf_custom_question q = {
            .n = n, .theta = theta, .ld = ld, .g = g, .use = transpose, .out = grad, .ldo = ldo};
    return ask(pot, q, pot->dim, n, err);
}

static mf_status custom_self(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                             double *u, mf_error *err) {
    mf_custom_question q = {.n = n, .theta = theta, .ld = ld, .use = square, .out = u};
    return ask(pot, q, 1, n, err);
}

/* ---- the gradient against differences ----------------------------------------------------------- */

/* Around one point: the values of <g, f> at it and, a step of coordinate c up and down, at the points 2 c + 1
 * and 2 c + 2; the gradient that the caller's function gives.                                          */
typedef struct {
    size_t dim, points;
    double *theta, *g, *value, *grad; /* dim x points, rank, points, dim */
} star;

static void place(star *s, const double *theta, size_t ld, size_t at) {
    for (size_t c = 0; c < s->dim; ++c) {
        double x = theta[c * ld + at], step = STEP * (1 + fabs(x)), *row = s->theta + c * s->points;
        for (size_t i = 0; i < s->points; ++i)
            row[i] = x;
        row[2 * c + 1] = x + step;
        row[2 * c + 2] = x - step;
    }
}

/* A slope is right if it lies between those to the two sides, but for rounding. */
static mf_status compare(const star *s, mf_error *err) {
    mf_custom_question q = {.dim = s->dim, .theta = s->theta, .ld = s->points};
    char point[128];
    for (size_t c = 0; c < s->dim; ++c) {
        const double *row = s->theta + c * s->points, *v = s->value;
        double right = (v[2 * c + 1] - v[0]) / (row[2 * c + 1] - row[0]);
        double left = (v[0] - v[2 * c + 2]) / (row[0] - row[2 * c + 2]);
        double room = LOOSE * (fabs(v[0]) + fmax(fabs(left), fabs(right)));
        if (s->grad[c] >= fmin(left, right) - room && s->grad[c] <= fmax(left, right) + room)
            continue;
        write_point(&q, 0, point);
        return mf_fail(err, MF_EDOMAIN,
                       "the custom gradient has d/dtheta_%zu <g, f> = %.7g at theta = %s, but "
                       "differences of "
                       "the features are %.7g",
                       c + 1, s->grad[c], point, (left + right) / 2);
    }
    return MF_OK;
}

static mf_status check_gradient(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                                mf_error *err) {
    size_t dim = pot->dim, points = 2 * dim + 1, numbers = points * (dim + 1) + pot->rank + dim;
    double *room = malloc(numbers * sizeof *room);
    if (!room)
        return mf_fail(err, MF_ENOMEM, "no memory to check a gradient in %zu coordinates", dim);
    star s = {dim, points, room, room + dim * points, NULL, NULL};
    s.value = s.g + pot->rank;
    s.grad = s.value + points;
    mf_rng_normals((mf_key){1, MF_STREAM_USER}, 0, pot->rank, s.g); /* every feature counts */
    mf_status status = MF_OK;
    for (size_t i = 0; i < PROBES && i < n && status >= 0; ++i) {
        place(&s, theta, ld, i * (n - 1) / (PROBES - 1));
        status = values(pot, s.g, points, s.theta, points, s.value, err);
        if (status >= 0)
            status = slopes(pot, s.g, 1, s.theta, points, s.grad, 1, err);
        if (status >= 0)
            status = compare(&s, err);
    }
    free(room);
    return status;
}

static mf_status custom_field(const mf_potential *pot, const double *g, size_t n,
                              const double *theta, size_t ld, double *value, double *grad,
                              void *scratch, mf_error *err) {
    bool *checked = custom_of(pot)->checked;
    mf_custom_question q = {.n = n, .dim = pot->dim, .theta = theta, .ld = ld};
    mf_status status = MF_OK;
    (void)scratch;
    if (grad && !*checked && are_finite(&q)) {
        status = check_gradient(pot, n, theta, ld, err);
        *checked = status >= 0;
    }
    if (value && status >= 0)
        status = values(pot, g, n, theta, ld, value, err);
    if (grad && status >= 0)
        status = slopes(pot, g, n, theta, ld, grad, ld, err);
    return status;
}

static size_t custom_scratch(const mf_potential *pot, size_t n) {
    (void)pot;
    (void)n;
    return 0; /* answers are used where they are */
}

static void custom_free(mf_potential *pot) {
    free(pot);
}

static const mf_potential_ops custom_ops = {.name = "custom",
                                            .features = custom_features,
                                            .mean = custom_mean,
                                            .field = custom_field,
                                            .scratch = custom_scratch,
                                            .free = custom_free,
                                            .self = custom_self};

mf_status mf_custom_new(const mf_custom_spec *spec, mf_potential **out, mf_error *err) {
    custom *p = malloc(sizeof *p + sizeof(bool) + spec->rank * sizeof *p->b);
    if (!p)
        return mf_fail(err, MF_ENOMEM, "out of memory for %zu features", spec->rank);
    *p = (custom){.spec = *spec, .b = (double *)(void *)(p + 1)};
    p->checked = (bool *)(p->b + spec->rank);
    *p->checked = false;
    memcpy(p->b, spec->b, spec->rank * sizeof *p->b);
    p->spec.b = p->b;
    p->head = (mf_potential){.ops = &custom_ops,
                             .space = spec->space,
                             .dim = spec->dim,
                             .rank = spec->rank,
                             .b = p->b,
                             .risk0 = spec->risk0};
    *out = &p->head;
    return MF_OK;
}
