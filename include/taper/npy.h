/* NumPy's .npy files: one array each. */
#ifndef TAPER_NPY_H
#define TAPER_NPY_H

#include "taper/tensor.h"

TP_BEGIN

/* The array in a .npy file, versions 1.0 to 3.0, as a new tensor in the current region. Either byte order and
 * either element order is read; the tensor is row-major. NumPy's bool, uint8, int32, int64, float16,
 * float32 and float64 are read, other types are TP_ERROR_UNSUPPORTED. The file must hold exactly that array:
 * TP_ERROR_FORMAT otherwise, or for more than TP_MAX_DIMS dimensions; TP_ERROR_IO if it cannot be read. */
TP_API tp_tensor *tp_npy_load(const char *path);

/* Writes a dense tensor of any strides, byte for byte what numpy.save writes for the same array. The file is
 * replaced as a whole or not at all. NumPy has no bfloat16: TP_ERROR_DTYPE. */
TP_API tp_status tp_npy_save(const char *path, const tp_tensor *t);

TP_CLOSE

#endif
