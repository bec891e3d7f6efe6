/* array.h: dense double vectors and matrices as Lua values. */
#ifndef MFL_ARRAY_H
#define MFL_ARRAY_H

#include "lua/bind/bind.h"

#define MFL_ARRAY "mf.array"

/* Row-major. A view's data lie in another array, which its user value 2 keeps alive.
 * A vector has ndim 1, rows = its length, cols = 1 and stride = step between elements;
 * a matrix has ndim 2 and stride = step between rows (columns are adjacent).
 * As GSL sees it: gsl_vector_view_array_with_stride(data, stride, rows) and
 * gsl_matrix_view_array_with_tda(data, rows, cols, stride).                           */
typedef struct {
    double *data;
    size_t rows, cols, stride;
    int ndim;
} mfl_array;

/* Push a new zeroed array and return it (data contiguous, 64-byte aligned). */
mfl_array *mfl_array_vector(lua_State *L, size_t n);
mfl_array *mfl_array_matrix(lua_State *L, size_t rows, size_t cols);

mfl_array *mfl_array_check(lua_State *L, int arg); /* an mf.array, or an argument error   */
mfl_array *mfl_array_test(lua_State *L, int arg);  /* NULL if it is none                   */

/* The value at arg as an array with contiguous data: an array, a table of numbers, a table
 * of rows (tables or vectors of one length), or one number. What has to be converted is
 * replaced on the stack; anything else is an argument error.                            */
mfl_array *mfl_array_convert(lua_State *L, int arg);

/* The same for the option `name` on top of the stack; errors name it. */
const mfl_array *mfl_array_option(lua_State *L, const char *where, const char *name);

/* The same for a vector of doubles: matrices are refused. */
const double *mfl_array_doubles(lua_State *L, int arg, size_t *n);

#endif
