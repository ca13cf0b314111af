/* Stemming sentences with a memory for words. */
#include "base/region.h"
#include "taper/text.h"
#include "text/porter.h"
#include "base/strings.h"
#include "text/unicode.h"
#include "text/word_cache.h"

struct tp_stemmer {
    tp__word_cache cache;
    char *text; /* the sentence being made */
    size_t capacity;
};

static void forget(void *argument)
{
    tp_stemmer *stemmer = argument;
    tp__word_cache_free(&stemmer->cache);
    tp__free(stemmer->text);
}

tp_stemmer *tp_stemmer_new_with(const tp_stemmer_options *options)
{
    if (!options)
        return tp_stemmer_new();
    tp_region *region = tp_region_current();
    tp_stemmer *stemmer = region ? tp__region_bump(region, sizeof *stemmer) : NULL;
    if (!stemmer)
        return NULL;
    *stemmer = (tp_stemmer){.cache.limit = options->cache_size};
    return tp_region_on_end(region, forget, stemmer) == TP_OK ? stemmer : NULL;
}

/* Appends the stem of a word at `at` of the sentence, which has room for it. */
static tp_status append(tp_stemmer *s, const tp__word *word, size_t *at)
{
    size_t size;
    if (!s->cache.limit) {
        TP__TRY(tp__porter(word->bytes, word->length, word->ascii, s->text + *at, &size));
        *at += size;
        return TP_OK;
    }
    const uint32_t hash = tp__hash(word->bytes, word->length);
    const void *known = tp__word_cache_get(&s->cache, word->bytes, word->length, hash, &size);
    if (known) {
        memcpy(s->text + *at, known, size);
    } else {
        TP__TRY(tp__porter(word->bytes, word->length, word->ascii, s->text + *at, &size));
        TP__TRY(tp__word_cache_put(&s->cache, word->bytes, word->length, hash, s->text + *at, size));
    }
    *at += size;
    return TP_OK;
}

/* Stems `text` behind the first `*end` bytes of the sentence. `document` is named in errors unless negative.
 */
static tp_status stem_text(tp_stemmer *s, const char *text, size_t length, int64_t document, size_t *end)
{
    tp__words_of walk = {text, length, 0};
    tp__word word;
    size_t at = *end;
    int found;
    while ((found = tp__next_word(&walk, &word)) > 0) {
        if (word.length > PTRDIFF_MAX / 4)
            return tp_fail(TP_ERROR_MEMORY, "stemmer: a word of %zu bytes", word.length);
        TP__TRY(tp__grow((void **)&s->text, &s->capacity, at + 1 + TP__LOWER_SIZE(word.length), 1));
        if (at > *end)
            s->text[at++] = ' ';
        TP__TRY(append(s, &word, &at));
    }
    if (found < 0 && document < 0)
        return tp_fail(TP_ERROR_FORMAT, "stemmer: byte %zu (0x%02X) is not valid UTF-8", walk.at,
                       (unsigned char)text[walk.at]);
    if (found < 0)
        return tp_fail(TP_ERROR_FORMAT, "stemmer: text %lld: byte %zu (0x%02X) is not valid UTF-8",
                       (long long)document, walk.at, (unsigned char)text[walk.at]);
    *end = at;
    return TP_OK;
}

char *tp_stemmer_text(tp_stemmer *stemmer, const char *text, size_t length, size_t *stemmed_length)
{
    if (!stemmer || !text)
        return tp__null_argument(stemmer ? "stemmer_text: text" : "stemmer_text: stemmer"), NULL;
    size_t end = 0;
    if (stem_text(stemmer, text, length, -1, &end) != TP_OK)
        return NULL;
    tp_region *region = tp_region_current();
    char *out = region ? tp__region_bump(region, end + 1) : NULL;
    if (!out)
        return NULL;
    if (end)
        memcpy(out, stemmer->text, end);
    out[end] = 0;
    if (stemmed_length)
        *stemmed_length = end;
    return out;
}

tp_strings *tp_stemmer_texts(tp_stemmer *stemmer, const tp_strings *texts)
{
    if (!stemmer)
        return tp__null_argument("stemmer_texts: stemmer"), NULL;
    if (tp__strings_check(texts, "stemmer_texts: texts") != TP_OK)
        return NULL;
    /* The stems of all texts are made in one piece, and copied once their size is known. */
    int64_t *ends = tp__malloc((size_t)texts->count * sizeof *ends);
    if (!ends)
        return NULL;
    size_t end = 0;
    tp_strings *stemmed = NULL;
    for (int64_t i = 0; i < texts->count; i++) {
        size_t length;
        const char *text = tp_string_at(texts, i, &length);
        if (stem_text(stemmer, text, length, i, &end) != TP_OK)
            goto done;
        ends[i] = (int64_t)end;
    }
    char *bytes;
    int64_t *offsets;
    stemmed = tp__strings_new(tp_region_current(), texts->count, end, &bytes, &offsets);
    if (!stemmed)
        goto done;
    if (end)
        memcpy(bytes, stemmer->text, end);
    memcpy(offsets + 1, ends, (size_t)texts->count * sizeof *ends);
done:
    tp__free(ends);
    if (stemmer->capacity > 65536) { /* not kept for single sentences to come */
        tp__free(stemmer->text);
        stemmer->text = NULL;
        stemmer->capacity = 0;
    }
    return stemmed;
}
