/* Steps of Taper through its public API, timed. Each answer is one JSON line.
 *
 *     bench_cases CASE [THREADS [SECONDS]]    measures for about SECONDS (0.3): median, best, peak memory
 *     bench_cases --serve                     reads such arguments from standard input, a line for each
 *     bench_cases --count CASE N              N steps on one thread inside counted_steps(), for callgrind
 *     bench_cases --list                      the cases and what stands behind their colons
 */
#include "measure.h"

#include <taper/taper.h>

#include <unistd.h>

enum { MOST_SAMPLES = 1001, FEWEST_SAMPLES = 5, FEWEST_LONG = 2, MOST_SIZES = 40 };

/* What a case has set up. Tensors live in a region around the steps. */
typedef struct work {
    tp_tensor *x, *y, *z;
    tp_module *module;
    tp_optimizer *optimizer;
    tp_loader *loader;
    tp_text_model *model;
    char *text;
    int64_t sizes[MOST_SIZES];
    int n_sizes;
} work;

typedef struct bench_case {
    const char *name, *arguments;
    tp_status (*set_up)(work *w);
    tp_status (*steps)(work *w, int64_t n);
    int least_sizes;
} bench_case;

static tp_tensor *noise(int ndim, const int64_t *shape)
{
    return tp_randn_n(TP_F32, NULL, ndim, shape);
}
#define NOISE(...) noise(TP_SHAPE(__VA_ARGS__))

/* ---- An add of 16 elements ---- */

static tp_status add_set_up(work *w)
{
    const int64_t n = w->n_sizes ? w->sizes[0] : 16;
    w->x = NOISE(n);
    w->y = NOISE(n);
    w->z = tp_ones(TP_F32, n);
    return tp_error();
}

/* A region for every 32 adds, as a step of a model would have. */
static tp_status add_steps(work *w, int64_t n)
{
    while (n > 0) {
        TP_SCOPE(step);
        const int64_t here = n < 32 ? n : 32;
        for (int64_t i = 0; i < here; i++)
            if (!tp_add(w->x, w->y))
                return tp_error();
        n -= here;
    }
    return TP_OK;
}

static tp_status add_grad_set_up(work *w)
{
    if (add_set_up(w) != TP_OK || !tp_requires_grad_(w->x, true))
        return tp_error();
    return TP_OK;
}

static tp_status add_grad_steps(work *w, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        TP_SCOPE(step);
        tp_zero_grad_of(w->x);
        if (tp_backward(tp_add(w->x, w->y), .gradient = w->z) != TP_OK)
            return tp_error();
    }
    return TP_OK;
}

/* ---- A perceptron: batch, then the widths from input to classes ---- */

static tp_status perceptron_set_up(work *w)
{
    const int layers = w->n_sizes - 2;
    tp_module *modules[2 * MOST_SIZES];
    int n = 0;
    for (int i = 1; i <= layers; i++) {
        modules[n++] = tp_linear(w->sizes[i], w->sizes[i + 1]);
        if (i < layers)
            modules[n++] = tp_relu_layer();
    }
    w->module = tp_sequential_n(n, modules);
    w->optimizer = tp_adam(tp_parameters(w->module), .lr = 0.001);
    w->x = NOISE(w->sizes[0], w->sizes[1]);
    w->y = tp_randint(0, w->sizes[layers + 1], w->sizes[0]);
    return tp_error();
}

static tp_status perceptron_steps(work *w, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        TP_SCOPE(step);
        tp_tensor *loss = tp_cross_entropy(tp_forward(w->module, w->x), w->y);
        tp_zero_grad(w->optimizer);
        if (tp_backward(loss) != TP_OK || tp_step(w->optimizer) != TP_OK)
            return tp_error();
    }
    return TP_OK;
}

/* ---- Large single operations ---- */

static tp_status cross_entropy_set_up(work *w)
{
    w->x = tp_requires_grad_(NOISE(w->sizes[0], w->sizes[1]), true);
    w->y = tp_randint(0, w->sizes[1], w->sizes[0]);
    return tp_error();
}

static tp_status cross_entropy_steps(work *w, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        TP_SCOPE(step);
        tp_zero_grad_of(w->x);
        if (tp_backward(tp_cross_entropy(w->x, w->y)) != TP_OK)
            return tp_error();
    }
    return TP_OK;
}

/* sizes: rows, then the size of the last dimension. */
static tp_status layer_norm_set_up(work *w)
{
    w->x = tp_requires_grad_(NOISE(w->sizes[0], w->sizes[1]), true);
    w->y = NOISE(w->sizes[0], w->sizes[1]);
    w->module = tp_layer_norm(w->sizes[1]);
    return tp_error();
}

