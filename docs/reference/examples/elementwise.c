#include <taper/taper.h>

int main(void)
{
    tp_tensor *x = tp_from_text(TP_F32, "[[-1, 0, 1], [2, 3, 4]]");
    tp_tensor *row = tp_from_text(TP_F32, "[10, 20, 30]");
    tp_print(stdout, tp_add(x, row)); /* shapes broadcast */
    tp_print(stdout, tp_mul(x, 0.5)); /* an operand may be a number */
    tp_print(stdout, tp_rsub(x, 1));  /* 1 - x */
    tp_print(stdout, tp_gt(x, 1));
    tp_print(stdout, tp_elu(x, .alpha = 0.5)); /* numbers of the operation's own have defaults */

    tp_add_(x, row); /* in place: into x */
    tp_print(stdout, x);
    tp_finish();
    return 0;
}

/* Output:
tensor([[ 9., 20., 31.],
        [12., 23., 34.]])
tensor([[-0.5000,  0.0000,  0.5000],
        [ 1.0000,  1.5000,  2.0000]])
tensor([[ 2.,  1.,  0.],
        [-1., -2., -3.]])
tensor([[False, False, False],
        [ True,  True,  True]])
tensor([[-0.3161,  0.0000,  1.0000],
        [ 2.0000,  3.0000,  4.0000]])
tensor([[ 9., 20., 31.],
        [12., 23., 34.]])
*/
