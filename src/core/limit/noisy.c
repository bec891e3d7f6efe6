/* noisy.c: Euler steps of interacting particles with noise (noisy.h). */
#include "noisy.h"

#include "core/base/block.h"
#include "core/base/parallel.h"

#include <math.h>
#include <string.h>

enum {
    CHUNK = 1024,    /* particles: the unit of parallel work and of a draw */
    SQUARES_MAX = 12 /* degrees of freedom up to which chi^2 is a sum of squares */
};

/* Streams of the noise: normals of coordinate c; then what the chi^2 of a radius takes. */
enum { STREAM_NORMAL = 0x50000000, STREAM_CHI = 0x50010000, STREAM_ACCEPT = 0x50020000 };

typedef struct {
    mf_flow flow; /* steps are whole ones, k; clock >= k h is what is seen */
    mf_noisy_spec spec;
    size_t size;            /* dim * J */
    int ready;              /* grad and m belong to theta */
    int seen;               /* view and m_view belong to clock */
    double *theta, *view;   /* size: after k steps; at `clock` */
    double *grad;           /* size */
    double *weight;         /* J */
    double *m, *m_view, *g; /* rank */
    double *dimension;      /* dim */
    double *rate, A;        /* dim; output scale. m is A times the mean features */
    void *scratch;
} noisy;

static size_t chunks_of(size_t n) {
    return (n + CHUNK - 1) / CHUNK;
}

size_t mf_noisy_bytes(const mf_noisy_spec *spec) {
    size_t dim = spec->potential->dim, rank = spec->potential->rank;
    if (spec->J > SIZE_MAX / 64 / (dim + 1) / 8)
        return 0;
    size_t numbers = 3 * mf_lines(dim * spec->J) + mf_lines(spec->J) + 3 * mf_lines(rank) +
                     2 * mf_lines(dim);
    return mf_lines(sizeof(noisy)) + numbers * sizeof(double) +
           mf_potential_scratch(spec->potential, spec->J) + 64;
}

static const mf_flow_ops ops;

mf_flow *mf_noisy_init(void *mem, const mf_noisy_spec *spec) {
    noisy *run = mem;
    size_t dim = spec->potential->dim, size = dim * spec->J, rank = spec->potential->rank;
    *run = (noisy){.flow = {.ops = &ops, .error = NAN}, .spec = *spec, .size = size};
    double *next = (double *)(void *)((char *)mem + mf_lines(sizeof *run));
    run->theta = mf_take(&next, size);
    run->view = mf_take(&next, size);
    run->grad = mf_take(&next, size);
    run->weight = mf_take(&next, spec->J);
    run->m = mf_take(&next, rank);
    run->m_view = mf_take(&next, rank);
    run->g = mf_take(&next, rank);
    run->dimension = mf_take(&next, dim);
    run->rate = mf_take(&next, dim);
    run->scratch = next;
    memset(run->theta, 0, (size_t)((char *)next - (char *)run->theta));
    memcpy(run->dimension, spec->dimension, dim * sizeof *run->dimension);
    run->spec.dimension = run->dimension;
    run->A = spec->scale > 0 ? spec->scale : 1;
    for (size_t c = 0; c < dim; ++c)
        run->rate[c] = spec->rate ? spec->rate[c] : 1;
    run->spec.rate = run->rate;
    for (size_t j = 0; j < spec->J; ++j)
        run->weight[j] = 1 / (double)spec->J;
    return &run->flow;
}

static noisy *run_of(mf_flow *flow) {
    return (noisy *)(void *)flow;
}

static const noisy *const_run_of(const mf_flow *flow) {
    return (const noisy *)(const void *)flow;
}

double *mf_noisy_atoms(mf_flow *flow) {
    run_of(flow)->ready = run_of(flow)->seen = 0;
    return run_of(flow)->theta;
}

double *mf_noisy_weights(mf_flow *flow) {
    run_of(flow)->ready = run_of(flow)->seen = 0;
    return run_of(flow)->weight;
}

/* ---- noise ------------------------------------------------------------------------------ */

/* One chi^2 of q > SQUARES_MAX degrees of freedom: Marsaglia and Tsang's rejection for the gamma
 * law, whose first try is taken 95 times in 100 and more.                                  */
