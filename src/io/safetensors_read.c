/* Reading safetensors. A file is taken apart and checked when it is opened; elements are read when asked for.
 */
#include "io/elements.h"
#include "io/file.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "io/utf8.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tp_safetensors_file {
    char *path;
    int file;
    tp_region *region;             /* of all below but the entries */
    int64_t count, metadata_count; /* read so far, while opening */
    tp_safetensors_entry *entries; /* in the order of their data */
    size_t capacity;
    const tp_safetensors_entry **by_name;
    tp_string_pair *metadata;
};

static void close_file(void *argument)
{
    tp_safetensors_file *f = argument;
    if (f->file >= 0)
        close(f->file);
    tp_region_end(f->region);
    tp__free(f->entries);
    tp__free(f->path);
    tp__free(f);
}

/* ---- The header ---- */

/* An error about one tensor. */
TP_PRINTF(4, 5)
static tp_status fail(const tp_safetensors_file *f, const char *name, tp_status status, const char *format,
                      ...)
{
    char quoted[TP__QUOTE_SIZE], what[320];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return tp_fail(status, "%s: tensor %s: %s", f->path, tp__quote(quoted, sizeof quoted, name, strlen(name)),
                   what);
}

static const char *quote(char buffer[TP__QUOTE_SIZE], tp__json_text string)
{
    return tp__quote(buffer, TP__QUOTE_SIZE, string.raw, string.length);
}

/* The only member with that key. */
static tp_status member(const tp_safetensors_file *f, const char *name, const tp__json *object,
                        const char *key, tp__json_kind kind, tp__json *found)
{
    bool any = false;
    tp__json m;
    for (bool more = tp__json_first(object, &m); more; more = tp__json_next(&m)) {
        if (!tp__json_is(m.key, key))
            continue;
        if (any)
            return fail(f, name, TP_ERROR_FORMAT, "'%s' is there twice", key);
        any = true;
        *found = m;
    }
    if (!any)
        return fail(f, name, TP_ERROR_FORMAT, "it has no '%s'", key);
    if (found->kind != kind)
        return fail(f, name, TP_ERROR_FORMAT, "'%s' is not %s", key,
                    kind == TP__JSON_STRING ? "a string" : "an array");
    return TP_OK;
}

static bool is_size(const tp__json *value)
{
    return value->kind == TP__JSON_NUMBER && value->is_integer && value->integer >= 0;
}

static tp_status read_type(const tp_safetensors_file *f, const char *name, const tp__json *object,
                           const tp__safetensors_type **type)
{
    tp__json text;
    TP__TRY(member(f, name, object, "dtype", TP__JSON_STRING, &text));
    for (int i = 0; i < TP__SAFETENSORS_TYPES; i++) {
        *type = &tp__safetensors_types[i];
        if (tp__json_is(text.text, (*type)->name))
            return TP_OK;
    }
    char quoted[TP__QUOTE_SIZE];
    return fail(f, name, TP_ERROR_UNSUPPORTED, "its dtype %s is not known", quote(quoted, text.text));
}

/* The shape into `entry`, and how many bytes such a tensor has. */
static tp_status read_shape(const tp_safetensors_file *f, const tp__json *object,
                            const tp__safetensors_type *type, tp_safetensors_entry *entry, int64_t *bytes)
{
    tp__json array, size;
    TP__TRY(member(f, entry->name, object, "shape", TP__JSON_ARRAY, &array));
    int64_t *shape = tp_region_alloc(f->region, (tp__json_count(&array) + 1) * sizeof *shape);
    if (!shape)
        return TP_ERROR_MEMORY;
    int64_t bits = 1;
    entry->shape = shape;
    for (bool more = tp__json_first(&array, &size); more; more = tp__json_next(&size)) {
        if (!is_size(&size))
            return fail(f, entry->name, TP_ERROR_FORMAT, "size %lld of its shape is no size",
                        (long long)entry->ndim);
        shape[entry->ndim++] = size.integer;
        if (__builtin_mul_overflow(bits, size.integer, &bits))
            return fail(f, entry->name, TP_ERROR_FORMAT, "its shape is too large");
    }
    if (__builtin_mul_overflow(bits, (int64_t)type->bits, &bits))
        return fail(f, entry->name, TP_ERROR_FORMAT, "its shape is too large");
    if (bits % 8)
        return fail(f, entry->name, TP_ERROR_FORMAT, "its elements do not fill whole bytes");
    *bytes = bits / 8;
    return TP_OK;
}

