/* step.c: what the plain loop and the blocked one share. */
#include "step.h"

#include "core/base/parallel.h"

#include <math.h>
#include <string.h>

/* |yhat| beyond this is no longer a network: the step size was too large. */
static const double absurd = 1e12;

MF_KERNELS(mf_sgd_kernels, MF_SGD_ALL_KERNELS)

/* Chunks of panels, on several threads where they are worth it. */
void mf_sgd_over_chunks(mf_sgd *w, size_t worth, void (*body)(void *, size_t),
                        mf_sgd_work *context) {
    if (w->spec.N >= worth)
        mf_parallel(w->chunks, body, context);
    else
        for (size_t chunk = 0; chunk < w->chunks; ++chunk)
            body(context, chunk);
}

static void column_chunk(void *context, size_t chunk) {
    mf_sgd_work *c = context;
    MF_SGD_CALL(c->w, sgd_column, &c->w->job, c->k, chunk);
}

/* sum_i p_i sigma_*(x; theta_i) of the latest column, in eight sums as vectors have. */
static double weighted_sum(const mf_sgd *w) {
    enum { PARTS = 8 };
    double part[PARTS] = {0}, sum = 0;
    for (size_t i = 0; i < w->spec.N; ++i) {
        double a = w->job.affine ? mf_sgd_get(w, w->job.a, i) : 1;
        part[i % PARTS] += w->mass[i] * a * mf_sgd_get(w, w->job.output, i);
    }
    for (size_t i = 0; i < PARTS; ++i)
        sum += part[i];
    return sum;
}

/* Column k: sigma and its sum. A column is short: threads pay only for very many neurons. */
void mf_sgd_column(mf_sgd *w, size_t k) {
    mf_sgd_work c = {.w = w, .k = k};
    double sum = 0;
    mf_sgd_over_chunks(w, (size_t)4 * MF_SGD_THREADED, column_chunk, &c);
    for (size_t chunk = 0; chunk < w->chunks; ++chunk)
        sum += w->job.sums[chunk];
    w->yhat = w->spec.scale * (w->mass ? weighted_sum(w) : sum / (double)w->spec.N);
}

double mf_sgd_step_size(const mf_sgd *w, uint64_t k) {
    return w->spec.eps * mf_schedule_xi(&w->spec.xi, (double)k * w->spec.eps);
}

double mf_sgd_noise_deviation(const mf_sgd *w, double s) {
    return isfinite(w->spec.beta) ? sqrt(w->spec.noise_factor * s / w->spec.beta) : 0;
}

mf_key mf_sgd_key(const mf_sgd *w, uint64_t stream) {
    return (mf_key){w->spec.seed, stream};
}

double mf_sgd_scaled(const mf_sgd *w, double s) {
    return s / (w->spec.scale * w->spec.scale);
}

double mf_sgd_gain(const mf_sgd *w, double s, double y) {
    return 2 * s * mf_sgd_residual(w, y) * w->spec.scale / (double)w->spec.batch;
}

void mf_sgd_put_row(const mf_sgd *w, void *X, size_t c, const double *x, double coefficient) {
    const double *rate = w->spec.rate;
    size_t d = w->spec.law.d, at = c * w->job.Dp;
    mf_sgd_scale(w, X, at, x, d, coefficient * rate[MF_GROUP_W]);
    if (w->job.affine)
        mf_sgd_put(w, X, at + d, coefficient * rate[MF_GROUP_B]);
}

/* The masses' share of a sample in column c, and after the last of a step their step. */
static void learn_mass(mf_sgd *w, size_t c, double gain) {
    size_t N = w->spec.N, batch = w->spec.batch;
    double most = -HUGE_VAL, total = 0, *speed = w->mass + N, mu = w->spec.momentum;
    for (size_t i = 0; i < N; ++i) {
        double a = w->job.affine ? mf_sgd_get(w, w->job.a, i) : 1;
        double growth = w->spec.birth_death * gain * a * mf_sgd_get(w, w->job.output, i);
        speed[i] = c % batch ? speed[i] + growth : mu > 0 ? mu * speed[i] + growth : growth;
    }
    if ((c + 1) % batch != 0)
        return;
    for (size_t i = 0; i < N; ++i)
        most = fmax(most, speed[i]);
    for (size_t i = 0; i < N; ++i) {
        w->mass[i] *= exp(speed[i] - most);
        total += w->mass[i];
    }
    for (size_t i = 0; i < N; ++i)
        w->mass[i] /= total;
}

/* a <- a + V, V <- mu V - 2 lambda s a + gain output. */
static void output_by_momentum(mf_sgd *w, const mf_sgd_job *job, double s, double gain) {
    mf_sgd_job velocity = *job;
    velocity.a = mf_sgd_a_velocity(w, job->a);
    MF_SGD_CALL(w, sgd_output, &velocity, w->spec.momentum, gain, 0, NULL);
    velocity.output = job->a;
    if (w->spec.lambda > 0)
        MF_SGD_CALL(w, sgd_output, &velocity, 1, -2 * w->spec.lambda * s, 0, NULL);
    mf_sgd_job move = *job;
    move.output = velocity.a;
    MF_SGD_CALL(w, sgd_output, &move, 1, 1, 0, NULL);
}

/* The output weights' share of a sample in column c, and after the last of a step their step
 * (Eq. 3 and its noise). Within a batch the changes wait, so that a stays what it was.       */
