/* store.c: mf.store, Lua tables of results as HDF5 files and back. */
#include "core/base/store.h"

#include "array.h"
#include "lua/measure/measure.h"

#include <stdlib.h>
#include <string.h>

#define MFL_STORE "mf.store file"
#define ATTRIBUTES "attributes" /* the field of a table that becomes a group's attributes */

static void store_close(void *payload) {
    mf_store_close(payload);
}

static const mfl_class store_class = {MFL_STORE, "An open results file.", NULL, NULL, store_close};

/* Pushes a closed handle, to be closed whichever way the function is left. */
static mf_store *push_store(lua_State *L) {
    lua_pushnil(L);
    mf_store *store = mfl_new(L, &store_class, sizeof *store);
    lua_toclose(L, -1);
    return store;
}

/* ---- writing -------------------------------------------------------------------------- */

typedef struct {
    mf_store *store;
    const char *path; /* of the current table in the tree, for errors; anchored on the stack */
    bool attribute;
} place;

static int write_error(lua_State *L, const place *at, const char *name, const char *text) {
    return luaL_error(L, "mf.store.write: '%s%s' %s", at->path, name, text);
}

static void put(lua_State *L, const place *at, const char *name, const mf_store_value *value) {
    mf_error err = {0};
    mfl_status(L, "mf.store.write", mf_store_put(at->store, at->attribute, name, value, &err),
               &err);
}

static void put_doubles(lua_State *L, const place *at, const char *name, const mfl_array *a) {
    if (at->attribute)
        write_error(L, at, name, "is an array: an attribute is a string, number or boolean");
    put(L, at, name, &(mf_store_value){MF_STORE_DOUBLES, a->ndim, {a->rows, a->cols}, 0, a->data});
}

static void put_number(lua_State *L, const place *at, const char *name) {
    int64_t integer = lua_tointeger(L, -1);
    double number = lua_tonumber(L, -1);
    if (lua_isinteger(L, -1))
        put(L, at, name, &(mf_store_value){MF_STORE_INTEGER, 0, {0, 0}, 0, &integer});
    else
        put(L, at, name, &(mf_store_value){MF_STORE_DOUBLES, 0, {0, 0}, 0, &number});
}

static void put_boolean(lua_State *L, const place *at, const char *name) {
    int8_t truth = (int8_t)lua_toboolean(L, -1);
    put(L, at, name, &(mf_store_value){MF_STORE_BOOLEAN, 0, {0, 0}, 0, &truth});
}

static void put_string(lua_State *L, const place *at, const char *name) {
    size_t width;
    const char *bytes = lua_tolstring(L, -1, &width);
    put(L, at, name, &(mf_store_value){MF_STORE_STRING, 0, {0, 0}, width, bytes});
}

/* The list of n strings on top of the stack, as equally wide cells padded with NUL. */
static void put_strings(lua_State *L, const place *at, const char *name, size_t n) {
    size_t width = 1, size;
    for (size_t i = 0; i < n; ++i) {
        if (lua_geti(L, -1, (lua_Integer)i + 1) != LUA_TSTRING)
            write_error(L, at, name, "mixes strings with other values");
        if (strlen(lua_tolstring(L, -1, &size)) != size)
            write_error(L, at, name, "has a string with a NUL byte, which no list can keep");
        width = size > width ? size : width;
        lua_pop(L, 1);
    }
    if (at->attribute)
        write_error(L, at, name, "is a list: an attribute is a string, number or boolean");
    if (n > SIZE_MAX / 2 / width)
        write_error(L, at, name, "is too large");
    char *cells = lua_newuserdatauv(L, n * width, 0);
    memset(cells, 0, n * width);
    for (size_t i = 0; i < n; ++i) {
        lua_geti(L, -2, (lua_Integer)i + 1);
        const char *bytes = lua_tolstring(L, -1, &size);
        memcpy(cells + i * width, bytes, size);
        lua_pop(L, 1);
    }
    put(L, at, name, &(mf_store_value){MF_STORE_STRINGS, 1, {n, 0}, width, cells});
    lua_pop(L, 1);
}

