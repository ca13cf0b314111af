/* Text that may have come from anywhere, as a terminal may be shown it. */
#ifndef TAPER_BASE_VISIBLE_H
#define TAPER_BASE_VISIBLE_H

#include "taper/strings.h"

/* The bytes of the UTF-8 character that begins at `text`; 0 if it is broken, -1 if it is cut off but fine so
 * far. `left` bytes are there, at least one. */
int tp__character(const unsigned char *text, size_t left);

/* The same, or 1 for a byte that belongs to none. `plain` says whether it may be shown as it is: it is a
 * character, and neither controls a terminal nor changes the direction in which text runs. */
size_t tp__visible_step(const char *text, size_t left, bool *plain);

#endif
