/* Runs what tests/golden/operation_cases.py writes: cases of operations with PyTorch's values and gradients.
 */
#ifndef TAPER_TESTS_OPERATION_CASES_H
#define TAPER_TESTS_OPERATION_CASES_H

#include "golden_tensors.h"

typedef struct golden_case {
    char name[64];
    double numbers[8];
    int n_numbers;
    tp_tensor *inputs[6];
    int n_inputs;
    tp_tensor *outputs[4]; /* for an operation to set besides its result */
    tp_tensor *wanted[4], *grads[6];
    int n_wanted;
    char node[96];
    long weight;  /* seed of the incoming gradient; -1 without one */
    long also[4]; /* the same of outputs[1] and so on */
    /* Optional: what PyTorch's own float32 is off by in values and gradients, relatively and absolutely; and
     * the gradients of the gradients, the last one with respect to the incoming gradient. */
    bool bounded;
    double bounds[4];
    tp_tensor *seconds[7];
} golden_case;

typedef struct golden_operation {
    const char *name;
    tp_tensor *(*run)(golden_case *c);
    bool exact;   /* bits are PyTorch's */
    double whole; /* of what size the differences are whose rounding a small gradient has; 0: of the largest
                     one's; above 1, values count as of size 1 */
} golden_operation;

/* The distances of one operation and type. */
typedef struct golden_tally {
    const char *name;
    int64_t cases, elements, equal, grad_elements, grad_equal;
    double worst, grad_worst; /* relative */
} golden_tally;

static golden_tally golden_tallies[256][2];
static double golden_limits[2] = {1e-6, 1e-14}; /* of distances without a bound, in float32 and float64 */
static bool golden_sabotage;                    /* a wrong number is put into every case */
static int golden_refused;                      /* cases that did not agree while sabotaged */

/* How far one element may be off where PyTorch's own distance is known: 4 ulp of float32 and twice that
 * distance, or 1e-12 of float64 and a little of the largest element that is not huge. */
static bool golden_within(double got, double want, tp_dtype dtype, double largest, const double *bound)
{
    if (!tp_dtype_is_float(dtype) || !isfinite(got) || !isfinite(want))
        return false;
    const double off = fabs(got - want), size = fmax(fabs(got), fabs(want));
    if (dtype == TP_F32)
        return off <= 0x1p-21 * size + 2 * fmin(bound[0] * size, bound[1]) + 0x1p-149;
    return off <= 1e-12 * size + 4e-15 * fmin(largest, 10) + 0x1p-1074;
}

/* Compares; relative to the element, or for one that is small against the others, to a piece of those. */
static bool golden_compare(tp_tensor *got, const tp_tensor *want, bool exact, double whole,
                           const double *bound, int64_t *elements, int64_t *equal, double *worst)
{
    if (!got || got->dtype != want->dtype || got->ndim != want->ndim ||
        memcmp(got->shape, want->shape, (size_t)got->ndim * sizeof(int64_t)))
        return false;
    got = tp_contiguous(tp_detach(got));
    const tp_dtype dtype = (tp_dtype)got->dtype;
    const size_t size = tp_dtype_size(dtype);
    double largest = 0;
    bool good = true;
    for (int64_t i = 0; i < want->numel; i++) {
        const double w = fabs(tp__load_f64(dtype, want->data + (size_t)i * size));
        largest = isfinite(w) && w > largest ? w : largest;
    }
    for (int64_t i = 0; i < want->numel; i++) {
        double g = tp__load_f64(dtype, got->data + (size_t)i * size);
        const double w = tp__load_f64(dtype, want->data + (size_t)i * size);
        if (golden_sabotage && i == want->numel / 2)
            g = !isfinite(g)               ? 0.5
                : exact && dtype == TP_F32 ? (double)nextafterf((float)g, 1e9f)
                                           : g + 1e-4 * (1 + fabs(g));
        ++*elements;
        if (g == w || (isnan(g) && isnan(w))) {
            ++*equal;
            continue;
        }
        const double distance = fabs(g - w) / (fabs(w) + fmax((dtype == TP_F32 ? 0.1 : 1) * largest, whole));
        *worst = !(distance <= *worst) ? distance : *worst;
        if (bound)
            good = good && golden_within(g, w, dtype, largest, bound);
        else
            good = good && !exact && tp_dtype_is_float(dtype) && distance <= golden_limits[dtype == TP_F64];
    }
    return good;
}

static tp_tensor *golden_weight(const tp_tensor *like, long seed)
{
    return tp_add(golden_uniform(tp_dtype_of(like), (unsigned long)seed, 0, 1, like->ndim, like->shape), 0.5);
}

