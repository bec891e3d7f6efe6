/* box.h: enclosures of R_d^(1) and of Psi(.; rho) on boxes of the closed half-line.
 *
 * The half-line is covered in two charts: x = r on [0, r_far] and x = 1/r on [0, 1/r_far],
 * r = inf being x = 0. On a box of centre x0 and half-width h everything comes from the second
 * order form f(x0) + f'(x0) y + f''(box) y^2/2, |y| <= h, whose middle is evaluated to full
 * precision and whose last term encloses c_2m'' on the whole box (series.h gives the bounds):
 *     chart r:    |c_n''| <= (1/sqrt(2 pi)) sum |kappa|/t sup a^3 exp(-a^2/4)
 *     chart 1/r:  |c_n''| <= (sqrt(n + 1)/3) (1/sqrt(2 pi)) sum |kappa| t^3
 * (c_n - c_n(inf) = sum kappa t G(t x), G(a) = (g(a) - g(0))/a, g'' = phi_n: G'' is a mean of
 * theta^2 g'''(theta a)). For n = 0 signs are kept.                                         */
#ifndef MF_BOX_H
#define MF_BOX_H

#include "series.h"

typedef enum { MF_NEAR, MF_FAR } mf_chart; /* x = r, x = 1/r */

/* Ends are doubles, and are meant exactly. */
typedef struct {
    mf_chart chart;
    double low, high;
} mf_box;

/* c_2m(tau x) or c_2m(tau/x) as functions of x on a box, for one side. */
typedef struct {
    arb_ptr c, c1, c2; /* values and slopes at the centre, curvature on the box             */
    arb_t rest, rest1; /* (sum_(m>M) c^2)^(1/2), the same of slopes, at the centre          */
    arb_t slope;       /* m > M: bound of |c1| on the box ...                               */
    arb_t bend;        /* ... and of |c_2m(s)| |c2| for any s                               */
} mf_jet;

/* Psi(.; rho) in coefficients: Psi(r) = 1/2 sum_+- sum_m g_m c_2m(tau r). */
typedef struct {
    arb_ptr g[2];  /* mu_2m int c_2m(tau s) rho(ds), less +1 or -1 for m = 0        */
    arb_t rest[2]; /* (sum_(m>M) (int c_2m d rho)^2)^(1/2)                           */
} mf_force;

typedef struct {
    mf_series *series;
    mf_jet jet[2];
    arb_t apart
            [3]; /* d = inf: D (see mf_halves): value, slope at the centre, curvature on the box */
    arb_t half, x; /* half-width of the box; scratch */
} mf_boxes;

void mf_boxes_init(mf_boxes *, mf_series *);
void mf_boxes_clear(mf_boxes *);

void mf_force_init(mf_force *, const mf_series *);
void mf_force_clear(mf_force *, const mf_series *);

/* Adds weight times the sphere of radius r (a ball in (0, inf)), of infinite radius, or 0. */
void mf_force_add(mf_force *, mf_boxes *, const arb_t r, const arb_t weight);
void mf_force_add_end(mf_force *, const mf_series *, bool infinite, const arb_t weight);

/* Makes the jets on a box, or on a ball around an exact centre > 0. */
void mf_boxes_move(mf_boxes *, mf_box);
void mf_boxes_move_to(mf_boxes *, mf_chart, const arb_t centre, const arb_t half);

/* At the jets: value and slope at the centre, curvature on the box, the range on it. Any of
 * value, slope, curvature may be NULL.                                                    */
void mf_psi(mf_boxes *, const mf_force *, arb_t value, arb_t slope, arb_t curvature);
void mf_risk(mf_boxes *, arb_t value, arb_t slope, arb_t curvature);

/* d = inf: S = (q(tau_+ r) + q(tau_- r))/2 and D = (q(tau_+ r) - q(tau_- r))/(2 Delta), q = c_0. All of
 * Lemma 1 can be said in them, without a division by a Delta that may be 0:
 *     R = S^2 + (1 - Delta D)^2,   Psi(r; s)/Delta = (S(s)/Delta) S(r) - (1 - Delta D(s)) D(r).
 * D is the mean over tau in [tau_-, tau_+] of dq(tau r)/dtau = r q'(tau r), so its curvature is
 * that of the mean of
 *     chart r:    sum kappa (tau/t) (a^5 - a^3) phi(a),  a = t/(tau r)
 *     chart 1/r:  sum kappa (t/tau)^3 times a mean of theta^2 (3 y - y^3) phi(y),  y = theta t x/tau. */
void mf_halves(const mf_boxes *, int derivative, arb_t sum, arb_t difference);
void mf_range(arb_t range, const mf_boxes *, const arb_t value, const arb_t slope,
              const arb_t curvature);

/* Psi at r = 0 and r = inf, exact limits. */
void mf_psi_end(const mf_series *, const mf_force *, bool infinite, arb_t value);

#endif
