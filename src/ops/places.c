/* Finding the places that index tensors name. */
#include "ops/places.h"
#include "base/memory.h"
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "ops/reduce.h"

#include <math.h>
#include <string.h>

tp_tensor *tp__as_index(tp_tensor *index)
{
    if (!index || index->dtype == TP_I64)
        return index;
    if (index->dtype == TP_I32)
        return tp_to(index, TP_I64);
    return tp__fail_null(TP_ERROR_DTYPE, "Expected dtype int64 or int32 for index, not %s",
                         tp_dtype_name((tp_dtype)index->dtype));
}

/* A scalar counts as a vector of one element. */
static int dimensions(const tp_tensor *t)
{
    return t->ndim ? t->ndim : 1;
}

static int64_t size_of(const tp_tensor *t, int d)
{
    return t->ndim ? t->shape[d] : 1;
}

/* Whether the chosen dimensions stand side by side; the first of them. */
static bool adjacent(unsigned dims, int *first)
{
    *first = __builtin_ctz(dims);
    const unsigned run = dims >> *first;
    return (run & (run + 1)) == 0;
}

tp_status tp__places_shape(const tp_tensor *of, const tp__choice *choice, int n, tp_tensor *const *indices,
                           tp_result *result)
{
    tp_result common;
    int first, ndim = 0;
    int64_t shape[3 * TP_MAX_DIMS];
    if (n < 1 || choice->dims >> dimensions(of) || __builtin_popcount(choice->dims) != n)
        return tp_fail(TP_ERROR_ARGUMENT, "%d index tensors do not stand for dimensions 0x%x of %d", n,
                       choice->dims, of->ndim);
    TP__TRY(tp__broadcast(n, indices, &common));
    if (!adjacent(choice->dims, &first))
        first = 0;
    for (int d = 0; d <= dimensions(of); d++) {
        if (d == first)
            for (int k = 0; k < common.ndim; k++)
                shape[ndim++] = common.shape[k];
        if (d < dimensions(of) && !(choice->dims >> d & 1))
            shape[ndim++] = of->shape[d];
    }
    if (ndim > TP_MAX_DIMS)
        return tp_fail(TP_ERROR_SHAPE, "the result has %d dimensions, and a tensor has at most %d", ndim,
                       TP_MAX_DIMS);
    *result = (tp_result){.dtype = (tp_dtype)of->dtype, .ndim = ndim};
    memcpy(result->shape, shape, (size_t)ndim * sizeof *shape);
    return TP_OK;
}

/* The offsets of all elements of `in` with 0 in the dimensions other than begin to end - 1 and in the chosen
 * ones. */
static void list_offsets(const tp_tensor *in, unsigned chosen, int begin, int end, int64_t n,
                         int64_t *offsets)
{
    int64_t index[TP_MAX_DIMS] = {0}, offset = 0;
    for (int64_t i = 0; i < n; i++) {
        offsets[i] = offset;
        for (int d = end - 1; d >= begin; d--) {
            if (chosen >> d & 1)
                continue;
            offset += in->strides[d];
            if (++index[d] < in->shape[d])
                break;
            offset -= index[d] * in->strides[d];
            index[d] = 0;
        }
    }
}

static int64_t count(const tp_tensor *in, unsigned chosen, int begin, int end)
{
    int64_t n = 1;
    for (int d = begin; d < end; d++)
        if (!(chosen >> d & 1))
            n *= in->shape[d];
    return n;
}

