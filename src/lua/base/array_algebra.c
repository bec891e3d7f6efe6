/* array_algebra.c: what mf.array computes: arithmetic, BLAS, sums and other reductions, order.
 * All of it works on contiguous data; a strided view is copied first (mfl_array_flat).      */
#include "array_parts.h"

#include <gsl/gsl_cblas.h>
#include <gsl/gsl_statistics_double.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

/* ---- arithmetic ------------------------------------------------------------------------ */

typedef struct {
    const double *data;
    size_t row, column; /* steps; 0 where what is there is repeated */
} operand_t;

typedef struct {
    operand_t a, b;
    size_t rows, columns; /* one long row where nothing but numbers is repeated */
    double *out;
} operands;

/* One operand; *scalar holds its value when it is a number. */
static const mfl_array *operand(lua_State *L, int arg, const char *symbol, double *scalar) {
    if (lua_type(L, arg) == LUA_TNUMBER) {
        *scalar = lua_tonumber(L, arg);
        return NULL;
    }
    if (!mfl_array_test(L, arg))
        luaL_error(L, "mf.array: '%s' takes arrays and numbers, got %s", symbol,
                   luaL_typename(L, arg));
    return mfl_array_flat(L, arg);
}

static void shape_error(lua_State *L, const char *what, const mfl_array *a, const mfl_array *b) {
    const char *shape_a = mfl_array_push_shape(L, a), *shape_b = mfl_array_push_shape(L, b);
    luaL_error(L, "mf.array: %s: shapes %s and %s differ%s", what, shape_a, shape_b,
               a->ndim == b->ndim ? "" : "; v:reshape(1, #v) is a row, v:reshape(#v, 1) a column");
}

/* Do the extents of two matrices agree, or is one of them 1, to be repeated? */
static bool fits(const mfl_array *a, const mfl_array *b) {
    return a->ndim == 2 && b->ndim == 2 && (a->rows == b->rows || a->rows == 1 || b->rows == 1) &&
           (a->cols == b->cols || a->cols == 1 || b->cols == 1);
}

static size_t extent(size_t a, size_t b) {
    return a == 1 ? b : a;
}

/* An array, or a number if it is NULL; `repeated`: two matrices of unequal shapes. */
static operand_t reading(const mfl_array *a, const double *scalar, bool repeated) {
    if (!a)
        return (operand_t){scalar, 0, 0};
    if (!repeated)
        return (operand_t){a->data, 0, 1};
    return (operand_t){a->data, a->rows == 1 ? 0 : a->cols, a->cols != 1};
}

/* Reads the operands at 1 and 2 and pushes the result; `scalars` holds two numbers. */
static operands binary(lua_State *L, const char *symbol, double *scalars) {
    const mfl_array *a = operand(L, 1, symbol, scalars);
    const mfl_array *b = operand(L, 2, symbol, scalars + 1);
    const mfl_array *shape = a ? a : b;
    if (!shape)
        luaL_error(L, "mf.array: '%s' needs an array", symbol);
    bool repeated = a && b && !mfl_array_same_shape(a, b);
    if (repeated && !fits(a, b))
        shape_error(L, symbol, a, b);
    size_t rows = repeated ? extent(a->rows, b->rows) : shape->rows;
    size_t columns = repeated ? extent(a->cols, b->cols) : shape->cols;
    const mfl_array *out = mfl_array_new(L, rows, columns, shape->ndim);
    return (operands){reading(a, scalars, repeated), reading(b, scalars + 1, repeated),
                      repeated ? rows : 1, repeated ? columns : mfl_array_length(shape), out->data};
}

#define ARITHMETIC(name, symbol, expression)                                                       \
    static int array_##name(lua_State *L) {                                                        \
        double scalars[2];                                                                         \
        const operands o = binary(L, symbol, scalars);                                             \
        for (size_t i = 0; i < o.rows; ++i) {                                                      \
            const double *x = o.a.data + i * o.a.row, *y = o.b.data + i * o.b.row;                 \
            for (size_t j = 0; j < o.columns; ++j) {                                               \
                const double a = x[j * o.a.column], b = y[j * o.b.column];                         \
                o.out[i * o.columns + j] = (expression);                                           \
            }                                                                                      \
        }                                                                                          \
        return 1;                                                                                  \
    }

