/* Byte pairs and vocabularies against a plain reading of their rules (golden/tokenizer.py), files, padding,
 * batches of like length. */
#include "pack.h"
#include "golden/text_random.h"
#include "golden/tokenizer.h"
#include "taper/taper.h"

typedef struct corpus {
    char bytes[8192];
    int64_t offsets[16];
    tp_strings strings;
} corpus;

static const char *const *const pools[] = {text_plain, text_odd, text_few, text_few, text_stems};

/* What a deliberate mistake changes: the last id of each corpus. */
static bool sabotage;

static void draw_corpus(uint64_t *state, const char *const *pool, corpus *c)
{
    size_t at = 0;
    const int64_t count = 1 + (int64_t)random_below(state, 8);
    c->offsets[0] = 0;
    for (int64_t d = 0; d < count; d++) {
        at = random_text(state, 60, pool, c->bytes, at);
        c->offsets[d + 1] = (int64_t)at;
    }
    c->strings = (tp_strings){count, c->bytes, c->offsets};
}

static void add_sequences(uint64_t *sum, const tp_sequences *s)
{
    CHECK(s);
    for (int64_t i = 0; s && i < s->count; i++) {
        int64_t length;
        const int64_t *ids = tp_sequence_at(s, i, &length);
        for (int64_t k = 0; k < length; k++)
            checksum_integer(sum, ids[k] + (sabotage && i + 1 == s->count && k + 1 == length));
        checksum_integer(sum, -1);
    }
}

/* What comes back is what went in. */
static void check_back(const tp_tokenizer *t, const tp_sequences *s, const tp_strings *texts)
{
    for (int64_t i = 0; s && i < s->count; i++) {
        size_t length, want_length;
        int64_t count;
        const int64_t *ids = tp_sequence_at(s, i, &count);
        const char *back = tp_tokenizer_decode(t, ids, count, true, &length);
        const char *want = tp_string_at(texts, i, &want_length);
        CHECK(back && length == want_length && !memcmp(back, want, length));
    }
}

static tp_strings *two_specials(int64_t count)
{
    static const char *const names[] = {"<pad>", "<end>"};
    return tp_strings_from_array(count, names);
}

static uint64_t tokenizer(uint64_t *state, const char *const *pool)
{
    static corpus docs, others;
    draw_corpus(state, pool, &docs);
    draw_corpus(state, pool, &others);
    const int64_t specials = (int64_t)random_below(state, 3), least = (int64_t)random_below(state, 4),
                  size = 262 + (int64_t)random_below(state, 60);
    const tp_tokenizer *t = tp_tokenizer_learn(&docs.strings, .size = size, .min_count = least,
                                               .special_tokens = specials ? two_specials(specials) : NULL);
    uint64_t sum = CHECKSUM_START;
    CHECK(t && tp_tokenizer_size(t) <= size);
    const char *file = test_temporary("tokenizer.safetensors");
    CHECK(tp_tokenizer_save(t, file) == TP_OK);
    const tp_tokenizer *again = tp_tokenizer_load(file);
    CHECK(tp_tokenizer_size(again) == tp_tokenizer_size(t));
    tp_tensor *merges = tp_safetensors_tensor(tp_safetensors_open(file), "merges");
    for (int64_t i = 0; merges && i < tp_numel(merges); i++)
        checksum_integer(&sum, tp_data_i32(merges)[i]);
    remove(file);
    tp_sequences *a = tp_tokenizer_encode(t, &docs.strings), *b = tp_tokenizer_encode(again, &others.strings);
    add_sequences(&sum, a);
    add_sequences(&sum, b);
    check_back(t, a, &docs.strings);
    check_back(again, b, &others.strings);
    return sum;
}

