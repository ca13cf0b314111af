#include <taper/taper.h>

int main(void)
{
    const tp_sequences sequences = {
        .count = 3, .ids = (int64_t[]){5, 6, 7, 8, 9, 4}, .offsets = (int64_t[]){0, 2, 5, 6}};
    tp_tensor *mask, *ids = tp_pad_sequences(&sequences, .mask = &mask);
    tp_print(stdout, ids);
    tp_print(stdout, mask);
    tp_print(stdout, tp_pad_sequences(&sequences, .length = 2, .pad_front = true, .cut_front = true));

    int64_t order[3]; /* batches of like length */
    if (tp_bucket_order(&sequences, 2, 1, NULL, order) != TP_OK)
        return tp_report(stderr);
    tp_finish();
    return 0;
}

/* Output:
tensor([[5, 6, 0],
        [7, 8, 9],
        [4, 0, 0]])
tensor([[ True,  True, False],
        [ True,  True,  True],
        [ True, False, False]])
tensor([[5, 6],
        [8, 9],
        [0, 4]])
*/
