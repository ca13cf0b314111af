/* Terms and their numbers. A token has the id that the interner gives it; a run of n tokens is a pair of a
 * run of n - 1 and a token, and has the pair's id with the top bit set. Terms are never put together as
 * strings to be looked up. */
#ifndef TAPER_TEXT_VOCABULARY_H
#define TAPER_TEXT_VOCABULARY_H

#include "taper/strings.h"
#include "text/interner.h"

#define TP__PAIR_BIT ((uint32_t)1 << 31)

typedef struct tp__pair {
    uint32_t left, token;
} tp__pair;

/* All zero is an empty one. */
typedef struct tp__grams {
    tp__interner tokens;
    uint32_t stop_count; /* tokens below are stop words */
    tp__pair *pairs;
    size_t pair_count, pair_capacity;
    uint32_t *pair_slots; /* TP__NO_ID: free; else an index into `pairs` */
    size_t pair_slot_count;
} tp__grams;

/* Empty but for the stop words, which may be NULL. */
tp_status tp__grams_init(tp__grams *grams, const tp_strings *stop_words);
void tp__grams_free(tp__grams *grams);

/* The id of a token or of a pair; TP__NO_ID if it is not there. */
static inline uint32_t tp__grams_token(const tp__grams *grams, const char *bytes, size_t length)
{
    return tp__interner_find(&grams->tokens, bytes, length, tp__hash(bytes, length));
}
uint32_t tp__grams_pair(const tp__grams *grams, uint32_t left, uint32_t token);

/* The same, and put there if need be. */
tp_status tp__grams_add_token(tp__grams *grams, const char *bytes, size_t length, uint32_t *id);
tp_status tp__grams_add_pair(tp__grams *grams, uint32_t left, uint32_t token, uint32_t *id);

/* Bytes of the term `id`, its tokens joined by one space; and the term itself into `out`. */
size_t tp__grams_term_length(const tp__grams *grams, uint32_t id);
void tp__grams_term(const tp__grams *grams, uint32_t id, char *out);

typedef struct tp__vocabulary {
    tp__grams grams;
    int32_t *token_columns, *pair_columns; /* by id; -1: no term */
    tp_strings terms;
    char *bytes; /* what `terms` points to */
    int64_t *offsets;
    bool whole; /* a term is one token, spaces and all */
} tp__vocabulary;

/* Over terms whose two arrays it takes, on success and on failure. NULL after an error. */
tp__vocabulary *tp__vocabulary_new(int64_t count, char *bytes, int64_t *offsets, const tp_strings *stop_words,
                                   bool whole);
void tp__vocabulary_free(tp__vocabulary *vocabulary);

/* The id of a term, or TP__NO_ID. */
uint32_t tp__vocabulary_find(const tp__vocabulary *vocabulary, const char *term, size_t length);

static inline int32_t tp__vocabulary_column(const tp__vocabulary *vocabulary, uint32_t id)
{
    return id & TP__PAIR_BIT ? vocabulary->pair_columns[id & ~TP__PAIR_BIT] : vocabulary->token_columns[id];
}

#endif
