/* Writing safetensors: the header's length in 8 bytes, the header in JSON padded with spaces to a multiple of
 * 8, the elements. */
#include "io/elements.h"
#include "io/file.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "io/utf8.h"

#include <stdlib.h>
#include <string.h>

const tp__safetensors_type tp__safetensors_types[TP__SAFETENSORS_TYPES] = {
    {"BOOL", 8, TP_BOOL}, {"F4", 4, -1},          {"F6_E2M3", 6, -1},     {"F6_E3M2", 6, -1},
    {"U8", 8, TP_U8},     {"I8", 8, -1},          {"F8_E5M2", 8, -1},     {"F8_E4M3", 8, -1},
    {"F8_E8M0", 8, -1},   {"F8_E4M3FNUZ", 8, -1}, {"F8_E5M2FNUZ", 8, -1}, {"I16", 16, -1},
    {"U16", 16, -1},      {"F16", 16, TP_F16},    {"BF16", 16, TP_BF16},  {"I32", 32, TP_I32},
    {"U32", 32, -1},      {"F32", 32, TP_F32},    {"C64", 64, -1},        {"F64", 64, TP_F64},
    {"I64", 64, TP_I64},  {"U64", 64, -1}};

/* A tensor in the order of writing. */
typedef struct item {
    const char *name;
    const tp_tensor *tensor;
    int type;
} item;

typedef struct content {
    const item *items;
    int64_t n;
    const char *header;
    size_t header_length; /* padded */
} content;

static int type_of(const tp_tensor *t)
{
    int type = 0;
    while (tp__safetensors_types[type].dtype != t->dtype)
        type++;
    return type;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const item *)a)->name, ((const item *)b)->name);
}

