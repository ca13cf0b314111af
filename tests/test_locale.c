/* A program that lives in a locale with a decimal comma reads and writes the same as any other. */
#include "pack.h"

#include "io/number.h"
#include "taper/taper.h"

#include <locale.h>

/* Whether there is such a locale now; made by localedef if the system has none. */
static bool enter_comma(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE", "comma"};
    for (int attempt = 0; attempt < 2; attempt++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (setlocale(LC_ALL, names[i]) && !strcmp(localeconv()->decimal_point, ","))
                return true;
        char command[2048];
        const char *folder = test_temporary("locale");
        snprintf(command, sizeof command,
                 "mkdir '%s' && localedef -i de_DE -f UTF-8 '%s/comma' >/dev/null 2>&1", folder, folder);
        if (attempt || system(command) < 0 || setenv("LOCPATH", folder, 1))
            break;
    }
    return false;
}

static void train(FILE *stream)
{
    tp_manual_seed(1);
    tp_module *model = tp_sequential(tp_linear(2, 1), tp_dropout(0.25));
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.01);
    fputs(tp_module_repr(model), stream);
    fputs(tp_optimizer_repr(adam), stream);
    tp_dataset *data = tp_tensor_dataset(tp_ones(TP_F32, 6, 2), tp_ones(TP_F32, 6));
    CHECK(tp_fit(model, tp_loader_new(data, .batch_size = 2), adam, .dev = tp_loader_new(data), .log = stream,
                 .log_every = 1) == TP_OK);
    CHECK(tp_module_summary(stream, model, tp_ones(TP_F32, 1, 2)) == TP_OK);
}

static void numbers(FILE *stream)
{
    char text[TP__NUMBER_SIZE];
    double value = 0;
    CHECK(tp__parse_f64("1.5", 3, &value) == TP_OK && value == 1.5);
    CHECK(tp__parse_f64("1,5", 3, &value) == TP_ERROR_FORMAT);
    fputs(tp__format_f64(text, 0.1), stream);
    CHECK(tp_print(stream, tp_from_text(TP_F32, "[0.5, 1.25e3]")) == TP_OK);
    tp_tensor *y = tp_from_text(TP_I64, "[0, 1, 1]"), *p = tp_from_text(TP_I64, "[0, 1, 0]");
    CHECK(tp_classification_report(stream, y, p, NULL, 0) == TP_OK);
    CHECK(!tp_hardtanh_layer(.min_val = 2.5, .max_val = 0.5));
    CHECK(tp_report(stream) != TP_OK);
    const char *path = test_write_file("locale.tsv", "a\n0.5\n1.5\n", 10);
    fputs(tp_repr(tp_table_numbers(tp_read_table(path), "a", TP_F64)), stream);
    CHECK(tp_read_table(path) && !tp_table_numbers(tp_read_table(path), "b", TP_F64));
    CHECK(tp_report(stream) != TP_OK);
    unlink(path);
}

/* All that a program prints, in the locale it is in. */
static char *written(void)
{
    TP_SCOPE(written);
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        exit(1);
    numbers(stream);
    train(stream);
    fclose(stream);
    return text;
}

int main(void)
{
    char *with_point = written();
    if (!enter_comma()) {
        printf("SKIPPED: there is no locale with a decimal comma\n");
        return TEST_SKIPPED;
    }
    char number[16];
    snprintf(number, sizeof number, "%.1f", 0.5);
    CHECK_TEXT(number, "0,5");
    char *with_comma = written();
    CHECK_TEXT(with_comma, with_point);
    /* The program's own numbers are as they were. */
    snprintf(number, sizeof number, "%.1f", 0.5);
    CHECK_TEXT(number, "0,5");
    if (getenv("LOCPATH") && strstr(getenv("LOCPATH"), "taper-test")) {
        char command[1024];
        snprintf(command, sizeof command, "rm -r '%s'", getenv("LOCPATH"));
        CHECK(system(command) == 0);
    }
    free(with_point);
    free(with_comma);
    return test_end();
}
