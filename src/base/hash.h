/* Hashes for tables in memory.
 *
 * They depend on keys that each process draws for itself, so that nobody can write down words that fall into
 * one place of a table and make its search long. No result depends on them. */
#ifndef TAPER_BASE_HASH_H
#define TAPER_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Drawn before main, and never changed. */
extern uint64_t tp__hash_keys[2];

static inline uint64_t tp__load_u64(const char *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

/* Both halves of the product as one: all bits of the factors act on each of the result's. */
static inline uint64_t tp__fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    const wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    const uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    const uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (uint32_t)middle;
    return (a * b) ^ (a1 * b1 + (middle >> 32) + (other >> 32));
#endif
}

/* A product with one factor takes numbers at equal distances to numbers at equal distances, which some
 * factors put close together. Here both factors depend on the number, and what one has last the other has
 * first. */
static inline uint64_t tp__hash_u64(uint64_t x)
{
    return tp__fold(x ^ tp__hash_keys[0], __builtin_bswap64(x) ^ tp__hash_keys[1]);
}

/* Of eight bytes or more. */
static inline uint64_t tp__hash_long(const char *bytes, size_t length)
{
    uint64_t h = length;
    for (size_t i = 0; i + 8 < length; i += 8)
        h = tp__hash_u64(h ^ tp__load_u64(bytes + i));
    return tp__hash_u64(h ^ tp__load_u64(bytes + length - 8));
}

static inline uint32_t tp__hash(const char *bytes, size_t length)
{
    uint64_t all = 0;
    if (length >= 8)
        return (uint32_t)tp__hash_long(bytes, length);
    if (length >= 4) {
        uint32_t low, high;
        memcpy(&low, bytes, 4);
        memcpy(&high, bytes + length - 4, 4);
        all = ((uint64_t)high << 32 | low) ^ (uint64_t)length << 20;
    } else if (length) {
        const unsigned char *u = (const unsigned char *)bytes;
        all = (uint64_t)length << 32 | (uint64_t)u[0] << 16 | (uint64_t)u[length / 2] << 8 | u[length - 1];
    }
    return (uint32_t)tp__hash_u64(all);
}

#endif
