/* The training loop: its numbers, its log, early stopping, what is reloaded when. */
#include "base/memory.h"
#include "fit_setting.h"
#include "pack.h"

#include <fcntl.h>
#include <poll.h>

static tp_tensor *first_weight(const tp_module *model)
{
    return tp_parameters(model)->tensors[0];
}

/* ---- The numbers are those of the loop written out ---- */

static void test_written_out(void)
{
    TP_SCOPE(written_out);
    setting s = make_setting(1);
    double mean = 0, accuracy = 0;
    for (int epoch = 0; epoch < 3; epoch++) {
        tp_batch *batch;
        int64_t correct = 0;
        double losses = 0;
        while (tp_loader_next(s.train, &batch) == TP_OK) {
            TP_SCOPE(step);
            tp_tensor *p = tp_sigmoid(tp_squeeze(tp_forward(s.model, batch->X), 1));
            tp_tensor *loss = tp_add(tp_binary_cross_entropy(p, batch->y),
                                     tp_mul(tp_mean(tp_pow(first_weight(s.model), 2)), 0.01));
            for (int64_t i = 0; i < batch->size; i++)
                correct += (tp_at(p, i) > 0.5) == (tp_at(batch->y, i) > 0.5);
            tp_zero_grad(s.adam);
            CHECK(tp_backward(loss) == TP_OK && tp_step(s.adam) == TP_OK);
            losses += tp_item(loss);
        }
        accuracy = (double)correct / ITEMS;
        mean = losses / STEPS;
    }
    setting t = make_setting(1);
    tp_fit_result result;
    CHECK(tp_fit(t.model, t.train, t.adam, .epochs = 3, .l2_penalty = 0.01, .result = &result) == TP_OK);
    CHECK(same_state(tp_state_dict(s.model), tp_state_dict(t.model)));
    CHECK(result.state.epoch == 3 && result.state.total_steps == 3 * STEPS && result.state.steps == STEPS);
    CHECK(!result.stopped_early && !result.interrupted && result.state.best_epoch == -1);
    CHECK(isnan(result.state.best_metric) && isnan(result.state.dev_loss));
    CHECK(result.state.train_accuracy == accuracy);
    CHECK(mean > 0 && mean < 1);
    CHECK(result.seconds > 0 && result.step_seconds <= result.seconds);
    /* The penalty is not without effect. */
    setting u = make_setting(1);
    CHECK(tp_fit(u.model, u.train, u.adam, .epochs = 3) == TP_OK);
    CHECK(!same_state(tp_state_dict(u.model), tp_state_dict(t.model)));
    CHECK_OK();
}

/* ---- The log ---- */

static void test_log(void)
{
    TP_SCOPE(log);
    setting s = make_setting(2);
    char *bytes;
    size_t length;
    FILE *log = open_memstream(&bytes, &length);
    CHECK(tp_fit(s.model, s.train, s.adam, s.dev, .epochs = 1, .log = log, .log_every = 2, .eval_every = 4) ==
          TP_OK);
    fclose(log);
    /* Numbers become #. */
    char shape[400];
    size_t at = 0;
    for (const char *c = bytes; *c && at < sizeof shape - 1; c++) {
        if (*c == '.' || (*c >= '0' && *c <= '9' && c > bytes && c[-1] == '.'))
            shape[at++] = '#';
        else if (!(*c >= '0' && *c <= '9' && at && shape[at - 1] == '#'))
            shape[at++] = *c;
    }
    shape[at] = 0;
    CHECK(strstr(bytes, "\nEpoch 0\n\tStep 2 mean training loss: 0.") == bytes);
    CHECK(strstr(shape, "\tStep 4 mean training loss: 0##\n\tDev accuracy: 0##\nEpoch mean train loss: 0##\n"
                        "Epoch train accuracy: 0##\nEpoch dev accuracy: 0##\n"));
    free(bytes);
    CHECK_OK();
}

typedef struct seen {
    double interval[8], losses[64];
    int intervals, steps, epochs, begun, evaluations, ended;
    int fail_at;            /* the step after which the callback fails; 0: none */
    int interrupt_at;       /* likewise */
    tp_named_tensors *best; /* what the model was when it was best */
    tp_module *model;
    tp_region *home;
} seen;

