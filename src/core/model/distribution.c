/* distribution.c: samples of the native laws, each a pure function of (key, number). */
#include "distribution.h"

#include <assert.h>
#include <gsl/gsl_cblas.h>
#include <string.h>

/* x = g + (tau - 1) P_V g: standard deviation tau on V, 1 across it. */
static void stretch(const mf_distribution *law, double tau, double *x) {
    if (!law->basis) {
        for (size_t c = 0; c < law->s0; ++c)
            x[c] *= tau;
        return;
    }
    for (size_t i = 0; i < law->s0; ++i) { /* rows are orthonormal: one after the other is exact */
        const double *v = law->basis + i * law->d;
        double along = cblas_ddot((int)law->d, v, 1, x, 1);
        cblas_daxpy((int)law->d, (tau - 1) * along, v, 1, x, 1);
    }
}

static double draw_mixture(const mf_distribution *law, double u, double *x) {
    size_t c = 0, d = law->d;
    while (c + 1 < law->components && u >= law->cumulative[c])
        ++c;
    cblas_dtrmv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, (int)d,
                law->factor + c * d * d, (int)d, x, 1);
    cblas_daxpy((int)d, 1, law->mean + c * d, 1, x, 1);
    return law->label[c];
}

void mf_distribution_sample(const mf_distribution *law, mf_key key, uint64_t first, size_t n,
                            double *X, size_t ldx, double *y) {
    assert(law->kind != MF_LAW_CUSTOM && ldx >= law->d);
    mf_rng_labels(key, first, n, y);
    for (size_t k = 0; k < n; ++k) {
        double *x = X + k * ldx, u = y[k];
        mf_rng_normals(key, first + k, law->d, x);
        if (law->kind == MF_LAW_MIXTURE) {
            y[k] = draw_mixture(law, u, x);
            continue;
        }
        y[k] = u < 0.5 ? 1 : -1;
        double tau = 1 + y[k] * law->delta;
        if (law->kind == MF_LAW_ANISOTROPIC)
            stretch(law, tau, x);
        else
            for (size_t c = 0; c < law->d; ++c)
                x[c] *= tau;
    }
}
