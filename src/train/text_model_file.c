/* A text model on disk, and back: docs/model-format.md. */
#include "io/json.h"
#include "taper/safetensors.h"
#include "base/strings.h"
#include "train/text_model.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define KIND "text_model"
#define VERSION "1"

static const char *const norm_names[] = {
    [TP_ROW_NORM_NONE] = "none", [TP_ROW_NORM_L1] = "l1", [TP_ROW_NORM_L2] = "l2"};
static const char *const analyzer_names[] = {
    [TP_ANALYZER_WORD] = "word", [TP_ANALYZER_CHAR] = "char", [TP_ANALYZER_CHAR_WB] = "char_wb"};
static const char *const stem_names[] = {[TP_STEM_NONE] = "none", [TP_STEM_PORTER] = "porter"};

tp_status tp__text_model_check_weights(const tp_tensor *weight, const tp_tensor *bias)
{
    const float *w = (const float *)(const void *)weight->data, *b = (const float *)(const void *)bias->data;
    for (int64_t i = 0; i < weight->numel; i++)
        if (!isfinite(w[i]))
            return tp_fail(TP_ERROR_VALUE, "Wb.weight is not finite at column %lld", (long long)i);
    return isfinite(b[0]) ? TP_OK : tp_fail(TP_ERROR_VALUE, "Wb.bias is not finite");
}

/* ---- Saving ---- */

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
    if (model->vectorizer)
        return *tp_count_vectorizer_get_options(model->vectorizer);
    const tp_hashing_vectorizer_options *o = tp_hashing_vectorizer_get_options(model->hashing);
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

static void write_config(tp__json_writer *w, const tp_text_model *model)
{
    const tp_count_vectorizer_options o = shared_options(model);
    tp__json_begin_object(w);
    write_bool(w, "lowercase", o.lowercase);
    write_text(w, "stem", stem_names[o.stem]);
    write_integer(w, "min_token_length", o.min_token_length);
    write_integer(w, "ngram_min", o.ngram_min);
    write_integer(w, "ngram_max", o.ngram_max);
    write_bool(w, "binary", o.binary);
    tp__json_key(w, "labels");
    tp__json_begin_array(w);
    tp__json_string(w, model->labels[0]);
    tp__json_string(w, model->labels[1]);
    tp__json_end_array(w);
    write_integer(w, "terms", tp_text_model_features(model));
    write_integer(w, "stop_words", o.stop_words ? o.stop_words->count : 0);
    write_text(w, "unicode", tp_unicode_version());
    /* Those below came later, and stand there only where they say something. */
    if (o.analyzer != TP_ANALYZER_WORD)
        write_text(w, "analyzer", analyzer_names[o.analyzer]);
    if (model->hashing) {
        const tp_hashing_vectorizer_options *h = tp_hashing_vectorizer_get_options(model->hashing);
        write_bool(w, "hashing", true);
        write_bool(w, "alternate_sign", h->alternate_sign);
        write_text(w, "norm", norm_names[h->norm]);
    }
    if (model->tfidf) {
        const tp_tfidf_options *t = tp_tfidf_get_options(model->tfidf);
        write_bool(w, "tfidf", true);
        write_bool(w, "use_idf", t->use_idf);
        write_bool(w, "sublinear_tf", t->sublinear_tf);
        write_text(w, "norm", norm_names[t->norm]);
    }
    tp__json_end_object(w);
}

/* The configuration as text, in the current region. */
static char *config_text(const tp_text_model *model)
{
    tp__json_writer w = {0};
    write_config(&w, model);
    char *text = NULL;
    tp_region *region = tp__region_current();
    if (w.status == TP_OK && (text = tp__region_bump(region, w.length + 1))) {
        memcpy(text, w.bytes, w.length);
        text[w.length] = 0;
    }
    tp__json_writer_free(&w);
    return text;
}

