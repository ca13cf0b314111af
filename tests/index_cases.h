/* Runs what tests/golden/index_cases.py writes: cases of operations with PyTorch's values, gradients and
 * second gradients. */
#ifndef TAPER_TESTS_INDEX_CASES_H
#define TAPER_TESTS_INDEX_CASES_H

#include "golden_tensors.h"

enum { CASE_MOST = 40, CASE_WEIGHTS = 50 };

typedef struct index_case {
    char name[64], text[256];
    double numbers[32];
    int n_numbers;
    tp_tensor *x[CASE_MOST]; /* the inputs */
    int n;
    tp_tensor *wanted[CASE_MOST], *grads[CASE_MOST], *grads2[CASE_WEIGHTS + CASE_MOST];
    int n_wanted;
    long weight; /* -1 without gradients */
    bool second;
} index_case;

typedef struct index_operation {
    const char *name;
    /* Computes the outputs into an array in the current region and says how many; NULL after an error. */
    tp_tensor **(*run)(index_case *c, int *n);
    bool exact; /* values and gradients have PyTorch's bits */
} index_operation;

static bool case_sabotage; /* a wrong number is put into the last thing that a case compares */
static int case_refused, case_count, case_seconds;
static double case_worst[2]; /* of float32 and float64 */

/* An operation of one output, and one that gives an array. In `expression`, x are the inputs and a the
 * numbers. */
#define OPERATION(name, expression)                                          \
    static tp_tensor **run_##name(index_case *c, int *n)                     \
    {                                                                        \
        tp_tensor *const *x = c->x;                                          \
        const double *a = c->numbers;                                        \
        tp_tensor **out = tp_region_alloc(tp_region_current(), sizeof *out); \
        (void)x, (void)a;                                                    \
        *n = 1;                                                              \
        *out = (expression);                                                 \
        return *out ? out : NULL;                                            \
    }
#define OPERATION_OF_SEVERAL(name, expression)           \
    static tp_tensor **run_##name(index_case *c, int *n) \
    {                                                    \
        tp_tensor *const *x = c->x;                      \
        const double *a = c->numbers;                    \
        (void)x, (void)a;                                \
        return (expression);                             \
    }

/* The numbers from one place on, as a list of int or int64. */
static inline const int *ints(const index_case *c, int from)
{
    static int list[4][32];
    static int next;
    int *l = list[next++ % 4];
    for (int i = from; i < c->n_numbers; i++)
        l[i - from] = (int)c->numbers[i];
    return l;
}
static inline const int64_t *longs(const index_case *c, int from)
{
    static int64_t list[4][32];
    static int next;
    int64_t *l = list[next++ % 4];
    for (int i = from; i < c->n_numbers; i++)
        l[i - from] = (int64_t)c->numbers[i];
    return l;
}

/* Compares, relative to the element, or where that is small against the others, to a tenth of the largest. */
static bool case_compare(const char *what, tp_tensor *got, const tp_tensor *want, bool exact, bool spoiled)
{
    if (!got || got->dtype != want->dtype || got->ndim != want->ndim ||
        memcmp(got->shape, want->shape, (size_t)got->ndim * sizeof(int64_t)) != 0) {
        if (!case_sabotage)
            printf("  %s: %s\n", what, got ? "another dtype or shape" : "missing");
        return false;
    }
    got = tp_contiguous(tp_detach(got));
    const tp_dtype dtype = (tp_dtype)got->dtype;
    const size_t size = tp_dtype_size(dtype);
    const double bar = exact || !tp_dtype_is_float(dtype) ? 0 : dtype == TP_F32 ? 2e-6 : 1e-12;
    double largest = 0;
    bool good = true;
    for (int64_t i = 0; i < want->numel; i++) {
        const double w = fabs(tp__load_f64(dtype, want->data + (size_t)i * size));
        largest = isfinite(w) && w > largest ? w : largest;
    }
    for (int64_t i = 0; i < want->numel; i++) {
        double g = tp__load_f64(dtype, got->data + (size_t)i * size);
        const double w = tp__load_f64(dtype, want->data + (size_t)i * size);
        if (spoiled && i == want->numel / 2)
            g = dtype == TP_BOOL            ? g == 0
                : !tp_dtype_is_float(dtype) ? g + 1
                : isfinite(g)               ? g + 1e-4 * (1 + fmax(fabs(g), largest))
                                            : 0.5;
        if (g == w || (isnan(g) && isnan(w)))
            continue;
        const double distance = fabs(g - w) / fmax(fabs(w), 0.1 * largest);
        if (!case_sabotage && !exact && !(distance <= case_worst[dtype == TP_F64]))
            case_worst[dtype == TP_F64] = distance;
        if (!(distance <= bar) && good && !case_sabotage)
            printf("  %s: element %" PRId64 " is %.17g, not %.17g\n", what, i, g, w);
        good = good && distance <= bar;
    }
    return good;
}

