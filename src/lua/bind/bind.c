/* bind.c: reading options, making objects, recording documentation. */
#include "bind.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CLASS_KEY "meanfield.class" /* metatable field: lightuserdata mfl_class */
#define DOCS_KEY "meanfield.docs"   /* registry: documentation records by value and name */

/* ---- words for errors ---------------------------------------------------------- */

/* The article of a type's name: "an mf.array", "a number". */
static const char *article(const char *name) {
    return strncmp(name, "mf.", 3) == 0 ? "an" : "a";
}

/* Pushes how a value reads in an error message: 3, "abc", nil, a table, mf.sgd. */
static const char *push_shown(lua_State *L, int index) {
    index = lua_absindex(L, index);
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        if (isnan(lua_tonumber(L, index))) /* the C library may print -nan */
            return lua_pushliteral(L, "nan");
        return luaL_tolstring(L, index, NULL);
    case LUA_TBOOLEAN:
    case LUA_TNIL:
    case LUA_TNONE:
        return luaL_tolstring(L, index, NULL);
    case LUA_TSTRING:
        return lua_pushfstring(L, "'%s'", lua_tostring(L, index));
    default:
        if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING) {
            const char *name = lua_tostring(L, -1);
            name = lua_pushfstring(L, "%s %s", article(name), name);
            lua_remove(L, -2);
            return name;
        }
        return lua_pushfstring(L, "a %s", luaL_typename(L, index));
    }
}

int mfl_option_error(lua_State *L, const char *where, const char *name, const char *expected,
                     int index) {
    const char *got = push_shown(L, index);
    return luaL_error(L, "%s: option '%s' must be %s, got %s", where, name, expected, got);
}

static void write_number(char *out, size_t size, double x) {
    if (isinf(x))
        snprintf(out, size, x > 0 ? "inf" : "-inf");
    else
        snprintf(out, size, "%.17g", x);
    double back = 0;
    for (int digits = 1; digits < 17 && !isinf(x); ++digits) {
        char shorter[32];
        snprintf(shorter, sizeof shorter, "%.*g", digits, x);
        if (sscanf(shorter, "%lf", &back) == 1 && back == x) {
            snprintf(out, size, "%s", shorter);
            break;
        }
    }
}

/* "a number in (0, 1)", "an integer in [1, inf)", ... into text. */
static void describe_range(char *text, size_t size, const mfl_field *f) {
    char low[32], high[32];
    write_number(low, sizeof low, f->low);
    write_number(high, sizeof high, f->high);
    const char *noun = f->type == MFL_NUMBER ? "a number" : "an integer";
    bool high_in = (f->flags & MFL_INF) ? true : !(isinf(f->high) || (f->flags & MFL_OPEN_HIGH));
    bool low_in = !(isinf(f->low) || (f->flags & MFL_OPEN_LOW));
    if (isinf(f->low) && isinf(f->high))
        snprintf(text, size, f->flags & MFL_INF ? "%s" : "a finite %s",
                 f->flags & MFL_INF ? noun : (f->type == MFL_NUMBER ? "number" : "integer"));
    else
        snprintf(text, size, "%s in %c%s, %s%c", noun, low_in ? '[' : '(', low, high,
                 high_in ? ']' : ')');
}

