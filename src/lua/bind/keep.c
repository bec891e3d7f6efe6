/* keep.c: long calls that outlive their process.
 *
 * What advances an object reports here. Without a keeper that is nothing; an experiment sets one
 * (lua/meanfield/run/keep.lua): it knows a call by all that came before it, so that it can put
 * the object where a former process had got to, and writes the object's state to a file now and
 * then. The core is not concerned: a state is taken between two of its slices.               */
#include "bind.h"

#include <time.h>

#define KEEPER_KEY "meanfield.keeper" /* registry: { begin =, tick =, done = } */

static struct {
    bool on;
    double due, every; /* seconds */
} keep;

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void push_part(lua_State *L, const char *name) {
    lua_getfield(L, LUA_REGISTRYINDEX, KEEPER_KEY);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

bool mfl_keep_begin(lua_State *L, const char *method) {
    int n = lua_gettop(L);
    if (!keep.on) {
        lua_settop(L, n + 2);
        return false;
    }
    luaL_checkstack(L, n + 4, "too many arguments");
    push_part(L, "begin");
    lua_pushstring(L, method);
    for (int i = 1; i <= n; ++i)
        lua_pushvalue(L, i);
    lua_call(L, n + 1, 3);
    bool done = lua_toboolean(L, n + 1);
    lua_remove(L, n + 1);
    return done;
}

void mfl_keep_tick(lua_State *L, mfl_task *task, int lists, lua_Integer seen) {
    bool stopped = mf_flag_is_set(&mfl_interrupted);
    if (!keep.on || (!stopped && seconds() < keep.due))
        return;
    /* The hook by which Ctrl-C stops Lua must not stop this. */
    lua_Hook hook = lua_gethook(L);
    int mask = lua_gethookmask(L), count = lua_gethookcount(L);
    lua_sethook(L, NULL, 0, 0);
    push_part(L, "tick");
    lua_pushvalue(L, 1);
    if (lists)
        lua_pushvalue(L, lists);
    else
        lua_pushnil(L);
    lua_pushinteger(L, seen);
    if (task->busy)
        *task->busy = false; /* between two slices it can be looked at */
    lua_call(L, 3, 0);
    if (task->busy)
        *task->busy = true;
    if (hook)
        lua_sethook(L, hook, mask, count);
    keep.due = seconds() + keep.every;
}

void mfl_keep_end(lua_State *L, int lists) {
    if (!keep.on)
        return;
    push_part(L, "done");
    lua_pushvalue(L, 1);
    if (lists)
        lua_pushvalue(L, lists);
    else
        lua_pushnil(L);
    lua_call(L, 2, 0);
}

/* mf._keeper({ begin =, tick =, done = }, seconds) or mf._keeper(nil) */
static int keeper(lua_State *L) {
    keep.on = lua_istable(L, 1);
    keep.every = keep.on ? luaL_checknumber(L, 2) : 0;
    keep.due = seconds() + keep.every;
    lua_pushvalue(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, KEEPER_KEY);
    return 0;
}

static int monotonic(lua_State *L) {
    lua_pushnumber(L, seconds());
    return 1;
}

void mfl_open_keep(lua_State *L) {
    lua_pushcfunction(L, keeper);
    lua_setfield(L, -2, "_keeper");
    lua_pushcfunction(L, monotonic);
    lua_setfield(L, -2, "_seconds");
}
