/* The tape and its walk: what is recorded, what backward gives, and what it refuses. */
#include "test.h"

#include "base/memory.h"
#include "heart/heart.h"
#include "taper/ops.h"

#include <pthread.h>

static tp_tensor *leaf(double value)
{
    return tp_requires_grad_(tp_scalar(TP_F64, value), true);
}

static tp_tensor *vector(int64_t n, double first)
{
    return tp_requires_grad_(tp_arange(TP_F64, first, first + (double)n, 1), true);
}

static double grad_at(tp_tensor *t, int64_t i)
{
    return tp_at(tp_grad(t), i);
}

/* ---- Leaves ---- */

static void leaves(void)
{
    TP_SCOPE(leaves);
    tp_tensor *x = vector(3, 1);
    CHECK(tp_requires_grad(x) && tp_is_leaf(x) && !tp_grad_fn(x) && !tp_grad(x));
    tp_tensor *y = tp_mul(x, x);
    CHECK(tp_requires_grad(y) && !tp_is_leaf(y));
    CHECK(tp_grad_fn(y) != NULL);
    CHECK(!tp_requires_grad_(y, false));
    CHECK_ERROR(TP_ERROR_STATE, "you can only change requires_grad flags of leaf variables");
    CHECK(!tp_requires_grad_(tp_zeros(TP_I64, 2), true));
    CHECK_ERROR(TP_ERROR_DTYPE, "only Tensors of floating point dtype can require gradients");
    CHECK(!tp_requires_grad_(NULL, true));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "NULL");
    CHECK(!tp_requires_grad(NULL) && !tp_is_leaf(NULL) && !tp_grad(NULL) && !tp_grad_fn(NULL));
    /* Accumulation, and absence. */
    CHECK(tp_backward(tp_sum(y)) == TP_OK);
    CHECK(tp_backward(tp_sum(tp_mul(x, 10))) == TP_OK);
    CHECK_NEAR(grad_at(x, 2), 16, 0);
    tp_tensor *buffer = tp_grad(x);
    tp_zero_grad_of(x);
    CHECK(!tp_grad(x));
    tp_zero_grad_of(NULL);
    CHECK(tp_backward(tp_sum(x)) == TP_OK);
    CHECK(tp_grad(x) == buffer && tp_at(buffer, 0) == 1);
    CHECK(tp_requires_grad_(x, false) == x && !tp_requires_grad(tp_mul(x, x)));
    CHECK(tp_backward(tp_sum(x)) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "element 0 of tensors does not require grad and does not have a grad_fn");
    CHECK(tp_backward(NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "NULL");
    /* An integer result is not recorded. */
    tp_requires_grad_(x, true);
    CHECK(!tp_requires_grad(tp_gt(x, 1.0)) && !tp_requires_grad(tp_to(x, TP_I64)));
    CHECK_OK();
}

static void modes(void)
{
    TP_SCOPE(modes);
    tp_tensor *x = leaf(3);
    {
        TP_SCOPE_NO_GRAD(evaluation);
        CHECK(!tp_is_grad_enabled());
        CHECK(!tp_requires_grad(tp_mul(x, x)));
        {
            TP_SCOPE_NO_GRAD(inner);
        }
        CHECK(!tp_is_grad_enabled());
        tp_set_grad_enabled(true);
        CHECK(tp_requires_grad(tp_mul(x, x)));
    }
    CHECK(tp_is_grad_enabled());
    /* detach cuts: d/dx of x * detach(x^2) is detach(x^2). */
    CHECK(tp_backward(tp_mul(x, tp_detach(tp_square(x)))) == TP_OK);
    CHECK_NEAR(tp_item(tp_grad(x)), 9, 0);
    CHECK(!tp_requires_grad(tp_detach(x)) && !tp_detach(NULL));
    CHECK_OK();
}

/* ---- Backward ---- */

