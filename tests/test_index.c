/* Joining, taking apart, repeating, padding, and choosing by index against PyTorch; what is out of range; and
 * that duplicates add up to the same bits every time. */
#include "index_cases.h"

#include "base/threads.h"

/* ---- Shapes ---- */

OPERATION(cat, tp_cat(x, c->n, (int)a[0]))
OPERATION(stack, tp_stack(x, c->n, (int)a[0]))
OPERATION(hstack, tp_hstack(x, c->n))
OPERATION(vstack, tp_vstack(x, c->n))
OPERATION(repeat, tp_repeat_n(x[0], c->n_numbers, longs(c, 0)))
OPERATION(tile, tp_tile_n(x[0], c->n_numbers, longs(c, 0)))
OPERATION(flip, tp_flip_n(x[0], c->n_numbers, ints(c, 0)))
OPERATION(roll, tp_roll_n(x[0], c->n_numbers / 2, longs(c, 0), ints(c, c->n_numbers / 2)))
OPERATION(rot90, tp_rot90(x[0], (int64_t)a[0], (int)a[1], (int)a[2]))
OPERATION(tril, tp_tril(x[0], (int64_t)a[0]))
OPERATION(triu, tp_triu(x[0], (int64_t)a[0]))
OPERATION(diagonal, tp_diagonal(x[0], (int64_t)a[0], (int)a[1], (int)a[2]))
OPERATION(diag_embed, tp_diag_embed(x[0], (int64_t)a[0], (int)a[1], (int)a[2]))
OPERATION(diag, tp_diag(x[0], (int64_t)a[0]))
OPERATION(trace, tp_trace(x[0]))
OPERATION_OF_SEVERAL(split, tp_split(x[0], (int64_t)a[0], (int)a[1], n))
OPERATION_OF_SEVERAL(split_sizes, tp_split_sizes(x[0], c->n_numbers - 1, longs(c, 1), (int)a[0], n))
OPERATION_OF_SEVERAL(chunk, tp_chunk(x[0], (int64_t)a[0], (int)a[1], n))
OPERATION_OF_SEVERAL(tensor_split, tp_tensor_split(x[0], (int64_t)a[0], (int)a[1], n))
OPERATION_OF_SEVERAL(tensor_split_at, tp_tensor_split_at(x[0], c->n_numbers - 1, longs(c, 1), (int)a[0], n))
OPERATION_OF_SEVERAL(unbind, tp_unbind(x[0], (int)a[0], n))
OPERATION(repeat_interleave, tp_repeat_interleave(x[0], (int64_t)a[0], (int)a[1]))
OPERATION(repeat_interleave_by, tp_repeat_interleave_by(x[0], x[1], (int)a[0]))
OPERATION_OF_SEVERAL(meshgrid, tp_meshgrid(x, c->n, a[0] != 0, n))
OPERATION_OF_SEVERAL(broadcast_tensors, tp_broadcast_tensors(x, c->n, n))
OPERATION(movedim, tp_movedim_n(x[0], c->n_numbers / 2, ints(c, 0), ints(c, c->n_numbers / 2)))
OPERATION(swapaxes, tp_swapaxes(x[0], (int)a[0], (int)a[1]))
OPERATION(unflatten, tp_unflatten_n(x[0], (int)a[0], c->n_numbers - 1, longs(c, 1)))
OPERATION(squeeze, tp_squeeze_n(x[0], c->n_numbers, ints(c, 0)))
OPERATION(expand_as, tp_expand_as(x[0], x[1]))
OPERATION(unfold, tp_unfold(x[0], (int)a[0], (int64_t)a[1], (int64_t)a[2]))
OPERATION(pad, tp_pad(x[0], c->n_numbers - 2, longs(c, 2), .mode = (tp_pad_mode)(int)a[0], .value = a[1]))

