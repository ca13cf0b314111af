/* Sorting pairs of a key and an index by the key, stably, for a PAIR whose key is a KEY. */

static void NAME(insertion)(int64_t n, PAIR *p)
{
    for (int64_t i = 1; i < n; i++) {
        const PAIR one = p[i];
        int64_t at = i;
        for (; at > 0 && one.key < p[at - 1].key; at--)
            p[at] = p[at - 1];
        p[at] = one;
    }
}

/* `from` and `other` hold n pairs each; returns the one that has the result. */
static PAIR *NAME(merge_sort)(int64_t n, PAIR *from, PAIR *other)
{
    for (int64_t begin = 0; begin < n; begin += RUN)
        NAME(insertion)(n - begin < RUN ? n - begin : RUN, from + begin);
    for (int64_t run = RUN; run < n; run *= 2) {
        for (int64_t begin = 0; begin < n; begin += 2 * run) {
            const int64_t middle = begin + run < n ? begin + run : n;
            const int64_t end = begin + 2 * run < n ? begin + 2 * run : n;
            int64_t a = begin, b = middle;
            for (int64_t i = begin; i < end; i++)
                other[i] = b == end || (a < middle && from[a].key <= from[b].key) ? from[a++] : from[b++];
        }
        PAIR *const sorted = other;
        other = from;
        from = sorted;
    }
    return from;
}

/* The same, digit by digit from the lowest, of what keys are above the least of them: integers near one
 * another have few digits. A digit that all share costs nothing but its count. */
static PAIR *NAME(radix_sort)(int64_t n, PAIR *from, PAIR *other)
{
    KEY least = (KEY)-1, most = 0;
    for (int64_t i = 0; i < n; i++) {
        least = from[i].key < least ? from[i].key : least;
        most = from[i].key > most ? from[i].key : most;
    }
    for (unsigned shift = 0; shift < 8 * sizeof(KEY) && (most - least) >> shift; shift += DIGIT) {
        uint32_t starts[BUCKETS] = {0}, sum = 0;
        for (int64_t i = 0; i < n; i++)
            starts[(from[i].key - least) >> shift & (BUCKETS - 1)]++;
        if (starts[(from[0].key - least) >> shift & (BUCKETS - 1)] == (uint64_t)n)
            continue;
        for (int b = 0; b < BUCKETS; b++) {
            const uint32_t count = starts[b];
            starts[b] = sum;
            sum += count;
        }
        for (int64_t i = 0; i < n; i++)
            other[starts[(from[i].key - least) >> shift & (BUCKETS - 1)]++] = from[i];
        PAIR *const sorted = other;
        other = from;
        from = sorted;
    }
    return from;
}

static PAIR *NAME(sort)(int64_t n, PAIR *from, PAIR *other)
{
    return n <= SHORT ? NAME(merge_sort)(n, from, other) : NAME(radix_sort)(n, from, other);
}

/* The first pair with the key of place k. Digit by digit from the highest, only what shares the wanted one's
 * digits is looked at further. Disturbs p. */
static PAIR NAME(select)(int64_t n, PAIR *p, int64_t k)
{
    for (int shift = (int)(8 * sizeof(KEY)) - DIGIT; n > RUN; shift = shift > DIGIT ? shift - DIGIT : 0) {
        uint32_t counts[BUCKETS] = {0};
        int64_t kept = 0;
        for (int64_t i = 0; i < n; i++)
            counts[p[i].key >> shift & (BUCKETS - 1)]++;
        KEY digit = 0;
        for (; k >= counts[digit]; digit++)
            k -= counts[digit];
        for (int64_t i = 0; i < n; i++)
            if ((p[i].key >> shift & (BUCKETS - 1)) == digit)
                p[kept++] = p[i];
        n = kept;
        if (!shift)
            return p[0];
    }
    NAME(insertion)(n, p);
    while (k && p[k - 1].key == p[k].key)
        k--;
    return p[k];
}

/* The first k in order, in `best`: of equals those that come first. */
static void NAME(few)(int64_t n, const PAIR *p, int64_t k, PAIR best[FEW])
{
    int64_t held = 0;
    for (int64_t i = 0; i < n; i++) {
        if (held == k && p[i].key >= best[held - 1].key)
            continue;
        int64_t at = held < k ? held++ : held - 1;
        for (; at > 0 && p[i].key < best[at - 1].key; at--)
            best[at] = best[at - 1];
        best[at] = p[i];
    }
}

static void NAME(first)(tp_dtype dtype, int64_t n, const void *x, bool descending, int64_t k,
                        int64_t *indices, PAIR *scratch)
{
    const KEY flip = descending ? (KEY)-1 : 0;
    NAME(keys)(dtype, n, x, flip, scratch);
    PAIR *sorted = scratch, best[FEW];
    if (k <= FEW && k < n) {
        NAME(few)(n, scratch, k, best);
        sorted = best;
    } else if (n > SHORT && k < n / 2) {
        /* What comes before the k-th one, and of its equals as many as are left. */
        const KEY last = NAME(select)(n, scratch, k - 1).key;
        NAME(keys)(dtype, n, x, flip, scratch);
        PAIR *chosen = scratch + n;
        int64_t before = 0, n_chosen = 0;
        for (int64_t i = 0; i < n; i++)
            before += scratch[i].key < last;
        for (int64_t i = 0, equals = k - before; n_chosen < k; i++)
            if (scratch[i].key < last || (scratch[i].key == last && equals-- > 0))
                chosen[n_chosen++] = scratch[i];
        sorted = NAME(sort)(k, chosen, scratch);
    } else {
        sorted = NAME(sort)(n, scratch, scratch + n);
    }
    for (int64_t i = 0; i < k; i++)
        indices[i] = (int64_t)sorted[i].index;
}

#undef PAIR
#undef KEY
#undef NAME
