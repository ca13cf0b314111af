#include <taper/taper.h>

int main(void)
{
    tp_strings *texts = tp_strings_from_array(
        3, (const char *const[]){"a gripping film", "a dull film", "gripping and funny"});
    tp_count_vectorizer *vectorizer = tp_count_vectorizer_new();
    tp_tfidf *tfidf = tp_tfidf_new();
    tp_print(stdout, tp_to_dense(tp_tfidf_fit_transform_texts(tfidf, vectorizer, texts)));
    tp_print(stdout, tp_tfidf_idf(tfidf)); /* rare terms weigh more */
    tp_finish();
    return 0;
}

/* Output:
tensor([[0.0000, 0.0000, 0.7071, 0.0000, 0.7071],
        [0.0000, 0.7960, 0.6053, 0.0000, 0.0000],
        [0.6228, 0.0000, 0.0000, 0.6228, 0.4736]])
tensor([1.6931, 1.6931, 1.2877, 1.6931, 1.2877])
*/