static const index_operation shapes[] = {{"cat", run_cat, true},
                                         {"stack", run_stack, true},
                                         {"hstack", run_hstack, true},
                                         {"vstack", run_vstack, true},
                                         {"repeat", run_repeat, true},
                                         {"tile", run_tile, true},
                                         {"flip", run_flip, true},
                                         {"roll", run_roll, true},
                                         {"rot90", run_rot90, true},
                                         {"tril", run_tril, true},
                                         {"triu", run_triu, true},
                                         {"diagonal", run_diagonal, true},
                                         {"diag_embed", run_diag_embed, true},
                                         {"diag", run_diag, true},
                                         {"trace", run_trace, false},
                                         {"split", run_split, true},
                                         {"split_sizes", run_split_sizes, true},
                                         {"chunk", run_chunk, true},
                                         {"tensor_split", run_tensor_split, true},
                                         {"tensor_split_at", run_tensor_split_at, true},
                                         {"unbind", run_unbind, true},
                                         {"repeat_interleave", run_repeat_interleave, true},
                                         {"repeat_interleave_by", run_repeat_interleave_by, true},
                                         {"meshgrid", run_meshgrid, true},
                                         {"broadcast_tensors", run_broadcast_tensors, true},
                                         {"movedim", run_movedim, true},
                                         {"swapaxes", run_swapaxes, true},
                                         {"unflatten", run_unflatten, true},
                                         {"squeeze", run_squeeze, true},
                                         {"expand_as", run_expand_as, true},
                                         {"unfold", run_unfold, true},
                                         {"pad", run_pad, true},
                                         {NULL, NULL, false}};

/* ---- Indices ---- */

/* Numbers from one place on, as the entries of an index: inputs, or none. */
static tp_tensor *const *entries(const index_case *c, int from)
{
    static tp_tensor *list[8];
    for (int i = from; i < c->n_numbers; i++)
        list[i - from] = c->numbers[i] < 0 ? NULL : c->x[(int)c->numbers[i]];
    return list;
}

OPERATION(index, tp_index(x[0], c->n_numbers, entries(c, 0)))
OPERATION(index_put, tp_index_put(x[0], c->n_numbers - 1, entries(c, 1), x[1], a[0] != 0))
OPERATION(take, tp_take(x[0], x[1]))
OPERATION(put, tp_put(x[0], x[1], x[2], a[0] != 0))
OPERATION(index_select, tp_index_select(x[0], (int)a[0], x[1]))
OPERATION(index_add, tp_index_add(x[0], (int)a[0], x[1], x[2], a[1]))
OPERATION(index_copy, tp_index_copy(x[0], (int)a[0], x[1], x[2]))
OPERATION(index_fill, tp_index_fill(x[0], (int)a[0], x[1], a[1]))
OPERATION(gather, tp_gather(x[0], (int)a[0], x[1]))
OPERATION(scatter, tp_scatter(x[0], (int)a[0], x[1], x[2]))
OPERATION(scatter_value, tp_scatter_value(x[0], (int)a[0], x[1], a[1]))
OPERATION(scatter_add, tp_scatter_add(x[0], (int)a[0], x[1], x[2]))
OPERATION(scatter_reduce,
          tp_scatter_reduce(x[0], (int)a[0], x[1], x[2], (tp_scatter_mode)(int)a[1], a[2] != 0))
OPERATION(take_along_dim, tp_take_along_dim(x[0], x[1], (int)a[0]))
OPERATION(masked_select, tp_masked_select(x[0], x[1]))
OPERATION(masked_scatter, tp_masked_scatter(x[0], x[1], x[2]))
OPERATION(nonzero, tp_nonzero(x[0]))
OPERATION_OF_SEVERAL(nonzero_tuple, tp_nonzero_tuple(x[0], n))
OPERATION(isin, tp_isin(x[0], x[1], a[0] != 0))
OPERATION(one_hot, tp_one_hot(x[0], (int64_t)a[0]))

static const index_operation indices[] = {{"index", run_index, true},
                                          {"index_put", run_index_put, true},
                                          {"take", run_take, true},
                                          {"put", run_put, true},
                                          {"index_select", run_index_select, true},
                                          {"index_add", run_index_add, true},
                                          {"index_copy", run_index_copy, true},
                                          {"index_fill", run_index_fill, true},
                                          {"gather", run_gather, true},
                                          {"scatter", run_scatter, true},
                                          {"scatter_value", run_scatter_value, true},
                                          {"scatter_add", run_scatter_add, true},
                                          {"scatter_reduce", run_scatter_reduce, false},
                                          {"take_along_dim", run_take_along_dim, true},
                                          {"masked_select", run_masked_select, true},
                                          {"masked_scatter", run_masked_scatter, true},
                                          {"nonzero", run_nonzero, true},
                                          {"nonzero_tuple", run_nonzero_tuple, true},
                                          {"isin", run_isin, true},
                                          {"one_hot", run_one_hot, true},
                                          {NULL, NULL, false}};

