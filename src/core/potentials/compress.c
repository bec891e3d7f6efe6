/* compress.c: pivoted Cholesky factor of the samples' Gram matrix.
 *
 * The Gram matrix squares the singular values, but the kernel is what has to be accurate:
 * its error is the largest diagonal element left, so nothing is lost.                     */
#include "compress.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RANK_MAX = 1024, STRIP = 64 };

/* Pivoted Cholesky of the Gram matrix of y and the n samples, y first: rows of F (n values
 * each) are features. Returns the rank; *residual is the largest diagonal left.            */
static size_t factor(size_t n, double *K, double tol, double *F, size_t room, double *residual,
                     const mf_flag *stop) {
    size_t rank = 0, full = n + 1, pivot = 0; /* row 0 of K is y */
    double *diagonal = F + room * full;
    for (size_t i = 0; i < full; ++i)
        diagonal[i] = K[i * full + i];
    for (;;) {
        if (rank) {
            pivot = 0;
            for (size_t i = 1; i < full; ++i)
                if (diagonal[i] > diagonal[pivot])
                    pivot = i;
            *residual = diagonal[pivot];
        }
        if (rank == room || (rank && diagonal[pivot] <= tol) || mf_flag_is_set(stop))
            return rank;
        double *row = F + rank * full, scale = 1 / sqrt(diagonal[pivot]);
        memcpy(row, K + pivot * full, full * sizeof *row);
        cblas_dgemv(CblasRowMajor, CblasTrans, (int)rank, (int)full, -1, F, (int)full, F + pivot,
                    (int)full, 1, row, 1);
        for (size_t i = 0; i < full; ++i) {
            row[i] *= scale;
            diagonal[i] -= row[i] * row[i];
        }
        ++rank;
    }
}

/* K = Gram matrix of y (index 0, |y| = 1) and the samples, whose first component is <y, phi>.
 * Strips of the upper triangle, so that an interrupt need not wait for the whole.             */
static void gram(const mf_curve_samples *s, size_t n, double *K, const mf_flag *stop) {
    int full = (int)n + 1, width = (int)s->width;
    for (size_t i = 0; i < n && !mf_flag_is_set(stop); i += STRIP)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)(n - i < STRIP ? n - i : STRIP),
                    (int)(n - i), width - 1, 1, s->sample + i * s->width + 1, width,
                    s->sample + i * s->width + 1, width, 0, K + (i + 1) * (n + 2), full);
    K[0] = 1;
    for (size_t i = 1; i <= n; ++i) {
        K[i] = K[i * (n + 1)] = s->sample[(i - 1) * s->width];
        for (size_t j = 1; j < i; ++j)
            K[i * (n + 1) + j] = K[j * (n + 1) + i];
    }
}

mf_status mf_compress(const mf_curve_samples *s, double tol, bool growth, mf_curves *curves,
                      double *residual, const mf_flag *stop, mf_error *err) {
    size_t n = s->panels * MF_CURVE_TERMS, full = n + 1, room = full < RANK_MAX ? full : RANK_MAX;
    double *K = malloc(full * full * sizeof *K), *F = malloc((room + 1) * full * sizeof *F);
    *residual = 0;
    mf_status status;
    if (!K || !F) {
        status = mf_fail(err, MF_ENOMEM, "no memory for %zu x %zu samples of the kernel", n, n);
    } else {
        gram(s, n, K, stop);
        size_t rank = factor(n, K, tol, F, room, residual, stop);
        for (size_t k = 0; k < rank; ++k) /* drop y's own column: n values a feature */
            memmove(F + k * n, F + k * full + 1, n * sizeof *F);
        status = mf_poll(stop, err);
        if (status >= 0)
            status = mf_curves_fit(s, rank, F, growth, curves, err);
    }
    free(K);
    free(F);
    return status;
}
