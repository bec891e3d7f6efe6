/* fluctuations.c: the way forward on a tape of bounded length, and one solve back along it. */
#include "fluctuations.h"

#include "core/base/block.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double DIFFERENCE = 1e-4; /* of particles, relative to 1 + |theta|            */
static const double STABLE = 2;        /* length times rate; the method's limit is 2.78      */
static const double SHORTEST = 1e-6;   /* the same next to a wall                          */

enum { BYTES = 1 << 28, FEWEST = 64, MOST = 1 << 16 }; /* of the tape; its states           */

/* What is known of one time: the law's velocity and force. */
typedef struct {
    double *theta, *v;   /* size: the state (the tape's, or own), d theta / d tau */
    double *m, *g;       /* rank                                      */
    unsigned char *held; /* size: a radius at 0, pressed against it   */
} node;

typedef struct {
    mf_fluctuations_spec spec;
    const mf_potential *pot;
    size_t J, size, rank;
    const mf_flag *stop;
    mf_error *err;

    double *clock; /* of every step, clock[0] = 0 */
    size_t steps, clocks;
    double **kept; /* states after 0, stride, 2 stride, ... steps */
    size_t room, stride;
    double **part; /* states after first, first + 1, ... steps */
    size_t first, parts;

    void *forward, *scratch, *block;
    node here, half, quarter, before;           /* late, two between, early */
    double *stage, *l[4], *h[4];                /* a stage; slopes at four: size, J */
    double *plus, *minus, *gplus, *gminus, *gs; /* size */
    double *weight, *length;                    /* J    */
    double *s, *splus, *sminus;                 /* rank */
    double *share;                              /* size: part of the step in which l moves */
} adjoint;

/* ---- memory ------------------------------------------------------------------------------- */

static void *claim(size_t bytes) {
    return aligned_alloc(64, (bytes + 64) & ~(size_t)63);
}

static void release(adjoint *a) {
    for (size_t i = 0; a->kept && i < a->room; ++i)
        free(a->kept[i]);
    for (size_t i = 0; a->part && i < a->parts; ++i)
        free(a->part[i]);
    free(a->kept), free(a->part), free(a->clock);
    free(a->forward), free(a->scratch), free(a->block);
}

static void take_node(adjoint *a, node *n, double **next) {
    n->theta = mf_take(next, a->size), n->v = mf_take(next, a->size);
    n->m = mf_take(next, a->rank), n->g = mf_take(next, a->rank);
    n->held = (unsigned char *)mf_take(next, a->size);
}

static mf_status no_memory(adjoint *a) {
    return mf_fail(a->err, MF_ENOMEM, "no memory for the way of %zu particles", a->J);
}

static mf_status prepare(adjoint *a) {
    size_t size = a->size + 8, J = a->J + 8, rank = a->rank + 8;
    a->room = (a->spec.tape ? a->spec.tape : BYTES) / (a->size * sizeof(double));
    a->room = a->room < FEWEST ? FEWEST : a->room > MOST ? MOST : a->room;
    a->stride = 1;
    a->kept = calloc(a->room, sizeof *a->kept);
    a->forward = claim(mf_particles_bytes(&a->spec.run));
    a->scratch = claim(mf_potential_scratch(a->pot, a->J));
    a->block = claim((23 * size + 6 * J + 11 * rank) * sizeof(double));
    if (!a->kept || !a->forward || !a->scratch || !a->block)
        return no_memory(a);
    double *next = a->block;
    take_node(a, &a->here, &next), take_node(a, &a->half, &next), take_node(a, &a->before, &next);
    take_node(a, &a->quarter, &next);
    a->stage = mf_take(&next, a->size);
    for (size_t i = 0; i < 4; ++i)
        a->l[i] = mf_take(&next, a->size), a->h[i] = mf_take(&next, a->J);
    a->plus = mf_take(&next, a->size), a->minus = mf_take(&next, a->size);
    a->gplus = mf_take(&next, a->size), a->gminus = mf_take(&next, a->size);
    a->gs = mf_take(&next, a->size), a->share = mf_take(&next, a->size);
    a->weight = mf_take(&next, a->J), a->length = mf_take(&next, a->J);
    a->s = mf_take(&next, a->rank), a->splus = mf_take(&next, a->rank);
    a->sminus = mf_take(&next, a->rank);
    return MF_OK;
}

