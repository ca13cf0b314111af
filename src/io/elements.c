#include "io/elements.h"
#include "io/file.h"

#include <string.h>

tp_status tp__check_writable(const tp_tensor *t, const char *what)
{
    if (!t)
        return tp__null_argument(what);
    if (t->layout != TP__DENSE)
        return tp_fail(TP_ERROR_UNSUPPORTED, "%s is sparse; only dense tensors can be saved", what);
    if (t->released)
        return tp_fail(TP_ERROR_STATE, "%s was released", what);
    return TP_OK;
}

tp_status tp__write_elements(tp__output *output, const tp_tensor *t)
{
    const size_t size = tp_dtype_size((tp_dtype)t->dtype), bytes = (size_t)t->numel * size;
    if (!bytes)
        return TP_OK;
    if (t->contiguous && tp__little_endian())
        return tp__output_write(output, t->data, bytes);
    char *copy = tp__malloc(bytes);
    if (!copy)
        return TP_ERROR_MEMORY;
    tp_status status = tp_copy_to_array(t, copy, bytes);
    if (!tp__little_endian())
        tp__swap_bytes(copy, (size_t)t->numel, size);
    if (status == TP_OK)
        status = tp__output_write(output, copy, bytes);
    tp__free(copy);
    return status;
}

tp_status tp__read_elements(int file, const char *path, const char *what, int64_t offset, bool big_endian,
                            tp_tensor *t)
{
    const size_t size = tp_dtype_size((tp_dtype)t->dtype), bytes = (size_t)t->numel * size;
    TP__TRY(tp__read_at(file, path, t->data, bytes, offset));
    if (size > 1 && big_endian == tp__little_endian())
        tp__swap_bytes(t->data, (size_t)t->numel, size);
    if (t->dtype != TP_BOOL)
        return TP_OK;
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char byte = (unsigned char)t->data[i];
        if (byte > 1) {
            t->data[i] = 0;
            return tp_fail(TP_ERROR_FORMAT, "%s: %s: byte %lld is %u, which is no bool", path, what,
                           (long long)(offset + (int64_t)i), (unsigned)byte);
        }
    }
    return TP_OK;
}