/* ---- What must fail, and how ---- */

static void refusals(void)
{
    TP_SCOPE(refusals);
    tp_tensor *x = tp_zeros(TP_F64, 3, 4), *v = tp_zeros(TP_F64, 5),
              *bad = tp_from_text(TP_I64, "[[0, 1], [3, 0]]"), *ones = tp_ones(TP_BOOL, 2, 4),
              *flag = tp_ones(TP_BOOL, 3);
    int n = 7;
    CHECK(!tp_index(x, 2, (tp_tensor *[]){bad, NULL}));
    CHECK_ERROR(TP_ERROR_INDEX,
                "index: index 3 is out of bounds for dimension 0 with size 3; it stands at [1, 0]");
    CHECK(!tp_index(x, 2, (tp_tensor *[]){NULL, tp_from_text(TP_I64, "[0, -5]")}));
    CHECK_ERROR(TP_ERROR_INDEX, "index -5 is out of bounds for dimension 1 with size 4; it stands at [1]");
    CHECK(!tp_index(x, 1, (tp_tensor *[]){ones}));
    CHECK_ERROR(TP_ERROR_INDEX,
                "The shape of the mask [2, 4] at index 0 does not match the shape of the indexed");
    CHECK(!tp_index(x, 3, (tp_tensor *[]){flag, NULL, NULL}));
    CHECK_ERROR(TP_ERROR_INDEX, "too many indices for tensor of dimension 2");
    CHECK(!tp_gather(tp_scalar(TP_F64, 1), 0, tp_ones(TP_I64, 2)));
    CHECK_ERROR(TP_ERROR_INDEX, "index 1 is out of bounds for dimension 0 with size 1; it stands at [0]");
    CHECK(!tp_gather(v, 0, tp_scalar_i64(5)));
    CHECK_ERROR(TP_ERROR_INDEX,
                "gather: index 5 is out of bounds for dimension 0 with size 5; it stands at []");
    CHECK(!tp_gather(x, 0, tp_scalar_i64(0)));
    CHECK_ERROR(TP_ERROR_SHAPE, "the same number of dimensions as input tensor, and has 0, not 2");
    CHECK(!tp_index(x, 1, (tp_tensor *[]){v}));
    CHECK_ERROR(TP_ERROR_DTYPE, "float64");
    CHECK(!tp_index_put(x, 1, (tp_tensor *[]){NULL}, v, false));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "no index tensor");
    CHECK(!tp_take(x, bad) || tp_take(x, bad));
    CHECK(!tp_take(x, tp_from_text(TP_I64, "[12]")));
    CHECK_ERROR(TP_ERROR_INDEX, "index 12 is out of bounds for dimension 0 with size 12");
    CHECK(!tp_put(x, bad, v, false));
    CHECK_ERROR(TP_ERROR_SHAPE, "source.numel() = 5, index.numel() = 4");
    CHECK(!tp_index_add(v, 0, tp_from_text(TP_I64, "[0, 5]"), tp_zeros(TP_F64, 2), 1));
    CHECK_ERROR(TP_ERROR_INDEX,
                "index_add: index 5 is out of bounds for dimension 0 with size 5; it stands at [1]");
    tp_tensor *yes = tp_from_text(TP_BOOL, "[false, false, true]"),
              *two = tp_index_add(yes, 0, tp_from_text(TP_I64, "[0, 0]"), tp_ones(TP_BOOL, 2), 2);
    CHECK(tp_equal(two, tp_from_text(TP_BOOL, "[true, false, true]")));
    CHECK(!tp_index_copy(v, 1, bad, v));
    CHECK_ERROR(TP_ERROR_INDEX, "index_copy: Dimension out of range");
    CHECK(!tp_scatter(x, 0, bad, tp_zeros(TP_F64, 2, 2)));
    CHECK_ERROR(TP_ERROR_INDEX,
                "scatter: index 3 is out of bounds for dimension 0 with size 3; it stands at [1, 0]");
    CHECK(!tp_scatter_reduce(x, 0, bad, x, (tp_scatter_mode)9, true));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "9 is no mode");
    CHECK(!tp_masked_select(x, tp_zeros(TP_U8, 3, 4)));
    CHECK_ERROR(TP_ERROR_DTYPE, "expected BoolTensor for mask, not uint8");
    CHECK(!tp_masked_scatter(x, tp_ones(TP_BOOL, 3, 4), v));
    CHECK_ERROR(TP_ERROR_SHAPE, "Number of elements of source < number of ones in mask: 5 against 12");
    CHECK(!tp_take_along_dim(x, v, 0));
    CHECK_ERROR(TP_ERROR_SHAPE, "same number of dimensions");
    CHECK(!tp_split(x, 0, 0, &n) && n == 0);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "split: split_size can only be 0");
    CHECK(!tp_split_sizes(x, 2, (const int64_t[]){1, 1}, 0, &n));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "sum exactly to 3");
    CHECK(!tp_chunk(x, 0, 0, &n));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "greater than 0");
    CHECK(!tp_hstack(NULL, 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "hstack: expects a non-empty list");
    CHECK(!tp_repeat(x, 2));
    CHECK_ERROR(TP_ERROR_SHAPE, "repeat: Number of dimensions of repeat dims can not be smaller");
    CHECK(!tp_repeat(v, -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "repeats[0] is -1");
    CHECK(!tp_flip(x, 0, 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "dim 0 appears multiple times");
    CHECK(!tp_rot90(x, 1, 0, -2));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "rotation dims to be different");
    CHECK(!tp_pad(x, TP_SHAPE(4, 0), .mode = TP_PAD_REFLECT));
    CHECK_ERROR(TP_ERROR_SHAPE, "(4, 0) at dimension 1 of input [3, 4]");
    CHECK(!tp_pad(x, TP_SHAPE(5, 0), .mode = TP_PAD_CIRCULAR));
    CHECK_ERROR(TP_ERROR_SHAPE, "wrapping around more than once");
    CHECK(!tp_pad(x, TP_SHAPE(-3, -2)));
    CHECK_ERROR(TP_ERROR_SHAPE, "negative output size");
    CHECK(!tp_pad(x, TP_SHAPE(1)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "divisible by 2");
    CHECK(!tp_pad(x, TP_SHAPE(1, 1, 1, 1, 1, 1)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "padding length 6 and input of dimension 2");
    CHECK(!tp_unflatten(x, 1, 3, -1));
    CHECK_ERROR(TP_ERROR_SHAPE, "Provided sizes [3, -1] don't multiply up to the size of dim 1 (4)");
    CHECK(!tp_diagonal(x, 0, 1, -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "diagonal dimensions cannot be identical 1, -1");
    CHECK(!tp_trace(v));
    CHECK_ERROR(TP_ERROR_SHAPE, "expected a matrix");
    CHECK(!tp_repeat_interleave_by(x, tp_from_text(TP_I64, "[1, -1, 2]"), 0));
    CHECK_ERROR(TP_ERROR_VALUE, "repeats can not be negative: entry 1 is -1");
    CHECK(!tp_meshgrid((tp_tensor *[]){v, x}, 2, false, &n));
    CHECK_ERROR(TP_ERROR_SHAPE, "tensor 1 is float64 [3, 4]");
    /* An entry that failed is no whole dimension. */
    CHECK(!tp_index(x, 1, (tp_tensor *[]){tp_from_text(TP_I64, "[x")}));
    CHECK_ERROR(TP_ERROR_FORMAT, "");
    CHECK(!tp_index(NULL, 0, NULL) && !tp_flip_n(NULL, 0, NULL) && !tp_nonzero(tp_from_text(TP_F32, "[")));
    tp_clear_error();
}

/* Many duplicates: the sum is taken in order, for any number of threads. */
static void duplicates(void)
{
    TP_SCOPE(duplicates);
    const int threads = tp_get_num_threads();
    tp_manual_seed(4);
    tp_tensor *values = tp_randn(TP_F32, 5000, 40), *at = tp_randint(0, 7, 5000), *wide = tp_unsqueeze(at, 1);
    tp_tensor *zeros = tp_zeros(TP_F32, 7, 40), *first[3] = {0};
    float want[40] = {0};
    for (int64_t i = 0; i < 5000; i++)
        for (int64_t k = 0; k < 40; k++)
            want[k] += tp_data_i64(at)[i] == 3 ? tp_data_f32(values)[i * 40 + k] : 0;
    for (int n = 1; n <= 3; n++) {
        tp_set_num_threads(n);
        tp_tensor *sums[3] = {tp_index_add(zeros, 0, at, values, 1),
                              tp_index_put(zeros, 1, &at, values, true),
                              tp_scatter_add(zeros, 0, tp_expand(wide, 5000, 40), values)};
        for (int k = 0; k < 3; k++) {
            CHECK(first[k] == NULL || tp_equal(first[k], sums[k]));
            first[k] = sums[k];
            CHECK(!memcmp(tp_data_f32(sums[k]) + 3 * 40, want, sizeof want));
        }
    }
    tp_set_num_threads(threads);
    CHECK_OK();
}

/* What is written in place is what the operation of the same name gives. */
static void in_place(void)
{
    TP_SCOPE(in_place);
    tp_tensor *x = tp_reshape(tp_arange(TP_F32, 0, 12, 1), 3, 4), *mask = tp_gt(x, 7);
    tp_tensor *rows = tp_from_text(TP_I64, "[2, 0]"), *source = tp_mul(tp_ones(TP_F32, 2, 4), 100);
    tp_tensor *wide = tp_from_text(TP_I64, "[[0, 2, 1, 0], [2, 2, 1, 1]]");
    tp_tensor *const at[2] = {rows, rows};
    tp_tensor *values = tp_from_text(TP_F32, "[-1, -2]");
    tp_tensor *want[9] = {tp_masked_fill(x, mask, -3),          tp_masked_scatter(x, mask, source),
                          tp_index_put(x, 2, at, values, true), tp_index_add(x, 0, rows, source, 0.5),
                          tp_index_copy(x, 0, rows, source),    tp_index_fill(x, 1, rows, 9),
                          tp_scatter(x, 0, wide, source),       tp_scatter_value(x, 0, wide, 8),
                          tp_scatter_add(x, 0, wide, source)};
    for (int transposed = 0; transposed < 2; transposed++)
        for (int k = 0; k < 9; k++) {
            tp_tensor *y = transposed ? tp_t(tp_clone(tp_t(x))) : tp_clone(x); /* of any strides */
            const tp_status status[9] = {k == 0 ? tp_masked_fill_(y, mask, -3) : TP_OK,
                                         k == 1 ? tp_masked_scatter_(y, mask, source) : TP_OK,
                                         k == 2 ? tp_index_put_(y, 2, at, values, true) : TP_OK,
                                         k == 3 ? tp_index_add_(y, 0, rows, source, 0.5) : TP_OK,
                                         k == 4 ? tp_index_copy_(y, 0, rows, source) : TP_OK,
                                         k == 5 ? tp_index_fill_(y, 1, rows, 9) : TP_OK,
                                         k == 6 ? tp_scatter_(y, 0, wide, source) : TP_OK,
                                         k == 7 ? tp_scatter_value_(y, 0, wide, 8) : TP_OK,
                                         k == 8 ? tp_scatter_add_(y, 0, wide, source) : TP_OK};
            CHECK(status[k] == TP_OK && tp_equal(y, want[k]) && !tp_equal(y, x));
        }
    tp_tensor *w = tp_requires_grad_(tp_ones(TP_F32, 3, 4), true), *y = tp_clone(x);
    CHECK(tp_masked_fill_(w, mask, 0) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE,
                "masked_fill_: a leaf Variable that requires grad is being used in an in-place");
    CHECK(tp_index_add_(y, 0, rows, tp_mul(tp_index_select(w, 0, rows), 2), 1) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "index_add_: operand 1 requires a gradient, and operations in place are not");
    CHECK(tp_masked_fill_(tp_ones(TP_F32, 4), mask, 0) == TP_ERROR_SHAPE);
    CHECK_ERROR(TP_ERROR_SHAPE,
                "masked_fill_: output with shape [4] doesn't match the broadcast shape [3, 4]");
    CHECK(tp_scatter_value_(y, 0, tp_from_text(TP_I64, "[[3]]"), 1) == TP_ERROR_INDEX);
    CHECK_ERROR(TP_ERROR_INDEX, "scatter");
    CHECK(tp_equal(y, x) && tp_is_grad_enabled()); /* nothing is changed after an error */
    {
        TP_SCOPE_NO_GRAD(written);
        CHECK(tp_index_fill_(w, 0, rows, 5) == TP_OK && tp_at(w, 2, 1) == 5 && tp_at(w, 1, 1) == 1);
    }
    CHECK_OK();
}

int main(void)
{
    case_check(TP_SOURCE_DIR "/tests/golden/shape.pack", shapes);
    case_check(TP_SOURCE_DIR "/tests/golden/index.pack", indices);
    refusals();
    duplicates();
    in_place();
    tp_finish();
    return test_end();
}
