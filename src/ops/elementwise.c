/* The rows of elementwise.def as op records and public functions. */
#include "ops/elementwise.h"
#include "taper/ops.h"

#include <string.h>

/* ---- What a gradient formula needs: the row read with words that gather bits ---- */

#include "backend/cpu/kernels/words_functions.h"

#define GRADIENT 0x40000000u
#define COMPUTED 0x80000000u
#define X TP_SAVES_INPUT(0)
#define A TP_SAVES_INPUT(0)
#define B TP_SAVES_INPUT(1)
#define C TP_SAVES_INPUT(2)
#define Y TP_SAVES_OUTPUT(0)
#define G GRADIENT
#define P COMPUTED
#define Q COMPUTED
#define R COMPUTED
#define ZERO COMPUTED
#define NUM(c) COMPUTED
#define CALL(name, a) (COMPUTED | (a))
#define CALL_2(name, a, b) (COMPUTED | (a) | (b))
#define NEG(a) CALL(neg, a)
#define ADD(a, b) CALL_2(add, a, b)
#define SUB(a, b) CALL_2(sub, a, b)
#define MUL(a, b) CALL_2(mul, a, b)
#define PRODUCT(a, b) MUL(a, b)
#define DIV(a, b) CALL_2(div, a, b)
#define EQ(a, b) CALL_2(eq, a, b)
#define NE(a, b) CALL_2(ne, a, b)
#define LT(a, b) CALL_2(lt, a, b)
#define LE(a, b) CALL_2(le, a, b)
#define GT(a, b) CALL_2(gt, a, b)
#define GE(a, b) CALL_2(ge, a, b)
#define AND(a, b) CALL_2(logical_and, a, b)
#define OR(a, b) CALL_2(logical_or, a, b)
#define SELECT(condition, a, b) (COMPUTED | (condition) | (a) | (b))
#define FMA(a, b, c) (COMPUTED | (a) | (b) | (c))
#define SIGN(a) CALL(sign, a)
#define ABS(a) CALL(abs, a)
#define TRUNC(a) CALL(trunc, a)
#define SQRT(a) CALL(sqrt, a)

