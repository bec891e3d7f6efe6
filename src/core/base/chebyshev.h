/* chebyshev.h: sums of Chebyshev polynomials T_k(u) = cos(k arccos u) on [-1, 1]. */
#ifndef MF_CHEBYSHEV_H
#define MF_CHEBYSHEV_H

#include <stddef.h>

/* Roots of T_n, i < n, from right to left; and the n - 1 points half-way between them in the
 * angle, where a polynomial through the roots is checked best.                              */
double mf_chebyshev_root(size_t n, size_t i);
double mf_chebyshev_between(size_t n, size_t i);

/* Where |T_{n-1}| = 1, i < n, from left to right, both ends included. */
double mf_chebyshev_extreme(size_t n, size_t i);

/* A, n x n by rows: c = A f are the coefficients of the polynomial of degree below n with values
 * f_i at the roots, or at the extremes (n >= 2).                                             */
void mf_chebyshev_from_roots(size_t n, double *A);
void mf_chebyshev_from_extremes(size_t n, double *A);

/* ---- here, as some callers are hot ----------------------------------------------------------- */

/* T[k] = T_k(u), k < n, and their derivatives; n >= 1. */
static inline void mf_chebyshev_basis(size_t n, double u, double *T, double *dT) {
    T[0] = 1, dT[0] = 0;
    if (n > 1)
        T[1] = u, dT[1] = 1;
    for (size_t k = 2; k < n; ++k) {
        T[k] = 2 * u * T[k - 1] - T[k - 2];
        dT[k] = 2 * T[k - 1] + 2 * u * dT[k - 1] - dT[k - 2];
    }
}

/* sum_{k<n} c_k T_k(u), n >= 1, by Clenshaw's recurrence; with its first, with two derivatives. */
static inline double mf_chebyshev_sum(size_t n, const double *c, double u) {
    double b1 = 0, b2 = 0;
    for (size_t k = n - 1; k > 0; --k) {
        double b = c[k] + 2 * u * b1 - b2;
        b2 = b1, b1 = b;
    }
    return c[0] + u * b1 - b2;
}

static inline double mf_chebyshev_slope(size_t n, const double *c, double u, double *first) {
    double b1 = 0, b2 = 0, d1 = 0, d2 = 0; /* d: the derivative of b in u */
    for (size_t k = n - 1; k > 0; --k) {
        double d = 2 * b1 + 2 * u * d1 - d2, b = c[k] + 2 * u * b1 - b2;
        d2 = d1, d1 = d;
        b2 = b1, b1 = b;
    }
    *first = b1 + u * d1 - d2;
    return c[0] + u * b1 - b2;
}

double mf_chebyshev_bend(size_t n, const double *c, double u, double *first, double *second);

#endif
