/* The small cases of bench_cases.c in libtorch, PyTorch's C++ library, with the same lines in and out; and
 * the main job.
 *
 *     libtorch --serve                      reads "CASE [THREADS [SECONDS]]" from standard input, answers a
 * JSON line libtorch CASE [THREADS [SECONDS]] libtorch --job DIR                    trains on SST-2's
 * train.tsv, and prints seconds as JSON
 *
 * Where there are several ways, each is measured, and the fastest is the answer; "way" names it. torch::optim
 * has neither a fused nor a sparse Adam: they are written here over ATen's operations. */
#include <torch/torch.h>

#include "../measure.h"

#include <cmath>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

namespace F = torch::nn::functional;
using torch::Tensor;
using Sizes = std::vector<int64_t>;
using Steps = std::function<void(int64_t)>;
struct Way {
    std::string name;
    Steps steps;
};
using Ways = std::vector<Way>;

static const int64_t BATCH = 16, WORDS = 10, LOADER_ROWS = 1024;
static const size_t MOST_SAMPLES = 1001, FEWEST_SAMPLES = 5, FEWEST_LONG = 2;

/* ---- Optimizers ---- */

struct Optimizer {
    virtual ~Optimizer() = default;
    virtual void step() = 0;
    std::vector<Tensor> parameters;
    explicit Optimizer(std::vector<Tensor> p) : parameters(std::move(p)) {}
    void zero_grad()
    {
        for (auto &p : parameters)
            p.mutable_grad().reset();
    }
};

template <class T> struct Library : Optimizer {
    T of;
    template <class Options> Library(std::vector<Tensor> p, Options o) : Optimizer(p), of(p, o) {}
    void step() override { of.step(); }
};

/* All parameters in one operation. */
struct FusedAdam : Optimizer {
    double lr;
    std::vector<Tensor> m, v, steps;
    FusedAdam(std::vector<Tensor> p, double rate) : Optimizer(std::move(p)), lr(rate)
    {
        for (auto &q : parameters) {
            m.push_back(torch::zeros_like(q));
            v.push_back(torch::zeros_like(q));
            steps.push_back(torch::zeros({}));
        }
    }
    void step() override
    {
        torch::NoGradGuard guard;
        std::vector<Tensor> gradients;
        for (size_t i = 0; i < parameters.size(); i++) {
            gradients.push_back(parameters[i].grad());
            steps[i].add_(1);
        }
        at::_fused_adam_(parameters, gradients, m, v, {}, steps, lr, 0.9, 0.999, 0, 1e-8, false, false);
    }
};

/* Adam for the rows that a sparse gradient has (the lazy variant); dense parameters as usual. */
struct SparseAdam : Optimizer {
    double lr;
    int64_t count = 0;
    Tensor m, v;
    FusedAdam rest;
    SparseAdam(std::vector<Tensor> p, double rate)
        : Optimizer(p), lr(rate), m(torch::zeros_like(p[0])), v(torch::zeros_like(p[0])),
          rest({p.begin() + 1, p.end()}, rate)
    {
    }
    void step() override
    {
        torch::NoGradGuard guard;
        count++;
        const Tensor gradient = parameters[0].grad().coalesce();
        const Tensor rows = gradient.indices()[0], g = gradient.values();
        const Tensor new_m = m.index_select(0, rows).lerp_(g, 0.1);
        const Tensor new_v = v.index_select(0, rows).mul_(0.999).addcmul_(g, g, 0.001);
        m.index_copy_(0, rows, new_m);
        v.index_copy_(0, rows, new_v);
        const double rate = lr * std::sqrt(1 - std::pow(0.999, count)) / (1 - std::pow(0.9, count));
        parameters[0].index_add_(0, rows, new_m / new_v.sqrt_().add_(1e-8), -rate);
        rest.step();
    }
};

using Choice = std::pair<std::string, std::shared_ptr<Optimizer>>;

static std::shared_ptr<Optimizer> adam_of(std::vector<Tensor> p, double lr, bool fused)
{
    if (fused)
        return std::make_shared<FusedAdam>(std::move(p), lr);
    return std::make_shared<Library<torch::optim::Adam>>(std::move(p), torch::optim::AdamOptions(lr));
}