static size_t min3(size_t a, size_t b, size_t c) {
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Levenshtein distance, capped at names of 31 characters. */
static size_t distance(const char *a, const char *b) {
    size_t row[33], na = strlen(a), nb = strlen(b);
    if (na > 31 || nb > 31)
        return 99;
    for (size_t j = 0; j <= nb; ++j)
        row[j] = j;
    for (size_t i = 1; i <= na; ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; ++j) {
            size_t keep = row[j];
            row[j] = min3(row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = keep;
        }
    }
    return row[nb];
}

static int unknown_option(lua_State *L, const char *where, const char *key,
                          const mfl_field *fields) {
    const char *nearest = NULL;
    size_t best = 3; /* farther than two edits is no suggestion */
    luaL_Buffer known;
    luaL_buffinit(L, &known);
    for (const mfl_field *f = fields; f->name; ++f) {
        size_t far = distance(key, f->name);
        if (far < best && far < strlen(key)) {
            best = far;
            nearest = f->name;
        }
        if (f != fields)
            luaL_addstring(&known, ", ");
        luaL_addstring(&known, f->name);
    }
    luaL_pushresult(&known);
    if (nearest)
        return luaL_error(L, "%s: unknown option '%s' (did you mean '%s'?); options: %s", where,
                          key, nearest, lua_tostring(L, -1));
    return luaL_error(L, "%s: unknown option '%s'; options: %s", where, key, lua_tostring(L, -1));
}

/* ---- reading one option ------------------------------------------------------------ */

static void read_number(lua_State *L, const char *where, const mfl_field *f, char *out) {
    char expected[128];
    double x = lua_tonumber(L, -1);
    bool ok = lua_type(L, -1) == LUA_TNUMBER && !isnan(x);
    if (isinf(x))
        ok = ok && (f->flags & MFL_INF) && (x > 0 ? isinf(f->high) : isinf(f->low));
    ok = ok && (f->flags & MFL_OPEN_LOW ? x > f->low : x >= f->low);
    ok = ok && (f->flags & MFL_OPEN_HIGH ? x < f->high : x <= f->high);
    if (f->type != MFL_NUMBER && !isinf(x))
        ok = ok && x == floor(x) && fabs(x) <= 0x1p53;
    if (!ok) {
        describe_range(expected, sizeof expected, f);
        mfl_option_error(L, where, f->name, expected, -1);
    }
    if (f->type == MFL_COUNT)
        *(size_t *)(void *)(out + f->offset) = (size_t)x;
    else
        *(double *)(void *)(out + f->offset) = x;
}

static void read_enum(lua_State *L, const char *where, const mfl_field *f, char *out) {
    const char *const *names = f->aux;
    if (lua_type(L, -1) == LUA_TSTRING)
        for (int i = 0; names[i]; ++i)
            if (strcmp(names[i], lua_tostring(L, -1)) == 0) {
                *(int *)(void *)(out + f->offset) = i;
                return;
            }
    luaL_Buffer expected;
    int value = lua_gettop(L);
    luaL_buffinit(L, &expected);
    for (int i = 0; names[i]; ++i) {
        if (i)
            luaL_addstring(&expected, names[i + 1] ? ", " : " or ");
        luaL_addchar(&expected, '\'');
        luaL_addstring(&expected, names[i]);
        luaL_addchar(&expected, '\'');
    }
    luaL_pushresult(&expected);
    mfl_option_error(L, where, f->name, lua_tostring(L, -1), value);
}

/* The value is on top of the stack and not nil. */
static void read_option(lua_State *L, const char *where, const mfl_field *f, char *out) {
    void *at = out + f->offset;
    switch (f->type) {
    case MFL_NUMBER:
    case MFL_COUNT:
    case MFL_DIM:
        read_number(L, where, f, out);
        break;
    case MFL_SEED: {
        int exact;
        lua_Integer seed = lua_tointegerx(L, -1, &exact);
        if (lua_type(L, -1) != LUA_TNUMBER || !exact || seed < 0)
            mfl_option_error(L, where, f->name, "an integer >= 0", -1);
        *(uint64_t *)at = (uint64_t)seed;
        break;
    }
    case MFL_BOOLEAN:
        if (!lua_isboolean(L, -1))
            mfl_option_error(L, where, f->name, "true or false", -1);
        *(bool *)at = lua_toboolean(L, -1);
        break;
    case MFL_ENUM:
        read_enum(L, where, f, out);
        break;
    case MFL_STRING:
        if (lua_type(L, -1) != LUA_TSTRING)
            mfl_option_error(L, where, f->name, "a string", -1);
        *(const char **)at = lua_tostring(L, -1);
        break;
    case MFL_OBJECT: {
        void *payload = mfl_test(L, -1, f->aux);
        if (!payload) {
            lua_pushfstring(L, "%s %s", article(f->aux), (const char *)f->aux);
            mfl_option_error(L, where, f->name, lua_tostring(L, -1), -2);
        }
        *(void **)at = payload;
        break;
    }
    case MFL_ANY:
        break;
    }
}

/* Pushes the default of a field as a Lua value. */
static void push_fallback(lua_State *L, const mfl_field *f) {
    switch (f->type) {
    case MFL_COUNT:
    case MFL_SEED:
        lua_pushinteger(L, (lua_Integer)f->fallback);
        break;
    case MFL_NUMBER:
    case MFL_DIM:
        lua_pushnumber(L, f->fallback);
        break;
    case MFL_BOOLEAN:
        lua_pushboolean(L, f->fallback != 0);
        break;
    case MFL_ENUM:
        lua_pushstring(L, ((const char *const *)f->aux)[(int)f->fallback]);
        break;
    case MFL_STRING:
        lua_pushstring(L, f->aux);
        break;
    case MFL_OBJECT:
    case MFL_ANY:
        lua_pushnil(L);
        break;
    }
}

void mfl_options(lua_State *L, const char *where, int index, const mfl_field *fields, void *out) {
    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, where);
    bool given = !lua_isnoneornil(L, index);
    if (given && !lua_istable(L, index)) {
        const char *got = push_shown(L, index);
        luaL_error(L, "%s: expected a table of options, got %s", where, got);
    }
    if (given)
        for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
            const mfl_field *f = fields;
            if (lua_type(L, -2) == LUA_TSTRING)
                for (const char *key = lua_tostring(L, -2); f->name && strcmp(f->name, key); ++f)
                    ;
            else
                while (f->name)
                    ++f;
            if (!f->name)
                unknown_option(L, where, luaL_tolstring(L, -2, NULL), fields);
        }
    lua_newtable(L);
    for (const mfl_field *f = fields; f->name; ++f) {
        if (given)
            lua_getfield(L, index, f->name);
        else
            lua_pushnil(L);
        if (lua_isnil(L, -1)) {
            if (f->flags & MFL_REQUIRED) {
                char expected[128] = "given";
                if (f->type == MFL_NUMBER || f->type == MFL_COUNT || f->type == MFL_DIM)
                    describe_range(expected, sizeof expected, f);
                luaL_error(L, "%s: option '%s' is missing%s%s%s", where, f->name,
                           *expected == 'g' ? "" : ": expected ", *expected == 'g' ? "" : expected,
                           f->type == MFL_OBJECT
                                   ? lua_pushfstring(L, ": expected %s %s", article(f->aux),
                                                     (const char *)f->aux)
                           : f->type == MFL_ANY && f->aux
                                   ? lua_pushfstring(L, ": expected %s", (const char *)f->aux)
                                   : "");
            }
            if (f->flags & MFL_OPTIONAL) {
                lua_pop(L, 1);
                continue;
            }
            lua_pop(L, 1);
            push_fallback(L, f);
        }
        if (!lua_isnil(L, -1))
            read_option(L, where, f, out);
        lua_setfield(L, -2, f->name);
    }
}

