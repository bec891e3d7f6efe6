/* init.c: initial weights, and the law of their norms as atoms of equal weight. */
#include "init.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

void mf_init_neuron(const mf_init *init, mf_key key, uint64_t i, size_t d, double *w) {
    assert(init->kind != MF_INIT_CUSTOM);
    mf_rng_normals(key, i, d, w);
    double scale = init->kappa / sqrt((double)d);
    if (init->kind == MF_INIT_SPHERE) {
        double square = 0;
        for (size_t c = 0; c < d; ++c)
            square += w[c] * w[c];
        scale = init->radius / sqrt(square);
    }
    for (size_t c = 0; c < d; ++c)
        w[c] *= scale;
}

/* The p-quantile of chi^2 with k degrees of freedom. GSL's inverse fails (NaN) from about
 * k = 1e5; from 1e4 on the Cornish-Fisher series in k^(-1/2) is exact to 1e-12.         */
static double chi_square_quantile(double p, double k) {
    if (k < 1e4)
        return gsl_cdf_chisq_Pinv(p, k);
    double z = gsl_cdf_ugaussian_Pinv(p), z2 = z * z, s = sqrt(2 * k);
    return k + s * z + (2.0 / 3) * (z2 - 1) + z * (z2 - 7) / (9 * s) -
           (z2 * (6 * z2 + 14) - 32) / (405 * k) + z * (z2 * (9 * z2 + 256) - 433) / (4860 * s * k);
}

/* The p-quantile of |w| for w ~ N(0, kappa^2/d I_k): kappa chi_k / sqrt(d). */
static double radius_quantile(double kappa, double d, double k, double p) {
    return k > 0 ? kappa * sqrt(chi_square_quantile(p, k) / d) : 0;
}

void mf_init_radii(const mf_init *init, double d, size_t J, double *r) {
    assert(init->kind != MF_INIT_CUSTOM);
    double limit = init->kind == MF_INIT_SPHERE ? init->radius : init->kappa;
    for (size_t j = 0; j < J; ++j)
        r[j] = init->kind == MF_INIT_SPHERE || isinf(d)
                       ? limit
                       : radius_quantile(limit, d, d, ((double)j + 0.5) / (double)J);
}

/* The additive recurrence of the plastic number: the two-dimensional golden section. */
static double recurrence(size_t j, double alpha) {
    double x = 0.5 + (double)(j + 1) * alpha;
    return x - floor(x);
}

void mf_init_two_radii(const mf_init *init, double d, double s0, double gamma, size_t J, double *r1,
                       double *r2) {
    assert(init->kind != MF_INIT_CUSTOM);
    const double plastic = 1.32471795724474602596;
    for (size_t j = 0; j < J; ++j) {
        double p = ((double)j + 0.5) / (double)J, q = recurrence(j, 1 / plastic);
        if (init->kind == MF_INIT_SPHERE) { /* (r1/radius)^2 ~ Beta(s0/2, (d - s0)/2) */
            double share = isinf(d) ? gamma
                           : s0 < d ? gsl_cdf_beta_Pinv(p, s0 / 2, (d - s0) / 2)
                                    : 1;
            r1[j] = init->radius * sqrt(share);
            r2[j] = init->radius * sqrt(1 - share);
        } else if (isinf(d)) {
            r1[j] = init->kappa * sqrt(gamma);
            r2[j] = init->kappa * sqrt(1 - gamma);
        } else {
            r1[j] = radius_quantile(init->kappa, d, s0, p);
            r2[j] = radius_quantile(init->kappa, d, d - s0, q);
        }
    }
}
