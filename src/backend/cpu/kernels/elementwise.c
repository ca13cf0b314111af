/* The rows of elementwise.def as loops, for each type; and conversion between types. */
#include "backend/cpu/isa.h"
#include "backend/cpu/math.h"
#include "backend/cpu/table.h"
#include "base/half.h"

#include <float.h>
#include <math.h>
#ifdef __F16C__
#include <immintrin.h>
#endif

/* A product of bools is meant. */
#pragma GCC diagnostic ignored "-Wint-in-bool-context"

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define FUNCTION(name) PASTE(name, SUFFIX)

/* base to the exponent by squaring, wrapping; PyTorch's rule for negative exponents. */
static int64_t integer_pow(int64_t base, int64_t exponent)
{
    if (exponent < 0)
        return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
    uint64_t result = 1, square = (uint64_t)base;
    for (uint64_t e = (uint64_t)exponent; e; e >>= 1) {
        if (e & 1)
            result *= square;
        square *= square;
    }
    return (int64_t)result;
}

/* a / b towards 0. A divisor of 0 has been refused before; the smallest number by -1 wraps. Processors divide
 * numbers of 32 bits several times faster. */
static int64_t integer_quotient(int64_t a, int64_t b)
{
    if (b == 0 || b == -1)
        return b ? (int64_t)(0 - (uint64_t)a) : 0;
    if (a == (int32_t)a && b == (int32_t)b)
        return (int32_t)a / (int32_t)b;
    return a / b;
}

static int64_t integer_fmod(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)integer_quotient(a, b) * (uint64_t)b);
}

static int64_t integer_remainder(int64_t a, int64_t b)
{
    const int64_t rest = integer_fmod(a, b);
    return rest && (rest < 0) != (b < 0) ? rest + b : rest;
}

static int64_t integer_floor_divide(int64_t a, int64_t b)
{
    const int64_t quotient = integer_quotient(a, b);
    const bool exact = (uint64_t)quotient * (uint64_t)b == (uint64_t)a;
    return quotient - (!exact && (a < 0) != (b < 0));
}

/* What a kernel reads. An operand may be the output itself, which is harmless in a loop that reads and writes
 * the same index. */
#define READ_1 const T *const x = operands[0];
#define READ_2                      \
    const T *const a = operands[0]; \
    const T *const b = operands[1];
#define READ_3 READ_2 const T *const c = operands[2];
#define READ_GRADIENT                           \
    READ_3                                      \
    const T *const y = operands[TP__OPERAND_Y]; \
    const T *const g = operands[TP__OPERAND_G]; \
    (void)a;                                    \
    (void)b;                                    \
    (void)c;                                    \
    (void)y;                                    \
    (void)g;
#define READ_NUMBERS                                        \
    const T *const numbers = operands[TP__OPERAND_NUMBERS]; \
    const T p = numbers[0];                                 \
    const T q = numbers[1];                                 \
    const T r = numbers[2];                                 \
    (void)p;                                                \
    (void)q;                                                \
    (void)r;
/* Flat, since a loop that calls is not made into vectors: with this many kernels in a file the compiler would
 * stop inlining the mathematics. */
#define KERNEL(name, RESULT, read, expression)                                                  \
    __attribute__((flatten)) static void FUNCTION(name)(int64_t n, const void *const *operands, \
                                                        void *result)                           \
    {                                                                                           \
        read RESULT *const out = result;                                                        \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++) out[i] = (RESULT)(expression);      \
    }
#define NO_KERNEL(name, RESULT, read, expression)
/* ---- Floating types ---- */

/* a b, rounded once: a double has room for all of it. A product of floats takes thirty times as long where it
 * is subnormal; a conversion does not. An addend of -0 changes nothing, but keeps compilers from seeing that
 * a product of floats would do. */
static inline float product_f32(float a, float b)
{
#ifdef __FMA__
    return (float)fma((double)a, (double)b, -0.0);
#else
    return a * b;
#endif
}

#define T float
#define SUFFIX f32
#define TP__LIBM(name) name##f
#define TP__MATH(name) tp__##name##_f32
#define TP__LARGEST FLT_MAX
#define TP__PRODUCT(a, b) product_f32(a, b)
#define exp_f32 exp_far_f32
#include "backend/cpu/kernels/elementwise_float.h"
#undef exp_f32

