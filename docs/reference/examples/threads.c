#include <taper/taper.h>

int main(void)
{
    tp_manual_seed(0);
    tp_tensor *a = tp_rand(TP_F32, 300, 300);
    tp_set_num_threads(1);
    tp_tensor *alone = tp_matmul(a, a);
    tp_set_num_threads(4);
    tp_tensor *together = tp_matmul(a, a);
    printf("%d threads, %s\n", tp_get_num_threads(),
           tp_equal(alone, together) ? "the same bits" : "other bits");
    tp_finish();
    return 0;
}

/* Output:
4 threads, the same bits
*/
