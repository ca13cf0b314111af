/* A program of somebody else's, built against an installed Taper as C and as C++. */
#include <stdio.h>
#include <string.h>
#include <taper/ops.h>

int main(void)
{
    TP_SCOPE(program);
    tp_tensor *t = tp_full(TP_F32, 2.5, 3, 4);
    if (!t)
        return tp_report(stderr);
    if (strcmp(tp_version(), TP_VERSION) != 0 || tp_numel(t) != 12 || tp_item(tp_scalar(TP_F64, 7)) != 7)
        return 1;
    /* Numbers of every kind, and NULL, which is no number in C++ either. */
    const long three = 3;
    tp_tensor *sum = tp_add(tp_sub(tp_mul(t, 2), 1.5F), three);
    if (tp_item(tp_select(tp_select(sum, 0, 0), 0, 0)) != 6.5 || tp_add_(sum, 0) != TP_OK)
        return 1;
    if (tp_add(t, NULL) != NULL || tp_error() != TP_ERROR_ARGUMENT)
        return 1;
    tp_clear_error();
    if (!tp_elu(t, 0.5) || !tp_addcmul(t, t, t) || !tp_lerp(t, t, 1))
        return 1;
    /* Macros evaluate their arguments once. */
    int calls = 0;
    if (!tp_zeros(TP_F32, ++calls, 2) || calls != 1 || !tp_sum_n(t, TP_DIMS(calls++), false) || calls != 2)
        return 1;
    if (!tp_einsum("ij,ij->i", (calls++, t), t) || calls != 3 || !tp_pow(t, calls++) || calls != 4)
        return 1;
    printf("taper %s: %d dimensions\n", tp_version(), tp_ndim(t));
    return 0;
}
