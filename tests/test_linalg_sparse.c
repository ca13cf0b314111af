/* CSR matrices with differentiable values: every operation is compared with the same one on dense matrices,
 * with its gradients and second gradients, which gradcheck compares with differences. */
#include "test.h"

#include "base/memory.h"
#include "taper/taper.h"
#include "tensor/tensor.h"

static const int64_t starts[] = {0, 2, 2, 5, 6};
static const int32_t columns[] = {1, 3, 4, 0, 2, 1};
enum { ROWS = 4, COLUMNS = 5, STORED = 6 };

static tp_tensor *pattern(void)
{
    return tp_csr(TP_BOOL, ROWS, COLUMNS, STORED, starts, columns, (const bool[]){1, 1, 1, 1, 1, 1});
}

/* The same matrix as a dense one, by operations that are tested elsewhere. */
static tp_tensor *dense_of(tp_tensor *values)
{
    static const int64_t flat[] = {1, 3, 14, 10, 12, 16};
    tp_tensor *at = tp_from_array(TP_I64, flat, STORED),
              *zeros = tp_zeros(tp_dtype_of(values), ROWS * COLUMNS);
    return tp_reshape(tp_index_put(zeros, 1, &at, values, false), ROWS, COLUMNS);
}

/* What is computed, from one or two vectors of values (t[0], t[1]) and a dense operand (t[2]): by CSR, or
 * dense. */
typedef struct subject {
    const char *name;
    tp_tensor *(*sparse)(tp_tensor *a, tp_tensor *b, tp_tensor *x);
    tp_tensor *(*dense)(tp_tensor *a, tp_tensor *b, tp_tensor *x);
} subject;

#define SUBJECT(name, by_csr, by_dense)                                       \
    static tp_tensor *sparse_##name(tp_tensor *a, tp_tensor *b, tp_tensor *x) \
    {                                                                         \
        (void)a, (void)b, (void)x;                                            \
        return by_csr;                                                        \
    }                                                                         \
    static tp_tensor *dense_##name(tp_tensor *a, tp_tensor *b, tp_tensor *x)  \
    {                                                                         \
        (void)a, (void)b, (void)x;                                            \
        return by_dense;                                                      \
    }
#define BACK(csr) tp_csr_to_dense(csr)
#define LIST(...)   \
    (tp_tensor *[]) \
    {               \
        __VA_ARGS__ \
    }
static tp_tensor *picked(void)
{
    return tp_from_text(TP_I64, "[2, 0, 1, 2]");
}
static tp_tensor *positive(tp_tensor *t)
{
    return tp_exp(tp_mul(t, t));
}

SUBJECT(to_dense, BACK(a), a)
SUBJECT(matmul, tp_csr_matmul(a, x), tp_matmul(a, x))
SUBJECT(matmul_csr, tp_matmul(a, x), tp_matmul(a, x))
SUBJECT(matmul_vector, tp_matmul(a, tp_select(x, 1, 0)), tp_matmul(a, tp_select(x, 1, 0)))
SUBJECT(matmul_right, tp_matmul(tp_t(tp_narrow(x, 0, 0, ROWS)), a),
        tp_matmul(tp_t(tp_narrow(x, 0, 0, ROWS)), a))
SUBJECT(matmul_left_vector, tp_matmul(tp_select(tp_narrow(x, 0, 0, ROWS), 1, 0), a),
        tp_matmul(tp_select(tp_narrow(x, 0, 0, ROWS), 1, 0), a))
SUBJECT(matmul_batch, tp_matmul(tp_reshape(tp_narrow(x, 0, 0, ROWS), 1, -1, ROWS), a),
        tp_matmul(tp_reshape(tp_narrow(x, 0, 0, ROWS), 1, -1, ROWS), a))
SUBJECT(linear, tp_f_linear(a, tp_t(x), NULL), tp_matmul(a, x))
SUBJECT(vector, tp_csr_matmul(a, tp_select(x, 1, 0)), tp_matmul(a, tp_select(x, 1, 0)))
SUBJECT(transposed, tp_csr_transposed_matmul(a, tp_narrow(x, 0, 0, ROWS)),
        tp_matmul(tp_t(a), tp_narrow(x, 0, 0, ROWS)))
