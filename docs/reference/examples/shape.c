#include <taper/taper.h>

int main(void)
{
    tp_tensor *x = tp_reshape(tp_arange(TP_I64, 0, 6, 1), 2, 3);
    int n;
    tp_tensor **columns = tp_unbind(x, 1, &n);
    printf("%d columns, the last one: %s\n", n, tp_repr(columns[n - 1]));
    tp_print(stdout, tp_tile(x, 1, 2));
    tp_print(stdout, tp_flip_n(x, TP_DIMS(0, 1)));
    tp_print(stdout, tp_pad(x, TP_SHAPE(1, 1), .value = -1)); /* one in front and one behind */
    tp_print(stdout, tp_tril(tp_ones(TP_I64, 3, 3), 0));
    tp_print(stdout, tp_unfold(tp_arange(TP_I64, 0, 5, 1), 0, 3, 1)); /* windows of three */
    tp_finish();
    return 0;
}

/* Output:
3 columns, the last one: tensor([2, 5])
tensor([[0, 1, 2, 0, 1, 2],
        [3, 4, 5, 3, 4, 5]])
tensor([[5, 4, 3],
        [2, 1, 0]])
tensor([[-1,  0,  1,  2, -1],
        [-1,  3,  4,  5, -1]])
tensor([[1, 0, 0],
        [1, 1, 0],
        [1, 1, 1]])
tensor([[0, 1, 2],
        [1, 2, 3],
        [2, 3, 4]])
*/
