/* Newton's method without a Hessian: each step solves H d = -gradient by conjugate gradients, which need no
 * more of the Hessian H than its products with vectors (Nocedal and Wright 2006, algorithm 7.1). Beside it
 * run L-BFGS and gradient descent, all three on logistic regression with features of very different sizes,
 * where descent along the gradient takes for ever.
 *
 *     newton [--steps N] [SEED]
 *
 * With --steps it prints the losses of the first N steps of each method and nothing else. pytorch/newton.py
 * is the same program in PyTorch. */
#include <taper/taper.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ITEMS = 1000, FEATURES = 20, STEPS = 25 };
#define L2 1e-4
#define TOLERANCE 1e-9 /* of the gradient's norm, where Newton's method has arrived */

typedef struct problem {
    tp_tensor *X, *y; /* [ITEMS, FEATURES] and [ITEMS], float64 */
    tp_tensor *w;     /* [FEATURES], a leaf */
    tp_optimizer *optimizer;
} problem;

static problem new_problem(uint64_t seed)
{
    tp_manual_seed(seed);
    problem p;
    /* Deviations from 1 down to 1/100. */
    tp_tensor *sizes = tp_pow(tp_linspace(TP_F64, 1, 0.1, FEATURES), 2);
    p.X = tp_mul(tp_randn(TP_F64, ITEMS, FEATURES), sizes);
    tp_tensor *truth = tp_div(tp_randn(TP_F64, FEATURES), tp_sqrt(sizes));
    p.y = tp_to(tp_lt(tp_rand(TP_F64, ITEMS), tp_sigmoid(tp_matmul(p.X, truth))), TP_F64);
    p.w = tp_requires_grad_(tp_zeros(TP_F64, FEATURES), true);
    p.optimizer = NULL;
    return p;
}

static tp_tensor *loss_of(const problem *p)
{
    tp_tensor *error = tp_binary_cross_entropy_with_logits(tp_matmul(p->X, p->w), p->y);
    return tp_add(error, tp_mul(tp_sum(tp_square(p->w)), L2 / 2));
}

/* A solution of H d = -g, as good as the gradient is small: float64 [FEATURES]. */
static tp_tensor *solve(const problem *p, tp_tensor *loss, tp_tensor *g, int *products)
{
    double *d = tp_region_alloc(tp_region_current(), FEATURES * sizeof *d);
    double r[FEATURES], norm2 = 0;
    tp_tensor *direction = tp_neg(g); /* the conjugate direction */
    double *s = tp_data_f64(direction);
    if (!d || !s)
        return NULL;
    for (int i = 0; i < FEATURES; i++)
        norm2 += s[i] * s[i], r[i] = s[i];
    const double first = sqrt(norm2), enough = fmin(0.1, sqrt(first)) * first;
    for (int k = 0; k < 2 * FEATURES && sqrt(norm2) > enough; k++) {
        TP_SCOPE(product);
        tp_tensor *w = p->w, *product;
        if (tp_hvp(loss, &w, 1, &direction, false, &product) != TP_OK)
            return NULL;
        const double *Hs = tp_data_f64(product);
        double curvature = 0, before = norm2;
        for (int i = 0; i < FEATURES; i++)
            curvature += s[i] * Hs[i];
        norm2 = 0;
        for (int i = 0; i < FEATURES; i++) {
            d[i] += before / curvature * s[i];
            r[i] -= before / curvature * Hs[i];
            norm2 += r[i] * r[i];
        }
        for (int i = 0; i < FEATURES; i++)
            s[i] = r[i] + norm2 / before * s[i];
        tp_mark_changed(direction);
        ++*products;
    }
    return tp_from_array(TP_F64, d, FEATURES);
}

static tp_status newton(uint64_t seed, int steps, bool quiet)
{
    TP_SCOPE(newton);
    problem p = new_problem(seed);
    int products = 0;
    double norm = INFINITY;
    for (int step = 1; step <= steps && norm > TOLERANCE; step++) {
        TP_SCOPE(step);
        tp_tensor *w = p.w, *loss = loss_of(&p), *g;
        const tp_gradients_options keep = {.retain_graph = true};
        if (tp_gradients(&loss, 1, &w, 1, NULL, &keep, &g) != TP_OK)
            return tp_error();
        norm = tp_item(tp_norm(g));
        if (quiet)
            printf("newton %.9g\n", tp_item(loss));
        tp_tensor *d = solve(&p, loss, g, &products);
        /* Halve the step until the loss has fallen by a part of what the slope promises. */
        TP_SCOPE_NO_GRAD(line_search);
        const double slope = tp_item(tp_dot(g, d)), here = tp_item(loss);
        tp_tensor *from = tp_clone(p.w);
        double length = 1;
        do
            tp_assign(p.w, tp_add(from, tp_mul(d, length)));
        while (tp_item(loss_of(&p)) > here + 1e-4 * length * slope && (length /= 2) > 1e-6);
        if (!quiet)
            printf("newton %2d  loss %.9f  |gradient| %.2e  products so far %d\n", step, here, norm,
                   products);
    }
    return tp_error();
}

/* What an optimizer asks for. */
static double closure(void *context)
{
    problem *p = context;
    TP_SCOPE(evaluation);
    tp_zero_grad(p->optimizer);
    tp_tensor *loss = loss_of(p);
    return tp_backward(loss) == TP_OK ? tp_item(loss) : NAN;
}

static tp_status descend(const char *name, bool lbfgs, uint64_t seed, int steps, bool quiet)
{
    TP_SCOPE(descent);
    problem p = new_problem(seed);
    p.optimizer = lbfgs ? tp_lbfgs(tp_parameters_of(p.w), .max_iter = 1, .max_eval = 20, .strong_wolfe = true)
                        : tp_sgd(tp_parameters_of(p.w), .lr = 2);
    for (int step = 1; step <= steps; step++) {
        const double loss = tp_step_closure(p.optimizer, closure, &p);
        if (isnan(loss))
            return tp_error();
        if (quiet)
            printf("%s %.9g\n", name, loss);
        else if (step % 5 == 0)
            printf("%s %2d  loss %.9f\n", name, step, loss);
    }
    return tp_error();
}

static tp_status run(uint64_t seed, int64_t steps)
{
    const int most = steps ? (int)steps : STEPS;
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (newton(seed, most, steps != 0) != TP_OK || descend("lbfgs", true, seed, most, steps != 0) != TP_OK ||
        descend("descent", false, seed, most, steps != 0) != TP_OK)
        return tp_error();
    clock_gettime(CLOCK_MONOTONIC, &end);
    fprintf(stderr, "[training %.4f s]\n",
            (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec));
    return TP_OK;
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
        if (end == number || *end || value < 0 || value > 1000000) {
            fprintf(stderr, "usage: newton [--steps N] [SEED]\n");
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
