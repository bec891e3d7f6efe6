/* search.c: what both ways of search.h share: the domain, the minima kept in order. */
#include "search_parts.h"

#include "core/base/blas.h"

#include <stdlib.h>
#include <string.h>

mf_status mf_search_new(mf_search **out, const mf_potential *potential, const double *low,
                        const double *high, double tol, size_t starts, mf_error *err) {
    size_t dim = potential->dim, bytes = mf_potential_scratch(potential, MF_SEARCH_CHUNK);
    *out = NULL;
    if (!mf_blas_fits(potential->rank))
        return mf_fail(err, MF_EINVAL, "a rank of %zu is too large", potential->rank);
    mf_search *s = *out = calloc(1, sizeof *s);
    if (!s)
        return mf_fail(err, MF_ENOMEM, "no memory");
    *s = (mf_search){.potential = potential, .dim = dim, .rank = potential->rank};
    s->low = malloc(sizeof(double) * dim);
    s->high = malloc(sizeof(double) * dim);
    s->theta = malloc(sizeof(double) * dim * MF_SEARCH_MINIMA);
    s->value = malloc(sizeof(double) * MF_SEARCH_MINIMA);
    s->scratch = aligned_alloc(64, (bytes + 64) / 64 * 64);
    mf_status status = s->low && s->high && s->theta && s->value && s->scratch
                               ? MF_OK
                               : mf_fail(err, MF_ENOMEM, "no memory");
    for (size_t c = 0; c < dim && status >= 0; ++c) {
        s->low[c] = mf_to_compact(s->potential, c, low[c]);
        s->high[c] = mf_to_compact(s->potential, c, high[c]);
        if (!(s->low[c] < s->high[c]) || isinf(s->low[c]) || isinf(s->high[c]))
            status = mf_fail(err, MF_EDOMAIN, "coordinate %zu: no interval from %g to %g", c + 1,
                             low[c], high[c]);
    }
    if (status >= 0)
        status =
                dim == 1 ? mf_search_panels_new(s, tol, err) : mf_search_starts_new(s, starts, err);
    if (status < 0) {
        mf_search_free(s);
        *out = NULL;
    }
    return status;
}

void mf_search_free(mf_search *s) {
    if (!s)
        return;
    mf_search_panels_free(s->one);
    mf_search_starts_free(s->more);
    free(s->low);
    free(s->high);
    free(s->theta);
    free(s->value);
    free(s->scratch);
    free(s);
}

/* ---- keeping minima -------------------------------------------------------------------------- */

void mf_search_field(mf_search *s, const double *g, size_t n, const double *theta, double *value,
                     double *grad) {
    if (s->status >= 0)
        s->status =
                mf_potential_field(s->potential, g, n, theta, n, value, grad, s->scratch, s->err);
    for (size_t j = 0; value && s->status < 0 && j < n; ++j)
        value[j] = NAN;
    for (size_t i = 0; grad && s->status < 0 && i < n * s->dim; ++i)
        grad[i] = 0;
}

static int same_place(const mf_search *s, const double *theta, size_t i) {
    for (size_t c = 0; c < s->dim; ++c)
        if (fabs(mf_to_compact(s->potential, c, theta[c]) -
                 mf_to_compact(s->potential, c, s->theta[c * MF_SEARCH_MINIMA + i])) >
            1e-9 * (s->high[c] - s->low[c]))
            return 0;
    return 1;
}

void mf_search_keep(mf_search *s, const double *theta, double value) {
    for (size_t i = 0; i < s->found; ++i)
        if (same_place(s, theta, i))
            return;
    if (s->found == MF_SEARCH_MINIMA && value >= s->value[s->found - 1])
        return;
    size_t at = s->found < MF_SEARCH_MINIMA ? s->found++ : s->found - 1;
    for (; at > 0 && s->value[at - 1] > value; --at) {
        s->value[at] = s->value[at - 1];
        for (size_t c = 0; c < s->dim; ++c)
            s->theta[c * MF_SEARCH_MINIMA + at] = s->theta[c * MF_SEARCH_MINIMA + at - 1];
    }
    s->value[at] = value;
    for (size_t c = 0; c < s->dim; ++c)
        s->theta[c * MF_SEARCH_MINIMA + at] = theta[c];
}

mf_status mf_search_finish(mf_search *s, double bound, mf_minima *out, mf_error *err) {
    if (s->status < 0)
        return s->status;
    if (s->found == 0)
        return mf_fail(err, MF_EACCURACY, "no finite value of Psi on the domain");
    for (size_t c = 1; c < s->dim; ++c) /* close the rows up: the views have ld = n */
        memmove(s->theta + c * s->found, s->theta + c * MF_SEARCH_MINIMA,
                sizeof(double) * s->found);
    *out = (mf_minima){s->found, s->theta, s->value, fmin(bound, s->value[0])};
    return MF_OK;
}

mf_status mf_search_minima(mf_search *s, const double *g, mf_minima *out, mf_error *err) {
    s->status = MF_OK;
    s->err = err;
    return s->dim == 1 ? mf_search_panels_minima(s, g, out, err)
                       : mf_search_starts_minima(s, g, out, err);
}
