/* sampled.c: neuron responses on a sample of examples, as features. */
#include "sampled.h"

#include "core/base/blas.h"
#include "core/base/parallel.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One block of responses is BLOCK x PANEL doubles: 128 kilobytes. */
enum { PANEL = 64, BLOCK = 256 };

typedef struct {
    mf_potential head;
    mf_sampled_spec spec;
    mf_nodes nodes;
    const double *X, *y;   /* n x d, n           */
    double *own_X, *own_y; /* the same; NULL: they are a data set's */
    double *b, *weight;    /* n, n               */
} sampled;

static size_t blocks_of(size_t n, size_t size) {
    return (n + size - 1) / size;
}

static size_t count_of(size_t n, size_t size, size_t index) {
    size_t first = index * size;
    return n - first < size ? n - first : size;
}

/* Pre-activations z[k][j] of `samples` examples from `from` and `n` particles from theta. */
static void preactivate(const sampled *p, size_t from, size_t samples, const double *theta,
                        size_t ld, size_t n, double *z) {
    size_t d = p->spec.d;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)samples, (int)n, (int)d, 1,
                p->X + from * d, (int)d, theta, (int)ld, 0, z, PANEL);
    const double *b = p->spec.affine ? theta + (d + 1) * ld : NULL;
    for (size_t k = 0; b && k < samples; ++k)
        for (size_t j = 0; j < n; ++j)
            z[k * PANEL + j] += b[j];
}

static const double *output_weights(const sampled *p, const double *theta, size_t ld) {
    return p->spec.affine ? theta + p->spec.d * ld : NULL;
}

/* Whether BLAS can step over so many particles. */
static mf_status check_distance(size_t ld, mf_error *err) {
    return mf_blas_fits(ld) ? MF_OK : mf_fail(err, MF_EINVAL, "%zu particles are too many", ld);
}

/* MF_EDOMAIN if `out`, rows of n numbers ld apart, shows that a particle asks sigma beyond its range. */
static mf_status check_reach(const sampled *p, size_t n, const double *theta, size_t ld,
                             const double *out, size_t rows, size_t count, size_t ldo,
                             mf_error *err) {
    double low, high, z[BLOCK * PANEL], sum = 0;
    if (!mf_activation_range(&p->spec.activation, &low, &high))
        return MF_OK;
    for (size_t r = 0; r < rows; ++r)
        for (size_t j = 0; j < count; ++j)
            sum += 0 * out[r * ldo + j];
    mf_status status = MF_OK;
    for (size_t first = 0; first < n && isnan(sum) && status >= 0; first += PANEL) {
        size_t particles = n - first < PANEL ? n - first : PANEL;
        for (size_t from = 0; from < p->spec.n && status >= 0; from += BLOCK) {
            size_t samples = p->spec.n - from < BLOCK ? p->spec.n - from : BLOCK;
            preactivate(p, from, samples, theta + first, ld, particles, z);
            status = mf_poll(p->spec.stop, err);
            for (size_t k = 0; k < samples && status >= 0; ++k)
                status = mf_activation_check(&p->spec.activation, particles, z + k * PANEL, err);
        }
    }
    return status;
}

static mf_status sampled_features(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                                  double *F, size_t ldf, mf_error *err) {
    if (check_distance(ld, err) < 0)
        return MF_EINVAL;
    const sampled *p = (const sampled *)pot;
    double z[BLOCK * PANEL], scale = 1 / sqrt((double)p->spec.n);
    for (size_t first = 0; first < n; first += PANEL) {
        size_t particles = n - first < PANEL ? n - first : PANEL;
        const double *a = output_weights(p, theta + first, ld);
        for (size_t from = 0; from < p->spec.n; from += BLOCK) {
            size_t samples = p->spec.n - from < BLOCK ? p->spec.n - from : BLOCK;
            if (mf_poll(p->spec.stop, err) < 0)
                return MF_EINTERRUPTED;
            preactivate(p, from, samples, theta + first, ld, particles, z);
            for (size_t k = 0; k < samples; ++k) {
                double *out = F + (from + k) * ldf + first;
                mf_activation_apply(&p->spec.activation, particles, z + k * PANEL, out, NULL);
                for (size_t j = 0; j < particles; ++j)
                    out[j] *= a ? scale * a[j] : scale;
            }
        }
    }
    return check_reach(p, n, theta, ld, F, p->spec.n, n, ldf, err);
}

