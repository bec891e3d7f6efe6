/* table.c: tables of text (.tsv, .csv) as Lua tables of columns. */
#include "table.h"

#include "array.h"
#include "core/base/table.h"

#include <string.h>
#include <strings.h>

static void table_close(void *payload) {
    mf_table_close(payload);
}

static const mfl_class table_class = {"mf.table file", "A table of text that has been read.", NULL,
                                      NULL, table_close};

bool mfl_table_is_named(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && (strcasecmp(dot, ".tsv") == 0 || strcasecmp(dot, ".csv") == 0);
}

/* Pushes a column's name, or its number. */
static void push_name(lua_State *L, const mf_table *table, size_t c) {
    mf_table_cell name = mf_table_name(table, c);
    if (table->header)
        lua_pushlstring(L, name.at, name.length);
    else
        lua_pushinteger(L, (lua_Integer)c + 1);
}

/* Appends "line, column: missing" for each value that is, to the list at index `notes`. */
static void note_missing(lua_State *L, int notes, const mf_table *table, size_t c) {
    lua_Integer n = (lua_Integer)lua_rawlen(L, notes);
    for (size_t row = 0; row < table->rows; ++row)
        if (mf_table_is_missing(mf_table_get(table, row, c))) {
            push_name(L, table, c);
            lua_pushfstring(L, "line %I, column %s: missing",
                            (lua_Integer)mf_table_line(table, row), lua_tostring(L, -1));
            lua_rawseti(L, notes, ++n);
            lua_pop(L, 1);
        }
}

/* 1 for "true", 0 for "false", -1 for others. */
static int truth(mf_table_cell cell) {
    if (cell.length == 4 && memcmp(cell.at, "true", 4) == 0)
        return 1;
    return cell.length == 5 && memcmp(cell.at, "false", 5) == 0 ? 0 : -1;
}

static void push_words(lua_State *L, const mf_table *table, size_t c) {
    bool booleans = true;
    for (size_t row = 0; booleans && row < table->rows; ++row)
        booleans = truth(mf_table_get(table, row, c)) >= 0;
    lua_newtable(L);
    for (size_t row = 0; row < table->rows; ++row) {
        mf_table_cell cell = mf_table_get(table, row, c);
        if (booleans)
            lua_pushboolean(L, truth(cell));
        else
            lua_pushlstring(L, cell.at, cell.length);
        lua_rawseti(L, -2, (lua_Integer)row + 1);
    }
}

/* Sets the column in the table at index `to`. */
static mf_status set_column(lua_State *L, int to, const mf_table *table, size_t c, mf_error *err) {
    mf_status status = MF_OK;
    push_name(L, table, c);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, to) != LUA_TNIL)
        return mf_fail(err, MF_EFORMAT, "line %zu: two columns are called '%.40s'", table->lines[0],
                       lua_tostring(L, -2));
    lua_pop(L, 1);
    if (mf_table_is_numeric(table, c)) {
        const mfl_array *a = mfl_array_vector(L, table->rows);
        status = mf_table_numbers(table, c, a->data, err);
        note_missing(L, to + 1, table, c);
    } else {
        push_words(L, table, c);
    }
    lua_rawset(L, to);
    return status;
}

int mfl_table_read(lua_State *L, const char *who, const char *path) {
    mf_error err = {0};
    lua_pushnil(L);
    mf_table *table = mfl_new(L, &table_class, sizeof *table);
    mfl_to_close(L, -1);
    lua_newtable(L);
    lua_newtable(L);
    int result = lua_gettop(L) - 1;
    mf_status status = mf_table_open(table, path, &err);
    for (size_t c = 0; status >= 0 && c < table->columns; ++c)
        status = set_column(L, result, table, c, &err);
    if (status >= 0)
        return 2;
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s: %s", who, path, err.text);
    return 2;
}

void mfl_open_table(lua_State *L) {
    mfl_class_register(L, &table_class);
}
