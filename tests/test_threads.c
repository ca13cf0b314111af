/* The pool: every chunk once, from anywhere, after a fork, with threads refused. */
#include "base/threads.h"
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNKS = 1000 };

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

/* The thread sanitizer does not follow a fork of a process with threads, and Valgrind counts what the
 * parent's threads held as lost in the child. */
static bool forks_are_tested(void)
{
#ifdef __SANITIZE_THREAD__
    return false;
#else
    const char *preload = getenv("LD_PRELOAD");
    return !preload || !strstr(preload, "vgpreload");
#endif
}

struct counts {
    unsigned char seen[CHUNKS]; /* plain: no two threads may run the same chunk */
    atomic_int total;
    atomic_int signals_open;
};

static void count_chunk(void *context, int64_t chunk)
{
    struct counts *c = context;
    c->seen[chunk]++;
    atomic_fetch_add_explicit(&c->total, 1, memory_order_relaxed);
}

static bool all_once(const struct counts *c, int64_t chunks)
{
    for (int64_t i = 0; i < chunks; i++)
        if (c->seen[i] != 1)
            return false;
    return c->total == chunks;
}

static bool runs_all(int64_t chunks)
{
    struct counts c = {0};
    tp__parallel_for(chunks, count_chunk, &c);
    return all_once(&c, chunks);
}

static void test_counts(void)
{
    for (int threads = 1; threads <= 8; threads++) {
        CHECK(tp_set_num_threads(threads) == TP_OK);
        CHECK(tp_get_num_threads() == threads);
        bool good = true;
        for (int repeat = 0; repeat < 100; repeat++)
            for (int64_t chunks = 0; chunks < 20; chunks++)
                good = good && runs_all(chunks);
        CHECK(good);
        CHECK(runs_all(CHUNKS));
    }
    CHECK(tp_set_num_threads(3) == TP_OK);
    CHECK(runs_all(CHUNKS));
    CHECK(tp__parallel_width() == 3);
}

static void test_arguments(void)
{
    const int before = tp_get_num_threads();
    CHECK(tp_set_num_threads(0) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "0 threads, not 1 to 256");
    CHECK(tp_set_num_threads(TP_MAX_THREADS + 1) == TP_ERROR_ARGUMENT);
    tp_clear_error();
    CHECK(tp_get_num_threads() == before);
}

/* Chunks that call the pool again: serial, and the size cannot be changed. */
static atomic_int nested_good;

static void nest(void *context, int64_t chunk)
{
    (void)context, (void)chunk;
    const bool refused = tp_set_num_threads(2) == TP_ERROR_STATE;
    tp_clear_error();
    if (runs_all(50) && tp__parallel_width() == 1 && refused)
        atomic_fetch_add(&nested_good, 1);
}

static void test_nested(void)
{
    tp_set_num_threads(4);
    tp__parallel_for(64, nest, NULL);
    CHECK(nested_good == 64);
    CHECK(tp__parallel_width() == 4);
}

static void *user_thread(void *failures)
{
    for (int i = 0; i < 300; i++)
        if (!runs_all(1 + i % 40))
            atomic_fetch_add((atomic_int *)failures, 1);
    return NULL;
}

static void test_user_threads(void)
{
    tp_set_num_threads(3);
    pthread_t threads[4];
    atomic_int failures = 0;
    int made = 0;
    for (; made < 4; made++)
        if (pthread_create(&threads[made], NULL, user_thread, &failures))
            break;
    for (int i = 0; i < 20; i++)
        tp_set_num_threads(1 + i % 4);
    for (int i = 0; i < made; i++)
        pthread_join(threads[i], NULL);
    CHECK(made == 4 && failures == 0);
}

static void check_mask(void *context, int64_t chunk)
{
    struct counts *c = context;
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    if (!sigismember(&now, SIGUSR1) || !sigismember(&now, SIGINT))
        atomic_fetch_add(&c->signals_open, 1);
    c->seen[chunk] = 1;
    for (volatile int spin = 0; spin < 20000; spin++)
        ;
}

