/* A step of an embedding bag's training by the number of rows: what it costs is what the batch touches, with
 * optimizers that leave untouched rows as they are. */
#include "measure.h"
#include <math.h>
#include "taper/taper.h"

enum { WIDTH = 64, BAGS = 32, LENGTH = 20, STEPS = 60 };

static tp_optimizer *optimizer_of(int kind, const tp_parameter_list *p)
{
    switch (kind) {
    case 0:
        return tp_sgd(p, .lr = 0.1);
    case 1:
        return tp_adagrad(p, .lr = 0.1);
    case 2:
        return tp_sparse_adam(p, .lr = 0.1);
    default:
        return tp_adam(p, .lr = 0.1);
    }
}

/* The median step in microseconds; NaN after an error. */
static double step_time(int64_t rows, int kind, bool csr)
{
    TP_SCOPE(all);
    tp_module *module = tp_embedding_bag(rows, WIDTH, .mode = TP_BAG_SUM);
    tp_optimizer *optimizer = optimizer_of(kind, tp_parameters(module));
    tp_tensor *one = tp_ones(TP_F32, BAGS * LENGTH), *row = tp_arange(TP_I64, 0, BAGS * LENGTH, 1);
    double samples[STEPS];
    row = tp_floor_divide(row, LENGTH);
    for (int i = 0; i < STEPS; i++) {
        TP_SCOPE(step);
        tp_tensor *indices = tp_randint(0, rows, BAGS, LENGTH);
        if (csr)
            indices = tp_csr_from_coo(BAGS, rows, row, tp_reshape(indices, -1), one);
        const double begin = seconds_now();
        tp_tensor *y = tp_forward(module, indices);
        tp_zero_grad(optimizer);
        if (tp_backward(tp_mean(tp_mul(y, y))) != TP_OK || tp_step(optimizer) != TP_OK)
            return (double)NAN;
        samples[i] = seconds_now() - begin;
    }
    return 1e6 * spread_of(samples + 5, STEPS - 5).median;
}

int main(void)
{
    static const char *const names[] = {"SGD", "Adagrad", "SparseAdam", "Adam"};
    static const int64_t rows[] = {1000, 100000, 1000000};
    tp_set_num_threads(1);
    printf("median step in microseconds, %d bags of %d rows of %d\n%-12s %-8s %10s %10s %10s\n", BAGS, LENGTH,
           WIDTH, "", "input", "1,000", "100,000", "1,000,000");
    for (int kind = 0; kind < 4; kind++)
        for (int csr = 0; csr < 2; csr++) {
            printf("%-12s %-8s", names[kind], csr ? "CSR" : "indices");
            for (int i = 0; i < (kind < 3 ? 3 : 2); i++)
                printf(" %10.0f", step_time(rows[i], kind, csr));
            printf("\n");
        }
    return tp_report(stderr) == TP_OK ? 0 : 1;
}
