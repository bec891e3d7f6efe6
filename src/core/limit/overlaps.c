/* overlaps.c: a symmetric matrix driven by terms of low rank. */
#include "overlaps.h"

#include "core/base/block.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <string.h>

static const double NEAREST = 1e-12; /* radii below count as this one */

enum { RADII = 2 }; /* the most that a potential has */

/* One radius. */
typedef struct {
    size_t at, K;     /* its coordinate; nodes */
    double dimension; /* of the space behind it */
    double *c, *used; /* J x J: as kept, in use */
} overlap;

struct mf_overlaps {
    const mf_potential *pot;
    size_t J, dim, radii;
    overlap radius[RADII];
    double *trial, *rate; /* J x J: of a stage, F                               */
    /* Of the radius at hand: */
    double *q, *rise;         /* K x J: q_n of particle j; K x dim x J: its d(r q_n)/dtheta */
    double *X, *Y, *G;        /* K x J: p r q, q / r, and G or a factor times Y      */
    double *stiffness, *gain; /* K: W k, W e^2                                       */
    double *decay;            /* J: n_i                                              */
    void *scratch;
};

/* The largest number of nodes of a radius; how many have any. */
static size_t most_nodes(const mf_potential *pot, size_t *radii) {
    size_t most = 0;
    *radii = 0;
    for (size_t c = 0; c < pot->dim; ++c) {
        size_t K = mf_potential_odd_nodes(pot, c);
        *radii += K > 0;
        most = K > most ? K : most;
    }
    return most;
}

size_t mf_overlaps_bytes(const mf_potential *pot, size_t J) {
    size_t radii, K = most_nodes(pot, &radii);
    return mf_lines((sizeof(mf_overlaps) + 7) / 8) * 8 +
           ((2 + 2 * radii) * mf_lines(J * J) + 4 * mf_lines(J * K) + mf_lines(J * K * pot->dim) +
            2 * mf_lines(K) + mf_lines(J)) *
                   sizeof(double);
}

mf_overlaps *mf_overlaps_init(void *mem, const mf_potential *pot, size_t J, const double *dimension,
                              void *scratch) {
    mf_overlaps *o = mem;
    size_t radii, K = most_nodes(pot, &radii);
    memset(mem, 0, mf_overlaps_bytes(pot, J));
    *o = (mf_overlaps){.pot = pot, .J = J, .dim = pot->dim, .scratch = scratch};
    double *next = (double *)(void *)((char *)mem + mf_lines((sizeof *o + 7) / 8) * 8);
    double **rows[] = {&o->q, &o->X, &o->Y, &o->G};
    for (size_t c = 0; c < pot->dim && o->radii < RADII; ++c) {
        size_t nodes = mf_potential_odd_nodes(pot, c);
        if (nodes == 0)
            continue;
        double *kept = mf_take(&next, J * J), *used = mf_take(&next, J * J);
        o->radius[o->radii++] = (overlap){c, nodes, dimension[c], kept, used};
    }
    o->trial = mf_take(&next, J * J);
    o->rate = mf_take(&next, J * J);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        *rows[i] = mf_take(&next, J * K);
    o->rise = mf_take(&next, J * K * pot->dim);
    o->stiffness = mf_take(&next, K);
    o->gain = mf_take(&next, K);
    o->decay = mf_take(&next, J);
    return o;
}

/* All that depends on the law alone, at one radius. */
static mf_status look(mf_overlaps *o, const overlap *a, const mf_measure *rho, double label,
                      mf_error *err) {
    mf_status status = mf_potential_odd(o->pot, a->at, label, rho, o->stiffness, o->gain, o->q,
                                        o->rise, o->scratch, err);
    for (size_t n = 0; n < a->K && status >= 0; ++n)
        for (size_t j = 0; j < o->J; ++j) {
            double q = o->q[n * o->J + j], r = rho->x[a->at * rho->ld + j];
            o->X[n * o->J + j] = mf_measure_weight(rho, j) * r * q;
            o->Y[n * o->J + j] = q / fmax(r, NEAREST);
        }
    return status;
}

/* G of the overlaps c. */
static void project(mf_overlaps *o, const overlap *a, const double *c) {
    cblas_dsymm(CblasRowMajor, CblasRight, CblasLower, (int)a->K, (int)o->J, 1, c, (int)o->J, o->X,
                (int)o->J, 0, o->G, (int)o->J);
}

/* rate = what drives the overlaps c; `drive` = 4 s (p - 2). */
static void find_rate(mf_overlaps *o, const overlap *a, const double *c, double drive) {
    int J = (int)o->J, K = (int)a->K;
    project(o, a, c);
    for (size_t n = 0; n < a->K; ++n)
        for (size_t j = 0; j < o->J; ++j)
            o->G[n * o->J + j] *= o->stiffness[n];
    cblas_dsyr2k(CblasRowMajor, CblasLower, CblasTrans, J, K, -2, o->Y, J, o->G, J, 0, o->rate, J);
    for (size_t n = 0; n < a->K; ++n)
        for (size_t j = 0; j < o->J; ++j)
            o->G[n * o->J + j] = sqrt(fmax(drive * o->gain[n], 0)) * o->Y[n * o->J + j];
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, J, K, 1, o->G, J, 1, o->rate, J);
}

