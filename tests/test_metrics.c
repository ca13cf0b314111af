/* Metrics against scikit-learn's, and what they refuse. */
#include "taper/metrics.h"
#include "test.h"

#include <float.h>

typedef struct metric_case {
    uint32_t seed;
    int64_t items;
    uint32_t levels, ones, classes;
    double values[8]; /* accuracy, precision, recall, F1, AUC, log loss of f64 and f32, of several classes */
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
    tp_tensor *truth, *labels, *scores, *scores32, *wide, *true_wide, *rows;
} sample;

static sample make(const metric_case *c)
{
    const int64_t n = c->items, k = c->classes;
    sample s = {tp_zeros(TP_I64, n), tp_zeros(TP_F32, n), tp_zeros(TP_F64, n),   tp_zeros(TP_F32, n),
                tp_zeros(TP_I32, n), tp_zeros(TP_F64, n), tp_zeros(TP_F64, n, k)};
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
    return s;
}

static bool near(double got, double want, double tolerance)
{
    return isnan(want) ? isnan(got) : fabs(got - want) <= tolerance * fmax(1, fabs(want));
}

/* How many of a case's values differ; `spoilt` changes one label, which must be noticed. */
static int compare(const metric_case *c, bool spoilt)
{
    TP_SCOPE(metrics);
    const sample s = make(c);
    if (spoilt)
        tp_data_i64(s.truth)[c->items / 2] ^= 1;
    const double got[8] = {tp_accuracy(s.truth, s.labels),   tp_precision(s.truth, s.labels),
                           tp_recall(s.truth, s.labels),     tp_f1(s.truth, s.labels),
                           tp_roc_auc(s.truth, s.scores),    tp_log_loss(s.truth, s.scores),
                           tp_log_loss(s.truth, s.scores32), tp_log_loss(s.true_wide, s.rows)};
    int differ = 0;
    for (int i = 0; i < 8; i++) {
        const bool ok = near(got[i], c->values[i], i == 6 ? 1e-6 : 1e-13);
        differ += !ok;
        if (!ok && !spoilt)
            printf("case %u, value %d: %.17g, not %.17g\n", c->seed, i, got[i], c->values[i]);
    }
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
    CHECK_ERROR(TP_ERROR_VALUE, "the label 2 at element 1; 0 to 1 are known");
    CHECK(isnan(tp_f1(f32("[0, -1]"), zeros)));
    CHECK_ERROR(TP_ERROR_VALUE, "the label -1");
    CHECK(!tp_confusion_matrix(f32("[0, 7]"), zeros, 3));
    CHECK_ERROR(TP_ERROR_VALUE, "the label 7");
    CHECK(!tp_confusion_matrix(zeros, zeros, -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "-1 classes");
    CHECK(isnan(tp_recall(NULL, zeros)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "true labels");
    CHECK(isnan(tp_accuracy(tp_to_csr(tp_ones(TP_F32, 2, 2)), tp_ones(TP_F32, 2, 2))));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "sparse");
}

int main(void)
{
    test_golden();
    test_corners();
    test_refused();
    tp_finish();
    return test_end();
}