static double chi_square(double q, uint64_t seed, size_t c, uint64_t draw) {
    double d = q / 2 - 1.0 / 3, scale = 1 / sqrt(9 * d);
    for (size_t tries = 4;; tries *= 2) {
        double x[64], u[64];
        size_t n = tries < 64 ? tries : 64;
        mf_rng_normals((mf_key){seed, STREAM_CHI + c}, draw, n, x);
        mf_rng_uniforms((mf_key){seed, STREAM_ACCEPT + c}, draw, n, u);
        for (size_t i = 0; i < n; ++i) {
            double v = 1 + scale * x[i];
            v = v * v * v;
            if (v > 0 && log(u[i]) < x[i] * x[i] / 2 + d * (1 - v + log(v)))
                return 2 * d * v;
        }
        if (n == 64) /* a chance of 1e-80 and less */
            return 2 * d;
    }
}

/* chi^2 of q degrees of freedom for n particles of a chunk; square holds them. */
static void chi_squares(const noisy *run, double q, size_t c, uint64_t draw, size_t first, size_t n,
                        double *square) {
    double normal[CHUNK];
    if (q > SQUARES_MAX) {
        for (size_t i = 0; i < n; ++i)
            square[i] = chi_square(q, run->spec.seed, c, run->flow.steps * run->spec.J + first + i);
        return;
    }
    memset(square, 0, n * sizeof *square);
    for (size_t s = 0; s < (size_t)q; ++s) {
        mf_key key = {run->spec.seed, STREAM_CHI + c + (s << 20)};
        mf_rng_normals(key, draw, n, normal);
        for (size_t i = 0; i < n; ++i)
            square[i] += normal[i] * normal[i];
    }
}

/* ---- a step --------------------------------------------------------------------------------- */

static mf_measure law_of(const noisy *run, const double *theta) {
    const mf_potential *pot = run->spec.potential;
    return (mf_measure){pot->space, run->spec.J, pot->dim, run->spec.J, theta, run->weight};
}

/* A times the mean features of rho. */
static mf_status mean_of(noisy *run, const mf_measure *rho, double *m, mf_error *err) {
    const mf_potential *pot = run->spec.potential;
    mf_status status = mf_potential_mean(pot, rho, m, run->scratch, err);
    for (size_t k = 0; k < pot->rank; ++k)
        m[k] *= run->A;
    return status;
}

/* m and grad Psi at theta. */
static mf_status refresh(noisy *run, mf_error *err) {
    const mf_potential *pot = run->spec.potential;
    size_t J = run->spec.J;
    mf_measure rho = law_of(run, run->theta);
    mf_status status = run->ready ? MF_OK : mean_of(run, &rho, run->m, err);
    if (run->ready || status < 0)
        return status;
    mf_potential_force(pot, run->m, run->g);
    status = mf_potential_field(pot, run->g, J, run->theta, J, NULL, run->grad, run->scratch, err);
    run->ready = status >= 0;
    return status;
}

typedef struct {
    const noisy *run;
    double h;
    double *to;
} job;

static void step_chunk(void *context, size_t chunk) {
    const job *work = context;
    const noisy *run = work->run;
    size_t J = run->spec.J, first = chunk * CHUNK, n = J - first < CHUNK ? J - first : CHUNK;
    double normal[CHUNK], square[CHUNK];
    uint64_t draw = run->flow.steps * chunks_of(J) + chunk;
    for (size_t c = 0; c < run->spec.potential->dim; ++c) {
        const double *theta = run->theta + c * J + first, *grad = run->grad + c * J + first;
        double *to = work->to + c * J + first, p = run->dimension[c];
        double h = work->h * run->rate[c] / (run->A * run->A),
               spread = sqrt(4 * h / run->spec.beta);
        if (mf_is_fixed(run->spec.potential, c)) {
            memcpy(to, theta, n * sizeof *to);
            continue;
        }
        mf_rng_normals((mf_key){run->spec.seed, STREAM_NORMAL + c}, draw, n, normal);
        if (p > 1)
            chi_squares(run, p - 1, c, draw, first, n, square);
        for (size_t i = 0; i < n; ++i) {
            double slope = run->A * grad[i] + run->spec.lambda * theta[i];
            double x = theta[i] - 2 * h * slope + spread * normal[i];
            to[i] = p > 1 ? sqrt(x * x + spread * spread * square[i]) : p == 1 ? fabs(x) : x;
        }
    }
}