static int by_type(const void *a, const void *b)
{
    const int difference = ((const item *)b)->type - ((const item *)a)->type;
    return difference ? difference : by_name(a, b);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static tp_status collect(item *items, const tp_named_tensor *tensors, int64_t n)
{
    char quoted[TP__QUOTE_SIZE], what[TP__QUOTE_SIZE + 32];
    for (int64_t i = 0; i < n; i++) {
        const char *name = tensors[i].name;
        if (!name)
            return tp__null_argument("safetensors_save: a tensor's name");
        tp__quote(quoted, sizeof quoted, name, strlen(name));
        snprintf(what, sizeof what, "safetensors_save: tensor %s", quoted);
        TP__TRY(tp__check_writable(tensors[i].tensor, what));
        if (strcmp(name, TP__SAFETENSORS_METADATA) == 0)
            return tp_fail(TP_ERROR_ARGUMENT, "%s: the format keeps that name for itself", what);
        items[i] = (item){name, tensors[i].tensor, type_of(tensors[i].tensor)};
    }
    qsort(items, (size_t)n, sizeof *items, by_name);
    for (int64_t i = 1; i < n; i++)
        if (strcmp(items[i - 1].name, items[i].name) == 0)
            return tp_fail(TP_ERROR_ARGUMENT, "safetensors_save: two tensors are named %s",
                           tp__quote(quoted, sizeof quoted, items[i].name, strlen(items[i].name)));
    qsort(items, (size_t)n, sizeof *items, by_type);
    return TP_OK;
}

static tp_status write_metadata(tp__json_writer *w, const tp_string_pair *metadata, int64_t m)
{
    const char **keys = tp__malloc((size_t)m * sizeof *keys);
    if (!keys)
        return TP_ERROR_MEMORY;
    tp_status status = TP_OK;
    for (int64_t i = 0; i < m && status == TP_OK; i++) {
        keys[i] = metadata[i].key;
        if (!metadata[i].key || !metadata[i].value)
            status = tp__null_argument("safetensors_save: a metadata text");
    }
    if (status == TP_OK)
        qsort(keys, (size_t)m, sizeof *keys, by_key);
    for (int64_t i = 1; i < m && status == TP_OK; i++) {
        char quoted[TP__QUOTE_SIZE];
        if (strcmp(keys[i - 1], keys[i]) == 0)
            status = tp_fail(TP_ERROR_ARGUMENT, "safetensors_save: the metadata have the key %s twice",
                             tp__quote(quoted, sizeof quoted, keys[i], strlen(keys[i])));
    }
    tp__free(keys);
    TP__TRY(status);
    tp__json_key(w, TP__SAFETENSORS_METADATA);
    tp__json_begin_object(w);
    for (int64_t i = 0; i < m; i++) {
        tp__json_key(w, metadata[i].key);
        tp__json_string(w, metadata[i].value);
    }
    tp__json_end_object(w);
    return w->status;
}

static tp_status write_json(tp__json_writer *w, const content *c, const tp_string_pair *metadata, int64_t m)
{
    int64_t offset = 0;
    tp__json_begin_object(w);
    if (m)
        TP__TRY(write_metadata(w, metadata, m));
    for (int64_t i = 0; i < c->n; i++) {
        const tp_tensor *t = c->items[i].tensor;
        const tp__safetensors_type *type = &tp__safetensors_types[c->items[i].type];
        tp__json_key(w, c->items[i].name);
        tp__json_begin_object(w);
        tp__json_key(w, "dtype");
        tp__json_string(w, type->name);
        tp__json_key(w, "shape");
        tp__json_begin_array(w);
        for (int d = 0; d < t->ndim; d++)
            tp__json_integer(w, t->shape[d]);
        tp__json_end_array(w);
        tp__json_key(w, "data_offsets");
        tp__json_begin_array(w);
        tp__json_integer(w, offset);
        if (__builtin_add_overflow(offset, t->numel * (type->bits / 8), &offset))
            return tp_fail(TP_ERROR_VALUE, "safetensors_save: more bytes than a file can hold");
        tp__json_integer(w, offset);
        tp__json_end_array(w);
        tp__json_end_object(w);
    }
    tp__json_end_object(w);
    const size_t padded = (w->length + 7) / 8 * 8;
    TP__TRY(w->status);
    TP__TRY(tp__grow((void **)&w->bytes, &w->capacity, padded, 1));
    memset(w->bytes + w->length, ' ', padded - w->length);
    w->length = padded;
    if (padded > TP__SAFETENSORS_LONGEST_HEADER)
        return tp_fail(TP_ERROR_VALUE, "safetensors_save: a header of %zu bytes; %d are allowed", padded,
                       TP__SAFETENSORS_LONGEST_HEADER);
    return TP_OK;
}

static tp_status write_content(tp__output *output, void *context)
{
    const content *c = context;
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(c->header_length >> (8 * i));
    TP__TRY(tp__output_write(output, length, sizeof length));
    TP__TRY(tp__output_write(output, c->header, c->header_length));
    for (int64_t i = 0; i < c->n; i++)
        TP__TRY(tp__write_elements(output, c->items[i].tensor));
    return TP_OK;
}

tp_status tp_safetensors_save(const char *path, const tp_named_tensor *tensors, int64_t n,
                              const tp_string_pair *metadata, int64_t m)
{
    if (n < 0 || m < 0)
        return tp_fail(TP_ERROR_ARGUMENT, "safetensors_save: %lld tensors and %lld metadata", (long long)n,
                       (long long)m);
    if (!path || (n && !tensors) || (m && !metadata))
        return tp__null_argument(!path           ? "safetensors_save: path"
                                 : n && !tensors ? "safetensors_save: tensors"
                                                 : "safetensors_save: metadata");
    item *items = tp__calloc((size_t)n, sizeof *items);
    if (!items)
        return TP_ERROR_MEMORY;
    tp__json_writer w = {0};
    content c = {items, n, NULL, 0};
    tp_status status = collect(items, tensors, n);
    if (status == TP_OK)
        status = write_json(&w, &c, metadata, m);
    c.header = w.bytes;
    c.header_length = w.length;
    if (status == TP_OK)
        status = tp__write_atomically(path, write_content, &c);
    tp__json_writer_free(&w);
    tp__free(items);
    return status;
}
