/* Regions: who owns what, when it goes, and that a steady loop asks the system for nothing. */
#include "test.h"

#include "base/memory.h"
#include "base/region.h"
#include "taper/ops.h"
#include "tensor/tensor.h"

#include <pthread.h>

/* ---- Counting what the system is asked for: not under sanitizers, which have an allocator of their own ----
 */

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTING 1
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef COUNTING
#define COUNTING 0
#endif
#endif
#else
#define COUNTING 0
#endif

#if COUNTING
#include <stdatomic.h>
static atomic_long system_calls;
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *malloc(size_t size)
{
    system_calls++;
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size)
{
    system_calls++;
    return __libc_calloc(count, size);
}
void *realloc(void *pointer, size_t size)
{
    system_calls++;
    return __libc_realloc(pointer, size);
}
void *aligned_alloc(size_t alignment, size_t size)
{
    system_calls++;
    return __libc_memalign(alignment, size);
}
static long asked(void)
{
    return system_calls;
}
#else
static long asked(void)
{
    return 0;
}
#endif

/* ---- Order of clean-ups ---- */

static char trace[64];

static void note(void *letter)
{
    const size_t n = strlen(trace);
    trace[n] = *(const char *)letter;
    trace[n + 1] = 0;
}

static void nesting(void)
{
    trace[0] = 0;
    tp_region *outer = tp_region_new("outer");
    tp_region_enter(outer);
    tp_region_on_end(outer, note, "a");
    tp_region *first = tp_region_new("first"), *second = tp_region_new("second");
    tp_region_on_end(first, note, "1");
    tp_region_on_end(second, note, "2");
    tp_region_enter(first);
    tp_region *inmost = tp_region_new("inmost");
    tp_region_enter(inmost);
    tp_region_on_end(inmost, note, "x");
    tp_region_on_end(outer, note, "b");
    CHECK(tp_region_current() == inmost);
    CHECK_TEXT(tp_region_name(tp_region_current()), "inmost");
    tp_region_end(outer); /* with everything inside, entered or not */
    CHECK_TEXT(tp_region_name(tp_region_current()), "root");
    CHECK(strlen(trace) == 5);
    CHECK(strchr(trace, 'x') < strchr(trace, '1') && strchr(trace, '1') < strchr(trace, 'a') &&
          strchr(trace, '2') < strchr(trace, 'a') && strchr(trace, 'b') < strchr(trace, 'a'));
    CHECK_TEXT(trace + 3, "ba");
    tp_region_end(NULL);
    CHECK_OK();
}

