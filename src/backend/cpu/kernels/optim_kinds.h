/* The element formulas of optim_kinds.c, in plain C for one type T. */

#define ARGUMENTS \
    int64_t n, void *parameter, const void *gradient, void *const *states, const tp__step_numbers *k

/* What every formula begins with. */
#define BEGIN                                                                                    \
    T *restrict p = parameter;                                                                   \
    const T *restrict g = gradient;                                                              \
    const T sign = k->maximize ? -1 : 1, weight_decay = (T)k->weight_decay, decay = (T)k->decay; \
    const bool adds_decay = k->weight_decay != 0, shrinks = k->decay != 1;
#define EACH _Pragma("omp simd") for (int64_t i = 0; i < n; i++)
#define OLD (shrinks ? p[i] * decay : p[i])
#define GRADIENT(old) (adds_decay ? FMA(old, weight_decay, sign * g[i]) : sign * g[i])
/* old + weight (now - old), from the end that is nearer. */
#define LERP(old, now, weight, near) \
    ((near) ? FMA(weight, (now) - (old), old) : FMA((weight)-1, (now) - (old), now))

static void NAME(adagrad)(ARGUMENTS)
{
    BEGIN
    T *restrict sums = states[0];
    const T minus_lr = (T)-k->lr, eps = (T)k->eps;
    EACH
    {
        const T p_ = OLD, g_ = GRADIENT(p_);
        const T sum = FMA(g_, g_, sums[i]);
        sums[i] = sum;
        p[i] = p_ + (minus_lr * g_) / (SQRT(sum) + eps);
    }
}

static void NAME(rmsprop)(ARGUMENTS)
{
    BEGIN
    T *restrict squares = states[0], *restrict means = states[1], *restrict sums = states[2];
    const T minus_lr = (T)-k->lr, eps = (T)k->eps, alpha = (T)k->beta2, fresh = (T)(1 - k->beta2),
            momentum = (T)k->momentum;
    const bool near = fresh < (T)0.5;
    EACH
    {
        const T p_ = OLD, g_ = GRADIENT(p_);
        const T square = FMA(fresh * g_, g_, squares[i] * alpha);
        squares[i] = square;
        T spread = square;
        if (means) {
            const T mean = LERP(means[i], g_, fresh, near);
            means[i] = mean;
            spread = FMA(-mean, mean, square);
        }
        const T root = SQRT(spread) + eps;
        if (sums) {
            const T sum = sums[i] * momentum + g_ / root;
            sums[i] = sum;
            p[i] = FMA(sum, minus_lr, p_);
        } else {
            p[i] = p_ + (minus_lr * g_) / root;
        }
    }
}

static void NAME(adadelta)(ARGUMENTS)
{
    BEGIN
    T *restrict squares = states[0], *restrict steps = states[1];
    const T minus_lr = (T)-k->lr, eps = (T)k->eps, rho = (T)k->beta2, fresh = (T)(1 - k->beta2);
    EACH
    {
        const T p_ = OLD, g_ = GRADIENT(p_);
        const T square = FMA(fresh * g_, g_, squares[i] * rho);
        const T step = SQRT(steps[i] + eps) / SQRT(square + eps) * g_;
        squares[i] = square;
        steps[i] = FMA(fresh * step, step, steps[i] * rho);
        p[i] = FMA(step, minus_lr, p_);
    }
}

static void NAME(adamax)(ARGUMENTS)
{
    BEGIN
    T *restrict means = states[0], *restrict sizes = states[1];
    const T minus_lr = (T)-k->lr, eps = (T)k->eps, beta2 = (T)k->beta2, fresh = (T)(1 - k->beta1);
    const bool near = fresh < (T)0.5;
    EACH
    {
        const T p_ = OLD, g_ = GRADIENT(p_);
        const T mean = LERP(means[i], g_, fresh, near);
        const T old = sizes[i] * beta2, now = FABS(g_) + eps;
        const bool stays = (old > now) | (old != old);
        const T size = stays ? old : now;
        means[i] = mean;
        sizes[i] = size;
        p[i] = p_ + (minus_lr * mean) / size;
    }
}

