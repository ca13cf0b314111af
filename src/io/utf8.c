/* Checking UTF-8, eight bytes at a time while the text is ASCII. */
#include "io/utf8.h"
#include "base/visible.h"

#include <string.h>

#define HIGH_BITS 0x8080808080808080u

static size_t skip_ascii(const char *text, size_t at, size_t length)
{
    while (length - at >= 32) {
        uint64_t words[4];
        memcpy(words, text + at, 32);
        if ((words[0] | words[1] | words[2] | words[3]) & HIGH_BITS)
            break;
        at += 32;
    }
    while (at < length && !((unsigned char)text[at] & 0x80))
        at++;
    return at;
}

size_t tp__utf8_check(const char *text, size_t length, bool *incomplete)
{
    if (incomplete)
        *incomplete = false;
    size_t at = 0;
    while ((at = skip_ascii(text, at, length)) < length) {
        const int bytes = tp__character((const unsigned char *)text + at, length - at);
        if (bytes <= 0) {
            if (incomplete)
                *incomplete = bytes < 0;
            return at;
        }
        at += (size_t)bytes;
    }
    return at;
}

char *tp__quote(char *buffer, size_t size, const char *text, size_t length)
{
    size_t out = 0, at = 0;
    buffer[out++] = '\'';
    for (int shown = 0; at < length; shown++) {
        bool plain;
        const size_t bytes = tp__visible_step(text + at, length - at, &plain),
                     space = plain ? bytes : 4 * bytes;
        if (shown == 40 || out + space + 5 > size)
            break;
        out += tp_visible_text(buffer + out, space + 1, text + at, bytes);
        at += bytes;
    }
    memcpy(buffer + out, at < length ? "...'" : "'", at < length ? 5 : 2);
    return buffer;
}
