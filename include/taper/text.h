/* From text to numbers: lower case, stems, and counts of words.
 *
 * Text is UTF-8; bytes that are not (overlong forms, surrogates, beyond U+10FFFF, cut sequences) are
 * TP_ERROR_FORMAT, with the document and the offset of the first such byte. Lengths are in bytes. Letters,
 * whitespace and lower case are Python's: \w of re, str.split() and str.lower() of Unicode
 * tp_unicode_version(). */
#ifndef TAPER_TEXT_H
#define TAPER_TEXT_H

#include "taper/strings.h"
#include "taper/tensor.h"

TP_BEGIN

/* "14.0.0", the Unicode version of the tables (that of Python 3.11). Static. */
TP_API const char *tp_unicode_version(void);

/* TP_OK if `text` is valid UTF-8. */
TP_API tp_status tp_utf8_check(const char *text, size_t length);

/* str.lower(): all of Unicode, "İ" as two code points, a final "Σ" as "ς". Zero-ended, in the current region;
 * its length is stored unless `lower_length` is NULL. NULL after an error. */
TP_API char *tp_lower(const char *text, size_t length, size_t *lower_length);

/* ---- Stems ---- */

/* Bytes that the stem of a word of `length` bytes can need at most, the ending zero included. Pure ASCII
 * needs length + 1. */
#define TP_PORTER_CAPACITY(length) ((length) + (length) / 2 + 1)

/* The stem of one word, as NLTK 3.10's PorterStemmer().stem(word): lower-cased, irregular words (such as
 * "dying", "Skies") looked up in lower case, words of at most two code points left alone. `word` is one word:
 * whitespace in it is a letter like any other. The stem and a zero are written to `stem`, which may not
 * overlap the word; its length is stored unless `stem_length` is NULL.
 * TP_ERROR_ARGUMENT if `capacity` may not suffice. Does not allocate for ASCII, nor for words of up to 256
 * code points. */
TP_API tp_status tp_porter_stem(const char *word, size_t length, char *stem, size_t capacity,
                                size_t *stem_length);

/* Stems sentences, and remembers the stems of words. One object serves one thread at a time. */
typedef struct tp_stemmer tp_stemmer;

typedef struct tp_stemmer_options {
#ifdef __cplusplus
    size_t cache_size = 4u << 20;
#else
    size_t cache_size; /* bytes to remember stems in; when full, it starts anew. 0 remembers nothing. 4 MiB */
#endif
} tp_stemmer_options;

/* A stemmer in the current region. NULL when memory is out. tp_stemmer_new(.cache_size = 0) */
TP_API tp_stemmer *tp_stemmer_new_with(const tp_stemmer_options *options);
#ifndef __cplusplus
#define tp_stemmer_new(...)                                                                        \
    TP_WITH_OPTIONS(tp_stemmer *, tp_stemmer_new_with, tp_stemmer_options, .cache_size = 4u << 20, \
                    __VA_ARGS__)
#endif

/* ' '.join(stem(w) for w in text.split()): zero-ended, in the current region; its length is stored unless
 * `stemmed_length` is NULL. NULL after an error; a NULL stemmer passes through. */
TP_API char *tp_stemmer_text(tp_stemmer *stemmer, const char *text, size_t length, size_t *stemmed_length);

/* The same for many texts. */
TP_API tp_strings *tp_stemmer_texts(tp_stemmer *stemmer, const tp_strings *texts);

/* ---- Counting words ---- */

/* scikit-learn's English stop words (318 of them). Static. */
TP_API const tp_strings *tp_english_stop_words(void);

typedef enum tp_stem {
    TP_STEM_NONE = 0,
    TP_STEM_PORTER = 1 /* as if each document had gone through tp_stemmer_text first */
} tp_stem;

/* What each row of a matrix is divided by. */
typedef enum tp_row_norm {
    TP_ROW_NORM_NONE = 0,
    TP_ROW_NORM_L1 = 1, /* the sum of absolute values */
    TP_ROW_NORM_L2 = 2  /* the root of the sum of squares */
} tp_row_norm;

