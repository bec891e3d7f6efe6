/* classes.c: kinds of userdata: methods, properties, printing, closing, memory.
 * And the way from a status of the core to a Lua error.                        */
#include "parts.h"

#include <string.h>

#define CLASS_KEY "meanfield.class" /* metatable field: lightuserdata mfl_class */

/* The class's own __index, with the object and the key alone on the stack. Called as plain
 * C: this is the path of array elements.                                                */
static int own_index(lua_State *L) {
    lua_CFunction own = lua_tocfunction(L, lua_upvalueindex(3));
    lua_settop(L, 2);
    return own ? own(L) : 0;
}

/* Is the string at index 2 a key of the table at `index`? */
static bool has_key(lua_State *L, int index) {
    lua_pushvalue(L, 2);
    bool has = lua_rawget(L, index == -1 ? -2 : index) != LUA_TNIL;
    lua_pop(L, 1);
    return has;
}

/* Is it a method, a property or an option of the object at index 1? */
static bool is_known(lua_State *L) {
    int top = lua_gettop(L);
    lua_getiuservalue(L, 1, 1);
    bool known = has_key(L, lua_upvalueindex(1)) || has_key(L, lua_upvalueindex(2)) ||
                 (mfl_push_fields(L, -1) && has_key(L, -1)) ||
                 strcmp(lua_tostring(L, 2), "options") == 0;
    lua_settop(L, top);
    return known;
}

static void consider_keys(lua_State *L, int index, mfl_nearest *nearest) {
    index = lua_absindex(L, index);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        mfl_consider(nearest, lua_tostring(L, -2));
}

/* Raises: there is no such field, but perhaps one that is nearly so. */
static int unknown_field(lua_State *L) {
    const char *key = lua_tostring(L, 2);
    mfl_nearest nearest = {.to = key};
    consider_keys(L, lua_upvalueindex(1), &nearest);
    consider_keys(L, lua_upvalueindex(2), &nearest);
    lua_getiuservalue(L, 1, 1);
    if (mfl_push_fields(L, -1))
        consider_keys(L, -1, &nearest);
    luaL_getmetafield(L, 1, "__name");
    const char *name = lua_tostring(L, -1);
    if (nearest.name)
        return luaL_error(L, "%s %s has no field '%s' (did you mean '%s'?)", mfl_article(name),
                          name, key, nearest.name);
    return luaL_error(L, "%s %s has no field '%s'; help(x) lists what it has", mfl_article(name),
                      name, key);
}

/* Is there a table of plain data on top of the stack? */
static bool is_plain(lua_State *L) {
    if (!lua_istable(L, -1))
        return false;
    bool plain = !lua_getmetatable(L, -1);
    lua_settop(L, plain ? -1 : -2);
    return plain;
}

/* Puts a copy in the place of the table on top, plain tables in it included, so that nobody
 * changes what an object was made of. Beyond NESTED floors tables stay what they are.       */
enum { NESTED = 16 };
static void copy_table(lua_State *L, int floors) {
    luaL_checkstack(L, 8, "nested options");
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, -3);) {
        if (floors > 0 && is_plain(L))
            copy_table(L, floors - 1);
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    if (lua_getmetatable(L, -2))
        lua_setmetatable(L, -2);
    lua_remove(L, -2);
}

/* __index: a method, a property, an option, `options`; what is no string is for the class
 * itself (arrays). Upvalues: methods, properties, the class's own __index.              */
static int object_index(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING)
        return own_index(L);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 1);
        return 1;
    }
    bool whole = strcmp(lua_tostring(L, 2), "options") == 0;
    if (lua_getiuservalue(L, 1, 1) == LUA_TTABLE && !whole) {
        lua_pushvalue(L, 2);
        lua_rawget(L, -2);
    }
    if ((whole && lua_istable(L, -1)) || is_plain(L))
        copy_table(L, NESTED);
    return !whole && lua_isnil(L, -1) && !is_known(L) ? unknown_field(L) : 1;
}

