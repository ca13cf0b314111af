/* Files of lines of words, on top of the table reader: a table whose delimiter does not occur has one field a
 * row. */
#ifndef TAPER_IO_LINES_H
#define TAPER_IO_LINES_H

#include "taper/table.h"

/* A byte that no line may hold. */
#define TP__NO_DELIMITER '\x1f'

/* The next line as the row's only field. */
static inline tp_status tp__next_line(tp_table_reader *reader, tp_table_row *row)
{
    const tp_status status = tp_table_reader_next(reader, row);
    if (status == TP_OK && row->count != 1)
        return tp_table_reader_fail(reader, 1, "the control character 0x1f stands in front of this");
    return status;
}

/* The next word between `*at` and `end`, which are blanks-separated; false at the end. `*at` moves behind it.
 */
static inline bool tp__next_word(const char **at, const char *end, const char **word, size_t *length)
{
    const char *p = *at;
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\v' || *p == '\f'))
        p++;
    *word = p;
    while (p < end && !(*p == ' ' || *p == '\t' || *p == '\v' || *p == '\f'))
        p++;
    *at = p;
    *length = (size_t)(p - *word);
    return *length > 0;
}

#endif
