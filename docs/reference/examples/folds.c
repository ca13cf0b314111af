#include <taper/taper.h>

int main(void)
{
    tp_tensor *labels = tp_from_text(TP_I64, "[0, 0, 0, 0, 1, 1, 1, 1]");
    tp_fold *folds = tp_k_fold(8, .splits = 4, .shuffle = true, .seed = 1, .labels = labels);
    for (int i = 0; i < 4; i++)
        printf("fold %d: train on %lld, test on %lld and %lld\n", i, (long long)folds[i].train_count,
               (long long)folds[i].test[0], (long long)folds[i].test[1]);

    tp_fold *split = tp_train_test_split(8, .test_share = 0.25, .seed = 42, .labels = labels);
    printf("%lld for training, %lld for testing\n", (long long)split->train_count,
           (long long)split->test_count);
    tp_print(stdout, tp_class_weights(tp_from_text(TP_I64, "[0, 0, 0, 1]"), 2));
    tp_finish();
    return 0;
}

/* Output:
fold 0: train on 6, test on 2 and 4
fold 1: train on 6, test on 3 and 6
fold 2: train on 6, test on 1 and 5
fold 3: train on 6, test on 0 and 7
6 for training, 2 for testing
tensor([0.6667, 2.0000], dtype=torch.float64)
*/
