/* overlaps.c: a symmetric matrix driven by terms of low rank. */
#include "overlaps.h"

#include "core/base/block.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <string.h>

static const double NEAREST = 1e-12; /* radii below count as this one */

struct mf_overlaps {
    const mf_potential *pot;
    size_t J, K;
    double dimension;
    double *c, *used, *trial, *rate; /* J x J: as kept, in use, of a stage, F              */
    double *q, *rise;                /* K x J: q_n(r_j), (r q_n)'(r_j)                     */
    double *X, *Y, *G;               /* K x J: p r q, q / r, and G or a factor times Y     */
    double *stiffness, *gain;        /* K: W k, W e^2                                      */
    double *decay;                   /* J: n_i                                             */
};

size_t mf_overlaps_bytes(const mf_potential *pot, size_t J) {
    size_t K = mf_potential_odd_nodes(pot);
    return mf_lines((sizeof(mf_overlaps) + 7) / 8) * 8 +
           (4 * mf_lines(J * J) + 5 * mf_lines(J * K) + 2 * mf_lines(K) + mf_lines(J)) *
                   sizeof(double);
}

mf_overlaps *mf_overlaps_init(void *mem, const mf_potential *pot, size_t J, double dimension) {
    mf_overlaps *o = mem;
    size_t K = mf_potential_odd_nodes(pot);
    memset(mem, 0, mf_overlaps_bytes(pot, J));
    *o = (mf_overlaps){.pot = pot, .J = J, .K = K, .dimension = dimension};
    double *next = (double *)(void *)((char *)mem + mf_lines((sizeof *o + 7) / 8) * 8);
    double **squares[] = {&o->c, &o->used, &o->trial, &o->rate};
    double **rows[] = {&o->q, &o->rise, &o->X, &o->Y, &o->G};
    for (size_t i = 0; i < sizeof squares / sizeof *squares; ++i)
        *squares[i] = mf_take(&next, J * J);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        *rows[i] = mf_take(&next, J * K);
    o->stiffness = mf_take(&next, K);
    o->gain = mf_take(&next, K);
    o->decay = mf_take(&next, J);
    return o;
}

/* All that depends on the law alone. */
static mf_status look(mf_overlaps *o, const mf_measure *rho, double label, mf_error *err) {
    mf_status status =
            mf_potential_odd(o->pot, label, rho, o->stiffness, o->gain, o->q, o->rise, err);
    for (size_t n = 0; n < o->K && status >= 0; ++n)
        for (size_t j = 0; j < o->J; ++j) {
            double q = o->q[n * o->J + j], r = rho->x[j];
            o->X[n * o->J + j] = mf_measure_weight(rho, j) * r * q;
            o->Y[n * o->J + j] = q / fmax(r, NEAREST);
        }
    return status;
}

/* G of the overlaps c. */
static void project(mf_overlaps *o, const double *c) {
    cblas_dsymm(CblasRowMajor, CblasRight, CblasLower, (int)o->K, (int)o->J, 1, c, (int)o->J, o->X,
                (int)o->J, 0, o->G, (int)o->J);
}

static void scale_rows(const mf_overlaps *o, double *rows, const double *by, const double *of) {
    for (size_t n = 0; n < o->K; ++n)
        for (size_t j = 0; j < o->J; ++j)
            rows[n * o->J + j] = by[n] * of[n * o->J + j];
}

/* rate = what drives the overlaps c; `drive` = 4 s (p - 2). */
static void find_rate(mf_overlaps *o, const double *c, double drive) {
    int J = (int)o->J, K = (int)o->K;
    project(o, c);
    scale_rows(o, o->G, o->stiffness, o->G);
    cblas_dsyr2k(CblasRowMajor, CblasLower, CblasTrans, J, K, -2, o->Y, J, o->G, J, 0, o->rate, J);
    for (size_t n = 0; n < o->K; ++n)
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

mf_status mf_overlaps_step(mf_overlaps *o, const mf_measure *rho, const double *T, double s,
                           double label, double h, mf_error *err) {
    mf_status status = look(o, rho, label, err);
    if (status < 0)
        return status;
    double drive = 4 * s * fmax(o->dimension - 2, 0);
    for (size_t j = 0; j < o->J; ++j) {
        double r = fmax(rho->x[j], NEAREST);
        o->decay[j] = 2 * s * (o->dimension - 1) * T[j] / (r * r);
    }
    find_rate(o, o->used, drive);
    bool sound = grow(o, h / 2, o->used, o->trial);
    find_rate(o, o->trial, drive);
    if (!grow(o, h, o->used, o->trial) || !sound)
        return mf_fail(err, MF_EDIVERGED, "diverged: what neurons share is not finite");
    mf_swap(&o->used, &o->trial);
    return MF_OK;
}

mf_status mf_overlaps_rate(mf_overlaps *o, const mf_measure *rho, double *rate, mf_error *err) {
    mf_status status = look(o, rho, 0, err);
    double sum = 0;
    for (size_t n = 0; n < o->K && status >= 0; ++n)
        for (size_t j = 0; j < o->J; ++j) {
            double q = o->q[n * o->J + j];
            sum += fabs(o->stiffness[n]) * mf_measure_weight(rho, j) * q * q;
        }
    *rate = 4 * sum;
    return status;
}

void mf_overlaps_drop(mf_overlaps *o) {
    memcpy(o->used, o->c, o->J * o->J * sizeof *o->c);
}

void mf_overlaps_keep(mf_overlaps *o) {
    memcpy(o->c, o->used, o->J * o->J * sizeof *o->c);
}

mf_status mf_overlaps_field(mf_overlaps *o, const mf_measure *rho, double *grad, double *excess,
                            mf_error *err) {
    mf_status status = look(o, rho, 0, err);
    double sum = 0;
    if (status < 0)
        return status;
    project(o, o->used);
    for (size_t n = 0; n < o->K; ++n)
        for (size_t j = 0; j < o->J; ++j) {
            double pull = o->stiffness[n] * o->G[n * o->J + j];
            sum += o->X[n * o->J + j] * pull;
            if (grad)
                grad[j] += o->rise[n * o->J + j] * pull;
        }
    *excess = sum;
    return MF_OK;
}

/* ---- files ------------------------------------------------------------------------------------- */

void mf_overlaps_save(const mf_overlaps *o, mf_fields_writer *to) {
    size_t J = o->J;
    double *lower = mf_fields_room(to, "overlaps", J * (J + 1) / 2, 1);
    for (size_t i = 0; lower && i < J; ++i, lower += i)
        memcpy(lower, o->c + i * J, (i + 1) * sizeof *lower);
}

void mf_overlaps_load(mf_overlaps *o, mf_fields *from) {
    size_t J = o->J;
    const double *lower = mf_fields_find(from, "overlaps", J * (J + 1) / 2, 1);
    for (size_t i = 0; lower && i < J; ++i, lower += i)
        memcpy(o->c + i * J, lower, (i + 1) * sizeof *lower);
    mf_overlaps_drop(o);
}
