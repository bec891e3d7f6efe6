/* blocked.c: the blocked loop, the same steps as matrix products (docs/blocked-sgd.md).
 *
 * W is the state at the start of the open block (`base`). Opening a block adds what the former
 * one left pending and multiplies W by the new samples, in one pass over memory; then `columns`
 * steps have been taken in it, each leaving its column of sigma' in P and its sample times its
 * coefficient in X_old. Weights after step k are only made when asked for: nothing the caller
 * does between two steps changes a bit of the run.
 *
 * With momentum mu, V_{k+1} = mu V_k + c_k x_k, W_{k+1} = W_k + V_{k+1}. Then Y = W + mu/(1 - mu) V takes
 * steps without momentum, Y_{k+1} = Y_k + c_k x_k/(1 - mu): Y is what is kept in W's place, and
 *     <W_k, x_k> = <Y_0, x_k> - mu^{k+1}/(1 - mu) <V_0, x_k> + sum_{j<k} c_j (1 - mu^{k-j})/(1 - mu) Gram_jk
 * costs one more product a block and one more update, of V. Powers count steps, not samples.  */
#include "noise.h"
#include "step.h"

#include <math.h>
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

/* gram, which has seen w's rows and, where they move alike, the offset's, in the metric of the rates. */
static void weigh_gram(mf_sgd *w) {
    const double *rate = w->spec.rate;
    bool shared = mf_sgd_shares_rate(&w->spec);
    size_t block = w->spec.block;
    for (size_t i = 0; !(shared && rate[MF_GROUP_W] == 1) && i < block * block; ++i) {
        size_t at = i / block * w->job.ldk + i % block;
        mf_sgd_put(w, w->gram, at,
                   rate[MF_GROUP_W] * mf_sgd_get(w, w->gram, at) + (shared ? 0 : rate[MF_GROUP_B]));
    }
}

/* The block's samples, by rows in X and by columns in XT. */
static mf_status draw_block(mf_sgd *w, const double *y, mf_error *err) {
    size_t d = w->spec.law.d, block = w->spec.block, ldk = w->job.ldk;
    bool alike = mf_sgd_shares_rate(&w->spec) && mf_sgd_learns(&w->spec, MF_GROUP_B);
    mf_status status = mf_sgd_take(w, mf_sgd_sample_after(w, w->base), block, w->X, w->y, y, err);
    if (status < 0)
        return status;
    mf_sgd_transpose(w, w->X, block, w->XT);
    for (size_t k = 0; w->job.affine && k < block; ++k)
        mf_sgd_put(w, w->XT, d * ldk + k, alike ? 1 : 0);
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

/* What is left of V_0 in W_k: the factor of V_0 in W_k - Y_k. */
static double left_over(const mf_sgd *w, size_t k) {
    return -pow(w->spec.momentum, (double)k + 1) / (1 - w->spec.momentum);
}

/* V at the end of a full block, whose columns are in S_old. */
static void close_velocities(mf_sgd *w) {
    mf_sgd_job kept = w->job;
    mf_sgd_work c = {.w = w};
    size_t block = w->spec.block, steps = mf_sgd_block_steps(w);
    double mu = w->spec.momentum;
    for (size_t j = 0; j < block; ++j)
        mf_sgd_put_row(w, w->X_velocity, j, w->X + j * w->spec.law.d,
                       w->gains[j] * pow(mu, (double)(steps - 1 - j / w->spec.batch)));
    w->job.W = mf_sgd_velocity(w);
    w->job.X_old = w->X_velocity;
    w->job.xi = NULL;
    w->job.columns = 0;
    mf_sgd_scale(w, w->job.W, 0, NULL, w->job.panels * w->job.Dp * w->lanes,
                 pow(mu, (double)steps));
    mf_sgd_over_chunks(w, MF_SGD_THREADED, sweep_chunk, &c);
    w->job = kept;
}

/* The products of V_0 with the new block's samples, which are in XT by now. */
static void open_velocities(mf_sgd *w) {
    size_t ldk = w->job.ldk;
    for (size_t c = 0; c < w->job.D; ++c)
        for (size_t k = 0; k < w->spec.block; ++k)
            mf_sgd_put(w, w->XT_xi, c * ldk + k,
                       left_over(w, k / w->spec.batch) * mf_sgd_get(w, w->XT, c * ldk + k));
    w->job.xi = mf_sgd_velocity(w);
    w->job.XT_xi = w->XT_xi;
}

/* Makes ready the next block of steps, base+1 and on; if a block is open, all its steps have been taken and
 * what it leaves is added to W on the way: in the pass that makes the new products, or with
 * noise, whose new numbers take the place of the old ones, in a pass of its own.            */
static mf_status open_block(mf_sgd *w, const double *s, const double *y, mf_error *err) {
    mf_sgd_job *job = &w->job;
    mf_status status = MF_OK;
    mf_sgd_work c = {.w = w};
    size_t row = mf_sgd_strip(w) * (mf_sgd_has_momentum(w) ? 2 : 1);
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
        if (mf_sgd_has_momentum(w))
            close_velocities(w);
    }
    if (job->affine)
        memcpy(w->open ? w->a_start : job->a, w->open ? job->a : w->a_start, row);
    if (w->mass)
        memcpy(w->open ? w->mass_start : w->mass, w->open ? w->mass : w->mass_start,
               2 * w->spec.N * sizeof *w->mass);
    for (size_t i = 0; s != w->s && i < mf_sgd_block_steps(w); ++i)
        w->s[i] = mf_sgd_scaled(w, s ? s[i] : mf_sgd_step_size(w, w->base + i + 1));
    status = draw_block(w, y, err);
    w->open = false;
    if (w->noise && status >= 0)
        status = mf_sgd_noise_open(w, err);
    if (status < 0)
        return status;
    weigh_gram(w); /* after the noise, which has seen the samples' products */
    separate_batches(w);
    /* A frozen offset counts in z but is neither learned nor scaled. */
    for (size_t k = 0; job->affine && k < w->spec.block; ++k)
        mf_sgd_put(w, w->XT, w->spec.law.d * job->ldk + k,
                   w->noise && !mf_sgd_learns(&w->spec, MF_GROUP_B)
                           ? 1 / w->noise->A[k / w->spec.batch]
                           : 1);
    if (mf_sgd_has_momentum(w))
        open_velocities(w);
    job->columns = job->Bp;
    mf_sgd_over_chunks(w, MF_SGD_THREADED, sweep_chunk, &c);
    w->open = true;
    w->columns = 0;
    return MF_OK;
}

