/* The flags of taper train. */
#include "train_settings.h"
#include "flags.h"

#include <taper/threads.h>

#include <errno.h>
#include <stdlib.h>

const char *const model_names[] = {"logreg", "mlp", "embedding-bag", NULL};
const char *const activation_names[] = {"relu", "tanh", "gelu", NULL};
const char *const bag_mode_names[] = {"sum", "mean", NULL};
static const char *const optimizer_names[] = {"sgd", "adam", "adamw", "adagrad", "rmsprop", NULL};
static const char *const schedule_names[] = {"constant", "linear",    "cosine", "step",
                                             "plateau",  "one-cycle", NULL};
static const char *const metric_names[] = {"accuracy", "loss", NULL};
static const char *const class_weight_names[] = {"none", "balanced", NULL};

int index_of(const char *const *names, const char *name)
{
    int i = 0;
    while (strcmp(names[i], name) != 0)
        i++;
    return i;
}

/* ---- What goes together ---- */

/* A flag that is for some values of another flag only. */
typedef struct need {
    const char *name, *of;
    const char *values; /* with blanks between and around them */
} need;

static const need needs[] = {{"text", "format", " tsv csv "},
                             {"label", "format", " tsv csv "},
                             {"window", "format", " tsv csv "},
                             {"min-df", "vectorizer", " count tfidf "},
                             {"max-df", "vectorizer", " count tfidf "},
                             {"max-features", "vectorizer", " count tfidf "},
                             {"norm", "vectorizer", " tfidf hashing "},
                             {"sublinear-tf", "vectorizer", " tfidf "},
                             {"features", "vectorizer", " hashing "},
                             {"alternate-sign", "vectorizer", " hashing "},
                             {"window", "vectorizer", " hashing "},
                             {"hidden", "model", " mlp embedding-bag "},
                             {"activation", "model", " mlp embedding-bag "},
                             {"dropout", "model", " mlp embedding-bag "},
                             {"width", "model", " embedding-bag "},
                             {"mode", "model", " embedding-bag "},
                             {"momentum", "optimizer", " sgd rmsprop "},
                             {"final-lr", "schedule", " linear cosine "},
                             {"gamma", "schedule", " step plateau "},
                             {"step-epochs", "schedule", " step "},
                             {"warmup", "schedule", " one-cycle "},
                             {"plateau-patience", "schedule", " plateau "}};

static const char *value_of(const settings *s, const char *name)
{
    return !strcmp(name, "format")       ? s->texts.format
           : !strcmp(name, "vectorizer") ? s->texts.vectorizer
           : !strcmp(name, "model")      ? s->model.name
           : !strcmp(name, "optimizer")  ? s->optimizer.name
                                         : s->optimizer.schedule;
}

/* "mlp or embedding-bag" of " mlp embedding-bag ". */
static void list_values(const char *values, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (const char *at = values + 1; *at;) {
        const size_t length = strcspn(at, " ");
        const bool last = !at[length + 1];
        const int wrote = snprintf(text + used, size - used, "%s%.*s",
                                   at == values + 1 ? ""
                                   : last           ? " or "
                                                    : ", ",
                                   (int)length, at);
        used += wrote > 0 && (size_t)wrote < size - used ? (size_t)wrote : 0;
        at += length + 1;
    }
}

/* A flag that does nothing for what was asked for is refused. */
static int check_need(const settings *s, const char *name)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        char value[32], values[64];
        if (strcmp(needs[i].name, name) != 0)
            continue;
        snprintf(value, sizeof value, " %.24s ", value_of(s, needs[i].of));
        if (strstr(needs[i].values, value))
            continue;
        list_values(needs[i].values, values, sizeof values);
        return usage_error("--%s is for --%s %s, not %s", name, needs[i].of, values,
                           value_of(s, needs[i].of));
    }
    return STATUS_GO_ON;
}

static int read_hidden(model_settings *m)
{
    const char *at = m->hidden_text;
    m->hidden_count = 0;
    while (at && *at) {
        char *end;
        errno = 0;
        const long long width = strtoll(at, &end, 10);
        const bool digit = *at >= '0' && *at <= '9';
        if (!digit || errno || width < 1 || width > 1000000 || m->hidden_count == TP_TEXT_MAX_HIDDEN ||
            (*end && (*end != ',' || !end[1])))
            return usage_error(
                "--hidden takes 1 to %d widths from 1 to 1000000 with commas between them, not '%s'",
                TP_TEXT_MAX_HIDDEN, m->hidden_text);
        m->hidden[m->hidden_count++] = width;
        at = *end ? end + 1 : end;
    }
    return STATUS_GO_ON;
}

