/* locale.c: numbers are written and read with a decimal point, whatever the locale.
 *
 * The C library takes the decimal mark from the process's LC_NUMERIC, and so does Lua. A
 * script may call os.setlocale at any time; all categories follow but this one.         */
#include "lua/bind/bind.h"

#include <locale.h>
#include <string.h>

/* os.setlocale(locale, category): upvalue 1 is Lua's own. A decimal comma is a request that
 * cannot be honoured: nil.                                                              */
static int set_locale(lua_State *L) {
    bool asks = lua_isnoneornil(L, 1);
    const char *name = luaL_optstring(L, 1, ""), *category = luaL_optstring(L, 2, "all");
    bool numeric = strcmp(category, "numeric") == 0, all = strcmp(category, "all") == 0;
    int results = lua_tocfunction(L, lua_upvalueindex(1))(L);
    if (asks || !(numeric || all) || lua_isnil(L, -1))
        return results;
    setlocale(LC_NUMERIC, "C");
    if (all)
        lua_pushstring(L, setlocale(LC_ALL, NULL));
    else if (strcmp(name, "C") != 0 && strcmp(name, "POSIX") != 0)
        lua_pushnil(L);
    return 1;
}

void mfl_open_locale(lua_State *L) {
    setlocale(LC_NUMERIC, "C");
    lua_getglobal(L, LUA_OSLIBNAME);
    if (!lua_istable(L, -1) || lua_getfield(L, -1, "setlocale") != LUA_TFUNCTION ||
        !lua_iscfunction(L, -1) || lua_getupvalue(L, -1, 1))
        return;
    lua_pushcclosure(L, set_locale, 1);
    lua_setfield(L, -2, "setlocale");
}
