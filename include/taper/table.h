/* Tables in text files: tab- or comma-separated values.
 *
 * The rules are those of RFC 4180, and where it is silent those of pandas.read_csv: a field that begins with
 * a quote ends with the next one that is not doubled, and may hold delimiters and line ends; elsewhere a
 * quote is an ordinary character. Lines end with LF, CR LF or CR, the last one need not. Lines that are empty
 * or hold nothing but blanks are skipped. Text is UTF-8, and a byte order mark at the beginning is ignored.
 * Broken UTF-8, a NUL byte, a quote that is not closed and a row with another number of fields than the
 * header (without one: than the first row) are errors.
 *
 * Errors begin with file, line and column, all counted from 1, such as "train.tsv:17:24: ..."; the column is
 * in characters. The codes are TP_ERROR_IO for what the system refuses and TP_ERROR_FORMAT for what the file
 * holds. */
#ifndef TAPER_TABLE_H
#define TAPER_TABLE_H

#include "taper/strings.h"
#include "taper/tensor.h"

#ifdef __cplusplus
#define TP_TABLE_DEFAULT(value) = value
#else
#define TP_TABLE_DEFAULT(value)
#endif

TP_BEGIN

typedef struct tp_table_options {
    /* The file; "-" is standard input. With a stream, its name in errors. */
    const char *path TP_TABLE_DEFAULT(nullptr);
    /* Between the fields of a row: one ASCII character. */
    char delimiter TP_TABLE_DEFAULT('\t');
    /* Around a field that holds delimiters, line ends or quotes; 0 means that no character is special. */
    char quote TP_TABLE_DEFAULT('"');
    /* Whether the first row names the columns. Otherwise their names are "0", "1", ... */
    bool header TP_TABLE_DEFAULT(true);
    /* Whether a blank line is a row with one field. */
    bool keep_blank_lines TP_TABLE_DEFAULT(false);
    /* The longest row that is accepted, in bytes, line ends included. */
    int64_t longest_row TP_TABLE_DEFAULT(16777216);
    /* Read this instead of opening `path`; not closed. It is read ahead of the rows that were asked for. */
    FILE *stream TP_TABLE_DEFAULT(nullptr);
    /* For tp_read_table: the names of the columns to keep, ended by NULL. NULL keeps all. */
    const char *const *columns TP_TABLE_DEFAULT(nullptr);
} tp_table_options;

#define TP_TABLE_OPTIONS_ .delimiter = '\t', .quote = '"', .header = true, .longest_row = 16777216

/* ---- Row by row, in constant memory ---- */

typedef struct tp_table_reader tp_table_reader;

/* One field's text, not ended by a zero. */
typedef struct tp_table_field {
    const char *bytes;
    int64_t length;
} tp_table_field;

typedef struct tp_table_row {
    int64_t line;  /* where the row begins, from 1 */
    int64_t count; /* of fields; the same for every row */
    const tp_table_field *fields;
} tp_table_row;

/* Opens a table and reads its header. The reader lives in the current region and closes the file when that
 * ends, or at the end of the table. An empty file is an error if a header was expected. From a terminal or a
 * pipe, rows are available as soon as their line end was read. */
TP_API tp_table_reader *tp_table_reader_open_with(const tp_table_options *options);
#ifndef __cplusplus
#define tp_table_reader_open(...)                                                                      \
    TP_WITH_OPTIONS(tp_table_reader *, tp_table_reader_open_with, tp_table_options, TP_TABLE_OPTIONS_, \
                    .path = __VA_ARGS__)
#endif

/* The next row: TP_OK, TP_END behind the last one, or an error, which ends the reading. The fields are valid
 * until the next call. */
TP_API tp_status tp_table_reader_next(tp_table_reader *reader, tp_table_row *row);

/* How many columns there are, and their names; -1 and NULL after an error. Without a header, a table without
 * rows has no columns. */
TP_API int64_t tp_table_reader_columns(const tp_table_reader *reader);
TP_API const char *tp_table_reader_column(const tp_table_reader *reader, int64_t column);

/* The index of a column by name. -1 after an error that lists the columns there are (TP_ERROR_INDEX), or if
 * several have that name. */
TP_API int64_t tp_table_reader_find(const tp_table_reader *reader, const char *name);

/* Records an error in the user's own words about a field of the row that was read last, with file, line and
 * column in front. Returns TP_ERROR_FORMAT. */
TP_API tp_status tp_table_reader_fail(tp_table_reader *reader, int64_t field, const char *format, ...)
    TP_PRINTF(3, 4);

/* ---- Whole tables ---- */

typedef struct tp_table tp_table;

/* Reads a table, or the columns of it that `options->columns` names, into the current region. It takes the
 * bytes of the kept fields and 8 more for each. A header without rows is a table without rows. */
TP_API tp_table *tp_read_table_with(const tp_table_options *options);
#ifndef __cplusplus
#define tp_read_table(...) \
    TP_WITH_OPTIONS(tp_table *, tp_read_table_with, tp_table_options, TP_TABLE_OPTIONS_, .path = __VA_ARGS__)
#endif

/* Rows, kept columns, and the kept columns' names in their order; -1 and NULL after an error. */
TP_API int64_t tp_table_rows(const tp_table *table);
TP_API int64_t tp_table_columns(const tp_table *table);
TP_API const char *tp_table_column(const tp_table *table, int64_t column);

/* The line on which a row begins; -1 after an error. */
TP_API int64_t tp_table_line(const tp_table *table, int64_t row);

/* A column as texts, owned by the table. NULL after an error, which lists the columns there are. */
TP_API const tp_strings *tp_table_strings(const tp_table *table, const char *column);

/* A column as a vector of numbers, new in the current region: [rows]. An integer dtype takes an optional sign
 * and digits within the dtype's range, TP_BOOL takes 0 and 1, a floating dtype also takes points, exponents,
 * inf and nan. What does not read so is an error with line, column name and the text: TP_ERROR_FORMAT, or
 * TP_ERROR_VALUE where it is a number out of range. */
TP_API tp_tensor *tp_table_numbers(const tp_table *table, const char *column, tp_dtype dtype);

TP_CLOSE

#ifdef __cplusplus
inline tp_table_reader *tp_table_reader_open(const char *path, tp_table_options options = tp_table_options())
{
    options.path = path;
    return tp_table_reader_open_with(&options);
}
inline tp_table *tp_read_table(const char *path, tp_table_options options = tp_table_options())
{
    options.path = path;
    return tp_read_table_with(&options);
}
#endif

#endif
