/* Instruction sets. The files under kernels/ are compiled once for each, with TP_ISA set to its name and
 * TP_ISA_<name> defined; what they share with others carries that name: TP__NAME(x) is tp__avx2_x. */
#ifndef TAPER_BACKEND_CPU_ISA_H
#define TAPER_BACKEND_CPU_ISA_H

#define TP__PASTE_(a, b, c) a##b##c
#define TP__PASTE(a, b, c) TP__PASTE_(a, b, c)
#ifdef TP_ISA
#define TP__NAME(name) TP__PASTE(tp__, TP_ISA, _##name)
#endif

#include <stdbool.h>

typedef enum tp__isa_kind { TP__BASELINE, TP__AVX2, TP__AVX512, TP__N_ISAS } tp__isa_kind;

/* The best instruction set that this program has kernels for and the processor runs; the environment's
 * TAPER_ISA (baseline, avx2 or avx512) can lower it. Found once. */
tp__isa_kind tp__isa(void);

/* The same without regard to the environment. */
tp__isa_kind tp__isa_detected(void);

/* Whether a subnormal operand or result costs many times what others do: a hundred cycles and more on
 * processors that leave it to microcode, a few on AMD's. */
bool tp__slow_subnormals(void);

/* "baseline", "avx2" or "avx512". */
const char *tp__isa_name(tp__isa_kind kind);

#endif
