/* Text tables: the same fields as pandas, and errors that say where. */
#include "taper/io.h"
#include "base/memory.h"
#include "pack.h"

#include <fcntl.h>
#include <unistd.h>

#include "golden/table_cases.h"

/* Differences between what is read and what pandas read; 1 if only one of the two reads it. */
static int differences(const table_case *c, const char *path, char quote)
{
    TP_SCOPE(differences);
    int wrong = 0;
    tp_table *t = tp_read_table(path, .delimiter = c->delimiter, .header = c->header != 0, .quote = quote);
    if (!t) {
        tp_clear_error();
        return c->columns >= 0;
    }
    if (tp_table_columns(t) != c->columns || tp_table_rows(t) != c->rows)
        return 1;
    for (long j = 0; j < c->columns; j++) {
        wrong += strcmp(tp_table_column(t, j), c->cells[j]) != 0;
        const tp_strings *s = tp_table_strings(t, tp_table_column(t, j));
        for (long i = 0; s && i < c->rows; i++) {
            size_t length;
            const char *text = tp_string_at(s, i, &length);
            const char *want = c->cells[c->columns * (i + 1) + j];
            wrong += strlen(want) != length || memcmp(text, want, length) != 0;
        }
    }
    return wrong;
}

static void test_golden(void)
{
    int sabotaged = 0;
    for (size_t i = 0; i < sizeof table_cases / sizeof *table_cases; i++) {
        const table_case *c = &table_cases[i];
        const char *path = test_write_file("golden", c->bytes, (size_t)c->length);
        const int wrong = differences(c, path, '"');
        if (wrong)
            printf("case '%s': %d differences\n", c->name, wrong);
        CHECK(wrong == 0);
        sabotaged += differences(c, path, 0) != 0;
        unlink(path);
    }
    /* Without quotes much must differ, or the comparison sees nothing. */
    CHECK(sabotaged > 50);
    CHECK_OK();
}

/* The same rows when the text arrives byte by byte: a pipe in packet mode gives one write to each read. */
static void test_pieces(void)
{
    for (size_t i = 0; i < sizeof table_cases / sizeof *table_cases; i++) {
        const table_case *c = &table_cases[i];
        if (c->length > 200)
            continue;
        TP_SCOPE(pieces);
        int ends[2];
        CHECK(pipe2(ends, O_DIRECT) == 0);
        CHECK(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0);
        for (long k = 0; k < c->length; k++)
            CHECK(write(ends[1], c->bytes + k, 1) == 1);
        close(ends[1]);
        const int saved = dup(STDIN_FILENO);
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        tp_table_reader *r = tp_table_reader_open("-", .delimiter = c->delimiter, .header = c->header != 0);
        long rows = 0;
        int wrong = 0;
        tp_table_row row;
        tp_status status = r ? TP_OK : tp_error();
        while (r && (status = tp_table_reader_next(r, &row)) == TP_OK) {
            for (int64_t j = 0; j < row.count && rows < c->rows; j++) {
                const char *want = c->cells[c->columns * (rows + 1) + j];
                wrong += strlen(want) != (size_t)row.fields[j].length ||
                         memcmp(want, row.fields[j].bytes, strlen(want)) != 0;
            }
            rows++;
        }
        CHECK(wrong == 0);
        CHECK(c->columns < 0 ? status < 0 || (!c->header && rows == 0) : status == TP_END && rows == c->rows);
        tp_clear_error();
        dup2(saved, STDIN_FILENO);
        close(saved);
    }
}

/* After reading `bytes` to the end: the error's sentence must contain `piece`. */
static void expect(const char *bytes, size_t length, const char *piece)
{
    TP_SCOPE(expect);
    const char *path = test_write_file("bad.tsv", bytes, length);
    tp_table *t = tp_read_table(path);
    CHECK(!t);
    CHECK_ERROR(TP_ERROR_FORMAT, piece);
    unlink(path);
}
#define EXPECT(text, piece) expect(text, sizeof text - 1, piece)

