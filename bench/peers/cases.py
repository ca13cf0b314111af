"""The cases of bench_cases.c in PyTorch (and NumPy's BLAS for products), with the same lines in and out.

usage: cases.py --serve    reads "CASE [THREADS [SECONDS]]" from standard input, and answers a JSON line for each
       cases.py CASE [THREADS [SECONDS]]

Where there are several ways in PyTorch, each is measured, and the fastest is the answer; "way" names it. A case that
begins with "numpy:" is measured in NumPy. {"case": "versions"} answers what is installed.
"""
import gc, json, statistics, sys, time

import torch
import torch.nn.functional as F

try:
    import numpy
except ImportError:
    numpy = None

MOST, FEWEST, FEWEST_LONG, BATCH, WORDS, LOADER_ROWS = 1001, 5, 2, 16, 10, 1024


def add(n=16):
    x, y = torch.randn(n), torch.randn(n)

    def steps(count):
        with torch.no_grad():
            for _ in range(count):
                x + y
    yield "x + y", steps


def add_grad(n=16):
    x, y, g = torch.randn(n, requires_grad=True), torch.randn(n), torch.ones(n)

    def steps(count):
        for _ in range(count):
            x.grad = None
            (x + y).backward(g)
    yield "x + y", steps


def perceptron(batch, *widths):
    x, y = torch.randn(batch, widths[0]), torch.randint(0, widths[-1], (batch,))
    for fused in (False, True):
        layers = []
        for a, b in zip(widths, widths[1:]):
            layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
        model = torch.nn.Sequential(*layers[:-1])
        adam = torch.optim.Adam(model.parameters(), fused=fused)

        def steps(count):
            for _ in range(count):
                adam.zero_grad()
                F.cross_entropy(model(x), y).backward()
                adam.step()
        yield "fused Adam" if fused else "default Adam", steps


def cross_entropy(rows, classes):
    x, y = torch.randn(rows, classes, requires_grad=True), torch.randint(0, classes, (rows,))

    def steps(count):
        for _ in range(count):
            x.grad = None
            F.cross_entropy(x, y).backward()
    yield "cross_entropy", steps


def layer_norm(rows, size):
    x, g = torch.randn(rows, size, requires_grad=True), torch.randn(rows, size)
    layer = torch.nn.LayerNorm(size)

    def steps(count):
        for _ in range(count):
            x.grad = layer.weight.grad = layer.bias.grad = None
            layer(x).backward(g)
    yield "LayerNorm", steps


def adam(n):
    for fused in (False, True):
        x = torch.randn(n, requires_grad=True)
        x.grad = torch.randn(n)
        optimizer = torch.optim.Adam([x], fused=fused)

        def steps(count):
            for _ in range(count):
                optimizer.step()
        yield "fused Adam" if fused else "default Adam", steps


def exp(n):
    x = torch.randn(n)

    def steps(count):
        for _ in range(count):
            torch.exp(x)
    yield "exp(x)", steps


def exp_out(n):
    x = torch.randn(n)
    out = torch.empty(n)

    def steps(count):
        for _ in range(count):
            torch.exp(x, out=out)
    yield "exp(x, out=y)", steps


def matmul(n):
    a, b = torch.randn(n, n), torch.randn(n, n)
    out = torch.empty(n, n)

    def steps(count):
        for _ in range(count):
            a @ b

    def into(count):
        for _ in range(count):
            torch.mm(a, b, out=out)
    yield "a @ b", steps
    if n <= 1024:
        yield "mm(a, b, out=c)", into


def numpy_matmul(n):
    a, b = (numpy.random.rand(n, n).astype(numpy.float32) - 0.5 for _ in "ab")
    out = numpy.empty((n, n), numpy.float32)

    def steps(count):
        for _ in range(count):
            numpy.matmul(a, b, out=out)
    yield "numpy.matmul", steps


def logistic_steps(batches, features):
    """Steps over batches (an endless iterator of X, y) with each way of Adam."""
    for fused in (False, True):
        model = torch.nn.Linear(features, 1)
        adam = torch.optim.Adam(model.parameters(), lr=0.01, fused=fused)
        stream = batches()

        def steps(count):
            for _ in range(count):
                x, y = next(stream)
                adam.zero_grad()
                F.binary_cross_entropy(torch.sigmoid(model(x).squeeze(1)), y).backward()
                adam.step()
        yield "fused Adam" if fused else "default Adam", steps


def coin_flips(n):
    return torch.randint(0, 2, (n,)).float()


def dense(features):
    x, y = torch.randn(BATCH, features), coin_flips(BATCH)

    def batches():
        while True:
            yield x, y
    yield from logistic_steps(batches, features)


def dense_loader(features):
    """Rows chosen by a permutation: faster than a DataLoader, which stacks rows one by one."""
    x, y = torch.randn(LOADER_ROWS, features), coin_flips(LOADER_ROWS)

    def batches():
        while True:
            for rows in torch.randperm(LOADER_ROWS).split(BATCH):
                yield x[rows], y[rows]
    yield from logistic_steps(batches, features)


