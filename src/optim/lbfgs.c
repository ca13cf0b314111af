/* L-BFGS: directions from the last steps and gradients, with an optional line search for the strong Wolfe
 * conditions (Nocedal and Wright, "Numerical Optimization", algorithms 7.4, 3.5 and 3.6), as torch.optim's.
 */
#include "optim/optimizer.h"

#include <math.h>
#include <string.h>

/* All vectors are the parameters' elements in a row, in double. */
typedef struct lbfgs {
    int64_t n, iterations, evaluations;
    double *direction, *gradient, *last_gradient, *start, *found, *found_before, *ends[2];
    double **changes, **steps; /* of gradients and of parameters, the oldest first */
    double *inverse, *weights; /* 1 / (change . step); one for each */
    int64_t kept;
    double length, scale;
} lbfgs;

typedef struct run {
    tp_optimizer *optimizer;
    lbfgs *state;
    tp_closure closure;
    void *context;
    double loss;
} run;

/* ---- Vectors ---- */

static double dot(int64_t n, const double *a, const double *b)
{
    double sums[4] = {0};
    for (int64_t i = 0; i < n; i++)
        sums[i % 4] = fma(a[i], b[i], sums[i % 4]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static double largest(int64_t n, const double *a)
{
    double size = 0;
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(a[i]) <= size))
            size = fabs(a[i]);
    return size;
}

static void copy(int64_t n, const double *from, double *to)
{
    memcpy(to, from, (size_t)n * sizeof *to);
}

/* Where element i lies. */
static char *element(const tp_tensor *t, int64_t i)
{
    int64_t at = i;
    if (!t->contiguous) {
        at = 0;
        for (int d = t->ndim - 1; d >= 0; d--) {
            at += i % t->shape[d] * t->strides[d];
            i /= t->shape[d];
        }
    }
    return t->data + at * (int64_t)tp_dtype_size((tp_dtype)t->dtype);
}

/* ---- Parameters and gradients ---- */

static void read_parameters(const tp_optimizer *optimizer, double *into)
{
    for (int64_t s = 0; s < optimizer->n_slots; s++) {
        const tp_tensor *p = optimizer->slots[s].parameter;
        for (int64_t i = 0; i < p->numel; i++)
            *into++ = tp__load_f64((tp_dtype)p->dtype, element(p, i));
    }
}

/* The parameters become start + length direction; start itself for a NULL direction. */
static void place(const tp_optimizer *optimizer, const double *start, const double *direction, double length)
{
    for (int64_t s = 0; s < optimizer->n_slots; s++) {
        tp_tensor *p = optimizer->slots[s].parameter;
        for (int64_t i = 0; i < p->numel; i++, start++) {
            const double value = direction ? fma(*direction++, length, *start) : *start;
            tp__store_f64((tp_dtype)p->dtype, element(p, i), value);
        }
        tp__changed(p);
    }
}

/* Calls the closure for the loss, and reads the gradients. */
static tp_status evaluate(run *r, double *gradient)
{
    r->loss = r->closure(r->context);
    if (isnan(r->loss) && tp__ctx.error != TP_OK)
        return tp__ctx.error;
    for (int64_t s = 0; s < r->optimizer->n_slots; s++) {
        const tp__slot *slot = &r->optimizer->slots[s];
        const tp_tensor *p = slot->parameter, *g = tp_grad(slot->parameter);
        if (g && (g->numel != p->numel || p->released))
            return tp_fail(TP_ERROR_STATE, "parameter '%s' was released, or its gradient has another shape",
                           slot->name);
        for (int64_t i = 0; i < p->numel; i++)
            *gradient++ = g ? tp__load_f64((tp_dtype)g->dtype, element(g, i)) : 0;
    }
    return TP_OK;
}

/* The same at start + length direction; the parameters come back. */
static tp_status evaluate_at(run *r, double length, double *gradient)
{
    place(r->optimizer, r->state->start, r->state->direction, length);
    const tp_status status = evaluate(r, gradient);
    place(r->optimizer, r->state->start, NULL, 0);
    return status;
}

/* ---- The line search ---- */

typedef struct point {
    double at, loss, slope;
} point;

/* The minimum of the cubic through two points with slopes, within bounds. */
static double cubic(point a, point b, double low, double high)
{
    const double d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.at - b.at);
    const double square = d1 * d1 - a.slope * b.slope;
    if (!(square >= 0))
        return (low + high) / 2;
    const double d2 = sqrt(square);
    const double least = a.at <= b.at
                             ? b.at - (b.at - a.at) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
                             : a.at - (a.at - b.at) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2));
    const double above = least < low ? low : least;
    return above > high ? high : above;
}

