/* The text of a tensor, character for character that of PyTorch (torch/_tensor_str.py states the rules). */
#include "tensor/tensor.h"

#include <locale.h>
#include <math.h>
#include <string.h>

#define MOST_DIGITS 100
#define LONGEST_NUMBER 512 /* 309 digits before the point, MOST_DIGITS behind it, a sign */

static const tp_print_options defaults = {4, 1000, 3, 80};
static _Thread_local tp_print_options options = {4, 1000, 3, 80};

void tp_set_print_options(const tp_print_options *wanted)
{
    options = wanted ? *wanted : defaults;
    if (options.precision < 0 || options.precision > MOST_DIGITS)
        options.precision = options.precision < 0 ? 0 : MOST_DIGITS;
    if (options.edge_items < 0)
        options.edge_items = 0;
}

tp_print_options tp_get_print_options(void)
{
    return options;
}

/* ---- A text that grows ---- */

typedef struct text {
    void *bytes;
    size_t length, capacity;
    bool failed;
} text;

static void add_n(text *out, const char *piece, size_t length)
{
    if (out->failed || tp__grow(&out->bytes, &out->capacity, out->length + length + 1, 1) != TP_OK) {
        out->failed = true;
        return;
    }
    memcpy((char *)out->bytes + out->length, piece, length);
    out->length += length;
    ((char *)out->bytes)[out->length] = 0;
}

static void add(text *out, const char *piece)
{
    add_n(out, piece, strlen(piece));
}

static void add_spaces(text *out, int64_t count)
{
    static const char spaces[] = "                                ";
    for (; count > 0; count -= 32)
        add_n(out, spaces, count < 32 ? (size_t)count : 32);
}

/* ---- Numbers ---- */

/* How the elements of one tensor are written, found from those that are shown. */
typedef struct format {
    tp_dtype dtype;
    bool whole, scientific;
    int width;
    double smallest, largest; /* of the finite elements' absolute values, 0 left out */
    bool summary;
    int64_t edge;
} format;

/* Writes a number without padding, and returns its length. */
static int number_text(const format *f, const char *p, char *buffer)
{
    if (f->dtype == TP_BOOL)
        return snprintf(buffer, LONGEST_NUMBER, "%s", *p ? "True" : "False");
    if (!tp_dtype_is_float(f->dtype))
        return snprintf(buffer, LONGEST_NUMBER, "%lld", (long long)tp__load_i64(f->dtype, p));
    const double value = tp__load_f64(f->dtype, p);
    if (isnan(value)) /* its sign is not shown */
        return snprintf(buffer, LONGEST_NUMBER, "nan");
    if (f->scientific)
        return snprintf(buffer, LONGEST_NUMBER, "%.*e", options.precision, value);
    if (f->whole)
        return snprintf(buffer, LONGEST_NUMBER, isinf(value) ? "%.0f" : "%.0f.", value);
    return snprintf(buffer, LONGEST_NUMBER, "%.*f", options.precision, value);
}

static void look_at_size(format *f, const char *p)
{
    if (!tp_dtype_is_float(f->dtype))
        return;
    const double value = tp__load_f64(f->dtype, p), size = fabs(value);
    if (!isfinite(value) || value == 0)
        return;
    f->smallest = f->largest == 0 || size < f->smallest ? size : f->smallest;
    f->largest = size > f->largest ? size : f->largest;
    f->whole = f->whole && value == ceil(value);
}

static void look_at_width(format *f, const char *p)
{
    char buffer[LONGEST_NUMBER];
    if (tp_dtype_is_float(f->dtype)) {
        const double value = tp__load_f64(f->dtype, p);
        if (!isfinite(value) || value == 0)
            return;
    }
    const int width = number_text(f, p, buffer);
    f->width = width > f->width ? width : f->width;
}

/* Calls `look` for the elements that are shown. Recursive in the dimensions, of which there are few. */
static void each_shown(const tp_tensor *t, int dimension, const char *p, format *f,
                       void (*look)(format *, const char *))
{
    if (dimension >= t->ndim || dimension >= TP_MAX_DIMS) {
        look(f, p);
        return;
    }
    const int64_t n = t->shape[dimension];
    const int64_t step = t->strides[dimension] * (int64_t)tp_dtype_size((tp_dtype)t->dtype);
    for (int64_t i = 0; i < n; i++) {
        if (f->summary && n > 2 * f->edge && i == f->edge)
            i = n - f->edge;
        if (i < n)
            each_shown(t, dimension + 1, p + i * step, f, look);
    }
}

