/* Words, lower case or stems, tokens, stop words, runs of tokens: what scikit-learn's word analyzer does.
 *
 * A document is taken word by word, cut at whitespace. That gives the same tokens as taking it whole: no
 * whitespace is a letter of a token, and none is looked through in the search for a letter beside a sigma. So
 * what a word comes to depends on the word alone, and is remembered. */
#include "text/analysis.h"
#include "text/porter.h"
#include "text/unicode.h"

void tp__analysis_init(tp__analysis *a, const tp_count_vectorizer_options *options, const tp__grams *grams,
                       tp__grams *growing, size_t cache_size)
{
    a->options = options;
    a->grams = grams;
    a->growing = growing;
    a->cache = (tp__word_cache){.limit = cache_size};
    a->text = a->text_here;
    a->text_capacity = sizeof a->text_here;
    tp__ids_init(&a->tokens);
    tp__ids_init(&a->row);
}

void tp__analysis_free(tp__analysis *a)
{
    tp__word_cache_free(&a->cache);
    if (a->text != a->text_here)
        tp__free(a->text);
    a->text = a->text_here;
    a->text_capacity = sizeof a->text_here;
    tp__ids_free(&a->tokens);
    tp__ids_free(&a->row);
}

static tp_status text_room(tp__analysis *a, size_t size)
{
    if (size <= a->text_capacity)
        return TP_OK;
    char *text = tp__malloc(size);
    if (!text)
        return TP_ERROR_MEMORY;
    if (a->text != a->text_here)
        tp__free(a->text);
    a->text = text;
    a->text_capacity = size;
    return TP_OK;
}

static tp_status add_token(tp__analysis *a, const char *bytes, size_t length, tp__ids *to)
{
    uint32_t id;
    if (a->growing)
        TP__TRY(tp__grams_add_token(a->growing, bytes, length, &id));
    else
        id = tp__grams_token(a->grams, bytes, length);
    if (id < a->grams->stop_count)
        return TP_OK;
    /* An unknown token is no term, but it parts the runs of those around it. */
    if (id == TP__NO_ID && a->options->ngram_max == 1)
        return TP_OK;
    return tp__ids_push(to, id);
}

static bool is_ascii_word(unsigned char c)
{
    return (unsigned)((c | 0x20) - 'a') < 26u || (unsigned)(c - '0') < 10u || c == '_';
}

/* The tokens of a word, in lower case or stemmed as asked for. */
static tp_status add_word(tp__analysis *a, const tp__word *word, tp__ids *to)
{
    const char *text = word->bytes;
    size_t length = word->length;
    if (a->options->stem == TP_STEM_PORTER || a->options->lowercase) {
        if (length > PTRDIFF_MAX / 2)
            return tp_fail(TP_ERROR_MEMORY, "a word of %zu bytes", length);
        TP__TRY(text_room(a, TP__LOWER_SIZE(length)));
        if (a->options->stem == TP_STEM_PORTER)
            TP__TRY(tp__porter(text, length, word->ascii, a->text, &length));
        else
            length = tp__lower(text, length, a->text);
        text = a->text;
    }
    size_t at = 0;
    while (at < length) {
        const size_t start = at;
        int64_t codes = 0;
        size_t step = 1;
        for (; at < length; at += step, codes++) {
            const unsigned char c = (unsigned char)text[at];
            bool is_word;
            if (c < 0x80) {
                step = 1;
                is_word = is_ascii_word(c);
            } else {
                uint32_t code;
                step = (size_t)tp__utf8_valid_next(text + at, &code);
                is_word = tp__code_flags_of(code) & TP__CODE_WORD;
            }
            if (!is_word)
                break;
        }
        if (codes >= a->options->min_token_length)
            TP__TRY(add_token(a, text + start, at - start, to));
        at += step; /* beyond what ended the token; at the text's end it does not matter */
    }
    return TP_OK;
}

static tp_status add_known_word(tp__analysis *a, const tp__word *word, tp__ids *to)
{
    if (!a->cache.limit)
        return add_word(a, word, to);
    const uint32_t hash = tp__hash(word->bytes, word->length);
    size_t size;
    const void *known = tp__word_cache_get(&a->cache, word->bytes, word->length, hash, &size);
    if (known) {
        TP__TRY(tp__ids_reserve(to, size / sizeof *to->at));
        uint32_t *end = to->at + to->count;
        if (size == sizeof *end) /* nearly always */
            memcpy(end, known, sizeof *end);
        else
            memcpy(end, known, size);
        to->count += size / sizeof *to->at;
        return TP_OK;
    }
    const size_t before = to->count;
    TP__TRY(add_word(a, word, to));
    return tp__word_cache_put(&a->cache, word->bytes, word->length, hash, to->at + before,
                              (to->count - before) * sizeof *to->at);
}

static tp_status add_runs(tp__analysis *a)
{
    const int least = a->options->ngram_min, most = a->options->ngram_max;
    const uint32_t *tokens = a->tokens.at;
    const size_t count = a->tokens.count;
    for (size_t i = 0; i < count; i++) {
        uint32_t id = tokens[i];
        if (id == TP__NO_ID)
            continue;
        if (least == 1)
            TP__TRY(tp__ids_push(&a->row, id));
        for (int n = 2; n <= most && i + (size_t)n <= count; n++) {
            const uint32_t token = tokens[i + (size_t)n - 1];
            if (token == TP__NO_ID)
                break;
            if (a->growing)
                TP__TRY(tp__grams_add_pair(a->growing, id, token, &id));
            else
                id = tp__grams_pair(a->grams, id, token);
            if (id == TP__NO_ID)
                break;
            if (n >= least)
                TP__TRY(tp__ids_push(&a->row, id));
        }
    }
    return TP_OK;
}

tp_status tp__analyse(tp__analysis *a, const char *text, size_t length, int64_t document)
{
    tp__words_of walk = {text, length, 0};
    tp__word word;
    const bool runs = a->options->ngram_max > 1;
    tp__ids *to = runs ? &a->tokens : &a->row;
    a->tokens.count = a->row.count = 0;
    int found;
    while ((found = tp__next_word(&walk, &word)) > 0)
        TP__TRY(add_known_word(a, &word, to));
    if (found < 0)
        return tp_fail(TP_ERROR_FORMAT,
                       "count_vectorizer: document %lld: byte %zu (0x%02X) is not valid UTF-8",
                       (long long)document, walk.at, (unsigned char)text[walk.at]);
    return runs ? add_runs(a) : TP_OK;
}
