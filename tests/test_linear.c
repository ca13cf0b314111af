/* The linear layer's operation on the tape: CSR and dense batches, gradients that touch few columns, sizes of
 * 0. */
#include "test.h"

#include "heart/heart.h"
#include "taper/ops.h"

static void sparse_linear(void)
{
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        TP_SCOPE(sparse);
        tp_manual_seed(3);
        tp_tensor *dense = tp_mul(tp_randn((tp_dtype)dtype, 6, 40),
                                  tp_to(tp_gt(tp_rand((tp_dtype)dtype, 6, 40), 0.8), (tp_dtype)dtype));
        tp_tensor *sparse = tp_to_csr(dense);
        tp_tensor *w = tp_requires_grad_(tp_randn((tp_dtype)dtype, 3, 40), true);
        tp_tensor *v = tp_requires_grad_(tp_clone(tp_detach(w)), true);
        tp_tensor *b = tp_requires_grad_(tp_randn((tp_dtype)dtype, 3), true);
        for (int step = 0; step < 6; step++) {
            TP_SCOPE(step);
            if (step == 2 || step == 4) {
                tp_zero_grad_of(w);
                tp_zero_grad_of(v);
                CHECK(!tp_grad(w));
            }
            tp_tensor *rows = step % 2 ? tp_csr_rows(sparse, (const int64_t[]){4, 1, 4}, 3) : sparse;
            /* Two uses of the weight in one step, and then a dense one. */
            tp_tensor *y = tp_sigmoid(tp_f_linear(rows, w, b));
            tp_tensor *z = tp_sigmoid(tp_f_linear(tp_to_dense(rows), v, b));
            if (step == 1 || step == 3) {
                y = tp_mul(y, tp_sigmoid(tp_f_linear(rows, w, NULL)));
                z = tp_mul(z, tp_sigmoid(tp_f_linear(tp_to_dense(rows), v, NULL)));
            }
            if (step == 5) {
                y = tp_add(tp_sum(y), tp_sum(tp_square(w)));
                z = tp_add(tp_sum(z), tp_sum(tp_square(v)));
            }
            CHECK(tp_backward(tp_sum(y)) == TP_OK && tp_backward(tp_sum(z)) == TP_OK);
            CHECK(tp_allclose(tp_grad(w), tp_grad(v), dtype == TP_F32 ? 1e-5 : 1e-13,
                              dtype == TP_F32 ? 1e-6 : 1e-14));
        }
        /* As a value. */
        tp_tensor *y = tp_sum(tp_square(tp_f_linear(sparse, w, b))), *g[2], *h[2];
        tp_tensor *z = tp_sum(tp_square(tp_f_linear(dense, w, b)));
        tp_tensor *inputs[] = {w, b};
        CHECK(tp_gradients(&y, 1, inputs, 2, NULL, NULL, g) == TP_OK);
        CHECK(tp_gradients(&z, 1, inputs, 2, NULL, NULL, h) == TP_OK);
        CHECK(tp_allclose(g[0], h[0], 1e-4, 1e-5) && tp_allclose(g[1], h[1], 1e-4, 1e-5));
        CHECK_OK();
    }
}

/* A program may write into a gradient too; nothing of it is left when the next one comes. */
static void sparse_written(void)
{
    TP_SCOPE(written);
    const int64_t starts[] = {0, 1};
    const int32_t columns[] = {3}, others[] = {5};
    const float values[] = {2};
    tp_tensor *w = tp_requires_grad_(tp_zeros(TP_F32, 1, 100), true);
    tp_tensor *x = tp_csr(TP_F32, 1, 100, 1, starts, columns, values),
              *y = tp_csr(TP_F32, 1, 100, 1, starts, others, values);
    for (int way = 0; way < 6; way++) {
        tp_zero_grad_of(w);
        CHECK(tp_backward(tp_sum(tp_f_linear(x, w, NULL))) == TP_OK);
        tp_tensor *g = tp_grad(w);
        CHECK(tp_item(tp_sum(g)) == 2 && tp_at(g, 0, 3) == 2);
        if (way % 3 == 0) {
            CHECK(tp_fill_(g, 7) == TP_OK);
        } else if (way % 3 == 1) {
            tp_data_f32(g)[50] = 7;
            tp_mark_changed(g);
        } else {
            CHECK(tp_assign(tp_select(tp_detach(g), 1, 50), tp_scalar(TP_F32, 7)) == TP_OK);
        }
        if (way >= 3) /* it is added to, and then cleared */
            CHECK(tp_backward(tp_sum(tp_f_linear(y, w, NULL))) == TP_OK);
        CHECK(tp_at(tp_grad(w), 0, 50) == 7 && (way < 3 || tp_at(tp_grad(w), 0, 5) == (way == 3 ? 9 : 2)));
        tp_zero_grad_of(w);
        CHECK(tp_backward(tp_sum(tp_f_linear(y, w, NULL))) == TP_OK);
        CHECK(tp_item(tp_sum(tp_grad(w))) == 2 && tp_at(tp_grad(w), 0, 5) == 2);
        if (way % 2) { /* written while it is absent */
            tp_zero_grad_of(w);
            CHECK(tp_fill_(g, 7) == TP_OK);
        }
    }
    CHECK_OK();
}