static tp_status read_offsets(const tp_safetensors_file *f, const tp__json *object,
                              tp_safetensors_entry *entry)
{
    tp__json array, item;
    TP__TRY(member(f, entry->name, object, "data_offsets", TP__JSON_ARRAY, &array));
    int64_t offsets[2];
    int count = 0;
    bool right = true;
    for (bool more = tp__json_first(&array, &item); more && right; more = tp__json_next(&item)) {
        right = count < 2 && is_size(&item);
        if (right)
            offsets[count++] = item.integer;
    }
    if (!right || count < 2 || offsets[0] > offsets[1])
        return fail(f, entry->name, TP_ERROR_FORMAT, "its data_offsets are not a beginning and an end");
    entry->offset = offsets[0];
    entry->bytes = offsets[1] - offsets[0];
    return TP_OK;
}

/* Entries grow as they are found to be right, so that a header which has none takes no memory for them. */
static tp_status read_entry(tp_safetensors_file *f, const tp__json *object)
{
    TP__TRY(tp__grow((void **)&f->entries, &f->capacity, (size_t)f->count + 1, sizeof *f->entries));
    tp_safetensors_entry *entry = &f->entries[f->count];
    char *name = tp__region_bump(f->region, object->key.length + 1);
    if (!name)
        return TP_ERROR_MEMORY;
    *entry = (tp_safetensors_entry){.name = name};
    if (tp__json_decode(object->key, name) != strlen(name))
        return fail(f, name, TP_ERROR_UNSUPPORTED, "its name has a NUL in it");
    if (object->kind != TP__JSON_OBJECT)
        return fail(f, entry->name, TP_ERROR_FORMAT, "it is not an object");
    const tp__safetensors_type *type;
    int64_t bytes = 0;
    TP__TRY(read_type(f, entry->name, object, &type));
    TP__TRY(read_shape(f, object, type, entry, &bytes));
    TP__TRY(read_offsets(f, object, entry));
    entry->dtype = type->name;
    if (entry->bytes != bytes)
        return fail(f, entry->name, TP_ERROR_FORMAT,
                    "its data_offsets [%lld, %lld] span %lld bytes, its shape and dtype need %lld",
                    (long long)entry->offset, (long long)(entry->offset + entry->bytes),
                    (long long)entry->bytes, (long long)bytes);
    f->count++;
    return TP_OK;
}

static tp_status read_metadata(tp_safetensors_file *f, const tp__json *object)
{
    if (f->metadata)
        return tp_fail(TP_ERROR_FORMAT, "%s: '__metadata__' is there twice", f->path);
    if (object->kind != TP__JSON_OBJECT)
        return tp_fail(TP_ERROR_FORMAT, "%s: '__metadata__' is not an object", f->path);
    tp__json m;
    char quoted[TP__QUOTE_SIZE];
    size_t count = 0, size = 0;
    for (bool more = tp__json_first(object, &m); more; more = tp__json_next(&m), count++) {
        if (m.kind != TP__JSON_STRING)
            return tp_fail(TP_ERROR_FORMAT, "%s: the metadata's %s is not a string", f->path,
                           quote(quoted, m.key));
        size += m.key.length + 1 + m.text.length + 1;
    }
    char *strings = tp_region_alloc(f->region, size + 1);
    f->metadata = tp_region_alloc(f->region, (count + 1) * sizeof *f->metadata);
    if (!strings || !f->metadata)
        return TP_ERROR_MEMORY;
    for (bool more = tp__json_first(object, &m); more; more = tp__json_next(&m)) {
        char *const key = strings, *const value = key + tp__json_decode(m.key, key) + 1;
        strings = value + tp__json_decode(m.text, value) + 1;
        if (strlen(key) + 1 + strlen(value) + 1 != (size_t)(strings - key))
            return tp_fail(TP_ERROR_UNSUPPORTED, "%s: the metadata's %s has a NUL in it", f->path,
                           quote(quoted, m.key));
        f->metadata[f->metadata_count++] = (tp_string_pair){key, value};
    }
    return TP_OK;
}

