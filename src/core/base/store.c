/* store.c: the tree of named values in HDF5, built in memory by the library's core driver. */
#include "store.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(hid_t) == sizeof(int64_t), "the header stores HDF5's ids");

enum {
    GROWTH = 1 << 20,       /* the image in memory grows in steps of 1 MiB         */
    COMPRESSION = 1100,     /* more than deflate can do: a larger claim is damage  */
    ATTRIBUTE_BYTES = 60000 /* the format's limit is 64 KiB with what goes with it */
};

/* ---- HDF5's ids and errors ------------------------------------------------------------- */

static void release(hid_t id) {
    if (id >= 0)
        H5Idec_ref(id);
}

static herr_t innermost(unsigned n, const H5E_error2_t *entry, void *text) {
    (void)n;
    *(const char **)text = entry->desc;
    return 0;
}

/* Fails with the innermost of the library's own words: before ids are released, as every
 * call forgets the words of the one before.                                             */
static mf_status failed(mf_error *err, mf_status status, const char *what, const char *name) {
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

/* Access to a file that nobody else writes: it is renamed into place when complete, so the
 * library's locks would only fail on file systems that have none.                         */
static hid_t file_access(bool in_memory) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18) < 0 ||
        H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0 ||
        H5Pset_file_locking(access, 0, 1) < 0 ||
        (in_memory && H5Pset_fapl_core(access, GROWTH, 0) < 0)) {
        release(access);
        return -1;
    }
    return access;
}

/* Creation properties without time stamps: equal content, equal bytes. */
static hid_t without_times(hid_t class) {
    hid_t properties = H5Pcreate(class);
    if (H5Pset_obj_track_times(properties, 0) < 0) {
        release(properties);
        return -1;
    }
    return properties;
}

/* ---- types ------------------------------------------------------------------------------- */

size_t mf_store_bytes(const mf_store_value *value) {
    static const size_t element[] = {sizeof(double), sizeof(int64_t), sizeof(int8_t), 1, 1, 0};
    size_t bytes = element[value->kind];
    if (value->kind == MF_STORE_STRING || value->kind == MF_STORE_STRINGS)
        bytes *= value->width;
    for (int i = 0; i < value->ndim; ++i)
        if (__builtin_mul_overflow(bytes, value->dims[i], &bytes))
            return SIZE_MAX;
    return bytes;
}

static hid_t boolean_type(void) {
    int8_t no = 0, yes = 1;
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    if (H5Tenum_insert(type, "FALSE", &no) < 0 || H5Tenum_insert(type, "TRUE", &yes) < 0) {
        release(type);
        return -1;
    }
    return type;
}

static hid_t string_type(size_t width) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (H5Tset_size(type, width ? width : 1) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
        H5Tset_cset(type, H5T_CSET_UTF8) < 0) {
        release(type);
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
        return H5Tcopy(H5T_STD_I64LE);
    case MF_STORE_BOOLEAN:
        return boolean_type();
    case MF_STORE_STRING:
    case MF_STORE_STRINGS:
        return string_type(value->width);
    case MF_STORE_GROUP:
        break;
    }
    return -1;
}

/* The type in memory, where the one in the file is `stored`. */
static hid_t memory_type(const mf_store_value *value, hid_t stored) {
    if (value->kind == MF_STORE_DOUBLES)
        return H5Tcopy(H5T_NATIVE_DOUBLE);
    if (value->kind == MF_STORE_INTEGER)
        return H5Tcopy(H5T_NATIVE_INT64);
    return H5Tcopy(stored);
}

/* A string of no bytes has no type in HDF5: it is a string without a value. */
static hid_t file_space(const mf_store_value *value) {
    hsize_t dims[2] = {value->dims[0], value->dims[1]};
    if (value->kind == MF_STORE_STRING && value->width == 0)
        return H5Screate(H5S_NULL);
    return value->ndim ? H5Screate_simple(value->ndim, dims, NULL) : H5Screate(H5S_SCALAR);
}

/* ---- writing ------------------------------------------------------------------------------- */

