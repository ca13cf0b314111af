/* The loader: an epoch's order, cut into batches, prepared by threads ahead of time or at once. */
#include "base/memory.h"
#include "base/random.h"
#include "base/region.h"
#include "taper/data.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

/* Where one batch lies from its preparation until the caller asks for the next. */
typedef struct slot {
    tp_region *region;
    tp_batch batch;
    int64_t number; /* which batch of the epoch it holds; -1: none */
    bool ready;
    tp_status status;
    char *message; /* of an error in a worker */
} slot;

struct tp_loader {
    tp_loader_options options;
    tp_region *home;
    tp_generator *private_generator; /* of an epoch that is shuffled without a generator of its own */
    int64_t count;                   /* items of an epoch */
    int64_t batches;
    int64_t *order;   /* of the running epoch; NULL when it is the natural one */
    int64_t *natural; /* the indices of a batch in natural order */
    bool running;
    int64_t next;    /* the batch that the caller gets next */
    slot *delivered; /* of the batch that the caller has now; NULL if none */
    int64_t seed;    /* of the private generator */
    slot *slots;
    int n_slots;
    /* Workers. */
    pthread_t *workers;
    int n_started;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool synchronised; /* mutex and condition exist */
    bool stopping;
    int64_t to_prepare;
    int64_t taken; /* batches below this number have been handed back by the caller */
};

static void stop_workers(tp_loader *loader)
{
    if (!loader->n_started)
        return;
    pthread_mutex_lock(&loader->mutex);
    loader->stopping = true;
    pthread_cond_broadcast(&loader->changed);
    pthread_mutex_unlock(&loader->mutex);
    for (int i = 0; i < loader->n_started; i++)
        pthread_join(loader->workers[i], NULL);
    loader->n_started = 0;
    loader->stopping = false;
}

static void empty_slot(slot *s)
{
    tp_region_end(s->region);
    tp__free(s->message);
    *s = (slot){.number = -1};
}

static void end_loader(void *argument)
{
    tp_loader *loader = argument;
    stop_workers(loader);
    for (int i = 0; i < loader->n_slots; i++)
        empty_slot(&loader->slots[i]);
    if (loader->synchronised) {
        pthread_cond_destroy(&loader->changed);
        pthread_mutex_destroy(&loader->mutex);
    }
}

static tp_status check_options(const tp_loader_options *o)
{
    if (!o->dataset)
        return tp__null_argument("dataset");
    if (o->batch_size < 1)
        return tp_fail(TP_ERROR_ARGUMENT,
                       "batch_size should be a positive integer value, but got batch_size=%lld",
                       (long long)o->batch_size);
    if (o->shuffle && o->sampler)
        return tp_fail(TP_ERROR_ARGUMENT, "sampler option is mutually exclusive with shuffle");
    if (o->num_workers < 0 || o->num_workers > 256)
        return tp_fail(TP_ERROR_ARGUMENT, "num_workers is %d; 0 to 256 are possible", o->num_workers);
    if (o->num_workers && (o->prefetch_factor < 1 || o->prefetch_factor > 1024))
        return tp_fail(TP_ERROR_ARGUMENT, "prefetch_factor is %d; 1 to 1024 are possible",
                       o->prefetch_factor);
    return TP_OK;
}

