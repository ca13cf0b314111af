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
