/* SGD, Adam and AdamW, and the checks that all kinds share. */
#include "backend/cpu/isa.h"
#include "backend/cpu/table.h"
#include "optim/optimizer.h"

#include <float.h>
#include <math.h>

tp_status tp__check_not_negative(double value, const char *what)
{
    return value >= 0 ? TP_OK : tp_fail(TP_ERROR_ARGUMENT, "Invalid %s: %g", what, value);
}

static tp_status check_beta(const tp__options *o, tp__option option, int index)
{
    if (o->of[option] >= 0 && o->of[option] < 1)
        return TP_OK;
    return tp_fail(TP_ERROR_ARGUMENT, "Invalid beta parameter at index %d: %g", index, o->of[option]);
}

tp_status tp__check_betas(const tp__options *o)
{
    TP__TRY(check_beta(o, TP__BETA1, 0));
    return check_beta(o, TP__BETA2, 1);
}

/* ---- SGD ---- */

static tp_status check_sgd(const tp__options *o)
{
    TP__TRY(tp__check_not_negative(o->of[TP__LR], "learning rate"));
    TP__TRY(tp__check_not_negative(o->of[TP__MOMENTUM], "momentum value"));
    TP__TRY(tp__check_not_negative(o->of[TP__WEIGHT_DECAY], "weight_decay value"));
    if (o->of[TP__NESTEROV] != 0 && !(o->of[TP__MOMENTUM] > 0 && o->of[TP__DAMPENING] == 0))
        return tp_fail(TP_ERROR_ARGUMENT, "Nesterov momentum requires a momentum and zero dampening");
    return TP_OK;
}

static bool sgd_needs(const tp__options *o, int i)
{
    return i == 0 && o->of[TP__MOMENTUM] != 0;
}

/* p - lr 0 is p, unless the step is not finite, or a 0 of the other sign is added to -0. */
static bool sgd_skips_zeros(const tp__options *o)
{
    return o->of[TP__MOMENTUM] == 0 && o->of[TP__WEIGHT_DECAY] == 0 && o->of[TP__MAXIMIZE] == 0 &&
           o->of[TP__LR] <= (double)FLT_MAX;
}

static void update_sgd(const tp__options *o, const tp__piece *piece)
{
    const tp__sgd_numbers numbers = {.lr = o->of[TP__LR],
                                     .momentum = o->of[TP__MOMENTUM],
                                     .dampening = o->of[TP__DAMPENING],
                                     .weight_decay = o->of[TP__WEIGHT_DECAY],
                                     .nesterov = o->of[TP__NESTEROV] != 0,
                                     .first = piece->first,
                                     .maximize = o->of[TP__MAXIMIZE] != 0};
    if (piece->dtype == TP_F32)
        tp__optim()->sgd_f32(piece->n, piece->p, piece->g, piece->states[0], &numbers);
    else
        tp__optim()->sgd_f64(piece->n, piece->p, piece->g, piece->states[0], &numbers);
}

static const tp__kind sgd_kind = {.type = "SGD",
                                  .options = TP__OPTION(TP__LR) | TP__OPTION(TP__MOMENTUM) |
                                             TP__OPTION(TP__DAMPENING) | TP__OPTION(TP__WEIGHT_DECAY) |
                                             TP__OPTION(TP__NESTEROV) | TP__OPTION(TP__MAXIMIZE),
                                  .states = {"momentum_buffer"},
                                  .check = check_sgd,
                                  .needs = sgd_needs,
                                  .skips_zeros = sgd_skips_zeros,
                                  .update = update_sgd};

tp_optimizer *tp_sgd_with(const tp_sgd_options *options)
{
    if (!options)
        return tp__null_argument("sgd: options"), NULL;
    tp__options o = {{0}};
    o.of[TP__LR] = options->lr;
    o.of[TP__MOMENTUM] = options->momentum;
    o.of[TP__DAMPENING] = options->dampening;
    o.of[TP__WEIGHT_DECAY] = options->weight_decay;
    o.of[TP__NESTEROV] = options->nesterov;
    o.of[TP__MAXIMIZE] = options->maximize;
    TP_FRAME("sgd");
    return tp__optimizer_new(&sgd_kind, options->parameters, &o);
}

