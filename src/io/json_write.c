/* Writing JSON into memory. */
#include "io/json.h"
#include "base/memory.h"
#include "io/number.h"
#include "io/utf8.h"

#include <math.h>
#include <string.h>

static void put(tp__json_writer *w, const char *bytes, size_t length)
{
    if (w->status != TP_OK)
        return;
    w->status = tp__grow((void **)&w->bytes, &w->capacity, w->length + length, 1);
    if (w->status != TP_OK)
        return;
    memcpy(w->bytes + w->length, bytes, length);
    w->length += length;
}

static void put_text(tp__json_writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void new_line(tp__json_writer *w)
{
    if (!w->indent)
        return;
    put(w, "\n", 1);
    for (int i = 0; i < w->indent * w->depth; i++)
        put(w, " ", 1);
}

/* The comma and the line end before a value or a key. */
static void before(tp__json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (!w->depth)
        return;
    if (w->any[w->depth - 1])
        put(w, ",", 1);
    w->any[w->depth - 1] = true;
    new_line(w);
}

static void begin(tp__json_writer *w, const char *bracket)
{
    before(w);
    put_text(w, bracket);
    if (w->depth == TP__JSON_DEPTH) {
        if (w->status == TP_OK)
            w->status = tp_fail(TP_ERROR_VALUE, "JSON nested deeper than %d", TP__JSON_DEPTH);
        return;
    }
    w->any[w->depth++] = false;
}

static void end(tp__json_writer *w, const char *bracket)
{
    if (!w->depth) {
        if (w->status == TP_OK)
            w->status = tp_fail(TP_ERROR_STATE, "a JSON object or array is closed that is not open");
        return;
    }
    w->depth--;
    if (w->any[w->depth])
        new_line(w);
    put_text(w, bracket);
}

void tp__json_begin_object(tp__json_writer *w)
{
    begin(w, "{");
}
void tp__json_end_object(tp__json_writer *w)
{
    end(w, "}");
}
void tp__json_begin_array(tp__json_writer *w)
{
    begin(w, "[");
}
void tp__json_end_array(tp__json_writer *w)
{
    end(w, "]");
}

void tp__json_string_n(tp__json_writer *w, const char *text, size_t length)
{
    before(w);
    if (w->status == TP_OK && tp__utf8_check(text, length, NULL) != length) {
        char quoted[TP__QUOTE_SIZE];
        w->status = tp_fail(TP_ERROR_VALUE, "text that is not UTF-8 cannot be written as JSON: %s",
                            tp__quote(quoted, sizeof quoted, text, length));
    }
    put(w, "\"", 1);
    size_t from = 0;
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        put(w, text + from, i - from);
        from = i + 1;
        static const char letters[] = "\"\\\b\f\n\r\t", escapes[] = "\"\\bfnrt";
        const char *letter = c ? strchr(letters, c) : NULL;
        char escaped[8] = {'\\', 0};
        if (letter)
            escaped[1] = escapes[letter - letters];
        else
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)c);
        put_text(w, escaped);
    }
    put(w, text + from, length - from);
    put(w, "\"", 1);
}

void tp__json_string(tp__json_writer *w, const char *text)
{
    tp__json_string_n(w, text, strlen(text));
}

void tp__json_key(tp__json_writer *w, const char *key)
{
    tp__json_string(w, key);
    put_text(w, w->indent ? ": " : ":");
    w->after_key = true;
}

void tp__json_number(tp__json_writer *w, double value)
{
    char buffer[TP__NUMBER_SIZE];
    before(w);
    put_text(w, isfinite(value) ? tp__format_f64(buffer, value) : "null");
}

void tp__json_integer(tp__json_writer *w, int64_t value)
{
    char buffer[TP__NUMBER_SIZE];
    snprintf(buffer, sizeof buffer, "%lld", (long long)value);
    before(w);
    put_text(w, buffer);
}

void tp__json_bool(tp__json_writer *w, bool value)
{
    before(w);
    put_text(w, value ? "true" : "false");
}

void tp__json_null(tp__json_writer *w)
{
    before(w);
    put_text(w, "null");
}

void tp__json_newline(tp__json_writer *w)
{
    put(w, "\n", 1);
}

void tp__json_writer_free(tp__json_writer *w)
{
    tp__free(w->bytes);
    const int indent = w->indent;
    *w = (tp__json_writer){.indent = indent};
}
