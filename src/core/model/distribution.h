/* distribution.h: laws of one example (x, y), x in R^d.
 *
 * Sample k of a law is a pure function of (key, k): see rng.h. One draw of the stream
 * gives its label (a uniform) and its coordinates (normals).                         */
#ifndef MF_DISTRIBUTION_H
#define MF_DISTRIBUTION_H

#include "core/base/rng.h"
#include "core/base/status.h"

typedef enum {
    MF_LAW_ISOTROPIC, /* y = +-1 with probability 1/2, x ~ N(0, (1 +- delta)^2 I_d)              */
    MF_LAW_ANISOTROPIC, /* the same on the subspace V of dimension s0; variance 1 across it        */
    MF_LAW_MIXTURE, /* component c with probability p_c: y = label_c, x ~ N(mean_c, L_c L_c^T) */
    MF_LAW_CUSTOM   /* known only to the caller, who feeds samples                             */
} mf_law_kind;

/* The arrays belong to whoever made the spec and must outlive its uses. */
typedef struct {
    mf_law_kind kind;
    size_t d;
    double delta;             /* in (0, 1)                                                      */
    size_t s0;                /* dimension of V, 1 .. d (anisotropic)                           */
    const double *basis;      /* s0 x d, orthonormal rows spanning V; NULL: first s0 coordinates */
    size_t components;        /* mixture                                                        */
    const double *cumulative; /* components: p_1, p_1 + p_2, ..., 1                            */
    const double *label;      /* components                                                    */
    const double *mean;       /* components x d                                                */
    const double *factor;     /* components x d x d, lower triangular L_c, row-major           */
} mf_distribution;

/* Samples first .. first+n-1 of the stream: X is n x d row-major with row distance ldx >= d,
 * y has n elements. Not for MF_LAW_CUSTOM. */
void mf_distribution_sample(const mf_distribution *, mf_key key, uint64_t first, size_t n,
                            double *X, size_t ldx, double *y);

#endif
