/* array.c: mf.array, dense double vectors and matrices.
 *
 * An array's doubles lie in its own userdata, 64-byte aligned behind the header, so there
 * is nothing to free and the collector sees the true size. Rows, columns and slices are
 * views: a header that points into another array and keeps that array alive. This file makes,
 * reads and writes arrays; array_algebra.c computes with them, array_print.c prints them.  */
#include "array_parts.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define HEADER 64 /* the data start here: one cache line after the aligned header */
_Static_assert(sizeof(mfl_array) <= HEADER, "the header of an array has to fit");

static const mfl_class array_class;

/* ---- making arrays ---------------------------------------------------------------- */

mfl_array *mfl_array_new(lua_State *L, size_t rows, size_t cols, int ndim) {
    if (cols != 0 && rows > (SIZE_MAX / 2 / sizeof(double) - HEADER) / cols)
        luaL_error(L, "mf.array: %I x %I numbers do not fit into memory", (lua_Integer)rows,
                   (lua_Integer)cols);
    lua_pushnil(L);
    mfl_array *a = mfl_new(L, &array_class, HEADER + rows * cols * sizeof(double));
    *a = (mfl_array){(double *)(void *)((char *)a + HEADER), rows, cols, ndim == 1 ? 1 : cols,
                     ndim};
    return a;
}

mfl_array *mfl_array_vector(lua_State *L, size_t n) {
    return mfl_array_new(L, n, 1, 1);
}

mfl_array *mfl_array_matrix(lua_State *L, size_t rows, size_t cols) {
    return mfl_array_new(L, rows, cols, 2);
}

/* Pushes an array whose data lie in the array at `owner` (an absolute index). */
static mfl_array *new_view(lua_State *L, int owner, mfl_array view) {
    lua_pushnil(L);
    mfl_array *a = mfl_new(L, &array_class, sizeof *a);
    *a = view;
    if (lua_getiuservalue(L, owner, 2) == LUA_TNIL) { /* views of views keep the owner only */
        lua_pop(L, 1);
        lua_pushvalue(L, owner);
    }
    lua_setiuservalue(L, -2, 2);
    return a;
}

mfl_array *mfl_array_check(lua_State *L, int arg) {
    return mfl_check(L, arg, MFL_ARRAY);
}

mfl_array *mfl_array_test(lua_State *L, int arg) {
    return mfl_test(L, arg, MFL_ARRAY);
}

const char *mfl_array_push_shape(lua_State *L, const mfl_array *a) {
    if (a->ndim == 1)
        return lua_pushfstring(L, "%I", (lua_Integer)a->rows);
    return lua_pushfstring(L, "%I x %I", (lua_Integer)a->rows, (lua_Integer)a->cols);
}

mfl_array *mfl_array_push_copy(lua_State *L, const mfl_array *a) {
    mfl_array *copy = mfl_array_new(L, a->rows, a->cols, a->ndim);
    if (mfl_array_is_contiguous(a)) {
        if (mfl_array_length(a))
            memcpy(copy->data, a->data, mfl_array_length(a) * sizeof(double));
    } else {
        for (size_t i = 0; i < a->rows; ++i)
            for (size_t j = 0; j < a->cols; ++j)
                copy->data[i * a->cols + j] = a->data[i * a->stride + j];
    }
    return copy;
}

mfl_array *mfl_array_flat(lua_State *L, int arg) {
    mfl_array *a = mfl_array_check(L, arg);
    if (mfl_array_is_contiguous(a))
        return a;
    arg = lua_absindex(L, arg);
    a = mfl_array_push_copy(L, a);
    lua_replace(L, arg);
    return a;
}

/* ---- from tables -------------------------------------------------------------------- */

static size_t table_length(lua_State *L, int index) {
    lua_Integer n = luaL_len(L, index);
    return n < 0 ? 0 : (size_t)n;
}

/* The number on top of the stack, element i (of row `row`, 0 for none) of argument arg. */
static double pop_element(lua_State *L, int arg, size_t row, size_t i) {
    if (lua_type(L, -1) != LUA_TNUMBER) {
        if (row)
            lua_pushfstring(L, "element %I of row %I must be a number, got %s", (lua_Integer)i,
                            (lua_Integer)row, luaL_typename(L, -1));
        else
            lua_pushfstring(L, "element %I must be a number, got %s", (lua_Integer)i,
                            luaL_typename(L, -1));
        luaL_argerror(L, arg, lua_tostring(L, -1));
    }
    double x = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return x;
}