static void step(noisy *run, double h, double *to) {
    job work = {run, h, to};
    mf_parallel(chunks_of(run->spec.J), step_chunk, &work);
}

static bool is_finite(const double *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i)
        sum += x[i] * 0;
    return sum == 0;
}

static mf_status diverged(const noisy *run, mf_error *err) {
    return mf_fail(err, MF_EDIVERGED, "diverged at clock int xi = %g: the step %g is too long",
                   run->flow.clock, run->spec.step);
}

static mf_status look(noisy *run, mf_error *err) {
    double part = run->flow.clock - (double)run->flow.steps * run->spec.step;
    mf_status status = run->seen ? MF_OK : refresh(run, err);
    if (run->seen || status < 0)
        return status;
    if (part > 0)
        step(run, part, run->view);
    else
        memcpy(run->view, run->theta, run->size * sizeof *run->view);
    if (!is_finite(run->view, run->size))
        return diverged(run, err);
    mf_measure rho = law_of(run, run->view);
    status = mean_of(run, &rho, run->m_view, err);
    run->seen = status >= 0;
    return status;
}

static mf_status advance(mf_flow *flow, double goal, uint64_t steps, const mf_flag *stop,
                         mf_error *err) {
    noisy *run = run_of(flow);
    double h = run->spec.step;
    mf_status status = MF_OK;
    while ((double)(run->flow.steps + 1) * h <= goal * (1 + 1e-14) && steps-- > 0) {
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        if ((status = refresh(run, err)) < 0)
            return status;
        step(run, h, run->view);
        run->seen = 0;
        if (!is_finite(run->view, run->size))
            return diverged(run, err);
        double *keep = run->theta;
        run->theta = run->view;
        run->view = keep;
        run->flow.clock = (double)++run->flow.steps * h;
        run->ready = 0;
    }
    double before = run->flow.clock;
    if (run->flow.clock < goal && (double)(run->flow.steps + 1) * h > goal * (1 + 1e-14)) {
        run->flow.clock = goal;
        run->seen = 0;
    } else if (fabs(run->flow.clock - goal) <= 1e-14 * goal)
        run->flow.clock = goal;
    if ((status = look(run, err)) < 0) {
        run->flow.clock = before;
        run->seen = 0;
    }
    return status;
}

/* ---- what is seen from outside ------------------------------------------------------------- */

static mf_status risk(mf_flow *flow, double *out, mf_error *err) {
    noisy *run = run_of(flow);
    mf_status status = look(run, err);
    if (status >= 0)
        *out = mf_potential_risk(run->spec.potential, run->m_view) +
               run->spec.label_noise * run->spec.label_noise;
    return status;
}

static mf_measure measure(const mf_flow *flow) {
    const noisy *run = const_run_of(flow);
    return law_of(run, run->seen ? run->view : run->theta);
}

/* ---- files ------------------------------------------------------------------------------------- */

static bool is_between(const noisy *run) {
    return run->flow.clock > (double)run->flow.steps * run->spec.step;
}

/* Between two steps the state is what lies before the law that is seen. */
static void save(const mf_flow *flow, mf_fields_writer *to) {
    const noisy *run = const_run_of(flow);
    if (is_between(run))
        mf_fields_doubles(to, "state", run->size, run->theta);
}

static mf_status load(mf_flow *flow, mf_fields *from, mf_error *err) {
    noisy *run = run_of(flow);
    double h = run->spec.step, whole = (double)flow->steps * h;
    mf_fields_require(from, "clock",
                      flow->clock >= whole * (1 - 1e-13) &&
                              flow->clock <= (whole + h) * (1 + 1e-13));
    const double *state = is_between(run) ? mf_fields_find(from, "state", run->size, 1) : NULL;
    mf_measure law = law_of(run, state);
    if (from->status >= 0 && state && mf_measure_check(&law, err) < 0)
        mf_fields_require(from, "state", false);
    if (from->status < 0)
        return from->status;
    if (state)
        memcpy(run->theta, state, run->size * sizeof *state);
    mf_status status = look(run, err);
    if (status != MF_EDIVERGED)
        return status;
    mf_fields_require(from, "state", false); /* what was seen there was finite */
    return from->status;
}

static const mf_flow_ops ops = {.name = "noisy",
                                .advance = advance,
                                .risk = risk,
                                .measure = measure,
                                .save = save,
                                .load = load};
