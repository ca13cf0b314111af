/* The JSON reader and writer, and writing files as a whole. */
#include "base/region.h"
#include "io/atomic_file.h"
#include "io/file.h"
#include "io/json.h"
#include "io/number.h"
#include "pack.h"

#include <locale.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static bool parse(const char *text, tp__json *value)
{
    return tp__json_parse("x", text, strlen(text), value) == TP_OK;
}

static void refuse(const char *text, const char *piece)
{
    tp__json value;
    CHECK(!parse(text, &value));
    CHECK_ERROR(TP_ERROR_FORMAT, piece);
}

static void test_read(void)
{
    tp__json v, a, n, b, c;
    CHECK(parse(" {\"a\": [1, -2.5e3, 12345678901234567890, -9223372036854775808],\n"
                "\"b\\u0000\\ud83d\\ude00\\n\": \"\\u20ac\303\251]}\", \"a\": null, "
                "\"c\":[true,false,{},[[\"\\\"]\"]],\"\"]}\t",
                &v));
    CHECK_OK();
    CHECK(v.kind == TP__JSON_OBJECT && tp__json_count(&v) == 4);
    CHECK(tp__json_get(&v, "a", &a) && a.kind == TP__JSON_ARRAY && tp__json_count(&a) == 4);
    double number = 0;
    CHECK(tp__json_first(&a, &n) && n.is_integer && n.integer == 1);
    CHECK(tp__json_f64(&n, &number) == TP_OK && number == 1);
    CHECK(tp__json_next(&n) && !n.is_integer && tp__json_f64(&n, &number) == TP_OK && number == -2500);
    CHECK(tp__json_next(&n) && !n.is_integer && tp__json_f64(&n, &number) == TP_OK &&
          number == 12345678901234567890.0);
    CHECK(tp__json_next(&n) && n.is_integer && n.integer == INT64_MIN);
    CHECK(!tp__json_next(&n));
    b = a;
    char text[64];
    CHECK(tp__json_next(&b) && b.kind == TP__JSON_STRING);
    CHECK(tp__json_decode(b.key, text) == 7 && memcmp(text, "b\0\360\237\230\200\n", 8) == 0);
    CHECK(!tp__json_is(b.key, "b"));
    CHECK(tp__json_decode(b.text, text) == 7 && strcmp(text, "\342\202\254\303\251]}") == 0);
    CHECK(tp__json_is(b.text, text) && !tp__json_is(b.text, "\342\202\254\303\251]") &&
          !tp__json_is(b.text, "\342\202\254\303\251]}]") && !tp__json_is(b.text, ""));
    CHECK(tp__json_next(&b) && b.kind == TP__JSON_NULL && tp__json_is(b.key, "a"));
    CHECK(tp__json_next(&b) && tp__json_is(b.key, "c") && !tp__json_next(&b));
    CHECK(tp__json_get(&v, "c", &c) && tp__json_count(&c) == 5);
    CHECK(tp__json_first(&c, &n) && n.kind == TP__JSON_BOOL && n.boolean);
    CHECK(tp__json_next(&n) && n.kind == TP__JSON_BOOL && !n.boolean);
    CHECK(tp__json_next(&n) && n.kind == TP__JSON_OBJECT && !tp__json_first(&n, &b));
    CHECK(tp__json_next(&n) && n.kind == TP__JSON_ARRAY && tp__json_count(&n) == 1);
    CHECK(tp__json_next(&n) && tp__json_is(n.text, "") && !tp__json_next(&n));
    CHECK(!tp__json_get(&v, "d", &n) && !tp__json_get(&a, "d", &n));
    CHECK(tp__json_first(&c, &n) && !tp__json_first(&n, &b));

    refuse("", "byte 0 of the JSON: the text ends where a value was expected");
    refuse("[1,]", "byte 3");
    refuse("[1 2]", "byte 3 of the JSON: ',' or ']' was expected");
    refuse("{\"a\" 1}", "':' was expected");
    refuse("{\"a\":1,}", "a string was expected");
    refuse("{a:1}", "a string was expected");
    refuse("{\"a\":1", "',' or '}' was expected");
    refuse("[", "the text ends");
    refuse("01", "must not begin with 0");
    refuse("-", "a value was expected");
    refuse("+1", "a value was expected");
    refuse(".5", "a value was expected");
    refuse("1.", "digits behind it");
    refuse("1e", "exponent needs digits");
    refuse("1e999", "too large for a double");
    refuse("NaN", "a value was expected");
    refuse("tru", "a value was expected");
    refuse("truee", "something stands behind");
    refuse("1 1", "byte 2 of the JSON: something stands behind");
    refuse("\"a", "byte 0 of the JSON: the string that begins here is not closed");
    refuse("\"a\\", "not closed");
    refuse("\"\\x\"", "escape that JSON does not have");
    refuse("\"\\u12g4\"", "four hexadecimal digits");
    refuse("\"\\ud800\"", "high surrogate");
    refuse("\"\\ud800\\u0041\"", "high surrogate");
    refuse("\"\\udc00\"", "low surrogate");
    refuse("\"\n\"", "control character");
    refuse("\"\377\"", "0xFF does not belong to UTF-8");
    refuse("\"\355\240\200\"", "does not belong to UTF-8");
    char deep[2 * TP__JSON_DEPTH + 3];
    memset(deep, '[', TP__JSON_DEPTH);
    memset(deep + TP__JSON_DEPTH, ']', TP__JSON_DEPTH);
    deep[2 * TP__JSON_DEPTH] = 0;
    CHECK(parse(deep, &v));
    memset(deep, '[', TP__JSON_DEPTH + 1);
    memset(deep + TP__JSON_DEPTH + 1, ']', TP__JSON_DEPTH + 1);
    deep[2 * TP__JSON_DEPTH + 2] = 0;
    refuse(deep, "nested too deeply");
}

