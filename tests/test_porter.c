/* Stems against NLTK's PorterStemmer. */
#include "base/memory.h"
#include "golden/porter.h"
#include "golden/text_random.h"
#include "taper/text.h"
#include "test.h"

static void add_stem(uint64_t *sum, const char *word, size_t length)
{
    char stem[1024];
    size_t stem_length = 0;
    CHECK(tp_porter_stem(word, length, stem, TP_PORTER_CAPACITY(length), &stem_length) == TP_OK);
    CHECK(stem[stem_length] == 0);
    checksum_bytes(sum, word, length);
    checksum_bytes(sum, "\t", 1);
    checksum_bytes(sum, stem, stem_length);
    checksum_bytes(sum, "\n", 1);
}

static void test_words(void)
{
    FILE *f = fopen(TP_SOURCE_DIR "/tests/golden/porter_words.txt", "rb");
    CHECK(f);
    if (!f)
        return;
    char line[2048];
    int words = 0, noticed = 0;
    while (fgets(line, sizeof line, f)) {
        char *tab = strchr(line, '\t'), *end = strchr(line, '\n'), stem[1024];
        *tab = *end = 0;
        CHECK(tp_porter_stem(line, strlen(line), stem, sizeof stem, NULL) == TP_OK);
        CHECK_TEXT(stem, tab + 1);
        /* Sabotage: a stemmer that only lower-cases would not pass. */
        noticed += strcmp(line, tab + 1) != 0;
        words++;
    }
    fclose(f);
    CHECK(words == PORTER_WORDS);
    CHECK(noticed > words / 2);
}

static void test_random(void)
{
    uint64_t state = 4, sum = CHECKSUM_START;
    for (int i = 0; i < 200000; i++) {
        char word[512];
        add_stem(&sum, word, random_word(&state, word));
    }
    CHECK(sum == PORTER_RANDOM);
    /* Sabotage: one letter of one stem is noticed. */
    checksum_bytes(&sum, "x", 1);
    CHECK(sum != PORTER_RANDOM);
}

static void test_sentences(void)
{
    TP_SCOPE(sentences);
    tp_stemmer *stemmer = tp_stemmer_new();
    size_t length = 0;
    const char *text = " The  movies\twere\xC2\xA0"
                       "Surprisingly\xE3\x80\x80"
                       "entertaining \x1c TIES\n";
    CHECK_TEXT(tp_stemmer_text(stemmer, text, strlen(text), &length),
               "the movi were surprisingli entertain tie");
    CHECK(length == strlen("the movi were surprisingli entertain tie"));
    CHECK_TEXT(tp_stemmer_text(stemmer, "", 0, &length), "");
    CHECK_TEXT(tp_stemmer_text(stemmer, " \t ", 3, &length), "");

    /* With a cache, with one that is full after a few words, and without, the stems are the same. */
    tp_stemmer *tight = tp_stemmer_new(.cache_size = 9000), *none = tp_stemmer_new(.cache_size = 0);
    uint64_t state = 5;
    for (int i = 0; i < 3000; i++) {
        char words[8192], stem[1024];
        size_t at = 0;
        for (uint64_t n = random_below(&state, 8); n; n--) {
            at += random_word(&state, words + at);
            words[at++] = ' ';
        }
        const char *a = tp_stemmer_text(stemmer, words, at, NULL);
        CHECK_TEXT(tp_stemmer_text(tight, words, at, NULL), a);
        CHECK_TEXT(tp_stemmer_text(none, words, at, NULL), a);
        const size_t first = at ? (size_t)((char *)memchr(words, ' ', at) - words) : 0;
        if (first && !memchr(words, 0x1c, first)) {
            CHECK(tp_porter_stem(words, first, stem, sizeof stem, &length) == TP_OK);
            CHECK(strlen(a) >= length && !memcmp(a, stem, length));
        }
    }
    const char *const texts[] = {"Running dogs", "", "  flies  "};
    tp_strings *stemmed = tp_stemmer_texts(stemmer, tp_strings_from_array(3, texts));
    CHECK(stemmed && stemmed->count == 3 && stemmed->offsets[3] == 10);
    CHECK(stemmed && !memcmp(stemmed->bytes, "run dogfli", 10));
    CHECK(stemmed && stemmed->offsets[1] == 7 && stemmed->offsets[2] == 7);
    CHECK(tp_stemmer_texts(stemmer, &(tp_strings){0, NULL, (int64_t[]){0}}));
    CHECK_OK();
}

