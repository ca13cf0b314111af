/* Counting words without a vocabulary: the column of a term is its hash.
 *
 * There is nothing to learn and nothing to keep, so that texts of any amount are counted in constant memory;
 * in return, terms may share a column, and a column does not tell its terms. */
#ifndef TAPER_HASHING_H
#define TAPER_HASHING_H

#include "taper/text.h"

TP_BEGIN

/* Zero is a legal value of every field but n_features, min_token_length, ngram_min and ngram_max, which begin
 * at 1. The defaults are scikit-learn's, but for the dtype. */
typedef struct tp_hashing_vectorizer_options {
#ifdef __cplusplus
    int64_t n_features = 1048576;
    bool alternate_sign = true;
    tp_row_norm norm = TP_ROW_NORM_L2;
    bool binary = false;
    bool lowercase = true;
    tp_stem stem = TP_STEM_NONE;
    tp_analyzer analyzer = TP_ANALYZER_WORD;
    int64_t min_token_length = 2;
    int ngram_min = 1;
    int ngram_max = 1;
    const tp_strings *stop_words = nullptr;
    tp_dtype dtype = TP_F32;
#else
    int64_t n_features;  /* columns: 1048576; at most 2^31 - 1 */
    bool alternate_sign; /* true: half of the terms count as -1, so that those of one column cancel out */
    tp_row_norm norm;    /* TP_ROW_NORM_L2 */
    bool binary;         /* an entry is 1 whatever its count (and its sign). false */
    bool lowercase;      /* these are the ones of tp_count_vectorizer_options. true */
    tp_stem stem;
    tp_analyzer analyzer;
    int64_t min_token_length;     /* 2 */
    int ngram_min, ngram_max;     /* 1 and 1 */
    const tp_strings *stop_words; /* copied */
    tp_dtype dtype;               /* TP_F32 or TP_F64 */
#endif
} tp_hashing_vectorizer_options;

/* scikit-learn's HashingVectorizer: the hash h of a term is MurmurHash3_x86_32 of its bytes with seed 0, as a
 * signed number; its column is |h| mod n_features, and it counts as -1 if h is negative and `alternate_sign`
 * asks for that. Entries that cancel out stay as zeros. Read only: threads may share it. */
typedef struct tp_hashing_vectorizer tp_hashing_vectorizer;

/* In the current region. NULL after an error: TP_ERROR_ARGUMENT for an option out of range, TP_ERROR_DTYPE.
 * tp_hashing_vectorizer_new(.n_features = 1 << 18, .norm = TP_ROW_NORM_NONE) */
TP_API tp_hashing_vectorizer *tp_hashing_vectorizer_new_with(const tp_hashing_vectorizer_options *options);
#ifndef __cplusplus
#define tp_hashing_vectorizer_new(...)                                                                      \
    TP_WITH_OPTIONS(tp_hashing_vectorizer *, tp_hashing_vectorizer_new_with, tp_hashing_vectorizer_options, \
                    .n_features = 1048576, .alternate_sign = true, .norm = TP_ROW_NORM_L2,                  \
                    .lowercase = true, .min_token_length = 2, .ngram_min = 1, .ngram_max = 1,               \
                    .dtype = TP_F32, __VA_ARGS__)
#endif

/* The CSR matrix [documents, n_features], in the current region, rows sorted by column. NULL after an error.
 */
TP_API tp_tensor *tp_hashing_vectorizer_transform(const tp_hashing_vectorizer *vectorizer,
                                                  const tp_strings *documents);

/* The same for a single document: [1, n_features]. */
TP_API tp_tensor *tp_hashing_vectorizer_transform_text(const tp_hashing_vectorizer *vectorizer,
                                                       const char *text, size_t length);

/* The column of a term; *negative (unless NULL) says whether it counts as -1. -1 for NULL. */
TP_API int64_t tp_hashing_vectorizer_column(const tp_hashing_vectorizer *vectorizer, const char *term,
                                            size_t length, bool *negative);

/* The options, with the vectorizer's own copy of the stop words. NULL for NULL. */
TP_API const tp_hashing_vectorizer_options *
tp_hashing_vectorizer_get_options(const tp_hashing_vectorizer *vectorizer);

/* MurmurHash3_x86_32 (Austin Appleby's, public domain) of any bytes. */
TP_API uint32_t tp_murmur_hash(const void *bytes, size_t length, uint32_t seed);

TP_CLOSE

#ifdef __cplusplus
static inline tp_hashing_vectorizer *
tp_hashing_vectorizer_new(const tp_hashing_vectorizer_options &options = tp_hashing_vectorizer_options())
{
    return tp_hashing_vectorizer_new_with(&options);
}
#endif

#endif
