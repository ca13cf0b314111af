/* Sums of products by an equation: the equation is read, operands lose what broadcasts, repeats and can be
 * summed at once, and are then multiplied two at a time, as a matrix product where something is summed. */
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "taper/linalg.h"
#include "taper/shape.h"

#include <ctype.h>
#include <string.h>

/* A label is a letter's place in "A..Za..z", or for the dimensions of "..." one of the last TP_MAX_DIMS. */
enum { LETTERS = 52, LABELS = LETTERS + TP_MAX_DIMS, ELLIPSIS = LABELS };

static int label_of(char letter)
{
    return letter >= 'a' ? letter - 'a' + 26 : letter - 'A';
}

/* What stands for an operand, or the result: a label for each dimension. */
typedef struct term {
    int n;
    uint8_t labels[TP_MAX_DIMS];
} term;

/* Labels as written; "..." is one entry. */
typedef struct subscripts {
    int n, ellipsis; /* the place of "...", or -1 */
    uint8_t labels[LETTERS * 2];
    const char *at[LETTERS * 2]; /* where they stand */
} subscripts;

static const char *name_of(int label, char text[8])
{
    if (label >= LETTERS)
        return "...";
    text[0] = (char)(label < 26 ? 'A' + label : 'a' + label - 26);
    text[1] = 0;
    return text;
}

/* Reads up to a comma, an arrow or the end; returns where it stopped, or NULL. */
static const char *read_subscripts(const char *equation, const char *p, const char *who, int number,
                                   subscripts *s)
{
    char name[48];
    s->n = 0;
    s->ellipsis = -1;
    if (number >= 0)
        snprintf(name, sizeof name, "%s %d", who, number);
    else
        snprintf(name, sizeof name, "%s", who);
    for (; *p && *p != ',' && !(*p == '-' && p[1] == '>'); p++) {
        const int place = (int)(p - equation);
        if (*p == ' ')
            continue;
        if (s->n == (int)(sizeof s->labels))
            return tp__fail_null(TP_ERROR_FORMAT,
                                 "%s has too many subscripts at index %d of the equation '%.200s'", name,
                                 place, equation);
        s->at[s->n] = p;
        if (*p == '.') {
            if (p[1] != '.' || p[2] != '.')
                return tp__fail_null(
                    TP_ERROR_FORMAT,
                    "found '.' for %s that is not part of any ellipsis, at index %d of the equation "
                    "'%.200s'",
                    name, place, equation);
            if (s->ellipsis >= 0)
                return tp__fail_null(
                    TP_ERROR_FORMAT,
                    "found '.' for %s for which an ellipsis was already found, at index %d of the "
                    "equation '%.200s'",
                    name, place, equation);
            s->ellipsis = s->n;
            s->labels[s->n++] = ELLIPSIS;
            p += 2;
        } else if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')) {
            s->labels[s->n++] = (uint8_t)label_of(*p);
        } else {
            return tp__fail_null(
                TP_ERROR_FORMAT,
                "invalid subscript given at index %d in the equation '%.200s', subscripts must be in "
                "[a-zA-Z]",
                place, equation);
        }
    }
    return p;
}

typedef struct equation {
    const char *text;
    int n, ellipsis;       /* operands; the most dimensions that a "..." stands for */
    int64_t sizes[LABELS]; /* of each label; -1: it does not stand in the equation */
    int counts[LABELS];    /* how often it stands at operands */
    int owners[LABELS];    /* the first operand whose size is not 1 */
    term result;
} equation;

/* How many dimensions of the operand its "..." stands for; -1 after an error. */
static int hidden(const equation *e, const subscripts *s, const tp_tensor *t, int number)
{
    const int written = s->n - (s->ellipsis >= 0);
    if (s->ellipsis >= 0 ? written <= t->ndim : written == t->ndim)
        return t->ndim - written;
    tp_fail(TP_ERROR_SHAPE,
            "the number of subscripts in the equation '%.200s' (%d%s) %s the number of dimensions (%d) for "
            "operand %d",
            e->text, written, s->ellipsis >= 0 ? " and an ellipsis" : "",
            s->ellipsis >= 0 ? "is more than" : "does not match", t->ndim, number);
    return -1;
}

