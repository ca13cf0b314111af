/* taper inspect: what a model is made of, and its weightiest words. */
#include "flags.h"
#include "model_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool print_parameters(const tp_text_model *model)
{
    tp_parameter_list *list = tp_parameters(tp_text_model_module(model));
    if (!list)
        return false;
    for (int64_t i = 0; i < list->count; i++) {
        const tp_tensor *t = list->tensors[i];
        printf("%-12s %-9s %s [", i ? "" : "parameters", list->names[i], tp_dtype_name(tp_dtype_of(t)));
        for (int d = 0; d < tp_ndim(t); d++)
            printf(d ? ", %" PRId64 : "%" PRId64, tp_size(t, d));
        printf("]\n");
    }
    return true;
}

typedef struct options {
    bool lowercase, binary;
    tp_stem stem;
    tp_analyzer analyzer;
    int64_t min_token_length;
    int ngram_min, ngram_max;
    const tp_strings *stop_words;
} options;

/* What the two vectorizers have in common. */
static options options_of(const tp_text_model *model)
{
    const tp_count_vectorizer *vectorizer = tp_text_model_vectorizer(model);
    if (vectorizer) {
        const tp_count_vectorizer_options *o = tp_count_vectorizer_get_options(vectorizer);
        return (options){o->lowercase,        o->binary,    o->stem,      o->analyzer,
                         o->min_token_length, o->ngram_min, o->ngram_max, o->stop_words};
    }
    const tp_hashing_vectorizer_options *o = tp_hashing_vectorizer_get_options(tp_text_model_hashing(model));
    return (options){o->lowercase,        o->binary,    o->stem,      o->analyzer,
                     o->min_token_length, o->ngram_min, o->ngram_max, o->stop_words};
}

static void print_weighing(const tp_text_model *model)
{
    static const char *const norms[] = {"", ", rows divided by their l1 norm",
                                        ", rows divided by their l2 norm"};
    if (tp_text_model_tfidf(model)) {
        const tp_tfidf_options *o = tp_tfidf_get_options(tp_text_model_tfidf(model));
        printf("%-12s tf-idf%s%s\n", "weights", o->sublinear_tf ? " of 1 + ln(count)" : "", norms[o->norm]);
    }
    if (tp_text_model_hashing(model)) {
        const tp_hashing_vectorizer_options *o =
            tp_hashing_vectorizer_get_options(tp_text_model_hashing(model));
        printf("%-12s columns by MurmurHash3%s%s\n", "hashing",
               o->alternate_sign ? ", half of the terms as -1" : "", norms[o->norm]);
    }
}

static void print_vectorizer(const tp_text_model *model)
{
    const options o = options_of(model);
    const bool words = o.analyzer == TP_ANALYZER_WORD;
    const char *unit = words                            ? "words"
                       : o.analyzer == TP_ANALYZER_CHAR ? "characters"
                                                        : "characters within words";
    printf("%-12s %" PRId64 "\n", tp_text_model_hashing(model) ? "columns" : "terms",
           tp_text_model_features(model));
    printf("%-12s %s, %s", "text", o.lowercase ? "lower case" : "case kept",
           o.stem == TP_STEM_PORTER ? "Porter stems" : "no stems");
    if (words)
        printf(", words of at least %" PRId64 " character%s", o.min_token_length,
               o.min_token_length == 1 ? "" : "s");
    if (words && o.stop_words)
        printf(", %" PRId64 " stop words", o.stop_words->count);
    printf("\n%-12s ", "counts");
    if (o.ngram_max == 1)
        printf("of single %s", unit);
    else if (o.ngram_min == o.ngram_max)
        printf("of runs of %d %s", o.ngram_min, unit);
    else
        printf("of runs of %d to %d %s", o.ngram_min, o.ngram_max, unit);
    printf("%s, float32\n", o.binary ? ", at most 1 each" : "");
    print_weighing(model);
}

/* A column of hashes has no term, and is shown by its number. */
static const char *name_of(const tp_word_weight *word, char *buffer, size_t size, size_t *length)
{
    if (word->length) {
        const char *term = visible(word->term, word->length);
        *length = strlen(term);
        return term;
    }
    *length = (size_t)snprintf(buffer, size, "#%" PRId64, word->column);
    return buffer;
}

static int width_of(const tp_word_weight *words, int64_t count)
{
    int width = 4;
    for (int64_t i = 0; i < count; i++) {
        char buffer[32];
        size_t length;
        const char *name = name_of(&words[i], buffer, sizeof buffer, &length);
        const int here = text_width(name, length);
        width = here > width ? here : width;
    }
    return width;
}

/* The two lists side by side. */
static void print_words(const tp_word_weight *first, const tp_word_weight *second, int64_t count)
{
    const int width = width_of(first, count);
    for (int64_t i = 0; i < count; i++) {
        char one[32], two[32];
        size_t length, other;
        const char *name = name_of(&first[i], one, sizeof one, &length);
        const char *name_too = name_of(&second[i], two, sizeof two, &other);
        printf("%5" PRId64 "  %+8.4f  %.*s%*s  %+8.4f  %.*s\n", i + 1, first[i].weight, (int)length, name,
               width - text_width(name, length), "", second[i].weight, (int)other, name_too);
    }
}

