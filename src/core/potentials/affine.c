/* affine.c: the potential of affine.h, sums over orders m and Chebyshev polynomials of t.
 *
 * A field is a sum_m c_2m(s, b) P_m(t) on either side, P_m = sum_l H_ml T_l(2t - 1); its derivatives
 * need dc_2m/ds and dc_2m/db = sqrt(2m + 1) c_2m+1 / s. At s = 0, where the direction is lost, the
 * radii feel no force. The mean of the features follows from sums of a c_2m T_l in the same way.  */
#include "affine.h"

#include "core/base/chebyshev.h"
#include "core/base/parallel.h"
#include "core/network/risk.h"
#include "recombined.h"
#include "relu.h"
#include "zonal.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 32, ORDERS = MF_ZONAL_ORDERS };

typedef struct {
    mf_potential head;
    mf_nodes nodes; /* d = HUGE_VAL: the two classes */
    mf_activation activation;
    double tau[2];
    double d, s0, gamma;
    mf_zonal zonal;
    mf_zonal_noise noise[2]; /* at r1, at r2                            */
    mf_zonal_odd odd[2];     /* at r1, at r2                            */
    double *b;               /* rank = 2 pairs: all of +, then all of - */
} affine;

static const affine *affine_of(const mf_potential *pot) {
    return (const affine *)(const void *)pot;
}

/* ---- one particle on one side ------------------------------------------------------------------ */

typedef struct {
    double s, b, alpha, beta, t;  /* alpha = tau r1/s, beta = r2/s, t = alpha^2 */
    double T[ORDERS], dT[ORDERS]; /* T_l(2t - 1) and its derivative in t      */
} place;

static place locate(const affine *self, size_t side, const double *theta, size_t ld) {
    place at = {.b = theta[ld]};
    at.s = mf_zonal_scale(self->tau[side], theta[2 * ld], theta[3 * ld], &at.alpha, &at.beta);
    at.t = at.alpha * at.alpha;
    mf_chebyshev_basis(self->zonal.orders, 2 * at.t - 1, at.T, at.dT);
    for (size_t l = 0; l < self->zonal.orders; ++l)
        at.dT[l] *= 2;
    return at;
}

/* P_m(t), and its derivative. */
static double polynomial(const double *H, size_t m, const place *at, double *slope) {
    double sum = 0;
    *slope = 0;
    for (size_t l = 0; l <= m; ++l) {
        sum += H[l] * at->T[l];
        *slope += H[l] * at->dT[l];
    }
    return sum;
}

/* ---- loops over particles ----------------------------------------------------------------------- */

typedef struct {
    const affine *self;
    const mf_measure *rho;
    const double *theta, *H; /* H: of one side, then of the other */
    size_t n, ld;
    double *sums, *value, *grad;
    mf_error *errors; /* one a chunk */
} work;

static size_t chunks_of(size_t n) {
    return (n + CHUNK - 1) / CHUNK;
}

/* Runs all chunks; the first failure, if any, is the whole's. */
static mf_status run(work *w, size_t n, void (*chunk)(void *, size_t), void *scratch,
                     mf_error *err) {
    size_t chunks = chunks_of(n);
    w->errors = scratch;
    memset(w->errors, 0, chunks * sizeof *w->errors);
    mf_parallel(chunks, chunk, w);
    for (size_t i = 0; i < chunks; ++i)
        if (w->errors[i].status < 0)
            return mf_fail(err, w->errors[i].status, "%s", w->errors[i].text);
    return MF_OK;
}

static size_t errors_size(size_t n) {
    return (chunks_of(n) * sizeof(mf_error) + 63) & ~(size_t)63;
}

