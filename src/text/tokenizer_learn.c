/* Learning merges.
 *
 * Equal pieces are one word with a count. Each pair of neighbours knows how often it occurs and in which
 * words it may. A heap gives the pair of the highest count; counts in it may be out of date, which is seen
 * when an entry comes up. A merge touches the words that have the pair, and no others. */
#include "base/region.h"
#include "base/strings.h"
#include "text/tokenizer.h"

#include <string.h>

typedef struct word {
    size_t begin; /* into `symbols` */
    uint32_t length;
    int64_t count;
} word;

typedef struct pair {
    uint32_t left, right;
    int64_t count;
    uint32_t *words; /* some of them may have lost it, and one may be there twice */
    size_t word_count, capacity;
    bool raised;
} pair;

typedef struct entry {
    int64_t count;
    uint32_t pair;
} entry;

typedef struct learning {
    tp__interner pieces;
    int64_t *counts; /* of the pieces */
    size_t counts_capacity;
    word *words;
    uint32_t *symbols;
    pair *pairs;
    size_t pair_count, pair_capacity;
    uint32_t *slots; /* into `pairs`; UINT32_MAX: free */
    size_t slot_count;
    entry *heap;
    size_t heap_count, heap_capacity;
    uint32_t *raised; /* pairs whose count a merge has raised */
    size_t raised_count, raised_capacity;
} learning;

/* ---- Words ---- */

static tp_status count_pieces(learning *l, const tp_strings *texts)
{
    for (int64_t i = 0; i < texts->count; i++) {
        size_t length;
        const char *text = tp_string_at(texts, i, &length);
        for (size_t at = 0, end; at < length; at = end) {
            end = tp__tokenizer_piece(text, length, at);
            const uint32_t hash = tp__hash(text + at, end - at);
            uint32_t id = tp__interner_find(&l->pieces, text + at, end - at, hash);
            if (id == TP__NO_ID) {
                TP__TRY(tp__grow((void **)&l->counts, &l->counts_capacity, l->pieces.count + 1,
                                 sizeof *l->counts));
                TP__TRY(tp__interner_add(&l->pieces, text + at, end - at, hash, &id));
                l->counts[id] = 0;
            }
            l->counts[id]++;
        }
    }
    return TP_OK;
}

static tp_status make_words(learning *l, int64_t special_count)
{
    l->words = tp__malloc(l->pieces.count * sizeof *l->words);
    l->symbols = tp__malloc(l->pieces.size * sizeof *l->symbols);
    if (!l->words || !l->symbols)
        return TP_ERROR_MEMORY;
    size_t at = 0;
    for (size_t i = 0; i < l->pieces.count; i++) {
        size_t length;
        const char *bytes = tp__interned_bytes(&l->pieces, (uint32_t)i, &length);
        l->words[i] = (word){at, (uint32_t)length, l->counts[i]};
        for (size_t k = 0; k < length; k++)
            l->symbols[at++] = (uint32_t)special_count + (unsigned char)bytes[k];
    }
    return TP_OK;
}

/* ---- Pairs ---- */

static size_t slot_of(const learning *l, uint32_t left, uint32_t right)
{
    const size_t mask = l->slot_count - 1;
    size_t at = (size_t)tp__hash_u64((uint64_t)left << 32 | right) & mask;
    while (l->slots[at] != UINT32_MAX &&
           (l->pairs[l->slots[at]].left != left || l->pairs[l->slots[at]].right != right))
        at = (at + 1) & mask;
    return at;
}

static tp_status grow_slots(learning *l)
{
    const size_t wanted = l->slot_count ? 2 * l->slot_count : 1024;
    uint32_t *slots = tp__malloc(wanted * sizeof *slots);
    if (!slots)
        return TP_ERROR_MEMORY;
    memset(slots, 0xFF, wanted * sizeof *slots);
    tp__free(l->slots);
    l->slots = slots;
    l->slot_count = wanted;
    for (size_t i = 0; i < l->pair_count; i++)
        slots[slot_of(l, l->pairs[i].left, l->pairs[i].right)] = (uint32_t)i;
    return TP_OK;
}

static tp_status find_pair(learning *l, uint32_t left, uint32_t right, uint32_t *index)
{
    if (l->pair_count >= l->slot_count / 2)
        TP__TRY(grow_slots(l));
    const size_t at = slot_of(l, left, right);
    if (l->slots[at] == UINT32_MAX) {
        if (l->pair_count >= UINT32_MAX - 1)
            return tp_fail(TP_ERROR_UNSUPPORTED, "tokenizer: too many different pairs");
        TP__TRY(tp__grow((void **)&l->pairs, &l->pair_capacity, l->pair_count + 1, sizeof *l->pairs));
        l->pairs[l->pair_count] = (pair){.left = left, .right = right};
        l->slots[at] = (uint32_t)l->pair_count++;
    }
    *index = l->slots[at];
    return TP_OK;
}

/* Adds a word's pairs, or takes them away. */
static tp_status count_word(learning *l, uint32_t index, int sign)
{
    const word *w = &l->words[index];
    for (uint32_t i = 0; i + 1 < w->length; i++) {
        uint32_t at;
        TP__TRY(find_pair(l, l->symbols[w->begin + i], l->symbols[w->begin + i + 1], &at));
        pair *p = &l->pairs[at];
        p->count += sign * w->count;
        if (sign < 0)
            continue;
        if (!p->word_count || p->words[p->word_count - 1] != index) {
            TP__TRY(tp__grow((void **)&p->words, &p->capacity, p->word_count + 1, sizeof *p->words));
            p->words[p->word_count++] = index;
        }
        if (p->raised)
            continue;
        TP__TRY(tp__grow((void **)&l->raised, &l->raised_capacity, l->raised_count + 1, sizeof *l->raised));
        l->raised[l->raised_count++] = at;
        p->raised = true;
    }
    return TP_OK;
}

