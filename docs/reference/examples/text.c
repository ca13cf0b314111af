#include <taper/taper.h>

int main(void)
{
    tp_stemmer *stemmer = tp_stemmer_new();
    printf("%s\n", tp_stemmer_text(stemmer, "Movies were surprisingly moving", 31, NULL));

    tp_strings *texts = tp_strings_from_array(
        3, (const char *const[]){"The film is a gripping film", "A dull film", "Gripping!"});
    tp_count_vectorizer *vectorizer = tp_count_vectorizer_new(.stem = TP_STEM_PORTER, .ngram_max = 2);
    tp_tensor *counts = tp_count_vectorizer_fit_transform(vectorizer, texts);
    if (!counts)
        return tp_report(stderr);
    const tp_strings *terms = tp_count_vectorizer_terms(vectorizer);
    for (int64_t i = 0; i < terms->count; i++) {
        size_t length;
        const char *term = tp_string_at(terms, i, &length);
        printf("%s%.*s", i ? ", " : "", (int)length, term);
    }
    printf("\n");
    tp_print(stdout, tp_to_dense(counts)); /* counts itself is a CSR matrix */
    tp_finish();
    return 0;
}

/* Output:
movi were surprisingli move
dull, dull film, film, film is, grip, grip film, gripping, is, is grip, the, the film
tensor([[0., 0., 2., 1., 1., 1., 0., 1., 1., 1., 1.],
        [1., 1., 1., 0., 0., 0., 0., 0., 0., 0., 0.],
        [0., 0., 0., 0., 0., 0., 1., 0., 0., 0., 0.]])
*/
