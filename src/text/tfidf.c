/* tf-idf, and the norms of rows. */
#include "taper/tfidf.h"
#include "base/memory.h"
#include "base/region.h"
#include "tensor/csr.h"

#include <math.h>
#include <string.h>

struct tp_tfidf {
    tp_tfidf_options options;
    tp_region *home;
    int64_t terms; /* -1 before fit */
    tp_tensor *idf;
};

static bool known_norm(tp_row_norm norm)
{
    return norm == TP_ROW_NORM_NONE || norm == TP_ROW_NORM_L1 || norm == TP_ROW_NORM_L2;
}

tp_tfidf *tp_tfidf_new_with(const tp_tfidf_options *options)
{
    if (!options)
        return tp_tfidf_new();
    if (!known_norm(options->norm))
        return tp__fail_null(TP_ERROR_ARGUMENT, "tfidf: norm %d is none of tp_row_norm", (int)options->norm);
    tp_region *region = tp_region_current();
    tp_tfidf *tfidf = region ? tp_region_alloc(region, sizeof *tfidf) : NULL;
    if (tfidf)
        *tfidf = (tp_tfidf){.options = *options, .home = region, .terms = -1};
    return tfidf;
}

const tp_tfidf_options *tp_tfidf_get_options(const tp_tfidf *tfidf)
{
    return tfidf ? &tfidf->options : NULL;
}

tp_tensor *tp_tfidf_idf(const tp_tfidf *tfidf)
{
    return tfidf ? tfidf->idf : NULL;
}

static tp_status check_counts(const tp_tensor *counts)
{
    if (!counts)
        return tp__null_argument("tfidf: counts");
    if (counts->layout != TP__CSR)
        return tp_fail(TP_ERROR_ARGUMENT, "tfidf: the counts are no CSR matrix");
    if (counts->released)
        return tp_fail(TP_ERROR_STATE, "tfidf: the counts were released");
    const tp_dtype dtype = (tp_dtype)counts->dtype;
    if (dtype != TP_F32 && dtype != TP_F64 && dtype != TP_I32 && dtype != TP_I64)
        return tp_fail(TP_ERROR_DTYPE, "tfidf: counts are float32, float64, int32 or int64, not %s",
                       tp_dtype_name(dtype));
    return TP_OK;
}

/* ---- Learning ---- */

/* A place of its own, so that a later fit can replace it. */
static tp_status keep(tp_tfidf *tfidf, tp_dtype dtype, int64_t terms, tp_tensor **idf)
{
    *idf = tfidf->idf && tfidf->terms == terms && (tp_dtype)tfidf->idf->dtype == dtype
               ? tfidf->idf
               : tp__tensor_new(tfidf->home, dtype, 1, &terms);
    return *idf ? TP_OK : tp_error();
}

tp_status tp_tfidf_fit(tp_tfidf *tfidf, const tp_tensor *counts)
{
    if (!tfidf)
        return tp__null_argument("tfidf_fit: tfidf");
    TP__TRY(check_counts(counts));
    const int64_t terms = counts->shape[1];
    if (!tfidf->options.use_idf) {
        tfidf->terms = terms;
        return TP_OK;
    }
    int64_t *frequencies = tp__calloc((size_t)terms, sizeof *frequencies);
    if (!frequencies)
        return TP_ERROR_MEMORY;
    for (int64_t i = 0; i < counts->stored; i++)
        frequencies[counts->csr->columns[i]]++;
    const bool single = counts->dtype == TP_F32;
    tp_tensor *idf;
    const tp_status status = keep(tfidf, single ? TP_F32 : TP_F64, terms, &idf);
    const int64_t more = tfidf->options.smooth_idf, n = counts->shape[0] + more;
    for (int64_t i = 0; status == TP_OK && i < terms; i++) {
        const int64_t df = frequencies[i] + more;
        if (single)
            ((float *)(void *)idf->data)[i] = (float)log((double)((float)n / (float)df)) + 1.0f;
        else
            ((double *)(void *)idf->data)[i] = log((double)n / (double)df) + 1.0;
    }
    tp__free(frequencies);
    if (status == TP_OK) {
        tfidf->idf = idf;
        tfidf->terms = terms;
    }
    return status;
}

tp_status tp_tfidf_set_idf(tp_tfidf *tfidf, const tp_tensor *idf)
{
    if (!tfidf || !idf)
        return tp__null_argument(tfidf ? "tfidf_set_idf: idf" : "tfidf_set_idf: tfidf");
    const tp_dtype dtype = (tp_dtype)idf->dtype;
    if (!tfidf->options.use_idf)
        return tp_fail(TP_ERROR_STATE, "tfidf_set_idf: use_idf is off");
    if (idf->layout == TP__CSR || idf->ndim != 1 || !idf->contiguous || (dtype != TP_F32 && dtype != TP_F64))
        return tp_fail(TP_ERROR_ARGUMENT, "tfidf_set_idf: the weights are no vector of float32 or float64");
    tp_tensor *own;
    TP__TRY(keep(tfidf, dtype, idf->numel, &own));
    memcpy(own->data, idf->data, (size_t)idf->numel * tp_dtype_size(dtype));
    tfidf->idf = own;
    tfidf->terms = idf->numel;
    return TP_OK;
}

/* ---- Weighing ---- */

static double value_at(const tp_tensor *t, int64_t i)
{
    switch ((tp_dtype)t->dtype) {
    case TP_F32:
        return (double)((const float *)(const void *)t->data)[i];
    case TP_F64:
        return ((const double *)(const void *)t->data)[i];
    case TP_I32:
        return (double)((const int32_t *)(const void *)t->data)[i];
    default:
        return (double)((const int64_t *)(const void *)t->data)[i];
    }
}

