/* Schedules against PyTorch, bit for bit; their states and errors. */
#include "base/memory.h"
#include "taper/schedule.h"
#include "test.h"

#include "golden/schedule.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- The schedules of golden/schedule.py ---- */

static double metric(int t)
{
    return t < 20 ? 1 / (double)(t + 1) : 0.0625 + (double)((t * 7) % 5) / 128;
}

static double function(int64_t t, int group, void *context)
{
    (void)group;
    (void)context;
    return 1 / (1 + (double)t * 0.125);
}

static double shrink(int64_t t, int group, void *context)
{
    (void)group;
    (void)context;
    return t % 10 == 0 ? 0.5 : 0.96875;
}

static tp_schedule *plain(const char *name, tp_optimizer *o)
{
    static const int64_t milestones[] = {3, 10, 10, 50};
    if (!strcmp(name, "step"))
        return tp_step_lr(o, 7, .gamma = 0.3);
    if (!strcmp(name, "multi_step"))
        return tp_multi_step_lr(o, 4, milestones, .gamma = 0.3);
    if (!strcmp(name, "constant"))
        return tp_constant_lr(o, .factor = 0.3, .total_iters = 9);
    if (!strcmp(name, "linear"))
        return tp_linear_lr(o, .start_factor = 0.1, .end_factor = 0.7, .total_iters = 13);
    if (!strcmp(name, "linear_default"))
        return tp_linear_lr(o);
    if (!strcmp(name, "exponential"))
        return tp_exponential_lr(o, 0.93);
    if (!strcmp(name, "polynomial"))
        return tp_polynomial_lr(o, .total_iters = 60, .power = 1.7);
    if (!strcmp(name, "cosine"))
        return tp_cosine_annealing_lr(o, 25, .eta_min = 0.01);
    if (!strcmp(name, "cosine_0"))
        return tp_cosine_annealing_lr(o, 50);
    if (!strcmp(name, "restarts"))
        return tp_cosine_annealing_warm_restarts(o, 10);
    if (!strcmp(name, "restarts_mult"))
        return tp_cosine_annealing_warm_restarts(o, 5, .T_mult = 3, .eta_min = 0.001);
    if (!strcmp(name, "one_cycle"))
        return tp_one_cycle_lr(o, 0.9, 120);
    if (!strcmp(name, "cyclic"))
        return tp_cyclic_lr(o, 0.01, 0.9, .step_size_up = 13);
    if (!strcmp(name, "lambda"))
        return tp_lambda_lr(o, function, NULL);
    if (!strcmp(name, "multiplicative"))
        return tp_multiplicative_lr(o, shrink, NULL);
    return NULL;
}

static tp_schedule *cycles(const char *name, tp_optimizer *o)
{
    static const double tops[] = {0.9, 0.1};
    if (!strcmp(name, "one_cycle_groups"))
        return tp_one_cycle_lr(o, 0, 120, .max_lrs = tops, .pct_start = 0.4, .three_phase = true,
                               .anneal_strategy = TP_ANNEAL_LINEAR, .div_factor = 10,
                               .final_div_factor = 100);
    if (!strcmp(name, "one_cycle_three"))
        return tp_one_cycle_lr(o, 0.9, 121, .pct_start = 0.2, .three_phase = true, .base_momentum = 0.5,
                               .max_momentum = 0.99);
    if (!strcmp(name, "one_cycle_plain"))
        return tp_one_cycle_lr(o, 0.9, 120, .cycle_momentum = false);
    if (!strcmp(name, "cyclic_2"))
        return tp_cyclic_lr(o, 0.01, 0.9, .step_size_up = 7, .step_size_down = 3, .mode = TP_TRIANGULAR2);
    if (!strcmp(name, "cyclic_exp"))
        return tp_cyclic_lr(o, 0.01, 0.9, .step_size_up = 9, .step_size_down = 11, .mode = TP_EXP_RANGE,
                            .gamma = 0.97, .base_momentum = 0.4, .max_momentum = 0.7);
    if (!strcmp(name, "cyclic_plain"))
        return tp_cyclic_lr(o, 0.01, 0.9, .step_size_up = 7, .cycle_momentum = false);
    return NULL;
}

static tp_schedule *sequence(tp_optimizer *o, tp_schedule *a, tp_schedule *b, int64_t milestone)
{
    return tp_sequential_lr(o, 2, (tp_schedule *[]){a, b}, &milestone);
}

static tp_schedule *chain(tp_schedule *a, tp_schedule *b)
{
    return tp_chained_scheduler(2, (tp_schedule *[]){a, b});
}

