/* The kernels' functions against exactly rounded values, and against themselves: compiled for every
 * instruction set, alone and in a vector's body, they give the same bits. */
#include "backend/cpu/math.h"
#include "test.h"

#include "golden/math_values.h"

/* X(name, ulps in float, ulps in double): no result may be further from the true value. */
#define ONE_ARGUMENT(X)  \
    X(exp, 1.0, 1.0)     \
    X(exp2, 0.51, 1.0)   \
    X(expm1, 0.51, 1.5)  \
    X(sigmoid, 2.5, 2.5) \
    X(tanh, 0.51, 1.0)   \
    X(sinh, 0.51, 2.0)   \
    X(cosh, 0.51, 1.5)   \
    X(log, 0.51, 1.0)    \
    X(log1p, 0.51, 1.0)  \
    X(log2, 0.51, 2.0)   \
    X(log10, 0.51, 2.0)  \
    X(sin, 0.51, 1.0)    \
    X(cos, 0.51, 1.0)    \
    X(tan, 0.51, 2.5)    \
    X(atan, 0.51, 2.0)   \
    X(asin, 0.51, 2.0)   \
    X(acos, 0.51, 2.5)   \
    X(erf, 0.51, 1.5)    \
    X(erfc, 0.51, 4.0)

static float f32(uint32_t bits)
{
    return tp__from_bits_f32(bits);
}

static double f64(uint64_t bits)
{
    return tp__from_bits_f64(bits);
}

/* Steps between two numbers of a format, as integers in their order; 0 for two NaN, huge for one. */
static double steps_f64(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) ? 0 : 1e300;
    const uint64_t top = UINT64_C(1) << 63, i = tp__bits_f64(a), j = tp__bits_f64(b);
    const uint64_t x = i & top ? ~i : i | top, y = j & top ? ~j : j | top;
    return (double)(x > y ? x - y : y - x);
}

static double steps_f32(float a, float b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) ? 0 : 1e300;
    const uint32_t top = UINT32_C(1) << 31, i = tp__bits_f32(a), j = tp__bits_f32(b);
    const uint32_t x = i & top ? ~i : i | top, y = j & top ? ~j : j | top;
    return (double)(x > y ? x - y : y - x);
}

