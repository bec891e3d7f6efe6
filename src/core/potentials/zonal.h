/* zonal.h: neurons averaged over their directions in two orthogonal spaces of dimensions p1, p2.
 *
 * Given its class, x = (tau g1, g2) with standard normal g1, g2. To a neuron of radii r1, r2 it is
 * <w, x> = s G, s^2 = (tau r1)^2 + r2^2; with t = (tau r1/s)^2 and c_k = E F(s G) h_k(G), the mean of
 * F(<w, x>) over the directions of w, x given, is
 *     sum_(m1, m2) sqrt(W) t^m1 (1-t)^m2 c_2m l_m1(|g1|) l_m2(|g2|),        m = m1 + m2,
 *     W = binomial(2m, 2 m1) E z1^(2 m1) E z2^(2 m2),
 * z1, z2 coordinates of uniform unit vectors and l_k the polynomials of degree k in |g|^2 that are
 * orthonormal under chi_p (gauss.h). [h_2m(alpha u + beta v) is a sum of products of Hermite
 * polynomials in u and v; averaged over directions, each is sqrt(E z^2j) l_j, as its mean square is
 * E z^2j.]  So sqrt(W/2) t^m1 (1-t)^m2 c_2m are features of the kernel, orthonormal in x.
 *
 * With them comes SGD's step noise. With m the mean features of rho, class by class,
 *     yhat(x) = sqrt(2) sum m_(m1, m2) l_m1 l_m2,
 * and at the radius of the first space (the second alike), where |g1|^2 (1 - z1^2) turns p1 into
 * p1 + 2 in the laws of |g1| and of z1,
 *     T = 1/2 sum_+- tau^2 E_(p1+2, p2) [(+-1 - yhat)^2 E_z sigma'(<w, x>)^2],
 * which the expansion of sigma'^2 makes a sum  sum G_(m1, m2) sqrt(W/2) t^m1 (1-t)^m2 c_2m  again, with
 * G a mean of polynomials, exact by a Gauss rule. At p = inf only m = 0 is left. The smaller p, the
 * slower the series falls at first, and in the end it grows: where yhat is bounded its polynomials are
 * not, and (+-1 - yhat)^2 is dominated by what they do far out. It is cut where it is smallest, at
 * some 3 + p/3 orders, p the smaller dimension. The largest error relative to the largest T, seen
 * against radial_noise.h: 2e-9 at p = 40, 2e-6 at 20, 4e-5 at 15, 1e-3 at 10, 5e-3 at 6, below which
 * it is not offered.                                                                            */
#ifndef MF_ZONAL_H
#define MF_ZONAL_H

#include "core/base/status.h"
#include "core/model/loss.h"

#include <stddef.h>

enum { MF_ZONAL_ORDERS = 49, MF_ZONAL_FEWEST = 6, MF_ZONAL_NODES = (3 * MF_ZONAL_ORDERS) / 2 + 1 };

/* s, alpha = tau r1/s and beta = r2/s: where s is infinite those of the direction in which infinity is
 * approached, and 0 at s = 0, where there is none.                                              */
double mf_zonal_scale(double tau, double r1, double r2, double *alpha, double *beta);

/* The pairs (m1, m2) of m = m1 + m2 < orders that count. */
typedef struct {
    double p1, p2; /* HUGE_VAL both in the limit                                           */
    size_t orders, pairs;
    size_t *order, *first; /* pairs: m, m1; the first pair is m = 0                        */
    double *shape;         /* pairs x orders: sqrt(W/2) t^m1 (1-t)^m2 in T_l(2t - 1), l <= m */
    void *block;
} mf_zonal;

/* The largest E (alpha alpha' z1 + beta beta' z2)^2m, which bounds what orders from m on add to the
 * kernel, relative to E F^2.                                                                 */
double mf_zonal_moment(double p1, double p2, size_t m);

/* Orders m < orders <= MF_ZONAL_ORDERS; a pair whose part of the kernel is below `keep` is left
 * out, and added to *left_out; square[m] bounds c_2m^2. After a failure there is nothing to free. */
mf_status mf_zonal_init(mf_zonal *, double p1, double p2, size_t orders, const double *square,
                        double keep, double *left_out, mf_error *err);
