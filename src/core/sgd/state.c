/* state.c: the workspace of an SGD run: its layout, its start, its weights at any step; and its
 * small change, precision and transposes.                                                   */
#include "state.h"

#include "core/model/dataset.h"
#include "noise.h"
#include "step.h"

#include <string.h>

/* A plain step within which the flag has to be looked at. */
static bool is_long(const mf_sgd *w) {
    double numbers = (double)w->spec.N * (double)w->job.D * (double)w->spec.batch;
    return w->spec.algorithm == MF_SGD_PLAIN && w->spec.batch > 1 &&
           4 * numbers > MF_SGD_POLL_FLOPS;
}

/* The sections of the workspace, in order. With mem == NULL only sizes are added up. */
static size_t lay_out(mf_sgd *w, char *mem) {
    const mf_sgd_spec *spec = &w->spec;
    mf_sgd_job *job = &w->job;
    bool blocked = spec->algorithm == MF_SGD_BLOCKED, noisy = mf_sgd_is_noisy(spec);
    bool momentum = spec->momentum > 0, masses = spec->birth_death > 0;
    size_t real = w->single ? sizeof(float) : sizeof(double), used = 0;
    size_t strip = mf_sgd_strip(w), d = spec->law.d, block = spec->block;
    size_t matrix = strip * job->Dp * (momentum ? 2 : 1), row = strip * (momentum ? 2 : 1);
    bool learns_a = job->affine && mf_sgd_learns(spec, MF_GROUP_A);
#define SECTION(pointer, bytes)                                                                    \
    do {                                                                                           \
        size_t size_ = (bytes);                                                                    \
        if (mem && size_ > 0)                                                                      \
            (pointer) = (void *)(mem + used);                                                      \
        used += mf_sgd_round_up(size_, 64);                                                        \
    } while (0)
    used = mf_sgd_round_up(sizeof *w, 64);
    SECTION(w->law, spec->law.numbers * sizeof(double));
    SECTION(w->deck, mf_law_deck_bytes(&spec->law));
    SECTION(w->table, mf_sgd_table_bytes(&spec->sigma));
    SECTION(w->loss, mf_loss_bytes(&spec->loss));
    SECTION(job->W, matrix);
    SECTION(job->a, job->affine ? row : 0);
    SECTION(w->a_start, job->affine ? row : 0);
    SECTION(w->mass, masses ? 2 * spec->N * sizeof(double) : 0);
    SECTION(w->mass_start, masses ? 2 * spec->N * sizeof(double) : 0);
    SECTION(job->output, job->keeps_output ? strip : 0);
    SECTION(job->P, strip * job->Bp);
    SECTION(w->S_old, blocked ? strip * job->Bp : 0);
    SECTION(w->a_step, learns_a && spec->batch > 1 ? strip : 0);
    SECTION(w->W_step, is_long(w) ? matrix : 0);
    SECTION(w->a_before, is_long(w) && learns_a ? row : 0);
    SECTION(w->X, block * d * sizeof(double));
    SECTION(w->y, block * sizeof(double));
    SECTION(w->s, block * sizeof(double));
    SECTION(w->gains, blocked && !momentum ? 0 : block * sizeof(double));
    SECTION(w->X_old, (blocked ? block : 1) * job->Dp * real);
    SECTION(w->X_velocity, blocked && momentum ? block * job->Dp * real : 0);
    SECTION(w->travelled, blocked && momentum ? (block + 1) * sizeof(double) : 0);
    SECTION(w->XT, blocked ? job->Dp * job->ldk * real : 0);
    SECTION(w->gram, blocked ? job->Bp * job->ldk * real : 0);
    SECTION(job->sums, w->chunks * sizeof(double));
    SECTION(job->reached, w->chunks * sizeof(double));
    SECTION(w->scratch, blocked ? w->lanes * job->Dp * real : 0);
    SECTION(w->normals, noisy ? (job->Dp + job->panels + block) * w->lanes * sizeof(double) : 0);
    if (noisy && blocked) {
        SECTION(w->noise, mf_sgd_noise_bytes(block, w->lanes));
        SECTION(w->xi, strip * job->Dp);
        SECTION(w->zeta, strip * job->Bp);
        SECTION(w->LT, job->Bp * job->ldk * real);
    }
    SECTION(w->XT_xi, blocked && (noisy || momentum) ? job->Dp * job->ldk * real : 0);
#undef SECTION
    return used;
}

/* sigma as slope * z + offset on each segment. */
static void make_response(mf_sgd_response *r, const mf_activation *sigma) {
    r->sigma = sigma;
    if (sigma->kind != MF_ACT_PIECEWISE)
        return;
    size_t n = r->knots = sigma->knots;
    for (size_t i = 0; i <= n; ++i) {
        size_t anchor = i ? i - 1 : 0;
        r->slope[i] = i == 0   ? sigma->slope_left
                      : i == n ? sigma->slope_right
                               : (sigma->s[i] - sigma->s[i - 1]) / (sigma->t[i] - sigma->t[i - 1]);
        r->offset[i] = sigma->s[anchor] - r->slope[i] * sigma->t[anchor];
        if (i < n)
            r->knot[i] = sigma->t[i];
    }
}

