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

static void project(const mf_measure *m, const double *u, double unit, mf_atom *out) {
    for (size_t j = 0; j < m->n; ++j)
        out[j] = (mf_atom){0, mf_measure_weight(m, j)};
    for (size_t c = 0; c < m->dim; ++c)
        for (size_t j = 0; j < m->n; ++j)
            out[j].x += u[c] * (m->x[c * m->ld + j] / unit);
    mf_atoms_sort(out, m->n);
}

/* Largest |coordinate|; NaN counts as infinite. */
static double largest(const mf_measure *m) {
    double most = 0;
    for (size_t c = 0; c < m->dim; ++c)
        for (size_t j = 0; j < m->n; ++j) {
            double x = fabs(m->x[c * m->ld + j]);
            most = x <= most ? most : isnan(x) ? HUGE_VAL : x;
        }
    return most;
}

/* A mean of p-th powers, kept as (most^p) sum: powers of numbers <= 1 do not overflow. */
typedef struct {
    double most, sum;
} power_sum;

static void add_power(power_sum *s, double x, double p) {
    if (x > s->most) {
        s->sum *= s->most > 0 ? pow(s->most / x, p) : 0;
        s->most = x;
    }
    if (s->most > 0)
        s->sum += pow(x / s->most, p);
}

mf_status mf_transport_sliced(const mf_measure *a, const mf_measure *b, mf_key key,
                              size_t directions, double p, mf_atom *work, double *u,
                              const mf_flag *stop, double *distance, mf_error *err) {
    power_sum sum = {0, 0};
    double most = fmax(largest(a), largest(b)), unit = mf_measure_unit(most);
    if (isinf(most))
        return mf_fail(err, MF_EDOMAIN, "a coordinate is infinite");
    for (size_t k = 0; k < directions; ++k) {
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        direction(key, k, a->dim, u);
        project(a, u, unit, work);
        project(b, u, unit, work + a->n);
        add_power(&sum, mf_transport_distance(work, a->n, work + a->n, b->n, p), p);
    }
    *distance = unit * sum.most * pow(sum.sum / (double)directions, 1 / p);
    return MF_OK;
}