SUBJECT(strided, tp_csr_matmul(a, tp_slice(tp_cat(LIST(x, x), 2, 0), 0, 0, 10, 2)),
        tp_matmul(a, tp_slice(tp_cat(LIST(x, x), 2, 0), 0, 0, 10, 2)))
SUBJECT(scale, BACK(tp_csr_scale(a, -1.5)), tp_mul(a, -1.5))
SUBJECT(mul_same, BACK(tp_csr_mul(a, b)), tp_mul(a, b))
SUBJECT(mul_dense, BACK(tp_csr_mul(a, tp_narrow(tp_t(x), 0, 0, 1))), tp_mul(a, tp_narrow(tp_t(x), 0, 0, 1)))
SUBJECT(add_same, BACK(tp_csr_add(a, b)), tp_add(a, b))
SUBJECT(add_other,
        tp_csr_matmul(tp_csr_add(a, tp_csr_row_select(b, tp_from_text(TP_I64, "[3, 2, 2, 0]"))), x),
        tp_matmul(tp_add(a, tp_index_select(b, 0, tp_from_text(TP_I64, "[3, 2, 2, 0]"))), x))
SUBJECT(map, BACK(tp_csr_map(a, tp_sin)), tp_sin(a))
SUBJECT(slice, BACK(tp_csr_row_slice(a, 1, -1)), tp_slice(a, 0, 1, -1, 1))
SUBJECT(slice_all, BACK(tp_csr_row_slice(a, 0, 99)), a)
SUBJECT(slice_none, BACK(tp_csr_row_slice(a, 3, 2)), tp_slice(a, 0, 3, 2, 1))
SUBJECT(select, BACK(tp_csr_row_select(a, picked())), tp_index_select(a, 0, picked()))
SUBJECT(vstack, BACK(tp_csr_vstack(LIST(a, b, a), 3)), tp_cat(LIST(a, b, a), 3, 0))
SUBJECT(hstack, BACK(tp_csr_hstack(LIST(b, a), 2)), tp_cat(LIST(b, a), 2, 1))
SUBJECT(transpose, BACK(tp_csr_transpose(a)), tp_t(a))
SUBJECT(sum_rows, tp_csr_sum(a, 0), tp_sum_dim(a, 0, false))
SUBJECT(sum_columns, tp_csr_sum(a, -1), tp_sum_dim(a, 1, false))
SUBJECT(chain, tp_csr_matmul(tp_csr_transpose(tp_csr_mul(tp_csr_scale(a, 2), b)), tp_csr_matmul(a, x)),
        tp_matmul(tp_t(tp_mul(tp_mul(a, 2.0), b)), tp_matmul(a, x)))
SUBJECT(from_dense, BACK(tp_csr_from_dense(positive(x))), positive(x))
SUBJECT(coo,
        BACK(tp_csr_from_coo(2, 3, tp_from_text(TP_I64, "[1, 0, 1, 1, 0, 1]"),
                             tp_from_text(TP_I64, "[2, 0, 2, 0, 1, 2]"), tp_csr_entries(a))),
        tp_index_put(tp_zeros(tp_dtype_of(a), 2, 3), 2,
                     LIST(tp_from_text(TP_I64, "[1, 0, 1, 1, 0, 1]"),
                          tp_from_text(TP_I64, "[2, 0, 2, 0, 1, 2]")),
                     tp_take(a, tp_from_text(TP_I64, "[1, 3, 14, 10, 12, 16]")), true))

#define ENTRY(name)                        \
    {                                      \
#name, sparse_##name, dense_##name \
    }
