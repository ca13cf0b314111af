#include "flags.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *reading; /* the subcommand's name, for the pointer to its help */

int usage_error(const char *format, ...)
{
    char sentence[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    fail(STATUS_USAGE, "%s", sentence);
    fprintf(stderr, reading ? "See 'taper %s --help'.\n" : "See 'taper --help'.\n", reading);
    return STATUS_USAGE;
}

/* ---- What was probably meant ---- */

#define LONGEST_NAME 31

/* How many letters to add, drop, change or swap (Damerau and Levenshtein). */
static int edit_distance(const char *a, const char *b)
{
    const int n = (int)strlen(a), m = (int)strlen(b);
    if (n > LONGEST_NAME || m > LONGEST_NAME)
        return LONGEST_NAME;
    int rows[LONGEST_NAME + 1][LONGEST_NAME + 1];
    for (int i = 0; i <= n; i++)
        for (int j = 0; j <= m; j++) {
            if (!i || !j) {
                rows[i][j] = i + j;
                continue;
            }
            int best = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (rows[i - 1][j] + 1 < best)
                best = rows[i - 1][j] + 1;
            if (rows[i][j - 1] + 1 < best)
                best = rows[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                rows[i - 2][j - 2] + 1 < best)
                best = rows[i - 2][j - 2] + 1;
            rows[i][j] = best;
        }
    return rows[n][m];
}

const char *nearest(const char *text, const char *(*get)(const void *list, int i), const void *list)
{
    const char *found = NULL;
    int least = 1 + (int)strlen(text) / 3;
    const char *candidate;
    for (int i = 0; (candidate = get(list, i)) != NULL; i++) {
        int distance = edit_distance(text, candidate);
        /* The beginning of a name, as in --batch for --batch-size. */
        if (strlen(text) >= 3 && !strncmp(candidate, text, strlen(text)))
            distance = 1;
        if (distance < least || (distance == least && !found)) {
            least = distance;
            found = candidate;
        }
    }
    return found;
}

static const char *flag_name(const void *list, int i)
{
    const command *of = list;
    static char negated[LONGEST_NAME + 8];
    int at = 0;
    for (int j = 0; j < of->n_flags; j++) {
        const flag *f = &of->flags[j];
        if (f->kind == FLAG_HEADING)
            continue;
        if (at++ == i)
            return f->name;
        if (f->kind == FLAG_BOOL && at++ == i) {
            snprintf(negated, sizeof negated, "no-%s", f->name);
            return negated;
        }
    }
    return i == at ? "help" : NULL;
}

/* ---- Values ---- */

static bool list_choices(const flag *f, const char *value, char *text, size_t size)
{
    bool known = false;
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; f->choices[i]; i++) {
        known |= !strcmp(f->choices[i], value);
        const int wrote = snprintf(text + used, size - used, "%s%s",
                                   !i                  ? ""
                                   : f->choices[i + 1] ? ", "
                                                       : " or ",
                                   f->choices[i]);
        used += wrote > 0 && (size_t)wrote < size - used ? (size_t)wrote : 0;
    }
    return known;
}

static int set_integer(const flag *f, const char *value)
{
    char *end;
    errno = 0;
    const long long number = strtoll(value, &end, 10);
    if (!*value || isspace((unsigned char)*value) || *end || errno == ERANGE || number < f->low ||
        number > f->high) {
        if (f->high == INT64_MAX)
            return usage_error("--%s takes a whole number from %lld upwards, not '%s'", f->name,
                               (long long)f->low, value);
        return usage_error("--%s takes a whole number from %lld to %lld, not '%s'", f->name,
                           (long long)f->low, (long long)f->high, value);
    }
    *(int64_t *)f->into = number;
    return STATUS_GO_ON;
}

static int set_number(const flag *f, const char *value)
{
    char *end;
    const double number = strtod(value, &end);
    const double low = (double)f->low;
    if (!*value || value[strspn(value, "0123456789+-.eE")] || *end || !isfinite(number) || number < low ||
        (f->above && number == low))
        return usage_error("--%s takes a number %s %g, not '%s'", f->name, f->above ? "above" : "of at least",
                           low, value);
    *(double *)f->into = number;
    return STATUS_GO_ON;
}

static int set_flag(const flag *f, const char *value)
{
    char choices[256];
    switch (f->kind) {
    case FLAG_INTEGER:
        return set_integer(f, value);
    case FLAG_NUMBER:
        return set_number(f, value);
    case FLAG_CHOICE:
        if (!list_choices(f, value, choices, sizeof choices))
            return usage_error("--%s is %s, not '%s'", f->name, choices, value);
        break;
    default:
        if (!*value)
            return usage_error("--%s needs a %s; '' is empty", f->name, f->value);
    }
    *(const char **)f->into = value;
    return STATUS_GO_ON;
}

