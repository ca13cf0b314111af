#include <taper/taper.h>

int main(void)
{
    tp_tensor *x = tp_from_text(TP_F32, "[[3, 1, 2], [9, 7, 8]]");
    tp_print(stdout, tp_cumsum(x, 1));
    tp_tensor *places;
    tp_print(stdout, tp_sort(x, 1, false, &places));
    tp_print(stdout, places);
    tp_print(stdout, tp_topk(x, 2, 1, true, NULL));
    tp_print(stdout, tp_var(x));
    tp_print(stdout, tp_quantile(x, 0.5));

    tp_tensor *counts, *words = tp_from_text(TP_I64, "[4, 2, 4, 4]");
    tp_print(stdout, tp_unique(words, NULL, &counts));
    tp_print(stdout, counts);
    tp_finish();
    return 0;
}

/* Output:
tensor([[ 3.,  4.,  6.],
        [ 9., 16., 24.]])
tensor([[1., 2., 3.],
        [7., 8., 9.]])
tensor([[1, 2, 0],
        [1, 2, 0]])
tensor([[3., 2.],
        [9., 8.]])
tensor(11.6000)
tensor(5.)
tensor([2, 4])
tensor([1, 3])
*/