static tp_status on_step(void *argument, const tp_fit_state *state)
{
    seen *s = argument;
    s->losses[s->steps++] = state->loss;
    if (s->fail_at && s->steps == s->fail_at)
        return tp_fail(TP_ERROR_VALUE, "enough");
    return s->interrupt_at && s->steps == s->interrupt_at ? TP_INTERRUPTED : TP_OK;
}
static tp_status on_interval(void *argument, const tp_fit_state *state)
{
    seen *s = argument;
    s->interval[s->intervals++] = state->interval_loss;
    return TP_OK;
}
static tp_status on_epoch(void *argument, const tp_fit_state *state)
{
    seen *s = argument;
    s->epochs++;
    return state->step == state->steps ? TP_OK : tp_fail(TP_ERROR_STATE, "not at the end");
}
static tp_status on_epoch_begin(void *argument, const tp_fit_state *state)
{
    ((seen *)argument)->begun++;
    return state->step == 0 ? TP_OK : tp_fail(TP_ERROR_STATE, "not at the beginning");
}
static tp_status on_evaluation(void *argument, const tp_fit_state *state)
{
    seen *s = argument;
    s->evaluations++;
    if (state->improved && s->model) {
        tp_region *inner = tp_region_new_detached("best");
        tp_region_enter(inner);
        s->best = tp_copy_named_tensors(tp_state_dict(s->model));
        tp_region_leave(inner);
        tp_region_end(s->home);
        s->home = inner;
    }
    return TP_OK;
}
static void on_end(void *argument, const tp_fit_state *state)
{
    (void)state;
    ((seen *)argument)->ended++;
}
static const tp_fit_callbacks all_callbacks = {.step = on_step,
                                               .interval = on_interval,
                                               .epoch = on_epoch,
                                               .epoch_begin = on_epoch_begin,
                                               .evaluation = on_evaluation,
                                               .end = on_end};

/* The mean at step 2k is that of the losses of steps 2k-2 and 2k-1; none at step 0. */
static void test_intervals(void)
{
    TP_SCOPE(intervals);
    setting s = make_setting(3);
    seen at = {0};
    tp_fit_callbacks callbacks = all_callbacks;
    callbacks.argument = &at;
    CHECK(tp_fit(s.model, s.train, s.adam, s.dev, .epochs = 2, .log_every = 2, .eval_every = 3,
                 .callbacks = &callbacks, .keep_last = true) == TP_OK);
    CHECK(at.intervals == 4 && at.steps == 12 && at.epochs == 2 && at.begun == 2 && at.ended == 1);
    CHECK(at.evaluations == 4);
    for (int i = 0; i < 4; i++) {
        const double *l = at.losses + i / 2 * STEPS + i % 2 * 2;
        CHECK(at.interval[i] == (l[0] + l[1]) / 2);
    }
    CHECK_OK();
}

/* ---- Early stopping ---- */

/* Training steps pull a weight to 0; evaluations give what the script says. */
typedef struct script {
    const double *values;
    int next;
    tp_module *model;
    bool accuracy;
} script;

static tp_status scripted(void *argument, tp_batch *batch, tp_step_output *output)
{
    script *s = argument;
    if (tp_is_grad_enabled()) {
        output->loss = tp_mean(tp_pow(tp_forward(s->model, batch->X), 2));
        return TP_OK;
    }
    output->loss = tp_scalar(TP_F64, s->values[s->next++]);
    return TP_OK;
}

typedef struct stop_case {
    int64_t patience;
    double min_delta;
    double losses[8];
    int64_t evaluations; /* that are made */
    double best;         /* NAN: none */
    int64_t best_epoch;
    bool early;
} stop_case;

static const stop_case stop_cases[] = {
    /* Never stops without patience. */
    {-1, 0, {5, 6, 7, 8, 4, 9}, 6, 4, 4, false},
    /* 0 is as 1: the first evaluation without improvement ends it. */
    {0, 0, {5, 4, 4, 3, 2, 1}, 3, 4, 1, true},
    {1, 0, {5, 4, 4, 3, 2, 1}, 3, 4, 1, true},
    {1, 0, {6, 5, 4, 3, 2, 1}, 6, 1, 5, false},
    /* In a row: an improvement begins anew. */
    {3, 0, {5, 6, 6, 4, 6, 6}, 6, 4, 3, false},
    {3, 0, {5, 6, 6, 6, 4, 3}, 4, 5, 0, true},
    {3, 0, {5, 4, 6, 6, 6, 3}, 5, 4, 1, true},
    /* Too small an improvement is none for patience, and measured against the last one that was. */
    {2, 0.5, {5, 4.75, 4.5, 4.25, 1, 1}, 3, 4.5, 2, true},
    {2, 0.5, {5, 4.75, 4.25, 4, 3.5, 3}, 6, 3, 5, false},
    /* What is not finite is never the best. */
    {2, 0, {NAN, NAN, 1, 1, 1, 1}, 2, NAN, -1, true},
    {2, 0, {NAN, 3, NAN, NAN, 1, 1}, 4, 3, 1, true},
    {2, 0, {-INFINITY, 3, 2, 1, INFINITY, -INFINITY}, 6, 1, 3, true},
    {-1, 0, {NAN, NAN, NAN, NAN, NAN, NAN}, 6, NAN, -1, false},
};

