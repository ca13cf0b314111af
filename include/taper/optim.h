/* Optimizers: torch.optim.
 *
 *     tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.01);
 *
 *     tp_tensor *loss = tp_mse_loss(tp_forward(model, x), y);
 *     tp_zero_grad(adam);
 *     if (tp_backward(loss) != TP_OK || tp_step(adam) != TP_OK)
 *         return tp_report(stderr);
 *
 * An optimizer lives in the region where it was made, and so does its state; its parameters must live at
 * least as long. Formulas and roundings are PyTorch's, so that equal gradients give equal bits. */
#ifndef TAPER_OPTIM_H
#define TAPER_OPTIM_H

#include "taper/nn.h"

TP_BEGIN

typedef struct tp_optimizer tp_optimizer;

#ifdef __cplusplus
#define TP_OPTIM_DEFAULT(value) = value
#else
#define TP_OPTIM_DEFAULT(value)
#endif

/* Stochastic gradient descent. With g the gradient (its negative if `maximize`):
 *     g = g + weight_decay p
 *     b = momentum b + (1 - dampening) g      (b = g in the first step; b = g always without momentum)
 *     p = p - lr b                            (nesterov: p - lr (g + momentum b))
 * A gradient from sparse input (CSR) or of an embedding costs what the batch touches, without momentum,
 * weight_decay and maximize; these move every element, so that with them a step costs as much as the whole
 * parameter. TP_ERROR_ARGUMENT for a negative lr, momentum or weight_decay, and for nesterov without momentum
 * or with dampening. */
typedef struct tp_sgd_options {
    const tp_parameter_list *parameters TP_OPTIM_DEFAULT(nullptr);
    double lr TP_OPTIM_DEFAULT(1e-3);
    double momentum TP_OPTIM_DEFAULT(0);
    double dampening TP_OPTIM_DEFAULT(0);
    double weight_decay TP_OPTIM_DEFAULT(0);
    bool nesterov TP_OPTIM_DEFAULT(false);
    bool maximize TP_OPTIM_DEFAULT(false);
} tp_sgd_options;
TP_API tp_optimizer *tp_sgd_with(const tp_sgd_options *options);

/* Adam (Kingma and Ba 2015). In step t:
 *     g = g + weight_decay p                  (AdamW instead: p = p (1 - lr weight_decay) before all else)
 *     m = m + (1 - beta1) (g - m)
 *     v = beta2 v + (1 - beta2) g^2           (amsgrad: the largest v so far counts below)
 *     p = p - lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
 * TP_ERROR_ARGUMENT for a negative lr, eps or weight_decay, and for a beta outside [0, 1). */
typedef struct tp_adam_options {
    const tp_parameter_list *parameters TP_OPTIM_DEFAULT(nullptr);
    double lr TP_OPTIM_DEFAULT(1e-3);
    double beta1 TP_OPTIM_DEFAULT(0.9);
    double beta2 TP_OPTIM_DEFAULT(0.999);
    double eps TP_OPTIM_DEFAULT(1e-8);
    double weight_decay TP_OPTIM_DEFAULT(0); /* tp_adamw: 1e-2 */
    bool amsgrad TP_OPTIM_DEFAULT(false);
    bool maximize TP_OPTIM_DEFAULT(false);
} tp_adam_options;
TP_API tp_optimizer *tp_adam_with(const tp_adam_options *options);

/* AdamW (Loshchilov and Hutter 2019): weight decay apart from the gradient. */
TP_API tp_optimizer *tp_adamw_with(const tp_adam_options *options);

/* Adagrad (Duchi, Hazan and Singer 2011):
 *     s = s + g^2                             (s = initial_accumulator_value at first)
 *     p = p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)
 * Here and below, g is the gradient (its negative if `maximize`) plus weight_decay p, t is the step, from 1
 * on, and options that are negative are a TP_ERROR_ARGUMENT, as are betas outside [0, 1). */
