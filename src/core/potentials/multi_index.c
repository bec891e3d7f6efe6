/* multi_index.c: weighted nodes in R^k, smoothed by the part of w across U.
 *
 * Nodes are numbered block by block, a block being whole orbits, image by image: node (image, orbit) of a
 * block of `count` orbits from node `base` on is base + image * count + orbit. Feature (i, n) is number
 * i * nodes + n. Work is done on the sums over j, "raw" ones (order by order), which an orthogonal matrix
 * Q_ij = sqrt(v_i) l_j(rho_i) turns into features.                                                */
#include "multi_index.h"

#include "core/base/block.h"
#include "core/base/gauss.h"
#include "core/base/parallel.h"
#include "core/base/special.h"
#include "core/network/risk.h"
#include "smooth.h"
#include "zonal.h"

#include <gsl/gsl_cblas.h>
#include <gsl/gsl_qrng.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    AXES = MF_INDEX_AXES,
    ORDERS = MF_SMOOTH_ORDERS,
    ROW = MF_SMOOTH_ROW,
    CHUNK = 16, /* particles a chunk, more where there would be too many chunks */
    CHUNKS_MAX = 64,
    SUMS_MAX = 1 << 22, /* numbers in all chunks' sums                                  */
    FEWEST = 6,         /* dimensions across U below which there is no step noise (zonal.h) */
    NOISE_NODES = 3 * ORDERS / 2 + 1
};

typedef struct {
    size_t base, count; /* first node; orbits */
    size_t orbit;       /* the first one      */
} block;

typedef struct {
    mf_potential head;
    mf_index_nodes nodes;
    mf_nodes labels;
    mf_activation activation;
    double d, p, noise_variance;
    bool fixed[2]; /* a, b feel no force                                 */
    size_t k, n;   /* axes; nodes                                        */
    size_t orders; /* j < orders, nodes rho_i as well                    */
    size_t blocks;
    block *block;
    double Q[ORDERS * ORDERS]; /* orders x orders */
    mf_smooth *smooth;
    size_t noise_orders; /* 0: not known                                       */
    mf_smooth *slopes;   /* of sigma'^2, in p + 2 dimensions                   */
    size_t noise_nodes;  /* of chi_(p+2), and l_j there in p and p + 2 dimensions */
    double *answer, *gain, *rho_weight;
    mf_smooth *tilts; /* of sigma, noise_orders + 1 of them without factors       */
    mf_zonal_axis
            tilt_rho; /* nodes of chi_(p+2) for what neurons share: answer as above, gain ...  */
    double tilt_factor[ORDERS]; /* .. times these                                           */
    double *b, *y, *weight;     /* rank each, after this */
} index_potential;

static const index_potential *index_of(const mf_potential *pot) {
    return (const index_potential *)(const void *)pot;
}

/* ---- nodes ------------------------------------------------------------------------------------- */

mf_status mf_index_nodes_new(mf_index_nodes *nodes, size_t k, size_t patterns, size_t orbits,
                             mf_error *err) {
    *nodes = (mf_index_nodes){.k = k, .patterns = patterns, .orbits = orbits};
    if (k < 1 || k > AXES || patterns > ROW || orbits < 1 || orbits > MF_INDEX_NODES / patterns)
        return mf_fail(err, MF_EINVAL,
                       "%zu x %zu nodes in %zu directions are too many (at most %d nodes)",
                       patterns, orbits, k, (int)MF_INDEX_NODES);
    nodes->block = calloc(orbits * (k + 1 + patterns), sizeof(double));
    if (!nodes->block)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu nodes", orbits * patterns);
    nodes->z = nodes->block;
    nodes->weight = nodes->z + k * orbits;
    nodes->y = nodes->weight + orbits;
    return MF_OK;
}

void mf_index_nodes_free(mf_index_nodes *nodes) {
    free(nodes->block);
    nodes->block = NULL;
}

mf_status mf_index_corners(mf_index_nodes *nodes, size_t k, mf_error *err) {
    mf_status status = mf_index_nodes_new(nodes, k, (size_t)1 << k, 1, err);
    for (size_t i = 0; i < k && status >= 0; ++i)
        nodes->z[i] = 1;
    if (status >= 0)
        nodes->weight[0] = ldexp(1, -(int)k);
    return status;
}

/* The square of a Gauss rule of an even number of nodes is one for chi_1. */
mf_status mf_index_gauss(mf_index_nodes *nodes, size_t k, size_t half, mf_error *err) {
    double node[256], weight[256];
    size_t orbits = 1;
    for (size_t i = 0; i < k && orbits <= MF_INDEX_NODES; ++i)
        orbits *= half;
    if (half < 1 || half > 256)
        return mf_fail(err, MF_EINVAL, "2 x %zu nodes along an axis: at most 512 are possible",
                       half);
    mf_status status =
            mf_index_nodes_new(nodes, k, (size_t)1 << (k < AXES ? k : AXES), orbits, err);
    if (status < 0)
        return status;
    status = mf_gauss_chi(half, 1, node, weight, err);
    if (status < 0) {
        mf_index_nodes_free(nodes);
        return status;
    }
    nodes->gaussian = true;
    for (size_t o = 0; o < orbits; ++o) {
        nodes->weight[o] = 1;
        for (size_t i = 0, rest = o; i < k; ++i, rest /= half) {
            nodes->z[i * orbits + o] = node[rest % half];
            nodes->weight[o] *= weight[rest % half] / 2;
        }
    }
    return MF_OK;
}

void mf_index_node(const mf_index_nodes *nodes, size_t image, size_t orbit, double *z) {
    for (size_t i = 0; i < nodes->k; ++i) {
        double x = nodes->z[i * nodes->orbits + orbit];
        z[i] = image >> i & 1 ? -x : x;
    }
}

static double largest_square(const mf_index_nodes *nodes, size_t orbit) {
    double most = 1;
    for (size_t s = 0; s < nodes->patterns; ++s)
        most = fmax(most,
                    nodes->y[s * nodes->orbits + orbit] * nodes->y[s * nodes->orbits + orbit]);
    return most;
}

static double mean_square(const mf_index_nodes *nodes) {
    double sum = 0;
    for (size_t s = 0; s < nodes->patterns; ++s)
        for (size_t o = 0; o < nodes->orbits; ++o) {
            double y = nodes->y[s * nodes->orbits + o];
            sum += nodes->weight[o] * y * y;
        }
    return sum;
}

