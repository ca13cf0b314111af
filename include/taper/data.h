/* Datasets and loaders: torch.utils.data in C, with PyTorch's order from the same seed. */
#ifndef TAPER_DATA_H
#define TAPER_DATA_H

#include "taper/tensor.h"

TP_BEGIN

/* The most tensors that one item of a dataset has. */
#define TP_MAX_FIELDS 8

/* ---- Datasets ---- */

typedef struct tp_dataset tp_dataset;

/* What a dataset can do; a program's own ones fill it in. Calls may come from several threads at once, so
 * that they must not change `self`. Tensors are made in the current region. */
typedef struct tp_dataset_type {
    const char *name;
    int n_fields; /* tensors of an item, 1 to TP_MAX_FIELDS; by custom the first is X and the second y */
    int64_t (*length)(void *self);
    /* Item `index`, from 0 to length - 1, into fields[0 .. n_fields - 1]. */
    tp_status (*item)(void *self, int64_t index, tp_tensor **fields);
    /* The items indices[0 .. count - 1] as one batch. NULL: items are fetched one by one and stacked. */
    tp_status (*batch)(void *self, const int64_t *indices, int64_t count, tp_tensor **fields);
} tp_dataset_type;

/* A dataset of a program's own, in the current region; `type` and `self` must outlive it. */
TP_API tp_dataset *tp_dataset_new(const tp_dataset_type *type, void *self);

/* Rows of tensors that have the same first size: torch.utils.data.TensorDataset. A CSR matrix gives CSR
 * batches, and single rows as dense vectors. The tensors are not copied and must outlive the dataset. */
TP_API tp_dataset *tp_tensor_dataset_n(tp_tensor *const *tensors, int n);
/* The same with two fields, X and y. */
TP_API tp_dataset *tp_tensor_dataset(tp_tensor *X, tp_tensor *y);

/* One dataset behind the other; they have the same number of fields. ConcatDataset. */
TP_API tp_dataset *tp_concat_dataset(tp_dataset *const *datasets, int n);

/* The items at `indices` (copied), which are checked: TP_ERROR_INDEX. Subset. */
TP_API tp_dataset *tp_subset(tp_dataset *dataset, const int64_t *indices, int64_t count);

/* Subsets of `lengths[i]` items by a random permutation, as random_split: the lengths add up to the
 * dataset's. `generator` NULL: the default one. */
TP_API tp_status tp_random_split(tp_dataset *dataset, const int64_t *lengths, int n, tp_generator *generator,
                                 tp_dataset **subsets);

/* -1, or NULL, for NULL. */
TP_API int64_t tp_dataset_length(const tp_dataset *dataset);
TP_API int tp_dataset_fields(const tp_dataset *dataset);
/* One item, or a batch, in the current region. */
TP_API tp_status tp_dataset_item(const tp_dataset *dataset, int64_t index, tp_tensor **fields);
TP_API tp_status tp_dataset_batch(const tp_dataset *dataset, const int64_t *indices, int64_t count,
                                  tp_tensor **fields);

/* ---- Samplers: the order of an epoch ---- */

/* Fills `indices[0 .. count - 1]` for one epoch. `generator` is the loader's, or NULL for the default one. */
typedef struct tp_sampler {
    int64_t count; /* indices of an epoch */
    tp_status (*fill)(const struct tp_sampler *sampler, tp_generator *generator, int64_t *indices);
    const void *argument;
} tp_sampler;

/* `count` draws from 0 to n - 1 with replacement: RandomSampler(replacement=True). In the current region. */
TP_API const tp_sampler *tp_random_sampler(int64_t n, int64_t count);
/* `indices` (copied) in random order: SubsetRandomSampler. */
TP_API const tp_sampler *tp_subset_random_sampler(const int64_t *indices, int64_t count);

/* `count` draws from 0 to n - 1, item i with a probability in proportion to weights[i] (copied, not negative,
 * finite, not all 0): WeightedRandomSampler. With replacement and count of 2 or more the draws are PyTorch's.
 * Without replacement count is at most the number of weights above 0; items are then those with the largest w
 * / e of exponential draws e, as in PyTorch, which draws its e by another library. */