static void roots(void)
{
    TP_SCOPE(roots);
    tp_tensor *x = vector(3, 1), *y = tp_square(x);
    CHECK(tp_backward(y) == TP_ERROR_SHAPE);
    CHECK_ERROR(TP_ERROR_SHAPE, "grad can be implicitly created only for scalar outputs");
    CHECK(tp_backward(y, .gradient = tp_ones(TP_F64, 2)) == TP_ERROR_SHAPE);
    CHECK_ERROR(TP_ERROR_SHAPE, "Mismatch in shape: grad_output[0]");
    CHECK(tp_backward(y, .gradient = tp_ones(TP_F32, 3)) == TP_ERROR_SHAPE);
    CHECK_ERROR(TP_ERROR_SHAPE, "grad_output[0] is float32");
    tp_tensor *weights = tp_from_text(TP_F64, "[1, 10, 100]");
    CHECK(tp_backward(y, .gradient = weights) == TP_OK);
    CHECK(grad_at(x, 0) == 2 && grad_at(x, 1) == 40 && grad_at(x, 2) == 600);
    CHECK(tp_at(weights, 1) == 10); /* the caller's vector is left alone */
    /* A root that is a leaf itself. */
    tp_tensor *z = leaf(2);
    CHECK(tp_backward(z) == TP_OK);
    CHECK_NEAR(tp_item(tp_grad(z)), 1, 0);
    CHECK_OK();
}

static void twice(void)
{
    TP_SCOPE(twice);
    tp_tensor *x = leaf(3), *y = tp_mul(x, x);
    CHECK(tp_backward(y, .retain_graph = true) == TP_OK);
    CHECK(tp_backward(y) == TP_OK);
    CHECK_NEAR(tp_item(tp_grad(x)), 12, 0);
    CHECK(tp_backward(y) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "Trying to backward through the graph a second time");
    CHECK_NEAR(tp_item(tp_grad(x)), 12, 0);
    /* What saves nothing may be walked again, as in PyTorch. */
    tp_tensor *sum = tp_add(x, x);
    CHECK(tp_backward(sum) == TP_OK && tp_backward(sum) == TP_OK);
    CHECK_NEAR(tp_item(tp_grad(x)), 16, 0);
    CHECK_OK();
}

static void all_or_nothing(void)
{
    TP_SCOPE(all_or_nothing);
    tp_tensor *a = leaf(2), *b = leaf(3), *c = leaf(5);
    tp_tensor *product = tp_mul(b, c); /* older: reached after a has its gradient */
    tp_tensor *y = tp_add(product, tp_mul(a, 7));
    CHECK(tp_fill_(c, 6) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "a leaf Variable that requires grad is being used in an in-place operation");
    {
        TP_SCOPE_NO_GRAD(write);
        CHECK(tp_fill_(c, 6) == TP_OK);
    }
    CHECK(tp_backward(y) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE,
                "one of the variables needed for gradient computation has been modified by an inplace");
    CHECK(!tp_grad(a) && !tp_grad(b) && !tp_grad(c));
    /* The same, each allocation failing in turn. */
    int failures = 0;
    for (int64_t k = 0; k < 100; k++) {
        TP_SCOPE(attempt);
        tp_tensor *loss = tp_sum(tp_mul(tp_expand(tp_mul(a, b), 3000), tp_exp(c)));
        tp__memory_fail_after(k);
        const tp_status status = tp_backward(loss);
        tp__memory_fail_after(-1);
        if (status == TP_OK) {
            CHECK(tp_grad(a) && tp_grad(b) && tp_grad(c));
            CHECK_NEAR(tp_item(tp_grad(a)) / (3000 * 3 * exp(6)), 1, 1e-12);
            break;
        }
        failures++;
        CHECK(status == TP_ERROR_MEMORY);
        CHECK_ERROR(TP_ERROR_MEMORY, "out of memory");
        CHECK(!tp_grad(a) && !tp_grad(b) && !tp_grad(c));
    }
    CHECK(failures > 1);
    CHECK_OK();
}

