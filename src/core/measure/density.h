/* density.h: the density behind atoms.
 *
 * Deterministic particles sit at quantiles of a law: between two neighbours lies half the
 * mass of each. That distribution function, linear between atoms and continued by half a gap
 * at both ends, is what is drawn: it follows peaks and tails alike and needs no bandwidth.
 * Independent random atoms (SGD's neurons) need smoothing: bandwidth > 0 is the standard
 * deviation of a Gaussian in place of every atom, reflected at `floor`.                  */
#ifndef MF_DENSITY_H
#define MF_DENSITY_H

#include "atoms.h"
#include "core/base/status.h"

typedef struct {
    double floor;        /* left end of the coordinate's domain: 0 for radii, else -inf */
    double low, high;    /* interval drawn, or NaN: all of the density                  */
    double bandwidth;    /* 0: between neighbours                                       */
    size_t cells;        /* >= 1                                                        */
    const mf_flag *stop; /* once it is raised, Gaussians are left out; or NULL       */
} mf_density_spec;

/* Moves point masses out of sorted atoms: atoms at infinity, and (without a bandwidth)
 * places whose mass is more than 8 times that of a neighbouring place and twice the average,
 * such as particles absorbed at r = 0. Fewer than 8 places, or places less than 1e-290 apart,
 * are all point masses. On return sorted[0 .. result-1] are the distinct places of the continuous part, none or at least
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
