/* Errors are values.
 *
 * A function that returns a pointer fails as NULL, and passes a NULL operand through without a second error.
 * A NULL that no error explains is TP_ERROR_ARGUMENT itself; only what looks something up (tp_grad,
 * tp_text_model_label) and tp_detach give NULL for it in silence. A function that returns a number fails as
 * NaN or -1. The rest return a tp_status. The options of a function that ends in _with, and the record of
 * tp_apply, are never NULL. The first error since the last report is kept for each thread, as a code and as a
 * sentence that names the operation, the shapes and the layer. The library never prints unless it is handed a
 * stream, and never exits. */
#ifndef TAPER_STATUS_H
#define TAPER_STATUS_H

#include "taper/base.h"

TP_BEGIN

typedef enum tp_status {
    TP_OK = 0,
    TP_END = 1,             /* not an error: an iteration has nothing more to give */
    TP_INTERRUPTED = 2,     /* not an error: a stop was asked for and honoured */
    TP_ERROR_ARGUMENT = -1, /* an argument that is never allowed, such as a negative size */
    TP_ERROR_SHAPE = -2,    /* shapes that do not fit each other */
    TP_ERROR_DTYPE = -3,    /* a data type that the operation does not take */
    TP_ERROR_INDEX = -4,    /* an index or a dimension out of range */
    TP_ERROR_VALUE = -5,    /* data outside an operation's domain, such as a probability of 2 */
    TP_ERROR_STATE = -6,    /* a call that is not allowed now, such as a second backward */
    TP_ERROR_MEMORY = -7,   /* memory could not be had, or the limit set by tp_set_memory_limit was reached */
    TP_ERROR_IO = -8,       /* the system refused to open, read or write a file */
    TP_ERROR_FORMAT = -9,   /* a file whose content is not what it should be */
    TP_ERROR_UNSUPPORTED = -10, /* valid, but outside what the library does */
    TP_ERROR_THREAD = -11       /* a thread could not be started */
} tp_status;

/* The name of a status, such as "TP_ERROR_SHAPE". Never NULL; static. */
TP_API const char *tp_status_name(tp_status status);

/* The code of the calling thread's first error since the last report; TP_OK if there was none. */
TP_API tp_status tp_error(void);

/* The sentence of that error; "" if there was none. Valid until the thread's next tp_report,
 * tp_clear_error or first new error. */
TP_API const char *tp_error_message(void);

/* Writes the sentence and a line end to `stream`, forgets the error, and returns its code. Writes nothing and
 * returns TP_OK if there was no error. `stream` may be NULL: then it only forgets. */
TP_API tp_status tp_report(FILE *stream);

/* Forgets the calling thread's error. */
TP_API void tp_clear_error(void);

/* Records an error from user code (a custom op, a dataset), in the library's form: the frames of the running
 * operations and layers are put in front. Keeps the first error only. Returns `status`. */
TP_API tp_status tp_fail(tp_status status, const char *format, ...) TP_PRINTF(2, 3);

/* What TP_FRAME puts on the stack. */
typedef struct tp_frame {
    const char *name;
    const char *kind; /* a layer's type such as "Linear", or NULL for an operation */
    struct tp_frame *outer;
} tp_frame;

/* A named frame for the errors that happen inside: TP_FRAME("encoder"); at the start of a block, ended with
 * it. */
TP_API void tp_frame_enter(tp_frame *frame);
TP_API void tp_frame_leave(tp_frame *frame);
#define TP_FRAME(frame_name)                                                         \
    tp_frame tp_frame_here_ TP_CLEANUP(tp_frame_leave) = {(frame_name), NULL, NULL}; \
    tp_frame_enter(&tp_frame_here_)

TP_CLOSE

#endif