static bool too_high(point now, point start)
{
    return now.loss > start.loss + 1e-4 * now.at * start.slope;
}

static bool flat(point now, point start)
{
    return fabs(now.slope) <= -0.9 * start.slope;
}

static tp_status measure(run *r, double at, point *now, int64_t *evaluations)
{
    lbfgs *s = r->state;
    TP__TRY(evaluate_at(r, at, s->found));
    ++*evaluations;
    *now = (point){at, r->loss, dot(s->n, s->found, s->direction)};
    return TP_OK;
}

/* Narrows the bracket between ends[0] and ends[1], whose gradients are in state->ends. */
static tp_status zoom(run *r, point start, point ends[2], double tolerance, int64_t most, int64_t tries,
                      int64_t *evaluations, int *best)
{
    lbfgs *s = r->state;
    const double size = largest(s->n, s->direction);
    bool stuck = false;
    int low = ends[0].loss <= ends[1].loss ? 0 : 1;
    for (; tries < most && !(fabs(ends[1].at - ends[0].at) * size < tolerance); tries++) {
        const double left = fmin(ends[0].at, ends[1].at), right = fmax(ends[0].at, ends[1].at);
        double t = cubic(ends[0], ends[1], left, right);
        /* Too close to an end: a tenth away from it, at the second time or beyond it. */
        const double margin = 0.1 * (right - left);
        if (fmin(right - t, t - left) < margin) {
            const bool moves = stuck || t >= right || t <= left;
            if (moves)
                t = fabs(t - right) < fabs(t - left) ? right - margin : left + margin;
            stuck = !moves;
        } else {
            stuck = false;
        }
        point now;
        TP__TRY(measure(r, t, &now, evaluations));
        if (too_high(now, start) || now.loss >= ends[low].loss) {
            ends[1 - low] = now;
            copy(s->n, s->found, s->ends[1 - low]);
            low = ends[0].loss <= ends[1].loss ? 0 : 1;
            continue;
        }
        const bool done = flat(now, start);
        if (!done && now.slope * (ends[1 - low].at - ends[low].at) >= 0) {
            ends[1 - low] = ends[low];
            copy(s->n, s->ends[low], s->ends[1 - low]);
        }
        ends[low] = now;
        copy(s->n, s->found, s->ends[low]);
        if (done)
            break;
    }
    *best = low;
    return TP_OK;
}

/* Finds a length that satisfies the strong Wolfe conditions; leaves the loss and the gradient there. */
static tp_status search(run *r, double slope, double tolerance, int64_t most, int64_t *evaluations)
{
    lbfgs *s = r->state;
    const point start = {0, r->loss, slope};
    point before = start, now, ends[2];
    int64_t tries = 0;
    int best = 0;
    copy(s->n, s->gradient, s->found_before);
    TP__TRY(measure(r, s->length, &now, evaluations));
    bool bracketed = false, done = false;
    for (; tries < most; tries++) {
        bracketed = too_high(now, start) || (tries > 1 && now.loss >= before.loss);
        done = !bracketed && flat(now, start);
        bracketed |= !done && now.slope >= 0;
        if (bracketed || done)
            break;
        const double next = cubic(before, now, now.at + 0.01 * (now.at - before.at), now.at * 10);
        before = now;
        copy(s->n, s->found, s->found_before);
        TP__TRY(measure(r, next, &now, evaluations));
    }
    if (!done) {
        /* Without a bracket after all tries: from the start to here. */
        ends[0] = bracketed ? before : start;
        ends[1] = now;
        copy(s->n, bracketed ? s->found_before : s->gradient, s->ends[0]);
        copy(s->n, s->found, s->ends[1]);
        TP__TRY(zoom(r, start, ends, tolerance, most, tries, evaluations, &best));
        now = ends[best];
    }
    copy(s->n, done ? s->found : s->ends[best], s->gradient);
    s->length = now.at;
    r->loss = now.loss;
    return TP_OK;
}

/* ---- Directions ---- */

