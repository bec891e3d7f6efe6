/* optimum.c: Wolfe's nearest point in the convex hull of a feature curve. */
#include "optimum.h"

#include "core/base/blas.h"
#include "search.h"
#include "weights.h"

#include <float.h>
#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NEIGHBOURS 0.05 /* atoms this close, as a part of the domain, may become one */

enum {
    ITERATIONS_MAX = 400,
    ADDED_MAX = 4,     /* vertices taken from one search                  */
    CONFIRMATIONS = 3, /* searches in a row that must see the gap closed; more coordinates */
    UNKNOWNS_MAX = 160,
    NEWTON_MAX = 12,
    ROOM = 16,   /* atoms that fit at first      */
    STALLED = 25 /* iterations in which the gap has not halved: rounding rules */
};

/* A set of atoms with weights; rows are atoms. */
typedef struct {
    size_t n;
    double *theta; /* n x dim    */
    double *p;     /* n x rank: b + f(theta); for other losses f(theta) */
    double *w;
} hull;

typedef struct {
    const mf_potential *potential;
    const mf_optimum_spec *spec;
    bool square; /* loss */
    mf_search *search;
    size_t dim, rank, room; /* atoms that fit; more_room doubles it */
    hull now, trial;
    double lower; /* a lower bound, over all measures, on |x|^2; for other losses on R */
    double *x;    /* rank: the force, for the square sum w p */
    double *m;    /* rank: other losses: mean features       */
    double *room_for_weights;
    double *alpha; /* room, and at least dim */
    gsl_matrix *qr;
    gsl_vector *tau, *rhs, *solution, *residual;
    gsl_matrix *jacobian;        /* UNKNOWNS_MAX squared */
    gsl_permutation *order;      /* UNKNOWNS_MAX         */
    double *unknown, *up, *down; /* UNKNOWNS_MAX         */
    void *scratch;
    mf_status status; /* the potential's first failure */
    mf_error *err;
} solver;

/* ---- memory ---------------------------------------------------------------------------- */

static void hull_free(hull *h) {
    free(h->theta);
    free(h->p);
    free(h->w);
}

static int grow(double **block, size_t numbers) {
    double *more = realloc(*block, sizeof(double) * numbers);
    *block = more ? more : *block;
    return more != NULL;
}

static int hull_grow(hull *h, size_t room, size_t dim, size_t rank) {
    return grow(&h->theta, room * dim) && grow(&h->p, room * rank) && grow(&h->w, room);
}

static void solver_free(solver *s) {
    mf_search_free(s->search);
    hull_free(&s->now);
    hull_free(&s->trial);
    free(s->x);
    free(s->m);
    free(s->room_for_weights);
    free(s->alpha);
    free(s->scratch);
    gsl_matrix_free(s->qr);
    gsl_vector_free(s->tau);
    gsl_vector_free(s->rhs);
    gsl_vector_free(s->solution);
    gsl_vector_free(s->residual);
    gsl_matrix_free(s->jacobian);
    gsl_permutation_free(s->order);
    free(s->unknown);
}

/* Room for twice as many atoms, in everything that has one row or column for each. The number
 * of atoms has no bound of its own: independent vertices are at most rank + 1, but the rank may
 * be the size of a sample.                                                                 */
static mf_status more_room(solver *s, mf_error *err) {
    size_t room = s->room ? 2 * s->room : ROOM;
    gsl_matrix_free(s->qr);
    gsl_vector_free(s->tau);
    gsl_vector_free(s->solution);
    s->qr = gsl_matrix_alloc(s->rank, room);
    s->tau = gsl_vector_alloc(room);
    s->solution = gsl_vector_alloc(room);
    if (!s->qr || !s->tau || !s->solution || !hull_grow(&s->now, room, s->dim, s->rank) ||
        !hull_grow(&s->trial, room, s->dim, s->rank) ||
        !grow(&s->alpha, room > s->dim ? room : s->dim) ||
        (!s->square && !grow(&s->room_for_weights, mf_best_weights_scratch(room, s->rank))))
        return mf_fail(err, MF_ENOMEM, "no memory for %zu atoms of rank %zu", room, s->rank);
    s->room = room;
    return MF_OK;
}

