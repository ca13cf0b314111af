/* Adagrad, RMSprop, Adadelta, Adamax, NAdam, RAdam, Rprop and SparseAdam against PyTorch, bit for bit; their
 * states and errors. */
#include "base/memory.h"
#include "taper/optim.h"
#include "test.h"

#include "golden/optim_kinds.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- The numbers of golden/optim_kinds.py ---- */

static uint32_t lcg;

static double draw(void)
{
    lcg = lcg * 1664525u + 1013904223u;
    return ((double)(lcg >> 8) - 8388608) / 8388608;
}

static void store(tp_tensor *t, int64_t i, double x)
{
    if (tp_dtype_of(t) == TP_F32)
        tp_data_f32(t)[i] = (float)x;
    else
        tp_data_f64(t)[i] = x;
}

static tp_tensor *numbers(tp_dtype dtype, int64_t n, bool gradient)
{
    static const int exponents[] = {0, -3, -6, -10, 3, -20, 12, -1};
    tp_tensor *t = tp_zeros(dtype, n);
    for (int64_t i = 0; i < n; i++) {
        double x = draw();
        if (gradient) {
            if (i % 5 == 1 && fabs(x) < 0.7)
                x = 0;
            x = ldexp(x, exponents[i % 8]);
        }
        store(t, i, x);
    }
    return t;
}

/* A CSR row with about a fifth of n columns: what it is multiplied by gets it as its gradient. */
static tp_tensor *touched(tp_dtype dtype, int64_t n)
{
    int32_t columns[100];
    double doubles[100];
    float floats[100];
    int64_t count = 0;
    for (int32_t i = 0; i < n; i++)
        if (draw() > 0.6)
            columns[count++] = i;
    for (int64_t i = 0; i < count; i++)
        floats[i] = (float)(doubles[i] = draw());
    const int64_t starts[] = {0, count};
    return tp_csr(dtype, 1, n, count, starts, columns,
                  dtype == TP_F32 ? (const void *)floats : (const void *)doubles);
}

/* ---- Against PyTorch ---- */

static tp_optimizer *make(const char *kind, const double *o, const tp_parameter_list *list)
{
    const bool maximize = o[17] != 0;
    if (!strcmp(kind, "Adagrad"))
        return tp_adagrad(list, .lr = o[0], .eps = o[3], .weight_decay = o[4], .lr_decay = o[5],
                          .initial_accumulator_value = o[6], .maximize = maximize);
    if (!strcmp(kind, "RMSprop"))
        return tp_rmsprop(list, .lr = o[0], .eps = o[3], .weight_decay = o[4], .alpha = o[7],
                          .momentum = o[8], .centered = o[9] != 0, .maximize = maximize);
    if (!strcmp(kind, "Adadelta"))
        return tp_adadelta(list, .lr = o[0], .eps = o[3], .weight_decay = o[4], .rho = o[10],
                           .maximize = maximize);
    if (!strcmp(kind, "Adamax"))
        return tp_adamax(list, .lr = o[0], .beta1 = o[1], .beta2 = o[2], .eps = o[3], .weight_decay = o[4],
                         .maximize = maximize);
    if (!strcmp(kind, "NAdam"))
        return tp_nadam(list, .lr = o[0], .beta1 = o[1], .beta2 = o[2], .eps = o[3], .weight_decay = o[4],
                        .momentum_decay = o[11], .decoupled_weight_decay = o[12] != 0, .maximize = maximize);
    if (!strcmp(kind, "RAdam"))
        return tp_radam(list, .lr = o[0], .beta1 = o[1], .beta2 = o[2], .eps = o[3], .weight_decay = o[4],
                        .decoupled_weight_decay = o[12] != 0, .maximize = maximize);
    if (!strcmp(kind, "Rprop"))
        return tp_rprop(list, .lr = o[0], .eta_minus = o[13], .eta_plus = o[14], .step_size_min = o[15],
                        .step_size_max = o[16], .maximize = maximize);
    return tp_sparse_adam(list, .lr = o[0], .beta1 = o[1], .beta2 = o[2], .eps = o[3], .maximize = maximize);
}

