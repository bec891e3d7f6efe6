/* store_parse.c: reading HDF5, in a process that may fail (store_read.c): what has a
 * counterpart here becomes a record, the rest a record that says why it does not.       */
#include "file.h"
#include "store_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_MAX = 1000000 };

/* ---- records ---------------------------------------------------------------------------- */

typedef struct {
    int fd;
    size_t image, budget; /* bytes of the file; bytes of data that may still be written */
    size_t items;
    haddr_t above[MF_STORE_DEPTH + 1]; /* groups on the way here, against circles */
    size_t depth;
    mf_error *err;
} parser;

static mf_status send(parser *p, const void *data, size_t size) {
    static const char zeros[8];
    int reason = mf_file_write_all(p->fd, data, size);
    if (!reason)
        reason = mf_file_write_all(p->fd, zeros, -size & 7);
    return reason ? mf_fail(p->err, MF_EIO, "a pipe broke") : MF_OK;
}

static mf_status emit(parser *p, bool attribute, const char *name, const mf_store_value *v) {
    size_t bytes = mf_store_bytes(v);
    mf_store_record record = {.kind = v->kind,
                              .attribute = attribute,
                              .ndim = (uint64_t)v->ndim,
                              .dims = {v->dims[0], v->dims[1]},
                              .width = v->width,
                              .name = strlen(name) + 1,
                              .data = bytes};
    if (++p->items > ITEMS_MAX)
        return mf_fail(p->err, MF_EFORMAT, "more than %d values", ITEMS_MAX);
    if (bytes > p->budget)
        return mf_fail(p->err, MF_EFORMAT, "'%s' claims %zu bytes in a file of %zu", name, bytes,
                       p->image);
    p->budget -= bytes;
    mf_status status = send(p, &record, sizeof record);
    if (status >= 0)
        status = send(p, name, strlen(name) + 1);
    return status < 0 ? status : send(p, v->data, bytes);
}

static mf_status skip(parser *p, bool attribute, const char *name, const char *why) {
    return emit(p, attribute, name,
                &(mf_store_value){.kind = MF_STORE_SKIPPED, .width = strlen(why), .data = why});
}

/* ---- values ------------------------------------------------------------------------------ */

/* An attribute or a value, opened: all that is asked is asked of these. */
typedef struct {
    bool attribute;
    const char *name;
    hid_t object, type, space;
    int ndim;
    size_t dims[2], count; /* elements */
} source;

static mf_status damaged(parser *p, const char *name) {
    return mf_store_failed(p->err, MF_EFORMAT, "damaged: cannot read", name);
}

/* Memory for `size` bytes for each of the elements, or NULL with the reason in *status. */
static void *room(parser *p, const source *s, size_t size, mf_status *status) {
    size_t bytes;
    *status = MF_OK;
    if (__builtin_mul_overflow(s->count, size, &bytes) || bytes > p->budget) {
        *status = mf_fail(p->err, MF_EFORMAT,
                          "'%s' claims %zu elements of %zu bytes in a file of "
                          "%zu",
                          s->name, s->count, size, p->image);
        return NULL;
    }
    void *data = calloc(bytes ? bytes : 1, 1);
    if (!data)
        *status = mf_fail(p->err, MF_ENOMEM, "no memory for '%s'", s->name);
    return data;
}

