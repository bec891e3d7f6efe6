/* start.c: neurons at atoms, with directions where these have radii only. */
#include "start.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <string.h>

static mf_coordinate_kind kind_of(const mf_measure *rho, size_t c) {
    return mf_space_kind(rho->space, rho->dim, c);
}

static size_t count(const mf_measure *rho, mf_coordinate_kind kind) {
    size_t n = 0;
    for (size_t c = 0; c < rho->dim; ++c)
        n += kind_of(rho, c) == kind;
    return n;
}

/* Whether coordinate c is called a (or b). */
static bool is_called(const mf_measure *rho, size_t c, const char *name) {
    char text[32];
    mf_space_coordinate_name(rho->space, rho->dim, c, text);
    return strcmp(text, name) == 0;
}

/* Coordinates that a neuron has no place for. */
static bool has_strangers(const mf_measure *rho) {
    for (size_t c = 0; c < rho->dim; ++c)
        if (kind_of(rho, c) == MF_NUMBER && !is_called(rho, c, "a") && !is_called(rho, c, "b"))
            return true;
    return rho->space == &mf_space_length; /* of which part of w nobody knows */
}

mf_status mf_start_check(const mf_start *s, mf_error *err) {
    const mf_measure *rho = s->rho;
    size_t weights = count(rho, MF_WEIGHT), radii = count(rho, MF_RADIUS);
    mf_status status = mf_measure_check(rho, err);
    if (status < 0)
        return status;
    if (has_strangers(rho) || (weights == 0 && (radii == 0 || radii > 2)))
        return mf_fail(
                err, MF_EINVAL,
                "a measure in space '%s' does not say what neurons are: w, or radii of w, and "
                "a and b for affine ones",
                rho->space->name);
    if (weights > 0 && radii > 0 && (radii > 1 || weights != s->V.s0 || weights >= s->d))
        return mf_fail(err, MF_EINVAL,
                       "its m has %zu coordinates: a distribution with as many directions, in more "
                       "dimensions, is needed",
                       weights);
    if (weights > 0 && radii == 0 && weights != s->d)
        return mf_fail(err, MF_EINVAL, "its w has %zu coordinates, the distribution d = %zu",
                       weights, s->d);
    if (radii == 2 && s->V.s0 == 0)
        return mf_fail(err, MF_EINVAL,
                       "two radii need an anisotropic distribution, which says of which subspaces");
    if (count(rho, MF_NUMBER) > 0 && !s->affine)
        return mf_fail(err, MF_EINVAL, "its neurons have a and b: neuron = 'affine' is missing");
    for (size_t c = 0; c < rho->dim; ++c)
        for (size_t j = 0; j < rho->n; ++j)
            if (isinf(rho->x[c * rho->ld + j]) && mf_measure_weight(rho, j) > 0)
                return mf_fail(err, MF_EINVAL, "atom %zu has an infinite radius", j + 1);
    return MF_OK;
}

void mf_start_atoms(const mf_start *s, size_t *atom) {
    double u, below = 0, total = 0, N = (double)s->N;
    size_t j = 0;
    mf_rng_uniforms(s->key, 0, 1, &u);
    for (size_t k = 0; k < s->rho->n; ++k)
        total += mf_measure_weight(s->rho, k);
    for (size_t i = 0; i < s->N; ++i) {
        double at = ((double)i + u) / N * total;
        while (j + 1 < s->rho->n && below + mf_measure_weight(s->rho, j) <= at)
            below += mf_measure_weight(s->rho, j++);
        atom[i] = j;
    }
}

/* w = P w + ((1 - P) w), each scaled to its radius. */
static void set_two(const mf_start *s, double r1, double r2, double *w) {
    size_t s0 = s->V.s0, d = s->d;
    const double *basis = s->V.basis;
    double *in = s->V.work;
    memset(in, 0, d * sizeof *in);
    for (size_t c = 0; !basis && c < s0; ++c)
        in[c] = w[c];
    for (size_t k = 0; basis && k < s0; ++k)
        cblas_daxpy((int)d, cblas_ddot((int)d, basis + k * d, 1, w, 1), basis + k * d, 1, in, 1);
    cblas_daxpy((int)d, -1, in, 1, w, 1);
    double inside = cblas_dnrm2((int)d, in, 1), across = cblas_dnrm2((int)d, w, 1);
    cblas_dscal((int)d, s0 < d ? r2 / across : 0, w, 1);
    cblas_daxpy((int)d, r1 / inside, in, 1, w, 1);
}

/* Adds scale times row i of the basis. */
static void add_row(const mf_start *s, size_t i, double scale, double *w) {
    if (s->V.basis)
        cblas_daxpy((int)s->d, scale, s->V.basis + i * s->d, 1, w, 1);
    else
        w[i] += scale;
}

/* w = r e + sum_i m_i (row i), e across V. */
static void set_index(const mf_start *s, const double *m, double r, double *w) {
    size_t d = s->d;
    for (size_t i = 0; i < s->V.s0; ++i)
        add_row(s, i, s->V.basis ? -cblas_ddot((int)d, s->V.basis + i * d, 1, w, 1) : -w[i], w);
    cblas_dscal((int)d, r / cblas_dnrm2((int)d, w, 1), w, 1);
    for (size_t i = 0; i < s->V.s0; ++i)
        add_row(s, i, m[i], w);
}

void mf_start_neuron(const mf_start *s, size_t i, size_t j, double *w, double *a, double *b) {
    const mf_measure *rho = s->rho;
    double radius[2];
    size_t radii = 0, weights = 0;
    *a = 1;
    *b = 0;
    for (size_t c = 0; c < rho->dim; ++c) {
        double x = rho->x[c * rho->ld + j];
        if (kind_of(rho, c) == MF_WEIGHT)
            w[weights++] = x;
        else if (kind_of(rho, c) == MF_RADIUS)
            radius[radii++] = x;
        else
            *(is_called(rho, c, "a") ? a : b) = x;
    }
    if (radii == 0)
        return;
    memcpy(s->V.work, w, weights * sizeof *w);
    mf_rng_normals(s->key, i, s->d, w);
    if (weights > 0)
        set_index(s, s->V.work, radius[0], w);
    else if (radii == 2)
        set_two(s, radius[0], radius[1], w);
    else
        cblas_dscal((int)s->d, radius[0] / cblas_dnrm2((int)s->d, w, 1), w, 1);
}