/* What a document is taken apart into. */
typedef enum tp_analyzer {
    TP_ANALYZER_WORD = 0,   /* words, as min_token_length says, and runs of them */
    TP_ANALYZER_CHAR = 1,   /* runs of characters; two and more white spaces count as one space */
    TP_ANALYZER_CHAR_WB = 2 /* runs of characters within words, each with a space on either side */
} tp_analyzer;

/* How documents become counts. Zero is a legal value of every field but min_token_length, ngram_min,
 * ngram_max and max_features, which begin at 1. The defaults stand in tp_count_vectorizer_new. */
typedef struct tp_count_vectorizer_options {
#ifdef __cplusplus
    bool lowercase = true;
    tp_stem stem = TP_STEM_NONE;
    tp_analyzer analyzer = TP_ANALYZER_WORD;
    int64_t min_token_length = 2;
    int ngram_min = 1;
    int ngram_max = 1;
    const tp_strings *stop_words = nullptr;
    int64_t min_df = 1;
    double min_df_fraction = 0.0;
    int64_t max_df = INT64_MAX;
    double max_df_fraction = 1.0;
    int64_t max_features = INT64_MAX;
    bool binary = false;
    tp_dtype dtype = TP_F32;
    const tp_strings *vocabulary = nullptr;
#else
    bool lowercase;    /* true */
    tp_stem stem;      /* TP_STEM_NONE */
    tp_analyzer analyzer; /* TP_ANALYZER_WORD; of characters, neither min_token_length nor stop_words count */
    int64_t min_token_length; /* in code points: 2, the pattern (?u)\b\w\w+\b; 1 is (?u)\b\w+\b */
    int ngram_min, ngram_max; /* 1 and 1: terms are runs of so many tokens, joined by one space; at most 64 */
    const tp_strings *stop_words; /* tokens that are dropped before runs are made; copied. NULL: none */
    /* A term stays if at least max(min_df, min_df_fraction * documents) and at most min(max_df,
     * max_df_fraction * documents) documents have it; scikit-learn's integer and its float. Fractions lie
     * between 0 and 1. 1, 0.0, INT64_MAX, 1.0 */
    int64_t min_df;
    double min_df_fraction;
    int64_t max_df;
    double max_df_fraction;
    int64_t max_features; /* of those, the ones that occur most; equal ones in order of terms. INT64_MAX */
    bool binary;          /* count 1 however often a document has a term, also for max_features. false */
    tp_dtype dtype;       /* of the matrix: TP_F32, or TP_I32, TP_I64, TP_F64 */
    const tp_strings *vocabulary; /* the terms, if they are known, by column; copied. NULL: learnt by fit */
#endif
} tp_count_vectorizer_options;

/* scikit-learn's CountVectorizer: learns a vocabulary from documents, and turns documents into a CSR matrix
 * [documents, terms] of counts. Terms are numbered in the order of their bytes, which is the order of code
 * points. A fitted vectorizer is read only: threads may share it for all but fit and fit_transform. */
typedef struct tp_count_vectorizer tp_count_vectorizer;

/* A vectorizer in the current region. Any option may be given by name, none need be:
 * tp_count_vectorizer_new(.ngram_max = 2, .stop_words = tp_english_stop_words())
 * NULL after an error: TP_ERROR_ARGUMENT for an option out of range, TP_ERROR_DTYPE for a dtype,
 * TP_ERROR_VALUE for a vocabulary that is empty or has a term twice. */
TP_API tp_count_vectorizer *tp_count_vectorizer_new_with(const tp_count_vectorizer_options *options);

#ifndef __cplusplus
#define TP_COUNT_VECTORIZER_DEFAULTS_                                                                     \
    .lowercase = true, .stem = TP_STEM_NONE, .min_token_length = 2, .ngram_min = 1, .ngram_max = 1,       \
    .stop_words = NULL, .min_df = 1, .min_df_fraction = 0.0, .max_df = INT64_MAX, .max_df_fraction = 1.0, \
    .max_features = INT64_MAX, .binary = false, .dtype = TP_F32
