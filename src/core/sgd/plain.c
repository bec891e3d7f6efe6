/* plain.c: the plain loop, which is the reference. W is the state after step k; a step is a pass
 * for yhat and a pass for the update.                                                       */
#include "step.h"

#include <string.h>

/* The flag, looked at once in MF_SGD_POLL_FLOPS. */
typedef struct {
    const mf_flag *flag;
    double flops;
} watch;

static mf_status look(watch *stop, double flops) {
    stop->flops += flops;
    if (stop->flops <= MF_SGD_POLL_FLOPS)
        return MF_OK;
    stop->flops = 0;
    return mf_flag_is_set(stop->flag) ? MF_STOPPED : MF_OK;
}

static void dot_chunk(void *context, size_t chunk) {
    mf_sgd_work *c = context;
    MF_SGD_CALL(c->w, sgd_dot, &c->w->job, c->x, chunk);
}

static void update_chunk(void *context, size_t chunk) {
    mf_sgd_work *c = context;
    MF_SGD_CALL(c->w, sgd_update, &c->w->job, c->x, c->scale, c->gain, chunk);
}

/* Noise of a step of size s: its variance is in proportion to the rate. */
static mf_status add_noise(mf_sgd *w, uint64_t step, double s, watch *stop) {
    size_t n = w->job.moving * w->lanes, weights = w->spec.law.d * w->lanes;
    double of_w = mf_sgd_noise_deviation(w, s * w->spec.rate[MF_GROUP_W]);
    double of_b = mf_sgd_noise_deviation(w, s * w->spec.rate[MF_GROUP_B]);
    for (size_t p = 0; p < w->job.panels; ++p) {
        if (w->W_step && look(stop, 40 * (double)n) == MF_STOPPED)
            return MF_STOPPED;
        mf_rng_normals(mf_sgd_key(w, MF_STREAM_NOISE), (step - 1) * w->job.panels + p, n,
                       w->normals);
        for (size_t i = 0; i < n; ++i) {
            size_t at = p * w->job.Dp * w->lanes + i;
            double noise = (i < weights ? of_w : of_b) * w->normals[i];
            mf_sgd_put(w, w->job.W, at, mf_sgd_get(w, w->job.W, at) + noise);
        }
    }
    return MF_OK;
}

/* Sample k as the kernels want it: in the precision of the run, to be multiplied or, times the rates,
 * to be added. Its column of P becomes the first: samples of one step do not see each other.  */
static const void *load_sample(mf_sgd *w, char *P, size_t k, const double *x, bool added) {
    if (added)
        mf_sgd_put_row(w, w->X_old, 0, x, 1);
    else {
        mf_sgd_scale(w, w->X_old, 0, x, w->spec.law.d, 1);
        if (w->job.affine)
            mf_sgd_put(w, w->X_old, w->spec.law.d, 1);
    }
    w->job.P = P + mf_sgd_reals(w, k * w->lanes);
    return w->X_old;
}

static double pass_flops(const mf_sgd *w) {
    return 2 * (double)w->spec.N * (double)w->job.D;
}

/* Predictions of a step's samples, all at the weights before it. */
static mf_status predict(mf_sgd *w, char *P, const double *X, size_t ldx, const double *y, double s,
                         watch *stop, mf_error *err) {
    mf_status status = mf_sgd_check_noise(w, w->k + 1, s, err);
    for (size_t k = 0; k < w->spec.batch && status == MF_OK; ++k) {
        mf_sgd_work c = {.w = w, .x = load_sample(w, P, k, X + k * ldx, false)};
        mf_sgd_over_chunks(w, MF_SGD_THREADED, dot_chunk, &c);
        mf_sgd_column(w, 0);
        status = mf_sgd_check_output(w, w->k + 1, err);
        w->gains[k] = mf_sgd_gain(w, s, y[k]);
        if (status == MF_OK && w->W_step)
            status = look(stop, pass_flops(w));
        if (status == MF_OK)
            mf_sgd_learn_output(w, w->k + 1, k, s, w->gains[k]);
    }
    w->job.P = P;
    return status;
}

