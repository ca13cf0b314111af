#include <taper/taper.h>

int main(void)
{
    tp_strings *names =
        tp_strings_from_array(4, (const char *const[]){"sport", "politics", "sport", "culture"});
    tp_label_encoder *encoder = tp_label_encoder_fit(names);
    tp_tensor *numbers = tp_label_encode(encoder, names);
    tp_print(stdout, numbers);

    tp_strings *back = tp_label_decode(encoder, numbers);
    size_t length;
    const char *first = tp_string_at(back, 0, &length);
    printf("%lld classes, the first text is about %.*s\n", (long long)tp_label_count(encoder), (int)length,
           first);
    tp_finish();
    return 0;
}

/* Output:
tensor([2, 1, 2, 0])
3 classes, the first text is about sport
*/
