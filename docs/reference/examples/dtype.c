#include <taper/taper.h>

int main(void)
{
    printf("%s has %zu bytes\n", tp_dtype_name(TP_F64), tp_dtype_size(TP_F64));
    printf("int64 and float32 give %s\n", tp_dtype_name(tp_promote_types(TP_I64, TP_F32)));
    tp_tensor *counts = tp_from_text(TP_I64, "[1, 2, 3]");
    tp_print(stdout, tp_div(counts, 2));                                  /* division gives floats */
    tp_print(stdout, tp_to(tp_from_text(TP_F32, "[1.7, -1.7]"), TP_I32)); /* conversion drops the fraction */
    tp_finish();
    return 0;
}

/* Output:
float64 has 8 bytes
int64 and float32 give float32
tensor([0.5000, 1.0000, 1.5000])
tensor([ 1, -1], dtype=torch.int32)
*/