tp_loader *tp_loader_with(const tp_loader_options *options)
{
    if (!options)
        return tp__null_argument("loader: options"), NULL;
    TP_FRAME("loader");
    if (check_options(options) != TP_OK)
        return NULL;
    tp_region *home = tp__region_current();
    tp_loader *loader = home ? tp_region_alloc(home, sizeof *loader) : NULL;
    if (!loader)
        return NULL;
    loader->options = *options;
    loader->home = home;
    loader->count = options->sampler ? options->sampler->count : tp_dataset_length(options->dataset);
    loader->batches = options->drop_last
                          ? loader->count / options->batch_size
                          : loader->count / options->batch_size + (loader->count % options->batch_size != 0);
    loader->n_slots = options->num_workers ? options->num_workers * options->prefetch_factor + 1 : 1;
    loader->slots = tp_region_alloc(home, (size_t)loader->n_slots * sizeof *loader->slots);
    if (!loader->slots || tp_region_on_end(home, end_loader, loader) != TP_OK)
        return NULL;
    for (int i = 0; i < loader->n_slots; i++)
        loader->slots[i].number = -1;
    if (options->shuffle || options->sampler) {
        loader->order = tp_region_alloc(home, (size_t)loader->count * sizeof *loader->order);
        if (!loader->order)
            return NULL;
    } else {
        const int64_t most = loader->count < options->batch_size ? loader->count : options->batch_size;
        loader->natural =
            tp_region_alloc(home, (size_t)loader->n_slots * (size_t)most * sizeof *loader->natural);
        if (!loader->natural)
            return NULL;
    }
    if (options->shuffle && !options->generator && !(loader->private_generator = tp_generator_new()))
        return NULL;
    if (options->num_workers) {
        loader->workers = tp_region_alloc(home, (size_t)options->num_workers * sizeof *loader->workers);
        if (!loader->workers)
            return NULL;
        if (pthread_mutex_init(&loader->mutex, NULL) || pthread_cond_init(&loader->changed, NULL))
            return tp__fail_null(TP_ERROR_THREAD, "a mutex could not be made");
        loader->synchronised = true;
    }
    return loader;
}

int64_t tp_loader_length(const tp_loader *loader)
{
    return loader ? loader->batches : -1;
}
int64_t tp_loader_batch_size(const tp_loader *loader)
{
    return loader ? loader->options.batch_size : -1;
}
tp_dataset *tp_loader_dataset(const tp_loader *loader)
{
    return loader ? loader->options.dataset : NULL;
}
int64_t tp_loader_epoch_seed(const tp_loader *loader)
{
    return loader ? loader->seed : 0;
}

/* Prepares batch `number` in the slot, in the calling thread. */
static void prepare(const tp_loader *loader, slot *s, int64_t number)
{
    const int64_t begin = number * loader->options.batch_size;
    int64_t size = loader->count - begin;
    if (size > loader->options.batch_size)
        size = loader->options.batch_size;
    const int64_t *indices = loader->order ? loader->order + begin : NULL;
    if (!indices) {
        int64_t *own = loader->natural + (s - loader->slots) * (loader->count < loader->options.batch_size
                                                                    ? loader->count
                                                                    : loader->options.batch_size);
        for (int64_t i = 0; i < size; i++)
            own[i] = begin + i;
        indices = own;
    }
    s->number = number;
    s->batch =
        (tp_batch){.n_fields = tp_dataset_fields(loader->options.dataset), .size = size, .indices = indices};
    s->region = tp_region_new_detached("batch");
    if (!s->region) {
        s->status = TP_ERROR_MEMORY;
        return;
    }
    s->status = tp_region_enter(s->region);
    if (s->status == TP_OK) {
        s->status = tp_dataset_batch(loader->options.dataset, indices, size, s->batch.fields);
        tp_region_leave(s->region);
    }
    s->batch.X = s->batch.fields[0];
    s->batch.y = s->batch.n_fields > 1 ? s->batch.fields[1] : NULL;
}

static void *work(void *argument)
{
    tp_loader *loader = argument;
    pthread_mutex_lock(&loader->mutex);
    for (;;) {
        while (!loader->stopping && loader->to_prepare < loader->batches &&
               loader->to_prepare >= loader->taken + loader->n_slots)
            pthread_cond_wait(&loader->changed, &loader->mutex);
        if (loader->stopping || loader->to_prepare >= loader->batches)
            break;
        const int64_t number = loader->to_prepare++;
        slot *s = &loader->slots[number % loader->n_slots];
        pthread_mutex_unlock(&loader->mutex);
        prepare(loader, s, number);
        if (s->status != TP_OK) {
            s->message = tp__strdup(tp_error_message());
            tp_clear_error();
        }
        pthread_mutex_lock(&loader->mutex);
        s->ready = true;
        pthread_cond_broadcast(&loader->changed);
    }
    pthread_mutex_unlock(&loader->mutex);
    return NULL;
}

