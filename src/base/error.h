/* Recording errors inside the library. */
#ifndef TAPER_BASE_ERROR_H
#define TAPER_BASE_ERROR_H

#include "base/context.h"

/* TP_FRAME without a call. */
static inline void tp__frame_leave(tp_frame *frame)
{
    tp__ctx.frame = frame->outer;
}
#define TP__FRAME(frame_name)                                                                  \
    tp_frame tp_frame_here_ TP_CLEANUP(tp__frame_leave) = {(frame_name), NULL, tp__ctx.frame}; \
    tp__ctx.frame = &tp_frame_here_

/* tp_fail, as an expression whose value is NULL. */
#define tp__fail_null(...) (tp_fail(__VA_ARGS__), NULL)

/* Returns from the calling function with the status of `expression` unless it is TP_OK. */
#define TP__TRY(expression)                       \
    do {                                          \
        const tp_status tp_tried_ = (expression); \
        if (TP__UNLIKELY(tp_tried_ != TP_OK))     \
            return tp_tried_;                     \
    } while (0)

/* The error that a NULL operand stands for: the one that is recorded, or, when a caller passed NULL without
 * any error before, a new one that names the argument. */
tp_status tp__null_argument(const char *name);

/* The same for a function that returns a pointer and was given no operand: NULL, after the error "softmax: an
 * operand is NULL" unless there is one already. `function` is an operation's name, or __func__. */
void *tp__null_operand(const char *function);

/* The longest sentence of an error, with the zero behind. */
#define TP__MESSAGE_SIZE 1024

/* "[2, 3]" into `buffer`, which is returned; cut with "..." if it does not fit. */
char *tp__shape_text(char *buffer, size_t size, int ndim, const int64_t *shape);
#define TP__SHAPE_TEXT_SIZE 192

#endif
