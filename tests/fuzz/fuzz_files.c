/* Files of numbers and tables, and texts of small languages. */
#include "fuzz.h"

#include "base/region.h"
#include "io/json.h"
#include "io/number.h"

#include <math.h>
#include <stdlib.h>

#define SEED(text) fuzz_seed(text, sizeof text - 1)

/* ---- safetensors, .npy, IDX ---- */

static bool read_safetensors(const char *path)
{
    tp_safetensors_file *file = tp_safetensors_open(path);
    bool right = fuzz_outcome(file != NULL);
    for (int64_t i = 0; file && i < tp_safetensors_count(file); i++) {
        const tp_tensor *t = tp_safetensors_tensor(file, tp_safetensors_name(file, i));
        right = right && fuzz_outcome(t != NULL);
        if (t)
            tp_repr(t);
        else
            tp_clear_error();
    }
    return right;
}

static bool run_safetensors(const char *bytes, size_t length)
{
    return read_safetensors(fuzz_file(bytes, length));
}

static bool run_header(const char *bytes, size_t length)
{
    return read_safetensors(fuzz_safetensors(bytes, length));
}

/* A file with all kinds of tensors. */
static const char *save_all(void)
{
    const tp_named_tensor tensors[] = {{"w", tp_from_text(TP_F32, "[[1, 2, 3], [4, 5, 6]]")},
                                       {"none", tp_zeros(TP_F64, 0, 3)},
                                       {"truth", tp_from_text(TP_BOOL, "[1, 0, 1]")},
                                       {"scalar", tp_scalar_i64(7)},
                                       {"half", tp_to(tp_from_text(TP_F32, "[1, 2]"), TP_BF16)}};
    const tp_string_pair metadata[] = {{"who", "nobody \xC3\xA9 \n"}, {"what", ""}};
    (void)tp_safetensors_save(fuzz_output(), tensors, 5, metadata, 2);
    return fuzz_output();
}

static void seed_saved(const char *path)
{
    static char bytes[32768];
    FILE *f = fopen(path, "rb");
    const size_t length = f ? fread(bytes, 1, sizeof bytes, f) : 0;
    if (f)
        fclose(f);
    fuzz_seed(bytes, length);
}

static void seed_safetensors(void)
{
    seed_saved(save_all());
}

static void seed_header(void)
{
    fuzz_seed_safetensors("", save_all());
}

static const char *const header_words[] = {"\"dtype\":",
                                           "\"F32\"",
                                           "\"F4\"",
                                           "\"shape\":[",
                                           "\"data_offsets\":[0,4]",
                                           "\"__metadata__\":{",
                                           "[[[[[[[[",
                                           "{\"a\":{\"a\":",
                                           "\\u0000",
                                           "\\ud800",
                                           "\"w\":",
                                           NULL};

static bool run_npy(const char *bytes, size_t length)
{
    const tp_tensor *t = tp_npy_load(fuzz_file(bytes, length));
    return fuzz_outcome(t != NULL) && (!t || tp_npy_save(fuzz_output(), t) == TP_OK);
}

static void seed_npy(void)
{
    tp_tensor *m = tp_from_text(TP_F32, "[[1, 2, 3], [4, 5, 6]]");
    const tp_tensor *all[] = {m, tp_transpose(m, 0, 1), tp_scalar_i64(3), tp_zeros(TP_F64, 0), tp_gt(m, 2)};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        (void)tp_npy_save(fuzz_output(), all[i]);
        seed_saved(fuzz_output());
    }
}

static const char *const npy_words[] = {
    "'descr': '<f4'", "'fortran_order': True", "'shape': (", "'>i8'", "'|b1'", "L,", "[('a', '<f4')]", NULL};

static bool run_idx(const char *bytes, size_t length)
{
    return fuzz_outcome(tp_idx_load(fuzz_file(bytes, length)) != NULL);
}

static void seed_idx(void)
{
    SEED("\0\0\x08\3\0\0\0\2\0\0\0\1\0\0\0\3\1\2\3\4\5\xff");
    SEED("\0\0\x0b\1\0\0\0\3\0\1\xff\xfe\x80\0");
    SEED("\0\0\x0e\2\0\0\0\0\xff\xff\xff\xff");
}

/* ---- Text formats ---- */

static bool run_svmlight(const char *bytes, size_t length)
{
    tp_tensor *X, *y;
    const bool read = tp_read_svmlight(fuzz_file(bytes, length), &X, &y) == TP_OK;
    return fuzz_outcome(read) && (!read || tp_size(X, 0) == tp_size(y, 0));
}

