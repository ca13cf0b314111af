/* The Porter stemmer without checks, for callers that have checked the word. */
#ifndef TAPER_TEXT_PORTER_H
#define TAPER_TEXT_PORTER_H

#include "base/error.h"

/* The stem of a word of valid UTF-8; `ascii` says whether it has no byte above 0x7F. `out` has
 * TP__LOWER_SIZE(length) bytes and may not overlap the word. Fails for want of memory only, and only with
 * words of more than 256 code points that are not ASCII. */
tp_status tp__porter(const char *word, size_t length, bool ascii, char *out, size_t *out_length);

#endif