/* to = e^(-z) from + h phi(z) rate, z = (n_i + n_j) h and phi(z) = (1 - e^(-z))/z; whether all of
 * it are numbers.                                                                           */
static bool grow(const mf_overlaps *o, double h, const double *from, double *to) {
    double sum = 0;
    for (size_t i = 0; i < o->J; ++i)
        for (size_t j = 0; j <= i; ++j) {
            double z = (o->decay[i] + o->decay[j]) * h, fall = -expm1(-z);
            double phi = z > 1e-8 ? fall / z : 1 - z / 2;
            size_t at = i * o->J + j;
            to[at] = from[at] - fall * from[at] + h * phi * o->rate[at];
            sum += to[at] * 0;
        }
    return sum == 0;
}

static mf_status turn(mf_overlaps *o, overlap *a, const mf_measure *rho, const double *T, double s,
                      double label, double h, mf_error *err) {
    mf_status status = look(o, a, rho, label, err);
    if (status < 0)
        return status;
    double drive = 4 * s * fmax(a->dimension - 2, 0);
    for (size_t j = 0; j < o->J; ++j) {
        double r = fmax(rho->x[a->at * rho->ld + j], NEAREST);
        o->decay[j] = 2 * s * (a->dimension - 1) * T[a->at * o->J + j] / (r * r);
    }
    find_rate(o, a, a->used, drive);
    bool sound = grow(o, h / 2, a->used, o->trial);
    find_rate(o, a, o->trial, drive);
    if (!grow(o, h, a->used, o->trial) || !sound)
        return mf_fail(err, MF_EDIVERGED, "diverged: what neurons share is not finite");
    mf_swap(&a->used, &o->trial);
    return MF_OK;
}

mf_status mf_overlaps_step(mf_overlaps *o, const mf_measure *rho, const double *T, double s,
                           double label, double h, mf_error *err) {
    mf_status status = MF_OK;
    for (size_t i = 0; i < o->radii && status >= 0; ++i)
        status = turn(o, &o->radius[i], rho, T, s, label, h, err);
    return status;
}

mf_status mf_overlaps_rate(mf_overlaps *o, const mf_measure *rho, double *rate, mf_error *err) {
    mf_status status = MF_OK;
    *rate = 0;
    for (size_t i = 0; i < o->radii && status >= 0; ++i) {
        const overlap *a = &o->radius[i];
        double sum = 0;
        status = look(o, a, rho, 0, err);
        for (size_t n = 0; n < a->K && status >= 0; ++n)
            for (size_t j = 0; j < o->J; ++j) {
                double q = o->q[n * o->J + j];
                sum += fabs(o->stiffness[n]) * mf_measure_weight(rho, j) * q * q;
            }
        *rate = fmax(*rate, 4 * sum);
    }
    return status;
}

static void copy(const mf_overlaps *o, double *to, const double *from) {
    memcpy(to, from, o->J * o->J * sizeof *to);
}

void mf_overlaps_drop(mf_overlaps *o) {
    for (size_t i = 0; i < o->radii; ++i)
        copy(o, o->radius[i].used, o->radius[i].c);
}

void mf_overlaps_keep(mf_overlaps *o) {
    for (size_t i = 0; i < o->radii; ++i)
        copy(o, o->radius[i].c, o->radius[i].used);
}

mf_status mf_overlaps_field(mf_overlaps *o, const mf_measure *rho, double *grad, double *excess,
                            mf_error *err) {
    mf_status status = MF_OK;
    size_t J = o->J;
    double sum = 0;
    for (size_t i = 0; i < o->radii && status >= 0; ++i) {
        const overlap *a = &o->radius[i];
        status = look(o, a, rho, 0, err);
        if (status < 0)
            return status;
        project(o, a, a->used);
        for (size_t n = 0; n < a->K; ++n)
            for (size_t j = 0; j < J; ++j) {
                double pull = o->stiffness[n] * o->G[n * J + j];
                sum += o->X[n * J + j] * pull;
                for (size_t b = 0; grad && b < o->dim; ++b)
                    grad[b * J + j] += o->rise[(n * o->dim + b) * J + j] * pull;
            }
    }
    *excess = sum;
    return status;
}

/* ---- files ------------------------------------------------------------------------------------- */

void mf_overlaps_save(const mf_overlaps *o, mf_fields_writer *to) {
    size_t J = o->J;
    double *lower = mf_fields_room(to, "overlaps", J * (J + 1) / 2, o->radii);
    for (size_t a = 0; lower && a < o->radii; ++a)
        for (size_t i = 0; i < J; lower += ++i)
            memcpy(lower, o->radius[a].c + i * J, (i + 1) * sizeof *lower);
}

void mf_overlaps_load(mf_overlaps *o, mf_fields *from) {
    size_t J = o->J;
    const double *lower = mf_fields_find(from, "overlaps", J * (J + 1) / 2, o->radii);
    for (size_t a = 0; lower && a < o->radii; ++a)
        for (size_t i = 0; i < J; lower += ++i)
            memcpy(o->radius[a].c + i * J, lower, (i + 1) * sizeof *lower);
    mf_overlaps_drop(o);
}
