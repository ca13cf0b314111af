#include "interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

volatile sig_atomic_t interrupt_signal;

static volatile sig_atomic_t asked_at; /* seconds of a steady clock */

static sig_atomic_t seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (sig_atomic_t)now.tv_sec;
}

static void request_stop(int number)
{
    const int saved = errno;
    const sig_atomic_t now = seconds_now();
    if (!interrupt_signal) {
        asked_at = now;
        interrupt_signal = number;
    } else if (now - asked_at > 1) { /* two at a time are one: timeout(1) signals the process and its group */
        signal(number, SIG_DFL);
        raise(number);
    }
    errno = saved;
}

static void watch(int number)
{
    struct sigaction action;
    if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
        return;
    memset(&action, 0, sizeof action);
    action.sa_handler = request_stop;
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, NULL);
}

void interrupt_watch(void)
{
    watch(SIGINT);
    watch(SIGTERM);
}

static void print_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,+@%";
    if (*word && strspn(word, plain) == strlen(word)) {
        fprintf(stderr, " %s", word);
        return;
    }
    fputs(" '", stderr);
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", stderr);
        else
            fputc(*word, stderr);
    fputc('\'', stderr);
}

void interrupt_print_resume(int argc, char **argv, const char *checkpoint)
{
    fputs("To go on: taper train", stderr);
    for (int i = 0; i < argc; i++) {
        if (!strcmp(argv[i], "--resume"))
            i++;
        else if (strncmp(argv[i], "--resume=", 9) != 0)
            print_word(argv[i]);
    }
    print_word("--resume");
    print_word(checkpoint);
    fputc('\n', stderr);
}
