/* radial.c: the isotropic potential as a feature map of the rank that the accuracy needs.
 *
 * 1. A neuron of radius r is an element phi_r of a Hilbert space with <phi_r, phi_r'> = U and
 *    <y, phi_r> = -V. Coordinates of phi_r are known (the "raw" features): Hermite coefficients
 *        phi_{+-,m}(r) = sqrt(mu_2m / 2) c_2m(tau_+- r),      mu_2m = E z^2m,
 *    where as many as the accuracy needs are few, else the expansion in |x| of shells.c.
 * 2. They are sampled on panels of x = r/(1 + r) until U and V are resolved (curves.h).
 * 3. A pivoted Cholesky factor of the samples' Gram matrix, y first, gives features of the
 *    numerical rank: <b, f> = V with b = (-1, 0, ..., 0), <f, f'> = U.                      */
#include "radial.h"

#include "compress.h"
#include "core/network/risk.h"
#include "radial_nodes.h"
#include "shells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SERIES_MAX = 160, /* longest Hermite series; beyond (d below about 12), shells */
    NODES_FIRST = 12, /* in |x|, for other losses; doubled where U needs more      */
    PROBES = 64       /* radii at which their U is held against the square's        */
};

typedef struct {
    mf_potential head;
    mf_curves curves; /* rank curves */
    mf_activation activation;
    double delta, d;
    mf_radial_noise noise;
    mf_nodes nodes;
    double b[]; /* rank; with nodes their labels and weights as well */
} radial;

static mf_status reduce(const mf_measure *full, const mf_subspace *V, double *x, mf_error *err) {
    (void)V;
    return mf_measure_radius(full, x, err);
}

const mf_space mf_space_radial = {.name = "radial",
                                  .n_before = 1,
                                  .before = (const mf_coordinate[]){{"r", MF_RADIUS, MF_GROUP_W}},
                                  .reduce = reduce,
                                  .how = "measure:radius()"};

/* ---- operations -------------------------------------------------------------------------------- */

static const radial *radial_of(const mf_potential *pot) {
    return (const radial *)(const void *)pot;
}

static mf_status radial_features(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                                 double *F, size_t ldf, mf_error *err) {
    const mf_curves *c = &radial_of(pot)->curves;
    size_t length = mf_curve_length(&c->grid);
    (void)ld; /* one coordinate */
    (void)err;
    for (size_t j = 0; j < n; ++j) {
        double basis[MF_CURVE_TERMS], slope[MF_CURVE_TERMS];
        const double *coef = c->coef + mf_curve_basis(&c->grid, theta[j], basis, slope);
        for (size_t k = 0; k < c->count; ++k, coef += length) {
            double sum = 0;
            for (size_t i = 0; i < MF_CURVE_TERMS; ++i)
                sum += coef[i] * basis[i];
            F[k * ldf + j] = sum;
        }
    }
    return MF_OK;
}

static mf_status radial_mean(const mf_potential *pot, const mf_measure *rho, double *m,
                             void *scratch, mf_error *err) {
    const mf_curves *c = &radial_of(pot)->curves;
    double *moments = scratch;
    (void)err;
    mf_curve_moments(&c->grid, rho->n, rho->x, rho->weight, moments,
                     moments + mf_curve_length(&c->grid));
    mf_curves_expand(c, moments, m);
    return MF_OK;
}

static mf_status radial_field(const mf_potential *pot, const double *g, size_t n,
                              const double *theta, size_t ld, double *value, double *grad,
                              void *scratch, mf_error *err) {
    const mf_curves *c = &radial_of(pot)->curves;
    (void)ld;
    (void)err;
    mf_curves_contract(c, g, scratch);
    mf_curve_evaluate(&c->grid, scratch, n, theta, value, grad);
    return MF_OK;
}

static size_t radial_scratch(const mf_potential *pot, size_t n) {
    const mf_curve_grid *grid = &radial_of(pot)->curves.grid;
    return (mf_curve_length(grid) + mf_curve_moments_scratch(grid, n)) * sizeof(double);
}

static void radial_free(mf_potential *pot) {
    radial *self = (radial *)(void *)pot;
    mf_curves_free(&self->curves);
    mf_radial_noise_free(&self->noise);
    free(self);
}

/* U(theta, theta) = 1/2 sum E sigma(tau r G)^2: one neuron, whose direction is its own. */
static mf_status radial_self(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                             double *u, mf_error *err) {
    const radial *p = radial_of(pot);
    (void)ld;
    for (size_t j = 0; j < n; ++j) {
        double s[2] = {(1 + p->delta) * theta[j], (1 - p->delta) * theta[j]}, square[2];
        mf_status status = mf_second_moments(&p->activation, 2, s, NULL, square, err);
        if (status < 0)
            return status;
        u[j] = (square[0] + square[1]) / 2;
    }
    return MF_OK;
}

