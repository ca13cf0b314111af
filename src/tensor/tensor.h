/* The inside of a tensor: a header over storage that views share. */
#ifndef TAPER_TENSOR_TENSOR_H
#define TAPER_TENSOR_TENSOR_H

#include "base/region.h"
#include "taper/tensor.h"

/* The bytes that a tensor and its views share. */
typedef struct tp__storage {
    void *data;
    size_t size;      /* bytes */
    uint32_t version; /* raised by every in-place change */
    uint32_t views;   /* not released users, those of ended regions included */
    tp__block *block; /* NULL while the data lies in a region's chunk or belongs to somebody else */
} tp__storage;

/* Compressed sparse rows: row r has the entries row_starts[r] to row_starts[r+1] - 1, with their columns here
 * and their values in the tensor's data. Columns need not be sorted; none stands twice in a row. */
typedef struct tp__csr {
    const int64_t *row_starts; /* rows + 1; row_starts[0] may be above 0 in a slice of rows */
    const int32_t *columns;
} tp__csr;

typedef enum tp__layout {
    TP__DENSE = 0,
    TP__CSR = 1,
    /* A gradient not yet multiplied out: transpose(left) times the CSR right; see heart/walk.c. */
    TP__PRODUCT = 2
} tp__layout;

/* The part of a tape's node that this layer knows. */
typedef struct tp__history {
    /* The operation's, "log_softmax", or a node's own as it is printed, "PowBackward0". */
    const char *name;
} tp__history;

/* What is printed after grad_fn=: "LogSoftmaxBackward0" for "log_softmax". Into `buffer`, which is returned.
 */
#define TP__NODE_NAME_SIZE 64
const char *tp__history_name(const tp__history *history, char buffer[TP__NODE_NAME_SIZE]);

struct tp_tensor {
    union {
        struct {
            uint8_t dtype;
            uint8_t layout;
            int8_t ndim;
            uint8_t output_index; /* of `history` */
            bool contiguous : 1;
            bool requires_grad : 1; /* for a leaf as asked for; for others, because an input did */
            bool number : 1;        /* stands for a number of the program: lowest promotion priority */
            bool released : 1;      /* tp_release gave its data back */
            bool is_parameter : 1;
            bool retains_grad : 1;
            bool saved : 1;     /* a node may read it: tp_release leaves it alone */
            bool temporary : 1; /* made during a backward walk, which may recycle it once it is passed on */
            bool pending : 1;   /* waits in a backward walk as the gradient of one tensor */
            bool hooked : 1;    /* has hooks, which a backward calls; see heart/hooks.c */
        };
        uint64_t head; /* all of these at once, to be compared with and made of TP__HEADs */
    };
    int64_t numel; /* for CSR: rows times columns */
    char *data;    /* the first element; for CSR: the values */
    tp__storage *storage;
    tp__home *home; /* where it lives: tp__home_region(home), since regions can be spliced into outer ones */
    tp__history *history;  /* what computed it while recording (a tp__node); NULL for leaves */
    struct tp__leaf *leaf; /* the gradient's place, made on demand; see heart/leaf.h */
    const tp__csr *csr;
    int64_t stored; /* CSR: stored entries; else numel */
    int64_t shape[TP_MAX_DIMS];
    int64_t strides[TP_MAX_DIMS]; /* in elements */
};

/* What `head` is where the given fields have the given values and the others are 0, in any order of bytes:
 * TP__HEAD(.dtype = 1) * dtype. A constant where the values are. */
#define TP__HEAD(...) (((tp_tensor){__VA_ARGS__}).head)

/* A header in `region` without data; shape checked (0 to 8 dimensions, no negative size, no overflow). */
tp_tensor *tp__tensor_header(tp_region *region, tp_dtype dtype, int ndim, const int64_t *shape);

/* The same with storage for it, contents undefined: only for callers that write every element. */
tp_tensor *tp__tensor_new(tp_region *region, tp_dtype dtype, int ndim, const int64_t *shape);

