/* Numbers as bits, for the mathematics of the kernels. */
#ifndef TAPER_BACKEND_CPU_MATH_BITS_H
#define TAPER_BACKEND_CPU_MATH_BITS_H

#include "backend/cpu/math_polynomials.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t tp__bits_f32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float tp__from_bits_f32(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint64_t tp__bits_f64(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double tp__from_bits_f64(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Adding this rounds a number of less than 51 bits to an integer, half to even, and leaves it in the low bits
 * of the sum: vectors have no other way to integers on every instruction set. */
#define TP__ROUND_F64 0x1.8p52
#define TP__ROUND_F32 0x1.8p23f

static inline double tp__rint_f64(double x)
{
    return (x + TP__ROUND_F64) - TP__ROUND_F64;
}

/* 2^k for a whole -1022 <= k <= 1023 (-126 to 127). */
static inline double tp__power_of_2_f64(double k)
{
    return tp__from_bits_f64(tp__bits_f64(k + (TP__ROUND_F64 + 1023)) << 52);
}

static inline float tp__power_of_2_f32(float k)
{
    return tp__from_bits_f32(tp__bits_f32(k + (TP__ROUND_F32 + 127)) << 23);
}

#endif
