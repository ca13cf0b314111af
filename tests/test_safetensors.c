/* Safetensors: read what the reference library writes, write the same bytes, refuse broken files. */
#include "taper/io.h"
#include "base/memory.h"
#include "pack.h"
#include "tensor/tensor.h"

#include <signal.h>
#include <sys/resource.h>
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

#define MOST 32

/* "f4 6162 2,3;..." into tensors; returns how many. */
static int64_t parse(const char *text, tp_named_tensor *tensors, char names[MOST][512])
{
    int64_t n = 0;
    while (*text) {
        tp_dtype dtype = TP_F32;
        for (int d = 0; d < TP_DTYPES; d++)
            if (strncmp(text, letters[d], 2) == 0)
                dtype = (tp_dtype)d;
        text += 3;
        int length = 0;
        for (; *text != ' '; text += 2) {
            const char digits[3] = {text[0], text[1], 0};
            names[n][length++] = (char)strtol(digits, NULL, 16);
        }
        names[n][length] = 0;
        int64_t shape[TP_MAX_DIMS];
        int ndim = 0;
        for (text++; *text && *text != ';'; ndim++) {
            char *end;
            shape[ndim] = strtoll(text, &end, 10);
            text = end + (*end == ',');
        }
        text += *text == ';';
        tensors[n].name = names[n];
        tensors[n++].tensor = make(dtype, ndim, shape);
    }
    return n;
}

static void check_same(const char *path, const char *text, const pack *p)
{
    static char names[MOST][512];
    tp_named_tensor tensors[MOST];
    const int64_t m = *text == '*';
    const int64_t n = parse(text + m, tensors, names);
    tp_safetensors_file *f = tp_safetensors_open(path);
    CHECK_OK();
    CHECK(f && tp_safetensors_count(f) == n);
    int64_t wrong = 0, offset = 0;
    for (int64_t i = 0; i < n; i++) {
        tp_tensor *t = tp_safetensors_tensor(f, tensors[i].name);
        wrong += !t || !tp_equal(t, tensors[i].tensor) || !tp_safetensors_has(f, tensors[i].name);
        const tp_safetensors_entry *entry = tp_safetensors_entry_at(f, i);
        wrong += !entry || entry->offset < offset || !tp_safetensors_has(f, entry->name);
        offset = entry ? entry->offset + entry->bytes : 0;
    }
    CHECK(wrong == 0);
    CHECK(tp_safetensors_metadata_count(f) == m);
    if (m)
        CHECK_TEXT(tp_safetensors_metadata(f, "key"), "value");
    CHECK(!tp_safetensors_metadata(f, "other"));
    CHECK_OK();
    const tp_string_pair metadata = {"key", "value"};
    CHECK(tp_safetensors_save(path, tensors, n, &metadata, m) == TP_OK);
    CHECK(test_file_is(path, p->item, p->item_length));
    /* One changed bit, name or text must be noticed. */
    CHECK(tp_safetensors_save(path, tensors, n, &metadata, 1 - m) == TP_OK);
    CHECK(!test_file_is(path, p->item, p->item_length));
    if (n && tensors[0].tensor->numel) {
        tensors[0].tensor->data[0] = (char)!tensors[0].tensor->data[0];
        CHECK(tp_safetensors_save(path, tensors, n, &metadata, m) == TP_OK);
        CHECK(!test_file_is(path, p->item, p->item_length));
    }
}

static void test_golden(void)
{
    pack p = pack_open(TP_SOURCE_DIR "/tests/golden/safetensors_cases.pack");
    int same = 0, bad = 0;
    while (pack_next(&p)) {
        TP_SCOPE(one);
        const char *path = test_write_file("case.safetensors", p.item, p.item_length);
        char *rest = strchr(p.name, '|');
        if (strncmp(p.name, "same|", 5) == 0) {
            check_same(path, rest + 1, &p);
            same++;
        } else if (strncmp(p.name, "bad|", 4) == 0) {
            CHECK(!tp_safetensors_open(path));
            CHECK_ERROR(tp_error(), rest + 1);
            bad++;
        } else {
            tp_safetensors_file *f = tp_safetensors_open(path);
            CHECK_OK();
            CHECK(f != NULL);
            if (rest) {
                char *piece = strchr(rest + 1, '|');
                *piece++ = 0;
                CHECK_TEXT(tp_safetensors_entry_at(f, 0)->dtype, rest + 1);
                CHECK(!tp_safetensors_tensor(f, "x"));
                CHECK_ERROR(tp_error(), piece);
            }
        }
        CHECK_OK();
        unlink(path);
    }
    CHECK(same > 50 && bad > 45);
}