/* Writes the ellipsis out; `count` of its labels, which are aligned at the end. */
static void write_out(const equation *e, const subscripts *s, int count, term *t)
{
    t->n = 0;
    for (int i = 0; i < s->n; i++) {
        if (s->labels[i] != ELLIPSIS) {
            t->labels[t->n++] = s->labels[i];
            continue;
        }
        for (int k = 0; k < count; k++)
            t->labels[t->n++] = (uint8_t)(LETTERS + e->ellipsis - count + k);
    }
}

/* Takes the sizes of an operand's dimensions in. */
static tp_status gather_sizes(equation *e, const term *t, const tp_tensor *operand, int number)
{
    char name[8];
    int64_t own[LABELS] = {0};
    unsigned char seen[LABELS] = {0};
    for (int d = 0; d < t->n; d++) {
        const int label = t->labels[d];
        const int64_t size = operand->shape[d];
        e->counts[label]++;
        if (seen[label] && own[label] != size)
            return tp_fail(
                TP_ERROR_SHAPE,
                "subscript %s is repeated for operand %d but the sizes don't match, %lld != %lld, in the "
                "equation '%.200s'",
                name_of(label, name), number, (long long)size, (long long)own[label], e->text);
        seen[label] = 1;
        own[label] = size;
        if (e->sizes[label] < 0 || e->sizes[label] == 1) {
            e->sizes[label] = size;
            e->owners[label] = number;
        } else if (size != 1 && size != e->sizes[label]) {
            return tp_fail(
                TP_ERROR_SHAPE,
                "operands do not broadcast: subscript %s has size %lld for operand %d and size %lld for "
                "operand %d, in the equation '%.200s'",
                name_of(label, name), (long long)e->sizes[label], e->owners[label], (long long)size, number,
                e->text);
        }
    }
    return TP_OK;
}

static tp_status read_result(equation *e, const char *arrow)
{
    subscripts s;
    char name[8];
    term *r = &e->result;
    r->n = 0;
    if (!arrow) { /* "...", then what stands once, in order */
        for (int k = 0; k < e->ellipsis; k++)
            r->labels[r->n++] = (uint8_t)(LETTERS + k);
        for (int label = 0; label < LETTERS; label++) {
            if (e->counts[label] != 1)
                continue;
            if (r->n == TP_MAX_DIMS)
                return tp_fail(TP_ERROR_SHAPE, "the result of '%.200s' has more than %d dimensions", e->text,
                               TP_MAX_DIMS);
            r->labels[r->n++] = (uint8_t)label;
        }
        return TP_OK;
    }
    const char *end = read_subscripts(e->text, arrow + 2, "output", -1, &s);
    if (!end)
        return TP_ERROR_FORMAT;
    if (*end)
        return tp_fail(TP_ERROR_FORMAT, "found '%c' at index %d behind the output of the equation '%.200s'",
                       *end, (int)(end - e->text), e->text);
    bool seen[LABELS] = {false};
    for (int i = 0; i < s.n; i++) {
        const int label = s.labels[i];
        if (label == ELLIPSIS)
            continue;
        if (seen[label])
            return tp_fail(
                TP_ERROR_FORMAT,
                "output subscript %s appears more than once in the output, at index %d of the equation "
                "'%.200s'",
                name_of(label, name), (int)(s.at[i] - e->text), e->text);
        if (e->sizes[label] < 0)
            return tp_fail(
                TP_ERROR_FORMAT,
                "output subscript %s does not appear in the equation for any input operand, at index %d of "
                "the equation '%.200s'",
                name_of(label, name), (int)(s.at[i] - e->text), e->text);
        seen[label] = true;
    }
    if (s.n - (s.ellipsis >= 0) + (s.ellipsis >= 0 ? e->ellipsis : 0) > TP_MAX_DIMS)
        return tp_fail(TP_ERROR_SHAPE, "the result of '%.200s' has more than %d dimensions", e->text,
                       TP_MAX_DIMS);
    write_out(e, &s, e->ellipsis, r);
    return TP_OK;
}

