#include "common.h"

#include <taper/region.h>
#include <taper/text.h>

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *running;

void common_begin(const char *subcommand)
{
    running = subcommand;
}

static void print_front(void)
{
    fprintf(stderr, running ? "taper %s: " : "taper: ", running);
}

/* Names of files and words of command lines may hold anything. Line ends and tabs are the sentence's own. */
TP_PRINTF(1, 0) static void print_sentence(const char *format, va_list arguments)
{
    char sentence[8192], shown[4 * sizeof sentence];
    print_front();
    vsnprintf(sentence, sizeof sentence, format, arguments);
    for (const char *at = sentence; *at;) {
        const size_t length = strcspn(at, "\n\t");
        tp_visible_text(shown, sizeof shown, at, length);
        fputs(shown, stderr);
        at += length;
        if (*at)
            fputc(*at++, stderr);
    }
    fputc('\n', stderr);
}

int fail(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_sentence(format, arguments);
    va_end(arguments);
    return status;
}

void note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_sentence(format, arguments);
    va_end(arguments);
}

int fail_library(void)
{
    print_front();
    if (tp_report(stderr) == TP_OK)
        fputs("failed\n", stderr);
    return STATUS_FAILED;
}

int fail_input(void)
{
    const tp_status why = tp_error();
    fail_library();
    return why == TP_ERROR_MEMORY || why == TP_ERROR_THREAD ? STATUS_FAILED : STATUS_BAD_INPUT;
}

static int output_error; /* the errno of the first write that failed */

int output_failed(void)
{
    if (!output_error)
        output_error = errno;
    return STATUS_FAILED;
}

int close_output(int status)
{
    errno = 0;
    const bool failed = ferror(stdout) != 0;
    const bool failed_now = fclose(stdout) != 0;
    if (!failed && !failed_now)
        return status;
    output_failed();
    fail(STATUS_FAILED, "standard output: %s",
         output_error ? strerror(output_error) : "not all of it could be written");
    return status == STATUS_OK ? STATUS_FAILED : status;
}

int check_output_path(const char *flag, const char *path)
{
    struct stat found;
    if (!*path)
        return fail(STATUS_FAILED, "%s: the name is empty", flag);
    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode))
        return fail(STATUS_FAILED, "%s: %s is a folder", flag, path);
    const char *slash = strrchr(path, '/');
    char *folder = slash == path ? strdup("/") : slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    if (!folder)
        return fail(STATUS_FAILED, "out of memory");
    int status = STATUS_GO_ON;
    if (stat(folder, &found) != 0)
        status =
            fail(STATUS_FAILED, "%s: cannot write %s: folder %s: %s", flag, path, folder, strerror(errno));
    else if (!S_ISDIR(found.st_mode))
        status = fail(STATUS_FAILED, "%s: cannot write %s: %s is not a folder", flag, path, folder);
    else if (access(folder, W_OK | X_OK) != 0)
        status =
            fail(STATUS_FAILED, "%s: cannot write %s: folder %s: %s", flag, path, folder, strerror(errno));
    free(folder);
    return status;
}

bool same_file(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int64_t peak_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}

const char *visible(const char *text, size_t length)
{
    const size_t size = tp_visible_text(NULL, 0, text, length) + 1;
    tp_region *region = tp_region_current();
    char *shown = region ? tp_region_alloc(region, size) : NULL;
    if (!shown)
        return "";
    tp_visible_text(shown, size, text, length);
    return shown;
}

int text_width(const char *text, size_t length)
{
    int width = 0;
    for (size_t i = 0; i < length; i++)
        width += (text[i] & 0xc0) != 0x80;
    return width;
}

void json_text(FILE *out, const char *text)
{
    const bool valid = tp_utf8_check(text, strlen(text)) == TP_OK;
    if (!valid)
        tp_clear_error();
    fputc('"', out);
    for (const char *at = text; *at; at++) {
        const unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            fprintf(out, "\\u%04x", c);
        else if (c >= 0x80 && !valid)
            fputs("\\ufffd", out);
        else if (c == 0xc2 && (unsigned char)at[1] < 0xa0) /* U+0080 to U+009F */
            fprintf(out, "\\u%04x", (unsigned char)*++at);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

void json_number(FILE *out, double number)
{
    if (!isfinite(number)) {
        fputs("null", out);
        return;
    }
    char text[40];
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    fputs(text, out);
}