/* Fills out[0 .. n-1] from the row on top of the stack (a table or a vector), and pops it. */
static void pop_row(lua_State *L, int arg, size_t row, size_t n, double *out) {
    const mfl_array *a = mfl_array_test(L, -1);
    bool ok = a ? a->ndim == 1 : lua_istable(L, -1);
    size_t got = !ok ? 0 : a ? a->rows : table_length(L, -1);
    if (!ok || got != n) {
        if (ok)
            lua_pushfstring(L, "row %I has %I elements, the rows before it %I", (lua_Integer)row,
                            (lua_Integer)got, (lua_Integer)n);
        else
            lua_pushfstring(L, "row %I must be a table or a vector, got %s", (lua_Integer)row,
                            luaL_typename(L, -1));
        luaL_argerror(L, arg, lua_tostring(L, -1));
    }
    for (size_t j = 0; j < n; ++j) {
        if (a) {
            out[j] = a->data[j * a->stride];
        } else {
            lua_geti(L, -1, (lua_Integer)j + 1);
            out[j] = pop_element(L, arg, row, j + 1);
        }
    }
    lua_pop(L, 1);
}

/* Pushes the array made of the table at the absolute index. */
static mfl_array *push_table(lua_State *L, int arg, int index) {
    size_t n = table_length(L, index);
    lua_geti(L, index, 1);
    const mfl_array *first = mfl_array_test(L, -1);
    bool nested = first || lua_istable(L, -1);
    size_t cols = first ? first->rows : nested ? table_length(L, -1) : 1;
    lua_pop(L, 1);
    mfl_array *a = nested ? mfl_array_matrix(L, n, cols) : mfl_array_vector(L, n);
    for (size_t i = 0; i < n; ++i) {
        lua_geti(L, index, (lua_Integer)i + 1);
        if (nested)
            pop_row(L, arg, i + 1, cols, a->data + i * cols);
        else
            a->data[i] = pop_element(L, arg, 0, i + 1);
    }
    return a;
}

mfl_array *mfl_array_convert(lua_State *L, int arg) {
    if (mfl_array_test(L, arg))
        return mfl_array_flat(L, arg);
    int index = lua_absindex(L, arg);
    mfl_array *a = NULL;
    if (lua_istable(L, index)) {
        a = push_table(L, arg, index);
    } else if (lua_type(L, index) == LUA_TNUMBER) {
        a = mfl_array_vector(L, 1);
        a->data[0] = lua_tonumber(L, index);
    } else {
        const char *got = mfl_push_shown(L, index);
        luaL_argerror(
                L, arg,
                lua_pushfstring(L, "mf.array, table of numbers or number expected, got %s", got));
    }
    lua_replace(L, index);
    return a;
}

static int convert(lua_State *L) {
    mfl_array_convert(L, 1);
    return 1;
}

const mfl_array *mfl_array_option(lua_State *L, const char *where, const char *name) {
    if (!lua_istable(L, -1) && !mfl_array_test(L, -1))
        mfl_option_error(L, where, name, "an mf.array or a table", -1);
    lua_pushcfunction(L, convert);
    lua_insert(L, -2);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) { /* bad argument #1 to '?' (what is wrong) */
        const char *text = luaL_tolstring(L, -1, NULL), *open = strchr(text, '(');
        size_t n = open ? strlen(open + 1) : 0;
        if (n > 1 && strncmp(text, "bad argument", 12) == 0)
            text = lua_pushlstring(L, open + 1, n - 1);
        luaL_error(L, "%s: option '%s': %s", where, name, text);
    }
    return mfl_array_test(L, -1);
}

const double *mfl_array_doubles(lua_State *L, int arg, size_t *n) {
    const mfl_array *a = mfl_array_convert(L, arg);
    luaL_argcheck(L, a->ndim == 1, arg, "expected a vector, got a matrix");
    *n = a->rows;
    return a->data;
}