static format format_of(const tp_tensor *t)
{
    format f = {.dtype = (tp_dtype)t->dtype,
                .whole = true,
                .width = 1,
                .summary = t->numel > options.threshold,
                .edge = options.edge_items};
    each_shown(t, 0, t->data, &f, look_at_size);
    f.scientific =
        f.largest > 0 && (f.largest / f.smallest > 1000.0 || f.largest > 1.0e8 || f.smallest < 1.0e-4);
    each_shown(t, 0, t->data, &f, look_at_width);
    return f;
}

static void add_number(text *out, const format *f, const char *p)
{
    char buffer[LONGEST_NUMBER];
    const int length = number_text(f, p, buffer);
    add_spaces(out, f->width - length);
    add_n(out, buffer, (size_t)length);
}

/* ---- Brackets ---- */

static void add_vector(text *out, const tp_tensor *t, const char *p, int indent, const format *f)
{
    const int64_t n = t->shape[t->ndim - 1];
    const int64_t step = t->strides[t->ndim - 1] * (int64_t)tp_dtype_size((tp_dtype)t->dtype);
    const bool cut = f->summary && n > 2 * f->edge;
    int per_line = (options.line_width - indent) / (f->width + 2);
    if (per_line < 1)
        per_line = 1;
    add(out, "[");
    int64_t item = 0; /* counts what is written, the dots as one */
    for (int64_t i = 0; i < n && !out->failed; i++, item++) {
        if (item && item % per_line == 0) {
            add(out, ",\n");
            add_spaces(out, indent + 1);
        } else if (item) {
            add(out, ", ");
        }
        if (cut && i == f->edge) {
            add(out, f->edge ? " ..." : "...");
            i = n - f->edge - 1;
        } else {
            add_number(out, f, p + i * step);
        }
    }
    add(out, "]");
}

static void add_lists(text *out, const tp_tensor *t, int dimension, const char *p, int indent,
                      const format *f)
{
    if (dimension == t->ndim) {
        add_number(out, f, p);
        return;
    }
    if (dimension == t->ndim - 1) {
        add_vector(out, t, p, indent, f);
        return;
    }
    const int64_t n = t->shape[dimension];
    const int64_t step = t->strides[dimension] * (int64_t)tp_dtype_size((tp_dtype)t->dtype);
    const bool cut = f->summary && n > 2 * f->edge;
    add(out, "[");
    for (int64_t i = 0; i < n && !out->failed; i++) {
        if (i) {
            add(out, ",");
            for (int d = dimension; d < t->ndim - 1; d++)
                add(out, "\n");
            add_spaces(out, indent + 1);
        }
        if (cut && i == f->edge) {
            add(out, "...");
            i = n - f->edge - 1;
        } else {
            add_lists(out, t, dimension + 1, p + i * step, indent + 1, f);
        }
    }
    add(out, "]");
}

static void add_body(text *out, const tp_tensor *t, int indent)
{
    if (!t->numel) {
        add(out, "[]");
        return;
    }
    const format f = format_of(t);
    add_lists(out, t, 0, t->data, indent, &f);
}

/* ---- Around the body ---- */

typedef struct suffixes {
    char all[8][TP__SHAPE_TEXT_SIZE + 16];
    int count;
} suffixes;

/* A Python tuple: "(2, 3)", "(2,)", "()". */
static char *tuple_text(char *buffer, size_t size, int ndim, const int64_t *shape)
{
    tp__shape_text(buffer, size, ndim, shape);
    buffer[0] = '(';
    const size_t length = strlen(buffer);
    snprintf(buffer + length - 1, size - length + 1, ndim == 1 ? ",)" : ")");
    return buffer;
}

static void add_suffixes(text *out, size_t start, const suffixes *s)
{
    if (out->failed)
        return;
    /* PyTorch's count of the last line's length, with its own idea of the ends. */
    const char *whole = (char *)out->bytes + start, *line = strrchr(whole, '\n');
    int64_t last = (int64_t)(line ? strlen(line) : strlen(whole) + 1) + 1;
    for (int i = 0; i < s->count; i++) {
        const int64_t length = (int64_t)strlen(s->all[i]);
        if (last + length + 2 > options.line_width) {
            add(out, ",\n       ");
            last = 7 + length;
        } else {
            add(out, ", ");
            last += length + 2;
        }
        add(out, s->all[i]);
    }
}

static char *next_suffix(suffixes *s)
{
    return s->all[s->count++];
}

