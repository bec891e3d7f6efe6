/* normals.c: Philox 4x32-10 counters to uniforms and normals, eight counters at a time.
 *
 * Counter (block, stream, draw low, draw high) under key (seed low, seed high) gives 128
 * bits: two uniforms, and by Box and Muller two normals. Only operations that round the
 * same on every instruction set are used (no fused multiply-add; SLEEF's deterministic
 * variants without it), so a stream has the same bits everywhere.                       */
#include "core/base/rng_kernels.h"

#include <math.h>
#include <Random123/philox.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <sleef.h>

enum { LANES = 8 };

#if defined(MF_ISA_avx512)
enum { WIDTH = 8 };
typedef __m512d vec;
typedef Sleef___m512d_2 vec2;
#define LOAD _mm512_loadu_pd
#define STORE _mm512_storeu_pd
#define VLOG Sleef_cinz_logd8_u35avx512fnofma
#define VSINCOSPI Sleef_cinz_sincospid8_u35avx512fnofma
#elif defined(MF_ISA_avx2)
enum { WIDTH = 4 };
typedef __m256d vec;
typedef Sleef___m256d_2 vec2;
#define LOAD _mm256_loadu_pd
#define STORE _mm256_storeu_pd
#define VLOG Sleef_cinz_logd4_u35avx
#define VSINCOSPI Sleef_cinz_sincospid4_u35avx
#elif defined(__x86_64__)
enum { WIDTH = 2 };
typedef __m128d vec;
typedef Sleef___m128d_2 vec2;
#define LOAD _mm_loadu_pd
#define STORE _mm_storeu_pd
#define VLOG Sleef_cinz_logd2_u35sse2
#define VSINCOSPI Sleef_cinz_sincospid2_u35sse2
#else
enum { WIDTH = 1 };
typedef double vec;
typedef Sleef_double_2 vec2;
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define VLOG Sleef_cinz_logd1_u35purec
#define VSINCOSPI Sleef_cinz_sincospid1_u35purec
#endif

/* Ten rounds on eight counters c; the 128 bits of each as two 64-bit words. Random123's own
 * rounds take one counter at a time, which makes a normal cost 1.6 times as much.           */
static inline void philox_rounds(mf_key key, uint64_t c0[LANES], uint64_t c1[LANES],
                                 uint64_t c2[LANES], uint64_t c3[LANES], uint64_t *restrict high,
                                 uint64_t *restrict low) {
    uint32_t k0 = (uint32_t)key.seed, k1 = (uint32_t)(key.seed >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
        for (unsigned i = 0; i < LANES; ++i) {
            uint64_t p0 = PHILOX_M4x32_0 * (c0[i] & 0xFFFFFFFFu);
            uint64_t p1 = PHILOX_M4x32_1 * (c2[i] & 0xFFFFFFFFu);
            uint64_t n0 = (p1 >> 32) ^ c1[i] ^ k0, n2 = (p0 >> 32) ^ c3[i] ^ k1;
            c0[i] = n0;
            c1[i] = p1 & 0xFFFFFFFFu;
            c2[i] = n2;
            c3[i] = p0 & 0xFFFFFFFFu;
        }
        k0 += PHILOX_W32_0;
        k1 += PHILOX_W32_1;
    }
    for (unsigned i = 0; i < LANES; ++i) {
        high[i] = c1[i] << 32 | c0[i];
        low[i] = c3[i] << 32 | c2[i];
    }
}

/* The bits of counters (first .. first+7, stream, draw). */
static inline void philox(mf_key key, uint64_t draw, uint32_t first, uint64_t *restrict high,
                          uint64_t *restrict low) {
    uint64_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];
    for (unsigned i = 0; i < LANES; ++i) {
        c0[i] = first + i;
        c1[i] = (uint32_t)key.stream;
        c2[i] = (uint32_t)draw;
        c3[i] = draw >> 32;
    }
    philox_rounds(key, c0, c1, c2, c3, high, low);
}

