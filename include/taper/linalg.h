/* Products and distances of tensors. tp_matmul and tp_f_linear stand in ops.h; products of CSR matrices in
 * sparse.h.
 *
 * Names and meanings are PyTorch's; see ops.h for what holds of every operation. Matrix products take
 * floating types, all operands of one dtype; tp_outer, tp_kron and tp_einsum take integers, too. */
#ifndef TAPER_LINALG_H
#define TAPER_LINALG_H

#include "taper/autograd.h"

/* Tensors as the two arguments (count, pointer). */
#ifdef __cplusplus
namespace taper
{
template <class... T> struct tensor_list {
    tp_tensor *values[sizeof...(T) ? sizeof...(T) : 1];
    explicit tensor_list(T... t) : values{t...} {}
    operator tp_tensor * const *() const { return values; }
};
template <class... T> tensor_list<T...> make_tensors(T... t)
{
    return tensor_list<T...>(t...);
}
} // namespace taper
#define TP_TENSORS(...) TP_COUNT_(__VA_ARGS__), taper::make_tensors(__VA_ARGS__)
#else
#define TP_TENSORS(...)                                                                          \
    (int)(sizeof((tp_tensor *const[]){__VA_ARGS__}) / sizeof(tp_tensor *)), (tp_tensor *const[]) \
    {                                                                                            \
        __VA_ARGS__                                                                              \
    }
#endif

TP_BEGIN

/* ---- Products of two ---- */

