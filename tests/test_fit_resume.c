/* Interrupted trainings go on with the same bits, with schedules and averages too; checkpoints that cannot be
 * written or read. */
#include "base/memory.h"
#include "fit_setting.h"
#include "pack.h"

#include <fcntl.h>
#include <sys/stat.h>

static volatile sig_atomic_t stop;

static tp_status stop_at(void *argument, const tp_fit_state *state)
{
    if (state->total_steps == *(int64_t *)argument)
        stop = 1;
    return TP_OK;
}

/* Trains three epochs, interrupted after the steps of `stops` (ended by 0), into `log` and `r`. */
static tp_named_tensors *train_with_stops(const int64_t *stops, FILE *log, tp_fit_result *r, bool spoil)
{
    const char *file = test_temporary("checkpoint.safetensors");
    for (int64_t k = 0;; k++) {
        /* Each part begins with another generator, as another process would. */
        const setting s = make_setting(k ? 1000 + (uint64_t)k : 6);
        int64_t at = stops[k];
        const tp_fit_callbacks callbacks = {.step = stop_at, .argument = &at};
        stop = 0;
        if (k && spoil) {
            tp_safetensors_file *checkpoint = tp_safetensors_open(file);
            tp_named_tensor tensors[128];
            const int64_t n = tp_safetensors_count(checkpoint);
            for (int64_t i = 0; i < n; i++) {
                const char *name = tp_safetensors_name(checkpoint, i);
                tensors[i] = (tp_named_tensor){name, tp_safetensors_tensor(checkpoint, name)};
                if (!strcmp(name, "optimizer.state.0.exp_avg"))
                    tp_data_f32(tensors[i].tensor)[0] *= 1.001f;
            }
            const tp_string_pair meta[] = {*tp_safetensors_metadata_at(checkpoint, 0),
                                           *tp_safetensors_metadata_at(checkpoint, 1)};
            CHECK(tp_safetensors_save(file, tensors, n, meta, 2) == TP_OK);
        }
        const tp_status status =
            tp_fit(s.model, s.train, s.adam, s.dev, .epochs = 3, .log = log, .digits = 17, .log_every = 2,
                   .eval_every = 4, .checkpoint_path = file, .stop = &stop, .callbacks = &callbacks,
                   .resume_path = k ? file : NULL, .result = r);
        if (k)
            CHECK(r->resumed_at == stops[k - 1]);
        CHECK(status == (at ? TP_INTERRUPTED : TP_OK));
        if (!at) {
            remove(file);
            return tp_state_dict(s.model);
        }
    }
}

typedef struct outcome {
    char *log;
    tp_named_tensors *state;
    tp_fit_result result;
    uint32_t next_word; /* of the default generator */
} outcome;

static outcome run_with_stops(const int64_t *stops, bool spoil)
{
    outcome o;
    size_t length;
    FILE *log = open_memstream(&o.log, &length);
    o.state = train_with_stops(stops, log, &o.result, spoil);
    fclose(log);
    o.next_word = tp_random32(NULL);
    return o;
}

static bool same_outcome(const outcome *a, const outcome *b)
{
    const tp_fit_state *x = &a->result.state, *y = &b->result.state;
    return same_state(a->state, b->state) && !strcmp(a->log, b->log) && a->next_word == b->next_word &&
           x->best_metric == y->best_metric && x->best_total_steps == y->best_total_steps &&
           x->wait == y->wait && x->loss == y->loss && x->epoch_loss != x->epoch_loss &&
           x->evaluations == y->evaluations;
}

