/* Shapes changed and tensors taken apart, joined, repeated and padded. Views and tp_cat stand in ops.h.
 *
 * Names and meanings are PyTorch's; see ops.h for what holds of every operation. A function that gives
 * several tensors returns an array of them in the current region and writes their number to *n; NULL after an
 * error. */
#ifndef TAPER_SHAPE_H
#define TAPER_SHAPE_H

#include "taper/autograd.h"

TP_BEGIN

/* ---- Joining and taking apart ---- */

/* Joined along the second dimension (the first, for vectors; scalars count as vectors); along the first
 * (vectors count as rows). TP_ERROR_SHAPE where tp_cat refuses. */
TP_API tp_tensor *tp_hstack(tp_tensor *const *tensors, int n);
TP_API tp_tensor *tp_vstack(tp_tensor *const *tensors, int n);

/* Views of `size` places each along `dim`, the last one of what is left; of these sizes, which add up to the
 * dimension's; at most `chunks` views of equal size, the last one of what is left; one view of each place,
 * without the dimension. */
TP_API tp_tensor **tp_split(tp_tensor *x, int64_t size, int dim, int *n);
TP_API tp_tensor **tp_split_sizes(tp_tensor *x, int n_sizes, const int64_t *sizes, int dim, int *n);
TP_API tp_tensor **tp_chunk(tp_tensor *x, int64_t chunks, int dim, int *n);
TP_API tp_tensor **tp_unbind(tp_tensor *x, int dim, int *n);

/* `sections` views whose sizes differ by at most 1, the larger ones first; the views between `indices`, which
 * follow the rules of tp_slice. */
TP_API tp_tensor **tp_tensor_split(tp_tensor *x, int64_t sections, int dim, int *n);
TP_API tp_tensor **tp_tensor_split_at(tp_tensor *x, int n_indices, const int64_t *indices, int dim, int *n);

/* The vectors (or scalars) expanded to a grid, tensor i varying along dimension i; with `xy` the first two
 * change places. All of one dtype. */
TP_API tp_tensor **tp_meshgrid(tp_tensor *const *tensors, int count, bool xy, int *n);

/* All broadcast to their common shape, as views. */
TP_API tp_tensor **tp_broadcast_tensors(tp_tensor *const *tensors, int count, int *n);

/* ---- Repeating and turning ---- */

/* x side by side with itself, repeats[i] times along dimension i: as many numbers as dimensions, or more for
 * new ones in front. tp_tile_n takes fewer, too, which then belong to the last dimensions. */
TP_API tp_tensor *tp_repeat_n(tp_tensor *x, int n, const int64_t *repeats);
#define tp_repeat(x, ...) tp_repeat_n(x, TP_SHAPE(__VA_ARGS__))
TP_API tp_tensor *tp_tile_n(tp_tensor *x, int n, const int64_t *repeats);
#define tp_tile(x, ...) tp_tile_n(x, TP_SHAPE(__VA_ARGS__))

/* Each place of `dim` `repeats` times, one behind the other; as often as the int64 (or int32) vector
 * `repeats` says, which has one number for each place, or one for all. Reshape to a vector for PyTorch's form
 * without a dimension. */
TP_API tp_tensor *tp_repeat_interleave(tp_tensor *x, int64_t repeats, int dim);
TP_API tp_tensor *tp_repeat_interleave_by(tp_tensor *x, tp_tensor *repeats, int dim);

/* The named dimensions in reverse order. A copy. tp_flip(x, 0, -1) */
TP_API tp_tensor *tp_flip_n(tp_tensor *x, int n, const int *dims);
#define tp_flip(x, ...) tp_flip_n(x, TP_DIMS(__VA_ARGS__))
/* Place i goes to place i + shift, around the end. For PyTorch's form without dimensions: roll the flat
 * tensor. */
TP_API tp_tensor *tp_roll(tp_tensor *x, int64_t shift, int dim);
TP_API tp_tensor *tp_roll_n(tp_tensor *x, int n, const int64_t *shifts, const int *dims);
/* Turned k times by 90 degrees from dim0 towards dim1. */
TP_API tp_tensor *tp_rot90(tp_tensor *x, int64_t k, int dim0, int dim1);

