/* Files that hold models, tokenizers and trainings. Who writes such a file can make its checksums right;
 * here the files have none. */
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>

/* ---- Text models ---- */

/* What loads can be used, saved, and loaded again. */
static bool use_model(const tp_text_model *model)
{
    static const char text[] = "A good film, and not 1 bad \xC3\xA9l\xC3\xA9ment";
    static const int64_t offsets[] = {0, 6, 6, sizeof text - 1};
    const tp_strings texts = {3, text, offsets};
    tp_word_weight words[8];
    double probability;
    int label;
    bool right = tp_text_model_predict(model, text, sizeof text - 1, &probability, &label) == TP_OK &&
                 tp_text_model_label(model, label) && tp_text_model_probabilities(model, &texts);
    if (right && tp_text_model_kind_of(model) == TP_TEXT_LOGISTIC_REGRESSION) {
        right = tp_text_model_top_words(model, 0, 8, words) >= 0;
        if (!tp_text_model_softmax(model))
            right = right && tp_text_model_explain(model, text, sizeof text - 1, 8, words) >= 0;
    }
    right = right && tp_text_model_save(model, fuzz_output()) == TP_OK;
    return right && tp_text_model_load(fuzz_output());
}

static bool run_model(const char *bytes, size_t length)
{
    const tp_text_model *model = tp_text_model_load(fuzz_safetensors(bytes, length));
    return fuzz_outcome(model != NULL) && (!model || use_model(model));
}

static const tp_strings *some_texts(void)
{
    static const char *const texts[] = {"a good film", "a bad film", "good, not bad",
                                        "the worst film, 1 of 10"};
    return tp_strings_from_array(4, texts);
}

/* Saves models of all kinds, and gives each file without its checksums to `give`. */
static void each_model(void (*give)(const char *path))
{
    static const char *const names[] = {"bad", "good", "caf\xC3\xA9"};
    static const int64_t hidden[] = {3};
    for (int i = 0; i < 5; i++) {
        tp_count_vectorizer *v =
            tp_count_vectorizer_new(.ngram_max = i == 1 ? 2 : 1,
                                    .stop_words = i == 1
                                                      ? tp_strings_from_array(1, (const char *const[]){"the"})
                                                      : NULL);
        tp_tfidf *weights = tp_tfidf_new();
        (void)tp_tfidf_fit_transform_texts(weights, v, some_texts());
        tp_hashing_vectorizer *hashing = tp_hashing_vectorizer_new(.n_features = 8);
        tp_text_model *model =
            i == 0 ? tp_text_model_make(.vectorizer = v, .label_names = names)
            : i == 1
                ? tp_text_model_make(.vectorizer = v, .tfidf = weights, .label_names = names, .classes = 3)
            : i == 2 ? tp_text_model_make(.hashing = hashing)
            : i == 3 ? tp_text_model_make(.vectorizer = v, .kind = TP_TEXT_MLP, .hidden = hidden,
                                          .hidden_count = 1)
                     : tp_text_model_make(.vectorizer = v, .kind = TP_TEXT_EMBEDDING_BAG, .width = 2,
                                          .hidden = hidden, .hidden_count = i == 4);
        if (tp_text_model_save(model, fuzz_output()) != TP_OK)
            return;
        tp_safetensors_file *file = tp_safetensors_open(fuzz_output());
        tp_named_tensor tensors[32];
        tp_string_pair metadata[8];
        int64_t n = 0, m = 0;
        for (; n < tp_safetensors_count(file); n++) {
            const char *name = tp_safetensors_name(file, n);
            tensors[n] = (tp_named_tensor){name, tp_safetensors_tensor(file, name)};
        }
        for (int64_t k = 0; k < tp_safetensors_metadata_count(file); k++)
            if (strcmp(tp_safetensors_metadata_at(file, k)->key, "crc32c"))
                metadata[m++] = *tp_safetensors_metadata_at(file, k);
        (void)tp_safetensors_save(fuzz_output(), tensors, n, metadata, m);
        give(fuzz_output());
    }
}

static void give_model(const char *path)
{
    fuzz_seed_safetensors("", path);
}

static void seed_model(void)
{
    each_model(give_model);
}

