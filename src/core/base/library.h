/* library.h: what must be set once before the core is used. */
#ifndef MF_LIBRARY_H
#define MF_LIBRARY_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>

/* "0.1.0": the one of the CMake project. */
const char *mf_version(void);

/* The libraries that numbers depend on, as loaded; OpenBLAS's with the kernels in use. */
typedef struct {
    const char *name, *version;
} mf_library_version;
enum { MF_LIBRARY_VERSIONS = 3 };
size_t mf_library_versions(mf_library_version out[MF_LIBRARY_VERSIONS]);

/* Turns GSL's aborting error handler off and keeps OpenBLAS on one thread
 * (threads are ours, see parallel.h). Idempotent. MF_ENOMEM if ulimit -v leaves OpenBLAS
 * too little: it would ask for memory for ever.                             */
mf_status mf_library_init(mf_error *err);

/* Address space that OpenBLAS maps for a thread. */
#define MF_BLAS_BUFFER ((size_t)128 << 20)

/* Maps buffers for so many threads at once, for good (for more than 64: only looks whether there
 * is room): OpenBLAS would do it at a thread's first call and, once memory has run out, try for
 * ever. False: the address space (ulimit -v) has no room. One thread at a time.            */
bool mf_library_reserve(size_t buffers);

#endif