tp_status tp_text_model_save(const tp_text_model *model, const char *path)
{
    TP_FRAME("text_model_save");
    if (!model || !path)
        return tp__null_argument(model ? "path" : "model");
    TP_SCOPE(save);
    TP__TRY(tp__text_model_check_weights(model->weight, model->bias));
    const tp_strings *stop_words = shared_options(model).stop_words;
    tp_named_tensor tensors[5] = {{"Wb.weight", model->weight}, {"Wb.bias", model->bias}};
    int64_t n = 2;
    if (model->vectorizer)
        tensors[n++] = (tp_named_tensor){
            "vocabulary", join_lines("vocabulary", tp_count_vectorizer_terms(model->vectorizer))};
    if (stop_words && stop_words->count)
        tensors[n++] = (tp_named_tensor){"stop_words", join_lines("stop_words", stop_words)};
    if (tp_tfidf_idf(model->tfidf))
        tensors[n++] = (tp_named_tensor){"idf", tp_tfidf_idf(model->tfidf)};
    char *config = config_text(model);
    for (int64_t i = 0; i < n; i++)
        if (!config || !tensors[i].tensor)
            return tp_error();
    const tp_string_pair metadata[] = {{"taper", KIND}, {"version", VERSION}, {"config", config}};
    return tp_safetensors_save(path, tensors, n, metadata, 3);
}

/* ---- Loading ---- */

static tp_status check_kind(const tp_safetensors_file *file)
{
    const char *kind = tp_safetensors_metadata(file, "taper");
    const char *version = tp_safetensors_metadata(file, "version");
    if (!kind || strcmp(kind, KIND))
        return tp_fail(TP_ERROR_FORMAT,
                       "this is no text model: the metadata have no \"taper\": \"" KIND "\"");
    if (!version)
        return tp_fail(TP_ERROR_FORMAT, "the metadata have no \"version\"");
    if (strcmp(version, VERSION))
        return tp_fail(TP_ERROR_UNSUPPORTED,
                       "a text model of version %.40s; this program reads version " VERSION, version);
    return TP_OK;
}

/* What a configuration says. */
typedef struct config {
    tp_count_vectorizer_options vectorizer;
    const char *labels[2];
    int64_t terms, stop_words;
    bool hashing, alternate_sign;
    bool tfidf, use_idf, sublinear_tf;
    tp_row_norm norm;
} config;

typedef enum field_kind {
    FIELD_BOOL,
    FIELD_COUNT,
    FIELD_INT,
    FIELD_STEM,
    FIELD_ANALYZER,
    FIELD_NORM,
    FIELD_LABELS,
    FIELD_UNICODE
} field_kind;

static tp_status wrong(const char *key, const char *expected)
{
    return tp_fail(TP_ERROR_FORMAT, "config: \"%s\" is not %s", key, expected);
}

/* The index of a text among `count` names. */
static tp_status read_name(const char *key, const tp__json *value, const char *const *names, int count,
                           const char *expected, int *index)
{
    for (int i = 0; value->kind == TP__JSON_STRING && i < count; i++)
        if (!strcmp(value->text, names[i])) {
            *index = i;
            return TP_OK;
        }
    return wrong(key, expected);
}

static tp_status read_label_names(const tp__json *value, const char *labels[2])
{
    if (value->kind != TP__JSON_ARRAY || value->count != 2)
        return wrong("labels", "a list of two texts");
    const tp__json *item = value->first;
    for (int i = 0; i < 2; i++, item = item->next) {
        if (item->kind != TP__JSON_STRING || strlen(item->text) != item->length)
            return wrong("labels", "a list of two texts");
        labels[i] = item->text;
    }
    return TP_OK;
}