static const char *adam_name(bool fused)
{
    return fused ? "fused Adam" : "torch::optim::Adam";
}

/* ---- Cases ---- */

/* A way that does something over and over, within a guard. */
struct Nothing {
};
template <class Guard = Nothing, class Each> static Way repeated(std::string name, Each each)
{
    return {std::move(name), [=](int64_t count) mutable {
                [[maybe_unused]] Guard guard;
                while (count--)
                    each();
            }};
}

static Ways add(const Sizes &sizes)
{
    const Tensor x = torch::randn(sizes.empty() ? 16 : sizes[0]), y = torch::randn_like(x);
    const auto sum = [=] { x + y; };
    return {repeated<torch::NoGradGuard>("no_grad", sum),
            repeated<c10::InferenceMode>("inference mode", sum)};
}

static Ways add_grad(const Sizes &sizes)
{
    const Tensor x = torch::randn(sizes.empty() ? 16 : sizes[0]).requires_grad_();
    const Tensor y = torch::randn(x.sizes()), g = torch::ones(x.sizes());
    return {repeated("x + y", [=] {
        x.mutable_grad().reset();
        (x + y).backward(g);
    })};
}

static Ways perceptron(const Sizes &sizes)
{
    Ways ways;
    const Tensor x = torch::randn({sizes[0], sizes[1]}), y = torch::randint(sizes.back(), {sizes[0]});
    for (bool fused : {false, true}) {
        torch::nn::Sequential model;
        for (size_t i = 1; i + 1 < sizes.size(); i++) {
            model->push_back(torch::nn::Linear(sizes[i], sizes[i + 1]));
            if (i + 2 < sizes.size())
                model->push_back(torch::nn::ReLU());
        }
        const auto adam = adam_of(model->parameters(), 1e-3, fused);
        ways.push_back(repeated(adam_name(fused), [=]() mutable {
            adam->zero_grad();
            F::cross_entropy(model->forward(x), y).backward();
            adam->step();
        }));
    }
    return ways;
}

static Ways adam(const Sizes &sizes)
{
    Ways ways;
    for (bool fused : {false, true}) {
        Tensor x = torch::randn(sizes[0]).requires_grad_();
        x.mutable_grad() = torch::randn(sizes[0]);
        const auto optimizer = adam_of({x}, 1e-3, fused);
        ways.push_back(repeated(adam_name(fused), [=] { optimizer->step(); }));
    }
    return ways;
}

static Tensor coin_flips(int64_t n)
{
    return torch::randint(2, {n}).to(torch::kFloat);
}

/* A step of logistic regression. */
template <class Model> static Tensor logistic_step(Model p, const Tensor &y, Optimizer &optimizer)
{
    optimizer.zero_grad();
    const Tensor loss = torch::binary_cross_entropy(p(), y);
    loss.backward();
    optimizer.step();
    return loss;
}

static Ways dense(const Sizes &sizes)
{
    Ways ways;
    const Tensor x = torch::randn({BATCH, sizes[0]}), y = coin_flips(BATCH);
    for (bool fused : {false, true}) {
        torch::nn::Linear model(sizes[0], 1);
        const auto adam = adam_of(model->parameters(), 0.01, fused);
        ways.push_back(repeated(adam_name(fused), [=]() mutable {
            logistic_step([&] { return torch::sigmoid(model->forward(x).squeeze(1)); }, y, *adam);
        }));
    }
    return ways;
}

static Ways dense_loader(const Sizes &sizes)
{
    Ways ways;
    const Tensor x = torch::randn({LOADER_ROWS, sizes[0]}), y = coin_flips(LOADER_ROWS);
    for (bool fused : {false, true}) {
        torch::nn::Linear model(sizes[0], 1);
        const auto adam = adam_of(model->parameters(), 0.01, fused);
        std::vector<Tensor> order;
        ways.push_back(repeated(adam_name(fused), [=]() mutable {
            if (order.empty())
                order = torch::randperm(LOADER_ROWS).split(BATCH);
            const Tensor batch = x.index_select(0, order.back()), labels = y.index_select(0, order.back());
            order.pop_back();
            logistic_step([&] { return torch::sigmoid(model->forward(batch).squeeze(1)); }, labels, *adam);
        }));
    }
    return ways;
}

