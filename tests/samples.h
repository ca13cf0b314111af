/* The samples of op records as tensors, and the checks of gradients that are made with them. */
#ifndef TAPER_TESTS_SAMPLES_H
#define TAPER_TESTS_SAMPLES_H

#include "test.h"

#include "heart/heart.h"
#include "taper/ops.h"

#define MOST 24

/* ---- Samples as tensors ---- */

static uint64_t stream;

static inline double next_random(double low, double high)
{
    stream = stream * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * ((double)(stream >> 11) / 9007199254740992.0);
}

typedef struct inputs {
    int n;
    tp_tensor *t[MOST];
} inputs;

static inline tp_tensor *make_csr(tp_dtype dtype, const int64_t *shape, double low, double high)
{
    const int64_t rows = shape[0], columns = shape[1];
    TP_SCOPE(arrays);
    tp_region *here = tp_region_current();
    int64_t *starts = tp_region_alloc(here, (size_t)(rows + 1) * sizeof *starts);
    int32_t *column_of = tp_region_alloc(here, (size_t)(rows * columns + 1) * sizeof *column_of);
    double *wide = tp_region_alloc(here, (size_t)(rows * columns + 1) * sizeof *wide);
    float *narrow = tp_region_alloc(here, (size_t)(rows * columns + 1) * sizeof *narrow);
    int64_t n = 0;
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < columns; c++) {
            /* Row 1 is empty, the others have about half of the columns. */
            if (r == 1 || next_random(0, 1) < 0.5)
                continue;
            column_of[n] = (int32_t)c;
            narrow[n] = (float)next_random(low, high);
            wide[n] = dtype == TP_F32 ? (double)narrow[n] : next_random(low, high);
            n++;
        }
        starts[r + 1] = n;
    }
    return tp_keep(
        tp_csr(dtype, rows, columns, n, starts, column_of, dtype == TP_F32 ? (void *)narrow : wide));
}

static inline tp_tensor *make_dense(tp_dtype dtype, int ndim, const int64_t *shape, double low, double high)
{
    tp_tensor *t = tp_zeros_n(dtype, ndim, shape);
    const size_t size = tp_dtype_size(dtype);
    for (int64_t i = 0; i < tp_numel(t); i++) {
        double value = next_random(low, high);
        if (!tp_dtype_is_float(dtype))
            value = dtype == TP_BOOL ? (double)(value > (low + high) / 2) : floor(value);
        tp__store_f64(dtype, t->data + (size_t)i * size, value);
    }
    return t;
}

/* Of each dtype, in the order of tp_dtype. */
static const char *const sample_dtypes[] = {"bool", "u8", "i32", "i64", "f32", "f64", "f16", "bf16"};
_Static_assert(sizeof sample_dtypes / sizeof sample_dtypes[0] == TP_DTYPES, "each dtype has a name");

/* One input such as "f64[2,3]<-1,1>"; "-" is an absent one. `narrow` makes float32 of float64. */
static inline const char *parse_one(const char *p, bool narrow, tp_tensor **t)
{
    *t = NULL;
    if (*p == '-')
        return p + 1;
    const bool sparse = !strncmp(p, "csr", 3);
    int k = 0;
    while (!sparse && k < TP_DTYPES && strncmp(p, sample_dtypes[k], strlen(sample_dtypes[k])))
        k++;
    if (k == TP_DTYPES)
        return NULL;
    tp_dtype dtype = sparse ? TP_F64 : (tp_dtype)k;
    p += strlen(sparse ? "csr" : sample_dtypes[k]);
    if (narrow && dtype == TP_F64)
        dtype = TP_F32;
    if (*p++ != '[')
        return NULL;
    int64_t shape[TP_MAX_DIMS] = {0};
    int ndim = 0;
    while (*p != ']') {
        char *end;
        shape[ndim++] = strtoll(p, &end, 10);
        if (end == p || (*end != ',' && *end != ']') || ndim == TP_MAX_DIMS)
            return NULL;
        p = end + (*end == ',');
    }
    p++;
    double low = tp_dtype_is_float(dtype) ? -2 : 0, high = tp_dtype_is_float(dtype) ? 2 : 3;
    if (*p == '<') {
        char *end;
        low = strtod(p + 1, &end);
        if (*end != ',')
            return NULL;
        high = strtod(end + 1, &end);
        if (*end != '>')
            return NULL;
        p = end + 1;
    }
    *t = sparse ? make_csr(dtype, shape, low, high) : make_dense(dtype, ndim, shape, low, high);
    return *t ? p : NULL;
}

