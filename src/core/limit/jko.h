/* jko.h: Eq. 7 as a sequence of minimisations (Eq. 10), in one dimension.
 *
 * On the line sorted particles of equal mass are quantiles, and W_2 is the root of their mean
 * square distance. So a step of length tau in the clock int xi, from y, is
 *     x = argmin  Phi(x) = R(x) + sum_j (x_j - y_j)^2 / (2 tau J),
 * whose gradient is (1/J) [2 Psi'(x_j; rho_x) + (x_j - y_j)/tau]: implicit Euler for
 * d x_j = -2 Psi' d tau, the factor 2 of Eq. 7 being that of dR. (R does not see the order of
 * particles, and sorting x brings it nearer to a sorted y: the minimum over all x is sorted.)
 *
 * Newton's method: J times the Hessian is the diagonal 2 Psi'' + 1/tau plus (2/J) f' f'^T, of low
 * rank (Woodbury). It descends from x = y, so R(x) + W_2^2/(2 tau) <= R(y) whatever tau is. A
 * radius stays >= 0 (projected Newton): at 0 it is held while the force points inward.       */
#ifndef MF_JKO_H
#define MF_JKO_H

#include "core/potentials/potential.h"
#include "flow.h"

typedef struct {
    const mf_potential *potential; /* of one coordinate; must outlive the run */
    size_t J;                      /* particles                               */
    double tau;                    /* > 0: length of a step in the clock      */
} mf_jko_spec;

/* Bytes of a run, or 0 if it does not fit in memory. */
size_t mf_jko_bytes(const mf_jko_spec *);

/* Makes a run in mem (64-byte aligned). The caller then fills the J atoms: finite, increasing. */
mf_flow *mf_jko_init(void *mem, const mf_jko_spec *);
double *mf_jko_atoms(mf_flow *);

#endif
