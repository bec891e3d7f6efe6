/* library.c: what must be set once before the core is used. */
#include "library.h"

#include <gsl/gsl_errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* <cblas.h> clashes with <gsl/gsl_cblas.h>: declare the one call we need. */
extern void openblas_set_num_threads(int threads);

const char *mf_version(void) {
    return MF_VERSION;
}

bool mf_library_has_room(size_t buffers) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return true;
    size_t size = buffers * MF_BLAS_BUFFER;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED)
        munmap(at, size);
    return at != MAP_FAILED;
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
    if (!mf_library_has_room(1)) {
        on_exit(leave, NULL);
        return mf_fail(err, MF_ENOMEM,
                       "too little address space for OpenBLAS: raise ulimit -v by %zu kB",
                       MF_BLAS_BUFFER >> 10);
    }
    return MF_OK;
}
