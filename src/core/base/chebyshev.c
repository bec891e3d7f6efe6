/* chebyshev.c: nodes, transforms and sums of Chebyshev polynomials. */
#include "chebyshev.h"

#include <math.h>

double mf_chebyshev_root(size_t n, size_t i) {
    return cos(M_PI * ((double)i + 0.5) / (double)n);
}

double mf_chebyshev_between(size_t n, size_t i) {
    return cos(M_PI * (double)(i + 1) / (double)n);
}

double mf_chebyshev_extreme(size_t n, size_t i) {
    return -cos(M_PI * (double)i / (double)(n - 1));
}

void mf_chebyshev_from_roots(size_t n, double *A) {
    for (size_t k = 0; k < n; ++k)
        for (size_t i = 0; i < n; ++i)
            A[k * n + i] = (k ? 2.0 : 1.0) / (double)n *
                           cos(M_PI * (double)k * ((double)i + 0.5) / (double)n);
}

/* The trapezoidal rule in the angle: ends count half, and T_{n-1}, seen twice, too. */
void mf_chebyshev_from_extremes(size_t n, double *A) {
    for (size_t k = 0; k < n; ++k)
        for (size_t i = 0; i < n; ++i) {
            double ends = (i == 0 || i + 1 == n ? 0.5 : 1) * (k == 0 || k + 1 == n ? 0.5 : 1);
            A[k * n + i] = 2.0 / (double)(n - 1) * ends *
                           cos((double)k * acos(mf_chebyshev_extreme(n, i)));
        }
}

/* d and e are the first and the second derivative of b in u. */
double mf_chebyshev_bend(size_t n, const double *c, double u, double *first, double *second) {
    double b1 = 0, b2 = 0, d1 = 0, d2 = 0, e1 = 0, e2 = 0;
    for (size_t k = n - 1; k > 0; --k) {
        double e = 2 * u * e1 - e2 + 4 * d1, d = 2 * u * d1 - d2 + 2 * b1;
        double b = 2 * u * b1 - b2 + c[k];
        e2 = e1, e1 = e;
        d2 = d1, d1 = d;
        b2 = b1, b1 = b;
    }
    *first = u * d1 - d2 + b1;
    *second = u * e1 - e2 + 2 * d1;
    return u * b1 - b2 + c[0];
}
