/* two_radius.c: the anisotropic potential of two_radius.h as a feature map.
 *
 * Features are those of zonal.h, f_{+-,m1,m2} = sqrt(W/2) t^m1 (1-t)^m2 c_2m(s), of which c_0 and, for
 * m > 0, c_2m (1 + s)/s are curves in s (curves.h). With alpha = tau r1/s, beta = r2/s, t = alpha^2 a
 * field contracts all features to sum_l T_l(2t - 1) C_l(s), a few curves:
 *     F(s, t) = A(s) + s/(1 + s) B(s, t),      B = sum_l T_l(2t - 1) B_l(s),
 * which costs the same for every particle, whatever the rank, and whose gradient
 *     dF/dr1 = tau alpha (F_s + 2 (1 - t) B_t/(1 + s)),   dF/dr2 = beta (F_s - 2 t B_t/(1 + s))
 * has no division by s. At s = 0, where the direction is lost, alpha = beta = 0: no force. The step
 * noise at a radius is such a field too, of sigma'^2 instead of sigma.                           */
#include "two_radius.h"

#include "core/base/chebyshev.h"
#include "core/base/gauss.h"
#include "core/base/parallel.h"
#include "core/network/risk.h"
#include "curves.h"
#include "recombined.h"
#include "zonal.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ORDERS_MAX = MF_ZONAL_ORDERS,
    CHUNK = 1024,    /* particles a chunk, more where ...               */
    CHUNKS_MAX = 16, /* ... this would be exceeded: sums need memory    */
    FEW = 16,        /* particles a chunk where each has much to do     */
    GAUSS = 20,      /* points of the rule that measures what is left out */
    TERMS = MF_CURVE_TERMS
};

/* An expansion and its curves: c_0, then c_2m (1 + s)/s. */
typedef struct {
    mf_zonal zonal;
    mf_curves curves;
} layer;

typedef struct {
    mf_potential head;
    mf_nodes nodes; /* d = HUGE_VAL: the two classes */
    mf_activation activation;
    double tau[2];
    double d, s0, gamma; /* d = HUGE_VAL: s0 is 0, gamma its share             */
    layer features;
    mf_curves slopes;        /* of sigma'^2                                    */
    mf_zonal_noise noise[2]; /* at r1, at r2                                   */
    mf_curves tilts;         /* of sigma'                                      */
    mf_zonal_odd odd[2];     /* at r1, at r2                                   */
    double *b;               /* rank = 2 pairs: all of +, then all of -        */
} two_radius;

static mf_status reduce(const mf_measure *full, const mf_subspace *V, double *x, mf_error *err) {
    return mf_measure_radii(full, V, x, x + full->n, err);
}

static const two_radius *self_of(const mf_potential *pot) {
    return (const two_radius *)(const void *)pot;
}

const mf_space mf_space_two_radius = {
        .name = "two_radius",
        .n_before = 2,
        .before = (const mf_coordinate[]){{"r1", MF_RADIUS, MF_GROUP_W},
                                          {"r2", MF_RADIUS, MF_GROUP_W}},
        .source = &mf_space_plain,
        .reduce = reduce,
        .how = "measure:radii{s0=}"};

mf_status mf_two_radius_dims(const mf_init *init, double *d, double *s0, mf_error *err) {
    if (init->d > 0) {
        *d = init->d;
        *s0 = init->s0;
    }
    if (isfinite(*d) && !(*s0 >= 1 && *s0 <= *d))
        return mf_fail(err, MF_EINVAL, "option 'init' gives d = %g; give it s0 in [1, d] as well",
                       *d);
    return MF_OK;
}

/* ---- one particle on one side --------------------------------------------------------------- */

typedef struct {
    double alpha, beta, t, near; /* near = 1/(1 + s) */
    size_t panel;
    double value[TERMS], slope[TERMS];          /* curve basis at s */
    double poly[ORDERS_MAX], dpoly[ORDERS_MAX]; /* T_l(2t - 1), its derivative in t */
} place;

static void locate(const mf_curves *curves, double tau, double r1, double r2, place *at) {
    double s = mf_zonal_scale(tau, r1, r2, &at->alpha, &at->beta);
    at->t = at->alpha * at->alpha;
    at->near = 1 / (1 + s);
    at->panel = mf_curve_basis(&curves->grid, s, at->value, at->slope) / TERMS;
    double y = 2 * at->t - 1;
    mf_chebyshev_basis(curves->count, y, at->poly, at->dpoly);
    for (size_t l = 0; l < curves->count; ++l)
        at->dpoly[l] *= 2;
}

