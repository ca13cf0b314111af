/* Margins and rankings, composed of other operations. */
#include "ops/loss_parts.h"
#include "taper/linalg.h"
#include "taper/losses.h"

#include <math.h>
#include <string.h>

static bool check_pair(const tp_margin_loss_options *o)
{
    tp_tensor *const tensors[2] = {o->input, o->target};
    return tp__check_loss_operands(2, tensors, o->reduction);
}

static tp_tensor *zero_like(const tp_tensor *t)
{
    return tp_scalar((tp_dtype)t->dtype, 0);
}

tp_tensor *tp_hinge_loss_with(const tp_margin_loss_options *o)
{
    if (!o)
        return tp__null_argument("hinge_loss: options"), NULL;
    TP_FRAME("hinge_loss");
    if (!o || !check_pair(o))
        return NULL;
    return tp__reduce_loss(tp__positive_part(tp_rsub(tp_mul(o->target, o->input), o->margin)), o->reduction);
}

tp_tensor *tp_hinge_embedding_loss_with(const tp_margin_loss_options *o)
{
    if (!o)
        return tp__null_argument("hinge_embedding_loss: options"), NULL;
    TP_FRAME("hinge_embedding_loss");
    if (!o || !check_pair(o))
        return NULL;
    tp_tensor *x = o->input, *y = o->target;
    tp_tensor *away = tp_where(tp_ne(y, 1), tp__positive_part(tp_rsub(x, o->margin)), zero_like(x));
    return tp__reduce_loss(tp_add(away, tp_where(tp_ne(y, -1), x, zero_like(x))), o->reduction);
}

tp_tensor *tp_soft_margin_loss_with(const tp_margin_loss_options *o)
{
    if (!o)
        return tp__null_argument("soft_margin_loss: options"), NULL;
    TP_FRAME("soft_margin_loss");
    if (!o || !check_pair(o))
        return NULL;
    /* log(1 + exp(-z)) = 0 - log(sigmoid(z)), which does not overflow, nor become -0. */
    return tp__reduce_loss(tp_rsub(tp_logsigmoid(tp_mul(o->target, o->input)), 0), o->reduction);
}

tp_tensor *tp_multi_margin_loss_with(const tp_margin_loss_options *o)
{
    if (!o)
        return tp__null_argument("multi_margin_loss: options"), NULL;
    TP_FRAME("multi_margin_loss");
    if (!o)
        return NULL;
    tp_tensor *x = o->input, *y = o->target;
    tp_tensor *const one[1] = {x};
    if (!tp__check_loss_operands(1, one, o->reduction))
        return NULL;
    if (!y)
        return tp__null_argument("target"), NULL;
    if (o->p != 1 && o->p != 2)
        return tp__fail_null(TP_ERROR_ARGUMENT, "only p of 1 and 2 are supported, not %d", o->p);
    if (x->ndim != 2 || y->ndim != 1 || y->shape[0] != x->shape[0] || x->shape[1] < 1)
        return tp__fail_null(TP_ERROR_SHAPE,
                             "input [n, classes] and target [n] are wanted; they have %d and %d dimensions",
                             x->ndim, y->ndim);
    const int64_t classes = x->shape[1];
    if (o->weight && (o->weight->ndim != 1 || o->weight->shape[0] != classes))
        return tp__fail_null(TP_ERROR_SHAPE, "the weight must have one element for each of the %lld classes",
                             (long long)classes);
    tp_tensor *own = tp_unsqueeze(y, 1);
    tp_tensor *losses = tp_relu(tp_add(tp_sub(x, tp_gather(x, 1, own)), o->margin));
    if (o->p == 2)
        losses = tp_mul(losses, losses);
    if (o->weight)
        losses = tp_mul(losses, tp_unsqueeze(tp_index_select(o->weight, 0, y), 1));
    /* The class itself does not count. */
    tp_tensor *numbers = losses ? tp_zeros(TP_I64, classes) : NULL;
    for (int64_t k = 0; numbers && k < classes; k++)
        tp_data_i64(numbers)[k] = k;
    losses = losses ? tp_where(tp_ne(own, numbers), losses, zero_like(losses)) : NULL;
    return tp__reduce_loss(tp_div(tp_sum_dim(losses, 1, false), (double)classes), o->reduction);
}

