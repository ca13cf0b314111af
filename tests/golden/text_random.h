/* Random text and checksums, the same as in text_random.py, so that tests store a number instead of a corpus.
 */
#ifndef TAPER_TESTS_TEXT_RANDOM_H
#define TAPER_TESTS_TEXT_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "taper/strings.h"

/* splitmix64 */
static inline uint64_t random_below(uint64_t *state, uint64_t n)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (z ^ z >> 31) % n;
}

/* FNV-1a of 64 bits; an integer counts as one step. */
#define CHECKSUM_START 0xCBF29CE484222325u
static inline void checksum_bytes(uint64_t *sum, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        *sum = (*sum ^ (unsigned char)bytes[i]) * 0x100000001B3u;
}
static inline void checksum_integer(uint64_t *sum, int64_t i)
{
    *sum = (*sum ^ (uint64_t)i) * 0x100000001B3u;
}

#define TEXT_PLAIN \
    "a", "b", "c", "d", "e", "X", "Y", "Z", " ", " ", "'", "-", "_", ".", ",", "!", "0", "1", "2", "9"
static const char *const text_plain[] = {TEXT_PLAIN, NULL};
static const char *const text_odd[] = {TEXT_PLAIN,
                                       "é",
                                       "É",
                                       "ß",
                                       "İ",
                                       "ı",
                                       "Ł",
                                       "ñ",
                                       "Σ",
                                       "σ",
                                       "ς",
                                       "Ж",
                                       "ж",
                                       "的",
                                       "中",
                                       "①",
                                       "½",
                                       "²",
                                       "ª",
                                       "µ",
                                       "ǅ",
                                       "\xCC\x81",
                                       "\xE2\x80\x8D",
                                       "\xC2\xA0",
                                       "\xE2\x80\xA8",
                                       "\xD9\xA0",
                                       "\xE0\xA4\xBE",
                                       "\xE0\xA4\x95",
                                       "😀",
                                       "Ⱥ",
                                       "\xCD\x85",
                                       "'",
                                       "\xE3\x80\x80",
                                       "\x1C",
                                       "\xC2\x85",
                                       "\xF0\x90\x90\x80",
                                       "Ⅻ",
                                       NULL};
static const char *const text_few[] = {"a", "a", "b", " ", " ", "b", " ", "c", ".", "é", NULL};
static const char *const text_stems[] = {"a", "e", "i", "o", "u", "y",        "b", "c", "d",
                                         "l", "m", "n", "r", "s", "t",        "z", "A", "E",
                                         "Y", "*", "é", "Σ", "İ", "\xCC\x81", "①", NULL};
static const char *const text_letters[] = {"a", "e", "i", "o", "u", "y", "b", "c", "d",
                                           "l", "m", "n", "r", "s", "t", "z", NULL};
static const char *const text_suffixes[] = {
    "ational", "tional", "enci",  "anci",  "izer",    "bli",     "alli",    "entli", "eli",   "ousli",
    "ization", "ation",  "ator",  "alism", "iveness", "fulness", "ousness", "aliti", "iviti", "biliti",
    "fulli",   "logi",   "icate", "ative", "alize",   "iciti",   "ical",    "ful",   "ness",  "al",
    "ance",    "ence",   "er",    "ic",    "able",    "ible",    "ant",     "ement", "ment",  "ent",
    "sion",    "tion",   "ou",    "ism",   "ate",     "iti",     "ous",     "ive",   "ize",   "s",
    "es",      "ies",    "ied",   "eed",   "ed",      "ing",     "y",       "ly",    "ll",    "e",
    "sses",    "ss",     "at",    "bl",    "iz",      "*d",      NULL};
static const char *const text_tails[] = {"", "", "s", "ed", "ing", "ly", NULL};

static inline size_t text_pool_size(const char *const *pool)
{
    size_t count = 0;
    while (pool[count])
        count++;
    return count;
}

/* Appends up to `most` pieces of `pool`; returns the new length. */
static inline size_t random_text(uint64_t *state, size_t most, const char *const *pool, char *out, size_t at)
{
    const size_t count = (size_t)random_below(state, most + 1), size = text_pool_size(pool);
    for (size_t i = 0; i < count; i++) {
        const char *piece = pool[random_below(state, size)];
        const size_t length = strlen(piece);
        memcpy(out + at, piece, length);
        at += length;
    }
    return at;
}

static inline size_t random_piece(uint64_t *state, const char *const *pool, char *out, size_t at)
{
    const char *piece = pool[random_below(state, text_pool_size(pool))];
    memcpy(out + at, piece, strlen(piece));
    return at + strlen(piece);
}

/* A random word for the stemmer, of less than 512 bytes. */
static inline size_t random_word(uint64_t *state, char *out)
{
    const char *const *pool = random_below(state, 4) == 0 ? text_stems : text_letters;
    const size_t most = random_below(state, 50) == 0 ? 80 : 6;
    size_t at = random_text(state, most, pool, out, 0);
    at = random_piece(state, text_suffixes, out, at);
    return random_piece(state, text_tails, out, at);
}

/* The sentences of one of SST-2's files, without quoting rules; {0} if it cannot be read. Free .bytes and
 * .offsets. */
static inline tp_strings sst2_sentences(const char *folder, const char *name)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return (tp_strings){0};
    fseek(f, 0, SEEK_END);
    const size_t size = (size_t)ftell(f);
    rewind(f);
    char *text = malloc(size + 1);
    int64_t *offsets = malloc((size / 2 + 2) * sizeof *offsets);
    if (!text || !offsets || fread(text, 1, size, f) != size)
        exit(1);
    fclose(f);
    text[size] = 0;
    size_t at = 0;
    int64_t count = 0;
    offsets[0] = 0;
    for (char *line = strchr(text, '\n') + 1, *tab; *line && (tab = strchr(line, '\t'));
         line = strchr(tab, '\n') + 1) {
        memmove(text + at, line, (size_t)(tab - line));
        at += (size_t)(tab - line);
        offsets[++count] = (int64_t)at;
        if (!strchr(tab, '\n'))
            break;
    }
    return (tp_strings){count, text, offsets};
}

#endif
