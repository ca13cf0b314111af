/* Writes docs/coverage.md: what the tests compare of every operation, loss and module.
 *
 * Nothing is listed by hand but reasons. Names come from the public headers and from the records, golden
 * cases from the packs in tests/golden, and which function a case calls from the text of the test that reads
 * it. A function and its forms (_n, _dim, _with, ...) are one row. A row with a hole and no reason fails.
 *
 * usage: coverage SOURCE BUILD > docs/coverage.md; holes go to stderr. */
#include "samples.h"

#include "pack.h"

#include <ctype.h>
#include <glob.h>

/* ---- Why something is not there: a name, or what a name begins or ends with (*), and a column ---- */

enum { FORWARD = 1, GRADIENT = 2, SECOND = 4, ALL = 7 };

static const struct {
    const char *name;
    int columns;
    const char *reason;
} reasons[] = {
#include "coverage_reasons.h"
};

/* ---- Rows ---- */

typedef enum kind { OPERATION, LOSS, MODULE, N_KINDS } kind;

typedef struct row {
    char name[64];
    kind kind;
    bool is_function, is_record, has_backward, takes_csr;
    int forms;
    long cases, gradients, seconds, refused;
    unsigned dtypes;
} row;
static row rows[1024];
static int n_rows, holes;

static bool strip_end(char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    if (n <= m + 1 || strcmp(name + n - m, end))
        return false;
    name[n - m] = 0;
    return true;
}

/* The name without tp_ and without what tells one form of a function from another. */
static void family_of(const char *name, char family[64])
{
    static const char *const ends[] = {"_with", "_n",   "_tensor", "_scalar", "_integer",
                                       "_dim",  "_all", "_number", "_"};
    snprintf(family, 64, "%s", strncmp(name, "tp_", 3) ? name : name + 3);
    if (!strncmp(family, "f_", 2))
        memmove(family, family + 2, strlen(family) - 1);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (strip_end(family, ends[i]))
            i = (size_t)-1;
}

static row *find_row(const char *name, bool module)
{
    char family[64];
    family_of(name, family);
    for (int i = 0; i < n_rows; i++)
        if (!strcmp(rows[i].name, family) && (rows[i].kind == MODULE) == module)
            return &rows[i];
    return NULL;
}

static row *add_row(const char *name, bool module)
{
    row *r = find_row(name, module);
    if (r)
        return r;
    if (n_rows == sizeof rows / sizeof rows[0])
        exit(1);
    r = &rows[n_rows++];
    family_of(name, r->name);
    r->kind = module ? MODULE
              : strstr(r->name, "loss") || strstr(r->name, "entropy") || !strcmp(r->name, "kl_div")
                  ? LOSS
                  : OPERATION;
    return r;
}

/* ---- Text ---- */

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        fprintf(stderr, "coverage: cannot open %s\n", path);
        exit(2);
    }
    fseek(f, 0, SEEK_END);
    const long n = ftell(f);
    rewind(f);
    char *text = calloc((size_t)n + 1, 1);
    if (!text || fread(text, 1, (size_t)n, f) != (size_t)n)
        exit(2);
    fclose(f);
    return text;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The next name that begins tp_ in [at, end), into `name`; returns what follows, or NULL. */
static const char *next_name(const char *at, const char *end, char name[64])
{
    for (; at + 3 < end; at++) {
        if (strncmp(at, "tp_", 3) || is_word(at[-1]))
            continue;
        size_t n = 0;
        while (at + n < end && n < 63 && is_word(at[n]))
            n++;
        memcpy(name, at, n);
        name[n] = 0;
        return at + n;
    }
    return NULL;
}

/* A function or a macro's use ends before the next line that begins with neither space nor brace. */
static const char *end_of_piece(const char *start)
{
    for (const char *p = start; (p = strchr(p, '\n')); p++)
        if (p[1] && !isspace((unsigned char)p[1]) && p[1] != '{' && p[1] != '}' && p[1] != '#')
            return p + 1;
    return start + strlen(start);
}

/* ---- Headers ---- */

