/* Elementwise operations, products, promotion and broadcasting against PyTorch's values and gradients. */
#include "pack.h"
#include "test.h"

#include "heart/heart.h"
#include "ops/ops.h"
#include "taper/ops.h"

enum { MOST = 3 };

typedef struct spec {
    tp_dtype dtype;
    int ndim;
    int64_t shape[TP_MAX_DIMS];
    bool number, integer;
    double value;
} spec;

static const char *parse(const char *p, spec *s)
{
    static const char *const names[TP_DTYPES] = {"bool", "u8", "i32", "i64", "f32", "f64", "f16", "bf16"};
    memset(s, 0, sizeof *s);
    if (*p == '#') {
        char *end;
        s->number = true;
        s->value = strtod(p + 1, &end);
        s->integer = *end == 'i';
        return end + s->integer;
    }
    for (int d = 0; d < TP_DTYPES; d++)
        if (!strncmp(p, names[d], strlen(names[d])) && p[strlen(names[d])] == '[') {
            s->dtype = (tp_dtype)d;
            p += strlen(names[d]) + 1;
            break;
        }
    while (*p != ']') {
        char *end;
        s->shape[s->ndim++] = strtoll(p, &end, 10);
        p = end + (*end == ',');
    }
    return p + 1;
}

static tp_tensor *take(const spec *s, const char **data)
{
    tp_tensor *t = tp_zeros_n(s->dtype, s->ndim, s->shape);
    const size_t size = (size_t)tp_numel(t) * tp_dtype_size(s->dtype);
    memcpy(t->data, *data, size);
    *data += size;
    return t;
}

/* One tally for each operation and dtype. */
typedef struct tally {
    char name[32];
    bool wide, gradient;
    int64_t elements, equal;
    double most; /* ulp */
} tally;
static tally tallies[256];
static int n_tallies;

static tally *tally_of(const char *name, bool wide, bool gradient)
{
    for (int i = 0; i < n_tallies; i++)
        if (!strcmp(tallies[i].name, name) && tallies[i].wide == wide && tallies[i].gradient == gradient)
            return &tallies[i];
    tally *t = &tallies[n_tallies++];
    snprintf(t->name, sizeof t->name, "%s", name);
    t->wide = wide;
    t->gradient = gradient;
    return t;
}

/* Units in the last place of `scale`. */
static double ulps(double got, double want, double scale, bool wide)
{
    if (got == want || (isnan(got) && isnan(want)))
        return 0;
    if (!isfinite(got) || !isfinite(want))
        return INFINITY;
    int exponent;
    frexp(fmax(fabs(want), scale), &exponent);
    if (!wide && exponent < -125)
        exponent = -125;
    return fabs(got - want) / ldexp(1, exponent - (wide ? 53 : 24));
}

static bool sabotaged;
static int bad_cases;

/* Compares, and returns whether dtype and shape are right and no element is further off than `most`. */
static bool compare(const char *name, bool gradient, const tp_tensor *got, const tp_tensor *want, double most,
                    double scale)
{
    if (!got || got->dtype != want->dtype || got->ndim != want->ndim ||
        memcmp(got->shape, want->shape, (size_t)want->ndim * sizeof(int64_t)))
        return false;
    const tp_dtype dtype = (tp_dtype)want->dtype;
    const size_t size = tp_dtype_size(dtype);
    const tp_tensor *g = tp_contiguous(tp_detach(got));
    tally *t = tally_of(name, dtype == TP_F64, gradient);
    double worst = 0;
    for (int64_t i = 0; i < want->numel; i++) {
        const char *a = g->data + (size_t)i * size, *b = want->data + (size_t)i * size;
        double x = tp__load_f64(dtype, a);
        const double y = tp__load_f64(dtype, b);
        if (sabotaged && i == want->numel / 2)
            x = !isfinite(x)               ? 0
                : dtype == TP_BOOL         ? x == 0
                : tp_dtype_is_float(dtype) ? x + 1e-3 * fmax(fabs(x), 1)
                                           : x + 1;
        if (!sabotaged) {
            t->elements++;
            t->equal += !memcmp(a, b, size) || (isnan(x) && isnan(y));
        }
        const double off = tp_dtype_is_float(dtype) ? ulps(x, y, scale, dtype == TP_F64)
                           : x == y                 ? 0
                                                    : INFINITY;
        worst = fmax(worst, off);
        if (off > t->most && !sabotaged)
            t->most = off;
    }
    return worst <= most;
}

