/* What reading and writing safetensors files share. */
#ifndef TAPER_IO_SAFETENSORS_H
#define TAPER_IO_SAFETENSORS_H

#include "taper/safetensors.h"

#define TP__SAFETENSORS_LONGEST_HEADER 100000000
#define TP__SAFETENSORS_METADATA "__metadata__"

typedef struct tp__safetensors_type {
    const char *name;
    int bits;
    int dtype; /* a tp_dtype, or -1 if Taper has none */
} tp__safetensors_type;

/* In the order of the reference library, which writes tensors of later types first. */
#define TP__SAFETENSORS_TYPES 22
extern const tp__safetensors_type tp__safetensors_types[TP__SAFETENSORS_TYPES];

#endif
