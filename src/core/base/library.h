/* library.h: what must be set once before the core is used. */
#ifndef MF_LIBRARY_H
#define MF_LIBRARY_H

/* "0.1.0": the one of the CMake project. */
const char *mf_version(void);

/* Turns GSL's aborting error handler off and keeps OpenBLAS on one thread
 * (threads are ours, see parallel.h). Idempotent.                           */
void mf_library_init(void);

#endif
