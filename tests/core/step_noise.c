/* step_noise.c: T of SGD's step noise against its definition, a mean over x, by Monte Carlo.
 *
 * For a neuron (a, b, r1, r2) of any direction,
 *     T = E (y - yhat)^2 a^2 sigma'(<w,x> + b)^2 |P_perp x|^2 / (p - 1)   at r1 and at r2,
 * yhat(x) the mean over neurons of random directions. The square is a product of residuals against
 * two independent groups of neurons, so that its mean has no bias; x and directions are drawn, and
 * nothing is expanded. Bounds are 4 standard errors, of the same draws and below 4 %: by chance one of
 * these comparisons would fail for 1 seed in 1000.                                             */
#include "check.h"
#include "core/base/library.h"
#include "core/potentials/affine.h"
#include "core/potentials/radial.h"
#include "core/potentials/two_radius.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { DRAWS = 40000, GROUP = 16, DIM = 64, ATOMS = 3 };

typedef struct {
    const char *name;
    mf_activation activation;
    size_t d, s0; /* s0 and d - s0 odd, or d = s0 */
    double delta, at[4], atom[ATOMS][4];
} model;

static uint64_t state = 20261126;

static double uniform(void) { /* splitmix64, in (0, 1) */
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static double normal(void) {
    return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* A coordinate of a uniform unit vector of R^p, p odd: N / |(N, chi_(p-1))|; 0 in no dimension. */
static double coordinate(size_t p) {
    double product = 1, N = normal();
    for (size_t k = 0; k + 1 < p; k += 2)
        product *= uniform();
    return p == 0 ? 0 : N / sqrt(N * N - 2 * log(product));
}

static double length(const double *g, size_t from, size_t to) {
    double square = 0;
    for (size_t c = from; c < to; ++c)
        square += g[c] * g[c];
    return sqrt(square);
}

/* The mean answer of a group of neurons to an x with these |x_V|, |x - x_V|. */
static double answer(const model *m, double length1, double length2) {
    double sum = 0;
    for (int k = 0; k < GROUP; ++k) {
        const double *n = m->atom[(int)(uniform() * ATOMS)];
        double z = n[2] * length1 * coordinate(m->s0) + n[3] * length2 * coordinate(m->d - m->s0);
        sum += n[0] * mf_activation_value(&m->activation, z + n[1]);
    }
    return sum / GROUP;
}

static const double VARIANCE = 0.25; /* of the labels' noise */

/* One draw of both T, a pair of opposite classes. */
static void draw(const model *m, double T[2]) {
    double g[DIM];
    T[0] = T[1] = 0;
    for (size_t c = 0; c < m->d; ++c)
        g[c] = normal();
    for (int y = -1; y <= 1; y += 2) {
        double tau = 1 + y * m->delta, one = tau * length(g, 0, m->s0);
        double two = length(g, m->s0, m->d), z = tau * m->at[2] * g[0] + m->at[1];
        z += m->s0 < m->d ? m->at[3] * g[m->s0] : 0;
        double label = y + sqrt(VARIANCE) * normal();
        double square = (label - answer(m, one, two)) * (label - answer(m, one, two)) / 2;
        double slope = m->at[0] * mf_activation_derivative(&m->activation, z);
        one = tau * length(g, 1, m->s0);
        two = m->s0 < m->d ? length(g, m->s0 + 1, m->d) : 0;
        T[0] += square * slope * slope * one * one / (double)(m->s0 - 1);
        T[1] += m->s0 < m->d ? square * slope * slope * two * two / (double)(m->d - m->s0 - 1) : 0;
    }
}

static void compare(const model *m, const double *T, size_t radii) {
    double sum[2] = {0}, square[2] = {0}, drawn[2];
    for (int i = 0; i < DRAWS; ++i) {
        draw(m, drawn);
        for (size_t k = 0; k < radii; ++k) {
            sum[k] += drawn[k] / DRAWS;
            square[k] += drawn[k] * drawn[k] / DRAWS;
        }
    }
    for (size_t k = 0; k < radii; ++k) {
        double error = sqrt((square[k] - sum[k] * sum[k]) / DRAWS);
        if (fabs(T[k] - sum[k]) > 4 * error || error > 0.04 * sum[k])
            fprintf(stderr, "%s, radius %zu: %g, Monte Carlo %g +- %g\n", m->name, k + 1, T[k],
                    sum[k], error);
        expect(fabs(T[k] - sum[k]) <= 4 * error, "T is the mean over x");
        expect(error < 0.04 * sum[k], "a standard error is below 4 %");
    }
}

/* T of `pot` at the model's neuron, its atoms given in the coordinates from `first` on. */
static void check(const model *m, mf_potential *pot, size_t first) {
    size_t dim = pot->dim;
    double x[4 * ATOMS], theta[4], T[4];
    for (size_t c = 0; c < dim; ++c) {
        theta[c] = m->at[first + c];
        for (size_t j = 0; j < ATOMS; ++j)
            x[c * ATOMS + j] = m->atom[j][first + c];
    }
    mf_measure rho = {pot->space, ATOMS, dim, ATOMS, x, NULL};
    void *scratch = aligned_alloc(64, (mf_potential_scratch(pot, ATOMS) + 127) & ~(size_t)63);
    mf_error err = {MF_OK, ""};
    mf_status status = mf_potential_step_noise(pot, VARIANCE, &rho, 1, theta, 1, T, scratch, &err);
    expect(status >= 0, err.text);
    free(scratch);
    if (status >= 0)
        compare(m, T + (dim == 4 ? 2 : 0), m->s0 < m->d ? 2 : 1);
    mf_potential_free(pot);
}

static void radial(const model *m) {
    mf_radial_spec spec = {
            .activation = m->activation, .delta = m->delta, .d = (double)m->d, .tol = 1e-9};
    mf_potential *pot = NULL;
    mf_error err = {MF_OK, ""};
    expect(mf_radial_new(&spec, &pot, NULL, &err) >= 0, err.text);
    check(m, pot, 2);
}

static void two_radius(const model *m) {
    mf_two_radius_spec spec = {.activation = m->activation,
                               .delta = m->delta,
                               .d = (double)m->d,
                               .s0 = (double)m->s0,
                               .tol = 1e-9};
    mf_potential *pot = NULL;
    mf_error err = {MF_OK, ""};
    expect(mf_two_radius_new(&spec, &pot, NULL, &err) >= 0, err.text);
    check(m, pot, 2);
}

static void affine(const model *m) {
    mf_two_radius_spec spec = {.activation = m->activation,
                               .delta = m->delta,
                               .d = (double)m->d,
                               .s0 = (double)m->s0,
                               .tol = 1e-9};
    mf_potential *pot = NULL;
    mf_error err = {MF_OK, ""};
    expect(mf_affine_new(&spec, &pot, NULL, &err) >= 0, err.text);
    check(m, pot, 0);
}

static const mf_activation ramp = {
        .kind = MF_ACT_PIECEWISE, .knots = 2, .t = {0.5, 1.5}, .s = {-2.5, 7.5}};
static const mf_activation cusp = {
        .kind = MF_ACT_PIECEWISE, .knots = 3, .t = {0, 0.5, 1.5}, .s = {-2.5, -4, 7.5}};
static const mf_activation smooth = {.kind = MF_ACT_TANH};
static const mf_activation relu = {.kind = MF_ACT_PIECEWISE, .knots = 1, .slope_right = 1};

int main(void) {
    mf_error err = {MF_OK, ""};
    expect(mf_library_init(&err) >= 0, err.text);
    const model radials[] = {{"ramp, d = 3",
                              ramp,
                              3,
                              3,
                              0.5,
                              {1, 0, 0.8, 0},
                              {{1, 0, 0.4, 0}, {1, 0, 1.1, 0}, {1, 0, 2.3, 0}}},
                             {"cusp, d = 3",
                              cusp,
                              3,
                              3,
                              0.2,
                              {1, 0, 0.3, 0},
                              {{1, 0, 0.9, 0}, {1, 0, 0.1, 0}, {1, 0, 1.7, 0}}},
                             {"cusp, d = 21",
                              cusp,
                              21,
                              21,
                              0.5,
                              {1, 0, 1.9, 0},
                              {{1, 0, 0.4, 0}, {1, 0, 1.1, 0}, {1, 0, 2.3, 0}}},
                             {"tanh, d = 7",
                              smooth,
                              7,
                              7,
                              0.8,
                              {1, 0, 1.1, 0},
                              {{1, 0, 5, 0}, {1, 0, 0.2, 0}, {1, 0, 0.8, 0}}}};
    const model pairs[] = {{"ramp, 7 of 14",
                            ramp,
                            14,
                            7,
                            0.5,
                            {1, 0, 0.8, 0.5},
                            {{1, 0, 0.4, 0.7}, {1, 0, 1.1, 0.2}, {1, 0, 1.3, 1.6}}},
                           {"cusp, 7 of 30",
                            cusp,
                            30,
                            7,
                            0.2,
                            {1, 0, 0.3, 1.5},
                            {{1, 0, 1.4, 0.1}, {1, 0, 0.6, 0.9}, {1, 0, 0, 2}}},
                           {"tanh, 23 of 30",
                            smooth,
                            30,
                            23,
                            0.8,
                            {1, 0, 2, 0.5},
                            {{1, 0, 3, 0.1}, {1, 0, 0.6, 0.9}, {1, 0, 0.7, 2}}}};
    const model affines[] = {{"relu, 7 of 30",
                              relu,
                              30,
                              7,
                              0.5,
                              {1.5, 0.4, 0.8, 0.5},
                              {{1, 0.7, 0.4, 0.7}, {-2, -0.3, 1.1, 0.2}, {0.5, 1, 1.3, 1.6}}},
                             {"ramp, 7 of 14",
                              ramp,
                              14,
                              7,
                              0.4,
                              {-0.5, -0.3, 0.8, 0.5},
                              {{1, 0.6, 0.4, 0.7}, {-1, 1, 1.1, 0.2}, {0.3, 0, 1.3, 1.6}}},
                             {"tanh, 9 of 9",
                              smooth,
                              9,
                              9,
                              0.7,
                              {3, 1, 0.8, 0},
                              {{1, 0.6, 0.4, 0}, {-1, 1, 1.1, 0}, {2, -2, 1.3, 0}}}};
    for (size_t i = 0; i < sizeof affines / sizeof *affines; ++i)
        affine(&affines[i]);
    for (size_t i = 0; i < sizeof radials / sizeof *radials; ++i)
        radial(&radials[i]);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; ++i)
        two_radius(&pairs[i]);
    return verdict();
}
