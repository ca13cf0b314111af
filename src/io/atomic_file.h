/* Writing a file so that at every moment either the old one or the whole new one is there. */
#ifndef TAPER_IO_ATOMIC_FILE_H
#define TAPER_IO_ATOMIC_FILE_H

#include "base/memory.h"

typedef struct tp__output tp__output;

/* Appends to the file; after a failure, which is recorded once, nothing more is written. */
tp_status tp__output_write(tp__output *output, const void *bytes, size_t length);

/* Calls `write(output, context)`, whose status other than TP_OK gives the file up. A temporary file in the
 * same folder is written, synchronised with the disk, and renamed to `path`; after a failure it is removed
 * and what stood at `path` is untouched. A symbolic link stays one: what it names is replaced. The
 * permissions of an existing file are kept. Where `path` is a device or a pipe it is written to directly. A
 * full disk is TP_ERROR_IO; so is a file size limit, provided the program ignores SIGXFSZ. */
tp_status tp__write_atomically(const char *path, tp_status (*write)(tp__output *, void *), void *context);

/* The same for bytes that lie in memory. */
tp_status tp__write_file(const char *path, const void *bytes, size_t length);

#endif