void mf_index_prune(mf_index_nodes *nodes) {
    size_t kept = 0, orbits = nodes->orbits, k = nodes->k;
    double all = (double)(orbits * nodes->patterns),
           least = 1e-15 / all * fmin(1, mean_square(nodes));
    for (size_t o = 0; o < orbits; ++o) {
        if (!(nodes->weight[o] > 0) || nodes->weight[o] * largest_square(nodes, o) < least)
            continue;
        for (size_t i = 0; i < k; ++i)
            nodes->z[i * orbits + kept] = nodes->z[i * orbits + o];
        nodes->weight[kept] = nodes->weight[o];
        for (size_t s = 0; s < nodes->patterns; ++s)
            nodes->y[s * orbits + kept] = nodes->y[s * orbits + o];
        ++kept;
    }
    double *z = nodes->z, *weight = z + k * kept, *y = weight + kept;
    for (size_t i = 1; i < k; ++i)
        memmove(z + i * kept, z + i * orbits, kept * sizeof *z);
    memmove(weight, nodes->weight, kept * sizeof *z);
    for (size_t s = 0; s < nodes->patterns; ++s)
        memmove(y + s * kept, nodes->y + s * orbits, kept * sizeof *z);
    nodes->orbits = kept;
    nodes->weight = weight;
    nodes->y = y;
}

mf_status mf_index_blur(mf_index_nodes *nodes, double deviation, size_t copies, mf_error *err) {
    mf_index_nodes line, out;
    size_t n = nodes->orbits;
    mf_status status = mf_index_gauss(&line, 1, copies / 2, err);
    if (status < 0)
        return status;
    status = mf_index_nodes_new(&out, nodes->k, nodes->patterns, n * copies, err);
    for (size_t c = 0; c < copies && status >= 0; ++c) {
        double step, weight = line.weight[c / 2];
        mf_index_node(&line, c % 2, c / 2, &step);
        for (size_t o = 0; o < n; ++o) {
            size_t at = c * n + o;
            for (size_t i = 0; i < nodes->k; ++i)
                out.z[i * out.orbits + at] = nodes->z[i * n + o];
            out.weight[at] = nodes->weight[o] * weight;
            for (size_t s = 0; s < nodes->patterns; ++s)
                out.y[s * out.orbits + at] = nodes->y[s * n + o] + deviation * step;
        }
    }
    mf_index_nodes_free(&line);
    if (status < 0)
        return status;
    out.gaussian = nodes->gaussian;
    mf_index_nodes_free(nodes);
    *nodes = out;
    return MF_OK;
}

/* ---- how much two sets of nodes differ ------------------------------------------------------------- */

enum { PROBES = MF_INDEX_PROBES };

/* Probe i: m, b and r. Axes have different lengths, so that no symmetry hides an error. */
static void probe(size_t i, size_t k, double *m, double *b, double *r) {
    static const double share[4] = {1, -0.6, 0.35, -0.8}, size[3] = {1, 0.8, 0.4};
    double norm = 0;
    for (size_t c = 0; c < k; ++c) {
        m[c] = i % 2 && c != i % k ? 0 : share[(c + i) % 4];
        norm += m[c] * m[c];
    }
    for (size_t c = 0; c < k; ++c)
        m[c] *= size[i / 4] / sqrt(norm);
    *b = i % 4 < 2 ? 0 : 0.7;
    *r = i % 3 ? 1 : 0.5;
}

/* sqrt(w) f at all nodes. */
static mf_status probe_outputs(const mf_index_nodes *nodes, const mf_smooth *smooth, size_t i,
                               double *f, double *room, mf_error *err) {
    double m[AXES], b, r, z[AXES];
    mf_status status = MF_OK;
    probe(i, nodes->k, m, &b, &r);
    for (size_t at = 0; at < nodes->patterns * nodes->orbits && status >= 0; ++at) {
        double c = b;
        mf_index_node(nodes, at / nodes->orbits, at % nodes->orbits, z);
        for (size_t axis = 0; axis < nodes->k; ++axis)
            c += m[axis] * z[axis];
        status = mf_smooth_rows(smooth, r, at == 0, 1, &c, f + at, NULL, NULL, room, err);
        f[at] *= sqrt(nodes->weight[at % nodes->orbits]);
    }
    return status;
}

mf_status mf_index_probe(const mf_index_nodes *nodes, const mf_smooth *smooth,
                         double out[MF_INDEX_PROBED], mf_error *err) {
    size_t n = nodes->patterns * nodes->orbits;
    double *F = malloc((PROBES * n + mf_smooth_room(smooth)) * sizeof *F);
    mf_status status = F ? MF_OK : mf_fail(err, MF_ENOMEM, "no memory for %zu nodes", n);
    memset(out, 0, MF_INDEX_PROBED * sizeof *out);
    for (size_t i = 0; i < PROBES && status >= 0; ++i) {
        double *f = F + i * n;
        status = probe_outputs(nodes, smooth, i, f, F + PROBES * n, err);
        for (size_t at = 0; at < n; ++at)
            out[i] -= sqrt(nodes->weight[at % nodes->orbits]) * nodes->y[at] * f[at];
        for (size_t j = 0; j <= i; ++j)
            out[PROBES * (i + 1) + j] = cblas_ddot((int)n, f, 1, F + j * n, 1);
    }
    free(F);
    out[MF_INDEX_PROBED - 1] = mean_square(nodes);
    return status;
}

double mf_index_apart(const double one[MF_INDEX_PROBED], const double two[MF_INDEX_PROBED],
                      double scale) {
    double most = 0, size = sqrt(scale * two[MF_INDEX_PROBED - 1]);
    for (size_t i = 0; i + 1 < MF_INDEX_PROBED; ++i)
        most = fmax(most, fabs(one[i] - two[i]) / (i >= PROBES ? scale : size > 0 ? size : 1));
    return most;
}

/* ---- rows of one particle on one block ------------------------------------------------------------- */

/* What one caller works in: rows of ROW numbers, orders of them where there are derivatives. */
typedef struct {
    double *c, *value, *dc, *dr, *sum, *room;
} rows;

/* noise_orders + 1 may exceed orders. */
static size_t row_orders(const index_potential *self) {
    return self->noise_orders < self->orders ? self->orders : self->noise_orders + 1;
}

