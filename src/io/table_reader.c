/* Reading a table row by row.
 *
 * A block is read, its UTF-8 is checked as a whole, and rows are cut out of it by memchr, so that the fields
 * of ordinary rows are pointers into the block and nothing is copied. */
#include "io/table_reader.h"
#include "io/file.h"
#include "io/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 262144

/* ---- Errors ---- */

/* Line and column, both from 1, of a place `offset` bytes behind the row's beginning. */
static void locate(const tp_table_reader *r, size_t offset, int64_t *line, int64_t *column)
{
    const char *row = r->buffer + r->begin, *line_begin = row;
    *line = r->line + tp__table_count_lines(row, row + offset, &line_begin);
    *column = 1;
    for (const char *p = line_begin; p < row + offset; p++)
        *column += (*p & 0xC0) != 0x80;
}

TP_PRINTF(4, 0)
static tp_status fail_at_list(tp_table_reader *r, tp_status status, size_t offset, const char *format,
                              va_list arguments)
{
    char what[512];
    int64_t line, column;
    vsnprintf(what, sizeof what, format, arguments);
    locate(r, offset, &line, &column);
    return tp_fail(status, "%s:%lld:%lld: %s", r->path, (long long)line, (long long)column, what);
}

tp_status tp__table_fail_at(tp_table_reader *r, size_t offset, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    r->status = fail_at_list(r, TP_ERROR_FORMAT, offset, format, arguments);
    va_end(arguments);
    return r->status;
}

tp_status tp_table_reader_fail(tp_table_reader *r, int64_t field, const char *format, ...)
{
    if (!r)
        return tp__null_argument("table_reader_fail: reader");
    if (field < 0 || (size_t)field >= r->count)
        return tp_fail(TP_ERROR_INDEX, "table_reader_fail: field %lld of a row with %zu", (long long)field,
                       r->count);
    va_list arguments;
    va_start(arguments, format);
    const tp_status status = fail_at_list(r, TP_ERROR_FORMAT, r->spans[field].begin, format, arguments);
    va_end(arguments);
    return status;
}

/* ---- Reading blocks ---- */

static void stop_reading(tp_table_reader *r)
{
    if (r->owns_file && r->file >= 0)
        close(r->file);
    r->file = -1;
    r->ended = true;
}

static tp_status read_block(tp_table_reader *r)
{
    char *to = r->buffer + r->filled;
    const size_t space = r->capacity - r->filled;
    size_t got = 0;
    if (r->stream) {
        got = fread(to, 1, space, r->stream);
        if (got < space && ferror(r->stream))
            return r->status = tp__fail_system("read", r->path, errno);
    } else {
        ssize_t n;
        do
            n = read(r->file, to, space);
        while (n < 0 && errno == EINTR);
        if (n < 0)
            return r->status = tp__fail_system("read", r->path, errno);
        got = (size_t)n;
    }
    if (!got)
        stop_reading(r);
    r->filled += got;
    return TP_OK;
}

/* Moves `limit` over what was read, up to the first thing that is no text. */
static void check_block(tp_table_reader *r)
{
    bool incomplete;
    const char *from = r->buffer + r->limit;
    const size_t length = r->filled - r->limit;
    size_t valid = tp__utf8_check(from, length, &incomplete);
    const char *nul = memchr(from, 0, valid);
    if (nul) {
        valid = (size_t)(nul - from);
        r->fault = TP__TABLE_NUL;
    } else if (valid < length && (!incomplete || r->ended)) {
        r->fault = TP__TABLE_BROKEN;
    }
    r->limit += valid;
    if (!r->started && r->limit) {
        r->started = true;
        if (r->limit >= 3 && memcmp(r->buffer, "\xEF\xBB\xBF", 3) == 0)
            r->begin = 3;
    }
}

/* Reads more behind the row that begins at `begin`. */
static tp_status fill(tp_table_reader *r)
{
    const size_t rest = r->filled - r->begin;
    if (rest >= r->longest_row) {
        if (r->open_quote != SIZE_MAX)
            return tp__table_fail_at(
                r, r->open_quote, "the quote that opens here is not closed within %zu bytes", r->longest_row);
        return tp__table_fail_at(r, 0, "a row of more than %zu bytes", r->longest_row);
    }
    if (r->begin) {
        memmove(r->buffer, r->buffer + r->begin, rest);
        r->consumed += (int64_t)r->begin;
        r->limit -= r->begin;
        r->filled = rest;
        r->begin = 0;
    }
    r->known_carriage = 0;
    if (r->filled == r->capacity) {
        /* Beyond the longest row, so that one that is too long is seen to be. */
        size_t most = r->longest_row < SIZE_MAX / 4 ? r->longest_row + BLOCK : SIZE_MAX / 4;
        if (most > 2 * r->capacity)
            most = 2 * r->capacity;
        char *grown = tp__realloc(r->buffer, most);
        if (!grown)
            return r->status = TP_ERROR_MEMORY;
        r->buffer = grown;
        r->capacity = most;
    }
    /* A long row is parsed from its beginning each time; doubling it keeps that linear. Short ones are handed
     * out as soon as they arrive. */
    const size_t wanted = rest > 65536 ? 2 * rest : rest + 1;
    do
        TP__TRY(read_block(r));
    while (!r->ended && r->filled < wanted && r->filled < r->capacity);
    check_block(r);
    return TP_OK;
}

