/* Datasets and loaders: PyTorch's order, the same with any number of workers, and errors that arrive. */
#include "test.h"

#include "base/memory.h"
#include "base/random.h"
#include "taper/data.h"
#include "taper/ops.h"

#include <unistd.h>

typedef struct golden {
    const char *kind;
    int64_t n, batch;
    bool drop_last;
    uint64_t seed;
    int epochs, breaks;
    const char *batches;
    int64_t word, own_word;
} golden;

static const golden orders[] = {
#include "golden/loader.h"
};

static char text[65536];
static size_t written;

static void add(const char *piece)
{
    const size_t n = strlen(piece);
    if (written + n < sizeof text) {
        memcpy(text + written, piece, n + 1);
        written += n;
    }
}

/* One epoch as text; `breaks` other than 0 leaves after as many batches. */
static tp_status show(tp_loader *loader, int breaks)
{
    tp_batch *batch;
    tp_status status;
    int n = 0;
    while ((status = tp_loader_next(loader, &batch)) == TP_OK) {
        if (n++)
            add("|");
        CHECK(tp_size(batch->X, 0) == batch->size && batch->n_fields == 2);
        for (int64_t i = 0; i < batch->size; i++) {
            char number[32];
            snprintf(number, sizeof number, i ? ",%lld" : "%lld", (long long)tp_at(batch->X, i));
            add(number);
            if (tp_at(batch->y, i) != 10 * tp_at(batch->X, i))
                test_failures++;
        }
        if (n == breaks) {
            tp_loader_reset(loader);
            break;
        }
    }
    return status;
}

static tp_dataset *numbers(int64_t n)
{
    tp_tensor *x = tp_arange(TP_I64, 0, (double)n, 1);
    return tp_tensor_dataset(x, tp_mul(x, 10));
}

static bool same_order(const golden *g, int workers, int shift)
{
    TP_SCOPE(order);
    tp_manual_seed(g->seed);
    tp_generator *own = tp_generator_new();
    tp_generator_seed(own, g->seed + 1);
    tp_dataset *dataset = numbers(g->n), *parts[2] = {NULL, NULL};
    tp_loader_options options = {
        .batch_size = g->batch, .drop_last = g->drop_last, .num_workers = workers, .prefetch_factor = 2};
    const bool is_own = strstr(g->kind, "own") != NULL;
    if (!strcmp(g->kind, "shuffle") || !strcmp(g->kind, "break") || !strncmp(g->kind, "own", 3)) {
        options.shuffle = true;
        options.generator = is_own ? own : NULL;
    } else if (!strncmp(g->kind, "random", 6)) {
        options.sampler = tp_random_sampler(g->n, g->n + 3);
        options.generator = is_own ? own : NULL;
    } else if (!strncmp(g->kind, "subset", 6)) {
        int64_t odd[64];
        for (int64_t i = 0; i < g->n / 2; i++)
            odd[i] = 2 * i + 1;
        options.sampler = tp_subset_random_sampler(odd, g->n / 2);
        options.generator = is_own ? own : NULL;
    }
    written = 0;
    text[0] = 0;
    if (!strncmp(g->kind, "split", 5)) {
        const int64_t lengths[] = {g->n / 2, g->n - g->n / 2};
        CHECK(tp_random_split(dataset, lengths, 2, is_own ? own : NULL, parts) == TP_OK);
        options.shuffle = true;
        for (int i = 0; i < 2; i++) {
            options.dataset = parts[i];
            add(i ? "/" : "");
            CHECK(show(tp_loader_with(&options), 0) == TP_END);
        }
    } else {
        options.dataset = dataset;
        if (!strcmp(g->kind, "concat")) {
            tp_dataset *joined[] = {tp_subset(dataset, (const int64_t[]){3, 1, 2}, 3), dataset,
                                    tp_subset(dataset, (const int64_t[]){0}, 1)};
            options.dataset = tp_concat_dataset(joined, 3);
            options.shuffle = true;
        }
        tp_loader *loader = tp_loader_with(&options);
        for (int e = 0; e < g->epochs; e++) {
            add(e ? "/" : "");
            CHECK(show(loader, g->breaks) == (g->breaks ? TP_OK : TP_END));
        }
    }
    for (int i = 0; i < shift; i++) /* sabotage: the stream stands elsewhere */
        tp_random_i64(NULL);
    CHECK_OK();
    return !strcmp(text, g->batches) && tp_random_i64(NULL) == g->word && tp_random_i64(own) == g->own_word;
}