typedef struct tp_adagrad_options {
    const tp_parameter_list *parameters TP_OPTIM_DEFAULT(nullptr);
    double lr TP_OPTIM_DEFAULT(1e-2);
    double lr_decay TP_OPTIM_DEFAULT(0);
    double weight_decay TP_OPTIM_DEFAULT(0);
    double initial_accumulator_value TP_OPTIM_DEFAULT(0);
    double eps TP_OPTIM_DEFAULT(1e-10);
    bool maximize TP_OPTIM_DEFAULT(false);
} tp_adagrad_options;
TP_API tp_optimizer *tp_adagrad_with(const tp_adagrad_options *options);

/* RMSprop (Hinton 2012; centered: Graves 2013):
 *     v = alpha v + (1 - alpha) g^2
 *     a = v, or v minus the square of the gradient's moving average if `centered`
 *     p = p - lr g / (sqrt(a) + eps)          (momentum: b = momentum b + g / (sqrt(a) + eps), p = p - lr b)
 */
typedef struct tp_rmsprop_options {
    const tp_parameter_list *parameters TP_OPTIM_DEFAULT(nullptr);
    double lr TP_OPTIM_DEFAULT(1e-2);
    double alpha TP_OPTIM_DEFAULT(0.99);
    double eps TP_OPTIM_DEFAULT(1e-8);
    double weight_decay TP_OPTIM_DEFAULT(0);
    double momentum TP_OPTIM_DEFAULT(0);
    bool centered TP_OPTIM_DEFAULT(false);
    bool maximize TP_OPTIM_DEFAULT(false);
} tp_rmsprop_options;
TP_API tp_optimizer *tp_rmsprop_with(const tp_rmsprop_options *options);

/* Adadelta (Zeiler 2012):
 *     v = rho v + (1 - rho) g^2
 *     d = sqrt(u + eps) / sqrt(v + eps) g
 *     u = rho u + (1 - rho) d^2
 *     p = p - lr d */
typedef struct tp_adadelta_options {
    const tp_parameter_list *parameters TP_OPTIM_DEFAULT(nullptr);
    double lr TP_OPTIM_DEFAULT(1.0);
    double rho TP_OPTIM_DEFAULT(0.9);
    double eps TP_OPTIM_DEFAULT(1e-6);
    double weight_decay TP_OPTIM_DEFAULT(0);
    bool maximize TP_OPTIM_DEFAULT(false);
} tp_adadelta_options;
TP_API tp_optimizer *tp_adadelta_with(const tp_adadelta_options *options);

/* Adamax (Kingma and Ba 2015):
 *     m = m + (1 - beta1) (g - m)
 *     u = max(beta2 u, |g| + eps)
 *     p = p - lr / (1 - beta1^t) m / u */
typedef struct tp_adamax_options {
    const tp_parameter_list *parameters TP_OPTIM_DEFAULT(nullptr);
    double lr TP_OPTIM_DEFAULT(2e-3);
    double beta1 TP_OPTIM_DEFAULT(0.9);
    double beta2 TP_OPTIM_DEFAULT(0.999);
    double eps TP_OPTIM_DEFAULT(1e-8);
    double weight_decay TP_OPTIM_DEFAULT(0);
    bool maximize TP_OPTIM_DEFAULT(false);
} tp_adamax_options;
TP_API tp_optimizer *tp_adamax_with(const tp_adamax_options *options);

/* NAdam (Dozat 2016), with mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2) and m, v as in Adam:
 *     d = sqrt(v / (1 - beta2^t)) + eps
 *     p = p - lr (1 - mu_t) / (1 - mu_1 ... mu_t) g / d - lr mu_t+1 / (1 - mu_1 ... mu_t+1) m / d
 * With `decoupled_weight_decay` p is first multiplied by 1 - lr weight_decay, and g is the gradient alone. */
