/* The rows of elementwise.def as op records and public functions. */
#include "ops/elementwise.h"
#include "taper/ops.h"

#include <string.h>

/* ---- What a gradient formula needs: the row read with words that gather bits ---- */

#define GRADIENT 0x40000000u
#define COMPUTED 0x80000000u
#define X TP_SAVES_INPUT(0)
#define A TP_SAVES_INPUT(0)
#define B TP_SAVES_INPUT(1)
#define Y TP_SAVES_OUTPUT(0)
#define G GRADIENT
#define ZERO COMPUTED
#define NUM(c) COMPUTED
#define ONE_WORD(a) (COMPUTED | (a))
#define TWO_WORDS(a, b) (COMPUTED | (a) | (b))
#define NEG(a) ONE_WORD(a)
#define ADD(a, b) TWO_WORDS(a, b)
#define SUB(a, b) TWO_WORDS(a, b)
#define MUL(a, b) TWO_WORDS(a, b)
#define DIV(a, b) TWO_WORDS(a, b)
#define EQ(a, b) TWO_WORDS(a, b)
#define NE(a, b) TWO_WORDS(a, b)
#define LT(a, b) TWO_WORDS(a, b)
#define LE(a, b) TWO_WORDS(a, b)
#define GT(a, b) TWO_WORDS(a, b)
#define GE(a, b) TWO_WORDS(a, b)
#define AND(a, b) TWO_WORDS(a, b)
#define OR(a, b) TWO_WORDS(a, b)
#define SELECT(condition, a, b) (COMPUTED | (condition) | (a) | (b))
#define SIGN(a) ONE_WORD(a)
#define ABS(a) ONE_WORD(a)
#define SQRT(a) ONE_WORD(a)
#define FMA(a, b, c) (COMPUTED | (a) | (b) | (c))
#define EXP(a) ONE_WORD(a)
#define EXPM1(a) ONE_WORD(a)
#define LOG(a) ONE_WORD(a)
#define LOG1P(a) ONE_WORD(a)
#define SIN(a) ONE_WORD(a)
#define COS(a) ONE_WORD(a)
#define TANH(a) ONE_WORD(a)
#define SIGMOID(a) ONE_WORD(a)
#define POW(a, b) TWO_WORDS(a, b)

