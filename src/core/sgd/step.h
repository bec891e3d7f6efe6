/* step.h: the parts of a step that the plain loop and the blocked one share. */
#ifndef MF_SGD_STEP_H
#define MF_SGD_STEP_H

#include "state.h"

enum { MF_SGD_POLL_FLOPS = 40000000 }; /* the flag is looked at so often */

/* The plain loop's kernels on panels of one neuron (thin.c). */
const mf_sgd_kernels *mf_sgd_thin_kernels(void);

static inline const mf_sgd_kernels *mf_sgd_kernels_of(const mf_sgd *w) {
    return w->lanes == 1 ? mf_sgd_thin_kernels() : mf_sgd_kernels_best();
}

/* A kernel in the run's precision. */
#define MF_SGD_CALL(w, kernel, ...)                                                                \
    ((w)->single ? mf_sgd_kernels_of(w)->kernel##_f(__VA_ARGS__)                                   \
                 : mf_sgd_kernels_of(w)->kernel##_d(__VA_ARGS__))

typedef struct {
    mf_sgd *w;
    size_t k;
    double scale, gain;
    const void *x; /* a sample, in the run's precision */
} mf_sgd_work;

/* Chunks of panels, on several threads from `worth` neurons on. */
void mf_sgd_over_chunks(mf_sgd *, size_t worth, void (*body)(void *, size_t), mf_sgd_work *);

/* Column k of P becomes S; yhat, the mean of sigma. */
void mf_sgd_column(mf_sgd *, size_t k);

/* MF_EINVAL if a schedule of the caller's own comes without its step sizes s. */
mf_status mf_sgd_check_sizes(const mf_sgd *, const double *s, mf_error *err);

double mf_sgd_step_size(const mf_sgd *, uint64_t k);     /* s_k */
double mf_sgd_noise_deviation(const mf_sgd *, double s); /* of one coordinate in a step; 0: none */

/* s_k in the clock of the output scale, and the factor of sample y's share of a step of that size. */
double mf_sgd_scaled(const mf_sgd *, double s);
double mf_sgd_gain(const mf_sgd *, double s, double y);

/* Row c of X in the run's precision, times a coefficient and the rates of w and of the offset. */
void mf_sgd_put_row(const mf_sgd *, void *X, size_t c, const double *x, double coefficient);
mf_key mf_sgd_key(const mf_sgd *, uint64_t stream);

/* The masses' and output weights' share of a sample in column c of step `step`; see step.c. */
void mf_sgd_learn_output(mf_sgd *, uint64_t step, size_t c, double s, double gain);

/* MF_EDIVERGED if yhat is beyond all reason, MF_EDOMAIN if that comes from sigma's range. */
mf_status mf_sgd_check_output(mf_sgd *, uint64_t step, mf_error *err);

/* The noise of a step of size s is one that weights can bear, or divergence. */
mf_status mf_sgd_check_noise(const mf_sgd *, uint64_t step, double s, mf_error *err);

/* mf_sgd_run of each algorithm. */
mf_status mf_sgd_run_plain(mf_sgd *, uint64_t to, const double *s, const double *y,
                           const mf_flag *stop, mf_error *err);
mf_status mf_sgd_run_blocked(mf_sgd *, uint64_t to, const double *s, const double *y,
                             const mf_flag *stop, mf_error *err);

/* Samples first .. first+n-1 into X, d apart, and labels: those handed over, or if y is NULL the
 * law's, with the label noise. Those in place already stay.                                     */
mf_status mf_sgd_take(mf_sgd *, uint64_t first, size_t n, double *X, double *labels,
                      const double *y, mf_error *err);

/* A panel of W after step k: W's own, or made in w->scratch (blocked.c). */
const void *mf_sgd_panel(mf_sgd *, size_t panel);

#endif
