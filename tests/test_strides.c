/* Copies, conversions and elementwise operations between tensors of any layout: permuted, with steps,
 * broadcast, of sizes around those that are taken at a time. What they give is compared with going from
 * element to element. */
#include "backend/cpu/table.h"
#include "tensor/tensor.h"
#include "test.h"

#include "taper/taper.h"

static const int64_t sizes[] = {1, 2, 3, 5, 8, 15, 17, 33, 64, 70, 130};

static int64_t pick(int64_t n)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)(state >> 33) % n;
}

/* A tensor of the shape, laid out in some order with steps between its elements; some are broadcast. */
static tp_tensor *laid_out(tp_dtype dtype, int ndim, const int64_t *shape, bool broadcasts)
{
    int64_t order[TP_MAX_DIMS] = {0}, wide[TP_MAX_DIMS], steps[TP_MAX_DIMS], back[TP_MAX_DIMS];
    for (int d = 0; d < ndim; d++) {
        const int at = (int)pick(d + 1);
        order[d] = order[at];
        order[at] = d;
    }
    for (int d = 0; d < ndim; d++) {
        steps[d] = pick(4) ? 1 : 2;
        wide[d] = broadcasts && !pick(5) ? 1 : shape[order[d]] * steps[d];
        back[order[d]] = d;
    }
    tp_tensor *t = tp_to(tp_randint_n(-90, 90, NULL, ndim, wide), dtype);
    for (int d = 0; d < ndim; d++)
        t = tp_slice(t, d, 0, INT64_MAX, steps[d]);
    return tp_permute_n(t, ndim, back);
}

static const char *element(const tp_tensor *t, const tp_tensor *like, int64_t i)
{
    int64_t offset = 0;
    for (int d = like->ndim - 1; d >= 0; d--) {
        offset += t->shape[d] == 1 ? 0 : i % like->shape[d] * t->strides[d];
        i /= like->shape[d];
    }
    return t->data + offset * (int64_t)tp_dtype_size((tp_dtype)t->dtype);
}

static double number(const tp_tensor *t, const tp_tensor *like, int64_t i)
{
    return tp__load_f64((tp_dtype)t->dtype, element(t, like, i));
}

static double converted(tp_dtype dtype, double value)
{
    char room[8];
    tp__store_f64(dtype, room, value);
    return tp__load_f64(dtype, room);
}

static bool copies(tp_dtype from, tp_dtype to, int ndim, const int64_t *shape)
{
    tp_tensor *x = laid_out(from, ndim, shape, false), *y = tp_to(x, to), *even = tp_contiguous(x),
              *target = laid_out(to, ndim, shape, false);
    bool same = y && even && target && even->contiguous && tp_assign(target, x) == TP_OK;
    for (int64_t i = 0; same && i < x->numel; i++) {
        const double value = converted(to, number(x, x, i));
        same = number(y, y, i) == value && number(target, x, i) == value &&
               number(even, x, i) == number(x, x, i);
    }
    return same;
}

static bool combines(tp_dtype a_dtype, tp_dtype b_dtype, int ndim, const int64_t *shape)
{
    tp_tensor *a = laid_out(a_dtype, ndim, shape, true), *b = laid_out(b_dtype, ndim, shape, true),
              *condition = laid_out(TP_BOOL, ndim, shape, true), *whole = tp_zeros_n(b_dtype, ndim, shape);
    tp_tensor *sum = tp_add(tp_add(a, b), whole), *chosen = tp_where(condition, a, tp_add(b, whole));
    tp_tensor *product = tp_add(tp_mul(a, b), whole);
    bool same = sum && chosen && product && sum->contiguous && chosen->contiguous;
    for (int64_t i = 0; same && i < sum->numel; i++) {
        const double of_a = number(a, sum, i), of_b = number(b, sum, i);
        same = number(sum, sum, i) == converted((tp_dtype)sum->dtype, of_a + of_b) &&
               number(product, sum, i) == converted((tp_dtype)sum->dtype, of_a * of_b) &&
               number(chosen, sum, i) ==
                   converted((tp_dtype)sum->dtype, number(condition, sum, i) != 0 ? of_a : of_b);
    }
    return same;
}

int main(void)
{
    static const tp_dtype computed[] = {TP_F32, TP_F32, TP_F64, TP_I64, TP_I32};
    for (int round = 0; round < 600; round++) {
        TP_SCOPE(s);
        int64_t shape[4];
        const int ndim = 1 + (int)pick(4), of = (int)(sizeof sizes / sizeof sizes[0]);
        for (int d = 0; d < ndim; d++)
            shape[d] = sizes[pick(ndim > 2 ? 7 : of)];
        CHECK(copies((tp_dtype)pick(TP_DTYPES), (tp_dtype)pick(TP_DTYPES), ndim, shape));
        CHECK(combines(computed[pick(5)], computed[pick(5)], ndim, shape));
    }
    tp_finish();
    return test_end();
}
