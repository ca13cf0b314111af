#include <taper/taper.h>

int main(void)
{
    tp_strings *texts =
        tp_strings_from_array(3, (const char *const[]){"low lower lowest", "new newer newest", "wide wider"});
    tp_tokenizer *tokenizer = tp_tokenizer_learn(texts, .size = 270);
    tp_strings *fresh = tp_strings_from_array(1, (const char *const[]){"slower than newest"});
    tp_sequences *ids = tp_tokenizer_encode(tokenizer, fresh);
    int64_t count;
    const int64_t *first = tp_sequence_at(ids, 0, &count);
    for (int64_t i = 0; i < count; i++) {
        size_t length;
        const char *token = tp_tokenizer_token(tokenizer, first[i], &length);
        printf("[%.*s]", (int)length, token);
    }
    printf("\n%s\n", tp_tokenizer_decode(tokenizer, first, count, false, NULL)); /* nothing is lost */
    tp_finish();
    return 0;
}

/* Output:
[s][lo][wer][ ][t][h][a][n][ ne][west]
slower than newest
*/
