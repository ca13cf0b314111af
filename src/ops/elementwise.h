/* Running an elementwise kernel over tensors of any strides and dtypes. */
#ifndef TAPER_OPS_ELEMENTWISE_H
#define TAPER_OPS_ELEMENTWISE_H

#include "backend/cpu/table.h"
#include "heart/heart.h"

#define TP__MAX_OPERANDS 4

/* The records, in the rows' order. */
extern const tp_op tp__elementwise_ops[TP__N_ELEMENTWISE];

/* Runs `kernel` over the elements of `out` (contiguous). Each operand is broadcast to `out`'s shape and
 * converted to `compute`, or to `dtypes[i]` where `dtypes` is given; NULL operands stay NULL. Results do not
 * depend on how the elements are cut into pieces, so that any number of threads gives the same bits. */
void tp__elementwise_run(tp__elementwise_kernel kernel, int n_operands, const tp_tensor *const *operands,
                         tp_dtype compute, const tp_dtype *dtypes, tp_tensor *out);

/* PyTorch's result type: operands with dimensions first, then those without, then numbers of the program; a
 * later group only matters if its category (bool, integer, floating) is higher. NULL operands are skipped. */
tp_dtype tp__result_type(int n, tp_tensor *const *inputs);

/* The shape that all inputs broadcast to, into `result`; or the error. */
tp_status tp__broadcast(int n, tp_tensor *const *inputs, tp_result *result);

/* `gradient` summed over what was broadcast, and converted, until it has the shape and dtype of `like`. */
tp_tensor *tp__reduce_to(tp_tensor *gradient, const tp_tensor *like);

#endif
