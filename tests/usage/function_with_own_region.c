/* A function with many temporaries gives them a region of its own, and lifts its result out of it: the result
 * has history, so its region's memory goes along, and the caller differentiates it. */
#include "taper/taper.h"
#include "test.h"

/* log(sum(exp(x W))) in a roundabout way. */
static tp_tensor *energy(tp_tensor *x, tp_tensor *W)
{
    TP_SCOPE(energy);
    tp_tensor *total = NULL, *scores = tp_matmul(x, W);
    for (int64_t i = 0; i < tp_size(scores, 0); i++) {
        tp_tensor *e = tp_exp(tp_select(scores, 0, i));
        total = total ? tp_add(total, e) : e;
    }
    return tp_keep(tp_log(total));
}

/* Without history only the value is lifted, and the temporaries go. */
static tp_tensor *norm_of_rows(tp_tensor *x)
{
    TP_SCOPE(norm_of_rows);
    TP_SCOPE_NO_GRAD(norm_of_rows);
    tp_tensor *wide = tp_mul(x, tp_ones(TP_F64, 2000, 1, 1));
    return tp_keep(tp_sqrt(tp_sum_dim(tp_square(tp_select(wide, 0, 7)), 1, false)));
}

int main(void)
{
    tp_manual_seed(4);
    tp_tensor *W = tp_requires_grad_(tp_randn(TP_F64, 5, 9), true), *x = tp_randn(TP_F64, 5);
    for (int i = 0; i < 3; i++) {
        TP_SCOPE(step);
        tp_zero_grad_of(W);
        tp_tensor *E = energy(x, W);
        CHECK(tp_requires_grad(E));
        CHECK(tp_backward(E) == TP_OK);
        tp_tensor *want =
            tp_matmul(tp_unsqueeze(x, 1), tp_unsqueeze(tp_softmax(tp_matmul(x, tp_detach(W)), 0), 0));
        CHECK(tp_allclose(tp_grad(W), want, 1e-12, 1e-14));
        const size_t size = tp_region_size(tp_region_current());
        tp_tensor *norms = norm_of_rows(W);
        CHECK(tp_region_size(tp_region_current()) < size + 20000);
        CHECK(tp_ndim(norms) == 1 && tp_size(norms, 0) == 5 && !tp_requires_grad(norms));
        CHECK_NEAR(tp_at(norms, 2), tp_item(tp_norm(tp_select(tp_detach(W), 0, 2))), 1e-12);
    }
    CHECK_OK();
    tp_finish();
    return test_end();
}
