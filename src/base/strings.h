/* Making and checking tp_strings. */
#ifndef TAPER_BASE_STRINGS_H
#define TAPER_BASE_STRINGS_H

#include "base/error.h"
#include "taper/strings.h"

/* Room in `region` for texts of `size` bytes together; the caller writes bytes and offsets[1 ..]. */
tp_strings *tp__strings_new(tp_region *region, int64_t count, size_t size, char **bytes, int64_t **offsets);

/* Whether the struct is sound; errors begin with `name`. */
tp_status tp__strings_check(const tp_strings *strings, const char *name);

#endif