static void test_resume(void)
{
    TP_SCOPE(resume);
    const int64_t none[] = {0};
    outcome whole = run_with_stops(none, false);
    for (int64_t k = 1; k <= 3 * STEPS; k++) {
        TP_SCOPE(one);
        const int64_t stops[] = {k, 0};
        outcome parts = run_with_stops(stops, false);
        CHECK(same_outcome(&whole, &parts));
        if (!same_outcome(&whole, &parts))
            printf("(interrupted after step %lld)\n%s---\n%s", (long long)k, whole.log, parts.log);
        free(parts.log);
    }
    const int64_t often[] = {1, 2, 5, 6, 7, 13, 17, 18, 0};
    outcome parts = run_with_stops(often, false);
    CHECK(same_outcome(&whole, &parts));
    free(parts.log);
    /* A moment that is off by a thousandth is noticed. */
    const int64_t once[] = {4, 0};
    parts = run_with_stops(once, true);
    CHECK(!same_outcome(&whole, &parts));
    free(parts.log);
    free(whole.log);
    CHECK_OK();
}

/* ---- Schedules, averages, clipping, weights of classes ---- */

typedef struct extras {
    tp_schedule *schedule, *plateau;
    tp_average *average;
} extras;

static extras make_extras(const setting *s)
{
    return (extras){tp_cosine_annealing_lr(s->adam, .T_max = 3 * STEPS, .eta_min = 1e-4),
                    tp_reduce_lr_on_plateau(s->adam, .maximize = true, .factor = 0.5, .patience = 0),
                    tp_average_of(s->model, .decay = 0.8)};
}

/* A run with everything, written out. */
static void test_extras_written_out(void)
{
    TP_SCOPE(extras);
    setting s = make_setting(21);
    extras e = make_extras(&s);
    tp_tensor *weights = tp_from_text(TP_F32, "[0.5, 2]");
    tp_fit_result r;
    CHECK(tp_fit(s.model, s.train, s.adam, s.dev, .epochs = 3, .schedule = e.schedule,
                 .metric_schedule = e.plateau, .average = e.average, .clip_norm = 0.3,
                 .class_weights = weights, .keep_last = true, .result = &r) == TP_OK);
    CHECK(tp_average_count(e.average) == 3 * STEPS);
    const tp_named_tensors *fitted = tp_copy_named_tensors(tp_state_dict(s.model));
    const double rate = tp_get_lr(s.adam, 0);

    s = make_setting(21);
    e = make_extras(&s);
    tp_evaluation dev = {0};
    for (int epoch = 0; epoch < 3; epoch++) {
        tp_batch *batch;
        while (tp_loader_next(s.train, &batch) == TP_OK) {
            TP_SCOPE(step);
            tp_tensor *p = tp_sigmoid(tp_squeeze(tp_forward(s.model, batch->X), -1));
            tp_tensor *weight = tp_index_select(weights, 0, tp_to(batch->y, TP_I64));
            tp_tensor *loss = tp_binary_cross_entropy(p, batch->y, .weight = weight);
            tp_zero_grad(s.adam);
            CHECK(tp_backward(loss) == TP_OK);
            CHECK(tp_clip_grad_norm(tp_parameters(s.model), 0.3) > 0);
            CHECK(tp_step(s.adam) == TP_OK);
            CHECK(tp_average_update(e.average) == TP_OK);
            CHECK(tp_schedule_step(e.schedule) == TP_OK);
        }
        CHECK(tp_average_swap(e.average) == TP_OK);
        CHECK(tp_evaluate(s.model, s.dev, .result = &dev) == TP_OK);
        CHECK(tp_average_swap(e.average) == TP_OK);
        CHECK(tp_schedule_step_metric(e.plateau, dev.accuracy) == TP_OK);
    }
    CHECK(tp_average_swap(e.average) == TP_OK);
    CHECK(rate == tp_get_lr(s.adam, 0) && dev.loss == r.state.dev_loss);
    CHECK(same_state(fitted, tp_state_dict(s.model)));
    /* The comparison notices the model that is not averaged. */
    CHECK(tp_average_swap(e.average) == TP_OK);
    CHECK(!same_state(fitted, tp_state_dict(s.model)));
    CHECK_OK();
}