static const char *const model_words[] = {"\\\"hidden\\\":[4]",
                                          "\\\"lowercase\\\":",
                                          "\\\"labels\\\":[\\\"a\\\",\\\"a\\\"]",
                                          "\\\"ngram_max\\\":64",
                                          "\\\"softmax\\\":true",
                                          "\\\"hashing\\\":true",
                                          "\\u001b[31m",
                                          "\\\"terms\\\":",
                                          "[1,6]",
                                          "true",
                                          "false",
                                          NULL};

/* A configuration, in front of the tensors of a logistic regression of four words. */
static bool run_config(const char *bytes, size_t length)
{
    (void)length;
    const tp_named_tensor tensors[] = {{"vocabulary", tp_from_array(TP_U8, "a\nb\ncc\nd e", 10)},
                                       {"Wb.weight", tp_ones(TP_F32, 1, 4)},
                                       {"Wb.bias", tp_ones(TP_F32, 1)}};
    const tp_string_pair metadata[] = {{"taper", "text_model"}, {"version", "1"}, {"config", bytes}};
    /* A text that is no UTF-8 cannot be saved. */
    if (tp_safetensors_save(fuzz_output(), tensors, 3, metadata, 3) != TP_OK)
        return true;
    const tp_text_model *model = tp_text_model_load(fuzz_output());
    return fuzz_outcome(model != NULL) && (!model || use_model(model));
}

static void give_config(const char *path)
{
    const char *config = tp_safetensors_metadata(tp_safetensors_open(path), "config");
    if (config)
        fuzz_seed(config, strlen(config));
}

static void seed_config(void)
{
    static const char plain[] =
        "{\"lowercase\":true,\"stem\":\"none\",\"min_token_length\":1,\"ngram_min\":1,"
        "\"ngram_max\":2,\"binary\":false,\"labels\":[\"bad\",\"good\"],\"terms\":4,"
        "\"stop_words\":0,\"unicode\":\"15.1.0\"}";
    fuzz_seed(plain, sizeof plain - 1);
    each_model(give_config);
}

static const char *const config_words[] = {"\"hidden\":[4]",
                                           "\"lowercase\":",
                                           "\"labels\":[\"a\",\"a\"]",
                                           "\"ngram_max\":64",
                                           "\"softmax\":true,",
                                           "\"hashing\":true,",
                                           "\\u001b[31m",
                                           "\\u0000",
                                           "\"analyzer\":\"char\",",
                                           "\"model\":\"mlp\",",
                                           "true",
                                           "false",
                                           NULL};

/* ---- Tokenizers ---- */

static bool run_tokenizer(const char *bytes, size_t length)
{
    static const char text[] = "a good film, the worst\xFF film <pad>";
    static const int64_t offsets[] = {0, 6, sizeof text - 1};
    const tp_strings texts = {2, text, offsets};
    const tp_tokenizer *t = tp_tokenizer_load(fuzz_safetensors(bytes, length));
    if (!t)
        return fuzz_outcome(false);
    size_t decoded;
    const tp_sequences *s = tp_tokenizer_encode(t, &texts);
    const char *back = s ? tp_tokenizer_decode(t, s->ids, s->offsets[2], true, &decoded) : NULL;
    return back && decoded == sizeof text - 1 && !memcmp(back, text, decoded) &&
           tp_tokenizer_save(t, fuzz_output()) == TP_OK && fuzz_outcome(true);
}

static void seed_tokenizer(void)
{
    static const char *const specials[] = {"<pad>", "<end>"};
    (void)tp_tokenizer_save(tp_tokenizer_learn(some_texts(), .size = 270, .min_count = 1,
                                               .special_tokens = tp_strings_from_array(2, specials)),
                            fuzz_output());
    fuzz_seed_safetensors("", fuzz_output());
    (void)tp_tokenizer_save(tp_tokenizer_learn(some_texts()), fuzz_output());
    fuzz_seed_safetensors("", fuzz_output());
}

/* Merges alone, two letters each: ids from 32 of a tokenizer without special tokens. */
static bool run_merges(const char *bytes, size_t length)
{
    const int64_t shape[2] = {(int64_t)(length / 2), 2};
    tp_tensor *merges = tp_zeros_n(TP_I32, 2, shape);
    int32_t *ids = tp_data(merges);
    for (size_t i = 0; ids && i < (length & ~(size_t)1); i++)
        ids[i] = (unsigned char)bytes[i] >= 0x80 ? 256 + (bytes[i] & 0x7F) : bytes[i];
    const tp_named_tensor tensors[] = {{"merges", merges}, {"special_tokens", tp_zeros(TP_U8, 0)}};
    const tp_string_pair metadata[] = {{"taper", "tokenizer"}, {"version", "1"}};
    if (tp_safetensors_save(fuzz_output(), tensors, 2, metadata, 2) != TP_OK)
        return false;
    return fuzz_outcome(tp_tokenizer_load(fuzz_output()) != NULL);
}

