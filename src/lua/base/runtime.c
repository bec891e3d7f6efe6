/* runtime.c: what the program runs on: threads, instruction set, BLAS. */
#define _GNU_SOURCE /* dladdr */
#include "core/base/isa.h"
#include "core/base/parallel.h"
#include "lua/bind/bind.h"

#include <dlfcn.h>
#include <gsl/gsl_cblas.h>

extern char *openblas_get_corename(void);

static int runtime_threads(lua_State *L) {
    if (!lua_isnoneornil(L, 1)) {
        lua_Integer n = luaL_checkinteger(L, 1);
        if (n < 1 || n > MF_THREADS_MAX)
            return luaL_error(L, "mf.threads: a number of threads in [1, %d] expected, got %I",
                              MF_THREADS_MAX, n);
        mf_threads_set((size_t)n);
    }
    lua_pushinteger(L, (lua_Integer)mf_threads());
    return 1;
}

static int runtime_isa(lua_State *L) {
    lua_pushstring(L, mf_isa_name());
    return 1;
}

static int runtime_blas(lua_State *L) {
    Dl_info info;
    lua_pushstring(L, openblas_get_corename());
    if (dladdr((void *)(uintptr_t)cblas_dgemm, &info) && info.dli_fname)
        lua_pushstring(L, info.dli_fname);
    else
        lua_pushnil(L);
    return 2;
}

static const mfl_fn runtime_functions[] = {
        {"threads", runtime_threads, "mf.threads([n])",
         "Number of threads of native loops, after setting it to n if given. Results do not "
         "depend on it.",
         NULL},
        {"isa", runtime_isa, "mf.isa()",
         "Instruction set in use: baseline, avx2 or avx512. MEANFIELD_ISA in the environment asks "
         "for a lesser one.",
         NULL},
        {"blas", runtime_blas, "mf.blas()", "OpenBLAS's kernels in use, and the library's file.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_runtime(lua_State *L) {
    mfl_functions(L, "mf", runtime_functions);
}
