/* recombined.c: a potential's features times a matrix, which makes them answers at nodes. */
#include "recombined.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROBES = 24, ALIGN = 64 };

static const double NOTHING = 1e-20; /* weights below it are no nodes */

typedef struct {
    mf_potential head;
    mf_potential_ops ops;
    mf_potential *base;  /* owned; its nodes only tell its step noise the loss  */
    mf_nodes nodes;      /* all of +, then all of -                             */
    size_t count, pairs; /* nodes and pairs of a class                          */
    double *L;           /* count x pairs; one block, with b, y and weight      */
} recombined;

static const recombined *self_of(const mf_potential *pot) {
    return (const recombined *)(const void *)pot;
}

/* ---- operations ------------------------------------------------------------------------------ */

/* Room for the base's rank of numbers, at the front of scratch. */
static size_t front(const recombined *self) {
    return (self->base->rank * sizeof(double) + ALIGN - 1) / ALIGN * ALIGN;
}

/* out = L in, side by side: n columns. */
static void answer(const recombined *self, size_t n, const double *in, double *out, size_t ld) {
    for (size_t side = 0; side < 2; ++side)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)self->count, (int)n,
                    (int)self->pairs, 1, self->L, (int)self->pairs, in + side * self->pairs * n,
                    (int)n, 0, out + side * self->count * ld, (int)ld);
}

static mf_status recombined_features(const mf_potential *pot, size_t n, const double *theta,
                                     size_t ld, double *F, size_t ldf, mf_error *err) {
    const recombined *self = self_of(pot);
    double *base = malloc((self->base->rank * n + 1) * sizeof *base);
    if (!base)
        return mf_fail(err, MF_ENOMEM, "no memory for the features of %zu neurons", n);
    mf_status status = mf_potential_features(self->base, n, theta, ld, base, n, err);
    if (status >= 0 && n > 0)
        answer(self, n, base, F, ldf);
    free(base);
    return status;
}

static mf_status recombined_mean(const mf_potential *pot, const mf_measure *rho, double *m,
                                 void *scratch, mf_error *err) {
    const recombined *self = self_of(pot);
    double *base = scratch;
    mf_status status = mf_potential_mean(self->base, rho, base, (char *)scratch + front(self), err);
    for (size_t side = 0; side < 2 && status >= 0; ++side)
        cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)self->count, (int)self->pairs, 1, self->L,
                    (int)self->pairs, base + side * self->pairs, 1, 1, m + side * self->count, 1);
    return status;
}

static mf_status recombined_field(const mf_potential *pot, const double *g, size_t n,
                                  const double *theta, size_t ld, double *value, double *grad,
                                  void *scratch, mf_error *err) {
    const recombined *self = self_of(pot);
    double *base = scratch;
    for (size_t side = 0; side < 2; ++side)
        cblas_dgemv(CblasRowMajor, CblasTrans, (int)self->count, (int)self->pairs, 1, self->L,
                    (int)self->pairs, g + side * self->count, 1, 0, base + side * self->pairs, 1);
    return mf_potential_field(self->base, base, n, theta, ld, value, grad,
                              (char *)scratch + front(self), err);
}

static size_t recombined_scratch(const mf_potential *pot, size_t n) {
    const recombined *self = self_of(pot);
    return front(self) + mf_potential_scratch(self->base, n);
}

static void recombined_free(mf_potential *pot) {
    recombined *self = (recombined *)(void *)pot;
    mf_potential_free(self->base);
    free(self->L);
    free(self);
}

static mf_status recombined_self(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                                 double *u, mf_error *err) {
    return mf_potential_self(self_of(pot)->base, n, theta, ld, u, err);
}

static mf_status recombined_step_noise(const mf_potential *pot, double variance,
                                       const mf_measure *rho, size_t n, const double *theta,
                                       size_t ld, double *T, void *scratch, mf_error *err) {
    return mf_potential_step_noise(self_of(pot)->base, variance, rho, n, theta, ld, T, scratch,
                                   err);
}

static size_t recombined_odd_nodes(const mf_potential *pot, size_t c) {
    return mf_potential_odd_nodes(self_of(pot)->base, c);
}

static mf_status recombined_odd(const mf_potential *pot, size_t c, double variance,
                                const mf_measure *rho, double *stiffness, double *gain, double *q,
                                double *rise, void *scratch, mf_error *err) {
    return mf_potential_odd(self_of(pot)->base, c, variance, rho, stiffness, gain, q, rise, scratch,
                            err);
}

static mf_status recombined_start(const mf_potential *pot, const mf_init *init, size_t J, double *x,
                                  const mf_flag *stop, mf_error *err) {
    return mf_potential_start(self_of(pot)->base, init, J, x, stop, err);
}

