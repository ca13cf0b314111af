/* Text that may have come from anywhere, as a terminal may be shown it. */
#include "base/visible.h"

#include <stdio.h>
#include <string.h>

int tp__character(const unsigned char *text, size_t left)
{
    const unsigned char first = text[0];
    int bytes;
    unsigned char low = 0x80, high = 0xBF; /* what the second byte may be */
    if (first >= 0xC2 && first <= 0xDF) {
        bytes = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        bytes = 3;
        if (first == 0xE0)
            low = 0xA0; /* else overlong */
        if (first == 0xED)
            high = 0x9F; /* else a surrogate */
    } else if (first >= 0xF0 && first <= 0xF4) {
        bytes = 4;
        if (first == 0xF0)
            low = 0x90;
        if (first == 0xF4)
            high = 0x8F; /* else above U+10FFFF */
    } else {
        return first < 0x80;
    }
    for (int i = 1; i < bytes; i++) {
        if ((size_t)i == left)
            return -1;
        if (text[i] < low || text[i] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
    }
    return bytes;
}

size_t tp__visible_step(const char *text, size_t left, bool *plain)
{
    const unsigned char *t = (const unsigned char *)text;
    const int bytes = tp__character(t, left);
    *plain = bytes > 0;
    if (bytes == 1)
        *plain = t[0] >= 0x20 && t[0] != 0x7F;
    else if (bytes == 2)
        *plain = t[0] != 0xC2 || t[1] >= 0xA0; /* U+0080 to U+009F */
    else if (bytes == 3 && t[0] == 0xE2)
        *plain = !(t[1] == 0x80 && t[2] >= 0xA8 && t[2] <= 0xAE) && /* U+2028 to U+202E */
                 !(t[1] == 0x81 && t[2] >= 0xA6 && t[2] <= 0xA9);   /* U+2066 to U+2069 */
    return bytes > 0 ? (size_t)bytes : 1;
}

size_t tp_visible_text(char *buffer, size_t size, const char *text, size_t length)
{
    size_t all = 0, out = 0;
    bool fits = true;
    length = text ? length : 0;
    size = buffer ? size : 0;
    for (size_t at = 0, bytes; at < length; at += bytes) {
        bool plain;
        bytes = tp__visible_step(text + at, length - at, &plain);
        const size_t space = plain ? bytes : 4 * bytes;
        all += space;
        fits = fits && out + space < size;
        for (size_t i = 0; fits && i < bytes; i++) {
            if (plain)
                buffer[out++] = text[at + i];
            else
                out += (size_t)snprintf(buffer + out, 5, "\\x%02X", (unsigned)(unsigned char)text[at + i]);
        }
    }
    if (size)
        buffer[out] = 0;
    return all;
}
