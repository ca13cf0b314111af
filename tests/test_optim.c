/* Optimizers against PyTorch, bit for bit; groups, states, clipping, errors. */
#include "backend/cpu/table.h"
#include "base/memory.h"
#include "base/region.h"
#include "taper/optim.h"
#include "test.h"

#include "golden/optim.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- The numbers of golden/optim.py ---- */

static uint32_t lcg;

static double draw(void)
{
    lcg = lcg * 1664525u + 1013904223u;
    return ((double)(lcg >> 8) - 8388608) / 8388608;
}

static tp_tensor *numbers(tp_dtype dtype, int64_t n, bool gradient)
{
    static const int exponents[] = {0, -3, -6, -10, 3, -70, 70, -1};
    tp_tensor *t = tp_zeros(dtype, n);
    for (int64_t i = 0; i < n; i++) {
        double x = draw();
        if (gradient) {
            if (i % 5 == 1 && fabs(x) < 0.7)
                x = 0;
            x = ldexp(x, exponents[i % 8]);
        }
        if (dtype == TP_F32)
            tp_data_f32(t)[i] = (float)x;
        else
            tp_data_f64(t)[i] = x;
    }
    return t;
}

/* Leaves `gradient` in tp_grad(p). */
static void give_gradient(tp_tensor *p, tp_tensor *gradient)
{
    tp_zero_grad_of(p);
    CHECK(tp_backward(p, .gradient = gradient) == TP_OK);
}

static tp_optimizer *make(const struct golden *g, const tp_parameter_list *list)
{
    const double *o = g->options;
    if (!strcmp(g->kind, "SGD"))
        return tp_sgd(list, .lr = o[0], .weight_decay = o[4], .momentum = o[6], .dampening = o[7],
                      .nesterov = o[8] != 0, .maximize = o[9] != 0);
    const tp_adam_options options = {.parameters = list,
                                     .lr = o[0],
                                     .beta1 = o[1],
                                     .beta2 = o[2],
                                     .eps = o[3],
                                     .weight_decay = o[4],
                                     .amsgrad = o[5] != 0,
                                     .maximize = o[9] != 0};
    return !strcmp(g->kind, "Adam") ? tp_adam_with(&options) : tp_adamw_with(&options);
}

typedef struct agreement {
    int64_t equal, all;
    double worst; /* relative */
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
        same |= isnan(got) && isnan(expected);
        a->all++;
        a->equal += same;
        const double distance = same ? 0 : fabs(got - expected) / fmax(fabs(expected), 1e-30);
        if (!(distance <= a->worst) && !isnan(a->worst))
            a->worst = distance;
    }
}

