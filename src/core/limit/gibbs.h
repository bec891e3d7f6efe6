/* gibbs.h: the fixed point of the diffusion (Eq. 21), the minimum of the free energy, certified.
 *
 *     rho_*(d theta) = exp(-beta Psi_lambda(theta; rho_*)) d theta / Z,
 *     Psi_lambda(theta; rho) = <b + m, f(theta)> + lambda |theta|^2 / 2,   m = int f d rho,
 * is a problem in `rank` unknowns. With Z(g) = int exp(-beta (<b + g, f> + lambda |theta|^2/2))
 * and rho_g the law under that integral, the dual
 *     D(g) = R_#/2 - |g|^2/2 - log Z(g) / beta
 * is concave: its gradient is m(rho_g) - g, minus its Hessian I + beta Cov_g(f). Newton's method
 * maximises it. For every rho and g
 *     F(rho) = R(rho)/2 + (lambda/2) int |theta|^2 d rho - Ent(rho)/beta >= D(g),
 * and F(rho_g) - D(g) = |m(rho_g) - g|^2 / 2 exactly: the gap certifies the free energy.
 *
 * theta is integrated over the full space: a radius r = |P w| of dimension p stands for a point of
 * R^p, with volume A_p r^(p-1) dr, A_p the area of the unit sphere. The output weight of
 * neurons a sigma is integrated in closed form, a Gaussian given the rest.                   */
#ifndef MF_GIBBS_H
#define MF_GIBBS_H

#include "core/limit/cells.h"
#include "core/potentials/potential.h"

#include <stdbool.h>

enum { MF_GIBBS_DIM = MF_CELLS_DIM + 1, MF_GIBBS_NO_OUTPUT = -1 };

typedef struct {
    const mf_potential *potential; /* of the square loss                                         */
    double beta;                   /* > 0                                                        */
    double lambda;                 /* >= 0; 0 only on a box                                      */
    const double *dimension;       /* p of each radius, >= 1; 0 for coordinates on the line      */
    int output;                    /* the coordinate a, in which f is linear; MF_GIBBS_NO_OUTPUT */
    bool boxed;                    /* theta is restricted to low .. high (dim numbers each)      */
    const double *low, *high;
    double tol; /* of the quadrature, relative: 1e-13 .. 1e-3 */
} mf_gibbs_spec;

typedef struct {
    mf_cells cells;    /* nodes and masses in all coordinates but a                     */
    double *g;         /* rank numbers: the dual point; m(rho_g) = g up to the gap          */
    double *mean_a;    /* with an output weight: its mean at every node; else NULL           */
    double variance_a; /* and its variance, 1/(beta lambda)                                  */
    double log_Z, risk, free_energy, gap;
    double square; /* int |theta|^2 d rho                                                */
    double error;  /* of the free energy and the risk: quadrature and potential            */
    size_t iterations;
} mf_gibbs;

/* MF_INEXACT: the gap or the quadrature stayed above what was asked (both are reported). MF_EDOMAIN:
 * not normalisable. Free with mf_gibbs_free whatever is returned.                              */
mf_status mf_gibbs_solve(const mf_gibbs_spec *, mf_gibbs *out, const mf_flag *stop, mf_error *err);
void mf_gibbs_free(mf_gibbs *); /* idempotent */

/* log_p[i] = log of the density of rho_g at theta_i, with respect to the coordinates themselves
 * (dr, da, db): r^(p-1) and A_p are part of it. theta[c * ld + i].                           */
mf_status mf_gibbs_density(const mf_gibbs_spec *, const mf_gibbs *, size_t n, const double *theta,
                           size_t ld, double *log_p, mf_error *err);

/* The law as atoms: theta[c * n + i] and weight[i], i < n, which is returned; theta NULL: only n. */
size_t mf_gibbs_atoms(const mf_gibbs_spec *, const mf_gibbs *, double *theta, double *weight);

#endif
