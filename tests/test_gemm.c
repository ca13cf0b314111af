/* Matrix products: against sums in higher precision, and bit for bit across instruction sets and threads. */
#include "backend/cpu/gemm.h"
#include "base/memory.h"
#include "base/threads.h"
#include "test.h"

static uint64_t state = 1;

static uint64_t draw(uint64_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
}

static double draw_number(void)
{
    return (double)draw(2000001) / 1000000.0 - 1.0;
}

/* A matrix with strides; `element` is where [0, 0] is. */
typedef struct matrix {
    char *memory, *element;
    int64_t row, column;
} matrix;

static double get(int size, const void *p, int64_t index)
{
    return size == 4 ? (double)((const float *)p)[index] : ((const double *)p)[index];
}

static void put(int size, void *p, int64_t index, double value)
{
    if (size == 4)
        ((float *)p)[index] = (float)value;
    else
        ((double *)p)[index] = value;
}

enum { PLAIN, TURNED, SPACED, SPACED_TURNED, BACKWARDS, REPEATED, LAYOUTS };

static matrix make_matrix(int size, int64_t rows, int64_t columns, int layout)
{
    matrix m = {0};
    const int64_t gap = layout == SPACED || layout == SPACED_TURNED ? 3 : 0;
    const bool turned = layout == TURNED || layout == SPACED_TURNED;
    m.row = turned ? 1 : columns + gap;
    m.column = turned ? rows + gap : 1;
    if (layout == SPACED) { /* neither stride is 1 */
        m.row = 2 * columns + gap;
        m.column = 2;
    }
    const int64_t items = rows * (columns + 1) * 2 + columns * (rows + 3) + 16;
    m.memory = malloc((size_t)(items * size));
    if (!m.memory)
        exit(1);
    for (int64_t i = 0; i < items; i++)
        put(size, m.memory, i, draw_number());
    m.element = m.memory;
    if (layout == BACKWARDS && rows > 0 && columns > 0) {
        m.element += (rows * columns - 1) * size;
        m.row = -columns;
        m.column = -1;
    } else if (layout == REPEATED) {
        m.row = 0;
    }
    return m;
}

typedef struct problem {
    int size;
    int64_t m, n, k, c_row;
    matrix a, b;
    char *c; /* before the product */
    bool accumulate;
} problem;

static problem make_problem(int size, int64_t m, int64_t n, int64_t k, int a_layout, int b_layout,
                            bool accumulate)
{
    problem p = {size, m, n, k, n + (int64_t)draw(3), {0}, {0}, NULL, accumulate};
    p.a = make_matrix(size, m, k, a_layout);
    p.b = make_matrix(size, k, n, b_layout);
    p.c = malloc((size_t)((m * p.c_row + 1) * size));
    if (!p.c)
        exit(1);
    for (int64_t i = 0; i < m * p.c_row; i++)
        put(size, p.c, i, draw_number());
    return p;
}

static void free_problem(problem *p)
{
    free(p->a.memory);
    free(p->b.memory);
    free(p->c);
}

static char *solve(const problem *p, tp__isa_kind isa)
{
    const size_t bytes = (size_t)(p->m * p->c_row * p->size);
    char *c = malloc(bytes + 1);
    if (!c)
        exit(1);
    memcpy(c, p->c, bytes);
    CHECK(tp__gemm_on(isa, p->size, p->m, p->n, p->k, p->a.element, p->a.row, p->a.column, p->b.element,
                      p->b.row, p->b.column, c, p->c_row, p->accumulate) == TP_OK);
    return c;
}

/* The largest distance to a sum in long double, in units of what rounding may do; what lies between the rows
 * of C must be untouched, else infinity. */
static double distance(const problem *p, const char *c)
{
    const double unit = p->size == 4 ? 6e-8 : 1.2e-16;
    double worst = 0;
    for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = 0; j < p->c_row; j++) {
            const double before = get(p->size, p->c, i * p->c_row + j),
                         got = get(p->size, c, i * p->c_row + j);
            if (j >= p->n) {
                if (got != before)
                    return INFINITY;
                continue;
            }
            long double sum = p->accumulate ? before : 0, most = p->accumulate ? fabs(before) : 0;
            for (int64_t q = 0; q < p->k; q++) {
                const long double term =
                    (long double)get(p->size, p->a.element, i * p->a.row + q * p->a.column) *
                    get(p->size, p->b.element, q * p->b.row + j * p->b.column);
                sum += term;
                most += term < 0 ? -term : term;
            }
            const double off = (double)fabsl(got - sum) / (unit * ((double)most * 8 + 1e-30));
            if (!(off <= worst))
                worst = off == off ? off : INFINITY;
        }
    return worst;
}

