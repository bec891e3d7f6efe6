/* npy.c: a head that is a Python dictionary in text, then the numbers. Nothing in it is believed. */
#include "npy.h"

#include "file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char MAGIC[] = "\x93NUMPY";
enum { MAGIC_SIZE = 6, HEAD_MAX = 4096 };

bool mf_npy_is(const char *path) {
    mf_file file;
    bool is = mf_file_open(&file, path, MAGIC, MAGIC_SIZE, NULL) >= 0;
    mf_file_close(&file);
    return is;
}

static size_t little(const unsigned char *at, size_t n) {
    size_t value = 0;
    for (size_t i = n; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

/* What follows 'key': in the dictionary; NULL if it is not there. */
static const char *find(const char *head, const char *key) {
    const char *at = strstr(head, key);
    if (!at)
        return NULL;
    at += strlen(key);
    return at + strspn(at, " ");
}

/* "<f8": byte order, kind, width. */
static mf_status read_type(mf_npy *a, const char *head, mf_error *err) {
    const char *at = find(head, "'descr':"), *end;
    if (!at)
        return mf_fail(err, MF_EFORMAT, "its head has no 'descr'");
    if (*at != '\'' || !(end = strchr(++at, '\'')) || end - at != 3 || !strchr("<>|=", at[0]))
        return mf_fail(err, MF_EFORMAT, "its elements are no plain numbers: %.40s", at);
    a->kind = at[1];
    a->width = (size_t)(at[2] - '0');
    a->swapped = at[0] == '>';
    bool power = a->width == 1 || a->width == 2 || a->width == 4 || a->width == 8;
    bool known = (a->kind == 'f' && (a->width == 4 || a->width == 8)) ||
                 ((a->kind == 'i' || a->kind == 'u') && power) || (a->kind == 'b' && a->width == 1);
    return known ? MF_OK
                 : mf_fail(err, MF_EFORMAT, "its elements have the type '%.3s', which is not read",
                           at);
}

/* "(3, 2)", "(3,)". */
static mf_status read_shape(mf_npy *a, const char *head, mf_error *err) {
    const char *at = find(head, "'shape':");
    size_t size[2] = {1, 1}, n = 0;
    for (at = at && *at == '(' ? at + 1 : NULL; at && *at != ')'; ++n) {
        char *end;
        at += strspn(at, ", ");
        if (*at == ')')
            break;
        unsigned long long value = strtoull(at, &end, 10);
        if (end == at || *at == '-' || value > SIZE_MAX / 64)
            return mf_fail(err, MF_EFORMAT, "its head has a shape that makes no sense");
        if (n < 2)
            size[n] = (size_t)value;
        at = end;
    }
    if (!at || n < 1 || n > 2)
        return mf_fail(err, MF_EFORMAT, "it has %zu dimensions, 1 or 2 are read", n);
    a->vector = n == 1;
    a->rows = size[0];
    a->columns = size[1];
    return MF_OK;
}

static mf_status read_order(mf_npy *a, const char *head, mf_error *err) {
    const char *at = find(head, "'fortran_order':");
    if (!at || (strncmp(at, "True", 4) != 0 && strncmp(at, "False", 5) != 0))
        return mf_fail(err, MF_EFORMAT, "its head does not say whether it is in 'fortran_order'");
    a->by_columns = *at == 'T';
    return MF_OK;
}

/* Copies the head's text; *start is where the numbers begin. */
static mf_status read_head(const char *bytes, size_t size, char head[HEAD_MAX + 1], size_t *start,
                           mf_error *err) {
    const unsigned char *at = (const unsigned char *)bytes;
    if (size < MAGIC_SIZE || memcmp(bytes, MAGIC, MAGIC_SIZE) != 0)
        return mf_fail(err, MF_EFORMAT, "not a file of numpy.save");
    size_t length_size = size > MAGIC_SIZE && at[MAGIC_SIZE] == 1 ? 2 : 4, first = 8 + length_size;
    size_t length = size >= first ? little(at + 8, length_size) : 0;
    if (length == 0 || length > HEAD_MAX || size < first + length)
        return mf_fail(err, MF_EFORMAT, "its head is cut short");
    memcpy(head, bytes + first, length);
    head[length] = '\0';
    *start = first + length;
    return MF_OK;
}

mf_status mf_npy_parse(mf_npy *a, char *bytes, size_t size, mf_error *err) {
    char head[HEAD_MAX + 1];
    size_t start = 0;
    *a = (mf_npy){.bytes = bytes};
    mf_status status = read_head(bytes, size, head, &start, err);
    if (status >= 0)
        status = read_type(a, head, err);
    if (status >= 0)
        status = read_shape(a, head, err);
    if (status >= 0)
        status = read_order(a, head, err);
    if (status < 0)
        return status;
    size_t there = size - start;
    if ((double)a->rows * (double)a->columns * (double)a->width != (double)there)
        return mf_fail(err, MF_EFORMAT,
                       "%zu x %zu elements of %zu bytes are promised, %zu bytes are there", a->rows,
                       a->columns, a->width, there);
    a->data = (const unsigned char *)bytes + start;
    return MF_OK;
}

mf_status mf_npy_open(mf_npy *a, const char *path, mf_error *err) {
    mf_file file;
    char *bytes = NULL;
    *a = (mf_npy){0};
    mf_status status = mf_file_open(&file, path, "", 0, err);
    if (status < 0)
        return status;
    if (!(bytes = malloc(file.size + 1)))
        status = mf_fail(err, MF_ENOMEM, "no memory for its %zu bytes", file.size);
    if (status >= 0)
        status = mf_file_read(&file, path, 0, bytes, file.size, err);
    size_t size = file.size;
    mf_file_close(&file);
    if (status >= 0)
        return mf_npy_parse(a, bytes, size, err);
    free(bytes);
    return status;
}

void mf_npy_close(mf_npy *a) {
    free(a->bytes);
    *a = (mf_npy){0};
}

double mf_npy_get(const mf_npy *a, size_t row, size_t column) {
    size_t index = a->by_columns ? column * a->rows + row : row * a->columns + column;
    unsigned char bytes[8] = {0};
    for (size_t i = 0; i < a->width; ++i)
        bytes[a->swapped ? a->width - 1 - i : i] = a->data[index * a->width + i];
    uint64_t bits = 0;
    memcpy(&bits, bytes, sizeof bits);
    if (a->kind == 'f' && a->width == 8) {
        double x;
        memcpy(&x, bytes, sizeof x);
        return x;
    }
    if (a->kind == 'f') {
        float x;
        memcpy(&x, bytes, sizeof x);
        return (double)x;
    }
    if (a->kind == 'b')
        return bits != 0;
    if (a->kind == 'u')
        return (double)bits;
    uint64_t sign = (uint64_t)1 << (8 * a->width - 1);
    return bits & sign ? -(double)(sign - (bits & (sign - 1))) : (double)bits;
}