typedef struct {
    const sampled *p;
    const mf_measure *rho;
    const double *g, *theta;
    size_t n, ld;
    double *m, *value, *grad;
} job;

/* Mean responses of one block of samples, over all particles in order. */
static void mean_of_block(void *context, size_t block) {
    const job *work = context;
    const sampled *p = work->p;
    const mf_measure *rho = work->rho;
    double z[BLOCK * PANEL], weight[PANEL], scale = 1 / sqrt((double)p->spec.n);
    size_t samples = count_of(p->spec.n, BLOCK, block);
    double *m = work->m + block * BLOCK;
    for (size_t first = 0; first < rho->n && !mf_flag_is_set(p->spec.stop); first += PANEL) {
        size_t n = rho->n - first < PANEL ? rho->n - first : PANEL;
        const double *a = output_weights(p, rho->x + first, rho->ld);
        preactivate(p, block * BLOCK, samples, rho->x + first, rho->ld, n, z);
        for (size_t j = 0; j < n; ++j)
            weight[j] = scale * mf_measure_weight(rho, first + j) * (a ? a[j] : 1);
        for (size_t k = 0; k < samples; ++k) {
            double *row = z + k * PANEL, sum = 0;
            mf_activation_apply(&p->spec.activation, n, row, row, NULL);
            for (size_t j = 0; j < n; ++j)
                sum += weight[j] * row[j];
            m[k] += sum;
        }
    }
}

static mf_status sampled_mean(const mf_potential *pot, const mf_measure *rho, double *m,
                              void *scratch, mf_error *err) {
    if (check_distance(rho->ld, err) < 0)
        return MF_EINVAL;
    (void)scratch;
    job work = {.p = (const sampled *)pot, .rho = rho, .m = m};
    mf_parallel(blocks_of(work.p->spec.n, BLOCK), mean_of_block, &work);
    if (mf_poll(work.p->spec.stop, err) < 0)
        return MF_EINTERRUPTED;
    return check_reach(work.p, rho->n, rho->x, rho->ld, m, 1, work.p->spec.n, 0, err);
}

/* Value and gradient of <g, f> for one panel of particles, over all blocks in order. */
static void field_of_panel(void *context, size_t panel) {
    const job *work = context;
    const sampled *p = work->p;
    size_t d = p->spec.d, ld = work->ld, first = panel * PANEL, n = count_of(work->n, PANEL, panel);
    const double *theta = work->theta + first, *a = output_weights(p, theta, ld);
    double z[BLOCK * PANEL], slope[BLOCK * PANEL], scale = 1 / sqrt((double)p->spec.n);
    double response[PANEL] = {0}, tilt[PANEL] = {0}; /* sum g sigma, sum g sigma' */
    double *grad = work->grad ? work->grad + first : NULL;
    for (size_t c = 0; grad && c < p->head.dim; ++c)
        memset(grad + c * ld, 0, n * sizeof *grad);
    for (size_t from = 0; from < p->spec.n && !mf_flag_is_set(p->spec.stop); from += BLOCK) {
        size_t samples = p->spec.n - from < BLOCK ? p->spec.n - from : BLOCK;
        preactivate(p, from, samples, theta, ld, n, z);
        for (size_t k = 0; k < samples; ++k) {
            double *value = z + k * PANEL, *derivative = slope + k * PANEL;
            double g = scale * work->g[from + k];
            mf_activation_apply(&p->spec.activation, n, value, value, derivative);
            for (size_t j = 0; j < n; ++j) {
                response[j] += g * value[j];
                derivative[j] *= a ? g * a[j] : g;
                tilt[j] += derivative[j];
            }
        }
        if (grad)
            cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)d, (int)n, (int)samples, 1,
                        p->X + from * d, (int)d, slope, PANEL, 1, grad, (int)ld);
    }
    for (size_t j = 0; j < n; ++j) {
        if (work->value)
            work->value[first + j] = a ? a[j] * response[j] : response[j];
        if (grad && a) {
            grad[d * ld + j] = p->spec.fix_a ? 0 : response[j];
            grad[(d + 1) * ld + j] = p->spec.fix_b ? 0 : tilt[j];
        }
    }
}