static void describe(mf_sgd *w, const mf_sgd_spec *spec) {
    mf_sgd_job *job = &w->job;
    w->spec = *spec;
    w->single = spec->precision == MF_SINGLE;
    w->lanes = w->single ? MF_SGD_LANES_F : MF_SGD_LANES_D;
    if (spec->algorithm == MF_SGD_PLAIN && mf_sgd_is_thin(spec))
        w->lanes = 1;
    job->affine = spec->neuron == MF_NEURON_AFFINE;
    job->keeps_output = (job->affine && mf_sgd_learns(spec, MF_GROUP_A)) || spec->birth_death > 0;
    job->N = spec->N;
    job->panels = mf_sgd_round_up(spec->N, w->lanes) / w->lanes;
    job->D = spec->law.d + (job->affine ? 1 : 0);
    job->moving = spec->law.d + (job->affine && mf_sgd_learns(spec, MF_GROUP_B) ? 1 : 0);
    job->Dp = mf_sgd_round_up(job->D, MF_SGD_COLUMNS);
    job->Bp = mf_sgd_round_up(spec->block, MF_SGD_COLUMNS);
    job->ldk = mf_sgd_round_up(spec->block, w->lanes);
    job->decay = job->scale = job->offset_decay = 1;
    w->chunks = mf_sgd_round_up(job->panels, MF_SGD_CHUNK) / MF_SGD_CHUNK;
}

size_t mf_sgd_bytes(const mf_sgd_spec *spec) {
    double numbers =
            ((double)spec->N + 160) * (4 * (double)spec->law.d + 1000 + (double)spec->batch) +
            (double)spec->law.numbers;
    if (numbers > 0x1p47) /* a petabyte */
        return 0;
    mf_sgd w = {0};
    describe(&w, spec);
    return lay_out(&w, NULL);
}

mf_sgd *mf_sgd_init(void *mem, const mf_sgd_spec *spec) {
    mf_sgd *w = mem;
    describe(w, spec);
    lay_out(w, mem);
    if (spec->law.numbers) {
        memcpy(w->law, spec->law.number, spec->law.numbers * sizeof *w->law);
        w->spec.law.number = w->law;
    }
    w->spec.law.deck = w->deck;
    if (spec->sigma.table) {
        memcpy(w->table, spec->sigma.table, mf_sgd_table_bytes(&spec->sigma));
        w->spec.sigma.table = w->table;
    }
    if (spec->loss.table) {
        memcpy(w->loss, spec->loss.table, mf_loss_bytes(&spec->loss));
        w->spec.loss.table = w->loss;
    }
    make_response(&w->job.response, &w->spec.sigma);
    if (w->noise)
        mf_sgd_noise_init(w->noise, spec->block, spec->batch);
    for (size_t n = 0; w->travelled && n < spec->block; ++n)
        w->travelled[n + 1] = 1 + spec->momentum * w->travelled[n];
    for (size_t i = 0; w->mass && i < spec->N; ++i)
        w->mass[i] = w->mass_start[i] = 1 / (double)spec->N;
    if (w->job.affine)
        for (size_t i = 0; i < spec->N; ++i) {
            mf_sgd_put(w, w->job.a, i, 1);
            mf_sgd_put(w, w->a_start, i, 1);
        }
    return w;
}

void mf_sgd_set(mf_sgd *w, size_t i, const double *values, double a, double b) {
    if (w->k != 0 || i >= w->spec.N)
        return;
    size_t d = w->spec.law.d;
    for (size_t c = 0; c < d; ++c)
        mf_sgd_put(w, w->job.W, mf_sgd_at(w, i, c), values[c]);
    if (!w->job.affine)
        return;
    mf_sgd_put(w, w->job.W, mf_sgd_at(w, i, d), b);
    mf_sgd_put(w, w->job.a, i, a);
    mf_sgd_put(w, w->a_start, i, a);
}

const mf_sgd_spec *mf_sgd_spec_of(const mf_sgd *w) {
    return &w->spec;
}

uint64_t mf_sgd_k(const mf_sgd *w) {
    return w->k;
}

double mf_sgd_yhat(const mf_sgd *w) {
    return w->yhat;
}

void mf_sgd_weights(mf_sgd *w, double *out, size_t ld, double *a, double *b) {
    size_t d = w->spec.law.d, N = w->spec.N;
    for (size_t p = 0; p < w->job.panels; ++p) {
        const void *now = mf_sgd_panel(w, p);
        for (size_t i = p * w->lanes; i < (p + 1) * w->lanes && i < N; ++i) {
            size_t lane = i - p * w->lanes;
            for (size_t c = 0; c < d; ++c)
                out[c * ld + i] = mf_sgd_get(w, now, c * w->lanes + lane);
            if (a)
                a[i] = w->job.affine ? mf_sgd_get(w, w->job.a, i) : 1;
            if (b)
                b[i] = w->job.affine ? mf_sgd_get(w, now, d * w->lanes + lane) : 0;
        }
    }
}

const double *mf_sgd_masses(const mf_sgd *w) {
    return w->mass;
}

/* ---- small change ---------------------------------------------------------------------------- */

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

#define ADD(real)                                                                                  \
    do {                                                                                           \
        real *restrict to = (real *)out + at;                                                      \
        const real *restrict add = (const real *)x + from;                                         \
        for (size_t i = 0; i < n; ++i)                                                             \
            to[i] += (real)factor * add[i];                                                        \
    } while (0)

void mf_sgd_add(const mf_sgd *w, void *out, size_t at, const void *x, size_t from, size_t n,
                double factor) {
    if (w->single)
        ADD(float);
    else
        ADD(double);
}

size_t mf_sgd_table_bytes(const mf_activation *sigma) {
    if (sigma->kind != MF_ACT_TABLE)
        return 0;
    return sizeof *sigma->table +
           (sigma->table->panels * (MF_TABLE_DEGREE + 2) + 1) * sizeof(double);
}
