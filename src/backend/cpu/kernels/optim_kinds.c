/* The element formulas of the optimizers beside SGD and Adam, one pass over a parameter and its states.
 *
 * The roundings are those of torch.optim's single-tensor forms: lerp, addcmul and add with a factor are
 * fused, addcdiv is not, and numbers are double until they meet an array. */
#include "backend/cpu/isa.h"
#include "backend/cpu/table.h"

#include <math.h>

#define T float
#define NAME(name) name##_f32
#define FMA fmaf
#define SQRT sqrtf
#define FABS fabsf
#include "backend/cpu/kernels/optim_kinds.h"
#undef T
#undef NAME
#undef FMA
#undef SQRT
#undef FABS
#define T double
#define NAME(name) name##_f64
#define FMA fma
#define SQRT sqrt
#define FABS fabs
#include "backend/cpu/kernels/optim_kinds.h"

#define STEP(name) .name = {name##_f32, name##_f64}

const tp__step_table TP__NAME(step_table) = {STEP(adagrad), STEP(rmsprop), STEP(adadelta), STEP(adamax),
                                             STEP(nadam),   STEP(radam),   STEP(rprop),    STEP(sparse_adam),
                                             STEP(lerp),    STEP(mean)};
