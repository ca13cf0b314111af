/* float16 and bfloat16: every pattern, and what lies between two of them, against PyTorch with each
 * instruction set; printing, files, gradients; that what moves elements takes them and all else refuses them.
 */
#include "pack.h"
#include "samples.h"

#include "backend/cpu/isa.h"
#include "backend/cpu/table.h"
#include "base/half.h"

#include "taper/taper.h"

/* ---- Conversions ---- */

/* The pack's sums of the results of one name, and what the inputs are made of. */
static uint64_t sum_of(const tp_tensor *t, bool sabotage)
{
    const size_t size = tp_dtype_size((tp_dtype)t->dtype);
    uint64_t total = 0;
    for (int64_t i = 0; i < t->numel; i++) {
        uint64_t word = 0;
        memcpy(&word, t->data + (size_t)i * size, size);
        if (sabotage && i == t->numel / 3)
            word ^= 1;
        total += (word + 1) * (2 * (uint64_t)i + 1);
    }
    return total;
}

static tp_tensor *all_halves(tp_dtype half)
{
    const int64_t n = 65536;
    tp_tensor *t = tp_zeros(half, n);
    for (int64_t i = 0; i < n; i++)
        ((uint16_t *)(void *)t->data)[i] = (uint16_t)i;
    return t;
}

/* Numbers around the middle of each two neighbours; for `wide`, a little farther from 0 as float64. */
static tp_tensor *near_halves(tp_dtype half, bool wide)
{
    const int64_t n = 65536;
    tp_tensor *all = tp_to(all_halves(half), TP_F32), *t = tp_zeros(TP_F32, 3 * n);
    for (int64_t k = 0; k < 3; k++)
        for (int64_t i = 0; i < n; i++) {
            const uint32_t bits = tp__bits_of_float(tp_data_f32(all)[i]) + (half == TP_F16 ? 0x1000 : 0x8000);
            tp_data_f32(t)[k * n + i] = tp__float_of_bits(bits + (uint32_t)k - 1);
        }
    return wide ? tp_mul(tp_to(t, TP_F64), 1 + 0x1p-40) : t;
}

static tp_tensor *spread(void)
{
    const int64_t n = 1 << 20;
    tp_tensor *t = tp_zeros(TP_F32, n);
    for (int64_t i = 0; i < n; i++)
        tp_data_f32(t)[i] = tp__float_of_bits((uint32_t)(i * 4099));
    return t;
}

static tp_tensor *wholes(tp_dtype dtype)
{
    tp_tensor *t = dtype == TP_U8 ? tp_arange(TP_I64, 0, 256, 1) : tp_arange(TP_I64, -70000, 70000, 7);
    return tp_to(dtype == TP_I64 ? tp_mul(t, 12345) : t, dtype);
}

/* Those that the integer type holds; 0 for the others. */
static tp_tensor *fitting(tp_dtype half, tp_dtype to)
{
    tp_tensor *t = tp_clone(all_halves(half));
    for (int64_t i = 0; i < t->numel; i++) {
        uint16_t *p = (uint16_t *)(void *)t->data + i;
        const double v = tp__load_f64(half, p);
        const bool fits = to == TP_U8 ? v >= 0 && v <= 255 : fabs(v) <= (to == TP_I32 ? 0x1p30 : 0x1p62);
        if (!fits)
            *p = 0;
    }
    return t;
}

static tp_dtype dtype_named(const char *name)
{
    static const char *const integers[] = {"bool", "uint8", "int32", "int64"};
    for (int d = 0; d < TP_DTYPES; d++)
        if (!strcmp(name, sample_dtypes[d]) || (d < 4 && !strcmp(name, integers[d])))
            return (tp_dtype)d;
    printf("no dtype %s\n", name);
    exit(1);
}

static tp_tensor *converted(const char *from, const char *to)
{
    const tp_dtype target = dtype_named(to);
    if (!strcmp(from, "spread"))
        return tp_to(spread(), target);
    if (!strcmp(from, "near") || !strcmp(from, "wide"))
        return tp_to(near_halves(target, *from == 'w'), target);
    const tp_dtype source = dtype_named(from);
    if (!tp_dtype_is_half(source))
        return tp_to(wholes(source), target);
    return tp_to(target == TP_U8 || target == TP_I32 || target == TP_I64 ? fitting(source, target)
                                                                         : all_halves(source),
                 target);
}

