/* Looking at tensors: sizes, single elements, the whole array. */
#include "tensor/csr.h"

#include <math.h>
#include <string.h>

int tp_ndim(const tp_tensor *t)
{
    return t ? t->ndim : -1;
}

const int64_t *tp_shape(const tp_tensor *t)
{
    return t ? t->shape : NULL;
}

int64_t tp_numel(const tp_tensor *t)
{
    return t ? t->numel : -1;
}

tp_dtype tp_dtype_of(const tp_tensor *t)
{
    return t ? (tp_dtype)t->dtype : TP_F32;
}

bool tp_is_contiguous(const tp_tensor *t)
{
    return t && t->contiguous;
}

bool tp_is_sparse(const tp_tensor *t)
{
    return t && t->layout == TP__CSR;
}

int64_t tp_size(const tp_tensor *t, int dimension)
{
    if (!t) {
        tp__null_argument("size: the tensor");
        return -1;
    }
    const int d = tp__dimension(dimension, t->ndim);
    return d < 0 ? -1 : t->shape[d];
}

int64_t tp_stride(const tp_tensor *t, int dimension)
{
    if (!t) {
        tp__null_argument("stride: the tensor");
        return -1;
    }
    if (t->layout != TP__DENSE) {
        tp_fail(TP_ERROR_UNSUPPORTED, "stride: a CSR tensor has no strides");
        return -1;
    }
    const int d = tp__dimension(dimension, t->ndim);
    return d < 0 ? -1 : t->strides[d];
}

/* Whether `t` has elements to be read; if not, says why in the name of `who`. */
static bool readable(const char *who, const tp_tensor *t)
{
    if (!t)
        tp_fail(TP_ERROR_ARGUMENT, "%s: the tensor is NULL", who);
    else if (t->released)
        tp_fail(TP_ERROR_STATE, "%s: the tensor was released", who);
    else if (t->layout == TP__PRODUCT)
        tp_fail(TP_ERROR_UNSUPPORTED, "%s: the gradient is not multiplied out", who);
    else
        return true;
    return false;
}

/* The address of the element at `index`; NULL for one that a CSR tensor does not store. */
static const char *address(const tp_tensor *t, const int64_t *index)
{
    const size_t size = tp_dtype_size((tp_dtype)t->dtype);
    if (t->layout == TP__CSR) {
        const int64_t first = t->csr->row_starts[0];
        const int64_t end = t->csr->row_starts[index[0] + 1] - first;
        for (int64_t i = t->csr->row_starts[index[0]] - first; i < end; i++)
            if (t->csr->columns[i] == index[1])
                return t->data + i * (int64_t)size;
        return NULL;
    }
    int64_t offset = 0;
    for (int d = 0; d < t->ndim; d++)
        offset += index[d] * t->strides[d];
    return t->data + offset * (int64_t)size;
}

double tp_at_n(const tp_tensor *t, int count, const int64_t *index)
{
    if (!readable("at", t))
        return NAN;
    if (count != t->ndim || (count && !index)) {
        tp_fail(TP_ERROR_INDEX, "at: %d indices for a tensor of %d dimensions", count, t->ndim);
        return NAN;
    }
    int64_t position[TP_MAX_DIMS];
    for (int d = 0; d < count; d++) {
        if (index[d] < -t->shape[d] || index[d] >= t->shape[d]) {
            tp_fail(TP_ERROR_INDEX, "at: index %lld is out of bounds for dimension %d with size %lld",
                    (long long)index[d], d, (long long)t->shape[d]);
            return NAN;
        }
        position[d] = index[d] < 0 ? index[d] + t->shape[d] : index[d];
    }
    const char *p = address(t, position);
    return p ? tp__load_f64((tp_dtype)t->dtype, p) : 0;
}

static bool has_one_element(const char *who, const tp_tensor *t)
{
    if (!readable(who, t))
        return false;
    if (t->numel == 1)
        return true;
    tp_fail(TP_ERROR_SHAPE, "%s: a Tensor with %lld elements cannot be converted to Scalar", who,
            (long long)t->numel);
    return false;
}

double tp_item(const tp_tensor *t)
{
    static const int64_t zeros[TP_MAX_DIMS] = {0};
    if (!has_one_element("item", t))
        return NAN;
    const char *p = address(t, zeros);
    return p ? tp__load_f64((tp_dtype)t->dtype, p) : 0;
}

int64_t tp_item_i64(const tp_tensor *t)
{
    static const int64_t zeros[TP_MAX_DIMS] = {0};
    if (!has_one_element("item_i64", t))
        return -1;
    const char *p = address(t, zeros);
    if (!p)
        return 0;
    if (tp_dtype_is_float((tp_dtype)t->dtype)) {
        const double value = tp__load_f64((tp_dtype)t->dtype, p);
        if (!(value >= -0x1p63 && value < 0x1p63)) {
            tp_fail(TP_ERROR_VALUE, "item_i64: %g is not in the range of int64", value);
            return -1;
        }
    }
    return tp__load_i64((tp_dtype)t->dtype, p);
}

static void *data_for(const char *who, tp_tensor *t)
{
    if (!readable(who, t))
        return NULL;
    if (t->layout != TP__DENSE)
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "%s: a CSR tensor; use tp_csr_values", who);
    if (!t->contiguous)
        return tp__fail_null(TP_ERROR_STATE, "%s: the tensor is not contiguous; use tp_contiguous", who);
    return t->data;
}

void *tp_data(tp_tensor *t)
{
    return data_for("data", t);
}

static void *typed_data(const char *who, tp_tensor *t, tp_dtype dtype)
{
    if (t && t->dtype != dtype)
        return tp__fail_null(TP_ERROR_DTYPE, "%s: the tensor is %s, not %s", who,
                             tp_dtype_name((tp_dtype)t->dtype), tp_dtype_name(dtype));
    return data_for(who, t);
}

float *tp_data_f32(tp_tensor *t)
{
    return typed_data("data_f32", t, TP_F32);
}

double *tp_data_f64(tp_tensor *t)
{
    return typed_data("data_f64", t, TP_F64);
}

int32_t *tp_data_i32(tp_tensor *t)
{
    return typed_data("data_i32", t, TP_I32);
}

int64_t *tp_data_i64(tp_tensor *t)
{
    return typed_data("data_i64", t, TP_I64);
}

uint8_t *tp_data_u8(tp_tensor *t)
{
    return typed_data("data_u8", t, TP_U8);
}

bool *tp_data_bool(tp_tensor *t)
{
    return typed_data("data_bool", t, TP_BOOL);
}

tp_status tp_copy_to_array(const tp_tensor *t, void *array, size_t size)
{
    if (!readable("copy_to_array", t))
        return tp_error();
    const size_t item = tp_dtype_size((tp_dtype)t->dtype);
    const size_t wanted = (size_t)t->numel * item;
    if (!array && wanted)
        return tp__null_argument("copy_to_array: the array");
    if ((uint64_t)t->numel > PTRDIFF_MAX / item || size < wanted)
        return tp_fail(TP_ERROR_ARGUMENT,
                       "copy_to_array: %lld elements of %s do not fit into an array of %zu bytes",
                       (long long)t->numel, tp_dtype_name((tp_dtype)t->dtype), size);
    if (t->layout == TP__CSR) {
        tp__csr_densify(t, array);
        return TP_OK;
    }
    tp_tensor whole = *t;
    tp__contiguous_strides(t->ndim, t->shape, whole.strides);
    whole.contiguous = true;
    whole.data = array;
    tp__copy_elements(t, &whole);
    return TP_OK;
}
