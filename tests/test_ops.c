/* Every record of the library, driven by its own samples: values, gradients, refusals, strides, what is
 * saved, and memory that runs out at each place in turn. */
#include "samples.h"

#include "base/memory.h"

#include <ctype.h>

static void complain(const tp_op *op, const char *sample, const char *what)
{
    test_failures++;
    printf("%s, sample '%s': %s%s%s\n", op->name, sample, what, tp_error() == TP_OK ? "" : ": ",
           tp_error_message());
    tp_clear_error();
}

#define EXPECT(condition, what)            \
    do {                                   \
        test_checks++;                     \
        if (!(condition))                  \
            complain(op, s->inputs, what); \
    } while (0)

/* The same, and nothing more of this check after a failure. */
#define REQUIRE(condition, what)           \
    do {                                   \
        test_checks++;                     \
        if (!(condition)) {                \
            complain(op, s->inputs, what); \
            return;                        \
        }                                  \
    } while (0)

/* ---- The checks ---- */

static void check_record(const tp_op *op)
{
    const tp_sample *s = op->samples;
    static const tp_sample none = {"(none)", NULL, NULL};
    bool good = false;
    for (; s && s->inputs; s++)
        good |= !s->message;
    s = &none;
    EXPECT(op->name && op->name[0], "has no name");
    EXPECT(op->documentation && strlen(op->documentation) > 2, "is not documented");
    EXPECT(good, "has no sample that works");
    EXPECT((op->backward != NULL) != op->no_gradient, "has both or neither of backward and no_gradient");
    EXPECT(op->infer != NULL, "has no rule");
    EXPECT(op->n_outputs >= 1 && op->n_outputs <= TP_MAX_OUTPUTS && op->n_inputs != 0, "has odd counts");
    char name[TP__NODE_NAME_SIZE];
    const tp__history history = {op->node_name ? op->node_name : op->name};
    const char *printed = tp__history_name(&history, name);
    size_t length = strlen(printed);
    EXPECT(isupper((unsigned char)printed[0]) && !strchr(printed, '_'), "has an odd node name");
    while (length && isdigit((unsigned char)printed[length - 1]))
        length--;
    EXPECT(length > 8 && !strncmp(printed + length - 8, "Backward", 8) && printed[length],
           "has an odd node name");
}

static void check_refusal(const tp_op *op, const tp_sample *s)
{
    TP_SCOPE(refusal);
    inputs in;
    tp_tensor *outputs[TP_MAX_OUTPUTS];
    EXPECT(parse(op, s->inputs, false, &in), "cannot be read");
    CHECK_OK();
    memset(outputs, 0xff, sizeof outputs);
    const tp_status status = tp_apply_n(op, in.t, in.n, s->attributes, outputs);
    EXPECT(status != TP_OK && status == tp_error(), "did not fail");
    EXPECT(strstr(tp_error_message(), s->message), "failed with another message");
    EXPECT(strstr(tp_error_message(), op->name), "does not name itself");
    for (int i = 0; i < op->n_outputs; i++)
        EXPECT(!outputs[i], "left an output after an error");
    tp_clear_error();
}

/* Every record refuses what it does not say that it takes, and names itself. */
static void check_invalid(const tp_op *op, const tp_sample *s)
{
    for (int k = 0; k < 4; k++) {
        TP_SCOPE(invalid);
        inputs in;
        tp_tensor *outputs[TP_MAX_OUTPUTS];
        REQUIRE(parse(op, s->inputs, false, &in), "cannot be read");
        const char *message = make_invalid(op, k, &in);
        CHECK_OK();
        if (!message)
            continue;
        memset(outputs, 0xff, sizeof outputs);
        EXPECT(tp_apply_n(op, in.t, in.n, s->attributes, outputs) != TP_OK, "takes what its record refuses");
        EXPECT(strstr(tp_error_message(), message), "failed with another message");
        EXPECT(strstr(tp_error_message(), op->name), "does not name itself");
        for (int i = 0; i < op->n_outputs; i++)
            EXPECT(!outputs[i], "left an output after an error");
        tp_clear_error();
    }
}

