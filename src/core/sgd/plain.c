/* plain.c: the plain loop, which is the reference. W is the state after step k; a step is a pass
 * for yhat and a pass for the update.                                                       */
#include "step.h"

static void dot_chunk(void *context, size_t chunk) {
    mf_sgd_work *c = context;
    MF_SGD_CALL(c->w, sgd_dot, &c->w->job, c->x, chunk);
}

static void update_chunk(void *context, size_t chunk) {
    mf_sgd_work *c = context;
    MF_SGD_CALL(c->w, sgd_update, &c->w->job, c->x, c->scale, c->gain, chunk);
}

static void add_noise(mf_sgd *w, uint64_t step, double deviation) {
    size_t n = w->job.moving * w->lanes;
    for (size_t p = 0; p < w->job.panels; ++p) {
        mf_rng_normals(mf_sgd_key(w, MF_STREAM_NOISE), (step - 1) * w->job.panels + p, n,
                       w->normals);
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
        mf_sgd_work c = {.w = w, .x = load_sample(w, P, k, X + k * ldx, 1)};
        mf_sgd_over_chunks(w, MF_SGD_THREADED, dot_chunk, &c);
        mf_sgd_column(w, 0);
        status = mf_sgd_check_output(w, w->k + 1, err);
        w->gains[k] = 2 * s * mf_sgd_residual(w, y[k]) / (double)w->spec.batch;
        if (status >= 0)
            mf_sgd_learn_output(w, w->k + 1, k, s, w->gains[k]);
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
        mf_sgd_work c = {.w = w, .gain = w->gains[k], .scale = k ? 1 : 1 - 2 * w->spec.lambda * s};
        c.x = load_sample(w, P, k, X + k * ldx, w->spec.fix_b ? 0 : 1);
        mf_sgd_over_chunks(w, MF_SGD_THREADED, update_chunk, &c);
    }
    w->job.P = P;
    if (mf_sgd_noise_deviation(w, s) > 0)
        add_noise(w, w->k + 1, mf_sgd_noise_deviation(w, s));
    w->base = ++w->k;
    return MF_OK;
}

mf_status mf_sgd_feed(mf_sgd *w, size_t n, const double *X, size_t ldx, const double *y,
                      const double *s, mf_error *err) {
    if (w->spec.algorithm != MF_SGD_PLAIN)
        return mf_fail(err, MF_EUNSUPPORTED, "only the plain loop takes samples from outside");
    size_t batch = w->spec.batch;
    mf_status status = mf_sgd_check_sizes(w, s, err);
    if (status >= 0)
        status = mf_loss_check(&w->spec.loss, n * batch, y, err);
    for (size_t i = 0; i < n && status >= 0; ++i)
        status = plain_step(w, X + i * batch * ldx, ldx, y + i * batch,
                            s ? s[i] : mf_sgd_step_size(w, w->k + 1), err);
    return status;
}

mf_status mf_sgd_run_plain(mf_sgd *w, uint64_t to, const double *s, const mf_flag *stop,
                           mf_error *err) {
    double numbers = (double)w->job.D * (double)w->spec.batch; /* of samples, 40 flops each */
    double flops = 0, each = (4 * (double)w->spec.N + 40) * numbers;
    for (uint64_t from = w->k; w->k < to; flops += each) {
        if (flops > MF_SGD_POLL_FLOPS) {
            if (mf_flag_is_set(stop))
                return MF_STOPPED;
            flops = 0;
        }
        mf_status status = mf_distribution_sample(&w->spec.law, mf_sgd_key(w, MF_STREAM_DATA),
                                                  mf_sgd_sample_after(w, w->k), w->spec.batch, w->X,
                                                  w->spec.law.d, w->y, err);
        if (status < 0)
            return status;
        double size = s ? s[w->k - from] : mf_sgd_step_size(w, w->k + 1);
        status = plain_step(w, w->X, w->spec.law.d, w->y, size, err);
        if (status < 0)
            return status;
    }
    return MF_OK;
}
