/* Files: text tables, labelled lines, sparse rows, .npy and IDX arrays, safetensors. */
#ifndef TAPER_IO_H
#define TAPER_IO_H

#include "taper/fasttext.h"
#include "taper/idx.h"
#include "taper/npy.h"
#include "taper/safetensors.h"
#include "taper/svmlight.h"
#include "taper/table.h"

#endif
