/* Names of classes as numbers and back: scikit-learn's LabelEncoder. */
#ifndef TAPER_LABELS_H
#define TAPER_LABELS_H

#include "taper/strings.h"
#include "taper/tensor.h"

TP_BEGIN

/* The classes of a data set: different names in ascending order of their bytes, numbered from 0. Does not
 * change, so that threads may share it. */
typedef struct tp_label_encoder tp_label_encoder;

/* An encoder for the names that occur in `labels`, or for `classes` as they stand (which must differ), in the
 * current region; names are copied. NULL after an error. */
TP_API tp_label_encoder *tp_label_encoder_fit(const tp_strings *labels);
TP_API tp_label_encoder *tp_label_encoder_of(const tp_strings *classes);

/* The names, owned by the encoder; NULL for NULL. Their number; -1 for NULL. */
TP_API const tp_strings *tp_label_classes(const tp_label_encoder *encoder);
TP_API int64_t tp_label_count(const tp_label_encoder *encoder);

/* The numbers of `labels` as int64 [count], in the current region. TP_ERROR_VALUE names the first label that
 * the encoder does not know. */
TP_API tp_tensor *tp_label_encode(const tp_label_encoder *encoder, const tp_strings *labels);
/* The number of one name of `length` bytes, or -1. */
TP_API int64_t tp_label_find(const tp_label_encoder *encoder, const char *label, size_t length);

/* The names of whole numbers 0 to count - 1 of any dtype, in the current region. TP_ERROR_INDEX names the
 * first that is out of range. */
TP_API tp_strings *tp_label_decode(const tp_label_encoder *encoder, const tp_tensor *numbers);

TP_CLOSE

#endif