static tp_schedule *combined(const char *name, tp_optimizer *o)
{
    if (!strcmp(name, "warm_up")) {
        tp_schedule *all[3];
        all[0] = tp_linear_lr(o, .start_factor = 0.1, .total_iters = 10);
        all[1] = tp_cosine_annealing_lr(o, 60);
        all[2] = tp_exponential_lr(o, 0.9);
        return tp_sequential_lr(o, 3, all, (const int64_t[]){10, 70});
    }
    if (!strcmp(name, "chained")) {
        tp_schedule *all[3];
        all[0] = tp_constant_lr(o, .factor = 0.1, .total_iters = 20);
        all[1] = tp_exponential_lr(o, 0.95);
        all[2] = tp_step_lr(o, 30, .gamma = 0.5);
        return tp_chained_scheduler(3, all);
    }
    if (!strcmp(name, "chained_first")) {
        tp_schedule *a = tp_linear_lr(o), *b = tp_exponential_lr(o, 0.9), *first = chain(a, b);
        return sequence(o, first, tp_cosine_annealing_lr(o, 40), 20);
    }
    if (!strcmp(name, "sequence_first")) {
        tp_schedule *a = tp_linear_lr(o), *b = tp_exponential_lr(o, 0.9), *first = sequence(o, a, b, 8);
        return sequence(o, first, tp_step_lr(o, 10), 20);
    }
    if (!strcmp(name, "sequence_chained")) {
        tp_schedule *a = tp_linear_lr(o), *b = tp_constant_lr(o, .factor = 0.5, .total_iters = 10);
        tp_schedule *first = sequence(o, a, b, 6);
        return chain(first, tp_exponential_lr(o, 0.99));
    }
    return NULL;
}

static tp_schedule *plateau(const char *name, tp_optimizer *o)
{
    static const double least[] = {0.01, 0.002};
    if (!strcmp(name, "plateau"))
        return tp_reduce_lr_on_plateau(o, .patience = 3, .factor = 0.5);
    if (!strcmp(name, "plateau_max"))
        return tp_reduce_lr_on_plateau(o, .maximize = true, .patience = 5, .cooldown = 4, .min_lrs = least,
                                       .factor = 0.3);
    if (!strcmp(name, "plateau_abs"))
        return tp_reduce_lr_on_plateau(o, .patience = 2, .threshold = 0.01, .absolute = true, .eps = 1e-3);
    if (!strcmp(name, "plateau_max_abs"))
        return tp_reduce_lr_on_plateau(o, .maximize = true, .patience = 2, .threshold = 0.5, .absolute = true,
                                       .min_lr = 1e-4);
    return NULL;
}

static tp_schedule *make(const char *name, tp_optimizer *o)
{
    if (!strncmp(name, "after_", 6)) {
        tp_schedule *first = tp_constant_lr(o, .factor = 0.25, .total_iters = 100);
        return sequence(o, first, plain(name + 6, o), 7);
    }
    tp_schedule *made = plain(name, o);
    made = made ? made : cycles(name, o);
    made = made ? made : combined(name, o);
    return made ? made : plateau(name, o);
}

static tp_optimizer *two_groups(const char *name, double nudge)
{
    tp_tensor *a = tp_requires_grad_(tp_zeros(TP_F32, 2), true);
    tp_tensor *b = tp_requires_grad_(tp_zeros(TP_F32, 2), true);
    const bool adam = !strcmp(name, "one_cycle_groups") || !strcmp(name, "cyclic_2");
    tp_optimizer *o = adam ? tp_adam(tp_parameters_of(a), .lr = 0.5 * nudge)
                           : tp_sgd(tp_parameters_of(a), .lr = 0.5 * nudge, .momentum = 0.75);
    CHECK(!tp_one_cycle_lr(o, 0.1, 10, .anneal_strategy = (tp_anneal)2));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "one_cycle_lr: 2 is no anneal_strategy");
    CHECK(!tp_cyclic_lr(o, 0.1, 0.2, .mode = (tp_cycle)3));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "cyclic_lr: 3 is no mode");
    CHECK(tp_add_param_group(o, tp_parameters_of(b)) == 1);
    CHECK(tp_set_lr(o, 1, 0.05 * nudge) == TP_OK);
    return o;
}

static tp_status advance(const char *name, tp_schedule *s, int t)
{
    return strncmp(name, "plateau", 7) ? tp_schedule_step(s) : tp_schedule_step_metric(s, metric(t));
}

/* ---- Against PyTorch ---- */

