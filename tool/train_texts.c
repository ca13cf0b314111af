#include "train_texts.h"
#include "model_file.h"
#include "train_settings.h"

#include <taper/safetensors.h>

#include <inttypes.h>
#include <string.h>

const char *const format_names[] = {"tsv", "csv", "fasttext", NULL};
const char *const vectorizer_names[] = {"count", "tfidf", "hashing", NULL};
const char *const analyzer_names[] = {"word", "char", "char_wb", NULL};
const char *const stem_names[] = {"porter", "none", NULL};
const char *const stop_word_names[] = {"none", "english", NULL};
const char *const norm_names[] = {"none", "l1", "l2", NULL};

static bool make_vectorizer(train_texts *t, const text_settings *s)
{
    const tp_stem stem = strcmp(s->stem, "porter") ? TP_STEM_NONE : TP_STEM_PORTER;
    const tp_analyzer analyzer = (tp_analyzer)index_of(analyzer_names, s->analyzer);
    const tp_row_norm norm = (tp_row_norm)index_of(norm_names, s->norm);
    const tp_strings *stop_words = strcmp(s->stop_words, "english") ? NULL : tp_english_stop_words();
    if (is_hashing(s)) {
        t->hashing = tp_hashing_vectorizer_new(.n_features = s->features, .alternate_sign = s->alternate_sign,
                                               .norm = norm, .binary = s->binary, .lowercase = s->lowercase,
                                               .stem = stem, .analyzer = analyzer,
                                               .ngram_max = (int)s->ngrams, .stop_words = stop_words);
        return t->hashing;
    }
    t->vectorizer = tp_count_vectorizer_new(.stem = stem, .analyzer = analyzer, .lowercase = s->lowercase,
                                            .ngram_max = (int)s->ngrams, .stop_words = stop_words,
                                            .min_df = s->min_df, .max_df_fraction = s->max_df,
                                            .max_features = s->max_features, .binary = s->binary);
    if (t->vectorizer && !strcmp(s->vectorizer, "tfidf")) {
        t->tfidf = tp_tfidf_new(.norm = norm, .sublinear_tf = s->sublinear_tf);
        return t->tfidf;
    }
    return t->vectorizer;
}

static tp_tensor *make_matrix(train_texts *t, const tp_strings *texts, bool learn)
{
    if (t->hashing)
        return tp_hashing_vectorizer_transform(t->hashing, texts);
    if (t->tfidf)
        return learn ? tp_tfidf_fit_transform_texts(t->tfidf, t->vectorizer, texts)
                     : tp_tfidf_transform_texts(t->tfidf, t->vectorizer, texts);
    return learn ? tp_count_vectorizer_fit_transform(t->vectorizer, texts)
                 : tp_count_vectorizer_transform(t->vectorizer, texts);
}

static int fail_single(const char *path, const tp_label_encoder *classes)
{
    size_t length;
    const char *name = tp_string_at(tp_label_classes(classes), 0, &length);
    return fail(STATUS_BAD_INPUT, "%s: all labels are '%.*s'; a model tells two classes apart at least", path,
                (int)(length < 80 ? length : 80), name);
}

/* Keeps the classes, and counts them. */
static int take_classes(train_texts *t, const char *path, const tp_labelled_texts *data)
{
    if (data->classes && !(t->classes = tp_label_encoder_of(tp_label_classes(data->classes))))
        return fail_library();
    if (class_count(t) < 2)
        return fail_single(path, t->classes);
    t->class_counts = tp_region_alloc(tp_region_current(), (size_t)class_count(t) * sizeof *t->class_counts);
    if (!t->class_counts)
        return fail_library();
    const int64_t *numbers = t->classes ? tp_data_i64(data->labels) : NULL;
    const float *digits = numbers ? NULL : tp_data_f32(data->labels);
    for (int64_t i = 0; i < data->count; i++)
        t->class_counts[numbers ? numbers[i] : (int64_t)digits[i]]++;
    return STATUS_GO_ON;
}

/* In the current region. */
static tp_tensor *copy_labels(tp_tensor *labels)
{
    const int64_t count = tp_numel(labels);
    return tp_dtype_of(labels) == TP_F32 ? tp_from_array_n(TP_F32, tp_data_f32(labels), 1, &count)
                                         : tp_from_array_n(TP_I64, tp_data_i64(labels), 1, &count);
}

