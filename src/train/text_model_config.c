/* What a text model's configuration says: docs/model-format.md. */
#include "train/text_model_config.h"
#include "io/json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef enum field_kind {
    FIELD_BOOL,
    FIELD_COUNT,
    FIELD_INT,
    FIELD_STEM,
    FIELD_ANALYZER,
    FIELD_NORM,
    FIELD_LABELS,
    FIELD_UNICODE,
    FIELD_MODEL,
    FIELD_HIDDEN,
    FIELD_ACTIVATION,
    FIELD_SHARE,
    FIELD_MODE
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
        if (tp__json_is(value->text, names[i])) {
            *index = i;
            return TP_OK;
        }
    return wrong(key, expected);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static tp_status check_different(const char *const *names, size_t count)
{
    const char **sorted = tp_region_alloc(tp__region_current(), count * sizeof *sorted);
    if (!sorted)
        return TP_ERROR_MEMORY;
    memcpy(sorted, names, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 1; i < count; i++)
        if (!strcmp(sorted[i - 1], sorted[i]))
            return tp_fail(TP_ERROR_FORMAT, "config: \"labels\" has '%.80s' twice", sorted[i]);
    return TP_OK;
}

static tp_status read_label_names(const tp__json *value, tp__text_config *c)
{
    static const char expected[] = "a list of at least two texts";
    const size_t count = value->kind == TP__JSON_ARRAY ? tp__json_count(value) : 0;
    if (count < 2 || count > INT_MAX)
        return wrong("labels", expected);
    const char **names = tp_region_alloc(tp__region_current(), count * sizeof *names);
    if (!names)
        return TP_ERROR_MEMORY;
    size_t i = 0;
    tp__json item;
    for (bool more = tp__json_first(value, &item); more; more = tp__json_next(&item)) {
        if (item.kind != TP__JSON_STRING)
            return wrong("labels", expected);
        char *name = tp__region_bump(tp__region_current(), item.text.length + 1);
        if (!name)
            return TP_ERROR_MEMORY;
        if (tp__json_decode(item.text, name) != strlen(name))
            return wrong("labels", expected);
        names[i++] = name;
    }
    TP__TRY(check_different(names, i));
    c->model.label_names = names;
    c->model.classes = (int64_t)count;
    return TP_OK;
}

static tp_status read_hidden(const tp__json *value, tp__text_config *c)
{
    static const char expected[] = "a list of at most 16 widths";
    if (value->kind != TP__JSON_ARRAY)
        return wrong("hidden", expected);
    int i = 0;
    tp__json item;
    for (bool more = tp__json_first(value, &item); more; more = tp__json_next(&item)) {
        if (i == TP_TEXT_MAX_HIDDEN || item.kind != TP__JSON_NUMBER || !item.is_integer || item.integer < 1)
            return wrong("hidden", expected);
        c->hidden[i++] = item.integer;
    }
    c->model.hidden = c->hidden;
    c->model.hidden_count = i;
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
        TP__TRY(read_name(key, value, tp__text_stems, 2, "\"none\" or \"porter\"", &stem));
        *(tp_stem *)into = (tp_stem)stem;
        return TP_OK;
    }
    case FIELD_ANALYZER: {
        int analyzer = 0;
        TP__TRY(read_name(key, value, tp__text_analyzers, 3, "\"word\", \"char\" or \"char_wb\"", &analyzer));
        *(tp_analyzer *)into = (tp_analyzer)analyzer;
        return TP_OK;
    }
    case FIELD_NORM: {
        int norm = 0;
        TP__TRY(read_name(key, value, tp__text_norms, 3, "\"none\", \"l1\" or \"l2\"", &norm));
        *(tp_row_norm *)into = (tp_row_norm)norm;
        return TP_OK;
    }
    case FIELD_MODEL: {
        int model = 0;
        TP__TRY(read_name(key, value, tp__text_kinds, 3, "\"logreg\", \"mlp\" or \"embedding-bag\"", &model));
        *(tp_text_model_kind *)into = (tp_text_model_kind)model;
        return TP_OK;
    }
    case FIELD_ACTIVATION: {
        int activation = 0;
        TP__TRY(
            read_name(key, value, tp__text_activations, 3, "\"relu\", \"tanh\" or \"gelu\"", &activation));
        *(tp_text_activation *)into = (tp_text_activation)activation;
        return TP_OK;
    }
    case FIELD_MODE: {
        int mode = 0;
        TP__TRY(read_name(key, value, tp__text_modes, 2, "\"sum\" or \"mean\"", &mode));
        *(tp_bag_mode *)into = (tp_bag_mode)mode;
        return TP_OK;
    }
    case FIELD_SHARE: {
        double share = -1;
        if (value->kind == TP__JSON_NUMBER)
            TP__TRY(tp__json_f64(value, &share));
        if (!(share >= 0 && share < 1))
            return wrong(key, "a share from 0 up to below 1");
        *(double *)into = share;
        return TP_OK;
    }
    case FIELD_HIDDEN:
        return read_hidden(value, into);
    case FIELD_LABELS:
        return read_label_names(value, into);
    case FIELD_UNICODE:
        return value->kind == TP__JSON_STRING ? TP_OK : wrong(key, "a text");
    }
    return TP_OK;
}

