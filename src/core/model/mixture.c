/* mixture.c: labelled Gaussians with any means and covariances. */
#include "distribution.h"

#include <gsl/gsl_cblas.h>

static size_t components(const mf_distribution *law) {
    return law->numbers / (2 + law->d + law->d * law->d);
}

static mf_component component(const mf_distribution *law, size_t c) {
    size_t n = components(law);
    const double *p = law->number;
    return (mf_component){
            .share = p[c] - (c ? p[c - 1] : 0), .label = p[n + c], .mean = p + 2 * n + c * law->d};
}

static const double *factor(const mf_distribution *law, size_t c) {
    size_t n = components(law), d = law->d;
    return law->number + 2 * n + n * d + c * d * d;
}

static double draw(const mf_distribution *law, double u, double *x) {
    size_t c = 0, n = components(law);
    int d = (int)law->d;
    while (c + 1 < n && u >= law->number[c])
        ++c;
    mf_component at = component(law, c);
    cblas_dtrmv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, d, factor(law, c), d, x, 1);
    cblas_daxpy(d, 1, at.mean, 1, x, 1);
    return at.label;
}

static void sample(const mf_distribution *law, mf_key key, uint64_t first, size_t n, double *X,
                   size_t ldx, double *y) {
    mf_rng_labels(key, first, n, y);
    for (size_t k = 0; k < n; ++k) {
        mf_rng_normals(key, first + k, law->d, X + k * ldx);
        y[k] = draw(law, y[k], X + k * ldx);
    }
}

static void shape(const mf_distribution *law, size_t c, size_t N, double *Y) {
    cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, (int)N,
                (int)law->d, 1, factor(law, c), (int)law->d, Y, (int)law->d);
}

static bool valid(const mf_distribution *law) {
    size_t d = law->d, n = components(law);
    bool fine = n > 0 && law->numbers == n * (2 + d + d * d) && law->number[n - 1] == 1;
    for (size_t c = 0; fine && c < n; ++c)
        fine = component(law, c).share >= 0;
    return fine;
}

const mf_law_ops mf_law_mixture = {.name = "mixture",
                                   .valid = valid,
                                   .sample = sample,
                                   .components = components,
                                   .component = component,
                                   .shape = shape};
