/* UTF-8 as the readers need it: checking, and showing a piece of text in an error. */
#ifndef TAPER_IO_UTF8_H
#define TAPER_IO_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the longest valid prefix, in bytes. Strict: no overlong forms, no surrogates, nothing above
 * U+10FFFF. `incomplete`, unless NULL, says whether the prefix stops only because the text ends inside a
 * character. */
size_t tp__utf8_check(const char *text, size_t length, bool *incomplete);

/* `text` between quotes, cut to about 40 characters, with control characters and broken bytes as \xNN
 * (tp_visible_text). The
 * buffer, of at least 8 bytes, is returned. */
char *tp__quote(char *buffer, size_t size, const char *text, size_t length);
#define TP__QUOTE_SIZE 192

#endif