/* The last of what has elements is what the sabotage spoils. */
typedef struct comparison {
    const char *what;
    tp_tensor *got;
    const tp_tensor *want;
} comparison;

static tp_tensor *or_zeros(tp_tensor *t, const tp_tensor *like)
{
    return t ? t : tp_zeros_like(like);
}

static bool case_differentiate(index_case *c, tp_tensor **out, int n_out, comparison *list, int *n_list)
{
    tp_tensor *roots[CASE_MOST], *weights[CASE_MOST], *inputs[2 * CASE_MOST], *grads[CASE_MOST],
        *grads2[2 * CASE_MOST];
    int which[2 * CASE_MOST], n_roots = 0, n = 0;
    for (int k = 0; k < n_out; k++) {
        if (!tp_requires_grad(out[k]))
            continue;
        roots[n_roots] = out[k];
        tp_tensor *u = golden_uniform(tp_dtype_of(out[k]), (unsigned long)(c->weight + k), 0, 1, out[k]->ndim,
                                      out[k]->shape);
        weights[n_roots] = tp_requires_grad_(tp_detach(tp_add(u, 0.5)), true);
        which[CASE_MOST + n_roots++] = k;
    }
    for (int i = 0; i < c->n; i++)
        if (tp_requires_grad(c->x[i])) {
            which[n] = i;
            inputs[n++] = c->x[i];
        }
    if (!n_roots || !n)
        return false;
    const tp_gradients_options options = {
        .retain_graph = true, .create_graph = c->second, .allow_unused = true};
    if (tp_gradients(roots, n_roots, inputs, n, weights, &options, grads) != TP_OK)
        return false;
    tp_tensor *z = NULL;
    for (int i = 0; i < n; i++) {
        tp_tensor *g = or_zeros(grads[i], inputs[i]);
        list[(*n_list)++] = (comparison){"a gradient", g, c->grads[which[i]]};
        tp_tensor *v = tp_add(golden_uniform(tp_dtype_of(g), (unsigned long)(c->weight + 100 + which[i]), 0,
                                             1, g->ndim, g->shape),
                              0.5);
        tp_tensor *part = tp_sum(tp_mul(g, v));
        z = z ? tp_add(z, part) : part;
    }
    if (!c->second)
        return true;
    for (int k = 0; k < n_roots; k++)
        inputs[n + k] = weights[k];
    memset(grads2, 0, sizeof grads2);
    if (tp_requires_grad(z) && tp_gradients(&z, 1, inputs, n + n_roots, NULL,
                                            &(tp_gradients_options){.allow_unused = true}, grads2) != TP_OK)
        return false;
    for (int i = 0; i < n + n_roots; i++)
        list[(*n_list)++] =
            (comparison){"a second gradient", or_zeros(grads2[i], inputs[i]),
                         c->grads2[i < n ? which[i] : CASE_WEIGHTS + which[CASE_MOST + i - n]]};
    case_seconds++;
    return true;
}

