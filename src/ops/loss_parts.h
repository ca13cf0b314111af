/* What composed losses share. */
#ifndef TAPER_OPS_LOSS_PARTS_H
#define TAPER_OPS_LOSS_PARTS_H

#include "ops/ops.h"

/* All tensors are there, of one floating dtype and one shape; the reduction exists. False after an error. */
bool tp__check_loss_operands(int n, tp_tensor *const *tensors, tp_reduction reduction);

/* The mean, the sum, or the losses themselves. */
tp_tensor *tp__reduce_loss(tp_tensor *losses, tp_reduction reduction);

/* max(x, 0); at 0 the gradient passes, as in clamp_min. */
tp_tensor *tp__positive_part(tp_tensor *x);

#endif
