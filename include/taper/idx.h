/* IDX files, in which MNIST and its kin come: one array of any number of dimensions each. */
#ifndef TAPER_IDX_H
#define TAPER_IDX_H

#include "taper/tensor.h"

TP_BEGIN

/* The array in an IDX file as a new row-major tensor in the current region: uint8 as TP_U8, int8, int16 and
 * int32 as TP_I32, float and double as TP_F32 and TP_F64. MNIST's images are uint8 [60000, 28, 28], its
 * labels uint8 [60000]. TP_ERROR_IO if it cannot be read; TP_ERROR_FORMAT unless the file holds exactly one
 * such array of 1 to TP_MAX_DIMS dimensions; a file that is still packed by gzip is said to be so. The format
 * is that of http://yann.lecun.com/exdb/mnist. */
TP_API tp_tensor *tp_idx_load(const char *path);

TP_CLOSE

#endif
