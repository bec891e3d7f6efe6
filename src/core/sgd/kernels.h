/* kernels.h: what the hot loops of SGD work on (sgd/isa/kernels.c).
 *
 * All arrays hold `real`s: double or float, as the kernel's suffix _d or _f says. A panel is
 * LANES neurons: 40 doubles or 80 floats, five AVX-512 registers. Columns come in fives: the
 * micro-kernel multiplies a panel by five columns, 25 registers of sums.                   */
#ifndef MF_SGD_KERNELS_H
#define MF_SGD_KERNELS_H

#include "core/base/isa.h"
#include "core/model/activation.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    MF_SGD_LANES_D = 40,
    MF_SGD_LANES_F = 80,
    MF_SGD_COLUMNS = 5,
    MF_SGD_CHUNK = 32 /* panels in a chunk: the unit of parallel work and of partial sums */
};

/* Piecewise linear sigma as slope * z + offset between knots; other kinds by name. */
typedef struct {
    const mf_activation *sigma;
    size_t knots;
    double knot[MF_KNOTS_MAX], slope[MF_KNOTS_MAX + 1], offset[MF_KNOTS_MAX + 1];
} mf_sgd_response;

typedef struct {
    size_t N, panels;
    size_t D, Dp;  /* coordinates (offset included), rounded up to fives: rows of a panel of W */
    size_t moving; /* the first rows of W, that decay and noise act on                         */
    double offset_decay; /* the plain loop's: of the last row of affine neurons, the offsets    */
    size_t Bp;   /* columns of a panel of P and S, a multiple of five                        */
    size_t ldk;  /* row distance of XT, gram and LT: a multiple of the lanes                 */
    bool affine; /* S = a sigma', else sigma'                                                */
    bool keeps_output; /* sigma is wanted besides its sum (a is learned)                        */
    mf_sgd_response response;
    void *W;          /* panels x Dp x LANES                                                   */
    void *a, *output; /* panels x LANES: output weights; sigma(z) of the latest column         */
    void *P;          /* panels x Bp x LANES: pre-activations, overwritten by S column by column */
    double *sums;     /* of sigma (times a) over neurons, one a chunk                          */
    double *reached;  /* one a chunk: where a sigma with a range was last asked beyond it; 0   */

    /* Sweep: W <- decay (W + S_old X_old + xi_old), then P = W XT + xi XT_xi + zeta LT. */
    size_t pending; /* steps of the former block that wait to be added; 0: none              */
    double decay;
    const void *S_old; /* panels x Bp x LANES                                                   */
    const void *X_old; /* pending x Dp: samples times their coefficients                        */
    const void *xi_old;
    size_t columns; /* of the new block, rounded up to fives; 0: no products wanted          */
    const void *XT; /* Dp x ldk: samples, one a column                                       */
    const void *xi,
            *XT_xi; /* Brownian part, or velocities: panels x Dp x LANES, Dp x ldk; or NULL */
    const void *zeta, *LT; /* its bridge: panels x Bp x LANES, Bp x ldk; NULL without          */

    /* Columns: z_k = scale (P_k + sum_{j<k} S_j gram_jk). */
    const void *gram; /* Bp x ldk: row j times the coefficient of step j                       */
    double scale;
} mf_sgd_job;

/* X(name): kernels over chunk c of a job; k is a column. */
#define MF_SGD_KERNELS(X, suffix)                                                                  \
    X(sgd_sweep_##suffix, void, (const mf_sgd_job *job, size_t chunk))                             \
    X(sgd_column_##suffix, void, (const mf_sgd_job *job, size_t k, size_t chunk))                  \
    X(sgd_output_##suffix, void,                                                                   \
      (const mf_sgd_job *job, double scale, double gain, double spread, const void *noise))        \
    X(sgd_gram_##suffix, void, (const mf_sgd_job *job, size_t columns, void *gram))                \
    X(sgd_dot_##suffix, void, (const mf_sgd_job *job, const void *x, size_t chunk))                \
    X(sgd_update_##suffix, void,                                                                   \
      (const mf_sgd_job *job, const void *x, double scale, double gain, size_t chunk))

#define MF_SGD_ALL_KERNELS(X)                                                                      \
    MF_SGD_KERNELS(X, d)                                                                           \
    MF_SGD_KERNELS(X, f)

typedef struct {
    MF_SGD_ALL_KERNELS(MF_KERNEL_MEMBER)
} mf_sgd_kernels;

const mf_sgd_kernels *mf_sgd_kernels_best(void);

#endif
