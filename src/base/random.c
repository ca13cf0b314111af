/* The Mersenne twister MT19937 and PyTorch's ways to turn its words into numbers.
 *
 * How many words a call consumes depends on its arguments alone, never on the values drawn. */
#include "base/random.h"
#include "base/region.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

/* The uniform and normal loops are built a second time where wide registers and fused multiplication may be
 * had. Both builds give the same bits. */
#define INLINE static inline __attribute__((always_inline))
#if defined(__x86_64__)
#define WIDE __attribute__((target("avx2,fma")))
#define HAS_WIDE (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#define WIDE
#define HAS_WIDE 0
#endif

#define WORDS 624
#define MIDDLE 397

struct tp_generator {
    pthread_mutex_t lock;
    bool seeded;
    bool fresh; /* no word drawn since seeding: PyTorch's state then says next 0 rather than 624 */
    bool has_normal, has_float_normal;
    int next; /* word to hand out; WORDS: twist first */
    uint64_t seed;
    double normal;      /* the second value of the last pair of small normals */
    float float_normal; /* PyTorch keeps one for other devices' sake; it only travels through states */
    uint32_t words[WORDS];
};

static tp_generator default_generator = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void seed_locked(tp_generator *g, uint64_t seed)
{
    g->seed = seed;
    g->words[0] = (uint32_t)seed;
    for (uint32_t j = 1; j < WORDS; j++)
        g->words[j] = 1812433253u * (g->words[j - 1] ^ (g->words[j - 1] >> 30)) + j;
    g->next = WORDS;
    g->fresh = true;
    g->has_normal = g->has_float_normal = false;
    g->seeded = true;
}

static tp_generator *lock(tp_generator *g)
{
    if (!g)
        g = &default_generator;
    pthread_mutex_lock(&g->lock);
    if (!g->seeded)
        seed_locked(g, 0);
    return g;
}

static void unlock(tp_generator *g)
{
    pthread_mutex_unlock(&g->lock);
}

/* ---- words ---- */

INLINE uint32_t twisted(uint32_t word, uint32_t following, uint32_t other)
{
    const uint32_t y = (word & 0x80000000u) | (following & 0x7fffffffu);
    return other ^ (y >> 1) ^ (0x9908b0dfu & (0u - (y & 1u)));
}

/* In three loops, none of which wraps around, so that each vectorises. */
static void twist(tp_generator *g)
{
    uint32_t *s = g->words;
    for (int k = 0; k < WORDS - MIDDLE; k++)
        s[k] = twisted(s[k], s[k + 1], s[k + MIDDLE]);
    for (int k = WORDS - MIDDLE; k < WORDS - 1; k++)
        s[k] = twisted(s[k], s[k + 1], s[k + MIDDLE - WORDS]);
    s[WORDS - 1] = twisted(s[WORDS - 1], s[0], s[MIDDLE - 1]);
    g->next = 0;
    g->fresh = false;
}

INLINE uint32_t tempered(uint32_t y)
{
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

static uint32_t word(tp_generator *g)
{
    if (g->next == WORDS)
        twist(g);
    return tempered(g->words[g->next++]);
}

static uint64_t two_words(tp_generator *g)
{
    const uint64_t high = word(g);
    return high << 32 | word(g);
}

/* Loops below draw words in pieces of this many (even, for those that take two an element). */
#define PIECE 512

static void draw(tp_generator *g, uint32_t *out, int64_t n)
{
    while (n > 0) {
        if (g->next == WORDS)
            twist(g);
        const int k = n < WORDS - g->next ? (int)n : WORDS - g->next;
        const uint32_t *s = g->words + g->next;
        for (int j = 0; j < k; j++)
            out[j] = tempered(s[j]);
        g->next += k;
        out += k;
        n -= k;
    }
}

INLINE int64_t at_most(int64_t n, int64_t limit)
{
    return n < limit ? n : limit;
}

/* ---- uniform ---- */

/* The low 53 bits of the two words as a fraction: 21 of the first, all of the second. Exact. */
INLINE double fraction53(uint32_t high, uint32_t low)
{
    return (double)(high & 0x1fffffu) * 0x1p-21 + (double)low * 0x1p-53;
}

INLINE void scale_f32(const uint32_t *words, float *out, int64_t n, float from, float width)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = fmaf((float)(int32_t)(words[i] & 0xffffffu) * 0x1p-24f, width, from);
}

INLINE void scale_f64(const uint32_t *words, double *out, int64_t n, double from, double width)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = fma(fraction53(words[2 * i], words[2 * i + 1]), width, from);
}

