/* stability_point_mass.c: the Hessian of Psi at a point mass, and what its eigenvalues say. */
#include "stability_point_mass.h"

#include "core/base/block.h"

#include <float.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sort_double.h>
#include <math.h>
#include <string.h>

/* Differences at LEVELS steps, COLUMNS coordinates at a time: a batch of points for `field`. */
enum { LEVELS = 8, COLUMNS = 16, BATCH = 2 * LEVELS * COLUMNS };

static const double FIRST_STEP = 0.0625; /* relative to 1 + |theta_c| */

const char *mf_point_verdict_text(mf_point_verdict verdict) {
    static const char *const texts[] = {
#define X(name, text) text,
            MF_POINT_VERDICT_LIST(X)
#undef X
    };
    return texts[verdict];
}

typedef struct {
    const mf_potential *pot;
    const double *theta;
    double *gradient, *hessian, *eigenvalues; /* dim, dim^2, dim                  */
    double *work, *errors;                    /* dim^2 each                       */
    double *g;                                /* rank: the force dR/dm / 2        */
    double *points, *grads;                   /* dim x points                     */
    unsigned char *free;                      /* dim: this coordinate may move    */
    unsigned char *even;                      /* dim: differences may cross 0     */
    void *scratch;
} hessian;

static size_t points_of(size_t atoms) {
    return atoms > BATCH ? atoms : BATCH;
}

size_t mf_point_mass_bytes(const mf_potential *pot, size_t atoms) {
    size_t dim = pot->dim, points = points_of(atoms);
    if (dim > (size_t)1 << 24 || points > SIZE_MAX / 64 / (dim + 1))
        return 0;
    size_t numbers = 2 * mf_lines(dim) + 3 * mf_lines(dim * dim) + mf_lines(pot->rank) +
                     2 * mf_lines(dim * points) + 2 * mf_lines(mf_lines(dim) / 8);
    return numbers * sizeof(double) + mf_potential_scratch(pot, points);
}

static hessian place(const mf_potential *pot, const double *theta, size_t atoms, void *mem) {
    size_t dim = pot->dim, points = points_of(atoms);
    hessian h = {.pot = pot, .theta = theta};
    double *next = mem;
    h.gradient = mf_take(&next, dim);
    h.eigenvalues = mf_take(&next, dim);
    h.hessian = mf_take(&next, dim * dim);
    h.work = mf_take(&next, dim * dim);
    h.errors = mf_take(&next, dim * dim);
    h.g = mf_take(&next, pot->rank);
    h.points = mf_take(&next, dim * points);
    h.grads = mf_take(&next, dim * points);
    h.free = (unsigned char *)next, next += mf_lines(mf_lines(dim) / 8);
    h.even = (unsigned char *)next, next += mf_lines(mf_lines(dim) / 8);
    h.scratch = next;
    memset(mem, 0, (size_t)((char *)next - (char *)mem));
    return h;
}

/* ---- fixed point? ------------------------------------------------------------------------ */

/* A radius at 0 that is pressed against it. */
static int held(const mf_potential *pot, size_t c, double theta, double gradient, double slack) {
    return mf_is_radius(pot, c) && theta == 0 && gradient > slack;
}

/* The gradient of <g, f> at theta. */
static mf_status slope_at_point(const hessian *h, mf_error *err) {
    return mf_potential_field(h->pot, h->g, 1, h->theta, 1, NULL, h->gradient, h->scratch, err);
}

/* How much force counts as none: a part of grad V, which is grad Psi without neurons. */
static mf_status find_slack(const hessian *h, double tol, double *slack, mf_error *err) {
    double sum = 0;
    mf_potential_force(h->pot, h->g, h->g); /* g is still 0 */
    mf_status status = slope_at_point(h, err);
    for (size_t c = 0; c < h->pot->dim; ++c)
        sum += h->gradient[c] * h->gradient[c];
    *slack = tol * (1 + sqrt(sum));
    return status;
}

/* The gradient of Psi(.; rho) from now on. */
static mf_status aim(const hessian *h, const mf_measure *rho, mf_error *err) {
    mf_status status = mf_potential_mean(h->pot, rho, h->g, h->scratch, err);
    if (status < 0)
        return status;
    mf_potential_force(h->pot, h->g, h->g);
    return slope_at_point(h, err);
}

/* (int |grad Psi|^2 d rho)^(1/2); forces that press against a wall do no work. */
static mf_status residual_of(const hessian *h, const mf_measure *rho, double *residual,
                             mf_error *err) {
    double sum = 0;
    size_t n = rho->n;
    for (size_t c = 0; c < rho->dim; ++c)
        memcpy(h->points + c * n, rho->x + c * rho->ld, n * sizeof(double));
    mf_status status =
            mf_potential_field(h->pot, h->g, n, h->points, n, NULL, h->grads, h->scratch, err);
    if (status < 0)
        return status;
    for (size_t c = 0; c < rho->dim; ++c)
        for (size_t j = 0; j < n; ++j) {
            double force = h->grads[c * n + j];
            if (!held(h->pot, c, h->points[c * n + j], force, 0))
                sum += mf_measure_weight(rho, j) * force * force;
        }
    *residual = sqrt(sum);
    return MF_OK;
}