static int by_offset(const void *a, const void *b)
{
    const tp_safetensors_entry *x = a, *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const tp_safetensors_entry *const *)a)->name,
                  (*(const tp_safetensors_entry *const *)b)->name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const tp_string_pair *const *)a)->key, (*(const tp_string_pair *const *)b)->key);
}

/* No name and no key twice. */
static tp_status check_names(tp_safetensors_file *f)
{
    f->by_name = tp_region_alloc(f->region, ((size_t)f->count + 1) * sizeof *f->by_name);
    if (!f->by_name)
        return TP_ERROR_MEMORY;
    for (int64_t i = 0; i < f->count; i++)
        f->by_name[i] = &f->entries[i];
    qsort(f->by_name, (size_t)f->count, sizeof *f->by_name, by_name);
    for (int64_t i = 1; i < f->count; i++)
        if (strcmp(f->by_name[i - 1]->name, f->by_name[i]->name) == 0)
            return fail(f, f->by_name[i]->name, TP_ERROR_FORMAT, "it is there twice");
    const size_t pairs = (size_t)f->metadata_count;
    const tp_string_pair **keys = tp_region_alloc(f->region, (pairs + 1) * sizeof *keys);
    if (!keys)
        return TP_ERROR_MEMORY;
    for (size_t i = 0; i < pairs; i++)
        keys[i] = &f->metadata[i];
    qsort(keys, pairs, sizeof *keys, by_key);
    for (size_t i = 1; i < pairs; i++) {
        char quoted[TP__QUOTE_SIZE];
        if (strcmp(keys[i - 1]->key, keys[i]->key) == 0)
            return tp_fail(TP_ERROR_FORMAT, "%s: the metadata have %s twice", f->path,
                           tp__quote(quoted, sizeof quoted, keys[i]->key, strlen(keys[i]->key)));
    }
    return TP_OK;
}

/* The tensors follow each other from the header to the end of the file. */
static tp_status check_cover(tp_safetensors_file *f, int64_t data_begin, int64_t file_size)
{
    if (f->count)
        qsort(f->entries, (size_t)f->count, sizeof *f->entries, by_offset);
    int64_t end = 0;
    for (int64_t i = 0; i < f->count; i++) {
        tp_safetensors_entry *entry = &f->entries[i];
        if (entry->offset != end)
            return fail(f, entry->name, TP_ERROR_FORMAT, "it begins at data offset %lld, %s at %lld",
                        (long long)entry->offset,
                        entry->offset < end ? "inside the one before, which ends"
                                            : "leaving a gap to the one before, which ends",
                        (long long)end);
        end += entry->bytes;
        if (end > file_size - data_begin)
            return fail(f, entry->name, TP_ERROR_FORMAT,
                        "it ends at data offset %lld, beyond the file's end at %lld", (long long)end,
                        (long long)(file_size - data_begin));
        entry->offset += data_begin;
    }
    if (end != file_size - data_begin)
        return tp_fail(TP_ERROR_FORMAT,
                       "%s: %lld bytes stand behind the last tensor, which ends at byte %lld", f->path,
                       (long long)(file_size - data_begin - end), (long long)(data_begin + end));
    return TP_OK;
}