static void read_header(const char *path)
{
    /* What creates, stores, differentiates, reads or trains is no operation. */
    static const char *const others[] = {
        "tensor.h", "autograd.h", "op.h",    "data.h",      "npy.h",      "safetensors.h", "idx.h",
        "random.h", "labels.h",   "text.h",  "sequences.h", "svmlight.h", "table.h",       "train.h",
        "optim.h",  "metrics.h",  "folds.h", "hashing.h",   "tfidf.h",    "text_model.h",  "functional.h"};
    const char *base = strrchr(path, '/') + 1;
    bool other = false;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        other |= !strcmp(base, others[i]);
    char *text = read_text(path), name[64];
    for (char *p = text; (p = strstr(p, "TP_API ")); p += 7) {
        if (p != text && p[-1] != '\n')
            continue;
        const char *open = strchr(p, '(');
        if (!open || !next_name(p + 7, open, name))
            continue;
        const bool tensor = !strncmp(p + 7, "tp_tensor *", 11), module = !strncmp(p + 7, "tp_module *", 11);
        const char *last = open;
        while (is_word(last[-1]))
            last--;
        snprintf(name, sizeof name, "%.*s", (int)(open - last), last);
        if (!tensor && !module)
            continue;
        if (module ? strstr(name, "_get_") || strstr(name, "register_") || strstr(name, "_child") ||
                         strstr(name, "module_") || strstr(name, "_module") || strstr(name, "_copy")
                   : other || !strncmp(name, "tp_init_", 8) || !strncmp(name, "tp_get_", 7) ||
                         !strncmp(name, "tp_register_", 12) || strstr(name, "forward"))
            continue;
        row *r = add_row(name, module);
        r->is_function = true;
        r->forms++;
    }
    free(text);
}

/* ---- Records ---- */

static void read_record(const tp_op *op)
{
    row *r = add_row(op->name, false);
    r->is_record = true;
    r->has_backward |= op->backward != NULL;
    r->takes_csr |= op->accepts_csr != 0;
    bool counted = false; /* test_ops does it to the first valid sample */
    for (const tp_sample *s = op->samples; s && s->inputs; s++) {
        TP_SCOPE(sample);
        inputs in;
        if (s->message) {
            r->refused++;
            continue;
        }
        if (!parse(op, s->inputs, false, &in))
            continue;
        for (int k = 0; k < 4 && !counted; k++) {
            inputs other = in;
            r->refused += make_invalid(op, k, &other) != NULL;
        }
        counted = true;
        for (int i = 0; i < in.n; i++)
            if (in.t[i]) /* what is done in float64 is done in float32, too */
                r->dtypes |= 1u << in.t[i]->dtype | (in.t[i]->dtype == TP_F64 ? 1u << TP_F32 : 0);
    }
}

/* ---- Golden cases: what the packs hold under a name, and which functions the test calls for it ---- */

typedef struct golden {
    char name[64];
    long cases, gradients, seconds;
    unsigned dtypes;
} golden;
static golden goldens[1024];
static int n_goldens;

static golden *golden_named(const char *name)
{
    for (int i = 0; i < n_goldens; i++)
        if (!strcmp(goldens[i].name, name))
            return &goldens[i];
    if (n_goldens == sizeof goldens / sizeof goldens[0])
        exit(1);
    snprintf(goldens[n_goldens].name, sizeof goldens[0].name, "%s", name);
    return &goldens[n_goldens++];
}

static unsigned dtypes_in(const char *text)
{
    unsigned bits = 0;
    for (int d = 0; d < TP_DTYPES; d++) {
        const char *const short_name = sample_dtypes[d];
        for (const char *p = text; (p = strstr(p, short_name)); p++)
            if ((p == text || !is_word(p[-1])) && !is_word(p[strlen(short_name)]))
                bits |= 1u << d;
    }
    return bits;
}

/* Items are the lines of a case that begins "op NAME", or each is a case: "NAME|operands|result|g". */
static void read_pack(const char *path)
{
    n_goldens = 0;
    memset(goldens, 0, sizeof goldens);
    pack p = pack_open(path);
    golden *g = NULL;
    bool graded = false, twice = false;
    while (pack_next(&p)) {
        char name[64];
        const char *bar = strchr(p.name, '|');
        if (!strncmp(p.name, "op ", 3) && sscanf(p.name, "op %63s", name) == 1) {
            g = strcmp(name, "end") ? golden_named(name) : NULL;
            if (g)
                g->cases++;
            graded = twice = false;
        } else if (g && !strncmp(p.name, "in ", 3)) {
            g->dtypes |= dtypes_in(p.name);
        } else if (g && (!strncmp(p.name, "second ", 7) || !strncmp(p.name, "grad2 ", 6))) {
            g->seconds += !twice;
            twice = true;
        } else if (g && !strncmp(p.name, "grad ", 5)) {
            g->gradients += !graded;
            graded = true;
        } else if (!g && bar && dtypes_in(bar)) {
            snprintf(name, sizeof name, "%.*s", (int)(bar - p.name), p.name);
            golden *one = golden_named(name);
            const size_t n = strlen(p.name);
            one->cases++;
            one->gradients += !strcmp(p.name + n - 2, "|g");
            one->dtypes |= dtypes_in(bar);
        }
    }
}

