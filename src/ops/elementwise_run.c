/* Elementwise kernels want contiguous arrays of one type. Operands that are not so are packed, a block at a
 * time, into buffers that stay in the first-level cache. */
#include "base/threads.h"
#include "ops/elementwise.h"

/* Elements packed at a time. */
#define BLOCK 512

typedef enum form { ABSENT, WHOLE, CONSTANT, PACKED } form;

typedef struct operand {
    form form;
    const char *data;
    tp_dtype from, to;
    size_t size, to_size;
    int64_t strides[TP_MAX_DIMS]; /* in elements of `from`, 0 where broadcast */
} operand;

typedef struct elementwise_job {
    tp__elementwise_kernel kernel;
    const tp__elementwise_table *table;
    int n_operands, ndim;
    int64_t shape[TP_MAX_DIMS];
    operand operands[TP__OPERAND_NUMBERS];
    char *out;
    size_t out_size;
    const void *numbers;
    int64_t numel;
    bool whole; /* no operand needs packing */
} elementwise_job;

/* Packs elements begin to begin + n - 1 of the broadcast operand. */
static void pack(const elementwise_job *job, const operand *o, int64_t begin, int64_t n, char *buffer)
{
    const tp__convert_kernel convert = job->table->convert[o->from][o->to];
    const int last = job->ndim - 1;
    int64_t index[TP_MAX_DIMS], rest = begin, offset = 0;
    for (int d = last; d >= 0; d--) {
        index[d] = rest % job->shape[d];
        rest /= job->shape[d];
        offset += index[d] * o->strides[d];
    }
    while (n) {
        int64_t run = job->shape[last] - index[last];
        if (run > n)
            run = n;
        convert(run, o->data + offset * (int64_t)o->size, o->strides[last], buffer);
        buffer += (size_t)run * o->to_size;
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

static void run_piece(void *context, int64_t piece)
{
    const elementwise_job *job = context;
    const void *pointers[TP__MAX_OPERANDS] = {0};
    _Alignas(64) char buffers[TP__OPERAND_NUMBERS][BLOCK * 8];
    pointers[TP__OPERAND_NUMBERS] = job->numbers;
    int64_t begin = piece * TP__ELEMENTWISE_PIECE, end = begin + TP__ELEMENTWISE_PIECE;
    if (end > job->numel)
        end = job->numel;
    const int64_t step = job->whole ? end - begin : BLOCK;
    for (int k = 0; k < job->n_operands; k++) {
        const operand *o = &job->operands[k];
        if (o->form != CONSTANT)
            continue;
        job->table->convert[o->from][o->to](end - begin < BLOCK ? end - begin : BLOCK, o->data, 0,
                                            buffers[k]);
        pointers[k] = buffers[k];
    }
    for (; begin < end; begin += step) {
        const int64_t n = end - begin < step ? end - begin : step;
        for (int k = 0; k < job->n_operands; k++) {
            const operand *o = &job->operands[k];
            if (o->form == WHOLE) {
                pointers[k] = o->data + (size_t)begin * o->size;
            } else if (o->form == PACKED) {
                pack(job, o, begin, n, buffers[k]);
                pointers[k] = buffers[k];
            }
        }
        job->kernel(n, pointers, job->out + (size_t)begin * job->out_size);
    }
}

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

static void set_operand(elementwise_job *job, operand *o, const tp_tensor *t, tp_dtype to,
                        const tp_tensor *out)
{
    o->form = ABSENT;
    if (!t)
        return;
    o->data = t->data;
    o->from = (tp_dtype)t->dtype;
    o->to = to;
    o->size = tp_dtype_size(o->from);
    o->to_size = tp_dtype_size(to);
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
    job.out_size = tp_dtype_size((tp_dtype)out->dtype);
    job.numbers = numbers;
    job.numel = out->numel;
    job.whole = true;
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
    }
    if (job.numel <= TP__ELEMENTWISE_PIECE)
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

static int category(tp_dtype dtype)
{
    return dtype == TP_BOOL ? 0 : dtype < TP_F32 ? 1 : 2;
}

tp_dtype tp__result_type(int n, tp_tensor *const *inputs)
{
    int types[3] = {-1, -1, -1}; /* with dimensions, without, numbers */
    for (int i = 0; i < n; i++) {
        if (!inputs[i])
            continue;
        int *type = &types[inputs[i]->number ? 2 : inputs[i]->ndim ? 0 : 1];
        *type =
            *type < 0 ? inputs[i]->dtype : (int)tp_promote_types((tp_dtype)*type, (tp_dtype)inputs[i]->dtype);
    }
    int result = types[0];
    if (types[1] >= 0 && (result < 0 || category((tp_dtype)types[1]) > category((tp_dtype)result)))
        result = types[1];
    if (types[2] >= 0 && (result < 0 || category((tp_dtype)types[2]) > category((tp_dtype)result)))
        result = types[2] == TP_F64 ? TP_F32 : types[2];
    return result < 0 ? TP_F32 : (tp_dtype)result;
}

tp_status tp__broadcast(int n, tp_tensor *const *inputs, tp_result *result)
{
    int ndim = 0;
    result->view = false;
    if (n == 2 && inputs[0]->ndim == inputs[1]->ndim) {
        const tp_tensor *a = inputs[0], *b = inputs[1];
        int d = 0;
        while (d < a->ndim && a->shape[d] == b->shape[d]) {
            result->shape[d] = a->shape[d];
            d++;
        }
        result->ndim = d;
        if (d == a->ndim)
            return TP_OK;
    }
    for (int i = 0; i < n; i++)
        if (inputs[i] && inputs[i]->ndim > ndim)
            ndim = inputs[i]->ndim;
    result->ndim = ndim;
    for (int d = 0; d < ndim; d++) {
        int64_t size = 1;
        for (int i = 0; i < n; i++) {
            if (!inputs[i])
                continue;
            const int own = d - (ndim - inputs[i]->ndim);
            const int64_t own_size = own < 0 ? 1 : inputs[i]->shape[own];
            if (own_size == 1 || own_size == size)
                continue;
            if (size != 1) {
                char a[TP__SHAPE_TEXT_SIZE], b[TP__SHAPE_TEXT_SIZE];
                int first = 0;
                for (; first < i; first++) {
                    const int there = d - (ndim - inputs[first]->ndim);
                    if (there >= 0 && inputs[first]->shape[there] == size)
                        break;
                }
                return tp_fail(TP_ERROR_SHAPE,
                               "%s and %s do not broadcast (dimension %d: %lld against %lld; the size of "
                               "tensor a (%lld) "
                               "must match the size of tensor b (%lld) at non-singleton dimension %d)",
                               tp__shape_text(a, sizeof a, inputs[first]->ndim, inputs[first]->shape),
                               tp__shape_text(b, sizeof b, inputs[i]->ndim, inputs[i]->shape), d,
                               (long long)size, (long long)own_size, (long long)size, (long long)own_size, d);
            }
            size = own_size;
        }
        result->shape[d] = size;
    }
    return TP_OK;
}