/* A file as a dataset in the current region; the texts themselves are gone afterwards. */
static int read_matrix(train_texts *t, const text_settings *s, bool learn, tp_dataset **dataset)
{
    const char *path = learn ? s->train : s->dev;
    int status = STATUS_GO_ON;
    const double begin = clock_seconds();
    tp_region *texts = tp_region_new("texts");
    if (tp_region_enter(texts) != TP_OK)
        return fail_library();
    tp_labelled_texts_options options = texts_options(path, s->format, s->text, s->label);
    options.any_labels = learn;
    options.classes = t->classes;
    const tp_labelled_texts *data = read_texts(&options, &status);
    tp_region_leave(texts);
    const double read = clock_seconds();
    t->read_seconds += read - begin;
    if (data) {
        status = learn ? take_classes(t, path, data) : STATUS_GO_ON;
        tp_tensor *X = status == STATUS_GO_ON ? make_matrix(t, data->texts, learn) : NULL;
        *dataset = tp_tensor_dataset(X, X ? copy_labels(data->labels) : NULL);
        if (status == STATUS_GO_ON && !*dataset) {
            const tp_status why = tp_error();
            status = why == TP_ERROR_VALUE || why == TP_ERROR_FORMAT
                         ? fail(STATUS_BAD_INPUT, "%s: %s", path, tp_error_message())
                         : fail_library();
            tp_clear_error();
        } else if (learn && X) {
            t->columns = tp_size(X, 1);
            t->stored = tp_nnz(X);
        }
        *(learn ? &t->train_count : &t->dev_count) = data->count;
        *(learn ? &t->train_ones : &t->dev_ones) = data->classes ? 0 : count_ones(data->labels);
    }
    tp_region_end(texts);
    t->vectorize_seconds += clock_seconds() - read;
    return status;
}

static int open_stream(train_texts *t, const text_settings *s, bool learn, tp_dataset **dataset)
{
    const char *path = learn ? s->train : s->dev;
    const double begin = clock_seconds();
    tp_text_stream *stream = tp_text_stream_open(
        path, t->hashing, .text_column = s->text, .label_column = s->label,
        .delimiter = strcmp(s->format, "csv") ? '\t' : ',', .any_labels = learn, .classes = t->classes,
        .shuffle = learn, .seed = (uint64_t)s->seed, .window = s->window);
    t->read_seconds += clock_seconds() - begin;
    if (!stream)
        return fail_input();
    const int64_t count = tp_text_stream_length(stream), ones = tp_text_stream_ones(stream);
    if (!count)
        return fail(STATUS_BAD_INPUT, "%s: has a header, but no rows", path);
    *(learn ? &t->train_count : &t->dev_count) = count;
    *(learn ? &t->train_ones : &t->dev_ones) = ones;
    if (learn) {
        t->classes = tp_text_stream_classes(stream);
        if (class_count(t) < 2)
            return fail_single(path, t->classes);
        t->class_counts =
            tp_region_alloc(tp_region_current(), (size_t)class_count(t) * sizeof *t->class_counts);
        if (!t->class_counts)
            return fail_library();
        for (int64_t i = 0; i < class_count(t); i++)
            t->class_counts[i] = tp_text_stream_count(stream, i);
        t->stream = stream;
        t->columns = s->features;
        t->stored = -1;
    }
    *dataset = tp_text_stream_dataset(stream);
    return STATUS_GO_ON;
}

int train_texts_read(train_texts *t, const text_settings *s)
{
    if (!make_vectorizer(t, s))
        return fail_library();
    int (*const read)(train_texts *, const text_settings *, bool, tp_dataset **) =
        is_streamed(s) ? open_stream : read_matrix;
    const int status = read(t, s, true, &t->train);
    return status == STATUS_GO_ON && s->dev ? read(t, s, false, &t->dev) : status;
}

tp_status train_texts_begin_epoch(train_texts *t, int64_t epoch)
{
    return t->stream ? tp_text_stream_begin_epoch(t->stream, epoch) : TP_OK;
}

void train_texts_resume(train_texts *t, const char *checkpoint)
{
    TP_SCOPE(resume);
    if (!t->stream || !checkpoint)
        return;
    const tp_tensor *epoch = tp_safetensors_tensor(tp_safetensors_open(checkpoint), "fit.epoch");
    if (epoch && tp_dtype_of(epoch) == TP_I64 && tp_numel(epoch) == 1)
        tp_text_stream_begin_epoch(t->stream, (int64_t)tp_item(epoch));
    tp_clear_error(); /* what is wrong with the checkpoint is said when all of it is read */
}