/* The same, element by element: another way through the library. */
static bool strided_agrees(const char *from, const char *to)
{
    if (!tp_dtype_is_half(dtype_named(to)) || strcmp(from, "near"))
        return true;
    tp_tensor *x = near_halves(dtype_named(to), false), *want = tp_to(x, dtype_named(to));
    tp_tensor *turned = tp_to(tp_t(tp_reshape(x, 3, -1)), dtype_named(to));
    tp_tensor *back = tp_reshape(tp_contiguous(tp_t(turned)), -1);
    bool good = tp_numel(back) == tp_numel(want) && !memcmp(back->data, want->data, (size_t)want->numel * 2);
    for (int64_t i = 0; i < want->numel; i += 7) {
        uint16_t one;
        tp__store_f64(dtype_named(to), &one, (double)tp_data_f32(x)[i]);
        good &= one == ((const uint16_t *)(const void *)want->data)[i];
    }
    return good;
}

static void check_conversions(bool sabotage)
{
    pack p = pack_open(TP_SOURCE_DIR "/tests/golden/half.pack");
    int accepted = 0, sums = 0;
    while (pack_next(&p)) {
        char from[16], to[16];
        long n;
        uint64_t want;
        TP_SCOPE(conversion);
        if (sscanf(p.name, "sum %15s %15s %ld", from, to, &n) != 3)
            continue;
        memcpy(&want, p.item, 8);
        const tp_tensor *got = converted(from, to);
        const bool good = got && got->numel == n && sum_of(got, sabotage) == want;
        accepted += good;
        sums++;
        if (!sabotage && !good)
            printf("%s with %s differs\n", p.name, tp__isa_name(tp__isa()));
        if (!sabotage)
            CHECK(strided_agrees(from, to));
    }
    CHECK(sums == 26 && accepted == (sabotage ? 0 : sums));
}

extern const tp__elementwise_table tp__baseline_elementwise_table __attribute__((weak));
extern const tp__elementwise_table tp__avx2_elementwise_table __attribute__((weak));
extern const tp__elementwise_table tp__avx512_elementwise_table __attribute__((weak));

static void check_instruction_sets(void)
{
    const tp__elementwise_table *const tables[] = {
        &tp__baseline_elementwise_table, &tp__avx2_elementwise_table, &tp__avx512_elementwise_table};
    const tp__elementwise_table *picked = tp__elementwise();
    for (int i = 0; i < 3; i++) {
        if (!tables[i] || i > (int)tp__isa_detected())
            continue;
        tp__elementwise_picked = tables[i];
        for (int a = 0; a < TP_DTYPES; a++) /* no hole in what moves elements of any type */
            for (int b = 0; b < TP_DTYPES; b++)
                CHECK(tables[i]->convert[a][b] && tables[i]->where[a]);
        check_conversions(false);
    }
    tp__elementwise_picked = picked;
    check_conversions(true);
}

/* ---- Types ---- */