/* ---- constructors -------------------------------------------------------------------- */

static size_t check_size(lua_State *L, int arg) {
    lua_Integer n = luaL_checkinteger(L, arg);
    luaL_argcheck(L, n >= 0, arg, "a size must be >= 0");
    return (size_t)n;
}

/* Pushes the zeroed array whose sizes are the arguments from `arg` on. */
static mfl_array *push_sized(lua_State *L, int arg) {
    size_t rows = check_size(L, arg);
    if (lua_isnoneornil(L, arg + 1))
        return mfl_array_vector(L, rows);
    return mfl_array_matrix(L, rows, check_size(L, arg + 1));
}

static int array_new(lua_State *L) {
    if (lua_type(L, 1) == LUA_TNUMBER) {
        push_sized(L, 1);
    } else if (mfl_array_test(L, 1)) {
        mfl_array_push_copy(L, mfl_array_check(L, 1));
    } else if (lua_istable(L, 1)) {
        push_table(L, 1, 1);
    } else {
        luaL_typeerror(L, 1, "size, table of numbers, table of rows or mf.array");
    }
    return 1;
}

static int array_zeros(lua_State *L) {
    push_sized(L, 1);
    return 1;
}

static void fill(mfl_array *a, double x) {
    for (size_t i = 0; i < a->rows; ++i)
        for (size_t j = 0; j < a->cols; ++j)
            a->data[i * a->stride + j] = x;
}

static int array_ones(lua_State *L) {
    fill(push_sized(L, 1), 1);
    return 1;
}

static int array_identity(lua_State *L) {
    size_t n = check_size(L, 1);
    mfl_array *a = mfl_array_matrix(L, n, n);
    for (size_t i = 0; i < n; ++i)
        a->data[i * n + i] = 1;
    return 1;
}

static double check_finite(lua_State *L, int arg) {
    double x = luaL_checknumber(L, arg);
    luaL_argcheck(L, isfinite(x), arg, "must be finite");
    return x;
}

/* n points from a to b, both ends exact. */
static mfl_array *push_spaced(lua_State *L, double a, double b, int arg) {
    size_t n = check_size(L, arg);
    luaL_argcheck(L, n >= 1, arg, "at least one point");
    mfl_array *out = mfl_array_vector(L, n);
    out->data[0] = a;
    if (n > 1)
        out->data[n - 1] = b;
    return out;
}

/* One division at the end: (a m + b i) / n is exact where the ends allow. */
static int array_linspace(lua_State *L) {
    double a = check_finite(L, 1), b = check_finite(L, 2);
    mfl_array *out = push_spaced(L, a, b, 3);
    double n = (double)out->rows - 1;
    for (size_t i = 1; i + 1 < out->rows; ++i) {
        double k = (double)i, x = (a * (n - k) + b * k) / n;
        x = isfinite(x) ? x : a * (1 - k / n) + b * (k / n);
        out->data[i] = fmin(fmax(x, fmin(a, b)), fmax(a, b)); /* rounded beyond neither end */
    }
    return 1;
}

/* Longer numbers on the way: powers of 10 and 2 come out as such. */
static int array_logspace(lua_State *L) {
    double a = check_finite(L, 1), b = check_finite(L, 2);
    luaL_argcheck(L, a > 0, 1, "must be > 0");
    luaL_argcheck(L, b > 0, 2, "must be > 0");
    mfl_array *out = push_spaced(L, a, b, 3);
    long double from = logl(a), to = logl(b), n = (long double)(out->rows - 1);
    for (size_t i = 1; i + 1 < out->rows; ++i) {
        long double k = (long double)i;
        out->data[i] = (double)expl((from * (n - k) + to * k) / n);
    }
    return 1;
}

static int array_range(lua_State *L) {
    double from = check_finite(L, 1), to = check_finite(L, 2);
    double step = lua_isnoneornil(L, 3) ? 1 : check_finite(L, 3);
    luaL_argcheck(L, step != 0, 3, "a step must not be 0");
    double count = floor((to - from) / step * (1 + 4e-16)) + 1; /* 0.3/0.1 counts as 3 */
    if (!(count > 0))
        count = 0;
    if (count > 0x1p53)
        luaL_error(L, "mf.array.range: too many elements");
    mfl_array *a = mfl_array_vector(L, (size_t)count);
    for (size_t i = 0; i < a->rows; ++i)
        a->data[i] = from + (double)i * step;
    return 1;
}

