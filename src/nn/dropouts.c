/* The dropout layers: one for each function, alike in all else. */
#include "nn/module.h"
#include "nn/writer.h"
#include "taper/layers.h"

#include <string.h>

static int describe_dropout(const tp_module *module, char *text, size_t size)
{
    char number[TP__NUMBER_SIZE];
    const tp_dropout_options *o = module->data;
    return snprintf(text, size, "p=%s, inplace=False", tp__number_text(number, o->p, true));
}

static tp_module *new_dropout(const char *name, const char *type, tp_forward_function forward,
                              const tp_dropout_options *options)
{
    if (!options)
        return tp__fail_null(TP_ERROR_ARGUMENT, "%s: options is NULL", name);
    if (!(options->p >= 0 && options->p <= 1))
        return tp__fail_null(TP_ERROR_ARGUMENT, "%s: probability has to be between 0 and 1, but got %g", name,
                             options->p);
    tp_module *module = tp_module_new(type, forward, sizeof *options);
    if (!module)
        return NULL;
    memcpy(module->data, options, sizeof *options);
    tp_module_set_describe(module, describe_dropout);
    return module;
}

#define DROPOUT(name, type)                                           \
    static tp_tensor *forward_##name(tp_module *module, tp_tensor *x) \
    {                                                                 \
        const tp_dropout_options *o = module->data;                   \
        return tp_f_##name(x, o->p, module->training, o->generator);  \
    }                                                                 \
    tp_module *tp_##name##_with(const tp_dropout_options *options)    \
    {                                                                 \
        return new_dropout(#name, type, forward_##name, options);     \
    }
DROPOUT(dropout, "Dropout")
DROPOUT(dropout1d, "Dropout1d")
DROPOUT(dropout2d, "Dropout2d")
DROPOUT(alpha_dropout, "AlphaDropout")
DROPOUT(feature_alpha_dropout, "FeatureAlphaDropout")
