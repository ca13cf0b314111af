/* Whole tables in memory: for each kept column its bytes one behind the other, and where each field begins.
 */
#include "io/number.h"
#include "io/table_reader.h"
#include "io/utf8.h"
#include "taper/table.h"
#include "tensor/tensor.h"

#include <string.h>
#include <sys/stat.h>

typedef struct column {
    char *name;
    size_t source; /* its index in the file */
    char *bytes;
    size_t length, capacity;
    int64_t *offsets; /* rows + 1 */
    size_t offsets_capacity;
    tp_strings strings;
} column;

/* Rows from `row` on begin on `line`, line + 1, ... */
typedef struct run {
    int64_t row, line;
} run;

struct tp_table {
    char *path;
    int64_t rows, count;
    column *columns;
    char **names; /* of the kept columns, borrowed from them */
    run *runs;
    size_t n_runs, runs_capacity;
};

static void end_table(void *argument)
{
    tp_table *t = argument;
    for (int64_t i = 0; t->columns && i < t->count; i++) {
        tp__free(t->columns[i].name);
        tp__free(t->columns[i].bytes);
        tp__free(t->columns[i].offsets);
    }
    tp__free(t->columns);
    tp__free(t->names);
    tp__free(t->runs);
    tp__free(t->path);
    tp__free(t);
}

/* What an array of `used` items will come to when the file is read, seen from how far it is; so a table of
 * known size is neither copied often nor given twice its memory. What is added for luck is little where there
 * are many columns: a line of delimiters must not take a thousand times its size. */
static size_t forecast(const tp_table *t, const tp_table_reader *r, int64_t file_size, size_t used,
                       size_t needed)
{
    const int64_t read = r->consumed + (int64_t)r->next;
    const size_t spare = t->count <= 64 ? 4096 : (size_t)(262144 / t->count);
    size_t wanted = used + used / 2 + spare;
    if (file_size > 0 && read > 0 && read <= file_size) {
        const double whole = (double)used * 1.02 * ((double)file_size / (double)read) + (double)spare;
        if (whole < 1e15 && (size_t)whole > used)
            wanted = (size_t)whole;
    }
    return wanted > needed ? wanted : needed;
}

static tp_status resize(void **array, size_t *capacity, size_t wanted, size_t item_size)
{
    void *sized = tp__realloc(*array, (wanted ? wanted : 1) * item_size);
    if (!sized)
        return TP_ERROR_MEMORY;
    *array = sized;
    *capacity = wanted ? wanted : 1;
    return TP_OK;
}

static tp_status append(tp_table *t, const tp_table_reader *r, int64_t file_size)
{
    const size_t row = (size_t)t->rows;
    for (column *c = t->columns; c < t->columns + t->count; c++) {
        const tp_table_field field = r->fields[c->source];
        const size_t length = (size_t)field.length;
        if (c->capacity - c->length < length)
            TP__TRY(resize((void **)&c->bytes, &c->capacity,
                           forecast(t, r, file_size, c->length, c->length + length), 1));
        if (row + 2 > c->offsets_capacity)
            TP__TRY(resize((void **)&c->offsets, &c->offsets_capacity,
                           forecast(t, r, file_size, row + 1, row + 2), sizeof *c->offsets));
        if (length)
            memcpy(c->bytes + c->length, field.bytes, length);
        c->length += length;
        c->offsets[row + 1] = (int64_t)c->length;
    }
    const run *last = t->n_runs ? &t->runs[t->n_runs - 1] : NULL;
    if (!last || last->line + (t->rows - last->row) != r->line) {
        TP__TRY(tp__grow((void **)&t->runs, &t->runs_capacity, t->n_runs + 1, sizeof *t->runs));
        t->runs[t->n_runs++] = (run){t->rows, r->line};
    }
    t->rows++;
    return TP_OK;
}

static tp_status choose_columns(tp_table *t, const tp_table_reader *r, const char *const *wanted)
{
    int64_t count = r->columns;
    if (wanted)
        for (count = 0; wanted[count];)
            count++;
    if (!(t->columns = tp__calloc((size_t)count + 1, sizeof *t->columns)) ||
        !(t->names = tp__calloc((size_t)count + 1, sizeof *t->names)))
        return TP_ERROR_MEMORY;
    for (t->count = 0; t->count < count; t->count++) {
        column *c = &t->columns[t->count];
        const int64_t source =
            wanted ? tp__table_find(r->path, r->names, r->columns, wanted[t->count]) : t->count;
        if (source < 0)
            return tp_error();
        c->source = (size_t)source;
        if (!(c->name = tp__strdup(r->names[source])))
            return TP_ERROR_MEMORY;
        t->names[t->count] = c->name;
    }
    return TP_OK;
}

