/* fields.c: named fields in one block of bytes: written without a gap, read without trust. */
#include "fields.h"

#include "checksum.h"

#include <math.h>
#include <string.h>

enum { VERSION = 3, UNIT = 8 };

static const char magic[8] = "MFSTATE";
static const char old_magic[8] = "MFSGD01\n";
static const uint64_t order = 0x0102030405060708u; /* of the bytes of a number */

typedef struct {
    char magic[8];
    uint64_t order, size;
    uint32_t version, unused; /* 0 */
    uint64_t sum;             /* checksum of what is below, to the end */
    char what[16];
    uint64_t reserved;
} header;

typedef struct {
    char name[MF_FIELDS_NAME];
    char kind[UNIT]; /* "double", "integer", "text" */
    uint64_t rows, cols;
} entry;

_Static_assert(sizeof(header) == MF_FIELDS_HEAD, "no padding");
_Static_assert(sizeof(entry) == MF_FIELDS_NAME + 3 * UNIT, "no padding");

static uint64_t checksum(const char *block, size_t size) {
    return mf_checksum(block + offsetof(header, what), size - offsetof(header, what));
}

static size_t padded(size_t bytes) {
    return (bytes + UNIT - 1) / UNIT * UNIT;
}

/* ---- writing ------------------------------------------------------------------------------- */

mf_fields_writer mf_fields_begin(void *out) {
    return (mf_fields_writer){out, sizeof(header)};
}

static void *put(mf_fields_writer *w, const char *name, const char *kind, size_t rows, size_t cols,
                 size_t bytes) {
    entry e = {.rows = rows, .cols = cols};
    size_t at = w->used + sizeof e;
    memcpy(e.name, name, strnlen(name, sizeof e.name - 1)); /* a longer one is not found again */
    memcpy(e.kind, kind, strlen(kind));
    w->used = at + padded(bytes);
    if (!w->out)
        return NULL;
    memcpy(w->out + at - sizeof e, &e, sizeof e);
    memset(w->out + at, 0, padded(bytes));
    return w->out + at;
}

double *mf_fields_room(mf_fields_writer *w, const char *name, size_t rows, size_t cols) {
    return put(w, name, "double", rows, cols, rows * cols * sizeof(double));
}

void mf_fields_doubles(mf_fields_writer *w, const char *name, size_t n, const double *x) {
    double *room = mf_fields_room(w, name, n, 1);
    if (room && n > 0)
        memcpy(room, x, n * sizeof *x);
}

void mf_fields_double(mf_fields_writer *w, const char *name, double x) {
    mf_fields_doubles(w, name, 1, &x);
}

void mf_fields_integer(mf_fields_writer *w, const char *name, int64_t x) {
    void *room = put(w, name, "integer", 1, 1, sizeof x);
    if (room)
        memcpy(room, &x, sizeof x);
}

void mf_fields_text(mf_fields_writer *w, const char *name, const char *text) {
    void *room = put(w, name, "text", strlen(text) + 1, 1, strlen(text) + 1);
    if (room)
        memcpy(room, text, strlen(text));
}

size_t mf_fields_end(mf_fields_writer *w, const char *what) {
    header head = {.order = order, .size = w->used, .version = VERSION};
    if (!w->out)
        return w->used;
    memcpy(head.magic, magic, sizeof magic);
    memcpy(head.what, what, strnlen(what, sizeof head.what - 1));
    memcpy(w->out, &head, sizeof head);
    head.sum = checksum(w->out, w->used);
    memcpy(w->out, &head, sizeof head);
    return w->used;
}

/* ---- reading ------------------------------------------------------------------------------- */

mf_status mf_fields_look(const void *data, size_t size, uint64_t file_size, const char *what,
                         mf_error *err) {
    header head = {.version = 0};
    memcpy(&head, data, size < sizeof head ? size : sizeof head);
    if (size >= sizeof old_magic && memcmp(data, old_magic, sizeof old_magic) == 0)
        return mf_fail(err, MF_EFORMAT, "a checkpoint of version 1; this program reads version %d",
                       VERSION);
    if (size < sizeof magic || memcmp(head.magic, magic, sizeof magic) != 0)
        return mf_fail(err, MF_EFORMAT, "not a checkpoint");
    if (size < sizeof head || head.size != file_size)
        return mf_fail(err, MF_EFORMAT, "the checkpoint is damaged or cut short");
    if (head.order != order)
        return mf_fail(err, MF_EFORMAT, "a checkpoint of a machine with another order of bytes");
    if (head.version != VERSION)
        return mf_fail(err, MF_EFORMAT, "a checkpoint of version %u; this program reads version %d",
                       head.version, VERSION);
    if (strncmp(head.what, what, sizeof head.what) != 0)
        return mf_fail(err, MF_EFORMAT, "a checkpoint of another kind ('%.15s'), not of %s",
                       head.what, what);
    return MF_OK;
}

