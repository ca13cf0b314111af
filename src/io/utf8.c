/* Checking UTF-8, eight bytes at a time while the text is ASCII. */
#include "io/utf8.h"

#include <stdio.h>
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

/* Bytes of the character that begins at `text`, 0 if it is broken, -1 if it is cut off but fine so far. */
static int character(const unsigned char *text, size_t left)
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

size_t tp__utf8_check(const char *text, size_t length, bool *incomplete)
{
    if (incomplete)
        *incomplete = false;
    size_t at = 0;
    while ((at = skip_ascii(text, at, length)) < length) {
        const int bytes = character((const unsigned char *)text + at, length - at);
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
        const int bytes = character((const unsigned char *)text + at, length - at);
        const bool plain = bytes > 1 || (bytes == 1 && (unsigned char)text[at] >= 0x20 && text[at] != 0x7F);
        const size_t space = plain ? (size_t)bytes : 4;
        if (shown == 40 || out + space + 5 > size)
            break;
        if (plain)
            memcpy(buffer + out, text + at, space);
        else
            snprintf(buffer + out, 5, "\\x%02X", (unsigned)(unsigned char)text[at]);
        out += space;
        at += plain ? (size_t)bytes : 1;
    }
    memcpy(buffer + out, at < length ? "...'" : "'", at < length ? 5 : 2);
    return buffer;
}
