/* measure.h: weighted atoms, the meeting point of SGD, PDE and optima.
 *
 * A measure is  rho = sum_j weight_j delta_{theta_j}.  Coordinates are stored one
 * after the other, atoms contiguous:  x[c * ld + j]  is coordinate c of atom j, so
 * that every loop over atoms is a loop over consecutive doubles.
 * `space` says what the coordinates mean; a potential takes only its own space.   */
#ifndef MF_MEASURE_H
#define MF_MEASURE_H

#include "core/base/rng.h"
#include "core/base/status.h"
#include "space.h"

#include <stdbool.h>
#include <stddef.h>

/* A view: whoever made it owns the arrays. weight == NULL means 1/n each. */
struct mf_measure {
    const mf_space *space;
    size_t n, dim; /* atoms, coordinates */
    size_t ld;     /* distance between coordinates, >= n */
    const double *x;
    const double *weight; /* >= 0, of sum 1 */
};

static inline double mf_measure_weight(const mf_measure *m, size_t j) {
    return m->weight ? m->weight[j] : 1 / (double)m->n;
}

/* MF_EDOMAIN, naming atom and coordinate, unless radii are in [0, inf] and all other numbers finite,
 * weights >= 0 included. Called where a measure enters a workspace: no NaN comes in.         */
mf_status mf_measure_check(const mf_measure *m, mf_error *err);

/* A power of two near x > 0 (1 for 0 and infinity): to divide by it is exact, and squares of the
 * quotients do not overflow.                                                               */
double mf_measure_unit(double x);

/* ---- means and radii ---------------------------------------------------------------- */

/* int x_c d rho and its standard deviation (no n - 1: rho is a law, not a sample of one).
 * Infinite where mass is at infinity.                                                    */
double mf_measure_mean(const mf_measure *m, size_t c);
double mf_measure_std(const mf_measure *m, size_t c);

/* radius[j] = |w| of atom j, from components and radii. MF_EINVAL in a space without them. */
mf_status mf_measure_radius(const mf_measure *m, double *radius, mf_error *err);

/* r1[j] = |P_V w|, r2[j] = |w - P_V w| for a measure that has all of w.
 * MF_EINVAL: another space, s0 outside 1 .. d, rows of the basis not orthonormal to 1e-8. */
mf_status mf_measure_radii(const mf_measure *m, const mf_subspace *V, double *r1, double *r2,
                           mf_error *err);

/* ---- one coordinate: sorted atoms ------------------------------------------------------- */

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

/* ---- the density behind atoms -------------------------------------------------------------- */

/* Deterministic particles sit at quantiles of a law: between two neighbours lies half the
 * mass of each. That distribution function, linear between atoms and continued by half a gap
 * at both ends, is what is drawn: it follows peaks and tails alike and needs no bandwidth.
 * Independent random atoms (SGD's neurons) need smoothing: bandwidth > 0 is the standard
 * deviation of a Gaussian in place of every atom, reflected at `floor`.                   */
typedef struct {
    double floor;     /* left end of the coordinate's domain: 0 for radii, else -inf */
    double low, high; /* interval drawn, or NaN: all of the density                  */
    double bandwidth; /* 0: between neighbours                                       */
    size_t cells;     /* >= 1                                                        */
} mf_density_spec;

/* Moves point masses out of sorted atoms: atoms at infinity, and (without a bandwidth)
 * places whose mass is more than 8 times that of a neighbouring place and twice the average,
 * such as particles absorbed at r = 0. Fewer than 8 places, or places less than 1e-290 apart, are all point masses. On return
 * sorted[0 .. result-1] are the distinct places of the continuous part, none or at least
 * two (with a bandwidth: any number), and lumps[0 .. *n_lumps-1] (room for n) the rest.    */
size_t mf_atoms_split(mf_atom *sorted, size_t n, const mf_density_spec *spec, mf_atom *lumps,
                      size_t *n_lumps);

/* x[i], p[i], i <= 2 cells: a polygon over that many cells, which over every cell has the mass
 * that the n places left by mf_atoms_split put there. Without a bandwidth the cells are equal
 * half in length and half in mass, so that a narrow peak is resolved next to a wide one; with
 * one they are equal in length. `work` holds n + 4 atoms.                                 */
void mf_atoms_density(const mf_atom *sorted, size_t n, const mf_density_spec *spec, mf_atom *work,
                      double *x, double *p);

#endif
