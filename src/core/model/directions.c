/* directions.c: quadrature in the angle, int f(s sin a) cos^(d-2) a da / norm, folded at 0. */
#include "directions.h"

#include "core/base/gauss.h"
#include "core/base/special.h"

#include <math.h>
#include <stdlib.h>

enum { NODES = MF_DIRECTIONS_NODES, BREAKS = 4096 };

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

mf_status mf_directions_init(mf_directions *p, const mf_activation *a, double d, mf_error *err) {
    *p = (mf_directions){.a = a, .d = d};
    p->norm = 1 / exp(mf_lgamma((d - 1) / 2) - mf_lgamma(d / 2) + log(M_PI) / 2);
    p->at = malloc(BREAKS * sizeof *p->at);
    if (!p->at)
        return mf_fail(err, MF_ENOMEM, "no memory for %d numbers", BREAKS);
    p->breaks = mf_activation_breaks(a, p->at, BREAKS);
    for (size_t i = 0; i < p->breaks; ++i)
        p->at[i] = fabs(p->at[i]);
    qsort(p->at, p->breaks, sizeof *p->at, ascending);
    return mf_gauss(NODES, 0, 1, p->node, p->weight, err);
}

void mf_directions_free(mf_directions *p) {
    free(p->at);
    p->at = NULL;
}

static double slope_square(const mf_activation *a, double t) {
    double slope = mf_activation_derivative(a, t);
    return slope * slope;
}

static double mean(const mf_directions *p, double s, double (*f)(const mf_activation *, double)) {
    double sum = 0, end = fmin(M_PI_2, 10 / sqrt(p->d)), step = fmin(M_PI / 10, 1.6 / sqrt(p->d));
    size_t i = 0;
    for (double from = 0, to; from < end; from = to) {
        while (i < p->breaks && p->at[i] < s && asin(p->at[i] / s) <= from)
            ++i;
        to = fmin(end, from + step);
        if (i < p->breaks && p->at[i] < s)
            to = fmin(to, asin(p->at[i] / s));
        for (size_t j = 0; j < NODES; ++j) {
            double angle = from + (to - from) * p->node[j], t = s * sin(angle);
            sum += (to - from) * p->weight[j] * pow(cos(angle), p->d - 2) *
                   (f(p->a, t) + f(p->a, -t));
        }
    }
    return p->norm * sum;
}

double mf_directions_value(const mf_directions *p, double s) {
    return mean(p, s, mf_activation_value);
}

double mf_directions_slope(const mf_directions *p, double s) {
    return mean(p, s, mf_activation_derivative);
}

double mf_directions_slope_square(const mf_directions *p, double s) {
    return mean(p, s, slope_square);
}