static size_t rows_size(const index_potential *self) {
    const mf_smooth *all[3] = {self->smooth, self->slopes, self->tilts};
    size_t room = 0;
    for (size_t i = 0; i < 3; ++i)
        if (all[i] && mf_smooth_room(all[i]) > room)
            room = mf_smooth_room(all[i]);
    return (2 + 3 * row_orders(self)) * ROW + mf_lines(room);
}

static rows rows_in(const index_potential *self, double *at) {
    size_t each = row_orders(self) * ROW;
    return (rows){at,
                  at + ROW,
                  at + ROW + each,
                  at + ROW + 2 * each,
                  at + ROW + 3 * each,
                  at + 2 * ROW + 3 * each};
}

/* c_n = <m, z_n> + b, image by image, so that images which agree in what m sees have the same bits. */
static void arguments(const index_potential *self, const block *at, const double *theta, size_t ld,
                      double *c) {
    size_t count = at->count;
    double b = theta[ld];
    for (size_t s = 0; s < self->nodes.patterns; ++s) {
        double *row = c + s * count;
        for (size_t o = 0; o < count; ++o)
            row[o] = b;
        for (size_t i = 0; i < self->k; ++i) {
            const double *z = self->nodes.z + i * self->nodes.orbits + at->orbit;
            double m = s >> i & 1 ? -theta[(2 + i) * ld] : theta[(2 + i) * ld];
            for (size_t o = 0; o < count; ++o)
                row[o] += m * z[o];
        }
    }
}

/* Sums over all images, mirror images first. row: patterns x count, overwritten. */
static double total(const index_potential *self, size_t count, double *row) {
    double sum = 0;
    for (size_t half = self->nodes.patterns / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half * count; ++i)
            row[i] += row[i + half * count];
    for (size_t o = 0; o < count; ++o)
        sum += row[o];
    return sum;
}

/* Sums and differences of images along every axis: row (image s) becomes sum_s' (-1)^|s and s'| row_s'. */
static void fold(const index_potential *self, size_t count, double *row) {
    for (size_t half = 1; half < self->nodes.patterns; half *= 2)
        for (size_t s = 0; s < self->nodes.patterns; s += 2 * half)
            for (size_t i = s * count; i < (s + half) * count; ++i) {
                double plus = row[i], minus = row[i + half * count];
                row[i] = plus + minus;
                row[i + half * count] = plus - minus;
            }
}

/* out[0] += sum_n row_n and out[1 + i] += sum_n row_n z_ni. */
static void moments(const index_potential *self, const block *at, double *row, double *out) {
    size_t count = at->count;
    fold(self, count, row);
    for (size_t o = 0; o < count; ++o)
        out[0] += row[o];
    for (size_t i = 0; i < self->k; ++i) {
        const double *z = self->nodes.z + i * self->nodes.orbits + at->orbit;
        const double *odd = row + (self->nodes.patterns > 1 ? count << i : 0);
        double sum = 0;
        for (size_t o = 0; o < count; ++o)
            sum += z[o] * odd[o];
        out[1 + i] += sum;
    }
}

/* ---- loops over particles --------------------------------------------------------------------------- */

typedef struct {
    const index_potential *self;
    const mf_measure *rho;
    const double *theta, *G; /* G: order by order, nodes each */
    size_t n, ld, chunks;
    double *sums, *value, *grad, *rows;
    mf_error *errors; /* one a chunk */
} work;

/* Depends on the potential and n alone. */
static size_t chunks_of(const index_potential *self, size_t n) {
    size_t most = SUMS_MAX / (self->orders * self->n), chunks = (n + CHUNK - 1) / CHUNK;
    most = most > CHUNKS_MAX ? CHUNKS_MAX : most < 2 ? 2 : most;
    return chunks > most ? most : chunks;
}

static void chunk_range(const work *w, size_t n, size_t chunk, size_t *first, size_t *end) {
    size_t size = (n + w->chunks - 1) / w->chunks;
    *first = chunk * size < n ? chunk * size : n;
    *end = n - *first < size ? n : *first + size;
}

/* Runs all chunks; the first failure, if any, is the whole's. */
static mf_status run(work *w, size_t n, void (*chunk)(void *, size_t), void *scratch,
                     mf_error *err) {
    w->chunks = chunks_of(w->self, n);
    w->errors = scratch;
    w->rows = (double *)scratch + mf_lines((w->chunks * sizeof(mf_error) + 7) / 8);
    w->sums = w->rows + w->chunks * rows_size(w->self);
    memset(w->errors, 0, w->chunks * sizeof *w->errors);
    mf_parallel(w->chunks, chunk, w);
    for (size_t i = 0; i < w->chunks; ++i)
        if (w->errors[i].status < 0)
            return mf_fail(err, w->errors[i].status, "%s", w->errors[i].text);
    return MF_OK;
}

/* Numbers of scratch: errors, rows, sums; behind two lists of all features. */
static size_t scratch_numbers(const index_potential *self, size_t n) {
    size_t chunks = chunks_of(self, n), all = self->orders * self->n;
    return mf_lines((chunks * sizeof(mf_error) + 7) / 8) + chunks * (rows_size(self) + all) +
           2 * mf_lines(all);
}

static size_t index_scratch(const mf_potential *pot, size_t n) {
    return scratch_numbers(index_of(pot), n) * sizeof(double);
}

/* Features f_i from raw ones j, or back: rows of n numbers. in and out differ. */
static void rotate(const index_potential *self, enum CBLAS_TRANSPOSE transposed, const double *in,
                   double *out) {
    int orders = (int)self->orders, n = (int)self->n;
    if (orders == 1)
        memcpy(out, in, self->n * sizeof *out);
    else
        cblas_dgemm(CblasRowMajor, transposed, CblasNoTrans, orders, n, orders, 1, self->Q, orders,
                    in, n, 0, out, n);
}

/* raw[j][n] times the root of w_n. */
static void weigh(const index_potential *self, double *raw) {
    for (size_t j = 0; j < self->orders; ++j)
        for (size_t i = 0; i < self->blocks; ++i) {
            const block *at = self->block + i;
            double *row = raw + j * self->n + at->base;
            for (size_t s = 0; s < self->nodes.patterns; ++s)
                for (size_t o = 0; o < at->count; ++o)
                    row[s * at->count + o] *= sqrt(self->nodes.weight[at->orbit + o]);
        }
}

