/* rng_kernels.h: counters to numbers, many at a time (base/isa/normals.c). */
#ifndef MF_RNG_KERNELS_H
#define MF_RNG_KERNELS_H

#include "isa.h"
#include "rng.h"

#define MF_RNG_KERNELS(X)                                                                          \
    X(normals, void, (mf_key key, uint64_t draw, size_t n, double *out))                           \
    X(uniforms, void, (mf_key key, uint64_t draw, size_t n, double *out))                          \
    X(labels, void, (mf_key key, uint64_t draw, size_t n, double *out))

typedef struct {
    MF_RNG_KERNELS(MF_KERNEL_MEMBER)
} mf_rng_kernels;

const mf_rng_kernels *mf_rng_kernels_best(void);

#endif
