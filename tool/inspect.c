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

static void print_vectorizer(const tp_text_model *model)
{
    const tp_count_vectorizer *vectorizer = tp_text_model_vectorizer(model);
    const tp_count_vectorizer_options *options = tp_count_vectorizer_get_options(vectorizer);
    printf("%-12s %" PRId64 "\n", "terms", tp_count_vectorizer_size(vectorizer));
    printf("%-12s %s, %s, words of at least %" PRId64 " character%s", "text",
           options->lowercase ? "lower case" : "case kept",
           options->stem == TP_STEM_PORTER ? "Porter stems" : "no stems", options->min_token_length,
           options->min_token_length == 1 ? "" : "s");
    if (options->stop_words)
        printf(", %" PRId64 " stop words", options->stop_words->count);
    printf("\n%-12s ", "counts");
    if (options->ngram_max == 1)
        printf("of single words");
    else if (options->ngram_min == options->ngram_max)
        printf("of runs of %d words", options->ngram_min);
    else
        printf("of runs of %d to %d words", options->ngram_min, options->ngram_max);
    printf("%s, %s\n", options->binary ? ", at most 1 each" : "", tp_dtype_name(options->dtype));
}

/* The two lists side by side. */
static void print_words(const tp_word_weight *first, const tp_word_weight *second, int64_t count)
{
    int width = 4;
    for (int64_t i = 0; i < count; i++) {
        const int here = text_width(first[i].term, first[i].length);
        width = here > width ? here : width;
    }
    for (int64_t i = 0; i < count; i++) {
        const int pad = width - text_width(first[i].term, first[i].length);
        printf("%5" PRId64 "  %+8.4f  %.*s%*s  %+8.4f  %.*s\n", i + 1, first[i].weight, (int)first[i].length,
               first[i].term, pad, "", second[i].weight, (int)second[i].length, second[i].term);
    }
}

int inspect_command(int argc, char **argv)
{
    int64_t top = 20;
    flag flags[] = {
        {"top", FLAG_INTEGER, &top, "N", "words of each list", .low = 0, .high = 1000000},
    };
    const command of = {
        "inspect", "Shows what a model is made of, and the words that speak most for each label.",
        "MODEL",   "A text's probability of label 1 is sigmoid(bias + the sum of count * weight).\n",
        1,         1,
        flags,     sizeof flags / sizeof *flags};
    const char *path;
    int status = flags_read(&of, argc, argv, &path);
    if (status != STATUS_GO_ON)
        return status;
    tp_text_model *model = open_model(path, &status);
    if (!model)
        return status;

    printf("%-12s %s\n%-12s text classifier: a linear layer over counts of words\n", "file", path, "model");
    if (!print_parameters(model))
        return fail_library();
    printf("%-12s %.6f\n", "bias", tp_text_model_bias(model));
    printf("%-12s %s, %s\n", "labels", tp_text_model_label(model, 0), tp_text_model_label(model, 1));
    print_vectorizer(model);

    const int64_t terms = tp_count_vectorizer_size(tp_text_model_vectorizer(model));
    const int64_t wanted = top < terms ? top : terms;
    if (!wanted)
        return STATUS_OK;
    tp_region *region = tp_region_current();
    tp_word_weight *lists = tp_region_alloc(region, 2 * (size_t)wanted * sizeof *lists);
    if (!lists || tp_text_model_top_words(model, 1, wanted, lists) < 0 ||
        tp_text_model_top_words(model, 0, wanted, lists + wanted) < 0)
        return fail_library();
    int width = 4;
    for (int64_t i = 0; i < wanted; i++) {
        const int here = text_width(lists[i].term, lists[i].length);
        width = here > width ? here : width;
    }
    char left[128], right[128];
    snprintf(left, sizeof left, "for label %.80s", tp_text_model_label(model, 1));
    snprintf(right, sizeof right, "for label %.80s", tp_text_model_label(model, 0));
    printf("\n       %s%*s  %s\n", left,
           10 + width - text_width(left, strlen(left)) > 0 ? 10 + width - text_width(left, strlen(left)) : 0,
           "", right);
    print_words(lists, lists + wanted, wanted);
    return STATUS_OK;
}