static const unsigned needs[TP__N_ELEMENTWISE][3] = {
#define UNARY(name, kind, forward, gradient, low, high, documentation) [TP__EW_##name] = {gradient},
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    [TP__EW_##name] = {gradient_a, gradient_b},
#define TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation) \
    [TP__EW_##name] = {gradient_a, gradient_b, gradient_c},
#include "backend/cpu/elementwise_rows.h"
};

#define SAVES(name, bits) saves_##name = (int)((bits) & ~(GRADIENT | COMPUTED)),
enum {
#define UNARY(name, kind, forward, gradient, low, high, documentation) SAVES(name, gradient)
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    SAVES(name, (gradient_a) | (gradient_b))
#define TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation) \
    SAVES(name, (gradient_a) | (gradient_b) | (gradient_c))
#include "backend/cpu/elementwise_rows.h"
    saves_nothing = 0
};
#include "backend/cpu/kernels/words_end.h"

/* ---- Gradients that are themselves recorded: the row read with words that are operations ---- */

/* In the dtype that is computed in: two numbers of the program would meet in float32. */
static tp_tensor *constant(const tp_tensor *like, double value)
{
    return tp_scalar((tp_dtype)like->dtype, value);
}

static tp_tensor *without_number(const tp_tensor *like, tp_tensor *operand)
{
    if (!operand || !operand->number)
        return operand;
    return constant(like, tp__load_f64((tp_dtype)operand->dtype, operand->data));
}

#define X a
#define A a
#define B b
#define C c
#define Y y
#define G g
#define P constant(y, numbers->values[0])
#define Q constant(y, numbers->values[1])
#define R constant(y, numbers->values[2])
#define ZERO tp_zeros_like(g)
#define NUM(c) constant(y, c)
#define CALL(name, a) tp_##name(a)
#define CALL_2(name, a, b) tp_##name##_tensor(a, b)
#define NEG(a) CALL(neg, a)
#define ADD(a, b) CALL_2(add, a, b)
#define SUB(a, b) CALL_2(sub, a, b)
#define MUL(a, b) CALL_2(mul, a, b)
#define PRODUCT(a, b) MUL(a, b)
#define DIV(a, b) CALL_2(div, a, b)
#define EQ(a, b) CALL_2(eq, a, b)
#define NE(a, b) CALL_2(ne, a, b)
#define LT(a, b) CALL_2(lt, a, b)
#define LE(a, b) CALL_2(le, a, b)
#define GT(a, b) CALL_2(gt, a, b)
#define GE(a, b) CALL_2(ge, a, b)
#define AND(a, b) CALL_2(logical_and, a, b)
#define OR(a, b) CALL_2(logical_or, a, b)
#define SELECT(condition, a, b) tp_where(condition, a, b)
#define FMA(a, b, c) ADD(MUL(a, b), c)
#define SIGN(a) CALL(sign, a)
#define ABS(a) CALL(abs, a)
#define TRUNC(a) CALL(trunc, a)
#define SQRT(a) CALL(sqrt, a)

/* What a recorded gradient is made from: the row's letters. */
#define LETTERS \
    tp_tensor *g, tp_tensor *a, tp_tensor *b, tp_tensor *c, tp_tensor *y, const tp__numbers *numbers
#define RECORDED(name, gradient)                                    \
    static tp_tensor *recorded_##name(LETTERS)                      \
    {                                                               \
        (void)g, (void)a, (void)b, (void)c, (void)y, (void)numbers; \
        return gradient;                                            \
    }
#define UNARY(name, kind, forward, gradient, low, high, documentation) RECORDED(name##_a, gradient)
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    RECORDED(name##_a, gradient_a)                                                    \
    RECORDED(name##_b, gradient_b)
#define TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation) \
    RECORDED(name##_a, gradient_a)                                                                 \
    RECORDED(name##_b, gradient_b)                                                                 \
    RECORDED(name##_c, gradient_c)
#include "backend/cpu/elementwise_rows.h"

typedef tp_tensor *(*recorded_gradient)(LETTERS);
static const recorded_gradient recorded[TP__N_ELEMENTWISE][3] = {
#define UNARY(name, kind, forward, gradient, low, high, documentation) \
    [TP__EW_##name] = {recorded_##name##_a},
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    [TP__EW_##name] = {recorded_##name##_a, recorded_##name##_b},
#define TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation) \
    [TP__EW_##name] = {recorded_##name##_a, recorded_##name##_b, recorded_##name##_c},
#include "backend/cpu/elementwise_rows.h"
};
#include "backend/cpu/kernels/words_end.h"

/* ---- The rules that all rows share ---- */

static int index_of(const tp_op *op)
{
    return (int)(op - tp__elementwise_ops);
}

/* Where operands differ, or are numbers. */
static TP__APART tp_status infer_mixed(tp_call *call)
{
    call->results->dtype = tp__result_type(call->n_inputs, call->inputs);
    if (call->n_inputs == 2 && tp__same_shape(call->inputs[0], call->inputs[1])) {
        call->results->like = call->inputs[0];
        return TP_OK;
    }
    return tp__broadcast(call->n_inputs, call->inputs, call->results);
}

static inline tp_status infer_any(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *b = call->inputs[call->n_inputs - 1];
    if (TP__UNLIKELY(call->n_inputs > 2 || !tp__is_like(a, b) ||
                     ((a->head | b->head) & TP__HEAD(.number = true))))
        return infer_mixed(call);
    call->results->dtype = (tp_dtype)a->dtype;
    call->results->like = a;
    return TP_OK;
}

static tp_status infer_as_given(tp_call *call)
{
    return infer_any(call);
}

static tp_status not_implemented(tp_dtype dtype, const char *taken)
{
    return tp_fail(TP_ERROR_DTYPE, "not implemented for '%s'; it takes %s dtypes", tp_dtype_name(dtype),
                   taken);
}

static tp_status infer_number(tp_call *call)
{
    TP__TRY(infer_any(call));
    if (call->results->dtype == TP_BOOL)
        return tp_fail(TP_ERROR_DTYPE, "is not defined for bool; use logical_not or logical_xor");
    return TP_OK;
}

static tp_status infer_real(tp_call *call)
{
    TP__TRY(infer_any(call));
    return tp_dtype_is_float(call->results->dtype) ? TP_OK
                                                   : not_implemented(call->results->dtype, "floating");
}

static tp_status infer_bit(tp_call *call)
{
    TP__TRY(infer_any(call));
    return tp_dtype_is_float(call->results->dtype) ? not_implemented(call->results->dtype, "integer and bool")
                                                   : TP_OK;
}

static tp_status infer_shift(tp_call *call)
{
    TP__TRY(infer_bit(call));
    return call->results->dtype == TP_BOOL ? not_implemented(TP_BOOL, "integer") : TP_OK;
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

static double number_of(const tp_tensor *t)
{
    return tp__load_f64((tp_dtype)t->dtype, t->data);
}

/* The operation of one operand by which PyTorch computes a power with a number as exponent; -1 without one.
 */
static int power_as_unary(double exponent)
{
    return exponent == 0.5    ? TP__EW_sqrt
           : exponent == -0.5 ? TP__EW_rsqrt
           : exponent == -1   ? TP__EW_reciprocal
           : exponent == 2    ? TP__EW_square
                              : -1;
}

/* Powers that take a few multiplications. */
static bool is_quick_power(double exponent)
{
    return power_as_unary(exponent) >= 0 || exponent == 3 || exponent == -2;
}

/* The square, and then an operation on the square and x: kernels made of two, a block at a time. */
#define FROM_SQUARE(name, dtype, T, then)                                                     \
    static void name(int64_t n, const void *const *operands, void *result)                    \
    {                                                                                         \
        enum { BLOCK = 512 };                                                                 \
        const tp__elementwise_kernel(*const kernels)[TP_DTYPES] = tp__elementwise()->forward; \
        T square[BLOCK];                                                                      \
        for (int64_t i = 0; i < n; i += BLOCK) {                                              \
            const int64_t size = n - i < BLOCK ? n - i : BLOCK;                               \
            const void *const both[TP__MAX_OPERANDS] = {square, (const T *)operands[0] + i};  \
            kernels[TP__EW_square][dtype](size, both + 1, square);                            \
            kernels[then][dtype](size, both, (T *)result + i);                                \
        }                                                                                     \
    }
FROM_SQUARE(cube_f32, TP_F32, float, TP__EW_mul)
FROM_SQUARE(cube_f64, TP_F64, double, TP__EW_mul)
FROM_SQUARE(inverse_square_f32, TP_F32, float, TP__EW_reciprocal)
FROM_SQUARE(inverse_square_f64, TP_F64, double, TP__EW_reciprocal)

/* Whether the power is a quick one, and then done. */
static bool forward_quick_power(const tp_call *call, double exponent)
{
    const tp_tensor *x = call->inputs[0];
    tp_tensor *out = call->outputs[0];
    const tp_dtype dtype = (tp_dtype)out->dtype;
    const bool wide = dtype == TP_F64;
    const int one = power_as_unary(exponent);
    if (!is_quick_power(exponent))
        return false;
    tp__elementwise_run(one >= 0        ? tp__elementwise()->forward[one][dtype]
                        : exponent == 3 ? (wide ? cube_f64 : cube_f32)
                                        : (wide ? inverse_square_f64 : inverse_square_f32),
                        1, &x, dtype, NULL, out);
    return true;
}

static inline void run(tp__elementwise_kernel kernel, int n_operands, const tp_tensor *const *operands,
                       const tp__numbers *numbers, tp_dtype compute, tp_tensor *out)
{
    if (numbers)
        tp__elementwise_run_with(kernel, n_operands, operands, numbers, compute, out);
    else
        tp__elementwise_run(kernel, n_operands, operands, compute, NULL, out);
}

static TP__APART tp_status run_forward(const tp_call *call, tp_dtype compute)
{
    run(tp__elementwise()->forward[index_of(call->op)][compute], call->n_inputs,
        (const tp_tensor *const *)call->inputs, call->attributes, compute, call->outputs[0]);
    return TP_OK;
}

/* For rows with numbers or with three operands. */
static tp_status forward_long(tp_call *call)
{
    return run_forward(call, (tp_dtype)call->outputs[0]->dtype);
}

static inline bool is_whole(const tp_tensor *t, const tp_tensor *out)
{
    return t->numel == out->numel && !((t->head ^ out->head) & TP__HEAD(.dtype = 0xff, .contiguous = true));
}

/* With a short way for few elements and nothing to pack. */
static tp_status forward(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *b = call->inputs[call->n_inputs - 1];
    tp_tensor *out = call->outputs[0];
    if (TP__UNLIKELY(out->numel > TP__ELEMENTWISE_PIECE || !is_whole(a, out) || !is_whole(b, out)))
        return run_forward(call, (tp_dtype)out->dtype);
    const void *operands[TP__MAX_OPERANDS]; /* of which two are read */
    operands[0] = a->data;
    operands[1] = b->data;
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
    return exponent->number && tp_dtype_is_float((tp_dtype)call->outputs[0]->dtype) &&
                   forward_quick_power(call, number_of(exponent))
               ? TP_OK
               : forward(call);
}

/* Integers have no infinity to give for a division by 0. */
static tp_status refuse_zero(const tp_tensor *divisor)
{
    const size_t size = tp_dtype_size((tp_dtype)divisor->dtype);
    const tp__elementwise_kernel is_zero = tp__elementwise()->forward[TP__EW_logical_not][divisor->dtype];
    enum { PIECE = 512 };
    bool zeros[PIECE];
    int64_t i = 0;
    for (; divisor->contiguous && i < divisor->numel; i += PIECE) {
        const void *const operands[TP__MAX_OPERANDS] = {divisor->data + i * (int64_t)size};
        const int64_t n = divisor->numel - i < PIECE ? divisor->numel - i : PIECE;
        is_zero(n, operands, zeros);
        if (memchr(zeros, true, (size_t)n))
            break;
    }
    for (; i < divisor->numel; i++) {
        int64_t rest = i, offset = 0;
        for (int d = divisor->ndim - 1; d >= 0; d--) {
            offset += rest % divisor->shape[d] * divisor->strides[d];
            rest /= divisor->shape[d];
        }
        if (!tp__load_i64((tp_dtype)divisor->dtype, divisor->data + offset * (int64_t)size))
            return tp_fail(TP_ERROR_VALUE, "ZeroDivisionError: element %lld of the divisor is 0",
                           (long long)i);
    }
    return TP_OK;
}

static tp_status forward_division(tp_call *call)
{
    const tp_tensor *out = call->outputs[0];
    if (!tp_dtype_is_float((tp_dtype)out->dtype) && out->numel)
        TP__TRY(refuse_zero(call->inputs[1]));
    return forward(call);
}

/* The gradient of operand i before it is reduced to the operand's shape. */
static tp_tensor *whole_gradient(const tp_backward_call *call, int index, int i)
{
    tp_tensor *g = call->grad_outputs[0], *a = call->inputs[0],
              *b = call->n_inputs > 1 ? call->inputs[1] : NULL,
              *c = call->n_inputs > 2 ? call->inputs[2] : NULL, *y = call->outputs[0];
    if (call->recording)
        return recorded[index][i](g, without_number(y, a), without_number(y, b), without_number(y, c), y,
                                  call->attributes);
    if (index == TP__EW_pow && i == 0 && b->number && is_quick_power(number_of(b) - 1))
        return tp_mul_tensor(g, tp_mul_scalar(tp_pow_scalar(a, number_of(b) - 1), number_of(b)));
    const unsigned needed = needs[index][i];
    const tp_tensor *const operands[TP__OPERAND_NUMBERS] = {[0] = needed & TP_SAVES_INPUT(0) ? a : NULL,
                                                            [1] = needed & TP_SAVES_INPUT(1) ? b : NULL,
                                                            [2] = needed & TP_SAVES_INPUT(2) ? c : NULL,
                                                            [TP__OPERAND_Y] =
                                                                needed & TP_SAVES_OUTPUT(0) ? y : NULL,
                                                            [TP__OPERAND_G] = needed & GRADIENT ? g : NULL};
    const tp_dtype compute = (tp_dtype)y->dtype;
    tp_region *region = tp__region_current();
    tp_tensor *gradient = region ? tp__tensor_like(region, compute, y) : NULL;
    if (!gradient)
        return NULL;
    gradient->head |= TP__HEAD(.temporary = true) * tp__ctx.modes.walking;
    run(tp__elementwise()->gradient[index][i][compute == TP_F64], TP__OPERAND_NUMBERS, operands,
        call->attributes, compute, gradient);
    return gradient;
}

static TP__APART tp_status backward_long(tp_backward_call *call)
{
    const int index = index_of(call->op);
    for (int i = 0; i < call->n_inputs; i++) {
        if (!call->needed[i])
            continue;
        const bool is_g = needs[index][i] == GRADIENT && !call->recording;
        tp_tensor *whole = is_g ? call->grad_outputs[0] : whole_gradient(call, index, i);
        tp_tensor *own = call->grad_inputs[i] = tp__reduce_to(whole, call->inputs[i]);
        if (!own)
            return tp__ctx.error;
        if (!is_g && own != whole && !call->recording)
            tp_release(whole);
    }
    return TP_OK;
}

/* With a short way where all gradients are the one that came in. */
static tp_status backward(tp_backward_call *call)
{
    const unsigned *const needed = needs[index_of(call->op)];
    tp_tensor *const g = call->grad_outputs[0];
    if (call->recording)
        return backward_long(call);
    for (int i = 0; i < call->n_inputs; i++) {
        if (!call->needed[i])
            continue;
        if (needed[i] != GRADIENT || !tp__is_like(g, call->inputs[i]))
            return backward_long(call);
        call->grad_inputs[i] = g;
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
#define infer_DIVISION infer_number
#define infer_FLOAT infer_float
#define infer_REAL infer_real
#define infer_BIT infer_bit
#define infer_SHIFT infer_shift
#define forward_ANY forward
#define forward_NUMBER forward
#define forward_DIVISION forward_division
#define forward_FLOAT forward
#define forward_REAL forward

/* Where PyTorch's node has another name than the operation: its square is a power, for example. */
#define NODE_NAME(name)                                           \
    (TP__EW_##name == TP__EW_square       ? "PowBackward0"        \
     : TP__EW_##name == TP__EW_log1p      ? "Log1PBackward0"      \
     : TP__EW_##name == TP__EW_relu6      ? "HardtanhBackward0"   \
     : TP__EW_##name == TP__EW_selu       ? "EluBackward0"        \
     : TP__EW_##name == TP__EW_gelu_tanh  ? "GeluBackward0"       \
     : TP__EW_##name == TP__EW_logsigmoid ? "LogSigmoidBackward0" \
     : TP__EW_##name == TP__EW_softsign   ? "DivBackward0"        \
     : TP__EW_##name == TP__EW_tanhshrink ? "SubBackward0"        \
                                          : #name)

#define ONE(p, p_default) (&(const tp__numbers){{p_default}})
#define TWO(p, p_default, q, q_default) (&(const tp__numbers){{p_default, q_default}})
#define THREE(p, p_default, q, q_default, r, r_default) \
    (&(const tp__numbers){{p_default, q_default, r_default}})

/* And others depend on which operand is a number. */
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
static const char *name_div(const tp_call *call)
{
    return call->inputs[0]->number ? "MulBackward0" : NULL; /* of the reciprocal */
}
static const char *name_remainder(const tp_call *call)
{
    return call->inputs[1]->number ? NULL : "RemainderBackward1";
}
static const char *name_fmod(const tp_call *call)
{
    return call->inputs[1]->number ? NULL : "FmodBackward1";
}
static const char *name_copysign(const tp_call *call)
{
    return call->inputs[1]->number ? "CopysignBackward1" : NULL;
}
static const char *name_xlogy(const tp_call *call)
{
    return call->inputs[1]->number ? "XlogyBackward2" : NULL;
}
static const char *name_lerp(const tp_call *call)
{
    return call->inputs[2]->number ? NULL : "LerpBackward1";
}
#define NAME_NODE(op_name)                                   \
    (TP__EW_##op_name == TP__EW_pow         ? name_pow       \
     : TP__EW_##op_name == TP__EW_sub       ? name_sub       \
     : TP__EW_##op_name == TP__EW_div       ? name_div       \
     : TP__EW_##op_name == TP__EW_remainder ? name_remainder \
     : TP__EW_##op_name == TP__EW_fmod      ? name_fmod      \
     : TP__EW_##op_name == TP__EW_copysign  ? name_copysign  \
     : TP__EW_##op_name == TP__EW_xlogy     ? name_xlogy     \
     : TP__EW_##op_name == TP__EW_lerp      ? name_lerp      \
                                            : NULL)

#define RANGE(low, high) "<" #low "," #high ">"
#define MISMATCH(inputs, numbers)                             \
    {                                                         \
        inputs, numbers, "[2, 3] and [3, 2] do not broadcast" \
    }
#define RECORD(op_name, operands, kind, size, doc, ...)                            \
    [TP__EW_##op_name] = {.name = #op_name,                                        \
                          .node_name = NODE_NAME(op_name),                         \
                          .n_inputs = operands,                                    \
                          .n_outputs = 1,                                          \
                          .saves = (unsigned)saves_##op_name,                      \
                          .attributes_size = size,                                 \
                          .name_node = NAME_NODE(op_name),                         \
                          .infer = infer_##kind,                                   \
                          .forward = TP__EW_##op_name == TP__EW_pow ? forward_pow  \
                                     : (operands) > 2 || (size)     ? forward_long \
                                                                    : forward_##kind,  \
                          .backward = backward,                                    \
                          .documentation = doc,                                    \
                          .samples = (const tp_sample[]){__VA_ARGS__, {NULL, NULL, NULL}}},
#define SAMPLES_1(range, numbers)                                      \
    {"f64[2,3]" range, numbers, NULL}, {"f64[]" range, numbers, NULL}, \
    {                                                                  \
        "f64[0,3]" range, numbers, NULL                                \
    }
#define SAMPLES_2(range)                                                                              \
    {"f64[2,3]" range " f64[2,3]" range, NULL, NULL}, {"f64[2,3]" range " f64[3]" range, NULL, NULL}, \
        {"f64[2,1]" range " f64[4,1,3]" range, NULL, NULL}, MISMATCH("f64[2,3] f64[3,2]", NULL)
#define SAMPLES_3(range, numbers)                                             \
    {"f64[2,3]" range " f64[2,3]" range " f64[2,3]" range, numbers, NULL},    \
        {"f64[2,1]" range " f64[4,1,3]" range " f64[]" range, numbers, NULL}, \
        MISMATCH("f64[2,3] f64[2,1] f64[3,2]", numbers)

const tp_op tp__elementwise_ops[TP__N_ELEMENTWISE] = {
#define UNARY(op_name, kind, forward_, gradient, low, high, doc) \
    RECORD(op_name, 1, kind, 0, doc, SAMPLES_1(RANGE(low, high), NULL))
#define UNARY_WITH(op_name, kind, numbers, forward_, gradient, low, high, doc) \
    RECORD(op_name, 1, kind, sizeof(tp__numbers), doc, SAMPLES_1(RANGE(low, high), numbers))
#define BINARY(op_name, kind, forward_, gradient_a, gradient_b, low, high, doc) \
    RECORD(op_name, 2, kind, 0, doc, SAMPLES_2(RANGE(low, high)))
#define TERNARY(op_name, kind, forward_, gradient_a, gradient_b, gradient_c, low, high, doc) \
    RECORD(op_name, 3, kind, 0, doc, SAMPLES_3(RANGE(low, high), NULL))
#define TERNARY_WITH(op_name, kind, numbers, forward_, gradient_a, gradient_b, gradient_c, low, high, doc) \
    RECORD(op_name, 3, kind, sizeof(tp__numbers), doc, SAMPLES_3(RANGE(low, high), numbers))
#define NO_GRADIENT(op_name, operands, infer_, forward_, doc, ...) \
    [TP__EW_##op_name] = {.name = #op_name,                        \
                          .n_inputs = operands,                    \
                          .n_outputs = 1,                          \
                          .infer = infer_,                         \
                          .forward = forward_,                     \
                          .no_gradient = TP_NO_GRAD,               \
                          .documentation = doc,                    \
                          .samples = (const tp_sample[]){__VA_ARGS__, {NULL, NULL, NULL}}},
#define TEST(op_name, forward_, doc) \
    NO_GRADIENT(op_name, 1, infer_test, forward_test, doc, {"f64[2,3]", NULL, NULL})
#define COMPARE(op_name, forward_, doc)                                                     \
    NO_GRADIENT(op_name, 2, infer_test, forward_test, doc, {"f64[2,3] f64[3]", NULL, NULL}, \
                MISMATCH("f64[2,3] f64[3,2]", NULL))
#define BITS(op_name, kind, forward_, doc)                                              \
    NO_GRADIENT(op_name, 1, infer_##kind, forward, doc, {"i64[2,3]<-9,9>", NULL, NULL}, \
                {"f32[2,3]", NULL, "not implemented for 'float32'"})
#define TWO_BITS(op_name, kind, forward_, doc)                                                       \
    NO_GRADIENT(op_name, 2, infer_##kind, forward, doc, {"i64[2,3]<-9,9> i64[3]<-3,9>", NULL, NULL}, \
                {"i32[2,3] f32[3]", NULL, "not implemented for 'float32'"},                          \
                MISMATCH("u8[2,3] u8[3,2]", NULL))
#include "backend/cpu/elementwise_rows.h"
};
#undef ONE
#undef TWO
#undef THREE

const tp_op *const tp__op_add = &tp__elementwise_ops[TP__EW_add];
