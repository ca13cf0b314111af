#include <taper/taper.h>

int main(void)
{
    tp_tensor *x = tp_linspace(TP_F64, 0, 1, 5);
    if (tp_npy_save("x.npy", x) != TP_OK) /* what numpy.save writes */
        return tp_report(stderr);
    tp_print(stdout, tp_npy_load("x.npy"));
    if (!tp_npy_load("y.npy"))
        tp_report(stdout);
    tp_finish();
    return 0;
}

/* Output:
tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000], dtype=torch.float64)
cannot open 'y.npy': No such file or directory
*/