static void check_text(tp__json_writer *w, const char *want)
{
    CHECK(w->status == TP_OK);
    CHECK(w->length == strlen(want) && memcmp(w->bytes, want, w->length) == 0);
    if (w->length != strlen(want))
        printf("%.*s\n", (int)w->length, w->bytes);
    tp__json_writer_free(w);
}

static void write_sample(tp__json_writer *w)
{
    tp__json_begin_object(w);
    tp__json_key(w, "a\"\\\n\x01\303\251");
    tp__json_begin_array(w);
    tp__json_integer(w, INT64_MIN);
    tp__json_number(w, 0.1);
    tp__json_number(w, (double)NAN);
    tp__json_bool(w, true);
    tp__json_end_array(w);
    tp__json_key(w, "b");
    tp__json_begin_object(w);
    tp__json_end_object(w);
    tp__json_key(w, "c");
    tp__json_null(w);
    tp__json_end_object(w);
    tp__json_newline(w);
}

static void test_write(void)
{
    tp__json_writer w = {0};
    write_sample(&w);
    check_text(
        &w, "{\"a\\\"\\\\\\n\\u0001\303\251\":[-9223372036854775808,0.1,null,true],\"b\":{},\"c\":null}\n");
    w.indent = 2;
    write_sample(&w);
    tp__json v;
    CHECK(tp__json_parse("x", w.bytes, w.length, &v) == TP_OK && tp__json_count(&v) == 3);
    check_text(&w, "{\n  \"a\\\"\\\\\\n\\u0001\303\251\": [\n    -9223372036854775808,\n    0.1,\n    "
                   "null,\n    true\n  ],\n"
                   "  \"b\": {},\n  \"c\": null\n}\n");

    tp__json_string(&w, "\xFF");
    CHECK_ERROR(TP_ERROR_VALUE, "not UTF-8");
    tp__json_writer_free(&w);
    for (int i = 0; i <= TP__JSON_DEPTH; i++)
        tp__json_begin_array(&w);
    CHECK_ERROR(TP_ERROR_VALUE, "nested deeper");
    tp__json_writer_free(&w);
    tp__json_end_array(&w);
    CHECK_ERROR(TP_ERROR_STATE, "not open");
    tp__json_writer_free(&w);
}