/* ---- The heap: the highest count first, of equal ones the lowest ids ---- */

static bool comes_before(const learning *l, entry a, entry b)
{
    if (a.count != b.count)
        return a.count > b.count;
    const pair *p = &l->pairs[a.pair], *q = &l->pairs[b.pair];
    return p->left != q->left ? p->left < q->left : p->right < q->right;
}

static tp_status push(learning *l, entry e)
{
    TP__TRY(tp__grow((void **)&l->heap, &l->heap_capacity, l->heap_count + 1, sizeof *l->heap));
    size_t at = l->heap_count++;
    for (size_t up; at && comes_before(l, e, l->heap[up = (at - 1) / 2]); at = up)
        l->heap[at] = l->heap[up];
    l->heap[at] = e;
    return TP_OK;
}

static entry pop(learning *l)
{
    const entry first = l->heap[0], last = l->heap[--l->heap_count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < l->heap_count; at = child) {
        if (child + 1 < l->heap_count && comes_before(l, l->heap[child + 1], l->heap[child]))
            child++;
        if (!comes_before(l, l->heap[child], last))
            break;
        l->heap[at] = l->heap[child];
    }
    l->heap[at] = last;
    return first;
}

/* Entries for the pairs that have risen. A pair that fell is put back when its old entry comes up. */
static tp_status push_raised(learning *l)
{
    for (size_t i = 0; i < l->raised_count; i++) {
        TP__TRY(push(l, (entry){l->pairs[l->raised[i]].count, l->raised[i]}));
        l->pairs[l->raised[i]].raised = false;
    }
    l->raised_count = 0;
    return TP_OK;
}

/* ---- Merging ---- */

static bool has_pair(const learning *l, const word *w, uint32_t left, uint32_t right)
{
    for (uint32_t i = 0; i + 1 < w->length; i++)
        if (l->symbols[w->begin + i] == left && l->symbols[w->begin + i + 1] == right)
            return true;
    return false;
}

static tp_status merge(learning *l, uint32_t index, uint32_t id)
{
    const uint32_t left = l->pairs[index].left, right = l->pairs[index].right;
    for (size_t k = 0; k < l->pairs[index].word_count; k++) {
        const uint32_t at = l->pairs[index].words[k];
        word *w = &l->words[at];
        if (!has_pair(l, w, left, right))
            continue;
        TP__TRY(count_word(l, at, -1));
        uint32_t *symbols = l->symbols + w->begin, to = 0;
        for (uint32_t i = 0; i < w->length; i++) {
            const bool here = i + 1 < w->length && symbols[i] == left && symbols[i + 1] == right;
            symbols[to++] = here ? id : symbols[i];
            i += here;
        }
        w->length = to;
        TP__TRY(count_word(l, at, 1));
    }
    tp__free(l->pairs[index].words);
    l->pairs[index].words = NULL;
    l->pairs[index].word_count = l->pairs[index].capacity = 0;
    return push_raised(l);
}

static tp_status learn_merges(learning *l, tp_tokenizer *t, const tp_tokenizer_options *o)
{
    TP__TRY(make_words(l, t->special_count));
    for (size_t i = 0; i < l->pieces.count; i++)
        TP__TRY(count_word(l, (uint32_t)i, 1));
    TP__TRY(push_raised(l));
    while (l->heap_count && tp_tokenizer_size(t) < o->size) {
        const entry e = pop(l);
        const pair *p = &l->pairs[e.pair];
        if (p->count < o->min_count || p->count < 1)
            continue;
        if (p->count != e.count) {
            if (p->count < e.count)
                TP__TRY(push(l, (entry){p->count, e.pair}));
            continue;
        }
        TP__TRY(tp__grow((void **)&t->merges, &t->merge_capacity, t->merge_count + 1, sizeof *t->merges));
        const uint32_t id = (uint32_t)tp_tokenizer_size(t);
        t->merges[t->merge_count++] = (tp__merge){p->left, p->right};
        TP__TRY(merge(l, e.pair, id));
    }
    return TP_OK;
}

static void end(learning *l)
{
    tp__interner_free(&l->pieces);
    tp__free(l->counts);
    tp__free(l->words);
    tp__free(l->symbols);
    for (size_t i = 0; i < l->pair_count; i++)
        tp__free(l->pairs[i].words);
    tp__free(l->pairs);
    tp__free(l->slots);
    tp__free(l->heap);
    tp__free(l->raised);
}

tp_tokenizer *tp_tokenizer_learn_with(const tp_tokenizer_options *o)
{
    if (!o)
        return tp__null_argument("tokenizer_learn: options"), NULL;
    if (tp__strings_check(o->texts, "tokenizer_learn: texts") != TP_OK)
        return NULL;
    const int64_t least = 256 + (o->special_tokens ? o->special_tokens->count : 0);
    if (o->size < least || o->size > INT32_MAX || o->min_count < 0)
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "tokenizer_learn: size %lld, not %lld to 2^31 - 1, or min_count %lld below 0",
                             (long long)o->size, (long long)least, (long long)o->min_count);
    tp_tokenizer *t = tp__tokenizer_new(o->special_tokens);
    if (!t)
        return NULL;
    learning l = {0};
    tp_status status = count_pieces(&l, o->texts);
    if (status == TP_OK)
        status = learn_merges(&l, t, o);
    end(&l);
    return status == TP_OK && tp__tokenizer_finish(t) == TP_OK ? t : NULL;
}
