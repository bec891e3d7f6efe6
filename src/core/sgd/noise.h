/* noise.h: Eq. 11's noise and decay in blocks, exactly in law (docs/blocked-sgd.md).
 *
 *   A_0 = 1, A_{k+1} = a_k A_k, S_0 = 0, S_{k+1} = S_k + t_k^2 / A_{k+1}^2
 *   W^k = A_k [ W^0 + sum_{j<k} (c_j / A_{j+1}) x_j + xi(S_k) ],  xi Brownian in R^D
 * A block draws xi(S_B), and of the bridge between only what the pre-activations see of it,
 * <bridge(S_k), x_k> = (L zeta)_k.                                                          */
#ifndef MF_SGD_NOISE_H
#define MF_SGD_NOISE_H

#include "state.h"

struct mf_sgd_noise {
    size_t block, batch, steps; /* of a block; A and S are indexed by steps, columns by samples */
    double A[MF_SGD_BLOCK_MAX + 1], S[MF_SGD_BLOCK_MAX + 1];
    double *numbers; /* three block x block matrices, then three of block x lanes */
};

size_t mf_sgd_noise_bytes(size_t block, size_t lanes);
void mf_sgd_noise_init(mf_sgd_noise *, size_t block, size_t batch);

/* Makes the noise of the block at base from the step sizes w->s: A, S, xi, zeta and the
 * matrices that multiply them. MF_EUNSUPPORTED if the decay over a block is too strong.     */
mf_status mf_sgd_noise_open(mf_sgd *, mf_error *err);

/* w->scratch holds W^0 + sum_{j<k} (c_j / A_{j+1}) x_j of a panel, k = columns: makes W^k of it.
 * In the middle of a block xi(S_k) is drawn given all that the block already knows of xi.   */
void mf_sgd_noise_view(mf_sgd *, size_t panel);

#endif