static void check_types(void)
{
    CHECK(tp_dtype_size(TP_F16) == 2 && tp_dtype_size(TP_BF16) == 2 &&
          tp_dtype_size((tp_dtype)TP_DTYPES) == 0);
    CHECK_TEXT(tp_dtype_name(TP_F16), "float16");
    CHECK_TEXT(tp_dtype_name(TP_BF16), "bfloat16");
    for (int d = 0; d < TP_DTYPES; d++) {
        TP_SCOPE(dtype);
        CHECK(tp__item_size((tp_dtype)d) == tp_dtype_size((tp_dtype)d) && tp_dtype_size((tp_dtype)d));
        CHECK(tp_promote_types((tp_dtype)d, (tp_dtype)d) == (tp_dtype)d);
        CHECK(tp_dtype_is_float((tp_dtype)d) == (d >= TP_F32));
        for (int e = 0; e < TP_DTYPES; e++)
            CHECK(tp_promote_types((tp_dtype)d, (tp_dtype)e) == tp_promote_types((tp_dtype)e, (tp_dtype)d));
        tp_tensor *t = tp_from_text((tp_dtype)d, "[[0, 1], [1, 0]]");
        CHECK(tp_at(t, 0, 1) == 1 && tp_item(tp_full((tp_dtype)d, 1, 1)) == 1 && tp_repr(t));
        CHECK(tp_equal(tp_clone(tp_t(t)), tp_t(t)) && tp_equal(t, tp_from_array((tp_dtype)d, t->data, 2, 2)));
        CHECK(tp_allclose(tp_to(t, TP_F32), t, 0, 0) && !tp_equal(t, tp_ones_like(t)));
    }
    CHECK(tp_promote_types(TP_F16, TP_BF16) == TP_F32 && tp_promote_types(TP_F16, TP_F32) == TP_F32);
    CHECK(tp_promote_types(TP_BF16, TP_I64) == TP_BF16 && tp_promote_types(TP_F64, TP_F16) == TP_F64);
    CHECK_OK();
}

/* ---- Printing and files ---- */

static void check_texts_and_files(void)
{
    pack p = pack_open(TP_SOURCE_DIR "/tests/golden/half.pack");
    while (pack_next(&p)) {
        TP_SCOPE(item);
        char name[16], want[1024];
        int at = 0;
        snprintf(want, sizeof want, "%.*s", (int)p.item_length, p.item);
        if (sscanf(p.name, "repr %15s %n", name, &at) == 1 && at) {
            CHECK_TEXT(tp_repr(tp_from_text(dtype_named(name), p.name + at)), want);
        } else if (sscanf(p.name, "leaf %15s", name) == 1) {
            CHECK_TEXT(tp_repr(tp_requires_grad_(tp_from_text(dtype_named(name), "[1, 2]"), true)), want);
        } else if (!strcmp(p.name, "npy")) {
            const char *path = test_write_file("half.npy", p.item, p.item_length);
            tp_tensor *t = tp_npy_load(path);
            CHECK(tp_dtype_of(t) == TP_F16 && tp_ndim(t) == 2 && tp_npy_save(path, t) == TP_OK);
            CHECK(test_file_is(path, p.item, p.item_length));
            CHECK(tp_npy_save(path, tp_to(t, TP_BF16)) == TP_ERROR_DTYPE);
            CHECK_ERROR(TP_ERROR_DTYPE, "NumPy has no bfloat16");
            CHECK(test_file_is(path, p.item, p.item_length));
            remove(path);
        } else if (!strcmp(p.name, "safetensors")) {
            const char *path = test_write_file("half.safetensors", p.item, p.item_length);
            tp_safetensors_file *f = tp_safetensors_open(path);
            tp_tensor *a = tp_safetensors_tensor(f, "a"), *b = tp_safetensors_tensor(f, "b"),
                      *c = tp_safetensors_tensor(f, "c");
            CHECK(tp_equal(a, tp_to(c, TP_F16)) && tp_equal(b, tp_to(c, TP_BF16)));
            const tp_named_tensor tensors[] = {{"a", a}, {"b", b}, {"c", c}};
            CHECK(tp_safetensors_save(path, tensors, 3, NULL, 0) == TP_OK);
            CHECK(test_file_is(path, p.item, p.item_length));
            remove(path);
        }
        CHECK_OK();
    }
}

/* ---- Operations ---- */

