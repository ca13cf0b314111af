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
    X(erfc, 0.51, 4.0)   \
    X(asinh, 0.51, 2.5)  \
    X(acosh, 0.51, 2.5)  \
    X(atanh, 0.51, 2.5)  \
    X(erfinv, 0.51, 4.0)

#define TWO_ARGUMENTS(X) \
    X(pow, 0.51, 1.0)    \
    X(atan2, 0.51, 2.5)  \
    X(hypot, 0.51, 1.0)

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

#define VALUES_2(name, ulps32, ulps64)                                                              \
    static int values_##name(int sabotage)                                                          \
    {                                                                                               \
        int bad = 0;                                                                                \
        for (size_t i = 0; i < COUNT(golden_##name##_f32); i++) {                                   \
            const uint32_t *row = golden_##name##_f32[i];                                           \
            const float got =                                                                       \
                f32(tp__bits_f32(tp__##name##_f32(f32(row[0]), f32(row[1]))) + (uint32_t)sabotage); \
            bad += steps_f32(got, f32(row[2])) > allowed(ulps32);                                   \
        }                                                                                           \
        for (size_t i = 0; i < COUNT(golden_##name##_f64); i++) {                                   \
            const uint64_t *row = golden_##name##_f64[i];                                           \
            const double got =                                                                      \
                f64(tp__bits_f64(tp__##name##_f64(f64(row[0]), f64(row[1]))) + (uint64_t)sabotage); \
            bad += steps_f64(got, f64(row[2])) > allowed(ulps64);                                   \
        }                                                                                           \
        return bad;                                                                                 \
    }
TWO_ARGUMENTS(VALUES_2)

static void test_values(void)
{
#define CHECK_VALUES(name, ulps32, ulps64) \
    CHECK(values_##name(0, true) == 0);    \
    CHECK(values_##name(5, false) > 60);
    ONE_ARGUMENT(CHECK_VALUES)
#define CHECK_VALUES_2(name, ulps32, ulps64) \
    CHECK(values_##name(0) == 0);            \
    CHECK(values_##name(5) > 60);
    TWO_ARGUMENTS(CHECK_VALUES_2)
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
    ZERO_STAYS(asinh)
    ZERO_STAYS(atanh)
    ZERO_STAYS(erfinv)
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
    SPECIAL(asinh, inf, inf);
    SPECIAL(asinh, -inf, -inf);
    SPECIAL(acosh, 1.0, 0.0);
    SPECIAL(acosh, inf, inf);
    SPECIAL(acosh, 0.5, nan);
    SPECIAL(acosh, -inf, nan);
    SPECIAL(atanh, 1.0, inf);
    SPECIAL(atanh, -1.0, -inf);
    SPECIAL(atanh, 1.5, nan);
    SPECIAL(atanh, -inf, nan);
    SPECIAL(erfinv, 1.0, inf);
    SPECIAL(erfinv, -1.0, -inf);
    SPECIAL(erfinv, 1.5, nan);
    SPECIAL(erfinv, inf, nan);

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

#define SPECIAL_2(name, x, y, want)                                                   \
    CHECK(same(tp__##name##_f64(x, y), want) && signs(tp__##name##_f64(x, y), want)); \
    CHECK(same((double)tp__##name##_f32((float)(x), (float)(y)), (double)(float)(want)));

static bool signs(double a, double b)
{
    return isnan(b) || signbit(a) == signbit(b);
}

/* C's annex F for atan2, hypot and fmod; PyTorch for the others. */
static void test_specials_of_two(void)
{
    const double inf = (double)INFINITY, nan = (double)NAN, half_pi = TP__PIO2_1;
    SPECIAL_2(atan2, 0.0, 0.0, 0.0)
    SPECIAL_2(atan2, -0.0, 0.0, -0.0)
    SPECIAL_2(atan2, 0.0, -0.0, 2 * half_pi)
    SPECIAL_2(atan2, -0.0, -0.0, -2 * half_pi)
    SPECIAL_2(atan2, 0.0, 1.0, 0.0)
    SPECIAL_2(atan2, -0.0, -1.0, -2 * half_pi)
    SPECIAL_2(atan2, 1.0, 0.0, half_pi)
    SPECIAL_2(atan2, -1.0, -0.0, -half_pi)
    SPECIAL_2(atan2, 1.0, inf, 0.0)
    SPECIAL_2(atan2, -1.0, -inf, -2 * half_pi)
    SPECIAL_2(atan2, inf, 5.0, half_pi)
    SPECIAL_2(atan2, inf, inf, half_pi / 2)
    SPECIAL_2(atan2, -inf, -inf, -3 * (half_pi / 2))
    SPECIAL_2(atan2, nan, inf, nan)
    SPECIAL_2(atan2, 1.0, nan, nan)
    SPECIAL_2(hypot, 0.0, -0.0, 0.0)
    SPECIAL_2(hypot, 3.0, -4.0, 5.0)
    SPECIAL_2(hypot, -inf, nan, inf)
    SPECIAL_2(hypot, nan, inf, inf)
    SPECIAL_2(hypot, nan, 1.0, nan)
    CHECK(same(tp__hypot_f64(3e300, 4e300), 5e300) && same(tp__hypot_f64(3e-320, 4e-320), 5e-320));
    CHECK(same(tp__atan2_f64(1e308, 1e308), half_pi / 2) && same(tp__atan2_f64(1.5e308, -1e-300), half_pi));
    CHECK(same(tp__atan2_f64(1e-320, 1e-320), half_pi / 2));
    SPECIAL_2(xlogy, 0.0, 0.0, 0.0)
    SPECIAL_2(xlogy, 0.0, -1.0, 0.0)
    SPECIAL_2(xlogy, 0.0, nan, nan)
    SPECIAL_2(xlogy, 0.0, inf, 0.0)
    SPECIAL_2(xlogy, 2.0, 0.0, -inf)
    SPECIAL_2(xlogy, nan, 1.0, nan)
    SPECIAL_2(fmod, 7.0, -2.0, 1.0)
    SPECIAL_2(fmod, -7.0, 2.0, -1.0)
    SPECIAL_2(fmod, 5.0, inf, 5.0)
    SPECIAL_2(fmod, inf, 5.0, nan)
    SPECIAL_2(fmod, 5.0, 0.0, nan)
    SPECIAL_2(remainder, 7.0, -2.0, -1.0)
    SPECIAL_2(remainder, -7.0, 2.0, 1.0)
    SPECIAL_2(remainder, -1.0, inf, inf)
    SPECIAL_2(remainder, -6.0, 3.0, -0.0)
    SPECIAL_2(floor_divide, 7.0, -2.0, -4.0)
    SPECIAL_2(floor_divide, -7.0, -2.0, 3.0)
    SPECIAL_2(floor_divide, -1.0, inf, -1.0)
    SPECIAL_2(floor_divide, 1.0, 0.0, inf)
    SPECIAL_2(floor_divide, -0.0, 3.0, -0.0)
    SPECIAL_2(floor_divide, inf, 3.0, nan)
}

/* ---- dense samples in float, against the C library in double ---- */

static double worst_f32(float got, double want)
{
    if (isnan(want) || isinf((float)want) || want == 0)
        return steps_f32(got, (float)want) == 0 ? 0 : 1e9;
    const float size = fabsf((float)want);
    return fabs((double)got - want) / (double)(nextafterf(size, INFINITY) - size);
}

static void test_dense(void)
{
    double worst[6] = {0};
    for (uint64_t bits = 0; bits <= 0xffffffffu;
         bits += 4099) { /* a prime: all exponents, a million values */
        const float x = f32((uint32_t)bits), y = f32((uint32_t)(bits * 2654435761u));
        const double v = (double)x;
        if (isnan(x) || isnan(y))
            continue;
        const double e[6] = {worst_f32(tp__asinh_f32(x), asinh(v)),
                             worst_f32(tp__acosh_f32(x), acosh(v)),
                             worst_f32(tp__atanh_f32(x), atanh(v)),
                             fabsf(x) < 1 ? worst_f32(x, erf(tp__erfinv_f64(v))) : 0,
                             worst_f32(tp__atan2_f32(y, x), atan2((double)y, v)),
                             worst_f32(tp__hypot_f32(x, y), hypot(v, (double)y))};
        for (int k = 0; k < 6; k++)
            worst[k] = e[k] > worst[k] ? e[k] : worst[k];
    }
    printf(
        "dense samples: asinh %.3f, acosh %.3f, atanh %.3f, erf(erfinv) %.3f, atan2 %.3f, hypot %.3f ulp\n",
        worst[0], worst[1], worst[2], worst[3], worst[4], worst[5]);
    for (int k = 0; k < 6; k++)
        CHECK(worst[k] < 0.51);
    CHECK(worst_f32(nextafterf(1, 2), 1.0) == 1);
}

/* ---- every instruction set ---- */

#define LENGTH 1003

/* Those of two arguments, tested for their values or exact. */
#define MORE_LOOPS(X)  \
    TWO_ARGUMENTS(X)   \
    X(xlogy, 0, 0)     \
    X(fmod, 0, 0)      \
    X(remainder, 0, 0) \
    X(floor_divide, 0, 0)

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
#define LOOPS_2(name, attribute, suffix)                         \
    attribute static void loop_##name##_##suffix(int n)          \
    {                                                            \
        for (int i = 0; i < n; i++)                              \
            out32[i] = tp__##name##_f32(in32[0][i], in32[1][i]); \
        for (int i = 0; i < n; i++)                              \
            out64[i] = tp__##name##_f64(in64[0][i], in64[1][i]); \
    }

#define LOOPS_PLAIN(name, ulps32, ulps64) LOOPS(name, , plain)
ONE_ARGUMENT(LOOPS_PLAIN)
#define LOOPS_2_PLAIN(name, ulps32, ulps64) LOOPS_2(name, , plain)
MORE_LOOPS(LOOPS_2_PLAIN)
#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")))
#define LOOPS_AVX2(name, ulps32, ulps64) LOOPS(name, AVX2, avx2)
#define LOOPS_AVX512(name, ulps32, ulps64) LOOPS(name, AVX512, avx512)
ONE_ARGUMENT(LOOPS_AVX2)
#define LOOPS_2_AVX2(name, ulps32, ulps64) LOOPS_2(name, AVX2, avx2)
#define LOOPS_2_AVX512(name, ulps32, ulps64) LOOPS_2(name, AVX512, avx512)
MORE_LOOPS(LOOPS_2_AVX2)
ONE_ARGUMENT(LOOPS_AVX512)
MORE_LOOPS(LOOPS_2_AVX512)
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
        MORE_LOOPS(CHECK_LOOPS)
    }
}

int main(void)
{
    test_values();
    test_specials();
    test_specials_of_two();
    test_dense();
    test_instruction_sets();
    return test_end();
}
