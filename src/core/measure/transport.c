/* transport.c: Wasserstein distances, by merging quantile functions. */
#include "transport.h"

#include <math.h>

/* Weights are rounded: mass below this is no mass. */
#define DUST 1e-12

/* The merge: pieces of mass in increasing order, each from one atom of a to one of b. */
typedef struct {
    const mf_atom *a, *b, *end_a, *end_b;
    double rest_a, rest_b; /* mass left in *a and *b */
    double mass, move;     /* the current piece: its mass, and |x_a - x_b| */
} merge;

static merge merge_start(const mf_atom *a, size_t na, const mf_atom *b, size_t nb) {
    return (merge){a, b, a + na, b + nb, a->weight, b->weight, 0, 0};
}

/* Takes the next piece; 0 when one list is used up. What is then left of the other is the
 * rounding of its total weight.                                                         */
static int merge_next(merge *m) {
    if (m->a == m->end_a || m->b == m->end_b)
        return 0;
    m->mass = fmin(m->rest_a, m->rest_b);
    m->move = m->a->x == m->b->x ? 0 : fabs(m->a->x - m->b->x); /* inf - inf is no distance */
    m->rest_a -= m->mass;
    m->rest_b -= m->mass;
    if (m->rest_a <= 0 && ++m->a != m->end_a)
        m->rest_a = m->a->weight;
    if (m->rest_b <= 0 && ++m->b != m->end_b)
        m->rest_b = m->b->weight;
    return 1;
}

double mf_transport_distance(const mf_atom *a, size_t na, const mf_atom *b, size_t nb, double p) {
    double farthest = 0, infinite = 0, sum = 0;
    for (merge m = merge_start(a, na, b, nb); merge_next(&m);) {
        if (isinf(m.move))
            infinite += m.mass;
        else if (m.mass > (isinf(p) ? DUST : 0))
            farthest = fmax(farthest, m.move);
    }
    if (infinite > DUST)
        return HUGE_VAL;
    if (isinf(p) || farthest == 0)
        return farthest;
    for (merge m = merge_start(a, na, b, nb); merge_next(&m);) {
        if (isinf(m.move))
            continue;
        double u = m.move / farthest; /* powers of numbers <= 1 do not overflow */
        sum += m.mass * (p == 1 ? u : p == 2 ? u * u : pow(u, p));
    }
    return farthest * (p == 1 ? sum : p == 2 ? sqrt(sum) : pow(sum, 1 / p));
}

/* ---- sliced ---------------------------------------------------------------------------- */

static void direction(mf_key key, uint64_t k, size_t dim, double *u) {
    double square = 0;
    mf_rng_normals(key, k, dim, u);
    for (size_t c = 0; c < dim; ++c)
        square += u[c] * u[c];
    for (size_t c = 0; c < dim; ++c)
        u[c] /= sqrt(square);
}

static void project(const mf_measure *m, const double *u, mf_atom *out) {
    for (size_t j = 0; j < m->n; ++j)
        out[j] = (mf_atom){0, mf_measure_weight(m, j)};
    for (size_t c = 0; c < m->dim; ++c)
        for (size_t j = 0; j < m->n; ++j)
            out[j].x += u[c] * m->x[c * m->ld + j];
    mf_atoms_sort(out, m->n);
}

static int is_finite(const mf_measure *m) {
    for (size_t c = 0; c < m->dim; ++c)
        for (size_t j = 0; j < m->n; ++j)
            if (!isfinite(m->x[c * m->ld + j]))
                return 0;
    return 1;
}

mf_status mf_transport_sliced(const mf_measure *a, const mf_measure *b, mf_key key,
                              size_t directions, double p, mf_atom *work, double *u,
                              const mf_flag *stop, double *distance, mf_error *err) {
    double sum = 0;
    if (!is_finite(a) || !is_finite(b))
        return mf_fail(err, MF_EDOMAIN, "a coordinate is infinite");
    for (size_t k = 0; k < directions; ++k) {
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        direction(key, k, a->dim, u);
        project(a, u, work);
        project(b, u, work + a->n);
        sum += pow(mf_transport_distance(work, a->n, work + a->n, b->n, p), p);
    }
    *distance = pow(sum / (double)directions, 1 / p);
    return MF_OK;
}
