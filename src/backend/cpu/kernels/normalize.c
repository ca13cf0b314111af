/* Normalisation of rows: layer, root-mean-square, group and batch norm. Sums run in 4 vectors of a fixed
 * width over blocks, and blocks are added up in double: the same bits for any instruction set. */
#include "backend/cpu/caches.h"
#include "backend/cpu/isa.h"
#include "backend/cpu/table.h"

#include <math.h>
#include <string.h>

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

/* Elements that are summed in the type itself: 32 of them for each float lane, 64 for a double's. */
#define BLOCK 1024

/* Elements of a row while the next one may still be fetched. */
#define LONGEST_AHEAD 4096

/* Bytes of a vector. */
#ifdef TP_ISA_avx512
#define REGISTER 64
#else
#define REGISTER 32
#endif

#define T float
#define SUFFIX _f32
#define STEP 32
#define WIDE (REGISTER / 4)
#include "backend/cpu/kernels/normalize_float.h"

#define T double
#define SUFFIX _f64
#define STEP 16
#define WIDE (REGISTER / 8)
#include "backend/cpu/kernels/normalize_float.h"

#define PAIR(name)             \
    {                          \
        name##_f32, name##_f64 \
    }

const tp__normalize_table TP__NAME(normalize_table) = {
    .moments = PAIR(moments),
    .apply = PAIR(apply),
    .apply_one = PAIR(apply_one),
    .gradient = PAIR(gradient),
    .sums_one = PAIR(sums_one),
    .gradient_one = PAIR(gradient_one),
};