typedef struct agreement {
    int64_t equal, all;
    double worst, largest;
} agreement;

static void compare(agreement *a, tp_tensor *p, const uint64_t *want)
{
    for (int64_t i = 0; i < tp_numel(p); i++) {
        double got, expected;
        bool same;
        if (tp_dtype_of(p) == TP_F32) {
            const uint32_t bits = (uint32_t)want[i];
            float f;
            memcpy(&f, &bits, sizeof f);
            got = (double)tp_data_f32(p)[i];
            expected = (double)f;
            same = !memcmp(&tp_data_f32(p)[i], &f, sizeof f);
        } else {
            memcpy(&expected, &want[i], sizeof expected);
            got = tp_data_f64(p)[i];
            same = !memcmp(&tp_data_f64(p)[i], &want[i], sizeof(double));
        }
        a->all++;
        a->equal += same;
        a->worst = fmax(a->worst, fabs(got - expected));
        a->largest = fmax(a->largest, fabs(expected));
    }
}

static tp_tensor *shaped(tp_tensor *t, const tp_tensor *like)
{
    return tp_reshape_n(t, tp_ndim(like), tp_shape(like));
}

/* One step; for SparseAdam the gradient comes through a product with a sparse row. */
static void one_step(tp_optimizer *optimizer, tp_tensor *p, bool sparse)
{
    TP_SCOPE(step);
    tp_zero_grad(optimizer);
    if (sparse)
        CHECK(tp_backward(tp_sum(tp_f_linear(touched(tp_dtype_of(p), tp_numel(p)), p, NULL))) == TP_OK);
    else
        CHECK(tp_backward(p, .gradient = shaped(numbers(tp_dtype_of(p), tp_numel(p), true), p)) == TP_OK);
    CHECK(tp_step(optimizer) == TP_OK);
}

static agreement run(const struct golden *g, double sabotage)
{
    TP_SCOPE(test);
    const tp_dtype dtype = g->is_double ? TP_F64 : TP_F32;
    const bool sparse = !strcmp(g->kind, "SparseAdam");
    lcg = (uint32_t)g->n;
    tp_tensor *p = numbers(dtype, g->n, false);
    if (sparse)
        p = tp_reshape(p, 1, -1);
    tp_requires_grad_(p, true);
    double options[COUNT(g->options)];
    memcpy(options, g->options, sizeof options);
    options[0] *= 1 + sabotage;
    tp_optimizer *optimizer = make(g->kind, options, tp_parameters_of(p));
    CHECK(optimizer != NULL);
    agreement a = {0};
    const uint64_t *want = golden_words + g->at;
    for (int step = 1; step <= 100; step++) {
        one_step(optimizer, p, sparse);
        if (step == 1 || step == 7 || step == 100) {
            compare(&a, tp_detach(p), want);
            want += g->n;
        }
    }
    CHECK_OK();
    return a;
}

static void test_golden(void)
{
    agreement total = {0};
    for (size_t i = 0; i < COUNT(golden); i++) {
        const struct golden *g = &golden[i];
        const agreement a = run(g, 0);
        if (a.equal != a.all)
            printf("%s, case %zu, n %d%s: %lld of %lld equal, worst %.3g (PyTorch between instruction sets "
                   "%.3g, "
                   "with MKL's roots %.3g)\n",
                   g->kind, i, g->n, g->is_double ? ", float64" : "", (long long)a.equal, (long long)a.all,
                   a.worst / a.largest, g->between_sets, g->with_mkl);
        CHECK(a.equal == a.all);
        total.equal += a.equal;
        total.all += a.all;
        /* A learning rate that is off by one part in a hundred thousand is noticed. */
        const agreement wrong = run(g, 1e-5);
        CHECK(wrong.equal < wrong.all);
    }
    printf("%lld of %lld parameters have PyTorch's bits with exact square roots\n", (long long)total.equal,
           (long long)total.all);
}

