/* Batch norm of channels side by side, as a batch of rows has them. The sums go down each channel in the
 * order of the rows, in double or some rows at a time: the same bits for any instruction set. */
#include "backend/cpu/isa.h"
#include "backend/cpu/table.h"

#include <string.h>

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
/* Rows that are summed in the type itself. */
#define ROWS 16
#define EACH _Pragma("omp simd") for (int c = 0; c < channels; c++)

#define T float
#define FUNCTION(name) PASTE(name, _f32)
#include "backend/cpu/kernels/batch_norm_float.h"
#undef T
#undef FUNCTION

#define T double
#define FUNCTION(name) PASTE(name, _f64)
#include "backend/cpu/kernels/batch_norm_float.h"

#define PAIR(name)             \
    {                          \
        name##_f32, name##_f64 \
    }

const tp__batch_norm_table TP__NAME(batch_norm_table) = {
    .moments = PAIR(moments),
    .apply = PAIR(apply),
    .sums = PAIR(sums),
    .gradient = PAIR(gradient),
};
