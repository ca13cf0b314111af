/* UTF-8, letters, whitespace and lower case against Python's str. */
#include "test.h"
#include "golden/text_random.h"
#include "golden/unicode.h"
#include "taper/text.h"
#include "io/utf8.h"
#include "text/unicode.h"

static size_t encode(uint32_t code, char *out)
{
    if (code < 0x80)
        return out[0] = (char)code, 1;
    const int length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (int i = length - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(lead[length] | code);
    return (size_t)length;
}

static void add_lower(uint64_t *sum, const char *text, size_t length)
{
    char out[256];
    checksum_bytes(sum, out, tp__lower(text, length, out));
}

static void add_around(uint64_t *sum, const char *before, const char *letter, size_t length,
                       const char *after)
{
    char text[64];
    const size_t b = strlen(before), a = strlen(after);
    memcpy(text, before, b);
    memcpy(text + b, letter, length);
    memcpy(text + b + length, after, a);
    add_lower(sum, text, b + length + a);
}

static uint64_t flags_of_all(uint32_t wrong)
{
    uint64_t sum = CHECKSUM_START;
    for (uint32_t code = 0; code < 0x110000; code++) {
        if (code >= 0xD800 && code < 0xE000)
            continue;
        const unsigned flags = tp__code_flags_of(code) ^ (code == wrong ? TP__CODE_WORD : 0u);
        checksum_integer(&sum, (flags & TP__CODE_WORD ? 1 : 0) + (flags & TP__CODE_SPACE ? 2 : 0));
    }
    return sum;
}

static uint64_t lower_of_all(void)
{
    uint64_t sum = CHECKSUM_START;
    for (uint32_t code = 0; code < 0x110000; code++) {
        if (code >= 0xD800 && code < 0xE000)
            continue;
        char letter[4];
        const size_t length = encode(code, letter);
        add_lower(&sum, letter, length);
        add_around(&sum, "a", letter, length, "Σ");
        add_around(&sum, "", letter, length, "Σ");
        add_around(&sum, "aΣ", letter, length, "");
        add_around(&sum, "aΣ", letter, length, "b");
        add_around(&sum, "aΣ", letter, length, " b");
    }
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        char text[128];
        add_lower(&sum, text, random_text(&state, 12, text_odd, text, 0));
    }
    return sum;
}

static uint64_t decode_random(void)
{
    static const unsigned char bytes[] = {0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                          0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF,
                                          0xF0, 0xF1, 0xF4, 0xF5, 0xFF, 0x80, 0x80, 0xBF};
    uint64_t sum = CHECKSUM_START, state = 2;
    for (int i = 0; i < 100000; i++) {
        /* In a piece of memory of its own size, so that a sanitizer sees a step beyond it. */
        const size_t length = (size_t)random_below(&state, 7);
        char *text = malloc(length ? length : 1);
        if (!text)
            exit(1);
        for (size_t b = 0; b < length; b++)
            text[b] = (char)bytes[random_below(&state, sizeof bytes)];
        const size_t at = tp__utf8_check(text, length, NULL);
        checksum_integer(&sum, at < length ? (int64_t)at : -1);
        /* The walk over words stops at the same byte. */
        tp__words_of walk = {text, length, 0};
        tp__word word;
        int found;
        while ((found = tp__next_word(&walk, &word)) > 0)
            ;
        CHECK(found == (at < length ? -1 : 0) && walk.at == at);
        free(text);
    }
    return sum;
}

int main(void)
{
    CHECK_TEXT(tp_unicode_version(), "14.0.0");
    CHECK(flags_of_all(UINT32_MAX) == UNICODE_FLAGS);
    CHECK(flags_of_all(0x2160) != UNICODE_FLAGS); /* a wrong letter is noticed */
    CHECK(lower_of_all() == UNICODE_LOWER);
    CHECK(decode_random() == UNICODE_DECODE);

    size_t length;
    CHECK_TEXT(tp_lower("ΟΔΥΣΣΕΥΣ İ", strlen("ΟΔΥΣΣΕΥΣ İ"), &length), "οδυσσευς i\xCC\x87");
    CHECK(length == strlen("οδυσσευς i\xCC\x87"));
    CHECK_TEXT(tp_lower("", 0, NULL), "");
    CHECK(tp_utf8_check(NULL, 0) == TP_OK);
    CHECK(tp_utf8_check("ab\xED\xA0\x80", 5) == TP_ERROR_FORMAT);
    CHECK_ERROR(TP_ERROR_FORMAT, "byte 2 (0xED) is not valid UTF-8");
    CHECK(!tp_lower("A\xFF", 2, NULL));
    CHECK_ERROR(TP_ERROR_FORMAT, "lower: byte 1 (0xFF)");
    CHECK(!tp_lower(NULL, 0, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "text");
    CHECK(tp_utf8_check(NULL, 1) != TP_OK);
    tp_clear_error();
    tp_finish();
    return test_end();
}