static tp_status layer_norm_steps(work *w, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        TP_SCOPE(step);
        tp_zero_grad_of(w->x);
        tp_zero_grad_of(tp_get_parameter(w->module, "weight"));
        tp_zero_grad_of(tp_get_parameter(w->module, "bias"));
        if (tp_backward(tp_forward(w->module, w->x), .gradient = w->y) != TP_OK)
            return tp_error();
    }
    return TP_OK;
}

static tp_status exp_set_up(work *w)
{
    w->x = NOISE(w->sizes[0]);
    return tp_error();
}

static tp_status exp_steps(work *w, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        TP_SCOPE(step);
        if (!tp_exp(w->x))
            return tp_error();
    }
    return TP_OK;
}

static tp_status matmul_set_up(work *w)
{
    w->x = NOISE(w->sizes[0], w->sizes[0]);
    w->y = NOISE(w->sizes[0], w->sizes[0]);
    return tp_error();
}

static tp_status matmul_steps(work *w, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        TP_SCOPE(step);
        if (!tp_matmul(w->x, w->y))
            return tp_error();
    }
    return TP_OK;
}

/* ---- An optimizer's step alone; the gradient stays ---- */

static tp_status adam_set_up(work *w)
{
    w->x = tp_requires_grad_(NOISE(w->sizes[0]), true);
    w->optimizer = tp_adam(tp_parameters_of(w->x), .lr = 0.001);
    TP_SCOPE(gradient);
    return tp_backward(tp_sum(tp_mul(w->x, NOISE(w->sizes[0]))));
}

static tp_status adam_steps(work *w, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (tp_step(w->optimizer) != TP_OK)
            return tp_error();
    return TP_OK;
}

/* ---- Logistic regression on batches of 16: dense in hand, dense from a loader, sparse ---- */

enum { BATCH = 16, WORDS = 10, LOADER_ROWS = 1024 };

static void logistic_model(work *w, int64_t features, bool sgd)
{
    w->module = tp_linear(features, 1);
    w->optimizer =
        sgd ? tp_sgd(tp_parameters(w->module), .lr = 0.1) : tp_adam(tp_parameters(w->module), .lr = 0.01);
}

static tp_tensor *coin_flips(int64_t n)
{
    return tp_to(tp_randint(0, 2, n), TP_F32);
}

static tp_status dense_set_up(work *w)
{
    logistic_model(w, w->sizes[0], false);
    w->x = NOISE(BATCH, w->sizes[0]);
    w->y = coin_flips(BATCH);
    return tp_error();
}

static tp_status logistic_step(work *w, tp_tensor *x, tp_tensor *y)
{
    TP_SCOPE(step);
    tp_tensor *p = tp_sigmoid(tp_squeeze(tp_forward(w->module, x), 1));
    tp_tensor *loss = tp_binary_cross_entropy(p, y);
    tp_zero_grad(w->optimizer);
    if (tp_backward(loss) != TP_OK)
        return tp_error();
    return tp_step(w->optimizer);
}

static tp_status logistic_steps(work *w, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (logistic_step(w, w->x, w->y) != TP_OK)
            return tp_error();
    return TP_OK;
}

static tp_status dense_loader_set_up(work *w)
{
    logistic_model(w, w->sizes[0], false);
    w->x = NOISE(LOADER_ROWS, w->sizes[0]);
    w->y = coin_flips(LOADER_ROWS);
    w->loader = tp_loader_new(tp_tensor_dataset(w->x, w->y), .batch_size = BATCH, .shuffle = true);
    return tp_error();
}

static tp_status loader_steps(work *w, int64_t n)
{
    while (n > 0) {
        tp_batch *batch;
        const tp_status status = tp_loader_next(w->loader, &batch);
        if (status == TP_END)
            continue;
        if (status != TP_OK || logistic_step(w, batch->X, batch->y) != TP_OK)
            return tp_error();
        n--;
    }
    return TP_OK;
}

/* Each row has WORDS features, one from each of as many equal parts. sizes: features, then 1 for SGD. */
static tp_status sparse_set_up(work *w)
{
    const int64_t features = w->sizes[0], part = features / WORDS;
    int64_t starts[BATCH + 1];
    int32_t columns[BATCH * WORDS];
    float values[BATCH * WORDS];
    if (part < 1)
        return tp_fail(TP_ERROR_ARGUMENT, "sparse: at least %d features", WORDS);
    uint64_t random = 1;
    for (int i = 0; i < BATCH * WORDS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        columns[i] = (int32_t)(i % WORDS * part + (int64_t)((random >> 33) % (uint64_t)part));
        values[i] = 1;
    }
    for (int i = 0; i <= BATCH; i++)
        starts[i] = (int64_t)i * WORDS;
    logistic_model(w, features, w->n_sizes > 1 && w->sizes[1] == 1);
    w->x = tp_csr(TP_F32, BATCH, features, BATCH * WORDS, starts, columns, values);
    w->y = coin_flips(BATCH);
    return tp_error();
}

