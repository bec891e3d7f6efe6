/* array_parts.h: what the three files of mf.array share; array.h is what other bindings see. */
#ifndef MFL_ARRAY_PARTS_H
#define MFL_ARRAY_PARTS_H

#include "array.h"

static inline size_t mfl_array_length(const mfl_array *a) {
    return a->rows * a->cols;
}

static inline bool mfl_array_is_contiguous(const mfl_array *a) {
    return a->ndim == 1 ? a->stride == 1 : a->stride == a->cols;
}

static inline bool mfl_array_same_shape(const mfl_array *a, const mfl_array *b) {
    return a->ndim == b->ndim && a->rows == b->rows && a->cols == b->cols;
}

/* Pushes a new zeroed array. */
mfl_array *mfl_array_new(lua_State *L, size_t rows, size_t cols, int ndim);

/* Pushes a contiguous copy. */
mfl_array *mfl_array_push_copy(lua_State *L, const mfl_array *a);

/* The array at arg with contiguous data, replaced on the stack by a copy if it has to be. */
mfl_array *mfl_array_flat(lua_State *L, int arg);

/* The array at arg, or an argument error if it is no vector. */
mfl_array *mfl_array_check_vector(lua_State *L, int arg);

/* Pushes "3" or "3 x 4". */
const char *mfl_array_push_shape(lua_State *L, const mfl_array *a);

extern const mfl_fn mfl_array_algebra[]; /* methods of the class, in array_algebra.c */
int mfl_array_tostring(lua_State *L);    /* its __tostring, in array_print.c         */

#endif