TP_API const tp_sampler *tp_weighted_random_sampler(const double *weights, int64_t n, int64_t count,
                                                    bool replacement);

/* Every item once, in a random order in which each class is spread evenly: of a class of n items, item i
 * stands (i + 1/2) / n of the way through the epoch, so that each batch has its share of each class, and only
 * which item of the class it is is drawn. `labels` are whole numbers [items] of any dtype. */
TP_API const tp_sampler *tp_stratified_sampler(const tp_tensor *labels);

/* ---- The loader ---- */

/* A batch belongs to its loader until the next call. */
typedef struct tp_batch {
    tp_tensor *X, *y; /* the first two fields; y is NULL if there is one field */
    tp_tensor *fields[TP_MAX_FIELDS];
    int n_fields;
    int64_t size;           /* items */
    const int64_t *indices; /* their places in the dataset */
} tp_batch;

typedef struct tp_loader tp_loader;

typedef struct tp_loader_options {
#ifdef __cplusplus
    tp_dataset *dataset = nullptr;
    int64_t batch_size = 1;
    bool shuffle = false;
    bool drop_last = false;
    const tp_sampler *sampler = nullptr;
    tp_generator *generator = nullptr;
    int num_workers = 0;
    int prefetch_factor = 2;
#else
    tp_dataset *dataset;
    int64_t batch_size; /* 1 */
    bool shuffle;       /* a new random order each epoch; not together with a sampler */
    bool drop_last;     /* without the last batch if it is short */
    const tp_sampler *sampler;
    tp_generator *generator; /* for the order; NULL: the default one, used as PyTorch does */
    int num_workers;         /* threads that prepare batches ahead; the order does not depend on them */
    int prefetch_factor;     /* batches ahead for each of them; 2 */
#endif
} tp_loader_options;

/* A loader in the current region; its dataset, sampler and generator must outlive it.
 * Random numbers are drawn as PyTorch's DataLoader does: at the start of each epoch a base seed (always),
 * then for shuffle without a generator the seed of a private one. */
TP_API tp_loader *tp_loader_with(const tp_loader_options *options);
#ifndef __cplusplus
/* tp_loader_new(dataset, .batch_size = 16, .shuffle = true) */
#define tp_loader_new(...)                                                                                 \
    TP_WITH_OPTIONS(tp_loader *, tp_loader_with, tp_loader_options, .batch_size = 1, .prefetch_factor = 2, \
                    .dataset = __VA_ARGS__)
#endif

/* The next batch: TP_OK and *batch; TP_END once after the last batch of an epoch (the next call begins
 * another); or an error, after which the epoch is over. */
TP_API tp_status tp_loader_next(tp_loader *loader, tp_batch **batch);

/* Leaves the running epoch; the next call begins another. Like `break` out of a loop over a DataLoader. */
TP_API void tp_loader_reset(tp_loader *loader);

/* Batches of an epoch. -1 for NULL. */
TP_API int64_t tp_loader_length(const tp_loader *loader);
TP_API int64_t tp_loader_batch_size(const tp_loader *loader);
TP_API tp_dataset *tp_loader_dataset(const tp_loader *loader);

/* Starts an epoch whose order is that of an earlier one, at batch `batch`: for resuming. `seed` is the
 * private generator's seed that tp_loader_epoch_seed gave in that epoch (shuffle without a generator and
 * without a sampler; otherwise the sampler is asked again). Draws nothing from the default generator. */
TP_API tp_status tp_loader_resume(tp_loader *loader, int64_t seed, int64_t batch);
TP_API int64_t tp_loader_epoch_seed(const tp_loader *loader);

TP_CLOSE

#ifdef __cplusplus
static inline tp_loader *tp_loader_new(tp_dataset *dataset, tp_loader_options options = {})
{
    options.dataset = dataset;
    return tp_loader_with(&options);
}
#endif

#endif
