/* rng.c: the counter-based streams, through the kernels of this machine. */
#include "rng.h"

#include "rng_kernels.h"

MF_KERNELS(mf_rng_kernels, MF_RNG_KERNELS)

void mf_rng_normals(mf_key key, uint64_t draw, size_t n, double *out) {
    mf_rng_kernels_best()->normals(key, draw, n, out);
}

void mf_rng_uniforms(mf_key key, uint64_t draw, size_t n, double *out) {
    mf_rng_kernels_best()->uniforms(key, draw, n, out);
}

void mf_rng_labels(mf_key key, uint64_t first, size_t n, double *out) {
    mf_rng_kernels_best()->labels(key, first, n, out);
}
