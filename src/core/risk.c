/* risk.c: population risk of a finite network by Hermite series at the true angles. */
#include "risk.h"

#include <gsl/gsl_cblas.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHORT = 32,  /* terms of the series for every pair             */
    LONG = 512,  /* terms for the pairs that need them              */
    PANEL = 64,  /* rows of the Gram matrix at a time               */
    POINTS = 20, /* Gauss-Legendre points an interval               */
    BREAKS = 400 /* break points of one quadrature, at most         */
};

static const double PAIR_TOLERANCE = 1e-12; /* of one pair's expectation, relative to its scale */

/* What one component of the mixture needs; arrays in the caller's scratch. */
typedef struct {
    const mf_activation *act;
    const mf_network *net;
    double *Y;      /* N x d: L^T w, whose inner products are covariances */
    double *s;      /* N: deviations                                      */
    double *offset; /* N: b_i + <w_i, mu>                                  */
    double *second; /* N: E sigma_i^2                                      */
    double *tail;   /* N: E sigma_i^2 - sum_{k < SHORT} c_k^2              */
    double *c;      /* SHORT x N, neurons contiguous                       */
    double *row;    /* PANEL x N: the Gram matrix's panel                  */
    double *acc;    /* N                                                   */
    double nodes[POINTS], weights[POINTS];
    double error;
} component;

static size_t components_of(const mf_distribution *law) {
    return law->kind == MF_LAW_MIXTURE ? law->components : 2;
}

size_t mf_risk_scratch(const mf_distribution *law, size_t N) {
    size_t each = law->d + SHORT + PANEL + 5;
    if (N > (SIZE_MAX / 16) / sizeof(double) / each)
        return 0;
    return (N * each) * sizeof(double) + 64;
}

/* Y = W^T L, row i the image of neuron i; offsets. */
static void transform(const mf_distribution *law, size_t which, component *p) {
    const mf_network *net = p->net;
    size_t d = net->d, N = net->N;
    for (size_t i = 0; i < N; ++i) {
        p->offset[i] = net->b ? net->b[i] : 0;
        for (size_t c = 0; c < d; ++c)
            p->Y[i * d + c] = net->W[c * net->ld + i];
    }
    double tau = 1 + (which ? -law->delta : law->delta);
    if (law->kind == MF_LAW_MIXTURE) {
        for (size_t i = 0; i < N; ++i)
            p->offset[i] += cblas_ddot((int)d, p->Y + i * d, 1, law->mean + which * d, 1);
        cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, (int)N,
                    (int)d, 1, law->factor + which * d * d, (int)d, p->Y, (int)d);
    } else if (law->kind == MF_LAW_ISOTROPIC) {
        cblas_dscal((int)(N * d), tau, p->Y, 1);
    } else {
        for (size_t i = 0; i < N; ++i)
            for (size_t v = 0; v < law->s0; ++v) {
                if (!law->basis) {
                    p->Y[i * d + v] *= tau;
                    continue;
                }
                const double *along = law->basis + v * d;
                double dot = cblas_ddot((int)d, along, 1, p->Y + i * d, 1);
                cblas_daxpy((int)d, (tau - 1) * dot, along, 1, p->Y + i * d, 1);
            }
    }
    for (size_t i = 0; i < N; ++i)
        p->s[i] = cblas_dnrm2((int)d, p->Y + i * d, 1);
}

static mf_status make_rule(component *p, mf_error *err) {
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(POINTS);
    if (!table)
        return mf_fail(err, MF_ENOMEM, "out of memory");
    for (size_t m = 0; m < POINTS; ++m)
        gsl_integration_glfixed_point(-1, 1, m, &p->nodes[m], &p->weights[m], table);
    gsl_integration_glfixed_table_free(table);
    return MF_OK;
}

