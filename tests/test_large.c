/* Large tensors: blocks that are shared and kept within the peak, gradients that leaves adopt, results that
 * are written past the caches. */
#include "test.h"

#include "backend/cpu/table.h"
#include "base/large_blocks.h"
#include "base/memory.h"
#include "taper/taper.h"
#include "tensor/tensor.h"

#define MIB ((size_t)1 << 20)

static void check_blocks(void)
{
    size_t granted, again;
    CHECK(tp__large_trim() == 0); /* nothing is kept yet */
    CHECK(!tp__large_reuse(8 * MIB, &granted));
    granted = tp__large_size(8 * MIB + 1);
    CHECK(granted > 8 * MIB && granted < 9 * MIB);
    char *a = tp__large_new(granted);
    CHECK(a && (uintptr_t)a % (2 * MIB) == 0);
    if (!a)
        return;
    a[0] = a[granted - 1] = 1;
    tp__large_free(a, granted);
    CHECK(!tp__large_reuse(granted + 1, &again));
    CHECK(!tp__large_reuse(granted / 2, &again));
    CHECK(tp__large_reuse(granted - granted / 6, &again) == a && again == granted);
    /* With 8 in use at most, 8 kept leave room for another 8 only when they go. */
    tp__large_free(a, granted);
    CHECK(tp__large_make_room(5 * MIB) == granted);
    /* Of three kept blocks, the first one goes first. */
    char *blocks[3];
    for (int i = 0; i < 3; i++)
        blocks[i] = tp__large_new(8 * MIB);
    for (int i = 0; i < 3; i++)
        tp__large_free(blocks[i], 8 * MIB);
    CHECK(tp__large_make_room(3 * MIB) == 8 * MIB);
    CHECK(tp__large_reuse(8 * MIB, &again) == blocks[2]);
    tp__large_free(blocks[2], again);
    CHECK(tp__large_trim() == 16 * MIB);
}

static tp_tensor *step(tp_tensor *x)
{
    TP_SCOPE(step);
    tp_status status = tp_backward(tp_sum(tp_mul(x, x)));
    CHECK(status == TP_OK);
    return tp_grad(x);
}

static bool is_twice(const tp_tensor *x, const tp_tensor *gradient, float times)
{
    const float *a = (const float *)(const void *)x->data, *b = (const float *)(const void *)gradient->data;
    for (int64_t i = 0; i < x->numel; i++)
        if (b[i] != times * a[i])
            return false;
    return true;
}

/* The gradient is the step's own block; adding up, views that stay, and giving back work on it. */
static void check_adoption(void)
{
    TP_SCOPE(adoption);
    tp_tensor *x = tp_requires_grad_(tp_randn(TP_F32, 1500, 1000), true);
    tp_tensor *gradient = step(x);
    CHECK(gradient && is_twice(x, gradient, 2) && gradient->storage->block->region == tp_region_current());
    CHECK(step(x) == gradient && is_twice(x, gradient, 4));
    tp_zero_grad_of(x);
    CHECK(!tp_grad(x));
    CHECK(step(x) == gradient && is_twice(x, gradient, 2));
    /* A view of the gradient keeps its memory. */
    tp_tensor *view = tp_detach(gradient);
    tp_zero_grad_of(x);
    CHECK(is_twice(x, view, 2));
    CHECK(step(x) == gradient && is_twice(x, gradient, 2));
    /* Two leaves that get the same gradient have one each. */
    tp_tensor *a = tp_requires_grad_(tp_randn(TP_F32, 1500, 1000), true),
              *b = tp_requires_grad_(tp_clone(tp_detach(a)), true);
    {
        TP_SCOPE(step);
        tp_tensor *sum = tp_add(a, b);
        CHECK(tp_backward(tp_sum(tp_mul(sum, sum))) == TP_OK);
    }
    CHECK(is_twice(a, tp_grad(a), 4) && is_twice(b, tp_grad(b), 4) && tp_grad(a)->data != tp_grad(b)->data);
    CHECK_OK();
}

/* A steady step holds x, its gradient, and what lies between, whatever their number. */
static void check_steady(void)
{
    TP_SCOPE(steady);
    tp_tensor *x = tp_requires_grad_(tp_randn(TP_F32, 8, 300000), true), *y = tp_randint(0, 300000, 8);
    size_t used = 0;
    tp_memory_trim();
    for (int i = 0; i < 6; i++) {
        TP_SCOPE(step);
        tp_zero_grad_of(x);
        CHECK(tp_backward(tp_cross_entropy(x, y)) == TP_OK);
        if (i == 1)
            used = tp_memory_used();
        CHECK(i < 2 || tp_memory_used() == used);
    }
    CHECK(used < 2 * (size_t)x->numel * sizeof(float) + 2 * MIB);
    CHECK_OK();
}