static void seed_merges(void)
{
    char doubling[64] = "aa";
    for (int i = 0; i < 31; i++)
        doubling[2 * i + 2] = doubling[2 * i + 3] = (char)(0x80 | i);
    fuzz_seed("abcd\x80\x81", 6);
    fuzz_seed(doubling, 34);
    fuzz_seed(doubling, 64);
}

/* ---- States ---- */

static tp_optimizer *make_optimizer(unsigned kind, tp_module *model)
{
    const tp_parameter_list *p = tp_parameters(model);
    switch (kind % 12) {
    case 0:
        return tp_sgd(p, .momentum = 0.9);
    case 1:
        return tp_adam(p, .amsgrad = true);
    case 2:
        return tp_adamw(p);
    case 3:
        return tp_adagrad(p);
    case 4:
        return tp_rmsprop(p, .momentum = 0.5, .centered = true);
    case 5:
        return tp_adadelta(p);
    case 6:
        return tp_adamax(p);
    case 7:
        return tp_nadam(p);
    case 8:
        return tp_radam(p);
    case 9:
        return tp_rprop(p);
    case 10:
        return tp_sparse_adam(p);
    default:
        return tp_lbfgs(p, .max_iter = 3, .history_size = 3);
    }
}

static tp_schedule *make_schedule(unsigned kind, tp_optimizer *o)
{
    static const int64_t milestones[] = {2, 4};
    switch (kind % 10) {
    case 0:
        return tp_step_lr(o, 2);
    case 1:
        return tp_multi_step_lr(o, 2, milestones);
    case 2:
        return tp_linear_lr(o);
    case 3:
        return tp_exponential_lr(o, 0.9);
    case 4:
        return tp_cosine_annealing_lr(o, 5);
    case 5:
        return tp_cosine_annealing_warm_restarts(o, 3);
    case 6:
        return tp_one_cycle_lr(o, 0.1, 9);
    case 7:
        return tp_cyclic_lr(o, 0.01, 0.1, .step_size_up = 3);
    case 8:
        return tp_reduce_lr_on_plateau(o);
    default: {
        tp_schedule *parts[] = {tp_constant_lr(o), tp_polynomial_lr(o)};
        return tp_sequential_lr(o, 2, parts, milestones);
    }
    }
}

static double closure(void *context)
{
    tp_module *model = context;
    TP_SCOPE(closure);
    tp_module_zero_grad(model);
    tp_tensor *loss = tp_sum(tp_square(tp_forward(model, tp_ones(TP_F32, 2, 2))));
    return tp_backward(loss) == TP_OK ? tp_item(loss) : NAN;
}

static tp_status step_optimizer(tp_optimizer *optimizer, tp_module *model, unsigned kind)
{
    if (kind % 12 == 11) {
        (void)tp_step_closure(optimizer, closure, model);
        return tp_error();
    }
    (void)closure(model);
    return tp_error() == TP_OK ? tp_step(optimizer) : tp_error();
}

