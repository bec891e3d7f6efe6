/* isa.c: chooses the instruction set once, at the first use. */
#include "isa.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE(kernel, result, arguments) result MF_ISA(mf_##kernel) arguments;
#define ENTRY(kernel, result, arguments) .kernel = MF_ISA(mf_##kernel),

#define MF_ISA_NAME baseline
MF_KERNEL_LIST(DECLARE)
static const mf_isa baseline = {.name = "baseline", MF_KERNEL_LIST(ENTRY)};
#undef MF_ISA_NAME

#if defined(__x86_64__)
#define MF_ISA_NAME avx2
MF_KERNEL_LIST(DECLARE)
static const mf_isa avx2 = {.name = "avx2", MF_KERNEL_LIST(ENTRY)};
#undef MF_ISA_NAME

#define MF_ISA_NAME avx512
MF_KERNEL_LIST(DECLARE)
static const mf_isa avx512 = {.name = "avx512", MF_KERNEL_LIST(ENTRY)};
#undef MF_ISA_NAME
#endif

static const mf_isa *choose(void) {
#if defined(__x86_64__)
    const char *asked = getenv("MEANFIELD_ISA");
    int limit = !asked                           ? 2
                : strcmp(asked, "baseline") == 0 ? 0
                : strcmp(asked, "avx2") == 0     ? 1
                                                 : 2;
    __builtin_cpu_init();
    int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("bmi2");
    int has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
                     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (limit >= 2 && has_avx512)
        return &avx512;
    if (limit >= 1 && has_avx2)
        return &avx2;
#endif
    return &baseline;
}

const mf_isa *mf_isa_best(void) {
    static _Atomic(const mf_isa *) chosen;
    const mf_isa *isa = atomic_load_explicit(&chosen, memory_order_acquire);
    if (!isa) { /* two threads may both choose: they choose the same */
        isa = choose();
        atomic_store_explicit(&chosen, isa, memory_order_release);
    }
    return isa;
}
