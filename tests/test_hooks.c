/* Hooks on tensors: what they see and when, against PyTorch; replacement, removal, failures. */
#include "golden/hooks.h"
#include "taper/taper.h"
#include "test.h"

enum { N_EXPECTED = sizeof expected / sizeof expected[0] };
static int n_seen, n_different;
static double spoilt; /* added to what is compared, to see that the comparison notices */

static void compare(const char *what, tp_tensor *t)
{
    const int i = n_seen++;
    if (i >= N_EXPECTED || strcmp(what, expected[i].what)) {
        printf("call %d is '%s', not '%s'\n", i, what, i < N_EXPECTED ? expected[i].what : "none");
        n_different++;
        return;
    }
    for (int k = 0; k < 3; k++)
        n_different +=
            fabs(tp_at(t, k) + spoilt - expected[i].values[k]) > 1e-12 * fabs(expected[i].values[k]);
}

typedef struct seen {
    const char *what;
    double factor; /* 0: no change */
} seen;

static tp_tensor *see(tp_tensor *gradient, void *argument)
{
    const seen *s = argument;
    compare(s->what, gradient);
    return s->factor != 0 ? tp_mul(gradient, s->factor) : NULL;
}

static tp_status see_after(tp_tensor *leaf, void *argument)
{
    compare(argument, tp_grad(leaf));
    return TP_OK;
}

static void as_pytorch(void)
{
    TP_SCOPE(test);
    static seen first = {"first", 2}, second = {"second", 0}, third = {"third", 0.5}, leaf = {"leaf", 10},
                again = {"leaf again", 0};
    n_seen = n_different = 0;
    tp_tensor *x = tp_requires_grad_(tp_from_array(TP_F64, ((double[]){1, -2, 3}), 3), true);
    CHECK(tp_register_hook(x, see, &leaf) && tp_register_hook(x, see, &again));
    CHECK(tp_register_post_accumulate_grad_hook(x, see_after, "after") != NULL);
    tp_tensor *y = tp_mul(x, x);
    CHECK(tp_register_hook(y, see, &first) != NULL);
    tp_retain_grad(y);
    tp_hook *removed = tp_register_hook(y, see, &second);
    CHECK(tp_register_hook(y, see, &third) != NULL);
    tp_tensor *z = tp_add(tp_mul(y, y), tp_mul(x, y)), *got[2];
    for (int i = 0; i < 2; i++) {
        CHECK(tp_backward(tp_sum(z), .retain_graph = true) == TP_OK);
        compare("y.grad", tp_grad(y));
        compare("x.grad", tp_grad(x));
    }
    tp_hook_remove(removed);
    tp_hook_remove(removed);
    tp_tensor *total = tp_sum(z);
    const tp_gradients_options again_options = {.retain_graph = true}, recorded = {.create_graph = true};
    CHECK(tp_gradients(&total, 1, (tp_tensor *[]){y, x}, 2, NULL, &again_options, got) == TP_OK);
    compare("gradient", got[0]);
    compare("gradient", got[1]);
    tp_zero_grad_of(x);
    total = tp_sum(z);
    CHECK(tp_gradients(&total, 1, &x, 1, NULL, &recorded, got) == TP_OK);
    compare("gradient", got[0]);
    CHECK(tp_backward(tp_sum(tp_mul(got[0], got[0]))) == TP_OK);
    compare("x.grad", tp_grad(x));
    CHECK_OK();
}

static tp_tensor *wrong_shape(tp_tensor *gradient, void *argument)
{
    (void)argument;
    return tp_sum(gradient);
}

static tp_tensor *fails(tp_tensor *gradient, void *argument)
{
    (void)gradient;
    tp_fail(TP_ERROR_VALUE, "%s", (const char *)argument);
    return NULL;
}

static tp_status fails_after(tp_tensor *leaf, void *argument)
{
    (void)leaf;
    return tp_fail(TP_ERROR_VALUE, "%s", (const char *)argument);
}

static tp_tensor *once(tp_tensor *gradient, void *argument)
{
    tp_hook **own = argument;
    tp_hook_remove(*own);
    *own = NULL;
    return tp_neg(gradient);
}

static tp_tensor *keeps(tp_tensor *gradient, void *argument)
{
    *(tp_tensor **)argument = gradient;
    return NULL;
}

static void failures(void)
{
    TP_SCOPE(test);
    tp_tensor *x = tp_requires_grad_(tp_ones(TP_F32, 3), true),
              *w = tp_requires_grad_(tp_ones(TP_F32, 3), true);
    CHECK(!tp_register_hook(tp_ones(TP_F32, 1), see, NULL));
    CHECK_ERROR(TP_ERROR_STATE, "cannot register a hook on a tensor that doesn't require gradient");
    CHECK(!tp_register_hook(x, NULL, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "the function is NULL");
    CHECK(!tp_register_post_accumulate_grad_hook(tp_mul(x, 2), see_after, NULL));
    CHECK_ERROR(TP_ERROR_STATE, "cannot be registered on non-leaf tensors");
    tp_hook_remove(NULL);

    /* No leaf is changed, whichever comes first. */
    tp_hook *hook = tp_register_hook(x, wrong_shape, NULL);
    CHECK(tp_backward(tp_sum(tp_mul(w, x))) == TP_ERROR_SHAPE);
    CHECK_ERROR(TP_ERROR_SHAPE,
                "backward: a hook on a tensor of float32 [3] returned a gradient of float32 []");
    CHECK(!tp_grad(x) && !tp_grad(w));
    tp_hook_remove(hook);
    hook = tp_register_hook(x, fails, "too large");
    CHECK(tp_backward(tp_sum(tp_mul(w, x))) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "backward: too large");
    CHECK(!tp_grad(x) && !tp_grad(w));
    tp_hook_remove(hook);
    tp_tensor *y = tp_mul(x, w);
    CHECK(tp_register_hook(y, fails, "inside") != NULL);
    CHECK(tp_backward(tp_sum(y)) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "inside");
    hook = tp_register_post_accumulate_grad_hook(x, fails_after, "afterwards");
    CHECK(tp_backward(tp_sum(tp_mul(w, x))) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "afterwards");
    CHECK(tp_grad(x) && tp_grad(w));
    tp_hook_remove(hook);

    /* A hook that removes itself acts once. */
    tp_zero_grad_of(x);
    hook = tp_register_hook(x, once, &hook);
    CHECK(tp_backward(tp_sum(tp_mul(x, 3))) == TP_OK && tp_at(tp_grad(x), 0) == -3);
    CHECK(tp_backward(tp_sum(tp_mul(x, 3))) == TP_OK && tp_at(tp_grad(x), 0) == 0 && !hook);

    /* A large gradient that a hook keeps is not recycled. */
    tp_tensor *large = tp_requires_grad_(tp_ones(TP_F32, 4000), true), *doubled = tp_mul(large, 2),
              *kept = NULL;
    CHECK(tp_register_hook(doubled, keeps, &kept) != NULL);
    CHECK(tp_backward(tp_sum(tp_mul(tp_mul(doubled, doubled), 3))) == TP_OK);
    CHECK(kept && tp_at(kept, 3999) == 12 && tp_at(tp_grad(large), 0) == 24);
    CHECK_OK();
}

int main(void)
{
    as_pytorch();
    CHECK(n_different == 0 && n_seen == N_EXPECTED);
    spoilt = 1e-9;
    as_pytorch();
    CHECK(n_different > 0);
    failures();
    tp_finish();
    return test_end();
}