static double dot(const double *a, const double *b) {
    double lanes[4] = {0};
    for (size_t i = 0; i < TERMS; i += 4)
        for (size_t j = 0; j < 4; ++j)
            lanes[j] += a[i + j] * b[i + j];
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

/* ---- operations --------------------------------------------------------------------------------- */

/* A side's contracted curves: [panel][row][TERMS], row 0 is A, row 1 + l is B_l. */
static size_t rows_of(size_t orders) {
    return orders > 1 ? 1 + orders : 1;
}

static size_t most_pairs(size_t orders) {
    return orders * (orders + 1) / 2;
}

static size_t table_length(const mf_curves *curves) {
    return curves->grid.panels * rows_of(curves->count) * TERMS;
}

/* sum_l c_l T_l of pair p's shape, at a place. */
static double shape_at(const mf_zonal *z, size_t p, const place *at) {
    double sum = 0;
    for (size_t l = 0; l <= z->order[p]; ++l)
        sum += z->shape[p * z->orders + l] * at->poly[l];
    return sum;
}

static mf_status two_radius_features(const mf_potential *pot, size_t n, const double *theta,
                                     size_t ld, double *F, size_t ldf, mf_error *err) {
    const two_radius *self = self_of(pot);
    const mf_zonal *z = &self->features.zonal;
    const mf_curves *curves = &self->features.curves;
    size_t length = mf_curve_length(&curves->grid);
    (void)err;
    for (size_t side = 0; side < 2; ++side)
        for (size_t j = 0; j < n; ++j) {
            place at;
            double c[ORDERS_MAX];
            locate(curves, self->tau[side], theta[j], theta[ld + j], &at);
            for (size_t m = 0; m < z->orders; ++m)
                c[m] = dot(curves->coef + m * length + at.panel * TERMS, at.value) *
                       (m ? 1 - at.near : 1);
            for (size_t p = 0; p < z->pairs; ++p)
                F[(side * z->pairs + p) * ldf + j] = shape_at(z, p, &at) * c[z->order[p]];
        }
    return MF_OK;
}

typedef struct {
    const two_radius *self;
    const mf_curves *curves;
    const mf_measure *rho;
    const double *theta, *tables; /* tables: of one side, then of the other */
    size_t n, ld;
    double *sums, *value, *grad;
} work;

static size_t chunks_of(size_t n) {
    size_t chunks = (n + CHUNK - 1) / CHUNK;
    return chunks < CHUNKS_MAX ? chunks : CHUNKS_MAX;
}

static size_t chunk_start(size_t n, size_t chunk) {
    return n / chunks_of(n) * chunk + (chunk < n % chunks_of(n) ? chunk : n % chunks_of(n));
}

static void mean_chunk(void *context, size_t chunk) {
    const work *w = context;
    const mf_measure *rho = w->rho;
    size_t length = table_length(w->curves), rows = rows_of(w->curves->count);
    double *sums = w->sums + chunk * 2 * length;
    memset(sums, 0, 2 * length * sizeof *sums);
    for (size_t j = chunk_start(rho->n, chunk); j < chunk_start(rho->n, chunk + 1); ++j) {
        double mass = rho->weight ? rho->weight[j] : 1 / (double)rho->n;
        for (size_t side = 0; side < 2; ++side) {
            place at;
            locate(w->curves, w->self->tau[side], rho->x[j], rho->x[rho->ld + j], &at);
            double *row = sums + side * length + at.panel * rows * TERMS;
            for (size_t k = 0; k < rows; ++k, row += TERMS) {
                double factor = k ? mass * (1 - at.near) * at.poly[k - 1] : mass;
                for (size_t i = 0; i < TERMS; ++i)
                    row[i] += factor * at.value[i];
            }
        }
    }
}

/* m += the features' means, from the sums: the transpose of contract. */
static void expand(const layer *f, const double *sums, double *m) {
    const mf_zonal *z = &f->zonal;
    size_t panels = f->curves.grid.panels, rows = rows_of(z->orders);
    for (size_t p = 0; p < z->pairs; ++p) {
        size_t order = z->order[p];
        const double *coef = f->curves.coef + order * panels * TERMS;
        for (size_t panel = 0; panel < panels; ++panel) {
            const double *row = sums + panel * rows * TERMS, *c = coef + panel * TERMS;
            if (order == 0)
                m[p] += z->shape[p * z->orders] * dot(c, row);
            for (size_t l = 0; order > 0 && l <= order; ++l)
                m[p] += z->shape[p * z->orders + l] * dot(c, row + (1 + l) * TERMS);
        }
    }
}

static mf_status two_radius_mean(const mf_potential *pot, const mf_measure *rho, double *m,
                                 void *scratch, mf_error *err) {
    const two_radius *self = self_of(pot);
    const layer *f = &self->features;
    size_t length = 2 * table_length(&f->curves), chunks = chunks_of(rho->n);
    work w = {.self = self, .curves = &f->curves, .rho = rho, .sums = scratch};
    (void)err;
    mf_parallel(chunks, mean_chunk, &w);
    for (size_t c = 1; c < chunks; ++c)
        for (size_t i = 0; i < length; ++i)
            w.sums[i] += w.sums[c * length + i];
    expand(f, w.sums, m);
    expand(f, w.sums + length / 2, m + f->zonal.pairs);
    return MF_OK;
}

/* One side's table from its part of g. */
static void contract(const mf_zonal *z, const mf_curves *curves, const double *g, double *table) {
    size_t panels = curves->grid.panels, rows = rows_of(z->orders);
    double H[ORDERS_MAX * ORDERS_MAX];
    mf_zonal_contract(z, g, H);
    memset(table, 0, table_length(curves) * sizeof *table);
    for (size_t panel = 0; panel < panels; ++panel)
        for (size_t m = 0; m < z->orders; ++m) {
            const double *c = curves->coef + (m * panels + panel) * TERMS;
            double *row = table + panel * rows * TERMS;
            for (size_t l = 0; l <= m; ++l)
                for (size_t i = 0; i < TERMS; ++i)
                    row[(m ? 1 + l : 0) * TERMS + i] += H[m * z->orders + l] * c[i];
        }
}

/* Adds a side's value at a place, and its slopes in r1 and r2. */
static void evaluate(const mf_curves *curves, const double *table, double tau, const place *at,
                     double *sum, double *d1, double *d2) {
    size_t rows = rows_of(curves->count);
    const double *row = table + at->panel * rows * TERMS;
    double F = dot(row, at->value), Fs = dot(row, at->slope), B = 0, Bs = 0, Bt = 0;
    for (size_t l = 0; l + 1 < rows; ++l) {
        double c = dot(row + (1 + l) * TERMS, at->value);
        B += at->poly[l] * c;
        Bt += at->dpoly[l] * c;
        Bs += at->poly[l] * dot(row + (1 + l) * TERMS, at->slope);
    }
    F += (1 - at->near) * B;
    Fs += at->near * at->near * B + (1 - at->near) * Bs;
    *sum += F;
    *d1 += tau * at->alpha * (Fs + 2 * (1 - at->t) * at->near * Bt);
    *d2 += at->beta * (Fs - 2 * at->t * at->near * Bt);
}

static void field_chunk(void *context, size_t chunk) {
    const work *w = context;
    const double *tau = w->self->tau;
    for (size_t j = chunk_start(w->n, chunk); j < chunk_start(w->n, chunk + 1); ++j) {
        double sum = 0, d1 = 0, d2 = 0;
        for (size_t side = 0; side < 2; ++side) {
            place at;
            locate(w->curves, tau[side], w->theta[j], w->theta[w->ld + j], &at);
            evaluate(w->curves, w->tables + side * table_length(w->curves), tau[side], &at, &sum,
                     &d1, &d2);
        }
        if (w->value)
            w->value[j] = sum;
        if (w->grad) {
            w->grad[j] = isinf(w->theta[j]) ? 0 : d1;
            w->grad[w->ld + j] = isinf(w->theta[w->ld + j]) ? 0 : d2;
        }
    }
}

static mf_status two_radius_field(const mf_potential *pot, const double *g, size_t n,
                                  const double *theta, size_t ld, double *value, double *grad,
                                  void *scratch, mf_error *err) {
    const two_radius *self = self_of(pot);
    const layer *f = &self->features;
    double *tables = scratch;
    (void)err;
    contract(&f->zonal, &f->curves, g, tables);
    contract(&f->zonal, &f->curves, g + f->zonal.pairs, tables + table_length(&f->curves));
    work w = {.self = self,
              .curves = &f->curves,
              .theta = theta,
              .tables = tables,
              .n = n,
              .ld = ld,
              .value = value,
              .grad = grad};
    mf_parallel(chunks_of(n), field_chunk, &w);
    return MF_OK;
}

static double two_radius_dimension(const mf_potential *pot, size_t c) {
    const two_radius *self = self_of(pot);
    return isinf(self->d) ? HUGE_VAL : c == 0 ? self->s0 : self->d - self->s0;
}

/* A radius of one dimension has no direction across. */
static mf_status two_radius_step_noise(const mf_potential *pot, double variance,
                                       const mf_measure *rho, size_t n, const double *theta,
                                       size_t ld, double *T, void *scratch, mf_error *err) {
    const two_radius *self = self_of(pot);
    const mf_zonal *z = &self->features.zonal;
    if (!mf_zonal_noise_orders(z))
        return mf_zonal_no_noise(z, err);
    size_t length = table_length(&self->slopes);
    double *m = scratch, *G = m + 2 * z->pairs, *tables = G + most_pairs(z->orders);
    const mf_loss loss = mf_potential_loss(pot);
    memset(m, 0, 2 * z->pairs * sizeof *m);
    mf_status status = two_radius_mean(pot, rho, m, G, err);
    for (size_t c = 0; c < 2 && status >= 0; ++c) {
        const mf_zonal_noise *noise = &self->noise[c];
        if (two_radius_dimension(pot, c) <= 1)
            continue;
        for (size_t side = 0; side < 2; ++side) {
            double tau = c == 0 ? self->tau[side] : 1;
            mf_zonal_noise_gain(noise, z, variance, m + side * z->pairs, &loss, side ? -1 : 1,
                                tau * tau, G);
            contract(&noise->slopes, &self->slopes, G, tables + side * length);
        }
        work w = {.self = self,
                  .curves = &self->slopes,
                  .theta = theta,
                  .tables = tables,
                  .n = n,
                  .ld = ld,
                  .value = T + c * ld};
        mf_parallel(chunks_of(n), field_chunk, &w);
    }
    return status;
}

static size_t two_radius_odd_nodes(const mf_potential *pot, size_t c) {
    const two_radius *self = self_of(pot);
    return two_radius_dimension(pot, c) > 1 ? 2 * self->odd[c].nodes : 0;
}

typedef struct {
    const two_radius *self;
    const mf_measure *rho;
    size_t c;
    double *q, *rise;
} odd_work;

/* The features of sigma' of one particle on one side, and their slopes in r1 and r2. */
static void tilt(const two_radius *self, const mf_zonal *z, size_t side, double r1, double r2,
                 double *f, double *d1, double *d2) {
    const mf_curves *curves = &self->tilts;
    size_t length = mf_curve_length(&curves->grid);
    double tau = self->tau[side];
    place at;
    locate(curves, tau, r1, r2, &at);
    for (size_t p = 0; p < z->pairs; ++p) {
        const double *curve = curves->coef + z->order[p] * length + at.panel * TERMS;
        double C = dot(curve, at.value), Cs = dot(curve, at.slope), shape = 0, bend = 0;
        for (size_t l = 0; l <= z->order[p]; ++l) {
            shape += z->shape[p * z->orders + l] * at.poly[l];
            bend += z->shape[p * z->orders + l] * at.dpoly[l];
        }
        double far = z->order[p] ? 1 - at.near : 1;
        double Fs = shape * (far * Cs + (z->order[p] ? at.near * at.near * C : 0));
        f[p] = shape * far * C;
        d1[p] = isinf(r1) ? 0 : tau * at.alpha * (Fs + 2 * (1 - at.t) * at.near * bend * C);
        d2[p] = isinf(r2) ? 0 : at.beta * (Fs - 2 * at.t * at.near * bend * C);
    }
}

static void odd_chunk(void *context, size_t chunk) {
    const odd_work *w = context;
    const mf_zonal_odd *odd = &w->self->odd[w->c];
    size_t J = w->rho->n, pairs = odd->slopes.pairs;
    double f[ORDERS_MAX * ORDERS_MAX], d1[ORDERS_MAX * ORDERS_MAX], d2[ORDERS_MAX * ORDERS_MAX];
    for (size_t j = chunk * FEW; j < J && j < (chunk + 1) * FEW; ++j)
        for (size_t side = 0; side < 2; ++side) {
            const double *r = w->rho->x + j;
            double own = r[w->c * w->rho->ld];
            tilt(w->self, &odd->slopes, side, r[0], r[w->rho->ld], f, d1, d2);
            for (size_t n = 0; n < odd->nodes; ++n) {
                const double *row = odd->q + n * pairs;
                size_t at = side * odd->nodes + n;
                double q = 0, slope[2] = {0};
                for (size_t p = 0; p < pairs; ++p) {
                    q += row[p] * f[p];
                    slope[0] += row[p] * d1[p];
                    slope[1] += row[p] * d2[p];
                }
                w->q[at * J + j] = q;
                for (size_t b = 0; b < 2; ++b)
                    w->rise[(2 * at + b) * J + j] =
                            (b == w->c ? q : 0) + (isinf(own) ? 0 : own * slope[b]);
            }
        }
}

static mf_status two_radius_odd(const mf_potential *pot, size_t c, double variance,
                                const mf_measure *rho, double *stiffness, double *gain, double *q,
                                double *rise, void *scratch, mf_error *err) {
    const two_radius *self = self_of(pot);
    const mf_zonal_odd *odd = &self->odd[c];
    size_t pairs = self->features.zonal.pairs;
    const mf_loss loss = mf_potential_loss(pot);
    double *m = scratch;
    memset(m, 0, 2 * pairs * sizeof *m);
    mf_status status = two_radius_mean(pot, rho, m, m + 2 * pairs, err);
    if (status < 0)
        return status;
    mf_zonal_odd_look(odd, pairs, variance, m, &loss, c == 0 ? self->tau : NULL, stiffness, gain);
    odd_work w = {.self = self, .rho = rho, .c = c, .q = q, .rise = rise};
    mf_parallel((rho->n + FEW - 1) / FEW, odd_chunk, &w);
    return status;
}

static size_t two_radius_scratch(const mf_potential *pot, size_t n) {
    const two_radius *self = self_of(pot);
    const mf_zonal *z = &self->features.zonal;
    size_t tables = (1 + chunks_of(n)) * 2 * table_length(&self->features.curves);
    size_t noise = 2 * table_length(&self->slopes);
    return (2 * z->pairs + most_pairs(z->orders) + (tables > noise ? tables : noise)) *
           sizeof(double);
}

static void two_radius_free(mf_potential *pot) {
    two_radius *self = (two_radius *)(void *)pot;
    mf_curves_free(&self->features.curves);
    mf_curves_free(&self->slopes);
    mf_curves_free(&self->tilts);
    mf_zonal_free(&self->features.zonal);
    for (int c = 0; c < 2; ++c) {
        mf_zonal_noise_free(&self->noise[c]);
        mf_zonal_odd_free(&self->odd[c]);
    }
    free(self->b);
    free(self);
}

/* U(theta, theta) = 1/2 sum E sigma(s_+- G)^2: one neuron, whose direction is its own. */
static mf_status two_radius_self(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                                 double *u, mf_error *err) {
    const two_radius *self = self_of(pot);
    for (size_t j = 0; j < n; ++j) {
        double s[2], square[2];
        for (int side = 0; side < 2; ++side)
            s[side] = hypot(self->tau[side] * theta[j], theta[ld + j]);
        mf_status status = mf_second_moments(&self->activation, 2, s, NULL, square, err);
        if (status < 0)
            return status;
        u[j] = (square[0] + square[1]) / 2;
    }
    return MF_OK;
}

static mf_status two_radius_start(const mf_potential *pot, const mf_init *init, size_t J, double *x,
                                  const mf_flag *stop, mf_error *err) {
    const two_radius *self = self_of(pot);
    double d = self->d, s0 = self->s0;
    mf_status status = mf_two_radius_dims(init, &d, &s0, err);
    if (status >= 0)
        mf_init_two_radii(init, d, s0, self->gamma, J, NULL, NULL, x, x + J, stop);
    return status;
}

static const mf_potential_ops two_radius_ops = {.name = "two_radius",
                                                .features = two_radius_features,
                                                .mean = two_radius_mean,
                                                .field = two_radius_field,
                                                .scratch = two_radius_scratch,
                                                .free = two_radius_free,
                                                .self = two_radius_self,
                                                .step_noise = two_radius_step_noise,
                                                .odd_nodes = two_radius_odd_nodes,
                                                .odd = two_radius_odd,
                                                .start = two_radius_start,
                                                .dimension = two_radius_dimension};

/* ---- construction ------------------------------------------------------------------------------------ */

typedef struct {
    const mf_two_radius_spec *spec;
    size_t orders;
    bool growth;
    enum { OF_SIGMA, OF_SQUARES, OF_SLOPES } what; /* sigma, sigma'^2, sigma' */
} sampling;

/* c_k = E sigma'(s G) h_k(G) = sqrt(k + 1)/s E sigma(s G) h_k+1(G). */
static mf_status slopes_hermite(const mf_activation *a, double s, size_t n, double *c) {
    double above[2 * ORDERS_MAX + 1], value, unused;
    mf_status status = mf_activation_moment(a, s, 0, &value, &unused, c, NULL);
    if (status >= 0 && n > 1)
        status = mf_activation_hermite(a, s, 0, n + 1, above, NULL, NULL);
    for (size_t k = 1; k < n && status >= 0; ++k)
        c[k] = sqrt((double)k + 1) * above[k + 1] / s;
    return status;
}

/* out: c_0, then c_2m (1 + s)/s; divided by 1 + s where there is growth. Component 0 is the one that
 * mf_curves_sample holds to tol by itself.                                                       */
static void sample(const void *context, double s, double *out) {
    const sampling *at = context;
    const mf_activation *a = &at->spec->activation;
    double c[2 * ORDERS_MAX];
    size_t n = 2 * at->orders - 1;
    mf_status status = at->what == OF_SLOPES    ? slopes_hermite(a, s, n, c)
                       : at->what == OF_SQUARES ? mf_activation_slope_squares(a, s, 0, n, c, NULL)
                                                : mf_activation_hermite(a, s, 0, n, c, NULL, NULL);
    if (status < 0)
        c[0] = NAN;
    out[0] = at->growth ? c[0] / (1 + s) : c[0];
    for (size_t m = 1; m < at->orders; ++m)
        out[m] = at->growth ? c[2 * m] / s : c[2 * m] * (1 + s) / s;
}

/* sup over the samples of c_2m^2 (over (1 + s)^2 where there is growth). */
static double largest_square(const mf_curve_samples *samples, size_t m) {
    double sup = 0;
    for (size_t i = 0; i < samples->panels * TERMS; ++i) {
        double low = samples->edge[i / TERMS], high = samples->edge[i / TERMS + 1];
        double x = low + (high - low) * (1 + mf_chebyshev_root(TERMS, i % TERMS)) / 2;
        sup = fmax(sup, fabs(samples->sample[i * samples->width + m]) * (m ? x : 1));
    }
    return sup * sup;
}

/* ---- what is left out of a series that stays too long ------------------------------------------- */

/* The even part of sigma, between whose breaks it is smooth. */
typedef struct {
    const mf_activation *a;
    size_t breaks;
    double *at; /* |breaks|, increasing */
    double node[GAUSS], weight[GAUSS];
} even_part;

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static mf_status even_new(even_part *e, const mf_activation *a, mf_error *err) {
    *e = (even_part){.a = a, .breaks = mf_activation_breaks(a, NULL, 0)};
    e->at = malloc((e->breaks + 1) * sizeof *e->at);
    if (!e->at)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu breaks", e->breaks);
    mf_activation_breaks(a, e->at, e->breaks);
    for (size_t i = 0; i < e->breaks; ++i)
        e->at[i] = fabs(e->at[i]);
    qsort(e->at, e->breaks, sizeof *e->at, ascending);
    return mf_gauss(GAUSS, 0, 1, e->node, e->weight, err);
}

/* E sigma_even(s G)^2. */
static double even_square(const even_part *e, double s) {
    const double end = 9, widest = 0.5;
    double sum = 0, from = 0, to;
    for (size_t i = 0; from < end; from = to) {
        while (i < e->breaks && e->at[i] / s <= from)
            ++i;
        to = fmin(end, from + widest);
        if (i < e->breaks)
            to = fmin(to, e->at[i] / s);
        for (size_t k = 0; k < GAUSS; ++k) {
            double g = from + (to - from) * e->node[k];
            double even =
                    (mf_activation_value(e->a, s * g) + mf_activation_value(e->a, -s * g)) / 2;
            sum += (to - from) * e->weight[k] * even * even * exp(-g * g / 2);
        }
    }
    return sum * sqrt(2 / M_PI);
}

/* sup over the samples of sum_(m >= orders) c_2m(s)^2 = E sigma_even(s G)^2 - sum_(m < orders) c_2m^2,
 * over (1 + s)^2 where there is growth. By Cauchy's inequality U loses at most this times the
 * largest moment that is left out, which for V or its complement of one dimension is 1: there
 * the series in m does not converge by its moments, but by sigma's own coefficients.       */
static mf_status largest_rest(const mf_activation *a, const mf_curve_samples *samples,
                              size_t orders, bool growth, double *rest, const mf_flag *stop,
                              mf_error *err) {
    even_part e;
    mf_status status = even_new(&e, a, err);
    *rest = 0;
    for (size_t i = 0; status >= 0 && i < samples->panels * TERMS; ++i) {
        double low = samples->edge[i / TERMS], high = samples->edge[i / TERMS + 1];
        double x = low + (high - low) * (1 + mf_chebyshev_root(TERMS, i % TERMS)) / 2;
        double s = x / (1 - x), kept = 0;
        for (size_t m = 0; m < orders; ++m) { /* as in `sample` */
            double c = samples->sample[i * samples->width + m] * (m ? x : 1);
            kept += c * c;
        }
        double scale = growth ? 1 / ((1 + s) * (1 + s)) : 1;
        *rest = fmax(*rest, even_square(&e, s) * scale - kept);
        if (i % TERMS == 0)
            status = mf_poll(stop, err);
    }
    free(e.at);
    return status;
}

/* Curves through the samples of `sample`. */
static mf_status fit(const mf_curve_samples *samples, bool growth, mf_curves *out, mf_error *err) {
    size_t nodes = samples->panels * TERMS, orders = samples->width;
    double *values = malloc(nodes * orders * sizeof *values);
    if (!values)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu curves", orders);
    for (size_t m = 0; m < orders; ++m)
        for (size_t i = 0; i < nodes; ++i)
            values[m * nodes + i] = samples->sample[i * orders + m];
    mf_status status = mf_curves_fit(samples, orders, values, growth, out, err);
    free(values);
    return status;
}

static void largest_squares(const mf_curve_samples *samples, double *square) {
    for (size_t m = 0; m < samples->width; ++m)
        square[m] = largest_square(samples, m);
}

static mf_status build(const mf_two_radius_spec *spec, const mf_curve_samples *samples, bool growth,
                       double tol, double tail, two_radius *self, mf_error *err) {
    bool limit = isinf(spec->d);
    size_t orders = samples->width;
    double p1 = limit ? HUGE_VAL : spec->s0, p2 = spec->d - p1, square[ORDERS_MAX];
    double keep = tol / (double)(orders * orders);
    layer *f = &self->features;
    largest_squares(samples, square);
    mf_status status = fit(samples, growth, &f->curves, err);
    if (status >= 0)
        status = mf_zonal_init(&f->zonal, p1, limit ? p1 : p2, orders, square, keep, &tail, err);
    if (status < 0)
        return status;
    size_t pairs = f->zonal.pairs;
    self->b = calloc(2 * pairs, sizeof *self->b);
    if (!self->b)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu features", 2 * pairs);
    self->b[0] = -M_SQRT1_2;
    self->b[pairs] = M_SQRT1_2;
    self->head = (mf_potential){.ops = &two_radius_ops,
                                .space = &mf_space_two_radius,
                                .dim = 2,
                                .rank = 2 * pairs,
                                .b = self->b,
                                .risk0 = 1,
                                .error = tail + samples->error};
    if (isinf(spec->d)) {
        self->nodes = (mf_nodes){spec->loss, mf_class_label, mf_class_share};
        mf_potential_set_nodes(&self->head, &self->nodes);
    }
    self->d = spec->d;
    self->s0 = limit ? 0 : spec->s0;
    self->gamma = limit ? spec->gamma : spec->s0 / spec->d;
    return MF_OK;
}

/* Curves of `orders` of sigma'^2 or sigma', and bounds of their squares. */
static mf_status build_curves(const sampling *at, double tol, mf_curves *out, double *square,
                              const mf_flag *stop, mf_error *err) {
    mf_curve_samples samples;
    mf_status status =
            mf_curves_sample(sample, at, at->orders, tol,
                             mf_activation_reach(&at->spec->activation), &samples, stop, err);
    if (status < 0)
        return status;
    largest_squares(&samples, square);
    status = fit(&samples, false, out, err);
    mf_curve_samples_free(&samples);
    return status;
}

/* What step_noise and odd need: curves of sigma'^2 and sigma', and their expansions. */
static mf_status build_noise(const mf_two_radius_spec *spec, double tol, two_radius *self,
                             const mf_flag *stop, mf_error *err) {
    const mf_zonal *z = &self->features.zonal;
    size_t orders = mf_zonal_noise_orders(z);
    sampling at = {.spec = spec, .orders = orders, .what = OF_SQUARES};
    double square[ORDERS_MAX], keep = tol / (double)(orders * orders);
    mf_status status = build_curves(&at, tol, &self->slopes, square, stop, err);
    for (int c = 0; c < 2 && status >= 0; ++c)
        status = mf_zonal_noise_init(&self->noise[c], z, c, square, keep, err);
    at.what = OF_SLOPES;
    if (status >= 0)
        status = build_curves(&at, tol, &self->tilts, square, stop, err);
    for (int c = 0; c < 2 && status >= 0; ++c)
        status = mf_zonal_odd_init(&self->odd[c], z, c, square, keep, err);
    return status;
}

mf_status mf_two_radius_check(const mf_two_radius_spec *spec, mf_error *err) {
    mf_status status = mf_activation_check_tails(&spec->activation, err);
    if (status < 0)
        return status;
    if (!(spec->delta > 0 && spec->delta < 1))
        return mf_fail(err, MF_EINVAL, "delta = %g must be in (0, 1)", spec->delta);
    if (!(spec->tol >= 1e-13 && spec->tol <= 1e-2))
        return mf_fail(err, MF_EINVAL, "tol = %g must be in [1e-13, 0.01]", spec->tol);
    if (isinf(spec->d) && !(spec->gamma > 0 && spec->gamma <= 1))
        return mf_fail(err, MF_EINVAL, "gamma = %g must be in (0, 1]", spec->gamma);
    if (!isinf(spec->d) && !(spec->s0 >= 1 && spec->s0 <= spec->d))
        return mf_fail(err, MF_EINVAL, "s0 = %g must be in [1, d = %g]", spec->s0, spec->d);
    status = mf_recombined_check(&spec->loss, isinf(spec->d) ? spec->d : spec->s0,
                                 isinf(spec->d) ? spec->d : spec->d - spec->s0, err);
    if (status < 0)
        return status;
    return mf_loss_check(&spec->loss, 2, mf_class_label, err);
}

mf_status mf_two_radius_new(const mf_two_radius_spec *spec, mf_potential **out, const mf_flag *stop,
                            mf_error *err) {
    *out = NULL;
    mf_status status = mf_two_radius_check(spec, err);
    if (status < 0)
        return status;
    bool growth = !mf_activation_is_bounded(&spec->activation);
    double scale = mf_activation_scale(&spec->activation), tol = spec->tol * scale;
    size_t orders = 1;
    double p1 = isinf(spec->d) ? spec->d : spec->s0, p2 = isinf(spec->d) ? spec->d : spec->d - p1;
    while (orders < ORDERS_MAX && mf_zonal_moment(p1, p2, orders) > spec->tol / 4)
        ++orders;
    double moment = mf_zonal_moment(p1, p2, orders), tail = moment * scale, rest;
    sampling at = {.spec = spec, .orders = orders, .growth = growth};
    mf_curve_samples samples;
    status = mf_curves_sample(sample, &at, orders, tol / 4, mf_activation_reach(&spec->activation),
                              &samples, stop, err);
    if (status < 0)
        return status;
    if (tail > tol / 2) { /* the moments alone say too little */
        status = largest_rest(&spec->activation, &samples, orders, growth, &rest, stop, err);
        tail = fmin(tail, moment * rest);
    }
    two_radius *self = status < 0 ? NULL : calloc(1, sizeof *self);
    if (status < 0) {
        mf_curve_samples_free(&samples);
        return status;
    }
    if (!self) {
        mf_curve_samples_free(&samples);
        return mf_fail(err, MF_ENOMEM, "no memory for a potential");
    }
    self->activation = spec->activation;
    self->tau[0] = 1 + spec->delta;
    self->tau[1] = 1 - spec->delta;
    status = build(spec, &samples, growth, tol / 4, tail, self, err);
    mf_curve_samples_free(&samples);
    if (status >= 0 && mf_zonal_noise_orders(&self->features.zonal))
        status = build_noise(spec, tol / 4, self, stop, err);
    if (status < 0) {
        two_radius_free(&self->head);
        return status;
    }
    *out = &self->head;
    self->head.error += 2 * sqrt(scale) * mf_activation_error(&spec->activation);
    if (!isinf(spec->d) && !mf_loss_is_square(&spec->loss))
        status = mf_recombined_new(&self->features.zonal, &spec->loss, growth, tol / 4, out, stop,
                                   err);
    return status < 0 ? status : (*out)->error > tol ? MF_INEXACT : MF_OK;
}
