/* What is printed as grad_fn of each operation's result is PyTorch's; the list is written by
 * golden/node_names.py. */
#include "taper/taper.h"
#include "test.h"

static bool sabotage; /* expects another name */
static int names, noticed;

static tp_tensor *other; /* the second result of the operations with two */
static tp_tensor *other_of(tp_tensor *first)
{
    return first ? other : NULL;
}

static void check(const char *wanted, const char *operation, const tp_tensor *y)
{
    const char *got = y ? tp_grad_fn(y) : tp_error_message();
    const bool same = got && !strcmp(got, sabotage ? "SabotageBackward0" : wanted);
    names++;
    if (sabotage) {
        noticed += !same;
        return;
    }
    if (!same)
        fprintf(stderr, "%s: %s, and PyTorch's is %s\n", operation, got ? got : "none", wanted);
    CHECK(same);
}

static tp_tensor *drawn(int ndim, const int64_t *shape)
{
    return tp_requires_grad_(tp_rand_n(TP_F64, NULL, ndim, shape), true);
}
#define DRAWN(...) \
    drawn((int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]){__VA_ARGS__})

static void check_all(void)
{
    TP_SCOPE(all);
    tp_tensor *x = DRAWN(2, 3), *y = DRAWN(2, 3), *p = DRAWN(2, 3), *c = DRAWN(1, 3), *s = DRAWN(3, 3),
              *s4 = DRAWN(2, 4), *b = DRAWN(2, 3, 3), *v = DRAWN(3), *one = DRAWN(1);
    tp_tensor *i = tp_from_text(TP_I64, "[0, 1]"),
              *m = tp_from_text(TP_BOOL, "[[true, false, true], [true, false, true]]"),
              *m01 = tp_from_text(TP_F64, "[[1, 0, 1], [1, 0, 1]]");
#define NAMED(name, ...) check(#name, #__VA_ARGS__, __VA_ARGS__);
#include "golden/node_names.h"
    CHECK_OK();
}

int main(void)
{
    tp_manual_seed(1);
    check_all();
    names = 0;
    sabotage = true;
    check_all();
    CHECK(noticed == names && names > 200);
    printf("%d names of nodes\n", names);
    tp_finish();
    return test_end();
}
