/* rkc.h: stages of a stabilised Runge-Kutta step of order 2.
 *
 * The Runge-Kutta-Chebyshev method (van der Houwen and Sommeijer; Sommeijer, Shampine and
 * Verwer, RKC, 1998). With s stages it is stable for h rho <= 0.65 (s^2 - 1), rho the largest
 * decay rate, where an ordinary method of s stages reaches a multiple of s: at rest it covers
 * a time T with a number of forces like sqrt(rho T). For y' = f(y), F_j = f(y_j) and the
 * increments D_j = y_j - y_0:
 *     D_0 = 0,   D_j = mu D_{j-1} + nu D_{j-2} + h slope (F_{j-1} - back F_0)
 * where D_{j-2} counts from j = 2 on.                                                       */
#ifndef MF_RKC_H
#define MF_RKC_H

typedef struct {
    double mu, nu, slope, back;               /* of the present stage j                    */
    double w0, w1, t[2], dt[2], ddt[2], b[2]; /* T_j, T_j', T_j'', b_j at w0: j - 1 and j  */
} mf_chebyshev;

/* The fewest stages, at least 2, that are stable for h rho = z, 0 <= z <= 1e8. */
int mf_chebyshev_stages(double z);

/* The largest h rho that s stages are stable for. */
double mf_chebyshev_reach(int s);

/* Stage j = 1 of s >= 2, and from each stage to the next. */
mf_chebyshev mf_chebyshev_start(int s);
void mf_chebyshev_next(mf_chebyshev *);

#endif