/* ---- States ---- */

/* Training that was saved and begun again goes on with the same bits. */
static void test_resume(void)
{
    for (size_t i = 0; i < COUNT(golden); i++) {
        const struct golden *g = &golden[i];
        if (g->n == 8)
            continue;
        TP_SCOPE(test);
        const tp_dtype dtype = g->is_double ? TP_F64 : TP_F32;
        const bool sparse = !strcmp(g->kind, "SparseAdam");
        lcg = 3;
        tp_tensor *a = tp_requires_grad_(tp_reshape(numbers(dtype, 33, false), 1, -1), true);
        tp_tensor *b = tp_requires_grad_(tp_zeros(dtype, 1, 33), true);
        tp_optimizer *one = make(g->kind, g->options, tp_parameters_of(a));
        tp_optimizer *two = make(g->kind, g->options, tp_parameters_of(b));
        lcg = 11;
        for (int k = 0; k < 10; k++)
            one_step(one, a, sparse);
        one_step(two, b, sparse);
        const tp_named_tensors *state = tp_optimizer_state(one);
        CHECK(state && tp_load_optimizer_state(two, state->items, state->count) == TP_OK);
        {
            TP_SCOPE_NO_GRAD(copy);
            CHECK(tp_assign(b, a) == TP_OK);
        }
        for (int k = 0; k < 10; k++) {
            lcg = (uint32_t)k;
            one_step(one, a, sparse);
            lcg = (uint32_t)k;
            one_step(two, b, sparse);
        }
        CHECK(tp_equal(tp_detach(a), tp_detach(b)));
        CHECK_OK();
        /* Without one of its entries it is refused, and changes nothing. */
        for (int64_t k = 0; k < state->count; k++) {
            const tp_named_tensor left_out = state->items[k];
            state->items[k] = state->items[state->count - 1];
            CHECK(tp_load_optimizer_state(two, state->items, state->count - 1) == TP_ERROR_ARGUMENT);
            CHECK_ERROR(TP_ERROR_ARGUMENT, k == state->count - 1 ? "Missing key" : left_out.name);
            state->items[k] = left_out;
        }
        one_step(one, a, sparse);
        CHECK_OK();
    }
}

/* ---- Options and errors ---- */

