/* What the kernels know of the processor's caches. */
#ifndef TAPER_BACKEND_CPU_CACHES_H
#define TAPER_BACKEND_CPU_CACHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

/* Bytes of a line. */
#define TP__LINE 64

/* True where an array is larger than the last cache. Kernels then write it past the caches: whole lines go to
 * memory without being fetched first, and nothing else has to make room for them. */
bool tp__is_beyond_caches(size_t size);

/* How many of n elements stand before the first one at the start of a line. */
static inline int64_t tp__before_line(const void *to, size_t size, int64_t n)
{
    const int64_t count = (int64_t)(-(uintptr_t)to % TP__LINE / size);
    return count < n ? count : n;
}

#if defined(__AVX512F__)
#define TP__VECTOR __m512
#define TP__STREAM _mm512_stream_ps
#elif defined(__AVX__)
#define TP__VECTOR __m256
#define TP__STREAM _mm256_stream_ps
#elif defined(__SSE2__)
#define TP__VECTOR __m128
#define TP__STREAM _mm_stream_ps
#endif

/* Copies lines to the start of a line, past the caches where there is an instruction for it. */
static inline void tp__store_past_caches(void *to, const void *from, size_t size)
{
#ifdef TP__STREAM
    for (size_t i = 0; i < size; i += sizeof(TP__VECTOR)) {
        TP__VECTOR v;
        memcpy(&v, (const char *)from + i, sizeof v);
        TP__STREAM((float *)(void *)((char *)to + i), v);
    }
#else
    memcpy(to, from, size);
#endif
}

/* Makes what was stored past the caches visible to other threads. */
static inline void tp__end_of_stores(void)
{
#ifdef __SSE2__
    _mm_sfence();
#endif
}

#endif
