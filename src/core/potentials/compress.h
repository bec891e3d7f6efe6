/* compress.h: curves of the numerical rank of a kernel from samples of any features of it. */
#ifndef MF_COMPRESS_H
#define MF_COMPRESS_H

#include "curves.h"

/* The samples' component 0 is <y, phi_r> for a unit vector y, the others are coordinates of
 * phi_r. The curves f satisfy f_1 = <y, phi>, <f(r), f(r')> = <phi_r, phi_r'> up to
 * *residual (<= tol unless the rank had to be cut).                                         */
mf_status mf_compress(const mf_curve_samples *, double tol, bool growth, mf_curves *curves,
                      double *residual, const mf_flag *stop, mf_error *err);

#endif
