/* taper train: a model from a file of labelled texts. */
#include "interrupt.h"
#include "train_log.h"
#include "train_setup.h"

#include <taper/threads.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct run {
    const settings *settings;
    train_texts texts;
    train_setup setup;
    train_log log;
    train_seconds seconds;
    tp_fit_result result;
} run;

/* Classes that are listed by name. */
#define LISTED 10

static void print_classes(const train_texts *t)
{
    const tp_strings *names = tp_label_classes(t->classes);
    printf("%" PRId64 " classes:", names->count);
    for (int64_t i = 0; i < names->count && i < LISTED; i++) {
        size_t length;
        const char *name = tp_string_at(names, i, &length);
        printf("%s %s (%" PRId64 ")", i ? "," : "", visible(name, length), t->class_counts[i]);
    }
    puts(names->count > LISTED ? ", ..." : "");
}

static void print_file(const train_texts *t, const char *path, int64_t count, int64_t ones)
{
    printf("%s: %" PRId64 " texts", visible(path, strlen(path)), count);
    if (!t->classes)
        printf(", %" PRId64 " of label 1", ones);
    putchar('\n');
}

static void print_data(const run *r)
{
    const text_settings *s = &r->settings->texts;
    const train_texts *t = &r->texts;
    print_file(t, s->train, t->train_count, t->train_ones);
    if (s->dev)
        print_file(t, s->dev, t->dev_count, t->dev_ones);
    if (t->classes)
        print_classes(t);
    if (t->stored < 0)
        printf("%" PRId64 " columns\n", t->columns);
    else
        printf("%" PRId64 " terms, %" PRId64 " counts\n", t->columns, t->stored);
    fflush(stdout);
}

static bool open_log(run *r)
{
    if (!r->settings->log)
        return true;
    char *options = train_describe(r->settings, &r->texts);
    if (!options) {
        fail(STATUS_FAILED, "out of memory");
        return false;
    }
    const bool opened = train_log_open(&r->log, r->settings->log, r->settings->resume != NULL, options);
    free(options);
    return opened;
}

static tp_status on_interval(void *argument, const tp_fit_state *state)
{
    train_log_step(&((run *)argument)->log, state);
    return TP_OK;
}

static tp_status on_evaluation(void *argument, const tp_fit_state *state)
{
    train_log_evaluation(&((run *)argument)->log, state);
    return TP_OK;
}

static tp_status on_epoch_begin(void *argument, const tp_fit_state *state)
{
    return train_texts_begin_epoch(&((run *)argument)->texts, state->epoch);
}

static tp_status on_epoch(void *argument, const tp_fit_state *state)
{
    train_log_epoch(&((run *)argument)->log, state);
    return TP_OK;
}

static tp_status fit(run *r)
{
    const settings *s = r->settings;
    const tp_fit_callbacks callbacks = {.epoch_begin = on_epoch_begin,
                                        .interval = on_interval,
                                        .evaluation = on_evaluation,
                                        .epoch = on_epoch,
                                        .argument = r};
    tp_manual_seed((uint64_t)s->seed);
    train_setup *setup = &r->setup;
    if (train_setup_make(setup, s, &r->texts) != TP_OK)
        return tp_error();
    tp_module *module = tp_text_model_module(setup->model);
    tp_loader *train = tp_loader_new(r->texts.train, .batch_size = s->batch_size, .shuffle = !r->texts.stream,
                                     .num_workers = (int)s->workers);
    tp_loader *dev = NULL;
    if (s->texts.dev)
        dev = tp_loader_new(r->texts.dev, .batch_size = s->batch_size);
    if (!train || (s->texts.dev && !dev) || train_setup_schedule(setup, s, tp_loader_length(train)) != TP_OK)
        return tp_error();
    train_texts_resume(&r->texts, s->resume);
    interrupt_watch();
    return tp_fit(
        module, .train = train, .optimizer = setup->optimizer, .dev = dev,
        .loss = tp_text_model_softmax(setup->model) ? TP_FIT_CROSS_ENTROPY : TP_FIT_SIGMOID_BCE,
        .epochs = s->epochs, .l2_penalty = s->optimizer.l2, .class_weights = setup->class_weights,
        .clip_norm = s->optimizer.clip_norm, .schedule = setup->schedule,
        .metric_schedule = setup->metric_schedule, .average = setup->average, .eval_every = s->eval_every,
        .metric = strcmp(s->metric, "loss") ? TP_FIT_DEV_ACCURACY : TP_FIT_DEV_LOSS, .patience = s->patience,
        .min_delta = s->min_delta, .checkpoint_path = s->checkpoint, .checkpoint_every = s->checkpoint_every,
        .resume_path = s->resume, .stop = &interrupt_signal, .callbacks = &callbacks,
        .log = s->quiet ? NULL : stdout, .digits = 4,
        .progress = s->quiet || !isatty(STDERR_FILENO) ? NULL : stderr, .result = &r->result);
}

