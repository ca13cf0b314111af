/* Byte-pair encoding over bytes: any text becomes ids, and back without a loss.
 *
 * A text is cut into pieces: a run of ASCII letters, digits, underscores and bytes above 0x7F; a run of other
 * bytes that are no white space; each with the one space before it, if there is one; and the rest of the
 * white space (bytes 9 to 13 and 32) in runs. Within each piece, learnt pairs are merged, the one that was
 * learnt first before all others, and of equal ones the leftmost. P. Gage, "A new algorithm for data
 * compression" (1994); R. Sennrich, B. Haddow, A. Birch, "Neural machine translation of rare words with
 * subword units" (2016).
 *
 * Ids: the special tokens, in their order; the 256 bytes; the merges, in the order in which they were learnt.
 * A special token is never read out of a text, whatever stands there. */
#ifndef TAPER_TOKENIZER_H
#define TAPER_TOKENIZER_H

#include "taper/sequences.h"
#include "taper/strings.h"

TP_BEGIN

typedef struct tp_tokenizer_options {
#ifdef __cplusplus
    const tp_strings *texts = nullptr;
    int64_t size = 8192;
    int64_t min_count = 2;
    const tp_strings *special_tokens = nullptr;
#else
    const tp_strings *texts;          /* to learn from */
    int64_t size;                     /* ids at most: special tokens, bytes and merges. 8192 */
    int64_t min_count;                /* a pair that occurs less often is not merged. 2 */
    const tp_strings *special_tokens; /* such as "<pad>"; not empty, no one twice, without line ends. NULL */
#endif
} tp_tokenizer_options;

/* Read only: threads may share it. */
typedef struct tp_tokenizer tp_tokenizer;

/* Learns merges, one after the other: the pair of neighbours that occurs most often in all pieces, each
 * counted as often as it occurs (in "aaa" the pair "aa" counts twice); of equal ones that of the lower left
 * id, then of the lower right id. In the current region. NULL after an error. tp_tokenizer_learn(texts, .size
 * = 4096) */
TP_API tp_tokenizer *tp_tokenizer_learn_with(const tp_tokenizer_options *options);
#ifndef __cplusplus
#define tp_tokenizer_learn(...)                                                                  \
    TP_WITH_OPTIONS(tp_tokenizer *, tp_tokenizer_learn_with, tp_tokenizer_options, .size = 8192, \
                    .min_count = 2, .texts = __VA_ARGS__)
#endif

/* How many ids there are; -1 for NULL. */
TP_API int64_t tp_tokenizer_size(const tp_tokenizer *tokenizer);

/* The bytes of an id; NULL for what is no id. Not ended by a zero; owned by the tokenizer. */
TP_API const char *tp_tokenizer_token(const tp_tokenizer *tokenizer, int64_t id, size_t *length);

/* The id of a special token; -1 if there is none of the name. */
TP_API int64_t tp_tokenizer_special(const tp_tokenizer *tokenizer, const char *name);

/* The ids of the texts, of any bytes, in the current region. Takes n log n of a piece's bytes. NULL after an
 * error. */
TP_API tp_sequences *tp_tokenizer_encode(const tp_tokenizer *tokenizer, const tp_strings *texts);

/* The bytes behind ids, zero-ended, in the current region; special tokens are left out unless `specials`. The
 * length is stored unless `length` is NULL. NULL after an error: TP_ERROR_INDEX for what is no id. */
TP_API char *tp_tokenizer_decode(const tp_tokenizer *tokenizer, const int64_t *ids, int64_t count,
                                 bool specials, size_t *length);

/* A .safetensors file of the merges and the special tokens; docs/model-format.md. Everything is checked in
 * loading. */
TP_API tp_status tp_tokenizer_save(const tp_tokenizer *tokenizer, const char *path);
TP_API tp_tokenizer *tp_tokenizer_load(const char *path);

TP_CLOSE

#ifdef __cplusplus
static inline tp_tokenizer *tp_tokenizer_learn(const tp_strings *texts,
                                               tp_tokenizer_options options = tp_tokenizer_options())
{
    options.texts = texts;
    return tp_tokenizer_learn_with(&options);
}
#endif

#endif
