/* Parts of a corpus on the pool of threads. */
#include "text/parts.h"
#include "base/threads.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Bytes of text below which a thread costs more than it brings. */
#define PART_BYTES ((int64_t)1 << 17)

int tp__parts_of(const tp_strings *documents)
{
    const int64_t size = documents->offsets[documents->count] - documents->offsets[0];
    const int64_t width = tp__parallel_width() < TP__MAX_PARTS ? tp__parallel_width() : TP__MAX_PARTS;
    const int64_t parts = size / PART_BYTES;
    return (int)(parts < 1 ? 1 : parts < width ? parts : width);
}

int64_t tp__part_begin(const tp_strings *documents, int part, int parts)
{
    if (part >= parts)
        return documents->count;
    const int64_t *offsets = documents->offsets;
    const double size = (double)(offsets[documents->count] - offsets[0]);
    const int64_t wanted = offsets[0] + (int64_t)(size * part / parts);
    int64_t low = 0, high = documents->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (offsets[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

typedef struct job {
    tp_status (*run)(void *context, int part);
    void *context;
    pthread_mutex_t mutex;
    int failed; /* the first part that did; -1: none */
    tp_status status;
    char message[TP__MESSAGE_SIZE];
} job;

/* A part's error is put down without the frames of the thread that it happened to run on, and is recorded
 * again by the caller, whose frames it then gets. */
static void run_part(void *context, int64_t part)
{
    job *j = context;
    tp_frame *const frame = tp__ctx.frame;
    const tp_status pending = tp__ctx.error;
    tp__ctx.frame = NULL;
    const tp_status status = j->run(j->context, (int)part);
    tp__ctx.frame = frame;
    if (status == TP_OK)
        return;
    pthread_mutex_lock(&j->mutex);
    if (j->failed < 0 || part < j->failed) {
        j->failed = (int)part;
        j->status = status;
        snprintf(j->message, sizeof j->message, "%s", tp_error_message());
    }
    pthread_mutex_unlock(&j->mutex);
    if (pending == TP_OK)
        tp_clear_error();
}

tp_status tp__run_parts(int parts, tp_status (*run)(void *context, int part), void *context)
{
    if (parts == 1)
        return run(context, 0);
    job j = {.run = run, .context = context, .failed = -1, .mutex = PTHREAD_MUTEX_INITIALIZER};
    tp__parallel_for(parts, run_part, &j);
    pthread_mutex_destroy(&j.mutex);
    return j.failed < 0 ? TP_OK : tp_fail(j.status, "%s", j.message);
}
