/* Reads what tests/golden/pack.py writes. */
#ifndef TAPER_TESTS_PACK_H
#define TAPER_TESTS_PACK_H

#include "test.h"

#include <stdint.h>
#include <unistd.h>

typedef struct pack {
    char *bytes;
    size_t at, length;
    uint32_t left;
    char name[2048];
    const char *item;
    uint32_t item_length;
} pack;

static inline uint32_t pack_u32(pack *p)
{
    uint32_t value = 0;
    for (int i = 3; i >= 0; i--)
        value = value << 8 | (unsigned char)p->bytes[p->at + (size_t)i];
    p->at += 4;
    return value;
}

/* Ends the program if the file is not there. */
static inline pack pack_open(const char *path)
{
    pack p = {0};
    FILE *f = fopen(path, "rb");
    if (!f) {
        printf("cannot open %s\n", path);
        exit(1);
    }
    fseek(f, 0, SEEK_END);
    p.length = (size_t)ftell(f);
    rewind(f);
    p.bytes = malloc(p.length + 1);
    if (!p.bytes || fread(p.bytes, 1, p.length, f) != p.length)
        exit(1);
    fclose(f);
    p.left = pack_u32(&p);
    return p;
}

/* The next item into name, item and item_length; 0 at the end, which frees the pack. */
static inline int pack_next(pack *p)
{
    if (!p->left--) {
        free(p->bytes);
        return 0;
    }
    const uint32_t name_length = pack_u32(p);
    if (name_length >= sizeof p->name)
        exit(1);
    memcpy(p->name, p->bytes + p->at, name_length);
    p->name[name_length] = 0;
    p->at += name_length;
    p->item_length = pack_u32(p);
    p->item = p->bytes + p->at;
    p->at += p->item_length;
    return 1;
}

/* A path of this process's own for temporary files. */
static inline const char *test_temporary(const char *name)
{
    static char paths[4][512];
    static int next;
    const char *folder = getenv("TMPDIR");
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/taper-test-%ld-%s", folder ? folder : "/tmp", (long)getpid(), name);
    return path;
}

static inline const char *test_write_file(const char *name, const void *bytes, size_t length)
{
    const char *path = test_temporary(name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, length, f) != length || fclose(f)) {
        printf("cannot write %s\n", path);
        exit(1);
    }
    return path;
}

/* Whether the file holds exactly these bytes. */
static inline int test_file_is(const char *path, const void *bytes, size_t length)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    char *got = malloc(length + 1);
    const size_t n = got ? fread(got, 1, length + 1, f) : 0;
    fclose(f);
    const int same = got && n == length && memcmp(got, bytes, length) == 0;
    free(got);
    return same;
}

#endif
