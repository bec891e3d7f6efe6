/* split.c: atoms of (a, b, m, r) have the laws of a neuron's numbers and of its weights' parts.
 *
 * Bounds are those of J numbers drawn at random, which a low-discrepancy set beats: Kolmogorov's at
 * 1e-4, 2.23/sqrt(J), and five deviations of a mean.                                          */
#include "check.h"
#include "core/model/init.h"

#include <math.h>
#include <stdlib.h>

enum { J = 4000, K = 3, D = 7 };

static double x[(K + 3) * J];

static int increasing(const void *a, const void *b) {
    double u = *(const double *)a, v = *(const double *)b;
    return (u > v) - (u < v);
}

/* Largest distance of the J numbers' distribution function, at the middle of its jumps, from F. */
static double distance(const double *values, double (*F)(const void *, double), const void *law) {
    static double sorted[J];
    double worst = 0;
    for (size_t j = 0; j < J; ++j)
        sorted[j] = values[j];
    qsort(sorted, J, sizeof *sorted, increasing);
    for (size_t j = 0; j < J; ++j)
        worst = fmax(worst, fabs(F(law, sorted[j]) - ((double)j + 0.5) / J));
    return worst;
}

static double number_cdf(const void *law, double at) {
    const mf_number_law *number = law;
    return number->ops->cdf(number->v, at);
}

/* A coordinate of w: its length has the law of a projection on one direction. */
static double coordinate_cdf(const void *law, double at) {
    const mf_init *init = law;
    double length = init->ops->cdf(init, (mf_span){D, 1, 1.0 / D}, fabs(at));
    return at < 0 ? (1 - length) / 2 : (1 + length) / 2;
}

static double rest_cdf(const void *law, double at) {
    const mf_init *init = law;
    return init->ops->cdf(init, (mf_span){D, D - K, (D - K) / (double)D}, at);
}

static void laws(const mf_init *init) {
    const double bound = 2.23 / sqrt(J);
    mf_error err = {MF_OK, ""};
    expect(mf_init_split(init, D, K, J, x, NULL, &err) == MF_OK, err.text);
    expect(distance(x, number_cdf, &init->a) < bound, "a has its law");
    expect(distance(x + J, number_cdf, &init->b) < bound, "b has its law");
    for (size_t i = 0; i < K; ++i)
        expect(distance(x + (2 + i) * J, coordinate_cdf, init) < bound, "m_i has its law");
    expect(distance(x + (2 + K) * J, rest_cdf, init) < bound, "r has its law");
}

/* Means of products, all pairs of a, b, m: 0; of m_i^2: scale^2/d. */
static void products(const mf_init *init) {
    for (size_t c = 0; c < K + 2; ++c)
        for (size_t e = 0; e <= c; ++e) {
            double sum = 0, square = 0, mean = c == e ? init->scale * init->scale / D : 0;
            for (size_t j = 0; j < J; ++j) {
                double product = x[c * J + j] * x[e * J + j];
                sum += product;
                square += product * product;
            }
            if (c != e || c > 1)
                expect(fabs(sum / J - mean) < 5 * sqrt(square / J / J), "moments");
        }
}

static void limits(mf_init init) {
    mf_error err = {MF_OK, ""};
    double y[2 * (K + 3)];
    init.a = init.b = mf_number_at(0.25);
    expect(mf_init_split(&init, HUGE_VAL, K, 2, y, NULL, &err) == MF_OK, "d = inf");
    for (size_t i = 0; i < 2 * (size_t)K; ++i)
        expect(y[4 + i] == 0, "at d = inf m is 0");
    expect(y[0] == 0.25 && y[3] == 0.25, "constants");
    expect(fabs(y[4 + 2 * K] - init.scale) < 1e-15, "at d = inf r is at its limit");
    init.d = D;
    expect(mf_init_split(&init, HUGE_VAL, K, 2, y, NULL, &err) == MF_OK && y[4] != 0,
           "a law with a d of its own keeps the law of m beside a limit");
    init.d = K;
    expect(mf_init_split(&init, HUGE_VAL, K, 2, y, NULL, &err) == MF_OK && y[4 + 2 * K] == 0,
           "no dimension is left for r");
    init.d = K - 1;
    expect(mf_init_split(&init, HUGE_VAL, K, 2, y, NULL, &err) == MF_EINVAL, "too few dimensions");
}

int main(void) {
    mf_init init = {.ops = &mf_init_gaussian,
                    .scale = 0.8,
                    .a = {&mf_number_uniform, {-1, 1}},
                    .b = {&mf_number_normal, {0, 0.5}}};
    laws(&init);
    products(&init);
    limits(init);
    init.ops = &mf_init_sphere;
    laws(&init);
    products(&init);
    for (size_t j = 0; j < J; ++j) {
        double square = 0;
        for (size_t c = 2; c < K + 3; ++c)
            square += x[c * J + j] * x[c * J + j];
        expect(fabs(square - 0.64) < 1e-14, "|m|^2 + r^2 is the sphere's");
    }
    limits(init);
    init.ops = &mf_init_custom;
    mf_error err;
    expect(mf_init_split(&init, D, K, 1, x, NULL, &err) == MF_OK && isnan(x[0]) && isnan(x[K + 2]),
           "a law of the caller's own is not known");
    return verdict();
}
