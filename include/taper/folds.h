/* Parts of a data set for training and testing: scikit-learn's splitters, with its very indices from the same
 * seed.
 *
 * Shuffles are those of NumPy's RandomState(seed), which scikit-learn uses for random_state=seed. They draw
 * nothing from Taper's generators. */
#ifndef TAPER_FOLDS_H
#define TAPER_FOLDS_H

#include "taper/tensor.h"

#ifdef __cplusplus
#define TP_FOLDS_DEFAULT(value) = value
#else
#define TP_FOLDS_DEFAULT(value)
#endif

TP_BEGIN

/* Places in the data set, for tp_subset. */
typedef struct tp_fold {
    int64_t train_count, test_count;
    const int64_t *train, *test;
} tp_fold;

typedef struct tp_k_fold_options {
    int64_t items TP_FOLDS_DEFAULT(0);
    int splits TP_FOLDS_DEFAULT(5); /* at least 2, at most one for each item */
    bool shuffle TP_FOLDS_DEFAULT(false);
    uint32_t seed TP_FOLDS_DEFAULT(0); /* for shuffle */
    /* Whole numbers [items] of any dtype: each fold's test part then has the classes in nearly the same
     * shares as the whole (StratifiedKFold); at least one class must have `splits` items. NULL: KFold. */
    const tp_tensor *labels TP_FOLDS_DEFAULT(nullptr);
} tp_k_fold_options;

/* `splits` folds, in the current region: each item is in the test part of exactly one of them, and in the
 * training part of the others. Indices ascend. NULL after an error.
 *
 *     tp_fold *folds = tp_k_fold(1000, .splits = 10, .shuffle = true, .seed = 42);
 */
TP_API tp_fold *tp_k_fold_with(const tp_k_fold_options *options);

typedef struct tp_train_test_split_options {
    int64_t items TP_FOLDS_DEFAULT(0);
    double test_share TP_FOLDS_DEFAULT(0.25); /* of the items, rounded up; between 0 and 1, both excluded */
    uint32_t seed TP_FOLDS_DEFAULT(0);
    const tp_tensor *labels TP_FOLDS_DEFAULT(nullptr); /* stratify=: every class needs two items */
} tp_train_test_split_options;

/* One random split, in the current region: train_test_split(range(items), test_size=, random_state=,
 * stratify=). NULL after an error. tp_train_test_split(1000, .test_share = 0.2, .seed = 42) */
TP_API tp_fold *tp_train_test_split_with(const tp_train_test_split_options *options);

/* For each class 0 to classes - 1 the weight items / (classes * items of the class), as float64 [classes], so
 * that all classes count alike: compute_class_weight("balanced"). Labels are whole numbers [items]; each
 * class must occur. */
TP_API tp_tensor *tp_class_weights(const tp_tensor *labels, int64_t classes);

#ifndef __cplusplus
#define tp_k_fold(...) \
    TP_WITH_OPTIONS(tp_fold *, tp_k_fold_with, tp_k_fold_options, .splits = 5, .items = __VA_ARGS__)
#define tp_train_test_split(...)                                                                          \
    TP_WITH_OPTIONS(tp_fold *, tp_train_test_split_with, tp_train_test_split_options, .test_share = 0.25, \
                    .items = __VA_ARGS__)
#endif

TP_CLOSE

#ifdef __cplusplus
static inline tp_fold *tp_k_fold(int64_t items, tp_k_fold_options options = tp_k_fold_options())
{
    options.items = items;
    return tp_k_fold_with(&options);
}
static inline tp_fold *
tp_train_test_split(int64_t items, tp_train_test_split_options options = tp_train_test_split_options())
{
    options.items = items;
    return tp_train_test_split_with(&options);
}
#endif

#endif
