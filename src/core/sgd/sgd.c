/* sgd.c: one-pass SGD, the plain loop and the blocked one.
 *
 * Plain: W is the state after step k; a step is a pass for yhat and a pass for the update.
 * Blocked: W is the state at the start of the open block (`base`). Opening a block adds what
 * the former one left pending and multiplies W by the new samples, in one pass over memory;
 * then `columns` steps have been taken in it, each leaving its column of sigma' in P and its
 * sample times its coefficient in X_old. Weights after step k are only made when asked for:
 * nothing the caller does between two steps changes a bit of the run.                       */
#include "sgd.h"

#include "core/base/parallel.h"
#include "noise.h"
#include "state.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { POLL_FLOPS = 40000000 };

/* |yhat| beyond this is no longer a network: the step size was too large. */
static const double absurd = 1e12;

#define CALL(w, kernel, ...)                                                                       \
    ((w)->single ? mf_sgd_kernels_best()->kernel##_f(__VA_ARGS__)                                  \
                 : mf_sgd_kernels_best()->kernel##_d(__VA_ARGS__))

MF_KERNELS(mf_sgd_kernels, MF_SGD_ALL_KERNELS)

/* ---- plan and memory ------------------------------------------------------------------------- */

static size_t round_up(size_t n, size_t unit) {
    return (n + unit - 1) / unit * unit;
}

bool mf_sgd_is_noisy(const mf_sgd_spec *spec) {
    return isfinite(spec->beta) || spec->lambda > 0;
}

/* Measured (docs/blocked-sgd.md): the optimum is flat. */
static size_t default_block(const mf_sgd_spec *spec) {
    if (mf_sgd_is_noisy(spec))
        return spec->law.d <= 100 ? 40 : 80;
    if (spec->law.d <= 60)
        return 15;
    return spec->N >= MF_SGD_THREADED ? 60 : 40;
}

/* A block of samples of a high dimension, several times, beside a panel that is mostly empty. */
static bool is_thin(const mf_sgd_spec *spec) {
    return spec->N < MF_SGD_LANES_D && spec->law.d >= 100000;
}

/* Decay over a block divides by its own product: it must stay far from 0. */
static bool decays_fast(const mf_sgd_spec *spec, size_t block) {
    double s = spec->xi.kind == MF_SCHEDULE_CUSTOM
                       ? spec->eps
                       : spec->eps * mf_schedule_xi(&spec->xi, spec->eps);
    size_t batch = spec->batch ? spec->batch : 1;
    return 2 * spec->lambda * s * (double)block / (double)batch > 1;
}

mf_status mf_sgd_plan(mf_sgd_spec *spec, mf_error *err) {
    size_t block = spec->block ? spec->block : default_block(spec);
    if (block > MF_SGD_BLOCK_MAX)
        return mf_fail(err, MF_EINVAL, "block = %zu must be at most %d", block, MF_SGD_BLOCK_MAX);
    bool custom = mf_law_is_fed(&spec->law);
    if (custom && spec->algorithm == MF_SGD_BLOCKED)
        return mf_fail(err, MF_EUNSUPPORTED,
                       "a custom distribution takes the plain loop: algorithm = 'plain' or 'auto'");
    if (spec->batch == 0)
        spec->batch = 1;
    if (spec->block == 0) /* whole batches */
        block = round_up(block, spec->batch);
    bool large = block > MF_SGD_BLOCK_MAX;
    if (spec->algorithm == MF_SGD_AUTO)
        spec->algorithm = custom || large || is_thin(spec) || decays_fast(spec, block)
                                  ? MF_SGD_PLAIN
                                  : MF_SGD_BLOCKED;
    if (spec->algorithm == MF_SGD_BLOCKED && (large || block % spec->batch != 0))
        return mf_fail(err, MF_EUNSUPPORTED,
                       "batch = %zu: a block of at most %d samples must be a whole number of "
                       "batches; choose the block, or algorithm = 'plain'",
                       spec->batch, MF_SGD_BLOCK_MAX);
    spec->block = spec->algorithm == MF_SGD_PLAIN ? spec->batch : block;
    return MF_OK;
}

/* The sections of the workspace, in order. With mem == NULL only sizes are added up. */
static size_t lay_out(mf_sgd *w, char *mem) {
    const mf_sgd_spec *spec = &w->spec;
    mf_sgd_job *job = &w->job;
    bool blocked = spec->algorithm == MF_SGD_BLOCKED, noisy = mf_sgd_is_noisy(spec);
    size_t real = w->single ? sizeof(float) : sizeof(double), used = 0;
    size_t strip = job->panels * w->lanes * real, d = spec->law.d, block = spec->block;
#define SECTION(pointer, bytes)                                                                    \
    do {                                                                                           \
        size_t size_ = (bytes);                                                                    \
        if (mem && size_ > 0)                                                                      \
            (pointer) = (void *)(mem + used);                                                      \
        used += round_up(size_, 64);                                                               \
    } while (0)
    used = round_up(sizeof *w, 64);
    SECTION(w->law, spec->law.numbers * sizeof(double));
    SECTION(w->table, mf_sgd_table_bytes(&spec->sigma));
    SECTION(job->W, strip * job->Dp);
    SECTION(job->a, job->affine ? strip : 0);
    SECTION(w->a_start, job->affine ? strip : 0);
    SECTION(job->output, job->keeps_output ? strip : 0);
    SECTION(job->P, strip * job->Bp);
    SECTION(w->S_old, blocked ? strip * job->Bp : 0);
    SECTION(w->a_step, job->keeps_output && spec->batch > 1 ? strip : 0);
    SECTION(w->X, block * d * sizeof(double));
    SECTION(w->y, block * sizeof(double));
    SECTION(w->s, block * sizeof(double));
    SECTION(w->gains, blocked ? 0 : block * sizeof(double));
    SECTION(w->X_old, (blocked ? block : 1) * job->Dp * real);
    SECTION(w->XT, blocked ? job->Dp * job->ldk * real : 0);
    SECTION(w->gram, blocked ? job->Bp * job->ldk * real : 0);
    SECTION(job->sums, w->chunks * sizeof(double));
    SECTION(w->scratch, blocked ? w->lanes * job->Dp * real : 0);
    SECTION(w->normals, noisy ? (job->Dp + job->panels + block) * w->lanes * sizeof(double) : 0);
    if (noisy && blocked) {
        SECTION(w->noise, mf_sgd_noise_bytes(block, w->lanes));
        SECTION(w->xi, strip * job->Dp);
        SECTION(w->zeta, strip * job->Bp);
        SECTION(w->XT_xi, job->Dp * job->ldk * real);
        SECTION(w->LT, job->Bp * job->ldk * real);
    }
#undef SECTION
    return used;
}

/* sigma as slope * z + offset on each segment. */
static void make_response(mf_sgd_response *r, const mf_activation *sigma) {
    r->sigma = sigma;
    if (sigma->kind != MF_ACT_PIECEWISE)
        return;
    size_t n = r->knots = sigma->knots;
    for (size_t i = 0; i <= n; ++i) {
        size_t anchor = i ? i - 1 : 0;
        r->slope[i] = i == 0   ? sigma->slope_left
                      : i == n ? sigma->slope_right
                               : (sigma->s[i] - sigma->s[i - 1]) / (sigma->t[i] - sigma->t[i - 1]);
        r->offset[i] = sigma->s[anchor] - r->slope[i] * sigma->t[anchor];
        if (i < n)
            r->knot[i] = sigma->t[i];
    }
}

static void describe(mf_sgd *w, const mf_sgd_spec *spec) {
    mf_sgd_job *job = &w->job;
    w->spec = *spec;
    w->single = spec->precision == MF_SINGLE;
    w->lanes = w->single ? MF_SGD_LANES_F : MF_SGD_LANES_D;
    job->affine = spec->neuron == MF_NEURON_AFFINE;
    job->keeps_output = job->affine && !spec->fix_a;
    job->N = spec->N;
    job->panels = round_up(spec->N, w->lanes) / w->lanes;
    job->D = spec->law.d + (job->affine ? 1 : 0);
    job->moving = spec->law.d + (job->affine && !spec->fix_b ? 1 : 0);
    job->Dp = round_up(job->D, MF_SGD_COLUMNS);
    job->Bp = round_up(spec->block, MF_SGD_COLUMNS);
    job->ldk = round_up(spec->block, w->lanes);
    job->decay = job->scale = 1;
    w->chunks = round_up(job->panels, MF_SGD_CHUNK) / MF_SGD_CHUNK;
}

size_t mf_sgd_bytes(const mf_sgd_spec *spec) {
    double numbers =
            ((double)spec->N + 160) * (2 * (double)spec->law.d + 1000 + (double)spec->batch) +
            (double)spec->law.numbers;
    if (numbers > 0x1p47) /* a petabyte */
        return 0;
    mf_sgd w = {0};
    describe(&w, spec);
    return lay_out(&w, NULL);
}

mf_sgd *mf_sgd_init(void *mem, const mf_sgd_spec *spec) {
    mf_sgd *w = mem;
    describe(w, spec);
    lay_out(w, mem);
    if (spec->law.numbers) {
        memcpy(w->law, spec->law.number, spec->law.numbers * sizeof *w->law);
        w->spec.law.number = w->law;
    }
    if (spec->sigma.table) {
        memcpy(w->table, spec->sigma.table, mf_sgd_table_bytes(&spec->sigma));
        w->spec.sigma.table = w->table;
    }
    make_response(&w->job.response, &w->spec.sigma);
    if (w->noise)
        mf_sgd_noise_init(w->noise, spec->block, spec->batch);
    if (w->job.affine)
        for (size_t i = 0; i < spec->N; ++i) {
            mf_sgd_put(w, w->job.a, i, 1);
            mf_sgd_put(w, w->a_start, i, 1);
        }
    return w;
}

void mf_sgd_set(mf_sgd *w, size_t i, const double *values, double a, double b) {
    assert(w->k == 0 && i < w->spec.N);
    size_t d = w->spec.law.d;
    for (size_t c = 0; c < d; ++c)
        mf_sgd_put(w, w->job.W, mf_sgd_at(w, i, c), values[c]);
    if (!w->job.affine)
        return;
    mf_sgd_put(w, w->job.W, mf_sgd_at(w, i, d), b);
    mf_sgd_put(w, w->job.a, i, a);
    mf_sgd_put(w, w->a_start, i, a);
}

const mf_sgd_spec *mf_sgd_spec_of(const mf_sgd *w) {
    return &w->spec;
}

uint64_t mf_sgd_k(const mf_sgd *w) {
    return w->k;
}

double mf_sgd_yhat(const mf_sgd *w) {
    return w->yhat;
}

/* ---- what both algorithms share ------------------------------------------------------------- */

typedef struct {
    mf_sgd *w;
    size_t k;
    double scale, gain;
    const void *x; /* a sample, in the run's precision */
} work;

/* Chunks of panels, on several threads where they are worth it. */
static void over_chunks(mf_sgd *w, size_t worth, void (*body)(void *, size_t), work *context) {
    if (w->spec.N >= worth)
        mf_parallel(w->chunks, body, context);
    else
        for (size_t chunk = 0; chunk < w->chunks; ++chunk)
            body(context, chunk);
}

static void column_chunk(void *context, size_t chunk) {
    work *c = context;
    CALL(c->w, sgd_column, &c->w->job, c->k, chunk);
}

/* Column k: sigma and its sum. A column is short: threads pay only for very many neurons. */
static void column(mf_sgd *w, size_t k) {
    work c = {.w = w, .k = k};
    double sum = 0;
    over_chunks(w, (size_t)4 * MF_SGD_THREADED, column_chunk, &c);
    for (size_t chunk = 0; chunk < w->chunks; ++chunk)
        sum += w->job.sums[chunk];
    w->yhat = sum / (double)w->spec.N;
}

static double step_size(const mf_sgd *w, uint64_t k) {
    return w->spec.eps * mf_schedule_xi(&w->spec.xi, (double)k * w->spec.eps);
}

static double noise_deviation(const mf_sgd *w, double s) {
    return isfinite(w->spec.beta) ? sqrt(w->spec.noise_factor * s / w->spec.beta) : 0;
}

static mf_key key_of(const mf_sgd *w, uint64_t stream) {
    return (mf_key){w->spec.seed, stream};
}

/* The output weights' share of a sample in column c, and after the last of a step their step
 * (Eq. 3 and its noise). Within a batch the changes wait, so that a stays what it was.       */
static void learn_output(mf_sgd *w, uint64_t step, size_t c, double s, double gain) {
    size_t batch = w->spec.batch;
    if (!w->job.keeps_output)
        return;
    mf_sgd_job job = w->job;
    if (batch > 1) {
        job.a = w->a_step;
        CALL(w, sgd_output, &job, c % batch ? 1 : 0, gain, 0, NULL);
        if ((c + 1) % batch != 0)
            return;
        job.a = w->job.a;
        job.output = w->a_step;
        gain = 1;
    }
    double spread = noise_deviation(w, s);
    const void *noise = spread > 0 ? mf_sgd_draw(w, key_of(w, MF_SGD_STREAM_A), step,
                                                 job.panels * w->lanes, w->normals)
                                   : NULL;
    CALL(w, sgd_output, &job, 1 - 2 * w->spec.lambda * s, gain, spread, noise);
}

static mf_status check_output(const mf_sgd *w, uint64_t step, mf_error *err) {
    if (fabs(w->yhat) < absurd) /* false for NaN */
        return MF_OK;
    return mf_fail(err, MF_EDIVERGED,
                   "diverged at step %llu (t = %g): the prediction is %g; try a smaller eps",
                   (unsigned long long)step, (double)step * w->spec.eps, w->yhat);
}

/* ---- plain ------------------------------------------------------------------------------------- */

static void dot_chunk(void *context, size_t chunk) {
    work *c = context;
    CALL(c->w, sgd_dot, &c->w->job, c->x, chunk);
}

static void update_chunk(void *context, size_t chunk) {
    work *c = context;
    CALL(c->w, sgd_update, &c->w->job, c->x, c->scale, c->gain, chunk);
}

static void add_noise(mf_sgd *w, uint64_t step, double deviation) {
    size_t n = w->job.moving * w->lanes;
    for (size_t p = 0; p < w->job.panels; ++p) {
        mf_rng_normals(key_of(w, MF_STREAM_NOISE), (step - 1) * w->job.panels + p, n, w->normals);
        for (size_t i = 0; i < n; ++i) {
            size_t at = p * w->job.Dp * w->lanes + i;
            mf_sgd_put(w, w->job.W, at, mf_sgd_get(w, w->job.W, at) + deviation * w->normals[i]);
        }
    }
}

/* Sample k as the kernels want it: in the precision of the run, with `offset` for b. Its column
 * of P becomes the first: samples of one step do not see each other.                          */
static const void *load_sample(mf_sgd *w, char *P, size_t k, const double *x, double offset) {
    size_t real = w->single ? sizeof(float) : sizeof(double);
    mf_sgd_scale(w, w->X_old, 0, x, w->spec.law.d, 1);
    if (w->job.affine)
        mf_sgd_put(w, w->X_old, w->spec.law.d, offset);
    w->job.P = P + k * w->lanes * real;
    return w->X_old;
}

/* Predictions of a step's samples, all at the weights before it. */
static mf_status predict(mf_sgd *w, char *P, const double *X, size_t ldx, const double *y, double s,
                         mf_error *err) {
    mf_status status = MF_OK;
    for (size_t k = 0; k < w->spec.batch && status >= 0; ++k) {
        work c = {.w = w, .x = load_sample(w, P, k, X + k * ldx, 1)};
        over_chunks(w, MF_SGD_THREADED, dot_chunk, &c);
        column(w, 0);
        status = check_output(w, w->k + 1, err);
        w->gains[k] = 2 * s * (y[k] - w->yhat) / (double)w->spec.batch;
        if (status >= 0)
            learn_output(w, w->k + 1, k, s, w->gains[k]);
    }
    w->job.P = P;
    return status;
}

static mf_status plain_step(mf_sgd *w, const double *X, size_t ldx, const double *y, double s,
                            mf_error *err) {
    char *P = w->job.P;
    mf_status status = predict(w, P, X, ldx, y, s, err);
    if (status < 0)
        return status;
    for (size_t k = 0; k < w->spec.batch; ++k) {
        work c = {.w = w, .gain = w->gains[k], .scale = k ? 1 : 1 - 2 * w->spec.lambda * s};
        c.x = load_sample(w, P, k, X + k * ldx, w->spec.fix_b ? 0 : 1);
        over_chunks(w, MF_SGD_THREADED, update_chunk, &c);
    }
    w->job.P = P;
    if (noise_deviation(w, s) > 0)
        add_noise(w, w->k + 1, noise_deviation(w, s));
    w->base = ++w->k;
    return MF_OK;
}

mf_status mf_sgd_feed(mf_sgd *w, size_t n, const double *X, size_t ldx, const double *y,
                      const double *s, mf_error *err) {
    assert(w->spec.algorithm == MF_SGD_PLAIN);
    size_t batch = w->spec.batch;
    mf_status status = MF_OK;
    for (size_t i = 0; i < n && status >= 0; ++i)
        status = plain_step(w, X + i * batch * ldx, ldx, y + i * batch,
                            s ? s[i] : step_size(w, w->k + 1), err);
    return status;
}

static mf_status run_plain(mf_sgd *w, uint64_t to, const double *s, const mf_flag *stop,
                           mf_error *err) {
    double flops = 0, each = 4 * (double)w->spec.N * (double)(w->job.D * w->spec.batch);
    for (uint64_t from = w->k; w->k < to; flops += each) {
        if (flops > POLL_FLOPS) {
            if (mf_flag_is_set(stop))
                return MF_STOPPED;
            flops = 0;
        }
        mf_distribution_sample(&w->spec.law, key_of(w, MF_STREAM_DATA),
                               mf_sgd_sample_after(w, w->k), w->spec.batch, w->X, w->spec.law.d,
                               w->y);
        double size = s ? s[w->k - from] : step_size(w, w->k + 1);
        mf_status status = plain_step(w, w->X, w->spec.law.d, w->y, size, err);
        if (status < 0)
            return status;
    }
    return MF_OK;
}

/* ---- blocked ------------------------------------------------------------------------------------ */

static void sweep_chunk(void *context, size_t chunk) {
    work *c = context;
    CALL(c->w, sgd_sweep, &c->w->job, chunk);
}

/* What samples of one batch see of each other: nothing. */
static void separate_batches(mf_sgd *w) {
    size_t batch = w->spec.batch;
    for (size_t j = 0; batch > 1 && j < w->spec.block; ++j)
        for (size_t k = j + 1; k % batch != 0; ++k)
            mf_sgd_put(w, w->gram, j * w->job.ldk + k, 0);
}

/* The block's samples, by rows in X and by columns in XT. */
static void draw_block(mf_sgd *w) {
    size_t d = w->spec.law.d, block = w->spec.block, ldk = w->job.ldk;
    mf_distribution_sample(&w->spec.law, key_of(w, MF_STREAM_DATA), mf_sgd_sample_after(w, w->base),
                           block, w->X, d, w->y);
    mf_sgd_transpose(w, w->X, block, w->XT);
    for (size_t k = 0; w->job.affine && k < block; ++k)
        mf_sgd_put(w, w->XT, d * ldk + k, w->spec.fix_b ? 0 : 1);
    w->job.XT = w->XT;
    CALL(w, sgd_gram, &w->job, w->job.Bp, w->gram);
    w->job.gram = w->gram;
}

/* Adds what a full block leaves to W, decay and noise included. */
static void close_noisy(mf_sgd *w) {
    mf_sgd_job *job = &w->job;
    work c = {.w = w};
    job->columns = 0;
    job->decay = w->noise->A[w->noise->steps];
    job->xi_old = w->noise->S[w->noise->steps] > 0 ? w->xi : NULL;
    over_chunks(w, MF_SGD_THREADED, sweep_chunk, &c);
    job->pending = 0;
}

/* Makes ready the next block of steps, base+1 and on; if a block is open, all its steps have been taken and
 * what it leaves is added to W on the way: in the pass that makes the new products, or with
 * noise, whose new numbers take the place of the old ones, in a pass of its own.            */
static mf_status open_block(mf_sgd *w, const double *s, mf_error *err) {
    mf_sgd_job *job = &w->job;
    mf_status status = MF_OK;
    work c = {.w = w};
    size_t strip = job->panels * w->lanes * (w->single ? sizeof(float) : sizeof(double));
    job->pending = 0;
    if (w->open) {
        void *filled = job->P;
        job->P = w->S_old;
        job->S_old = w->S_old = filled;
        job->X_old = w->X_old;
        job->pending = w->spec.block;
        w->base += mf_sgd_block_steps(w);
        if (w->noise)
            close_noisy(w);
    }
    if (job->affine)
        memcpy(w->open ? w->a_start : job->a, w->open ? job->a : w->a_start, strip);
    for (size_t i = 0; s != w->s && i < mf_sgd_block_steps(w); ++i)
        w->s[i] = s ? s[i] : step_size(w, w->base + i + 1);
    draw_block(w);
    w->open = false;
    if (w->noise)
        status = mf_sgd_noise_open(w, err);
    if (status < 0)
        return status;
    separate_batches(w); /* after the noise, which has seen the samples' products */
    /* A frozen offset counts in z but is neither learned nor scaled. */
    for (size_t k = 0; job->affine && k < w->spec.block; ++k)
        mf_sgd_put(w, w->XT, w->spec.law.d * job->ldk + k,
                   w->noise && w->spec.fix_b ? 1 / w->noise->A[k / w->spec.batch] : 1);
    job->columns = job->Bp;
    over_chunks(w, MF_SGD_THREADED, sweep_chunk, &c);
    w->open = true;
    w->columns = 0;
    return MF_OK;
}

/* The next sample of the open block; the last of its batch completes step `step`. */
static mf_status take_sample(mf_sgd *w, size_t step, mf_error *err) {
    size_t c = w->columns, d = w->spec.law.d, Dp = w->job.Dp;
    uint64_t number = w->base + step + 1;
    w->job.scale = w->noise ? w->noise->A[step] : 1;
    column(w, c);
    mf_status status = check_output(w, number, err);
    if (status < 0)
        return status;
    double gain = 2 * w->s[step] * (w->y[c] - w->yhat) / (double)w->spec.batch;
    double coefficient = w->noise ? gain / w->noise->A[step + 1] : gain;
    mf_sgd_scale(w, w->X_old, c * Dp, w->X + c * d, d, coefficient);
    if (w->job.affine)
        mf_sgd_put(w, w->X_old, c * Dp + d, w->spec.fix_b ? 0 : coefficient);
    mf_sgd_scale(w, w->gram, c * w->job.ldk, NULL, w->job.ldk, coefficient);
    learn_output(w, number, c, w->s[step], gain);
    ++w->columns;
    return MF_OK;
}

static mf_status blocked_step(mf_sgd *w, mf_error *err) {
    size_t step = w->columns / w->spec.batch;
    mf_status status = MF_OK;
    for (size_t i = 0; i < w->spec.batch && status >= 0; ++i)
        status = take_sample(w, step, err);
    if (status >= 0)
        w->k = w->base + step + 1;
    return status;
}

/* From the start of the block, whose state W is, to step k. */
static mf_status replay(mf_sgd *w, uint64_t k, mf_error *err) {
    w->open = false;
    mf_status status = open_block(w, w->s, err);
    while (status >= 0 && w->base + w->columns / w->spec.batch < k)
        status = blocked_step(w, err);
    return status;
}

uint64_t mf_sgd_first(const mf_sgd *w) {
    return w->open ? w->base + mf_sgd_block_steps(w) : w->base;
}

uint64_t mf_sgd_last(const mf_sgd *w, uint64_t to) {
    uint64_t first = mf_sgd_first(w), block = mf_sgd_block_steps(w);
    return to <= first ? first : first + (to - first + block - 1) / block * block;
}

static mf_status run_blocked(mf_sgd *w, uint64_t to, const double *s, const mf_flag *stop,
                             mf_error *err) {
    uint64_t first = mf_sgd_first(w);
    double flops = 0, each = 4 * (double)w->spec.N * (double)(w->job.D * w->spec.block);
    while (w->k < to) {
        if (!w->open || w->columns == w->spec.block) {
            if (flops > POLL_FLOPS && mf_flag_is_set(stop))
                return MF_STOPPED;
            flops = flops > POLL_FLOPS ? each : flops + each;
            uint64_t next = mf_sgd_first(w);
            mf_status status = open_block(w, s ? s + (next - first) : NULL, err);
            if (status < 0)
                return status;
        }
        mf_status status = blocked_step(w, err);
        if (status < 0) {
            double yhat = w->yhat;
            replay(w, w->k, NULL);
            w->yhat = yhat;
            return status;
        }
    }
    return MF_OK;
}

mf_status mf_sgd_run(mf_sgd *w, uint64_t to, const double *s, const mf_flag *stop, mf_error *err) {
    assert(!mf_law_is_fed(&w->spec.law));
    if (w->spec.algorithm == MF_SGD_PLAIN)
        return run_plain(w, to, s, stop, err);
    return run_blocked(w, to, s, stop, err);
}

/* ---- views -------------------------------------------------------------------------------------- */

/* The panel after step k: W's own, or made in w->scratch. */
static const void *make_panel(mf_sgd *w, size_t panel) {
    size_t real = w->single ? sizeof(float) : sizeof(double), size = w->job.Dp * w->lanes * real;
    const char *from = (const char *)w->job.W + panel * size;
    if (!w->open || w->columns == 0)
        return from;
    memcpy(w->scratch, from, size);
    mf_sgd_job view = w->job;
    view.W = w->scratch;
    view.S_old = (const char *)w->job.P + panel * w->job.Bp * w->lanes * real;
    view.X_old = w->X_old;
    view.pending = w->columns;
    view.columns = 0;
    view.xi_old = NULL;
    view.decay = 1;
    view.panels = 1;
    CALL(w, sgd_sweep, &view, 0);
    if (w->noise)
        mf_sgd_noise_view(w, panel);
    return w->scratch;
}

void mf_sgd_weights(mf_sgd *w, double *out, size_t ld, double *a, double *b) {
    size_t d = w->spec.law.d, N = w->spec.N;
    for (size_t p = 0; p < w->job.panels; ++p) {
        const void *now = make_panel(w, p);
        for (size_t i = p * w->lanes; i < (p + 1) * w->lanes && i < N; ++i) {
            size_t lane = i - p * w->lanes;
            for (size_t c = 0; c < d; ++c)
                out[c * ld + i] = mf_sgd_get(w, now, c * w->lanes + lane);
            if (a)
                a[i] = w->job.affine ? mf_sgd_get(w, w->job.a, i) : 1;
            if (b)
                b[i] = w->job.affine ? mf_sgd_get(w, now, d * w->lanes + lane) : 0;
        }
    }
}
