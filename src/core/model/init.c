/* init.c: laws of the initial weights: neurons, and the law of their lengths. */
#include "init.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_log.h>
#include <math.h>

const char *const mf_neuron_names[] = {"plain", "affine", NULL};

const mf_init_ops mf_init_custom = {.name = "custom"};

/* The subspace across, of dimension d - k. */
static mf_span across(mf_span v) {
    return (mf_span){v.d, v.d - v.k, 1 - v.share};
}

/* ---- laws of one atom --------------------------------------------------------------------- */

static double atom_density(double at, double r) {
    return r == at ? HUGE_VAL : 0;
}

static double atom_cdf(double at, double r) {
    return r >= at ? 1 : 0;
}

/* log(ratio) - (ratio - 1), the difference in brackets being known better as `excess`. */
static double log_excess(double ratio, double excess) {
    return ratio > 0.5 && ratio < 2 ? gsl_sf_log_1plusx_mx(excess) : log(ratio) - excess;
}

/* ---- Gaussian: lengths are kappa chi_k / sqrt(d) ------------------------------------------- */

static void gaussian_neuron(const mf_init *init, mf_key key, uint64_t i, size_t d, double *w) {
    double scale = init->scale / sqrt((double)d);
    mf_rng_normals(key, i, d, w);
    for (size_t c = 0; c < d; ++c)
        w[c] *= scale;
}

/* chi^2 / 2 ~ Gamma(k/2) at the length r. */
static double half_square(const mf_init *init, mf_span v, double r) {
    double x = r / init->scale;
    return v.d * x * x / 2;
}

static bool is_atom(mf_span v) {
    return isinf(v.d) || v.k == 0;
}

static double atom_of(const mf_init *init, mf_span v) {
    return isinf(v.d) ? init->scale * sqrt(v.share) : 0;
}

/* With a = k/2: 2 a y^a e^-y / Gamma(a + 1) / r, in a form that does not cancel at large a. */
static double gaussian_density(const mf_init *init, mf_span v, double r) {
    if (is_atom(v))
        return atom_density(atom_of(init, v), r);
    double a = v.k / 2, y = half_square(init, v, r);
    if (r == 0)
        return v.k == 1 ? sqrt(2 * v.d / M_PI) / init->scale : 0;
    double power =
            exp(a * log_excess(y / a, (y - a) / a)) / (gsl_sf_gammastar(a) * sqrt(2 * M_PI * a));
    return v.k * power / r;
}

static double gaussian_cdf(const mf_init *init, mf_span v, double r) {
    return is_atom(v) ? atom_cdf(atom_of(init, v), r)
                      : gsl_cdf_gamma_P(half_square(init, v, r), v.k / 2, 1);
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

static double gaussian_quantile(const mf_init *init, mf_span v, double p) {
    return is_atom(v) ? atom_of(init, v) : init->scale * sqrt(chi_square_quantile(p, v.k) / v.d);
}

static double gaussian_joint(const mf_init *init, mf_span v, double x1, double x2) {
    return gaussian_cdf(init, v, x1) * gaussian_cdf(init, across(v), x2);
}

static void gaussian_pair(const mf_init *init, mf_span v, double p, double q, double *r1,
                          double *r2) {
    *r1 = gaussian_quantile(init, v, p);
    *r2 = gaussian_quantile(init, across(v), q);
}

static void gaussian_split(const mf_init *init, mf_span v, const double *u, double *m, double *r) {
    size_t k = (size_t)v.k;
    for (size_t i = 0; i < k; ++i)
        m[i] = isinf(v.d) ? 0 : init->scale / sqrt(v.d) * gsl_cdf_ugaussian_Pinv(u[i]);
    *r = gaussian_quantile(init, across(v), u[k]);
}

const mf_init_ops mf_init_gaussian = {.name = "gaussian",
                                      .neuron = gaussian_neuron,
                                      .density = gaussian_density,
                                      .cdf = gaussian_cdf,
                                      .quantile = gaussian_quantile,
                                      .joint = gaussian_joint,
                                      .pair = gaussian_pair,
                                      .split = gaussian_split};

/* ---- sphere: (length/radius)^2 ~ Beta(k/2, (d - k)/2) -------------------------------------- */

static void sphere_neuron(const mf_init *init, mf_key key, uint64_t i, size_t d, double *w) {
    double square = 0;
    mf_rng_normals(key, i, d, w);
    for (size_t c = 0; c < d; ++c)
        square += w[c] * w[c];
    double scale = init->scale / sqrt(square);
    for (size_t c = 0; c < d; ++c)
        w[c] *= scale;
}

static bool is_fixed(mf_span v) {
    return isinf(v.d) || v.k == 0 || v.k >= v.d;
}

/* Share of |w|^2 in the subspace where it is constant. */
static double fixed_share(mf_span v) {
    return isinf(v.d) ? v.share : v.k == 0 ? 0 : 1;
}

/* y = 1 - x is handed along: near x = 1 it is known better than x tells. */

/* x y times the density of Beta(a, b), which would cancel at large a, b if it were not written
 * about the mean p = a/(a + b): (x/p)^a (y/q)^b.                                              */
static double beta_power(double a, double b, double x, double y) {
    double p = a / (a + b), q = b / (a + b), off = x < y ? x - p : q - y;
    return sqrt(p * b / (2 * M_PI)) * gsl_sf_gammastar(a + b) /
           (gsl_sf_gammastar(a) * gsl_sf_gammastar(b)) *
           exp(a * log_excess(x / p, off / p) + b * log_excess(y / q, -off / q));
}

/* The continued fraction of the incomplete beta function by Lentz's method: about (a + b)^(1/2)
 * terms. GSL's gives up after 512 of them, and says NaN.                                      */
static double beta_fraction(double a, double b, double x) {
    double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), value = d, change = 0;
    for (double m = 1; fabs(change - 1) > 4e-16 && m < 1e6; ++m) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        value *= d * c;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        change = d * c;
        value *= change;
    }
    return value;
}