/* The factors of W's rows before a step of size s is added: decay, or of velocities momentum. */
static void set_decay(mf_sgd *w, mf_sgd_work *c, double s) {
    const double *rate = w->spec.rate;
    bool moving = mf_sgd_has_momentum(w);
    c->scale = moving ? w->spec.momentum : 1 - 2 * w->spec.lambda * s * rate[MF_GROUP_W];
    w->job.offset_decay = moving ? w->spec.momentum : 1 - 2 * w->spec.lambda * s * rate[MF_GROUP_B];
}

/* The samples' updates of W, or with momentum of its velocities. */
static mf_status add_samples(mf_sgd *w, char *P, const double *X, size_t ldx, double s,
                             watch *stop) {
    mf_status status = MF_OK;
    for (size_t k = 0; k < w->spec.batch && status == MF_OK; ++k) {
        mf_sgd_work c = {.w = w, .gain = w->gains[k], .scale = 1};
        w->job.offset_decay = 1;
        if (k == 0)
            set_decay(w, &c, s);
        c.x = load_sample(w, P, k, X + k * ldx, true);
        mf_sgd_over_chunks(w, MF_SGD_THREADED, update_chunk, &c);
        if (w->W_step)
            status = look(stop, pass_flops(w));
    }
    w->job.P = P;
    return status;
}

static void move_chunk(void *context, size_t chunk) {
    const mf_sgd_work *c = context;
    const mf_sgd *w = c->w;
    size_t end =
            (chunk + 1) * MF_SGD_CHUNK < w->job.panels ? (chunk + 1) * MF_SGD_CHUNK : w->job.panels;
    for (size_t p = chunk * MF_SGD_CHUNK; p < end; ++p)
        mf_sgd_add(w, w->job.W, p * w->job.Dp * w->lanes, mf_sgd_velocity(w),
                   p * w->job.Dp * w->lanes, w->job.D * w->lanes, 1);
}

/* V <- V - 2 lambda s rate W of one group's rows. */
static void decay_velocity(mf_sgd *w, double s, mf_group group, size_t row, size_t rows) {
    double factor = -2 * w->spec.lambda * s * w->spec.rate[group];
    for (size_t p = 0; factor != 0 && p < w->job.panels; ++p) {
        size_t at = (p * w->job.Dp + row) * w->lanes;
        mf_sgd_add(w, mf_sgd_velocity(w), at, w->job.W, at, rows * w->lanes, factor);
    }
}

/* V <- mu V + the step, W <- W + V. */
static mf_status update_by_momentum(mf_sgd *w, char *P, const double *X, size_t ldx, double s,
                                    watch *stop) {
    size_t d = w->spec.law.d;
    void *W = w->job.W;
    mf_sgd_work c = {.w = w};
    w->job.W = mf_sgd_velocity(w);
    mf_status status = add_samples(w, P, X, ldx, s, stop);
    w->job.W = W;
    if (status != MF_OK)
        return status;
    decay_velocity(w, s, MF_GROUP_W, 0, d);
    if (w->job.affine)
        decay_velocity(w, s, MF_GROUP_B, d, 1);
    mf_sgd_over_chunks(w, MF_SGD_THREADED, move_chunk, &c);
    return MF_OK;
}

/* The samples' updates of W, and its noise. */
static mf_status update(mf_sgd *w, char *P, const double *X, size_t ldx, double s, watch *stop) {
    if (mf_sgd_has_momentum(w))
        return update_by_momentum(w, P, X, ldx, s, stop);
    mf_status status = add_samples(w, P, X, ldx, s, stop);
    if (status == MF_OK && mf_sgd_noise_deviation(w, s) > 0)
        status = add_noise(w, w->k + 1, s, stop);
    return status;
}

/* The state at the end of a step, or as before it. A step that takes long works on a copy of the
 * weights, so that it can be given up.                                                       */