/* The bits of counters (0, stream, draw .. draw+7). */
static inline void philox_draws(mf_key key, uint64_t draw, uint64_t *restrict high,
                                uint64_t *restrict low) {
    uint64_t c0[LANES] = {0}, c1[LANES], c2[LANES], c3[LANES];
    for (unsigned i = 0; i < LANES; ++i) {
        c1[i] = (uint32_t)key.stream;
        c2[i] = (uint32_t)(draw + i);
        c3[i] = (draw + i) >> 32;
    }
    philox_rounds(key, c0, c1, c2, c3, high, low);
}

/* 52 bits to the midpoints (k + 1/2) 2^-52 of (0, 1): never 0, never 1, exact. */
static inline void to_uniform(const uint64_t *restrict bits, double *restrict u) {
    for (unsigned i = 0; i < LANES; ++i) {
        uint64_t b = bits[i] >> 12 | UINT64_C(0x3FF0000000000000);
        double x;
        memcpy(&x, &b, sizeof x);
        u[i] = x - (1 - 0x1p-53);
    }
}

static inline void block_uniforms(mf_key key, uint64_t draw, size_t block, double *restrict out) {
    uint64_t high[LANES], low[LANES];
    philox(key, draw, (uint32_t)(block * LANES), high, low);
    to_uniform(high, out);
    to_uniform(low, out + LANES);
}

static inline void block_normals(mf_key key, uint64_t draw, size_t block, double *restrict out) {
    double u[2 * LANES];
    block_uniforms(key, draw, block, u);
    for (unsigned i = 0; i < LANES; i += WIDTH) {
        double radius[WIDTH], angle[WIDTH], c[WIDTH], s[WIDTH];
        STORE(radius, VLOG(LOAD(u + i)));
        for (unsigned j = 0; j < WIDTH; ++j) {
            radius[j] = sqrt(-2 * radius[j]);
            angle[j] = 2 * u[LANES + i + j];
        }
        vec2 turn = VSINCOSPI(LOAD(angle));
        STORE(s, turn.x);
        STORE(c, turn.y);
        for (unsigned j = 0; j < WIDTH; ++j) {
            out[i + j] = radius[j] * c[j];
            out[LANES + i + j] = radius[j] * s[j];
        }
    }
}

#define FILL(name, block_fn)                                                                       \
    void MF_ISA(name)(mf_key key, uint64_t draw, size_t n, double *out) {                          \
        size_t whole = n / (2 * LANES), rest = n % (2 * LANES);                                    \
        for (size_t block = 0; block < whole; ++block)                                             \
            block_fn(key, draw, block, out + block * 2 * LANES);                                   \
        if (rest) {                                                                                \
            double last[2 * LANES];                                                                \
            block_fn(key, draw, whole, last);                                                      \
            memcpy(out + whole * 2 * LANES, last, rest * sizeof *out);                             \
        }                                                                                          \
    }

/* The top bit of the stream number keeps the uniforms of a draw apart from its normals. */
static inline void block_independent_uniforms(mf_key key, uint64_t draw, size_t block,
                                              double *restrict out) {
    key.stream |= 0x80000000u;
    block_uniforms(key, draw, block, out);
}

FILL(mf_normals, block_normals)
FILL(mf_uniforms, block_independent_uniforms)

/* The first uniform of draws draw .. draw + n - 1: counters differ in the draw. */
void MF_ISA(mf_labels)(mf_key key, uint64_t draw, size_t n, double *out) {
    key.stream |= 0x80000000u;
    for (size_t done = 0; done < n; done += LANES) {
        uint64_t high[LANES], low[LANES];
        double u[LANES];
        philox_draws(key, draw + done, high, low);
        to_uniform(high, u);
        memcpy(out + done, u, (n - done < LANES ? n - done : LANES) * sizeof *out);
    }
}
