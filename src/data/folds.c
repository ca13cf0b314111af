/* Splits of a data set, after scikit-learn's model_selection, with NumPy's shuffles. */
#include "base/region.h"
#include "data/classes.h"
#include "taper/folds.h"
#include "taper/random.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- NumPy's RandomState: the same Mersenne twister, and the same words ---- */

/* An integer from 0 to `most`: words without the bits above most's, until one is not above it. */
static int64_t up_to(tp_generator *generator, int64_t most)
{
    uint64_t mask = (uint64_t)most;
    for (int shift = 1; shift < 64; shift *= 2)
        mask |= mask >> shift;
    uint64_t value = 0;
    do {
        if (most <= UINT32_MAX)
            value = tp_random32(generator) & mask;
        else
            value = tp_random64(generator) & mask;
    } while (value > (uint64_t)most);
    return (int64_t)value;
}

static void shuffle(tp_generator *generator, int64_t *items, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = up_to(generator, i), item = items[i];
        items[i] = items[j];
        items[j] = item;
    }
}

static tp_generator *seeded(uint32_t seed)
{
    tp_generator *generator = tp_generator_new();
    if (generator)
        tp_generator_seed(generator, seed);
    return generator;
}

/* ---- Classes ---- */

/* Numbers them anew in the order in which they appear. */
static tp_status by_appearance(tp__classes *c, int64_t items)
{
    int64_t *place = tp__new_indices(tp_region_current(), c->count), seen = 0;
    if (!place)
        return TP_ERROR_MEMORY;
    for (int64_t k = 0; k < c->count; k++)
        place[k] = -1;
    for (int64_t i = 0; i < items; i++) {
        if (place[c->of_item[i]] < 0)
            place[c->of_item[i]] = seen++;
        c->of_item[i] = place[c->of_item[i]];
    }
    memset(c->sizes, 0, (size_t)c->count * sizeof *c->sizes);
    for (int64_t i = 0; i < items; i++)
        c->sizes[c->of_item[i]]++;
    return TP_OK;
}

/* ---- K folds ---- */

/* The fold of each item: blocks of nearly equal length of the (shuffled) items. */
static void plain_folds(tp_generator *generator, int64_t items, int splits, int64_t *order, int64_t *fold_of)
{
    if (generator)
        shuffle(generator, order, items);
    int64_t at = 0;
    for (int k = 0; k < splits; k++) {
        const int64_t size = items / splits + (k < items % splits);
        for (int64_t i = 0; i < size; i++)
            fold_of[order[at++]] = k;
    }
}

/* The items in the order of their classes are dealt to the folds one by one; how many of each class a fold
 * got says how many of that class's items it gets, in blocks. */
static tp_status stratified_folds(tp_generator *generator, const tp_k_fold_options *o, int64_t *scratch,
                                  int64_t *fold_of)
{
    tp__classes c;
    TP__TRY(tp__number_labels(o->labels, o->items, &c));
    TP__TRY(by_appearance(&c, o->items));
    int64_t largest = 0;
    for (int64_t k = 0; k < c.count; k++)
        largest = c.sizes[k] > largest ? c.sizes[k] : largest;
    if (largest < o->splits)
        return tp_fail(TP_ERROR_ARGUMENT, "%d splits, but the largest class has %lld items", o->splits,
                       (long long)largest);
    int64_t dealt = 0;
    for (int64_t k = 0; k < c.count; k++) {
        int64_t n = 0;
        for (int fold = 0; fold < o->splits; fold++) {
            /* How many of the places dealt to dealt + size - 1 are the fold's. */
            const int64_t end = dealt + c.sizes[k];
            int64_t share =
                (end - fold + o->splits - 1) / o->splits - (dealt - fold + o->splits - 1) / o->splits;
            while (share-- > 0)
                scratch[n++] = fold;
        }
        dealt += c.sizes[k];
        if (generator)
            shuffle(generator, scratch, n);
        n = 0;
        for (int64_t i = 0; i < o->items; i++)
            if (c.of_item[i] == k)
                fold_of[i] = scratch[n++];
    }
    return TP_OK;
}