/* A linear layer over counts: the sum of the columns' weights. */
struct Bag {
    Tensor weight, bias;
    bool sparse;
    Bag(int64_t features, bool with_sparse)
        : weight(((torch::rand({features, 1}) * 2 - 1) / std::sqrt(double(features))).requires_grad_()),
          bias(torch::zeros(1).requires_grad_()), sparse(with_sparse)
    {
    }
    Tensor operator()(const Tensor &columns, const Tensor &offsets) const
    {
        const Tensor sums = std::get<0>(at::embedding_bag(weight, columns, offsets, false, 0, sparse));
        return torch::sigmoid(sums.squeeze(1) + bias);
    }
};

static std::vector<std::pair<Bag, Choice>> bags(int64_t features, bool sgd)
{
    std::vector<std::pair<Bag, Choice>> found;
    for (const char *way : {"dense gradients", "dense gradients, fused", "sparse gradients"}) {
        const bool sparse = way[0] == 's', fused = std::string(way).find("fused") != std::string::npos;
        const Bag bag(features, sparse);
        const std::vector<Tensor> p = {bag.weight, bag.bias};
        std::shared_ptr<Optimizer> optimizer;
        if (sgd && fused)
            continue;
        if (sgd)
            optimizer = std::make_shared<Library<torch::optim::SGD>>(p, torch::optim::SGDOptions(0.1));
        else if (sparse)
            optimizer = std::make_shared<SparseAdam>(p, 0.01);
        else
            optimizer = adam_of(p, 0.01, fused);
        found.push_back({bag, {std::string("EmbeddingBag, ") + way, optimizer}});
    }
    return found;
}

static Ways sparse(const Sizes &sizes)
{
    Ways ways;
    const int64_t part = sizes[0] / WORDS, entries = BATCH * WORDS;
    const Tensor columns = (torch::arange(entries) % WORDS) * part + torch::randint(part, {entries});
    const Tensor offsets = torch::arange(0, entries, WORDS), y = coin_flips(BATCH);
    for (const auto &way : bags(sizes[0], sizes.size() > 1)) {
        const Bag bag = way.first;
        const auto optimizer = way.second.second;
        ways.push_back(repeated(
            way.second.first, [=] { logistic_step([&] { return bag(columns, offsets); }, y, *optimizer); }));
    }
    return ways;
}

/* ---- Text: words of two characters and more, without stems, which libtorch does not have ---- */

using Vocabulary = std::unordered_map<std::string, int64_t>;

template <class Each> static void for_words(const std::string &text, Each each)
{
    std::string word;
    for (size_t i = 0; i <= text.size(); i++) {
        const unsigned char c = i < text.size() ? (unsigned char)text[i] : ' ';
        if (isalnum(c) || c == '_' || c >= 128) {
            word.push_back((char)tolower(c));
            continue;
        }
        if (word.size() > 1)
            each(word);
        word.clear();
    }
}

static Ways predict(const Sizes &)
{
    const auto word = [](int64_t i) {
        const char *c = "bdfgkmnprt", *v = "aiou", *last = "kmnp";
        return std::string{c[i % 10], v[i / 10 % 4], c[i / 40 % 10], v[i / 400 % 4], last[i / 1600 % 4]};
    };
    const int64_t terms = 6400, length = 19;
    Vocabulary known;
    std::string text;
    for (int64_t i = 0; i < terms; i++)
        known[word(i)] = i;
    for (int64_t i = 0; i < length; i++)
        text += word(i * 337 % terms) + " ";
    const Tensor weight = torch::randn({1, terms}), bias = torch::zeros(1),
                 offsets = torch::zeros(1, torch::kLong);
    const Tensor table = weight.t().contiguous();
    const auto for_columns = [=](auto each) {
        for_words(text, [&](const std::string &w) {
            const auto found = known.find(w);
            if (found != known.end())
                each(found->second);
        });
    };
    return {repeated<c10::InferenceMode>("Linear over a dense row",
                                         [=] {
                                             Tensor row = torch::zeros({1, terms});
                                             float *at = row.data_ptr<float>();
                                             for_columns([&](int64_t column) { at[column] += 1; });
                                             torch::sigmoid(torch::linear(row, weight, bias)).item<float>();
                                         }),
            repeated<c10::InferenceMode>("EmbeddingBag", [=] {
                Sizes columns;
                for_columns([&](int64_t column) { columns.push_back(column); });
                const Tensor sum = std::get<0>(at::embedding_bag(table, torch::tensor(columns), offsets));
                torch::sigmoid(sum + bias).item<float>();
            })};
}

