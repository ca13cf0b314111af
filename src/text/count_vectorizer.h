/* The inside of a count vectorizer. */
#ifndef TAPER_TEXT_COUNT_VECTORIZER_H
#define TAPER_TEXT_COUNT_VECTORIZER_H

#include "taper/text.h"
#include "text/analysis.h"

#include <pthread.h>

/* Tables of words that a fitted vectorizer has met, for whoever transforms next. */
typedef struct tp__known_words {
    pthread_mutex_t mutex;
    struct tp__known_table *free;
} tp__known_words;

typedef struct tp__known_table {
    tp__word_table words;
    struct tp__known_table *next;
} tp__known_table;

struct tp_count_vectorizer {
    tp_count_vectorizer_options options; /* stop_words and vocabulary point to copies */
    tp__vocabulary *vocabulary;          /* NULL before the first fit */
    bool given;                          /* the vocabulary came with the options */
    tp__known_words *known;              /* of the vocabulary */
};

/* Bounds of the tables of words: of a fit, over all its threads, and of one that is kept. */
#define TP__FIT_WORDS ((size_t)32 << 20)
#define TP__KEPT_WORDS ((size_t)4 << 20)

/* In `region`, which ends it. NULL after an error. */
tp__known_words *tp__known_words_new(tp_region *region);
/* What is known is no longer true. */
void tp__known_words_forget(tp__known_words *known);
/* A table for one user at a time, to be given back; giving back NULL does nothing. NULL after an error. */
tp__known_table *tp__known_words_take(tp__known_words *known);
void tp__known_words_give(tp__known_words *known, tp__known_table *table);

/* A stop word is a word: characters have none. */
static inline const tp_strings *tp__stop_words_of(const tp_count_vectorizer_options *options)
{
    return options->analyzer == TP_ANALYZER_WORD ? options->stop_words : NULL;
}

/* A copy in `region`. NULL after an error. */
tp_strings *tp__strings_copy(tp_region *region, const tp_strings *strings);

/* Whether the options of any vectorizer make sense; `name` is named in errors. */
tp_status tp__check_analysis(const char *name, const tp_count_vectorizer_options *options);

#endif
