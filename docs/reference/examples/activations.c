#include <taper/taper.h>

int main(void)
{
    tp_manual_seed(0);
    tp_module *model = tp_sequential(tp_linear(4, 6), tp_leaky_relu_layer(.negative_slope = 0.1),
                                     tp_linear(6, 4), tp_glu_layer(-1), tp_prelu_layer());
    tp_module_print(stdout, model);
    tp_print(stdout, tp_detach(tp_forward(model, tp_ones(TP_F32, 1, 4))));
    tp_finish();
    return 0;
}

/* Output:
Sequential(
  (0): Linear(in_features=4, out_features=6, bias=True)
  (1): LeakyReLU(negative_slope=0.1)
  (2): Linear(in_features=6, out_features=4, bias=True)
  (3): GLU(dim=-1)
  (4): PReLU(num_parameters=1)
)
tensor([[ 0.0485, -0.0244]])
*/