static tp_status read_field(const char *key, const tp__json *value, field_kind kind, void *into)
{
    switch (kind) {
    case FIELD_BOOL:
        if (value->kind != TP__JSON_BOOL)
            return wrong(key, "true or false");
        *(bool *)into = value->boolean;
        return TP_OK;
    case FIELD_COUNT:
        if (value->kind != TP__JSON_NUMBER || !value->is_integer || value->integer < 0)
            return wrong(key, "a count");
        *(int64_t *)into = value->integer;
        return TP_OK;
    case FIELD_INT:
        if (value->kind != TP__JSON_NUMBER || !value->is_integer || value->integer < 0 ||
            value->integer > INT_MAX)
            return wrong(key, "a count");
        *(int *)into = (int)value->integer;
        return TP_OK;
    case FIELD_STEM: {
        int stem = 0;
        TP__TRY(read_name(key, value, stem_names, 2, "\"none\" or \"porter\"", &stem));
        *(tp_stem *)into = (tp_stem)stem;
        return TP_OK;
    }
    case FIELD_ANALYZER: {
        int analyzer = 0;
        TP__TRY(read_name(key, value, analyzer_names, 3, "\"word\", \"char\" or \"char_wb\"", &analyzer));
        *(tp_analyzer *)into = (tp_analyzer)analyzer;
        return TP_OK;
    }
    case FIELD_NORM: {
        int norm = 0;
        TP__TRY(read_name(key, value, norm_names, 3, "\"none\", \"l1\" or \"l2\"", &norm));
        *(tp_row_norm *)into = (tp_row_norm)norm;
        return TP_OK;
    }
    case FIELD_LABELS:
        return read_label_names(value, into);
    case FIELD_UNICODE:
        return value->kind == TP__JSON_STRING ? TP_OK : wrong(key, "a text");
    }
    return TP_OK;
}

/* The keys stand there once (the last ones at most once), and no other does: one that is not known may change
 * what the others mean. */
static tp_status read_config(const char *text, config *c)
{
    const tp__json *root = tp__json_parse(tp__region_current(), "config", text, strlen(text));
    if (!root)
        return tp_error();
    if (root->kind != TP__JSON_OBJECT)
        return tp_fail(TP_ERROR_FORMAT, "config is no object");
    tp_count_vectorizer_options *o = &c->vectorizer;
    enum { NEEDED = 1, WITH_HASHING = 2, WITH_TFIDF = 4 };
    const struct {
        const char *key;
        field_kind kind;
        void *into;
        int needed;
    } fields[] = {{"lowercase", FIELD_BOOL, &o->lowercase, NEEDED},
                  {"stem", FIELD_STEM, &o->stem, NEEDED},
                  {"min_token_length", FIELD_COUNT, &o->min_token_length, NEEDED},
                  {"ngram_min", FIELD_INT, &o->ngram_min, NEEDED},
                  {"ngram_max", FIELD_INT, &o->ngram_max, NEEDED},
                  {"binary", FIELD_BOOL, &o->binary, NEEDED},
                  {"labels", FIELD_LABELS, c->labels, NEEDED},
                  {"terms", FIELD_COUNT, &c->terms, NEEDED},
                  {"stop_words", FIELD_COUNT, &c->stop_words, NEEDED},
                  {"unicode", FIELD_UNICODE, NULL, NEEDED},
                  {"analyzer", FIELD_ANALYZER, &o->analyzer, 0},
                  {"hashing", FIELD_BOOL, &c->hashing, 0},
                  {"tfidf", FIELD_BOOL, &c->tfidf, 0},
                  {"alternate_sign", FIELD_BOOL, &c->alternate_sign, WITH_HASHING},
                  {"use_idf", FIELD_BOOL, &c->use_idf, WITH_TFIDF},
                  {"sublinear_tf", FIELD_BOOL, &c->sublinear_tf, WITH_TFIDF},
                  {"norm", FIELD_NORM, &c->norm, WITH_HASHING | WITH_TFIDF}};
    const size_t n = sizeof fields / sizeof *fields;
    bool seen[sizeof fields / sizeof *fields] = {false};
    for (const tp__json *member = root->first; member; member = member->next) {
        size_t i = 0;
        while (i < n && strcmp(fields[i].key, member->key))
            i++;
        if (i == n)
            return tp_fail(TP_ERROR_FORMAT, "config: \"%.80s\" is not known", member->key);
        if (seen[i])
            return tp_fail(TP_ERROR_FORMAT, "config: \"%s\" stands there twice", member->key);
        seen[i] = true;
        TP__TRY(read_field(member->key, member, fields[i].kind, fields[i].into));
    }
    const int there = NEEDED | (c->hashing ? WITH_HASHING : 0) | (c->tfidf ? WITH_TFIDF : 0);
    for (size_t i = 0; i < n; i++) {
        if ((fields[i].needed & there) && !seen[i])
            return tp_fail(TP_ERROR_FORMAT, "config: \"%s\" is missing", fields[i].key);
        if (fields[i].needed && !(fields[i].needed & there) && seen[i])
            return tp_fail(TP_ERROR_FORMAT, "config: \"%s\" without what it is about", fields[i].key);
    }
    if (c->hashing && c->tfidf)
        return tp_fail(TP_ERROR_FORMAT, "config: both \"hashing\" and \"tfidf\"");
    return TP_OK;
}