static void credit(const char *function, const golden *g, row **seen, int *n_seen)
{
    for (int module = 0; module < 2; module++) {
        row *r = module && !strncmp(function, "tp_f_", 5) ? NULL : find_row(function, module);
        for (int i = 0; i < *n_seen && r; i++)
            r = seen[i] == r ? NULL : r;
        if (!r || *n_seen == 64)
            continue;
        seen[(*n_seen)++] = r;
        r->cases += g->cases;
        r->gradients += g->gradients;
        r->seconds += g->seconds;
        r->dtypes |= g->dtypes;
        r->takes_csr |= strstr(g->name, "_csr") != NULL;
    }
}

/* All tp_ names of the pieces of `text` that define `function`, run_NAME: by hand, or by a macro for NAME. */
static void credit_definition(const char *text, const char *function, const golden *g, row **seen,
                              int *n_seen)
{
    const char *short_name = strncmp(function, "run_", 4) ? function : function + 4;
    for (const char *p = text; *p; p = end_of_piece(p)) {
        const char *end = end_of_piece(p), *open = strchr(p, '(');
        if (!open || open > end)
            continue;
        const bool by_hand = (size_t)(open - p) > strlen(function) &&
                             !is_word(open[-1 - (int)strlen(function)]) &&
                             !strncmp(open - strlen(function), function, strlen(function));
        const char *argument = open + 1;
        const bool by_macro = isupper((unsigned char)*p) &&
                              !strncmp(argument, short_name, strlen(short_name)) &&
                              !is_word(argument[strlen(short_name)]);
        if (!by_hand && !by_macro)
            continue;
        char name[64];
        for (const char *at = p; (at = next_name(at, end, name));)
            credit(name, g, seen, n_seen);
        if (by_macro)
            credit(short_name, g, seen, n_seen);
    }
}

/* The tests that open the pack: their tables say {"NAME", function, ...}, or OPERATION(NAME) for run_NAME. */
static void match_tests(const char *source, const char *pack_name)
{
    char pattern[512];
    glob_t tests;
    snprintf(pattern, sizeof pattern, "%s/tests/test_*.c", source);
    glob(pattern, 0, NULL, &tests);
    for (int i = 0; i < n_goldens; i++) {
        const golden *g = &goldens[i];
        row *seen[64];
        int n_seen = 0;
        credit(g->name, g, seen, &n_seen);
        for (size_t t = 0; t < tests.gl_pathc; t++) {
            char *text = read_text(tests.gl_pathv[t]), entry[80], function[64];
            snprintf(entry, sizeof entry, "{\"%.63s\",", g->name);
            for (const char *p = strstr(text, pack_name) ? text : ""; (p = strstr(p, entry)); p++)
                if (sscanf(p + strlen(entry), " %63[A-Za-z0-9_]", function) == 1)
                    credit_definition(text, function, g, seen, &n_seen);
            snprintf(entry, sizeof entry, "OPERATION(%.63s)", g->name);
            snprintf(function, sizeof function, "run_%.59s", g->name);
            if (strstr(text, pack_name) && strstr(text, entry))
                credit_definition(text, function, g, seen, &n_seen);
            free(text);
        }
        golden second = *g; /* "NAME_second": more of NAME's second gradients */
        if (!n_seen && strip_end(second.name, "_second")) {
            second.seconds = second.cases;
            second.cases = second.gradients = 0;
            credit(second.name, &second, seen, &n_seen);
        }
        if (!n_seen)
            fprintf(stderr, "note: %s: no function is known for its cases '%s'\n", pack_name, g->name);
    }
    globfree(&tests);
}

/* ---- Tests: refusals after a call ---- */

static void read_test(const char *path)
{
    char *text = read_text(path), name[64];
    const char *end = text + strlen(text);
    for (const char *p = text; (p = next_name(p, end, name));) {
        if (*p != '(')
            continue;
        const char *stop = strchr(p, ';'), *after = stop ? stop + 1 + strspn(stop + 1, " \n") : p;
        for (int module = 0; module < 2; module++) {
            row *r = find_row(name, module);
            if (!r)
                continue;
            r->refused += !strncmp(after, "CHECK_ERROR", 11) || !strncmp(after, "refused", 7);
        }
    }
    free(text);
}

/* ---- The page ---- */

static const char *reason_for(const row *r, int column)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        const char *name = reasons[i].name;
        const size_t n = strlen(name), m = strlen(r->name);
        const bool fits = name[0] == '*'       ? m >= n - 1 && !strcmp(r->name + m - (n - 1), name + 1)
                          : name[n - 1] == '*' ? !strncmp(r->name, name, n - 1)
                                               : !strcmp(r->name, name);
        if (fits && (reasons[i].columns & column))
            return reasons[i].reason;
    }
    return NULL;
}

