/* blocked.c: the blocked loop, the same steps as matrix products (docs/blocked-sgd.md).
 *
 * W is the state at the start of the open block (`base`). Opening a block adds what the former
 * one left pending and multiplies W by the new samples, in one pass over memory; then `columns`
 * steps have been taken in it, each leaving its column of sigma' in P and its sample times its
 * coefficient in X_old. Weights after step k are only made when asked for: nothing the caller
 * does between two steps changes a bit of the run.                                           */
#include "noise.h"
#include "step.h"

#include <string.h>

static void sweep_chunk(void *context, size_t chunk) {
    mf_sgd_work *c = context;
    MF_SGD_CALL(c->w, sgd_sweep, &c->w->job, chunk);
}

/* What samples of one batch see of each other: nothing. */
static void separate_batches(mf_sgd *w) {
    size_t batch = w->spec.batch;
    for (size_t j = 0; batch > 1 && j < w->spec.block; ++j)
        for (size_t k = j + 1; k % batch != 0; ++k)
            mf_sgd_put(w, w->gram, j * w->job.ldk + k, 0);
}

/* The block's samples, by rows in X and by columns in XT. */
static mf_status draw_block(mf_sgd *w, const double *y, mf_error *err) {
    size_t d = w->spec.law.d, block = w->spec.block, ldk = w->job.ldk;
    mf_status status = mf_sgd_take(w, mf_sgd_sample_after(w, w->base), block, w->X, w->y, y, err);
    if (status < 0)
        return status;
    mf_sgd_transpose(w, w->X, block, w->XT);
    for (size_t k = 0; w->job.affine && k < block; ++k)
        mf_sgd_put(w, w->XT, d * ldk + k, w->spec.fix_b ? 0 : 1);
    w->job.XT = w->XT;
    MF_SGD_CALL(w, sgd_gram, &w->job, w->job.Bp, w->gram);
    w->job.gram = w->gram;
    return MF_OK;
}

/* Adds what a full block leaves to W, decay and noise included. */
static void close_noisy(mf_sgd *w) {
    mf_sgd_job *job = &w->job;
    mf_sgd_work c = {.w = w};
    job->columns = 0;
    job->decay = w->noise->A[w->noise->steps];
    job->xi_old = w->noise->S[w->noise->steps] > 0 ? w->xi : NULL;
    mf_sgd_over_chunks(w, MF_SGD_THREADED, sweep_chunk, &c);
    job->pending = 0;
}

/* Makes ready the next block of steps, base+1 and on; if a block is open, all its steps have been taken and
 * what it leaves is added to W on the way: in the pass that makes the new products, or with
 * noise, whose new numbers take the place of the old ones, in a pass of its own.            */
static mf_status open_block(mf_sgd *w, const double *s, const double *y, mf_error *err) {
    mf_sgd_job *job = &w->job;
    mf_status status = MF_OK;
    mf_sgd_work c = {.w = w};
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
        w->s[i] = s ? s[i] : mf_sgd_step_size(w, w->base + i + 1);
    status = draw_block(w, y, err);
    w->open = false;
    if (w->noise && status >= 0)
        status = mf_sgd_noise_open(w, err);
    if (status < 0)
        return status;
    separate_batches(w); /* after the noise, which has seen the samples' products */
    /* A frozen offset counts in z but is neither learned nor scaled. */
    for (size_t k = 0; job->affine && k < w->spec.block; ++k)
        mf_sgd_put(w, w->XT, w->spec.law.d * job->ldk + k,
                   w->noise && w->spec.fix_b ? 1 / w->noise->A[k / w->spec.batch] : 1);
    job->columns = job->Bp;
    mf_sgd_over_chunks(w, MF_SGD_THREADED, sweep_chunk, &c);
    w->open = true;
    w->columns = 0;
    return MF_OK;
}

/* The next sample of the open block; the last of its batch completes step `step`. */
static mf_status take_sample(mf_sgd *w, size_t step, mf_error *err) {
    size_t c = w->columns, d = w->spec.law.d, Dp = w->job.Dp;
    uint64_t number = w->base + step + 1;
    w->job.scale = w->noise ? w->noise->A[step] : 1;
    mf_sgd_column(w, c);
    mf_status status = mf_sgd_check_output(w, number, err);
    if (status < 0)
        return status;
    double gain = 2 * w->s[step] * mf_sgd_residual(w, w->y[c]) / (double)w->spec.batch;
    double coefficient = w->noise ? gain / w->noise->A[step + 1] : gain;
    mf_sgd_scale(w, w->X_old, c * Dp, w->X + c * d, d, coefficient);
    if (w->job.affine)
        mf_sgd_put(w, w->X_old, c * Dp + d, w->spec.fix_b ? 0 : coefficient);
    mf_sgd_scale(w, w->gram, c * w->job.ldk, NULL, w->job.ldk, coefficient);
    mf_sgd_learn_output(w, number, c, w->s[step], gain);
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
    mf_status status = open_block(w, w->s, w->y, err);
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

mf_status mf_sgd_run_blocked(mf_sgd *w, uint64_t to, const double *s, const double *y,
                             const mf_flag *stop, mf_error *err) {
    uint64_t first = mf_sgd_first(w);
    double flops = 0, each = 4 * (double)w->spec.N * (double)(w->job.D * w->spec.block);
    while (w->k < to) {
        if (!w->open || w->columns == w->spec.block) {
            if (flops > MF_SGD_POLL_FLOPS && mf_flag_is_set(stop))
                return MF_STOPPED;
            flops = flops > MF_SGD_POLL_FLOPS ? each : flops + each;
            uint64_t next = mf_sgd_first(w);
            mf_status status = open_block(w, s ? s + (next - first) : NULL,
                                          y ? y + (next - first) * w->spec.batch : NULL, err);
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

/* ---- views -------------------------------------------------------------------------------------- */

/* The panel after step k: W's own, or made in w->scratch. */
const void *mf_sgd_panel(mf_sgd *w, size_t panel) {
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
    MF_SGD_CALL(w, sgd_sweep, &view, 0);
    if (w->noise)
        mf_sgd_noise_view(w, panel);
    return w->scratch;
}
