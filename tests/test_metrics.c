/* Metrics against scikit-learn's, and what they refuse. */
#include "taper/metrics.h"
#include "test.h"

#include <float.h>

enum { VALUES = 43 };

typedef struct metric_case {
    uint32_t seed;
    int64_t items;
    uint32_t levels, ones, classes;
    double values[VALUES]; /* in the order of compare; infinite: not defined */
    double of_rows[2];     /* mean absolute error and R2 of several outputs */
    int64_t matrix[100];
} metric_case;

#include "golden/metrics_values.h"

static uint32_t state;
static uint32_t below(uint32_t n)
{
    state = (1103515245u * state + 12345u) & 0x7fffffffu;
    return (state >> 8) % n;
}

typedef struct sample {
    tp_tensor *truth, *labels, *scores, *scores32, *wide, *true_wide, *rows, *many, *logits, *tokens,
        *guesses;
} sample;

static sample make(const metric_case *c)
{
    const int64_t n = c->items, k = c->classes;
    sample s = {tp_zeros(TP_I64, n),    tp_zeros(TP_F32, n), tp_zeros(TP_F64, n),    tp_zeros(TP_F32, n),
                tp_zeros(TP_I32, n),    tp_zeros(TP_F64, n), tp_zeros(TP_F64, n, k), tp_zeros(TP_F64, n, k),
                tp_zeros(TP_F64, n, k), tp_zeros(TP_I64, n), tp_zeros(TP_F64, n)};
    state = c->seed;
    for (int64_t i = 0; i < n; i++) {
        const uint32_t truth = below(100) < c->ones, label = below(2), level = below(c->levels + 1);
        const uint32_t wide = below(c->classes);
        tp_data_i64(s.truth)[i] = truth;
        tp_data_f32(s.labels)[i] = (float)label;
        tp_data_f64(s.scores)[i] = (double)level / c->levels;
        tp_data_f32(s.scores32)[i] = (float)((double)level / c->levels);
        tp_data_i32(s.wide)[i] = (int32_t)wide;
        tp_data_f64(s.true_wide)[i] = (wide + label) % c->classes;
        for (int64_t j = 0; j < k; j++)
            tp_data_f64(s.rows)[i * k + j] = j == wide ? 0.5 : 0.5 / (double)(k - 1);
    }
    for (int64_t i = 0; i < n; i++) {
        double *row = tp_data_f64(s.many) + i * k, sum = 0;
        for (int64_t j = 0; j < k; j++) {
            row[j] = 1 + below(c->levels + 1) + (j == tp_data_i32(s.wide)[i] ? 5 : 0);
            sum += row[j];
        }
        for (int64_t j = 0; j < k; j++) {
            row[j] /= sum;
            tp_data_f64(s.logits)[i * k + j] = row[j] * 5;
        }
        tp_data_i64(s.tokens)[i] = (int64_t)tp_data_f64(s.true_wide)[i];
        tp_data_f64(s.guesses)[i] = row[0];
    }
    return s;
}

static bool near(double got, double want, double tolerance)
{
    if (isinf(want))
        return got == want;
    return isnan(want) ? isnan(got) : fabs(got - want) <= tolerance * fmax(1, fabs(want));
}

static bool defined(const metric_case *c, int value)
{
    return !isinf(c->values[value]);
}

