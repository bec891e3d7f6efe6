/* state.c: an SGD workspace's small change: precision, transposes, copies of laws. */
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

/* ---- laws and activations that a workspace owns ------------------------------------------- */

static size_t basis_size(const mf_distribution *law) {
    return law->kind == MF_LAW_ANISOTROPIC && law->basis ? law->s0 * law->d : 0;
}

static size_t mixture_size(const mf_distribution *law) {
    return law->kind == MF_LAW_MIXTURE ? law->components * (2 + law->d + law->d * law->d) : 0;
}

size_t mf_sgd_law_bytes(const mf_distribution *law) {
    return (basis_size(law) + mixture_size(law)) * sizeof(double);
}

static void attach(const double **field, const double **at, size_t n) {
    *field = *at;
    *at += n;
}

void mf_sgd_law_attach(mf_distribution *law, const double *at) {
    size_t n = law->components, d = law->d;
    if (basis_size(law))
        attach(&law->basis, &at, law->s0 * d);
    if (mixture_size(law)) {
        attach(&law->cumulative, &at, n);
        attach(&law->label, &at, n);
        attach(&law->mean, &at, n * d);
        attach(&law->factor, &at, n * d * d);
    }
}

void mf_sgd_law_copy(mf_distribution *law, void *arrays) {
    double *to = arrays;
    size_t n = law->components, d = law->d;
    if (basis_size(law))
        memcpy(to, law->basis, mf_sgd_law_bytes(law));
    if (mixture_size(law)) {
        memcpy(to, law->cumulative, n * sizeof *to);
        memcpy(to + n, law->label, n * sizeof *to);
        memcpy(to + 2 * n, law->mean, n * d * sizeof *to);
        memcpy(to + 2 * n + n * d, law->factor, n * d * d * sizeof *to);
    }
    mf_sgd_law_attach(law, arrays);
}

size_t mf_sgd_table_bytes(const mf_activation *sigma) {
    if (sigma->kind != MF_ACT_TABLE)
        return 0;
    return sizeof *sigma->table +
           (sigma->table->panels * (MF_TABLE_DEGREE + 2) + 1) * sizeof(double);
}
