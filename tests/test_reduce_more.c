/* Reductions over any dimensions, cumulative operations, order and counting against PyTorch; long rows
 * against the C library's sort; threads. */
#include "operation_cases.h"

#include "backend/cpu/isa.h"
#include "backend/cpu/table.h"
#include "base/memory.h"

static tp_tensor *input(const golden_case *c)
{
    return c->inputs[0];
}

/* numbers: keepdim, something else, dimensions. */
#define OVER_SOME(name)                                                                       \
    static tp_tensor *run_##name(golden_case *c)                                              \
    {                                                                                         \
        int dims[TP_MAX_DIMS];                                                                \
        const int n = dims_of(c, dims);                                                       \
        return n || c->numbers[0] != 0 ? tp_##name##_n(input(c), n, dims, c->numbers[0] != 0) \
                                       : tp_##name(input(c));                                 \
    }

static int dims_of(const golden_case *c, int dims[TP_MAX_DIMS])
{
    for (int i = 2; i < c->n_numbers; i++)
        dims[i - 2] = (int)c->numbers[i];
    return c->n_numbers > 2 ? c->n_numbers - 2 : 0;
}
OVER_SOME(amax)
OVER_SOME(amin)
OVER_SOME(nansum)
OVER_SOME(nanmean)
OVER_SOME(any)
OVER_SOME(all)
OVER_SOME(count_nonzero)

static tp_tensor *run_norm(golden_case *c)
{
    int dims[TP_MAX_DIMS];
    const int n = dims_of(c, dims);
    const double p = fabs(c->numbers[1]) < 1e300 ? c->numbers[1] : copysign((double)INFINITY, c->numbers[1]);
    return tp_norm_n(input(c), p, n, dims, c->numbers[0] != 0);
}

static tp_tensor *run_var_mean(golden_case *c)
{
    int dims[TP_MAX_DIMS];
    const int n = dims_of(c, dims);
    return tp_var_mean_n(input(c), n, dims, 1, c->numbers[0] != 0, &c->outputs[1]);
}

static tp_tensor *run_std_mean(golden_case *c)
{
    int dims[TP_MAX_DIMS];
    const int n = dims_of(c, dims);
    return tp_std_mean_n(input(c), n, dims, 0, c->numbers[0] != 0, &c->outputs[1]);
}

#define DIM (int)c->numbers[0]
#define KEEP c->numbers[1] != 0
#define PLACES &c->outputs[1]
#define RUN(name, expression)                    \
    static tp_tensor *run_##name(golden_case *c) \
    {                                            \
        return expression;                       \
    }