/* Every operation is rounded to the matrix's dtype, as NumPy's are. */
static void weigh(const tp_tfidf *tfidf, const tp_tensor *counts, tp_tensor *out)
{
    const bool single = out->dtype == TP_F32, sublinear = tfidf->options.sublinear_tf;
    for (int64_t i = 0; i < counts->stored; i++) {
        const double count = value_at(counts, i);
        const double idf = tfidf->idf ? value_at(tfidf->idf, counts->csr->columns[i]) : 1;
        if (single) {
            const float tf = sublinear ? (float)log(count) + 1.0f : (float)count;
            ((float *)(void *)out->data)[i] = tfidf->idf ? tf * (float)idf : tf;
        } else {
            const double tf = sublinear ? log(count) + 1.0 : count;
            ((double *)(void *)out->data)[i] = tfidf->idf ? tf * idf : tf;
        }
    }
}

tp_tensor *tp_tfidf_transform(const tp_tfidf *tfidf, const tp_tensor *counts)
{
    if (!tfidf)
        return tp__null_argument("tfidf_transform: tfidf"), NULL;
    if (check_counts(counts) != TP_OK)
        return NULL;
    if (tfidf->options.use_idf && tfidf->terms < 0)
        return tp__fail_null(TP_ERROR_STATE, "tfidf: the idf vector is not fitted");
    if (tfidf->options.use_idf && counts->shape[1] != tfidf->terms)
        return tp__fail_null(TP_ERROR_SHAPE, "tfidf: counts of %lld terms; fitted were %lld",
                             (long long)counts->shape[1], (long long)tfidf->terms);
    tp_region *region = tp_region_current();
    const tp_dtype dtype = counts->dtype == TP_F32 ? TP_F32 : TP_F64;
    tp_tensor *out =
        region ? tp__csr_new(region, dtype, counts->shape[0], counts->shape[1], counts->stored) : NULL;
    if (!out)
        return NULL;
    int64_t *row_starts = (int64_t *)out->csr->row_starts;
    for (int64_t r = 0; r <= counts->shape[0]; r++)
        row_starts[r] = counts->csr->row_starts[r] - counts->csr->row_starts[0];
    if (counts->stored)
        memcpy((int32_t *)out->csr->columns, counts->csr->columns,
               (size_t)counts->stored * sizeof *counts->csr->columns);
    weigh(tfidf, counts, out);
    return tp_normalize_rows(out, tfidf->options.norm) == TP_OK ? out : NULL;
}

/* ---- Norms ---- */

static double norm_f32(const float *x, int64_t count, tp_row_norm norm)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += (double)(norm == TP_ROW_NORM_L1 ? fabsf(x[i]) : x[i] * x[i]);
    return norm == TP_ROW_NORM_L1 ? sum : sqrt(sum);
}

static double norm_f64(const double *x, int64_t count, tp_row_norm norm)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += norm == TP_ROW_NORM_L1 ? fabs(x[i]) : x[i] * x[i];
    return norm == TP_ROW_NORM_L1 ? sum : sqrt(sum);
}

tp_status tp_normalize_rows(tp_tensor *matrix, tp_row_norm norm)
{
    if (!matrix)
        return tp__null_argument("normalize_rows: matrix");
    if (matrix->layout != TP__CSR || matrix->released || (matrix->dtype != TP_F32 && matrix->dtype != TP_F64))
        return tp_fail(TP_ERROR_ARGUMENT, "normalize_rows: a CSR matrix of float32 or float64 is wanted");
    if (!known_norm(norm))
        return tp_fail(TP_ERROR_ARGUMENT, "normalize_rows: norm %d is none of tp_row_norm", (int)norm);
    if (norm == TP_ROW_NORM_NONE)
        return TP_OK;
    const int64_t *starts = matrix->csr->row_starts;
    for (int64_t r = 0; r < matrix->shape[0]; r++) {
        const int64_t at = starts[r] - starts[0], count = starts[r + 1] - starts[r];
        if (matrix->dtype == TP_F32) {
            float *x = (float *)(void *)matrix->data + at;
            const double by = norm_f32(x, count, norm);
            for (int64_t i = 0; by != 0 && i < count; i++)
                x[i] = (float)((double)x[i] / by);
        } else {
            double *x = (double *)(void *)matrix->data + at;
            const double by = norm_f64(x, count, norm);
            for (int64_t i = 0; by != 0 && i < count; i++)
                x[i] /= by;
        }
    }
    return TP_OK;
}

/* ---- From texts ---- */

tp_tensor *tp_tfidf_fit_transform_texts(tp_tfidf *tfidf, tp_count_vectorizer *vectorizer,
                                        const tp_strings *documents)
{
    if (!tfidf || !vectorizer)
        return tp__null_argument(tfidf ? "tfidf: vectorizer" : "tfidf"), NULL;
    TP_SCOPE(tfidf);
    if (!tp_scope_tfidf_.region) /* memory was out: the current region is still the one outside */
        return NULL;
    tp_tensor *counts = tp_count_vectorizer_fit_transform(vectorizer, documents);
    if (!counts || tp_tfidf_fit(tfidf, counts) != TP_OK)
        return NULL;
    return tp_keep(tp_tfidf_transform(tfidf, counts));
}

tp_tensor *tp_tfidf_transform_texts(const tp_tfidf *tfidf, const tp_count_vectorizer *vectorizer,
                                    const tp_strings *documents)
{
    TP_SCOPE(tfidf);
    if (!tp_scope_tfidf_.region)
        return NULL;
    tp_tensor *counts = tp_count_vectorizer_transform(vectorizer, documents);
    return counts ? tp_keep(tp_tfidf_transform(tfidf, counts)) : NULL;
}