static void test_errors(void)
{
    EXPECT("a\tb\n1\t2\n3\n", "bad.tsv:3:2: 1 field in a table of 2 columns");
    EXPECT("a\tb\n1\t2\n3\t4\t5\n", "bad.tsv:3:5: 3 fields in a table of 2 columns");
    EXPECT("a\tb\n\"1\n1\"\t2\t3\n", "bad.tsv:3:6: 3 fields");
    EXPECT("a\tb\n\303\251x\t\377\n", "bad.tsv:2:4: byte 0xFF is not valid UTF-8 here");
    EXPECT("a\tb\n1\t\342\202", "bad.tsv:2:3: byte 0xE2 is not valid UTF-8 here");
    EXPECT("a\tb\n1\t2\n\n\nx\ty\0\n", "bad.tsv:5:4: a NUL byte");
    EXPECT("a\tb\n1\tx\n2\t\"x\n3\ty\n", "bad.tsv:3:3: the quote that opens here is not closed before");
    EXPECT("", "bad.tsv: the file is empty");
    EXPECT("\n\n", "bad.tsv: the file is empty");

    CHECK(!tp_read_table("/nonexistent/x.tsv"));
    CHECK_ERROR(TP_ERROR_IO, "cannot open '/nonexistent/x.tsv': No such file");
    CHECK(!tp_read_table("/tmp"));
    CHECK_ERROR(TP_ERROR_IO, "cannot read '/tmp': it is a directory");
    CHECK(!tp_read_table(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "path is NULL");
    CHECK(!tp_read_table("x", .delimiter = '\n'));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "delimiter");
    CHECK(!tp_read_table("x", .quote = '\t'));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "delimiter");
    CHECK(!tp_read_table("x", .longest_row = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "longest_row");
}

/* A line of delimiters becomes columns; what they take stays in proportion to it. */
static void test_many_columns(void)
{
    TP_SCOPE(many);
    enum { COLUMNS = 200000 };
    static char text[2 * COLUMNS + 64];
    memset(text, ',', COLUMNS - 1);
    text[COLUMNS - 1] = '\n';
    memset(text + COLUMNS, ',', COLUMNS - 1);
    const char *path = test_write_file("columns.csv", text, 2 * COLUMNS - 1);
    tp_memory_trim();
    const size_t before = tp_memory_used();
    tp_set_memory_limit(before + 64000000);
    tp_table *t = tp_read_table(path, .delimiter = ',');
    CHECK(tp_table_columns(t) == COLUMNS && tp_table_rows(t) == 1);
    CHECK_OK();
    TP_SCOPE(two);
    tp_set_memory_limit(tp_memory_used() + 18000000);
    tp_table_reader *r = tp_table_reader_open(path, .delimiter = ',');
    CHECK(tp_table_reader_columns(r) == COLUMNS);
    CHECK_TEXT(tp_table_reader_column(r, COLUMNS - 1), "");
    CHECK_OK();
    /* Of a row with more fields than there are columns, the fields are counted and not kept. */
    memcpy(text, "a\n", 2);
    memset(text + 2, ',', 2 * COLUMNS);
    test_write_file("columns.csv", text, 2 * COLUMNS + 2);
    tp_set_memory_limit(tp_memory_used() + 3000000);
    CHECK(!tp_read_table(path, .delimiter = ','));
    CHECK_ERROR(TP_ERROR_FORMAT, "columns.csv:2:2: 400001 fields in a table of 1 columns");
    tp_set_memory_limit(0);
    unlink(path);
}

