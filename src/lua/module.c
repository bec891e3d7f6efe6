/* module.c: luaopen_meanfield, the one symbol that the loadable module exports.
 *
 * `require "meanfield"` runs lua/meanfield/init.lua on top of the native table, in our
 * host and in a stock lua5.4 alike. The Lua modules are found relative to the file that
 * holds this code: in the source tree (build/<preset>/../../lua) or where it was
 * installed (../share/lua/5.4 from bin, ../../../share/lua/5.4 from lib/lua/5.4).      */
#define _GNU_SOURCE /* dladdr */
#include "bind.h"
#include "core/library.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
EXPORT int luaopen_meanfield(lua_State *L);

static int open_native(lua_State *L) {
    lua_newtable(L);
#define X(name)                                                                                    \
    mfl_open_##name(L);                                                                            \
    lua_settop(L, 1);
    lua_settop(L, 0);
    lua_newtable(L);
    MFL_MODULES(X)
#undef X
    lua_pushliteral(L, MF_VERSION);
    lua_setfield(L, 1, "_VERSION");
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "meanfield.docs");
    lua_setfield(L, 1, "_docs");
    return 1;
}

/* Puts the directory that holds meanfield/init.lua at the front of package.path. */
static void find_lua_modules(lua_State *L) {
    static const char *const places[] = {"../../lua", "../share/lua/5.4", "../../../share/lua/5.4",
                                         "../../../../share/lua/5.4"};
    char self[PATH_MAX], path[PATH_MAX + 64];
    Dl_info info;
    if (!dladdr((void *)(uintptr_t)luaopen_meanfield, &info) || !info.dli_fname)
        return;
    /* For the host dladdr gives argv[0], which need not be a path. */
    if (!realpath(strstr(info.dli_fname, ".so") ? info.dli_fname : "/proc/self/exe", self))
        return;
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; ++i) {
        char real[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", self, places[i]);
        if (!realpath(path, real))
            continue;
        snprintf(path, sizeof path, "%s/meanfield/init.lua", real);
        if (access(path, R_OK) != 0)
            continue;
        lua_getglobal(L, LUA_LOADLIBNAME);
        lua_getfield(L, -1, "path");
        lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", real, real, lua_tostring(L, -1));
        lua_setfield(L, -3, "path");
        lua_pop(L, 2);
        return;
    }
}

int luaopen_meanfield(lua_State *L) {
    mf_library_init();
    find_lua_modules(L);
    luaL_requiref(L, "meanfield.native", open_native, 0);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "meanfield.init");
    lua_call(L, 1, 1);
    return 1;
}