/* ---- Rows ---- */

static tp_status check_row(tp_table_reader *r)
{
    if (r->next - r->begin > r->longest_row)
        return tp__table_fail_at(r, 0, "a row of %zu bytes; at most %zu are allowed", r->next - r->begin,
                                 r->longest_row);
    if (r->columns < 0 || (size_t)r->columns == r->count)
        return TP_OK;
    const bool more = r->count > (size_t)r->columns;
    return tp__table_fail_at(r, more ? r->spans[r->columns].begin : r->spans[r->count - 1].end,
                             "%zu field%s in a table of %lld columns", r->count, r->count == 1 ? "" : "s",
                             (long long)r->columns);
}

/* The next row into `fields`. */
static tp_status advance(tp_table_reader *r)
{
    if (r->held) {
        r->held = false;
        return TP_OK;
    }
    if (r->status == TP_END)
        return TP_END;
    if (r->status != TP_OK)
        return tp_fail(r->status, "%s: an earlier error has ended the reading", r->path);
    r->begin = r->next;
    r->line += r->lines;
    r->lines = 0;
    tp__table_cut_result result;
    while ((result = tp__table_cut(r)) == TP__CUT_MORE) {
        TP__TRY(fill(r));
        r->next = r->begin;
    }
    if (result == TP__CUT_FAILED)
        return r->status;
    if (result == TP__CUT_END) {
        r->count = 0;
        return r->status = TP_END;
    }
    TP__TRY(check_row(r));
    return r->any_rewrite ? tp__table_rewrite(r) : TP_OK;
}

tp_status tp_table_reader_next(tp_table_reader *r, tp_table_row *row)
{
    if (!r || !row)
        return tp__null_argument(r ? "table_reader_next: row" : "table_reader_next: reader");
    TP__TRY(advance(r));
    *row = (tp_table_row){r->line, (int64_t)r->count, r->fields};
    return TP_OK;
}

/* ---- Beginning and end ---- */

static tp_status check_options(const tp_table_options *o)
{
    const unsigned char delimiter = (unsigned char)o->delimiter, quote = (unsigned char)o->quote;
    if (!o->path && !o->stream)
        return tp__null_argument("path");
    if (!delimiter || delimiter >= 0x80 || delimiter == '\n' || delimiter == '\r' || delimiter == quote)
        return tp_fail(TP_ERROR_ARGUMENT,
                       "read_table: byte 0x%02X cannot be the delimiter: it must be an ASCII character other "
                       "than the quote and the line ends",
                       (unsigned)delimiter);
    if (quote >= 0x80 || quote == '\n' || quote == '\r')
        return tp_fail(TP_ERROR_ARGUMENT, "read_table: byte 0x%02X cannot be the quote", (unsigned)quote);
    if (o->longest_row < 1)
        return tp_fail(TP_ERROR_ARGUMENT, "read_table: longest_row must be above 0, not %lld",
                       (long long)o->longest_row);
    return TP_OK;
}

static tp_status open_file(tp_table_reader *r, const tp_table_options *o)
{
    if (o->stream)
        return TP_OK;
    if (strcmp(o->path, "-") == 0) {
        r->file = STDIN_FILENO;
        return TP_OK;
    }
    r->file = open(o->path, O_RDONLY | O_CLOEXEC);
    if (r->file < 0)
        return tp__fail_system("open", o->path, errno);
    r->owns_file = true;
    struct stat about;
    if (fstat(r->file, &about) == 0 && S_ISDIR(about.st_mode))
        return tp_fail(TP_ERROR_IO, "cannot read '%s': it is a directory", o->path);
    return TP_OK;
}

/* The names lie in one piece: of a line of delimiters, each takes its zero. */
static tp_status name_columns(tp_table_reader *r, bool header)
{
    char number[24];
    size_t size = 1;
    for (size_t i = 0; i < r->count; i++)
        size += header ? (size_t)r->fields[i].length + 1 : sizeof number;
    TP__TRY(tp__grow((void **)&r->names, &r->names_capacity, r->count, sizeof *r->names));
    char *to = r->name_bytes = tp__malloc(size);
    if (!to)
        return TP_ERROR_MEMORY;
    for (size_t i = 0; i < r->count; i++) {
        const tp_table_field *field = &r->fields[i];
        const int digits = snprintf(number, sizeof number, "%zu", i);
        const size_t length = header ? (size_t)field->length : (size_t)digits;
        memcpy(to, header ? field->bytes : number, length);
        to[length] = 0;
        r->names[i] = to;
        to += length + 1;
    }
    r->columns = (int64_t)r->count;
    return TP_OK;
}

