/* data.c: mf.data, numbers from files that other programs wrote. */
#include "array.h"
#include "core/base/npy.h"
#include "core/base/table.h"

#include <string.h>

#define WHERE "mf.data.read"

/* Either of them is open. */
typedef struct {
    mf_table table;
    mf_npy npy;
} source;

static void source_close(void *payload) {
    source *s = payload;
    mf_table_close(&s->table);
    mf_npy_close(&s->npy);
}

static const mfl_class source_class = {"mf.data file", "A file of numbers that has been read.",
                                       NULL, NULL, source_close};

static const char *const missing_names[] = {"error", "nan", NULL};

static const mfl_field read_fields[] = {
        {"columns", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "a list of names or numbers",
         .text = "the columns to read, in this order, by the header's names or by numbers from 1; "
                 "default: all"},
        {"missing", MFL_ENUM, 0, .aux = missing_names,
         .text = "what a missing value (empty, NA, N/A) is: error: a fault of the file, named by "
                 "line and column; nan: NaN"},
        MFL_END};

static int fault(lua_State *L, const char *path, const char *text) {
    lua_pushnil(L);
    lua_pushfstring(L, WHERE ": %s: %s", path, text);
    return 2;
}

static bool has_name(const mf_table *table, size_t c, const char *name, size_t length) {
    mf_table_cell cell = mf_table_name(table, c);
    return cell.length == length && memcmp(cell.at, name, length) == 0;
}

/* The column that the value on top of the stack means; `columns` if there is none such, more if its
 * name does not say which. */
static size_t find_column(lua_State *L, const mf_table *table, size_t columns) {
    size_t length, c = 0;
    if (lua_isinteger(L, -1)) {
        lua_Integer i = lua_tointeger(L, -1);
        return i >= 1 && (size_t)i <= columns ? (size_t)i - 1 : columns;
    }
    if (lua_type(L, -1) != LUA_TSTRING)
        mfl_option_error(L, WHERE, "columns", "a list of names or numbers", -1);
    const char *name = lua_tolstring(L, -1, &length);
    while (c < columns && !(table->header && has_name(table, c, name, length)))
        ++c;
    for (size_t next = c + 1; next < columns; ++next)
        if (has_name(table, next, name, length))
            return columns + 1;
    return c;
}

/* The chosen columns, in a new userdata; NULL with a text pushed if the file has not all of them. */
static const size_t *choose(lua_State *L, const mf_table *table, size_t columns, size_t *n) {
    bool all = lua_getfield(L, 3, "columns") == LUA_TNIL;
    if (!all && !lua_istable(L, -1))
        mfl_option_error(L, WHERE, "columns", "a list of names or numbers", -1);
    int list = lua_gettop(L);
    *n = all ? columns : lua_rawlen(L, list);
    size_t *chosen = lua_newuserdatauv(L, (*n + 1) * sizeof *chosen, 0);
    for (size_t i = 0; i < *n; ++i) {
        chosen[i] = i;
        if (all)
            continue;
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        if ((chosen[i] = find_column(L, table, columns)) >= columns) {
            bool several = chosen[i] > columns;
            lua_pushfstring(L,
                            several ? "it has several columns %s: give its number"
                                    : "it has no column %s",
                            luaL_tolstring(L, -1, NULL));
            return NULL;
        }
        lua_pop(L, 1);
    }
    return chosen;
}

/* Pushes the name of a column, or its number. */
static const char *push_column(lua_State *L, const mf_table *table, size_t c) {
    mf_table_cell name = mf_table_name(table, c);
    if (table->header)
        return lua_pushlstring(L, name.at, name.length);
    return lua_pushfstring(L, "%I", (lua_Integer)c + 1);
}

/* Column c into column `to` of the matrix; false, with the text of a fault pushed. */
static bool read_column(lua_State *L, const mf_table *table, size_t c, double *column, size_t to,
                        bool nan_allowed, mfl_array *out) {
    mf_error err = {MF_OK, ""};
    if (mf_table_numbers(table, c, column, &err) < 0) {
        lua_pushstring(L, err.text);
        return false;
    }
    for (size_t row = 0; row < table->rows; ++row) {
        if (!nan_allowed && mf_table_is_missing(mf_table_get(table, row, c))) {
            lua_pushfstring(L, "line %I, column %s: missing (missing = 'nan' takes it as NaN)",
                            (lua_Integer)mf_table_line(table, row), push_column(L, table, c));
            return false;
        }
        out->data[row * out->cols + to] = column[row];
    }
    return true;
}

/* Pushes the matrix and the list of names (nil without a header), or nil and a message. */
static int push_table(lua_State *L, const mf_table *table, const char *path, bool nan_allowed) {
    size_t n;
    const size_t *chosen = choose(L, table, table->columns, &n);
    if (!chosen)
        return fault(L, path, lua_tostring(L, -1));
    double *column = mfl_array_vector(L, table->rows)->data;
    mfl_array *out = mfl_array_matrix(L, table->rows, n);
    int at = lua_gettop(L);
    for (size_t i = 0; i < n; ++i)
        if (!read_column(L, table, chosen[i], column, i, nan_allowed, out))
            return fault(L, path, lua_tostring(L, -1));
    lua_pushvalue(L, at);
    if (!table->header)
        return 1;
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; ++i) {
        push_column(L, table, chosen[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 2;
}

/* A vector for one dimension, else the matrix of the chosen columns. */
static int push_npy(lua_State *L, const mf_npy *npy, const char *path) {
    static const mf_table nameless = {.header = false};
    size_t n;
    const size_t *chosen = choose(L, &nameless, npy->columns, &n);
    if (!chosen)
        return fault(L, path, lua_tostring(L, -1));
    bool vector = npy->vector && n == 1;
    double *out =
            vector ? mfl_array_vector(L, npy->rows)->data : mfl_array_matrix(L, npy->rows, n)->data;
    for (size_t row = 0; row < npy->rows; ++row)
        for (size_t i = 0; i < n; ++i)
            out[row * n + i] = mf_npy_get(npy, row, chosen[i]);
    return 1;
}

static int data_read(lua_State *L) {
    const char *path = mfl_path(L, 1);
    int missing = 0;
    mf_error err = {MF_OK, ""};
    lua_settop(L, 2);
    mfl_tell_read(L, path);
    mfl_options(L, WHERE, 2, read_fields, &missing); /* at 3 */
    lua_pushnil(L);
    source *s = mfl_new(L, &source_class, sizeof *s);
    mfl_to_close(L, -1);
    bool npy = mf_npy_is(path);
    mf_status status =
            npy ? mf_npy_open(&s->npy, path, &err) : mf_table_open(&s->table, path, &err);
    if (status < 0)
        return fault(L, path, err.text);
    return npy ? push_npy(L, &s->npy, path) : push_table(L, &s->table, path, missing == 1);
}

static const mfl_fn data_functions[] = {
        {"read", data_read, "X, names = mf.data.read(path, {columns=, missing=})",
         "Numbers from a file: an array of its rows and, where there is a header, the columns' "
         "names. A table of text has cells between tabs, commas or blanks (its first line says "
         "which), LF or CRLF, # comments, and a header or none; a file of numpy.save has one or "
         "two "
         "dimensions (one: X is a vector). Returns nil and a message that names file, line and "
         "column if the file is missing or damaged, a cell is no number or a value is missing. "
         "mf.store.read gives the columns of a table one by one, words included.",
         read_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_data(lua_State *L) {
    mfl_class_register(L, &source_class);
    lua_newtable(L);
    mfl_functions(L, "mf.data", data_functions);
    lua_setfield(L, -2, "data");
}
