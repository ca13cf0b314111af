#include <taper/taper.h>

int main(void)
{
    tp_manual_seed(0);
    tp_module *model = tp_linear(2, 1);
    tp_named_tensors *state = tp_state_dict(model);
    const tp_string_pair about[] = {{"epoch", "3"}};
    if (tp_safetensors_save("model.safetensors", state->items, state->count, about, 1) != TP_OK)
        return tp_report(stderr);

    tp_safetensors_file *file = tp_safetensors_open("model.safetensors");
    for (int64_t i = 0; i < tp_safetensors_count(file); i++) {
        const tp_safetensors_entry *entry = tp_safetensors_entry_at(file, i);
        printf("%s: %s, %lld bytes\n", entry->name, entry->dtype, (long long)entry->bytes);
    }
    printf("epoch %s\n", tp_safetensors_metadata(file, "epoch"));
    tp_tensor *weight = tp_safetensors_tensor(file, "weight");
    printf("equal: %s\n", tp_equal(weight, tp_get_parameter(model, "weight")) ? "yes" : "no");

    tp_named_tensors *all = tp_safetensors_load("model.safetensors"); /* all at once */
    if (!all || tp_load_state_dict(model, all->items, all->count, true) != TP_OK)
        return tp_report(stderr);
    printf("%lld tensors\n", (long long)all->count);
    tp_finish();
    return 0;
}

/* Output:
bias: F32, 4 bytes
weight: F32, 8 bytes
epoch 3
equal: yes
2 tensors
*/
