/* sgd.h: one-pass stochastic gradient descent on fresh samples, one or a batch of them a step
 * (Eq. 3, Eq. 11), and as people run it: with rates, momentum, an output scale, birth and death.
 *
 *   yhat = 1/N sum_i sigma_*(x; theta_i),  theta_i += 2 s_k (y - yhat) grad sigma_*(x; theta_i)
 * and with any loss l(y, yhat), -l'(y, yhat)/2 in the place of y - yhat (loss.h).
 *   s_k = eps xi(k eps), k = 1, 2, ...; with a batch of B the mean of B such terms at the same theta.
 * Steps and samples are counted apart: step k takes samples (k-1) B + 1 .. k B, and sample m is
 * draw m of the stream MF_STREAM_DATA. k, base, s and the clock count steps; blocks, columns of
 * the products and rows of X count samples.
 * Plain neurons: sigma(<w,x>), theta = w. Affine ones: a sigma(<w,x> + b), theta = (w, a, b).
 * With beta < inf or lambda > 0 (Eq. 11) a step also has decay and noise:
 *   theta <- (1 - 2 lambda s_k) theta + ... + t_k g,  t_k^2 = noise_factor s_k / beta.
 *
 * Each of a, b and w has its own step rate s_k, in all three: gradient, decay and noise. With an
 * output scale A, yhat = A/N sum_i sigma_*(x; theta_i) and s_k is divided by A^2. With momentum mu a step
 * goes by V <- mu V + (the above), theta <- theta + V, V = 0 at first: for small eps that is Eq. 3
 * in the time t / (1 - mu). Label noise adds N(0, label_noise^2) to y: draw m of a stream of its own.
 * With birth and death at rate alpha neurons have masses p_i, 1/N at first, yhat = A sum_i p_i sigma_i and
 *   p_i <- p_i exp(2 alpha s_k A (y - yhat) sigma_*(x; theta_i)) / Z,
 * where -(y - yhat) A sigma_i is the sample's estimate of Psi(theta_i): to first order in s_k the step of
 * p_i' = -2 alpha xi p_i (Psi_i - sum_j p_j Psi_j), for any step a law. Momentum is log p_i's too.
 *
 * Two algorithms walk the same path. The plain loop is the reference. The blocked one takes
 * B samples at a time, which makes Eq. 3 two matrix products and a triangular recurrence
 * (docs/blocked-sgd.md). Blocks start at multiples of B whatever the caller does: the state
 * kept is that of the block's start, and what is seen in the middle of a block is computed
 * from it. So cutting a run into pieces changes no bit of it; nor do threads.
 *
 * Weights lie in panels of 320 bytes (of one number in thin.c): W[panel][coordinate][lane],
 * neuron = panel * lanes + lane, so that a loop over neurons is contiguous and a panel is a block
 * of matrix products. The offset b is one more coordinate, whose x is 1.                   */
#ifndef MF_SGD_H
#define MF_SGD_H

#include "core/measure/space.h"
#include "core/model/activation.h"
#include "core/model/distribution.h"
#include "core/model/init.h"
#include "core/model/loss.h"
#include "core/model/schedule.h"

#include <stdbool.h>

typedef enum { MF_SGD_AUTO, MF_SGD_PLAIN, MF_SGD_BLOCKED } mf_sgd_algorithm;
typedef enum { MF_DOUBLE, MF_SINGLE } mf_precision;

/* Their names, in that order; each list ends with NULL. */
extern const char *const mf_sgd_algorithm_names[], *const mf_precision_names[];

enum { MF_SGD_BLOCK_MAX = 240 };

typedef struct {
    mf_distribution law; /* a custom law: samples are fed (mf_sgd_feed), plain loop only; a data
                            set: its examples are not copied and must outlive the run          */
    mf_activation sigma;
    mf_loss loss; /* zero: the square                                                        */
    mf_neuron neuron;
    size_t N;
    bool has_rates;         /* false: all are 1                                              */
    double rate[MF_GROUPS]; /* >= 0; 0: kept at the initial values. Plain neurons have that of w */
    double momentum;        /* in [0, 1); not with a finite beta                                 */
    double scale;           /* A > 0; 0: 1                                                     */
    double birth_death;     /* alpha >= 0                                                      */
    double label_noise;     /* standard deviation, >= 0                                         */
    size_t batch;   /* samples a step; 0: 1                                                 */
    double eps;     /* > 0                                                                  */
    mf_schedule xi; /* a custom one: step sizes are handed to mf_sgd_run                    */
    uint64_t seed;
    double beta;         /* inverse temperature, > 0; HUGE_VAL: no noise                     */
    double lambda;       /* weight decay, >= 0                                               */
    double noise_factor; /* 4: Eq. 12's beta; 2: as printed in Eq. 11                        */
    mf_sgd_algorithm algorithm;
    size_t block; /* samples a block, a multiple of the batch, 1 .. MF_SGD_BLOCK_MAX; 0: by the
                     rule of mf_sgd_plan. The plain loop's block is its batch                  */
    mf_precision precision; /* of weights and products; sums over neurons are in double        */
} mf_sgd_spec;

