/* activation.h: the functions sigma(t) of sigma_*(x; theta) = a sigma(<w,x> + b).
 *
 * An activation is a value: copy it, print it, save it. Only a tabulated one (made from
 * a Lua function before the core starts) points at memory, which its owner keeps alive. */
#ifndef MF_ACTIVATION_H
#define MF_ACTIVATION_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { MF_KNOTS_MAX = 16 };

typedef enum {
    MF_ACT_PIECEWISE, /* linear between knots (t_j, s_j); beyond the ends the given slopes */
    MF_ACT_TANH,
    MF_ACT_ERF,
    MF_ACT_SIGMOID,    /* 1 / (1 + exp(-t))    */
    MF_ACT_SOFTPLUS,   /* log(1 + exp(t))      */
    MF_ACT_POLYNOMIAL, /* sum of s_j t^j, j < knots */
    MF_ACT_TABLE       /* piecewise polynomial */
} mf_activation_kind;

extern const char *const mf_activation_names[]; /* by kind; ends with NULL */

typedef struct mf_activation_table mf_activation_table;

/* ReLU is the piecewise function with one knot (0, 0) and slope_right 1. */
typedef struct {
    mf_activation_kind kind;
    size_t knots; /* 1 .. MF_KNOTS_MAX, t strictly increasing */
    double t[MF_KNOTS_MAX], s[MF_KNOTS_MAX];
    double slope_left, slope_right;   /* beyond the first and the last knot; 0: flat tails */
    const mf_activation_table *table; /* MF_ACT_TABLE; else NULL */
} mf_activation;

/* sigma(t) and sigma'(t); at a knot the derivative is that of the segment to its right. */
double mf_activation_value(const mf_activation *, double t);
double mf_activation_derivative(const mf_activation *, double t);

/* value[i] = sigma(z[i]) and derivative[i] = sigma'(z[i]); either may be NULL; in place is
 * allowed for value. */
void mf_activation_apply(const mf_activation *, size_t n, const double *z, double *value,
                         double *derivative);

/* How sigma behaves at t -> -inf (left) and +inf (right): slope * t + offset + o(1).
 * A bounded activation has both slopes 0, and offsets its limits.                      */
typedef struct {
    double slope_left, offset_left, slope_right, offset_right;
} mf_activation_tails;
mf_activation_tails mf_activation_tails_of(const mf_activation *);
bool mf_activation_is_bounded(const mf_activation *);

/* Whether sigma has such tails: all but polynomials of degree 2 and more, whose slopes come out as
 * +-HUGE_VAL, and tables on a range, whose tails are NaN. What rests on tails calls the second,
 * MF_EUNSUPPORTED, and refuses these.                                                         */
bool mf_activation_has_tails(const mf_activation *);
mf_status mf_activation_check_tails(const mf_activation *, mf_error *err);

/* Whether sigma is known on a range [low, high] only (a table made so; elsewhere the whole line is
 * given). Beyond it value and derivative are NaN, and moments and coefficients, which look at 13
 * deviations, MF_EDOMAIN.                                                                      */
bool mf_activation_range(const mf_activation *, double *low, double *high);

/* MF_EDOMAIN, naming the worst, if one of the n arguments z lies beyond the range. */
mf_status mf_activation_check(const mf_activation *, size_t n, const double *z, mf_error *err);

/* Where sigma or its scale changes, increasing: knots, panel edges, the dyadic distances
 * between which a smooth activation is well resolved. breaks has room for `room` numbers;
 * returns how many there are (more than `room`: only the first `room` were written).     */
size_t mf_activation_breaks(const mf_activation *, double *breaks, size_t room);

/* Largest |break|: beyond, sigma is its tails. */
double mf_activation_reach(const mf_activation *);

/* max(1, sup sigma^2), sigma divided by 1 + |t| where it is unbounded: the scale of V and U. */
double mf_activation_scale(const mf_activation *);

/* Largest |sigma - f| / max(1, |f|) seen, f the function that sigma stands for: 0 but for tables. What
 * lies between the points that the tabulation looked at is not in it.                            */
double mf_activation_error(const mf_activation *);

/* q(s, b) = E sigma(s G + b), and its derivatives in s and b (NULL: not wanted). s in
 * [0, inf], inf for bounded activations only; at s = 0 the limits s -> 0+.
 * Closed forms for piecewise (and ReLU), polynomials and erf, quadrature to about 1e-13 otherwise.   */
