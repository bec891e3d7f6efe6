/* multi_index.c: y = g(Ux) + noise, U k orthonormal rows; x ~ N(0, I_d) or uniform on {+-1}^d.
 *
 * Numbers: inputs, k, the noise's deviation, 1 if U follows (else its rows are the first k unit
 * vectors), 1 if the values of g follow; U, k rows of d numbers; the 2^k values of g on {+-1}^k.
 * Without these only the caller knows g, and hands over the labels.                          */
#include "distribution.h"

#include <gsl/gsl_cblas.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

enum { HEAD = 5 };

const char *const mf_inputs_names[] = {"gaussian", "hypercube", NULL};

static bool is_whole(double x, double low, double high) {
    return x >= low && x <= high && x == floor(x);
}

size_t mf_law_index_numbers(const mf_law_index *at, size_t d) {
    return HEAD + (at->U ? at->k * d : 0) + (at->values ? (size_t)1 << at->k : 0);
}

void mf_law_index_describe(const mf_law_index *at, double *number) {
    number[0] = at->inputs;
    number[1] = (double)at->k;
    number[2] = at->noise;
    number[3] = at->U != NULL;
    number[4] = at->values != NULL;
}

mf_law_index mf_law_index_of(const mf_distribution *law) {
    const double *p = law->number;
    size_t k = (size_t)p[1];
    return (mf_law_index){.inputs = (mf_inputs)p[0],
                          .k = k,
                          .noise = p[2],
                          .U = p[3] != 0 ? p + HEAD : NULL,
                          .values = p[4] != 0 ? p + HEAD + (p[3] != 0 ? k * law->d : 0) : NULL};
}

static bool are_orthonormal(const double *U, size_t k, size_t d) {
    for (size_t i = 0; i < k; ++i)
        for (size_t j = 0; j <= i; ++j) {
            double dot = cblas_ddot((int)d, U + i * d, 1, U + j * d, 1);
            if (!(fabs(dot - (i == j)) <= 1e-10))
                return false;
        }
    return true;
}

static bool valid(const mf_distribution *law) {
    const double *p = law->number;
    if (law->numbers < HEAD || !is_whole(p[0], 0, MF_INPUTS_HYPERCUBE) ||
        !is_whole(p[1], 1, fmin((double)law->d, MF_INDEX_MOST)) || !(p[2] >= 0 && isfinite(p[2])) ||
        !is_whole(p[3], 0, 1) || !is_whole(p[4], 0, 1))
        return false;
    if (p[4] != 0 && (p[0] != MF_INPUTS_HYPERCUBE || p[3] != 0 || p[1] > MF_INDEX_TABLE))
        return false;
    mf_law_index at = mf_law_index_of(law);
    return law->numbers == mf_law_index_numbers(&at, law->d) &&
           (!at.U || are_orthonormal(at.U, at.k, law->d));
}

static bool unlabelled(const mf_distribution *law) {
    return !mf_law_index_of(law).values;
}

/* The first n coordinates of an example: a longer n continues the same numbers. */
static void coordinates(mf_inputs inputs, mf_key key, uint64_t draw, size_t n, double *x) {
    mf_rng_normals(key, draw, n, x);
    for (size_t c = 0; inputs == MF_INPUTS_HYPERCUBE && c < n; ++c)
        x[c] = x[c] < 0 ? -1 : 1;
}

/* g at a corner of {+-1}^k. */
static double corner(const double *values, size_t k, const double *z) {
    size_t at = 0;
    for (size_t i = 0; i < k; ++i)
        at |= (size_t)(z[i] > 0) << i;
    return values[at];
}

void mf_law_index_noise(const mf_distribution *law, mf_key key, uint64_t first, size_t n,
                        double *y) {
    double noise = mf_law_index_of(law).noise;
    if (noise > 0)
        mf_rng_labels(key, first, n, y);
    for (size_t m = 0; m < n; ++m)
        y[m] = noise > 0 ? noise * gsl_cdf_ugaussian_Pinv(y[m]) : 0;
}

static void sample(const mf_distribution *law, mf_key key, uint64_t first, size_t n, double *X,
                   size_t ldx, double *y) {
    mf_law_index at = mf_law_index_of(law);
    if (y)
        mf_law_index_noise(law, key, first, n, y);
    for (size_t m = 0; m < n; ++m) {
        double *x = X + m * ldx;
        coordinates(at.inputs, key, first + m, law->d, x);
        if (y && at.values)
            y[m] += corner(at.values, at.k, x);
    }
}

size_t mf_law_index_width(const mf_distribution *law) {
    mf_law_index at = mf_law_index_of(law);
    return at.U ? law->d : at.k;
}

void mf_law_index_see(const mf_distribution *law, mf_key key, uint64_t first, size_t n, double *x,
                      double *Z) {
    mf_law_index at = mf_law_index_of(law);
    for (size_t m = 0; m < n; ++m) {
        double *z = Z + m * at.k;
        coordinates(at.inputs, key, first + m, mf_law_index_width(law), at.U ? x : z);
        for (size_t i = 0; at.U && i < at.k; ++i)
            z[i] = cblas_ddot((int)law->d, at.U + i * law->d, 1, x, 1);
    }
}

const mf_law_ops mf_law_multi_index = {
        .name = "multi_index", .valid = valid, .unlabelled = unlabelled, .sample = sample};