static mf_status radial_step_noise(const mf_potential *pot, double variance, const mf_measure *rho,
                                   size_t n, const double *theta, size_t ld, double *T,
                                   void *scratch, mf_error *err) {
    (void)ld;
    (void)scratch;
    (void)err;
    mf_loss loss = mf_potential_loss(pot);
    mf_radial_noise_gain(&radial_of(pot)->noise, &loss, variance, rho, n, theta, T);
    return MF_OK;
}

static size_t radial_odd_nodes(const mf_potential *pot, size_t c) {
    (void)c;
    return 2 * radial_of(pot)->noise.nodes;
}

static mf_status radial_odd(const mf_potential *pot, size_t c, double variance,
                            const mf_measure *rho, double *stiffness, double *gain, double *q,
                            double *rise, void *scratch, mf_error *err) {
    (void)c;
    (void)scratch;
    (void)err;
    mf_loss loss = mf_potential_loss(pot);
    mf_radial_noise_odd(&radial_of(pot)->noise, &loss, variance, rho, stiffness, gain, q, rise);
    return MF_OK;
}

static mf_status radial_start(const mf_potential *pot, const mf_init *init, size_t J, double *x,
                              const mf_flag *stop, mf_error *err) {
    (void)err;
    mf_init_radii(init, init->d > 0 ? init->d : radial_of(pot)->d, J, x, stop);
    return MF_OK;
}

static double radial_dimension(const mf_potential *pot, size_t c) {
    (void)c;
    return radial_of(pot)->d;
}

static const mf_potential_ops radial_ops = {.name = "radial",
                                            .features = radial_features,
                                            .mean = radial_mean,
                                            .field = radial_field,
                                            .scratch = radial_scratch,
                                            .free = radial_free,
                                            .self = radial_self,
                                            .step_noise = radial_step_noise,
                                            .odd_nodes = radial_odd_nodes,
                                            .odd = radial_odd,
                                            .start = radial_start,
                                            .dimension = radial_dimension};

bool mf_potential_is_radial(const mf_potential *pot) {
    return pot->ops == &radial_ops;
}

static double pair(const mf_potential *pot, const double *g, double r1, double r2, double *slope) {
    const mf_curves *c = &radial_of(pot)->curves;
    double one[MF_CURVE_TERMS], done[MF_CURVE_TERMS], two[MF_CURVE_TERMS], dtwo[MF_CURVE_TERMS];
    const double *c1 = c->coef + mf_curve_basis(&c->grid, r1, one, done);
    const double *c2 = c->coef + mf_curve_basis(&c->grid, r2, two, dtwo);
    size_t length = mf_curve_length(&c->grid);
    double sum = 0, dsum = 0;
    for (size_t k = 0; k < c->count; ++k, c1 += length, c2 += length) {
        double f1 = 0, df1 = 0, f2 = 0;
        for (size_t i = 0; i < MF_CURVE_TERMS; ++i) {
            f1 += c1[i] * one[i];
            df1 += c1[i] * done[i];
            f2 += c2[i] * two[i];
        }
        sum += f1 * (g ? g[k] : f2);
        dsum += df1 * (g ? g[k] : f2);
    }
    if (slope)
        *slope = isinf(r1) ? 0 : dsum;
    return sum;
}

double mf_radial_v(const mf_potential *pot, double r, double *dv) {
    return pair(pot, pot->b, r, 0, dv);
}

double mf_radial_u(const mf_potential *pot, double r1, double r2, double *du) {
    return pair(pot, NULL, r1, r2, du);
}

/* ---- raw features: the Hermite series ----------------------------------------------------------- */

typedef struct {
    const mf_radial_spec *spec;
    bool growth;
    size_t terms;               /* m < terms */
    double root_mu[SERIES_MAX]; /* sqrt(mu_2m / 2) */
} series;

/* out: <y, phi_r>, then phi_r (+, then -). */
static void sample_series(const void *context, double r, double *out) {
    const series *s = context;
    double c[2 * SERIES_MAX], scale = s->growth ? 1 / (1 + r) : 1, mean[2];
    for (int side = 0; side < 2; ++side) {
        double tau = side ? 1 - s->spec->delta : 1 + s->spec->delta;
        if (mf_activation_hermite(&s->spec->activation, tau * r, 0, 2 * s->terms - 1, c, NULL,
                                  NULL) < 0)
            c[0] = NAN;
        mean[side] = c[0] * scale;
        for (size_t m = 0; m < s->terms; ++m)
            out[1 + (size_t)side * s->terms + m] = s->root_mu[m] * c[2 * m] * scale;
    }
    out[0] = (mean[0] - mean[1]) / 2;
}