static void changed_values(void)
{
    TP_SCOPE(changed);
    tp_tensor *x = vector(3, 1), *w = tp_arange(TP_F64, 0, 3, 1);
    tp_tensor *y = tp_sum(tp_mul(x, w));
    tp_fill_(w, 5);
    CHECK(tp_backward(y) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "is at version 1; expected version 0 instead");
    y = tp_sum(tp_mul(x, w));
    tp_data_f64(w)[0] = 9;
    tp_mark_changed(w);
    CHECK(tp_backward(y) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "modified by an inplace operation");
    y = tp_sum(tp_mul(x, w));
    tp_assign(tp_narrow(w, 0, 1, 1), tp_zeros(TP_F64, 1)); /* through a view */
    CHECK(tp_backward(y) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "modified by an inplace operation");
    /* A saved result, changed through tp_data of a detached view. */
    tp_tensor *e = tp_exp(x);
    tp_fill_(tp_detach(e), 0);
    CHECK(tp_backward(tp_sum(e)) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "result 0, float64 [3], is at version 1");
    /* What is not saved may change. */
    y = tp_sum(tp_add(x, w));
    tp_fill_(w, 1);
    CHECK(tp_backward(y) == TP_OK);
    /* Saved values given back. */
    tp_tensor *big = tp_ones(TP_F64, 3);
    y = tp_sum(tp_mul(x, big));
    tp_release(big); /* it is saved: nothing happens */
    CHECK(tp_backward(y) == TP_OK);
    CHECK_OK();
}