static void test_save(void)
{
    TP_SCOPE(save);
    char path[512];
    snprintf(path, sizeof path, "%s", test_temporary("save.safetensors"));
    const int64_t shape[] = {4, 6}, turned_shape[] = {6, 4}, strides[] = {1, 6};
    tp_tensor *t = make(TP_F32, 2, shape);
    tp_tensor *turned = tp__tensor_view(t, 2, turned_shape, strides, 0);
    const tp_named_tensor tensors[] = {{"t", t}, {"turned", turned}};
    const tp_string_pair metadata[] = {{"b", "2\n"}, {"a", "1"}};
    CHECK(tp_safetensors_save(path, tensors, 2, metadata, 2) == TP_OK);
    tp_safetensors_file *f = tp_safetensors_open(path);
    CHECK(tp_equal(tp_safetensors_tensor(f, "turned"), turned));
    CHECK(tp_safetensors_metadata_count(f) == 2);
    CHECK_TEXT(tp_safetensors_metadata_at(f, 0)->key, "b");
    CHECK_TEXT(tp_safetensors_metadata(f, "b"), "2\n");
    CHECK(!tp_safetensors_tensor(f, "x"));
    CHECK_ERROR(TP_ERROR_INDEX, "no tensor 'x' among its 2");
    CHECK(!tp_safetensors_name(f, 2));
    CHECK_ERROR(TP_ERROR_INDEX, "tensor 2 of 2");
    CHECK(!tp_safetensors_metadata_at(f, -1));
    CHECK_ERROR(TP_ERROR_INDEX, "metadata -1 of 2");

    /* A file that shrinks behind its reader's back. */
    CHECK(truncate(path, 200) == 0);
    CHECK(!tp_safetensors_tensor(f, "turned"));
    CHECK_ERROR(TP_ERROR_FORMAT, "96 bytes from byte 264 on are missing");

    CHECK(tp_safetensors_save(path, tensors, 2, NULL, 0) == TP_OK);
    const tp_named_tensor twice[] = {{"t", t}, {"t", t}}, reserved = {"__metadata__", t},
                          broken = {"\xFF", t};
    const tp_named_tensor missing = {"gone", NULL}, nameless = {NULL, t};
    CHECK(tp_safetensors_save(path, twice, 2, NULL, 0) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "two tensors are named 't'");
    CHECK(tp_safetensors_save(path, &reserved, 1, NULL, 0) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "keeps that name");
    CHECK(tp_safetensors_save(path, &broken, 1, NULL, 0) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "not UTF-8");
    CHECK(tp_safetensors_save(path, &missing, 1, NULL, 0) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "tensor 'gone' is NULL");
    CHECK(tp_safetensors_save(path, &nameless, 1, NULL, 0) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "name is NULL");
    const tp_string_pair doubled[] = {{"a", "1"}, {"a", "2"}}, half = {"a", NULL};
    CHECK(tp_safetensors_save(path, tensors, 2, doubled, 2) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "the key 'a' twice");
    CHECK(tp_safetensors_save(path, tensors, 2, &half, 1) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "metadata text is NULL");
    CHECK(tp_safetensors_save(path, tensors, -1, NULL, 0) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "-1 tensors");

    /* The disk is full: the old file stays. */
    const tp_named_tensor large = {"large", tp_ones(TP_F64, 100000)};
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    CHECK(tp_safetensors_save(path, &large, 1, NULL, 0) == TP_ERROR_IO);
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK_ERROR(TP_ERROR_IO, "File too large");
    CHECK(tp_safetensors_save("/dev/full", &large, 1, NULL, 0) == TP_ERROR_IO);
    CHECK_ERROR(TP_ERROR_IO, "cannot write '/dev/full': No space left on device");
    f = tp_safetensors_open(path);
    CHECK(tp_safetensors_count(f) == 2 && tp_equal(tp_safetensors_tensor(f, "t"), t));
    const tp_named_tensors *all = tp_safetensors_load(path);
    CHECK(all && all->count == 2);
    for (int64_t i = 0; all && i < all->count; i++)
        CHECK(tp_equal(all->items[i].tensor, tp_safetensors_tensor(f, all->items[i].name)));
    CHECK_OK();
    FILE *zip = fopen(path, "wb");
    CHECK(zip && fwrite("PK\3\4\0\0\0\0\0\0\0\0", 1, 12, zip) == 12 && fclose(zip) == 0);
    CHECK(!tp_safetensors_open(path));
    CHECK_ERROR(TP_ERROR_FORMAT, "a zip archive, such as torch.save writes");
    CHECK(!tp_safetensors_load("/nonexistent"));
    CHECK_ERROR(TP_ERROR_IO, "cannot open '/nonexistent'");
    CHECK(!tp_safetensors_load(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "path is NULL");
    CHECK(tp_safetensors_count(NULL) == -1);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "file is NULL");
    CHECK(!tp_safetensors_open("/nonexistent"));
    CHECK_ERROR(TP_ERROR_IO, "cannot open '/nonexistent'");
    unlink(path);
}

