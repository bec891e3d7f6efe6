/* gauss.h: the Gauss-Legendre rule. */
#ifndef MF_GAUSS_H
#define MF_GAUSS_H

#include "status.h"

#include <stddef.h>

/* node[i], weight[i], i < n: int_low^high f = sum_i weight_i f(node_i), exact for polynomials of
 * degree below 2 n, to rounding. MF_ENOMEM. */
mf_status mf_gauss(size_t n, double low, double high, double *node, double *weight, mf_error *err);

#endif