def sparse(features, sgd=0):
    """EmbeddingBag over the columns, which is a linear layer over counts, with dense and with sparse gradients."""
    part = features // WORDS
    columns = (torch.arange(BATCH * WORDS) % WORDS) * part + torch.randint(0, part, (BATCH * WORDS,))
    offsets, y = torch.arange(0, BATCH * WORDS, WORDS), coin_flips(BATCH)
    for way in ("default", "fused", "sparse"):
        if way == "sparse" and not sgd:
            continue
        bag = torch.nn.EmbeddingBag(features, 1, mode="sum", sparse=way == "sparse")
        bias = torch.zeros(1, requires_grad=True)
        kind, options = (torch.optim.SGD, {"lr": 0.1}) if sgd else (torch.optim.Adam, {"lr": 0.01})
        if way == "fused":
            options["fused"] = True
        optimizer = kind([bag.weight, bias], **options)

        def steps(count):
            for _ in range(count):
                optimizer.zero_grad()
                p = torch.sigmoid(bag(columns, offsets).squeeze(1) + bias)
                F.binary_cross_entropy(p, y).backward()
                optimizer.step()
        yield "EmbeddingBag, " + way, steps


def predict():
    """A sentence through NLTK's stemmer (stems remembered), CountVectorizer, and a linear layer."""
    from nltk.stem import PorterStemmer
    from sklearn.feature_extraction.text import CountVectorizer

    def word(i):
        return "".join(("bdfgkmnprt"[i % 10], "aiou"[i // 10 % 4], "bdfgkmnprt"[i // 40 % 10], "aiou"[i // 400 % 4],
                        "kmnp"[i // 1600 % 4]))
    terms = [word(i) for i in range(6400)]
    text = " ".join(word(i * 337 % 6400) for i in range(19))
    vectorizer = CountVectorizer(vocabulary={t: i for i, t in enumerate(sorted(terms))})
    model, stem, known = torch.nn.Linear(6400, 1), PorterStemmer().stem, {}

    def steps(count):
        with torch.no_grad():
            for _ in range(count):
                stems = " ".join(known[w] if w in known else known.setdefault(w, stem(w)) for w in text.split())
                row = torch.from_numpy(vectorizer.transform([stems]).toarray()).float()
                torch.sigmoid(model(row)).item()
    yield "CountVectorizer, Linear", steps


CASES = {f.__name__: f for f in (add, add_grad, perceptron, cross_entropy, layer_norm, adam, exp, exp_out, matmul, dense,
                                 dense_loader, sparse, predict)}


def memory(key):
    with open("/proc/self/status") as file:
        return next((1024 * int(line.split()[1]) for line in file if line.startswith(key)), 0)


def reset_peak():
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def measure(steps, budget):
    steps(1)
    inner, fewest = 1, FEWEST
    while True:
        begin = time.perf_counter()
        steps(inner)
        once = time.perf_counter() - begin
        if once > 1e-3:
            break
        inner *= 2
    if once > 0.2:
        fewest = FEWEST_LONG
    samples, begin = [], time.perf_counter()
    while len(samples) < MOST:
        start = time.perf_counter()
        if len(samples) >= fewest and start - begin > budget:
            break
        steps(inner)
        samples.append((time.perf_counter() - start) / inner)
    return {"seconds": statistics.median(samples), "best": min(samples), "samples": len(samples)}


def set_threads(threads):
    torch.set_num_threads(threads)
    try:
        from threadpoolctl import threadpool_limits
        threadpool_limits(threads, user_api="blas")
    except ImportError:
        pass


def answer(line):
    words = line.split()
    name, sizes = words[0], [int(s) for s in words[0].split(":")[1:] if s.isdigit()]
    threads = int(words[1]) if len(words) > 1 else 1
    budget = float(words[2]) if len(words) > 2 else 0.3
    if name == "versions":
        found = {"torch": torch.__version__, "python": sys.version.split()[0]}
        for module in ("numpy", "sklearn", "nltk"):
            try:
                found[module] = __import__(module).__version__
            except ImportError:
                pass
        return found
    result = {"case": name, "threads": threads}
    function = numpy_matmul if name.startswith("numpy:matmul") and numpy else CASES.get(name.split(":")[0])
    if not function:
        return dict(result, error="no such case")
    torch.manual_seed(0)
    set_threads(threads)
    gc.collect()
    fastest = None
    try:
        ways = function(*sizes)
        while True:
            before = memory("VmRSS") if fastest is None else before
            way, steps = next(ways, (None, None))
            if way is None:
                break
            gc.collect()
            reset_peak()  # what setting up took on the way does not count
            found = measure(steps, budget)
            found.update(way=way, peak_bytes=memory("VmHWM") - before)
            if fastest is None or found["seconds"] < fastest["seconds"]:
                fastest = found
    except (ImportError, RuntimeError, TypeError, ValueError, MemoryError) as error:
        return dict(result, error=str(error).splitlines()[0])
    return dict(result, **fastest)


def warm_up():
    """A small step of a model, so that a case's memory is not that of libraries which load when first used."""
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.LayerNorm(64))
    adam = torch.optim.Adam(model.parameters(), fused=True)
    for _ in range(2):
        adam.zero_grad()
        F.cross_entropy(model(torch.randn(64, 64)), torch.randint(0, 64, (64,))).backward()
        adam.step()
        torch.exp(torch.randn(64, 64) @ torch.randn(64, 64))


warm_up()
if sys.argv[1:] == ["--serve"]:
    for request in iter(sys.stdin.readline, ""):
        print(json.dumps(answer(request)), flush=True)
else:
    print(json.dumps(answer(" ".join(sys.argv[1:]))))