static void assigning(void)
{
    TP_SCOPE(assigning);
    tp_tensor *x = leaf(2), *y = tp_mul(x, x);
    CHECK(tp_assign(y, x) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "only tensors without history can be written");
    CHECK(tp_fill_(y, 0) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "fill_");
    tp_tensor *t = tp_zeros(TP_F32, 2, 3);
    CHECK(tp_assign(t, tp_from_text(TP_I64, "[1, 2, 3]")) == TP_OK);
    CHECK(tp_at(t, 1, 2) == 3);
    CHECK(tp_assign(t, tp_zeros(TP_F32, 2)) == TP_ERROR_SHAPE);
    CHECK_ERROR(TP_ERROR_SHAPE, "[2] does not broadcast to [2, 3]");
    CHECK(tp_assign(NULL, t) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "target is NULL");
    CHECK(tp_assign(t, NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "source is NULL");
    /* Overlap: the first two columns over the last two. */
    tp_assign(t, tp_from_text(TP_F32, "[1, 2, 3]"));
    CHECK(tp_assign(tp_narrow(t, 1, 1, 2), tp_narrow(t, 1, 0, 2)) == TP_OK);
    CHECK(tp_at(t, 0, 0) == 1 && tp_at(t, 0, 1) == 1 && tp_at(t, 0, 2) == 2);
    /* The same first element, other strides: a transpose in place. */
    tp_tensor *m = tp_reshape(tp_arange(TP_F32, 0, 9, 1), 3, 3);
    CHECK(tp_assign(m, tp_t(m)) == TP_OK);
    CHECK(tp_at(m, 0, 1) == 3 && tp_at(m, 1, 0) == 1 && tp_at(m, 2, 0) == 2);
    tp_tensor *released = tp_ones(TP_F32, 3);
    tp_release(released);
    CHECK(tp_assign(t, released) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "the source is given back");
    CHECK(!tp_add(released, 1) && tp_error() == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "was given back with tp_release");
    CHECK_OK();
}

/* ---- Gradients as values ---- */

static void gradients(void)
{
    TP_SCOPE(gradients);
    tp_tensor *x = leaf(2), *w = leaf(3), *unused = leaf(1);
    tp_tensor *h = tp_mul(x, w), *y = tp_mul(h, h), *z = tp_add(h, x);
    tp_tensor *outputs[] = {y, z}, *inputs[] = {h, x, w, y}, *got[4];
    const tp_gradients_options retain = {.retain_graph = true};
    CHECK(tp_gradients(outputs, 2, inputs, 4, NULL, &retain, got) == TP_OK);
    CHECK_NEAR(tp_item(got[0]), 13, 0);         /* 2h + 1 */
    CHECK_NEAR(tp_item(got[1]), 13 * 3 + 1, 0); /* through h, and directly */
    CHECK_NEAR(tp_item(got[2]), 26, 0);
    CHECK_NEAR(tp_item(got[3]), 1, 0);
    CHECK(!tp_grad(x) && !tp_grad(w));
    tp_tensor *weights[] = {NULL, tp_scalar(TP_F64, 100)};
    CHECK(tp_gradients(outputs, 2, inputs, 2, weights, &retain, got) == TP_OK);
    CHECK_NEAR(tp_item(got[0]), 112, 0);
    /* Not reached. */
    tp_tensor *some[] = {x, unused};
    CHECK(tp_gradients(&y, 1, some, 2, NULL, &retain, got) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE,
                "One of the differentiated Tensors appears to not have been used in the graph: input 1");
    CHECK(!got[0] && !got[1]);
    CHECK(tp_gradients(&y, 1, some, 2, NULL,
                       &(tp_gradients_options){.retain_graph = true, .allow_unused = true}, got) == TP_OK);
    CHECK(got[0] && !got[1]);
    tp_tensor *plain = tp_scalar(TP_F64, 1);
    CHECK(tp_gradients(&y, 1, &plain, 1, NULL, &retain, got) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "input 0 does not require grad");
    CHECK(tp_gradients(&y, 0, &x, 1, NULL, &retain, got) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "at least one output");
    CHECK(tp_gradients(&plain, 1, &x, 1, NULL, &retain, got) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "element 0 of tensors does not require grad");
    /* A gradient as the weights of another one stays the caller's. */
    tp_tensor *wide = tp_requires_grad_(tp_ones(TP_F64, 1000), true), *made;
    tp_tensor *first = tp_sum(tp_exp(wide)), *second = tp_mul(tp_add(wide, 1), 2);
    CHECK(tp_gradients(&first, 1, &wide, 1, NULL, NULL, &made) == TP_OK);
    CHECK(tp_backward(second, .gradient = made) == TP_OK);
    CHECK_NEAR(tp_at(made, 999), exp(1), 1e-15);
    CHECK_NEAR(tp_at(tp_grad(wide), 999), 2 * exp(1), 1e-14);
    /* An input twice, and one that is its own output. */
    tp_tensor *doubled[] = {x, x};
    CHECK(tp_gradients(&x, 1, doubled, 2, NULL, NULL, got) == TP_OK);
    CHECK(tp_item(got[0]) == 1 && tp_item(got[1]) == 1);
    /* The history behind a requested tensor is not walked, and stays. */
    tp_tensor *deep = tp_mul(x, x), *on = tp_mul(deep, deep);
    CHECK(tp_gradients(&on, 1, &deep, 1, NULL, NULL, got) == TP_OK);
    CHECK_NEAR(tp_item(got[0]), 8, 0);
    CHECK(tp_backward(deep) == TP_OK);
    CHECK_NEAR(tp_item(tp_grad(x)), 4, 0);
    CHECK_OK();
}

static void higher_orders(void)
{
    TP_SCOPE(higher);
    tp_tensor *x = leaf(1.3), *y = tp_mul(tp_sin(x), tp_exp(x));
    /* d^4/dx^4 of sin(x) e^x is -4 sin(x) e^x. */
    tp_tensor *derivative = y;
    for (int i = 0; i < 4; i++) {
        tp_tensor *next;
        CHECK(tp_gradients(&derivative, 1, &x, 1, NULL, &(tp_gradients_options){.create_graph = true},
                           &next) == TP_OK);
        CHECK(tp_requires_grad(next));
        derivative = next;
    }
    CHECK_NEAR(tp_item(derivative), -4 * sin(1.3) * exp(1.3), 1e-11);
    /* A penalty on the gradient: d/dx (dy/dx)^2 for y = x^3 is 36 x^3. */
    tp_tensor *cube = tp_mul(tp_mul(x, x), x), *slope;
    CHECK(tp_gradients(&cube, 1, &x, 1, NULL, &(tp_gradients_options){.create_graph = true}, &slope) ==
          TP_OK);
    CHECK(tp_backward(tp_square(slope)) == TP_OK);
    CHECK_NEAR(tp_item(tp_grad(x)), 36 * pow(1.3, 3), 1e-12);
    /* backward with create_graph leaves a gradient that can be differentiated. */
    tp_zero_grad_of(x);
    CHECK(tp_backward(tp_mul(tp_mul(x, x), x), .create_graph = true) == TP_OK);
    CHECK(tp_requires_grad(tp_grad(x)) && tp_grad_fn(tp_grad(x)));
    tp_tensor *second, *first = tp_grad(x);
    CHECK(tp_gradients(&first, 1, &x, 1, NULL, &(tp_gradients_options){.retain_graph = true}, &second) ==
          TP_OK);
    CHECK_NEAR(tp_item(second), 6 * 1.3, 1e-12);
    /* What comes next is added once, whether it has history or not. */
    const double before = tp_item(first);
    CHECK(tp_backward(tp_mul(x, 10)) == TP_OK);
    CHECK_NEAR(tp_item(tp_grad(x)), before + 10, 1e-12);
    CHECK(tp_backward(tp_mul(x, x), .create_graph = true) == TP_OK);
    CHECK_NEAR(tp_item(tp_grad(x)), before + 10 + 2.6, 1e-12);
    tp_zero_grad_of(x);
    CHECK(!tp_grad(x));
    CHECK_OK();
}

/* A gradient with history ends with its region, and the leaf then has none. */
static void gradient_outlived(void)
{
    TP_SCOPE(outlived);
    tp_tensor *x = leaf(2);
    for (int i = 0; i < 3; i++) {
        TP_SCOPE(step);
        CHECK(tp_backward(tp_mul(x, tp_mul(x, x)), .create_graph = true) == TP_OK);
        CHECK_NEAR(tp_item(tp_grad(x)), 12, 0);
    }
    CHECK(!tp_grad(x));
    {
        TP_SCOPE(step);
        CHECK(tp_backward(tp_mul(x, x)) == TP_OK);
    }
    CHECK_NEAR(tp_item(tp_grad(x)), 4, 0);
    /* Alternating between both kinds does not pile up memory where the leaf lives. */
    tp_tensor *wide = tp_requires_grad_(tp_ones(TP_F64, 2000), true);
    size_t size = 0;
    for (int i = 0; i < 20; i++) {
        TP_SCOPE(step);
        tp_zero_grad_of(wide);
        CHECK(tp_backward(tp_sum(tp_mul(wide, wide)), .create_graph = true) == TP_OK);
        tp_zero_grad_of(wide);
        CHECK(tp_backward(tp_sum(tp_mul(wide, wide))) == TP_OK);
        if (i == 3)
            size = tp_region_size(tp_region_current()->parent);
    }
    CHECK(tp_region_size(tp_region_current()) <= size);
    CHECK_OK();
}

/* A leaf that ends before its gradient is left alone, whatever comes of the gradient. */
static void leaf_outlived(void)
{
    TP_SCOPE(outlived);
    tp_tensor *kept = leaf(3);
    for (int order = 0; order < 4; order++) {
        tp_region *own = tp_region_new_detached("leaf"), *steps[2];
        CHECK(tp_region_enter(own) == TP_OK);
        tp_tensor *x = leaf(2);
        CHECK(tp_region_leave(own) == TP_OK);
        for (int i = 0; i < 2; i++) {
            steps[i] = tp_region_new("step");
            CHECK(tp_region_enter(steps[i]) == TP_OK);
            CHECK(tp_backward(tp_mul(tp_mul(x, x), kept), .create_graph = true) == TP_OK);
            CHECK(tp_item(tp_grad(x)) == 12 * (i + 1) && tp_requires_grad(tp_grad(x)));
            CHECK(tp_region_leave(steps[i]) == TP_OK);
        }
        if (order < 2) {
            tp_region_end(steps[order]);
            CHECK(order ? !tp_grad(x) : tp_item(tp_grad(x)) == 24);
        }
        tp_region_end(own);
        for (int i = 0; i < 2; i++)
            if (order >= 2 || i != order)
                tp_region_end(steps[order == 3 ? !i : i]);
        CHECK(!tp_grad(kept));
    }
    CHECK_OK();
}

/* Large gradients change hands with the leaf's buffer; what others hold of either stays as it is. */
static void large_gradients(void)
{
    enum { N = 3000 };
    TP_SCOPE(large);
    tp_tensor *x = tp_requires_grad_(tp_arange(TP_F64, 0, N, 1), true), *view = NULL, *grad = NULL;
    size_t used = 0;
    for (int step = 0; step < 6; step++) {
        TP_SCOPE(step);
        tp_zero_grad_of(x);
        for (int part = 1; part <= 2; part++) {
            CHECK(tp_backward(tp_sum(tp_mul(tp_square(x), step + 1.0))) == TP_OK);
            CHECK(grad_at(x, N - 1) == 2.0 * part * (step + 1) * (N - 1) && grad_at(x, 0) == 0);
        }
        CHECK(!grad || grad == tp_grad(x));
        grad = tp_grad(x);
        CHECK(!view || tp_at(view, 1) == grad_at(x, 1));
        if (step == 2)
            used = tp_memory_used();
        CHECK(step <= 2 || tp_memory_used() == used);
    }
    view = tp_detach(grad);
    tp_zero_grad_of(x);
    tp_tensor *given = tp_full(TP_F64, 5, N);
    CHECK(tp_backward(tp_mul(x, 1.0), .gradient = given) == TP_OK);
    CHECK(tp_at(view, 7) == 5 && grad_at(x, 7) == 5);
    CHECK(tp_fill_(tp_grad(x), 1) == TP_OK && tp_at(given, 7) == 5);
    /* Nor is one taken that goes to two leaves. */
    tp_tensor *y = tp_requires_grad_(tp_zeros(TP_F64, N), true);
    tp_zero_grad_of(x);
    CHECK(tp_backward(tp_add(x, y), .gradient = given) == TP_OK);
    CHECK(tp_backward(tp_sum(tp_square(tp_add(x, y)))) == TP_OK);
    CHECK(grad_at(x, 10) == 25 && grad_at(y, 10) == 25 && tp_data(tp_grad(x)) != tp_data(tp_grad(y)));
    CHECK_OK();
}

/* Leaves by the hundred, each reached more than once. */
static void many_leaves(void)
{
    enum { N = 300 };
    TP_SCOPE(many);
    tp_tensor *leaves_[N], *total = tp_scalar(TP_F64, 0);
    for (int i = 0; i < N; i++)
        leaves_[i] = leaf(i);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < N; i++)
            total = tp_add(total, tp_mul(leaves_[i], leaves_[(7 * i + round) % N]));
    CHECK(tp_backward(total, .retain_graph = true) == TP_OK);
    tp_tensor *got[N];
    CHECK(tp_gradients(&total, 1, leaves_, N, NULL, NULL, got) == TP_OK);
    for (int i = 0; i < N; i++) {
        double expected = 0;
        for (int round = 0; round < 2; round++)
            for (int k = 0; k < N; k++)
                expected += (k == i ? (7 * k + round) % N : 0) + ((7 * k + round) % N == i ? k : 0);
        CHECK(tp_item(tp_grad(leaves_[i])) == expected && tp_item(got[i]) == expected);
    }
    CHECK_OK();
}

