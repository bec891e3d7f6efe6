/* chebyshev.c: Chebyshev sums against cosines, monomials and what a transform must reproduce. */
#include "core/base/chebyshev.h"
#include "check.h"

#include <math.h>

enum { MOST = 40 };

/* T_k(cos x) = cos kx, T_k' = k sin kx / sin x, T_k'' = (cos x T_k' - k^2 T_k) / sin^2 x. */
static void sums_are_cosines(void) {
    for (int i = 1; i < 50; ++i) {
        double x = M_PI * i / 50.3, u = cos(x), T[MOST], dT[MOST];
        mf_chebyshev_basis(MOST, u, T, dT);
        for (int k = 0; k < MOST; ++k) {
            double c[MOST] = {0}, first, second, slope = k * sin(k * x) / sin(x);
            c[k] = 1;
            double alone, value = mf_chebyshev_bend(MOST, c, u, &first, &second), size = 1 + k * k;
            double bend = (u * slope - k * k * cos(k * x)) / (sin(x) * sin(x));
            expect(fabs(T[k] - cos(k * x)) < 1e-14 * size, "T_k is a cosine");
            expect(fabs(dT[k] - slope) < 1e-14 * size * size, "and its derivative is known");
            expect(fabs(value - T[k]) < 1e-14 * size, "Clenshaw's sum is the basis function");
            expect(fabs(mf_chebyshev_slope(MOST, c, u, &alone) - value) < 1e-14 * size &&
                           fabs(alone - first) < 1e-14 * size * size &&
                           mf_chebyshev_sum(MOST, c, u) == mf_chebyshev_slope(MOST, c, u, &alone),
                   "with as many derivatives as one asks for");
            expect(fabs(first - slope) < 1e-14 * size * size, "so is its derivative");
            expect(fabs(second - bend) < 1e-13 * size * size * size, "and the second one");
        }
    }
}

typedef double node(size_t n, size_t i);
typedef void transform(size_t n, double *A);

/* A polynomial of degree below n comes back everywhere from its values at n nodes. */
static void transforms_are_exact(node *at, transform *make) {
    for (size_t n = 2; n <= MOST; ++n) {
        double A[MOST * MOST], c[MOST] = {0};
        make(n, A);
        for (size_t k = 0; k < n; ++k)
            for (size_t i = 0; i < n; ++i)
                c[k] += A[k * n + i] * pow(at(n, i), (double)n - 1);
        for (int i = 0; i <= 20; ++i) {
            double u = -1 + 0.1 * i;
            expect(fabs(mf_chebyshev_sum(n, c, u) - pow(u, (double)n - 1)) < 1e-14 * (double)n,
                   "u^(n-1) is found from n nodes");
        }
    }
}

static void nodes_lie_as_said(void) {
    for (size_t n = 2; n <= MOST; ++n)
        for (size_t i = 0; i < n; ++i) {
            double c[MOST + 1] = {0};
            c[n] = 1;
            expect(fabs(mf_chebyshev_sum(n + 1, c, mf_chebyshev_root(n, i))) < 1e-13,
                   "T_n is 0 at its roots");
            expect(i + 1 == n || (mf_chebyshev_between(n, i) < mf_chebyshev_root(n, i) &&
                                  mf_chebyshev_between(n, i) > mf_chebyshev_root(n, i + 1)),
                   "check points lie between roots");
            expect(i == 0 || mf_chebyshev_extreme(n, i) > mf_chebyshev_extreme(n, i - 1),
                   "extremes increase");
        }
}

int main(void) {
    sums_are_cosines();
    transforms_are_exact(mf_chebyshev_root, mf_chebyshev_from_roots);
    transforms_are_exact(mf_chebyshev_extreme, mf_chebyshev_from_extremes);
    nodes_lie_as_said();
    return verdict();
}
