/* The first error of each thread, as a code and a sentence. */
#include "base/error.h"
#include "base/c_locale.h"
#include "base/visible.h"

#include <stdarg.h>
#include <string.h>

_Thread_local tp__context tp__ctx TP__FAST_THREAD_LOCAL;
static _Thread_local char message[TP__MESSAGE_SIZE];

const char *tp_version(void)
{
    return TP_VERSION;
}

const char *tp_status_name(tp_status status)
{
    switch (status) {
#define NAME(s) \
    case s:     \
        return #s;
        NAME(TP_OK)
        NAME(TP_END)
        NAME(TP_INTERRUPTED)
        NAME(TP_ERROR_ARGUMENT)
        NAME(TP_ERROR_SHAPE)
        NAME(TP_ERROR_DTYPE)
        NAME(TP_ERROR_INDEX)
        NAME(TP_ERROR_VALUE)
        NAME(TP_ERROR_STATE)
        NAME(TP_ERROR_MEMORY)
        NAME(TP_ERROR_IO)
        NAME(TP_ERROR_FORMAT)
        NAME(TP_ERROR_UNSUPPORTED)
        NAME(TP_ERROR_THREAD)
#undef NAME
    }
    return "unknown status";
}

tp_status tp_error(void)
{
    return tp__ctx.error;
}

const char *tp_error_message(void)
{
    return message;
}

void tp_clear_error(void)
{
    tp__ctx.error = TP_OK;
    message[0] = 0;
}

tp_status tp_report(FILE *stream)
{
    const tp_status status = tp__ctx.error;
    if (status != TP_OK && stream)
        fprintf(stream, "%s\n", message);
    tp_clear_error();
    return status;
}

void tp_frame_enter(tp_frame *frame)
{
    frame->outer = tp__ctx.frame;
    tp__ctx.frame = frame;
}

void tp_frame_leave(tp_frame *frame)
{
    tp__ctx.frame = frame->outer;
}

/* Appends to the message, never beyond its end. */
TP_PRINTF(2, 0) static size_t append(size_t at, const char *format, va_list arguments)
{
    if (at >= TP__MESSAGE_SIZE - 1)
        return at;
    const int written = vsnprintf(message + at, TP__MESSAGE_SIZE - at, format, arguments);
    if (written < 0)
        return at;
    at += (size_t)written;
    return at < TP__MESSAGE_SIZE ? at : TP__MESSAGE_SIZE - 1;
}

TP_PRINTF(2, 3) static size_t append_text(size_t at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    at = append(at, format, arguments);
    va_end(arguments);
    return at;
}

/* Operations from the outermost inwards: "cross_entropy: log_softmax: ". */
static size_t append_operations(size_t at, const tp_frame *frame)
{
    if (!frame)
        return at;
    at = append_operations(at, frame->outer);
    /* A composite and the record behind it often have one name. */
    if (frame->outer && !strcmp(frame->outer->name, frame->name))
        return at;
    return frame->kind ? at : append_text(at, "%s: ", frame->name);
}

/* The path of layers: "encoder.fc1". */
static size_t append_path(size_t at, const tp_frame *frame, bool *any)
{
    if (!frame)
        return at;
    at = append_path(at, frame->outer, any);
    if (!frame->kind || !frame->name[0])
        return at;
    at = append_text(at, "%s%s", *any ? "." : "", frame->name);
    *any = true;
    return at;
}

/* What the sentence quotes may have come from a file, and must not control the terminal that it is shown on.
 * Line ends and tabs are the sentence's own. */
static void make_visible(void)
{
    char raw[TP__MESSAGE_SIZE];
    const size_t length = strlen(message);
    memcpy(raw, message, length + 1);
    size_t out = 0;
    for (size_t at = 0, bytes; at < length; at += bytes) {
        bool plain;
        bytes = tp__visible_step(raw + at, length - at, &plain);
        if (length == TP__MESSAGE_SIZE - 1 && tp__character((unsigned char *)raw + at, length - at) < 0)
            break; /* a character that was cut at the end */
        if (raw[at] == '\n' || raw[at] == '\t') {
            message[out++] = raw[at];
            continue;
        }
        const size_t space = plain ? bytes : 4 * bytes;
        if (out + space >= TP__MESSAGE_SIZE)
            break;
        out += tp_visible_text(message + out, space + 1, raw + at, bytes);
    }
    message[out] = 0;
}

static bool is_ascii_line(const char *text)
{
    while (*text >= 0x20 && *text < 0x7F)
        text++;
    return !*text;
}

tp_status tp_fail(tp_status status, const char *format, ...)
{
    if (tp__ctx.error != TP_OK)
        return status;
    TP__C_LOCALE;
    tp__ctx.error = status;
    message[0] = 0;
    size_t at = append_operations(0, tp__ctx.frame);
    va_list arguments;
    va_start(arguments, format);
    at = append(at, format, arguments);
    va_end(arguments);
    const tp_frame *layer = tp__ctx.frame;
    while (layer && !layer->kind)
        layer = layer->outer;
    if (layer) {
        bool any = false;
        at = append_text(at, " (in ");
        at = append_path(at, layer, &any);
        append_text(at, "%s%s %s)", any ? ", " : "", strchr("AEIOU", layer->kind[0]) ? "an" : "a",
                    layer->kind);
    }
    if (!is_ascii_line(message))
        make_visible();
    return status;
}

tp_status tp__null_argument(const char *name)
{
    if (tp__ctx.error != TP_OK)
        return tp__ctx.error;
    return tp_fail(TP_ERROR_ARGUMENT, "%s is NULL", name);
}

void *tp__null_operand(const char *function)
{
    if (tp__ctx.error != TP_OK)
        return NULL;
    if (!strncmp(function, "tp_", 3))
        function += function[3] == '_' ? 4 : 3;
    if (!strncmp(function, "f_", 2))
        function += 2;
    size_t length = strlen(function);
    if (length > 2 && !strcmp(function + length - 2, "_n"))
        length -= 2;
    const tp_frame *frame = tp__ctx.frame;
    if (frame && strlen(frame->name) == length && !strncmp(frame->name, function, length))
        return tp__fail_null(TP_ERROR_ARGUMENT, "an operand is NULL");
    return tp__fail_null(TP_ERROR_ARGUMENT, "%.*s: an operand is NULL", (int)length, function);
}

char *tp__shape_text(char *buffer, size_t size, int ndim, const int64_t *shape)
{
    size_t at = (size_t)snprintf(buffer, size, "[");
    for (int i = 0; i < ndim && at < size; i++)
        at += (size_t)snprintf(buffer + at, size - at, i ? ", %lld" : "%lld", (long long)shape[i]);
    if (at < size)
        at += (size_t)snprintf(buffer + at, size - at, "]");
    if (at >= size && size >= 4)
        memcpy(buffer + size - 4, "...", 4);
    return buffer;
}
