/* radial_nodes.h: the isotropic problem's answers at nodes in |x|, for any loss.
 *
 * yhat depends on the class and on |x| = tau rho only, rho ~ chi_d (radial_noise.h), so with a Gauss
 * rule (rho_k, w_k) for chi_d the features
 *     f_{+-,k}(r) = sqrt(w_k/2) E sigma(tau_+- rho_k r z),      z a coordinate of a uniform unit vector,
 * have m_{+-,k} = sqrt(w_k/2) yhat_+-(rho_k): R = 1/2 sum_+- sum_k w_k l(+-1, yhat_+-(rho_k)). At d = inf
 * one node is left, and it is exact. Else the error falls with the number of nodes as fast as
 * E sigma(s z) is smooth in s, which it is the less the fewer dimensions there are.            */
#ifndef MF_RADIAL_NODES_H
#define MF_RADIAL_NODES_H

#include "radial_noise.h"

enum { MF_RADIAL_NODES_MAX = 192 };

typedef struct {
    size_t count; /* features: nodes of both classes, all of + first */
    double y[2 * MF_RADIAL_NODES_MAX], weight[2 * MF_RADIAL_NODES_MAX];
    mf_curves curves; /* the features */
    double error;     /* of their interpolation, in V and U */
} mf_radial_nodes;

/* At most `nodes` nodes a class (those without weight are left out). What noise has tabulated is the
 * answer; reach: mf_activation_reach. Curves are for the caller to free, after success.           */
mf_status mf_radial_nodes_new(const mf_radial_noise *noise, double d, size_t nodes, bool growth,
                              double tol, double reach, mf_radial_nodes *out, const mf_flag *stop,
                              mf_error *err);

#endif
