/* fastText's labelled lines. */
#include "taper/fasttext.h"
#include "base/memory.h"
#include "base/region.h"
#include "io/lines.h"

#include <string.h>

/* Texts that grow. */
typedef struct texts {
    char *bytes;
    int64_t *offsets;
    size_t length, count, bytes_capacity, offsets_capacity;
} texts;

typedef struct lines {
    texts texts, labels;
    int64_t *starts;
    size_t starts_capacity;
    tp_labelled_lines result;
} lines;

static void free_lines(void *argument)
{
    lines *l = argument;
    tp__free(l->texts.bytes);
    tp__free(l->texts.offsets);
    tp__free(l->labels.bytes);
    tp__free(l->labels.offsets);
    tp__free(l->starts);
    tp__free(l);
}

static tp_status append(texts *t, const char *bytes, size_t length)
{
    TP__TRY(tp__grow((void **)&t->bytes, &t->bytes_capacity, t->length + length + 1, 1));
    memcpy(t->bytes + t->length, bytes, length);
    t->length += length;
    return TP_OK;
}

static tp_status end_text(texts *t)
{
    TP__TRY(tp__grow((void **)&t->offsets, &t->offsets_capacity, t->count + 2, sizeof *t->offsets));
    t->offsets[0] = 0;
    t->offsets[++t->count] = (int64_t)t->length;
    return TP_OK;
}

static tp_status read_line(tp_table_reader *reader, const tp_table_field *line, const tp_fasttext_options *o,
                           lines *l)
{
    const char *at = line->bytes, *end = at + line->length, *word;
    const size_t prefix = strlen(o->prefix), labels_before = l->labels.count;
    size_t length, words = 0;
    while (tp__next_word(&at, end, &word, &length)) {
        if (length >= prefix && !memcmp(word, o->prefix, prefix)) {
            if (length == prefix)
                return tp_table_reader_fail(reader, 0, "a label without a name stands here");
            TP__TRY(append(&l->labels, word + prefix, length - prefix));
            TP__TRY(end_text(&l->labels));
            continue;
        }
        if (words++)
            TP__TRY(append(&l->texts, " ", 1));
        TP__TRY(append(&l->texts, word, length));
    }
    const size_t found = l->labels.count - labels_before;
    if (o->one_label && found != 1)
        return tp_table_reader_fail(reader, 0, "the line has %zu labels (words that begin with %s), not one",
                                    found, o->prefix);
    TP__TRY(end_text(&l->texts));
    TP__TRY(tp__grow((void **)&l->starts, &l->starts_capacity, l->texts.count + 1, sizeof *l->starts));
    l->starts[0] = 0;
    l->starts[l->texts.count] = (int64_t)l->labels.count;
    return TP_OK;
}

static const int64_t no_offsets[1] = {0};

tp_labelled_lines *tp_read_fasttext_with(const tp_fasttext_options *options)
{
    TP_FRAME("read_fasttext");
    if (!options || !options->path || !options->prefix)
        return tp__null_argument("the path or the prefix"), NULL;
    if (!*options->prefix)
        return tp__fail_null(TP_ERROR_ARGUMENT, "the prefix is empty; every word would be a label");
    tp_region *home = tp__region_current();
    lines *l = home ? tp__calloc(1, sizeof *l) : NULL;
    if (!l)
        return NULL;
    if (tp_region_on_end(home, free_lines, l) != TP_OK) {
        free_lines(l);
        return NULL;
    }
    TP_SCOPE(reading);
    tp_table_reader *reader = tp_table_reader_open(options->path, .delimiter = TP__NO_DELIMITER, .quote = 0,
                                                   .header = false, .longest_row = INT32_MAX);
    tp_table_row row;
    tp_status status = reader ? TP_OK : tp_error();
    while (status == TP_OK && (status = tp__next_line(reader, &row)) == TP_OK)
        status = read_line(reader, &row.fields[0], options, l);
    if (status != TP_END)
        return NULL;
    l->result.texts =
        (tp_strings){(int64_t)l->texts.count, l->texts.bytes, l->texts.count ? l->texts.offsets : no_offsets};
    l->result.labels = (tp_strings){(int64_t)l->labels.count, l->labels.bytes,
                                    l->labels.count ? l->labels.offsets : no_offsets};
    l->result.starts = l->texts.count ? l->starts : no_offsets;
    return &l->result;
}