RUN(prod, tp_prod_dim(input(c), DIM, KEEP))
RUN(prod_all, tp_prod(input(c)))
RUN(cumsum, tp_cumsum(input(c), DIM))
RUN(cumprod, tp_cumprod(input(c), DIM))
RUN(logcumsumexp, tp_logcumsumexp(input(c), DIM))
RUN(cummax, tp_cummax(input(c), DIM, PLACES))
RUN(cummin, tp_cummin(input(c), DIM, PLACES))
RUN(diff, tp_diff(input(c), DIM))
RUN(softmin, tp_softmin(input(c), DIM))
RUN(logsumexp, tp_logsumexp_dim(input(c), DIM, KEEP))
RUN(sort, tp_sort(input(c), DIM, c->numbers[2] != 0, PLACES))
RUN(argsort, tp_argsort(input(c), DIM, false))
RUN(median, tp_median_dim(input(c), DIM, KEEP, PLACES))
RUN(median_values, tp_median_dim(input(c), DIM, KEEP, NULL))
RUN(median_all, tp_median(input(c)))
RUN(nanmedian, tp_nanmedian_dim(input(c), DIM, KEEP, PLACES))
RUN(nanmedian_all, tp_nanmedian(input(c)))
RUN(mode, tp_mode(input(c), DIM, KEEP, NULL))
RUN(aminmax, tp_aminmax_dim(input(c), DIM, KEEP, PLACES))
RUN(quantile, tp_quantile_dim(input(c), c->numbers[2], DIM, KEEP))
RUN(quantile_all, tp_quantile(input(c), c->numbers[0]))
RUN(topk, tp_topk(input(c), (int64_t)c->numbers[2], DIM, KEEP, PLACES))
RUN(kthvalue, tp_kthvalue(input(c), (int64_t)c->numbers[2], DIM, KEEP, PLACES))
RUN(quantiles, tp_quantiles(input(c), c->inputs[1], DIM, KEEP, (tp_interpolation)(int)c->numbers[2]))
RUN(nanquantiles, tp_nanquantiles(input(c), c->inputs[1], DIM, KEEP, (tp_interpolation)(int)c->numbers[2]))
RUN(unique_dim, tp_unique_dim(input(c), DIM, PLACES, &c->outputs[2]))
RUN(unique_consecutive_dim, tp_unique_consecutive_dim(input(c), DIM, PLACES, &c->outputs[2]))
RUN(unique, tp_unique(input(c), PLACES, &c->outputs[2]))
RUN(unique_consecutive, tp_unique_consecutive(input(c), PLACES, &c->outputs[2]))
RUN(argmax_all, tp_argmax_all(input(c)))
RUN(argmin_all, tp_argmin_all(input(c)))
RUN(searchsorted, tp_searchsorted(input(c), c->inputs[1], c->numbers[0] != 0))
RUN(bucketize, tp_bucketize(c->inputs[1], input(c), c->numbers[0] != 0))
RUN(bincount, tp_bincount(input(c), c->n_inputs > 1 ? c->inputs[1] : NULL, (int64_t)c->numbers[0]))
RUN(histc, tp_histc(input(c), (int64_t)c->numbers[0], c->numbers[1], c->numbers[2]))
RUN(cov, tp_cov(input(c), (int64_t)c->numbers[0]))
RUN(corrcoef, tp_corrcoef(input(c)))
RUN(var, tp_var(input(c)))
RUN(std, tp_std(input(c)))

static const golden_operation operations[] = {
    {"amax", run_amax, true, 0},
    {"amin", run_amin, true, 0},
    {"nansum", run_nansum, false, 0},
    {"nanmean", run_nanmean, false, 0},
    {"any", run_any, true, 0},
    {"all", run_all, true, 0},
    {"count_nonzero", run_count_nonzero, true, 0},
    {"norm", run_norm, false, 1},
    {"var_mean", run_var_mean, false, 0},
    {"std_mean", run_std_mean, false, 0},
    {"prod", run_prod, false, 1},
    {"prod_all", run_prod_all, false, 1},
    {"cumsum", run_cumsum, true, 0},
    {"cumprod", run_cumprod, true, 0},
    {"logcumsumexp", run_logcumsumexp, false, 1},
    {"cummax", run_cummax, true, 0},
    {"cummin", run_cummin, true, 0},
    {"diff", run_diff, true, 0},
    {"softmin", run_softmin, false, 1},
    {"logsumexp", run_logsumexp, false, 0},
    {"sort", run_sort, true, 0},
    {"argsort", run_argsort, true, 0},
    {"median", run_median, true, 0},
    {"median_values", run_median_values, true, 0},
    {"median_all", run_median_all, true, 0},
    {"nanmedian", run_nanmedian, true, 0},
    {"nanmedian_all", run_nanmedian_all, true, 0},
    {"mode", run_mode, true, 0},
    {"mode_values", run_mode, true, 0},
    {"aminmax", run_aminmax, true, 0},
    {"quantile", run_quantile, false, 0},
    {"quantile_all", run_quantile_all, false, 0},
    {"topk", run_topk, true, 0},
    {"topk_values", run_topk, true, 0},
    {"kthvalue", run_kthvalue, true, 0},
    {"kthvalue_values", run_kthvalue, true, 0},
    {"quantiles", run_quantiles, false, 0},
    {"nanquantiles", run_nanquantiles, false, 0},
    {"unique_dim", run_unique_dim, true, 0},
    {"unique_consecutive_dim", run_unique_consecutive_dim, true, 0},
    {"unique", run_unique, true, 0},
    {"unique_consecutive", run_unique_consecutive, true, 0},
    {"argmax_all", run_argmax_all, true, 0},
    {"argmin_all", run_argmin_all, true, 0},
    {"searchsorted", run_searchsorted, true, 0},
    {"bucketize", run_bucketize, true, 0},
    {"bincount", run_bincount, true, 0},
    {"histc", run_histc, true, 0},
    {"cov", run_cov, false, 0},
    {"corrcoef", run_corrcoef, false, 0},
    {"var", run_var, false, 0},
    {"std", run_std, false, 0},
    {NULL, NULL, false, 0},
};