static int increasing(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* Break points, in G, of sigma(s G + b) blurred over the width w (0: sharp). */
static size_t add_breaks(const mf_activation *act, double s, double b, double w, double *out,
                         size_t count) {
    double t[64];
    size_t n = mf_activation_breaks(act, t, 64);
    for (size_t k = 0; k < n && k < 64 && s > 0; ++k)
        for (int side = -2; side <= 2; ++side) {
            double g = (t[k] - b) / s + side * 2.5 * w;
            if (fabs(g) < 9 && count < BREAKS && (w > 0 || side == 0))
                out[count++] = g;
        }
    return count;
}

/* E[ sigma(s_i G + b_i) sigma(s_j G' + b_j) ], corr(G, G') = z: over G by composite
 * Gauss-Legendre between the kinks, over G' given G in closed form.                   */
static mf_status pair_by_quadrature(const component *p, size_t i, size_t j, double z, double *value,
                                    mf_error *err) {
    double breaks[BREAKS + 40], rest = sqrt(fmax(0, 1 - z * z));
    size_t n = 0;
    for (int k = -9; k <= 9; ++k) /* pieces no longer than one deviation */
        breaks[n++] = k;
    n = add_breaks(p->act, p->s[i], p->offset[i], 0, breaks, n);
    n = add_breaks(p->act, p->s[j] * z, p->offset[j], rest < 0.5 ? rest : 0, breaks, n);
    qsort(breaks, n, sizeof *breaks, increasing);
    double sum = 0;
    for (size_t k = 0; k + 1 < n; ++k) {
        double middle = (breaks[k] + breaks[k + 1]) / 2, half = (breaks[k + 1] - breaks[k]) / 2;
        if (half < 1e-14)
            continue;
        for (int m = 0; m < POINTS; ++m) {
            double g = middle + half * p->nodes[m], inner;
            double first = mf_activation_value(p->act, p->s[i] * g + p->offset[i]);
            double centre = p->offset[j] + p->s[j] * z * g;
            if (rest > 0) {
                mf_status status = mf_activation_moment(p->act, p->s[j] * rest, centre, &inner,
                                                        NULL, NULL, err);
                if (status < 0)
                    return status;
            } else {
                inner = mf_activation_value(p->act, centre);
            }
            sum += half * p->weights[m] * exp(-g * g / 2) * first * inner;
        }
    }
    *value = sum / sqrt(2 * M_PI);
    return MF_OK;
}

static double a_of(const component *p, size_t i) {
    return p->net->a ? p->net->a[i] : 1;
}

/* Deviations, coefficients and second moments of all neurons. */
static mf_status expand(component *p, mf_error *err) {
    size_t N = p->net->N;
    for (size_t i = 0; i < N; ++i) {
        double c[SHORT], sum = 0;
        mf_status status =
                mf_activation_hermite(p->act, p->s[i], p->offset[i], SHORT, c, NULL, err);
        if (status < 0)
            return status;
        status = pair_by_quadrature(p, i, i, 1, &p->second[i], err);
        if (status < 0)
            return status;
        for (size_t k = 0; k < SHORT; ++k) {
            p->c[k * N + i] = c[k];
            sum += c[k] * c[k];
        }
        p->tail[i] = fmax(0, p->second[i] - sum);
    }
    return MF_OK;
}

/* A pair whose short series is not accurate enough. */
static mf_status refine(component *p, size_t i, size_t j, double z, double *value, mf_error *err) {
    double scale = sqrt(p->second[i] * p->second[j]);
    if (pow(fabs(z), LONG) * sqrt(p->tail[i] * p->tail[j]) > PAIR_TOLERANCE * scale)
        return pair_by_quadrature(p, i, j, z, value, err);
    double ci[LONG], cj[LONG], sum = 0;
    mf_status status = mf_activation_hermite(p->act, p->s[i], p->offset[i], LONG, ci, NULL, err);
    if (status >= 0)
        status = mf_activation_hermite(p->act, p->s[j], p->offset[j], LONG, cj, NULL, err);
    for (size_t k = LONG; status >= 0 && k-- > 0;)
        sum = sum * z + ci[k] * cj[k];
    *value = sum;
    return status;
}

/* Adds a_i^2 E sigma_i^2 + 2 sum_{j > i} a_i a_j E sigma_i sigma_j to *total. `z` holds row i
 * of the Gram matrix and is overwritten by the correlations. */
static mf_status row_sum(component *p, size_t i, double *z, double *total, mf_error *err) {
    size_t N = p->net->N, first = i + 1;
    double *acc = p->acc, sum = 0;
    double inverse = p->s[i] > 0 ? 1 / p->s[i] : 0;
    for (size_t j = first; j < N; ++j) {
        z[j] = p->s[j] > 0 ? fmin(1, fmax(-1, z[j] * inverse / p->s[j])) : 0;
        acc[j] = 0;
    }
    for (size_t k = SHORT; k-- > 0;) {
        double ci = p->c[k * N + i];
        const double *ck = p->c + k * N;
        for (size_t j = first; j < N; ++j)
            acc[j] = acc[j] * z[j] + ci * ck[j];
    }
    for (size_t j = first; j < N; ++j) {
        double bound = sqrt(p->tail[i] * p->tail[j]), power = z[j] * z[j];
        power *= power, power *= power, power *= power, power *= power; /* z^32 */
        if (power * bound > PAIR_TOLERANCE * sqrt(p->second[i] * p->second[j])) {
            mf_status status = refine(p, i, j, z[j], &acc[j], err);
            if (status < 0)
                return status;
        } else {
            p->error += power * bound;
        }
        sum += a_of(p, j) * acc[j];
    }
    *total += a_of(p, i) * (2 * sum + a_of(p, i) * p->second[i]);
    return MF_OK;
}

/* Mean over one component of (label - yhat)^2. */
static mf_status component_risk(component *p, double label, const mf_flag *stop, double *risk,
                                mf_error *err) {
    size_t N = p->net->N, d = p->net->d;
    mf_status status = expand(p, err);
    if (status < 0)
        return status;
    double mean = 0, square = 0, n = (double)N;
    for (size_t i = 0; i < N; ++i)
        mean += a_of(p, i) * p->c[i];
    for (size_t first = 0; first < N; first += PANEL) {
        size_t rows = N - first < PANEL ? N - first : PANEL;
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)(N - first), (int)d, 1,
                    p->Y + first * d, (int)d, p->Y + first * d, (int)d, 0, p->row + first, (int)N);
        for (size_t r = 0; r < rows; ++r) {
            status = row_sum(p, first + r, p->row + r * N, &square, err);
            if (status < 0)
                return status;
        }
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
    }
    *risk = label * label - 2 * label * mean / n + square / (n * n);
    return MF_OK;
}