/* ---- the tape ------------------------------------------------------------------------------ */

static mf_flow *start(adjoint *a, const mf_particles_spec *run, const double *theta) {
    mf_flow *flow = mf_particles_init(a->forward, run);
    memcpy(mf_particles_atoms(flow), theta, a->size * sizeof *theta);
    memcpy(mf_particles_weights(flow), a->spec.weight, a->J * sizeof *a->spec.weight);
    return flow;
}

static mf_status copy(adjoint *a, double **to, const double *theta) {
    *to = malloc(a->size * sizeof **to);
    if (!*to)
        return no_memory(a);
    memcpy(*to, theta, a->size * sizeof **to);
    return MF_OK;
}

/* Keeps every other state only. */
static void thin(adjoint *a) {
    for (size_t i = 0; i < a->room; ++i)
        if (i % 2) {
            free(a->kept[i]);
            a->kept[i] = NULL;
        } else if (i > 0) {
            a->kept[i / 2] = a->kept[i];
            a->kept[i] = NULL;
        }
    a->stride *= 2;
}

static mf_status keep(adjoint *a, double clock, const double *theta) {
    if (a->steps + 1 >= a->clocks) {
        size_t more = 2 * a->clocks + 64;
        double *grown = realloc(a->clock, more * sizeof *grown);
        if (!grown)
            return no_memory(a);
        a->clock = grown, a->clocks = more;
    }
    a->clock[a->steps] = clock;
    if (a->steps / a->stride >= a->room)
        thin(a);
    return a->steps % a->stride ? MF_OK : copy(a, &a->kept[a->steps / a->stride], theta);
}

static mf_status record(adjoint *a) {
    mf_flow *flow = start(a, &a->spec.run, a->spec.theta);
    mf_status status = keep(a, 0, a->spec.theta);
    while (status == MF_OK && flow->clock < a->spec.clock) {
        status = flow->ops->advance(flow, a->spec.clock, 1, a->stop, a->err);
        ++a->steps;
        if (status == MF_OK)
            status = keep(a, flow->clock, flow->ops->measure(flow).x);
    }
    return status;
}

/* Solves the part of the way that ends after `last` steps again: the same steps, one by one. */
static mf_status replay(adjoint *a, size_t last) {
    mf_particles_spec run = a->spec.run;
    run.step = HUGE_VAL;
    for (size_t i = 0; i < a->parts; ++i)
        free(a->part[i]), a->part[i] = NULL;
    if (!a->part && !(a->part = calloc(a->stride + 1, sizeof *a->part)))
        return no_memory(a);
    a->parts = a->stride + 1;
    a->first = (last - 1) / a->stride * a->stride;
    const double *from = a->kept[a->first / a->stride];
    mf_flow *flow = start(a, &run, from);
    mf_status status = copy(a, &a->part[0], from);
    for (size_t i = a->first; status == MF_OK && i < last; ++i) {
        double goal = a->clock[i + 1] - a->clock[a->first];
        status = flow->ops->advance(flow, goal, 1, a->stop, a->err);
        if (status == MF_OK)
            status = copy(a, &a->part[i + 1 - a->first], flow->ops->measure(flow).x);
    }
    return status;
}

static double *state(const adjoint *a, size_t step) {
    return a->stride == 1 ? a->kept[step] : a->part[step - a->first];
}

/* ---- one time ------------------------------------------------------------------------------- */

static bool is_radius(const adjoint *a, size_t i) {
    return mf_is_radius(a->pot, i / a->J);
}