static tp_status read_equation(equation *e, tp_tensor *const *operands, term *terms)
{
    /* Twice, since the ellipses' labels depend on the longest of them. */
    for (int pass = 0; pass < 2; pass++) {
        const char *p = e->text;
        for (int i = 0;; i++, p++) {
            subscripts s;
            p = read_subscripts(e->text, p, "operand", i, &s);
            if (!p)
                return TP_ERROR_FORMAT;
            if (i == e->n)
                return tp_fail(
                    TP_ERROR_FORMAT,
                    "fewer operands were provided (%d) than specified in the equation '%.200s', whose "
                    "operand %d ends at index %d",
                    e->n, e->text, i, (int)(p - e->text));
            const int count = hidden(e, &s, operands[i], i);
            if (count < 0)
                return TP_ERROR_SHAPE;
            if (!pass) {
                e->ellipsis = count > e->ellipsis ? count : e->ellipsis;
            } else {
                write_out(e, &s, count, &terms[i]);
                TP__TRY(gather_sizes(e, &terms[i], operands[i], i));
            }
            if (*p == ',')
                continue;
            if (i + 1 < e->n)
                return tp_fail(
                    TP_ERROR_FORMAT,
                    "more operands were provided (%d) than specified in the equation '%.200s', which ends "
                    "at index %d with %d",
                    e->n, e->text, (int)(p - e->text), i + 1);
            if (pass)
                return read_result(e, *p ? p : NULL);
            break;
        }
    }
    return TP_OK;
}

/* ---- Computing ---- */

static int find_label(const term *t, int label)
{
    for (int d = 0; d < t->n; d++)
        if (t->labels[d] == label)
            return d;
    return -1;
}

static void drop(term *t, int d)
{
    memmove(t->labels + d, t->labels + d + 1, (size_t)(t->n - d - 1));
    t->n--;
}

/* Diagonals of repeated labels; without dimensions of size 1 that broadcast. */
static tp_tensor *simplified(const equation *e, tp_tensor *x, term *t)
{
    for (int d = t->n - 1; x && d >= 0; d--) {
        const int first = find_label(t, t->labels[d]);
        if (first == d)
            continue;
        const uint8_t label = t->labels[d];
        x = tp_movedim(tp_diagonal(x, 0, first, d), -1, first);
        drop(t, d);
        t->labels[first] = label;
    }
    for (int d = t->n - 1; x && d >= 0; d--)
        if (x->shape[d] == 1 && e->sizes[t->labels[d]] != 1) {
            x = tp_squeeze(x, d);
            drop(t, d);
        }
    return x;
}

/* Without the labels that stand neither in the result nor at a later operand. */
static tp_tensor *summed(tp_tensor *x, term *t, const bool *needed)
{
    int dims[TP_MAX_DIMS], n = 0;
    for (int d = 0; d < t->n; d++)
        if (!needed[t->labels[d]])
            dims[n++] = d;
    if (!n || !x)
        return x;
    const tp_dtype dtype = (tp_dtype)x->dtype;
    for (int k = n - 1; k >= 0; k--)
        drop(t, dims[k]);
    return tp_to(tp_sum_n(x, n, dims, false), dtype);
}

/* x with the dimensions of these labels, in this order; size 1 for those it does not have. */
static tp_tensor *arranged(tp_tensor *x, const term *has, const term *wanted)
{
    int64_t order[TP_MAX_DIMS], shape[TP_MAX_DIMS];
    int n = 0;
    for (int d = 0; d < wanted->n; d++) {
        const int from = find_label(has, wanted->labels[d]);
        shape[d] = from < 0 ? 1 : x->shape[from];
        if (from >= 0)
            order[n++] = from;
    }
    return tp_reshape_n(tp_permute_n(x, n, order), wanted->n, shape);
}

static int64_t product_of(const equation *e, const term *t)
{
    int64_t product = 1;
    for (int d = 0; d < t->n; d++)
        product *= e->sizes[t->labels[d]];
    return product;
}

static void append(term *to, const term *from)
{
    for (int d = 0; d < from->n; d++)
        to->labels[to->n++] = from->labels[d];
}

/* a times b, summed over the labels of both that are not needed any more; `t` becomes the product's labels.
 */
