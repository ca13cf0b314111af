/* Runs of characters: what scikit-learn's analyzers "char" and "char_wb" do. */
#include "io/utf8.h"
#include "text/analysis.h"
#include "text/porter.h"
#include "text/unicode.h"

static bool is_space_at(const char *text, size_t *step)
{
    uint32_t code;
    *step = (size_t)tp__utf8_valid_next(text, &code);
    return tp__code_flags_of(code) & TP__CODE_SPACE;
}

/* The document in lower case or in stems, as asked for, into `a->text`. */
static tp_status write_document(tp__analysis *a, const char *text, size_t length, size_t *end)
{
    if (length > PTRDIFF_MAX / 4)
        return tp_fail(TP_ERROR_MEMORY, "a document of %zu bytes", length);
    /* A stem and the space before it are no longer than the word and the white space before it, but for a
     * first word without one. */
    TP__TRY(tp__analysis_room(a, TP__LOWER_SIZE(length) + 1));
    if (a->options->stem == TP_STEM_NONE) {
        if (a->options->lowercase)
            *end = tp__lower(text, length, a->text);
        else
            memcpy(a->text, text, *end = length);
        return TP_OK;
    }
    tp__words_of walk = {text, length, 0};
    tp__word word;
    size_t at = 0;
    while (tp__next_word(&walk, &word) > 0) {
        size_t size;
        if (at)
            a->text[at++] = ' ';
        TP__TRY(tp__porter(word.bytes, word.length, word.ascii, a->text + at, &size));
        at += size;
    }
    *end = at;
    return TP_OK;
}

/* Two and more white spaces become one space, in place; a single one stays. */
static size_t join_spaces(char *text, size_t length)
{
    size_t from = 0, to = 0, step = 0;
    while (from < length) {
        const size_t start = from;
        int spaces = 0;
        while (from < length && is_space_at(text + from, &step)) {
            from += step;
            spaces++;
        }
        if (spaces > 1) {
            text[to++] = ' ';
            continue;
        }
        if (!spaces)
            from += step;
        memmove(text + to, text + start, from - start);
        to += from - start;
    }
    return to;
}

static tp_status add_run(tp__analysis *a, const char *bytes, size_t length)
{
    if (a->term_id)
        return tp__ids_push(&a->row, a->term_id(a->term_id_argument, bytes, length));
    uint32_t id;
    if (a->growing)
        TP__TRY(tp__grams_add_token(a->growing, bytes, length, &id));
    else
        id = tp__grams_token(a->grams, bytes, length);
    return id == TP__NO_ID ? TP_OK : tp__ids_push(&a->row, id);
}

/* Where the code points of a text begin, and its end, into `tokens`. */
static tp_status find_codes(tp__analysis *a, const char *text, size_t length)
{
    a->tokens.count = 0;
    for (size_t at = 0; at < length; at++)
        if (((unsigned char)text[at] & 0xC0) != 0x80)
            TP__TRY(tp__ids_push(&a->tokens, (uint32_t)at));
    return tp__ids_push(&a->tokens, (uint32_t)length);
}

static tp_status add_document(tp__analysis *a, const char *text, size_t length)
{
    TP__TRY(find_codes(a, text, length));
    const uint32_t *starts = a->tokens.at;
    const size_t codes = a->tokens.count - 1;
    for (size_t n = (size_t)a->options->ngram_min; n <= (size_t)a->options->ngram_max && n <= codes; n++)
        for (size_t i = 0; i + n <= codes; i++)
            TP__TRY(add_run(a, text + starts[i], starts[i + n] - starts[i]));
    return TP_OK;
}

/* A word with a space on either side. One that is no longer than a run is a run, once. */
static tp_status add_padded_word(tp__analysis *a, const char *text, size_t length)
{
    TP__TRY(find_codes(a, text, length));
    const uint32_t *starts = a->tokens.at;
    const size_t codes = a->tokens.count - 1;
    for (size_t n = (size_t)a->options->ngram_min; n <= (size_t)a->options->ngram_max; n++) {
        if (n >= codes)
            return add_run(a, text, length);
        for (size_t i = 0; i + n <= codes; i++)
            TP__TRY(add_run(a, text + starts[i], starts[i + n] - starts[i]));
    }
    return TP_OK;
}

tp_status tp__analyse_characters(tp__analysis *a, const char *text, size_t length, int64_t document)
{
    const size_t broken = tp__utf8_check(text, length, NULL);
    if (broken < length)
        return tp__fail_utf8(document, text, broken);
    size_t end = 0;
    TP__TRY(write_document(a, text, length, &end));
    end = join_spaces(a->text, end);
    if (end > UINT32_MAX - 2)
        return tp_fail(TP_ERROR_UNSUPPORTED, "document %lld has %zu bytes", (long long)document, end);
    if (a->options->analyzer == TP_ANALYZER_CHAR)
        return add_document(a, a->text, end);
    size_t room = 0;
    char *padded = NULL;
    tp__words_of walk = {a->text, end, 0};
    tp__word word;
    tp_status status = TP_OK;
    while (status == TP_OK && tp__next_word(&walk, &word) > 0) {
        status = tp__grow((void **)&padded, &room, word.length + 2, 1);
        if (status != TP_OK)
            break;
        padded[0] = padded[word.length + 1] = ' ';
        memcpy(padded + 1, word.bytes, word.length);
        status = add_padded_word(a, padded, word.length + 2);
    }
    tp__free(padded);
    return status;
}
