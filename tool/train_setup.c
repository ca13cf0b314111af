#include "train_setup.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- The model ---- */

/* The classes' names, ended by zeros, in the current region. NULL where labels are 0 and 1. */
static const char *const *names_of(const train_texts *t)
{
    const tp_strings *names = tp_label_classes(t->classes);
    if (!names)
        return NULL;
    tp_region *region = tp_region_current();
    char **texts = tp_region_alloc(region, (size_t)names->count * sizeof *texts);
    for (int64_t i = 0; texts && i < names->count; i++) {
        size_t length;
        const char *name = tp_string_at(names, i, &length);
        if (!(texts[i] = tp_region_alloc(region, length + 1)))
            return NULL;
        memcpy(texts[i], name, length);
    }
    return (const char *const *)texts;
}

static tp_text_model *make_model(const settings *s, const train_texts *t)
{
    const model_settings *m = &s->model;
    return tp_text_model_make(.vectorizer = t->vectorizer, .hashing = t->hashing, .tfidf = t->tfidf,
                              .classes = class_count(t), .label_names = names_of(t),
                              .kind = (tp_text_model_kind)index_of(model_names, m->name),
                              .softmax = t->classes != NULL, .hidden = m->hidden,
                              .hidden_count = m->hidden_count,
                              .activation = (tp_text_activation)index_of(activation_names, m->activation),
                              .dropout = m->dropout, .width = m->width,
                              .mode = (tp_bag_mode)index_of(bag_mode_names, m->mode));
}

/* ---- The optimizer ---- */

static tp_optimizer *make_optimizer(const optimizer_settings *o, tp_module *module)
{
    const tp_parameter_list *parameters = tp_parameters(module);
    if (!strcmp(o->name, "sgd"))
        return tp_sgd(parameters, .lr = o->lr, .momentum = o->momentum, .weight_decay = o->weight_decay);
    if (!strcmp(o->name, "adamw"))
        return tp_adamw(parameters, .lr = o->lr, .weight_decay = o->weight_decay);
    if (!strcmp(o->name, "adagrad"))
        return tp_adagrad(parameters, .lr = o->lr, .weight_decay = o->weight_decay);
    if (!strcmp(o->name, "rmsprop"))
        return tp_rmsprop(parameters, .lr = o->lr, .momentum = o->momentum, .weight_decay = o->weight_decay);
    return tp_adam(parameters, .lr = o->lr, .weight_decay = o->weight_decay);
}

/* Each class counts as much as all texts divided by the number of classes; one without texts has no weight.
 */
static tp_tensor *balance(const train_texts *t)
{
    const int64_t classes = class_count(t);
    tp_tensor *weights = tp_zeros(TP_F32, classes);
    float *into = tp_data_f32(weights);
    for (int64_t i = 0; into && i < classes; i++)
        if (t->class_counts[i])
            into[i] = (float)((double)t->train_count / ((double)classes * (double)t->class_counts[i]));
    return weights;
}

tp_status train_setup_make(train_setup *setup, const settings *s, const train_texts *t)
{
    setup->model = make_model(s, t);
    tp_module *module = tp_text_model_module(setup->model);
    setup->optimizer = module ? make_optimizer(&s->optimizer, module) : NULL;
    if (!setup->optimizer)
        return tp_error();
    if (s->optimizer.ema > 0 && !(setup->average = tp_average_of(module, .decay = s->optimizer.ema)))
        return tp_error();
    if (strcmp(s->class_weights, "none") != 0 && !(setup->class_weights = balance(t)))
        return tp_error();
    return TP_OK;
}

tp_status train_setup_schedule(train_setup *setup, const settings *s, int64_t steps)
{
    const optimizer_settings *o = &s->optimizer;
    tp_optimizer *optimizer = setup->optimizer;
    const int64_t total = s->epochs < INT64_MAX / steps ? s->epochs * steps : INT64_MAX;
    if (!strcmp(o->schedule, "constant"))
        return TP_OK;
    if (!strcmp(o->schedule, "plateau")) {
        setup->metric_schedule =
            tp_reduce_lr_on_plateau(optimizer, .maximize = strcmp(s->metric, "loss") != 0, .factor = o->gamma,
                                    .patience = o->plateau_patience);
        return setup->metric_schedule ? TP_OK : tp_error();
    }
    if (!strcmp(o->schedule, "linear"))
        setup->schedule =
            tp_linear_lr(optimizer, .start_factor = 1, .end_factor = o->final_lr, .total_iters = total);
    else if (!strcmp(o->schedule, "cosine"))
        setup->schedule = tp_cosine_annealing_lr(optimizer, .T_max = total, .eta_min = o->lr * o->final_lr);
    else if (!strcmp(o->schedule, "step"))
        setup->schedule = tp_step_lr(
            optimizer, .step_size = o->step_epochs < INT64_MAX / steps ? o->step_epochs * steps : INT64_MAX,
            .gamma = o->gamma);
    else
        setup->schedule = tp_one_cycle_lr(optimizer, .max_lr = o->lr, .total_steps = total,
                                          .pct_start = o->warmup, .cycle_momentum = false);
    return setup->schedule ? TP_OK : tp_error();
}

/* ---- The log's first line ---- */

static void describe_texts(FILE *out, const settings *s)
{
    const struct {
        const char *name, *value;
    } texts[] = {{"train", s->texts.train},
                 {"dev", s->texts.dev},
                 {"format", s->texts.format},
                 {"text", s->texts.text},
                 {"label", s->texts.label},
                 {"stem", s->texts.stem},
                 {"metric", s->metric},
                 {"optimizer", s->optimizer.name},
                 {"out", s->out},
                 {"resume", s->resume},
                 {"vectorizer", s->texts.vectorizer},
                 {"analyzer", s->texts.analyzer},
                 {"model", s->model.name},
                 {"hidden", s->model.hidden_text},
                 {"activation", s->model.activation},
                 {"mode", s->model.mode},
                 {"schedule", s->optimizer.schedule},
                 {"class_weights", s->class_weights}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fprintf(out, ",\"%s\":", texts[i].name);
        if (texts[i].value)
            json_text(out, texts[i].value);
        else
            fputs("null", out);
    }
}

static void describe_numbers(FILE *out, const settings *s, const train_texts *t)
{
    const struct {
        const char *name;
        int64_t value;
    } integers[] = {
        {"seed", s->seed},           {"epochs", s->epochs},           {"batch_size", s->batch_size},
        {"ngrams", s->texts.ngrams}, {"min_df", s->texts.min_df},     {"width", s->model.width},
        {"threads", s->threads},     {"train_texts", t->train_count}, {"dev_texts", t->dev_count},
        {"terms", t->columns},       {"classes", class_count(t)}};
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        fprintf(out, ",\"%s\":%" PRId64, integers[i].name, integers[i].value);
    const optimizer_settings *o = &s->optimizer;
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"lr", o->lr},
                   {"momentum", o->momentum},
                   {"weight_decay", o->weight_decay},
                   {"l2", o->l2},
                   {"clip_norm", o->clip_norm},
                   {"ema", o->ema},
                   {"dropout", s->model.dropout}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        fprintf(out, ",\"%s\":", numbers[i].name);
        json_number(out, numbers[i].value);
    }
}

char *train_describe(const settings *s, const train_texts *t)
{
    char *options = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&options, &size);
    if (!out)
        return NULL;
    describe_texts(out, s);
    describe_numbers(out, s, t);
    if (fclose(out) == 0)
        return options;
    free(options);
    return NULL;
}
