/* library.h: what must be set once before the core is used. */
#ifndef MF_LIBRARY_H
#define MF_LIBRARY_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>

/* "0.1.0": the one of the CMake project. */
const char *mf_version(void);

/* Turns GSL's aborting error handler off and keeps OpenBLAS on one thread
 * (threads are ours, see parallel.h). Idempotent. MF_ENOMEM if ulimit -v leaves OpenBLAS
 * too little: it would ask for memory for ever.                             */
mf_status mf_library_init(mf_error *err);

/* Address space that OpenBLAS maps for every thread at its first call. */
#define MF_BLAS_BUFFER ((size_t)128 << 20)

/* Whether the address space (ulimit -v) has room for so many of them. */
bool mf_library_has_room(size_t buffers);

#endif