/* What moves elements gives the same of halves as of the float32 they stand for; everything else refuses. */
static void check_sample(const tp_op *op, const tp_sample *s, tp_dtype half)
{
    TP_SCOPE(sample);
    inputs in, wide, narrow;
    tp_tensor *of_wide[TP_MAX_OUTPUTS], *of_narrow[TP_MAX_OUTPUTS];
    int halves = 0;
    if (s->message || !parse(op, s->inputs, true, &in))
        return;
    wide = narrow = in;
    for (int i = 0; i < in.n; i++) {
        if (!in.t[i] || in.t[i]->layout != TP__DENSE || in.t[i]->dtype != TP_F32)
            continue;
        narrow.t[i] = tp_to(in.t[i], half);
        wide.t[i] = tp_to(narrow.t[i], TP_F32);
        halves++;
    }
    if (!halves)
        return;
    const tp_status status = tp_apply_n(op, narrow.t, in.n, s->attributes, of_narrow);
    test_checks++;
    if (!op->moves) {
        if (status != TP_ERROR_DTYPE || !strstr(tp_error_message(), "convert it with tp_to(x, TP_F32)")) {
            test_failures++;
            printf("%s takes %s: %s\n", op->name, tp_dtype_name(half), tp_error_message());
        }
        tp_clear_error();
        return;
    }
    if (status == TP_ERROR_DTYPE && !strcmp(op->name, "index_put")) {
        CHECK_ERROR(TP_ERROR_DTYPE, "what is added to is");
        return;
    }
    bool good = status == TP_OK && tp_apply_n(op, wide.t, in.n, s->attributes, of_wide) == TP_OK;
    for (int i = 0; i < op->n_outputs && good; i++)
        good = strcmp(op->name, "to")
                   ? tp_dtype_of(of_narrow[i]) == half && tp_equal(of_narrow[i], tp_to(of_wide[i], half))
                   : tp_equal(of_narrow[i], of_wide[i]);
    if (!good) {
        test_failures++;
        printf("%s, sample '%s', of %s: differs: %s\n", op->name, s->inputs, tp_dtype_name(half),
               tp_error_message());
    }
    tp_clear_error();
}

static void check_operations(void)
{
    int moving = 0;
    for (int i = 0; tp_op_at(i); i++) {
        const tp_op *op = tp_op_at(i);
        moving += op->moves;
        for (const tp_sample *s = op->samples; s && s->inputs; s++) {
            check_sample(op, s, TP_F16);
            check_sample(op, s, TP_BF16);
        }
    }
    CHECK(moving > 30);
    printf("%d records move elements\n", moving);
    TP_SCOPE(mixed);
    tp_tensor *a = tp_from_text(TP_F16, "[1, 2]"), *b = tp_from_text(TP_BF16, "[3, 4]"), *both[2] = {a, b};
    CHECK(tp_dtype_of(tp_cat(both, 2, 0)) == TP_F32);
    CHECK(tp_dtype_of(tp_masked_fill(a, tp_from_text(TP_BOOL, "[true, false]"), 9)) == TP_F16);
    CHECK_OK();
    CHECK(!tp_add(a, a));
    CHECK_ERROR(TP_ERROR_DTYPE,
                "add: operand 0 is float16, which is kept and not computed with; convert it with");
    CHECK(tp_mul_(a, 2.0) != TP_OK);
    CHECK_ERROR(TP_ERROR_DTYPE, "the target is float16");
    tp_tensor *single = tp_from_text(TP_F32, "[1, 2]");
    CHECK(tp_add_(single, b) != TP_OK);
    CHECK_ERROR(TP_ERROR_DTYPE, "an operand is bfloat16");
    CHECK(!tp_rand_n(TP_F16, NULL, 1, (const int64_t[]){3}));
    CHECK_ERROR(TP_ERROR_DTYPE, "rand: the result is float16");
    CHECK(tp_normal_(b, 0, 1, NULL) != TP_OK);
    CHECK_ERROR(TP_ERROR_DTYPE, "normal_: the tensor is bfloat16");
    CHECK(!tp_arange(TP_BF16, 0, 3, 1) && tp_error() == TP_ERROR_DTYPE);
    tp_clear_error();
    CHECK(!tp_linspace(TP_F16, 0, 1, 5) && tp_error() == TP_ERROR_DTYPE);
    tp_clear_error();
    CHECK(!tp_to_csr(tp_ones(TP_F16, 2, 2)));
    CHECK_ERROR(TP_ERROR_DTYPE, "a CSR matrix is float16");
    CHECK(!tp_to(tp_to_csr(tp_ones(TP_F32, 2, 2)), TP_BF16));
    CHECK_ERROR(TP_ERROR_DTYPE, "a CSR matrix is bfloat16");
    tp_requires_grad_(a, true);
    CHECK(!tp_sgd(tp_parameters_of(a), .lr = 0.1));
    CHECK_ERROR(TP_ERROR_DTYPE, "is float16, which is kept");
    tp_module *layer = tp_linear(2, 1);
    tp_optimizer *sgd = tp_sgd(tp_parameters(layer), .lr = 0.1);
    tp_tensor *weight = tp_get_parameter(layer, "weight"), *before = tp_clone(tp_detach(weight));
    CHECK(tp_module_to(layer, TP_F16) == TP_OK && tp_equal(tp_detach(weight), tp_to(before, TP_F16)));
    CHECK(tp_backward(tp_sum(tp_to(weight, TP_F32))) == TP_OK && tp_step(sgd) != TP_OK);
    CHECK_ERROR(TP_ERROR_DTYPE, "weight is float16, which is kept");
    CHECK(!tp_forward(layer, tp_ones(TP_F16, 1, 2)));
    CHECK_ERROR(TP_ERROR_DTYPE, "linear: operand 0 is float16");
}

