/* rng.h: counter-based random numbers (Philox 4x32-10 of Random123).
 *
 * A number is a pure function of (seed, stream, draw, index): draw k can be made
 * without making the others, in any order, on any thread, and has the same bits on
 * every instruction set (vector math without fused operations).                     */
#ifndef MF_RNG_H
#define MF_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Streams keep the uses of one seed apart. */
typedef enum {
    MF_STREAM_DATA = 1,    /* SGD's samples (x_k, y_k): draw = k            */
    MF_STREAM_INIT = 2,    /* initial weights: draw = neuron                 */
    MF_STREAM_NOISE = 3,   /* Eq. 11's Gaussian noise                        */
    MF_STREAM_RISK = 4,    /* Monte Carlo estimates of risks                 */
    MF_STREAM_SAMPLED = 5, /* examples of a sampled potential: draw = number of the example */
    MF_STREAM_ORDER = 8,   /* orders of a data set: draw = piece of an epoch */
    MF_STREAM_USER = 16    /* user's streams count from here                 */
} mf_stream;

typedef struct {
    uint64_t seed, stream;
} mf_key;

/* out[i], i < n: the first n standard normals of draw `draw`. A longer n continues
 * the same sequence: the first numbers do not depend on n.                          */
void mf_rng_normals(mf_key key, uint64_t draw, size_t n, double *out);

/* The same for uniforms on the open interval (0, 1). Independent of the normals. */
void mf_rng_uniforms(mf_key key, uint64_t draw, size_t n, double *out);

/* out[i], i < n: the first uniform of draw `first` + i, as many uniforms calls would give. */
void mf_rng_labels(mf_key key, uint64_t first, size_t n, double *out);

#endif