static double recombined_dimension(const mf_potential *pot, size_t c) {
    return mf_potential_dimension(self_of(pot)->base, c);
}

/* What bases of two radii know. The name stays the base's. */
static const mf_potential_ops recombined_ops = {.features = recombined_features,
                                                .mean = recombined_mean,
                                                .field = recombined_field,
                                                .scratch = recombined_scratch,
                                                .free = recombined_free,
                                                .self = recombined_self,
                                                .step_noise = recombined_step_noise,
                                                .odd_nodes = recombined_odd_nodes,
                                                .odd = recombined_odd,
                                                .start = recombined_start,
                                                .dimension = recombined_dimension};

/* ---- nodes ------------------------------------------------------------------------------------- */

/* 1 + the largest degree in |g1| and in |g2|. */
static void degrees(const mf_zonal *z, size_t orders[2]) {
    orders[0] = orders[1] = 1;
    for (size_t p = 0; p < z->pairs; ++p) {
        size_t first = z->first[p], second = z->order[p] - first;
        orders[0] = first + 1 > orders[0] ? first + 1 : orders[0];
        orders[1] = second + 1 > orders[1] ? second + 1 : orders[1];
    }
}

/* One block for L, b, y and weights. */
static mf_status allocate(recombined *self, size_t count, mf_error *err) {
    double *block = malloc(count * (self->pairs + 6) * sizeof *block);
    if (!block)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu features", 2 * count);
    free(self->L);
    self->L = block;
    self->count = count;
    self->head.rank = 2 * count;
    self->head.b = block + count * self->pairs;
    self->nodes.y = self->head.b + 2 * count;
    self->nodes.weight = self->nodes.y + 2 * count;
    return MF_OK;
}

static void fill(recombined *self, const mf_zonal *z, const mf_zonal_axis axis[2],
                 const size_t orders[2]) {
    size_t at = 0, count = self->count;
    double *b = self->L + count * self->pairs, *y = b + 2 * count, *weight = y + 2 * count;
    for (size_t i = 0; i < axis[0].nodes; ++i)
        for (size_t j = 0; j < axis[1].nodes; ++j) {
            double w = axis[0].weight[i] * axis[1].weight[j], *row = self->L + at * self->pairs;
            const double *one = axis[0].answer + i * orders[0];
            const double *two = axis[1].answer + j * orders[1];
            if (w < NOTHING)
                continue;
            for (size_t p = 0; p < z->pairs; ++p)
                row[p] = sqrt(w) * one[z->first[p]] * two[z->order[p] - z->first[p]];
            for (size_t side = 0; side < 2; ++side) {
                y[side * count + at] = side ? -1 : 1;
                weight[side * count + at] = w / 2;
                b[side * count + at] = (side ? 1 : -1) * sqrt(w / 2);
            }
            ++at;
        }
}

/* Takes the nodes of n[0] x n[1] points. */
static mf_status place(recombined *self, const mf_zonal *z, const size_t orders[2],
                       const size_t n[2], mf_error *err) {
    mf_zonal_axis axis[2] = {{0}, {0}};
    size_t count = 0;
    mf_status status = mf_zonal_axis_init(&axis[0], z->p1, 0, n[0], orders[0], err);
    if (status >= 0)
        status = mf_zonal_axis_init(&axis[1], z->p2, 0, n[1], orders[1], err);
    for (size_t i = 0; i < axis[0].nodes && status >= 0; ++i)
        for (size_t j = 0; j < axis[1].nodes; ++j)
            count += axis[0].weight[i] * axis[1].weight[j] >= NOTHING;
    if (status >= 0)
        status = allocate(self, count, err);
    if (status >= 0) {
        fill(self, z, axis, orders);
        mf_potential_set_nodes(&self->head, &self->nodes);
    }
    mf_zonal_axis_free(&axis[0]);
    mf_zonal_axis_free(&axis[1]);
    return status;
}

/* ---- how many ----------------------------------------------------------------------------------- */

/* Single neurons of all directions and sizes. */
typedef struct {
    double theta[4 * PROBES], scale[PROBES]; /* scale: of U                    */
    double *base;                            /* base rank x PROBES: f          */
    double risk[PROBES];                     /* with the nodes that were last  */
} probes;