static void test_columns(void)
{
    TP_SCOPE(columns);
    static const char text[] =
        "id\ttext\tscore\tscore\tflag\n1\tx\t0.5\t1\t1\n\n-2\t\"y\ny\"\t1e3\t2\t0\n3\t\tnan\t3\t2\n";
    const char *path = test_write_file("columns.tsv", text, sizeof text - 1);
    tp_table *t = tp_read_table(path, .columns = (const char *const[]){"flag", "id", NULL});
    CHECK_OK();
    CHECK(tp_table_columns(t) == 2 && tp_table_rows(t) == 3);
    CHECK_TEXT(tp_table_column(t, 1), "id");
    CHECK(tp_table_line(t, 0) == 2 && tp_table_line(t, 1) == 4 && tp_table_line(t, 2) == 6);
    tp_tensor *id = tp_table_numbers(t, "id", TP_I64);
    CHECK(id && tp_at(id, 0) == 1 && tp_at(id, 1) == -2 && tp_at(id, 2) == 3);
    CHECK(tp_dtype_of(tp_table_numbers(t, "id", TP_F32)) == TP_F32);
    CHECK(!tp_table_numbers(t, "id", TP_U8));
    CHECK_ERROR(TP_ERROR_VALUE, "columns.tsv:4: column 'id' holds '-2', which is out of range");
    CHECK(!tp_table_numbers(t, "flag", TP_BOOL));
    CHECK_ERROR(TP_ERROR_VALUE, "columns.tsv:6: column 'flag' holds '2', which is neither 0 nor 1");
    CHECK(!tp_table_strings(t, "text"));
    CHECK_ERROR(TP_ERROR_INDEX, "no column 'text'; there are: 'flag', 'id'");
    CHECK(!tp_table_column(t, 2));
    CHECK_ERROR(TP_ERROR_INDEX, "column 2 of 2");
    CHECK(tp_table_line(t, 3) == -1);
    CHECK_ERROR(TP_ERROR_INDEX, "row 3 of 3");

    CHECK(!tp_read_table(path, .columns = (const char *const[]){"label", NULL}));
    CHECK_ERROR(TP_ERROR_INDEX,
                "columns.tsv: no column 'label'; there are: 'id', 'text', 'score', 'score', 'flag'");
    CHECK(!tp_read_table(path, .columns = (const char *const[]){"score", NULL}));
    CHECK_ERROR(TP_ERROR_FORMAT, "columns 3 and 4 are both named 'score'");
    t = tp_read_table(path, .columns = (const char *const[]){"text", NULL});
    CHECK(!tp_table_numbers(t, "text", TP_F64));
    CHECK_ERROR(TP_ERROR_FORMAT, "columns.tsv:2: column 'text' holds 'x', which is no number");
    unlink(path);

    path = test_write_file("plain.tsv", "1.5\tinf\n2\t-1e-3\n", 16);
    t = tp_read_table(path, .header = false);
    CHECK_TEXT(tp_table_column(t, 1), "1");
    tp_tensor *y = tp_table_numbers(t, "1", TP_F64);
    CHECK(y && isinf(tp_at(y, 0)) && tp_at(y, 1) == -1e-3);
    CHECK(!tp_table_numbers(t, "0", TP_I64));
    CHECK_ERROR(TP_ERROR_FORMAT, "plain.tsv:1: column '0' holds '1.5', which is no integer");
    unlink(path);

    path = test_write_file("header.tsv", "text\tlabel\n", 11);
    t = tp_read_table(path);
    CHECK(tp_table_rows(t) == 0);
    y = tp_table_numbers(t, "label", TP_I64);
    CHECK(y && tp_numel(y) == 0);
    CHECK(tp_table_strings(t, "text")->count == 0);
    CHECK_OK();
    unlink(path);

    CHECK(tp_table_rows(NULL) == -1);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "table is NULL");
}

