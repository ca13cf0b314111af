/* Elementwise kernels want contiguous arrays of one type. Operands that are not so are packed, a block at a
 * time, into buffers that stay in the first-level cache. */
#include "backend/cpu/transpose.h"
#include "base/threads.h"
#include "ops/elementwise.h"

/* Elements packed at a time. */
#define BLOCK 512

/* Rows of as many elements are handed to the kernel one by one, and need no packing where they are even. */
#define LONG_ROW 32

/* In tiles, which are for rows of at least NARROW elements. */
#define TILES_OF_PIECE (TP__ELEMENTWISE_PIECE / TP__TILE)
#define NARROW 16

typedef enum form { ABSENT, WHOLE, CONSTANT, PACKED } form;

typedef struct operand {
    form form;
    bool buffered; /* the kernel cannot read it where it lies */
    const char *data;
    tp_dtype from, to;
    int64_t size, to_size;
    int64_t strides[TP_MAX_DIMS]; /* in elements of `from`, 0 where broadcast */
} operand;

typedef struct elementwise_job {
    tp__elementwise_kernel kernel;
    const tp__elementwise_table *table;
    int n_operands, ndim;
    int64_t shape[TP_MAX_DIMS];
    operand operands[TP__OPERAND_NUMBERS];
    char *out;
    int64_t out_size;
    const void *numbers;
    int64_t numel;
    bool whole;               /* no operand needs packing */
    bool buffered;            /* one is */
    int across;               /* in tiles of this dimension and the last; -1: not in tiles */
    int64_t tiles[2], planes; /* along `across` and the last dimension, and how many such planes there are */
} elementwise_job;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void convert(const elementwise_job *job, const operand *o, int64_t n, const char *from, int64_t stride,
                    char *to)
{
    job->table->convert[o->from][o->to](n, from, stride, to);
}

/* ---- Blocks: rows are short, and a block has many ---- */

/* Packs elements begin to begin + n - 1 of the broadcast operand. */
static void pack(const elementwise_job *job, const operand *o, int64_t begin, int64_t n, char *buffer)
{
    const int last = job->ndim - 1;
    int64_t index[TP_MAX_DIMS], rest = begin, offset = 0;
    for (int d = last; d >= 0; d--) {
        index[d] = rest % job->shape[d];
        rest /= job->shape[d];
        offset += index[d] * o->strides[d];
    }
    while (n) {
        const int64_t run = least(job->shape[last] - index[last], n);
        convert(job, o, run, o->data + offset * o->size, o->strides[last], buffer);
        buffer += run * o->to_size;
        n -= run;
        offset += run * o->strides[last];
        index[last] += run;
        for (int d = last; d > 0 && index[d] == job->shape[d]; d--) {
            offset += o->strides[d - 1] - index[d] * o->strides[d];
            index[d] = 0;
            index[d - 1]++;
        }
    }
}

static void run_blocks(const elementwise_job *job, int64_t begin, int64_t end, const void **pointers,
                       char (*buffers)[BLOCK * 8])
{
    for (; begin < end; begin += BLOCK) {
        const int64_t n = least(end - begin, BLOCK);
        for (int k = 0; k < job->n_operands; k++) {
            const operand *o = &job->operands[k];
            if (o->form == WHOLE) {
                pointers[k] = o->data + begin * o->size;
            } else if (o->form == PACKED) {
                pack(job, o, begin, n, buffers[k]);
                pointers[k] = buffers[k];
            }
        }
        job->kernel(n, pointers, job->out + begin * job->out_size);
    }
}

/* ---- Rows ---- */

/* More whole rows of operands that need no packing, each one step of the last dimension but one further. */
static int64_t run_more_rows(const elementwise_job *job, int64_t rows, int64_t begin, const void **pointers,
                             int64_t *offsets)
{
    const int across = job->ndim - 2;
    const int64_t n = job->shape[across + 1];
    int64_t steps[TP__OPERAND_NUMBERS];
    for (int k = 0; k < job->n_operands; k++) {
        const operand *o = &job->operands[k];
        steps[k] = o->form == ABSENT ? 0 : (o->form == WHOLE ? n : o->strides[across]) * o->size;
        offsets[k] += rows * o->strides[across];
    }
    for (int64_t r = 0; r < rows; r++, begin += n) {
        for (int k = 0; k < job->n_operands; k++)
            if (pointers[k])
                pointers[k] = (const char *)pointers[k] + steps[k];
        job->kernel(n, pointers, job->out + begin * job->out_size);
    }
    return begin;
}