static tp_status read_header(tp_safetensors_file *f, const char *text, size_t length, int64_t file_size)
{
    if (text[0] != '{')
        return tp_fail(TP_ERROR_FORMAT, "%s: byte 8: the header does not begin with '{'", f->path);
    tp__json header, m;
    TP__TRY(tp__json_parse(f->path, text, length, &header));
    for (bool more = tp__json_first(&header, &m); more; more = tp__json_next(&m))
        TP__TRY(tp__json_is(m.key, TP__SAFETENSORS_METADATA) ? read_metadata(f, &m) : read_entry(f, &m));
    TP__TRY(check_cover(f, 8 + (int64_t)length, file_size));
    return check_names(f);
}

static tp_status open_file(tp_safetensors_file *f, const char *path)
{
    f->file = -1;
    int64_t file_size;
    if (!(f->path = tp__strdup(path)) || !(f->region = tp_region_new_detached("safetensors")))
        return TP_ERROR_MEMORY;
    if ((f->file = tp__open_regular(path, &file_size)) < 0)
        return tp_error();
    unsigned char start[8];
    if (file_size < 8)
        return tp_fail(TP_ERROR_FORMAT, "%s: a file of %lld bytes is too short for safetensors", path,
                       (long long)file_size);
    TP__TRY(tp__read_at(f->file, path, start, sizeof start, 0));
    if (!memcmp(start, "PK\3\4", 4))
        return tp_fail(TP_ERROR_FORMAT,
                       "%s: byte 0: a zip archive, such as torch.save writes; safetensors.torch.save_file "
                       "writes what can be read here",
                       path);
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--)
        length = length << 8 | start[i];
    if (length > TP__SAFETENSORS_LONGEST_HEADER || (int64_t)length > file_size - 8 || length == 0)
        return tp_fail(TP_ERROR_FORMAT,
                       "%s: byte 0: a header of %llu bytes in a file of %lld (at most %d are allowed)", path,
                       (unsigned long long)length, (long long)file_size, TP__SAFETENSORS_LONGEST_HEADER);
    char *text = tp__malloc((size_t)length);
    if (!text)
        return TP_ERROR_MEMORY;
    tp_status status = tp__read_at(f->file, path, text, (size_t)length, 8);
    if (status == TP_OK)
        status = read_header(f, text, (size_t)length, file_size);
    tp__free(text);
    return status;
}

tp_safetensors_file *tp_safetensors_open(const char *path)
{
    if (!path) {
        tp__null_argument("safetensors_open: path");
        return NULL;
    }
    tp_region *region = tp__region_current();
    tp_safetensors_file *f = region ? tp__calloc(1, sizeof *f) : NULL;
    if (!f)
        return NULL;
    if (open_file(f, path) != TP_OK || tp_region_on_end(region, close_file, f) != TP_OK) {
        close_file(f);
        return NULL;
    }
    return f;
}

/* ---- What is in it ---- */

int64_t tp_safetensors_count(const tp_safetensors_file *f)
{
    if (f)
        return f->count;
    tp__null_argument("safetensors_count: file");
    return -1;
}

const tp_safetensors_entry *tp_safetensors_entry_at(const tp_safetensors_file *f, int64_t i)
{
    if (!f) {
        tp__null_argument("safetensors_entry_at: file");
        return NULL;
    }
    if (i < 0 || i >= f->count)
        return tp__fail_null(TP_ERROR_INDEX, "%s: tensor %lld of %lld", f->path, (long long)i,
                             (long long)f->count);
    return &f->entries[i];
}

const char *tp_safetensors_name(const tp_safetensors_file *f, int64_t i)
{
    const tp_safetensors_entry *entry = tp_safetensors_entry_at(f, i);
    return entry ? entry->name : NULL;
}

static const tp_safetensors_entry *find(const tp_safetensors_file *f, const char *name)
{
    const tp_safetensors_entry key = {.name = name}, *pointer = &key;
    const tp_safetensors_entry *const *found =
        f->count ? bsearch(&pointer, f->by_name, (size_t)f->count, sizeof *f->by_name, by_name) : NULL;
    return found ? *found : NULL;
}