static void golden_orders(void)
{
    int same = 0, noticed = 0;
    const int n = (int)(sizeof orders / sizeof orders[0]);
    for (int i = 0; i < n; i++) {
        const bool ok =
            same_order(&orders[i], 0, 0) && same_order(&orders[i], 1, 0) && same_order(&orders[i], 5, 0);
        if (!ok)
            printf("%s n=%lld batch=%lld drop=%d seed=%llu:\n%s\nnot\n%s\n", orders[i].kind,
                   (long long)orders[i].n, (long long)orders[i].batch, orders[i].drop_last,
                   (unsigned long long)orders[i].seed, text, orders[i].batches);
        same += ok;
        golden other = orders[i];
        other.seed++;
        noticed += !same_order(&other, 0, 0) && !same_order(&orders[i], 0, 1);
    }
    printf("%d of %d orders are PyTorch's; %d of %d changes were noticed\n", same, n, noticed, n);
    CHECK(same == n && noticed == n);
}

/* ---- A dataset of a program's own, without a batch function ---- */

typedef struct squares {
    int64_t n, bad; /* the item that fails; -1: none */
    int mode;       /* of failing: 0 with a sentence, 1 without, 2 other shapes */
} squares;

static int64_t squares_length(void *self)
{
    return ((const squares *)self)->n;
}

static tp_status squares_item(void *self, int64_t index, tp_tensor **fields)
{
    const squares *s = self;
    if (index % 7 == 0)
        usleep(200); /* so that workers overtake each other */
    if (index == s->bad && s->mode == 0)
        return tp_fail(TP_ERROR_IO, "row %lld cannot be read", (long long)index);
    if (index == s->bad && s->mode == 1)
        return TP_ERROR_IO;
    fields[0] = tp_full(TP_F32, (double)(index * index), 2, s->mode == 2 && index == s->bad ? 3 : 2);
    fields[1] = tp_scalar(TP_F32, (double)index);
    fields[2] = tp_scalar_i64(index);
    return fields[0] && fields[1] && fields[2] ? TP_OK : tp_error();
}

static const tp_dataset_type squares_type = {"Squares", 3, squares_length, squares_item, NULL};