/* The first byte is the kind: optimizers from 'A', schedules from 'a', an average '0', a module '1'. */
static bool run_state(const char *bytes, size_t length)
{
    if (!length)
        return true;
    const char kind = bytes[0];
    tp_module *model = tp_linear(2, 1);
    const tp_safetensors_file *file = tp_safetensors_open(fuzz_safetensors(bytes + 1, length - 1));
    const int64_t n = file ? tp_safetensors_count(file) : 0;
    tp_named_tensor *tensors = tp_region_alloc(tp_region_current(), (size_t)(n + 1) * sizeof *tensors);
    for (int64_t i = 0; i < n; i++) {
        const char *name = tp_safetensors_name(file, i);
        if (!(tensors[i] = (tp_named_tensor){name, tp_safetensors_tensor(file, name)}).tensor)
            return fuzz_outcome(false);
    }
    if (!file)
        return fuzz_outcome(false);
    if (kind == '0') {
        tp_average *average = tp_average_of(model);
        const tp_status status = tp_load_average_state(average, tensors, n);
        return fuzz_outcome(status == TP_OK) && (status != TP_OK || tp_average_update(average) == TP_OK);
    }
    if (kind == '1')
        return fuzz_outcome(tp_load_state_dict(model, tensors, n, true) == TP_OK);
    tp_optimizer *optimizer = make_optimizer(kind >= 'a' ? 0 : (unsigned char)kind - (unsigned)'A', model);
    if (kind < 'a') {
        const tp_status status = tp_load_optimizer_state(optimizer, tensors, n);
        if (status != TP_OK)
            return fuzz_outcome(false);
        tp_optimizer_repr(optimizer);
        /* Options may be such that a step fails; it must say so. */
        const tp_status stepped = step_optimizer(optimizer, model, (unsigned char)kind - (unsigned)'A');
        return fuzz_outcome(stepped == TP_OK);
    }
    tp_schedule *schedule = make_schedule((unsigned char)kind - (unsigned)'a', optimizer);
    tp_status status = tp_load_schedule_state(schedule, tensors, n);
    for (int i = 0; i < 3 && status == TP_OK; i++)
        status = kind == 'a' + 8 ? tp_schedule_step_metric(schedule, 1) : tp_schedule_step(schedule);
    return fuzz_outcome(status == TP_OK);
}

static void seed_named(char kind, const tp_named_tensors *state)
{
    const char front[] = {kind, 0};
    if (state && tp_safetensors_save(fuzz_output(), state->items, state->count, NULL, 0) == TP_OK)
        fuzz_seed_safetensors(front, fuzz_output());
}

static void seed_state(void)
{
    tp_module *model = tp_linear(2, 1);
    for (int kind = 0; kind < 12; kind++) {
        if (kind == 10) /* takes sparse gradients only */
            continue;
        tp_optimizer *optimizer = make_optimizer((unsigned)kind, model);
        (void)step_optimizer(optimizer, model, (unsigned)kind);
        if (kind != 11)
            (void)step_optimizer(optimizer, model, (unsigned)kind);
        seed_named((char)('A' + kind), tp_optimizer_state(optimizer));
    }
    for (int kind = 0; kind < 10; kind++) {
        tp_optimizer *optimizer = make_optimizer(0, model);
        seed_named((char)('a' + kind), tp_schedule_state(make_schedule((unsigned)kind, optimizer)));
    }
    tp_average *average = tp_average_of(model);
    (void)tp_average_update(average);
    seed_named('0', tp_average_state(average));
    seed_named('1', tp_state_dict(model));
}

static const char *const state_words[] = {
    "state.0.step", "state.1.exp_avg", "param_groups.0.lr", "n_averaged", "last_epoch",
    "[1,2]",        "\"F64\"",         "\"I64\"",           "\"BOOL\"",   NULL};

/* ---- Checkpoints ---- */

static tp_status train(const char *resume, const char *checkpoint)
{
    tp_manual_seed(3);
    tp_loader *loader = tp_loader_new(tp_tensor_dataset(tp_ones(TP_F32, 6, 2), tp_ones(TP_F32, 6)),
                                      .batch_size = 2, .shuffle = true);
    tp_loader *dev = tp_loader_new(tp_tensor_dataset(tp_ones(TP_F32, 3, 2), tp_ones(TP_F32, 3)));
    tp_module *model = tp_linear(2, 1);
    tp_optimizer *adam = tp_adam(tp_parameters(model));
    return tp_fit(model, loader, adam, .dev = dev, .epochs = 2, .schedule = tp_step_lr(adam, 2),
                  .average = tp_average_of(model), .resume_path = resume, .checkpoint_path = checkpoint,
                  .checkpoint_every = checkpoint ? 2 : 0);
}

static bool run_checkpoint(const char *bytes, size_t length)
{
    return fuzz_outcome(train(fuzz_safetensors(bytes, length), NULL) == TP_OK);
}

static void seed_checkpoint(void)
{
    (void)train(NULL, fuzz_output());
    fuzz_seed_safetensors("", fuzz_output());
}

const fuzz_target fuzz_models[] = {{"model", run_model, seed_model, model_words},
                                   {"config", run_config, seed_config, config_words},
                                   {"tokenizer", run_tokenizer, seed_tokenizer, NULL},
                                   {"merges", run_merges, seed_merges, NULL},
                                   {"state", run_state, seed_state, state_words},
                                   {"checkpoint", run_checkpoint, seed_checkpoint, state_words},
                                   {NULL, NULL, NULL, NULL}};
