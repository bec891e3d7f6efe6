/* stability_spectrum.h: rates at which the flow leaves or approaches a law of finitely many atoms.
 *
 * Small displacements d theta_i of the atoms of rho, times sqrt(p_i), move in the clock int xi by -A,
 *     A_(ic,jc') = 2 [ delta_ij d_c d_c' <g, f>(theta_i) + sqrt(p_i p_j) <d_c f(theta_i), M d_c' f(theta_j)> ],
 * M = dg/dm (1 for the square loss), which is symmetric. At a fixed point its eigenvalues are rates of
 * decay, negative ones of escape, and R goes to its limit like exp(-2 rate clock). A point mass
 * has 2 H_0 + 2 Df^T M Df. Coordinates that do not move take no part: fixed ones, radii pressed
 * against 0, infinite radii.                                                                    */
#ifndef MF_STABILITY_SPECTRUM_H
#define MF_STABILITY_SPECTRUM_H

#include "core/potentials/potential.h"

enum { MF_SPECTRUM_MAX = 600 }; /* moving coordinates of all atoms */

typedef struct {
    size_t n;            /* coordinates that move                                       */
    const double *rates; /* n, increasing, in the caller's memory                        */
    double error;        /* estimated error of every rate, the potential's included      */
    double residual;     /* (int |grad Psi|^2 d rho)^(1/2), 0 at a fixed point (Eq. 20)   */
} mf_spectrum;

/* Bytes of memory for `atoms` atoms, or 0 if they are more than can be treated. */
size_t mf_spectrum_bytes(const mf_potential *, size_t atoms);

/* rho lies in the potential's space. Forces up to tol (1 + |grad V|) count as 0. mem: 64-byte aligned.
 * MF_EACCURACY where gradients are not finite; MF_STOPPED by the flag.                           */
mf_status mf_spectrum_solve(const mf_potential *, const mf_measure *rho, double tol, void *mem,
                            mf_spectrum *out, const mf_flag *stop, mf_error *err);

#endif