ARITHMETIC(add, "+", a + b)
ARITHMETIC(sub, "-", a - b)
ARITHMETIC(mul, "*", (a * b))
ARITHMETIC(div, "/", a / b)
ARITHMETIC(pow, "^", pow(a, b))

/* name, expression in x, what it is in words */
#define ELEMENTWISE_LIST(X)                                                                        \
    X(abs, fabs(x), "|x| of every element.")                                                       \
    X(exp, exp(x), "exp of every element.")                                                        \
    X(log, log(x), "Natural logarithm of every element.")                                          \
    X(log10, log10(x), "Logarithm to base 10 of every element.")                                   \
    X(sqrt, sqrt(x), "Square root of every element.")                                              \
    X(sin, sin(x), "Sine of every element.")                                                       \
    X(cos, cos(x), "Cosine of every element.")                                                     \
    X(tanh, tanh(x), "Hyperbolic tangent of every element.")                                       \
    X(erf, erf(x), "Error function of every element.")                                             \
    X(floor, floor(x), "Every element rounded down.")

static int array_unm(lua_State *L) {
    const mfl_array *a = mfl_array_flat(L, 1);
    mfl_array *out = mfl_array_new(L, a->rows, a->cols, a->ndim);
    for (size_t k = 0; k < mfl_array_length(a); ++k)
        out->data[k] = -a->data[k];
    return 1;
}

#define X(name, expression, text)                                                                  \
    static int array_##name(lua_State *L) {                                                        \
        const mfl_array *a = mfl_array_flat(L, 1);                                                 \
        mfl_array *out = mfl_array_new(L, a->rows, a->cols, a->ndim);                              \
        for (size_t k = 0; k < mfl_array_length(a); ++k) {                                         \
            const double x = a->data[k];                                                           \
            out->data[k] = (expression);                                                           \
        }                                                                                          \
        return 1;                                                                                  \
    }
ELEMENTWISE_LIST(X)
#undef X

static int array_eq(lua_State *L) {
    const mfl_array *a = mfl_array_test(L, 1), *b = mfl_array_test(L, 2);
    bool equal = a && b && mfl_array_same_shape(a, b);
    for (size_t i = 0; equal && i < a->rows; ++i)
        for (size_t j = 0; equal && j < a->cols; ++j)
            equal = a->data[i * a->stride + j] == b->data[i * b->stride + j];
    lua_pushboolean(L, equal);
    return 1;
}

static int array_near(lua_State *L) {
    const mfl_array *a = mfl_array_flat(L, 1);
    bool scalar = lua_type(L, 2) == LUA_TNUMBER;
    const mfl_array *b = mfl_array_convert(L, 2);
    double tolerance = luaL_checknumber(L, 3), largest = 0;
    luaL_argcheck(L, tolerance >= 0, 3, "a tolerance must be >= 0");
    if (!scalar && !mfl_array_same_shape(a, b))
        shape_error(L, "near", a, b);
    for (size_t k = 0; k < mfl_array_length(a); ++k) {
        double x = a->data[k], y = b->data[scalar ? 0 : k], far = x == y ? 0 : fabs(x - y);
        if (!(far <= largest)) /* NaN counts as infinitely far */
            largest = isnan(far) ? HUGE_VAL : far;
    }
    lua_pushboolean(L, largest <= tolerance);
    lua_pushnumber(L, largest);
    return 2;
}

/* ---- linear algebra (BLAS) ---------------------------------------------------------------- */

/* BLAS counts in int. */
static int blas_size(lua_State *L, size_t n) {
    if (n > INT_MAX)
        luaL_error(L, "mf.array: dimension %I is too large for BLAS", (lua_Integer)n);
    return (int)n;
}

static int leading(lua_State *L, const mfl_array *a) {
    return blas_size(L, a->stride ? a->stride : 1);
}

