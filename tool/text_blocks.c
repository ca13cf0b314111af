#include "text_blocks.h"

#include <taper/text.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)1 << 20)
#define LONGEST_LINE ((size_t)16 << 20)
#define TEXTS_OF_BLOCK 16384

int text_blocks_open(text_blocks *blocks, const char *path, const char *column, char delimiter)
{
    *blocks = (text_blocks){.name = strcmp(path, "-") ? path : "standard input", .line = 1, .file = -1};
    if (column) {
        struct stat found;
        const bool is_file = strcmp(path, "-") ? stat(path, &found) == 0 : fstat(STDIN_FILENO, &found) == 0;
        /* Whoever types, or pipes, waits for the answer to each row. */
        blocks->texts_at_once = is_file && S_ISREG(found.st_mode) ? TEXTS_OF_BLOCK : 1;
        blocks->reader = tp_table_reader_open(path, .delimiter = delimiter);
        blocks->column = tp_table_reader_find(blocks->reader, column);
        return blocks->reader && blocks->column >= 0 ? STATUS_GO_ON : fail_input();
    }
    blocks->file = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    return blocks->file >= 0 ? STATUS_GO_ON : fail(STATUS_BAD_INPUT, "%s: %s", path, strerror(errno));
}

void text_blocks_close(text_blocks *blocks)
{
    if (blocks->file > STDIN_FILENO)
        close(blocks->file);
    free(blocks->bytes);
    free(blocks->offsets);
}

static bool make_room(text_blocks *blocks, size_t bytes, int64_t offsets)
{
    if (bytes > blocks->room) {
        size_t room = blocks->room ? blocks->room : BLOCK_BYTES;
        while (room < bytes)
            room *= 2;
        char *more = realloc(blocks->bytes, room);
        if (!more)
            return false;
        blocks->bytes = more;
        blocks->room = room;
    }
    if (offsets > blocks->offsets_room) {
        const int64_t room = 2 * offsets > 1024 ? 2 * offsets : 1024;
        int64_t *more = realloc(blocks->offsets, (size_t)room * sizeof *more);
        if (!more)
            return false;
        blocks->offsets = more;
        blocks->offsets_room = room;
    }
    return true;
}

static int out_of_memory(void)
{
    return fail(STATUS_FAILED, "out of memory");
}

/* ---- Lines ---- */

/* Whether a read would not wait. */
static bool is_ready(int file)
{
    struct pollfd one = {.fd = file, .events = POLLIN};
    return poll(&one, 1, 0) == 1;
}

static int fail_long(const text_blocks *blocks)
{
    return fail(STATUS_BAD_INPUT, "%s:%lld: the line is longer than %zu MiB", blocks->name,
                (long long)blocks->line, LONGEST_LINE >> 20);
}

