#include <taper/taper.h>

int main(void)
{
    tp_hashing_vectorizer *hashing = tp_hashing_vectorizer_new(.n_features = 8, .norm = TP_ROW_NORM_NONE);
    const char *text = "good good film"; /* nothing is learnt: any text goes */
    tp_print(stdout, tp_to_dense(tp_hashing_vectorizer_transform_text(hashing, text, 14)));
    bool negative;
    const int64_t column = tp_hashing_vectorizer_column(hashing, "good", 4, &negative);
    printf("\"good\" counts %s in column %lld\n", negative ? "-1" : "1", (long long)column);
    tp_finish();
    return 0;
}

/* Output:
tensor([[0., 1., 0., 0., 0., 0., 0., 0.]])
"good" counts 1 in column 1
*/