/* How many of a case's values differ; `spoilt` changes one label, which must be noticed. */
static int compare(const metric_case *c, bool spoilt)
{
    TP_SCOPE(metrics);
    const sample s = make(c);
    if (spoilt)
        tp_data_i64(s.truth)[c->items / 2] ^= 1;
    const tp_tensor *y = s.truth, *p = s.labels, *t = s.true_wide, *w = s.wide;
    const double got[VALUES] = {
        tp_accuracy(y, p),
        tp_precision(y, p),
        tp_recall(y, p),
        tp_f1(y, p),
        tp_roc_auc(y, s.scores),
        tp_log_loss(y, s.scores),
        tp_log_loss(y, s.scores32),
        tp_log_loss(t, s.rows),
        tp_precision(t, w, .average = TP_AVERAGE_MICRO),
        tp_recall(t, w, .average = TP_AVERAGE_MICRO),
        tp_f1(t, w, .average = TP_AVERAGE_MICRO),
        tp_precision(t, w, .average = TP_AVERAGE_MACRO),
        tp_recall(t, w, .average = TP_AVERAGE_MACRO),
        tp_f1(t, w, .average = TP_AVERAGE_MACRO),
        tp_precision(t, w, .average = TP_AVERAGE_WEIGHTED),
        tp_recall(t, w, .average = TP_AVERAGE_WEIGHTED),
        tp_f1(t, w, .average = TP_AVERAGE_WEIGHTED),
        tp_precision(t, w, .average = TP_AVERAGE_MACRO, .zero_division = NAN),
        tp_recall(t, w, .average = TP_AVERAGE_WEIGHTED, .zero_division = NAN),
        tp_f1(t, w, .average = TP_AVERAGE_MACRO, .beta = 0.5),
        tp_f1(y, p, .beta = 2),
        tp_recall(y, p, .positive = 0, .zero_division = 1),
        tp_balanced_accuracy(t, w),
        tp_matthews_corrcoef(t, w),
        tp_cohen_kappa(t, w),
        defined(c, 25) ? tp_roc_auc(t, s.many) : INFINITY,
        defined(c, 26) ? tp_roc_auc(t, s.many, .weighted = true) : INFINITY,
        defined(c, 27) ? tp_roc_auc(t, s.many, .multiclass = TP_ONE_VS_ONE) : INFINITY,
        defined(c, 28) ? tp_roc_auc(t, s.many, .multiclass = TP_ONE_VS_ONE, .weighted = true) : INFINITY,
        tp_average_precision(y, s.scores),
        tp_average_precision(t, s.many),
        tp_brier_score(y, s.scores),
        tp_calibration_error(y, s.scores, 10),
        tp_calibration_error(t, s.many, 15),
        defined(c, 34) ? tp_top_k_accuracy(t, s.many, 1) : INFINITY,
        defined(c, 35) ? tp_top_k_accuracy(t, s.many, 2) : INFINITY,
        tp_perplexity(s.tokens, s.logits, 0),
        tp_mean_squared_error(s.scores, s.guesses),
        tp_root_mean_squared_error(s.scores, s.guesses),
        tp_mean_absolute_error(s.scores, s.guesses),
        tp_r2_score(s.scores, s.guesses),
        tp_mean_squared_error(s.rows, s.many),
        tp_root_mean_squared_error(s.rows, s.many),
    };
    int differ = 0;
    for (int i = 0; i < VALUES; i++) {
        const bool ok = near(got[i], c->values[i], i == 6 ? 1e-6 : 1e-13);
        differ += !ok;
        if (!ok && !spoilt)
            printf("case %u, value %d: %.17g, not %.17g: %s\n", c->seed, i, got[i], c->values[i],
                   tp_error_message());
    }
    differ += !near(tp_mean_absolute_error(s.rows, s.many), c->of_rows[0], 1e-13);
    differ += !near(tp_r2_score(s.rows, s.many), c->of_rows[1], 1e-13);
    tp_tensor *matrix = tp_confusion_matrix(s.true_wide, s.wide, c->classes);
    differ +=
        !matrix || memcmp(tp_data_i64(matrix), c->matrix, sizeof(int64_t) * c->classes * c->classes) != 0;
    return differ;
}

static void test_golden(void)
{
    for (size_t i = 0; i < sizeof metric_cases / sizeof *metric_cases; i++) {
        CHECK(compare(&metric_cases[i], false) == 0);
        CHECK(compare(&metric_cases[i], true) > 0);
    }
    CHECK_OK();
}