static void test_errors(void)
{
    TP_SCOPE(test);
    tp_tensor *a = tp_requires_grad_(tp_ones(TP_F32, 3), true);
    const tp_parameter_list *list = tp_parameters_of(a);
    CHECK_TEXT(tp_optimizer_repr(tp_adagrad(list)), GOLDEN_ADAGRAD_TEXT);
    CHECK_TEXT(tp_optimizer_repr(tp_rmsprop(list)), GOLDEN_RMSPROP_TEXT);
    CHECK_TEXT(tp_optimizer_repr(tp_adamax(list)), GOLDEN_ADAMAX_TEXT);
    CHECK_TEXT(tp_optimizer_repr(tp_nadam(list)), GOLDEN_NADAM_TEXT);
    CHECK_TEXT(tp_optimizer_repr(tp_radam(list)), GOLDEN_RADAM_TEXT);
    CHECK_TEXT(tp_optimizer_repr(tp_rprop(list)), GOLDEN_RPROP_TEXT);
    CHECK(!tp_adagrad(list, .lr_decay = -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "adagrad: Invalid lr_decay value: -1");
    CHECK(!tp_adagrad(list, .initial_accumulator_value = -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Invalid initial_accumulator_value value: -1");
    CHECK(!tp_rmsprop(list, .alpha = -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "rmsprop: Invalid alpha value: -1");
    CHECK(!tp_rmsprop(list, .momentum = -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Invalid momentum value: -1");
    CHECK(!tp_adadelta(list, .rho = 1.5));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "adadelta: Invalid rho value: 1.5");
    CHECK(!tp_adamax(list, .beta1 = 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "adamax: Invalid beta parameter at index 0: 1");
    CHECK(!tp_nadam(list, .momentum_decay = -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "nadam: Invalid momentum_decay value: -1");
    CHECK(!tp_radam(list, .eps = -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "radam: Invalid epsilon value: -1");
    CHECK(!tp_rprop(list, .eta_plus = 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "rprop: Invalid eta values: 0.5, 1");
    CHECK(!tp_sparse_adam(list, .lr = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "sparse_adam: Invalid learning rate: 0");
    tp_optimizer *rprop = tp_rprop(list);
    CHECK(tp_set_option(rprop, 0, "eta_minus", 2) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Invalid eta values: 2, 1.2");
    CHECK(tp_get_option(rprop, 0, "step_size_max") == 50);
    CHECK(tp_set_option(rprop, 0, "weight_decay", 0) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Rprop has no option 'weight_decay'");
}

/* SparseAdam with a dense gradient: what has a gradient of 0 keeps its moments. */
static void test_dense_gradient(void)
{
    TP_SCOPE(test);
    tp_tensor *a = tp_requires_grad_(tp_ones(TP_F32, 1, 3), true);
    tp_tensor *b = tp_requires_grad_(tp_ones(TP_F32, 1, 3), true);
    tp_optimizer *one = tp_sparse_adam(tp_parameters_of(a)), *two = tp_sparse_adam(tp_parameters_of(b));
    for (int step = 0; step < 5; step++) {
        const float row[] = {1, 0, step % 2 ? 2.0f : 0.0f};
        tp_tensor *dense = tp_from_array(TP_F32, row, 1, 3);
        tp_zero_grad(one);
        tp_zero_grad(two);
        CHECK(tp_backward(a, .gradient = dense) == TP_OK);
        CHECK(tp_backward(tp_sum(tp_f_linear(tp_to_csr(dense), b, NULL))) == TP_OK);
        CHECK(tp_step(one) == TP_OK && tp_step(two) == TP_OK);
    }
    CHECK(tp_equal(tp_detach(a), tp_detach(b)));
    CHECK(tp_at(tp_detach(a), 0, 1) == 1);
    CHECK_OK();
}

/* A step that runs out of memory has changed no parameter, and works afterwards. */
static void test_memory(void)
{
    for (int64_t countdown = 0; countdown < 40; countdown++) {
        TP_SCOPE(test);
        lcg = 9;
        tp_tensor *a = tp_requires_grad_(tp_reshape(numbers(TP_F32, 3000, false), 1, -1), true);
        tp_optimizer *adam = tp_sparse_adam(tp_parameters_of(a));
        lcg = 5;
        const tp_tensor *before = tp_clone(tp_detach(a));
        const int32_t columns[] = {1, 5};
        const float values[] = {1, 2};
        const int64_t starts[] = {0, 2};
        tp_tensor *x = tp_csr(TP_F32, 1, 3000, 2, starts, columns, values);
        CHECK(tp_backward(tp_sum(tp_f_linear(x, a, NULL))) == TP_OK);
        tp_memory_trim();
        tp__memory_fail_after(countdown);
        const tp_status status = tp_step(adam);
        tp__memory_fail_after(-1);
        if (status == TP_OK) {
            CHECK(countdown > 0);
            return;
        }
        CHECK_ERROR(TP_ERROR_MEMORY, "");
        CHECK(tp_equal(tp_detach(a), before));
        CHECK(tp_step(adam) == TP_OK);
    }
}

int main(void)
{
    test_golden();
    test_resume();
    test_errors();
    test_dense_gradient();
    test_memory();
    tp_finish();
    return test_end();
}