static herr_t fetch(const source *s, hid_t memory, void *data) {
    if (s->count == 0)
        return 0;
    return s->attribute ? H5Aread(s->object, memory, data)
                        : H5Dread(s->object, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
}

static mf_status emit_read(parser *p, const source *s, mf_store_kind kind, size_t width,
                           const void *data) {
    return emit(p, s->attribute, s->name,
                &(mf_store_value){kind, s->ndim, {s->dims[0], s->dims[1]}, width, data});
}

static mf_status read_doubles(parser *p, const source *s) {
    mf_status status;
    double *data = room(p, s, sizeof *data, &status);
    if (data)
        status = fetch(s, H5T_NATIVE_DOUBLE, data) < 0 ? damaged(p, s->name)
                                                       : emit_read(p, s, MF_STORE_DOUBLES, 0, data);
    free(data);
    return status;
}

/* An array of integers as doubles, in place; false if one would be rounded. */
static bool as_doubles(void *data, size_t count, bool is_signed) {
    char *at = data;
    for (size_t i = 0; i < count; ++i, at += 8) {
        int64_t integer;
        uint64_t natural;
        memcpy(&integer, at, 8);
        memcpy(&natural, at, 8);
        double x = is_signed ? (double)integer : (double)natural;
        if (fabs(x) > 0x1p53)
            return false;
        memcpy(at, &x, 8);
    }
    return true;
}

static mf_status read_integers(parser *p, const source *s) {
    mf_status status;
    bool is_signed = H5Tget_sign(s->type) != H5T_SGN_NONE;
    if (H5Tget_size(s->type) > 8)
        return skip(p, s->attribute, s->name, "integers of more than 64 bits");
    int64_t *data = room(p, s, sizeof *data, &status);
    if (!data)
        return status;
    if (fetch(s, is_signed ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64, data) < 0)
        status = damaged(p, s->name);
    else if (s->ndim == 0 && (is_signed || *data >= 0))
        status = emit_read(p, s, MF_STORE_INTEGER, 0, data);
    else if (s->ndim == 0 || !as_doubles(data, s->count, is_signed))
        status = skip(p, s->attribute, s->name, "integers that no number here can hold");
    else
        status = emit_read(p, s, MF_STORE_DOUBLES, 0, data);
    free(data);
    return status;
}

static mf_status read_booleans(parser *p, const source *s) {
    mf_status status;
    if (s->ndim > 1)
        return skip(p, s->attribute, s->name, "booleans of two dimensions");
    int8_t *data = room(p, s, 1, &status);
    if (data)
        status = fetch(s, s->type, data) < 0
                         ? damaged(p, s->name)
                         : emit_read(p, s, s->ndim ? MF_STORE_BOOLEANS : MF_STORE_BOOLEAN, 0, data);
    free(data);
    return status;
}

/* Bytes of a string in a cell, without its padding. */
static size_t length_in(const char *cell, size_t width, H5T_str_t padding) {
    size_t n = padding == H5T_STR_NULLTERM ? strnlen(cell, width) : width;
    while (padding != H5T_STR_NULLTERM && n > 0 &&
           cell[n - 1] == (padding == H5T_STR_SPACEPAD ? ' ' : '\0'))
        --n;
    return n;
}

static mf_status emit_bytes(parser *p, const source *s, const char *data, size_t width) {
    bool text = !memchr(data, '\0', width);
    return emit_read(p, s, text ? MF_STORE_STRING : MF_STORE_BYTES, width, data);
}

static mf_status read_fixed(parser *p, const source *s) {
    size_t width = H5Tget_size(s->type);
    H5T_str_t padding = H5Tget_strpad(s->type);
    mf_status status;
    if (width == 0 || padding < 0)
        return damaged(p, s->name);
    char *data = room(p, s, width, &status);
    if (!data)
        return status;
    if (fetch(s, s->type, data) < 0) {
        status = damaged(p, s->name);
    } else if (s->ndim == 0) {
        status = emit_bytes(p, s, data, length_in(data, width, padding));
    } else {
        for (size_t i = 0; i < s->count; ++i) { /* padded with NUL, whatever it was */
            size_t length = length_in(data + i * width, width, padding);
            memset(data + i * width + length, 0, width - length);
        }
        status = emit_read(p, s, MF_STORE_STRINGS, width, data);
    }
    free(data);
    return status;
}

/* Strings of any length as cells of the longest's. */
static mf_status emit_cells(parser *p, const source *s, char **strings) {
    size_t width = 1;
    mf_status status;
    for (size_t i = 0; i < s->count; ++i) {
        size_t length = strings[i] ? strlen(strings[i]) : 0;
        width = length > width ? length : width;
    }
    char *cells = room(p, s, width, &status);
    if (!cells)
        return status;
    for (size_t i = 0; i < s->count; ++i)
        if (strings[i])
            memcpy(cells + i * width, strings[i], strlen(strings[i]));
    status = emit_read(p, s, MF_STORE_STRINGS, width, cells);
    free(cells);
    return status;
}

static mf_status read_variable(parser *p, const source *s) {
    mf_status status;
    char **strings = room(p, s, sizeof *strings, &status);
    if (!strings)
        return status;
    if (fetch(s, s->type, strings) < 0)
        status = damaged(p, s->name);
    else if (s->ndim == 0)
        status = emit_bytes(p, s, *strings ? *strings : "", *strings ? strlen(*strings) : 0);
    else
        status = emit_cells(p, s, strings);
    for (size_t i = 0; i < s->count; ++i)
        free(strings[i]); /* the library took them from malloc */
    free(strings);
    return status;
}

static mf_status read_strings(parser *p, const source *s) {
    if (s->ndim > 1)
        return skip(p, s->attribute, s->name, "strings of two dimensions");
    return H5Tis_variable_str(s->type) > 0 ? read_variable(p, s) : read_fixed(p, s);
}

static mf_status read_opaque(parser *p, const source *s) {
    size_t width = H5Tget_size(s->type);
    mf_status status;
    if (s->ndim > 0)
        return skip(p, s->attribute, s->name, "a list of opaque values");
    char *data = room(p, s, width, &status);
    if (data)
        status = fetch(s, s->type, data) < 0 ? damaged(p, s->name)
                                             : emit_read(p, s, MF_STORE_BYTES, width, data);
    free(data);
    return status;
}

static bool is_boolean(hid_t type) {
    hid_t boolean = mf_store_boolean();
    bool equal = H5Tequal(type, boolean) > 0;
    mf_store_release(boolean);
    return equal;
}

static mf_status read_simple(parser *p, const source *s) {
    switch (H5Tget_class(s->type)) {
    case H5T_FLOAT:
        return read_doubles(p, s);
    case H5T_INTEGER:
        return read_integers(p, s);
    case H5T_STRING:
        return read_strings(p, s);
    case H5T_OPAQUE:
        return read_opaque(p, s);
    case H5T_ENUM:
        if (is_boolean(s->type))
            return read_booleans(p, s);
        return skip(p, s->attribute, s->name, "an enumeration");
    case H5T_COMPOUND:
        return skip(p, s->attribute, s->name, "a compound, like complex numbers");
    case H5T_NO_CLASS:
        return damaged(p, s->name);
    default:
        return skip(p, s->attribute, s->name, "of a type without counterpart");
    }
}

/* A value without a value, as h5py.Empty and our strings and bytes of length 0. */
static mf_status read_null(parser *p, const source *s) {
    H5T_class_t class = H5Tget_class(s->type);
    if (class != H5T_STRING && class != H5T_OPAQUE)
        return skip(p, s->attribute, s->name, "without a value");
    return emit_read(p, s, class == H5T_STRING ? MF_STORE_STRING : MF_STORE_BYTES, 0, "");
}

/* Shape first, then by type. */
static mf_status read_source(parser *p, source *s) {
    hsize_t dims[H5S_MAX_RANK] = {0};
    H5S_class_t class = s->space < 0 ? H5S_NO_CLASS : H5Sget_simple_extent_type(s->space);
    if (s->type < 0 || class == H5S_NO_CLASS)
        return damaged(p, s->name);
    if (class == H5S_NULL)
        return read_null(p, s);
    s->ndim = H5Sget_simple_extent_ndims(s->space);
    if (s->ndim < 0 || s->ndim > H5S_MAX_RANK ||
        H5Sget_simple_extent_dims(s->space, dims, NULL) != s->ndim)
        return damaged(p, s->name);
    if (s->ndim > 2)
        return skip(p, s->attribute, s->name, "an array of more than two dimensions");
    s->count = 1;
    for (int i = 0; i < s->ndim; ++i) {
        s->dims[i] = (size_t)dims[i];
        if (__builtin_mul_overflow(s->count, s->dims[i], &s->count))
            return mf_fail(p->err, MF_EFORMAT, "'%s' claims more than the memory", s->name);
    }
    return read_simple(p, s);
}

/* ---- groups --------------------------------------------------------------------------------- */

static mf_status parse_attribute(parser *p, hid_t group, hsize_t i) {
    char name[MF_STORE_NAME] = "";
    hid_t object =
            H5Aopen_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT);
    ssize_t length = object < 0 ? -1 : H5Aget_name(object, sizeof name, name);
    mf_status status;
    if (length < 0) {
        status = damaged(p, "an attribute");
    } else if ((size_t)length >= sizeof name) {
        status = skip(p, true, name, "its name is too long");
    } else {
        source s = {.attribute = true, .name = name, .object = object, .count = 1};
        s.type = H5Aget_type(object);
        s.space = H5Aget_space(object);
        status = read_source(p, &s);
        mf_store_release(s.space);
        mf_store_release(s.type);
    }
    mf_store_release(object);
    return status;
}