static size_t nodes_in(const index_potential *self, const block *at) {
    return self->nodes.patterns * at->count;
}

static void mean_chunk(void *context, size_t chunk) {
    const work *w = context;
    const index_potential *self = w->self;
    const mf_measure *rho = w->rho;
    rows at = rows_in(self, w->rows + chunk * rows_size(self));
    double *sums = w->sums + chunk * self->orders * self->n;
    size_t first, end;
    memset(sums, 0, self->orders * self->n * sizeof *sums);
    chunk_range(w, rho->n, chunk, &first, &end);
    for (size_t j = first; j < end; ++j)
        for (size_t i = 0; i < self->blocks; ++i) {
            const block *b = self->block + i;
            double mass = mf_measure_weight(rho, j) * rho->x[j];
            size_t n = nodes_in(self, b);
            arguments(self, b, rho->x + j, rho->ld, at.c);
            if (mf_smooth_rows(self->smooth, rho->x[(2 + self->k) * rho->ld + j], i == 0, n, at.c,
                               at.value, NULL, NULL, at.room, &w->errors[chunk]) < 0)
                return;
            for (size_t order = 0; order < self->orders; ++order) {
                double *restrict out = sums + order * self->n + b->base;
                const double *restrict value = at.value + order * n;
                for (size_t node = 0; node < n; ++node)
                    out[node] += mass * value[node];
            }
        }
}

/* raw[j][n] = int a factor_j c_2j d rho at the nodes; scratch: behind the two lists. */
static mf_status raw_mean(const index_potential *self, const mf_measure *rho, double *raw,
                          void *scratch, mf_error *err) {
    work w = {.self = self, .rho = rho};
    size_t all = self->orders * self->n;
    mf_status status = run(&w, rho->n, mean_chunk, scratch, err);
    memset(raw, 0, all * sizeof *raw);
    for (size_t c = 0; c < w.chunks && status >= 0; ++c)
        for (size_t i = 0; i < all; ++i)
            raw[i] += w.sums[c * all + i];
    return status;
}

static mf_status index_mean(const mf_potential *pot, const mf_measure *rho, double *m,
                            void *scratch, mf_error *err) {
    const index_potential *self = index_of(pot);
    size_t all = self->orders * self->n;
    double *raw = scratch, *turned = raw + mf_lines(all);
    mf_status status = raw_mean(self, rho, raw, turned + mf_lines(all), err);
    if (status < 0)
        return status;
    weigh(self, raw);
    rotate(self, CblasNoTrans, raw, turned);
    for (size_t i = 0; i < all; ++i)
        m[i] += turned[i];
    return status;
}

static mf_status index_features(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                                double *F, size_t ldf, mf_error *err) {
    const index_potential *self = index_of(pot);
    size_t all = self->orders * self->n;
    double *raw = malloc((2 * all + rows_size(self)) * sizeof *raw), *turned = raw + all;
    mf_status status = raw ? MF_OK : mf_fail(err, MF_ENOMEM, "no memory for %zu features", all);
    for (size_t j = 0; j < n && status >= 0; ++j) {
        rows at = rows_in(self, turned + all);
        for (size_t i = 0; i < self->blocks && status >= 0; ++i) {
            const block *b = self->block + i;
            size_t count = nodes_in(self, b);
            arguments(self, b, theta + j, ld, at.c);
            status = mf_smooth_rows(self->smooth, theta[(2 + self->k) * ld + j], i == 0, count,
                                    at.c, at.value, NULL, NULL, at.room, err);
            for (size_t order = 0; order < self->orders; ++order)
                for (size_t node = 0; node < count; ++node)
                    raw[order * self->n + b->base + node] =
                            theta[j] * at.value[order * count + node];
        }
        weigh(self, raw);
        rotate(self, CblasNoTrans, raw, turned);
        for (size_t i = 0; i < all; ++i)
            F[i * ldf + j] = turned[i];
    }
    free(raw);
    return status;
}

/* sum_j G_jn row_jn on a block. */
static void combine(const index_potential *self, const block *b, const double *G, const double *row,
                    double *out) {
    size_t n = nodes_in(self, b);
    for (size_t order = 0; order < self->orders; ++order) {
        const double *g = G + order * self->n + b->base, *x = row + order * n;
        for (size_t i = 0; i < n; ++i)
            out[i] = order ? out[i] + g[i] * x[i] : g[i] * x[i];
    }
}

/* <G, raw features> of particle j without a, and its derivatives in c: in b and m, then in r. */
static mf_status particle_field(const work *w, rows at, size_t j, double *value, double *slope,
                                mf_error *err) {
    const index_potential *self = w->self;
    size_t k = self->k;
    double r = w->theta[(2 + k) * w->ld + j];
    bool wanted = w->grad != NULL;
    *value = 0;
    memset(slope, 0, (k + 2) * sizeof *slope);
    for (size_t i = 0; i < self->blocks; ++i) {
        const block *b = self->block + i;
        arguments(self, b, w->theta + j, w->ld, at.c);
        mf_status status =
                mf_smooth_rows(self->smooth, r, i == 0, nodes_in(self, b), at.c, at.value,
                               wanted ? at.dc : NULL, wanted ? at.dr : NULL, at.room, err);
        if (status < 0)
            return status;
        combine(self, b, w->G, at.value, at.sum);
        *value += total(self, b->count, at.sum);
        if (!wanted)
            continue;
        combine(self, b, w->G, at.dc, at.sum);
        moments(self, b, at.sum, slope);
        combine(self, b, w->G, at.dr, at.sum);
        slope[k + 1] += total(self, b->count, at.sum);
    }
    return MF_OK;
}

static void field_chunk(void *context, size_t chunk) {
    const work *w = context;
    size_t k = w->self->k, first, end;
    rows at = rows_in(w->self, w->rows + chunk * rows_size(w->self));
    chunk_range(w, w->n, chunk, &first, &end);
    for (size_t j = first; j < end; ++j) {
        double value, slope[AXES + 2], a = w->theta[j];
        if (particle_field(w, at, j, &value, slope, &w->errors[chunk]) < 0)
            return;
        if (w->value)
            w->value[j] = a * value;
        if (!w->grad)
            continue;
        w->grad[j] = w->self->fixed[0] ? 0 : value;
        for (size_t c = 0; c < k + 2; ++c)
            w->grad[(1 + c) * w->ld + j] = c == 0 && w->self->fixed[1] ? 0 : a * slope[c];
        if (isinf(w->theta[(2 + k) * w->ld + j]))
            w->grad[(2 + k) * w->ld + j] = 0;
    }
}