/* [n, k] [k, m]; [b, n, k] [b, k, m]; [n, k] [k]; [k] [k]. TP_ERROR_SHAPE for other ranks. */
TP_API tp_tensor *tp_mm(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_bmm(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_mv(tp_tensor *a, tp_tensor *x);
TP_API tp_tensor *tp_dot(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_vdot(tp_tensor *a, tp_tensor *b);
/* Each element of a vector with each of another: [n] [m] gives [n, m]. */
TP_API tp_tensor *tp_outer(tp_tensor *a, tp_tensor *b);
/* Summed over the last dimension of both; with a scalar, the product. */
TP_API tp_tensor *tp_inner(tp_tensor *a, tp_tensor *b);
/* Summed over the last `dims` dimensions of a and the first of b; over pairs of named ones. One dimension of
 * a pair may have size 1, and is repeated. */
TP_API tp_tensor *tp_tensordot(tp_tensor *a, tp_tensor *b, int dims);
TP_API tp_tensor *tp_tensordot_n(tp_tensor *a, tp_tensor *b, int n, const int *dims_a, const int *dims_b);
/* The Kronecker product; missing dimensions count as 1, in front. */
TP_API tp_tensor *tp_kron(tp_tensor *a, tp_tensor *b);
/* The cross product of vectors of 3 along `dim`; the other dimensions broadcast. */
TP_API tp_tensor *tp_cross(tp_tensor *a, tp_tensor *b, int dim);

/* ---- A product added to a tensor ---- */

typedef struct tp_add_product_options {
#ifdef __cplusplus
    tp_tensor *input = nullptr;
    tp_tensor *a = nullptr;
    tp_tensor *b = nullptr;
    double beta = 1, alpha = 1;
#else
    tp_tensor *input; /* broadcasts to the result */
    tp_tensor *a, *b;
    double beta,
        alpha; /* beta * input + alpha * (a b); with beta 0 the input's elements are ignored, even NaN */
#endif
} tp_add_product_options;

/* With a b as of tp_mm, tp_mv, tp_bmm, or tp_bmm summed over its first dimension. */
TP_API tp_tensor *tp_addmm_with(const tp_add_product_options *options);
TP_API tp_tensor *tp_addmv_with(const tp_add_product_options *options);
TP_API tp_tensor *tp_baddbmm_with(const tp_add_product_options *options);
TP_API tp_tensor *tp_addbmm_with(const tp_add_product_options *options);
#ifndef __cplusplus
#define TP_ADD_PRODUCT(function, ...)                                                     \
    TP_WITH_OPTIONS(tp_tensor *, function, tp_add_product_options, .beta = 1, .alpha = 1, \
                    .input = __VA_ARGS__)
/* tp_addmm(input, a, b, .alpha = 0.5), and so on. */
#define tp_addmm(...) TP_ADD_PRODUCT(tp_addmm_with, __VA_ARGS__)
#define tp_addmv(...) TP_ADD_PRODUCT(tp_addmv_with, __VA_ARGS__)
#define tp_baddbmm(...) TP_ADD_PRODUCT(tp_baddbmm_with, __VA_ARGS__)
#define tp_addbmm(...) TP_ADD_PRODUCT(tp_addbmm_with, __VA_ARGS__)
#endif

/* ---- Products of several ---- */

/* The product of n matrices, in the order of fewest multiplications; the first and the last may be vectors.
 */
TP_API tp_tensor *tp_multi_dot(tp_tensor *const *tensors, int n);
/* The n-th power of square matrices, n at least 0. */
TP_API tp_tensor *tp_matrix_power(tp_tensor *x, int64_t n);

/* torch.einsum: "ij,jk->ik". Each operand's subscripts are letters, and "..." for dimensions that broadcast;
 * a letter that stands twice at one operand takes the diagonal; what does not stand behind "->" is summed
 * over. Without "->" the result has "..." and then, in the order of the alphabet (capitals first), the
 * letters that stand once. Operands are multiplied from the left to the right. TP_ERROR_FORMAT says what is
 * wrong with the equation, and where. tp_einsum("ij,jk->ik", a, b). */
TP_API tp_tensor *tp_einsum_n(const char *equation, int n, tp_tensor *const *operands);
#define tp_einsum(equation, ...) tp_einsum_n(equation, TP_TENSORS(__VA_ARGS__))

/* y[..., o] = sum over i and j of x1[..., i] weight[o, i, j] x2[..., j], plus bias[o] unless it is NULL:
 * torch.nn.functional.bilinear. */
TP_API tp_tensor *tp_f_bilinear(tp_tensor *x1, tp_tensor *x2, tp_tensor *weight, tp_tensor *bias);

/* ---- Distances ---- */

/* The p-norm distances of all rows of a [..., n, k] and b [..., m, k]: [..., n, m]. p is 0 or more, or
 * INFINITY. The gradient at distance 0 is 0. */
TP_API tp_tensor *tp_cdist(tp_tensor *a, tp_tensor *b, double p);

typedef struct tp_similarity_options {
#ifdef __cplusplus
    tp_tensor *a = nullptr;
    tp_tensor *b = nullptr;
    double p = 2;
    int dim = 1;
    double eps = 0;
    bool keepdim = false;
#else
    tp_tensor *a, *b;
    double p;     /* not for cosine_similarity; above 0, or INFINITY */
    int dim;      /* cosine_similarity and normalize: along this dimension; 1 */
    double eps;   /* see each */
    bool keepdim; /* pairwise_distance: the last dimension stays with size 1 */
#endif
} tp_similarity_options;

/* a / max(p-norm along dim, eps), eps = 1e-12: torch.nn.functional.normalize. `b` is NULL. */
TP_API tp_tensor *tp_normalize_with(const tp_similarity_options *options);
/* The inner product of a / max(|a|, eps) and b / max(|b|, eps) along dim, eps = 1e-8. They broadcast. */
TP_API tp_tensor *tp_cosine_similarity_with(const tp_similarity_options *options);
/* The p-norm of a - b + eps along the last dimension, eps = 1e-6. They broadcast. */
TP_API tp_tensor *tp_pairwise_distance_with(const tp_similarity_options *options);
#ifndef __cplusplus
#define TP_SIMILARITY(function, default_eps, ...)                                                       \
    TP_WITH_OPTIONS(tp_tensor *, function, tp_similarity_options, .p = 2, .dim = 1, .eps = default_eps, \
                    .a = __VA_ARGS__)
/* tp_normalize(x, .dim = -1); tp_cosine_similarity(a, b, .dim = 0); tp_pairwise_distance(a, b, .p = 1). */
#define tp_normalize(...) TP_SIMILARITY(tp_normalize_with, 1e-12, __VA_ARGS__)
#define tp_cosine_similarity(...) TP_SIMILARITY(tp_cosine_similarity_with, 1e-8, __VA_ARGS__)
#define tp_pairwise_distance(...) TP_SIMILARITY(tp_pairwise_distance_with, 1e-6, __VA_ARGS__)
#endif

TP_CLOSE

#ifdef __cplusplus
#define TP_ADD_PRODUCT_OVERLOAD(name)                                           \
    static inline tp_tensor *name(tp_tensor *input, tp_tensor *a, tp_tensor *b, \
                                  tp_add_product_options options = {})          \
    {                                                                           \
        options.input = input;                                                  \
        options.a = a;                                                          \
        options.b = b;                                                          \
        return name##_with(&options);                                           \
    }
TP_ADD_PRODUCT_OVERLOAD(tp_addmm)
TP_ADD_PRODUCT_OVERLOAD(tp_addmv)
TP_ADD_PRODUCT_OVERLOAD(tp_baddbmm)
TP_ADD_PRODUCT_OVERLOAD(tp_addbmm)
#undef TP_ADD_PRODUCT_OVERLOAD
static inline tp_similarity_options tp_similarity_defaults(double eps)
{
    tp_similarity_options options;
    options.eps = eps;
    return options;
}
static inline tp_tensor *tp_normalize(tp_tensor *x,
                                      tp_similarity_options options = tp_similarity_defaults(1e-12))
{
    options.a = x;
    return tp_normalize_with(&options);
}
#define TP_SIMILARITY_OVERLOAD(name, eps)                                                      \
    static inline tp_tensor *name(tp_tensor *a, tp_tensor *b,                                  \
                                  tp_similarity_options options = tp_similarity_defaults(eps)) \
    {                                                                                          \
        options.a = a;                                                                         \
        options.b = b;                                                                         \
        return name##_with(&options);                                                          \
    }
TP_SIMILARITY_OVERLOAD(tp_cosine_similarity, 1e-8)
TP_SIMILARITY_OVERLOAD(tp_pairwise_distance, 1e-6)
#undef TP_SIMILARITY_OVERLOAD
#endif

#endif