mf_status mf_activation_moment(const mf_activation *, double s, double b, double *q, double *dq_ds,
                               double *dq_db, mf_error *err);

/* c_k = E[ sigma(s G + b) h_k(G) ] for k = 0 .. n-1, h_k the normalised Hermite polynomials,
 * and dc_k/ds (NULL: not wanted). Same domain and limits as the moment: q = c_0, and
 * dq/db = c_1 / s.                                                                       */
mf_status mf_activation_hermite(const mf_activation *, double s, double b, size_t n, double *c,
                                double *dc_ds, mf_error *err);

/* c_k = E[ sigma'(s G + b)^2 h_k(G) ] for k = 0 .. n-1, s in [0, inf], with the same limits; at
 * s = inf those of the tails' slopes. Closed form for piecewise.                               */
mf_status mf_activation_slope_squares(const mf_activation *, double s, double b, size_t n,
                                      double *c, mf_error *err);

/* ---- tabulated activations ---------------------------------------------------------------
 *
 * A function known only to the caller becomes piecewise polynomials between -T and T and
 * straight lines beyond; or, made with a range, between the range's ends, and nothing beyond. There is no callback: the tabulation says at which points it wants
 * the function, and is fed the values. It scouts first: SCOUTS points irregularly spaced by 1/600
 * in |t| < 16, by t/2048 up to 4096, by t/64 up to 2^48, by |t|/256 down to 2^-20, and as closely
 * around every kink (which may be any place that deserves a look). A feature that falls between
 * these is not seen; f may not jump anywhere.
 *     mf_tabulation_begin(plan, kinks, n, range, tol, has_df, err)
 *     while ((n = mf_tabulation_wanted(plan, t)) > 0) {
 *         ... f[i] = function(t[i]), df[i] = its derivative ...
 *         mf_tabulation_feed(plan, f, df, err);
 *     }
 *     table = memory of mf_tabulation_bytes(plan);  mf_tabulation_finish(plan, table);    */

enum {
    MF_TABLE_DEGREE = 13,          /* of a panel's polynomial                 */
    MF_TABLE_PANELS = 2048,        /* at most                                 */
    MF_TABULATION_BATCH = 192,     /* at most so many points are wanted at once */
    MF_TABULATION_SCOUTS = 1 << 17 /* at most */
};

struct mf_activation_table {
    size_t panels;
    double error; /* largest |table - f| / max(1, |f|) seen, f the function */
    mf_activation_tails tails;
    bool ranged;   /* no tails: sigma is not known beyond the edges */
    double data[]; /* panels + 1 edges, then MF_TABLE_DEGREE + 1 Chebyshev coefficients each */
};

typedef struct {
    double tol;
    bool ranged; /* from the first edge to `high` only */
    double high;
    bool has_df, located;   /* located: the tails are known, panels are being made */
    bool full;              /* there was no room for a place or an interval: not to be used */
    size_t scouts, scouted; /* points to look at first; those fed; then those left of the panels */
    double scout[MF_TABULATION_SCOUTS][2]; /* t, increasing, and f(t) */
    mf_activation_tails tails;
    double error;
    size_t pending, panels;
    double stack[MF_TABULATION_BATCH][2]; /* intervals still to do, the leftmost on top */
    size_t kinks;
    double kink[MF_KNOTS_MAX];
    double edge[MF_TABLE_PANELS + 1];
    double coef[MF_TABLE_PANELS][MF_TABLE_DEGREE + 1];
} mf_tabulation;

/* tol: accepted error relative to max(1, |f|), in [1e-14, 1e-2]. kinks: increasing. range: its two
 * ends, on either side of 0; NULL: the whole line.                                           */
mf_status mf_tabulation_begin(mf_tabulation *, const double *kinks, size_t n, const double *range,
                              double tol, bool has_df, mf_error *err);
size_t mf_tabulation_wanted(const mf_tabulation *, double *t);
mf_status mf_tabulation_feed(mf_tabulation *, const double *f, const double *df, mf_error *err);
size_t mf_tabulation_bytes(const mf_tabulation *);
void mf_tabulation_finish(const mf_tabulation *, mf_activation_table *);

#endif
