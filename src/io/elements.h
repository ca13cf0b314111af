/* The elements of tensors as files hold them: row-major, low byte first. */
#ifndef TAPER_IO_ELEMENTS_H
#define TAPER_IO_ELEMENTS_H

#include "io/atomic_file.h"
#include "tensor/tensor.h"

/* Whether a file can hold `t`: it is dense, and its elements were not given back. `what` names it in the
 * error. */
tp_status tp__check_writable(const tp_tensor *t, const char *what);

/* Appends the elements of a tensor of any strides. */
tp_status tp__write_elements(tp__output *output, const tp_tensor *t);

/* Fills a contiguous tensor from byte `offset` of a file on; `what` names it in errors. Bytes of a TP_BOOL
 * other than 0 and 1 are refused. */
tp_status tp__read_elements(int file, const char *path, const char *what, int64_t offset, bool big_endian,
                            tp_tensor *t);

#endif
