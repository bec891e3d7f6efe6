/* particles.h: the distributional dynamics (Eq. 7, Eq. 13) along its characteristics.
 *
 * Weighted particles move by  d theta / d tau = -2 grad Psi(theta; rho)  in the clock
 * tau = int xi, in which the equation is autonomous. One force on all particles is one mean
 * and one field of the potential's features, never a sum over pairs.
 *
 * A coordinate that is a radius lives in [0, inf]. Mass that reaches 0 with inward force
 * stays there until the force turns outward: within a step a particle may pass 0 (the force
 * is that at 0, so the integrator sees a smooth path), after it the particle is put back to
 * 0 and held. Atoms at infinity stay.
 *
 * With a finite step eps SGD also gains from its noise (step_noise in potential.h): the effective
 * dynamics adds, in the same clock, 4 eps xi (dimension - 1) T to the derivative of the square of
 * a radius, and 4 eps xi T to that of a full weight. Radii are then stepped as squares u = r^2,
 * for which 0 is repelling and no special place, and there are no walls. xi enters by itself, so
 * that the equation is no longer autonomous; its steps are Dormand and Prince's throughout.
 *
 * Each coordinate may have a rate, theta_c' = -2 rate_c d_c Psi, in gradient, decay and, squared, in step
 * noise. With an output scale A features are A f and the clock is divided by A^2: m = A int f d rho,
 * theta_c' = -(2/A) rate_c d_c <g, f>. With birth and death at rate alpha masses move too,
 *     p_j' = -(2 alpha/A) p_j (<g, f_j> - sum_i p_i <g, f_i>),
 * as l_j = log(J p_j), of which p is the exponential, normalised: positive and of sum 1 whatever the
 * step. Its error counts as that of one more coordinate. Label noise adds its variance to R and to
 * the square of the residual in step noise.
 *
 * Dormand and Prince's pair of orders 5 and 4. The error of a step is measured in the mean
 * square over rho, an upper bound on the Wasserstein distance W_2 that the step adds. Within a
 * step the law is known by the pair's own interpolant of order 4 (Hairer, Norsett and
 * Wanner, section II.6), at no further force: looking changes no bit of the run.
 *
 * At rest stability would bound these steps, however long nothing moves. Where it does, steps are
 * Chebyshev's (rkc.h) until those cost more: of order 2, the same tolerance, and no longer
 * than a perturbation of one particle takes to grow by a tenth, so that a saddle is left in its
 * time although what leads away from it is smaller than any tolerance. Within such a step the
 * law is known by the cubic through its ends. Fixed steps stay Dormand and Prince's.        */
#ifndef MF_PARTICLES_H
#define MF_PARTICLES_H

#include "core/model/schedule.h"
#include "core/potentials/potential.h"
#include "flow.h"

typedef struct {
    const mf_potential *potential; /* must outlive the run                                     */
    size_t J;                      /* particles                                                */
    double tol;                    /* of one step, relative to 1 + |theta|; > 0                  */
    double lambda;                 /* weight decay, >= 0: lambda |theta|^2 / 2 is part of Psi  */
    double step;                   /* > 0: fixed steps of this length in the clock; 0: adaptive  */
    bool plain;                    /* never Chebyshev's steps                                 */
    double eps; /* SGD's step over the size of its batches: >= 0; 0: Eq. 7              */
    const double
            *dimension; /* with eps: behind each coordinate's radius, dim finite numbers      */
    mf_pace pace;       /* with eps: xi                                                          */
    const double *rate; /* of each coordinate, dim numbers >= 0; NULL: 1                        */
    double scale;       /* A > 0; 0: 1                                                          */
    double birth_death; /* alpha >= 0; with it steps are never Chebyshev's                      */
    mf_status (*pull)(void *context, const mf_measure *rho, double *grad, mf_error *err);
    void *context;      /* pull adds to dPsi of the particles, if not NULL                      */
    double label_noise; /* standard deviation, >= 0                                              */
} mf_particles_spec;

/* Bytes of a run, or 0 if it does not fit in memory. */
size_t mf_particles_bytes(const mf_particles_spec *);

/* Makes a run in mem (64-byte aligned). The caller then fills the atoms (coordinate c of
 * particle j at [c * J + j]) and the weights (they start at 1/J).                         */
mf_flow *mf_particles_init(void *mem, const mf_particles_spec *);
double *mf_particles_atoms(mf_flow *);
double *mf_particles_weights(mf_flow *);

/* The step that it would try next; xi at a clock. */
mf_status mf_particles_next(mf_flow *, double *h, mf_error *err);
double mf_particles_xi(const mf_flow *, double clock);

#endif