mf_status mf_store_create(mf_store *store, mf_error *err) {
    *store = (mf_store){0};
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t access = file_access(true), creation = without_times(H5P_FILE_CREATE), file = -1;
    mf_status status = MF_OK;
    char name[48]; /* the image never reaches the disk by itself, but no two may share a name */
    snprintf(name, sizeof name, "meanfield %p", (void *)store);
    if (access >= 0 && creation >= 0)
        file = H5Fcreate(name, H5F_ACC_TRUNC, creation, access);
    if (file < 0)
        status = failed(err, MF_ELIBRARY, "cannot create", "a file in memory");
    else
        *store = (mf_store){.file = file, .open = true};
    release(access);
    release(creation);
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

mf_status mf_store_put(mf_store *store, bool attribute, const char *name,
                       const mf_store_value *value, mf_error *err) {
    mf_status status = check_name(name, err);
    if (status < 0)
        return status;
    if (attribute && mf_store_bytes(value) > ATTRIBUTE_BYTES)
        return mf_fail(err, MF_EUNSUPPORTED, "attribute '%s' is longer than HDF5's %d bytes", name,
                       ATTRIBUTE_BYTES);
    hid_t group = current(store), type = file_type(value), space = file_space(value);
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
        status = failed(err, MF_ELIBRARY, "cannot store", name);
    release(object);
    release(memory);
    release(creation);
    release(space);
    release(type);
    return status;
}

mf_status mf_store_commit(mf_store *store, const char *path, mf_error *err) {
    ssize_t size = -1;
    if (H5Fflush(store->file, H5F_SCOPE_GLOBAL) >= 0)
        size = H5Fget_file_image(store->file, NULL, 0);
    if (size < 0)
        return failed(err, MF_ELIBRARY, "cannot write", path);
    void *image = malloc((size_t)size);
    if (!image)
        return mf_fail(err, MF_ENOMEM, "no memory for the %zd bytes of '%s'", size, path);
    mf_status status = MF_OK;
    if (H5Fget_file_image(store->file, image, (size_t)size) < 0)
        status = failed(err, MF_ELIBRARY, "cannot write", path);
    else
        status = mf_file_replace(path, image, (size_t)size, err);
    free(image);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------- */

mf_status mf_store_open(mf_store *store, const char *path, mf_error *err) {
    *store = (mf_store){0};
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC); /* for the system's words; HDF5 has its own */
    if (fd < 0)
        return mf_fail(err, MF_EIO, "cannot open '%s': %s", path, strerror(errno));
    close(fd);
    hid_t access = file_access(false), file = -1;
    mf_status status = MF_OK;
    if (access >= 0)
        file = H5Fopen(path, H5F_ACC_RDONLY, access);
    if (file < 0)
        status = failed(err, MF_EFORMAT, "not an HDF5 file, or damaged:", path);
    else
        *store = (mf_store){.file = file, .open = true, .reading = true};
    release(access);
    return status;
}

mf_status mf_store_count(mf_store *store, bool attribute, size_t *count, mf_error *err) {
    H5O_info_t object;
    H5G_info_t group;
    if (H5Oget_info2(current(store), &object, H5O_INFO_NUM_ATTRS) < 0 ||
        H5Gget_info(current(store), &group) < 0)
        return failed(err, MF_EFORMAT, "cannot read", "a group");
    *count = attribute ? (size_t)object.num_attrs : (size_t)group.nlinks;
    return MF_OK;
}

/* Kind and width of a type, for a scalar or an array. */
static bool describe_type(hid_t type, bool scalar, mf_store_value *value) {
    hid_t boolean = boolean_type();
    bool is_boolean = H5Tequal(type, boolean) > 0;
    release(boolean);
    value->width = 0;
    switch (H5Tget_class(type)) {
    case H5T_FLOAT:
        value->kind = MF_STORE_DOUBLES;
        return true;
    case H5T_INTEGER: /* integers that may exceed int64_t are read as doubles */
        value->kind = scalar && (H5Tget_size(type) < 8 || H5Tget_sign(type) == H5T_SGN_2)
                              ? MF_STORE_INTEGER
                              : MF_STORE_DOUBLES;
        return true;
    case H5T_STRING:
        value->kind = scalar ? MF_STORE_STRING : MF_STORE_STRINGS;
        value->width = H5Tget_size(type);
        return H5Tis_variable_str(type) == 0;
    default:
        value->kind = MF_STORE_BOOLEAN;
        return is_boolean && scalar;
    }
}

static mf_status describe(hid_t type, hid_t space, const char *name, mf_store_value *value,
                          mf_error *err) {
    hsize_t dims[2] = {0, 0};
    H5S_class_t class = space < 0 ? H5S_NO_CLASS : H5Sget_simple_extent_type(space);
    int ndim = class == H5S_SIMPLE ? H5Sget_simple_extent_ndims(space) : 0;
    *value = (mf_store_value){.ndim = ndim};
    if (type < 0 || class == H5S_NO_CLASS || ndim < 0)
        return failed(err, MF_EFORMAT, "cannot read", name);
    if (ndim > 2 || !describe_type(type, ndim == 0, value) ||
        (value->kind == MF_STORE_STRINGS && ndim != 1) ||
        (class == H5S_NULL && value->kind != MF_STORE_STRING))
        return mf_fail(err, MF_EUNSUPPORTED, "'%s' is of a type or shape that is not supported",
                       name);
    if (class == H5S_NULL)
        value->width = 0;
    if (ndim && H5Sget_simple_extent_dims(space, dims, NULL) < 0)
        return failed(err, MF_EFORMAT, "cannot read", name);
    value->dims[0] = (size_t)dims[0];
    value->dims[1] = (size_t)dims[1];
    return MF_OK;
}

static mf_status peek_attribute(hid_t group, size_t i, char *name, mf_store_value *value,
                                mf_error *err) {
    hid_t attribute = H5Aopen_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i,
                                     H5P_DEFAULT, H5P_DEFAULT);
    ssize_t length = attribute < 0 ? -1 : H5Aget_name(attribute, MF_STORE_NAME, name);
    hid_t type = -1, space = -1;
    if (length >= 0 && length < MF_STORE_NAME) {
        type = H5Aget_type(attribute);
        space = H5Aget_space(attribute);
    }
    mf_status status = describe(type, space, length < 0 ? "an attribute" : name, value, err);
    release(space);
    release(type);
    release(attribute);
    return status;
}

