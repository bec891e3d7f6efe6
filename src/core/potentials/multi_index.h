/* multi_index.h: neurons a sigma(<w,x> + b) where y depends on a few directions of x only.
 *
 * z = Ux for k orthonormal rows U. With theta = (a, b, m_1 .. m_k, r), m = Uw, r = |w - U^T m|, and
 * p = d - k dimensions across U, a neuron averaged over the directions of w - U^T m answers, at z and at
 * rho = |x - U^T z| ~ chi_p,
 *     f(z, rho) = a sum_j sqrt(mu_2j(p)) c_2j(r, <m, z> + b) l_j(rho),
 * c_l(r, c) = E sigma(r G + c) h_l(G), mu_2j = E zeta^2j for a coordinate zeta of a uniform unit vector of R^p,
 * l_j the polynomials in rho^2 that are orthonormal under chi_p (gauss.h). On nodes z_n of weights w_n, and on
 * the nodes rho_i, v_i of chi_p's Gauss rule of as many nodes as orders j are kept, the features are
 * f_(n,i) = sqrt(w_n v_i) f(z_n, rho_i): outputs on weighted nodes, of any loss. The rule is exact for products of two of
 * the l_j, so that for the square loss nothing but orders and nodes in z is approximate. At p = inf only
 * j = 0 is left: a network in R^k whose activation is E sigma(r G + .).
 *
 * Nodes come in mirror images: with z also (+-z_1, .., +-z_k), of the same weight. Sums over them add and
 * subtract images first, axis by axis. A symmetry of y under such reflections that the law has as well
 * (neurons that do not see z_i, say) then makes forces across it vanish exactly: what it forbids
 * never starts from rounding errors, however unstable.                                                */
#ifndef MF_MULTI_INDEX_POTENTIAL_H
#define MF_MULTI_INDEX_POTENTIAL_H

#include "core/model/activation.h"
#include "potential.h"
#include "smooth.h"

enum { MF_INDEX_AXES = 16, MF_INDEX_NODES = 1 << 17 };

/* Orbits of `patterns` nodes: 2^k mirror images, where bit i of the image says that z_i changes its sign, or
 * one node each. One block of memory.                                                                */
typedef struct {
    size_t k, patterns, orbits;
    double *z; /* k x orbits: coordinate i of orbit o's first node at z[i * orbits + o]         */
    double *weight; /* orbits: of each of its nodes; > 0, the sum over all nodes is 1                */
    double *y; /* patterns x orbits, for the caller to fill                                     */
    bool gaussian; /* z ~ N(0, I_k)                                                                 */
    void *block;
} mf_index_nodes;

/* k in 1 .. MF_INDEX_AXES, patterns 1 or 2^k, patterns x orbits <= MF_INDEX_NODES. After a failure there is
 * nothing to free.                                                                                  */
mf_status mf_index_nodes_new(mf_index_nodes *, size_t k, size_t patterns, size_t orbits,
                             mf_error *err);
void mf_index_nodes_free(mf_index_nodes *);

/* The 2^k corners of {+-1}^k, one orbit; and 2 half nodes along each axis for N(0, I_k): Gauss's. */
mf_status mf_index_corners(mf_index_nodes *, size_t k, mf_error *err);
mf_status mf_index_gauss(mf_index_nodes *, size_t k, size_t half, mf_error *err);

/* Node (image, orbit) into z, k numbers. */
void mf_index_node(const mf_index_nodes *, size_t image, size_t orbit, double *z);

/* Leaves out orbits that no mean over y^2 and 1 would miss; y is known. */
void mf_index_prune(mf_index_nodes *);

/* Every node `copies` times with labels y + deviation g, g a Gauss rule for N(0, 1): for losses that see more
 * of a label's noise than its variance.                                                            */
mf_status mf_index_blur(mf_index_nodes *, double deviation, size_t copies, mf_error *err);

/* V and U of a few neurons with |m| <= 1, |b| <= 0.7 and 1/2 <= r <= 1 on these nodes (y known), where sigma is
 * `smooth`, of one order; and the largest difference of two such lists, relative to scale (max(1, sup sigma^2))
 * for U and to the root of scale times E y^2 for V.                                                */
enum { MF_INDEX_PROBES = 12, MF_INDEX_PROBED = MF_INDEX_PROBES * (MF_INDEX_PROBES + 1) + 1 };
mf_status mf_index_probe(const mf_index_nodes *, const mf_smooth *, double out[MF_INDEX_PROBED],
                         mf_error *err);
double mf_index_apart(const double one[MF_INDEX_PROBED], const double two[MF_INDEX_PROBED],
                      double scale);

typedef struct {
    mf_activation
            activation; /* its table, if any, must outlive the potential                      */
    double d;           /* > k, or HUGE_VAL                                                   */
    double noise;       /* variance of y - g, which is no part of the nodes' y (square loss)  */
    double tol;         /* of orders at finite d and of tables                               */
    double error;       /* what is known of the nodes' error                                  */
    bool fix_a, fix_b;  /* these coordinates feel no force                                    */
    mf_loss loss;       /* zero: the square                                                  */
} mf_index_spec;

extern const mf_space mf_space_multi_index; /* a, b, m1 .. mk, r */

/* The nodes are copied. MF_INEXACT: (*out)->error exceeds tol. */
mf_status mf_multi_index_new(const mf_index_spec *, const mf_index_nodes *, mf_potential **out,
                             const mf_flag *stop, mf_error *err);

#endif