/* ---- Adam and AdamW ---- */

static tp_status check_adam(const tp__options *o)
{
    TP__TRY(tp__check_not_negative(o->of[TP__LR], "learning rate"));
    TP__TRY(tp__check_not_negative(o->of[TP__EPS], "epsilon value"));
    TP__TRY(tp__check_betas(o));
    return tp__check_not_negative(o->of[TP__WEIGHT_DECAY], "weight_decay value");
}

static bool adam_needs(const tp__options *o, int i)
{
    return i < 2 || o->of[TP__AMSGRAD] != 0;
}

/* Steps from one that looks for moments that can move nothing to the next. */
enum { SETTLES_EVERY = 8 };

static void update(const tp__options *o, const tp__piece *piece, bool apart)
{
    const double steps = (double)piece->steps, lr = o->of[TP__LR], decay = o->of[TP__WEIGHT_DECAY];
    tp__adam_numbers numbers = {.beta1 = o->of[TP__BETA1],
                                .beta2 = o->of[TP__BETA2],
                                .eps = o->of[TP__EPS],
                                .step_size = lr / (1 - pow(o->of[TP__BETA1], steps)),
                                .root_correction = sqrt(1 - pow(o->of[TP__BETA2], steps)),
                                .weight_decay = apart ? 0 : decay,
                                .decay = apart ? 1 - lr * decay : 1,
                                .maximize = o->of[TP__MAXIMIZE] != 0,
                                .slow_subnormals = tp__slow_subnormals()};
    numbers.settles = piece->steps % SETTLES_EVERY == 0 && numbers.step_size < 0x1p50 * numbers.eps &&
                      numbers.eps * numbers.root_correction >= 0x1p-34 && numbers.beta1 <= numbers.beta2;
    void *const *states = piece->states;
    if (piece->dtype == TP_F32)
        tp__optim()->adam_f32(piece->n, piece->p, piece->g, states[0], states[1], states[2], &numbers);
    else
        tp__optim()->adam_f64(piece->n, piece->p, piece->g, states[0], states[1], states[2], &numbers);
}

static void update_adam(const tp__options *o, const tp__piece *piece)
{
    update(o, piece, false);
}

static void update_adamw(const tp__options *o, const tp__piece *piece)
{
    update(o, piece, true);
}

#define ADAM_KIND(name, its_update)                                                                      \
    {                                                                                                    \
        .type = name, .counts = true,                                                                    \
        .options = TP__OPTION(TP__LR) | TP__OPTION(TP__BETA1) | TP__OPTION(TP__BETA2) |                  \
                   TP__OPTION(TP__EPS) | TP__OPTION(TP__WEIGHT_DECAY) | TP__OPTION(TP__AMSGRAD) |        \
                   TP__OPTION(TP__MAXIMIZE),                                                             \
        .states = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}, .check = check_adam, .needs = adam_needs, \
        .update = its_update                                                                             \
    }

static const tp__kind adam_kind = ADAM_KIND("Adam", update_adam);
static const tp__kind adamw_kind = ADAM_KIND("AdamW", update_adamw);

static tp_optimizer *adam(const tp__kind *kind, const tp_adam_options *options)
{
    tp__options o = {{0}};
    o.of[TP__LR] = options->lr;
    o.of[TP__BETA1] = options->beta1;
    o.of[TP__BETA2] = options->beta2;
    o.of[TP__EPS] = options->eps;
    o.of[TP__WEIGHT_DECAY] = options->weight_decay;
    o.of[TP__AMSGRAD] = options->amsgrad;
    o.of[TP__MAXIMIZE] = options->maximize;
    return tp__optimizer_new(kind, options->parameters, &o);
}

tp_optimizer *tp_adam_with(const tp_adam_options *options)
{
    if (!options)
        return tp__null_argument("adam: options"), NULL;
    TP_FRAME("adam");
    return adam(&adam_kind, options);
}

tp_optimizer *tp_adamw_with(const tp_adam_options *options)
{
    if (!options)
        return tp__null_argument("adamw: options"), NULL;
    TP_FRAME("adamw");
    return adam(&adamw_kind, options);
}
