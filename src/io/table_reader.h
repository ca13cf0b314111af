/* The inside of the streaming table reader, for the reader of whole tables. */
#ifndef TAPER_IO_TABLE_READER_H
#define TAPER_IO_TABLE_READER_H

#include "base/region.h"
#include "taper/table.h"

/* What stops the text at `limit`. */
typedef enum tp__table_fault {
    TP__TABLE_CLEAN = 0,
    TP__TABLE_NUL,
    TP__TABLE_BROKEN /* UTF-8 */
} tp__table_fault;

/* Where a field stands in the text, quotes included, as offsets from the beginning of the row. */
typedef struct tp__table_span {
    size_t begin, end;
    bool rewrite; /* its text is not one piece of the file: quotes stand inside */
} tp__table_span;

/* The buffer holds the row that begins at `begin` as it stands in the file, checked up to `limit`, read up to
 * `filled`. A row that does not end before `limit` is parsed again once more was read. */
struct tp_table_reader {
    char *path;
    int file;
    FILE *stream;
    bool owns_file;
    char delimiter, quote;
    bool keep_blank_lines;
    size_t longest_row;
    char *buffer;
    size_t capacity, begin, limit, filled;
    size_t next;           /* behind the row that was returned last */
    size_t known_carriage; /* 1 + offset of the first CR at or behind the last search; 0: not known */
    int64_t line;          /* of `begin` */
    int64_t lines;         /* line ends of the row that was returned last */
    int64_t consumed;      /* bytes of the file that left the buffer */
    bool started;          /* the byte order mark was looked for */
    bool ended;            /* nothing is left to read */
    bool held;             /* the first row of a table without header waits to be returned */
    tp__table_fault fault;
    tp_status status; /* what ended the reading; TP_OK while it goes on */
    bool any_quoted, any_rewrite;
    size_t open_quote; /* offset of the quote that is not closed yet, from `begin`; SIZE_MAX: none */
    tp_table_field *fields;
    tp__table_span *spans;
    size_t count, fields_capacity, spans_capacity;
    char *scratch; /* rewritten fields of the row */
    size_t scratch_capacity;
    int64_t columns; /* -1 until known */
    char **names, *name_bytes;
    size_t names_capacity;
};

/* On zeroed memory. After a failure too, finish must be called. */
tp_status tp__table_reader_begin(tp_table_reader *reader, const tp_table_options *options);
void tp__table_reader_finish(void *reader);

/* An error in the text `offset` bytes behind the row's beginning, with file, line and column in front; it
 * ends the reading. */
tp_status tp__table_fail_at(tp_table_reader *reader, size_t offset, const char *format, ...) TP_PRINTF(3, 4);

/* Line ends (LF, CR LF, CR) between two places; `last_line` is set to behind the last one, if there is any.
 */
int64_t tp__table_count_lines(const char *from, const char *to, const char **last_line);

typedef enum tp__table_cut_result {
    TP__CUT_ROW,
    TP__CUT_MORE, /* the row does not end before `limit` */
    TP__CUT_END,
    TP__CUT_FAILED
} tp__table_cut_result;

/* Cuts the row at `begin`, behind blank lines, into `fields`, and sets `next` and `lines`. */
tp__table_cut_result tp__table_cut(tp_table_reader *reader);

/* Takes the quotes out of the fields that have some inside: a doubled quote is one, the closing one is none,
 * and what follows it stays as it is. */
tp_status tp__table_rewrite(tp_table_reader *reader);

/* "'sentence', 'label'" into `buffer`, which is returned. */
char *tp__table_list_names(char *buffer, size_t size, char *const *names, int64_t count);
#define TP__TABLE_LIST_SIZE 512

/* The index of `name`; -1 after an error that begins with `where`. */
int64_t tp__table_find(const char *where, char *const *names, int64_t count, const char *name);

#endif
