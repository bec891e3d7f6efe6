/* thin.c: the plain loop's kernels for a few neurons of a very high dimension, one neuron a panel:
 * a panel of 40 would hold zeros for most. Memory sets the pace here, not arithmetic.            */
#include "step.h"

#include <math.h>

enum { PARTS = 16 }; /* partial sums of an inner product: vectors for the compiler */

/* The panels of a chunk, here neurons. */
#define EACH(i) (size_t i = chunk * MF_SGD_CHUNK; i < chunk_end(job, chunk); ++i)

static size_t chunk_end(const mf_sgd_job *job, size_t chunk) {
    size_t end = (chunk + 1) * MF_SGD_CHUNK;
    return end < job->panels ? end : job->panels;
}

/* What sgd/isa/kernels.inc says of each, for one REAL. */
#define THIN_KERNELS(REAL, suffix)                                                                 \
    static void dot_##suffix(const mf_sgd_job *job, const void *sample, size_t chunk) {            \
        const REAL *x = sample;                                                                    \
        for                                                                                        \
            EACH(i) {                                                                              \
                const REAL *w = (const REAL *)job->W + i * job->Dp;                                \
                REAL sum[PARTS] = {0}, total = 0;                                                  \
                size_t c = 0;                                                                      \
                for (; c + PARTS <= job->D; c += PARTS)                                            \
                    for (size_t j = 0; j < PARTS; ++j)                                             \
                        sum[j] += x[c + j] * w[c + j];                                             \
                for (; c < job->D; ++c)                                                            \
                    total += x[c] * w[c];                                                          \
                for (size_t j = 0; j < PARTS; ++j)                                                 \
                    total += sum[j];                                                               \
                ((REAL *)job->P)[i * job->Bp] = total;                                             \
            }                                                                                      \
    }                                                                                              \
                                                                                                   \
    static void column_##suffix(const mf_sgd_job *job, size_t k, size_t chunk) {                   \
        double sum = 0;                                                                            \
        for                                                                                        \
            EACH(i) {                                                                              \
                REAL *z = (REAL *)job->P + i * job->Bp + k;                                        \
                double a = job->affine ? (double)((const REAL *)job->a)[i] : 1, value, slope;      \
                double at = (double)*z;                                                            \
                mf_activation_apply(job->response.sigma, 1, &at, &value, &slope);                  \
                if (isnan(value))                                                                  \
                    job->reached[chunk] = at;                                                      \
                if (job->keeps_output)                                                             \
                    ((REAL *)job->output)[i] = (REAL)value;                                        \
                *z = (REAL)(a * slope);                                                            \
                sum += a * value;                                                                  \
            }                                                                                      \
        job->sums[chunk] = sum;                                                                    \
    }                                                                                              \
                                                                                                   \
    static void update_##suffix(const mf_sgd_job *job, const void *sample, double scale,           \
                                double gain, size_t chunk) {                                       \
        const REAL *restrict x = sample;                                                           \
        for                                                                                        \
            EACH(i) {                                                                              \
                REAL *restrict w = (REAL *)job->W + i * job->Dp, factor = (REAL)scale;             \
                REAL step = (REAL)gain * ((const REAL *)job->P)[i * job->Bp];                      \
                for (size_t c = 0; c < job->D - job->affine; ++c)                                  \
                    w[c] = factor * w[c] + step * x[c];                                            \
                if (job->affine)                                                                   \
                    w[job->D - 1] =                                                                \
                            (REAL)job->offset_decay * w[job->D - 1] + step * x[job->D - 1];        \
            }                                                                                      \
    }                                                                                              \
                                                                                                   \
    static void output_##suffix(const mf_sgd_job *job, double scale, double gain, double spread,   \
                                const void *noise) {                                               \
        REAL *a = job->a;                                                                          \
        const REAL *sigma = job->output, *g = noise;                                               \
        for (size_t i = 0; i < job->panels; ++i)                                                   \
            a[i] = (REAL)scale * a[i] + (REAL)gain * sigma[i] + (g ? (REAL)spread * g[i] : 0);     \
    }

THIN_KERNELS(double, d)
THIN_KERNELS(float, f)

const mf_sgd_kernels *mf_sgd_thin_kernels(void) {
    static const mf_sgd_kernels kernels = {.sgd_dot_d = dot_d,
                                           .sgd_column_d = column_d,
                                           .sgd_update_d = update_d,
                                           .sgd_output_d = output_d,
                                           .sgd_dot_f = dot_f,
                                           .sgd_column_f = column_f,
                                           .sgd_update_f = update_f,
                                           .sgd_output_f = output_f};
    return &kernels;
}
