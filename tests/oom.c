/* oom.c: what happens when memory runs out, at every single place where it can.
 *
 * Runs each case of oom.lua again and again. In the n-th run the n-th allocation fails,
 * once with all those after it and once alone. Both the Lua state and the core allocate from
 * here: malloc and its kin are wrapped at link time. A case must end in an error that says so,
 * or do without; it must not crash, and (under ASan) lose nothing. Prints one line for each
 * case; exits with 1 if one misbehaved.                                                     */
#include "lua/bind/bind.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int luaopen_meanfield(lua_State *L);

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static atomic_bool armed, all_after;
static atomic_long left; /* allocations that still succeed */
static atomic_long failures;

static bool fails(void) {
    if (!atomic_load(&armed))
        return false;
    long n = atomic_fetch_sub(&left, 1);
    bool now = atomic_load(&all_after) ? n <= 0 : n == 0;
    if (now)
        atomic_fetch_add(&failures, 1);
    return now;
}

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *block, size_t size) {
    return fails() ? NULL : __real_realloc(block, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

/* Lua's allocator; a block that shrinks may not fail. */
static void *allocate(void *context, void *block, size_t old, size_t size) {
    (void)context;
    if (size == 0) {
        free(block);
        return NULL;
    }
    if (block && size <= old) {
        void *smaller = __real_realloc(block, size);
        return smaller ? smaller : block;
    }
    return fails() ? NULL : __real_realloc(block, size);
}

/* One run of the function on top of the stack; true if an allocation failed in it. */
static bool attempt(lua_State *L, long n, bool all, int *status) {
    lua_pushvalue(L, -1);
    atomic_store(&failures, 0);
    atomic_store(&left, n);
    atomic_store(&all_after, all);
    atomic_store(&armed, true);
    *status = lua_pcall(L, 0, 0, 0);
    atomic_store(&armed, false);
    return atomic_load(&failures) > 0;
}

/* Does the error on top of the stack say that memory ran out? */
static bool says_so(lua_State *L) {
    const char *message = lua_tostring(L, -1);
    return message && strstr(message, "memory");
}

/* All runs of a case, its function on top of the stack. Returns the number of bad ones. */
static int run_case(lua_State *L, const char *name, bool all) {
    int bad = 0, status = LUA_OK;
    long n = 0, runs = 0;
    /* One by one at first; then coarser, or a long case would never end. */
    for (; attempt(L, n, all, &status); n += 1 + n / 100, ++runs) {
        if (status != LUA_OK && !says_so(L)) {
            printf("# %s, allocation %ld: %s\n", name, n, lua_tostring(L, -1));
            ++bad;
        }
        lua_settop(L, status == LUA_OK ? -1 : -2);
        if (n % 16 == 0)
            lua_gc(L, LUA_GCCOLLECT);
    }
    if (status != LUA_OK) {
        printf("# %s, with enough memory: %s\n", name, lua_tostring(L, -1));
        lua_pop(L, 1);
        ++bad;
    }
    printf("%s %s: %ld runs, %s\n", bad ? "not ok" : "ok", name, runs,
           all ? "all allocations from the n-th on fail" : "the n-th allocation fails");
    return bad;
}

int main(int argc, char **argv) {
    lua_State *L = lua_newstate(allocate, NULL);
    int bad = 0;
    if (!L || argc != 2)
        return 2;
    luaL_openlibs(L);
    luaL_requiref(L, "meanfield", luaopen_meanfield, 0);
    lua_settop(L, 0);
    if (luaL_dofile(L, argv[1]) != LUA_OK) { /* { {name, function}, ... } */
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        return 2;
    }
    for (lua_Integer i = 1; lua_geti(L, 1, i) == LUA_TTABLE; ++i) {
        lua_geti(L, -1, 1);
        lua_geti(L, -2, 2);
        bad += run_case(L, lua_tostring(L, -2), true);
        bad += run_case(L, lua_tostring(L, -2), false);
        fflush(stdout);
        lua_settop(L, 1);
    }
    lua_close(L);
    return bad > 0;
}
