/* descend.c: gradient descent on the exact risk of N plain neurons under isotropic Gaussians. */
#include "descend.h"

#include "core/base/blas.h"
#include "risk.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_multimin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const mf_descend_spec *spec;
    const mf_flag *stop;
    mf_status status;
    mf_error *err;
    double *z;              /* N x N: cosines                                     */
    double *pull;           /* N x N: dR/dz_ij, an unordered pair counted once     */
    double *r, *s, *ds;     /* N: |w_i|, tau r_i, dR/dr_i                          */
    double *c, *dc;         /* terms x N: coefficients and d/ds, neurons contiguous */
    double *value, *dz, *d; /* N: sums over k for one i and all j                  */
    double *second;         /* 3 N: E sigma^2 at s, s - h and s + h; then at those */
    double *block;
} workspace;

static mf_status open_workspace(workspace *w, const mf_descend_spec *spec, const mf_flag *stop,
                                mf_error *err) {
    size_t N = spec->N, K = spec->terms, each = 2 * N + 2 * K + 14;
    *w = (workspace){.spec = spec, .stop = stop, .err = err};
    if (spec->law.ops != &mf_law_isotropic)
        return mf_fail(err, MF_EUNSUPPORTED, "the law must be isotropic");
    if (!mf_blas_fits(N) || !mf_law_is_valid(&spec->law))
        return mf_fail(err, MF_EINVAL, "N = %zu, d = %zu is no network", N, spec->law.d);
    if (N > SIZE_MAX / sizeof(double) / each || N > SIZE_MAX / sizeof(double) / spec->law.d ||
        !(w->block = malloc(N * each * sizeof(double))))
        return mf_fail(err, MF_ENOMEM, "no memory for %zu neurons", N);
    double *next = w->block;
    w->z = next, next += N * N;
    w->pull = next, next += N * N;
    w->c = next, next += N * K;
    w->dc = next, next += N * K;
    w->r = next, next += N;
    w->s = next, next += N;
    w->ds = next, next += N;
    w->value = next, next += N;
    w->dz = next, next += N;
    w->d = next, next += N;
    w->second = next;
    return MF_OK;
}

/* Coefficients of all neurons; second[i] = E sigma(s_i G)^2 and second[N + i] its derivative, by
 * central differences (it has no series that converges fast at a kink).                     */
static mf_status expand(workspace *w) {
    size_t N = w->spec->N, K = w->spec->terms;
    double c[512], dc[512], *near = w->second + 2 * N;
    for (size_t i = 0; i < N; ++i) {
        if (mf_flag_is_set(w->stop))
            return MF_STOPPED;
        mf_status status =
                mf_activation_hermite(&w->spec->activation, w->s[i], 0, K, c, dc, w->err);
        if (status < 0)
            return status;
        for (size_t k = 0; k < K; ++k) {
            w->c[k * N + i] = c[k];
            w->dc[k * N + i] = dc[k];
        }
        double h = fmin(1e-4, w->s[i] / 2);
        near[3 * i] = w->s[i];
        near[3 * i + 1] = w->s[i] - h;
        near[3 * i + 2] = w->s[i] + h;
    }
    mf_status status =
            mf_second_moments(&w->spec->activation, 3 * N, near, NULL, near + 3 * N, w->err);
    for (size_t i = 0; i < N && status >= 0; ++i) {
        const double *at = near + 3 * N + 3 * i;
        w->second[i] = at[0];
        w->second[N + i] = (at[2] - at[1]) / (near[3 * i + 2] - near[3 * i + 1]);
    }
    return status;
}

/* Sums over k for neuron i against all j: value, d/dz and d/ds_i, by Horner's rule. */
static void pairs(workspace *w, size_t i) {
    size_t N = w->spec->N;
    const double *z = w->z + i * N;
    double *restrict value = w->value, *restrict dz = w->dz, *restrict d = w->d;
    memset(value, 0, N * sizeof *value);
    memset(dz, 0, N * sizeof *dz);
    memset(d, 0, N * sizeof *d);
    for (size_t k = w->spec->terms; k-- > 0;) {
        const double *c = w->c + k * N;
        double ci = c[i], dci = w->dc[k * N + i];
        for (size_t j = 0; j < N; ++j) {
            dz[j] = dz[j] * z[j] + value[j];
            value[j] = value[j] * z[j] + ci * c[j];
            d[j] = d[j] * z[j] + dci * c[j];
        }
    }
}

/* Adds one class, label y = +-1, to the risk, ds and pull. */
static mf_status add_class(workspace *w, double y, double *risk) {
    size_t N = w->spec->N;
    double tau = 1 + y * mf_law_delta(&w->spec->law), n = (double)N, mean = 0, square = 0;
    for (size_t i = 0; i < N; ++i)
        w->s[i] = tau * w->r[i];
    mf_status status = expand(w);
    if (status != MF_OK)
        return status;
    for (size_t i = 0; i < N; ++i) {
        double slope = w->second[N + i];
        if (mf_flag_is_set(w->stop))
            return MF_STOPPED;
        pairs(w, i);
        mean += w->c[i];
        square += w->second[i];
        for (size_t j = 0; j < N; ++j)
            if (j != i) {
                square += w->value[j];
                slope += 2 * w->d[j];
                w->pull[i * N + j] += w->dz[j] / (n * n);
            }
        w->ds[i] += tau / 2 * (slope / (n * n) - 2 * y * w->dc[i] / n);
    }
    *risk += (1 - 2 * y * mean / n + square / (n * n)) / 2;
    return MF_OK;
}

