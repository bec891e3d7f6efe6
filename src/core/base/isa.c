/* isa.c: chooses the instruction set once, at the first use. */
#include "isa.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"baseline", "avx2", "avx512"};

static int choose(void) {
#if defined(__x86_64__)
    const char *asked = getenv("MEANFIELD_ISA");
    int limit = 2;
    for (int i = 0; asked && i < limit; ++i)
        if (strcmp(asked, names[i]) == 0)
            limit = i;
    __builtin_cpu_init();
    int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("bmi2");
    int has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
                     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    int best = has_avx512 ? 2 : has_avx2 ? 1 : 0;
    return best < limit ? best : limit;
#else
    return 0;
#endif
}

int mf_isa_level(void) {
    static atomic_int chosen = -1; /* two threads may both choose: they choose the same */
    int level = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (level < 0) {
        level = choose();
        atomic_store_explicit(&chosen, level, memory_order_relaxed);
    }
    return level;
}

const char *mf_isa_name(void) {
    return names[mf_isa_level()];
}
