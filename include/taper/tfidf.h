/* Counts weighed by how rare their terms are: tf-idf. */
#ifndef TAPER_TFIDF_H
#define TAPER_TFIDF_H

#include "taper/text.h"

TP_BEGIN

typedef struct tp_tfidf_options {
#ifdef __cplusplus
    tp_row_norm norm = TP_ROW_NORM_L2;
    bool use_idf = true;
    bool smooth_idf = true;
    bool sublinear_tf = false;
#else
    tp_row_norm norm;  /* of each row in the end. TP_ROW_NORM_L2 */
    bool use_idf;      /* true */
    bool smooth_idf;   /* as if one more document had every term once. true */
    bool sublinear_tf; /* ln(count) + 1 in place of the count. false */
#endif
} tp_tfidf_options;

/* scikit-learn's TfidfTransformer. With n documents, df(t) of which have the term t,
 *
 *     idf(t) = ln(n / df(t)) + 1, or with smooth_idf ln((n + 1) / (df(t) + 1)) + 1,
 *
 * and an entry is tf * idf, where tf is its count or ln(count) + 1; then each row is divided by its norm.
 * Logarithms are the C library's. Fitted, it is read only: threads may share it for all but fit. */
typedef struct tp_tfidf tp_tfidf;

/* In the current region. NULL after an error. tp_tfidf_new(.sublinear_tf = true) */
TP_API tp_tfidf *tp_tfidf_new_with(const tp_tfidf_options *options);
#ifndef __cplusplus
#define TP_TFIDF_DEFAULTS_ .norm = TP_ROW_NORM_L2, .use_idf = true, .smooth_idf = true
#define tp_tfidf_new(...) \
    TP_WITH_OPTIONS(tp_tfidf *, tp_tfidf_new_with, tp_tfidf_options, TP_TFIDF_DEFAULTS_, __VA_ARGS__)
#endif

/* Learns the document frequencies of a CSR matrix of counts [documents, terms]: every stored entry counts.
 * What is learnt is float32 if the counts are, and float64 otherwise. Without use_idf there is nothing to
 * learn. */
TP_API tp_status tp_tfidf_fit(tp_tfidf *tfidf, const tp_tensor *counts);

/* The weighed matrix, new in the current region: float32 or float64 as the counts are, float64 for integers.
 * NULL after an error: TP_ERROR_STATE before fit, TP_ERROR_SHAPE for another number of terms. */
TP_API tp_tensor *tp_tfidf_transform(const tp_tfidf *tfidf, const tp_tensor *counts);

/* idf(t) by column, [terms]; a float32 or float64 vector that the transformer owns. NULL before fit, and
 * without use_idf. */
TP_API tp_tensor *tp_tfidf_idf(const tp_tfidf *tfidf);

/* In place of fit: the weights, one for each column (copied). */
TP_API tp_status tp_tfidf_set_idf(tp_tfidf *tfidf, const tp_tensor *idf);

/* The options it was made with. NULL for NULL. */
TP_API const tp_tfidf_options *tp_tfidf_get_options(const tp_tfidf *tfidf);

/* Divides each row of a float32 or float64 CSR matrix by its norm, in place; a row of zeros stays.
 * scikit-learn's normalize(). */
TP_API tp_status tp_normalize_rows(tp_tensor *matrix, tp_row_norm norm);

/* scikit-learn's TfidfVectorizer: fits a count vectorizer and the transformer on its counts. A matrix in the
 * current region, in the vectorizer's dtype. (scikit-learn sums a row's norm in the order in which terms were
 * first met here, and by column in transform; this sums by column in both.) NULL after an error. */
TP_API tp_tensor *tp_tfidf_fit_transform_texts(tp_tfidf *tfidf, tp_count_vectorizer *vectorizer,
                                               const tp_strings *documents);
TP_API tp_tensor *tp_tfidf_transform_texts(const tp_tfidf *tfidf, const tp_count_vectorizer *vectorizer,
                                           const tp_strings *documents);

TP_CLOSE

#ifdef __cplusplus
static inline tp_tfidf *tp_tfidf_new(const tp_tfidf_options &options = tp_tfidf_options())
{
    return tp_tfidf_new_with(&options);
}
#endif

#endif
