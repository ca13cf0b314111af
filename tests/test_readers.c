/* IDX, SVMlight and fastText files: what they hold, and what is refused and where. Then names of classes. */
#include "pack.h"
#include "test.h"

#include "taper/fasttext.h"
#include "taper/idx.h"
#include "taper/labels.h"
#include "taper/svmlight.h"

#define BYTES(name, text) test_write_file(name, text, sizeof text - 1)

static void test_idx(void)
{
    TP_SCOPE(idx);
    const char *path = BYTES("a.idx", "\0\0\x08\3\0\0\0\2\0\0\0\1\0\0\0\3\1\2\3\4\5\xff");
    tp_tensor *t = tp_idx_load(path);
    CHECK(tp_dtype_of(t) == TP_U8 && tp_equal(t, tp_from_text(TP_U8, "[[[1, 2, 3]], [[4, 5, 255]]]")));
    BYTES("a.idx", "\0\0\x09\1\0\0\0\3\1\xff\x80");
    CHECK(tp_equal(tp_idx_load(path), tp_from_text(TP_I32, "[1, -1, -128]")));
    BYTES("a.idx", "\0\0\x0b\1\0\0\0\3\0\1\xff\xfe\x80\0");
    CHECK(tp_equal(tp_idx_load(path), tp_from_text(TP_I32, "[1, -2, -32768]")));
    BYTES("a.idx", "\0\0\x0c\1\0\0\0\2\0\0\1\0\xff\xff\xff\xff");
    CHECK(tp_equal(tp_idx_load(path), tp_from_text(TP_I32, "[256, -1]")));
    BYTES("a.idx", "\0\0\x0d\1\0\0\0\2\x3f\xc0\0\0\xc0\0\0\0");
    CHECK(tp_equal(tp_idx_load(path), tp_from_text(TP_F32, "[1.5, -2]")));
    BYTES("a.idx", "\0\0\x0e\1\0\0\0\1\x3f\xf8\0\0\0\0\0\0");
    CHECK(tp_equal(tp_idx_load(path), tp_from_text(TP_F64, "[1.5]")));
    BYTES("a.idx", "\0\0\x0e\2\0\0\0\0\xff\xff\xff\xff");
    CHECK(tp_size(tp_idx_load(path), 1) == 4294967295);
    CHECK_OK();
    static const struct {
        const char *bytes;
        size_t length;
        const char *message;
    } bad[] = {
        {"", 0, "0 bytes are no IDX file"},
        {"\0\0\x08", 3, "3 bytes are no IDX file"},
        {"\x1f\x8b\x08\0", 4, "packed by gzip"},
        {"\1\0\x08\1", 4, "byte 0: an IDX file begins with two zero bytes, not 01 00"},
        {"\0\0\x07\1\0\0\0\0", 8, "byte 2: there is no IDX type 07"},
        {"\0\0\x08\0", 4, "byte 3: 0 dimensions"},
        {"\0\0\x08\xff", 4, "byte 3: 255 dimensions"},
        {"\0\0\x08\2\0\0\0\1", 8, "the file ends within the sizes of its 2 dimensions"},
        {"\0\0\x08\1\0\0\0\2\1", 9, "9 bytes are not what uint8 of shape [2] takes"},
        {"\0\0\x08\1\0\0\0\1\1\1", 10, "10 bytes are not what uint8 of shape [1] takes"},
        {"\0\0\x0e\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16,
         "16 bytes are not what double of shape"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        test_write_file("a.idx", bad[i].bytes, bad[i].length);
        CHECK(!tp_idx_load(path));
        CHECK_ERROR(TP_ERROR_FORMAT, bad[i].message);
    }
    unlink(path);
    CHECK(!tp_idx_load(path));
    CHECK_ERROR(TP_ERROR_IO, "idx_load: cannot open");
    CHECK(!tp_idx_load(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "path");
}

static void test_svmlight(void)
{
    TP_SCOPE(svmlight);
    tp_tensor *X, *y;
    const char *path = BYTES("a.svm", "# a file\n+1 1:0.5 3:-2 # first\n\n-1 qid:7 2:1e1\n2.5\n");
    CHECK(tp_read_svmlight(path, &X, &y) == TP_OK);
    CHECK(tp_equal(y, tp_from_text(TP_F32, "[1, -1, 2.5]")));
    CHECK(tp_equal(tp_to_dense(X), tp_from_text(TP_F32, "[[0.5, 0, -2], [0, 10, 0], [0, 0, 0]]")));
    CHECK(tp_read_svmlight(path, &X, &y, .features = 5, .dtype = TP_F64) == TP_OK);
    CHECK(tp_size(X, 1) == 5 && tp_dtype_of(X) == TP_F64 && tp_dtype_of(y) == TP_F64);
    CHECK(tp_read_svmlight(path, &X, &y, .base = TP_INDEX_ZERO) == TP_OK && tp_size(X, 1) == 4);
    CHECK(tp_read_svmlight(path, &X, &y, .features = 2) == TP_ERROR_FORMAT && !X && !y);
    CHECK_ERROR(TP_ERROR_FORMAT, "the file has 3 features, more than the 2");
    CHECK(tp_read_svmlight(path, &X, &y, .dtype = TP_I64) == TP_ERROR_DTYPE);
    CHECK_ERROR(TP_ERROR_DTYPE, "int64");
    BYTES("a.svm", "1 0:1 1:2\n");
    CHECK(tp_read_svmlight(path, &X, &y) == TP_OK && tp_size(X, 1) == 2);
    CHECK(tp_read_svmlight(path, &X, &y, .base = (tp_index_base)3) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "read_svmlight: 3 is no base of indices");
    CHECK(tp_read_svmlight(path, &X, &y, .base = TP_INDEX_ONE) == TP_ERROR_FORMAT);
    CHECK_ERROR(TP_ERROR_FORMAT, "said to begin at 1");
    BYTES("a.svm", "");
    CHECK(tp_read_svmlight(path, &X, &y) == TP_OK && tp_size(X, 0) == 0 && tp_size(X, 1) == 0);
    CHECK_OK();
    static const char *const bad[][2] = {
        {"one 1:1\n", ":1:1: a label was expected, not 'one'"},
        {"1 1:1\n1 x\n", ":2:1: index:value expected, not 'x'"},
        {"1 1:\n", "index:value with a finite number expected, not '1:'"},
        {"1 1:nan\n", "finite number expected, not '1:nan'"},
        {"1 -1:1\n", "index:value expected, not '-1:1'"},
        {"1 99999999999:1\n", "index:value expected"},
        {"1 2:1 2:1\n", "index 2 follows index 2"},
        {"1 3:1 2:1\n", "index 2 follows index 3"},
        {"1 1:1\x1f 2:2\n", "control character 0x1f"},
        {"1 1:\xff\n", "UTF-8"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        test_write_file("a.svm", bad[i][0], strlen(bad[i][0]));
        CHECK(tp_read_svmlight(path, &X, &y) == TP_ERROR_FORMAT && !X && !y);
        CHECK_ERROR(TP_ERROR_FORMAT, bad[i][1]);
    }
    unlink(path);
}

static bool text_is(const tp_strings *strings, int64_t i, const char *want)
{
    size_t length;
    const char *got = tp_string_at(strings, i, &length);
    return length == strlen(want) && !memcmp(got, want, length);
}

static void test_fasttext(void)
{
    TP_SCOPE(fasttext);
    const char *path =
        BYTES("a.txt", "__label__pos a  gripping\tfilm\n\nbad __label__neg really\n__label__pos\n");
    const tp_labelled_lines *lines = tp_read_fasttext(path);
    CHECK(lines && lines->texts.count == 3 && lines->labels.count == 3 && lines->starts[3] == 3);
    CHECK(text_is(&lines->texts, 0, "a gripping film") && text_is(&lines->labels, 0, "pos"));
    CHECK(text_is(&lines->texts, 1, "bad really") && text_is(&lines->labels, 1, "neg"));
    CHECK(text_is(&lines->texts, 2, "") && text_is(&lines->labels, 2, "pos"));
    BYTES("a.txt", "#a #b words\nno label\n");
    lines = tp_read_fasttext(path, .prefix = "#", .one_label = false);
    CHECK(lines && lines->texts.count == 2 && lines->labels.count == 2);
    CHECK(lines->starts[0] == 0 && lines->starts[1] == 2 && lines->starts[2] == 2);
    CHECK(!tp_read_fasttext(path));
    CHECK_ERROR(TP_ERROR_FORMAT, ":1:1: the line has 0 labels (words that begin with __label__), not one");
    CHECK(!tp_read_fasttext(path, .prefix = "#"));
    CHECK_ERROR(TP_ERROR_FORMAT, "2 labels");
    BYTES("a.txt", "__label__ x\n");
    CHECK(!tp_read_fasttext(path));
    CHECK_ERROR(TP_ERROR_FORMAT, "a label without a name");
    CHECK(!tp_read_fasttext(path, .prefix = ""));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "prefix is empty");
    BYTES("a.txt", "");
    lines = tp_read_fasttext(path);
    CHECK(lines && lines->texts.count == 0 && lines->starts[0] == 0);
    unlink(path);
    CHECK_OK();
}

static void test_labels(void)
{
    TP_SCOPE(labels);
    const char *const names[] = {"b", "a", "", "b", "\xc3\xa9", "B", "ab"};
    const tp_strings *strings = tp_strings_from_array(7, names);
    tp_label_encoder *encoder = tp_label_encoder_fit(strings);
    CHECK(tp_label_count(encoder) == 6);
    const tp_strings *classes = tp_label_classes(encoder);
    CHECK(text_is(classes, 0, "") && text_is(classes, 1, "B") && text_is(classes, 2, "a"));
    CHECK(text_is(classes, 3, "ab") && text_is(classes, 4, "b") && text_is(classes, 5, "\xc3\xa9"));
    tp_tensor *numbers = tp_label_encode(encoder, strings);
    CHECK(tp_equal(numbers, tp_from_text(TP_I64, "[4, 2, 0, 4, 5, 1, 3]")));
    const tp_strings *back = tp_label_decode(encoder, numbers);
    for (int i = 0; i < 7; i++)
        CHECK(text_is(back, i, names[i]));
    CHECK(tp_label_find(encoder, "zz", 2) == -1 && tp_label_find(encoder, "ab", 1) == 2);
    const char *const order[] = {"neg", "pos", "zero"}, *const twice[] = {"x", "y", "x"};
    tp_label_encoder *given = tp_label_encoder_of(tp_strings_from_array(3, order));
    CHECK(tp_label_find(given, "pos", 3) == 1);
    CHECK_OK();
    CHECK(!tp_label_encode(given, strings));
    CHECK_ERROR(TP_ERROR_VALUE, "label 0, 'b', is none of the 3 classes");
    CHECK(!tp_label_decode(given, tp_from_text(TP_I64, "[0, 3]")));
    CHECK_ERROR(TP_ERROR_INDEX, "number 1 is 3; there are 3 classes");
    CHECK(!tp_label_decode(given, tp_from_text(TP_F32, "[0.5]")));
    CHECK_ERROR(TP_ERROR_INDEX, "number 0 is 0.5");
    CHECK(!tp_label_encoder_of(tp_strings_from_array(3, twice)));
    CHECK_ERROR(TP_ERROR_VALUE, "class 0 and class 2 are both named 'x'");
    CHECK(tp_label_count(tp_label_encoder_fit(tp_strings_from_array(0, NULL))) == 0);
}

int main(void)
{
    test_idx();
    test_svmlight();
    test_fasttext();
    test_labels();
    tp_finish();
    return test_end();
}