/* ---- Gradients: of the leaf's type, through float32 ---- */

static void check_gradients(void)
{
    for (int k = 0; k < 2; k++) {
        TP_SCOPE(gradients);
        const tp_dtype half = k ? TP_BF16 : TP_F16;
        tp_tensor *leaf = tp_requires_grad_(tp_from_text(half, "[1, 2, 0.1]"), true);
        tp_tensor *x = tp_to(leaf, TP_F32);
        CHECK(!strcmp(tp_grad_fn(x), "ToCopyBackward0"));
        CHECK(tp_backward(tp_sum(tp_mul(x, x))) == TP_OK);
        CHECK(tp_dtype_of(tp_grad(leaf)) == half &&
              tp_equal(tp_grad(leaf), tp_to(tp_mul(tp_to(tp_detach(leaf), TP_F32), 2), half)));
        /* Two gradients that meet, and one more for the leaf: each sum is rounded. */
        tp_tensor *first = tp_clone(tp_grad(leaf)), *third = tp_full(TP_F32, 1.0 / 3, 3);
        tp_tensor *y = tp_add(tp_mul(tp_to(leaf, TP_F32), third), tp_mul(tp_to(leaf, TP_F32), 1000));
        CHECK(tp_backward(tp_sum(y)) == TP_OK);
        tp_tensor *met = tp_to(tp_add(tp_to(tp_to(third, half), TP_F32), 1000), half);
        CHECK(tp_equal(tp_grad(leaf), tp_to(tp_add(tp_to(first, TP_F32), tp_to(met, TP_F32)), half)));
        /* A step as mixed precision takes it: float32 parameters, computed from halves of them. */
        tp_tensor *master = tp_requires_grad_(tp_from_text(TP_F32, "[1, 2, 3]"), true);
        tp_tensor *kept = tp_to(master, half);
        CHECK(tp_backward(tp_sum(tp_square(tp_to(kept, TP_F32)))) == TP_OK);
        CHECK(tp_equal(tp_grad(master), tp_mul(tp_detach(master), 2)));
        /* Recorded gradients, and moved halves. */
        tp_tensor *g, *z = tp_sum(tp_pow(tp_to(tp_roll(tp_reshape(leaf, 3, 1), 1, 0), TP_F32), 3));
        CHECK(!tp_backward(z) || tp_error() == TP_ERROR_DTYPE);
        tp_clear_error();
        z = tp_sum(tp_pow(tp_to(tp_t(tp_reshape(leaf, 3, 1)), TP_F32), 3));
        CHECK(tp_gradients(&z, 1, &leaf, 1, NULL, &(tp_gradients_options){.create_graph = true}, &g) ==
              TP_OK);
        tp_tensor *total = tp_sum(tp_to(g, TP_F32));
        CHECK(tp_gradients(&total, 1, &leaf, 1, NULL, NULL, &g) == TP_OK && tp_dtype_of(g) == half);
        CHECK_NEAR(tp_at(g, 1), 12, 0);
        CHECK_OK();
    }
}

int main(void)
{
    check_types();
    check_instruction_sets();
    check_texts_and_files();
    check_operations();
    check_gradients();
    tp_finish();
    return test_end();
}
