/* grid.h: the diffusion (Eq. 12, Eq. 13) in one radius by finite volumes.
 *
 * With p(r) the density of r = |w|, w in R^d, and in the clock tau = int xi,
 *     d p/d tau = d/dr { 2 p d/dr [psi(r; p) + lambda r^2/2 - ((d - 1)/beta) log r] + (2/beta) dp/dr }.
 * Cells hold masses P_i; the flux through a face is that of the exact stationary solution between
 * two centres (Scharfetter and Gummel), phi = beta psi_lambda - (d - 1) log r being linear in r, or,
 * where cells are not small beside r, its logarithm exact and the rest linear in log r. So the
 * scheme is a Markov chain in detailed balance with the discrete Gibbs law: masses stay positive,
 * their sum stays, and each implicit step with psi taken at its end lowers the discrete free energy
 *     F = R/2 + (lambda/2) sum P c^2 + (1/beta) sum P log(P / (h A_d c^(d-1))).
 * For finite beta, where cells resolve phi, the flux is of second order. At beta = inf it is upwind,
 * and takes the density not at the centre of the cell that mass leaves but at its face, along a
 * limited slope: second order too. The slope relative to the density, in [-1, 1], is that of the
 * step's start and only multiplies the rates by 0 to 2: the step stays linear in the masses, the
 * chain one with rates >= 0, down psi, and all of the above holds for any step.
 *
 * Time: implicit Euler by one whole and two half steps, extrapolated (second order) if the result is
 * a law whose free energy has not grown, else the halves. Elimination without subtractions keeps
 * every mass positive to full relative accuracy. psi depends on the end of the step through
 * the mean features alone: a fixed point in `rank` numbers, by Anderson's acceleration. (CVODE
 * would need a banded Jacobian plus a low-rank part, and keeps neither sign nor energy.)   */
#ifndef MF_GRID_H
#define MF_GRID_H

#include "core/potentials/potential.h"
#include "flow.h"

typedef struct {
    const mf_potential
            *potential; /* in one radius, of finite dimension if beta < inf; outlives the run */
    double beta;        /* > 0; HUGE_VAL: Eq. 13                                       */
    double lambda;      /* >= 0                                                        */
    size_t cells;       /* >= 8                                                        */
    double tol;         /* of one step, W_1 relative to the mean radius + 1; > 0       */
} mf_grid_spec;

size_t mf_grid_bytes(const mf_grid_spec *);

/* Makes a grid in mem (64-byte aligned); face[0 .. cells] increasing from 0, finite. The caller
 * fills the masses of the cells, of sum 1.                                                 */
mf_flow *mf_grid_init(void *mem, const mf_grid_spec *, const double *face);
double *mf_grid_masses(mf_flow *);

const double *mf_grid_faces(const mf_flow *);   /* cells + 1 */
const double *mf_grid_centres(const mf_flow *); /* cells     */
size_t mf_grid_cells(const mf_flow *);
double mf_grid_mass(const mf_flow *); /* sum of the masses: 1 up to rounding */

/* F of the present law. */
mf_status mf_grid_free_energy(mf_flow *, double *F, mf_error *err);

/* face[0 .. cells] for a law with this distribution function: half the cells equal in length,
 * half in mass, as smooth as both. cdf is called with r in [0, rmax]. MF_EINTERRUPTED.        */
mf_status mf_grid_mesh(size_t cells, double rmax, double (*cdf)(const void *context, double r),
                       const void *context, double *face, const mf_flag *stop, mf_error *err);

#endif
