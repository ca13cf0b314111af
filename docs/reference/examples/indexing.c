#include <taper/taper.h>

int main(void)
{
    tp_tensor *x = tp_reshape(tp_arange(TP_F32, 0, 12, 1), 3, 4);
    tp_tensor *rows = tp_from_text(TP_I64, "[0, 2]"), *columns = tp_from_text(TP_I64, "[3, 0]");
    tp_print(stdout, tp_index(x, 2, (tp_tensor *[]){rows, columns})); /* x[rows, columns] */
    tp_print(stdout, tp_index(x, 2, (tp_tensor *[]){NULL, columns})); /* x[:, columns] */
    tp_print(stdout, tp_masked_select(x, tp_gt(x, 8)));
    tp_print(stdout, tp_index_fill(x, 0, rows, 0));
    tp_print(stdout, tp_one_hot(columns, 4));

    /* Sums by group: word counts, messages of a graph. */
    tp_tensor *group = tp_from_text(TP_I64, "[0, 1, 0]");
    tp_print(stdout, tp_index_add(tp_zeros(TP_F32, 2, 4), 0, group, x, 1));
    tp_finish();
    return 0;
}

/* Output:
tensor([3., 8.])
tensor([[ 3.,  0.],
        [ 7.,  4.],
        [11.,  8.]])
tensor([ 9., 10., 11.])
tensor([[0., 0., 0., 0.],
        [4., 5., 6., 7.],
        [0., 0., 0., 0.]])
tensor([[0, 0, 0, 1],
        [1, 0, 0, 0]])
tensor([[ 8., 10., 12., 14.],
        [ 4.,  5.,  6.,  7.]])
*/
