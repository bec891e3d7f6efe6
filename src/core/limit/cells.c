/* cells.c: the adaptive rule of cells.h. */
#include "cells.h"

#include "core/base/gauss.h"

#include <gsl/gsl_sf_legendre.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ORDER_MAX = 16, CELLS_MAX = 60000, ROUNDS_MAX = 200, BATCH = 8192 };

/* exp(-NOTHING) of the largest density is nothing. */
static const double NOTHING = 50;

/* A cell's error, in squares of what its nodes do not see, relative. */
static const double DOUBT = 0.01;

typedef struct {
    double low[MF_CELLS_DIM], high[MF_CELLS_DIM];
    double mass;      /* times exp(-top)                                               */
    double error;     /* of the mass                                                   */
    double reach;     /* log of what the density may be between the nodes               */
    double doubt;     /* of the mass: what cutting one direction does not show         */
    size_t direction; /* to cut                                                         */
} cell;

typedef struct {
    const mf_cells_spec *spec;
    size_t order, points; /* a coordinate, a cell */
    double node[ORDER_MAX], weight[ORDER_MAX];
    double high[2][ORDER_MAX]; /* a line's values to its last two Legendre coefficients */
    cell *cells;
    double *log_p; /* points a cell */
    size_t n, room;
    size_t *list;      /* cells to evaluate */
    double *before;    /* masses of the cells that were cut */
    double *x, *value; /* a batch of nodes and its log densities */
    double top;        /* largest log density seen */
    const mf_flag *stop;
} work;

static const size_t orders[MF_CELLS_DIM] = {12, 9, 7, 6}, firsts[MF_CELLS_DIM] = {32, 8, 4, 3};

/* ---- one cell -------------------------------------------------------------------------- */

/* Index of a point along coordinate c; coordinate 0 runs fastest. */
static size_t digit(const work *w, size_t point, size_t c) {
    while (c--)
        point /= w->order;
    return point % w->order;
}

static double quadrature_weight(const work *w, const cell *z, size_t point) {
    double weight = 1;
    for (size_t c = 0; c < w->spec->dim; ++c)
        weight *= w->weight[digit(w, point, c)] * (z->high[c] - z->low[c]);
    return weight;
}

static void place(const work *w, const cell *z, double *x, size_t ld) {
    for (size_t c = 0; c < w->spec->dim; ++c)
        for (size_t i = 0; i < w->points; ++i)
            x[c * ld + i] = z->low[c] + (z->high[c] - z->low[c]) * w->node[digit(w, i, c)];
}

/* How far the density may rise between the nodes: by as much as it changes from one to the next. */
static double reach_of(const work *w, const double *log_p) {
    double reach = -HUGE_VAL;
    size_t stride = 1;
    for (size_t c = 0; c < w->spec->dim; ++c, stride *= w->order)
        for (size_t i = 0; i < w->points; ++i) {
            reach = fmax(reach, log_p[i]);
            if (digit(w, i, c) + 1 < w->order && isfinite(log_p[i]) && isfinite(log_p[i + stride]))
                reach = fmax(reach, fmax(log_p[i], log_p[i + stride]) +
                                            fabs(log_p[i + stride] - log_p[i]));
        }
    return reach;
}

static double mass_of(const work *w, const cell *z, const double *log_p, double top) {
    double mass = 0;
    for (size_t i = 0; i < w->points; ++i)
        mass += quadrature_weight(w, z, i) * exp(log_p[i] - top);
    return mass;
}

/* What the nodes do not see of the density along coordinate c: the larger of the last two Legendre coefficients that
 * they know, line by line.                                                                               */
