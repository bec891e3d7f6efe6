/* particles.h: the distributional dynamics (Eq. 7, Eq. 13) along its characteristics.
 *
 * Weighted particles move by  d theta / d tau = -2 grad Psi(theta; rho)  in the clock
 * tau = int xi, in which the equation is autonomous. One force on all particles is one mean
 * and one field of the potential's features, never a sum over pairs.
 *
 * A coordinate that is a radius lives in [0, inf]. Mass that reaches 0 with inward force
 * stays there until the force turns outward: within a step a particle may pass 0 (the force
 * is that at 0, so the integrator sees a smooth path), after it the particle is put back to
 * 0 and held. Atoms at infinity stay.
 *
 * Dormand and Prince's pair of orders 5 and 4. The error of a step is measured in the mean
 * square over rho, an upper bound on the Wasserstein distance W_2 that the step adds.      */
#ifndef MF_PDE_PARTICLES_H
#define MF_PDE_PARTICLES_H

#include "core/potentials/potential.h"

#include <stdint.h>

typedef struct {
    const mf_potential *potential; /* must outlive the run                                     */
    size_t J;                      /* particles                                                */
    double tol;                    /* of one step, relative to 1 + |theta|; > 0                  */
    double step;                   /* > 0: fixed steps of this length in the clock; 0: adaptive  */
} mf_pde_spec;

typedef struct mf_pde mf_pde;

/* Bytes of a run, or 0 if it does not fit in memory. */
size_t mf_pde_bytes(const mf_pde_spec *);

/* Makes a run in mem (64-byte aligned). The caller then fills the atoms (coordinate c of
 * particle j at [c * J + j]) and the weights (they start at 1/J).                         */
mf_pde *mf_pde_init(void *mem, const mf_pde_spec *);
double *mf_pde_atoms(mf_pde *);
double *mf_pde_weights(mf_pde *);

/* Towards clock = goal, at most `steps` steps; MF_OK with clock < goal when they are used up.
 * MF_STOPPED when the flag is raised; at the last good state MF_EDIVERGED, when no step is
 * small enough for finite numbers, or what an operation of the potential failed with.      */
mf_status mf_pde_advance(mf_pde *, double goal, uint64_t steps, const mf_flag *stop, mf_error *err);

/* R(rho), and -dR/dtau = 4 int |grad Psi|^2 d rho (Proposition 2). */
mf_status mf_pde_risk(mf_pde *, double *risk, mf_error *err);
mf_status mf_pde_dissipation(mf_pde *, double *rate, mf_error *err);

double mf_pde_clock(const mf_pde *);
double mf_pde_error(const mf_pde *);       /* sum over the steps of their W_2 error estimates     */
uint64_t mf_pde_steps(const mf_pde *);     /* accepted steps                                      */
mf_measure mf_pde_measure(const mf_pde *); /* a view                                            */

#endif
