/* M. F. Porter, "An algorithm for suffix stripping", Program 14.3 (1980), with the deviations of NLTK's
 * default mode, NLTK_EXTENSIONS.
 *
 * The word is an array of letters, one byte a code point: ASCII stands for itself, and any other code point,
 * which no rule mentions, is OTHER or OTHER + 1, equal to its neighbour if the code points are equal. That is
 * all that the double-consonant rule asks. Rules only cut at the end and append ASCII. */
#include "io/utf8.h"
#include "text/porter.h"
#include "base/memory.h"
#include "text/unicode.h"
#include "taper/text.h"

#include <string.h>

#define OTHER 0x80

/* Which letters are consonants is kept as bits for the last 64 letters, since a rule decides on at most the
 * last 40 or so; what lies before them counts as a whole. */
#define WINDOW 64

typedef struct letters {
    unsigned char *at;
    size_t count;
    size_t base;      /* the letter of bit 0 */
    uint64_t vowels;  /* bit i: letter base + i is a vowel */
    uint64_t turns;   /* bit i: it is a consonant behind a vowel; their number is Porter's measure m */
    int base_measure; /* turns before `base`, at most 2 */
    bool base_vowel;  /* whether a vowel stands before `base` */
} letters;

static bool is_plain_vowel(unsigned char c)
{
    /* Bits of a, e, i, o, u counted from 'a'. */
    return (unsigned)(c - 'a') < 26u && (0x104111u >> (c - 'a') & 1u);
}

static void classify(letters *w)
{
    w->base = w->count > WINDOW ? w->count - WINDOW : 0;
    w->base_measure = 0;
    w->base_vowel = false;
    w->vowels = w->turns = 0;
    bool vowel = false;
    size_t i = 0;
    for (; i < w->base; i++) {
        const bool before = vowel;
        vowel = w->at[i] == 'y' ? i > 0 && !vowel : is_plain_vowel(w->at[i]);
        w->base_vowel |= vowel;
        if (before && !vowel && w->base_measure < 2)
            w->base_measure++;
    }
    for (; i < w->count; i++) {
        const bool before = vowel;
        vowel = w->at[i] == 'y' ? i > 0 && !vowel : is_plain_vowel(w->at[i]);
        w->vowels |= (uint64_t)vowel << (i - w->base);
        w->turns |= (uint64_t)(before && !vowel) << (i - w->base);
    }
}

static uint64_t first_bits(const letters *w, size_t count)
{
    count -= w->base;
    return count >= 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
}

/* The measure of the first `count` letters, where 2 stands for 2 and more. */
static int measure(const letters *w, size_t count)
{
    const uint64_t turns = w->turns & first_bits(w, count);
    const int m = w->base_measure + (turns != 0) + ((turns & (turns - 1)) != 0);
    return m > 2 ? 2 : m;
}

static bool has_vowel(const letters *w, size_t count)
{
    return w->base_vowel || (w->vowels & first_bits(w, count));
}

static bool consonant(const letters *w, size_t i)
{
    return !(w->vowels >> (i - w->base) & 1);
}

static bool ends_double_consonant(const letters *w)
{
    const size_t n = w->count;
    return n >= 2 && w->at[n - 1] == w->at[n - 2] && consonant(w, n - 1);
}

/* Porter's *o, and NLTK's addition of words of a vowel and a consonant. */
static bool ends_cvc(const letters *w, size_t n)
{
    if (n == 2)
        return !consonant(w, 0) && consonant(w, 1);
    if (n < 3 || !consonant(w, n - 3) || consonant(w, n - 2) || !consonant(w, n - 1))
        return false;
    const unsigned char last = w->at[n - 1];
    return last != 'w' && last != 'x' && last != 'y';
}

/* Cuts the word to `count` letters and appends; `ending` has no y. */
static void replace(letters *w, size_t count, const char *ending)
{
    for (; *ending; ending++, count++) {
        const uint64_t bit = (uint64_t)1 << (count - w->base);
        const bool vowel = is_plain_vowel((unsigned char)*ending);
        const bool turn = !vowel && count > w->base && (w->vowels & bit >> 1);
        w->at[count] = (unsigned char)*ending;
        w->vowels = vowel ? w->vowels | bit : w->vowels & ~bit;
        w->turns = turn ? w->turns | bit : w->turns & ~bit;
    }
    w->count = count;
}

#define ENDS(w, suffix)                 \
    ((w)->count >= sizeof suffix - 1 && \
     !memcmp((w)->at + (w)->count - (sizeof suffix - 1), suffix, sizeof suffix - 1))

/* Where `suffix` ends the word it decides: the ending is replaced if the measure before it is above `m`. */
#define RULE(suffix, ending, m)                             \
    if (ENDS(w, suffix)) {                                  \
        const size_t stem = w->count - (sizeof suffix - 1); \
        if (measure(w, stem) > (m))                         \
            replace(w, stem, ending);                       \
        return;                                             \
    }

