/* A text model from disk: docs/model-format.md. */
#include "base/strings.h"
#include "io/json.h"
#include "taper/safetensors.h"
#include "train/text_model_config.h"

#include <math.h>
#include <string.h>

static tp_status check_kind(const tp_safetensors_file *file)
{
    const char *kind = tp_safetensors_metadata(file, "taper");
    const char *version = tp_safetensors_metadata(file, "version");
    if (!kind || strcmp(kind, TP__TEXT_MODEL_KIND))
        return tp_fail(TP_ERROR_FORMAT,
                       "this is no text model: the metadata have no \"taper\": \"" TP__TEXT_MODEL_KIND "\"");
    if (!version)
        return tp_fail(TP_ERROR_FORMAT, "the metadata have no \"version\"");
    if (strcmp(version, TP__TEXT_MODEL_VERSION))
        return tp_fail(TP_ERROR_UNSUPPORTED,
                       "a text model of version %.40s; this program reads version " TP__TEXT_MODEL_VERSION,
                       version);
    return TP_OK;
}

/* ---- Tensors, and their checksums ---- */

/* A file, and what its tensors should sum to, unless it does not say so. */
typedef struct source {
    const tp_safetensors_file *file;
    bool has_sums;
    tp__json sums;
} source;

static tp_status check_sum(const source *from, const char *name, const void *bytes, size_t size)
{
    if (!from->has_sums)
        return TP_OK;
    char digits[9];
    tp__json want;
    if (!tp__json_get(&from->sums, name, &want) || want.kind != TP__JSON_STRING)
        return tp_fail(TP_ERROR_FORMAT, "crc32c: \"%.80s\" is missing", name);
    tp__text_model_sum(bytes, size, digits);
    if (tp__json_is(want.text, digits))
        return TP_OK;
    return tp_fail(TP_ERROR_FORMAT, "%s is damaged: its CRC-32C is %s, and was %.*s when it was written",
                   name, digits, (int)(want.text.length < 8 ? want.text.length : 8), want.text.raw);
}

static tp_status read_sums(source *from, const char *config)
{
    const char *text = tp_safetensors_metadata(from->file, "crc32c");
    if (!text)
        return TP_OK;
    TP__TRY(tp__json_parse("crc32c", text, strlen(text), &from->sums));
    if (from->sums.kind != TP__JSON_OBJECT)
        return tp_fail(TP_ERROR_FORMAT, "crc32c is no object");
    from->has_sums = true;
    return check_sum(from, "config", config, strlen(config));
}

static tp_tensor *read_tensor(const source *from, const char *name)
{
    tp_tensor *t = tp_safetensors_tensor(from->file, name);
    const size_t size = t ? (size_t)t->numel * tp_dtype_size((tp_dtype)t->dtype) : 0;
    return t && check_sum(from, name, t->data, size) == TP_OK ? t : NULL;
}

