#include <taper/taper.h>

int main(void)
{
    tp_module *model = tp_sequential(tp_linear(12, 8), tp_relu_layer(), tp_linear(8, 1));
    tp_tensor *example = tp_zeros(TP_F32, 4, 12); /* what goes in, for shapes and arithmetic */
    if (tp_module_summary(stdout, model, example) != TP_OK)
        return tp_report(stderr);

    tp_summary *summary = tp_summarize(model, example); /* the same as numbers */
    printf("%lld multiply-adds in %s\n", (long long)summary->layers[1].multiply_adds,
           summary->layers[1].path);
    tp_finish();
    return 0;
}

/* Output:
Layer         Output  Parameters  Trainable  Multiply-adds
Sequential    [4, 1]           -          -              -
  0 (Linear)  [4, 8]         104        104            384
  1 (ReLU)    [4, 8]           -          -              -
  2 (Linear)  [4, 1]           9          9             32
Total                        113        113            416
Bytes: parameters 452, buffers 0, outputs 272
384 multiply-adds in 0
*/
