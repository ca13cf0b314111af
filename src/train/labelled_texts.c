/* Texts and their labels from a file. */
#include "train/labelled_texts.h"
#include "base/region.h"
#include "io/lines.h"
#include "io/utf8.h"
#include "taper/ops.h"
#include "tensor/tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Classes ---- */

typedef struct numbered {
    int64_t number, class;
} numbered;

static int by_number(const void *a, const void *b)
{
    const int64_t x = ((const numbered *)a)->number, y = ((const numbered *)b)->number;
    return (x > y) - (x < y);
}

/* Whether a label is a whole number as it is usually written, so that no two labels are one number. */
static bool whole_number(const char *bytes, size_t length, int64_t *number)
{
    const bool negative = length && *bytes == '-';
    const size_t from = negative;
    if (length == from || length - from > 18 || (bytes[from] == '0' && length > 1))
        return false;
    *number = 0;
    for (size_t i = from; i < length; i++) {
        if (bytes[i] < '0' || bytes[i] > '9')
            return false;
        *number = 10 * *number + (bytes[i] - '0');
    }
    *number = negative ? -*number : *number;
    return true;
}

tp_label_encoder *tp__classes_of(const tp_strings *labels)
{
    tp_label_encoder *encoder = tp_label_encoder_fit(labels);
    const tp_strings *names = tp_label_classes(encoder);
    tp_region *home = names ? tp__region_current() : NULL;
    if (!home)
        return NULL;
    numbered *order = tp_region_alloc(home, ((size_t)names->count + 1) * sizeof *order);
    const char **texts = tp_region_alloc(home, ((size_t)names->count + 1) * sizeof *texts);
    if (!order || !texts)
        return NULL;
    for (int64_t i = 0; i < names->count; i++) {
        size_t length;
        const char *bytes = tp_string_at(names, i, &length);
        order[i].class = i;
        if (!whole_number(bytes, length, &order[i].number))
            return encoder;
    }
    qsort(order, (size_t)names->count, sizeof *order, by_number);
    for (int64_t i = 0; i < names->count; i++) {
        size_t length;
        const char *bytes = tp_string_at(names, order[i].class, &length);
        char *text = tp_region_alloc(home, length + 1);
        if (!text)
            return NULL;
        memcpy(text, bytes, length);
        texts[i] = text;
    }
    const tp_strings *sorted = tp_strings_from_array(names->count, texts);
    return sorted ? tp_label_encoder_of(sorted) : NULL;
}

char *tp__wrong_label(char text[TP__WRONG_LABEL_SIZE], const tp_label_encoder *classes, const char *label,
                      size_t length)
{
    char quoted[TP__QUOTE_SIZE];
    tp__quote(quoted, sizeof quoted, label, length);
    if (!classes) {
        snprintf(text, TP__WRONG_LABEL_SIZE, "%s, which is %s", quoted,
                 length ? "neither 0 nor 1" : "no label");
        return text;
    }
    const tp_strings *names = tp_label_classes(classes);
    size_t used = (size_t)snprintf(text, TP__WRONG_LABEL_SIZE, "%s, which is none of the %lld classes",
                                   quoted, (long long)names->count);
    for (int64_t i = 0; i < names->count; i++) {
        const char *bytes = tp_string_at(names, i, &length);
        tp__quote(quoted, sizeof quoted, bytes, length);
        if (used + strlen(quoted) + 8 > TP__WRONG_LABEL_SIZE) {
            snprintf(text + used, TP__WRONG_LABEL_SIZE - used, ", ...");
            break;
        }
        used += (size_t)snprintf(text + used, TP__WRONG_LABEL_SIZE - used, "%s %s", i ? "," : "", quoted);
    }
    return text;
}

/* ---- A label that may not be there ---- */

/* The place of a word of the line's that begins with `prefix`, from its first byte. */
static size_t place_of_label(const tp_table_field *line, const char *prefix)
{
    const char *at = line->bytes, *end = at + line->length, *word;
    size_t length;
    while (tp__next_word(&at, end, &word, &length))
        if (length >= strlen(prefix) && !memcmp(word, prefix, strlen(prefix)))
            return (size_t)(word - line->bytes);
    return 0;
}

/* Characters, as columns count them. */
static long long characters(const char *bytes, size_t length)
{
    long long n = 0;
    for (size_t i = 0; i < length; i++)
        n += ((unsigned char)bytes[i] & 0xc0) != 0x80;
    return n;
}

/* Reads up to the text `index` again, where the file can be, to say where its label stands. */
static tp_status fail_label(const tp_labelled_texts_options *o, const tp_table *table, int64_t index,
                            const char *label, size_t length)
{
    TP_SCOPE(fail);
    const bool is_table = o->format == TP_TEXT_TABLE;
    char column[TP__QUOTE_SIZE + 16] = "the label is", text[TP__WRONG_LABEL_SIZE];
    tp__wrong_label(text, o->classes, label, length);
    if (is_table) {
        char quoted[TP__QUOTE_SIZE];
        tp__quote(quoted, sizeof quoted, o->label_column, strlen(o->label_column));
        snprintf(column, sizeof column, "column %s holds", quoted);
    }
    struct stat found;
    const bool again = strcmp(o->path, "-") && stat(o->path, &found) == 0 && S_ISREG(found.st_mode);
    const tp_table_options options = {.path = o->path,
                                      .delimiter = is_table ? o->delimiter : TP__NO_DELIMITER,
                                      .quote = is_table ? o->quote : (char)0,
                                      .header = is_table,
                                      .longest_row = INT32_MAX};
    tp_table_reader *reader = again ? tp_table_reader_open_with(&options) : NULL;
    const int64_t field = is_table && reader ? tp_table_reader_find(reader, o->label_column) : 0;
    tp_table_row row = {0};
    tp_status status = reader && field >= 0 ? TP_OK : TP_END;
    for (int64_t i = 0; status == TP_OK && i <= index; i++)
        status = tp_table_reader_next(reader, &row);
    if (status == TP_OK && is_table)
        return tp_table_reader_fail(reader, field, "%s %s", column, text);
    if (status == TP_OK) {
        const size_t at = place_of_label(&row.fields[0], o->prefix);
        return tp_fail(TP_ERROR_FORMAT, "%s:%lld:%lld: %s %s", o->path, (long long)row.line,
                       characters(row.fields[0].bytes, at) + 1, column, text);
    }
    tp_clear_error(); /* of the second reading */
    if (table)
        return tp_fail(TP_ERROR_FORMAT, "%s:%lld: %s %s", o->path, (long long)tp_table_line(table, index),
                       column, text);
    return tp_fail(TP_ERROR_FORMAT, "%s: text %lld: %s %s", o->path, (long long)index + 1, column, text);
}

