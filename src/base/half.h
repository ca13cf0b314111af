/* float16 and bfloat16 to float32 and back, in whole numbers and selections alone, so that loops vectorise
 * and every instruction set gives the same bits: those of x86's conversions, which PyTorch uses. */
#ifndef TAPER_BASE_HALF_H
#define TAPER_BASE_HALF_H

#include <stdint.h>
#include <string.h>

static inline float tp__float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t tp__bits_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float tp__float_of_f16(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7FFF;
    const uint32_t normal = (rest << 13) + (112u << 23);
    /* A subnormal number and 2^-14, less the latter. */
    const uint32_t small = tp__bits_of_float(tp__float_of_bits(normal + (1u << 23)) - 0x1p-14f);
    const uint32_t quiet = rest > 0x7C00 ? 0x400000 : 0; /* NaN becomes a quiet one */
    const uint32_t large = rest < 0x7C00 ? normal : (0x7F800000 | rest << 13 | quiet);
    return tp__float_of_bits(sign | (rest < 0x0400 ? small : large));
}

static inline uint16_t tp__f16_of_float(float value)
{
    const uint32_t bits = tp__bits_of_float(value), sign = bits >> 16 & 0x8000, rest = bits & 0x7FFFFFFF;
    /* The sum with 0.5 rounds to multiples of 2^-24, which its lowest bits count. */
    const uint32_t small = tp__bits_of_float(tp__float_of_bits(rest) + 0.5f) - 0x3F000000;
    const uint32_t normal = (rest - (112u << 23) + 0xFFF + (rest >> 13 & 1)) >> 13;
    const uint32_t nan = 0x7E00 | (rest >> 13 & 0x3FF);
    const uint32_t finite = rest < 0x38800000 ? small : normal;
    return (uint16_t)(sign | (rest > 0x7F800000 ? nan : rest >= 0x477FF000 ? 0x7C00 : finite));
}

static inline float tp__float_of_bf16(uint16_t half)
{
    return tp__float_of_bits((uint32_t)half << 16);
}

static inline uint16_t tp__bf16_of_float(float value)
{
    const uint32_t bits = tp__bits_of_float(value), rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    return (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? 0xFFFF : rounded);
}

/* PyTorch has two NaNs of bfloat16, and this is where the other one comes from. */
static inline uint16_t tp__bf16_of_f16(uint16_t half)
{
    return (half & 0x7FFF) > 0x7C00 ? 0x7FC0 : tp__bf16_of_float(tp__float_of_f16(half));
}

#endif