static mf_status affine_features(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                                 double *F, size_t ldf, mf_error *err) {
    const affine *self = affine_of(pot);
    const mf_zonal *z = &self->zonal;
    mf_status status = MF_OK;
    for (size_t i = 0; i < 2 * n && status >= 0; ++i) {
        size_t side = i / n, j = i % n;
        double c[2 * ORDERS];
        place at = locate(self, side, theta + j, ld);
        status = mf_activation_hermite(&self->activation, at.s, at.b, 2 * z->orders - 1, c, NULL,
                                       err);
        for (size_t p = 0; p < z->pairs && status >= 0; ++p) {
            double shape = 0;
            for (size_t l = 0; l <= z->order[p]; ++l)
                shape += z->shape[p * z->orders + l] * at.T[l];
            F[(side * z->pairs + p) * ldf + j] = theta[j] * shape * c[2 * z->order[p]];
        }
    }
    return status;
}

static void mean_chunk(void *context, size_t chunk) {
    const work *w = context;
    const affine *self = w->self;
    const mf_measure *rho = w->rho;
    size_t orders = self->zonal.orders, length = orders * orders;
    double *sums = w->sums + chunk * 2 * length, c[2 * ORDERS];
    memset(sums, 0, 2 * length * sizeof *sums);
    for (size_t j = chunk * CHUNK; j < rho->n && j < (chunk + 1) * CHUNK; ++j)
        for (size_t side = 0; side < 2; ++side) {
            place at = locate(self, side, rho->x + j, rho->ld);
            if (mf_activation_hermite(&self->activation, at.s, at.b, 2 * orders - 1, c, NULL,
                                      &w->errors[chunk]) < 0)
                return;
            double mass = mf_measure_weight(rho, j) * rho->x[j];
            for (size_t m = 0; m < orders; ++m)
                for (size_t l = 0; l <= m; ++l)
                    sums[side * length + m * orders + l] += mass * c[2 * m] * at.T[l];
        }
}

static mf_status affine_mean(const mf_potential *pot, const mf_measure *rho, double *m,
                             void *scratch, mf_error *err) {
    const affine *self = affine_of(pot);
    const mf_zonal *z = &self->zonal;
    size_t length = 2 * z->orders * z->orders, chunks = chunks_of(rho->n);
    work w = {.self = self, .rho = rho, .sums = (void *)((char *)scratch + errors_size(rho->n))};
    mf_status status = run(&w, rho->n, mean_chunk, scratch, err);
    for (size_t c = 1; c < chunks && status >= 0; ++c)
        for (size_t i = 0; i < length; ++i)
            w.sums[i] += w.sums[c * length + i];
    for (size_t i = 0; i < 2 * z->pairs && status >= 0; ++i) {
        size_t p = i % z->pairs, order = z->order[p];
        const double *row = w.sums + (i < z->pairs ? 0 : length / 2) + order * z->orders;
        for (size_t l = 0; l <= order; ++l)
            m[i] += z->shape[p * z->orders + l] * row[l];
    }
    return status;
}

/* Value, and derivatives in b, r1 and r2, of one side's sum_m c_2m P_m. */
static mf_status side_field(const affine *self, size_t side, const double *H, const place *at,
                            double out[4], mf_error *err) {
    size_t orders = self->zonal.orders;
    double c[2 * ORDERS], dc[2 * ORDERS], q, Fs = 0, Ft = 0;
    mf_status status =
            mf_activation_hermite(&self->activation, at->s, at->b, 2 * orders, c, dc, err);
    for (size_t m = 0; m < orders && status >= 0; ++m) {
        double slope, P = polynomial(H + m * orders, m, at, &slope);
        double dc_db = at->s > 0 ? sqrt(2 * (double)m + 1) * c[2 * m + 1] / at->s : 0;
        if (at->s == 0 && m == 0)
            status = mf_activation_moment(&self->activation, 0, at->b, &q, NULL, &dc_db, err);
        out[0] += c[2 * m] * P;
        out[1] += dc_db * P;
        Fs += dc[2 * m] * P;
        Ft += at->s > 0 ? c[2 * m] * slope / at->s : 0;
    }
    out[2] += self->tau[side] * at->alpha * (Fs + 2 * (1 - at->t) * Ft);
    out[3] += at->beta * (Fs - 2 * at->t * Ft);
    return status;
}

