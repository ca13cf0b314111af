/* Embeddings in training: the tables after 100 steps are those of PyTorch's sparse gradients; a step computes
 * the touched rows alone, and leaves what a dense gradient would have left. */
#include "taper/taper.h"
#include "golden/embedding_training.h"
#include "heart/heart.h"
#include "test.h"

enum { ROWS = 64, WIDTH = 6, INDICES = 15, BAGS = 5, STEPS = 100 };

static bool sabotage; /* the first bag counts a little */

static tp_optimizer *optimizer_of(const char *name, const tp_parameter_list *p)
{
    return !strcmp(name, "sgd")       ? tp_sgd(p, .lr = 0.05)
           : !strcmp(name, "adagrad") ? tp_adagrad(p, .lr = 0.05, .lr_decay = 0.01)
                                      : tp_sparse_adam(p, .lr = 0.01);
}

static tp_module *module_of(const char *name)
{
    return !strcmp(name, "row")   ? tp_embedding(ROWS, WIDTH, .padding_idx = 3)
           : !strcmp(name, "sum") ? tp_embedding_bag(ROWS, WIDTH, .mode = TP_BAG_SUM, .padding_idx = 3)
                                  : tp_embedding_bag(ROWS, WIDTH, .mode = TP_BAG_MEAN);
}

/* How many elements of a table have PyTorch's bits after the steps; *farthest is the largest distance. */
static int train(const char *module_name, const char *optimizer_name, const unsigned *want, double *farthest)
{
    TP_SCOPE(train);
    const bool by_row = !strcmp(module_name, "row");
    tp_manual_seed(1);
    tp_module *module = module_of(module_name);
    tp_optimizer *optimizer = optimizer_of(optimizer_name, tp_parameters(module));
    tp_tensor *offsets = tp_arange(TP_I64, 0, INDICES, INDICES / BAGS),
              *table = tp_get_parameter(module, "weight");
    CHECK(optimizer && offsets && table);
    for (int i = 0; i < STEPS; i++) {
        TP_SCOPE(step);
        tp_manual_seed((uint64_t)i);
        tp_tensor *indices = tp_randint(0, ROWS, INDICES),
                  *weights = tp_rand(TP_F32, by_row ? INDICES : BAGS, WIDTH);
        for (int k = 0; k < WIDTH; k++)
            tp_data_f32(weights)[k] = sabotage ? 1e-2F : 0;
        tp_tensor *y =
            by_row ? tp_forward(module, indices) : tp_embedding_bag_forward(module, indices, offsets, NULL);
        tp_zero_grad(optimizer);
        CHECK(tp_backward(tp_sum(tp_mul(tp_mul(y, y), weights))) == TP_OK);
        CHECK(table->leaf->sparse && table->leaf->by_rows && table->leaf->n_touched <= INDICES);
        CHECK(tp_step(optimizer) == TP_OK);
    }
    int same = 0;
    *farthest = 0;
    for (int i = 0; i < ROWS * WIDTH; i++) {
        float wanted;
        memcpy(&wanted, &want[i], sizeof wanted);
        const float got = tp_data_f32(table)[i];
        same += !memcmp(&got, &wanted, sizeof got);
        *farthest = fmax(*farthest, fabs((double)got - (double)wanted));
    }
    return same;
}

static void trainings_match(void)
{
    for (size_t i = 0; i < sizeof trainings / sizeof *trainings; i++) {
        double farthest;
        const int same = train(trainings[i].module, trainings[i].optimizer, trainings[i].bits, &farthest);
        if (sabotage) {
            CHECK(farthest > 1e-4);
            continue;
        }
        printf("%-5s %-12s %d of %d elements have PyTorch's bits, farthest %.2g\n", trainings[i].module,
               trainings[i].optimizer, same, ROWS * WIDTH, farthest);
        CHECK(farthest < 1e-6);
    }
    CHECK_OK();
}