WIDE static void scale_f32_wide(const uint32_t *words, float *out, int64_t n, float from, float width)
{
    scale_f32(words, out, n, from, width);
}

WIDE static void scale_f64_wide(const uint32_t *words, double *out, int64_t n, double from, double width)
{
    scale_f64(words, out, n, from, width);
}

static void uniform_f32(tp_generator *g, float *out, int64_t n, float from, float to)
{
    uint32_t words[PIECE];
    const float width = to - from;
    for (int64_t i = 0; i < n; i += PIECE) {
        const int64_t k = at_most(n - i, PIECE);
        draw(g, words, k);
        if (HAS_WIDE)
            scale_f32_wide(words, out + i, k, from, width);
        else
            scale_f32(words, out + i, k, from, width);
    }
}

static void uniform_f64(tp_generator *g, double *out, int64_t n, double from, double to)
{
    uint32_t words[PIECE];
    const double width = to - from;
    for (int64_t i = 0; i < n; i += PIECE / 2) {
        const int64_t k = at_most(n - i, PIECE / 2);
        draw(g, words, 2 * k);
        if (HAS_WIDE)
            scale_f64_wide(words, out + i, k, from, width);
        else
            scale_f64(words, out + i, k, from, width);
    }
}

void tp__fill_uniform_f32(tp_generator *generator, float *out, int64_t n, double from, double to)
{
    tp_generator *g = lock(generator);
    uniform_f32(g, out, n, (float)from, (float)to);
    unlock(g);
}

void tp__fill_uniform_f64(tp_generator *generator, double *out, int64_t n, double from, double to)
{
    tp_generator *g = lock(generator);
    uniform_f64(g, out, n, from, to);
    unlock(g);
}

/* ---- normal ---- */

#define TWO_PI 6.283185307179586476925286766559

/* Fewer than this many elements, or strided ones, are drawn one by one. */
#define BLOCK 16

/* One by one, in pairs, in double whatever the tensor's type. The second of a pair waits in the generator. */
static double small_normal(tp_generator *g, double mean, double std)
{
    double value;
    if (g->has_normal) {
        value = g->normal;
        g->has_normal = false;
    } else {
        uint32_t w[4];
        draw(g, w, 4);
        const double angle = TWO_PI * fraction53(w[0], w[1]);
        const double radius = sqrt(-2.0 * log1p(-fraction53(w[2], w[3])));
        g->normal = radius * sin(angle);
        g->has_normal = true;
        value = radius * cos(angle);
    }
    return fma(value, std, mean);
}

INLINE float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

