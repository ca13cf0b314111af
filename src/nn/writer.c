/* Text that grows. */
#include "nn/writer.h"
#include "base/c_locale.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and a zero. */
static bool make_room(tp__writer *writer, size_t more)
{
    if (!writer->failed &&
        tp__grow((void **)&writer->bytes, &writer->capacity, writer->length + more + 1, 1) != TP_OK)
        writer->failed = true;
    return !writer->failed;
}

void tp__write(tp__writer *writer, const char *text, size_t length)
{
    if (!make_room(writer, length))
        return;
    memcpy(writer->bytes + writer->length, text, length);
    writer->length += length;
}

void tp__writef(tp__writer *writer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    TP__C_LOCALE;
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !make_room(writer, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(writer->bytes + writer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    writer->length += (size_t)length;
}

char *tp__writer_text(tp__writer *writer)
{
    char *text = NULL;
    tp_region *region = tp__region_current();
    if (region && make_room(writer, 0)) {
        writer->bytes[writer->length] = 0;
        text = tp__region_strdup(region, writer->bytes);
    }
    tp__writer_drop(writer);
    return text;
}

void tp__writer_drop(tp__writer *writer)
{
    tp__free(writer->bytes);
    *writer = (tp__writer){0};
}

char *tp__number_text(char text[TP__NUMBER_SIZE], double value, bool whole_as_integer)
{
    if (isnan(value) || isinf(value)) {
        snprintf(text, TP__NUMBER_SIZE, "%s", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
        return text;
    }
    TP__C_LOCALE;
    int digits = 1;
    do
        snprintf(text, TP__NUMBER_SIZE, "%.*e", digits - 1, value);
    while (strtod(text, NULL) != value && ++digits < 18);
    const int exponent = atoi(strchr(text, 'e') + 1);
    if (exponent >= -4 && exponent < 16) {
        const int decimals = digits - 1 - exponent;
        snprintf(text, TP__NUMBER_SIZE, "%.*f", decimals > 0 ? decimals : 0, value);
        if (decimals <= 0 && !whole_as_integer)
            strcat(text, ".0");
    }
    return text;
}
