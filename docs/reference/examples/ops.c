#include <taper/taper.h>

int main(void)
{
    tp_tensor *x = tp_reshape(tp_arange(TP_F32, 0, 6, 1), 2, 3);
    tp_print(stdout, tp_transpose(x, 0, 1));   /* a view: nothing is copied */
    tp_print(stdout, tp_slice(x, 1, 0, 3, 2)); /* x[:, 0:3:2] */
    tp_print(stdout, tp_mean_dim(x, 0, false));
    tp_print(stdout, tp_softmax(x, 1));
    tp_print(stdout, tp_matmul(x, tp_t(x)));

    tp_tensor *scores = tp_from_text(TP_F32, "[[2, 0, 0], [0, 0, 3]]");
    tp_tensor *classes = tp_from_text(TP_I64, "[0, 1]");
    tp_print(stdout, tp_cross_entropy(scores, classes, .label_smoothing = 0.1));
    tp_finish();
    return 0;
}

/* Output:
tensor([[0., 3.],
        [1., 4.],
        [2., 5.]])
tensor([[0., 2.],
        [3., 5.]])
tensor([1.5000, 2.5000, 3.5000])
tensor([[0.0900, 0.2447, 0.6652],
        [0.0900, 0.2447, 0.6652]])
tensor([[ 5., 14.],
        [14., 50.]])
tensor(1.6839)
*/
