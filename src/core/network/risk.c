/* risk.c: population risk of a finite network by Hermite series at the true angles. */
#include "risk.h"

#include "core/base/blas.h"
#include "core/base/gauss.h"
#include "core/base/parallel.h"
#include "kernels.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

MF_KERNELS(mf_network_kernels, MF_NETWORK_KERNELS)

enum {
    SHORT = 32,   /* terms of the series for every pair             */
    LONG = 512,   /* terms for the pairs that need them              */
    PANEL = 64,   /* rows of the Gram matrix at a time               */
    POINTS = 20,  /* Gauss-Legendre points an interval               */
    REACH = 9,    /* |G| beyond has probability 2e-19                 */
    HALVINGS = 40 /* of one piece of a quadrature                   */
};

static const double PAIR_TOLERANCE = 1e-12; /* of one pair's expectation, relative to its scale */
static const double ROUNDING = 4e-14;       /* of a mean, relative to the sizes of its summands */
static const double TAIL_ROUNDING = 2e-15;  /* of E sigma^2 - sum c_k^2, relative to E sigma^2    */

/* What one component of the law needs; arrays in the caller's scratch. */
typedef struct {
    const mf_activation *act;
    const mf_network *net;
    const mf_flag *stop;
    double *at; /* all breaks of sigma, increasing */
    size_t breaks;
    double *Y;      /* N x d: L^T w, whose inner products are covariances */
    double *s;      /* N: deviations                                      */
    double *offset; /* N: b_i + <w_i, mu>                                  */
    double *second; /* N: E sigma_i^2                                      */
    double *tail;   /* N: E sigma_i^2 - sum_{k < SHORT} c_k^2              */
    double *c;      /* SHORT x N, neurons contiguous                       */
    double *row;    /* PANEL x N: the Gram matrix's panel                  */
    double *acc;    /* PANEL x N: expectations of its pairs                */
    double *more;   /* N x terms: the longer series; NULL until needed      */
    double *rest;   /* N: what is left of E sigma_i^2 after it              */
    size_t terms;
    double nodes[POINTS], weights[POINTS];
    double high[2][POINTS]; /* the last two Legendre coefficients of POINTS values */
    double g[2 * REACH][POINTS], phi[2 * REACH][POINTS]; /* nodes between k and k + 1, times phi */
    double error;
} component;

size_t mf_risk_scratch(const mf_distribution *law, size_t N) {
    size_t each = law->d + SHORT + 2 * PANEL + 4;
    if (!mf_blas_fits(N) || !mf_blas_fits(law->d) || N > (SIZE_MAX / 16) / sizeof(double) / each)
        return 0;
    return (N * each + 2 * PANEL) * sizeof(double) + 64;
}

/* Y = W^T L, row i the image of neuron i; offsets and deviations. */
static void transform(const mf_distribution *law, size_t which, const double *mean, component *p) {
    const mf_network *net = p->net;
    size_t d = net->d, N = net->N;
    for (size_t i = 0; i < N; ++i) {
        double *y = p->Y + i * d;
        for (size_t c = 0; c < d; ++c)
            y[c] = net->W[c * net->ld + i];
        p->offset[i] = net->b ? net->b[i] : 0;
        if (mean)
            p->offset[i] += cblas_ddot((int)d, y, 1, mean, 1);
    }
    law->ops->shape(law, which, N, p->Y);
    for (size_t i = 0; i < N; ++i)
        p->s[i] = cblas_dnrm2((int)d, p->Y + i * d, 1);
}

/* Deviations whose squares are finite: angles between neurons come from products of their images. */
static mf_status check_deviations(const component *p, mf_error *err) {
    for (size_t i = 0; i < p->net->N; ++i)
        if (!(p->s[i] <= 1e150))
            return mf_fail(err, MF_EDOMAIN,
                           "neuron %zu is too large: the exact risk takes <w, x> of a deviation up "
                           "to 1e+150, got %g",
                           i + 1, p->s[i]);
    return MF_OK;
}

