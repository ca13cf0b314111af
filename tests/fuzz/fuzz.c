/* fuzz [--seeds FOLDER] [TARGET] [COUNT]: gives COUNT mutations (300) of each valid input to the targets, and
 * each valid input with one allocation after the other failing, or writes the valid inputs into
 * FOLDER/TARGET/. Compiled with TAPER_LIBFUZZER it is a program of libFuzzer, whose target is named by the
 * environment variable TAPER_FUZZ. */
#include "fuzz.h"

#include "base/memory.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const fuzz_target *const families[] = {fuzz_files, fuzz_models, fuzz_texts};

static const fuzz_target *find(const char *name)
{
    for (size_t f = 0; f < sizeof families / sizeof *families; f++)
        for (const fuzz_target *t = families[f]; t->name; t++)
            if (!strcmp(t->name, name))
                return t;
    return NULL;
}

/* ---- Files ---- */

static char input_path[512], output_path[512];

static void remove_files(void)
{
    unlink(input_path);
    unlink(output_path);
}

static void name_files(void)
{
    const char *folder = getenv("TMPDIR");
    const long process = (long)getpid();
    snprintf(input_path, sizeof input_path, "%s/taper-fuzz-%ld-in", folder ? folder : "/tmp", process);
    snprintf(output_path, sizeof output_path, "%s/taper-fuzz-%ld-out", folder ? folder : "/tmp", process);
    atexit(remove_files);
}

const char *fuzz_file(const void *bytes, size_t length)
{
    FILE *f = fopen(input_path, "wb");
    if (!f || fwrite(bytes, 1, length, f) != length || fclose(f)) {
        perror(input_path);
        exit(1);
    }
    return input_path;
}

const char *fuzz_output(void)
{
    return output_path;
}

const char *fuzz_safetensors(const char *bytes, size_t length)
{
    const char *zero = memchr(bytes, 0, length);
    const size_t header = zero ? (size_t)(zero - bytes) : length, data = zero ? length - header - 1 : 0;
    unsigned char size[8];
    for (int i = 0; i < 8; i++)
        size[i] = (unsigned char)((uint64_t)header >> (8 * i));
    FILE *f = fopen(input_path, "wb");
    if (!f || fwrite(size, 1, 8, f) != 8 || fwrite(bytes, 1, header, f) != header ||
        (data && fwrite(zero + 1, 1, data, f) != data) || fclose(f)) {
        perror(input_path);
        exit(1);
    }
    return input_path;
}

void fuzz_seed_safetensors(const char *front, const char *path)
{
    char text[65536];
    const size_t at = strlen(front);
    unsigned char size[8];
    memcpy(text, front, at);
    FILE *f = fopen(path, "rb");
    if (!f || fread(size, 1, 8, f) != 8) {
        perror(path);
        exit(1);
    }
    const size_t header = (size_t)size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16;
    if (at + header + 1 > sizeof text || fread(text + at, 1, header, f) != header) {
        printf("%s: the seed is too long\n", path);
        exit(1);
    }
    text[at + header] = 0;
    const size_t data = fread(text + at + header + 1, 1, sizeof text - at - header - 1, f);
    fclose(f);
    fuzz_seed(text, at + header + 1 + data);
}

/* ---- Mutations, by a generator of our own ---- */

#define LONGEST 65536

static uint64_t state;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % below;
}

