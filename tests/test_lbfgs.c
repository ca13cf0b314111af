/* L-BFGS against PyTorch; closures and errors. */
#include "base/memory.h"
#include "taper/ops.h"
#include "taper/optim.h"
#include "test.h"

#include "golden/lbfgs.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct problem {
    tp_tensor *x, *y;
    tp_optimizer *optimizer;
    int calls, fails_at;
} problem;

/* Rosenbrock's function in four variables: golden/lbfgs.py. */
static double closure(void *context)
{
    problem *p = context;
    TP_SCOPE(closure);
    if (++p->calls == p->fails_at) {
        tp_fail(TP_ERROR_VALUE, "no loss");
        return NAN;
    }
    tp_zero_grad(p->optimizer);
    tp_tensor *z = tp_cat((tp_tensor *[]){p->x, p->y}, 2, 0);
    tp_tensor *head = tp_narrow(z, 0, 0, 3), *tail = tp_narrow(z, 0, 1, 3);
    tp_tensor *valley = tp_mul(tp_square(tp_sub(tail, tp_square(head))), 100);
    tp_tensor *loss = tp_sum(tp_add(valley, tp_square(tp_sub(head, 1))));
    return tp_backward(loss) == TP_OK ? tp_item(loss) : NAN;
}

static problem new_problem(tp_dtype dtype)
{
    const double start[] = {-1.2, 1.0, 0.7, -0.4};
    problem p = {0};
    p.x = tp_requires_grad_(tp_to(tp_from_array(TP_F64, start, 2), dtype), true);
    /* The other one does not lie side by side. */
    tp_tensor *apart = tp_detach(tp_select(tp_zeros(dtype, 2, 2), 1, 1));
    CHECK(tp_assign(apart, tp_to(tp_from_array(TP_F64, start + 2, 2), dtype)) == TP_OK);
    p.y = tp_requires_grad_(apart, true);
    return p;
}

/* The largest distance of a loss or parameter from PyTorch's, relative. */
static double distance(const struct golden *g, double nudge, int *calls)
{
    TP_SCOPE(test);
    problem p = new_problem(g->is_double ? TP_F64 : TP_F32);
    p.optimizer = tp_lbfgs(tp_parameters_of(p.x, p.y), .lr = g->lr * nudge, .max_iter = g->max_iter,
                           .max_eval = g->max_eval, .history_size = g->history_size,
                           .tolerance_grad = g->tolerance_grad, .strong_wolfe = g->strong_wolfe != 0);
    double worst = 0;
    for (int i = 0; i < g->steps; i++) {
        const double loss = tp_step_closure(p.optimizer, closure, &p);
        worst = fmax(worst, fabs(loss / g->losses[i] - 1));
    }
    for (int i = 0; i < 4; i++) {
        const double got = tp_at(tp_detach(i < 2 ? p.x : p.y), i % 2);
        worst = fmax(worst, fabs(got / g->parameters[i] - 1));
    }
    CHECK_OK();
    *calls = p.calls;
    return worst;
}

static void test_golden(void)
{
    double worst[2] = {0, 0};
    for (size_t i = 0; i < COUNT(golden); i++) {
        const struct golden *g = &golden[i];
        int calls, ignored;
        const double here = distance(g, 1, &calls);
        /* In float32 PyTorch's directions are rounded to float32, and Taper's are not. */
        const double allowed = g->is_double ? 1e-10 : 1e-2;
        if (!(here < allowed))
            printf("case %zu: %g, %d losses, in PyTorch %d\n", i, here, calls, g->evaluations);
        CHECK(here < allowed);
        /* At the minimum it is rounding that decides when to stop. */
        CHECK(calls == g->evaluations || g->strong_wolfe);
        worst[g->is_double] = fmax(worst[g->is_double], here);
        CHECK(g->strong_wolfe || distance(g, 1.01, &ignored) > 1e-3);
    }
    printf("at most %.2g from PyTorch in float32, %.2g in float64, relative\n", worst[0], worst[1]);
}