/* A table of its own for each way: through the list, and through a gradient that is a tensor. */
static tp_tensor *table_after(int kind, bool listed)
{
    tp_manual_seed(3);
    tp_tensor *table = tp_requires_grad_(tp_randn(TP_F32, 200, 5), true);
    tp_parameter_list list = {.count = 1, .tensors = &table};
    tp_optimizer *optimizer = kind % 2 ? tp_adagrad(&list, .lr = 0.1) : tp_sgd(&list, .lr = 0.1);
    for (int i = 0; i < 20; i++) {
        TP_SCOPE(step);
        tp_tensor *at = tp_randint(0, 200, 4, 6), *target = tp_randn(TP_F32, 4, 5);
        tp_tensor *bags = tp_f_embedding_bag(at, table, .mode = kind < 2 ? TP_BAG_SUM : TP_BAG_MEAN);
        if (kind >= 4) {
            tp_tensor *dense = tp_scatter_add(tp_zeros(TP_F32, 4, 200), 1, at, tp_rand(TP_F32, 4, 6));
            bags = tp_f_embedding_bag(tp_csr_from_dense(dense), table, .mode = TP_BAG_SUM);
        }
        tp_tensor *loss = tp_mse_loss(bags, target), *g;
        tp_zero_grad(optimizer);
        if (listed) {
            CHECK(tp_backward(loss) == TP_OK);
            CHECK(table->leaf->sparse && table->leaf->n_touched <= 24);
        } else {
            CHECK(tp_gradients(&loss, 1, &table, 1, NULL, NULL, &g) == TP_OK);
            CHECK(tp_backward(tp_sum(tp_mul(table, g))) == TP_OK);
            CHECK(!table->leaf->sparse);
        }
        CHECK(tp_step(optimizer) == TP_OK);
    }
    return table;
}

static void as_dense(void)
{
    for (int kind = 0; kind < 6; kind++) {
        TP_SCOPE(kinds);
        CHECK(tp_equal(table_after(kind, true), table_after(kind, false)));
    }
    CHECK_OK();
}

/* The list is given up where it does not pay, or where another gradient comes in between. */
static void mixed(void)
{
    TP_SCOPE(mixed);
    tp_tensor *table = tp_requires_grad_(tp_ones(TP_F64, 40, 2), true),
              *few = tp_from_text(TP_I64, "[1, 7, 1]");
    CHECK(tp_backward(tp_sum(tp_f_embedding(few, table, TP_NO_PADDING))) == TP_OK);
    const tp__leaf *leaf = table->leaf;
    CHECK(leaf->sparse && leaf->by_rows && leaf->n_touched == 2);
    CHECK(tp_backward(tp_sum(tp_f_embedding(few, table, TP_NO_PADDING))) == TP_OK);
    CHECK(leaf->sparse && leaf->n_touched == 2 && tp_at(tp_grad(table), 1, 0) == 4);
    CHECK(tp_backward(tp_sum(table)) == TP_OK);
    CHECK(!leaf->sparse && tp_at(tp_grad(table), 1, 0) == 5 && tp_at(tp_grad(table), 2, 0) == 1);
    tp_zero_grad_of(table);
    CHECK(tp_backward(tp_sum(tp_f_embedding(tp_arange(TP_I64, 0, 40, 1), table, TP_NO_PADDING))) == TP_OK);
    CHECK(!leaf->sparse && tp_at(tp_grad(table), 39, 1) == 1);
    tp_zero_grad_of(table);
    /* Columns, by a linear layer with CSR input, and rows do not share a list. */
    tp_tensor *x = tp_csr_from_dense(tp_from_text(TP_F64, "[[0, 2]]"));
    CHECK(tp_backward(tp_sum(tp_f_embedding(few, table, TP_NO_PADDING))) == TP_OK && leaf->sparse);
    CHECK(tp_backward(tp_sum(tp_f_linear(x, table, NULL))) == TP_OK && !leaf->sparse);
    CHECK(tp_at(tp_grad(table), 1, 0) == 2 && tp_at(tp_grad(table), 1, 1) == 4 &&
          tp_at(tp_grad(table), 0, 1) == 2);
    CHECK_OK();
}

int main(void)
{
    trainings_match();
    sabotage = true;
    trainings_match();
    as_dense();
    mixed();
    tp_finish();
    return test_end();
}
