/* taper train: a model from a table of labelled texts. */
#include "flags.h"
#include "interrupt.h"
#include "model_file.h"
#include "train_log.h"
#include "train_texts.h"

#include <taper/threads.h>
#include <taper/train.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct settings {
    text_settings texts;
    const char *optimizer, *metric;
    int64_t seed, epochs, batch_size, eval_every, patience;
    double lr, l2, weight_decay, momentum, min_delta;
    const char *out, *log, *checkpoint, *resume;
    int64_t checkpoint_every, threads, workers;
    bool quiet, patience_given, weight_decay_given;
} settings;

/* ---- The command line ---- */

static const char *const optimizers[] = {"sgd", "adam", "adamw", NULL};
static const char *const metrics[] = {"accuracy", "loss", NULL};

static int check_settings(const settings *s)
{
    const bool adaptive = strcmp(s->optimizer, "sgd") != 0;
    if (adaptive && s->momentum > 0)
        return usage_error("--momentum is for --optimizer sgd");
    if (!s->texts.dev && (s->eval_every || s->patience_given || strcmp(s->metric, "accuracy") != 0))
        return usage_error("--eval-every, --patience and --metric need --dev");
    const char *const inputs[] = {s->texts.train, s->texts.dev, s->resume};
    const char *const outputs[] = {s->out, s->log, s->checkpoint};
    const char *const input_flags[] = {"--train", "--dev", "--resume"};
    const char *const output_flags[] = {"--out", "--log", "--checkpoint"};
    for (int o = 0; o < 3; o++)
        for (int i = 0; i < 3; i++)
            /* A checkpoint may take the place of the one that the training goes on from. */
            if (outputs[o] && inputs[i] && !(o == 2 && i == 2) &&
                (!strcmp(outputs[o], inputs[i]) || same_file(outputs[o], inputs[i])))
                return usage_error("%s would overwrite %s, which %s reads", output_flags[o], inputs[i],
                                   input_flags[i]);
    for (int o = 0; o < 3; o++)
        for (int other = 0; other < o; other++)
            if (outputs[o] && outputs[other] && strcmp(outputs[o], "/dev/null") != 0 &&
                (!strcmp(outputs[o], outputs[other]) || same_file(outputs[o], outputs[other])))
                return usage_error("%s and %s name one file, %s", output_flags[other], output_flags[o],
                                   outputs[o]);
    for (int o = 0; o < 3; o++)
        if (outputs[o]) {
            const int status = check_output_path(output_flags[o], outputs[o]);
            if (status != STATUS_GO_ON)
                return status;
        }
    return STATUS_GO_ON;
}

/* A flag that does nothing for the vectorizer that was asked for is refused. */
static int check_vectorizer_flag(const settings *s, const char *name)
{
    static const struct {
        const char *name, *vectorizers;
    } needs[] = {{"min-df", "count tfidf"},     {"max-df", "count tfidf"}, {"max-features", "count tfidf"},
                 {"norm", "tfidf hashing"},     {"sublinear-tf", "tfidf"}, {"features", "hashing"},
                 {"alternate-sign", "hashing"}, {"window", "hashing"}};
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (!strcmp(needs[i].name, name) && !strstr(needs[i].vectorizers, s->texts.vectorizer))
            return usage_error("--%s is not for --vectorizer %s", name, s->texts.vectorizer);
    if (!strcmp(name, "max-df") && s->texts.max_df > 1)
        return usage_error("--max-df is a share of the texts, from 0 to 1");
    if (!strcmp(name, "workers") && s->workers && is_hashing(&s->texts))
        return usage_error("--workers is not for --vectorizer hashing");
    return STATUS_GO_ON;
}

