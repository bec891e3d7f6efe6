/* checkpoint.c: an SGD run as bytes: header, spec, what the spec points at, state at `base`.
 *
 * Numbers are in the machine's own format: a checkpoint belongs to one build and one kind of
 * machine, as the bits of a run do. The header says how long the whole is and carries the
 * CRC-32 of all that follows it, so a cut or damaged file is known before it is believed.   */
#include "state.h"

#include <stddef.h>
#include <string.h>

typedef struct {
    char magic[8];
    uint64_t size; /* of all, header included */
    uint32_t spec_size, crc;
    /* from here on under the checksum */
    uint64_t k, base;
    double yhat;
    char law[32]; /* its operations' name */
} header;

static const char magic[8] = "MFSGD02\n";

/* CRC-32 (IEEE 802.3), bit by bit over a table of 256. */
static uint32_t crc32(const unsigned char *data, size_t n) {
    uint32_t table[256], crc = 0xFFFFFFFFu;
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; ++bit)
            c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    for (size_t i = 0; i < n; ++i)
        crc = table[(crc ^ data[i]) & 0xFF] ^ crc >> 8;
    return crc ^ 0xFFFFFFFFu;
}

static uint32_t checksum(const void *data, size_t size) {
    const size_t from = offsetof(header, k);
    return crc32((const unsigned char *)data + from, size - from);
}

/* Bytes of one number a neuron and coordinate of the workspace's arrays. */
static size_t strip(const mf_sgd *w) {
    return w->job.panels * w->lanes * (w->single ? sizeof(float) : sizeof(double));
}

size_t mf_sgd_packed_bytes(const mf_sgd *w) {
    return sizeof(header) + sizeof w->spec + w->spec.law.numbers * sizeof(double) +
           mf_sgd_table_bytes(&w->spec.sigma) + strip(w) * (w->job.Dp + (w->job.affine ? 1 : 0));
}

static char *put(char *to, const void *from, size_t n) {
    if (n > 0)
        memcpy(to, from, n);
    return to + n;
}

void mf_sgd_pack(const mf_sgd *w, void *out) {
    char *start = out, *to = start + sizeof(header);
    header head = {.size = mf_sgd_packed_bytes(w),
                   .spec_size = sizeof w->spec,
                   .k = w->k,
                   .base = w->base,
                   .yhat = w->yhat};
    memcpy(head.magic, magic, sizeof magic);
    strncpy(head.law, w->spec.law.ops->name, sizeof head.law - 1);
    mf_sgd_spec spec = w->spec; /* files hold no addresses */
    spec.law.ops = NULL;
    spec.law.number = NULL;
    spec.sigma.table = NULL;
    to = put(to, &spec, sizeof spec);
    to = put(to, w->law, w->spec.law.numbers * sizeof(double));
    to = put(to, w->table, mf_sgd_table_bytes(&w->spec.sigma));
    to = put(to, w->job.W, strip(w) * w->job.Dp);
    put(to, w->a_start, w->job.affine ? strip(w) : 0);
    memcpy(start, &head, sizeof head);
    head.crc = checksum(start, head.size);
    memcpy(start, &head, sizeof head);
}

/* Checks the file and points spec into it. */
static mf_status open_pack(const void *data, size_t size, header *head, mf_sgd_spec *spec,
                           const char **state, mf_error *err) {
    const char *from = data;
    if (size < sizeof magic || memcmp(data, magic, sizeof magic) != 0)
        return mf_fail(err, MF_EFORMAT, "not an SGD checkpoint of this version");
    memcpy(head, data, size < sizeof *head ? size : sizeof *head);
    if (size < sizeof *head || head->size != size || head->spec_size != sizeof *spec ||
        size < sizeof *head + sizeof *spec || head->crc != checksum(data, size))
        return mf_fail(err, MF_EFORMAT, "the SGD checkpoint is damaged or cut short");
    memcpy(spec, from + sizeof *head, sizeof *spec);
    const char *arrays = from + sizeof *head + sizeof *spec;
    spec->law.ops = mf_law_find(head->law);
    if (!spec->law.ops)
        return mf_fail(err, MF_EFORMAT, "the SGD checkpoint has an unknown law of (x, y)");
    if (spec->law.numbers)
        spec->law.number = (const double *)(const void *)arrays;
    arrays += spec->law.numbers * sizeof(double);
    if (spec->sigma.kind == MF_ACT_TABLE)
        spec->sigma.table = (const mf_activation_table *)(const void *)arrays;
    *state = arrays + mf_sgd_table_bytes(&spec->sigma);
    return MF_OK;
}

mf_status mf_sgd_unpack_size(const void *data, size_t size, size_t *bytes, mf_error *err) {
    header head;
    mf_sgd_spec spec;
    const char *state;
    mf_status status = open_pack(data, size, &head, &spec, &state, err);
    if (status >= 0)
        *bytes = mf_sgd_bytes(&spec);
    return status;
}

mf_status mf_sgd_unpack(const void *data, size_t size, void *mem, mf_sgd **out, uint64_t *k,
                        mf_error *err) {
    header head;
    mf_sgd_spec spec;
    const char *state;
    mf_status status = open_pack(data, size, &head, &spec, &state, err);
    if (status < 0)
        return status;
    mf_sgd *w = *out = mf_sgd_init(mem, &spec);
    w->k = w->base = head.base;
    w->yhat = head.yhat;
    *k = head.k;
    memcpy(w->job.W, state, strip(w) * w->job.Dp);
    if (w->job.affine) {
        memcpy(w->a_start, state + strip(w) * w->job.Dp, strip(w));
        memcpy(w->job.a, w->a_start, strip(w));
    }
    return MF_OK;
}
