/* The pool of threads behind the kernels. */
#ifndef TAPER_BASE_THREADS_H
#define TAPER_BASE_THREADS_H

#include "taper/threads.h"

/* Calls run(context, chunk) once for each chunk from 0 to chunks - 1, in any order, on this thread and on
 * those of the pool that are free, and returns when all are done; what the chunks wrote is then visible here.
 * Allocates nothing and cannot fail. From inside a chunk, and while another thread's call is running, the
 * chunks run on this thread, in order. So that results do not depend on the number of threads, cut chunks by
 * shapes alone and let no chunk read what another writes. Waking a thread that sleeps costs some 10
 * microseconds, so hand over pieces of at least that. */
void tp__parallel_for(int64_t chunks, void (*run)(void *context, int64_t chunk), void *context);

/* The most threads that a call from here would use: 1 from inside a chunk. For sizing scratch memory. */
int tp__parallel_width(void);

#endif