static mf_status look(adjoint *a, node *n, bool moving) {
    mf_measure rho = {a->pot->space, a->J, a->pot->dim, a->J, n->theta, a->spec.weight};
    mf_status status = mf_potential_mean(a->pot, &rho, n->m, a->scratch, a->err);
    if (status < 0)
        return status;
    mf_potential_force(a->pot, n->m, n->g);
    if (!moving)
        return MF_OK;
    status = mf_potential_field(a->pot, n->g, a->J, n->theta, a->J, NULL, n->v, a->scratch, a->err);
    for (size_t i = 0; status >= 0 && i < a->size; ++i) {
        double decay = mf_is_fixed(a->pot, i / a->J) ? 0 : a->spec.run.lambda;
        n->v[i] = isinf(n->theta[i]) ? 0 : -2 * (n->v[i] + decay * n->theta[i]);
        n->held[i] = n->theta[i] == 0 && n->v[i] < 0 && is_radius(a, i);
    }
    return status;
}

/* How long each l moves within the step from `before` to `here`: not once its radius is at 0. */
static void find_shares(adjoint *a, double length) {
    const node *from = &a->before, *to = &a->here;
    for (size_t i = 0; i < a->size; ++i) {
        a->share[i] = 1;
        if (to->held[i] && from->held[i])
            a->share[i] = 0;
        else if (to->held[i] && from->v[i] < 0)
            a->share[i] = fmin(1, -from->theta[i] / (from->v[i] * length));
    }
}

/* The law at share s of that step, on the cubic through both ends. */
static mf_status look_between(adjoint *a, node *n, double length, double s) {
    const node *from = &a->before, *to = &a->here;
    for (size_t i = 0; i < a->size; ++i) {
        double v0 = from->held[i] ? 0 : from->v[i], v1 = to->held[i] ? 0 : to->v[i];
        double rise = to->theta[i] - from->theta[i], first = length * v0 - rise;
        double x =
                from->theta[i] + s * (rise + (1 - s) * (first - s * (first + length * v1 - rise)));
        n->theta[i] = isinf(to->theta[i]) ? to->theta[i] : x < 0 && is_radius(a, i) ? 0 : x;
    }
    return look(a, n, false);
}

/* ---- the right-hand side --------------------------------------------------------------------- */

/* How far particle j may go forth (*high) and back (*low) along its l, of this length. */
static void reach(const adjoint *a, size_t j, const double *theta, const double *l, double length,
                  double *low, double *high) {
    double size = 0;
    *low = -INFINITY, *high = INFINITY;
    for (size_t i = j; i < a->size; i += a->J) {
        double c = l[i] / length;
        if (isinf(theta[i]))
            continue;
        size = fmax(size, fabs(theta[i]));
        if (c > 0 && is_radius(a, i))
            *low = fmax(*low, -theta[i] / c);
        else if (c < 0 && is_radius(a, i))
            *high = fmin(*high, -theta[i] / c);
    }
    double most = DIFFERENCE * (1 + size), least = SHORTEST * (1 + size);
    double both = fmax(fmin(fmin(-*low, *high), most), least);
    *low = fmax(*low, -both), *high = fmin(*high, both);
}

/* Particles moved forth and back along l, with the weights that turn differences into slopes. */
static void displace(adjoint *a, const double *theta, const double *l) {
    for (size_t j = 0; j < a->J; ++j) {
        double square = 0, low, high;
        for (size_t i = j; i < a->size; i += a->J)
            square += l[i] * l[i];
        double length = sqrt(square), slope = 0;
        low = high = 0;
        if (length > 0) {
            reach(a, j, theta, l, length, &low, &high);
            slope = high > low ? length / (high - low) : 0;
        }
        for (size_t i = j; i < a->size; i += a->J) {
            double c = length > 0 ? l[i] / length : 0;
            a->plus[i] = theta[i] + high * c;
            a->minus[i] = theta[i] + low * c;
            if (is_radius(a, i)) /* rounding */
                a->plus[i] = fmax(a->plus[i], 0), a->minus[i] = fmax(a->minus[i], 0);
        }
        a->length[j] = slope;
        a->weight[j] = a->spec.weight[j] * slope;
    }
}