/* Length of the series so that mu_2m <= tol beyond its end; *rest is mu_2m there. */
static size_t series_length(double d, double tol, double *root_mu, double *rest) {
    double mu = 1;
    size_t m = 0;
    while (m < SERIES_MAX && mu > tol) {
        root_mu[m] = sqrt(mu / 2);
        mu = isinf(d) ? 0 : mu * (double)(2 * m + 1) / (d + (double)(2 * m));
        ++m;
    }
    *rest = mu;
    return m;
}

/* ---- construction ----------------------------------------------------------------------------------- */

/* Raw features from the series, or from the shells where it is too long; *error: their own. */
static mf_status sample_raw(const mf_radial_spec *spec, double scale, mf_curve_samples *samples,
                            double *error, const mf_flag *stop, mf_error *err) {
    double tol = spec->tol * scale, rest;
    series s = {.spec = spec, .growth = !mf_activation_is_bounded(&spec->activation)};
    s.terms = series_length(spec->d, spec->tol / 4, s.root_mu, &rest);
    *error = rest * scale;
    double reach = mf_activation_reach(&spec->activation) / (1 - spec->delta);
    if (rest <= spec->tol / 4)
        return mf_curves_sample(sample_series, &s, 1 + 2 * s.terms, tol / 4, reach, samples, stop,
                                err);
    mf_shells *shells;
    tol = fmax(tol, 1e-12 * scale); /* what quadrature and tables of h_d leave certain */
    mf_status status =
            mf_shells_new(&spec->activation, spec->delta, spec->d, tol / 4, &shells, stop, err);
    if (status < 0)
        return status;
    *error = mf_shells_error(shells);
    status = mf_curves_sample(mf_shells_sample, shells, mf_shells_width(shells),
                              fmax(tol / 4, *error), reach, samples, stop, err);
    mf_shells_free(shells);
    return status;
}

/* A potential of these curves, which it owns from now on (whatever is returned); b is 0. */
static radial *assemble(const mf_radial_spec *spec, mf_curves curves, double error, mf_error *err) {
    radial *self = calloc(1, sizeof *self + 3 * curves.count * sizeof(double));
    if (!self) {
        mf_curves_free(&curves);
        mf_fail(err, MF_ENOMEM, "no memory for a potential of rank %zu", curves.count);
        return NULL;
    }
    self->curves = curves;
    self->activation = spec->activation;
    self->delta = spec->delta;
    self->d = spec->d;
    self->head = (mf_potential){.ops = &radial_ops,
                                .space = &mf_space_radial,
                                .dim = 1,
                                .rank = curves.count,
                                .b = self->b,
                                .risk0 = 1,
                                .error = error};
    return self;
}

static mf_status build(const mf_radial_spec *spec, const mf_curve_samples *samples, double tol,
                       mf_potential **out, const mf_flag *stop, mf_error *err) {
    mf_curves curves;
    double residual, noise_tol = 1e-9;
    if (!mf_loss_is_square(&spec->loss)) /* its curve of answers is all that is known of them */
        noise_tol = fmin(noise_tol, fmax(spec->tol / 8, 1e-13));
    mf_status status = mf_compress(samples, tol, !mf_activation_is_bounded(&spec->activation),
                                   &curves, &residual, stop, err);
    if (status < 0)
        return status;
    radial *self = assemble(spec, curves, residual + samples->error, err);
    if (!self)
        return MF_ENOMEM;
    status = mf_radial_noise_init(&self->noise, &self->activation, spec->delta, spec->d, noise_tol,
                                  stop, err);
    if (status < 0) {
        radial_free(&self->head);
        return status;
    }
    self->b[0] = -1;
    *out = &self->head;
    return MF_OK;
}

/* ---- other losses ------------------------------------------------------------------------------------ */

/* The most that V and U of the curves differ from the square's, over radii spread in r/(1 + r);
 * relative to 1 + r where there is growth. room: PROBES x (both ranks). */
static double difference(const radial *square, const mf_radial_nodes *nodes, double *room) {
    size_t rank = square->curves.count, count = nodes->count;
    double r[PROBES], near[PROBES], *F = room, *G = room + rank * PROBES, worst = 0;
    bool growth = square->curves.grid.growth;
    radial other = {.curves = nodes->curves};
    for (size_t i = 0; i < PROBES; ++i) {
        double t = ((double)i + 0.5) / PROBES;
        r[i] = !growth && i + 1 == PROBES ? HUGE_VAL : t / (1 - t);
        near[i] = growth ? 1 - t : 1;
    }
    radial_features(&square->head, PROBES, r, PROBES, F, PROBES, NULL);
    radial_features(&other.head, PROBES, r, PROBES, G, PROBES, NULL);
    for (size_t i = 0; i < PROBES; ++i) {
        double v = F[i]; /* the first feature is <y, f> */
        for (size_t k = 0; k < count; ++k)
            v -= nodes->y[k] * sqrt(nodes->weight[k]) * G[k * PROBES + i];
        worst = fmax(worst, fabs(v) * near[i]);
        for (size_t j = 0; j <= i; ++j) {
            double u = 0;
            for (size_t k = 0; k < rank; ++k)
                u += F[k * PROBES + i] * F[k * PROBES + j];
            for (size_t k = 0; k < count; ++k)
                u -= G[k * PROBES + i] * G[k * PROBES + j];
            worst = fmax(worst, fabs(u) * near[i] * near[j]);
        }
    }
    return worst;
}