/* __newindex, unless the class has its own. The same first upvalues. */
static int object_newindex(lua_State *L) {
    if (lua_type(L, 2) == LUA_TSTRING && !is_known(L))
        return unknown_field(L);
    luaL_getmetafield(L, 1, "__name");
    const char *name = lua_tostring(L, -1);
    return luaL_error(L, "'%s' of %s %s is read-only", luaL_tolstring(L, 2, NULL),
                      mfl_article(name), name);
}

/* Pushes " at k = 1000, t = 0.01, risk = 0.3", of these what the object at index 1 has. Its
 * class says by __risk that its risk is cheap; what fails is left out.                    */
static void push_state(lua_State *L) {
    static const char *const names[] = {"k", "t", "risk"};
    lua_getmetatable(L, 1);
    lua_getfield(L, -1, "properties");
    lua_pushliteral(L, "");
    int meta = lua_gettop(L) - 2;
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        if (lua_getfield(L, meta + 1, names[i]) == LUA_TNIL && i == 2)
            lua_getfield(L, meta, "__risk");
        lua_pushvalue(L, 1);
        if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_isnumber(L, -1)) {
            const char *before = lua_tostring(L, meta + 2);
            lua_pushfstring(L, "%s%s%s = %s", before, *before ? ", " : " at ", names[i],
                            luaL_tolstring(L, -1, NULL));
            lua_replace(L, meta + 2);
        }
        lua_settop(L, meta + 2);
    }
    lua_replace(L, meta);
    lua_settop(L, meta);
}

/* Pushes how an option reads where its object is printed: an object as it prints itself, a short plain
 * table with what is in it, unless that is too long; see mfl_push_shown for the rest.                */
static const char *push_entries(lua_State *L, int table);
static const char *push_option(lua_State *L, int index) {
    enum { LONGEST = 240, MOST = 16 };
    const char *text = NULL;
    if (lua_isuserdata(L, index))
        text = luaL_tolstring(L, index, NULL);
    else if (lua_istable(L, index) && lua_rawlen(L, index) <= MOST && lua_checkstack(L, 16))
        text = lua_pushfstring(L, "{%s}", push_entries(L, index));
    size_t n = text ? strlen(text) : 0;
    return n > 0 && n <= LONGEST && strchr("})", text[n - 1]) ? text : mfl_push_shown(L, index);
}

/* Pushes "2, 3, a = 1, b = 2": a table's list, then the rest by the alphabet, without defaults. */
static const char *push_entries(lua_State *L, int table) {
    int entries = lua_gettop(L) + 1;
    lua_Integer n = 0, length = (lua_Integer)lua_rawlen(L, table);
    lua_newtable(L); /* of the list, */
    lua_newtable(L); /* of the rest  */
    for (lua_pushnil(L); lua_next(L, table); lua_settop(L, entries + 2)) {
        int key = entries + 2;
        lua_Integer i = lua_isinteger(L, key) ? lua_tointeger(L, key) : 0;
        if (mfl_is_default(L, table, key))
            continue;
        const char *value = push_option(L, key + 1);
        if (i >= 1 && i <= length) {
            lua_rawseti(L, entries, i);
        } else {
            const char *name = luaL_tolstring(L, key, NULL); /* lua_tostring would change the key */
            lua_pushfstring(L, "%s = %s", name, value);
            lua_rawseti(L, entries + 1, ++n);
        }
    }
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, LUA_TABLIBNAME);
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, entries + 1);
    lua_call(L, 1, 0);
    for (lua_Integer i = 1; i <= n; ++i) {
        lua_rawgeti(L, entries + 1, i);
        lua_rawseti(L, entries, length + i);
    }
    lua_getfield(L, -1, "concat");
    lua_pushvalue(L, entries);
    lua_pushliteral(L, ", ");
    lua_call(L, 2, 1);
    lua_replace(L, entries);
    lua_settop(L, entries);
    return lua_tostring(L, entries);
}

/* Is the function, mf.init.gaussian say, what makes objects of the class, mf.init? No load function. */
static bool is_maker(const char *function, const char *class_name) {
    size_t n = strlen(class_name);
    return strncmp(function, class_name, n) == 0 && function[n] == '.' &&
           strcmp(function + n, ".load") != 0;
}

