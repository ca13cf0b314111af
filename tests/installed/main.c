/* A program of somebody else's, built against an installed Taper as C and as C++. */
#include <stdio.h>
#include <string.h>
#include <taper/tensor.h>

int main(void)
{
    TP_SCOPE(program);
    tp_tensor *t = tp_full(TP_F32, 2.5, 3, 4);
    if (!t)
        return tp_report(stderr);
    if (strcmp(tp_version(), TP_VERSION) != 0 || tp_numel(t) != 12 || tp_item(tp_scalar(TP_F64, 7)) != 7)
        return 1;
    printf("taper %s: %d dimensions\n", tp_version(), tp_ndim(t));
    return 0;
}
