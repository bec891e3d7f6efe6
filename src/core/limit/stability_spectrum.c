/* stability_spectrum.c: Hessians at every atom, slopes of the features, and GSL's eigenvalues. */
#include "stability_spectrum.h"

#include "core/base/blas.h"
#include "stability_point_mass.h"

#include <gsl/gsl_cblas.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sort_double.h>
#include <math.h>
#include <string.h>

enum { POINTS = 4 }; /* of a difference quotient of order 4 */

typedef struct {
    const mf_potential *pot;
    const mf_measure *rho;
    size_t rank, n;     /* n: moving coordinates so far */
    double *theta;      /* dim                          */
    double *m, *ones;   /* rank                         */
    double *points, *F; /* dim x POINTS, rank x POINTS  */
    double *G, *GM;     /* MAX x rank                   */
    double *A, *rates;  /* MAX^2, MAX                   */
    void *scratch;      /* of a point mass              */
    double square;      /* sum of squares of errors     */
} work;

static size_t lines(size_t numbers) {
    return (numbers + 7) / 8 * 8;
}

static size_t most(const mf_potential *pot, size_t atoms) {
    size_t n = atoms <= MF_SPECTRUM_MAX ? atoms * pot->dim : 0;
    return n <= MF_SPECTRUM_MAX ? n : 0;
}

size_t mf_spectrum_bytes(const mf_potential *pot, size_t atoms) {
    size_t n = most(pot, atoms), rank = pot->rank, inner = n ? mf_point_mass_bytes(pot, atoms) : 0;
    if (!inner || !mf_blas_fits(rank) || rank > SIZE_MAX / 64 / MF_SPECTRUM_MAX)
        return 0;
    size_t numbers = lines(pot->dim) + 2 * lines(rank) + lines(pot->dim * POINTS) +
                     lines(rank * POINTS) + 2 * lines(n * rank) + lines(n * n) + lines(n);
    return numbers * sizeof(double) + inner;
}

static work place(const mf_potential *pot, const mf_measure *rho, void *mem) {
    size_t n = most(pot, rho->n), rank = pot->rank;
    work w = {.pot = pot, .rho = rho, .rank = rank};
    double *next = mem;
    w.theta = next, next += lines(pot->dim);
    w.m = next, next += lines(rank);
    w.ones = next, next += lines(rank);
    w.points = next, next += lines(pot->dim * POINTS);
    w.F = next, next += lines(rank * POINTS);
    w.G = next, next += lines(n * rank);
    w.GM = next, next += lines(n * rank);
    w.A = next, next += lines(n * n);
    w.rates = next, next += lines(n);
    w.scratch = next;
    memset(w.A, 0, n * n * sizeof *w.A);
    return w;
}

/* G's next row: sqrt(p) d_c f at theta, by f at +-h and +-2h; a radius at 0 has none, f being even. */
static mf_status add_row(work *w, size_t c, double p, mf_error *err) {
    double h = 1e-3 * (1 + fabs(w->theta[c])), *row = w->G + w->n++ * w->rank;
    if (mf_is_radius(w->pot, c))
        h = fmin(h, w->theta[c] / 2);
    memset(row, 0, w->rank * sizeof *row);
    if (h == 0)
        return MF_OK;
    for (size_t k = 0; k < w->pot->dim; ++k)
        for (size_t i = 0; i < POINTS; ++i)
            w->points[k * POINTS + i] = w->theta[k];
    static const double shift[POINTS] = {1, -1, 2, -2}, weight[POINTS] = {8, -8, -1, 1};
    for (size_t i = 0; i < POINTS; ++i)
        w->points[c * POINTS + i] += shift[i] * h;
    mf_status status = mf_potential_features(w->pot, POINTS, w->points, POINTS, w->F, POINTS, err);
    for (size_t k = 0; k < w->rank; ++k)
        for (size_t i = 0; i < POINTS; ++i)
            row[k] += sqrt(p) * weight[i] * w->F[k * POINTS + i] / (12 * h);
    return status;
}

