/* Losses composed of other operations, and embeddings, against PyTorch; refusals. */
#include "operation_cases.h"

#include <math.h>

static tp_reduction reduction(const golden_case *c)
{
    return (tp_reduction)c->numbers[0];
}

#define LOSS(name, ...)                          \
    static tp_tensor *run_##name(golden_case *c) \
    {                                            \
        tp_tensor *const *t = c->inputs;         \
        const double *n = c->numbers;            \
        (void)n;                                 \
        return __VA_ARGS__;                      \
    }
LOSS(l1, tp_l1_loss(t[0], t[1], .reduction = reduction(c)))
LOSS(smooth_l1, tp_smooth_l1_loss(t[0], t[1], .reduction = reduction(c), .beta = n[1]))
LOSS(huber, tp_huber_loss(t[0], t[1], .reduction = reduction(c), .delta = n[1]))
LOSS(kl_div,
     tp_kl_div(t[0], t[1], .reduction = reduction(c), .log_target = n[1] != 0, .batch_mean = n[2] != 0))
LOSS(poisson,
     tp_poisson_nll_loss(t[0], t[1], .reduction = reduction(c), .log_input = n[1] != 0, .full = n[2] != 0))
LOSS(gaussian,
     tp_gaussian_nll_loss(t[0], t[1], t[2], .reduction = reduction(c), .full = n[1] != 0, .eps = n[2]))
LOSS(hinge_embedding, tp_hinge_embedding_loss(t[0], t[1], .reduction = reduction(c), .margin = n[1]))
LOSS(soft_margin, tp_soft_margin_loss(t[0], t[1], .reduction = reduction(c)))
LOSS(multi_margin, tp_multi_margin_loss(t[0], t[1], .reduction = reduction(c), .p = (int)n[1], .margin = n[2],
                                        .weight = t[2]))
LOSS(margin_ranking, tp_margin_ranking_loss(t[0], t[1], t[2], .reduction = reduction(c), .margin = n[1]))
LOSS(cosine, tp_cosine_embedding_loss(t[0], t[1], t[2], .reduction = reduction(c), .margin = n[1]))
LOSS(triplet, tp_triplet_margin_loss(t[0], t[1], t[2], .reduction = reduction(c), .margin = n[1], .p = n[2],
                                     .swap = n[3] != 0))

static int64_t padding(double number)
{
    return number == -9 ? TP_NO_PADDING : (int64_t)number;
}
LOSS(embedding, tp_f_embedding(t[1], t[0], padding(n[0])))
LOSS(bag, tp_f_embedding_bag(t[1], t[0], .mode = (tp_bag_mode)n[0], .padding_idx = padding(n[1])))
LOSS(bag_weights, tp_f_embedding_bag(t[1], t[0], .mode = (tp_bag_mode)n[0], .padding_idx = padding(n[1]),
                                     .per_sample_weights = t[2]))
LOSS(bag_offsets, tp_f_embedding_bag(t[1], t[0], .mode = (tp_bag_mode)n[0], .padding_idx = padding(n[1]),
                                     .offsets = t[2], .include_last_offset = n[2] != 0))

static const golden_operation operations[] = {
    {"l1", run_l1, false, 1},
    {"smooth_l1", run_smooth_l1, false, 1},
    {"huber", run_huber, false, 1},
    {"kl_div", run_kl_div, false, 1},
    {"poisson", run_poisson, false, 1},
    {"gaussian", run_gaussian, false, 1},
    {"hinge_embedding", run_hinge_embedding, false, 1},
    {"soft_margin", run_soft_margin, false, 1},
    {"multi_margin", run_multi_margin, false, 1},
    {"margin_ranking", run_margin_ranking, false, 1},
    {"cosine", run_cosine, false, 1},
    {"triplet", run_triplet, false, 1},
    {"embedding", run_embedding, true, 0},
    {"bag", run_bag, false, 1},
    {"bag_weights", run_bag_weights, false, 1},
    {"bag_offsets", run_bag_offsets, false, 1},
    {NULL, NULL, false, 0},
};

/* A CSR matrix is a bag in each row; the weight's gradient is that of the product. */
static void test_csr_bags(void)
{
    TP_SCOPE(csr);
    tp_tensor *weight = tp_requires_grad_(tp_randn(TP_F64, 4, 3), true);
    tp_tensor *dense = tp_from_text(TP_F64, "[[0, 2, 0, 1], [0, 0, 0, 0], [3, 0, 0, 0.5]]");
    CHECK(!tp_f_embedding_bag(tp_to_csr(dense), weight, .mode = (tp_bag_mode)9));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "embedding_bag: there is no mode of number 9");
    tp_tensor *bags = tp_f_embedding_bag(tp_to_csr(dense), weight, .mode = TP_BAG_SUM);
    CHECK(tp_allclose(bags, tp_matmul(dense, weight), 1e-14, 1e-14));
    CHECK(tp_backward(tp_sum(bags)) == TP_OK);
    CHECK(tp_allclose(tp_grad(weight), tp_matmul(tp_t(dense), tp_ones(TP_F64, 3, 3)), 1e-14, 1e-14));
    CHECK_OK();
}