/* The lines of a tensor of bytes, `count` of them, pointing into it. */
static const tp_strings *split_lines(const tp_safetensors_file *file, const char *name, int64_t count)
{
    tp_tensor *lines = tp_safetensors_tensor(file, name);
    if (!lines)
        return NULL;
    if (lines->dtype != TP_U8 || lines->ndim != 1)
        return tp__fail_null(TP_ERROR_FORMAT, "%s is no vector of bytes", name);
    int64_t found = 1;
    for (int64_t i = 0; i < lines->numel; i++)
        found += lines->data[i] == '\n';
    if (found != count)
        return tp__fail_null(TP_ERROR_FORMAT, "%s has %lld lines, and the config says %lld", name,
                             (long long)found, (long long)count);
    if (tp_utf8_check(lines->data, (size_t)lines->numel) != TP_OK)
        return NULL;
    char *bytes;
    int64_t *offsets;
    tp_strings *texts =
        tp__strings_new(tp__region_current(), count, (size_t)(lines->numel - (count - 1)), &bytes, &offsets);
    if (!texts)
        return NULL;
    int64_t at = 0, line = 0;
    offsets[0] = 0;
    for (int64_t i = 0; i < lines->numel; i++) {
        if (lines->data[i] == '\n')
            offsets[++line] = at;
        else
            bytes[at++] = lines->data[i];
    }
    offsets[count] = at;
    return texts;
}

static const tp_tensor *read_parameter(const tp_safetensors_file *file, const char *name, int ndim,
                                       const int64_t *shape)
{
    const tp_tensor *t = tp_safetensors_tensor(file, name);
    if (!t)
        return NULL;
    if (t->dtype == TP_F32 && t->ndim == ndim && !memcmp(t->shape, shape, (size_t)ndim * sizeof *shape))
        return t;
    char one[TP__SHAPE_TEXT_SIZE], two[TP__SHAPE_TEXT_SIZE];
    return tp__fail_null(TP_ERROR_FORMAT, "%s is %s of shape %s, and should be float32 of shape %s", name,
                         tp_dtype_name((tp_dtype)t->dtype),
                         tp__shape_text(one, sizeof one, t->ndim, t->shape),
                         tp__shape_text(two, sizeof two, ndim, shape));
}

static tp_status check_names(const tp_safetensors_file *file, const config *c)
{
    const char *const known[] = {"Wb.weight", "Wb.bias", c->hashing ? NULL : "vocabulary",
                                 c->stop_words ? "stop_words" : NULL, c->tfidf && c->use_idf ? "idf" : NULL};
    for (int64_t i = 0; i < tp_safetensors_count(file); i++) {
        int k = 0;
        while (k < 5 && !(known[k] && !strcmp(known[k], tp_safetensors_name(file, i))))
            k++;
        if (k == 5)
            return tp_fail(TP_ERROR_FORMAT, "the tensor \"%.80s\" is no part of a text model",
                           tp_safetensors_name(file, i));
    }
    return TP_OK;
}

/* All of a file that a model is built from, in the region where it was read. */
typedef struct parts {
    config config;
    const tp_tensor *weight, *bias, *idf;
} parts;

static tp_status read_idf(const tp_safetensors_file *file, parts *in)
{
    in->idf = read_parameter(file, "idf", 1, (const int64_t[]){in->config.terms});
    const float *idf = in->idf ? (const float *)(const void *)in->idf->data : NULL;
    for (int64_t i = 0; idf && i < in->config.terms; i++)
        if (!isfinite(idf[i]))
            return tp_fail(TP_ERROR_VALUE, "idf is not finite at column %lld", (long long)i);
    return idf ? TP_OK : tp_error();
}

