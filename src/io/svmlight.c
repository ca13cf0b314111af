/* SVMlight's and LIBSVM's text form of sparse rows. */
#include "taper/svmlight.h"
#include "base/memory.h"
#include "io/lines.h"
#include "io/number.h"
#include "io/utf8.h"
#include "tensor/tensor.h"

#include <math.h>
#include <string.h>

/* What was read so far; freed by its clean-up. */
typedef struct rows {
    int64_t count, stored, lowest, highest; /* indices as the file has them */
    int64_t *starts;
    int32_t *columns;
    double *values, *labels;
    size_t starts_capacity, columns_capacity, values_capacity, labels_capacity;
} rows;

static void free_rows(void *argument)
{
    rows *r = argument;
    tp__free(r->starts);
    tp__free(r->columns);
    tp__free(r->values);
    tp__free(r->labels);
}

static tp_status refuse(tp_table_reader *reader, const char *what, const char *word, size_t length)
{
    char quoted[TP__QUOTE_SIZE];
    return tp_table_reader_fail(reader, 0, "%s expected, not %s", what,
                                tp__quote(quoted, sizeof quoted, word, length));
}

static tp_status read_feature(tp_table_reader *reader, rows *r, const char *word, size_t length)
{
    const char *colon = memchr(word, ':', length);
    const size_t digits = colon ? (size_t)(colon - word) : 0;
    if (digits == 3 && !memcmp(word, "qid", 3))
        return TP_OK;
    int64_t index;
    double value;
    if (!digits || tp__parse_i64(word, digits, &index) != TP_OK || index < 0 || index >= INT32_MAX)
        return refuse(reader, "index:value", word, length);
    const tp_status status = tp__parse_f64(colon + 1, length - digits - 1, &value);
    if (status == TP_ERROR_MEMORY)
        return status;
    if (status != TP_OK || !isfinite(value))
        return refuse(reader, "index:value with a finite number", word, length);
    const int64_t in_row = r->stored - r->starts[r->count];
    if (in_row && r->columns[r->stored - 1] >= index)
        return tp_table_reader_fail(reader, 0, "index %lld follows index %lld; a row's indices must ascend",
                                    (long long)index, (long long)r->columns[r->stored - 1]);
    const size_t needed = (size_t)r->stored + 1;
    TP__TRY(tp__grow((void **)&r->columns, &r->columns_capacity, needed, sizeof *r->columns));
    TP__TRY(tp__grow((void **)&r->values, &r->values_capacity, needed, sizeof *r->values));
    r->columns[r->stored] = (int32_t)index;
    r->values[r->stored++] = value;
    r->lowest = index < r->lowest ? index : r->lowest;
    r->highest = index > r->highest ? index : r->highest;
    return TP_OK;
}

static tp_status read_row(tp_table_reader *reader, const tp_table_field *line, rows *r)
{
    const char *at = line->bytes, *word;
    const char *comment = memchr(at, '#', (size_t)line->length), *end = comment ? comment : at + line->length;
    size_t length;
    if (!tp__next_word(&at, end, &word, &length))
        return TP_OK;
    TP__TRY(tp__grow((void **)&r->labels, &r->labels_capacity, (size_t)r->count + 1, sizeof *r->labels));
    TP__TRY(tp__grow((void **)&r->starts, &r->starts_capacity, (size_t)r->count + 2, sizeof *r->starts));
    const tp_status status = tp__parse_f64(word, length, &r->labels[r->count]);
    if (status == TP_ERROR_MEMORY)
        return status;
    if (status != TP_OK)
        return refuse(reader, "a label was", word, length);
    r->starts[r->count] = r->stored;
    while (tp__next_word(&at, end, &word, &length))
        TP__TRY(read_feature(reader, r, word, length));
    r->starts[++r->count] = r->stored;
    return TP_OK;
}

static tp_status make_tensors(const tp_svmlight_options *o, rows *r, tp_tensor **X, tp_tensor **y)
{
    const int64_t first = o->base == TP_INDEX_ONE || (o->base == TP_INDEX_AUTO && r->lowest > 0) ? 1 : 0;
    if (r->stored && r->lowest < first)
        return tp_fail(TP_ERROR_FORMAT, "%s: an index is 0, but indices were said to begin at 1", o->path);
    const int64_t found = r->stored ? r->highest + 1 - first : 0,
                  features = o->features ? o->features : found;
    if (found > features)
        return tp_fail(TP_ERROR_FORMAT,
                       "%s: the file has %lld features, more than the %lld that were asked for", o->path,
                       (long long)found, (long long)features);
    for (int64_t i = 0; i < r->stored && first; i++)
        r->columns[i]--;
    /* The values become those of the dtype in place, from the front. */
    for (int64_t i = 0; i < r->stored && o->dtype == TP_F32; i++) {
        const float narrow = (float)r->values[i];
        memcpy((char *)r->values + 4 * i, &narrow, sizeof narrow);
    }
    const int64_t no_starts[1] = {0};
    *X = tp_csr(o->dtype, r->count, features, r->stored, r->count ? r->starts : no_starts, r->columns,
                r->values);
    *y = *X ? tp_zeros(o->dtype, r->count) : NULL;
    if (!*y)
        return tp_error();
    for (int64_t i = 0; i < r->count; i++)
        tp__store_f64(o->dtype, (*y)->data + (size_t)i * tp_dtype_size(o->dtype), r->labels[i]);
    return TP_OK;
}

tp_status tp_read_svmlight_with(const tp_svmlight_options *options)
{
    TP_FRAME("read_svmlight");
    if (!options || !options->path || !options->X || !options->y)
        return tp__null_argument("the path, X or y");
    *options->X = *options->y = NULL;
    if (options->dtype != TP_F32 && options->dtype != TP_F64)
        return tp_fail(TP_ERROR_DTYPE, "%s; float32 and float64 are possible", tp_dtype_name(options->dtype));
    if (options->features < 0 || options->features > INT32_MAX)
        return tp_fail(TP_ERROR_ARGUMENT, "%lld features; 0 to %d are possible", (long long)options->features,
                       INT32_MAX);
    if ((unsigned)options->base > TP_INDEX_ONE)
        return tp_fail(TP_ERROR_ARGUMENT, "%d is no base of indices", (int)options->base);
    tp_tensor *X = NULL, *y = NULL;
    rows r = {.lowest = INT64_MAX};
    tp_status status;
    {
        TP_SCOPE(reading);
        tp_table_reader *reader = tp_table_reader_open(options->path, .delimiter = TP__NO_DELIMITER,
                                                       .quote = 0, .header = false, .longest_row = INT32_MAX);
        tp_table_row row;
        status = reader ? TP_OK : tp_error();
        while (status == TP_OK && (status = tp__next_line(reader, &row)) == TP_OK)
            status = read_row(reader, &row.fields[0], &r);
    }
    if (status == TP_END)
        status = make_tensors(options, &r, &X, &y);
    free_rows(&r);
    if (status != TP_OK)
        return status;
    *options->X = X;
    *options->y = y;
    return TP_OK;
}