static void check_errors(void)
{
    TP_SCOPE(errors);
    tp_tensor *x = tp_ones(TP_F32, 2, 3), *empty = tp_zeros(TP_F32, 0, 3), *whole = tp_ones(TP_I64, 3);
    tp_tensor *truth = tp_ones(TP_BOOL, 3), *places = x, *other = x;
    CHECK(!tp_amax(empty));
    CHECK_ERROR(TP_ERROR_SHAPE, "amax: Expected reduction dim to be specified for input.numel() == 0");
    CHECK(!tp_amin_dim(empty, 0, false));
    CHECK_ERROR(TP_ERROR_INDEX, "amin: Expected reduction dim 0 to have non-zero size.");
    CHECK(!tp_amax_n(x, TP_DIMS(0, -2), false));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "amax: dim 0 appears multiple times in the list of dims");
    CHECK(!tp_aminmax(empty, &places) && !places);
    CHECK_ERROR(TP_ERROR_SHAPE, "aminmax: amax: Expected reduction dim");
    CHECK(!tp_argmax_all(empty));
    CHECK_ERROR(TP_ERROR_INDEX, "argmax: Expected reduction dim to be specified for input.numel() == 0.");
    CHECK(!tp_norm_dim(whole, 2, 0, false));
    CHECK_ERROR(TP_ERROR_DTYPE, "norm: Expected a floating point tensor as input. Got int64");
    CHECK(!tp_norm_n(empty, -INFINITY, 0, NULL, false));
    CHECK_ERROR(TP_ERROR_SHAPE, "norm: cannot compute the -inf norm on dimension 0");
    CHECK(!tp_nanmean(whole));
    CHECK_ERROR(TP_ERROR_DTYPE, "nanmean: expected input to have floating point dtype but got int64");
    CHECK(!tp_cumsum(x, 2));
    CHECK_ERROR(TP_ERROR_INDEX, "cumsum: Dimension out of range (expected to be in range of [-2, 1]");
    CHECK(!tp_cummax(x, -3, &places) && !places);
    CHECK_ERROR(TP_ERROR_INDEX, "cummax: Dimension out of range");
    CHECK(!tp_logcumsumexp(whole, 0));
    CHECK_ERROR(TP_ERROR_DTYPE, "logcumsumexp: the input must have a floating dtype, not int64");
    CHECK(!tp_diff(tp_scalar(TP_F32, 1), 0));
    CHECK_ERROR(TP_ERROR_SHAPE, "diff: expects input to be at least one-dimensional");
    CHECK(!tp_topk(x, 4, 1, true, &places) && !places);
    CHECK_ERROR(TP_ERROR_VALUE, "topk: selected index k out of range: 4 of 3");
    CHECK(!tp_kthvalue(x, 0, 1, false, NULL));
    CHECK_ERROR(TP_ERROR_VALUE, "kthvalue: selected number k out of range for dimension 1: 0 of 3");
    CHECK(!tp_median(truth));
    CHECK_ERROR(TP_ERROR_DTYPE, "median: is not implemented for bool");
    CHECK(!tp_median_dim(empty, 0, false, NULL));
    CHECK_ERROR(TP_ERROR_INDEX, "median: Expected reduction dim 0 to have non-zero size.");
    CHECK(!tp_quantile(x, 1.5));
    CHECK_ERROR(TP_ERROR_VALUE, "quantile: q must be in the range [0, 1] but got 1.5");
    CHECK(!tp_quantiles(x, tp_from_text(TP_F32, "[0.5, -0.5]"), 0, false, TP_LINEAR));
    CHECK_ERROR(TP_ERROR_VALUE, "quantile: q must be in the range [0, 1] but got -0.5");
    CHECK(!tp_nanquantiles(x, tp_scalar(TP_F64, 0.5), 0, false, TP_LINEAR));
    CHECK_ERROR(TP_ERROR_DTYPE,
                "nanquantile: q tensor must be same dtype as the input tensor, float32, and is float64");
    CHECK(!tp_quantiles(x, tp_ones(TP_F32, 1, 2), 0, false, TP_LINEAR));
    CHECK_ERROR(TP_ERROR_SHAPE, "q must be a scalar or 1D tensor, and has 2 dimensions");
    CHECK(!tp_quantiles(x, tp_scalar(TP_F32, 1), 0, false, (tp_interpolation)5));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "5 is no interpolation");
    CHECK(!tp_quantiles(x, NULL, 0, false, TP_LINEAR));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "q");
    CHECK(!tp_unique_dim(x, 2, NULL, NULL));
    CHECK_ERROR(TP_ERROR_INDEX, "unique: ");
    CHECK(!tp_unique_dim(tp_zeros(TP_F32, 2, 0), 0, NULL, NULL));
    CHECK_ERROR(TP_ERROR_SHAPE, "there are 2 slices without an element");
    CHECK(!tp_quantile(empty, 0.5));
    CHECK_ERROR(TP_ERROR_SHAPE, "quantile: input tensor must be non-empty");
    CHECK(!tp_quantile_dim(whole, 0.5, 0, false));
    CHECK_ERROR(TP_ERROR_DTYPE, "quantile: input tensor must be either float or double dtype, not int64");
    CHECK(!tp_bincount(tp_from_array(TP_I64, ((int64_t[]){1, -1}), 2), NULL, 0));
    CHECK_ERROR(TP_ERROR_VALUE,
                "bincount: only supports 1-d non-negative integral inputs, and element 1 is -1");
    CHECK(!tp_bincount(x, NULL, 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "not 2 dimensions of float32");
    CHECK(!tp_bincount(whole, x, 0));
    CHECK_ERROR(TP_ERROR_SHAPE, "weights should be 1-d and have the same length as input");
    CHECK(!tp_bincount(whole, NULL, -1));
    CHECK_ERROR(TP_ERROR_VALUE, "minlength should be >= 0");
    CHECK(!tp_bincount(tp_from_array(TP_I64, ((int64_t[]){INT64_MAX}), 1), NULL, 0));
    CHECK(tp_error() != TP_OK);
    tp_clear_error();
    CHECK(!tp_histc(tp_full(TP_F32, NAN, 2), 3, 0, 0));
    CHECK_ERROR(TP_ERROR_VALUE, "histc: range of [nan, nan] is not finite");
    CHECK(!tp_bucketize(x, x, false));
    CHECK_ERROR(TP_ERROR_SHAPE, "bucketize: boundaries tensor must be 1 dimension, but got dim(2)");
    CHECK(!tp_cov(tp_ones(TP_F32, 2, 2, 2), 1));
    CHECK_ERROR(TP_ERROR_SHAPE,
                "cov: expected input to have two or fewer dimensions but got an input with 3");
    CHECK(!tp_amax(NULL) && !tp_cumsum(NULL, 0) && !tp_diff(NULL, 0) && !tp_sort(NULL, 0, false, &places) &&
          !places);
    CHECK(!tp_argsort(NULL, 0, false) && !tp_topk(NULL, 1, 0, true, NULL) && !tp_median(NULL));
    CHECK(!tp_mode(NULL, 0, false, NULL) && !tp_quantile(NULL, 0.5) && !tp_unique(NULL, &other, NULL) &&
          !other);
    CHECK(!tp_searchsorted(NULL, x, false) && !tp_bincount(NULL, NULL, 0) && !tp_histc(NULL, 2, 0, 0));
    CHECK(!tp_cov(NULL, 1) && !tp_corrcoef(NULL) && !tp_norm_dim(NULL, 2, 0, false) && !tp_softmin(NULL, 0));
    CHECK(!tp_any_dim(NULL, 0, false) && !tp_count_nonzero(NULL) && !tp_nansum(NULL) && !tp_nanmean(NULL));
    CHECK(!tp_var_mean_n(NULL, 0, NULL, 1, false, &places) && !tp_argmin_all(NULL) &&
          !tp_prod_dim(NULL, 0, false));
    tp_clear_error();
}

