/* relu.h: neurons a relu(<w,x> + b) under anisotropic Gaussians, d = inf, s0 = gamma d.
 *
 * theta = (a, b, r1, r2), r1 = |P_V w|, r2 = |P_V^perp w|; with s_+-^2 = tau_+-^2 r1^2 + r2^2 and
 * q(s, b) = E relu(s G + b) = b Phi(b/s) + s phi(b/s) the features are a q(s_+-, b)/sqrt(2): rank 2.
 * gamma enters only through the law of (r1, r2) at the start. The closed form of affine.h's case. */
#ifndef MF_RELU_POTENTIAL_H
#define MF_RELU_POTENTIAL_H

#include "potential.h"

typedef struct {
    double delta; /* in (0, 1); tau_+- = 1 +- delta */
    double gamma; /* s0/d, in (0, 1]                */
    mf_loss loss; /* zero: the square               */
} mf_relu_spec;

extern const mf_space mf_space_relu; /* a, b, r1, r2 */

mf_status mf_relu_new(const mf_relu_spec *, mf_potential **out, mf_error *err);

#endif
