/* fields.h: the state of an object as named fields in one block of bytes, for checkpoints.
 *
 *   header   "MFSTATE" and a version, what is in it ("mf.sgd"), the length and CRC-64 of the whole
 *   fields   name, kind, rows, columns, then the numbers: doubles, 64-bit integers or text
 *
 * Not HDF5: a checkpoint may come from a stranger or a broken disk, and this is read by one
 * short function that trusts nothing and was made to be fuzzed; a run of many gigabytes is
 * neither built nor read as a second image in memory. Every byte is written, in the machine's
 * own format (which the header names); equal states make equal bytes.
 * Reading is in place: data are pointers into the block.                                     */
#ifndef MF_FIELDS_H
#define MF_FIELDS_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MF_FIELDS_NAME = 24, MF_FIELDS_HEAD = 64 };

/* ---- writing: the same calls twice, first with out == NULL to learn the size ---------------- */

typedef struct {
    char *out;   /* 8-byte aligned */
    size_t used; /* bytes of a complete block once mf_fields_end was called */
} mf_fields_writer;

mf_fields_writer mf_fields_begin(void *out);

/* Room for rows x cols numbers, to be filled by the caller; NULL when only sizes are wanted. */
double *mf_fields_room(mf_fields_writer *, const char *name, size_t rows, size_t cols);

void mf_fields_doubles(mf_fields_writer *, const char *name, size_t n, const double *x);
void mf_fields_double(mf_fields_writer *, const char *name, double x);
void mf_fields_integer(mf_fields_writer *, const char *name, int64_t x);
void mf_fields_text(mf_fields_writer *, const char *name, const char *text);

/* Completes the block: `what` it is (at most 15 bytes) and the checksum. Returns its size. */
size_t mf_fields_end(mf_fields_writer *, const char *what);

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct {
    const char *data; /* 8-byte aligned */
    size_t size;
    mf_status status; /* of the first field that was missing or wrong; text in err */
    mf_error *err;
} mf_fields;

/* Says from the first MF_FIELDS_HEAD bytes (fewer: `size`) of a file of file_size bytes whether
 * it is worth reading: MF_EFORMAT if it is no such file, of another version or cut short.     */
mf_status mf_fields_look(const void *head, size_t size, uint64_t file_size, const char *what,
                         mf_error *err);

/* Checks all of it: header, checksum, and that every field lies within. */
mf_status mf_fields_open(mf_fields *, const void *data, size_t size, const char *what,
                         mf_error *err);

/* These look a field up. What is missing or has another kind or shape sets `status`, and so
 * does a value outside [low, high] (NaN is always outside); the first fault is kept. Doubles
 * may be any that are finite, `extended` ones also infinite.                                */
const double *mf_fields_find(mf_fields *, const char *name, size_t rows, size_t cols);
const double *mf_fields_list(mf_fields *, const char *name, size_t low, size_t high, size_t *n);
const double *mf_fields_extended(mf_fields *, const char *name, size_t rows, size_t cols);
double mf_fields_number(mf_fields *, const char *name, double low, double high);
int64_t mf_fields_count(mf_fields *, const char *name, int64_t low, int64_t high);
bool mf_fields_flag(mf_fields *, const char *name);
const char *mf_fields_string(mf_fields *, const char *name);

/* Index of the text in a list that ends with NULL. */
int mf_fields_choice(mf_fields *, const char *name, const char *const *list);

/* Whether there is a field of this name; sets nothing. */
bool mf_fields_has(const mf_fields *, const char *name);

/* Sets `status` unless what must hold holds. */
void mf_fields_require(mf_fields *, const char *name, bool holds);

#endif