/* ---- Labels ---- */

/* The first label that is neither 0 nor 1, or the number of labels. */
static int64_t first_name(const tp_strings *labels)
{
    for (int64_t i = 0; i < labels->count; i++) {
        size_t length;
        const char *bytes = tp_string_at(labels, i, &length);
        if (length != 1 || (*bytes != '0' && *bytes != '1'))
            return i;
    }
    return labels->count;
}

static tp_tensor *read_digits(const tp_strings *labels)
{
    tp_tensor *result = tp__tensor_new(tp__region_current(), TP_F32, 1, &labels->count);
    float *into = result ? (float *)(void *)result->data : NULL;
    for (int64_t i = 0; into && i < labels->count; i++)
        into[i] = labels->bytes[labels->offsets[i]] == '1' ? 1.0f : 0.0f;
    return result;
}

static tp_status read_classes(const tp_labelled_texts_options *o, const tp_strings *labels,
                              tp_labelled_texts *texts)
{
    tp_tensor *numbers = tp__tensor_new(tp__region_current(), TP_I64, 1, &labels->count);
    if (!numbers)
        return tp_error();
    int64_t *into = (int64_t *)(void *)numbers->data;
    for (int64_t i = 0; i < labels->count; i++) {
        size_t length;
        const char *bytes = tp_string_at(labels, i, &length);
        into[i] = tp_label_find(texts->classes, bytes, length);
        if (into[i] < 0 || !length)
            return fail_label(o, texts->table, i, bytes, length);
    }
    texts->labels = numbers;
    return TP_OK;
}

static tp_status read_labels(const tp_labelled_texts_options *o, const tp_strings *labels,
                             tp_labelled_texts *texts)
{
    size_t length = 0;
    if (o->classes) {
        texts->classes = o->classes;
        return read_classes(o, labels, texts);
    }
    const int64_t name = first_name(labels);
    if (name == labels->count) {
        texts->labels = read_digits(labels);
        return texts->labels ? TP_OK : tp_error();
    }
    const char *bytes = tp_string_at(labels, name, &length);
    if (!o->any_labels)
        return fail_label(o, texts->table, name, bytes, length);
    for (int64_t i = name; i < labels->count; i++)
        if (labels->offsets[i] == labels->offsets[i + 1])
            return fail_label(o, texts->table, i, "", 0);
    texts->classes = tp__classes_of(labels);
    return texts->classes ? read_classes(o, labels, texts) : tp_error();
}

/* ---- Files ---- */

static const tp_strings *read_table(const tp_labelled_texts_options *o, tp_labelled_texts *texts)
{
    const char *const columns[] = {o->text_column, o->label_column, NULL};
    const tp_table_options table_options = {.path = o->path,
                                            .delimiter = o->delimiter,
                                            .quote = o->quote,
                                            .header = true,
                                            .longest_row = 16777216,
                                            .columns = columns};
    tp_table *table = tp_read_table_with(&table_options);
    texts->table = table;
    texts->texts = tp_table_strings(table, o->text_column);
    texts->count = tp_table_rows(table);
    if (!texts->texts)
        return NULL;
    return o->label_column ? tp_table_strings(table, o->label_column) : texts->texts;
}

static const tp_strings *read_lines(const tp_labelled_texts_options *o, tp_labelled_texts *texts)
{
    const tp_labelled_lines *lines = tp_read_fasttext_with(
        &(tp_fasttext_options){.path = o->path, .prefix = o->prefix, .one_label = o->label_column != NULL});
    if (!lines)
        return NULL;
    texts->texts = &lines->texts;
    texts->count = lines->texts.count;
    return &lines->labels;
}

tp_labelled_texts *tp_read_labelled_texts_with(const tp_labelled_texts_options *options)
{
    const tp_labelled_texts_options *o = options;
    if (!o || !o->path || !o->text_column) {
        tp__null_argument(!o         ? "read_labelled_texts: options"
                          : !o->path ? "read_labelled_texts: path"
                                     : "read_labelled_texts: text_column");
        return NULL;
    }
    tp_region *home = tp__region_current();
    tp_labelled_texts *texts = home ? tp_region_alloc(home, sizeof *texts) : NULL;
    if (!texts)
        return NULL;
    const tp_strings *labels = o->format == TP_TEXT_FASTTEXT ? read_lines(o, texts) : read_table(o, texts);
    if (!labels || (o->label_column && read_labels(o, labels, texts) != TP_OK))
        return NULL;
    return texts;
}
