/* The inner loops of matrix products. gemm_kernels_body.h is read once for each type. */
#include "backend/cpu/gemm.h"

#include <math.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define UNROLLED _Pragma("GCC unroll 16")
#define INLINE static inline __attribute__((always_inline))

/* V_ADD_PRODUCT is V_FMA into the sum's own register: left to themselves, compilers let some of a tile's
 * results overwrite a factor, and copy vectors for that. */

/* float32. A tile has MR rows by NV vectors of VN columns: as many sums as the registers hold beside NV
 * vectors of B and one of A. Three vectors to a row need fewer loads and run faster than two with more rows.
 */
#define T float
#define TYPED(name) name##_f32
#define LANES 16
#define FMA_SCALAR fmaf
#if defined(TP_ISA_avx512)
#define V __m512
#define VN 16
#define MR 8
#define NV 3
#define V_LOAD(p) _mm512_loadu_ps(p)
#define V_STORE(p, v) _mm512_storeu_ps(p, v)
#define V_SET1(x) _mm512_set1_ps(x)
#define V_FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define V_ADD_PRODUCT(sum, a, b) __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b))
#define V_ADD(a, b) _mm512_add_ps(a, b)
#elif defined(TP_ISA_avx2)
#define V __m256
#define VN 8
#define MR 4
#define NV 3
#define V_LOAD(p) _mm256_loadu_ps(p)
#define V_STORE(p, v) _mm256_storeu_ps(p, v)
#define V_SET1(x) _mm256_set1_ps(x)
#define V_FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define V_ADD_PRODUCT(sum, a, b) __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b))
#define V_ADD(a, b) _mm256_add_ps(a, b)
#else
typedef struct vector_f32 {
    float lane[4];
} vector_f32;
#define V vector_f32
#define VN 4
#define MR 4
#define NV 2
#endif
/* out[q * width + i] = x[i * x_i + q] for i and q below SQUARE. */
#if defined(__AVX__)
#define SQUARE 8
/* Four columns of eight rows: the rows from the fifth on are the upper halves. */
INLINE void transpose_half_f32(const float *x, int64_t x_i, float *out, int64_t width)
{
    __m256 r[4];
    UNROLLED
    for (int i = 0; i < 4; i++)
        r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(x + i * x_i)),
                                    _mm_loadu_ps(x + (i + 4) * x_i), 1);
    const __m256 a = _mm256_unpacklo_ps(r[0], r[1]), b = _mm256_unpackhi_ps(r[0], r[1]);
    const __m256 c = _mm256_unpacklo_ps(r[2], r[3]), d = _mm256_unpackhi_ps(r[2], r[3]);
    _mm256_storeu_ps(out, _mm256_shuffle_ps(a, c, 0x44));
    _mm256_storeu_ps(out + width, _mm256_shuffle_ps(a, c, 0xee));
    _mm256_storeu_ps(out + 2 * width, _mm256_shuffle_ps(b, d, 0x44));
    _mm256_storeu_ps(out + 3 * width, _mm256_shuffle_ps(b, d, 0xee));
}
INLINE void transpose_f32(const float *x, int64_t x_i, float *out, int64_t width)
{
    transpose_half_f32(x, x_i, out, width);
    transpose_half_f32(x + 4, x_i, out + 4 * width, width);
}
#elif defined(__SSE2__)
#define SQUARE 4
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
#define MR 8
#define NV 3
#define V_LOAD(p) _mm512_loadu_pd(p)
#define V_STORE(p, v) _mm512_storeu_pd(p, v)
#define V_SET1(x) _mm512_set1_pd(x)
#define V_FMA(a, b, c) _mm512_fmadd_pd(a, b, c)
#define V_ADD_PRODUCT(sum, a, b) __asm__("vfmadd231pd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b))
#define V_ADD(a, b) _mm512_add_pd(a, b)
#elif defined(TP_ISA_avx2)
#define V __m256d
#define VN 4
#define MR 4
#define NV 3
#define V_LOAD(p) _mm256_loadu_pd(p)
#define V_STORE(p, v) _mm256_storeu_pd(p, v)
#define V_SET1(x) _mm256_set1_pd(x)
#define V_FMA(a, b, c) _mm256_fmadd_pd(a, b, c)
#define V_ADD_PRODUCT(sum, a, b) __asm__("vfmadd231pd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b))
#define V_ADD(a, b) _mm256_add_pd(a, b)
#else
typedef struct vector_f64 {
    double lane[2];
} vector_f64;
#define V vector_f64
#define VN 2
#define MR 4
#define NV 2
#endif
#if defined(__AVX__)
#define SQUARE 4
INLINE void transpose_f64(const double *x, int64_t x_i, double *out, int64_t width)
{
    UNROLLED
    for (int q = 0; q < 4; q += 2) {
        const __m256d a = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(x + q)),
                                               _mm_loadu_pd(x + 2 * x_i + q), 1);
        const __m256d b = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(x + x_i + q)),
                                               _mm_loadu_pd(x + 3 * x_i + q), 1);
        _mm256_storeu_pd(out + q * width, _mm256_unpacklo_pd(a, b));
        _mm256_storeu_pd(out + (q + 1) * width, _mm256_unpackhi_pd(a, b));
    }
}
#elif defined(__SSE2__)
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
    {MR_f32, COLUMNS_f32, VN_f32, tile_f32, pack_f32, vector_product_f32},
    {MR_f64, COLUMNS_f64, VN_f64, tile_f64, pack_f64, vector_product_f64},
};