static void test_random_shapes(int size)
{
    static const int64_t sizes[] = {0, 1, 2, 3, 5, 7, 8, 13, 14, 15, 16, 17, 31, 32, 33, 47, 61, 64, 97};
    static const int64_t depths[] = {0,   1,   2,   3,   7,   15,   16,   17,  33,
                                     100, 383, 384, 385, 769, 1024, 1025, 2100};
    const int n_sizes = (int)(sizeof sizes / sizeof *sizes), n_depths = (int)(sizeof depths / sizeof *depths);
    for (int round = 0; round < 300; round++) {
        const int64_t m = sizes[draw((uint64_t)n_sizes)], n = sizes[draw((uint64_t)n_sizes)];
        const int64_t k = depths[draw((uint64_t)(m * n > 1000 ? 12 : n_depths))];
        problem p = make_problem(size, m, n, k, (int)draw(LAYOUTS), (int)draw(LAYOUTS), draw(2));
        char *const first = solve(&p, TP__BASELINE);
        const double off = distance(&p, first);
        if (off > 1)
            printf("%d bytes, %d x %d x %d\n", size, (int)m, (int)k, (int)n);
        CHECK(off <= 1);
        for (int isa = TP__AVX2; isa <= (int)tp__isa_detected(); isa++) {
            char *const other = solve(&p, (tp__isa_kind)isa);
            CHECK(!memcmp(first, other, (size_t)(m * p.c_row * size)));
            free(other);
        }
        /* The comparison notices a wrong element. */
        if (m && n) {
            const int64_t at = (int64_t)draw((uint64_t)m) * p.c_row + (int64_t)draw((uint64_t)n);
            put(size, first, at, get(size, first, at) + 0.01 * (1 + (double)k));
            CHECK(distance(&p, first) > 1);
        }
        free(first);
        free_problem(&p);
    }
}

/* Large enough for packing, several blocks and panels. */
static void test_threads(int size)
{
    static const int64_t shapes[][3] = {{256, 256, 256}, {300, 517, 401}, {16, 640, 784},  {900, 40, 400},
                                        {97, 1030, 800}, {1, 3000, 1500}, {3000, 1, 1500}, {2, 5000, 90}};
    static const int threads[] = {1, 2, 3, 7};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int layout = 0; layout < 4; layout++) {
            problem p =
                make_problem(size, shapes[s][0], shapes[s][1], shapes[s][2], layout & 1 ? TURNED : PLAIN,
                             layout & 2 ? TURNED : SPACED_TURNED, layout == 3);
            char *first = NULL;
            for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
                tp_set_num_threads(threads[t]);
                /* Without AVX2 the baseline is compared with itself. */
                for (int isa = tp__isa_detected() >= TP__AVX2 ? TP__AVX2 : TP__BASELINE;
                     isa <= (int)tp__isa_detected(); isa++) {
                    char *const c = solve(&p, (tp__isa_kind)isa);
                    if (!first) {
                        first = c;
                        continue;
                    }
                    CHECK(!memcmp(first, c, (size_t)(p.m * p.c_row * size)));
                    free(c);
                }
            }
            /* A few rows of it in full. */
            problem top = p;
            top.m = p.m < 3 ? p.m : 3;
            CHECK(distance(&top, first) <= 1);
            free(first);
            free_problem(&p);
        }
    tp_set_num_threads(2);
}

/* A row of C is the same alone in a batch of two and in a large one. */
static void test_rows_alone(void)
{
    problem p = make_problem(4, 300, 200, 500, PLAIN, TURNED, false);
    char *const all = solve(&p, tp__isa());
    problem two = p;
    two.m = 2;
    two.a.element = p.a.element + 150 * p.a.row * 4;
    char *const part = solve(&two, tp__isa());
    for (int64_t i = 0; i < 2; i++)
        CHECK(!memcmp(part + i * p.c_row * 4, all + (150 + i) * p.c_row * 4, (size_t)p.n * 4));
    free(all);
    free(part);
    free_problem(&p);
}

/* A row times a matrix of few rows is added up lane by lane where the results lie beside each other, and in
 * memory where they do not: with the same bits, also of what underflows to -0. */