static const char *hole(const row *r, int column, const char *what)
{
    const char *reason = reason_for(r, column);
    if (reason && column != FORWARD && reason == reason_for(r, column >> 1) && r->cases == 0)
        return "–"; /* said in the column before */
    if (reason)
        return reason;
    fprintf(stderr, "HOLE: %s has no %s, and no reason why\n", r->name, what);
    holes++;
    return "**none**";
}

static void print_gradient(const row *r, int column, long cases, const char *what)
{
    if (r->is_record && r->has_backward)
        printf(" | differences");
    else if (r->is_record && !cases)
        printf(" | none to take");
    else if (!cases)
        printf(" | %s", hole(r, column, what));
    if (cases)
        printf(r->is_record && r->has_backward ? ", %ld" : " | %ld", cases);
}

static void print_row(const row *r)
{
    printf("| `%s`", r->name);
    if (r->kind != MODULE)
        printf(" | %s", r->is_record ? r->is_function ? "record" : "record, inside" : "composite");
    if (r->cases)
        printf(" | %ld", r->cases);
    else
        printf(" | %s", hole(r, FORWARD, "golden case"));
    print_gradient(r, GRADIENT, r->gradients, "gradient");
    print_gradient(r, SECOND, r->seconds, "second gradient");
    printf(" | ");
    for (int d = 0; d < TP_DTYPES; d++)
        if (r->dtypes >> d & 1)
            printf("%s ", sample_dtypes[d]);
    printf("| %s | %ld |\n", r->takes_csr ? "yes" : "", r->refused);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const row *)a)->name, ((const row *)b)->name);
}

static void print_page(void)
{
    static const char *const titles[N_KINDS] = {"Operations", "Losses", "Modules"};
    qsort(rows, (size_t)n_rows, sizeof rows[0], by_name);
    printf(
        "# What the tests compare\n\n"
        "Written by `sh scripts/coverage.sh BUILD` from the headers, the records and the tests; a test fails "
        "when it is\nnot up to date, or when something new has neither a test nor a reason.\n\n"
        "- **values**: cases with values from PyTorch that run it (`tests/golden/*.pack`).\n"
        "- **gradient**, **second**: *differences* means that `test_ops` checks every sample of the record "
        "against finite\n  differences, and `make sabotage` that this would notice a wrong one; a number "
        "counts "
        "PyTorch's values.\n"
        "- **dtypes**: of the operands in these cases and in the record's samples.\n"
        "- **CSR**: an operand may be a CSR matrix.\n"
        "- **errors**: the record's samples that must fail, what a record refuses by itself (an operand too "
        "many, NULL, a CSR\n  matrix, a half), and refusals checked by other tests. A composite without any "
        "is refused by the operations that it\n  is made of.\n");
    for (int k = 0; k < N_KINDS; k++) {
        int n = 0;
        for (int i = 0; i < n_rows; i++)
            n += rows[i].kind == (kind)k;
        printf("\n## %s (%d)\n\n", titles[k], n);
        puts(k == MODULE ? "| module | values | gradient | second | dtypes | CSR | errors |\n"
                           "|---|---|---|---|---|---|---|"
                         : "| name | kind | values | gradient | second | dtypes | CSR | errors |\n"
                           "|---|---|---|---|---|---|---|---|");
        for (int i = 0; i < n_rows; i++)
            if (rows[i].kind == (kind)k)
                print_row(&rows[i]);
    }
}

static void each_file(const char *folder, const char *pattern, void (*function)(const char *))
{
    char path[512];
    glob_t files;
    snprintf(path, sizeof path, "%s/%s", folder, pattern);
    if (!glob(path, 0, NULL, &files))
        for (size_t i = 0; i < files.gl_pathc; i++)
            function(files.gl_pathv[i]);
    globfree(&files);
}

static const char *source_folder;
static void read_and_match(const char *path)
{
    const char *base = strrchr(path, '/') + 1;
    if (!strcmp(base, "npy_cases.pack") || !strcmp(base, "safetensors_cases.pack"))
        return; /* files, not operations */
    read_pack(path);
    match_tests(source_folder, base);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    source_folder = argv[1];
    each_file(argv[1], "include/taper/*.h", read_header);
    each_file(argv[2], "include/taper/*.h", read_header);
    for (int i = 0; tp_op_at(i); i++)
        read_record(tp_op_at(i));
    each_file(argv[1], "tests/golden/*.pack", read_and_match);
    each_file(argv[1], "tests/test_*.c", read_test);
    print_page();
    tp_finish();
    return holes > 0;
}
