/* Transposed copies of small pieces. */
#ifndef TAPER_BACKEND_CPU_TRANSPOSE_H
#define TAPER_BACKEND_CPU_TRANSPOSE_H

#include <stddef.h>
#include <stdint.h>

/* A piece to transpose at a time: a row of it has a whole cache line of four-byte elements to read, and a
 * column several to write, so that lines are read and written once even where many fall on one another in the
 * cache, as those of rows a power of two apart do. */
enum { TP__TILE_ROWS = 16, TP__TILE_COLUMNS = 64, TP__TILE = TP__TILE_ROWS * TP__TILE_COLUMNS };

/* out[r * TP__TILE_COLUMNS + c] = x[r * row + c * column], for elements of `size` bytes: 1, 2, 4 or 8. */
void tp__transpose(size_t size, int64_t rows, int64_t columns, const void *x, int64_t row, int64_t column,
                   void *out);

#endif
