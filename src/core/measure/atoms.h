/* atoms.h: one coordinate of a measure as atoms in increasing order.
 *
 * Quantiles, distribution functions, histograms, distances on the line and densities all begin with
 * the sorted list; what needs masses up to a place cumulates it first.                     */
#ifndef MF_ATOMS_H
#define MF_ATOMS_H

#include "core/base/rng.h"
#include "measure.h"

typedef struct {
    double x, weight;
} mf_atom;

/* Sorts atoms by x, which must not be NaN. */
void mf_atoms_sort(mf_atom *atoms, size_t n);

/* Fills sorted[0 .. n-1] with coordinate c of m in increasing order. */
void mf_measure_sort(const mf_measure *m, size_t c, mf_atom *sorted);

/* Replaces each weight by the mass up to and including the atom; from the last one that has mass on
 * exactly 1. */
void mf_atoms_cumulate(mf_atom *sorted, size_t n);

/* From cumulated atoms, by bisection.
 * quantile: the smallest atom x with mass(<= x) >= p, up to rounding (p = k/n finds atom k); for
 *           p = 0 the first atom that has mass.
 * cdf:      mass(<= x).                                                                 */
double mf_atoms_quantile(const mf_atom *cumulated, size_t n, double p);
double mf_atoms_cdf(const mf_atom *cumulated, size_t n, double x);

/* mass[i], i < cells, of the sorted atoms in [edge_i, edge_i+1), the last cell closed. */
void mf_atoms_histogram(const mf_atom *sorted, size_t n, size_t cells, const double *edges,
                        double *mass);

/* Indices of n independent draws from m, by inversion of draw 0 of the stream. `uniforms`
 * holds n numbers, `cumulated` m->n atoms.                                              */
void mf_measure_sample(const mf_measure *m, mf_key key, size_t n, double *uniforms,
                       mf_atom *cumulated, size_t *index);

#endif