/* Why the numbers of a data set cannot be had from this file alone; NULL if they can. */
static const char *elsewhere(hid_t creation) {
    if (H5Pget_layout(creation) == H5D_VIRTUAL)
        return "a view of other files";
    if (H5Pget_layout(creation) == H5D_CONTIGUOUS && H5Pget_external_count(creation) != 0)
        return "its numbers are in another file";
    for (int i = 0, n = H5Pget_nfilters(creation); i < n; ++i) {
        unsigned flags, config;
        size_t values = 0;
        H5Z_filter_t filter =
                H5Pget_filter2(creation, (unsigned)i, &flags, &values, NULL, 0, NULL, &config);
        if (filter < 0 || H5Zfilter_avail(filter) <= 0)
            return "compressed by a method that is not here";
    }
    return NULL;
}

static mf_status parse_dataset(parser *p, hid_t object, const char *name) {
    H5O_info_t info;
    hid_t creation = H5Dget_create_plist(object);
    if (creation < 0 || H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS) < 0) {
        mf_store_release(creation);
        return damaged(p, name);
    }
    const char *reason = elsewhere(creation);
    source s = {.name = name, .object = object, .count = 1, .type = -1, .space = -1};
    mf_status status;
    if (reason) {
        status = skip(p, false, name, reason);
    } else {
        s.type = H5Dget_type(object);
        s.space = H5Dget_space(object);
        status = read_source(p, &s);
    }
    if (status >= 0 && !reason && info.num_attrs > 0)
        status = skip(p, false, name, "its attributes: only those of groups are read");
    mf_store_release(s.space);
    mf_store_release(s.type);
    mf_store_release(creation);
    return status;
}

