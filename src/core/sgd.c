/* sgd.c: the plain loop of Eq. 3, one sample at a time.
 *
 * Weights are stored coordinate by coordinate, neurons contiguous (W[c * ld + i]), and are
 * walked in panels of neurons that fit the first-level cache: for one panel all d passes
 * of z = W^T x, and later all d passes of the update, run over the same few kilobytes.   */
#include "sgd.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { LINE = 8 }; /* doubles in 64 bytes */

struct mf_sgd {
    mf_sgd_spec spec;
    uint64_t k;        /* steps done                        */
    size_t d, N, ld;   /* ld: N rounded up to whole lines    */
    double *W;         /* d x ld                             */
    double *a, *b;     /* ld                                 */
    double *z, *slope; /* ld: pre-activations, sigma'        */
    double *value;     /* ld: sigma                          */
    double *noise;     /* ld                                 */
    double *X, *y;     /* MF_SGD_BATCH x d, MF_SGD_BATCH      */
};

static size_t lines(size_t n) {
    return (n + LINE - 1) / LINE * LINE;
}

size_t mf_sgd_bytes(const mf_sgd_spec *spec) {
    size_t d = spec->law.d, ld = lines(spec->N), most = SIZE_MAX / 64;
    if (spec->N > most || d > most || ld > most / (d + 8) || d > most / MF_SGD_BATCH)
        return 0;
    return lines(sizeof(mf_sgd)) + sizeof(double) * (ld * (d + 6) + MF_SGD_BATCH * (lines(d) + 1));
}

mf_sgd *mf_sgd_init(void *mem, const mf_sgd_spec *spec) {
    mf_sgd *run = mem;
    size_t d = spec->law.d, N = spec->N, ld = lines(N);
    *run = (mf_sgd){.spec = *spec, .d = d, .N = N, .ld = ld};
    double *next = (double *)(void *)((char *)mem + lines(sizeof *run));
    run->W = next, next += d * ld;
    run->a = next, next += ld;
    run->b = next, next += ld;
    run->z = next, next += ld;
    run->slope = next, next += ld;
    run->value = next, next += ld;
    run->noise = next, next += ld;
    run->y = next, next += MF_SGD_BATCH;
    run->X = next;
    memset(run->W, 0, ld * (d + 6) * sizeof *run->W);
    if (spec->init.kind == MF_INIT_CUSTOM)
        return run;
    mf_key key = {spec->seed, MF_STREAM_INIT};
    for (size_t i = 0; i < N; ++i) { /* X serves as scratch for one neuron */
        mf_init_neuron(&spec->init, key, i, d, run->X);
        mf_sgd_set_neuron(run, i, run->X, spec->init.a, spec->init.b);
    }
    return run;
}

void mf_sgd_set_neuron(mf_sgd *run, size_t i, const double *w, double a, double b) {
    assert(i < run->N);
    for (size_t c = 0; c < run->d; ++c)
        run->W[c * run->ld + i] = w[c];
    run->a[i] = a;
    run->b[i] = b;
}

double mf_sgd_step_size(const mf_sgd *run, uint64_t k) {
    double eps = run->spec.eps;
    return eps * mf_schedule_xi(&run->spec.xi, (double)k * eps);
}

uint64_t mf_sgd_steps(const mf_sgd *run) {
    return run->k;
}

const mf_sgd_spec *mf_sgd_spec_of(const mf_sgd *run) {
    return &run->spec;
}

mf_network mf_sgd_network(mf_sgd *run) {
    bool affine = run->spec.neuron == MF_NEURON_AFFINE;
    return (mf_network){
            run->N, run->d, run->ld, run->W, affine ? run->a : NULL, affine ? run->b : NULL};
}

/* out[i] += c x[i]: the loop that everything here is made of. */
static inline void axpy(size_t n, double c, const double *restrict x, double *restrict out) {
    for (size_t i = 0; i < n; ++i)
        out[i] += c * x[i];
}

enum { NEURONS = 128 }; /* of one panel: 128 x 40 doubles are 40 kilobytes */

