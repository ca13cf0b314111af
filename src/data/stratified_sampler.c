/* An order in which every stretch has its share of each class. */
#include "base/random.h"
#include "base/region.h"
#include "data/classes.h"
#include "taper/data.h"
#include "tensor/tensor.h"

#include <stdlib.h>

typedef struct strata {
    int64_t n_classes;
    const int64_t *sizes;    /* of each class */
    const int64_t *items;    /* those of class 0, ascending, then those of class 1, ... */
    const int64_t *class_at; /* the class that stands at each place of an epoch */
} strata;

static tp_status fill_stratified(const tp_sampler *sampler, tp_generator *generator, int64_t *indices)
{
    const strata *s = sampler->argument;
    TP_SCOPE(stratified_sampler);
    int64_t *order = tp__new_indices(tp_region_current(), sampler->count);
    int64_t *next = order ? tp__new_indices(tp_region_current(), s->n_classes) : NULL;
    if (!next)
        return TP_ERROR_MEMORY;
    for (int64_t k = 0, first = 0; k < s->n_classes; first += s->sizes[k++]) {
        tp__fill_randperm(generator, order + first, s->sizes[k]);
        for (int64_t i = 0; i < s->sizes[k]; i++)
            order[first + i] = s->items[first + order[first + i]];
        next[k] = first;
    }
    for (int64_t i = 0; i < sampler->count; i++)
        indices[i] = order[next[s->class_at[i]]++];
    return TP_OK;
}

typedef struct place {
    double at;
    int64_t class;
} place;

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (x->class > y->class) - (x->class < y->class);
}

static int64_t *new_class_order(tp_region *region, const tp__classes *c, int64_t n)
{
    int64_t *order = tp__new_indices(region, n);
    place *places = order ? tp_region_alloc(tp_region_current(), (size_t)n * sizeof *places) : NULL;
    if (!places)
        return NULL;
    int64_t count = 0;
    for (int64_t k = 0; k < c->count; k++)
        for (int64_t i = 0; i < c->sizes[k]; i++)
            places[count++] = (place){((double)i + 0.5) / (double)c->sizes[k], k};
    qsort(places, (size_t)n, sizeof *places, compare_places);
    for (int64_t i = 0; i < n; i++)
        order[i] = places[i].class;
    return order;
}

const tp_sampler *tp_stratified_sampler(const tp_tensor *labels)
{
    TP_FRAME("stratified_sampler");
    if (!labels)
        return tp__null_argument("labels"), NULL;
    if (labels->ndim != 1 || !labels->numel)
        return tp__fail_null(TP_ERROR_SHAPE, "the labels must be a vector with an element for each item");
    tp_region *region = tp__region_current();
    const int64_t n = labels->numel;
    tp_sampler *sampler = region ? tp_region_alloc(region, sizeof *sampler) : NULL;
    strata *s = sampler ? tp_region_alloc(region, sizeof *s) : NULL;
    int64_t *items = s ? tp__new_indices(region, n) : NULL;
    if (!items)
        return NULL;
    tp__classes c;
    if (tp__number_labels(labels, n, &c) != TP_OK)
        return NULL;
    TP_SCOPE(strata);
    int64_t *next = tp__new_indices(tp_region_current(), c.count);
    int64_t *class_at = next ? new_class_order(region, &c, n) : NULL;
    if (!class_at)
        return NULL;
    for (int64_t k = 0, first = 0; k < c.count; first += c.sizes[k++])
        next[k] = first;
    for (int64_t i = 0; i < n; i++)
        items[next[c.of_item[i]]++] = i;
    *s = (strata){c.count, c.sizes, items, class_at};
    *sampler = (tp_sampler){n, fill_stratified, s};
    return sampler;
}
