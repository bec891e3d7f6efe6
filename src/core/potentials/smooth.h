/* smooth.h: sigma as neurons see it through the part of x that nobody looks at.
 *
 *     c_l(r, c) = E sigma(r G + c) h_l(G),        G a standard normal, h_l normalised Hermite,
 * for l = 0, 2, .., 2 (orders - 1), each times a factor of the caller's, with derivatives in c and r; or
 * the same of sigma'^2, without them. Asked for at many c with one r at a time.
 *
 * Piecewise linear sigma and erf have closed forms, polynomials too. What is smooth, or tabulated by
 * the caller, is tabulated here: bands of x = r/(1 + r), in each of them panels of
 * v = c/(1 + r + |c|) in [-1, 1], on each a polynomial of degree 11 in x and in v (divided by
 * 1 + r + |c| where sigma is unbounded), all found by bisection. Odd sigma (tanh, sigmoid less 1/2) are
 * tabulated for c >= 0, so that c and -c give the same bits. Derivatives are those of the table.
 * What has neither form (sigma known on a range) is integrated every time: 30 microseconds each. */
#ifndef MF_SMOOTH_H
#define MF_SMOOTH_H

#include "core/model/activation.h"

enum { MF_SMOOTH_ORDERS = 49, MF_SMOOTH_ROW = 512 };

typedef struct {
    const mf_activation
            *activation;  /* copied; its table, if any, must outlive the result          */
    bool squares;         /* sigma'^2 instead of sigma                                  */
    size_t orders;        /* 1 .. MF_SMOOTH_ORDERS                                      */
    const double *factor; /* orders numbers in [0, 1]: of c_0, c_2, ..                  */
    double least, most;   /* r that is asked for; 0 and 0: any */
    double tol;           /* of tables, relative to max(1, sup |sigma|)                 */
} mf_smooth_spec;

typedef struct mf_smooth mf_smooth;

mf_status mf_smooth_new(const mf_smooth_spec *, mf_smooth **out, const mf_flag *stop,
                        mf_error *err);
void mf_smooth_free(mf_smooth *); /* NULL is allowed */

/* The largest error of the tables that was seen, of one value; 0 without. */
double mf_smooth_error(const mf_smooth *);

/* Doubles that one caller of mf_smooth_rows needs. */
size_t mf_smooth_room(const mf_smooth *);

/* For i < n <= MF_SMOOTH_ROW and j < orders: value[j * n + i] = factor_j c_2j(r, c_i), and its derivatives
 * dc and dr (both or neither). fresh: r is another than in the call before with this room. At r = inf
 * derivatives are 0, at r = 0 they are limits. MF_EDOMAIN where c_l is not defined.              */
mf_status mf_smooth_rows(const mf_smooth *, double r, bool fresh, size_t n, const double *c,
                         double *value, double *dc, double *dr, double *room, mf_error *err);

#endif