/* The minimum of a quadratic function is found, and other optimizers ask once. */
static void test_closure(void)
{
    TP_SCOPE(test);
    problem p = new_problem(TP_F32), q = new_problem(TP_F32);
    p.optimizer = tp_sgd(tp_parameters_of(p.x, p.y), .lr = 1e-4);
    q.optimizer = tp_sgd(tp_parameters_of(q.x, q.y), .lr = 1e-4);
    const double one = tp_step_closure(p.optimizer, closure, &p), two = closure(&q);
    CHECK(one == two && p.calls == 1 && tp_step(q.optimizer) == TP_OK);
    CHECK(tp_equal(tp_detach(p.x), tp_detach(q.x)) && tp_equal(tp_detach(p.y), tp_detach(q.y)));
    CHECK_OK();
}

static void test_errors(void)
{
    TP_SCOPE(test);
    problem p = new_problem(TP_F32);
    const tp_parameter_list *list = tp_parameters_of(p.x, p.y);
    CHECK(!tp_lbfgs(list, .lr = -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "lbfgs: Invalid learning rate: -1");
    CHECK(!tp_lbfgs(list, .max_iter = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Invalid max_iter value: 0");
    CHECK(!tp_lbfgs(list, .history_size = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Invalid history_size value: 0");
    p.optimizer = tp_lbfgs(list, .strong_wolfe = true);
    CHECK(tp_step(p.optimizer) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "step: LBFGS needs a closure: tp_step_closure");
    CHECK(isnan(tp_step_closure(p.optimizer, NULL, NULL)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "step_closure: closure is NULL");
    CHECK(isnan(tp_step_closure(NULL, closure, &p)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "optimizer is NULL");
    tp_tensor *more = tp_requires_grad_(tp_zeros(TP_F32, 1), true);
    CHECK(tp_add_param_group(p.optimizer, tp_parameters_of(more)) == -1);
    CHECK_ERROR(TP_ERROR_STATE, "LBFGS doesn't support parameter groups");
    /* A loss that cannot be had ends the step, at each place. */
    for (p.fails_at = 1; p.fails_at < 12; p.fails_at++) {
        p.calls = 0;
        CHECK(isnan(tp_step_closure(p.optimizer, closure, &p)));
        CHECK_ERROR(TP_ERROR_VALUE, "no loss");
        CHECK(isfinite(tp_at(tp_detach(p.x), 0)));
        problem other = new_problem(TP_F32);
        other.fails_at = p.fails_at;
        p.x = other.x, p.y = other.y;
        p.optimizer = tp_lbfgs(tp_parameters_of(p.x, p.y), .strong_wolfe = true);
    }
    CHECK(tp_set_option(p.optimizer, 0, "history_size", 5) == TP_OK);
    p.fails_at = 0;
    CHECK(tp_step_closure(p.optimizer, closure, &p) > 100);
    CHECK(tp_set_option(p.optimizer, 0, "history_size", 50) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "'history_size' is settled with the first step");
    const tp_named_tensors *state = tp_optimizer_state(p.optimizer);
    CHECK(tp_load_optimizer_state(p.optimizer, state->items, state->count) == TP_OK);
    CHECK(tp_step_closure(p.optimizer, closure, &p) < 5);
    CHECK_OK();
}

static void take_parameters(problem *to, const problem *from)
{
    TP_SCOPE_NO_GRAD(take);
    CHECK(tp_assign(to->x, from->x) == TP_OK && tp_assign(to->y, from->y) == TP_OK);
}

/* A run that was saved after some steps goes on elsewhere with the same bits. */
static void test_resume(tp_dtype dtype, bool strong_wolfe, int64_t history)
{
    TP_SCOPE(test);
    problem a = new_problem(dtype), b = new_problem(dtype);
    a.optimizer = tp_lbfgs(tp_parameters_of(a.x, a.y), .lr = 0.5, .max_iter = 4, .history_size = history,
                           .strong_wolfe = strong_wolfe);
    for (int i = 0; i < 3; i++)
        tp_step_closure(a.optimizer, closure, &a);
    const tp_named_tensors *state = tp_optimizer_state(a.optimizer);
    CHECK(state != NULL);
    take_parameters(&b, &a);
    b.optimizer = tp_lbfgs(tp_parameters_of(b.x, b.y));
    CHECK(tp_load_optimizer_state(b.optimizer, state->items, state->count) == TP_OK);
    bool same_loss = true;
    for (int i = 0; i < 3; i++) {
        const double loss = tp_step_closure(a.optimizer, closure, &a),
                     other = tp_step_closure(b.optimizer, closure, &b);
        same_loss &= loss == other;
    }
    CHECK(same_loss && tp_equal(a.x, b.x) && tp_equal(a.y, b.y));
    /* The same without what is remembered differs, so that the comparison says something. */
    take_parameters(&b, &a);
    b.optimizer = tp_lbfgs(tp_parameters_of(b.x, b.y), .lr = 0.5, .max_iter = 4, .history_size = history,
                           .strong_wolfe = strong_wolfe);
    tp_step_closure(a.optimizer, closure, &a);
    tp_step_closure(b.optimizer, closure, &b);
    CHECK(!tp_equal(a.x, b.x));
    CHECK_OK();
}

/* Refuses a state with a part that is missing or does not fit, and changes nothing. */
static void test_bad_states(void)
{
    TP_SCOPE(test);
    problem p = new_problem(TP_F64);
    p.optimizer = tp_lbfgs(tp_parameters_of(p.x, p.y), .max_iter = 4);
    tp_step_closure(p.optimizer, closure, &p);
    tp_named_tensors *state = tp_optimizer_state(p.optimizer);
    CHECK(state && state->count > 9);
    for (int64_t i = 0; i < 9; i++) {
        const tp_named_tensor good = state->items[i];
        char key[64];
        snprintf(key, sizeof key, "Missing key \"%s\"", good.name);
        state->items[i] = state->items[state->count - 1];
        CHECK(tp_load_optimizer_state(p.optimizer, state->items, state->count - 1) != TP_OK);
        CHECK_ERROR(TP_ERROR_ARGUMENT, key);
        state->items[i] = (tp_named_tensor){good.name, tp_zeros(TP_F64, 3, 2, 1)};
        CHECK(tp_load_optimizer_state(p.optimizer, state->items, state->count) != TP_OK);
        CHECK_ERROR(TP_ERROR_SHAPE, good.name);
        state->items[i] = (tp_named_tensor){good.name, tp_to(good.tensor, TP_F32)};
        CHECK(tp_load_optimizer_state(p.optimizer, state->items, state->count) != TP_OK);
        CHECK_ERROR(TP_ERROR_DTYPE, good.name);
        state->items[i] = good;
    }
    CHECK(tp_load_optimizer_state(p.optimizer, state->items, state->count) == TP_OK);
    CHECK_OK();
}

/* Every allocation failing in turn, in the optimizer or in the closure. */
static void test_memory(void)
{
    for (int64_t countdown = 0; countdown < 400; countdown++) {
        TP_SCOPE(test);
        problem p = new_problem(TP_F64);
        p.optimizer = tp_lbfgs(tp_parameters_of(p.x, p.y), .max_iter = 3);
        tp_memory_trim();
        tp__memory_fail_after(countdown);
        const double loss = tp_step_closure(p.optimizer, closure, &p);
        tp__memory_fail_after(-1);
        if (!isnan(loss) && tp_error() == TP_OK) {
            CHECK(countdown > 0);
            return;
        }
        CHECK_ERROR(TP_ERROR_MEMORY, "");
    }
    CHECK(false);
}

int main(void)
{
    test_golden();
    test_closure();
    test_errors();
    test_memory();
    test_resume(TP_F64, false, 100);
    test_resume(TP_F64, true, 3);
    test_resume(TP_F32, false, 3);
    test_bad_states();
    tp_finish();
    return test_end();
}
