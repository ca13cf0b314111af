/* Sequences of ids of different lengths: padding them into matrices, and batches of like length. */
#ifndef TAPER_SEQUENCES_H
#define TAPER_SEQUENCES_H

#include "taper/random.h"
#include "taper/tensor.h"

TP_BEGIN

/* Sequence i is ids[offsets[i] .. offsets[i + 1] - 1]. */
typedef struct tp_sequences {
    int64_t count;
    const int64_t *ids;
    const int64_t *offsets;
} tp_sequences;

/* Sequence `index`, and how many ids it has; NULL and 0 when there is none such. */
TP_API const int64_t *tp_sequence_at(const tp_sequences *sequences, int64_t index, int64_t *length);

typedef struct tp_pad_sequences_options {
#ifdef __cplusplus
    const tp_sequences *sequences = nullptr;
    int64_t padding = 0;
    int64_t length = -1;
    bool pad_front = false;
    bool cut_front = false;
    tp_tensor **mask = nullptr;
#else
    const tp_sequences *sequences;
    int64_t padding;  /* the id that fills up. 0 */
    int64_t length;   /* of every row; longer sequences are cut. -1: that of the longest sequence */
    bool pad_front;   /* fill up in front. false: behind */
    bool cut_front;   /* drop the first ids of a sequence that is too long. false: the last */
    tp_tensor **mask; /* receives a bool tensor of the same shape: where an id of a sequence stands. NULL */
#endif
} tp_pad_sequences_options;

/* The sequences as an int64 matrix [count, length], in the current region. NULL after an error.
 * tp_tensor *mask, *ids = tp_pad_sequences(sequences, .length = 64, .mask = &mask); */
TP_API tp_tensor *tp_pad_sequences_with(const tp_pad_sequences_options *options);
#ifndef __cplusplus
#define tp_pad_sequences(...)                                                                   \
    TP_WITH_OPTIONS(tp_tensor *, tp_pad_sequences_with, tp_pad_sequences_options, .length = -1, \
                    .sequences = __VA_ARGS__)
#endif

/* An order of the sequences, 0 to count - 1, into `indices`, such that each run of `batch_size` (the last may
 * be shorter) has like lengths, so that little is padded: all are shuffled, cut into pools of `pool` batches,
 * each pool is sorted by length (equal ones stay as they were), and the full batches are shuffled, too. A
 * pool of 1 is a plain shuffle of batches; the larger, the more alike and the less random. `generator` NULL:
 * the default one. */
TP_API tp_status tp_bucket_order(const tp_sequences *sequences, int64_t batch_size, int64_t pool,
                                 tp_generator *generator, int64_t *indices);

TP_CLOSE

#ifdef __cplusplus
static inline tp_tensor *tp_pad_sequences(const tp_sequences *sequences,
                                          tp_pad_sequences_options options = tp_pad_sequences_options())
{
    options.sequences = sequences;
    return tp_pad_sequences_with(&options);
}
#endif

#endif
