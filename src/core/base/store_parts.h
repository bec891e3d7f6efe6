/* store_parts.h: what the writing and the reading of stores share (private). */
#ifndef MF_STORE_PARTS_H
#define MF_STORE_PARTS_H

#include "store.h"

#include <hdf5.h>

#define MF_STORE_MAGIC "\211MFSUM1\n"

void mf_store_release(hid_t id);

/* Fails with the innermost of the library's own words: before ids are released, as every
 * call forgets the words of the one before.                                             */
mf_status mf_store_failed(mf_error *err, mf_status status, const char *what, const char *name);

hid_t mf_store_boolean(void); /* the enum of FALSE and TRUE that h5py reads as booleans */

/* ---- from the child that parses to us: records, aligned to 8 bytes ----------------------- */

typedef struct {
    uint64_t kind, attribute, ndim, dims[2], width;
    uint64_t name, data; /* bytes that follow, each padded to 8: name with NUL, data */
} mf_store_record;

enum {
    MF_STORE_DONE = 100, /* the last record: all is there              */
    MF_STORE_FAILED      /* the last record: the name is what happened */
};

/* Walks through the HDF5 image and writes its records to fd; at most `budget` bytes of data. */
void mf_store_parse(const void *image, size_t size, size_t budget, int fd);

/* Takes malloc'ed records into the reader, which owns them, if every one is sound. */
mf_status mf_store_accept(mf_store_reader *reader, char *records, size_t size, mf_error *err);

#endif
