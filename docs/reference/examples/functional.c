#include <taper/taper.h>

int main(void)
{
    tp_tensor *x = tp_requires_grad_(tp_from_text(TP_F64, "[1, 2]"), true);
    tp_tensor *y = tp_mul(tp_square(x), tp_flip_n(x, TP_DIMS(0))); /* [x0^2 x1, x1^2 x0] */
    tp_print(stdout, tp_jacobian(y, x, false));
    tp_print(stdout, tp_hessian(tp_sum(y), x, false));

    tp_tensor *direction = tp_from_text(TP_F64, "[1, 0]");
    tp_print(stdout, tp_jvp(y, &x, 1, &direction, false)); /* the first column of the Jacobian */
    tp_finish();
    return 0;
}

/* Output:
tensor([[4., 1.],
        [4., 4.]], dtype=torch.float64)
tensor([[4., 6.],
        [6., 2.]], dtype=torch.float64)
tensor([4., 4.], dtype=torch.float64)
*/