/* The table of labels is scikit-learn's to the letter. */
static void test_report(void)
{
    int compared = 0;
    for (size_t i = 0; i < sizeof metric_cases / sizeof *metric_cases; i++) {
        TP_SCOPE(report);
        char path[256], want[4096];
        snprintf(path, sizeof path, "%s/tests/golden/metrics_report_%u.txt", TP_SOURCE_DIR,
                 metric_cases[i].seed);
        FILE *f = fopen(path, "r");
        if (!f)
            continue;
        want[fread(want, 1, sizeof want - 1, f)] = 0;
        fclose(f);
        const sample s = make(&metric_cases[i]);
        char *got = NULL;
        size_t length = 0;
        FILE *stream = open_memstream(&got, &length);
        CHECK(tp_classification_report(stream, s.true_wide, s.wide, NULL, 0) == TP_OK);
        fclose(stream);
        CHECK_TEXT(got, want);
        free(got);
        compared++;
    }
    CHECK(compared == 2);
    const char *const names[] = {"bad", "good"};
    CHECK(tp_classification_report(stdout, tp_ones(TP_F32, 2), tp_ones(TP_F32, 2), names, 2) ==
          TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "2 names for the 1 labels");
}

static tp_tensor *f32(const char *text)
{
    return tp_from_text(TP_F32, text);
}

static void test_corners(void)
{
    TP_SCOPE(corners);
    /* One class only. */
    CHECK(isnan(tp_roc_auc(f32("[1, 1]"), f32("[0.1, 0.2]"))));
    CHECK_OK();
    CHECK_NEAR(tp_log_loss(f32("[1, 1]"), tp_from_text(TP_F64, "[0.1, 0.2]")), 1.9560115027140728, 1e-15);
    CHECK(tp_f1(f32("[0, 0]"), f32("[0, 0]")) == 0);
    CHECK(tp_precision(f32("[0, 1]"), f32("[0, 0]")) == 0);
    CHECK(tp_accuracy(f32("[0, 0]"), f32("[0, 0]")) == 1);
    CHECK(isnan(tp_cohen_kappa(f32("[0, 0]"), f32("[0, 0]"))));
    CHECK(tp_matthews_corrcoef(f32("[0, 0]"), f32("[0, 1]")) == 0);
    /* Two labels of any value. */
    CHECK(tp_f1(f32("[5, 7]"), f32("[5, 7]"), .positive = 7) == 1);
    CHECK(tp_roc_auc(f32("[5, 7]"), f32("[0.1, 0.2]")) == 1);
    CHECK(tp_f1(f32("[5, 5]"), f32("[5, 5]"), .zero_division = 1) == 1);
    CHECK(tp_average_precision(f32("[0, 0]"), f32("[0.1, 0.2]")) == 0);
    /* Constant truths, one item, no token that counts. */
    CHECK(tp_r2_score(f32("[2, 2]"), f32("[2, 2]")) == 1);
    CHECK(tp_r2_score(f32("[2, 2]"), f32("[2, 3]")) == 0);
    CHECK(isnan(tp_r2_score(f32("[2]"), f32("[2]"))));
    CHECK(isnan(tp_perplexity(f32("[-100]"), f32("[[0, 0]]"), -100)));
    /* An edge between bins belongs to the lower one. */
    CHECK_NEAR(tp_calibration_error(f32("[0, 1]"), tp_from_text(TP_F64, "[0.5, 0.5]"), 2), 0, 1e-15);
    /* Certain and wrong: limited by the dtype's epsilon. */
    CHECK_NEAR(tp_log_loss(f32("[1, 0]"), f32("[0, 1]")), -log((double)FLT_EPSILON), 1e-12);
    CHECK_NEAR(tp_log_loss(f32("[1, 0]"), tp_from_text(TP_F64, "[0, 1]")), -log(DBL_EPSILON), 1e-12);
    /* Any shape, any strides, any dtype. */
    CHECK(tp_accuracy(tp_from_text(TP_I64, "[[1, 2], [3, 4]]"), f32("[[1, 2], [3, 5]]")) == 0.75);
    CHECK(tp_accuracy(tp_from_text(TP_BOOL, "[true, false]"), tp_from_text(TP_U8, "[1, 1]")) == 0.5);
    const tp_tensor *matrix =
        tp_confusion_matrix(tp_from_text(TP_I64, "[0, 2, 2]"), tp_from_text(TP_I64, "[0, 1, 2]"), 0);
    CHECK(tp_equal(matrix, tp_from_text(TP_I64, "[[1, 0, 0], [0, 0, 0], [0, 1, 1]]")));
    CHECK_OK();
}

