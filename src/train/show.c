/* What a person sees of a training: the log's lines and the progress line. */
#include "train/fit.h"
#include "base/c_locale.h"

#include <math.h>
#include <unistd.h>

/* ---- The log ---- */

void tp__log_epoch_begin(const tp_fit_options *o, int64_t epoch)
{
    if (o->log)
        fprintf(o->log, "\nEpoch %lld\n", (long long)epoch);
}

void tp__log_interval(const tp_fit_options *o, const tp_fit_state *state)
{
    TP__C_LOCALE;
    if (o->log)
        fprintf(o->log, "\tStep %lld mean training loss: %.*f\n", (long long)state->step, o->digits,
                state->interval_loss);
}

/* The accuracy, or the loss where there is none. */
static void log_dev(const tp_fit_options *o, const char *before, const char *accuracy, const char *loss,
                    const tp_fit_state *state)
{
    TP__C_LOCALE;
    const bool known = !isnan(state->dev_accuracy);
    fprintf(o->log, "%s%s: %.*f\n", before, known ? accuracy : loss, o->digits,
            known ? state->dev_accuracy : state->dev_loss);
}

void tp__log_evaluation(const tp_fit_options *o, const tp_fit_state *state)
{
    if (o->log)
        log_dev(o, "\t", "Dev accuracy", "Dev loss", state);
}

void tp__log_epoch(const tp_fit_options *o, const tp_fit_state *state)
{
    if (!o->log)
        return;
    TP__C_LOCALE;
    fprintf(o->log, "Epoch mean train loss: %.*f\n", o->digits, state->epoch_loss);
    if (!isnan(state->train_accuracy))
        fprintf(o->log, "Epoch train accuracy: %.*f\n", o->digits, state->train_accuracy);
    if (o->dev)
        log_dev(o, "Epoch ", "dev accuracy", "dev loss", state);
}

void tp__log_stop(const tp_fit_options *o)
{
    if (o->log)
        fprintf(o->log, "Stopping early!\n");
}

/* ---- The progress line ---- */

#define BAR_WIDTH 24
#define BAR_PERIOD 0.1 /* seconds */

void tp__bar_open(tp__bar *bar, FILE *stream, int64_t first_step)
{
    *bar = (tp__bar){.first_step = first_step};
    if (stream && isatty(fileno(stream)))
        bar->stream = stream;
}

/* "1:02:03", "2:03" */
static void write_time(FILE *stream, double seconds)
{
    const long long s = seconds < 1e9 ? (long long)(seconds + 0.5) : 999999999;
    if (s >= 3600)
        fprintf(stream, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else
        fprintf(stream, "%lld:%02lld", s / 60, s % 60);
}

void tp__bar_draw(tp__bar *bar, const tp_fit_state *state)
{
    if (!bar->stream || state->seconds < bar->next)
        return;
    TP__C_LOCALE;
    const double done = (double)(state->total_steps - bar->first_step);
    const double rate = state->seconds > 0 ? done / state->seconds : 0;
    const double left = (double)(state->epochs - state->epoch) * (double)state->steps - (double)state->step;
    char line[BAR_WIDTH + 1];
    const int filled =
        state->steps ? (int)((double)BAR_WIDTH * (double)state->step / (double)state->steps) : BAR_WIDTH;
    for (int i = 0; i < BAR_WIDTH; i++)
        line[i] = i < filled ? '=' : i == filled ? '>' : ' ';
    line[BAR_WIDTH] = 0;
    fprintf(bar->stream, "\r\033[KEpoch %lld/%lld [%s] %lld/%lld  %.*f steps/s  ",
            (long long)(state->epoch + 1), (long long)state->epochs, line, (long long)state->step,
            (long long)state->steps, rate < 100 ? 1 : 0, rate);
    if (rate > 0) {
        fputs("ETA ", bar->stream);
        write_time(bar->stream, left / rate);
    }
    fprintf(bar->stream, "  loss %.4f", state->epoch_loss);
    fflush(bar->stream);
    bar->drawn = true;
    bar->next = state->seconds + BAR_PERIOD;
}

void tp__bar_erase(tp__bar *bar)
{
    if (!bar->drawn)
        return;
    fputs("\r\033[K", bar->stream);
    fflush(bar->stream);
    bar->drawn = false;
}