typedef struct tp_nadam_options {
    const tp_parameter_list *parameters TP_OPTIM_DEFAULT(nullptr);
    double lr TP_OPTIM_DEFAULT(2e-3);
    double beta1 TP_OPTIM_DEFAULT(0.9);
    double beta2 TP_OPTIM_DEFAULT(0.999);
    double eps TP_OPTIM_DEFAULT(1e-8);
    double weight_decay TP_OPTIM_DEFAULT(0);
    double momentum_decay TP_OPTIM_DEFAULT(4e-3);
    bool decoupled_weight_decay TP_OPTIM_DEFAULT(false);
    bool maximize TP_OPTIM_DEFAULT(false);
} tp_nadam_options;
TP_API tp_optimizer *tp_nadam_with(const tp_nadam_options *options);

/* RAdam (Liu et al. 2020), with n = 2 / (1 - beta2) - 1, n_t = n - 2 t beta2^t / (1 - beta2^t) and m, v as in
 * Adam:
 *     s = lr m / (1 - beta1^t)
 *     n_t > 5: s = s sqrt(1 - beta2^t) / (sqrt(v) + eps)
 *                  sqrt((n_t - 4) (n_t - 2) n / ((n - 4) (n - 2) n_t))
 *     p = p - s */
typedef struct tp_radam_options {
    const tp_parameter_list *parameters TP_OPTIM_DEFAULT(nullptr);
    double lr TP_OPTIM_DEFAULT(1e-3);
    double beta1 TP_OPTIM_DEFAULT(0.9);
    double beta2 TP_OPTIM_DEFAULT(0.999);
    double eps TP_OPTIM_DEFAULT(1e-8);
    double weight_decay TP_OPTIM_DEFAULT(0);
    bool decoupled_weight_decay TP_OPTIM_DEFAULT(false);
    bool maximize TP_OPTIM_DEFAULT(false);
} tp_radam_options;
TP_API tp_optimizer *tp_radam_with(const tp_radam_options *options);

/* Resilient propagation (Riedmiller and Braun 1993), for gradients of all data. Each element has a step size,
 * lr at first: multiplied by eta_plus where the gradient keeps its sign and by eta_minus where it changes,
 * kept between step_size_min and step_size_max. p moves by it against the gradient's sign, and not at all
 * where that has just changed. TP_ERROR_ARGUMENT unless 0 < eta_minus < 1 < eta_plus. */
typedef struct tp_rprop_options {
    const tp_parameter_list *parameters TP_OPTIM_DEFAULT(nullptr);
    double lr TP_OPTIM_DEFAULT(1e-2);
    double eta_minus TP_OPTIM_DEFAULT(0.5);
    double eta_plus TP_OPTIM_DEFAULT(1.2);
    double step_size_min TP_OPTIM_DEFAULT(1e-6);
    double step_size_max TP_OPTIM_DEFAULT(50);
    bool maximize TP_OPTIM_DEFAULT(false);
} tp_rprop_options;
TP_API tp_optimizer *tp_rprop_with(const tp_rprop_options *options);

/* Adam for gradients from sparse input (CSR) and of embeddings, lazily: moments and parameters of columns or
 * rows that the batch does not touch stay as they are, so that a step costs what is touched. Dense gradients
 * are taken too, where elements with a gradient of 0 count as untouched. lr and eps are above 0. */
typedef struct tp_sparse_adam_options {
    const tp_parameter_list *parameters TP_OPTIM_DEFAULT(nullptr);
    double lr TP_OPTIM_DEFAULT(1e-3);
    double beta1 TP_OPTIM_DEFAULT(0.9);
    double beta2 TP_OPTIM_DEFAULT(0.999);
    double eps TP_OPTIM_DEFAULT(1e-8);
    bool maximize TP_OPTIM_DEFAULT(false);
} tp_sparse_adam_options;
TP_API tp_optimizer *tp_sparse_adam_with(const tp_sparse_adam_options *options);

