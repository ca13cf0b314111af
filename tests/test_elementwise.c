/* What the rows' public functions are in a program: numbers by place and by name, operations in place, what
 * is refused. Values are in test_elementwise_golden.c. */
#include "test.h"

#include "taper/taper.h"

static tp_tensor *f64(const char *text)
{
    return tp_from_text(TP_F64, text);
}

/* Whether `t` has just these elements, NaN being equal to itself. */
static bool is(const tp_tensor *t, const char *text)
{
    if (!t)
        return false;
    const tp_tensor *want = tp_from_text(tp_dtype_of(t), text);
    return want && tp_equal(t, want);
}

static void numbers(void)
{
    TP_SCOPE(numbers);
    tp_tensor *x = f64("[-2, -0.5, 0, 1, 4]");
    CHECK(is(tp_leaky_relu(x, 0.5), "[-1, -0.25, 0, 1, 4]"));
    CHECK(is(tp_leaky_relu(x, .negative_slope = 0.5), "[-1, -0.25, 0, 1, 4]"));
    CHECK(tp_equal(tp_leaky_relu(x), tp_leaky_relu(x, 0.01)));
    CHECK(is(tp_hardtanh(x), "[-1, -0.5, 0, 1, 1]") && is(tp_hardtanh(x, -1.5), "[-1.5, -0.5, 0, 1, 1]"));
    CHECK(is(tp_hardtanh(x, .max_val = 2), "[-1, -0.5, 0, 1, 2]"));
    CHECK(is(tp_threshold(x, 0.5, 9), "[9, 9, 9, 1, 4]") && is(tp_threshold(x), "[0, 0, 0, 1, 4]"));
    CHECK(is(tp_hardshrink(x), "[-2, 0, 0, 1, 4]") && is(tp_softshrink(x), "[-1.5, 0, 0, 0.5, 3.5]"));
    CHECK(tp_allclose(tp_softplus(x, .beta = 2), tp_mul(tp_softplus(tp_mul(x, 2)), 0.5), 1e-14, 0));
    CHECK(tp_allclose(tp_celu(x, 2), tp_mul(tp_elu(tp_mul(x, 0.5)), 2), 1e-14, 1e-16));
    /* One struct serves function pointers and other languages; 0 is a value like others. */
    CHECK(is(tp_elu_with(&(tp_elu_options){.input = x, .alpha = 0}), "[0, 0, 0, 1, 4]"));
    tp_tensor *odd = f64("[nan, inf, -inf, 1]");
    CHECK(is(tp_nan_to_num(odd), "[0, 1.7976931348623157e308, -1.7976931348623157e308, 1]"));
    CHECK(is(tp_nan_to_num(odd, 5, .posinf = (double)INFINITY, .neginf = -1), "[5, inf, -1, 1]"));
    CHECK(is(tp_nan_to_num(tp_to(odd, TP_F32), .neginf = 0), "[0, 3.4028234663852886e38, 0, 1]"));
    CHECK(is(tp_nan_to_num(tp_from_text(TP_I32, "[3, -4]")), "[3, -4]"));
    tp_tensor *a = f64("[1, 2]"), *b = f64("[3, 5]"), *c = f64("[2, 4]");
    CHECK(is(tp_addcmul(a, b, c), "[7, 22]") && is(tp_addcmul(a, b, c, .value = -1), "[-5, -18]"));
    CHECK(is(tp_addcdiv(a, b, c, 2), "[4, 4.5]"));
    CHECK(is(tp_lerp(a, b, 0.5), "[2, 3.5]") && is(tp_lerp(a, b, 1), "[3, 5]") &&
          is(tp_lerp(a, b, f64("[0, 1]")), "[1, 5]"));
    tp_tensor *whole = tp_from_text(TP_I64, "[7, -7]");
    CHECK(is(tp_addcmul(whole, whole, whole, .value = 2), "[105, 91]"));
    CHECK(is(tp_floor_divide(whole, 2), "[3, -4]") && is(tp_remainder(whole, -4), "[-1, -3]") &&
          is(tp_fmod(whole, 4), "[3, -3]") && tp_dtype_of(tp_fmod(whole, 4)) == TP_I64);
    CHECK(is(tp_bitwise_left_shift(whole, 1), "[14, -14]") && is(tp_bitwise_not(whole), "[-8, 6]"));
    CHECK_OK();
    CHECK(!tp_elu(NULL) && !tp_addcmul(a, NULL, b));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "elu: operand 0 is NULL");
}

