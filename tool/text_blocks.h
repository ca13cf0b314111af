/* The texts of a file, block by block: lines, or a column of a table. */
#ifndef TAPER_TOOL_TEXT_BLOCKS_H
#define TAPER_TOOL_TEXT_BLOCKS_H

#include "common.h"

#include <taper/table.h>

typedef struct text_blocks {
    const char *name; /* of the file, for messages */
    char *bytes;      /* the block's texts, and for lines what was read behind them */
    size_t used, room;
    size_t taken; /* bytes of the last block, to be dropped */
    int64_t *offsets;
    int64_t offsets_room;
    int64_t line; /* the number of the next line */
    int file;     /* for lines; -1: none is open */
    bool at_end;
    tp_table_reader *reader; /* for a column; NULL: lines */
    int64_t column;
    int64_t texts_at_once;
    int fault; /* an exit status that waits for its turn, and its sentence */
    char sentence[1024];
    bool warned_of_tab;
} text_blocks;

/* Opens a file of lines, or, with `column`, of a table whose fields `delimiter` parts. "-" is standard input.
 * STATUS_GO_ON, or an exit status after saying why. */
int text_blocks_open(text_blocks *blocks, const char *path, const char *column, char delimiter);

/* The next texts, those that are there without waiting for more; valid until the next call. STATUS_GO_ON,
 * STATUS_OK with the last ones, or another exit status after saying why. */
int text_blocks_next(text_blocks *blocks, tp_strings *texts);

void text_blocks_close(text_blocks *blocks);

#endif
