/* array.c: mf.array, dense double vectors and matrices.
 *
 * A vector is indexed 1 .. n; a row of a matrix is a view that shares its numbers and
 * keeps it alive. Arithmetic is element by element, between equal shapes or with a
 * number; the result is always a new array.                                          */
#include "array.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const mfl_class array_class;

/* ---- construction ---------------------------------------------------------------- */

static mfl_array *new_array(lua_State *L, size_t rows, size_t cols, int ndim) {
    if (cols && rows > (SIZE_MAX - sizeof(mfl_array) - 128) / sizeof(double) / cols)
        luaL_error(L, "mf.array: %I x %I elements do not fit in memory", (lua_Integer)rows,
                   (lua_Integer)cols);
    lua_pushnil(L);
    size_t head = (sizeof(mfl_array) + 63) & ~(size_t)63;
    char *block = mfl_new(L, &array_class, head + rows * cols * sizeof(double));
    mfl_array *a = (mfl_array *)(void *)block;
    *a = (mfl_array){(double *)(void *)(block + head), rows, cols, ndim == 2 ? cols : 1, ndim};
    return a;
}

mfl_array *mfl_array_vector(lua_State *L, size_t n) {
    return new_array(L, n, 1, 1);
}

mfl_array *mfl_array_matrix(lua_State *L, size_t rows, size_t cols) {
    return new_array(L, rows, cols, 2);
}

/* A view of n numbers inside the array at `owner`, `step` apart. */
static void push_view(lua_State *L, int owner, double *data, size_t n, size_t step) {
    owner = lua_absindex(L, owner);
    lua_pushnil(L);
    mfl_array *view = mfl_new(L, &array_class, sizeof *view);
    *view = (mfl_array){data, n, 1, step, 1};
    if (lua_getiuservalue(L, owner, 2) == LUA_TNIL) { /* the owner of the memory itself */
        lua_pop(L, 1);
        lua_pushvalue(L, owner);
    }
    lua_setiuservalue(L, -2, 2);
}

mfl_array *mfl_array_test(lua_State *L, int arg) {
    return mfl_test(L, arg, MFL_ARRAY);
}

mfl_array *mfl_array_check(lua_State *L, int arg) {
    return mfl_check(L, arg, MFL_ARRAY);
}

static size_t size_of(const mfl_array *a) {
    return a->rows * a->cols;
}

/* Element i of 0 .. size-1 in row-major order. */
static double *at(const mfl_array *a, size_t i) {
    return a->ndim == 1 ? a->data + i * a->stride : a->data + i / a->cols * a->stride + i % a->cols;
}

static mfl_array *new_like(lua_State *L, const mfl_array *a) {
    return new_array(L, a->rows, a->cols, a->ndim);
}

static size_t check_size(lua_State *L, int arg) {
    lua_Integer n = luaL_checkinteger(L, arg);
    luaL_argcheck(L, n >= 0, arg, "a size must be >= 0");
    return (size_t)n;
}

/* The number on top of the stack, popped; `what` and positions name it in the error. */
static double pop_number(lua_State *L, size_t i, size_t j) {
    if (lua_type(L, -1) != LUA_TNUMBER) {
        if (j)
            luaL_error(L, "mf.array: element [%I][%I] must be a number, got %s", (lua_Integer)i,
                       (lua_Integer)j, luaL_typename(L, -1));
        luaL_error(L, "mf.array: element [%I] must be a number, got %s", (lua_Integer)i,
                   luaL_typename(L, -1));
    }
    double x = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return x;
}

/* From a table of numbers, or a table of rows of equal length. */
static mfl_array *from_table(lua_State *L, int index) {
    size_t rows = (size_t)luaL_len(L, index);
    lua_rawgeti(L, index, 1);
    int kind = lua_type(L, -1);
    if (kind != LUA_TTABLE && !mfl_array_test(L, -1)) {
        lua_pop(L, 1);
        mfl_array *a = mfl_array_vector(L, rows);
        for (size_t i = 0; i < rows; ++i) {
            lua_geti(L, index, (lua_Integer)i + 1);
            a->data[i] = pop_number(L, i + 1, 0);
        }
        return a;
    }
    size_t cols = (size_t)luaL_len(L, -1);
    lua_pop(L, 1);
    mfl_array *a = mfl_array_matrix(L, rows, cols);
    for (size_t i = 0; i < rows; ++i) {
        lua_geti(L, index, (lua_Integer)i + 1);
        if ((!lua_istable(L, -1) && !mfl_array_test(L, -1)) || (size_t)luaL_len(L, -1) != cols)
            luaL_error(L, "mf.array: row %I must have %I numbers like row 1", (lua_Integer)i + 1,
                       (lua_Integer)cols);
        for (size_t j = 0; j < cols; ++j) {
            lua_geti(L, -1, (lua_Integer)j + 1);
            a->data[i * cols + j] = pop_number(L, i + 1, j + 1);
        }
        lua_pop(L, 1);
    }
    return a;
}

