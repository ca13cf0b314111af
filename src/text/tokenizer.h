/* The inside of a byte-pair tokenizer. */
#ifndef TAPER_TEXT_TOKENIZER_H
#define TAPER_TEXT_TOKENIZER_H

#include "taper/tokenizer.h"
#include "text/interner.h"

typedef struct tp__merge {
    uint32_t left, right; /* ids of the tokenizer, special tokens counted */
} tp__merge;

struct tp_tokenizer {
    tp_strings *specials; /* NULL: none */
    int64_t special_count;
    tp__merge *merges;
    size_t merge_count, merge_capacity;
    uint32_t *slots; /* a merge by its pair; UINT32_MAX: free */
    size_t slot_count;
    char *bytes; /* of all ids, one behind the other */
    size_t *ends;
};

/* Ids of merges begin here. */
static inline int64_t tp__first_merge(const tp_tokenizer *t)
{
    return t->special_count + 256;
}

/* With its special tokens, which are checked; in the current region. NULL after an error. */
tp_tokenizer *tp__tokenizer_new(const tp_strings *specials);

/* Once the merges are there: the table of pairs and the bytes of the ids. TP_ERROR_VALUE for a merge of ids
 * that come later, and for one that is there twice. */
tp_status tp__tokenizer_finish(tp_tokenizer *t);

/* The merge of a pair; UINT32_MAX if there is none. */
static inline uint32_t tp__tokenizer_find(const tp_tokenizer *t, uint32_t left, uint32_t right)
{
    if (!t->slot_count)
        return UINT32_MAX;
    const size_t mask = t->slot_count - 1;
    for (size_t at = (size_t)tp__hash_u64((uint64_t)left << 32 | right) & mask;; at = (at + 1) & mask) {
        const uint32_t merge = t->slots[at];
        if (merge == UINT32_MAX || (t->merges[merge].left == left && t->merges[merge].right == right))
            return merge;
    }
}

/* The end of the piece that begins at `at`. */
size_t tp__tokenizer_piece(const char *text, size_t length, size_t at);

#endif
