/* sgd_noise.h: Eq. 11's noise and decay in blocks, exactly in law (docs/blocked-sgd.md).
 *
 *   A_0 = 1, A_{k+1} = a_k A_k, S_0 = 0, S_{k+1} = S_k + t_k^2 / A_{k+1}^2
 *   W^k = A_k [ W^0 + sum_{j<k} (c_j / A_{j+1}) x_j + xi(S_k) ],  xi Brownian in R^D
 * The block draws xi(S_B), and the pre-activations' share of its bridge as L zeta.          */
#ifndef MF_SGD_NOISE_H
#define MF_SGD_NOISE_H

#include "sgd_state.h"

struct mf_sgd_noise {
    double *A, *S; /* block + 1 numbers each                                            */
    double *theta; /* block x block: (min(S_k,S_l) - S_k S_l / S_B) <x_k, x_l>           */
    double *L, *M; /* block x block: Cholesky factor of theta; work space of views        */
    double *u, *v; /* block numbers each                                                 */
};

size_t mf_sgd_noise_bytes(size_t block);

/* Makes the noise of the block at base: A, S, xi, zeta and the products' right-hand sides.
 * MF_EUNSUPPORTED if the decay over a block is too strong.                                  */
mf_status mf_sgd_noise_open(mf_sgd *, mf_error *err);

/* w->scratch holds W^0 + sum c_j x_j of a panel after `columns` steps: adds xi and A. */
void mf_sgd_noise_view(mf_sgd *, size_t panel);

#endif