/* Integers beyond 2^53 would be rounded in an array of doubles. */
static void check_exact(lua_State *L, const place *at, const char *name, size_t n) {
    for (size_t i = 0; i < n; ++i) {
        lua_geti(L, -1, (lua_Integer)i + 1);
        lua_Integer x = lua_tointeger(L, -1);
        if (lua_isinteger(L, -1) && (x > (1LL << 53) || x < -(1LL << 53)))
            write_error(L, at, name, "holds an integer that no double can");
        lua_pop(L, 1);
    }
}

static int convert_list(lua_State *L) {
    mfl_array_convert(L, 1);
    lua_settop(L, 1);
    return 1;
}

static void check_list(lua_State *L, const place *at, const char *name, size_t n) {
    size_t entries = 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        ++entries;
    if (entries != n)
        write_error(L, at, name, "must be a list without holes or have names (strings) only");
}

/* The list on top of the stack: strings, numbers or rows of numbers. */
static void put_list(lua_State *L, const place *at, const char *name, size_t n) {
    check_list(L, at, name, n);
    int kind = lua_geti(L, -1, 1);
    lua_pop(L, 1);
    if (kind == LUA_TSTRING) {
        put_strings(L, at, name, n);
        return;
    }
    if (kind == LUA_TNUMBER)
        check_exact(L, at, name, n);
    lua_pushcfunction(L, convert_list);
    lua_pushvalue(L, -2);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) /* its errors do not know the name */
        luaL_error(L, "mf.store.write: '%s%s': %s", at->path, name, lua_tostring(L, -1));
    put_doubles(L, at, name, mfl_array_check(L, -1));
    lua_pop(L, 1);
}

static void put_measure(lua_State *L, const place *at, const char *name);
static void put_group(lua_State *L, const place *at, const char *name);

/* The value on top of the stack. */
static void put_value(lua_State *L, const place *at, const char *name) {
    switch (lua_type(L, -1)) {
    case LUA_TNUMBER:
        put_number(L, at, name);
        return;
    case LUA_TBOOLEAN:
        put_boolean(L, at, name);
        return;
    case LUA_TSTRING:
        put_string(L, at, name);
        return;
    case LUA_TTABLE:
        if (lua_rawlen(L, -1) > 0)
            put_list(L, at, name, lua_rawlen(L, -1));
        else
            put_group(L, at, name);
        return;
    default:
        if (mfl_array_test(L, -1)) {
            lua_pushvalue(L, -1);
            put_doubles(L, at, name, mfl_array_convert(L, lua_gettop(L)));
            lua_pop(L, 1);
        } else if (mfl_measure_test(L, -1)) {
            put_measure(L, at, name);
        } else {
            lua_pushfstring(L,
                            "is a %s: arrays, measures, tables, strings, numbers and booleans "
                            "can be stored",
                            luaL_typename(L, -1));
            write_error(L, at, name, lua_tostring(L, -1));
        }
    }
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Pushes a userdata of the names in the table on top of the stack, in the order of bytes:
 * Lua's own order differs from run to run, and equal content should be equal bytes.        */
static const char **push_names(lua_State *L, const place *at, size_t *n) {
    int table = lua_gettop(L);
    *n = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
        ++*n;
    const char **names = lua_newuserdatauv(L, (*n + 1) * sizeof *names, 0), **next = names;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            write_error(L, at, "", "must be a list without holes or have names (strings) only");
        *next = lua_tostring(L, -2);
        if (strlen(*next) != lua_rawlen(L, -2))
            write_error(L, at, *next, "has a NUL byte in its name");
        ++next;
    }
    qsort(names, *n, sizeof *names, compare_names);
    return names;
}