static const subject subjects[] = {
    ENTRY(matmul_csr),   ENTRY(matmul_vector), ENTRY(matmul_right), ENTRY(matmul_left_vector),
    ENTRY(matmul_batch), ENTRY(linear),        ENTRY(to_dense),     ENTRY(matmul),
    ENTRY(vector),       ENTRY(transposed),    ENTRY(strided),      ENTRY(scale),
    ENTRY(mul_same),     ENTRY(mul_dense),     ENTRY(add_same),     ENTRY(add_other),
    ENTRY(map),          ENTRY(slice),         ENTRY(slice_all),    ENTRY(slice_none),
    ENTRY(select),       ENTRY(vstack),        ENTRY(hstack),       ENTRY(transpose),
    ENTRY(sum_rows),     ENTRY(sum_columns),   ENTRY(chain),        ENTRY(from_dense),
    ENTRY(coo)};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

static tp_tensor *compute(tp_tensor *const *t, const subject *s, bool sparse)
{
    if (!sparse)
        return s->dense(dense_of(t[0]), dense_of(t[1]), t[2]);
    return s->sparse(tp_csr_from_values(pattern(), t[0]), tp_csr_from_values(pattern(), t[1]), t[2]);
}

static tp_tensor *by_csr(tp_tensor *const *t, int n, void *argument)
{
    (void)n;
    return compute(t, argument, true);
}

static bool agrees(const tp_tensor *a, const tp_tensor *b, tp_dtype dtype)
{
    return a && b && tp_allclose(a, b, dtype == TP_F32 ? 1e-5 : 1e-12, dtype == TP_F32 ? 1e-5 : 1e-12);
}

static void compare(const subject *s, tp_dtype dtype)
{
    TP_SCOPE(compare);
    tp_manual_seed(8);
    tp_tensor *t[3] = {tp_randn(dtype, STORED), tp_randn(dtype, STORED), tp_randn(dtype, COLUMNS, 3)};
    tp_tensor *grads[2][3] = {{NULL}}, *again[2][3] = {{NULL}}, *y[2];
    for (int i = 0; i < 3; i++)
        tp_requires_grad_(t[i], true);
    for (int sparse = 0; sparse < 2; sparse++) {
        y[sparse] = compute(t, s, sparse);
        if (!y[sparse]) {
            printf("%s: %s\n", s->name, tp_error_message());
            CHECK(y[sparse]);
            tp_clear_error();
            return;
        }
        const tp_gradients_options options = {.create_graph = true, .allow_unused = true};
        tp_tensor *loss = tp_sum(tp_mul(y[sparse], tp_mul(y[sparse], y[sparse])));
        CHECK(tp_gradients(&loss, 1, t, 3, NULL, &options, grads[sparse]) == TP_OK);
        tp_tensor *z = tp_scalar(dtype, 0);
        for (int i = 0; i < 3; i++)
            z = grads[sparse][i] ? tp_add(z, tp_sum(tp_mul(grads[sparse][i], grads[sparse][i]))) : z;
        CHECK(tp_gradients(&z, 1, t, 3, NULL, &(tp_gradients_options){.allow_unused = true}, again[sparse]) ==
              TP_OK);
    }
    bool good = agrees(y[1], y[0], dtype);
    for (int i = 0; i < 3; i++) {
        tp_tensor *zeros = tp_zeros_like(t[i]);
        good &= agrees(grads[1][i] ? grads[1][i] : zeros, grads[0][i] ? grads[0][i] : zeros, dtype);
        good &= dtype == TP_F32 ||
                agrees(again[1][i] ? again[1][i] : zeros, again[0][i] ? again[0][i] : zeros, dtype);
    }
    CHECK(good);
    if (!good)
        printf("%s differs from dense\n", s->name);
    /* Sabotage: values in another order are noticed, but where only their sum matters to nobody. */
    tp_tensor *turned[3] = {tp_flip_n(t[0], TP_DIMS(0)), tp_flip_n(t[1], TP_DIMS(0)),
                            tp_flip_n(t[2], TP_DIMS(0))};
    tp_tensor *wrong = compute(turned, s, true);
    CHECK(!tp_numel(wrong) || !agrees(wrong, y[0], dtype));
    if (dtype == TP_F64) {
        for (int i = 0; i < 3; i++)
            t[i] = tp_requires_grad_(tp_clone(tp_detach(t[i])), true);
        CHECK(tp_gradcheck(by_csr, t, 3, (void *)(uintptr_t)s, .second_order = false) == TP_OK);
    }
    CHECK_OK();
}

