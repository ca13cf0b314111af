#include <taper/taper.h>

int main(void)
{
    tp_manual_seed(0);
    const char *const lines[] = {"a gripping film", "gripping and funny", "a dull film", "dull and long"};
    tp_strings *texts = tp_strings_from_array(4, lines);
    tp_tensor *labels = tp_from_text(TP_F32, "[1, 1, 0, 0]");
    tp_count_vectorizer *vectorizer = tp_count_vectorizer_new();
    tp_tensor *counts = tp_count_vectorizer_fit_transform(vectorizer, texts);

    tp_text_model *model = tp_text_model_new(vectorizer, (const char *const[]){"negative", "positive"});
    tp_module *layer = tp_text_model_module(model);
    tp_loader *train = tp_loader_new(tp_tensor_dataset(counts, labels), .batch_size = 4);
    if (tp_fit(layer, train, tp_adam(tp_parameters(layer), .lr = 0.1), .epochs = 50) != TP_OK ||
        tp_text_model_save(model, "sentiment.safetensors") != TP_OK)
        return tp_report(stderr);

    model = tp_text_model_load("sentiment.safetensors"); /* all that predicting needs */
    int label;
    tp_text_model_predict(model, "what a dull day", 15, NULL, &label);
    tp_word_weight top;
    tp_text_model_top_words(model, 1, 1, &top);
    printf("%s; %.*s speaks most for %s\n", tp_text_model_label(model, label), (int)top.length, top.term,
           tp_text_model_label(model, 1));
    tp_finish();
    return 0;
}

/* Output:
negative; gripping speaks most for positive
*/