static const std::unordered_map<std::string, std::pair<Ways (*)(const Sizes &), size_t>> CASES = {
    {"add", {add, 0}},       {"add_grad", {add_grad, 0}}, {"perceptron", {perceptron, 3}},
    {"adam", {adam, 1}},     {"dense", {dense, 1}},       {"dense_loader", {dense_loader, 1}},
    {"sparse", {sparse, 1}}, {"predict", {predict, 0}}};

/* ---- Measuring ---- */

static spread measure(const Steps &steps, double budget)
{
    steps(1);
    int64_t inner = 1;
    double once;
    for (;;) {
        const double start = seconds_now();
        steps(inner);
        once = seconds_now() - start;
        if (once > 1e-3)
            break;
        inner *= 2;
    }
    const size_t fewest = once > 0.2 ? FEWEST_LONG : FEWEST_SAMPLES;
    std::vector<double> samples;
    const double begin = seconds_now();
    while (samples.size() < MOST_SAMPLES) {
        const double start = seconds_now();
        if (samples.size() >= fewest && start - begin > budget)
            break;
        steps(inner);
        samples.push_back((seconds_now() - start) / double(inner));
    }
    return spread_of(samples.data(), int(samples.size()));
}

static void answer(const std::string &line)
{
    std::istringstream words(line);
    std::string text, name, size;
    int threads = 1;
    double budget = 0.3;
    words >> text >> threads >> budget;
    std::istringstream parts(text);
    Sizes sizes;
    std::getline(parts, name, ':');
    while (std::getline(parts, size, ':'))
        sizes.push_back(std::stoll(size));
    const auto found = CASES.find(name);
    if (name == "versions")
        std::cout << "{\"libtorch\": \"" << TORCH_VERSION << "\"}" << std::endl;
    else if (found == CASES.end() || sizes.size() < found->second.second)
        std::cout << "{\"case\": \"" << text << "\", \"error\": \"no such case\"}" << std::endl;
    if (name == "versions" || found == CASES.end() || sizes.size() < found->second.second)
        return;
    torch::manual_seed(0);
    torch::set_num_threads(threads);
    std::string fastest;
    spread best = {0, 0};
    for (const Way &way : found->second.first(sizes)) {
        const spread taken = measure(way.steps, budget);
        if (fastest.empty() || taken.median < best.median) {
            best = taken;
            fastest = way.name;
        }
    }
    std::cout << "{\"case\": \"" << text << "\", \"threads\": " << threads << ", \"seconds\": " << best.median
              << ", \"best\": " << best.best << ", \"way\": \"" << fastest << "\"}" << std::endl;
}

/* ---- The main job: SST-2's training sentences, two epochs, batches of 16 ---- */

/* The columns of each sentence's words; a word that it has twice stands there twice, which is what a count
 * does. */
struct Corpus {
    Sizes starts{0}, columns;
    std::vector<float> labels;
};

/* Reads "sentence TAB label"; new words enter the vocabulary where it may grow. */
static Corpus read_corpus(const std::string &path, Vocabulary &known, bool grow)
{
    Corpus corpus;
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
        const size_t tab = line.rfind('\t');
        for_words(line.substr(0, tab), [&](const std::string &w) {
            const auto found = grow ? known.emplace(w, int64_t(known.size())).first : known.find(w);
            if (found != known.end())
                corpus.columns.push_back(found->second);
        });
        corpus.starts.push_back(int64_t(corpus.columns.size()));
        corpus.labels.push_back(line[tab + 1] == '1' ? 1.0f : 0.0f);
    }
    return corpus;
}