/* `length` bytes at `at` become `with`; what does not fit any more is left as it is. */
static size_t splice(char *bytes, size_t size, size_t most, size_t at, size_t length, const char *with,
                     size_t with_length)
{
    if (size - length + with_length > most)
        return size;
    memmove(bytes + at + with_length, bytes + at + length, size - at - length);
    memcpy(bytes + at, with, with_length);
    return size - length + with_length;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t mutate(const fuzz_target *t, char *bytes, size_t size, size_t most)
{
    static const char *const numbers[] = {"0",
                                          "-1",
                                          "1",
                                          "2",
                                          "64",
                                          "65",
                                          "255",
                                          "256",
                                          "1000000",
                                          "2147483647",
                                          "2147483648",
                                          "4294967296",
                                          "1099511627776",
                                          "9223372036854775807",
                                          "9223372036854775808",
                                          "18446744073709551616",
                                          "1e999",
                                          "-0",
                                          "1e-999",
                                          "nan",
                                          "0x1p3",
                                          "1.5",
                                          "00"};
    static const char odd[] = {0,   '\n', '\r',   '\t',   '"',    '\\',   '\'',   ' ',    ',',   ':',
                               '{', '[',  '\x1b', '\x1f', '\x7f', '\x80', '\xc2', '\xef', '\xff'};
    const size_t at = (size_t)draw(size + 1);
    size_t length = size - at;
    if (length)
        length = (size_t)draw(length < 16 ? length + 1 : 17);
    const int kinds = t->words ? 11 : 10;
    switch (draw((uint64_t)kinds)) {
    case 0:
        if (at < size)
            bytes[at] = (char)(bytes[at] ^ (1 << draw(8)));
        return size;
    case 1:
        if (at < size)
            bytes[at] = odd[draw(sizeof odd)];
        return size;
    case 2:
        return splice(bytes, size, most, at, 0, &odd[draw(sizeof odd)], 1);
    case 3:
        return splice(bytes, size, most, at, length, "", 0);
    case 4: { /* a piece once more */
        char piece[16];
        memcpy(piece, bytes + at, length = length < sizeof piece ? length : sizeof piece);
        return splice(bytes, size, most, (size_t)draw(size + 1), 0, piece, length);
    }
    case 5:
        return draw(4) ? size : at;
    case 6:
    case 7:
    case 8: { /* another number */
        size_t from = at;
        while (from < size && !is_digit(bytes[from]))
            from++;
        size_t to = from;
        while (to < size && is_digit(bytes[to]))
            to++;
        const char *number = numbers[draw(sizeof numbers / sizeof *numbers)];
        return from == size ? size : splice(bytes, size, most, from, to - from, number, strlen(number));
    }
    case 9: { /* the same byte many times */
        char run[512];
        memset(run, at < size ? bytes[at] : 'x', sizeof run);
        return splice(bytes, size, most, at, 0, run, (size_t)draw(sizeof run));
    }
    default: {
        size_t count = 0;
        while (t->words[count])
            count++;
        const char *word = t->words[draw(count)];
        return splice(bytes, size, most, at, draw(2) ? length : 0, word, strlen(word));
    }
    }
}

/* ---- One input ---- */

/* A sentence that a terminal shows as it is. */
static bool is_plain(const char *text)
{
    for (const char *p = text; *p; p++) {
        const unsigned char c = (unsigned char)*p;
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F || (c == 0xC2 && (p[1] & 0x60) == 0))
            return false;
    }
    return true;
}

static bool is_valid(const char *text)
{
    char copy[2048];
    snprintf(copy, sizeof copy, "%s", text);
    tp_clear_error();
    const bool valid = tp_utf8_check(copy, strlen(copy)) == TP_OK;
    tp_clear_error();
    return valid;
}

/* NULL, or what is wrong. */
static const char *try_once(const fuzz_target *t, const char *bytes, size_t length)
{
    const char *wrong = NULL;
    tp_region *region = tp_region_new("fuzz");
    if (tp_region_enter(region) != TP_OK || !t->run(bytes, length))
        wrong = "the outcome and the error do not agree";
    tp_region_end(region);
    if (tp_error() == TP_ERROR_MEMORY)
        wrong = "memory is out";
    if (tp_error() != TP_OK && !tp_error_message()[0])
        wrong = "an error without a sentence";
    if (!is_plain(tp_error_message()))
        wrong = "control characters in a sentence";
    else if (!is_valid(tp_error_message()))
        wrong = "a sentence that is not UTF-8";
    tp_clear_error();
    tp_memory_trim();
    return wrong;
}

/* What is made once and kept is there the second time. */
static const char *try_input(const fuzz_target *t, const char *bytes, size_t length)
{
    size_t used = tp_memory_used();
    const char *wrong = try_once(t, bytes, length);
    for (int again = 0; !wrong && again < 2 && tp_memory_used() != used; again++) {
        used = tp_memory_used();
        wrong = try_once(t, bytes, length);
    }
    return !wrong && tp_memory_used() != used ? "memory is left behind" : wrong;
}

#ifdef TAPER_LIBFUZZER

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t most);

static const fuzz_target *chosen;

void fuzz_seed(const void *bytes, size_t length)
{
    (void)bytes;
    (void)length;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    const char *name = getenv("TAPER_FUZZ");
    chosen = name ? find(name) : NULL;
    if (!chosen) {
        fprintf(stderr, "TAPER_FUZZ names no target\n");
        exit(1);
    }
    name_files();
    (void)tp_set_num_threads(1);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static char copy[LONGEST + 1];
    if (length > LONGEST)
        return 0;
    memcpy(copy, bytes, length);
    copy[length] = 0;
    char *exact = malloc(length + 1); /* so that reading beyond it is seen */
    memcpy(exact, copy, length + 1);
    const char *wrong = try_input(chosen, exact, length);
    free(exact);
    if (wrong) {
        fprintf(stderr, "%s: %s\n", chosen->name, wrong);
        abort();
    }
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed)
{
    state = seed * 2654435761u + 88172645463325252u;
    if (draw(2))
        return LLVMFuzzerMutate(bytes, size, most);
    size = mutate(chosen, (char *)bytes, size, most);
    return size ? size : 1;
}

#else

static const char *seeds_folder;
static const fuzz_target *now;
static int64_t mutations = 300, inputs, failures, seeds, allocations;
static char current[LONGEST + 1];
static size_t current_length;

static void report(const char *wrong)
{
    char path[600];
    snprintf(path, sizeof path, "%s-failed-%s", input_path, now->name);
    FILE *f = fopen(path, "wb");
    if (f) {
        fwrite(current, 1, current_length, f);
        fclose(f);
    }
    printf("%s: %s; the input is in %s\n", now->name, wrong, path);
    fflush(stdout);
    failures++;
}