/* The members of the table on top of the stack into the current group. */
static void put_members(lua_State *L, const place *at) {
    size_t n;
    luaL_checkstack(L, 16, "mf.store.write");
    const char **names = push_names(L, at, &n);
    for (size_t i = 0; i < n; ++i) {
        lua_getfield(L, -2, names[i]);
        if (!at->attribute && strcmp(names[i], ATTRIBUTES) == 0) {
            place inside = *at;
            inside.attribute = true;
            inside.path = lua_pushfstring(L, "%s%s.", at->path, ATTRIBUTES);
            lua_insert(L, -2);
            if (!lua_istable(L, -1))
                write_error(L, at, ATTRIBUTES, "must be a table of strings, numbers and booleans");
            put_members(L, &inside);
            lua_pop(L, 1);
        } else {
            put_value(L, at, names[i]);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void enter(lua_State *L, const place *at, const char *name) {
    mf_error err = {0};
    if (at->attribute)
        write_error(L, at, name, "is a table: an attribute is a string, number or boolean");
    mfl_status(L, "mf.store.write", mf_store_enter(at->store, name, &err), &err);
}

/* The table on top of the stack as a group. */
static void put_group(lua_State *L, const place *at, const char *name) {
    place inside = *at;
    luaL_checkstack(L, 8, "mf.store.write");
    enter(L, at, name);
    inside.path = lua_pushfstring(L, "%s%s.", at->path, name);
    lua_insert(L, -2);
    put_members(L, &inside);
    lua_remove(L, -2);
    mf_store_leave(at->store);
}

/* A measure as the table that makes it again: { x =, weights =, space = }. */
static void put_measure(lua_State *L, const place *at, const char *name) {
    static const char *const methods[] = {"atoms", "weights"}, *const names[] = {"x", "weights"};
    enter(L, at, name);
    for (int i = 0; i < 2; ++i) {
        lua_getfield(L, -1, methods[i]);
        lua_pushvalue(L, -2);
        lua_call(L, 1, 1);
        put_doubles(L, at, names[i], mfl_array_check(L, -1));
        lua_pop(L, 1);
    }
    lua_getfield(L, -1, "space");
    put_string(L, at, "space");
    lua_pop(L, 1);
    mf_store_leave(at->store);
}

static int store_write(lua_State *L) {
    const char *path = mfl_path(L, 1);
    mf_error err = {0};
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    mf_store *store = push_store(L);
    mfl_status(L, "mf.store.write", mf_store_create(store, &err), &err);
    lua_pushvalue(L, 2);
    put_members(L, &(place){store, "", false});
    if (mf_store_commit(store, path, &err) < 0) {
        lua_pushnil(L);
        lua_pushfstring(L, "mf.store.write: %s", err.text);
        return 2;
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- reading --------------------------------------------------------------------------- */

static void check_read(lua_State *L, mf_status status, const mf_error *err) {
    mfl_status(L, "mf.store.read", status, err);
}

static void get(lua_State *L, mf_store *store, bool attribute, const char *name,
                const mf_store_value *value, void *data) {
    mf_error err = {0};
    check_read(L, mf_store_get(store, attribute, name, value, data, &err), &err);
}

/* Memory for a value on top of the stack, of a size that a damaged file may have made up. */
static void *push_bytes(lua_State *L, const mf_store_value *value) {
    size_t bytes = mf_store_bytes(value);
    if (bytes > SIZE_MAX / 4)
        luaL_error(L, "mf.store.read: a value does not fit into memory");
    return lua_newuserdatauv(L, bytes, 0);
}

static void push_strings(lua_State *L, mf_store *store, bool attribute, const char *name,
                         const mf_store_value *value) {
    const char *cells = push_bytes(L, value);
    get(L, store, attribute, name, value, (void *)(uintptr_t)cells);
    lua_newtable(L);
    for (size_t i = 0; i < value->dims[0]; ++i) {
        lua_pushlstring(L, cells + i * value->width,
                        strnlen(cells + i * value->width, value->width));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_remove(L, -2);
}

static void push_group(lua_State *L, mf_store *store);

/* Pushes the value that was peeked at. */
static void push_value(lua_State *L, mf_store *store, bool attribute, const char *name,
                       const mf_store_value *value) {
    mf_error err = {0};
    double number = 0;
    int64_t integer = 0;
    int8_t truth = 0;
    switch (value->kind) {
    case MF_STORE_DOUBLES:
        if (value->ndim == 0) {
            get(L, store, attribute, name, value, &number);
            lua_pushnumber(L, number);
        } else {
            const mfl_array *a = value->ndim == 1
                                         ? mfl_array_vector(L, value->dims[0])
                                         : mfl_array_matrix(L, value->dims[0], value->dims[1]);
            get(L, store, attribute, name, value, a->data);
        }
        return;
    case MF_STORE_INTEGER:
        get(L, store, attribute, name, value, &integer);
        lua_pushinteger(L, integer);
        return;
    case MF_STORE_BOOLEAN:
        get(L, store, attribute, name, value, &truth);
        lua_pushboolean(L, truth);
        return;
    case MF_STORE_STRING: {
        char *bytes = push_bytes(L, value);
        get(L, store, attribute, name, value, bytes);
        lua_pushlstring(L, bytes, value->width);
        lua_remove(L, -2);
        return;
    }
    case MF_STORE_STRINGS:
        push_strings(L, store, attribute, name, value);
        return;
    case MF_STORE_GROUP:
        check_read(L, mf_store_enter(store, name, &err), &err);
        push_group(L, store);
        mf_store_leave(store);
        return;
    }
}

/* Fills the table on top of the stack with the members or attributes of the current group. */
static size_t read_members(lua_State *L, mf_store *store, bool attribute) {
    mf_error err = {0};
    size_t n;
    check_read(L, mf_store_count(store, attribute, &n, &err), &err);
    for (size_t i = 0; i < n; ++i) {
        char name[MF_STORE_NAME];
        mf_store_value value;
        check_read(L, mf_store_peek(store, attribute, i, name, &value, &err), &err);
        if (!attribute && strcmp(name, ATTRIBUTES) == 0)
            luaL_error(L, "mf.store.read: a value named 'attributes' stands in the way of the "
                          "group's attributes");
        push_value(L, store, attribute, name, &value);
        lua_setfield(L, -2, name);
    }
    return n;
}

static void push_group(lua_State *L, mf_store *store) {
    luaL_checkstack(L, 16, "mf.store.read");
    lua_newtable(L);
    read_members(L, store, false);
    lua_newtable(L);
    if (read_members(L, store, true) > 0)
        lua_setfield(L, -2, ATTRIBUTES);
    else
        lua_pop(L, 1);
}

static int read_file(lua_State *L) {
    mf_error err = {0};
    mf_store *store = push_store(L);
    check_read(L, mf_store_open(store, lua_tostring(L, 1), &err), &err);
    push_group(L, store);
    return 1;
}

static int store_read(lua_State *L) {
    mfl_path(L, 1);
    lua_settop(L, 1);
    lua_pushcfunction(L, read_file);
    lua_insert(L, 1);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK)
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* ---- tables ------------------------------------------------------------------------------ */

static const mfl_fn store_functions[] = {
        {"write", store_write, "mf.store.write(path, results)",
         "Writes a table of results to an HDF5 file, whole or not at all: arrays, measures, "
         "numbers, strings, booleans, lists of numbers, strings or rows, and tables of such "
         "values, which become groups. A field `attributes` (strings, numbers, booleans) becomes "
         "the attributes of its group. Equal content gives equal bytes. Returns true, or nil and a "
         "message if the file cannot be written; the old file is then untouched.",
         NULL},
        {"read", store_read, "mf.store.read(path)",
         "The table of results in an HDF5 file: every double bit by bit, integers as integers, "
         "lists of numbers as mf.array, a measure as the table from which mf.measure makes it "
         "again. Returns nil and a message if the file cannot be read.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_store(lua_State *L) {
    mfl_class_register(L, &store_class);
    lua_newtable(L);
    mfl_functions(L, "mf.store", store_functions);
    lua_setfield(L, -2, "store");
}
