/* Folds, splits, class weights and weighted draws against scikit-learn's and PyTorch's. */
#include "test.h"

#include "taper/data.h"
#include "taper/folds.h"
#include "taper/strings.h"
#include "taper/random.h"

typedef struct fold_case {
    int64_t items;
    int splits; /* 0: one split */
    int64_t classes;
    int shuffle;
    uint32_t seed;
    double share;
    uint64_t indices;
} fold_case;

typedef struct weight_case {
    int64_t items, classes;
    double weights[8];
} weight_case;

typedef struct draw_case {
    int64_t items, count;
    uint64_t seed, indices;
    int64_t next;
} draw_case;

#include "golden/folds.h"

static uint64_t fold_in(uint64_t x, const int64_t *indices, int64_t n)
{
    x = 31 * x + (uint64_t)n;
    for (int64_t i = 0; i < n; i++)
        x = 31 * x + (uint64_t)indices[i];
    return x;
}

static tp_tensor *labels(int64_t n, int64_t classes, tp_dtype dtype)
{
    if (!classes)
        return NULL;
    tp_tensor *y = tp_zeros(TP_I64, n);
    for (int64_t i = 0; i < n; i++)
        tp_data_i64(y)[i] = (i * i * 7 + i / 3) % classes;
    if (dtype == TP_I64)
        return y;
    tp_tensor *other = tp_zeros(TP_F32, n);
    for (int64_t i = 0; i < n; i++)
        tp_data_f32(other)[i] = (float)tp_data_i64(y)[i];
    return other;
}

static uint64_t indices_of(const fold_case *c, const tp_tensor *y)
{
    uint64_t x = 0;
    if (!c->splits) {
        const tp_fold *split =
            tp_train_test_split(c->items, .test_share = c->share, .seed = c->seed, .labels = y);
        CHECK(split);
        return split ? fold_in(fold_in(0, split->train, split->train_count), split->test, split->test_count)
                     : 0;
    }
    const tp_fold *folds =
        tp_k_fold(c->items, .splits = c->splits, .shuffle = c->shuffle, .seed = c->seed, .labels = y);
    CHECK(folds);
    for (int k = 0; folds && k < c->splits; k++)
        x = fold_in(fold_in(x, folds[k].train, folds[k].train_count), folds[k].test, folds[k].test_count);
    return x;
}

static void test_golden(void)
{
    for (size_t i = 0; i < sizeof fold_cases / sizeof *fold_cases; i++) {
        TP_SCOPE(one);
        const fold_case *c = &fold_cases[i];
        CHECK(indices_of(c, labels(c->items, c->classes, TP_I64)) == c->indices);
        CHECK(indices_of(c, labels(c->items, c->classes, TP_F32)) == c->indices);
        if (c->shuffle) { /* the comparison notices another order */
            fold_case other = *c;
            other.seed++;
            CHECK(indices_of(&other, labels(c->items, c->classes, TP_I64)) != c->indices);
        }
    }
    for (size_t i = 0; i < sizeof weight_cases / sizeof *weight_cases; i++) {
        const weight_case *c = &weight_cases[i];
        const tp_tensor *weights = tp_class_weights(labels(c->items, c->classes, TP_I64), c->classes);
        for (int64_t k = 0; k < c->classes; k++)
            CHECK_NEAR(tp_at(weights, k), c->weights[k], 1e-15);
    }
    for (size_t i = 0; i < sizeof draw_cases / sizeof *draw_cases; i++) {
        TP_SCOPE(one);
        const draw_case *c = &draw_cases[i];
        double weights[1000];
        int64_t drawn[1000];
        for (int64_t k = 0; k < c->items; k++)
            weights[k] = (double)(k % 7) + (k == 0);
        const tp_sampler *sampler = tp_weighted_random_sampler(weights, c->items, c->count, true);
        tp_manual_seed(c->seed);
        CHECK(sampler && sampler->fill(sampler, NULL, drawn) == TP_OK);
        CHECK(fold_in(0, drawn, c->count) == c->indices);
        CHECK(tp_random_i64(NULL) == c->next);
    }
    CHECK_OK();
}