static mf_status mean_of(adjoint *a, const double *theta, double *m) {
    mf_measure rho = {a->pot->space, a->J, a->pot->dim, a->J, theta, a->weight};
    return mf_potential_mean(a->pot, &rho, m, a->scratch, a->err);
}

/* Slopes of l and h going back from l at this time. */
static mf_status slopes(adjoint *a, const node *n, const double *l, double *dl, double *dh) {
    const mf_potential *pot = a->pot;
    size_t J = a->J;
    displace(a, n->theta, l);
    mf_status status = mean_of(a, a->plus, a->splus);
    if (status < 0 || (status = mean_of(a, a->minus, a->sminus)) < 0)
        return status;
    for (size_t k = 0; k < a->rank; ++k)
        a->s[k] = a->splus[k] - a->sminus[k];
    mf_potential_bend(a->pot, n->m, a->s, a->s); /* the change of the force */
    if ((status = mf_potential_field(pot, a->s, J, n->theta, J, dh, a->gs, a->scratch, a->err)) <
                0 ||
        (status = mf_potential_field(pot, n->g, J, a->plus, J, NULL, a->gplus, a->scratch,
                                     a->err)) < 0 ||
        (status = mf_potential_field(pot, n->g, J, a->minus, J, NULL, a->gminus, a->scratch,
                                     a->err)) < 0)
        return status;
    for (size_t j = 0; j < J; ++j)
        dh[j] *= -2;
    for (size_t i = 0; i < a->size; ++i) {
        double bend = a->length[i % J] * (a->gplus[i] - a->gminus[i]);
        dl[i] = -2 * a->share[i] * (bend + a->gs[i] + a->spec.run.lambda * l[i]);
        if (isinf(n->theta[i]))
            dl[i] = 0;
    }
    return MF_OK;
}

/* ---- steps back -------------------------------------------------------------------------------- */

static void forget_held(const adjoint *a, const node *n, double *l) {
    for (size_t i = 0; i < a->size; ++i)
        if (n->held[i] || mf_is_fixed(a->pot, i / a->J) || isinf(n->theta[i]))
            l[i] = 0;
}

/* The largest rate seen, in steps: the second and third stage are at one time. */
static double stiffness(const adjoint *a) {
    double change = 0, cause = 0;
    for (size_t i = 0; i < a->size; ++i) {
        change += (a->l[2][i] - a->l[1][i]) * (a->l[2][i] - a->l[1][i]);
        cause += (a->l[1][i] - a->l[0][i]) * (a->l[1][i] - a->l[0][i]) / 4;
    }
    return cause > 0 ? sqrt(change / cause) : 0;
}

/* From the first of three times to the last by the classical Runge-Kutta method. If it may be
 * unstable (*stiff on return), nothing is changed.                                           */
static mf_status runge_kutta(adjoint *a, const node *first, const node *middle, const node *last,
                             double length, double *h, double *l, bool *stiff) {
    static const double at[4] = {0, 0.5, 0.5, 1}, share[4] = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6};
    const node *nodes[4] = {first, middle, middle, last};
    for (size_t k = 0; k < 4; ++k) {
        double *stage = a->stage;
        for (size_t i = 0; i < a->size; ++i)
            stage[i] = l[i] + (k ? at[k] * length * a->l[k - 1][i] : 0);
        mf_status status = slopes(a, nodes[k], stage, a->l[k], a->h[k]);
        if (status < 0)
            return status;
        if (k == 2 && stiff && (*stiff = stiffness(a) > STABLE))
            return MF_OK;
    }
    for (size_t k = 0; k < 4; ++k) {
        for (size_t i = 0; i < a->size; ++i)
            l[i] += length * share[k] * a->l[k][i];
        for (size_t j = 0; j < a->J; ++j)
            h[j] += length * share[k] * a->h[k][j];
    }
    return MF_OK;
}