/* The field at offset `at`, and where the next one starts; false if it does not fit. */
static bool field_at(const char *data, size_t size, size_t at, entry *e, size_t *next) {
    size_t count, bytes;
    if (size - at < sizeof *e)
        return false;
    memcpy(e, data + at, sizeof *e);
    bool text = strcmp(e->kind, "text") == 0;
    if (e->name[sizeof e->name - 1] || e->kind[sizeof e->kind - 1] ||
        __builtin_mul_overflow(e->rows, e->cols, &count) ||
        __builtin_mul_overflow(count, text ? 1 : sizeof(double), &bytes) ||
        bytes > size - at - sizeof *e || padded(bytes) > size - at - sizeof *e)
        return false;
    *next = at + sizeof *e + padded(bytes);
    return !text || (bytes > 0 && data[at + sizeof *e + bytes - 1] == '\0');
}

mf_status mf_fields_open(mf_fields *f, const void *data, size_t size, const char *what,
                         mf_error *err) {
    header head;
    entry e;
    *f = (mf_fields){data, size, MF_OK, err};
    mf_status status = mf_fields_look(data, size, size, what, err);
    if (status < 0)
        return status;
    memcpy(&head, data, sizeof head);
    if (head.unused != 0 || head.sum != checksum(data, size))
        return mf_fail(err, MF_EFORMAT, "the checkpoint is damaged or cut short");
    for (size_t at = sizeof head; at < size;)
        if (!field_at(f->data, size, at, &e, &at))
            return mf_fail(err, MF_EFORMAT, "the checkpoint holds a field that makes no sense");
    return MF_OK;
}

void mf_fields_require(mf_fields *f, const char *name, bool holds) {
    if (!holds && f->status >= 0)
        f->status = mf_fail(f->err, MF_EFORMAT,
                            "the checkpoint's field '%s' is missing or makes no sense", name);
}

bool mf_fields_has(const mf_fields *f, const char *name) {
    entry e;
    size_t next;
    for (size_t at = sizeof(header); at < f->size && field_at(f->data, f->size, at, &e, &next);
         at = next)
        if (strcmp(e.name, name) == 0)
            return true;
    return false;
}

/* Data of the field of that name and kind; NULL and a fault if there is none. */
static const void *find(mf_fields *f, const char *name, const char *kind, entry *e) {
    size_t next;
    for (size_t at = sizeof(header); at < f->size && field_at(f->data, f->size, at, e, &next);
         at = next)
        if (strcmp(e->name, name) == 0 && strcmp(e->kind, kind) == 0)
            return f->data + at + sizeof *e;
    mf_fields_require(f, name, false);
    return NULL;
}

/* rows x cols of them, all finite. */
static const double *doubles(mf_fields *f, const char *name, const entry *e, const double *x) {
    for (size_t i = 0; x && i < e->rows * e->cols; ++i)
        if (!isfinite(x[i])) {
            mf_fields_require(f, name, false);
            return NULL;
        }
    return x;
}

static const double *shaped(mf_fields *f, const char *name, size_t rows, size_t cols, entry *e) {
    const double *x = find(f, name, "double", e);
    bool fine = x && e->rows == rows && e->cols == cols;
    mf_fields_require(f, name, fine);
    return fine ? x : NULL;
}

const double *mf_fields_find(mf_fields *f, const char *name, size_t rows, size_t cols) {
    entry e;
    return doubles(f, name, &e, shaped(f, name, rows, cols, &e));
}

const double *mf_fields_extended(mf_fields *f, const char *name, size_t rows, size_t cols) {
    entry e;
    const double *x = shaped(f, name, rows, cols, &e);
    for (size_t i = 0; x && i < rows * cols; ++i)
        if (isnan(x[i])) {
            mf_fields_require(f, name, false);
            return NULL;
        }
    return x;
}

const double *mf_fields_list(mf_fields *f, const char *name, size_t low, size_t high, size_t *n) {
    entry e;
    const double *x = find(f, name, "double", &e);
    *n = 0;
    if (x && (e.cols != 1 || e.rows < low || e.rows > high)) {
        mf_fields_require(f, name, false);
        return NULL;
    }
    x = doubles(f, name, &e, x);
    *n = x ? e.rows : 0;
    return x;
}

double mf_fields_number(mf_fields *f, const char *name, double low, double high) {
    entry e;
    const double *x = find(f, name, "double", &e);
    bool fine = x && e.rows == 1 && e.cols == 1 && *x >= low && *x <= high;
    mf_fields_require(f, name, fine);
    return fine ? *x : low;
}

int64_t mf_fields_count(mf_fields *f, const char *name, int64_t low, int64_t high) {
    entry e;
    const int64_t *x = find(f, name, "integer", &e);
    bool fine = x && e.rows == 1 && e.cols == 1 && *x >= low && *x <= high;
    mf_fields_require(f, name, fine);
    return fine ? *x : low;
}

bool mf_fields_flag(mf_fields *f, const char *name) {
    return mf_fields_count(f, name, 0, 1) == 1;
}

const char *mf_fields_string(mf_fields *f, const char *name) {
    entry e;
    const char *text = find(f, name, "text", &e);
    return text ? text : "";
}

int mf_fields_choice(mf_fields *f, const char *name, const char *const *list) {
    const char *text = mf_fields_string(f, name);
    for (int i = 0; list[i]; ++i)
        if (strcmp(list[i], text) == 0)
            return i;
    mf_fields_require(f, name, false);
    return 0;
}
