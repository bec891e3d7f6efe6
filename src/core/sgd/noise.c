/* noise.c: Brownian motion, its bridge and decay inside a block.
 *
 * The bridge beta(S) = xi(S) - (S/S_B) xi(S_B) is independent of xi(S_B) and has covariance
 * r_kl = min(S_k, S_l) - S_k S_l / S_B at the steps of the block, in each coordinate; so
 * m_k = <beta(S_k), x_k> are Gaussian with covariance Theta_kl = r_kl <x_k, x_l>, Cholesky
 * factor L. Matrices are kept as U = L^T by rows, which is how the products want them.      */
#include "noise.h"
#include "step.h"

#include "core/base/parallel.h"

#include <math.h>
#include <string.h>

size_t mf_sgd_noise_bytes(size_t block, size_t lanes) {
    return sizeof(mf_sgd_noise) + 64 + 3 * block * (block + lanes) * sizeof(double);
}

void mf_sgd_noise_init(mf_sgd_noise *n, size_t block, size_t batch) {
    n->block = block;
    n->batch = batch;
    n->steps = block / batch;
    n->numbers = (double *)(void *)((char *)n + (sizeof *n + 63) / 64 * 64);
}

/* Covariance of the bridge at the samples k and l: at the steps that they belong to. */
static double bridge(const mf_sgd_noise *n, size_t k, size_t l) {
    double Sk = n->S[k / n->batch], Sl = n->S[l / n->batch];
    return (Sk < Sl ? Sk : Sl) - Sk * Sl / n->S[n->steps];
}

/* T (n x n, upper triangle) <- U with U^T U = T. A pivot that rounding alone can explain
 * belongs to a direction without variance: its row is 0.                                    */
static void factorise(double *T, size_t n, double tolerance) {
    for (size_t j = 0; j < n; ++j) {
        double *row = T + j * n, before = row[j];
        for (size_t i = 0; i < j; ++i) /* row j minus what rows above explain */
            for (size_t l = j; l < n; ++l)
                row[l] -= T[i * n + j] * T[i * n + l];
        double scale = row[j] > tolerance * before ? 1 / sqrt(row[j]) : 0;
        for (size_t l = j; l < n; ++l)
            row[l] *= scale;
    }
}

static double tolerance(const mf_sgd *w) {
    return w->single ? 1e-5 : 1e-13;
}

static mf_status decay_and_clock(mf_sgd *w, mf_error *err) {
    mf_sgd_noise *n = w->noise;
    const mf_sgd_spec *spec = &w->spec;
    double factor = isfinite(spec->beta) ? spec->noise_factor / spec->beta : 0;
    n->A[0] = 1;
    n->S[0] = 0;
    for (size_t k = 0; k < n->steps; ++k) {
        double s = w->s[k] * spec->rate[MF_GROUP_W], a = 1 - 2 * spec->lambda * s;
        n->A[k + 1] = a * n->A[k];
        if (!(a > 0 && n->A[k + 1] > 1e-3))
            return mf_fail(err, MF_EUNSUPPORTED,
                           "2 lambda s_k = %g at step %llu: the weights decay too fast for blocks "
                           "of %zu steps; take a smaller block or algorithm = 'plain'",
                           1 - a, (unsigned long long)(w->base + k + 1), n->block);
        mf_status status = mf_sgd_check_noise(w, w->base + k + 1, w->s[k], err);
        if (status < 0)
            return status;
        n->S[k + 1] = n->S[k] + factor * s / (n->A[k + 1] * n->A[k + 1]);
    }
    return MF_OK;
}

/* Panel p of xi(S_B) and zeta: draw (block number, panel) of their streams. */
static void draw_panel(void *context, size_t p) {
    mf_sgd *w = context;
    const mf_sgd_noise *n = w->noise;
    size_t lanes = w->lanes, count = w->job.moving * lanes, bridges = (n->block - 1) * lanes;
    size_t real = w->single ? sizeof(float) : sizeof(double);
    uint64_t draw = w->base / n->steps * w->job.panels + p;
    void *xi = (char *)w->xi + p * w->job.Dp * lanes * real;
    void *zeta = (char *)w->zeta + (p * w->job.Bp + 1) * lanes * real;
    double *room = w->single ? w->normals : xi;
    mf_rng_normals((mf_key){w->spec.seed, MF_STREAM_NOISE}, draw, count, room);
    mf_sgd_scale(w, xi, 0, room, count, sqrt(n->S[n->steps]));
    room = w->single ? w->normals : zeta;
    mf_rng_normals((mf_key){w->spec.seed, MF_SGD_STREAM_BRIDGE}, draw, bridges, room);
    mf_sgd_scale(w, zeta, 0, room, bridges, 1);
}

static void draw_noise(mf_sgd *w) {
    if (!w->single && w->spec.N >= MF_SGD_THREADED)
        mf_parallel(w->job.panels, draw_panel, w);
    else
        for (size_t p = 0; p < w->job.panels; ++p)
            draw_panel(w, p);
}

