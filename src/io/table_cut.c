/* Cutting rows and fields out of the block that was read. */
#include "io/table_reader.h"

#include <string.h>

int64_t tp__table_count_lines(const char *from, const char *to, const char **last_line)
{
    int64_t lines = 0;
    for (const char *p = from; p < to; p++) {
        if (*p == '\n' || (*p == '\r' && !(p + 1 < to && p[1] == '\n'))) {
            lines++;
            *last_line = p + 1;
        }
    }
    return lines;
}

static tp_status fail_fault(tp_table_reader *r)
{
    const size_t offset = r->limit - r->begin;
    if (r->fault == TP__TABLE_NUL)
        return tp__table_fail_at(r, offset, "a NUL byte, which text does not have");
    return tp__table_fail_at(r, offset, "byte 0x%02X is not valid UTF-8 here",
                             (unsigned)(unsigned char)r->buffer[r->limit]);
}

/* The first line end at or behind `p`, or `limit`. Files without CR are searched for one only once a block,
 * and for an LF no further than the next CR, so that each byte is looked at twice at most. */
static const char *line_end(tp_table_reader *r, const char *p, const char *limit)
{
    const size_t left = (size_t)(limit - p), offset = (size_t)(p - r->buffer);
    if (r->known_carriage <= offset) {
        const char *carriage = memchr(p, '\r', left);
        r->known_carriage = (size_t)((carriage ? carriage : limit) - r->buffer) + 1;
    }
    const char *carriage = r->buffer + r->known_carriage - 1;
    const char *newline = memchr(p, '\n', (size_t)(carriage - p));
    return newline ? newline : carriage;
}

/* Moves `begin` over blank lines. */
static tp__table_cut_result skip_blank_lines(tp_table_reader *r, bool last)
{
    const char *limit = r->buffer + r->limit;
    for (;;) {
        const char *p = r->buffer + r->begin;
        while (p < limit && (*p == ' ' || *p == '\t') && *p != r->delimiter)
            p++;
        if (p == limit) {
            if (r->ended && !r->fault)
                return TP__CUT_END;
            return last ? TP__CUT_ROW : TP__CUT_MORE;
        }
        if (*p != '\n' && *p != '\r')
            return TP__CUT_ROW;
        if (*p == '\r') {
            if (p + 1 == limit && !last)
                return TP__CUT_MORE;
            p += p + 1 < limit && p[1] == '\n';
        }
        r->begin = (size_t)(p + 1 - r->buffer);
        r->line++;
    }
}

static bool grow_fields(tp_table_reader *r, size_t needed)
{
    r->status = tp__grow((void **)&r->fields, &r->fields_capacity, needed, sizeof *r->fields);
    if (r->status == TP_OK)
        r->status = tp__grow((void **)&r->spans, &r->spans_capacity, needed, sizeof *r->spans);
    return r->status == TP_OK;
}

/* The quote that closes the one at `p`. */
static tp__table_cut_result find_closing(tp_table_reader *r, const char *p, const char *limit, bool last,
                                         const char **close, bool *doubled)
{
    const char *q = p + 1;
    *doubled = false;
    for (;;) {
        q = memchr(q, r->quote, (size_t)(limit - q));
        if (!q || (q + 1 == limit && !last)) {
            r->open_quote = (size_t)(p - r->buffer) - r->begin;
            if (!last)
                return TP__CUT_MORE;
            if (r->fault)
                fail_fault(r);
            else
                tp__table_fail_at(r, r->open_quote,
                                  "the quote that opens here is not closed before the file ends");
            return TP__CUT_FAILED;
        }
        if (q + 1 == limit || q[1] != r->quote)
            break;
        *doubled = true;
        q += 2;
    }
    *close = q;
    return TP__CUT_ROW;
}