static void check_gradients(const tp_op *op, const tp_sample *s)
{
    const bool second = !getenv("TAPER_FIRST_ORDER_ONLY");
    EXPECT(check_differences(op, s, second) == TP_OK, "gradients are wrong");
    tp_clear_error();
    const double between = fused_from_recorded(op, s);
    EXPECT(between >= 0 && between < 1e-12, "fused and recorded gradients differ");
    tp_clear_error();
}

/* The same elements behind other strides: the dimensions lie in memory in reverse order, with a gap. */
static tp_tensor *scattered(tp_tensor *t)
{
    if (!t || t->layout != TP__DENSE || !t->ndim)
        return t;
    int64_t shape[TP_MAX_DIMS], order[TP_MAX_DIMS];
    for (int d = 0; d < t->ndim; d++) {
        shape[d] = t->shape[t->ndim - 1 - d];
        order[d] = t->ndim - 1 - d;
    }
    shape[t->ndim - 1] *= 2;
    tp_tensor *wide = tp_zeros_n((tp_dtype)t->dtype, t->ndim, shape);
    tp_tensor *other =
        tp_detach(tp_permute_n(tp_slice(wide, t->ndim - 1, 0, shape[t->ndim - 1], 2), t->ndim, order));
    tp_assign(other, tp_detach(t));
    return other;
}

/* All rows alike, once as a copy and once with a stride of 0. */
static tp_tensor *repeated(tp_tensor *t, bool expanded)
{
    if (!t || t->layout != TP__DENSE || !t->ndim || !t->shape[0])
        return t;
    tp_tensor *view = tp_expand_n(tp_narrow(t, 0, 0, 1), t->ndim, t->shape);
    return tp_detach(expanded ? view : tp_clone(view));
}

static void check_same(const tp_op *op, const tp_sample *s, const inputs *in, const inputs *other)
{
    application a = {op, s->attributes, NULL};
    tp_tensor *y = apply_joined(in->t, in->n, &a), *z = apply_joined(other->t, other->n, &a);
    /* Sums go through memory in its own order, as PyTorch's do. */
    const bool in_memory_order = !strcmp(op->name, "sum") || !strcmp(op->name, "mean");
    REQUIRE(y && z && distance(y, z) >= 0 && distance(y, z) <= (in_memory_order ? 1e-15 : 0),
            "another layout gives another result");
    if (op->no_gradient)
        return;
    require_all(in);
    require_all(other);
    tp_tensor *of[MOST], *of_other[MOST];
    REQUIRE(gradients_of(&a, in, false, of) == TP_OK && gradients_of(&a, other, false, of_other) == TP_OK,
            "backward fails in another layout");
    for (int i = 0; i < in->n; i++)
        EXPECT(distance(of[i], of_other[i]) == 0, "another layout gives another gradient");
}

static void check_strides(const tp_op *op, const tp_sample *s)
{
    TP_SCOPE(strides);
    inputs in, other;
    if (!parse(op, s->inputs, false, &in))
        return;
    other = in;
    for (int i = 0; i < in.n; i++)
        other.t[i] = scattered(in.t[i]);
    /* A view may refuse other strides; that is what reshape is for. */
    if (strcmp(op->name, "view"))
        check_same(op, s, &in, &other);
    inputs copied = in, expanded = in;
    for (int i = 0; i < in.n; i++) {
        copied.t[i] = repeated(tp_detach(in.t[i]), false);
        expanded.t[i] = repeated(tp_detach(in.t[i]), true);
    }
    if (strcmp(op->name, "view"))
        check_same(op, s, &copied, &expanded);
}

static bool overlaps(const tp_tensor *a, const tp_tensor *b)
{
    return a && b && a->storage && a->storage == b->storage;
}

static void spoil(tp_tensor *t)
{
    const size_t size = tp_dtype_size((tp_dtype)t->dtype),
                 n = (size_t)(t->layout == TP__CSR ? t->stored : t->numel);
    if (tp_dtype_is_float((tp_dtype)t->dtype)) {
        memset(t->data, 0xff, n * size); /* NaN */
        return;
    }
    for (size_t i = 0; i < n / 2; i++) /* indices stay valid */
        for (size_t b = 0; b < size; b++) {
            const char kept = t->data[i * size + b];
            t->data[i * size + b] = t->data[(n - 1 - i) * size + b];
            t->data[(n - 1 - i) * size + b] = kept;
        }
}