/* Reads until a line is complete and nothing more is there, or the block is full, or the file ends. */
static int fill(text_blocks *blocks)
{
    const char *found = blocks->used ? memchr(blocks->bytes, '\n', blocks->used) : NULL;
    bool complete = found != NULL;
    while (!blocks->at_end && !(complete && (blocks->used >= BLOCK_BYTES || !is_ready(blocks->file)))) {
        if (!complete && blocks->used > LONGEST_LINE)
            return fail_long(blocks);
        if (!make_room(blocks, blocks->used + 1, 0))
            return out_of_memory();
        const ssize_t got = read(blocks->file, blocks->bytes + blocks->used, blocks->room - blocks->used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(STATUS_BAD_INPUT, "%s: %s", blocks->name, strerror(errno));
        blocks->at_end = got == 0;
        complete = complete || memchr(blocks->bytes + blocks->used, '\n', (size_t)got);
        blocks->used += (size_t)got;
    }
    return STATUS_GO_ON;
}

/* Says where the first byte of the line at `text` stands that is not UTF-8. */
static int fail_utf8(const text_blocks *blocks, const char *text, size_t length)
{
    size_t valid = 0;
    int column = 1;
    while (valid < length) {
        size_t step = 1;
        while (step < 4 && valid + step < length && ((unsigned char)text[valid + step] & 0xc0) == 0x80)
            step++;
        if (tp_utf8_check(text + valid, step) != TP_OK)
            break;
        valid += step;
        column++;
    }
    tp_clear_error();
    return fail(STATUS_BAD_INPUT, "%s:%lld:%d: byte 0x%02X is not valid UTF-8", blocks->name,
                (long long)blocks->line, column, (unsigned)(unsigned char)text[valid]);
}

/* A table read as lines gives answers to its tabs and labels, too. */
static void warn_of_tab(text_blocks *blocks, const char *text, size_t length)
{
    if (!blocks->warned_of_tab && memchr(text, '\t', length))
        note("%s:%lld: the line has a tab, and counts as one text; --text COLUMN reads a column of a table",
             blocks->name, (long long)blocks->line);
    blocks->warned_of_tab = true;
}

static int next_lines(text_blocks *blocks, tp_strings *texts)
{
    if (blocks->taken) {
        memmove(blocks->bytes, blocks->bytes + blocks->taken, blocks->used - blocks->taken);
        blocks->used -= blocks->taken;
        blocks->taken = 0;
    }
    int status = fill(blocks);
    if (status != STATUS_GO_ON)
        return status;
    size_t at = 0;
    if (blocks->line == 1 && blocks->used >= 3 && !memcmp(blocks->bytes, "\xEF\xBB\xBF", 3))
        at = 3;

    /* Lines move together, so that texts follow each other without their line ends. */
    size_t end = at;
    int64_t count = 0;
    if (!make_room(blocks, 1, 2))
        return out_of_memory();
    blocks->offsets[0] = (int64_t)at;
    while (at < blocks->used) {
        char *line = blocks->bytes + at;
        const char *stop = memchr(line, '\n', blocks->used - at);
        if (!stop && !blocks->at_end)
            break;
        const size_t whole = stop ? (size_t)(stop - line) : blocks->used - at;
        const size_t length = stop && whole && line[whole - 1] == '\r' ? whole - 1 : whole;
        const bool valid = length <= LONGEST_LINE && tp_utf8_check(line, length) == TP_OK;
        if (!valid) {
            tp_clear_error();
            if (!count) /* else the next call meets it again, when the texts before it are answered */
                status = length > LONGEST_LINE ? fail_long(blocks) : fail_utf8(blocks, line, length);
            break;
        }
        warn_of_tab(blocks, line, length);
        if (!make_room(blocks, 0, count + 2)) {
            status = out_of_memory();
            break;
        }
        memmove(blocks->bytes + end, line, length);
        end += length;
        blocks->offsets[++count] = (int64_t)end;
        blocks->line++;
        at += whole + (stop ? 1 : 0);
    }
    blocks->taken = at;
    *texts = (tp_strings){count, blocks->bytes, blocks->offsets};
    return status == STATUS_GO_ON && blocks->at_end && at == blocks->used ? STATUS_OK : status;
}

/* ---- A column ---- */

static int next_rows(text_blocks *blocks, tp_strings *texts)
{
    int64_t count = 0;
    int status = STATUS_GO_ON;
    blocks->used = 0;
    if (blocks->fault)
        return fail(blocks->fault, "%s", blocks->sentence);
    if (!make_room(blocks, 1, 1))
        return out_of_memory();
    blocks->offsets[0] = 0;
    while (count < blocks->texts_at_once && blocks->used < BLOCK_BYTES) {
        tp_table_row row;
        const tp_status read = tp_table_reader_next(blocks->reader, &row);
        if (read != TP_OK) {
            if (read == TP_END)
                status = STATUS_OK;
            else if (!count)
                status = fail_input();
            else { /* said by the next call, when the texts before it are answered */
                blocks->fault = read == TP_ERROR_MEMORY ? STATUS_FAILED : STATUS_BAD_INPUT;
                snprintf(blocks->sentence, sizeof blocks->sentence, "%s", tp_error_message());
                tp_clear_error();
            }
            break;
        }
        const tp_table_field *field = &row.fields[blocks->column];
        const size_t length = (size_t)field->length;
        if (!make_room(blocks, blocks->used + length + 1, count + 2)) {
            status = out_of_memory();
            break;
        }
        if (length)
            memcpy(blocks->bytes + blocks->used, field->bytes, length);
        blocks->used += length;
        blocks->offsets[++count] = (int64_t)blocks->used;
    }
    *texts = (tp_strings){count, blocks->bytes, blocks->offsets};
    return status;
}

int text_blocks_next(text_blocks *blocks, tp_strings *texts)
{
    return blocks->reader ? next_rows(blocks, texts) : next_lines(blocks, texts);
}