static void field_chunk(void *context, size_t chunk) {
    const work *w = context;
    const affine *self = w->self;
    size_t length = self->zonal.orders * self->zonal.orders;
    for (size_t j = chunk * CHUNK; j < w->n && j < (chunk + 1) * CHUNK; ++j) {
        double out[4] = {0}, a = w->theta[j];
        for (size_t side = 0; side < 2; ++side) {
            place at = locate(self, side, w->theta + j, w->ld);
            if (side_field(self, side, w->H + side * length, &at, out, &w->errors[chunk]) < 0)
                return;
        }
        if (w->value)
            w->value[j] = a * out[0];
        for (size_t c = 0; w->grad && c < 4; ++c)
            w->grad[c * w->ld + j] = isinf(w->theta[c * w->ld + j]) ? 0 : c ? a * out[c] : out[0];
    }
}

static mf_status affine_field(const mf_potential *pot, const double *g, size_t n,
                              const double *theta, size_t ld, double *value, double *grad,
                              void *scratch, mf_error *err) {
    const affine *self = affine_of(pot);
    const mf_zonal *z = &self->zonal;
    double *H = (void *)((char *)scratch + errors_size(n));
    mf_zonal_contract(z, g, H);
    mf_zonal_contract(z, g + z->pairs, H + z->orders * z->orders);
    work w = {.self = self, .H = H, .theta = theta, .n = n, .ld = ld, .value = value, .grad = grad};
    return run(&w, n, field_chunk, scratch, err);
}

/* H: r1's on both sides, then r2's, of sigma'^2's expansion. */
static void noise_chunk(void *context, size_t chunk) {
    const work *w = context;
    const affine *self = w->self;
    size_t orders = self->noise[0].orders, length = orders * orders;
    for (size_t j = chunk * CHUNK; j < w->n && j < (chunk + 1) * CHUNK; ++j)
        for (size_t side = 0; side < 2; ++side) {
            double c[2 * ORDERS], a = w->theta[j], unused;
            place at = locate(self, side, w->theta + j, w->ld);
            if (mf_activation_slope_squares(&self->activation, at.s, at.b, 2 * orders - 1, c,
                                            &w->errors[chunk]) < 0)
                return;
            for (size_t k = 0; k < 2; ++k)
                for (size_t m = 0; m < orders; ++m)
                    w->value[(2 + k) * w->ld + j] +=
                            a * a * c[2 * m] *
                            polynomial(w->H + (2 * k + side) * length + m * orders, m, &at,
                                       &unused);
        }
}

static double affine_dimension(const mf_potential *pot, size_t c) {
    const affine *self = affine_of(pot);
    return isinf(self->d) ? HUGE_VAL : c == 2 ? self->s0 : self->d - self->s0;
}

static mf_status affine_step_noise(const mf_potential *pot, double variance, const mf_measure *rho,
                                   size_t n, const double *theta, size_t ld, double *T,
                                   void *scratch, mf_error *err) {
    const affine *self = affine_of(pot);
    const mf_zonal *z = &self->zonal;
    size_t orders = mf_zonal_noise_orders(z), most = z->orders * (z->orders + 1) / 2;
    double *m = scratch, *G = m + 2 * z->pairs, *H = G + most;
    void *rest = H + 4 * z->orders * z->orders;
    rest = (void *)(((uintptr_t)rest + 63) & ~(uintptr_t)63);
    if (orders == 0)
        return mf_zonal_no_noise(z, err);
    mf_status status = mf_potential_mean(pot, rho, m, rest, err);
    if (status < 0)
        return status;
    const mf_loss loss = mf_potential_loss(pot);
    memset(H, 0, 4 * orders * orders * sizeof *H);
    for (size_t k = 0; k < 2; ++k)
        for (size_t side = 0; side < 2 && affine_dimension(pot, 2 + k) > 1; ++side) {
            double tau = k == 0 ? self->tau[side] : 1;
            mf_zonal_noise_gain(&self->noise[k], z, variance, m + side * z->pairs, &loss,
                                side ? -1 : 1, tau * tau, G);
            mf_zonal_contract(&self->noise[k].slopes, G, H + (2 * k + side) * orders * orders);
        }
    work w = {.self = self, .H = H, .theta = theta, .n = n, .ld = ld, .value = T};
    return run(&w, n, noise_chunk, rest, err);
}