static int array_dot(lua_State *L) {
    const mfl_array *a = mfl_array_check_vector(L, 1), *b = mfl_array_check_vector(L, 2);
    if (a->rows != b->rows)
        shape_error(L, "dot", a, b);
    lua_pushnumber(L, cblas_ddot(blas_size(L, a->rows), a->data, blas_size(L, a->stride), b->data,
                                 blas_size(L, b->stride)));
    return 1;
}

static void matrix_vector(lua_State *L, const mfl_array *m, const mfl_array *x, bool transposed) {
    int rows = blas_size(L, m->rows), cols = blas_size(L, m->cols), lead = leading(L, m),
        step = blas_size(L, x->stride);
    mfl_array *y = mfl_array_vector(L, transposed ? m->cols : m->rows);
    if (rows && cols)
        cblas_dgemv(CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, rows, cols, 1, m->data,
                    lead, x->data, step, 0, y->data, 1);
}

static void matrix_matrix(lua_State *L, const mfl_array *a, const mfl_array *b) {
    int rows = blas_size(L, a->rows), inner = blas_size(L, a->cols), cols = blas_size(L, b->cols);
    int lead_a = leading(L, a), lead_b = leading(L, b);
    mfl_array *c = mfl_array_matrix(L, a->rows, b->cols);
    if (rows && inner && cols)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, cols, inner, 1, a->data,
                    lead_a, b->data, lead_b, 0, c->data, cols);
}

static int array_matmul(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1), *b = mfl_array_check(L, 2);
    if (a->ndim == 1 && b->ndim == 1)
        return luaL_argerror(L, 2, "two vectors: use :dot");
    if ((a->ndim == 1 ? a->rows : a->cols) != b->rows) {
        const char *shape_a = mfl_array_push_shape(L, a), *shape_b = mfl_array_push_shape(L, b);
        return luaL_error(L, "mf.array: matmul: inner dimensions of shapes %s and %s differ",
                          shape_a, shape_b);
    }
    if (a->ndim == 1)
        matrix_vector(L, b, a, true);
    else if (b->ndim == 1)
        matrix_vector(L, a, b, false);
    else
        matrix_matrix(L, a, b);
    return 1;
}

/* ---- reductions ----------------------------------------------------------------------------- */

typedef double reduction(const double *x, size_t n, size_t step);

/* Pairwise: the rounding error grows as log n. */
static double reduce_sum(const double *x, size_t n, size_t step) {
    if (n > 64)
        return reduce_sum(x, n / 2, step) + reduce_sum(x + n / 2 * step, n - n / 2, step);
    double sum = 0;
    for (size_t i = 0; i < n; ++i)
        sum += x[i * step];
    return sum;
}

static double reduce_mean(const double *x, size_t n, size_t step) {
    return reduce_sum(x, n, step) / (double)n;
}

/* In units of the largest deviation, whose square may be no number. */
static double reduce_std(const double *x, size_t n, size_t step) {
    double mean = reduce_mean(x, n, step), unit = 0, squares = 0, rest = 0;
    for (size_t i = 0; i < n; ++i)
        unit = fmax(unit, fabs(x[i * step] - mean));
    if (!(unit > 0 && isfinite(unit)))
        unit = 1;
    for (size_t i = 0; i < n; ++i) {
        double far = (x[i * step] - mean) / unit;
        squares += far * far;
        rest += far; /* 0 but for rounding in the mean */
    }
    double left = squares - rest * rest / (double)n;
    return unit * sqrt((left < 0 ? 0 : left) / (double)(n - 1));
}

static double reduce_min(const double *x, size_t n, size_t step) {
    return gsl_stats_min(x, step, n);
}

static double reduce_max(const double *x, size_t n, size_t step) {
    return gsl_stats_max(x, step, n);
}

static double reduce_norm(const double *x, size_t n, size_t step) {
    double norm = 0;
    while (n > 0) { /* BLAS counts in int */
        size_t piece = step > INT_MAX ? 1 : n < INT_MAX / 2 ? n : INT_MAX / 2;
        norm = hypot(norm, cblas_dnrm2((int)piece, x, piece == 1 ? 1 : (int)step));
        x += piece * step;
        n -= piece;
    }
    return norm;
}