/* The support vector machine's loss, which PyTorch does not have under a name. */
static void test_hinge(void)
{
    TP_SCOPE(hinge);
    tp_tensor *x = tp_requires_grad_(tp_from_text(TP_F64, "[0.5, 2, -1]"), true);
    tp_tensor *y = tp_from_text(TP_F64, "[1, 1, 1]");
    tp_tensor *losses = tp_hinge_loss(x, y, .reduction = TP_NONE);
    CHECK(tp_equal(losses, tp_from_text(TP_F64, "[0.5, 0, 2]")));
    CHECK(tp_backward(tp_sum(losses)) == TP_OK);
    CHECK(tp_equal(tp_grad(x), tp_from_text(TP_F64, "[-1, 0, -1]")));
}

static void test_refused(void)
{
    TP_SCOPE(refused);
    tp_tensor *x = tp_zeros(TP_F32, 2, 3), *column = tp_zeros(TP_F32, 2, 1), *wide = tp_zeros(TP_F64, 2, 3);
    tp_tensor *places = tp_from_text(TP_I64, "[[0, 1], [2, 7]]"), *flat = tp_from_text(TP_I64, "[0, 1, 2]");
    CHECK(!tp_l1_loss(x, column));
    CHECK_ERROR(TP_ERROR_SHAPE,
                "l1_loss: operand 1 has shape [2, 1], which must be the same as the first one's [2, 3]");
    CHECK(!tp_l1_loss(x, wide));
    CHECK_ERROR(TP_ERROR_DTYPE, "Found dtype float64 but expected float32");
    CHECK(!tp_l1_loss(x, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "an operand");
    CHECK(!tp_l1_loss(x, x, .reduction = (tp_reduction)7));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "7 is no reduction");
    CHECK(!tp_l1_loss(tp_to_csr(x), x));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "CSR");
    CHECK(!tp_smooth_l1_loss(x, x, .beta = -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "negative values for beta");
    CHECK(!tp_huber_loss(x, x, .delta = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "non-positive values for delta");
    CHECK(!tp_kl_div(tp_scalar(TP_F32, 0), tp_scalar(TP_F32, 0), .batch_mean = true));
    CHECK_ERROR(TP_ERROR_SHAPE, "first dimension");
    CHECK(!tp_gaussian_nll_loss(x, x, tp_zeros(TP_F32, 3)));
    CHECK_ERROR(TP_ERROR_SHAPE, "var is of incorrect size: [3] for input [2, 3]");
    CHECK(!tp_gaussian_nll_loss(x, x, tp_full(TP_F32, -1, 2, 3)));
    CHECK_ERROR(TP_ERROR_VALUE, "var has negative");
    CHECK(!tp_multi_margin_loss(x, flat));
    CHECK_ERROR(TP_ERROR_SHAPE, "input [n, classes] and target [n]");
    CHECK(!tp_multi_margin_loss(x, tp_from_text(TP_I64, "[0, 3]")));
    CHECK_ERROR(TP_ERROR_INDEX, "index 3 is out of bounds");
    CHECK(!tp_multi_margin_loss(x, tp_from_text(TP_I64, "[0, 1]"), .p = 3));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "only p of 1 and 2");
    CHECK(!tp_cosine_embedding_loss(x, x, x));
    CHECK_ERROR(TP_ERROR_SHAPE, "a target [n]");
    CHECK(!tp_triplet_margin_loss(x, x, x, .p = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "p is 0");
    CHECK(!tp_f_embedding(places, x, TP_NO_PADDING));
    CHECK_ERROR(TP_ERROR_INDEX, "embedding: index 2 at [1, 0] is out of range for 2 rows");
    CHECK(!tp_f_embedding(places, x, 2));
    CHECK_ERROR(TP_ERROR_INDEX, "padding_idx 2 is out of range for 2 rows");
    CHECK(!tp_f_embedding_bag(flat, x));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "offsets has to be a 1D Tensor");
    CHECK(!tp_f_embedding_bag(places, x, .offsets = flat));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "if input is 2D, then offsets has to be None");
    CHECK(!tp_f_embedding_bag(flat, tp_zeros(TP_F32, 3, 1), .offsets = tp_from_text(TP_I64, "[0, 2, 1]")));
    CHECK_ERROR(TP_ERROR_VALUE, "bag 1 reaches from 2 to 1 of 3 indices");
    CHECK(!tp_f_embedding_bag(flat, x, .offsets = flat, .mode = TP_BAG_MAX, .per_sample_weights = x));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "not for mode 'max'");
    CHECK(!tp_f_embedding_bag(tp_to_csr(x), x));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "not for mode 'mean'");
}

