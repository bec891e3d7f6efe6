/* measure.h: weighted atoms, the meeting point of SGD, PDE and optima.
 *
 * A measure is  rho = sum_j weight_j delta_{theta_j}.  Coordinates are stored one
 * after the other, atoms contiguous:  x[c * ld + j]  is coordinate c of atom j, so
 * that every loop over atoms is a loop over consecutive doubles.
 * `space` says what the coordinates mean; a potential takes only its own space.   */
#ifndef MF_MEASURE_H
#define MF_MEASURE_H

#include <stddef.h>

#define MF_SPACE_LIST(X)                                                                           \
    X(MF_SPACE_FREE, "free")             /* no meaning attached: x1 .. xD                       */ \
    X(MF_SPACE_RADIAL, "radial")         /* r = |w| in [0, inf]                                 */ \
    X(MF_SPACE_TWO_RADIUS, "two_radius") /* r1 = |P_V w|, r2 = |P_V^perp w|                     */ \
    X(MF_SPACE_RELU, "relu")             /* a, b, r1, r2                                        */ \
    X(MF_SPACE_PLAIN, "plain")           /* w1 .. wd of sigma(<w,x>)                            */ \
    X(MF_SPACE_AFFINE, "affine")         /* w1 .. wd, a, b of a sigma(<w,x> + b)                */

typedef enum {
#define X(name, text) name,
    MF_SPACE_LIST(X)
#undef X
} mf_space;

const char *mf_space_name(mf_space space);

/* A view: whoever made it owns the arrays. weight == NULL means 1/n each. */
typedef struct {
    mf_space space;
    size_t n, dim; /* atoms, coordinates */
    size_t ld;     /* distance between coordinates, >= n */
    const double *x;
    const double *weight;
} mf_measure;

static inline double mf_measure_weight(const mf_measure *m, size_t j) {
    return m->weight ? m->weight[j] : 1 / (double)m->n;
}

/* One coordinate in increasing order, with its weights. */
typedef struct {
    double x, weight;
} mf_atom;

/* Fills sorted[0 .. n-1] with coordinate c of m in increasing order. */
void mf_measure_sort(const mf_measure *m, size_t c, mf_atom *sorted);

/* Sorts atoms by x, which must not be NaN. */
void mf_atoms_sort(mf_atom *atoms, size_t n);

/* From sorted atoms of total weight 1.
 * quantile: the smallest atom x with mass(<= x) >= p.
 * cdf:      mass(<= x).
 * masses:   mass[i] of the cells [edge_i, edge_i+1), the last one closed; `smooth` spreads
 *           each half of an atom's mass evenly to its neighbour (a distribution function
 *           linear between atoms), which shows the density behind quantile particles.      */
double mf_atoms_quantile(const mf_atom *sorted, size_t n, double p);
double mf_atoms_cdf(const mf_atom *sorted, size_t n, double x);
void mf_atoms_masses(const mf_atom *sorted, size_t n, int smooth, size_t cells, const double *edges,
                     double *mass);

#endif
