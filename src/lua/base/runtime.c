/* runtime.c: what the program runs on: threads, instruction set, BLAS. */
#define _GNU_SOURCE /* dladdr */
#include "core/base/isa.h"
#include "core/base/library.h"
#include "core/base/parallel.h"
#include "lua/bind/bind.h"

#include <dlfcn.h>
#include <gsl/gsl_cblas.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

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

/* "model name" of the first core, or what the system calls this kind of machine. */
static void push_cpu(lua_State *L) {
    char line[256];
    const char *found = NULL;
    struct utsname name;
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && !found && fgets(line, sizeof line, file))
        if (strncmp(line, "model name", 10) == 0 && (found = strchr(line, ':')))
            found += 2;
    if (file)
        fclose(file);
    if (found)
        lua_pushlstring(L, found, strcspn(found, "\n"));
    else
        lua_pushstring(L, uname(&name) == 0 ? name.machine : "unknown");
}

static int runtime_versions(lua_State *L) {
    mf_library_version library[MF_LIBRARY_VERSIONS];
    size_t n = mf_library_versions(library);
    lua_newtable(L);
    lua_pushstring(L, mf_version());
    lua_setfield(L, -2, "meanfield");
    lua_pushstring(L, LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE);
    lua_setfield(L, -2, "Lua");
    for (size_t i = 0; i < n; ++i) {
        lua_pushstring(L, library[i].version);
        lua_setfield(L, -2, library[i].name);
    }
    lua_pushstring(L, mf_isa_name());
    lua_setfield(L, -2, "isa");
    push_cpu(L);
    lua_setfield(L, -2, "CPU");
    return 1;
}

/* Processor time of this process and of those it has waited for. */
static int runtime_processor(lua_State *L) {
    static const int who[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    double s = 0;
    for (size_t i = 0; i < sizeof who / sizeof *who; ++i) {
        struct rusage use;
        if (getrusage(who[i], &use) == 0)
            s += (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                 1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
    }
    lua_pushnumber(L, s);
    return 1;
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
        {"versions", runtime_versions, "mf.versions()",
         "What results were made with: { meanfield =, Lua =, GSL =, OpenBLAS = (with its kernels), "
         "HDF5 =, isa =, CPU = }.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_runtime(lua_State *L) {
    lua_pushcfunction(L, runtime_processor);
    lua_setfield(L, -2, "_processor");
    mfl_functions(L, "mf", runtime_functions);
}
