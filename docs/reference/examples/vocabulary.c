#include <taper/taper.h>

int main(void)
{
    tp_strings *texts = tp_strings_from_array(2, (const char *const[]){"the cat sat on the mat", "the dog"});
    tp_vocabulary *vocabulary = tp_vocabulary_learn(texts);
    tp_strings *fresh = tp_strings_from_array(1, (const char *const[]){"The cat sat on the moon"});
    tp_sequences *ids = tp_vocabulary_encode(vocabulary, fresh);
    int64_t length;
    const int64_t *first = tp_sequence_at(ids, 0, &length);
    for (int64_t i = 0; i < length; i++)
        printf("%lld ", (long long)first[i]);
    printf("= %s\n", tp_vocabulary_decode(vocabulary, first, length, NULL));
    tp_finish();
    return 0;
}

/* Output:
2 3 7 6 2 1 = the cat sat on the <unk>
*/