tp_tensor *tp_multilabel_soft_margin_loss_with(const tp_margin_loss_options *o)
{
    if (!o)
        return tp__null_argument("multilabel_soft_margin_loss: options"), NULL;
    TP_FRAME("multilabel_soft_margin_loss");
    if (!o || !check_pair(o))
        return NULL;
    tp_tensor *x = o->input, *y = o->target;
    if (!x->ndim)
        return tp__fail_null(TP_ERROR_SHAPE, "the input has no dimension of classes");
    const int64_t classes = x->shape[x->ndim - 1];
    if (o->weight && (o->weight->ndim != 1 || o->weight->shape[0] != classes))
        return tp__fail_null(TP_ERROR_SHAPE, "the weight must have one element for each of the %lld classes",
                             (long long)classes);
    tp_tensor *right = tp_mul(y, tp_logsigmoid(x));
    tp_tensor *losses = tp_neg(tp_add(right, tp_mul(tp_rsub(y, 1), tp_logsigmoid(tp_neg(x)))));
    if (o->weight)
        losses = tp_mul(losses, o->weight);
    return tp__reduce_loss(tp_div(tp_sum_dim(losses, -1, false), (double)classes), o->reduction);
}

tp_tensor *tp_margin_ranking_loss_with(const tp_ranking_loss_options *o)
{
    if (!o)
        return tp__null_argument("margin_ranking_loss: options"), NULL;
    TP_FRAME("margin_ranking_loss");
    if (!o)
        return NULL;
    tp_tensor *const tensors[3] = {o->input1, o->input2, o->target};
    if (!tp__check_loss_operands(3, tensors, o->reduction))
        return NULL;
    tp_tensor *wrong = tp_mul(tp_neg(o->target), tp_sub(o->input1, o->input2));
    return tp__reduce_loss(tp__positive_part(tp_add(wrong, o->margin)), o->reduction);
}

tp_tensor *tp_cosine_embedding_loss_with(const tp_ranking_loss_options *o)
{
    if (!o)
        return tp__null_argument("cosine_embedding_loss: options"), NULL;
    TP_FRAME("cosine_embedding_loss");
    if (!o)
        return NULL;
    tp_tensor *const tensors[2] = {o->input1, o->input2};
    if (!tp__check_loss_operands(2, tensors, o->reduction))
        return NULL;
    tp_tensor *a = o->input1, *b = o->input2, *y = o->target;
    if (!y)
        return tp__null_argument("target"), NULL;
    if (a->ndim < 1 || a->ndim > 2 || y->ndim != a->ndim - 1 || (y->ndim && y->shape[0] != a->shape[0]))
        return tp__fail_null(
            TP_ERROR_SHAPE,
            "inputs [n, width] and a target [n], or [width] and [], are wanted; they have %d and %d "
            "dimensions",
            a->ndim, y->ndim);
    const double eps = 1e-12F; /* PyTorch's, which is a float for all dtypes */
    tp_tensor *product = tp_sum_dim(tp_mul(a, b), -1, false);
    tp_tensor *squares_a = tp_add(tp_sum_dim(tp_mul(a, a), -1, false), eps);
    tp_tensor *squares_b = tp_add(tp_sum_dim(tp_mul(b, b), -1, false), eps);
    tp_tensor *cosine = tp_div(product, tp_sqrt(tp_mul(squares_a, squares_b)));
    if (!cosine)
        return NULL;
    tp_tensor *alike = tp_where(tp_eq(y, 1), tp_rsub(cosine, 1), zero_like(cosine));
    tp_tensor *different =
        tp_where(tp_eq(y, -1), tp__positive_part(tp_sub(cosine, o->margin)), zero_like(cosine));
    return tp__reduce_loss(tp_add(alike, different), o->reduction);
}

tp_tensor *tp_triplet_margin_loss_with(const tp_triplet_margin_options *o)
{
    if (!o)
        return tp__null_argument("triplet_margin_loss: options"), NULL;
    TP_FRAME("triplet_margin_loss");
    if (!o)
        return NULL;
    tp_tensor *const tensors[3] = {o->anchor, o->positive, o->negative};
    if (!tp__check_loss_operands(3, tensors, o->reduction))
        return NULL;
    if (!o->anchor->ndim)
        return tp__fail_null(TP_ERROR_SHAPE, "vectors are wanted, not single numbers");
    if (!(o->p > 0))
        return tp__fail_null(TP_ERROR_ARGUMENT, "p is %g, and must be above 0", o->p);
    tp_tensor *near = tp_pairwise_distance(o->anchor, o->positive, .p = o->p, .eps = o->eps);
    tp_tensor *far = tp_pairwise_distance(o->anchor, o->negative, .p = o->p, .eps = o->eps);
    if (o->swap)
        far = tp_minimum(far, tp_pairwise_distance(o->positive, o->negative, .p = o->p, .eps = o->eps));
    return tp__reduce_loss(tp__positive_part(tp_add(tp_sub(near, far), o->margin)), o->reduction);
}