static void test_reader(void)
{
    TP_SCOPE(reader);
    FILE *stream = tmpfile();
    fputs("text\tlabel\nx\t1\n\"y\nz\"\t?\n", stream);
    rewind(stream);
    tp_table_reader *r = tp_table_reader_open("memory", .stream = stream);
    CHECK(tp_table_reader_columns(r) == 2);
    CHECK_TEXT(tp_table_reader_column(r, 0), "text");
    CHECK(tp_table_reader_find(r, "label") == 1);
    CHECK(tp_table_reader_find(r, "labels") == -1);
    CHECK_ERROR(TP_ERROR_INDEX, "memory: no column 'labels'; there are: 'text', 'label'");
    tp_table_row row;
    CHECK(tp_table_reader_next(r, &row) == TP_OK && row.line == 2 && row.count == 2);
    CHECK(tp_table_reader_next(r, &row) == TP_OK && row.line == 3 && row.fields[0].length == 3);
    CHECK(tp_table_reader_fail(r, 1, "no label: %s", "?") == TP_ERROR_FORMAT);
    CHECK_ERROR(TP_ERROR_FORMAT, "memory:4:4: no label: ?");
    CHECK(tp_table_reader_next(r, &row) == TP_END);
    CHECK(tp_table_reader_next(r, &row) == TP_END);
    CHECK_OK();
    fclose(stream);

    /* A failure is for good. */
    const char *path = test_write_file("short.tsv", "a\tb\n1\n2\t3\n", 10);
    r = tp_table_reader_open(path);
    CHECK(tp_table_reader_next(r, &row) == TP_ERROR_FORMAT);
    CHECK_ERROR(TP_ERROR_FORMAT, "short.tsv:2:2: 1 field");
    CHECK(tp_table_reader_next(r, &row) == TP_ERROR_FORMAT);
    CHECK_ERROR(TP_ERROR_FORMAT, "an earlier error has ended the reading");
    unlink(path);

    path = test_write_file("none.tsv", "", 0);
    r = tp_table_reader_open(path, .header = false);
    CHECK(r && tp_table_reader_columns(r) == 0 && tp_table_reader_next(r, &row) == TP_END);
    CHECK_OK();
    path = test_write_file("none.tsv", "a\n\n \nb\n", 7);
    r = tp_table_reader_open(path, .keep_blank_lines = true);
    int rows = 0;
    while (tp_table_reader_next(r, &row) == TP_OK)
        rows++;
    CHECK(rows == 3);
    unlink(path);
}

/* Rows longer than a block, up to the limit, with and without quotes, and constant memory. */
static void test_long_rows(void)
{
    const size_t length = 3 << 20;
    char *text = malloc(length + 64);
    for (int quoted = 0; quoted < 2; quoted++) {
        TP_SCOPE(long_rows);
        size_t at = (size_t)sprintf(text, "a\tb\n%s", quoted ? "\"" : "");
        memset(text + at, 'x', length);
        if (quoted)
            for (size_t i = at; i < at + length; i += 1000)
                memcpy(text + i, "\"\"\n", 3);
        at += length;
        at += (size_t)sprintf(text + at, "%s\t1\n2\t3\n", quoted ? "\"" : "");
        const char *path = test_write_file("long.tsv", text, at);
        tp_table *t = tp_read_table(path);
        CHECK_OK();
        CHECK(tp_table_rows(t) == 2);
        const tp_strings *a = tp_table_strings(t, "a");
        CHECK(a && a->offsets[1] == (int64_t)(quoted ? length - (length + 999) / 1000 : length));
        CHECK(!tp_read_table(path, .longest_row = 1 << 20));
        CHECK_ERROR(TP_ERROR_FORMAT,
                    quoted ? ":2:1: the quote that opens here is not closed within 1048576 bytes"
                           : ":2:1: a row of more than 1048576 bytes");
        CHECK(!tp_read_table(path, .longest_row = 100));
        CHECK_ERROR(TP_ERROR_FORMAT, quoted ? "quote" : "a row");
        unlink(path);
    }
    free(text);

    TP_SCOPE(many_rows);
    const char *path = test_temporary("many.tsv");
    FILE *f = fopen(path, "wb");
    fputs("n\ttext\n", f);
    for (int i = 0; i < 300000; i++)
        fprintf(f, "%d\tsome text that fills the row\r\n", i);
    fclose(f);
    tp_table_reader *r = tp_table_reader_open(path);
    const size_t used = tp_memory_used();
    tp_table_row row;
    int64_t rows = 0, wrong = 0;
    while (tp_table_reader_next(r, &row) == TP_OK) {
        char number[24];
        const int digits = snprintf(number, sizeof number, "%lld", (long long)rows);
        wrong += row.line != rows + 2 || row.fields[0].length != digits ||
                 memcmp(row.fields[0].bytes, number, (size_t)digits) != 0 || row.fields[1].length != 28;
        rows++;
    }
    CHECK(rows == 300000 && wrong == 0);
    CHECK(tp_memory_used() <= used + 4096);
    unlink(path);
}