static mf_status index_field(const mf_potential *pot, const double *g, size_t n,
                             const double *theta, size_t ld, double *value, double *grad,
                             void *scratch, mf_error *err) {
    const index_potential *self = index_of(pot);
    double *G = scratch, *rest = G + 2 * mf_lines(self->orders * self->n);
    rotate(self, CblasTrans, g, G);
    weigh(self, G);
    work w = {.self = self, .theta = theta, .G = G, .n = n, .ld = ld, .value = value, .grad = grad};
    return run(&w, n, field_chunk, rest, err);
}

/* ---- one neuron with itself, and its noise ------------------------------------------------------------ */

/* a^2 E sigma(<w, x> + b)^2: of a Gaussian x at once, else node by node. */
static mf_status index_self(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                            double *u, mf_error *err) {
    const index_potential *self = index_of(pot);
    double c[ROW], s[ROW], square[ROW];
    mf_status status = MF_OK;
    for (size_t j = 0; j < n && status >= 0; ++j) {
        double r = theta[(2 + self->k) * ld + j], a = theta[j], norm = r;
        for (size_t i = 0; i < self->k; ++i)
            norm = hypot(norm, theta[(2 + i) * ld + j]);
        u[j] = 0;
        if (self->nodes.gaussian) {
            status = mf_second_moments(&self->activation, 1, &norm, theta + ld + j, u + j, err);
            u[j] *= a * a;
            continue;
        }
        for (size_t i = 0; i < self->blocks && status >= 0; ++i) {
            const block *b = self->block + i;
            size_t count = nodes_in(self, b);
            arguments(self, b, theta + j, ld, c);
            for (size_t node = 0; node < count; ++node)
                s[node] = r;
            status = mf_second_moments(&self->activation, count, s, c, square, err);
            for (size_t node = 0; node < count && status >= 0; ++node)
                u[j] += a * a * self->nodes.weight[b->orbit + node % b->count] * square[node];
        }
    }
    return status;
}

/* G[j][n] = w_n E_chi_(p+2) [(y_n - yhat(z_n, rho))^2 + noise] l_j(rho), from raw mean features. */
static void noise_gain(const index_potential *self, double variance, const double *raw, double *G) {
    const mf_loss loss = mf_potential_loss(&self->head);
    size_t orders = self->noise_orders, n = self->n;
    memset(G, 0, orders * n * sizeof *G);
    for (size_t node = 0; node < n; ++node) {
        double y = self->y[node], weight = self->weight[node], rest, yhat;
        for (size_t i = 1; i < self->orders; ++i) /* features' weights add up to the node's */
            weight += self->weight[i * n + node];
        for (size_t i = 0; i < self->noise_nodes; ++i) {
            yhat = 0;
            for (size_t j = 0; j < orders; ++j)
                yhat += raw[j * n + node] * self->answer[i * orders + j];
            rest = mf_loss_residual(&loss, y, yhat);
            for (size_t j = 0; j < orders; ++j)
                G[j * n + node] += weight * self->rho_weight[i] * self->gain[i * orders + j] *
                                   (rest * rest + variance);
        }
    }
}

static void noise_chunk(void *context, size_t chunk) {
    const work *w = context;
    const index_potential *self = w->self;
    rows at = rows_in(self, w->rows + chunk * rows_size(self));
    size_t radius = 2 + self->k, first, end;
    chunk_range(w, w->n, chunk, &first, &end);
    for (size_t j = first; j < end; ++j) {
        double a = w->theta[j], sum = 0;
        for (size_t i = 0; i < self->blocks; ++i) {
            const block *b = self->block + i;
            size_t n = nodes_in(self, b);
            arguments(self, b, w->theta + j, w->ld, at.c);
            if (mf_smooth_rows(self->slopes, w->theta[radius * w->ld + j], i == 0, n, at.c,
                               at.value, NULL, NULL, at.room, &w->errors[chunk]) < 0)
                return;
            for (size_t order = 0; order < self->noise_orders; ++order)
                for (size_t node = 0; node < n; ++node)
                    sum += w->G[order * self->n + b->base + node] * at.value[order * n + node];
        }
        w->value[radius * w->ld + j] = a * a * sum;
    }
}

static mf_status index_step_noise(const mf_potential *pot, double variance, const mf_measure *rho,
                                  size_t n, const double *theta, size_t ld, double *T,
                                  void *scratch, mf_error *err) {
    const index_potential *self = index_of(pot);
    size_t all = mf_lines(self->orders * self->n);
    double *raw = scratch, *G = raw + all;
    if (self->noise_orders == 0)
        return mf_fail(
                err, MF_EUNSUPPORTED,
                "the step noise with d - k = %g dimensions across U is not known: %d are the "
                "fewest (take the sampled potential)",
                self->p, (int)FEWEST);
    mf_status status = raw_mean(self, rho, raw, G + all, err);
    if (status < 0)
        return status;
    noise_gain(self, self->noise_variance + variance, raw, G);
    work w = {.self = self, .theta = theta, .G = G, .n = n, .ld = ld, .value = T};
    return run(&w, n, noise_chunk, G + all, err);
}

/* ---- what neurons share --------------------------------------------------------------------------------- */

/* Node (i, n) of rho_i and z_n is number i * nodes + n. In terms of rows c_k, k = 2j, of sigma, and of their derivatives,
 *     q = a sum_j factor_j l_j dc_k/dc,       r dq/dc = a sum_j factor_j l_j (dc_k/dr - k c_k/r),
 *     r dq/dr = a sum_j factor_j l_j (sqrt((k + 1)(k + 2)) dc_(k+2)/dc + k dc_k/dc),
 * by E F'(r G + c) h_k(G) = sqrt(k + 1) E F h_(k+1) / r, of sigma and of sigma': no division by r where k = 0.   */
static size_t index_odd_nodes(const mf_potential *pot, size_t c) {
    const index_potential *self = index_of(pot);
    (void)c;
    return self->noise_orders ? self->tilt_rho.nodes * self->n : 0;
}

