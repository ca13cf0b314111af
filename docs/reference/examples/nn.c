#include <taper/taper.h>

typedef struct classifier {
    tp_module *hidden, *out;
} classifier;

static tp_tensor *forward(tp_module *m, tp_tensor *x)
{
    classifier *c = tp_module_data(m);
    return tp_forward(c->out, tp_relu(tp_forward(c->hidden, x)));
}

int main(void)
{
    tp_manual_seed(0); /* the initial weights are PyTorch's */
    tp_module *m = tp_module_new("Classifier", forward, sizeof(classifier));
    classifier *c = tp_module_data(m);
    c->hidden = tp_register_module(m, "hidden", tp_linear(4, 3));
    c->out = tp_register_module(m, "out", tp_sequential(tp_dropout(0.1), tp_linear(3, 1)));
    tp_module_print(stdout, m);
    printf("%lld parameters\n", (long long)tp_parameter_count(m));

    tp_eval(m);
    tp_print(stdout, tp_forward(m, tp_ones(TP_F32, 2, 4)));
    tp_named_tensors *state = tp_state_dict(m);
    for (int64_t i = 0; i < state->count; i++)
        printf("%s\n", state->items[i].name);

    if (!tp_forward(m, tp_ones(TP_F32, 2, 5)))
        tp_report(stdout);
    tp_finish();
    return 0;
}

/* Output:
Classifier(
  (hidden): Linear(in_features=4, out_features=3, bias=True)
  (out): Sequential(
    (0): Dropout(p=0.1, inplace=False)
    (1): Linear(in_features=3, out_features=1, bias=True)
  )
)
19 parameters
tensor([[-0.3914],
        [-0.3914]], grad_fn=<AddmmBackward0>)
hidden.weight
hidden.bias
out.1.weight
out.1.bias
linear: mat1 and mat2 shapes cannot be multiplied (2x5 and 4x3) (in hidden, a Linear)
*/
