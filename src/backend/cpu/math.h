/* The kernels' mathematics: inline functions without branches that loops over them vectorise, for float and
 * double, as tp__NAME_f32 and tp__NAME_f64.
 *
 * Each gives the same bits in a vector's body, in its tail and on every instruction set: it consists of
 * single IEEE operations, fma where one is written, and selects. Nothing of the C library is called but what
 * is an instruction, and fmod, which is exact. Infinities, NaN, signed zeros and subnormals are C99's; which
 * NaN comes out is not fixed.
 *
 * Results in float are within 0.51 ulp, that is rounded correctly but for one in 100,000, except exp (1)
 * and sigmoid (2.5). Results in double are within 2 ulp, most within 1; tan, acos, sigmoid and atan2
 * within 2.5, asinh, acosh and atanh within 3, erfc and erfinv within 4. sigmoid is 1 / (1 + e^-x) as PyTorch
 * computes it: 0 as soon as e^-x overflows.
 *
 *     exp exp2 expm1 sigmoid tanh sinh cosh    log log1p log2 log10 pow xlogy
 *     sin cos tan atan asin acos atan2 hypot   asinh acosh atanh
 *     erf erfc erfinv                          fmod remainder floor_divide
 *     exp_rounded_f32: exp to 0.51 ulp, at two to three times the cost
 *     normal_f32, log1p_unit_f32: to 1.2e-7, and to 3 ulp; parts of gelu and logaddexp */
#ifndef TAPER_BACKEND_CPU_MATH_H
#define TAPER_BACKEND_CPU_MATH_H

#include "backend/cpu/math_division.h"
#include "backend/cpu/math_erf.h"
#include "backend/cpu/math_exp.h"
#include "backend/cpu/math_hyperbolic.h"
#include "backend/cpu/math_log.h"
#include "backend/cpu/math_trig.h"

#endif