void mf_zonal_free(mf_zonal *);

/* H[m * orders + l] = sum_(pairs of order m) g_pair shape_l:  <g, f> = sum_m c_2m sum_l H_ml T_l(2t - 1). */
void mf_zonal_contract(const mf_zonal *, const double *g, double *H);

/* ---- nodes ----------------------------------------------------------------------------------- */

/* One direction of the tensor rule in (|g1|, |g2|). */
typedef struct {
    size_t nodes;
    double *weight; /* nodes                                                             */
    double *answer; /* nodes x orders: l_k of the features' dimension                    */
    double *gain;   /* nodes x orders: l_k of the dimension that the weight |g|^2 makes  */
    void *block;
} mf_zonal_axis;

/* Of nodes <= MF_ZONAL_NODES for chi_(p + more), but of one where there is no dimension or no end to it.
 * After a failure there is nothing to free.                                                     */
mf_status mf_zonal_axis_init(mf_zonal_axis *, double p, double more, size_t nodes, size_t orders,
                             mf_error *err);
void mf_zonal_axis_free(mf_zonal_axis *);

/* ---- step noise ------------------------------------------------------------------------------ */

/* The noise at the radius of one of the two spaces. */
typedef struct {
    size_t orders;   /* of all series */
    mf_zonal slopes; /* expansion of sigma'^2 */
    mf_zonal_axis axis[2];
} mf_zonal_noise;

/* How many orders of sigma'^2 count; 0 where a dimension other than 0 is below MF_ZONAL_FEWEST: then
 * there is no step noise to be had.                                                            */
size_t mf_zonal_noise_orders(const mf_zonal *features);
mf_status mf_zonal_no_noise(const mf_zonal *features, mf_error *err); /* says so */

/* Of `features`, which have noise; space: 0 or 1; square and keep are about sigma'^2. */
mf_status mf_zonal_noise_init(mf_zonal_noise *, const mf_zonal *features, int space,
                              const double *square, double keep, mf_error *err);
void mf_zonal_noise_free(mf_zonal_noise *);

/* G (slopes.pairs numbers): factor/2 E[(y - yhat)^2 E_z sigma'^2] = <G, f>, f the features of sigma'^2,
 * for yhat of mean features m (features->pairs) in this class. A loss has its -l'/2 for y - yhat; the
 * rule is exact for the square, and for any at p = inf.                                       */
void mf_zonal_noise_gain(const mf_zonal_noise *, const mf_zonal *features, double variance,
                         const double *m, const mf_loss *loss, double y, double factor, double *G);

/* ---- what neurons share ---------------------------------------------------------------------- */

/* Along directions of one of the two spaces, on few nodes (|g1|, |g2|) of the laws that step noise has: products of
 * residuals, slopes and polynomials, whose error, some (2/p)^nodes an axis, is far below the 1/p of the theory.   */
typedef struct {
    mf_zonal slopes; /* expansion of sigma', in the spaces of step noise                        */
    size_t nodes;
    double *weight; /* nodes                                                                    */
    double *answer; /* nodes x features' pairs: yhat of the mean features                       */
    double *q; /* nodes x slopes.pairs: E sigma'(<w,x>) given the lengths, of the features of sigma' */
    void *block;
} mf_zonal_odd;

/* How many such points an axis of p dimensions (HUGE_VAL: 1) has, for that many orders. */
size_t mf_zonal_odd_points(double p, size_t orders);

/* As mf_zonal_noise_init, with sigma' for sigma'^2. */
mf_status mf_zonal_odd_init(mf_zonal_odd *, const mf_zonal *features, int space,
                            const double *square, double keep, mf_error *err);
void mf_zonal_odd_free(mf_zonal_odd *);

/* Node by node of both classes, y = 1 and then -1, of `pairs` mean features m each: tau^2/2 (tau NULL: 1) times the
 * weight times l''/2, and times (y - yhat)^2 + variance (a loss has its -l'/2 for y - yhat).         */
void mf_zonal_odd_look(const mf_zonal_odd *, size_t pairs, double variance, const double *m,
                       const mf_loss *loss, const double *tau, double *stiffness, double *gain);

#endif
