/* Adagrad, RMSprop, Adadelta, Adamax, NAdam, RAdam, Rprop and SparseAdam. */
#include "backend/cpu/table.h"
#include "optim/optimizer.h"

#include <float.h>
#include <math.h>

/* Runs the kernel for the piece's dtype. */
static void step(const tp__step_kernel kernels[2], const tp__piece *piece, const tp__step_numbers *numbers)
{
    kernels[piece->dtype == TP_F32 ? 0 : 1](piece->n, piece->p, piece->g, piece->states, numbers);
}

/* The numbers that all kinds have. A kind without an option has 0 there. */
static tp__step_numbers numbers_of(const tp__options *o)
{
    const bool apart = o->of[TP__DECOUPLED] != 0;
    return (tp__step_numbers){.lr = o->of[TP__LR],
                              .beta1 = o->of[TP__BETA1],
                              .beta2 = o->of[TP__BETA2],
                              .eps = o->of[TP__EPS],
                              .momentum = o->of[TP__MOMENTUM],
                              .weight_decay = apart ? 0 : o->of[TP__WEIGHT_DECAY],
                              .decay = apart ? 1 - o->of[TP__LR] * o->of[TP__WEIGHT_DECAY] : 1,
                              .maximize = o->of[TP__MAXIMIZE] != 0};
}

/* Learning rate, eps and weight decay. */
static tp_status check_common(const tp__options *o)
{
    TP__TRY(tp__check_not_negative(o->of[TP__LR], "learning rate"));
    TP__TRY(tp__check_not_negative(o->of[TP__EPS], "epsilon value"));
    return tp__check_not_negative(o->of[TP__WEIGHT_DECAY], "weight_decay value");
}

#define COMMON \
    (TP__OPTION(TP__LR) | TP__OPTION(TP__EPS) | TP__OPTION(TP__WEIGHT_DECAY) | TP__OPTION(TP__MAXIMIZE))
#define BETAS (TP__OPTION(TP__BETA1) | TP__OPTION(TP__BETA2))

/* ---- Adagrad ---- */

static tp_status check_adagrad(const tp__options *o)
{
    TP__TRY(check_common(o));
    TP__TRY(tp__check_not_negative(o->of[TP__LR_DECAY], "lr_decay value"));
    return tp__check_not_negative(o->of[TP__INITIAL_ACCUMULATOR], "initial_accumulator_value value");
}

static double adagrad_initial(const tp__options *o, int i)
{
    (void)i;
    return o->of[TP__INITIAL_ACCUMULATOR];
}

static void update_adagrad(const tp__options *o, const tp__piece *piece)
{
    tp__step_numbers numbers = numbers_of(o);
    numbers.lr = o->of[TP__LR] / (1 + (double)(piece->steps - 1) * o->of[TP__LR_DECAY]);
    step(tp__steps()->adagrad, piece, &numbers);
}

/* 0 / (sqrt(sum) + eps) is 0, of which nothing is subtracted. */
static bool adagrad_skips_zeros(const tp__options *o)
{
    return o->of[TP__WEIGHT_DECAY] == 0 && o->of[TP__MAXIMIZE] == 0 && o->of[TP__EPS] >= (double)FLT_MIN &&
           o->of[TP__LR] <= (double)FLT_MAX;
}

static const tp__kind adagrad_kind = {.type = "Adagrad",
                                      .counts = true,
                                      .options = COMMON | TP__OPTION(TP__LR_DECAY) |
                                                 TP__OPTION(TP__INITIAL_ACCUMULATOR),
                                      .states = {"sum"},
                                      .check = check_adagrad,
                                      .initial = adagrad_initial,
                                      .skips_zeros = adagrad_skips_zeros,
                                      .update = update_adagrad};

tp_optimizer *tp_adagrad_with(const tp_adagrad_options *options)
{
    if (!options)
        return tp__null_argument("adagrad: options"), NULL;
    TP_FRAME("adagrad");
    const tp__options o = {.of = {[TP__LR] = options->lr,
                                  [TP__LR_DECAY] = options->lr_decay,
                                  [TP__WEIGHT_DECAY] = options->weight_decay,
                                  [TP__INITIAL_ACCUMULATOR] = options->initial_accumulator_value,
                                  [TP__EPS] = options->eps,
                                  [TP__MAXIMIZE] = options->maximize}};
    return tp__optimizer_new(&adagrad_kind, options->parameters, &o);
}

/* ---- RMSprop ---- */

