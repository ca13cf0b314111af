/* A whole program's life, with each of its allocations failing in turn: it ends with TP_ERROR_MEMORY, and
 * every byte comes back. */
#include "test.h"

#include "base/memory.h"
#include "taper/taper.h"

#define TRY(pointer)           \
    do {                       \
        if (!(pointer))        \
            return tp_error(); \
    } while (0)

static tp_status life(bool sparse, int workers)
{
    tp_tensor *X = tp_randn(TP_F32, 30, 40), *y = tp_to(tp_gt(tp_rand(TP_F32, 30), 0.5), TP_F32);
    if (sparse)
        TRY(X = tp_to_csr(tp_relu(X)));
    tp_dataset *parts[2], *dataset = tp_tensor_dataset(X, y);
    TRY(dataset);
    tp_status status = tp_random_split(dataset, (const int64_t[]){20, 10}, 2, NULL, parts);
    if (status != TP_OK)
        return status;
    tp_loader *loader = tp_loader_new(parts[0], .batch_size = 8, .shuffle = true, .num_workers = workers);
    tp_module *model =
        sparse ? tp_linear(40, 1)
               : tp_sequential(tp_linear(40, 6), tp_tanh_layer(), tp_dropout(0.2), tp_linear(6, 1));
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.01);
    TRY(loader);
    TRY(adam);
    for (int epoch = 0; epoch < 2; epoch++) {
        tp_batch *batch;
        while ((status = tp_loader_next(loader, &batch)) == TP_OK) {
            TP_SCOPE(step);
            tp_tensor *p = tp_sigmoid(tp_squeeze(tp_forward(model, batch->X), 1));
            tp_tensor *loss = tp_binary_cross_entropy(p, batch->y);
            tp_zero_grad(adam);
            if ((status = tp_backward(loss)) != TP_OK || (status = tp_step(adam)) != TP_OK)
                return status;
        }
        if (status != TP_END)
            return status;
    }
    TRY(tp_module_repr(model));
    TRY(tp_state_dict(model));
    TRY(tp_optimizer_state(adam));
    TRY(tp_repr(tp_get_parameter(model, sparse ? "weight" : "0.weight")));
    return TP_OK;
}

static tp_status lived(bool sparse, int workers, int64_t countdown)
{
    tp_region *region = tp_region_new("life");
    if (!region || tp_region_enter(region) != TP_OK)
        return tp_error();
    tp_manual_seed(1);
    tp__memory_fail_after(countdown);
    const tp_status status = life(sparse, workers);
    tp__memory_fail_after(-1);
    tp_region_end(region);
    return status;
}

int main(void)
{
    int failures = 0;
    for (int kind = 0; kind < 4; kind++) {
        const bool sparse = kind & 1;
        const int workers = kind & 2;
        CHECK(lived(sparse, workers, -1) == TP_OK);
        CHECK_OK();
        tp_memory_trim();
        const size_t used = tp_memory_used();
        for (int64_t k = 0; k < 2000; k++) {
            const tp_status status = lived(sparse, workers, k);
            const tp_status error = tp_error();
            if (status != TP_OK && status != TP_ERROR_MEMORY)
                printf("allocation %lld: %s, %s\n", (long long)k, tp_status_name(status), tp_error_message());
            CHECK(status == TP_OK || (status == TP_ERROR_MEMORY && error == TP_ERROR_MEMORY));
            tp_clear_error();
            tp_memory_trim();
            if (tp_memory_used() != used)
                printf("allocation %lld: %zu bytes are left\n", (long long)k, tp_memory_used() - used);
            CHECK(tp_memory_used() == used);
            failures += status != TP_OK;
            if (status == TP_OK && error == TP_OK && k > 20)
                break;
        }
    }
    printf("%d allocations failed\n", failures);
    CHECK(failures > 100);
    tp_finish();
    return test_end();
}