static mf_status parse_members(parser *p, hid_t group, const char *name);

/* Its members, between two records of its own but for the root. */
static mf_status parse_group(parser *p, hid_t group, const char *name) {
    H5O_info_t info;
    if (H5Oget_info2(group, &info, H5O_INFO_BASIC) < 0)
        return damaged(p, name);
    for (size_t i = 0; i < p->depth; ++i)
        if (p->above[i] == info.addr)
            return skip(p, false, name, "a link to a group that holds it");
    bool inside = p->depth > 0;
    if (p->depth > MF_STORE_DEPTH)
        return mf_fail(p->err, MF_EUNSUPPORTED, "'%s' lies deeper than %d groups", name,
                       MF_STORE_DEPTH);
    p->above[p->depth++] = info.addr;
    mf_status status = MF_OK;
    if (inside)
        status = emit(p, false, name, &(mf_store_value){.kind = MF_STORE_GROUP});
    if (status >= 0)
        status = parse_members(p, group, name);
    if (status >= 0 && inside)
        status = emit(p, false, "", &(mf_store_value){.kind = MF_STORE_LEAVE});
    --p->depth;
    return status;
}

static mf_status parse_object(parser *p, hid_t object, const char *name) {
    switch (H5Iget_type(object)) {
    case H5I_DATASET:
        return parse_dataset(p, object, name);
    case H5I_GROUP:
        return parse_group(p, object, name);
    case H5I_DATATYPE:
        return skip(p, false, name, "a type by itself");
    default:
        return damaged(p, name);
    }
}

