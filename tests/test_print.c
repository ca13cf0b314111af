/* Printing against PyTorch's own text (tests/golden/print.py). */
#include "taper/tensor.h"
#include "tensor/tensor.h"
#include "test.h"

#include <locale.h>

static uint64_t splitmix64(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

typedef struct record {
    char dtype[16], layout;
    int flags, ndim;
    tp_print_options options;
    int64_t shape[TP_MAX_DIMS];
    unsigned long long seed;
    int64_t count;
    uint64_t values[32];
    size_t length;
    char *expected;
} record;

static bool read_number(FILE *f, long long *value)
{
    return fscanf(f, "%lld", value) == 1;
}

/* The next record, with `expected` to be freed; false at the end. */
static bool read_record(FILE *f, record *r)
{
    long long fields[6], value;
    if (fscanf(f, "%15s %c", r->dtype, &r->layout) != 2)
        return false;
    for (int i = 0; i < 6; i++)
        if (!read_number(f, &fields[i]))
            return false;
    r->flags = (int)fields[0];
    r->options = (tp_print_options){(int)fields[1], fields[2], fields[3], (int)fields[4]};
    r->ndim = (int)fields[5];
    for (int d = 0; d < r->ndim; d++) {
        if (!read_number(f, &value))
            return false;
        r->shape[d] = value;
    }
    if (fscanf(f, "%llu", &r->seed) != 1 || !read_number(f, &value) || value > 32)
        return false;
    r->count = value;
    for (int64_t i = 0; i < r->count; i++) {
        unsigned long long bits;
        if (fscanf(f, "%llx", &bits) != 1)
            return false;
        r->values[i] = bits;
    }
    if (!read_number(f, &value) || fgetc(f) != '\n')
        return false;
    r->length = (size_t)value;
    r->expected = calloc(1, r->length + 1);
    return r->expected && fread(r->expected, 1, r->length, f) == r->length && fgetc(f) == '\n';
}

static tp_tensor *rebuild(const record *r)
{
    int dtype = 0;
    while (strcmp(tp_dtype_name((tp_dtype)dtype), r->dtype))
        dtype++;
    int64_t memory_shape[TP_MAX_DIMS], strides[TP_MAX_DIMS];
    for (int d = 0; d < r->ndim; d++)
        memory_shape[d] = r->layout == 't' ? r->shape[r->ndim - 1 - d] : r->shape[d];
    tp_tensor *t = tp_zeros_n((tp_dtype)dtype, r->ndim, memory_shape);
    const size_t item = tp_dtype_size((tp_dtype)dtype);
    for (int64_t i = 0; t && i < t->numel; i++) {
        const uint64_t which =
            r->count == t->numel ? (uint64_t)i : splitmix64(r->seed + (uint64_t)i) % (uint64_t)r->count;
        memcpy(t->data + (size_t)i * item, &r->values[which], item); /* little-endian */
    }
    if (t && r->layout == 't') {
        for (int d = 0; d < r->ndim; d++)
            strides[d] = t->strides[r->ndim - 1 - d];
        t = tp__tensor_view(t, r->ndim, r->shape, strides, 0);
    }
    if (t && r->layout == 'c')
        t = tp_to_csr(t);
    return t;
}

static void golden(void)
{
    static tp__history clone = {.name = "CloneBackward0"};
    int differ = 0, noticed = 0, records = 0;
    FILE *f = fopen(TP_SOURCE_DIR "/tests/golden/print.txt", "rb");
    CHECK(f);
    record r = {.ndim = 0};
    while (f && read_record(f, &r)) {
        TP_SCOPE(record);
        tp_tensor *t = rebuild(&r);
        CHECK(t);
        if (!t)
            break;
        t->requires_grad = r.flags & 1;
        t->history = r.flags & 2 ? &clone : NULL;
        t->is_parameter = (r.flags & 4) != 0;
        tp_set_print_options(&r.options);
        const char *got = tp_repr(t);
        records++;
        if (!got || strcmp(got, r.expected)) {
            if (differ++ < 5)
                printf("record %d: got\n%s\nwanted\n%s\n", records, got ? got : "NULL", r.expected);
        }
        /* Sabotage: with one more digit, the comparison must notice. */
        r.options.precision++;
        tp_set_print_options(&r.options);
        got = tp_repr(t);
        noticed += got && strcmp(got, r.expected) != 0;
        free(r.expected);
    }
    if (f)
        fclose(f);
    tp_set_print_options(NULL);
    printf("%d records, %d differ; with one more digit %d differ\n", records, differ, noticed);
    CHECK(records >= 1500);
    CHECK(differ == 0);
    CHECK(noticed > records / 4);
    CHECK_OK();
}

static void in_other_locales(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
    TP_SCOPE(locales);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (setlocale(LC_ALL, names[i]))
            break;
    tp_tensor *t = tp_from_text(TP_F32, "[1.5, -2.25]");
    CHECK_TEXT(tp_repr(t), "tensor([ 1.5000, -2.2500])");
    setlocale(LC_ALL, "C");
}

static void streams(void)
{
    TP_SCOPE(streams);
    char *bytes = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&bytes, &size);
    CHECK(tp_print(f, tp_arange(TP_I64, 0, 3, 1)) == TP_OK);
    fclose(f);
    CHECK_TEXT(bytes, "tensor([0, 1, 2])\n");
    free(bytes);
    CHECK(tp_print(NULL, tp_scalar(TP_F32, 1)) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "stream");
    f = fopen("/dev/full", "w");
    if (f) {
        setvbuf(f, NULL, _IONBF, 0);
        CHECK(tp_print(f, tp_scalar(TP_F32, 1)) == TP_ERROR_IO);
        CHECK_ERROR(TP_ERROR_IO, "stream");
        fclose(f);
    }
    tp_tensor *t = tp_scalar(TP_F32, 1);
    t->history = &(tp__history){.name = "log_softmax"};
    CHECK_TEXT(tp_repr(t), "tensor(1., grad_fn=<LogSoftmaxBackward0>)");
    CHECK(tp_repr(NULL) == NULL);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "NULL");
}

static void options(void)
{
    const tp_print_options wild = {-3, -1, -1, -80};
    TP_SCOPE(options);
    tp_set_print_options(&wild);
    CHECK(tp_get_print_options().precision == 0 && tp_get_print_options().edge_items == 0);
    CHECK(tp_repr(tp_zeros(TP_F32, 3, 3)));
    tp_set_print_options(&(tp_print_options){1000, 1000, 3, 80});
    CHECK(tp_get_print_options().precision == 100);
    CHECK(strlen(tp_repr(tp_scalar(TP_F64, 1.1e300))) > 100);
    CHECK(strlen(tp_repr(tp_scalar(TP_F64, -123456.75))) > 100);
    tp_set_print_options(NULL);
    CHECK(tp_get_print_options().precision == 4 && tp_get_print_options().threshold == 1000);
    CHECK_OK();
}

/* Every allocation on the way fails once. */
static void without_memory(void)
{
    for (int64_t n = 0; n < 200; n++) {
        TP_SCOPE(memory);
        tp_tensor *t = tp_arange(TP_F32, 0, 2000, 1);
        tp__memory_fail_after(n);
        const char *got = tp_repr(t);
        tp__memory_fail_after(-1);
        if (got)
            break;
        CHECK_ERROR(TP_ERROR_MEMORY, "memory");
    }
    CHECK_OK();
}

int main(void)
{
    golden();
    in_other_locales();
    streams();
    options();
    without_memory();
    tp_finish();
    return test_end();
}
