/* The rows of elementwise.def as public functions: the operations, and the same in place. */
#include "ops/elementwise.h"
#include "taper/ops.h"

/* x to the power 2 is x times x in every respect, and much faster so. */
static int with_number(int index, const tp_tensor *a, const tp_tensor *number)
{
    const bool square = index == TP__EW_pow && a && tp_dtype_is_float((tp_dtype)a->dtype) &&
                        tp__load_f64((tp_dtype)number->dtype, number->data) == 2;
    return square ? TP__EW_square : index;
}

static tp_tensor *apply(int index, tp_tensor *const *inputs, const void *numbers)
{
    const tp_op *op = &tp__elementwise_ops[index];
    return tp_apply(op, inputs, op->n_inputs, numbers);
}

static const char *const names_in_place[TP__N_ELEMENTWISE] = {
#define ROW(name) [TP__EW_##name] = #name "_",
#include "backend/cpu/elementwise_rows.h"
};

static tp_status write(int index, tp_tensor *const *inputs, const void *numbers)
{
    const tp_op *op = &tp__elementwise_ops[index];
    return tp__in_place(op, names_in_place[index], inputs, op->n_inputs, numbers);
}

/* ---- One function each: its type and name, what it calls, and the row ---- */

#define OF_1(function, verb, name)            \
    function(tp_tensor *x)                    \
    {                                         \
        return verb(TP__EW_##name, &x, NULL); \
    }
#define OF_2(function, verb, name)                \
    function(tp_tensor *a, tp_tensor *b)          \
    {                                             \
        tp_tensor *const inputs[2] = {a, b};      \
        return verb(TP__EW_##name, inputs, NULL); \
    }
#define OF_2_NUMBER(function, verb, name, number_type, init)                 \
    function(tp_tensor *a, number_type b)                                    \
    {                                                                        \
        tp__number number;                                                   \
        tp_tensor *const inputs[2] = {a, init(&number, b)};                  \
        return verb(with_number(TP__EW_##name, a, inputs[1]), inputs, NULL); \
    }
#define OF_3(function, verb, name)                     \
    function(tp_tensor *a, tp_tensor *b, tp_tensor *c) \
    {                                                  \
        tp_tensor *const inputs[3] = {a, b, c};        \
        return verb(TP__EW_##name, inputs, NULL);      \
    }
#define OF_3_NUMBER(function, verb, name, number_type, init)   \
    function(tp_tensor *a, tp_tensor *b, number_type c)        \
    {                                                          \
        tp__number number;                                     \
        tp_tensor *const inputs[3] = {a, b, init(&number, c)}; \
        return verb(TP__EW_##name, inputs, NULL);              \
    }
#define WITH_OPTIONS(function, verb, name, numbers, ...) \
    function(const tp_##name##_options *options)         \
    {                                                    \
        tp_tensor *const nothing[3] = {NULL};            \
        if (!options)                                    \
            return verb(TP__EW_##name, nothing, NULL);   \
        tp_tensor *const inputs[] = {__VA_ARGS__};       \
        return verb(TP__EW_##name, inputs, numbers);     \
    }
#define THREE_FORMS(form, result, name, end, verb)                                             \
    form(result tp_##name##_tensor##end, verb, name)                                           \
        form##_NUMBER(result tp_##name##_scalar##end, verb, name, double, tp__number_init_f64) \
            form##_NUMBER(result tp_##name##_integer##end, verb, name, int64_t, tp__number_init_i64)

/* ---- The rows ---- */

#define ONE(p, p_default) (&(const tp__numbers){{options->p}})
#define TWO(p, p_default, q, q_default) (&(const tp__numbers){{options->p, options->q}})
#define THREE(p, p_default, q, q_default, r, r_default) \
    (&(const tp__numbers){{options->p, options->q, options->r}})

#define TEST(name, forward, documentation) OF_1(tp_tensor *tp_##name, apply, name)
#define COMPARE(name, forward, documentation) THREE_FORMS(OF_2, tp_tensor *, name, , apply)
#define BITS(name, kind, forward, documentation) \
    OF_1(tp_tensor *tp_##name, apply, name)      \
    OF_1(tp_status tp_##name##_, write, name)
#define TWO_BITS(name, kind, forward, documentation) \
    THREE_FORMS(OF_2, tp_tensor *, name, , apply)    \
    THREE_FORMS(OF_2, tp_status, name, _, write)
#define UNARY(name, kind, forward, gradient, low, high, documentation) \
    BITS(name, kind, forward, documentation)
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    TWO_BITS(name, kind, forward, documentation)
#define TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation) \
    THREE_FORMS(OF_3, tp_tensor *, name, , apply)                                                  \
    THREE_FORMS(OF_3, tp_status, name, _, write)
#define UNARY_WITH(name, kind, numbers, forward, gradient, low, high, documentation) \
    WITH_OPTIONS(tp_tensor *tp_##name##_with, apply, name, numbers, options->input)  \
    WITH_OPTIONS(tp_status tp_##name##_with_, write, name, numbers, options->input)
#define TERNARY_WITH(name, kind, numbers, forward, gradient_a, gradient_b, gradient_c, low, high,     \
                     documentation)                                                                   \
    WITH_OPTIONS(tp_tensor *tp_##name##_with, apply, name, numbers, options->input, options->tensor1, \
                 options->tensor2)                                                                    \
    WITH_OPTIONS(tp_status tp_##name##_with_, write, name, numbers, options->input, options->tensor1, \
                 options->tensor2)
#include "backend/cpu/elementwise_rows.h"