tp_status tp__table_reader_begin(tp_table_reader *r, const tp_table_options *o)
{
    r->file = -1;
    r->line = 1;
    r->columns = -1;
    TP__TRY(check_options(o));
    const bool standard_input = !o->stream && strcmp(o->path, "-") == 0;
    r->stream = o->stream;
    r->delimiter = o->delimiter;
    r->quote = o->quote;
    r->keep_blank_lines = o->keep_blank_lines;
    r->longest_row = (size_t)o->longest_row;
    if (!(r->path = tp__strdup(standard_input ? "<stdin>" : o->path ? o->path : "<stream>")))
        return TP_ERROR_MEMORY;
    TP__TRY(open_file(r, o));
    r->capacity = BLOCK;
    if (!(r->buffer = tp__malloc(r->capacity)))
        return TP_ERROR_MEMORY;
    const tp_status status = advance(r);
    if (status == TP_END) {
        r->columns = 0;
        return o->header ? tp_fail(TP_ERROR_FORMAT,
                                   "%s: the file is empty; a line with the columns' names "
                                   "was expected",
                                   r->path)
                         : TP_OK;
    }
    TP__TRY(status);
    r->held = !o->header;
    return name_columns(r, o->header);
}

void tp__table_reader_finish(void *reader)
{
    tp_table_reader *r = reader;
    stop_reading(r);
    tp__free(r->names);
    tp__free(r->name_bytes);
    tp__free(r->path);
    tp__free(r->buffer);
    tp__free(r->fields);
    tp__free(r->spans);
    tp__free(r->scratch);
}

static void end_reader(void *reader)
{
    tp__table_reader_finish(reader);
    tp__free(reader);
}

tp_table_reader *tp_table_reader_open_with(const tp_table_options *options)
{
    if (!options) {
        tp__null_argument("table_reader_open: options");
        return NULL;
    }
    tp_region *region = tp__region_current();
    tp_table_reader *r = region ? tp__calloc(1, sizeof *r) : NULL;
    if (!r)
        return NULL;
    if (tp__table_reader_begin(r, options) != TP_OK || tp_region_on_end(region, end_reader, r) != TP_OK) {
        end_reader(r);
        return NULL;
    }
    return r;
}

/* ---- Columns ---- */

int64_t tp_table_reader_columns(const tp_table_reader *r)
{
    if (r)
        return r->columns;
    tp__null_argument("table_reader_columns: reader");
    return -1;
}

const char *tp_table_reader_column(const tp_table_reader *r, int64_t column)
{
    if (!r) {
        tp__null_argument("table_reader_column: reader");
        return NULL;
    }
    if (column < 0 || column >= r->columns)
        return tp__fail_null(TP_ERROR_INDEX, "%s: column %lld of %lld", r->path, (long long)column,
                             (long long)r->columns);
    return r->names[column];
}

char *tp__table_list_names(char *buffer, size_t size, char *const *names, int64_t count)
{
    size_t at = 0;
    buffer[0] = 0;
    for (int64_t i = 0; i < count; i++) {
        char quoted[TP__QUOTE_SIZE];
        tp__quote(quoted, sizeof quoted, names[i], strlen(names[i]));
        if (at + strlen(quoted) + 8 > size) {
            snprintf(buffer + at, size - at, ", ...");
            break;
        }
        at += (size_t)snprintf(buffer + at, size - at, "%s%s", i ? ", " : "", quoted);
    }
    return buffer;
}

int64_t tp__table_find(const char *where, char *const *names, int64_t count, const char *name)
{
    int64_t found = -1;
    char quoted[TP__QUOTE_SIZE], list[TP__TABLE_LIST_SIZE];
    for (int64_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        if (found >= 0) {
            tp_fail(TP_ERROR_FORMAT, "%s: columns %lld and %lld are both named %s", where,
                    (long long)found + 1, (long long)i + 1,
                    tp__quote(quoted, sizeof quoted, name, strlen(name)));
            return -1;
        }
        found = i;
    }
    if (found < 0)
        tp_fail(TP_ERROR_INDEX, "%s: no column %s; there are: %s", where,
                tp__quote(quoted, sizeof quoted, name, strlen(name)),
                tp__table_list_names(list, sizeof list, names, count));
    return found;
}

int64_t tp_table_reader_find(const tp_table_reader *r, const char *name)
{
    if (r && name)
        return tp__table_find(r->path, r->names, r->columns, name);
    tp__null_argument(r ? "table_reader_find: name" : "table_reader_find: reader");
    return -1;
}
