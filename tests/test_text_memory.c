/* Every allocation of the text side fails in turn: the error is that memory is out, and nothing is left. */
#include "pack.h"
#include "base/memory.h"
#include "golden/text_random.h"
#include "taper/taper.h"

#define DOCUMENTS 3000

static tp_strings documents(void)
{
    static char bytes[DOCUMENTS * 300];
    static int64_t offsets[DOCUMENTS + 1];
    uint64_t state = 9;
    size_t at = 0;
    for (int64_t i = 0; i < DOCUMENTS; i++) {
        for (int w = 0; w < 12; w++) {
            at += random_word(&state, bytes + at) % 24;
            bytes[at++] = ' ';
        }
        offsets[i + 1] = (int64_t)at;
    }
    /* Cut words may have cut characters. */
    for (size_t i = 0; i < at; i++)
        bytes[i] = (char)((unsigned char)bytes[i] < 0x80 && bytes[i] ? bytes[i] : 'x');
    return (tp_strings){DOCUMENTS, bytes, offsets};
}

static tp_strings all;
static const char *table;

static bool counts(void)
{
    return tp_count_vectorizer_fit_transform(tp_count_vectorizer_new(.ngram_max = 2), &all);
}

static bool characters(void)
{
    const tp_strings some = {40, all.bytes, all.offsets};
    tp_count_vectorizer *v = tp_count_vectorizer_new(.analyzer = TP_ANALYZER_CHAR_WB, .ngram_max = 3);
    tp_tensor *m = tp_count_vectorizer_fit_transform(v, &some);
    return m && tp_count_vectorizer_row_terms(v, m, 3);
}

static bool hashes(void)
{
    return tp_hashing_vectorizer_transform(
        tp_hashing_vectorizer_new(.ngram_max = 2, .stop_words = tp_english_stop_words()), &all);
}

static bool weights(void)
{
    return tp_tfidf_fit_transform_texts(tp_tfidf_new(), tp_count_vectorizer_new(), &all);
}

static bool stream(void)
{
    tp_text_stream *s = tp_text_stream_open(table, tp_hashing_vectorizer_new(.n_features = 64),
                                            .shuffle = true, .window = 64);
    tp_loader *loader = s ? tp_loader_new(tp_text_stream_dataset(s), .batch_size = 10) : NULL;
    tp_batch *batch;
    tp_status status = loader ? TP_OK : tp_error();
    while (status == TP_OK)
        status = tp_loader_next(loader, &batch);
    return status == TP_END;
}

static bool tokens(void)
{
    const tp_strings some = {100, all.bytes, all.offsets};
    static const char *const names[] = {"<pad>"};
    tp_tokenizer *t =
        tp_tokenizer_learn(&some, .size = 400, .special_tokens = tp_strings_from_array(1, names));
    tp_sequences *s = tp_tokenizer_encode(t, &some);
    static int64_t order[100];
    return s && tp_tokenizer_decode(t, s->ids, 10, true, NULL) && tp_pad_sequences(s) &&
           tp_bucket_order(s, 8, 4, NULL, order) == TP_OK;
}

static bool words(void)
{
    const tp_strings some = {300, all.bytes, all.offsets};
    tp_vocabulary *v = tp_vocabulary_learn(&some, .stem = TP_STEM_PORTER);
    tp_vocabulary *again = v ? tp_vocabulary_from_tokens(tp_vocabulary_tokens(v)) : NULL;
    tp_sequences *s = again ? tp_vocabulary_encode(again, &some) : NULL;
    return s && tp_vocabulary_decode(again, s->ids, 20, NULL);
}

static bool (*const lives[])(void) = {counts, characters, hashes, weights, stream, tokens, words};

int main(void)
{
    all = documents();
    static char text[40000];
    size_t at = (size_t)sprintf(text, "sentence\tlabel\n");
    for (int i = 0; i < 200; i++)
        at += (size_t)sprintf(text + at, "%.*s%d\t%d\n", (int)(i % 90), all.bytes, i, i % 2);
    table = test_write_file("memory.tsv", text, at);
    int failures = 0;
    for (size_t life = 0; life < sizeof lives / sizeof *lives; life++) {
        bool done = false;
        /* Threads take allocations in any order; with one, each countdown meets the same one. */
        for (int threads = 2; threads >= 1; threads--) {
            CHECK(tp_set_num_threads(threads) == TP_OK);
            tp_region *region = tp_region_new("life");
            CHECK(tp_region_enter(region) == TP_OK && lives[life]());
            tp_region_end(region);
        }
        tp_memory_trim();
        const size_t used = tp_memory_used();
        for (int64_t n = 0; !done && n < 100000; n += n < 100 ? 1 : 17) {
            CHECK(tp_set_num_threads(n % 2 ? 1 : 2) == TP_OK);
            tp_region *region = tp_region_new("life");
            CHECK(tp_region_enter(region) == TP_OK);
            tp__memory_fail_after(n);
            const bool right = lives[life]();
            tp__memory_fail_after(-1);
            const tp_status want = right ? TP_OK : TP_ERROR_MEMORY;
            if (tp_error() != want)
                printf("life %zu, allocation %lld: %s\n", life, (long long)n, tp_error_message());
            CHECK(tp_error() == want);
            failures += !right;
            done = right;
            tp_clear_error();
            tp_region_end(region);
            tp_memory_trim();
            if (tp_memory_used() != used)
                printf("life %zu, allocation %lld: %zu bytes, not %zu\n", life, (long long)n,
                       tp_memory_used(), used);
            CHECK(tp_memory_used() == used);
        }
        CHECK(done);
    }
    remove(table);
    CHECK(failures > 400);
    printf("%d allocations failed\n", failures);
    return test_end();
}
