/* init.h: the law rho_0 of a neuron's weights before training.
 *
 * w ~ N(0, kappa^2/d I_d), or uniform on the sphere of a given radius; output weight a
 * and offset b are constants.                                                        */
#ifndef MF_INIT_H
#define MF_INIT_H

#include "core/base/rng.h"

typedef enum { MF_INIT_GAUSSIAN, MF_INIT_SPHERE, MF_INIT_CUSTOM } mf_init_kind;

typedef struct {
    mf_init_kind kind;
    double kappa;  /* Gaussian: E|w|^2 = kappa^2  */
    double radius; /* sphere                      */
    double a, b;   /* affine neurons              */
    double d, s0;  /* 0: taken from the potential; given, the finite-d law of the radii
                      beside a potential at d = inf                                     */
} mf_init;

/* w (d numbers) of neuron i: draw i of the stream. Not for MF_INIT_CUSTOM. */
void mf_init_neuron(const mf_init *, mf_key key, uint64_t i, size_t d, double *w);

/* The law of r = |w| in dimension d (HUGE_VAL: its limit) as J atoms of equal weight: the
 * quantiles at (j + 1/2)/J, increasing. Its error against the law is O(1/J) in W1.       */
void mf_init_radii(const mf_init *, double d, size_t J, double *r);

/* The joint law of r1 = |P_V w| and r2 = |P_V^perp w|, dim V = s0, as J atoms of equal weight
 * at a two-dimensional low-discrepancy set. d = HUGE_VAL: both at their limit, gamma = s0/d
 * being given.                                                                             */
void mf_init_two_radii(const mf_init *, double d, double s0, double gamma, size_t J, double *r1,
                       double *r2);

#endif
