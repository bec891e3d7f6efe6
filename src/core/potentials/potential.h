/* potential.h: every potential of the paper as a feature map.
 *
 *     V(theta) = <b, f(theta)>,   U(theta, theta') = <f(theta), f(theta')>
 *
 * with f of modest length (the rank). With m = int f d rho the square loss has
 *     R(rho)          = R_# + 2 <b, m> + |m|^2                 (Eq. 5)
 *     Psi(theta; rho) = <g, f(theta)>,   g = dR/dm / 2 = b + m  (Eq. 8)
 * so that a force on J particles costs one mean and one field, never J^2. Nobody forms b + m by
 * hand: the risk is a function of m. Where features are outputs on weighted nodes,
 *     m_k = sqrt(w_k) yhat_k,
 * any loss l(y, yhat) has R(rho) = sum_k w_k l(y_k, yhat_k) and g_k = sqrt(w_k) l'(y_k, yhat_k)/2, and
 * Psi is half of the first variation of R again. V and U are then what they were, Psi not their sum.
 * A new model is a new table of operations; everything else works with it.     */
#ifndef MF_POTENTIAL_H
#define MF_POTENTIAL_H

#include "core/base/status.h"
#include "core/measure/measure.h"
#include "core/model/init.h"
#include "core/model/loss.h"

#include <stdbool.h>

typedef struct mf_potential mf_potential;

/* What a kind of potential knows how to do. Callers use the functions below, not the table. An
 * operation that fails says why in err (which may be NULL), and what it has written counts for
 * nothing. The last group is optional: NULL stands for what is said there.                    */
typedef struct {
    const char *name;

    mf_status (*features)(const mf_potential *, size_t n, const double *theta, size_t ld, double *F,
                          size_t ldf, mf_error *err);
    mf_status (*mean)(const mf_potential *, const mf_measure *, double *m, void *scratch,
                      mf_error *err); /* adds to m */
    mf_status (*field)(const mf_potential *, const double *g, size_t n, const double *theta,
                       size_t ld, double *value, double *grad, void *scratch, mf_error *err);
    size_t (*scratch)(const mf_potential *, size_t n);
    void (*free)(mf_potential *);

    /* u_j = U(theta_j, theta_j) = E sigma_*(x; theta_j)^2 of a neuron with itself: more than
     * |f(theta_j)|^2 where theta are radii and f is a mean over directions. NULL: not known.  */
    mf_status (*self)(const mf_potential *, size_t n, const double *theta, size_t ld, double *u,
                      mf_error *err);

    /* J particles of equal weight from the law rho_0: coordinate c of particle j at x[c * J + j].
     * NULL: theta are a neuron's own weights, which are drawn.                             */
    mf_status (*start)(const mf_potential *, const mf_init *, size_t J, double *x,
                       const mf_flag *stop, mf_error *err);

    /* The dimension p of the space of P w behind the radius |P w| in coordinate c; HUGE_VAL in
     * the limit. NULL: there is no radius.                                                 */
    double (*dimension)(const mf_potential *, size_t c);

    /* What the noise of SGD's steps adds to weights, to first order in the step: with the residual
     * e = y - yhat(x; rho), its mean square widened by the variance of the labels' noise, yhat being
     * the mean over rho whatever its total mass, T_c(theta_j) at T[c * ld + j] is
     *     at a radius |P w|:  E[e^2 a^2 sigma'(<w,x> + b)^2 <u, x>^2],  u any direction of P's space
     *                         across w (dimension - 1 of them),
     *     at full weights w:  E[e^2 a^2 sigma'^2 |P_perp x|^2] w_c / (2 |w|^2),
     * and 0 elsewhere: a step s adds 4 s^2 (dimension - 1) T to the square of a radius, 4 s^2 T to a
     * weight. NULL: not known.                                                                  */
    mf_status (*step_noise)(const mf_potential *, double variance, const mf_measure *rho, size_t n,
                            const double *theta, size_t ld, double *T, void *scratch,
                            mf_error *err);

    /* What is odd along a direction that neurons have in common in the space of P, behind the radius
     * r = |P w| in coordinate c: at node n of x, of weight W_n, which says |P x| and what neurons see of the rest,
     * q_n(theta) = E a sigma'(<w,x> + b), such that neurons theta and theta' whose weights have the product <P w, P w'> share
     *     E yhat yhat' = .. + <Pw,Pw'> sum_n W_n q_n q_n'   and   E sigma' sigma'' <Px,Px>/p = sum_n W_n q_n q_n'
     * to relative order 1/p. For the particles of rho, stiffness_n = W_n l''/2, gain_n = W_n e_n^2 (e as
     * above), q[n * J + j] and rise[(n * dim + b) * J + j] = d(r q_n)/dtheta_b. Radii without nodes have no
     * such direction. NULL: not known.                                                          */
    size_t (*odd_nodes)(const mf_potential *, size_t c);
    mf_status (*odd)(const mf_potential *, size_t c, double variance, const mf_measure *rho,
                     double *stiffness, double *gain, double *q, double *rise, void *scratch,
                     mf_error *err);

    /* Whether coordinate c feels no force. NULL: all do. */
    bool (*is_fixed)(const mf_potential *, size_t c);
} mf_potential_ops;

