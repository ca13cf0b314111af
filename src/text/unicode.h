/* UTF-8, and what Python's str says of a code point: \w, whitespace, lower case. The tables follow Unicode
 * TP__UNICODE_VERSION of unicode_tables.h. */
#ifndef TAPER_TEXT_UNICODE_H
#define TAPER_TEXT_UNICODE_H

#include "base/error.h"

typedef enum tp__code_flags {
    TP__CODE_WORD = 1,     /* \w of Python's re: str.isalnum(), or "_" */
    TP__CODE_SPACE = 2,    /* what str.split() splits at, which is also \s; none of it is \w */
    TP__CODE_CASED = 4,    /* a sigma behind it may be final */
    TP__CODE_IGNORABLE = 8 /* looked through in the search for cased letters around a sigma */
} tp__code_flags;

/* The flags of any code point up to U+10FFFF. */
unsigned tp__code_flags_of(uint32_t code);

/* Length of the UTF-8 sequence at `p`, which has `left` > 0 bytes, with its code point; 0 if it is not valid:
 * overlong, a surrogate, beyond U+10FFFF, a stray or a missing continuation byte. */
int tp__utf8_next(const char *p, size_t left, uint32_t *code);

/* The same for text known to be valid. */
static inline int tp__utf8_valid_next(const char *p, uint32_t *code)
{
    const unsigned char *u = (const unsigned char *)p;
    if (u[0] < 0x80) {
        *code = u[0];
        return 1;
    }
    if (u[0] < 0xE0) {
        *code = (u[0] & 0x1Fu) << 6 | (u[1] & 0x3Fu);
        return 2;
    }
    if (u[0] < 0xF0) {
        *code = (u[0] & 0x0Fu) << 12 | (u[1] & 0x3Fu) << 6 | (u[2] & 0x3Fu);
        return 3;
    }
    *code = (u[0] & 0x07u) << 18 | (u[1] & 0x3Fu) << 12 | (u[2] & 0x3Fu) << 6 | (u[3] & 0x3Fu);
    return 4;
}

/* Bytes that the lower case of `length` bytes can have at most, and one for a zero. */
#define TP__LOWER_SIZE(length) ((length) + (length) / 2 + 1)

/* str.lower() of valid text into `out`, which has TP__LOWER_SIZE(length) bytes; returns the length. */
size_t tp__lower(const char *text, size_t length, char *out);

/* One whitespace-free word of a text. */
typedef struct tp__word {
    const char *bytes;
    size_t length;
    bool ascii;
} tp__word;

/* Walks over the words of a text as str.split() cuts it, and checks its UTF-8 on the way. */
typedef struct tp__words_of {
    const char *text;
    size_t length, at;
} tp__words_of;

/* 1 with the next word, 0 at the end, -1 where the text is not valid UTF-8: then `at` is the offset. */
int tp__next_word(tp__words_of *walk, tp__word *word);

#endif
