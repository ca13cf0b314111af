/* Labelled texts that are read from their file as they are needed, so that a file may be larger than memory.
 *
 * Opening reads the file once: every row is checked, and where each block of rows begins is put down (16
 * bytes for up to 4096 rows). An epoch reads it again, one window of blocks after the other. Shuffled, the
 * blocks come in a random order that depends on the seed and the epoch alone, and the rows of a window, which
 * holds `window` texts from all over the file, come in random order among themselves. A window without
 * shuffling is a run of the file. */
#ifndef TAPER_TEXT_STREAM_H
#define TAPER_TEXT_STREAM_H

#include "taper/data.h"
#include "taper/hashing.h"
#include "taper/labels.h"

#ifdef __cplusplus
#define TP_TEXT_STREAM_DEFAULT(value) = value
#else
#define TP_TEXT_STREAM_DEFAULT(value)
#endif

TP_BEGIN

typedef struct tp_text_stream tp_text_stream;

typedef struct tp_text_stream_options {
    const char *path TP_TEXT_STREAM_DEFAULT(nullptr); /* a regular file: it is read again and again */
    const tp_hashing_vectorizer *vectorizer TP_TEXT_STREAM_DEFAULT(nullptr); /* of dtype float32 */
    const char *text_column TP_TEXT_STREAM_DEFAULT("sentence");
    const char *label_column TP_TEXT_STREAM_DEFAULT("label");
    char delimiter TP_TEXT_STREAM_DEFAULT('\t');
    char quote TP_TEXT_STREAM_DEFAULT('"');
    bool shuffle TP_TEXT_STREAM_DEFAULT(false);
    uint64_t seed TP_TEXT_STREAM_DEFAULT(0);
    /* Texts that are in memory at a time: 65536. Blocks are a sixteenth of it, and hold at most 1 MiB of the
     * file, a row beyond that included: a window takes at most 16 MiB of text and what it is counted as. */
    int64_t window TP_TEXT_STREAM_DEFAULT(65536);
    /* What labels may be, as in tp_read_labelled_texts: 0 and 1, any, or these (which must outlive it). */
    bool any_labels TP_TEXT_STREAM_DEFAULT(false);
    const tp_label_encoder *classes TP_TEXT_STREAM_DEFAULT(nullptr);
} tp_text_stream_options;

/* Opens and checks a file; the stream lives in the current region, and the vectorizer must outlive it. NULL
 * after an error, which names file and line as tp_read_labelled_texts does; TP_ERROR_UNSUPPORTED for what is
 * no regular file. tp_text_stream_open("train.tsv", vectorizer, .shuffle = true) */
TP_API tp_text_stream *tp_text_stream_open_with(const tp_text_stream_options *options);
#ifndef __cplusplus
#define tp_text_stream_open(file, ...)                                                                   \
    TP_WITH_OPTIONS(tp_text_stream *, tp_text_stream_open_with, tp_text_stream_options, .path = (file),  \
                    .text_column = "sentence", .label_column = "label", .delimiter = '\t', .quote = '"', \
                    .window = 65536, .vectorizer = __VA_ARGS__)
#endif

/* The texts as a dataset of two fields: CSR counts and labels, float32 or the int64 numbers of classes. It is
 * meant to be read from front to back, by a loader without shuffling and without workers; any other order
 * gives the same items slowly. */
TP_API tp_dataset *tp_text_stream_dataset(tp_text_stream *stream);

/* Sets the order of epoch `epoch`. Without a call, it is that of epoch 0. */
TP_API tp_status tp_text_stream_begin_epoch(tp_text_stream *stream, int64_t epoch);

/* How many texts there are, and how many of label 1; -1 for NULL. */
TP_API int64_t tp_text_stream_length(const tp_text_stream *stream);
TP_API int64_t tp_text_stream_ones(const tp_text_stream *stream);

/* The classes; NULL where labels are 0 and 1. How many texts are of one; -1 for NULL. */
TP_API const tp_label_encoder *tp_text_stream_classes(const tp_text_stream *stream);
TP_API int64_t tp_text_stream_count(const tp_text_stream *stream, int64_t label);

TP_CLOSE

#ifdef __cplusplus
static inline tp_text_stream *tp_text_stream_open(const char *path, const tp_hashing_vectorizer *vectorizer,
                                                  tp_text_stream_options options = tp_text_stream_options())
{
    options.path = path;
    options.vectorizer = vectorizer;
    return tp_text_stream_open_with(&options);
}
#endif

#endif