static mf_status sampled_field(const mf_potential *pot, const double *g, size_t n,
                               const double *theta, size_t ld, double *value, double *grad,
                               void *scratch, mf_error *err) {
    if (check_distance(ld, err) < 0)
        return MF_EINVAL;
    (void)scratch;
    job work = {.p = (const sampled *)pot,
                .g = g,
                .theta = theta,
                .n = n,
                .ld = ld,
                .value = value,
                .grad = grad};
    mf_parallel(blocks_of(n, PANEL), field_of_panel, &work);
    mf_status status = mf_poll(work.p->spec.stop, err);
    if (value && status >= 0)
        status = check_reach(work.p, n, theta, ld, value, 1, n, 0, err);
    if (grad && status >= 0)
        status = check_reach(work.p, n, theta, ld, grad, work.p->head.dim, n, ld, err);
    return status;
}

/* U(theta, theta) is the mean square of the responses: |f|^2 exactly. */
static mf_status sampled_self(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                              double *u, mf_error *err) {
    if (check_distance(ld, err) < 0)
        return MF_EINVAL;
    const sampled *p = (const sampled *)pot;
    double z[BLOCK * PANEL], scale = 1 / (double)p->spec.n;
    memset(u, 0, n * sizeof *u);
    for (size_t first = 0; first < n; first += PANEL) {
        size_t particles = n - first < PANEL ? n - first : PANEL;
        const double *a = output_weights(p, theta + first, ld);
        for (size_t from = 0; from < p->spec.n; from += BLOCK) {
            size_t samples = p->spec.n - from < BLOCK ? p->spec.n - from : BLOCK;
            if (mf_poll(p->spec.stop, err) < 0)
                return MF_EINTERRUPTED;
            preactivate(p, from, samples, theta + first, ld, particles, z);
            for (size_t k = 0; k < samples; ++k) {
                double *row = z + k * PANEL;
                mf_activation_apply(&p->spec.activation, particles, row, row, NULL);
                for (size_t j = 0; j < particles; ++j)
                    u[first + j] += scale * row[j] * row[j] * (a ? a[j] * a[j] : 1);
            }
        }
    }
    return MF_OK;
}

/* Adds, over a block of samples, e^2 sigma'^2 |P_perp x|^2 for every particle of a panel, but for a^2:
 * P_perp takes <w, x>^2/|w|^2 away from |x|^2. z: pre-activations, overwritten.                    */
static void noise_of_block(const sampled *p, size_t samples, size_t n, const double *square,
                           const double *length, const double *b, const double *norm, double *z,
                           double *sum) {
    for (size_t k = 0; k < samples; ++k) {
        double *row = z + k * PANEL, slope[PANEL];
        mf_activation_apply(&p->spec.activation, n, row, NULL, slope);
        for (size_t j = 0; j < n; ++j) {
            double along = row[j] - (b ? b[j] : 0);
            sum[j] += square[k] * slope[j] * slope[j] * (length[k] - along * along / norm[j]);
        }
    }
}

static void noise_of_panel(void *context, size_t panel) {
    const job *work = context;
    const sampled *p = work->p;
    size_t d = p->spec.d, ld = work->ld, first = panel * PANEL, n = count_of(work->n, PANEL, panel);
    const double *theta = work->theta + first, *a = output_weights(p, theta, ld);
    const double *square = work->g, *length = square + p->spec.n, *b = a ? a + ld : NULL;
    double z[BLOCK * PANEL], sum[PANEL] = {0}, norm[PANEL] = {0};
    for (size_t c = 0; c < d; ++c)
        for (size_t j = 0; j < n; ++j)
            norm[j] += theta[c * ld + j] * theta[c * ld + j];
    for (size_t from = 0; from < p->spec.n && !mf_flag_is_set(p->spec.stop); from += BLOCK) {
        size_t samples = p->spec.n - from < BLOCK ? p->spec.n - from : BLOCK;
        preactivate(p, from, samples, theta, ld, n, z);
        noise_of_block(p, samples, n, square + from, length + from, b, norm, z, sum);
    }
    for (size_t j = 0; j < n; ++j) { /* w = 0 has no direction to grow in */
        double T = (a ? a[j] * a[j] : 1) * sum[j] / ((double)p->spec.n * 2 * norm[j]);
        for (size_t c = 0; c < d; ++c)
            work->grad[c * ld + first + j] = norm[j] > 0 ? T * theta[c * ld + j] : 0;
    }
}

