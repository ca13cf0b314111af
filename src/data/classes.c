/* Which class each item has. */
#include "data/classes.h"

#include "base/region.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t *tp__new_indices(tp_region *region, int64_t n)
{
    int64_t *indices = tp_region_alloc(region, (size_t)(n ? n : 1) * sizeof *indices);
    for (int64_t i = 0; indices && i < n; i++)
        indices[i] = i;
    return indices;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

tp_status tp__number_labels(const tp_tensor *labels, int64_t items, tp__classes *c)
{
    if (labels->layout != TP__DENSE || labels->ndim != 1 || labels->shape[0] != items) {
        char shape[TP__SHAPE_TEXT_SIZE];
        return tp_fail(TP_ERROR_SHAPE, "labels of shape %s for %lld items",
                       tp__shape_text(shape, sizeof shape, labels->ndim, labels->shape), (long long)items);
    }
    tp_region *region = tp_region_current();
    int64_t *values = tp__new_indices(region, items),
            *sorted = values ? tp__new_indices(region, items) : NULL;
    if (!sorted)
        return TP_ERROR_MEMORY;
    for (int64_t i = 0; i < items; i++) {
        const double value = tp_at(labels, i);
        if (!(value == floor(value)) || isinf(value))
            return tp_fail(TP_ERROR_VALUE, "label %lld is %g, which is no whole number", (long long)i, value);
        values[i] = sorted[i] = (int64_t)value;
    }
    qsort(sorted, (size_t)items, sizeof *sorted, ascending);
    c->count = 0;
    for (int64_t i = 0; i < items; i++)
        if (!i || sorted[i] != sorted[c->count - 1])
            sorted[c->count++] = sorted[i];
    c->sizes = tp_region_alloc(region, (size_t)c->count * sizeof *c->sizes);
    if (!c->sizes)
        return TP_ERROR_MEMORY;
    memset(c->sizes, 0, (size_t)c->count * sizeof *c->sizes);
    for (int64_t i = 0; i < items; i++) {
        const int64_t *found = bsearch(&values[i], sorted, (size_t)c->count, sizeof *sorted, ascending);
        values[i] = found - sorted;
        c->sizes[values[i]]++;
    }
    c->of_item = values;
    return TP_OK;
}
