/* A strict JSON reader (RFC 8259), of our own because the library depends on nothing but a C compiler and
 * what a safetensors header needs is this small.
 *
 * A text is checked as a whole, and then walked in place: nothing is made of its values, so that the memory
 * which a text takes is its own, whatever it holds. */
#include "io/json.h"
#include "io/number.h"
#include "io/utf8.h"

#include <string.h>

typedef struct parser {
    const char *name; /* NULL in a walk: what was checked has no errors */
    const char *text;
    size_t at, length;
} parser;

static bool fail(const parser *p, size_t at, const char *what)
{
    tp_fail(TP_ERROR_FORMAT, "%s: byte %zu of the JSON: %s", p->name, at, what);
    return false;
}

static void skip_space(parser *p)
{
    while (p->at < p->length && (p->text[p->at] == ' ' || p->text[p->at] == '\n' || p->text[p->at] == '\r' ||
                                 p->text[p->at] == '\t'))
        p->at++;
}

static bool next_is(parser *p, char c)
{
    skip_space(p);
    if (p->at == p->length || p->text[p->at] != c)
        return false;
    p->at++;
    return true;
}

/* Four hexadecimal digits, or -1. */
static int32_t hex4(const parser *p, size_t at)
{
    if (p->length - at < 4)
        return -1;
    int32_t value = 0;
    for (size_t i = at; i < at + 4; i++) {
        const char c = p->text[i];
        int digit;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (c | 0x20) - 'a' + 10;
        else
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* One escape, its backslash already seen at `at`; the bytes go to `out`. Returns the place behind it, or 0.
 */
static size_t escape(const parser *p, size_t at, char *out, size_t *written)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (at + 1 >= p->length)
        return fail(p, at, "the text ends inside an escape");
    const char c = p->text[at + 1];
    const char *letter = c ? strchr(letters, c) : NULL;
    if (letter) {
        *out = meanings[letter - letters];
        *written = 1;
        return at + 2;
    }
    if (c != 'u')
        return fail(p, at, "an escape that JSON does not have");
    const int32_t unit = hex4(p, at + 2);
    if (unit < 0)
        return fail(p, at, "\\u needs four hexadecimal digits");
    uint32_t code = (uint32_t)unit;
    size_t behind = at + 6;
    if (code >= 0xDC00 && code <= 0xDFFF)
        return fail(p, at, "a low surrogate without a high one before it");
    if (code >= 0xD800 && code <= 0xDBFF) {
        const bool pair = p->length - behind >= 6 && p->text[behind] == '\\' && p->text[behind + 1] == 'u';
        const int32_t low = pair ? hex4(p, behind + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF)
            return fail(p, at, "a high surrogate without a low one behind it");
        code = 0x10000 + ((code - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
        behind += 6;
    }
    *written = put_utf8(out, code);
    return behind;
}

/* The string whose opening quote is next. */
static bool read_string(parser *p, tp__json_text *string)
{
    const size_t open = p->at;
    if (p->at == p->length || p->text[p->at] != '"')
        return fail(p, p->at, "a string was expected");
    size_t end = open + 1;
    while (end < p->length && p->text[end] != '"') {
        if ((unsigned char)p->text[end] < 0x20)
            return fail(p, end, "a control character inside a string");
        end += p->text[end] == '\\' ? 2 : 1;
    }
    if (end >= p->length)
        return fail(p, open, "the string that begins here is not closed");
    *string = (tp__json_text){p->text + open + 1, end - open - 1};
    p->at = end + 1;
    return true;
}

/* The next character of a string, or the bytes of its next escape: where it ends, or 0. `out` has room for
 * four. */
static size_t read_character(const parser *p, size_t at, char *out, size_t *written)
{
    if (p->text[at] == '\\')
        return escape(p, at, out, written);
    *out = p->text[at];
    *written = 1;
    return at + 1;
}

static bool check_string(const parser *p, tp__json_text string)
{
    char bytes[4];
    size_t at = (size_t)(string.raw - p->text), written;
    for (const size_t end = at + string.length; at < end;)
        if (!(at = read_character(p, at, bytes, &written)))
            return false;
    return true;
}

static size_t digits(const parser *p, size_t at)
{
    size_t end = at;
    while (end < p->length && p->text[end] >= '0' && p->text[end] <= '9')
        end++;
    return end - at;
}

static bool read_number(parser *p, tp__json *value)
{
    const size_t begin = p->at;
    size_t at = begin;
    bool whole = true;
    if (p->text[at] == '-')
        at++;
    const size_t before_point = digits(p, at);
    if (!before_point)
        return fail(p, begin, "a value was expected");
    if (before_point > 1 && p->text[at] == '0')
        return fail(p, begin, "a number must not begin with 0");
    at += before_point;
    if (at < p->length && p->text[at] == '.') {
        const size_t behind = digits(p, at + 1);
        if (!behind)
            return fail(p, begin, "a number's point needs digits behind it");
        at += 1 + behind;
        whole = false;
    }
    if (at < p->length && (p->text[at] | 0x20) == 'e') {
        at++;
        if (at < p->length && (p->text[at] == '+' || p->text[at] == '-'))
            at++;
        const size_t exponent = digits(p, at);
        if (!exponent)
            return fail(p, begin, "a number's exponent needs digits");
        at += exponent;
        whole = false;
    }
    value->kind = TP__JSON_NUMBER;
    value->text = (tp__json_text){p->text + begin, at - begin};
    value->is_integer = whole && tp__parse_i64(p->text + begin, at - begin, &value->integer) == TP_OK;
    p->at = at;
    return true;
}

static bool check_number(const parser *p, const tp__json *number)
{
    double value;
    const tp_status status = number->is_integer ? TP_OK : tp__json_f64(number, &value);
    if (status == TP_ERROR_VALUE)
        return fail(p, (size_t)(number->text.raw - p->text), "a number too large for a double");
    return status == TP_OK;
}

static bool read_word(parser *p, const char *word)
{
    const size_t length = strlen(word);
    if (p->length - p->at < length || memcmp(p->text + p->at, word, length) != 0)
        return fail(p, p->at, "a value was expected");
    p->at += length;
    return true;
}

/* A value, up to what stands between the brackets of an object or an array. */
static bool read_value(parser *p, tp__json *value)
{
    skip_space(p);
    value->begin = p->text + p->at;
    value->end = p->text + p->length;
    if (p->at == p->length)
        return fail(p, p->at, "the text ends where a value was expected");
    switch (p->text[p->at]) {
    case '{':
    case '[':
        value->kind = p->text[p->at++] == '{' ? TP__JSON_OBJECT : TP__JSON_ARRAY;
        return true;
    case '"':
        value->kind = TP__JSON_STRING;
        return read_string(p, &value->text);
    case 't':
        value->kind = TP__JSON_BOOL;
        value->boolean = true;
        return read_word(p, "true");
    case 'f':
        value->kind = TP__JSON_BOOL;
        return read_word(p, "false");
    case 'n':
        value->kind = TP__JSON_NULL;
        return read_word(p, "null");
    default:
        return read_number(p, value);
    }
}

/* An item of an array or a member of an object, as read_value. */
static bool read_item(parser *p, bool object, tp__json *item)
{
    *item = (tp__json){0};
    if (object) {
        skip_space(p);
        if (!read_string(p, &item->key))
            return false;
        if (!next_is(p, ':'))
            return fail(p, p->at, "':' was expected");
    }
    return read_value(p, item);
}

static bool check_list(parser *p, bool object, int depth);

/* The rest of a value that was read so far. */
static bool check_value(parser *p, const tp__json *value, int depth)
{
    switch (value->kind) {
    case TP__JSON_STRING:
        return check_string(p, value->text);
    case TP__JSON_NUMBER:
        return check_number(p, value);
    case TP__JSON_ARRAY:
    case TP__JSON_OBJECT:
        if (depth == TP__JSON_DEPTH)
            return fail(p, p->at - 1, "nested too deeply");
        return check_list(p, value->kind == TP__JSON_OBJECT, depth + 1);
    default:
        return true;
    }
}

/* What stands between the brackets of an object or an array. */
static bool check_list(parser *p, bool object, int depth)
{
    const char close = object ? '}' : ']';
    if (next_is(p, close))
        return true;
    for (;;) {
        tp__json item;
        if (!read_item(p, object, &item) || (object && !check_string(p, item.key)) ||
            !check_value(p, &item, depth))
            return false;
        if (next_is(p, close))
            return true;
        if (!next_is(p, ','))
            return fail(p, p->at, object ? "',' or '}' was expected" : "',' or ']' was expected");
    }
}

tp_status tp__json_parse(const char *name, const char *text, size_t length, tp__json *value)
{
    parser p = {name, text, 0, length};
    const size_t valid = tp__utf8_check(text, length, NULL);
    if (valid < length)
        return tp_fail(TP_ERROR_FORMAT, "%s: byte %zu of the JSON: 0x%02X does not belong to UTF-8 text",
                       name, valid, (unsigned)(unsigned char)text[valid]);
    *value = (tp__json){0};
    if (!read_value(&p, value) || !check_value(&p, value, 0))
        return tp_error();
    skip_space(&p);
    if (p.at < length)
        fail(&p, p.at, "something stands behind the value");
    return p.at < length ? TP_ERROR_FORMAT : TP_OK;
}

/* ---- Walking what was checked ---- */

bool tp__json_first(const tp__json *list, tp__json *item)
{
    if (list->kind != TP__JSON_OBJECT && list->kind != TP__JSON_ARRAY)
        return false;
    const bool object = list->kind == TP__JSON_OBJECT;
    parser p = {NULL, list->begin, 1, (size_t)(list->end - list->begin)};
    return !next_is(&p, object ? '}' : ']') && read_item(&p, object, item);
}

/* Behind the brackets that the value which was just read has opened, and all inside. */
static void skip_list(parser *p)
{
    for (int depth = 1; depth; p->at++) {
        const char c = p->text[p->at];
        depth += c == '[' || c == '{';
        depth -= c == ']' || c == '}';
        if (c == '"')
            while (p->text[++p->at] != '"')
                p->at += p->text[p->at] == '\\';
    }
}

bool tp__json_next(tp__json *item)
{
    const bool object = item->key.raw;
    parser p = {NULL, item->begin, 0, (size_t)(item->end - item->begin)};
    tp__json same = {0};
    read_value(&p, &same);
    if (same.kind == TP__JSON_OBJECT || same.kind == TP__JSON_ARRAY)
        skip_list(&p);
    return next_is(&p, ',') && read_item(&p, object, item);
}

size_t tp__json_count(const tp__json *list)
{
    size_t count = 0;
    tp__json item;
    for (bool more = tp__json_first(list, &item); more; more = tp__json_next(&item))
        count++;
    return count;
}

bool tp__json_get(const tp__json *object, const char *key, tp__json *member)
{
    if (object->kind != TP__JSON_OBJECT)
        return false;
    bool more = tp__json_first(object, member);
    while (more && !tp__json_is(member->key, key))
        more = tp__json_next(member);
    return more;
}

bool tp__json_is(tp__json_text string, const char *text)
{
    const parser p = {NULL, string.raw, 0, string.length};
    const size_t length = strlen(text);
    size_t same = 0, written;
    char bytes[4];
    for (size_t at = 0; at < string.length; same += written) {
        at = read_character(&p, at, bytes, &written);
        if (length - same < written || memcmp(text + same, bytes, written) != 0)
            return false;
    }
    return same == length;
}

size_t tp__json_decode(tp__json_text string, char *out)
{
    const parser p = {NULL, string.raw, 0, string.length};
    size_t length = 0, written;
    for (size_t at = 0; at < string.length; length += written)
        at = read_character(&p, at, out + length, &written);
    out[length] = 0;
    return length;
}

tp_status tp__json_f64(const tp__json *value, double *number)
{
    return tp__parse_f64(value->text.raw, value->text.length, number);
}
