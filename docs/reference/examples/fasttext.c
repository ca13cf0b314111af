#include <taper/taper.h>

int main(void)
{
    FILE *file = fopen("lines.txt", "w");
    fputs("__label__positive a gripping film\n__label__negative a dull one\n", file);
    fclose(file);

    tp_labelled_lines *lines = tp_read_fasttext("lines.txt");
    if (!lines)
        return tp_report(stderr);
    tp_label_encoder *encoder = tp_label_encoder_fit(&lines->labels);
    tp_print(stdout, tp_label_encode(encoder, &lines->labels));
    size_t length;
    const char *text = tp_string_at(&lines->texts, 1, &length);
    printf("%.*s\n", (int)length, text);
    tp_finish();
    return 0;
}

/* Output:
tensor([1, 0])
a dull one
*/