tp_fold *tp_k_fold_with(const tp_k_fold_options *options)
{
    TP_FRAME("k_fold");
    if (!options)
        return tp__null_argument("the options"), NULL;
    const tp_k_fold_options o = *options;
    if (o.splits < 2 || o.items < o.splits || o.items > INT32_MAX)
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "%d splits of %lld items; at least 2 splits and as many items", o.splits,
                             (long long)o.items);
    tp_region *home = tp__region_current();
    tp_fold *folds = home ? tp_region_alloc(home, (size_t)o.splits * sizeof *folds) : NULL;
    if (!folds)
        return NULL;
    TP_SCOPE(k_fold);
    int64_t *order = tp__new_indices(tp_region_current(), o.items),
            *fold_of = order ? tp__new_indices(tp_region_current(), o.items) : NULL;
    tp_generator *generator = o.shuffle && fold_of ? seeded(o.seed) : NULL;
    if (!fold_of || (o.shuffle && !generator))
        return NULL;
    if (!o.labels)
        plain_folds(generator, o.items, o.splits, order, fold_of);
    else if (stratified_folds(generator, &o, order, fold_of) != TP_OK)
        return NULL;
    for (int k = 0; k < o.splits; k++) {
        int64_t n_test = 0, train_at = 0, test_at = 0;
        for (int64_t i = 0; i < o.items; i++)
            n_test += fold_of[i] == k;
        int64_t *test = tp__new_indices(home, n_test),
                *train = test ? tp__new_indices(home, o.items - n_test) : NULL;
        if (!train)
            return NULL;
        for (int64_t i = 0; i < o.items; i++) {
            if (fold_of[i] == k)
                test[test_at++] = i;
            else
                train[train_at++] = i;
        }
        folds[k] = (tp_fold){train_at, test_at, train, test};
    }
    return folds;
}

/* ---- One split ---- */

/* How many of `draws` items each class gives: its share rounded down, and one more for those with the largest
 * remainders, by lot among equals. Leaves the counts in `given`. */
static tp_status draw_shares(tp_generator *generator, const int64_t *sizes, int64_t count, int64_t draws,
                             int64_t *given)
{
    tp_region *region = tp_region_current();
    double *remainder = tp_region_alloc(region, (size_t)count * sizeof *remainder);
    int64_t *equal = tp_region_alloc(region, (size_t)count * sizeof *equal);
    if (!remainder || !equal)
        return TP_ERROR_MEMORY;
    int64_t total = 0, missing = draws;
    for (int64_t k = 0; k < count; k++)
        total += sizes[k];
    for (int64_t k = 0; k < count; k++) {
        const double share = (double)sizes[k] / (double)total * (double)draws;
        given[k] = (int64_t)floor(share);
        remainder[k] = share - floor(share);
        missing -= given[k];
    }
    double below = INFINITY;
    while (missing > 0) {
        double value = -1;
        for (int64_t k = 0; k < count; k++)
            if (remainder[k] < below && remainder[k] > value)
                value = remainder[k];
        int64_t n = 0;
        for (int64_t k = 0; k < count; k++)
            if (remainder[k] == value)
                equal[n++] = k;
        if (!n)
            break;
        shuffle(generator, equal, n);
        for (int64_t i = 0; i < n && missing > 0; i++, missing--)
            given[equal[i]]++;
        below = value;
    }
    return TP_OK;
}

static tp_status stratified_split(tp_generator *generator, const tp_tensor *labels, int64_t items,
                                  int64_t *train, int64_t n_train, int64_t *test, int64_t n_test)
{
    tp__classes c;
    TP__TRY(tp__number_labels(labels, items, &c));
    for (int64_t k = 0; k < c.count; k++)
        if (c.sizes[k] < 2)
            return tp_fail(TP_ERROR_VALUE, "a class has one item only; every class needs two");
    if (n_train < c.count || n_test < c.count)
        return tp_fail(TP_ERROR_ARGUMENT, "%lld items for training and %lld for testing, but %lld classes",
                       (long long)n_train, (long long)n_test, (long long)c.count);
    tp_region *region = tp_region_current();
    int64_t *for_train = tp__new_indices(region, c.count), *for_test = tp__new_indices(region, c.count);
    int64_t *left = tp__new_indices(region, c.count), *order = tp__new_indices(region, items),
            *members = tp__new_indices(region, items);
    if (!for_train || !for_test || !left || !order || !members)
        return TP_ERROR_MEMORY;
    TP__TRY(draw_shares(generator, c.sizes, c.count, n_train, for_train));
    for (int64_t k = 0; k < c.count; k++)
        left[k] = c.sizes[k] - for_train[k];
    TP__TRY(draw_shares(generator, left, c.count, n_test, for_test));
    int64_t train_at = 0, test_at = 0;
    for (int64_t k = 0; k < c.count; k++) {
        int64_t n = 0;
        for (int64_t i = 0; i < items; i++)
            if (c.of_item[i] == k) {
                order[n] = n;
                members[n++] = i;
            }
        shuffle(generator, order, n);
        for (int64_t i = 0; i < for_train[k]; i++)
            train[train_at++] = members[order[i]];
        for (int64_t i = 0; i < for_test[k]; i++)
            test[test_at++] = members[order[for_train[k] + i]];
    }
    shuffle(generator, train, n_train);
    shuffle(generator, test, n_test);
    return TP_OK;
}

