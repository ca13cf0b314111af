/* Regions own memory.
 *
 * An object lives in the region where it was made, and what it allocates later lives beside it. Each thread
 * has a stack of entered regions; below them all lies the thread's root region, which ends with the thread.
 * TP_SCOPE(name) opens a region for the rest of the block and ends it on every way out. Ending a region runs
 * its clean-ups in reverse order, ends the regions inside it, and recycles its memory. */
#ifndef TAPER_REGION_H
#define TAPER_REGION_H

#include "taper/status.h"

TP_BEGIN

typedef struct tp_region tp_region;

/* A new region inside the current one; it ends with it at the latest. `name` is shown in errors, is not
 * copied, and must outlive the region (a literal does). NULL when memory is out. Does not enter it. */
TP_API tp_region *tp_region_new(const char *name);

/* The same, inside no other region: it lives until tp_region_end, and may be entered and ended by any one
 * thread at a time. For objects that outlive the code that makes them. */
TP_API tp_region *tp_region_new_detached(const char *name);

/* Makes `region` the calling thread's current one; what is made from now on lives there. Every enter needs
 * its leave, in reverse order. NULL passes through: TP_ERROR_ARGUMENT. */
TP_API tp_status tp_region_enter(tp_region *region);
TP_API tp_status tp_region_leave(tp_region *region);

/* Ends `region` and all regions inside it: clean-ups run, memory is recycled. A region that is entered is
 * left first, with all that were entered after it. NULL is ignored. */
TP_API void tp_region_end(tp_region *region);

/* The calling thread's current region; NULL only when memory is out. */
TP_API tp_region *tp_region_current(void);

/* Bytes that the region's own objects hold now, those of inner regions not counted. 0 for NULL. */
TP_API size_t tp_region_size(const tp_region *region);

/* The region's name. "" for NULL. */
TP_API const char *tp_region_name(const tp_region *region);

/* Calls `function(argument)` when `region` ends, the last registered first. TP_ERROR_MEMORY leaves nothing
 * registered.
 */
TP_API tp_status tp_region_on_end(tp_region *region, void (*function)(void *), void *argument);

/* Memory that lives as long as `region`: `size` bytes, zeroed, aligned for any type. NULL when memory is out.
 */
TP_API void *tp_region_alloc(tp_region *region, size_t size);

/* What TP_SCOPE puts on the stack. */
typedef struct tp_scope {
    tp_region *region;
} tp_scope;
TP_API tp_scope tp_scope_begin(const char *name);
TP_API void tp_scope_end(tp_scope *scope);

/* A region for the rest of the block, ended by fall-through, break, return and goto alike. */
#define TP_SCOPE(name) tp_scope tp_scope_##name##_ TP_CLEANUP(tp_scope_end) = tp_scope_begin(#name)

/* Bytes that the library holds now, and the most it has held, over all threads, recycled blocks included. */
TP_API size_t tp_memory_used(void);
TP_API size_t tp_memory_peak(void);

/* No allocation may take tp_memory_used beyond `bytes`; it fails with TP_ERROR_MEMORY instead. 0 means no
 * limit, which is the default. */
TP_API void tp_set_memory_limit(size_t bytes);

/* Gives the calling thread's recycled blocks back to the system, and those above 4 MiB of all threads. */
TP_API void tp_memory_trim(void);

/* Ends the calling thread's root region and all it holds. For programs that want every byte freed before
 * main returns; other threads' root regions end with their threads. The thread may go on using the library.
 */
TP_API void tp_finish(void);

TP_CLOSE

#endif
