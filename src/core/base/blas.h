/* blas.h: sizes that BLAS can take. Its arguments are ints: whoever makes something whose sizes go
 * there (a rank, a sample, a leading dimension) asks first, and may then cast. */
#ifndef MF_BLAS_H
#define MF_BLAS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

static inline bool mf_blas_fits(size_t n) {
    return n <= INT_MAX;
}

#endif
