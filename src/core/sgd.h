/* sgd.h: one-pass stochastic gradient descent on a two-layer network (Eq. 3, Eq. 11).
 *
 *     yhat = 1/N sum_i a_i sigma(<w_i, x> + b_i)              (plain: a = 1, b = 0)
 *     theta_i += 2 s_k (y_k - yhat_k) grad sigma_*(x_k; theta_i),  s_k = eps xi(k eps)
 *
 * Step k = 1, 2, ... sees sample k of the law's stream and nothing else; time is t = k eps.
 * Noisy SGD (Eq. 11) shrinks every parameter by 1 - 2 lambda s_k and adds Gaussian noise of
 * variance 4 s_k/beta: the convention under which beta is that of Eq. 12 and Eq. 21.
 * MF_NOISE_PRINTED gives Eq. 11's own 2 s_k/beta.
 *
 * A run lives in one block of the caller's memory: header, streams and all arrays.      */
#ifndef MF_SGD_H
#define MF_SGD_H

#include "activation.h"
#include "distribution.h"
#include "init.h"
#include "risk.h"
#include "schedule.h"

#include <stdbool.h>

typedef enum { MF_NEURON_PLAIN, MF_NEURON_AFFINE } mf_neuron;
typedef enum { MF_NOISE_DIFFUSION, MF_NOISE_PRINTED } mf_noise;

typedef struct {
    mf_distribution law;
    mf_activation activation;
    mf_init init;
    mf_schedule xi;
    mf_neuron neuron;
    size_t N;
    double eps; /* > 0 */
    uint64_t seed;
    double beta;   /* inverse temperature; infinite: no noise */
    double lambda; /* l2 regularisation, >= 0 */
    mf_noise noise;
    bool fix_a, fix_b; /* affine neurons: keep the output weights, the offsets */
} mf_sgd_spec;

typedef struct mf_sgd mf_sgd;

enum { MF_SGD_BATCH = 64 }; /* samples handed over or drawn at a time */

/* Bytes of a run, or 0 if it does not fit in memory. */
size_t mf_sgd_bytes(const mf_sgd_spec *);

/* Makes a run in mem (64-byte aligned, mf_sgd_bytes long), weights drawn from init. With a
 * custom init the caller sets every neuron.                                             */
mf_sgd *mf_sgd_init(void *mem, const mf_sgd_spec *);
void mf_sgd_set_neuron(mf_sgd *, size_t i, const double *w, double a, double b);

/* `steps` further steps. MF_STOPPED when the flag is raised, MF_EDIVERGED (with the step in
 * the text) when the prediction is no longer a finite number: the run is then at the last
 * good step. Not for custom laws and schedules.                                          */
mf_status mf_sgd_step(mf_sgd *, uint64_t steps, const mf_flag *stop, mf_error *err);

/* The next n <= MF_SGD_BATCH steps on samples (X row-major n x d, y) and step sizes s from the
 * caller: what custom laws and schedules use.                                             */
mf_status mf_sgd_feed(mf_sgd *, size_t n, const double *X, const double *y, const double *s,
                      mf_error *err);

uint64_t mf_sgd_steps(const mf_sgd *); /* k: steps done */
const mf_sgd_spec *mf_sgd_spec_of(const mf_sgd *);
mf_network mf_sgd_network(mf_sgd *);                 /* a view of the weights after step k */
double mf_sgd_step_size(const mf_sgd *, uint64_t k); /* s_k; not for custom schedules */

#endif
