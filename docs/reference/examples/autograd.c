#include <taper/taper.h>

int main(void)
{
    tp_tensor *x = tp_requires_grad_(tp_from_text(TP_F32, "[1, 2, 3]"), true);
    tp_tensor *loss = tp_sum(tp_square(x));
    tp_backward(loss);
    tp_print(stdout, tp_grad(x)); /* 2 x */
    printf("%s\n", tp_grad_fn(loss));

    /* Gradients of gradients: d/dx of sum(3 x^2) is 6 x. */
    tp_tensor *cubes = tp_sum(tp_pow(x, 3)), *first, *second;
    tp_gradients(&cubes, 1, &x, 1, NULL, &(tp_gradients_options){.create_graph = true}, &first);
    tp_tensor *sum = tp_sum(first);
    tp_gradients(&sum, 1, &x, 1, NULL, NULL, &second);
    tp_print(stdout, second);

    TP_SCOPE_NO_GRAD(evaluation); /* torch.no_grad() for the rest of the block */
    printf("recorded: %s\n", tp_is_leaf(tp_mul(x, 2)) ? "no" : "yes");
    if (tp_error() != TP_OK)
        return tp_report(stderr);
    tp_finish();
    return 0;
}

/* Output:
tensor([2., 4., 6.])
SumBackward0
tensor([ 6., 12., 18.])
recorded: no
*/