static mf_status solver_new(solver *s, const mf_optimum_spec *spec, mf_error *err) {
    const mf_potential *v = spec->potential;
    *s = (solver){.potential = v,
                  .spec = spec,
                  .square = mf_potential_is_square(v),
                  .dim = v->dim,
                  .rank = v->rank,
                  .lower = mf_potential_is_square(v) ? 0 : -HUGE_VAL,
                  .err = err};
    if (!mf_blas_fits(s->rank))
        return mf_fail(err, MF_EINVAL, "a rank of %zu is too large", s->rank);
    s->x = malloc(sizeof(double) * s->rank);
    s->m = malloc(sizeof(double) * s->rank);
    s->scratch = aligned_alloc(64, (mf_potential_scratch(v, 1) + 64) / 64 * 64);
    s->rhs = gsl_vector_alloc(s->rank);
    s->residual = gsl_vector_alloc(s->rank);
    s->jacobian = gsl_matrix_alloc(UNKNOWNS_MAX, UNKNOWNS_MAX);
    s->order = gsl_permutation_alloc(UNKNOWNS_MAX);
    s->unknown = malloc(sizeof(double) * 4 * UNKNOWNS_MAX);
    if (!s->x || !s->m || !s->scratch || !s->rhs || !s->residual || !s->jacobian || !s->order ||
        !s->unknown)
        return mf_fail(err, MF_ENOMEM, "no memory for a problem of rank %zu", s->rank);
    s->up = s->unknown + UNKNOWNS_MAX;
    s->down = s->up + UNKNOWNS_MAX;
    mf_status status = more_room(s, err);
    double tol = fmax(1e-13, v->error / 10);
    return status < 0 ? status
                      : mf_search_new(&s->search, v, spec->low, spec->high, tol, spec->starts, err);
}

/* ---- vertices ----------------------------------------------------------------------------- */

static double dot(const solver *s, const double *a, const double *b) {
    return cblas_ddot((int)s->rank, a, 1, b, 1);
}

/* p = b + f(theta), the force of a point mass there; for other losses f(theta). */
static void evaluate(solver *s, const double *theta, double *p) {
    if (s->status >= 0)
        s->status = mf_potential_features(s->potential, 1, theta, 1, p, 1, s->err);
    if (s->status < 0)
        memset(p, 0, sizeof *p * s->rank);
    if (s->square)
        mf_potential_force(s->potential, p, p);
}

/* Returns the new row of p; NULL, with s->status, if there is no memory for it. */
static const double *add(solver *s, hull *h, const double *theta, size_t ld, double weight) {
    if (h->n == s->room && s->status >= 0)
        s->status = more_room(s, s->err);
    if (h->n == s->room)
        return NULL;
    double *to = h->theta + h->n * s->dim, *p = h->p + h->n * s->rank;
    for (size_t c = 0; c < s->dim; ++c)
        to[c] = theta[c * ld];
    evaluate(s, to, p);
    h->w[h->n++] = weight;
    return p;
}

static void move(const solver *s, hull *h, size_t to, size_t from) {
    memmove(h->theta + to * s->dim, h->theta + from * s->dim, sizeof(double) * s->dim);
    memmove(h->p + to * s->rank, h->p + from * s->rank, sizeof(double) * s->rank);
    h->w[to] = h->w[from];
}

static void drop(const solver *s, hull *h, double at_most) {
    size_t kept = 0;
    double sum = 0;
    for (size_t i = 0; i < h->n; ++i)
        if (h->w[i] > at_most) {
            move(s, h, kept++, i);
            sum += h->w[kept - 1];
        }
    h->n = kept;
    for (size_t i = 0; i < kept; ++i)
        h->w[i] /= sum;
}

static void copy(const solver *s, hull *to, const hull *from) {
    to->n = from->n;
    memcpy(to->theta, from->theta, sizeof(double) * from->n * s->dim);
    memcpy(to->p, from->p, sizeof(double) * from->n * s->rank);
    memcpy(to->w, from->w, sizeof(double) * from->n);
}

