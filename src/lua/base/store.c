/* store.c: mf.store, Lua tables of results as HDF5 files and back. */
#include "core/base/store.h"

#include "array.h"
#include "lua/measure/measure.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

#define MFL_STORE "mf.store file"
#define ATTRIBUTES "attributes" /* the field of a table that becomes a group's attributes */
#define LIST "list"             /* the attribute of a group that is a list: its length      */

enum { SKIPPED = 3 }; /* stack index of the list of what was not read */

static void store_close(void *payload) {
    mf_store_close(payload);
}

static const mfl_class store_class = {MFL_STORE, "An open results file.", NULL, NULL, store_close};

/* Pushes a closed handle, to be closed whichever way the function is left. */
static mf_store *push_store(lua_State *L) {
    lua_pushnil(L);
    mf_store *store = mfl_new(L, &store_class, sizeof *store);
    mfl_to_close(L, -1);
    return store;
}

/* ---- writing -------------------------------------------------------------------------- */

typedef struct {
    mf_store *store;
    const char *path; /* of the current table in the tree, for errors; anchored on the stack */
    bool attribute;
    const char *member; /* whose attribute, NULL: the group's */
} place;

static int write_error(lua_State *L, const place *at, const char *name, const char *text) {
    return luaL_error(L, "mf.store.write: '%s%s' %s", at->path, name, text);
}

static void put(lua_State *L, const place *at, const char *name, const mf_store_value *value) {
    mf_error err = {0};
    mf_status status = at->member ? mf_store_annotate(at->store, at->member, name, value, &err)
                                  : mf_store_put(at->store, at->attribute, name, value, &err);
    mfl_status(L, "mf.store.write", status, &err);
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

/* UTF-8 without NUL: what other programs take for a string. */
static bool is_text(const char *bytes, size_t n) {
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)bytes[i];
        size_t more = c < 0x80 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
        if (c == 0 || (c >= 0x80 && c < 0xC2) || c > 0xF4 || n - i <= more)
            return false;
        for (size_t k = 1; k <= more; ++k)
            if (((unsigned char)bytes[i + k] & 0xC0) != 0x80)
                return false;
        unsigned char next = more ? (unsigned char)bytes[i + 1] : 0;
        if ((c == 0xE0 && next < 0xA0) || (c == 0xED && next > 0x9F) ||
            (c == 0xF0 && next < 0x90) || (c == 0xF4 && next > 0x8F))
            return false; /* overlong, a surrogate, beyond the last */
        i += 1 + more;
    }
    return true;
}

static void put_string(lua_State *L, const place *at, const char *name) {
    size_t width;
    const char *bytes = lua_tolstring(L, -1, &width);
    bool text = is_text(bytes, width);
    mf_store_kind kind = text ? MF_STORE_STRING : MF_STORE_BYTES;
    put(L, at, name, &(mf_store_value){kind, 0, {0, 0}, width, bytes});
}

#define CHANGES "changes while it is written" /* by a finalizer */

/* The list of n strings on top of the stack, as equally wide cells padded with NUL. */
static void put_strings(lua_State *L, const place *at, const char *name, size_t n) {
    size_t width = 1, size;
    for (size_t i = 0; i < n; ++i) {
        if (lua_rawgeti(L, -1, (lua_Integer)i + 1) != LUA_TSTRING)
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
        bool string = lua_rawgeti(L, -2, (lua_Integer)i + 1) == LUA_TSTRING;
        const char *bytes = lua_tolstring(L, -1, &size);
        if (!string || size > width)
            write_error(L, at, name, CHANGES);
        memcpy(cells + i * width, bytes, size);
        lua_pop(L, 1);
    }
    put(L, at, name, &(mf_store_value){MF_STORE_STRINGS, 1, {n, 0}, width, cells});
    lua_pop(L, 1);
}

/* Whether the list on top of the stack is one of integers (counts, mostly). Those beyond 2^53 would
 * be rounded among doubles, as which lists of numbers are read again.                          */
static bool is_integral(lua_State *L, const place *at, const char *name, size_t n) {
    bool all = true;
    for (size_t i = 0; i < n; ++i) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        lua_Integer x = lua_tointeger(L, -1);
        if (lua_isinteger(L, -1) && (x > (1LL << 53) || x < -(1LL << 53)))
            write_error(L, at, name, "holds an integer that no double can");
        all = all && lua_isinteger(L, -1);
        lua_pop(L, 1);
    }
    return all;
}

