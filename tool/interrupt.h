/* Ctrl-C and SIGTERM as a request to stop. */
#ifndef TAPER_TOOL_INTERRUPT_H
#define TAPER_TOOL_INTERRUPT_H

#include <signal.h>

/* The signal that asked to stop; 0 as long as none did. */
extern volatile sig_atomic_t interrupt_signal;

/* From now on the first SIGINT and the first SIGTERM only set interrupt_signal; the second ends the process,
 * as they do by default. A signal that the process was started to ignore stays ignored. */
void interrupt_watch(void);

/* The command line in words that a shell reads back, without --resume and with --resume `checkpoint` at its
 * end, to standard error. `argv` begins behind the subcommand's name. */
void interrupt_print_resume(int argc, char **argv, const char *checkpoint);

#endif
