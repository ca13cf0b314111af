/* What a module consists of, layer by layer: shapes, parameters, arithmetic, bytes.
 *
 * Multiply-adds are counted by these rules. A Linear layer takes one for each element that goes in (each
 * stored one of CSR) and each output feature, a Bilinear in2 * (in1 + 1) for each element that comes out, an
 * EmbeddingBag one for each element of each row that is added, a normalising layer one for each element for
 * the variance (unless a running one is used), one for the scale, and one if there is a weight. Copies
 * (Embedding), biases, activations, dropout and the containers count nothing; a program's module counts what
 * it says with tp_module_set_count. What a module's own forward computes with operations is not seen. */
#ifndef TAPER_SUMMARY_H
#define TAPER_SUMMARY_H

#include "taper/nn.h"

TP_BEGIN

/* A module. Counts are its own, without its children's. */
typedef struct tp_layer_summary {
    const char *path; /* "" for the module itself */
    const char *type;
    int level; /* how deep it stands: 0 for the module itself */
    /* Of the first result; output_ndim is -1 if the module did not run. */
    int output_ndim;
    int64_t output_shape[TP_MAX_DIMS];
    int64_t runs;          /* how often it was applied */
    int64_t parameters;    /* elements; a shared one counts where it comes first */
    int64_t trainable;     /* of these, in parameters that require a gradient */
    int64_t multiply_adds; /* of all runs */
} tp_layer_summary;

typedef struct tp_summary {
    int64_t count;
    tp_layer_summary *layers; /* parents before children, each module once */
    int64_t parameters, trainable, multiply_adds;
    int64_t parameter_bytes, buffer_bytes;
    int64_t output_bytes; /* what modules without children made, all runs together */
} tp_summary;

/* Runs the module on `example` in evaluation and without recording, and counts; nothing of the module
 * changes. Applied modules are those that run through tp_forward, or a layer's own function such as
 * tp_bilinear_forward, from wherever they are called. With `example` NULL nothing is run. In the current
 * region; NULL after an error. Not while another thread uses the module. */
TP_API tp_summary *tp_summarize(tp_module *module, tp_tensor *example);

/* The same as a table:
 *
 *     Layer            Output    Parameters  Trainable  Multiply-adds
 *     Sequential       [4, 1]             -          -              -
 *       0 (Linear)     [4, 8]           104        104            384
 *       1 (ReLU)       [4, 8]             -          -              -
 *       2 (Linear)     [4, 1]             9          9             32
 *     Total                             113        113            416
 *     Bytes: parameters 452, buffers 0, outputs 272
 */
TP_API tp_status tp_module_summary(FILE *stream, tp_module *module, tp_tensor *example);

TP_CLOSE

#endif