/* Each allocation failing in turn. */
static void without_memory(const subject *s)
{
    tp_memory_trim();
    const size_t used = tp_memory_used();
    for (int64_t n = 0; n < 200; n++) {
        TP_SCOPE(outer);
        tp_tensor *t[3] = {tp_ones(TP_F64, STORED), tp_ones(TP_F64, STORED), tp_ones(TP_F64, COLUMNS, 3)};
        tp_requires_grad_(t[0], true);
        bool done;
        {
            TP_SCOPE(inner);
            tp_region *here = tp_region_current();
            if (n % 2)
                here->limit = here->cursor + 64 * n;
            tp__memory_fail_after(n / 2);
            tp_tensor *y = compute(t, s, true), *gradient;
            y = y ? tp_sum(y) : NULL;
            done = tp_error() == TP_OK && y &&
                   (!tp_requires_grad(y) ||
                    tp_gradients(&y, 1, t, 1, NULL, &(tp_gradients_options){.allow_unused = true},
                                 &gradient) == TP_OK);
            tp__memory_fail_after(-1);
        }
        if (!done)
            CHECK_ERROR(TP_ERROR_MEMORY, "");
        else if (n > 20)
            break;
    }
    CHECK_OK();
    tp_memory_trim();
    CHECK(tp_memory_used() <= used);
}

/* A CSR leaf gets a dense gradient from either side of a product, of both orders; so does the record that
 * reads it transposed. */
static void leaves(void)
{
    static const char *const text = "[[1., 2., 3.], [4., 5., 6.]]";
    for (int side = 0; side < 4; side++) {
        TP_SCOPE(leaves);
        const bool right = side & 1, transposed = side & 2;
        tp_tensor *second[2];
        for (int sparse = 0; sparse < 2; sparse++) {
            tp_tensor *s = tp_from_text(TP_F64, text), *y, *gradient[2];
            tp_tensor *x = tp_add(tp_zeros(TP_F64, 2 + (right == transposed), 4), 0.5);
            x = tp_requires_grad_(tp_clone(right ? tp_t(x) : x), true);
            s = tp_requires_grad_(sparse ? tp_to_csr(s) : s, true);
            tp_tensor *const inputs[2] = {right ? x : s, right ? s : x};
            if (sparse && transposed)
                y = tp_apply(tp_op_named("mm"), inputs, 2, &(const bool){true});
            else if (transposed)
                y = right ? tp_matmul(x, tp_t(s)) : tp_matmul(tp_t(s), x);
            else
                y = tp_matmul(inputs[0], inputs[1]);
            y = tp_sum(tp_mul(y, tp_mul(y, y)));
            CHECK(tp_gradients(&y, 1, (tp_tensor *[]){s, x}, 2, NULL,
                               &(tp_gradients_options){.create_graph = true}, gradient) == TP_OK);
            y = tp_add(tp_sum(tp_mul(gradient[0], gradient[0])), tp_sum(tp_exp(tp_mul(gradient[1], 1e-3))));
            CHECK(tp_gradients(&y, 1, (tp_tensor *[]){s, x}, 2, NULL, &(tp_gradients_options){0}, gradient) ==
                  TP_OK);
            second[sparse] =
                gradient[0] ? tp_cat(LIST(tp_reshape(gradient[0], -1), tp_reshape(gradient[1], -1)), 2, 0)
                            : NULL;
        }
        CHECK(agrees(second[1], second[0], TP_F64));
        CHECK_OK();
    }
}

