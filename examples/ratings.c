/* What would they think of what they have not seen? Matrix factorisation with biases (Koren, Bell and
 * Volinsky 2009) of ratings that users gave to items.
 *
 *     ratings [--steps N] [SEED]
 *
 * With --steps it prints the losses of the first N steps and nothing else. pytorch/ratings.py is the same
 * program in PyTorch. The ratings are generated: tastes of rank 4, biases, noise; of a table of 943 users and
 * 1682 items about one place in sixteen is filled. */
#include <taper/taper.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { USERS = 943, ITEMS = 1682, RANK = 4, FACTORS = 6, BATCH = 512, EPOCHS = 6 };

/* Noise of this deviation is in every rating, so that no model can have a smaller error. */
#define NOISE 0.4

/* CSR [USERS, ITEMS], ratings from 1 to 5, no place in both. */
static void make_ratings(tp_tensor **train, tp_tensor **test)
{
    TP_SCOPE(table);
    tp_tensor *tastes = tp_randn(TP_F32, USERS, RANK), *traits = tp_randn(TP_F32, ITEMS, RANK);
    tp_tensor *mild = tp_randn(TP_F32, USERS, 1), *good = tp_randn(TP_F32, ITEMS);
    tp_tensor *liking = tp_mul(tp_matmul(tastes, tp_t(traits)), 0.3);
    tp_tensor *mean = tp_add(tp_add(tp_mul(mild, 0.3), tp_mul(good, 0.4)), 3.3);
    tp_tensor *noise = tp_mul(tp_randn(TP_F32, USERS, ITEMS), NOISE);
    tp_tensor *table = tp_clamp(tp_add(tp_add(liking, mean), noise), 1, 5);
    tp_tensor *draw = tp_rand(TP_F32, USERS, ITEMS);
    tp_tensor *observed = tp_lt(draw, 0.056), *held_out = tp_ge(draw, 0.9937);
    *train = tp_keep(tp_to_csr(tp_where(observed, table, tp_zeros_like(table))));
    *test = tp_keep(tp_to_csr(tp_where(held_out, table, tp_zeros_like(table))));
}

/* The stored places of a CSR matrix one by one: user, rating, item. */
static tp_dataset *entries(tp_tensor *ratings)
{
    const int64_t stored = tp_nnz(ratings), *starts = tp_csr_row_starts(ratings);
    const int32_t *column = tp_csr_columns(ratings);
    tp_tensor *user = tp_zeros(TP_I64, stored), *item = tp_zeros(TP_I64, stored);
    int64_t *users = tp_data_i64(user), *items = tp_data_i64(item);
    for (int64_t row = 0; users && items && row < tp_size(ratings, 0); row++)
        for (int64_t i = starts[row]; i < starts[row + 1]; i++) {
            users[i] = row;
            items[i] = column[i];
        }
    tp_tensor *fields[] = {user, tp_csr_values(ratings), item};
    return tp_tensor_dataset_n(fields, 3);
}

typedef struct factorisation {
    tp_module *user, *item, *user_bias, *item_bias;
    double mean;
} factorisation;

static tp_module *new_model(double mean)
{
    tp_module *m = tp_module_new("Factorisation", NULL, sizeof(factorisation));
    factorisation *self = tp_module_data(m);
    if (!self)
        return NULL;
    self->mean = mean;
    self->user = tp_register_module(m, "user", tp_embedding(USERS, FACTORS));
    self->item = tp_register_module(m, "item", tp_embedding(ITEMS, FACTORS));
    self->user_bias = tp_register_module(m, "user_bias", tp_embedding(USERS, 1));
    self->item_bias = tp_register_module(m, "item_bias", tp_embedding(ITEMS, 1));
    tp_init_normal_(tp_get_parameter(m, "user.weight"), 0, 0.1, NULL);
    tp_init_normal_(tp_get_parameter(m, "item.weight"), 0, 0.1, NULL);
    tp_init_zeros_(tp_get_parameter(m, "user_bias.weight"));
    tp_init_zeros_(tp_get_parameter(m, "item_bias.weight"));
    return tp_error() == TP_OK ? m : NULL;
}

