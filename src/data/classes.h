/* Which class each item has: for splits and samplers with regard to classes. */
#ifndef TAPER_DATA_CLASSES_H
#define TAPER_DATA_CLASSES_H

#include "taper/tensor.h"

typedef struct tp__classes {
    int64_t count;
    int64_t *of_item; /* class of each item, 0 to count - 1 */
    int64_t *sizes;
} tp__classes;

/* 0 to n - 1. */
int64_t *tp__new_indices(tp_region *region, int64_t n);
/* Numbers the labels, whole numbers [items], in ascending order; in the current region. */
tp_status tp__number_labels(const tp_tensor *labels, int64_t items, tp__classes *c);

#endif
