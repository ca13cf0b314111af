/* Files: text tables, .npy arrays, safetensors. */
#ifndef TAPER_IO_H
#define TAPER_IO_H

#include "taper/npy.h"
#include "taper/safetensors.h"
#include "taper/table.h"

#endif