static inline bool parse(const tp_op *op, const char *text, bool narrow, inputs *in)
{
    in->n = 0;
    stream = 0x9E3779B97F4A7C15u;
    while (*text) {
        if (*text == ' ') {
            text++;
            continue;
        }
        if (in->n == MOST || !(text = parse_one(text, narrow, &in->t[in->n])))
            return false;
        in->n++;
    }
    while (in->n < op->n_inputs)
        in->t[in->n++] = NULL;
    return op->n_inputs < 0 || in->n == op->n_inputs;
}

static inline bool differentiable(const tp_tensor *t)
{
    return t && t->layout == TP__DENSE && tp_dtype_is_float((tp_dtype)t->dtype);
}

static inline void require_all(const inputs *in)
{
    for (int i = 0; i < in->n; i++)
        if (differentiable(in->t[i]))
            tp_requires_grad_(in->t[i], true);
}

/* ---- Applying a record ---- */

typedef struct application {
    const tp_op *op;
    const void *attributes;
    const inputs
        *whole; /* where inputs are absent: all of them, of which only the present ones are handed on */
} application;

/* The floating outputs, side by side in one vector. */
static inline tp_tensor *apply_joined(tp_tensor *const *t, int n, void *argument)
{
    const application *a = argument;
    tp_tensor *outputs[TP_MAX_OUTPUTS], *floats[TP_MAX_OUTPUTS];
    tp_tensor *all[MOST];
    int n_floats = 0;
    if (a->whole) {
        n = a->whole->n;
        for (int i = 0, k = 0; i < n; i++)
            all[i] = a->whole->t[i] ? t[k++] : NULL;
    }
    tp_manual_seed(11); /* the same draws each time */
    if (tp_apply_n(a->op, a->whole ? all : t, n, a->attributes, outputs) != TP_OK)
        return NULL;
    for (int i = 0; i < a->op->n_outputs; i++)
        if (tp_dtype_is_float(tp_dtype_of(outputs[i])))
            floats[n_floats++] = tp_reshape(outputs[i], -1);
    return n_floats == 1 ? floats[0] : n_floats ? tp_cat(floats, n_floats, 0) : outputs[0];
}

/* Gradients of a weighted sum of the outputs for all inputs that require one; NULL where there is none. */
static inline tp_status gradients_of(const application *a, const inputs *in, bool recorded,
                                     tp_tensor **gradients)
{
    tp_tensor *y = apply_joined(in->t, in->n, (void *)(uintptr_t)a);
    if (!y)
        return tp_error();
    if (!tp_requires_grad(y)) {
        memset(gradients, 0, MOST * sizeof *gradients);
        return TP_OK;
    }
    tp_tensor *weights = tp_zeros_like(y), *wanted[MOST], *got[MOST];
    for (int64_t i = 0; weights && i < tp_numel(y); i++)
        tp__store_f64(tp_dtype_of(y), weights->data + (size_t)i * tp_dtype_size(tp_dtype_of(y)),
                      1 + 0.25 * sin((double)i));
    if (!weights)
        return tp_error();
    int n = 0;
    for (int i = 0; i < in->n; i++)
        if (tp_requires_grad(in->t[i]))
            wanted[n++] = in->t[i];
    const tp_gradients_options options = {
        .retain_graph = true, .create_graph = recorded, .allow_unused = true};
    const tp_status status = tp_gradients(&y, 1, wanted, n, &weights, &options, got);
    if (status != TP_OK)
        return status;
    n = 0;
    for (int i = 0; i < in->n; i++)
        gradients[i] = tp_requires_grad(in->t[i]) ? got[n++] : NULL;
    return TP_OK;
}

