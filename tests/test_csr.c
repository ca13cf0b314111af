/* Compressed sparse rows. */
#include "taper/tensor.h"
#include "tensor/tensor.h"
#include "test.h"

static const int64_t starts[] = {0, 2, 2, 5};
static const int32_t columns[] = {1, 3, 4, 0, 2};
static const float values[] = {1, 2, 3, 4, 5};

static void making(void)
{
    TP_SCOPE(making);
    tp_tensor *m = tp_csr(TP_F32, 3, 5, 5, starts, columns, values);
    CHECK(tp_is_sparse(m) && tp_ndim(m) == 2 && tp_size(m, 0) == 3 && tp_size(m, 1) == 5 && tp_nnz(m) == 5);
    CHECK(tp_numel(m) == 15 && !tp_is_contiguous(m));
    CHECK(tp_csr_row_starts(m)[3] == 5 && tp_csr_columns(m)[4] == 2);
    CHECK(tp_at(m, 0, 3) == 2 && tp_at(m, 1, 1) == 0 && tp_at(m, -1, 0) == 4);
    CHECK_TEXT(
        tp_repr(tp_to_dense(m)),
        "tensor([[0., 1., 0., 2., 0.],\n        [0., 0., 0., 0., 0.],\n        [4., 0., 5., 0., 3.]])");
    CHECK_TEXT(tp_repr(m), "tensor(crow_indices=tensor([0, 2, 2, 5]),\n"
                           "       col_indices=tensor([1, 3, 4, 0, 2]),\n"
                           "       values=tensor([1., 2., 3., 4., 5.]), size=(3, 5), nnz=5,\n"
                           "       layout=torch.sparse_csr)");
    tp_tensor *stored = tp_csr_values(m);
    CHECK(tp_ndim(stored) == 1 && tp_data_f32(stored)[4] == 5);
    tp_data_f32(stored)[4] = 6;
    CHECK(tp_at(m, 2, 2) == 6 && m->storage == stored->storage);
    float dense[15];
    CHECK(tp_copy_to_array(m, dense, sizeof dense) == TP_OK && dense[12] == 6 && dense[0] == 0);
    CHECK_OK();
    CHECK(!tp_data(m));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "tp_csr_values");
    CHECK(tp_stride(m, 0) == -1);
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "no strides");
    tp_tensor *dense_tensor = tp_zeros(TP_F32, 2);
    CHECK(tp_nnz(dense_tensor) == -1 && tp_nnz(NULL) == -1 && !tp_csr_columns(dense_tensor) &&
          !tp_csr_row_starts(NULL));
    CHECK(!tp_csr_values(dense_tensor));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "not CSR");
    CHECK(tp_nnz(tp_csr(TP_F64, 0, 0, 0, starts, NULL, NULL)) == 0);
    CHECK(tp_nnz(tp_csr(TP_F64, 2, 0, 0, (const int64_t[]){0, 0, 0}, NULL, NULL)) == 0);
    CHECK_OK();
}

