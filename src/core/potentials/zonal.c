/* zonal.c: pairs and their shapes; means of polynomials over |g1| and |g2|. */
#include "zonal.h"

#include "core/base/chebyshev.h"
#include "core/base/gauss.h"
#include "core/base/special.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ORDERS = MF_ZONAL_ORDERS };

double mf_zonal_scale(double tau, double r1, double r2, double *alpha, double *beta) {
    double x = tau * r1, s = hypot(x, r2);
    if (isinf(s)) {
        x = isinf(r1) ? tau : 0;
        r2 = isinf(r2) ? 1 : 0;
    }
    double length = isinf(s) ? hypot(x, r2) : s;
    *alpha = length > 0 ? x / length : 0;
    *beta = length > 0 ? r2 / length : 0;
    return s;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

/* log E z^2m for a uniform unit vector of R^p. */
static double log_moment(double p, double m) {
    if (m == 0)
        return 0;
    if (p < 1)
        return -HUGE_VAL;
    return mf_lgamma(p / 2) - mf_lgamma(p / 2 + m) + mf_lgamma(m + 0.5) - mf_lgamma(0.5);
}

/* The moment is largest at an end, alpha or beta = 1. */
double mf_zonal_moment(double p1, double p2, size_t m) {
    if (isinf(p1) || isinf(p2))
        return m == 0;
    return exp(fmax(log_moment(p1, (double)m), log_moment(p2, (double)m)));
}

/* log of W, and of its largest value W t^2m1 (1-t)^2m2 over t. */
static double log_weight(double p1, double p2, double m1, double m2, double *largest) {
    double m = m1 + m2;
    if (m == 0) /* p may be infinite */
        return *largest = 0;
    double w = mf_lgamma(2 * m + 1) - mf_lgamma(2 * m1 + 1) - mf_lgamma(2 * m2 + 1) +
               log_moment(p1, m1) + log_moment(p2, m2);
    *largest = w + (m1 > 0 ? 2 * m1 * log(m1 / m) : 0) + (m2 > 0 ? 2 * m2 * log(m2 / m) : 0);
    return w;
}

/* sqrt(W/2) t^m1 (1-t)^m2 as a Chebyshev series of m + 1 terms; A: mf_chebyshev_from_roots(m + 1). */
static void make_shape(double log_w, double m1, double m2, const double *A, double *shape) {
    size_t n = (size_t)(m1 + m2) + 1;
    memset(shape, 0, n * sizeof *shape);
    for (size_t i = 0; i < n; ++i) {
        double angle = M_PI * ((double)i + 0.5) / (double)n;
        double t = (1 + cos(angle)) / 2, rest = (1 - cos(angle)) / 2;
        double value = exp(log_w / 2 + (m1 > 0 ? m1 * log(t) : 0) + (m2 > 0 ? m2 * log(rest) : 0)) *
                       M_SQRT1_2;
        for (size_t l = 0; l < n; ++l)
            shape[l] += A[l * n + i] * value;
    }
}

/* Chooses the pairs and makes their shapes. */
static void choose_pairs(mf_zonal *z, const double *square, double keep, double *left_out) {
    for (size_t m = 0; m < z->orders; ++m) {
        double largest, A[ORDERS * ORDERS];
        mf_chebyshev_from_roots(m + 1, A);
        for (size_t m1 = 0; m1 <= m; ++m1) {
            double log_w = log_weight(z->p1, z->p2, (double)m1, (double)(m - m1), &largest);
            if (m > 0 && exp(largest) * square[m] <= keep) {
                *left_out += exp(largest) * square[m];
                continue;
            }
            z->order[z->pairs] = m;
            z->first[z->pairs] = m1;
            make_shape(log_w, (double)m1, (double)(m - m1), A, z->shape + z->pairs++ * z->orders);
        }
    }
}

mf_status mf_zonal_init(mf_zonal *z, double p1, double p2, size_t orders, const double *square,
                        double keep, double *left_out, mf_error *err) {
    size_t most = orders * (orders + 1) / 2;
    *z = (mf_zonal){.p1 = p1, .p2 = p2, .orders = orders};
    z->block = calloc(most, orders * sizeof(double) + 2 * sizeof(size_t));
    if (!z->block)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu features", 2 * most);
    z->shape = z->block;
    z->order = (size_t *)(void *)(z->shape + most * orders);
    z->first = z->order + most;
    choose_pairs(z, square, keep, left_out);
    return MF_OK;
}

void mf_zonal_free(mf_zonal *z) {
    free(z->block);
    z->block = NULL;
}

void mf_zonal_contract(const mf_zonal *z, const double *g, double *H) {
    memset(H, 0, z->orders * z->orders * sizeof *H);
    for (size_t p = 0; p < z->pairs; ++p)
        for (size_t l = 0; l <= z->order[p]; ++l)
            H[z->order[p] * z->orders + l] += g[p] * z->shape[p * z->orders + l];
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* l_k, which end with k = 0 where there is no dimension or no end to it. */
static void polynomials(size_t n, double p, double rho, double *value) {
    memset(value, 0, n * sizeof *value);
    value[0] = 1;
    if (p > 0 && isfinite(p))
        mf_gauss_chi_polynomials(n, p, rho, value);
}

mf_status mf_zonal_axis_init(mf_zonal_axis *axis, double p, double more, size_t nodes,
                             size_t orders, mf_error *err) {
    double node[MF_ZONAL_NODES], weight[MF_ZONAL_NODES] = {1};
    bool point = isinf(p) || p + more == 0;
    size_t n = point ? 1 : nodes;
    mf_status status = point ? MF_OK : mf_gauss_chi(n, p + more, node, weight, err);
    *axis = (mf_zonal_axis){.nodes = n};
    if (status < 0)
        return status;
    axis->block = malloc(n * (1 + 2 * orders) * sizeof(double));
    if (!axis->block)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu nodes", n);
    axis->weight = axis->block;
    axis->answer = axis->weight + n;
    axis->gain = axis->answer + n * orders;
    memcpy(axis->weight, weight, n * sizeof *weight);
    for (size_t i = 0; i < n; ++i) {
        polynomials(orders, p, point ? 0 : node[i], axis->answer + i * orders);
        polynomials(orders, p + more, point ? 0 : node[i], axis->gain + i * orders);
    }
    return MF_OK;
}

void mf_zonal_axis_free(mf_zonal_axis *axis) {
    free(axis->block);
    axis->block = NULL;
}

/* ---- step noise ------------------------------------------------------------------------------ */

/* The smaller dimension of the two; one that is 0 does not count. */
static double fewest(const mf_zonal *z) {
    return z->p1 == 0 ? z->p2 : z->p2 == 0 ? z->p1 : fmin(z->p1, z->p2);
}

size_t mf_zonal_noise_orders(const mf_zonal *features) {
    double p = fewest(features), most = 3 + floor(p / 3);
    return p < MF_ZONAL_FEWEST               ? 0
           : (double)features->orders < most ? features->orders
                                             : (size_t)most;
}

mf_status mf_zonal_no_noise(const mf_zonal *features, mf_error *err) {
    return mf_fail(err, MF_EUNSUPPORTED,
                   "the step noise of s0 = %g in d = %g is not known: both s0 and d - s0 must be 0 "
                   "or %d and more (take the sampled potential)",
                   features->p1, features->p1 + features->p2, (int)MF_ZONAL_FEWEST);
}

mf_status mf_zonal_noise_init(mf_zonal_noise *noise, const mf_zonal *features, int space,
                              const double *square, double keep, mf_error *err) {
    double p[2] = {features->p1, features->p2}, more[2] = {space == 0 ? 2 : 0, space == 1 ? 2 : 0};
    double left_out = 0;
    size_t orders = mf_zonal_noise_orders(features);
    *noise = (mf_zonal_noise){.orders = orders};
    mf_status status = mf_zonal_init(&noise->slopes, p[0] + more[0], p[1] + more[1], orders, square,
                                     keep, &left_out, err);
    for (int a = 0; a < 2 && status >= 0; ++a) /* exact for the square of yhat times a polynomial */
        status = mf_zonal_axis_init(&noise->axis[a], p[a], more[a], (3 * orders) / 2 + 1, orders,
                                    err);
    if (status < 0)
        mf_zonal_noise_free(noise);
    return status;
}

void mf_zonal_noise_free(mf_zonal_noise *noise) {
    mf_zonal_free(&noise->slopes);
    for (int a = 0; a < 2; ++a)
        mf_zonal_axis_free(&noise->axis[a]);
}

/* Sums over one index after the other: never pairs times nodes squared. */
void mf_zonal_noise_gain(const mf_zonal_noise *noise, const mf_zonal *features, double variance,
                         const double *m, const mf_loss *loss, double y, double factor, double *G) {
    const mf_zonal_axis *one = &noise->axis[0], *two = &noise->axis[1];
    size_t orders = noise->orders;
    double mean[ORDERS][ORDERS] = {{0}}, half[ORDERS], sum[ORDERS][ORDERS] = {{0}};
    for (size_t p = 0; p < features->pairs && features->order[p] < orders; ++p)
        mean[features->first[p]][features->order[p] - features->first[p]] = M_SQRT2 * m[p];
    for (size_t i = 0; i < one->nodes; ++i) {
        double gain[ORDERS] = {0};
        memset(half, 0, sizeof half);
        for (size_t k = 0; k < orders; ++k)
            for (size_t j = 0; j < orders; ++j)
                half[j] += one->answer[i * orders + k] * mean[k][j];
        for (size_t n = 0; n < two->nodes; ++n) {
            double yhat = 0, rest;
            for (size_t j = 0; j < orders; ++j)
                yhat += half[j] * two->answer[n * orders + j];
            rest = mf_loss_residual(loss, y, yhat);
            for (size_t j = 0; j < orders; ++j)
                gain[j] += (two->weight[n] * rest * rest + two->weight[n] * variance) *
                           two->gain[n * orders + j];
        }
        for (size_t k = 0; k < orders; ++k)
            for (size_t j = 0; j < orders; ++j)
                sum[k][j] += one->weight[i] * one->gain[i * orders + k] * gain[j];
    }
    const mf_zonal *s = &noise->slopes;
    for (size_t p = 0; p < s->pairs; ++p)
        G[p] = factor * M_SQRT1_2 * sum[s->first[p]][s->order[p] - s->first[p]];
}

/* ---- what neurons share ---------------------------------------------------------------------- */

/* |g|^2 is off its mean by 2/p of it in the square. */
size_t mf_zonal_odd_points(double p, size_t orders) {
    double n = isinf(p) ? 1 : ceil(log(1e-5) / log(2 / fmax(p, 3)));
    return (size_t)fmin(n, (double)((3 * orders) / 2 + 1));
}

static void fill_odd(mf_zonal_odd *odd, const mf_zonal *features, size_t orders,
                     const mf_zonal_axis axis[2]) {
    const mf_zonal *s = &odd->slopes;
    size_t at = 0;
    for (size_t i = 0; i < axis[0].nodes; ++i)
        for (size_t j = 0; j < axis[1].nodes; ++j, ++at) {
            const double *one = axis[0].answer + i * orders, *two = axis[1].answer + j * orders;
            const double *up = axis[0].gain + i * orders, *over = axis[1].gain + j * orders;
            odd->weight[at] = axis[0].weight[i] * axis[1].weight[j];
            for (size_t p = 0; p < features->pairs && features->order[p] < orders; ++p)
                odd->answer[at * features->pairs + p] =
                        M_SQRT2 * one[features->first[p]] *
                        two[features->order[p] - features->first[p]];
            for (size_t p = 0; p < s->pairs; ++p)
                odd->q[at * s->pairs + p] =
                        M_SQRT2 * up[s->first[p]] * over[s->order[p] - s->first[p]];
        }
}

mf_status mf_zonal_odd_init(mf_zonal_odd *odd, const mf_zonal *features, int space,
                            const double *square, double keep, mf_error *err) {
    double p[2] = {features->p1, features->p2}, left_out = 0;
    size_t orders = mf_zonal_noise_orders(features);
    mf_zonal_axis axis[2] = {{0}, {0}};
    *odd = (mf_zonal_odd){0};
    mf_status status =
            mf_zonal_init(&odd->slopes, p[0] + (space == 0 ? 2 : 0), p[1] + (space == 1 ? 2 : 0),
                          orders, square, keep, &left_out, err);
    for (int a = 0; a < 2 && status >= 0; ++a)
        status = mf_zonal_axis_init(&axis[a], p[a], a == space ? 2 : 0,
                                    mf_zonal_odd_points(p[a], orders), orders, err);
    odd->nodes = axis[0].nodes * axis[1].nodes;
    size_t each = 1 + features->pairs + odd->slopes.pairs;
    odd->block = status < 0 ? NULL : calloc(odd->nodes * each, sizeof(double));
    if (status >= 0 && !odd->block)
        status = mf_fail(err, MF_ENOMEM, "no memory for %zu nodes", odd->nodes);
    if (status >= 0) {
        odd->weight = odd->block;
        odd->answer = odd->weight + odd->nodes;
        odd->q = odd->answer + odd->nodes * features->pairs;
        fill_odd(odd, features, orders, axis);
    } else
        mf_zonal_odd_free(odd);
    for (int a = 0; a < 2; ++a)
        mf_zonal_axis_free(&axis[a]);
    return status;
}

void mf_zonal_odd_free(mf_zonal_odd *odd) {
    mf_zonal_free(&odd->slopes);
    free(odd->block);
    odd->block = NULL;
}

static void odd_look_side(const mf_zonal_odd *odd, size_t pairs, double variance, const double *m,
                          const mf_loss *loss, double y, double factor, double *stiffness,
                          double *gain) {
    for (size_t n = 0; n < odd->nodes; ++n) {
        double yhat = 0, share = factor / 2 * odd->weight[n], rest;
        for (size_t p = 0; p < pairs; ++p)
            yhat += odd->answer[n * pairs + p] * m[p];
        rest = mf_loss_residual(loss, y, yhat);
        stiffness[n] = share * mf_loss_curvature(loss, y, yhat) / 2;
        gain[n] = share * (rest * rest + variance);
    }
}

void mf_zonal_odd_look(const mf_zonal_odd *odd, size_t pairs, double variance, const double *m,
                       const mf_loss *loss, const double *tau, double *stiffness, double *gain) {
    for (size_t side = 0; side < 2; ++side)
        odd_look_side(odd, pairs, variance, m + side * pairs, loss, side ? -1 : 1,
                      tau ? tau[side] * tau[side] : 1, stiffness + side * odd->nodes,
                      gain + side * odd->nodes);
}
