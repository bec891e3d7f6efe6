/* gauss.h: Gauss rules: Legendre's, and one for the length of a Gaussian vector. */
#ifndef MF_GAUSS_H
#define MF_GAUSS_H

#include "status.h"

#include <stddef.h>

/* node[i], weight[i], i < n: int_low^high f = sum_i weight_i f(node_i), exact for polynomials of
 * degree below 2 n, to rounding. MF_ENOMEM. */
mf_status mf_gauss(size_t n, double low, double high, double *node, double *weight, mf_error *err);

/* E f(rho) = sum_i weight_i f(node_i) for rho ~ chi_p, the length of a standard Gaussian vector of
 * R^p, p > 0: exact for polynomials in rho^2 of degree below 2 n. Nodes increase. MF_ENOMEM.       */
mf_status mf_gauss_chi(size_t n, double p, double *node, double *weight, mf_error *err);

/* value[k] = l_k(rho), k < n: the polynomials of degree k in rho^2 that are orthonormal under chi_p,
 * with positive leading coefficients (Laguerre's, normalised).                                   */
void mf_gauss_chi_polynomials(size_t n, double p, double rho, double *value);

#endif