/* The lines of a tensor of bytes, `count` of them, pointing into it. */
static const tp_strings *split_lines(const source *from, const char *name, int64_t count)
{
    tp_tensor *lines = read_tensor(from, name);
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

static const tp_tensor *read_parameter(const source *from, const char *name, int ndim, const int64_t *shape)
{
    const tp_tensor *t = read_tensor(from, name);
    if (!t)
        return NULL;
    if (t->dtype == TP_F32 && t->ndim == ndim && !memcmp(t->shape, shape, (size_t)ndim * sizeof *shape))
        return tp__text_model_check_finite(name, t) == TP_OK ? t : NULL;
    char one[TP__SHAPE_TEXT_SIZE], two[TP__SHAPE_TEXT_SIZE];
    return tp__fail_null(TP_ERROR_FORMAT, "%s is %s of shape %s, and should be float32 of shape %s", name,
                         tp_dtype_name((tp_dtype)t->dtype),
                         tp__shape_text(one, sizeof one, t->ndim, t->shape),
                         tp__shape_text(two, sizeof two, ndim, shape));
}

/* ---- The parts ---- */

/* All of a file that a model is built from, in the region where it was read. */
typedef struct parts {
    tp__text_config config;
    tp__text_parameter parameters[TP__TEXT_PARAMETERS];
    const tp_tensor *values[TP__TEXT_PARAMETERS];
    int count;
    const tp_tensor *idf;
} parts;

static bool is_known(const parts *in, const char *name)
{
    const tp__text_config *c = &in->config;
    for (int i = 0; i < in->count; i++)
        if (!strcmp(in->parameters[i].name, name))
            return true;
    return (!c->hashing && !strcmp(name, "vocabulary")) || (c->stop_words && !strcmp(name, "stop_words")) ||
           (c->tfidf && c->use_idf && !strcmp(name, "idf"));
}

static tp_status check_names(const tp_safetensors_file *file, const parts *in)
{
    for (int64_t i = 0; i < tp_safetensors_count(file); i++)
        if (!is_known(in, tp_safetensors_name(file, i)))
            return tp_fail(TP_ERROR_FORMAT, "the tensor \"%.80s\" is no part of a text model",
                           tp_safetensors_name(file, i));
    return TP_OK;
}

static tp_status check_config(const tp__text_config *c)
{
    if (c->terms < 1)
        return tp_fail(TP_ERROR_FORMAT, "a model without terms");
    if (c->model.kind == TP_TEXT_MLP && !c->model.hidden_count)
        return tp_fail(TP_ERROR_FORMAT, "config: \"hidden\" of a perceptron is empty");
    if (c->model.kind == TP_TEXT_EMBEDDING_BAG && c->model.width < 1)
        return tp_fail(TP_ERROR_FORMAT, "config: \"width\" is 0");
    return TP_OK;
}

static tp_status read_parts(const tp_safetensors_file *file, parts *in)
{
    tp__text_config *c = &in->config;
    source from = {.file = file};
    TP__TRY(check_kind(file));
    const char *text = tp_safetensors_metadata(file, "config");
    if (!text)
        return tp_fail(TP_ERROR_FORMAT, "the metadata have no \"config\"");
    TP__TRY(read_sums(&from, text));
    TP__TRY(tp__text_config_read(text, c));
    TP__TRY(check_config(c));
    in->count = tp__text_parameters(&c->model, c->terms, in->parameters);
    TP__TRY(check_names(file, in));
    if (!c->hashing && !(c->vectorizer.vocabulary = split_lines(&from, "vocabulary", c->terms)))
        return tp_error();
    if (c->stop_words && !(c->vectorizer.stop_words = split_lines(&from, "stop_words", c->stop_words)))
        return tp_error();
    if (c->tfidf && c->use_idf && !(in->idf = read_parameter(&from, "idf", 1, &c->terms)))
        return tp_error();
    for (int i = 0; i < in->count; i++) {
        const tp__text_parameter *p = &in->parameters[i];
        if (!(in->values[i] = read_parameter(&from, p->name, p->ndim, p->shape)))
            return tp_error();
    }
    return TP_OK;
}

/* ---- Building ---- */

static const tp_hashing_vectorizer *build_hashing(const tp__text_config *c)
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
    const tp__text_config *c = &in->config;
    tp_tfidf *tfidf = tp_tfidf_new_with(
        &(tp_tfidf_options){.norm = c->norm, .use_idf = c->use_idf, .sublinear_tf = c->sublinear_tf});
    return tfidf && (!in->idf || tp_tfidf_set_idf(tfidf, in->idf) == TP_OK) ? tfidf : NULL;
}

/* In the current region, out of parts that lie in another. The default generator is left alone. */
static tp_text_model *build(const parts *in)
{
    const tp__text_config *c = &in->config;
    tp_text_model_options options = c->model;
    if (c->hashing)
        options.hashing = build_hashing(c);
    else
        options.vectorizer = tp_count_vectorizer_new_with(&c->vectorizer);
    if (c->tfidf && !(options.tfidf = build_tfidf(in)))
        return NULL;
    tp_generator *generator = options.hashing || options.vectorizer ? tp_generator_new() : NULL;
    tp_text_model *model = generator ? tp__text_model_make(&options, generator) : NULL;
    for (int i = 0; model && i < in->count; i++) {
        tp_tensor *parameter = tp_get_parameter(model->module, in->parameters[i].name);
        if (!parameter)
            return NULL;
        tp__copy_elements(in->values[i], parameter);
    }
    tp_eval(model ? model->module : NULL);
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
    parts in = {.config.model.mode = TP_BAG_MEAN,
                .config.vectorizer = {.min_df = 1,
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
