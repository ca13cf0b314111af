# Flags for all of the project's own code. Numbers are a contract: no contraction, no -ffast-math. The two -fno-
# options give nothing up (errno and floating-point traps are not used) and let sqrt and selects vectorise;
# -fopenmp-simd reads the vectorisation pragmas, and needs no run-time library.
add_library(taper_flags INTERFACE)
target_compile_definitions(taper_flags INTERFACE _GNU_SOURCE)
target_compile_options(taper_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -ffp-contract=off -fno-math-errno -fno-trapping-math -fopenmp-simd
  $<$<C_COMPILER_ID:Clang,AppleClang>:-Wno-pass-failed>) # a loop that is not vectorised is right all the same
if(TAPER_WERROR)
  target_compile_options(taper_flags INTERFACE -Werror)
endif()
if(TAPER_SANITIZE)
  target_compile_options(taper_flags INTERFACE -fsanitize=${TAPER_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all -g)
  target_link_options(taper_flags INTERFACE -fsanitize=${TAPER_SANITIZE})
endif()
