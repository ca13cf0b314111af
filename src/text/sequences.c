/* Padding, and batches of like length. */
#include "taper/sequences.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/region.h"
#include "tensor/tensor.h"

#include <string.h>

static tp_status check(const tp_sequences *s, const char *name)
{
    if (!s)
        return tp__null_argument(name);
    if (s->count < 0 || !s->offsets)
        return tp_fail(TP_ERROR_ARGUMENT, "%s: a count of %lld, or no offsets", name, (long long)s->count);
    for (int64_t i = 0; i < s->count; i++)
        if (s->offsets[i] < 0 || s->offsets[i + 1] < s->offsets[i])
            return tp_fail(TP_ERROR_ARGUMENT, "%s: offsets[%lld] is negative or above the next", name,
                           (long long)i);
    if (!s->ids && s->count && s->offsets[s->count] > s->offsets[0])
        return tp_fail(TP_ERROR_ARGUMENT, "%s: ids is NULL", name);
    return TP_OK;
}

const int64_t *tp_sequence_at(const tp_sequences *s, int64_t index, int64_t *length)
{
    const bool there = s && index >= 0 && index < s->count;
    if (length)
        *length = there ? s->offsets[index + 1] - s->offsets[index] : 0;
    return there ? s->ids + s->offsets[index] : NULL;
}

static int64_t longest(const tp_sequences *s)
{
    int64_t most = 0;
    for (int64_t i = 0; i < s->count; i++)
        if (s->offsets[i + 1] - s->offsets[i] > most)
            most = s->offsets[i + 1] - s->offsets[i];
    return most;
}

tp_tensor *tp_pad_sequences_with(const tp_pad_sequences_options *o)
{
    if (!o)
        return tp__null_argument("pad: options"), NULL;
    if (check(o->sequences, "pad: sequences") != TP_OK)
        return NULL;
    const tp_sequences *s = o->sequences;
    const int64_t width = o->length >= 0 ? o->length : longest(s);
    tp_region *region = tp_region_current();
    tp_tensor *ids = region ? tp__tensor_new(region, TP_I64, 2, (const int64_t[]){s->count, width}) : NULL;
    tp_tensor *mask =
        ids && o->mask ? tp__tensor_new(region, TP_BOOL, 2, (const int64_t[]){s->count, width}) : NULL;
    if (!ids || (o->mask && !mask))
        return NULL;
    int64_t *out = (int64_t *)(void *)ids->data;
    for (int64_t i = 0; i < s->count; i++, out += width) {
        int64_t length;
        const int64_t *from = tp_sequence_at(s, i, &length);
        const int64_t kept = length < width ? length : width, first = o->pad_front ? width - kept : 0;
        if (o->cut_front)
            from += length - kept;
        for (int64_t k = 0; k < width; k++)
            out[k] = k >= first && k < first + kept ? from[k - first] : o->padding;
        for (int64_t k = 0; mask && k < width; k++)
            mask->data[i * width + k] = k >= first && k < first + kept;
    }
    if (o->mask)
        *o->mask = mask;
    return ids;
}

/* Merge sort by length: equal ones keep their order. `scratch` has room for as many. */
static void sort_by_length(const tp_sequences *s, int64_t *indices, int64_t *scratch, int64_t count)
{
    for (int64_t width = 1; width < count; width *= 2) {
        for (int64_t begin = 0; begin < count; begin += 2 * width) {
            const int64_t middle = begin + width < count ? begin + width : count;
            const int64_t end = begin + 2 * width < count ? begin + 2 * width : count;
            int64_t a = begin, b = middle;
            for (int64_t k = begin; k < end; k++) {
                bool left = a < middle;
                if (left && b < end) {
                    const int64_t x = indices[a], y = indices[b];
                    left = s->offsets[x + 1] - s->offsets[x] <= s->offsets[y + 1] - s->offsets[y];
                }
                scratch[k] = left ? indices[a++] : indices[b++];
            }
        }
        memcpy(indices, scratch, (size_t)count * sizeof *indices);
    }
}

tp_status tp_bucket_order(const tp_sequences *s, int64_t batch_size, int64_t pool, tp_generator *generator,
                          int64_t *indices)
{
    TP__TRY(check(s, "bucket_order: sequences"));
    if (!indices && s->count)
        return tp__null_argument("bucket_order: indices");
    if (batch_size < 1 || pool < 1 || pool > INT64_MAX / batch_size)
        return tp_fail(TP_ERROR_ARGUMENT, "bucket_order: batches of %lld in pools of %lld",
                       (long long)batch_size, (long long)pool);
    if (!s->count)
        return TP_OK;
    const int64_t batches = s->count / batch_size, size = pool * batch_size;
    int64_t *scratch = tp__malloc((size_t)s->count * sizeof *scratch);
    int64_t *order = tp__malloc((size_t)batches * sizeof *order);
    if (!scratch || !order) {
        tp__free(scratch);
        tp__free(order);
        return TP_ERROR_MEMORY;
    }
    tp__fill_randperm(generator, indices, s->count);
    for (int64_t begin = 0; begin < s->count; begin += size)
        sort_by_length(s, indices + begin, scratch, s->count - begin < size ? s->count - begin : size);
    /* The short batch, if there is one, stays last. */
    tp__fill_randperm(generator, order, batches);
    memcpy(scratch, indices, (size_t)s->count * sizeof *indices);
    for (int64_t b = 0; b < batches; b++)
        memcpy(indices + b * batch_size, scratch + order[b] * batch_size,
               (size_t)batch_size * sizeof *indices);
    tp__free(scratch);
    tp__free(order);
    return TP_OK;
}
