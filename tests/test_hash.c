/* Tables of words keep their searches short, whatever words somebody makes up. */
#include "base/error.h"
#include "test.h"
#include "text/vocabulary.h"
#include "text/word_table.h"

#define COUNT 50000

/* The words of each family are alike in a way that tells on a hash which mixes little or has no key. */
static uint64_t last_bytes(uint64_t i)
{
    return 0x616161616161u | i << 48;
}
static uint64_t first_bytes(uint64_t i)
{
    return 0x6161616161610000u | i;
}
static uint64_t middle_bytes(uint64_t i)
{
    return 0x6161610000006161u | i << 16;
}
static uint64_t steps(uint64_t i)
{
    return i * 0x0000010000000100u;
}
/* What x * golden, x ^= x >> 32, done twice, brings to numbers that are equal in their lower half. */
static uint64_t unmixed(uint64_t i)
{
    const uint64_t golden = 0x9E3779B97F4A7C15u;
    uint64_t inverse = golden;
    for (int k = 0; k < 6; k++)
        inverse *= 2 - golden * inverse;
    uint64_t x = i << 32 | 7;
    for (int k = 0; k < 2; k++)
        x = (x ^ x >> 32) * inverse;
    return x ^ 8;
}

static uint64_t (*const families[])(uint64_t i) = {last_bytes, first_bytes, middle_bytes, steps, unmixed};
#define FAMILIES (sizeof families / sizeof *families)

/* How many slots a search for an entry passes in the middle. */
static void check_short(const char *table, size_t family, size_t passed)
{
    const double mean = (double)passed / COUNT;
    if (mean >= 2)
        printf("%s, family %zu: %g slots\n", table, family, mean);
    CHECK(mean < 2);
}

static void test_interner(size_t family)
{
    tp__interner table = {0};
    for (uint64_t i = 0; i < COUNT; i++) {
        char word[16];
        uint32_t id;
        const uint64_t key = families[family](i);
        memcpy(word, &key, 8);
        memcpy(word + 8, &key, 8);
        const size_t length = i % 2 ? 8 : 16;
        CHECK(tp__interner_add(&table, word, length, tp__hash(word, length), &id) == TP_OK && id == i);
    }
    size_t passed = 0;
    for (size_t at = 0; at < table.slot_count; at++)
        if (table.slots[at].id != TP__NO_ID)
            passed += (at - table.slots[at].hash) & (table.slot_count - 1);
    check_short("interner", family, passed);
    tp__interner_free(&table);
}

static void test_word_table(size_t family)
{
    tp__word_table table = {.limit = (size_t)1 << 24};
    for (uint64_t i = 0; i < COUNT; i++) {
        char word[8];
        const uint32_t value = (uint32_t)i;
        const uint64_t key = families[family](i);
        memcpy(word, &key, 8);
        CHECK(tp__word_table_put(&table, tp__word_key(word, 8), word, 8, &value, 1) == TP_OK);
    }
    size_t passed = 0;
    for (size_t at = 0; at <= table.mask; at++)
        if (table.slots[at].tag)
            passed += (at - (size_t)tp__hash_u64(table.slots[at].key)) & table.mask;
    check_short("word table", family, passed);
    tp__word_table_free(&table);
}

static void test_pairs(size_t family)
{
    tp__grams grams = {0};
    for (uint64_t i = 0; i < COUNT; i++) {
        uint32_t id;
        const uint64_t key = families[family](i);
        CHECK(tp__grams_add_pair(&grams, (uint32_t)(key >> 32), (uint32_t)key, &id) == TP_OK);
    }
    size_t passed = 0;
    for (size_t at = 0; at < grams.pair_slot_count; at++) {
        if (grams.pair_slots[at] == TP__NO_ID)
            continue;
        const tp__pair pair = grams.pairs[grams.pair_slots[at]];
        const uint64_t hash = tp__hash_u64((uint64_t)pair.left << 32 | pair.token);
        passed += (at - (size_t)hash) & (grams.pair_slot_count - 1);
    }
    check_short("pairs", family, passed);
    tp__grams_free(&grams);
}

/* The hashes of another process, which this program prints when it is called with a word more. */
static void print_hashes(void)
{
    printf("%08x %016llx\n", (unsigned)tp__hash("word", 4), (unsigned long long)tp__hash_u64(1));
}

static void test_keys_differ(const char *program)
{
    char command[4096], lines[2][64] = {"", ""};
    snprintf(command, sizeof command, "'%s' hashes", program);
    for (int i = 0; i < 2; i++) {
        FILE *f = popen(command, "r");
        CHECK(f && fgets(lines[i], sizeof *lines, f) && strlen(lines[i]) == 26);
        CHECK(f && pclose(f) == 0);
    }
    CHECK(strncmp(lines[0], lines[1], 8) != 0 && strcmp(lines[0] + 9, lines[1] + 9) != 0);
}

int main(int count, char **arguments)
{
    if (count > 1) {
        print_hashes();
        return 0;
    }
    for (size_t family = 0; family < FAMILIES; family++) {
        test_interner(family);
        test_word_table(family);
        test_pairs(family);
    }
    test_keys_differ(arguments[0]);
    CHECK_OK();
    return test_end();
}
