#include <taper/taper.h>

static tp_tensor *score(tp_tensor *x)
{
    TP_FRAME("score"); /* so that errors say where they were */
    return tp_matmul(x, tp_ones(TP_F32, 3, 1));
}

int main(void)
{
    tp_tensor *x = tp_ones(TP_F32, 2, 4);
    tp_tensor *y = tp_sigmoid(score(x)); /* a NULL passes through: check once */
    if (!y) {
        printf("%s\n", tp_status_name(tp_error()));
        tp_report(stdout); /* writes the sentence, and forgets it */
    }
    tp_fail(TP_ERROR_VALUE, "a price of %g", -1.0); /* a program's own error */
    tp_report(stdout);
    tp_finish();
    return 0;
}

/* Output:
TP_ERROR_SHAPE
score: matmul: mm: mat1 and mat2 shapes cannot be multiplied (2x4 and 3x1)
a price of -1
*/