/* The largest |a - b| / max(1, |b|); 0 for two NaNs; -1 for different shapes. */
static inline double distance(const tp_tensor *a, const tp_tensor *b)
{
    if (!a || !b)
        return a == b ? 0 : -1;
    TP_SCOPE(distance);
    tp_tensor *p = tp_detach(a), *q = tp_detach(b);
    p = tp_contiguous(tp_to(p->layout == TP__CSR ? tp_to_dense(p) : p, TP_F64));
    q = tp_contiguous(tp_to(q->layout == TP__CSR ? tp_to_dense(q) : q, TP_F64));
    if (!p || !q || p->ndim != q->ndim || memcmp(p->shape, q->shape, (size_t)p->ndim * sizeof(int64_t)))
        return -1;
    double worst = 0;
    const double *x = tp_data_f64(p), *y = tp_data_f64(q);
    for (int64_t i = 0; i < p->numel; i++) {
        if ((isnan(x[i]) && isnan(y[i])) || x[i] == y[i])
            continue;
        const double d = fabs(x[i] - y[i]) / fmax(1, fabs(y[i]));
        worst = d > worst || isnan(d) ? (isnan(d) ? INFINITY : d) : worst;
    }
    return worst;
}

/* ---- Checks ---- */

/* The sample's gradients against differences, and those of the gradients. */
static inline tp_status check_differences(const tp_op *op, const tp_sample *s, bool second_order)
{
    TP_SCOPE(differences);
    inputs in, present = {0};
    if (!parse(op, s->inputs, false, &in))
        return tp_fail(TP_ERROR_ARGUMENT, "the sample cannot be read");
    require_all(&in);
    bool any = false;
    for (int i = 0; i < in.n; i++) {
        any |= differentiable(in.t[i]);
        if (in.t[i])
            present.t[present.n++] = in.t[i];
    }
    if (!any)
        return TP_OK;
    application a = {op, s->attributes, &in};
    return tp_gradcheck(apply_joined, present.t, present.n, &a, .second_order = second_order);
}

/* The largest distance between the gradients of a backward and of a recorded one; -1 for different shapes,
 * infinite after an error. */
static inline double fused_from_recorded(const tp_op *op, const tp_sample *s)
{
    TP_SCOPE(fused_from_recorded);
    inputs in;
    const application a = {op, s->attributes, NULL};
    tp_tensor *fused[MOST], *recorded[MOST];
    if (!parse(op, s->inputs, false, &in))
        return INFINITY;
    require_all(&in);
    if (gradients_of(&a, &in, false, fused) != TP_OK || gradients_of(&a, &in, true, recorded) != TP_OK)
        return INFINITY;
    double worst = 0;
    for (int i = 0; i < in.n && worst >= 0; i++) {
        const double d = distance(fused[i], recorded[i]);
        worst = d < 0 || d > worst ? d : worst;
    }
    return worst;
}

/* What an operation refuses by its record alone: makes the operands of a valid sample invalid in the way `k`,
 * from 0 to 3, and gives a piece of the message; NULL where the record allows it. */
static inline const char *make_invalid(const tp_op *op, int k, inputs *in)
{
    switch (k) {
    case 0: /* one too many */
        if (op->n_inputs < 0 || in->n == MOST)
            return NULL;
        in->t[in->n++] = tp_ones(TP_F64, 2);
        return "operand";
    case 1:
        if (!in->n || (op->optional & 1))
            return NULL;
        in->t[0] = NULL;
        return "operand 0 is NULL";
    case 2:
        if (!in->n || (op->accepts_csr & 1))
            return NULL;
        in->t[0] = tp_to_csr(tp_eye(TP_F64, 2, 2));
        return "operand 0 is a CSR matrix";
    default:
        if (!in->n || op->moves)
            return NULL;
        in->t[0] = tp_ones(TP_F16, 2, 2);
        return "operand 0 is float16";
    }
}

#endif
