/* All of Taper: tensors, differentiation, layers, optimizers, data, text, training. */
#ifndef TAPER_H
#define TAPER_H

#include "taper/autograd.h"
#include "taper/average.h"
#include "taper/data.h"
#include "taper/embedding.h"
#include "taper/folds.h"
#include "taper/functional.h"
#include "taper/hashing.h"
#include "taper/io.h"
#include "taper/labels.h"
#include "taper/layers.h"
#include "taper/losses.h"
#include "taper/metrics.h"
#include "taper/nn.h"
#include "taper/op.h"
#include "taper/ops.h"
#include "taper/optim.h"
#include "taper/random.h"
#include "taper/region.h"
#include "taper/schedule.h"
#include "taper/status.h"
#include "taper/strings.h"
#include "taper/tensor.h"
#include "taper/text.h"
#include "taper/text_model.h"
#include "taper/text_stream.h"
#include "taper/tfidf.h"
#include "taper/threads.h"
#include "taper/train.h"

#endif
