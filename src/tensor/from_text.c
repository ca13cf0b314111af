/* Tensors from nested text. The depth is bounded by the number of dimensions, and nothing recurses. */
#include "tensor/tensor.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_NUMBER 400

typedef struct reader {
    tp_dtype dtype;
    const char *text, *at;
    locale_t locale; /* "C": a decimal point is a point */
    /* What is known of the shape: sizes of lists that ended, -1 before the first one of a level does. */
    int64_t sizes[TP_MAX_DIMS];
    int64_t counts[TP_MAX_DIMS]; /* items so far of the lists that are open */
    int ndim;                    /* -1 before the first element or empty list */
    void *values;                /* elements in order, of the dtype */
    size_t bytes, capacity;
} reader;

/* Fails with the place of `at`, counted from 1; columns are bytes. */
static tp_status fail_at(const reader *r, const char *at, const char *what)
{
    size_t line = 1, column = 1;
    for (const char *p = r->text; p < at; p++) {
        column++;
        if (*p == '\n') {
            line++;
            column = 1;
        }
    }
    return tp_fail(TP_ERROR_FORMAT, "from_text: line %zu, column %zu: %s", line, column, what);
}

static void skip_space(reader *r)
{
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')
        r->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The end of a number [+-] digits [. digits] [e [+-] digits], or NULL. `whole` says that it has digits alone.
 */
static const char *end_of_number(const char *p, bool *whole)
{
    bool digits = false;
    *whole = true;
    if (*p == '+' || *p == '-')
        p++;
    for (; is_digit(*p); p++)
        digits = true;
    if (*p == '.') {
        *whole = false;
        for (p++; is_digit(*p); p++)
            digits = true;
    }
    if (!digits)
        return NULL;
    if (*p == 'e' || *p == 'E') {
        *whole = false;
        p++;
        if (*p == '+' || *p == '-')
            p++;
        if (!is_digit(*p))
            return NULL;
        while (is_digit(*p))
            p++;
    }
    return p;
}

/* The end of one of the words, behind an optional sign, and its value; NULL if there is none. */
static const char *end_of_word(const char *p, double *value)
{
    static const struct {
        const char *word;
        bool sign;
        double value;
    } words[] = {{"true", false, 1},           {"True", false, 1},      {"false", false, 0},
                 {"False", false, 0},          {"nan", true, NAN},      {"NaN", true, NAN},
                 {"infinity", true, INFINITY}, {"inf", true, INFINITY}, {"Infinity", true, INFINITY},
                 {"Inf", true, INFINITY}};
    const bool sign = *p == '+' || *p == '-', negative = *p == '-';
    p += sign;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const size_t length = strlen(words[i].word);
        if (strncmp(p, words[i].word, length) || (sign && !words[i].sign))
            continue;
        *value = negative ? -words[i].value : words[i].value;
        return p + length;
    }
    return NULL;
}

static bool in_range(tp_dtype dtype, int64_t value)
{
    return dtype == TP_U8 ? value >= 0 && value <= 255
                          : dtype != TP_I32 || (value >= INT32_MIN && value <= INT32_MAX);
}

/* An integer element from digits alone, exactly. */
static tp_status read_whole(reader *r, const char *end, void *element)
{
    const char *p = r->at;
    const bool negative = *p == '-';
    int64_t value = 0;
    if (*p == '+' || *p == '-')
        p++;
    for (; p < end; p++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *p - '0', &value)) /* negative, which reaches one further */
            return fail_at(r, r->at, "the number is out of range");
    if ((!negative && __builtin_sub_overflow(0, value, &value)) || !in_range(r->dtype, value))
        return fail_at(r, r->at, "the number is out of range");
    tp__store_i64(r->dtype, element, value);
    return TP_OK;
}