/* ---- Kinds of models ---- */

static void print_model(const tp_text_model *model)
{
    const tp_text_model_options *o = tp_text_model_get_options(model);
    static const char *const activations[] = {"relu", "tanh", "gelu"};
    static const char *const names[] = {"a linear layer over counts of words", "a multilayer perceptron",
                                        "an embedding bag"};
    printf("%-12s text classifier: %s\n", "model", names[o->kind]);
    if (o->kind == TP_TEXT_EMBEDDING_BAG)
        printf("%-12s %" PRId64 " numbers a word, their %s\n", "vectors", o->width,
               o->mode == TP_BAG_MEAN ? "mean" : "sum");
    if (o->hidden_count) {
        printf("%-12s ", "hidden");
        for (int i = 0; i < o->hidden_count; i++)
            printf("%s%" PRId64, i ? ", " : "", o->hidden[i]);
        printf(", %s\n", activations[o->activation]);
    }
    if (o->dropout > 0)
        printf("%-12s %g\n", "dropout", o->dropout);
}

static void print_labels(const tp_text_model *model)
{
    const int64_t classes = tp_text_model_classes(model);
    printf("%-12s", "labels");
    for (int c = 0; c < classes; c++)
        printf("%s %s", c ? "," : "", label_of(model, c));
    putchar('\n');
}

/* As much of a label as there is room for. */
static const char *short_label(const tp_text_model *model, int label, char room[81])
{
    const char *name = tp_text_model_label(model, label);
    tp_visible_text(room, 81, name, strlen(name));
    return room;
}

/* The words for label 1 beside those for label 0. */
static bool print_two_lists(const tp_text_model *model, int64_t wanted)
{
    tp_word_weight *lists = tp_region_alloc(tp_region_current(), 2 * (size_t)wanted * sizeof *lists);
    if (!lists || tp_text_model_top_words(model, 1, wanted, lists) < 0 ||
        tp_text_model_top_words(model, 0, wanted, lists + wanted) < 0)
        return false;
    const int width = width_of(lists, wanted);
    char left[128], right[128], label[81];
    snprintf(left, sizeof left, "for label %s", short_label(model, 1, label));
    snprintf(right, sizeof right, "for label %s", short_label(model, 0, label));
    printf("\n       %s%*s  %s\n", left,
           10 + width - text_width(left, strlen(left)) > 0 ? 10 + width - text_width(left, strlen(left)) : 0,
           "", right);
    print_words(lists, lists + wanted, wanted);
    return true;
}

/* One list for each class, one below the other. */
static bool print_class_lists(const tp_text_model *model, int64_t wanted)
{
    tp_word_weight *words = tp_region_alloc(tp_region_current(), (size_t)wanted * sizeof *words);
    const int64_t classes = tp_text_model_classes(model);
    for (int c = 0; words && c < classes; c++) {
        if (tp_text_model_top_words(model, c, wanted, words) < 0)
            return false;
        printf("\n       for label %s\n", label_of(model, c));
        for (int64_t i = 0; i < wanted; i++) {
            char buffer[32];
            size_t length;
            const char *name = name_of(&words[i], buffer, sizeof buffer, &length);
            printf("%5" PRId64 "  %+8.4f  %.*s\n", i + 1, words[i].weight, (int)length, name);
        }
    }
    return words != NULL;
}

static bool print_layers(const tp_text_model *model)
{
    putchar('\n');
    return tp_module_print(stdout, tp_text_model_module(model)) == TP_OK;
}

int inspect_command(int argc, char **argv)
{
    int64_t top = 20;
    flag flags[] = {
        {"top", FLAG_INTEGER, &top, "N", "words of each list", .low = 0, .high = 1000000},
    };
    const command of = {
        "inspect",
        "Shows what a model is made of, and the words that speak most for each label.",
        "MODEL",
        "A logistic regression's probability of label 1 is sigmoid(bias + the sum of count * weight);\n"
        "of several classes, softmax of these sums. Of networks the layers are shown.\n",
        1,
        1,
        flags,
        sizeof flags / sizeof *flags};
    const char *path;
    int status = flags_read(&of, argc, argv, &path);
    if (status != STATUS_GO_ON)
        return status;
    tp_text_model *model = open_model(path, &status);
    if (!model)
        return status;

    const bool logreg = tp_text_model_kind_of(model) == TP_TEXT_LOGISTIC_REGRESSION;
    const bool softmax = tp_text_model_softmax(model);
    printf("%-12s %s\n", "file", visible(path, strlen(path)));
    print_model(model);
    if (!print_parameters(model))
        return fail_library();
    if (logreg && !softmax)
        printf("%-12s %.6f\n", "bias", tp_text_model_bias(model));
    if (!logreg)
        printf("%-12s %" PRId64 " numbers\n", "size", tp_parameter_count(tp_text_model_module(model)));
    print_labels(model);
    print_vectorizer(model);
    const int64_t terms = tp_text_model_features(model);
    const int64_t wanted = top < terms ? top : terms;
    if (!wanted)
        return STATUS_OK;
    const bool printed = !logreg   ? print_layers(model)
                         : softmax ? print_class_lists(model, wanted)
                                   : print_two_lists(model, wanted);
    if (!printed)
        return fail_library();
    return STATUS_OK;
}
