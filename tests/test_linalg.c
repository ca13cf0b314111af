/* Products, einsum and distances against PyTorch, and what they refuse. */
#include "index_cases.h"

OPERATION(einsum, tp_einsum_n(c->text, c->n, x))
OPERATION(mm, tp_mm(x[0], x[1]))
OPERATION(bmm, tp_bmm(x[0], x[1]))
OPERATION(mv, tp_mv(x[0], x[1]))
OPERATION(dot, tp_dot(x[0], x[1]))
OPERATION(vdot, tp_vdot(x[0], x[1]))
OPERATION(outer, tp_outer(x[0], x[1]))
OPERATION(inner, tp_inner(x[0], x[1]))
OPERATION(kron, tp_kron(x[0], x[1]))
OPERATION(matmul, tp_matmul(x[0], x[1]))
OPERATION(multi_dot, tp_multi_dot(x, c->n))
OPERATION(bilinear, tp_f_bilinear(x[0], x[1], x[2], c->n > 3 ? x[3] : NULL))
OPERATION(tensordot, tp_tensordot(x[0], x[1], (int)a[0]))
OPERATION(tensordot_n, tp_tensordot_n(x[0], x[1], c->n_numbers / 2, ints(c, 0), ints(c, c->n_numbers / 2)))
OPERATION(cross, tp_cross(x[0], x[1], (int)a[0]))
OPERATION(addmm, tp_addmm(x[0], x[1], x[2], .beta = a[0], .alpha = a[1]))
OPERATION(addmv, tp_addmv(x[0], x[1], x[2], .beta = a[0], .alpha = a[1]))
OPERATION(baddbmm, tp_baddbmm(x[0], x[1], x[2], .beta = a[0], .alpha = a[1]))
OPERATION(addbmm, tp_addbmm(x[0], x[1], x[2], .beta = a[0], .alpha = a[1]))
OPERATION(matrix_power, tp_matrix_power(x[0], (int64_t)a[0]))
OPERATION(cdist, tp_cdist(x[0], x[1], a[0]))
OPERATION(normalize, tp_normalize(x[0], .p = a[0], .dim = (int)a[1], .eps = a[2]))
OPERATION(cosine_similarity, tp_cosine_similarity(x[0], x[1], .dim = (int)a[0], .eps = a[1]))
OPERATION(pairwise_distance, tp_pairwise_distance(x[0], x[1], .p = a[0], .eps = a[1], .keepdim = a[2] != 0))

static const index_operation operations[] = {{"einsum", run_einsum, false},
                                             {"mm", run_mm, false},
                                             {"bmm", run_bmm, false},
                                             {"mv", run_mv, false},
                                             {"dot", run_dot, false},
                                             {"vdot", run_vdot, false},
                                             {"outer", run_outer, true},
                                             {"inner", run_inner, false},
                                             {"kron", run_kron, true},
                                             {"matmul", run_matmul, false},
                                             {"multi_dot", run_multi_dot, false},
                                             {"bilinear", run_bilinear, false},
                                             {"tensordot", run_tensordot, false},
                                             {"tensordot_n", run_tensordot_n, false},
                                             {"cross", run_cross, false},
                                             {"addmm", run_addmm, false},
                                             {"addmv", run_addmv, false},
                                             {"baddbmm", run_baddbmm, false},
                                             {"addbmm", run_addbmm, false},
                                             {"matrix_power", run_matrix_power, false},
                                             {"cdist", run_cdist, false},
                                             {"normalize", run_normalize, false},
                                             {"cosine_similarity", run_cosine_similarity, false},
                                             {"pairwise_distance", run_pairwise_distance, false},
                                             {NULL, NULL, false}};