/* ---- documentation ------------------------------------------------------------------- */

/* Pushes the registry's table of documentation records. */
static void push_docs(lua_State *L) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, DOCS_KEY);
}

static void set_string(lua_State *L, const char *key, const char *value) {
    if (value) {
        lua_pushstring(L, value);
        lua_setfield(L, -2, key);
    }
}

/* Pushes { {name=, expected=, default=, text=}, ... } for an option table. */
static void push_fields(lua_State *L, const mfl_field *fields) {
    lua_newtable(L);
    lua_Integer i = 0;
    for (const mfl_field *f = fields; f->name; ++f) {
        char expected[128] = "";
        lua_newtable(L);
        set_string(L, "name", f->name);
        set_string(L, "text", f->text);
        if (f->type == MFL_NUMBER || f->type == MFL_COUNT || f->type == MFL_DIM)
            describe_range(expected, sizeof expected, f);
        else if (f->type == MFL_SEED)
            snprintf(expected, sizeof expected, "an integer >= 0");
        else if (f->type == MFL_BOOLEAN)
            snprintf(expected, sizeof expected, "true or false");
        else if (f->type == MFL_STRING)
            snprintf(expected, sizeof expected, "a string");
        else if (f->type == MFL_OBJECT)
            snprintf(expected, sizeof expected, "%s %s", article(f->aux), (const char *)f->aux);
        else if (f->type == MFL_ENUM)
            for (const char *const *n = f->aux; *n; ++n) {
                size_t used = strlen(expected);
                snprintf(expected + used, sizeof expected - used, "%s'%s'",
                         n == f->aux ? "" : " | ", *n);
            }
        else
            snprintf(expected, sizeof expected, "%s", f->aux ? (const char *)f->aux : "");
        set_string(L, "expected", expected);
        lua_pushboolean(L, f->flags & MFL_REQUIRED);
        lua_setfield(L, -2, "required");
        if (!(f->flags & (MFL_REQUIRED | MFL_OPTIONAL))) {
            push_fallback(L, f);
            lua_setfield(L, -2, "default");
        }
        lua_rawseti(L, -2, ++i);
    }
}

/* Records fn's documentation under the function value (at `index`) and its full name. */
static void document(lua_State *L, int index, const char *prefix, const mfl_fn *fn, char joint) {
    index = lua_absindex(L, index);
    push_docs(L);
    lua_newtable(L);
    lua_pushfstring(L, "%s%c%s", prefix, joint, fn->name);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "name");
    lua_insert(L, -2); /* docs, name, record */
    set_string(L, "signature", fn->signature);
    set_string(L, "text", fn->text);
    if (fn->fields) {
        push_fields(L, fn->fields);
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
            document(L, -1, prefix, fn, '.');
        lua_setfield(L, -2, fn->name);
    }
}

/* __call of such a table: its constructor without the table itself. */
static int callable_call(lua_State *L) {
    lua_remove(L, 1);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void mfl_callable(lua_State *L, const char *prefix, const mfl_fn *fn) {
    document(L, -1, prefix, fn, '.');
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, fn->fn);
    lua_pushcclosure(L, callable_call, 1);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, -2);
}

