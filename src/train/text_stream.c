/* Labelled texts out of a file, window by window. */
#include "taper/text_stream.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/region.h"
#include "io/file.h"
#include "io/table_reader.h"
#include "io/utf8.h"
#include "tensor/csr.h"
#include "text/interner.h"
#include "train/labelled_texts.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCKS_OF_WINDOW 16
#define BLOCK_BYTES ((int64_t)1 << 20)

typedef struct block {
    int64_t offset; /* of its first row in the file */
    int64_t rows;
} block;

/* What is in memory of the file. */
typedef struct window {
    int64_t number; /* -1: nothing */
    tp_region *region;
    const tp_tensor *counts;
    int64_t *labels;
    int64_t *order; /* of the rows */
} window;

struct tp_text_stream {
    tp_text_stream_options options;
    tp_dataset *dataset;
    int64_t text, label; /* columns */
    int64_t rows;
    const tp_label_encoder *classes; /* NULL: labels are 0 and 1 */
    tp__interner names;              /* the labels that were met, in that order */
    int64_t *counts;                 /* of each: by `names` at first, then by class */
    size_t counts_capacity;
    block *blocks;
    size_t block_count, block_capacity;
    int64_t window_count;
    int64_t *visits;        /* the blocks in the order of the epoch */
    int64_t *window_starts; /* rows before each window, and all of them */
    int64_t epoch;
    tp_generator *generator;
    pthread_mutex_t mutex; /* of the window, and of the order */
    window window;
    /* Texts on their way to the window, and rows on their way to a batch; kept for the next ones. */
    char *bytes;
    size_t bytes_capacity;
    int64_t *offsets;
    size_t offsets_capacity;
    int32_t *columns;
    size_t columns_capacity;
    float *values;
    size_t values_capacity;
};

/* ---- The index ---- */

static bool is_digit(const tp_table_field *field)
{
    return field->length == 1 && (field->bytes[0] == '0' || field->bytes[0] == '1');
}

static tp_status fail_label(const tp_text_stream *s, tp_table_reader *reader, const tp_table_row *row)
{
    const tp_table_field *field = &row->fields[s->label];
    char text[TP__WRONG_LABEL_SIZE], name[TP__QUOTE_SIZE];
    return tp_table_reader_fail(
        reader, s->label, "column %s holds %s",
        tp__quote(name, sizeof name, s->options.label_column, strlen(s->options.label_column)),
        tp__wrong_label(text, s->classes, field->bytes, (size_t)field->length));
}

/* The class of a row's label; -1 for one that may not be there. */
static int64_t class_of(const tp_text_stream *s, const tp_table_field *field)
{
    if (!s->classes)
        return is_digit(field) ? field->bytes[0] - '0' : -1;
    return field->length ? tp_label_find(s->classes, field->bytes, (size_t)field->length) : -1;
}

/* Counts a row's label. While names are learnt, by the order in which they are met. */
static tp_status count_label(tp_text_stream *s, tp_table_reader *reader, const tp_table_row *row)
{
    const tp_table_field *field = &row->fields[s->label];
    int64_t at;
    if (s->options.any_labels && !s->classes) {
        const size_t length = (size_t)field->length;
        if (!length)
            return fail_label(s, reader, row);
        const uint32_t hash = tp__hash(field->bytes, length);
        uint32_t id = tp__interner_find(&s->names, field->bytes, length, hash);
        if (id == TP__NO_ID)
            TP__TRY(tp__interner_add(&s->names, field->bytes, length, hash, &id));
        at = id;
    } else if ((at = class_of(s, field)) < 0) {
        return fail_label(s, reader, row);
    }
    const size_t had = s->counts_capacity;
    TP__TRY(tp__grow((void **)&s->counts, &s->counts_capacity, (size_t)at + 2, sizeof *s->counts));
    if (s->counts_capacity > had)
        memset(s->counts + had, 0, (s->counts_capacity - had) * sizeof *s->counts);
    s->counts[at]++;
    return TP_OK;
}