static void test_refused(void)
{
    TP_SCOPE(refused);
    const tp_tensor *none = tp_zeros(TP_F32, 0), *zeros = tp_zeros(TP_F32, 2);
    CHECK(isnan(tp_accuracy(none, none)));
    CHECK_ERROR(TP_ERROR_VALUE, "accuracy: truth has no elements");
    CHECK(isnan(tp_roc_auc(none, none)));
    CHECK_ERROR(TP_ERROR_VALUE, "no elements");
    CHECK(isnan(tp_log_loss(none, none)));
    CHECK_ERROR(TP_ERROR_VALUE, "no elements");
    CHECK(!tp_confusion_matrix(none, none, 2));
    CHECK_ERROR(TP_ERROR_VALUE, "no elements");
    CHECK(isnan(tp_accuracy(zeros, tp_zeros(TP_F32, 3))));
    CHECK_ERROR(TP_ERROR_SHAPE, "[2] and predictions of shape [3]");
    CHECK(isnan(tp_accuracy(f32("[0, nan]"), zeros)));
    CHECK_ERROR(TP_ERROR_VALUE, "truth has a NaN at element 1");
    CHECK(isnan(tp_roc_auc(f32("[0, 1]"), f32("[nan, 0]"))));
    CHECK_ERROR(TP_ERROR_VALUE, "scores has a NaN at element 0");
    CHECK(isnan(tp_roc_auc(f32("[0, 1]"), f32("[inf, 0]"))));
    CHECK_ERROR(TP_ERROR_VALUE, "an infinity");
    CHECK(isnan(tp_log_loss(f32("[0, 1]"), f32("[0.5, nan]"))));
    CHECK_ERROR(TP_ERROR_VALUE, "a NaN");
    CHECK(isnan(tp_log_loss(f32("[0, 1]"), f32("[0.5, 2]"))));
    CHECK_ERROR(TP_ERROR_VALUE, "2 in row 1");
    CHECK(isnan(tp_log_loss(f32("[0, 1]"), f32("[[0.5, 0.6], [0.1, 0.9]]"))));
    CHECK_ERROR(TP_ERROR_VALUE, "row 0 of probabilities sums to 1.1");
    CHECK(isnan(tp_log_loss(f32("[0, 1]"), f32("[[1], [0]]"))));
    CHECK_ERROR(TP_ERROR_SHAPE, "[2, 1]");
    CHECK(isnan(tp_log_loss(f32("[0, 1]"), tp_from_text(TP_I64, "[0, 1]"))));
    CHECK_ERROR(TP_ERROR_DTYPE, "int64");
    CHECK(isnan(tp_accuracy(f32("[0, 0.5]"), zeros)));
    CHECK_ERROR(TP_ERROR_VALUE, "0.5 at element 1, which is no label");
    CHECK(isnan(tp_precision(f32("[0, 2]"), zeros)));
    CHECK_ERROR(TP_ERROR_VALUE, "the positive label 1 is none of those that occur, 0 and 2");
    CHECK(isnan(tp_f1(f32("[0, -1]"), zeros)));
    CHECK_ERROR(TP_ERROR_VALUE, "none of those that occur, -1 and 0");
    CHECK(!tp_confusion_matrix(f32("[0, 7]"), zeros, 3));
    CHECK_ERROR(TP_ERROR_VALUE, "the label 7");
    CHECK(!tp_confusion_matrix(zeros, zeros, -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "-1 classes");
    CHECK(isnan(tp_f1(f32("[0, 1, 2]"), f32("[0, 1, 2]"))));
    CHECK_ERROR(TP_ERROR_VALUE, "3 labels occur");
    CHECK(isnan(tp_f1(zeros, zeros, .average = (tp_averaging)9)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "no average of number 9");
    CHECK(isnan(tp_f1(zeros, zeros, .beta = -1)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "beta is -1");
    CHECK(isnan(tp_roc_auc(f32("[0, 1, 2]"), f32("[0, 1, 2]"))));
    CHECK_ERROR(TP_ERROR_VALUE, "the labels 0, 1 and 2");
    CHECK(isnan(tp_roc_auc(f32("[0, 1]"), f32("[[1, 0, 0], [0, 1, 0]]"))));
    CHECK_ERROR(TP_ERROR_VALUE, "no item of truth has the label 2");
    CHECK(isnan(tp_roc_auc(f32("[0, 1]"), f32("[[1, 0, 0], [0, 1, 1]]"))));
    CHECK_ERROR(TP_ERROR_VALUE, "row 1 of scores sums to 2");
    CHECK(isnan(tp_roc_auc(f32("[0, 1]"), f32("[[1, 0], [0, 1]]"))));
    CHECK_ERROR(TP_ERROR_SHAPE, "as a vector");
    CHECK(isnan(tp_average_precision(f32("[0, 2]"), zeros)));
    CHECK_ERROR(TP_ERROR_VALUE, "the label 2");
    CHECK(isnan(tp_top_k_accuracy(zeros, tp_zeros(TP_F32, 2, 3), 0)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "k is 0");
    CHECK(isnan(tp_top_k_accuracy(zeros, zeros, 1)));
    CHECK_ERROR(TP_ERROR_SHAPE, "several classes");
    const tp_tensor *labels = tp_zeros(TP_F32, 2, 3), *scores = tp_zeros(TP_F32, 2, 3);
    CHECK(isnan(tp_top_k_accuracy(labels, scores, 1)));
    CHECK_ERROR(TP_ERROR_SHAPE, "true labels of shape [2, 3] and scores of shape [2, 3]");
    CHECK(isnan(tp_average_precision(labels, scores)));
    CHECK_ERROR(TP_ERROR_SHAPE, "true labels of shape [2, 3] and scores of shape [2, 3]");
    CHECK(isnan(tp_roc_auc(zeros, tp_zeros(TP_F32, 3))));
    CHECK_ERROR(TP_ERROR_SHAPE, "true labels of shape [2] and scores of shape [3]");
    CHECK(isnan(tp_calibration_error(zeros, zeros, 0)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "0 bins");
    CHECK(isnan(tp_brier_score(zeros, tp_full(TP_F32, 0.5, 2, 2))));
    CHECK_ERROR(TP_ERROR_SHAPE, "as a vector");
    CHECK(isnan(tp_perplexity(f32("[0, 3]"), tp_zeros(TP_F32, 2, 3), -100)));
    CHECK_ERROR(TP_ERROR_VALUE, "tokens has 3 at element 1; 0 to 2 are known");
    CHECK(isnan(tp_perplexity(zeros, tp_zeros(TP_F32, 3, 3), -100)));
    CHECK_ERROR(TP_ERROR_SHAPE, "one dimension more");
    CHECK(isnan(tp_mean_squared_error(zeros, tp_zeros(TP_F32, 3))));
    CHECK_ERROR(TP_ERROR_SHAPE, "[2] and predictions of shape [3]");
    CHECK(isnan(tp_recall(NULL, zeros)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "true labels");
    CHECK(isnan(tp_accuracy(tp_to_csr(tp_ones(TP_F32, 2, 2)), tp_ones(TP_F32, 2, 2))));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "sparse");
    CHECK(isnan(tp_roc_auc(zeros, zeros, .multiclass = (tp_multiclass)2)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "roc_auc: 2 is no way to compare several classes");
}

int main(void)
{
    test_golden();
    test_report();
    test_corners();
    test_refused();
    tp_finish();
    return test_end();
}