static double unseen(const work *w, const cell *z, const double *log_p, double top, size_t c) {
    double sum = 0;
    size_t stride = 1;
    for (size_t k = 0; k < c; ++k)
        stride *= w->order;
    for (size_t first = 0; first < w->points; ++first) {
        double last[2] = {0, 0};
        for (size_t k = 0; digit(w, first, c) == 0 && k < w->order; ++k) {
            double p = exp(log_p[first + k * stride] - top);
            last[0] += w->high[0][k] * p;
            last[1] += w->high[1][k] * p;
        }
        sum += quadrature_weight(w, z, first) * fmax(fabs(last[0]), fabs(last[1]));
    }
    return sum / w->weight[0]; /* c has no weight of its own */
}

/* The direction to cut is the worst. When halves agree that one is settled, others may not be: a rule's error is of the
 * order of the square of what its nodes do not see.                                                      */
static void look(const work *w, cell *z, const double *log_p, double top) {
    double most = -1, mass = mass_of(w, z, log_p, top);
    for (size_t c = 0; c < w->spec->dim && mass > 0; ++c) {
        double left = unseen(w, z, log_p, top, c);
        if (left > most) {
            most = left;
            z->direction = c;
        }
    }
    z->doubt = mass > 0 ? z->mass * fmin(1, DOUBT * most * most / (mass * mass)) : 0;
}

static void raise_top(work *w, double top) {
    if (!(top > w->top))
        return;
    double factor = exp(w->top - top);
    for (size_t i = 0; i < w->n; ++i) {
        w->cells[i].mass *= factor;
        w->cells[i].error *= factor;
        w->cells[i].doubt *= factor;
    }
    w->top = top;
}

/* Cell i from the log densities at its nodes. */
static mf_status take(work *w, size_t i, mf_error *err) {
    cell *z = &w->cells[i];
    const double *log_p = w->log_p + i * w->points;
    double top = -HUGE_VAL;
    z->mass = z->error = z->doubt = 0;
    for (size_t k = 0; k < w->points; ++k) {
        if (isnan(log_p[k]) || log_p[k] == HUGE_VAL)
            return mf_fail(err, MF_EDIVERGED, "the density is not finite inside the domain");
        top = fmax(top, log_p[k]);
    }
    raise_top(w, top);
    z->reach = reach_of(w, log_p);
    z->error = z->mass = mass_of(w, z, log_p, w->top);
    look(w, z, log_p, top);
    return MF_OK;
}

/* Evaluates the n cells listed, many at a time: a density may cost much once and little a node. */
static mf_status evaluate(work *w, const size_t *list, size_t n, mf_error *err) {
    size_t batch = BATCH / w->points > 0 ? BATCH / w->points : 1;
    mf_status status = MF_OK;
    for (size_t at = 0; at < n && status >= 0; at += batch) {
        size_t size = n - at < batch ? n - at : batch, ld = size * w->points;
        if ((status = mf_poll(w->stop, err)) < 0)
            return status;
        for (size_t k = 0; k < size; ++k)
            place(w, &w->cells[list[at + k]], w->x + k * w->points, ld);
        status = w->spec->density(w->spec->context, ld, w->x, ld, w->value, err);
        for (size_t k = 0; k < size && status >= 0; ++k) {
            memcpy(w->log_p + list[at + k] * w->points, w->value + k * w->points,
                   w->points * sizeof *w->value);
            status = take(w, list[at + k], err);
        }
    }
    return status;
}

/* ---- cutting ------------------------------------------------------------------------------- */

static bool make_room(work *w, size_t cells) {
    if (cells <= w->room)
        return true;
    size_t room = 2 * cells;
    cell *z = realloc(w->cells, room * sizeof *z);
    w->cells = z ? z : w->cells;
    double *log_p = realloc(w->log_p, room * w->points * sizeof *log_p);
    w->log_p = log_p ? log_p : w->log_p;
    size_t *list = realloc(w->list, room * sizeof *list);
    w->list = list ? list : w->list;
    double *before = realloc(w->before, room * sizeof *before);
    w->before = before ? before : w->before;
    if (!z || !log_p || !list || !before)
        return false;
    w->room = room;
    return true;
}