/* ---- reading and writing elements ------------------------------------------------------ */

/* The integer at arg as an index from 0, in a dimension of n. */
static size_t check_index(lua_State *L, int arg, size_t n, const char *noun) {
    lua_Integer i = luaL_checkinteger(L, arg);
    if (i < 1 || (lua_Unsigned)i > n)
        luaL_error(L, "mf.array: %s %I is outside 1..%I", noun, i, (lua_Integer)n);
    return (size_t)i - 1;
}

static void push_row(lua_State *L, int owner, const mfl_array *a, size_t i) {
    new_view(L, owner, (mfl_array){a->data + i * a->stride, a->cols, 1, 1, 1});
}

/* a[i]: nil one past the end, so that ipairs stops there; further out is an error. */
static int array_index(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    int exact;
    lua_Integer i = lua_tointegerx(L, 2, &exact);
    if (!exact || lua_type(L, 2) != LUA_TNUMBER)
        return luaL_error(L, "mf.array: index %s is no integer", mfl_push_shown(L, 2));
    if ((lua_Unsigned)i - 1 < a->rows) {
        if (a->ndim == 1)
            lua_pushnumber(L, a->data[((size_t)i - 1) * a->stride]);
        else
            push_row(L, 1, a, (size_t)i - 1);
        return 1;
    }
    if ((lua_Unsigned)i != a->rows + 1)
        check_index(L, 2, a->rows, "index");
    return 0;
}

/* a[i] = x; for a matrix x is a number or a row. */
static int array_newindex(lua_State *L) {
    mfl_array *a = mfl_array_check(L, 1);
    if (lua_type(L, 2) != LUA_TNUMBER)
        return mfl_error(L, "mf.array: an index must be an integer, got %s '%s'",
                         luaL_typename(L, 2), luaL_tolstring(L, 2, NULL));
    size_t i = check_index(L, 2, a->rows, "index");
    if (a->ndim == 1) {
        if (lua_type(L, 3) != LUA_TNUMBER)
            return luaL_error(L, "mf.array: element %I must be a number, got %s",
                              (lua_Integer)i + 1, luaL_typename(L, 3));
        a->data[i * a->stride] = lua_tonumber(L, 3);
        return 0;
    }
    size_t n;
    bool scalar = lua_type(L, 3) == LUA_TNUMBER;
    const double *x = mfl_array_doubles(L, 3, &n);
    if (!scalar && n != a->cols)
        return luaL_error(L, "mf.array: row %I has %I elements, got %I", (lua_Integer)i + 1,
                          (lua_Integer)a->cols, (lua_Integer)n);
    for (size_t j = 0; j < a->cols; ++j)
        a->data[i * a->stride + j] = x[scalar ? 0 : j];
    return 0;
}

static int array_len(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)mfl_array_check(L, 1)->rows);
    return 1;
}

/* The element named by the indices at 2 (and 3 for a matrix). */
static double *check_element(lua_State *L) {
    mfl_array *a = mfl_array_check(L, 1);
    size_t i = check_index(L, 2, a->rows, a->ndim == 1 ? "index" : "row");
    return a->data + i * a->stride + (a->ndim == 1 ? 0 : check_index(L, 3, a->cols, "column"));
}

static int array_get(lua_State *L) {
    lua_pushnumber(L, *check_element(L));
    return 1;
}

static int array_set(lua_State *L) {
    int arg = mfl_array_check(L, 1)->ndim + 2;
    double x = luaL_checknumber(L, arg);
    *check_element(L) = x;
    return 0;
}

static int array_shape(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    lua_pushinteger(L, (lua_Integer)a->rows);
    if (a->ndim == 1)
        return 1;
    lua_pushinteger(L, (lua_Integer)a->cols);
    return 2;
}

static mfl_array *check_matrix(lua_State *L, int arg) {
    mfl_array *a = mfl_array_check(L, arg);
    luaL_argcheck(L, a->ndim == 2, arg, "expected a matrix, got a vector");
    return a;
}