/* tostring: "mf.sgd{ N = 800, eps = 1e-06, ... } at k = 3": what its constructor was given, and what
 * else is known of it (of a run from a file all), in alphabetical order.                          */
static int object_tostring(lua_State *L) {
    luaL_getmetafield(L, 1, "__name");
    const char *name = lua_tostring(L, -1);
    if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) {
        lua_pushfstring(L, "%s: %p", name, lua_topointer(L, 1));
        return 1;
    }
    int options = lua_gettop(L);
    const char *text = push_entries(L, options);
    push_state(L);
    const char *state = lua_tostring(L, -1);
    if (luaL_getmetafield(L, options, "where") && is_maker(lua_tostring(L, -1), name))
        name = lua_tostring(L, -1);
    lua_pushfstring(L, *text ? "%s{ %s }%s" : "%s{%s}%s", name, text, state);
    return 1;
}

/* __gc and __close of handles. */
static int object_close(lua_State *L) {
    const mfl_class *class = lua_touserdata(L, lua_upvalueindex(1));
    class->close(mfl_check(L, 1, class->name));
    return 0;
}

/* Methods go to the table at meta + 1, metamethods to the metatable itself. */
static void add_methods(lua_State *L, int meta, const char *class_name, const mfl_fn *methods) {
    for (const mfl_fn *fn = methods; fn && fn->name; ++fn) {
        lua_pushcfunction(L, fn->fn);
        if (strncmp(fn->name, "__", 2) == 0) {
            lua_setfield(L, meta, fn->name);
        } else {
            mfl_document(L, -1, class_name, fn, ':');
            lua_setfield(L, meta + 1, fn->name);
        }
    }
}

void mfl_class_methods(lua_State *L, const char *class_name, const mfl_fn *methods) {
    luaL_getmetatable(L, class_name);
    lua_getfield(L, -1, "methods");
    add_methods(L, lua_gettop(L) - 1, class_name, methods);
    lua_pop(L, 2);
}

void mfl_class_register(lua_State *L, const mfl_class *class) {
    if (!luaL_newmetatable(L, class->name)) {
        lua_pop(L, 1);
        return;
    }
    int meta = lua_gettop(L);
    lua_newtable(L); /* methods */
    lua_newtable(L); /* properties */
    add_methods(L, meta, class->name, class->methods);
    for (const mfl_property *p = class->properties; p && p->name; ++p) {
        lua_pushcfunction(L, p->fn);
        lua_setfield(L, meta + 2, p->name);
    }

    mfl_push_docs(L); /* docs[class name] = { name, text, methods, properties } */
    lua_newtable(L);
    mfl_set_string(L, "name", class->name);
    mfl_set_string(L, "text", class->text);
    lua_pushvalue(L, meta + 1);
    lua_setfield(L, -2, "methods");
    lua_newtable(L);
    for (const mfl_property *p = class->properties; p && p->name; ++p)
        mfl_set_string(L, p->name, p->text);
    lua_setfield(L, -2, "properties");
    lua_pushfstring(L, "%s object", class->name);
    lua_insert(L, -2);
    lua_settable(L, -3);
    lua_pop(L, 1);

    lua_pushvalue(L, meta + 1);
    lua_setfield(L, meta, "methods"); /* for completion */
    lua_pushvalue(L, meta + 2);
    lua_setfield(L, meta, "properties");
    lua_settop(L, meta + 2);
    if (lua_getfield(L, meta, "__newindex") == LUA_TNIL) {
        lua_pushvalue(L, meta + 1);
        lua_pushvalue(L, meta + 2);
        lua_pushcclosure(L, object_newindex, 2);
        lua_setfield(L, meta, "__newindex");
    }
    lua_settop(L, meta + 2);
    lua_getfield(L, meta, "__index"); /* the class's own, tried last; nil if none */
    lua_pushcclosure(L, object_index, 3);
    lua_setfield(L, meta, "__index");
    if (lua_getfield(L, meta, "__tostring") == LUA_TNIL) {
        lua_pushcfunction(L, object_tostring);
        lua_setfield(L, meta, "__tostring");
    }
    lua_settop(L, meta);
    lua_pushlightuserdata(L, (void *)(uintptr_t) class);
    lua_setfield(L, meta, CLASS_KEY);
    if (class->close) {
        lua_pushlightuserdata(L, (void *)(uintptr_t) class);
        lua_pushcclosure(L, object_close, 1);
        lua_pushvalue(L, -1);
        lua_setfield(L, meta, "__gc");
        if (lua_getfield(L, meta, "__close") == LUA_TNIL) { /* unless the class has its own */
            lua_pushvalue(L, -2);
            lua_setfield(L, meta, "__close");
        }
    }
    lua_settop(L, meta - 1);
}