/* ---- Long rows against the C library ---- */

static const double *compared;
static bool compared_descending;

static int by_value(const void *a, const void *b)
{
    const int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;
    const double x = compared[i], y = compared[j];
    const int order = x != x ? y == y : y != y ? -1 : (x > y) - (x < y);
    return order ? (compared_descending ? -order : order) : (i > j) - (i < j);
}

/* All lengths at which sorting changes its ways, few different values, in all types. */
/* Sums begin at 0, limits leave a -0 that lies on them. */
static void check_negative_zero(void)
{
    TP_SCOPE(zero);
    for (int wide = 0; wide < 2; wide++) {
        const tp_dtype dtype = wide ? TP_F64 : TP_F32;
        CHECK(signbit(tp_item(tp_cumsum(tp_scalar(dtype, -0.0), 0))));
        for (int columns = 1; columns < 3; columns++) {
            tp_tensor *x = tp_full(dtype, -0.0, 3, columns);
            CHECK(!signbit(tp_at(tp_cumsum(x, 0), 0, 0)) && !signbit(tp_at(tp_cumsum(x, 0), 2, columns - 1)));
            CHECK(!signbit(tp_at(tp_logcumsumexp(x, 0), 0, columns - 1)));
            CHECK(signbit(tp_at(tp_cumprod(x, 0), 0, 0)));
            CHECK(signbit(tp_at(tp_clamp(x, 0, 1), 1, 0)) && signbit(tp_at(tp_clamp(x, -1, 0), 2, 0)));
            CHECK(signbit(tp_at(tp_elu(x, -1), 0, 0)) && !signbit(tp_at(tp_elu(tp_abs(x), -1), 0, 0)));
        }
    }
    CHECK_OK();
}

