/* Compressed sparse rows inside the tensor layer. */
#ifndef TAPER_TENSOR_CSR_H
#define TAPER_TENSOR_CSR_H

#include "tensor/tensor.h"

/* A CSR tensor whose arrays lie in one piece that `region` owns; their contents are undefined: only for
 * callers that write every entry. The arrays are those of the result's `csr` and `data`. */
tp_tensor *tp__csr_new(tp_region *region, tp_dtype dtype, int64_t rows, int64_t columns, int64_t stored);

/* Writes all rows times columns elements to `array`. */
void tp__csr_densify(const tp_tensor *t, void *array);

#endif