static void check_saved(const tp_op *op, const tp_sample *s, bool recorded)
{
    TP_SCOPE(saved);
    inputs in;
    application a = {op, s->attributes, NULL};
    tp_tensor *before[MOST] = {0}, *outputs[TP_MAX_OUTPUTS], *grads[TP_MAX_OUTPUTS];
    if (op->no_gradient || !parse(op, s->inputs, false, &in))
        return;
    require_all(&in);
    tp_manual_seed(11);
    if (tp_apply_n(op, in.t, in.n, a.attributes, outputs) != TP_OK) {
        tp_clear_error();
        return;
    }
    int n_roots = 0, n = 0;
    tp_tensor *roots[TP_MAX_OUTPUTS], *wanted[MOST];
    for (int i = 0; i < op->n_outputs; i++) {
        if (!tp_requires_grad(outputs[i]))
            continue;
        stream = 5;
        roots[n_roots] = outputs[i];
        grads[n_roots++] = make_dense(TP_F64, outputs[i]->ndim, outputs[i]->shape, -1, 1);
    }
    for (int i = 0; i < in.n; i++)
        if (tp_requires_grad(in.t[i]))
            wanted[n++] = in.t[i];
    if (!n || !n_roots)
        return;
    const tp_gradients_options options = {
        .retain_graph = true, .create_graph = recorded, .allow_unused = true};
    REQUIRE(tp_gradients(roots, n_roots, wanted, n, grads, &options, before) == TP_OK, "backward fails");
    for (int i = 0; i < n; i++)
        before[i] = before[i] ? tp_clone(tp_detach(before[i])) : NULL;
    /* What is not saved is spoiled, behind the versions' back. */
    for (int k = 0; k < in.n + op->n_outputs; k++) {
        tp_tensor *t = k < in.n ? in.t[k] : outputs[k - in.n];
        bool kept = !t || !t->data;
        for (int i = 0; i < in.n && !kept; i++)
            kept = tp__saves_input(op->saves, i) && overlaps(in.t[i], t);
        for (int i = 0; i < op->n_outputs && !kept; i++)
            kept = tp__saves_output(op->saves, i) && overlaps(outputs[i], t);
        if (!kept && (k < in.n || !overlaps(t, in.t[0])))
            spoil(t);
    }
    tp_tensor *after[MOST] = {0};
    REQUIRE(tp_gradients(roots, n_roots, wanted, n, grads, &options, after) == TP_OK, "backward fails");
    for (int i = 0; i < n; i++)
        EXPECT(distance(after[i], before[i]) == 0, "backward reads what the record does not save");
    tp_clear_error();
}

/* float32 of the same inputs gives about the same, and a float32 result where float64 gave a float64 one. */
static void check_narrow(const tp_op *op, const tp_sample *s)
{
    TP_SCOPE(narrow);
    inputs wide, narrow;
    application a = {op, s->attributes, NULL};
    if (!parse(op, s->inputs, false, &wide) || !parse(op, s->inputs, true, &narrow))
        return;
    for (int i = 0; i < wide.n; i++) /* the float32 values exactly */
        if (wide.t[i] && tp_dtype_is_float((tp_dtype)wide.t[i]->dtype))
            wide.t[i] = wide.t[i]->layout == TP__CSR                 ? tp_to(narrow.t[i], TP_F64)
                        : tp_assign(wide.t[i], narrow.t[i]) == TP_OK ? wide.t[i]
                                                                     : NULL;
    tp_tensor *y = apply_joined(wide.t, wide.n, &a), *z = apply_joined(narrow.t, narrow.n, &a);
    REQUIRE(y && z, "float32 fails");
    if (strcmp(op->name, "to"))
        EXPECT(tp_dtype_of(y) != TP_F64 || tp_dtype_of(z) == TP_F32, "float32 gives another dtype");
    EXPECT(distance(z, y) >= 0 && distance(z, y) < 2e-5, "float32 and float64 are far apart");
    if (op->no_gradient || !strcmp(op->name, "to"))
        return;
    require_all(&wide);
    require_all(&narrow);
    tp_tensor *gy[MOST], *gz[MOST];
    REQUIRE(gradients_of(&a, &wide, false, gy) == TP_OK && gradients_of(&a, &narrow, false, gz) == TP_OK,
            "float32 backward fails");
    for (int i = 0; i < wide.n; i++)
        EXPECT(distance(gz[i], gy[i]) >= 0 && distance(gz[i], gy[i]) < 1e-4,
               "float32 and float64 gradients are far apart");
}

