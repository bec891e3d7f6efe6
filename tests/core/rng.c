/* rng.c: a number is a function of (seed, stream, draw, index) alone: not of how many are drawn
 * with it, in which order, or before.                                                         */
#include "core/base/rng.h"
#include "check.h"

#include <math.h>
#include <string.h>

enum { N = 1000 };

static bool equal(const double *a, const double *b, size_t n) {
    return memcmp(a, b, n * sizeof *a) == 0;
}

static void prefixes(void) {
    static double all[N], some[N];
    const mf_key key = {2385, MF_STREAM_USER};
    mf_rng_normals(key, 7, N, all);
    for (size_t n = 0; n <= 70; ++n) {
        some[n] = -1.5;
        mf_rng_normals(key, 7, n, some);
        expect(equal(all, some, n), "a longer draw begins with the shorter one");
        expect(some[n] == -1.5, "nothing is written behind the end");
    }
}

static void order(void) {
    double forth[64][5], back[5];
    const mf_key key = {11, MF_STREAM_DATA};
    for (uint64_t draw = 0; draw < 64; ++draw)
        mf_rng_uniforms(key, draw, 5, forth[draw]);
    for (uint64_t draw = 64; draw-- > 0;) {
        mf_rng_uniforms(key, draw, 5, back);
        expect(equal(forth[draw], back, 5), "the order of draws does not matter");
    }
    double label[64];
    mf_rng_labels(key, 0, 64, label);
    for (size_t draw = 0; draw < 64; ++draw)
        expect(label[draw] == forth[draw][0], "labels are the first uniforms of their draws");
}

/* Any two of different seed, stream or draw share no number (a chance of 1e-9 otherwise). */
static void apart(void) {
    static const mf_key keys[] = {
            {1, 1}, {1, 2}, {2, 1}, {UINT64_C(1) << 32, 1}, {1, UINT64_C(1) << 20}};
    static double x[5][2][64];
    for (size_t k = 0; k < 5; ++k)
        for (uint64_t draw = 0; draw < 2; ++draw)
            mf_rng_uniforms(keys[k], draw << 32, 64, x[k][draw]);
    const double *flat = &x[0][0][0];
    for (size_t i = 0; i < 640; ++i)
        for (size_t j = 0; j < i; ++j)
            expect(flat[i] != flat[j], "seeds, streams and draws are kept apart");
}

/* Mean and variance of 1e6 normals and uniforms, each within five of its standard errors. */
static void moments(void) {
    static double x[N];
    double normal[2] = {0, 0}, uniform[2] = {0, 0};
    for (uint64_t draw = 0; draw < 1000; ++draw) {
        mf_rng_normals((mf_key){5, MF_STREAM_NOISE}, draw, N, x);
        for (size_t i = 0; i < N; ++i) {
            normal[0] += x[i];
            normal[1] += x[i] * x[i];
        }
        mf_rng_uniforms((mf_key){5, MF_STREAM_NOISE}, draw, N, x);
        for (size_t i = 0; i < N; ++i) {
            expect(x[i] > 0 && x[i] < 1, "uniforms lie inside (0, 1)");
            uniform[0] += x[i] - 0.5;
            uniform[1] += (x[i] - 0.5) * (x[i] - 0.5) - 1.0 / 12;
        }
    }
    expect(fabs(normal[0]) < 5 * 1e3, "normals have mean 0");
    expect(fabs(normal[1] - 1e6) < 5 * 1e3 * sqrt(2), "normals have variance 1");
    expect(fabs(uniform[0]) < 5 * 1e3 / sqrt(12), "uniforms have mean 1/2");
    expect(fabs(uniform[1]) < 5 * 1e3 / sqrt(180), "uniforms have variance 1/12");
}

int main(void) {
    prefixes();
    order();
    apart();
    moments();
    return verdict();
}
