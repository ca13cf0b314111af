/* From a document to the ids of its terms. */
#ifndef TAPER_TEXT_ANALYSIS_H
#define TAPER_TEXT_ANALYSIS_H

#include "taper/text.h"
#include "text/rows.h"
#include "text/vocabulary.h"
#include "text/word_table.h"

/* Turns a term into an id, in place of a vocabulary. */
typedef uint32_t (*tp__term_id)(const void *argument, const char *bytes, size_t length);

/* One caller's working memory. Set up by tp__analysis_init; must not be moved. It starts on the stack, so
 * that short documents allocate nothing. */
typedef struct tp__analysis {
    const tp_count_vectorizer_options *options;
    const tp__grams *grams;
    tp__grams
        *growing; /* the same when unknown tokens and runs are to be added, NULL when they are unknown */
    tp__term_id term_id; /* NULL: the ids are those of `grams` */
    const void *term_id_argument;
    tp__word_table *known; /* the ids of words */
    char *text;            /* a word or a document in lower case, or its stem; or a run of tokens */
    size_t text_capacity;
    char text_here[512];
    tp__ids tokens;
    tp__ids row; /* the result: terms in order of occurrence, with repetitions */
} tp__analysis;

/* `known` remembers words from one document to the next, and from one analysis to the next with the same
 * grams. */
void tp__analysis_init(tp__analysis *a, const tp_count_vectorizer_options *options, const tp__grams *grams,
                       tp__grams *growing, tp__word_table *known);
void tp__analysis_free(tp__analysis *a);

/* Room for `size` bytes in `text`, whose contents are lost. */
tp_status tp__analysis_room(tp__analysis *a, size_t size);

/* Fills `row`. `readable` is how many bytes from `text` on may be read, at least `length`: with eight more,
 * the last word is found as fast as the others. `document` is named in errors. */
tp_status tp__analyse(tp__analysis *a, const char *text, size_t length, size_t readable, int64_t document);

/* The id of one term goes to `to`, if it has one. */
tp_status tp__add_term(tp__analysis *a, const char *bytes, size_t length, tp__ids *to);

/* The same as tp__analyse for the analyzers of characters. */
tp_status tp__analyse_characters(tp__analysis *a, const char *text, size_t length, int64_t document);

tp_status tp__fail_utf8(int64_t document, const char *text, size_t at);

#endif
