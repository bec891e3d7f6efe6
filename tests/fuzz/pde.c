/* pde.c: libFuzzer on saved flows: all of mf.pde.load, some steps, a file again, and the bits of a
 * flow that went on (pde.lua).                                                        */
#include "block.h"

#include "lua/limit/flow.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <unistd.h>

enum { STEPS = 3 };

int luaopen_meanfield(lua_State *L);

/* ---- a flow that stops soon ------------------------------------------------------------------ */

static const mf_flow_ops *whole;

static mf_status some(mf_flow *flow, double goal, uint64_t steps, const mf_flag *stop,
                      mf_error *err) {
    mf_status status = whole->advance(flow, goal, steps < STEPS ? steps : STEPS, stop, err);
    return status == MF_OK && flow->clock < goal ? MF_STOPPED : status;
}

static int limited(lua_State *L) {
    static mf_flow_ops few;
    mf_flow *flow = mfl_flow_check(L, 1)->flow;
    if (flow->ops != &few)
        whole = flow->ops; /* both flows of an input are of one kind */
    few = *whole;
    few.advance = some;
    flow->ops = &few;
    return 0;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static char path[64];

static void remove_file(void) {
    remove(path);
}

/* With pde.lua's function `try` at 1. */
static lua_State *start(void) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    luaL_requiref(L, "meanfield", luaopen_meanfield, 0);
    if (luaL_dofile(L, "tests/fuzz/pde.lua")) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        exit(1);
    }
    lua_getfield(L, -1, "try");
    lua_replace(L, 1);
    snprintf(path, sizeof path, "%s/mf_fuzz_pde_%d", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm",
             (int)getpid());
    atexit(remove_file);
    return L;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static lua_State *L;
    if (!L)
        L = start();
    char *block = make_right(data, size);
    FILE *file = fopen(path, "wb");
    if (!block || !file || fwrite(block, 1, size, file) != size || fclose(file))
        abort();
    free(block);
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    lua_pushstring(L, path);
    lua_pushcfunction(L, limited);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
        fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
        abort();
    }
    lua_gc(L, LUA_GCCOLLECT);
    return 0;
}
