/* A batch's loss and predictions, how many of them are right, and a whole epoch of that. */
#include "train/fit.h"

#include <math.h>
#include <string.h>

tp_status tp__check_loss(tp_fit_loss loss)
{
    if ((int)loss < TP_FIT_SIGMOID_BCE || (int)loss > TP_FIT_MSE)
        return tp_fail(TP_ERROR_ARGUMENT, "%d is no loss", (int)loss);
    return TP_OK;
}

/* ---- The built-in step ---- */

/* Probabilities of logits, for predictions only. */
static tp_tensor *unrecorded_sigmoid(tp_tensor *logits)
{
    TP_SCOPE_NO_GRAD(predictions);
    return tp_sigmoid(logits);
}

/* Losses of two classes with a weight for each. */
static tp_status weigh_binary(tp_tensor *x, tp_tensor *y, tp_tensor *weights, tp_fit_loss loss,
                              tp_step_output *output)
{
    if (weights->numel != 2 || loss == TP_FIT_MSE)
        return tp_fail(TP_ERROR_ARGUMENT, loss == TP_FIT_MSE
                                              ? "fit: class_weights for numbers"
                                              : "fit: a binary loss takes class_weights of two classes");
    tp_tensor *weight = tp_index_select(weights, 0, tp_to(y, TP_I64));
    if (loss == TP_FIT_BCE_WITH_LOGITS) {
        output->predictions = unrecorded_sigmoid(x);
        output->loss = tp_binary_cross_entropy_with_logits(x, y, .weight = weight);
    } else {
        output->predictions = loss == TP_FIT_BCE ? x : tp_sigmoid(x);
        output->loss = tp_binary_cross_entropy(output->predictions, y, .weight = weight);
    }
    return output->loss ? TP_OK : tp_error();
}

tp_status tp__builtin_step_run(void *argument, tp_batch *batch, tp_step_output *output)
{
    const tp__builtin_step *step = argument;
    tp_tensor *y = batch->y;
    if (!y)
        return tp_fail(TP_ERROR_STATE, "the dataset has no second field to learn");
    tp_tensor *x = tp_forward(step->model, batch->X);
    if (!x)
        return tp_error();
    const tp_fit_loss loss = step->loss;
    /* Evaluations do not record, and count all items alike. */
    tp_tensor *weights = step->class_weights && tp_is_grad_enabled() ? step->class_weights : NULL;
    if (loss != TP_FIT_CROSS_ENTROPY && x->ndim == y->ndim + 1 && x->shape[x->ndim - 1] == 1)
        x = tp_squeeze(x, -1);
    if (loss != TP_FIT_CROSS_ENTROPY)
        y = tp_to(y, x ? (tp_dtype)x->dtype : TP_F32);
    else if (!tp_dtype_is_float((tp_dtype)y->dtype) || y->ndim != x->ndim)
        y = tp_to(y, TP_I64);
    if (weights && loss != TP_FIT_CROSS_ENTROPY)
        return weigh_binary(x, y, weights, loss, output);
    switch (loss) {
    case TP_FIT_SIGMOID_BCE:
        output->predictions = tp_sigmoid(x);
        output->loss = tp_binary_cross_entropy(output->predictions, y);
        break;
    case TP_FIT_BCE:
        output->predictions = x;
        output->loss = tp_binary_cross_entropy(x, y);
        break;
    case TP_FIT_BCE_WITH_LOGITS:
        output->predictions = unrecorded_sigmoid(x);
        output->loss = tp_binary_cross_entropy_with_logits(x, y);
        break;
    case TP_FIT_CROSS_ENTROPY:
        output->predictions = y && y->ndim == 1 ? x : NULL;
        output->loss = tp_cross_entropy(x, y, .weight = weights);
        break;
    case TP_FIT_MSE:
        output->loss = tp_mse_loss(x, y);
        break;
    }
    return output->loss ? TP_OK : tp_error();
}

/* ---- Counting ---- */

static tp_status misfit(const tp_tensor *p, const tp_tensor *y)
{
    char one[TP__SHAPE_TEXT_SIZE], two[TP__SHAPE_TEXT_SIZE];
    return tp_fail(TP_ERROR_SHAPE, "predictions of shape %s for labels of shape %s",
                   tp__shape_text(one, sizeof one, p->ndim, p->shape),
                   tp__shape_text(two, sizeof two, y->ndim, y->shape));
}

static double element(const tp_tensor *t, int64_t i)
{
    return tp__load_f64((tp_dtype)t->dtype, t->data + (size_t)i * tp_dtype_size((tp_dtype)t->dtype));
}

/* The first of the largest, NaN counting as larger than all: argmax. */
static int64_t largest(const tp_tensor *scores, int64_t row)
{
    const int64_t classes = scores->shape[1];
    int64_t best = 0;
    for (int64_t c = 1; c < classes; c++) {
        const double now = element(scores, row * classes + best), then = element(scores, row * classes + c);
        if (then > now || (isnan(then) && !isnan(now)))
            best = c;
    }
    return best;
}

