/* bench.c: yardsticks for tests/bench: what OpenBLAS does on this core, one thread. */
#include "array.h"
#include "lua/bind/bind.h"

#include <gsl/gsl_cblas.h>
#include <time.h>

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Room for n reals, all 1/8, owned by a Lua array. */
static void *reals(lua_State *L, size_t n, bool single) {
    double *room = mfl_array_vector(L, n)->data;
    for (size_t i = 0; i < n; ++i)
        if (single)
            ((float *)(void *)room)[i] = 0.125F;
        else
            room[i] = 0.125;
    return room;
}

static int size_at(lua_State *L, int arg) {
    lua_Integer n = luaL_checkinteger(L, arg);
    luaL_argcheck(L, n >= 1 && n <= 1000000, arg, "a size from 1 to 1000000 expected");
    return (int)n;
}

/* mf._gemm(n, single): seconds of one product of n x n matrices. */
static int bench_gemm(lua_State *L) {
    int n = size_at(L, 1);
    bool single = lua_toboolean(L, 2);
    size_t size = (size_t)n * (size_t)n;
    void *A = reals(L, size, single), *B = reals(L, size, single), *C = reals(L, size, single);
    double start = seconds();
    if (single)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, A, n, B, n, 0, C, n);
    else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, A, n, B, n, 0, C, n);
    lua_pushnumber(L, seconds() - start);
    return 1;
}

/* mf._level2(d, N, steps, single): seconds of as many gemv and ger as SGD steps would call. */
static int bench_level2(lua_State *L) {
    int d = size_at(L, 1), N = size_at(L, 2);
    lua_Integer steps = luaL_checkinteger(L, 3);
    bool single = lua_toboolean(L, 4);
    void *W = reals(L, (size_t)d * (size_t)N, single), *x = reals(L, (size_t)d, single),
         *z = reals(L, (size_t)N, single);
    double start = seconds();
    for (lua_Integer k = 0; k < steps; ++k)
        if (single) {
            cblas_sgemv(CblasRowMajor, CblasNoTrans, N, d, 1, W, d, x, 1, 0, z, 1);
            cblas_sger(CblasRowMajor, N, d, 1e-9F, z, 1, x, 1, W, d);
        } else {
            cblas_dgemv(CblasRowMajor, CblasNoTrans, N, d, 1, W, d, x, 1, 0, z, 1);
            cblas_dger(CblasRowMajor, N, d, 1e-9, z, 1, x, 1, W, d);
        }
    lua_pushnumber(L, seconds() - start);
    return 1;
}

/* mf._seconds(): a clock that only runs forward. */
static int bench_seconds(lua_State *L) {
    lua_pushnumber(L, seconds());
    return 1;
}

void mfl_open_bench(lua_State *L) {
    lua_pushcfunction(L, bench_seconds);
    lua_setfield(L, -2, "_seconds");
    lua_pushcfunction(L, bench_gemm);
    lua_setfield(L, -2, "_gemm");
    lua_pushcfunction(L, bench_level2);
    lua_setfield(L, -2, "_level2");
}