static double mass_at(const double *theta, const mf_measure *rho) {
    double mass = 0;
    for (size_t j = 0; j < rho->n; ++j) {
        double distance = 0, size = 0;
        for (size_t c = 0; c < rho->dim; ++c) {
            distance = hypot(distance, rho->x[c * rho->ld + j] - theta[c]);
            size = hypot(size, theta[c]);
        }
        if (distance <= 1e-8 * (1 + size))
            mass += mf_measure_weight(rho, j);
    }
    return mass;
}

/* ---- Hessian ------------------------------------------------------------------------------- */

/* A small radius may be continued evenly, Psi(-r) = Psi(r), where its slope vanishes at 0. At 0 it always is:
 * differences then see a slope that does not.                                                              */
static mf_status find_even(const hessian *h, double slack, mf_error *err) {
    for (size_t c = 0; c < h->pot->dim; ++c) {
        double x = h->theta[c];
        h->even[c] = mf_is_radius(h->pot, c) && x < 2 * FIRST_STEP * (1 + x);
        if (!h->even[c] || x == 0)
            continue;
        memcpy(h->points, h->theta, h->pot->dim * sizeof(double));
        h->points[c] = 0;
        mf_status status =
                mf_potential_field(h->pot, h->g, 1, h->points, 1, NULL, h->grads, h->scratch, err);
        if (status < 0)
            return status;
        h->even[c] = fabs(h->grads[c]) <= slack;
    }
    return MF_OK;
}

/* The longest step of coordinate c: a radius stays positive, unless Psi is continued evenly. */
static double first_step(const hessian *h, size_t c) {
    double x = h->theta[c], step = FIRST_STEP * (1 + fabs(x));
    return mf_is_radius(h->pot, c) && !h->even[c] ? fmin(step, x / 2) : step;
}

/* Limit at step 0 of differences at steps that halve, and how far its neighbours in the
 * table of extrapolations are from it, or rounding (`noise` at the first step) if that is more. */
static double extrapolate(const double *differences, double noise, double *error) {
    double old[LEVELS], new[LEVELS], best = differences[0];
    *error = HUGE_VAL;
    for (int k = 0; k < LEVELS; ++k) {
        double power = 1;
        new[0] = differences[k];
        for (int m = 1; m <= k; ++m) {
            power *= 4;
            new[m] = new[m - 1] + (new[m - 1] - old[m - 1]) / (power - 1);
            double e = fmax(fabs(new[m] - new[m - 1]), fabs(new[m] - old[m - 1]));
            e = fmax(e, ldexp(noise, k));
            if (e < *error) {
                *error = e;
                best = new[m];
            }
        }
        memcpy(old, new, sizeof old);
    }
    return best;
}

/* Columns [first, first + n) of the matrix of derivatives of the gradient. */
static mf_status columns(hessian *h, size_t first, size_t n, mf_error *err) {
    size_t dim = h->pot->dim, points = 2 * LEVELS * n;
    for (size_t c = 0; c < dim; ++c)
        for (size_t p = 0; p < points; ++p)
            h->points[c * points + p] = h->theta[c];
    for (size_t p = 0; p < points; ++p) {
        size_t c = first + p / (2 * LEVELS);
        double step = ldexp(first_step(h, c), -(int)(p / 2 % LEVELS));
        double x = h->theta[c] + (p % 2 ? -step : step);
        h->points[c * points + p] = h->even[c] ? fabs(x) : x;
    }
    mf_status status = mf_potential_field(h->pot, h->g, points, h->points, points, NULL, h->grads,
                                          h->scratch, err);
    if (status < 0)
        return status;
    for (size_t c = first; c < first + n; ++c) {
        double step = first_step(h, c);
        for (size_t i = 0; i < dim; ++i) {
            const double *g = h->grads + i * points + 2 * LEVELS * (c - first);
            double differences[LEVELS], largest = 0;
            for (int k = 0; k < LEVELS; ++k) {
                int reflected = h->even[c] && h->theta[c] < ldexp(step, -k);
                double left_sign = reflected && i == c ? -1 : 1;
                differences[k] = (g[2 * k] - left_sign * g[2 * k + 1]) / ldexp(2 * step, -k);
                largest = fmax(largest, fmax(fabs(g[2 * k]), fabs(g[2 * k + 1])));
            }
            double across = first_step(h, i), rounding = DBL_EPSILON * h->pot->risk0 / across;
            double *error = &h->errors[i * dim + c];
            h->work[i * dim + c] =
                    extrapolate(differences, 4 * (DBL_EPSILON * largest + rounding) / step, error);
            /* errors of V and U, twice differenced; they vary faster than over one step */
            *error += 64 * h->pot->error / (step * across);
        }
    }
    return MF_OK;
}