/* The keys stand there once (the last ones at most once), and no other does: one that is not known may change
 * what the others mean. */
tp_status tp__text_config_read(const char *text, tp__text_config *c)
{
    tp__json root, member;
    TP__TRY(tp__json_parse("config", text, strlen(text), &root));
    if (root.kind != TP__JSON_OBJECT)
        return tp_fail(TP_ERROR_FORMAT, "config is no object");
    tp_count_vectorizer_options *o = &c->vectorizer;
    enum { NEEDED = 1, WITH_HASHING = 2, WITH_TFIDF = 4, WITH_NETWORK = 8, WITH_BAG = 16 };
    tp_text_model_options *m = &c->model;
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
                  {"labels", FIELD_LABELS, c, NEEDED},
                  {"terms", FIELD_COUNT, &c->terms, NEEDED},
                  {"stop_words", FIELD_COUNT, &c->stop_words, NEEDED},
                  {"unicode", FIELD_UNICODE, NULL, NEEDED},
                  {"analyzer", FIELD_ANALYZER, &o->analyzer, 0},
                  {"hashing", FIELD_BOOL, &c->hashing, 0},
                  {"tfidf", FIELD_BOOL, &c->tfidf, 0},
                  {"alternate_sign", FIELD_BOOL, &c->alternate_sign, WITH_HASHING},
                  {"use_idf", FIELD_BOOL, &c->use_idf, WITH_TFIDF},
                  {"sublinear_tf", FIELD_BOOL, &c->sublinear_tf, WITH_TFIDF},
                  {"norm", FIELD_NORM, &c->norm, WITH_HASHING | WITH_TFIDF},
                  {"model", FIELD_MODEL, &m->kind, 0},
                  {"softmax", FIELD_BOOL, &m->softmax, 0},
                  {"hidden", FIELD_HIDDEN, c, WITH_NETWORK},
                  {"activation", FIELD_ACTIVATION, &m->activation, WITH_NETWORK},
                  {"dropout", FIELD_SHARE, &m->dropout, WITH_NETWORK},
                  {"width", FIELD_COUNT, &m->width, WITH_BAG},
                  {"mode", FIELD_MODE, &m->mode, WITH_BAG}};
    const size_t n = sizeof fields / sizeof *fields;
    bool seen[sizeof fields / sizeof *fields] = {false};
    for (bool more = tp__json_first(&root, &member); more; more = tp__json_next(&member)) {
        size_t i = 0;
        while (i < n && !tp__json_is(member.key, fields[i].key))
            i++;
        if (i == n)
            return tp_fail(TP_ERROR_FORMAT, "config: \"%.*s\" is not known",
                           (int)(member.key.length < 80 ? member.key.length : 80), member.key.raw);
        if (seen[i])
            return tp_fail(TP_ERROR_FORMAT, "config: \"%s\" stands there twice", fields[i].key);
        seen[i] = true;
        TP__TRY(read_field(fields[i].key, &member, fields[i].kind, fields[i].into));
    }
    const int there = NEEDED | (c->hashing ? WITH_HASHING : 0) | (c->tfidf ? WITH_TFIDF : 0) |
                      (m->kind != TP_TEXT_LOGISTIC_REGRESSION ? WITH_NETWORK : 0) |
                      (m->kind == TP_TEXT_EMBEDDING_BAG ? WITH_BAG : 0);
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