static double predict(mf_sgd *run, const double *x) {
    bool affine = run->spec.neuron == MF_NEURON_AFFINE;
    for (size_t first = 0; first < run->N; first += NEURONS) {
        size_t n = run->N - first < NEURONS ? run->N - first : NEURONS;
        double *z = run->z + first;
        for (size_t i = 0; i < n; ++i)
            z[i] = affine ? run->b[first + i] : 0;
        for (size_t c = 0; c < run->d; ++c)
            axpy(n, x[c], run->W + c * run->ld + first, z);
    }
    mf_activation_apply(&run->spec.activation, run->N, run->z, run->value, run->slope);
    double sum = 0;
    for (size_t i = 0; i < run->N; ++i)
        sum += affine ? run->a[i] * run->value[i] : run->value[i];
    return sum / (double)run->N;
}

/* theta += g grad sigma_*, g = 2 s (y - yhat), after theta *= shrink. */
static void update(mf_sgd *run, const double *x, double g, double shrink) {
    const mf_sgd_spec *spec = &run->spec;
    bool affine = spec->neuron == MF_NEURON_AFFINE;
    double *coef = run->z; /* of x in every neuron's update */
    for (size_t i = 0; i < run->N; ++i)
        coef[i] = g * run->slope[i] * (affine ? run->a[i] : 1);
    for (size_t first = 0; first < run->N; first += NEURONS) {
        size_t n = run->N - first < NEURONS ? run->N - first : NEURONS;
        for (size_t c = 0; c < run->d; ++c) {
            double *w = run->W + c * run->ld + first;
            if (shrink != 1)
                for (size_t i = 0; i < n; ++i)
                    w[i] *= shrink;
            axpy(n, x[c], coef + first, w);
        }
    }
    for (size_t i = 0; affine && !spec->fix_a && i < run->N; ++i)
        run->a[i] = shrink * run->a[i] + g * run->value[i];
    for (size_t i = 0; affine && !spec->fix_b && i < run->N; ++i)
        run->b[i] = shrink * run->b[i] + coef[i];
}

/* Normals of step k: coordinate c of all neurons is call c of the draw; then a, then b. */
static void add_noise(mf_sgd *run, double deviation) {
    const mf_sgd_spec *spec = &run->spec;
    bool affine = spec->neuron == MF_NEURON_AFFINE;
    for (size_t c = 0; c < run->d + (affine ? 2 : 0); ++c) {
        double *out = c < run->d ? run->W + c * run->ld : c == run->d ? run->a : run->b;
        if ((out == run->a && spec->fix_a) || (out == run->b && spec->fix_b))
            continue;
        mf_key key = {spec->seed, MF_STREAM_NOISE | c << 8};
        mf_rng_normals(key, run->k, run->N, run->noise);
        axpy(run->N, deviation, run->noise, out);
    }
}

static mf_status one_step(mf_sgd *run, const double *x, double y, double s, mf_error *err) {
    const mf_sgd_spec *spec = &run->spec;
    double yhat = predict(run, x);
    if (!(fabs(yhat) < 1e100))
        return mf_fail(err, MF_EDIVERGED,
                       "diverged at step %llu (t = %g): the prediction is %g; try a smaller eps",
                       (unsigned long long)(run->k + 1), (double)(run->k + 1) * spec->eps, yhat);
    update(run, x, 2 * s * (y - yhat), 1 - 2 * spec->lambda * s);
    ++run->k;
    if (isfinite(spec->beta))
        add_noise(run, sqrt((spec->noise == MF_NOISE_PRINTED ? 2 : 4) * s / spec->beta));
    return MF_OK;
}

mf_status mf_sgd_feed(mf_sgd *run, size_t n, const double *X, const double *y, const double *s,
                      mf_error *err) {
    mf_status status = MF_OK;
    for (size_t k = 0; k < n && status == MF_OK; ++k)
        status = one_step(run, X + k * run->d, y[k], s[k], err);
    return status;
}

mf_status mf_sgd_step(mf_sgd *run, uint64_t steps, const mf_flag *stop, mf_error *err) {
    mf_key key = {run->spec.seed, MF_STREAM_DATA};
    while (steps > 0) {
        size_t n = steps < MF_SGD_BATCH ? (size_t)steps : MF_SGD_BATCH;
        mf_distribution_sample(&run->spec.law, key, run->k + 1, n, run->X, run->d, run->y);
        for (size_t k = 0; k < n; ++k) {
            if (mf_flag_is_set(stop))
                return MF_STOPPED;
            mf_status status = one_step(run, run->X + k * run->d, run->y[k],
                                        mf_sgd_step_size(run, run->k + 1), err);
            if (status < 0)
                return status;
        }
        steps -= n;
    }
    return MF_OK;
}