static tp_tensor *multiplied(const equation *e, tp_tensor *a, term *t, tp_tensor *b, const term *tb,
                             const bool *needed)
{
    term batch = {0}, left = {0}, right = {0}, gone = {0}, all = {0};
    for (int d = 0; d < t->n; d++) {
        const int label = t->labels[d];
        term *group = find_label(tb, label) < 0 ? &left : needed[label] ? &batch : &gone;
        group->labels[group->n++] = (uint8_t)label;
    }
    for (int d = 0; d < tb->n; d++)
        if (find_label(t, tb->labels[d]) < 0)
            right.labels[right.n++] = tb->labels[d];
    const bool by_elements = !gone.n || !tp_dtype_is_float((tp_dtype)a->dtype);
    if (batch.n + left.n + right.n + (by_elements ? gone.n : 0) > TP_MAX_DIMS)
        return tp__fail_null(TP_ERROR_SHAPE, "a product on the way in '%.200s' has more than %d dimensions",
                             e->text, TP_MAX_DIMS);
    append(&all, &batch);
    append(&all, &left);
    append(&all, &right);
    if (by_elements) {
        append(&all, &gone);
        a = tp_mul(arranged(a, t, &all), arranged(b, tb, &all));
        *t = all;
        return summed(a, t, needed);
    }
    term rows = batch, columns = batch;
    append(&rows, &left);
    append(&rows, &gone);
    append(&columns, &gone);
    append(&columns, &right);
    const int64_t n = product_of(e, &left), k = product_of(e, &gone), m = product_of(e, &right),
                  batches = product_of(e, &batch);
    int64_t shape[TP_MAX_DIMS];
    for (int d = 0; d < all.n; d++)
        shape[d] = e->sizes[all.labels[d]];
    a = arranged(a, t, &rows);
    b = arranged(b, tb, &columns);
    *t = all;
    if (!batch.n)
        a = tp_matmul(tp_reshape(a, n, k), tp_reshape(b, k, m));
    else
        a = tp_matmul(tp_reshape(a, batches, n, k), tp_reshape(b, batches, k, m));
    return a ? tp_reshape_n(a, all.n, shape) : NULL;
}

tp_tensor *tp_einsum_n(const char *text, int n, tp_tensor *const *operands)
{
    TP_FRAME("einsum");
    enum { MOST = 32 };
    term terms[MOST];
    if (!text || !operands || n < 1 || n > MOST)
        return tp__fail_null(TP_ERROR_ARGUMENT, "takes an equation and 1 to %d operands, not %d", MOST, n);
    for (int i = 0; i < n; i++) {
        if (!operands[i])
            return tp__null_argument("an operand"), NULL;
        if (operands[i]->layout != TP__DENSE)
            return tp__fail_null(TP_ERROR_UNSUPPORTED, "operand %d is not dense", i);
        if (operands[i]->dtype != operands[0]->dtype)
            return tp__fail_null(TP_ERROR_DTYPE,
                                 "expected operands of one dtype, but operand 0 is %s and operand %d is "
                                 "%s",
                                 tp_dtype_name((tp_dtype)operands[0]->dtype), i,
                                 tp_dtype_name((tp_dtype)operands[i]->dtype));
    }
    equation e = {.text = text, .n = n};
    for (int label = 0; label < LABELS; label++)
        e.sizes[label] = -1;
    if (read_equation(&e, operands, terms) != TP_OK)
        return NULL;
    tp_tensor *product = NULL, *x[MOST];
    for (int i = 0; i < n; i++)
        if (!(x[i] = simplified(&e, operands[i], &terms[i])))
            return NULL;
    term t = {0};
    for (int i = 0; i < n; i++) {
        bool needed[LABELS] = {false};
        for (int d = 0; d < e.result.n; d++)
            needed[e.result.labels[d]] = true;
        for (int k = i + 1; k < n; k++)
            for (int d = 0; d < terms[k].n; d++)
                needed[terms[k].labels[d]] = true;
        bool alone[LABELS]; /* what this operand alone has and nobody needs is summed first */
        memcpy(alone, needed, sizeof alone);
        for (int d = 0; d < t.n; d++)
            alone[t.labels[d]] = true;
        x[i] = summed(x[i], &terms[i], alone);
        if (!x[i])
            return NULL;
        if (!i) {
            product = x[0];
            t = terms[0];
            continue;
        }
        memcpy(alone, needed, sizeof alone);
        for (int d = 0; d < terms[i].n; d++)
            alone[terms[i].labels[d]] = true;
        product = summed(product, &t, alone);
        product = product ? multiplied(&e, product, &t, x[i], &terms[i], needed) : NULL;
        if (!product)
            return NULL;
    }
    return arranged(product, &t, &e.result);
}