bool tp_safetensors_has(const tp_safetensors_file *f, const char *name)
{
    return f && name && find(f, name);
}

tp_tensor *tp_safetensors_tensor(const tp_safetensors_file *f, const char *name)
{
    if (!f || !name) {
        tp__null_argument(f ? "safetensors_tensor: name" : "safetensors_tensor: file");
        return NULL;
    }
    char quoted[TP__QUOTE_SIZE], what[TP__QUOTE_SIZE + 16];
    tp__quote(quoted, sizeof quoted, name, strlen(name));
    const tp_safetensors_entry *entry = find(f, name);
    if (!entry)
        return tp__fail_null(TP_ERROR_INDEX, "%s: no tensor %s among its %lld", f->path, quoted,
                             (long long)f->count);
    int dtype = -1;
    for (int i = 0; i < TP__SAFETENSORS_TYPES; i++)
        if (strcmp(tp__safetensors_types[i].name, entry->dtype) == 0)
            dtype = tp__safetensors_types[i].dtype;
    if (dtype < 0) {
        fail(f, name, TP_ERROR_UNSUPPORTED, "elements of dtype %s cannot be read", entry->dtype);
        return NULL;
    }
    if (entry->ndim > TP_MAX_DIMS) {
        fail(f, name, TP_ERROR_UNSUPPORTED, "it has %lld dimensions, at most %d can be read",
             (long long)entry->ndim, TP_MAX_DIMS);
        return NULL;
    }
    tp_tensor *t = tp_zeros_n((tp_dtype)dtype, (int)entry->ndim, entry->shape);
    snprintf(what, sizeof what, "tensor %s", quoted);
    if (!t || tp__read_elements(f->file, f->path, what, entry->offset, false, t) != TP_OK)
        return NULL;
    return t;
}

const char *tp_safetensors_metadata(const tp_safetensors_file *f, const char *key)
{
    for (int64_t i = 0; f && key && i < f->metadata_count; i++)
        if (strcmp(f->metadata[i].key, key) == 0)
            return f->metadata[i].value;
    return NULL;
}

int64_t tp_safetensors_metadata_count(const tp_safetensors_file *f)
{
    if (f)
        return f->metadata_count;
    tp__null_argument("safetensors_metadata_count: file");
    return -1;
}

const tp_string_pair *tp_safetensors_metadata_at(const tp_safetensors_file *f, int64_t i)
{
    if (!f) {
        tp__null_argument("safetensors_metadata_at: file");
        return NULL;
    }
    if (i < 0 || i >= f->metadata_count)
        return tp__fail_null(TP_ERROR_INDEX, "%s: metadata %lld of %lld", f->path, (long long)i,
                             (long long)f->metadata_count);
    return &f->metadata[i];
}

static tp_named_tensors *all_tensors(const tp_safetensors_file *f)
{
    tp_region *region = tp__region_current();
    tp_named_tensors *all = f && region ? tp_region_alloc(region, sizeof *all) : NULL;
    if (!all || !(all->items = tp_region_alloc(region, ((size_t)f->count + 1) * sizeof *all->items)))
        return NULL;
    for (; all->count < f->count; all->count++) {
        const char *name = f->entries[all->count].name;
        tp_named_tensor *to = &all->items[all->count];
        *to = (tp_named_tensor){tp__region_strdup(region, name), tp_safetensors_tensor(f, name)};
        if (!to->name || !to->tensor)
            return NULL;
    }
    return all;
}

tp_named_tensors *tp_safetensors_load(const char *path)
{
    /* A region of its own, so that the file is closed at once and not with the current region. */
    tp_region *open = tp_region_new_detached("safetensors_load");
    if (!open || tp_region_enter(open) != TP_OK) {
        tp_region_end(open);
        return NULL;
    }
    const tp_safetensors_file *f = tp_safetensors_open(path);
    tp_region_leave(open);
    tp_named_tensors *all = all_tensors(f);
    tp_region_end(open);
    return all;
}
