/* Single elements of any dtype, and copies between any strides and dtypes. */
#include "tensor/tensor.h"
#include "backend/cpu/table.h"
#include "backend/cpu/transpose.h"
#include "base/half.h"

#include <string.h>

/* What x86 hardware gives for numbers out of range, where C leaves the result undefined. */
static inline int64_t to_i64(double value)
{
    return value >= -0x1p63 && value < 0x1p63 ? (int64_t)value : INT64_MIN;
}

static inline int32_t to_i32(double value)
{
    return value > -2147483649.0 && value < 2147483648.0 ? (int32_t)value : INT32_MIN;
}

#define FROM_FLOAT_TO_boolean(v) ((v) != 0)
#define FROM_FLOAT_TO_uint8_t(v) ((uint8_t)to_i64((double)(v)))
#define FROM_FLOAT_TO_int32_t(v) to_i32((double)(v))
#define FROM_FLOAT_TO_int64_t(v) to_i64((double)(v))
#define FROM_FLOAT_TO_float(v) ((float)(v))
#define FROM_FLOAT_TO_double(v) ((double)(v))
#define FROM_FLOAT_TO_f16(v) ((f16){tp__f16_of_float((float)(v))})
#define FROM_FLOAT_TO_bf16(v) ((bf16){tp__bf16_of_float((float)(v))})
#define FROM_WHOLE_TO_f16(v) ((f16){tp__f16_of_float((float)(v))})
#define FROM_WHOLE_TO_bf16(v) ((bf16){tp__bf16_of_float((float)(v))})
#define FROM_WHOLE_TO_boolean(v) ((v) != 0)
#define FROM_WHOLE_TO_uint8_t(v) ((uint8_t)(v))
#define FROM_WHOLE_TO_int32_t(v) ((int32_t)(v))
#define FROM_WHOLE_TO_int64_t(v) ((int64_t)(v))
#define FROM_WHOLE_TO_float(v) ((float)(v))
#define FROM_WHOLE_TO_double(v) ((double)(v))

double tp__load_f64(tp_dtype dtype, const void *p)
{
    switch (dtype) {
    case TP_BOOL:
    case TP_U8:
        return *(const uint8_t *)p;
    case TP_I32:
        return *(const int32_t *)p;
    case TP_I64:
        return (double)*(const int64_t *)p;
    case TP_F32:
        return (double)*(const float *)p;
    case TP_F64:
        return *(const double *)p;
    case TP_F16:
        return (double)tp__float_of_f16(*(const uint16_t *)p);
    case TP_BF16:
        return (double)tp__float_of_bf16(*(const uint16_t *)p);
    }
    return 0;
}

int64_t tp__load_i64(tp_dtype dtype, const void *p)
{
    switch (dtype) {
    case TP_BOOL:
    case TP_U8:
        return *(const uint8_t *)p;
    case TP_I32:
        return *(const int32_t *)p;
    case TP_I64:
        return *(const int64_t *)p;
    case TP_F32:
        return to_i64((double)*(const float *)p);
    case TP_F64:
        return to_i64(*(const double *)p);
    case TP_F16:
    case TP_BF16:
        return to_i64(tp__load_f64(dtype, p));
    }
    return 0;
}

void tp__store_f64(tp_dtype dtype, void *p, double value)
{
    switch (dtype) {
    case TP_BOOL:
        *(bool *)p = value != 0;
        break;
    case TP_U8:
        *(uint8_t *)p = FROM_FLOAT_TO_uint8_t(value);
        break;
    case TP_I32:
        *(int32_t *)p = to_i32(value);
        break;
    case TP_I64:
        *(int64_t *)p = to_i64(value);
        break;
    case TP_F32:
        *(float *)p = (float)value;
        break;
    case TP_F64:
        *(double *)p = value;
        break;
    case TP_F16:
        *(uint16_t *)p = tp__f16_of_float((float)value);
        break;
    case TP_BF16:
        *(uint16_t *)p = tp__bf16_of_float((float)value);
        break;
    }
}