static void equations(void)
{
    TP_SCOPE(equations);
    tp_tensor *a = tp_ones(TP_F64, 2, 3), *b = tp_ones(TP_F64, 3, 4), *v = tp_ones(TP_F64, 3);
    static const struct {
        const char *equation, *piece;
        tp_status code;
    } bad[] = {
        {"i1,jk->ik", "invalid subscript given at index 1 in the equation 'i1,jk->ik'", TP_ERROR_FORMAT},
        {"ij,j.->i", "found '.' for operand 1 that is not part of any ellipsis, at index 4", TP_ERROR_FORMAT},
        {"......,jk", "for which an ellipsis was already found, at index 3", TP_ERROR_FORMAT},
        {"ij,jk,kl->il", "fewer operands were provided (2) than specified", TP_ERROR_FORMAT},
        {"ij->i",
         "more operands were provided (2) than specified in the equation 'ij->i', which ends at index 2 with "
         "1",
         TP_ERROR_FORMAT},
        {"ij,jk->ii", "output subscript i appears more than once in the output, at index 8", TP_ERROR_FORMAT},
        {"ij,jk->iz", "output subscript z does not appear in the equation for any input operand, at index 8",
         TP_ERROR_FORMAT},
        {"ij,jk->ik,", "found ',' at index 9 behind the output", TP_ERROR_FORMAT},
        {"ijk,jk->i", "(3) does not match the number of dimensions (2) for operand 0", TP_ERROR_SHAPE},
        {"ij...x,jk->i", "(3 and an ellipsis) is more than the number of dimensions (2) for operand 0",
         TP_ERROR_SHAPE},
        {"ij,ik->jk", "subscript i has size 2 for operand 0 and size 3 for operand 1", TP_ERROR_SHAPE},
        {"ii,jk->ik", "subscript i is repeated for operand 0 but the sizes don't match, 3 != 2",
         TP_ERROR_SHAPE},
        {"ij,j>k", "invalid subscript given at index 4", TP_ERROR_FORMAT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(!tp_einsum(bad[i].equation, a, b));
        CHECK_ERROR(bad[i].code, bad[i].piece);
    }
    CHECK(!tp_einsum(NULL, a));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "einsum");
    CHECK(!tp_einsum("ij,j", a, tp_to(v, TP_F32)));
    CHECK_ERROR(TP_ERROR_DTYPE, "operand 0 is float64 and operand 1 is float32");
    tp_tensor *wide = tp_ones(TP_F64, 1, 1, 1, 1, 2);
    CHECK(!tp_einsum("abcde,fghij->abcdefghij", wide, wide));
    CHECK_ERROR(TP_ERROR_SHAPE, "more than 8 dimensions");
    CHECK(!tp_einsum("abcde,fghij", wide, wide));
    CHECK_ERROR(TP_ERROR_SHAPE, "more than 8 dimensions");
    CHECK(tp_item(tp_einsum("abcde,fghij->", wide, wide)) == 4);
    CHECK_OK();
}

static void refusals(void)
{
    TP_SCOPE(refusals);
    tp_tensor *a = tp_ones(TP_F64, 2, 3), *b = tp_ones(TP_F64, 3, 4), *v = tp_ones(TP_F64, 3);
    CHECK(!tp_mm(a, v));
    CHECK_ERROR(TP_ERROR_SHAPE, "mm: takes tensors of 2 and 2 dimensions, but they have 2 and 1");
    CHECK(!tp_mm(a, a));
    CHECK_ERROR(TP_ERROR_SHAPE, "cannot be multiplied (2x3 and 2x3)");
    CHECK(!tp_bmm(tp_ones(TP_F64, 2, 1, 3), tp_ones(TP_F64, 1, 3, 1)));
    CHECK_ERROR(TP_ERROR_SHAPE, "batch1 has 2 matrices, and batch2 has 1");
    CHECK(!tp_mm(NULL, a));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "mm");
    CHECK(!tp_tensordot(a, b, 2));
    CHECK_ERROR(TP_ERROR_SHAPE, "first has size 2 in dim 0 and second has size 3 in dim 0");
    CHECK(!tp_inner(a, tp_ones(TP_F64, 2, 1)));
    CHECK_ERROR(TP_ERROR_SHAPE, "inner: the last dimensions must match, and have sizes 3 and 1");
    CHECK(!tp_tensordot(a, b, 3));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "3 dimensions are to go");
    CHECK(!tp_cross(a, b, 0));
    CHECK_ERROR(TP_ERROR_SHAPE, "dimension 0 must have length 3. Got 2 and 3");
    CHECK(!tp_addmm(tp_ones(TP_F64, 5), a, b));
    CHECK_ERROR(TP_ERROR_SHAPE, "addmm: expand");
    CHECK(!tp_addmm(tp_ones(TP_F32, 4), a, b));
    CHECK_ERROR(TP_ERROR_DTYPE, "the input is float32, and the product is float64");
    CHECK(!tp_matrix_power(a, 2));
    CHECK_ERROR(TP_ERROR_SHAPE, "square");
    CHECK(!tp_matrix_power(tp_ones(TP_F64, 2, 2), -1));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "needs an inverse");
    CHECK(!tp_multi_dot((tp_tensor *[]){a, v, b}, 3));
    CHECK_ERROR(TP_ERROR_SHAPE, "tensor 1 must be 2D but got 1D");
    CHECK(!tp_cdist(a, b, 2));
    CHECK_ERROR(TP_ERROR_SHAPE, "are float64 [2, 3] and float64 [3, 4]");
    CHECK(!tp_cdist(a, a, -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "non-negative p values, not -1");
    CHECK(!tp_f_bilinear(a, a, b, NULL));
    CHECK_ERROR(TP_ERROR_SHAPE, "do not fit together");
    /* With beta 0 what the input holds does not matter. */
    tp_tensor *nan = tp_full(TP_F64, NAN, 2, 4);
    CHECK(tp_at(tp_addmm(nan, a, b, .beta = 0), 1, 2) == 3);
    CHECK_OK();
}