static uint64_t vocabulary(uint64_t *state, const char *const *pool)
{
    static const int64_t sizes[] = {2, 5, 100};
    static corpus docs, others;
    draw_corpus(state, pool, &docs);
    draw_corpus(state, pool, &others);
    const int64_t least = (int64_t)random_below(state, 3), most = sizes[random_below(state, 3)];
    const tp_vocabulary *v = tp_vocabulary_learn(&docs.strings, .min_count = least, .max_size = most);
    const tp_vocabulary *again = tp_vocabulary_from_tokens(tp_vocabulary_tokens(v));
    uint64_t sum = CHECKSUM_START;
    const tp_strings *tokens = tp_vocabulary_tokens(again);
    CHECK(tokens);
    for (int64_t i = 0; tokens && i < tokens->count; i++) {
        size_t length;
        const char *token = tp_string_at(tokens, i, &length);
        CHECK(tp_vocabulary_find(v, token, length) == i);
        checksum_bytes(&sum, token, length);
        checksum_bytes(&sum, "\n", 1);
    }
    add_sequences(&sum, tp_vocabulary_encode(again, &others.strings));
    return sum;
}

static int64_t compare(void)
{
    static uint64_t (*const functions[])(uint64_t *, const char *const *) = {tokenizer, vocabulary};
    static const uint64_t *const golden[] = {golden_tokenizer, golden_vocabulary};
    uint64_t state = 3;
    int64_t wrong = 0;
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < TOKEN_CORPORA; i++) {
            TP_SCOPE(corpus);
            const char *const *pool = pools[random_below(&state, 5)];
            const bool right = functions[k](&state, pool) == golden[k][i];
            wrong += !right;
            if (!right && !sabotage && wrong < 10)
                fprintf(stderr, "%s, corpus %d\n", k ? "vocabulary" : "tokenizer", i);
        }
    }
    return wrong;
}

static void test_golden(void)
{
    CHECK(compare() == 0);
    CHECK_OK();
    /* Check that the comparison notices; decoding does, too, in its own way. */
    sabotage = true;
    const int failures = test_failures;
    CHECK(compare() > 400);
    CHECK(test_failures == failures);
    sabotage = false;
    tp_clear_error();
}

static const char *text_of(const tp_tokenizer *t, int64_t id)
{
    static char out[64];
    size_t length;
    const char *token = tp_tokenizer_token(t, id, &length);
    snprintf(out, sizeof out, "%.*s", (int)length, token ? token : "");
    return out;
}

