/* UTF-8 and the properties of code points. */
#include "io/utf8.h"
#include "text/unicode.h"
#include "text/unicode_tables.h"
#include "taper/text.h"

static const tp__code_record *record_of(uint32_t code)
{
    uint32_t block = code / TP__UNICODE_BLOCK;
    if (block >= TP__UNICODE_STAGE)
        block = TP__UNICODE_STAGE - 1;
    const uint32_t at = tp__code_stage[block] * (uint32_t)TP__UNICODE_BLOCK + code % TP__UNICODE_BLOCK;
    return &tp__code_records[tp__code_blocks[at]];
}

unsigned tp__code_flags_of(uint32_t code)
{
    return record_of(code)->flags;
}

const char *tp_unicode_version(void)
{
    return TP__UNICODE_VERSION;
}

int tp__utf8_next(const char *p, size_t left, uint32_t *code)
{
    const unsigned char *u = (const unsigned char *)p;
    if (u[0] < 0x80) {
        *code = u[0];
        return 1;
    }
    /* C0 and C1 begin overlong pairs only; F5 and above lie beyond U+10FFFF. */
    const int length = u[0] < 0xC2 ? 0 : u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : u[0] < 0xF5 ? 4 : 0;
    if (!length || left < (size_t)length)
        return 0;
    for (int i = 1; i < length; i++)
        if ((u[i] & 0xC0) != 0x80)
            return 0;
    tp__utf8_valid_next(p, code);
    const uint32_t least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
    if (*code < least || *code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000))
        return 0;
    return length;
}

static size_t put_code(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* Unicode's Final_Sigma: a cased letter before it and none after it, case-ignorable ones looked through. */
static bool sigma_is_final(const char *text, size_t length, size_t at, size_t after)
{
    uint32_t code = 0;
    unsigned flags = 0;
    while (at > 0) {
        at--;
        while (((unsigned char)text[at] & 0xC0) == 0x80)
            at--;
        tp__utf8_valid_next(text + at, &code);
        flags = tp__code_flags_of(code);
        if (!(flags & TP__CODE_IGNORABLE))
            break;
    }
    if (!(flags & TP__CODE_CASED))
        return false;
    while (after < length) {
        after += (size_t)tp__utf8_valid_next(text + after, &code);
        flags = tp__code_flags_of(code);
        if (!(flags & TP__CODE_IGNORABLE))
            return !(flags & TP__CODE_CASED);
    }
    return true;
}

size_t tp__lower(const char *text, size_t length, char *out)
{
    size_t at = 0, end = 0;
    while (at < length) {
        const unsigned char byte = (unsigned char)text[at];
        if (byte < 0x80) {
            out[end++] = (char)(byte | ((unsigned)(byte - 'A') < 26u ? 0x20 : 0));
            at++;
            continue;
        }
        uint32_t code;
        const size_t step = (size_t)tp__utf8_valid_next(text + at, &code);
        if (code == 0x130) { /* the only letter whose lower case is two code points */
            end += put_code('i', out + end);
            end += put_code(0x307, out + end);
        } else if (code == 0x3A3) {
            end += put_code(sigma_is_final(text, length, at, at + step) ? 0x3C2 : 0x3C3, out + end);
        } else {
            end += put_code((uint32_t)((int64_t)code + record_of(code)->lower), out + end);
        }
        at += step;
    }
    return end;
}

enum { PLAIN, SPACE, FOREIGN };

#define ROW8(k) k, k, k, k, k, k, k, k
#define ROW32(k) ROW8(k), ROW8(k), ROW8(k), ROW8(k)
static const uint8_t byte_kind[256] = {
    PLAIN,          PLAIN,          PLAIN,          PLAIN,         PLAIN,        PLAIN, PLAIN, PLAIN, /* 00 */
    PLAIN,          SPACE,          SPACE,          SPACE,         SPACE,        SPACE, PLAIN, PLAIN, /* 08 */
    PLAIN,          PLAIN,          PLAIN,          PLAIN,         PLAIN,        PLAIN, PLAIN, PLAIN, /* 10 */
    PLAIN,          PLAIN,          PLAIN,          PLAIN,         SPACE,        SPACE, SPACE, SPACE, /* 18 */
    SPACE,          PLAIN,          PLAIN,          PLAIN,         PLAIN,        PLAIN, PLAIN, PLAIN, /* 20 */
    ROW8(PLAIN),    ROW8(PLAIN),    ROW8(PLAIN),    ROW32(PLAIN),  ROW32(PLAIN),                      /* 28 */
    ROW32(FOREIGN), ROW32(FOREIGN), ROW32(FOREIGN), ROW32(FOREIGN)                                    /* 80 */
};

/* The length of the whitespace, or of the foreign letter as a negative number, at `p`; 0 if it is not valid.
 */
static int foreign_step(const char *p, size_t left)
{
    uint32_t code;
    const int step = tp__utf8_next(p, left, &code);
    return tp__code_flags_of(step ? code : 0) & TP__CODE_SPACE ? step : -step;
}

int tp__next_word(tp__words_of *walk, tp__word *word)
{
    const char *const text = walk->text;
    const size_t length = walk->length;
    size_t at = walk->at;
    /* Whitespace before the word. */
    for (; at < length; at++) {
        const uint8_t kind = byte_kind[(unsigned char)text[at]];
        if (kind == PLAIN)
            break;
        if (kind == FOREIGN) {
            const int step = foreign_step(text + at, length - at);
            if (step <= 0)
                break; /* a letter, or invalid: left to the loop below */
            at += (size_t)step - 1;
        }
    }
    const size_t start = at;
    bool ascii = true;
    for (; at < length; at++) {
        const uint8_t kind = byte_kind[(unsigned char)text[at]];
        if (kind == PLAIN)
            continue;
        if (kind == SPACE)
            break;
        const int step = foreign_step(text + at, length - at);
        if (!step) {
            walk->at = at;
            return -1;
        }
        if (step > 0)
            break;
        ascii = false;
        at += (size_t)-step - 1;
    }
    walk->at = at;
    *word = (tp__word){text + start, at - start, ascii};
    return at > start;
}

tp_status tp_utf8_check(const char *text, size_t length)
{
    if (!text && length)
        return tp__null_argument("utf8_check: text");
    const size_t at = tp__utf8_check(text, length, NULL);
    if (at < length)
        return tp_fail(TP_ERROR_FORMAT, "utf8_check: byte %zu (0x%02X) is not valid UTF-8", at,
                       (unsigned char)text[at]);
    return TP_OK;
}

char *tp_lower(const char *text, size_t length, size_t *lower_length)
{
    if (!text)
        return tp__null_argument("lower: text"), NULL;
    const size_t at = tp__utf8_check(text, length, NULL);
    if (at < length)
        return tp__fail_null(TP_ERROR_FORMAT, "lower: byte %zu (0x%02X) is not valid UTF-8", at,
                             (unsigned char)text[at]);
    tp_region *region = tp_region_current();
    char *out = region && length < PTRDIFF_MAX / 4 ? tp_region_alloc(region, TP__LOWER_SIZE(length)) : NULL;
    if (!out)
        return NULL;
    const size_t end = tp__lower(text, length, out);
    if (lower_length)
        *lower_length = end;
    return out;
}
