/* space.h: what the coordinates of a measure mean.
 *
 * A space is a descriptor: the names of its coordinates, what each of them is, and how atoms get
 * there from a network's full weights. Those of full weights, and the one without a meaning, are
 * here; a space that a potential works in lies beside that potential. Two measures lie in the
 * same space if they point to the same descriptor.                                         */
#ifndef MF_SPACE_H
#define MF_SPACE_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct mf_measure mf_measure;
typedef struct mf_space mf_space;

typedef enum {
    MF_NUMBER, /* any finite number, such as an output weight */
    MF_WEIGHT, /* a component of w                              */
    MF_RADIUS  /* |P w| of some part of w: in [0, inf], infinity included */
} mf_coordinate_kind;

/* The parameter of a neuron that a coordinate stems from: each may have a learning rate of its own. */
typedef enum { MF_GROUP_A, MF_GROUP_B, MF_GROUP_W, MF_GROUPS, MF_GROUP_NONE = MF_GROUPS } mf_group;
extern const char *const mf_group_names[]; /* "a", "b", "w", NULL */

typedef struct {
    const char *name;
    mf_coordinate_kind kind;
    mf_group group;
} mf_coordinate;

/* A subspace V of the weights' R^d: spanned by the s0 orthonormal rows of `basis` (s0 x d,
 * row-major), or by the first s0 coordinates (basis NULL). `work` holds d numbers.        */
typedef struct {
    size_t s0;
    const double *basis;
    double *work;
} mf_subspace;

/* Coordinates come in this order: `before`, then name1 .. namek of `numbered` (k >= 1) if that
 * has a name, then `after`.                                                                */
struct mf_space {
    const char *name;
    size_t n_before, n_after;
    const mf_coordinate *before, *after;
    mf_coordinate numbered;

    /* Where the coordinates are functions of full weights: x[c * n + j] from a measure in `source`
     * (NULL: in any space that has a |w|), V being given where it matters; and the words that
     * tell a user how to get here.                                                         */
    const mf_space *source;
    mf_status (*reduce)(const mf_measure *full, const mf_subspace *V, double *x, mf_error *err);
    const char *how;
};

extern const mf_space mf_space_free;   /* no meaning attached: x1 .. xD          */
extern const mf_space mf_space_length; /* r of some part of w: what is left of radii */
extern const mf_space mf_space_plain;  /* w1 .. wd of sigma(<w,x>)                */
extern const mf_space mf_space_affine; /* w1 .. wd, a, b of a sigma(<w,x> + b)    */

/* The number of coordinates, 0 where it is not fixed; and the least possible one. */
size_t mf_space_dim(const mf_space *);
size_t mf_space_least_dim(const mf_space *);

/* Whether a point may have dim coordinates. */
bool mf_space_fits(const mf_space *, size_t dim);

/* The number of components of w, which come first, where all of w is there; else 0. */
size_t mf_space_weights(const mf_space *, size_t dim);

/* Name of coordinate c of dim ("r", "b", "w7") into text. */
void mf_space_coordinate_name(const mf_space *, size_t dim, size_t c, char text[32]);

/* What coordinate c < dim is. */
static inline const mf_coordinate *mf_space_coordinate(const mf_space *space, size_t dim,
                                                       size_t c) {
    return c < space->n_before         ? &space->before[c]
           : c + space->n_after >= dim ? &space->after[c + space->n_after - dim]
                                       : &space->numbered;
}

static inline mf_coordinate_kind mf_space_kind(const mf_space *space, size_t dim, size_t c) {
    return mf_space_coordinate(space, dim, c)->kind;
}

static inline mf_group mf_space_group(const mf_space *space, size_t dim, size_t c) {
    return mf_space_coordinate(space, dim, c)->group;
}

static inline bool mf_space_is_radius(const mf_space *space, size_t dim, size_t c) {
    return mf_space_kind(space, dim, c) == MF_RADIUS;
}

#endif