static void seed_svmlight(void)
{
    SEED("# a file\n+1 1:0.5 3:-2 # first\n\n-1 qid:7 2:1e1\r\n2.5\n");
    SEED("1 0:1 1:2 2147483646:1\n");
}

static const char *const svmlight_words[] = {"qid:1",   " 1:1",         "#",    "2147483647:1",
                                             "1:1e999", "\xEF\xBB\xBF", "\x1f", NULL};

static bool run_fasttext(const char *bytes, size_t length)
{
    const bool one = length && bytes[0] == '1';
    const char *path = fuzz_file(bytes + one, length - one);
    return fuzz_outcome(tp_read_fasttext(path, .one_label = one) != NULL);
}

static void seed_fasttext(void)
{
    SEED("1__label__pos a  gripping\tfilm\n\nbad __label__neg really\n__label__pos\n");
    SEED("0no label\n__label__a __label__b x\r\n");
}

static const char *const fasttext_words[] = {"__label__", "__label__a ", "\xEF\xBB\xBF",
                                             "\x1f",      "\r\n",        NULL};

/* A table, read as a whole, row by row, and by all who read labelled texts. The first byte chooses how. */
static bool run_table(const char *bytes, size_t length)
{
    if (!length)
        return true;
    const unsigned how = (unsigned char)bytes[0];
    const char *path = fuzz_file(bytes + 1, length - 1);
    const tp_table_options o = {.path = path,
                                .delimiter = how & 1 ? ',' : '\t',
                                .quote = how & 2 ? 0 : '"',
                                .header = !(how & 4),
                                .keep_blank_lines = how & 8,
                                .longest_row = how & 16 ? 100 : 1 << 20};
    const tp_table *table = tp_read_table_with(&o);
    bool right = fuzz_outcome(table != NULL);
    for (int64_t i = 0; table && i < tp_table_columns(table) && i < 4; i++)
        for (int dtype = 0; dtype < TP_DTYPES; dtype++) {
            const bool read = tp_table_numbers(table, tp_table_column(table, i), (tp_dtype)dtype) != NULL;
            right = right && fuzz_outcome(read);
            tp_clear_error();
        }
    tp_clear_error();
    tp_table_reader *reader = tp_table_reader_open_with(&o);
    tp_table_row row;
    int64_t rows = 0;
    tp_status status = reader ? TP_OK : tp_error();
    while (status == TP_OK && (status = tp_table_reader_next(reader, &row)) == TP_OK) {
        right = right && (!table || tp_table_line(table, rows) == row.line);
        rows++;
    }
    /* An empty table without a header is an error of the one and none of the other. */
    right = right && (table ? status == TP_END && rows == tp_table_rows(table) : status != TP_END || !rows);
    tp_clear_error();
    const bool texts =
        tp_read_labelled_texts(path, .delimiter = o.delimiter, .quote = o.quote, .any_labels = how & 32);
    right = right && fuzz_outcome(texts);
    tp_clear_error();
    tp_text_stream *stream =
        tp_text_stream_open(path, tp_hashing_vectorizer_new(.n_features = 16), .window = 64,
                            .delimiter = o.delimiter, .quote = o.quote, .any_labels = how & 32);
    tp_loader *loader = stream ? tp_loader_new(tp_text_stream_dataset(stream), .batch_size = 3) : NULL;
    tp_batch *batch;
    status = loader ? TP_OK : tp_error();
    while (status == TP_OK)
        status = tp_loader_next(loader, &batch);
    return right && (status == TP_END) == texts && fuzz_outcome(texts);
}

static void seed_table(void)
{
    SEED("0sentence\tlabel\na film\t1\n\"a \"\"good\"\"\nfilm\"\t0\n\nodd\t0\n");
    SEED("1sentence,label\r\na film,1\r\n\"a, b\"x,0\r\n");
    SEED("4a\tb\n1\t2.5\n-3\t1e3\n0\tinf\n");
    SEED(" sentence\tlabel\nfilm\tgood\nbook\tbad\nc\t1\n");
    SEED("\x18x\n\n\n1\n");
}

static const char *const table_words[] = {"sentence", "label",        "\t1\n",    "\"\"",
                                          "\r\n",     "\xEF\xBB\xBF", "\t\t\t\t", NULL};

/* The lines and columns of taper predict are read by the tool; see fuzz_texts.c. */

/* ---- Small languages ---- */

/* Walks all of a value; false where its strings do not mean what they mean. */
static bool walk_json(const tp__json *value)
{
    char text[256];
    double number;
    if (value->kind == TP__JSON_STRING && value->text.length < sizeof text) {
        const size_t length = tp__json_decode(value->text, text);
        if (strlen(text) == length && !tp__json_is(value->text, text))
            return false;
    }
    if (value->kind == TP__JSON_NUMBER && tp__json_f64(value, &number) != TP_OK)
        return false;
    tp__json item;
    size_t count = 0;
    for (bool more = tp__json_first(value, &item); more; more = tp__json_next(&item), count++)
        if (!walk_json(&item))
            return false;
    return count == tp__json_count(value);
}