tp_fold *tp_train_test_split_with(const tp_train_test_split_options *options)
{
    TP_FRAME("train_test_split");
    if (!options)
        return tp__null_argument("the options"), NULL;
    const tp_train_test_split_options o = *options;
    if (!(o.test_share > 0 && o.test_share < 1))
        return tp__fail_null(TP_ERROR_ARGUMENT, "test_share is %g, and must be between 0 and 1",
                             o.test_share);
    if (o.items < 0 || o.items > INT32_MAX)
        return tp__fail_null(TP_ERROR_ARGUMENT, "%lld items", (long long)o.items);
    const int64_t n_test = (int64_t)ceil(o.test_share * (double)o.items), n_train = o.items - n_test;
    if (n_train < 1)
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "of %lld items %lld are for testing, and none is left for training",
                             (long long)o.items, (long long)n_test);
    tp_region *home = tp__region_current();
    tp_fold *fold = home ? tp_region_alloc(home, sizeof *fold) : NULL;
    int64_t *train = fold ? tp__new_indices(home, n_train) : NULL,
            *test = train ? tp__new_indices(home, n_test) : NULL;
    if (!test)
        return NULL;
    *fold = (tp_fold){n_train, n_test, train, test};
    TP_SCOPE(split);
    tp_generator *generator = seeded(o.seed);
    if (!generator)
        return NULL;
    if (o.labels)
        return stratified_split(generator, o.labels, o.items, train, n_train, test, n_test) == TP_OK ? fold
                                                                                                     : NULL;
    int64_t *order = tp__new_indices(tp_region_current(), o.items);
    if (!order)
        return NULL;
    shuffle(generator, order, o.items);
    memcpy(test, order, (size_t)n_test * sizeof *test);
    memcpy(train, order + n_test, (size_t)n_train * sizeof *train);
    return fold;
}

tp_tensor *tp_class_weights(const tp_tensor *labels, int64_t n_classes)
{
    TP_FRAME("class_weights");
    if (!labels)
        return tp__null_argument("labels"), NULL;
    if (n_classes < 1 || n_classes > INT32_MAX)
        return tp__fail_null(TP_ERROR_ARGUMENT, "%lld classes", (long long)n_classes);
    tp_tensor *weights = tp_zeros(TP_F64, n_classes);
    double *counts = weights ? tp_data_f64(weights) : NULL;
    if (!counts)
        return NULL;
    if (labels->layout != TP__DENSE || labels->ndim != 1) {
        char shape[TP__SHAPE_TEXT_SIZE];
        return tp__fail_null(TP_ERROR_SHAPE, "labels of shape %s; a vector is wanted",
                             tp__shape_text(shape, sizeof shape, labels->ndim, labels->shape));
    }
    for (int64_t i = 0; i < labels->numel; i++) {
        const double value = tp_at(labels, i);
        if (!(value >= 0 && value < (double)n_classes) || value != floor(value))
            return tp__fail_null(TP_ERROR_VALUE, "label %lld is %g; 0 to %lld are known", (long long)i, value,
                                 (long long)n_classes - 1);
        counts[(int64_t)value]++;
    }
    for (int64_t k = 0; k < n_classes; k++) {
        if (counts[k] == 0)
            return tp__fail_null(TP_ERROR_VALUE, "no item has the label %lld", (long long)k);
        counts[k] = (double)labels->numel / ((double)n_classes * counts[k]);
    }
    return weights;
}