/* exp where no x of a group is beyond 87: 2^k then is a matter of adding to the exponent. A group goes
 * through each step as a whole, so that one number's latency passes while the others are computed. The row's
 * own loop takes the other groups, and the rest. */
__attribute__((flatten)) static void exp_f32(int64_t n, const void *const *operands, void *result)
{
    enum { GROUP = 32, LIMIT = 0x42ae0000 };
    const float *x = operands[0];
    float *out = result;
    for (; n >= GROUP; n -= GROUP, x += GROUP, out += GROUP) {
        float whole[GROUP], s[GROUP];
        uint32_t most = 0;
#define EACH _Pragma("omp simd") for (int i = 0; i < GROUP; i++)
        _Pragma("omp simd reduction(max : most)") for (int i = 0; i < GROUP; i++)
        {
            const uint32_t size = tp__bits_f32(x[i]) & 0x7fffffff;
            most = size > most ? size : most;
        }
        if (most > LIMIT) {
            exp_far_f32(GROUP, (const void *const[]){x}, out);
            continue;
        }
        EACH whole[i] = tp__exp_whole_f32(x[i]);
        EACH s[i] = tp__exp_rest_f32(x[i], whole[i]);
        EACH s[i] = tp__exp_of_rest_f32(s[i]);
        EACH out[i] = tp__from_bits_f32(tp__bits_f32(s[i]) + (tp__bits_f32(whole[i]) << 23));
#undef EACH
    }
    exp_far_f32(n, (const void *const[]){x}, out);
}

#define exp_f64 exp_far_f64
#define T double
#define SUFFIX f64
#define TP__LIBM(name) name
#define TP__MATH(name) tp__##name##_f64
#define TP__LARGEST DBL_MAX
#define TP__PRODUCT(a, b) ((a) * (b))
#include "backend/cpu/kernels/elementwise_float.h"
#undef exp_f64

/* The same in double, where the results of |x| <= 708 are normal numbers. */
__attribute__((flatten)) static void exp_f64(int64_t n, const void *const *operands, void *result)
{
    enum { GROUP = 32 };
    const double *x = operands[0];
    double *out = result;
    for (; n >= GROUP; n -= GROUP, x += GROUP, out += GROUP) {
        double whole[GROUP], r[GROUP], lost[GROUP];
        int64_t far = 0;
#define EACH _Pragma("omp simd") for (int i = 0; i < GROUP; i++)
        _Pragma("omp simd reduction(| : far)") for (int i = 0; i < GROUP; i++) far |= !(fabs(x[i]) <= 708);
        if (far) {
            exp_far_f64(GROUP, (const void *const[]){x}, out);
            continue;
        }
        EACH whole[i] = tp__exp_whole_f64(x[i]);
        EACH r[i] = tp__exp_rest_f64(x[i], 0.0, whole[i] - TP__ROUND_F64, &lost[i]);
        EACH r[i] = tp__exp_of_rest_f64(r[i], lost[i]);
        EACH out[i] = tp__from_bits_f64(tp__bits_f64(r[i]) + (tp__bits_f64(whole[i]) << 52));
#undef EACH
    }
    exp_far_f64(n, (const void *const[]){x}, out);
}

/* ---- Integer types ---- */

#define T int64_t
#define W uint64_t
#define SUFFIX i64
#define TP__NEGATIVE(a) ((a) < 0)
#define TP__BIT_NOT(a) (~(a))
#include "backend/cpu/kernels/elementwise_integer.h"

#define T int32_t
#define W uint32_t
#define SUFFIX i32
#define TP__NEGATIVE(a) ((a) < 0)
#define TP__BIT_NOT(a) (~(a))
#include "backend/cpu/kernels/elementwise_integer.h"

#define T uint8_t
#define W uint32_t
#define SUFFIX u8
#define TP__NEGATIVE(a) 0
#define TP__BIT_NOT(a) ((T) ~(a))
#include "backend/cpu/kernels/elementwise_integer.h"

/* Addition of bools is or, multiplication is and: C's conversion to bool does it. Tests and comparisons take
 * the bytes that they are, which compilers make vectors of. */
#define T bool
#define TP__TESTED_AS_BYTES
#define W uint32_t
#define SUFFIX b8
#define TP__NEGATIVE(a) 0
#define TP__BIT_NOT(a) (!(a))
#include "backend/cpu/kernels/elementwise_integer.h"

/* ---- Conversion ---- */