static void case_run(index_case *c, const index_operation *operations)
{
    const index_operation *o = operations;
    while (o->name && strcmp(o->name, c->name))
        o++;
    if (!o->name) {
        CHECK(o->name);
        printf("no operation %s\n", c->name);
        return;
    }
    int n_out = 0, n_list = 0;
    comparison list[4 * CASE_MOST];
    tp_tensor **out = o->run(c, &n_out);
    bool good = out && n_out == c->n_wanted;
    for (int i = 0; good && i < n_out; i++)
        list[n_list++] = (comparison){"a value", out[i], c->wanted[i]};
    if (good && c->weight >= 0)
        good = case_differentiate(c, out, n_out, list, &n_list);
    int last = -1;
    for (int i = 0; i < n_list; i++)
        if (list[i].want && list[i].want->numel)
            last = i;
    for (int i = 0; i < n_list; i++)
        good = list[i].want &&
               case_compare(list[i].what, list[i].got, list[i].want, o->exact && i < n_out,
                            case_sabotage && i == last) &&
               good;
    if (case_sabotage) {
        case_refused += last >= 0 && !good;
        case_count += last >= 0;
        if (last >= 0 && good)
            printf("a wrong number in %s goes unnoticed\n", c->name);
        tp_clear_error();
        return;
    }
    case_count++;
    CHECK(good);
    if (!good) {
        printf("%s(", c->name);
        for (int i = 0; i < c->n_numbers; i++)
            printf("%g ", c->numbers[i]);
        printf(") '%s': %s\n", c->text, tp_error_message());
        for (int i = 0; i < c->n; i++)
            printf("  input %d, %s: %.200s\n", i, tp_dtype_name(tp_dtype_of(c->x[i])), tp_repr(c->x[i]));
    }
    CHECK_OK();
}

static void case_file(const char *path, const index_operation *operations)
{
    pack p = pack_open(path);
    index_case c = {.weight = -1};
    tp_region *region = NULL;
    while (pack_next(&p)) {
        if (!strncmp(p.name, "op ", 3)) {
            if (region) {
                case_run(&c, operations);
                tp_region_leave(region);
                tp_region_end(region);
            }
            c = (index_case){.weight = -1};
            region = tp_region_new("case");
            tp_region_enter(region);
            int at = 0, used;
            sscanf(p.name, "op %63s%n", c.name, &at);
            while (c.n_numbers < 32 && sscanf(p.name + at, "%lf%n", &c.numbers[c.n_numbers], &used) == 1) {
                c.n_numbers++;
                at += used;
            }
        } else if (!strncmp(p.name, "in ", 3)) {
            c.x[c.n++] = golden_input(&p);
        } else if (!strncmp(p.name, "out ", 4)) {
            c.wanted[c.n_wanted++] = golden_array(&p, p.name + 4);
        } else if (!strncmp(p.name, "grad ", 5) || !strncmp(p.name, "grad2 ", 6)) {
            const bool second = p.name[4] == '2';
            char *rest;
            const long which = strtol(p.name + 5 + second, &rest, 10);
            (second ? c.grads2 : c.grads)[which] = golden_array(&p, rest);
            c.second |= second;
        } else if (!strncmp(p.name, "weight ", 7)) {
            c.weight = strtol(p.name + 7, NULL, 10);
        } else if (!strncmp(p.name, "text ", 5)) {
            snprintf(c.text, sizeof c.text, "%.255s", p.name + 5);
        } else {
            printf("no item of a case: %s\n", p.name);
            CHECK(false);
        }
    }
    tp_region_leave(region);
    tp_region_end(region);
}

/* The cases, and the proof that a wrong number in any of them is noticed. */
static void case_check(const char *path, const index_operation *operations)
{
    case_sabotage = false;
    case_count = case_seconds = 0;
    case_file(path, operations);
    printf("%s: %d cases, %d with second gradients; farthest from PyTorch: float32 %.2g, float64 %.2g\n",
           strrchr(path, '/') + 1, case_count, case_seconds, case_worst[0], case_worst[1]);
    case_sabotage = true;
    case_count = case_refused = 0;
    case_file(path, operations);
    CHECK(case_count > 0 && case_refused == case_count);
    printf("%d of %d changed numbers were noticed\n", case_refused, case_count);
}

#endif
