#include <taper/taper.h>

int main(void)
{
    tp_tensor *a = tp_from_text(TP_F32, "[[1, 2], [3, 4], [5, 6]]");
    tp_tensor *b = tp_from_text(TP_F32, "[[1, 0, 2], [0, 1, 1]]");
    tp_print(stdout, tp_mm(a, b));
    tp_print(stdout, tp_einsum("ij,ji->i", a, b)); /* the diagonal of a b */
    tp_print(stdout, tp_outer(tp_from_text(TP_F32, "[1, 2]"), tp_from_text(TP_F32, "[10, 20, 30]")));
    tp_print(stdout, tp_addmm(tp_from_text(TP_F32, "[100, 200, 300]"), a, b, .alpha = 0.5));
    tp_print(stdout, tp_cdist(a, a, 2));
    tp_print(stdout, tp_normalize(a, .dim = 1));
    tp_finish();
    return 0;
}

/* Output:
tensor([[ 1.,  2.,  4.],
        [ 3.,  4., 10.],
        [ 5.,  6., 16.]])
tensor([ 1.,  4., 16.])
tensor([[10., 20., 30.],
        [20., 40., 60.]])
tensor([[100.5000, 201.0000, 302.0000],
        [101.5000, 202.0000, 305.0000],
        [102.5000, 203.0000, 308.0000]])
tensor([[0.0000, 2.8284, 5.6569],
        [2.8284, 0.0000, 2.8284],
        [5.6569, 2.8284, 0.0000]])
tensor([[0.4472, 0.8944],
        [0.6000, 0.8000],
        [0.6402, 0.7682]])
*/