/* Nodes enough for tol, or as many as are allowed; *error is what is seen of theirs. */
static mf_status find_nodes(const mf_radial_spec *spec, const radial *square, double tol,
                            mf_radial_nodes *nodes, double *error, const mf_flag *stop,
                            mf_error *err) {
    double reach = mf_activation_reach(&spec->activation) / (1 - spec->delta);
    double *room = malloc(PROBES * (square->curves.count + 2 * MF_RADIAL_NODES_MAX) * sizeof *room);
    mf_status status = room ? MF_OK : mf_fail(err, MF_ENOMEM, "no memory for %d probes", PROBES);
    *error = HUGE_VAL;
    for (size_t n = NODES_FIRST; status >= 0 && *error > tol && n <= MF_RADIAL_NODES_MAX; n *= 2) {
        if (n > NODES_FIRST)
            mf_curves_free(&nodes->curves);
        status = mf_radial_nodes_new(&square->noise, spec->d, n, square->curves.grid.growth,
                                     tol / 4, reach, nodes, stop, err);
        if (status >= 0)
            *error = difference(square, nodes, room) + nodes->error;
        if (isinf(spec->d))
            break;
    }
    free(room);
    return status;
}

/* Puts a potential with nodes into the place of the square one. */
static mf_status take_loss(const mf_radial_spec *spec, double tol, mf_potential **out,
                           const mf_flag *stop, mf_error *err) {
    radial *square = (radial *)(void *)*out, *self = NULL;
    mf_radial_nodes nodes;
    double error;
    *out = NULL;
    mf_status status = find_nodes(spec, square, tol, &nodes, &error, stop, err);
    if (status >= 0)
        self = assemble(spec, nodes.curves, square->head.error + error, err);
    if (self) {
        size_t n = nodes.count;
        double *y = self->b + n, *weight = y + n;
        memcpy(y, nodes.y, n * sizeof *y);
        memcpy(weight, nodes.weight, n * sizeof *weight);
        for (size_t k = 0; k < n; ++k)
            self->b[k] = -y[k] * sqrt(weight[k]);
        self->nodes = (mf_nodes){spec->loss, y, weight};
        mf_potential_set_nodes(&self->head, &self->nodes);
        self->noise = square->noise;
        square->noise = (mf_radial_noise){.nodes = 0};
        *out = &self->head;
    }
    radial_free(&square->head);
    return status < 0 ? status : self ? MF_OK : MF_ENOMEM;
}

mf_status mf_radial_new(const mf_radial_spec *spec, mf_potential **out, const mf_flag *stop,
                        mf_error *err) {
    *out = NULL;
    if (mf_activation_check_tails(&spec->activation, err) < 0)
        return MF_EUNSUPPORTED;
    if (!(spec->delta > 0 && spec->delta < 1))
        return mf_fail(err, MF_EINVAL, "delta = %g must be in (0, 1)", spec->delta);
    if (!(spec->d >= 2))
        return mf_fail(err, MF_EINVAL, "d = %g must be an integer >= 2 or infinite", spec->d);
    if (!(spec->tol >= 1e-13 && spec->tol <= 1e-2))
        return mf_fail(err, MF_EINVAL, "tol = %g must be in [1e-13, 0.01]", spec->tol);
    double scale = mf_activation_scale(&spec->activation), raw_error;
    mf_curve_samples samples;
    mf_status status = mf_loss_check(&spec->loss, 2, mf_class_label, err);
    if (status >= 0)
        status = sample_raw(spec, scale, &samples, &raw_error, stop, err);
    if (status < 0)
        return status;
    status = build(spec, &samples, fmax(spec->tol * scale / 4, raw_error), out, stop, err);
    mf_curve_samples_free(&samples);
    if (status < 0)
        return status;
    (*out)->error += raw_error + 2 * sqrt(scale) * mf_activation_error(&spec->activation);
    if (!mf_loss_is_square(&spec->loss))
        status = take_loss(spec, spec->tol * scale / 4, out, stop, err);
    if (status < 0)
        return status;
    return (*out)->error > spec->tol * scale ? MF_INEXACT : MF_OK;
}