/* One of the arrays of a CSR tensor. */
static void add_part(text *out, const char *name, tp_dtype dtype, int64_t n, const void *data, int indent)
{
    char size[TP__SHAPE_TEXT_SIZE];
    const tp_tensor part = {.dtype = (uint8_t)dtype,
                            .ndim = 1,
                            .numel = n,
                            .data = (char *)(uintptr_t)data,
                            .shape = {n},
                            .strides = {1}};
    add(out, name);
    add(out, "=tensor(");
    add_body(out, &part, indent + (int)strlen(name) + 8);
    if (!n) {
        add(out, ", size=");
        add(out, tuple_text(size, sizeof size, 1, &n));
    }
    add(out, ")");
}

static void add_csr(text *out, const tp_tensor *t)
{
    const int64_t count = t->shape[0] + 1;
    int64_t *row_starts = tp__malloc((size_t)count * sizeof *row_starts);
    if (!row_starts) {
        out->failed = true;
        return;
    }
    for (int64_t r = 0; r < count; r++)
        row_starts[r] = t->csr->row_starts[r] - t->csr->row_starts[0];
    add_part(out, "crow_indices", TP_I64, count, row_starts, 7);
    add(out, ",\n       ");
    add_part(out, "col_indices", TP_I32, t->stored, t->csr->columns, 7);
    add(out, ",\n       ");
    add_part(out, "values", (tp_dtype)t->dtype, t->stored, t->data, 7);
    tp__free(row_starts);
}

static void add_tensor(text *out, const tp_tensor *t)
{
    suffixes s = {.count = 0};
    char size[TP__SHAPE_TEXT_SIZE], name[TP__NODE_NAME_SIZE];
    const size_t room = sizeof s.all[0];
    const bool sparse = t->layout == TP__CSR, empty = !sparse && !t->numel;
    const bool is_default = t->dtype == TP_F32 || (!empty && (t->dtype == TP_I64 || t->dtype == TP_BOOL));
    if (t->is_parameter)
        add(out, "Parameter containing:\n");
    const size_t start = out->length;
    add(out, "tensor(");
    tuple_text(size, sizeof size, t->ndim, t->shape);
    if (sparse || (empty && t->ndim != 1) || (!empty && !options.edge_items))
        snprintf(next_suffix(&s), room, "size=%s", size);
    if (sparse)
        snprintf(next_suffix(&s), room, "nnz=%lld", (long long)t->stored);
    if (!is_default)
        snprintf(next_suffix(&s), room, "dtype=torch.%s", tp_dtype_name((tp_dtype)t->dtype));
    if (sparse)
        snprintf(next_suffix(&s), room, "layout=torch.sparse_csr");
    if (t->history)
        snprintf(next_suffix(&s), room, "grad_fn=<%s>", tp__history_name(t->history, name));
    else if (t->requires_grad)
        snprintf(next_suffix(&s), room, "requires_grad=True");
    if (sparse)
        add_csr(out, t);
    else
        add_body(out, t, 7);
    add_suffixes(out, start, &s);
    add(out, ")");
}

/* The text on the heap; NULL after an error. */
static char *text_of(const char *who, const tp_tensor *t)
{
    if (!t)
        return tp__fail_null(TP_ERROR_ARGUMENT, "%s: the tensor is NULL", who);
    if (t->released)
        return tp__fail_null(TP_ERROR_STATE, "%s: the tensor was released", who);
    if (t->layout == TP__PRODUCT)
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "%s: the gradient is not multiplied out", who);
    /* A point is a point, whatever the program's locale is. */
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        return tp__fail_null(TP_ERROR_MEMORY, "%s: out of memory", who);
    const locale_t before = uselocale(c);
    text out = {0};
    add_tensor(&out, t);
    uselocale(before);
    freelocale(c);
    if (!out.failed)
        return out.bytes;
    tp__free(out.bytes);
    return NULL;
}

tp_status tp_print(FILE *stream, const tp_tensor *t)
{
    if (!stream)
        return tp__null_argument("print: the stream");
    char *all = text_of("print", t);
    if (!all)
        return tp_error();
    const bool written = fputs(all, stream) != EOF && fputc('\n', stream) != EOF;
    tp__free(all);
    return written ? TP_OK : tp_fail(TP_ERROR_IO, "print: the stream cannot be written");
}

char *tp_repr(const tp_tensor *t)
{
    char *all = text_of("repr", t);
    tp_region *region = all ? tp__region_current() : NULL;
    char *kept = region ? tp__region_strdup(region, all) : NULL;
    tp__free(all);
    return kept;
}