/* L-BFGS (Liu and Nocedal 1989), for losses of all data: a step is up to max_iter iterations, each of which
 * asks for the loss. The first one goes lr min(1, 1 / sum |g|) along the gradient, the others lr along a
 * direction from the last history_size changes; with `strong_wolfe` a line search finds the length. It ends
 * early after max_eval losses (0: 1.25 max_iter), where no |g| is above tolerance_grad, and where steps or
 * the loss change by tolerance_change or less. Its vectors are double, 2 history_size + 8 of all parameters.
 * One group; stepped by tp_step_closure alone. What it remembers is part of its state, under PyTorch's names
 * in "state.0.", so that a run goes on with the same bits. */
typedef struct tp_lbfgs_options {
    const tp_parameter_list *parameters TP_OPTIM_DEFAULT(nullptr);
    double lr TP_OPTIM_DEFAULT(1);
    int64_t max_iter TP_OPTIM_DEFAULT(20);
    int64_t max_eval TP_OPTIM_DEFAULT(0);
    double tolerance_grad TP_OPTIM_DEFAULT(1e-7);
    double tolerance_change TP_OPTIM_DEFAULT(1e-9);
    int64_t history_size TP_OPTIM_DEFAULT(100);
    bool strong_wolfe TP_OPTIM_DEFAULT(false);
} tp_lbfgs_options;
TP_API tp_optimizer *tp_lbfgs_with(const tp_lbfgs_options *options);

/* Clears the gradients, computes the loss, calls tp_backward, and returns the loss; NaN, with the error kept,
 * if that failed. */
typedef double (*tp_closure)(void *context);

/* A step of an optimizer that may ask for the loss several times; others ask once. The first loss; NaN after
 * an error, which leaves an LBFGS's parameters where it was. */
TP_API double tp_step_closure(tp_optimizer *optimizer, tp_closure closure, void *context);

/* One step for every parameter that has a gradient; the others are left alone, and have no state. All of the
 * parameters are changed, or none: memory for new state is had first. Frozen parameters keep their gradient,
 * if they have one, and are stepped like others: PyTorch's rule. */
TP_API tp_status tp_step(tp_optimizer *optimizer);

/* Makes all gradients absent. NULL is ignored. */
TP_API void tp_zero_grad(tp_optimizer *optimizer);

/* ---- Groups: parameters with options of their own ---- */

/* Adds parameters as a new group with the optimizer's first options, and returns its index; -1 after an
 * error, as for a parameter that is there already. Change its options by tp_set_option. */
TP_API int tp_add_param_group(tp_optimizer *optimizer, const tp_parameter_list *parameters);
/* The number of groups, 1 to begin with; -1 for NULL. */
TP_API int tp_group_count(const tp_optimizer *optimizer);

/* An option of a group by its name ("lr", "weight_decay", "beta1", ...), bools as 0 and 1. The rules are
 * those of the constructors. NaN, TP_ERROR_ARGUMENT for an option or group that is not there. */
TP_API double tp_get_option(const tp_optimizer *optimizer, int group, const char *name);
TP_API tp_status tp_set_option(tp_optimizer *optimizer, int group, const char *name, double value);
/* The same for "lr". */
TP_API double tp_get_lr(const tp_optimizer *optimizer, int group);
TP_API tp_status tp_set_lr(tp_optimizer *optimizer, int group, double lr);

/* ---- Gradients ---- */

/* The p-norm of all gradients together (of the gradients' own norms), from before they are multiplied by
 * min(max_norm / (norm + 1e-6), 1), which is always done. norm_type is p: 2, INFINITY (the largest size),
 * -INFINITY, 0 (how many are not 0) or another number. A norm that is not finite spoils all gradients, as in
 * PyTorch, or with `error_if_nonfinite` is a TP_ERROR_VALUE that changes none. 0 without gradients; NaN after
 * an error. tp_clip_grad_norm(tp_parameters(model), 1.0) */
typedef struct tp_clip_grad_norm_options {
    const tp_parameter_list *parameters TP_OPTIM_DEFAULT(nullptr);
    double max_norm TP_OPTIM_DEFAULT(0);
    double norm_type TP_OPTIM_DEFAULT(2);
    bool error_if_nonfinite TP_OPTIM_DEFAULT(false);
} tp_clip_grad_norm_options;
TP_API double tp_clip_grad_norm_with(const tp_clip_grad_norm_options *options);

