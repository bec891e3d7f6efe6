/* options.c: option tables from Lua into C structs, by one table of fields.
 * What is wrong is said in the same words everywhere: field, what is expected, what came. */
#include "parts.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words for errors ---------------------------------------------------------- */

const char *mfl_article(const char *name) {
    return strncmp(name, "mf.", 3) == 0 ? "an" : "a";
}

static const char *push_function_shown(lua_State *L, int index) {
    int top = lua_gettop(L);
    mfl_push_docs(L);
    lua_pushvalue(L, index);
    if (lua_rawget(L, -2) == LUA_TTABLE && lua_getfield(L, -1, "name") == LUA_TSTRING)
        lua_pushfstring(L, "the function %s: call it, as in %s()", lua_tostring(L, -1),
                        lua_tostring(L, -1));
    else
        lua_pushliteral(L, "a function");
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return lua_tostring(L, -1);
}

const char *mfl_push_shown(lua_State *L, int index) {
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
    case LUA_TFUNCTION:
        return push_function_shown(L, index);
    default:
        if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING) {
            const char *name = lua_tostring(L, -1);
            name = lua_pushfstring(L, "%s %s", mfl_article(name), name);
            lua_remove(L, -2);
            return name;
        }
        return lua_pushfstring(L, "a %s", luaL_typename(L, index));
    }
}

static const char *push_formatted(lua_State *L, const char *format, va_list args) {
    luaL_Buffer text;
    const char *raw = lua_pushvfstring(L, format, args);
    size_t n = strlen(raw) + 1;
    char *copy = luaL_buffinitsize(L, &text, n);
    memcpy(copy, raw, n);
    mf_unsigned_nan(copy);
    luaL_pushresultsize(&text, strlen(copy));
    lua_remove(L, -2);
    return lua_tostring(L, -1);
}

const char *mfl_format(lua_State *L, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *text = push_formatted(L, format, args);
    va_end(args);
    return text;
}

int mfl_error(lua_State *L, const char *format, ...) {
    va_list args;
    luaL_where(L, 1);
    va_start(args, format);
    push_formatted(L, format, args);
    va_end(args);
    lua_concat(L, 2);
    return lua_error(L);
}

int mfl_option_error(lua_State *L, const char *where, const char *name, const char *expected,
                     int index) {
    const char *got = mfl_push_shown(L, index);
    return luaL_error(L, "%s: option '%s' must be %s, got %s", where, name, expected, got);
}

const char *mfl_path(lua_State *L, int arg) {
    size_t n;
    const char *path = luaL_checklstring(L, arg, &n);
    luaL_argcheck(L, n > 0, arg, "expected a path, got ''");
    luaL_argcheck(L, strlen(path) == n, arg, "a path must not contain a NUL byte");
    return path;
}

void mfl_write_number(char *out, size_t size, double x) {
    if (!isfinite(x)) {
        snprintf(out, size, isnan(x) ? "nan" : x > 0 ? "inf" : "-inf");
        return;
    }
    snprintf(out, size, "%.0f", x);
    for (int digits = 1; fabs(x) >= 1e6 || x != floor(x); ++digits) {
        snprintf(out, size, "%.*g", digits, x);
        if (digits == 17 || strtod(out, NULL) == x)
            return;
    }
}

/* "a number in (0, 1)", "an integer in [1, inf)", ... into text. */
static void describe_range(char *text, size_t size, const mfl_field *f) {
    char low[32], high[32];
    mfl_write_number(low, sizeof low, f->low);
    mfl_write_number(high, sizeof high, f->high);
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

/* Pushes "'a', 'b' or 'c'", or "'a' | 'b' | 'c'" if that is the joint. */
static const char *push_choices(lua_State *L, const char *const *names, const char *last_joint) {
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    for (int i = 0; names[i]; ++i) {
        if (i)
            luaL_addstring(&text, names[i + 1] && !strchr(last_joint, '|') ? ", " : last_joint);
        luaL_addchar(&text, '\'');
        luaL_addstring(&text, names[i]);
        luaL_addchar(&text, '\'');
    }
    luaL_pushresult(&text);
    return lua_tostring(L, -1);
}

const char *mfl_push_expected(lua_State *L, const mfl_field *f, const char *last_joint) {
    char range[128];
    switch (f->type) {
    case MFL_NUMBER:
    case MFL_COUNT:
    case MFL_DIM:
        describe_range(range, sizeof range, f);
        return lua_pushstring(L, range);
    case MFL_SEED:
        return lua_pushliteral(L, "an integer >= 0");
    case MFL_BOOLEAN:
        return lua_pushliteral(L, "true or false");
    case MFL_STRING:
        if (f->aux && f->flags & (MFL_OPTIONAL | MFL_REQUIRED))
            return lua_pushstring(L, f->aux);
        return lua_pushliteral(L, "a string");
    case MFL_RANGE:
        return lua_pushliteral(L, "{low, high} with low < high");
    case MFL_OBJECT:
        return lua_pushfstring(L, "%s %s", mfl_article(f->aux), (const char *)f->aux);
    case MFL_ENUM:
        return push_choices(L, f->aux, last_joint);
    case MFL_TABLE:
        return lua_pushstring(L, f->aux ? (const char *)f->aux : "a table");
    case MFL_ANY:
        break;
    }
    return lua_pushstring(L, f->aux ? (const char *)f->aux : "any value");
}

static size_t min3(size_t a, size_t b, size_t c) {
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

static bool same_letter(char a, char b) {
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edits between two names of up to 63 characters: letters put in, left out, changed, or two
 * neighbours swapped (esp, eps). The case of letters is no edit.                         */
static size_t distance(const char *a, const char *b) {
    enum { LONGEST = 63 };
    size_t rows[3][LONGEST + 1], na = strlen(a), nb = strlen(b);
    if (na > LONGEST || nb > LONGEST)
        return SIZE_MAX;
    for (size_t j = 0; j <= nb; ++j)
        rows[0][j] = j;
    for (size_t i = 1; i <= na; ++i) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= nb; ++j) {
            row[j] = min3(above[j] + 1, row[j - 1] + 1,
                          above[j - 1] + !same_letter(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1]) && two_above[j - 2] + 1 < row[j])
                row[j] = two_above[j - 2] + 1;
        }
    }
    return rows[na % 3][nb];
}

