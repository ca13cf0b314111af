/* Orders of an epoch other than the loader's own. */
#include "base/random.h"
#include "base/region.h"
#include "taper/data.h"

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
