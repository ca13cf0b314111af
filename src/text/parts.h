/* Documents, cut into parts that threads take. */
#ifndef TAPER_TEXT_PARTS_H
#define TAPER_TEXT_PARTS_H

#include "base/error.h"
#include "taper/strings.h"

#define TP__MAX_PARTS 64

/* How many parts are worth it: no more than there are threads. No result may depend on it. */
int tp__parts_of(const tp_strings *documents);

/* The first document of part `part` of `parts`, which are of like size; the count for part `parts`. */
int64_t tp__part_begin(const tp_strings *documents, int part, int parts);

/* Calls run(context, part) for all parts on the pool. Of the parts that fail, the first one's error is the
 * caller's. */
tp_status tp__run_parts(int parts, tp_status (*run)(void *context, int part), void *context);

#endif