/* x = the force of the hull's law; returns what is minimised, |x|^2 or R. */
static double nearest(const solver *s, const hull *h, double *x) {
    memset(x, 0, sizeof(double) * s->rank);
    for (size_t i = 0; i < h->n; ++i)
        cblas_daxpy((int)s->rank, h->w[i], h->p + i * s->rank, 1, x, 1);
    if (s->square)
        return dot(s, x, x);
    memcpy(s->m, x, sizeof(double) * s->rank);
    mf_potential_force(s->potential, x, x);
    return mf_potential_risk(s->potential, s->m);
}

/* int <x, p> d rho after `nearest`: a vertex p is new if <x, p> is less. */
static double level(const solver *s, double value) {
    return s->square ? value : dot(s, s->x, s->m);
}

/* ---- Wolfe's minor cycle: the best weights on a set of vertices ----------------------------- */

/* alpha: the weights (of any sign) of the point of the affine hull nearest to 0; by least
 * squares on the differences to one vertex, so that close vertices cost no digits. False if
 * the vertices are not affinely independent.                                              */
static int affine_weights(solver *s, const hull *h, double *alpha) {
    size_t n = h->n - 1, base = cblas_idamax((int)h->n, h->w, 1);
    alpha[base] = 1;
    if (n == 0)
        return 1;
    if (n > s->rank)
        return 0;
    gsl_matrix_view qr = gsl_matrix_submatrix(s->qr, 0, 0, s->rank, n);
    gsl_vector_view tau = gsl_vector_subvector(s->tau, 0, n);
    gsl_vector_view z = gsl_vector_subvector(s->solution, 0, n);
    const double *p0 = h->p + base * s->rank;
    for (size_t i = 0, j = 0; i < h->n; ++i) {
        for (size_t f = 0; i != base && f < s->rank; ++f)
            gsl_matrix_set(&qr.matrix, f, j, h->p[i * s->rank + f] - p0[f]);
        j += i != base;
    }
    for (size_t f = 0; f < s->rank; ++f)
        gsl_vector_set(s->rhs, f, -p0[f]);
    if (gsl_linalg_QR_decomp(&qr.matrix, &tau.vector))
        return 0;
    for (size_t j = 0; j < n; ++j)
        if (!(fabs(gsl_matrix_get(&qr.matrix, j, j)) >
              64 * DBL_EPSILON * cblas_dnrm2((int)s->rank, p0, 1)))
            return 0;
    if (gsl_linalg_QR_lssolve(&qr.matrix, &tau.vector, s->rhs, &z.vector, s->residual))
        return 0;
    for (size_t i = 0, j = 0; i < h->n; ++i)
        if (i != base) {
            alpha[i] = gsl_vector_get(&z.vector, j++);
            alpha[base] -= alpha[i];
        }
    return 1;
}

/* Moves the weights to the best ones, dropping every vertex whose weight comes to 0. */
static int correct(solver *s, hull *h) {
    const double nothing = 1e-14;
    if (!s->square) {
        mf_best_weights(s->potential, h->n, h->p, h->w, s->room_for_weights);
        drop(s, h, nothing);
        return 1;
    }
    for (;;) {
        if (!affine_weights(s, h, s->alpha))
            return 0;
        double step = 1;
        for (size_t i = 0; i < h->n; ++i)
            if (s->alpha[i] <= nothing)
                step = fmin(step, h->w[i] / (h->w[i] - s->alpha[i]));
        for (size_t i = 0; i < h->n; ++i)
            h->w[i] += step * (s->alpha[i] - h->w[i]);
        if (step == 1)
            return 1;
        drop(s, h, nothing);
    }
}

/* ---- sliding: Newton's method on positions and weights ----------------------------------------- */

static double compact(const solver *s, const hull *h, size_t i, size_t c) {
    return mf_to_compact(s->potential, c, h->theta[i * s->dim + c]);
}

static double width(const solver *s, size_t c) {
    return mf_to_compact(s->potential, c, s->spec->high[c]) -
           mf_to_compact(s->potential, c, s->spec->low[c]);
}

static int at_end(const solver *s, size_t c, double theta) {
    return theta == s->spec->low[c] || theta == s->spec->high[c];
}

