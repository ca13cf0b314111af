#include "train_log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Ends a line, and hands it to the system, so that a reader sees it now. */
static void end_line(train_log *log)
{
    if (fputs("}\n", log->file) != EOF && fflush(log->file) == 0)
        return;
    fail(STATUS_FAILED, "--log: %s: %s", log->path, strerror(errno));
    log->failed = true;
    fclose(log->file);
    log->file = NULL;
}

static void put_integer(const train_log *log, const char *name, int64_t value)
{
    fprintf(log->file, ",\"%s\":%" PRId64, name, value);
}

static void put_number(const train_log *log, const char *name, double value)
{
    fprintf(log->file, ",\"%s\":", name);
    json_number(log->file, value);
}

static void put_bool(const train_log *log, const char *name, bool value)
{
    fprintf(log->file, ",\"%s\":%s", name, value ? "true" : "false");
}

bool train_log_open(train_log *log, const char *path, bool append, const char *options)
{
    log->path = path;
    log->file = fopen(path, append ? "a" : "w");
    if (!log->file) {
        fail(STATUS_FAILED, "--log: %s: %s", path, strerror(errno));
        return false;
    }
    fprintf(log->file, "{\"event\":\"start\",\"version\":\"%s\"%s", tp_version(), options);
    end_line(log);
    return log->file != NULL;
}

void train_log_step(train_log *log, const tp_fit_state *state)
{
    if (!log->file)
        return;
    fputs("{\"event\":\"step\"", log->file);
    put_integer(log, "epoch", state->epoch);
    put_integer(log, "step", state->step);
    put_number(log, "train_loss", state->interval_loss);
    end_line(log);
}

void train_log_evaluation(train_log *log, const tp_fit_state *state)
{
    if (!log->file)
        return;
    fputs("{\"event\":\"eval\"", log->file);
    put_integer(log, "epoch", state->epoch);
    put_integer(log, "step", state->step);
    put_number(log, "dev_accuracy", state->dev_accuracy);
    put_number(log, "dev_loss", state->dev_loss);
    put_bool(log, "improved", state->improved);
    end_line(log);
}

void train_log_epoch(train_log *log, const tp_fit_state *state)
{
    if (!log->file)
        return;
    fputs("{\"event\":\"epoch\"", log->file);
    put_integer(log, "epoch", state->epoch);
    put_integer(log, "steps", state->step);
    put_number(log, "train_loss", state->epoch_loss);
    put_number(log, "train_accuracy", state->train_accuracy);
    put_number(log, "dev_accuracy", state->dev_accuracy);
    put_number(log, "dev_loss", state->dev_loss);
    end_line(log);
}

void train_log_end(train_log *log, const tp_fit_result *result, const train_seconds *seconds)
{
    if (!log->file)
        return;
    fputs("{\"event\":\"end\"", log->file);
    put_bool(log, "stopped_early", result->stopped_early);
    put_bool(log, "interrupted", result->interrupted);
    put_integer(log, "total_steps", result->state.total_steps);
    put_number(log, log->by_loss ? "best_dev_loss" : "best_dev_accuracy", result->state.best_metric);
    put_integer(log, "best_epoch", result->state.best_epoch);
    put_integer(log, "best_step", result->state.best_step);
    const struct {
        const char *name;
        double value;
    } phases[] = {{"read", seconds->read},   {"vectorize", seconds->vectorize}, {"load", seconds->data},
                  {"train", seconds->train}, {"evaluate", seconds->evaluate},   {"save", seconds->save},
                  {"total", seconds->total}};
    fputs(",\"seconds\":", log->file);
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        fprintf(log->file, "%c\"%s\":%.6f", i ? ',' : '{', phases[i].name, phases[i].value);
    fputc('}', log->file);
    put_integer(log, "peak_memory_bytes", peak_memory());
    end_line(log);
}

void train_log_close(train_log *log)
{
    if (log->file && fclose(log->file) != 0) {
        fail(STATUS_FAILED, "--log: %s: %s", log->path, strerror(errno));
        log->failed = true;
    }
    log->file = NULL;
}