/* tp_SOMETHING_(x) leaves what tp_SOMETHING(x) gives. */
static void in_place_values(void)
{
    TP_SCOPE(values);
    const char *text = "[[0.1, 0.5, 0.9], [0.2, 0.4, 0.3]]";
#define SAME(operation, ...)                                                \
    do {                                                                    \
        tp_tensor *x = f64(text), *y = tp_##operation(x __VA_ARGS__);       \
        tp_tensor *t = tp_t(tp_clone(tp_t(x)));                             \
        CHECK(!tp_is_contiguous(t));                                        \
        CHECK(tp_##operation##_(x __VA_ARGS__) == TP_OK && tp_equal(x, y)); \
        CHECK(tp_##operation##_(t __VA_ARGS__) == TP_OK && tp_equal(t, y)); \
    } while (0)
    tp_tensor *row = f64("[2, 3, 0.5]");
    SAME(exp, );
    SAME(relu, );
    SAME(neg, );
    SAME(sigmoid, );
    SAME(erfinv, );
    SAME(add, , 2);
    SAME(mul, , 2.5);
    SAME(sub, , row);
    SAME(div, , row);
    SAME(pow, , 2);
    SAME(pow, , 3);
    SAME(pow, , -0.5);
    SAME(maximum, , row);
    SAME(remainder, , 0.15);
    SAME(elu, , .alpha = 2);
    SAME(hardtanh, , 0.2, 0.4);
    SAME(clamp, , 0.2, 0.4);
    SAME(clamp, , -(double)INFINITY, (double)INFINITY);
    SAME(lerp, , row, 0.25);
    SAME(addcmul, , row, row, .value = 0.5);
    SAME(addcdiv, , row, row);
    CHECK_OK();
    /* Narrower types take the result; overlapping views are read before they are written. */
    tp_tensor *n = tp_from_text(TP_I32, "[5, -5]");
    CHECK(tp_add_(n, tp_from_text(TP_I64, "[1, 2]")) == TP_OK && is(n, "[6, -3]"));
    CHECK(tp_mul_(n, true) == TP_OK && tp_bitwise_and_(n, 5) == TP_OK && is(n, "[4, 5]"));
    tp_tensor *f = tp_from_text(TP_F32, "[1, 2]");
    CHECK(tp_add_(f, f64("[0.5, 1]")) == TP_OK && is(f, "[1.5, 3]"));
    tp_tensor *line = f64("[1, 2, 3, 4, 5]");
    CHECK(tp_add_(tp_narrow(line, 0, 1, 4), tp_narrow(line, 0, 0, 4)) == TP_OK &&
          is(line, "[1, 3, 5, 7, 9]"));
    CHECK(tp_mul_(line, line) == TP_OK && is(line, "[1, 9, 25, 49, 81]"));
    CHECK(tp_sub_(line, tp_narrow(line, 0, 1, 1)) == TP_OK && is(line, "[-8, 0, 16, 40, 72]"));
    CHECK(tp_zero_(line) == TP_OK && is(line, "[0, 0, 0, 0, 0]"));
    CHECK(tp_copy_(line, tp_from_text(TP_I64, "3")) == TP_OK && is(line, "[3, 3, 3, 3, 3]"));
    CHECK_OK();
}

static void in_place_rules(void)
{
    TP_SCOPE(rules);
    tp_tensor *w = tp_requires_grad_(f64("[1, 2]"), true), *x = f64("[3, 4]"), *y = tp_mul(w, x);
    CHECK(tp_add_(w, 1) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE,
                "add_: a leaf Variable that requires grad is being used in an in-place operation");
    CHECK(tp_exp_(y) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "only tensors without history can be written");
    CHECK(tp_mul_(x, w) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE,
                "mul_: operand 1 requires a gradient, and operations in place are not recorded");
    CHECK(tp_relu_(tp_expand(f64("[[1]]"), 2, 2)) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "more than one element of the target refers to a single memory location");
    CHECK(is(w, "[1, 2]") && is(x, "[3, 4]"));
    {
        TP_SCOPE_NO_GRAD(off);
        CHECK(tp_lerp_(w, x, 0.5) == TP_OK && is(w, "[2, 3]"));
        CHECK(tp_mul_(x, w) == TP_OK && is(x, "[6, 12]"));
    }
    CHECK_OK();
    /* x was saved for w's gradient, and is another one now. */
    CHECK(tp_backward(tp_sum(y)) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "modified by an inplace operation");
    tp_tensor *whole = tp_from_text(TP_I64, "[1, 2]");
    CHECK(tp_add_(whole, 1.5) == TP_ERROR_DTYPE);
    CHECK_ERROR(TP_ERROR_DTYPE, "result type float32 can't be cast to the desired output type int64");
    CHECK(tp_sqrt_(whole) == TP_ERROR_DTYPE);
    CHECK_ERROR(TP_ERROR_DTYPE, "sqrt_: result type float32 can't be cast");
    CHECK(tp_add_(x, f64("[[1, 2], [3, 4]]")) == TP_ERROR_SHAPE);
    CHECK_ERROR(TP_ERROR_SHAPE, "output with shape [2] doesn't match the broadcast shape [2, 2]");
    CHECK(tp_add_(x, f64("[1, 2, 3]")) == TP_ERROR_SHAPE);
    CHECK_ERROR(TP_ERROR_SHAPE, "do not broadcast");
    CHECK(tp_floor_divide_(whole, 0) == TP_ERROR_VALUE && is(whole, "[1, 2]"));
    CHECK_ERROR(TP_ERROR_VALUE, "floor_divide_: ZeroDivisionError: element 0 of the divisor is 0");
    CHECK(tp_neg_(NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "neg_");
    CHECK(tp_add_(x, NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "add_: operand 1 is NULL");
    CHECK(tp_add_(x, tp_to_csr(tp_eye(TP_F64, 2, 2))) == TP_ERROR_UNSUPPORTED);
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "add_: operand 1 is a CSR matrix");
    CHECK(tp_relu_(tp_to_csr(tp_eye(TP_F64, 2, 2))) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "relu_: the target is a CSR matrix");
}

static void refusals(void)
{
    TP_SCOPE(refusals);
    tp_tensor *whole = tp_from_text(TP_I64, "[[6, 5], [4, 3]]"), *real = f64("[1, 2]");
    tp_tensor *divisor = tp_t(tp_from_text(TP_I64, "[[1, 2], [0, 3]]"));
#define ZERO_DIVISOR(operation)                                                               \
    CHECK(!operation(whole, divisor));                                                        \
    CHECK_ERROR(TP_ERROR_VALUE, "ZeroDivisionError: element 1 of the divisor is 0");          \
    CHECK(!operation(whole, 0) && !operation(whole, tp_from_text(TP_BOOL, "[true, false]"))); \
    CHECK_ERROR(TP_ERROR_VALUE, "ZeroDivisionError");                                         \
    CHECK(operation(tp_zeros(TP_I64, 0, 2), 0) && operation(real, 0) && operation(whole, 0.0));
    ZERO_DIVISOR(tp_floor_divide)
    ZERO_DIVISOR(tp_remainder)
    ZERO_DIVISOR(tp_fmod)
    CHECK_OK();
    tp_tensor *least = tp_add(tp_zeros(TP_I64, 1), INT64_MIN);
    CHECK(tp_item_i64(tp_floor_divide(least, -1)) == INT64_MIN && tp_item_i64(tp_fmod(least, -1)) == 0);
    CHECK(!tp_remainder(tp_ones(TP_BOOL, 2), tp_ones(TP_BOOL, 2)));
    CHECK_ERROR(TP_ERROR_DTYPE, "remainder: is not defined for bool");
    CHECK(!tp_bitwise_and(real, real));
    CHECK_ERROR(TP_ERROR_DTYPE,
                "bitwise_and: not implemented for 'float64'; it takes integer and bool dtypes");
    CHECK(!tp_bitwise_left_shift(tp_ones(TP_BOOL, 2), tp_ones(TP_BOOL, 2)));
    CHECK_ERROR(TP_ERROR_DTYPE, "bitwise_left_shift: not implemented for 'bool'; it takes integer dtypes");
    CHECK(!tp_gelu(whole));
    CHECK_ERROR(TP_ERROR_DTYPE, "gelu: not implemented for 'int64'; it takes floating dtypes");
    CHECK(!tp_relu(tp_ones(TP_BOOL, 2)));
    CHECK_ERROR(TP_ERROR_DTYPE, "relu: is not defined for bool");
    CHECK(!tp_glu(tp_zeros(TP_F32, 2, 3), 1));
    CHECK_ERROR(TP_ERROR_SHAPE, "glu: Halving dimension must be even, but dimension 1 is size 3");
    CHECK(!tp_glu(real, 1) && !tp_glu(NULL, 0));
    CHECK_ERROR(TP_ERROR_INDEX, "Dimension out of range");
    CHECK(!tp_add(real, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "add: operand 1 is NULL");
}

/* exp takes floats in groups, by one of two ways; each result is what its number has alone. */
static void exp_in_groups(void)
{
    static const float far[] = {87,     87.00001f, 88.5f, 88.8f, 104,      105,       -87,
                                -87.1f, -87.4f,    -95,   -104,  INFINITY, -INFINITY, NAN};
    TP_SCOPE(exp_in_groups);
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        tp_tensor *x = tp_randn(TP_F32, 101), *y = tp_clone(x);
        tp_data_f32(x)[37] = tp_data_f32(y)[37] = far[i];
        CHECK(tp_exp_(y) == TP_OK && !memcmp(tp_data(y), tp_data(tp_exp(x)), 101 * sizeof(float)));
        for (int64_t k = 0; k < 101; k++) {
            const double alone = tp_item(tp_exp(tp_full(TP_F32, tp_data_f32(x)[k], 1)));
            const double in_group = (double)tp_data_f32(y)[k];
            CHECK(in_group == alone || (isnan(in_group) && isnan(alone)));
        }
    }
    CHECK_OK();
}

int main(void)
{
    numbers();
    exp_in_groups();
    in_place_values();
    in_place_rules();
    refusals();
    tp_finish();
    return test_end();
}
