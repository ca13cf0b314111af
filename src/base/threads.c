/* The pool of threads: one job at a time, claimed chunk by chunk.
 *
 * A job is announced by one word, `claim`: the job's number in the upper half, the chunks not yet claimed in
 * the lower. A thread takes a chunk by counting that word down with compare-and-swap. While it has not
 * reached 0 the job cannot end, so the job's other fields are those of the number that was read. Ending is
 * counted in `pending`. Whoever sleeps is woken through a condition variable; both sides first write that
 * they sleep (or what there is to do) and then read the other's word, in sequentially consistent order, so
 * that no wake is lost. */
#include "base/threads.h"
#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Time that a thread looks before it sleeps: longer than the gap between two kernels and the last chunk of
 * another thread, and than waking would take. After the first part of it, other threads that want the
 * processor go first. */
#define SPIN_NANOSECONDS 150000
#define ALONE_NANOSECONDS 10000
#define STACK_SIZE ((size_t)1 << 20)
#define SLICE ((int64_t)UINT32_MAX)

static _Atomic uint64_t claim;
static _Atomic uint32_t pending;
static _Atomic(void (*)(void *, int64_t)) job_run;
static _Atomic(void *) job_context;
static atomic_uint job_chunks;

static atomic_bool busy; /* held while a job runs, and while threads are started or ended */
static atomic_int wanted, limit = TP_MAX_THREADS;
static pthread_t workers[TP_MAX_THREADS];
static int started;  /* workers that run; under busy */
static bool refused; /* the system would start no more; under busy */
static bool ended;   /* the process is exiting; under busy */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
static atomic_int sleepers;
static atomic_bool caller_sleeps;

static _Thread_local bool inside; /* this thread is running a chunk */
static _Thread_local bool is_owner, is_worker;

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool all_claimed(void)
{
    return (uint32_t)atomic_load(&claim) == 0;
}

static bool all_done(void)
{
    return atomic_load(&pending) == 0;
}

/* Looks for SPIN_NANOSECONDS at most; whether the condition came true. */
static bool spin_until(bool (*condition)(void), bool value)
{
    const int64_t begin = nanoseconds();
    for (;;) {
        for (int i = 0; i < 8; i++) {
            if (condition() == value)
                return true;
            pause_briefly();
        }
        const int64_t past = nanoseconds() - begin;
        if (past >= SPIN_NANOSECONDS)
            return false;
        if (past >= ALONE_NANOSECONDS)
            sched_yield();
    }
}

/* A thread that was about to sleep when this is called sleeps when it returns, and can be woken. Signalling
 * with the mutex held would wake threads into waiting for it. */
static void pass_mutex(void)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
}

/* Runs chunks of the announced job until none is left to claim. */
static void run_chunks(void)
{
    uint64_t seen = atomic_load(&claim);
    while ((uint32_t)seen) {
        void (*const run)(void *, int64_t) = atomic_load_explicit(&job_run, memory_order_relaxed);
        void *const context = atomic_load_explicit(&job_context, memory_order_relaxed);
        const uint32_t chunks = atomic_load_explicit(&job_chunks, memory_order_relaxed);
        if (!atomic_compare_exchange_weak(&claim, &seen, seen - 1))
            continue;
        run(context, (int64_t)chunks - (int64_t)(uint32_t)seen);
        if (atomic_fetch_sub(&pending, 1) == 1 && atomic_load(&caller_sleeps)) {
            pass_mutex();
            pthread_cond_signal(&done);
        }
        seen = atomic_load(&claim);
    }
}

static void *worker(void *argument)
{
    const int index = (int)(intptr_t)argument;
    inside = is_worker = true;
    for (;;) {
        run_chunks();
        if (index >= atomic_load(&limit))
            return NULL;
        if (spin_until(all_claimed, false))
            continue;
        pthread_mutex_lock(&mutex);
        atomic_fetch_add(&sleepers, 1);
        while (all_claimed() && index < atomic_load(&limit))
            pthread_cond_wait(&work, &mutex);
        atomic_fetch_sub(&sleepers, 1);
        pthread_mutex_unlock(&mutex);
    }
}

static bool take_pool(void)
{
    return !atomic_exchange(&busy, true);
}

static void take_pool_waiting(void)
{
    while (!take_pool())
        sched_yield();
}

static void give_pool(void)
{
    atomic_store(&busy, false);
}

/* Ends all workers but the first `keep`, and waits for them. Under busy. */
static void end_workers(int keep)
{
    pthread_mutex_lock(&mutex);
    atomic_store(&limit, keep);
    pthread_cond_broadcast(&work);
    pthread_mutex_unlock(&mutex);
    while (started > keep)
        pthread_join(workers[--started], NULL);
    atomic_store(&limit, TP_MAX_THREADS);
}

/* A fork waits for the running job, so that the child finds an idle pool; it has no threads of its own then.
 * From inside a chunk of the job there is no waiting: the child keeps the chunk that it is in, and must not
 * rely on the job's others. */
static void before_fork(void)
{
    if (!is_owner && !is_worker)
        take_pool_waiting();
    pthread_mutex_lock(&mutex);
}

static void after_fork_parent(void)
{
    pthread_mutex_unlock(&mutex);
    if (!is_owner && !is_worker)
        give_pool();
}