static void test_out_of_memory(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s", test_temporary("memory.safetensors"));
    bool done = false;
    for (int64_t n = 0; !done && n < 200; n++) {
        TP_SCOPE(out_of_memory);
        const tp_named_tensor tensors[] = {{"a", tp_ones(TP_F32, 2000)}, {"b", tp_ones(TP_I64, 3)}};
        const tp_string_pair metadata = {"key", "value"};
        tp__memory_fail_after(n);
        const bool saved = tp_safetensors_save(path, tensors, 2, &metadata, 1) == TP_OK;
        tp_safetensors_file *f = saved ? tp_safetensors_open(path) : NULL;
        const tp_named_tensors *all = f ? tp_safetensors_load(path) : NULL;
        tp_tensor *back = all ? tp_safetensors_tensor(f, "a") : NULL;
        tp__memory_fail_after(-1);
        done = back != NULL;
        if (done)
            CHECK(tp_equal(back, tensors[0].tensor));
        else
            CHECK(tp_error() == TP_ERROR_MEMORY);
        tp_clear_error();
    }
    CHECK(done);
    unlink(path);
}

/* `front`, then `piece` again and again up to `length` bytes, and `back`, as the header of a file. */
static const char *write_header(const char *front, const char *piece, const char *back, size_t length)
{
    const size_t step = strlen(piece), pieces = length / step;
    char *bytes = malloc(8 + strlen(front) + pieces * step + strlen(back) + 1);
    if (!bytes)
        exit(1);
    size_t at = 8 + (size_t)sprintf(bytes + 8, "%s", front);
    for (size_t i = 0; i < pieces; i++, at += step)
        memcpy(bytes + at, piece, step);
    at += (size_t)sprintf(bytes + at, "%s", back);
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (char)((at - 8) >> 8 * i & 0xFF);
    const char *path = test_write_file("header.safetensors", bytes, at);
    free(bytes);
    return path;
}

/* Whatever a header holds, reading it takes no more than a few times its length. */
static void test_header_memory(void)
{
    static const struct {
        const char *front, *piece, *back, *error;
    } cases[] = {
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,0],\"shape\":[0", ",0", "]}}", NULL},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,0],\"shape\":[0],\"b\":[0", ",0", "]}}", NULL},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,0],\"shape\":[0]", ",\"\":{}", "}}", NULL},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0", ",0", "]}}", "are not a beginning"},
        {"{\"a\":[0", ",[]", "]}", "it is not an object"},
        {"{\"a\":{}", ",\"\":{}", "}", "it has no 'dtype'"},
        {"{\"__metadata__\":{\"a\":\"\"", ",\"\":\"\"", "}}", "the metadata have '' twice"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TP_SCOPE(header);
        const size_t length = 3000000;
        const char *path = write_header(cases[i].front, cases[i].piece, cases[i].back, length);
        tp_memory_trim();
        const size_t halves = TP__RECYCLING ? 11 : 22; /* what has grown leaves its old place behind */
        tp_set_memory_limit(tp_memory_used() + halves * length / 2);
        const tp_safetensors_file *f = tp_safetensors_open(path);
        tp_set_memory_limit(0);
        CHECK(!f == (cases[i].error != NULL));
        if (cases[i].error)
            CHECK_ERROR(TP_ERROR_FORMAT, cases[i].error);
        CHECK_OK();
        unlink(path);
    }
}

int main(void)
{
    test_golden();
    test_save();
    test_header_memory();
    test_out_of_memory();
    tp_finish();
    return test_end();
}
