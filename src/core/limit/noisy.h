/* noisy.h: the diffusion (Eq. 12) by interacting particles, the McKean-Vlasov system.
 *
 *     d theta = -2 grad Psi_lambda(theta; rho^J) d tau + (4 / beta)^(1/2) dB,   rho^J the particles' law,
 * in the clock tau = int xi. Steps of fixed length h, Euler's: of weak order 1. A radius |P w| of
 * dimension p moves as the length of a vector of R^p does, exactly,
 *     r' = |(r + v h) e_1 + (4 h / beta)^(1/2) g|,   g ~ N(0, I_p),
 * so that it stays positive without a wall, and its drift (p - 1)/(beta r) is never formed.
 *
 * A rate of a coordinate and an output scale A make its step rate_c h / A^2, in drift and noise; the drift is
 * that of A f. Neither moves the law of rest of these features.
 *
 * Noise is a function of (seed, step, particle). What is kept is the state after whole steps; the
 * law between two of them is a part of the next step from there. So neither the number of
 * threads nor the cuts of `advance` change a bit.                                          */
#ifndef MF_NOISY_H
#define MF_NOISY_H

#include "core/base/rng.h"
#include "core/potentials/potential.h"
#include "flow.h"

typedef struct {
    const mf_potential *potential; /* must outlive the run                                   */
    size_t J;                      /* particles                                              */
    double beta;                   /* finite, > 0                                            */
    double lambda;                 /* >= 0                                                   */
    const double *dimension;       /* p of each radius, an integer >= 1; 0 for what is none  */
    double step;                   /* h > 0                                                  */
    const double *rate;            /* of each coordinate, dim numbers >= 0; NULL: 1          */
    double scale;                  /* A > 0; 0: 1                                            */
    double label_noise;            /* standard deviation, >= 0: its square is part of R      */
    uint64_t seed;
} mf_noisy_spec;

/* Bytes of a run, or 0 if it does not fit in memory. */
size_t mf_noisy_bytes(const mf_noisy_spec *);

/* Makes a run in mem (64-byte aligned), which copies `dimension` and `rate`. The caller then fills the atoms
 * (coordinate c of particle j at [c * J + j]), all finite; weights are 1/J unless he changes them. */
mf_flow *mf_noisy_init(void *mem, const mf_noisy_spec *);
double *mf_noisy_atoms(mf_flow *);
double *mf_noisy_weights(mf_flow *);

#endif