static double beta_cdf(double a, double b, double x, double y) {
    if (x <= 0 || y <= 0)
        return x > 0;
    if (x < (a + 1) / (a + b + 2))
        return beta_power(a, b, x, y) * beta_fraction(a, b, x) / a;
    return 1 - beta_power(b, a, y, x) * beta_fraction(b, a, y) / b;
}

/* u = log(x/(1 - x)) at the p-quantile x, p <= 1/2, by Newton's method on log F(u): it is concave,
 * so that after one step all come from the left and none goes astray.                         */
static double beta_logit(double a, double b, double p) {
    double u = log(a / b), step = HUGE_VAL;
    for (int i = 0; i < 200 && fabs(step) > 1e-15 * fmax(1, fabs(u)); ++i) {
        double x = 1 / (1 + exp(-u)), y = 1 / (1 + exp(u)), below = beta_cdf(a, b, x, y);
        step = below > 0 ? (log(below) - log(p)) * below / beta_power(a, b, x, y) : -fabs(step) / 2;
        u -= step; /* back by halves, where F underflows */
    }
    return u;
}

static double sphere_density(const mf_init *init, mf_span v, double r) {
    if (is_fixed(v))
        return atom_density(init->scale * sqrt(fixed_share(v)), r);
    double a = v.k / 2, b = (v.d - v.k) / 2, t = r / init->scale, x = t * t, y = (1 - t) * (1 + t);
    if (!(x < 1))
        return x == 1 && b < 1 ? HUGE_VAL : 0;
    if (r == 0)
        return v.k == 1 ? 2 / (init->scale * gsl_sf_beta(a, b)) : 0;
    return beta_power(a, b, x, y) / y * 2 / r;
}

/* P(share <= x), x + y = 1. */
static double share_cdf(mf_span v, double x, double y) {
    return is_fixed(v) ? atom_cdf(fixed_share(v), x) : beta_cdf(v.k / 2, (v.d - v.k) / 2, x, y);
}

/* The p-quantile of the share, and 1 - that. */
static double share_quantile(mf_span v, double p, double *rest) {
    double a = v.k / 2, b = (v.d - v.k) / 2, share = fixed_share(v);
    if (!is_fixed(v)) {
        double u = p <= 0.5 ? beta_logit(a, b, p) : -beta_logit(b, a, 1 - p);
        *rest = 1 / (1 + exp(u));
        return 1 / (1 + exp(-u));
    }
    *rest = 1 - share;
    return share;
}

static double sphere_cdf(const mf_init *init, mf_span v, double r) {
    if (is_fixed(v))
        return atom_cdf(init->scale * sqrt(fixed_share(v)), r);
    double t = r / init->scale;
    return t >= 1 ? 1 : share_cdf(v, t * t, (1 - t) * (1 + t));
}

static double sphere_quantile(const mf_init *init, mf_span v, double p) {
    double rest;
    return init->scale * sqrt(share_quantile(v, p, &rest));
}

/* r2 <= x2 says that r1 is at least the other leg: P(leg <= r1 <= x1). */
static double sphere_joint(const mf_init *init, mf_span v, double x1, double x2) {
    if (is_fixed(v))
        return sphere_cdf(init, v, x1) * sphere_cdf(init, across(v), x2);
    double t = fmin(1, x2 / init->scale), rest = share_cdf(v, (1 - t) * (1 + t), t * t);
    return fmax(0, sphere_cdf(init, v, x1) - rest);
}

static void sphere_pair(const mf_init *init, mf_span v, double p, double q, double *r1,
                        double *r2) {
    double rest;
    (void)q;
    *r1 = init->scale * sqrt(share_quantile(v, p, &rest));
    *r2 = init->scale * sqrt(rest);
}

/* A Gaussian vector, its length made the radius. */
static void sphere_split(const mf_init *init, mf_span v, const double *u, double *m, double *r) {
    size_t k = (size_t)v.k;
    mf_init gaussian = {.scale = 1};
    gaussian_split(&gaussian, v, u, m, r);
    double square = *r * *r;
    for (size_t i = 0; i < k; ++i)
        square += m[i] * m[i];
    double scale = init->scale / sqrt(square);
    for (size_t i = 0; i < k; ++i)
        m[i] *= scale;
    *r *= scale;
}

