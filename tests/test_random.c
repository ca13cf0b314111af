/* The generator against PyTorch's, bit for bit, and its own interface. */
#include "base/memory.h"
#include "base/random.h"
#include "taper/status.h"
#include "test.h"

#include <pthread.h>

enum kind {
    UNIFORM_F32,
    UNIFORM_F64,
    NORMAL_F32,
    NORMAL_F64,
    STRIDED_F32,
    STRIDED_F64,
    BERNOULLI,
    RANDINT,
    RANDPERM,
    RANDOM,
    KINDS
};

#include "golden/random.h"

#define LARGEST 70000

static union {
    float f32[LARGEST];
    double f64[LARGEST];
    bool flags[LARGEST];
    int64_t i64[LARGEST];
    uint8_t bytes[8 * LARGEST];
} values;

static uint64_t hash(const uint8_t *bytes, size_t size)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        h = (h ^ bytes[i]) * 0x100000001b3u;
    return h;
}

/* Fills `values` and returns the size in bytes. */
static size_t fill(const struct golden *c, tp_generator *g)
{
    const size_t n = (size_t)c->n;
    switch (c->kind) {
    case UNIFORM_F32:
        tp__fill_uniform_f32(g, values.f32, c->n, c->a, c->b);
        return n * sizeof(float);
    case UNIFORM_F64:
        tp__fill_uniform_f64(g, values.f64, c->n, c->a, c->b);
        return n * sizeof(double);
    case NORMAL_F32:
    case STRIDED_F32:
        tp__fill_normal_f32(g, values.f32, c->n, c->a, c->b, c->kind == NORMAL_F32);
        return n * sizeof(float);
    case NORMAL_F64:
    case STRIDED_F64:
        tp__fill_normal_f64(g, values.f64, c->n, c->a, c->b, c->kind == NORMAL_F64);
        return n * sizeof(double);
    case BERNOULLI:
        tp__fill_bernoulli(g, values.flags, c->n, c->a);
        return n * sizeof(bool);
    case RANDINT:
        tp__fill_randint(g, values.i64, c->n, (int64_t)c->a, (int64_t)c->b);
        return n * sizeof(int64_t);
    case RANDPERM:
        tp__fill_randperm(g, values.i64, c->n);
        return n * sizeof(int64_t);
    case RANDOM:
        for (size_t i = 0; i < n; i++)
            values.i64[i] = tp_random_i64(g);
        return n * sizeof(int64_t);
    case KINDS:
        break;
    }
    return 0;
}

static bool agrees(const struct golden *c, tp_generator *g, size_t size)
{
    return hash(values.bytes, size) == c->hash && (uint64_t)tp_random_i64(g) == c->after;
}

static void test_golden(tp_generator *g)
{
    bool sabotaged[KINDS] = {false};
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        const struct golden *c = &golden[i];
        tp_generator_seed(g, c->seed);
        const bool same = agrees(c, g, fill(c, g));
        if (!same)
            printf("kind %d, seed %llu, n %d, a %g, b %g\n", (int)c->kind, (unsigned long long)c->seed, c->n,
                   c->a, c->b);
        CHECK(same);
        if (sabotaged[c->kind])
            continue;
        /* The comparison must notice one changed bit, and one word too many. */
        tp_generator_seed(g, c->seed);
        size_t size = fill(c, g);
        values.bytes[size - 1] ^= 1;
        CHECK(!agrees(c, g, size));
        tp_generator_seed(g, c->seed);
        size = fill(c, g);
        tp_random32(g);
        CHECK(!agrees(c, g, size));
        sabotaged[c->kind] = true;
    }
    for (int kind = 0; kind < KINDS; kind++)
        CHECK(sabotaged[kind]);
}