/* The mean of two coordinates; an end of the domain stays what it is. */
static double between(const solver *s, size_t c, double a, double b, double share) {
    if (at_end(s, c, a) || at_end(s, c, b))
        return at_end(s, c, a) ? a : b;
    double ta = mf_to_compact(s->potential, c, a), tb = mf_to_compact(s->potential, c, b);
    return mf_from_compact(s->potential, c, ta + share * (tb - ta));
}

/* Atoms closer than this (of the width of the domain) become one, at their mean. */
static void merge(solver *s, hull *h, double close) {
    for (size_t i = 0; i < h->n; ++i)
        for (size_t j = i + 1; j < h->n;) {
            double far = 0;
            for (size_t c = 0; c < s->dim; ++c)
                far = fmax(far, fabs(compact(s, h, i, c) - compact(s, h, j, c)) / width(s, c));
            if (far > close) {
                ++j;
                continue;
            }
            double share = h->w[j] / (h->w[i] + h->w[j]);
            for (size_t c = 0; c < s->dim; ++c)
                h->theta[i * s->dim + c] =
                        between(s, c, h->theta[i * s->dim + c], h->theta[j * s->dim + c], share);
            h->w[i] += h->w[j];
            move(s, h, j, --h->n);
        }
    for (size_t i = 0; i < h->n; ++i)
        evaluate(s, h->theta + i * s->dim, h->p + i * s->rank);
}

/* The unknowns: compact coordinates that are not at an end, weights, and the constant that
 * Psi takes on every atom. Their number; out may be NULL.                                */
static size_t get_unknowns(const solver *s, const hull *h, double psi, double *out) {
    size_t m = 0;
    for (size_t i = 0; i < h->n; ++i)
        for (size_t c = 0; c < s->dim; ++c)
            if (!at_end(s, c, h->theta[i * s->dim + c])) {
                if (out)
                    out[m] = compact(s, h, i, c);
                ++m;
            }
    for (size_t i = 0; i < h->n; ++i, ++m)
        if (out)
            out[m] = h->w[i];
    if (out)
        out[m] = psi;
    return m + 1;
}

/* False if an unknown has left its domain. Psi is the last unknown. */
static int set_unknowns(solver *s, hull *h, const double *in) {
    size_t m = 0;
    for (size_t i = 0; i < h->n; ++i) {
        for (size_t c = 0; c < s->dim; ++c) {
            double *theta = &h->theta[i * s->dim + c];
            if (at_end(s, c, *theta))
                continue;
            double value = mf_from_compact(s->potential, c, in[m++]);
            if (!(value > s->spec->low[c] && value < s->spec->high[c]))
                return 0;
            *theta = value;
        }
        evaluate(s, h->theta + i * s->dim, h->p + i * s->rank);
    }
    for (size_t i = 0; i < h->n; ++i)
        if (!((h->w[i] = in[m++]) > 0))
            return 0;
    return 1;
}

/* Eq. 17 on the atoms: slopes of Psi, Psi - constant, total weight - 1. */
static void conditions(solver *s, const hull *h, double psi, double *out) {
    size_t m = 0, values = get_unknowns(s, h, psi, NULL) - h->n - 1;
    double total = 0;
    nearest(s, h, s->x);
    for (size_t i = 0; i < h->n; ++i) {
        const double *theta = h->theta + i * s->dim;
        double value = 0, *slope = s->alpha; /* dim numbers: see solver_new */
        if (s->status >= 0)
            s->status = mf_potential_field(s->potential, s->x, 1, theta, 1, &value, slope,
                                           s->scratch, s->err);
        for (size_t c = 0; c < s->dim; ++c)
            if (!at_end(s, c, theta[c]))
                out[m++] = slope[c] * mf_compact_stretch(s->potential, c, theta[c]);
        out[values + i] = value - psi;
        total += h->w[i];
    }
    out[values + h->n] = total - 1;
}

