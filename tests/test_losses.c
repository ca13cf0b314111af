/* Losses and dropout against PyTorch; refusals. */
#include "operation_cases.h"

static tp_reduction reduction(const golden_case *c)
{
    return (tp_reduction)c->numbers[0];
}

static tp_tensor *run_bce(golden_case *c)
{
    return tp_binary_cross_entropy(c->inputs[0], c->inputs[1], .weight = c->inputs[2],
                                   .reduction = reduction(c));
}

static tp_tensor *run_logits(golden_case *c)
{
    return tp_binary_cross_entropy_with_logits(c->inputs[0], c->inputs[1], .weight = c->inputs[2],
                                               .pos_weight = c->inputs[3], .reduction = reduction(c));
}

static tp_tensor *run_logits_pos(golden_case *c)
{
    return tp_binary_cross_entropy_with_logits(c->inputs[0], c->inputs[1], .pos_weight = c->inputs[2],
                                               .reduction = reduction(c));
}

static tp_tensor *run_mse(golden_case *c)
{
    return tp_mse_loss(c->inputs[0], c->inputs[1], .reduction = reduction(c));
}

static tp_tensor *run_nll(golden_case *c)
{
    return tp_nll_loss(c->inputs[0], c->inputs[1], .weight = c->inputs[2], .reduction = reduction(c),
                       .ignore_index = (int64_t)c->numbers[1]);
}

static tp_tensor *run_cross_entropy(golden_case *c)
{
    return tp_cross_entropy(c->inputs[0], c->inputs[1], .weight = c->inputs[2], .reduction = reduction(c),
                            .ignore_index = (int64_t)c->numbers[1], .label_smoothing = c->numbers[2]);
}

static tp_tensor *run_dropout(golden_case *c)
{
    tp_manual_seed(77);
    return tp_mul(tp_f_dropout(c->inputs[0], c->numbers[0], true, NULL), 1.0);
}

static const golden_operation operations[] = {
    {"bce", run_bce, false, 0},
    {"bce_weight", run_bce, false, 0},
    {"logits", run_logits, false, 0},
    {"logits_weight", run_logits, false, 0},
    {"logits_pos", run_logits_pos, false, 0},
    {"logits_both", run_logits, false, 0},
    {"mse", run_mse, false, 0},
    {"nll", run_nll, true, 0},
    {"cross_entropy", run_cross_entropy, false, 1},
    {"dropout", run_dropout, true, 0},
    {NULL, NULL, false, 0},
};

static void check_errors(void)
{
    TP_SCOPE(errors);
    tp_tensor *x = tp_from_text(TP_F32, "[[0.5, 0.25], [1.5, 2]]"), *y = tp_zeros(TP_F32, 2, 2);
    tp_tensor *half = tp_full(TP_F32, 0.5, 2, 2), *column = tp_zeros(TP_F32, 2, 1);
    CHECK(!tp_binary_cross_entropy(x, y));
    CHECK_ERROR(TP_ERROR_VALUE,
                "binary_cross_entropy: all elements of input should be between 0 and 1, and the "
                "one at [1, 0] is 1.5");
    CHECK(!tp_binary_cross_entropy(half, x));
    CHECK_ERROR(TP_ERROR_VALUE,
                "all elements of target should be between 0 and 1, and the one at [1, 0] is 1.5");
    CHECK(!tp_binary_cross_entropy(tp_full(TP_F32, NAN, 3), tp_zeros(TP_F32, 3)));
    CHECK_ERROR(TP_ERROR_VALUE, "the one at [0] is nan");
    CHECK(!tp_binary_cross_entropy(half, column));
    CHECK_ERROR(
        TP_ERROR_SHAPE,
        "binary_cross_entropy: Using a target size ([2, 1]) that is different to the input size ([2, 2])");
    CHECK(!tp_binary_cross_entropy(half, tp_zeros(TP_F64, 2, 2)));
    CHECK_ERROR(TP_ERROR_DTYPE, "Found dtype float64 but expected float32");
    CHECK(!tp_binary_cross_entropy_with_logits(half, column));
    CHECK_ERROR(TP_ERROR_SHAPE, "Target size ([2, 1]) must be the same as input size ([2, 2])");
    CHECK(!tp_mse_loss(half, column));
    CHECK_ERROR(TP_ERROR_SHAPE, "mse_loss: Target size ([2, 1]) must be the same as input size ([2, 2])");
    CHECK(!tp_mse_loss(half, half, .weight = half));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "mse_loss: takes no weight");
    CHECK(!tp_mse_loss(half, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "mse_loss: target is NULL");

    tp_tensor *scores = tp_zeros(TP_F32, 3, 4);
    CHECK(!tp_cross_entropy(scores, tp_from_text(TP_I64, "[0, 7, 1]")));
    CHECK_ERROR(TP_ERROR_INDEX,
                "cross_entropy: Target 7 is out of bounds. It stands at [1], and there are 4 classes");
    CHECK(!tp_cross_entropy(scores, tp_from_text(TP_I64, "[0, 1]")));
    CHECK_ERROR(TP_ERROR_SHAPE, "Expected input batch_size (3) to match target batch_size (2).");
    CHECK(!tp_cross_entropy(scores, tp_from_text(TP_I32, "[0, 1, 2]")));
    CHECK_ERROR(TP_ERROR_DTYPE, "expected target dtype to be int64, but got int32");
    CHECK(!tp_cross_entropy(scores, tp_from_text(TP_I64, "[0, 1, 2]"), .weight = tp_ones(TP_F32, 3)));
    CHECK_ERROR(TP_ERROR_SHAPE, "weight tensor should be defined either for all 4 classes");
    CHECK(!tp_cross_entropy(scores, tp_from_text(TP_I64, "[0, 1, 2]"), .label_smoothing = 1.5));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "label_smoothing must be between 0.0 and 1.0. Got: 1.5");
    CHECK(!tp_cross_entropy(scores, tp_zeros(TP_F32, 3)));
    CHECK_ERROR(TP_ERROR_SHAPE, "a target of probabilities has the input's shape");
    tp_tensor *weight = tp_requires_grad_(tp_ones(TP_F32, 4), true);
    CHECK(!tp_nll_loss(scores, tp_from_text(TP_I64, "[0, 1, 2]"), .weight = weight));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "not differentiable with respect to argument 'weight'");
    CHECK(!tp_f_dropout(half, 1.5, true, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "dropout probability has to be between 0 and 1, but got 1.5");
    CHECK(tp_f_dropout(half, 0.5, false, NULL) == half);
}

int main(void)
{
    golden_check("tests/golden/losses.pack", operations);
    check_errors();
    tp_finish();
    return test_end();
}