static void test_arrays(tp_generator *g)
{
    tp_generator_seed(g, 1234);
    tp__fill_normal_f32(g, values.f32, 37, 0, 1, true);
    CHECK(!memcmp(values.f32, golden_normal, sizeof golden_normal));
    tp_generator_seed(g, 1234);
    tp__fill_normal_f32(g, values.f32, 7, 0, 1, true);
    CHECK(!memcmp(values.f32, golden_small_normal, sizeof golden_small_normal));
    tp_generator_seed(g, 1234);
    tp__fill_randperm(g, values.i64, 30);
    for (int i = 0; i < 30; i++)
        CHECK(values.i64[i] == golden_permutation[i]);
}

static bool continues(tp_generator *g, const struct golden_state *s)
{
    double next[5];
    tp__fill_normal_f64(g, next, 5, 0, 1, true);
    return !memcmp(next, s->next, sizeof next) && (uint64_t)tp_random_i64(g) == s->after;
}

static void test_state(tp_generator *g)
{
    uint8_t state[TP_GENERATOR_STATE_SIZE], again[TP_GENERATOR_STATE_SIZE];
    for (size_t i = 0; i < sizeof golden_states / sizeof *golden_states; i++) {
        const struct golden_state *s = &golden_states[i];
        tp_generator_seed(g, s->seed);
        tp__fill_uniform_f32(g, values.f32, s->uniforms, 0, 1);
        tp__fill_normal_f32(g, values.f32, s->normals, 0, 1, true);
        tp_generator_get_state(g, state);
        CHECK(hash(state, sizeof state) == s->hash);
        CHECK(continues(g, s));
        tp_generator_seed(g, 99);
        CHECK(!continues(g, s));
        CHECK(tp_generator_set_state(g, state, sizeof state) == TP_OK);
        CHECK(tp_initial_seed(g) == s->seed);
        tp_generator_get_state(g, again);
        CHECK(!memcmp(state, again, sizeof state));
        CHECK(continues(g, s));
    }

    /* PyTorch's own bytes in the middle of the stream with a normal waiting: third of the states. */
    memset(state, 0, sizeof state);
    for (size_t i = 0; i < sizeof golden_state_bytes / sizeof *golden_state_bytes; i++)
        for (int b = 0; b < 4; b++)
            state[golden_state_bytes[i].at + b] = (uint8_t)(golden_state_bytes[i].value >> (8 * b));
    CHECK(hash(state, sizeof state) == golden_states[2].hash);
    CHECK(tp_generator_set_state(g, state, sizeof state) == TP_OK);
    CHECK(continues(g, &golden_states[2]));

    /* A state with the normal that other devices keep passes through whole. */
    state[5048] = 7;
    state[5052] = 1;
    CHECK(tp_generator_set_state(g, state, sizeof state) == TP_OK);
    tp_generator_get_state(g, again);
    CHECK(!memcmp(state, again, sizeof state));
    CHECK_OK();

    /* Broken states change nothing. */
    static const struct {
        int at;
        uint8_t flip;
        const char *piece;
    } broken[] = {
        {12, 1, "seeded"},      {8, 1, "position"},    {16, 1, "position"},     {22, 1, "position"},
        {11, 128, "left"},      {24 + 4, 1, "word 0"}, {5015, 128, "word 623"}, {5043, 2, "byte 5040"},
        {5052, 4, "byte 5052"}, {13, 1, "seeded"},
    };
    tp_generator_seed(g, 3);
    tp_generator_get_state(g, again);
    uint8_t after[TP_GENERATOR_STATE_SIZE];
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        state[broken[i].at] ^= broken[i].flip;
        CHECK(tp_generator_set_state(g, state, sizeof state) == TP_ERROR_FORMAT);
        CHECK_ERROR(TP_ERROR_FORMAT, broken[i].piece);
        state[broken[i].at] ^= broken[i].flip;
        tp_generator_get_state(g, after);
        CHECK(!memcmp(after, again, sizeof after));
    }
    CHECK(tp_generator_set_state(g, state, sizeof state - 1) == TP_ERROR_FORMAT);
    CHECK_ERROR(TP_ERROR_FORMAT, "5055 bytes, not 5056");
    CHECK(tp_generator_set_state(g, NULL, sizeof state) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "no bytes");
    CHECK(tp_generator_set_state(g, state, sizeof state) == TP_OK);
}

