/* parallel.h: our own threads, because OpenBLAS would start them on tiny problems.
 *
 * Work is cut into chunks whose number never depends on the number of threads, so
 * that sums combined in chunk order have the same bits on any machine size.        */
#ifndef MF_PARALLEL_H
#define MF_PARALLEL_H

#include <stddef.h>

enum { MF_THREADS_MAX = 256 };

/* Number of threads used by native loops, 1 .. MF_THREADS_MAX. Default: 1 per available core. */
void mf_threads_set(size_t threads);
size_t mf_threads(void);

/* Calls body(context, chunk) for chunk = 0 .. chunks-1, each once, in any order and
 * from any thread; returns when all are done. A call from inside a body, or while
 * another thread's call runs, is serial. Safe after fork().                          */
void mf_parallel(size_t chunks, void (*body)(void *context, size_t chunk), void *context);

#endif