INLINE uint32_t bits_of(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/* Logarithm for 0 < x <= 1 with the coefficients of the Cephes library, evaluated as PyTorch's AVX2 kernel
 * does. */
INLINE float block_log(float x)
{
    x = x < 0x1p-126f ? 0x1p-126f : x;
    const uint32_t bits = bits_of(x);
    const float half = float_of((bits & 0x007fffffu) | 0x3f000000u); /* the mantissa, in [0.5, 1) */
    float e = (float)((int32_t)(bits >> 23) - 126);
    const bool low = half < 0.707106781186547524f;
    e = e - (low ? 1.0f : 0.0f);
    x = (half - 1.0f) + (low ? half : 0.0f);
    const float z = x * x;
    float y = 7.0376836292e-2f;
    y = fmaf(y, x, -1.1514610310e-1f);
    y = fmaf(y, x, 1.1676998740e-1f);
    y = fmaf(y, x, -1.2420140846e-1f);
    y = fmaf(y, x, 1.4249322787e-1f);
    y = fmaf(y, x, -1.6668057665e-1f);
    y = fmaf(y, x, 2.0000714765e-1f);
    y = fmaf(y, x, -2.4999993993e-1f);
    y = fmaf(y, x, 3.3333331174e-1f);
    y = y * x;
    y = fmaf(y, z, e * -2.12194440e-4f);
    y = fmaf(-z, 0.5f, y);
    x = x + y;
    return fmaf(e, 0.693359375f, x);
}

/* Sine and cosine for 0 <= x <= 2 pi, likewise. */
INLINE void block_sincos(float x, float *sine, float *cosine)
{
    const int32_t j = ((int32_t)(x * 1.27323954473516f) + 1) & ~1;
    const float y = (float)j;
    x = fmaf(y, -0.78515625f, x);
    x = fmaf(y, -2.4187564849853515625e-4f, x);
    x = fmaf(y, -3.77489497744594108e-8f, x);
    const float z = x * x;
    float c = fmaf(2.443315711809948e-5f, z, -1.388731625493765e-3f);
    c = fmaf(c, z, 4.166664568298827e-2f);
    c = c * z;
    c = fmaf(c, z, -(z * 0.5f));
    c = c + 1.0f;
    float s = fmaf(-1.9515295891e-4f, z, 8.3321608736e-3f);
    s = fmaf(s, z, -1.6666654611e-1f);
    s = s * z;
    s = fmaf(s, x, x);
    const bool straight = (j & 2) == 0;
    const uint32_t sine_sign = (uint32_t)(j & 4) << 29, cosine_sign = (uint32_t)(~(j - 2) & 4) << 29;
    *sine = float_of(bits_of(straight ? s : c) ^ sine_sign);
    *cosine = float_of(bits_of(straight ? c : s) ^ cosine_sign);
}

/* Turns each 16 uniforms into 16 normals: element j of the first half gives radii, of the second angles. */
INLINE void normal_blocks(float *out, int64_t blocks, float mean, float std)
{
    for (int64_t b = 0; b < blocks; b++, out += BLOCK)
        for (int j = 0; j < BLOCK / 2; j++) {
            const float radius = sqrtf(-2.0f * block_log(1.0f - out[j]));
            float sine, cosine;
            block_sincos((float)TWO_PI * out[j + 8], &sine, &cosine);
            out[j] = fmaf(radius * cosine, std, mean);
            out[j + 8] = fmaf(radius * sine, std, mean);
        }
}

WIDE static void normal_blocks_wide(float *out, int64_t blocks, float mean, float std)
{
    normal_blocks(out, blocks, mean, std);
}

static void normal_blocks_f32(float *out, int64_t blocks, float mean, float std)
{
    if (HAS_WIDE)
        normal_blocks_wide(out, blocks, mean, std);
    else
        normal_blocks(out, blocks, mean, std);
}

static void normal_blocks_f64(double *out, int64_t blocks, double mean, double std)
{
    for (int64_t b = 0; b < blocks; b++, out += BLOCK)
        for (int j = 0; j < BLOCK / 2; j++) {
            const double radius = sqrt(-2.0 * log(1.0 - out[j]));
            const double angle = TWO_PI * out[j + 8];
            out[j] = fma(radius * cos(angle), std, mean);
            out[j + 8] = fma(radius * sin(angle), std, mean);
        }
}

/* A last, partial block is made whole by drawing the last 16 elements anew. */
void tp__fill_normal_f32(tp_generator *generator, float *out, int64_t n, double mean, double std,
                         bool contiguous)
{
    tp_generator *g = lock(generator);
    if (n < BLOCK || !contiguous) {
        for (int64_t i = 0; i < n; i++)
            out[i] = (float)small_normal(g, mean, std);
    } else {
        uniform_f32(g, out, n, 0.0f, 1.0f);
        normal_blocks_f32(out, n / BLOCK, (float)mean, (float)std);
        if (n % BLOCK) {
            uniform_f32(g, out + n - BLOCK, BLOCK, 0.0f, 1.0f);
            normal_blocks_f32(out + n - BLOCK, 1, (float)mean, (float)std);
        }
    }
    unlock(g);
}

void tp__fill_normal_f64(tp_generator *generator, double *out, int64_t n, double mean, double std,
                         bool contiguous)
{
    tp_generator *g = lock(generator);
    if (n < BLOCK || !contiguous) {
        for (int64_t i = 0; i < n; i++)
            out[i] = small_normal(g, mean, std);
    } else {
        uniform_f64(g, out, n, 0.0, 1.0);
        normal_blocks_f64(out, n / BLOCK, mean, std);
        if (n % BLOCK) {
            uniform_f64(g, out + n - BLOCK, BLOCK, 0.0, 1.0);
            normal_blocks_f64(out + n - BLOCK, 1, mean, std);
        }
    }
    unlock(g);
}

/* ---- integers ---- */

void tp__fill_bernoulli(tp_generator *generator, bool *out, int64_t n, double p)
{
    tp_generator *g = lock(generator);
    uint32_t words[PIECE];
    for (int64_t i = 0; i < n; i += PIECE / 2) {
        const int64_t k = at_most(n - i, PIECE / 2);
        draw(g, words, 2 * k);
        for (int64_t j = 0; j < k; j++)
            out[i + j] = fraction53(words[2 * j], words[2 * j + 1]) < p;
    }
    unlock(g);
}

/* x % divisor without a division, where inverse is 2^64 / divisor, rounded up (Lemire, Kaser and Kurz 2019).
 */
static uint32_t remainder_by(uint32_t x, uint32_t divisor, uint64_t inverse)
{
    const uint64_t fraction = inverse * x;
    /* The upper half of fraction * divisor, from products of 64 bits. */
    const uint64_t low = (fraction & UINT32_MAX) * divisor, high = (fraction >> 32) * divisor;
    return (uint32_t)((high + (low >> 32)) >> 32);
}

void tp__fill_randint(tp_generator *generator, int64_t *out, int64_t n, int64_t low, int64_t high)
{
    if (low >= high) {
        tp_fail(TP_ERROR_ARGUMENT, "randint: no integer is at least %lld and below %lld", (long long)low,
                (long long)high);
        return;
    }
    tp_generator *g = lock(generator);
    const uint64_t range = (uint64_t)high - (uint64_t)low;
    if (range >= (uint64_t)1 << 28) {
        for (int64_t i = 0; i < n; i++)
            out[i] = (int64_t)(two_words(g) % range + (uint64_t)low);
    } else {
        const uint64_t inverse = UINT64_MAX / range + 1;
        uint32_t words[PIECE];
        for (int64_t i = 0; i < n; i += PIECE) {
            const int64_t k = at_most(n - i, PIECE);
            draw(g, words, k);
            for (int64_t j = 0; j < k; j++)
                out[i + j] = low + (int64_t)remainder_by(words[j], (uint32_t)range, inverse);
        }
    }
    unlock(g);
}

/* From here on one word an element would be visibly uneven, and PyTorch changes its algorithm. */
#define RANDPERM_LARGE 214748364

void tp__fill_randperm(tp_generator *generator, int64_t *out, int64_t n)
{
    tp_generator *g = lock(generator);
    if (n < RANDPERM_LARGE) {
        for (int64_t i = 0; i < n; i++)
            out[i] = i;
        uint32_t words[PIECE];
        for (int64_t i = 0; i < n - 1; i += PIECE) {
            const int64_t k = at_most(n - 1 - i, PIECE);
            draw(g, words, k);
            for (int64_t j = i; j < i + k; j++) {
                const int64_t chosen = j + (int64_t)(words[j - i] % (uint32_t)(n - j));
                const int64_t held = out[chosen];
                out[chosen] = out[j];
                out[j] = held;
            }
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            const int64_t chosen = (int64_t)(two_words(g) % (uint64_t)(i + 1));
            out[i] = chosen == i ? i : out[chosen];
            out[chosen] = i;
        }
    }
    unlock(g);
}

/* ---- generators ---- */

#define FIRST_SEED 67280421310721u

static void destroy(void *generator)
{
    pthread_mutex_destroy(&((tp_generator *)generator)->lock);
}

tp_generator *tp_generator_new(void)
{
    tp_region *region = tp__region_current();
    tp_generator *g = region ? tp_region_alloc(region, sizeof *g) : NULL;
    if (!g)
        return NULL;
    if (pthread_mutex_init(&g->lock, NULL))
        return tp__fail_null(TP_ERROR_MEMORY, "generator: the system has no lock to give");
    if (tp_region_on_end(region, destroy, g) != TP_OK) {
        destroy(g);
        return NULL;
    }
    seed_locked(g, FIRST_SEED);
    return g;
}

tp_generator *tp_default_generator(void)
{
    return &default_generator;
}

void tp_generator_seed(tp_generator *generator, uint64_t seed)
{
    tp_generator *g = lock(generator);
    seed_locked(g, seed);
    unlock(g);
}

void tp_manual_seed(uint64_t seed)
{
    tp_generator_seed(NULL, seed);
}

uint64_t tp_initial_seed(tp_generator *generator)
{
    tp_generator *g = lock(generator);
    const uint64_t seed = g->seed;
    unlock(g);
    return seed;
}

uint32_t tp_random32(tp_generator *generator)
{
    tp_generator *g = lock(generator);
    const uint32_t value = word(g);
    unlock(g);
    return value;
}

uint64_t tp_random64(tp_generator *generator)
{
    tp_generator *g = lock(generator);
    const uint64_t value = two_words(g);
    unlock(g);
    return value;
}

int64_t tp_random_i64(tp_generator *generator)
{
    return (int64_t)(tp_random64(generator) & INT64_MAX);
}

/* ---- the state ---- */

/* PyTorch's layout: offsets in bytes, little-endian. What is not named here is 0. */
enum {
    AT_SEED = 0,          /* u64 */
    AT_LEFT = 8,          /* i32: words left before the next twist, plus one */
    AT_SEEDED = 12,       /* i32: 1 */
    AT_NEXT = 16,         /* u64 */
    AT_WORDS = 24,        /* 624 times u64 */
    AT_NORMAL = 5024,     /* f64 */
    AT_HAS_NORMAL = 5040, /* i32 */
    AT_FLOAT = 5048,      /* f32 */
    AT_HAS_FLOAT = 5052,  /* u8 */
};

static void put(uint8_t *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *from, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

void tp_generator_get_state(tp_generator *generator, uint8_t state[TP_GENERATOR_STATE_SIZE])
{
    tp_generator *g = lock(generator);
    memset(state, 0, TP_GENERATOR_STATE_SIZE);
    put(state + AT_SEED, g->seed, 8);
    put(state + AT_LEFT, (uint64_t)(WORDS + 1 - g->next), 4);
    put(state + AT_SEEDED, 1, 4);
    put(state + AT_NEXT, g->fresh ? 0 : (uint64_t)g->next, 8);
    for (int i = 0; i < WORDS; i++)
        put(state + AT_WORDS + 8 * i, g->words[i], 8);
    if (g->has_normal) {
        uint64_t bits;
        memcpy(&bits, &g->normal, sizeof bits);
        put(state + AT_NORMAL, bits, 8);
        put(state + AT_HAS_NORMAL, 1, 4);
    }
    if (g->has_float_normal) {
        put(state + AT_FLOAT, bits_of(g->float_normal), 4);
        put(state + AT_HAS_FLOAT, 1, 1);
    }
    unlock(g);
}

static tp_status check_state(const uint8_t *state, size_t size)
{
    if (!state)
        return tp_fail(TP_ERROR_ARGUMENT, "generator state: no bytes were given");
    if (size != TP_GENERATOR_STATE_SIZE)
        return tp_fail(TP_ERROR_FORMAT, "generator state: %zu bytes, not %d", size, TP_GENERATOR_STATE_SIZE);
    if (get(state + AT_SEEDED, 4) != 1)
        return tp_fail(TP_ERROR_FORMAT, "generator state: byte %d does not say that it is seeded", AT_SEEDED);
    const uint64_t next = get(state + AT_NEXT, 8), left = get(state + AT_LEFT, 4);
    if (next > WORDS || left != (next == 0 ? 1 : WORDS + 1 - next))
        return tp_fail(TP_ERROR_FORMAT, "generator state: position %llu with %llu left (bytes %d and %d)",
                       (unsigned long long)next, (unsigned long long)left, AT_NEXT, AT_LEFT);
    for (int i = 0; i < WORDS; i++)
        if (get(state + AT_WORDS + 8 * i + 4, 4))
            return tp_fail(TP_ERROR_FORMAT, "generator state: word %d (byte %d) exceeds 32 bits", i,
                           AT_WORDS + 8 * i);
    if (get(state + AT_HAS_NORMAL, 4) > 1 || get(state + AT_HAS_FLOAT, 1) > 1)
        return tp_fail(TP_ERROR_FORMAT, "generator state: the flag at byte %d is neither 0 nor 1",
                       get(state + AT_HAS_NORMAL, 4) > 1 ? AT_HAS_NORMAL : AT_HAS_FLOAT);
    return TP_OK;
}

tp_status tp_generator_set_state(tp_generator *generator, const uint8_t *state, size_t size)
{
    TP__TRY(check_state(state, size));
    tp_generator *g = lock(generator);
    g->seed = get(state + AT_SEED, 8);
    g->next = (int)get(state + AT_NEXT, 8);
    g->fresh = g->next == 0;
    if (g->fresh)
        g->next = WORDS;
    for (int i = 0; i < WORDS; i++)
        g->words[i] = (uint32_t)get(state + AT_WORDS + 8 * i, 4);
    const uint64_t bits = get(state + AT_NORMAL, 8);
    memcpy(&g->normal, &bits, sizeof bits);
    g->has_normal = get(state + AT_HAS_NORMAL, 4) == 1;
    g->float_normal = float_of((uint32_t)get(state + AT_FLOAT, 4));
    g->has_float_normal = get(state + AT_HAS_FLOAT, 1) == 1;
    unlock(g);
    return TP_OK;
}
