/* CRC-32C, eight bytes at a time, by tables of what each of their places contributes. */
#include "io/crc32c.h"

#include <pthread.h>

/* The polynomial 0x1EDC6F41, lowest bit first. */
#define POLYNOMIAL 0x82F63B78u

static uint32_t tables[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? POLYNOMIAL : 0);
        tables[0][byte] = sum;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int place = 1; place < 8; place++)
            tables[place][byte] = tables[place - 1][byte] >> 8 ^ tables[0][tables[place - 1][byte] & 255];
}

uint32_t tp__crc32c(uint32_t before, const void *bytes, size_t size)
{
    pthread_once(&once, fill_tables);
    const unsigned char *at = bytes;
    uint32_t sum = ~before;
    for (; size >= 8; size -= 8, at += 8) {
        const uint32_t low =
            sum ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
        sum = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^ tables[5][low >> 16 & 255] ^
              tables[4][low >> 24] ^ tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^
              tables[0][at[7]];
    }
    for (; size; size--, at++)
        sum = sum >> 8 ^ tables[0][(sum ^ *at) & 255];
    return ~sum;
}
