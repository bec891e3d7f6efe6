/* isa.h: one binary that runs well everywhere.
 *
 * Every file of src/core/<room>/isa is compiled once per instruction set, MF_ISA(name)
 * giving its functions distinct symbols. A room lists its kernels beside their owner,
 *     #define MF_CURVE_KERNELS(X) X(curve_values, void, (...)) X(curve_sums, void, (...))
 *     typedef struct { MF_CURVE_KERNELS(MF_KERNEL_MEMBER) } mf_curve_kernels;
 *     const mf_curve_kernels *mf_curve_kernels_best(void);
 * and defines the last by MF_KERNELS(mf_curve_kernels, MF_CURVE_KERNELS). The best set that
 * this machine has is chosen at the first use. MEANFIELD_ISA=baseline|avx2|avx512 in the
 * environment asks for a lesser one, so that every path can be tested on one machine.  */
#ifndef MF_ISA_H
#define MF_ISA_H

#define MF_ISA_PASTE_(name, isa) name##_##isa
#define MF_ISA_PASTE(name, isa) MF_ISA_PASTE_(name, isa)
#define MF_ISA(name) MF_ISA_PASTE(name, MF_ISA_NAME)

/* Index of the set in use: 0 baseline, 1 avx2, 2 avx512; the same for the whole life of
 * the process. And its name.                                                           */
int mf_isa_level(void);
const char *mf_isa_name(void);

#define MF_KERNEL_MEMBER(kernel, result, arguments) result(*kernel) arguments;

#if defined(__x86_64__)
#define MF_KERNEL_DECLARE(kernel, result, arguments)                                               \
    result mf_##kernel##_baseline arguments;                                                       \
    result mf_##kernel##_avx2 arguments;                                                           \
    result mf_##kernel##_avx512 arguments;
#define MF_KERNEL_SETS(LIST)                                                                       \
    {LIST(MF_KERNEL_baseline)}, {LIST(MF_KERNEL_avx2)}, {                                          \
        LIST(MF_KERNEL_avx512)                                                                     \
    }
#else
#define MF_KERNEL_DECLARE(kernel, result, arguments) result mf_##kernel##_baseline arguments;
#define MF_KERNEL_SETS(LIST)                                                                       \
    { LIST(MF_KERNEL_baseline) }
#endif
#define MF_KERNEL_baseline(kernel, result, arguments) .kernel = mf_##kernel##_baseline,
#define MF_KERNEL_avx2(kernel, result, arguments) .kernel = mf_##kernel##_avx2,
#define MF_KERNEL_avx512(kernel, result, arguments) .kernel = mf_##kernel##_avx512,

/* Defines `const type *type_best(void)` over the kernels of LIST. */
#define MF_KERNELS(type, LIST)                                                                     \
    LIST(MF_KERNEL_DECLARE)                                                                        \
    const type *type##_best(void) {                                                                \
        static const type sets[] = {MF_KERNEL_SETS(LIST)};                                         \
        return &sets[mf_isa_level()];                                                              \
    }

#endif