static void own_dataset(void)
{
    for (int workers = 0; workers < 4; workers++) {
        TP_SCOPE(own);
        squares s = {50, -1, 0};
        tp_dataset *dataset = tp_dataset_new(&squares_type, &s);
        tp_loader *loader = tp_loader_new(dataset, .batch_size = 8, .num_workers = workers);
        CHECK(tp_loader_length(loader) == 7 && tp_loader_batch_size(loader) == 8 &&
              tp_dataset_length(dataset) == 50);
        CHECK(tp_loader_dataset(loader) == dataset && tp_dataset_fields(dataset) == 3);
        tp_batch *batch;
        for (int epoch = 0; epoch < 3; epoch++) {
            int64_t seen = 0;
            tp_status status;
            while ((status = tp_loader_next(loader, &batch)) == TP_OK) {
                CHECK(tp_ndim(batch->X) == 3 && tp_size(batch->X, 0) == batch->size &&
                      tp_ndim(batch->y) == 1);
                CHECK(tp_dtype_of(batch->fields[2]) == TP_I64);
                for (int64_t i = 0; i < batch->size; i++, seen++)
                    CHECK(batch->indices[i] == seen && tp_at(batch->fields[2], i) == (double)seen &&
                          tp_at(batch->X, i, 1, 1) == (double)(seen * seen));
            }
            CHECK(status == TP_END && seen == 50 && !batch);
        }
        /* An error in the third batch, by whoever prepares it. */
        for (s.mode = 0; s.mode < 3; s.mode++) {
            s.bad = 20;
            CHECK(tp_loader_next(loader, &batch) == TP_OK && tp_loader_next(loader, &batch) == TP_OK);
            const tp_status status = tp_loader_next(loader, &batch);
            CHECK(status == (s.mode == 2 ? TP_ERROR_SHAPE : TP_ERROR_IO) && !batch);
            if (s.mode == 0)
                CHECK_ERROR(TP_ERROR_IO, "row 20 cannot be read");
            if (s.mode == 1)
                CHECK_ERROR(TP_ERROR_IO, "");
            if (s.mode == 2)
                CHECK_ERROR(TP_ERROR_SHAPE,
                            "expects each tensor to be equal size, but got [2, 2] at entry 0 and [2, 3] "
                            "at entry 4");
            s.bad = -1;
            /* The epoch is over; the next one is whole. */
            CHECK(tp_loader_next(loader, &batch) == TP_OK && batch->indices[0] == 0);
            tp_loader_reset(loader);
        }
        s.mode = 0;
        tp_tensor *fields[TP_MAX_FIELDS];
        CHECK(tp_dataset_item(dataset, 50, fields) == TP_ERROR_INDEX);
        CHECK_ERROR(TP_ERROR_INDEX, "index 50 is out of range for 50 items");
        CHECK(tp_dataset_item(dataset, 3, fields) == TP_OK && tp_item_i64(fields[2]) == 3);
        CHECK_OK();
    }
}

/* Leaving early, starting again, and ending a loader whose workers run. */
static void leaving(void)
{
    for (int workers = 0; workers < 6; workers++) {
        for (int taken = 0; taken < 9; taken++) {
            TP_SCOPE(leaving);
            squares s = {60, -1, 0};
            tp_loader *loader = tp_loader_new(tp_dataset_new(&squares_type, &s), .batch_size = 7,
                                              .num_workers = workers, .prefetch_factor = 1 + taken % 3);
            tp_batch *batch;
            for (int i = 0; i < taken; i++)
                CHECK(tp_loader_next(loader, &batch) == TP_OK);
            if (taken % 2)
                tp_loader_reset(loader);
            if (taken % 3 == 0)
                CHECK(tp_loader_next(loader, &batch) == TP_OK &&
                      batch->indices[0] == (taken % 2 ? 0 : taken * 7));
        }
    }
    CHECK_OK();
}

static void resuming(void)
{
    for (int workers = 0; workers < 3; workers++) {
        TP_SCOPE(resuming);
        tp_manual_seed(9);
        tp_loader *loader =
            tp_loader_new(numbers(20), .batch_size = 3, .shuffle = true, .num_workers = workers);
        tp_batch *batch;
        double fifth = -1;
        for (int i = 0; i < 5; i++)
            CHECK(tp_loader_next(loader, &batch) == TP_OK);
        fifth = tp_at(batch->X, 2);
        const int64_t seed = tp_loader_epoch_seed(loader);
        tp_loader_reset(loader);
        CHECK(tp_loader_resume(loader, seed, 4) == TP_OK);
        CHECK(tp_loader_next(loader, &batch) == TP_OK && tp_at(batch->X, 2) == fifth);
        CHECK(tp_loader_next(loader, &batch) == TP_OK && tp_loader_next(loader, &batch) == TP_OK &&
              batch->size == 2 && tp_loader_next(loader, &batch) == TP_END);
        CHECK(tp_loader_resume(loader, seed, 8) == TP_ERROR_INDEX);
        CHECK_ERROR(TP_ERROR_INDEX, "batch 8 is out of range for 7 batches");
        CHECK_OK();
    }
}

