/* lua_options.c: option tables of the Lua modules (lua/meanfield/options.lua), checked by the
 * same code and in the same words as the native ones.                                       */
#include "parts.h"

#include <math.h>
#include <string.h>

#define MFL_FIELDS "mf.fields"

static const char *const type_names[] = {"number", "integer", "boolean", "string", "enum",
                                         "table",  "range",   "any",     NULL};
static const mfl_type types[] = {MFL_NUMBER, MFL_DIM,   MFL_BOOLEAN, MFL_STRING,
                                 MFL_ENUM,   MFL_TABLE, MFL_RANGE,   MFL_ANY};

/* t[key] of the table on top as a string that the table keeps alive, or NULL. */
static const char *string_of(lua_State *L, const char *key) {
    lua_getfield(L, -1, key);
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1);
    return text;
}

static double number_of(lua_State *L, const char *key, double fallback) {
    lua_getfield(L, -1, key);
    double x = lua_isnumber(L, -1) ? lua_tonumber(L, -1) : fallback;
    lua_pop(L, 1);
    return x;
}

static bool flag_of(lua_State *L, const char *key) {
    lua_getfield(L, -1, key);
    bool set = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return set;
}

/* The names in `values` of the field on top, ending in NULL: a block that the list at
 * `list` keeps alive. */
static const char *const *choices_of(lua_State *L, int list) {
    lua_getfield(L, -1, "values");
    lua_Integer n = luaL_len(L, -1);
    const char **names = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *names, 0);
    for (lua_Integer i = 0; i < n; ++i) {
        lua_rawgeti(L, -2, i + 1);
        names[i] = luaL_checkstring(L, -1);
        lua_pop(L, 1);
    }
    names[n] = NULL;
    lua_pushvalue(L, -1);
    lua_rawsetp(L, list, names);
    lua_pop(L, 2);
    return names;
}

/* The field described by the table on top; `anchors` keeps its blocks. */
static mfl_field field_of(lua_State *L, size_t i, int anchors) {
    mfl_field f = {.offset = i * sizeof(double), .flags = MFL_OPTIONAL};
    lua_rawgeti(L, -1, 1);
    f.name = luaL_checkstring(L, -1);
    lua_rawgeti(L, -2, 2);
    f.type = types[luaL_checkoption(L, -1, NULL, type_names)];
    lua_pop(L, 2);
    f.low = number_of(L, "low", -HUGE_VAL);
    f.high = number_of(L, "high", HUGE_VAL);
    f.text = string_of(L, "text");
    if (flag_of(L, "required"))
        f.flags = MFL_REQUIRED;
    if (f.type == MFL_ENUM)
        f.aux = choices_of(L, anchors);
    else if (f.type == MFL_TABLE || f.type == MFL_ANY || f.type == MFL_STRING)
        f.aux = string_of(L, "expected");
    return f;
}

/* options_compile(list of fields): what options_read and options_records take. */
static int options_compile(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    size_t n = (size_t)luaL_len(L, 1);
    lua_newtable(L); /* anchors: the list, and blocks of names */
    lua_pushvalue(L, 1);
    lua_setfield(L, 2, "list");
    lua_pushvalue(L, 2);
    mfl_field *fields = lua_newuserdatauv(L, (n + 1) * sizeof *fields, 1);
    memset(fields, 0, (n + 1) * sizeof *fields);
    luaL_setmetatable(L, MFL_FIELDS);
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 1);
    for (size_t i = 0; i < n; ++i) {
        lua_rawgeti(L, 1, (lua_Integer)i + 1);
        fields[i] = field_of(L, i, 2);
        lua_pop(L, 1);
    }
    return 1;
}

/* options_read(where, given, compiled): a new table without defaults, or an error without a
 * position. */
static int options_read(lua_State *L) {
    const char *where = luaL_checkstring(L, 1);
    const mfl_field *fields = luaL_checkudata(L, 3, MFL_FIELDS);
    size_t n = 0;
    while (fields[n].name)
        ++n;
    void *unread = lua_newuserdatauv(L, (n + 1) * sizeof(double), 0);
    mfl_options(L, where, 2, fields, unread);
    lua_pushnil(L);
    lua_setmetatable(L, -2); /* a plain table */
    return 1;
}

static int options_records(lua_State *L) {
    mfl_push_records(L, luaL_checkudata(L, 1, MFL_FIELDS));
    return 1;
}

/* options_nearest(name, names, far): the nearest of the names up to `far` edits away, or nil. */
static int options_nearest(lua_State *L) {
    mfl_nearest nearest = {.to = luaL_checkstring(L, 1)};
    luaL_checktype(L, 2, LUA_TTABLE);
    if (!lua_isnoneornil(L, 3))
        nearest.limit = (size_t)luaL_checkinteger(L, 3) + 1;
    lua_Integer n = luaL_len(L, 2);
    for (lua_Integer i = 1; i <= n; ++i) {
        lua_rawgeti(L, 2, i);
        mfl_consider(&nearest, luaL_checkstring(L, -1));
        lua_pop(L, 1);
    }
    lua_pushstring(L, nearest.name); /* nil for NULL */
    return 1;
}

static int options_shown(lua_State *L) {
    luaL_checkany(L, 1);
    mfl_push_shown(L, 1);
    return 1;
}

static int options_number(lua_State *L) {
    char text[32];
    mfl_write_number(text, sizeof text, luaL_checknumber(L, 1));
    lua_pushstring(L, text);
    return 1;
}

static const mfl_fn options_functions[] = {{"compile", options_compile, NULL, NULL, NULL},
                                           {"read", options_read, NULL, NULL, NULL},
                                           {"records", options_records, NULL, NULL, NULL},
                                           {"nearest", options_nearest, NULL, NULL, NULL},
                                           {"shown", options_shown, NULL, NULL, NULL},
                                           {"number", options_number, NULL, NULL, NULL},
                                           {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_options(lua_State *L) {
    luaL_newmetatable(L, MFL_FIELDS);
    lua_pop(L, 1);
    lua_newtable(L);
    mfl_functions(L, "mf._options", options_functions);
    lua_setfield(L, -2, "_options");
}
