/* Making tensors, looking at them, views, comparison, lifetime. */
#include "taper/tensor.h"
#include "tensor/tensor.h"
#include "test.h"

static void creation(void)
{
    TP_SCOPE(creation);
    tp_tensor *z = tp_zeros(TP_F32, 2, 3);
    CHECK(tp_ndim(z) == 2 && tp_size(z, 0) == 2 && tp_size(z, -1) == 3 && tp_numel(z) == 6);
    CHECK(tp_stride(z, 0) == 3 && tp_stride(z, 1) == 1 && tp_is_contiguous(z) && !tp_is_sparse(z));
    CHECK(tp_dtype_of(z) == TP_F32 && tp_shape(z)[1] == 3);
    CHECK(tp_at(z, 1, 2) == 0);
    CHECK((uintptr_t)tp_data(z) % 16 == 0);
    for (int64_t n = 1; n < 100000; n *= 3) {
        tp_tensor *t = tp_full(TP_F32, 2.5, n);
        CHECK(tp_data_f32(t)[0] == 2.5f && tp_data_f32(t)[n - 1] == 2.5f);
        CHECK((uintptr_t)tp_data(t) % (n * 4 > TP__SMALL ? 64 : 16) == 0);
    }
    tp_tensor *scalar = tp_scalar(TP_F64, 0.1);
    CHECK(tp_ndim(scalar) == 0 && tp_numel(scalar) == 1 && tp_item(scalar) == 0.1);
    CHECK(tp_item_i64(tp_scalar_i64(INT64_MAX)) == INT64_MAX);
    tp_tensor *empty = tp_ones(TP_I64, 3, 0, 2);
    CHECK(tp_numel(empty) == 0 && tp_is_contiguous(empty) && tp_stride(empty, 0) == 2);
    for (int d = 0; d < TP_DTYPES; d++) {
        tp_tensor *one = tp_ones((tp_dtype)d, 5);
        CHECK(tp_at(one, 0) == 1 && tp_at(one, -1) == 1);
        CHECK(tp_equal(tp_full_like(one, 1), one) && tp_equal(tp_ones_like(one), one));
        CHECK(!tp_equal(tp_zeros_like(one), one));
    }
    CHECK(tp_item(tp_full(TP_I32, 2.9, 1)) == 2 && tp_item(tp_full(TP_BOOL, 0.5, 1)) == 1);
    CHECK_OK();
    CHECK(!tp_full(TP_U8, 256, 1));
    CHECK_ERROR(TP_ERROR_VALUE, "uint8 cannot hold 256");
    CHECK(!tp_full(TP_I64, NAN, 1));
    CHECK_ERROR(TP_ERROR_VALUE, "int64");
    CHECK(!tp_zeros(TP_F32, 2, -1));
    CHECK_ERROR(TP_ERROR_SHAPE, "[2, -1]");
    CHECK(!tp_zeros(TP_F32, INT64_MAX, 2));
    CHECK_ERROR(TP_ERROR_SHAPE, "too many");
    CHECK(!tp_zeros(TP_F64, INT64_MAX / 2));
    CHECK_ERROR(TP_ERROR_SHAPE, "too many");
    CHECK(!tp_zeros(TP_F64, 0, INT64_MAX, INT64_MAX));
    CHECK_ERROR(TP_ERROR_SHAPE, "too many");
    tp_set_memory_limit((size_t)1 << 40); /* an allocator may end the program over such sizes */
    for (int power = 38; power <= 58; power++) {
        CHECK(!tp_zeros(TP_F64, (int64_t)1 << power));
        CHECK_ERROR(TP_ERROR_MEMORY, "zeros: out of memory");
    }
    tp_set_memory_limit(0);
    CHECK(!tp_zeros_n(TP_F32, 9, (const int64_t[9]){0}));
    CHECK_ERROR(TP_ERROR_SHAPE, "0 to 8 dimensions");
    CHECK(!tp_zeros_n(TP_F32, -1, NULL));
    CHECK_ERROR(TP_ERROR_SHAPE, "-1");
    CHECK(!tp_zeros((tp_dtype)TP_DTYPES, 1));
    CHECK_ERROR(TP_ERROR_DTYPE, "8 is not a dtype");
    CHECK(tp_numel(tp_zeros_n(TP_F32, 0, NULL)) == 1);

    tp_tensor *eye = tp_eye(TP_I32, 2, 3);
    CHECK_TEXT(tp_repr(eye), "tensor([[1, 0, 0],\n        [0, 1, 0]], dtype=torch.int32)");
    CHECK(tp_numel(tp_eye(TP_F32, 0, 3)) == 0);
    CHECK(!tp_eye(TP_F32, -1, 2));
    CHECK_ERROR(TP_ERROR_SHAPE, "eye: the shape [-1, 2] has a negative size");
    const int64_t numbers[] = {1, 2, 3, 4};
    tp_tensor *array = tp_from_array(TP_I64, numbers, 2, 2);
    CHECK(tp_at(array, 1, 0) == 3);
    CHECK(tp_numel(tp_from_array(TP_I64, NULL, 0)) == 0);
    CHECK(!tp_from_array(TP_I64, NULL, 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "array");
}

static void count_release(void *argument)
{
    ++*(int *)argument;
}

static void wrapping(void)
{
    float array[] = {1, 2, 3};
    int released = 0;
    const int64_t three = 3;
    {
        TP_SCOPE(wrapping);
        tp_tensor *t = tp_wrap_array_n(TP_F32, array, 1, &three, count_release, &released);
        array[1] = 7;
        CHECK(tp_at(t, 1) == 7 && tp_data(t) == array && released == 0);
        CHECK(tp_wrap_array_n(TP_F32, array, 1, &three, NULL, NULL));
        CHECK(!tp_wrap_array_n(TP_F32, NULL, 1, &three, NULL, NULL));
        CHECK_ERROR(TP_ERROR_ARGUMENT, "array");
    }
    CHECK(released == 1);
}

static void looking(void)
{
    TP_SCOPE(looking);
    tp_tensor *t = tp_arange(TP_F32, 0, 6, 1);
    CHECK(tp_size(t, 1) == -1);
    CHECK_ERROR(TP_ERROR_INDEX, "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
    CHECK(tp_size(tp_scalar(TP_F32, 1), 0) == -1);
    CHECK_ERROR(TP_ERROR_INDEX, "no dimensions");
    CHECK(isnan(tp_item(t)));
    CHECK_ERROR(TP_ERROR_SHAPE, "a Tensor with 6 elements cannot be converted to Scalar");
    CHECK(tp_item_i64(t) == -1);
    CHECK_ERROR(TP_ERROR_SHAPE, "Scalar");
    CHECK(tp_item_i64(tp_scalar(TP_F64, -2.75)) == -2);
    CHECK(tp_item_i64(tp_scalar(TP_F64, 1e19)) == -1);
    CHECK_ERROR(TP_ERROR_VALUE, "int64");
    CHECK(isnan(tp_at(t, 6)));
    CHECK_ERROR(TP_ERROR_INDEX, "index 6 is out of bounds for dimension 0 with size 6");
    CHECK(isnan(tp_at(t, 0, 0)));
    CHECK_ERROR(TP_ERROR_INDEX, "2 indices for a tensor of 1 dimensions");
    CHECK(tp_ndim(NULL) == -1 && tp_numel(NULL) == -1 && !tp_shape(NULL) && tp_dtype_of(NULL) == TP_F32);
    CHECK(!tp_is_contiguous(NULL) && !tp_is_sparse(NULL));
    CHECK_OK();
    CHECK(tp_size(NULL, 0) == -1);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "NULL");
    CHECK(!tp_data_f64(t));
    CHECK_ERROR(TP_ERROR_DTYPE, "data_f64: the tensor is float32, not float64");
    float out[6];
    CHECK(tp_copy_to_array(t, out, sizeof out) == TP_OK && out[5] == 5);
    CHECK(tp_copy_to_array(t, out, sizeof out - 1) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "23 bytes");
    CHECK(tp_copy_to_array(t, NULL, sizeof out) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "array");
}

static void views(void)
{
    TP_SCOPE(views);
    tp_tensor *t = tp__tensor_view(tp_arange(TP_I32, 0, 24, 1), 3, (const int64_t[]){2, 3, 4},
                                   (const int64_t[]){12, 4, 1}, 0);
    CHECK(tp_is_contiguous(t) && tp_at(t, 1, 2, 3) == 23 && t->storage->views == 2);
    tp_tensor *turned = tp__tensor_view(t, 3, (const int64_t[]){4, 2, 3}, (const int64_t[]){1, 12, 4}, 0);
    CHECK(!tp_is_contiguous(turned) && tp_at(turned, 3, 1, 2) == 23 && tp_at(turned, 1, 0, 2) == 9);
    CHECK(!tp_data(turned));
    CHECK_ERROR(TP_ERROR_STATE, "not contiguous");
    int32_t out[24];
    CHECK(tp_copy_to_array(turned, out, sizeof out) == TP_OK && out[0] == 0 && out[1] == 4 && out[3] == 12);
    tp_tensor *part = tp__tensor_view(t, 1, (const int64_t[]){3}, (const int64_t[]){8}, 5);
    CHECK(tp_at(part, 0) == 5 && tp_at(part, 2) == 21);
    tp_tensor *expanded = tp__tensor_view(part, 2, (const int64_t[]){2, 3}, (const int64_t[]){0, 8}, 0);
    CHECK(tp_at(expanded, 1, 2) == 21 && !tp_is_contiguous(expanded));
    tp_tensor *row = tp__tensor_view(t, 3, (const int64_t[]){1, 1, 4}, (const int64_t[]){77, 5, 1}, 4);
    CHECK(tp_is_contiguous(row) && tp_data_i32(row)[0] == 4);
    tp_data_i32(t)[5] = -1;
    const uint32_t version = part->storage->version;
    tp_mark_changed(t);
    CHECK(tp_at(part, 0) == -1 && part->storage->version == version + 1);
    CHECK(tp_equal(tp__tensor_copy(tp_region_current(), turned), turned));

    /* All pairs of dtypes, strided and not, by way of small whole numbers. */
    for (int a = 0; a < TP_DTYPES; a++)
        for (int b = 0; b < TP_DTYPES; b++) {
            tp_tensor *from = tp_zeros((tp_dtype)a, 3, 5), *to = tp_zeros((tp_dtype)b, 3, 5);
            for (int64_t i = 0; i < 15; i++)
                tp__store_i64((tp_dtype)a, from->data + (size_t)i * tp_dtype_size((tp_dtype)a), i * 3 % 7);
            tp__copy_elements(from, to);
            CHECK(tp_allclose(from, to, 0, 0) == (b != TP_BOOL || a == TP_BOOL));
            tp_tensor *turn_from =
                tp__tensor_view(from, 2, (const int64_t[]){5, 3}, (const int64_t[]){1, 5}, 0);
            tp_tensor *to_turned = tp_zeros((tp_dtype)b, 5, 3);
            tp__copy_elements(turn_from, to_turned);
            CHECK(tp_at(to_turned, 4, 1) == tp_at(to, 1, 4) && tp_at(to_turned, 2, 2) == tp_at(to, 2, 2));
        }
    const int64_t large = ((int64_t)1 << 60) + 1;
    tp_tensor *wide = tp_from_array(TP_I64, &large, 1), *narrow = tp_zeros(TP_F32, 1);
    tp__copy_elements(wide, narrow);
    CHECK(tp_item(narrow) == 0x1p60);
    uint8_t byte;
    tp__store_f64(TP_U8, &byte, 300);
    CHECK(byte == 44);
    int32_t word;
    tp__store_f64(TP_I32, &word, NAN);
    CHECK(word == INT32_MIN);
    CHECK_OK();
}

static void comparison(void)
{
    TP_SCOPE(comparison);
    tp_tensor *a = tp_from_text(TP_F32, "[1, 2, inf]"), *b = tp_from_text(TP_F32, "[1.000009, 2, inf]");
    CHECK(!tp_equal(a, b) && tp_allclose(a, b, 1e-5, 1e-8) && !tp_allclose(a, b, 1e-6, 0));
    CHECK(tp_equal(tp_from_text(TP_F32, "[-0.0]"), tp_from_text(TP_F32, "[0.0]")));
    tp_tensor *nan = tp_from_text(TP_F32, "[nan]");
    CHECK(!tp_equal(nan, nan) && !tp_allclose(nan, nan, 1, 1));
    CHECK(!tp_equal(tp_ones(TP_F32, 2, 1), tp_ones(TP_F32, 2)));
    CHECK(!tp_equal(tp_ones(TP_F32, 2), tp_ones(TP_F64, 2)));
    const int64_t x = INT64_MAX, y = INT64_MAX - 1;
    CHECK(!tp_equal(tp_from_array(TP_I64, &x, 1), tp_from_array(TP_I64, &y, 1)));
    CHECK(!tp_equal(NULL, a) && !tp_allclose(a, NULL, 1, 1));
    CHECK_OK();
}

static void texts(void)
{
    TP_SCOPE(texts);
    tp_tensor *t = tp_from_text(TP_F32, " [[1, -2.5,3e2],\n [ .5, 5., +1E-1]]\n");
    CHECK_TEXT(tp_repr(t), "tensor([[ 1.0000e+00, -2.5000e+00,  3.0000e+02],\n"
                           "        [ 5.0000e-01,  5.0000e+00,  1.0000e-01]])");
    CHECK(tp_ndim(tp_from_text(TP_F32, "3.5")) == 0 && tp_item(tp_from_text(TP_F64, "-1e-3")) == -1e-3);
    CHECK(isnan(tp_item(tp_from_text(TP_F32, "nan"))) && tp_item(tp_from_text(TP_F32, "-inf")) == -INFINITY);
    CHECK(tp_item_i64(tp_from_text(TP_I64, "-9223372036854775808")) == INT64_MIN);
    CHECK(tp_item_i64(tp_from_text(TP_I64, "9223372036854775807")) == INT64_MAX);
    CHECK(tp_item_i64(tp_from_text(TP_I32, "2e3")) == 2000);
    CHECK_TEXT(tp_repr(tp_from_text(TP_BOOL, "[true, False, 1]")), "tensor([ True, False,  True])");
    CHECK(tp_size(tp_from_text(TP_F32, "[]"), 0) == 0);
    tp_tensor *hollow = tp_from_text(TP_F32, "[[], []]");
    CHECK(tp_ndim(hollow) == 2 && tp_size(hollow, 0) == 2 && tp_size(hollow, 1) == 0);
    CHECK(tp_ndim(tp_from_text(TP_U8, "[[[[[[[[255]]]]]]]]")) == 8);
    CHECK_OK();
    static const struct {
        tp_dtype dtype;
        const char *text, *piece;
    } bad[] = {
        {TP_F32, "", "line 1, column 1"},
        {TP_F32, "[1, 2", "column 6: the text ends"},
        {TP_F32, "[1, 2,]", "column 7"},
        {TP_F32, "[1 2]", "column 4: ',' or ']'"},
        {TP_F32, "[[1, 2],\n [3]]", "line 2, column 4: the lists of one level differ"},
        {TP_F32, "[[1], 2]", "column 7: a list is expected"},
        {TP_F32, "[1, [2]]", "column 5: a list where"},
        {TP_F32, "[[], [1]]", "column 8: the lists of one level differ"},
        {TP_F32, "[[], [[]]]", "column 7"},
        {TP_F32, "[[1], []]", "column 8: the lists of one level differ"},
        {TP_F32, "[[[]], []]", "column 9: an empty list"},
        {TP_F32, "[], []", "column 3: there is more"},
        {TP_F32, "1]", "column 2: there is more"},
        {TP_F32, "]", "column 1"},
        {TP_F32, "[1, x]", "column 5: a number"},
        {TP_F32, "1e", "column 1"},
        {TP_F32, "0x10", "column 2"},
        {TP_F32, "-", "column 1"},
        {TP_F32, "+true", "column 1"},
        {TP_F32, "nano", "column 4"},
        {TP_F32, "[[[[[[[[[1]]]]]]]]]", "column 9: more lists"},
        {TP_I64, "2.5", "whole number"},
        {TP_I64, "nan", "whole number"},
        {TP_I64, "9223372036854775808", "out of range"},
        {TP_I64, "-9223372036854775809", "out of range"},
        {TP_U8, "256", "out of range"},
        {TP_U8, "-1", "out of range"},
        {TP_I32, "3e9", "out of range"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(!tp_from_text(bad[i].dtype, bad[i].text));
        CHECK_ERROR(TP_ERROR_FORMAT, bad[i].piece);
    }
    CHECK(!tp_from_text(TP_F32, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "text");
}

static uint64_t hash(const tp_tensor *t)
{
    static char bytes[1 << 16];
    const size_t size = (size_t)tp_numel(t) * tp_dtype_size(tp_dtype_of(t));
    uint64_t h = 0xCBF29CE484222325u;
    if (tp_copy_to_array(t, bytes, sizeof bytes) != TP_OK)
        return 0;
    for (size_t i = 0; i < size; i++)
        h = (h ^ (uint8_t)bytes[i]) * 0x100000001B3u;
    return h;
}

/* The strided tensors of tests/golden/tensor_values.py. */
static tp_tensor *strided(tp_dtype dtype, const char *name)
{
    if (!strcmp(name, "transposed"))
        return tp__tensor_view(tp_zeros(dtype, 5, 7), 2, (const int64_t[]){7, 5}, (const int64_t[]){1, 7}, 0);
    if (!strcmp(name, "sliced"))
        return tp__tensor_view(tp_zeros(dtype, 6, 8), 2, (const int64_t[]){4, 5}, (const int64_t[]){8, 1},
                               10);
    if (!strcmp(name, "permuted"))
        return tp__tensor_view(tp_zeros(dtype, 2, 3, 4), 3, (const int64_t[]){4, 2, 3},
                               (const int64_t[]){1, 12, 4}, 0);
    return tp_zeros(dtype, 3, 9);
}

static void golden(void)
{
    char kind[32], name[16];
    double a, b, c;
    long long n;
    unsigned long long wanted;
    int records = 0, differ = 0, noticed = 0;
    FILE *f = fopen(TP_SOURCE_DIR "/tests/golden/tensor_values.txt", "r");
    CHECK(f);
    while (f && fscanf(f, "%31s %15s %la %la %la %lld %llx", kind, name, &a, &b, &c, &n, &wanted) == 7) {
        TP_SCOPE(record);
        int dtype = 0;
        while (strcmp(tp_dtype_name((tp_dtype)dtype), name))
            dtype++;
        char *view = strchr(kind, '-');
        tp_tensor *t = NULL;
        if (!strcmp(kind, "arange")) {
            t = tp_arange((tp_dtype)dtype, a, b, c);
        } else if (!strcmp(kind, "linspace")) {
            t = tp_linspace((tp_dtype)dtype, a, b, (int64_t)c);
        } else if (view) {
            *view = 0;
            t = strided((tp_dtype)dtype, view + 1);
            tp_manual_seed((uint64_t)c);
            CHECK((!strcmp(kind, "uniform")  ? tp_uniform_(t, a, b, NULL)
                   : !strcmp(kind, "normal") ? tp_normal_(t, a, b, NULL)
                                             : tp_bernoulli_(t, a, NULL)) == TP_OK);
        }
        records++;
        if (tp_numel(t) != n || hash(t) != wanted) {
            if (differ++ < 8)
                printf("%s %s %a %a %a %lld: %lld elements\n", kind, name, a, b, c, n,
                       (long long)tp_numel(t));
        }
        /* Sabotage: one changed bit must be noticed. */
        if (t && n) {
            t->data[0] ^= 1;
            noticed += hash(t) != wanted;
        } else {
            noticed++;
        }
    }
    if (f)
        fclose(f);
    printf("%d records, %d differ; with one bit changed %d differ\n", records, differ, noticed);
    CHECK(records >= 1000);
    CHECK(differ == 0);
    CHECK(noticed == records);
    CHECK_OK();
}

static void random_errors(void)
{
    TP_SCOPE(random_errors);
    tp_tensor *t = tp_zeros(TP_F32, 4);
    CHECK(tp_uniform_(t, 1, 0, NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "uniform_");
    CHECK(tp_normal_(t, 0, -1, NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "deviation");
    CHECK(tp_bernoulli_(t, NAN, NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "probability");
    CHECK(tp_normal_(tp_zeros(TP_I64, 2), 0, 1, NULL) == TP_ERROR_DTYPE);
    CHECK_ERROR(TP_ERROR_DTYPE, "int64");
    tp_tensor *expanded = tp__tensor_view(t, 2, (const int64_t[]){3, 4}, (const int64_t[]){0, 1}, 0);
    CHECK(tp_normal_(expanded, 0, 1, NULL) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "single memory location");
    t->requires_grad = true;
    CHECK(tp_normal_(t, 0, 1, NULL) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "requires grad");
    CHECK(!tp_randint(3, 3, 2));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "randint");
    CHECK(!tp_randperm(-1, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "randperm");
    CHECK(!tp_rand(TP_I64, 2));
    CHECK_ERROR(TP_ERROR_DTYPE, "rand");
    CHECK(tp_numel(tp_randn(TP_F32, 0)) == 0 && tp_numel(tp_randperm(0, NULL)) == 0);
    CHECK(tp_numel(tp_randint(-5, 5, 3, 2)) == 6);
    CHECK_OK();
    CHECK(!tp_arange(TP_F32, 0, 1, 0));
    CHECK_ERROR(TP_ERROR_VALUE, "step must be nonzero");
    CHECK(!tp_arange(TP_F32, 0, 1, -1));
    CHECK_ERROR(TP_ERROR_VALUE, "inconsistent");
    CHECK(!tp_arange(TP_I64, 0, 1, 0.5));
    CHECK_ERROR(TP_ERROR_VALUE, "whole number");
    CHECK(!tp_arange(TP_F64, 0, 1e300, 1));
    CHECK_ERROR(TP_ERROR_SHAPE, "too many");
    CHECK(!tp_linspace(TP_I64, 0, 1, 2));
    CHECK_ERROR(TP_ERROR_DTYPE, "linspace");
}

static void lifetime(void)
{
    tp_tensor *small, *large, *part, *recorded, *raw;
    static tp__history history = {.name = "AddBackward0"};
    TP_SCOPE(outer);
    tp_region *outer = tp_region_current();
    {
        TP_SCOPE(inner);
        tp_tensor *s = tp_full(TP_F32, 3, 4), *l = tp_full(TP_F32, 4, 5000);
        small = tp_keep(s);
        large = tp_keep(l);
        CHECK(small != s && large != l && tp_data(large) == tp_data(l) && tp_at(l, 4999) == 4);
        CHECK(tp__home_region(large->home) == outer && tp__home_region(l->home) == tp_region_current());
        CHECK(large->storage == l->storage && large->storage->views == 2);
        tp_tensor *base = tp_arange(TP_F32, 0, 5000, 1);
        part = tp_keep(tp__tensor_view(base, 1, (const int64_t[]){2500}, (const int64_t[]){2}, 0));
        CHECK(tp_is_contiguous(part) && tp_data(part) != tp_data(base));
        /* Copied, since the region ends before the data would. */
        recorded = tp_keep(part);
        CHECK(recorded != part && tp_at(recorded, 2) == 4);
    }
    CHECK(tp_at(small, 3) == 3 && tp_at(large, 4999) == 4 && tp_at(part, 2499) == 4998);
    CHECK(large->storage->block->region == outer);
    {
        TP_SCOPE(inner);
        tp_region *inner = tp_region_current();
        recorded = tp_full(TP_F32, 5, 5000);
        recorded->history = &history;
        CHECK(tp_keep(recorded) == recorded && tp__home_region(recorded->home) == outer);
        tp_tensor *later = tp_full(TP_F32, 6, 3);
        CHECK(tp__home_region(later->home) == inner && tp_at(later, 2) == 6);
    }
    CHECK(tp_at(recorded, 4999) == 5);
    tp_region *detached = tp_region_new_detached("detached");
    tp_region_enter(detached);
    tp_tensor *far = tp_ones(TP_F32, 2);
    CHECK(tp_keep(far) == far);
    tp_region_leave(detached);
    tp_region_end(detached);

    /* A view of what ends earlier is a copy. */
    tp_tensor *across;
    tp_region *inner = tp_region_new("inner");
    tp_region_enter(inner);
    raw = tp_full(TP_F32, 7, 2, 3);
    tp_region_leave(inner);
    across = tp__tensor_view(raw, 2, (const int64_t[]){3, 2}, (const int64_t[]){1, 3}, 0);
    tp_region_end(inner);
    CHECK(tp_at(across, 2, 1) == 7);

    /* Released data go back at once, unless shared. */
    tp_tensor *t = tp_zeros(TP_F32, 100000);
    const size_t before = tp_region_size(outer);
    tp_tensor *view = tp__tensor_view(t, 1, (const int64_t[]){10}, (const int64_t[]){1}, 0);
    tp_release(t);
    tp_release(t);
    CHECK(tp_region_size(outer) == before && tp_at(view, 9) == 0);
    CHECK(!tp_data(t));
    CHECK_ERROR(TP_ERROR_STATE, "released");
    tp_release(view);
    CHECK(tp_region_size(outer) + 400000 <= before);
    CHECK(isnan(tp_at(view, 0)));
    CHECK_ERROR(TP_ERROR_STATE, "released");
    CHECK(!tp_keep(t));
    CHECK_ERROR(TP_ERROR_STATE, "released");
    tp_release(NULL);
    CHECK(tp_keep(NULL) == NULL);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "keep: an operand is NULL");
}

static void without_memory(void)
{
    for (int64_t n = 0; n < 1000; n++) {
        TP_SCOPE(outer);
        TP_SCOPE(inner);
        tp__memory_fail_after(n);
        tp_tensor *t = tp_keep(tp_randn(TP_F32, 3000));
        tp_tensor *turned = tp__tensor_view(t, 2, (const int64_t[]){3, 1000}, (const int64_t[]){1, 3}, 0);
        tp_tensor *copy = tp_keep(turned);
        tp_tensor *text = tp_from_text(TP_F32, "[[1, 2], [3, 4]]");
        const bool filled = turned && tp_normal_(turned, 0, 1, NULL) == TP_OK;
        const bool done = copy && text && filled && tp_scalar(TP_F32, 1);
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
    creation();
    wrapping();
    looking();
    views();
    comparison();
    texts();
    golden();
    random_errors();
    lifetime();
    without_memory();
    tp_finish();
    CHECK(tp_memory_used() == 0);
    return test_end();
}
