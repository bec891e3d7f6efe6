/* isa.h: one binary that runs well everywhere.
 *
 * Every file of src/core/isa is compiled once per instruction set, MF_ISA(name) giving
 * its functions distinct symbols. The table of the best set that this machine has is
 * chosen at the first use. MEANFIELD_ISA=baseline|avx2|avx512 in the environment asks
 * for a lesser one, so that every path can be tested on one machine.                  */
#ifndef MF_ISA_H
#define MF_ISA_H

#include "activation.h"
#include "curves.h"
#include "rng.h"
#include "sgd_kernels.h"

#define MF_ISA_PASTE_(name, isa) name##_##isa
#define MF_ISA_PASTE(name, isa) MF_ISA_PASTE_(name, isa)
#define MF_ISA(name) MF_ISA_PASTE(name, MF_ISA_NAME)

/* X(name, result, arguments): the kernels. */
#define MF_KERNEL_LIST(X)                                                                          \
    X(normals, void, (mf_key key, uint64_t draw, size_t n, double *out))                           \
    X(uniforms, void, (mf_key key, uint64_t draw, size_t n, double *out))                          \
    X(series, void,                                                                                \
      (size_t n, size_t terms, size_t ld, const double *ci, const double *c, const double *z,      \
       double *acc))                                                                               \
    X(labels, void, (mf_key key, uint64_t draw, size_t n, double *out))                            \
    X(curve_values, void,                                                                          \
      (const mf_curve_grid *grid, const double *curve, size_t n, const double *r, double *value,   \
       double *slope))                                                                             \
    X(curve_sums, void,                                                                            \
      (const mf_curve_grid *grid, size_t n, const double *r, const double *weight, double equal,   \
       double *moments))                                                                           \
    MF_SGD_KERNELS(X, d)                                                                           \
    MF_SGD_KERNELS(X, f)

typedef struct {
    const char *name;
#define X(kernel, result, arguments) result(*kernel) arguments;
    MF_KERNEL_LIST(X)
#undef X
} mf_isa;

/* The kernels in use; the same for the whole life of the process. */
const mf_isa *mf_isa_best(void);

#endif
