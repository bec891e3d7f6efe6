/* library.c: what must be set once before the core is used. */
#include "library.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_version.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* <cblas.h> clashes with <gsl/gsl_cblas.h>: declare the calls we need. The last three are
 * OpenBLAS's own and need not be there; then the room is only looked for.                   */
extern void openblas_set_num_threads(int threads);
extern char *openblas_get_config(void), *openblas_get_corename(void);
extern int blas_thread_shutdown_(void) __attribute__((weak));
extern void *blas_memory_alloc(int position) __attribute__((weak));
extern void blas_memory_free(void *buffer) __attribute__((weak));

enum { LISTED = 64 }; /* buffers that every build of OpenBLAS for many threads can list */

const char *mf_version(void) {
    return MF_VERSION;
}

size_t mf_library_versions(mf_library_version out[MF_LIBRARY_VERSIONS]) {
    static char blas[64], hdf5[32];
    const char *config = openblas_get_config();
    unsigned major = 0, minor = 0, release = 0;
    if (strncmp(config, "OpenBLAS ", 9) == 0)
        config += 9;
    snprintf(blas, sizeof blas, "%.*s (%s)", (int)strcspn(config, " "), config,
             openblas_get_corename());
    H5get_libversion(&major, &minor, &release);
    snprintf(hdf5, sizeof hdf5, "%u.%u.%u", major, minor, release);
    const mf_library_version list[MF_LIBRARY_VERSIONS] = {
            {"GSL", gsl_version}, {"OpenBLAS", blas}, {"HDF5", hdf5}};
    memcpy(out, list, sizeof list);
    return MF_LIBRARY_VERSIONS;
}

static bool has_room(size_t buffers) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return true;
    size_t size = buffers * MF_BLAS_BUFFER;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED)
        munmap(at, size);
    return at != MAP_FAILED;
}

/* What OpenBLAS has mapped it keeps: so many buffers, in use at one time, are there for good. */
bool mf_library_reserve(size_t buffers) {
    static size_t kept;
    void *buffer[LISTED];
    if (buffers <= kept)
        return true;
    if (!has_room(buffers - kept))
        return false;
    if (!blas_memory_alloc || !blas_memory_free || buffers > LISTED)
        return true;
    for (size_t i = 0; i < buffers; ++i)
        buffer[i] = blas_memory_alloc(0);
    for (size_t i = 0; i < buffers; ++i)
        blas_memory_free(buffer[i]);
    kept = buffers;
    return true;
}

/* At exit OpenBLAS would wait for its own thread, which asks for memory for ever. */
static void leave(int status, void *context) {
    (void)context;
    fflush(NULL);
    _exit(status);
}

mf_status mf_library_init(mf_error *err) {
    gsl_set_error_handler_off();
    openblas_set_num_threads(1);
    bool room = has_room(1);
    if (room && blas_thread_shutdown_)
        blas_thread_shutdown_(); /* its threads sleep for ever; one that wakes late takes a buffer */
    if (!room || !mf_library_reserve(1)) {
        on_exit(leave, NULL);
        return mf_fail(err, MF_ENOMEM,
                       "too little address space for OpenBLAS: raise ulimit -v by %zu kB",
                       MF_BLAS_BUFFER >> 10);
    }
    return MF_OK;
}
