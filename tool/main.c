/* The taper command: finds the subcommand. */
#include "flags.h"

#include <taper/region.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>

typedef struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} subcommand;

static const subcommand subcommands[] = {
    {"train", train_command, "trains a model from a table of labelled texts"},
    {"eval", eval_command, "measures a model on a table of labelled texts"},
    {"predict", predict_command, "gives a label and a probability for each line of text"},
    {"inspect", inspect_command, "shows what a model is made of, and its weightiest words"},
};
#define N_SUBCOMMANDS ((int)(sizeof subcommands / sizeof *subcommands))

static void print_overview(FILE *out)
{
    fputs("taper trains, evaluates and explains text classifiers.\n\n"
          "usage: taper COMMAND [flags] [arguments]\n\n",
          out);
    for (int i = 0; i < N_SUBCOMMANDS; i++)
        fprintf(out, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
    fputs("\n"
          "  taper help COMMAND    the flags of a command, as does taper COMMAND --help\n"
          "  taper --version       the version\n\n"
          "Results go to standard output, all else to standard error. Exit status: 0 done, 1 failed,\n"
          "2 a command line that makes no sense, 3 a file that cannot be read or holds what it should not;\n"
          "130 or 143 a training that was interrupted by Ctrl-C or SIGTERM and can be resumed.\n",
          out);
}

static const char *command_name(const void *list, int i)
{
    (void)list;
    static const char *const others[] = {"help", "--help", "--version", NULL};
    return i < N_SUBCOMMANDS ? subcommands[i].name : others[i - N_SUBCOMMANDS];
}

static int run(const char *name, int argc, char **argv)
{
    for (int i = 0; i < N_SUBCOMMANDS; i++)
        if (!strcmp(subcommands[i].name, name)) {
            common_begin(name);
            return subcommands[i].run(argc, argv);
        }
    const char *meant = nearest(name, command_name, NULL);
    return meant ? usage_error("unknown command '%s'; did you mean '%s'?", name, meant)
                 : usage_error("unknown command '%s'", name);
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_overview(stderr);
        return STATUS_USAGE;
    }
    const bool help = !strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h");
    const bool version = !strcmp(argv[1], "--version");
    if (help && argc == 3 && argv[2][0] != '-')
        return run(argv[2], 1, (char *[]){"--help"});
    if ((help || version) && argc > 2)
        return usage_error("'%s' is one argument too many", argv[help && argv[2][0] != '-' ? 3 : 2]);
    if (help)
        print_overview(stdout);
    else if (version)
        printf("taper %s\n", tp_version());
    else
        return run(argv[1], argc - 2, argv + 2);
    return STATUS_OK;
}

/* Were one of them closed, the next file that is opened would stand in its place, and a model could get what
 * is printed. What takes the place can be neither read nor written. */
static void hold_standard_streams(void)
{
    for (int stream = 0; stream < 3; stream++)
        if (fcntl(stream, F_GETFD) < 0)
            (void)open("/dev/null", stream ? O_RDONLY : O_WRONLY);
}

int main(int argc, char **argv)
{
    hold_standard_streams();
    /* A file that may not grow any more is an error of the write, not the end of the process. */
    signal(SIGXFSZ, SIG_IGN);
    const int status = close_output(dispatch(argc, argv));
    tp_finish();
    return status;
}
