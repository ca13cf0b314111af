/* .npy files: read what NumPy writes, write the same bytes, refuse broken ones. */
#include "taper/io.h"
#include "base/memory.h"
#include "pack.h"
#include "tensor/tensor.h"

#include <unistd.h>

static const char *const letters[TP_DTYPES] = {"b1", "u1", "i4", "i8", "f4", "f8", "f2", "bf"};

/* See pattern in golden/npy.py. */
static double pattern(tp_dtype dtype, int64_t k)
{
    const double value = (double)((7 * k + 3) % 11 - 5);
    if (dtype == TP_BOOL)
        return k % 3 == 0;
    if (dtype == TP_U8)
        return fabs(value);
    if (tp_dtype_is_float(dtype))
        return k == 1 ? -0.0 : k == 2 ? (double)INFINITY : value * 0.25;
    return value;
}

static tp_tensor *make(tp_dtype dtype, int ndim, const int64_t *shape)
{
    tp_tensor *t = tp_zeros_n(dtype, ndim, shape);
    for (int64_t k = 0; t && k < tp_numel(t); k++)
        tp__store_f64(dtype, t->data + (size_t)k * tp_dtype_size(dtype), pattern(dtype, k));
    return t;
}

/* The view with the dimensions reversed. */
static tp_tensor *turn(const tp_tensor *t)
{
    int64_t shape[TP_MAX_DIMS] = {0}, strides[TP_MAX_DIMS] = {0};
    for (int i = 0; i < t->ndim; i++) {
        shape[i] = t->shape[t->ndim - 1 - i];
        strides[i] = t->strides[t->ndim - 1 - i];
    }
    return tp__tensor_view(t, t->ndim, shape, strides, 0);
}

/* "i4|2,3" */
static int parse(const char *text, tp_dtype *dtype, int64_t *shape)
{
    for (int d = 0; d < TP_DTYPES; d++)
        if (strncmp(text, letters[d], 2) == 0)
            *dtype = (tp_dtype)d;
    int ndim = 0;
    for (text += 3; *text; ndim++) {
        char *end;
        shape[ndim] = strtoll(text, &end, 10);
        text = *end ? end + 1 : end;
    }
    return ndim;
}

static void test_golden(void)
{
    pack p = pack_open(TP_SOURCE_DIR "/tests/golden/npy_cases.pack");
    int same = 0, bad = 0;
    while (pack_next(&p)) {
        TP_SCOPE(one);
        const char *path = test_write_file("case.npy", p.item, p.item_length);
        const char *colon = strchr(p.name, '|') + 1;
        tp_tensor *t = tp_npy_load(path);
        if (strncmp(p.name, "bad", 3) == 0) {
            CHECK(!t);
            CHECK_ERROR(tp_error(), colon);
            bad++;
        } else {
            tp_dtype dtype = TP_F32;
            int64_t shape[TP_MAX_DIMS], reversed[TP_MAX_DIMS];
            const int ndim = parse(colon, &dtype, shape);
            for (int i = 0; i < ndim; i++)
                reversed[i] = shape[ndim - 1 - i];
            const bool fortran = p.name[0] == 'f';
            tp_tensor *want = make(dtype, ndim, fortran ? reversed : shape);
            if (fortran)
                want = turn(want);
            CHECK_OK();
            CHECK(t && t->contiguous && tp_equal(t, want));
            if (p.name[0] != 'r') {
                CHECK(tp_npy_save(path, want) == TP_OK);
                CHECK(test_file_is(path, p.item, p.item_length));
                same++;
            }
            if (want && want->numel > 1) {
                /* One changed element must be noticed, in memory and in the file. */
                want->data[0] = (char)!want->data[0];
                CHECK(!tp_equal(t, want));
                tp_npy_save(path, want);
                CHECK(!test_file_is(path, p.item, p.item_length));
            }
        }
        CHECK_OK();
        unlink(path);
    }
    CHECK(same > 70 && bad > 25);
}

static void test_strides(void)
{
    TP_SCOPE(strides);
    const char *path = test_temporary("strides.npy");
    const int64_t shape[] = {4, 6}, part[] = {2, 3}, strides[] = {12, 2};
    tp_tensor *whole = make(TP_F32, 2, shape);
    tp_tensor *view = tp__tensor_view(whole, 2, part, strides, 1);
    CHECK(tp_npy_save(path, view) == TP_OK);
    tp_tensor *back = tp_npy_load(path);
    CHECK(tp_equal(back, view));
    CHECK_OK();
    unlink(path);
}

static void test_errors(void)
{
    TP_SCOPE(errors);
    CHECK(!tp_npy_load("/nonexistent.npy"));
    CHECK_ERROR(TP_ERROR_IO, "cannot open '/nonexistent.npy': No such file");
    CHECK(!tp_npy_load("/tmp"));
    CHECK_ERROR(TP_ERROR_IO, "it is a directory");
    CHECK(!tp_npy_load("/dev/zero"));
    CHECK_ERROR(TP_ERROR_IO, "not a regular file");
    CHECK(!tp_npy_load(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "path is NULL");
    CHECK(tp_npy_save("x.npy", NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "is NULL");
    tp_tensor *t = tp_ones(TP_F32, 3);
    CHECK(tp_npy_save("/nonexistent/x.npy", t) == TP_ERROR_IO);
    CHECK_ERROR(TP_ERROR_IO, "cannot create a file beside '/nonexistent/x.npy'");
    CHECK(tp_npy_save("/dev/full", t) == TP_ERROR_IO);
    CHECK_ERROR(TP_ERROR_IO, "cannot write '/dev/full': No space left");
    CHECK(tp_npy_save("/dev/null", t) == TP_OK);
    const int64_t starts[] = {0, 1};
    const int32_t columns[] = {0};
    const float values[] = {1};
    CHECK(tp_npy_save("x.npy", tp_csr(TP_F32, 1, 2, 1, starts, columns, values)) == TP_ERROR_UNSUPPORTED);
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "sparse");
}

static void test_out_of_memory(void)
{
    const char *path = test_temporary("memory.npy");
    bool done = false;
    for (int64_t n = 0; !done && n < 100; n++) {
        TP_SCOPE(out_of_memory);
        const int64_t shape[] = {3, 2};
        tp_tensor *t = turn(make(TP_F64, 2, shape));
        tp__memory_fail_after(n);
        const bool saved = tp_npy_save(path, t) == TP_OK;
        tp_tensor *back = saved ? tp_npy_load(path) : NULL;
        tp__memory_fail_after(-1);
        done = back != NULL;
        if (done)
            CHECK(tp_equal(back, t));
        else
            CHECK(tp_error() == TP_ERROR_MEMORY);
        tp_clear_error();
    }
    CHECK(done);
    unlink(path);
}

int main(void)
{
    test_golden();
    test_strides();
    test_errors();
    test_out_of_memory();
    tp_finish();
    return test_end();
}
