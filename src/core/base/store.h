/* store.h: named values in HDF5 files.
 *
 * A file is a tree of named values: arrays of doubles, numbers, strings, bytes and groups;
 * every group may carry attributes besides. It is built in memory and reaches the disk in
 * one piece (file.h), so that no crash leaves a file that HDF5 cannot open, and a full disk
 * is seen by our own write and not inside the library. Times are not recorded and values
 * are written in the order given: equal content makes equal bytes. Doubles come back bit by
 * bit. The files are ordinary HDF5 in its oldest format, in little-endian types that h5py,
 * Julia and others read: doubles, 64-bit integers, booleans as the enum of FALSE and TRUE,
 * UTF-8 strings of fixed length, opaque bytes. Behind HDF5's end 24 bytes carry a checksum of
 * the image (TRAILER below); it is compared before the library sees a byte.
 *
 * HDF5 is not made for files from strangers, so it parses in a child process without rights,
 * with bounds on its memory and time; what it found comes back through a pipe and is checked
 * again. A file that crashes the library is a message.                                     */
#ifndef MF_STORE_H
#define MF_STORE_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    MF_STORE_DOUBLES,  /* double; ndim 0, 1 or 2, row-major                                 */
    MF_STORE_INTEGER,  /* one int64_t                                                       */
    MF_STORE_BOOLEAN,  /* one int8_t, 0 or 1                                                */
    MF_STORE_STRING,   /* `width` bytes of UTF-8 without NUL                                */
    MF_STORE_BYTES,    /* any `width` bytes                                                 */
    MF_STORE_STRINGS,  /* dims[0] strings of `width` >= 1 bytes each, padded with NUL       */
    MF_STORE_BOOLEANS, /* dims[0] of int8_t                                                 */
    MF_STORE_GROUP,    /* no data; when reading, its members follow                         */
    /* when reading only */
    MF_STORE_LEAVE,   /* the end of a group                                                  */
    MF_STORE_SKIPPED, /* what has no counterpart here: `width` bytes say why                 */
    /* when writing only: they are read as doubles, where these hold them */
    MF_STORE_INTEGERS /* dims[0] of int64_t */
} mf_store_kind;

typedef struct {
    mf_store_kind kind;
    int ndim;
    size_t dims[2];
    size_t width;
    const void *data;
} mf_store_value;

/* Bytes of the value's data, 0 for a group; SIZE_MAX where they overflow. */
size_t mf_store_bytes(const mf_store_value *value);

enum {
    MF_STORE_DEPTH = 32,
    MF_STORE_NAME = 256,
    MF_STORE_TRAILER = 24 /* "\211MFSUM1\n", bytes before it, CRC-64 of these; little endian */
};

/* ---- writing ------------------------------------------------------------------------- */

/* A tree under construction. All zero is closed; the fields are private. */
typedef struct {
    int64_t file, group[MF_STORE_DEPTH];
    size_t depth;
    bool open;
} mf_store;

mf_status mf_store_create(mf_store *store, mf_error *err); /* an empty tree in memory */

/* Adds a value to the current group, or an attribute to it, of at most 60000 bytes. */
mf_status mf_store_put(mf_store *store, bool attribute, const char *name,
                       const mf_store_value *value, mf_error *err);

/* Adds an attribute to a value of the current group. They are for other programs: not read again. */
mf_status mf_store_annotate(mf_store *store, const char *member, const char *name,
                            const mf_store_value *value, mf_error *err);

/* Makes the group `name` and steps into it; steps out again. */
mf_status mf_store_enter(mf_store *store, const char *name, mf_error *err);
void mf_store_leave(mf_store *store);

/* The tree as the bytes of a file, to be freed by the caller. */
mf_status mf_store_image(mf_store *store, void **image, size_t *size, mf_error *err);

/* Writes the tree to path, whole or not at all. MF_EIO: the old file is untouched. */
mf_status mf_store_commit(mf_store *store, const char *path, mf_error *err);

void mf_store_close(mf_store *store); /* idempotent; drops what was not committed */

/* ---- reading ------------------------------------------------------------------------- */

/* What was found: attributes first, in the order of names. Points into the reader. */
typedef struct {
    bool attribute;
    const char *name; /* shorter than MF_STORE_NAME */
    mf_store_value value;
} mf_store_item;

/* A file that has been read. All zero is closed; the fields are private. */
typedef struct {
    char *items;
    size_t size, at;
} mf_store_reader;

/* MF_EIO: no such file, no permission, ...; MF_EFORMAT: not an HDF5 file, or damaged. Links to
 * other files and numbers kept in other files are not followed. Doubles stand for any real or
 * integer array of up to two dimensions whose numbers they hold.                           */
mf_status mf_store_open(mf_store_reader *reader, const char *path, mf_error *err);
mf_status mf_store_open_image(mf_store_reader *reader, const void *image, size_t size,
                              mf_error *err);

/* Steps through the tree from its start. False: the end. */
bool mf_store_next(mf_store_reader *reader, mf_store_item *item);

/* The value (no attribute) `name` of the outermost group; false if there is none. */
bool mf_store_find(const mf_store_reader *reader, const char *name, mf_store_item *item);

void mf_store_reader_close(mf_store_reader *reader); /* idempotent */

#endif
