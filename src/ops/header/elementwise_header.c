/* Writes include/taper/elementwise.h: the rows of elementwise.def read as declarations. */
#include <stdio.h>
#include <stdlib.h>

#define UNARY(name, kind, forward, gradient, low, high, documentation) {#name, 1, documentation},
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    {#name, 2, documentation},
#define TEST(name, forward, documentation) {#name, 1, documentation},
#define COMPARE(name, forward, documentation) {#name, 2, documentation},

static const struct {
    const char *name;
    int operands;
    const char *documentation;
} rows[] = {
#include "backend/cpu/elementwise.def"
};

static const size_t n_rows = sizeof rows / sizeof rows[0];

static const char opening[] =
    "/* The elementwise operations, made from the rows of src/backend/cpu/elementwise.def.\n"
    " *\n"
    " * Operands broadcast and promote as PyTorch's do. The second operand of tp_add and its like is a "
    "tensor or a\n"
    " * number of the program: each is one macro over three functions, tp_add_tensor, tp_add_scalar (a "
    "double) and\n"
    " * tp_add_integer; in C++ it is overloaded. With the number on the left there are tp_rsub, tp_rdiv and "
    "tp_rpow. */\n"
    "#ifndef TAPER_ELEMENTWISE_H\n"
    "#define TAPER_ELEMENTWISE_H\n\n"
    "#include \"taper/autograd.h\"\n\n"
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
    "#define TP_NUMBERS(name) \\\n"
    "    static inline tp_tensor *name(tp_tensor *a, double b) { return name##_scalar(a, b); } \\\n"
    "    static inline tp_tensor *name(tp_tensor *a, int b) { return name##_integer(a, b); } \\\n"
    "    static inline tp_tensor *name(tp_tensor *a, long b) { return name##_integer(a, b); } \\\n"
    "    static inline tp_tensor *name(tp_tensor *a, long long b) { return name##_integer(a, b); } \\\n"
    "    static inline tp_tensor *name(tp_tensor *a, unsigned b) { return name##_integer(a, b); }\n"
    "#define TP_OVERLOADS(name) \\\n"
    "    TP_NUMBERS(name) \\\n"
    "    static inline tp_tensor *name(tp_tensor *a, tp_tensor *b) { return name##_tensor(a, b); }\n"
    "TP_NUMBERS(tp_rsub)\n"
    "TP_NUMBERS(tp_rdiv)\n"
    "TP_NUMBERS(tp_rpow)\n";

static const char generic[] = "#undef TP_OVERLOADS\n"
                              "#else\n"
                              "#define TP_OPERAND(name, b) \\\n"
                              "    _Generic((b), tp_tensor *: name##_tensor, void *: name##_tensor, float: "
                              "name##_scalar, double: name##_scalar, \\\n"
                              "        default: name##_integer)\n"
                              "#define TP_NUMBER(name, b) _Generic((b), float: name##_scalar, double: "
                              "name##_scalar, default: name##_integer)\n"
                              "#define tp_rsub(a, b) TP_NUMBER(tp_rsub, b)(a, b)\n"
                              "#define tp_rdiv(a, b) TP_NUMBER(tp_rdiv, b)(a, b)\n"
                              "#define tp_rpow(a, b) TP_NUMBER(tp_rpow, b)(a, b)\n";

int main(int count, char **arguments)
{
    FILE *out = count == 2 ? fopen(arguments[1], "w") : NULL;
    if (!out)
        return EXIT_FAILURE;
    fputs(opening, out);
    for (size_t i = 0; i < n_rows; i++) {
        fprintf(out, "/* %s */\n", rows[i].documentation);
        if (rows[i].operands == 1)
            fprintf(out, "TP_API tp_tensor *tp_%s(tp_tensor *x);\n\n", rows[i].name);
        else
            fprintf(out,
                    "TP_API tp_tensor *tp_%s_tensor(tp_tensor *a, tp_tensor *b);\n"
                    "TP_API tp_tensor *tp_%s_scalar(tp_tensor *a, double b);\n"
                    "TP_API tp_tensor *tp_%s_integer(tp_tensor *a, int64_t b);\n\n",
                    rows[i].name, rows[i].name, rows[i].name);
    }
    fputs(middle, out);
    for (size_t i = 0; i < n_rows; i++)
        if (rows[i].operands == 2)
            fprintf(out, "TP_OVERLOADS(tp_%s)\n", rows[i].name);
    fputs(generic, out);
    for (size_t i = 0; i < n_rows; i++)
        if (rows[i].operands == 2)
            fprintf(out, "#define tp_%s(a, b) TP_OPERAND(tp_%s, b)(a, b)\n", rows[i].name, rows[i].name);
    fputs("#endif\n\n#endif\n", out);
    return fclose(out) ? EXIT_FAILURE : EXIT_SUCCESS;
}
