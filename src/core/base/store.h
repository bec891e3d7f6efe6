/* store.h: results in HDF5 files.
 *
 * A file is a tree of named values: arrays of doubles, numbers, strings and groups; every
 * group may carry attributes besides. It is built in memory and reaches the disk in one
 * piece (file.h), so that no crash leaves a file that HDF5 cannot open, and a full disk is
 * seen by our own write and not inside the library. Times are not recorded and values are
 * written in the order given: equal content makes equal bytes. Doubles come back bit by bit.
 * The files are ordinary HDF5 in its oldest format (the image of a newer one would need its
 * superblock's checksum mended), in little-endian types that h5py, Julia and others read:
 * doubles, 64-bit integers, booleans as the enum of FALSE and TRUE, UTF-8 strings of fixed
 * length.                                                                                 */
#ifndef MF_STORE_H
#define MF_STORE_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    MF_STORE_DOUBLES, /* double; ndim 0, 1 or 2, row-major                                  */
    MF_STORE_INTEGER, /* one int64_t                                                        */
    MF_STORE_BOOLEAN, /* one int8_t, 0 or 1                                                 */
    MF_STORE_STRING,  /* `width` bytes                                                      */
    MF_STORE_STRINGS, /* dims[0] strings of `width` >= 1 bytes each, padded with NUL        */
    MF_STORE_GROUP    /* no data                                                            */
} mf_store_kind;

/* What is written, or what is found: then `data` is NULL. */
typedef struct {
    mf_store_kind kind;
    int ndim;
    size_t dims[2];
    size_t width;
    const void *data;
} mf_store_value;

/* Bytes of the value's data, 0 for a group; SIZE_MAX where they overflow. */
size_t mf_store_bytes(const mf_store_value *value);

enum { MF_STORE_DEPTH = 32, MF_STORE_NAME = 256 };

/* A handle. All zero is closed; the fields are private. */
typedef struct {
    int64_t file, group[MF_STORE_DEPTH];
    size_t depth;
    bool open, reading;
} mf_store;

/* ---- writing ------------------------------------------------------------------------- */

mf_status mf_store_create(mf_store *store, mf_error *err); /* an empty tree in memory */

/* Adds a value to the current group, or an attribute to it, of at most 60000 bytes. */
mf_status mf_store_put(mf_store *store, bool attribute, const char *name,
                       const mf_store_value *value, mf_error *err);

/* Writes the tree to path, whole or not at all. MF_EIO: the old file is untouched. */
mf_status mf_store_commit(mf_store *store, const char *path, mf_error *err);

/* ---- reading ------------------------------------------------------------------------- */

/* MF_EIO: no such file, no permission, ...; MF_EFORMAT: not an HDF5 file, or damaged. */
mf_status mf_store_open(mf_store *store, const char *path, mf_error *err);

/* Number of values (or attributes) in the current group. */
mf_status mf_store_count(mf_store *store, bool attribute, size_t *count, mf_error *err);

/* Name (MF_STORE_NAME bytes) and description of the i-th of them, i from 0 in the order of
 * names. Foreign files: any real or integer array of up to two dimensions is described as
 * doubles; MF_EUNSUPPORTED names what has no counterpart here.                            */
mf_status mf_store_peek(mf_store *store, bool attribute, size_t i, char *name,
                        mf_store_value *value, mf_error *err);

/* Reads a value that was peeked at into `data`, mf_store_bytes of the description long. */
mf_status mf_store_get(mf_store *store, bool attribute, const char *name,
                       const mf_store_value *value, void *data, mf_error *err);

/* ---- both ---------------------------------------------------------------------------- */

/* Steps into the group `name` (made when writing) and out again. */
mf_status mf_store_enter(mf_store *store, const char *name, mf_error *err);
void mf_store_leave(mf_store *store);

void mf_store_close(mf_store *store); /* idempotent; drops what was not committed */

#endif