static tp_status check_rmsprop(const tp__options *o)
{
    TP__TRY(check_common(o));
    TP__TRY(tp__check_not_negative(o->of[TP__MOMENTUM], "momentum value"));
    return tp__check_not_negative(o->of[TP__ALPHA], "alpha value");
}

static bool rmsprop_needs(const tp__options *o, int i)
{
    return i == 0 || (i == 1 && o->of[TP__CENTERED] != 0) || (i == 2 && o->of[TP__MOMENTUM] > 0);
}

static void update_rmsprop(const tp__options *o, const tp__piece *piece)
{
    tp__step_numbers numbers = numbers_of(o);
    numbers.beta2 = o->of[TP__ALPHA];
    step(tp__steps()->rmsprop, piece, &numbers);
}

static const tp__kind rmsprop_kind = {.type = "RMSprop",
                                      .counts = true,
                                      .options = COMMON | TP__OPTION(TP__ALPHA) | TP__OPTION(TP__MOMENTUM) |
                                                 TP__OPTION(TP__CENTERED),
                                      .states = {"square_avg", "grad_avg", "momentum_buffer"},
                                      .check = check_rmsprop,
                                      .needs = rmsprop_needs,
                                      .update = update_rmsprop};

tp_optimizer *tp_rmsprop_with(const tp_rmsprop_options *options)
{
    if (!options)
        return tp__null_argument("rmsprop: options"), NULL;
    TP_FRAME("rmsprop");
    const tp__options o = {.of = {[TP__LR] = options->lr,
                                  [TP__ALPHA] = options->alpha,
                                  [TP__EPS] = options->eps,
                                  [TP__WEIGHT_DECAY] = options->weight_decay,
                                  [TP__MOMENTUM] = options->momentum,
                                  [TP__CENTERED] = options->centered,
                                  [TP__MAXIMIZE] = options->maximize}};
    return tp__optimizer_new(&rmsprop_kind, options->parameters, &o);
}

/* ---- Adadelta ---- */

static tp_status check_adadelta(const tp__options *o)
{
    TP__TRY(check_common(o));
    if (o->of[TP__RHO] >= 0 && o->of[TP__RHO] <= 1)
        return TP_OK;
    return tp_fail(TP_ERROR_ARGUMENT, "Invalid rho value: %g", o->of[TP__RHO]);
}

static void update_adadelta(const tp__options *o, const tp__piece *piece)
{
    tp__step_numbers numbers = numbers_of(o);
    numbers.beta2 = o->of[TP__RHO];
    step(tp__steps()->adadelta, piece, &numbers);
}

static const tp__kind adadelta_kind = {.type = "Adadelta",
                                       .counts = true,
                                       .options = COMMON | TP__OPTION(TP__RHO),
                                       .states = {"square_avg", "acc_delta"},
                                       .check = check_adadelta,
                                       .update = update_adadelta};

tp_optimizer *tp_adadelta_with(const tp_adadelta_options *options)
{
    if (!options)
        return tp__null_argument("adadelta: options"), NULL;
    TP_FRAME("adadelta");
    const tp__options o = {.of = {[TP__LR] = options->lr,
                                  [TP__RHO] = options->rho,
                                  [TP__EPS] = options->eps,
                                  [TP__WEIGHT_DECAY] = options->weight_decay,
                                  [TP__MAXIMIZE] = options->maximize}};
    return tp__optimizer_new(&adadelta_kind, options->parameters, &o);
}

/* ---- Adamax ---- */

static tp_status check_with_betas(const tp__options *o)
{
    TP__TRY(check_common(o));
    return tp__check_betas(o);
}

static void update_adamax(const tp__options *o, const tp__piece *piece)
{
    tp__step_numbers numbers = numbers_of(o);
    numbers.lr = o->of[TP__LR] / (1 - pow(o->of[TP__BETA1], (double)piece->steps));
    step(tp__steps()->adamax, piece, &numbers);
}

static const tp__kind adamax_kind = {.type = "Adamax",
                                     .counts = true,
                                     .options = COMMON | BETAS,
                                     .states = {"exp_avg", "exp_inf"},
                                     .check = check_with_betas,
                                     .update = update_adamax};

