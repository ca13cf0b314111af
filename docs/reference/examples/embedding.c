#include <taper/taper.h>

int main(void)
{
    tp_tensor *table = tp_from_text(TP_F32, "[[0, 0], [1, 2], [3, 4], [5, 6]]");
    tp_tensor *ids = tp_from_text(TP_I64, "[[1, 3], [2, 0]]");
    tp_print(stdout, tp_f_embedding(ids, table, TP_NO_PADDING));
    tp_print(stdout, tp_f_embedding_bag(ids, table, .mode = TP_BAG_SUM));

    /* Bags of different lengths: [1, 3, 2] and [1]. */
    tp_tensor *all = tp_from_text(TP_I64, "[1, 3, 2, 1]"), *starts = tp_from_text(TP_I64, "[0, 3]");
    tp_print(stdout, tp_f_embedding_bag(all, table, .offsets = starts));
    tp_finish();
    return 0;
}

/* Output:
tensor([[[1., 2.],
         [5., 6.]],

        [[3., 4.],
         [0., 0.]]])
tensor([[6., 8.],
        [3., 4.]])
tensor([[3., 4.],
        [1., 2.]])
*/