mf_status mf_risk_exact(const mf_distribution *law, const mf_activation *act, const mf_network *net,
                        void *scratch, const mf_flag *stop, double *risk, double *error,
                        mf_error *err) {
    if (law->kind == MF_LAW_CUSTOM)
        return mf_fail(err, MF_EUNSUPPORTED,
                       "the exact risk is known for Gaussian laws only; ask for a Monte Carlo "
                       "estimate with risk{samples=}");
    size_t N = net->N;
    component p = {.act = act, .net = net};
    double *next = scratch;
    p.Y = next, next += N * net->d;
    p.row = next, next += N * PANEL;
    p.c = next, next += N * SHORT;
    p.s = next, next += N;
    p.offset = next, next += N;
    p.second = next, next += N;
    p.tail = next, next += N;
    p.acc = next;
    mf_status status = make_rule(&p, err);
    if (status < 0)
        return status;
    *risk = 0, *error = 0;
    for (size_t which = 0; which < components_of(law); ++which) {
        bool mixture = law->kind == MF_LAW_MIXTURE;
        double before = mixture && which ? law->cumulative[which - 1] : 0, part;
        double share = mixture ? law->cumulative[which] - before : 0.5;
        transform(law, which, &p);
        p.error = 0;
        status = component_risk(&p, mixture ? law->label[which] : which ? -1 : 1, stop, &part, err);
        if (status != MF_OK)
            return status;
        *risk += share * part;
        *error += share * (2 * p.error / (double)N / (double)N + 1e-14 * fabs(part));
    }
    return MF_OK;
}

mf_status mf_second_moments(const mf_activation *act, size_t n, const double *s, const double *b,
                            double *value, mf_error *err) {
    component p = {.act = act};
    mf_status status = make_rule(&p, err);
    for (size_t i = 0; i < n && status >= 0; ++i) {
        double deviation = s[i], offset = b ? b[i] : 0;
        p.s = &deviation;
        p.offset = &offset;
        if (isinf(deviation)) {
            mf_activation_tails tails = mf_activation_tails_of(act);
            value[i] = mf_activation_is_bounded(act) ? (tails.offset_left * tails.offset_left +
                                                        tails.offset_right * tails.offset_right) /
                                                               2
                                                     : HUGE_VAL;
        } else {
            status = pair_by_quadrature(&p, 0, 0, 1, &value[i], err);
        }
    }
    return status;
}

void mf_network_predict(const mf_network *net, const mf_activation *act, size_t n, const double *X,
                        size_t ldx, double *z, double *yhat) {
    for (size_t k = 0; k < n; ++k) {
        for (size_t i = 0; i < net->N; ++i)
            z[i] = net->b ? net->b[i] : 0;
        for (size_t c = 0; c < net->d; ++c)
            cblas_daxpy((int)net->N, X[k * ldx + c], net->W + c * net->ld, 1, z, 1);
        mf_activation_apply(act, net->N, z, z, NULL);
        double sum = 0;
        for (size_t i = 0; i < net->N; ++i)
            sum += net->a ? net->a[i] * z[i] : z[i];
        yhat[k] = sum / (double)net->N;
    }
}
