/* A multi-layer perceptron that tells three spiral arms apart.
 *
 *     mlp [--steps N] [SEED]
 *
 * With --steps it prints the losses of the first N steps and nothing else. pytorch/mlp.py is the same program
 * in PyTorch: the same data, the same initial weights, the same batches. */
#include <taper/taper.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ARMS = 3, TRAIN = 1200, TEST = 300, HIDDEN = 64, BATCH = 32, EPOCHS = 40 };

/* X [n, 2] and y [n]: points along arms that wind around the origin, with some noise. */
static void make_data(int64_t n, tp_tensor **X, tp_tensor **y)
{
    tp_tensor *radius = tp_rand(TP_F32, n);
    tp_tensor *arm = tp_randint(0, ARMS, n);
    tp_tensor *noise = tp_mul(tp_randn(TP_F32, n, 2), 0.03);
    tp_tensor *angle = tp_add(tp_mul(radius, 4.5), tp_mul(tp_to(arm, TP_F32), 2.0943951));
    tp_tensor *place[] = {tp_mul(radius, tp_cos(angle)), tp_mul(radius, tp_sin(angle))};
    *X = tp_add(tp_stack(place, 2, 1), noise);
    *y = arm;
}

static tp_tensor *predict(tp_module *model, tp_tensor *X)
{
    TP_SCOPE_NO_GRAD(prediction);
    return tp_argmax(tp_forward(model, X), 1, false);
}

/* What the model says of the square from -1.1 to 1.1, a character for each place. */
static void print_map(tp_module *model)
{
    enum { ROWS = 21, COLUMNS = 43 };
    TP_SCOPE(map);
    float places[ROWS * COLUMNS][2];
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        places[i][0] = -1.1f + 2.2f * (float)(i % COLUMNS) / (COLUMNS - 1);
        places[i][1] = 1.1f - 2.2f * (float)(i / COLUMNS) / (ROWS - 1);
    }
    const int64_t *arms = tp_data_i64(predict(model, tp_from_array(TP_F32, places, ROWS * COLUMNS, 2)));
    for (int i = 0; arms && i < ROWS * COLUMNS; i++)
        printf("%s%c%s", i % COLUMNS ? "" : "  ", ".o#"[arms[i]], i % COLUMNS < COLUMNS - 1 ? "" : "\n");
}

/* Trains; prints each loss if there are `steps`, and each fifth epoch otherwise. */
static tp_status train(tp_module *model, tp_dataset *data, tp_tensor *test_X, tp_tensor *test_y,
                       int64_t steps)
{
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.005);
    tp_loader *loader = tp_loader_new(data, .batch_size = BATCH, .shuffle = true);
    int64_t step = 0;
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        double sum = 0;
        tp_batch *batch;
        tp_status status;
        while ((status = tp_loader_next(loader, &batch)) == TP_OK) {
            TP_SCOPE(step);
            tp_tensor *loss = tp_cross_entropy(tp_forward(model, batch->X), batch->y);
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
        if (!steps && epoch % 5 == 0) {
            TP_SCOPE(evaluation);
            printf("epoch %2d  loss %.6f  test accuracy %.4f\n", epoch,
                   sum / (double)tp_loader_length(loader), tp_accuracy(test_y, predict(model, test_X)));
        }
    }
    return tp_error();
}

static tp_status run(uint64_t seed, int64_t steps)
{
    tp_tensor *X, *y, *test_X, *test_y;
    tp_manual_seed(seed);
    make_data(TRAIN, &X, &y);
    make_data(TEST, &test_X, &test_y);
    tp_module *model = tp_sequential(tp_linear(2, HIDDEN), tp_relu_layer(), tp_linear(HIDDEN, HIDDEN),
                                     tp_relu_layer(), tp_linear(HIDDEN, ARMS));
    if (!steps)
        tp_module_print(stdout, model);
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (train(model, tp_tensor_dataset(X, y), test_X, test_y, steps) != TP_OK)
        return tp_error();
    clock_gettime(CLOCK_MONOTONIC, &end);
    fprintf(stderr, "[training %.4f s]\n",
            (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec));
    if (!steps)
        print_map(model);
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
            fprintf(stderr, "usage: mlp [--steps N] [SEED]\n");
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
