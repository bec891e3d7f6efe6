/* search.h: the global minimum of theta -> <g, f(theta)>, for many g in turn.
 *
 * Optima and Lemma 1 ask one question again and again: where on the whole domain is
 * Psi(theta) = <b + m, f(theta)> smallest? Infinite ends are made finite by
 * r = t / (1 - t), so that r = inf is a point like any other.
 *
 * One coordinate: the curve t -> f(t) is replaced, once, by Chebyshev polynomials on as
 * many panels as it needs. The minimum of <g, f> is then the minimum of a polynomial on
 * each panel, which is found and bounded from below for certain; what the polynomials
 * miss of f is measured and added.
 * More coordinates: a low-discrepancy set of starts, the best of them polished by a
 * quasi-Newton method. Then `bound` is only what the search found.                    */
#ifndef MF_SEARCH_H
#define MF_SEARCH_H

#include "core/potentials/potential.h"

#include <math.h>

/* The compact coordinate: t = r/(1 + r) in [0, 1] of a radius, any other coordinate itself. */
static inline double mf_to_compact(const mf_potential *p, size_t c, double theta) {
    return !mf_is_radius(p, c) ? theta : isinf(theta) ? 1 : theta / (1 + theta);
}

static inline double mf_from_compact(const mf_potential *p, size_t c, double t) {
    return !mf_is_radius(p, c) ? t : t >= 1 ? HUGE_VAL : t / (1 - t);
}

/* d theta / d t at a finite theta. */
static inline double mf_compact_stretch(const mf_potential *p, size_t c, double theta) {
    return mf_is_radius(p, c) ? (1 + theta) * (1 + theta) : 1;
}

typedef struct mf_search mf_search;

enum { MF_SEARCH_MINIMA = 64 }; /* at most so many local minima are told apart */

typedef struct {
    size_t n;            /* local minima found, both ends of one coordinate included */
    const double *theta; /* theta[c * n + i], best first                             */
    const double *value; /* <g, f(theta_i)>, of the potential itself                 */
    double bound;        /* no value on the domain is below                          */
} mf_minima;

/* The domain is low[c] <= theta_c <= high[c]; high may be HUGE_VAL where the potential has a
 * limit there (MF_EDOMAIN if its features are not finite). `tol` is the accuracy of the
 * panels, relative to max(1, max |f|^2). starts: number of starts for more coordinates. */
mf_status mf_search_new(mf_search **, const mf_potential *, const double *low, const double *high,
                        double tol, size_t starts, mf_error *err);
void mf_search_free(mf_search *); /* NULL is allowed */

/* g = b + m with m in the convex hull of the features (else `bound` is not certain), or any g where the
 * loss is not the square. The views
 * in out are good until the next call. */
mf_status mf_search_minima(mf_search *, const double *g, mf_minima *out, mf_error *err);

/* One coordinate only: the points at which the curve is looked at, increasing, both ends of
 * the domain included. Returns their number; theta may be NULL.                        */
size_t mf_search_samples(const mf_search *, double *theta);
double mf_search_sample(const mf_search *, size_t i); /* one of them */

/* One coordinate only: where in (t0, t1), in the compact coordinate, the derivative of a
 * function (or anything of its sign) goes from negative to positive. NAN if it does not. */
double mf_search_minimum_between(mf_search *, double (*derivative)(double t, void *context),
                                 void *context, double t0, double t1);

/* One coordinate only: half the length of the panel that resolves the curve at t. */
double mf_search_resolution(const mf_search *, double t);

/* Bound on |<b + m, f(theta) - panels(theta)>| for m in the convex hull of the features, from
 * points between the nodes; one coordinate only.                                         */
double mf_search_error(const mf_search *);

#endif
