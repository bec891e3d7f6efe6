/* fluctuations.c: a tape that keeps every 2nd, 4th, ... state says what a whole one says. */
#include "core/limit/fluctuations.h"
#include "check.h"
#include "core/base/library.h"
#include "core/potentials/radial.h"

#include <math.h>
#include <string.h>

enum { J = 12 };

static mf_potential *pot;

/* The influence on the risk at `clock`, by a tape of so many bytes. */
static void solve(double step, double clock, size_t tape, double *h, double *grad) {
    double theta[J], weight[J];
    for (size_t j = 0; j < J; ++j) {
        theta[j] = 0.5 + 0.05 * (double)j;
        weight[j] = (1 + (double)(j % 3)) / 24;
        h[j] = theta[j] * theta[j]; /* any observable will do */
        grad[j] = 2 * theta[j];
    }
    mf_fluctuations_spec spec = {.run = {.potential = pot, .J = J, .tol = 1e-8, .step = step},
                                 .theta = theta,
                                 .weight = weight,
                                 .clock = clock,
                                 .tape = tape};
    mf_error err = {MF_OK, ""};
    expect(mf_fluctuations_solve(&spec, h, grad, NULL, &err) == MF_OK, err.text);
}

/* Replayed states differ by the rounding of clocks. */
static void compare(double step, double clock) {
    double whole[2][J], thin[2][J], size = 0, apart = 0;
    solve(step, clock, 0, whole[0], whole[1]);
    solve(step, clock, 1, thin[0], thin[1]);
    for (size_t k = 0; k < 2; ++k)
        for (size_t j = 0; j < J; ++j) {
            size = fmax(size, fabs(whole[k][j]));
            apart = fmax(apart, fabs(whole[k][j] - thin[k][j]));
        }
    expect(apart <= 1e-10 * size, "a thinned tape gives the same influence");
}

int main(void) {
    mf_activation ramp = {.kind = MF_ACT_PIECEWISE, .knots = 2, .t = {0.5, 1.5}, .s = {-2.5, 7.5}};
    mf_radial_spec spec = {.activation = ramp, .delta = 0.8, .d = 40, .tol = 1e-9};
    mf_error err = {MF_OK, ""};
    expect(mf_library_init(&err) >= 0, err.text);
    expect(mf_radial_new(&spec, &pot, NULL, &err) >= 0, err.text);
    const int steps[] = {1, 63, 64, 65, 127, 128, 129, 257, 1000}; /* 64 states are kept */
    for (size_t i = 0; i < sizeof steps / sizeof *steps; ++i)
        compare(1e-3, 1e-3 * steps[i]);
    compare(0, 20); /* steps that choose their length */
    mf_potential_free(pot);
    return verdict();
}