static void edges(void)
{
    TP_SCOPE(edges);
    tp_tensor *v = tp_requires_grad_(tp_arange(TP_F64, 1, 7, 1), true), *s = tp_csr_from_values(pattern(), v);
    CHECK(tp_is_sparse(s) && tp_requires_grad(s) && tp_csr_entries(s) == v && tp_nnz(s) == STORED);
    CHECK(strstr(tp_repr(s), "values=tensor([1., 2., 3., 4., 5., 6.]"));
    CHECK(tp_equal(tp_detach(s), tp_to_csr(dense_of(tp_detach(v)))));
    CHECK(tp_csr_columns(tp_csr_from_coo(1, 9, tp_from_text(TP_I64, "[0, 0, 0]"),
                                         tp_from_text(TP_I32, "[8, 2, 8]"), tp_ones(TP_F32, 3)))[0] == 2);
    CHECK(tp_nnz(tp_csr_from_coo(0, 0, tp_zeros(TP_I64, 0), tp_zeros(TP_I64, 0), tp_zeros(TP_F32, 0))) == 0);
    /* A pattern that is given back early stays valid for the matrix made with it. */
    tp_tensor *large = tp_to_csr(tp_ones(TP_F32, 60, 60)),
              *again = tp_csr_from_values(large, tp_csr_values(large));
    tp_release(large);
    CHECK(tp_item(tp_sum(tp_csr_sum(again, 0))) == 3600);
    tp_tensor *x = tp_ones(TP_F64, COLUMNS, 2);
    CHECK_OK();
    CHECK(!tp_csr_from_values(pattern(), tp_ones(TP_F64, 5)));
    CHECK_ERROR(TP_ERROR_SHAPE, "csr_from_values: the pattern has 6 places, and there are 5 values");
    CHECK(!tp_csr_from_values(x, v));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "not CSR");
    CHECK(!tp_csr_matmul(s, tp_ones(TP_F64, 4, 2)));
    CHECK_ERROR(TP_ERROR_SHAPE, "cannot be multiplied (4x5 and 4x2)");
    CHECK(!tp_csr_matmul(x, x));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "csr_matmul: the matrix is not CSR");
    CHECK(!tp_csr_matmul(NULL, x));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "csr_matmul");
    CHECK(!tp_csr_from_coo(2, 2, tp_from_text(TP_I64, "[0, 2]"), tp_from_text(TP_I64, "[0, 1]"),
                           tp_ones(TP_F32, 2)));
    CHECK_ERROR(TP_ERROR_INDEX, "row 2 is out of bounds for 2 rows; it stands at [1]");
    CHECK(!tp_csr_from_coo(2, 2, tp_from_text(TP_I64, "[0, 1]"), tp_from_text(TP_I64, "[-1, 1]"),
                           tp_ones(TP_F32, 2)));
    CHECK_ERROR(TP_ERROR_INDEX, "column -1 is out of bounds for 2 columns; it stands at [0]");
    CHECK(!tp_csr_mul(s, tp_csr_transpose(s)));
    CHECK_ERROR(TP_ERROR_SHAPE, "different places");
    CHECK(!tp_csr_add(s, tp_csr_transpose(s)));
    CHECK_ERROR(TP_ERROR_SHAPE, "[4, 5] and [5, 4] differ");
    CHECK(!tp_csr_vstack(LIST(s, tp_csr_transpose(s)), 2));
    CHECK_ERROR(TP_ERROR_SHAPE, "matrix 0 has 5 columns, and matrix 1 has 4");
    CHECK(!tp_csr_row_select(s, tp_from_text(TP_I64, "[0, 4]")));
    CHECK_ERROR(TP_ERROR_INDEX, "row 4 is out of bounds for 4 rows; it stands at [1]");
    tp_tensor *leaf = tp_requires_grad_(tp_to_csr(tp_ones(TP_F64, 2, 2)), true);
    CHECK(!tp_csr_scale(leaf, 2));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "tp_csr_from_values");
}

int main(void)
{
    for (int i = 0; i < SUBJECTS; i++) {
        compare(&subjects[i], TP_F64);
        compare(&subjects[i], TP_F32);
    }
    for (int i = 0; i < SUBJECTS; i++)
        without_memory(&subjects[i]);
    edges();
    leaves();
    tp_finish();
    CHECK(tp_memory_used() == 0);
    return test_end();
}