static int64_t count_correct(const tp_tensor *p, const tp_tensor *y)
{
    int64_t correct = 0;
    if (p->ndim == 2 && y->ndim == 1) {
        for (int64_t i = 0; i < y->numel; i++)
            correct += (double)largest(p, i) == element(y, i);
        return correct;
    }
    if (p->dtype == TP_F32 && y->dtype == TP_F32) {
        const float *probabilities = (const float *)(const void *)p->data;
        const float *labels = (const float *)(const void *)y->data;
        for (int64_t i = 0; i < p->numel; i++)
            correct += (probabilities[i] > 0.5f ? 1.0f : 0.0f) == labels[i];
        return correct;
    }
    const bool rounded = tp_dtype_is_float((tp_dtype)p->dtype);
    for (int64_t i = 0; i < p->numel; i++) {
        const double value = element(p, i);
        correct += (rounded ? (value > 0.5 ? 1.0 : 0.0) : value) == element(y, i);
    }
    return correct;
}

tp_status tp__count(tp__counts *counts, const tp_batch *batch, const tp_step_output *output)
{
    counts->items += batch->size;
    const tp_tensor *p = output->predictions, *y = output->labels ? output->labels : batch->y;
    if (!p)
        return TP_OK;
    if (!y)
        return tp_fail(TP_ERROR_STATE, "predictions, but no labels to compare them with");
    if (p->layout != TP__DENSE || y->layout != TP__DENSE)
        return tp_fail(TP_ERROR_UNSUPPORTED, "sparse predictions or labels");
    const bool scores = p->ndim == 2 && y->ndim == 1 && tp_dtype_is_float((tp_dtype)p->dtype);
    if (scores ? p->shape[0] != y->shape[0] || p->shape[1] < 1
               : p->ndim != y->ndim || memcmp(p->shape, y->shape, (size_t)p->ndim * sizeof *p->shape))
        return misfit(p, y);
    if (!p->contiguous || !y->contiguous) {
        TP_SCOPE_NO_GRAD(predictions);
        p = tp_contiguous(output->predictions);
        y = tp_contiguous(output->labels ? output->labels : batch->y);
        if (!p || !y)
            return tp_error();
    }
    counts->predicted += y->numel;
    counts->correct += count_correct(p, y);
    return TP_OK;
}

double tp__accuracy_of(const tp__counts *counts)
{
    return counts->predicted ? (double)counts->correct / (double)counts->predicted : (double)NAN;
}

/* ---- Modes ---- */

tp_status tp__modes_remember(tp__modes *modes, tp_module *model)
{
    *modes = (tp__modes){0};
    if (!model)
        return TP_OK;
    const tp_module_list *list = tp_named_modules(model);
    bool *training = list ? tp_region_alloc(tp__region_current(), (size_t)list->count) : NULL;
    if (!training)
        return tp_error();
    for (int64_t i = 0; i < list->count; i++)
        training[i] = tp_is_training(list->modules[i]);
    *modes = (tp__modes){list, training};
    return TP_OK;
}

/* Parents stand before their children, so that each part's own mode is set last. */
void tp__modes_restore(const tp__modes *modes)
{
    for (int64_t i = 0; modes->list && i < modes->list->count; i++) {
        if (modes->training[i])
            tp_train(modes->list->modules[i]);
        else
            tp_eval(modes->list->modules[i]);
    }
}

/* ---- An epoch ---- */

static tp_status evaluate_batches(tp_loader *loader, tp_step_function step, void *argument,
                                  tp_evaluation *result)
{
    tp__counts counts = {0};
    double sum = 0;
    tp_batch *batch;
    tp_status status;
    while ((status = tp_loader_next(loader, &batch)) == TP_OK) {
        TP_SCOPE(evaluation);
        tp_step_output output = {0};
        if ((status = step(argument, batch, &output)) != TP_OK)
            return status;
        if (!output.loss)
            return tp__null_argument("the loss");
        const double loss = tp_item(output.loss);
        if (isnan(loss) && output.loss->numel != 1)
            return tp_error();
        if ((status = tp__count(&counts, batch, &output)) != TP_OK)
            return status;
        sum += loss * (double)batch->size;
    }
    if (status != TP_END)
        return status;
    *result = (tp_evaluation){.loss = counts.items ? sum / (double)counts.items : (double)NAN,
                              .accuracy = tp__accuracy_of(&counts),
                              .count = counts.items};
    return TP_OK;
}

tp_status tp__evaluate(tp_module *model, const tp__modes *modes, tp_loader *loader, tp_step_function step,
                       void *argument, tp_evaluation *result)
{
    TP_SCOPE_NO_GRAD(evaluation);
    *result = (tp_evaluation){NAN, NAN, 0};
    tp_loader_reset(loader);
    tp_eval(model);
    const tp_status status = evaluate_batches(loader, step, argument, result);
    tp__modes_restore(modes);
    if (status != TP_OK)
        tp_loader_reset(loader);
    return status;
}

tp_status tp_evaluate_with(const tp_evaluate_options *options)
{
    const tp_evaluate_options *o = options;
    {
        TP_FRAME("evaluate");
        if (!o || !o->loader)
            return tp__null_argument(o ? "loader" : "options");
        if (!o->step && !o->model)
            return tp__null_argument("model");
        TP__TRY(tp__check_loss(o->loss));
    }
    TP_SCOPE(evaluate);
    tp__modes modes;
    TP__TRY(tp__modes_remember(&modes, o->model));
    tp__builtin_step builtin = {o->model, o->loss, NULL};
    tp_evaluation ignored;
    return tp__evaluate(o->model, &modes, o->loader, o->step ? o->step : tp__builtin_step_run,
                        o->step ? o->argument : &builtin, o->result ? o->result : &ignored);
}
