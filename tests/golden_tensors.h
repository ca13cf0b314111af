/* The tensors in files of cases, in the form that tests/golden/operation_cases.py writes. */
#ifndef TAPER_TESTS_GOLDEN_TENSORS_H
#define TAPER_TESTS_GOLDEN_TENSORS_H

#include "pack.h"

#include "taper/taper.h"
#include "tensor/tensor.h"

#include <inttypes.h>

static tp_dtype golden_dtype(const char *name)
{
    const char *const names[TP_DTYPES] = {"bool", "u8", "i32", "i64", "f32", "f64", "f16", "bf16"};
    for (int i = 0; i < TP_DTYPES; i++)
        if (!strcmp(names[i], name))
            return (tp_dtype)i;
    printf("no dtype %s\n", name);
    exit(1);
}

/* low + (high - low) u, each operation rounded to the type. */
static tp_tensor *golden_uniform(tp_dtype dtype, unsigned long seed, double low, double high, int ndim,
                                 const int64_t *shape)
{
    tp_generator *g = tp_generator_new();
    tp_generator_seed(g, seed);
    return tp_add(tp_mul(tp_rand_n(dtype, g, ndim, shape), high - low), low);
}

/* "in DTYPE GRAD HAS_BYTES SEED LOW HIGH NDIM SHAPE... PERM... [STEP]", as operation_cases.py explains. */
static tp_tensor *golden_input(const pack *p)
{
    char dtype[16];
    int grad, has_bytes, ndim, used = 0, at = 0;
    unsigned long seed;
    double low, high;
    if (sscanf(p->name, "in %15s %d %d %lu %lf %lf %d%n", dtype, &grad, &has_bytes, &seed, &low, &high, &ndim,
               &at) != 7)
        exit(1);
    int64_t shape[TP_MAX_DIMS] = {0}, perm[TP_MAX_DIMS] = {0};
    for (int i = 0; i < 2 * ndim; i++, at += used)
        if (sscanf(p->name + at, "%" SCNd64 "%n", i < ndim ? &shape[i] : &perm[i - ndim], &used) != 1)
            exit(1);
    int64_t step = 1;
    if (ndim && sscanf(p->name + at, "%" SCNd64, &step) == 1)
        shape[ndim - 1] *= step;
    const tp_dtype type = golden_dtype(dtype);
    tp_tensor *t = has_bytes ? tp_from_array_n(type, p->item, ndim, shape)
                             : golden_uniform(type, seed, low, high, ndim, shape);
    if (step > 1)
        t = tp_slice(t, -1, 0, shape[ndim - 1], step);
    if (ndim > 1)
        t = tp_permute_n(t, ndim, perm);
    if (step > 1 || ndim > 1)
        t = tp_detach(t);
    return grad ? tp_requires_grad_(t, true) : t;
}

/* "DTYPE NDIM SHAPE...", and the item's bytes. */
static tp_tensor *golden_array(const pack *p, const char *words)
{
    char dtype[16];
    int ndim, at = 0, used = 0;
    int64_t shape[TP_MAX_DIMS] = {0};
    if (sscanf(words, "%15s %d%n", dtype, &ndim, &at) != 2)
        exit(1);
    for (int i = 0; i < ndim; i++, at += used)
        if (sscanf(words + at, "%" SCNd64 "%n", &shape[i], &used) != 1)
            exit(1);
    return tp_from_array_n(golden_dtype(dtype), p->item, ndim, shape);
}

#endif