/* fn of all elements, or along axis 1 (down the columns) or 2 (along the rows) of a matrix. */
static int reduce(lua_State *L, reduction *fn, bool takes_none) {
    const mfl_array *a = mfl_array_flat(L, 1);
    lua_Integer axis = luaL_optinteger(L, 2, 0);
    luaL_argcheck(L, axis >= 0 && axis <= a->ndim, 2,
                  a->ndim == 1 ? "an axis of a vector is 1" : "an axis of a matrix is 1 or 2");
    size_t n = a->ndim == 1 || !axis ? mfl_array_length(a) : axis == 1 ? a->rows : a->cols;
    luaL_argcheck(L, n > 0 || takes_none, 1, "no elements");
    if (fn == reduce_norm)
        blas_size(L, n), blas_size(L, a->stride);
    if (a->ndim == 1 || !axis) {
        lua_pushnumber(L, fn(a->data, n, 1));
        return 1;
    }
    mfl_array *out = mfl_array_vector(L, axis == 1 ? a->cols : a->rows);
    for (size_t k = 0; k < out->rows; ++k)
        out->data[k] = axis == 1 ? fn(a->data + k, n, a->cols) : fn(a->data + k * a->cols, n, 1);
    return 1;
}

static int array_sum(lua_State *L) {
    return reduce(L, reduce_sum, true);
}

static int array_mean(lua_State *L) {
    return reduce(L, reduce_mean, false);
}

static int array_std(lua_State *L) {
    return reduce(L, reduce_std, false);
}

static int array_min(lua_State *L) {
    return reduce(L, reduce_min, false);
}

static int array_max(lua_State *L) {
    return reduce(L, reduce_max, false);
}

static int array_norm(lua_State *L) {
    return reduce(L, reduce_norm, true);
}

static int push_position(lua_State *L, size_t (*find)(const double *, size_t, size_t)) {
    const mfl_array *a = mfl_array_flat(L, 1);
    luaL_argcheck(L, mfl_array_length(a) > 0, 1, "no elements");
    size_t k = find(a->data, 1, mfl_array_length(a));
    lua_pushinteger(L, (lua_Integer)(k / a->cols) + 1);
    if (a->ndim == 1)
        return 1;
    lua_pushinteger(L, (lua_Integer)(k % a->cols) + 1);
    return 2;
}

static int array_argmin(lua_State *L) {
    return push_position(L, gsl_stats_min_index);
}

static int array_argmax(lua_State *L) {
    return push_position(L, gsl_stats_max_index);
}

