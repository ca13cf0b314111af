/* Texts themselves, vocabularies, and what the command reads: lines and command lines. */
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>

/* ---- Texts ---- */

static const char *const text_words[] = {"\xF0\x9F\x98\x80", "\xC4\xB0", "\xCC\x87", "\xEF\xBB\xBF",
                                         "\xE2\x80\x8F",     " ",        "ing",      "ational",
                                         "0\xD9\xA0",        NULL};

/* All that takes texts apart. The first byte chooses how. */
static bool run_text(const char *bytes, size_t length)
{
    if (!length)
        return true;
    const unsigned how = (unsigned char)bytes[0];
    const char *text = bytes + 1;
    length--;
    const int64_t offsets[] = {0, (int64_t)(length / 2), (int64_t)length};
    const tp_strings one = {1, text, (const int64_t[]){0, (int64_t)length}}, two = {2, text, offsets};
    const tp_analyzer analyzer = (tp_analyzer)(how % 3);
    const tp_stem stem = how & 8 ? TP_STEM_PORTER : TP_STEM_NONE;
    const bool valid = tp_utf8_check(text, length) == TP_OK;
    bool right = fuzz_outcome(valid);
    tp_clear_error();
    const tp_count_vectorizer_options o = {.lowercase = how & 16,
                                           .stem = stem,
                                           .analyzer = analyzer,
                                           .min_token_length = 1,
                                           .ngram_min = 1,
                                           .ngram_max = how & 32 ? 3 : 1,
                                           .max_df = INT64_MAX,
                                           .max_df_fraction = 1,
                                           .max_features = INT64_MAX,
                                           .dtype = TP_F32};
    tp_count_vectorizer *v = tp_count_vectorizer_new_with(&o);
    const bool counted = tp_count_vectorizer_fit_transform(v, &one) != NULL;
    right = right && fuzz_outcome(counted) && (valid || !counted);
    tp_clear_error();
    if (counted)
        right = right && tp_count_vectorizer_transform(v, &one);
    const bool hashed =
        tp_hashing_vectorizer_transform(
            tp_hashing_vectorizer_new(.n_features = 64, .analyzer = analyzer, .stem = stem), &one) != NULL;
    right = right && fuzz_outcome(hashed) && hashed == valid;
    tp_clear_error();
    size_t lower;
    right = right && (tp_lower(text, length, &lower) != NULL) == valid;
    tp_clear_error();
    tp_stemmer *stemmer = tp_stemmer_new();
    right = right && fuzz_outcome(tp_stemmer_text(stemmer, text, length, NULL) != NULL);
    tp_clear_error();
    /* Bytes of any kind become ids and come back. */
    tp_tokenizer *t = tp_tokenizer_learn(&two, .size = 300, .min_count = 1);
    const tp_sequences *s = t ? tp_tokenizer_encode(t, &one) : NULL;
    size_t decoded;
    const char *back = s ? tp_tokenizer_decode(t, s->ids, s->offsets[1], false, &decoded) : NULL;
    return right && back && decoded == length && !memcmp(back, text, length) && fuzz_outcome(true);
}

static void seed_text(void)
{
    static const char text[] =
        "9A good film, and not 1 bad \xC3\xA9l\xC3\xA9ment \xF0\x9F\x98\x80; running relational";
    char copy[sizeof text];
    memcpy(copy, text, sizeof text);
    for (int how = 0; how < 8; how++) {
        copy[0] = (char)(how * 37);
        fuzz_seed(copy, sizeof text - 1);
    }
}

/* ---- Vocabularies ---- */

/* The lines of the input, as far as they go. */
static tp_strings lines_of(const char *bytes, size_t length)
{
    tp_strings lines = {0, bytes, NULL};
    int64_t count = 1;
    for (size_t i = 0; i < length; i++)
        count += bytes[i] == '\n';
    tp_region *region = tp_region_current();
    int64_t *offsets = tp_region_alloc(region, ((size_t)count + 1) * sizeof *offsets);
    char *text = offsets ? tp_region_alloc(region, length + 1) : NULL;
    if (!text)
        return lines; /* without offsets, which is refused */
    int64_t at = 0, line = 0;
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == '\n')
            offsets[++line] = at;
        else
            text[at++] = bytes[i];
    offsets[++line] = at;
    lines.count = line;
    lines.bytes = text;
    lines.offsets = offsets;
    return lines;
}

/* As the terms of a vectorizer, its stop words, a vocabulary's tokens, a tokenizer's special ones, and
 * labels. */
static bool run_vocabulary(const char *bytes, size_t length)
{
    static const char text[] = "good film, a b ab <pad> worst";
    const int64_t offsets[] = {0, sizeof text - 1};
    const tp_strings lines = lines_of(bytes, length), texts = {1, text, offsets};
    tp_count_vectorizer *v = tp_count_vectorizer_new(.vocabulary = &lines, .ngram_max = 2);
    bool right = fuzz_outcome(v != NULL) && (!v || tp_count_vectorizer_transform(v, &texts));
    tp_clear_error();
    v = tp_count_vectorizer_new(.stop_words = &lines, .min_token_length = 1);
    right = right && fuzz_outcome(v != NULL);
    if (v)
        right = right && fuzz_outcome(tp_count_vectorizer_fit_transform(v, &texts) != NULL);
    tp_clear_error();
    tp_vocabulary *ids = tp_vocabulary_from_tokens(&lines);
    right = right && fuzz_outcome(ids != NULL) && (!ids || tp_vocabulary_encode(ids, &texts));
    tp_clear_error();
    tp_tokenizer *t = tp_tokenizer_learn(&texts, .size = 300, .special_tokens = &lines);
    right = right && fuzz_outcome(t != NULL);
    return right;
}

