/* custom.h: the potential of a feature map that only the caller knows.
 *
 * V(theta) = <b, f(theta)>, U = <f, f'>, R = risk0 + 2 <b, m> + |m|^2, with f and the gradients of <g, f> from a
 * function of the caller's. It is asked once for all points of an operation: a force on J particles is two
 * questions, m and grad <g, f>, whatever J is. Its answers are rows, one a point; what an operation makes of them is
 * made here, by mf_custom_take, from the memory that they are in. The function must return: a caller whose
 * language throws catches that and returns a status (MF_ERAISED), which comes out of the solver.
 * When a gradient is first wanted it is held against differences of the features; kinks are allowed. */
#ifndef MF_CUSTOM_H
#define MF_CUSTOM_H

#include "potential.h"

typedef struct mf_custom_question mf_custom_question;

/* Answers the question through mf_custom_take and returns its status, or what went wrong. */
typedef mf_status mf_custom_function(void *context, const mf_custom_question *, mf_error *err);

typedef struct {
    size_t dim, rank;
    const mf_space *space; /* without radii: free, plain or affine */
    double risk0;
    const double *b; /* rank numbers, copied */
    mf_custom_function *ask;
    void *context; /* must outlive the potential */
} mf_custom_spec;

mf_status mf_custom_new(const mf_custom_spec *, mf_potential **out, mf_error *err);

/* Coordinate c of point j is theta[c * ld + j], all of them finite. */
struct mf_custom_question {
    size_t n, dim, rank;
    const double *theta;
    size_t ld;
    const double *
            g; /* rank numbers: gradients of <g, f> are wanted, n rows of dim numbers; NULL: features,
                        n rows of rank numbers */
    void (*use)(const mf_custom_question *, const double *rows);
    const double *weight; /* what `use` needs: weights or components, and where it writes */
    double *out;
    size_t ldo;
};

/* The answer, row after row. MF_EDOMAIN, naming component and point, if it is not finite. */
mf_status mf_custom_take(const mf_custom_question *, const double *rows, mf_error *err);

#endif