static double legendre(int k, double x) {
    double before = 1, now = x;
    for (int j = 1; j < k; ++j) {
        double next = ((2 * j + 1) * x * now - j * before) / (j + 1);
        before = now, now = next;
    }
    return now;
}

/* The rules of quadrature and the breaks of sigma; close_rules takes back what they hold. */
static mf_status open_rules(component *p, mf_error *err) {
    p->breaks = mf_activation_breaks(p->act, NULL, 0);
    p->at = malloc((p->breaks + 1) * sizeof *p->at);
    if (!p->at)
        return mf_fail(err, MF_ENOMEM, "out of memory");
    mf_activation_breaks(p->act, p->at, p->breaks);
    mf_status status = mf_gauss(POINTS, -1, 1, p->nodes, p->weights, err);
    if (status < 0)
        return status;
    for (size_t m = 0; m < POINTS; ++m)
        for (int i = 0; i < 2; ++i) {
            int k = POINTS - 2 + i;
            p->high[i][m] = (k + 0.5) * p->weights[m] * legendre(k, p->nodes[m]);
        }
    for (int k = 0; k < 2 * REACH; ++k)
        for (size_t m = 0; m < POINTS; ++m) {
            double g = k - REACH + (1 + p->nodes[m]) / 2;
            p->g[k][m] = g;
            p->phi[k][m] = p->weights[m] / 2 * exp(-g * g / 2) / sqrt(2 * M_PI);
        }
    return MF_OK;
}

static void close_rules(component *p) {
    free(p->at);
    p->at = NULL;
}

/* ---- pairs by quadrature -------------------------------------------------------------------- */