/* ---- what neurons share ------------------------------------------------------------------------ */

static size_t affine_odd_nodes(const mf_potential *pot, size_t c) {
    return affine_dimension(pot, c) > 1 ? 2 * affine_of(pot)->odd[c - 2].nodes : 0;
}

typedef struct {
    work all; /* first: what run knows of */
    size_t c;
    double *q, *rise;
} odd_work;

/* F_k = E sigma'(s G + b) h_k(G) for k = 2m, s dF_k/db and s dF_k/ds, by E F' h_k = sqrt(k + 1) E F h_(k+1) / s of
 * sigma and of sigma'. At s = 0 only F_0 is not 0.                                              */
static mf_status slopes(const affine *self, const place *at, size_t orders, double *F, double *db,
                        double *ds, mf_error *err) {
    double c[2 * ORDERS + 2], q;
    bool inside = at->s > 0 && isfinite(at->s);
    mf_status status =
            mf_activation_hermite(&self->activation, at->s, at->b, 2 * orders + 2, c, NULL, err);
    if (status >= 0)
        status = mf_activation_moment(&self->activation, at->s, at->b, &q, NULL, F, err);
    for (size_t m = 0; m < orders && status >= 0; ++m) {
        double k = 2 * (double)m, root = sqrt((k + 1) * (k + 2));
        double next = inside ? sqrt(k + 3) * c[2 * m + 3] / at->s : 0;
        if (m > 0)
            F[m] = inside ? sqrt(k + 1) * c[2 * m + 1] / at->s : 0;
        db[m] = inside ? root * c[2 * m + 2] / at->s : 0;
        ds[m] = inside ? root * next + k * F[m] : 0;
    }
    return status;
}

/* Of particle j on one side, at each of the radius's nodes: q, and d(r q) into rise. */
static mf_status odd_side(const odd_work *w, size_t j, size_t side, mf_error *err) {
    const affine *self = w->all.self;
    const mf_zonal_odd *odd = &self->odd[w->c - 2];
    const mf_zonal *z = &odd->slopes;
    const double *theta = w->all.theta + j;
    size_t J = w->all.n, ld = w->all.ld;
    double F[ORDERS], db[ORDERS], ds[ORDERS], T[4][ORDERS * ORDERS];
    place at = locate(self, side, theta, ld);
    mf_status status = slopes(self, &at, z->orders, F, db, ds, err);
    if (status < 0)
        return status;
    double tau = self->tau[side], a = theta[0], r = theta[w->c * ld];
    double share = w->c == 2 ? at.alpha / tau : at.beta; /* r/s */
    for (size_t p = 0; p < z->pairs; ++p) {
        double bend, shape = polynomial(z->shape + p * z->orders, z->order[p], &at, &bend);
        size_t m = z->order[p];
        T[0][p] = F[m] * shape;
        T[1][p] = share * db[m] * shape;
        T[2][p] = share * tau * at.alpha * (ds[m] * shape + 2 * (1 - at.t) * F[m] * bend);
        T[3][p] = share * at.beta * (ds[m] * shape - 2 * at.t * F[m] * bend);
    }
    for (size_t n = 0; n < odd->nodes; ++n) {
        size_t node = side * odd->nodes + n;
        double sum[4] = {0}, *rise = w->rise + 4 * node * J + j;
        for (size_t i = 0; i < 4; ++i)
            for (size_t p = 0; p < z->pairs; ++p)
                sum[i] += odd->q[n * z->pairs + p] * T[i][p];
        w->q[node * J + j] = a * sum[0];
        rise[0] = isinf(r) ? 0 : r * sum[0];
        for (size_t i = 1; i < 4; ++i)
            rise[i * J] = isinf(theta[i * ld]) ? 0 : a * ((i == w->c ? sum[0] : 0) + sum[i]);
    }
    return status;
}