/* Increasing; NaN after all numbers. */
static int compare(const void *pa, const void *pb) {
    double a = *(const double *)pa, b = *(const double *)pb;
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int array_sort(lua_State *L) {
    mfl_array *a = mfl_array_check_vector(L, 1);
    lua_settop(L, 1);
    const mfl_array *work = a->stride == 1 ? a : mfl_array_push_copy(L, a);
    if (a->rows)
        qsort(work->data, work->rows, sizeof(double), compare);
    for (size_t i = 0; work != a && i < a->rows; ++i)
        a->data[i * a->stride] = work->data[i];
    lua_settop(L, 1);
    return 1;
}

static double quantile(const mfl_array *sorted, double p) {
    if (isnan(sorted->data[sorted->rows - 1]))
        return NAN;
    double k = floor(p * (double)(sorted->rows - 1)); /* GSL would compute 0 * inf */
    size_t low = (size_t)k;
    if (p * (double)(sorted->rows - 1) == k || sorted->data[low] == sorted->data[low + 1])
        return sorted->data[low];
    return gsl_stats_quantile_from_sorted_data(sorted->data, 1, sorted->rows, p);
}

static int array_quantile(lua_State *L) {
    const mfl_array *a = mfl_array_check(L, 1);
    luaL_argcheck(L, mfl_array_length(a) > 0, 1, "no elements");
    bool scalar = lua_type(L, 2) == LUA_TNUMBER;
    size_t n;
    const double *p = mfl_array_doubles(L, 2, &n);
    for (size_t i = 0; i < n; ++i)
        luaL_argcheck(L, p[i] >= 0 && p[i] <= 1, 2, "a probability must be in [0, 1]");
    lua_settop(L, 2);
    mfl_array sorted = *mfl_array_push_copy(L, a);
    sorted.rows = mfl_array_length(a);
    qsort(sorted.data, sorted.rows, sizeof(double), compare);
    mfl_array *out = mfl_array_vector(L, n);
    for (size_t i = 0; i < n; ++i)
        out->data[i] = quantile(&sorted, p[i]);
    if (scalar)
        lua_pushnumber(L, out->data[0]);
    return 1;
}

static int array_cumsum(lua_State *L) {
    const mfl_array *a = mfl_array_check_vector(L, 1);
    mfl_array *out = mfl_array_vector(L, a->rows);
    double sum = 0;
    for (size_t i = 0; i < a->rows; ++i)
        out->data[i] = sum += a->data[i * a->stride];
    return 1;
}

/* ---- table ---------------------------------------------------------------------------------------- */

const mfl_fn mfl_array_algebra[] = {
        {"__eq", array_eq, NULL, NULL, NULL},
        {"__add", array_add, NULL, NULL, NULL},
        {"__sub", array_sub, NULL, NULL, NULL},
        {"__mul", array_mul, NULL, NULL, NULL},
        {"__div", array_div, NULL, NULL, NULL},
        {"__pow", array_pow, NULL, NULL, NULL},
        {"__unm", array_unm, NULL, NULL, NULL},
        {"near", array_near, "a:near(b, tol)",
         "Whether |a - b| <= tol in every element, and the largest |a - b|. b is an array, a table "
         "or one number; equal infinities are near, NaN is near to nothing.",
         NULL},
        {"dot", array_dot, "a:dot(b)", "Inner product of two vectors.", NULL},
        {"matmul", array_matmul, "a:matmul(b)",
         "Matrix product: matrix times matrix, matrix times vector, or vector times matrix.", NULL},
        {"sum", array_sum, "a:sum(axis)",
         "Sum of all elements (0 if there are none), added pairwise. With axis = 1 the vector of "
         "the columns' sums, with axis = 2 of the rows'.",
         NULL},
        {"mean", array_mean, "a:mean(axis)", "Mean; axis as in a:sum.", NULL},
        {"std", array_std, "a:std(axis)",
         "Standard deviation with divisor n - 1 (NaN for one element); axis as in a:sum.", NULL},
        {"min", array_min, "a:min(axis)",
         "Smallest element, NaN if there is a NaN; axis as in a:sum.", NULL},
        {"max", array_max, "a:max(axis)",
         "Largest element, NaN if there is a NaN; axis as in a:sum.", NULL},
        {"norm", array_norm, "a:norm(axis)",
         "Euclidean norm of all elements, without overflow; axis as in a:sum.", NULL},
        {"argmin", array_argmin, "a:argmin()",
         "Index i (of a matrix: i, j) of the first smallest element, or of the first NaN.", NULL},
        {"argmax", array_argmax, "a:argmax()",
         "Index i (of a matrix: i, j) of the first largest element, or of the first NaN.", NULL},
        {"quantile", array_quantile, "a:quantile(p)",
         "The p-quantile of all elements, linear between order statistics: p = 0 the minimum, 0.5 "
         "the median, 1 the maximum. A vector or table of p gives a vector.",
         NULL},
        {"sort", array_sort, "a:sort()",
         "Sorts a vector in place, increasing, NaN at the end; returns it.", NULL},
        {"cumsum", array_cumsum, "a:cumsum()", "Vector of the running sums.", NULL},
#define X(name, expression, text) {#name, array_##name, "a:" #name "()", text, NULL},
        ELEMENTWISE_LIST(X)
#undef X
                {NULL, NULL, NULL, NULL, NULL}};