static int check_shares(const settings *s)
{
    const struct {
        const char *name;
        double value;
        bool one; /* whether 1 is possible */
    } shares[] = {{"dropout", s->model.dropout, false},
                  {"ema", s->optimizer.ema, false},
                  {"warmup", s->optimizer.warmup, false},
                  {"final-lr", s->optimizer.final_lr, true},
                  {"gamma", s->optimizer.gamma, false}};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        if (shares[i].value > 1 || (!shares[i].one && shares[i].value == 1))
            return usage_error("--%s takes a number from 0 to %s1, not %g", shares[i].name,
                               shares[i].one ? "" : "below ", shares[i].value);
    if (s->texts.max_df > 1)
        return usage_error("--max-df is a share of the texts, from 0 to 1");
    return STATUS_GO_ON;
}

static int check_together(const settings *s)
{
    if (s->workers && is_streamed(&s->texts))
        return usage_error("--workers is not for --vectorizer hashing");
    if (!s->texts.dev && (s->eval_every || s->patience_given || strcmp(s->metric, "accuracy") != 0))
        return usage_error("--eval-every, --patience and --metric need --dev");
    if (!s->texts.dev && !strcmp(s->optimizer.schedule, "plateau"))
        return usage_error("--schedule plateau needs --dev");
    return STATUS_GO_ON;
}

/* What a model trains with if nothing is said. */
static void set_defaults(settings *s, bool lr, bool epochs, bool batch_size, bool weight_decay)
{
    static const struct {
        double lr;
        int64_t epochs, batch_size;
    } defaults[] = {{0.01, 2, 16}, {0.001, 2, 64}, {0.001, 2, 64}};
    const int model = index_of(model_names, s->model.name);
    if (!lr)
        s->optimizer.lr = defaults[model].lr;
    if (!epochs)
        s->epochs = defaults[model].epochs;
    if (!batch_size)
        s->batch_size = defaults[model].batch_size;
    if (!weight_decay && !strcmp(s->optimizer.name, "adamw"))
        s->optimizer.weight_decay = 0.01;
    if (!s->model.hidden_text && !strcmp(s->model.name, "mlp"))
        s->model.hidden_text = "32";
    if (!model)
        s->model.dropout = 0;
}

/* ---- Outputs ---- */

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