tp_optimizer *tp_adamax_with(const tp_adamax_options *options)
{
    if (!options)
        return tp__null_argument("adamax: options"), NULL;
    TP_FRAME("adamax");
    const tp__options o = {.of = {[TP__LR] = options->lr,
                                  [TP__BETA1] = options->beta1,
                                  [TP__BETA2] = options->beta2,
                                  [TP__EPS] = options->eps,
                                  [TP__WEIGHT_DECAY] = options->weight_decay,
                                  [TP__MAXIMIZE] = options->maximize}};
    return tp__optimizer_new(&adamax_kind, options->parameters, &o);
}

/* ---- NAdam ---- */

static tp_status check_nadam(const tp__options *o)
{
    TP__TRY(check_with_betas(o));
    return tp__check_not_negative(o->of[TP__MOMENTUM_DECAY], "momentum_decay value");
}

/* The momentum of step t. */
static double nadam_mu(const tp__options *o, int64_t t)
{
    return o->of[TP__BETA1] * (1.0 - 0.5 * pow(0.96, (double)t * o->of[TP__MOMENTUM_DECAY]));
}

/* The product of the momenta so far, in float32. */
static double nadam_product(const tp__options *o, int64_t t, double product)
{
    return (double)((float)product * (float)nadam_mu(o, t));
}

static void update_nadam(const tp__options *o, const tp__piece *piece)
{
    tp__step_numbers numbers = numbers_of(o);
    const double lr = o->of[TP__LR], mu = nadam_mu(o, piece->steps), next = nadam_mu(o, piece->steps + 1);
    numbers.correction = 1 - pow(o->of[TP__BETA2], (double)piece->steps);
    numbers.lr = -lr * (1.0 - mu) / (1.0 - piece->number);
    numbers.lr2 = -lr * next / (1.0 - piece->number * next);
    step(tp__steps()->nadam, piece, &numbers);
}

static const tp__kind nadam_kind = {.type = "NAdam",
                                    .counts = true,
                                    .options = COMMON | BETAS | TP__OPTION(TP__MOMENTUM_DECAY) |
                                               TP__OPTION(TP__DECOUPLED),
                                    .states = {"exp_avg", "exp_avg_sq"},
                                    .number = "mu_product",
                                    .check = check_nadam,
                                    .advance = nadam_product,
                                    .update = update_nadam};

tp_optimizer *tp_nadam_with(const tp_nadam_options *options)
{
    if (!options)
        return tp__null_argument("nadam: options"), NULL;
    TP_FRAME("nadam");
    const tp__options o = {.of = {[TP__LR] = options->lr,
                                  [TP__BETA1] = options->beta1,
                                  [TP__BETA2] = options->beta2,
                                  [TP__EPS] = options->eps,
                                  [TP__WEIGHT_DECAY] = options->weight_decay,
                                  [TP__MOMENTUM_DECAY] = options->momentum_decay,
                                  [TP__DECOUPLED] = options->decoupled_weight_decay,
                                  [TP__MAXIMIZE] = options->maximize}};
    return tp__optimizer_new(&nadam_kind, options->parameters, &o);
}

/* ---- RAdam ---- */

static void update_radam(const tp__options *o, const tp__piece *piece)
{
    tp__step_numbers numbers = numbers_of(o);
    const double t = (double)piece->steps, beta2 = o->of[TP__BETA2], power = pow(beta2, t);
    const double correction2 = 1 - power, longest = 2 / (1 - beta2) - 1;
    const double length = longest - 2 * t * power / correction2;
    numbers.correction = 1 - pow(o->of[TP__BETA1], t);
    numbers.lr2 = pow(correction2, 0.5);
    numbers.momentum =
        length > 5
            ? pow((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length), 0.5)
            : 0;
    step(tp__steps()->radam, piece, &numbers);
}

static const tp__kind radam_kind = {.type = "RAdam",
                                    .counts = true,
                                    .options = COMMON | BETAS | TP__OPTION(TP__DECOUPLED),
                                    .states = {"exp_avg", "exp_avg_sq"},
                                    .check = check_with_betas,
                                    .update = update_radam};

tp_optimizer *tp_radam_with(const tp_radam_options *options)
{
    if (!options)
        return tp__null_argument("radam: options"), NULL;
    TP_FRAME("radam");
    const tp__options o = {.of = {[TP__LR] = options->lr,
                                  [TP__BETA1] = options->beta1,
                                  [TP__BETA2] = options->beta2,
                                  [TP__EPS] = options->eps,
                                  [TP__WEIGHT_DECAY] = options->weight_decay,
                                  [TP__DECOUPLED] = options->decoupled_weight_decay,
                                  [TP__MAXIMIZE] = options->maximize}};
    return tp__optimizer_new(&radam_kind, options->parameters, &o);
}

