/* Ids for words: texts to sequences and back. */
#ifndef TAPER_VOCABULARY_H
#define TAPER_VOCABULARY_H

#include "taper/sequences.h"
#include "taper/text.h"

TP_BEGIN

typedef struct tp_vocabulary_options {
#ifdef __cplusplus
    const tp_strings *texts = nullptr;
    const tp_strings *tokens = nullptr;
    bool lowercase = true;
    tp_stem stem = TP_STEM_NONE;
    int64_t min_token_length = 1;
    int64_t min_count = 1;
    int64_t max_size = INT64_MAX;
#else
    const tp_strings *texts;  /* to learn from, or */
    const tp_strings *tokens; /* the tokens by id, as they were learnt before */
    bool lowercase;           /* true */
    tp_stem stem;             /* TP_STEM_NONE */
    int64_t min_token_length; /* in code points; tokens are those of a count vectorizer. 1 */
    int64_t min_count;        /* tokens that occur less often are unknown. 1 */
    int64_t max_size;         /* ids at most, the first two included. INT64_MAX */
#endif
} tp_vocabulary_options;

/* Id 0 is padding, written "<pad>", id 1 an unknown token, "<unk>"; neither is ever read out of a text. From
 * 2 on stand the tokens, those that occur most often first, equal ones in the order of their bytes. Read
 * only: threads may share it. */
typedef struct tp_vocabulary tp_vocabulary;
#define TP_PADDING_ID 0
#define TP_UNKNOWN_ID 1

/* In the current region. NULL after an error: TP_ERROR_VALUE for `tokens` that do not begin with "<pad>" and
 * "<unk>" or have one twice. tp_vocabulary_learn(texts, .min_count = 2) */
TP_API tp_vocabulary *tp_vocabulary_new_with(const tp_vocabulary_options *options);
#ifndef __cplusplus
#define TP_VOCABULARY_DEFAULTS_ \
    .lowercase = true, .min_token_length = 1, .min_count = 1, .max_size = INT64_MAX
#define tp_vocabulary_learn(...)                                                                             \
    TP_WITH_OPTIONS(tp_vocabulary *, tp_vocabulary_new_with, tp_vocabulary_options, TP_VOCABULARY_DEFAULTS_, \
                    .texts = __VA_ARGS__)
/* From the tokens of another, with the options it was learnt with. */
#define tp_vocabulary_from_tokens(...)                                                                       \
    TP_WITH_OPTIONS(tp_vocabulary *, tp_vocabulary_new_with, tp_vocabulary_options, TP_VOCABULARY_DEFAULTS_, \
                    .tokens = __VA_ARGS__)
#endif

/* The tokens by id. NULL for NULL. */
TP_API const tp_strings *tp_vocabulary_tokens(const tp_vocabulary *vocabulary);

/* The id of a token as it stands in the vocabulary; TP_UNKNOWN_ID where it is not there. -1 for NULL. */
TP_API int64_t tp_vocabulary_find(const tp_vocabulary *vocabulary, const char *token, size_t length);

/* The ids of the texts' tokens, in the current region. NULL after an error. */
TP_API tp_sequences *tp_vocabulary_encode(const tp_vocabulary *vocabulary, const tp_strings *texts);

/* Tokens joined by a space, without padding; zero-ended, in the current region; its length is stored unless
 * `length` is NULL. NULL after an error: TP_ERROR_INDEX for what is no id. */
TP_API char *tp_vocabulary_decode(const tp_vocabulary *vocabulary, const int64_t *ids, int64_t count,
                                  size_t *length);

TP_CLOSE

#ifdef __cplusplus
static inline tp_vocabulary *tp_vocabulary_learn(const tp_strings *texts,
                                                 tp_vocabulary_options options = tp_vocabulary_options())
{
    options.texts = texts;
    return tp_vocabulary_new_with(&options);
}
static inline tp_vocabulary *
tp_vocabulary_from_tokens(const tp_strings *tokens, tp_vocabulary_options options = tp_vocabulary_options())
{
    options.tokens = tokens;
    return tp_vocabulary_new_with(&options);
}
#endif

#endif