static void check_order(void)
{
    static const int64_t lengths[] = {1, 2, 23, 24, 25, 47, 49, 100, 1536, 1537, 5000};
    static const tp_dtype dtypes[] = {TP_U8, TP_I32, TP_I64, TP_F32, TP_F64};
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++)
        for (size_t t = 0; t < sizeof dtypes / sizeof dtypes[0]; t++)
            for (int descending = 0; descending < 2; descending++) {
                TP_SCOPE(row);
                const int64_t n = lengths[k];
                const bool is_float = tp_dtype_is_float(dtypes[t]);
                tp_tensor *wide = tp_rand(TP_F64, n);
                wide = tp_mul(tp_sub(wide, dtypes[t] == TP_U8 ? 0.0 : 0.5), n % 2 ? 40.0 : 300.0);
                tp_tensor *x = tp_to(wide, dtypes[t]), *order, *top, *k_index;
                if (is_float)
                    x = tp_masked_fill(tp_round(x), tp_gt(wide, 120.0), NAN);
                compared = tp_data_f64(tp_to(x, TP_F64));
                compared_descending = descending;
                int64_t *want = malloc((size_t)n * sizeof *want);
                for (int64_t i = 0; i < n; i++)
                    want[i] = i;
                qsort(want, (size_t)n, sizeof *want, by_value);
                CHECK(tp_sort(x, 0, descending, &order));
                CHECK(order && !memcmp(tp_data_i64(order), want, (size_t)n * sizeof *want));
                for (int64_t part = 1; part <= n; part = part * 3 + 1) {
                    CHECK(tp_topk(x, part, 0, descending, &top));
                    CHECK(top && !memcmp(tp_data_i64(top), want, (size_t)part * sizeof *want));
                    if (descending)
                        continue;
                    int64_t first = part - 1; /* of its equals */
                    const double v = compared[want[first]];
                    while (first &&
                           (compared[want[first - 1]] == v || (isnan(v) && isnan(compared[want[first - 1]]))))
                        first--;
                    CHECK(tp_kthvalue(x, part, 0, false, &k_index));
                    CHECK(tp_item_i64(k_index) == want[first]);
                }
                free(want);
            }
    CHECK_OK();
}

