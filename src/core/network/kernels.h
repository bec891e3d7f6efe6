/* kernels.h: the hot loop of the exact risk (network/isa/series.c). */
#ifndef MF_NETWORK_KERNELS_H
#define MF_NETWORK_KERNELS_H

#include "core/base/isa.h"

#include <stddef.h>

#define MF_NETWORK_KERNELS(X)                                                                      \
    X(series, void,                                                                                \
      (size_t n, size_t terms, size_t ld, const double *ci, const double *c, const double *z,      \
       double *acc))

typedef struct {
    MF_NETWORK_KERNELS(MF_KERNEL_MEMBER)
} mf_network_kernels;

const mf_network_kernels *mf_network_kernels_best(void);

#endif
