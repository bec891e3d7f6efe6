/* gauss.c: Gauss rules against the integrals of polynomials, which they have exactly. */
#include "core/base/gauss.h"
#include "check.h"

#include <math.h>

enum { LARGEST = 64 };

/* int_low^high x^k, and the size of what is summed: rounding is relative to that. */
static double monomial(int k, double low, double high) {
    return (pow(high, k + 1) - pow(low, k + 1)) / (k + 1);
}

static void exact_below_2n(size_t n, double low, double high) {
    double node[LARGEST], weight[LARGEST];
    mf_error err;
    expect(mf_gauss(n, low, high, node, weight, &err) == MF_OK, "the rule can be made");
    for (int k = 0; k < 2 * (int)n; ++k) {
        double sum = 0, size = 0;
        for (size_t i = 0; i < n; ++i) {
            double term = weight[i] * pow(node[i], k);
            sum += term;
            size += fabs(term);
        }
        expect(fabs(sum - monomial(k, low, high)) <= 1e-13 * (size + 1e-300) * (k + 1),
               "degrees below 2n are integrated exactly");
    }
    for (size_t i = 0; i < n; ++i) {
        expect(weight[i] > 0, "weights are positive");
        expect(node[i] > low && node[i] < high, "nodes lie inside");
        expect(i == 0 || node[i] > node[i - 1], "nodes increase");
    }
}

/* Degree 2n is not: its error is a known number, (n!)^4 2^(2n+1) / ((2n+1) (2n)!^2) on [-1, 1]. */
static void misses_2n(size_t n) {
    double node[LARGEST], weight[LARGEST], sum = 0, error = 2;
    mf_gauss(n, -1, 1, node, weight, NULL);
    for (size_t i = 0; i < n; ++i)
        sum += weight[i] * pow(node[i], 2.0 * (double)n);
    for (size_t k = 1; k <= n; ++k) { /* (n!)^2 / (2n)! = prod k / (n + k) */
        double factor = 2 * (double)k / (double)(n + k);
        error *= factor * factor;
    }
    error /= 2.0 * (double)n + 1;
    double missed = monomial(2 * (int)n, -1, 1) - sum;
    expect(fabs(missed - error) <= 1e-13 + 1e-10 * error,
           "the error at degree 2n is the known one");
}

/* E rho^2j = p (p + 2) ... (p + 2j - 2) for chi_p. */
static void chi_is_exact(size_t n, double p) {
    double node[LARGEST], weight[LARGEST], moment = 1;
    expect(mf_gauss_chi(n, p, node, weight, NULL) == MF_OK, "the rule can be made");
    for (size_t j = 0; j < 2 * n && moment < 1e200; ++j) {
        double sum = 0;
        for (size_t i = 0; i < n; ++i)
            sum += weight[i] * pow(node[i], 2 * (double)j);
        expect(fabs(sum / moment - 1) < 1e-12 * (double)(j + 1), "moments of chi_p are exact");
        moment *= p + 2 * (double)j;
    }
}

static void polynomials_are_orthonormal(size_t n, double p) {
    double node[LARGEST], weight[LARGEST], value[LARGEST], gram[LARGEST][LARGEST] = {{0}};
    mf_gauss_chi(n, p, node, weight, NULL);
    for (size_t i = 0; i < n; ++i) {
        mf_gauss_chi_polynomials(n, p, node[i], value);
        for (size_t j = 0; j < n; ++j)
            for (size_t k = 0; k < n; ++k)
                gram[j][k] += weight[i] * value[j] * value[k];
    }
    for (size_t j = 0; j < n; ++j)
        for (size_t k = 0; k < n; ++k)
            expect(fabs(gram[j][k] - (j == k)) < 1e-11, "l_j are orthonormal under chi_p");
    mf_gauss_chi_polynomials(3, p, 1.7, value); /* (rho^2 - p) / sqrt(2 p) is the second */
    expect(fabs(value[1] - (1.7 * 1.7 - p) / sqrt(2 * p)) < 1e-14, "l_1 is the known one");
}

int main(void) {
    const double dimensions[] = {1, 2, 3, 8, 60, 320};
    for (size_t i = 0; i < sizeof dimensions / sizeof *dimensions; ++i)
        for (size_t n = 1; n <= LARGEST; n = 2 * n + 1) {
            chi_is_exact(n, dimensions[i]);
            polynomials_are_orthonormal(n, dimensions[i]);
        }
    for (size_t n = 1; n <= LARGEST; ++n) {
        exact_below_2n(n, -1, 1);
        exact_below_2n(n, 0, 1);
        exact_below_2n(n, 2.25, 2.385);
    }
    for (size_t n = 1; n <= 12; ++n)
        misses_2n(n);
    return verdict();
}