const mf_init_ops mf_init_sphere = {.name = "sphere",
                                    .neuron = sphere_neuron,
                                    .density = sphere_density,
                                    .cdf = sphere_cdf,
                                    .quantile = sphere_quantile,
                                    .joint = sphere_joint,
                                    .pair = sphere_pair,
                                    .split = sphere_split};

void mf_init_output(const mf_init *init, mf_key key, uint64_t i, double *a, double *b) {
    double u[2] = {0.5, 0.5};
    if (!mf_number_is_constant(&init->a) || !mf_number_is_constant(&init->b))
        mf_rng_uniforms(key, i, 2, u);
    *a = mf_number_quantile(&init->a, u[0]);
    *b = mf_number_quantile(&init->b, u[1]);
}

/* ---- atoms ---------------------------------------------------------------------------------- */

/* Whether atom j can be had; the flag is looked at now and then, as a quantile takes microseconds. */
static bool goes_on(const mf_init *init, size_t j, const mf_flag *stop) {
    return !mf_init_is_fed(init) && (j % 256 != 0 || !mf_flag_is_set(stop));
}

void mf_init_radii(const mf_init *init, double d, size_t J, double *r, const mf_flag *stop) {
    size_t j = 0;
    for (; j < J && goes_on(init, j, stop); ++j)
        r[j] = init->ops->quantile(init, (mf_span){d, d, 1}, ((double)j + 0.5) / (double)J);
    for (; j < J; ++j)
        r[j] = NAN;
}

/* Points of the cube [0, 1]^n: (j + 1/2)/J, and the additive recurrence of the generalised golden
 * ratio g of dimension n, g^(n+1) = g + 1: multiples of g^-1, g^-2, ... (n = 2: the plastic number). */
typedef struct {
    size_t n, J;
    double alpha[MF_INIT_SPLIT + 3];
} points;

static void points_begin(points *p, size_t n, size_t J) {
    double g = 1.5;
    for (int i = 0; i < 100; ++i) /* contracts by 1/(n + 1) and better */
        g = pow(1 + g, 1 / (double)(n + 1));
    *p = (points){.n = n, .J = J};
    for (size_t i = 1; i < n; ++i)
        p->alpha[i] = pow(g, -(double)i);
}

static void point(const points *p, size_t j, double *u) {
    u[0] = ((double)j + 0.5) / (double)p->J;
    for (size_t i = 1; i < p->n; ++i) {
        double x = 0.5 + (double)(j + 1) * p->alpha[i];
        u[i] = x - floor(x);
    }
}

/* How many uniforms a and b take, and their values from these. */
static size_t outputs(const mf_init *init) {
    return (size_t)!mf_number_is_constant(&init->a) + (size_t)!mf_number_is_constant(&init->b);
}

static void output_at(const mf_init *init, const double *u, double *a, double *b) {
    *a = mf_number_quantile(&init->a, mf_number_is_constant(&init->a) ? 0.5 : *u++);
    *b = mf_number_quantile(&init->b, mf_number_is_constant(&init->b) ? 0.5 : *u);
}

void mf_init_two_radii(const mf_init *init, double d, double s0, double gamma, size_t J, double *a,
                       double *b, double *r1, double *r2, const mf_flag *stop) {
    points p;
    double u[4];
    size_t j = 0;
    points_begin(&p, 2 + (a ? outputs(init) : 0), J);
    for (; j < J && goes_on(init, j, stop); ++j) {
        point(&p, j, u);
        init->ops->pair(init, (mf_span){d, s0, gamma}, u[0], u[1], r1 + j, r2 + j);
        if (a)
            output_at(init, u + 2, a + j, b + j);
    }
    for (; j < J; ++j) {
        r1[j] = r2[j] = NAN;
        if (a)
            a[j] = b[j] = NAN;
    }
}

mf_status mf_init_split(const mf_init *init, double d, size_t k, size_t J, double *x,
                        const mf_flag *stop, mf_error *err) {
    points p;
    double u[MF_INIT_SPLIT + 3], m[MF_INIT_SPLIT];
    size_t j = 0;
    d = init->d > 0 ? init->d : d;
    if (!(d >= (double)k) || k > MF_INIT_SPLIT)
        return mf_fail(err, MF_EINVAL, "option 'init' gives d = %g, fewer than the %zu directions",
                       d, k);
    points_begin(&p, k + 1 + outputs(init), J);
    for (; j < J && goes_on(init, j, stop); ++j) {
        point(&p, j, u);
        init->ops->split(init, (mf_span){d, (double)k, 0}, u, m, x + (k + 2) * J + j);
        output_at(init, u + k + 1, x + j, x + J + j);
        for (size_t i = 0; i < k; ++i)
            x[(2 + i) * J + j] = m[i];
    }
    for (; j < J; ++j)
        for (size_t c = 0; c < k + 3; ++c)
            x[c * J + j] = NAN;
    return MF_OK;
}
