/* start.h: the neurons of a network from a law of atoms, the way back from the limit to SGD.
 *
 * Neuron i of N takes the atom at the quantile (i + u)/N of rho, u a uniform of the key: of atom j
 * there are N p_j copies, up to rounding, and with as many atoms of equal weight one of each, in their
 * order. Where the measure has radii in the place of w the direction is drawn, uniformly and for
 * each neuron anew: w is r e, or r1 e1 + r2 e2 with e1 in V and e2 across it, or r e + sum_i m_i (row i of
 * V's basis) with e across V.                                                                  */
#ifndef MF_START_H
#define MF_START_H

#include "core/base/rng.h"
#include "core/measure/measure.h"

typedef struct {
    const mf_measure *rho;
    size_t d, N;
    bool affine;   /* whether neurons have a and b: 1 and 0 where rho has none */
    mf_subspace V; /* for two radii, and for m and r; s0 = 0: there is none. Its work: d numbers */
    mf_key key;    /* draw i is of neuron i                                     */
} mf_start;

/* MF_EINVAL, in words for the user, unless rho has such neurons: all of w in d coordinates, one
 * radius |w|, or two with V, or as many m as V has dimensions and a radius; numbers a and b for affine neurons only; finite.                 */
mf_status mf_start_check(const mf_start *, mf_error *err);

/* The atom of every neuron (N numbers). */
void mf_start_atoms(const mf_start *, size_t *atom);

/* Neuron i from atom j: w has d numbers. */
void mf_start_neuron(const mf_start *, size_t i, size_t j, double *w, double *a, double *b);

#endif
