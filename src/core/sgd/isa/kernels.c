/* kernels.c: the hot loops of SGD, in double and in single precision.
 *
 * Here only the vectors are named; the loops are in kernels.inc, compiled once for each
 * precision. Fused multiply-adds are written out where the instruction set has them.       */
#include "core/sgd/kernels.h"

#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <sleef.h>

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

/* ---- double -------------------------------------------------------------------------------- */

#define REAL double
#define SUFFIX d
#define LANES MF_SGD_LANES_D
#if defined(MF_ISA_avx512)
#define VEC __m512d
#define WIDTH 8
#define TILE 5 /* vectors of a micro-tile: 5 x 5 sums in 32 registers */
#define LOAD _mm512_load_pd
#define STORE _mm512_store_pd
#define SET _mm512_set1_pd
#define ADD _mm512_add_pd
#define MUL _mm512_mul_pd
#define DIV _mm512_div_pd
#define FMA _mm512_fmadd_pd
#define MAX _mm512_max_pd
#define PICK(z, t, yes, no) _mm512_mask_blend_pd(_mm512_cmp_pd_mask(z, t, _CMP_GE_OQ), no, yes)
#define MATH(name) Sleef_##name##d8_u10avx512f
#elif defined(MF_ISA_avx2)
#define VEC __m256d
#define WIDTH 4
#define TILE 2
#define LOAD _mm256_load_pd
#define STORE _mm256_store_pd
#define SET _mm256_set1_pd
#define ADD _mm256_add_pd
#define MUL _mm256_mul_pd
#define DIV _mm256_div_pd
#define FMA _mm256_fmadd_pd
#define MAX _mm256_max_pd
#define PICK(z, t, yes, no) _mm256_blendv_pd(no, yes, _mm256_cmp_pd(z, t, _CMP_GE_OQ))
#define MATH(name) Sleef_##name##d4_u10avx2
#elif defined(__x86_64__)
#define VEC __m128d
#define WIDTH 2
#define TILE 2
#define LOAD _mm_load_pd
#define STORE _mm_store_pd
#define SET _mm_set1_pd
#define ADD _mm_add_pd
#define MUL _mm_mul_pd
#define DIV _mm_div_pd
#define FMA(a, b, c) _mm_add_pd(_mm_mul_pd(a, b), c)
#define MAX _mm_max_pd
#define PICK(z, t, yes, no)                                                                        \
    _mm_or_pd(_mm_and_pd(_mm_cmpge_pd(z, t), yes), _mm_andnot_pd(_mm_cmpge_pd(z, t), no))
#define MATH(name) Sleef_##name##d2_u10sse2
#else
#define VEC double
#define WIDTH 1
#define TILE 5
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define SET(x) (x)
#define ADD(a, b) ((a) + (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define FMA(a, b, c) ((a) * (b) + (c))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define PICK(z, t, yes, no) ((z) >= (t) ? (yes) : (no))
#define MATH(name) name
#endif
/* Sums over neurons: in double. */
#define SUM VEC
#define SUM_ZERO SET(0)
#define SUM_ADD ADD
#define SUM_STORE STORE
#include "kernels.inc"
#undef REAL
#undef SUFFIX
#undef LANES
#undef VEC
#undef WIDTH
#undef LOAD
#undef STORE
#undef SET
#undef ADD
#undef MUL
#undef DIV
#undef FMA
#undef MAX
#undef PICK
#undef MATH
#undef SUM
#undef SUM_ZERO
#undef SUM_ADD
#undef SUM_STORE

/* ---- float ---------------------------------------------------------------------------------- */