/* The outputs that have a gradient coming in, and these; returns how many. */
static int golden_roots(golden_case *c, tp_tensor *y, tp_tensor **roots, tp_tensor **weights)
{
    int n = 1;
    roots[0] = y;
    weights[0] = golden_weight(y, c->weight);
    for (int i = 1; i < 4; i++)
        if (c->also[i] >= 0 && c->outputs[i]) {
            roots[n] = c->outputs[i];
            weights[n++] = golden_weight(c->outputs[i], c->also[i]);
        }
    return n;
}

/* The gradients of the gradients, each weighted with its own seed. */
static bool golden_seconds(golden_case *c, const golden_operation *o)
{
    static const double none[2];
    tp_tensor *roots[4], *weights[4], *wanted[7], *want[7], *first[7], *got[7], *total = NULL;
    int n = 0;
    bool any = false;
    for (int i = 0; i < 7; i++)
        any |= c->seconds[i] != NULL;
    if (!any)
        return true;
    tp_tensor *y = o->run(c);
    if (!y)
        return false;
    for (int i = 0; i < c->n_inputs; i++)
        if (tp_requires_grad(c->inputs[i])) {
            wanted[n] = c->inputs[i];
            want[n++] = c->seconds[i];
        }
    const int n_roots = golden_roots(c, y, roots, weights);
    tp_gradients_options options = {.create_graph = true, .allow_unused = true};
    if (c->seconds[6])
        tp_requires_grad_(weights[0], true);
    if (tp_gradients(roots, n_roots, wanted, n, weights, &options, first) != TP_OK)
        return false;
    for (int i = 0; i < n; i++) {
        if (!first[i] || !tp_requires_grad(first[i]))
            continue;
        tp_tensor *part = tp_sum(tp_mul(golden_weight(wanted[i], c->weight + 1 + i), first[i]));
        total = total ? tp_add(total, part) : part;
    }
    if (c->seconds[6]) {
        wanted[n] = weights[0];
        want[n++] = c->seconds[6];
    }
    options.create_graph = false;
    memset(got, 0, sizeof got); /* where the first gradients are constant, these are 0 */
    if (total && tp_gradients(&total, 1, wanted, n, NULL, &options, got) != TP_OK)
        return false;
    bool good = true;
    int64_t elements = 0, equal = 0;
    double worst = 0;
    for (int i = 0; i < n; i++) {
        if (!want[i])
            continue;
        if (!got[i])
            got[i] = tp_zeros_like(wanted[i]);
        const bool right = golden_compare(got[i], want[i], false, o->whole, c->bounded ? none : NULL,
                                          &elements, &equal, &worst);
        if (!right && !golden_sabotage)
            printf("  second gradient %d is %.300s\n  not %.300s\n", i, tp_repr(got[i]), tp_repr(want[i]));
        good &= right;
    }
    return good;
}

static void golden_run(golden_case *c, const golden_operation *operations)
{
    const golden_operation *o = operations;
    while (o->name && strcmp(o->name, c->name))
        o++;
    if (!o->name) {
        CHECK(o->name);
        printf("no operation %s\n", c->name);
        return;
    }
    tp_tensor *y = o->run(c);
    const bool is_f64 = y && (tp_dtype_of(y) == TP_F64 || tp_dtype_of(c->inputs[0]) == TP_F64);
    golden_tally *t = &golden_tallies[o - operations][is_f64];
    t->name = o->name;
    t->cases++;
    bool good = y != NULL;
    for (int i = 0; i < c->n_wanted; i++)
        good &= golden_compare(i ? c->outputs[i] : y, c->wanted[i], o->exact, o->whole > 1 ? 1 : 0,
                               c->bounded ? c->bounds : NULL, &t->elements, &t->equal, &t->worst);
    if (y && c->weight >= 0) {
        char name[TP__NODE_NAME_SIZE];
        good &= y->history && (!c->node[0] || !strcmp(tp__history_name(y->history, name), c->node));
        tp_tensor *roots[4], *weights[4];
        const int n = golden_roots(c, y, roots, weights);
        for (int i = 0; i < n; i++)
            good &= tp_backward(roots[i], .gradient = weights[i], .retain_graph = i + 1 < n) == TP_OK;
        for (int i = 0; i < c->n_inputs; i++)
            if (c->grads[i])
                good &= golden_compare(tp_grad(c->inputs[i]), c->grads[i], false, o->whole,
                                       c->bounded ? c->bounds + 2 : NULL, &t->grad_elements, &t->grad_equal,
                                       &t->grad_worst);
        good &= golden_seconds(c, o);
    }
    if (golden_sabotage) {
        golden_refused += !good;
        if (good && c->wanted[0]->numel)
            printf("a wrong number in %s goes unnoticed\n", c->name);
        tp_clear_error();
        return;
    }
    CHECK_OK();
    CHECK(good);
    if (!good) {
        char shape[256] = "";
        for (int i = 0; i < c->n_inputs; i++) {
            char *text = tp_repr(c->inputs[i]);
            printf("  input %d: %.300s\n", i, text ? text : "");
            (void)shape;
        }
        printf("  %s(%g, %g, %g) is %.300s\n  not %.300s\n", c->name, c->numbers[0], c->numbers[1],
               c->numbers[2], y ? tp_repr(y) : "NULL", tp_repr(c->wanted[0]));
        for (int i = 0; i < c->n_inputs; i++)
            if (c->grads[i])
                printf("  gradient %d is %.300s\n  not %.300s\n", i,
                       tp_grad(c->inputs[i]) ? tp_repr(tp_grad(c->inputs[i])) : "NULL", tp_repr(c->grads[i]));
        if (y && y->history && c->weight >= 0) {
            char name[TP__NODE_NAME_SIZE];
            printf("  node %s, not %s\n", tp__history_name(y->history, name), c->node);
        }
    }
}

