/* A text model to disk: docs/model-format.md. */
#include "io/crc32c.h"
#include "io/json.h"
#include "taper/ops.h"
#include "taper/safetensors.h"
#include "train/text_model.h"

#include <math.h>
#include <string.h>

const char *const tp__text_norms[3] = {
    [TP_ROW_NORM_NONE] = "none", [TP_ROW_NORM_L1] = "l1", [TP_ROW_NORM_L2] = "l2"};
const char *const tp__text_analyzers[3] = {
    [TP_ANALYZER_WORD] = "word", [TP_ANALYZER_CHAR] = "char", [TP_ANALYZER_CHAR_WB] = "char_wb"};
const char *const tp__text_stems[2] = {[TP_STEM_NONE] = "none", [TP_STEM_PORTER] = "porter"};
const char *const tp__text_kinds[3] = {[TP_TEXT_LOGISTIC_REGRESSION] = "logreg",
                                       [TP_TEXT_MLP] = "mlp",
                                       [TP_TEXT_EMBEDDING_BAG] = "embedding-bag"};
const char *const tp__text_activations[3] = {
    [TP_TEXT_RELU] = "relu", [TP_TEXT_TANH] = "tanh", [TP_TEXT_GELU] = "gelu"};
const char *const tp__text_modes[2] = {[TP_BAG_SUM] = "sum", [TP_BAG_MEAN] = "mean"};

tp_status tp__text_model_check_finite(const char *name, const tp_tensor *parameter)
{
    const float *values = (const float *)(const void *)parameter->data;
    const int64_t columns = parameter->shape[parameter->ndim - 1];
    for (int64_t i = 0; i < parameter->numel; i++)
        if (!isfinite(values[i])) {
            if (i < columns)
                return tp_fail(TP_ERROR_VALUE, "%s is not finite at column %lld", name, (long long)i);
            return tp_fail(TP_ERROR_VALUE, "%s is not finite at row %lld, column %lld", name,
                           (long long)(i / columns), (long long)(i % columns));
        }
    return TP_OK;
}

/* ---- The parts ---- */

/* The texts with a line end between each two, as bytes. */
static tp_tensor *join_lines(const char *name, const tp_strings *texts)
{
    const size_t size = (size_t)(texts->offsets[texts->count] - texts->offsets[0]);
    const int64_t length = (int64_t)size + (texts->count ? texts->count - 1 : 0);
    tp_tensor *lines = tp_zeros_n(TP_U8, 1, &length);
    if (!lines)
        return NULL;
    char *at = lines->data;
    for (int64_t i = 0; i < texts->count; i++) {
        size_t n;
        const char *text = tp_string_at(texts, i, &n);
        if (memchr(text, '\n', n))
            return tp__fail_null(TP_ERROR_VALUE, "%s: entry %lld has a line end in it", name, (long long)i);
        if (i)
            *at++ = '\n';
        memcpy(at, text, n);
        at += n;
    }
    return lines;
}

/* The options of either vectorizer that both have. */
static tp_count_vectorizer_options shared_options(const tp_text_model *model)
{
    if (model->options.vectorizer)
        return *tp_count_vectorizer_get_options(model->options.vectorizer);
    const tp_hashing_vectorizer_options *o = tp_hashing_vectorizer_get_options(model->options.hashing);
    return (tp_count_vectorizer_options){.lowercase = o->lowercase,
                                         .stem = o->stem,
                                         .analyzer = o->analyzer,
                                         .min_token_length = o->min_token_length,
                                         .ngram_min = o->ngram_min,
                                         .ngram_max = o->ngram_max,
                                         .stop_words = o->stop_words,
                                         .binary = o->binary};
}

static void write_text(tp__json_writer *w, const char *key, const char *value)
{
    tp__json_key(w, key);
    tp__json_string(w, value);
}

static void write_integer(tp__json_writer *w, const char *key, int64_t value)
{
    tp__json_key(w, key);
    tp__json_integer(w, value);
}

static void write_bool(tp__json_writer *w, const char *key, bool value)
{
    tp__json_key(w, key);
    tp__json_bool(w, value);
}

static void write_network(tp__json_writer *w, const tp_text_model *model)
{
    const tp_text_model_options *o = &model->options;
    if (o->kind == TP_TEXT_LOGISTIC_REGRESSION) {
        if (model->outputs > 1)
            write_bool(w, "softmax", true);
        return;
    }
    write_text(w, "model", tp__text_kinds[o->kind]);
    tp__json_key(w, "hidden");
    tp__json_begin_array(w);
    for (int i = 0; i < o->hidden_count; i++)
        tp__json_integer(w, o->hidden[i]);
    tp__json_end_array(w);
    write_text(w, "activation", tp__text_activations[o->activation]);
    tp__json_key(w, "dropout");
    tp__json_number(w, o->dropout);
    if (o->kind == TP_TEXT_EMBEDDING_BAG) {
        write_integer(w, "width", o->width);
        write_text(w, "mode", tp__text_modes[o->mode]);
    }
}

