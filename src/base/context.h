/* What each thread has of its own: its regions, its first error, its modes. One small thread-local object, so
 * that the fast path of an operation reads one address. */
#ifndef TAPER_BASE_CONTEXT_H
#define TAPER_BASE_CONTEXT_H

#include "taper/region.h"

/* Pieces of memory of one size that wait to be used again. */
typedef struct tp__spare {
    struct tp__spare *next;
} tp__spare;

typedef struct tp__spares {
    tp__spare *first;
    int64_t in_use; /* handed out by this thread and not yet freed by it */
} tp__spares;

/* Of differentiation: a walk changes both, and puts them back. */
typedef struct tp__grad_modes {
    bool no_grad;
    bool walking; /* inside a backward walk */
} tp__grad_modes;

typedef struct tp__context {
    tp_region *region; /* the current region; NULL until the thread first needs one */
    tp_region *root;
    tp__spares chunks;        /* of TP__CHUNK bytes: see base/memory.h */
    struct tp__chunk *scopes; /* more of them, which still hold a region that has ended: see base/region.c */
    tp_frame *frame;          /* innermost operation or layer */
    uint64_t sequence;        /* of the next node on this thread's tape */
    tp_status error;          /* its sentence is in error.c */
    tp__grad_modes modes;
} tp__context;

/* An address known when the program starts, without a call on each access. It takes room that a program keeps
 * for libraries loaded later, which is little: only small objects are declared so. */
#if defined(__GNUC__) && defined(__ELF__)
#define TP__FAST_THREAD_LOCAL __attribute__((tls_model("initial-exec")))
#else
#define TP__FAST_THREAD_LOCAL
#endif

/* TP__APART keeps a function out of its caller, so that the caller's short way saves no registers for it;
 * TP__COLD does so for what happens rarely, and takes size for speed; TP__TOGETHER is the opposite.
 * TP__LIKELY and TP__UNLIKELY lay the short way out in one line: a jump that is taken costs more than one
 * that is not, and a small operation passes a hundred. TP__ROLLED stands before a loop of few turns, of which
 * the compiler would write out eight. */
#if defined(__GNUC__)
#define TP__TOGETHER inline __attribute__((always_inline))
#define TP__APART __attribute__((noinline))
#define TP__COLD __attribute__((cold, noinline))
#define TP__LIKELY(condition) __builtin_expect(!!(condition), 1)
#define TP__UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#if defined(__clang__)
#define TP__ROLLED _Pragma("clang loop unroll(disable)")
#else
#define TP__ROLLED _Pragma("GCC unroll 1")
#endif
#else
#define TP__TOGETHER inline
#define TP__APART
#define TP__COLD
#define TP__LIKELY(condition) (condition)
#define TP__UNLIKELY(condition) (condition)
#define TP__ROLLED
#endif

extern _Thread_local tp__context tp__ctx TP__FAST_THREAD_LOCAL;

#endif
