/* stability_point_mass.h: does a point mass of a law repel or attract?  (Theorems 6 and 7)
 *
 * Near theta_* a particle moves by  -2 H_0 (theta - theta_*)  in the clock int xi, with
 *     H_0(rho) = Hess V(theta_*) + int Hess_1 U(theta_*, theta) rho(d theta)      (Eq. 26),
 * the Hessian of Psi(. ; rho) at theta_*. It is taken, for any potential, as the derivative
 * of exact gradients: central differences at halved steps, extrapolated to step 0 (Ridders),
 * which also tells how well they agree.
 *
 * Coordinates are those of the potential. A radius at 0 has no left side: pressed against 0
 * (d Psi/dr > 0) it is held there and takes no part; otherwise Psi is continued evenly.      */
#ifndef MF_STABILITY_POINT_MASS_H
#define MF_STABILITY_POINT_MASS_H

#include "core/potentials/potential.h"

#define MF_POINT_VERDICT_LIST(X)                                                                   \
    X(MF_POINT_STABLE, "stable")           /* lambda_min > 0                                  */   \
    X(MF_POINT_UNSTABLE, "unstable")       /* lambda_min < 0, no eigenvalue 0 (B1)            */   \
    X(MF_POINT_DEGENERATE, "degenerate")   /* an eigenvalue is 0 within the error             */   \
    X(MF_POINT_MOVES, "not a fixed point") /* of Eq. 7                                        */

typedef enum {
#define X(name, text) name,
    MF_POINT_VERDICT_LIST(X)
#undef X
} mf_point_verdict;

/* Text of a verdict. */
const char *mf_point_verdict_text(mf_point_verdict);

/* The arrays lie in the caller's memory. */
typedef struct {
    mf_point_verdict verdict;
    const double *gradient;     /* dim: grad Psi(theta_*; rho)                                */
    const double *hessian;      /* dim x dim: H_0, 0 for coordinates that are not free        */
    const double *eigenvalues;  /* of the free coordinates, increasing                        */
    size_t free;                /* coordinates neither held at 0 nor fixed                    */
    const unsigned char *moves; /* dim: whether a coordinate is one of these                  */
    double error;               /* estimated error of every eigenvalue, the potential's included */
    double residual;            /* (int |grad Psi|^2 d rho)^(1/2), 0 at a fixed point (Eq. 20) */
    double mass;                /* p_*: what rho has within 1e-8 (1 + |theta_*|) of theta_*   */
} mf_point_mass;

/* Bytes of memory for a law of `atoms` atoms, or 0 if they do not fit. */
size_t mf_point_mass_bytes(const mf_potential *, size_t atoms);

/* theta: dim finite numbers, radii >= 0. rho lies in the potential's space. mem: 64-byte
 * aligned. Forces up to tol (1 + |grad V(theta)|) count as 0. Polls stop (MF_STOPPED).
 * MF_EACCURACY where gradients are not finite.                                             */
mf_status mf_point_mass_check(const mf_potential *, const double *theta, const mf_measure *rho,
                              double tol, void *mem, mf_point_mass *out, const mf_flag *stop,
                              mf_error *err);

#endif
