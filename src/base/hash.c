/* The keys of hashes. */
#include "base/hash.h"

#include <time.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif

uint64_t tp__hash_keys[2];

/* With the first constructors, so that no table is older than the keys. Where the system has no random bytes
 * to give, the time and where the system has put things are the next best: this never fails. */
__attribute__((constructor(101))) static void draw_keys(void)
{
    if (getentropy(tp__hash_keys, sizeof tp__hash_keys) == 0)
        return;
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t time = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec;
    const uint64_t place = (uint64_t)(uintptr_t)&now ^ (uint64_t)getpid() << 48;
    tp__hash_keys[0] = tp__fold(time ^ 0x9E3779B97F4A7C15u, place ^ 0xD1B54A32D192ED03u);
    tp__hash_keys[1] = tp__fold(time ^ tp__hash_keys[0], place ^ 0x8CB92BA72F3D8DD7u);
}