static int check_files(const settings *s)
{
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

/* ---- All of it ---- */

static settings defaults(void)
{
    return (settings){
        .texts = {.text = "sentence",
                  .label = "label",
                  .format = "tsv",
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
        .model = {.name = "logreg", .activation = "relu", .mode = "sum", .width = 50, .dropout = 0.3},
        .optimizer = {.name = "adam",
                      .schedule = "constant",
                      .lr = 0.01,
                      .gamma = 0.1,
                      .warmup = 0.3,
                      .step_epochs = 1,
                      .plateau_patience = 2},
        .metric = "accuracy",
        .class_weights = "none",
        .epochs = 2,
        .batch_size = 16,
        .patience = -1,
        .out = "model.safetensors",
        .threads = tp_get_num_threads(),
    };
}

static bool given(const flag *flags, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (flags[i].name && !strcmp(flags[i].name, name))
            return flags[i].given;
    return false;
}

int train_settings_read(settings *s, int argc, char **argv)
{
    *s = defaults();
    text_settings *t = &s->texts;
    model_settings *m = &s->model;
    optimizer_settings *o = &s->optimizer;
    flag flags[] = {
        {.kind = FLAG_HEADING, .help = "Data: tables with a header, or fastText's lines"},
        {"train", FLAG_TEXT, &t->train, "FILE", "texts to learn from", .required = true},
        {"dev", FLAG_TEXT, &t->dev, "FILE", "texts to evaluate on, and to pick the best model by",
         .otherwise = "none: the last model is kept"},
        {"format", FLAG_CHOICE, &t->format, "NAME",
         "of both files: tsv, csv, or fasttext: \"__label__NAME words ...\"", .choices = format_names},
        {"text", FLAG_TEXT, &t->text, "COLUMN", "the column of texts", .low = 0},
        {"label", FLAG_TEXT, &t->label, "COLUMN", "the column of labels: 0 and 1, or names of classes",
         .low = 0},

        {.kind = FLAG_HEADING, .help = "Text to counts"},
        {"vectorizer", FLAG_CHOICE, &t->vectorizer, "NAME",
         "count, tfidf, or hashing: no vocabulary, and tables are streamed", .choices = vectorizer_names},
        {"analyzer", FLAG_CHOICE, &t->analyzer, "NAME",
         "terms are runs of words, of characters (char), or of those in words (char_wb)",
         .choices = analyzer_names},
        {"stem", FLAG_CHOICE, &t->stem, "NAME", "stems of words: porter or none", .choices = stem_names},
        {"lowercase", FLAG_BOOL, &t->lowercase, NULL, "lower case", .otherwise = "yes"},
        {"ngrams", FLAG_INTEGER, &t->ngrams, "N", "count runs of up to N words or characters", .low = 1,
         .high = 64},
        {"min-df", FLAG_INTEGER, &t->min_df, "N", "drop terms that fewer than N texts have", .low = 1,
         .high = INT64_MAX},
        {"max-df", FLAG_NUMBER, &t->max_df, "X", "drop terms that more than this share of texts have",
         .above = true},
        {"max-features", FLAG_INTEGER, &t->max_features, "N", "keep the N most frequent terms", .low = 1,
         .high = INT64_MAX, .otherwise = "all"},
        {"stop-words", FLAG_CHOICE, &t->stop_words, "NAME", "words to drop: none or english",
         .choices = stop_word_names},
        {"binary", FLAG_SWITCH, &t->binary, NULL, "count a term once however often it occurs", .low = 0},
        {"norm", FLAG_CHOICE, &t->norm, "NAME",
         "of tfidf and hashing: what a text's row is divided by: none, l1 or l2", .choices = norm_names},
        {"sublinear-tf", FLAG_SWITCH, &t->sublinear_tf, NULL, "of tfidf: 1 + ln(count) in place of the count",
         .low = 0},
        {"features", FLAG_INTEGER, &t->features, "N", "of hashing: columns", .low = 1, .high = INT32_MAX},
        {"alternate-sign", FLAG_BOOL, &t->alternate_sign, NULL, "of hashing: half of the terms count as -1",
         .otherwise = "yes"},
        {"window", FLAG_INTEGER, &t->window, "N", "of hashing: texts that are in memory at a time", .low = 1,
         .high = 1 << 30},

        {.kind = FLAG_HEADING, .help = "Model"},
        {"model", FLAG_CHOICE, &m->name, "NAME", "logreg, mlp or embedding-bag", .choices = model_names},
        {"hidden", FLAG_TEXT, &m->hidden_text, "WIDTHS",
         "of mlp and embedding-bag: hidden layers, as in 128,64", .otherwise = "mlp: 32"},
        {"activation", FLAG_CHOICE, &m->activation, "NAME",
         "of mlp and embedding-bag: behind a hidden layer: relu, tanh or gelu", .choices = activation_names},
        {"dropout", FLAG_NUMBER, &m->dropout, "X",
         "of mlp and embedding-bag: share of numbers that a step drops", .low = 0},
        {"width", FLAG_INTEGER, &m->width, "N", "of embedding-bag: numbers of a word", .low = 1,
         .high = 1000000},
        {"mode", FLAG_CHOICE, &m->mode, "NAME", "of embedding-bag: words as their sum or mean",
         .choices = bag_mode_names},

        {.kind = FLAG_HEADING, .help = "Training"},
        {"seed", FLAG_INTEGER, &s->seed, "N", "of all random numbers", .low = 0, .high = INT64_MAX},
        {"epochs", FLAG_INTEGER, &s->epochs, "N", "passes over the training texts", .low = 1,
         .high = 1000000},
        {"batch-size", FLAG_INTEGER, &s->batch_size, "N", "texts of a step", .low = 1, .high = 1000000,
         .otherwise = "16; mlp, embedding-bag: 64"},
        {"optimizer", FLAG_CHOICE, &o->name, "NAME", "sgd, adam, adamw, adagrad or rmsprop",
         .choices = optimizer_names},
        {"lr", FLAG_NUMBER, &o->lr, "X", "learning rate", .above = true,
         .otherwise = "0.01; mlp, embedding-bag: 0.001"},
        {"momentum", FLAG_NUMBER, &o->momentum, "X", "of sgd and rmsprop", .low = 0},
        {"weight-decay", FLAG_NUMBER, &o->weight_decay, "X", "of the optimizer",
         .otherwise = "0; adamw: 0.01"},
        {"l2", FLAG_NUMBER, &o->l2, "X", "adds X * mean(weight^2) of the first layer to the loss", .low = 0},
        {"clip-norm", FLAG_NUMBER, &o->clip_norm, "X", "limits the norm of the gradients", .above = true,
         .otherwise = "no limit"},
        {"class-weights", FLAG_CHOICE, &s->class_weights, "NAME",
         "none, or balanced: rare classes count as much as frequent ones", .choices = class_weight_names},
        {"ema", FLAG_NUMBER, &o->ema, "X", "average of the weights, X of it kept in each step",
         .otherwise = "none"},
        {"schedule", FLAG_CHOICE, &o->schedule, "NAME",
         "of the learning rate: constant, linear, cosine, step, plateau or one-cycle",
         .choices = schedule_names},
        {"final-lr", FLAG_NUMBER, &o->final_lr, "X", "of linear and cosine: share of --lr in the end",
         .low = 0},
        {"gamma", FLAG_NUMBER, &o->gamma, "X", "of step and plateau: what the rate is multiplied by",
         .above = true},
        {"step-epochs", FLAG_INTEGER, &o->step_epochs, "N", "of step: epochs of a rate", .low = 1,
         .high = 1000000},
        {"plateau-patience", FLAG_INTEGER, &o->plateau_patience, "N",
         "of plateau: evaluations without improvement that are borne", .low = 0, .high = INT64_MAX},
        {"warmup", FLAG_NUMBER, &o->warmup, "X", "of one-cycle: share of the steps in which the rate rises",
         .above = true},
        {"workers", FLAG_INTEGER, &s->workers, "N", "threads that prepare batches ahead", .low = 0,
         .high = 64},
        {"threads", FLAG_INTEGER, &s->threads, "N", "threads; no result depends on it", .low = 1,
         .high = TP_MAX_THREADS, .otherwise = "one for each processor"},

        {.kind = FLAG_HEADING, .help = "Evaluation and early stopping"},
        {"eval-every", FLAG_INTEGER, &s->eval_every, "N", "evaluate every N steps as well", .low = 1,
         .high = INT64_MAX, .otherwise = "after each epoch only"},
        {"metric", FLAG_CHOICE, &s->metric, "NAME", "on --dev, accuracy or loss, to pick the best model by",
         .choices = metric_names},
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
    const size_t n = sizeof flags / sizeof *flags;
    const command of = {
        "train",
        "Trains a classifier of texts, and keeps the best model.",
        "",
        "Labels 0 and 1 or any names of classes; a logistic regression over counts of words, or a network.\n"
        "Ctrl-C or SIGTERM stops after the step: the best model so far is written to --out, and\n"
        "--resume goes on from the checkpoint to the same model as an uninterrupted training.\n",
        0,
        0,
        flags,
        (int)n};
    int status = flags_read(&of, argc, argv, NULL);
    for (size_t i = 0; status == STATUS_GO_ON && i < n; i++)
        if (flags[i].given)
            status = check_need(s, flags[i].name);
    if (status != STATUS_GO_ON)
        return status;
    s->patience_given = given(flags, n, "patience");
    t->seed = s->seed;
    set_defaults(s, given(flags, n, "lr"), given(flags, n, "epochs"), given(flags, n, "batch-size"),
                 given(flags, n, "weight-decay"));
    if (!s->checkpoint && !(s->checkpoint = checkpoint_beside(s->out)))
        return fail_library();
    if ((status = read_hidden(m)) != STATUS_GO_ON || (status = check_shares(s)) != STATUS_GO_ON ||
        (status = check_together(s)) != STATUS_GO_ON)
        return status;
    return check_files(s);
}