/* Remembers the last step; the oldest gives way. */
static tp_status remember(const tp_optimizer *optimizer, lbfgs *s, int64_t history)
{
    tp_region *region = tp__home_region(optimizer->home);
    double product = 0, square = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const double change = s->gradient[i] - s->last_gradient[i];
        product = fma(change, s->direction[i] * s->length, product);
        square = fma(change, change, square);
    }
    if (!(product > 1e-10))
        return TP_OK;
    double *change, *step;
    if (s->kept == history) {
        change = s->changes[0];
        step = s->steps[0];
        memmove(s->changes, s->changes + 1, (size_t)(history - 1) * sizeof *s->changes);
        memmove(s->steps, s->steps + 1, (size_t)(history - 1) * sizeof *s->steps);
        memmove(s->inverse, s->inverse + 1, (size_t)(history - 1) * sizeof *s->inverse);
        s->kept--;
    } else {
        change = s->changes[s->kept];
        step = s->steps[s->kept];
        if (!change)
            change = s->changes[s->kept] = tp_region_alloc(region, (size_t)s->n * sizeof *change);
        if (!step)
            step = s->steps[s->kept] = tp_region_alloc(region, (size_t)s->n * sizeof *step);
        if (!change || !step)
            return TP_ERROR_MEMORY;
    }
    for (int64_t i = 0; i < s->n; i++) {
        change[i] = s->gradient[i] - s->last_gradient[i];
        step[i] = s->direction[i] * s->length;
    }
    s->changes[s->kept] = change;
    s->steps[s->kept] = step;
    s->inverse[s->kept++] = 1.0 / product;
    s->scale = product / square;
    return TP_OK;
}

/* direction = -(inverse Hessian) gradient, by the two loops. */
static void find_direction(lbfgs *s)
{
    double *q = s->direction;
    for (int64_t i = 0; i < s->n; i++)
        q[i] = -s->gradient[i];
    for (int64_t k = s->kept - 1; k >= 0; k--) {
        s->weights[k] = dot(s->n, s->steps[k], q) * s->inverse[k];
        for (int64_t i = 0; i < s->n; i++)
            q[i] = fma(s->changes[k][i], -s->weights[k], q[i]);
    }
    for (int64_t i = 0; i < s->n; i++)
        q[i] *= s->scale;
    for (int64_t k = 0; k < s->kept; k++) {
        const double weight = s->weights[k] - dot(s->n, s->changes[k], q) * s->inverse[k];
        for (int64_t i = 0; i < s->n; i++)
            q[i] = fma(s->steps[k][i], weight, q[i]);
    }
}

static double sum_of_sizes(const lbfgs *s)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++)
        sum += fabs(s->gradient[i]);
    return sum;
}

/* ---- The step ---- */

static lbfgs *new_state(const tp_optimizer *optimizer, int64_t history)
{
    tp_region *region = tp__home_region(optimizer->home);
    lbfgs *s = tp_region_alloc(region, sizeof *s);
    if (!s)
        return NULL;
    for (int64_t i = 0; i < optimizer->n_slots; i++)
        s->n += optimizer->slots[i].parameter->numel;
    double **const vectors[] = {&s->direction, &s->gradient,     &s->last_gradient, &s->start,
                                &s->found,     &s->found_before, &s->ends[0],       &s->ends[1]};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        if (!(*vectors[i] = tp_region_alloc(region, (size_t)s->n * sizeof(double))))
            return NULL;
    s->changes = tp_region_alloc(region, (size_t)history * sizeof *s->changes);
    s->steps = tp_region_alloc(region, (size_t)history * sizeof *s->steps);
    s->inverse = tp_region_alloc(region, (size_t)history * sizeof *s->inverse);
    s->weights = tp_region_alloc(region, (size_t)history * sizeof *s->weights);
    if (!s->changes || !s->steps || !s->inverse || !s->weights)
        return NULL;
    s->scale = 1;
    return s;
}

static lbfgs *state_of(tp_optimizer *optimizer, int64_t history)
{
    if (!optimizer->extra)
        optimizer->extra = new_state(optimizer, history);
    return optimizer->extra;
}

/* ---- What it remembers, under PyTorch's names ---- */

enum { N_ITER, FUNC_EVALS, T, H_DIAG, D, PREV_FLAT_GRAD, OLD_DIRS, OLD_STPS, RO };
static const char *const names[] = {"n_iter",         "func_evals", "t",        "H_diag", "d",
                                    "prev_flat_grad", "old_dirs",   "old_stps", "ro",     NULL};

static tp_tensor *vector(int64_t n, const double *values)
{
    tp_tensor *t = tp_zeros_n(TP_F64, 1, &n);
    if (t && n)
        copy(n, values, tp_data_f64(t));
    return t;
}

