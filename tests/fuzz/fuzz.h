/* What reads bytes that anybody may have written, as targets: a program of libFuzzer (make fuzz) runs one of
 * them on what it thinks up, and the test fuzz runs all of them on mutations of valid inputs. */
#ifndef TAPER_TESTS_FUZZ_H
#define TAPER_TESTS_FUZZ_H

#include "taper/taper.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct fuzz_target {
    const char *name;
    /* Reads the input in a region of its own. Whether the outcome is right: what cannot be read is an error,
     * and what can be read is none. `bytes` has a zero behind it. */
    bool (*run)(const char *bytes, size_t length);
    void (*seed)(void);       /* calls fuzz_seed with valid inputs */
    const char *const *words; /* that inputs are made of; ended by NULL */
} fuzz_target;

extern const fuzz_target fuzz_files[], fuzz_models[], fuzz_texts[]; /* ended by a name of NULL */

/* A valid input of the target whose `seed` runs. */
void fuzz_seed(const void *bytes, size_t length);

/* The input as a file, whose path is the same each time. */
const char *fuzz_file(const void *bytes, size_t length);

/* The same as a .safetensors file: its header is the text before the first zero, behind which the data stand;
 * what the file says in front about the header's length is made right. */
const char *fuzz_safetensors(const char *bytes, size_t length);

/* Gives what stands in a .safetensors file to fuzz_seed in that form, behind `front`. */
void fuzz_seed_safetensors(const char *front, const char *path);

/* The path of another file, which may be written. */
const char *fuzz_output(void);

/* Whether an error is pending exactly if there is no result. */
static inline bool fuzz_outcome(bool result)
{
    return result == (tp_error() == TP_OK);
}

#endif
