#include "model_file.h"

#include <string.h>

tp_text_model *open_model(const char *path, int *status)
{
    tp_text_model *model = tp_text_model_load(path);
    if (!model)
        *status = fail_input();
    return model;
}

tp_labelled_texts_options texts_options(const char *path, const char *format, const char *text,
                                        const char *label)
{
    return (tp_labelled_texts_options){.path = path,
                                       .text_column = text,
                                       .label_column = label,
                                       .delimiter = strcmp(format, "csv") ? '\t' : ',',
                                       .quote = '"',
                                       .format =
                                           strcmp(format, "fasttext") ? TP_TEXT_TABLE : TP_TEXT_FASTTEXT,
                                       .prefix = "__label__"};
}

tp_labelled_texts *read_texts(const tp_labelled_texts_options *options, int *status)
{
    tp_labelled_texts *data = tp_read_labelled_texts_with(options);
    if (!data) {
        *status = fail_input();
    } else if (!data->count) {
        *status = fail(STATUS_BAD_INPUT, "%s: %s", options->path,
                       options->format == TP_TEXT_TABLE ? "has a header, but no rows" : "has no lines");
        return NULL;
    }
    return data;
}

const char *label_of(const tp_text_model *model, int label)
{
    const char *name = tp_text_model_label(model, label);
    return visible(name, strlen(name));
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
