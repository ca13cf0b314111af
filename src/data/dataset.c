/* Datasets: tensors row by row, other datasets joined or chosen from, and a program's own. */
#include "base/region.h"
#include "base/random.h"
#include "taper/data.h"
#include "taper/ops.h"
#include "tensor/tensor.h"

#include <string.h>

struct tp_dataset {
    const tp_dataset_type *type;
    void *self;
    int n_fields;
};

tp_dataset *tp_dataset_new(const tp_dataset_type *type, void *self)
{
    if (!type || !type->length || !type->item)
        return tp__null_argument("dataset_new: type, length or item"), NULL;
    if (type->n_fields < 1 || type->n_fields > TP_MAX_FIELDS)
        return tp__fail_null(TP_ERROR_ARGUMENT, "dataset_new: %s has %d fields; 1 to %d are possible",
                             type->name, type->n_fields, TP_MAX_FIELDS);
    tp_region *region = tp__region_current();
    tp_dataset *dataset = region ? tp_region_alloc(region, sizeof *dataset) : NULL;
    if (dataset)
        *dataset = (tp_dataset){type, self, type->n_fields};
    return dataset;
}

int64_t tp_dataset_length(const tp_dataset *dataset)
{
    return dataset ? dataset->type->length(dataset->self) : -1;
}

int tp_dataset_fields(const tp_dataset *dataset)
{
    return dataset ? dataset->n_fields : -1;
}

tp_status tp_dataset_item(const tp_dataset *dataset, int64_t index, tp_tensor **fields)
{
    if (!dataset || !fields)
        return tp__null_argument("dataset_item: dataset or fields");
    const int64_t length = tp_dataset_length(dataset);
    if (index < 0 || index >= length)
        return tp_fail(TP_ERROR_INDEX, "dataset_item: index %lld is out of range for %lld items",
                       (long long)index, (long long)length);
    return dataset->type->item(dataset->self, index, fields);
}

/* Items fetched one by one, then stacked field by field. */
static tp_status collate(const tp_dataset *dataset, const int64_t *indices, int64_t count, tp_tensor **fields)
{
    const int n_fields = dataset->n_fields;
    tp_region *region = tp__region_current();
    if (!region || count > INT32_MAX)
        return tp_fail(TP_ERROR_MEMORY, "dataset_batch: %lld items cannot be stacked", (long long)count);
    tp_tensor **items = tp_region_alloc(region, (size_t)(count * n_fields) * sizeof *items);
    if (!items)
        return TP_ERROR_MEMORY;
    for (int64_t i = 0; i < count; i++) {
        tp_tensor *item[TP_MAX_FIELDS] = {0};
        TP__TRY(tp_dataset_item(dataset, indices[i], item));
        for (int f = 0; f < n_fields; f++)
            items[f * count + i] = item[f];
    }
    for (int f = 0; f < n_fields; f++)
        if (!(fields[f] = tp_stack(items + f * count, (int)count, 0)))
            return tp_error();
    return TP_OK;
}

tp_status tp_dataset_batch(const tp_dataset *dataset, const int64_t *indices, int64_t count,
                           tp_tensor **fields)
{
    if (!dataset || !indices || !fields)
        return tp__null_argument("dataset_batch: dataset, indices or fields");
    const bool was = tp_set_grad_enabled(false);
    const tp_status status = dataset->type->batch
                                 ? dataset->type->batch(dataset->self, indices, count, fields)
                                 : collate(dataset, indices, count, fields);
    tp_set_grad_enabled(was);
    return status;
}

/* ---- Rows of tensors ---- */

typedef struct rows {
    int64_t length;
    int n;
    tp_dataset_type type; /* with its own number of fields */
    tp_tensor *tensors[TP_MAX_FIELDS];
} rows;

static int64_t rows_length(void *self)
{
    return ((const rows *)self)->length;
}

static tp_status rows_item(void *self, int64_t index, tp_tensor **fields)
{
    const rows *r = self;
    for (int f = 0; f < r->n; f++) {
        tp_tensor *t = r->tensors[f];
        fields[f] = t->layout == TP__CSR ? tp_select(tp_to_dense(tp_csr_rows(t, &index, 1)), 0, 0)
                                         : tp_detach(tp_select(t, 0, index));
        if (!fields[f])
            return tp_error();
    }
    return TP_OK;
}