static void refusals(void)
{
    TP_SCOPE(refusals);
    static const struct {
        int64_t rows, columns, stored, starts[4];
        int32_t column_of[5];
        tp_status code;
        const char *piece;
    } bad[] = {
        {3, 5, 5, {1, 2, 2, 5}, {1, 3, 4, 0, 2}, TP_ERROR_VALUE, "from 1 to 5"},
        {3, 5, 5, {0, 2, 2, 4}, {1, 3, 4, 0, 2}, TP_ERROR_VALUE, "not from 0 to 5"},
        {3, 5, 5, {0, 3, 2, 5}, {1, 3, 4, 0, 2}, TP_ERROR_VALUE, "row 1 starts at 3 and ends at 2"},
        {3, 5, 5, {0, 9, 2, 5}, {1, 3, 4, 0, 2}, TP_ERROR_VALUE, "row 0 starts at 0 and ends at 9"},
        {3, 4, 5, {0, 2, 2, 5}, {1, 3, 4, 0, 2}, TP_ERROR_INDEX, "column 4 in row 2"},
        {3, 5, 5, {0, 2, 2, 5}, {1, -3, 4, 0, 2}, TP_ERROR_INDEX, "column -3 in row 0"},
        {3, 5, 5, {0, 2, 2, 5}, {1, 3, 4, 0, 4}, TP_ERROR_VALUE, "twice in row 2"},
        {3, 5, 5, {0, 2, 2, 5}, {1, 1, 4, 0, 2}, TP_ERROR_VALUE, "twice in row 0"},
        {-1, 5, 5, {0, 2, 2, 5}, {0}, TP_ERROR_SHAPE, "[-1, 5]"},
        {3, (int64_t)1 << 31, 5, {0, 2, 2, 5}, {0}, TP_ERROR_SHAPE, "CSR"},
        {3, 5, -5, {0, 2, 2, 5}, {0}, TP_ERROR_SHAPE, "-5 entries"},
        {INT64_MAX, 5, 5, {0, 2, 2, 5}, {0}, TP_ERROR_SHAPE, "CSR"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(!tp_csr(TP_F32, bad[i].rows, bad[i].columns, bad[i].stored, bad[i].starts, bad[i].column_of,
                      values));
        CHECK_ERROR(bad[i].code, bad[i].piece);
    }
    CHECK(!tp_csr(TP_F32, 3, 5, 5, NULL, columns, values));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "row_starts");
    CHECK(!tp_csr(TP_F32, 3, 5, 5, starts, NULL, values));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "column_of");
    CHECK(!tp_csr(TP_F32, 3, 5, 5, starts, columns, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "values");
    CHECK(!tp_csr((tp_dtype)TP_DTYPES, 3, 5, 5, starts, columns, values));
    CHECK_ERROR(TP_ERROR_DTYPE, "8");
    CHECK(!tp_to_csr(tp_zeros(TP_F32, 3)));
    CHECK_ERROR(TP_ERROR_SHAPE, "to_csr");
    tp_tensor *wide = tp_csr(TP_F32, 3, INT32_MAX, 5, starts, columns, values);
    float few[4];
    CHECK(tp_copy_to_array(wide, few, sizeof few) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "16 bytes");
}

/* A matrix with about a third of its entries, in all sizes from small to blocks. */
static tp_tensor *random_dense(tp_dtype dtype, int64_t rows, int64_t width)
{
    tp_tensor *t = tp_zeros(dtype, rows, width);
    for (int64_t i = 0; i < t->numel; i++)
        if (tp_random32(NULL) % 3 == 0)
            tp__store_i64(dtype, t->data + (size_t)i * tp_dtype_size(dtype), tp_random32(NULL) % 100);
    return t;
}