static void copy_into(mfl_array *to, const mfl_array *from) {
    for (size_t i = 0; i < size_of(from); ++i)
        *at(to, i) = *at(from, i);
}

static int array_new(lua_State *L) { /* called through __call: argument 1 is the table mf.array */
    lua_remove(L, 1);
    if (lua_istable(L, 1)) {
        from_table(L, 1);
    } else if (mfl_array_test(L, 1)) {
        const mfl_array *a = mfl_array_check(L, 1);
        copy_into(new_like(L, a), a);
    } else if (lua_isnoneornil(L, 2)) {
        mfl_array_vector(L, check_size(L, 1));
    } else {
        mfl_array_matrix(L, check_size(L, 1), check_size(L, 2));
    }
    return 1;
}

static int array_full(lua_State *L, double value) {
    mfl_array *a = lua_isnoneornil(L, 2) ? mfl_array_vector(L, check_size(L, 1))
                                         : mfl_array_matrix(L, check_size(L, 1), check_size(L, 2));
    for (size_t i = 0; i < size_of(a); ++i)
        a->data[i] = value;
    return 1;
}

static int array_zeros(lua_State *L) {
    return array_full(L, 0);
}

static int array_ones(lua_State *L) {
    return array_full(L, 1);
}

static int array_linspace(lua_State *L) {
    double low = luaL_checknumber(L, 1), high = luaL_checknumber(L, 2);
    size_t n = check_size(L, 3);
    luaL_argcheck(L, n >= 2, 3, "at least 2 points");
    mfl_array *a = mfl_array_vector(L, n);
    for (size_t i = 0; i < n; ++i)
        a->data[i] = i + 1 == n ? high : low + (high - low) * (double)i / (double)(n - 1);
    return 1;
}

static int array_logspace(lua_State *L) {
    double low = luaL_checknumber(L, 1), high = luaL_checknumber(L, 2);
    size_t n = check_size(L, 3);
    luaL_argcheck(L, low > 0 && high > 0, 1, "both ends must be > 0");
    luaL_argcheck(L, n >= 2, 3, "at least 2 points");
    mfl_array *a = mfl_array_vector(L, n);
    for (size_t i = 0; i < n; ++i)
        a->data[i] = i == 0       ? low
                     : i + 1 == n ? high
                                  : low * pow(high / low, (double)i / (double)(n - 1));
    return 1;
}

const double *mfl_array_doubles(lua_State *L, int arg, size_t *n) {
    arg = lua_absindex(L, arg);
    mfl_array *a = mfl_array_test(L, arg);
    if (a && a->ndim == 1 && a->stride == 1) {
        *n = a->rows;
        return a->data;
    }
    if (a && a->ndim == 1) {
        mfl_array *whole = new_like(L, a);
        copy_into(whole, a);
        a = whole;
    } else if (lua_type(L, arg) == LUA_TNUMBER) {
        a = mfl_array_vector(L, 1);
        a->data[0] = lua_tonumber(L, arg);
    } else if (lua_istable(L, arg)) {
        a = from_table(L, arg);
        luaL_argcheck(L, a->ndim == 1, arg, "a vector expected, got a table of rows");
    } else {
        luaL_typeerror(L, arg, "a vector (mf.array or table of numbers)");
    }
    lua_replace(L, arg);
    *n = a->rows;
    return a->data;
}

/* ---- elements ---------------------------------------------------------------------- */

static int array_index(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    int exact;
    lua_Integer i = lua_tointegerx(L, 2, &exact);
    if (!exact || i < 1 || (size_t)i > a->rows)
        return 0; /* nil ends ipairs */
    if (a->ndim == 1)
        lua_pushnumber(L, a->data[(size_t)(i - 1) * a->stride]);
    else
        push_view(L, 1, a->data + (size_t)(i - 1) * a->stride, a->cols, 1);
    return 1;
}

