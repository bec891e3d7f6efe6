/* store.c: writing the tree of named values, built in memory by HDF5's core driver. */
#include "checksum.h"
#include "file.h"
#include "store_parts.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(hid_t) == sizeof(int64_t), "the header stores HDF5's ids");

enum {
    GROWTH = 1 << 20,       /* the image in memory grows in steps of 1 MiB         */
    ATTRIBUTE_BYTES = 60000 /* the format's limit is 64 KiB with what goes with it */
};

/* ---- HDF5's ids and errors ------------------------------------------------------------- */

void mf_store_release(hid_t id) {
    if (id >= 0)
        H5Idec_ref(id);
}

static herr_t innermost(unsigned n, const H5E_error2_t *entry, void *text) {
    (void)n;
    *(const char **)text = entry->desc;
    return 0;
}

mf_status mf_store_failed(mf_error *err, mf_status status, const char *what, const char *name) {
    char words[128] = "no reason given";
    const char *text = NULL;
    if (H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, innermost, &text) >= 0 && text) {
        strncpy(words, text, sizeof words - 1);
        words[sizeof words - 1] = '\0';
    }
    return mf_fail(err, status, "%s '%s': %s", what, name, words);
}

static hid_t current(const mf_store *store) {
    return store->depth ? store->group[store->depth - 1] : store->file;
}

static hid_t memory_access(void) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18) < 0 ||
        H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0 ||
        H5Pset_fapl_core(access, GROWTH, 0) < 0) {
        mf_store_release(access);
        return -1;
    }
    return access;
}

/* Creation properties without time stamps: equal content, equal bytes. */
static hid_t without_times(hid_t class) {
    hid_t properties = H5Pcreate(class);
    if (H5Pset_obj_track_times(properties, 0) < 0) {
        mf_store_release(properties);
        return -1;
    }
    return properties;
}

/* ---- types ------------------------------------------------------------------------------- */

size_t mf_store_bytes(const mf_store_value *value) {
    static const size_t element[] = {[MF_STORE_DOUBLES] = sizeof(double),
                                     [MF_STORE_INTEGER] = sizeof(int64_t),
                                     [MF_STORE_BOOLEAN] = sizeof(int8_t),
                                     [MF_STORE_STRING] = 1,
                                     [MF_STORE_BYTES] = 1,
                                     [MF_STORE_STRINGS] = 1,
                                     [MF_STORE_BOOLEANS] = sizeof(int8_t),
                                     [MF_STORE_INTEGERS] = sizeof(int64_t),
                                     [MF_STORE_GROUP] = 0,
                                     [MF_STORE_LEAVE] = 0,
                                     [MF_STORE_SKIPPED] = 1};
    bool wide = value->kind == MF_STORE_STRING || value->kind == MF_STORE_BYTES ||
                value->kind == MF_STORE_STRINGS || value->kind == MF_STORE_SKIPPED;
    size_t bytes = element[value->kind] * (wide ? value->width : 1);
    for (int i = 0; i < value->ndim; ++i)
        if (__builtin_mul_overflow(bytes, value->dims[i], &bytes))
            return SIZE_MAX;
    return bytes;
}

hid_t mf_store_boolean(void) {
    int8_t no = 0, yes = 1;
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    if (H5Tenum_insert(type, "FALSE", &no) < 0 || H5Tenum_insert(type, "TRUE", &yes) < 0) {
        mf_store_release(type);
        return -1;
    }
    return type;
}

static hid_t string_type(size_t width) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (H5Tset_size(type, width ? width : 1) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
        H5Tset_cset(type, H5T_CSET_UTF8) < 0) {
        mf_store_release(type);
        return -1;
    }
    return type;
}

static hid_t opaque_type(size_t width) {
    hid_t type = H5Tcreate(H5T_OPAQUE, width ? width : 1);
    if (H5Tset_tag(type, "bytes") < 0) {
        mf_store_release(type);
        return -1;
    }
    return type;
}

/* The type in the file. */
static hid_t file_type(const mf_store_value *value) {
    switch (value->kind) {
    case MF_STORE_DOUBLES:
        return H5Tcopy(H5T_IEEE_F64LE);
    case MF_STORE_INTEGER:
    case MF_STORE_INTEGERS:
        return H5Tcopy(H5T_STD_I64LE);
    case MF_STORE_BOOLEAN:
    case MF_STORE_BOOLEANS:
        return mf_store_boolean();
    case MF_STORE_STRING:
    case MF_STORE_STRINGS:
        return string_type(value->width);
    case MF_STORE_BYTES:
        return opaque_type(value->width);
    case MF_STORE_GROUP:
    case MF_STORE_LEAVE:
    case MF_STORE_SKIPPED:
        break;
    }
    return -1;
}

/* The type in memory, where the one in the file is `stored`. */
static hid_t memory_type(const mf_store_value *value, hid_t stored) {
    if (value->kind == MF_STORE_DOUBLES)
        return H5Tcopy(H5T_NATIVE_DOUBLE);
    if (value->kind == MF_STORE_INTEGER || value->kind == MF_STORE_INTEGERS)
        return H5Tcopy(H5T_NATIVE_INT64);
    return H5Tcopy(stored);
}

/* A string of no bytes has no type in HDF5: it is a string without a value. */
static hid_t file_space(const mf_store_value *value) {
    hsize_t dims[2] = {value->dims[0], value->dims[1]};
    if ((value->kind == MF_STORE_STRING || value->kind == MF_STORE_BYTES) && value->width == 0)
        return H5Screate(H5S_NULL);
    return value->ndim ? H5Screate_simple(value->ndim, dims, NULL) : H5Screate(H5S_SCALAR);
}

/* ---- writing ------------------------------------------------------------------------------- */

