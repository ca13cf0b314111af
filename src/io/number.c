#include "io/number.h"
#include "base/c_locale.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

tp_status tp__parse_i64(const char *text, size_t length, int64_t *value)
{
    size_t at = 0;
    const bool negative = length && text[0] == '-';
    if (length && (text[0] == '-' || text[0] == '+'))
        at++;
    if (at == length)
        return TP_ERROR_FORMAT;
    const uint64_t most = (uint64_t)INT64_MAX + negative;
    uint64_t sum = 0;
    bool fits = true;
    for (; at < length; at++) {
        const unsigned digit = (unsigned char)text[at] - (unsigned)'0';
        if (digit > 9)
            return TP_ERROR_FORMAT;
        if (sum > (most - digit) / 10)
            fits = false;
        else
            sum = sum * 10 + digit;
    }
    if (!fits)
        return TP_ERROR_VALUE;
    *value = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return TP_OK;
}

/* Digits, with a point and an exponent if need be. */
static bool is_decimal(const char *text, size_t length)
{
    size_t at = 0, digits = 0;
    if (at < length && (text[at] == '+' || text[at] == '-'))
        at++;
    for (; at < length && text[at] >= '0' && text[at] <= '9'; at++)
        digits++;
    if (at < length && text[at] == '.')
        for (at++; at < length && text[at] >= '0' && text[at] <= '9'; at++)
            digits++;
    if (!digits)
        return false;
    if (at == length)
        return true;
    if (text[at] != 'e' && text[at] != 'E')
        return false;
    at++;
    if (at < length && (text[at] == '+' || text[at] == '-'))
        at++;
    digits = 0;
    for (; at < length && text[at] >= '0' && text[at] <= '9'; at++)
        digits++;
    return digits && at == length;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    if (strlen(word) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((text[i] | 0x20) != word[i])
            return false;
    return true;
}

tp_status tp__parse_f64(const char *text, size_t length, double *value)
{
    if (!is_decimal(text, length)) {
        const size_t sign = length && (text[0] == '-' || text[0] == '+');
        double magnitude;
        if (is_word(text + sign, length - sign, "inf") || is_word(text + sign, length - sign, "infinity"))
            magnitude = (double)INFINITY;
        else if (is_word(text + sign, length - sign, "nan"))
            magnitude = (double)NAN;
        else
            return TP_ERROR_FORMAT;
        *value = sign && text[0] == '-' ? -magnitude : magnitude;
        return TP_OK;
    }
    char small[64];
    char *copy = length < sizeof small ? small : tp__malloc(length + 1);
    if (!copy)
        return TP_ERROR_MEMORY;
    memcpy(copy, text, length);
    copy[length] = 0;
    TP__C_LOCALE;
    *value = strtod(copy, NULL);
    if (copy != small)
        tp__free(copy);
    return isinf(*value) ? TP_ERROR_VALUE : TP_OK;
}

char *tp__format_f64(char buffer[TP__NUMBER_SIZE], double value)
{
    if (isnan(value))
        return strcpy(buffer, "nan");
    if (isinf(value))
        return strcpy(buffer, value < 0 ? "-inf" : "inf");
    TP__C_LOCALE;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(buffer, TP__NUMBER_SIZE, "%.*g", digits, value);
        const double back = strtod(buffer, NULL);
        if (memcmp(&back, &value, sizeof value) == 0)
            break;
    }
    return buffer;
}
