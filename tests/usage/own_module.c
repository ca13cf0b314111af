/* A module of the program's own with two inputs and four outputs: an LSTM cell that also gives its gates. */
#include "taper/taper.h"
#include "test.h"

typedef struct cell {
    tp_module *module, *input, *hidden;
    int64_t size;
} cell;

typedef struct cell_outputs {
    tp_tensor *h, *c, *forget, *write;
} cell_outputs;

static cell *cell_new(int64_t inputs, int64_t size)
{
    tp_module *m = tp_module_new("Cell", NULL, sizeof(cell));
    cell *self = tp_module_data(m);
    if (!self)
        return NULL;
    *self = (cell){m, tp_register_module(m, "input", tp_linear(inputs, 4 * size)),
                   tp_register_module(m, "hidden", tp_linear(size, 4 * size)), size};
    return self;
}

static cell_outputs cell_forward(cell *self, tp_tensor *x, tp_tensor *h, tp_tensor *c)
{
    TP_MODULE_FRAME(self->module);
    tp_tensor *all = tp_add(tp_forward(self->input, x), tp_forward(self->hidden, h));
    tp_tensor *write = tp_sigmoid(tp_narrow(all, -1, 0, self->size));
    tp_tensor *forget = tp_sigmoid(tp_narrow(all, -1, self->size, self->size));
    tp_tensor *value = tp_tanh(tp_narrow(all, -1, 2 * self->size, self->size));
    tp_tensor *show = tp_sigmoid(tp_narrow(all, -1, 3 * self->size, self->size));
    tp_tensor *next = tp_add(tp_mul(forget, c), tp_mul(write, value));
    return (cell_outputs){tp_mul(show, tp_tanh(next)), next, forget, write};
}

int main(void)
{
    tp_manual_seed(5);
    cell *lstm = cell_new(1, 6);
    tp_module *head = tp_linear(6, 1), *model = tp_module_new("Counter", NULL, 0);
    tp_register_module(model, "cell", lstm->module);
    tp_register_module(model, "head", head);
    tp_parameter_list *parameters = tp_parameters(model);
    CHECK(parameters->count == 6);
    CHECK_TEXT(parameters->names[0], "cell.input.weight");
    tp_optimizer *adam = tp_adam(parameters, .lr = 0.02);
    double first = 0, last = 0;
    for (int i = 0; i < 300; i++) { /* the sum of five numbers */
        TP_SCOPE(step);
        tp_tensor *series = tp_rand(TP_F32, 5, 16, 1), *target = tp_sum_dim(series, 0, false);
        cell_outputs out = {.h = tp_zeros(TP_F32, 16, 6), .c = tp_zeros(TP_F32, 16, 6)};
        for (int t = 0; t < 5; t++)
            out = cell_forward(lstm, tp_select(series, 0, t), out.h, out.c);
        tp_tensor *loss = tp_mse_loss(tp_forward(head, out.h), target);
        /* A second output with a loss of its own. */
        loss = tp_add(loss, tp_mul(tp_mean(tp_square(out.forget)), 1e-4));
        tp_zero_grad(adam);
        CHECK(tp_backward(loss) == TP_OK && tp_step(adam) == TP_OK);
        *(i ? &last : &first) = tp_item(loss);
    }
    printf("loss %.4f at first, %.4f at last\n", first, last);
    CHECK(last < 0.1 * first);
    CHECK_OK();
    /* An error names the place. */
    CHECK(!cell_forward(lstm, tp_ones(TP_F32, 16, 3), tp_zeros(TP_F32, 16, 6), tp_zeros(TP_F32, 16, 6)).h);
    CHECK_ERROR(TP_ERROR_SHAPE, "(in cell.input, a Linear)");
    tp_finish();
    return test_end();
}