static void entering(void)
{
    CHECK(tp_region_enter(NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "region_enter: region is NULL");
    CHECK(tp_region_leave(NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "region_leave: region is NULL");
    tp_region *r = tp_region_new("r");
    CHECK(tp_region_leave(r) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "region 'r' is not the current one");
    CHECK(tp_region_enter(r) == TP_OK && tp_region_enter(r) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "region 'r' is entered already");
    CHECK(tp_region_leave(r) == TP_OK && tp_region_enter(r) == TP_OK && tp_region_leave(r) == TP_OK);
    tp_region_end(r);
    CHECK(tp_region_leave(tp_region_current()) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "not the current one");
    CHECK(tp_region_on_end(NULL, note, "a") == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "region is NULL");
    CHECK(tp_region_on_end(tp_region_current(), NULL, NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "function is NULL");
    CHECK(!tp_region_alloc(NULL, 4));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "region is NULL");
    CHECK(!tp_region_alloc(tp_region_current(), SIZE_MAX));
    CHECK_ERROR(TP_ERROR_MEMORY, "more than any memory");
    CHECK(tp_region_size(NULL) == 0);
    CHECK_TEXT(tp_region_name(NULL), "");
}

static int through_return(void)
{
    TP_SCOPE(scope);
    tp_region_on_end(tp_region_current(), note, "r");
    return (int)tp_item(tp_scalar(TP_F64, 5));
}

static void ways_out(void)
{
    trace[0] = 0;
    CHECK(through_return() == 5);
    for (int i = 0; i < 3; i++) {
        TP_SCOPE(loop);
        tp_region_on_end(tp_region_current(), note, "l");
        if (i == 0)
            continue;
        if (i == 1)
            break;
    }
    {
        TP_SCOPE(jump);
        tp_region_on_end(tp_region_current(), note, "g");
        goto out;
    }
out:
    CHECK_TEXT(trace, "rllg");
    CHECK_TEXT(tp_region_name(tp_region_current()), "root");
    /* Ending a region with open scopes inside it leaves those scopes with nothing to end. */
    tp_region *outer = tp_region_new("outer");
    tp_region_enter(outer);
    {
        TP_SCOPE(one);
        TP_SCOPE(two);
        tp_region_on_end(tp_region_current(), note, "!");
        tp_region_end(outer);
        CHECK_TEXT(tp_region_name(tp_region_current()), "root");
        TP_SCOPE(three);
        tp_zeros(TP_F32, 4);
    }
    CHECK_TEXT(trace, "rllg!");
    CHECK_TEXT(tp_region_name(tp_region_current()), "root");
    {
        TP_SCOPE(last);
        tp_finish();
        tp_zeros(TP_F32, 4);
    }
    CHECK_OK();
}

static void sizes(void)
{
    TP_SCOPE(sizes);
    tp_region *r = tp_region_current();
    const size_t empty = tp_region_size(r);
    CHECK(empty > 0 && empty <= 16384);
    tp_tensor *large = tp_zeros(TP_F32, 100000);
    CHECK(tp_region_size(r) >= empty + 400000);
    {
        TP_SCOPE(inner);
        tp_zeros(TP_F32, 100000);
    }
    const size_t held = tp_region_size(r);
    tp_release(large);
    CHECK(tp_region_size(r) + 400000 <= held);
    CHECK(isnan(tp_item(large)));
    CHECK_ERROR(TP_ERROR_STATE, "released");
    tp_release(large);
    tp_release(NULL);
    /* A view holds the data. */
    tp_tensor *whole = tp_full(TP_F32, 3, 50000), *view = tp_narrow(whole, 0, 10, 5);
    tp_release(whole);
    CHECK(tp_at(view, 4) == 3);
    const size_t before = tp_region_size(r);
    tp_release(view);
    CHECK(tp_region_size(r) + 200000 <= before);
    for (int i = 0; i < 1000; i++) {
        char *p = tp_region_alloc(r, (size_t)i * 7);
        CHECK(((uintptr_t)p & 15) == 0);
        for (int k = 0; k < i * 7; k++)
            if (p[k])
                test_failures++;
        memset(p, 0xff, (size_t)i * 7);
    }
    CHECK_OK();
}

static void keeping(void)
{
    TP_SCOPE(outer);
    tp_tensor *small, *large, *part, *twice, *w = tp_requires_grad_(tp_ones(TP_F64, 3), true), *y, *sparse;
    const tp_tensor *before;
    {
        TP_SCOPE(middle);
        {
            TP_SCOPE(inner);
            small = tp_keep(tp_full(TP_F32, 1, 10));
            tp_tensor *t = tp_full(TP_F32, 2, 10000);
            const void *data = tp_data(t);
            large = tp_keep(t);
            CHECK(large != t && tp_data(large) == data); /* moved, not copied */
            CHECK(tp_at(t, 9999) == 2);
            part = tp_keep(tp_narrow(tp_full(TP_F32, 3, 10000), 0, 5, 10));
            twice = tp_keep(tp_keep(tp_full(TP_F32, 4, 10000)));
            before = y = tp_sum(tp_mul(w, tp_exp(w)));
            y = tp_keep(y);
            CHECK(y == before); /* with history: the region's memory goes along */
            CHECK(tp_keep(y) == y);
            sparse = tp_keep(tp_keep(tp_to_csr(tp_eye(TP_F32, 60, 50))));
            CHECK(tp_zeros(TP_F32, 10) != NULL); /* the spliced region is still of use */
        }
        small = tp_keep(small);
        large = tp_keep(large);
        part = tp_keep(part);
    }
    CHECK(tp_at(small, 9) == 1 && tp_at(large, 9999) == 2 && tp_at(part, 9) == 3 && tp_at(twice, 0) == 4);
    CHECK(tp_nnz(sparse) == 50 && tp_at(sparse, 49, 49) == 1);
    CHECK(tp_backward(y) == TP_OK);
    CHECK_NEAR(tp_at(tp_grad(w), 2), 2 * exp(1), 1e-15);
    CHECK(!tp_keep(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "keep: an operand is NULL");
    tp_tensor *released = tp_zeros(TP_F32, 3);
    tp_release(released);
    CHECK(!tp_keep(released));
    CHECK_ERROR(TP_ERROR_STATE, "keep: the tensor was released");
    CHECK_OK();
}

/* Splicing takes the clean-ups along. */
static void splicing(void)
{
    trace[0] = 0;
    {
        TP_SCOPE(outer);
        tp_region_on_end(tp_region_current(), note, "o");
        tp_tensor *w = tp_requires_grad_(tp_ones(TP_F64, 3), true);
        {
            TP_SCOPE(inner);
            tp_region_on_end(tp_region_current(), note, "i");
            tp_keep(tp_mul(w, w));
            tp_region_on_end(tp_region_current(), note, "n");
        }
        CHECK_TEXT(trace, "n");
        /* Many steps, each lifting its result. */
        tp_tensor *h = w;
        for (int i = 0; i < 200; i++) {
            TP_SCOPE(step);
            h = tp_keep(tp_mul(h, 1.01));
        }
        CHECK(tp_backward(tp_sum(h)) == TP_OK);
        CHECK_NEAR(tp_at(tp_grad(w), 0), pow(1.01, 200), 1e-12);
    }
    CHECK_TEXT(trace, "nio");
    CHECK_OK();
}

/* Each allocation of a keep fails in turn: an error, and the tensor is still where it was. */
static void keeping_without_memory(void)
{
    for (int64_t room = 0; room < 400; room += 16) {
        TP_SCOPE(outer);
        tp_region *outer = tp_region_current();
        tp_tensor *w = tp_requires_grad_(tp_ones(TP_F64, 3), true);
        TP_SCOPE(inner);
        tp_region *inner = tp_region_current();
        tp_tensor *y = tp_sum(tp_mul(w, w)), *t = tp_full(TP_F32, 2, 10000);
        outer->limit = outer->cursor + room;
        inner->limit = inner->cursor + room;
        tp__memory_fail_after(0);
        tp_tensor *kept = tp_keep(t);
        tp__memory_fail_after(0);
        tp_tensor *spliced = tp_keep(y);
        tp__memory_fail_after(-1);
        CHECK((kept && spliced) || tp_error() == TP_ERROR_MEMORY);
        tp_clear_error();
        CHECK(tp_at(t, 9999) == 2);
        CHECK(tp_backward(y) == TP_OK && tp_at(tp_grad(w), 1) == 2);
    }
    CHECK_OK();
}

static void *other_thread(void *region)
{
    if (tp_region_enter(region) != TP_OK)
        return NULL;
    tp_tensor *t = tp_full(TP_F32, 7, 5000);
    return tp_region_leave(region) == TP_OK ? t : NULL;
}

static void detached(void)
{
    tp_region *far;
    {
        TP_SCOPE(here);
        far = tp_region_new_detached("far");
    }
    pthread_t thread;
    void *t;
    CHECK(!pthread_create(&thread, NULL, other_thread, far));
    pthread_join(thread, &t);
    CHECK(t && tp_at((tp_tensor *)t, 4999) == 7);
    CHECK(tp_keep(t) == t);
    tp_region_enter(far);
    {
        TP_SCOPE(inside);
        tp_zeros(TP_F32, 3);
    }
    tp_region_end(far);
    CHECK_TEXT(tp_region_name(tp_region_current()), "root");
    CHECK_OK();
}

static void *root_of_a_thread(void *letter)
{
    tp_region_on_end(tp_region_current(), note, letter);
    tp_zeros(TP_F32, 100000);
    return tp_region_current();
}

static void thread_roots(void)
{
    trace[0] = 0;
    pthread_t thread;
    void *root;
    tp_memory_trim();
    const size_t used = tp_memory_used();
    CHECK(!pthread_create(&thread, NULL, root_of_a_thread, "t"));
    pthread_join(thread, &root);
    CHECK(root && root != tp_region_current());
    CHECK_TEXT(trace, "t");
    CHECK(tp_memory_used() == used);
}

static void limits(void)
{
    tp_memory_trim();
    TP_SCOPE(limits);
    tp_set_memory_limit(tp_memory_used() + 1000000);
    CHECK(tp_zeros(TP_F32, 100000) != NULL);
    CHECK(!tp_zeros(TP_F32, 1000000));
    CHECK_ERROR(TP_ERROR_MEMORY, "limit");
    CHECK(tp_memory_used() <= 4000000 + tp_memory_peak());
    CHECK(tp_zeros(TP_F32, 1000) != NULL);
    tp_set_memory_limit(0);
    CHECK(tp_zeros(TP_F32, 1000000) != NULL);
    /* Recycled memory does not stand in the way of a limit. */
    const size_t before = tp_memory_used();
    {
        TP_SCOPE(large);
        tp_zeros(TP_F32, 3000000);
    }
    tp_set_memory_limit(before + 9000000);
    CHECK(tp_zeros(TP_F64, 1000000) != NULL);
    tp_set_memory_limit(0);
    CHECK_OK();
    /* A scope that could not be made: what follows lives outside, and the error is there. */
    tp_region *current = tp_region_current();
    {
        tp__memory_fail_after(0);
        TP_SCOPE(failing);
        tp__memory_fail_after(-1);
        CHECK(tp_region_current() == current);
    }
    CHECK_ERROR(TP_ERROR_MEMORY, "out of memory");
    CHECK(tp_region_current() == current);
}

static void step(tp_tensor *w, tp_tensor *x)
{
    TP_SCOPE(step);
    tp_zero_grad_of(w);
    tp_tensor *h = tp_sigmoid(tp_matmul(x, w));
    tp_tensor *loss = tp_mean(tp_square(tp_sub(h, 0.5)));
    CHECK(tp_backward(loss) == TP_OK);
    TP_SCOPE_NO_GRAD(update);
    tp_assign(w, tp_sub(w, tp_mul(tp_grad(w), 0.1)));
}

static void steady(void)
{
    TP_SCOPE(steady);
    tp_tensor *w = tp_requires_grad_(tp_randn(TP_F32, 100, 30), true), *x = tp_randn(TP_F32, 200, 100);
    for (int i = 0; i < 5; i++)
        step(w, x);
    const size_t used = tp_memory_used(), size = tp_region_size(tp_region_current());
    const long calls = asked();
    for (int i = 0; i < 50; i++)
        step(w, x);
    CHECK(tp_memory_used() == used);
    CHECK(tp_region_size(tp_region_current()) == size);
    const long more = asked() - calls;
    if (more)
        printf("the system was asked %ld times\n", more);
    CHECK(more == 0);
    CHECK_OK();
}

/* A scope takes the place of one that has ended, whatever was in that, beside it or taken out of it. */
static void beginning_again(void)
{
    TP_SCOPE(around);
    tp_tensor *w = tp_requires_grad_(tp_ones(TP_F32, 3), true), *kept = NULL;
    size_t size = 0;
    for (int i = 0; i < 6; i++) {
        TP_SCOPE(again);
        tp_region *here = tp_region_current(), *inner = tp_region_new("inner");
        size = i ? size : tp_region_size(here);
        CHECK(tp_region_size(here) == size);
        CHECK_TEXT(tp_region_name(here), "again");
        CHECK(tp_item(tp_sum(tp_ones(TP_F32, 3))) == 3);
        if (i == 1)
            kept = tp_keep(tp_mul(w, 2)); /* with history: the scope's memory goes along */
        if (i == 2)
            tp_ones(TP_F32, 100000);
        if (i != 3)
            tp_region_end(inner);
    }
    CHECK(tp_item(tp_sum(kept)) == 6);
    CHECK(tp_backward(tp_sum(kept)) == TP_OK && tp_item(tp_sum(tp_grad(w))) == 6);

    tp_scope older = tp_scope_begin("older");
    tp_region_leave(older.region);
    tp_scope younger = tp_scope_begin("younger");
    CHECK(younger.region != older.region);
    tp_region_end(older.region);
    tp_scope_end(&younger);
    CHECK_TEXT(tp_region_name(tp_region_current()), "around");

    /* They do not pile up where allocations are counted, and go when memory is asked back. */
    const size_t used = tp_memory_used();
    tp__memory_fail_after(1000);
    for (int i = 0; i < 20; i++) {
        TP_SCOPE(counted);
    }
    CHECK(tp__memory_countdown() >= 0);
    tp__memory_fail_after(-1);
    CHECK(tp_memory_used() <= used);
    tp_memory_trim();
    CHECK(!TP__RECYCLING || tp_memory_used() < used);
    CHECK_OK();
}

/* Memory that one thread makes and another one ends does not pile up with either. */
static void *make_region(void *size)
{
    tp_region *region = tp_region_new_detached("made");
    tp_region_enter(region);
    tp_zeros_n(TP_F32, 1, size);
    tp_region_leave(region);
    return region;
}

typedef struct exchange {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    tp_region *region;
    bool ended;
} exchange;

static void *producer(void *argument)
{
    exchange *e = argument;
    static int64_t size = 50000;
    pthread_mutex_lock(&e->mutex);
    while (!e->ended) {
        if (!e->region) {
            e->region = make_region(&size);
            pthread_cond_signal(&e->changed);
        }
        pthread_cond_wait(&e->changed, &e->mutex);
    }
    pthread_mutex_unlock(&e->mutex);
    return NULL;
}

static void passing_on(void)
{
    static exchange e = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, false};
    pthread_t thread;
    tp_memory_trim();
    const size_t used = tp_memory_used();
    CHECK(!pthread_create(&thread, NULL, producer, &e));
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&e.mutex);
        while (!e.region)
            pthread_cond_wait(&e.changed, &e.mutex);
        tp_region *region = e.region;
        e.region = NULL;
        pthread_cond_signal(&e.changed);
        pthread_mutex_unlock(&e.mutex);
        tp_region_end(region);
    }
    CHECK(tp_memory_used() < used + 6 * 300000);
    pthread_mutex_lock(&e.mutex);
    e.ended = true;
    pthread_cond_signal(&e.changed);
    pthread_mutex_unlock(&e.mutex);
    pthread_join(thread, NULL);
    tp_region_end(e.region);
    tp_memory_trim();
    CHECK(tp_memory_used() == used);
    CHECK_OK();
}

int main(void)
{
    nesting();
    entering();
    ways_out();
    sizes();
    keeping();
    splicing();
    keeping_without_memory();
    detached();
    thread_roots();
    limits();
    steady();
    beginning_again();
    passing_on();
    tp_finish();
    CHECK(tp_memory_used() == 0);
    if (tp_memory_used())
        printf("%zu bytes are left\n", tp_memory_used());
    return test_end();
}
