/* Text that grows, for what is printed of modules and optimizers. */
#ifndef TAPER_NN_WRITER_H
#define TAPER_NN_WRITER_H

#include "base/region.h"

/* Zero it to begin; after the first failure nothing more is written. Ended by tp__writer_text or
 * tp__writer_drop. */
typedef struct tp__writer {
    char *bytes;
    size_t length, capacity;
    bool failed;
} tp__writer;

void tp__write(tp__writer *writer, const char *text, size_t length);
void tp__writef(tp__writer *writer, const char *format, ...) TP_PRINTF(2, 3);

/* The text, zero-ended, in the current region; NULL after a failure. */
char *tp__writer_text(tp__writer *writer);
void tp__writer_drop(tp__writer *writer);

/* A number as Python prints a float, but whole ones without ".0" if so asked: the shortest text
 * that reads back as the same double. */
#define TP__NUMBER_SIZE 32
char *tp__number_text(char text[TP__NUMBER_SIZE], double value, bool whole_as_integer);

#endif
