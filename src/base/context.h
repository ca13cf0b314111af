/* What each thread has of its own: its regions, its first error, its modes. One thread-local object, so that
 * the fast path of an operation reads one address. */
#ifndef TAPER_BASE_CONTEXT_H
#define TAPER_BASE_CONTEXT_H

#include "taper/region.h"

#define TP__MESSAGE_SIZE 1024

typedef struct tp__context {
    tp_region *region; /* the current region; NULL until the thread first needs one */
    tp_region *root;
    bool no_grad;
    bool walking;      /* inside a backward walk */
    tp_frame *frame;   /* innermost operation or layer */
    uint64_t sequence; /* of the next node on this thread's tape */
    tp_status error;
    char message[TP__MESSAGE_SIZE];
} tp__context;

extern _Thread_local tp__context tp__ctx;

#endif