static void test_tokenizer(void)
{
    TP_SCOPE(tokenizer);
    const char *const lines[] = {"low low low low low",
                                 "lower lower newest newest newest newest newest newest",
                                 "widest widest widest"};
    tp_strings *texts = tp_strings_from_array(3, lines);
    tp_tokenizer *t = tp_tokenizer_learn(texts, .size = 268, .special_tokens = two_specials(2));
    CHECK(tp_tokenizer_size(t) == 268);
    CHECK(tp_tokenizer_special(t, "<end>") == 1 && tp_tokenizer_special(t, "low") == -1);
    CHECK_TEXT(text_of(t, 0), "<pad>");
    CHECK_TEXT(text_of(t, 2 + 'a'), "a");
    CHECK_TEXT(text_of(t, 258), "es");
    CHECK_TEXT(text_of(t, 259), "est");
    CHECK(!tp_tokenizer_token(t, 268, NULL) && !tp_tokenizer_token(t, -1, NULL));

    /* A special token is never read out of a text, and bytes need not be UTF-8. */
    static char odd[256 + 5];
    for (int i = 0; i < 256; i++)
        odd[i] = (char)i;
    memcpy(odd + 256, "<end>", 5);
    const int64_t offsets[] = {0, 261};
    tp_strings bytes = {1, odd, offsets};
    tp_sequences *s = tp_tokenizer_encode(t, &bytes);
    check_back(t, s, &bytes);
    for (int64_t i = 0; i < s->offsets[1]; i++)
        CHECK(s->ids[i] >= 2);
    size_t length;
    CHECK_TEXT(tp_tokenizer_decode(t, (int64_t[]){0, 2 + 'h', 2 + 'i', 1}, 4, false, &length), "hi");
    CHECK_TEXT(tp_tokenizer_decode(t, (int64_t[]){0, 2 + 'h', 2 + 'i', 1}, 4, true, &length), "<pad>hi<end>");
    CHECK(!tp_tokenizer_decode(t, (int64_t[]){268}, 1, true, NULL));
    CHECK_ERROR(TP_ERROR_INDEX, "id 268 of 268 at 0");

    /* A long piece takes no square of its length. */
    enum { LONG = 1 << 20 };
    char *as = malloc(LONG);
    memset(as, 'a', LONG);
    tp_strings one = {1, as, (int64_t[]){0, LONG}};
    tp_tokenizer *u = tp_tokenizer_learn(&one, .size = 266);
    CHECK(tp_tokenizer_size(u) == 266);
    s = tp_tokenizer_encode(u, &one);
    CHECK(s && s->offsets[1] == LONG >> 10);
    check_back(u, s, &one);
    free(as);

    /* Nothing to learn from. */
    tp_tokenizer *empty = tp_tokenizer_learn(&(tp_strings){0, NULL, (int64_t[]){0}});
    CHECK(tp_tokenizer_size(empty) == 256);
    CHECK_OK();
    CHECK(!tp_tokenizer_learn(texts, .size = 200));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "size 200");
    const char *const twice[] = {"<a>", "<a>"};
    CHECK(!tp_tokenizer_learn(texts, .special_tokens = tp_strings_from_array(2, twice)));
    CHECK_ERROR(TP_ERROR_VALUE, "twice");
    CHECK(!tp_tokenizer_learn(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "texts is NULL");
}

/* ---- Files that are refused ---- */

static void refuse(tp_tensor *merges, tp_tensor *specials, const char *version, tp_status status,
                   const char *piece)
{
    const char *file = test_temporary("refused.safetensors");
    const tp_named_tensor tensors[] = {{"merges", merges}, {"special_tokens", specials}};
    const tp_string_pair metadata[] = {{"taper", "tokenizer"}, {"version", version}};
    CHECK(tp_safetensors_save(file, tensors, specials ? 2 : 1, metadata, version ? 2 : 0) == TP_OK);
    CHECK(!tp_tokenizer_load(file));
    CHECK(strstr(tp_error_message(), "refused.safetensors"));
    CHECK_ERROR(status, piece);
    remove(file);
}