static void after_fork_child(void)
{
    pthread_mutex_init(&mutex, NULL);
    pthread_cond_init(&work, NULL);
    pthread_cond_init(&done, NULL);
    started = 0;
    refused = false;
    atomic_store(&sleepers, 0);
    atomic_store(&caller_sleeps, false);
    atomic_store(&limit, TP_MAX_THREADS);
    atomic_fetch_and(&claim, ~(uint64_t)UINT32_MAX);
    atomic_store(&pending, 1); /* the chunk that an owner is in */
    if (!is_owner)
        give_pool();
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* At exit, and when a shared library is unloaded, no thread of ours may be left in its code. A job that still
 * runs (exit was called beside or inside it) is not waited for. */
__attribute__((destructor)) static void end_pool(void)
{
    if (inside || !take_pool())
        return;
    ended = true;
    end_workers(0);
    give_pool();
}

/* Starts workers up to `count`. Under busy. */
static void start_workers(int count)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (started >= count || refused || ended)
        return;
    pthread_once(&once, watch_forks);
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes)) {
        refused = true;
        return;
    }
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    /* Signals are the host program's: its own threads take them. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < count && !refused) {
        if (pthread_create(&workers[started], &attributes, worker, (void *)(intptr_t)started))
            refused = true;
        else
            started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

static int default_threads(void)
{
    const char *text = getenv("TAPER_NUM_THREADS");
    if (text) {
        char *end;
        errno = 0;
        const long n = strtol(text, &end, 10);
        if (end != text && !*end && !errno && n >= 1)
            return n < TP_MAX_THREADS ? (int)n : TP_MAX_THREADS;
    }
    long n = -1;
#ifdef __linux__
    cpu_set_t set;
    if (!sched_getaffinity(0, sizeof set, &set))
        n = CPU_COUNT(&set);
#endif
    if (n < 1)
        n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n < TP_MAX_THREADS ? (int)n : TP_MAX_THREADS;
}

int tp_get_num_threads(void)
{
    int n = atomic_load_explicit(&wanted, memory_order_relaxed);
    if (!n) {
        const int found = default_threads();
        if (atomic_compare_exchange_strong(&wanted, &n, found))
            n = found;
    }
    return n;
}

tp_status tp_set_num_threads(int n)
{
    if (n < 1 || n > TP_MAX_THREADS)
        return tp_fail(TP_ERROR_ARGUMENT, "set_num_threads: %d threads, not 1 to %d", n, TP_MAX_THREADS);
    if (inside)
        return tp_fail(TP_ERROR_STATE, "set_num_threads: called from inside a kernel");
    take_pool_waiting();
    atomic_store(&wanted, n);
    refused = false;
    if (started > n - 1)
        end_workers(n - 1);
    give_pool();
    return TP_OK;
}

int tp__parallel_width(void)
{
    return inside ? 1 : tp_get_num_threads();
}

/* At most UINT32_MAX chunks, on the pool. Under busy. */
static void run_job(uint32_t chunks, void (*run)(void *, int64_t), void *context)
{
    atomic_store_explicit(&job_run, run, memory_order_relaxed);
    atomic_store_explicit(&job_context, context, memory_order_relaxed);
    atomic_store_explicit(&job_chunks, chunks, memory_order_relaxed);
    atomic_store_explicit(&pending, chunks, memory_order_relaxed);
    const uint64_t number = (atomic_load_explicit(&claim, memory_order_relaxed) >> 32) + 1;
    atomic_store(&claim, number << 32 | chunks);

    const int asleep = atomic_load(&sleepers);
    if (asleep) {
        pass_mutex();
        if ((uint32_t)asleep < chunks)
            pthread_cond_broadcast(&work);
        else
            for (uint32_t i = 1; i < chunks; i++)
                pthread_cond_signal(&work);
    }

    inside = true;
    run_chunks();
    inside = false;
    if (spin_until(all_done, true))
        return;
    pthread_mutex_lock(&mutex);
    atomic_store(&caller_sleeps, true);
    while (!all_done())
        pthread_cond_wait(&done, &mutex);
    atomic_store(&caller_sleeps, false);
    pthread_mutex_unlock(&mutex);
}

struct slice {
    void (*run)(void *, int64_t);
    void *context;
    int64_t first;
};

static void run_in_slice(void *context, int64_t chunk)
{
    const struct slice *slice = context;
    slice->run(slice->context, slice->first + chunk);
}

void tp__parallel_for(int64_t chunks, void (*run)(void *context, int64_t chunk), void *context)
{
    const int threads = tp__parallel_width();
    bool pooled = chunks > 1 && threads > 1 && take_pool();
    if (pooled) {
        start_workers(threads - 1 < chunks - 1 ? threads - 1 : (int)(chunks - 1));
        if (!started) {
            give_pool();
            pooled = false;
        }
    }
    if (!pooled) {
        const bool outer = inside;
        inside = true;
        for (int64_t i = 0; i < chunks; i++)
            run(context, i);
        inside = outer;
        return;
    }
    is_owner = true;
    if (chunks <= SLICE) {
        run_job((uint32_t)chunks, run, context);
    } else {
        for (struct slice slice = {run, context, 0}; slice.first < chunks; slice.first += SLICE) {
            const int64_t left = chunks - slice.first;
            run_job((uint32_t)(left < SLICE ? left : SLICE), run_in_slice, &slice);
        }
    }
    is_owner = false;
    give_pool();
}