/* The Jacobian by central differences; u is the point, h is left anywhere near it. */
static int differentiate(solver *s, hull *h, double *u, size_t m) {
    for (size_t j = 0; j < m; ++j) {
        double keep = u[j], step = j + 1 < m ? 1e-6 : fmax(1e-6, fabs(u[j]));
        step = fmin(step, j + 1 < m && keep > 0 ? keep / 2 : step);
        u[j] = keep + step;
        if (!set_unknowns(s, h, u))
            return 0;
        conditions(s, h, u[m - 1], s->up);
        u[j] = keep - step;
        if (!set_unknowns(s, h, u))
            return 0;
        conditions(s, h, u[m - 1], s->down);
        u[j] = keep;
        for (size_t i = 0; i < m; ++i)
            gsl_matrix_set(s->jacobian, i, j, (s->up[i] - s->down[i]) / (2 * step));
    }
    return 1;
}

/* Newton's method on `conditions` from the atoms of h. False if it leads nowhere. */
static int newton(solver *s, hull *h) {
    size_t m = get_unknowns(s, h, 0, NULL);
    if (m > UNKNOWNS_MAX)
        return 0;
    double *u = s->unknown, *rhs = s->down + UNKNOWNS_MAX, before = HUGE_VAL;
    double value = nearest(s, h, s->x);
    get_unknowns(s, h, level(s, value) - (s->square ? dot(s, s->x, s->potential->b) : 0), u);
    gsl_matrix_view J = gsl_matrix_submatrix(s->jacobian, 0, 0, m, m);
    gsl_permutation order = {m, s->order->data};
    gsl_vector_view r = gsl_vector_view_array(rhs, m);
    for (int i = 0; i < NEWTON_MAX; ++i) {
        int sign;
        if (!set_unknowns(s, h, u))
            return 0;
        conditions(s, h, u[m - 1], rhs);
        double now = cblas_dnrm2((int)m, rhs, 1);
        if (!(now < before / 2)) /* as far as rounding lets it, or lost: the risk decides */
            return 1;
        before = now;
        if (!differentiate(s, h, u, m) || gsl_linalg_LU_decomp(&J.matrix, &order, &sign) ||
            gsl_linalg_LU_svx(&J.matrix, &order, &r.vector))
            return 0;
        for (size_t j = 0; j < m; ++j)
            u[j] -= rhs[j];
    }
    return 1;
}

static void swap(solver *s) {
    hull now = s->now;
    s->now = s->trial;
    s->trial = now;
}

/* Tries fewer atoms in better places; keeps them if the risk is as good. Where Newton's method
 * fails (minimizers need not be unique) fewer atoms alone must do.                       */
static void slide(solver *s) {
    double square = nearest(s, &s->now, s->x), slack = 4 * DBL_EPSILON;
    if (!s->square) /* a sum over nodes */
        slack *= 1 + fabs(square);
    for (int moved = 1; moved >= 0; --moved) {
        copy(s, &s->trial, &s->now);
        merge(s, &s->trial, NEIGHBOURS);
        if (!correct(s, &s->trial) || (moved && !newton(s, &s->trial)))
            continue;
        drop(s, &s->trial, 0);
        if (correct(s, &s->trial) &&
            nearest(s, &s->trial, s->x) <= square + (moved ? slack : s->spec->tol / 4)) {
            swap(s);
            return;
        }
    }
}

/* ---- the exchange ------------------------------------------------------------------------------------ */

/* An upper bound on |x|^2 - min |x|^2 from L, a lower bound of <x, b + f> over the domain; or on
 * R - min R, from one of <x, f>. */
static double gap_of(const solver *s, double square, double least) {
    if (!s->square)
        return fmax(2 * (level(s, square) - least), 0);
    if (least <= 0 || square == 0)
        return square;
    return fmax(square - least * least / square, 0);
}

/* Takes new vertices as long as they improve. False if none did. */
static int exchange(solver *s, const mf_minima *minima) {
    int used = 0;
    for (size_t k = 0; k < minima->n && k < ADDED_MAX; ++k) {
        double square = nearest(s, &s->now, s->x);
        copy(s, &s->trial, &s->now);
        const double *p = add(s, &s->trial, minima->theta + k, minima->n, 0);
        if (p && dot(s, s->x, p) < level(s, square) && correct(s, &s->trial) &&
            nearest(s, &s->trial, s->x) < square) {
            swap(s);
            used = 1;
        }
    }
    return used;
}

/* The gap from one search. The bounds of one coordinate are certain, and the best one holds;
 * those of more coordinates are as good as the search was, and only the last one counts.  */
