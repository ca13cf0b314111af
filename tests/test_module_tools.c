/* What is done to modules as a whole: visiting, freezing, converting, copying, partial states, summaries. */
#include "base/memory.h"
#include "base/region.h"
#include "taper/taper.h"
#include "test.h"

#include "golden/layers.h"

/* With this sanitizer nothing is recycled. */
#if defined(__SANITIZE_ADDRESS__)
#define KEEPS_ALL
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS_ALL
#endif
#endif

typedef struct net {
    tp_module *encoder, *head;
    tp_tensor *scale; /* registered with the head too */
    int64_t width;
} net;

static tp_tensor *forward_net(tp_module *m, tp_tensor *x)
{
    const net *n = tp_module_data(m);
    return tp_forward(n->head, tp_forward(n->encoder, x));
}

/* What golden/layers.py has as Net. */
static tp_module *make_net(void)
{
    tp_module *m = tp_module_new("Net", forward_net, sizeof(net));
    net *n = tp_module_data(m);
    if (!n)
        return NULL;
    n->encoder = tp_register_module(m, "encoder", tp_sequential(tp_linear(3, 2), tp_batch_norm1d(2)));
    n->head = tp_register_module(m, "head", tp_linear(2, 1));
    n->width = 2;
    return m;
}

/* ---- States ---- */

static tp_named_tensor zeros(const char *name, int ndim, int64_t a, int64_t b)
{
    return (tp_named_tensor){name, tp_zeros_n(TP_F32, ndim, (const int64_t[]){a, b})};
}

static void join(char *text, size_t size, const char *const *words, int64_t n)
{
    text[0] = 0;
    for (int64_t i = 0; i < n; i++)
        snprintf(text + strlen(text), size - strlen(text), i ? " %s" : "%s", words[i]);
}

static void test_states(void)
{
    TP_SCOPE(test);
    tp_module *m = make_net();
    const tp_named_tensor wrong[] = {
        zeros("encoder.0.weight", 2, 3, 3), zeros("encoder.1.running_mean", 1, 4, 0),
        zeros("encoder.1.weight", 1, 2, 0), zeros("head.weight", 0, 0, 0),
        zeros("decoder.weight", 1, 1, 0),   zeros("head.scale", 1, 1, 0)};
    tp_named_tensors *before = tp_copy_named_tensors(tp_state_dict(m));
    CHECK(tp_load_state_dict(m, wrong, 6, true) == TP_ERROR_ARGUMENT);
    CHECK_TEXT(tp_error_message(), GOLDEN_WRONG);
    tp_clear_error();
    CHECK(!tp_load_state_dict_partly(m, wrong, 6));
    CHECK_TEXT(tp_error_message(), GOLDEN_WRONG_LOOSE);
    tp_clear_error();
    for (int64_t i = 0; i < before->count; i++) /* nothing was copied */
        CHECK(tp_equal(tp_state_dict(m)->items[i].tensor, before->items[i].tensor));

    tp_named_tensor loose[] = {zeros("encoder.0.weight", 2, 2, 3), zeros("head.scale", 1, 1, 0),
                               zeros("decoder.weight", 1, 2, 0)};
    const tp_incompatible_keys *keys = tp_load_state_dict_partly(m, loose, 3);
    CHECK(keys != NULL);
    char text[512];
    join(text, sizeof text, keys->missing, keys->n_missing);
    CHECK_TEXT(text, GOLDEN_MISSING);
    join(text, sizeof text, keys->unexpected, keys->n_unexpected);
    CHECK_TEXT(text, GOLDEN_UNEXPECTED);
    CHECK(tp_equal(tp_get_parameter(m, "encoder.0.weight"), tp_zeros(TP_F32, 2, 3)));
    CHECK_OK();
    CHECK(!tp_load_state_dict_partly(NULL, loose, 3));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "module is NULL");
    loose[1].name = "decoder.weight";
    CHECK(!tp_load_state_dict_partly(m, loose, 3));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "\"decoder.weight\" stands there twice");
}

/* ---- Visiting and freezing ---- */

typedef struct visits {
    char text[256];
    int most;
} visits;

static tp_status visit(tp_module *module, void *argument)
{
    visits *v = argument;
    snprintf(v->text + strlen(v->text), sizeof v->text - strlen(v->text), *v->text ? " %s" : "%s",
             tp_module_type(module));
    return --v->most ? TP_OK : tp_fail(TP_ERROR_STATE, "enough");
}

