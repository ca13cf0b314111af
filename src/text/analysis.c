/* Words, lower case or stems, tokens, stop words, runs of tokens: what scikit-learn's word analyzer does.
 *
 * A document is taken word by word, cut at whitespace. That gives the same tokens as taking it whole: no
 * whitespace is a letter of a token, and none is looked through in the search for a letter beside a sigma. So
 * what a word comes to depends on the word alone, and is remembered. */
#include "text/analysis.h"
#include "text/porter.h"
#include "text/unicode.h"

void tp__analysis_init(tp__analysis *a, const tp_count_vectorizer_options *options, const tp__grams *grams,
                       tp__grams *growing, tp__word_table *known)
{
    a->options = options;
    a->grams = grams;
    a->growing = growing;
    a->term_id = NULL;
    a->term_id_argument = NULL;
    a->known = known;
    a->text = a->text_here;
    a->text_capacity = sizeof a->text_here;
    tp__ids_init(&a->tokens);
    tp__ids_init(&a->row);
}

void tp__analysis_free(tp__analysis *a)
{
    if (a->text != a->text_here)
        tp__free(a->text);
    a->text = a->text_here;
    a->text_capacity = sizeof a->text_here;
    tp__ids_free(&a->tokens);
    tp__ids_free(&a->row);
}

tp_status tp__analysis_room(tp__analysis *a, size_t size)
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

tp_status tp__fail_utf8(int64_t document, const char *text, size_t at)
{
    return tp_fail(TP_ERROR_FORMAT, "document %lld: byte %zu (0x%02X) is not valid UTF-8",
                   (long long)document, at, (unsigned char)text[at]);
}

tp_status tp__add_term(tp__analysis *a, const char *bytes, size_t length, tp__ids *to)
{
    uint32_t id;
    if (a->growing)
        TP__TRY(tp__grams_add_token(a->growing, bytes, length, &id));
    else
        id = tp__grams_token(a->grams, bytes, length);
    if (id < a->grams->stop_count)
        return TP_OK;
    if (a->term_id && a->options->ngram_max == 1)
        id = a->term_id(a->term_id_argument, bytes, length);
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
        TP__TRY(tp__analysis_room(a, TP__LOWER_SIZE(length)));
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
            TP__TRY(tp__add_term(a, text + start, at - start, to));
        at += step; /* beyond what ended the token; at the text's end it does not matter */
    }
    return TP_OK;
}

static tp_status add_list(const tp__word_table *known, uint32_t value, tp__ids *to)
{
    const uint32_t *list = known->lists + (value & ~TP__WORD_LIST);
    TP__TRY(tp__ids_reserve(to, list[0]));
    for (uint32_t i = 1; i <= list[0]; i++)
        to->at[to->count++] = list[i];
    return TP_OK;
}

/* A word that is not in the table. */
static tp_status add_new_word(tp__analysis *a, const tp__word *word, uint64_t key, tp__ids *to)
{
    const size_t before = to->count;
    TP__TRY(add_word(a, word, to));
    if (word->length > TP__WORD_LONG)
        return TP_OK;
    return tp__word_table_put(a->known, key, word->bytes, word->length, to->at + before, to->count - before);
}