typedef struct {
    work all; /* first: what run knows of */
    double *q, *rise;
} odd_work;

/* Weights and residuals at the nodes, from raw mean features. */
static void odd_look(const index_potential *self, double variance, const double *raw,
                     double *stiffness, double *gain) {
    const mf_loss loss = mf_potential_loss(&self->head);
    const mf_zonal_axis *axis = &self->tilt_rho;
    size_t orders = self->noise_orders, n = self->n;
    for (size_t node = 0; node < n; ++node) {
        double weight = 0;
        for (size_t i = 0; i < self->orders; ++i) /* features' weights add up to the node's */
            weight += self->weight[i * n + node];
        for (size_t i = 0; i < axis->nodes; ++i) {
            double yhat = 0, share = weight * axis->weight[i], y = self->y[node];
            for (size_t j = 0; j < orders; ++j)
                yhat += raw[j * n + node] * axis->answer[i * orders + j];
            double rest = mf_loss_residual(&loss, y, yhat);
            stiffness[i * n + node] = share * mf_loss_curvature(&loss, y, yhat) / 2;
            gain[i * n + node] = share * (rest * rest + variance);
        }
    }
}

/* Sums over orders at rho_i: E sigma', r times its derivatives in c and r; node `at` of a block of n. */
static void odd_sums(const index_potential *self, const rows *row, double r, size_t i, size_t at,
                     size_t n, double *q, double *rc, double *rr) {
    size_t orders = self->noise_orders;
    *q = *rc = *rr = 0;
    for (size_t j = 0; j < orders; ++j) {
        double k = 2 * (double)j,
               factor = self->tilt_factor[j] * self->tilt_rho.gain[i * orders + j];
        double slope = row->dc[j * n + at], value = row->value[j * n + at];
        *q += factor * slope;
        *rc += factor * (row->dr[j * n + at] - (j && r > 0 && isfinite(r) ? k * value / r : 0));
        *rr += factor * (sqrt((k + 1) * (k + 2)) * row->dc[(j + 1) * n + at] + k * slope);
    }
}

static void odd_chunk(void *context, size_t chunk) {
    const odd_work *odd = context;
    const work *w = &odd->all;
    const index_potential *self = w->self;
    rows row = rows_in(self, w->rows + chunk * rows_size(self));
    size_t k = self->k, dim = self->head.dim, first, end;
    chunk_range(w, w->n, chunk, &first, &end);
    for (size_t j = first; j < end; ++j)
        for (size_t i = 0; i < self->blocks; ++i) {
            const block *b = self->block + i;
            double a = w->theta[j], r = w->theta[(2 + k) * w->ld + j], z[AXES], q, rc, rr;
            size_t n = nodes_in(self, b);
            arguments(self, b, w->theta + j, w->ld, row.c);
            if (mf_smooth_rows(self->tilts, r, i == 0, n, row.c, row.value, row.dc, row.dr,
                               row.room, &w->errors[chunk]) < 0)
                return;
            for (size_t at = 0; at < n; ++at) {
                mf_index_node(&self->nodes, at / b->count, b->orbit + at % b->count, z);
                for (size_t rho = 0; rho < self->tilt_rho.nodes; ++rho) {
                    size_t node = rho * self->n + b->base + at;
                    double *rise = odd->rise + node * dim * w->n + j;
                    odd_sums(self, &row, r, rho, at, n, &q, &rc, &rr);
                    odd->q[node * w->n + j] = a * q;
                    rise[0] = self->fixed[0] || isinf(r) ? 0 : r * q;
                    rise[w->n] = self->fixed[1] ? 0 : a * rc;
                    for (size_t axis = 0; axis < k; ++axis)
                        rise[(2 + axis) * w->n] = a * rc * z[axis];
                    rise[(2 + k) * w->n] = a * (q + rr);
                }
            }
        }
}

static mf_status index_odd(const mf_potential *pot, size_t c, double variance,
                           const mf_measure *rho, double *stiffness, double *gain, double *q,
                           double *rise, void *scratch, mf_error *err) {
    const index_potential *self = index_of(pot);
    double *raw = scratch, *rest = raw + 2 * mf_lines(self->orders * self->n);
    (void)c;
    mf_status status = raw_mean(self, rho, raw, rest, err);
    if (status < 0)
        return status;
    odd_look(self, self->noise_variance + variance, raw, stiffness, gain);
    odd_work w = {.all = {.self = self, .theta = rho->x, .n = rho->n, .ld = rho->ld},
                  .q = q,
                  .rise = rise};
    return run(&w.all, rho->n, odd_chunk, rest, err);
}

/* ---- the space, and particles in it ---------------------------------------------------------------------- */

/* a and b stay; m = Uw, r what is left of w. U's rows are the subspace's basis. */
static mf_status reduce(const mf_measure *full, const mf_subspace *U, double *x, mf_error *err) {
    size_t n = full->n, k = U->s0, d = full->dim - 2;
    mf_status status = mf_measure_radii(full, U, x, x + (2 + k) * n, err); /* r1 at x is not kept */
    if (status < 0)
        return status;
    for (size_t c = 0; c < 2; ++c)
        memcpy(x + c * n, full->x + (d + c) * full->ld, n * sizeof *x);
    memset(x + 2 * n, 0, k * n * sizeof *x);
    for (size_t i = 0; i < k; ++i)
        for (size_t c = 0; c < d; ++c)
            for (size_t j = 0; j < n; ++j)
                if (U->basis || c == i)
                    x[(2 + i) * n + j] +=
                            (U->basis ? U->basis[i * d + c] : 1) * full->x[c * full->ld + j];
    return MF_OK;
}

const mf_space mf_space_multi_index = {
        .name = "multi_index",
        .n_before = 2,
        .before =
                (const mf_coordinate[]){{"a", MF_NUMBER, MF_GROUP_A}, {"b", MF_NUMBER, MF_GROUP_B}},
        .numbered = {"m", MF_WEIGHT, MF_GROUP_W},
        .n_after = 1,
        .after = (const mf_coordinate[]){{"r", MF_RADIUS, MF_GROUP_W}},
        .source = &mf_space_affine,
        .reduce = reduce,
        .how = "measure:multi_index(law)"};