/* Adds what one index tensor, spread to the common shape, contributes. */
static tp_status add_index(const tp_tensor *in, int dim, bool from_end, int which, int n_indices,
                           const tp_tensor *common, const int64_t *index, int64_t *at)
{
    const int64_t size = size_of(in, dim), stride = in->ndim ? in->strides[dim] : 1;
    for (int64_t i = 0; i < common->numel; i++) {
        const int64_t named = index[i], place = from_end && named < 0 ? named + size : named;
        if (place < 0 || place >= size) {
            char text[TP__SHAPE_TEXT_SIZE], of[32] = "";
            int64_t where[TP_MAX_DIMS], rest = i;
            for (int d = common->ndim - 1; d >= 0; d--) {
                where[d] = rest % common->shape[d];
                rest /= common->shape[d];
            }
            if (n_indices > 1)
                snprintf(of, sizeof of, " of index tensor %d", which);
            return tp_fail(TP_ERROR_INDEX,
                           "index %lld is out of bounds for dimension %d with size %lld; it stands at %s%s",
                           (long long)named, dim, (long long)size,
                           tp__shape_text(text, sizeof text, common->ndim, where), of);
        }
        at[i] += place * stride;
    }
    return TP_OK;
}

tp_status tp__places_find(const tp_tensor *in, const tp__choice *choice, int n, tp_tensor *const *indices,
                          tp__places *places)
{
    tp_result common;
    int first;
    *places = (tp__places){0};
    TP__TRY(tp__broadcast(n, indices, &common));
    tp_tensor like = {
        .dtype = TP_I64, .ndim = (int8_t)common.ndim, .numel = tp__numel(common.ndim, common.shape)};
    memcpy(like.shape, common.shape, sizeof like.shape);
    if (!adjacent(choice->dims, &first))
        first = 0;
    const int ndim = in->ndim;
    places->n_before = count(in, choice->dims, 0, first < ndim ? first : ndim);
    places->n_at = like.numel;
    places->n_after = count(in, choice->dims, first, ndim);
    int64_t *memory =
        tp__malloc((size_t)(places->n_before + places->n_at + places->n_after) * sizeof *places->memory);
    if (!memory)
        return TP_ERROR_MEMORY;
    places->memory = memory;
    places->before = memory;
    list_offsets(in, choice->dims, 0, first < ndim ? first : ndim, places->n_before, memory);
    places->after = memory += places->n_before;
    list_offsets(in, choice->dims, first, ndim, places->n_after, memory);
    places->even = true;
    for (int64_t i = 0; i < places->n_after && places->even; i++)
        places->even = memory[i] == i;
    places->at = memory += places->n_after;
    memset(memory, 0, (size_t)places->n_at * sizeof *memory);
    tp_status status = TP_OK;
    for (int d = 0, k = 0; k < n && status == TP_OK; d++) {
        tp__array index;
        if (!(choice->dims >> d & 1))
            continue;
        status = tp__spread(indices[k], &like, &index);
        if (status == TP_OK) {
            status = add_index(in, d, choice->from_end, k, n, &like, index.data, memory);
            tp_release(index.scratch);
        }
        k++;
    }
    if (status != TP_OK)
        tp__places_free(places);
    return status;
}

void tp__places_free(tp__places *places)
{
    tp__free(places->memory);
    places->memory = NULL;
}

/* ---- Meeting ---- */

#define MEETING(T, W, name, result)                                                                 \
    static void name(int64_t n, const int64_t *offsets, const void *values, int64_t step, void *to) \
    {                                                                                               \
        const T *from = values;                                                                     \
        T *out = to;                                                                                \
        for (int64_t i = 0; i < n && !offsets; i++) {                                               \
            const T a = out[i], b = from[i * step];                                                 \
            const W met = (W)(result);                                                              \
            (void)a;                                                                                \
            out[i] = (T)met;                                                                        \
        }                                                                                           \
        if (!offsets)                                                                               \
            return;                                                                                 \
        for (int64_t i = 0; i < n; i++) {                                                           \
            const T a = out[offsets[i]], b = from[i * step];                                        \
            const W met = (W)(result);                                                              \
            (void)a;                                                                                \
            out[offsets[i]] = (T)met;                                                               \
        }                                                                                           \
    }
/* Sums and products of integers wrap around; those of bool are or and and. NaN is larger and smaller than
 * all. */