static void test_generators(void)
{
    TP_SCOPE(test);
    tp_generator *g = tp_generator_new();
    CHECK(g && g != tp_default_generator());
    CHECK(tp_initial_seed(g) == golden_fresh_seed);
    CHECK((uint64_t)tp_random_i64(g) == golden_fresh_after);

    /* The default generator, before anyone seeded it, is seeded with 0. */
    CHECK(tp_initial_seed(NULL) == 0);
    tp_generator_seed(g, 0);
    CHECK(tp_random32(NULL) == tp_random32(g));
    CHECK(tp_random64(tp_default_generator()) == tp_random64(g));
    tp_manual_seed(golden_negative_seed);
    CHECK(tp_initial_seed(NULL) == golden_negative_seed);
    CHECK((uint64_t)tp_random_i64(NULL) == golden_negative_after);

    /* Seeding forgets the normal that waits; only 32 bits of the seed count. */
    double x, y;
    tp_manual_seed(5);
    tp__fill_normal_f64(NULL, &x, 1, 0, 1, true);
    tp_manual_seed(5 + (UINT64_C(1) << 32));
    tp__fill_normal_f64(NULL, &y, 1, 0, 1, true);
    CHECK(x == y);
    tp__fill_normal_f64(NULL, &y, 1, 0, 1, true);
    CHECK(x != y);

    /* Nothing to fill draws nothing; an empty range is refused. */
    const uint64_t before = tp_random64(g);
    tp_generator_seed(g, 0);
    tp__fill_uniform_f32(g, NULL, 0, 0, 1);
    tp__fill_normal_f32(g, NULL, 0, 0, 1, true);
    tp__fill_randperm(g, values.i64, 0);
    tp__fill_randperm(g, values.i64, 1);
    CHECK(values.i64[0] == 0);
    tp_random32(g);
    tp_random64(g);
    CHECK(tp_random64(g) == before);
    CHECK_OK();
    tp__fill_randint(g, values.i64, 1, 3, 3);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "at least 3 and below 3");
    tp__fill_randint(g, values.i64, 100, INT64_MIN, INT64_MAX);
    CHECK_OK();

    for (int i = 0; i < 2; i++) {
        tp__memory_fail_after(i);
        TP_SCOPE(inner);
        tp_generator *made = tp_generator_new();
        tp__memory_fail_after(-1);
        CHECK(made || tp_error() == TP_ERROR_MEMORY);
        tp_clear_error();
    }
}

#define THREADS 4
#define DRAWS 2000

static void *draw_many(void *generator)
{
    float piece[7];
    for (int i = 0; i < DRAWS; i++)
        tp__fill_uniform_f32(generator, piece, 7, 0, 1);
    return NULL;
}

/* Threads that share a generator draw what one would have drawn, in some order. */
static void test_threads(tp_generator *g)
{
    tp_generator_seed(g, 11);
    pthread_t threads[THREADS];
    int started = 0;
    while (started < THREADS && !pthread_create(&threads[started], NULL, draw_many, g))
        started++;
    CHECK(started == THREADS);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    const uint32_t next = tp_random32(g);
    tp_generator_seed(g, 11);
    for (int i = 0; i < 7 * DRAWS * started; i++)
        tp_random32(g);
    CHECK(tp_random32(g) == next);
}

int main(void)
{
    test_generators();
    TP_SCOPE(main);
    tp_generator *g = tp_generator_new();
    test_golden(g);
    test_arrays(g);
    test_state(g);
    test_threads(g);
    CHECK_OK();
    return test_end();
}