/* Makes classes of the names that were met, unless they are 0 and 1; and counts by class. */
static tp_status number_names(tp_text_stream *s)
{
    const size_t n = s->names.count;
    bool digits = true;
    size_t length;
    for (uint32_t i = 0; i < n; i++) {
        const char *name = tp__interned_bytes(&s->names, i, &length);
        digits &= is_digit(&(tp_table_field){name, (int64_t)length});
    }
    int64_t *counts = tp_region_alloc(tp__region_current(), (n + 2) * sizeof *counts);
    int64_t *offsets = tp_region_alloc(tp__region_current(), (n + 1) * sizeof *offsets);
    char *bytes = tp_region_alloc(tp__region_current(), s->names.size + 1);
    if (!counts || !offsets || !bytes)
        return TP_ERROR_MEMORY;
    for (uint32_t i = 0; i < n; i++) {
        const char *name = tp__interned_bytes(&s->names, i, &length);
        memcpy(bytes + offsets[i], name, length);
        offsets[i + 1] = offsets[i] + (int64_t)length;
    }
    const tp_strings names = {(int64_t)n, bytes, offsets};
    if (!digits) {
        s->classes = tp__classes_of(&names);
        if (!s->classes)
            return tp_error();
    }
    for (uint32_t i = 0; i < n; i++) {
        const char *name = tp__interned_bytes(&s->names, i, &length);
        counts[class_of(s, &(tp_table_field){name, (int64_t)length})] = s->counts[i];
    }
    memcpy(s->counts, counts, (s->counts_capacity < n + 2 ? s->counts_capacity : n + 2) * sizeof *counts);
    return TP_OK;
}

static tp_status index_rows(tp_text_stream *s, tp_table_reader *reader)
{
    const int64_t most = s->options.window / BLOCKS_OF_WINDOW > 0 ? s->options.window / BLOCKS_OF_WINDOW : 1;
    tp_table_row row;
    tp_status status;
    while ((status = tp_table_reader_next(reader, &row)) == TP_OK) {
        TP__TRY(count_label(s, reader, &row));
        const int64_t offset = reader->consumed + (int64_t)reader->begin;
        block *last = s->block_count ? &s->blocks[s->block_count - 1] : NULL;
        if (!last || last->rows == most || offset - last->offset >= BLOCK_BYTES) {
            TP__TRY(tp__grow((void **)&s->blocks, &s->block_capacity, s->block_count + 1, sizeof *s->blocks));
            last = &s->blocks[s->block_count++];
            *last = (block){.offset = offset};
        }
        last->rows++;
        s->rows++;
    }
    return status == TP_END ? TP_OK : status;
}

static tp_table_options table_options(const tp_text_stream *s)
{
    return (tp_table_options){.path = s->options.path,
                              .delimiter = s->options.delimiter,
                              .quote = s->options.quote,
                              .header = true,
                              .longest_row = 16777216};
}

static tp_status read_index(tp_text_stream *s)
{
    TP_SCOPE(index);
    if (!tp_scope_index_.region)
        return tp_error();
    struct stat found;
    if (!strcmp(s->options.path, "-") ||
        (stat(s->options.path, &found) == 0 && !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)))
        return tp_fail(TP_ERROR_UNSUPPORTED, "%s: no regular file, and so cannot be read more than once",
                       s->options.path);
    const tp_table_options options = table_options(s);
    tp_table_reader *reader = tp_table_reader_open_with(&options);
    if (!reader)
        return tp_error();
    s->text = tp_table_reader_find(reader, s->options.text_column);
    s->label = s->text < 0 ? -1 : tp_table_reader_find(reader, s->options.label_column);
    return s->label < 0 ? tp_error() : index_rows(s, reader);
}

/* ---- Opening ---- */

static void close_window(tp_text_stream *s)
{
    tp_region_end(s->window.region);
    s->window = (window){.number = -1};
}

static void end_stream(void *argument)
{
    tp_text_stream *s = argument;
    close_window(s);
    tp__free(s->blocks);
    tp__free(s->visits);
    tp__free(s->window_starts);
    tp__free(s->bytes);
    tp__free(s->offsets);
    tp__free(s->columns);
    tp__free(s->values);
    tp__free(s->counts);
    tp__interner_free(&s->names);
    pthread_mutex_destroy(&s->mutex);
}

