/* relu.c: the closed form of relu.h.
 *
 * Derivatives: dq/db = Phi(b/s), dq/ds = phi(b/s), ds/dr1 = tau^2 r1/s, ds/dr2 = r2/s. At
 * s = 0 the limits s -> 0+ along r1, r2 -> 0 are taken: q = relu(b), dq/db = 1(b > 0) (1/2 at
 * b = 0), and no force on the radii (it would depend on the direction only at b = 0).       */
#include "relu.h"

#include "affine.h"
#include "core/base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 2048 }; /* particles a chunk: some 100 microseconds */

typedef struct {
    mf_potential head;
    mf_nodes nodes; /* the two classes: yhat depends on nothing else */
    double tau[2], b[2], gamma;
} relu;

/* a and b stay, w becomes two radii. */
static mf_status reduce(const mf_measure *full, const mf_subspace *V, double *x, mf_error *err) {
    size_t n = full->n;
    for (size_t c = 0; c < 2; ++c)
        memcpy(x + c * n, full->x + (full->dim - 2 + c) * full->ld, n * sizeof *x);
    return mf_measure_radii(full, V, x + 2 * n, x + 3 * n, err);
}

const mf_space mf_space_relu = {.name = "relu",
                                .n_before = 4,
                                .before = (const mf_coordinate[]){{"a", MF_NUMBER, MF_GROUP_A},
                                                                  {"b", MF_NUMBER, MF_GROUP_B},
                                                                  {"r1", MF_RADIUS, MF_GROUP_W},
                                                                  {"r2", MF_RADIUS, MF_GROUP_W}},
                                .source = &mf_space_affine,
                                .reduce = reduce,
                                .how = "measure:radii{s0=}"};

static const relu *relu_of(const mf_potential *pot) {
    return (const relu *)(const void *)pot;
}

/* s of one side. The scale of r1 and r2 is far from where hypot would be worth its price. */
static double spread(double tau, double r1, double r2) {
    return sqrt(tau * r1 * (tau * r1) + r2 * r2);
}

/* q(s, b), Phi(b/s), phi(b/s). */
static double moment(double s, double b, double *cdf, double *pdf) {
    double x = s > 0 ? b / s : b > 0 ? HUGE_VAL : b < 0 ? -HUGE_VAL : 0;
    *pdf = exp(-x * x / 2) * (M_2_SQRTPI / 2 * M_SQRT1_2);
    *cdf = erfc(-x * M_SQRT1_2) / 2;
    return fmax(0, b * *cdf + s * *pdf); /* far below 0 the two terms cancel */
}

static mf_status relu_features(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                               double *F, size_t ldf, mf_error *err) {
    const double *a = theta, *b = theta + ld, *r1 = theta + 2 * ld, *r2 = theta + 3 * ld;
    double cdf, pdf;
    (void)err;
    for (size_t side = 0; side < 2; ++side)
        for (size_t j = 0; j < n; ++j)
            F[side * ldf + j] =
                    M_SQRT1_2 * a[j] *
                    moment(spread(relu_of(pot)->tau[side], r1[j], r2[j]), b[j], &cdf, &pdf);
    return MF_OK;
}

typedef struct {
    const relu *self;
    const mf_measure *rho;
    double *sums; /* two a chunk */
    const double *g, *theta;
    size_t n, ld;
    double *value, *grad;
} work;

static size_t chunks_of(size_t n) {
    return (n + CHUNK - 1) / CHUNK;
}

static void mean_chunk(void *context, size_t chunk) {
    const work *w = context;
    const mf_measure *rho = w->rho;
    const double *a = rho->x, *b = a + rho->ld, *r1 = b + rho->ld, *r2 = r1 + rho->ld;
    double sum[2] = {0, 0}, cdf, pdf;
    for (size_t j = chunk * CHUNK; j < rho->n && j < (chunk + 1) * CHUNK; ++j) {
        double mass = a[j] * (rho->weight ? rho->weight[j] : 1 / (double)rho->n);
        for (size_t side = 0; side < 2; ++side)
            sum[side] += mass * moment(spread(w->self->tau[side], r1[j], r2[j]), b[j], &cdf, &pdf);
    }
    memcpy(w->sums + 2 * chunk, sum, sizeof sum);
}

