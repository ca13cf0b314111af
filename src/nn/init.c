/* Initialisers. Bounds and deviations are computed in double precision, in PyTorch's order. */
#include "heart/heart.h"
#include "taper/nn.h"

#include <math.h>
#include <string.h>

/* Where to draw: `t` itself, or a row-major tensor to be copied to it. */
static tp_tensor *row_major(tp_tensor *t)
{
    return t->contiguous ? t : tp_zeros_n((tp_dtype)t->dtype, t->ndim, t->shape);
}

typedef struct draw {
    enum { UNIFORM, NORMAL, TRUNCATED } kind;
    double a, b, low, high;
} draw;

/* How often a whole tensor is drawn again at most. */
#define MOST_ROUNDS 10000

static tp_status refuse_truncation(const draw *d)
{
    return tp_fail(
        TP_ERROR_UNSUPPORTED,
        "trunc_normal_: after %d draws there are still numbers of mean %g and deviation %g outside "
        "[%g, %g]",
        MOST_ROUNDS, d->a, d->b, d->low, d->high);
}

/* Normal numbers; PyTorch draws a whole tensor again as long as one is outside, and takes what it needs. */
static tp_status draw_normal_within(tp_tensor *to, tp_tensor *again, const draw *d, tp_generator *generator)
{
    const tp_dtype dtype = (tp_dtype)to->dtype;
    const double low = dtype == TP_F32 ? (double)(float)d->low : d->low,
                 high = dtype == TP_F32 ? (double)(float)d->high : d->high;
    const size_t size = tp_dtype_size(dtype);
    TP__TRY(tp_normal_(to, d->a, d->b, generator));
    for (int round = 0; round < MOST_ROUNDS; round++) {
        bool any = false;
        if (round)
            TP__TRY(tp_normal_(again, d->a, d->b, generator));
        for (int64_t i = 0; i < to->numel; i++) {
            char *p = to->data + (size_t)i * size;
            double value = tp__load_f64(dtype, p);
            if (round && (value < low || value > high)) {
                value = tp__load_f64(dtype, again->data + (size_t)i * size);
                tp__store_f64(dtype, p, value);
            }
            any |= value < low || value > high;
        }
        if (!any)
            return TP_OK;
    }
    return refuse_truncation(d);
}

/* Uniform numbers, each kept with the probability density there / greatest density within. In the dtype's
 * precision, operation by operation as PyTorch computes it, since decisions depend on it. */
static tp_status draw_uniform_within(tp_tensor *to, tp_tensor *again, const draw *d, tp_generator *generator)
{
    const tp_dtype dtype = (tp_dtype)to->dtype;
    const size_t size = tp_dtype_size(dtype);
    const double mode = fmax(d->low, fmin(d->a, d->high)), away = (mode - d->a) / d->b;
    const double log_peak = -0.5 * (away * away);
    bool *settled = tp_region_alloc(tp__region_current(), (size_t)to->numel);
    tp_tensor *chance = tp_zeros_n(dtype, to->ndim, to->shape);
    if (!settled || !chance)
        return TP_ERROR_MEMORY;
    for (int round = 0; round < MOST_ROUNDS; round++) {
        TP_SCOPE(round);
        bool any = false;
        TP__TRY(tp_uniform_(again, d->low, d->high, generator));
        TP__TRY(tp_uniform_(chance, 0, 1, generator));
        tp_tensor *density = tp_mul(tp_square(tp_div(tp_sub(again, d->a), d->b)), -0.5);
        tp_tensor *refused = tp_gt(tp_log(chance), tp_sub(density, log_peak));
        if (!refused)
            return tp__ctx.error;
        for (int64_t i = 0; i < to->numel; i++) {
            if (settled[i])
                continue;
            memcpy(to->data + (size_t)i * size, again->data + (size_t)i * size, size);
            settled[i] = !tp_data_bool(refused)[i];
            any |= !settled[i];
        }
        if (!any)
            return TP_OK;
    }
    return refuse_truncation(d);
}

static tp_status draw_truncated(tp_tensor *to, const draw *d, tp_generator *generator)
{
    if (!(d->low <= d->high && isfinite(d->a) && isfinite(d->b) && d->b > 0))
        return tp_fail(TP_ERROR_ARGUMENT,
                       "trunc_normal_: mean %g, deviation %g and limits [%g, %g] are no distribution", d->a,
                       d->b, d->low, d->high);
    const double below = (1 + erf((d->low - d->a) / d->b / sqrt(2))) / 2;
    const double inside = (1 + erf((d->high - d->a) / d->b / sqrt(2))) / 2 - below;
    tp_tensor *again = tp_zeros_n((tp_dtype)to->dtype, to->ndim, to->shape);
    if (!again)
        return TP_ERROR_MEMORY;
    return inside > 0.3 ? draw_normal_within(to, again, d, generator)
                        : draw_uniform_within(to, again, d, generator);
}

static tp_tensor *drawn(tp_tensor *t, tp_generator *generator, const draw *d)
{
    if (!t)
        return tp__null_operand("init");
    TP_FRAME("init");
    if (t->history || t->layout != TP__DENSE || t->released)
        return tp__fail_null(TP_ERROR_STATE, "only dense tensors without history can be initialised");
    TP_SCOPE(init);
    TP_SCOPE_NO_GRAD(init);
    tp_tensor *to = row_major(t);
    if (!to)
        return NULL;
    tp_status status = TP_OK;
    switch (d->kind) {
    case UNIFORM:
        status = tp_uniform_(to, d->a, d->b, generator);
        break;
    case NORMAL:
        status = tp_normal_(to, d->a, d->b, generator);
        break;
    case TRUNCATED:
        status = draw_truncated(to, d, generator);
        break;
    }
    if (status != TP_OK)
        return NULL;
    if (to != t) {
        tp__copy_elements(to, t);
        tp__changed(t);
    }
    return t;
}

