/* curves.h: functions of a radius r in [0, inf] as piecewise Chebyshev series.
 *
 * In x = r/(1 + r) the half-line is [0, 1], both ends included, and all that a potential
 * needs is smooth there. A set of `count` curves shares its panels; contracting it with a
 * vector g gives one curve sum_k g_k f_k, so that a force on J particles costs O(count)
 * once and O(1) a particle. Curves that grow like r are stored divided by 1 + r.        */
#ifndef MF_CURVES_H
#define MF_CURVES_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MF_CURVE_TERMS = 16,  /* Chebyshev coefficients a panel  */
    MF_CURVE_CELLS = 1024 /* of the table that finds a panel */
};

/* Panel p is edge[p] <= x <= edge[p + 1]. cell[i] is the first panel that reaches beyond
 * x = i / MF_CURVE_CELLS.                                                                */
typedef struct {
    size_t panels;
    bool growth;          /* stored divided by 1 + r                                   */
    const double *edge;   /* panels + 1                                                */
    const uint16_t *cell; /* MF_CURVE_CELLS + 1 */
} mf_curve_grid;

/* coef[(k * panels + p) * MF_CURVE_TERMS + i]: coefficient i of curve k in panel p. */
typedef struct {
    mf_curve_grid grid;
    size_t count;
    double *coef;
    void *block; /* what mf_curves_free frees */
} mf_curves;

/* ---- making them ------------------------------------------------------------------------ */

/* out[0 .. width) at radius r, divided by 1 + r where there is growth. Called from several
 * threads at once. */
typedef void mf_curve_sampler(const void *context, double r, double *out);

/* Panels on which samples are resolved, with the samples at their nodes. */
typedef struct {
    size_t width, panels, room;
    double *edge;   /* panels + 1                                       */
    double *sample; /* (panels * MF_CURVE_TERMS) x width, nodes in rows */
    double error;   /* largest accepted error                           */
} mf_curve_samples;

/* Bisects [0, 1] until interpolation in a panel reproduces, half-way between the nodes, the
 * first component to tol and all inner products of the others (components 1 ..) to tol. Where
 * that takes too many panels, features (width > 1) are sampled to a larger tol: see error. The
 * panels go on to be cut until radii beyond `reach` are looked at: what happens out there, and
 * what is exponentially small before, would be missed otherwise.                            */
mf_status mf_curves_sample(mf_curve_sampler *sampler, const void *context, size_t width, double tol,
                           double reach, mf_curve_samples *out, const mf_flag *stop, mf_error *err);
void mf_curve_samples_free(mf_curve_samples *);

/* Curves through values[k * nodes + i], nodes = panels * MF_CURVE_TERMS in the order of the
 * samples.                                                                                  */
mf_status mf_curves_fit(const mf_curve_samples *, size_t count, const double *values, bool growth,
                        mf_curves *out, mf_error *err);
void mf_curves_free(mf_curves *);

/* ---- using them --------------------------------------------------------------------------- */

/* Coefficients of one curve: panels * MF_CURVE_TERMS numbers. */
static inline size_t mf_curve_length(const mf_curve_grid *grid) {
    return grid->panels * MF_CURVE_TERMS;
}

/* curve = sum_k g_k f_k. */
void mf_curves_contract(const mf_curves *, const double *g, double *curve);

/* m_k += <moments, f_k>, the transpose of the above. */
void mf_curves_expand(const mf_curves *, const double *moments, double *m);

/* value_j = curve(r_j) and slope_j = its derivative in r (either may be NULL), in parallel.
 * A negative r counts as 0; NaN gives NaN.                                                  */
void mf_curve_evaluate(const mf_curve_grid *, const double *curve, size_t n, const double *r,
                       double *value, double *slope);

/* moments = sum_j weight_j (values of the basis functions at r_j); weight NULL: 1/n each. Sums
 * have the same bits for any number of threads. scratch: mf_curve_moments_scratch doubles.   */
void mf_curve_moments(const mf_curve_grid *, size_t n, const double *r, const double *weight,
                      double *moments, double *scratch);
size_t mf_curve_moments_scratch(const mf_curve_grid *, size_t n);

/* The basis functions at r: returns the offset into a curve's coefficients; value and slope
 * (d/dr) have MF_CURVE_TERMS elements each.                                                */
size_t mf_curve_basis(const mf_curve_grid *, double r, double *value, double *slope);

#endif
