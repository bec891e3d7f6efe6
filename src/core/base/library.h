/* library.h: what must be set once before the core is used. */
#ifndef MF_LIBRARY_H
#define MF_LIBRARY_H

#define MF_VERSION "0.1.0"

/* Turns GSL's aborting error handler off and keeps OpenBLAS on one thread
 * (threads are ours, see parallel.h). Idempotent.                           */
void mf_library_init(void);

#endif