static tp_status read_parts(const tp_safetensors_file *file, parts *in)
{
    config *c = &in->config;
    TP__TRY(check_kind(file));
    const char *text = tp_safetensors_metadata(file, "config");
    if (!text)
        return tp_fail(TP_ERROR_FORMAT, "the metadata have no \"config\"");
    TP__TRY(read_config(text, c));
    if (c->terms < 1)
        return tp_fail(TP_ERROR_FORMAT, "a model without terms");
    TP__TRY(check_names(file, c));
    if (!c->hashing && !(c->vectorizer.vocabulary = split_lines(file, "vocabulary", c->terms)))
        return tp_error();
    if (c->stop_words && !(c->vectorizer.stop_words = split_lines(file, "stop_words", c->stop_words)))
        return tp_error();
    if (c->tfidf && c->use_idf)
        TP__TRY(read_idf(file, in));
    in->weight = read_parameter(file, "Wb.weight", 2, (const int64_t[]){1, c->terms});
    in->bias = in->weight ? read_parameter(file, "Wb.bias", 1, (const int64_t[]){1}) : NULL;
    return in->bias ? tp__text_model_check_weights(in->weight, in->bias) : tp_error();
}

static const tp_hashing_vectorizer *build_hashing(const config *c)
{
    const tp_count_vectorizer_options *o = &c->vectorizer;
    return tp_hashing_vectorizer_new_with(
        &(tp_hashing_vectorizer_options){.n_features = c->terms,
                                         .alternate_sign = c->alternate_sign,
                                         .norm = c->norm,
                                         .binary = o->binary,
                                         .lowercase = o->lowercase,
                                         .stem = o->stem,
                                         .analyzer = o->analyzer,
                                         .min_token_length = o->min_token_length,
                                         .ngram_min = o->ngram_min,
                                         .ngram_max = o->ngram_max,
                                         .stop_words = o->stop_words,
                                         .dtype = TP_F32});
}

static const tp_tfidf *build_tfidf(const parts *in)
{
    const config *c = &in->config;
    tp_tfidf *tfidf = tp_tfidf_new_with(
        &(tp_tfidf_options){.norm = c->norm, .use_idf = c->use_idf, .sublinear_tf = c->sublinear_tf});
    return tfidf && (!in->idf || tp_tfidf_set_idf(tfidf, in->idf) == TP_OK) ? tfidf : NULL;
}

/* In the current region, out of parts that lie in another. The default generator is left alone. */
static tp_text_model *build(const parts *in)
{
    const config *c = &in->config;
    tp_text_model_options options = {.label_names = c->labels};
    if (c->hashing)
        options.hashing = build_hashing(c);
    else
        options.vectorizer = tp_count_vectorizer_new_with(&c->vectorizer);
    if (c->tfidf && !(options.tfidf = build_tfidf(in)))
        return NULL;
    tp_generator *generator = options.hashing || options.vectorizer ? tp_generator_new() : NULL;
    tp_text_model *model = generator ? tp__text_model_make(&options, generator) : NULL;
    if (!model)
        return NULL;
    tp__copy_elements(in->weight, model->weight);
    tp__copy_elements(in->bias, model->bias);
    tp_eval(model->module);
    return model;
}

tp_text_model *tp_text_model_load(const char *path)
{
    if (!path) {
        tp__null_argument("text_model_load: path");
        return NULL;
    }
    tp_region *reading = tp_region_new("text_model_load");
    if (!reading || tp_region_enter(reading) != TP_OK)
        return NULL;
    parts in = {.config.vectorizer = {.min_df = 1,
                                      .max_df = INT64_MAX,
                                      .max_df_fraction = 1.0,
                                      .max_features = INT64_MAX,
                                      .dtype = TP_F32}};
    const tp_safetensors_file *file = tp_safetensors_open(path);
    tp_text_model *model = NULL;
    {
        TP_FRAME(path);
        const bool read = file && read_parts(file, &in) == TP_OK;
        tp_region_leave(reading);
        if (read)
            model = build(&in);
    }
    tp_region_end(reading);
    return model;
}