static void test_short_products(int size)
{
    enum { N = 77, MOST = 70 };
    for (int64_t k = 1; k <= MOST; k++)
        for (int isa = 0; isa <= (int)tp__isa_detected(); isa++) {
            const matrix b = make_matrix(size, k, N, PLAIN), x = make_matrix(size, 1, k, PLAIN);
            const double tiny = size == 4 ? 1e-30 : 1e-200;
            for (int64_t p = 0; p < k; p++)
                for (int64_t j = 0; j < N; j += 5) {
                    put(size, b.memory, p * N + j, -tiny);
                    put(size, x.memory, p, k % 4 && p % 3 ? get(size, x.memory, p) : tiny);
                }
            double beside[N], apart[2 * N]; /* room for either size */
            for (int add = 0; add < 2; add++) {
                for (int64_t j = 0; j < N; j++) {
                    put(size, beside, j, 0.5);
                    put(size, apart, 2 * j, 0.5);
                }
                CHECK(tp__gemm_on((tp__isa_kind)isa, size, 1, N, k, x.memory, k, 1, b.memory, N, 1, beside, N,
                                  add) == TP_OK);
                CHECK(tp__gemm_on((tp__isa_kind)isa, size, N, 1, k, b.memory, 1, N, x.memory, 1, 1, apart, 2,
                                  add) == TP_OK);
                int64_t different = 0;
                for (int64_t j = 0; j < N; j++)
                    different +=
                        memcmp((char *)beside + j * size, (char *)apart + 2 * j * size, (size_t)size) != 0;
                CHECK(different == 0);
            }
            free(b.memory);
            free(x.memory);
        }
}

static void test_not_a_number(void)
{
    for (int isa = 0; isa <= (int)tp__isa_detected(); isa++)
        for (int64_t m = 1; m <= 40; m += 13)
            for (int64_t n = 1; n <= 40; n += 13) {
                const int64_t k = 37;
                problem p = make_problem(4, m, n, k, PLAIN, PLAIN, false);
                /* 0 times infinity, and only in the row and the column that have it. */
                for (int64_t q = 0; q < k; q++)
                    ((float *)(void *)p.b.element)[q * n] = q == 20 ? INFINITY : 1;
                ((float *)(void *)p.a.element)[20] = 0;
                char *const c = solve(&p, (tp__isa_kind)isa);
                bool good = isnan(get(4, c, 0));
                for (int64_t i = 0; i < m; i++)
                    for (int64_t j = 0; j < n; j++)
                        good = good && (j > 0 ? isfinite(get(4, c, i * p.c_row + j))
                                              : i == 0 || isinf(get(4, c, i * p.c_row)));
                CHECK(good);
                free(c);
                free_problem(&p);
            }
}

static void test_entry_points(void)
{
    const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 0, 2, -1, 3, 1};
    float c[4] = {10, 10, 10, 10};
    CHECK(tp__gemm_f32(2, 2, 3, a, 3, 1, b, 2, 1, c, 2, false) == TP_OK);
    CHECK(c[0] == 14 && c[1] == 1 && c[2] == 32 && c[3] == 1);
    CHECK(tp__gemm_f32(2, 2, 0, a, 3, 1, b, 2, 1, c, 2, true) == TP_OK);
    CHECK(c[0] == 14 && c[3] == 1);
    CHECK(tp__gemm_f32(2, 2, 0, a, 3, 1, b, 2, 1, c, 2, false) == TP_OK);
    CHECK(c[0] == 0 && c[1] == 0 && c[2] == 0 && c[3] == 0);
    const double x[] = {1, 2, 3}, y[] = {4, 5, 6};
    double z = 1;
    CHECK(tp__gemm_f64(1, 1, 3, x, 3, 1, y, 1, 1, &z, 1, true) == TP_OK);
    CHECK(z == 33);
}

static void test_out_of_memory(void)
{
    problem p = make_problem(4, 300, 400, 300, PLAIN, PLAIN, false);
    const size_t bytes = (size_t)(p.m * p.c_row * 4);
    char *const c = malloc(bytes);
    if (!c)
        exit(1);
    memcpy(c, p.c, bytes);
    tp__memory_fail_after(0);
    const tp_status status = tp__gemm_f32(p.m, p.n, p.k, (const float *)(const void *)p.a.element, p.a.row,
                                          p.a.column, (const float *)(const void *)p.b.element, p.b.row,
                                          p.b.column, (float *)(void *)c, p.c_row, false);
    tp__memory_fail_after(-1);
    CHECK(status == TP_ERROR_MEMORY);
    CHECK_ERROR(TP_ERROR_MEMORY, "out of memory");
    CHECK(!memcmp(c, p.c, bytes));
    free(c);
    free_problem(&p);
}

int main(void)
{
    CHECK(!strcmp(tp__isa_name(TP__AVX2), "avx2") && tp__isa() <= tp__isa_detected());
    test_entry_points();
    test_out_of_memory();
    for (int size = 4; size <= 8; size += 4) {
        test_random_shapes(size);
        test_threads(size);
        test_short_products(size);
    }
    test_rows_alone();
    test_not_a_number();
    tp__raw_trim();
    CHECK_OK();
    return test_end();
}
