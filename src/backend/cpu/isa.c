/* Which kernels this processor runs. */
#include "backend/cpu/isa.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#ifdef TP_X86_KERNELS
#include <cpuid.h>
#endif

static const char *const names[TP__N_ISAS] = {"baseline", "avx2", "avx512"};

const char *tp__isa_name(tp__isa_kind kind)
{
    return names[kind];
}

#ifdef TP_X86_KERNELS
/* Conversions of halves, of which some compilers' __builtin_cpu_supports has no name. */
static bool has_f16c(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && c & bit_F16C;
}
#endif

tp__isa_kind tp__isa_detected(void)
{
#ifdef TP_X86_KERNELS
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !has_f16c())
        return TP__BASELINE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return TP__AVX512;
    return TP__AVX2;
#else
    return TP__BASELINE;
#endif
}

bool tp__slow_subnormals(void)
{
#ifdef TP_X86_KERNELS
    __builtin_cpu_init();
    return !__builtin_cpu_is("amd");
#else
    return true;
#endif
}

tp__isa_kind tp__isa(void)
{
    static atomic_int cached = -1;
    int kind = atomic_load_explicit(&cached, memory_order_relaxed);
    if (kind < 0) {
        kind = (int)tp__isa_detected();
        const char *text = getenv("TAPER_ISA");
        for (int i = 0; text && i < kind; i++)
            if (!strcmp(text, names[i]))
                kind = i;
        atomic_store_explicit(&cached, kind, memory_order_relaxed);
    }
    return (tp__isa_kind)kind;
}