static inline int64_t whole(double x)
{
    return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}

#define CONVERT(from, FROM, to, TO, expression)                                                    \
    static void convert_##from##_##to(int64_t n, const void *source, int64_t stride, void *target) \
    {                                                                                              \
        const FROM *x = source;                                                                    \
        TO *out = target;                                                                          \
        if (stride == 0) {                                                                         \
            const FROM v = *x;                                                                     \
            const TO same = (TO)(expression);                                                      \
            for (int64_t i = 0; i < n; i++)                                                        \
                out[i] = same;                                                                     \
        } else if (stride == 1) {                                                                  \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const FROM v = x[i];                                                               \
                out[i] = (TO)(expression);                                                         \
            }                                                                                      \
        } else {                                                                                   \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const FROM v = x[i * stride];                                                      \
                out[i] = (TO)(expression);                                                         \
            }                                                                                      \
        }                                                                                          \
    }
#define CONVERT_FROM(from, FROM, to_integer)      \
    CONVERT(from, FROM, b8, bool, v != 0)         \
    CONVERT(from, FROM, u8, uint8_t, to_integer)  \
    CONVERT(from, FROM, i32, int32_t, to_integer) \
    CONVERT(from, FROM, i64, int64_t, to_integer) \
    CONVERT(from, FROM, f32, float, v)            \
    CONVERT(from, FROM, f64, double, v)           \
    CONVERT(from, FROM, bf16, uint16_t, tp__bf16_of_float((float)v))
#define CONVERT_TO_F16(from, FROM, to) CONVERT(from, FROM, to, uint16_t, tp__f16_of_float((float)v))
CONVERT_FROM(b8, bool, v)
CONVERT_FROM(u8, uint8_t, v)
CONVERT_FROM(i32, int32_t, v)
CONVERT_FROM(i64, int64_t, v)
CONVERT_FROM(f32, float, whole(v))
CONVERT_FROM(f64, double, whole(v))
CONVERT_TO_F16(b8, bool, f16)
CONVERT_TO_F16(u8, uint8_t, f16)
CONVERT_TO_F16(i32, int32_t, f16)
CONVERT_TO_F16(i64, int64_t, f16)
CONVERT_TO_F16(f32, float, f16_plain)
CONVERT_TO_F16(f64, double, f16)

