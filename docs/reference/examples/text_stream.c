#include <taper/taper.h>

int main(void)
{
    FILE *file = fopen("stream.tsv", "w");
    fputs("sentence\tlabel\n", file);
    for (int i = 0; i < 1000; i++)
        fputs(i % 2 ? "a gripping film\t1\n" : "a dull film\t0\n", file);
    fclose(file);

    /* The file is read window by window, so that it may be larger than memory. */
    tp_hashing_vectorizer *hashing = tp_hashing_vectorizer_new(.n_features = 64);
    tp_text_stream *stream = tp_text_stream_open("stream.tsv", hashing, .shuffle = true, .window = 64);
    if (!stream)
        return tp_report(stderr);
    printf("%lld texts, %lld of label 1\n", (long long)tp_text_stream_length(stream),
           (long long)tp_text_stream_ones(stream));
    tp_loader *loader = tp_loader_new(tp_text_stream_dataset(stream), .batch_size = 100);
    for (int epoch = 0; epoch < 2; epoch++) {
        tp_text_stream_begin_epoch(stream, epoch);
        tp_batch *batch;
        int64_t items = 0;
        while (tp_loader_next(loader, &batch) == TP_OK)
            items += batch->size;
        printf("epoch %d: %lld items\n", epoch, (long long)items);
    }
    tp_finish();
    return 0;
}

/* Output:
1000 texts, 500 of label 1
epoch 0: 1000 items
epoch 1: 1000 items
*/
