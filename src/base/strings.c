/* Texts in one piece of memory. */
#include "base/region.h"
#include "base/strings.h"

#include <string.h>

tp_strings *tp__strings_new(tp_region *region, int64_t count, size_t size, char **bytes, int64_t **offsets)
{
    if (!region)
        return NULL;
    if (size > PTRDIFF_MAX / 4 || (uint64_t)count > PTRDIFF_MAX / 64)
        return tp__fail_null(TP_ERROR_MEMORY, "strings: %lld texts of %zu bytes are more than any memory",
                             (long long)count, size);
    tp_strings *strings = tp__region_bump(region, sizeof *strings);
    *offsets = tp__region_bump(region, ((size_t)count + 1) * sizeof **offsets);
    *bytes = tp__region_bump(region, size + 1);
    if (!strings || !*offsets || !*bytes)
        return NULL;
    (*offsets)[0] = 0;
    *strings = (tp_strings){count, *bytes, *offsets};
    return strings;
}

tp_strings *tp_strings_from_array(int64_t count, const char *const *texts)
{
    if (count < 0)
        return tp__fail_null(TP_ERROR_ARGUMENT, "strings_from_array: a count of %lld", (long long)count);
    size_t size = 0;
    for (int64_t i = 0; i < count; i++) {
        if (!texts || !texts[i])
            return tp__fail_null(TP_ERROR_ARGUMENT, "strings_from_array: text %lld is NULL", (long long)i);
        size += strlen(texts[i]);
    }
    char *bytes;
    int64_t *offsets;
    tp_strings *strings = tp__strings_new(tp_region_current(), count, size, &bytes, &offsets);
    for (int64_t i = 0; strings && i < count; i++) {
        const size_t length = strlen(texts[i]);
        memcpy(bytes + offsets[i], texts[i], length);
        offsets[i + 1] = offsets[i] + (int64_t)length;
    }
    return strings;
}

static bool has_text(const char *function, const tp_strings *strings, int64_t i)
{
    if (i >= 0 && i < strings->count)
        return true;
    tp_fail(TP_ERROR_INDEX, "%s: index %lld is out of range for %lld texts", function, (long long)i,
            (long long)strings->count);
    return false;
}

tp_strings *tp_strings_select(const tp_strings *strings, const int64_t *indices, int64_t count)
{
    if (tp__strings_check(strings, "strings_select: strings") != TP_OK)
        return NULL;
    if (count < 0 || (count && !indices))
        return tp__fail_null(TP_ERROR_ARGUMENT, "strings_select: a count of %lld, or indices is NULL",
                             (long long)count);
    size_t size = 0, length;
    for (int64_t i = 0; i < count; i++) {
        if (!has_text("strings_select", strings, indices[i]))
            return NULL;
        tp_string_at(strings, indices[i], &length);
        size = length > SIZE_MAX - size ? SIZE_MAX : size + length;
    }
    char *bytes;
    int64_t *offsets;
    tp_strings *chosen = tp__strings_new(tp_region_current(), count, size, &bytes, &offsets);
    for (int64_t i = 0; chosen && i < count; i++) {
        const char *text = tp_string_at(strings, indices[i], &length);
        if (length)
            memcpy(bytes + offsets[i], text, length);
        offsets[i + 1] = offsets[i] + (int64_t)length;
    }
    return chosen;
}

char *tp_string_copy(const tp_strings *strings, int64_t i)
{
    if (!strings)
        return tp__null_argument("string_copy: strings"), NULL;
    if (!has_text("string_copy", strings, i))
        return NULL;
    size_t length;
    const char *text = tp_string_at(strings, i, &length);
    tp_region *region = tp_region_current();
    char *copy = region && length < PTRDIFF_MAX ? tp_region_alloc(region, length + 1) : NULL;
    if (copy && length)
        memcpy(copy, text, length);
    return copy;
}

tp_status tp__strings_check(const tp_strings *strings, const char *name)
{
    if (!strings)
        return tp__null_argument(name);
    if (strings->count < 0 || !strings->offsets)
        return tp_fail(TP_ERROR_ARGUMENT, "%s: a count of %lld, or no offsets", name,
                       (long long)strings->count);
    if (strings->offsets[0] < 0)
        return tp_fail(TP_ERROR_ARGUMENT, "%s: offsets[0] is negative", name);
    for (int64_t i = 0; i < strings->count; i++)
        if (strings->offsets[i + 1] < strings->offsets[i])
            return tp_fail(TP_ERROR_ARGUMENT, "%s: offsets[%lld] is below offsets[%lld]", name,
                           (long long)i + 1, (long long)i);
    if (!strings->bytes && strings->offsets[strings->count] > strings->offsets[0])
        return tp_fail(TP_ERROR_ARGUMENT, "%s: bytes is NULL", name);
    return TP_OK;
}