static mf_status peek_value(hid_t group, size_t i, char *name, mf_store_value *value,
                            mf_error *err) {
    ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i, name,
                                        MF_STORE_NAME, H5P_DEFAULT);
    if (length < 0 || length >= MF_STORE_NAME)
        return failed(err, MF_EFORMAT, "cannot read the name of", "a value");
    hid_t object = H5Oopen(group, name, H5P_DEFAULT), type = -1, space = -1;
    mf_status status = MF_OK;
    if (object >= 0 && H5Iget_type(object) == H5I_GROUP) {
        *value = (mf_store_value){.kind = MF_STORE_GROUP};
    } else {
        if (object >= 0 && H5Iget_type(object) == H5I_DATASET) {
            type = H5Dget_type(object);
            space = H5Dget_space(object);
        }
        status = describe(type, space, name, value, err);
    }
    release(space);
    release(type);
    release(object);
    return status;
}

mf_status mf_store_peek(mf_store *store, bool attribute, size_t i, char *name,
                        mf_store_value *value, mf_error *err) {
    hsize_t file_size = 0;
    mf_status status =
            (attribute ? peek_attribute : peek_value)(current(store), i, name, value, err);
    if (status < 0)
        return status;
    if (H5Fget_filesize(store->file, &file_size) < 0 ||
        mf_store_bytes(value) / COMPRESSION > file_size)
        return mf_fail(err, MF_EFORMAT, "'%s' claims %zu bytes in a file of %llu", name,
                       mf_store_bytes(value), (unsigned long long)file_size);
    return MF_OK;
}

mf_status mf_store_get(mf_store *store, bool attribute, const char *name,
                       const mf_store_value *value, void *data, mf_error *err) {
    if (mf_store_bytes(value) == 0)
        return MF_OK;
    hid_t object = attribute ? H5Aopen(current(store), name, H5P_DEFAULT)
                             : H5Dopen2(current(store), name, H5P_DEFAULT);
    hid_t type = -1, memory = -1;
    herr_t result = -1;
    if (object >= 0)
        type = attribute ? H5Aget_type(object) : H5Dget_type(object);
    if (type >= 0)
        memory = memory_type(value, type);
    if (memory >= 0)
        result = attribute ? H5Aread(object, memory, data)
                           : H5Dread(object, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    mf_status status = MF_OK;
    if (result < 0)
        status = failed(err, MF_EFORMAT, "cannot read", name);
    release(memory);
    release(type);
    release(object);
    return status;
}

/* ---- both ---------------------------------------------------------------------------------- */

mf_status mf_store_enter(mf_store *store, const char *name, mf_error *err) {
    if (store->depth == MF_STORE_DEPTH)
        return mf_fail(err, MF_EUNSUPPORTED, "'%s' lies deeper than %d groups", name,
                       MF_STORE_DEPTH);
    mf_status status = check_name(name, err);
    if (status < 0)
        return status;
    hid_t creation = without_times(H5P_GROUP_CREATE), group = -1;
    if (store->reading)
        group = H5Gopen2(current(store), name, H5P_DEFAULT);
    else if (creation >= 0)
        group = H5Gcreate2(current(store), name, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (group < 0)
        status = failed(err, store->reading ? MF_EFORMAT : MF_ELIBRARY, "cannot enter", name);
    else
        store->group[store->depth++] = group;
    release(creation);
    return status;
}

void mf_store_leave(mf_store *store) {
    release(store->group[--store->depth]);
}

void mf_store_close(mf_store *store) {
    while (store->depth)
        mf_store_leave(store);
    if (store->open)
        H5Fclose(store->file); /* closes whatever is left open with it */
    store->open = false;
}