/* dR/dw_i = dR/dr_i e_i + sum_j dR/dz_ij (e_j - z_ij e_i)/r_i, e_i = w_i/r_i: a matrix times W. */
static void assemble(workspace *w, const double *W, double *gradient) {
    size_t N = w->spec->N, d = w->spec->law.d;
    for (size_t i = 0; i < N; ++i) {
        double *pull = w->pull + i * N, along = w->ds[i];
        for (size_t j = 0; j < N; ++j) {
            pull[j] /= w->r[i];
            along -= pull[j] * w->z[i * N + j];
            pull[j] /= w->r[j];
        }
        pull[i] = along / w->r[i];
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)N, (int)d, (int)N, 1, w->pull,
                (int)N, W, (int)d, 0, gradient, (int)d);
}

static mf_status evaluate(workspace *w, const double *W, double *risk, double *gradient) {
    size_t N = w->spec->N, d = w->spec->law.d;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)N, (int)N, (int)d, 1, W, (int)d, W,
                (int)d, 0, w->z, (int)N);
    for (size_t i = 0; i < N; ++i)
        w->r[i] = fmax(sqrt(w->z[i * N + i]), 1e-100);
    for (size_t i = 0; i < N; ++i)
        for (size_t j = 0; j < N; ++j)
            w->z[i * N + j] = fmin(1, fmax(-1, w->z[i * N + j] / (w->r[i] * w->r[j])));
    memset(w->pull, 0, N * N * sizeof *w->pull);
    memset(w->ds, 0, N * sizeof *w->ds);
    *risk = 0;
    mf_status status = add_class(w, 1, risk);
    if (status == MF_OK)
        status = add_class(w, -1, risk);
    if (status == MF_OK && gradient)
        assemble(w, W, gradient);
    return status;
}

/* ---- descent by GSL's quasi-Newton method ----------------------------------------------------- */

static void both(const gsl_vector *x, void *context, double *risk, gsl_vector *gradient) {
    workspace *w = context;
    if (w->status == MF_OK)
        w->status = evaluate(w, x->data, risk, gradient ? gradient->data : NULL);
    if (w->status != MF_OK)
        *risk = NAN; /* ends the line search */
}

static double value_of(const gsl_vector *x, void *context) {
    double risk;
    both(x, context, &risk, NULL);
    return risk;
}

static void gradient_of(const gsl_vector *x, void *context, gsl_vector *gradient) {
    double risk;
    both(x, context, &risk, gradient);
}

static mf_status descend(workspace *w, gsl_multimin_fdfminimizer *m, gsl_vector *start,
                         mf_descent *out) {
    const mf_descend_spec *spec = w->spec;
    gsl_multimin_function_fdf f = {value_of, gradient_of, both, start->size, w};
    int code = gsl_multimin_fdfminimizer_set(m, &f, start, 0.1, 0.1);
    for (out->steps = 0; out->steps < spec->steps && !code && w->status == MF_OK; ++out->steps) {
        out->gradient = gsl_blas_dnrm2(m->gradient) * (double)spec->N;
        if (out->gradient < spec->tol)
            break;
        code = gsl_multimin_fdfminimizer_iterate(m); /* nonzero: rounding, it has arrived */
    }
    return w->status;
}

/* The exact risk of W; coordinates first, as risk.h wants them. */
static mf_status exact_risk(const mf_descend_spec *spec, const double *W, mf_descent *out,
                            const mf_flag *stop, mf_error *err) {
    size_t N = spec->N, d = spec->law.d, bytes = mf_risk_scratch(&spec->law, N);
    double *transposed = malloc(N * d * sizeof *transposed);
    void *scratch = bytes ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
    mf_status status =
            transposed && scratch ? MF_OK : mf_fail(err, MF_ENOMEM, "no memory for %zu neurons", N);
    for (size_t i = 0; i < N && status >= 0; ++i)
        cblas_dcopy((int)d, W + i * d, 1, transposed + i, (int)N);
    mf_network net = {.N = N, .d = d, .ld = N, .W = transposed};
    if (status >= 0)
        status = mf_risk_exact(&spec->law, &spec->activation, &net, scratch, stop, &out->risk,
                               &out->error, err);
    free(scratch);
    free(transposed);
    return status;
}

mf_status mf_descend(const mf_descend_spec *spec, double *W, mf_descent *out, const mf_flag *stop,
                     mf_error *err) {
    workspace w;
    *out = (mf_descent){0};
    mf_status status = open_workspace(&w, spec, stop, err);
    if (status < 0)
        return status;
    size_t n = spec->N * spec->law.d;
    gsl_multimin_fdfminimizer *m =
            gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, n);
    gsl_vector_view start = gsl_vector_view_array(W, n);
    status = m ? descend(&w, m, &start.vector, out)
               : mf_fail(err, MF_ENOMEM, "no memory for %zu weights", n);
    if (status == MF_OK)
        memcpy(W, m->x->data, n * sizeof *W);
    if (m)
        gsl_multimin_fdfminimizer_free(m);
    free(w.block);
    return status == MF_OK ? exact_risk(spec, W, out, stop, err) : status;
}