static void test_signals(void)
{
    tp_set_num_threads(4);
    sigset_t block, before;
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigaddset(&block, SIGINT);
    /* The caller's own chunks see the caller's mask, so it has the two signals blocked here. */
    pthread_sigmask(SIG_BLOCK, &block, &before);
    struct counts c = {0};
    tp__parallel_for(200, check_mask, &c);
    CHECK(c.signals_open == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    CHECK(!sigismember(&now, SIGUSR1));
}

static int child_status(pid_t child)
{
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_fork(void)
{
    tp_set_num_threads(4);
    CHECK(runs_all(CHUNKS));
    for (int i = 0; i < 5; i++) {
        fflush(stdout);
        const pid_t child = fork();
        if (!child) {
            alarm(20); /* a hang is a failure */
            bool good = runs_all(CHUNKS) && runs_all(CHUNKS);
            good = good && tp_set_num_threads(2) == TP_OK && runs_all(CHUNKS);
            if (i % 2) {
                const pid_t grandchild = fork();
                if (!grandchild)
                    _exit(runs_all(CHUNKS) ? 0 : 1);
                good = good && child_status(grandchild) == 0;
            }
            _exit(good ? 0 : 1);
        }
        CHECK(child > 0 && child_status(child) == 0);
        CHECK(runs_all(CHUNKS));
    }
}

/* Forks while other user threads keep the pool busy. */
static void test_fork_beside_work(void)
{
    tp_set_num_threads(3);
    pthread_t thread;
    atomic_int failures = 0;
    CHECK(!pthread_create(&thread, NULL, user_thread, &failures));
    for (int i = 0; i < 5; i++) {
        fflush(stdout);
        const pid_t child = fork();
        if (!child) {
            alarm(20);
            _exit(runs_all(CHUNKS) && tp_set_num_threads(2) == TP_OK && runs_all(CHUNKS) ? 0 : 1);
        }
        CHECK(child > 0 && child_status(child) == 0);
    }
    pthread_join(thread, NULL);
    CHECK(failures == 0);
}

/* No thread can be had: the address space is used up. */
static void test_refused(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return;
#else
    fflush(stdout);
    const pid_t child = fork();
    if (!child) {
        alarm(20);
        /* A limit below what is used: every new mapping is refused. */
        struct rlimit limit = {1 << 20, 1 << 20};
        const bool set = !setrlimit(RLIMIT_AS, &limit);
        tp_set_num_threads(8);
        _exit(set && runs_all(CHUNKS) && runs_all(3) ? 0 : 1);
    }
    CHECK(child > 0 && child_status(child) == 0);
#endif
}

static void test_environment(const char *program)
{
    fflush(stdout);
    static const char *const settings[][2] = {
        {"5", "5"}, {"1000000", "256"}, {"0", NULL}, {"2x", NULL}, {"", NULL}};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const pid_t child = fork();
        if (!child) {
            setenv("TAPER_NUM_THREADS", settings[i][0], 1);
            execl(program, program, "--expect", settings[i][1], (char *)NULL);
            _exit(2);
        }
        CHECK(child > 0 && child_status(child) == 0);
    }
}

int main(int count, char **arguments)
{
    if (count > 1 && !strcmp(arguments[1], "--expect")) {
        cpu_set_t set;
        CPU_ZERO(&set);
        sched_getaffinity(0, sizeof set, &set);
        const int available = CPU_COUNT(&set) < TP_MAX_THREADS ? CPU_COUNT(&set) : TP_MAX_THREADS;
        return tp_get_num_threads() == (count > 2 ? atoi(arguments[2]) : available) ? 0 : 1;
    }
    if (forks_are_tested()) {
        test_environment(arguments[0]);
        test_refused();
    }
    test_counts();
    test_arguments();
    test_nested();
    test_user_threads();
    test_signals();
    if (forks_are_tested()) {
        test_fork();
        test_fork_beside_work();
    }
    CHECK_OK();
    return test_end();
}