/* Cell i becomes two; returns the index of the new one. Neither is evaluated. */
static size_t cut(work *w, size_t i) {
    size_t c = w->cells[i].direction, j = w->n++;
    w->cells[j] = w->cells[i];
    w->cells[i].high[c] = w->cells[j].low[c] = (w->cells[i].low[c] + w->cells[i].high[c]) / 2;
    return j;
}

static double sum(const work *w, bool errors) {
    double total = 0;
    for (size_t i = 0; i < w->n; ++i)
        total += errors ? w->cells[i].error : w->cells[i].mass;
    return total;
}

/* Whether a peak may hide between the nodes of a cell, or its mass is not yet known. */
static bool unresolved(const work *w, const cell *z, double mass) {
    const double smooth = 12; /* a rule of this order takes exp of that much change */
    if (z->reach < w->top - NOTHING)
        return false;
    return z->reach > w->top + smooth ||
           z->error > fmax(w->spec->tol * mass / (double)(2 * w->n), w->spec->noise * z->mass);
}

/* One round: cuts what is unresolved. *cuts is the number of cells cut. */
static mf_status sweep(work *w, size_t *cuts, mf_error *err) {
    size_t n = w->n, count = 0;
    double mass = sum(w, false), top = w->top;
    if (!make_room(w, 2 * n))
        return mf_fail(err, MF_ENOMEM, "no memory for %zu cells", 2 * n);
    for (size_t i = 0; i < n; ++i)
        if (unresolved(w, &w->cells[i], mass)) {
            w->list[count] = i;
            w->before[count++] = w->cells[i].mass;
        }
    *cuts = count;
    for (size_t k = 0; k < count; ++k) {
        w->list[count + k] = cut(w, w->list[k]);
        cell *a = &w->cells[w->list[k]], *b = &w->cells[w->list[count + k]];
        a->mass = a->error = a->doubt = b->mass = b->error = b->doubt = 0;
    }
    mf_status status = evaluate(w, w->list, 2 * count, err);
    for (size_t k = 0; k < count && status >= 0; ++k) {
        cell *a = &w->cells[w->list[k]], *b = &w->cells[w->list[count + k]];
        double change = fabs(w->before[k] * exp(top - w->top) - a->mass - b->mass) / 2;
        a->error = fmax(a->doubt, change);
        b->error = fmax(b->doubt, change);
    }
    return status;
}

static mf_status refine(work *w, mf_error *err) {
    for (int round = 0; round < ROUNDS_MAX && w->n < CELLS_MAX; ++round) {
        size_t cuts = 0;
        mf_status status = sweep(w, &cuts, err);
        if (status < 0 || !cuts || sum(w, true) <= w->spec->tol * sum(w, false))
            return status;
    }
    return MF_INEXACT;
}

/* Cells of the start: denser towards the low end of a half-line. */
static mf_status partition(work *w, mf_error *err) {
    const mf_cells_spec *s = w->spec;
    size_t each = firsts[s->dim - 1], n = 1;
    for (size_t c = 0; c < s->dim; ++c)
        n *= each;
    if (!make_room(w, n))
        return mf_fail(err, MF_ENOMEM, "no memory for %zu cells", n);
    for (size_t i = 0; i < n; ++i) {
        size_t rest = i;
        cell *z = &w->cells[w->n++];
        *z = (cell){.mass = 0};
        for (size_t c = 0; c < s->dim; ++c, rest /= each) {
            double a = (double)(rest % each) / (double)each, b = a + 1 / (double)each;
            if (s->low[c] == 0) { /* a radius */
                a *= a;
                b *= b;
            }
            z->low[c] = s->low[c] + a * (s->high[c] - s->low[c]);
            z->high[c] = s->low[c] + b * (s->high[c] - s->low[c]);
        }
        w->list[i] = i;
    }
    return evaluate(w, w->list, n, err);
}

/* ---- the result ------------------------------------------------------------------------------ */

