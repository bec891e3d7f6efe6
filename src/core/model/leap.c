/* leap.c: coefficients of a target in Hermite polynomials or Walsh functions, and its leap. */
#include "leap.h"

#include "core/base/gauss.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t power(size_t base, size_t k) {
    size_t n = 1;
    while (k-- > 0)
        n *= base;
    return n;
}

/* Coefficients c_alpha, alpha_i <= degree, lie in a box: number sum_i alpha_i (degree + 1)^i. */
static size_t box(size_t k, size_t degree) {
    return power(degree + 1, k);
}

size_t mf_leap_nodes(size_t k, int rule) {
    static const size_t nodes[2][MF_LEAP_HERMITE] = {{128, 64, 32, 20, 14, 10},
                                                     {96, 48, 24, 16, 12, 8}};
    return nodes[rule][k - 1];
}

enum { NODES_MOST = 128 };

/* Gauss's rule for N(0, 1) from that of |G|, in mirror images. */
static mf_status axis(size_t n, double *node, double *weight, mf_error *err) {
    double length[NODES_MOST / 2], share[NODES_MOST / 2];
    mf_status status = mf_gauss_chi(n / 2, 1, length, share, err);
    for (size_t i = 0; i < n / 2 && status >= 0; ++i) {
        node[n / 2 + i] = length[i];
        node[n / 2 - 1 - i] = -length[i];
        weight[n / 2 + i] = weight[n / 2 - 1 - i] = share[i] / 2;
    }
    return status;
}

mf_status mf_leap_points(size_t k, int rule, size_t first, size_t n, double *Z, mf_error *err) {
    size_t along = mf_leap_nodes(k, rule);
    double node[NODES_MOST], weight[NODES_MOST];
    mf_status status = axis(along, node, weight, err);
    for (size_t m = 0; m < n && status >= 0; ++m)
        for (size_t i = 0, rest = first + m; i < k; ++i, rest /= along)
            Z[m * k + i] = node[rest % along];
    return status;
}

/* H[l * n + i] = weight_i h_l(node_i), l <= degree. */
static void polynomials(size_t n, size_t degree, const double *node, const double *weight,
                        double *H) {
    for (size_t i = 0; i < n; ++i) {
        double before = 0, h = weight[i];
        for (size_t l = 0; l <= degree; ++l) {
            H[l * n + i] = h;
            double next = (node[i] * h - sqrt((double)l) * before) / sqrt((double)l + 1);
            before = h;
            h = next;
        }
    }
}

/* The first axis of g (n x rest) is contracted with H and becomes the last of out (rest x (degree+1)):
 * after k times all axes are in their order again.                                                */
static void contract(const double *H, size_t n, size_t degree, size_t rest, const double *g,
                     double *out) {
    for (size_t l = 0; l <= degree; ++l)
        for (size_t m = 0; m < rest; ++m) {
            double sum = 0;
            for (size_t i = 0; i < n / 2; ++i) /* mirror images first: parity is exact */
                sum += H[l * n + i] * g[m * n + i] + H[l * n + n - 1 - i] * g[m * n + n - 1 - i];
            out[l * rest + m] = sum;
        }
}

/* The box of coefficients by that rule, in the place of g at its nodes; *square: E g^2. */
static mf_status coefficients(size_t k, int rule, size_t degree, double *g, double *square,
                              mf_error *err) {
    size_t n = mf_leap_nodes(k, rule), rest = power(n, k - 1);
    double node[NODES_MOST], weight[NODES_MOST];
    mf_status status = axis(n, node, weight, err);
    if (status < 0)
        return status;
    double *H = malloc(((degree + 1) * n + (degree + 1) * rest) * sizeof *H);
    if (!H)
        return mf_fail(err, MF_ENOMEM, "no memory for coefficients");
    double *out = H + (degree + 1) * n;
    polynomials(n, degree, node, weight, H);
    *square = 0;
    for (size_t m = 0; m < n * rest; ++m) {
        double w = 1;
        for (size_t i = 0, at = m; i < k; ++i, at /= n)
            w *= weight[at % n];
        *square += w * g[m] * g[m];
    }
    for (size_t i = 0; i < k; ++i) {
        contract(H, n, degree, rest, g, out);
        memcpy(g, out, (degree + 1) * rest * sizeof *g);
        rest = rest / n * (degree + 1);
    }
    free(H);
    return MF_OK;
}

static void walsh(size_t k, double *c) {
    size_t n = (size_t)1 << k;
    for (size_t step = 1; step < n; step *= 2)
        for (size_t at = 0; at < n; ++at)
            if (!(at & step)) {
                double minus = c[at], plus = c[at | step];
                c[at] = (plus + minus) / 2;
                c[at | step] = (plus - minus) / 2;
            }
}

/* ---- the order --------------------------------------------------------------------------------- */

/* Degrees that monomial number alpha asks for in the directions not known yet, which go to *unknown. */
static size_t asks(size_t k, size_t degree, size_t alpha, unsigned known, unsigned *unknown) {
    size_t sum = 0;
    *unknown = 0;
    for (size_t i = 0; i < k; ++i, alpha /= degree + 1)
        if (!(known >> i & 1) && alpha % (degree + 1) > 0) {
            sum += alpha % (degree + 1);
            *unknown |= 1U << i;
        }
    return sum;
}