static void odd_chunk(void *context, size_t chunk) {
    const odd_work *w = context;
    for (size_t j = chunk * CHUNK; j < w->all.n && j < (chunk + 1) * CHUNK; ++j)
        for (size_t side = 0; side < 2; ++side)
            if (odd_side(w, j, side, &w->all.errors[chunk]) < 0)
                return;
}

static mf_status affine_odd(const mf_potential *pot, size_t c, double variance,
                            const mf_measure *rho, double *stiffness, double *gain, double *q,
                            double *rise, void *scratch, mf_error *err) {
    const affine *self = affine_of(pot);
    const mf_zonal_odd *odd = &self->odd[c - 2];
    size_t pairs = self->zonal.pairs;
    const mf_loss loss = mf_potential_loss(pot);
    double *m = scratch;
    void *rest = (void *)(((uintptr_t)(m + 2 * pairs) + 63) & ~(uintptr_t)63);
    mf_status status = mf_potential_mean(pot, rho, m, rest, err);
    if (status < 0)
        return status;
    mf_zonal_odd_look(odd, pairs, variance, m, &loss, c == 2 ? self->tau : NULL, stiffness, gain);
    odd_work w = {.all = {.self = self, .theta = rho->x, .n = rho->n, .ld = rho->ld},
                  .c = c,
                  .q = q,
                  .rise = rise};
    return run(&w.all, rho->n, odd_chunk, rest, err);
}

static size_t affine_scratch(const mf_potential *pot, size_t n) {
    const mf_zonal *z = &affine_of(pot)->zonal;
    size_t square = z->orders * z->orders;
    size_t noise = 2 * z->pairs + z->orders * (z->orders + 1) / 2 + 4 * square;
    return errors_size(n) + (noise + 2 * square * chunks_of(n)) * sizeof(double) + 64;
}

static void affine_free(mf_potential *pot) {
    affine *self = (affine *)(void *)pot;
    mf_zonal_free(&self->zonal);
    for (int k = 0; k < 2; ++k) {
        mf_zonal_noise_free(&self->noise[k]);
        mf_zonal_odd_free(&self->odd[k]);
    }
    free(self->b);
    free(self);
}

/* U(theta, theta) = a^2/2 sum E sigma(s_+- G + b)^2: one neuron, whose direction is its own. */
static mf_status affine_self(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                             double *u, mf_error *err) {
    const affine *self = affine_of(pot);
    for (size_t j = 0; j < n; ++j) {
        double s[2], b[2] = {theta[ld + j], theta[ld + j]}, square[2];
        for (int side = 0; side < 2; ++side)
            s[side] = hypot(self->tau[side] * theta[2 * ld + j], theta[3 * ld + j]);
        mf_status status = mf_second_moments(&self->activation, 2, s, b, square, err);
        if (status < 0)
            return status;
        u[j] = theta[j] * theta[j] * (square[0] + square[1]) / 2;
    }
    return MF_OK;
}

mf_status mf_affine_start(const mf_init *init, double d, double s0, double gamma, size_t J,
                          double *x, const mf_flag *stop, mf_error *err) {
    mf_status status = mf_two_radius_dims(init, &d, &s0, err);
    if (status < 0)
        return status;
    mf_init_two_radii(init, d, s0, gamma, J, x, x + J, x + 2 * J, x + 3 * J, stop);
    return MF_OK;
}

static mf_status affine_start(const mf_potential *pot, const mf_init *init, size_t J, double *x,
                              const mf_flag *stop, mf_error *err) {
    const affine *self = affine_of(pot);
    return mf_affine_start(init, self->d, self->s0, self->gamma, J, x, stop, err);
}