static int increasing(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* A pair of correlation z: sigma(s G + b) sigma(s' G' + b'), G' = z G + rest G''. */
typedef struct {
    const component *p;
    double s, b, s_other, b_other, z, rest;
    double tol, sum, error; /* accepted; so far: the integral, and its error */
    mf_status status;
    mf_error *err;
} pair;

/* The integrand at g but for phi's factor 1/sqrt(2 pi): over G'' in closed form. */
static double pair_at(pair *q, double g) {
    const mf_activation *act = q->p->act;
    double centre = q->b_other + q->s_other * q->z * g, inner = 0;
    double first = mf_activation_value(act, q->s * g + q->b) * exp(-g * g / 2);
    if (q->rest == 0)
        return first * mf_activation_value(act, centre);
    mf_status status =
            mf_activation_moment(act, q->s_other * q->rest, centre, &inner, NULL, NULL, q->err);
    if (status < 0)
        q->status = status;
    return first * inner;
}

/* Adds one piece, halved until its last Legendre coefficients say that it is resolved: they fall
 * like r^-k where the rule's error falls like r^-2k, so that their power 3/2 overestimates it.  */
static void add_piece(pair *q, double from, double to, int halvings) {
    const component *p = q->p;
    double middle = (from + to) / 2, half = (to - from) / 2, sum = 0, top = 0, last[2] = {0, 0};
    if (q->status != MF_OK || mf_flag_is_set(p->stop))
        return;
    for (size_t m = 0; m < POINTS; ++m) {
        double value = pair_at(q, middle + half * p->nodes[m]);
        sum += p->weights[m] * value;
        last[0] += p->high[0][m] * value;
        last[1] += p->high[1][m] * value;
        top = fmax(top, fabs(value));
    }
    double left = top > 0 ? fmin(1, 10 * fmax(fabs(last[0]), fabs(last[1])) / top) : 0;
    double error = half * top * left * sqrt(left);
    if (error > q->tol * half / REACH && halvings < HALVINGS) {
        add_piece(q, from, middle, halvings + 1);
        add_piece(q, middle, to, halvings + 1);
        return;
    }
    q->sum += half * sum;
    q->error += error;
}

/* Where the integrand changes its character, in G: ends of pieces no longer than one deviation, the
 * first neuron's breaks, the second's, and where the blur about these ends. Returns how many.     */
static size_t pair_breaks(const pair *q, double *out) {
    const component *p = q->p;
    double slope = q->s_other * q->z, blur = q->rest / fabs(q->z);
    size_t n = 0;
    for (int k = -REACH; k <= REACH; ++k)
        out[n++] = k;
    for (size_t k = 0; k < p->breaks; ++k) {
        double g = (p->at[k] - q->b) / q->s;
        if (fabs(g) < REACH)
            out[n++] = g;
        for (int side = -1; side <= 1; ++side) {
            g = (p->at[k] - q->b_other) / slope + side * 8 * blur;
            if (fabs(g) < REACH && (side == 0 || (blur > 0 && 8 * blur < 1)))
                out[n++] = g;
        }
    }
    qsort(out, n, sizeof *out, increasing);
    return n;
}

/* (1 - z^2)^(1/2) of neurons i and j, from the difference of their directions: next to |z| = 1 the rounding of z is a
 * large part of 1 - z^2.                                                                              */
static double apart(const component *p, size_t i, size_t j, double z) {
    size_t d = p->net->d;
    const double *x = p->Y + i * d, *y = p->Y + j * d;
    double square = 0, of_x = 1 / p->s[i], of_y = copysign(1 / p->s[j], z);
    for (size_t c = 0; c < d; ++c) {
        double difference = of_x * x[c] - of_y * y[c];
        square += difference * difference;
    }
    return sqrt(square * fmax(0, 1 - square / 4));
}

/* E[ sigma(s_i G + b_i) sigma(s_j G' + b_j) ], corr(G, G') = z, and its error. */
static mf_status pair_by_quadrature(const component *p, size_t i, size_t j, double z, double *value,
                                    double *error, mf_error *err) {
    pair q = {.p = p,
              .s = p->s[i],
              .b = p->offset[i],
              .s_other = p->s[j],
              .b_other = p->offset[j],
              .z = z,
              .rest = apart(p, i, j, z),
              .tol = PAIR_TOLERANCE * sqrt(p->second[i] * p->second[j]),
              .err = err};
    double *at = malloc((2 * REACH + 1 + 4 * p->breaks) * sizeof *at);
    if (!at)
        return mf_fail(err, MF_ENOMEM, "out of memory");
    size_t n = pair_breaks(&q, at);
    for (size_t k = 0; k + 1 < n; ++k)
        if (at[k + 1] - at[k] > 1e-14)
            add_piece(&q, at[k], at[k + 1], 0);
    free(at);
    *value = q.sum / sqrt(2 * M_PI);
    *error = q.error / sqrt(2 * M_PI) + q.tol;
    return q.status;
}

/* E sigma(s_i G + b_i)^2: on the unit intervals by nodes that all neurons share, but for those
 * that have a break inside.                                                                 */
static double second_moment(const component *p, size_t i) {
    double sum = 0, s = p->s[i], b = p->offset[i], c[MF_KNOTS_MAX];
    if (p->act->kind == MF_ACT_POLYNOMIAL) { /* all its coefficients: exact */
        mf_activation_hermite(p->act, s, b, MF_KNOTS_MAX, c, NULL, NULL);
        for (size_t k = 0; k < MF_KNOTS_MAX; ++k)
            sum += c[k] * c[k];
        return sum;
    }
    size_t next = 0, n = s > 0 ? p->breaks : 0;
    while (next < n && (p->at[next] - b) / s <= -REACH)
        ++next;
    for (int k = 0; k < 2 * REACH; ++k) {
        double low = k - REACH, high = low + 1, z[POINTS];
        if (next == n || (p->at[next] - b) / s >= high) {
            for (size_t m = 0; m < POINTS; ++m)
                z[m] = s * p->g[k][m] + b;
            mf_activation_apply(p->act, POINTS, z, z, NULL);
            for (size_t m = 0; m < POINTS; ++m)
                sum += p->phi[k][m] * z[m] * z[m];
            continue;
        }
        while (low < high) {
            double end = high;
            if (next < n && (p->at[next] - b) / s < high)
                end = (p->at[next++] - b) / s;
            for (size_t m = 0; m < POINTS; ++m) {
                double g = low + (end - low) * (1 + p->nodes[m]) / 2;
                double value = mf_activation_value(p->act, s * g + b);
                sum += (end - low) / 2 * p->weights[m] * exp(-g * g / 2) / sqrt(2 * M_PI) * value *
                       value;
            }
            low = end;
        }
    }
    return sum;
}

static double a_of(const component *p, size_t i) {
    return p->net->a ? p->net->a[i] : 1;
}

/* What E sigma_i^2 has beyond the terms' squares, whose sum this is. Not less than its rounding error: a pair's error is
 * the root of two of these, and beside a steep neuron's 1e-2 what rounds to 0 here counts as 1e-9 there.             */
static double left_over(const component *p, size_t i, double sum) {
    return fmax(TAIL_ROUNDING * p->second[i], p->second[i] - sum);
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
        p->second[i] = second_moment(p, i);
        for (size_t k = 0; k < SHORT; ++k) {
            p->c[k * N + i] = c[k];
            sum += c[k] * c[k];
        }
        p->tail[i] = left_over(p, i, sum);
    }
    return MF_OK;
}

/* The longer series of all neurons, as long as a gigabyte holds them. */
static mf_status lengthen(component *p, mf_error *err) {
    size_t N = p->net->N, most = ((size_t)1 << 27) / N;
    p->terms = most < LONG ? most : LONG;
    p->more = malloc(N * (p->terms + 1) * sizeof *p->more);
    if (!p->more)
        return mf_fail(err, MF_ENOMEM, "no memory for series of %zu neurons", N);
    p->rest = p->more + N * p->terms;
    for (size_t i = 0; i < N; ++i) {
        double *c = p->more + i * p->terms, sum = 0;
        mf_status status = mf_poll(p->stop, err);
        if (status >= 0)
            status = mf_activation_hermite(p->act, p->s[i], p->offset[i], p->terms, c, NULL, err);
        if (status < 0)
            return status;
        for (size_t k = 0; k < p->terms; ++k)
            sum += c[k] * c[k];
        p->rest[i] = left_over(p, i, sum);
    }
    return MF_OK;
}

/* A pair whose short series is not accurate enough: its value and a bound on that one's error. */
static mf_status refine(const component *p, size_t i, size_t j, double z, double *value,
                        double *error, mf_error *err) {
    double scale = PAIR_TOLERANCE * sqrt(p->second[i] * p->second[j]), x = fabs(z);
    if (pow(x, (double)p->terms) * sqrt(p->rest[i] * p->rest[j]) > scale)
        return pair_by_quadrature(p, i, j, z, value, error, err);
    /* enough terms: |z|^K sqrt(T_i T_j) <= scale with the tails after SHORT terms */
    double bound = sqrt(p->tail[i] * p->tail[j]), terms = (double)p->terms;
    if (bound * pow(x, terms) < scale)
        terms = fmin(terms, ceil(log(scale / bound) / log(x)));
    const double *ci = p->more + i * p->terms, *cj = p->more + j * p->terms;
    double sum = 0;
    for (size_t k = (size_t)terms; k-- > 0;)
        sum = sum * z + ci[k] * cj[k];
    *value = sum;
    *error = scale;
    return MF_OK;
}

static double power32(double z) {
    z *= z, z *= z, z *= z, z *= z;
    return z * z;
}

/* Correlations and short series of row i of the panel; counts the pairs to be refined. */
static size_t short_row(component *p, size_t i, double *z, double *acc) {
    size_t N = p->net->N, first = i + 1, open = 0;
    double inverse = p->s[i] > 0 ? 1 / p->s[i] : 0;
    for (size_t j = first; j < N; ++j)
        z[j] = p->s[j] > 0 ? fmin(1, fmax(-1, z[j] * inverse / p->s[j])) : 0;
    mf_network_kernels_best()->series(N - first, SHORT, N, p->c + i, p->c + first, z + first,
                                      acc + first);
    for (size_t j = first; j < N; ++j) {
        double left = power32(z[j]);
        left *= left * p->tail[i] * p->tail[j];
        if (left > PAIR_TOLERANCE * PAIR_TOLERANCE * p->second[i] * p->second[j])
            ++open;
    }
    return open;
}

typedef struct {
    component *p;
    size_t first;
    double *sum, *error; /* one a row of the panel */
    size_t *open;
    mf_status status[PANEL];
    mf_error err[PANEL];
} panel_job;

static void short_row_job(void *context, size_t r) {
    panel_job *job = context;
    size_t N = job->p->net->N;
    job->open[r] = short_row(job->p, job->first + r, job->p->row + r * N, job->p->acc + r * N);
}

/* sum[r] = a_i^2 E sigma_i^2 + 2 sum_{j > i} a_i a_j E sigma_i sigma_j, open pairs refined. */
static void finish_row_job(void *context, size_t r) {
    panel_job *job = context;
    component *p = job->p;
    size_t N = p->net->N, i = job->first + r;
    const double *z = p->row + r * N;
    double *acc = p->acc + r * N, sum = 0, error = 0;
    job->status[r] = MF_OK;
    job->sum[r] = job->error[r] = 0;
    for (size_t j = i + 1; j < N; ++j) {
        double bound = power32(z[j]) * sqrt(p->tail[i] * p->tail[j]);
        if (job->open[r] && bound > PAIR_TOLERANCE * sqrt(p->second[i] * p->second[j])) {
            job->status[r] = refine(p, i, j, z[j], &acc[j], &bound, &job->err[r]);
            if (job->status[r] < 0 || mf_flag_is_set(p->stop))
                return;
        }
        error += fabs(a_of(p, j)) * bound;
        sum += a_of(p, j) * acc[j];
    }
    job->sum[r] = a_of(p, i) * (2 * sum + a_of(p, i) * p->second[i]);
    job->error[r] = fabs(a_of(p, i)) * error;
}

/* All pairs (i, j > i) with i in the panel; rows on all threads, summed in order. */
static mf_status panel_sum(component *p, size_t first, size_t rows, double *total, mf_error *err) {
    size_t N = p->net->N, d = p->net->d, open[PANEL], any = 0;
    double sum[PANEL], error[PANEL];
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)(N - first), (int)d, 1,
                p->Y + first * d, (int)d, p->Y + first * d, (int)d, 0, p->row + first, (int)N);
    panel_job job = {.p = p, .first = first, .sum = sum, .error = error, .open = open};
    mf_parallel(rows, short_row_job, &job);
    for (size_t r = 0; r < rows; ++r)
        any += open[r];
    if (any && !p->more) {
        mf_status status = lengthen(p, err);
        if (status < 0)
            return status;
    }
    mf_parallel(rows, finish_row_job, &job);
    for (size_t r = 0; r < rows; ++r) {
        if (job.status[r] < 0) {
            if (err)
                *err = job.err[r];
            return job.status[r];
        }
        *total += sum[r];
        p->error += error[r];
    }
    return MF_OK;
}

