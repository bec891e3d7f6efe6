/* overlaps.h: the noise of SGD's steps that all neurons share, as they see the same examples.
 *
 * A step kicks every neuron along the same x. In any one direction that is of order sqrt(eps), but
 * there are d of them: the overlap c_ij, the mean of the cosine between two neurons at the atoms i and
 * j of the law, grows by order eps d, and the part of yhat that is odd along what neurons have in
 * common costs risk and is unlearned. A law of two radii has overlaps in each of their spaces; to this order they see
 * nothing of each other. With r the radius, q_n = E sigma'(<w,x>) at node n of x (mf_potential_odd), p the dimension
 * of the space, in the clock tau, where s = eps xi:
 *
 *     dc_ij/dtau = - (n_i + n_j) c_ij + 4 s (p - 2) sum_n W_n e_n^2 q_n(i) q_n(j) / (r_i r_j)
 *                  - 2 sum_n W_n k_n [q_n(i) G_n(j) / r_i + q_n(j) G_n(i) / r_j],
 *     n_i = 2 s (p - 1) T_i / r_i^2,        G_n(i) = sum_k p_k r_k q_n(k) c_ik,
 *     excess of R = sum_n W_n k_n sum_i p_i r_i q_n(i) G_n(i),
 *     added to dPsi/dtheta_b of i:  sum_n W_n k_n d(r q_n)/dtheta_b (i) G_n(i),
 *
 * e the residual, k = l''/2 of the loss (1 for the square), T the step noise of one neuron, which by
 * itself turns two neurons away from each other; excess and what is added are sums over the radii. Corrections are of
 * order (eps d)^2 and eps. Steps in c are exponential, of second order; for each radius J particles cost J^2 numbers and
 * K J^2 flops.                                                                                    */
#ifndef MF_OVERLAPS_H
#define MF_OVERLAPS_H

#include "core/base/fields.h"
#include "core/potentials/potential.h"

enum {
    MF_OVERLAPS_MOST = 1000,    /* particles: a step within 0.1 s for radial, 0.5 s for two radii */
    MF_OVERLAPS_NODES = 1 << 22 /* nodes of all radii times particles: 0.3 GB */
};

typedef struct mf_overlaps mf_overlaps;

/* Bytes for J particles of a potential with `odd` nodes. */
size_t mf_overlaps_bytes(const mf_potential *, size_t J);

/* Neurons of rho_0 are independent: all overlaps are 0. dimension: behind each coordinate's radius, read here only.
 * scratch is the potential's, in use during calls. */
mf_overlaps *mf_overlaps_init(void *mem, const mf_potential *, size_t J, const double *dimension,
                              void *scratch);

/* A span h of the clock while the particles rho stand still, T their step noise (dim x J), s = eps xi; label noise
 * of that variance. From the overlaps as they are into those used until mf_overlaps_keep; MF_EDIVERGED if not finite. */
mf_status mf_overlaps_step(mf_overlaps *, const mf_measure *rho, const double *T, double s,
                           double label, double h, mf_error *err);

/* A bound on the rate at which overlaps are unlearned, by the trace of sum_n W_n k_n q_n q_n: steps are explicit
 * in it, and it knows nothing of the particles' own. */
mf_status mf_overlaps_rate(mf_overlaps *, const mf_measure *rho, double *rate, mf_error *err);

/* Back to the overlaps before the latest steps, or on from those after them. */
void mf_overlaps_drop(mf_overlaps *);
void mf_overlaps_keep(mf_overlaps *);

/* What the overlaps in use add to dPsi/dtheta at the particles, dim x J; the excess of R. grad may be NULL. */
mf_status mf_overlaps_field(mf_overlaps *, const mf_measure *rho, double *grad, double *excess,
                            mf_error *err);

void mf_overlaps_save(const mf_overlaps *, mf_fields_writer *);
void mf_overlaps_load(mf_overlaps *, mf_fields *);

#endif
