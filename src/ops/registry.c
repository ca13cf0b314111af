/* The list of all records. */
#include "ops/elementwise.h"
#include "ops/ops.h"

#include <string.h>

static const tp_op *const structural[] = {
#define STRUCTURAL(record) &record,
#include "ops/ops.def"
#undef STRUCTURAL
};

#define N_STRUCTURAL ((int)(sizeof structural / sizeof structural[0]))

const tp_op *tp_op_at(int index)
{
    if (index < 0 || index >= TP__N_ELEMENTWISE + N_STRUCTURAL)
        return NULL;
    return index < TP__N_ELEMENTWISE ? &tp__elementwise_ops[index] : structural[index - TP__N_ELEMENTWISE];
}

const tp_op *tp_op_named(const char *name)
{
    for (int i = 0; name && tp_op_at(i); i++)
        if (!strcmp(tp_op_at(i)->name, name))
            return tp_op_at(i);
    return NULL;
}

#define REVERSED(reversed, operation)                         \
    tp_tensor *reversed##_scalar(tp_tensor *a, double b)      \
    {                                                         \
        tp__number number;                                    \
        return operation(tp__number_init_f64(&number, b), a); \
    }                                                         \
    tp_tensor *reversed##_integer(tp_tensor *a, int64_t b)    \
    {                                                         \
        tp__number number;                                    \
        return operation(tp__number_init_i64(&number, b), a); \
    }
REVERSED(tp_rsub, tp_sub_tensor)
REVERSED(tp_rdiv, tp_div_tensor)
REVERSED(tp_rpow, tp_pow_tensor)