/* Runs a file; returns how many of its cases have elements to compare. */
static int golden_file(const char *path, const golden_operation *operations)
{
    pack p = pack_open(path);
    golden_case c = {0};
    int cases = 0;
    tp_region *region = NULL;
    while (pack_next(&p)) {
        if (!strncmp(p.name, "op ", 3)) {
            if (region) {
                bool any = tp_numel(c.wanted[0]) > 0;
                for (int i = 0; i < 6; i++)
                    any |= tp_numel(c.grads[i]) > 0;
                cases += any;
                golden_run(&c, operations);
                tp_region_leave(region);
                tp_region_end(region);
            }
            c = (golden_case){.weight = -1, .also = {-1, -1, -1, -1}};
            region = tp_region_new("case");
            tp_region_enter(region);
            int at = 0, used;
            sscanf(p.name, "op %63s%n", c.name, &at);
            while (c.n_numbers < 8 && sscanf(p.name + at, "%lf%n", &c.numbers[c.n_numbers], &used) == 1) {
                c.n_numbers++;
                at += used;
            }
        } else if (!strncmp(p.name, "in ", 3)) {
            c.inputs[c.n_inputs++] = golden_input(&p);
        } else if (!strncmp(p.name, "out ", 4)) {
            c.wanted[c.n_wanted++] = golden_array(&p, p.name + 4);
        } else if (!strncmp(p.name, "grad ", 5)) {
            c.grads[p.name[5] - '0'] = golden_array(&p, p.name + 7);
        } else if (!strncmp(p.name, "second ", 7)) {
            c.seconds[p.name[7] == 'g' ? 6 : p.name[7] - '0'] = golden_array(&p, p.name + 9);
        } else if (!strncmp(p.name, "also ", 5)) {
            c.also[p.name[5] - '0'] = strtol(p.name + 7, NULL, 10);
        } else if (!strncmp(p.name, "bound ", 6)) {
            c.bounded = sscanf(p.name + 6, "%lf %lf %lf %lf", &c.bounds[0], &c.bounds[1], &c.bounds[2],
                               &c.bounds[3]) == 4;
        } else if (!strncmp(p.name, "node ", 5)) {
            snprintf(c.node, sizeof c.node, "%.95s", p.name + 5);
        } else if (!strncmp(p.name, "weight ", 7)) {
            c.weight = strtol(p.name + 7, NULL, 10);
        } else {
            printf("no item of a case: %s\n", p.name);
            CHECK(false);
        }
    }
    if (region) {
        tp_region_leave(region);
        tp_region_end(region);
    }
    return cases;
}

/* The cases, what they measured, and the proof that the comparison notices a wrong number. */
static void golden_check(const char *path, const golden_operation *operations)
{
    memset(golden_tallies, 0, sizeof golden_tallies);
    golden_refused = 0;
    golden_file(path, operations);
    printf("%-14s %-4s %6s  %-22s %-10s %-22s %-10s\n", "", "", "cases", "values: equal bits", "worst",
           "gradients: equal bits", "worst");
    for (int i = 0; operations[i].name; i++)
        for (int k = 0; k < 2; k++) {
            const golden_tally *t = &golden_tallies[i][k];
            if (t->cases)
                printf("%-14s %-4s %6" PRId64 "  %8" PRId64 " of %-10" PRId64 " %-10.2g %8" PRId64
                       " of %-10" PRId64 " %-10.2g\n",
                       t->name, k ? "f64" : "f32", t->cases, t->equal, t->elements, t->worst, t->grad_equal,
                       t->grad_elements, t->grad_worst);
        }
    golden_sabotage = true;
    const int cases = golden_file(path, operations);
    CHECK(cases > 0 && golden_refused == cases);
    golden_sabotage = false;
}

#endif