mf_status mf_store_create(mf_store *store, mf_error *err) {
    *store = (mf_store){0};
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t access = memory_access(), creation = without_times(H5P_FILE_CREATE), file = -1;
    mf_status status = MF_OK;
    char name[48]; /* the image never reaches the disk by itself, but no two may share a name */
    snprintf(name, sizeof name, "meanfield %p", (void *)store);
    if (access >= 0 && creation >= 0)
        file = H5Fcreate(name, H5F_ACC_TRUNC, creation, access);
    if (file < 0)
        status = mf_store_failed(err, MF_ELIBRARY, "cannot create", "a file in memory");
    else
        *store = (mf_store){.file = file, .open = true};
    mf_store_release(access);
    mf_store_release(creation);
    return status;
}

static mf_status check_name(const char *name, mf_error *err) {
    size_t length = strlen(name);
    if (length == 0 || length >= MF_STORE_NAME || strchr(name, '/') || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0)
        return mf_fail(err, MF_EINVAL,
                       "'%.200s' is no name: 1 to %d bytes without '/' are expected, "
                       "and neither '.' nor '..'",
                       name, MF_STORE_NAME - 1);
    return MF_OK;
}

/* Into a group, or onto it or a value as an attribute. */
static mf_status put_into(hid_t group, bool attribute, const char *name,
                          const mf_store_value *value, mf_error *err) {
    mf_status status = check_name(name, err);
    if (status < 0)
        return status;
    if (attribute && mf_store_bytes(value) > ATTRIBUTE_BYTES)
        return mf_fail(err, MF_EUNSUPPORTED, "attribute '%s' is longer than HDF5's %d bytes", name,
                       ATTRIBUTE_BYTES);
    hid_t type = file_type(value), space = file_space(value);
    hid_t creation = without_times(H5P_DATASET_CREATE), memory = -1, object = -1;
    if (type >= 0 && space >= 0)
        memory = memory_type(value, type);
    if (memory >= 0 && creation >= 0)
        object = attribute
                         ? H5Acreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT)
                         : H5Dcreate2(group, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    herr_t result = object < 0 ? -1 : 0;
    if (result == 0 && mf_store_bytes(value) > 0)
        result = attribute ? H5Awrite(object, memory, value->data)
                           : H5Dwrite(object, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, value->data);
    if (result < 0)
        status = mf_store_failed(err, MF_ELIBRARY, "cannot store", name);
    mf_store_release(object);
    mf_store_release(memory);
    mf_store_release(creation);
    mf_store_release(space);
    mf_store_release(type);
    return status;
}

mf_status mf_store_put(mf_store *store, bool attribute, const char *name,
                       const mf_store_value *value, mf_error *err) {
    return put_into(current(store), attribute, name, value, err);
}

mf_status mf_store_annotate(mf_store *store, const char *member, const char *name,
                            const mf_store_value *value, mf_error *err) {
    hid_t object = H5Oopen(current(store), member, H5P_DEFAULT);
    if (object < 0)
        return mf_fail(err, MF_EINVAL, "attributes of '%.200s', which is no value here", member);
    mf_status status = put_into(object, true, name, value, err);
    H5Oclose(object);
    return status;
}

static void add_trailer(char *image, size_t size) {
    uint64_t length = htole64(size), sum = htole64(mf_checksum(image, size));
    memcpy(image + size, MF_STORE_MAGIC, 8);
    memcpy(image + size + 8, &length, 8);
    memcpy(image + size + 16, &sum, 8);
}

mf_status mf_store_image(mf_store *store, void **image, size_t *size, mf_error *err) {
    ssize_t length = -1;
    if (H5Fflush(store->file, H5F_SCOPE_GLOBAL) >= 0)
        length = H5Fget_file_image(store->file, NULL, 0);
    if (length < 0)
        return mf_store_failed(err, MF_ELIBRARY, "cannot finish", "a file in memory");
    *size = (size_t)length + MF_STORE_TRAILER;
    *image = malloc(*size);
    if (!*image)
        return mf_fail(err, MF_ENOMEM, "no memory for a file of %zu bytes", *size);
    if (H5Fget_file_image(store->file, *image, (size_t)length) < 0) {
        mf_status status = mf_store_failed(err, MF_ELIBRARY, "cannot finish", "a file in memory");
        free(*image);
        return status;
    }
    add_trailer(*image, (size_t)length);
    return MF_OK;
}

mf_status mf_store_commit(mf_store *store, const char *path, mf_error *err) {
    void *image = NULL;
    size_t size = 0;
    mf_status status = mf_store_image(store, &image, &size, err);
    if (status < 0)
        return status;
    status = mf_file_replace(path, image, size, err);
    free(image);
    return status;
}

mf_status mf_store_enter(mf_store *store, const char *name, mf_error *err) {
    if (store->depth == MF_STORE_DEPTH)
        return mf_fail(err, MF_EUNSUPPORTED, "'%s' lies deeper than %d groups", name,
                       MF_STORE_DEPTH);
    mf_status status = check_name(name, err);
    if (status < 0)
        return status;
    hid_t creation = without_times(H5P_GROUP_CREATE), group = -1;
    if (creation >= 0)
        group = H5Gcreate2(current(store), name, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (group < 0)
        status = mf_store_failed(err, MF_ELIBRARY, "cannot make the group", name);
    else
        store->group[store->depth++] = group;
    mf_store_release(creation);
    return status;
}

void mf_store_leave(mf_store *store) {
    mf_store_release(store->group[--store->depth]);
}

void mf_store_close(mf_store *store) {
    while (store->depth)
        mf_store_leave(store);
    if (store->open)
        H5Fclose(store->file); /* closes whatever is left open with it */
    store->open = false;
}