/* Bound on the error of a component's risk: the pairs', rounding's, and that of a tabulated sigma,
 * which is off by at most e max(1, |sigma|) and moves yhat by as much in the mean square.       */
static double risk_error(const component *p, double label, double risk) {
    double size = 0, off = 0, n = (double)p->net->N;
    for (size_t i = 0; i < p->net->N; ++i) {
        size += fabs(a_of(p, i)) * sqrt(p->second[i]) / n;
        off += fabs(a_of(p, i)) * sqrt(1 + p->second[i]) / n;
    }
    off *= mf_activation_error(p->act);
    size += fabs(label);
    return 2 * p->error / (n * n) + ROUNDING * size * size + off * (2 * sqrt(fmax(0, risk)) + off);
}

/* Mean over one component of (label - yhat)^2. */
static mf_status component_risk(component *p, double label, double *risk, mf_error *err) {
    size_t N = p->net->N;
    mf_status status = expand(p, err);
    if (status < 0)
        return status;
    double mean = 0, square = 0, n = (double)N;
    for (size_t i = 0; i < N; ++i)
        mean += a_of(p, i) * p->c[i];
    for (size_t first = 0; first < N; first += PANEL) {
        size_t rows = N - first < PANEL ? N - first : PANEL;
        status = panel_sum(p, first, rows, &square, err);
        if (status < 0)
            return status;
        if (mf_flag_is_set(p->stop))
            return MF_STOPPED;
    }
    *risk = label * label - 2 * label * mean / n + square / (n * n);
    return MF_OK;
}

