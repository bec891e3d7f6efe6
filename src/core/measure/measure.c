/* measure.c: weighted atoms: the check at the door, means, radii. */
#include "measure.h"

#include <math.h>
#include <stdio.h>

mf_status mf_measure_check(const mf_measure *m, mf_error *err) {
    for (size_t c = 0; c < m->dim; ++c) {
        bool radius = mf_space_is_radius(m->space, m->dim, c);
        for (size_t j = 0; j < m->n; ++j) {
            double x = m->x[c * m->ld + j];
            if (radius ? x >= 0 : isfinite(x))
                continue;
            char name[32], got[32] = "nan"; /* printf may say -nan */
            mf_space_coordinate_name(m->space, m->dim, c, name);
            if (!isnan(x))
                snprintf(got, sizeof got, "%g", x);
            return mf_fail(err, MF_EDOMAIN, "coordinate %s of atom %zu must be %s, got %s", name,
                           j + 1, radius ? "in [0, inf]" : "finite", got);
        }
    }
    for (size_t j = 0; m->weight && j < m->n; ++j)
        if (!(m->weight[j] >= 0 && isfinite(m->weight[j])))
            return mf_fail(err, MF_EDOMAIN,
                           "the weight of atom %zu must be finite and >= 0, got %g", j + 1,
                           m->weight[j]);
    return MF_OK;
}

/* ---- means --------------------------------------------------------------------------- */

double mf_measure_unit(double x) {
    int exponent;
    if (!(x > 0) || isinf(x))
        return 1;
    frexp(x, &exponent);
    return ldexp(1, exponent < -1000 ? -1000 : exponent > 1000 ? 1000 : exponent);
}

/* sum of weight ((x - center)/unit)^power over atoms first .. last-1, added pairwise. */
static double moment(const mf_measure *m, size_t c, double center, double unit, int power,
                     size_t first, size_t last) {
    if (last - first > 64) {
        size_t middle = first + (last - first) / 2;
        return moment(m, c, center, unit, power, first, middle) +
               moment(m, c, center, unit, power, middle, last);
    }
    double sum = 0;
    for (size_t j = first; j < last; ++j) {
        double weight = mf_measure_weight(m, j), far = (m->x[c * m->ld + j] - center) / unit;
        if (weight > 0) /* no mass at infinity is nothing */
            sum += weight * (power == 2 ? far * far : far);
    }
    return sum;
}

double mf_measure_mean(const mf_measure *m, size_t c) {
    return moment(m, c, 0, 1, 1, 0, m->n);
}

double mf_measure_std(const mf_measure *m, size_t c) {
    double mean = mf_measure_mean(m, c), most = 0;
    if (isinf(mean))
        return HUGE_VAL;
    for (size_t j = 0; j < m->n; ++j)
        if (mf_measure_weight(m, j) > 0)
            most = fmax(most, fabs(m->x[c * m->ld + j] - mean));
    double unit = mf_measure_unit(most);
    return unit * sqrt(moment(m, c, mean, unit, 2, 0, m->n));
}

/* ---- radii ----------------------------------------------------------------------------- */

/* The norm of one atom whose squares overflow, underflow or are infinite. */
static double far_norm(const mf_measure *m, size_t first, size_t last, size_t j) {
    double norm = 0;
    for (size_t c = first; c < last; ++c)
        if (mf_space_kind(m->space, m->dim, c) != MF_NUMBER)
            norm = hypot(norm, m->x[c * m->ld + j]);
    return norm;
}

/* norm[j] = Euclidean norm of coordinates first .. last-1 that belong to w. */
static void norms(const mf_measure *m, size_t first, size_t last, double *norm) {
    for (size_t j = 0; j < m->n; ++j)
        norm[j] = 0;
    for (size_t c = first; c < last; ++c)
        for (size_t j = 0; mf_space_kind(m->space, m->dim, c) != MF_NUMBER && j < m->n; ++j)
            norm[j] += m->x[c * m->ld + j] * m->x[c * m->ld + j];
    for (size_t j = 0; j < m->n; ++j)
        norm[j] = norm[j] > 1e-280 && norm[j] < 1e280 ? sqrt(norm[j]) : far_norm(m, first, last, j);
}

mf_status mf_measure_radius(const mf_measure *m, double *radius, mf_error *err) {
    bool found = false;
    for (size_t c = 0; c < m->dim; ++c)
        found = found || mf_space_kind(m->space, m->dim, c) != MF_NUMBER;
    if (!found)
        return mf_fail(err, MF_EINVAL, "a measure in space '%s' has no weights or radii",
                       m->space->name);
    norms(m, 0, m->dim, radius);
    return MF_OK;
}

static bool is_orthonormal(const double *basis, size_t s0, size_t d) {
    for (size_t i = 0; i < s0; ++i)
        for (size_t k = 0; k <= i; ++k) {
            double product = 0;
            for (size_t c = 0; c < d; ++c)
                product += basis[i * d + c] * basis[k * d + c];
            if (!(fabs(product - (i == k)) <= 1e-8))
                return false;
        }
    return true;
}

/* Splits atom j along V and across it. The rest w - P_V w is formed itself: a difference
 * of squares would lose a small r2.                                                       */
static void split_atom(const mf_measure *m, size_t j, size_t s0, const double *basis, size_t d,
                       double *w, double *r1, double *r2) {
    double along = 0, across = 0, most = 0;
    for (size_t c = 0; c < d; ++c)
        most = fmax(most, fabs(m->x[c * m->ld + j]));
    double unit = mf_measure_unit(most);
    for (size_t c = 0; c < d; ++c)
        w[c] = m->x[c * m->ld + j] / unit;
    for (size_t i = 0; i < s0; ++i) {
        double product = 0;
        for (size_t c = 0; c < d; ++c)
            product += basis[i * d + c] * w[c];
        for (size_t c = 0; c < d; ++c)
            w[c] -= product * basis[i * d + c];
        along += product * product;
    }
    for (size_t c = 0; c < d; ++c)
        across += w[c] * w[c];
    *r1 = unit * sqrt(along);
    *r2 = unit * sqrt(across);
}

mf_status mf_measure_radii(const mf_measure *m, const mf_subspace *V, double *r1, double *r2,
                           mf_error *err) {
    size_t d = mf_space_weights(m->space, m->dim);
    if (!d)
        return mf_fail(err, MF_EINVAL, "a measure in space '%s' has no weights to project",
                       m->space->name);
    if (V->s0 < 1 || V->s0 > d)
        return mf_fail(err, MF_EINVAL, "option 's0' must be an integer in [1, %zu], got %zu", d,
                       V->s0);
    if (V->basis && !is_orthonormal(V->basis, V->s0, d))
        return mf_fail(err, MF_EINVAL, "option 'basis' must have orthonormal rows");
    if (!V->basis) {
        norms(m, 0, V->s0, r1);
        norms(m, V->s0, d, r2);
        return MF_OK;
    }
    for (size_t j = 0; j < m->n; ++j)
        split_atom(m, j, V->s0, V->basis, d, V->work, r1 + j, r2 + j);
    return MF_OK;
}
