/* kernels.h: the hot loops of curves (potentials/isa/curves.c). */
#ifndef MF_CURVE_KERNELS_H
#define MF_CURVE_KERNELS_H

#include "core/base/isa.h"
#include "curves.h"

#define MF_CURVE_KERNELS(X)                                                                        \
    X(curve_values, void,                                                                          \
      (const mf_curve_grid *grid, const double *curve, size_t n, const double *r, double *value,   \
       double *slope))                                                                             \
    X(curve_sums, void,                                                                            \
      (const mf_curve_grid *grid, size_t n, const double *r, const double *weight, double equal,   \
       double *moments))

typedef struct {
    MF_CURVE_KERNELS(MF_KERNEL_MEMBER)
} mf_curve_kernels;

const mf_curve_kernels *mf_curve_kernels_best(void);

#endif
