/* An average of a model's weights over its training: torch.optim.swa_utils.AveragedModel.
 *
 *     tp_average *average = tp_average_of(model, .decay = 0.99);
 *     for (int step = 0; step < 10; step++) {
 *         tp_step(adam); // as ever
 *         tp_average_update(average);
 *     }
 *     tp_average_swap(average); // the model has the averaged weights: evaluate, save;
 *     tp_average_swap(average); // and its own again
 *
 * The average lives in the region where it was made; the model must live at least as long. */
#ifndef TAPER_AVERAGE_H
#define TAPER_AVERAGE_H

#include "taper/optim.h"

TP_BEGIN

typedef struct tp_average tp_average;

/* An average of the module's parameters, which holds copies of its values. The first update takes the values
 * over, each one after that makes
 *     a = a + (1 - decay) (p - a)             an exponential moving average; or, if `equal`,
 *     a = a + (p - a) / (n + 1)               the mean of all n + 1 so far
 * the first one fused. Buffers are taken over as they are, or averaged if `use_buffers`: whole numbers in
 * float32, as a decay + p (1 - decay) or as above, and cut off. TP_ERROR_ARGUMENT for a decay outside [0, 1].
 */
typedef struct tp_average_options {
    tp_module *module TP_OPTIM_DEFAULT(nullptr);
    double decay TP_OPTIM_DEFAULT(0.999);
    bool equal TP_OPTIM_DEFAULT(false);
    bool use_buffers TP_OPTIM_DEFAULT(false);
} tp_average_options;
TP_API tp_average *tp_average_with(const tp_average_options *options);

/* Takes the module's present values into the average; all of them or, after an error, none. TP_ERROR_STATE
 * while they are swapped, and if a tensor was released or has another shape or dtype than it had. */
TP_API tp_status tp_average_update(tp_average *average);

/* Exchanges the module's values with the averaged ones, in place; a second time, back. The same errors. */
TP_API tp_status tp_average_swap(tp_average *average);
/* Whether the module has the averaged values at the moment; false for NULL. */
TP_API bool tp_average_swapped(const tp_average *average);
/* The number of updates; -1 for NULL. */
TP_API int64_t tp_average_count(const tp_average *average);

/* The state as named tensors in the current region, for tp_safetensors_save, by AveragedModel's names:
 * "n_averaged" (int64) and "module.fc1.weight" and so on, the average's own. NULL, TP_ERROR_STATE while
 * swapped. */
TP_API tp_named_tensors *tp_average_state(const tp_average *average);

/* Takes over such a state; all or nothing. TP_ERROR_ARGUMENT, TP_ERROR_SHAPE and TP_ERROR_VALUE name the key.
 */
TP_API tp_status tp_load_average_state(tp_average *average, const tp_named_tensor *tensors, int64_t n);

TP_CLOSE

#ifdef __cplusplus
static inline tp_average *tp_average_of(tp_module *module, tp_average_options options = {})
{
    options.module = module;
    return tp_average_with(&options);
}
#else
#define tp_average_of(...) \
    TP_WITH_OPTIONS(tp_average *, tp_average_with, tp_average_options, .decay = 0.999, .module = __VA_ARGS__)
#endif

#endif
