#include <taper/taper.h>

int main(void)
{
    tp_manual_seed(0);
    tp_tensor *X = tp_randn(TP_F32, 64, 2);
    tp_tensor *y = tp_to(tp_gt(tp_sum_dim(X, 1, false), 0), TP_F32); /* is the sum positive? */
    tp_dataset *halves[2], *all = tp_tensor_dataset(X, y);
    tp_random_split(all, (const int64_t[]){48, 16}, 2, NULL, halves);
    tp_loader *train = tp_loader_new(halves[0], .batch_size = 8, .shuffle = true);
    tp_loader *dev = tp_loader_new(halves[1], .batch_size = 16);

    tp_module *model = tp_linear(2, 1);
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.1);
    tp_fit_result result;
    if (tp_fit(model, train, adam, .dev = dev, .epochs = 10, .patience = 3, .result = &result) != TP_OK)
        return tp_report(stderr);

    tp_evaluation evaluation;
    tp_evaluate(model, dev, .result = &evaluation);
    printf("accuracy %.3f on %lld items, as in the best evaluation: %s\n", evaluation.accuracy,
           (long long)evaluation.count, evaluation.accuracy == result.state.best_metric ? "yes" : "no");
    tp_finish();
    return 0;
}

/* Output:
accuracy 0.875 on 16 items, as in the best evaluation: yes
*/