static int read_settings(settings *s, int argc, char **argv)
{
    enum { PATIENCE_DEFAULT = -1 };
    *s = (settings){
        .texts = {.text = "sentence",
                  .label = "label",
                  .vectorizer = "count",
                  .analyzer = "word",
                  .stem = "porter",
                  .stop_words = "none",
                  .norm = "l2",
                  .ngrams = 1,
                  .min_df = 1,
                  .max_df = 1,
                  .max_features = INT64_MAX,
                  .features = 1048576,
                  .window = 65536,
                  .lowercase = true,
                  .alternate_sign = true},
        .optimizer = "adam",
        .metric = "accuracy",
        .epochs = 2,
        .batch_size = 16,
        .patience = PATIENCE_DEFAULT,
        .lr = 0.01,
        .out = "model.safetensors",
        .threads = tp_get_num_threads(),
    };
    flag flags[] = {
        {.kind = FLAG_HEADING, .help = "Data: tab-separated files with a header"},
        {"train", FLAG_TEXT, &s->texts.train, "FILE", "texts to learn from", .required = true},
        {"dev", FLAG_TEXT, &s->texts.dev, "FILE", "texts to evaluate on, and to pick the best model by",
         .otherwise = "none: the last model is kept"},
        {"text", FLAG_TEXT, &s->texts.text, "COLUMN", "the column of texts", .low = 0},
        {"label", FLAG_TEXT, &s->texts.label, "COLUMN", "the column of labels, 0 or 1", .low = 0},

        {.kind = FLAG_HEADING, .help = "Text to counts"},
        {"vectorizer", FLAG_CHOICE, &s->texts.vectorizer, "NAME",
         "count, tfidf, or hashing: no vocabulary, and the files are streamed", .choices = vectorizer_names},
        {"analyzer", FLAG_CHOICE, &s->texts.analyzer, "NAME",
         "terms are runs of words, of characters (char), or of those in words (char_wb)",
         .choices = analyzer_names},
        {"stem", FLAG_CHOICE, &s->texts.stem, "NAME", "stems of words: porter or none",
         .choices = stem_names},
        {"lowercase", FLAG_BOOL, &s->texts.lowercase, NULL, "lower case", .otherwise = "yes"},
        {"ngrams", FLAG_INTEGER, &s->texts.ngrams, "N", "count runs of up to N words or characters", .low = 1,
         .high = 64},
        {"min-df", FLAG_INTEGER, &s->texts.min_df, "N", "drop terms that fewer than N texts have", .low = 1,
         .high = INT64_MAX},
        {"max-df", FLAG_NUMBER, &s->texts.max_df, "X", "drop terms that more than this share of texts have",
         .above = true},
        {"max-features", FLAG_INTEGER, &s->texts.max_features, "N", "keep the N most frequent terms",
         .low = 1, .high = INT64_MAX, .otherwise = "all"},
        {"stop-words", FLAG_CHOICE, &s->texts.stop_words, "NAME", "words to drop: none or english",
         .choices = stop_word_names},
        {"binary", FLAG_SWITCH, &s->texts.binary, NULL, "count a term once however often it occurs",
         .low = 0},
        {"norm", FLAG_CHOICE, &s->texts.norm, "NAME",
         "of tfidf and hashing: what a text's row is divided by: none, l1 or l2", .choices = norm_names},
        {"sublinear-tf", FLAG_SWITCH, &s->texts.sublinear_tf, NULL,
         "of tfidf: 1 + ln(count) in place of the count", .low = 0},
        {"features", FLAG_INTEGER, &s->texts.features, "N", "of hashing: columns", .low = 1,
         .high = INT32_MAX},
        {"alternate-sign", FLAG_BOOL, &s->texts.alternate_sign, NULL,
         "of hashing: half of the terms count as -1", .otherwise = "yes"},
        {"window", FLAG_INTEGER, &s->texts.window, "N", "of hashing: texts that are in memory at a time",
         .low = 1, .high = 1 << 30},

        {.kind = FLAG_HEADING, .help = "Training"},
        {"seed", FLAG_INTEGER, &s->seed, "N", "of all random numbers", .low = 0, .high = INT64_MAX},
        {"epochs", FLAG_INTEGER, &s->epochs, "N", "passes over the training texts", .low = 1,
         .high = 1000000},
        {"batch-size", FLAG_INTEGER, &s->batch_size, "N", "texts of a step", .low = 1, .high = 1000000},
        {"optimizer", FLAG_CHOICE, &s->optimizer, "NAME", "sgd, adam or adamw", .choices = optimizers},
        {"lr", FLAG_NUMBER, &s->lr, "X", "learning rate", .above = true},
        {"momentum", FLAG_NUMBER, &s->momentum, "X", "of sgd", .low = 0},
        {"weight-decay", FLAG_NUMBER, &s->weight_decay, "X", "of the optimizer",
         .otherwise = "0; adamw: 0.01"},
        {"l2", FLAG_NUMBER, &s->l2, "X", "adds X * mean(weight^2) to the loss", .low = 0},
        {"workers", FLAG_INTEGER, &s->workers, "N", "threads that prepare batches ahead", .low = 0,
         .high = 64},
        {"threads", FLAG_INTEGER, &s->threads, "N", "threads; no result depends on it", .low = 1,
         .high = TP_MAX_THREADS, .otherwise = "one for each processor"},

        {.kind = FLAG_HEADING, .help = "Evaluation and early stopping"},
        {"eval-every", FLAG_INTEGER, &s->eval_every, "N", "evaluate every N steps as well", .low = 1,
         .high = INT64_MAX, .otherwise = "after each epoch only"},
        {"metric", FLAG_CHOICE, &s->metric, "NAME", "on --dev, accuracy or loss, to pick the best model by",
         .choices = metrics},
        {"patience", FLAG_INTEGER, &s->patience, "N",
         "stop at the Nth evaluation in a row without improvement", .low = 1, .high = INT64_MAX,
         .otherwise = "never"},
        {"min-delta", FLAG_NUMBER, &s->min_delta, "X", "an improvement is more than X", .low = 0},

        {.kind = FLAG_HEADING, .help = "Files"},
        {"out", FLAG_TEXT, &s->out, "FILE", "the model", .low = 0},
        {"log", FLAG_TEXT, &s->log, "FILE", "one line of JSON for each event", .otherwise = "none"},
        {"checkpoint", FLAG_TEXT, &s->checkpoint, "FILE", "where an interrupted training can be resumed from",
         .otherwise = "MODEL.checkpoint.safetensors"},
        {"checkpoint-every", FLAG_INTEGER, &s->checkpoint_every, "N", "write it every N steps as well",
         .low = 1, .high = INT64_MAX, .otherwise = "when interrupted only"},
        {"resume", FLAG_TEXT, &s->resume, "FILE", "go on from a checkpoint, with the same other flags",
         .otherwise = "begin anew"},
        {"quiet", FLAG_SWITCH, &s->quiet, NULL, "print nothing but errors", .low = 0},
    };
    const command of = {
        "train",
        "Trains a logistic regression over counts of words, and keeps the best model.",
        "",
        "Ctrl-C or SIGTERM stops after the step: the best model so far is written to --out, and\n"
        "--resume goes on from the checkpoint to the same model as an uninterrupted training.\n",
        0,
        0,
        flags,
        sizeof flags / sizeof *flags};
    int status = flags_read(&of, argc, argv, NULL);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (flags[i].into == &s->patience)
            s->patience_given = flags[i].given;
        if (flags[i].into == &s->weight_decay)
            s->weight_decay_given = flags[i].given;
        if (status == STATUS_GO_ON && flags[i].given)
            status = check_vectorizer_flag(s, flags[i].name);
    }
    s->texts.seed = s->seed;
    return status;
}