mfl_array *mfl_array_check_vector(lua_State *L, int arg) {
    mfl_array *a = mfl_array_check(L, arg);
    luaL_argcheck(L, a->ndim == 1, arg, "expected a vector, got a matrix");
    return a;
}

static int array_row(lua_State *L) {
    const mfl_array *a = check_matrix(L, 1);
    push_row(L, 1, a, check_index(L, 2, a->rows, "row"));
    return 1;
}

static int array_column(lua_State *L) {
    const mfl_array *a = check_matrix(L, 1);
    size_t j = check_index(L, 2, a->cols, "column");
    new_view(L, 1, (mfl_array){a->data + j, a->rows, 1, a->stride, 1});
    return 1;
}

static int array_slice(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    lua_Integer n = (lua_Integer)a->rows, i = luaL_optinteger(L, 2, 1),
                j = luaL_optinteger(L, 3, n);
    if (i < 1 || j > n || j < i - 1)
        return luaL_error(L, "mf.array: slice %I..%I is outside 1..%I", i, j, n);
    mfl_array view = *a;
    view.data += (size_t)(i - 1) * a->stride;
    view.rows = (size_t)(j - i + 1);
    new_view(L, 1, view);
    return 1;
}

/* ---- whole copies ---------------------------------------------------------------------- */

static int array_copy(lua_State *L) {
    mfl_array_push_copy(L, mfl_array_check(L, 1));
    return 1;
}

static int array_transpose(lua_State *L) {
    const mfl_array *a = check_matrix(L, 1);
    mfl_array *t = mfl_array_matrix(L, a->cols, a->rows);
    for (size_t i = 0; i < a->rows; ++i)
        for (size_t j = 0; j < a->cols; ++j)
            t->data[j * a->rows + i] = a->data[i * a->stride + j];
    return 1;
}

static int array_reshape(lua_State *L) {
    const mfl_array *a = mfl_array_flat(L, 1);
    size_t rows = check_size(L, 2), cols = lua_isnoneornil(L, 3) ? 1 : check_size(L, 3);
    if ((cols && rows > SIZE_MAX / cols) || rows * cols != mfl_array_length(a))
        return luaL_error(L, "mf.array:reshape: an array of %I elements has no shape %I x %I",
                          (lua_Integer)mfl_array_length(a), (lua_Integer)rows, (lua_Integer)cols);
    mfl_array *out = mfl_array_new(L, rows, cols, lua_isnoneornil(L, 3) ? 1 : 2);
    if (mfl_array_length(a))
        memcpy(out->data, a->data, mfl_array_length(a) * sizeof(double));
    return 1;
}

static int array_fill(lua_State *L) {
    fill(mfl_array_check(L, 1), luaL_checknumber(L, 2));
    lua_settop(L, 1);
    return 1;
}

