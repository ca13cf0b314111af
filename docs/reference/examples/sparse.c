#include <taper/taper.h>

int main(void)
{
    tp_tensor *pattern = tp_to_csr(tp_from_text(TP_F32, "[[0, 2, 0], [1, 0, 3]]"));
    tp_tensor *values = tp_requires_grad_(tp_from_text(TP_F32, "[2, 1, 3]"), true);
    tp_tensor *S = tp_csr_from_values(pattern, values); /* stored values that learn */
    tp_tensor *x = tp_from_text(TP_F32, "[[1], [10], [100]]");
    tp_tensor *y = tp_csr_matmul(S, x);
    tp_print(stdout, y);
    tp_backward(tp_sum(y));
    tp_print(stdout, tp_grad(values)); /* one number for each stored value */
    tp_print(stdout, tp_csr_to_dense(tp_csr_transpose(pattern)));
    tp_finish();
    return 0;
}

/* Output:
tensor([[ 20.],
        [301.]], grad_fn=<CsrMmBackward0>)
tensor([ 10.,   1., 100.])
tensor([[0., 1.],
        [2., 0.],
        [0., 3.]])
*/
