/* The same bits for any number of threads and on every instruction set: a run over all kinds of operations
 * and a training is repeated in processes of their own, and the sums over all bytes of their results must
 * agree. */
#include "test.h"

#include "taper/taper.h"

#include <unistd.h>

static uint64_t sum_of_bytes;

static void add(tp_tensor *t)
{
    t = tp_contiguous(tp_detach(t));
    const unsigned char *bytes = tp_data(t);
    if (!bytes)
        sum_of_bytes = 0;
    const size_t size = t ? (size_t)tp_numel(t) * tp_dtype_size(tp_dtype_of(t)) : 0;
    for (size_t i = 0; i < size; i++)
        sum_of_bytes = (sum_of_bytes ^ bytes[i]) * 0x100000001b3u;
}

static void backward(tp_tensor *y, tp_tensor *const *leaves, int n)
{
    tp_backward(tp_mean(tp_mul(y, y)));
    add(y);
    for (int i = 0; i < n; i++) {
        add(tp_grad(leaves[i]));
        tp_zero_grad_of(leaves[i]);
    }
}

/* Large enough to be cut into several pieces. */
static void operations(tp_dtype dtype)
{
    TP_SCOPE(operations);
    tp_tensor *x = tp_requires_grad_(tp_randn(dtype, 300, 401), true);
    tp_tensor *w = tp_requires_grad_(tp_randn(dtype, 401, 173), true);
    tp_tensor *row = tp_requires_grad_(tp_randn(dtype, 401), true), *leaves[3] = {x, w, row};
    tp_tensor *target = tp_zeros(TP_I64, 300);
    for (int64_t i = 0; i < 300; i++)
        tp_data_i64(target)[i] = i * 7919 % 401;
    tp_tensor *(*const functions[])(tp_tensor *) = {tp_exp, tp_tanh, tp_sigmoid, tp_sin,
                                                    tp_erf, tp_atan, tp_log1p,   tp_sinh};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        backward(functions[i](tp_mul(tp_tanh(x), 0.9)), &x, 1);
    backward(tp_matmul(x, w), leaves, 2);
    backward(tp_mul(x, row), &x, 1);
    backward(tp_sum_dim(x, 0, false), &x, 1);
    backward(tp_sum_dim(x, 1, false), &x, 1);
    backward(tp_softmax(x, 1), &x, 1);
    backward(tp_softmax(x, 0), &x, 1);
    backward(tp_cumsum(x, 1), &x, 1);
    backward(tp_logcumsumexp(x, 1), &x, 1);
    backward(tp_gelu(x), &x, 1);
    backward(tp_pow(x, 3), &x, 1);
    backward(tp_logaddexp(x, row), &x, 1);
    backward(tp_smooth_l1_loss(x, tp_detach(tp_mul(x, x))), &x, 1);
    backward(tp_cdist(tp_narrow(x, 1, 0, 101), tp_narrow(x, 1, 200, 101), 2), &x, 1);
    backward(tp_normalize(x), &x, 1);
    add(tp_outer(row, row));
    backward(tp_sort(x, 1, false, NULL), &x, 1);
    backward(tp_cross_entropy(x, target), &x, 1);
    backward(tp_f_layer_norm(x, TP_SHAPE(401), row, NULL, 1e-5), leaves, 1);
    backward(tp_f_batch_norm(x, NULL, NULL, .weight = row, .training = true), leaves, 1);
    backward(tp_f_batch_norm(tp_reshape(x, 50, 6, 401), NULL, NULL, .training = true), leaves, 1);
    backward(tp_index_select(x, 0, tp_remainder(target, 300)), &x, 1);
}

static void training(void)
{
    TP_SCOPE(training);
    tp_module *model = tp_sequential(tp_linear(401, 64), tp_relu_layer(), tp_dropout(0.3), tp_linear(64, 7));
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.01);
    tp_tensor *x = tp_randn(TP_F32, 200, 401), *y = tp_zeros(TP_I64, 200);
    for (int64_t i = 0; i < 200; i++)
        tp_data_i64(y)[i] = i % 7;
    for (int step = 0; step < 10; step++) {
        TP_SCOPE(step);
        tp_tensor *loss = tp_cross_entropy(tp_forward(model, x), y);
        tp_zero_grad(adam);
        tp_backward(loss);
        tp_step(adam);
        add(loss);
    }
    const tp_parameter_list *list = tp_parameters(model);
    for (int64_t i = 0; i < list->count; i++)
        add(list->tensors[i]);
}

static int run(int threads)
{
    tp_set_num_threads(threads);
    tp_manual_seed(5);
    sum_of_bytes = 14695981039346656037u;
    operations(TP_F32);
    operations(TP_F64);
    training();
    if (tp_error() != TP_OK)
        tp_report(stdout);
    printf("%016llx\n", (unsigned long long)sum_of_bytes);
    tp_finish();
    return 0;
}

static bool run_apart(const char *program, const char *isa, int threads, char *result, size_t size)
{
    char command[600];
    snprintf(command, sizeof command, "TAPER_ISA=%s '%s' %d", isa, program, threads);
    FILE *pipe = popen(command, "r");
    const bool read = pipe && fgets(result, (int)size, pipe);
    return pipe && pclose(pipe) == 0 && read;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return run(atoi(argv[1]));
    char program[512], first[256] = "", other[256];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0) {
        printf("SKIPPED: the program cannot find itself\n");
        return 77;
    }
    program[length] = 0;
    CHECK(run_apart(program, "baseline", 1, first, sizeof first));
    CHECK(strlen(first) == 17 && strcmp(first, "0000000000000000\n") != 0);
    const char *const isas[] = {"baseline", "avx2", "avx512"};
    for (int i = 0; i < 3; i++)
        for (int threads = 1; threads <= 3; threads++) {
            CHECK(run_apart(program, isas[i], threads, other, sizeof other));
            CHECK_TEXT(other, first);
        }
    return test_end();
}