/* ---- Predicting one sentence with a model read from its file ---- */

enum { TERM = 6, SENTENCE = 19 };

/* Word i of a language of five letters a word, which Porter's stemmer leaves as they are. */
static void make_word(int64_t i, char word[TERM])
{
    static const char consonants[] = "bdfgkmnprt", vowels[] = "aiou", last[] = "kmnp";
    word[0] = consonants[i % 10];
    word[1] = vowels[i / 10 % 4];
    word[2] = consonants[i / 40 % 10];
    word[3] = vowels[i / 400 % 4];
    word[4] = last[i / 1600 % 4];
    word[5] = 0;
}

static tp_status predict_set_up(work *w)
{
    enum { TERMS = 6400 };
    static char words[TERMS][TERM];
    static const char *terms[TERMS];
    const char *folder = getenv("TMPDIR");
    char path[512];
    snprintf(path, sizeof path, "%s/taper-bench-XXXXXX", folder ? folder : "/tmp");
    for (int64_t i = 0; i < TERMS; i++) {
        make_word(i, words[i]);
        terms[i] = words[i];
    }
    w->text = tp_region_alloc(tp_region_current(), SENTENCE * TERM);
    if (!w->text)
        return tp_error();
    for (int64_t i = 0; i < SENTENCE; i++) {
        make_word(i * 337 % TERMS, w->text + i * TERM);
        w->text[i * TERM + TERM - 1] = i == SENTENCE - 1 ? 0 : ' ';
    }
    const int file = mkstemp(path);
    if (file < 0)
        return tp_fail(TP_ERROR_IO, "no temporary file");
    close(file);
    tp_text_model *made = tp_text_model_new(
        tp_count_vectorizer_from_vocabulary(tp_strings_from_array(TERMS, terms), .stem = TP_STEM_PORTER),
        NULL);
    if (tp_text_model_save(made, path) == TP_OK)
        w->model = tp_text_model_load(path);
    unlink(path);
    return tp_error();
}

static tp_status predict_steps(work *w, int64_t n)
{
    double probability;
    const size_t length = strlen(w->text);
    for (int64_t i = 0; i < n; i++)
        if (tp_text_model_predict(w->model, w->text, length, &probability, NULL) != TP_OK)
            return tp_error();
    return TP_OK;
}

/* ---- Measuring ---- */

static const bench_case cases[] = {
    {"add", "[elements: 16]", add_set_up, add_steps, 0},
    {"add_grad", "[elements: 16]", add_grad_set_up, add_grad_steps, 0},
    {"perceptron", "batch:input:width:...:classes", perceptron_set_up, perceptron_steps, 3},
    {"cross_entropy", "rows:classes", cross_entropy_set_up, cross_entropy_steps, 2},
    {"layer_norm", "rows:size", layer_norm_set_up, layer_norm_steps, 2},
    {"adam", "parameters", adam_set_up, adam_steps, 1},
    {"exp", "elements", exp_set_up, exp_steps, 1},
    {"matmul", "size", matmul_set_up, matmul_steps, 1},
    {"dense", "features", dense_set_up, logistic_steps, 1},
    {"dense_loader", "features", dense_loader_set_up, loader_steps, 1},
    {"sparse", "features[:1 for SGD]", sparse_set_up, logistic_steps, 1},
    {"predict", "", predict_set_up, predict_steps, 0},
};

/* "name:1:2:3" as a case and its sizes; NULL if it is none. */
static const bench_case *find(const char *text, work *w)
{
    const size_t length = strcspn(text, ":");
    const char *at = text + length;
    while (*at == ':' && w->n_sizes < MOST_SIZES) {
        char *end;
        w->sizes[w->n_sizes++] = strtoll(at + 1, &end, 10);
        if (end == at + 1 || w->sizes[w->n_sizes - 1] < 1)
            return NULL;
        at = end;
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strlen(cases[i].name) == length && strncmp(cases[i].name, text, length) == 0)
            return *at == 0 && w->n_sizes >= cases[i].least_sizes ? &cases[i] : NULL;
    return NULL;
}

