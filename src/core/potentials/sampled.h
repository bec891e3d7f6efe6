/* sampled.h: the potential of any model that can be sampled.
 *
 * From n examples (x_k, y_k) the features of a neuron are its responses,
 *     f_k(theta) = sigma_*(x_k; theta) / sqrt(n),   b_k = -y_k / sqrt(n),
 * so that V and U of Eq. 4 are means over the sample, R(rho) is the empirical risk of the
 * network rho, and the particles live in the full parameter space: w (plain) or w, a, b.
 * Its distance from the population's potential is of order n^(-1/2).
 *
 * Forces are matrix products: Z = X W for a panel of particles and a block of samples,
 * the activation, and X^T (g sigma') back; both stay in the second-level cache.          */
#ifndef MF_SAMPLED_H
#define MF_SAMPLED_H

#include "core/model/activation.h"
#include "core/model/dataset.h"
#include "potential.h"

#include <stdbool.h>

typedef struct {
    size_t n, d;              /* examples, dimension                     */
    mf_activation activation; /* its table, if any, must outlive the potential */
    bool affine;              /* theta = (w, a, b) instead of w           */
    bool fix_a, fix_b;        /* these coordinates feel no force           */
    mf_loss loss;             /* its table, if any, must outlive the potential; zero: the square */
    const mf_flag *stop; /* once it is raised, operations end early with MF_EINTERRUPTED; or NULL */
    const mf_examples *examples; /* a data set, n in d, which must outlive the potential; NULL: the
                                    examples are handed over                                    */
} mf_sampled_spec;

/* A potential with room for the sample. If that is no data set, the caller fills X (n x d,
 * row-major) and y (n); then he calls mf_sampled_finish: MF_EDOMAIN if the loss does not know one of the y.           */
mf_status mf_sampled_new(const mf_sampled_spec *, mf_potential **out, mf_error *err);
double *mf_sampled_x(mf_potential *); /* to be filled whole */
double *mf_sampled_y(mf_potential *);
mf_status mf_sampled_finish(mf_potential *, mf_error *err);

#endif