static size_t degree_of(size_t k, size_t degree, size_t alpha) {
    unsigned directions;
    return asks(k, degree, alpha, 0, &directions);
}

typedef struct {
    size_t k, degree, most;
    const double *c, *error;
    double bound, slack; /* slack: of the error, +1 counts what may be there, -1 what surely is */
} monomials;

static bool is_there(const monomials *g, size_t alpha) {
    size_t total = degree_of(g->k, g->degree, alpha);
    return total > 0 && total <= g->most &&
           fabs(g->c[alpha]) + g->slack * g->error[alpha] > g->bound;
}

/* All monomials that ask for the least: that number (0: none asks for more) and their directions. */
static size_t stage(const monomials *g, unsigned known, unsigned *found) {
    size_t least = 0;
    *found = 0;
    for (size_t alpha = 1; alpha < box(g->k, g->degree); ++alpha) {
        unsigned unknown;
        size_t more = asks(g->k, g->degree, alpha, known, &unknown);
        if (more == 0 || (least > 0 && more > least) || !is_there(g, alpha))
            continue;
        *found = more == least ? *found | unknown : unknown;
        least = more;
    }
    return least;
}

static void find(const monomials *g, mf_leap_steps *out) {
    unsigned known = 0, found;
    memset(out, 0, sizeof *out);
    for (size_t leap; (leap = stage(g, known, &found)) > 0; known |= found) {
        out->at[out->stages] = leap;
        out->directions[out->stages++] = found;
        out->leap = leap > out->leap ? leap : out->leap;
    }
}

static bool same(const mf_leap_steps *one, const mf_leap_steps *two) {
    return one->stages == two->stages && memcmp(one->at, two->at, sizeof one->at) == 0 &&
           memcmp(one->directions, two->directions, sizeof one->directions) == 0;
}

/* Names the monomial in doubt of the least degree. */
static mf_status in_doubt(const monomials *g, mf_error *err) {
    size_t worst = 0, least = 0, used = 0;
    for (size_t alpha = 1; alpha < box(g->k, g->degree); ++alpha) {
        size_t total = degree_of(g->k, g->degree, alpha);
        if (fabs(fabs(g->c[alpha]) - g->bound) <= g->error[alpha] && total <= g->most &&
            (least == 0 || total < least)) {
            worst = alpha;
            least = total;
        }
    }
    char name[128] = "";
    for (size_t i = 0, rest = worst; i < g->k && used < sizeof name; ++i, rest /= g->degree + 1)
        used += (size_t)snprintf(name + used, sizeof name - used, i ? ", %zu" : "%zu",
                                 rest % (g->degree + 1));
    return mf_fail(
            err, MF_EACCURACY,
            "the coefficient of degrees (%s) is %g +- %g, and whether it counts as 0 decides: "
            "the bound is %g",
            name, g->c[worst], g->error[worst], g->bound);
}

static mf_status decide(monomials *g, mf_leap_steps *out, mf_error *err) {
    mf_leap_steps possible;
    g->slack = -1;
    find(g, out);
    g->slack = 1;
    find(g, &possible);
    return same(out, &possible) ? MF_OK : in_doubt(g, err);
}

/* The variance from E g^2 and c_0 = E g; 0 where it is nothing but rounding. */
static double spread(double square, double mean) {
    double variance = square - mean * mean;
    return variance > 1e-13 * square ? sqrt(variance) : 0;
}

mf_status mf_leap_hermite(size_t k, size_t degree, double tol, double *g[2], mf_leap_steps *out,
                          mf_error *err) {
    double square[2], *error = g[1];
    *out = (mf_leap_steps){.leap = 0};
    for (int rule = 0; rule < 2; ++rule) {
        mf_status status = coefficients(k, rule, degree, g[rule], &square[rule], err);
        if (status < 0)
            return status;
    }
    for (size_t i = 0; i < box(k, degree); ++i)
        error[i] = 3 * fabs(g[0][i] - g[1][i]) + 1e-14 * sqrt(square[0]);
    double bound = tol * spread(square[0], g[0][0]);
    monomials all = {k, degree, degree, g[0], error, bound, 0};
    return bound > 0 ? decide(&all, out, err) : MF_OK;
}

mf_status mf_leap_walsh(size_t k, double tol, double *g, mf_leap_steps *out, mf_error *err) {
    size_t n = box(k, 1);
    double square = 0;
    *out = (mf_leap_steps){.leap = 0};
    for (size_t i = 0; i < n; ++i)
        square += g[i] * g[i] / (double)n;
    walsh(k, g);
    double *error = malloc(n * sizeof *error), bound = tol * spread(square, g[0]);
    if (!error)
        return mf_fail(err, MF_ENOMEM, "no memory for coefficients");
    for (size_t i = 0; i < n; ++i)
        error[i] = 1e-14 * sqrt(square);
    monomials all = {k, 1, k, g, error, bound, 0};
    mf_status status = bound > 0 ? decide(&all, out, err) : MF_OK;
    free(error);
    return status;
}