static tp_status measure(const bench_case *c, work *w, double budget, spread *result, int *count)
{
    static double samples[MOST_SAMPLES];
    if (c->set_up(w) != TP_OK)
        return tp_error();
    reset_peak(); /* what setting up took on the way does not count */
    if (c->steps(w, 1) != TP_OK)
        return tp_error();
    /* A sample takes a millisecond, so that reading the clock does not count. Few will do of what is long. */
    int64_t inner = 1;
    double once;
    for (;;) {
        const double start = seconds_now();
        if (c->steps(w, inner) != TP_OK)
            return tp_error();
        once = seconds_now() - start;
        if (once > 1e-3 || inner > 1 << 24)
            break;
        inner *= 2;
    }
    const int fewest = once > 0.2 ? FEWEST_LONG : FEWEST_SAMPLES;
    const double begin = seconds_now();
    for (*count = 0; *count < MOST_SAMPLES; ++*count) {
        const double start = seconds_now();
        if (*count >= fewest && start - begin > budget)
            break;
        if (c->steps(w, inner) != TP_OK)
            return tp_error();
        samples[*count] = (seconds_now() - start) / (double)inner;
    }
    *result = spread_of(samples, *count);
    return TP_OK;
}

/* The small step of a model that PyTorch's peer begins with: a case's memory is not that of the program,
 * whose pages are read when first used. */
static void warm_up(void)
{
    TP_SCOPE(warm_up);
    tp_module *model = tp_sequential(tp_linear(64, 64), tp_layer_norm(64));
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.001);
    if (tp_backward(tp_cross_entropy(tp_forward(model, NOISE(64, 64)), tp_randint(0, 64, 64))) == TP_OK)
        tp_step(adam);
    tp_exp(tp_matmul(NOISE(64, 64), NOISE(64, 64)));
}

static int answer(const char *name, int threads, double budget)
{
    work w = {0};
    const bench_case *c = find(name, &w);
    spread result = {0, 0};
    int count = 0;
    warm_up();
    tp_manual_seed(0);
    tp_memory_trim();
    const double before = process_bytes("VmRSS:");
    tp_region *region = tp_region_new("bench");
    tp_status status = c ? tp_set_num_threads(threads) : tp_fail(TP_ERROR_ARGUMENT, "no such case");
    if (status == TP_OK && (status = tp_region_enter(region)) == TP_OK)
        status = measure(c, &w, budget, &result, &count);
    const double peak = process_bytes("VmHWM:") - before;
    if (status == TP_OK)
        printf("{\"case\": \"%s\", \"threads\": %d, \"seconds\": %.6g, \"best\": %.6g, \"samples\": %d, "
               "\"peak_bytes\": %.0f}\n",
               name, threads, result.median, result.best, count, peak);
    else
        printf("{\"case\": \"%s\", \"threads\": %d, \"error\": \"%s\"}\n", name, threads, tp_error_message());
    fflush(stdout);
    tp_clear_error();
    tp_region_end(region);
    return status != TP_OK;
}

static int serve(void)
{
    char line[512], name[512];
    while (fgets(line, sizeof line, stdin)) {
        int threads = 1;
        double budget = 0.3;
        if (sscanf(line, "%511s %d %lf", name, &threads, &budget) >= 1)
            answer(name, threads, budget);
    }
    tp_finish();
    return 0;
}

/* Callgrind counts what happens in here. */
__attribute__((noinline)) tp_status counted_steps(const bench_case *c, work *w, int64_t n);
tp_status counted_steps(const bench_case *c, work *w, int64_t n)
{
    return c->steps(w, n);
}

static int count_steps(const char *name, int64_t n)
{
    work w = {0};
    const bench_case *c = find(name, &w);
    if (!c || tp_set_num_threads(1) != TP_OK || c->set_up(&w) != TP_OK || c->steps(&w, 3) != TP_OK ||
        counted_steps(c, &w, n) != TP_OK) {
        fprintf(stderr, "%s: %s\n", name, c ? tp_error_message() : "no such case");
        return 1;
    }
    tp_finish();
    return 0;
}

int main(int count, char **arguments)
{
    const char *first = count > 1 ? arguments[1] : "--list";
    if (strcmp(first, "--serve") == 0)
        return serve();
    if (strcmp(first, "--count") == 0 && count == 4)
        return count_steps(arguments[2], strtoll(arguments[3], NULL, 10));
    if (first[0] != '-') {
        const int threads = count > 2 ? atoi(arguments[2]) : 1;
        const int failed = answer(first, threads, count > 3 ? strtod(arguments[3], NULL) : 0.3);
        tp_finish();
        return failed;
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        printf("%s%s%s\n", cases[i].name, cases[i].arguments[0] ? ":" : "", cases[i].arguments);
    return strcmp(first, "--list") != 0;
}
