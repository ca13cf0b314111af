/* Many texts as one piece of memory: the documents of a corpus, a column of a table, a vocabulary. */
#ifndef TAPER_STRINGS_H
#define TAPER_STRINGS_H

#include "taper/base.h"

TP_BEGIN

/* Text i is the bytes offsets[i] to offsets[i + 1] - 1; texts follow each other without a separator and are
 * not ended by a zero. `offsets` has count + 1 entries that never decrease; offsets[0] need not be 0. A plain
 * struct that owns nothing: whoever hands one out says how long its arrays live. */
typedef struct tp_strings {
    int64_t count;
    const char *bytes;
    const int64_t *offsets;
} tp_strings;

/* The first byte of text i, and its length in bytes. `i` is not checked. */
static inline const char *tp_string_at(const tp_strings *strings, int64_t i, size_t *length)
{
    *length = (size_t)(strings->offsets[i + 1] - strings->offsets[i]);
    return strings->bytes + strings->offsets[i];
}

/* A copy of `count` zero-ended texts, in the current region. NULL after an error. */
TP_API tp_strings *tp_strings_from_array(int64_t count, const char *const *texts);

/* The texts indices[0 .. count-1], copied, in any order and also several times: the texts of a tp_fold. In
 * the current region. NULL after an error: TP_ERROR_INDEX names the first index that is out of range. */
TP_API tp_strings *tp_strings_select(const tp_strings *strings, const int64_t *indices, int64_t count);

/* A zero-ended copy of text i, in the current region. NULL after an error: TP_ERROR_INDEX for no such text.
 */
TP_API char *tp_string_copy(const tp_strings *strings, int64_t i);

/* Text of a file as a terminal may be shown it: control characters (line ends and tabs, too), characters that
 * change the direction in which text runs, and bytes that are no UTF-8 become \xNN. Written into `buffer` of
 * `size` bytes with a zero behind, and cut in front of the first character that does not fit; a `size` of 0
 * writes nothing. Returns how many bytes all of it takes, without the zero. */
TP_API size_t tp_visible_text(char *buffer, size_t size, const char *text, size_t length);

TP_CLOSE

#endif