/* Lua aligns userdata to 16 bytes; the payload starts at the next multiple of 64. */
static void *aligned(void *block) {
    return (void *)(((uintptr_t)block + 63) & ~(uintptr_t)63);
}

/* Zeros; where they take a while, Ctrl-C stops that. */
static void zero(lua_State *L, const char *name, char *block, size_t size) {
    enum { SLICE = 1 << 25 };
    mfl_task *task = size > SLICE ? mfl_task_push(L, "memory", 0, (double)size) : NULL;
    for (size_t from = 0; from < size; from += SLICE) {
        memset(block + from, 0, size - from < SLICE ? size - from : SLICE);
        if (task && mfl_task_tick(task, (double)from))
            break;
    }
    if (task) {
        mfl_task_end(task);
        mfl_task_raise(L, name);
        lua_pop(L, 1); /* the task */
    }
}

void *mfl_new(lua_State *L, const mfl_class *class, size_t size) {
    if (size > SIZE_MAX - 64)
        luaL_error(L, "%s: too large", class->name);
    void *block = lua_newuserdatauv(L, size + 64, 2);
    zero(L, class->name, block, size + 64);
    lua_insert(L, -2);
    if (lua_istable(L, -1))
        copy_table(L, NESTED);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, class->name);
    return aligned(block);
}

void *mfl_test(lua_State *L, int arg, const char *class_name) {
    void *block = luaL_testudata(L, arg, class_name);
    return block ? aligned(block) : NULL;
}

/* Pushes the signature of the running function if it is a method of the class; else NULL. */
static const char *push_method(lua_State *L, const char *class_name) {
    lua_Debug call;
    size_t n = strlen(class_name);
    mfl_push_docs(L);
    if (!lua_getstack(L, 0, &call) || !lua_getinfo(L, "f", &call) ||
        lua_rawget(L, -2) != LUA_TTABLE || lua_getfield(L, -1, "name") != LUA_TSTRING)
        return NULL;
    const char *name = lua_tostring(L, -1);
    bool method = strncmp(name, class_name, n) == 0 && name[n] == ':';
    lua_getfield(L, -2, "signature");
    return method ? lua_tostring(L, -1) : NULL;
}

static void wrong_argument(lua_State *L, int arg, const char *class_name) {
    const char *signature = arg == 1 ? push_method(L, class_name) : NULL;
    const char *got = mfl_push_shown(L, arg);
    if (signature)
        luaL_error(L, "call it as %s, with ':' (its first argument must be %s %s, got %s)",
                   signature, mfl_article(class_name), class_name, got);
    if (lua_isfunction(L, arg))
        luaL_argerror(L, arg, lua_pushfstring(L, "%s expected, got %s", class_name, got));
    luaL_typeerror(L, arg, class_name);
}

void *mfl_check(lua_State *L, int arg, const char *class_name) {
    void *block = luaL_testudata(L, arg, class_name);
    if (!block)
        wrong_argument(L, arg, class_name);
    return aligned(block);
}

void mfl_status(lua_State *L, const char *where, mf_status status, const mf_error *err) {
    if (status == MF_EINTERRUPTED)
        mfl_task_raise(L, where);
    if (status == MF_ERAISED)
        mfl_raise_again(L);
    if (status < 0)
        luaL_error(L, "%s: %s", where, err && *err->text ? err->text : mf_status_text(status));
}
