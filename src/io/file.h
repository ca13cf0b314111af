/* Reading regular files from known places, with errors that name them. */
#ifndef TAPER_IO_FILE_H
#define TAPER_IO_FILE_H

#include "base/memory.h"

/* "cannot <action> '<path>': <the system's reason>" as TP_ERROR_IO. */
tp_status tp__fail_system(const char *action, const char *path, int system_error);

/* Opens a regular file for reading; its size in bytes goes to `size`. Directories, pipes and devices are
 * refused. The descriptor, or -1 after an error. */
int tp__open_regular(const char *path, int64_t *size);

/* Reads exactly `length` bytes from byte `offset` on. A file that ends earlier is TP_ERROR_FORMAT. */
tp_status tp__read_at(int file, const char *path, void *bytes, size_t length, int64_t offset);

/* The whole file with a zero behind, at most `most` bytes; freed by the caller with tp__free. NULL after an
 * error. */
char *tp__read_file(const char *path, int64_t most, size_t *length);

/* Reverses the bytes of each of `count` items of `size` bytes. */
void tp__swap_bytes(void *items, size_t count, size_t size);

/* Whether this machine's numbers begin with their low byte, as those in files do. */
static inline bool tp__little_endian(void)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

#endif
