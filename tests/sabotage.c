/* Sabotage of every gradient: whether the checks of test_ops.c would notice a wrong one.
 *
 * Each record that has a backward is copied, once for each input that gets a gradient and each of the two
 * ways to compute it: the copy's backward calls the record's own and then spoils that one gradient, only
 * where it is recorded or only where it is not. The samples are run with the copy, and some check must
 * complain. The table says which:
 *
 *     differences     the gradient against differences
 *     second order    the gradient's own gradient against differences
 *     comparison      the fused gradient against the recorded one
 *
 * usage: sabotage [RECORD]; 1 if a change went unnoticed, or no sample reaches an input. */
#include "samples.h"

enum { DIFFERENCES = 1, SECOND_ORDER = 2, COMPARISON = 4 };

static struct {
    const tp_op *op;
    int input; /* whose gradient is spoiled; -1: none is */
    bool recorded;
    bool reached; /* a backward was asked for this gradient */
} spoiled;

/* The record's own functions get the record: some find their place in a table by its address. */
static tp_status infer_own(tp_call *call)
{
    tp_call own = *call;
    own.op = spoiled.op;
    return spoiled.op->infer(&own);
}

static tp_status forward_own(tp_call *call)
{
    tp_call own = *call;
    own.op = spoiled.op;
    return spoiled.op->forward(&own);
}

static const char *name_own(const tp_call *call)
{
    tp_call own = *call;
    own.op = spoiled.op;
    return spoiled.op->name_node(&own);
}

static bool is_zero(tp_tensor *t)
{
    const tp_tensor *wide = tp_contiguous(tp_to(tp_detach(t), TP_F64));
    for (int64_t i = 0; wide && i < wide->numel; i++)
        if (tp__load_f64(TP_F64, wide->data + (size_t)i * sizeof(double)) != 0)
            return false;
    return true;
}

/* The negative, or ones where that would be the same. */
static tp_tensor *spoil(tp_tensor *gradient, const tp_tensor *input)
{
    gradient = gradient ? tp__multiplied_out(gradient) : NULL;
    return gradient && !is_zero(gradient) ? tp_neg(gradient) : tp_ones_like(input);
}

static tp_status backward_spoiled(tp_backward_call *call)
{
    tp_backward_call own = *call;
    own.op = spoiled.op;
    const tp_status status = spoiled.op->backward(&own);
    const int i = spoiled.input;
    if (status != TP_OK || i < 0 || i >= call->n_inputs || !call->needed[i])
        return status;
    spoiled.reached = true;
    if (call->recording != spoiled.recorded)
        return TP_OK;
    call->grad_inputs[i] = spoil(call->grad_inputs[i], call->inputs[i]);
    return call->grad_inputs[i] ? TP_OK : tp_error();
}

/* What complains of `copy` over all samples: bits. */
static unsigned complaints(const tp_op *copy)
{
    unsigned bits = 0;
    for (const tp_sample *s = copy->samples; s && s->inputs; s++) {
        if (s->message)
            continue;
        if (check_differences(copy, s, true) != TP_OK)
            bits |= strstr(tp_error_message(), "second gradient") ? SECOND_ORDER : DIFFERENCES;
        tp_clear_error();
        const double between = fused_from_recorded(copy, s);
        if (!(between >= 0 && between < 1e-12))
            bits |= COMPARISON;
        tp_clear_error();
    }
    return bits;
}

static const char *text_of(unsigned bits)
{
    static const char *const texts[8] = {"NOT NOTICED",
                                         "differences",
                                         "second order",
                                         "differences, second order",
                                         "comparison",
                                         "differences, comparison",
                                         "second order, comparison",
                                         "differences, second order, comparison"};
    return texts[bits];
}