/* ---- classes ------------------------------------------------------------------------------ */

/* The class's own __index, with the object and the key alone on the stack. Called as plain
 * C: this is the path of array elements.                                                */
static int own_index(lua_State *L) {
    lua_CFunction own = lua_tocfunction(L, lua_upvalueindex(3));
    lua_settop(L, 2);
    return own ? own(L) : 0;
}

/* __index: a method, a property, `options`, else what the class itself says (arrays). */
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
    if (strcmp(lua_tostring(L, 2), "options") == 0) {
        lua_getiuservalue(L, 1, 1);
        return 1;
    }
    return own_index(L);
}

/* tostring: "mf.sgd{ N = 800, eps = 1e-06, ... }", options in alphabetical order. */
static int object_tostring(lua_State *L) {
    luaL_getmetafield(L, 1, "__name");
    const char *name = lua_tostring(L, -1);
    if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) {
        lua_pushfstring(L, "%s: %p", name, lua_topointer(L, 1));
        return 1;
    }
    int options = lua_gettop(L);
    lua_newtable(L); /* the entries */
    lua_Integer n = 0;
    for (lua_pushnil(L); lua_next(L, options); lua_pop(L, 1)) {
        luaL_tolstring(L, -2, NULL); /* a copy: lua_tostring would change the key */
        push_shown(L, -2);
        lua_pushfstring(L, "%s = %s", lua_tostring(L, -2), lua_tostring(L, -1));
        lua_rawseti(L, options + 1, ++n);
        lua_settop(L, options + 3); /* entries, key, value */
    }
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, LUA_TABLIBNAME);
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, options + 1);
    lua_call(L, 1, 0);
    lua_getfield(L, -1, "concat");
    lua_pushvalue(L, options + 1);
    lua_pushliteral(L, ", ");
    lua_call(L, 2, 1);
    lua_pushfstring(L, n ? "%s{ %s }" : "%s{%s}", name, lua_tostring(L, -1));
    return 1;
}

/* __gc and __close of handles. */
static int object_close(lua_State *L) {
    const mfl_class *class = lua_touserdata(L, lua_upvalueindex(1));
    class->close(mfl_check(L, 1, class->name));
    return 0;
}

void mfl_class_register(lua_State *L, const mfl_class *class) {
    if (!luaL_newmetatable(L, class->name)) {
        lua_pop(L, 1);
        return;
    }
    int meta = lua_gettop(L);
    lua_newtable(L); /* methods */
    lua_newtable(L); /* properties */
    for (const mfl_fn *fn = class->methods; fn && fn->name; ++fn) {
        lua_pushcfunction(L, fn->fn);
        if (strncmp(fn->name, "__", 2) == 0) {
            lua_setfield(L, meta, fn->name);
        } else {
            document(L, -1, class->name, fn, ':');
            lua_setfield(L, meta + 1, fn->name);
        }
    }
    for (const mfl_property *p = class->properties; p && p->name; ++p) {
        lua_pushcfunction(L, p->fn);
        lua_setfield(L, meta + 2, p->name);
    }

    push_docs(L); /* docs[class name] = { name, text, methods, properties } */
    lua_newtable(L);
    set_string(L, "name", class->name);
    set_string(L, "text", class->text);
    lua_pushvalue(L, meta + 1);
    lua_setfield(L, -2, "methods");
    lua_newtable(L);
    for (const mfl_property *p = class->properties; p && p->name; ++p)
        set_string(L, p->name, p->text);
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
        lua_setfield(L, meta, "__close");
    }
    lua_settop(L, meta - 1);
}

/* Lua aligns userdata to 16 bytes; the payload starts at the next multiple of 64. */
static void *aligned(void *block) {
    return (void *)(((uintptr_t)block + 63) & ~(uintptr_t)63);
}

void *mfl_new(lua_State *L, const mfl_class *class, size_t size) {
    if (size > SIZE_MAX - 64)
        luaL_error(L, "%s: too large", class->name);
    void *block = lua_newuserdatauv(L, size + 64, 2);
    memset(block, 0, size + 64);
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, class->name);
    return aligned(block);
}

void *mfl_test(lua_State *L, int arg, const char *class_name) {
    void *block = luaL_testudata(L, arg, class_name);
    return block ? aligned(block) : NULL;
}

void *mfl_check(lua_State *L, int arg, const char *class_name) {
    return aligned(luaL_checkudata(L, arg, class_name));
}

void mfl_status(lua_State *L, const char *where, mf_status status, const mf_error *err) {
    if (status == MF_EINTERRUPTED)
        mfl_task_raise(L, where);
    if (status < 0)
        luaL_error(L, "%s: %s", where, err && *err->text ? err->text : mf_status_text(status));
}
