/* radial_noise.c: residuals at the nodes in |x|, then squares of slopes at every particle. */
#include "radial_noise.h"

#include "core/base/gauss.h"
#include "core/base/parallel.h"
#include "core/model/directions.h"
#include "kernels.h"

#include <math.h>
#include <stdlib.h>

enum { BLOCK = 256, CHUNK = 1024, MANY = 16 }; /* MANY: dimensions in which 12 nodes are enough */

typedef struct {
    const mf_activation *a;
    mf_directions answer, slope;
    double d;
    bool growth;
} sampling;

/* In units of z's deviation, so that curves look alike in all dimensions. */
static void sample_answer(const void *context, double s, double *out) {
    const sampling *at = context;
    if (isinf(at->d) && mf_activation_moment(at->a, s, 0, out, NULL, NULL, NULL) < 0)
        *out = NAN;
    if (isfinite(at->d))
        *out = mf_directions_value(&at->answer, s * sqrt(at->d));
    *out /= at->growth ? 1 + s : 1;
}

static void sample_slope(const void *context, double s, double *out) {
    const sampling *at = context;
    if (isinf(at->d) && mf_activation_slope_squares(at->a, s, 0, 1, out, NULL) < 0)
        *out = NAN;
    if (isfinite(at->d))
        *out = mf_directions_slope_square(&at->slope, s * sqrt(at->d + 2));
}

static void sample_odd(const void *context, double s, double *out) {
    const sampling *at = context;
    double value, slope;
    if (isinf(at->d) && mf_activation_moment(at->a, s, 0, &value, &slope, out, NULL) < 0)
        *out = NAN;
    if (isfinite(at->d))
        *out = mf_directions_slope(&at->slope, s * sqrt(at->d + 2));
}

static mf_status make_curve(mf_curve_sampler *sampler, const sampling *at, bool growth, double tol,
                            mf_curves *out, const mf_flag *stop, mf_error *err) {
    mf_curve_samples samples;
    double reach = 2 * mf_activation_reach(at->a);
    mf_status status = mf_curves_sample(sampler, at, 1, tol, reach, &samples, stop, err);
    if (status < 0)
        return status;
    status = mf_curves_fit(&samples, 1, samples.sample, growth, out, err);
    mf_curve_samples_free(&samples);
    return status;
}

static mf_status make_nodes(mf_radial_noise *p, double d, mf_error *err) {
    p->nodes = isinf(d) ? 1 : d >= MANY ? 12 : MF_NOISE_NODES;
    p->weight[0] = p->answer_at[0] = p->slope_at[0] = 1;
    if (isinf(d))
        return MF_OK;
    mf_status status = mf_gauss_chi(p->nodes, d + 2, p->slope_at, p->weight, err);
    for (size_t k = 0; k < p->nodes && status >= 0; ++k) {
        p->answer_at[k] = p->slope_at[k] / sqrt(d);
        p->slope_at[k] /= sqrt(d + 2);
    }
    return status;
}

mf_status mf_radial_noise_init(mf_radial_noise *p, const mf_activation *a, double delta, double d,
                               double tol, const mf_flag *stop, mf_error *err) {
    sampling at = {.a = a, .d = d, .growth = !mf_activation_is_bounded(a)};
    *p = (mf_radial_noise){.tau = {1 + delta, 1 - delta}};
    tol *= mf_activation_scale(a);
    mf_status status = make_nodes(p, d, err);
    if (status >= 0 && isfinite(d))
        status = mf_directions_init(&at.answer, a, d, err);
    if (status >= 0 && isfinite(d))
        status = mf_directions_init(&at.slope, a, d + 2, err);
    if (status >= 0)
        status = make_curve(sample_answer, &at, at.growth, tol, &p->answer, stop, err);
    if (status >= 0)
        status = make_curve(sample_slope, &at, false, tol, &p->slope, stop, err);
    if (status >= 0)
        status = make_curve(sample_odd, &at, false, tol, &p->odd, stop, err);
    mf_directions_free(&at.answer);
    mf_directions_free(&at.slope);
    if (status < 0)
        mf_radial_noise_free(p);
    return status;
}

void mf_radial_noise_free(mf_radial_noise *p) {
    mf_curves_free(&p->answer);
    mf_curves_free(&p->slope);
    mf_curves_free(&p->odd);
}