/* Rows that are scanned side by side give what each gives alone. */
static void check_rows_alone(void)
{
    for (int wide = 0; wide < 2; wide++) {
        TP_SCOPE(rows);
        tp_tensor *x = tp_mul(tp_randn(wide ? TP_F64 : TP_F32, 37, 50), 30), *all = tp_logcumsumexp(x, 1);
        for (int64_t i = 0; i < 37; i++)
            CHECK(tp_equal(tp_select(all, 0, i), tp_logcumsumexp(tp_select(x, 0, i), 0)));
    }
}

/* Integers near one another, and from end to end. */
static void check_integers_sorted(void)
{
    TP_SCOPE(integers);
    tp_tensor *indices;
    for (int wide = 0; wide < 3; wide++)
        for (int descending = 0; descending < 2; descending++) {
            tp_tensor *x = tp_contiguous(tp_randint(-3000, 3000, 2, 700));
            if (wide) {
                tp_data_i64(x)[5] = wide == 1 ? (int64_t)1 << 40 : INT64_MAX;
                tp_data_i64(x)[900] = wide == 1 ? -1 : INT64_MIN;
            }
            tp_tensor *y = tp_sort(x, 1, descending, &indices);
            tp_tensor *before = tp_narrow(y, 1, 0, 699), *after = tp_narrow(y, 1, 1, 699);
            CHECK(tp_item(tp_all(descending ? tp_ge(before, after) : tp_le(before, after))) == 1);
            CHECK(tp_equal(y, tp_gather(x, 1, indices)));
            CHECK(
                tp_equal(tp_sort(indices, 1, false, NULL), tp_expand(tp_arange(TP_I64, 0, 700, 1), 2, 700)));
        }
    CHECK_OK();
}

/* The same bits for any number of threads. */
static void check_threads(void)
{
    static const int64_t shapes[][2] = {{300, 501}, {501, 300}, {3, 100000}, {100000, 3}};
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        TP_SCOPE(threads);
        enum { MOST = 32 };
        tp_tensor *x = tp_randn_n(TP_F32, NULL, 2, shapes[k]), *results[2][MOST], *i;
        int n = 0;
        for (int pass = 0; pass < 2; pass++) {
            tp_tensor **y = results[pass];
            n = 0;
            tp_set_num_threads(pass ? 4 : 1);
            for (int d = 0; d < 2; d++) {
                y[n++] = tp_cumsum(x, d);
                y[n++] = tp_logcumsumexp(x, d);
                y[n++] = tp_amax_dim(x, d, false);
                y[n++] = tp_norm_dim(x, 3, d, false);
                y[n++] = tp_sort(x, d, true, &i);
                y[n++] = i;
                y[n++] = tp_topk(x, 3, d, false, &i);
                y[n++] = i;
                y[n++] = tp_median_dim(x, d, false, &i);
                y[n++] = i;
                y[n++] = tp_prod_dim(x, d, false);
                y[n++] = tp_cummin(x, d, &i);
                y[n++] = i;
            }
        }
        for (int j = 0; j < n; j++)
            CHECK(tp_equal(results[0][j], results[1][j]));
    }
    CHECK_OK();
}

/* The same bits on every instruction set. */
#ifdef __x86_64__
extern const tp__scan_table tp__baseline_scan_table, tp__avx2_scan_table, tp__avx512_scan_table;