/* Whether the record computes with numbers where its samples give input `i` other elements. */
static bool takes_numbers(const tp_op *op, const tp_sample *s, int i)
{
    TP_SCOPE(takes_numbers);
    inputs in;
    tp_tensor *outputs[TP_MAX_OUTPUTS];
    if (!parse(op, s->inputs, false, &in) || i >= in.n || !in.t[i] || in.t[i]->layout != TP__DENSE)
        return false;
    in.t[i] = tp_requires_grad_(tp_to(in.t[i], TP_F64), true);
    bool tracked = false;
    if (tp_apply_n(op, in.t, in.n, s->attributes, outputs) == TP_OK)
        for (int k = 0; k < op->n_outputs; k++)
            tracked |= tp_requires_grad(outputs[k]);
    tp_clear_error();
    return tracked;
}

/* What the samples that work hold as input `i`. */
typedef struct evidence {
    bool given, number, elsewhere;
} evidence;

static evidence evidence_of(const tp_op *op, int i)
{
    evidence e = {false, false, false};
    for (const tp_sample *s = op->samples; s && s->inputs; s++) {
        TP_SCOPE(evidence);
        inputs in;
        if (s->message || !parse(op, s->inputs, false, &in) || i >= in.n || !in.t[i] || !tp_numel(in.t[i]))
            continue;
        e.given = true;
        e.number |= differentiable(in.t[i]);
        e.elsewhere |= !differentiable(in.t[i]) && takes_numbers(op, s, i);
    }
    return e;
}

static int most_inputs(const tp_op *op)
{
    int most = op->n_inputs;
    for (const tp_sample *s = op->samples; s && s->inputs; s++) {
        TP_SCOPE(most_inputs);
        inputs in;
        if (!s->message && parse(op, s->inputs, false, &in) && in.n > most)
            most = in.n;
    }
    return most;
}

static void sabotage(int index, int *changes, int *holes)
{
    const tp_op *op = tp_op_at(index);
    char name[64];
    int namesakes = 1; /* max of all and max along a dimension are two records */
    for (int i = 0; i < index; i++)
        namesakes += !strcmp(tp_op_at(i)->name, op->name);
    if (namesakes > 1)
        snprintf(name, sizeof name, "%s (%d)", op->name, namesakes);
    else
        snprintf(name, sizeof name, "%s", op->name);
    tp_op copy = *op;
    copy.infer = infer_own;
    copy.forward = op->forward ? forward_own : NULL;
    copy.name_node = op->name_node ? name_own : NULL;
    copy.backward = backward_spoiled;
    spoiled.op = op;
    spoiled.input = -1;
    if (complaints(&copy)) {
        (*holes)++;
        printf("%-32s the record itself is complained of\n", name);
    }
    for (int i = 0; i < most_inputs(op); i++) {
        const evidence e = evidence_of(op, i);
        if (e.given ? !e.number && !e.elsewhere : op->n_inputs < 0)
            continue; /* integers, bool or CSR, and nothing else is taken; or one more of any number */
        unsigned noticed[2] = {0, 0};
        spoiled.input = i;
        spoiled.reached = false;
        for (int recorded = 0; recorded < 2; recorded++) {
            spoiled.recorded = recorded;
            noticed[recorded] = complaints(&copy);
        }
        *changes += 2;
        if (!spoiled.reached || !e.number) {
            (*holes)++;
            printf("%-32s %5d  NO SAMPLE REACHES IT\n", name, i);
            continue;
        }
        *holes += !noticed[0] + !noticed[1];
        printf("%-32s %5d  %-38s %s\n", name, i, text_of(noticed[0]), text_of(noticed[1]));
    }
}

int main(int argc, char **argv)
{
    int changes = 0, holes = 0;
    printf("%-32s %5s  %-38s %s\n", "record", "input", "fused caught by", "recorded caught by");
    for (int i = 0; tp_op_at(i); i++)
        if (tp_op_at(i)->backward && (argc < 2 || !strcmp(argv[1], tp_op_at(i)->name)))
            sabotage(i, &changes, &holes);
    printf("%d changes, %d holes\n", changes, holes);
    tp_finish();
    return holes || !changes;
}