static void on_alarm(int number)
{
    (void)number;
    report("an input takes too long");
    _exit(1);
}

static void try_current(void)
{
    inputs++;
    char *exact = malloc(current_length + 1); /* so that reading beyond it is seen */
    if (!exact)
        return;
    memcpy(exact, current, current_length);
    exact[current_length] = 0;
    alarm(60);
    const char *wrong = try_input(now, exact, current_length);
    alarm(0);
    free(exact);
    if (wrong)
        report(wrong);
}

static void check_seeds(void)
{
    if (tp_error() == TP_OK)
        return;
    printf("%s: the seeds: %s\n", now->name, tp_error_message());
    failures++;
    tp_clear_error();
}

/* Each allocation (of many: some) that a valid input takes fails once. What the target makes of that is its
 * own affair; nothing is left behind. */
static void fail_allocations(void)
{
    char *exact = malloc(current_length + 1);
    if (!exact)
        return;
    memcpy(exact, current, current_length);
    exact[current_length] = 0;
    (void)try_once(now, exact, current_length);
    const size_t used = tp_memory_used();
    bool failed = true;
    for (int64_t n = 0; failed; n += n < 64 || mutations > 300 ? 1 : n / 16) {
        alarm(60);
        tp_region *region = tp_region_new("fuzz");
        if (tp_region_enter(region) != TP_OK)
            exit(1);
        tp__memory_fail_after(n);
        (void)now->run(exact, current_length);
        failed = tp__memory_countdown() < 0;
        tp__memory_fail_after(-1);
        tp_region_end(region);
        tp_clear_error();
        tp_memory_trim();
        if (tp_memory_used() != used) /* what is made once was not made, or is made now */
            (void)try_once(now, exact, current_length);
        if (tp_memory_used() != used) {
            printf("allocation %lld: %lld bytes are left\n", (long long)n,
                   (long long)(tp_memory_used() - used));
            report("a failing allocation");
            break;
        }
        allocations += failed;
    }
    alarm(0);
    free(exact);
}

void fuzz_seed(const void *bytes, size_t length)
{
    check_seeds();
    if (seeds_folder) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", seeds_folder, now->name);
        (void)mkdir(path, 0777);
        snprintf(path, sizeof path, "%s/%s/seed-%lld", seeds_folder, now->name, (long long)seeds++);
        FILE *f = fopen(path, "wb");
        if (!f || fwrite(bytes, 1, length, f) != length || fclose(f)) {
            perror(path);
            exit(1);
        }
        return;
    }
    char *seed = malloc(length + 1);
    if (!seed || length > LONGEST)
        exit(1);
    memcpy(seed, bytes, length);
    state = 88172645463325252u + (uint64_t)++seeds;
    memcpy(current, seed, current_length = length);
    try_current();
    fail_allocations();
    for (int64_t i = 0; i < mutations; i++) {
        memcpy(current, seed, current_length = length);
        for (int64_t n = (int64_t)draw(4); n >= 0; n--)
            current_length = mutate(now, current, current_length, LONGEST);
        try_current();
    }
    free(seed);
}

static void run_target(const fuzz_target *t)
{
    now = t;
    seeds = 0;
    const int64_t before = inputs;
    tp_region *region = tp_region_new("seeds");
    if (tp_region_enter(region) != TP_OK)
        exit(1);
    tp_manual_seed(1);
    t->seed();
    check_seeds();
    tp_region_end(region);
    if (!seeds)
        failures++;
    printf("%-16s %lld seeds, %lld inputs\n", t->name, (long long)seeds, (long long)(inputs - before));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    name_files();
    if (argc > 2 && !strcmp(argv[1], "--seeds")) {
        seeds_folder = argv[2];
        argc -= 2;
        argv += 2;
    }
    if (argc > 2)
        mutations = atoll(argv[2]);
    signal(SIGALRM, on_alarm);
    (void)tp_set_num_threads(1);
    /* No input may make memory run out: what is larger than this fails, and is seen. */
    tp_set_memory_limit((size_t)1 << 29);
    if (argc > 3) { /* an input that is at hand */
        now = find(argv[1]);
        FILE *f = fopen(argv[3], "rb");
        if (!now || !f)
            return 1;
        current_length = fread(current, 1, LONGEST, f);
        fclose(f);
        try_current();
    } else if (argc > 1) {
        const fuzz_target *t = find(argv[1]);
        if (!t)
            return 1;
        run_target(t);
    } else {
        for (size_t f = 0; f < sizeof families / sizeof *families; f++)
            for (const fuzz_target *t = families[f]; t->name; t++)
                run_target(t);
    }
    printf("%lld inputs, %lld failing allocations, %lld failed\n", (long long)inputs, (long long)allocations,
           (long long)failures);
    return failures ? 1 : 0;
}

#endif