tp__table_cut_result tp__table_cut(tp_table_reader *r)
{
    const bool last = r->ended || r->fault;
    const char *const limit = r->buffer + r->limit;
    r->count = 0;
    r->any_quoted = r->any_rewrite = false;
    r->open_quote = SIZE_MAX;
    if (!r->keep_blank_lines) {
        const tp__table_cut_result result = skip_blank_lines(r, last);
        if (result != TP__CUT_ROW)
            return result;
    } else if (r->begin == r->limit && r->ended && !r->fault) {
        return TP__CUT_END;
    }
    const char *const row = r->buffer + r->begin;
    const char *p = row;
    const char *end_of_line = line_end(r, p, limit);
    const char quote = r->quote, delimiter = r->delimiter;
    size_t count = 0;
    for (;; p++) {
        if (end_of_line == limit && !last && !(quote && p < limit && *p == quote))
            return TP__CUT_MORE;
        /* Of fields that the table has no columns for, the first is kept, for the error. */
        const size_t slot = r->columns >= 0 && count > (size_t)r->columns ? (size_t)r->columns + 1 : count;
        if ((slot >= r->fields_capacity || slot >= r->spans_capacity) && !grow_fields(r, slot + 1))
            return TP__CUT_FAILED;
        tp_table_field *field = &r->fields[slot];
        tp__table_span *span = &r->spans[slot];
        count++;
        const char *begin = p;
        span->begin = (size_t)(begin - row);
        span->rewrite = false;
        if (quote && p < limit && *p == quote) {
            const char *close = NULL;
            const tp__table_cut_result result = find_closing(r, p, limit, last, &close, &span->rewrite);
            if (result != TP__CUT_ROW)
                return result;
            field->bytes = begin + 1;
            field->length = close - begin - 1;
            p = close + 1;
            if (p > end_of_line)
                end_of_line = line_end(r, p, limit);
            if (end_of_line == limit && !last)
                return TP__CUT_MORE;
            const char *behind = memchr(p, delimiter, (size_t)(end_of_line - p));
            if (!behind)
                behind = end_of_line;
            span->rewrite |= behind > p; /* text behind the closing quote */
            r->any_quoted = true;
            r->any_rewrite |= span->rewrite;
            p = behind;
        } else {
            p = memchr(p, delimiter, (size_t)(end_of_line - p));
            if (!p)
                p = end_of_line;
            field->bytes = begin;
            field->length = p - begin;
        }
        span->end = (size_t)(p - row);
        if (p == end_of_line)
            break;
    }
    r->count = count;
    if (end_of_line == limit && r->fault) {
        fail_fault(r);
        return TP__CUT_FAILED;
    }
    if (end_of_line + 1 == limit && *end_of_line == '\r' && !last)
        return TP__CUT_MORE;
    const char *next = end_of_line;
    if (next < limit)
        next += *next == '\r' && next + 1 < limit && next[1] == '\n' ? 2 : 1;
    r->next = (size_t)(next - r->buffer);
    const char *unused;
    r->lines = r->any_quoted ? tp__table_count_lines(row, next, &unused) : 1;
    return TP__CUT_ROW;
}

tp_status tp__table_rewrite(tp_table_reader *r)
{
    const char *row = r->buffer + r->begin;
    r->status = tp__grow((void **)&r->scratch, &r->scratch_capacity, r->next - r->begin, 1);
    if (r->status != TP_OK)
        return r->status;
    char *out = r->scratch;
    for (size_t i = 0; i < r->count; i++) {
        if (!r->spans[i].rewrite)
            continue;
        char *begin = out;
        const char *p = row + r->spans[i].begin + 1, *end = row + r->spans[i].end;
        while (p < end) {
            if (*p != r->quote) {
                *out++ = *p++;
            } else if (p + 1 < end && p[1] == r->quote) {
                *out++ = *p;
                p += 2;
            } else {
                p++; /* the closing quote */
                memcpy(out, p, (size_t)(end - p));
                out += end - p;
                break;
            }
        }
        r->fields[i] = (tp_table_field){begin, out - begin};
    }
    return TP_OK;
}