static int array_newindex(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    lua_Integer i = luaL_checkinteger(L, 2);
    if (i < 1 || (size_t)i > a->rows)
        return luaL_error(L, "mf.array: index %I is outside 1 .. %I", i, (lua_Integer)a->rows);
    if (a->ndim == 1) {
        a->data[(size_t)(i - 1) * a->stride] = luaL_checknumber(L, 3);
        return 0;
    }
    size_t n;
    const double *row = mfl_array_doubles(L, 3, &n);
    if (n != a->cols)
        return luaL_error(L, "mf.array: a row of %I numbers expected, got %I", (lua_Integer)a->cols,
                          (lua_Integer)n);
    memmove(a->data + (size_t)(i - 1) * a->stride, row, n * sizeof *row);
    return 0;
}

static int array_len(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)mfl_array_check(L, 1)->rows);
    return 1;
}

static int array_shape(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    lua_pushinteger(L, (lua_Integer)a->rows);
    if (a->ndim == 1)
        return 1;
    lua_pushinteger(L, (lua_Integer)a->cols);
    return 2;
}

static int array_column(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    lua_Integer j = luaL_checkinteger(L, 2);
    luaL_argcheck(L, a->ndim == 2, 1, "a vector has no columns");
    luaL_argcheck(L, j >= 1 && (size_t)j <= a->cols, 2, "column outside the matrix");
    push_view(L, 1, a->data + j - 1, a->rows, a->stride);
    return 1;
}

static int array_slice(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    lua_Integer n = (lua_Integer)a->rows;
    lua_Integer i = luaL_checkinteger(L, 2), j = luaL_optinteger(L, 3, n);
    i = i < 0 ? n + 1 + i : i;
    j = j < 0 ? n + 1 + j : j;
    if (i < 1 || j > n || i > j + 1)
        return luaL_error(L, "mf.array: slice %I .. %I is outside 1 .. %I", i, j, n);
    size_t count = (size_t)(j - i + 1);
    if (a->ndim == 1) {
        push_view(L, 1, a->data + (size_t)(i - 1) * a->stride, count, a->stride);
        return 1;
    }
    push_view(L, 1, a->data + (size_t)(i - 1) * a->stride, count, a->stride);
    mfl_array *view = mfl_array_check(L, -1);
    view->cols = a->cols;
    view->ndim = 2;
    return 1;
}

static int array_transpose(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    luaL_argcheck(L, a->ndim == 2, 1, "a matrix expected");
    mfl_array *t = mfl_array_matrix(L, a->cols, a->rows);
    for (size_t i = 0; i < a->rows; ++i)
        for (size_t j = 0; j < a->cols; ++j)
            t->data[j * a->rows + i] = a->data[i * a->stride + j];
    return 1;
}

static int array_copy(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    copy_into(new_like(L, a), a);
    return 1;
}