/* Called directly with a sample's attributes and inputs of other ranks or without attributes, a record
 * refuses or works: no kernel may be reached that reads where nothing is. What lies behind a tensor's
 * dimensions is spoiled. */
static void check_ranks(const tp_op *op, const tp_sample *s)
{
    inputs sample;
    application a = {op, s->attributes, NULL};
    if (!parse(op, s->inputs, false, &sample) || sample.n > 4)
        return;
    tp_set_memory_limit(tp_memory_used() + (64 << 20));
    for (int ranks = 0; ranks < 1 << (2 * sample.n); ranks++) {
        TP_SCOPE(ranks);
        inputs in = sample;
        tp_tensor *gradients[MOST];
        for (int i = 0; i < in.n; i++) {
            static const int64_t shape[3] = {2, 3, 2};
            const int ndim = ranks >> (2 * i) & 3;
            if (!in.t[i] || in.t[i]->layout != TP__DENSE)
                continue;
            tp_tensor *t = in.t[i] = make_dense((tp_dtype)in.t[i]->dtype, ndim, shape, 0, 1);
            for (int d = ndim; d < TP_MAX_DIMS; d++)
                t->shape[d] = t->strides[d] = (int64_t)1 << 40;
        }
        if (!op->no_gradient)
            require_all(&in);
        const tp_status status = op->no_gradient ? (apply_joined(in.t, in.n, &a) ? TP_OK : tp_error())
                                                 : gradients_of(&a, &in, false, gradients);
        EXPECT(status == tp_error(), "a call with other ranks gives no clear answer");
        EXPECT(!strstr(tp_error_message(), "too many elements") && status != TP_ERROR_MEMORY,
               "reads a dimension that is not there");
        tp_clear_error();
    }
    tp_set_memory_limit(0);
    a.attributes = NULL;
    EXPECT(!op->attributes_size || op->optional_attributes || !apply_joined(sample.t, sample.n, &a),
           "works without attributes");
    EXPECT(tp_error() == TP_OK || strstr(tp_error_message(), "needs attributes"),
           "fails with another message");
    tp_clear_error();
}

/* One run with `room` bytes left in the region's chunk and the allocation after `countdown` more failing. */
static bool run_short_of_memory(const tp_op *op, const tp_sample *s, bool recorded, size_t room,
                                int64_t countdown, bool *failed)
{
    TP_SCOPE(outer);
    inputs in;
    application a = {op, s->attributes, NULL};
    tp_tensor *gradients[MOST];
    if (!parse(op, s->inputs, false, &in))
        return false;
    if (!op->no_gradient)
        require_all(&in);
    tp_status status;
    {
        TP_SCOPE(inner);
        tp_region *here = tp_region_current();
        const size_t left = (size_t)(here->limit - here->cursor);
        if (room < left)
            here->limit = here->cursor + room;
        tp__memory_fail_after(countdown);
        status = op->no_gradient ? (apply_joined(in.t, in.n, &a) ? TP_OK : tp_error())
                                 : gradients_of(&a, &in, recorded, gradients);
        tp__memory_fail_after(-1);
    }
    *failed = status != TP_OK;
    return status == tp_error() && (status == TP_OK || status == TP_ERROR_MEMORY);
}

