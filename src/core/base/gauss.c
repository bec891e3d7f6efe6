/* gauss.c: Gauss rules: GSL's nodes, brought to the digits of a double, and eigenvalues. */
#include "gauss.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_sort_vector.h>
#include <math.h>
#include <stdbool.h>

/* P_n and its derivative at x. */
static long double legendre(size_t n, long double x, long double *slope) {
    long double before = 1, now = x;
    for (size_t k = 2; k <= n; ++k) {
        long double next = ((2 * (long double)k - 1) * x * now - ((long double)k - 1) * before) /
                           (long double)k;
        before = now;
        now = next;
    }
    *slope = (long double)n * (before - x * now) / (1 - x * x);
    return now;
}

/* Node and weight on [-1, 1]. GSL has few orders as tables; its others are good to some 1e-11, which
 * two of Newton's steps mend.                                                               */
static void polish(size_t n, long double *x, long double *weight) {
    long double slope;
    for (int i = 0; i < 2; ++i) {
        long double value = legendre(n, *x, &slope);
        *x -= value / slope;
    }
    legendre(n, *x, &slope);
    *weight = 2 / ((1 - *x * *x) * slope * slope);
}

static bool is_tabulated(size_t n) {
    return n <= 20 || n == 32 || n == 64 || n == 96 || n == 100 || n == 128 || n == 256 ||
           n == 512 || n == 1024;
}

mf_status mf_gauss(size_t n, double low, double high, double *node, double *weight, mf_error *err) {
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(n);
    if (!table)
        return mf_fail(err, MF_ENOMEM, "no memory for a Gauss rule of %zu points", n);
    for (size_t i = 0; i < n; ++i) {
        bool done = is_tabulated(n);
        gsl_integration_glfixed_point(done ? low : -1, done ? high : 1, i, &node[i], &weight[i],
                                      table);
        if (done)
            continue;
        long double x = node[i], w, half = ((long double)high - low) / 2;
        polish(n, &x, &w);
        node[i] = (double)(low + half * (1 + x));
        weight[i] = (double)(half * w);
    }
    gsl_integration_glfixed_table_free(table);
    return MF_OK;
}

/* Laguerre's polynomials in x = rho^2/2, weight x^(p/2 - 1) e^-x: their Jacobi matrix has 2 k + p/2 on the
 * diagonal and beside(k) between k and k + 1.                                                      */
static double beside(double k, double p) {
    return sqrt((k + 1) * (k + p / 2));
}

void mf_gauss_chi_polynomials(size_t n, double p, double rho, double *value) {
    double before = 0, back = 0;
    for (size_t k = 0; k < n; ++k) {
        double now = k ? value[k] : 1, ahead = beside((double)k, p);
        value[k] = now;
        if (k + 1 < n)
            value[k + 1] = ((rho * rho / 2 - 2 * (double)k - p / 2) * now - back * before) / ahead;
        before = now;
        back = ahead;
    }
}

/* Nodes are the matrix's eigenvalues (Golub and Welsch). Weights are 1 / sum_k l_k^2, which keeps their
 * digits far out, where eigenvectors have lost theirs. `value`: n numbers.                          */
static mf_status chi_rule(size_t n, double p, gsl_matrix *jacobi, gsl_vector *values, double *value,
                          double *node, double *weight, gsl_eigen_symm_workspace *work) {
    for (size_t k = 0; k < n; ++k) {
        gsl_matrix_set(jacobi, k, k, 2 * (double)k + p / 2);
        if (k + 1 < n)
            gsl_matrix_set(jacobi, k + 1, k, beside((double)k, p));
    }
    if (gsl_eigen_symm(jacobi, values, work))
        return MF_ELIBRARY;
    gsl_sort_vector(values);
    for (size_t i = 0; i < n; ++i) {
        double square = 0;
        node[i] = sqrt(2 * fmax(gsl_vector_get(values, i), 0));
        mf_gauss_chi_polynomials(n, p, node[i], value);
        for (size_t k = 0; k < n; ++k)
            square += value[k] * value[k];
        weight[i] = 1 / square;
    }
    return MF_OK;
}

mf_status mf_gauss_chi(size_t n, double p, double *node, double *weight, mf_error *err) {
    gsl_matrix *jacobi = gsl_matrix_calloc(n, n);
    gsl_vector *values = gsl_vector_alloc(n), *row = gsl_vector_alloc(n);
    gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc(n);
    mf_status status;
    if (!jacobi || !values || !row || !work)
        status = mf_fail(err, MF_ENOMEM, "no memory for a Gauss rule of %zu points", n);
    else if ((status = chi_rule(n, p, jacobi, values, row->data, node, weight, work)) < 0)
        status = mf_fail(err, status, "no nodes of a Gauss rule of %zu points", n);
    gsl_eigen_symm_free(work);
    gsl_vector_free(row);
    gsl_vector_free(values);
    gsl_matrix_free(jacobi);
    return status;
}