static tp_tensor *matrix(const lbfgs *s, double *const *rows)
{
    const int64_t shape[2] = {s->kept, s->n};
    tp_tensor *t = tp_zeros_n(TP_F64, 2, shape);
    for (int64_t i = 0; t && i < s->kept; i++)
        copy(s->n, rows[i], tp_data_f64(t) + i * s->n);
    return t;
}

static tp_tensor *remembered(const tp_optimizer *optimizer, int i)
{
    const lbfgs *s = optimizer->extra;
    switch (i) {
    case N_ITER:
        return tp_scalar_i64(s->iterations);
    case FUNC_EVALS:
        return tp_scalar_i64(s->evaluations);
    case T:
        return tp_scalar(TP_F64, s->length);
    case H_DIAG:
        return tp_scalar(TP_F64, s->scale);
    case D:
        return vector(s->n, s->direction);
    case PREV_FLAT_GRAD:
        return vector(s->n, s->last_gradient);
    case OLD_DIRS:
        return matrix(s, s->changes);
    case OLD_STPS:
        return matrix(s, s->steps);
    default:
        return vector(s->kept, s->inverse);
    }
}

static tp_status check_remembered(const tp_tensor *const *t, int64_t n, int64_t history)
{
    const int64_t kept = t[RO]->ndim == 1 ? t[RO]->numel : -1;
    if (kept < 0 || kept > history)
        return tp_fail(TP_ERROR_SHAPE, "\"state.0.ro\" has %lld numbers, and history_size is %lld",
                       (long long)t[RO]->numel, (long long)history);
    for (int i = 0; names[i]; i++) {
        const int ndim = i <= H_DIAG ? 0 : i == OLD_DIRS || i == OLD_STPS ? 2 : 1;
        const int64_t want[2] = {i == D || i == PREV_FLAT_GRAD ? n : kept, n};
        char text[TP__SHAPE_TEXT_SIZE], other[TP__SHAPE_TEXT_SIZE];
        if (t[i]->ndim != ndim || memcmp(t[i]->shape, want, (size_t)ndim * sizeof *want) != 0)
            return tp_fail(TP_ERROR_SHAPE, "\"state.0.%s\" has shape %s, not %s", names[i],
                           tp__shape_text(text, sizeof text, t[i]->ndim, t[i]->shape),
                           tp__shape_text(other, sizeof other, ndim, want));
        if (t[i]->dtype != (i <= FUNC_EVALS ? TP_I64 : TP_F64))
            return tp_fail(TP_ERROR_DTYPE, "\"state.0.%s\" is %s, not %s", names[i],
                           tp_dtype_name((tp_dtype)t[i]->dtype), i <= FUNC_EVALS ? "int64" : "float64");
    }
    for (int i = N_ITER; i <= FUNC_EVALS; i++)
        if (tp_item_i64(t[i]) < 0)
            return tp_fail(TP_ERROR_VALUE, "\"state.0.%s\" is no count", names[i]);
    return TP_OK;
}

static void read_vector(const tp_tensor *t, int64_t from, int64_t n, double *into)
{
    for (int64_t i = 0; i < n; i++)
        into[i] = tp__load_f64(TP_F64, element(t, from + i));
}

static tp_status recall(const tp_optimizer *optimizer, const tp__options *options, const tp_tensor *const *t,
                        void **extra)
{
    const int64_t history = (int64_t)options->of[TP__HISTORY];
    tp_region *region = tp__home_region(optimizer->home);
    lbfgs *s = new_state(optimizer, history);
    if (!s)
        return TP_ERROR_MEMORY;
    TP__TRY(check_remembered(t, s->n, history));
    s->iterations = tp_item_i64(t[N_ITER]);
    s->evaluations = tp_item_i64(t[FUNC_EVALS]);
    s->length = tp_item(t[T]);
    s->scale = tp_item(t[H_DIAG]);
    s->kept = t[RO]->numel;
    read_vector(t[D], 0, s->n, s->direction);
    read_vector(t[PREV_FLAT_GRAD], 0, s->n, s->last_gradient);
    read_vector(t[RO], 0, s->kept, s->inverse);
    for (int64_t k = 0; k < s->kept; k++) {
        s->changes[k] = tp_region_alloc(region, (size_t)s->n * sizeof(double));
        s->steps[k] = tp_region_alloc(region, (size_t)s->n * sizeof(double));
        if (!s->changes[k] || !s->steps[k])
            return TP_ERROR_MEMORY;
        read_vector(t[OLD_DIRS], k * s->n, s->n, s->changes[k]);
        read_vector(t[OLD_STPS], k * s->n, s->n, s->steps[k]);
    }
    *extra = s;
    return TP_OK;
}

