/* Filling arrays with random numbers in PyTorch's order. Each locks the generator once. NULL: the default
 * one. */
#ifndef TAPER_BASE_RANDOM_H
#define TAPER_BASE_RANDOM_H

#include "taper/dtype.h"
#include "taper/random.h"

/* Uniform in [from, to): fmaf(x, to - from, from), one word an element (two for double). */
void tp__fill_uniform_f32(tp_generator *g, float *out, int64_t n, double from, double to);
void tp__fill_uniform_f64(tp_generator *g, double *out, int64_t n, double from, double to);

/* Normal. `contiguous` says whether the tensor behind is: from 16 elements on that selects the block
 * algorithm. */
void tp__fill_normal_f32(tp_generator *g, float *out, int64_t n, double mean, double std, bool contiguous);
void tp__fill_normal_f64(tp_generator *g, double *out, int64_t n, double mean, double std, bool contiguous);

/* 1 with probability p: a 53-bit uniform below p, two words an element. */
void tp__fill_bernoulli(tp_generator *g, bool *out, int64_t n, double p);

/* Integers in [low, high) by modulo: one word for ranges below 2^28 (the rule of releases since 2025), else
 * two. */
void tp__fill_randint(tp_generator *g, int64_t *out, int64_t n, int64_t low, int64_t high);

/* A permutation of 0 to n - 1; n - 1 words. */
void tp__fill_randperm(tp_generator *g, int64_t *out, int64_t n);

#endif