static tp_status check_options(const tp_text_stream_options *o)
{
    if (!o || !o->path || !o->vectorizer || !o->text_column || !o->label_column)
        return tp__null_argument(!o                ? "text_stream: options"
                                 : !o->path        ? "text_stream: path"
                                 : !o->vectorizer  ? "text_stream: vectorizer"
                                 : !o->text_column ? "text_stream: text_column"
                                                   : "text_stream: label_column");
    if (tp_hashing_vectorizer_get_options(o->vectorizer)->dtype != TP_F32)
        return tp_fail(TP_ERROR_DTYPE, "text_stream: the vectorizer counts in float64; float32 is wanted");
    if (o->window < 1)
        return tp_fail(TP_ERROR_ARGUMENT, "text_stream: a window of %lld texts", (long long)o->window);
    return TP_OK;
}

static const tp_dataset_type dataset_type;

static tp_status prepare(tp_text_stream *s)
{
    TP__TRY(read_index(s));
    if (s->options.any_labels && !s->classes && s->rows)
        TP__TRY(number_names(s));
    s->window_count = ((int64_t)s->block_count + BLOCKS_OF_WINDOW - 1) / BLOCKS_OF_WINDOW;
    s->visits = tp__malloc(s->block_count * sizeof *s->visits);
    s->window_starts = tp__malloc(((size_t)s->window_count + 1) * sizeof *s->window_starts);
    if (!s->visits || !s->window_starts)
        return TP_ERROR_MEMORY;
    s->generator = tp_generator_new();
    s->dataset = s->generator ? tp_dataset_new(&dataset_type, s) : NULL;
    return s->dataset ? tp_text_stream_begin_epoch(s, 0) : tp_error();
}

tp_text_stream *tp_text_stream_open_with(const tp_text_stream_options *options)
{
    if (check_options(options) != TP_OK)
        return NULL;
    tp_region *home = tp__region_current();
    tp_text_stream *s = home ? tp_region_alloc(home, sizeof *s) : NULL;
    if (!s)
        return NULL;
    s->options = *options;
    s->classes = options->classes;
    s->window.number = -1;
    s->options.path = tp__region_strdup(home, options->path);
    s->options.text_column = tp__region_strdup(home, options->text_column);
    s->options.label_column = tp__region_strdup(home, options->label_column);
    if (!s->options.path || !s->options.text_column || !s->options.label_column)
        return NULL;
    if (pthread_mutex_init(&s->mutex, NULL))
        return tp__fail_null(TP_ERROR_THREAD, "text_stream: a mutex could not be made");
    if (tp_region_on_end(home, end_stream, s) != TP_OK) {
        pthread_mutex_destroy(&s->mutex);
        return NULL;
    }
    return prepare(s) == TP_OK ? s : NULL;
}

tp_dataset *tp_text_stream_dataset(tp_text_stream *stream)
{
    return stream ? stream->dataset : NULL;
}

int64_t tp_text_stream_length(const tp_text_stream *stream)
{
    return stream ? stream->rows : -1;
}

int64_t tp_text_stream_ones(const tp_text_stream *stream)
{
    return stream ? stream->counts ? stream->counts[1] : 0 : -1;
}

const tp_label_encoder *tp_text_stream_classes(const tp_text_stream *stream)
{
    return stream ? stream->classes : NULL;
}

int64_t tp_text_stream_count(const tp_text_stream *stream, int64_t label)
{
    if (!stream || label < 0)
        return -1;
    return (size_t)label < stream->counts_capacity ? stream->counts[label] : 0;
}

/* ---- The order ---- */

/* A seed for each (seed, epoch, number), of splitmix64's steps. */
static uint64_t seed_of(const tp_text_stream *s, int64_t number)
{
    const uint64_t parts[] = {s->options.seed, (uint64_t)s->epoch, (uint64_t)number};
    uint64_t z = 0;
    for (int i = 0; i < 3; i++) {
        z += parts[i] + 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        z ^= z >> 31;
    }
    return z;
}