/* Items of weight 0 never come, heavy ones mostly first, none twice. */
static void test_without_replacement(void)
{
    TP_SCOPE(draws);
    const double weights[5] = {0, 1, 100, 1, 1};
    const tp_sampler *sampler = tp_weighted_random_sampler(weights, 5, 4, false);
    CHECK(sampler != NULL);
    int heavy_first = 0;
    for (int round = 0; round < 500; round++) {
        int64_t drawn[4];
        int seen[5] = {0};
        CHECK(sampler->fill(sampler, NULL, drawn) == TP_OK);
        for (int i = 0; i < 4; i++)
            seen[drawn[i]]++;
        CHECK(!seen[0] && seen[1] == 1 && seen[2] == 1 && seen[3] == 1 && seen[4] == 1);
        heavy_first += drawn[0] == 2;
    }
    CHECK(heavy_first > 470 && heavy_first < 500);
}

static void test_refused(void)
{
    TP_SCOPE(refused);
    tp_tensor *y = labels(10, 2, TP_I64);
    CHECK(!tp_k_fold(3, .splits = 4));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "k_fold: 4 splits of 3 items");
    CHECK(!tp_k_fold(10, .splits = 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "1 splits");
    CHECK(!tp_k_fold(11, .labels = y));
    CHECK_ERROR(TP_ERROR_SHAPE, "labels of shape [10] for 11 items");
    CHECK(!tp_k_fold(10, .splits = 9, .labels = y));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "the largest class has");
    CHECK(!tp_k_fold(2, .splits = 2, .labels = tp_full(TP_F32, 0.5, 2)));
    CHECK_ERROR(TP_ERROR_VALUE, "label 0 is 0.5");
    CHECK(!tp_train_test_split(10, .test_share = 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "test_share is 1");
    CHECK(!tp_train_test_split(1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "none is left");
    CHECK(!tp_train_test_split(3, .labels = tp_from_text(TP_I64, "[0, 1, 1]")));
    CHECK_ERROR(TP_ERROR_VALUE, "one item only");
    CHECK(!tp_train_test_split(4, .labels = tp_from_text(TP_I64, "[0, 1, 1, 0]")));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "1 for testing, but 2 classes");
    CHECK(!tp_class_weights(y, 1));
    CHECK_ERROR(TP_ERROR_VALUE, "0 to 0 are known");
    CHECK(!tp_class_weights(y, 3));
    CHECK_ERROR(TP_ERROR_VALUE, "no item has the label 2");
    const double bad[2] = {1, -1}, none[2] = {0, 0}, good[2] = {1, 0};
    CHECK(!tp_weighted_random_sampler(bad, 2, 2, true));
    CHECK_ERROR(TP_ERROR_VALUE, "weight 1 is -1");
    CHECK(!tp_weighted_random_sampler(none, 2, 2, true));
    CHECK_ERROR(TP_ERROR_VALUE, "sum of the weights is 0");
    CHECK(!tp_weighted_random_sampler(good, 2, 2, false));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "2 draws without replacement from 1 items");
}

/* The texts of a fold. */
static void test_texts(void)
{
    TP_SCOPE(texts);
    const tp_strings *texts = tp_strings_from_array(3, (const char *const[]){"one", "", "three"});
    const tp_strings *some = tp_strings_select(texts, (const int64_t[]){2, 1, 2}, 3);
    CHECK(some && some->count == 3);
    CHECK_TEXT(tp_string_copy(some, 0), "three");
    CHECK_TEXT(tp_string_copy(some, 1), "");
    CHECK_TEXT(tp_string_copy(some, 2), "three");
    CHECK(tp_strings_select(texts, NULL, 0)->count == 0);
    CHECK_OK();
    CHECK(!tp_strings_select(texts, (const int64_t[]){0, 3}, 2));
    CHECK_ERROR(TP_ERROR_INDEX, "strings_select: index 3 is out of range for 3 texts");
    CHECK(!tp_strings_select(texts, (const int64_t[]){-1}, 1));
    CHECK_ERROR(TP_ERROR_INDEX, "index -1");
    CHECK(!tp_strings_select(texts, NULL, 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "indices is NULL");
    CHECK(!tp_string_copy(texts, 3));
    CHECK_ERROR(TP_ERROR_INDEX, "string_copy: index 3");
}

int main(void)
{
    test_texts();
    test_golden();
    test_without_replacement();
    test_refused();
    tp_finish();
    return test_end();
}
