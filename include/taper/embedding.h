/* Rows of a table by number, and sums of such rows: torch.nn.functional.embedding and embedding_bag. */
#ifndef TAPER_EMBEDDING_H
#define TAPER_EMBEDDING_H

#include "taper/autograd.h"

#ifdef __cplusplus
#define TP_EMBEDDING_DEFAULT(value) = value
#else
#define TP_EMBEDDING_DEFAULT(value)
#endif

TP_BEGIN

/* No row is left out. */
#define TP_NO_PADDING INT64_MIN

/* Rows `indices` (int64 of any shape) of `weight` [rows, width]: [..., width]. Row `padding_idx` (counted
 * from the end if negative; TP_NO_PADDING: none) gets no gradient. TP_ERROR_INDEX names the first bad index
 * and its place. */
TP_API tp_tensor *tp_f_embedding(tp_tensor *indices, tp_tensor *weight, int64_t padding_idx);

typedef enum tp_bag_mode { TP_BAG_SUM = 0, TP_BAG_MEAN = 1, TP_BAG_MAX = 2 } tp_bag_mode;

typedef struct tp_embedding_bag_options {
    /* int64 [bags, length]: a bag in each row; or [n], with `offsets`; or a CSR matrix [bags, rows], whose
     * stored values weigh the rows of their columns (sums only). */
    tp_tensor *input TP_EMBEDDING_DEFAULT(nullptr);
    tp_tensor *weight TP_EMBEDDING_DEFAULT(nullptr); /* [rows, width] */
    /* int64 [bags]: where each bag begins, from 0 up; the last one ends with the input. */
    tp_tensor *offsets TP_EMBEDDING_DEFAULT(nullptr);
    tp_bag_mode mode TP_EMBEDDING_DEFAULT(TP_BAG_MEAN);
    tp_tensor *per_sample_weights TP_EMBEDDING_DEFAULT(nullptr); /* of input's shape; sums only */
    bool include_last_offset TP_EMBEDDING_DEFAULT(false); /* `offsets` has the end as well: [bags + 1] */
    int64_t
        padding_idx TP_EMBEDDING_DEFAULT(TP_NO_PADDING); /* this row counts in no bag and gets no gradient */
} tp_embedding_bag_options;

/* The sum, mean or largest (element by element, the first of equals) of each bag's rows: [bags, width]; 0 for
 * an empty bag. The same result as for tp_f_embedding and a reduction, without the rows in between. For CSR
 * it is the product of the two.
 */
TP_API tp_tensor *tp_f_embedding_bag_with(const tp_embedding_bag_options *options);
#ifndef __cplusplus
#define tp_f_embedding_bag(...)                                                                          \
    TP_WITH_OPTIONS(tp_tensor *, tp_f_embedding_bag_with, tp_embedding_bag_options, .mode = TP_BAG_MEAN, \
                    .padding_idx = TP_NO_PADDING, .input = __VA_ARGS__)
#endif

TP_CLOSE

#ifdef __cplusplus
static inline tp_tensor *tp_f_embedding_bag(tp_tensor *input, tp_tensor *weight,
                                            tp_embedding_bag_options options = tp_embedding_bag_options())
{
    options.input = input;
    options.weight = weight;
    return tp_f_embedding_bag_with(&options);
}
#endif

#endif