static void test_numbers(void)
{
    char text[TP__NUMBER_SIZE];
    double value;
    CHECK_TEXT(tp__format_f64(text, 0.1), "0.1");
    CHECK_TEXT(tp__format_f64(text, 1.0 / 3.0), "0.3333333333333333");
    CHECK_TEXT(tp__format_f64(text, 1e300), "1e+300");
    CHECK_TEXT(tp__format_f64(text, -0.0), "-0");
    CHECK_TEXT(tp__format_f64(text, 5e-324), "4.94065645841247e-324");
    /* A host program with a comma for the decimal point changes nothing. */
    if (setlocale(LC_ALL, "de_DE.UTF-8")) {
        CHECK_TEXT(tp__format_f64(text, 0.5), "0.5");
        CHECK(tp__parse_f64("0.5", 3, &value) == TP_OK && value == 0.5);
        setlocale(LC_ALL, "C");
    }
    uint64_t bits = 88172645463325252u;
    int wrong = 0;
    for (int i = 0; i < 20000; i++) {
        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
        double given;
        memcpy(&given, &bits, 8);
        if (!isfinite(given))
            continue;
        tp__format_f64(text, given);
        wrong += tp__parse_f64(text, strlen(text), &value) != TP_OK || memcmp(&value, &given, 8) != 0;
    }
    CHECK(wrong == 0);
    static const char *const bad[] = {"",   "+",    ".",  "1e",  "0x1", "1 ",
                                      " 1", "nanx", "in", "1,5", "--1", "1e5.0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(tp__parse_f64(bad[i], strlen(bad[i]), &value) == TP_ERROR_FORMAT);
    CHECK(tp__parse_f64("1e400", 5, &value) == TP_ERROR_VALUE);
    CHECK(tp__parse_f64("-Infinity", 9, &value) == TP_OK && isinf(value) && value < 0);
    char ones[400];
    memset(ones, '1', sizeof ones);
    ones[200] = '.';
    CHECK(tp__parse_f64(ones, sizeof ones, &value) == TP_OK && value > 1e199);
    int64_t integer = 7;
    CHECK(tp__parse_i64("-9223372036854775808", 20, &integer) == TP_OK && integer == INT64_MIN);
    CHECK(tp__parse_i64("+9223372036854775807", 20, &integer) == TP_OK && integer == INT64_MAX);
    CHECK(tp__parse_i64("9223372036854775808", 19, &integer) == TP_ERROR_VALUE);
    CHECK(tp__parse_i64("99999999999999999999999x", 24, &integer) == TP_ERROR_FORMAT);
    CHECK(tp__parse_i64("-", 1, &integer) == TP_ERROR_FORMAT &&
          tp__parse_i64("", 0, &integer) == TP_ERROR_FORMAT);
    CHECK(integer == INT64_MAX);
}

static tp_status give_up(tp__output *output, void *context)
{
    (void)context;
    tp__output_write(output, "half", 4);
    return tp_fail(TP_ERROR_STATE, "given up");
}

static tp_status write_much(tp__output *output, void *context)
{
    const size_t *bytes = context;
    char block[1000];
    memset(block, 'm', sizeof block);
    for (size_t i = 0; i < *bytes; i += sizeof block)
        TP__TRY(tp__output_write(output, block, sizeof block));
    return TP_OK;
}

static int entries_in(const char *folder)
{
    char command[600];
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", folder);
    FILE *f = popen(command, "r");
    int count = -1;
    if (!f || fscanf(f, "%d", &count) != 1)
        count = -1;
    if (f)
        pclose(f);
    return count;
}

static void test_atomic(void)
{
    char folder[512], path[600], link_path[600];
    snprintf(folder, sizeof folder, "%s", test_temporary("folder"));
    mkdir(folder, 0700);
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(link_path, sizeof link_path, "%s/link", folder);
    CHECK(tp__write_file(path, "old", 3) == TP_OK);
    CHECK(test_file_is(path, "old", 3));
    chmod(path, 0640);
    CHECK(symlink("file", link_path) == 0);
    CHECK(tp__write_file(link_path, "linked", 6) == TP_OK);
    struct stat about;
    CHECK(test_file_is(path, "linked", 6) && lstat(link_path, &about) == 0 && S_ISLNK(about.st_mode));
    CHECK(stat(path, &about) == 0 && (about.st_mode & 0777) == 0640);
    /* What made the old file run as its owner is not for the new one. */
    CHECK(chmod(path, 06750) == 0 && tp__write_file(path, "linked", 6) == TP_OK);
    CHECK(stat(path, &about) == 0 && (about.st_mode & 07777) == 0750);

    /* A link to what is not there yet, by way of another one; and a circle of them. */
    char far[600], made[600];
    snprintf(far, sizeof far, "%s/far", folder);
    snprintf(made, sizeof made, "%s/made", folder);
    CHECK(symlink("near", far) == 0);
    snprintf(far, sizeof far, "%s/near", folder);
    CHECK(symlink(made, far) == 0);
    snprintf(far, sizeof far, "%s/far", folder);
    CHECK(tp__write_file(far, "new", 3) == TP_OK && test_file_is(made, "new", 3));
    CHECK(lstat(far, &about) == 0 && S_ISLNK(about.st_mode));
    unlink(made);
    unlink(far);
    snprintf(far, sizeof far, "%s/near", folder);
    unlink(far);
    CHECK(symlink("near", far) == 0);
    CHECK(tp__write_file(far, "new", 3) == TP_ERROR_IO);
    CHECK_ERROR(TP_ERROR_IO, "cannot write");
    unlink(far);

    CHECK(tp__write_atomically(path, give_up, NULL) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "given up");
    CHECK(test_file_is(path, "linked", 6) && entries_in(folder) == 2);

    /* A file size limit stands in for a full disk. */
    size_t much = 300000;
    struct rlimit before, small = {100000, 100000};
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    const tp_status status = tp__write_atomically(path, write_much, &much);
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(status == TP_ERROR_IO);
    CHECK_ERROR(TP_ERROR_IO, "File too large");
    CHECK(test_file_is(path, "linked", 6) && entries_in(folder) == 2);
    CHECK(tp__write_atomically("/dev/full", write_much, &much) == TP_ERROR_IO);
    CHECK_ERROR(TP_ERROR_IO, "cannot write '/dev/full': No space left on device");
    CHECK(tp__write_atomically(path, write_much, &much) == TP_OK && entries_in(folder) == 2);

    size_t length;
    char *bytes = tp__read_file(path, 300000, &length);
    CHECK(bytes && length == 300000 && bytes[length - 1] == 'm' && !bytes[length]);
    tp__free(bytes);
    CHECK(!tp__read_file(path, 299999, &length));
    CHECK_ERROR(TP_ERROR_FORMAT, "300000 bytes are more than the 299999");
    CHECK(tp__write_file(folder, "x", 1) == TP_ERROR_IO);
    CHECK_ERROR(TP_ERROR_IO, "it is a directory");
    CHECK_OK();
    unlink(link_path);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    test_read();
    test_write();
    test_numbers();
    test_atomic();
    tp_finish();
    return test_end();
}
