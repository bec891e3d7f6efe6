/* distribution.h: laws of one example (x, y), x in R^d.
 *
 * A law is a table of operations and an array of numbers, its parameters, laid out as its
 * constructor says. Whoever keeps a law (a workspace, a file) copies the numbers and the
 * operations' name, and need not know which law it is.
 *
 * Sample k of a law is a pure function of (key, k): see rng.h. One draw of the stream
 * gives its label (a uniform) and its coordinates (normals).                         */
#ifndef MF_DISTRIBUTION_H
#define MF_DISTRIBUTION_H

#include "core/base/rng.h"
#include "core/base/status.h"

#include <stdbool.h>

typedef struct mf_law_ops mf_law_ops;
typedef struct mf_examples mf_examples; /* of a data set: dataset.h */
typedef struct mf_deck mf_deck;

/* The numbers belong to whoever made the law and must outlive its uses. So do the examples of a
 * data set, which nobody copies; its deck belongs to the one who draws from the law.       */
typedef struct {
    const mf_law_ops *ops;
    size_t d, numbers;
    const double *number;
    const mf_examples *examples; /* NULL: it is no data set, or they are not at hand */
    mf_deck *deck;
} mf_distribution;

/* With probability `share`: y = label and x ~ N(mean, L L^T). */
typedef struct {
    double share, label;
    const double *mean; /* d numbers; NULL: 0 */
} mf_component;

struct mf_law_ops {
    const char *name; /* in files and messages */
    /* Whether d and the numbers, all finite, are those of such a law (see mf_law_is_valid). */
    bool (*valid)(const mf_distribution *);
    /* Samples first .. first+n-1; as mf_distribution_sample. NULL: the law is fed, that is
     * known only to the caller, who hands over the samples.                              */
    void (*sample)(const mf_distribution *, mf_key key, uint64_t first, size_t n, double *X,
                   size_t ldx, double *y);
    /* Whether x can be drawn here, but y is known only to the caller (NULL: it is not so). */
    bool (*unlabelled)(const mf_distribution *);
    /* Laws that are mixtures of Gaussians, with y fixed in each: how many there are (NULL: it
     * is no such law), what component c is, and Y = Y L for N weight vectors, the rows of Y
     * (N x d), so that inner products of rows are covariances of <w, x>.                   */
    size_t (*components)(const mf_distribution *);
    mf_component (*component)(const mf_distribution *, size_t c);
    void (*shape)(const mf_distribution *, size_t c, size_t N, double *Y);
};

/* y = +-1 with probability 1/2, x ~ N(0, (1 +- delta)^2 I_d). Numbers: delta in (0, 1). */
extern const mf_law_ops mf_law_isotropic;

/* The same on a subspace V; variance 1 across it. Numbers: delta; s0 = dim V in 1 .. d; then s0
 * orthonormal rows of d numbers that span V, or nothing (V: the first s0 coordinates).       */
extern const mf_law_ops mf_law_anisotropic;

/* K components. Numbers: p_1, p_1 + p_2, ..., 1; K labels; K means of d numbers; K lower triangular
 * factors L (d x d, row-major).                                                                */
extern const mf_law_ops mf_law_mixture;

/* y = g(Ux) + noise; its parts and their layout below. */
extern const mf_law_ops mf_law_multi_index;
/* The examples of a data set in epochs: see dataset.h. */
extern const mf_law_ops mf_law_dataset;

/* Known only to the caller. No numbers. */
extern const mf_law_ops mf_law_custom;

/* Whether d, which BLAS must be able to take, and the numbers, all finite, make a law of its kind:
 * for whoever makes a law or reads one from a file. What works on it may then cast d to int.   */
bool mf_law_is_valid(const mf_distribution *);

/* The law's operations of that name, NULL if there are none. */
const mf_law_ops *mf_law_find(const char *name);

static inline bool mf_law_is_fed(const mf_distribution *law) {
    return !law->ops->sample;
}

/* Whether labels have to be handed over; fed laws do not count. */
static inline bool mf_law_is_unlabelled(const mf_distribution *law) {
    return law->ops->unlabelled && law->ops->unlabelled(law);
}

/* delta of isotropic and anisotropic laws, s0 of anisotropic ones. */
double mf_law_delta(const mf_distribution *);
size_t mf_law_s0(const mf_distribution *);

/* Samples first .. first+n-1 of the stream: X is n x d row-major with row distance ldx >= d,
 * y has n elements; of unlabelled laws x only, and y is NULL. MF_EUNSUPPORTED for fed laws and for
 * labels or data that are not at hand, MF_EINVAL if ldx is too small.                         */
mf_status mf_distribution_sample(const mf_distribution *, mf_key key, uint64_t first, size_t n,
                                 double *X, size_t ldx, double *y, mf_error *err);

/* ---- multi-index laws: y = g(Ux) + noise --------------------------------------------------- */

typedef enum { MF_INPUTS_GAUSSIAN, MF_INPUTS_HYPERCUBE } mf_inputs; /* N(0, I_d); {+-1}^d */
extern const char *const mf_inputs_names[]; /* in that order; ends with NULL */

enum {
    MF_INDEX_MOST = 64, /* directions at most                         */
    MF_INDEX_TABLE = 16 /* and with the values of g at all corners    */
};

typedef struct {
    mf_inputs inputs;
    size_t k;             /* directions                                                 */
    double noise;         /* standard deviation of the Gaussian noise of y              */
    const double *U;      /* k orthonormal rows of d numbers; NULL: the first k unit vectors */
    const double *values; /* hypercube without U: g at the corners of {+-1}^k, where bit i of the
                             index says z_(i+1) = +1; NULL: known only to the caller    */
} mf_law_index;

mf_law_index mf_law_index_of(const mf_distribution *);

/* How many numbers make such a law in R^d, and the first of them; what it points at follows: U, then
 * the values. */
size_t mf_law_index_numbers(const mf_law_index *, size_t d);
void mf_law_index_describe(const mf_law_index *, double *number);

/* For the labels of samples first .. first+n-1: z = Ux (Z has n rows of k numbers; x has room for
 * mf_law_index_width numbers), and the noise to be added to g(z).                              */
size_t mf_law_index_width(const mf_distribution *);
void mf_law_index_see(const mf_distribution *, mf_key key, uint64_t first, size_t n, double *x,
                      double *Z);
void mf_law_index_noise(const mf_distribution *, mf_key key, uint64_t first, size_t n, double *y);

#endif
