/* From a document to the ids of its terms. */
#ifndef TAPER_TEXT_ANALYSIS_H
#define TAPER_TEXT_ANALYSIS_H

#include "taper/text.h"
#include "text/rows.h"
#include "text/vocabulary.h"
#include "text/word_cache.h"

/* One caller's working memory. Set up by tp__analysis_init; must not be moved. It starts on the stack, so
 * that short documents allocate nothing. */
typedef struct tp__analysis {
    const tp_count_vectorizer_options *options;
    const tp__grams *grams;
    tp__grams
        *growing; /* the same when unknown tokens and runs are to be added, NULL when they are unknown */
    tp__word_cache cache; /* of the ids of words */
    char *text;           /* a word in lower case, or its stem */
    size_t text_capacity;
    char text_here[512];
    tp__ids tokens;
    tp__ids row; /* the result: terms in order of occurrence, with repetitions */
} tp__analysis;

/* `cache_size` in bytes; 0 for so little text that a cache does not pay. */
void tp__analysis_init(tp__analysis *a, const tp_count_vectorizer_options *options, const tp__grams *grams,
                       tp__grams *growing, size_t cache_size);
void tp__analysis_free(tp__analysis *a);

/* Fills `row`. `document` is named in errors. */
tp_status tp__analyse(tp__analysis *a, const char *text, size_t length, int64_t document);

#endif
