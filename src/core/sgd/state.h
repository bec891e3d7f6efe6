/* state.h: the inside of an SGD workspace, shared by the files of this room. */
#ifndef MF_SGD_STATE_H
#define MF_SGD_STATE_H

#include "kernels.h"
#include "sgd.h"

/* Streams of the noise besides MF_STREAM_NOISE (which drives w and b). */
enum {
    MF_SGD_STREAM_A = 0x40000001,      /* output weights: draw = step         */
    MF_SGD_STREAM_BRIDGE = 0x40000002, /* zeta of a block                      */
    MF_SGD_STREAM_VIEW = 0x40000003    /* W in the middle of a noisy block     */
};

enum { MF_SGD_THREADED = 10000 }; /* neurons from which one run is split over threads */

typedef struct mf_sgd_noise mf_sgd_noise;

struct mf_sgd {
    mf_sgd_spec spec; /* what it points at lies in this workspace */
    uint64_t k;       /* steps done                                */
    uint64_t base;    /* W, a_start are the state after this step  */
    bool open;        /* a block is open: `columns` of its samples are taken, whole steps of them
                         but while a step is made                                               */
    size_t columns;
    double yhat;
    bool single;
    size_t lanes, chunks;
    mf_sgd_job job;
    double *law;   /* its numbers */
    mf_deck *deck; /* of a data set; else NULL */
    mf_activation_table *table;
    mf_loss_table *loss;   /* of a custom loss; else NULL */
    void *a_start, *S_old; /* reals: output weights at base; the former block's columns */
    double *X, *y, *s;     /* samples block x d, step sizes of the open block          */
    double *gains; /* plain: 2 s_k A residual / batch of a step's samples; with momentum a block's */
    void *a_step;  /* reals: change of a by the samples of a batch so far      */
    double *mass, *mass_start; /* birth and death: p and behind it the growth of log p; at base */
    void *W_step,
            *a_before; /* reals: weights in the making, old a, in plain steps that take long */
    void *X_old, *XT, *gram; /* reals: see mf_sgd_job                                     */
    void *X_velocity;        /* reals, blocks with momentum: rows that go into the velocities */
    double *travelled;       /* blocks with momentum: sum_{i<n} mu^i, n = 0 .. block          */
    void *scratch;           /* reals: one panel of W                                     */
    double *normals;         /* noise: (Dp + panels) x lanes                              */
    mf_sgd_noise *noise;     /* noise in blocks; NULL without                             */
    void *xi, *zeta, *XT_xi, *LT; /* reals: see mf_sgd_job                                 */
};

/* Numbers of the run's precision, as doubles. */
static inline double mf_sgd_get(const mf_sgd *w, const void *array, size_t i) {
    return w->single ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

static inline void mf_sgd_put(const mf_sgd *w, void *array, size_t i, double value) {
    if (w->single)
        ((float *)array)[i] = (float)value;
    else
        ((double *)array)[i] = value;
}

/* Index in W of coordinate c of neuron i. */
static inline size_t mf_sgd_at(const mf_sgd *w, size_t i, size_t c) {
    return (i / w->lanes * w->job.Dp + c) * w->lanes + i % w->lanes;
}

/* Velocities of W and of a, which lie behind them; the same layout. With momentum the blocked loop
 * keeps Y = W + mu/(1 - mu) V in the place of W (blocked.c).                                   */
static inline size_t mf_sgd_reals(const mf_sgd *w, size_t n) {
    return n * (w->single ? sizeof(float) : sizeof(double));
}

static inline size_t mf_sgd_strip(const mf_sgd *w) { /* bytes of a number for each neuron */
    return mf_sgd_reals(w, w->job.panels * w->lanes);
}

static inline bool mf_sgd_has_momentum(const mf_sgd *w) {
    return w->spec.momentum > 0;
}

static inline void *mf_sgd_velocity(const mf_sgd *w) {
    return (char *)w->job.W + mf_sgd_strip(w) * w->job.Dp;
}

static inline void *mf_sgd_a_velocity(const mf_sgd *w, void *a) { /* NULL where a is */
    return a ? (char *)a + mf_sgd_strip(w) : NULL;
}

/* Steps of a block. */
static inline size_t mf_sgd_block_steps(const mf_sgd *w) {
    return w->spec.block / w->spec.batch;
}

static inline bool mf_sgd_learns(const mf_sgd_spec *spec, mf_group group) {
    return spec->rate[group] > 0;
}

/* The first sample of the step after step k. */
static inline uint64_t mf_sgd_sample_after(const mf_sgd *w, uint64_t k) {
    return k * w->spec.batch + 1;
}

static inline size_t mf_sgd_round_up(size_t n, size_t unit) {
    return (n + unit - 1) / unit * unit;
}

bool mf_sgd_is_noisy(const mf_sgd_spec *);

/* Whether b moves at the rate of w, or not at all. */
bool mf_sgd_shares_rate(const mf_sgd_spec *);

/* Few neurons of a high dimension, for which a whole panel would be mostly empty, and a block of
 * samples larger than the weights: the plain loop takes them one by one (thin.c).              */
bool mf_sgd_is_thin(const mf_sgd_spec *);

/* n normals of a draw in the run's precision; in place where that is double. */
const void *mf_sgd_draw(const mf_sgd *, mf_key key, uint64_t draw, size_t n, double *room);

/* XT[c][k] = X[k][c] for k < n (rows of length d), in the run's precision. */
void mf_sgd_transpose(const mf_sgd *, const double *X, size_t n, void *XT);

/* out[at + i] = factor x[i], or times factor in place if x is NULL; i < n. */
void mf_sgd_scale(const mf_sgd *, void *out, size_t at, const double *x, size_t n, double factor);

/* out[at + i] += factor x[from + i] in the run's precision; i < n. */
void mf_sgd_add(const mf_sgd *, void *out, size_t at, const void *x, size_t from, size_t n,
                double factor);

/* What takes the place of the residual y - yhat at the latest prediction. */
static inline double mf_sgd_residual(const mf_sgd *w, double y) {
    return mf_loss_residual(&w->spec.loss, y, w->yhat);
}

/* Size of the table behind an activation, 0 without. */
size_t mf_sgd_table_bytes(const mf_activation *);

#endif
