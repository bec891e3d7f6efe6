/* docs.c: functions enter their tables together with the records that help() shows. */
#include "parts.h"

#include <string.h>

#define DOCS_KEY "meanfield.docs" /* registry: documentation records by value and name */

void mfl_push_docs(lua_State *L) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, DOCS_KEY);
}

void mfl_set_string(lua_State *L, const char *key, const char *value) {
    if (value) {
        lua_pushstring(L, value);
        lua_setfield(L, -2, key);
    }
}

void mfl_push_records(lua_State *L, const mfl_field *fields) {
    lua_newtable(L);
    lua_Integer i = 0;
    for (const mfl_field *f = fields; f->name; ++f) {
        lua_newtable(L);
        mfl_set_string(L, "name", f->name);
        mfl_set_string(L, "text", f->text);
        if (f->type != MFL_ANY || f->aux)
            mfl_push_expected(L, f, " | ");
        else
            lua_pushliteral(L, "");
        lua_setfield(L, -2, "expected");
        lua_pushboolean(L, f->flags & MFL_REQUIRED);
        lua_setfield(L, -2, "required");
        if (!(f->flags & (MFL_REQUIRED | MFL_OPTIONAL))) {
            mfl_push_fallback(L, f);
            lua_setfield(L, -2, "default");
        }
        lua_rawseti(L, -2, ++i);
    }
}

void mfl_document(lua_State *L, int index, const char *prefix, const mfl_fn *fn, char joint) {
    index = lua_absindex(L, index);
    mfl_push_docs(L);
    lua_newtable(L);
    lua_pushfstring(L, "%s%c%s", prefix, joint, fn->name);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "name");
    lua_insert(L, -2); /* docs, name, record */
    mfl_set_string(L, "signature", fn->signature);
    mfl_set_string(L, "text", fn->text);
    if (fn->fields) {
        mfl_push_records(L, fn->fields);
        lua_setfield(L, -2, "fields");
    }
    lua_pushvalue(L, index);
    lua_pushvalue(L, -2);
    lua_settable(L, -5); /* docs[function] = record */
    lua_settable(L, -3); /* docs[name] = record */
    lua_pop(L, 1);
}

void mfl_functions(lua_State *L, const char *prefix, const mfl_fn *functions) {
    for (const mfl_fn *fn = functions; fn->name; ++fn) {
        lua_pushcfunction(L, fn->fn);
        if (fn->signature)
            mfl_document(L, -1, prefix, fn, '.');
        lua_setfield(L, -2, fn->name);
    }
}

/* __call of such a table: its constructor without the table itself. */
static int callable_call(lua_State *L) {
    lua_remove(L, 1);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void mfl_callable(lua_State *L, const char *prefix, const mfl_fn *fn) {
    mfl_document(L, -1, prefix, fn, '.');
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, fn->fn);
    lua_pushcclosure(L, callable_call, 1);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, -2);
}
