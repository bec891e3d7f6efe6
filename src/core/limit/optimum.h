/* optimum.h: the best risk that any law of neurons can reach, with a certificate.
 *
 * With x(rho) = b + int f d rho the risk is R = R_# - |b|^2 + |x|^2: its minimum over all
 * measures is the point nearest to 0 in the convex hull of the curve (or surface)
 * b + f(theta). Wolfe's algorithm for the nearest point takes one new vertex at a time,
 * and here the vertex is the global minimum of Psi(.; rho) = <x, f(.)>: an exchange
 * method, finite in the number of atoms. Then the atoms slide: Newton's method on the
 * conditions of Eq. 17, d Psi(theta_j) = 0 and Psi(theta_j) = const.
 *
 * Certificate. For any measure sigma, <x(rho), x(sigma)> >= L = min_theta <x(rho), b + f>, so
 * |x(sigma)| >= L / |x(rho)| and
 *     R(rho) - min R  <=  |x|^2 - max(L, 0)^2 / |x|^2  <=  2 (int Psi d rho - min Psi).
 *
 * Any other convex loss has the last of these as its bound, and the same exchange with Newton's
 * method for the weights (weights.h). Without convexity there is no bound, and what is found
 * is a law that no small change of its weights or atoms betters.                            */
#ifndef MF_OPTIMUM_H
#define MF_OPTIMUM_H

#include "core/potentials/potential.h"

#include <stdbool.h>

typedef struct {
    const mf_potential *potential;
    const double *low, *high; /* the domain, dim numbers each; a radius may be unbounded (high =
                                 HUGE_VAL) where the features have a limit                     */
    double tol;               /* gap to reach, > 0                                             */
    size_t starts;            /* points that begin a search for min Psi; two or more coordinates */
} mf_optimum_spec;

typedef struct {
    const mf_space *space;
    size_t atoms, dim, iterations;
    double *theta;  /* theta[c * atoms + j]; a radius may be HUGE_VAL                     */
    double *weight; /* positive, decreasing, sum 1                                        */
    double risk;    /* R(rho)                                                             */
    double gap;     /* R(rho) - gap <= min R over the domain. One coordinate: a bound over the
                       whole domain. More: as far as the search for min Psi has seen it.
                       HUGE_VAL for a loss that is not convex                              */
    bool convex;    /* whether the loss is                                                */
    double error;   /* bound on what the potential's own error does to any risk           */
} mf_optimum;

/* MF_INEXACT: the gap stayed above tol (it is reported all the same); MF_STOPPED: interrupted,
 * the result so far is there. Free with mf_optimum_free whatever is returned.            */
mf_status mf_optimum_solve(const mf_optimum_spec *, mf_optimum *out, const mf_flag *stop,
                           mf_error *err);
void mf_optimum_free(mf_optimum *); /* idempotent */

#endif