void tp__store_i64(tp_dtype dtype, void *p, int64_t value)
{
    switch (dtype) {
    case TP_BOOL:
        *(bool *)p = value != 0;
        break;
    case TP_U8:
        *(uint8_t *)p = (uint8_t)value;
        break;
    case TP_I32:
        *(int32_t *)p = (int32_t)value;
        break;
    case TP_I64:
        *(int64_t *)p = value;
        break;
    case TP_F32:
        *(float *)p = (float)value;
        break;
    case TP_F64:
        *(double *)p = (double)value;
        break;
    case TP_F16:
        *(uint16_t *)p = tp__f16_of_float((float)value);
        break;
    case TP_BF16:
        *(uint16_t *)p = tp__bf16_of_float((float)value);
        break;
    }
}

typedef bool boolean; /* bool itself is a macro, which cannot be part of a name */
typedef struct f16 {
    uint16_t bits;
} f16;
typedef struct bf16 {
    uint16_t bits;
} bf16;

/* One row of `n` elements; the distances are in elements. */
typedef void row_copy(const void *from, int64_t from_stride, void *to, int64_t to_stride, int64_t n);

#define COPY_ROW(FROM, TO, expression)                                                                 \
    static void copy_##FROM##_##TO(const void *from, int64_t from_stride, void *to, int64_t to_stride, \
                                   int64_t n)                                                          \
    {                                                                                                  \
        const FROM *in = from;                                                                         \
        TO *out = to;                                                                                  \
        if (from_stride == 1 && to_stride == 1) {                                                      \
            for (int64_t i = 0; i < n; i++) {                                                          \
                const FROM v = in[i];                                                                  \
                out[i] = expression;                                                                   \
            }                                                                                          \
        } else {                                                                                       \
            for (int64_t i = 0; i < n; i++) {                                                          \
                const FROM v = in[i * from_stride];                                                    \
                out[i * to_stride] = expression;                                                       \
            }                                                                                          \
        }                                                                                              \
    }
#define COPY(KIND, FROM, TO) COPY_ROW(FROM, TO, FROM_##KIND##_TO_##TO(v))
#define COPIES(KIND, FROM)    \
    COPY(KIND, FROM, boolean) \
    COPY(KIND, FROM, uint8_t) \
    COPY(KIND, FROM, int32_t) \
    COPY(KIND, FROM, int64_t) \
    COPY(KIND, FROM, float)   \
    COPY(KIND, FROM, double)  \
    COPY(KIND, FROM, f16)     \
    COPY(KIND, FROM, bf16)
COPIES(WHOLE, boolean)
COPIES(WHOLE, uint8_t)
COPIES(WHOLE, int32_t)
COPIES(WHOLE, int64_t)
COPIES(FLOAT, float)
COPIES(FLOAT, double)

