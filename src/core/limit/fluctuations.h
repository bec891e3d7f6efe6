/* fluctuations.h: what the initial law does to an observable of rho at a later time.
 *
 * For an observable A of the law at clock T the influence  h(theta) = dA/d rho_0 (theta)  of mass
 * placed at theta at the start, and its gradient, follow from one solve backwards in the clock.
 * With g = b + m, l = grad h and  s = int Df l d rho  (rank numbers; M = dg/dm, 1 for the square):
 *     dl/dtau = 2 [ Hess<g, f>(theta) l + Df(theta)^T M s + lambda l ],   dh/dtau = 2 <f(theta), M s>
 * along the particles. Both sides of  sum_j p_j (l_j . d theta_j) + h_j d p_j  are constant in tau
 * for every small change of the start: this is its derivation, and its test. Then the neurons of
 * a network, N independent draws from rho_0, give  N Var A -> Var_(rho_0) h.
 *
 * The way is solved once more and its states kept; where they are too many, every 2nd, 4th, ... of
 * them, and what lies between is solved again. In all that costs 1.6 to 3.8 times the way itself, as
 * measured. One step back of the classical order 4 for each
 * step forward, the law half-way from the cubic through both ends. Second derivatives are
 * central differences of first ones over DIFFERENCE (1 + |theta|): an error of about 1e-8.
 *
 * A radius held at 0 forgets: a small change of where it came from changes when it arrived, not
 * where it is. Its l is 0 until the time, going back, at which it arrived.                     */
#ifndef MF_FLUCTUATIONS_H
#define MF_FLUCTUATIONS_H

#include "particles.h"

typedef struct {
    mf_particles_spec run; /* as the run was made                                    */
    const double *theta;   /* its start: coordinate c of particle j at [c * J + j]    */
    const double *weight;  /* J                                                      */
    double clock;          /* where the observable looks, >= 0                       */
    size_t tape;           /* bytes for kept states (64 states at least); 0: 2^28    */
} mf_fluctuations_spec;

/* h (J numbers) and grad (laid out as theta): at the end on entry, at the start on return. Along
 * a fixed coordinate grad counts as 0. Fails as the forward run does; MF_STOPPED by the flag. */
mf_status mf_fluctuations_solve(const mf_fluctuations_spec *, double *h, double *grad,
                                const mf_flag *stop, mf_error *err);

/* h and grad of the observable R at rho: 2 Psi and 2 grad Psi. */
mf_status mf_fluctuations_of_risk(const mf_potential *, const mf_measure *rho, double *h,
                                  double *grad, mf_error *err);

/* Var_rho h, the limit of N Var A. */
double mf_fluctuations_variance(size_t J, const double *weight, const double *h);

#endif
