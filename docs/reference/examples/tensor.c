#include <taper/taper.h>

int main(void)
{
    tp_tensor *a = tp_from_text(TP_F32, "[[1, 2, 3], [4, 5, 6]]");
    tp_print(stdout, a);
    printf("%d dimensions, %lld x %lld, last element %g\n", tp_ndim(a), (long long)tp_size(a, 0),
           (long long)tp_size(a, 1), tp_at(a, -1, -1));

    const float celsius[] = {12.5f, 17, 21};
    tp_print(stdout, tp_from_array(TP_F32, celsius, 3));

    tp_manual_seed(0); /* the numbers that PyTorch draws */
    tp_print(stdout, tp_rand(TP_F32, 2, 2));

    float *elements = tp_data_f32(a); /* plain C from here */
    elements[0] = 100;
    tp_mark_changed(a);
    tp_print(stdout, tp_to_csr(tp_eye(TP_F32, 3, 3)));
    tp_finish();
    return 0;
}

/* Output:
tensor([[1., 2., 3.],
        [4., 5., 6.]])
2 dimensions, 2 x 3, last element 6
tensor([12.5000, 17.0000, 21.0000])
tensor([[0.4963, 0.7682],
        [0.0885, 0.1320]])
tensor(crow_indices=tensor([0, 1, 2, 3]),
       col_indices=tensor([0, 1, 2]),
       values=tensor([1., 1., 1.]), size=(3, 3), nnz=3,
       layout=torch.sparse_csr)
*/