/* A push by sample c has come so far at the later ones. */
static void delay(mf_sgd *w, size_t c, double gain) {
    size_t batch = w->spec.batch, row = c * w->job.ldk;
    w->gains[c] = gain;
    for (size_t k = c + 1; k < w->spec.block; ++k)
        mf_sgd_put(w, w->gram, row + k,
                   w->travelled[k / batch - c / batch] * mf_sgd_get(w, w->gram, row + k));
}

/* The next sample of the open block; the last of its batch completes step `step`. */
static mf_status take_sample(mf_sgd *w, size_t step, mf_error *err) {
    size_t c = w->columns, d = w->spec.law.d;
    uint64_t number = w->base + step + 1;
    w->job.scale = w->noise ? w->noise->A[step] : 1;
    mf_sgd_column(w, c);
    mf_status status = mf_sgd_check_output(w, number, err);
    if (status < 0)
        return status;
    double gain = mf_sgd_gain(w, w->s[step], w->y[c]);
    double coefficient = w->noise ? gain / w->noise->A[step + 1] : gain;
    mf_sgd_put_row(w, w->X_old, c, w->X + c * d, coefficient / (1 - w->spec.momentum));
    mf_sgd_scale(w, w->gram, c * w->job.ldk, NULL, w->job.ldk, coefficient);
    if (mf_sgd_has_momentum(w))
        delay(w, c, gain);
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

/* W of a panel at the block's start of Y and V in w->scratch, less what V_0 has done since; and the rows
 * that push it, in X_velocity.                                                               */
static void view_velocities(mf_sgd *w, size_t panel) {
    size_t k = w->open ? w->columns / w->spec.batch : 0, numbers = w->job.Dp * w->lanes;
    mf_sgd_add(w, w->scratch, 0, mf_sgd_velocity(w), panel * numbers, numbers, left_over(w, k));
    for (size_t j = 0; panel == 0 && w->open && j < w->columns; ++j)
        mf_sgd_put_row(w, w->X_velocity, j, w->X + j * w->spec.law.d,
                       w->gains[j] * w->travelled[k - j / w->spec.batch]);
}

/* The panel after step k: W's own, or made in w->scratch. */
const void *mf_sgd_panel(mf_sgd *w, size_t panel) {
    bool momentum = mf_sgd_has_momentum(w), blocked = w->spec.algorithm == MF_SGD_BLOCKED;
    size_t size = mf_sgd_reals(w, w->job.Dp * w->lanes);
    const char *from = (const char *)w->job.W + panel * size;
    bool kept = !w->open || w->columns == 0;
    if (!blocked || (kept && !momentum))
        return from;
    memcpy(w->scratch, from, size);
    if (momentum)
        view_velocities(w, panel);
    if (kept)
        return w->scratch;
    mf_sgd_job view = w->job;
    view.W = w->scratch;
    view.S_old = (const char *)w->job.P + panel * mf_sgd_reals(w, w->job.Bp * w->lanes);
    view.X_old = momentum ? w->X_velocity : w->X_old;
    view.xi = NULL;
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
