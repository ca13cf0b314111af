/* Picks each table once, for the best instruction set that this machine runs. */
#include "backend/cpu/table.h"
#include "backend/cpu/isa.h"

#ifdef TP_X86_KERNELS
#define TABLES(type, name)                                                                  \
    extern const type tp__baseline_##name, tp__avx2_##name, tp__avx512_##name;              \
    static const type *const name##s[TP__N_ISAS] = {&tp__baseline_##name, &tp__avx2_##name, \
                                                    &tp__avx512_##name};
#else
#define TABLES(type, name)                 \
    extern const type tp__baseline_##name; \
    static const type *const name##s[TP__N_ISAS] = {&tp__baseline_##name};
#endif

TABLES(tp__elementwise_table, elementwise_table)
TABLES(tp__reduce_table, reduce_table)
TABLES(tp__optim_table, optim_table)
TABLES(tp__scan_table, scan_table)
TABLES(tp__step_table, step_table)
TABLES(tp__cross_entropy_table, cross_entropy_table)
TABLES(tp__normalize_table, normalize_table)
TABLES(tp__batch_norm_table, batch_norm_table)

const tp__elementwise_table *_Atomic tp__elementwise_picked;

const tp__elementwise_table *tp__elementwise_pick(void)
{
    const tp__elementwise_table *table = elementwise_tables[tp__isa()];
    atomic_store_explicit(&tp__elementwise_picked, table, memory_order_relaxed);
    return table;
}

const tp__reduce_table *tp__reduce(void)
{
    return reduce_tables[tp__isa()];
}
const tp__optim_table *tp__optim(void)
{
    return optim_tables[tp__isa()];
}

const tp__scan_table *tp__scan(void)
{
    return scan_tables[tp__isa()];
}

const tp__step_table *tp__steps(void)
{
    return step_tables[tp__isa()];
}

const tp__cross_entropy_table *tp__cross_entropy(void)
{
    return cross_entropy_tables[tp__isa()];
}
const tp__normalize_table *tp__normalize(void)
{
    return normalize_tables[tp__isa()];
}

const tp__batch_norm_table *tp__batch_norm(void)
{
    return batch_norm_tables[tp__isa()];
}