typedef struct mf_sgd mf_sgd; /* lives in the caller's memory, 64-byte aligned */

/* Resolves algorithm and block size in place; MF_EINVAL or MF_EUNSUPPORTED says what is wrong.
 * The rule: blocked unless the law is custom; B is what docs/blocked-sgd.md measured best.  */
mf_status mf_sgd_plan(mf_sgd_spec *, mf_error *err);

/* Bytes of a workspace for a planned spec; 0 if they do not fit in size_t. */
size_t mf_sgd_bytes(const mf_sgd_spec *);

/* Makes a workspace at k = 0 with all weights 0, a = 1, b = 0. Copies all that spec points
 * at, so it depends on nothing else but the examples of a data set. `mem` has mf_sgd_bytes(spec) bytes, zeroed.            */
mf_sgd *mf_sgd_init(void *mem, const mf_sgd_spec *spec);

/* Initial values of neuron i (k = 0 only): w has d numbers. */
void mf_sgd_set(mf_sgd *, size_t i, const double *w, double a, double b);

const mf_sgd_spec *mf_sgd_spec_of(const mf_sgd *);
uint64_t mf_sgd_k(const mf_sgd *); /* steps done */

/* Step sizes, and labels, that a run to step `to` needs: of steps mf_sgd_first(w) + 1 .. mf_sgd_last(w, to). */
uint64_t mf_sgd_first(const mf_sgd *);
uint64_t mf_sgd_last(const mf_sgd *, uint64_t to);

/* Runs to step `to` >= k. s: those step sizes for a custom schedule, else NULL. y: the labels of
 * those steps' samples, a batch for each, for a law without labels of its own, else NULL; MF_EDOMAIN,
 * before any step, if the loss does not know one of them. The flag is polled about every 20 ms or every block; MF_STOPPED leaves a valid state at an earlier step.
 * MF_EDIVERGED, or MF_EDOMAIN where sigma has a range: at a step named in err; the state is that before it. Not for custom laws.
 * Cuts at multiples of the block size cost nothing.                                         */
mf_status mf_sgd_run(mf_sgd *, uint64_t to, const double *s, const double *y, const mf_flag *stop,
                     mf_error *err);

/* The next n steps on samples of the caller's: X (n batch) x d with row distance ldx, y, and
 * step sizes s (NULL: from the schedule); stopped as mf_sgd_run. For the plain loop only. MF_EDOMAIN, before any step, if
 * the loss does not know one of the y.                                                      */
mf_status mf_sgd_feed(mf_sgd *, size_t n, const double *X, size_t ldx, const double *y,
                      const double *s, const mf_flag *stop, mf_error *err);

/* yhat of the latest sample. */
double mf_sgd_yhat(const mf_sgd *);

/* The weights after step k: w[c * ld + i] is coordinate c of neuron i (ld >= N); a and b (N
 * numbers each) may be NULL. For plain neurons a = 1 and b = 0.                             */
void mf_sgd_weights(mf_sgd *, double *w, size_t ld, double *a, double *b);

/* The masses p_i after step k, N numbers of sum 1; NULL without birth and death: all are 1/N. */
const double *mf_sgd_masses(const mf_sgd *);

/* Adds the run's label noise to samples first .. first+n-1 of a stream; MF_SGD_RISK_LABELS: of those that
 * estimate its risk.                                                                          */
enum { MF_SGD_LABELS = 0x40000004, MF_SGD_RISK_LABELS = 0x40000005 };
void mf_sgd_label_noise(const mf_sgd_spec *, mf_key key, uint64_t first, size_t n, double *y);

/* ---- checkpoints: the spec, k and the state at the block's start ---------------------------- */

size_t mf_sgd_packed_bytes(const mf_sgd *);
void mf_sgd_pack(const mf_sgd *, void *out); /* out is 8-byte aligned */

/* Whether a file is worth reading, from its first bytes (64 or all of it). */
mf_status mf_sgd_unpack_look(const void *head, size_t size, uint64_t file_size, mf_error *err);

/* Loading takes two calls. The first checks all of it (MF_EFORMAT names what is damaged, missing
 * or makes no sense) and says how much memory the run needs; the second makes the workspace
 * in `mem` (zeroed). The workspace is then at the start of a block: run it to *k for the state
 * that was saved. data is 8-byte aligned; room, for both calls, has mf_sgd_unpack_room bytes.
 * A file holds no data set: `given` (else NULL) is the law again, with its examples. MF_EINVAL if it is
 * missing or another.                                                                        */
size_t mf_sgd_unpack_room(void);
mf_status mf_sgd_unpack_size(const void *data, size_t size, void *room,
                             const mf_distribution *given, size_t *bytes, mf_error *err);
mf_status mf_sgd_unpack(const void *data, size_t size, void *room, const mf_distribution *given,
                        void *mem, mf_sgd **out, uint64_t *k, mf_error *err);

#endif
