/* How many threads the library's kernels use.
 *
 * Results never depend on it: work is cut into pieces by shapes alone. */
#ifndef TAPER_THREADS_H
#define TAPER_THREADS_H

#include "taper/status.h"

TP_BEGIN

/* The most that tp_set_num_threads takes. */
#define TP_MAX_THREADS 256

/* Sets the number of threads for the whole process, the calling one included: 1 to TP_MAX_THREADS, else
 * TP_ERROR_ARGUMENT. Waits for a running operation of another thread. Threads are started when they are first
 * needed; where the system refuses one, work runs on those that there are. TP_ERROR_STATE from inside a
 * kernel. */
TP_API tp_status tp_set_num_threads(int n);

/* The number set; until then the environment's TAPER_NUM_THREADS, or without that the number of processors
 * that the process may run on. At least 1. */
TP_API int tp_get_num_threads(void);

TP_CLOSE

#endif
