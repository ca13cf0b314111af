/* A strict JSON reader (RFC 8259), of our own because the library depends on nothing but a C compiler and
 * what a safetensors header needs is this small. */
#include "io/json.h"
#include "io/number.h"
#include "io/utf8.h"

#include <string.h>

typedef struct parser {
    tp_region *region;
    const char *name;
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
static bool parse_string(parser *p, const char **text, size_t *length)
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
    char *copy = tp__region_bump(p->region, end - open);
    if (!copy)
        return false;
    size_t out = 0;
    for (size_t at = open + 1; at < end;) {
        if (p->text[at] == '\\') {
            size_t written;
            if (!(at = escape(p, at, copy + out, &written)))
                return false;
            out += written;
        } else {
            copy[out++] = p->text[at++];
        }
    }
    copy[out] = 0;
    *text = copy;
    *length = out;
    p->at = end + 1;
    return true;
}

static size_t digits(const parser *p, size_t at)
{
    size_t end = at;
    while (end < p->length && p->text[end] >= '0' && p->text[end] <= '9')
        end++;
    return end - at;
}

static bool parse_number(parser *p, tp__json *value)
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
    const tp_status status = tp__parse_f64(p->text + begin, at - begin, &value->number);
    if (status == TP_ERROR_VALUE)
        return fail(p, begin, "a number too large for a double");
    if (status != TP_OK)
        return false;
    value->is_integer = whole && tp__parse_i64(p->text + begin, at - begin, &value->integer) == TP_OK;
    p->at = at;
    return true;
}

static bool parse_word(parser *p, const char *word)
{
    const size_t length = strlen(word);
    if (p->length - p->at < length || memcmp(p->text + p->at, word, length) != 0)
        return fail(p, p->at, "a value was expected");
    p->at += length;
    return true;
}

static bool parse_value(parser *p, tp__json *value, int depth);

static tp__json *new_value(parser *p)
{
    tp__json *value = tp__region_bump(p->region, sizeof *value);
    if (value)
        memset(value, 0, sizeof *value);
    return value;
}

/* What stands between the brackets of an object or an array. */
static bool parse_list(parser *p, tp__json *list, int depth)
{
    const bool object = list->kind == TP__JSON_OBJECT;
    const char close = object ? '}' : ']';
    tp__json **last = &list->first;
    list->first = NULL;
    list->count = 0;
    if (next_is(p, close))
        return true;
    for (;;) {
        tp__json *value = new_value(p);
        if (!value)
            return false;
        skip_space(p);
        if (object) {
            if (!parse_string(p, &value->key, &value->key_length))
                return false;
            if (!next_is(p, ':'))
                return fail(p, p->at, "':' was expected");
        }
        if (!parse_value(p, value, depth))
            return false;
        *last = value;
        last = &value->next;
        list->count++;
        if (next_is(p, close))
            return true;
        if (!next_is(p, ','))
            return fail(p, p->at, object ? "',' or '}' was expected" : "',' or ']' was expected");
    }
}

static bool parse_value(parser *p, tp__json *value, int depth)
{
    skip_space(p);
    value->offset = p->at;
    if (p->at == p->length)
        return fail(p, p->at, "the text ends where a value was expected");
    switch (p->text[p->at]) {
    case '{':
    case '[':
        if (depth == TP__JSON_DEPTH)
            return fail(p, p->at, "nested too deeply");
        value->kind = p->text[p->at++] == '{' ? TP__JSON_OBJECT : TP__JSON_ARRAY;
        return parse_list(p, value, depth + 1);
    case '"':
        value->kind = TP__JSON_STRING;
        return parse_string(p, &value->text, &value->length);
    case 't':
        value->kind = TP__JSON_BOOL;
        value->boolean = true;
        return parse_word(p, "true");
    case 'f':
        value->kind = TP__JSON_BOOL;
        return parse_word(p, "false");
    case 'n':
        value->kind = TP__JSON_NULL;
        return parse_word(p, "null");
    default:
        return parse_number(p, value);
    }
}

tp__json *tp__json_parse(tp_region *region, const char *name, const char *text, size_t length)
{
    parser p = {region, name, text, 0, length};
    const size_t valid = tp__utf8_check(text, length, NULL);
    if (valid < length) {
        tp_fail(TP_ERROR_FORMAT, "%s: byte %zu of the JSON: 0x%02X does not belong to UTF-8 text", name,
                valid, (unsigned)(unsigned char)text[valid]);
        return NULL;
    }
    tp__json *value = new_value(&p);
    if (!value || !parse_value(&p, value, 0))
        return NULL;
    skip_space(&p);
    if (p.at < length) {
        fail(&p, p.at, "something stands behind the value");
        return NULL;
    }
    return value;
}

const tp__json *tp__json_get(const tp__json *object, const char *key)
{
    if (!object || object->kind != TP__JSON_OBJECT)
        return NULL;
    const size_t length = strlen(key);
    for (const tp__json *member = object->first; member; member = member->next)
        if (member->key_length == length && memcmp(member->key, key, length) == 0)
            return member;
    return NULL;
}
