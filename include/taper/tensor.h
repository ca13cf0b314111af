/* Tensors: making them, looking at them, reading and writing their elements.
 *
 * Shapes are argument lists: tp_zeros(TP_F32, 2, 3). The functions that end in _n take a count and a pointer,
 * for shapes known at run time and for other languages; a count of 0 makes a tensor of no dimensions.
 * Every function that makes a tensor puts it into the current region, and returns NULL after recording an
 * error. NULL operands pass through. Elements are never uninitialised. */
#ifndef TAPER_TENSOR_H
#define TAPER_TENSOR_H

#include "taper/dtype.h"
#include "taper/random.h"
#include "taper/region.h"

TP_BEGIN

typedef struct tp_tensor tp_tensor;

/* ---- Creation ---- */

/* All elements 0, 1, or `value` (rounded to a floating type; an integer type drops the fraction, and what it
 * cannot hold is a TP_ERROR_VALUE; bool is whether it is not 0). */
TP_API tp_tensor *tp_zeros_n(tp_dtype dtype, int ndim, const int64_t *shape);
TP_API tp_tensor *tp_ones_n(tp_dtype dtype, int ndim, const int64_t *shape);
TP_API tp_tensor *tp_full_n(tp_dtype dtype, double value, int ndim, const int64_t *shape);
#define tp_zeros(dtype, ...) tp_zeros_n(dtype, TP_SHAPE(__VA_ARGS__))
#define tp_ones(dtype, ...) tp_ones_n(dtype, TP_SHAPE(__VA_ARGS__))
#define tp_full(dtype, value, ...) tp_full_n(dtype, value, TP_SHAPE(__VA_ARGS__))

/* The same shape and dtype as `like`. */
TP_API tp_tensor *tp_zeros_like(const tp_tensor *like);
TP_API tp_tensor *tp_ones_like(const tp_tensor *like);
TP_API tp_tensor *tp_full_like(const tp_tensor *like, double value);

/* A tensor of no dimensions. */
TP_API tp_tensor *tp_scalar(tp_dtype dtype, double value);
TP_API tp_tensor *tp_scalar_i64(int64_t value);

/* start, start + step, ... while below `end` (above, for a negative step): ceil((end - start) / step)
 * elements, as torch.arange. Not for bool; integer types need whole numbers. */
TP_API tp_tensor *tp_arange(tp_dtype dtype, double start, double end, double step);

/* `steps` values from `start` to `end`, both included, as torch.linspace. Floating types only. */
TP_API tp_tensor *tp_linspace(tp_dtype dtype, double start, double end, int64_t steps);

/* [rows, columns] with ones on the diagonal. */
TP_API tp_tensor *tp_eye(tp_dtype dtype, int64_t rows, int64_t columns);

/* A copy of a C array of `dtype`'s C type (bool, uint8_t, int32_t, int64_t, float, double), row-major. */
TP_API tp_tensor *tp_from_array_n(tp_dtype dtype, const void *array, int ndim, const int64_t *shape);
#define tp_from_array(dtype, array, ...) tp_from_array_n(dtype, array, TP_SHAPE(__VA_ARGS__))

/* The same array without a copy: it must outlive the tensor; `release(argument)`, unless NULL, is called when
 * the current region ends, and not after an error. */
TP_API tp_tensor *tp_wrap_array_n(tp_dtype dtype, void *array, int ndim, const int64_t *shape,
                                  void (*release)(void *), void *argument);

/* From nested text, such as "[[1, 2], [3, 4]]", "[]", "3.5", "[true, false]", "nan", "-inf", "1e-3". The
 * inner lists of one level have equal lengths; integer types need whole numbers in their range. Errors name
 * the line and column (in bytes, from 1): TP_ERROR_FORMAT. */
TP_API tp_tensor *tp_from_text(tp_dtype dtype, const char *text);

/* ---- Random, from `generator` (NULL: the default generator); each follows PyTorch bit for bit ---- */