static void test_early_stopping(void)
{
    for (size_t i = 0; i < sizeof stop_cases / sizeof *stop_cases; i++) {
        const stop_case *c = &stop_cases[i];
        TP_SCOPE(stopping);
        const setting s = make_setting(4);
        tp_loader *dev = tp_loader_new(tp_loader_dataset(s.train), .batch_size = ITEMS);
        script play = {.values = c->losses, .model = s.model};
        tp_fit_result r;
        CHECK(tp_fit(s.model, s.train, s.adam, dev, .step = scripted, .step_argument = &play, .epochs = 6,
                     .metric = TP_FIT_DEV_LOSS, .patience = c->patience, .min_delta = c->min_delta,
                     .result = &r) == TP_OK);
        CHECK(r.state.evaluations == c->evaluations);
        CHECK(r.stopped_early == c->early);
        CHECK(isnan(c->best) ? isnan(r.state.best_metric) : r.state.best_metric == c->best);
        CHECK(r.state.best_epoch == c->best_epoch);
        if (test_failures)
            printf("(early stopping case %zu)\n", i);
    }
    CHECK_OK();
}

/* With evaluations within epochs, those at epochs' ends do not count for patience, but may be the best; and
 * an early stop leaves the step that it fell into unmade. */
static void test_stop_within(void)
{
    TP_SCOPE(within);
    const setting s = make_setting(4);
    tp_loader *dev = tp_loader_new(tp_loader_dataset(s.train), .batch_size = ITEMS);
    /* Steps 2 and 4, the epoch's end, and so on. */
    const double losses[] = {5, 6, 4, 6, 6, 6};
    script play = {.values = losses, .model = s.model};
    tp_fit_result r;
    CHECK(tp_fit(s.model, s.train, s.adam, dev, .step = scripted, .step_argument = &play, .epochs = 6,
                 .eval_every = 2, .metric = TP_FIT_DEV_LOSS, .patience = 2, .result = &r) == TP_OK);
    CHECK(r.stopped_early && r.state.evaluations == 4 && r.state.epoch == 1 && r.state.step == 2);
    CHECK(r.state.best_metric == 4 && r.state.best_epoch == 0 && r.state.best_step == STEPS);
    CHECK(r.state.wait == 2);
    /* Where there is no such step, epochs' ends count. */
    play.next = 0;
    CHECK(tp_fit(s.model, s.train, s.adam, dev, .step = scripted, .step_argument = &play, .epochs = 6,
                 .eval_every = STEPS, .metric = TP_FIT_DEV_LOSS, .patience = 1, .result = &r) == TP_OK);
    CHECK(r.stopped_early && r.state.evaluations == 2);
    CHECK_OK();
}

/* ---- The best model is reloaded on every way out ---- */

static void check_best(int way)
{
    TP_SCOPE(best);
    const setting s = make_setting(5);
    seen at = {.model = s.model, .fail_at = way == 2 ? 10 : 0, .interrupt_at = way == 1 ? 10 : 0};
    tp_fit_callbacks callbacks = all_callbacks;
    callbacks.argument = &at;
    const char *file = test_temporary("best.safetensors");
    tp_fit_result r;
    const tp_status status =
        tp_fit(s.model, s.train, s.adam, s.dev, .epochs = way == 0 ? 6 : 20, .callbacks = &callbacks,
               .best_path = file, .patience = way == 3 ? 2 : -1, .eval_every = 2, .result = &r);
    CHECK(status == (way == 1 ? TP_INTERRUPTED : way == 2 ? TP_ERROR_VALUE : TP_OK));
    CHECK(r.interrupted == (way == 1) && r.stopped_early == (way == 3) && at.ended == 1);
    if (way == 2)
        CHECK_ERROR(TP_ERROR_VALUE, "enough");
    CHECK(same_state(tp_state_dict(s.model), at.best));
    CHECK(tp_is_training(s.model));
    tp_safetensors_file *best = tp_safetensors_open(file);
    for (int64_t i = 0; at.best && i < at.best->count; i++)
        CHECK(tp_equal(tp_safetensors_tensor(best, at.best->items[i].name), at.best->items[i].tensor));
    /* The evaluation can be repeated. */
    tp_evaluation e;
    CHECK(tp_evaluate(s.model, s.dev, .result = &e) == TP_OK);
    CHECK(e.accuracy == r.state.best_metric && e.count == ITEMS);
    remove(file);
    tp_region_end(at.home);
    CHECK_OK();
}

