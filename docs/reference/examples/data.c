#include <taper/taper.h>

int main(void)
{
    tp_manual_seed(0);
    tp_tensor *X = tp_reshape(tp_arange(TP_F32, 0, 10, 1), 5, 2);
    tp_tensor *y = tp_from_text(TP_F32, "[0, 1, 0, 1, 0]");
    tp_loader *loader = tp_loader_new(tp_tensor_dataset(X, y), .batch_size = 2, .shuffle = true);
    for (int epoch = 0; epoch < 2; epoch++) {
        tp_batch *batch;
        tp_status status;
        while ((status = tp_loader_next(loader, &batch)) == TP_OK)
            printf("epoch %d: %lld items, y = %s\n", epoch, (long long)batch->size, tp_repr(batch->y));
        if (status != TP_END)
            return tp_report(stderr);
    }
    tp_finish();
    return 0;
}

/* Output:
epoch 0: 2 items, y = tensor([1., 0.])
epoch 0: 2 items, y = tensor([0., 1.])
epoch 0: 1 items, y = tensor([0.])
epoch 1: 2 items, y = tensor([0., 1.])
epoch 1: 2 items, y = tensor([0., 0.])
epoch 1: 1 items, y = tensor([1.])
*/
