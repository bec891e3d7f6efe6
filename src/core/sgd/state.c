/* state.c: an SGD workspace's small change: precision, transposes. */
#include "state.h"

#include <string.h>

const void *mf_sgd_draw(const mf_sgd *w, mf_key key, uint64_t draw, size_t n, double *room) {
    mf_rng_normals(key, draw, n, room);
    if (w->single) /* each float lands at or before the double it comes from */
        for (size_t i = 0; i < n; ++i) {
            float value = (float)room[i];
            memcpy((char *)room + i * sizeof value, &value, sizeof value);
        }
    return room;
}

enum { TILE = 8 };

#define TRANSPOSE(real)                                                                            \
    do {                                                                                           \
        real *out = XT;                                                                            \
        for (size_t c0 = 0; c0 < d; c0 += TILE)                                                    \
            for (size_t k = 0; k < n; ++k)                                                         \
                for (size_t c = c0; c < d && c < c0 + TILE; ++c)                                   \
                    out[c * ldk + k] = (real)X[k * d + c];                                         \
    } while (0)

void mf_sgd_transpose(const mf_sgd *w, const double *restrict X, size_t n, void *restrict XT) {
    size_t d = w->spec.law.d, ldk = w->job.ldk;
    if (w->single)
        TRANSPOSE(float);
    else
        TRANSPOSE(double);
}

void mf_sgd_scale(const mf_sgd *w, void *out, size_t at, const double *x, size_t n, double factor) {
    if (w->single) {
        float *row = (float *)out + at;
        for (size_t i = 0; i < n; ++i)
            row[i] = (float)(factor * (x ? x[i] : (double)row[i]));
    } else {
        double *row = (double *)out + at;
        for (size_t i = 0; i < n; ++i)
            row[i] = factor * (x ? x[i] : row[i]);
    }
}

size_t mf_sgd_table_bytes(const mf_activation *sigma) {
    if (sigma->kind != MF_ACT_TABLE)
        return 0;
    return sizeof *sigma->table +
           (sigma->table->panels * (MF_TABLE_DEGREE + 2) + 1) * sizeof(double);
}