/* The rows of a contiguous tensor, copied. */
static tp_tensor *take_rows(tp_tensor *t, const int64_t *indices, int64_t count)
{
    int64_t shape[TP_MAX_DIMS];
    memcpy(shape, t->shape, sizeof shape);
    shape[0] = count;
    tp_tensor *out = tp__tensor_new(tp__region_current(), (tp_dtype)t->dtype, t->ndim, shape);
    if (!out || !out->numel)
        return out;
    const size_t size = tp_dtype_size((tp_dtype)t->dtype) * (size_t)(out->numel / count);
    char *to = out->data;
    if (size == 8) /* labels, mostly: without a call for each */
        for (int64_t i = 0; i < count; i++)
            memcpy(to + i * 8, t->data + indices[i] * 8, 8);
    else if (size == 4)
        for (int64_t i = 0; i < count; i++)
            memcpy(to + i * 4, t->data + indices[i] * 4, 4);
    else
        for (int64_t i = 0; i < count; i++)
            memcpy(to + (size_t)i * size, t->data + (size_t)indices[i] * size, size);
    return out;
}

static tp_status rows_batch(void *self, const int64_t *indices, int64_t count, tp_tensor **fields)
{
    const rows *r = self;
    for (int64_t i = 0; i < count; i++)
        if (indices[i] < 0 || indices[i] >= r->length)
            return tp_fail(TP_ERROR_INDEX, "dataset_batch: index %lld is out of range for %lld items",
                           (long long)indices[i], (long long)r->length);
    for (int f = 0; f < r->n; f++) {
        tp_tensor *t = r->tensors[f];
        fields[f] = t->layout == TP__CSR ? tp_csr_rows(t, indices, count) : take_rows(t, indices, count);
        if (!fields[f])
            return tp_error();
    }
    return TP_OK;
}

tp_dataset *tp_tensor_dataset_n(tp_tensor *const *tensors, int n)
{
    TP_FRAME("tensor_dataset");
    if (!tensors || n < 1 || n > TP_MAX_FIELDS)
        return tp__fail_null(TP_ERROR_ARGUMENT, "takes 1 to %d tensors, not %d", TP_MAX_FIELDS, n);
    tp_region *region = tp__region_current();
    rows *r = region ? tp_region_alloc(region, sizeof *r) : NULL;
    if (!r)
        return NULL;
    for (int f = 0; f < n; f++) {
        if (!tensors[f])
            return tp__null_argument("a tensor"), NULL;
        if (!tensors[f]->ndim)
            return tp__fail_null(TP_ERROR_SHAPE, "tensor %d has no dimensions, so that it has no rows", f);
        if (tensors[f]->shape[0] != tensors[0]->shape[0])
            return tp__fail_null(
                TP_ERROR_SHAPE,
                "Size mismatch between tensors: tensor 0 has %lld rows and tensor %d has %lld",
                (long long)tensors[0]->shape[0], f, (long long)tensors[f]->shape[0]);
        r->tensors[f] = tp_contiguous(tensors[f]);
        if (!r->tensors[f])
            return NULL;
    }
    r->length = tensors[0]->shape[0];
    r->n = n;
    r->type = (tp_dataset_type){"TensorDataset", n, rows_length, rows_item, rows_batch};
    return tp_dataset_new(&r->type, r);
}

tp_dataset *tp_tensor_dataset(tp_tensor *X, tp_tensor *y)
{
    return tp_tensor_dataset_n((tp_tensor *const[]){X, y}, 2);
}

/* ---- Concatenation ---- */

typedef struct concatenation {
    tp_dataset_type type;
    int n;
    tp_dataset **datasets;
    int64_t *ends; /* items up to and with each dataset */
} concatenation;

static int64_t concat_length(void *self)
{
    const concatenation *c = self;
    return c->ends[c->n - 1];
}