static void refusals(void)
{
    TP_SCOPE(refusals);
    tp_dataset *d = numbers(4);
    tp_batch *batch;
    CHECK(!tp_loader_new(NULL) && tp_loader_next(NULL, &batch) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "dataset is NULL");
    CHECK(!tp_loader_new(d, .batch_size = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "batch_size should be a positive integer value, but got batch_size=0");
    CHECK(!tp_loader_new(d, .shuffle = true, .sampler = tp_random_sampler(4, 4)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "mutually exclusive");
    CHECK(!tp_loader_new(d, .num_workers = -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "num_workers");
    CHECK(!tp_tensor_dataset(tp_zeros(TP_F32, 3), tp_zeros(TP_F32, 4)));
    CHECK_ERROR(TP_ERROR_SHAPE, "Size mismatch between tensors");
    CHECK(!tp_tensor_dataset(tp_scalar(TP_F32, 3), tp_zeros(TP_F32, 4)));
    CHECK_ERROR(TP_ERROR_SHAPE, "no dimensions");
    CHECK(!tp_subset(d, (const int64_t[]){1, 4}, 2));
    CHECK_ERROR(TP_ERROR_INDEX, "index 4 at place 1 is out of range for 4 items");
    tp_dataset *parts[2];
    CHECK(tp_random_split(d, (const int64_t[]){1, 2}, 2, NULL, parts) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT,
                "Sum of input lengths (3) does not equal the length of the input dataset (4)");
    tp_tensor *fields[TP_MAX_FIELDS];
    CHECK(tp_dataset_batch(d, (const int64_t[]){1, 9}, 2, fields) == TP_ERROR_INDEX);
    CHECK_ERROR(TP_ERROR_INDEX, "index 9 is out of range for 4 items");
    CHECK(tp_dataset_length(NULL) == -1 && tp_loader_length(NULL) == -1);
    tp_loader_reset(NULL);
    /* Nothing to load is an epoch of no batches. */
    for (int workers = 0; workers < 2; workers++) {
        tp_loader *none = tp_loader_new(tp_subset(d, NULL, 0), .shuffle = true, .num_workers = workers);
        CHECK(tp_loader_length(none) == 0 && tp_loader_next(none, &batch) == TP_END);
        CHECK(tp_loader_next(none, &batch) == TP_END);
    }
    CHECK_OK();
}

/* CSR rows through subsets and concatenations; a batch stays valid until the next call. */
/* Every batch of a stratified order has its share of each class, and every item comes once. */
static void stratified(void)
{
    TP_SCOPE(stratified);
    enum { N = 60 };
    tp_tensor *labels = tp_zeros(TP_F32, N), *order[3];
    for (int64_t i = 0; i < N; i++) /* 6 of class 7, 24 of class -1, 30 of class 2, mixed */
        tp_data_f32(labels)[(i * 7) % N] = i < 6 ? 7 : i < 30 ? -1 : 2;
    const tp_sampler *sampler = tp_stratified_sampler(labels);
    tp_loader *loader = tp_loader_new(numbers(N), .batch_size = 10, .sampler = sampler);
    for (int epoch = 0; epoch < 3; epoch++) {
        tp_manual_seed(epoch < 2 ? 5 : 6);
        order[epoch] = tp_zeros(TP_I64, N);
        int64_t seen[N] = {0}, n = 0;
        tp_batch *batch;
        while (tp_loader_next(loader, &batch) == TP_OK) {
            int counts[3] = {0};
            for (int64_t i = 0; i < batch->size; i++) {
                const int64_t item = tp_data_i64(batch->X)[i];
                const float label = tp_data_f32(labels)[item];
                counts[label > 2 ? 0 : label < 0 ? 1 : 2]++;
                seen[item]++;
                tp_data_i64(order[epoch])[n++] = item;
            }
            CHECK(counts[0] == 1 && counts[1] == 4 && counts[2] == 5);
        }
        CHECK(n == N);
        for (int i = 0; i < N; i++)
            CHECK(seen[i] == 1);
    }
    CHECK(tp_equal(order[0], order[1]) && !tp_equal(order[0], order[2]));
    CHECK(!tp_stratified_sampler(tp_from_text(TP_F32, "[1, 0.5]")));
    CHECK_ERROR(TP_ERROR_VALUE, "stratified_sampler: label 1 is 0.5, which is no whole number");
    CHECK(!tp_stratified_sampler(tp_zeros(TP_I64, 2, 2)));
    CHECK_ERROR(TP_ERROR_SHAPE, "the labels must be a vector");
    CHECK_OK();
}

static void sparse(void)
{
    for (int workers = 0; workers < 3; workers += 2) {
        TP_SCOPE(sparse);
        tp_tensor *X = tp_reshape(tp_arange(TP_F32, 0, 60, 1), 12, 5), *y = tp_arange(TP_F32, 0, 12, 1);
        tp_dataset *d = tp_tensor_dataset(tp_to_csr(X), y);
        tp_dataset *half = tp_subset(d, (const int64_t[]){11, 3, 5, 7, 9}, 5);
        tp_loader *loader = tp_loader_new(half, .batch_size = 2, .num_workers = workers);
        tp_batch *batch;
        CHECK(tp_loader_next(loader, &batch) == TP_OK && tp_is_sparse(batch->X));
        CHECK(tp_at(batch->X, 0, 4) == 59 && tp_at(batch->X, 1, 0) == 15);
        CHECK(batch->indices[1] == 1 && tp_at(batch->y, 1) == 3);
        tp_tensor *fields[TP_MAX_FIELDS];
        CHECK(tp_dataset_item(half, 4, fields) == TP_OK && tp_ndim(fields[0]) == 1 &&
              tp_at(fields[0], 1) == 46);
        /* A field that requires a gradient does not make batches that do. */
        tp_requires_grad_(y, true);
        CHECK(tp_loader_next(loader, &batch) == TP_OK && !tp_requires_grad(batch->y));
        CHECK_OK();
    }
}

/* Any number of epochs, in constant memory. */
static void steady(void)
{
    for (int workers = 0; workers < 3; workers += 2) {
        TP_SCOPE(steady);
        tp_tensor *X = tp_randn(TP_F32, 400, 300);
        tp_loader *loader = tp_loader_new(tp_tensor_dataset(X, tp_zeros(TP_F32, 400)), .batch_size = 20,
                                          .shuffle = true, .num_workers = workers);
        tp_batch *batch;
        size_t used = 0;
        for (int epoch = 0; epoch < 60; epoch++) {
            while (tp_loader_next(loader, &batch) == TP_OK) {
                TP_SCOPE(step);
                CHECK(isfinite(tp_item(tp_sum(batch->X))));
            }
            if (epoch == 9)
                used = tp_memory_used();
        }
        CHECK(tp_memory_used() <= used + 20 * 300 * 4 * 3);
        CHECK_OK();
    }
}

/* Each allocation fails in turn: an error, never a crash or a hang, and the loader works afterwards. */
static void without_memory(void)
{
    for (int workers = 0; workers < 3; workers += 2) {
        for (int64_t k = 0; k < 60; k++) {
            TP_SCOPE(attempt);
            tp_dataset *d = numbers(40);
            tp__memory_fail_after(k);
            tp_loader *loader = tp_loader_new(d, .batch_size = 7, .shuffle = true, .num_workers = workers);
            tp_batch *batch;
            tp_status status = loader ? TP_OK : tp_error();
            while (status == TP_OK)
                status = tp_loader_next(loader, &batch);
            tp__memory_fail_after(-1);
            CHECK(status == TP_END || status == TP_ERROR_MEMORY);
            if (status == TP_ERROR_MEMORY)
                CHECK(tp_error() == TP_ERROR_MEMORY);
            tp_clear_error();
            int n = 0;
            while (loader && tp_loader_next(loader, &batch) == TP_OK)
                n++;
            CHECK(!loader || n == 6);
            CHECK_OK();
        }
    }
}

int main(void)
{
    golden_orders();
    own_dataset();
    leaving();
    resuming();
    refusals();
    stratified();
    sparse();
    steady();
    without_memory();
    tp_finish();
    return test_end();
}
