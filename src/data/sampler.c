/* Orders of an epoch other than the loader's own. */
#include "base/random.h"
#include "base/region.h"
#include "taper/data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct random_argument {
    int64_t n;
} random_argument;

static tp_status fill_random(const tp_sampler *sampler, tp_generator *generator, int64_t *indices)
{
    const random_argument *argument = sampler->argument;
    TP_SCOPE(random_sampler);
    if (!generator) { /* PyTorch's then seeds one of its own from the default one */
        generator = tp_generator_new();
        if (!generator)
            return TP_ERROR_MEMORY;
        tp_generator_seed(generator, (uint64_t)tp_random_i64(NULL));
    }
    tp__fill_randint(generator, indices, sampler->count, 0, argument->n);
    return TP_OK;
}

const tp_sampler *tp_random_sampler(int64_t n, int64_t count)
{
    if (n < 1 || count < 0)
        return tp__fail_null(TP_ERROR_ARGUMENT, "random_sampler: %lld draws from %lld items",
                             (long long)count, (long long)n);
    tp_region *region = tp__region_current();
    tp_sampler *sampler = region ? tp_region_alloc(region, sizeof *sampler) : NULL;
    random_argument *argument = sampler ? tp_region_alloc(region, sizeof *argument) : NULL;
    if (!argument)
        return NULL;
    argument->n = n;
    *sampler = (tp_sampler){count, fill_random, argument};
    return sampler;
}

static tp_status fill_subset(const tp_sampler *sampler, tp_generator *generator, int64_t *indices)
{
    const int64_t *from = sampler->argument;
    tp__fill_randperm(generator, indices, sampler->count);
    for (int64_t i = 0; i < sampler->count; i++)
        indices[i] = from[indices[i]];
    return TP_OK;
}

const tp_sampler *tp_subset_random_sampler(const int64_t *indices, int64_t count)
{
    if (count < 0 || (count && !indices))
        return tp__fail_null(TP_ERROR_ARGUMENT, "subset_random_sampler: no indices");
    tp_region *region = tp__region_current();
    tp_sampler *sampler = region ? tp_region_alloc(region, sizeof *sampler) : NULL;
    int64_t *copy = sampler ? tp_region_alloc(region, (size_t)count * sizeof *copy) : NULL;
    if (!copy)
        return NULL;
    if (count)
        memcpy(copy, indices, (size_t)count * sizeof *copy);
    *sampler = (tp_sampler){count, fill_subset, copy};
    return sampler;
}

/* ---- Weights ---- */

typedef struct weighted_argument {
    int64_t n;
    double *weights; /* with replacement: their running sum, from above 0 to 1 */
} weighted_argument;

/* Without a generator the default one is used itself, as PyTorch does here. */
static tp_status fill_with_replacement(const tp_sampler *sampler, tp_generator *generator, int64_t *indices)
{
    const weighted_argument *a = sampler->argument;
    for (int64_t i = 0; i < sampler->count; i++) {
        double u;
        tp__fill_uniform_f64(generator, &u, 1, 0, 1);
        int64_t low = 0, high = a->n;
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (a->weights[middle] < u)
                low = middle + 1;
            else
                high = middle;
        }
        indices[i] = low;
    }
    return TP_OK;
}

typedef struct ranked {
    double key;
    int64_t index;
} ranked;

static int descending(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

static tp_status fill_without_replacement(const tp_sampler *sampler, tp_generator *generator,
                                          int64_t *indices)
{
    const weighted_argument *a = sampler->argument;
    TP_SCOPE(weighted_sampler);
    ranked *items = tp_region_alloc(tp_region_current(), (size_t)a->n * sizeof *items);
    if (!items)
        return TP_ERROR_MEMORY;
    for (int64_t i = 0; i < a->n; i++) {
        double u;
        tp__fill_uniform_f64(generator, &u, 1, 0, 1);
        const double e = -log1p(-u);
        items[i] = (ranked){a->weights[i] > 0 ? a->weights[i] / e : -1, i};
    }
    qsort(items, (size_t)a->n, sizeof *items, descending);
    for (int64_t i = 0; i < sampler->count; i++)
        indices[i] = items[i].index;
    return TP_OK;
}

const tp_sampler *tp_weighted_random_sampler(const double *weights, int64_t n, int64_t count,
                                             bool replacement)
{
    TP_FRAME("weighted_random_sampler");
    if (!weights)
        return tp__null_argument("the weights"), NULL;
    if (n < 1 || count < 1)
        return tp__fail_null(TP_ERROR_ARGUMENT, "%lld draws from %lld items", (long long)count, (long long)n);
    double sum = 0;
    int64_t possible = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!(weights[i] >= 0) || isinf(weights[i]))
            return tp__fail_null(TP_ERROR_VALUE, "weight %lld is %g; it must be finite and not negative",
                                 (long long)i, weights[i]);
        sum += weights[i];
        possible += weights[i] > 0;
    }
    if (!(sum > 0) || isinf(sum))
        return tp__fail_null(TP_ERROR_VALUE, "the sum of the weights is %g; it must be finite and above 0",
                             sum);
    if (!replacement && count > possible)
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "%lld draws without replacement from %lld items of weight above 0",
                             (long long)count, (long long)possible);
    tp_region *region = tp__region_current();
    tp_sampler *sampler = region ? tp_region_alloc(region, sizeof *sampler) : NULL;
    weighted_argument *argument = sampler ? tp_region_alloc(region, sizeof *argument) : NULL;
    double *copy = argument ? tp_region_alloc(region, (size_t)n * sizeof *copy) : NULL;
    if (!copy)
        return NULL;
    memcpy(copy, weights, (size_t)n * sizeof *copy);
    for (int64_t i = 1; replacement && i < n; i++)
        copy[i] += copy[i - 1];
    for (int64_t i = 0; replacement && i < n; i++)
        copy[i] /= sum;
    if (replacement)
        copy[n - 1] = 1;
    *argument = (weighted_argument){n, copy};
    *sampler = (tp_sampler){count, replacement ? fill_with_replacement : fill_without_replacement, argument};
    return sampler;
}