static mf_status plain_step(mf_sgd *w, const double *X, size_t ldx, const double *y, double s,
                            watch *stop, mf_error *err) {
    size_t part = mf_sgd_has_momentum(w) ? 2 : 1, row = mf_sgd_strip(w) * part;
    size_t masses = w->mass ? 2 * w->spec.N * sizeof *w->mass : 0;
    void *W = w->job.W, *P = w->job.P;
    double yhat = w->yhat;
    s = mf_sgd_scaled(w, s);
    if (w->a_before)
        memcpy(w->a_before, w->job.a, row);
    if (masses)
        memcpy(w->mass_start, w->mass, masses);
    mf_status status = predict(w, P, X, ldx, y, s, stop, err);
    if (status == MF_OK && w->W_step) {
        memcpy(w->W_step, W, row * w->job.Dp);
        w->job.W = w->W_step;
    }
    if (status == MF_OK)
        status = update(w, P, X, ldx, s, stop);
    if (status == MF_OK) {
        if (w->W_step)
            w->W_step = W;
        w->base = ++w->k;
    } else if (status == MF_STOPPED) {
        w->job.W = W;
        w->yhat = yhat;
        if (w->a_before)
            memcpy(w->job.a, w->a_before, row);
    }
    if (status != MF_OK && masses)
        memcpy(w->mass, w->mass_start, masses);
    return status;
}

mf_status mf_sgd_feed(mf_sgd *w, size_t n, const double *X, size_t ldx, const double *y,
                      const double *s, const mf_flag *stop, mf_error *err) {
    if (w->spec.algorithm != MF_SGD_PLAIN)
        return mf_fail(err, MF_EUNSUPPORTED, "only the plain loop takes samples from outside");
    size_t batch = w->spec.batch;
    mf_status status = mf_sgd_check_sizes(w, s, err);
    if (status >= 0)
        status = mf_loss_check(&w->spec.loss, n * batch, y, err);
    watch watched = {stop, 0};
    for (size_t i = 0; i < n && status == MF_OK; ++i) {
        memcpy(w->y, y + i * batch, batch * sizeof *y);
        mf_sgd_label_noise(&w->spec, mf_sgd_key(w, MF_SGD_LABELS), mf_sgd_sample_after(w, w->k),
                           batch, w->y);
        status = plain_step(w, X + i * batch * ldx, ldx, w->y,
                            s ? s[i] : mf_sgd_step_size(w, w->k + 1), &watched, err);
    }
    return status;
}

/* The samples of the next step, 40 flops a number. */
static mf_status draw(mf_sgd *w, const double *y, watch *stop, mf_error *err) {
    size_t d = w->spec.law.d, n = MF_SGD_POLL_FLOPS / 40 / d + 1, batch = w->spec.batch;
    mf_status status = MF_OK;
    for (size_t k = 0; k < batch && status == MF_OK; k += n) {
        n = n < batch - k ? n : batch - k;
        status = mf_sgd_take(w, mf_sgd_sample_after(w, w->k) + k, n, w->X + k * d, w->y + k,
                             y ? y + k : NULL, err);
        if (status == MF_OK)
            status = look(stop, 40 * (double)n * (double)d);
    }
    return status;
}

mf_status mf_sgd_run_plain(mf_sgd *w, uint64_t to, const double *s, const double *y,
                           const mf_flag *stop, mf_error *err) {
    watch watched = {stop, 0};
    mf_status status = MF_OK;
    for (uint64_t from = w->k; w->k < to && status == MF_OK;) {
        status = draw(w, y ? y + (w->k - from) * w->spec.batch : NULL, &watched, err);
        double size = s ? s[w->k - from] : mf_sgd_step_size(w, w->k + 1);
        if (status == MF_OK)
            status = plain_step(w, w->X, w->spec.law.d, w->y, size, &watched, err);
        if (status == MF_OK && w->k < to && !w->W_step)
            status = look(&watched, 2 * pass_flops(w) * (double)w->spec.batch);
    }
    return status;
}
