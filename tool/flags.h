/* Command lines: flags with values of a kind and a range, operands, and the help text, all from one table.
 *
 * A flag is given as --name VALUE or --name=VALUE, once; -- ends the flags. */
#ifndef TAPER_TOOL_FLAGS_H
#define TAPER_TOOL_FLAGS_H

#include "common.h"

typedef enum flag_kind {
    FLAG_HEADING = 0, /* no flag: a line above a group of them in the help text */
    FLAG_TEXT,        /* into a const char * */
    FLAG_CHOICE,      /* into a const char *: one of `choices` */
    FLAG_INTEGER,     /* into an int64_t, from low to high */
    FLAG_NUMBER,      /* into a double, finite, from low upwards */
    FLAG_BOOL,        /* into a bool: --name, or --no-name */
    FLAG_SWITCH       /* into a bool: --name */
} flag_kind;

typedef struct flag {
    const char *name;
    flag_kind kind;
    void *into;        /* holds the default beforehand */
    const char *value; /* what the help text calls the value */
    const char *help;
    int64_t low, high;
    bool above; /* FLAG_NUMBER: `low` itself is out */
    bool required;
    const char *const *choices; /* ended by NULL */
    const char *otherwise;      /* the default in words; NULL: what `into` holds, if it says anything */
    bool given;                 /* set by flags_read */
} flag;

typedef struct command {
    const char *name;
    const char *summary;  /* one line for the list of subcommands */
    const char *operands; /* as in "MODEL FILE" */
    const char *details;  /* further lines of the help text; may be NULL */
    int operands_min, operands_max;
    flag *flags;
    int n_flags;
} command;

/* Reads a subcommand's command line into the flags' variables and `operands`, which has room for
 * operands_max and is NULL where none was given. STATUS_GO_ON, or an exit status: after --help, whose text
 * goes to standard output, and after an error, which is explained on standard error. */
int flags_read(const command *command, int argc, char **argv, const char **operands);

/* An error in the command line: says it, points at --help, and returns STATUS_USAGE. */
int usage_error(const char *format, ...) TP_PRINTF(1, 2);

/* The candidate that `text` was probably meant to be, NULL if none is near. `get(i)` is candidate i, NULL
 * behind the last one. */
const char *nearest(const char *text, const char *(*get)(const void *list, int i), const void *list);

#endif
