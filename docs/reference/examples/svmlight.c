#include <taper/taper.h>

int main(void)
{
    FILE *file = fopen("rows.svm", "w");
    fputs("1 1:0.5 3:2 # the first row\n-1 2:1\n", file);
    fclose(file);

    tp_tensor *X, *y;
    if (tp_read_svmlight("rows.svm", &X, &y) != TP_OK)
        return tp_report(stderr);
    tp_print(stdout, tp_to_dense(X)); /* X is CSR */
    tp_print(stdout, y);
    tp_finish();
    return 0;
}

/* Output:
tensor([[0.5000, 0.0000, 2.0000],
        [0.0000, 1.0000, 0.0000]])
tensor([ 1., -1.])
*/