/* Uniform in [0, 1), and normal with mean 0 and deviation 1. Floating types. */
TP_API tp_tensor *tp_rand_n(tp_dtype dtype, tp_generator *generator, int ndim, const int64_t *shape);
TP_API tp_tensor *tp_randn_n(tp_dtype dtype, tp_generator *generator, int ndim, const int64_t *shape);
#define tp_rand(dtype, ...) tp_rand_n(dtype, NULL, TP_SHAPE(__VA_ARGS__))
#define tp_randn(dtype, ...) tp_randn_n(dtype, NULL, TP_SHAPE(__VA_ARGS__))

/* Integers in [low, high), int64. */
TP_API tp_tensor *tp_randint_n(int64_t low, int64_t high, tp_generator *generator, int ndim,
                               const int64_t *shape);
#define tp_randint(low, high, ...) tp_randint_n(low, high, NULL, TP_SHAPE(__VA_ARGS__))

/* A permutation of 0 to n - 1, int64. */
TP_API tp_tensor *tp_randperm(int64_t n, tp_generator *generator);

/* In place on a floating tensor of any strides, in the order of its memory: uniform in [from, to), normal, or
 * 1 with probability p and else 0. TP_ERROR_ARGUMENT for numbers that are no distribution; TP_ERROR_STATE for
 * a tensor that requires a gradient while it is recorded (see TP_SCOPE_NO_GRAD), and for one whose elements
 * share memory. */
TP_API tp_status tp_uniform_(tp_tensor *t, double from, double to, tp_generator *generator);
TP_API tp_status tp_normal_(tp_tensor *t, double mean, double std, tp_generator *generator);
TP_API tp_status tp_bernoulli_(tp_tensor *t, double p, tp_generator *generator);

/* ---- Looking ---- */

/* The number of dimensions; -1 for NULL. */
TP_API int tp_ndim(const tp_tensor *t);
/* The size of a dimension, negative ones counted from the end; -1 after an error. */
TP_API int64_t tp_size(const tp_tensor *t, int dimension);
/* The sizes, tp_ndim of them, owned by the tensor; NULL for NULL. */
TP_API const int64_t *tp_shape(const tp_tensor *t);
/* The distance of neighbours along a dimension, in elements; -1 after an error. */
TP_API int64_t tp_stride(const tp_tensor *t, int dimension);
/* The number of elements; -1 for NULL. */
TP_API int64_t tp_numel(const tp_tensor *t);
/* The element type; TP_F32 for NULL. */
TP_API tp_dtype tp_dtype_of(const tp_tensor *t);
/* Whether the strides are row-major; whether the layout is CSR. False for NULL. */
TP_API bool tp_is_contiguous(const tp_tensor *t);
TP_API bool tp_is_sparse(const tp_tensor *t);
/* Whether two tensors are equal in dtype, layout, shape and every element (NaN equals nothing; a CSR entry
 * that is not stored is 0). False for NULL. */
TP_API bool tp_equal(const tp_tensor *a, const tp_tensor *b);
/* Whether |a - b| <= atol + rtol |b| everywhere, as torch.allclose; NaN equals nothing. False for other
 * shapes or layouts, and for NULL. float32 with float32 is compared in float32, all else in double. */
TP_API bool tp_allclose(const tp_tensor *a, const tp_tensor *b, double rtol, double atol);

/* The only element of a tensor with one, as a number; tp_item_i64 drops the fraction. NaN, or -1, after an
 * error. Synchronises. */
TP_API double tp_item(const tp_tensor *t);
TP_API int64_t tp_item_i64(const tp_tensor *t);
/* The element at an index list of tp_ndim entries, negative ones counted from the end; NaN after an error. */
TP_API double tp_at_n(const tp_tensor *t, int count, const int64_t *index);
#define tp_at(t, ...) tp_at_n(t, TP_SHAPE(__VA_ARGS__))

/* The first element's address, for a contiguous tensor of that type; NULL after an error otherwise. Valid as
 * long as the tensor. Who writes through it must call tp_mark_changed, so that saved values are known to be
 * stale. */