static const mf_potential_ops affine_ops = {.name = "affine",
                                            .features = affine_features,
                                            .mean = affine_mean,
                                            .field = affine_field,
                                            .scratch = affine_scratch,
                                            .free = affine_free,
                                            .self = affine_self,
                                            .step_noise = affine_step_noise,
                                            .odd_nodes = affine_odd_nodes,
                                            .odd = affine_odd,
                                            .start = affine_start,
                                            .dimension = affine_dimension};

/* ---- construction ------------------------------------------------------------------------------ */

static mf_status build(const mf_two_radius_spec *spec, affine *self, mf_error *err) {
    bool limit = isinf(spec->d);
    double p1 = limit ? HUGE_VAL : spec->s0, p2 = limit ? p1 : spec->d - p1, square[ORDERS];
    double scale = mf_activation_scale(&spec->activation), tol = spec->tol * scale;
    size_t orders = 1;
    while (orders < ORDERS && mf_zonal_moment(p1, p2, orders) > spec->tol / 4)
        ++orders;
    for (size_t m = 0; m < orders; ++m)
        square[m] = scale;
    double error = mf_zonal_moment(p1, p2, orders) * scale;
    double keep = tol / (4 * (double)(orders * orders));
    mf_status status = mf_zonal_init(&self->zonal, p1, p2, orders, square, keep, &error, err);
    for (int k = 0; k < 2 && status >= 0 && mf_zonal_noise_orders(&self->zonal); ++k) {
        status = mf_zonal_noise_init(&self->noise[k], &self->zonal, k, square, keep, err);
        if (status >= 0)
            status = mf_zonal_odd_init(&self->odd[k], &self->zonal, k, square, keep, err);
    }
    if (status < 0)
        return status;
    size_t pairs = self->zonal.pairs;
    self->b = calloc(2 * pairs, sizeof *self->b);
    if (!self->b)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu features", 2 * pairs);
    self->b[0] = -M_SQRT1_2;
    self->b[pairs] = M_SQRT1_2;
    error += 2 * sqrt(scale) * mf_activation_error(&spec->activation);
    self->head = (mf_potential){.ops = &affine_ops,
                                .space = &mf_space_relu,
                                .dim = 4,
                                .rank = 2 * pairs,
                                .b = self->b,
                                .risk0 = 1,
                                .error = error};
    if (limit) {
        self->nodes = (mf_nodes){spec->loss, mf_class_label, mf_class_share};
        mf_potential_set_nodes(&self->head, &self->nodes);
    }
    return error > tol ? MF_INEXACT : MF_OK;
}

mf_status mf_affine_new(const mf_two_radius_spec *spec, mf_potential **out, const mf_flag *stop,
                        mf_error *err) {
    *out = NULL;
    mf_status status = mf_two_radius_check(spec, err);
    if (status < 0)
        return status;
    affine *self = calloc(1, sizeof *self);
    if (!self)
        return mf_fail(err, MF_ENOMEM, "no memory for a potential");
    self->activation = spec->activation;
    self->tau[0] = 1 + spec->delta;
    self->tau[1] = 1 - spec->delta;
    self->d = spec->d;
    self->s0 = isinf(spec->d) ? 0 : spec->s0;
    self->gamma = isinf(spec->d) ? spec->gamma : spec->s0 / spec->d;
    status = build(spec, self, err);
    if (status < 0) {
        affine_free(&self->head);
        return status;
    }
    *out = &self->head;
    if (isinf(spec->d) || mf_loss_is_square(&spec->loss))
        return status;
    double tol = spec->tol * mf_activation_scale(&spec->activation);
    status = mf_recombined_new(&self->zonal, &spec->loss,
                               !mf_activation_is_bounded(&spec->activation), tol / 4, out, stop,
                               err);
    return status < 0 ? status : (*out)->error > tol ? MF_INEXACT : MF_OK;
}