static herr_t no_other_file(const char *a, const char *b, const char *c, const char *d,
                            unsigned *flags, hid_t access, void *data) {
    (void)a, (void)b, (void)c, (void)d, (void)flags, (void)access, (void)data;
    return -1;
}

static mf_status parse_link(parser *p, hid_t group, hsize_t i) {
    char name[MF_STORE_NAME] = "";
    H5L_info_t info;
    ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name,
                                        sizeof name, H5P_DEFAULT);
    if (length < 0 ||
        H5Lget_info_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, &info, H5P_DEFAULT) < 0)
        return damaged(p, "the name of a value");
    if ((size_t)length >= sizeof name)
        return skip(p, false, name, "its name is too long");
    if (info.type != H5L_TYPE_HARD && info.type != H5L_TYPE_SOFT)
        return skip(p, false, name, "a link to another file");
    hid_t access = H5Pcreate(H5P_LINK_ACCESS), object = -1;
    if (access >= 0 && H5Pset_elink_cb(access, no_other_file, NULL) >= 0)
        object = H5Oopen_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, access);
    mf_status status;
    if (object >= 0)
        status = parse_object(p, object, name);
    else if (info.type == H5L_TYPE_SOFT)
        status = skip(p, false, name, "a link that leads nowhere in this file");
    else
        status = damaged(p, name);
    mf_store_release(object);
    mf_store_release(access);
    return status;
}

static mf_status parse_members(parser *p, hid_t group, const char *name) {
    H5O_info_t object;
    H5G_info_t info;
    mf_status status = MF_OK;
    if (H5Oget_info2(group, &object, H5O_INFO_NUM_ATTRS) < 0 || H5Gget_info(group, &info) < 0)
        return damaged(p, name);
    for (hsize_t i = 0; status >= 0 && i < object.num_attrs; ++i)
        status = parse_attribute(p, group, i);
    for (hsize_t i = 0; status >= 0 && i < info.nlinks; ++i)
        status = parse_link(p, group, i);
    return status;
}

/* ---- the file ---------------------------------------------------------------------------------- */

static hid_t open_image(const void *image, size_t size) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;
    if (access >= 0 && H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
        H5Pset_fapl_core(access, 1 << 20, 0) >= 0 &&
        H5Pset_file_image(access, (void *)(uintptr_t)image, size) >= 0)
        file = H5Fopen("a file in memory", H5F_ACC_RDONLY, access);
    mf_store_release(access);
    return file;
}

void mf_store_parse(const void *image, size_t size, size_t budget, int fd) {
    mf_error err = {MF_OK, ""};
    parser p = {.fd = fd, .image = size, .budget = budget, .err = &err};
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0); /* no code from elsewhere */
    hid_t file = open_image(image, size), root = -1;
    if (file >= 0)
        root = H5Gopen2(file, "/", H5P_DEFAULT);
    mf_status status = root < 0 ? mf_store_failed(&err, MF_EFORMAT, "damaged: cannot open", "/")
                                : parse_group(&p, root, "/");
    mf_store_record last = {.kind = status < 0 ? MF_STORE_FAILED : MF_STORE_DONE,
                            .width = status < 0 ? (uint64_t)-status : 0,
                            .name = strlen(err.text) + 1};
    if (send(&p, &last, sizeof last) >= 0)
        (void)send(&p, err.text, strlen(err.text) + 1);
    mf_store_release(root);
    if (file >= 0)
        H5Fclose(file);
}
