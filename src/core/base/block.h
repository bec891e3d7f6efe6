/* block.h: arrays one after the other in one block of memory, each from a cache line on. */
#ifndef MF_BLOCK_H
#define MF_BLOCK_H

#include <stddef.h>

/* n doubles, up to whole lines of 64 bytes. */
static inline size_t mf_lines(size_t n) {
    return (n + 7) / 8 * 8;
}

/* n doubles from *next on, which moves behind them. */
static inline double *mf_take(double **next, size_t n) {
    double *start = *next;
    *next += mf_lines(n);
    return start;
}

static inline void mf_swap(double **a, double **b) {
    double *keep = *a;
    *a = *b;
    *b = keep;
}

#endif
