/* normals.c: Philox 4x32-10 counters to uniforms and normals, eight counters at a time.
 *
 * Counter (block, stream, draw low, draw high) under key (seed low, seed high) gives 128
 * bits: two uniforms, and by Box and Muller two normals. Only operations that round the
 * same on every instruction set are used (no fused multiply-add; SLEEF's deterministic
 * variants without it), so a stream has the same bits everywhere.                       */
#include "core/base/rng_kernels.h"

#include <math.h>
#include <Random123/philox.h>
#include <stdatomic.h>
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
#define SQRT _mm512_sqrt_pd
#define PRODUCT(a, b) (words) _mm512_mul_epu32((__m512i)(a), (__m512i)(b))
#define VLOG Sleef_cinz_logd8_u35avx512fnofma
#define VSINCOSPI Sleef_cinz_sincospid8_u35avx512fnofma
#elif defined(MF_ISA_avx2)
enum { WIDTH = 4 };
typedef __m256d vec;
typedef Sleef___m256d_2 vec2;
#define LOAD _mm256_loadu_pd
#define STORE _mm256_storeu_pd
#define SQRT _mm256_sqrt_pd
#define PRODUCT(a, b) (words) _mm256_mul_epu32((__m256i)(a), (__m256i)(b))
#define VLOG Sleef_cinz_logd4_u35avx
#define VSINCOSPI Sleef_cinz_sincospid4_u35avx
#elif defined(__x86_64__)
enum { WIDTH = 2 };
typedef __m128d vec;
typedef Sleef___m128d_2 vec2;
#define LOAD _mm_loadu_pd
#define STORE _mm_storeu_pd
#define SQRT _mm_sqrt_pd
#define PRODUCT(a, b) (words) _mm_mul_epu32((__m128i)(a), (__m128i)(b))
#define VLOG Sleef_cinz_logd2_u35sse2
#define VSINCOSPI Sleef_cinz_sincospid2_u35sse2
#else
enum { WIDTH = 1 };
typedef double vec;
typedef Sleef_double_2 vec2;
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define SQRT sqrt
#define PRODUCT(a, b) (((a)&UINT32_MAX) * (b))
#define VLOG Sleef_cinz_logd1_u35purec
#define VSINCOSPI Sleef_cinz_sincospid1_u35purec
#endif

typedef uint64_t words __attribute__((vector_size(WIDTH * sizeof(uint64_t))));

/* Ten rounds on the counters c, the 128 bits of each as two 64-bit words. Random123's own rounds
 * take one counter at a time, and without a vector product of 64 bits a compiler left alone
 * makes shifts and sums of these of 32. Upper halves are not kept clean: PRODUCT skips them.   */
static inline __attribute__((always_inline)) void
philox_rounds(mf_key key, words c0, words c1, words c2, words c3, uint64_t *high, uint64_t *low) {
    const words zero = {0}, m0 = PHILOX_M4x32_0 + zero, m1 = PHILOX_M4x32_1 + zero;
    words k0 = (key.seed & UINT32_MAX) + zero, k1 = (key.seed >> 32) + zero;
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
        words p0 = PRODUCT(c0, m0), p1 = PRODUCT(c2, m1);
        c0 = (c1 ^ k0) ^ p1 >> 32;
        c2 = (c3 ^ k1) ^ p0 >> 32;
        c1 = p1;
        c3 = p0;
        k0 += PHILOX_W32_0;
        k1 += PHILOX_W32_1;
    }
    words both[2] = {c1 << 32 | (c0 & UINT32_MAX), c3 << 32 | (c2 & UINT32_MAX)};
    memcpy(high, &both[0], sizeof *both);
    memcpy(low, &both[1], sizeof *both);
}

/* start, start + 1, ... */
static inline words count_from(uint64_t start) {
    static const uint64_t numbers[LANES] = {0, 1, 2, 3, 4, 5, 6, 7};
    words count;
    memcpy(&count, numbers, sizeof count);
    return count + start;
}

/* The bits of counters (first .. first+7, stream, draw). */
static inline void philox(mf_key key, uint64_t draw, uint32_t first, uint64_t *restrict high,
                          uint64_t *restrict low) {
    const words zero = {0};
    for (unsigned i = 0; i < LANES; i += WIDTH)
        philox_rounds(key, count_from(first + i), (uint32_t)key.stream + zero,
                      (uint32_t)draw + zero, (draw >> 32) + zero, high + i, low + i);
}

/* The bits of counters (0, stream, draw .. draw+7). */
static inline void philox_draws(mf_key key, uint64_t draw, uint64_t *restrict high,
                                uint64_t *restrict low) {
    const words zero = {0};
    for (unsigned i = 0; i < LANES; i += WIDTH) {
        words count = count_from(draw + i);
        philox_rounds(key, zero, (uint32_t)key.stream + zero, count, count >> 32, high + i,
                      low + i);
    }
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

/* SLEEF's AVX-512 log reads its infinity under a mask that is empty for our numbers. On a page
 * never touched, as on virtual machines, each such read takes hundreds of cycles, and a normal
 * five times as long: one logarithm that wants it fetches the page.                          */
static atomic_bool fetched;

static __attribute__((noinline)) void fetch_infinity(void) {
    double all[WIDTH], out[WIDTH];
    for (unsigned i = 0; i < WIDTH; ++i)
        all[i] = INFINITY;
    STORE(out, VLOG(LOAD(all)));
    atomic_store_explicit(&fetched, out[0] > 0, memory_order_relaxed);
}

static inline void block_normals(mf_key key, uint64_t draw, size_t block, double *restrict out) {
    double u[2 * LANES];
    if (!atomic_load_explicit(&fetched, memory_order_relaxed))
        fetch_infinity();
    block_uniforms(key, draw, block, u);
    for (unsigned i = 0; i < LANES; i += WIDTH) {
        vec radius = SQRT(VLOG(LOAD(u + i)) * -2.0);
        vec2 turn = VSINCOSPI(LOAD(u + LANES + i) * 2.0);
        STORE(out + i, turn.y * radius);
        STORE(out + LANES + i, turn.x * radius);
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