static void step_1a(letters *w)
{
    if (!ENDS(w, "s"))
        return;
    if (ENDS(w, "ies"))
        w->count -= w->count == 4 ? 1 : 2;
    else if (ENDS(w, "sses"))
        w->count -= 2;
    else if (!ENDS(w, "ss"))
        w->count--;
}

static void step_1b(letters *w)
{
    if (ENDS(w, "ied")) {
        w->count -= w->count == 4 ? 1 : 2;
        return;
    }
    if (ENDS(w, "eed")) {
        if (measure(w, w->count - 3) > 0)
            w->count--;
        return;
    }
    const size_t cut = ENDS(w, "ed") ? 2 : ENDS(w, "ing") ? 3 : 0;
    if (!cut || !has_vowel(w, w->count - cut))
        return;
    w->count -= cut;
    if (ENDS(w, "at") || ENDS(w, "bl") || ENDS(w, "iz")) {
        replace(w, w->count, "e");
    } else if (ends_double_consonant(w)) {
        const unsigned char last = w->at[w->count - 1];
        if (last != 'l' && last != 's' && last != 'z')
            w->count--;
    } else if (ENDS(w, "*d")) {
        /* NLTK writes the rule of double consonants as the suffix "*d", and so takes it literally too. */
        replace(w, w->count - 2, "d");
    } else if (measure(w, w->count) == 1 && ends_cvc(w, w->count)) {
        replace(w, w->count, "e");
    }
}

static void step_1c(letters *w)
{
    if (ENDS(w, "y") && w->count > 2 && consonant(w, w->count - 2))
        replace(w, w->count - 1, "i");
}

static void step_2(letters *w)
{
    if (w->count < 3)
        return;
    if (ENDS(w, "alli") && measure(w, w->count - 4) > 0)
        w->count -= 2;
    switch (w->at[w->count - 1]) {
    case 'i':
        RULE("enci", "ence", 0)
        RULE("anci", "ance", 0)
        RULE("bli", "ble", 0)
        RULE("alli", "al", 0)
        RULE("entli", "ent", 0)
        RULE("eli", "e", 0)
        RULE("ousli", "ous", 0)
        RULE("aliti", "al", 0)
        RULE("iviti", "ive", 0)
        RULE("biliti", "ble", 0)
        RULE("fulli", "ful", 0)
        /* The measure is taken with the l, so that geology loses its y but keeps its log. */
        if (ENDS(w, "logi") && measure(w, w->count - 3) > 0)
            w->count--;
        return;
    case 'l':
        RULE("ational", "ate", 0)
        RULE("tional", "tion", 0)
        return;
    case 'm':
        RULE("alism", "al", 0)
        return;
    case 'n':
        RULE("ization", "ize", 0)
        RULE("ation", "ate", 0)
        return;
    case 'r':
        RULE("izer", "ize", 0)
        RULE("ator", "ate", 0)
        return;
    case 's':
        RULE("iveness", "ive", 0)
        RULE("fulness", "ful", 0)
        RULE("ousness", "ous", 0)
        return;
    default:
        return;
    }
}

static void step_3(letters *w)
{
    if (w->count < 3)
        return;
    switch (w->at[w->count - 1]) {
    case 'e':
        RULE("icate", "ic", 0)
        RULE("ative", "", 0)
        RULE("alize", "al", 0)
        return;
    case 'i':
        RULE("iciti", "ic", 0)
        return;
    case 'l':
        RULE("ical", "ic", 0)
        RULE("ful", "", 0)
        return;
    case 's':
        RULE("ness", "", 0)
        return;
    default:
        return;
    }
}

static void step_4(letters *w)
{
    if (w->count < 4) /* the measure before a suffix of two cannot be 2 with fewer */
        return;
    switch (w->at[w->count - 1]) {
    case 'c':
        RULE("ic", "", 1)
        return;
    case 'e':
        RULE("ance", "", 1)
        RULE("ence", "", 1)
        RULE("able", "", 1)
        RULE("ible", "", 1)
        RULE("ate", "", 1)
        RULE("ive", "", 1)
        RULE("ize", "", 1)
        return;
    case 'i':
        RULE("iti", "", 1)
        return;
    case 'l':
        RULE("al", "", 1)
        return;
    case 'm':
        RULE("ism", "", 1)
        return;
    case 'n':
        if (ENDS(w, "ion") && measure(w, w->count - 3) > 1 &&
            (w->at[w->count - 4] == 's' || w->at[w->count - 4] == 't'))
            w->count -= 3;
        return;
    case 'r':
        RULE("er", "", 1)
        return;
    case 's':
        RULE("ous", "", 1)
        return;
    case 't':
        RULE("ant", "", 1)
        RULE("ement", "", 1)
        RULE("ment", "", 1)
        RULE("ent", "", 1)
        return;
    case 'u':
        RULE("ou", "", 1)
        return;
    default:
        return;
    }
}