/* The gradient that the product waits for comes from a step whose large data the walk gives back. */
static void sparse_linear_large(void)
{
    TP_SCOPE(large);
    enum { ROWS = 2000, COLUMNS = 50 };
    static int64_t starts[ROWS + 1];
    static int32_t columns[ROWS];
    static float values[ROWS];
    for (int i = 0; i < ROWS; i++) {
        starts[i + 1] = i + 1;
        columns[i] = i % COLUMNS;
        values[i] = (float)(i % 7);
    }
    tp_tensor *x = tp_csr(TP_F32, ROWS, COLUMNS, ROWS, starts, columns, values);
    tp_tensor *w = tp_requires_grad_(tp_zeros(TP_F32, 1, COLUMNS), true);
    for (int step = 0; step < 3; step++) {
        TP_SCOPE(step);
        tp_zero_grad_of(w);
        tp_tensor *y = tp_squeeze(tp_f_linear(x, w, NULL), 1);
        if (step == 1) /* the walk makes this gradient by an operation, and gives it back */
            y = tp_to(tp_to(y, TP_F64), TP_F32);
        CHECK(tp_backward(tp_sum(tp_sigmoid(y))) == TP_OK);
        double want[COLUMNS] = {0};
        for (int i = 0; i < ROWS; i++)
            want[i % COLUMNS] += 0.25 * (i % 7);
        for (int c = 0; c < COLUMNS; c++)
            CHECK_NEAR(tp_at(tp_grad(w), 0, c), want[c], 1e-4);
    }
    CHECK_OK();
}

/* Sizes of 0 in every place of a linear layer. */
static void empty_linear(void)
{
    TP_SCOPE(empty);
    const int64_t sizes[][4] = {{2, 4, 0, 3}, {2, 0, 3, 4}, {0, 2, 3, 4}, {2, 3, 4, 0}, {2, 3, 0, 0}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const int64_t *s = sizes[i];
        /* Memory that is not zero lies under the results. */
        {
            TP_SCOPE(dirt);
            tp_full(TP_F64, 7, 500);
            tp_full(TP_F64, 7, 900);
        }
        tp_tensor *x = tp_requires_grad_(tp_ones(TP_F64, s[0], s[1], s[2]), true);
        tp_tensor *w = tp_requires_grad_(tp_ones(TP_F64, s[3], s[2]), true);
        tp_tensor *b = tp_requires_grad_(tp_full(TP_F64, 2, s[3]), true);
        tp_tensor *y = tp_f_linear(x, w, b);
        CHECK(tp_numel(y) == s[0] * s[1] * s[3]);
        for (int64_t a = 0; a < s[0]; a++)
            for (int64_t c = 0; c < s[1]; c++)
                for (int64_t o = 0; o < s[3]; o++)
                    CHECK(tp_at(y, a, c, o) == 2 + (double)s[2]);
        CHECK(tp_backward(tp_sum(y)) == TP_OK);
        for (int64_t k = 0; k < tp_numel(x); k++)
            CHECK(tp_at(tp_reshape(tp_grad(x), -1), k) == (double)s[3]);
        for (int64_t k = 0; k < tp_numel(w); k++)
            CHECK(tp_at(tp_reshape(tp_grad(w), -1), k) == (double)(s[0] * s[1]));
        for (int64_t k = 0; k < s[3]; k++)
            CHECK(tp_at(tp_grad(b), k) == (double)(s[0] * s[1]));
        CHECK_OK();
    }
}

int main(void)
{
    sparse_linear();
    sparse_linear_large();
    sparse_written();
    empty_linear();
    tp_finish();
    return test_end();
}
