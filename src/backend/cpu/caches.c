/* The size of the last cache, as the processor tells it. */
#include "backend/cpu/caches.h"

#include <stdatomic.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

/* Where the processor does not tell. */
#define LIKELY_SIZE ((size_t)32 << 20)

#ifdef __x86_64__
/* Of the third-level cache: ways, partitions, bytes of a line and sets, each less 1. */
static size_t size_from(unsigned leaf)
{
    unsigned a, b, c, d;
    if (!__get_cpuid_count(leaf, 3, &a, &b, &c, &d) || !(a & 0x1f))
        return 0;
    return ((size_t)(b >> 22) + 1) * ((b >> 12 & 0x3ff) + 1) * ((b & 0xfff) + 1) * ((size_t)c + 1);
}
#endif

static size_t last_cache(void)
{
    size_t size = 0;
#ifdef __x86_64__
    enum { INTEL = 4, AMD = 0x1d };
    size = size_from(INTEL);
    size = size ? size : size_from(0x80000000 + AMD);
#endif
    return size ? size : LIKELY_SIZE;
}

bool tp__is_beyond_caches(size_t size)
{
    static atomic_size_t cached;
    size_t last = atomic_load_explicit(&cached, memory_order_relaxed);
    if (!last) {
        last = last_cache();
        atomic_store_explicit(&cached, last, memory_order_relaxed);
    }
    return size > last;
}