static mf_status probes_init(probes *p, const recombined *self, bool growth, mf_error *err) {
    size_t radii = self->head.dim - 2;
    *p = (probes){.base = malloc(self->base->rank * PROBES * sizeof *p->base)};
    if (!p->base)
        return mf_fail(err, MF_ENOMEM, "no memory for %d probes", PROBES);
    for (size_t i = 0; i < PROBES; ++i) {
        double t = ((double)i + 0.5) / (PROBES + 1), s = t / (1 - t);
        double angle = M_PI_2 * fmod(0.618 * (double)i, 1);
        for (size_t c = 0; c < radii; ++c) /* (a, b) */
            p->theta[c * PROBES + i] = ((i >> c) & 1 ? -1 : 1) * (c ? 0.5 : 1);
        p->theta[radii * PROBES + i] = s * cos(angle);
        p->theta[(radii + 1) * PROBES + i] = s * sin(angle);
        p->scale[i] = growth ? (1 + s) * (1 + s) : 1;
    }
    return mf_potential_features(self->base, PROBES, p->theta, PROBES, p->base, PROBES, err);
}

/* The most by which V and U differ from the base's, and R from what it was. */
static mf_status compare(const recombined *self, probes *p, double *worst, mf_error *err) {
    const mf_potential *pot = &self->head, *base = self->base;
    double *F = malloc((PROBES + 1) * pot->rank * sizeof *F), *m = F;
    if (!F)
        return mf_fail(err, MF_ENOMEM, "no memory for %d probes", PROBES);
    answer(self, PROBES, p->base, F += pot->rank, PROBES);
    *worst = 0;
    for (size_t i = 0; i < PROBES; ++i) {
        double v = 0, u = 0, was = p->risk[i];
        for (size_t k = 0; k < base->rank; ++k) {
            v += base->b[k] * p->base[k * PROBES + i];
            u += p->base[k * PROBES + i] * p->base[k * PROBES + i];
        }
        for (size_t k = 0; k < pot->rank; ++k) {
            m[k] = F[k * PROBES + i];
            v -= pot->b[k] * m[k];
            u -= m[k] * m[k];
        }
        p->risk[i] = mf_potential_risk(pot, m);
        double most = fmax(fabs(p->risk[i] - was), fmax(fabs(v), fabs(u)));
        *worst = fmax(*worst, most / p->scale[i]);
    }
    free(m);
    return MF_OK;
}

/* Half as many again, until what is seen is below tol or there are as many as are allowed. */
static mf_status find_nodes(recombined *self, const mf_zonal *z, double tol, probes *p,
                            double *error, const mf_flag *stop, mf_error *err) {
    size_t orders[2], n[2];
    bool more = true;
    degrees(z, orders);
    memcpy(n, orders, sizeof n);
    mf_status status = place(self, z, orders, n, err);
    if (status >= 0)
        status = compare(self, p, error, err);
    while (status >= 0 && more) {
        for (int a = 0; a < 2; ++a)
            n[a] = (3 * n[a]) / 2 + 2 < MF_ZONAL_NODES ? (3 * n[a]) / 2 + 2 : MF_ZONAL_NODES;
        status = place(self, z, orders, n, err);
        if (status >= 0)
            status = compare(self, p, error, err);
        if (status >= 0)
            status = mf_poll(stop, err);
        more = *error > tol && (n[0] < MF_ZONAL_NODES || n[1] < MF_ZONAL_NODES);
    }
    return status;
}

mf_status mf_recombined_check(const mf_loss *loss, double p1, double p2, mf_error *err) {
    if (mf_loss_is_square(loss) || isinf(p1) || (p1 >= MF_ZONAL_FEWEST && p2 == 0) ||
        fmin(p1, p2) >= MF_ZONAL_FEWEST)
        return MF_OK;
    return mf_fail(err, MF_EUNSUPPORTED,
                   "s0 = %g in d = %g knows the square loss only, not the %s loss: for it both s0 "
                   "and d - s0 must be 0 or %d and more (take the sampled potential)",
                   p1, p1 + p2, mf_loss_name(loss), (int)MF_ZONAL_FEWEST);
}

mf_status mf_recombined_new(const mf_zonal *z, const mf_loss *loss, bool growth, double tol,
                            mf_potential **pot, const mf_flag *stop, mf_error *err) {
    mf_potential *base = *pot;
    recombined *self = calloc(1, sizeof *self);
    *pot = NULL;
    if (!self) {
        mf_potential_free(base);
        return mf_fail(err, MF_ENOMEM, "no memory for a potential");
    }
    probes p;
    double error = 0;
    *self = (recombined){.head = *base, .ops = recombined_ops, .base = base, .pairs = z->pairs};
    self->ops.name = base->ops->name;
    self->head.ops = &self->ops;
    self->nodes.loss = *loss;
    mf_status status = probes_init(&p, self, growth, err);
    if (status >= 0)
        status = find_nodes(self, z, tol, &p, &error, stop, err);
    free(p.base);
    if (status < 0) {
        recombined_free(&self->head);
        return status;
    }
    self->head.error += error;
    base->nodes = &self->nodes;
    *pot = &self->head;
    return status;
}