/* ---- Rprop ---- */

static tp_status check_rprop(const tp__options *o)
{
    TP__TRY(tp__check_not_negative(o->of[TP__LR], "learning rate"));
    if (o->of[TP__ETA_MINUS] > 0 && o->of[TP__ETA_MINUS] < 1 && o->of[TP__ETA_PLUS] > 1)
        return TP_OK;
    return tp_fail(TP_ERROR_ARGUMENT, "Invalid eta values: %g, %g", o->of[TP__ETA_MINUS],
                   o->of[TP__ETA_PLUS]);
}

static double rprop_initial(const tp__options *o, int i)
{
    return i == 1 ? o->of[TP__LR] : 0;
}

static void update_rprop(const tp__options *o, const tp__piece *piece)
{
    tp__step_numbers numbers = numbers_of(o);
    numbers.beta1 = o->of[TP__ETA_MINUS];
    numbers.beta2 = o->of[TP__ETA_PLUS];
    numbers.lr = o->of[TP__STEP_MIN];
    numbers.lr2 = o->of[TP__STEP_MAX];
    step(tp__steps()->rprop, piece, &numbers);
}

static const tp__kind rprop_kind = {.type = "Rprop",
                                    .counts = true,
                                    .options = TP__OPTION(TP__LR) | TP__OPTION(TP__ETA_MINUS) |
                                               TP__OPTION(TP__ETA_PLUS) | TP__OPTION(TP__STEP_MIN) |
                                               TP__OPTION(TP__STEP_MAX) | TP__OPTION(TP__MAXIMIZE),
                                    .states = {"prev", "step_size"},
                                    .check = check_rprop,
                                    .initial = rprop_initial,
                                    .update = update_rprop};

tp_optimizer *tp_rprop_with(const tp_rprop_options *options)
{
    if (!options)
        return tp__null_argument("rprop: options"), NULL;
    TP_FRAME("rprop");
    const tp__options o = {.of = {[TP__LR] = options->lr,
                                  [TP__ETA_MINUS] = options->eta_minus,
                                  [TP__ETA_PLUS] = options->eta_plus,
                                  [TP__STEP_MIN] = options->step_size_min,
                                  [TP__STEP_MAX] = options->step_size_max,
                                  [TP__MAXIMIZE] = options->maximize}};
    return tp__optimizer_new(&rprop_kind, options->parameters, &o);
}

/* ---- SparseAdam ---- */

static tp_status check_sparse_adam(const tp__options *o)
{
    if (!(o->of[TP__LR] > 0))
        return tp_fail(TP_ERROR_ARGUMENT, "Invalid learning rate: %g", o->of[TP__LR]);
    if (!(o->of[TP__EPS] > 0))
        return tp_fail(TP_ERROR_ARGUMENT, "Invalid epsilon value: %g", o->of[TP__EPS]);
    return tp__check_betas(o);
}

static bool always(const tp__options *o)
{
    (void)o;
    return true;
}

static void update_sparse_adam(const tp__options *o, const tp__piece *piece)
{
    tp__step_numbers numbers = numbers_of(o);
    const double t = (double)piece->steps;
    numbers.lr = o->of[TP__LR] * sqrt(1 - pow(o->of[TP__BETA2], t)) / (1 - pow(o->of[TP__BETA1], t));
    numbers.skips = !piece->listed;
    step(tp__steps()->sparse_adam, piece, &numbers);
}

static const tp__kind sparse_adam_kind = {.type = "SparseAdam",
                                          .counts = true,
                                          .options = TP__OPTION(TP__LR) | TP__OPTION(TP__EPS) | BETAS |
                                                     TP__OPTION(TP__MAXIMIZE),
                                          .states = {"exp_avg", "exp_avg_sq"},
                                          .check = check_sparse_adam,
                                          .skips_zeros = always,
                                          .update = update_sparse_adam};

tp_optimizer *tp_sparse_adam_with(const tp_sparse_adam_options *options)
{
    if (!options)
        return tp__null_argument("sparse_adam: options"), NULL;
    TP_FRAME("sparse_adam");
    const tp__options o = {.of = {[TP__LR] = options->lr,
                                  [TP__BETA1] = options->beta1,
                                  [TP__BETA2] = options->beta2,
                                  [TP__EPS] = options->eps,
                                  [TP__MAXIMIZE] = options->maximize}};
    return tp__optimizer_new(&sparse_adam_kind, options->parameters, &o);
}
