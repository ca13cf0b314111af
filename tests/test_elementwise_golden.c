/* Every elementwise operation against PyTorch's values, gradients and second gradients. */
#include "operation_cases.h"

#include "ops/elementwise.h"
#include "taper/ops.h"

/* The record of that name. Missing operands are a number of the program, which comes behind the row's own. */
static tp_tensor *run(golden_case *c)
{
    const tp_op *op = tp_op_named(c->name);
    tp_tensor *inputs[4];
    for (int i = 0; i < c->n_inputs; i++)
        inputs[i] = c->inputs[i];
    tp__numbers numbers = {{c->numbers[0], c->numbers[1], c->numbers[2]}};
    if (c->n_inputs < op->n_inputs) {
        const double number = c->numbers[c->n_numbers - 2];
        inputs[c->n_inputs] =
            c->numbers[c->n_numbers - 1] != 0 ? tp__number_i64((int64_t)number) : tp__number_f64(number);
        if (!strcmp(c->name, "pow")) /* as a program writes it */
            return tp_pow(inputs[0], number);
    }
    return tp_apply(op, inputs, op->n_inputs, op->attributes_size ? &numbers : NULL);
}

static tp_tensor *run_glu(golden_case *c)
{
    return tp_glu(c->inputs[0], (int)c->numbers[0]);
}

int main(void)
{
    static golden_operation operations[TP__N_ELEMENTWISE + 2];
    for (int i = 0; i < TP__N_ELEMENTWISE; i++)
        operations[i] = (golden_operation){.name = tp__elementwise_ops[i].name, .run = run};
    operations[TP__N_ELEMENTWISE] = (golden_operation){.name = "glu", .run = run_glu};
    golden_check(TP_SOURCE_DIR "/tests/golden/elementwise.pack", operations);
    int without = 0;
    for (int i = 0; i < TP__N_ELEMENTWISE; i++)
        if (golden_tallies[i][0].cases + golden_tallies[i][1].cases == 0) {
            printf("%s has no cases of PyTorch's\n", tp__elementwise_ops[i].name);
            without++;
        }
    CHECK(without < 5);
    tp_finish();
    return test_end();
}