static tp_named_tensors *train_extras(int64_t at)
{
    const char *file = test_temporary("extras.safetensors");
    for (int part = 0;; part++) {
        const setting s = make_setting(part ? 77 : 22);
        const extras e = make_extras(&s);
        const tp_fit_callbacks callbacks = {.step = stop_at, .argument = &at};
        stop = 0;
        const tp_status status = tp_fit(
            s.model, s.train, s.adam, s.dev, .epochs = 3, .eval_every = 4, .schedule = e.schedule,
            .metric_schedule = e.plateau, .average = e.average, .clip_norm = 0.3, .checkpoint_path = file,
            .stop = &stop, .callbacks = &callbacks, .resume_path = part ? file : NULL);
        CHECK(status == (stop ? TP_INTERRUPTED : TP_OK));
        if (status == TP_OK) {
            remove(file);
            return tp_state_dict(s.model);
        }
        at = 0;
    }
}

static void test_extras_resumed(void)
{
    TP_SCOPE(extras);
    const tp_named_tensors *whole = train_extras(0);
    for (int64_t at = 1; at <= 3 * STEPS; at++) {
        TP_SCOPE(one);
        CHECK(same_state(whole, train_extras(at)));
    }
    /* A run has what its checkpoint has. */
    const char *file = test_temporary("extras.safetensors");
    setting s = make_setting(23);
    extras e = make_extras(&s);
    CHECK(tp_fit(s.model, s.train, s.adam, .schedule = e.schedule, .average = e.average,
                 .checkpoint_path = file, .checkpoint_every = 4) == TP_OK);
    s = make_setting(23);
    e = make_extras(&s);
    CHECK(tp_fit(s.model, s.train, s.adam, .resume_path = file, .average = e.average) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "it has a schedule, and this training has none");
    CHECK(tp_fit(s.model, s.train, s.adam, .resume_path = file, .schedule = e.schedule) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "it has a moving average, and this training has none");
    CHECK(tp_fit(s.model, s.train, s.adam, .resume_path = file, .schedule = e.schedule, .dev = s.dev,
                 .average = e.average, .metric_schedule = e.plateau) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "it has no schedule by a metric, and this training has one");
    CHECK(tp_fit(s.model, s.train, s.adam, .clip_norm = -1) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "clip_norm is -1");
    CHECK(tp_fit(s.model, s.train, s.adam, .metric_schedule = e.plateau) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "metric_schedule without a dev loader");
    CHECK(tp_fit(s.model, s.train, s.adam, .class_weights = tp_ones(TP_F32, 3)) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "class_weights of two classes");
    remove(file);
    CHECK_OK();
}

/* ---- Checkpoints that cannot be written or read ---- */

static void test_unwritable(void)
{
    TP_SCOPE(unwritable);
    const setting s = make_setting(8);
    stop = 1;
    CHECK(tp_fit(s.model, s.train, s.adam, s.dev, .eval_every = 0, .stop = &stop,
                 .checkpoint_path = "/nonexistent/folder/checkpoint") == TP_ERROR_IO);
    CHECK_ERROR(TP_ERROR_IO, "/nonexistent/folder/checkpoint");
    stop = 0;
    CHECK(tp_fit(s.model, s.train, s.adam, s.dev, .best_path = "/nonexistent/best") == TP_ERROR_IO);
    CHECK_ERROR(TP_ERROR_IO, "/nonexistent/best");
    if (geteuid() == 0)
        return; /* for whom no folder is read-only */
    const char *folder = test_temporary("readonly");
    char file[600];
    snprintf(file, sizeof file, "%s/checkpoint", folder);
    mkdir(folder, 0555);
    stop = 1;
    CHECK(tp_fit(s.model, s.train, s.adam, .stop = &stop, .checkpoint_path = file) == TP_ERROR_IO);
    CHECK_ERROR(TP_ERROR_IO, "checkpoint");
    CHECK(rmdir(folder) == 0); /* nothing was left in it */
    stop = 0;
}