static void faces(const work *w, mf_cells *out) {
    const mf_cells_spec *s = w->spec;
    for (size_t c = 0; c < s->dim; ++c)
        out->face_low[c] = out->face_high[c] = -HUGE_VAL;
    for (size_t i = 0; i < w->n; ++i)
        for (size_t c = 0; c < s->dim; ++c) {
            const cell *z = &w->cells[i];
            if (z->low[c] == s->low[c])
                out->face_low[c] = fmax(out->face_low[c], z->reach - w->top);
            if (z->high[c] == s->high[c])
                out->face_high[c] = fmax(out->face_high[c], z->reach - w->top);
        }
}

/* Nodes whose mass is nothing are left out. */
static mf_status collect(const work *w, mf_cells *out, mf_error *err) {
    double mass = sum(w, false);
    size_t n = 0, dim = w->spec->dim;
    for (size_t i = 0; i < w->n * w->points; ++i)
        n += w->log_p[i] > w->top - NOTHING;
    out->x = malloc(n * dim * sizeof *out->x);
    out->weight = malloc(n * sizeof *out->weight);
    if (!out->x || !out->weight)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu nodes", n);
    out->n = n;
    out->dim = dim;
    out->log_mass = w->top + log(mass);
    out->error = sum(w, true) / mass;
    double kept = 0;
    for (size_t i = 0, k = 0; i < w->n; ++i) {
        place(w, &w->cells[i], w->x, w->points);
        for (size_t j = 0; j < w->points; ++j) {
            double log_p = w->log_p[i * w->points + j];
            if (!(log_p > w->top - NOTHING))
                continue;
            for (size_t c = 0; c < dim; ++c)
                out->x[c * n + k] = w->x[c * w->points + j];
            out->weight[k] = quadrature_weight(w, &w->cells[i], j) * exp(log_p - w->top);
            kept += out->weight[k++];
        }
    }
    for (size_t k = 0; k < n; ++k)
        out->weight[k] /= kept;
    faces(w, out);
    return MF_OK;
}

static mf_status work_new(work *w, const mf_cells_spec *spec, const mf_flag *stop, mf_error *err) {
    *w = (work){.spec = spec, .top = -HUGE_VAL, .stop = stop};
    w->order = spec->order ? spec->order : orders[spec->dim - 1];
    w->points = 1;
    for (size_t c = 0; c < spec->dim; ++c)
        w->points *= w->order;
    size_t batch = BATCH > w->points ? BATCH : w->points;
    w->x = malloc(spec->dim * batch * sizeof *w->x);
    w->value = malloc(batch * sizeof *w->value);
    if (!w->x || !w->value)
        return mf_fail(err, MF_ENOMEM, "no memory for a quadrature");
    mf_status status = mf_gauss(w->order, 0, 1, w->node, w->weight, err);
    for (size_t i = 0; status >= 0 && i < w->order; ++i)
        for (int j = 0; j < 2; ++j) {
            int degree = (int)w->order - 2 + j;
            w->high[j][i] = (2 * degree + 1) * w->weight[i] *
                            gsl_sf_legendre_Pl(degree, 2 * w->node[i] - 1);
        }
    return status;
}

mf_status mf_cells_integrate(const mf_cells_spec *spec, mf_cells *out, const mf_flag *stop,
                             mf_error *err) {
    work w;
    *out = (mf_cells){.n = 0};
    mf_status status = work_new(&w, spec, stop, err), made;
    if (status >= 0)
        status = partition(&w, err);
    if (status >= 0 && w.top == -HUGE_VAL)
        status = mf_fail(err, MF_EDOMAIN, "no mass in the domain");
    if (status >= 0)
        status = refine(&w, err);
    if (status >= 0 && (made = collect(&w, out, err)) < 0)
        status = made;
    free(w.cells);
    free(w.log_p);
    free(w.x);
    free(w.value);
    free(w.list);
    free(w.before);
    return status;
}

void mf_cells_free(mf_cells *cells) {
    free(cells->x);
    free(cells->weight);
    *cells = (mf_cells){.n = 0};
}
