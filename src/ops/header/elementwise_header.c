/* Writes include/taper/elementwise.h: the rows of elementwise.def read as declarations. */
#include <stdio.h>
#include <stdlib.h>

/* What a row is called as, besides by its name. */
enum { IN_PLACE = 1 };

static const struct row {
    const char *name;
    int operands, forms;
    const char *documentation;
    const char *numbers[3][2]; /* names and defaults */
} rows[] = {
#define ONE(p, p_default)  \
    {                      \
        {                  \
#p, #p_default \
        }                  \
    }
#define TWO(p, p_default, q, q_default) \
    {                                   \
        {#p, #p_default},               \
        {                               \
#q, #q_default              \
        }                               \
    }
#define THREE(p, p_default, q, q_default, r, r_default) \
    {                                                   \
        {#p, #p_default}, {#q, #q_default},             \
        {                                               \
#r, #r_default                              \
        }                                               \
    }
#define UNARY(name, kind, forward, gradient, low, high, documentation) \
    {#name, 1, IN_PLACE, documentation, {{NULL}}},
#define UNARY_WITH(name, kind, numbers, forward, gradient, low, high, documentation) \
    {#name, 1, IN_PLACE, documentation, numbers},
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    {#name, 2, IN_PLACE, documentation, {{NULL}}},
#define TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation) \
    {#name, 3, IN_PLACE, documentation, {{NULL}}},
#define TERNARY_WITH(name, kind, numbers, forward, gradient_a, gradient_b, gradient_c, low, high, \
                     documentation)                                                               \
    {#name, 3, IN_PLACE, documentation, numbers},
#define TEST(name, forward, documentation) {#name, 1, 0, documentation, {{NULL}}},
#define COMPARE(name, forward, documentation) {#name, 2, 0, documentation, {{NULL}}},
#define BITS(name, kind, forward, documentation) {#name, 1, IN_PLACE, documentation, {{NULL}}},
#define TWO_BITS(name, kind, forward, documentation) {#name, 2, IN_PLACE, documentation, {{NULL}}},
#include "backend/cpu/elementwise_rows.h"
};

static const size_t n_rows = sizeof rows / sizeof rows[0];

static const char opening[] =
    "/* The elementwise operations, made from the rows of src/backend/cpu/elementwise.def.\n"
    " *\n"
    " * Operands broadcast and promote as PyTorch's do. The last operand of tp_add, tp_lerp and their like "
    "is a "
    "tensor\n"
    " * or a number of the program: each is one macro over three functions, tp_add_tensor, tp_add_scalar (a "
    "double) and\n"
    " * tp_add_integer; in C++ it is overloaded. With the number on the left there are tp_rsub, tp_rdiv and "
    "tp_rpow.\n"
    " *\n"
    " * Operations with numbers of their own take them by place or by name, and have PyTorch's defaults: "
    "tp_elu(x),\n"
    " * tp_elu(x, 0.5), tp_elu(x, .alpha = 0.5); the function is tp_elu_with.\n"
    " *\n"
    " * A name that ends in _ writes the result into the first operand, and returns a status. Like tp_assign "
    "it "
    "is not\n"
    " * recorded: TP_ERROR_STATE for a tensor with history, for a leaf that requires a gradient unless "
    "recording is off,\n"
    " * for elements that share memory, and, while recording, for another operand that requires a gradient; "
    "TP_ERROR_SHAPE\n"
    " * and TP_ERROR_DTYPE where the target cannot hold the result. */\n"
    "#ifndef TAPER_ELEMENTWISE_H\n"
    "#define TAPER_ELEMENTWISE_H\n\n"
    "#include \"taper/autograd.h\"\n\n"
    "#ifdef __cplusplus\n"
    "#include <type_traits>\n"
    "#endif\n\n"
    "TP_BEGIN\n\n";

static const char middle[] =
    "/* b - a, b / a and b to the power a, for a number b on the left: tp_rsub(a, b), tp_rdiv(a, b), "
    "tp_rpow(a, b). */\n"
    "#define TP_REVERSED(name) \\\n"
    "    TP_API tp_tensor *name##_scalar(tp_tensor *a, double b); \\\n"
    "    TP_API tp_tensor *name##_integer(tp_tensor *a, int64_t b);\n"
    "TP_REVERSED(tp_rsub)\n"
    "TP_REVERSED(tp_rdiv)\n"
    "TP_REVERSED(tp_rpow)\n"
    "#undef TP_REVERSED\n\n"
    "TP_CLOSE\n\n"
    "#ifdef __cplusplus\n"
    "namespace taper\n"
    "{\n"
    "/* NULL is an integer in C++, of this type: so that it means no tensor, a long is not taken as it is. "
    "*/\n"
    "struct whole {\n"
    "    int64_t value;\n"
    "    whole(long number) : value(number) {}\n"
    "};\n"
    "template <class N, class Result>\n"
    "using if_integer = typename std::enable_if<std::is_integral<N>::value && !std::is_same<N, long>::value, "
    "Result>::type;\n"
    "template <class N, class Result>\n"
    "using if_floating = typename std::enable_if<std::is_floating_point<N>::value, Result>::type;\n"
    "} // namespace taper\n"
    "/* Overloads of `name` for a number behind the operands, by name_scalar and name_integer followed by "
    "`end`. "
    "*/\n"
    "#define TP_NUMBERS(result, name, end, parameters, ...) \\\n"
    "    template <class N> inline taper::if_floating<N, result> name##end(parameters, N b) { return "
    "name##_scalar##end(__VA_ARGS__, static_cast<double>(b)); } \\\n"
    "    template <class N> inline taper::if_integer<N, result> name##end(parameters, N b) { return "
    "name##_integer##end(__VA_ARGS__, static_cast<int64_t>(b)); } \\\n"
    "    inline result name##end(parameters, taper::whole b) { return name##_integer##end(__VA_ARGS__, "
    "b.value); "
    "}\n"
    "#define TP_OVERLOADS(result, name, end, parameters, ...) \\\n"
    "    TP_NUMBERS(result, name, end, TP_PARAMETERS(parameters), __VA_ARGS__) \\\n"
    "    inline result name##end(parameters, tp_tensor *b) { return name##_tensor##end(__VA_ARGS__, b); }\n"
    "#define TP_PARAMETERS(...) __VA_ARGS__\n"
    "TP_NUMBERS(tp_tensor *, tp_rsub, , tp_tensor *a, a)\n"
    "TP_NUMBERS(tp_tensor *, tp_rdiv, , tp_tensor *a, a)\n"
    "TP_NUMBERS(tp_tensor *, tp_rpow, , tp_tensor *a, a)\n";

static const char generic[] =
    "#undef TP_OVERLOADS\n"
    "#undef TP_NUMBERS\n"
    "#else\n"
    "#define TP_OPERAND(name, end, b) \\\n"
    "    _Generic((b), tp_tensor *: name##_tensor##end, void *: name##_tensor##end, float: "
    "name##_scalar##end, \\\n"
    "        double: name##_scalar##end, default: name##_integer##end)\n"
    "#define TP_NUMBER(name, b) _Generic((b), float: name##_scalar, double: name##_scalar, default: "
    "name##_integer)\n"
    "#define tp_rsub(a, b) TP_NUMBER(tp_rsub, b)(a, b)\n"
    "#define tp_rdiv(a, b) TP_NUMBER(tp_rdiv, b)(a, b)\n"
    "#define tp_rpow(a, b) TP_NUMBER(tp_rpow, b)(a, b)\n";

/* The operands of a row with numbers, with `before` each and `between` them. */
static void put_operands(FILE *out, const struct row *row, const char *before, const char *between)
{
    static const char *const names[] = {"input", "tensor1", "tensor2"};
    for (int k = 0; k < (row->operands == 3 ? 3 : 1); k++)
        fprintf(out, "%s%s%s", k ? between : "", before, names[k]);
}

static void declare_with_numbers(FILE *out, const struct row *row)
{
    const char *name = row->name;
    fprintf(out, "typedef struct tp_%s_options {\n#ifdef __cplusplus\n    tp_tensor *", name);
    put_operands(out, row, "", " = nullptr, *");
    fprintf(out, " = nullptr;\n");
    for (int k = 0; k < 3 && row->numbers[k][0]; k++)
        fprintf(out, "    double %s = %s;\n", row->numbers[k][0], row->numbers[k][1]);
    fprintf(out, "#else\n    tp_tensor *");
    put_operands(out, row, "", ", *");
    fprintf(out, ";\n");
    for (int k = 0; k < 3 && row->numbers[k][0]; k++)
        fprintf(out, "    double %s; /* %s */\n", row->numbers[k][0],
                row->numbers[k][1][0] == '_' ? "NaN" : row->numbers[k][1]);
    fprintf(out,
            "#endif\n} tp_%s_options;\n"
            "TP_API tp_tensor *tp_%s_with(const tp_%s_options *options);\n"
            "TP_API tp_status tp_%s_with_(const tp_%s_options *options);\n\n",
            name, name, name, name, name);
}

static void declare(FILE *out, const struct row *row, const char *result, const char *end)
{
    const char *name = row->name;
    if (row->operands == 1) {
        fprintf(out, "TP_API %stp_%s%s(tp_tensor *x);\n", result, name, end);
        return;
    }
    static const char *const kinds[][2] = {
        {"tensor", "tp_tensor *"}, {"scalar", "double "}, {"integer", "int64_t "}};
    for (int k = 0; k < 3; k++) {
        if (row->operands == 2)
            fprintf(out, "TP_API %stp_%s_%s%s(tp_tensor *a, %sb);\n", result, name, kinds[k][0], end,
                    kinds[k][1]);
        else
            fprintf(out, "TP_API %stp_%s_%s%s(tp_tensor *a, tp_tensor *b, %sc);\n", result, name, kinds[k][0],
                    end, kinds[k][1]);
    }
}

static void overload(FILE *out, const struct row *row, const char *result, const char *end)
{
    const char *name = row->name;
    if (row->numbers[0][0]) {
        fprintf(out, "inline %stp_%s%s(", result, name, end);
        put_operands(out, row, "tp_tensor *", ", ");
        for (int k = 0; k < 3 && row->numbers[k][0]; k++)
            fprintf(out, ", double %s = %s", row->numbers[k][0], row->numbers[k][1]);
        fprintf(out, ")\n{\n    tp_%s_options options;\n", name);
        static const char *const names[] = {"input", "tensor1", "tensor2"};
        for (int k = 0; k < (row->operands == 3 ? 3 : 1); k++)
            fprintf(out, "    options.%s = %s;\n", names[k], names[k]);
        for (int k = 0; k < 3 && row->numbers[k][0]; k++)
            fprintf(out, "    options.%s = %s;\n", row->numbers[k][0], row->numbers[k][0]);
        fprintf(out, "    return tp_%s_with%s(&options);\n}\n", name, end);
    } else if (row->operands == 2) {
        fprintf(out, "TP_OVERLOADS(%s, tp_%s, %s, tp_tensor *a, a)\n", result, name, end);
    } else if (row->operands == 3) {
        fprintf(out, "TP_OVERLOADS(%s, tp_%s, %s, TP_PARAMETERS(tp_tensor *a, tp_tensor *c), a, c)\n", result,
                name, end);
    }
}

static void define(FILE *out, const struct row *row, const char *result, const char *end)
{
    const char *name = row->name;
    if (row->numbers[0][0]) {
        fprintf(out, "#define tp_%s%s(...) TP_WITH_OPTIONS(%s, tp_%s_with%s, tp_%s_options", name, end,
                result, name, end, name);
        for (int k = 0; k < 3 && row->numbers[k][0]; k++)
            fprintf(out, ", .%s = %s", row->numbers[k][0], row->numbers[k][1]);
        fprintf(out, ", .input = __VA_ARGS__)\n");
    } else if (row->operands == 2) {
        fprintf(out, "#define tp_%s%s(a, b) TP_OPERAND(tp_%s, %s, b)(a, b)\n", name, end, name, end);
    } else if (row->operands == 3) {
        fprintf(out, "#define tp_%s%s(a, b, c) TP_OPERAND(tp_%s, %s, c)(a, b, c)\n", name, end, name, end);
    }
}

static void each(FILE *out, void (*put)(FILE *, const struct row *, const char *, const char *))
{
    for (size_t i = 0; i < n_rows; i++) {
        put(out, &rows[i], "tp_tensor *", "");
        if (rows[i].forms & IN_PLACE)
            put(out, &rows[i], "tp_status ", "_");
    }
}

int main(int count, char **arguments)
{
    FILE *out = count == 2 ? fopen(arguments[1], "w") : NULL;
    if (!out)
        return EXIT_FAILURE;
    fputs(opening, out);
    for (size_t i = 0; i < n_rows; i++) {
        fprintf(out, "/* %s */\n", rows[i].documentation);
        if (rows[i].numbers[0][0]) {
            declare_with_numbers(out, &rows[i]);
            continue;
        }
        declare(out, &rows[i], "tp_tensor *", "");
        if (rows[i].forms & IN_PLACE)
            declare(out, &rows[i], "tp_status ", "_");
        fputs("\n", out);
    }
    fputs(middle, out);
    each(out, overload);
    fputs(generic, out);
    each(out, define);
    fputs("#endif\n\n#endif\n", out);
    return fclose(out) ? EXIT_FAILURE : EXIT_SUCCESS;
}