/* Every element of every gradient limited to [-limit, limit]. */
TP_API tp_status tp_clip_grad_value(const tp_parameter_list *parameters, double limit);

/* ---- State ---- */

/* The state as named tensors in the current region, for tp_safetensors_save: "state.0.step" (int64),
 * "state.0.exp_avg", "state.0.exp_avg_sq" and what else torch.optim keeps, by the same names, for parameter
 * 0, and so on for those that have been stepped; "param_groups.0.lr" and the other options, float64. The
 * moments are the optimizer's own, row-major. */
TP_API tp_named_tensors *tp_optimizer_state(const tp_optimizer *optimizer);

/* Takes over such a state, so that training goes on with the same bits; all or nothing. The optimizer has the
 * same kind and as many groups, and its parameters have the same order and shapes. TP_ERROR_ARGUMENT,
 * TP_ERROR_SHAPE and TP_ERROR_VALUE name the key. */
TP_API tp_status tp_load_optimizer_state(tp_optimizer *optimizer, const tp_named_tensor *tensors, int64_t n);

/* What PyTorch prints, with the options that there are here; in the current region. */
TP_API char *tp_optimizer_repr(const tp_optimizer *optimizer);

TP_CLOSE

#ifdef __cplusplus
static inline tp_optimizer *tp_sgd(const tp_parameter_list *parameters, tp_sgd_options options = {})
{
    options.parameters = parameters;
    return tp_sgd_with(&options);
}
static inline tp_optimizer *tp_adam(const tp_parameter_list *parameters, tp_adam_options options = {})
{
    options.parameters = parameters;
    return tp_adam_with(&options);
}
static inline tp_optimizer *tp_adagrad(const tp_parameter_list *parameters, tp_adagrad_options options = {})
{
    options.parameters = parameters;
    return tp_adagrad_with(&options);
}
static inline tp_optimizer *tp_rmsprop(const tp_parameter_list *parameters, tp_rmsprop_options options = {})
{
    options.parameters = parameters;
    return tp_rmsprop_with(&options);
}
static inline tp_optimizer *tp_adadelta(const tp_parameter_list *parameters, tp_adadelta_options options = {})
{
    options.parameters = parameters;
    return tp_adadelta_with(&options);
}
static inline tp_optimizer *tp_adamax(const tp_parameter_list *parameters, tp_adamax_options options = {})
{
    options.parameters = parameters;
    return tp_adamax_with(&options);
}
static inline tp_optimizer *tp_nadam(const tp_parameter_list *parameters, tp_nadam_options options = {})
{
    options.parameters = parameters;
    return tp_nadam_with(&options);
}
static inline tp_optimizer *tp_radam(const tp_parameter_list *parameters, tp_radam_options options = {})
{
    options.parameters = parameters;
    return tp_radam_with(&options);
}
static inline tp_optimizer *tp_rprop(const tp_parameter_list *parameters, tp_rprop_options options = {})
{
    options.parameters = parameters;
    return tp_rprop_with(&options);
}
static inline tp_optimizer *tp_sparse_adam(const tp_parameter_list *parameters,
                                           tp_sparse_adam_options options = {})
{
    options.parameters = parameters;
    return tp_sparse_adam_with(&options);
}
static inline tp_optimizer *tp_lbfgs(const tp_parameter_list *parameters, tp_lbfgs_options options = {})
{
    options.parameters = parameters;
    return tp_lbfgs_with(&options);
}
static inline double tp_clip_grad_norm(const tp_parameter_list *parameters, double max_norm,
                                       tp_clip_grad_norm_options options = {})
{
    options.parameters = parameters;
    options.max_norm = max_norm;
    return tp_clip_grad_norm_with(&options);
}
/* Its own options, since the default of the weight decay is another one. */
struct tp_adamw_options : tp_adam_options {
    tp_adamw_options() { weight_decay = 1e-2; }
};
static inline tp_optimizer *tp_adamw(const tp_parameter_list *parameters,
                                     tp_adamw_options options = tp_adamw_options())
{
    options.parameters = parameters;
    return tp_adamw_with(&options);
}
#else
#define TP_ADAM(function, decay, ...)                                                                    \
    TP_WITH_OPTIONS(tp_optimizer *, function, tp_adam_options, .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, \
                    .eps = 1e-8, .weight_decay = decay, .parameters = __VA_ARGS__)
