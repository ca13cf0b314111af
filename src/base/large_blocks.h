/* Blocks of more than 4 MiB, straight from the system, recycled for the whole process. The caller counts
 * them.
 *
 * - A block begins at a multiple of 2 MiB, and its whole pieces of 2 MiB are offered to the system as huge
 *   pages: clearing fresh pages of 4 KiB one by one takes longer than most operations over them. Its rest
 * stays in small pages, so that a block takes no more memory than is touched.
 * - A freed block is kept, for any thread, and given to the next one who asks for no more and for at least
 * four fifths of it; the smallest that fits is taken.
 * - What is in use and what is kept together are never more than what was in use at one time: keeping blocks
 *   does not raise the process's peak. Those that were kept longest go first. */
#ifndef TAPER_BASE_LARGE_BLOCKS_H
#define TAPER_BASE_LARGE_BLOCKS_H

#include <stddef.h>

#define TP__LARGE ((size_t)4 << 20)

/* What a new block for `size` bytes takes. */
size_t tp__large_size(size_t size);

/* A kept block for `size` bytes, of `*granted`; NULL if there is none. */
void *tp__large_reuse(size_t size, size_t *granted);

/* Gives kept blocks back to the system until one of `granted` bytes more stays within the rule; returns the
 * bytes that were given back. */
size_t tp__large_make_room(size_t granted);

/* A new block; NULL if the system has no memory. */
void *tp__large_new(size_t granted);

/* Keeps the block. */
void tp__large_free(void *block, size_t granted);

/* Gives all kept blocks back to the system; returns how many bytes that were. */
size_t tp__large_trim(void);

#endif