/* lr is the factor of the gradient, lr2 that of the mean. */
static void NAME(nadam)(ARGUMENTS)
{
    BEGIN
    T *restrict means = states[0], *restrict squares = states[1];
    const T of_gradient = (T)k->lr, of_mean = (T)k->lr2, eps = (T)k->eps, beta2 = (T)k->beta2,
            fresh = (T)(1 - k->beta1), fresh2 = (T)(1 - k->beta2), c = (T)k->correction;
    const bool near = fresh < (T)0.5;
    EACH
    {
        const T p_ = OLD, g_ = GRADIENT(p_);
        const T mean = LERP(means[i], g_, fresh, near);
        const T square = FMA(fresh2 * g_, g_, squares[i] * beta2);
        means[i] = mean;
        squares[i] = square;
        const T root = SQRT(square / c) + eps;
        p[i] = p_ + (of_gradient * g_) / root + (of_mean * mean) / root;
    }
}

/* lr2 is the root of the second correction, and momentum the rectification: 0 while there is none. */
static void NAME(radam)(ARGUMENTS)
{
    BEGIN
    T *restrict means = states[0], *restrict squares = states[1];
    const T lr = (T)k->lr, eps = (T)k->eps, beta2 = (T)k->beta2, fresh = (T)(1 - k->beta1),
            fresh2 = (T)(1 - k->beta2), c = (T)k->correction, root_c = (T)k->lr2, rectified = (T)k->momentum;
    const bool near = fresh < (T)0.5, adapts = k->momentum != 0;
    EACH
    {
        const T p_ = OLD, g_ = GRADIENT(p_);
        const T mean = LERP(means[i], g_, fresh, near);
        const T square = FMA(fresh2 * g_, g_, squares[i] * beta2);
        means[i] = mean;
        squares[i] = square;
        const T step = mean / c * lr, pace = 1 / (SQRT(square) + eps) * root_c;
        p[i] = p_ - (adapts ? step * pace * rectified : step);
    }
}

/* Steps are multiplied by beta1 where the gradient changes its sign, by beta2 where it does not, and kept
 * between lr and lr2. */
static void NAME(rprop)(ARGUMENTS)
{
    BEGIN
    T *restrict before = states[0], *restrict sizes = states[1];
    const T smaller = (T)k->beta1, larger = (T)k->beta2, least = (T)k->lr, most = (T)k->lr2;
    EACH
    {
        const T p_ = OLD, g_ = GRADIENT(p_);
        const T both = g_ * before[i];
        const T factor = both > 0 ? larger : both < 0 ? smaller : both == 0 ? 1 : both;
        T size = sizes[i] * factor;
        size = size < least ? least : size;
        size = size > most ? most : size;
        const T used = factor == smaller ? 0 : g_;
        const T direction = used > 0 ? (T)1 : used < 0 ? (T)-1 : used;
        sizes[i] = size;
        before[i] = used;
        p[i] = p_ - direction * size;
    }
}

/* Elements that the batch did not touch keep all they have. Without a list of them (`skips`) they are those
 * with a gradient of 0. */
static void NAME(sparse_adam)(ARGUMENTS)
{
    BEGIN
    T *restrict means = states[0], *restrict squares = states[1];
    const T minus_lr = (T)-k->lr, eps = (T)k->eps, fresh = (T)(1 - k->beta1), fresh2 = (T)(1 - k->beta2);
    const bool skips = k->skips;
    EACH
    {
        const T p_ = OLD, g_ = GRADIENT(p_), old = means[i], old_square = squares[i];
        const bool stays = skips & (g_ == 0);
        const T more = (g_ - old) * fresh, more_square = (g_ * g_ - old_square) * fresh2;
        const T mean = old + more, square = old_square + more_square;
        const T step = mean / (SQRT(square) + eps) * minus_lr;
        means[i] = stays ? old : mean;
        squares[i] = stays ? old_square : square;
        p[i] = stays ? p_ : p_ + step;
    }
}

static void NAME(lerp)(ARGUMENTS)
{
    T *restrict p = parameter;
    const T *restrict to = gradient;
    const T weight = (T)k->lr;
    const bool near = weight < (T)0.5;
    (void)states;
    EACH
    {
        p[i] = LERP(p[i], to[i], weight, near);
    }
}

static void NAME(mean)(ARGUMENTS)
{
    T *restrict p = parameter;
    const T *restrict to = gradient;
    const T count = (T)k->correction;
    (void)states;
    EACH
    {
        p[i] = p[i] + (to[i] - p[i]) / count;
    }
}

#undef ARGUMENTS
#undef BEGIN
#undef EACH
#undef OLD
#undef GRADIENT
#undef LERP
