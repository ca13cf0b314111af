/* Labelled lines as fastText takes them: "__label__positive a gripping film". */
#ifndef TAPER_FASTTEXT_H
#define TAPER_FASTTEXT_H

#include "taper/strings.h"

#ifdef __cplusplus
#define TP_FASTTEXT_DEFAULT(value) = value
#else
#define TP_FASTTEXT_DEFAULT(value)
#endif

TP_BEGIN

/* Line i has the labels labels[starts[i] .. starts[i + 1] - 1], without the prefix and in the line's order;
 * and its text, which is the other words with one blank between them. */
typedef struct tp_labelled_lines {
    tp_strings texts;
    tp_strings labels;
    const int64_t *starts; /* texts.count + 1 */
} tp_labelled_lines;

typedef struct tp_fasttext_options {
    const char *path TP_FASTTEXT_DEFAULT(nullptr); /* "-" is standard input */
    const char *prefix TP_FASTTEXT_DEFAULT("__label__");
    bool one_label TP_FASTTEXT_DEFAULT(true); /* whether each line must have exactly one label */
} tp_fasttext_options;

/* Reads a file into the current region. Words are what stands between blanks; those that begin with the
 * prefix are labels, wherever in the line. Empty lines are skipped. Text is UTF-8. NULL after an error:
 * TP_ERROR_IO, or TP_ERROR_FORMAT with file, line and column.
 *
 *     const tp_labelled_lines *lines = tp_read_fasttext("train.txt");
 */
TP_API tp_labelled_lines *tp_read_fasttext_with(const tp_fasttext_options *options);
#ifndef __cplusplus
#define tp_read_fasttext(...)                                                                               \
    TP_WITH_OPTIONS(tp_labelled_lines *, tp_read_fasttext_with, tp_fasttext_options, .prefix = "__label__", \
                    .one_label = true, .path = __VA_ARGS__)
#endif

TP_CLOSE

#ifdef __cplusplus
static inline tp_labelled_lines *tp_read_fasttext(const char *path,
                                                  tp_fasttext_options options = tp_fasttext_options())
{
    options.path = path;
    return tp_read_fasttext_with(&options);
}
#endif

#endif