static tp_status concat_item(void *self, int64_t index, tp_tensor **fields)
{
    const concatenation *c = self;
    int low = 0, high = c->n - 1;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (index < c->ends[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return tp_dataset_item(c->datasets[low], index - (low ? c->ends[low - 1] : 0), fields);
}

tp_dataset *tp_concat_dataset(tp_dataset *const *datasets, int n)
{
    TP_FRAME("concat_dataset");
    if (!datasets || n < 1)
        return tp__fail_null(TP_ERROR_ARGUMENT, "datasets should not be an empty iterable");
    tp_region *region = tp__region_current();
    concatenation *c = region ? tp_region_alloc(region, sizeof *c) : NULL;
    if (!c || !(c->datasets = tp_region_alloc(region, (size_t)n * sizeof *c->datasets)) ||
        !(c->ends = tp_region_alloc(region, (size_t)n * sizeof *c->ends)))
        return NULL;
    int64_t total = 0;
    for (int i = 0; i < n; i++) {
        if (!datasets[i])
            return tp__null_argument("a dataset"), NULL;
        if (datasets[i]->n_fields != datasets[0]->n_fields)
            return tp__fail_null(TP_ERROR_ARGUMENT, "dataset 0 has %d fields and dataset %d has %d",
                                 datasets[0]->n_fields, i, datasets[i]->n_fields);
        c->datasets[i] = datasets[i];
        c->ends[i] = total += tp_dataset_length(datasets[i]);
    }
    c->n = n;
    c->type = (tp_dataset_type){"ConcatDataset", datasets[0]->n_fields, concat_length, concat_item, NULL};
    return tp_dataset_new(&c->type, c);
}

/* ---- Subsets ---- */

typedef struct subset {
    tp_dataset_type type;
    tp_dataset *of;
    int64_t count;
    int64_t *indices;
} subset;

static int64_t subset_length(void *self)
{
    return ((const subset *)self)->count;
}

static tp_status subset_item(void *self, int64_t index, tp_tensor **fields)
{
    const subset *s = self;
    return tp_dataset_item(s->of, s->indices[index], fields);
}

static tp_status subset_batch(void *self, const int64_t *indices, int64_t count, tp_tensor **fields)
{
    const subset *s = self;
    tp_region *region = tp__region_current();
    int64_t *mapped = region ? tp_region_alloc(region, (size_t)count * sizeof *mapped) : NULL;
    if (!mapped)
        return TP_ERROR_MEMORY;
    for (int64_t i = 0; i < count; i++) {
        if (indices[i] < 0 || indices[i] >= s->count)
            return tp_fail(TP_ERROR_INDEX, "dataset_batch: index %lld is out of range for %lld items",
                           (long long)indices[i], (long long)s->count);
        mapped[i] = s->indices[indices[i]];
    }
    return tp_dataset_batch(s->of, mapped, count, fields);
}

tp_dataset *tp_subset(tp_dataset *dataset, const int64_t *indices, int64_t count)
{
    TP_FRAME("subset");
    if (!dataset || (count && !indices))
        return tp__null_argument("dataset or indices"), NULL;
    if (count < 0)
        return tp__fail_null(TP_ERROR_ARGUMENT, "%lld items cannot be", (long long)count);
    tp_region *region = tp__region_current();
    subset *s = region ? tp_region_alloc(region, sizeof *s) : NULL;
    if (!s || !(s->indices = tp_region_alloc(region, (size_t)count * sizeof *s->indices)))
        return NULL;
    const int64_t length = tp_dataset_length(dataset);
    for (int64_t i = 0; i < count; i++) {
        if (indices[i] < 0 || indices[i] >= length)
            return tp__fail_null(TP_ERROR_INDEX, "index %lld at place %lld is out of range for %lld items",
                                 (long long)indices[i], (long long)i, (long long)length);
        s->indices[i] = indices[i];
    }
    s->of = dataset;
    s->count = count;
    s->type = (tp_dataset_type){"Subset", dataset->n_fields, subset_length, subset_item, subset_batch};
    return tp_dataset_new(&s->type, s);
}

tp_status tp_random_split(tp_dataset *dataset, const int64_t *lengths, int n, tp_generator *generator,
                          tp_dataset **subsets)
{
    TP_FRAME("random_split");
    if (!dataset || !lengths || !subsets || n < 1)
        return tp__null_argument("dataset, lengths or subsets");
    const int64_t length = tp_dataset_length(dataset);
    int64_t total = 0;
    for (int i = 0; i < n; i++) {
        subsets[i] = NULL;
        if (lengths[i] < 0 || __builtin_add_overflow(total, lengths[i], &total))
            return tp_fail(TP_ERROR_ARGUMENT, "length %d is %lld", i, (long long)lengths[i]);
    }
    if (total != length)
        return tp_fail(TP_ERROR_ARGUMENT,
                       "Sum of input lengths (%lld) does not equal the length of the input dataset (%lld)",
                       (long long)total, (long long)length);
    tp_region *outside = tp_region_current();
    TP_SCOPE(permutation);
    if (!tp_scope_permutation_.region) /* memory was out: the current region is still the one outside */
        return TP_ERROR_MEMORY;
    int64_t *order = tp_region_alloc(tp_region_current(), (size_t)length * sizeof *order);
    if (!order)
        return TP_ERROR_MEMORY;
    tp__fill_randperm(generator, order, length);
    int64_t at = 0;
    for (int i = 0; i < n; i++) {
        tp__ctx.region = outside;
        subsets[i] = tp_subset(dataset, order + at, lengths[i]);
        tp__ctx.region = tp_scope_permutation_.region;
        if (!subsets[i])
            return tp_error();
        at += lengths[i];
    }
    return TP_OK;
}