tp_tensor *tp_init_uniform_(tp_tensor *t, double from, double to, tp_generator *generator)
{
    return drawn(t, generator, &(draw){UNIFORM, from, to, 0, 0});
}

tp_tensor *tp_init_normal_(tp_tensor *t, double mean, double std, tp_generator *generator)
{
    return drawn(t, generator, &(draw){NORMAL, mean, std, 0, 0});
}

tp_tensor *tp_init_trunc_normal_(tp_tensor *t, double mean, double std, double low, double high,
                                 tp_generator *generator)
{
    return drawn(t, generator, &(draw){TRUNCATED, mean, std, low, high});
}

tp_tensor *tp_init_constant_(tp_tensor *t, double value)
{
    if (!t)
        return tp__null_operand(__func__);
    TP_SCOPE_NO_GRAD(init);
    return tp_fill_(t, value) == TP_OK ? t : NULL;
}

tp_tensor *tp_init_ones_(tp_tensor *t)
{
    return tp_init_constant_(t, 1);
}

tp_tensor *tp_init_zeros_(tp_tensor *t)
{
    return tp_init_constant_(t, 0);
}

tp_tensor *tp_init_eye_(tp_tensor *t)
{
    if (!t)
        return tp__null_operand(__func__);
    if (t->ndim != 2)
        return tp__fail_null(TP_ERROR_SHAPE, "init_eye_: Only tensors with 2 dimensions are supported");
    TP_SCOPE(init);
    TP_SCOPE_NO_GRAD(init);
    const tp_tensor *eye = tp_eye((tp_dtype)t->dtype, t->shape[0], t->shape[1]);
    return eye && tp_assign(t, eye) == TP_OK ? t : NULL;
}

/* ---- Deviations from the fans ---- */

static tp_status fans(const tp_tensor *t, double *fan_in, double *fan_out)
{
    if (t->ndim < 2)
        return tp_fail(
            TP_ERROR_SHAPE,
            "init: Fan in and fan out can not be computed for tensor with fewer than 2 dimensions");
    int64_t behind = 1;
    for (int d = 2; d < t->ndim; d++)
        behind *= t->shape[d];
    *fan_in = (double)(t->shape[1] * behind);
    *fan_out = (double)(t->shape[0] * behind);
    return TP_OK;
}

static tp_tensor *xavier(tp_tensor *t, double gain, tp_generator *generator, bool uniform)
{
    double in = 0, out = 0;
    if (!t)
        return tp__null_operand("init_xavier");
    if (fans(t, &in, &out) != TP_OK)
        return NULL;
    if (!t->numel)
        return t;
    const double std = gain * sqrt(2.0 / (in + out)), bound = sqrt(3.0) * std;
    return uniform ? tp_init_uniform_(t, -bound, bound, generator) : tp_init_normal_(t, 0, std, generator);
}

tp_tensor *tp_init_xavier_uniform_(tp_tensor *t, double gain, tp_generator *generator)
{
    return xavier(t, gain, generator, true);
}

tp_tensor *tp_init_xavier_normal_(tp_tensor *t, double gain, tp_generator *generator)
{
    return xavier(t, gain, generator, false);
}

double tp_calculate_gain(tp_nonlinearity nonlinearity, double slope)
{
    switch (nonlinearity) {
    case TP_NONLINEARITY_LINEAR:
        return 1;
    case TP_NONLINEARITY_TANH:
        return 5.0 / 3;
    case TP_NONLINEARITY_RELU:
        return sqrt(2.0);
    case TP_NONLINEARITY_LEAKY_RELU:
        return sqrt(2.0 / (1 + slope * slope));
    case TP_NONLINEARITY_SELU:
        return 3.0 / 4;
    }
    tp_fail(TP_ERROR_ARGUMENT, "calculate_gain: Unsupported nonlinearity %d", (int)nonlinearity);
    return NAN;
}

static tp_tensor *kaiming(const tp_kaiming_options *o, bool uniform)
{
    double in = 0, out = 0;
    if (!o->tensor || !o->tensor->numel)
        return o->tensor;
    if (fans(o->tensor, &in, &out) != TP_OK)
        return NULL;
    if (o->mode != TP_FAN_IN && o->mode != TP_FAN_OUT)
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "init: Mode %d not supported, please use one of TP_FAN_IN, TP_FAN_OUT",
                             (int)o->mode);
    const double gain = tp_calculate_gain(o->nonlinearity, o->slope);
    if (isnan(gain))
        return NULL;
    const double std = gain / sqrt(o->mode == TP_FAN_IN ? in : out), bound = sqrt(3.0) * std;
    return uniform ? tp_init_uniform_(o->tensor, -bound, bound, o->generator)
                   : tp_init_normal_(o->tensor, 0, std, o->generator);
}

tp_tensor *tp_init_kaiming_uniform_with(const tp_kaiming_options *options)
{
    if (!options)
        return tp__null_argument("init_kaiming_uniform: options"), NULL;
    return kaiming(options, true);
}

tp_tensor *tp_init_kaiming_normal_with(const tp_kaiming_options *options)
{
    if (!options)
        return tp__null_argument("init_kaiming_normal: options"), NULL;
    return kaiming(options, false);
}
