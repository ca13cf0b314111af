/* Labels of texts: 0 and 1, or names of classes. */
#ifndef TAPER_TRAIN_LABELLED_TEXTS_H
#define TAPER_TRAIN_LABELLED_TEXTS_H

#include "taper/text_model.h"

/* An encoder for the names in `labels`, in the current region: in the order of their numbers if all are
 * whole numbers, else of their bytes. */
tp_label_encoder *tp__classes_of(const tp_strings *labels);

/* "'good', which is none of the classes 'a', 'b'", for an error, into `text`, which is returned; of an empty
 * label and of no encoder in other words. */
#define TP__WRONG_LABEL_SIZE 512
char *tp__wrong_label(char text[TP__WRONG_LABEL_SIZE], const tp_label_encoder *classes, const char *label,
                      size_t length);

#endif