static tp_status read_rows(tp_table *t, tp_table_reader *r, const tp_table_options *options)
{
    TP__TRY(tp__table_reader_begin(r, options));
    if (!(t->path = tp__strdup(r->path)))
        return TP_ERROR_MEMORY;
    if (!options->header && r->columns == 0)
        return tp_fail(TP_ERROR_FORMAT, "%s: the file is empty", r->path);
    TP__TRY(choose_columns(t, r, options->columns));
    struct stat about;
    const bool known = r->file >= 0 && fstat(r->file, &about) == 0 && S_ISREG(about.st_mode);
    const int64_t file_size = known ? about.st_size : 0;
    tp_table_row row;
    tp_status status;
    while ((status = tp_table_reader_next(r, &row)) == TP_OK)
        TP__TRY(append(t, r, file_size));
    if (status != TP_END)
        return status;
    for (column *c = t->columns; c < t->columns + t->count; c++) {
        TP__TRY(resize((void **)&c->bytes, &c->capacity, c->length, 1));
        TP__TRY(resize((void **)&c->offsets, &c->offsets_capacity, (size_t)t->rows + 1, sizeof *c->offsets));
        c->offsets[0] = 0;
        c->strings = (tp_strings){t->rows, c->bytes, c->offsets};
    }
    return TP_OK;
}

tp_table *tp_read_table_with(const tp_table_options *options)
{
    if (!options) {
        tp__null_argument("read_table: options");
        return NULL;
    }
    tp_region *region = tp__region_current();
    tp_table *t = region ? tp__calloc(1, sizeof *t) : NULL;
    if (!t)
        return NULL;
    tp_table_reader reader = {0};
    tp_status status = read_rows(t, &reader, options);
    tp__table_reader_finish(&reader);
    if (status == TP_OK)
        status = tp_region_on_end(region, end_table, t);
    if (status == TP_OK)
        return t;
    end_table(t);
    return NULL;
}

int64_t tp_table_rows(const tp_table *t)
{
    if (t)
        return t->rows;
    tp__null_argument("table_rows: table");
    return -1;
}

int64_t tp_table_columns(const tp_table *t)
{
    if (t)
        return t->count;
    tp__null_argument("table_columns: table");
    return -1;
}

const char *tp_table_column(const tp_table *t, int64_t i)
{
    if (!t) {
        tp__null_argument("table_column: table");
        return NULL;
    }
    if (i < 0 || i >= t->count)
        return tp__fail_null(TP_ERROR_INDEX, "%s: column %lld of %lld", t->path, (long long)i,
                             (long long)t->count);
    return t->names[i];
}

int64_t tp_table_line(const tp_table *t, int64_t row)
{
    if (!t) {
        tp__null_argument("table_line: table");
        return -1;
    }
    if (row < 0 || row >= t->rows) {
        tp_fail(TP_ERROR_INDEX, "%s: row %lld of %lld", t->path, (long long)row, (long long)t->rows);
        return -1;
    }
    size_t low = 0, high = t->n_runs; /* the last run that begins at or before `row` */
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (t->runs[middle].row <= row)
            low = middle;
        else
            high = middle;
    }
    return t->runs[low].line + (row - t->runs[low].row);
}

static const column *find_column(const tp_table *t, const char *name)
{
    if (!t || !name) {
        tp__null_argument(t ? "table column's name" : "table");
        return NULL;
    }
    const int64_t i = tp__table_find(t->path, t->names, t->count, name);
    return i < 0 ? NULL : &t->columns[i];
}

const tp_strings *tp_table_strings(const tp_table *t, const char *name)
{
    const column *c = find_column(t, name);
    return c ? &c->strings : NULL;
}

/* One number to its place. TP_ERROR_FORMAT and TP_ERROR_VALUE are not recorded yet. */
static tp_status store_number(tp_dtype dtype, void *to, const char *text, size_t length)
{
    if (tp_dtype_is_float(dtype)) {
        double value;
        TP__TRY(tp__parse_f64(text, length, &value));
        tp__store_f64(dtype, to, value);
        return TP_OK;
    }
    static const int64_t lowest[TP_DTYPES] = {[TP_I32] = INT32_MIN, [TP_I64] = INT64_MIN};
    static const int64_t highest[TP_DTYPES] = {1, UINT8_MAX, INT32_MAX, INT64_MAX};
    int64_t value;
    TP__TRY(tp__parse_i64(text, length, &value));
    if (value < lowest[dtype] || value > highest[dtype])
        return TP_ERROR_VALUE;
    tp__store_i64(dtype, to, value);
    return TP_OK;
}

tp_tensor *tp_table_numbers(const tp_table *t, const char *name, tp_dtype dtype)
{
    const column *c = find_column(t, name);
    tp_tensor *numbers = c ? tp_zeros_n(dtype, 1, &t->rows) : NULL;
    char *to = tp_data(numbers);
    if (!numbers || !to)
        return NULL;
    const size_t size = tp_dtype_size(dtype);
    for (int64_t row = 0; row < t->rows; row++, to += size) {
        size_t length;
        const char *text = tp_string_at(&c->strings, row, &length);
        const tp_status status = store_number(dtype, to, text, length);
        if (status == TP_OK)
            continue;
        char quoted[TP__QUOTE_SIZE], quoted_name[TP__QUOTE_SIZE];
        if (status != TP_ERROR_MEMORY)
            tp_fail(status, "%s:%lld: column %s holds %s, which is %s", t->path,
                    (long long)tp_table_line(t, row),
                    tp__quote(quoted_name, sizeof quoted_name, name, strlen(name)),
                    tp__quote(quoted, sizeof quoted, text, length),
                    dtype == TP_BOOL           ? "neither 0 nor 1"
                    : status == TP_ERROR_VALUE ? "out of range"
                    : tp_dtype_is_float(dtype) ? "no number"
                                               : "no integer");
        return NULL;
    }
    return numbers;
}