static void scan_on(const tp__scan_table *table, const tp_tensor *a, const tp_tensor *b, int64_t columns,
                    tp_tensor *out)
{
    const tp_dtype dtype = tp_dtype_of(a);
    const bool wide = dtype == TP_F64;
    const int64_t n = tp_numel(a) / columns;
    const size_t step = (size_t)tp_numel(a) * tp_dtype_size(dtype);
    char *to = out->data;
    table->cumsum[wide](n, columns, columns, a->data, to);
    table->cumprod[wide](n, columns, columns, a->data, to += step);
    table->logcumsumexp[wide](n, columns, columns, a->data, to += step);
    table->recurrence[wide](n, columns, columns, a->data, b->data, to += step);
    table->logcumsumexp_rows[wide](columns, n, columns, 1, a->data, to += step);
    table->extreme[0][dtype](n, columns, columns, a->data, to += step);
    table->extreme[1][dtype](n, columns, columns, a->data, to += step);
    const double powers[] = {0, 0.5, 1, 2, 3, 4.5, -1, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof powers / sizeof powers[0]; i++)
        table->power_norm[wide](tp_numel(a), a->data, powers[i], to += step);
}

static void check_instruction_sets(void)
{
    const tp__scan_table *const tables[] = {&tp__baseline_scan_table, &tp__avx2_scan_table,
                                            &tp__avx512_scan_table};
    static const int64_t columns[] = {1, 3, 70, 130};
    for (int wide = 0; wide < 2; wide++)
        for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++) {
            TP_SCOPE(sets);
            const tp_dtype dtype = wide ? TP_F64 : TP_F32;
            tp_tensor *a = tp_randn(dtype, 37, columns[k]), *b = tp_randn(dtype, 37, columns[k]), *out[2];
            tp_assign(tp_select(tp_select(a, 0, 20), 0, 0), tp_scalar(dtype, k == 2 ? NAN : -0.0));
            for (int isa = 0; isa <= (int)tp__isa_detected(); isa++) {
                out[isa > 0] = tp_zeros(dtype, 16, 37 * columns[k]);
                scan_on(tables[isa], a, b, columns[k], out[isa > 0]);
                tp_tensor *got = out[isa > 0], *nan = tp_isnan(got);
                CHECK(tp_equal(tp_isnan(out[0]), nan));
                got = tp_masked_fill(got, nan, 0);
                tp_tensor *want = tp_masked_fill(out[0], nan, 0);
                CHECK(!memcmp(tp_data(got), tp_data(want), (size_t)tp_numel(got) * tp_dtype_size(dtype)));
            }
        }
    CHECK_OK();
}
#else
static void check_instruction_sets(void) {}
#endif

/* What is no record, with each allocation failing in turn. */
static void check_memory(void)
{
    TP_SCOPE(outer);
    tp_tensor *x = tp_rand(TP_F32, 3000), *a, *b;
    tp_tensor *whole = tp_to(tp_mul(x, 50.0), TP_I64);
    for (int what = 0; what < 5; what++) {
        bool failed = true;
        for (int64_t countdown = 0; failed && countdown < 80; countdown++) {
            TP_SCOPE(inner);
            tp__memory_fail_after(countdown);
            tp_tensor *y = what == 0   ? tp_unique(x, &a, &b)
                           : what == 1 ? tp_bincount(whole, x, 0)
                           : what == 2 ? tp_unique_dim(x, 0, &a, &b)
                           : what == 3 ? tp_nanquantiles(x, x, 0, true, TP_MIDPOINT)
                                       : tp_quantile(x, 0.5);
            tp__memory_fail_after(-1);
            failed = !y;
            CHECK(tp_error() == (failed ? TP_ERROR_MEMORY : TP_OK));
            CHECK(what || failed || (a && b));
            CHECK(what || !failed || (!a && !b));
            tp_clear_error();
        }
        CHECK(!failed);
    }
}

int main(void)
{
    golden_limits[0] = 2e-6;
    golden_limits[1] = 1e-13;
    golden_check("tests/golden/reduce_over.pack", operations);
    golden_check("tests/golden/reduce_scan.pack", operations);
    golden_check("tests/golden/reduce_order.pack", operations);
    check_errors();
    check_order();
    check_negative_zero();
    check_rows_alone();
    check_integers_sorted();
    check_threads();
    check_instruction_sets();
    check_memory();
    tp_finish();
    return test_end();
}