/* The parameters after 1, 7 and 100 steps. With `strided` they are the transpose of a matrix. */
static agreement run(const struct golden *g, double sabotage, bool strided)
{
    TP_SCOPE(test);
    const tp_dtype dtype = g->is_double ? TP_F64 : TP_F32;
    lcg = (uint32_t)g->n;
    tp_tensor *p = numbers(dtype, g->n, false);
    if (strided) {
        tp_tensor *wide = tp_zeros(dtype, 1, g->n, 2);
        tp_tensor *column = tp_detach(tp_select(tp_select(wide, 0, 0), 1, 1));
        CHECK(!tp_is_contiguous(column) || g->n == 1);
        CHECK(tp_assign(column, p) == TP_OK);
        p = column;
    }
    tp_requires_grad_(p, true);
    struct golden changed = *g;
    changed.options[0] *= 1 + sabotage;
    tp_optimizer *optimizer = make(&changed, tp_parameters_of(p));
    CHECK(optimizer != NULL);
    agreement a = {0};
    const uint64_t *want = golden_words + g->at;
    for (int step = 1; step <= 100; step++) {
        TP_SCOPE(step);
        give_gradient(p, numbers(dtype, g->n, true));
        CHECK(tp_step(optimizer) == TP_OK);
        if (step == 1 || step == 7 || step == 100) {
            compare(&a, tp_contiguous(tp_detach(p)), want);
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
        const agreement a = run(&golden[i], 0, false);
        if (a.equal != a.all)
            printf("%s, case %zu, n %d: %lld of %lld equal, worst %g\n", golden[i].kind, i, golden[i].n,
                   (long long)a.equal, (long long)a.all, a.worst);
        CHECK(a.equal == a.all);
        total.equal += a.equal;
        total.all += a.all;
        const agreement strided = run(&golden[i], 0, true);
        CHECK(strided.equal == strided.all);
    }
    printf("%lld of %lld parameters have PyTorch's bits with exact square roots, %lld of them with MKL's\n",
           (long long)total.equal, (long long)total.all,
           (long long)(total.equal - (int64_t)COUNT(golden_stock)));
    CHECK((double)COUNT(golden_stock) < 0.0025 * (double)total.all);
    /* A learning rate off by one part in a million is noticed. */
    for (size_t i = 0; i < COUNT(golden); i++) {
        const agreement a = run(&golden[i], 1e-6, false);
        CHECK(a.equal < a.all || golden[i].n == 1);
    }
}

/* ---- Large parameters are cut into pieces, with the same result ---- */

static void test_pieces(void)
{
    TP_SCOPE(test);
    enum { N = 200003, FEW = 1000 };
    lcg = 5;
    tp_tensor *whole = tp_requires_grad_(numbers(TP_F32, N, false), true);
    tp_tensor *part = tp_requires_grad_(tp_clone(tp_narrow(tp_detach(whole), 0, N - FEW, FEW)), true);
    tp_optimizer *optimizer = tp_adam(tp_parameters_of(whole, part), .weight_decay = 0.1);
    for (int step = 0; step < 5; step++) {
        tp_tensor *g = numbers(TP_F32, N, true);
        give_gradient(whole, g);
        give_gradient(part, tp_narrow(g, 0, N - FEW, FEW));
        CHECK(tp_step(optimizer) == TP_OK);
    }
    CHECK(!memcmp(tp_data_f32(whole) + N - FEW, tp_data_f32(part), FEW * sizeof(float)));
    CHECK_OK();
}

/* ---- Groups and options ---- */

static void test_groups(void)
{
    TP_SCOPE(test);
    tp_tensor *a = tp_requires_grad_(tp_ones(TP_F32, 3), true);
    tp_tensor *b = tp_requires_grad_(tp_ones(TP_F32, 3), true);
    tp_tensor *c = tp_requires_grad_(tp_ones(TP_F32, 3), true);
    tp_optimizer *sgd = tp_sgd(tp_parameters_of(a, c), .momentum = 0.9, .nesterov = true);
    CHECK(tp_group_count(sgd) == 1);
    CHECK(tp_add_param_group(sgd, tp_parameters_of(b)) == 1);
    CHECK(tp_set_lr(sgd, 1, 1e-5) == TP_OK);
    CHECK(tp_get_lr(sgd, 0) == 1e-3);
    CHECK(tp_get_lr(sgd, 1) == 1e-5);
    CHECK_TEXT(tp_optimizer_repr(sgd), GOLDEN_SGD_TEXT);
    CHECK_TEXT(tp_optimizer_repr(tp_adam(tp_parameters_of(a), .lr = 0.01)), GOLDEN_ADAM_TEXT);
    CHECK_TEXT(tp_optimizer_repr(tp_adamw(tp_parameters_of(a), .amsgrad = true)), GOLDEN_ADAMW_TEXT);

    /* Each group steps with its own rate; what has no gradient stays. */
    give_gradient(a, tp_ones(TP_F32, 3));
    give_gradient(b, tp_ones(TP_F32, 3));
    CHECK(tp_set_option(sgd, 0, "nesterov", 0) == TP_OK);
    CHECK(tp_set_option(sgd, 1, "nesterov", 0) == TP_OK);
    CHECK(tp_step(sgd) == TP_OK);
    CHECK(tp_at(tp_detach(a), 0) == (double)fmaf(1, -1e-3f, 1));
    CHECK(tp_at(tp_detach(b), 0) == (double)fmaf(1, -1e-5f, 1));
    CHECK(tp_at(tp_detach(c), 0) == 1);
    tp_zero_grad(sgd);
    CHECK(!tp_grad(a) && !tp_grad(b));
    CHECK_OK();

    CHECK(tp_add_param_group(sgd, tp_parameters_of(b)) == -1);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "some parameters appear in more than one parameter group");
    CHECK(tp_set_option(sgd, 0, "nesterov", 1) == TP_OK);
    CHECK(tp_set_option(sgd, 0, "momentum", 0) != TP_OK);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Nesterov momentum requires a momentum and zero dampening");
    CHECK(tp_get_option(sgd, 0, "momentum") == 0.9);
    CHECK(tp_set_option(sgd, 0, "eps", 0) != TP_OK);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "SGD has no option 'eps'");
    CHECK(tp_set_lr(sgd, 2, 0) != TP_OK);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "there is no group 2 of 2");
    CHECK(isnan(tp_get_lr(NULL, 0)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "optimizer is NULL");
    CHECK(!tp_adam(tp_parameters_of(a), .lr = -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "adam: Invalid learning rate: -1");
    CHECK(!tp_adam(tp_parameters_of(a), .beta2 = 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Invalid beta parameter at index 1: 1");
    CHECK(!tp_adamw(tp_parameters_of(a), .eps = NAN));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "adamw: Invalid epsilon value");
    CHECK(!tp_adam(tp_parameters_of_n(0, NULL)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "optimizer got an empty parameter list");
    CHECK(!tp_sgd(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "the parameter list is NULL");
    CHECK(tp_step(NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "optimizer is NULL");
    tp_zero_grad(NULL);
}

static void test_lifetime(void)
{
    TP_SCOPE(outer);
    tp_tensor *a = tp_requires_grad_(tp_ones(TP_F32, 3), true);
    tp_optimizer *optimizer = tp_sgd(tp_parameters_of(a));
    {
        TP_SCOPE(inner);
        tp_tensor *b = tp_requires_grad_(tp_ones(TP_F32, 3), true);
        CHECK(tp_add_param_group(optimizer, tp_parameters_of(b)) == -1);
        CHECK_ERROR(TP_ERROR_STATE, "lives in region 'inner', which ends before region 'outer'");
    }
}

/* ---- State ---- */

static bool same_bits(tp_tensor *a, tp_tensor *b)
{
    return !memcmp(tp_data_f32(a), tp_data_f32(b), (size_t)tp_numel(a) * sizeof(float));
}

static void steps(tp_optimizer *optimizer, tp_tensor *p, uint32_t seed, int count)
{
    lcg = seed;
    for (int i = 0; i < count; i++) {
        TP_SCOPE(step);
        give_gradient(p, numbers(TP_F32, tp_numel(p), true));
        CHECK(tp_step(optimizer) == TP_OK);
    }
}

static tp_optimizer *of_kind(int kind, tp_tensor *p, double lr)
{
    return kind == 0   ? tp_sgd(tp_parameters_of(p), .lr = lr, .momentum = 0.9)
           : kind == 1 ? tp_adam(tp_parameters_of(p), .lr = lr, .amsgrad = true)
           : kind == 2 ? tp_adamw(tp_parameters_of(p), .lr = lr)
                       : tp_sgd(tp_parameters_of(p), .lr = lr);
}

/* Training that was saved and begun again goes on with the same bits. */
static void test_resume(void)
{
    for (int kind = 0; kind < 4; kind++) {
        TP_SCOPE(test);
        lcg = 3;
        tp_tensor *a = tp_requires_grad_(numbers(TP_F32, 33, false), true);
        tp_tensor *b = tp_requires_grad_(tp_zeros(TP_F32, 33), true);
        tp_optimizer *one = of_kind(kind, a, 0.01), *two = of_kind(kind, b, 0.5);
        steps(one, a, 11, 10);
        steps(two, b, 12, 2);
        const tp_named_tensors *state = tp_optimizer_state(one);
        CHECK(state != NULL);
        CHECK(tp_load_optimizer_state(two, state->items, state->count) == TP_OK);
        {
            TP_SCOPE_NO_GRAD(copy);
            CHECK(tp_assign(b, a) == TP_OK);
        }
        CHECK(tp_get_lr(two, 0) == 0.01);
        steps(one, a, 13, 10);
        steps(two, b, 13, 10);
        CHECK(same_bits(a, b));
        CHECK_OK();
    }
}

static void test_state_errors(void)
{
    TP_SCOPE(test);
    lcg = 3;
    tp_tensor *a = tp_requires_grad_(numbers(TP_F32, 6, false), true);
    tp_tensor *c = tp_requires_grad_(numbers(TP_F32, 7, false), true);
    tp_optimizer *adam = tp_adam(tp_parameters_of(a)), *other = tp_adam(tp_parameters_of(c));
    tp_named_tensors *fresh = tp_optimizer_state(adam);
    CHECK(fresh->count == 7); /* options alone */
    CHECK(tp_load_optimizer_state(adam, fresh->items, fresh->count) == TP_OK);
    steps(adam, a, 1, 3);
    tp_named_tensors *state = tp_copy_named_tensors(tp_optimizer_state(adam));
    CHECK(state->count == 10);
    CHECK_TEXT(state->items[0].name, "state.0.step");
    CHECK(tp_item_i64(state->items[0].tensor) == 3);
    CHECK_TEXT(state->items[1].name, "state.0.exp_avg");
    CHECK_TEXT(state->items[2].name, "state.0.exp_avg_sq");
    CHECK_TEXT(state->items[3].name, "param_groups.0.lr");
    CHECK_OK();

    steps(adam, a, 2, 1);
    tp_named_tensors *before = tp_copy_named_tensors(tp_optimizer_state(adam));
    CHECK(tp_load_optimizer_state(other, state->items, state->count) == TP_ERROR_SHAPE);
    CHECK_ERROR(TP_ERROR_SHAPE, "\"state.0.exp_avg\" has shape [6], and the parameter '0' has [7]");
    CHECK(tp_load_optimizer_state(adam, state->items, 9) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Missing key \"param_groups.0.maximize\"");
    CHECK(tp_load_optimizer_state(adam, state->items + 1, state->count - 1) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Missing key \"state.0.step\"");
    static const char *const foreign[] = {
        "state.1.step", "state.0.momentum_buffer",         "weight",           "state.00.step",
        "state.0",      "state.99999999999999999999.step", "param_groups.1.lr"};
    for (size_t i = 0; i < COUNT(foreign); i++) {
        tp_named_tensor item = {foreign[i], tp_scalar(TP_F32, 1)};
        CHECK(tp_load_optimizer_state(adam, &item, 1) == TP_ERROR_ARGUMENT);
        CHECK_ERROR(TP_ERROR_ARGUMENT, foreign[i]);
    }
    state->items[3].tensor = tp_scalar(TP_F64, -1);
    CHECK(tp_load_optimizer_state(adam, state->items, state->count) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Invalid learning rate");
    state->items[0].tensor = tp_scalar(TP_F64, NAN);
    CHECK(tp_load_optimizer_state(adam, state->items, state->count) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "\"state.0.step\" is no number of steps");
    /* None of it has changed anything. */
    const tp_named_tensors *after = tp_optimizer_state(adam);
    for (int64_t i = 0; i < after->count; i++)
        CHECK(tp_equal(before->items[i].tensor, after->items[i].tensor));
}

/* A step that runs out of memory has changed no parameter, and works afterwards. */
static void test_memory(void)
{
    for (int64_t countdown = 0; countdown < 40; countdown++) {
        TP_SCOPE(test);
        lcg = 9;
        tp_tensor *a = tp_requires_grad_(numbers(TP_F32, 3000, false), true);
        tp_tensor *b = tp_requires_grad_(numbers(TP_F32, 3000, false), true);
        tp_optimizer *adam = tp_adam(tp_parameters_of(a, b), .amsgrad = true);
        give_gradient(a, numbers(TP_F32, 3000, true));
        give_gradient(b, numbers(TP_F32, 3000, true));
        tp_tensor *a0 = tp_clone(tp_detach(a)), *b0 = tp_clone(tp_detach(b));
        tp_memory_trim();
        tp__memory_fail_after(countdown);
        const tp_status status = tp_step(adam);
        tp__memory_fail_after(-1);
        if (status == TP_OK) {
            CHECK(countdown > 0);
            CHECK(!same_bits(a, a0));
            return;
        }
        CHECK(status == TP_ERROR_MEMORY);
        CHECK_ERROR(TP_ERROR_MEMORY, "");
        CHECK(same_bits(a, a0) && same_bits(b, b0));
        CHECK(tp_step(adam) == TP_OK);
        CHECK(tp_item_i64(tp_optimizer_state(adam)->items[0].tensor) == 1);
    }
}

/* ---- Moments that decay ---- */

/* Thousands of steps in which most gradients are 0, so that moments decay beyond what a float holds; against
 * Adam's formula in plain C, which lets them. What the optimizer takes for 0 changes no bit of a parameter.
 */
static void test_decay(void)
{
    enum { N = 403, STEPS = 4000 };
    TP_SCOPE(test);
    lcg = 1;
    static float p[N], m[N], v[N], g[N];
    for (int i = 0; i < N; i++)
        p[i] = (float)draw();
    tp_tensor *parameter = tp_requires_grad_(tp_from_array(TP_F32, p, N), true);
    tp_optimizer *adam = tp_adam(tp_parameters_of(parameter), .lr = 0.01);
    int subnormal = 0, different = 0;
    for (int step = 1; step <= STEPS; step++) {
        TP_SCOPE(step);
        memset(g, 0, sizeof g);
        for (int k = 0; k < 3; k++) { /* the first ones often, the last ones hardly ever */
            const double u = pow((draw() + 1) / 2, 20);
            g[(int)(u * N) % N] = (float)(0.03 * draw());
        }
        tp_zero_grad(adam);
        give_gradient(parameter, tp_from_array(TP_F32, g, N));
        CHECK(tp_step(adam) == TP_OK);
        const float minus_step = (float)-(0.01 / (1 - pow(0.9, step)));
        const float root = (float)sqrt(1 - pow(0.999, step));
        for (int i = 0; i < N; i++) {
            m[i] = fmaf((float)(1 - 0.9), g[i] - m[i], m[i]);
            v[i] = fmaf((float)(1 - 0.999) * g[i], g[i], v[i] * 0.999f);
            p[i] += minus_step * m[i] / (sqrtf(v[i]) / root + 1e-8f);
        }
    }
    const float *got = tp_data_f32(parameter);
    for (int i = 0; i < N && got; i++) {
        subnormal += m[i] != 0 && fabsf(m[i]) < 0x1p-126f;
        different += memcmp(&got[i], &p[i], sizeof *p) != 0;
    }
    CHECK(subnormal > N / 4);
    CHECK(different == 0);
    CHECK_OK();
}

/* Parameters, gradients and moments of all sizes down to the smallest subnormal number, and both zeros,
 * against Adam's formula in plain C, bit for bit. */
static float any_size(int least, int most)
{
    const double u = (draw() + 1) / 2;
    const float x = (float)ldexp(draw(), least + (int)(u * (most - least + 1)));
    return u < 0.05 ? copysignf(0, x) : x;
}

static int64_t faint_differences(float nudge, bool slow_subnormals)
{
    enum { N = 1003, STEPS = 60 };
    static float p[N], m[N], v[N], g[N], got[N], got_m[N], got_v[N];
    int64_t different = 0;
    for (int trial = 0; trial < 8; trial++) {
        lcg = (uint32_t)trial + 1;
        memset(m, 0, sizeof m);
        memset(v, 0, sizeof v);
        const double lr = trial % 2 ? 0.01 : 0.5, eps = trial % 4 < 2 ? 1e-8 : 1e-20;
        for (int i = 0; i < N; i++)
            p[i] = any_size(-149, i % 3 ? -90 : 0);
        memcpy(got, p, sizeof p);
        memcpy(got_m, m, sizeof m);
        memcpy(got_v, v, sizeof v);
        for (int step = 1; step <= STEPS; step++) {
            for (int i = 0; i < N; i++)
                g[i] = any_size(-151, i % 5 ? -120 : -60);
            const tp__adam_numbers numbers = {.beta1 = 0.9,
                                              .beta2 = 0.999,
                                              .eps = eps,
                                              .step_size = lr / (1 - pow(0.9, step)),
                                              .root_correction = sqrt(1 - pow(0.999, step)),
                                              .decay = 1,
                                              .slow_subnormals = slow_subnormals};
            tp__optim()->adam_f32(N, got, g, got_m, got_v, NULL, &numbers);
            const float minus_step = (float)-numbers.step_size, root = (float)numbers.root_correction;
            for (int i = 0; i < N; i++) {
                m[i] = fmaf((float)(1 - 0.9), g[i] - m[i], m[i]);
                v[i] = fmaf((float)(1 - 0.999) * g[i], g[i], v[i] * 0.999f);
                p[i] += minus_step * m[i] / (sqrtf(v[i]) / root + (float)eps) * nudge;
            }
        }
        for (int i = 0; i < N; i++)
            different += memcmp(&got[i], &p[i], sizeof *p) != 0;
    }
    return different;
}

static void test_faint(void)
{
    for (int slow = 0; slow < 2; slow++) {
        CHECK(faint_differences(1, slow) == 0);
        CHECK(faint_differences(1 + 0x1p-22f, slow) > 100);
    }
}

/* ---- SGD for the columns of a sparse batch ---- */

/* A step for the touched columns alone is what a step for all of them would be: `weight_decay` 1e-300 is no
 * decay, and takes the dense way. */
static void test_touched(void)
{
    enum { ROWS = 7, COLUMNS = 500, EACH = 9, OUT = 3 };
    for (int which = 0; which < 2; which++) {
        const tp_dtype dtype = which ? TP_F64 : TP_F32;
        TP_SCOPE(test);
        lcg = 4;
        tp_module *few = tp_linear(COLUMNS, OUT, .dtype = dtype),
                  *all = tp_linear(COLUMNS, OUT, .dtype = dtype);
        {
            TP_SCOPE_NO_GRAD(copy);
            CHECK(tp_assign(tp_get_parameter(all, "weight"), tp_get_parameter(few, "weight")) == TP_OK);
            CHECK(tp_assign(tp_get_parameter(all, "bias"), tp_get_parameter(few, "bias")) == TP_OK);
        }
        tp_optimizer *a = tp_sgd(tp_parameters(few), .lr = 0.3);
        tp_optimizer *b = tp_sgd(tp_parameters(all), .lr = 0.3, .weight_decay = 1e-300);
        for (int step = 0; step < 20; step++) {
            TP_SCOPE(step);
            int64_t starts[ROWS + 1];
            int32_t columns[ROWS * EACH];
            double values[ROWS * EACH];
            float floats[ROWS * EACH];
            for (int i = 0; i < ROWS * EACH; i++) {
                columns[i] = (int32_t)((i % EACH) * 50 + (int)((draw() + 1) * 5));
                values[i] = draw();
                floats[i] = (float)values[i];
            }
            for (int i = 0; i <= ROWS; i++)
                starts[i] = i * EACH;
            tp_tensor *x = tp_csr(dtype, ROWS, COLUMNS, ROWS * EACH, starts, columns,
                                  which ? (const void *)values : (const void *)floats);
            for (int twice = 0; twice < 1 + step % 2; twice++) {
                CHECK(tp_backward(tp_sum(tp_sigmoid(tp_forward(few, x)))) == TP_OK);
                CHECK(tp_backward(tp_sum(tp_sigmoid(tp_forward(all, x)))) == TP_OK);
            }
            CHECK(tp_step(a) == TP_OK && tp_step(b) == TP_OK);
            CHECK(tp_equal(tp_detach(tp_get_parameter(few, "weight")),
                           tp_detach(tp_get_parameter(all, "weight"))));
            tp_zero_grad(a);
            tp_zero_grad(b);
        }
        CHECK_OK();
    }
}

/* ---- Clipping ---- */

static void test_clip(void)
{
    for (size_t i = 0; i < COUNT(golden_clips); i++) {
        TP_SCOPE(test);
        const struct golden_clip *g = &golden_clips[i];
        lcg = (uint32_t)(7 * g->n);
        tp_tensor *p[2] = {tp_requires_grad_(tp_zeros(TP_F32, g->n), true),
                           tp_requires_grad_(tp_zeros(TP_F32, 3), true)};
        give_gradient(p[0], numbers(TP_F32, g->n, false));
        give_gradient(p[1], numbers(TP_F32, 3, false));
        const double norm = tp_clip_grad_norm(tp_parameters_of_n(2, p), g->limit);
        CHECK_NEAR(norm, g->norm, 2e-7 * g->norm);
        agreement a = {0};
        compare(&a, tp_grad(p[0]), golden_words + g->at);
        compare(&a, tp_grad(p[1]), golden_words + g->at + g->n);
        if (norm == g->norm)
            CHECK(a.equal == a.all);
        else
            printf("the norm of case %zu is %a, and %a in PyTorch\n", i, norm, g->norm);
        CHECK(a.worst < 3e-7);
        CHECK_OK();

        CHECK(tp_clip_grad_value(tp_parameters_of_n(2, p), 0.01) == TP_OK);
        for (int64_t k = 0; k < 3; k++)
            CHECK(fabs(tp_at(tp_grad(p[1]), k)) <= (double)0.01f);
        tp_zero_grad_of(p[0]);
        tp_zero_grad_of(p[1]);
        CHECK(tp_clip_grad_norm(tp_parameters_of_n(2, p), 1) == 0);
        CHECK_OK();
        CHECK(isnan(tp_clip_grad_norm(tp_parameters_of_n(2, p), -1)));
        CHECK_ERROR(TP_ERROR_ARGUMENT, "max_norm is -1, below 0");
        CHECK(tp_clip_grad_value(NULL, 1) == TP_ERROR_ARGUMENT);
        CHECK_ERROR(TP_ERROR_ARGUMENT, "the parameter list is NULL");
    }
}

int main(void)
{
    test_golden();
    test_pieces();
    test_groups();
    test_lifetime();
    test_resume();
    test_state_errors();
    test_memory();
    test_decay();
    test_faint();
    test_touched();
    test_clip();
    tp_finish();
    return test_end();
}
