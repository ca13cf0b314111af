#include <taper/taper.h>

int main(void)
{
    printf("Taper %s\n", tp_version());
    tp_tensor *x = tp_ones(TP_F32, 2, 3, 4);
    tp_tensor *sums = tp_sum_n(x, TP_DIMS(0, -1), false); /* dimensions as an argument list */
    tp_print(stdout, sums);
    tp_print(stdout, tp_zeros_n(TP_I64, TP_SHAPE(2, 2))); /* what tp_zeros(TP_I64, 2, 2) stands for */
    tp_finish();
    return 0;
}

/* Output:
Taper 0.1.0
tensor([8., 8., 8.])
tensor([[0, 0],
        [0, 0]])
*/
