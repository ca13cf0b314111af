/* Reductions, softmax and choosing against PyTorch, on shapes that are empty, strided and without dimensions.
 */
#include "operation_cases.h"

#include "base/threads.h"

/* The dimensions of a mask, as a list. */
static int dims_of(const golden_case *c, int dims[TP_MAX_DIMS])
{
    int n = 0;
    for (int d = 0; d < TP_MAX_DIMS; d++)
        if ((int)c->numbers[0] >> d & 1 && (d < c->inputs[0]->ndim || d == 0))
            dims[n++] = d;
    return c->numbers[0] >= 255 ? 0 : n;
}

#define OVER_ALL(name)                           \
    static tp_tensor *run_##name(golden_case *c) \
    {                                            \
        return tp_##name(c->inputs[0]);          \
    }
#define OVER_SOME(name)                                                  \
    static tp_tensor *run_##name##_n(golden_case *c)                     \
    {                                                                    \
        int dims[TP_MAX_DIMS];                                           \
        const int n = dims_of(c, dims);                                  \
        return tp_##name##_n(c->inputs[0], n, dims, c->numbers[1] != 0); \
    }
#define WITH_CORRECTION(name)                                                           \
    static tp_tensor *run_##name##_n(golden_case *c)                                    \
    {                                                                                   \
        int dims[TP_MAX_DIMS];                                                          \
        const int n = dims_of(c, dims);                                                 \
        return tp_##name##_n(c->inputs[0], n, dims, c->numbers[2], c->numbers[1] != 0); \
    }
OVER_ALL(sum)
OVER_ALL(mean)
OVER_ALL(prod)
OVER_ALL(max)
OVER_ALL(min)
OVER_ALL(any)
OVER_ALL(all)
OVER_ALL(norm)
OVER_SOME(sum)
OVER_SOME(mean)
OVER_SOME(logsumexp)
WITH_CORRECTION(var)
WITH_CORRECTION(std)

static tp_tensor *run_max_dim(golden_case *c)
{
    return tp_max_dim(c->inputs[0], (int)c->numbers[0], c->numbers[1] != 0, &c->outputs[1]);
}

static tp_tensor *run_min_dim(golden_case *c)
{
    return tp_min_dim(c->inputs[0], (int)c->numbers[0], c->numbers[1] != 0, &c->outputs[1]);
}

static tp_tensor *run_argmax(golden_case *c)
{
    return tp_argmax(c->inputs[0], (int)c->numbers[0], c->numbers[1] != 0);
}

static tp_tensor *run_argmin(golden_case *c)
{
    return tp_argmin(c->inputs[0], (int)c->numbers[0], c->numbers[1] != 0);
}

static tp_tensor *run_softmax(golden_case *c)
{
    return tp_softmax(c->inputs[0], (int)c->numbers[0]);
}

static tp_tensor *run_log_softmax(golden_case *c)
{
    return tp_log_softmax(c->inputs[0], (int)c->numbers[0]);
}

static tp_tensor *run_clamp(golden_case *c)
{
    return tp_clamp(c->inputs[0], c->numbers[0], c->numbers[1]);
}

static tp_tensor *run_index_select(golden_case *c)
{
    return tp_index_select(c->inputs[0], (int)c->numbers[0], c->inputs[1]);
}

static tp_tensor *run_gather(golden_case *c)
{
    return tp_gather(c->inputs[0], (int)c->numbers[0], c->inputs[1]);
}

static const golden_operation operations[] = {
    {"sum", run_sum, true, 0},
    {"sum_n", run_sum_n, true, 0},
    {"mean", run_mean, true, 0},
    {"mean_n", run_mean_n, true, 0},
    {"prod", run_prod, true, 0},
    {"max", run_max, true, 0},
    {"min", run_min, true, 0},
    {"max_dim", run_max_dim, true, 0},
    {"min_dim", run_min_dim, true, 0},
    {"argmax", run_argmax, true, 0},
    {"argmin", run_argmin, true, 0},
    {"any", run_any, true, 0},
    {"all", run_all, true, 0},
    {"clamp", run_clamp, true, 0},
    {"index_select", run_index_select, true, 0},
    {"gather", run_gather, true, 0},
    {"norm", run_norm, false, 0},
    {"var_n", run_var_n, false, 0},
    {"std_n", run_std_n, false, 0},
    {"logsumexp_n", run_logsumexp_n, false, 0},
    {"softmax", run_softmax, false, 1},
    {"log_softmax", run_log_softmax, false, 1},
    {NULL, NULL, false, 0},
};