static int array_totable(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    lua_createtable(L, (int)a->rows, 0);
    for (size_t i = 0; i < a->rows; ++i) {
        if (a->ndim == 1) {
            lua_pushnumber(L, a->data[i * a->stride]);
        } else {
            lua_createtable(L, (int)a->cols, 0);
            for (size_t j = 0; j < a->cols; ++j) {
                lua_pushnumber(L, a->data[i * a->stride + j]);
                lua_rawseti(L, -2, (lua_Integer)j + 1);
            }
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- arithmetic ---------------------------------------------------------------------- */

static double add(double x, double y) {
    return x + y;
}
static double subtract(double x, double y) {
    return x - y;
}
static double multiply(double x, double y) {
    return x * y;
}
static double divide(double x, double y) {
    return x / y;
}

static void check_same_shape(lua_State *L, const mfl_array *a, const mfl_array *b) {
    if (a->rows != b->rows || a->cols != b->cols || a->ndim != b->ndim)
        luaL_error(L, "mf.array: shapes differ: %I x %I and %I x %I", (lua_Integer)a->rows,
                   (lua_Integer)a->cols, (lua_Integer)b->rows, (lua_Integer)b->cols);
}

static int binary(lua_State *L, double (*op)(double, double)) {
    const mfl_array *a = mfl_array_test(L, 1), *b = mfl_array_test(L, 2);
    if (a && b)
        check_same_shape(L, a, b);
    double x = a ? 0 : luaL_checknumber(L, 1), y = b ? 0 : luaL_checknumber(L, 2);
    const mfl_array *shape = a ? a : b;
    mfl_array *out = new_like(L, shape);
    for (size_t i = 0; i < size_of(shape); ++i)
        out->data[i] = op(a ? *at(a, i) : x, b ? *at(b, i) : y);
    return 1;
}

static int array_add(lua_State *L) {
    return binary(L, add);
}
static int array_sub(lua_State *L) {
    return binary(L, subtract);
}
static int array_mul(lua_State *L) {
    return binary(L, multiply);
}
static int array_div(lua_State *L) {
    return binary(L, divide);
}
static int array_pow(lua_State *L) {
    return binary(L, pow);
}

static int unary(lua_State *L, double (*op)(double)) {
    const mfl_array *a = mfl_array_check(L, 1);
    mfl_array *out = new_like(L, a);
    for (size_t i = 0; i < size_of(a); ++i)
        out->data[i] = op(*at(a, i));
    return 1;
}

static double negative(double x) {
    return -x;
}
static int array_unm(lua_State *L) {
    return unary(L, negative);
}
static int array_exp(lua_State *L) {
    return unary(L, exp);
}
static int array_log(lua_State *L) {
    return unary(L, log);
}
static int array_sqrt(lua_State *L) {
    return unary(L, sqrt);
}
static int array_abs(lua_State *L) {
    return unary(L, fabs);
}

static int array_eq(lua_State *L) {
    const mfl_array *a = mfl_array_test(L, 1), *b = mfl_array_test(L, 2);
    bool same = a && b && a->rows == b->rows && a->cols == b->cols && a->ndim == b->ndim;
    for (size_t i = 0; same && i < size_of(a); ++i)
        same = *at(a, i) == *at(b, i);
    lua_pushboolean(L, same);
    return 1;
}

static int array_near(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1), *b = mfl_array_check(L, 2);
    double tolerance = luaL_checknumber(L, 3);
    check_same_shape(L, a, b);
    bool near = true;
    for (size_t i = 0; near && i < size_of(a); ++i)
        near = *at(a, i) == *at(b, i) || fabs(*at(a, i) - *at(b, i)) <= tolerance;
    lua_pushboolean(L, near);
    return 1;
}

static int array_map(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    mfl_array *out = new_like(L, a);
    for (size_t i = 0; i < size_of(a); ++i) {
        lua_pushvalue(L, 2);
        lua_pushnumber(L, *at(a, i));
        lua_call(L, 1, 1);
        out->data[i] = pop_number(L, i + 1, 0);
    }
    return 1;
}

/* A contiguous copy of a matrix or vector if it is none yet; replaces the argument. */
static const mfl_array *contiguous(lua_State *L, int arg) {
    const mfl_array *a = mfl_array_check(L, arg);
    if (a->ndim == 2 || a->stride == 1)
        return a; /* BLAS takes a row distance */
    mfl_array *whole = new_like(L, a);
    copy_into(whole, a);
    lua_replace(L, arg);
    return whole;
}

static int check_blas(lua_State *L, size_t n) {
    if (n > INT32_MAX)
        luaL_error(L, "mf.array: more than 2^31 - 1 rows or columns");
    return (int)n;
}

static int array_dot(lua_State *L) {
    const mfl_array *a = contiguous(L, 1), *b = contiguous(L, 2);
    luaL_argcheck(L, a->ndim == 1 && b->ndim == 1, 2, "two vectors expected");
    check_same_shape(L, a, b);
    lua_pushnumber(L, cblas_ddot(check_blas(L, a->rows), a->data, 1, b->data, 1));
    return 1;
}

static int array_matmul(lua_State *L) {
    const mfl_array *a = contiguous(L, 1), *b = contiguous(L, 2);
    luaL_argcheck(L, a->ndim == 2, 1, "a matrix expected");
    if (a->cols != b->rows)
        return luaL_error(L, "mf.array: %I x %I times %I x %I: inner sizes differ",
                          (lua_Integer)a->rows, (lua_Integer)a->cols, (lua_Integer)b->rows,
                          (lua_Integer)b->cols);
    int m = check_blas(L, a->rows), k = check_blas(L, a->cols), n = check_blas(L, b->cols);
    mfl_array *out = new_array(L, a->rows, b->cols, b->ndim);
    if (!m || !k || !n)
        return 1;
    int lda = check_blas(L, a->stride), ldb = check_blas(L, b->stride);
    if (b->ndim == 1)
        cblas_dgemv(CblasRowMajor, CblasNoTrans, m, k, 1, a->data, lda, b->data, 1, 0, out->data,
                    1);
    else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a->data, lda, b->data,
                    ldb, 0, out->data, n);
    return 1;
}

/* ---- reductions ------------------------------------------------------------------------ */

static double sum_of(const mfl_array *a) {
    double sum = 0;
    for (size_t i = 0; i < size_of(a); ++i)
        sum += *at(a, i);
    return sum;
}

static const mfl_array *check_filled(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    luaL_argcheck(L, size_of(a) > 0, 1, "the array is empty");
    return a;
}

static int array_sum(lua_State *L) {
    lua_pushnumber(L, sum_of(mfl_array_check(L, 1)));
    return 1;
}

static int array_mean(lua_State *L) {
    const mfl_array *a = check_filled(L);
    lua_pushnumber(L, sum_of(a) / (double)size_of(a));
    return 1;
}

static int array_std(lua_State *L) {
    const mfl_array *a = check_filled(L);
    double n = (double)size_of(a), mean = sum_of(a) / n, square = 0;
    luaL_argcheck(L, n > 1, 1, "at least 2 elements expected");
    for (size_t i = 0; i < size_of(a); ++i)
        square += (*at(a, i) - mean) * (*at(a, i) - mean);
    lua_pushnumber(L, sqrt(square / (n - 1)));
    return 1;
}

static int array_norm(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    double norm = 0;
    for (size_t i = 0; i < size_of(a); ++i)
        norm = hypot(norm, *at(a, i));
    lua_pushnumber(L, norm);
    return 1;
}

static size_t extreme(const mfl_array *a, double sign) {
    size_t best = 0;
    for (size_t i = 1; i < size_of(a); ++i)
        if (sign * *at(a, i) > sign * *at(a, best))
            best = i;
    return best;
}

static int push_extreme(lua_State *L, double sign) {
    const mfl_array *a = check_filled(L);
    size_t best = extreme(a, sign);
    lua_pushnumber(L, *at(a, best));
    lua_pushinteger(L, (lua_Integer)best + 1);
    return 2;
}

static int array_max(lua_State *L) {
    return push_extreme(L, 1);
}
static int array_min(lua_State *L) {
    return push_extreme(L, -1);
}

static int compare(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static int array_sort(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    luaL_argcheck(L, a->ndim == 1, 1, "a vector expected");
    mfl_array *out = new_like(L, a);
    copy_into(out, a);
    qsort(out->data, out->rows, sizeof(double), compare);
    return 1;
}

static int array_cumsum(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    mfl_array *out = new_like(L, a);
    double sum = 0;
    for (size_t i = 0; i < size_of(a); ++i)
        out->data[i] = sum += *at(a, i);
    return 1;
}

/* ---- printing ---------------------------------------------------------------------------- */

enum { SHOWN = 5 }; /* rows or columns at each end of a long array */

static size_t shown_index(size_t k, size_t n, bool *gap) {
    *gap = n > 2 * SHOWN && k == SHOWN;
    return n > 2 * SHOWN && k >= SHOWN ? n - (2 * SHOWN - k) : k;
}

static void add_row(lua_State *L, luaL_Buffer *out, const mfl_array *a, size_t row) {
    (void)L;
    size_t n = a->ndim == 1 ? a->rows : a->cols, count = n > 2 * SHOWN ? 2 * SHOWN : n;
    for (size_t k = 0; k < count; ++k) {
        bool gap;
        size_t j = shown_index(k, n, &gap);
        if (gap)
            luaL_addstring(out, "   ...");
        char text[32];
        snprintf(text, sizeof text, " %11.5g",
                 a->ndim == 1 ? *at(a, j) : *at(a, row * a->cols + j));
        luaL_addstring(out, text);
    }
}

static int array_tostring(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    if (a->ndim == 1) {
        add_row(L, &out, a, 0);
    } else {
        size_t count = a->rows > 2 * SHOWN ? 2 * SHOWN : a->rows;
        for (size_t k = 0; k < count; ++k) {
            bool gap;
            size_t i = shown_index(k, a->rows, &gap);
            if (gap)
                luaL_addstring(&out, "         ...\n");
            add_row(L, &out, a, i);
            luaL_addchar(&out, '\n');
        }
    }
    char head[64];
    if (a->ndim == 1)
        snprintf(head, sizeof head, "  [mf.array of %zu]", a->rows);
    else
        snprintf(head, sizeof head, "[mf.array of %zu x %zu]", a->rows, a->cols);
    luaL_addstring(&out, head);
    luaL_pushresult(&out);
    return 1;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const mfl_fn array_methods[] = {
        {"__index", array_index, NULL, NULL, NULL},
        {"__newindex", array_newindex, NULL, NULL, NULL},
        {"__len", array_len, NULL, NULL, NULL},
        {"__add", array_add, NULL, NULL, NULL},
        {"__sub", array_sub, NULL, NULL, NULL},
        {"__mul", array_mul, NULL, NULL, NULL},
        {"__div", array_div, NULL, NULL, NULL},
        {"__pow", array_pow, NULL, NULL, NULL},
        {"__unm", array_unm, NULL, NULL, NULL},
        {"__eq", array_eq, NULL, NULL, NULL},
        {"__tostring", array_tostring, NULL, NULL, NULL},
        {"shape", array_shape, "a:shape()", "Length of a vector; rows and columns of a matrix.",
         NULL},
        {"column", array_column, "a:column(j)", "Column j of a matrix, a view.", NULL},
        {"slice", array_slice, "a:slice(i, j)",
         "Elements (or rows) i .. j, a view; negative numbers count from the end.", NULL},
        {"transpose", array_transpose, "a:transpose()", "The transposed matrix, a copy.", NULL},
        {"copy", array_copy, "a:copy()", "A new array with the same numbers.", NULL},
        {"totable", array_totable, "a:totable()", "A Lua table of numbers, or of rows.", NULL},
        {"exp", array_exp, "a:exp()", "exp of every element.", NULL},
        {"log", array_log, "a:log()", "Natural logarithm of every element.", NULL},
        {"sqrt", array_sqrt, "a:sqrt()", "Square root of every element.", NULL},
        {"abs", array_abs, "a:abs()", "Absolute value of every element.", NULL},
        {"map", array_map, "a:map(fn)", "fn(x) of every element.", NULL},
        {"near", array_near, "a:near(b, tolerance)",
         "Whether every element differs by at most tolerance (absolute).", NULL},
        {"dot", array_dot, "a:dot(b)", "Scalar product of two vectors.", NULL},
        {"matmul", array_matmul, "a:matmul(b)", "Matrix times matrix or vector (BLAS).", NULL},
        {"sum", array_sum, "a:sum()", "Sum of all elements.", NULL},
        {"mean", array_mean, "a:mean()", "Mean of all elements.", NULL},
        {"std", array_std, "a:std()", "Standard deviation, with n - 1 in the denominator.", NULL},
        {"norm", array_norm, "a:norm()", "Euclidean norm.", NULL},
        {"max", array_max, "a:max()", "Largest element, and its position in row order.", NULL},
        {"min", array_min, "a:min()", "Smallest element, and its position in row order.", NULL},
        {"sort", array_sort, "a:sort()", "A sorted copy of a vector, increasing.", NULL},
        {"cumsum", array_cumsum, "a:cumsum()", "Partial sums in row order.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_class array_class = {
        MFL_ARRAY,
        "A dense vector or matrix of doubles: a[i], a[i][j] (rows are views), #a, arithmetic "
        "element by element with arrays of the same shape or numbers.",
        array_methods, NULL, NULL};

static const mfl_fn array_functions[] = {
        {"zeros", array_zeros, "mf.array.zeros(n) or (rows, columns)", "All elements 0.", NULL},
        {"ones", array_ones, "mf.array.ones(n) or (rows, columns)", "All elements 1.", NULL},
        {"linspace", array_linspace, "mf.array.linspace(low, high, n)",
         "n equally spaced numbers, both ends included.", NULL},
        {"logspace", array_logspace, "mf.array.logspace(low, high, n)",
         "n numbers with equal ratios from low to high, both included.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_fn array_call[] = {
        {"__call", array_new, "mf.array(table), mf.array(n) or mf.array(rows, columns)",
         "A vector from a table of numbers, a matrix from a table of rows, a copy of an array, "
         "or zeros of the given size.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_array(lua_State *L) {
    mfl_class_register(L, &array_class);
    lua_newtable(L);
    mfl_functions(L, "mf.array", array_functions);
    lua_newtable(L);
    mfl_functions(L, "mf.array", array_call);
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "array");
}
