/* What the subcommands share: exit statuses, errors, numbers for people and programs. */
#ifndef TAPER_TOOL_COMMON_H
#define TAPER_TOOL_COMMON_H

#include <taper/base.h>
#include <taper/status.h>

/* Exit statuses. An interrupted training ends with 128 + the signal's number. */
enum {
    STATUS_OK = 0,
    STATUS_FAILED = 1,    /* memory, output, threads */
    STATUS_USAGE = 2,     /* a command line that makes no sense */
    STATUS_BAD_INPUT = 3, /* a file that cannot be read, or does not hold what it should */
    STATUS_GO_ON = -1     /* not an exit status: nothing has ended yet */
};

/* The subcommand that runs, for the front of messages: "train"; NULL outside of one. */
void common_begin(const char *subcommand);

/* Writes "taper train: SENTENCE" to standard error, and returns `status`. */
int fail(int status, const char *format, ...) TP_PRINTF(2, 3);

/* A message of the same form that is no failure. */
void note(const char *format, ...) TP_PRINTF(1, 2);

/* The same with the library's pending error, which is forgotten: STATUS_BAD_INPUT if reading was at fault,
 * STATUS_FAILED for want of memory or threads. */
int fail_input(void);
/* The same, always STATUS_FAILED. */
int fail_library(void);

/* Right after a write to standard output failed: remembers why, for close_output, and returns STATUS_FAILED.
 */
int output_failed(void);

/* Ends the use of standard output: `status`, or STATUS_FAILED after saying so if not all of it was written.
 */
int close_output(int status);

/* Before any work: whether a file can be made at `path` in place of what is there. STATUS_GO_ON, or
 * STATUS_FAILED after saying why. `flag` is what named it. */
int check_output_path(const char *flag, const char *path);

/* Whether two paths lead to the same file; false if either does not exist. */
bool same_file(const char *a, const char *b);

/* Seconds of a clock that only goes forward. */
double clock_seconds(void);

/* The most memory that the process has had, in bytes. */
int64_t peak_memory(void);

/* A text of a file as a terminal may be shown it (tp_visible_text), in the current region; "" if memory is
 * out. */
const char *visible(const char *text, size_t length);

/* The number of code points, which is the width in columns of most scripts. */
int text_width(const char *text, size_t length);

/* JSON: a text in quotes (bytes that are not UTF-8 become U+FFFD, control characters \uNNNN); a number that
 * reads back as the same double, null if it is not finite. */
void json_text(FILE *out, const char *text);
void json_number(FILE *out, double number);

/* The subcommands. `argv` begins behind the subcommand's name; each returns an exit status. */
int train_command(int argc, char **argv);
int eval_command(int argc, char **argv);
int predict_command(int argc, char **argv);
int inspect_command(int argc, char **argv);

#endif
