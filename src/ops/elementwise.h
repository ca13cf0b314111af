/* Running an elementwise kernel over tensors of any strides and dtypes. */
#ifndef TAPER_OPS_ELEMENTWISE_H
#define TAPER_OPS_ELEMENTWISE_H

#include "backend/cpu/table.h"
#include "heart/heart.h"

/* Elements that one thread takes at a time. */
#define TP__ELEMENTWISE_PIECE 32768

/* The records, in the rows' order. */
extern const tp_op tp__elementwise_ops[TP__N_ELEMENTWISE];

/* Runs `kernel` over the elements of `out` (contiguous). Each operand is broadcast to `out`'s shape and
 * converted to `compute`, or to `dtypes[i]` where `dtypes` is given; NULL operands stay NULL. `numbers` are
 * three of the dtype `compute`, or NULL. Results do not depend on how the elements are cut into pieces, so
 * that any number of threads gives the same bits. */
void tp__elementwise_pack(tp__elementwise_kernel kernel, int n_operands, const tp_tensor *const *operands,
                          const void *numbers, tp_dtype compute, const tp_dtype *dtypes, tp_tensor *out);

/* The same without numbers, with a short way for few elements and nothing to pack. */
static inline void tp__elementwise_run(tp__elementwise_kernel kernel, int n_operands,
                                       const tp_tensor *const *operands, tp_dtype compute,
                                       const tp_dtype *dtypes, tp_tensor *out)
{
    const void *pointers[TP__MAX_OPERANDS] = {0};
    bool whole = out->numel <= TP__ELEMENTWISE_PIECE;
    for (int k = 0; k < n_operands && whole; k++) {
        const tp_tensor *t = operands[k];
        if (!t)
            continue;
        whole = t->numel == out->numel && t->contiguous && t->dtype == (dtypes ? dtypes[k] : compute);
        pointers[k] = t->data;
    }
    if (whole)
        kernel(out->numel, pointers, out->data);
    else
        tp__elementwise_pack(kernel, n_operands, operands, NULL, compute, dtypes, out);
}

/* The numbers of a row besides its operands; those that it does not name are 0. */
typedef struct tp__numbers {
    double values[3];
} tp__numbers;

/* The same with a row's numbers, all operands being converted to `compute`. There are at most
 * TP__OPERAND_NUMBERS operands. */
void tp__elementwise_run_with(tp__elementwise_kernel kernel, int n_operands, const tp_tensor *const *operands,
                              const tp__numbers *numbers, tp_dtype compute, tp_tensor *out);

/* The row's operation on `inputs`, the result written into inputs[0]; `name` is for errors. Refused as
 * tp_assign refuses; for a result that is larger than the target or of a higher category (bool, integer,
 * floating); and, while recording, for another operand that requires a gradient. */
tp_status tp__in_place(const tp_op *op, const char *name, tp_tensor *const *inputs, int n_inputs,
                       const void *attributes);

/* PyTorch's result type: operands with dimensions first, then those without, then numbers of the program; a
 * later group only matters if its category (bool, integer, floating) is higher. NULL operands are skipped. */
tp_dtype tp__result_type(int n, tp_tensor *const *inputs);

/* The shape that all inputs broadcast to, into `result`; or the error. */
tp_status tp__broadcast(int n, tp_tensor *const *inputs, tp_result *result);

/* `gradient` summed over what was broadcast, and converted, until it has the shape and dtype of `like`. */
tp_tensor *tp__reduce_to(tp_tensor *gradient, const tp_tensor *like);

#endif