static void test_errors(void)
{
    TP_SCOPE(errors);
    char stem[32];
    CHECK(tp_porter_stem("running", 7, stem, 7, NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "a word of 7 bytes needs room for 8, not 7");
    CHECK(tp_porter_stem("running", 7, stem, 8, NULL) == TP_OK);
    CHECK(tp_porter_stem("ab\xC0\x80", 4, stem, sizeof stem, NULL) == TP_ERROR_FORMAT);
    CHECK_ERROR(TP_ERROR_FORMAT, "porter_stem: byte 2 (0xC0)");
    CHECK(tp_porter_stem(NULL, 0, stem, sizeof stem, NULL) != TP_OK);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "word");
    tp_stemmer *stemmer = tp_stemmer_new();
    CHECK(!tp_stemmer_text(stemmer, "good \xF5", 6, NULL));
    CHECK_ERROR(TP_ERROR_FORMAT, "stemmer: byte 5 (0xF5)");
    CHECK(!tp_stemmer_texts(stemmer, tp_strings_from_array(2, (const char *const[]){"good", "b\xE2\x82"})));
    CHECK_ERROR(TP_ERROR_FORMAT, "stemmer: text 1: byte 1 (0xE2)");
    CHECK(!tp_stemmer_texts(stemmer, &(tp_strings){1, "a", (int64_t[]){1, 0}}));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "offsets[1] is below offsets[0]");
    CHECK(!tp_stemmer_texts(stemmer, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "texts");
    CHECK(!tp_strings_from_array(1, (const char *const[]){NULL}));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "text 0 is NULL");

    /* Random bytes: an error, or valid text; never a crash. */
    uint64_t state = 6;
    for (int i = 0; i < 30000; i++) {
        const size_t length = (size_t)random_below(&state, 24);
        char *bytes = malloc(length ? length : 1), out[64];
        if (!bytes)
            exit(1);
        for (size_t b = 0; b < length; b++)
            bytes[b] =
                (char)(random_below(&state, 2) ? 'a' + random_below(&state, 26) : random_below(&state, 256));
        const bool valid = tp_utf8_check(bytes, length) == TP_OK;
        CHECK((tp_porter_stem(bytes, length, out, sizeof out, NULL) == TP_OK) == valid);
        TP_SCOPE(one);
        CHECK(!tp_stemmer_text(stemmer, bytes, length, NULL) == !valid);
        tp_clear_error();
        free(bytes);
    }

    /* A word long enough for every buffer to grow. */
    const size_t length = 100000;
    char *word = malloc(length), *out = malloc(TP_PORTER_CAPACITY(length));
    if (!word || !out)
        exit(1);
    memset(word, 'y', length);
    memcpy(word, "é", 2);
    CHECK(tp_porter_stem(word, length, out, TP_PORTER_CAPACITY(length), NULL) == TP_OK);
    tp__memory_fail_after(0);
    CHECK(tp_porter_stem(word, length, out, TP_PORTER_CAPACITY(length), NULL) == TP_ERROR_MEMORY);
    tp__memory_fail_after(-1);
    tp_clear_error();
    free(word);
    free(out);
}

static void test_memory(void)
{
    for (int64_t n = 0;; n++) {
        TP_SCOPE(failing);
        tp_strings *texts =
            tp_strings_from_array(2, (const char *const[]){"some wörds running", "more of it"});
        tp__memory_fail_after(n);
        tp_stemmer *stemmer = tp_stemmer_new();
        const tp_strings *stemmed = stemmer ? tp_stemmer_texts(stemmer, texts) : NULL;
        tp__memory_fail_after(-1);
        if (stemmed) {
            CHECK(n > 3);
            break;
        }
        CHECK_ERROR(TP_ERROR_MEMORY, "out of memory");
    }
}

static bool test_tokens_of_sst2(void)
{
    const char *folder = test_sst2();
    if (!folder)
        return false;
    uint64_t sum = CHECKSUM_START;
    int64_t tokens = 0;
    for (int part = 0; part < 2; part++) {
        tp_strings sentences = sst2_sentences(folder, part ? "dev.tsv" : "train.tsv");
        for (int64_t i = 0; i < sentences.offsets[sentences.count];) {
            /* SST-2 has no whitespace but spaces, and a space ends every sentence. */
            const char *word = sentences.bytes + i, *space = memchr(word, ' ', 10000);
            if (space > word) {
                add_stem(&sum, word, (size_t)(space - word));
                tokens++;
            }
            i += space - word + 1;
        }
        free((void *)sentences.bytes);
        free((void *)sentences.offsets);
    }
    CHECK(tokens == PORTER_SST2_TOKENS);
    CHECK(sum == PORTER_SST2);
    return true;
}

int main(void)
{
    test_words();
    test_random();
    test_sentences();
    test_errors();
    test_memory();
    const bool whole = test_tokens_of_sst2();
    tp_finish();
    const int result = test_end();
    return result || whole ? result : TEST_SKIPPED;
}