/* Some rows, and the arrays that tensors look at until the backward is done. */
struct Batch {
    Sizes columns, offsets;
    std::vector<float> labels;
    Tensor y;
};

template <class T> static Tensor seen(std::vector<T> &v)
{
    return torch::from_blob(v.data(), {int64_t(v.size())}, torch::CppTypeToScalarType<T>::value);
}

/* Probabilities of n rows. */
static Tensor forward(const Bag &bag, const Corpus &corpus, const int64_t *rows, int64_t n, Batch &b)
{
    b.columns.clear(), b.offsets.clear(), b.labels.clear();
    for (int64_t i = 0; i < n; i++) {
        const int64_t begin = corpus.starts[size_t(rows[i])], end = corpus.starts[size_t(rows[i]) + 1];
        b.offsets.push_back(int64_t(b.columns.size()));
        b.columns.insert(b.columns.end(), corpus.columns.begin() + begin, corpus.columns.begin() + end);
        b.labels.push_back(corpus.labels[size_t(rows[i])]);
    }
    b.y = seen(b.labels);
    return bag(seen(b.columns), seen(b.offsets));
}

static int64_t correct(const Tensor &p, const Batch &b)
{
    const float *at = p.const_data_ptr<float>();
    int64_t right = 0;
    for (size_t i = 0; i < b.labels.size(); i++)
        right += (at[i] > 0.5f) == (b.labels[i] > 0.5f);
    return right;
}

static void job(const std::string &folder)
{
    torch::set_num_threads(1);
    at::globalContext().setFlushDenormal(true); /* moments of rare words become subnormal, and slow */
    const double start = seconds_now();
    Vocabulary known;
    const Corpus train = read_corpus(folder + "/train.tsv", known, true);
    const Corpus dev = read_corpus(folder + "/dev.tsv", known, false);
    const int64_t n = int64_t(train.labels.size()), n_dev = int64_t(dev.labels.size());
    const Tensor all_dev = torch::arange(n_dev);
    const double read = seconds_now() - start;
    for (auto &way : bags(int64_t(known.size()), false)) {
        const double begin = seconds_now();
        const Bag &bag = way.first;
        double accuracy = 0, losses = 0;
        int64_t right = 0;
        Batch batch;
        for (int epoch = 0; epoch < 2; epoch++) {
            const Tensor order = torch::randperm(n);
            const int64_t *rows = order.data_ptr<int64_t>();
            for (int64_t at = 0; at < n; at += BATCH) {
                Tensor p;
                const auto model = [&] {
                    return p = forward(bag, train, rows + at, std::min(BATCH, n - at), batch);
                };
                losses += logistic_step(model, batch.y, *way.second.second).item<float>();
                right += correct(p, batch);
            }
            torch::NoGradGuard guard;
            const Tensor p = forward(bag, dev, all_dev.data_ptr<int64_t>(), n_dev, batch);
            accuracy = double(correct(p, batch)) / double(n_dev);
        }
        const double took = seconds_now() - begin;
        std::cout << "{\"way\": \"" << way.second.first << "\", \"read\": " << read << ", \"train\": " << took
                  << ", \"step\": " << took / (2 * std::ceil(double(n) / BATCH)) << ", \"loss\": " << losses
                  << ", \"train_accuracy\": " << double(right) / double(2 * n)
                  << ", \"dev_accuracy\": " << accuracy << "}" << std::endl;
    }
}

int main(int count, char **arguments)
{
    std::string line;
    try {
        if (count == 3 && std::string(arguments[1]) == "--job")
            job(arguments[2]);
        else if (count == 2 && std::string(arguments[1]) == "--serve")
            while (std::getline(std::cin, line))
                answer(line);
        else {
            for (int i = 1; i < count; i++)
                line += std::string(arguments[i]) + " ";
            answer(line);
        }
    } catch (const std::exception &error) {
        std::cerr << error.what() << std::endl;
        return 1;
    }
    return 0;
}
