/* Single operations of some size, timed; operations.def lists them.
 *
 *     bench_operations NAME...    a JSON line for each
 *     bench_operations --serve    reads a name a line from standard input, and answers each with a JSON line
 */
#include "measure.h"

#include <taper/taper.h>

enum { FEWEST = 5, MOST = 1001, ROWS = 2048, COLUMNS = 512, WORDS = 50000 };

static double budget = 0.08, samples[MOST];

/* One thread, and every sample in a region of its own, as a step of a model has. */
static void answer(const char *name)
{
    tp_tensor *x = tp_randn(TP_F32, ROWS, COLUMNS), *y = tp_randn(TP_F32, ROWS, COLUMNS),
              *xt = tp_transpose(x, 0, 1), *square = tp_randn(TP_F32, 1024, 1024), *flat = tp_reshape(x, -1),
              *row = tp_randn(TP_F32, COLUMNS), *column = tp_randn(TP_F32, ROWS, 1);
    tp_tensor *positive = tp_add(tp_abs(x), 0.01),
              *within = tp_mul(tp_sub(tp_rand(TP_F32, ROWS, COLUMNS), 0.5), 1.9), *share = tp_abs(within),
              *mask = tp_gt(x, 0);
    tp_tensor *xd = tp_to(x, TP_F64), *xh = tp_to(x, TP_F16), *xi = tp_to(tp_mul(x, 100), TP_I64),
              *yi = tp_add(tp_abs(tp_to(tp_mul(y, 100), TP_I64)), 1);
    tp_tensor *places = tp_randint(0, COLUMNS, ROWS, COLUMNS), *rows = tp_randint(0, ROWS, ROWS),
              *classes = tp_randint(0, COLUMNS, ROWS), *tokens = tp_randint(0, WORDS, 4096),
              *table = tp_randn(TP_F32, WORDS, 64), *hundred = tp_arange(TP_I64, 0, 100, 1),
              *edges = tp_linspace(TP_F32, -3, 3, 1000);
    tp_tensor *ad = tp_randn(TP_F64, 512, 512), *cubes = tp_randn(TP_F32, 64, 64, 64),
              *points = tp_randn(TP_F32, 256, 64);
    tp_tensor *g = tp_requires_grad_(tp_randn(TP_F32, ROWS, COLUMNS), true),
              *ones = tp_ones(TP_F32, ROWS, COLUMNS), *pair[2] = {x, y}, *indices;
    int count = 0;
    double begin = 0;

#define TIMED(is, ...)                                                                                     \
    if (strcmp(name, is) == 0) {                                                                           \
        for (begin = seconds_now(); count < FEWEST || (count < MOST && seconds_now() - begin < budget);) { \
            const double start = seconds_now();                                                            \
            {                                                                                              \
                TP_SCOPE(step);                                                                            \
                __VA_ARGS__;                                                                               \
            }                                                                                              \
            samples[count++] = seconds_now() - start;                                                      \
            if (tp_error() != TP_OK)                                                                       \
                break;                                                                                     \
        }                                                                                                  \
    }
#define OP(is, taper, pytorch) TIMED(is, (void)(taper))
#define GRADIENT(is, taper, pytorch)                                  \
    TIMED("back: " is, tp_tensor *result = taper; tp_zero_grad_of(g); \
          (void)tp_backward(result, .gradient = tp_numel(result) > 1 ? ones : NULL))
#include "operations.def"

    if (tp_error() == TP_OK && count) {
        const spread found = spread_of(samples, count);
        printf("{\"case\": \"%s\", \"seconds\": %.6g, \"best\": %.6g}\n", name, found.median, found.best);
    } else {
        printf("{\"case\": \"%s\", \"error\": \"%s\"}\n", name,
               count ? tp_error_message() : "no such operation");
    }
    fflush(stdout);
    tp_clear_error();
}

static void in_region(const char *name)
{
    tp_manual_seed(0);
    TP_SCOPE(operands);
    answer(name);
}

int main(int count, char **arguments)
{
    tp_set_num_threads(1);
    for (int i = 1; i < count && strcmp(arguments[1], "--serve") != 0; i++)
        in_region(arguments[i]);
    char line[256];
    while (count == 2 && strcmp(arguments[1], "--serve") == 0 && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        in_region(line);
    }
    tp_finish();
    return 0;
}