static void expect_refused(const setting *s, const char *file, const tp_named_tensors *before)
{
    uint8_t state[2][TP_GENERATOR_STATE_SIZE];
    tp_generator_get_state(NULL, state[0]);
    CHECK(tp_fit(s->model, s->train, s->adam, s->dev, .epochs = 2, .resume_path = file) < 0);
    CHECK(tp_error() != TP_OK && strstr(tp_error_message(), "taper-test"));
    if (!strstr(tp_error_message(), "taper-test"))
        printf("'%s'\n", tp_error_message());
    tp_clear_error();
    tp_generator_get_state(NULL, state[1]);
    CHECK(!memcmp(state[0], state[1], sizeof state[0]));
    CHECK(same_state(tp_state_dict(s->model), before));
}

static void test_corrupted(void)
{
    TP_SCOPE(corrupted);
    const setting s = make_setting(9);
    const char *file = test_temporary("corrupted.safetensors");
    stop = 1;
    CHECK(tp_fit(s.model, s.train, s.adam, s.dev, .epochs = 2, .checkpoint_path = file, .stop = &stop,
                 .checkpoint_every = 1) == TP_INTERRUPTED);
    stop = 0;
    const tp_named_tensors *before = tp_copy_named_tensors(tp_state_dict(s.model));
    FILE *f = fopen(file, "rb");
    static char bytes[65536];
    const size_t length = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    CHECK(length > 8000 && length < sizeof bytes);
    for (size_t n = 0; n < length; n += n < 64 ? 1 : 173) {
        test_write_file("corrupted.safetensors", bytes, n);
        expect_refused(&s, file, before);
    }
    /* Each tensor missing, misnamed, of another type or size. */
    tp_safetensors_file *good =
        (test_write_file("corrupted.safetensors", bytes, length), tp_safetensors_open(file));
    const int64_t count = tp_safetensors_count(good);
    const tp_string_pair meta[] = {{"taper", "checkpoint"}, {"version", "1"}};
    for (int64_t skip = 0; skip < count; skip++)
        for (int how = 0; how < 3; how++) {
            TP_SCOPE(one);
            tp_named_tensor tensors[128];
            int64_t n = 0;
            for (int64_t i = 0; i < count; i++) {
                const char *name = tp_safetensors_name(good, i);
                tp_tensor *t = tp_safetensors_tensor(good, name);
                if (i == skip && how == 0)
                    continue;
                if (i == skip && how == 1)
                    name = "something.else";
                if (i == skip && how == 2)
                    t = tp_zeros(TP_U8, 3);
                tensors[n++] = (tp_named_tensor){name, t};
            }
            CHECK(tp_safetensors_save(file, tensors, n, meta, 2) == TP_OK);
            expect_refused(&s, file, before);
        }
    /* Another kind of file, a later version, other data. */
    tp_tensor *one = tp_ones(TP_F32, 1);
    const tp_named_tensor other = {"a", one};
    tp_safetensors_save(file, &other, 1, NULL, 0);
    expect_refused(&s, file, before);
    const tp_string_pair later[] = {{"taper", "checkpoint"}, {"version", "2"}};
    tp_safetensors_save(file, &other, 1, later, 2);
    CHECK(tp_fit(s.model, s.train, s.adam, .resume_path = file) == TP_ERROR_UNSUPPORTED);
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "version 2; this program reads version 1");
    test_write_file("corrupted.safetensors", bytes, length);
    tp_loader *small = tp_loader_new(tp_loader_dataset(s.train), .batch_size = 4, .shuffle = true);
    CHECK(tp_fit(s.model, small, s.adam, .resume_path = file) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "44 items in 6 batches of 8, and these are 44 in 11 of 4");
    /* And the good one still works. */
    CHECK(tp_fit(s.model, s.train, s.adam, s.dev, .epochs = 2, .resume_path = file) == TP_OK);
    remove(file);
    CHECK_OK();
}

int main(void)
{
    test_resume();
    test_extras_written_out();
    test_extras_resumed();
    test_unwritable();
    test_corrupted();
    tp_finish();
    return test_end();
}