static void check_memory(const tp_op *op, const tp_sample *s, bool recorded)
{
    bool failed = true;
    /* Warm up what the library keeps for good. */
    run_short_of_memory(op, s, recorded, SIZE_MAX, -1, &failed);
    tp_clear_error();
    tp_memory_trim();
    const size_t used = tp_memory_used();
    for (int64_t countdown = 0; countdown < 5; countdown++) {
        failed = true;
        for (size_t room = 0; room < 16000 && failed; room += room < 3000 ? 16 : 112) {
            EXPECT(run_short_of_memory(op, s, recorded, room, countdown, &failed),
                   "out of memory is not reported as TP_ERROR_MEMORY");
            tp_clear_error();
        }
    }
    tp_memory_trim();
    EXPECT(tp_memory_used() <= used, "memory is lost when an allocation fails");
}

/* ---- Sabotage: a record whose gradient is wrong must be found out by the same checks ---- */

static tp_status infer_twice(tp_call *call)
{
    *call->results = (tp_result){.dtype = TP_F64, .ndim = call->inputs[0]->ndim};
    memcpy(call->results->shape, call->inputs[0]->shape, sizeof call->results->shape);
    return TP_OK;
}
static tp_status forward_twice(tp_call *call)
{
    for (int64_t i = 0; i < call->inputs[0]->numel; i++)
        tp_data_f64(call->outputs[0])[i] = 2 * ((const double *)(const void *)call->inputs[0]->data)[i];
    return TP_OK;
}
static tp_status backward_thrice(tp_backward_call *call)
{
    /* Wrong factor, reads an input that is not saved, and goes by memory instead of by strides. */
    tp_tensor *x = tp_detach(call->inputs[0]);
    call->grad_inputs[0] = tp_add(tp_mul(call->grad_outputs[0], 3.0), tp_sub(x, x));
    return call->grad_inputs[0] ? TP_OK : tp_error();
}

static void sabotage(void)
{
    static const tp_sample samples[] = {{"f64[2,3]", NULL, NULL}, {NULL, NULL, NULL}};
    static const tp_op wrong = {.name = "wrong",
                                .n_inputs = 1,
                                .n_outputs = 1,
                                .infer = infer_twice,
                                .forward = forward_twice,
                                .backward = backward_thrice,
                                .samples = samples};
    void (*const checks[])(const tp_op *, const tp_sample *) = {check_gradients, check_strides};
    printf("some complaints about 'wrong' are expected:\n");
    const int failures = test_failures;
    int noticed = 0;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        const int before = test_failures;
        checks[i](&wrong, samples);
        noticed += test_failures > before;
    }
    int before = test_failures;
    check_saved(&wrong, samples, false);
    noticed += test_failures > before;
    before = test_failures;
    check_record(&wrong);
    noticed += test_failures > before;
    test_failures = failures;
    CHECK(noticed == 4);
    tp_clear_error();
}

int main(int argc, char **argv)
{
    int records = 0, samples = 0;
    for (int i = 0; tp_op_at(i); i++) {
        const tp_op *op = tp_op_at(i);
        if (argc > 1 && strcmp(argv[1], op->name))
            continue;
        records++;
        check_record(op);
        CHECK(tp_op_named(op->name) && !strcmp(tp_op_named(op->name)->name, op->name));
        bool first = true;
        for (const tp_sample *s = op->samples; s && s->inputs; s++) {
            samples++;
            if (s->message) {
                check_refusal(op, s);
                continue;
            }
            TP_SCOPE(sample);
            inputs in;
            application a = {op, s->attributes, NULL};
            EXPECT(parse(op, s->inputs, false, &in), "cannot be read");
            EXPECT(apply_joined(in.t, in.n, &a), "fails");
            tp_clear_error();
            if (!op->no_gradient) {
                check_gradients(op, s);
                check_saved(op, s, false);
                check_saved(op, s, true);
            }
            check_strides(op, s);
            check_narrow(op, s);
            check_ranks(op, s);
            if (first) {
                check_invalid(op, s);
                check_memory(op, s, false);
                if (!op->no_gradient)
                    check_memory(op, s, true);
            }
            first = false;
        }
    }
    sabotage();
    CHECK(!tp_op_at(-1) && !tp_op_named("nothing") && !tp_op_named(NULL));
    printf("%d records, %d samples\n", records, samples);
    tp_finish();
    return test_end();
}