/* What torch 2.13 prints. */
static void node_names(void)
{
    TP_SCOPE(names);
    tp_tensor *x = tp_requires_grad_(tp_rand(TP_F32, 3, 4), true), *w = tp_rand(TP_F32, 2, 4);
    tp_tensor *row = tp_select(x, 0, 0), *block = tp_unsqueeze(x, 0), *bias = tp_rand(TP_F32, 2);
    CHECK_TEXT(tp_grad_fn(tp_log_softmax(x, 1)), "LogSoftmaxBackward0");
    CHECK_TEXT(tp_grad_fn(tp_pow(x, 3)), "PowBackward0");
    CHECK_TEXT(tp_grad_fn(tp_pow(x, 2)), "PowBackward0");
    CHECK_TEXT(tp_grad_fn(tp_pow(x, x)), "PowBackward1");
    CHECK_TEXT(tp_grad_fn(tp_pow(x, tp_scalar(TP_F32, 3))), "PowBackward1");
    CHECK_TEXT(tp_grad_fn(tp_rpow(x, 2.5)), "PowBackward2");
    CHECK_TEXT(tp_grad_fn(tp_sub(x, 1)), "SubBackward0");
    CHECK_TEXT(tp_grad_fn(tp_rsub(x, 1)), "RsubBackward1");
    CHECK_TEXT(tp_grad_fn(tp_f_linear(x, w, NULL)), "MmBackward0");
    CHECK_TEXT(tp_grad_fn(tp_f_linear(x, w, bias)), "AddmmBackward0");
    CHECK_TEXT(tp_grad_fn(tp_f_linear(row, w, NULL)), "SqueezeBackward4");
    CHECK_TEXT(tp_grad_fn(tp_f_linear(row, w, bias)), "ViewBackward0");
    CHECK_TEXT(tp_grad_fn(tp_f_linear(block, w, NULL)), "UnsafeViewBackward0");
    CHECK_TEXT(tp_grad_fn(tp_f_linear(block, w, bias)), "ViewBackward0");
    CHECK(!tp_requires_grad_(tp_pow(x, x), false));
    CHECK_ERROR(TP_ERROR_STATE, "computed by PowBackward1");
    CHECK_OK();
}