static void run_rows(const elementwise_job *job, int64_t begin, int64_t end, const void **pointers,
                     char (*buffers)[BLOCK * 8])
{
    const int last = job->ndim - 1;
    int64_t index[TP_MAX_DIMS], rest = begin, offsets[TP__OPERAND_NUMBERS] = {0},
                                filled[TP__OPERAND_NUMBERS] = {-1, -1, -1, -1, -1};
    for (int d = last; d >= 0; d--) {
        index[d] = rest % job->shape[d];
        rest /= job->shape[d];
        for (int k = 0; k < job->n_operands; k++)
            offsets[k] += index[d] * job->operands[k].strides[d];
    }
    while (begin < end) {
        int64_t n = least(job->shape[last] - index[last], end - begin), rows = 1;
        if (job->buffered)
            n = least(n, BLOCK);
        else if (last && n == job->shape[last])
            rows = least(job->shape[last - 1] - index[last - 1], (end - begin) / n);
        for (int k = 0; k < job->n_operands; k++) {
            const operand *o = &job->operands[k];
            const char *from = o->data + offsets[k] * o->size;
            if (o->form == WHOLE) {
                pointers[k] = o->data + begin * o->size;
            } else if (o->form == PACKED && !o->buffered) {
                pointers[k] = from;
            } else if (o->form == PACKED) {
                pointers[k] = buffers[k];
                if (o->strides[last])
                    convert(job, o, n, from, o->strides[last], buffers[k]);
                else if (filled[k] != offsets[k])
                    convert(job, o, least(job->shape[last], BLOCK), from, 0, buffers[k]);
                filled[k] = offsets[k];
            }
            offsets[k] += n * o->strides[last];
        }
        job->kernel(n, pointers, job->out + begin * job->out_size);
        begin += n;
        if (rows > 1) { /* what lies as this row does */
            begin = run_more_rows(job, rows - 1, begin, pointers, offsets);
            index[last - 1] += rows - 1;
        }
        index[last] += n;
        for (int d = last; d > 0 && index[d] == job->shape[d]; d--) {
            for (int k = 0; k < job->n_operands; k++)
                offsets[k] += job->operands[k].strides[d - 1] - index[d] * job->operands[k].strides[d];
            index[d] = 0;
            index[d - 1]++;
        }
    }
}

static void run_piece(void *context, int64_t piece)
{
    const elementwise_job *job = context;
    const void *pointers[TP__MAX_OPERANDS] = {0};
    _Alignas(64) char buffers[TP__OPERAND_NUMBERS][BLOCK * 8];
    pointers[TP__OPERAND_NUMBERS] = job->numbers;
    const int64_t begin = piece * TP__ELEMENTWISE_PIECE,
                  end = least(begin + TP__ELEMENTWISE_PIECE, job->numel);
    for (int k = 0; k < job->n_operands; k++) {
        const operand *o = &job->operands[k];
        if (o->form == WHOLE)
            pointers[k] = o->data + begin * o->size;
        if (o->form != CONSTANT)
            continue;
        convert(job, o, least(end - begin, BLOCK), o->data, 0, buffers[k]);
        pointers[k] = buffers[k];
    }
    if (job->whole)
        job->kernel(end - begin, pointers, job->out + begin * job->out_size);
    else if (job->shape[job->ndim - 1] < LONG_ROW)
        run_blocks(job, begin, end, pointers, buffers);
    else
        run_rows(job, begin, end, pointers, buffers);
}

/* ---- Tiles: an operand's nearest elements lie in another dimension than the result's ---- */

typedef char tile[TP__TILE * 8];

/* Where an operand's part of a tile begins, and what takes it from row to row there; packed if need be. */
static const char *place_of(const elementwise_job *job, const operand *o, int64_t rows, int64_t columns,
                            int64_t offset, int64_t out_offset, int64_t out_row, char *buffer, int64_t *row)
{
    const int64_t along = o->strides[job->ndim - 1], across = o->strides[job->across];
    _Alignas(64) tile turned;
    *row = 0;
    if (o->form == CONSTANT)
        return buffer;
    if (o->form == WHOLE) {
        *row = out_row * o->size;
        return o->data + out_offset * o->size;
    }
    const char *from = o->data + offset * o->size;
    int64_t from_row = across * o->size, step = along;
    if (!o->buffered) {
        *row = from_row;
        return from;
    }
    *row = TP__TILE_COLUMNS * o->to_size;
    if (along != 0 && along != 1) {
        char *to = o->from == o->to ? buffer : turned;
        tp__transpose((size_t)o->size, rows, columns, from, across, along, to);
        if (o->from == o->to)
            return buffer;
        from = turned;
        from_row = TP__TILE_COLUMNS * o->size;
        step = 1;
    }
    for (int64_t r = 0; r < rows; r++)
        convert(job, o, columns, from + r * from_row, step, buffer + r * *row);
    return buffer;
}