/* How many of a case's rates are other ones; *worst: by how many units in the last place. */
static int compare(const struct golden *g, double nudge, double *worst)
{
    TP_SCOPE(test);
    tp_optimizer *o = two_groups(g->name, nudge);
    const char *second = tp_get_option(o, 0, "beta1") >= 0 ? "beta1" : "momentum";
    tp_clear_error();
    tp_schedule *s = make(g->name, o);
    CHECK(s != NULL);
    int different = 0;
    for (int t = 0; s && t <= g->steps; t++) {
        if (t)
            CHECK(advance(g->name, s, t - 1) == TP_OK);
        const double got[] = {tp_get_lr(o, 0), tp_get_lr(o, 1), tp_get_option(o, 0, second)};
        for (int k = 0; k < 3; k++) {
            const double want = g->rates[t][k], unit = nextafter(fabs(want), INFINITY) - fabs(want);
            different += got[k] != want;
            *worst = fmax(*worst, fabs(got[k] - want) / unit);
        }
        CHECK(tp_schedule_last_lr(s, 1) == got[1]);
    }
    CHECK_OK();
    return different;
}

static void test_golden(void)
{
    int different = 0, all = 0;
    double worst = 0;
    for (size_t i = 0; i < COUNT(golden); i++) {
        double here = 0, ignored = 0;
        const int n = compare(&golden[i], 1, &here);
        if (n)
            printf("%s: %d of %d are other ones, by %g units in the last place\n", golden[i].name, n,
                   3 * (golden[i].steps + 1), here);
        different += n;
        all += 3 * (golden[i].steps + 1);
        worst = fmax(worst, here);
        /* Rates that are off by one unit are noticed; cycles set rates of their own. */
        const bool own = strstr(golden[i].name, "cycl") != NULL;
        CHECK(own || compare(&golden[i], 1 + 0x1p-50, &ignored) > 10);
    }
    printf("%d of %d rates and momenta have PyTorch's bits\n", all - different, all);
    CHECK(worst <= 1);
}

/* ---- States ---- */

static void test_resume(void)
{
    for (size_t i = 0; i < COUNT(golden); i++) {
        const char *name = golden[i].name;
        TP_SCOPE(test);
        tp_optimizer *one = two_groups(name, 1), *two = two_groups(name, 1);
        tp_schedule *a = make(name, one), *b = make(name, two);
        for (int t = 0; t < 33; t++)
            CHECK(advance(name, a, t) == TP_OK);
        CHECK(advance(name, b, 0) == TP_OK);
        const tp_named_tensors *rates = tp_optimizer_state(one), *state = tp_schedule_state(a);
        CHECK(state && tp_load_optimizer_state(two, rates->items, rates->count) == TP_OK);
        /* Without an entry, or with one more, nothing is taken. */
        for (int64_t k = 0; k < state->count; k++) {
            const tp_named_tensor left_out = state->items[k];
            state->items[k] = state->items[state->count - 1];
            CHECK(tp_load_schedule_state(b, state->items, state->count - 1) == TP_ERROR_ARGUMENT);
            CHECK_ERROR(TP_ERROR_ARGUMENT, "Missing key");
            state->items[k].name = "other";
            CHECK(tp_load_schedule_state(b, state->items, state->count) == TP_ERROR_ARGUMENT);
            CHECK_ERROR(TP_ERROR_ARGUMENT, "Missing key");
            state->items[k] = (tp_named_tensor){left_out.name, tp_zeros(TP_F32, 1)};
            CHECK(tp_load_schedule_state(b, state->items, state->count) == TP_ERROR_VALUE);
            CHECK_ERROR(TP_ERROR_VALUE, left_out.name);
            state->items[k] = left_out;
        }
        CHECK(tp_schedule_last_epoch(b) == 1);
        CHECK(tp_load_schedule_state(b, state->items, state->count) == TP_OK);
        CHECK(tp_schedule_last_epoch(b) == tp_schedule_last_epoch(a));
        for (int t = 33; t < 90; t++) {
            CHECK(advance(name, a, t) == TP_OK && advance(name, b, t) == TP_OK);
            CHECK(tp_get_lr(one, 0) == tp_get_lr(two, 0) && tp_get_lr(one, 1) == tp_get_lr(two, 1));
        }
        CHECK_OK();
    }
}

/* ---- Errors ---- */

static double no_number(int64_t t, int group, void *context)
{
    (void)group;
    (void)context;
    return t < 2 ? 1 : NAN;
}

