/* rkc.c: coefficients of the Runge-Kutta-Chebyshev method (rkc.h). */
#include "rkc.h"

#include <math.h>

static const double damping = 2.0 / 13, inverse_reach = 1.54; /* 3/2 / (1 - 2/15 damping) */

int mf_chebyshev_stages(double z) {
    return (int)fmax(2, ceil(sqrt(inverse_reach * z + 1)));
}

double mf_chebyshev_reach(int s) {
    return ((double)s * s - 1) / inverse_reach;
}

mf_chebyshev mf_chebyshev_start(int s) {
    double w0 = 1 + damping / ((double)s * s), square = w0 * w0 - 1, root = sqrt(square);
    double arg = s * log(w0 + root), b = 1 / (4 * w0 * w0);
    double w1 = sinh(arg) * square / (cosh(arg) * s * root - w0 * sinh(arg));
    return (mf_chebyshev){.slope = w1 * b,
                          .w0 = w0,
                          .w1 = w1,
                          .t = {1, w0},
                          .dt = {0, 1},
                          .ddt = {0, 0},
                          .b = {b, b}};
}

/* x_j of a recurrence whose last two terms are in x, shifted in. */
static double shift(double x[2], double next) {
    x[0] = x[1];
    return x[1] = next;
}

void mf_chebyshev_next(mf_chebyshev *c) {
    double w0 = c->w0, t = c->t[1], dt = c->dt[1], before = c->b[0], last = c->b[1];
    shift(c->t, 2 * w0 * t - c->t[0]);
    shift(c->ddt, 2 * w0 * c->ddt[1] - c->ddt[0] + 4 * dt);
    shift(c->dt, 2 * w0 * dt - c->dt[0] + 2 * t);
    double b = shift(c->b, c->ddt[1] / (c->dt[1] * c->dt[1]));
    c->back = 1 - t * last;
    c->mu = 2 * w0 * b / last;
    c->nu = -b / before;
    c->slope = c->mu * c->w1 / w0;
}