/* From `here` to `before`, in two halves where one step would be unstable: the way forward was
 * stable in steps a fifth longer than these may be.                                         */
static mf_status step_back(adjoint *a, double length, double *h, double *l) {
    bool stiff;
    find_shares(a, length);
    mf_status status = look_between(a, &a->half, length, 0.5);
    if (status >= 0)
        status = runge_kutta(a, &a->here, &a->half, &a->before, length, h, l, &stiff);
    if (status >= 0 && stiff) {
        const node *ends[3] = {&a->here, &a->half, &a->before};
        for (int k = 0; status >= 0 && k < 2; ++k) {
            status = look_between(a, &a->quarter, length, 0.75 - 0.5 * k);
            if (status >= 0)
                status = runge_kutta(a, ends[k], &a->quarter, ends[k + 1], length / 2, h, l, NULL);
        }
    }
    forget_held(a, &a->before, l);
    return status;
}

static mf_status go_back(adjoint *a, double *h, double *l) {
    for (size_t i = a->steps; i > 0; --i) {
        mf_status status = MF_OK;
        if (mf_flag_is_set(a->stop))
            return MF_STOPPED;
        if (a->stride > 1 && (i == a->steps || i % a->stride == 0))
            status = replay(a, i);
        if (status != MF_OK)
            return status;
        a->here.theta = state(a, i), a->before.theta = state(a, i - 1);
        if (i == a->steps && (status = look(a, &a->here, true)) >= 0)
            forget_held(a, &a->here, l);
        double length = a->clock[i] - a->clock[i - 1];
        if (status < 0 || (status = look(a, &a->before, true)) < 0 ||
            (status = step_back(a, length, h, l)) < 0)
            return status;
        node early = a->before;
        a->before = a->here, a->here = early;
    }
    return MF_OK;
}

mf_status mf_fluctuations_solve(const mf_fluctuations_spec *spec, double *h, double *grad,
                                const mf_flag *stop, mf_error *err) {
    const mf_potential *pot = spec->run.potential;
    adjoint a = {.spec = *spec, .pot = pot, .J = spec->run.J, .size = pot->dim * spec->run.J};
    a.spec.run.plain = true;
    a.rank = pot->rank, a.stop = stop, a.err = err;
    mf_status status = prepare(&a);
    if (status >= 0)
        status = record(&a);
    if (status == MF_OK)
        status = go_back(&a, h, grad);
    release(&a);
    return status;
}

/* ---- observables ---------------------------------------------------------------------------------- */

mf_status mf_fluctuations_of_risk(const mf_potential *pot, const mf_measure *rho, double *h,
                                  double *grad, mf_error *err) {
    double *g = malloc(pot->rank * sizeof *g);
    void *scratch = claim(mf_potential_scratch(pot, rho->n));
    mf_status status = MF_ENOMEM;
    if (!g || !scratch)
        mf_fail(err, status, "no memory for the force on %zu particles", rho->n);
    else if ((status = mf_potential_mean(pot, rho, g, scratch, err)) >= 0) {
        mf_potential_force(pot, g, g);
        status = mf_potential_field(pot, g, rho->n, rho->x, rho->ld, h, grad, scratch, err);
    }
    for (size_t j = 0; status >= 0 && j < rho->n; ++j) {
        h[j] *= 2;
        for (size_t c = 0; c < pot->dim; ++c)
            grad[c * rho->ld + j] *= 2;
    }
    free(g), free(scratch);
    return status;
}

double mf_fluctuations_variance(size_t J, const double *weight, const double *h) {
    double mean = 0, square = 0, total = 0;
    for (size_t j = 0; j < J; ++j)
        total += weight[j], mean += weight[j] * h[j];
    mean /= total;
    for (size_t j = 0; j < J; ++j)
        square += weight[j] * (h[j] - mean) * (h[j] - mean);
    return square / total;
}