static int array_totable(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    luaL_argcheck(L, a->rows <= INT_MAX && a->cols <= INT_MAX, 1, "too large for a table");
    lua_createtable(L, (int)a->rows, 0);
    for (size_t i = 0; i < a->rows; ++i) {
        const double *row = a->data + i * a->stride;
        if (a->ndim == 1) {
            lua_pushnumber(L, *row);
        } else {
            lua_createtable(L, (int)a->cols, 0);
            for (size_t j = 0; j < a->cols; ++j) {
                lua_pushnumber(L, row[j]);
                lua_rawseti(L, -2, (lua_Integer)j + 1);
            }
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int array_map(lua_State *L) {
    const mfl_array *a = mfl_array_flat(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    mfl_array *out = mfl_array_new(L, a->rows, a->cols, a->ndim);
    for (size_t k = 0; k < mfl_array_length(a); ++k) {
        lua_pushvalue(L, 2);
        lua_pushnumber(L, a->data[k]);
        lua_pushinteger(L, (lua_Integer)(k / a->cols) + 1);
        if (a->ndim == 2)
            lua_pushinteger(L, (lua_Integer)(k % a->cols) + 1);
        lua_call(L, 1 + a->ndim, 1);
        if (lua_type(L, -1) != LUA_TNUMBER)
            return luaL_error(L, "mf.array:map: the function must return a number, got %s",
                              luaL_typename(L, -1));
        out->data[k] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    return 1;
}

/* ---- tables -------------------------------------------------------------------------------------- */

static const mfl_fn array_methods[] = {
        {"__index", array_index, NULL, NULL, NULL},
        {"__newindex", array_newindex, NULL, NULL, NULL},
        {"__len", array_len, NULL, NULL, NULL},
        {"__tostring", mfl_array_tostring, NULL, NULL, NULL},
        {"shape", array_shape, "a:shape()", "n for a vector; rows, columns for a matrix.", NULL},
        {"get", array_get, "a:get(i) or a:get(i, j)",
         "One element. For a matrix faster than a[i][j], which makes a view of the row.", NULL},
        {"set", array_set, "a:set(i, x) or a:set(i, j, x)", "Writes one element.", NULL},
        {"row", array_row, "a:row(i)",
         "Row i of a matrix, a vector that shares the matrix's memory. The same as a[i].", NULL},
        {"column", array_column, "a:column(j)",
         "Column j of a matrix, a vector that shares the matrix's memory.", NULL},
        {"slice", array_slice, "a:slice(i, j)",
         "Elements (of a matrix: rows) i to j, both included, sharing memory with a. "
         "Defaults: i = 1, j = #a; i = j + 1 gives an empty array.",
         NULL},
        {"copy", array_copy, "a:copy()", "A copy with memory of its own.", NULL},
        {"transpose", array_transpose, "a:transpose()", "The transposed matrix, a copy.", NULL},
        {"reshape", array_reshape, "a:reshape(n) or a:reshape(n, m)",
         "A copy with the same elements, row by row, in another shape.", NULL},
        {"fill", array_fill, "a:fill(x)", "Sets every element to x; returns a.", NULL},
        {"totable", array_totable, "a:totable()", "A table of numbers, or of rows.", NULL},
        {"map", array_map, "a:map(fn)",
         "New array of fn(x, i) or, for a matrix, fn(x, i, j) of every element.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_class array_class = {
        MFL_ARRAY,
        "Dense vector or matrix of doubles. a[i] counts from 1; a row a[i] of a matrix is a view "
        "that shares memory, so a[i][j] = x writes into a, and a[i] = row copies a row in. Reading "
        "one past the end gives nil (ipairs stops there), any other index outside is an error. "
        "+ - * / ^ work element by element on equal shapes and with numbers; of two matrices a "
        "single "
        "row or column is repeated (n x m with 1 x m, n x 1, or n x 1 with 1 x m). == compares all "
        "elements. NaN and infinities are data.",
        array_methods, NULL, NULL};

static const mfl_fn array_constructor = {
        "array", array_new, "mf.array(x)",
        "A vector from a table of numbers, a matrix from a table of rows, a copy of an array, or "
        "zeros: mf.array(n), mf.array(n, m).",
        NULL};

static const mfl_fn array_functions[] = {
        {"zeros", array_zeros, "mf.array.zeros(n) or mf.array.zeros(n, m)",
         "Vector or matrix of zeros.", NULL},
        {"ones", array_ones, "mf.array.ones(n) or mf.array.ones(n, m)", "Vector or matrix of ones.",
         NULL},
        {"identity", array_identity, "mf.array.identity(n)", "The n x n identity matrix.", NULL},
        {"linspace", array_linspace, "mf.array.linspace(a, b, n)",
         "n numbers from a to b, both included, in equal steps.", NULL},
        {"logspace", array_logspace, "mf.array.logspace(a, b, n)",
         "n numbers from a > 0 to b > 0, both included, in equal ratios.", NULL},
        {"range", array_range, "mf.array.range(a, b, step)",
         "a, a + step, ... up to b as in a numeric for; step = 1 by default. b is included when a "
         "whole number of steps reaches it up to rounding.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_array(lua_State *L) {
    mfl_class_register(L, &array_class);
    mfl_class_methods(L, MFL_ARRAY, mfl_array_algebra);
    lua_newtable(L);
    mfl_functions(L, "mf.array", array_functions);
    mfl_callable(L, "mf", &array_constructor);
    lua_setfield(L, -2, "array");
}
