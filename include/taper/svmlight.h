/* Files of sparse rows in the form of SVMlight and LIBSVM: "label index:value index:value ... # comment". */
#ifndef TAPER_SVMLIGHT_H
#define TAPER_SVMLIGHT_H

#include "taper/tensor.h"

#ifdef __cplusplus
#define TP_SVMLIGHT_DEFAULT(value) = value
#else
#define TP_SVMLIGHT_DEFAULT(value)
#endif

TP_BEGIN

/* Where a file's indices begin. */
typedef enum tp_index_base {
    TP_INDEX_AUTO = 0, /* at 1 if no row has an index 0, as almost all files have it */
    TP_INDEX_ZERO = 1,
    TP_INDEX_ONE = 2
} tp_index_base;

typedef struct tp_svmlight_options {
    const char *path TP_SVMLIGHT_DEFAULT(nullptr);
    tp_tensor **X TP_SVMLIGHT_DEFAULT(nullptr); /* set to CSR [rows, features] */
    tp_tensor **y TP_SVMLIGHT_DEFAULT(nullptr); /* set to the labels [rows] */
    int64_t
        features TP_SVMLIGHT_DEFAULT(0); /* 0: as many as the file has; for a test set the training set's */
    tp_index_base base TP_SVMLIGHT_DEFAULT(TP_INDEX_AUTO);
    tp_dtype dtype TP_SVMLIGHT_DEFAULT(TP_F32); /* of X and y: a floating type */
} tp_svmlight_options;

/* Reads a file into new tensors in the current region, as scikit-learn's load_svmlight_file: labels are
 * numbers, indices ascend within a row, "qid:..." is skipped, and so is what follows "#"; values of 0 are
 * stored. Rows without features are rows. After an error *X and *y are NULL: TP_ERROR_IO, or TP_ERROR_FORMAT
 * with file, line and column.
 *
 *     tp_tensor *X, *y;
 *     tp_read_svmlight("train.svm", &X, &y);
 */
TP_API tp_status tp_read_svmlight_with(const tp_svmlight_options *options);
#ifndef __cplusplus
#define tp_read_svmlight(...)                                                               \
    TP_WITH_OPTIONS(tp_status, tp_read_svmlight_with, tp_svmlight_options, .dtype = TP_F32, \
                    .path = __VA_ARGS__)
#endif

TP_CLOSE

#ifdef __cplusplus
static inline tp_status tp_read_svmlight(const char *path, tp_tensor **X, tp_tensor **y,
                                         tp_svmlight_options options = tp_svmlight_options())
{
    options.path = path;
    options.X = X;
    options.y = y;
    return tp_read_svmlight_with(&options);
}
#endif

#endif
