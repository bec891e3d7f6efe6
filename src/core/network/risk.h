/* risk.h: the population risk R_N of a finite network, exactly from its weights (Eq. 4).
 *
 * Laws that are mixtures of Gaussians say so themselves. In component c the pre-activations of two
 * neurons are a Gaussian pair with means b_i + <w_i, mu_c>, deviations s_i and correlation
 * z_ij, so that
 *     E sigma sigma' = sum_k z_ij^k c_k(s_i, b_i) c_k(s_j, b_j),
 * a Gram matrix and a short power series. The tail after K terms is at most
 * |z|^K sqrt(T_i T_j), T_i = E sigma_i^2 - sum_{k<K} c_k^2: pairs for which this is not
 * small enough get more terms, and nearly parallel ones one-dimensional quadrature.       */
#ifndef MF_RISK_H
#define MF_RISK_H

#include "core/model/activation.h"
#include "core/model/distribution.h"
#include "core/model/loss.h"

/* A network: W[c * ld + i] is coordinate c of neuron i; a, b hold N numbers, or are NULL for
 * plain neurons (a = 1, b = 0).                                                              */
typedef struct {
    size_t N, d, ld;
    const double *W, *a, *b;
} mf_network;

/* Bytes of scratch (64-byte aligned) for a network of N neurons; 0: it does not fit in memory. */
size_t mf_risk_scratch(const mf_distribution *, size_t N);

/* R_N and a bound on its numerical error. MF_EUNSUPPORTED for laws that are no mixtures of Gaussians; MF_STOPPED (values
 * unset) when the flag is raised.                                                             */
mf_status mf_risk_exact(const mf_distribution *, const mf_activation *, const mf_network *,
                        void *scratch, const mf_flag *stop, double *risk, double *error,
                        mf_error *err);

/* The mean loss over n examples (X is n x d) and a bound on its numerical error, for convex losses
 * and products that round as they mostly do. MF_STOPPED as above; MF_EDOMAIN beyond sigma's range. */
mf_status mf_risk_empirical(const mf_network *, const mf_activation *, const mf_loss *, size_t n,
                            const double *X, const double *y, const mf_flag *stop, double *risk,
                            double *error, mf_error *err);

/* value[i] = E sigma(s_i G + b_i)^2, i < n; b may be NULL (0). s may be infinite. */
mf_status mf_second_moments(const mf_activation *, size_t n, const double *s, const double *b,
                            double *value, mf_error *err);

/* yhat(x) = 1/N sum_i a_i sigma(<w_i, x> + b_i) for n samples (X is n x d with row distance
 * ldx). z is scratch of N numbers. MF_EDOMAIN beyond sigma's range.                                                            */
mf_status mf_network_predict(const mf_network *, const mf_activation *, size_t n, const double *X,
                             size_t ldx, double *z, double *yhat, mf_error *err);

#endif