static bool run_json(const char *bytes, size_t length)
{
    tp__json value, member;
    const bool right = tp__json_parse("text", bytes, length, &value) == TP_OK;
    if (right)
        tp__json_get(&value, "a", &member);
    return (!right || walk_json(&value)) && fuzz_outcome(right);
}

static void seed_json(void)
{
    SEED("{\"a\": [1, -2.5e3, true, false, null, \"\\u00e9\\ud83d\\ude00\\n\"], \"b\": {}, \"a\": []}");
    SEED("[[[[[[[[[[1]]]]]]]]]]");
}

static const char *const json_words[] = {"\"a\":",  "\\u0000", "\\ud800", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                                         "{\"a\":", "true",    "1e308",   NULL};

/* A number and back. */
static bool run_number(const char *bytes, size_t length)
{
    int64_t whole;
    double value, back;
    char text[TP__NUMBER_SIZE];
    const tp_status status = tp__parse_i64(bytes, length, &whole);
    if (status == TP_OK && tp__parse_f64(bytes, length, &value) != TP_OK)
        return false;
    if (tp__parse_f64(bytes, length, &value) != TP_OK)
        return tp_error() == TP_OK && status != TP_OK;
    tp__format_f64(text, value);
    return tp__parse_f64(text, strlen(text), &back) == TP_OK &&
           (isnan(value) ? isnan(back) : memcmp(&back, &value, sizeof value) == 0);
}

static void seed_number(void)
{
    SEED("-12345");
    SEED("+1.25e-3");
    SEED("-Infinity");
    SEED("4.9406564584124654e-324");
    SEED("9223372036854775807");
}

static bool run_from_text(const char *bytes, size_t length)
{
    (void)length;
    bool right = true;
    for (int dtype = 0; dtype < TP_DTYPES; dtype++) {
        right = fuzz_outcome(tp_from_text((tp_dtype)dtype, bytes) != NULL) && right;
        tp_clear_error();
    }
    return right;
}

static void seed_from_text(void)
{
    SEED("[[1, 2, 3], [4, 5, 6]]");
    SEED("[[[true], [false]]]");
    SEED("[1.5e3, -inf, nan]");
    SEED("[]");
}

static const char *const from_text_words[] = {"[[[[[[[[[", "]", "[]", ",", "nan", "True", NULL};

/* Operands in front of an equation: a digit for each size, a comma behind each but the last, a blank. */
static bool run_einsum(const char *bytes, size_t length)
{
    tp_tensor *operands[4];
    int n = 0;
    size_t at = 0;
    while (n < 4) {
        int64_t shape[6] = {0};
        int ndim = 0;
        for (; at < length && bytes[at] >= '0' && bytes[at] <= '3' && ndim < 6; at++)
            shape[ndim++] = bytes[at] - '0';
        if (!(operands[n++] = tp_ones_n(TP_F32, ndim, shape)))
            return false;
        if (at == length || bytes[at++] != ',')
            break;
    }
    const char *equation = at < length ? bytes + at : "";
    return fuzz_outcome(tp_einsum_n(equation, n, operands) != NULL);
}

static void seed_einsum(void)
{
    SEED("23,32 ij,jk->ik");
    SEED("333 iij->ji");
    SEED("123,132 ...ij,...jk->...ik");
    SEED("2,2,2,2 a,b,c,d");
    SEED("232,2 ab...,a->...b");
}

static const char *const einsum_words[] = {"->", "...", ",", "ij", "aaaaaaaa", NULL};

const fuzz_target fuzz_files[] = {{"safetensors", run_safetensors, seed_safetensors, header_words},
                                  {"header", run_header, seed_header, header_words},
                                  {"npy", run_npy, seed_npy, npy_words},
                                  {"idx", run_idx, seed_idx, NULL},
                                  {"svmlight", run_svmlight, seed_svmlight, svmlight_words},
                                  {"fasttext", run_fasttext, seed_fasttext, fasttext_words},
                                  {"table", run_table, seed_table, table_words},
                                  {"json", run_json, seed_json, json_words},
                                  {"number", run_number, seed_number, NULL},
                                  {"from_text", run_from_text, seed_from_text, from_text_words},
                                  {"einsum", run_einsum, seed_einsum, einsum_words},
                                  {NULL, NULL, NULL, NULL}};