static mf_status certify(solver *s, mf_minima *minima, double *gap, mf_error *err) {
    double square = nearest(s, &s->now, s->x);
    mf_status status = mf_search_minima(s->search, s->x, minima, err);
    if (status < 0)
        return status;
    double least = minima->bound + (s->square ? dot(s, s->x, s->potential->b) : 0);
    double lower = square - gap_of(s, square, least);
    s->lower = s->dim == 1 ? fmax(s->lower, lower) : lower;
    *gap = square - s->lower;
    return MF_OK;
}

static mf_status iterate(solver *s, size_t *iterations, double *gap, const mf_flag *stop,
                         mf_error *err) {
    const size_t confirmations = s->dim == 1 ? 1 : CONFIRMATIONS;
    double mark = HUGE_VAL, worst = 0;
    mf_minima minima;
    memset(s->x, 0, sizeof(double) * s->rank);
    mf_potential_force(s->potential, s->x, s->x); /* without neurons */
    mf_status status = mf_search_minima(s->search, s->x, &minima, err);
    if (status < 0)
        return status;
    add(s, &s->now, minima.theta, minima.n, 1);
    for (size_t stalled = 0, confirmed = 0; stalled < STALLED && *iterations < ITERATIONS_MAX;
         ++*iterations) {
        if ((status = certify(s, &minima, gap, err)) < 0)
            return status;
        int reached = *gap <= s->spec->tol;
        worst = reached ? fmax(worst, *gap) : 0;
        confirmed = reached ? confirmed + 1 : 0;
        if (confirmed == confirmations)
            break;
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        stalled = *gap < 0.5 * mark ? 0 : stalled + 1;
        mark = stalled ? mark : *gap;
        int better = exchange(s, &minima);
        if (better || reached)
            slide(s);
        if (s->status < 0)
            return s->status;
        if (!better && !reached)
            break;
    }
    slide(s); /* neighbours become one atom, unless the certificate suffers */
    if (s->status < 0)
        return s->status;
    status = certify(s, &minima, gap, err);
    *gap = fmax(*gap, worst);
    return status < 0 ? status : *gap <= s->spec->tol ? MF_OK : MF_INEXACT;
}

static mf_status result(const solver *s, double gap, mf_optimum *out, mf_error *err) {
    const mf_potential *v = s->potential;
    const hull *h = &s->now;
    out->theta = malloc(sizeof(double) * h->n * s->dim);
    out->weight = malloc(sizeof(double) * h->n);
    if (!out->theta || !out->weight)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu atoms", h->n);
    for (size_t i = 0; i < h->n; ++i) {
        size_t place = 0; /* heavier atoms come first */
        for (size_t j = 0; j < h->n; ++j)
            place += h->w[j] > h->w[i] || (h->w[j] == h->w[i] && j < i);
        out->weight[place] = h->w[i];
        for (size_t c = 0; c < s->dim; ++c)
            out->theta[c * h->n + place] = h->theta[i * s->dim + c];
    }
    out->atoms = h->n;
    out->dim = s->dim;
    out->space = v->space;
    mf_loss loss = mf_potential_loss(v);
    out->convex = mf_loss_is_convex(&loss);
    out->gap = out->convex ? gap : HUGE_VAL;
    out->risk = nearest(s, h, s->x) + (s->square ? v->risk0 - dot(s, v->b, v->b) : 0);
    out->error = 3 * v->error; /* 2 V and U */
    return MF_OK;
}

mf_status mf_optimum_solve(const mf_optimum_spec *spec, mf_optimum *out, const mf_flag *stop,
                           mf_error *err) {
    solver s;
    double gap = HUGE_VAL;
    *out = (mf_optimum){0};
    mf_status status = solver_new(&s, spec, err);
    if (status >= 0)
        status = iterate(&s, &out->iterations, &gap, stop, err);
    if (status >= 0) {
        mf_status made = result(&s, gap, out, err);
        status = made < 0 ? made : status;
    }
    solver_free(&s);
    return status;
}

void mf_optimum_free(mf_optimum *o) {
    free(o->theta);
    free(o->weight);
    *o = (mf_optimum){0};
}