mf_status mf_risk_exact(const mf_distribution *law, const mf_activation *act, const mf_network *net,
                        void *scratch, const mf_flag *stop, double *risk, double *error,
                        mf_error *err) {
    if (!law->ops->components)
        return mf_fail(
                err, MF_EUNSUPPORTED,
                "the exact risk is known for mixtures of Gaussians and data sets only; ask for "
                "a Monte Carlo estimate with risk{samples=}");
    size_t N = net->N;
    component p = {.act = act, .net = net, .stop = stop};
    double *next = scratch;
    p.Y = next, next += N * net->d;
    p.row = next, next += N * PANEL;
    p.c = next, next += N * SHORT;
    p.s = next, next += N;
    p.offset = next, next += N;
    p.second = next, next += N;
    p.tail = next, next += N;
    p.acc = next;
    mf_status status = open_rules(&p, err);
    *risk = 0, *error = 0;
    for (size_t which = 0; which < law->ops->components(law) && status == MF_OK; ++which) {
        mf_component at = law->ops->component(law, which);
        double part = 0;
        transform(law, which, at.mean, &p);
        p.error = 0;
        status = check_deviations(&p, err);
        if (status == MF_OK)
            status = component_risk(&p, at.label, &part, err);
        free(p.more);
        p.more = NULL;
        *risk += at.share * part;
        *error += at.share * risk_error(&p, at.label, part);
    }
    close_rules(&p);
    return status;
}

