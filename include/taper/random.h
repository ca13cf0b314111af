/* Random numbers: PyTorch's CPU generator, the Mersenne twister MT19937, stream position included.
 *
 * A generator is locked during each call, so that threads may share one; the order of their draws is then
 * theirs. */
#ifndef TAPER_RANDOM_H
#define TAPER_RANDOM_H

#include "taper/region.h"

TP_BEGIN

typedef struct tp_generator tp_generator;

/* A new generator in the current region, with torch.Generator()'s fixed first seed 67280421310721. */
TP_API tp_generator *tp_generator_new(void);

/* The process's default generator, used where NULL is passed; seeded with 0 until tp_manual_seed. Never NULL.
 */
TP_API tp_generator *tp_default_generator(void);

/* torch.manual_seed: only the low 32 bits reach the stream. NULL is the default generator, here and below. */
TP_API void tp_generator_seed(tp_generator *generator, uint64_t seed);
TP_API void tp_manual_seed(uint64_t seed);
TP_API uint64_t tp_initial_seed(tp_generator *generator);

/* One 32-bit word; two words, the first one high; torch's random_() for int64 (63 bits). */
TP_API uint32_t tp_random32(tp_generator *generator);
TP_API uint64_t tp_random64(tp_generator *generator);
TP_API int64_t tp_random_i64(tp_generator *generator);

/* torch.get_rng_state and set_rng_state: the 5056 bytes of PyTorch. A foreign or broken state is refused with
 * TP_ERROR_FORMAT and changes nothing. */
#define TP_GENERATOR_STATE_SIZE 5056
TP_API void tp_generator_get_state(tp_generator *generator, uint8_t state[TP_GENERATOR_STATE_SIZE]);
TP_API tp_status tp_generator_set_state(tp_generator *generator, const uint8_t *state, size_t size);

TP_CLOSE

#endif