void mf_sgd_learn_output(mf_sgd *w, uint64_t step, size_t c, double s, double gain) {
    size_t batch = w->spec.batch;
    double rate = w->job.affine ? w->spec.rate[MF_GROUP_A] : 0;
    if (w->mass)
        learn_mass(w, c, gain);
    if (!(rate > 0))
        return;
    s *= rate;
    gain *= rate;
    mf_sgd_job job = w->job;
    if (batch > 1) {
        job.a = w->a_step;
        MF_SGD_CALL(w, sgd_output, &job, c % batch ? 1 : 0, gain, 0, NULL);
        if ((c + 1) % batch != 0)
            return;
        job.a = w->job.a;
        job.output = w->a_step;
        gain = 1;
    }
    if (mf_sgd_has_momentum(w)) {
        output_by_momentum(w, &job, s, gain);
        return;
    }
    double spread = mf_sgd_noise_deviation(w, s);
    const void *noise = spread > 0 ? mf_sgd_draw(w, mf_sgd_key(w, MF_SGD_STREAM_A), step,
                                                 job.panels * w->lanes, w->normals)
                                   : NULL;
    MF_SGD_CALL(w, sgd_output, &job, 1 - 2 * w->spec.lambda * s, gain, spread, noise);
}

/* Where in this step sigma was asked beyond its range; 0: nowhere. */
static double reached(mf_sgd *w) {
    double at = 0;
    for (size_t chunk = 0; chunk < w->chunks; ++chunk) {
        at = w->job.reached[chunk] != 0 ? w->job.reached[chunk] : at;
        w->job.reached[chunk] = 0;
    }
    return at;
}

mf_status mf_sgd_check_output(mf_sgd *w, uint64_t step, mf_error *err) {
    double low, high;
    if (fabs(w->yhat) < absurd) /* false for NaN */
        return MF_OK;
    double at = reached(w);
    if (at != 0 && mf_activation_range(&w->spec.sigma, &low, &high))
        return mf_fail(
                err, MF_EDOMAIN,
                "step %llu (t = %g) asks for sigma at %g, beyond its range [%g, %g]: give it a "
                "larger one",
                (unsigned long long)step, (double)step * w->spec.eps, at, low, high);
    return mf_fail(err, MF_EDIVERGED,
                   "diverged at step %llu (t = %g): the prediction is %g; try a smaller eps",
                   (unsigned long long)step, (double)step * w->spec.eps, w->yhat);
}

mf_status mf_sgd_check_noise(const mf_sgd *w, uint64_t step, double s, mf_error *err) {
    const double *rate = w->spec.rate;
    double most = fmax(rate[MF_GROUP_A], fmax(rate[MF_GROUP_B], rate[MF_GROUP_W]));
    double deviation = mf_sgd_noise_deviation(w, s * most);
    if (deviation < absurd)
        return MF_OK;
    return mf_fail(err, MF_EDIVERGED,
                   "diverged at step %llu (t = %g): the noise at beta = %g has deviation %g",
                   (unsigned long long)step, (double)step * w->spec.eps, w->spec.beta, deviation);
}

void mf_sgd_label_noise(const mf_sgd_spec *spec, mf_key key, uint64_t first, size_t n, double *y) {
    for (size_t k = 0; spec->label_noise > 0 && k < n; ++k) {
        double normal;
        mf_rng_normals(key, first + k, 1, &normal);
        y[k] += spec->label_noise * normal;
    }
}

mf_status mf_sgd_check_sizes(const mf_sgd *w, const double *s, mf_error *err) {
    if (!s && w->spec.xi.kind == MF_SCHEDULE_CUSTOM)
        return mf_fail(err, MF_EINVAL, "the step sizes of this schedule come from outside");
    return MF_OK;
}

/* Labels from outside, if they are needed, and that the loss knows them. */
static mf_status check_labels(const mf_sgd *w, uint64_t to, const double *y, mf_error *err) {
    size_t n = (size_t)(mf_sgd_last(w, to) - mf_sgd_first(w)) * w->spec.batch;
    if (!mf_law_is_unlabelled(&w->spec.law))
        return MF_OK;
    if (!y && n > 0)
        return mf_fail(err, MF_EINVAL, "the labels of this law come from outside");
    return mf_loss_check(&w->spec.loss, n, y, err);
}

mf_status mf_sgd_take(mf_sgd *w, uint64_t first, size_t n, double *X, double *labels,
                      const double *y, mf_error *err) {
    bool outside = mf_law_is_unlabelled(&w->spec.law);
    if (outside && y != labels)
        memcpy(labels, y, n * sizeof *labels);
    mf_status status = mf_distribution_sample(&w->spec.law, mf_sgd_key(w, MF_STREAM_DATA), first, n,
                                              X, w->spec.law.d, outside ? NULL : labels, err);
    if (status >= 0 && !(outside && y == labels))
        mf_sgd_label_noise(&w->spec, mf_sgd_key(w, MF_SGD_LABELS), first, n, labels);
    return status;
}

mf_status mf_sgd_run(mf_sgd *w, uint64_t to, const double *s, const double *y, const mf_flag *stop,
                     mf_error *err) {
    mf_status status = mf_sgd_check_sizes(w, s, err);
    if (status < 0)
        return status;
    if (mf_law_is_fed(&w->spec.law))
        return mf_fail(err, MF_EUNSUPPORTED, "the samples of this law come from outside");
    status = check_labels(w, to, y, err);
    if (status < 0)
        return status;
    if (w->spec.algorithm == MF_SGD_PLAIN)
        return mf_sgd_run_plain(w, to, s, y, stop, err);
    return mf_sgd_run_blocked(w, to, s, y, stop, err);
}
