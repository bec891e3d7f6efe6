/* series.h: enclosures of the Hermite coefficients c_2m(s) = E[sigma(s G) h_2m(G)], of their
 * derivatives, and of what a series in them leaves out.
 *
 * sigma is piecewise linear with flat tails: knots t_j, kinks kappa_j (changes of slope, their
 * sum 0). Only its even part matters, so t_j stands for |t_j|. With a = t_j/s and
 *     phi_n(a) = phi(a) h_n(a),   phi_n' = -sqrt(n + 1) phi_(n+1),
 *     |phi_n(a)| <= exp(-a^2/4)/sqrt(2 pi)                        (Cramer; DLMF 18.14.9)
 * one has, with sums over j and n = 2m >= 2,
 *     c_0   = sigma(0) + sum kappa (s phi(a) - t Q(a)),  Q(a) = P(G > a)
 *     c_n   = sum kappa s phi_(n-2)(a) / sqrt(n (n-1))
 *     c_n'  = sum kappa (phi_(n-2)(a)/sqrt(n (n-1)) + a phi_(n-1)(a)/sqrt(n)),  c_0' = sum kappa phi
 *     c_n'' = sum kappa (a^2/s) phi_n(a)                              (n = 0 too).
 * Beyond M: sum_(m>M) c_2m^2 = E e(sG)^2 - sum_(m<=M) c_2m^2 (Parseval; e the even part of
 * sigma), and the same for c_2m' with E (G e'(sG))^2.                                       */
#ifndef MF_SERIES_H
#define MF_SERIES_H

#include "proof.h"

#include <arb.h>
#include <fmpq.h>
#include <stdbool.h>

typedef struct {
    bool infinite;  /* d = inf */
    bool all_below; /* every Delta in (0, delta] */
    ulong d;
    fmpq_t delta;
    slong knots;
    fmpq *t, *s; /* as given, t increasing */
} mf_exact_problem;

mf_status mf_exact_problem_read(mf_exact_problem *, const mf_proof_spec *, mf_error *err);
void mf_exact_problem_clear(mf_exact_problem *);

typedef struct {
    slong bits, prec; /* the series is cut below 2^-bits; working precision                  */
    bool infinite, all_below;
    slong terms, knots;  /* M; number of kinks                                                 */
    arb_ptr knot, kink;  /* |t_j| increasing, kappa_j                                          */
    arb_t delta, tau[2]; /* Delta, 1 + Delta, 1 - Delta; intervals if all_below               */
    arb_t at_zero, at_infinity; /* c_0(0) = sigma(0), c_0(inf) = (sigma(-inf) + sigma(inf))/2 */
    arb_ptr mu;                 /* mu_2m, m = 0 .. M                                    */
    arb_t next_mu, rest_mu;     /* mu_(2M+2); sum_(m>M) mu_2m                           */
    arb_t unit;                 /* 1/sqrt(2 pi)                                         */
    arb_t moment[4];            /* sum |kappa| t^k / sqrt(2 pi)                         */
    arb_ptr root, inverse_root, phi; /* sqrt(n), 1/sqrt(n), scratch; n <= 2M + 3             */
    const mf_flag *stop;             /* may be NULL */
} mf_series;

/* Once `stop` (may be NULL) is set, what is at work becomes [-inf, inf], at once. It is kept: the owner
 * takes it away when its step ends. */
void mf_series_init(mf_series *, const mf_exact_problem *, slong bits, const mf_flag *stop);
void mf_series_clear(mf_series *);

/* c[m], c1[m], c2[m] enclose c_2m, c_2m', c_2m'' at every s of a ball in (0, inf); m <= M. */
void mf_series_coefficients(mf_series *, const arb_t s, arb_ptr c, arb_ptr c1, arb_ptr c2,
                            slong prec);

/* Upper bounds of (sum_(m>M) c_2m(s)^2)^(1/2) and of the same for c_2m', from c and c1. */
void mf_series_rest(const mf_series *, const arb_t s, arb_srcptr c, arb_srcptr c1, arb_t rest,
                    arb_t rest1, slong prec);

/* phi[n], n < count, encloses phi_n at every a of a ball in [0, inf). */
void mf_hermite(const mf_series *, arb_ptr phi, slong count, const arb_t a, slong prec);

#endif
