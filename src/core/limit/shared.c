/* shared.c: a split step around the particles' own. */
#include "shared.h"

#include "core/base/block.h"
#include "overlaps.h"

#include <math.h>

/* Of a step that is right for the particles alone, what the split is right for. */
static const double SHARE = 0.25;

/* Longest step in units of the overlaps' own time: half of it is z = 1/2 of an explicit midpoint step, stable to
 * z = 2 and in a transient off by z^3/6. Where sigma is odd, or nearly, only this bounds the step.    */
static const double REACH = 1;

typedef struct {
    mf_flow flow;
    mf_flow *inner;
    mf_overlaps *overlaps;
    const mf_potential *pot;
    double eps, label, share; /* share: of the particles' step */
    bool fixed;               /* steps are the caller's         */
    double *T;                /* dim x J */
    void *scratch;
} shared;

static size_t bytes_of(size_t n) {
    return (n + 63) / 64 * 64;
}

size_t mf_shared_bytes(const mf_particles_spec *spec) {
    size_t inner = mf_particles_bytes(spec);
    return inner == 0 ? 0
                      : bytes_of(sizeof(shared)) + bytes_of(inner) +
                                bytes_of(mf_overlaps_bytes(spec->potential, spec->J)) +
                                mf_lines(spec->potential->dim * spec->J) * sizeof(double) +
                                mf_potential_scratch(spec->potential, spec->J) + 64;
}

static const mf_flow_ops ops;

static shared *shared_of(mf_flow *flow) {
    return (shared *)(void *)flow;
}

static const shared *const_shared_of(const mf_flow *flow) {
    return (const shared *)(const void *)flow;
}

static mf_status pull(void *context, const mf_measure *rho, double *grad, mf_error *err) {
    double excess;
    return mf_overlaps_field(((shared *)context)->overlaps, rho, grad, &excess, err);
}

mf_flow *mf_shared_init(void *mem, const mf_particles_spec *spec) {
    shared *z = mem;
    char *next = (char *)mem + bytes_of(sizeof *z);
    mf_particles_spec own = *spec;
    *z = (shared){.flow = {.ops = &ops}, .pot = spec->potential, .eps = spec->eps};
    z->fixed = spec->step > 0;
    z->share = z->fixed ? 1 : SHARE;
    z->label = spec->label_noise * spec->label_noise;
    own.pull = pull;
    own.context = z;
    z->inner = mf_particles_init(next, &own);
    next += bytes_of(mf_particles_bytes(spec));
    z->T = (double *)(void *)(next + bytes_of(mf_overlaps_bytes(spec->potential, spec->J)));
    z->scratch = z->T + mf_lines(spec->potential->dim * spec->J);
    z->overlaps = mf_overlaps_init(next, spec->potential, spec->J, spec->dimension, z->scratch);
    return &z->flow;
}

mf_flow *mf_shared_particles(mf_flow *flow) {
    return shared_of(flow)->inner;
}

/* The overlaps' step of length h, where xi is that of this clock. */
static mf_status turn(shared *z, double h, double clock, mf_error *err) {
    mf_measure rho = z->inner->ops->measure(z->inner);
    mf_status status = mf_potential_step_noise(z->pot, z->label, &rho, rho.n, rho.x, rho.ld, z->T,
                                               z->scratch, err);
    if (status < 0)
        return status;
    double s = z->eps * mf_particles_xi(z->inner, clock);
    return mf_overlaps_step(z->overlaps, &rho, z->T, s, z->label, h, err);
}

/* One step of the particles' length or less; it is short, and not interrupted. What fails leaves
 * the overlaps as they were.                                                                  */
static mf_status step(shared *z, double goal, mf_error *err) {
    double h, from = z->inner->clock, to = goal;
    mf_status status = mf_particles_next(z->inner, &h, err);
    if (status < 0)
        return status;
    h *= z->share;
    if (!z->fixed) {
        double rate;
        mf_measure rho = z->inner->ops->measure(z->inner);
        status = mf_overlaps_rate(z->overlaps, &rho, &rate, err);
        h = rate * h > REACH ? REACH / rate : h;
    }
    if (status < 0)
        return status;
    if (h < (goal - from) * (1 - 1e-12)) /* no tiny last step */
        to = from + fmin(h, (goal - from) / 2);
    h = to - from;
    status = turn(z, h / 2, from, err);
    (void)mf_particles_atoms(z->inner); /* its velocities are those of other overlaps */
    if (status >= 0)
        status = z->inner->ops->advance(z->inner, to, UINT64_MAX, NULL, err);
    if (status >= 0)
        status = turn(z, h / 2, to, err);
    if (status >= 0)
        mf_overlaps_keep(z->overlaps);
    else
        mf_overlaps_drop(z->overlaps);
    (void)mf_particles_atoms(z->inner);
    return status;
}

static mf_status advance(mf_flow *flow, double goal, uint64_t steps, const mf_flag *stop,
                         mf_error *err) {
    shared *z = shared_of(flow);
    mf_status status = MF_OK;
    for (; z->inner->clock < goal && steps > 0 && status == MF_OK; --steps) {
        status = mf_flag_is_set(stop) ? MF_STOPPED : step(z, goal, err);
        flow->clock = z->inner->clock;
        flow->error = z->inner->error;
        flow->steps += status == MF_OK;
    }
    return status;
}

static mf_measure measure(const mf_flow *flow) {
    const mf_flow *inner = const_shared_of(flow)->inner;
    return inner->ops->measure(inner);
}

static mf_status risk(mf_flow *flow, double *out, mf_error *err) {
    shared *z = shared_of(flow);
    double excess;
    mf_measure rho = measure(flow);
    mf_status status = mf_overlaps_field(z->overlaps, &rho, NULL, &excess, err);
    if (status >= 0)
        status = z->inner->ops->risk(z->inner, out, err);
    if (status >= 0)
        *out += excess;
    (void)mf_particles_atoms(z->inner); /* as after a step */
    return status;
}

static void pace(mf_flow *flow, size_t n, const double *clock, const double *xi) {
    mf_flow *inner = shared_of(flow)->inner;
    inner->ops->pace(inner, n, clock, xi);
}

static void save(const mf_flow *flow, mf_fields_writer *to) {
    const shared *z = const_shared_of(flow);
    z->inner->ops->save(z->inner, to);
    mf_overlaps_save(z->overlaps, to);
}

static mf_status load(mf_flow *flow, mf_fields *from, mf_error *err) {
    shared *z = shared_of(flow);
    mf_status status = z->inner->ops->load(z->inner, from, err);
    if (status >= 0)
        mf_overlaps_load(z->overlaps, from);
    z->inner->clock = flow->clock;
    z->inner->steps = flow->steps;
    z->inner->error = flow->error;
    (void)mf_particles_atoms(z->inner);
    return status < 0 ? status : from->status;
}

static const mf_flow_ops ops = {.name = "shared",
                                .advance = advance,
                                .measure = measure,
                                .risk = risk,
                                .pace = pace,
                                .save = save,
                                .load = load};