static void test_files(void)
{
    TP_SCOPE(files);
    tp_tensor *none = tp_zeros(TP_U8, 0), *good = tp_from_text(TP_I32, "[[97, 98], [256, 99]]");
    refuse(good, none, NULL, TP_ERROR_FORMAT, "no tokenizer");
    refuse(good, none, "2", TP_ERROR_UNSUPPORTED, "version 2");
    refuse(good, NULL, "1", TP_ERROR_FORMAT, "1 tensors");
    refuse(tp_from_text(TP_I32, "[[97, 98], [257, 99]]"), none, "1", TP_ERROR_VALUE, "merge 1 is of ids");
    refuse(tp_from_text(TP_I32, "[[97, 98], [97, 98]]"), none, "1", TP_ERROR_VALUE, "merge 1 is there twice");
    refuse(tp_from_text(TP_I32, "[[97, -1]]"), none, "1", TP_ERROR_FORMAT, "negative");
    refuse(tp_from_text(TP_I64, "[[97, 98]]"), none, "1", TP_ERROR_FORMAT, "int32 matrix");
    refuse(tp_from_text(TP_I32, "[97, 98]"), none, "1", TP_ERROR_FORMAT, "int32 matrix");
    refuse(good, tp_from_text(TP_U8, "[97, 98]"), "1", TP_ERROR_FORMAT, "no vector of lines");
    refuse(good, tp_from_text(TP_U8, "[97, 10, 97, 10]"), "1", TP_ERROR_VALUE, "twice");
    refuse(good, tp_from_text(TP_U8, "[10]"), "1", TP_ERROR_VALUE, "empty");
    /* Merges that double: 2^40 bytes are not made. */
    int32_t doubling[40][2] = {{0}};
    for (int i = 1; i < 40; i++)
        doubling[i][0] = doubling[i][1] = 255 + i;
    refuse(tp_from_array(TP_I32, doubling, 40, 2), none, "1", TP_ERROR_VALUE, "longer than 1 MiB");
    /* Nor is much made of many that are not quite as long: 21 doublings, and then 2^19 bytes 4000 times. */
    static int32_t many[4000][2];
    memcpy(many, doubling, 19 * sizeof *many);
    for (int i = 19; i < 4000; i++) {
        many[i][0] = 255 + 18;
        many[i][1] = i % 256;
        if (i >= 19 + 256)
            many[i][0] = 255 + 19 + (i - 19) / 256;
    }
    refuse(tp_from_array(TP_I32, many, 4000, 2), none, "1", TP_ERROR_VALUE, "all up to it are than 4 MiB");
    /* A hundred thousand special tokens are compared by hash. */
    const int64_t count = 100000;
    tp_tensor *names = tp_zeros(TP_U8, 7 * count);
    uint8_t *bytes = tp_data(names);
    for (int64_t i = 0; bytes && i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "%06lld\n", (long long)i);
        memcpy(bytes + 7 * i, name, 7);
    }
    const tp_named_tensor tensors[] = {{"merges", tp_zeros(TP_I32, 0, 2)}, {"special_tokens", names}};
    const tp_string_pair metadata[] = {{"taper", "tokenizer"}, {"version", "1"}};
    const char *path = test_temporary("specials.safetensors");
    CHECK(tp_safetensors_save(path, tensors, 2, metadata, 2) == TP_OK);
    CHECK(tp_tokenizer_size(tp_tokenizer_load(path)) == count + 256);
    unlink(path);
}

/* ---- Vocabularies ---- */

