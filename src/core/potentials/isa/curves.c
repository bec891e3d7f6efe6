/* curves.c: piecewise Chebyshev series at many radii, eight at a time.
 *
 * Finding the panel is scalar; the recurrences then run over eight radii side by side, their
 * coefficients gathered from a curve that fits into the first-level cache. Some 70 operations
 * for 24 bytes of memory: bound by arithmetic and the search, not by traffic.             */
#include "core/potentials/kernels.h"

enum { SIDE = 8, TERMS = MF_CURVE_TERMS };

typedef struct {
    size_t offset[SIDE];
    double u[SIDE], scale[SIDE], near[SIDE]; /* near = 1 - x = 1/(1 + r) */
} block;

static inline void locate(const mf_curve_grid *grid, size_t m, const double *r, block *b) {
    for (size_t j = 0; j < SIDE; ++j) {
        double radius = j < m ? r[j] : 0;
        if (radius < 0)
            radius = 0;
        double near = 1 / (1 + radius), x = radius > 1 ? 1 - near : radius * near;
        size_t p = x >= 0 && x <= 1 ? grid->cell[(size_t)(x * MF_CURVE_CELLS)] : 0;
        while (p + 1 < grid->panels && x >= grid->edge[p + 1])
            ++p;
        double low = grid->edge[p], high = grid->edge[p + 1];
        b->scale[j] = 2 / (high - low);
        /* from the nearer end of [0, 1], so that a panel at x = 1 is resolved as well as one at 0 */
        b->u[j] = radius > 1 ? 1 - (near - (1 - high)) * b->scale[j] : (x - low) * b->scale[j] - 1;
        b->near[j] = near;
        b->offset[j] = p * TERMS;
    }
}

void MF_ISA(mf_curve_values)(const mf_curve_grid *grid, const double *curve, size_t n,
                             const double *r, double *value, double *slope) {
    for (size_t first = 0; first < n; first += SIDE) {
        size_t m = n - first < SIDE ? n - first : SIDE;
        block b;
        double b1[SIDE] = {0}, b2[SIDE] = {0}, d1[SIDE] = {0}, d2[SIDE] = {0}, f[SIDE], df[SIDE];
        locate(grid, m, r + first, &b);
        for (size_t k = TERMS - 1; k > 0; --k)
            for (size_t j = 0; j < SIDE; ++j) { /* Clenshaw, with its derivative */
                double twice = 2 * b.u[j];
                double d = 2 * b1[j] + twice * d1[j] - d2[j];
                double c = curve[b.offset[j] + k] + twice * b1[j] - b2[j];
                d2[j] = d1[j], d1[j] = d;
                b2[j] = b1[j], b1[j] = c;
            }
        for (size_t j = 0; j < SIDE; ++j) {
            f[j] = curve[b.offset[j]] + b.u[j] * b1[j] - b2[j];
            df[j] = (b1[j] + b.u[j] * d1[j] - d2[j]) * b.scale[j] * b.near[j];
            if (grid->growth) {
                df[j] += f[j];
                f[j] /= b.near[j];
            } else {
                df[j] *= b.near[j];
            }
        }
        for (size_t j = 0; j < m && value; ++j)
            value[first + j] = f[j];
        for (size_t j = 0; j < m && slope; ++j)
            slope[first + j] = df[j];
    }
}

void MF_ISA(mf_curve_sums)(const mf_curve_grid *grid, size_t n, const double *r,
                           const double *weight, double equal, double *moments) {
    for (size_t first = 0; first < n; first += SIDE) {
        size_t m = n - first < SIDE ? n - first : SIDE;
        block b;
        double t[TERMS][SIDE];
        locate(grid, m, r + first, &b);
        for (size_t j = 0; j < SIDE; ++j) {
            double w = j >= m ? 0 : weight ? weight[first + j] : equal;
            t[0][j] = grid->growth && j < m ? w / b.near[j] : w;
            t[1][j] = b.u[j] * t[0][j];
        }
        for (size_t k = 2; k < TERMS; ++k)
            for (size_t j = 0; j < SIDE; ++j)
                t[k][j] = 2 * b.u[j] * t[k - 1][j] - t[k - 2][j];
        for (size_t j = 0; j < m; ++j)
            for (size_t k = 0; k < TERMS; ++k)
                moments[b.offset[j] + k] += t[k][j];
    }
}