/* The ratings [n] that users [n] would give to items [n]. */
static tp_tensor *predict(tp_module *m, tp_tensor *user, tp_tensor *item)
{
    TP_MODULE_FRAME(m);
    factorisation *self = tp_module_data(m);
    tp_tensor *match =
        tp_sum_dim(tp_mul(tp_forward(self->user, user), tp_forward(self->item, item)), 1, false);
    tp_tensor *bias = tp_add(tp_forward(self->user_bias, user), tp_forward(self->item_bias, item));
    return tp_add(tp_add(match, tp_squeeze(bias, 1)), self->mean);
}

/* The root of the mean squared error over a data set. */
static double rmse(tp_module *model, tp_dataset *data)
{
    TP_SCOPE(evaluation);
    TP_SCOPE_NO_GRAD(evaluation);
    /* A generator of its own: otherwise the loader would take a draw from the training's. */
    tp_loader *all =
        tp_loader_new(data, .batch_size = tp_dataset_length(data), .generator = tp_generator_new());
    tp_batch *batch;
    if (tp_loader_next(all, &batch) != TP_OK)
        return -1;
    return tp_root_mean_squared_error(batch->y, predict(model, batch->X, batch->fields[2]));
}

static tp_status train(tp_module *model, tp_dataset *data, tp_dataset *test, int64_t steps)
{
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.01, .weight_decay = 3e-5);
    tp_loader *loader = tp_loader_new(data, .batch_size = BATCH, .shuffle = true);
    int64_t step = 0;
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        double sum = 0;
        tp_batch *batch;
        tp_status status;
        while ((status = tp_loader_next(loader, &batch)) == TP_OK) {
            TP_SCOPE(step);
            tp_tensor *loss = tp_mse_loss(predict(model, batch->X, batch->fields[2]), batch->y);
            tp_zero_grad(adam);
            if (tp_backward(loss) != TP_OK || tp_step(adam) != TP_OK)
                return tp_error();
            sum += tp_item(loss);
            if (steps)
                printf("%.9g\n", tp_item(loss));
            if (++step == steps)
                return TP_OK;
        }
        if (status != TP_END)
            return status;
        if (!steps)
            printf("epoch %d  train loss %.6f  held-out RMSE %.4f\n", epoch,
                   sum / (double)tp_loader_length(loader), rmse(model, test));
    }
    return tp_error();
}

static tp_status run(uint64_t seed, int64_t steps)
{
    tp_tensor *train_ratings, *test_ratings;
    tp_manual_seed(seed);
    make_ratings(&train_ratings, &test_ratings);
    const double mean = tp_item(tp_mean(tp_csr_values(train_ratings)));
    tp_dataset *data = entries(train_ratings), *test = entries(test_ratings);
    tp_module *model = new_model(mean);
    if (!steps && tp_error() == TP_OK)
        printf("%lld ratings to learn from, %lld held out, mean %.4f\nheld-out RMSE of the mean alone %.4f\n",
               (long long)tp_dataset_length(data), (long long)tp_dataset_length(test), mean,
               tp_item(tp_sqrt(tp_mean(tp_square(tp_sub(tp_csr_values(test_ratings), mean))))));
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (train(model, data, test, steps) != TP_OK)
        return tp_error();
    clock_gettime(CLOCK_MONOTONIC, &end);
    fprintf(stderr, "[training %.4f s]\n",
            (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec));
    return tp_error();
}

int main(int count, char **arguments)
{
    uint64_t seed = 0;
    int64_t steps = 0;
    for (int i = 1; i < count; i++) {
        char *end;
        const bool option = strcmp(arguments[i], "--steps") == 0 && i + 1 < count;
        const char *number = arguments[option ? ++i : i];
        const int64_t value = strtoll(number, &end, 10);
        if (end == number || *end || value < 0) {
            fprintf(stderr, "usage: ratings [--steps N] [SEED]\n");
            return 2;
        }
        if (option)
            steps = value;
        else
            seed = (uint64_t)value;
    }
    if (run(seed, steps) != TP_OK) {
        tp_report(stderr);
        return 1;
    }
    tp_finish();
    return 0;
}
