/* The inner loops of matrix products. gemm_kernels_body.h is read once for each type. */
#include "backend/cpu/gemm.h"

#include <math.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

/* Sanitizers multiply the code of unrolled tiles, and the time that compilers take for them. The height of a
 * tile does not change results. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define AVX512_ROWS 6
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define AVX512_ROWS 6
#endif
#ifndef AVX512_ROWS
#define AVX512_ROWS 14
#endif

#define UNROLLED _Pragma("GCC unroll 16")
/* How many columns of A ahead of their use a tile fetches. */
#define AHEAD 16
#define INLINE static inline __attribute__((always_inline))

/* float32. MR rows by two vectors of VN columns are as many accumulators as the registers hold. */
#define T float
#define TYPED(name) name##_f32
#define LANES 16
#define FMA_SCALAR fmaf
#if defined(TP_ISA_avx512)
#define V __m512
#define VN 16
#define MR AVX512_ROWS
#define V_LOAD(p) _mm512_loadu_ps(p)
#define V_STORE(p, v) _mm512_storeu_ps(p, v)
#define V_SET1(x) _mm512_set1_ps(x)
#define V_FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define V_ADD(a, b) _mm512_add_ps(a, b)
#elif defined(TP_ISA_avx2)
#define V __m256
#define VN 8
#define MR 6
#define V_LOAD(p) _mm256_loadu_ps(p)
#define V_STORE(p, v) _mm256_storeu_ps(p, v)
#define V_SET1(x) _mm256_set1_ps(x)
#define V_FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define V_ADD(a, b) _mm256_add_ps(a, b)
#else
typedef struct vector_f32 {
    float lane[4];
} vector_f32;
#define V vector_f32
#define VN 4
#define MR 4
#endif
#if defined(__SSE2__)
#define SQUARE 4
/* out[q * width + i] = x[i * x_i + q] for i and q below SQUARE. */
INLINE void transpose_f32(const float *x, int64_t x_i, float *out, int64_t width)
{
    const __m128 r0 = _mm_loadu_ps(x), r1 = _mm_loadu_ps(x + x_i);
    const __m128 r2 = _mm_loadu_ps(x + 2 * x_i), r3 = _mm_loadu_ps(x + 3 * x_i);
    const __m128 a = _mm_unpacklo_ps(r0, r1), b = _mm_unpackhi_ps(r0, r1);
    const __m128 c = _mm_unpacklo_ps(r2, r3), d = _mm_unpackhi_ps(r2, r3);
    _mm_storeu_ps(out, _mm_movelh_ps(a, c));
    _mm_storeu_ps(out + width, _mm_movehl_ps(c, a));
    _mm_storeu_ps(out + 2 * width, _mm_movelh_ps(b, d));
    _mm_storeu_ps(out + 3 * width, _mm_movehl_ps(d, b));
}
#endif
#include "backend/cpu/kernels/gemm_kernels_body.h"

/* float64. */
#define T double
#define TYPED(name) name##_f64
#define LANES 8
#define FMA_SCALAR fma
#if defined(TP_ISA_avx512)
#define V __m512d
#define VN 8
#define MR AVX512_ROWS
#define V_LOAD(p) _mm512_loadu_pd(p)
#define V_STORE(p, v) _mm512_storeu_pd(p, v)
#define V_SET1(x) _mm512_set1_pd(x)
#define V_FMA(a, b, c) _mm512_fmadd_pd(a, b, c)
#define V_ADD(a, b) _mm512_add_pd(a, b)
#elif defined(TP_ISA_avx2)
#define V __m256d
#define VN 4
#define MR 6
#define V_LOAD(p) _mm256_loadu_pd(p)
#define V_STORE(p, v) _mm256_storeu_pd(p, v)
#define V_SET1(x) _mm256_set1_pd(x)
#define V_FMA(a, b, c) _mm256_fmadd_pd(a, b, c)
#define V_ADD(a, b) _mm256_add_pd(a, b)
#else
typedef struct vector_f64 {
    double lane[2];
} vector_f64;
#define V vector_f64
#define VN 2
#define MR 4
#endif
#if defined(__SSE2__)
#define SQUARE 2
INLINE void transpose_f64(const double *x, int64_t x_i, double *out, int64_t width)
{
    const __m128d r0 = _mm_loadu_pd(x), r1 = _mm_loadu_pd(x + x_i);
    _mm_storeu_pd(out, _mm_unpacklo_pd(r0, r1));
    _mm_storeu_pd(out + width, _mm_unpackhi_pd(r0, r1));
}
#endif
#include "backend/cpu/kernels/gemm_kernels_body.h"

const tp__gemm_table TP__NAME(gemm) = {
    {MR_f32, 2 * VN_f32, tile_f32, pack_f32, vector_product_f32},
    {MR_f64, 2 * VN_f64, tile_f64, pack_f64, vector_product_f64},
};
