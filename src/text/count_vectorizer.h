/* The inside of a count vectorizer. */
#ifndef TAPER_TEXT_COUNT_VECTORIZER_H
#define TAPER_TEXT_COUNT_VECTORIZER_H

#include "taper/text.h"
#include "text/analysis.h"

struct tp_count_vectorizer {
    tp_count_vectorizer_options options; /* stop_words and vocabulary point to copies */
    tp__vocabulary *vocabulary;          /* NULL before the first fit */
    bool given;                          /* the vocabulary came with the options */
};

/* Bytes of a corpus up to which looking words up twice costs less than a cache, and the cache's bound. */
#define TP__SMALL_CORPUS 65536
#define TP__CORPUS_CACHE ((size_t)32 << 20)

static inline size_t tp__cache_for(const tp_strings *documents)
{
    const int64_t size = documents->offsets[documents->count] - documents->offsets[0];
    return size > TP__SMALL_CORPUS ? TP__CORPUS_CACHE : 0;
}

#endif