/* ---- The rest ---- */

static void test_arguments(void)
{
    TP_SCOPE(arguments);
    const setting s = make_setting(10);
    CHECK(tp_fit(NULL, s.train, s.adam) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "fit");
    CHECK(tp_fit(s.model, NULL, s.adam) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "train loader");
    CHECK(tp_fit(s.model, s.train, s.adam, .patience = 1) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "early stopping without a dev loader");
    CHECK(tp_fit(s.model, s.train, s.adam, .eval_every = 1) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "eval_every without a dev loader");
    CHECK(tp_fit(s.model, s.train, s.adam, s.train) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "same loader");
    CHECK(tp_fit(s.model, s.train, s.adam, .epochs = -1) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "epochs is -1");
    CHECK(tp_fit(s.model, s.train, s.adam, .min_delta = NAN) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "min_delta");
    CHECK(tp_fit(s.model, s.train, s.adam, s.dev, .loss = TP_FIT_MSE) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "TP_FIT_DEV_LOSS");
    CHECK(tp_fit(s.model, s.train, s.adam, .checkpoint_every = 1) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "checkpoint_path");
    CHECK(tp_evaluate(NULL, s.dev) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "model");
    tp_fit_result r;
    const tp_named_tensors *before = tp_copy_named_tensors(tp_state_dict(s.model));
    CHECK(tp_fit(s.model, s.train, s.adam, .epochs = 0, .result = &r) == TP_OK && r.state.total_steps == 0);
    CHECK(same_state(before, tp_state_dict(s.model)));
    CHECK_OK();
}

/* Modes of parts are as before, evaluation runs without dropout, and an error of the model comes through. */
static void test_modes(void)
{
    TP_SCOPE(modes);
    const setting s = make_setting(11);
    tp_eval(tp_get_submodule(s.model, "2"));
    tp_evaluation a, b;
    CHECK(tp_evaluate(s.model, s.dev, .result = &a) == TP_OK &&
          tp_evaluate(s.model, s.dev, .result = &b) == TP_OK);
    CHECK(a.loss == b.loss && a.accuracy == b.accuracy);
    CHECK(tp_is_training(s.model) && !tp_is_training(tp_get_submodule(s.model, "2")));
    CHECK(tp_fit(s.model, s.train, s.adam, s.dev) == TP_OK);
    CHECK(tp_is_training(s.model) && !tp_is_training(tp_get_submodule(s.model, "2")));
    CHECK(tp_is_grad_enabled());
    tp_module *wrong = tp_linear(FEATURES + 1, 1);
    CHECK(tp_fit(wrong, s.train, tp_adam(tp_parameters(wrong)), s.dev) == TP_ERROR_SHAPE);
    CHECK_ERROR(TP_ERROR_SHAPE, "linear");
    tp_module *three = tp_linear(FEATURES, 3);
    CHECK(tp_fit(three, s.train, tp_adam(tp_parameters(three))) == TP_ERROR_SHAPE);
    tp_clear_error();
}

/* The other losses, each on data that suit it. */
static void test_losses(void)
{
    TP_SCOPE(losses);
    const setting s = make_setting(12);
    tp_evaluation before, after;
    static const tp_fit_loss losses[] = {TP_FIT_BCE_WITH_LOGITS, TP_FIT_SIGMOID_BCE, TP_FIT_MSE};
    for (int i = 0; i < 3; i++) {
        tp_module *m = tp_linear(FEATURES, 1);
        CHECK(tp_evaluate(m, s.dev, .loss = losses[i], .result = &before) == TP_OK);
        CHECK(tp_fit(m, s.train, tp_adam(tp_parameters(m), .lr = 0.05), .loss = losses[i], .epochs = 8) ==
              TP_OK);
        CHECK(tp_evaluate(m, s.dev, .loss = losses[i], .result = &after) == TP_OK);
        CHECK(after.loss < before.loss && isnan(after.accuracy) == (losses[i] == TP_FIT_MSE));
    }
    tp_module *p = tp_sequential(tp_linear(FEATURES, 1), tp_sigmoid_layer()), *c = tp_linear(FEATURES, 3);
    CHECK(tp_fit(p, s.train, tp_adam(tp_parameters(p), .lr = 0.05), .loss = TP_FIT_BCE, .epochs = 8) ==
          TP_OK);
    CHECK(tp_evaluate(p, s.dev, .loss = TP_FIT_BCE, .result = &after) == TP_OK && after.accuracy > 0.7);
    CHECK(tp_fit(c, s.train, tp_adam(tp_parameters(c), .lr = 0.05), s.dev, .loss = TP_FIT_CROSS_ENTROPY,
                 .epochs = 8) == TP_OK);
    CHECK(tp_evaluate(c, s.dev, .loss = TP_FIT_CROSS_ENTROPY, .result = &after) == TP_OK &&
          after.accuracy > 0.7);
    CHECK_OK();
}