/* --out with ".checkpoint" in front of its ending. */
static const char *checkpoint_beside(const char *out)
{
    static const char ending[] = ".safetensors";
    const size_t length = strlen(out), tail = strlen(ending);
    const size_t stem = length > tail && !strcmp(out + length - tail, ending) ? length - tail : length;
    const size_t size = stem + sizeof ".checkpoint.safetensors";
    char *path = tp_region_alloc(tp_region_current(), size);
    if (path)
        snprintf(path, size, "%.*s.checkpoint%s", (int)stem, out, ending);
    return path;
}

/* ---- The run ---- */

typedef struct run {
    const settings *settings;
    train_texts texts;
    tp_text_model *model;
    train_log log;
    train_seconds seconds;
    tp_fit_result result;
} run;

static void print_data(const run *r)
{
    const text_settings *s = &r->settings->texts;
    const train_texts *t = &r->texts;
    printf("%s: %" PRId64 " texts, %" PRId64 " of label 1\n", s->train, t->train_count, t->train_ones);
    if (s->dev)
        printf("%s: %" PRId64 " texts, %" PRId64 " of label 1\n", s->dev, t->dev_count, t->dev_ones);
    if (t->stored < 0)
        printf("%" PRId64 " columns\n", t->columns);
    else
        printf("%" PRId64 " terms, %" PRId64 " counts\n", t->columns, t->stored);
    fflush(stdout);
}