static tp_status minimise(tp_optimizer *optimizer, tp_closure closure, void *context, double *loss)
{
    const double *of = optimizer->groups[0].options.of;
    const int64_t most = (int64_t)of[TP__MAX_ITER], history = (int64_t)of[TP__HISTORY];
    const int64_t most_evaluations = of[TP__MAX_EVAL] > 0 ? (int64_t)of[TP__MAX_EVAL] : most * 5 / 4;
    const double tolerance = of[TP__TOLERANCE_CHANGE];
    lbfgs *s = state_of(optimizer, history);
    if (!s)
        return tp__ctx.error;
    run r = {optimizer, s, closure, context, 0};
    TP__TRY(evaluate(&r, s->gradient));
    *loss = r.loss;
    s->evaluations++;
    int64_t evaluations = 1;
    bool flat_enough = largest(s->n, s->gradient) <= of[TP__TOLERANCE_GRAD];
    for (int64_t i = 1; i <= most && !flat_enough; i++) {
        if (++s->iterations > 1)
            TP__TRY(remember(optimizer, s, history));
        find_direction(s);
        copy(s->n, s->gradient, s->last_gradient);
        const double last_loss = r.loss, total = sum_of_sizes(s);
        s->length = s->iterations == 1 ? (1 / total < 1 ? 1 / total : 1) * of[TP__LR] : of[TP__LR];
        const double slope = dot(s->n, s->gradient, s->direction);
        if (slope > -tolerance)
            break;
        int64_t more = 0;
        read_parameters(optimizer, s->start);
        if (of[TP__STRONG_WOLFE] != 0)
            TP__TRY(search(&r, slope, tolerance, most_evaluations - evaluations, &more));
        place(optimizer, s->start, s->direction, s->length);
        if (of[TP__STRONG_WOLFE] == 0 && i != most) {
            TP__TRY(evaluate(&r, s->gradient));
            more = 1;
        }
        flat_enough = largest(s->n, s->gradient) <= of[TP__TOLERANCE_GRAD];
        evaluations += more;
        s->evaluations += more;
        if (evaluations >= most_evaluations || largest(s->n, s->direction) * fabs(s->length) <= tolerance ||
            fabs(r.loss - last_loss) < tolerance)
            break;
    }
    return TP_OK;
}

static tp_status check(const tp__options *o)
{
    TP__TRY(tp__check_not_negative(o->of[TP__LR], "learning rate"));
    TP__TRY(tp__check_not_negative(o->of[TP__MAX_EVAL], "max_eval value"));
    if (!(o->of[TP__MAX_ITER] >= 1 && o->of[TP__MAX_ITER] <= 0x1p40))
        return tp_fail(TP_ERROR_ARGUMENT, "Invalid max_iter value: %g", o->of[TP__MAX_ITER]);
    if (!(o->of[TP__HISTORY] >= 1 && o->of[TP__HISTORY] <= 0x1p20))
        return tp_fail(TP_ERROR_ARGUMENT, "Invalid history_size value: %g", o->of[TP__HISTORY]);
    return TP_OK;
}

static const tp__kind lbfgs_kind = {.type = "LBFGS",
                                    .options = TP__OPTION(TP__LR) | TP__OPTION(TP__MAX_ITER) |
                                               TP__OPTION(TP__MAX_EVAL) | TP__OPTION(TP__TOLERANCE_GRAD) |
                                               TP__OPTION(TP__TOLERANCE_CHANGE) | TP__OPTION(TP__HISTORY) |
                                               TP__OPTION(TP__STRONG_WOLFE),
                                    .check = check,
                                    .remembered = names,
                                    .remember = remembered,
                                    .recall = recall,
                                    .minimise = minimise};

tp_optimizer *tp_lbfgs_with(const tp_lbfgs_options *options)
{
    if (!options)
        return tp__null_argument("lbfgs: options"), NULL;
    TP_FRAME("lbfgs");
    const tp__options o = {.of = {[TP__LR] = options->lr,
                                  [TP__MAX_ITER] = (double)options->max_iter,
                                  [TP__MAX_EVAL] = (double)options->max_eval,
                                  [TP__TOLERANCE_GRAD] = options->tolerance_grad,
                                  [TP__TOLERANCE_CHANGE] = options->tolerance_change,
                                  [TP__HISTORY] = (double)options->history_size,
                                  [TP__STRONG_WOLFE] = options->strong_wolfe}};
    return tp__optimizer_new(&lbfgs_kind, options->parameters, &o);
}