static void retained(void)
{
    TP_SCOPE(retained);
    tp_tensor *x = leaf(2), *h = tp_mul(x, 3), *y = tp_add(tp_mul(h, h), h);
    CHECK(tp_retain_grad(h) == TP_OK && tp_retain_grad(y) == TP_OK);
    CHECK(tp_backward(y, .retain_graph = true) == TP_OK);
    CHECK_NEAR(tp_item(tp_grad(h)), 13, 0);
    CHECK_NEAR(tp_item(tp_grad(y)), 1, 0);
    CHECK_NEAR(tp_item(tp_grad(x)), 39, 0);
    CHECK(tp_backward(y) == TP_OK);
    CHECK_NEAR(tp_item(tp_grad(h)), 26, 0);
    CHECK(tp_retain_grad(tp_scalar(TP_F64, 1)) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "can't retain_grad on Tensor that has requires_grad=False");
    CHECK(tp_retain_grad(NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "NULL");
    /* Large ones, whose blocks the walk recycles. */
    tp_tensor *wide = tp_requires_grad_(tp_ones(TP_F64, 5000), true), *middle = tp_exp(wide);
    tp_retain_grad(middle);
    CHECK(tp_backward(tp_sum(tp_mul(tp_sin(middle), 2))) == TP_OK);
    CHECK_NEAR(tp_at(tp_grad(middle), 4999), 2 * cos(exp(1)), 1e-14);
    CHECK_NEAR(tp_at(tp_grad(wide), 4999), 2 * cos(exp(1)) * exp(1), 1e-14);
    CHECK_OK();
}

/* ---- Shapes of graphs ---- */

static void deep_chain(void)
{
    TP_SCOPE(deep);
    tp_tensor *x = leaf(1), *y = x;
    for (int i = 0; i < 100000; i++)
        y = tp_add(y, 1);
    CHECK(tp_backward(y) == TP_OK);
    CHECK(tp_item(tp_grad(x)) == 1);
    tp_tensor *got;
    CHECK(tp_gradients(&y, 1, &x, 1, NULL, NULL, &got) == TP_OK);
    CHECK(tp_item(got) == 1);
    CHECK_OK();
}

static void wide_graph(void)
{
    TP_SCOPE(wide);
    enum { N = 3000 };
    tp_tensor *x = leaf(2), *parts[N];
    for (int i = 0; i < N; i++)
        parts[i] = tp_unsqueeze(tp_mul(x, i), 0);
    tp_tensor *all = tp_cat(parts, N, 0);
    CHECK(tp_backward(tp_sum(all)) == TP_OK);
    CHECK_NEAR(tp_item(tp_grad(x)), N * (N - 1) / 2.0, 0);
    /* A NULL far behind in the list. */
    parts[2000] = NULL;
    CHECK(!tp_cat(parts, N, 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "operand 2000 is NULL");
    CHECK(!tp_apply(tp_op_named("cat"), parts, 0, &(const int){0}));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "cat");
    CHECK_OK();
}

/* Gradients that meet are added in the order of descending sequence: float32 sums tell the order. */
static void diamond(void)
{
    TP_SCOPE(diamond);
    tp_tensor *x = tp_requires_grad_(tp_scalar(TP_F32, 1), true), *h = tp_mul(x, 1.0);
    const double weights[] = {1e8, 1, 1, -1e8};
    tp_tensor *y = NULL;
    for (int i = 0; i < 4; i++) {
        tp_tensor *branch = tp_mul(h, weights[i]);
        y = y ? tp_add(y, branch) : branch;
    }
    CHECK(tp_backward(y) == TP_OK);
    /* From the youngest branch: ((-1e8 + 1) + 1) + 1e8. */
    const float want = ((-1e8f + 1.0f) + 1.0f) + 1e8f;
    CHECK_NEAR(tp_item(tp_grad(x)), (double)want, 0);
    CHECK_OK();
}

/* ---- Regions and threads ---- */

static void regions(void)
{
    TP_SCOPE(outer);
    tp_region *outer = tp_region_current();
    tp_tensor *w = vector(3, 1), *y;
    {
        TP_SCOPE(inner);
        tp_tensor *h = tp_mul(w, 2);
        tp_region *inner = tp_region_current();
        /* A result that would outlive what it was made from. */
        tp__ctx.region = outer;
        CHECK(!tp_exp(h));
        CHECK_ERROR(TP_ERROR_STATE, "an operand lives in region 'inner', which ends before region 'outer'");
        tp__ctx.region = inner;
        y = tp_keep(tp_sum(tp_exp(h)));
    }
    CHECK(tp_backward(y) == TP_OK);
    CHECK_NEAR(grad_at(w, 0), 2 * exp(2), 1e-14);
    CHECK_OK();
}

static void *train(void *argument)
{
    const int id = *(const int *)argument;
    double result = 0;
    {
        TP_SCOPE(thread);
        tp_tensor *x = leaf(id + 1);
        for (int i = 0; i < 200; i++) {
            TP_SCOPE(step);
            if (i % 2) {
                TP_SCOPE_NO_GRAD(off);
                if (tp_requires_grad(tp_mul(x, x)))
                    return NULL;
            }
            tp_zero_grad_of(x);
            if (tp_backward(tp_mul(x, tp_mul(x, x))) != TP_OK)
                return NULL;
        }
        result = tp_item(tp_grad(x));
        (void)tp_size(x, 3); /* an error of this thread alone */
        if (tp_error() != TP_ERROR_INDEX)
            return NULL;
    }
    return result == 3.0 * (id + 1) * (id + 1) ? argument : NULL;
}

static void threads(void)
{
    pthread_t ids[8];
    int numbers[8];
    for (int i = 0; i < 8; i++) {
        numbers[i] = i;
        CHECK(!pthread_create(&ids[i], NULL, train, &numbers[i]));
    }
    for (int i = 0; i < 8; i++) {
        void *result;
        pthread_join(ids[i], &result);
        CHECK(result == &numbers[i]);
    }
    CHECK_OK();
}

/* The walk gives large data back as it goes: a long chain peaks at a few of them above its forward. */
static void peak(void)
{
    TP_SCOPE(peak);
    enum { N = 100000, DEPTH = 40 };
    tp_tensor *x = tp_requires_grad_(tp_ones(TP_F32, N), true), *y = x;
    for (int i = 0; i < DEPTH; i++)
        y = tp_add(y, 1.0);
    y = tp_sum(y);
    const size_t size = tp_region_size(tp_region_current());
    CHECK(tp_backward(y) == TP_OK);
    CHECK(tp_region_size(tp_region_current()) < size + 6 * N * sizeof(float));
    /* Gradients that kernels write, not only those that are passed on. */
    y = x;
    for (int i = 0; i < DEPTH; i++)
        y = tp_mul(tp_add(y, tp_detach(x)), i % 2 ? tp_scalar(TP_F32, 1) : x);
    y = tp_sum(y);
    const size_t before = tp_region_size(tp_region_current());
    CHECK(tp_backward(y) == TP_OK);
    CHECK(tp_region_size(tp_region_current()) < before + 8 * N * sizeof(float));
    CHECK_OK();
}

int main(void)
{
    leaves();
    modes();
    roots();
    twice();
    all_or_nothing();
    changed_values();
    assigning();
    gradients();
    higher_orders();
    gradient_outlived();
    leaf_outlived();
    large_gradients();
    many_leaves();
    node_names();
    retained();
    deep_chain();
    wide_graph();
    diamond();
    regions();
    threads();
    peak();
    tp_finish();
    return test_end();
}