void mfl_consider(mfl_nearest *nearest, const char *name) {
    size_t far = distance(nearest->to, name), limit = nearest->limit;
    if (!limit)
        limit = strlen(nearest->to) > 3 ? 3 : 2;
    if (far < (nearest->name ? nearest->far : limit) && far < strlen(nearest->to)) {
        nearest->far = far;
        nearest->name = name;
    }
}

static int unknown_option(lua_State *L, const char *where, const char *key,
                          const mfl_field *fields) {
    mfl_nearest nearest = {.to = key};
    luaL_Buffer known;
    luaL_buffinit(L, &known);
    for (const mfl_field *f = fields; f->name; ++f) {
        mfl_consider(&nearest, f->name);
        if (f != fields)
            luaL_addstring(&known, ", ");
        luaL_addstring(&known, f->name);
    }
    luaL_pushresult(&known);
    if (nearest.name)
        return luaL_error(L, "%s: unknown option '%s' (did you mean '%s'?); options: %s", where,
                          key, nearest.name, lua_tostring(L, -1));
    return luaL_error(L, "%s: unknown option '%s'; options: %s", where, key, lua_tostring(L, -1));
}

/* ---- reading one option ------------------------------------------------------------ */

/* Raises "where: option 'x' must be <expected>, got <value at index>". */
static void refuse(lua_State *L, const char *where, const mfl_field *f, int index) {
    index = lua_absindex(L, index);
    mfl_option_error(L, where, f->name, mfl_push_expected(L, f, " or "), index);
}

static void read_number(lua_State *L, const char *where, const mfl_field *f, char *out) {
    double x = lua_tonumber(L, -1);
    bool ok = lua_type(L, -1) == LUA_TNUMBER && !isnan(x);
    if (isinf(x))
        ok = ok && (f->flags & MFL_INF) && (x > 0 ? isinf(f->high) : isinf(f->low));
    ok = ok && (f->flags & MFL_OPEN_LOW ? x > f->low : x >= f->low);
    ok = ok && (f->flags & MFL_OPEN_HIGH ? x < f->high : x <= f->high);
    if (f->type != MFL_NUMBER && !isinf(x))
        ok = ok && x == floor(x) && fabs(x) <= 0x1p53;
    if (!ok)
        refuse(L, where, f, -1);
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
    refuse(L, where, f, -1);
}

static void read_seed(lua_State *L, const char *where, const mfl_field *f, uint64_t *out) {
    int exact;
    lua_Integer seed = lua_tointegerx(L, -1, &exact);
    if (lua_type(L, -1) != LUA_TNUMBER || !exact || seed < 0)
        refuse(L, where, f, -1);
    *out = (uint64_t)seed;
}

static void read_string(lua_State *L, const char *where, const mfl_field *f, const char **out) {
    if (lua_type(L, -1) != LUA_TSTRING)
        refuse(L, where, f, -1);
    if (strlen(lua_tostring(L, -1)) != lua_rawlen(L, -1))
        mfl_option_error(L, where, f->name, "a string without NUL bytes", -1);
    *out = lua_tostring(L, -1);
}

/* Whether the value on top is {low, high} with low < high. */
static bool is_range(lua_State *L) {
    if (!lua_istable(L, -1) || lua_rawlen(L, -1) != 2)
        return false;
    bool ok = lua_rawgeti(L, -1, 1) == LUA_TNUMBER;
    ok = lua_rawgeti(L, -2, 2) == LUA_TNUMBER && ok;
    ok = ok && lua_tonumber(L, -2) < lua_tonumber(L, -1);
    lua_pop(L, 2);
    return ok;
}

