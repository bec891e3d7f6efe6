/* module.c: luaopen_meanfield, the one symbol that the loadable module exports.
 *
 * `require "meanfield"` runs lua/meanfield/init.lua on top of the native table, in our
 * host and in a stock lua5.4 alike. The Lua modules are found relative to the file that
 * holds this code: in the source tree (build/<preset>/../../lua) or where it was
 * installed (share/meanfield/lua; not on package.path, see CMakeLists.txt). A
 * searcher of its own finds them, right after package.preload: package.path stays as it
 * was, and an older meanfield on it is never mixed with this one.                       */
#define _GNU_SOURCE /* dladdr */
#include "core/base/library.h"
#include "lua/bind/bind.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
EXPORT int luaopen_meanfield(lua_State *L);

static int open_native(lua_State *L) {
    mf_error err;
    mfl_status(L, "meanfield", mf_library_init(&err), &err);
#define X(name)                                                                                    \
    mfl_open_##name(L);                                                                            \
    lua_settop(L, 1);
    lua_settop(L, 0);
    lua_newtable(L);
    MFL_MODULES(X)
#undef X
    lua_pushstring(L, mf_version());
    lua_setfield(L, 1, "_VERSION");
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "meanfield.docs");
    lua_setfield(L, 1, "_docs");
    return 1;
}

/* Writes the directory that holds meanfield/init.lua into `directory`; false if not found. */
static bool find_lua_modules(char directory[PATH_MAX]) {
    static const char *const places[] = {"../../lua", "../share/meanfield/lua",
                                         "../../../share/meanfield/lua",
                                         "../../../../share/meanfield/lua"};
    char self[PATH_MAX], path[PATH_MAX + 64];
    Dl_info info;
    if (!dladdr((void *)(uintptr_t)luaopen_meanfield, &info) || !info.dli_fname)
        return false;
    /* For the host dladdr gives argv[0], which need not be a path. */
    if (!realpath(strstr(info.dli_fname, ".so") ? info.dli_fname : "/proc/self/exe", self))
        return false;
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; ++i) {
        snprintf(path, sizeof path, "%s/%s", self, places[i]);
        if (!realpath(path, directory))
            continue;
        snprintf(path, sizeof path, "%s/meanfield/init.lua", directory);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

/* package.searchers: "meanfield.plot.axis" is <upvalue 1>/meanfield/plot/axis.lua, and
 * "meanfield.plot" is <upvalue 1>/meanfield/plot/init.lua. */
static int search(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    if (strncmp(name, "meanfield.", strlen("meanfield.")) != 0)
        return 0;
    luaL_gsub(L, name, ".", "/");
    const char *top = lua_tostring(L, lua_upvalueindex(1)), *part = lua_tostring(L, -1);
    const char *path = lua_pushfstring(L, "%s/%s.lua", top, part);
    if (access(path, R_OK) != 0)
        path = lua_pushfstring(L, "%s/%s/init.lua", top, part);
    if (access(path, R_OK) != 0) {
        lua_pushfstring(L, "no file '%s'", path);
        return 1;
    }
    if (luaL_loadfile(L, path) != LUA_OK)
        return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", name, path,
                          lua_tostring(L, -1));
    lua_pushstring(L, path);
    return 2;
}

void mfl_add_searcher(lua_State *L) {
    char directory[PATH_MAX];
    int top = lua_gettop(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    if (lua_getfield(L, -1, "meanfield.native") == LUA_TNIL && find_lua_modules(directory)) {
        lua_pushcfunction(L, open_native);
        lua_setfield(L, -3, "meanfield.native");
        lua_getglobal(L, LUA_LOADLIBNAME);
        lua_getfield(L, -1, "searchers");
        for (lua_Integer i = luaL_len(L, -1); i >= 2; --i) {
            lua_rawgeti(L, -1, i);
            lua_rawseti(L, -2, i + 1);
        }
        lua_pushstring(L, directory);
        lua_pushcclosure(L, search, 1);
        lua_rawseti(L, -2, 2);
    }
    lua_settop(L, top);
}

int luaopen_meanfield(lua_State *L) {
    mfl_add_searcher(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "meanfield.init");
    lua_call(L, 1, 1);
    return 1;
}