static double index_dimension(const mf_potential *pot, size_t c) {
    (void)c;
    return index_of(pot)->p;
}

static mf_status index_start(const mf_potential *pot, const mf_init *init, size_t J, double *x,
                             const mf_flag *stop, mf_error *err) {
    const index_potential *self = index_of(pot);
    return mf_init_split(init, self->d, self->k, J, x, stop, err);
}

static bool index_is_fixed(const mf_potential *pot, size_t c) {
    const index_potential *self = index_of(pot);
    return c < 2 && self->fixed[c];
}

static void index_free(mf_potential *pot) {
    index_potential *self = (index_potential *)(void *)pot;
    mf_index_nodes_free(&self->nodes);
    mf_smooth_free(self->smooth);
    mf_smooth_free(self->slopes);
    mf_smooth_free(self->tilts);
    mf_zonal_axis_free(&self->tilt_rho);
    free(self->block);
    free(self->answer);
    free(self->b);
    free(self);
}

static const mf_potential_ops index_ops = {.name = "multi_index",
                                           .features = index_features,
                                           .mean = index_mean,
                                           .field = index_field,
                                           .scratch = index_scratch,
                                           .free = index_free,
                                           .self = index_self,
                                           .step_noise = index_step_noise,
                                           .odd_nodes = index_odd_nodes,
                                           .odd = index_odd,
                                           .start = index_start,
                                           .dimension = index_dimension,
                                           .is_fixed = index_is_fixed};

/* ---- construction -------------------------------------------------------------------------------------- */

/* mu_2j(p) = E zeta^2j. */
static double moment_of(double p, size_t j) {
    double mu = 1;
    for (size_t i = 0; i < j; ++i)
        mu *= isinf(p) ? 0 : ((double)(2 * i) + 1) / (p + (double)(2 * i));
    return mu;
}

/* E sigma(r G + c)^2 and all of its c_l^2, at a few r and c. */
enum { REMAINDERS = 9 };

typedef struct {
    double square[REMAINDERS], c[REMAINDERS][2 * ORDERS];
} remainders;

static mf_status find_remainders(const mf_activation *sigma, remainders *at, mf_error *err) {
    static const double radius[3] = {0.5, 1, 2}, offset[3] = {0, 0.7, 1.5};
    mf_status status = MF_OK;
    for (size_t i = 0; i < REMAINDERS && status >= 0; ++i) {
        double r = radius[i / 3], c = offset[i % 3];
        status = mf_activation_hermite(sigma, r, c, 2 * ORDERS, at->c[i], NULL, err);
        if (status >= 0)
            status = mf_second_moments(sigma, 1, &r, &c, at->square + i, err);
    }
    return status;
}

/* The most that orders from j on add to U / (a a'): mu_2j (E sigma^2 - sum_(l < 2j) c_l^2). */
static double remainder_after(const remainders *at, double p, size_t orders) {
    double most = 0;
    for (size_t i = 0; i < REMAINDERS; ++i) {
        double rest = at->square[i];
        for (size_t l = 0; l < 2 * orders; ++l)
            rest -= at->c[i][l] * at->c[i][l];
        most = fmax(most, rest);
    }
    return most * moment_of(p, orders);
}

/* How many orders: *error is what is left out, relative to scale. */
static mf_status choose_orders(index_potential *self, double tol, double scale, double *error,
                               mf_error *err) {
    remainders at;
    mf_status status = MF_OK;
    self->orders = 1;
    *error = 0;
    if (isinf(self->p))
        return MF_OK;
    status = find_remainders(&self->activation, &at, err);
    while (status >= 0 && (*error = remainder_after(&at, self->p, self->orders) / scale) > tol &&
           self->orders < ORDERS)
        ++self->orders;
    return status;
}

/* Q and the weights of rho's nodes. */
static mf_status make_rule(index_potential *self, double *weight, mf_error *err) {
    double node[ORDERS], l[ORDERS];
    size_t orders = self->orders;
    weight[0] = self->Q[0] = 1;
    if (isinf(self->p))
        return MF_OK;
    mf_status status = mf_gauss_chi(orders, self->p, node, weight, err);
    for (size_t i = 0; i < orders && status >= 0; ++i) {
        mf_gauss_chi_polynomials(orders, self->p, node[i], l);
        for (size_t j = 0; j < orders; ++j)
            self->Q[i * orders + j] = sqrt(weight[i]) * l[j];
    }
    return status;
}

static void factors(double p, size_t orders, double *factor) {
    for (size_t j = 0; j < orders; ++j)
        factor[j] = sqrt(moment_of(p, j));
}

/* What step noise needs: sigma'^2 in p + 2 dimensions, cut where zonal.h says. */
static mf_status make_noise(index_potential *self, double tol, const mf_flag *stop, mf_error *err) {
    double factor[ORDERS], node[NOISE_NODES], weight[NOISE_NODES] = {1};
    bool limit = isinf(self->p);
    if (self->p < FEWEST)
        return MF_OK;
    size_t most =
            limit ? 1 : (size_t)fmin(3 + floor(self->p / 3), ORDERS - 1); /* of tilts one more */
    size_t orders = self->orders < most ? self->orders : most, n = limit ? 1 : 3 * orders / 2 + 1;
    factors(self->p + 2, orders, factor);
    mf_smooth_spec spec = {.activation = &self->activation,
                           .squares = true,
                           .orders = orders,
                           .factor = factor,
                           .tol = fmax(tol, 1e-8)};
    mf_status status = mf_smooth_new(&spec, &self->slopes, stop, err);
    if (status >= 0 && !limit)
        status = mf_gauss_chi(n, self->p + 2, node, weight, err);
    self->answer = status >= 0 ? malloc(n * (2 * orders + 1) * sizeof(double)) : NULL;
    if (!self->answer)
        return status < 0 ? status : mf_fail(err, MF_ENOMEM, "no memory for %zu nodes", n);
    self->gain = self->answer + n * orders;
    self->rho_weight = self->gain + n * orders;
    memcpy(self->rho_weight, weight, n * sizeof *weight);
    for (size_t i = 0; i < n; ++i) {
        double *answer = self->answer + i * orders, *gain = self->gain + i * orders;
        answer[0] = gain[0] = 1;
        if (limit)
            continue;
        mf_gauss_chi_polynomials(orders, self->p, node[i], answer);
        mf_gauss_chi_polynomials(orders, self->p + 2, node[i], gain);
    }
    self->noise_nodes = n;
    self->noise_orders = orders;
    return MF_OK;
}

