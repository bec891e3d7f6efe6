/* affine.h: neurons a sigma(<w,x> + b) under anisotropic Gaussians, any sigma that grows no faster
 * than |t|, finite d and d = inf.
 *
 * theta = (a, b, r1, r2), r1 = |P_V w|, r2 = |P_V^perp w|, dim V = s0, in the space of relu.h. With
 * s_+-^2 = tau_+-^2 r1^2 + r2^2 the features are a times those of zonal.h, of the coefficients
 * c_2m(s_+-, b) = E sigma(s G + b) h_2m(G). No coordinate of a unit vector is taken for a Gaussian one:
 * V has no error, U that of the moments E z^2m that are left out. At d = inf the rank is 2; ReLU then
 * has closed forms (relu.h).
 *
 * There are no tables: coefficients are made anew for every particle, in closed form for piecewise
 * linear sigma and erf (a few 100 ns), by quadrature for the others (some 30 microseconds).      */
#ifndef MF_AFFINE_POTENTIAL_H
#define MF_AFFINE_POTENTIAL_H

#include "two_radius.h"

/* The same law and choices as two plain radii, but tol is of U relative to a a' scale, for unbounded
 * sigma also to (1 + |b| + s)(1 + |b'| + s'). *out is owned by the caller. MF_INEXACT: (*out)->error exceeds tol, as it may where V or its
 * complement has few dimensions.                                                            */
mf_status mf_affine_new(const mf_two_radius_spec *, mf_potential **out, const mf_flag *stop,
                        mf_error *err);

/* J particles of equal weight: a and b of init, and the quantiles of (r1, r2) in these dimensions
 * or, where init names any, in init's.                                                       */
mf_status mf_affine_start(const mf_init *, double d, double s0, double gamma, size_t J, double *x,
                          const mf_flag *stop, mf_error *err);

#endif