mf_status mf_second_moments(const mf_activation *act, size_t n, const double *s, const double *b,
                            double *value, mf_error *err) {
    component p = {.act = act};
    mf_activation_tails tails = mf_activation_tails_of(act);
    mf_status status = open_rules(&p, err);
    for (size_t i = 0; i < n && status == MF_OK; ++i) {
        double deviation = s[i], offset = b ? b[i] : 0;
        double ends[] = {offset - REACH * deviation, offset + REACH * deviation};
        p.s = &deviation;
        p.offset = &offset;
        status = mf_activation_check(act, 2, ends, err);
        if (status < 0)
            break;
        if (isfinite(deviation))
            value[i] = second_moment(&p, 0);
        else if (mf_activation_is_bounded(act))
            value[i] = (tails.offset_left * tails.offset_left +
                        tails.offset_right * tails.offset_right) /
                       2;
        else
            value[i] = HUGE_VAL;
    }
    close_rules(&p);
    return status;
}

mf_status mf_network_predict(const mf_network *net, const mf_activation *act, size_t n,
                             const double *X, size_t ldx, double *restrict z, double *yhat,
                             mf_error *err) {
    for (size_t k = 0; k < n; ++k) {
        for (size_t i = 0; i < net->N; ++i)
            z[i] = net->b ? net->b[i] : 0;
        for (size_t c = 0; c < net->d; ++c) {
            const double x = X[k * ldx + c], *row = net->W + c * net->ld;
            for (size_t i = 0; i < net->N; ++i)
                z[i] += x * row[i];
        }
        mf_status status = mf_activation_check(act, net->N, z, err);
        if (status < 0)
            return status;
        mf_activation_apply(act, net->N, z, z, NULL);
        double sum = 0;
        for (size_t i = 0; i < net->N; ++i)
            sum += net->a ? net->a[i] * z[i] : z[i];
        yhat[k] = sum / (double)net->N;
    }
    return MF_OK;
}