/* ---- Padding ---- */

typedef enum tp_pad_mode {
    TP_PAD_CONSTANT = 0,  /* `value` */
    TP_PAD_REFLECT = 1,   /* mirrored at the edge element; less than the dimension's size */
    TP_PAD_REPLICATE = 2, /* the edge element */
    TP_PAD_CIRCULAR = 3   /* from the other end; at most the dimension's size */
} tp_pad_mode;

typedef struct tp_pad_options {
#ifdef __cplusplus
    tp_tensor *input = nullptr;
    int n_padding = 0;
    const int64_t *padding = nullptr;
    tp_pad_mode mode = TP_PAD_CONSTANT;
    double value = 0;
#else
    tp_tensor *input;
    int n_padding;          /* even, at most twice the number of dimensions */
    const int64_t *padding; /* in front and behind for the last dimension, then for the one before it, ...;
                               negative numbers take away */
    tp_pad_mode mode;
    double value; /* TP_PAD_CONSTANT only */
#endif
} tp_pad_options;

/* torch.nn.functional.pad, in any number of dimensions: tp_pad(x, TP_SHAPE(1, 1), .mode = TP_PAD_REFLECT). */
TP_API tp_tensor *tp_pad_with(const tp_pad_options *options);
#ifndef __cplusplus
#define tp_pad(...) TP_WITH_OPTIONS(tp_tensor *, tp_pad_with, tp_pad_options, .input = __VA_ARGS__)
#endif

/* ---- Other shapes ---- */

/* Dimensions source[i] become dimensions destination[i]; the others keep their order. */
TP_API tp_tensor *tp_movedim_n(tp_tensor *x, int n, const int *source, const int *destination);
TP_API tp_tensor *tp_movedim(tp_tensor *x, int source, int destination);
/* tp_transpose by its other name. */
TP_API tp_tensor *tp_swapaxes(tp_tensor *x, int dim0, int dim1);
/* Dimension `dim` cut into dimensions of these sizes, one of which may be -1. */
TP_API tp_tensor *tp_unflatten_n(tp_tensor *x, int dim, int n, const int64_t *sizes);
#define tp_unflatten(x, dim, ...) tp_unflatten_n(x, dim, TP_SHAPE(__VA_ARGS__))
/* Without those of the named dimensions that have size 1. */
TP_API tp_tensor *tp_squeeze_n(tp_tensor *x, int n, const int *dims);
/* tp_expand to the shape of `like`. */
TP_API tp_tensor *tp_expand_as(tp_tensor *x, const tp_tensor *like);
/* All windows of `size` places along `dim`, `step` apart: a view with the places of a window as a new last
 * dimension. */
TP_API tp_tensor *tp_unfold(tp_tensor *x, int dim, int64_t size, int64_t step);

/* ---- Diagonals and triangles ---- */

/* A view of the places where dim2 is dim1 + offset, as the last dimension. */
TP_API tp_tensor *tp_diagonal(tp_tensor *x, int64_t offset, int dim1, int dim2);
/* Zeros with the last dimension of x on the diagonal of the new dimensions dim1 and dim2 of the result. */
TP_API tp_tensor *tp_diag_embed(tp_tensor *x, int64_t offset, int dim1, int dim2);
/* The matrix with that vector on a diagonal; the diagonal of a matrix, copied. */
TP_API tp_tensor *tp_diag(tp_tensor *x, int64_t offset);
/* The sum of a matrix's diagonal. */
TP_API tp_tensor *tp_trace(tp_tensor *x);
/* Matrices (the last two dimensions) with zeros above, or below, the given diagonal: 0 is the main one, 1 the
 * next above it. */
TP_API tp_tensor *tp_tril(tp_tensor *x, int64_t diagonal);
TP_API tp_tensor *tp_triu(tp_tensor *x, int64_t diagonal);

TP_CLOSE

#ifdef __cplusplus
static inline tp_tensor *tp_pad(tp_tensor *input, int n_padding, const int64_t *padding,
                                tp_pad_options options = {})
{
    options.input = input;
    options.n_padding = n_padding;
    options.padding = padding;
    return tp_pad_with(&options);
}
#endif

#endif