static mf_status relu_mean(const mf_potential *pot, const mf_measure *rho, double *m, void *scratch,
                           mf_error *err) {
    (void)err;
    work w = {.self = relu_of(pot), .rho = rho, .sums = scratch};
    mf_parallel(chunks_of(rho->n), mean_chunk, &w);
    for (size_t c = 0; c < chunks_of(rho->n); ++c)
        for (size_t side = 0; side < 2; ++side)
            m[side] += M_SQRT1_2 * w.sums[2 * c + side];
    return MF_OK;
}

static void field_chunk(void *context, size_t chunk) {
    const work *w = context;
    const double *a = w->theta, *b = a + w->ld, *r1 = b + w->ld, *r2 = r1 + w->ld;
    for (size_t j = chunk * CHUNK; j < w->n && j < (chunk + 1) * CHUNK; ++j) {
        double q = 0, db = 0, dr1 = 0, dr2 = 0;
        for (size_t side = 0; side < 2; ++side) {
            double tau = w->self->tau[side], g = M_SQRT1_2 * w->g[side], cdf, pdf;
            double s = spread(tau, r1[j], r2[j]);
            q += g * moment(s, b[j], &cdf, &pdf);
            db += g * cdf;
            if (s > 0) {
                double slope = g * pdf / s;
                dr1 += slope * (tau * tau * r1[j]);
                dr2 += slope * r2[j];
            }
        }
        if (w->value)
            w->value[j] = a[j] * q;
        if (w->grad) {
            w->grad[j] = q;
            w->grad[w->ld + j] = a[j] * db;
            w->grad[2 * w->ld + j] = a[j] * dr1;
            w->grad[3 * w->ld + j] = a[j] * dr2;
        }
    }
}

static mf_status relu_field(const mf_potential *pot, const double *g, size_t n, const double *theta,
                            size_t ld, double *value, double *grad, void *scratch, mf_error *err) {
    (void)scratch;
    (void)err;
    work w = {.self = relu_of(pot),
              .g = g,
              .theta = theta,
              .n = n,
              .ld = ld,
              .value = value,
              .grad = grad};
    mf_parallel(chunks_of(n), field_chunk, &w);
    return MF_OK;
}

static size_t relu_scratch(const mf_potential *pot, size_t n) {
    (void)pot;
    return 2 * chunks_of(n) * sizeof(double);
}

static void relu_free(mf_potential *pot) {
    free(pot);
}

/* U(theta, theta) = a^2/2 sum E relu(s G + b)^2 = a^2/2 sum [(s^2 + b^2) Phi + s b phi](b/s). */
static mf_status relu_self(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                           double *u, mf_error *err) {
    (void)err;
    for (size_t j = 0; j < n; ++j) {
        double a = theta[j], b = theta[ld + j], cdf, pdf;
        u[j] = 0;
        for (size_t side = 0; side < 2; ++side) {
            double s = spread(relu_of(pot)->tau[side], theta[2 * ld + j], theta[3 * ld + j]);
            moment(s, b, &cdf, &pdf);
            u[j] += a * a / 2 * ((s * s + b * b) * cdf + s * b * pdf);
        }
    }
    return MF_OK;
}

/* T_1 = a^2/2 sum tau^2 (+-1 - M)^2 Phi(b/s), and T_2 the same without tau^2: given its class, the part
 * of x across w is independent of <w, x>, and yhat = M depends on the class only. Other losses have
 * -l'/2 in the place of +-1 - M.                                                                */
static mf_status relu_step_noise(const mf_potential *pot, double variance, const mf_measure *rho,
                                 size_t n, const double *theta, size_t ld, double *T, void *scratch,
                                 mf_error *err) {
    const double *tau = relu_of(pot)->tau;
    const mf_loss loss = mf_potential_loss(pot);
    double m[2] = {0, 0}, cdf, pdf;
    mf_status status = relu_mean(pot, rho, m, scratch, err);
    for (size_t j = 0; status >= 0 && j < n; ++j)
        for (size_t side = 0; side < 2; ++side) {
            double a = theta[j], rest = mf_loss_residual(&loss, side ? -1 : 1, M_SQRT2 * m[side]);
            moment(spread(tau[side], theta[2 * ld + j], theta[3 * ld + j]), theta[ld + j], &cdf,
                   &pdf);
            double square = (rest * rest + variance) * a * a * cdf / 2;
            T[2 * ld + j] += tau[side] * tau[side] * square;
            T[3 * ld + j] += square;
        }
    return status;
}

