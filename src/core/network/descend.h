/* descend.h: the least risk of a network of N neurons (Proposition 1).
 *
 * R_N of Eq. 4 for isotropic Gaussians and plain neurons is a smooth function of the N
 * weights w_i in R^d, known without sampling (risk.h): with s_i = tau r_i, z_ij the cosine of
 * the angle between w_i and w_j and c_k the Hermite coefficients of sigma(s G),
 *     R_N = 1/2 sum_{+-} ( 1 -+ 2/N sum_i c_0(s_i)
 *           + 1/N^2 [ sum_i E sigma(s_i G)^2 + sum_{i != j} sum_k z_ij^k c_k(s_i) c_k(s_j) ] ).
 * It is not convex. One call descends from one start; the caller keeps the best of many. */
#ifndef MF_FINITE_H
#define MF_FINITE_H

#include "core/model/activation.h"
#include "core/model/distribution.h"

typedef struct {
    mf_distribution law; /* isotropic                                              */
    mf_activation activation;
    size_t N;
    size_t terms; /* of the series for pairs, 8 .. 512; the result's risk is exact all the same */
    size_t steps; /* at most                                                       */
    double tol;   /* stop where |grad R_N| N is below                              */
} mf_descend_spec;

typedef struct {
    double risk;     /* exact, of the final weights      */
    double error;    /* bound on its numerical error     */
    double gradient; /* N |grad| of the series there     */
    size_t steps;
} mf_descent;

/* Quasi-Newton descent from the weights W (N x d, row i is w_i), which it replaces when it
 * returns MF_OK. A descent that rounding stops above tol is no error: see
 * `gradient`.                                                                              */
mf_status mf_descend(const mf_descend_spec *, double *W, mf_descent *out, const mf_flag *stop,
                     mf_error *err);

#endif
