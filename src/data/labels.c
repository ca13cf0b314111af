/* Names of classes as numbers and back, after scikit-learn's LabelEncoder. */
#include "base/region.h"
#include "taper/labels.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct name {
    const char *bytes;
    size_t length;
    int64_t number;
} name;

struct tp_label_encoder {
    tp_strings classes; /* by number */
    name *sorted;       /* by bytes */
};

static int by_bytes(const void *a, const void *b)
{
    const name *x = a, *y = b;
    const size_t shorter = x->length < y->length ? x->length : y->length;
    const int order = shorter ? memcmp(x->bytes, y->bytes, shorter) : 0;
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

/* Names `order[0 .. count - 1]` behind each other. */
static bool copy_names(tp_region *region, const name *order, int64_t count, tp_strings *strings)
{
    size_t length = 0;
    for (int64_t k = 0; k < count; k++)
        length += order[k].length;
    char *bytes = tp_region_alloc(region, length + 1);
    int64_t *offsets = bytes ? tp_region_alloc(region, ((size_t)count + 1) * sizeof *offsets) : NULL;
    if (!offsets)
        return false;
    offsets[0] = 0;
    for (int64_t k = 0; k < count; k++) {
        memcpy(bytes + offsets[k], order[k].bytes, order[k].length);
        offsets[k + 1] = offsets[k] + (int64_t)order[k].length;
    }
    *strings = (tp_strings){count, bytes, offsets};
    return true;
}

static name *list_names(const tp_strings *strings)
{
    name *names = tp_region_alloc(tp_region_current(), ((size_t)strings->count + 1) * sizeof *names);
    for (int64_t i = 0; names && i < strings->count; i++) {
        names[i].bytes = tp_string_at(strings, i, &names[i].length);
        names[i].number = i;
    }
    return names;
}

/* An encoder in `home` for different names in the order of their numbers. */
static tp_label_encoder *make(tp_region *home, const name *names, int64_t count)
{
    tp_label_encoder *encoder = tp_region_alloc(home, sizeof *encoder);
    if (!encoder || !copy_names(home, names, count, &encoder->classes))
        return NULL;
    encoder->sorted = tp_region_alloc(home, ((size_t)count + 1) * sizeof *encoder->sorted);
    if (!encoder->sorted)
        return NULL;
    for (int64_t k = 0; k < count; k++) {
        encoder->sorted[k].bytes = tp_string_at(&encoder->classes, k, &encoder->sorted[k].length);
        encoder->sorted[k].number = k;
    }
    qsort(encoder->sorted, (size_t)count, sizeof *encoder->sorted, by_bytes);
    return encoder;
}

tp_label_encoder *tp_label_encoder_fit(const tp_strings *labels)
{
    TP_FRAME("label_encoder_fit");
    if (!labels)
        return tp__null_argument("the labels"), NULL;
    tp_region *home = tp__region_current();
    if (!home)
        return NULL;
    TP_SCOPE(fit);
    name *names = list_names(labels);
    if (!names)
        return NULL;
    qsort(names, (size_t)labels->count, sizeof *names, by_bytes);
    int64_t different = 0;
    for (int64_t i = 0; i < labels->count; i++)
        if (!i || by_bytes(&names[i], &names[different - 1]) != 0)
            names[different++] = names[i];
    return make(home, names, different);
}

tp_label_encoder *tp_label_encoder_of(const tp_strings *classes)
{
    TP_FRAME("label_encoder_of");
    if (!classes)
        return tp__null_argument("the classes"), NULL;
    tp_region *home = tp__region_current();
    if (!home)
        return NULL;
    TP_SCOPE(fit);
    const name *names = list_names(classes);
    tp_label_encoder *encoder = names ? make(home, names, classes->count) : NULL;
    for (int64_t k = 1; encoder && k < classes->count; k++)
        if (by_bytes(&encoder->sorted[k - 1], &encoder->sorted[k]) == 0)
            return tp__fail_null(TP_ERROR_VALUE, "class %lld and class %lld are both named '%.*s'",
                                 (long long)encoder->sorted[k - 1].number,
                                 (long long)encoder->sorted[k].number,
                                 (int)(encoder->sorted[k].length < 80 ? encoder->sorted[k].length : 80),
                                 encoder->sorted[k].bytes);
    return encoder;
}

const tp_strings *tp_label_classes(const tp_label_encoder *encoder)
{
    return encoder ? &encoder->classes : NULL;
}

int64_t tp_label_count(const tp_label_encoder *encoder)
{
    return encoder ? encoder->classes.count : -1;
}

int64_t tp_label_find(const tp_label_encoder *encoder, const char *label, size_t length)
{
    if (!encoder || !label)
        return -1;
    const name wanted = {label, length, 0};
    const name *found =
        bsearch(&wanted, encoder->sorted, (size_t)encoder->classes.count, sizeof wanted, by_bytes);
    return found ? found->number : -1;
}

tp_tensor *tp_label_encode(const tp_label_encoder *encoder, const tp_strings *labels)
{
    TP_FRAME("label_encode");
    if (!encoder || !labels)
        return tp__null_argument(encoder ? "the labels" : "the encoder"), NULL;
    tp_tensor *numbers = tp_zeros(TP_I64, labels->count);
    for (int64_t i = 0; numbers && i < labels->count; i++) {
        size_t length;
        const char *label = tp_string_at(labels, i, &length);
        const int64_t number = tp_label_find(encoder, label, length);
        if (number < 0)
            return tp__fail_null(TP_ERROR_VALUE, "label %lld, '%.*s', is none of the %lld classes",
                                 (long long)i, (int)(length < 80 ? length : 80), label,
                                 (long long)encoder->classes.count);
        tp_data_i64(numbers)[i] = number;
    }
    return numbers;
}

tp_strings *tp_label_decode(const tp_label_encoder *encoder, const tp_tensor *numbers)
{
    TP_FRAME("label_decode");
    if (!encoder || !numbers)
        return tp__null_argument(encoder ? "the numbers" : "the encoder"), NULL;
    if (numbers->layout != TP__DENSE)
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "the numbers are a CSR matrix");
    tp_region *home = tp__region_current();
    tp_strings *result = home ? tp_region_alloc(home, sizeof *result) : NULL;
    if (!result)
        return NULL;
    TP_SCOPE(decode);
    tp_tensor *wide = tp__tensor_new(tp_region_current(), TP_F64, numbers->ndim, numbers->shape);
    name *names =
        wide ? tp_region_alloc(tp_region_current(), ((size_t)numbers->numel + 1) * sizeof *names) : NULL;
    if (!names)
        return NULL;
    tp__copy_elements(numbers, wide);
    for (int64_t i = 0; i < numbers->numel; i++) {
        const double value = tp_data_f64(wide)[i];
        if (!(value >= 0 && value < (double)encoder->classes.count) || value != floor(value))
            return tp__fail_null(TP_ERROR_INDEX, "number %lld is %g; there are %lld classes", (long long)i,
                                 value, (long long)encoder->classes.count);
        names[i].bytes = tp_string_at(&encoder->classes, (int64_t)value, &names[i].length);
    }
    return copy_names(home, names, numbers->numel, result) ? result : NULL;
}