#define tp_sgd(...) \
    TP_WITH_OPTIONS(tp_optimizer *, tp_sgd_with, tp_sgd_options, .lr = 1e-3, .parameters = __VA_ARGS__)
#define tp_adam(...) TP_ADAM(tp_adam_with, 0, __VA_ARGS__)
#define tp_adamw(...) TP_ADAM(tp_adamw_with, 1e-2, __VA_ARGS__)
#define tp_lbfgs(...)                                                                         \
    TP_WITH_OPTIONS(tp_optimizer *, tp_lbfgs_with, tp_lbfgs_options, .lr = 1, .max_iter = 20, \
                    .tolerance_grad = 1e-7, .tolerance_change = 1e-9, .history_size = 100,    \
                    .parameters = __VA_ARGS__)
#define tp_clip_grad_norm(...)                                                                 \
    TP_WITH_OPTIONS(double, tp_clip_grad_norm_with, tp_clip_grad_norm_options, .norm_type = 2, \
                    .parameters = __VA_ARGS__)
#define tp_adagrad(...)                                                                            \
    TP_WITH_OPTIONS(tp_optimizer *, tp_adagrad_with, tp_adagrad_options, .lr = 1e-2, .eps = 1e-10, \
                    .parameters = __VA_ARGS__)
#define tp_rmsprop(...)                                                                             \
    TP_WITH_OPTIONS(tp_optimizer *, tp_rmsprop_with, tp_rmsprop_options, .lr = 1e-2, .alpha = 0.99, \
                    .eps = 1e-8, .parameters = __VA_ARGS__)
#define tp_adadelta(...)                                                                          \
    TP_WITH_OPTIONS(tp_optimizer *, tp_adadelta_with, tp_adadelta_options, .lr = 1.0, .rho = 0.9, \
                    .eps = 1e-6, .parameters = __VA_ARGS__)
#define tp_adamax(...)                                                                           \
    TP_WITH_OPTIONS(tp_optimizer *, tp_adamax_with, tp_adamax_options, .lr = 2e-3, .beta1 = 0.9, \
                    .beta2 = 0.999, .eps = 1e-8, .parameters = __VA_ARGS__)
#define tp_nadam(...)                                                                          \
    TP_WITH_OPTIONS(tp_optimizer *, tp_nadam_with, tp_nadam_options, .lr = 2e-3, .beta1 = 0.9, \
                    .beta2 = 0.999, .eps = 1e-8, .momentum_decay = 4e-3, .parameters = __VA_ARGS__)
#define tp_radam(...)                                                                          \
    TP_WITH_OPTIONS(tp_optimizer *, tp_radam_with, tp_radam_options, .lr = 1e-3, .beta1 = 0.9, \
                    .beta2 = 0.999, .eps = 1e-8, .parameters = __VA_ARGS__)
#define tp_rprop(...)                                                                              \
    TP_WITH_OPTIONS(tp_optimizer *, tp_rprop_with, tp_rprop_options, .lr = 1e-2, .eta_minus = 0.5, \
                    .eta_plus = 1.2, .step_size_min = 1e-6, .step_size_max = 50, .parameters = __VA_ARGS__)
#define tp_sparse_adam(...)                                                                                \
    TP_WITH_OPTIONS(tp_optimizer *, tp_sparse_adam_with, tp_sparse_adam_options, .lr = 1e-3, .beta1 = 0.9, \
                    .beta2 = 0.999, .eps = 1e-8, .parameters = __VA_ARGS__)
#endif

#endif