static void seed_vocabulary(void)
{
    static const char *const seeds[] = {"a\nb\ngood\ngood film\nworst", "<pad>\n<unk>\na\nb\nfilm",
                                        "good\nfilm\nbad"};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        fuzz_seed(seeds[i], strlen(seeds[i]));
}

static const char *const vocabulary_words[] = {"\n<pad>\n", "<unk>", "good", " film", "\n\n", "a b c", NULL};

/* ---- The command's own parsers, whose messages go nowhere ---- */

static FILE *nowhere(void)
{
    static FILE *file;
    if (!file)
        file = fopen("/dev/null", "w");
    return file;
}

#undef stderr
#define stderr nowhere()
#include "../../tool/common.c"
#include "../../tool/flags.c"
#include "../../tool/text_blocks.c"

static bool run_lines(const char *bytes, size_t length)
{
    if (!length)
        return true;
    text_blocks blocks;
    const char how = bytes[0];
    int status = text_blocks_open(&blocks, fuzz_file(bytes + 1, length - 1), how & 1 ? "sentence" : NULL,
                                  how & 2 ? ',' : '\t');
    size_t taken = 0;
    while (status == STATUS_GO_ON) {
        tp_strings texts = {0, NULL, NULL};
        status = text_blocks_next(&blocks, &texts);
        for (int64_t i = 0; i < texts.count; i++) {
            size_t one;
            const char *text = tp_string_at(&texts, i, &one);
            taken += one;
            if (tp_utf8_check(text, one) != TP_OK)
                return false;
        }
    }
    text_blocks_close(&blocks);
    tp_clear_error();
    return taken <= length;
}

static void seed_lines(void)
{
    static const char lines[] = "0a film\n\nb\r\n\xC3\xA9\tx",
                      table[] = "1sentence\tlabel\na film\t1\n\"b\nc\"\t0\n";
    fuzz_seed(lines, sizeof lines - 1);
    fuzz_seed(table, sizeof table - 1);
}

/* Words of a command line, a line each. */
static bool run_flags(const char *bytes, size_t length)
{
    static const char *const choices[] = {"adam", "sgd", "rmsprop", NULL};
    const char *text = NULL, *choice = "adam", *operands[2];
    int64_t whole = 3;
    double number = 0.5, above = 1;
    bool on = false, two = true;
    flag flags[] = {{"train", FLAG_TEXT, &text, "FILE", "reads", .low = 0},
                    {"optimizer", FLAG_CHOICE, &choice, "NAME", "chooses", .choices = choices},
                    {"epochs", FLAG_INTEGER, &whole, "N", "counts", .low = -5, .high = 1000000},
                    {"", FLAG_HEADING, NULL, NULL, "more", .low = 0},
                    {"seed", FLAG_NUMBER, &number, "X", "a number", .low = 0},
                    {"lr", FLAG_NUMBER, &above, "X", "above", .low = 0, .above = true},
                    {"quiet", FLAG_SWITCH, &on, NULL, "says less", .low = 0},
                    {"lowercase", FLAG_BOOL, &two, NULL, "lowers", .low = 0}};
    const command of = {
        "fuzz", "Reads flags.", "[FILE [FILE]]", NULL, 0, 2, flags, sizeof flags / sizeof *flags};
    char *words[64], copy[4096];
    int count = 0;
    snprintf(copy, sizeof copy, "%.*s", (int)(length < 4000 ? length : 4000), bytes);
    for (char *p = copy; p && count < 64;) {
        words[count] = p;
        if ((p = strchr(p, '\n')))
            *p++ = 0;
        if (!strcmp(words[count], "--help") || !strcmp(words[count], "-h")) /* goes to standard output */
            return true;
        count++;
    }
    const int status = flags_read(&of, count, words, operands);
    return (status == STATUS_GO_ON || status == STATUS_USAGE) && whole >= -5 && whole <= 1000000 &&
           isfinite(number) && number >= 0 && isfinite(above) && above > 0;
}

static void seed_flags(void)
{
    static const char *const seeds[] = {
        "--train\nfile\n--epochs=7\n--lr\n0.25\n--no-lowercase\n--quiet\nx\ny",
        "--seed\n1e3\n--optimizer=sgd\n--\n--lr", "--trian\nfile"};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        fuzz_seed(seeds[i], strlen(seeds[i]));
}

static const char *const flag_words[] = {"\n--epochs\n", "\n--lr=", "\n--no-",    "0x1p-2",
                                         "\n--\n",       "1e999",   "--seed=nan", NULL};

const fuzz_target fuzz_texts[] = {{"text", run_text, seed_text, text_words},
                                  {"vocabulary", run_vocabulary, seed_vocabulary, vocabulary_words},
                                  {"lines", run_lines, seed_lines, NULL},
                                  {"flags", run_flags, seed_flags, flag_words},
                                  {NULL, NULL, NULL, NULL}};