/* Symmetric part into h->hessian; returns the Frobenius norm of the error, which bounds the
 * error of every eigenvalue (Weyl). Mixed derivatives known twice must agree.              */
static double symmetrize(hessian *h) {
    size_t dim = h->pot->dim;
    double sum = 0;
    for (size_t i = 0; i < dim; ++i)
        for (size_t c = 0; c < dim; ++c) {
            if (!h->free[i] || !h->free[c])
                continue;
            double a = h->work[i * dim + c], b = h->work[c * dim + i];
            double e = fmax(h->errors[i * dim + c], h->errors[c * dim + i]) + fabs(a - b) / 2;
            h->hessian[i * dim + c] = (a + b) / 2;
            sum += e * e;
        }
    return sqrt(sum);
}

/* Eigenvalues of the block of free coordinates, increasing. */
static mf_status eigenvalues(hessian *h, size_t n, mf_error *err) {
    size_t dim = h->pot->dim, row = 0;
    if (n == 0)
        return MF_OK;
    for (size_t i = 0; i < dim; ++i) {
        if (!h->free[i])
            continue;
        size_t column = 0;
        for (size_t c = 0; c < dim; ++c)
            if (h->free[c])
                h->work[row * n + column++] = h->hessian[i * dim + c];
        ++row;
    }
    gsl_eigen_symm_workspace *space = gsl_eigen_symm_alloc(n);
    if (!space)
        return mf_fail(err, MF_ENOMEM, "out of memory for %zu eigenvalues", n);
    gsl_matrix_view matrix = gsl_matrix_view_array(h->work, n, n);
    gsl_vector_view values = gsl_vector_view_array(h->eigenvalues, n);
    int status = gsl_eigen_symm(&matrix.matrix, &values.vector, space);
    gsl_eigen_symm_free(space);
    if (status != GSL_SUCCESS)
        return mf_fail(err, MF_ELIBRARY, "eigenvalues of H_0: %s", gsl_strerror(status));
    gsl_sort(h->eigenvalues, 1, n);
    return MF_OK;
}

/* ---- verdict -------------------------------------------------------------------------------- */

static mf_point_verdict verdict_of(const mf_point_mass *out) {
    for (size_t k = 0; k < out->free; ++k)
        if (!(fabs(out->eigenvalues[k]) > out->error))
            return MF_POINT_DEGENERATE;
    return out->free > 0 && out->eigenvalues[0] < 0 ? MF_POINT_UNSTABLE : MF_POINT_STABLE;
}

mf_status mf_point_mass_check(const mf_potential *pot, const double *theta, const mf_measure *rho,
                              double tol, void *mem, mf_point_mass *out, const mf_flag *stop,
                              mf_error *err) {
    hessian h = place(pot, theta, rho->n, mem);
    size_t dim = pot->dim;
    double slack = 0, moving = 0;
    *out = (mf_point_mass){.gradient = h.gradient,
                           .hessian = h.hessian,
                           .eigenvalues = h.eigenvalues,
                           .moves = h.free,
                           .mass = mass_at(theta, rho)};
    mf_status status = find_slack(&h, tol, &slack, err);
    if (status >= 0)
        status = aim(&h, rho, err);
    if (status >= 0)
        status = residual_of(&h, rho, &out->residual, err);
    if (status < 0)
        return status;
    for (size_t c = 0; c < dim; ++c) {
        h.free[c] = !mf_is_fixed(pot, c) && !held(pot, c, theta[c], h.gradient[c], slack);
        out->free += h.free[c];
        if (h.free[c])
            moving = hypot(moving, h.gradient[c]);
    }
    status = find_even(&h, slack, err);
    if (status < 0)
        return status;
    for (size_t first = 0; first < dim; first += COLUMNS) {
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        status = columns(&h, first, dim - first < COLUMNS ? dim - first : COLUMNS, err);
        if (status < 0)
            return status;
    }
    out->error = symmetrize(&h);
    if (!isfinite(moving) || !isfinite(out->residual) || !isfinite(out->error))
        return mf_fail(err, MF_EACCURACY, "the gradient of Psi is not finite near theta");
    status = eigenvalues(&h, out->free, err);
    if (status < 0)
        return status;
    out->verdict = moving > slack || out->residual > slack ? MF_POINT_MOVES : verdict_of(out);
    return MF_OK;
}
