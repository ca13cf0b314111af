/* A tokenizer on disk: docs/model-format.md. */
#include "base/region.h"
#include "base/strings.h"
#include "taper/safetensors.h"
#include "tensor/tensor.h"
#include "text/tokenizer.h"

#include <string.h>

#define KIND "tokenizer"
#define VERSION "1"

static tp_tensor *merges_of(const tp_tokenizer *t)
{
    tp_tensor *merges =
        tp__tensor_new(tp_region_current(), TP_I32, 2, (const int64_t[]){(int64_t)t->merge_count, 2});
    int32_t *out = merges ? (int32_t *)(void *)merges->data : NULL;
    for (size_t i = 0; out && i < t->merge_count; i++) {
        out[2 * i] = (int32_t)t->merges[i].left;
        out[2 * i + 1] = (int32_t)t->merges[i].right;
    }
    return merges;
}

/* The special tokens, a line feed behind each. */
static tp_tensor *specials_of(const tp_tokenizer *t)
{
    int64_t size = 0;
    size_t length;
    for (int64_t i = 0; i < t->special_count; i++) {
        tp_string_at(t->specials, i, &length);
        size += (int64_t)length + 1;
    }
    tp_tensor *lines = tp__tensor_new(tp_region_current(), TP_U8, 1, &size);
    char *at = lines ? lines->data : NULL;
    for (int64_t i = 0; at && i < t->special_count; i++) {
        const char *name = tp_string_at(t->specials, i, &length);
        memcpy(at, name, length);
        at[length] = '\n';
        at += length + 1;
    }
    return lines;
}

tp_status tp_tokenizer_save(const tp_tokenizer *t, const char *path)
{
    if (!t || !path)
        return tp__null_argument(t ? "tokenizer_save: path" : "tokenizer_save: tokenizer");
    TP_SCOPE(save);
    if (!tp_scope_save_.region)
        return tp_error();
    const tp_named_tensor tensors[] = {{"merges", merges_of(t)}, {"special_tokens", specials_of(t)}};
    if (!tensors[0].tensor || !tensors[1].tensor)
        return tp_error();
    const tp_string_pair metadata[] = {{"taper", KIND}, {"version", VERSION}};
    return tp_safetensors_save(path, tensors, 2, metadata, 2);
}

static tp_status read_merges(const tp_tensor *merges, tp_tokenizer *t)
{
    if (merges->dtype != TP_I32 || merges->ndim != 2 || merges->shape[1] != 2 ||
        merges->shape[0] > INT32_MAX - tp__first_merge(t))
        return tp_fail(TP_ERROR_FORMAT, "merges is no int32 matrix of two columns");
    const size_t count = (size_t)merges->shape[0];
    const int32_t *from = (const int32_t *)(const void *)merges->data;
    TP__TRY(tp__grow((void **)&t->merges, &t->merge_capacity, count, sizeof *t->merges));
    for (size_t i = 0; i < count; i++) {
        if (from[2 * i] < 0 || from[2 * i + 1] < 0)
            return tp_fail(TP_ERROR_FORMAT, "merge %zu is of a negative id", i);
        t->merges[i] = (tp__merge){(uint32_t)from[2 * i], (uint32_t)from[2 * i + 1]};
    }
    t->merge_count = count;
    return tp__tokenizer_finish(t);
}

/* The lines of the tensor as texts, in the current region. NULL after an error. */
static const tp_strings *read_specials(const tp_tensor *lines)
{
    if (lines->dtype != TP_U8 || lines->ndim != 1 || (lines->numel && lines->data[lines->numel - 1] != '\n'))
        return tp__fail_null(TP_ERROR_FORMAT, "special_tokens is no vector of lines");
    int64_t count = 0;
    for (int64_t i = 0; i < lines->numel; i++)
        count += lines->data[i] == '\n';
    char *bytes;
    int64_t *offsets;
    tp_strings *texts =
        tp__strings_new(tp_region_current(), count, (size_t)(lines->numel - count), &bytes, &offsets);
    int64_t at = 0, line = 0;
    for (int64_t i = 0; texts && i < lines->numel; i++) {
        if (lines->data[i] == '\n')
            offsets[++line] = at;
        else
            bytes[at++] = lines->data[i];
    }
    return texts;
}

static tp_status check_kind(const tp_safetensors_file *file)
{
    const char *kind = tp_safetensors_metadata(file, "taper"),
               *version = tp_safetensors_metadata(file, "version");
    if (!kind || strcmp(kind, KIND))
        return tp_fail(TP_ERROR_FORMAT, "this is no tokenizer: the metadata have no \"taper\": \"" KIND "\"");
    if (!version || strcmp(version, VERSION))
        return tp_fail(TP_ERROR_UNSUPPORTED,
                       "a tokenizer of version %.40s; this program reads version " VERSION,
                       version ? version : "?");
    if (tp_safetensors_count(file) != 2)
        return tp_fail(TP_ERROR_FORMAT, "%lld tensors; a tokenizer has two",
                       (long long)tp_safetensors_count(file));
    return TP_OK;
}

tp_tokenizer *tp_tokenizer_load(const char *path)
{
    if (!path)
        return tp__null_argument("tokenizer_load: path"), NULL;
    tp_region *reading = tp_region_new("tokenizer_load");
    if (!reading || tp_region_enter(reading) != TP_OK)
        return NULL;
    const tp_safetensors_file *file = tp_safetensors_open(path);
    tp_tokenizer *t = NULL;
    {
        TP_FRAME(path);
        const tp_tensor *merges = NULL;
        const tp_strings *specials = NULL;
        if (file && check_kind(file) == TP_OK && (merges = tp_safetensors_tensor(file, "merges"))) {
            const tp_tensor *lines = tp_safetensors_tensor(file, "special_tokens");
            specials = lines ? read_specials(lines) : NULL;
        }
        tp_region_leave(reading);
        if (specials)
            t = tp__tokenizer_new(specials);
        if (t && read_merges(merges, t) != TP_OK)
            t = NULL;
    }
    tp_region_end(reading);
    return t;
}