static void check_repr(tp_module *module, const char *want)
{
    char *got = tp_module_repr(module);
    CHECK(got != NULL);
    if (got)
        CHECK_TEXT(got, want);
}

static void test_layers(void)
{
    TP_SCOPE(layers);
    tp_manual_seed(1);
    tp_module *embedding = tp_embedding(10, 3, .padding_idx = -1);
    check_repr(embedding, "Embedding(10, 3, padding_idx=9)");
    check_repr(tp_embedding(10, 3), "Embedding(10, 3)");
    check_repr(tp_embedding_bag(10, 3), "EmbeddingBag(10, 3, mode='mean')");
    check_repr(tp_embedding_bag(10, 3, .mode = TP_BAG_SUM, .padding_idx = 2),
               "EmbeddingBag(10, 3, mode='sum', padding_idx=2)");
    tp_tensor *weight = tp_get_parameter(embedding, "weight");
    CHECK(tp_item(tp_sum(tp_abs(tp_select(weight, 0, 9)))) == 0 && tp_at(weight, 0, 0) != 0);
    tp_tensor *rows = tp_forward(embedding, tp_from_text(TP_I64, "[[9, 0], [1, 9]]"));
    CHECK(tp_size(rows, 0) == 2 && tp_size(rows, 2) == 3);
    CHECK(tp_backward(tp_sum(rows)) == TP_OK);
    CHECK(tp_at(tp_grad(weight), 9, 0) == 0 && tp_at(tp_grad(weight), 1, 2) == 1);

    tp_module *bag = tp_embedding_bag(10, 3, .mode = TP_BAG_SUM);
    tp_tensor *flat = tp_from_text(TP_I64, "[1, 2, 3]");
    tp_tensor *sums = tp_embedding_bag_forward(bag, flat, tp_from_text(TP_I64, "[0, 2]"), NULL);
    tp_tensor *table = tp_get_parameter(bag, "weight");
    CHECK(tp_allclose(tp_select(sums, 0, 0), tp_add(tp_select(table, 0, 1), tp_select(table, 0, 2)), 1e-6,
                      1e-7));
    CHECK(tp_size(tp_forward(bag, tp_from_text(TP_I64, "[[1, 2], [3, 4]]")), 0) == 2);
    CHECK_OK();
    CHECK(!tp_embedding_bag_forward(embedding, flat, flat, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "a Embedding is no EmbeddingBag (in an Embedding)");

    tp_module *list = tp_modules(tp_linear(2, 2), tp_linear(2, 2), tp_relu_layer(), tp_linear(2, 3));
    check_repr(list, "ModuleList(\n"
                     "  (0-1): 2 x Linear(in_features=2, out_features=2, bias=True)\n"
                     "  (2): ReLU()\n"
                     "  (3): Linear(in_features=2, out_features=3, bias=True)\n"
                     ")");
    CHECK(tp_module_list_append(list, tp_identity()) == tp_child(list, -1) && tp_child_count(list) == 5);
    CHECK(tp_parameters(list)->count == 6 && !strcmp(tp_parameters(list)->names[4], "3.weight"));
    check_repr(tp_module_list_n(0, NULL), "ModuleList()");
    tp_module *dict = tp_module_dict();
    tp_register_module(dict, "a", tp_linear(1, 2));
    tp_register_module(dict, "act", tp_relu_layer());
    check_repr(dict, "ModuleDict(\n"
                     "  (a): Linear(in_features=1, out_features=2, bias=True)\n"
                     "  (act): ReLU()\n"
                     ")");
    CHECK(tp_get_submodule(dict, "act") == tp_child(dict, 1));
    CHECK_OK();
    CHECK(!tp_child(dict, 2));
    CHECK_ERROR(TP_ERROR_INDEX, "index 2 is out of range for the 2 children of a ModuleDict");
    CHECK(!tp_module_list_append(dict, tp_identity()));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "a ModuleDict is no ModuleList");
    CHECK(!tp_embedding(2, 3, .padding_idx = 2));
    CHECK_ERROR(TP_ERROR_INDEX, "padding_idx 2 must be within the 2 rows");
    CHECK(!tp_embedding_bag(2, 3, .mode = (tp_bag_mode)5));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "no mode of number 5");
    CHECK(!tp_forward(dict, flat));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "forward");
}

int main(void)
{
    golden_check("tests/golden/compositions.pack", operations);
    test_csr_bags();
    test_hinge();
    test_refused();
    test_layers();
    tp_finish();
    return test_end();
}