static void write_config(tp__json_writer *w, const tp_text_model *model)
{
    const tp_count_vectorizer_options o = shared_options(model);
    tp__json_begin_object(w);
    write_bool(w, "lowercase", o.lowercase);
    write_text(w, "stem", tp__text_stems[o.stem]);
    write_integer(w, "min_token_length", o.min_token_length);
    write_integer(w, "ngram_min", o.ngram_min);
    write_integer(w, "ngram_max", o.ngram_max);
    write_bool(w, "binary", o.binary);
    tp__json_key(w, "labels");
    tp__json_begin_array(w);
    for (int64_t i = 0; i < model->options.classes; i++)
        tp__json_string(w, model->labels[i]);
    tp__json_end_array(w);
    write_integer(w, "terms", tp_text_model_features(model));
    write_integer(w, "stop_words", o.stop_words ? o.stop_words->count : 0);
    write_text(w, "unicode", tp_unicode_version());
    /* Those below came later, and stand there only where they say something. */
    if (o.analyzer != TP_ANALYZER_WORD)
        write_text(w, "analyzer", tp__text_analyzers[o.analyzer]);
    if (model->options.hashing) {
        const tp_hashing_vectorizer_options *h = tp_hashing_vectorizer_get_options(model->options.hashing);
        write_bool(w, "hashing", true);
        write_bool(w, "alternate_sign", h->alternate_sign);
        write_text(w, "norm", tp__text_norms[h->norm]);
    }
    if (model->options.tfidf) {
        const tp_tfidf_options *t = tp_tfidf_get_options(model->options.tfidf);
        write_bool(w, "tfidf", true);
        write_bool(w, "use_idf", t->use_idf);
        write_bool(w, "sublinear_tf", t->sublinear_tf);
        write_text(w, "norm", tp__text_norms[t->norm]);
    }
    write_network(w, model);
    tp__json_end_object(w);
}

/* What was written, as text in the current region; the writer is freed. */
static char *take_text(tp__json_writer *w)
{
    char *text = NULL;
    tp_region *region = tp__region_current();
    if (w->status == TP_OK && (text = tp__region_bump(region, w->length + 1))) {
        memcpy(text, w->bytes, w->length);
        text[w->length] = 0;
    }
    tp__json_writer_free(w);
    return text;
}

static char *config_text(const tp_text_model *model)
{
    tp__json_writer w = {0};
    write_config(&w, model);
    return take_text(&w);
}

/* ---- Checksums ---- */

void tp__text_model_sum(const void *bytes, size_t size, char digits[9])
{
    snprintf(digits, 9, "%08x", (unsigned)tp__crc32c(0, bytes, size));
}

static char *sums_text(const char *config, const tp_named_tensor *tensors, int64_t n)
{
    tp__json_writer w = {0};
    char digits[9];
    tp__json_begin_object(&w);
    tp__text_model_sum(config, strlen(config), digits);
    write_text(&w, "config", digits);
    for (int64_t i = 0; i < n; i++) {
        const tp_tensor *t = tensors[i].tensor;
        tp__text_model_sum(t->data, (size_t)t->numel * tp_dtype_size((tp_dtype)t->dtype), digits);
        write_text(&w, tensors[i].name, digits);
    }
    tp__json_end_object(&w);
    return take_text(&w);
}

/* ---- All of it ---- */

typedef struct content {
    tp_named_tensor tensors[TP__TEXT_PARAMETERS + 3];
    int64_t n;
} content;

static tp_status add(content *to, const char *name, tp_tensor *tensor)
{
    to->tensors[to->n++] = (tp_named_tensor){name, tensor};
    return tensor ? TP_OK : tp_error();
}

static tp_status collect(const tp_text_model *model, content *to)
{
    const tp_parameter_list *parameters = tp_parameters(model->module);
    if (!parameters)
        return tp_error();
    for (int64_t i = 0; i < parameters->count; i++) {
        TP__TRY(tp__text_model_check_finite(parameters->names[i], parameters->tensors[i]));
        TP__TRY(add(to, parameters->names[i], tp_contiguous(parameters->tensors[i])));
    }
    const tp_strings *stop_words = shared_options(model).stop_words;
    if (model->options.vectorizer)
        TP__TRY(add(to, "vocabulary",
                    join_lines("vocabulary", tp_count_vectorizer_terms(model->options.vectorizer))));
    if (stop_words && stop_words->count)
        TP__TRY(add(to, "stop_words", join_lines("stop_words", stop_words)));
    tp_tensor *idf = tp_tfidf_idf(model->options.tfidf);
    return idf ? add(to, "idf", tp_contiguous(idf)) : TP_OK;
}

tp_status tp_text_model_save(const tp_text_model *model, const char *path)
{
    TP_FRAME("text_model_save");
    if (!model || !path)
        return tp__null_argument(model ? "path" : "model");
    TP_SCOPE_NO_GRAD(save);
    content all = {.n = 0};
    TP__TRY(collect(model, &all));
    const char *config = config_text(model);
    const char *sums = config ? sums_text(config, all.tensors, all.n) : NULL;
    if (!sums)
        return tp_error();
    const tp_string_pair metadata[] = {{"taper", TP__TEXT_MODEL_KIND},
                                       {"version", TP__TEXT_MODEL_VERSION},
                                       {"config", config},
                                       {"crc32c", sums}};
    return tp_safetensors_save(path, all.tensors, all.n, metadata, 4);
}