#define REAL float
#define SUFFIX f
#define LANES MF_SGD_LANES_F
#if defined(MF_ISA_avx512)
#define VEC __m512
#define WIDTH 16
#define LOAD _mm512_load_ps
#define STORE _mm512_store_ps
#define SET(x) _mm512_set1_ps((float)(x))
#define ADD _mm512_add_ps
#define MUL _mm512_mul_ps
#define DIV _mm512_div_ps
#define FMA _mm512_fmadd_ps
#define MAX _mm512_max_ps
#define PICK(z, t, yes, no) _mm512_mask_blend_ps(_mm512_cmp_ps_mask(z, t, _CMP_GE_OQ), no, yes)
#define MATH(name) Sleef_##name##f16_u10avx512f
#elif defined(MF_ISA_avx2)
#define VEC __m256
#define WIDTH 8
#define LOAD _mm256_load_ps
#define STORE _mm256_store_ps
#define SET(x) _mm256_set1_ps((float)(x))
#define ADD _mm256_add_ps
#define MUL _mm256_mul_ps
#define DIV _mm256_div_ps
#define FMA _mm256_fmadd_ps
#define MAX _mm256_max_ps
#define PICK(z, t, yes, no) _mm256_blendv_ps(no, yes, _mm256_cmp_ps(z, t, _CMP_GE_OQ))
#define MATH(name) Sleef_##name##f8_u10avx2
#elif defined(__x86_64__)
#define VEC __m128
#define WIDTH 4
#define LOAD _mm_load_ps
#define STORE _mm_store_ps
#define SET(x) _mm_set1_ps((float)(x))
#define ADD _mm_add_ps
#define MUL _mm_mul_ps
#define DIV _mm_div_ps
#define FMA(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
#define MAX _mm_max_ps
#define PICK(z, t, yes, no)                                                                        \
    _mm_or_ps(_mm_and_ps(_mm_cmpge_ps(z, t), yes), _mm_andnot_ps(_mm_cmpge_ps(z, t), no))
#define MATH(name) Sleef_##name##f4_u10sse2
#else
#define VEC float
#define WIDTH 1
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define SET(x) ((float)(x))
#define ADD(a, b) ((a) + (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define FMA(a, b, c) ((a) * (b) + (c))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define PICK(z, t, yes, no) ((z) >= (t) ? (yes) : (no))
#define MATH(name) PASTE(name, f)
#endif
/* A vector of floats adds to two vectors of doubles, lower and upper half. */
#if defined(MF_ISA_avx512)
#define HALF __m512d
#define HALF_ZERO _mm512_setzero_pd()
#define LOWER(x) _mm512_cvtps_pd(_mm512_castps512_ps256(x))
#define UPPER(x) _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1))
#define HALF_ADD _mm512_add_pd
#define HALF_STORE _mm512_store_pd
#elif defined(MF_ISA_avx2)
#define HALF __m256d
#define HALF_ZERO _mm256_setzero_pd()
#define LOWER(x) _mm256_cvtps_pd(_mm256_castps256_ps128(x))
#define UPPER(x) _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1))
#define HALF_ADD _mm256_add_pd
#define HALF_STORE _mm256_store_pd
#elif defined(__x86_64__)
#define HALF __m128d
#define HALF_ZERO _mm_setzero_pd()
#define LOWER(x) _mm_cvtps_pd(x)
#define UPPER(x) _mm_cvtps_pd(_mm_movehl_ps(x, x))
#define HALF_ADD _mm_add_pd
#define HALF_STORE _mm_store_pd
#else
#define HALF double
#define HALF_ZERO 0.0
#define LOWER(x) ((double)(x))
#define UPPER(x) 0.0
#define HALF_ADD(a, b) ((a) + (b))
#define HALF_STORE(p, v) (*(p) = (v))
#endif
typedef struct {
    HALF low, high;
} halves;

static inline halves halves_add(halves sum, VEC x) {
    return (halves){HALF_ADD(sum.low, LOWER(x)), HALF_ADD(sum.high, UPPER(x))};
}

static inline void halves_store(double *out, halves sum) {
    HALF_STORE(out, sum.low);
    if (WIDTH > 1)
        HALF_STORE(out + WIDTH / 2, sum.high);
}
#define SUM halves
#define SUM_ZERO ((halves){HALF_ZERO, HALF_ZERO})
#define SUM_ADD halves_add
#define SUM_STORE halves_store
#include "kernels.inc"
