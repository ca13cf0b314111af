/* Texts of files as a terminal may be shown them, by themselves and in errors. */
#include "test.h"

#include "base/error.h"
#include "taper/strings.h"

static const char *shown(const char *text, size_t length, size_t size)
{
    static char buffer[256];
    memset(buffer, 'X', sizeof buffer);
    const size_t all = tp_visible_text(buffer, size, text, length);
    CHECK(all == tp_visible_text(NULL, 0, text, length));
    CHECK(strlen(buffer) < size && (strlen(buffer) == all) == (all < size));
    return buffer;
}
#define SHOWN(text) shown(text, sizeof text - 1, 256)

static void test_text(void)
{
    CHECK_TEXT(SHOWN("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
               "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
    CHECK_TEXT(SHOWN(""), "");
    /* What controls a terminal: C0, DEL, and C1, whose U+009B is an escape sequence's beginning, too. */
    CHECK_TEXT(SHOWN("\x1b[31mred\x07\0\x7F\t\r\n"), "\\x1B[31mred\\x07\\x00\\x7F\\x09\\x0D\\x0A");
    CHECK_TEXT(SHOWN("\xC2\x9B"
                     "31m\xC2\x80\xC2\xA0"),
               "\\xC2\\x9B31m\\xC2\\x80\xC2\xA0");
    /* What turns the direction: overrides, embeddings, isolates; marks stay. */
    CHECK_TEXT(SHOWN("a\xE2\x80\xAE"
                     "b\xE2\x81\xA6\xE2\x80\x8F"),
               "a\\xE2\\x80\\xAE"
               "b\\xE2\\x81\\xA6\xE2\x80\x8F");
    /* What is no UTF-8: overlong, a surrogate, cut off, beyond. */
    CHECK_TEXT(SHOWN("\xC0\xAF\xED\xA0\x80\xE2\x82"), "\\xC0\\xAF\\xED\\xA0\\x80\\xE2\\x82");
    CHECK_TEXT(SHOWN("\xF4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80");
    /* Cut in front of what does not fit. */
    CHECK_TEXT(shown("a\xE2\x82\xAC", 4, 4), "a");
    CHECK_TEXT(shown("a\xE2\x82\xAC", 4, 5), "a\xE2\x82\xAC");
    CHECK_TEXT(shown("a\x1b"
                     "b",
                     3, 5),
               "a");
    CHECK_TEXT(shown("ab", 2, 1), "");
}

static void test_errors(void)
{
    tp_fail(TP_ERROR_VALUE, "a \x1b[31m\xC2\x9B name \xFF,\n\tand %s", "caf\xC3\xA9");
    CHECK_TEXT(tp_error_message(), "a \\x1B[31m\\xC2\\x9B name \\xFF,\n\tand caf\xC3\xA9");
    tp_clear_error();
    {
        TP_FRAME("/tmp/\x1b]0;title\x07");
        tp_fail(TP_ERROR_VALUE, "broken");
    }
    CHECK_TEXT(tp_error_message(), "/tmp/\\x1B]0;title\\x07: broken");
    tp_clear_error();
    /* A sentence that is too long ends behind a whole character. */
    static char text[4000];
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xC3\xA9", 3);
    for (int front = 0; front < 2; front++) {
        tp_fail(TP_ERROR_VALUE, "%s%s", front ? "x" : "", text);
        const size_t length = strlen(tp_error_message());
        CHECK(length >= 1021 && length <= 1023 && !memcmp(tp_error_message() + length - 2, "\xC3\xA9", 2));
        tp_clear_error();
    }
    memset(text, '\x1b', sizeof text - 1);
    tp_fail(TP_ERROR_VALUE, "%s", text);
    CHECK(strlen(tp_error_message()) == 1020 && !strcmp(tp_error_message() + 1012, "\\x1B\\x1B"));
    tp_clear_error();
}

int main(void)
{
    test_text();
    test_errors();
    return test_end();
}