/* As many workers as can be started; none is an error. Signals stay with the program's own threads. */
static tp_status start_workers(tp_loader *loader)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (loader->n_started < loader->options.num_workers &&
           !pthread_create(&loader->workers[loader->n_started], NULL, work, loader))
        loader->n_started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return loader->n_started ? TP_OK : tp_fail(TP_ERROR_THREAD, "loader: no worker could be started");
}

static tp_status begin(tp_loader *loader, int64_t batch)
{
    loader->next = loader->to_prepare = loader->taken = batch;
    const tp_status status = loader->options.num_workers ? start_workers(loader) : TP_OK;
    loader->running = status == TP_OK;
    return status;
}

/* The order of an epoch whose private seed is known. */
static tp_status fill_order(tp_loader *loader)
{
    const tp_loader_options *o = &loader->options;
    if (o->sampler)
        return o->sampler->fill(o->sampler, o->generator, loader->order);
    if (!o->shuffle)
        return TP_OK;
    tp_generator *generator = o->generator;
    if (!generator) {
        generator = loader->private_generator;
        tp_generator_seed(generator, (uint64_t)loader->seed);
    }
    tp__fill_randperm(generator, loader->order, loader->count);
    return TP_OK;
}

/* PyTorch's draws: the base seed of an iterator always, then the seed of a private generator. */
static tp_status begin_epoch(tp_loader *loader)
{
    const tp_loader_options *o = &loader->options;
    (void)tp_random_i64(o->generator);
    if (o->shuffle && !o->generator)
        loader->seed = tp_random_i64(NULL);
    TP__TRY(fill_order(loader));
    return begin(loader, 0);
}

void tp_loader_reset(tp_loader *loader)
{
    if (!loader)
        return;
    stop_workers(loader);
    for (int i = 0; i < loader->n_slots; i++)
        empty_slot(&loader->slots[i]);
    loader->delivered = NULL;
    loader->running = false;
}

tp_status tp_loader_resume(tp_loader *loader, int64_t seed, int64_t batch)
{
    TP_FRAME("loader_resume");
    if (!loader)
        return tp__null_argument("loader");
    if (batch < 0 || batch > loader->batches)
        return tp_fail(TP_ERROR_INDEX, "batch %lld is out of range for %lld batches", (long long)batch,
                       (long long)loader->batches);
    tp_loader_reset(loader);
    loader->seed = seed;
    TP__TRY(fill_order(loader));
    return begin(loader, batch);
}

/* At the end of an epoch, PyTorch's sampler asks the user's generator for one more permutation. */
static tp_status end_epoch(tp_loader *loader)
{
    tp_loader_reset(loader);
    if (loader->options.shuffle && loader->options.generator)
        tp__fill_randperm(loader->options.generator, loader->order, loader->count);
    return TP_END;
}

tp_status tp_loader_next(tp_loader *loader, tp_batch **batch)
{
    if (!loader || !batch)
        return tp__null_argument("loader_next: loader or batch");
    *batch = NULL;
    if (!loader->running)
        TP__TRY(begin_epoch(loader));
    /* The caller is done with the batch before. */
    if (loader->delivered) {
        empty_slot(loader->delivered);
        loader->delivered = NULL;
        if (loader->n_started) {
            pthread_mutex_lock(&loader->mutex);
            loader->taken = loader->next;
            pthread_cond_broadcast(&loader->changed);
            pthread_mutex_unlock(&loader->mutex);
        }
    }
    if (loader->next == loader->batches)
        return end_epoch(loader);
    slot *s = &loader->slots[loader->next % loader->n_slots];
    if (loader->n_started) {
        pthread_mutex_lock(&loader->mutex);
        while (!(s->ready && s->number == loader->next))
            pthread_cond_wait(&loader->changed, &loader->mutex);
        pthread_mutex_unlock(&loader->mutex);
    } else {
        prepare(loader, s, loader->next);
    }
    if (s->status != TP_OK) {
        const tp_status status = s->status;
        /* One without a sentence of its own: the worker had no memory to keep it, or the dataset gave none.
         */
        tp_fail(status, "%s",
                s->message && *s->message ? s->message : "loader: a batch could not be prepared");
        tp_loader_reset(loader);
        return status;
    }
    loader->next++;
    loader->delivered = s;
    *batch = &s->batch;
    return TP_OK;
}