static tp_tensor *apply(const char *name, tp_tensor *const *t, int n)
{
    if (!strcmp(name, "matmul"))
        return tp_matmul(t[0], t[1]);
    if (!strcmp(name, "linear"))
        return tp_f_linear(t[0], t[1], t[2]);
    if (!strcmp(name, "pow") && t[1]->number) /* as a program writes it */
        return t[1]->dtype == TP_I64 ? tp_pow(t[0], tp__load_i64(TP_I64, t[1]->data))
                                     : tp_pow(t[0], tp__load_f64(TP_F64, t[1]->data));
    return tp_apply(tp_op_named(name), t, n, NULL);
}

static bool run(const pack *p, bool *has_values)
{
    TP_SCOPE(item);
    char name[64];
    const char *text = strchr(p->name, '|'), *data = p->item;
    snprintf(name, sizeof name, "%.*s", (int)(text - p->name), p->name);
    spec specs[MOST], result;
    tp_tensor *t[MOST] = {0}, *got[MOST];
    int n = 0;
    for (text++; *text != '|'; text += *text == ' ')
        text = parse(text, &specs[n++]);
    text = parse(text + 1, &result);
    const bool with_gradients = !strcmp(text, "|g");
    for (int i = 0; i < n; i++)
        t[i] = !specs[i].number   ? take(&specs[i], &data)
               : specs[i].integer ? tp__number_i64((int64_t)specs[i].value)
                                  : tp__number_f64(specs[i].value);
    for (int i = 0; i < n; i++)
        if (with_gradients && !specs[i].number && tp_dtype_is_float(specs[i].dtype))
            tp_requires_grad_(t[i], true);
    tp_tensor *want = take(&result, &data);
    *has_values = want->numel > 0;
    /* Products sum in another order than PyTorch's library does: their distance is against the terms' size.
     */
    const bool product = !strcmp(name, "matmul") || !strcmp(name, "linear");
    const double most = product ? 64 : 4, scale = product ? 1 : 0;
    tp_tensor *y = apply(name, t, n);
    char label[80];
    if (n == 2 && specs[1].number && !strcmp(name, "pow"))
        snprintf(label, sizeof label, "pow %g", specs[1].value);
    else
        snprintf(label, sizeof label, "%s", name);
    bool good = compare(label, false, y, want, most, scale);
    if (!good || !with_gradients)
        return good;
    tp_tensor *g = take(&result, &data), *wanted[MOST];
    int n_wanted = 0;
    for (int i = 0; i < n; i++)
        if (tp_requires_grad(t[i]))
            wanted[n_wanted++] = t[i];
    if (tp_gradients(&y, 1, wanted, n_wanted, &g, &(tp_gradients_options){.allow_unused = true}, got) !=
        TP_OK)
        return false;
    for (int i = 0, k = 0; i < n; i++) {
        if (!tp_requires_grad(t[i]))
            continue;
        tp_tensor *gradient = take(&specs[i], &data);
        if (!got[k])
            got[k] = tp_zeros_like(t[i]);
        /* What is summed over a broadcast dimension may cancel. */
        const bool summed = t[i]->numel != y->numel;
        good &= compare(label, true, got[k++], gradient,
                        product  ? 256
                        : summed ? 32
                                 : 6,
                        product || summed ? 1 : 0);
    }
    return good;
}

int main(void)
{
    for (int pass = 0; pass < 2; pass++) {
        pack p = pack_open(TP_SOURCE_DIR "/tests/golden/ops.pack");
        int cases = 0, good = 0;
        bool has_values;
        sabotaged = pass == 1;
        while (pack_next(&p)) {
            /* Where the library differs by intent: square keeps bool; the power's base and exponent are
             * converted before anything is computed. */
            if (!strncmp(p.name, "square|bool", 11) || !strncmp(p.name, "pow|f64[4] f32", 14))
                continue;
            const bool ok = run(&p, &has_values);
            if (sabotaged && !has_values)
                continue;
            cases++;
            good += ok;
            if (sabotaged && ok)
                printf("%s: the change was accepted\n", p.name);
            if (!sabotaged && !ok && bad_cases++ < 40)
                printf("%s: differs%s%s\n", p.name, tp_error() ? ": " : "", tp_error_message());
            tp_clear_error();
        }
        if (sabotaged) {
            printf("%d of %d changed results were accepted\n", good, cases);
            CHECK(good == 0);
        } else {
            CHECK(good == cases && cases > 1000);
            for (int i = 0; i < n_tallies; i++)
                if (tallies[i].equal != tallies[i].elements)
                    printf("%-12s %s %s: %6.2f%% of %lld equal, at most %.2f ulp\n", tallies[i].name,
                           tallies[i].wide ? "f64" : "f32", tallies[i].gradient ? "gradient" : "value   ",
                           100.0 * (double)tallies[i].equal / (double)tallies[i].elements,
                           (long long)tallies[i].elements, tallies[i].most);
        }
    }
    tp_finish();
    return test_end();
}