static void put_integers(lua_State *L, const place *at, const char *name, size_t n) {
    if (at->attribute)
        write_error(L, at, name, "is a list: an attribute is a string, number or boolean");
    int64_t *integer = lua_newuserdatauv(L, n * sizeof *integer, 0);
    for (size_t i = 0; i < n; ++i) {
        int whole;
        lua_rawgeti(L, -2, (lua_Integer)i + 1);
        integer[i] = lua_tointegerx(L, -1, &whole);
        if (!whole)
            write_error(L, at, name, CHANGES);
        lua_pop(L, 1);
    }
    put(L, at, name, &(mf_store_value){MF_STORE_INTEGERS, 1, {n, 0}, 0, integer});
    lua_pop(L, 1);
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

static void put_booleans(lua_State *L, const place *at, const char *name, size_t n) {
    if (at->attribute)
        write_error(L, at, name, "is a list: an attribute is a string, number or boolean");
    int8_t *truth = lua_newuserdatauv(L, n, 0);
    for (size_t i = 0; i < n; ++i) {
        if (lua_rawgeti(L, -2, (lua_Integer)i + 1) != LUA_TBOOLEAN)
            write_error(L, at, name, "mixes booleans with other values");
        truth[i] = (int8_t)lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    put(L, at, name, &(mf_store_value){MF_STORE_BOOLEANS, 1, {n, 0}, 0, truth});
    lua_pop(L, 1);
}

static void put_value(lua_State *L, const place *at, const char *name);
static void enter(lua_State *L, const place *at, const char *name);

/* A list of tables, arrays or measures: a group whose names are 1, 2, ... */
static void put_group_list(lua_State *L, const place *at, const char *name, size_t n) {
    place inside = *at, mark = *at;
    int list = lua_gettop(L);
    int64_t length = (int64_t)n;
    luaL_checkstack(L, 16, "mf.store.write");
    enter(L, at, name);
    mark.attribute = true;
    put(L, &mark, LIST, &(mf_store_value){MF_STORE_INTEGER, 0, {0, 0}, 0, &length});
    inside.path = lua_pushfstring(L, "%s%s.", at->path, name);
    for (size_t i = 1; i <= n; ++i) {
        const char *index = lua_pushfstring(L, "%I", (lua_Integer)i);
        lua_rawgeti(L, list, (lua_Integer)i);
        put_value(L, &inside, index);
        lua_settop(L, list + 1);
    }
    lua_settop(L, list);
    mf_store_leave(at->store);
}

/* Is the first of the list on top of the stack a row of numbers? Lists of rows are matrices. */
static bool is_row(lua_State *L) {
    bool row = lua_geti(L, -1, 1) == LUA_TNUMBER;
    lua_pop(L, 1);
    return row;
}

/* The list on top of the stack: of strings, booleans, numbers, rows, or of anything that has
 * members.                                                                                 */
static void put_list(lua_State *L, const place *at, const char *name, size_t n) {
    check_list(L, at, name, n);
    int kind = lua_geti(L, -1, 1);
    bool row = kind == LUA_TTABLE && is_row(L);
    lua_pop(L, 1);
    if (kind == LUA_TSTRING) {
        put_strings(L, at, name, n);
        return;
    }
    if (kind == LUA_TBOOLEAN) {
        put_booleans(L, at, name, n);
        return;
    }
    if ((kind == LUA_TTABLE && !row) || kind == LUA_TUSERDATA) {
        put_group_list(L, at, name, n);
        return;
    }
    if (kind == LUA_TNUMBER && is_integral(L, at, name, n)) {
        put_integers(L, at, name, n);
        return;
    }
    lua_pushcfunction(L, convert_list);
    lua_pushvalue(L, -2);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) /* its errors do not know the name */
        luaL_error(L, "mf.store.write: '%s%s': %s", at->path, name, lua_tostring(L, -1));
    put_doubles(L, at, name, mfl_array_check(L, -1));
    lua_pop(L, 1);
}

static void put_measure(lua_State *L, const place *at, const char *name);
static void put_members(lua_State *L, const place *at);
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
 * Lua's own order differs from run to run, and equal content should be equal bytes. It keeps
 * them alive, whatever finalizers do to the table meanwhile.                               */
static const char **push_names(lua_State *L, const place *at, size_t *n) {
    int table = lua_gettop(L), list = table + 1;
    *n = 0;
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            write_error(L, at, "", "must be a list without holes or have names (strings) only");
        if (strlen(lua_tostring(L, -2)) != lua_rawlen(L, -2))
            write_error(L, at, lua_tostring(L, -2), "has a NUL byte in its name");
        lua_pushvalue(L, -2);
        lua_rawseti(L, list, (lua_Integer)(*n += 1));
    }
    const char **names = lua_newuserdatauv(L, (*n + 1) * sizeof *names, 1);
    for (size_t i = 0; i < *n; ++i) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        names[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    lua_insert(L, list);
    lua_setiuservalue(L, list, 1);
    qsort(names, *n, sizeof *names, compare_names);
    return names;
}

/* A table with names (no list) on top of the stack? */
static bool is_record(lua_State *L) {
    return lua_istable(L, -1) && lua_rawlen(L, -1) == 0;
}

/* Of the attributes on top of the stack those that are tables: they belong to the values of these names. */
static void annotate(lua_State *L, const place *at) {
    size_t n;
    luaL_checkstack(L, 16, "mf.store.write");
    const char **names = push_names(L, at, &n);
    for (size_t i = 0; i < n; ++i) {
        lua_getfield(L, -2, names[i]);
        if (is_record(L)) {
            place on = *at;
            on.attribute = true;
            on.member = names[i];
            on.path = lua_pushfstring(L, "%s%s.%s.", at->path, ATTRIBUTES, names[i]);
            lua_insert(L, -2);
            put_members(L, &on);
            lua_remove(L, -2);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
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
            lua_remove(L, -2);
        } else if (!(at->attribute && !at->member && is_record(L))) {
            put_value(L, at, names[i]);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if (!at->attribute && lua_getfield(L, -1, ATTRIBUTES) == LUA_TTABLE)
        annotate(L, at);
    if (!at->attribute)
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
    put_members(L, &(place){store, "", false, NULL});
    mfl_status(L, "mf.store.write", mf_store_commit(store, path, &err), &err);
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- reading --------------------------------------------------------------------------- */

static void reader_close(void *payload) {
    mf_store_reader_close(payload);
}

static const mfl_class reader_class = {MFL_STORE " reader", "A file that has been read.", NULL,
                                       NULL, reader_close};

/* What reading passes down: where it is, and the list of what was skipped at index 3. */
typedef struct {
    mf_store_reader *reader;
    const char *path; /* of the current group; anchored on the stack */
} tree;

/* Pops a reason. */
static void note_skipped(lua_State *L, const tree *at, bool attribute, const char *name) {
    lua_pushfstring(L, "%s%s%s: %s", at->path, attribute ? ATTRIBUTES "." : "", name,
                    lua_tostring(L, -1));
    lua_rawseti(L, SKIPPED, (lua_Integer)lua_rawlen(L, SKIPPED) + 1);
    lua_pop(L, 1);
}

static void push_strings(lua_State *L, const mf_store_value *value) {
    const char *cell = value->data;
    lua_newtable(L);
    for (size_t i = 0; i < value->dims[0]; ++i, cell += value->width) {
        lua_pushlstring(L, cell, strnlen(cell, value->width));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_booleans(lua_State *L, const mf_store_value *value) {
    const int8_t *truth = value->data;
    lua_newtable(L);
    for (size_t i = 0; i < value->dims[0]; ++i) {
        lua_pushboolean(L, truth[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_doubles(lua_State *L, const mf_store_value *value) {
    if (value->ndim == 0) {
        lua_pushnumber(L, *(const double *)value->data);
        return;
    }
    const mfl_array *a = value->ndim == 1 ? mfl_array_vector(L, value->dims[0])
                                          : mfl_array_matrix(L, value->dims[0], value->dims[1]);
    size_t bytes = mf_store_bytes(value);
    if (bytes > 0)
        memcpy(a->data, value->data, bytes);
}

static void push_group(lua_State *L, const tree *at);

/* Pushes the value. */
static void push_value(lua_State *L, const tree *at, const mf_store_item *item) {
    const mf_store_value *value = &item->value;
    switch (value->kind) {
    case MF_STORE_DOUBLES:
        push_doubles(L, value);
        return;
    case MF_STORE_INTEGER:
        lua_pushinteger(L, *(const int64_t *)value->data);
        return;
    case MF_STORE_BOOLEAN:
        lua_pushboolean(L, *(const int8_t *)value->data);
        return;
    case MF_STORE_STRING:
    case MF_STORE_BYTES:
    case MF_STORE_SKIPPED:
        lua_pushlstring(L, value->data, value->width);
        return;
    case MF_STORE_STRINGS:
        push_strings(L, value);
        return;
    case MF_STORE_BOOLEANS:
        push_booleans(L, value);
        return;
    case MF_STORE_GROUP: {
        tree inside = *at;
        inside.path = lua_pushfstring(L, "%s%s.", at->path, item->name);
        push_group(L, &inside);
        lua_remove(L, -2);
        return;
    }
    case MF_STORE_INTEGERS:
    case MF_STORE_LEAVE:
        break;
    }
    lua_pushnil(L);
}

/* Pops a value into the table at `index`, under a name that is not taken. */
static void set_once(lua_State *L, int index, const tree *at, bool attribute, const char *name) {
    if (lua_getfield(L, index, name) != LUA_TNIL) {
        lua_pop(L, 2);
        lua_pushliteral(L, "another value has this name");
        note_skipped(L, at, attribute, name);
        return;
    }
    lua_pop(L, 1);
    lua_setfield(L, index, name);
}

/* Attributes come first, so the name is free for them. */
static void set_attribute(lua_State *L, int table, const tree *at, const char *name) {
    if (lua_getfield(L, table, ATTRIBUTES) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setfield(L, table, ATTRIBUTES);
    }
    lua_insert(L, -2);
    set_once(L, lua_gettop(L) - 1, at, true, name);
    lua_pop(L, 1);
}

/* A group on top of the stack that was a list becomes one: its names are the indices. */
static void restore_list(lua_State *L) {
    int group = lua_gettop(L);
    lua_getfield(L, group, ATTRIBUTES);
    if (lua_istable(L, -1) && lua_getfield(L, -1, LIST) == LUA_TNUMBER) {
        lua_Integer n = lua_tointeger(L, -1);
        lua_newtable(L);
        for (lua_Integer i = 1; i <= n; ++i) {
            lua_pushfstring(L, "%I", i);
            if (lua_rawget(L, group) == LUA_TNIL)
                n = 0; /* not what we wrote: stays a group */
            lua_rawseti(L, -2, i);
        }
        if (n > 0)
            lua_replace(L, group);
    }
    lua_settop(L, group);
}

static void push_group(lua_State *L, const tree *at) {
    luaL_checkstack(L, 16, "mf.store.read");
    lua_newtable(L);
    int table = lua_gettop(L);
    mf_store_item item;
    while (mf_store_next(at->reader, &item) && item.value.kind != MF_STORE_LEAVE) {
        push_value(L, at, &item);
        if (item.value.kind == MF_STORE_SKIPPED)
            note_skipped(L, at, item.attribute, item.name);
        else if (item.attribute)
            set_attribute(L, table, at, item.name);
        else
            set_once(L, table, at, false, item.name);
    }
    restore_list(L);
}

/* path -> tree, what was skipped */
static int store_read(lua_State *L) {
    mf_error err = {0};
    const char *path = mfl_path(L, 1);
    lua_settop(L, 1);
    mfl_tell_read(L, path);
    lua_pushnil(L);
    mf_store_reader *reader = mfl_new(L, &reader_class, sizeof *reader);
    mfl_to_close(L, 2);
    lua_newtable(L); /* at SKIPPED */
    mf_status status = mf_store_open(reader, path, &err);
    if (status == MF_EFORMAT && mfl_table_is_named(path))
        return mfl_table_read(L, "mf.store.read", path);
    if (status < 0) {
        lua_pushnil(L);
        lua_pushfstring(L, "mf.store.read: %s: %s", path, err.text);
        return 2;
    }
    push_group(L, &(tree){reader, ""});
    lua_pushvalue(L, SKIPPED);
    return 2;
}

/* ---- tables ------------------------------------------------------------------------------ */

static const mfl_fn store_functions[] = {
        {"write", store_write, "mf.store.write(path, results)",
         "Writes a table of results to an HDF5 file, whole or not at all: arrays, measures, "
         "numbers, strings, booleans, lists of numbers, strings or rows, and tables of such "
         "values, which become groups. A field `attributes` (strings, numbers, booleans) becomes "
         "the attributes of its group, a table { x = { units = \"1\" } } in it those of the value "
         "x, "
         "for other programs (mf.store.read reads those of groups); a list of tables or arrays "
         "becomes a group with the names "
         "1, 2, "
         "... Equal content gives equal bytes, and a checksum guards them. Raises if the file "
         "cannot be written; the old file is then untouched.",
         NULL},
        {"read", store_read, "mf.store.read(path)",
         "The table of results in an HDF5 file: every double bit by bit, integers as integers, "
         "lists of numbers as mf.array, a measure as the table from which mf.measure makes it "
         "again, lists as they were written. The second value lists what was not read, as texts "
         "\"name: why\": files of other programs may hold complex numbers, arrays of three "
         "dimensions, links to other files. A damaged file is found by its checksum; a foreign "
         "one is parsed in a process without rights. A file with a name in .tsv or .csv is read as "
         "a table of text: cells between tabs, commas or blanks, under a header or without one "
         "(then columns are numbered), comments behind #. Columns of numbers become arrays, "
         "others lists of strings, or of booleans where all are true or false; a missing "
         "value (empty, NA) is nan and listed in the second value. Returns nil and a message if "
         "the file cannot be read; of a table it names the line and the column.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_store(lua_State *L) {
    mfl_class_register(L, &store_class);
    mfl_class_register(L, &reader_class);
    lua_newtable(L);
    mfl_functions(L, "mf.store", store_functions);
    lua_setfield(L, -2, "store");
}