static void step_5(letters *w)
{
    if (ENDS(w, "e")) {
        const int m = measure(w, w->count - 1);
        if (m > 1 || (m == 1 && !ends_cvc(w, w->count - 1)))
            w->count--;
    }
    if (ENDS(w, "ll") && measure(w, w->count - 1) > 1)
        w->count--;
}

/* The words whose stem the rules would get wrong. */
static const char *irregular(const unsigned char *word, size_t length)
{
    static const struct {
        const char *word, *stem;
    } table[] = {
        {"sky", "sky"},        {"skies", "sky"},       {"dying", "die"},        {"lying", "lie"},
        {"tying", "tie"},      {"news", "news"},       {"innings", "inning"},   {"inning", "inning"},
        {"outings", "outing"}, {"outing", "outing"},   {"cannings", "canning"}, {"canning", "canning"},
        {"howe", "howe"},      {"proceed", "proceed"}, {"exceed", "exceed"},    {"succeed", "succeed"}};
    if (length < 3 || length > 8)
        return NULL;
    switch (word[length - 1]) {
    case 's':
    case 'g':
    case 'y':
    case 'e':
    case 'd':
        break;
    default:
        return NULL;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].word[0] == (char)word[0] && strlen(table[i].word) == length &&
            !memcmp(table[i].word, word, length))
            return table[i].stem;
    return NULL;
}

static void stem(letters *w)
{
    classify(w);
    step_1a(w);
    step_1b(w);
    step_1c(w);
    step_2(w);
    step_3(w);
    step_4(w);
    step_5(w);
}

static tp_status stem_foreign(char *out, size_t *out_length)
{
    unsigned char here[256], *own = NULL;
    const size_t length = *out_length;
    letters w = {.at = here};
    if (length > sizeof here) {
        w.at = own = tp__malloc(length);
        if (!own)
            return TP_ERROR_MEMORY;
    }
    uint32_t code, last = 0;
    for (size_t at = 0; at < length; w.count++, last = code) {
        at += (size_t)tp__utf8_valid_next(out + at, &code);
        if (code < 0x80)
            w.at[w.count] = (unsigned char)code;
        else if (w.count && w.at[w.count - 1] >= OTHER)
            w.at[w.count] = w.at[w.count - 1] ^ (code != last);
        else
            w.at[w.count] = OTHER;
    }
    stem(&w);
    /* What a rule wrote replaces ASCII letters by ASCII letters, so the other code points stand where they
     * stood. */
    size_t end = 0;
    for (size_t i = 0; i < w.count; i++) {
        if (w.at[i] < OTHER)
            out[end++] = (char)w.at[i];
        else
            end += (size_t)tp__utf8_valid_next(out + end, &code);
    }
    *out_length = end;
    tp__free(own);
    return TP_OK;
}

/* Whether the word has more than two code points. NLTK counts them before it lower-cases. */
static bool is_longer_than_two(const char *word, size_t length)
{
    size_t codes = 0;
    for (size_t i = 0; i < length && codes < 3; i++)
        codes += ((unsigned char)word[i] & 0xC0) != 0x80;
    return codes > 2;
}

tp_status tp__porter(const char *word, size_t length, bool ascii, char *out, size_t *out_length)
{
    if (ascii) {
        for (size_t i = 0; i < length; i++) {
            const unsigned char c = (unsigned char)word[i];
            out[i] = (char)(c | ((unsigned)(c - 'A') < 26u ? 0x20 : 0));
        }
        *out_length = length;
    } else {
        *out_length = tp__lower(word, length, out);
    }
    const char *known = irregular((unsigned char *)out, *out_length);
    if (known) {
        *out_length = strlen(known);
        memcpy(out, known, *out_length);
        return TP_OK;
    }
    if (!is_longer_than_two(word, length))
        return TP_OK;
    if (!ascii)
        return stem_foreign(out, out_length);
    letters w = {.at = (unsigned char *)out, .count = length};
    stem(&w);
    *out_length = w.count;
    return TP_OK;
}

tp_status tp_porter_stem(const char *word, size_t length, char *out, size_t capacity, size_t *out_length)
{
    if (!word || !out)
        return tp__null_argument(word ? "porter_stem: stem" : "porter_stem: word");
    bool ascii = true;
    for (size_t i = 0; i < length; i++)
        ascii &= (unsigned char)word[i] < 0x80;
    if (!ascii) {
        const size_t at = tp__utf8_check(word, length, NULL);
        if (at < length)
            return tp_fail(TP_ERROR_FORMAT, "porter_stem: byte %zu (0x%02X) is not valid UTF-8", at,
                           (unsigned char)word[at]);
    }
    const size_t needed = ascii ? length + 1 : TP_PORTER_CAPACITY(length);
    if (capacity < needed)
        return tp_fail(TP_ERROR_ARGUMENT, "porter_stem: a word of %zu bytes needs room for %zu, not %zu",
                       length, needed, capacity);
    size_t end;
    TP__TRY(tp__porter(word, length, ascii, out, &end));
    out[end] = 0;
    if (out_length)
        *out_length = end;
    return TP_OK;
}