/* What `odd` needs, of as many orders as step noise has. Tables need not be better than nodes. */
static mf_status make_tilts(index_potential *self, double tol, const mf_flag *stop, mf_error *err) {
    double one[ORDERS + 1];
    size_t orders = self->noise_orders;
    if (orders == 0)
        return MF_OK;
    for (size_t j = 0; j <= orders; ++j)
        one[j] = 1;
    factors(self->p + 2, orders, self->tilt_factor);
    mf_smooth_spec spec = {.activation = &self->activation,
                           .orders = orders + 1,
                           .factor = one,
                           .tol = fmax(tol, 1e-8)};
    mf_status status = mf_zonal_axis_init(&self->tilt_rho, self->p, 2,
                                          mf_zonal_odd_points(self->p, orders), orders, err);
    return status < 0 ? status : mf_smooth_new(&spec, &self->tilts, stop, err);
}

/* Blocks of whole orbits, at most ROW nodes each. */
static mf_status make_blocks(index_potential *self, mf_error *err) {
    size_t patterns = self->nodes.patterns, orbits = self->nodes.orbits, most = ROW / patterns;
    self->blocks = (orbits + most - 1) / most;
    self->block = malloc(self->blocks * sizeof *self->block);
    if (!self->block)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu nodes", self->n);
    for (size_t i = 0; i < self->blocks; ++i) {
        size_t first = i * most, count = orbits - first < most ? orbits - first : most;
        self->block[i] = (block){first * patterns, count, first};
    }
    return MF_OK;
}

/* b, labels and weights, feature by feature; R_#. */
static mf_status make_labels(index_potential *self, const double *rho_weight, mf_error *err) {
    size_t rank = self->orders * self->n;
    self->b = malloc(3 * rank * sizeof *self->b);
    if (!self->b)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu features", rank);
    self->y = self->b + rank;
    self->weight = self->y + rank;
    for (size_t i = 0; i < self->orders; ++i)
        for (size_t at = 0; at < self->blocks; ++at) {
            const block *b = self->block + at;
            for (size_t node = 0; node < self->nodes.patterns * b->count; ++node) {
                size_t orbit = b->orbit + node % b->count, image = node / b->count;
                size_t f = i * self->n + b->base + node;
                self->y[f] = self->nodes.y[image * self->nodes.orbits + orbit];
                self->weight[f] = self->nodes.weight[orbit] * rho_weight[i];
                self->b[f] = -sqrt(self->weight[f]) * self->y[f];
            }
        }
    return MF_OK;
}

static mf_status copy_nodes(index_potential *self, const mf_index_nodes *from, mf_error *err) {
    mf_index_nodes *to = &self->nodes;
    mf_status status = mf_index_nodes_new(to, from->k, from->patterns, from->orbits, err);
    if (status < 0)
        return status;
    memcpy(to->z, from->z, from->k * from->orbits * sizeof *to->z);
    memcpy(to->weight, from->weight, from->orbits * sizeof *to->z);
    memcpy(to->y, from->y, from->patterns * from->orbits * sizeof *to->z);
    to->gaussian = from->gaussian;
    return MF_OK;
}

static mf_status build(index_potential *self, const mf_index_spec *spec, const mf_flag *stop,
                       mf_error *err) {
    double scale = mf_activation_scale(&spec->activation), left_out = 0, factor[ORDERS];
    double rho_weight[ORDERS];
    mf_status status = choose_orders(self, spec->tol / 4, scale, &left_out, err);
    factors(self->p, self->orders, factor);
    mf_smooth_spec smooth = {.activation = &self->activation,
                             .orders = self->orders,
                             .factor = factor,
                             .tol = fmin(spec->tol, 1e-9)};
    if (status >= 0)
        status = mf_smooth_new(&smooth, &self->smooth, stop, err);
    if (status >= 0)
        status = make_noise(self, spec->tol, stop, err);
    if (status >= 0)
        status = make_tilts(self, spec->tol, stop, err);
    if (status >= 0)
        status = make_rule(self, rho_weight, err);
    if (status >= 0)
        status = make_blocks(self, err);
    if (status >= 0)
        status = make_labels(self, rho_weight, err);
    if (status < 0)
        return status;
    size_t rank = self->orders * self->n;
    double table = 2 * sqrt(scale) * mf_smooth_error(self->smooth);
    double error = spec->error + left_out * scale + table +
                   2 * sqrt(scale) * mf_activation_error(&spec->activation);
    self->head = (mf_potential){.ops = &index_ops,
                                .space = &mf_space_multi_index,
                                .dim = self->k + 3,
                                .rank = rank,
                                .b = self->b,
                                .risk0 = mean_square(&self->nodes) + spec->noise,
                                .error = error};
    self->labels = (mf_nodes){spec->loss, self->y, self->weight};
    status = mf_loss_check(&spec->loss, rank, self->y, err);
    if (status >= 0)
        mf_potential_set_nodes(&self->head, &self->labels);
    return status < 0 ? status : error > spec->tol * scale ? MF_INEXACT : MF_OK;
}

mf_status mf_multi_index_new(const mf_index_spec *spec, const mf_index_nodes *nodes,
                             mf_potential **out, const mf_flag *stop, mf_error *err) {
    *out = NULL;
    if (!(spec->d > (double)nodes->k))
        return mf_fail(err, MF_EINVAL, "d = %g must be more than the number of directions, %zu",
                       spec->d, nodes->k);
    index_potential *self = calloc(1, sizeof *self);
    if (!self)
        return mf_fail(err, MF_ENOMEM, "no memory for a potential");
    self->activation = spec->activation;
    self->d = spec->d;
    self->k = nodes->k;
    self->p = isinf(spec->d) ? HUGE_VAL : spec->d - (double)nodes->k;
    self->n = nodes->patterns * nodes->orbits;
    self->noise_variance = spec->noise;
    self->fixed[0] = spec->fix_a;
    self->fixed[1] = spec->fix_b;
    mf_status status = copy_nodes(self, nodes, err);
    if (status >= 0)
        status = build(self, spec, stop, err);
    if (status < 0)
        index_free(&self->head);
    else
        *out = &self->head;
    return status;
}
