/* directions.h: means over one coordinate z of a uniform unit vector of R^d.
 *
 *     E sigma(s z),   E sigma'(s z)   and   E sigma'(s z)^2,
 *
 * density of z proportional to (1 - z^2)^((d-3)/2),
 * by Gauss-Legendre panels in the angle, cut where sigma has its breaks. 2 <= d < inf.          */
#ifndef MF_DIRECTIONS_H
#define MF_DIRECTIONS_H

#include "activation.h"

enum { MF_DIRECTIONS_NODES = 20 };

typedef struct {
    const mf_activation *a;
    double d, norm;
    double node[MF_DIRECTIONS_NODES], weight[MF_DIRECTIONS_NODES]; /* Gauss-Legendre on [0, 1] */
    size_t breaks;
    double *at; /* |breaks of sigma|, increasing */
} mf_directions;

/* The activation must outlive it. mf_directions_free also after a failure. */
mf_status mf_directions_init(mf_directions *, const mf_activation *, double d, mf_error *err);
void mf_directions_free(mf_directions *);

double mf_directions_value(const mf_directions *, double s);
double mf_directions_slope(const mf_directions *, double s);
double mf_directions_slope_square(const mf_directions *, double s);

#endif
