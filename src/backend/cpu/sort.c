/* Elements become unsigned keys in the same order, together with their indices; radix sort and selection by
 * the keys' digits, merging for short rows. */
#include "backend/cpu/sort.h"

#include <string.h>

#define DIGIT 11
#define BUCKETS (1 << DIGIT)

/* Rows up to RUN are sorted by insertion, up to SHORT by merging runs; up to FEW first ones are held in order
 * while a row goes by. */
enum { RUN = 24, SHORT = 320, FEW = 16 };

typedef struct narrow {
    uint32_t key, index;
} narrow;

typedef struct wide {
    uint64_t key, index;
} wide;

static bool is_wide(tp_dtype dtype)
{
    return dtype == TP_I64 || dtype == TP_F64;
}

size_t tp__sort_scratch(tp_dtype dtype, int64_t n)
{
    return 2 * (size_t)n * (is_wide(dtype) ? sizeof(wide) : sizeof(narrow));
}

static inline uint32_t key_of_f32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (x != x)
        return UINT32_MAX;
    if (x == 0)
        return (uint32_t)1 << 31;
    return bits >> 31 ? ~bits : bits | (uint32_t)1 << 31;
}

static inline uint64_t key_of_f64(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (x != x)
        return UINT64_MAX;
    if (x == 0)
        return (uint64_t)1 << 63;
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

#define KEYS(T, expression)             \
    for (int64_t i = 0; i < n; i++) {   \
        const T v = ((const T *)x)[i];  \
        p[i].key = (expression) ^ flip; \
        p[i].index = (uint32_t)i;       \
    }

/* All bits of `flip` set turn the order round. */
static void keys_narrow(tp_dtype dtype, int64_t n, const void *x, uint32_t flip, narrow *p)
{
    if (dtype == TP_F32)
        KEYS(float, key_of_f32(v))
    else if (dtype == TP_I32)
        KEYS(int32_t, (uint32_t)v ^ (uint32_t)1 << 31)
    else
        KEYS(uint8_t, v)
}

static void keys_wide(tp_dtype dtype, int64_t n, const void *x, uint64_t flip, wide *p)
{
    if (dtype == TP_F64)
        KEYS(double, key_of_f64(v))
    else
        KEYS(int64_t, (uint64_t)v ^ (uint64_t)1 << 63)
}

#define PAIR narrow
#define KEY uint32_t
#define NAME(name) name##_narrow
#include "backend/cpu/sort_pairs.h"

#define PAIR wide
#define KEY uint64_t
#define NAME(name) name##_wide
#include "backend/cpu/sort_pairs.h"

void tp__sort_row(tp_dtype dtype, int64_t n, const void *x, bool descending, int64_t *indices, void *scratch)
{
    tp__sort_first(dtype, n, x, descending, n, indices, scratch);
}

void tp__sort_first(tp_dtype dtype, int64_t n, const void *x, bool descending, int64_t k, int64_t *indices,
                    void *scratch)
{
    if (is_wide(dtype))
        first_wide(dtype, n, x, descending, k, indices, scratch);
    else
        first_narrow(dtype, n, x, descending, k, indices, scratch);
}

int64_t tp__sort_select(tp_dtype dtype, int64_t n, const void *x, int64_t k, void *scratch)
{
    if (is_wide(dtype)) {
        keys_wide(dtype, n, x, 0, scratch);
        return (int64_t)select_wide(n, scratch, k).index;
    }
    keys_narrow(dtype, n, x, 0, scratch);
    return (int64_t)select_narrow(n, scratch, k).index;
}