#define tp_count_vectorizer_new(...)                                                                  \
    TP_WITH_OPTIONS(tp_count_vectorizer *, tp_count_vectorizer_new_with, tp_count_vectorizer_options, \
                    TP_COUNT_VECTORIZER_DEFAULTS_, __VA_ARGS__)

/* A vectorizer with a vocabulary that was learnt before, such as one that was saved: column i counts
 * terms[i]. Any order will do. With the options it was learnt with, it transforms as the one that learnt it.
 * It keeps its vocabulary: fit learns nothing, as in scikit-learn, and min_df, max_df and max_features do not
 * matter. tp_count_vectorizer_from_vocabulary(terms, .stem = TP_STEM_PORTER) */
#define tp_count_vectorizer_from_vocabulary(...)                                                      \
    TP_WITH_OPTIONS(tp_count_vectorizer *, tp_count_vectorizer_new_with, tp_count_vectorizer_options, \
                    TP_COUNT_VECTORIZER_DEFAULTS_, .vocabulary = __VA_ARGS__)
#endif

/* Learns the vocabulary. An earlier one is replaced, or stays if this fails. TP_ERROR_VALUE: "empty
 * vocabulary; perhaps the documents only contain stop words"; "max_df corresponds to < documents than
 * min_df"; "After pruning, no terms remain. Try a lower min_df or a higher max_df." */
TP_API tp_status tp_count_vectorizer_fit(tp_count_vectorizer *vectorizer, const tp_strings *documents);

/* Learns the vocabulary and gives the matrix of the same documents, in the current region. Every row is
 * sorted by column (scikit-learn's may not be; the matrix is the same). NULL after an error. */
TP_API tp_tensor *tp_count_vectorizer_fit_transform(tp_count_vectorizer *vectorizer,
                                                    const tp_strings *documents);

/* The matrix of other documents, in the current region, rows sorted by column; what is not in the vocabulary
 * is passed over. NULL after an error: TP_ERROR_STATE before there is a vocabulary. */
TP_API tp_tensor *tp_count_vectorizer_transform(const tp_count_vectorizer *vectorizer,
                                                const tp_strings *documents);

/* The same for a single document: [1, terms]. */
TP_API tp_tensor *tp_count_vectorizer_transform_text(const tp_count_vectorizer *vectorizer, const char *text,
                                                     size_t length);

/* The number of terms; -1 without a vocabulary. */
TP_API int64_t tp_count_vectorizer_size(const tp_count_vectorizer *vectorizer);

/* The terms by column; NULL without a vocabulary. Valid until the next fit, as long as the vectorizer. */
TP_API const tp_strings *tp_count_vectorizer_terms(const tp_count_vectorizer *vectorizer);

/* The column of a term; -1 if there is none, which is no error. */
TP_API int64_t tp_count_vectorizer_find(const tp_count_vectorizer *vectorizer, const char *term,
                                        size_t length);

/* The terms that a row of a CSR matrix [documents, terms] has entries for, in the current region: a row of
 * scikit-learn's inverse_transform. NULL after an error. */
TP_API tp_strings *tp_count_vectorizer_row_terms(const tp_count_vectorizer *vectorizer,
                                                 const tp_tensor *matrix, int64_t row);

/* The options, with the vectorizer's own copies of the stop words and the vocabulary (NULL before there is
 * one). NULL for NULL. */
TP_API const tp_count_vectorizer_options *
tp_count_vectorizer_get_options(const tp_count_vectorizer *vectorizer);

TP_CLOSE

#ifdef __cplusplus
static inline tp_stemmer *tp_stemmer_new(const tp_stemmer_options &options = tp_stemmer_options())
{
    return tp_stemmer_new_with(&options);
}
static inline tp_count_vectorizer *
tp_count_vectorizer_new(const tp_count_vectorizer_options &options = tp_count_vectorizer_options())
{
    return tp_count_vectorizer_new_with(&options);
}
static inline tp_count_vectorizer *
tp_count_vectorizer_from_vocabulary(const tp_strings *terms,
                                    tp_count_vectorizer_options options = tp_count_vectorizer_options())
{
    options.vocabulary = terms;
    return tp_count_vectorizer_new_with(&options);
}
#endif

#endif