/* From halves by way of float; between equal ones, bits. */
#define HALF_COPIES(FROM)                                                       \
    COPY_ROW(FROM, boolean, FROM_FLOAT_TO_boolean(tp__float_of_##FROM(v.bits))) \
    COPY_ROW(FROM, uint8_t, FROM_FLOAT_TO_uint8_t(tp__float_of_##FROM(v.bits))) \
    COPY_ROW(FROM, int32_t, FROM_FLOAT_TO_int32_t(tp__float_of_##FROM(v.bits))) \
    COPY_ROW(FROM, int64_t, FROM_FLOAT_TO_int64_t(tp__float_of_##FROM(v.bits))) \
    COPY_ROW(FROM, float, tp__float_of_##FROM(v.bits))                          \
    COPY_ROW(FROM, double, (double)tp__float_of_##FROM(v.bits))
HALF_COPIES(f16)
HALF_COPIES(bf16)
COPY_ROW(f16, f16, v)
COPY_ROW(bf16, bf16, v)
COPY_ROW(f16, bf16, ((bf16){tp__bf16_of_f16(v.bits)}))
COPY_ROW(bf16, f16, FROM_FLOAT_TO_f16(tp__float_of_bf16(v.bits)))

#define ROW(FROM)                                                                                   \
    {                                                                                               \
        copy_##FROM##_boolean, copy_##FROM##_uint8_t, copy_##FROM##_int32_t, copy_##FROM##_int64_t, \
            copy_##FROM##_float, copy_##FROM##_double, copy_##FROM##_f16, copy_##FROM##_bf16        \
    }
static row_copy *const row_copies[TP_DTYPES][TP_DTYPES] = {
    ROW(boolean), ROW(uint8_t), ROW(int32_t), ROW(int64_t), ROW(float), ROW(double), ROW(f16), ROW(bf16)};

/* ---- Any strides ---- */

/* Elements of a long dimension that are copied before the next row of a few, so that lines stay in the cache.
 */
#define STRETCH 2048

/* Dimensions of fewer elements are gone through one by one rather than transposed. */
#define NARROW 8

/* How to go through both tensors: the dimensions by their stride in the target, the nearest elements last;
 * there are at least two. */
typedef struct walk {
    int ndim;
    int64_t shape[TP_MAX_DIMS], from[TP_MAX_DIMS], to[TP_MAX_DIMS];
    row_copy *copy;
    size_t from_size, to_size;
    bool same; /* the dtypes are */
} walk;

static int64_t distance(int64_t stride)
{
    return stride < 0 ? -stride : stride;
}

static void move_dimension(walk *w, int at, int to)
{
    int64_t *const rows[3] = {w->shape, w->from, w->to};
    for (int k = 0; k < 3; k++) {
        const int64_t moved = rows[k][at];
        memmove(rows[k] + (at < to ? at : to + 1), rows[k] + (at < to ? at + 1 : to),
                (size_t)(at < to ? to - at : at - to) * sizeof moved);
        rows[k][to] = moved;
    }
}

/* The dimensions of more than one element, sorted; neighbours through which both tensors step evenly are one.
 */
static void plan_walk(const tp_tensor *from, const tp_tensor *to, walk *w)
{
    int n = 0, kept = 0;
    for (int d = 0; d < from->ndim; d++) {
        if (from->shape[d] == 1)
            continue;
        w->shape[n] = from->shape[d];
        w->from[n] = from->strides[d];
        w->to[n] = to->strides[d];
        int place = n++;
        while (place && distance(w->to[place - 1]) < distance(to->strides[d]))
            place--;
        move_dimension(w, n - 1, place);
    }
    for (int d = 1; d < n; d++) {
        const bool joins = w->from[kept] == w->from[d] * w->shape[d] && w->to[kept] == w->to[d] * w->shape[d];
        kept += !joins;
        w->shape[kept] = joins ? w->shape[kept] * w->shape[d] : w->shape[d];
        w->from[kept] = w->from[d];
        w->to[kept] = w->to[d];
    }
    w->ndim = n ? kept + 1 : 0;
    while (w->ndim < 2) {
        w->shape[w->ndim] = 1;
        w->from[w->ndim] = w->to[w->ndim] = 0;
        move_dimension(w, w->ndim, 0);
        w->ndim++;
    }
}

static void copy_run(const walk *w, const char *from, int64_t from_stride, char *to, int64_t to_stride,
                     int64_t n)
{
    if (w->same && from_stride == 1 && to_stride == 1)
        memcpy(to, from, (size_t)n * w->to_size);
    else
        w->copy(from, from_stride, to, to_stride, n);
}

/* The last two dimensions, along `run`, which is one of them. */
static void copy_plane(const walk *w, int run, const char *from, char *to)
{
    const int other = 2 * w->ndim - 3 - run;
    for (int64_t begin = 0; begin < w->shape[run]; begin += STRETCH) {
        const int64_t left = w->shape[run] - begin, n = left < STRETCH ? left : STRETCH;
        for (int64_t i = 0; i < w->shape[other]; i++)
            copy_run(w, from + (i * w->from[other] + begin * w->from[run]) * (int64_t)w->from_size,
                     w->from[run], to + (i * w->to[other] + begin * w->to[run]) * (int64_t)w->to_size,
                     w->to[run], n);
    }
}

/* The same in tiles, where the target's rows are the source's columns. */
static void transpose_plane(const walk *w, const char *from, char *to)
{
    _Alignas(64) char tile[TP__TILE * 8];
    const int row = w->ndim - 2, column = w->ndim - 1;
    const int64_t from_size = (int64_t)w->from_size, to_size = (int64_t)w->to_size;
    for (int64_t c = 0; c < w->shape[column]; c += TP__TILE_COLUMNS)
        for (int64_t r = 0; r < w->shape[row]; r += TP__TILE_ROWS) {
            const int64_t rows_left = w->shape[row] - r, columns_left = w->shape[column] - c;
            const int64_t rows = rows_left < TP__TILE_ROWS ? rows_left : TP__TILE_ROWS,
                          columns = columns_left < TP__TILE_COLUMNS ? columns_left : TP__TILE_COLUMNS;
            tp__transpose(w->from_size, rows, columns,
                          from + (r * w->from[row] + c * w->from[column]) * from_size, w->from[row],
                          w->from[column], tile);
            for (int64_t k = 0; k < rows; k++)
                copy_run(w, tile + k * TP__TILE_COLUMNS * from_size, 1,
                         to + ((r + k) * w->to[row] + c * w->to[column]) * to_size, w->to[column], columns);
        }
}

static TP__APART void copy_strided(const tp_tensor *from, tp_tensor *to)
{
    walk w = {.copy = row_copies[from->dtype][to->dtype],
              .from_size = tp__item_size((tp_dtype)from->dtype),
              .to_size = tp__item_size((tp_dtype)to->dtype),
              .same = from->dtype == to->dtype};
    plan_walk(from, to, &w);
    const int last = w.ndim - 1;
    int nearest = last;
    for (int d = 0; d < last; d++)
        if (w.from[d] && distance(w.from[d]) < distance(w.from[nearest]))
            nearest = d;
    int run = last;
    if (nearest != last) {
        move_dimension(&w, nearest, last - 1);
        run = w.shape[last - 1] < w.shape[last] ? last : last - 1;
    }
    const bool transposes = nearest != last && w.shape[last] >= NARROW && w.shape[last - 1] >= NARROW;
    int64_t index[TP_MAX_DIMS] = {0};
    for (;;) {
        const char *in = from->data;
        char *out = to->data;
        for (int d = 0; d < last - 1; d++) {
            in += index[d] * w.from[d] * (int64_t)w.from_size;
            out += index[d] * w.to[d] * (int64_t)w.to_size;
        }
        if (transposes)
            transpose_plane(&w, in, out);
        else
            copy_plane(&w, run, in, out);
        int d = last - 2;
        while (d >= 0 && ++index[d] == w.shape[d])
            index[d--] = 0;
        if (d < 0)
            return;
    }
}

void tp__copy_elements(const tp_tensor *from, tp_tensor *to)
{
    const bool contiguous = from->contiguous && to->contiguous;
    if (!from->numel)
        return;
    if (contiguous && from->dtype == to->dtype)
        memcpy(to->data, from->data, (size_t)from->numel * tp__item_size((tp_dtype)from->dtype));
    else if (contiguous && (tp_dtype_is_half((tp_dtype)from->dtype) || tp_dtype_is_half((tp_dtype)to->dtype)))
        tp__elementwise()->convert[from->dtype][to->dtype](from->numel, from->data, 1, to->data);
    else
        copy_strided(from, to);
}
