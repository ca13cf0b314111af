/* The kernels of batch_norm.c for the floating type T. */

static void FUNCTION(moments)(int64_t n, int channels, const void *from, int64_t stride, double *mean,
                              double *variance)
{
    const T *x = from;
    double sums[TP__CHANNELS] = {0};
    for (int64_t i = 0; i < n; i++, x += stride)
        EACH sums[c] += (double)x[c];
    EACH mean[c] = sums[c] / (double)n;
    memset(sums, 0, sizeof sums);
    x = from;
    for (int64_t i = 0; i < n; i++, x += stride)
        EACH
        {
            const double d = (double)x[c] - mean[c];
            sums[c] += d * d;
        }
    EACH variance[c] = sums[c] / (double)n;
}

/* The numbers of the channels in the type; a mean also has what is left of it, so that x - mean loses nothing
 * where the mean is large against the deviation. */
#define MEANS                                     \
    T m[TP__CHANNELS], rest[TP__CHANNELS];        \
    EACH                                          \
    {                                             \
        m[c] = (T)k->mean[c];                     \
        rest[c] = (T)(k->mean[c] - (double)m[c]); \
    }

static void FUNCTION(apply)(int64_t n, int channels, const void *from, int64_t stride, const tp__channels *k,
                            void *to)
{
    const T *x = from;
    T *out = to, s[TP__CHANNELS], w[TP__CHANNELS], b[TP__CHANNELS];
    MEANS
    EACH
    {
        s[c] = (T)k->scale[c];
        w[c] = (T)k->weight[c];
        b[c] = (T)k->bias[c];
    }
    for (int64_t i = 0; i < n; i++, x += stride, out += stride)
        EACH out[c] = (x[c] - m[c] - rest[c]) * s[c] * w[c] + b[c];
}

static void FUNCTION(sums)(int64_t n, int channels, const void *input, const void *gradient, int64_t stride,
                           const tp__channels *k, double *plain, double *with)
{
    const T *x = input, *g = gradient;
    T s[TP__CHANNELS];
    double a[TP__CHANNELS] = {0}, b[TP__CHANNELS] = {0};
    MEANS
    EACH s[c] = (T)k->scale[c];
    for (int64_t begin = 0; begin < n; begin += ROWS) {
        const int64_t end = n - begin < ROWS ? n : begin + ROWS;
        T some[TP__CHANNELS] = {0}, some_with[TP__CHANNELS] = {0};
        for (int64_t i = begin; i < end; i++, x += stride, g += stride)
            EACH
            {
                some[c] += g[c];
                some_with[c] += g[c] * ((x[c] - m[c] - rest[c]) * s[c]);
            }
        EACH
        {
            a[c] += (double)some[c];
            b[c] += (double)some_with[c];
        }
    }
    memcpy(plain, a, (size_t)channels * sizeof *a);
    memcpy(with, b, (size_t)channels * sizeof *b);
}

static void FUNCTION(gradient)(int64_t n, int channels, const void *input, const void *gradient,
                               int64_t stride, const tp__channels *k, const double *first,
                               const double *second, void *to)
{
    const T *x = input, *g = gradient;
    T *out = to, s[TP__CHANNELS], sw[TP__CHANNELS], a[TP__CHANNELS], b[TP__CHANNELS];
    MEANS
    EACH
    {
        s[c] = (T)k->scale[c];
        sw[c] = (T)(k->scale[c] * k->weight[c]);
        a[c] = (T)first[c];
        b[c] = (T)second[c];
    }
    for (int64_t i = 0; i < n; i++, x += stride, g += stride, out += stride)
        EACH out[c] = sw[c] * (g[c] - a[c] - (x[c] - m[c] - rest[c]) * s[c] * b[c]);
}

#undef MEANS