static const unsigned needs[TP__N_ELEMENTWISE][2] = {
#define UNARY(name, kind, forward, gradient, low, high, documentation) [TP__EW_##name] = {gradient, 0},
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    [TP__EW_##name] = {gradient_a, gradient_b},
#define TEST(name, forward, documentation)
#define COMPARE(name, forward, documentation)
#include "backend/cpu/elementwise.def"
#undef UNARY
#undef BINARY
};

enum {
#define UNARY(name, kind, forward, gradient, low, high, documentation) \
    saves_##name = (int)((gradient) & ~(GRADIENT | COMPUTED)),
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    saves_##name = (int)(((gradient_a) | (gradient_b)) & ~(GRADIENT | COMPUTED)),
#include "backend/cpu/elementwise.def"
    saves_nothing = 0
};
#undef TEST
#undef COMPARE
#include "backend/cpu/kernels/words_end.h"
#undef ONE_WORD
#undef TWO_WORDS

/* ---- Gradients that are themselves recorded: the row read with words that are operations ---- */

#define X a
#define A a
#define B b
#define Y y
#define G g
#define ZERO tp_zeros_like(g)
#define NUM(c) tp__number_f64(c)
#define NEG(a) tp_neg(a)
#define ADD(a, b) tp_add_tensor(a, b)
#define SUB(a, b) tp_sub_tensor(a, b)
#define MUL(a, b) tp_mul_tensor(a, b)
#define DIV(a, b) tp_div_tensor(a, b)
#define EQ(a, b) tp_eq_tensor(a, b)
#define NE(a, b) tp_ne_tensor(a, b)
#define LT(a, b) tp_lt_tensor(a, b)
#define LE(a, b) tp_le_tensor(a, b)
#define GT(a, b) tp_gt_tensor(a, b)
#define GE(a, b) tp_ge_tensor(a, b)
#define AND(a, b) tp_logical_and_tensor(a, b)
#define OR(a, b) tp_logical_or_tensor(a, b)
#define SELECT(condition, a, b) tp_where(condition, a, b)
#define SIGN(a) tp_sign(a)
#define ABS(a) tp_abs(a)
#define SQRT(a) tp_sqrt(a)
#define FMA(a, b, c) tp_add_tensor(tp_mul_tensor(a, b), c)
#define EXP(a) tp_exp(a)
#define EXPM1(a) tp_expm1(a)
#define LOG(a) tp_log(a)
#define LOG1P(a) tp_log1p(a)
#define SIN(a) tp_sin(a)
#define COS(a) tp_cos(a)
#define TANH(a) tp_tanh(a)
#define SIGMOID(a) tp_sigmoid(a)
#define POW(a, b) tp_pow_tensor(a, b)

#define RECORDED(name, gradient)                                                   \
    static tp_tensor *name(tp_tensor *g, tp_tensor *a, tp_tensor *b, tp_tensor *y) \
    {                                                                              \
        (void)g, (void)a, (void)b, (void)y;                                        \
        return gradient;                                                           \
    }
#define UNARY(name, kind, forward, gradient, low, high, documentation) RECORDED(recorded_##name##_a, gradient)
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    RECORDED(recorded_##name##_a, gradient_a)                                         \
    RECORDED(recorded_##name##_b, gradient_b)
#define TEST(name, forward, documentation)
#define COMPARE(name, forward, documentation)
#include "backend/cpu/elementwise.def"
#undef UNARY
#undef BINARY

typedef tp_tensor *(*recorded_gradient)(tp_tensor *g, tp_tensor *a, tp_tensor *b, tp_tensor *y);
static const recorded_gradient recorded[TP__N_ELEMENTWISE][2] = {
#define UNARY(name, kind, forward, gradient, low, high, documentation) \
    [TP__EW_##name] = {recorded_##name##_a, NULL},
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    [TP__EW_##name] = {recorded_##name##_a, recorded_##name##_b},
#include "backend/cpu/elementwise.def"
};
#include "backend/cpu/kernels/words_end.h"

/* ---- The rules that all rows share ---- */

static int index_of(const tp_op *op)
{
    return (int)(op - tp__elementwise_ops);
}

static inline tp_status infer_any(tp_call *call)
{
    tp_tensor *const *inputs = call->inputs;
    tp_result *result = call->results;
    const bool one_type = call->n_inputs == 2 && inputs[0]->dtype == inputs[1]->dtype && !inputs[0]->number &&
                          !inputs[1]->number;
    result->dtype = one_type ? (tp_dtype)inputs[0]->dtype : tp__result_type(call->n_inputs, inputs);
    if (call->n_inputs == 2 && !tp__same_shape(inputs[0], inputs[1]))
        return tp__broadcast(2, inputs, result);
    result->like = inputs[0];
    return TP_OK;
}

static tp_status infer_as_given(tp_call *call)
{
    return infer_any(call);
}

static tp_status infer_number(tp_call *call)
{
    TP__TRY(infer_any(call));
    if (call->results->dtype == TP_BOOL)
        return tp_fail(TP_ERROR_DTYPE, "is not defined for bool; use logical_not or logical_xor");
    return TP_OK;
}

static tp_status infer_float(tp_call *call)
{
    TP__TRY(infer_any(call));
    if (!tp_dtype_is_float(call->results->dtype))
        call->results->dtype = TP_F32;
    return TP_OK;
}

static tp_status infer_test(tp_call *call)
{
    TP__TRY(infer_any(call));
    call->results->dtype = TP_BOOL;
    return TP_OK;
}

/* PyTorch computes some powers with a number as exponent by other operations. */
static tp_status forward_power(const tp_call *call, double exponent, bool *done)
{
    const tp_tensor *x = call->inputs[0];
    tp_tensor *out = call->outputs[0];
    const tp_dtype dtype = (tp_dtype)out->dtype;
    const tp__elementwise_kernel(*const kernels)[TP_DTYPES] = tp__elementwise()->forward;
    const int one = exponent == 0.5    ? TP__EW_sqrt
                    : exponent == -0.5 ? TP__EW_rsqrt
                    : exponent == -1   ? TP__EW_reciprocal
                                       : -1;
    *done = one >= 0 || exponent == 3 || exponent == -2;
    if (one >= 0)
        tp__elementwise_run(kernels[one][dtype], 1, &x, dtype, NULL, out);
    if (one >= 0 || !*done)
        return TP_OK;
    tp_tensor *square = tp__tensor_new(tp__region_current(), dtype, out->ndim, out->shape);
    if (!square)
        return TP_ERROR_MEMORY;
    tp__elementwise_run(kernels[TP__EW_square][dtype], 1, &x, dtype, NULL, square);
    const tp_tensor *const operands[2] = {square, x};
    if (exponent == 3)
        tp__elementwise_run(kernels[TP__EW_mul][dtype], 2, operands, dtype, NULL, out);
    else
        tp__elementwise_run(kernels[TP__EW_reciprocal][dtype], 1, operands, dtype, NULL, out);
    tp_release(square);
    return TP_OK;
}

static TP__APART tp_status run_forward(const tp_call *call, tp_dtype compute)
{
    tp__elementwise_run(tp__elementwise()->forward[index_of(call->op)][compute], call->n_inputs,
                        (const tp_tensor *const *)call->inputs, compute, NULL, call->outputs[0]);
    return TP_OK;
}

static inline bool is_whole(const tp_tensor *t, const tp_tensor *out)
{
    return t->numel == out->numel && t->contiguous && t->dtype == out->dtype;
}

/* With a short way for few elements and nothing to pack. */
static tp_status forward(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *b = call->inputs[call->n_inputs - 1];
    tp_tensor *out = call->outputs[0];
    /* What recorded gradients compute of a program's numbers alone, such as an exponent less 1, is such a
     * number. */
    out->number = a->number && b->number;
    if (out->numel > TP__ELEMENTWISE_PIECE || !is_whole(a, out) || !is_whole(b, out))
        return run_forward(call, (tp_dtype)out->dtype);
    const void *const operands[2] = {a->data, b->data};
    tp__elementwise()->forward[index_of(call->op)][out->dtype](out->numel, operands, out->data);
    return TP_OK;
}

/* The result of a test says nothing of the type to test in. */
static tp_status forward_test(tp_call *call)
{
    return run_forward(call, tp__result_type(call->n_inputs, call->inputs));
}

static tp_status forward_pow(tp_call *call)
{
    const tp_tensor *exponent = call->inputs[1];
    bool done = false;
    if (exponent->number && tp_dtype_is_float((tp_dtype)call->outputs[0]->dtype))
        TP__TRY(forward_power(call, tp__load_f64((tp_dtype)exponent->dtype, exponent->data), &done));
    return done ? TP_OK : forward(call);
}

/* The gradient of operand i before it is reduced to the operand's shape, where that is not g itself. */
static TP__APART tp_tensor *gradient_of(const tp_backward_call *call, int index, int i)
{
    tp_tensor *g = call->grad_outputs[0], *a = call->inputs[0],
              *b = call->n_inputs > 1 ? call->inputs[1] : NULL, *y = call->outputs[0];
    if (call->recording)
        return recorded[index][i](g, a, b, y);
    const unsigned needed = needs[index][i];
    const tp_tensor *const operands[4] = {needed & GRADIENT ? g : NULL, needed & TP_SAVES_INPUT(0) ? a : NULL,
                                          needed & TP_SAVES_INPUT(1) ? b : NULL,
                                          needed & TP_SAVES_OUTPUT(0) ? y : NULL};
    const tp_dtype compute = (tp_dtype)y->dtype;
    tp_tensor *gradient = tp__tensor_like(tp__region_current(), compute, y);
    if (!gradient)
        return NULL;
    gradient->temporary = tp__ctx.walking;
    tp__elementwise_run(tp__elementwise()->gradient[index][i][compute == TP_F64], 4, operands, compute, NULL,
                        gradient);
    return gradient;
}

static tp_status backward(tp_backward_call *call)
{
    const int index = index_of(call->op);
    tp_tensor *g = call->grad_outputs[0];
    for (int i = 0; i < call->n_inputs; i++) {
        if (!call->needed[i])
            continue;
        const bool is_g = needs[index][i] == GRADIENT && !call->recording;
        tp_tensor *whole = is_g ? g : gradient_of(call, index, i);
        tp_tensor *own = call->grad_inputs[i] = tp__reduce_to(whole, call->inputs[i]);
        if (!own)
            return tp__ctx.error;
        if (!is_g && own != whole && !call->recording)
            tp_release(whole);
    }
    return TP_OK;
}

/* What tp__reduce_to does where there is something to do. */
static TP__APART tp_tensor *reduced(tp_tensor *gradient, const tp_tensor *like)
{
    const int extra = gradient->ndim - like->ndim;
    int dims[TP_MAX_DIMS], n = 0;
    for (int d = 0; d < gradient->ndim; d++)
        if (d < extra || (like->shape[d - extra] == 1 && gradient->shape[d] != 1))
            dims[n++] = d;
    if (n)
        gradient = tp_sum_n(gradient, n, dims, true);
    if (gradient && (gradient->ndim != like->ndim))
        gradient = tp_reshape_n(gradient, like->ndim, like->shape);
    if (gradient && gradient->dtype != like->dtype)
        gradient = tp_to(gradient, (tp_dtype)like->dtype);
    return gradient;
}

tp_tensor *tp__reduce_to(tp_tensor *gradient, const tp_tensor *like)
{
    return !gradient || tp__is_like(gradient, like) ? gradient : reduced(gradient, like);
}

/* ---- The records ---- */

#define infer_ANY infer_as_given
#define infer_NUMBER infer_number
#define infer_FLOAT infer_float

/* PyTorch's square is a power. */
#define NODE_NAME(op_name) (TP__EW_##op_name == TP__EW_square ? "PowBackward0" : NULL)
/* And its power and its difference depend on which operand is a number. */
static const char *name_pow(const tp_call *call)
{
    return call->inputs[0]->number   ? "PowBackward2"
           : call->inputs[1]->number ? "PowBackward0"
                                     : "PowBackward1";
}
static const char *name_sub(const tp_call *call)
{
    return call->inputs[0]->number ? "RsubBackward1" : NULL;
}
#define NAME_NODE(op_name) \
    (TP__EW_##op_name == TP__EW_pow ? name_pow : TP__EW_##op_name == TP__EW_sub ? name_sub : NULL)
#define FORWARD(op_name) (TP__EW_##op_name == TP__EW_pow ? forward_pow : forward)

const tp_op tp__elementwise_ops[TP__N_ELEMENTWISE] = {
#define UNARY(op_name, kind, forward_, gradient, low, high, doc)                                       \
    [TP__EW_##op_name] = {.name = #op_name,                                                            \
                          .node_name = NODE_NAME(op_name),                                             \
                          .n_inputs = 1,                                                               \
                          .n_outputs = 1,                                                              \
                          .saves = (unsigned)saves_##op_name,                                          \
                          .infer = infer_##kind,                                                       \
                          .forward = forward,                                                          \
                          .backward = backward,                                                        \
                          .documentation = doc,                                                        \
                          .samples = (const tp_sample[]){{"f64[2,3]<" #low "," #high ">", NULL, NULL}, \
                                                         {"f64[]<" #low "," #high ">", NULL, NULL},    \
                                                         {"f64[0,3]<" #low "," #high ">", NULL, NULL}, \
                                                         {NULL, NULL, NULL}}},
#define BINARY(op_name, kind, forward_, gradient_a, gradient_b, low, high, doc)                            \
    [TP__EW_##op_name] = {.name = #op_name,                                                                \
                          .node_name = NODE_NAME(op_name),                                                 \
                          .name_node = NAME_NODE(op_name),                                                 \
                          .n_inputs = 2,                                                                   \
                          .n_outputs = 1,                                                                  \
                          .saves = (unsigned)saves_##op_name,                                              \
                          .infer = infer_##kind,                                                           \
                          .forward = FORWARD(op_name),                                                     \
                          .backward = backward,                                                            \
                          .documentation = doc,                                                            \
                          .samples = (const tp_sample[]){                                                  \
                              {"f64[2,3]<" #low "," #high "> f64[2,3]<" #low "," #high ">", NULL, NULL},   \
                              {"f64[2,3]<" #low "," #high "> f64[3]<" #low "," #high ">", NULL, NULL},     \
                              {"f64[2,1]<" #low "," #high "> f64[4,1,3]<" #low "," #high ">", NULL, NULL}, \
                              {"f64[2,3] f64[3,2]", NULL, "[2, 3] and [3, 2] do not broadcast"},           \
                              {NULL, NULL, NULL}}},
#define TEST(op_name, forward_, doc)                 \
    [TP__EW_##op_name] = {.name = #op_name,          \
                          .n_inputs = 1,             \
                          .n_outputs = 1,            \
                          .infer = infer_test,       \
                          .forward = forward_test,   \
                          .no_gradient = TP_NO_GRAD, \
                          .documentation = doc,      \
                          .samples = (const tp_sample[]){{"f64[2,3]", NULL, NULL}, {NULL, NULL, NULL}}},
#define COMPARE(op_name, forward_, doc)                                                                   \
    [TP__EW_##op_name] = {                                                                                \
        .name = #op_name,                                                                                 \
        .n_inputs = 2,                                                                                    \
        .n_outputs = 1,                                                                                   \
        .infer = infer_test,                                                                              \
        .forward = forward_test,                                                                          \
        .no_gradient = TP_NO_GRAD,                                                                        \
        .documentation = doc,                                                                             \
        .samples = (const tp_sample[]){{"f64[2,3] f64[3]", NULL, NULL},                                   \
                                       {"f64[2,3] f64[3,2]", NULL, "[2, 3] and [3, 2] do not broadcast"}, \
                                       {NULL, NULL, NULL}}},
#include "backend/cpu/elementwise.def"
#undef UNARY
#undef BINARY
#undef TEST
#undef COMPARE
};

const tp_op *const tp__op_add = &tp__elementwise_ops[TP__EW_add];

/* ---- The public functions ---- */

/* x to the power 2 is x times x in every respect, and much faster so. */
static tp_tensor *with_number(int index, tp_tensor *a, tp_tensor *number)
{
    tp_tensor *const inputs[2] = {a, number};
    if (index == TP__EW_pow && a && tp_dtype_is_float((tp_dtype)a->dtype) &&
        tp__load_f64((tp_dtype)number->dtype, number->data) == 2)
        return tp_apply(&tp__elementwise_ops[TP__EW_square], inputs, 1, NULL);
    return tp_apply(&tp__elementwise_ops[index], inputs, 2, NULL);
}

#define ONE(name)                                                          \
    tp_tensor *tp_##name(tp_tensor *x)                                     \
    {                                                                      \
        return tp_apply(&tp__elementwise_ops[TP__EW_##name], &x, 1, NULL); \
    }
#define TWO(name)                                                              \
    tp_tensor *tp_##name##_tensor(tp_tensor *a, tp_tensor *b)                  \
    {                                                                          \
        tp_tensor *const inputs[2] = {a, b};                                   \
        return tp_apply(&tp__elementwise_ops[TP__EW_##name], inputs, 2, NULL); \
    }                                                                          \
    tp_tensor *tp_##name##_scalar(tp_tensor *a, double b)                      \
    {                                                                          \
        tp__number number;                                                     \
        return with_number(TP__EW_##name, a, tp__number_init_f64(&number, b)); \
    }                                                                          \
    tp_tensor *tp_##name##_integer(tp_tensor *a, int64_t b)                    \
    {                                                                          \
        tp__number number;                                                     \
        return with_number(TP__EW_##name, a, tp__number_init_i64(&number, b)); \
    }
#define UNARY(name, kind, forward_, gradient, low, high, documentation) ONE(name)
#define TEST(name, forward_, documentation) ONE(name)
#define BINARY(name, kind, forward_, gradient_a, gradient_b, low, high, documentation) TWO(name)
#define COMPARE(name, forward_, documentation) TWO(name)
#include "backend/cpu/elementwise.def"