/* A loss and the nodes over which it is averaged, one for each feature. */
typedef struct {
    mf_loss loss;
    const double *y, *weight; /* rank numbers each; weights are positive, their sum is 1 */
} mf_nodes;

/* The paper's two classes: y = +-1, each with probability 1/2. */
extern const double mf_class_label[2], mf_class_share[2];

/* The head that every kind of potential starts with. */
struct mf_potential {
    const mf_potential_ops *ops;
    const mf_space *space; /* of theta                                                        */
    size_t dim;            /* coordinates of theta                                            */
    size_t rank;           /* length of f                                                     */
    const double *b;       /* rank numbers                                                    */
    const mf_nodes *nodes; /* another loss than the square; NULL: the square of Eq. 5         */
    double risk0;          /* R without neurons; R_# = E y^2                                   */
    double error;          /* bound on |V| and |U| errors against the exact potential         */
};

/* Whether coordinate c is a radius in [0, inf]. */
static inline bool mf_is_radius(const mf_potential *pot, size_t c) {
    return mf_space_is_radius(pot->space, pot->dim, c);
}

/* Whether coordinate c of every particle stays what it is. */
static inline bool mf_is_fixed(const mf_potential *pot, size_t c) {
    return pot->ops->is_fixed && pot->ops->is_fixed(pot, c);
}

/* The dimension behind the radius in coordinate c; 0 for what is no radius. */
static inline double mf_potential_dimension(const mf_potential *pot, size_t c) {
    return pot->ops->dimension && mf_is_radius(pot, c) ? pot->ops->dimension(pot, c) : 0;
}

/* ---- features ------------------------------------------------------------------------- */

/* F[k * ldf + j] = f_k(theta_j), rank x n. Coordinate c of theta_j is theta[c * ld + j]. */
mf_status mf_potential_features(const mf_potential *, size_t n, const double *theta, size_t ld,
                                double *F, size_t ldf, mf_error *err);

/* m = int f d rho, rank numbers. */
mf_status mf_potential_mean(const mf_potential *, const mf_measure *rho, double *m, void *scratch,
                            mf_error *err);

/* value_j = <g, f(theta_j)> (if not NULL) and grad[c * ld + j] = d/d theta_c of it (if not
 * NULL), for g of length rank. At an infinite radius and along a fixed coordinate grad is 0. */
mf_status mf_potential_field(const mf_potential *, const double *g, size_t n, const double *theta,
                             size_t ld, double *value, double *grad, void *scratch, mf_error *err);

/* Bytes of scratch (64-byte aligned, caller's) that mean and field need for n atoms. */
size_t mf_potential_scratch(const mf_potential *, size_t n);

/* u_j = U(theta_j, theta_j); MF_EUNSUPPORTED where it is not known. */
mf_status mf_potential_self(const mf_potential *, size_t n, const double *theta, size_t ld,
                            double *u, mf_error *err);

/* T_c(theta_j; rho) of SGD's step noise, dim x n, as `step_noise` says; MF_EUNSUPPORTED where it is not
 * known. scratch: mf_potential_scratch for max(n, atoms of rho).                                   */
mf_status mf_potential_step_noise(const mf_potential *, double variance, const mf_measure *rho,
                                  size_t n, const double *theta, size_t ld, double *T,
                                  void *scratch, mf_error *err);

/* The nodes of `odd` at the radius in coordinate c, 0 for what is no radius and where they are not known, and
 * what it says of them. scratch: mf_potential_scratch for the atoms of rho.                      */
size_t mf_potential_odd_nodes(const mf_potential *, size_t c);
mf_status mf_potential_odd(const mf_potential *, size_t c, double variance, const mf_measure *rho,
                           double *stiffness, double *gain, double *q, double *rise, void *scratch,
                           mf_error *err);

/* J particles from the law rho_0, as `start` says; MF_EUNSUPPORTED where there is no such
 * operation, or where the law of the radii is known to the caller only; MF_EDOMAIN if one would
 * not be finite.                 */
mf_status mf_potential_start(const mf_potential *, const mf_init *, size_t J, double *x,
                             const mf_flag *stop, mf_error *err);

/* ---- the risk, a function of the mean features --------------------------------------------- */

/* R of the measures whose mean features are m. */
double mf_potential_risk(const mf_potential *, const double *m);

/* g = dR/dm / 2 at m, which may be g itself: Psi(theta; rho) = <g, f(theta)>. */
void mf_potential_force(const mf_potential *, const double *m, double *g);

/* out = M v with M = dg/dm at m, which is diagonal, and not negative for convex losses: 1 for the
 * square, l''(y_k, yhat_k)/2. out may be v. */
void mf_potential_bend(const mf_potential *, const double *m, const double *v, double *out);

/* Whether R = R_# - |b|^2 + |b + m|^2, so that its minimum is the point nearest to 0. */
bool mf_potential_is_square(const mf_potential *);

/* The loss; the square where there are no nodes. */
mf_loss mf_potential_loss(const mf_potential *);

/* Makes a potential with these features that of another loss. The nodes belong to the caller and must
 * outlive it. Sets risk0. A square stays as it is.                                                */
void mf_potential_set_nodes(mf_potential *, const mf_nodes *);

void mf_potential_free(mf_potential *); /* NULL is allowed */

#endif