static void rows(void)
{
    tp_manual_seed(3);
    for (int n = 0; n < 120; n++) {
        TP_SCOPE(rows);
        const tp_dtype dtype = (tp_dtype)(n % (TP_F64 + 1));
        const int64_t height = 1 + tp_random32(NULL) % (n % 3 ? 8 : 90), width = 1 + tp_random32(NULL) % 40;
        tp_tensor *dense = random_dense(dtype, height, width), *m = tp_to_csr(dense);
        CHECK(tp_equal(tp_to_dense(m), dense) && tp_equal(m, m) && !tp_equal(m, dense));
        tp_tensor *turned =
            tp__tensor_view(dense, 2, (const int64_t[]){width, height}, (const int64_t[]){1, width}, 0);
        CHECK(tp_equal(tp_to_dense(tp_to_csr(turned)), turned));
        int64_t picked[100];
        const int64_t count = tp_random32(NULL) % 100;
        for (int64_t i = 0; i < count; i++)
            picked[i] = tp_random32(NULL) % height;
        tp_tensor *batch = tp_to_dense(tp_csr_rows(m, picked, count));
        int wrong = 0;
        for (int64_t i = 0; i < count; i++)
            for (int64_t c = 0; c < width; c++)
                wrong += tp_at(batch, i, c) != tp_at(dense, picked[i], c);
        CHECK(wrong == 0 && tp_size(batch, 0) == count);
        /* Of a slice of rows, which does not start at 0. */
        const int64_t first = height / 2;
        tp_tensor *slice =
            tp__tensor_csr(tp_region_current(), dtype, height - first, width,
                           m->csr->row_starts[height] - m->csr->row_starts[first], m->csr->row_starts + first,
                           m->csr->columns + m->csr->row_starts[first],
                           m->data + (size_t)m->csr->row_starts[first] * tp_dtype_size(dtype));
        tp_tensor *rest = tp__tensor_view(dense, 2, (const int64_t[]){height - first, width},
                                          (const int64_t[]){width, 1}, first * width);
        CHECK(tp_equal(tp_to_dense(slice), rest) && tp_equal(slice, tp_to_csr(rest)));
        CHECK_TEXT(tp_repr(slice), tp_repr(tp_to_csr(rest)));
        CHECK(
            tp_equal(tp_to_dense(tp_csr_rows(slice, (const int64_t[]){0}, 1)),
                     tp__tensor_view(rest, 2, (const int64_t[]){1, width}, (const int64_t[]){width, 1}, 0)));
        /* Sabotage: one changed value is noticed. */
        if (m->stored) {
            tp_tensor *changed = tp_csr_rows(m, picked, 0);
            changed = tp__tensor_copy(tp_region_current(), m);
            CHECK(tp_equal(changed, m));
            const int64_t at = m->stored - 1;
            char *p = changed->data + (size_t)at * tp_dtype_size(dtype);
            tp__store_i64(dtype, p, !tp__load_i64(dtype, p));
            CHECK(!tp_equal(changed, m) && !tp_equal(m, changed) && !tp_allclose(m, changed, 1e-5, 0));
        }
    }
    TP_SCOPE(errors);
    tp_tensor *m = tp_csr(TP_F32, 3, 5, 5, starts, columns, values);
    CHECK(!tp_csr_rows(m, (const int64_t[]){0, 3}, 2));
    CHECK_ERROR(TP_ERROR_INDEX, "index 3 is out of bounds for 3 rows");
    CHECK(!tp_csr_rows(m, (const int64_t[]){-1}, 1));
    CHECK_ERROR(TP_ERROR_INDEX, "index -1");
    CHECK(!tp_csr_rows(m, NULL, 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "indices");
    CHECK(!tp_csr_rows(m, NULL, -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "negative");
    CHECK(tp_size(tp_csr_rows(m, NULL, 0), 0) == 0);
    CHECK(!tp_csr_rows(NULL, NULL, 0) && !tp_to_csr(NULL) && !tp_to_dense(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "csr_rows: an operand is NULL");
}

static void equality(void)
{
    TP_SCOPE(equality);
    /* The order of a row's columns and stored zeros do not matter. */
    tp_tensor *a = tp_csr(TP_F32, 3, 5, 5, starts, columns, values);
    tp_tensor *b = tp_csr(TP_F32, 3, 5, 6, (const int64_t[]){0, 2, 3, 6}, (const int32_t[]){3, 1, 4, 0, 2, 4},
                          (const float[]){2, 1, 0, 4, 5, 3});
    CHECK(tp_equal(a, b) && tp_equal(b, a));
    tp_tensor *c =
        tp_csr(TP_F32, 3, 5, 1, (const int64_t[]){0, 1, 1, 1}, (const int32_t[]){1}, (const float[]){1});
    CHECK(!tp_equal(a, c) && !tp_equal(c, a));
}

static void lifetime(void)
{
    TP_SCOPE(outer);
    tp_tensor *small, *large, *dense = random_dense(TP_F32, 300, 50);
    {
        TP_SCOPE(inner);
        small = tp_keep(tp_csr(TP_F32, 3, 5, 5, starts, columns, values));
        tp_tensor *made = tp_to_csr(dense);
        const void *data = made->data;
        large = tp_keep(made);
        CHECK(large->data == data && large != made && tp_equal(large, made));
    }
    CHECK(tp_at(small, 2, 0) == 4 && tp_equal(tp_to_dense(large), dense));
    tp_tensor *stored = tp_csr_values(large);
    tp_release(large);
    CHECK(tp_numel(stored) && isfinite(tp_at(stored, 0)));
    CHECK(!tp_csr_rows(large, NULL, 0));
    CHECK_ERROR(TP_ERROR_STATE, "released");
    CHECK_OK();
}

static void without_memory(void)
{
    for (int64_t n = 0; n < 1000; n++) {
        TP_SCOPE(outer);
        tp_tensor *dense = random_dense(TP_F32, 100, 50);
        TP_SCOPE(inner);
        tp__memory_fail_after(n);
        tp_tensor *m = tp_to_csr(dense), *kept = tp_keep(m);
        tp_tensor *unsorted = tp_csr(TP_F32, 3, 5, 5, starts, columns, values);
        const bool same = kept && unsorted && tp_equal(kept, m);
        const bool done = same && tp_repr(kept) && tp_to_dense(kept);
        tp__memory_fail_after(-1);
        if (done)
            break;
        CHECK_ERROR(TP_ERROR_MEMORY, "memory");
        CHECK(n < 999);
    }
    CHECK_OK();
}

int main(void)
{
    making();
    refusals();
    rows();
    equality();
    lifetime();
    without_memory();
    tp_finish();
    CHECK(tp_memory_used() == 0);
    return test_end();
}