static bool is_finite_point(const work *w) {
    bool finite = true;
    for (size_t c = 0; c < w->pot->dim; ++c)
        finite &= isfinite(w->theta[c]) != 0;
    return finite;
}

/* The block of atom j: its Hessian into A, its slopes into G. */
static mf_status add_atom(work *w, size_t j, double tol, double *residual, const mf_flag *stop,
                          mf_error *err) {
    mf_point_mass at;
    size_t dim = w->pot->dim, first = w->n, size = most(w->pot, w->rho->n);
    double p = mf_measure_weight(w->rho, j);
    for (size_t c = 0; c < dim; ++c)
        w->theta[c] = w->rho->x[c * w->rho->ld + j];
    if (!is_finite_point(w) || p == 0)
        return MF_OK;
    mf_status status =
            mf_point_mass_check(w->pot, w->theta, w->rho, tol, w->scratch, &at, stop, err);
    if (status != MF_OK)
        return status;
    *residual = at.residual;
    w->square += at.error * at.error;
    for (size_t c = 0, row = first; c < dim; ++c) {
        for (size_t k = 0, column = first; at.moves[c] && k < dim; ++k)
            if (at.moves[k])
                w->A[row * size + column++] = at.hessian[c * dim + k];
        row += at.moves[c] != 0;
    }
    for (size_t c = 0; c < dim && status == MF_OK; ++c)
        if (at.moves[c])
            status = add_row(w, c, p, err);
    return status;
}

/* A = 2 (A + G M G^T). */
static mf_status complete(work *w, mf_error *err) {
    size_t size = most(w->pot, w->rho->n);
    mf_status status = mf_potential_mean(w->pot, w->rho, w->m, w->scratch, err);
    for (size_t k = 0; k < w->rank; ++k)
        w->ones[k] = 1;
    mf_potential_bend(w->pot, w->m, w->ones, w->ones);
    for (size_t i = 0; i < w->n; ++i)
        for (size_t k = 0; k < w->rank; ++k)
            w->GM[i * w->rank + k] = w->G[i * w->rank + k] * w->ones[k];
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)w->n, (int)w->n, (int)w->rank, 2,
                w->GM, (int)w->rank, w->G, (int)w->rank, 2, w->A, (int)size);
    return status;
}

static mf_status eigenvalues(work *w, mf_error *err) {
    size_t size = most(w->pot, w->rho->n);
    gsl_eigen_symm_workspace *space = gsl_eigen_symm_alloc(w->n);
    if (!space)
        return mf_fail(err, MF_ENOMEM, "out of memory for %zu rates", w->n);
    gsl_matrix_view A = gsl_matrix_view_array_with_tda(w->A, w->n, w->n, size);
    gsl_vector_view values = gsl_vector_view_array(w->rates, w->n);
    int status = gsl_eigen_symm(&A.matrix, &values.vector, space);
    gsl_eigen_symm_free(space);
    if (status != GSL_SUCCESS)
        return mf_fail(err, MF_ELIBRARY, "eigenvalues of A: %s", gsl_strerror(status));
    gsl_sort(w->rates, 1, w->n);
    return MF_OK;
}

mf_status mf_spectrum_solve(const mf_potential *pot, const mf_measure *rho, double tol, void *mem,
                            mf_spectrum *out, const mf_flag *stop, mf_error *err) {
    work w = place(pot, rho, mem);
    *out = (mf_spectrum){.rates = w.rates};
    for (size_t j = 0; j < rho->n; ++j) {
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        mf_status status = add_atom(&w, j, tol, &out->residual, stop, err);
        if (status != MF_OK)
            return status;
    }
    out->n = w.n;
    if (w.n == 0)
        return MF_OK;
    mf_status status = complete(&w, err);
    double size = 0; /* |A|, in which rounding and the differences of f are small */
    for (size_t i = 0; i < w.n; ++i)
        size = fmax(size, cblas_dasum((int)w.n, w.A + i * most(pot, rho->n), 1));
    out->error = 2 * sqrt(w.square) + 1e-10 * size;
    return status < 0 ? status : eigenvalues(&w, err);
}
