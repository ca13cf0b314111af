/* Numbers as text, in the C locale whatever the host program's is. */
#ifndef TAPER_IO_NUMBER_H
#define TAPER_IO_NUMBER_H

#include "taper/status.h"

/* The whole text must be the number. Integers: an optional sign and digits. Doubles: decimal digits with an
 * optional point and exponent, or inf, infinity, nan in any case; a value too large for a double is refused.
 * TP_ERROR_FORMAT (no number) and TP_ERROR_VALUE (out of range) are returned without being recorded; only
 * TP_ERROR_MEMORY is recorded. */
tp_status tp__parse_i64(const char *text, size_t length, int64_t *value);
tp_status tp__parse_f64(const char *text, size_t length, double *value);

/* The shortest of the 15 to 17 digit forms that reads back as the same double: "0.1", "1e+300", "nan", "inf".
 */
#define TP__NUMBER_SIZE 32
char *tp__format_f64(char buffer[TP__NUMBER_SIZE], double value);

#endif
