/* cells.h: quadrature of densities known by their logarithm, in one to MF_CELLS_DIM coordinates.
 *
 * A box is cut into cells, each with a tensor Gauss rule, where the density lives: exp(-beta Psi)
 * is a sum of peaks as narrow as beta^(-1/2), but its logarithm is smooth, and tells from afar
 * where a peak may hide. A cell is cut until its mass is that of its halves.               */
#ifndef MF_CELLS_H
#define MF_CELLS_H

#include "core/base/status.h"

#include <stddef.h>

enum { MF_CELLS_DIM = 4 };

/* log_p[i] = logarithm of the density at x[c * ld + i], i < n; -inf where there is none. */
typedef mf_status mf_log_density(void *context, size_t n, const double *x, size_t ld, double *log_p,
                                 mf_error *err);

typedef struct {
    size_t dim;                                   /* 1 .. MF_CELLS_DIM                            */
    double low[MF_CELLS_DIM], high[MF_CELLS_DIM]; /* the box, finite                          */
    double tol;                                   /* of the mass, relative                        */
    double noise; /* what rounding leaves of a density, relative   */
    size_t order; /* Gauss points a coordinate; 0: the default     */
    mf_log_density *density;
    void *context;
} mf_cells_spec;

typedef struct {
    size_t n, dim;
    double *x;       /* nodes: x[c * n + i]                                       */
    double *weight;  /* their masses, of sum 1                                    */
    double log_mass; /* log of the integral of the density over the box           */
    double error;    /* of the mass, relative: what cutting every cell once more would change */
    /* log of the largest density near each face of the box, less the largest of all: how far
     * the density has fallen off where the box ends.                                          */
    double face_low[MF_CELLS_DIM], face_high[MF_CELLS_DIM];
} mf_cells;

/* MF_INEXACT: error > tol when the cells were used up. Free with mf_cells_free whatever is
 * returned; *out need not be initialised.                                                   */
mf_status mf_cells_integrate(const mf_cells_spec *, mf_cells *out, const mf_flag *stop,
                             mf_error *err);
void mf_cells_free(mf_cells *); /* idempotent */

#endif