mf_status mf_sgd_noise_open(mf_sgd *w, mf_error *err) {
    mf_sgd_noise *n = w->noise;
    size_t block = n->block, ldk = w->job.ldk, d = w->spec.law.d;
    mf_status status = decay_and_clock(w, err);
    if (status < 0 || n->S[n->steps] == 0) {
        w->job.xi = w->job.zeta = NULL;
        return status;
    }
    double *U = n->numbers;
    for (size_t k = 0; k < block; ++k)
        for (size_t l = k; l < block; ++l)
            U[k * block + l] = bridge(n, k, l) * mf_sgd_get(w, w->gram, k * ldk + l);
    factorise(U, block, tolerance(w));
    for (size_t k = 0; k < block; ++k)
        for (size_t l = k; l < block; ++l)
            mf_sgd_put(w, w->LT, k * ldk + l, U[k * block + l]);
    for (size_t k = 0; k < block; ++k) {
        double share = n->S[k / n->batch] / n->S[n->steps];
        for (size_t c = 0; c < w->job.moving; ++c)
            mf_sgd_put(w, w->XT_xi, c * ldk + k, share * (c < d ? w->X[k * d + c] : 1));
    }
    draw_noise(w);
    w->job.xi = w->xi;
    w->job.XT_xi = w->XT_xi;
    w->job.zeta = w->zeta;
    w->job.LT = w->LT;
    return MF_OK;
}

/* ---- W in the middle of a block ----------------------------------------------------------- */

static double sample(const mf_sgd *w, size_t k, size_t c) {
    return c < w->spec.law.d ? w->X[k * w->spec.law.d + c] : 1;
}

static double inner(const mf_sgd *w, size_t k, size_t l) {
    double sum = 0;
    for (size_t c = 0; c < w->job.moving; ++c)
        sum += sample(w, k, c) * sample(w, l, c);
    return sum;
}

/* Factor of Theta and of the covariance that m has left once beta(S_k) is known. */
static void factorise_view(mf_sgd *w, size_t k) {
    const mf_sgd_noise *n = w->noise;
    size_t block = n->block;
    double *left = n->numbers + block * block;
    for (size_t i = 0; i < block; ++i)
        for (size_t l = i; l < block; ++l)
            left[i * block + l] =
                    (bridge(n, i, l) - bridge(n, i, k) * bridge(n, k, l) / bridge(n, k, k)) *
                    inner(w, i, l);
    factorise(left, block, 1e-12);
}

/* beta(S_k) given m = L zeta (Matheron): draw an independent bridge beta' with its m', and
 * add Cov(beta(S_k), m) Theta^{-1} (m - m') to it. All arrays are [..][lane].                */
static void draw_bridge(mf_sgd *w, size_t panel, size_t k, double *beta) {
    const mf_sgd_noise *n = w->noise;
    size_t block = n->block, lanes = w->lanes, moving = w->job.moving;
    const double *U = n->numbers, *left = U + block * block;
    double *m = n->numbers + 3 * block * block, *e = m + block * lanes, variance = bridge(n, k, k);
    mf_rng_normals((mf_key){w->spec.seed, MF_SGD_STREAM_VIEW}, w->k * w->job.panels + panel,
                   (moving + block) * lanes, beta);
    const double *fresh = beta + moving * lanes;
    memset(m, 0, 2 * block * lanes * sizeof *m);
    for (size_t c = 0; c < moving; ++c)
        for (size_t i = 0; i < lanes; ++i)
            beta[c * lanes + i] *= sqrt(variance);
    for (size_t j = 1; j < block; ++j) {
        double *row = m + j * lanes;
        for (size_t c = 0; c < moving; ++c)
            for (size_t i = 0; i < lanes; ++i)
                row[i] += bridge(n, j, k) / variance * sample(w, j, c) * beta[c * lanes + i];
        for (size_t l = 0; l <= j; ++l)
            for (size_t i = 0; i < lanes; ++i)
                row[i] += left[l * block + j] * fresh[l * lanes + i];
    }
    for (size_t j = 1; j < block; ++j) { /* L^{-1} m', then zeta minus it */
        double pivot = U[j * block + j];
        for (size_t i = 0; i < lanes; ++i) {
            double value = m[j * lanes + i];
            for (size_t l = 1; l < j; ++l)
                value -= U[l * block + j] * m[l * lanes + i];
            m[j * lanes + i] = pivot > 0 ? value / pivot : 0;
        }
    }
    size_t strip = panel * w->job.Bp * lanes;
    for (size_t j = block - 1; j >= 1; --j) { /* e = L^{-T} (zeta - L^{-1} m') */
        double pivot = U[j * block + j];
        for (size_t i = 0; i < lanes; ++i) {
            double value = mf_sgd_get(w, w->zeta, strip + j * lanes + i) - m[j * lanes + i];
            for (size_t l = j + 1; l < block; ++l)
                value -= U[j * block + l] * e[l * lanes + i];
            e[j * lanes + i] = pivot > 0 ? value / pivot : 0;
        }
        for (size_t c = 0; c < moving; ++c)
            for (size_t i = 0; i < lanes; ++i)
                beta[c * lanes + i] += bridge(n, j, k) * sample(w, j, c) * e[j * lanes + i];
    }
}

void mf_sgd_noise_view(mf_sgd *w, size_t panel) {
    const mf_sgd_noise *n = w->noise;
    size_t k = w->columns, count = w->job.moving * w->lanes;
    double total = n->S[n->steps], share = total > 0 ? n->S[k / n->batch] / total : 0;
    double *beta = w->normals;
    bool bridged = k < n->block && bridge(n, k, k) > 0;
    if (bridged && panel == 0)
        factorise_view(w, k);
    if (bridged)
        draw_bridge(w, panel, k, beta);
    for (size_t i = 0; i < count; ++i) {
        double xi = total > 0 ? mf_sgd_get(w, w->xi, panel * w->job.Dp * w->lanes + i) : 0;
        double value = mf_sgd_get(w, w->scratch, i) + share * xi + (bridged ? beta[i] : 0);
        mf_sgd_put(w, w->scratch, i, n->A[k / n->batch] * value);
    }
}