/* 0.5 predicts 0: a model of zeros is right about the zeros. */
static void test_half(void)
{
    TP_SCOPE(half);
    tp_module *m = tp_linear(2, 1);
    for (int64_t i = 0; i < 2; i++)
        tp_init_zeros_(tp_parameters(m)->tensors[i]);
    tp_dataset *data = tp_tensor_dataset(tp_ones(TP_F32, 4, 2), tp_from_text(TP_F32, "[0, 0, 0, 1]"));
    tp_evaluation e;
    CHECK(tp_evaluate(m, tp_loader_new(data, .batch_size = 3), .result = &e) == TP_OK);
    CHECK(e.accuracy == 0.75);
    CHECK_NEAR(e.loss, log(2), 1e-7);
    CHECK_OK();
}

static bool ends_with(const char *text, size_t length, const char *end)
{
    return length >= strlen(end) && !strcmp(text + length - strlen(end), end);
}

/* On a terminal there is a line, which is erased in the end; elsewhere there is none. */
static void test_progress(void)
{
    TP_SCOPE(progress);
    setting s = make_setting(13);
    char *bytes;
    size_t length;
    FILE *plain = open_memstream(&bytes, &length);
    CHECK(tp_fit(s.model, s.train, s.adam, .progress = plain) == TP_OK);
    fclose(plain);
    CHECK(length == 0);
    free(bytes);
    const int controller = posix_openpt(O_RDWR | O_NOCTTY);
    if (controller < 0 || grantpt(controller) || unlockpt(controller))
        return;
    FILE *terminal = fopen(ptsname(controller), "w");
    if (!terminal)
        return;
    CHECK(tp_fit(s.model, s.train, s.adam, .epochs = 2, .progress = terminal) == TP_OK);
    fflush(terminal);
    /* What a terminal is sent arrives a while later, and in pieces. */
    char shown[4096] = "";
    size_t n = 0;
    struct pollfd ready = {.fd = controller, .events = POLLIN};
    while (n < sizeof shown - 1 && !(strstr(shown, "steps/s") && ends_with(shown, n, "\r\033[K")) &&
           poll(&ready, 1, 5000) > 0) {
        const ssize_t more = read(controller, shown + n, sizeof shown - 1 - n);
        if (more <= 0)
            break;
        n += (size_t)more;
        shown[n] = 0;
    }
    CHECK(strstr(shown, "Epoch 1/2 [====>") && strstr(shown, "1/6") && strstr(shown, "steps/s"));
    CHECK(ends_with(shown, n, "\r\033[K"));
    fclose(terminal);
    close(controller);
    CHECK_OK();
}

/* Whatever allocation fails, the error is clean and the best model in place. */
static void test_memory(void)
{
    const char *file = test_temporary("memory.safetensors");
    bool done = false;
    for (int64_t k = 0; k < 4000 && !done; k += k < 200 ? 1 : 37) {
        TP_SCOPE(memory);
        const setting s = make_setting(14);
        tp__memory_fail_after(k);
        const tp_status status = tp_fit(s.model, s.train, s.adam, s.dev, .epochs = 2, .eval_every = 3,
                                        .checkpoint_path = file, .checkpoint_every = 5);
        tp__memory_fail_after(-1);
        done = status == TP_OK;
        CHECK(done || status == TP_ERROR_MEMORY);
        if (!done && status != TP_ERROR_MEMORY)
            printf("(allocation %lld: %s)\n", (long long)k, tp_error_message());
        tp_clear_error();
        CHECK(tp_is_training(s.model) && tp_is_grad_enabled());
    }
    CHECK(done);
    remove(file);
}

int main(void)
{
    test_written_out();
    test_log();
    test_intervals();
    test_early_stopping();
    test_stop_within();
    for (int way = 0; way < 4; way++)
        check_best(way);
    test_arguments();
    test_modes();
    test_losses();
    test_half();
    test_progress();
    test_memory();
    tp_finish();
    return test_end();
}