/* ---- using ------------------------------------------------------------------------------------ */

typedef struct {
    const mf_radial_noise *p;
    const mf_loss *loss;
    double variance;
    const mf_measure *rho;
    size_t n;
    const double *r;
    double *T;
    double square[2 * MF_NOISE_NODES];    /* weight tau^2/2 (+-1 - yhat)^2 */
    double stiffness[2 * MF_NOISE_NODES]; /* weight tau^2/2 l''/2          */
} work;

/* value_j of a curve at scale r_j, j < n <= BLOCK. */
static void look_up(const mf_curves *c, double scale, size_t n, const double *r, double *value) {
    double s[BLOCK];
    for (size_t j = 0; j < n; ++j)
        s[j] = scale * r[j];
    mf_curve_kernels_best()->curve_values(&c->grid, c->coef, n, s, value, NULL);
}

static void residual(void *context, size_t index) {
    work *w = context;
    const mf_radial_noise *p = w->p;
    size_t side = index / p->nodes, node = index % p->nodes, n = w->rho->n;
    double value[BLOCK], sum = 0, rest, tau = p->tau[side];
    for (size_t from = 0; from < n; from += BLOCK) {
        size_t count = n - from < BLOCK ? n - from : BLOCK;
        look_up(&p->answer, tau * p->answer_at[node], count, w->rho->x + from, value);
        for (size_t j = 0; j < count; ++j)
            sum += mf_measure_weight(w->rho, from + j) * value[j];
    }
    double share = p->weight[node] * tau * tau / 2, y = side ? -1 : 1;
    rest = mf_loss_residual(w->loss, y, sum);
    w->stiffness[index] = share * mf_loss_curvature(w->loss, y, sum) / 2;
    w->square[index] = share * rest * rest + share * w->variance;
}

static void gains(void *context, size_t chunk) {
    const work *w = context;
    const mf_radial_noise *p = w->p;
    for (size_t from = chunk * CHUNK; from < w->n && from < (chunk + 1) * CHUNK; from += BLOCK) {
        size_t count = w->n - from < BLOCK ? w->n - from : BLOCK;
        double value[BLOCK], *T = w->T + from;
        for (size_t j = 0; j < count; ++j)
            T[j] = 0;
        for (size_t i = 0; i < 2 * p->nodes; ++i) {
            double scale = p->tau[i / p->nodes] * p->slope_at[i % p->nodes];
            look_up(&p->slope, scale, count, w->r + from, value);
            for (size_t j = 0; j < count; ++j)
                T[j] += w->square[i] * value[j];
        }
    }
}

void mf_radial_noise_gain(const mf_radial_noise *p, const mf_loss *loss, double variance,
                          const mf_measure *rho, size_t n, const double *r, double *T) {
    work w = {.p = p, .loss = loss, .variance = variance, .rho = rho, .n = n, .r = r, .T = T};
    mf_parallel(2 * p->nodes, residual, &w);
    mf_parallel((n + CHUNK - 1) / CHUNK, gains, &w);
}

void mf_radial_noise_odd(const mf_radial_noise *p, const mf_loss *loss, double variance,
                         const mf_measure *rho, double *stiffness, double *gain, double *q,
                         double *rise) {
    work w = {.p = p, .loss = loss, .variance = variance, .rho = rho};
    size_t n = rho->n;
    mf_parallel(2 * p->nodes, residual, &w);
    for (size_t i = 0; i < 2 * p->nodes; ++i) {
        double scale = p->tau[i / p->nodes] * p->slope_at[i % p->nodes], s[BLOCK];
        stiffness[i] = w.stiffness[i];
        gain[i] = w.square[i];
        for (size_t from = 0; from < n; from += BLOCK) {
            size_t count = n - from < BLOCK ? n - from : BLOCK;
            double *value = q + i * n + from, *slope = rise + i * n + from;
            for (size_t j = 0; j < count; ++j)
                s[j] = scale * rho->x[from + j];
            mf_curve_kernels_best()->curve_values(&p->odd.grid, p->odd.coef, count, s, value,
                                                  slope);
            for (size_t j = 0; j < count; ++j)
                slope[j] = value[j] + (isinf(s[j]) ? 0 : s[j] * slope[j]);
        }
    }
}