/* A result within u ulps of the true value is at most floor(u + 1/2) steps from the rounded one. */
static double allowed(double ulps)
{
    return floor(ulps + 0.5);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* How many rows disagree when each result is first moved by `sabotage` steps. */
#define VALUES(name, ulps32, ulps64)                                                                \
    static int values_##name(int sabotage, bool print)                                              \
    {                                                                                               \
        int bad = 0;                                                                                \
        for (size_t i = 0; i < COUNT(golden_##name##_f32); i++) {                                   \
            const float x = f32(golden_##name##_f32[i][0]), want = f32(golden_##name##_f32[i][1]);  \
            const float got = f32(tp__bits_f32(tp__##name##_f32(x)) + (uint32_t)sabotage);          \
            const bool wrong = steps_f32(got, want) > allowed(ulps32);                              \
            if (wrong && print)                                                                     \
                printf(#name "_f32(%a) is %a, not %a\n", (double)x, (double)got, (double)want);     \
            bad += wrong;                                                                           \
        }                                                                                           \
        for (size_t i = 0; i < COUNT(golden_##name##_f64); i++) {                                   \
            const double x = f64(golden_##name##_f64[i][0]), want = f64(golden_##name##_f64[i][1]); \
            const double got = f64(tp__bits_f64(tp__##name##_f64(x)) + (uint64_t)sabotage);         \
            const bool wrong = steps_f64(got, want) > allowed(ulps64);                              \
            if (wrong && print)                                                                     \
                printf(#name "_f64(%a) is %a, not %a\n", x, got, want);                             \
            bad += wrong;                                                                           \
        }                                                                                           \
        return bad;                                                                                 \
    }
ONE_ARGUMENT(VALUES)

static int values_pow(int sabotage)
{
    int bad = 0;
    for (size_t i = 0; i < COUNT(golden_pow_f32); i++) {
        const uint32_t *row = golden_pow_f32[i];
        const float got = f32(tp__bits_f32(tp__pow_f32(f32(row[0]), f32(row[1]))) + (uint32_t)sabotage);
        bad += steps_f32(got, f32(row[2])) > allowed(0.51);
    }
    for (size_t i = 0; i < COUNT(golden_pow_f64); i++) {
        const uint64_t *row = golden_pow_f64[i];
        const double got = f64(tp__bits_f64(tp__pow_f64(f64(row[0]), f64(row[1]))) + (uint64_t)sabotage);
        bad += steps_f64(got, f64(row[2])) > allowed(1.0);
    }
    return bad;
}

static void test_values(void)
{
#define CHECK_VALUES(name, ulps32, ulps64) \
    CHECK(values_##name(0, true) == 0);    \
    CHECK(values_##name(5, false) > 60);
    ONE_ARGUMENT(CHECK_VALUES)
    CHECK(values_pow(0) == 0);
    CHECK(values_pow(5) > 60);
    for (size_t i = 0; i < COUNT(golden_exp_f32); i++)
        CHECK(steps_f32(tp__exp_rounded_f32(f32(golden_exp_f32[i][0])), f32(golden_exp_f32[i][1])) == 0);
    for (size_t i = 0; i < COUNT(golden_torch_sigmoid); i++)
        CHECK(tp__bits_f32(tp__sigmoid_f32(f32(golden_torch_sigmoid[i][0]))) == golden_torch_sigmoid[i][1]);
}

/* ---- special values ---- */

static bool same(double a, double b)
{
    return steps_f64(a, b) == 0;
}

#define SPECIAL(name, x, want)                \
    CHECK(same(tp__##name##_f64(x), (want))); \
    CHECK(same((double)tp__##name##_f32((float)(x)), (double)(float)(want)))

static void test_specials(void)
{
    const double inf = (double)INFINITY, nan = (double)NAN, half_pi = TP__PIO2_1;
#define NAN_STAYS(name, ulps32, ulps64) SPECIAL(name, nan, nan);
    ONE_ARGUMENT(NAN_STAYS)
#define ZERO_STAYS(name)     \
    SPECIAL(name, 0.0, 0.0); \
    SPECIAL(name, -0.0, -0.0);
    ZERO_STAYS(expm1)
    ZERO_STAYS(tanh)
    ZERO_STAYS(sinh)
    ZERO_STAYS(log1p)
    ZERO_STAYS(sin)
    ZERO_STAYS(tan)
    ZERO_STAYS(atan)
    ZERO_STAYS(asin)
    ZERO_STAYS(erf)
    SPECIAL(exp, 0.0, 1.0);
    SPECIAL(exp, inf, inf);
    SPECIAL(exp, -inf, 0.0);
    SPECIAL(exp2, inf, inf);
    SPECIAL(exp2, -inf, 0.0);
    SPECIAL(exp2, 10.0, 1024.0);
    SPECIAL(exp2, -1.0, 0.5);
    SPECIAL(expm1, inf, inf);
    SPECIAL(expm1, -inf, -1.0);
    SPECIAL(sigmoid, inf, 1.0);
    SPECIAL(sigmoid, -inf, 0.0);
    SPECIAL(sigmoid, 0.0, 0.5);
    SPECIAL(tanh, inf, 1.0);
    SPECIAL(tanh, -inf, -1.0);
    SPECIAL(sinh, inf, inf);
    SPECIAL(sinh, -inf, -inf);
    SPECIAL(cosh, inf, inf);
    SPECIAL(cosh, -inf, inf);
    SPECIAL(cosh, -0.0, 1.0);
    SPECIAL(log, 0.0, -inf);
    SPECIAL(log, -0.0, -inf);
    SPECIAL(log, 1.0, 0.0);
    SPECIAL(log, -1.0, nan);
    SPECIAL(log, inf, inf);
    SPECIAL(log, -inf, nan);
    SPECIAL(log2, 0.0, -inf);
    SPECIAL(log2, inf, inf);
    SPECIAL(log2, 1024.0, 10.0);
    SPECIAL(log10, 0.0, -inf);
    SPECIAL(log10, inf, inf);
    SPECIAL(log10, 1000.0, 3.0);
    SPECIAL(log1p, -1.0, -inf);
    SPECIAL(log1p, -2.0, nan);
    SPECIAL(log1p, inf, inf);
    SPECIAL(log1p, -inf, nan);
    SPECIAL(sin, inf, nan);
    SPECIAL(sin, -inf, nan);
    SPECIAL(cos, inf, nan);
    SPECIAL(cos, -0.0, 1.0);
    SPECIAL(tan, inf, nan);
    SPECIAL(atan, inf, half_pi);
    SPECIAL(atan, -inf, -half_pi);
    SPECIAL(asin, 1.0, half_pi);
    SPECIAL(asin, 1.5, nan);
    SPECIAL(acos, 1.0, 0.0);
    SPECIAL(acos, -1.0, 2 * half_pi);
    SPECIAL(acos, -1.5, nan);
    SPECIAL(erf, inf, 1.0);
    SPECIAL(erf, -inf, -1.0);
    SPECIAL(erfc, inf, 0.0);
    SPECIAL(erfc, -inf, 2.0);

    /* pow: rows of C's annex F.9.4.4. */
    const double powers[][3] = {
        {0, 3, 0},        {-0.0, 3, -0.0},  {-0.0, 2, 0},   {0, -3, inf},    {-0.0, -3, -inf},
        {-0.0, -2, inf},  {0, inf, 0},      {0, -inf, inf}, {-1, inf, 1},    {-1, -inf, 1},
        {1, nan, 1},      {nan, 0, 1},      {nan, 1, nan},  {2, nan, nan},   {-8, 1.0 / 3, nan},
        {-2, 3, -8},      {-2, 2, 4},       {2, inf, inf},  {0.5, inf, 0},   {0.5, -inf, inf},
        {2, -inf, 0},     {inf, 2, inf},    {inf, -2, 0},   {-inf, 3, -inf}, {-inf, 2, inf},
        {-inf, 0.5, inf}, {-inf, -3, -0.0}, {-inf, -2, 0},  {-inf, -0.5, 0}, {0, 0, 1},
        {-3, -0.0, 1},    {inf, 0, 1},      {10, 2, 100},   {4, 0.5, 2},     {2, -2, 0.25},
        {-0.0, 0.5, 0},
    };
    for (size_t i = 0; i < COUNT(powers); i++) {
        const double *p = powers[i];
        CHECK(same(tp__pow_f64(p[0], p[1]), p[2]));
        CHECK(same((double)tp__pow_f32((float)p[0], (float)p[1]), p[2]));
    }
}

/* ---- every instruction set ---- */

#define LENGTH 1003

static float in32[2][LENGTH], plain32[LENGTH], out32[LENGTH];
static double in64[2][LENGTH], plain64[LENGTH], out64[LENGTH];

#define LOOPS(name, attribute, suffix)                  \
    attribute static void loop_##name##_##suffix(int n) \
    {                                                   \
        for (int i = 0; i < n; i++)                     \
            out32[i] = tp__##name##_f32(in32[0][i]);    \
        for (int i = 0; i < n; i++)                     \
            out64[i] = tp__##name##_f64(in64[0][i]);    \
    }
#define LOOPS_POW(attribute, suffix)                        \
    attribute static void loop_pow_##suffix(int n)          \
    {                                                       \
        for (int i = 0; i < n; i++)                         \
            out32[i] = tp__pow_f32(in32[0][i], in32[1][i]); \
        for (int i = 0; i < n; i++)                         \
            out64[i] = tp__pow_f64(in64[0][i], in64[1][i]); \
    }

#define LOOPS_PLAIN(name, ulps32, ulps64) LOOPS(name, , plain)
ONE_ARGUMENT(LOOPS_PLAIN)
LOOPS_POW(, plain)
#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")))
#define LOOPS_AVX2(name, ulps32, ulps64) LOOPS(name, AVX2, avx2)
#define LOOPS_AVX512(name, ulps32, ulps64) LOOPS(name, AVX512, avx512)
ONE_ARGUMENT(LOOPS_AVX2)
LOOPS_POW(AVX2, avx2)
ONE_ARGUMENT(LOOPS_AVX512)
LOOPS_POW(AVX512, avx512)
#endif

static uint64_t random_state = 88172645463325252u;
static uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(2685821657736338717);
}

static void fill(int round)
{
    for (int a = 0; a < 2; a++)
        for (int i = 0; i < LENGTH; i++) {
            const uint64_t bits = random_bits();
            const double x = ((double)(bits >> 11) * 0x1p-53 - 0.5) * (round == 1 ? 2 : 60);
            in64[a][i] = round == 0 ? f64(bits) : x;
            in32[a][i] = round == 0 ? f32((uint32_t)bits) : (float)x;
        }
}

static int differences(int n)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        count += steps_f32(out32[i], plain32[i]) != 0 || steps_f64(out64[i], plain64[i]) != 0;
    return count;
}

/* Against plain32 and plain64: the whole length, a length that is all tail, and a changed bit. */
static void check_loop(void (*loop)(int))
{
    loop(LENGTH);
    CHECK(differences(LENGTH) == 0);
    memset(out32, 0, sizeof out32);
    memset(out64, 0, sizeof out64);
    loop(3);
    CHECK(differences(3) == 0);
    out32[1] = f32(tp__bits_f32(1.0f) ^ tp__bits_f32(plain32[1]));
    CHECK(differences(3) == 1);
}

static void test_instruction_sets(void)
{
#if defined(__x86_64__)
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    printf("avx2 %s, avx512 %s\n", avx2 ? "checked" : "absent", avx512 ? "checked" : "absent");
#define CHECK_WIDE(name)                \
    if (avx2)                           \
        check_loop(loop_##name##_avx2); \
    if (avx512)                         \
        check_loop(loop_##name##_avx512);
#else
#define CHECK_WIDE(name)
#endif
#define CHECK_LOOPS(name, ulps32, ulps64)   \
    loop_##name##_plain(LENGTH);            \
    memcpy(plain32, out32, sizeof plain32); \
    memcpy(plain64, out64, sizeof plain64); \
    check_loop(loop_##name##_plain);        \
    CHECK_WIDE(name)
    for (int round = 0; round < 3; round++) {
        fill(round);
        ONE_ARGUMENT(CHECK_LOOPS)
        CHECK_LOOPS(pow, 0, 0)
    }
}

int main(void)
{
    test_values();
    test_specials();
    test_instruction_sets();
    return test_end();
}