static tp_status read_element(reader *r, void *element)
{
    bool whole;
    double value;
    const char *end = end_of_number(r->at, &whole);
    if (end && whole && r->dtype <= TP_I64) {
        TP__TRY(read_whole(r, end, element));
        r->at = end;
        return TP_OK;
    }
    if (end) {
        char digits[LONGEST_NUMBER];
        if ((size_t)(end - r->at) >= sizeof digits)
            return fail_at(r, r->at, "the number has too many digits");
        memcpy(digits, r->at, (size_t)(end - r->at));
        digits[end - r->at] = 0;
        value = strtod_l(digits, NULL, r->locale);
    } else if (!(end = end_of_word(r->at, &value))) {
        return fail_at(r, r->at, *r->at ? "a number or '[' is expected" : "the text ends too early");
    }
    if (r->dtype >= TP_U8 && r->dtype <= TP_I64) {
        if (!(value >= -0x1p63 && value < 0x1p63) || value != trunc(value))
            return fail_at(r, r->at, "a whole number is expected");
        if (!in_range(r->dtype, (int64_t)value))
            return fail_at(r, r->at, "the number is out of range");
    }
    tp__store_f64(r->dtype, element, value);
    r->at = end;
    return TP_OK;
}

/* The whole text: one loop, whose state is the number of open lists. */
static tp_status read_all(reader *r)
{
    const size_t item = tp_dtype_size(r->dtype);
    int depth = 0;
    bool wants_item = true; /* else a ',' or ']' */
    for (;;) {
        skip_space(r);
        if (wants_item && *r->at == '[') {
            if (depth == TP_MAX_DIMS || (r->ndim >= 0 && depth >= r->ndim))
                return fail_at(r, r->at,
                               depth == TP_MAX_DIMS
                                   ? "more lists within each other than a tensor has dimensions"
                                   : "a list where other places have a number");
            r->at++;
            r->counts[depth++] = 0;
            skip_space(r);
            wants_item = *r->at != ']';
            if (!wants_item) {
                if (r->ndim >= 0 && depth != r->ndim)
                    return fail_at(r, r->at, "an empty list where other places have lists of lists");
                r->ndim = depth;
            }
            continue;
        }
        if (wants_item) {
            if (r->ndim >= 0 && depth != r->ndim)
                return fail_at(r, r->at, "a list is expected, as in other places");
            r->ndim = depth;
            TP__TRY(tp__grow(&r->values, &r->capacity, r->bytes + item, 1));
            TP__TRY(read_element(r, (char *)r->values + r->bytes));
            r->bytes += item;
        } else if (*r->at == ']' && depth) {
            depth--;
            if (r->sizes[depth] >= 0 && r->sizes[depth] != r->counts[depth])
                return fail_at(r, r->at, "the lists of one level differ in length");
            r->sizes[depth] = r->counts[depth];
            r->at++;
        } else if (*r->at == ',' && depth) {
            r->at++;
            wants_item = true;
            continue;
        } else {
            return fail_at(r, r->at,
                           !*r->at ? "the text ends before its last ']'" : "',' or ']' is expected");
        }
        /* An item is complete, be it an element or a list. */
        wants_item = false;
        if (!depth)
            break;
        r->counts[depth - 1]++;
    }
    skip_space(r);
    return *r->at ? fail_at(r, r->at, "there is more text behind the end") : TP_OK;
}

tp_tensor *tp_from_text(tp_dtype dtype, const char *text)
{
    if (!text)
        return tp__null_argument("from_text: the text"), NULL;
    if ((unsigned)dtype >= TP_DTYPES)
        return tp__fail_null(TP_ERROR_DTYPE, "from_text: %d is not a dtype", (int)dtype);
    reader r = {.dtype = dtype, .text = text, .at = text, .ndim = -1};
    for (int d = 0; d < TP_MAX_DIMS; d++)
        r.sizes[d] = -1;
    r.locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!r.locale)
        return tp__fail_null(TP_ERROR_MEMORY, "from_text: out of memory");
    tp_tensor *t = NULL;
    if (read_all(&r) == TP_OK)
        t = r.bytes ? tp_from_array_n(dtype, r.values, r.ndim, r.sizes) : tp_zeros_n(dtype, r.ndim, r.sizes);
    tp__free(r.values);
    freelocale(r.locale);
    return t;
}
