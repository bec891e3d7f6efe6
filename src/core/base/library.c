/* library.c: what must be set once before the core is used. */
#include "library.h"

#include <gsl/gsl_errno.h>

/* <cblas.h> clashes with <gsl/gsl_cblas.h>: declare the one call we need. */
extern void openblas_set_num_threads(int threads);

const char *mf_version(void) {
    return MF_VERSION;
}

void mf_library_init(void) {
    gsl_set_error_handler_off();
    openblas_set_num_threads(1);
}
