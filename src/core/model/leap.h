/* leap.h: how hard the directions of a target g(z_1, .., z_k) are to find (Abbe, Boix-Adsera,
 * Misiakiewicz 2023).
 *
 * g is a sum of monomials c_alpha h_alpha: products of normalised Hermite polynomials h_(alpha_i)(z_i)
 * for z ~ N(0, I_k), products of some z_i (alpha_i = 0 or 1) on the cube {+-1}^k. Directions are found one
 * after the other: where those in a set S are known, alpha asks for sum_{i not in S} alpha_i degrees
 * more. The leap is the least over all orders of the monomials with c_alpha != 0 of the largest
 * number on the way. Taking at each stage all monomials that ask for the least is such an order, as
 * what is known never makes a monomial ask for more. For k = 1 the leap is the smallest l >= 1 with
 * c_l != 0, the information exponent.                                                             */
#ifndef MF_LEAP_H
#define MF_LEAP_H

#include "core/base/status.h"

#include <stddef.h>

enum {
    MF_LEAP_HERMITE = 6, /* directions at most, for Gaussian z */
    MF_LEAP_CUBE = 16    /* and on the cube                    */
};

/* Two product rules for N(0, I_k), k <= MF_LEAP_HERMITE, rule 0 the finer: nodes along an axis; and nodes
 * first .. first+n-1 of all, rows of k numbers.                                                    */
size_t mf_leap_nodes(size_t k, int rule);
mf_status mf_leap_points(size_t k, int rule, size_t first, size_t n, double *Z, mf_error *err);

typedef struct {
    size_t leap;   /* 0: g is constant                         */
    size_t stages; /* stage i finds those directions, at that leap */
    size_t at[MF_LEAP_CUBE];
    unsigned directions[MF_LEAP_CUBE]; /* bit i: direction i + 1 */
} mf_leap_steps;

/* For Gaussian z, from g at the nodes of both rules (overwritten): monomials of degree 1 .. degree, which
 * is below the smaller number of nodes. A coefficient counts as 0 if its size is at most tol times the
 * standard deviation of g; it is known to three times the difference of the two rules. MF_EACCURACY,
 * naming one, if the leap depends on coefficients that are that close to the bound.                  */
mf_status mf_leap_hermite(size_t k, size_t degree, double tol, double *g[2], mf_leap_steps *out,
                          mf_error *err);

/* For the cube, where all is exact but for rounding: g at the 2^k points, bit i of whose number says
 * z_(i+1) = 1 (overwritten).                                                                       */
mf_status mf_leap_walsh(size_t k, double tol, double *g, mf_leap_steps *out, mf_error *err);

#endif