#define CONVERT_FROM_HALF(from)                                                  \
    CONVERT(from, uint16_t, b8, bool, tp__float_of_##from(v) != 0)               \
    CONVERT(from, uint16_t, u8, uint8_t, whole((double)tp__float_of_##from(v)))  \
    CONVERT(from, uint16_t, i32, int32_t, whole((double)tp__float_of_##from(v))) \
    CONVERT(from, uint16_t, i64, int64_t, whole((double)tp__float_of_##from(v))) \
    CONVERT(from, uint16_t, f64, double, tp__float_of_##from(v))
CONVERT_FROM_HALF(f16)
CONVERT_FROM_HALF(bf16)
CONVERT(f16, uint16_t, f32_plain, float, tp__float_of_f16(v))
CONVERT(bf16, uint16_t, f32, float, tp__float_of_bf16(v))
CONVERT(f16, uint16_t, f16, uint16_t, v)
CONVERT(bf16, uint16_t, bf16, uint16_t, v)
CONVERT(f16, uint16_t, bf16, uint16_t, tp__bf16_of_f16(v))
CONVERT(bf16, uint16_t, f16, uint16_t, tp__f16_of_float(tp__float_of_bf16(v)))

/* Between float16 and float32, eight at a time where there are instructions for it, which give the same bits.
 */
static void convert_f32_f16(int64_t n, const void *source, int64_t stride, void *target)
{
    const float *x = source;
    uint16_t *out = target;
#ifdef __F16C__
    for (; stride == 1 && n >= 8; n -= 8, x += 8, out += 8)
        _mm_storeu_si128((void *)out, _mm256_cvtps_ph(_mm256_loadu_ps(x), _MM_FROUND_TO_NEAREST_INT));
#endif
    convert_f32_f16_plain(n, x, stride, out);
}

static void convert_f16_f32(int64_t n, const void *source, int64_t stride, void *target)
{
    const uint16_t *x = source;
    float *out = target;
#ifdef __F16C__
    for (; stride == 1 && n >= 8; n -= 8, x += 8, out += 8)
        _mm256_storeu_ps(out, _mm256_cvtph_ps(_mm_loadu_si128((const void *)x)));
#endif
    convert_f16_f32_plain(n, x, stride, out);
}

#define SCALE(name, T)                                                          \
    static void name(int64_t n, const void *const *operands, void *result)      \
    {                                                                           \
        const T *const x = operands[0], by = *(const T *)operands[1];           \
        T *const out = result;                                                  \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++) out[i] = x[i] * by; \
    }
SCALE(scale_f32, float)
SCALE(scale_f64, double)

/* What moves elements needs their size alone. Without a branch, which nothing could predict. */
#define WHERE(bits)                                                                         \
    static void where_##bits(int64_t n, const void *const *operands, void *result)          \
    {                                                                                       \
        const uint8_t *const condition = operands[0];                                       \
        const uint##bits##_t *const a = operands[1], *const b = operands[2];                \
        uint##bits##_t *const out = result;                                                 \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++)                                 \
        {                                                                                   \
            const uint##bits##_t mask = (uint##bits##_t)(0 - (uint##bits##_t)condition[i]); \
            out[i] = (uint##bits##_t)((a[i] & mask) | (b[i] & (uint##bits##_t) ~mask));     \
        }                                                                                   \
    }
WHERE(8)
WHERE(16)
WHERE(32)
WHERE(64)

/* ---- The table ---- */

#define ALL(name)                                                      \
    {                                                                  \
        name##b8, name##u8, name##i32, name##i64, name##f32, name##f64 \
    }
#define TESTS(name)                                                    \
    {                                                                  \
        name##u8, name##u8, name##i32, name##i64, name##f32, name##f64 \
    }
#define FLOATS(name)                               \
    {                                              \
        [TP_F32] = name##f32, [TP_F64] = name##f64 \
    }
#define INTEGERS(name)                           \
    {                                            \
        name##b8, name##u8, name##i32, name##i64 \
    }
#define PAIR(name)           \
    {                        \
        name##f32, name##f64 \
    }

#define FORWARD_ANY(name) ALL(name)
#define FORWARD_NUMBER(name) ALL(name)
#define FORWARD_DIVISION(name) ALL(name)
#define FORWARD_FLOAT(name) FLOATS(name)
#define FORWARD_REAL(name) FLOATS(name)

const tp__elementwise_table TP__NAME(elementwise_table) = {
    .forward =
        {
#define UNARY(name, kind, forward, gradient, low, high, documentation) \
    [TP__EW_##name] = FORWARD_##kind(name##_),
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    [TP__EW_##name] = FORWARD_##kind(name##_),
#define TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation) \
    [TP__EW_##name] = FORWARD_##kind(name##_),
#define BITS(name, kind, forward, documentation) [TP__EW_##name] = INTEGERS(name##_),
#define TWO_BITS(name, kind, forward, documentation) [TP__EW_##name] = INTEGERS(name##_),
#define TEST(name, forward, documentation) [TP__EW_##name] = TESTS(name##_),
#define COMPARE(name, forward, documentation) [TP__EW_##name] = TESTS(name##_),
#include "backend/cpu/elementwise_rows.h"
        },
    .gradient =
        {
#define UNARY(name, kind, forward, gradient, low, high, documentation) \
    [TP__EW_##name] = {PAIR(name##_grad_a_)},
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    [TP__EW_##name] = {PAIR(name##_grad_a_), PAIR(name##_grad_b_)},
#define TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation) \
    [TP__EW_##name] = {PAIR(name##_grad_a_), PAIR(name##_grad_b_), PAIR(name##_grad_c_)},
#include "backend/cpu/elementwise_rows.h"
        },
    .scale = {scale_f32, scale_f64},
    .where = {where_8, where_8, where_32, where_64, where_32, where_64, where_16, where_16},
#define CONVERT_ROW(from)                                                                           \
    {                                                                                               \
        convert_##from##_b8, convert_##from##_u8, convert_##from##_i32, convert_##from##_i64,       \
            convert_##from##_f32, convert_##from##_f64, convert_##from##_f16, convert_##from##_bf16 \
    }
    .convert = {CONVERT_ROW(b8), CONVERT_ROW(u8), CONVERT_ROW(i32), CONVERT_ROW(i64), CONVERT_ROW(f32),
                CONVERT_ROW(f64), CONVERT_ROW(f16), CONVERT_ROW(bf16)},
};