static void check_errors(void)
{
    TP_SCOPE(errors);
    tp_tensor *x = tp_ones(TP_F32, 2, 3), *empty = tp_zeros(TP_F32, 0, 3), *whole = tp_ones(TP_I64, 3);
    CHECK(!tp_sum_n(x, 2, (const int[]){0, -2}, false));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "sum: dim 0 appears multiple times in the list of dims");
    CHECK(!tp_sum_dim(x, 5, false));
    CHECK_ERROR(TP_ERROR_INDEX, "Dimension out of range (expected to be in range of [-2, 1], but got 5)");
    CHECK(!tp_mean(whole));
    CHECK_ERROR(TP_ERROR_DTYPE, "mean: could not infer output dtype");
    CHECK(!tp_max(empty));
    CHECK_ERROR(TP_ERROR_SHAPE, "max: Expected reduction dim to be specified for input.numel() == 0");
    CHECK(!tp_max_dim(empty, 0, false, NULL));
    CHECK_ERROR(TP_ERROR_INDEX, "max: Expected reduction dim 0 to have non-zero size.");
    tp_tensor *places = x;
    CHECK(!tp_min_dim(empty, -3, false, &places) && !places);
    CHECK_ERROR(TP_ERROR_INDEX, "min: Dimension out of range");
    CHECK(!tp_std_n(whole, 0, NULL, 1, false));
    CHECK_ERROR(TP_ERROR_DTYPE, "std and var only support floating point");
    CHECK(!tp_softmax(whole, 0));
    CHECK_ERROR(TP_ERROR_DTYPE, "softmax: the input must have a floating dtype, not int64");
    CHECK(!tp_index_select(x, 1, tp_from_array(TP_I64, ((int64_t[]){0, 2, -1}), 3)));
    CHECK_ERROR(TP_ERROR_INDEX,
                "index_select: index -1 is out of bounds for dimension 1 with size 3; it stands at [2]");
    CHECK(!tp_gather(x, 0, tp_from_array(TP_I64, ((int64_t[]){0, 0, 0, 1, 2, 1}), 2, 3)));
    CHECK_ERROR(TP_ERROR_INDEX,
                "gather: index 2 is out of bounds for dimension 0 with size 2; it stands at [1, 1]");
    CHECK(!tp_sum(NULL) && !tp_max_dim(NULL, 0, false, NULL));
    tp_clear_error();
}

/* Rows of a CSR matrix by index. */
static void check_csr_rows(void)
{
    TP_SCOPE(csr);
    const int64_t starts[] = {0, 1, 1, 3};
    const int32_t columns[] = {2, 0, 1};
    const float values[] = {5, 6, 7};
    tp_tensor *s = tp_csr(TP_F32, 3, 3, 3, starts, columns, values);
    tp_tensor *rows = tp_index_select(s, 0, tp_from_array(TP_I64, ((int64_t[]){2, 0, 2}), 3));
    CHECK(rows && tp_is_sparse(rows) && tp_nnz(rows) == 5);
    CHECK(tp_equal(tp_to_dense(rows), tp_from_text(TP_F32, "[[6, 7, 0], [0, 0, 5], [6, 7, 0]]")));
    CHECK(!tp_index_select(s, 0, tp_from_array(TP_I64, ((int64_t[]){3}), 1)));
    CHECK_ERROR(TP_ERROR_INDEX, "index 3 is out of bounds for dimension 0 with size 3");
    CHECK(!tp_index_select(s, 1, tp_from_array(TP_I64, ((int64_t[]){0}), 1)));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "only rows of a CSR matrix");
    CHECK_OK();
}

/* The same bits for any number of threads. */
static void check_threads(void)
{
    static const int64_t shapes[][2] = {{3000, 201}, {201, 3000}, {7, 100000}};
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        TP_SCOPE(threads);
        tp_tensor *x = tp_randn_n(TP_F32, NULL, 2, shapes[k]), *one[3], *many[3];
        for (int pass = 0; pass < 2; pass++) {
            tp_tensor **y = pass ? many : one;
            tp_set_num_threads(pass ? 4 : 1);
            y[0] = tp_sum_dim(x, 0, false);
            y[1] = tp_sum_dim(x, 1, false);
            y[2] = tp_softmax(x, 1);
        }
        for (int i = 0; i < 3; i++)
            CHECK(tp_equal(one[i], many[i]));
    }
    CHECK_OK();
}

int main(void)
{
    golden_check("tests/golden/reduce.pack", operations);
    check_errors();
    check_csr_rows();
    check_threads();
    tp_finish();
    return test_end();
}