/* The same in the shape of another tensor: the short way for a small one, which need not be checked again. */
tp_tensor *tp__tensor_like(tp_region *region, tp_dtype dtype, const tp_tensor *like);

/* Whether the sizes are those of `b`, which has as many dimensions. Small tensors have few. */
static inline bool tp__same_sizes(const tp_tensor *a, const tp_tensor *b)
{
    const int n = a->ndim;
    if (TP__LIKELY(n > 0) && TP__UNLIKELY(a->shape[0] != b->shape[0]))
        return false;
    TP__ROLLED
    for (int d = 1; TP__UNLIKELY(d < n); d++)
        if (a->shape[d] != b->shape[d])
            return false;
    return true;
}

static inline bool tp__same_shape(const tp_tensor *a, const tp_tensor *b)
{
    return a->ndim == b->ndim && tp__same_sizes(a, b);
}

/* Whether shape and dtype are those of `like`. */
static inline bool tp__is_like(const tp_tensor *t, const tp_tensor *like)
{
    return !((t->head ^ like->head) & TP__HEAD(.dtype = 0xff, .ndim = -1)) && tp__same_sizes(t, like);
}

/* A new dense header over `of`'s storage: its data begin `offset` elements after `of`'s (for CSR: after the
 * first stored value). The region is the current one; where `of` lives in a region that ends before it, which
 * is one of greater depth, or has no storage record, the elements are copied instead. */
tp_tensor *tp__tensor_view(const tp_tensor *of, int ndim, const int64_t *shape, const int64_t *strides,
                           int64_t offset);

/* A CSR header over arrays that live at least as long as `region`; `stored` values in `values`. */
tp_tensor *tp__tensor_csr(tp_region *region, tp_dtype dtype, int64_t rows, int64_t columns, int64_t stored,
                          const int64_t *row_starts, const int32_t *column_of, void *values);

/* Whether the strides are those of a row-major array. Sizes of 1 do not matter. */
bool tp__is_contiguous(int ndim, const int64_t *shape, const int64_t *strides);
void tp__contiguous_strides(int ndim, const int64_t *shape, int64_t *strides);

/* Product of the sizes; -1 when it overflows or a size is negative. */
int64_t tp__numel(int ndim, const int64_t *shape);

/* `dimension` with negatives counted from the end, or -1 after recording PyTorch's out-of-range error: always
 * for a tensor of no dimensions. */
int tp__dimension(int dimension, int ndim);

/* The value of `t`, dense or CSR, in memory of its own in `region`; dense ones become contiguous. */
tp_tensor *tp__tensor_copy(tp_region *region, const tp_tensor *t);

/* Copies elements with conversion between any strides and dtypes; both dense, the shapes equal. */
void tp__copy_elements(const tp_tensor *from, tp_tensor *to);

/* Bytes of one element of a dtype that is one. */
static inline size_t tp__item_size(tp_dtype dtype)
{
    static const uint8_t sizes[] = {1, 1, 4, 8, 4, 8, 2, 2};
    _Static_assert(sizeof sizes == TP_DTYPES, "each dtype has a size");
    return sizes[dtype];
}

/* Refuses float16 and bfloat16, which are not computed with; `what` is of that dtype: "operand 0". */
tp_status tp__refuse_half(tp_dtype dtype, const char *what);

/* Raises the version of what `t` views. */
static inline void tp__changed(tp_tensor *t)
{
    if (t->storage)
        t->storage->version++;
}

/* Element at `p` as a double or an int64. Where an integer type cannot hold a number, the result is what x86
 * hardware gives (INT64_MIN, INT32_MIN), the low byte of it for bytes; fractions are dropped; bool is whether
 * it is not 0. */
double tp__load_f64(tp_dtype dtype, const void *p);
int64_t tp__load_i64(tp_dtype dtype, const void *p);
void tp__store_f64(tp_dtype dtype, void *p, double value);
void tp__store_i64(tp_dtype dtype, void *p, int64_t value);

#endif