/* The best model in words, such as "dev accuracy 0.8268 after 4210 steps of epoch 0". */
static void describe_best(const run *r, char *text, size_t size)
{
    const tp_fit_state *state = &r->result.state;
    if (isnan(state->best_metric))
        snprintf(text, size, "the model after %" PRId64 " steps", state->total_steps);
    else
        snprintf(text, size, "the best model, dev %s %.4f after %" PRId64 " steps of epoch %" PRId64,
                 r->settings->metric, state->best_metric, state->best_step, state->best_epoch);
}

static void print_seconds(const run *r)
{
    const train_seconds *t = &r->seconds;
    fprintf(stderr,
            "%.3f s: read %.3f, vectorize %.3f, load %.3f, train %.3f, evaluate %.3f, save %.3f; peak memory "
            "%.1f MiB\n",
            t->total, t->read, t->vectorize, t->data, t->train, t->evaluate, t->save,
            (double)peak_memory() / (1 << 20));
}

static int run_training(run *r, double begin, int argc, char **argv)
{
    const settings *s = r->settings;
    const int status = train_texts_read(&r->texts, &s->texts);
    r->seconds.read = r->texts.read_seconds;
    r->seconds.vectorize = r->texts.vectorize_seconds;
    if (status != STATUS_GO_ON)
        return status;
    if (!open_log(r))
        return STATUS_FAILED;
    if (!s->quiet)
        print_data(r);

    const tp_status fitted = fit(r);
    if (fitted != TP_OK && fitted != TP_INTERRUPTED)
        return s->resume && !r->result.state.total_steps ? fail_input() : fail_library();
    r->seconds.data = r->result.data_seconds;
    r->seconds.train = r->result.step_seconds;
    r->seconds.evaluate = r->result.evaluation_seconds;

    const double before = clock_seconds();
    if (tp_text_model_save(r->setup.model, s->out) != TP_OK)
        return fail_library();
    const double now = clock_seconds();
    r->seconds.save = now - before;
    r->seconds.total = now - begin;
    train_log_end(&r->log, &r->result, &r->seconds);

    char best[128];
    describe_best(r, best, sizeof best);
    if (fitted == TP_INTERRUPTED) {
        note("interrupted after %" PRId64 " of %" PRId64 " steps of epoch %" PRId64 "; %s holds %s",
             r->result.state.step, r->result.state.steps, r->result.state.epoch, s->out, best);
        interrupt_print_resume(argc, argv, s->checkpoint);
        return 128 + (interrupt_signal ? (int)interrupt_signal : SIGINT);
    }
    if (!s->quiet) {
        printf("\n%s: %s\n", visible(s->out, strlen(s->out)), best);
        fflush(stdout);
        print_seconds(r);
    }
    return STATUS_OK;
}

int train_command(int argc, char **argv)
{
    const double begin = clock_seconds();
    settings s;
    int status = train_settings_read(&s, argc, argv);
    if (status != STATUS_GO_ON)
        return status;
    if (tp_set_num_threads((int)s.threads) != TP_OK)
        return fail_library();
    /* A reader of the output that went away must not cost the model. */
    signal(SIGPIPE, SIG_IGN);
    run r = {.settings = &s, .log = {.by_loss = !strcmp(s.metric, "loss")}};
    status = run_training(&r, begin, argc, argv);
    train_log_close(&r.log);
    return status == STATUS_OK && r.log.failed ? STATUS_FAILED : status;
}