/* The value is on top of the stack and not nil. */
static void read_option(lua_State *L, const char *where, const mfl_field *f, char *out) {
    void *at = out + f->offset;
    bool ok = true;
    switch (f->type) {
    case MFL_NUMBER:
    case MFL_COUNT:
    case MFL_DIM:
        read_number(L, where, f, out);
        break;
    case MFL_SEED:
        read_seed(L, where, f, at);
        break;
    case MFL_BOOLEAN:
        ok = lua_isboolean(L, -1);
        *(bool *)at = lua_toboolean(L, -1);
        break;
    case MFL_ENUM:
        read_enum(L, where, f, out);
        break;
    case MFL_STRING:
        read_string(L, where, f, at);
        break;
    case MFL_OBJECT:
        *(void **)at = mfl_test(L, -1, f->aux);
        ok = *(void **)at != NULL;
        break;
    case MFL_TABLE:
        ok = lua_istable(L, -1);
        break;
    case MFL_RANGE:
        ok = is_range(L);
        break;
    case MFL_ANY:
        break;
    }
    if (!ok)
        refuse(L, where, f, -1);
}

void mfl_push_fallback(lua_State *L, const mfl_field *f) {
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
    case MFL_TABLE:
    case MFL_RANGE:
    case MFL_ANY:
        lua_pushnil(L);
        break;
    }
}

/* The option table on top of the stack gets a metatable: `where` it was read and all `fields`, each
 * true if the caller's table at `index` (0: none) gives it and false if it has its default.        */
static void describe(lua_State *L, const char *where, int index, const mfl_field *fields) {
    lua_createtable(L, 0, 2);
    mfl_set_string(L, "where", where);
    lua_newtable(L);
    for (const mfl_field *f = fields; f->name; ++f) {
        bool given = index && lua_getfield(L, index, f->name) != LUA_TNIL;
        lua_settop(L, index ? -2 : -1);
        lua_pushboolean(L, given);
        lua_setfield(L, -2, f->name);
    }
    lua_setfield(L, -2, "fields");
    lua_setmetatable(L, -2);
}

bool mfl_push_fields(lua_State *L, int index) {
    return lua_istable(L, index) && luaL_getmetafield(L, index, "fields") == LUA_TTABLE;
}

bool mfl_is_default(lua_State *L, int options, int key) {
    int top = lua_gettop(L);
    key = lua_absindex(L, key);
    bool is = mfl_push_fields(L, options);
    if (is) {
        lua_pushvalue(L, key);
        is = lua_rawget(L, -2) == LUA_TBOOLEAN && !lua_toboolean(L, -1);
    }
    lua_settop(L, top);
    return is;
}

/* Every key of the table at the absolute index has to be a field's name. */
static void check_keys(lua_State *L, const char *where, int index, const mfl_field *fields) {
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const mfl_field *f = fields;
        while (f->name &&
               !(lua_type(L, -2) == LUA_TSTRING && strcmp(f->name, lua_tostring(L, -2)) == 0))
            ++f;
        if (!f->name)
            unknown_option(L, where, luaL_tolstring(L, -2, NULL), fields);
    }
}

static void missing(lua_State *L, const char *where, const mfl_field *f) {
    if (f->type == MFL_ANY && !f->aux)
        luaL_error(L, "%s: option '%s' is missing", where, f->name);
    luaL_error(L, "%s: option '%s' is missing: expected %s", where, f->name,
               mfl_push_expected(L, f, " or "));
}

/* No table of options, or a module: says how the function is called, by what must be given. */
static int no_options(lua_State *L, const char *where, int index, const mfl_field *fields) {
    luaL_Buffer call;
    const mfl_field *first = fields;
    luaL_buffinit(L, &call);
    for (const mfl_field *f = fields; f->name; ++f)
        if (f->flags & MFL_REQUIRED) {
            luaL_addstring(&call, luaL_bufflen(&call) == 0 ? "" : ", ");
            luaL_addstring(&call, f->name);
            luaL_addstring(&call, " = ...");
        }
    luaL_pushresult(&call);
    const char *required = lua_tostring(L, -1);
    if (!*required && first->name)
        required = lua_pushfstring(L, "%s = ...", first->name);
    return luaL_error(L, "%s: expected a table of options, as in %s{%s}, got %s", where, where,
                      required, mfl_push_shown(L, index));
}

void mfl_options(lua_State *L, const char *where, int index, const mfl_field *fields, void *out) {
    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, where);
    bool given = !lua_isnoneornil(L, index);
    if (given && (!lua_istable(L, index) || luaL_getmetafield(L, index, "__call")))
        no_options(L, where, index, fields);
    if (given)
        check_keys(L, where, index, fields);
    lua_newtable(L);
    describe(L, where, given ? index : 0, fields);
    for (const mfl_field *f = fields; f->name; ++f) {
        if (!given || lua_getfield(L, index, f->name) == LUA_TNIL) {
            lua_settop(L, given ? -2 : -1);
            if (f->flags & MFL_REQUIRED)
                missing(L, where, f);
            if (f->flags & MFL_OPTIONAL)
                continue;
            mfl_push_fallback(L, f);
        }
        if (!lua_isnil(L, -1))
            read_option(L, where, f, out);
        lua_setfield(L, -2, f->name);
    }
}
