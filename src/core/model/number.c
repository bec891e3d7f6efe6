/* number.c: laws of one number. */
#include "number.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>

static double constant_density(const double v[2], double x) {
    return x == v[0] ? HUGE_VAL : 0;
}

static double constant_cdf(const double v[2], double x) {
    return x >= v[0];
}

static double constant_quantile(const double v[2], double p) {
    (void)p;
    return v[0];
}

const mf_number_ops mf_number_constant = {"constant", constant_density, constant_cdf,
                                          constant_quantile};

static double signs_density(const double v[2], double x) {
    return fabs(x) == v[0] ? HUGE_VAL : 0;
}

static double signs_cdf(const double v[2], double x) {
    return ((x >= -v[0]) + (x >= v[0])) / 2.0;
}

static double signs_quantile(const double v[2], double p) {
    return p <= 0.5 ? -v[0] : v[0];
}

const mf_number_ops mf_number_signs = {"signs", signs_density, signs_cdf, signs_quantile};

static double uniform_density(const double v[2], double x) {
    return x >= v[0] && x <= v[1] ? 1 / (v[1] - v[0]) : 0;
}

static double uniform_cdf(const double v[2], double x) {
    return fmin(1, fmax(0, (x - v[0]) / (v[1] - v[0])));
}

static double uniform_quantile(const double v[2], double p) {
    return (1 - p) * v[0] + p * v[1];
}

const mf_number_ops mf_number_uniform = {"uniform", uniform_density, uniform_cdf, uniform_quantile};

static double normal_density(const double v[2], double x) {
    return gsl_ran_gaussian_pdf(x - v[0], v[1]);
}

static double normal_cdf(const double v[2], double x) {
    return gsl_cdf_gaussian_P(x - v[0], v[1]);
}

static double normal_quantile(const double v[2], double p) {
    return v[0] + gsl_cdf_gaussian_Pinv(p, v[1]);
}

const mf_number_ops mf_number_normal = {"normal", normal_density, normal_cdf, normal_quantile};