/* The largest |a - b| over the largest |b|. */
static double distance(tp_tensor *a, tp_tensor *b)
{
    tp_tensor *p = tp_to(tp_detach(a), TP_F64), *q = tp_to(tp_detach(b), TP_F64);
    return tp_item(tp_div(tp_max(tp_abs(tp_sub(p, q))), tp_max(tp_abs(q))));
}

/* Results beyond the caches are those of float64, and those of the composition. */
static void check_past_caches(void)
{
    TP_SCOPE(past_caches);
    for (int odd = 0; odd < 2; odd++) { /* rows that begin anywhere in a line */
        tp_tensor *x = tp_requires_grad_(tp_randn(TP_F32, 8, 300000 + odd), true);
        tp_tensor *z = tp_requires_grad_(tp_to(tp_detach(x), TP_F64), true), *y = tp_randint(0, 300000, 8);
        for (int smooth = 0; smooth < 2; smooth++) {
            tp_zero_grad_of(x);
            tp_zero_grad_of(z);
            tp_tensor *loss = tp_cross_entropy(x, y, .label_smoothing = 0.2 * smooth);
            tp_tensor *wide = tp_cross_entropy(z, y, .label_smoothing = 0.2 * smooth);
            CHECK(tp_backward(loss) == TP_OK && tp_backward(wide) == TP_OK);
            CHECK(distance(loss, wide) < 1e-6 && distance(tp_grad(x), tp_grad(z)) < 1e-6);
            if (!smooth)
                CHECK(distance(loss, tp_nll_loss(tp_log_softmax(x, 1), y)) < 1e-6);
        }
    }
    for (int odd = 0; odd < 2; odd++) {
        tp_tensor *x = tp_requires_grad_(tp_randn(TP_F32, 2200, 1000 + odd), true);
        tp_tensor *z = tp_requires_grad_(tp_to(tp_detach(x), TP_F64), true);
        tp_tensor *w = tp_requires_grad_(tp_randn(TP_F32, 1000 + odd), true);
        tp_tensor *v = tp_requires_grad_(tp_to(tp_detach(w), TP_F64), true);
        tp_tensor *g = tp_randn(TP_F32, 2200, 1000 + odd);
        tp_tensor *a = tp_f_layer_norm(x, TP_SHAPE(1000 + odd), w, w, 1e-5);
        tp_tensor *b = tp_f_layer_norm(z, TP_SHAPE(1000 + odd), v, v, 1e-5);
        CHECK(tp_backward(a, .gradient = g) == TP_OK &&
              tp_backward(b, .gradient = tp_to(g, TP_F64)) == TP_OK);
        CHECK(distance(a, b) < 1e-6 && distance(tp_grad(x), tp_grad(z)) < 1e-6);
        CHECK(distance(tp_grad(w), tp_grad(v)) < 1e-6);
    }
    CHECK_OK();
}

/* What the kernels write past the caches is what they write else, wherever in a line a row begins. */
static void check_rows_past_caches(tp_dtype dtype)
{
    TP_SCOPE(rows_past_caches);
    const int64_t n = 300, room = n + 16;
    const size_t size = tp_dtype_size(dtype);
    const bool f64 = dtype == TP_F64;
    tp_tensor *x = tp_randn(dtype, n), *g = tp_randn(dtype, n), *w = tp_randn(dtype, n);
    double statistics[3];
    tp__cross_entropy()->statistics[f64](n, x->data, 0, w->data, true, statistics);
    for (size_t begin = 0; begin < 16; begin++)
        for (int64_t count = n - 40; count <= n; count += 8)
            for (int formula = 0; formula < 6; formula++) {
                tp_tensor *out[2];
                const void *weight = formula % 2 ? w->data : NULL;
                for (int past = 0; past < 2; past++) {
                    out[past] = tp_zeros(dtype, room);
                    char *to = out[past]->data + begin * size;
                    if (formula < 2)
                        tp__cross_entropy()->gradient[f64](count, x->data, statistics, weight, 0.1, 0.7, past,
                                                           to);
                    else if (formula < 4)
                        tp__normalize()->apply[f64](count, x->data, 0.3, 1.5, weight, g->data, past, to);
                    else
                        tp__normalize()->gradient[f64](count, x->data, g->data, 0.3, 1.5, true, weight, past,
                                                       to, NULL, NULL);
                }
                CHECK(tp_equal(out[0], out[1]) && tp_item(tp_max(tp_abs(out[0]))) > 0);
            }
    CHECK_OK();
}

int main(void)
{
#if defined(__SANITIZE_ADDRESS__)
    const bool recycles = false; /* blocks come from the system, and none are kept */
#else
    const bool recycles = true;
#endif
    if (recycles) {
        check_blocks();
        check_steady();
    }
    check_adoption();
    check_past_caches();
    check_rows_past_caches(TP_F32);
    check_rows_past_caches(TP_F64);
    tp_finish();
    CHECK(tp_memory_used() == 0);
    return test_end();
}