static size_t relu_odd_nodes(const mf_potential *pot, size_t c) {
    (void)pot;
    (void)c;
    return 2;
}

/* q = a Phi(x), x = b/s: its slope in b is a phi(x)/s, that in s -a x phi(x)/s, times r. */
static mf_status relu_odd(const mf_potential *pot, size_t c, double variance, const mf_measure *rho,
                          double *stiffness, double *gain, double *q, double *rise, void *scratch,
                          mf_error *err) {
    const mf_loss loss = mf_potential_loss(pot);
    double m[2] = {0, 0}, cdf, pdf;
    size_t J = rho->n, ld = rho->ld;
    mf_status status = relu_mean(pot, rho, m, scratch, err);
    for (size_t side = 0; status >= 0 && side < 2; ++side) {
        double tau = relu_of(pot)->tau[side], yhat = M_SQRT2 * m[side], y = side ? -1 : 1;
        double share = c == 2 ? tau * tau / 2 : 0.5, residual = mf_loss_residual(&loss, y, yhat);
        stiffness[side] = share * mf_loss_curvature(&loss, y, yhat) / 2;
        gain[side] = share * (residual * residual + variance);
        for (size_t j = 0; j < J; ++j) {
            const double *theta = rho->x + j;
            double a = theta[0], b = theta[ld], r1 = theta[2 * ld], r2 = theta[3 * ld];
            double r = theta[c * ld], s = spread(tau, r1, r2), *out = rise + 4 * side * J + j;
            moment(s, b, &cdf, &pdf);
            double slope = s > 0 ? a * pdf * r / s : 0, tilt = s > 0 ? -slope * b / s : 0;
            q[side * J + j] = a * cdf;
            out[0] = r * cdf;
            out[J] = slope;
            out[2 * J] = (c == 2 ? a * cdf : 0) + (s > 0 ? tilt * tau * tau * r1 / s : 0);
            out[3 * J] = (c == 3 ? a * cdf : 0) + (s > 0 ? tilt * r2 / s : 0);
        }
    }
    return status;
}

static mf_status relu_start(const mf_potential *pot, const mf_init *init, size_t J, double *x,
                            const mf_flag *stop, mf_error *err) {
    return mf_affine_start(init, HUGE_VAL, 0, relu_of(pot)->gamma, J, x, stop, err);
}

static double relu_dimension(const mf_potential *pot, size_t c) {
    (void)pot;
    (void)c;
    return HUGE_VAL;
}

static const mf_potential_ops relu_ops = {.name = "relu",
                                          .features = relu_features,
                                          .mean = relu_mean,
                                          .field = relu_field,
                                          .scratch = relu_scratch,
                                          .free = relu_free,
                                          .self = relu_self,
                                          .step_noise = relu_step_noise,
                                          .odd_nodes = relu_odd_nodes,
                                          .odd = relu_odd,
                                          .start = relu_start,
                                          .dimension = relu_dimension};

mf_status mf_relu_new(const mf_relu_spec *spec, mf_potential **out, mf_error *err) {
    *out = NULL;
    if (!(spec->delta > 0 && spec->delta < 1))
        return mf_fail(err, MF_EINVAL, "delta = %g must be in (0, 1)", spec->delta);
    if (!(spec->gamma > 0 && spec->gamma <= 1))
        return mf_fail(err, MF_EINVAL, "gamma = %g must be in (0, 1]", spec->gamma);
    mf_status labels = mf_loss_check(&spec->loss, 2, mf_class_label, err);
    if (labels < 0)
        return labels;
    relu *self = calloc(1, sizeof *self);
    if (!self)
        return mf_fail(err, MF_ENOMEM, "no memory for a potential");
    self->tau[0] = 1 + spec->delta;
    self->tau[1] = 1 - spec->delta;
    self->gamma = spec->gamma;
    self->b[0] = -M_SQRT1_2;
    self->b[1] = M_SQRT1_2;
    self->head = (mf_potential){.ops = &relu_ops,
                                .space = &mf_space_relu,
                                .dim = 4,
                                .rank = 2,
                                .b = self->b,
                                .risk0 = 1,
                                .error = 0};
    self->nodes = (mf_nodes){spec->loss, mf_class_label, mf_class_share};
    mf_potential_set_nodes(&self->head, &self->nodes);
    *out = &self->head;
    return MF_OK;
}