/* ---- Help ---- */

static void print_default(const flag *f)
{
    if (f->required)
        printf(" (required)");
    else if (f->otherwise)
        printf(" (%s)", f->otherwise);
    else if (f->kind == FLAG_INTEGER)
        printf(" (%lld)", (long long)*(const int64_t *)f->into);
    else if (f->kind == FLAG_NUMBER)
        printf(" (%g)", *(const double *)f->into);
    else if ((f->kind == FLAG_TEXT || f->kind == FLAG_CHOICE) && *(const char *const *)f->into)
        printf(" (%s)", *(const char *const *)f->into);
}

static void print_help(const command *of)
{
    printf("usage: taper %s [flags]%s%s\n\n%s\n", of->name, *of->operands ? " " : "", of->operands,
           of->summary);
    if (of->details)
        printf("\n%s", of->details);
    printf("\nFlags, with their defaults:\n");
    for (int i = 0; i < of->n_flags; i++) {
        const flag *f = &of->flags[i];
        char left[64];
        if (f->kind == FLAG_HEADING) {
            printf("\n %s\n", f->help);
            continue;
        }
        if (f->kind == FLAG_BOOL)
            snprintf(left, sizeof left, "--[no-]%s", f->name);
        else
            snprintf(left, sizeof left, "--%s%s%s", f->name, f->value ? " " : "", f->value ? f->value : "");
        printf("  %-24s %s", left, f->help);
        print_default(f);
        putchar('\n');
    }
    printf("  %-24s %s\n", "--help", "this text");
}

/* ---- Reading ---- */

static flag *find_flag(const command *of, const char *name, size_t length, bool *negated)
{
    const bool no = length > 3 && !strncmp(name, "no-", 3);
    for (int i = 0; i < of->n_flags; i++) {
        flag *f = &of->flags[i];
        if (f->kind == FLAG_HEADING)
            continue;
        *negated = no && f->kind == FLAG_BOOL && strlen(f->name) == length - 3 &&
                   !strncmp(f->name, name + 3, length - 3);
        if (*negated || (strlen(f->name) == length && !strncmp(f->name, name, length)))
            return f;
    }
    return NULL;
}

/* The flag at argv[*at], and its value, which may be the next argument. */
static int read_flag(const command *of, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    const size_t length = equals ? (size_t)(equals - name) : strlen(name);
    bool negated;
    flag *f = find_flag(of, name, length, &negated);
    if (!f) {
        char text[64];
        snprintf(text, sizeof text, "%.*s", length < sizeof text ? (int)length : (int)sizeof text - 1, name);
        const char *meant = nearest(text, flag_name, of);
        return meant ? usage_error("unknown flag --%s; did you mean --%s?", text, meant)
                     : usage_error("unknown flag --%s", text);
    }
    if (f->given)
        return usage_error("--%s is given twice", f->name);
    f->given = true;
    if (f->kind == FLAG_BOOL || f->kind == FLAG_SWITCH) {
        if (equals)
            return usage_error("--%.*s takes no value", (int)length, name);
        *(bool *)f->into = !negated;
        return STATUS_GO_ON;
    }
    if (equals)
        return set_flag(f, equals + 1);
    if (*at + 1 >= argc || !strncmp(argv[*at + 1], "--", 2))
        return usage_error("--%s needs a value: --%s %s", f->name, f->name, f->value);
    return set_flag(f, argv[++*at]);
}

int flags_read(const command *of, int argc, char **argv, const char **operands)
{
    int found = 0;
    bool only_operands = false;
    reading = of->name;
    for (int i = 0; i < of->operands_max; i++)
        operands[i] = NULL;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (!only_operands && !strcmp(word, "--")) {
            only_operands = true;
        } else if (!only_operands && (!strcmp(word, "--help") || !strcmp(word, "-h"))) {
            print_help(of);
            return STATUS_OK;
        } else if (!only_operands && !strncmp(word, "--", 2)) {
            const int status = read_flag(of, argc, argv, &i);
            if (status != STATUS_GO_ON)
                return status;
        } else if (!only_operands && word[0] == '-' && word[1]) {
            return usage_error("unknown flag %s; flags begin with two dashes", word);
        } else if (found == of->operands_max) {
            return of->operands_max
                       ? usage_error("one argument too many: '%s'; taper %s takes %s", word, of->name,
                                     of->operands)
                       : usage_error("'%s' is no flag; taper %s takes flags only", word, of->name);
        } else {
            operands[found++] = word;
        }
    }
    if (found < of->operands_min)
        return usage_error("an argument is missing; taper %s takes %s", of->name, of->operands);
    for (int i = 0; i < of->n_flags; i++)
        if (of->flags[i].required && !of->flags[i].given)
            return usage_error("--%s %s is missing", of->flags[i].name, of->flags[i].value);
    return STATUS_GO_ON;
}