TP_API void *tp_data(tp_tensor *t);
TP_API float *tp_data_f32(tp_tensor *t);
TP_API double *tp_data_f64(tp_tensor *t);
TP_API int32_t *tp_data_i32(tp_tensor *t);
TP_API int64_t *tp_data_i64(tp_tensor *t);
TP_API uint8_t *tp_data_u8(tp_tensor *t);
TP_API bool *tp_data_bool(tp_tensor *t);
TP_API void tp_mark_changed(tp_tensor *t);

/* Copies all elements, row-major and of the tensor's dtype, to `array`, which holds `size` bytes: enough, or
 * TP_ERROR_ARGUMENT. CSR is written out with its zeros. */
TP_API tp_status tp_copy_to_array(const tp_tensor *t, void *array, size_t size);

/* ---- Compressed sparse rows ---- */

/* A CSR matrix [rows, columns] from copies of its arrays: row_starts has rows + 1 entries from 0 up to
 * `stored`, columns and values have `stored`. Checked: order, range, and no column twice in a row. At most
 * 2^31 - 1 columns. */
TP_API tp_tensor *tp_csr(tp_dtype dtype, int64_t rows, int64_t columns, int64_t stored,
                         const int64_t *row_starts, const int32_t *column_of, const void *values);

/* Dense to CSR (entries other than 0; 2 dimensions) and back; a copy of what has the layout already. No
 * history is recorded. */
TP_API tp_tensor *tp_to_csr(const tp_tensor *dense);
TP_API tp_tensor *tp_to_dense(const tp_tensor *csr);

/* Stored entries; -1 if `t` is not CSR. */
TP_API int64_t tp_nnz(const tp_tensor *t);
/* The arrays; NULL if `t` is not CSR. row_starts[0] is not 0 in a slice of rows: entry i of the slice stands
 * at columns[i - row_starts[0]]. */
TP_API const int64_t *tp_csr_row_starts(const tp_tensor *t);
TP_API const int32_t *tp_csr_columns(const tp_tensor *t);
/* The stored values as a dense vector that shares them. */
TP_API tp_tensor *tp_csr_values(tp_tensor *t);
/* A new CSR matrix of the rows `indices[0 .. count-1]`, copied; from 0, in any order, repeats allowed. */
TP_API tp_tensor *tp_csr_rows(const tp_tensor *t, const int64_t *indices, int64_t count);

/* ---- Printing ---- */

/* Writes what PyTorch prints for `t`, and a line end. */
TP_API tp_status tp_print(FILE *stream, const tp_tensor *t);

/* The same text without the line end, in the current region. */
TP_API char *tp_repr(const tp_tensor *t);

/* How numbers are printed, for the calling thread; torch.set_printoptions. Defaults: 4 digits, summary above
 * 1000 elements, 3 at each edge, 80 columns. */
typedef struct tp_print_options {
    int precision;
    int64_t threshold;
    int64_t edge_items;
    int line_width;
} tp_print_options;
/* NULL sets the defaults. Negative digits and edges become 0, and digits above 100 become 100. */
TP_API void tp_set_print_options(const tp_print_options *options);
TP_API tp_print_options tp_get_print_options(void);

/* ---- Lifetime ---- */

/* Lifts `t` out of its region into the one around that; a second tp_keep lifts it one further. A tensor that
 * has history or requires a gradient takes all of the region's memory along, and the pointer stays. One
 * without moves its value, and the result is a new pointer; `t` remains valid until its region ends. A tensor
 * of the root or of a detached region is returned as it is. NULL after an error. */
TP_API tp_tensor *tp_keep(tp_tensor *t);

/* Says that `t` is not used any more: its data, unless views of it are left or it is saved, are recycled
 * before its region ends. Using it afterwards is an error. NULL is ignored. */
TP_API void tp_release(tp_tensor *t);

TP_CLOSE

#endif