/* Whatever ends a line, all are found: behind a long row, which makes the reader's buffer large. */
static void check_lines(const char *line)
{
    enum { LONG = 1 << 20, ALL = 1 << 21 };
    static char text[ALL + 8];
    const size_t step = strlen(line);
    size_t at = LONG;
    memset(text, 'x', LONG);
    for (text[at++] = line[step - 1]; at + step <= ALL; at += step)
        memcpy(text + at, line, step);
    const char *path = test_write_file("lines.tsv", text, at);
    TP_SCOPE(lines);
    const tp_table *t = tp_read_table(path, .header = false);
    CHECK(tp_table_rows(t) == 1 + (ALL - LONG - 1) / (int64_t)step);
    unlink(path);
}

static void test_line_ends(void)
{
    check_lines("a\n");
    check_lines("a\r");
    check_lines("\"\r\"\r");
    CHECK_OK();
}

static void test_out_of_memory(void)
{
    static const char text[] = "a\tb\n\"x\"\"\"\t1\ny\t2\n";
    const char *path = test_write_file("memory.tsv", text, sizeof text - 1);
    bool done = false;
    for (int64_t n = 0; !done && n < 200; n++) {
        TP_SCOPE(out_of_memory);
        tp_region_current();
        tp__memory_fail_after(n);
        tp_table *t = tp_read_table(path);
        tp_tensor *y = t ? tp_table_numbers(t, "b", TP_F64) : NULL;
        tp__memory_fail_after(-1);
        done = y != NULL;
        if (!done)
            CHECK(tp_error() == TP_ERROR_MEMORY);
        tp_clear_error();
    }
    CHECK(done);
    unlink(path);
}

static void check_sst2(const char *folder, const char *name, int64_t rows, uint64_t hash)
{
    TP_SCOPE(sst2);
    char path[4200];
    snprintf(path, sizeof path, "%s/%s.tsv", folder, name);
    tp_table *t = tp_read_table(path);
    CHECK_OK();
    CHECK(tp_table_rows(t) == rows);
    const tp_strings *columns[2] = {tp_table_strings(t, "sentence"), tp_table_strings(t, "label")};
    uint64_t value = 14695981039346656037u;
    for (int64_t i = 0; columns[1] && i < tp_table_rows(t); i++)
        for (int j = 0; j < 2; j++) {
            size_t length;
            const char *text = tp_string_at(columns[j], i, &length);
            for (size_t k = 0; k <= length; k++)
                value = (value ^ (k < length ? (unsigned char)text[k] : 0x1F)) * 1099511628211u;
        }
    CHECK(value == hash);
    CHECK(tp_dtype_of(tp_table_numbers(t, "label", TP_I64)) == TP_I64);
    CHECK_OK();
}

int main(void)
{
    test_golden();
    test_pieces();
    test_errors();
    test_columns();
    test_many_columns();
    test_reader();
    test_long_rows();
    test_line_ends();
    test_out_of_memory();
    const char *folder = test_sst2();
    if (folder) {
        check_sst2(folder, "train", SST2_TRAIN_ROWS, SST2_TRAIN_HASH);
        check_sst2(folder, "dev", SST2_DEV_ROWS, SST2_DEV_HASH);
    }
    tp_finish();
    return test_end();
}
