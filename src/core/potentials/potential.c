/* potential.c: what all potentials share. */
#include "potential.h"

#include <math.h>
#include <string.h>

const double mf_class_label[2] = {1, -1}, mf_class_share[2] = {0.5, 0.5};

mf_status mf_potential_features(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                                double *F, size_t ldf, mf_error *err) {
    return pot->ops->features(pot, n, theta, ld, F, ldf, err);
}

mf_status mf_potential_mean(const mf_potential *pot, const mf_measure *rho, double *m,
                            void *scratch, mf_error *err) {
    memset(m, 0, pot->rank * sizeof *m);
    return pot->ops->mean(pot, rho, m, scratch, err);
}

mf_status mf_potential_field(const mf_potential *pot, const double *g, size_t n,
                             const double *theta, size_t ld, double *value, double *grad,
                             void *scratch, mf_error *err) {
    return pot->ops->field(pot, g, n, theta, ld, value, grad, scratch, err);
}

size_t mf_potential_scratch(const mf_potential *pot, size_t n) {
    return pot->ops->scratch(pot, n);
}

mf_status mf_potential_self(const mf_potential *pot, size_t n, const double *theta, size_t ld,
                            double *u, mf_error *err) {
    if (!pot->ops->self)
        return mf_fail(err, MF_EUNSUPPORTED, "U(theta, theta) of a %s potential is not known",
                       pot->ops->name);
    return pot->ops->self(pot, n, theta, ld, u, err);
}

mf_status mf_potential_step_noise(const mf_potential *pot, double variance, const mf_measure *rho,
                                  size_t n, const double *theta, size_t ld, double *T,
                                  void *scratch, mf_error *err) {
    if (!pot->ops->step_noise)
        return mf_fail(err, MF_EUNSUPPORTED, "the step noise of a %s potential is not known",
                       pot->ops->name);
    for (size_t c = 0; c < pot->dim; ++c)
        memset(T + c * ld, 0, n * sizeof *T);
    return pot->ops->step_noise(pot, variance, rho, n, theta, ld, T, scratch, err);
}

size_t mf_potential_odd_nodes(const mf_potential *pot, size_t c) {
    return pot->ops->odd_nodes && mf_is_radius(pot, c) ? pot->ops->odd_nodes(pot, c) : 0;
}

mf_status mf_potential_odd(const mf_potential *pot, size_t c, double variance,
                           const mf_measure *rho, double *stiffness, double *gain, double *q,
                           double *rise, void *scratch, mf_error *err) {
    if (!pot->ops->odd)
        return mf_fail(err, MF_EUNSUPPORTED, "what neurons of a %s potential share is not known",
                       pot->ops->name);
    return pot->ops->odd(pot, c, variance, rho, stiffness, gain, q, rise, scratch, err);
}

mf_status mf_potential_start(const mf_potential *pot, const mf_init *init, size_t J, double *x,
                             const mf_flag *stop, mf_error *err) {
    if (!pot->ops->start)
        return mf_fail(err, MF_EUNSUPPORTED,
                       "no law of particles in space '%s' follows from an "
                       "initial law; give the option 'measure' instead",
                       pot->space->name);
    if (mf_init_is_fed(init))
        return mf_fail(err, MF_EUNSUPPORTED,
                       "a custom init has no known law of radii; give the "
                       "option 'measure' instead");
    mf_status status = pot->ops->start(pot, init, J, x, stop, err);
    if (status >= 0)
        status = mf_poll(stop, err);
    for (size_t i = 0; i < J * pot->dim && status >= 0; ++i)
        if (!isfinite(x[i]))
            status = mf_fail(err, MF_EDOMAIN, "the initial law puts a particle at %g", x[i]);
    return status;
}

/* ---- the risk ------------------------------------------------------------------------------ */

bool mf_potential_is_square(const mf_potential *pot) {
    return !pot->nodes;
}

mf_loss mf_potential_loss(const mf_potential *pot) {
    return pot->nodes ? pot->nodes->loss : (mf_loss){.kind = MF_LOSS_SQUARE};
}

static double square_risk(const mf_potential *pot, const double *m) {
    double cross = 0, square = 0;
    for (size_t k = 0; k < pot->rank; ++k) {
        cross += pot->b[k] * m[k];
        square += m[k] * m[k];
    }
    return pot->risk0 + 2 * cross + square;
}

double mf_potential_risk(const mf_potential *pot, const double *m) {
    const mf_nodes *at = pot->nodes;
    double sum = 0;
    if (!at)
        return square_risk(pot, m);
    for (size_t k = 0; k < pot->rank; ++k)
        sum += at->weight[k] * mf_loss_value(&at->loss, at->y[k], m[k] / sqrt(at->weight[k]));
    return sum;
}

void mf_potential_force(const mf_potential *pot, const double *m, double *g) {
    const mf_nodes *at = pot->nodes;
    for (size_t k = 0; !at && k < pot->rank; ++k)
        g[k] = pot->b[k] + m[k];
    for (size_t k = 0; at && k < pot->rank; ++k) {
        double root = sqrt(at->weight[k]);
        g[k] = -root * mf_loss_residual(&at->loss, at->y[k], m[k] / root);
    }
}

void mf_potential_bend(const mf_potential *pot, const double *m, const double *v, double *out) {
    const mf_nodes *at = pot->nodes;
    for (size_t k = 0; k < pot->rank; ++k)
        out[k] =
                !at ? v[k]
                    : v[k] * mf_loss_curvature(&at->loss, at->y[k], m[k] / sqrt(at->weight[k])) / 2;
}

void mf_potential_set_nodes(mf_potential *pot, const mf_nodes *nodes) {
    if (mf_loss_is_square(&nodes->loss))
        return;
    pot->nodes = nodes;
    pot->risk0 = 0;
    for (size_t k = 0; k < pot->rank; ++k)
        pot->risk0 += nodes->weight[k] * mf_loss_value(&nodes->loss, nodes->y[k], 0);
}

void mf_potential_free(mf_potential *pot) {
    if (pot)
        pot->ops->free(pot);
}
