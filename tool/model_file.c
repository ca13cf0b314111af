#include "model_file.h"

tp_text_model *open_model(const char *path, int *status)
{
    tp_text_model *model = tp_text_model_load(path);
    if (!model)
        *status = fail_input();
    return model;
}

tp_labelled_texts *read_texts(const char *path, const char *text_column, const char *label_column,
                              int *status)
{
    tp_labelled_texts *data =
        tp_read_labelled_texts(path, .text_column = text_column, .label_column = label_column);
    if (!data) {
        *status = fail_input();
    } else if (!data->count) {
        *status = fail(STATUS_BAD_INPUT, "%s: has a header, but no rows", path);
        return NULL;
    }
    return data;
}

int64_t count_ones(const tp_tensor *labels)
{
    const float *values = tp_data_f32((tp_tensor *)(uintptr_t)labels);
    const int64_t n = tp_numel(labels);
    int64_t ones = 0;
    for (int64_t i = 0; values && i < n; i++)
        ones += values[i] > 0.5f;
    return ones;
}
