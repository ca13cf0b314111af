/* The IDX format: two zero bytes, a type, the number of dimensions, their sizes and the elements; numbers
 * begin with their high byte. */
#include "taper/idx.h"
#include "io/file.h"
#include "tensor/tensor.h"

#include <string.h>
#include <unistd.h>

static const struct idx_type {
    unsigned char code;
    const char *name;
    size_t size; /* in the file */
    tp_dtype dtype;
} types[] = {{0x08, "uint8", 1, TP_U8},  {0x09, "int8", 1, TP_I32},  {0x0B, "int16", 2, TP_I32},
             {0x0C, "int32", 4, TP_I32}, {0x0D, "float", 4, TP_F32}, {0x0E, "double", 8, TP_F64}};
#define TYPES (sizeof types / sizeof *types)

typedef struct idx_header {
    const struct idx_type *type;
    int ndim;
    int64_t shape[TP_MAX_DIMS];
    int64_t elements, data_offset;
} idx_header;

static tp_status read_header(int file, const char *path, int64_t size, idx_header *h)
{
    unsigned char magic[4], sizes[4 * TP_MAX_DIMS];
    if (size < 4)
        return tp_fail(TP_ERROR_FORMAT, "%s: %lld bytes are no IDX file", path, (long long)size);
    TP__TRY(tp__read_at(file, path, magic, sizeof magic, 0));
    if (magic[0] == 0x1F && magic[1] == 0x8B)
        return tp_fail(TP_ERROR_FORMAT, "%s: the file is packed by gzip; unpack it first", path);
    if (magic[0] || magic[1])
        return tp_fail(TP_ERROR_FORMAT, "%s: byte 0: an IDX file begins with two zero bytes, not %02x %02x",
                       path, magic[0], magic[1]);
    h->type = NULL;
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].code == magic[2])
            h->type = &types[i];
    if (!h->type)
        return tp_fail(TP_ERROR_FORMAT, "%s: byte 2: there is no IDX type %02x", path, magic[2]);
    h->ndim = magic[3];
    if (h->ndim < 1 || h->ndim > TP_MAX_DIMS)
        return tp_fail(TP_ERROR_FORMAT, "%s: byte 3: %d dimensions; 1 to %d are possible", path, h->ndim,
                       TP_MAX_DIMS);
    h->data_offset = 4 + 4 * h->ndim;
    if (size < h->data_offset)
        return tp_fail(TP_ERROR_FORMAT, "%s: the file ends within the sizes of its %d dimensions", path,
                       h->ndim);
    TP__TRY(tp__read_at(file, path, sizes, 4 * (size_t)h->ndim, 4));
    /* No product above the file's size is formed, so that none overflows. */
    const int64_t most = (size - h->data_offset) / (int64_t)h->type->size;
    bool fits = true, empty = false;
    h->elements = 1;
    for (int d = 0; d < h->ndim; d++) {
        const unsigned char *s = sizes + 4 * d;
        h->shape[d] = (int64_t)s[0] << 24 | (int64_t)s[1] << 16 | (int64_t)s[2] << 8 | s[3];
        empty |= h->shape[d] == 0;
        fits &= !h->shape[d] || h->elements <= most / h->shape[d];
        h->elements *= fits ? h->shape[d] : 1;
    }
    h->elements = empty ? 0 : h->elements;
    if ((!fits && !empty) || h->data_offset + h->elements * (int64_t)h->type->size != size) {
        char shape[TP__SHAPE_TEXT_SIZE];
        return tp_fail(TP_ERROR_FORMAT, "%s: the file's %lld bytes are not what %s of shape %s takes", path,
                       (long long)size, h->type->name,
                       tp__shape_text(shape, sizeof shape, h->ndim, h->shape));
    }
    return TP_OK;
}

/* Widens int8 or int16, which lie at the end of the tensor's memory; from the front, so that none is
 * overwritten before it was read. */
static void widen(const idx_header *h, char *to, const char *from)
{
    for (int64_t i = 0; i < h->elements; i++) {
        int32_t value;
        if (h->type->size == 1) {
            value = (signed char)from[i];
        } else {
            int16_t narrow;
            memcpy(&narrow, from + 2 * i, sizeof narrow);
            value = narrow;
        }
        memcpy(to + 4 * i, &value, sizeof value);
    }
}

static tp_tensor *read_elements(int file, const char *path, const idx_header *h)
{
    tp_region *region = tp__region_current();
    tp_tensor *t = region ? tp__tensor_new(region, h->type->dtype, h->ndim, h->shape) : NULL;
    if (!t)
        return NULL;
    const size_t size = h->type->size, wide = tp_dtype_size(h->type->dtype);
    char *at = t->data + (size_t)h->elements * (wide - size);
    if (tp__read_at(file, path, at, (size_t)h->elements * size, h->data_offset) != TP_OK)
        return NULL;
    if (size > 1 && tp__little_endian())
        tp__swap_bytes(at, (size_t)h->elements, size);
    if (wide != size)
        widen(h, t->data, at);
    return t;
}

tp_tensor *tp_idx_load(const char *path)
{
    TP_FRAME("idx_load");
    if (!path)
        return tp__null_argument("the path"), NULL;
    int64_t size;
    const int file = tp__open_regular(path, &size);
    if (file < 0)
        return NULL;
    idx_header h;
    tp_tensor *t = read_header(file, path, size, &h) == TP_OK ? read_elements(file, path, &h) : NULL;
    close(file);
    return t;
}