#define MEETINGS(T, suffix, W, IS_NAN)                         \
    MEETING(T, W, set_##suffix, b)                             \
    MEETING(T, W, add_##suffix, (W)a + (W)b)                   \
    MEETING(T, W, multiply_##suffix, (W)a *(W)b)               \
    MEETING(T, W, larger_##suffix, a > b || IS_NAN(a) ? a : b) \
    MEETING(T, W, smaller_##suffix, a < b || IS_NAN(a) ? a : b)
#define NEVER(a) false
MEETINGS(bool, b8, unsigned, NEVER)
MEETINGS(uint8_t, u8, unsigned, NEVER)
MEETINGS(int32_t, i32, uint32_t, NEVER)
MEETINGS(int64_t, i64, uint64_t, NEVER)
MEETINGS(float, f32, float, isnan)
MEETINGS(double, f64, double, isnan)
MEETING(uint16_t, unsigned, set_h16, b) /* halves are written, not computed with */

typedef void meeting(int64_t n, const int64_t *offsets, const void *values, int64_t step, void *out);
#define BY_DTYPE(how)                                                  \
    {                                                                  \
        how##_b8, how##_u8, how##_i32, how##_i64, how##_f32, how##_f64 \
    }
static meeting *const meetings[][TP_DTYPES] = {
    {set_b8, set_u8, set_i32, set_i64, set_f32, set_f64, set_h16, set_h16},
    BY_DTYPE(add),
    BY_DTYPE(multiply),
    BY_DTYPE(larger),
    BY_DTYPE(smaller)};

void tp__meet(tp__meeting how, tp_dtype dtype, int64_t n, const int64_t *offsets, const void *values,
              int64_t step, void *out)
{
    meetings[how][dtype](n, offsets, values, step, out);
}

void tp__meet_places(tp__meeting how, const tp__places *p, const void *values, tp_tensor *out)
{
    meeting *const meet = meetings[how][out->dtype];
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)out->dtype);
    const char *from = values;
    for (int64_t b = 0; b < p->n_before; b++) {
        char *to = out->data + p->before[b] * size;
        if (p->n_after == 1) {
            meet(p->n_at, p->at, from, 1, to);
            from += p->n_at * size;
            continue;
        }
        for (int64_t i = 0; i < p->n_at; i++, from += p->n_after * size)
            meet(p->n_after, p->even ? NULL : p->after, from, 1, to + p->at[i] * size);
    }
}

/* ---- Single elements along one dimension ---- */

tp_status tp__refuse_index(int64_t index, const char *place, int dim, int64_t size)
{
    return tp_fail(TP_ERROR_INDEX,
                   "index %lld is out of bounds for dimension %d with size %lld; it stands at %s",
                   (long long)index, dim, (long long)size, place);
}

#define TAKE(T)                     \
    for (int64_t i = 0; i < n; i++) \
        ((T *)out)[i] = ((const T *)x)[offsets[i]];

void tp__take(size_t size, int64_t n, const void *x, const int64_t *offsets, void *out)
{
    if (size == 1)
        TAKE(uint8_t)
    else if (size == 2)
        TAKE(uint16_t)
    else if (size == 4)
        TAKE(uint32_t)
    else
        TAKE(uint64_t)
}

/* Goes over the elements of `index`; dimensions of one element are left out. */
typedef struct finder {
    const tp_tensor *index;
    int dim, ndim;
    int64_t size, stride; /* of dimension `dim` in what is pointed into */
    int64_t shape[TP_MAX_DIMS], steps[TP_MAX_DIMS], strides[TP_MAX_DIMS], place[TP_MAX_DIMS];
    int64_t from, offset; /* where the present element stands, and what the other dimensions contribute */
} finder;

static finder start(const tp_tensor *index, int dim, const tp_tensor *in)
{
    finder f = {
        .index = index, .dim = dim, .size = size_of(in, dim), .stride = in->ndim ? in->strides[dim] : 0};
    for (int d = 0; d < index->ndim; d++) {
        if (index->shape[d] == 1)
            continue;
        f.shape[f.ndim] = index->shape[d];
        f.steps[f.ndim] = index->strides[d];
        f.strides[f.ndim++] = d == dim || !in->ndim ? 0 : in->strides[d];
    }
    if (!f.ndim)
        f.shape[f.ndim++] = 1;
    return f;
}

static tp_status refuse_element(const tp_tensor *index, int64_t i, int64_t named, int dim, int64_t size)
{
    char text[TP__SHAPE_TEXT_SIZE];
    int64_t place[TP_MAX_DIMS];
    for (int d = index->ndim - 1; d >= 0; d--) {
        place[d] = i % index->shape[d];
        i /= index->shape[d];
    }
    return tp__refuse_index(named, tp__shape_text(text, sizeof text, index->ndim, place), dim, size);
}

/* The offsets of the next n elements, which lie in a row and begin with number `first`. */
static tp_status find_in_row(const finder *f, int64_t first, int64_t n, int64_t *offsets)
{
    const int64_t *named = (const int64_t *)(const void *)f->index->data + f->from;
    const int64_t step = f->steps[f->ndim - 1], stride = f->strides[f->ndim - 1];
    const uint64_t last = (uint64_t)f->size - 1, by = (uint64_t)f->stride;
    uint64_t outside = 0; /* in its highest bit: something is negative, or larger than `last` */
    if (step == 1 && stride == 0 && by == 1) {
        for (int64_t i = 0; i < n; i++) {
            outside |= (uint64_t)named[i] | (last - (uint64_t)named[i]);
            offsets[i] = (int64_t)((uint64_t)f->offset + (uint64_t)named[i]);
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            const uint64_t place = (uint64_t)named[i * step];
            outside |= place | (last - place);
            offsets[i] = (int64_t)((uint64_t)(f->offset + i * stride) + place * by);
        }
    }
    for (int64_t i = 0; i < n && outside >> 63; i++)
        if (named[i * step] < 0 || named[i * step] >= f->size)
            return refuse_element(f->index, first + i, named[i * step], f->dim, f->size);
    return TP_OK;
}

static void advance(finder *f, int64_t n)
{
    int d = f->ndim - 1;
    f->place[d] += n;
    f->from += n * f->steps[d];
    f->offset += n * f->strides[d];
    for (; d > 0 && f->place[d] == f->shape[d]; d--) {
        f->from += f->steps[d - 1] - f->place[d] * f->steps[d];
        f->offset += f->strides[d - 1] - f->place[d] * f->strides[d];
        f->place[d] = 0;
        f->place[d - 1]++;
    }
}

tp_status tp__each_element(const tp_tensor *index, int dim, const tp_tensor *in,
                           void (*use)(void *context, int64_t begin, int64_t n, const int64_t *offsets),
                           void *context)
{
    enum { SOME = 512 };
    int64_t offsets[SOME];
    finder f = start(index, dim, in);
    for (int64_t begin = 0; begin < index->numel;) {
        const int64_t all = index->numel - begin < SOME ? index->numel - begin : SOME;
        for (int64_t i = 0, n; i < all; i += n) {
            const int64_t row = f.shape[f.ndim - 1] - f.place[f.ndim - 1];
            n = row < all - i ? row : all - i;
            TP__TRY(find_in_row(&f, begin + i, n, offsets + i));
            advance(&f, n);
        }
        use(context, begin, all, offsets);
        begin += all;
    }
    return TP_OK;
}

typedef struct element_meeting {
    tp__meeting how;
    tp_dtype dtype;
    const char *values;
    int64_t step;
    void *out;
} element_meeting;

static void meet_some(void *context, int64_t begin, int64_t n, const int64_t *offsets)
{
    const element_meeting *m = context;
    tp__meet(m->how, m->dtype, n, offsets, m->values + begin * m->step * (int64_t)tp_dtype_size(m->dtype),
             m->step, m->out);
}

tp_status tp__meet_elements(tp__meeting how, const tp_tensor *index, int dim, const void *values,
                            int64_t step, tp_tensor *out)
{
    element_meeting m = {how, (tp_dtype)out->dtype, values, step, out->data};
    return tp__each_element(index, dim, out, meet_some, &m);
}