/* The settings and the data's sizes as the members of a JSON object; to be freed. NULL without memory. */
static char *describe_options(const run *r)
{
    const settings *s = r->settings;
    char *options = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&options, &size);
    if (!out)
        return NULL;
    const struct {
        const char *name, *value;
    } texts[] = {{"train", s->texts.train},      {"dev", s->texts.dev},
                 {"text", s->texts.text},        {"label", s->texts.label},
                 {"stem", s->texts.stem},        {"metric", s->metric},
                 {"optimizer", s->optimizer},    {"out", s->out},
                 {"resume", s->resume},          {"vectorizer", s->texts.vectorizer},
                 {"analyzer", s->texts.analyzer}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fprintf(out, ",\"%s\":", texts[i].name);
        if (texts[i].value)
            json_text(out, texts[i].value);
        else
            fputs("null", out);
    }
    const struct {
        const char *name;
        int64_t value;
    } integers[] = {{"seed", s->seed},
                    {"epochs", s->epochs},
                    {"batch_size", s->batch_size},
                    {"ngrams", s->texts.ngrams},
                    {"min_df", s->texts.min_df},
                    {"threads", s->threads},
                    {"train_texts", r->texts.train_count},
                    {"dev_texts", r->texts.dev_count},
                    {"terms", r->texts.columns}};
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        fprintf(out, ",\"%s\":%" PRId64, integers[i].name, integers[i].value);
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"lr", s->lr}, {"momentum", s->momentum}, {"weight_decay", s->weight_decay}, {"l2", s->l2}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        fprintf(out, ",\"%s\":", numbers[i].name);
        json_number(out, numbers[i].value);
    }
    if (fclose(out) == 0)
        return options;
    free(options);
    return NULL;
}

static bool open_log(run *r)
{
    if (!r->settings->log)
        return true;
    char *options = describe_options(r);
    if (!options) {
        fail(STATUS_FAILED, "out of memory");
        return false;
    }
    const bool opened = train_log_open(&r->log, r->settings->log, r->settings->resume != NULL, options);
    free(options);
    return opened;
}

static tp_optimizer *make_optimizer(const settings *s, tp_module *module)
{
    const tp_parameter_list *parameters = tp_parameters(module);
    if (!strcmp(s->optimizer, "sgd"))
        return tp_sgd(parameters, .lr = s->lr, .momentum = s->momentum, .weight_decay = s->weight_decay);
    if (!strcmp(s->optimizer, "adamw"))
        return tp_adamw(parameters, .lr = s->lr, .weight_decay = s->weight_decay);
    return tp_adam(parameters, .lr = s->lr, .weight_decay = s->weight_decay);
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
    r->model = train_texts_model(&r->texts);
    tp_module *module = tp_text_model_module(r->model);
    tp_optimizer *optimizer = make_optimizer(s, module);
    tp_loader *train = tp_loader_new(r->texts.train, .batch_size = s->batch_size, .shuffle = !r->texts.stream,
                                     .num_workers = (int)s->workers);
    tp_loader *dev = NULL;
    if (s->texts.dev)
        dev = tp_loader_new(r->texts.dev, .batch_size = s->batch_size);
    if (!module || !optimizer || !train || (s->texts.dev && !dev))
        return tp_error();
    train_texts_resume(&r->texts, s->resume);
    interrupt_watch();
    return tp_fit(module, .train = train, .optimizer = optimizer, .dev = dev, .epochs = s->epochs,
                  .l2_penalty = s->l2, .eval_every = s->eval_every,
                  .metric = strcmp(s->metric, "loss") ? TP_FIT_DEV_ACCURACY : TP_FIT_DEV_LOSS,
                  .patience = s->patience, .min_delta = s->min_delta, .checkpoint_path = s->checkpoint,
                  .checkpoint_every = s->checkpoint_every, .resume_path = s->resume,
                  .stop = &interrupt_signal, .callbacks = &callbacks, .log = s->quiet ? NULL : stdout,
                  .digits = 4, .progress = s->quiet || !isatty(STDERR_FILENO) ? NULL : stderr,
                  .result = &r->result);
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
    if (tp_text_model_save(r->model, s->out) != TP_OK)
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
        printf("\n%s: %s\n", s->out, best);
        fflush(stdout);
        print_seconds(r);
    }
    return STATUS_OK;
}

int train_command(int argc, char **argv)
{
    const double begin = clock_seconds();
    settings s;
    int status = read_settings(&s, argc, argv);
    if (status != STATUS_GO_ON)
        return status;
    if (!s.checkpoint)
        s.checkpoint = checkpoint_beside(s.out);
    if (!s.weight_decay_given && !strcmp(s.optimizer, "adamw"))
        s.weight_decay = 0.01;
    if (!s.checkpoint || tp_set_num_threads((int)s.threads) != TP_OK)
        return fail_library();
    status = check_settings(&s);
    if (status != STATUS_GO_ON)
        return status;
    /* A reader of the output that went away must not cost the model. */
    signal(SIGPIPE, SIG_IGN);
    run r = {.settings = &s, .log = {.by_loss = !strcmp(s.metric, "loss")}};
    status = run_training(&r, begin, argc, argv);
    train_log_close(&r.log);
    return status == STATUS_OK && r.log.failed ? STATUS_FAILED : status;
}