/* Many rows at a time give what each alone does: of lengths around those that are turned, and of numbers
 * around those that go side by side. */
static void rows_alone(tp_dtype dtype, int64_t n, int64_t m, int64_t k)
{
    TP_SCOPE(rows_alone);
    tp_tensor *a = tp_randn(dtype, n, k), *b = tp_randn(dtype, m, k), *all = tp_cdist(a, b, 2);
    for (int64_t i = 0; i < n; i++)
        CHECK(tp_equal(tp_narrow(all, 0, i, 1), tp_cdist(tp_narrow(a, 0, i, 1), b, 2)));
}

/* The gradient of many columns is that of each group of columns, in double nearly. */
static void gradient_of_distances(int64_t n, int64_t m, int64_t k)
{
    TP_SCOPE(gradient);
    tp_tensor *a = tp_requires_grad_(tp_randn(TP_F64, n, k), true),
              *b = tp_requires_grad_(tp_randn(TP_F64, m, k), true);
    tp_tensor *y = tp_cdist(a, b, 2), *g = tp_randn(TP_F64, n, m);
    CHECK(tp_backward(y, .gradient = g) == TP_OK);
    tp_tensor *ratio = tp_div(g, tp_detach(y)), *rows = tp_sum_dim(ratio, 1, true),
              *columns = tp_sum_dim(ratio, 0, false);
    tp_tensor *by_a = tp_sub(tp_mul(tp_detach(a), rows), tp_matmul(ratio, tp_detach(b)));
    tp_tensor *by_b =
        tp_sub(tp_mul(tp_detach(b), tp_unsqueeze(columns, 1)), tp_matmul(tp_t(ratio), tp_detach(a)));
    CHECK(tp_allclose(tp_grad(a), by_a, 1e-10, 1e-11));
    CHECK(tp_allclose(tp_grad(b), by_b, 1e-10, 1e-11));
}

static void distances(void)
{
    static const int64_t sizes[][3] = {{9, 21, 7},   {5, 8, 64},   {20, 3, 9},
                                       {4, 17, 256}, {6, 17, 257}, {70, 66, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        rows_alone(TP_F32, sizes[i][0], sizes[i][1], sizes[i][2]);
        rows_alone(TP_F64, sizes[i][0], sizes[i][1], sizes[i][2]);
        gradient_of_distances(sizes[i][0], sizes[i][1], sizes[i][2]);
    }
    CHECK_OK();
}

int main(void)
{
    case_check(TP_SOURCE_DIR "/tests/golden/linalg.pack", operations);
    equations();
    distances();
    refusals();
    tp_finish();
    return test_end();
}