static inline tp_status add_known_word(tp__analysis *a, const char *bytes, size_t length, uint64_t key,
                                       bool ascii, tp__ids *to)
{
    const tp__word_slot *slot = tp__word_table_get(a->known, key, bytes, length);
    if (!slot)
        return add_new_word(a, &(tp__word){bytes, length, ascii}, key, to);
    if (slot->value & TP__WORD_LIST)
        return add_list(a->known, slot->value, to);
    return tp__ids_push(to, slot->value);
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

#define ONES 0x0101010101010101u

/* A bit for each byte that may end a word: those up to the space, and those that are not ASCII. Above the
 * first one, bits may be wrong. */
static inline uint64_t stops(uint64_t bytes)
{
    return ((bytes - ONES * 0x21) | bytes) & ONES * 0x80;
}

/* ASCII that str.split() splits at. */
static inline bool is_space(char c)
{
    return c == ' ' || (unsigned)(c - 0x09) < 5u || (unsigned)(c - 0x1C) < 4u;
}

/* The end of the word of ASCII letters and the like at `at` of which eight bytes have been seen, or any place
 * behind the document's end; SIZE_MAX if it may lie in the last bytes that are readable. What follows the
 * document may be one word, too, and is not searched for its end. */
static size_t find_stop(const char *text, size_t at, size_t length, size_t readable)
{
    for (at += 8; at < length; at += 8) {
        if (readable - at < 8)
            return SIZE_MAX;
        const uint64_t found = stops(tp__load_first_lowest(text + at));
        if (found)
            return at + (size_t)__builtin_ctzll(found) / 8;
    }
    return at;
}

/* The words of a document. Those of ASCII with white space behind are found eight bytes at a time; the rest,
 * and what has no eight bytes to read, byte by byte. */
static tp_status add_words(tp__analysis *a, const char *text, size_t length, size_t readable,
                           int64_t document, tp__ids *to)
{
    size_t at = 0;
    while (at < length) {
        if (readable - at >= 8) {
            const uint64_t bytes = tp__load_first_lowest(text + at), found = stops(bytes);
            const size_t stop =
                found ? at + (size_t)__builtin_ctzll(found) / 8 : find_stop(text, at, length, readable);
            const size_t end = stop < length ? stop : length;
            if (end > at && stop != SIZE_MAX && (end == length || is_space(text[end]))) {
                const size_t n = end - at;
                const uint64_t key =
                    n > 8 ? tp__word_key(text + at, n) : bytes & ~(uint64_t)0 >> (64 - 8 * n);
                TP__TRY(add_known_word(a, text + at, n, key, true, to));
                at = end + 1;
                continue;
            }
            if (end == at && is_space(text[at])) {
                at++;
                continue;
            }
        }
        tp__words_of walk = {text, length, at};
        tp__word word;
        const int more = tp__next_word(&walk, &word);
        if (more < 0)
            return tp__fail_utf8(document, text, walk.at);
        if (!more)
            break;
        TP__TRY(add_known_word(a, word.bytes, word.length, tp__word_key(word.bytes, word.length), word.ascii,
                               to));
        at = walk.at;
    }
    return TP_OK;
}

/* Runs of tokens as bytes, for ids that come from a function. */
static tp_status add_written_runs(tp__analysis *a)
{
    const int least = a->options->ngram_min, most = a->options->ngram_max;
    const tp__ids *tokens = &a->tokens;
    size_t size = 0, length;
    for (size_t i = 0; i < tokens->count; i++)
        size += a->grams->tokens.entries[tokens->at[i]].length + 1;
    TP__TRY(tp__analysis_room(a, size));
    size_t at = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        const char *bytes = tp__interned_bytes(&a->grams->tokens, tokens->at[i], &length);
        memcpy(a->text + at, bytes, length);
        a->text[at + length] = ' ';
        at += length + 1;
    }
    at = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        size_t end = at;
        for (int n = 1; n <= most && i + (size_t)n <= tokens->count; n++) {
            end += a->grams->tokens.entries[tokens->at[i + (size_t)n - 1]].length + 1;
            if (n >= least)
                TP__TRY(tp__ids_push(&a->row, a->term_id(a->term_id_argument, a->text + at, end - 1 - at)));
        }
        at += a->grams->tokens.entries[tokens->at[i]].length + 1;
    }
    return TP_OK;
}

tp_status tp__analyse(tp__analysis *a, const char *text, size_t length, size_t readable, int64_t document)
{
    a->tokens.count = a->row.count = 0;
    if (a->options->analyzer != TP_ANALYZER_WORD)
        return tp__analyse_characters(a, text, length, document);
    if (a->options->ngram_max == 1)
        return add_words(a, text, length, readable, document, &a->row);
    TP__TRY(add_words(a, text, length, readable, document, &a->tokens));
    return a->term_id ? add_written_runs(a) : add_runs(a);
}
