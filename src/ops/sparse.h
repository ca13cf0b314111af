/* What the operations on CSR matrices share. */
#ifndef TAPER_OPS_SPARSE_H
#define TAPER_OPS_SPARSE_H

#include "ops/ops.h"
#include "taper/sparse.h"

/* Whether it is a CSR matrix; otherwise an error is recorded. */
bool tp__csr_checked(const tp_tensor *csr);

/* The row (with `columns`, the column) of each stored value: int64. */
tp_tensor *tp__csr_places(const tp_tensor *csr, bool columns);

#endif