static void fill_order(const tp_text_stream *s, int64_t number, int64_t *order, int64_t count)
{
    if (s->options.shuffle) {
        tp_generator_seed(s->generator, seed_of(s, number));
        tp__fill_randperm(s->generator, order, count);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        order[i] = i;
}

tp_status tp_text_stream_begin_epoch(tp_text_stream *s, int64_t epoch)
{
    if (!s)
        return tp__null_argument("text_stream_begin_epoch: stream");
    if (epoch < 0)
        return tp_fail(TP_ERROR_ARGUMENT, "text_stream_begin_epoch: epoch %lld", (long long)epoch);
    pthread_mutex_lock(&s->mutex);
    close_window(s);
    s->epoch = epoch;
    fill_order(s, -1, s->visits, (int64_t)s->block_count);
    int64_t rows = 0;
    for (int64_t i = 0; i < (int64_t)s->block_count; i++) {
        if (i % BLOCKS_OF_WINDOW == 0)
            s->window_starts[i / BLOCKS_OF_WINDOW] = rows;
        rows += s->blocks[s->visits[i]].rows;
    }
    s->window_starts[s->window_count] = rows;
    pthread_mutex_unlock(&s->mutex);
    return TP_OK;
}

/* ---- Windows ---- */

static tp_status fail_changed(const tp_text_stream *s)
{
    return tp_fail(TP_ERROR_IO, "%s: the file has changed since it was opened", s->options.path);
}

/* Reads a block's rows behind the `*count` texts that are there. */
static tp_status read_block(tp_text_stream *s, FILE *file, const block *b, int64_t *count, int64_t *labels)
{
    TP_SCOPE(block);
    if (!tp_scope_block_.region)
        return tp_error();
    if (fseeko(file, (off_t)b->offset, SEEK_SET))
        return tp__fail_system("seek in", s->options.path, errno);
    tp_table_options options = table_options(s);
    options.header = false;
    options.stream = file;
    tp_table_reader *reader = tp_table_reader_open_with(&options);
    if (!reader)
        return tp_error();
    for (int64_t i = 0; i < b->rows; i++) {
        tp_table_row row;
        const tp_status status = tp_table_reader_next(reader, &row);
        if (status != TP_OK && status != TP_END)
            return status;
        if (status == TP_END || row.count <= s->text || row.count <= s->label)
            return fail_changed(s);
        labels[*count] = class_of(s, &row.fields[s->label]);
        if (labels[*count] < 0)
            return fail_changed(s);
        const tp_table_field *field = &row.fields[s->text];
        const size_t at = (size_t)s->offsets[*count], length = (size_t)field->length;
        TP__TRY(tp__grow((void **)&s->bytes, &s->bytes_capacity, at + length + 1, 1));
        if (length)
            memcpy(s->bytes + at, field->bytes, length);
        s->offsets[++*count] = (int64_t)(at + length);
    }
    return TP_OK;
}

/* In the window's region. */
static tp_status read_window(tp_text_stream *s, FILE *file, int64_t number)
{
    const int64_t rows = s->window_starts[number + 1] - s->window_starts[number];
    window *w = &s->window;
    tp_region *region = tp__region_current();
    w->labels = tp_region_alloc(region, (size_t)rows * sizeof *w->labels);
    w->order = tp_region_alloc(region, (size_t)rows * sizeof *w->order);
    if (!w->labels || !w->order)
        return TP_ERROR_MEMORY;
    TP__TRY(tp__grow((void **)&s->offsets, &s->offsets_capacity, (size_t)rows + 1, sizeof *s->offsets));
    s->offsets[0] = 0;
    int64_t count = 0, end = (number + 1) * BLOCKS_OF_WINDOW;
    if (end > (int64_t)s->block_count)
        end = (int64_t)s->block_count;
    for (int64_t i = number * BLOCKS_OF_WINDOW; i < end; i++)
        TP__TRY(read_block(s, file, &s->blocks[s->visits[i]], &count, w->labels));
    w->counts =
        tp_hashing_vectorizer_transform(s->options.vectorizer, &(tp_strings){count, s->bytes, s->offsets});
    if (!w->counts)
        return tp_error();
    fill_order(s, number, w->order, rows);
    w->number = number;
    return TP_OK;
}

static tp_status open_window(tp_text_stream *s, int64_t number)
{
    close_window(s);
    FILE *file = fopen(s->options.path, "rbe");
    if (!file)
        return tp__fail_system("open", s->options.path, errno);
    /* The reader has blocks of its own. */
    setvbuf(file, NULL, _IONBF, 0);
    s->window.region = tp_region_new_detached("window");
    tp_status status = s->window.region ? tp_region_enter(s->window.region) : TP_ERROR_MEMORY;
    if (status == TP_OK) {
        status = read_window(s, file, number);
        tp_region_leave(s->window.region);
    }
    fclose(file);
    if (status != TP_OK)
        close_window(s);
    return status;
}

/* The window of the row at `index` of the epoch. */
static int64_t window_of(const tp_text_stream *s, int64_t index)
{
    int64_t low = 0, high = s->window_count;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (s->window_starts[middle] <= index)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* ---- Batches ---- */

static tp_status add_row(tp_text_stream *s, int64_t index, int64_t *stored, int64_t *label)
{
    const int64_t number = s->window.number;
    if (number < 0 || index < s->window_starts[number] || index >= s->window_starts[number + 1])
        TP__TRY(open_window(s, window_of(s, index)));
    const window *w = &s->window;
    const int64_t row = w->order[index - s->window_starts[w->number]];
    const int64_t at = w->counts->csr->row_starts[row], length = w->counts->csr->row_starts[row + 1] - at;
    const size_t from = (size_t)*stored, needed = from + (size_t)length;
    TP__TRY(tp__grow((void **)&s->columns, &s->columns_capacity, needed, sizeof *s->columns));
    TP__TRY(tp__grow((void **)&s->values, &s->values_capacity, needed, sizeof *s->values));
    if (length) {
        memcpy(s->columns + from, w->counts->csr->columns + at, (size_t)length * sizeof *s->columns);
        memcpy(s->values + from, (const float *)(const void *)w->counts->data + at,
               (size_t)length * sizeof *s->values);
    }
    *stored += length;
    *label = w->labels[row];
    return TP_OK;
}

static tp_status make_batch(tp_text_stream *s, const int64_t *indices, int64_t count, tp_tensor **fields)
{
    tp_region *region = tp__region_current();
    int64_t *starts = region ? tp_region_alloc(region, (size_t)(count + 1) * sizeof *starts) : NULL;
    tp_tensor *labels = starts ? tp__tensor_new(region, s->classes ? TP_I64 : TP_F32, 1, &count) : NULL;
    if (!labels)
        return tp_error();
    int64_t stored = 0;
    for (int64_t i = 0; i < count; i++) {
        if (indices[i] < 0 || indices[i] >= s->rows)
            return tp_fail(TP_ERROR_INDEX, "text_stream: index %lld is out of range for %lld texts",
                           (long long)indices[i], (long long)s->rows);
        int64_t label;
        TP__TRY(add_row(s, indices[i], &stored, &label));
        if (s->classes)
            ((int64_t *)(void *)labels->data)[i] = label;
        else
            ((float *)(void *)labels->data)[i] = (float)label;
        starts[i + 1] = stored;
    }
    const int64_t features = tp_hashing_vectorizer_get_options(s->options.vectorizer)->n_features;
    tp_tensor *counts = tp__csr_new(region, TP_F32, count, features, stored);
    if (!counts)
        return tp_error();
    memcpy((int64_t *)counts->csr->row_starts, starts, (size_t)(count + 1) * sizeof *starts);
    if (stored) {
        memcpy((int32_t *)counts->csr->columns, s->columns, (size_t)stored * sizeof *s->columns);
        memcpy(counts->data, s->values, (size_t)stored * sizeof *s->values);
    }
    fields[0] = counts;
    fields[1] = labels;
    return TP_OK;
}

static tp_status dataset_batch(void *self, const int64_t *indices, int64_t count, tp_tensor **fields)
{
    tp_text_stream *s = self;
    pthread_mutex_lock(&s->mutex);
    const tp_status status = make_batch(s, indices, count, fields);
    pthread_mutex_unlock(&s->mutex);
    return status;
}

static tp_status dataset_item(void *self, int64_t index, tp_tensor **fields)
{
    return dataset_batch(self, &index, 1, fields);
}

static int64_t dataset_length(void *self)
{
    return ((const tp_text_stream *)self)->rows;
}

static const tp_dataset_type dataset_type = {.name = "text_stream",
                                             .n_fields = 2,
                                             .length = dataset_length,
                                             .item = dataset_item,
                                             .batch = dataset_batch};