static bool trainable(tp_module *m, const char *path)
{
    return tp_requires_grad(tp_get_parameter(m, path));
}

static void test_visits(void)
{
    TP_SCOPE(test);
    tp_module *m = make_net();
    visits v = {"", 0};
    CHECK(tp_apply_to_modules(m, visit, &v) == TP_OK);
    CHECK_TEXT(v.text, GOLDEN_APPLIED);
    v = (visits){"", 2};
    CHECK(tp_apply_to_modules(m, visit, &v) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "enough");
    CHECK(tp_apply_to_modules(m, NULL, NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "function is NULL");

    CHECK(tp_requires_grad_at(m, "encoder", false) == TP_OK);
    CHECK(!trainable(m, "encoder.0.weight") && !trainable(m, "encoder.1.bias") && trainable(m, "head.bias"));
    CHECK(tp_requires_grad_at(m, "encoder.0.bias", true) == TP_OK);
    CHECK(!trainable(m, "encoder.0.weight") && trainable(m, "encoder.0.bias"));
    CHECK(tp_requires_grad_at(m, "", true) == TP_OK);
    CHECK(trainable(m, "encoder.0.weight"));
    CHECK(tp_requires_grad_at(m, "encoder.2.weight", false) == TP_ERROR_INDEX);
    CHECK_ERROR(TP_ERROR_INDEX, "requires_grad_at: Sequential has no module or parameter `2`");
    CHECK(tp_requires_grad_at(m, "encoder.", false) == TP_ERROR_INDEX);
    CHECK_ERROR(TP_ERROR_INDEX, "has no module or parameter ``");
    CHECK(tp_requires_grad_at(m, "encode", false) == TP_ERROR_INDEX);
    CHECK_ERROR(TP_ERROR_INDEX, "Net has no module or parameter `encode`");

    CHECK(tp_backward(tp_sum(tp_forward(m, tp_randn(TP_F32, 4, 3)))) == TP_OK);
    CHECK(tp_grad(tp_get_parameter(m, "encoder.0.weight")) && tp_grad(tp_get_parameter(m, "head.bias")));
    tp_module_zero_grad(m);
    CHECK(!tp_grad(tp_get_parameter(m, "encoder.0.weight")) && !tp_grad(tp_get_parameter(m, "head.bias")));
    CHECK_OK();
}

/* ---- Converting ---- */

static void test_conversion(void)
{
    TP_SCOPE(test);
    tp_module *m = make_net();
    tp_tensor *x = tp_randn(TP_F32, 4, 3);
    tp_eval(m);
    const tp_tensor *before = tp_forward(m, x), *weight = tp_get_parameter(m, "encoder.0.weight");
    tp_train(m);
    tp_tensor *old = tp_sum(tp_mul(tp_get_parameter(m, "head.weight"), tp_get_parameter(m, "head.weight")));
    tp_tensor *kept = tp_clone(tp_get_buffer(m, "encoder.1.running_mean"));
    tp_tensor *variance = tp_clone(tp_get_buffer(m, "encoder.1.running_var"));
    CHECK(tp_backward(tp_sum(tp_forward(m, x))) == TP_OK);
    CHECK(tp_assign(tp_get_buffer(m, "encoder.1.running_mean"), kept) == TP_OK &&
          tp_assign(tp_get_buffer(m, "encoder.1.running_var"), variance) == TP_OK);
    CHECK(tp_module_to(m, TP_F64) == TP_OK);
    CHECK(tp_get_parameter(m, "encoder.0.weight") == weight && tp_dtype_of(weight) == TP_F64);
    CHECK(tp_dtype_of(tp_get_buffer(m, "encoder.1.running_mean")) == TP_F64);
    CHECK(tp_dtype_of(tp_get_buffer(m, "encoder.1.num_batches_tracked")) == TP_I64);
    CHECK(!tp_grad(tp_get_parameter(m, "head.weight")));
    tp_eval(m);
    tp_tensor *after = tp_forward(m, tp_to(x, TP_F64));
    CHECK(tp_dtype_of(after) == TP_F64 && tp_allclose(tp_to(after, TP_F32), before, 1e-5, 1e-6));
    CHECK_OK();
    /* What was recorded before cannot be walked. */
    CHECK(tp_backward(old) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "modified by an inplace operation");
    /* Gradients come in the new type, and again in the old one. */
    tp_train(m);
    for (int round = 0; round < 2; round++) {
        CHECK(tp_backward(tp_sum(tp_square(tp_forward(m, tp_to(x, round ? TP_F32 : TP_F64))))) == TP_OK);
        tp_tensor *grad = tp_grad(tp_get_parameter(m, "encoder.0.weight"));
        CHECK(grad && tp_dtype_of(grad) == (round ? TP_F32 : TP_F64));
        CHECK(tp_module_to(m, TP_F32) == TP_OK);
    }
    CHECK_OK();
    /* There and back changes no float32. */
    tp_module *linear = tp_linear(3, 2);
    tp_tensor *same = tp_clone(tp_detach(tp_get_parameter(linear, "weight")));
    CHECK(tp_module_to(linear, TP_F64) == TP_OK && tp_module_to(linear, TP_F32) == TP_OK);
    CHECK(tp_equal(same, tp_get_parameter(linear, "weight")));
    /* One tensor in two places is converted once, and stays one. */
    tp_module *tied = tp_sequential(tp_linear(2, 2), tp_linear(2, 2, .bias = false));
    tp_register_parameter(tied, "shared", tp_get_parameter(tied, "0.weight"));
    CHECK(tp_module_to(tied, TP_F64) == TP_OK);
    CHECK(tp_get_parameter(tied, "shared") == tp_get_parameter(tied, "0.weight"));
    CHECK(tp_dtype_of(tp_get_parameter(tied, "shared")) == TP_F64);
    /* An optimizer with states of the old type refuses. */
    tp_optimizer *adam = tp_adam(tp_parameters(linear));
    CHECK(tp_backward(tp_sum(tp_forward(linear, x))) == TP_OK && tp_step(adam) == TP_OK);
    CHECK(tp_module_to(linear, TP_F64) == TP_OK);
    CHECK(tp_backward(tp_sum(tp_forward(linear, tp_to(x, TP_F64)))) == TP_OK);
    CHECK(tp_step(adam) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "is of another shape or dtype");
    CHECK(tp_module_to(linear, TP_I64) == TP_ERROR_DTYPE);
    CHECK_ERROR(TP_ERROR_DTYPE, "only accepts floating point dtypes, but got desired dtype=int64");
    CHECK(tp_module_to(NULL, TP_F64) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "module is NULL");
#if !defined(KEEPS_ALL)
    /* Large parameters' blocks come back. */
    tp_module *large = tp_linear(1000, 1000, .bias = false);
    const size_t held = tp_region_size(tp_region_current());
    CHECK(tp_module_to(large, TP_F64) == TP_OK);
    CHECK(tp_region_size(tp_region_current()) < held + 4100000);
    CHECK(tp_module_to(large, TP_F32) == TP_OK);
    CHECK(tp_region_size(tp_region_current()) < held + 100000);
#endif
    CHECK_OK();
}

/* ---- Copying ---- */

static void test_copy(void)
{
    TP_SCOPE(test);
    tp_module *m = make_net();
    net *n = tp_module_data(m);
    n->scale = tp_register_parameter(m, "scale", tp_ones(TP_F32, 2));
    tp_register_parameter(n->head, "scale", n->scale);
    tp_register_module(m, "again", n->encoder);
    tp_eval(n->encoder);
    tp_requires_grad_at(m, "head", false);
    tp_tensor *x = tp_randn(TP_F32, 4, 3);
    const tp_tensor *y = tp_forward(m, x);
    {
        TP_SCOPE(inner);
        tp_module *copy = tp_module_copy(m);
        const net *c = tp_module_data(copy);
        CHECK_TEXT(tp_module_repr(copy), tp_module_repr(m));
        CHECK(tp_equal(tp_forward(copy, x), y));
        CHECK(tp_parameters(copy)->count == tp_parameters(m)->count);
        CHECK(c->encoder == tp_get_submodule(copy, "encoder") && c->encoder != n->encoder && c->width == 2);
        CHECK(tp_get_submodule(copy, "again") == c->encoder);
        CHECK(c->scale == tp_get_parameter(copy, "head.scale") && c->scale != n->scale);
        CHECK(!tp_is_training(c->encoder) && tp_is_training(copy));
        CHECK(!trainable(copy, "head.weight") && trainable(copy, "encoder.0.weight"));
        CHECK(!trainable(copy, "scale")); /* frozen with the head */
        /* The two learn apart. */
        tp_optimizer *sgd = tp_sgd(tp_parameters(copy), .lr = 1);
        CHECK(tp_backward(tp_sum(tp_forward(copy, x))) == TP_OK && tp_step(sgd) == TP_OK);
        CHECK(!tp_equal(tp_forward(copy, x), y));
        CHECK(!tp_grad(tp_get_parameter(m, "encoder.0.weight")));
        CHECK_TEXT(tp_module_name(copy), "");
        CHECK_TEXT(tp_module_name(c->encoder), "encoder");
        CHECK_OK();
    }
    CHECK(tp_equal(tp_forward(m, x), y));
    CHECK(!tp_module_copy(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "module_copy: module is NULL");
}

/* ---- Summaries ---- */

static tp_tensor *twice(tp_module *m, tp_tensor *x)
{
    return tp_forward(tp_child(m, 0), tp_forward(tp_child(m, 0), x));
}

static int64_t count_squares(const tp_module *m, const tp_tensor *x, const tp_tensor *y)
{
    (void)m;
    (void)y;
    return tp_numel(x);
}

typedef struct pairs {
    tp_module *bilinear, *bag;
} pairs;

static tp_tensor *forward_pairs(tp_module *m, tp_tensor *x)
{
    const pairs *p = tp_module_data(m);
    tp_tensor *rows = tp_embedding_bag_forward(p->bag, x, NULL, NULL);
    return tp_bilinear_forward(p->bilinear, rows, rows);
}

static char *table_of(tp_module *m, tp_tensor *x)
{
    static char text[4096];
    FILE *file = tmpfile();
    CHECK(tp_module_summary(file, m, x) == TP_OK);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

static void test_summary(void)
{
    TP_SCOPE(test);
    tp_tensor *x = tp_randn(TP_F32, 4, 12);
    tp_module *m = tp_sequential(tp_linear(12, 8), tp_relu_layer(), tp_linear(8, 1));
    CHECK_TEXT(table_of(m, x), "Layer         Output  Parameters  Trainable  Multiply-adds\n"
                               "Sequential    [4, 1]           -          -              -\n"
                               "  0 (Linear)  [4, 8]         104        104            384\n"
                               "  1 (ReLU)    [4, 8]           -          -              -\n"
                               "  2 (Linear)  [4, 1]           9          9             32\n"
                               "Total                        113        113            416\n"
                               "Bytes: parameters 452, buffers 0, outputs 272\n");
    CHECK_TEXT(table_of(m, NULL), "Layer         Output  Parameters  Trainable  Multiply-adds\n"
                                  "Sequential    -                -          -              -\n"
                                  "  0 (Linear)  -              104        104              -\n"
                                  "  1 (ReLU)    -                -          -              -\n"
                                  "  2 (Linear)  -                9          9              -\n"
                                  "Total                        113        113              -\n"
                                  "Bytes: parameters 452, buffers 0, outputs 0\n");
    /* CSR counts what is stored. */
    const tp_summary *s = tp_summarize(m, tp_to_csr(tp_eye(TP_F32, 4, 12)));
    CHECK(s && s->multiply_adds == 4 * 8 + 32);

    /* Own forward, a shared child run twice, frozen parameters, own counts; nothing changes. */
    tp_module *inner = tp_sequential(tp_linear(3, 3), tp_batch_norm1d(3), tp_dropout(0.5));
    tp_module *own = tp_module_new("Own", twice, 0);
    tp_register_module(own, "inner", inner);
    tp_register_parameter(own, "tied", tp_get_parameter(inner, "0.weight"));
    tp_module_set_count(own, count_squares);
    tp_requires_grad_at(own, "inner.1", false);
    tp_manual_seed(5);
    tp_tensor *mean = tp_clone(tp_get_buffer(own, "inner.1.running_mean"));
    s = tp_summarize(own, tp_randn(TP_F32, 2, 3));
    CHECK(s && s->count == 5);
    CHECK_TEXT(s->layers[2].path, "inner.0");
    CHECK_TEXT(s->layers[2].type, "Linear");
    CHECK(s->layers[0].parameters == 9 && s->layers[2].parameters == 3); /* the shared weight counts once */
    CHECK(s->layers[3].parameters == 6 && s->layers[3].trainable == 0 && s->layers[3].level == 2);
    CHECK(s->layers[2].runs == 2 && s->layers[2].multiply_adds == 2 * 2 * 9);
    CHECK(s->layers[3].multiply_adds == 2 * 6 * 2 && s->layers[0].multiply_adds == 6);
    CHECK(s->multiply_adds == 36 + 24 + 6 && s->parameters == 18 && s->trainable == 12);
    CHECK(s->parameter_bytes == 72 && s->buffer_bytes == 24 + 8 && s->output_bytes == 2 * 3 * 24);
    CHECK(tp_is_training(own) && tp_is_training(tp_get_submodule(own, "inner.1")));
    CHECK(tp_equal(mean, tp_get_buffer(own, "inner.1.running_mean")));
    CHECK(tp_item_i64(tp_get_buffer(own, "inner.1.num_batches_tracked")) == 0);

    /* Layers with functions of their own. */
    tp_module *m2 = tp_module_new("Pairs", forward_pairs, sizeof(pairs));
    pairs *p = tp_module_data(m2);
    p->bag = tp_register_module(m2, "bag", tp_embedding_bag(10, 4));
    p->bilinear = tp_register_module(m2, "bilinear", tp_bilinear(4, 4, 2));
    s = tp_summarize(m2, tp_zeros(TP_I64, 3, 5));
    CHECK(s && s->layers[1].multiply_adds == 15 * 4 && s->layers[2].multiply_adds == 3 * 2 * 4 * 5);
    s = tp_summarize(tp_layer_norm(6), tp_randn(TP_F32, 2, 6));
    CHECK(s && s->multiply_adds == 36);
    CHECK_OK();

    /* Errors name the layer, and modes come back. */
    CHECK(!tp_summarize(m, tp_zeros(TP_F32, 4, 5)));
    CHECK_ERROR(TP_ERROR_SHAPE, "cannot be multiplied (4x5 and 12x8) (in 0, a Linear)");
    CHECK(tp_is_training(m) && tp_is_grad_enabled());
    CHECK(!tp_summarize(NULL, x));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "module is NULL");
    CHECK(tp_module_summary(NULL, m, x) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "stream is NULL");
    CHECK(tp_module_summary(stdout, tp_bilinear(2, 2, 2), x) == TP_ERROR_UNSUPPORTED);
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "missing the required \"forward\"");
}

/* ---- Memory that runs out ---- */

static tp_status work(void)
{
    TP_SCOPE(work);
    tp_module *m = make_net();
    tp_tensor *x = tp_zeros(TP_F32, 4, 3);
    if (!m || !x)
        return tp_error();
    if (!tp_module_copy(m) || !tp_summarize(m, x) || tp_module_to(m, TP_F64) != TP_OK)
        return tp_error();
    FILE *null = fopen("/dev/null", "w");
    tp_status status = null ? tp_module_summary(null, m, NULL) : TP_OK;
    if (null)
        fclose(null);
    if (status != TP_OK)
        return status;
    const tp_named_tensors *state = tp_state_dict(m);
    if (!state || !tp_load_state_dict_partly(m, state->items, state->count))
        return tp_error();
    tp_module *layers =
        tp_sequential(tp_prelu_layer(), tp_rrelu_layer(), tp_elu_layer(), tp_alpha_dropout(0.2),
                      tp_unflatten_layer(1, 1, 3), tp_gelu_layer(), tp_dropout1d(0.5));
    if (!tp_forward(layers, x) || !tp_module_repr(layers) || !tp_bilinear(2, 3, 4))
        return tp_error();
    if (!tp_init_orthogonal_(tp_zeros(TP_F32, 3, 4), 1, NULL) ||
        !tp_init_sparse_(tp_zeros(TP_F32, 3, 4), 0.5, 1, NULL) ||
        !tp_init_dirac_(tp_zeros(TP_F32, 3, 4, 5), 1) ||
        !tp_init_trunc_normal_(tp_zeros(TP_F32, 3, 4), 0, 1, 1, 2, NULL))
        return tp_error();
    return TP_OK;
}

static void test_memory(void)
{
    int failures = 0;
    for (int64_t i = 0;; i++) {
        tp_memory_trim();
        tp__memory_fail_after(i);
        const tp_status status = work();
        tp__memory_fail_after(-1);
        /* A scope without memory for a region is the one around it, and says so. */
        if (status == TP_OK && tp_error() == TP_OK)
            break;
        failures++;
        CHECK(tp_error() == TP_ERROR_MEMORY && (status == TP_OK || status == TP_ERROR_MEMORY));
        tp_clear_error();
    }
    printf("%d allocations failed in turn\n", failures);
    CHECK(failures > 5);
    CHECK_OK();
}

int main(void)
{
    test_states();
    test_visits();
    test_conversion();
    test_copy();
    test_summary();
    test_memory();
    tp_finish();
    CHECK(tp_memory_used() == 0);
    return test_end();
}