static void run_tile(const elementwise_job *job, int64_t number, const void **pointers, tile *buffers)
{
    const int last = job->ndim - 1, across = job->across;
    const char *places[TP__OPERAND_NUMBERS];
    int64_t rows[TP__OPERAND_NUMBERS], index[TP_MAX_DIMS], offset = 0, distance = 1, row_distance = 1;
    int64_t plane = number / job->tiles[0] / job->tiles[1];
    index[across] = number % job->tiles[0] * TP__TILE_ROWS;
    index[last] = number / job->tiles[0] % job->tiles[1] * TP__TILE_COLUMNS;
    for (int d = last; d >= 0; d--) {
        if (d != across && d != last) {
            index[d] = plane % job->shape[d];
            plane /= job->shape[d];
        }
        if (d == across)
            row_distance = distance;
        offset += index[d] * distance;
        distance *= job->shape[d];
    }
    const int64_t n_rows = least(job->shape[across] - index[across], TP__TILE_ROWS),
                  n = least(job->shape[last] - index[last], TP__TILE_COLUMNS);
    for (int k = 0; k < job->n_operands; k++) {
        const operand *o = &job->operands[k];
        int64_t own = 0;
        places[k] = NULL;
        rows[k] = 0;
        for (int d = 0; d <= last && o->form == PACKED; d++)
            own += index[d] * o->strides[d];
        if (o->form != ABSENT)
            places[k] = place_of(job, o, n_rows, n, own, offset, row_distance, buffers[k], &rows[k]);
    }
    char *out = job->out + offset * job->out_size;
    for (int64_t r = 0; r < n_rows; r++, out += row_distance * job->out_size) {
        for (int k = 0; k < job->n_operands; k++)
            pointers[k] = places[k] ? places[k] + r * rows[k] : NULL;
        job->kernel(n, pointers, out);
    }
}

static void run_tiles(void *context, int64_t piece)
{
    const elementwise_job *job = context;
    const void *pointers[TP__MAX_OPERANDS] = {0};
    _Alignas(64) tile buffers[TP__OPERAND_NUMBERS];
    const int64_t begin = piece * TILES_OF_PIECE,
                  end = least(begin + TILES_OF_PIECE, job->planes * job->tiles[0] * job->tiles[1]);
    pointers[TP__OPERAND_NUMBERS] = job->numbers;
    for (int k = 0; k < job->n_operands; k++)
        if (job->operands[k].form == CONSTANT)
            convert(job, &job->operands[k], TP__TILE_COLUMNS, job->operands[k].data, 0, buffers[k]);
    for (int64_t number = begin; number < end; number++)
        run_tile(job, number, pointers, buffers);
}

/* ---- The plan ---- */

/* Joins neighbouring dimensions that all operands step through alike, so that runs get long. */
static void collapse(elementwise_job *job)
{
    int kept = 0;
    for (int d = 1; d < job->ndim; d++) {
        bool joins = true;
        for (int k = 0; k < job->n_operands && joins; k++) {
            const operand *o = &job->operands[k];
            joins = o->form != PACKED || o->strides[kept] == o->strides[d] * job->shape[d];
        }
        if (joins) {
            job->shape[kept] *= job->shape[d];
        } else {
            job->shape[++kept] = job->shape[d];
        }
        for (int k = 0; k < job->n_operands; k++)
            job->operands[k].strides[kept] = job->operands[k].strides[d];
    }
    job->ndim = kept + 1;
}

static int64_t magnitude(int64_t stride)
{
    return stride < 0 ? -stride : stride;
}

/* Which operands the kernel cannot read where they lie, and whether tiles suit one of them. */
static void choose_way(elementwise_job *job)
{
    const int last = job->ndim - 1;
    for (int k = 0; k < job->n_operands; k++) {
        operand *o = &job->operands[k];
        const int64_t along = o->strides[last];
        o->buffered = o->form == CONSTANT || (o->form == PACKED && (o->from != o->to || along != 1));
        job->buffered |= o->buffered;
        if (o->form != PACKED || job->across >= 0 || job->shape[last] < NARROW)
            continue;
        for (int d = 0, nearest = last; d < last; d++)
            if (o->strides[d] && magnitude(o->strides[d]) < magnitude(o->strides[nearest]))
                job->across = nearest = d;
    }
    if (job->across < 0)
        return;
    job->tiles[0] = (job->shape[job->across] + TP__TILE_ROWS - 1) / TP__TILE_ROWS;
    job->tiles[1] = (job->shape[last] + TP__TILE_COLUMNS - 1) / TP__TILE_COLUMNS;
    job->planes = job->numel / job->shape[job->across] / job->shape[last];
}