/* yhat at example k is sqrt(n) m_k. */
static mf_status sampled_step_noise(const mf_potential *pot, double variance, const mf_measure *rho,
                                    size_t n, const double *theta, size_t ld, double *T,
                                    void *scratch, mf_error *err) {
    const sampled *p = (const sampled *)pot;
    size_t samples = p->spec.n, d = p->spec.d;
    double *square = scratch, *length = square + samples;
    if (check_distance(ld, err) < 0)
        return MF_EINVAL;
    mf_status status = mf_potential_mean(pot, rho, square, NULL, err);
    if (status < 0)
        return status;
    for (size_t k = 0; k < samples; ++k) {
        double rest = mf_loss_residual(&p->spec.loss, p->y[k], sqrt((double)samples) * square[k]);
        square[k] = rest * rest + variance;
        length[k] = cblas_ddot((int)d, p->X + k * d, 1, p->X + k * d, 1);
    }
    job work = {.p = p, .g = square, .theta = theta, .n = n, .ld = ld, .grad = T};
    mf_parallel(blocks_of(n, PANEL), noise_of_panel, &work);
    return mf_poll(p->spec.stop, err);
}

static size_t sampled_scratch(const mf_potential *pot, size_t n) {
    (void)n; /* the panels fit on the stack; step_noise wants two numbers an example */
    return 2 * ((const sampled *)pot)->spec.n * sizeof(double);
}

static void sampled_free(mf_potential *pot) {
    free(pot);
}

static bool sampled_is_fixed(const mf_potential *pot, size_t c) {
    const sampled *p = (const sampled *)pot;
    return p->spec.affine &&
           ((p->spec.fix_a && c == p->spec.d) || (p->spec.fix_b && c == p->spec.d + 1));
}

static const mf_potential_ops sampled_ops = {.name = "sampled",
                                             .features = sampled_features,
                                             .mean = sampled_mean,
                                             .field = sampled_field,
                                             .scratch = sampled_scratch,
                                             .free = sampled_free,
                                             .self = sampled_self,
                                             .step_noise = sampled_step_noise,
                                             .is_fixed = sampled_is_fixed};

mf_status mf_sampled_new(const mf_sampled_spec *spec, mf_potential **out, mf_error *err) {
    size_t n = spec->n, d = spec->d;
    if (n > SIZE_MAX / 64 / (d + 3) || !mf_blas_fits(n) || !mf_blas_fits(d))
        return mf_fail(err, MF_ENOMEM, "%zu examples in dimension %zu do not fit in memory", n, d);
    size_t head = (sizeof(sampled) + 63) & ~(size_t)63, own = spec->examples ? 0 : n * (d + 1);
    sampled *p = aligned_alloc(64, (head + (own + 2 * n) * sizeof(double) + 63) & ~(size_t)63);
    if (!p)
        return mf_fail(err, MF_ENOMEM, "out of memory for %zu examples in dimension %zu", n, d);
    *p = (sampled){.spec = *spec};
    p->b = (double *)(void *)((char *)p + head);
    p->weight = p->b + n;
    if (spec->examples) {
        p->X = spec->examples->X;
        p->y = spec->examples->y;
    } else {
        p->y = p->own_y = p->weight + n;
        p->X = p->own_X = p->own_y + n;
    }
    memset(p->b, 0,
           (own ? 3 : 2) * n * sizeof(double)); /* X is filled by the caller, at his pace */
    p->head = (mf_potential){.ops = &sampled_ops,
                             .space = spec->affine ? &mf_space_affine : &mf_space_plain,
                             .dim = d + (spec->affine ? 2 : 0),
                             .rank = n,
                             .b = p->b};
    *out = &p->head;
    return MF_OK;
}

double *mf_sampled_x(mf_potential *pot) {
    return ((sampled *)pot)->own_X;
}

double *mf_sampled_y(mf_potential *pot) {
    return ((sampled *)pot)->own_y;
}

mf_status mf_sampled_finish(mf_potential *pot, mf_error *err) {
    sampled *p = (sampled *)pot;
    size_t n = p->spec.n;
    double square = 0;
    for (size_t k = 0; k < n; ++k) {
        p->b[k] = -p->y[k] / sqrt((double)n);
        p->weight[k] = 1 / (double)n;
        square += p->y[k] * p->y[k];
    }
    pot->risk0 = square / (double)n;
    p->nodes = (mf_nodes){p->spec.loss, p->y, p->weight};
    mf_status status = mf_loss_check(&p->spec.loss, n, p->y, err);
    if (status >= 0)
        mf_potential_set_nodes(pot, &p->nodes);
    return status;
}