static void test_errors(void)
{
    TP_SCOPE(test);
    tp_optimizer *o = two_groups("", 1);
    static const int64_t wrong[] = {5, 5}, right[] = {5};
    CHECK(!tp_step_lr(NULL, 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "step_lr: optimizer is NULL");
    CHECK(!tp_step_lr(o, 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "step_lr: step_size is 0, not at least 1");
    CHECK(!tp_multi_step_lr(o, 2, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "the numbers of a schedule");
    CHECK(!tp_constant_lr(o, .factor = 1.5));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "factor is 1.5, not between 0 and 1");
    CHECK(!tp_linear_lr(o, .start_factor = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "start_factor is 0");
    CHECK(!tp_linear_lr(o, .end_factor = NAN));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "end_factor is ");
    CHECK(!tp_polynomial_lr(o, .total_iters = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "total_iters is 0");
    CHECK(!tp_cosine_annealing_lr(o, 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "T_max is 0");
    CHECK(!tp_cosine_annealing_warm_restarts(o, 5, .T_mult = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "T_mult is 0");
    CHECK(!tp_one_cycle_lr(o, 0.1, 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "total_steps is 0");
    CHECK(!tp_one_cycle_lr(o, 0.1, 10, .pct_start = 2));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "pct_start is 2");
    CHECK(!tp_cyclic_lr(o, 0.1, 0.2, .step_size_up = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "step_size_up is 0");
    CHECK(!tp_lambda_lr(o, NULL, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "lambda_lr: function is NULL");
    CHECK(!tp_reduce_lr_on_plateau(o, .factor = 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "factor is 1, not below 1");
    tp_optimizer *adagrad = tp_adagrad(tp_parameters_of(tp_requires_grad_(tp_zeros(TP_F32, 1), true)));
    CHECK(!tp_one_cycle_lr(adagrad, 0.1, 10));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Adagrad has no momentum or beta1 for cycle_momentum");

    tp_schedule *plateau = tp_reduce_lr_on_plateau(o), *a = tp_linear_lr(o), *b = tp_exponential_lr(o, 0.9);
    CHECK(tp_schedule_step(plateau) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "ReduceLROnPlateau needs a metric");
    CHECK(!tp_chained_scheduler(2, (tp_schedule *[]){a, plateau}));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "ChainedScheduler cannot step schedule 1, a ReduceLROnPlateau");
    CHECK(!tp_chained_scheduler(2, (tp_schedule *[]){a, a}));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "was given schedule 1 twice");
    CHECK(!tp_chained_scheduler(2, (tp_schedule *[]){a, tp_exponential_lr(adagrad, 0.9)}));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "expects schedules of the same optimizer");
    CHECK(!tp_chained_scheduler(0, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "expects at least one schedule");
    CHECK(!tp_chained_scheduler(1, (tp_schedule *[]){NULL}));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "a schedule is NULL");
    CHECK(!tp_sequential_lr(o, 3, (tp_schedule *[]){a, b, tp_step_lr(o, 2)}, wrong));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "milestone 1 is 5; they ascend, from 1 on");
    CHECK(!tp_sequential_lr(o, 2, (tp_schedule *[]){a, tp_chained_scheduler(1, &b)}, right));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "only the first schedule may be combined itself, not 1");
    CHECK(!tp_sequential_lr(NULL, 1, &a, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "sequential_lr: optimizer is NULL");

    tp_schedule *cycle = tp_one_cycle_lr(o, 0.1, 3);
    for (int i = 0; i < 3; i++)
        CHECK(tp_schedule_step(cycle) == TP_OK);
    CHECK(tp_schedule_step(cycle) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "Tried to step 4 times. The specified number of total steps is 3");
    tp_schedule *none = tp_lambda_lr(o, no_number, NULL);
    CHECK(tp_schedule_step(none) == TP_OK);
    const double before = tp_get_lr(o, 0);
    CHECK(tp_schedule_step(none) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "LambdaLR gives no number as the learning rate of epoch 2");
    CHECK(tp_get_lr(o, 0) == before);
    CHECK(isnan(tp_schedule_last_lr(a, 2)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "there is no group 2 of 2");
    CHECK(isnan(tp_schedule_last_lr(NULL, 0)) && tp_schedule_step(NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "schedule is NULL");
    CHECK(tp_schedule_last_epoch(NULL) == -1 && !tp_schedule_state(NULL));
    CHECK(tp_load_schedule_state(NULL, NULL, 0) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "schedule is NULL");
    CHECK(tp_add_param_group(o, tp_parameters_of(tp_requires_grad_(tp_zeros(TP_F32, 1), true))) == 2);
    CHECK(tp_schedule_step(a) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "the schedule was made for 2 groups, and the optimizer has 3");
    {
        TP_SCOPE(inner);
        tp_optimizer *inside = two_groups("", 1);
        TP_SCOPE(innermost);
        CHECK(tp_exponential_lr(inside, 0.5) != NULL);
    }
}

/* Every allocation failing in turn. */
static void test_memory(void)
{
    for (int64_t countdown = 0; countdown < 60; countdown++) {
        TP_SCOPE(test);
        tp_optimizer *o = two_groups("", 1);
        tp_memory_trim();
        tp__memory_fail_after(countdown);
        tp_schedule *made = combined("warm_up", o);
        const tp_named_tensors *state = made ? tp_schedule_state(made) : NULL;
        tp__memory_fail_after(-1);
        if (state) {
            CHECK_OK();
            return;
        }
        CHECK_ERROR(TP_ERROR_MEMORY, "");
    }
}

int main(void)
{
    test_golden();
    test_resume();
    test_errors();
    test_memory();
    tp_finish();
    return test_end();
}
