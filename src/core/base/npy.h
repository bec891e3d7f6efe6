/* npy.h: arrays that NumPy wrote with numpy.save (.npy), of numbers in one or two dimensions.
 *
 * Floats of 4 and 8 bytes, integers of 1 to 8 and truth values, of either byte order, by rows or
 * by columns. Integers beyond 2^53 are rounded.                                              */
#ifndef MF_NPY_H
#define MF_NPY_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>

/* An array that has been read. All zero is closed; it owns its bytes. */
typedef struct {
    char *bytes;
    const unsigned char *data;
    size_t rows, columns;
    bool vector;     /* of one dimension: columns = 1 */
    bool by_columns; /* of two: columns are contiguous */
    bool swapped;    /* the other byte order            */
    char kind;       /* 'f', 'i', 'u' or 'b'            */
    size_t width;    /* bytes of a number               */
} mf_npy;

/* Whether there is a regular file that begins as such an array does. */
bool mf_npy_is(const char *path);

/* Reads a file: MF_EIO, or MF_EFORMAT in words. */
mf_status mf_npy_open(mf_npy *, const char *path, mf_error *err);

/* The same of `size` bytes of malloc'ed memory, which the array owns, whatever comes of it. */
mf_status mf_npy_parse(mf_npy *, char *bytes, size_t size, mf_error *err);

void mf_npy_close(mf_npy *); /* idempotent */

double mf_npy_get(const mf_npy *, size_t row, size_t column);

#endif
