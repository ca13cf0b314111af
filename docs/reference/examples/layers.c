#include <taper/taper.h>

int main(void)
{
    tp_manual_seed(0);
    tp_module *bag = tp_embedding_bag(1000, 16, .mode = TP_BAG_MEAN, .padding_idx = 0);
    tp_module *model = tp_sequential(bag, tp_linear(16, 2));
    tp_module_print(stdout, model);

    tp_tensor *ids = tp_from_text(TP_I64, "[[5, 17, 4], [8, 0, 0]]"); /* id 0 fills up */
    tp_print(stdout, tp_forward(model, ids));

    tp_module *heads = tp_modules(tp_linear(16, 2), tp_linear(16, 5)); /* torch.nn.ModuleList */
    printf("%lld heads, the last one: %s\n", (long long)tp_child_count(heads),
           tp_module_repr(tp_child(heads, -1)));
    tp_finish();
    return 0;
}

/* Output:
Sequential(
  (0): EmbeddingBag(1000, 16, mode='mean', padding_idx=0)
  (1): Linear(in_features=16, out_features=2, bias=True)
)
tensor([[ 0.6274,  0.0310],
        [-0.0400,  0.1093]], grad_fn=<AddmmBackward0>)
2 heads, the last one: Linear(in_features=16, out_features=5, bias=True)
*/