static void test_vocabulary(void)
{
    TP_SCOPE(vocabulary);
    const char *const lines[] = {"the film , the acting", "the <pad> pad of a film", ""};
    tp_strings *texts = tp_strings_from_array(3, lines);
    tp_vocabulary *v = tp_vocabulary_learn(texts, .min_count = 2);
    CHECK(tp_vocabulary_tokens(v)->count == 5);
    CHECK(tp_vocabulary_find(v, "the", 3) == 2 && tp_vocabulary_find(v, "film", 4) == 3);
    CHECK(tp_vocabulary_find(v, "acting", 6) == TP_UNKNOWN_ID);
    tp_sequences *s = tp_vocabulary_encode(v, texts);
    CHECK(s && s->count == 3 && s->offsets[3] == s->offsets[2] && s->offsets[1] == 4);
    CHECK_TEXT(tp_vocabulary_decode(v, s->ids, 4, NULL), "the film the <unk>");
    CHECK(!tp_vocabulary_decode(v, (int64_t[]){5}, 1, NULL));
    CHECK_ERROR(TP_ERROR_INDEX, "id 5 of 5");
    const char *const wrong[] = {"<unk>", "<pad>", "a"};
    CHECK(!tp_vocabulary_from_tokens(tp_strings_from_array(3, wrong)));
    CHECK_ERROR(TP_ERROR_VALUE, "<pad> and <unk>");
    const char *const twice[] = {"<pad>", "<unk>", "a", "a"};
    CHECK(!tp_vocabulary_from_tokens(tp_strings_from_array(4, twice)));
    CHECK_ERROR(TP_ERROR_VALUE, "duplicate token \"a\" at 3");
    CHECK(!tp_vocabulary_from_tokens(tp_strings_from_array(0, NULL)));
    CHECK_ERROR(TP_ERROR_VALUE, "no tokens");
    CHECK(!tp_vocabulary_learn(texts, .max_size = 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "max_size 1");
    const tp_strings broken = {1, "a \xFF", (int64_t[]){0, 3}};
    CHECK(!tp_vocabulary_encode(v, &broken));
    CHECK_ERROR(TP_ERROR_FORMAT, "vocabulary: document 0: byte 2 (0xFF)");
}

/* ---- Padding and buckets ---- */

static void test_padding(void)
{
    TP_SCOPE(padding);
    const int64_t ids[] = {1, 2, 3, 4, 5, 6}, offsets[] = {0, 3, 3, 4, 6};
    const tp_sequences s = {4, ids, offsets};
    tp_tensor *mask;
    tp_tensor *m = tp_pad_sequences(&s, .padding = 9, .mask = &mask);
    CHECK(tp_equal(m, tp_from_text(TP_I64, "[[1, 2, 3], [9, 9, 9], [4, 9, 9], [5, 6, 9]]")));
    CHECK(tp_equal(mask, tp_from_text(TP_BOOL, "[[1, 1, 1], [0, 0, 0], [1, 0, 0], [1, 1, 0]]")));
    m = tp_pad_sequences(&s, .length = 2, .pad_front = true, .cut_front = true, .mask = &mask);
    CHECK(tp_equal(m, tp_from_text(TP_I64, "[[2, 3], [0, 0], [0, 4], [5, 6]]")));
    CHECK(tp_equal(mask, tp_from_text(TP_BOOL, "[[1, 1], [0, 0], [0, 1], [1, 1]]")));
    CHECK(tp_equal(tp_pad_sequences(&s, .length = 1), tp_from_text(TP_I64, "[[1], [0], [4], [5]]")));
    CHECK(tp_size(tp_pad_sequences(&s, .length = 0), 1) == 0);
    CHECK_OK();
    CHECK(!tp_pad_sequences(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "sequences is NULL");
    const int64_t falling[] = {0, 3, 2};
    CHECK(!tp_pad_sequences(&(tp_sequences){2, ids, falling}));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "offsets[1]");
}

static void test_buckets(void)
{
    TP_SCOPE(buckets);
    enum { COUNT = 1003, BATCH = 10 };
    static int64_t offsets[COUNT + 1], order[COUNT], ids[COUNT * 40];
    uint64_t state = 1;
    for (int i = 0; i < COUNT; i++)
        offsets[i + 1] = offsets[i] + (int64_t)random_below(&state, 40);
    const tp_sequences s = {COUNT, ids, offsets};
    double waste[2];
    for (int k = 0; k < 2; k++) {
        tp_manual_seed(3);
        CHECK(tp_bucket_order(&s, BATCH, k ? 20 : 1, NULL, order) == TP_OK);
        static int seen[COUNT];
        memset(seen, 0, sizeof seen);
        int64_t padded = 0;
        for (int i = 0; i < COUNT; i += BATCH) {
            int64_t most = 0;
            const int end = i + BATCH < COUNT ? i + BATCH : COUNT;
            for (int n = i; n < end; n++) {
                seen[order[n]]++;
                const int64_t length = offsets[order[n] + 1] - offsets[order[n]];
                most = length > most ? length : most;
            }
            padded += most * (end - i);
        }
        for (int i = 0; i < COUNT; i++)
            CHECK(seen[i] == 1);
        waste[k] = (double)(padded - offsets[COUNT]) / (double)offsets[COUNT];
    }
    CHECK(waste[1] < waste[0] / 5);
    CHECK(tp_bucket_order(&s, 0, 1, NULL, order) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "batches of 0");
    CHECK(tp_bucket_order(&(tp_sequences){0, NULL, offsets}, 4, 2, NULL, NULL) == TP_OK);
    CHECK_OK();
}

int main(void)
{
    test_golden();
    test_tokenizer();
    test_files();
    test_vocabulary();
    test_padding();
    test_buckets();
    return test_end();
}