/* Products of rows with single elements, such as an outer product has: no row is filled. */
static void scale_rows(elementwise_job *job)
{
    const int last = job->ndim - 1;
    operand *const o = job->operands;
    if (job->n_operands != 2 || job->across >= 0 || job->shape[last] < LONG_ROW ||
        (o->to != TP_F32 && o->to != TP_F64) || job->kernel != job->table->forward[TP__EW_mul][o->to])
        return;
    for (int k = 0; k < 2; k++) {
        if (o[k].form != PACKED || o[k].strides[last] || o[k].from != o[k].to || o[!k].buffered)
            continue;
        const operand one = o[k];
        o[0] = o[!k];
        o[1] = one;
        o[1].buffered = job->buffered = false;
        job->kernel = job->table->scale[o->to == TP_F64];
        return;
    }
}

static void set_operand(elementwise_job *job, operand *o, const tp_tensor *t, tp_dtype to,
                        const tp_tensor *out)
{
    o->form = ABSENT;
    for (int d = 0; d < out->ndim; d++)
        o->strides[d] = 0;
    if (!t)
        return;
    o->data = t->data;
    o->from = (tp_dtype)t->dtype;
    o->to = to;
    o->size = (int64_t)tp_dtype_size(o->from);
    o->to_size = (int64_t)tp_dtype_size(to);
    if (t->numel == out->numel && t->contiguous && o->from == to) {
        o->form = WHOLE;
        return;
    }
    job->whole = false;
    o->form = CONSTANT;
    for (int d = 0; d < out->ndim; d++) {
        const int own = d - (out->ndim - t->ndim);
        o->strides[d] = own < 0 || t->shape[own] == 1 ? 0 : t->strides[own];
        if (o->strides[d])
            o->form = PACKED;
    }
}

void tp__elementwise_pack(tp__elementwise_kernel kernel, int n_operands, const tp_tensor *const *operands,
                          const void *numbers, tp_dtype compute, const tp_dtype *dtypes, tp_tensor *out)
{
    if (!out->numel)
        return;
    elementwise_job job;
    job.kernel = kernel;
    job.table = tp__elementwise();
    job.n_operands = n_operands;
    job.out = out->data;
    job.out_size = (int64_t)tp_dtype_size((tp_dtype)out->dtype);
    job.numbers = numbers;
    job.numel = out->numel;
    job.whole = true;
    job.buffered = false;
    job.across = -1;
    for (int k = 0; k < n_operands; k++)
        set_operand(&job, &job.operands[k], operands[k], dtypes ? dtypes[k] : compute, out);
    if (!job.whole) {
        job.ndim = out->ndim;
        for (int d = 0; d < out->ndim; d++)
            job.shape[d] = out->shape[d];
        if (!job.ndim) {
            job.ndim = 1;
            job.shape[0] = 1;
            for (int k = 0; k < n_operands; k++)
                job.operands[k].strides[0] = 0;
        }
        collapse(&job);
        choose_way(&job);
        scale_rows(&job);
    }
    if (job.across >= 0)
        tp__parallel_for((job.planes * job.tiles[0] * job.tiles[1] + TILES_OF_PIECE - 1) / TILES_OF_PIECE,
                         run_tiles, &job);
    else if (job.numel <= TP__ELEMENTWISE_PIECE)
        run_piece(&job, 0);
    else
        tp__parallel_for((job.numel + TP__ELEMENTWISE_PIECE - 1) / TP__ELEMENTWISE_PIECE, run_piece, &job);
}

void tp__elementwise_run_with(tp__elementwise_kernel kernel, int n_operands, const tp_tensor *const *operands,
                              const tp__numbers *numbers, tp_dtype compute, tp_tensor *out)
{
    _Alignas(8) char converted[sizeof numbers->values];
    for (int k = 0; k < 3; k++)
        tp__store_f64(compute, converted + (size_t)k * tp_dtype_size(compute), numbers->values[k]);
    tp__elementwise_pack(kernel, n_operands, operands, converted, compute, NULL, out);
}
