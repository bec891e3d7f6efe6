/* classes.c: the paper's two classes, x ~ N(0, I + ((1 +- delta)^2 - 1) P_V); isotropic: V is all. */
#include "distribution.h"

#include <gsl/gsl_cblas.h>
#include <math.h>

double mf_law_delta(const mf_distribution *law) {
    return law->number[0];
}

size_t mf_law_s0(const mf_distribution *law) {
    return (size_t)law->number[1];
}

static size_t two(const mf_distribution *law) {
    (void)law;
    return 2;
}

static mf_component class_of(const mf_distribution *law, size_t c) {
    (void)law;
    return (mf_component){.share = 0.5, .label = c ? -1 : 1};
}

/* x = tau x */
static void scale(const mf_distribution *law, double tau, double *x) {
    for (size_t c = 0; c < law->d; ++c)
        x[c] *= tau;
}

/* x = x + (tau - 1) P_V x: standard deviation tau on V, 1 across it. */
static void stretch(const mf_distribution *law, double tau, double *x) {
    size_t s0 = mf_law_s0(law), d = law->d;
    const double *basis = law->numbers > 2 ? law->number + 2 : NULL;
    for (size_t c = 0; !basis && c < s0; ++c)
        x[c] *= tau;
    for (size_t i = 0; basis && i < s0; ++i) { /* rows are orthonormal: one after the other */
        const double *v = basis + i * d;
        double along = cblas_ddot((int)d, v, 1, x, 1);
        cblas_daxpy((int)d, (tau - 1) * along, v, 1, x, 1);
    }
}

typedef void factor(const mf_distribution *, double tau, double *x);

static void sample(const mf_distribution *law, factor *apply, mf_key key, uint64_t first, size_t n,
                   double *X, size_t ldx, double *y) {
    mf_rng_labels(key, first, n, y);
    for (size_t k = 0; k < n; ++k) {
        y[k] = y[k] < 0.5 ? 1 : -1;
        mf_rng_normals(key, first + k, law->d, X + k * ldx);
        apply(law, 1 + y[k] * mf_law_delta(law), X + k * ldx);
    }
}

/* The factors are symmetric: what shapes x shapes w. */
static void shape(const mf_distribution *law, factor *apply, size_t c, size_t N, double *Y) {
    double tau = 1 + (c ? -mf_law_delta(law) : mf_law_delta(law));
    for (size_t i = 0; i < N; ++i)
        apply(law, tau, Y + i * law->d);
}

static void isotropic_sample(const mf_distribution *law, mf_key key, uint64_t first, size_t n,
                             double *X, size_t ldx, double *y) {
    sample(law, scale, key, first, n, X, ldx, y);
}

static void isotropic_shape(const mf_distribution *law, size_t c, size_t N, double *Y) {
    shape(law, scale, c, N, Y);
}

static void anisotropic_sample(const mf_distribution *law, mf_key key, uint64_t first, size_t n,
                               double *X, size_t ldx, double *y) {
    sample(law, stretch, key, first, n, X, ldx, y);
}

static void anisotropic_shape(const mf_distribution *law, size_t c, size_t N, double *Y) {
    shape(law, stretch, c, N, Y);
}

static bool delta_is_valid(const mf_distribution *law) {
    return law->numbers > 0 && law->number[0] > 0 && law->number[0] < 1;
}

static bool isotropic_valid(const mf_distribution *law) {
    return law->numbers == 1 && delta_is_valid(law);
}

static bool anisotropic_valid(const mf_distribution *law) {
    double s0 = law->numbers > 1 ? law->number[1] : 0;
    if (!delta_is_valid(law) || !(s0 >= 1 && s0 <= (double)law->d) || s0 != floor(s0))
        return false;
    if (law->numbers == 2)
        return true;
    bool fine = (double)law->numbers == 2 + s0 * (double)law->d;
    for (size_t i = 0; fine && i < mf_law_s0(law); ++i)
        for (size_t j = 0; fine && j <= i; ++j) {
            const double *basis = law->number + 2;
            double dot = cblas_ddot((int)law->d, basis + i * law->d, 1, basis + j * law->d, 1);
            fine = fabs(dot - (i == j)) < 1e-8;
        }
    return fine;
}

const mf_law_ops mf_law_isotropic = {.name = "isotropic",
                                     .valid = isotropic_valid,
                                     .sample = isotropic_sample,
                                     .components = two,
                                     .component = class_of,
                                     .shape = isotropic_shape};

const mf_law_ops mf_law_anisotropic = {.name = "anisotropic",
                                       .valid = anisotropic_valid,
                                       .sample = anisotropic_sample,
                                       .components = two,
                                       .component = class_of,
                                       .shape = anisotropic_shape};
