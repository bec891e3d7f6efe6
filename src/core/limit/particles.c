/* particles.c: Dormand-Prince and Chebyshev steps of interacting particles, walls at radius 0. */
#include "particles.h"

#include "core/base/block.h"
#include "core/base/parallel.h"
#include "rkc.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { STAGES = 7, CHUNK = 8192, PATIENCE = 15, RHO_AGE = 25 };

/* Of one step at most this power of e for a perturbation of one particle. */
static const double GROWTH = 0.1;

typedef struct {
    mf_flow flow;
    mf_particles_spec spec;
    size_t size;    /* dim * J, and with birth and death J more       */
    double h;       /* next step to try; 0: not yet chosen            */
    double span;    /* length of the latest step while eff holds the state before it and k its
                     velocities; else 0 */
    int stabilised; /* steps are Chebyshev's                           */
    int stiff, mild, patience;   /* latest steps that stability bound or did not; how many of the
                                    first kind lead to Chebyshev's steps            */
    int age;                     /* steps since rho was looked at                   */
    double rho;                  /* the largest decay rate; 0: not known            */
    int straight;                /* the latest step is known by its ends alone      */
    double estimate[STAGES];     /* the latest error, of the velocities             */
    int ready;                   /* k[0], raw and m belong to the present state     */
    double *theta, *trial, *eff; /* size: state, stage, stage clamped to the domain */
    double *raw;                 /* size: velocity before walls are taken into account */
    double *k[STAGES];           /* size: velocities at the stages                   */
    double *weight;              /* J: masses of theta                               */
    double A;                    /* output scale                                     */
    double *m, *g;               /* rank; m is A times the mean features             */
    double *charge;              /* J: A times the masses of a state; or it is weight itself */
    double *between;             /* J: masses of a law within the latest step; or weight */
    double *psi, mean_psi;       /* birth and death: J, <g, f> at eff; its mean      */
    int massed;                  /* birth and death: theta has weight's logarithms   */
    double *rate;                /* dim; NULL: 1                                     */
    double *partial;             /* one number a chunk                               */
    double *m_between;           /* rank: mean features of a law within the latest step */
    double *T, *directions; /* with eps: size, step noise; dim, its directions (0: full weights) */
    unsigned char *held;    /* size: this radius is 0 and pressed against it  */
    void *scratch;
} particles;

static size_t chunks_of(size_t n) {
    return (n + CHUNK - 1) / CHUNK;
}

/* Numbers that move: coordinates, and logarithms of masses behind them. */
static size_t size_of(const mf_particles_spec *spec) {
    return (spec->potential->dim + (spec->birth_death > 0 ? 1 : 0)) * spec->J;
}

static int has_charge(const mf_particles_spec *spec) {
    return spec->birth_death > 0 || (spec->scale > 0 && spec->scale != 1);
}

size_t mf_particles_bytes(const mf_particles_spec *spec) {
    size_t dim = spec->potential->dim, rank = spec->potential->rank;
    if (spec->J > SIZE_MAX / 64 / (dim + 2) / (STAGES + 8))
        return 0;
    size_t size = mf_lines(size_of(spec));
    size_t noise = spec->eps > 0 ? size + mf_lines(dim) : 0;
    size_t masses = (has_charge(spec) ? 3 * mf_lines(spec->J) : 0) + mf_lines(dim);
    size_t numbers = noise + masses + size * (STAGES + 4) + mf_lines(spec->J) + 3 * mf_lines(rank) +
                     mf_lines(chunks_of(size)) + size / 8;
    return mf_lines(sizeof(particles)) + numbers * sizeof(double) +
           mf_potential_scratch(spec->potential, spec->J) + 64;
}

static const mf_flow_ops ops;

static double rate_of(const particles *run, size_t c) {
    return run->rate ? run->rate[c] : 1;
}

mf_flow *mf_particles_init(void *mem, const mf_particles_spec *spec) {
    particles *run = mem;
    size_t size = size_of(spec), dim = spec->potential->dim, padded = mf_lines(size);
    size_t rank = mf_lines(spec->potential->rank);
    *run = (particles){.flow = {.ops = &ops}, .spec = *spec, .size = size, .patience = PATIENCE};
    double *next = (double *)(void *)((char *)mem + mf_lines(sizeof *run));
    run->theta = mf_take(&next, padded);
    run->trial = mf_take(&next, padded);
    run->eff = mf_take(&next, padded);
    run->raw = mf_take(&next, padded);
    for (int s = 0; s < STAGES; ++s)
        run->k[s] = mf_take(&next, padded);
    run->weight = mf_take(&next, spec->J);
    run->m = mf_take(&next, rank);
    run->g = mf_take(&next, rank);
    run->m_between = mf_take(&next, rank);
    run->partial = mf_take(&next, chunks_of(padded));
    if (spec->eps > 0) {
        run->T = mf_take(&next, padded);
        run->directions = mf_take(&next, spec->potential->dim);
    }
    run->charge = run->between = run->weight;
    if (has_charge(spec)) {
        run->charge = mf_take(&next, spec->J);
        run->between = mf_take(&next, spec->J);
        run->psi = mf_take(&next, spec->J);
    }
    run->rate = spec->rate ? mf_take(&next, dim) : NULL;
    run->held = (unsigned char *)next, next += padded / 8;
    run->scratch = next;
    memset(run->theta, 0, (size_t)((char *)next - (char *)run->theta));
    for (size_t j = 0; j < spec->J; ++j)
        run->weight[j] = 1 / (double)spec->J;
    run->A = run->flow.scale = spec->scale > 0 ? spec->scale : 1;
    if (spec->rate)
        memcpy(run->rate, spec->rate, dim * sizeof *run->rate);
    for (size_t c = 0; spec->eps > 0 && c < dim; ++c) {
        double rate = rate_of(run, c) / run->A;
        run->directions[c] = mf_is_radius(spec->potential, c) ? spec->dimension[c] - 1 : 1;
        run->directions[c] *= rate * rate;
    }
    run->spec.dimension = run->spec.rate = NULL;
    run->spec.plain = spec->plain || spec->eps > 0 || spec->birth_death > 0;
    return &run->flow;
}

/* The flow is the run's first member. */
static particles *run_of(mf_flow *flow) {
    return (particles *)(void *)flow;
}

static const particles *const_run_of(const mf_flow *flow) {
    return (const particles *)(const void *)flow;
}

double *mf_particles_atoms(mf_flow *flow) {
    run_of(flow)->ready = 0;
    return run_of(flow)->theta;
}

double *mf_particles_weights(mf_flow *flow) {
    run_of(flow)->ready = run_of(flow)->massed = 0;
    return run_of(flow)->weight;
}

/* How many of the numbers are coordinates. */
static size_t coordinates(const particles *run) {
    return run->spec.potential->dim * run->spec.J;
}

static int is_radius(const particles *run, size_t i) {
    return i < coordinates(run) && mf_is_radius(run->spec.potential, i / run->spec.J);
}

/* Whether coordinate i is stepped as its square. */
static int is_squared(const particles *run, size_t i) {
    return run->spec.eps > 0 && is_radius(run, i);
}

/* ---- masses -------------------------------------------------------------------------------- */

/* p = exp(l) / Z, l behind the coordinates of a state; where masses do not move, theta's. */
static void masses_of(const particles *run, const double *state, double *p) {
    const double *l = state + coordinates(run);
    double most = -HUGE_VAL, sum = 0;
    if (run->spec.birth_death == 0) {
        memmove(p, run->weight, run->spec.J * sizeof *p);
        return;
    }
    for (size_t j = 0; j < run->spec.J; ++j)
        most = fmax(most, l[j]);
    for (size_t j = 0; j < run->spec.J; ++j)
        sum += p[j] = exp(l[j] - most);
    for (size_t j = 0; j < run->spec.J; ++j)
        p[j] /= sum;
}

/* A state with A times its masses: its mean features are those of yhat. */
static mf_measure charged(const particles *run, const double *state) {
    const mf_potential *pot = run->spec.potential;
    if (run->charge != run->weight) {
        masses_of(run, state, run->charge);
        for (size_t j = 0; j < run->spec.J; ++j)
            run->charge[j] *= run->A;
    }
    return (mf_measure){pot->space, run->spec.J, pot->dim, run->spec.J, state, run->charge};
}

static double logarithm(const particles *run, size_t j) {
    return log((double)run->spec.J * run->weight[j]);
}

/* The logarithms of masses that were given. */
static void take_logarithms(particles *run) {
    for (size_t j = 0; !run->massed && run->spec.birth_death > 0 && j < run->spec.J; ++j)
        run->theta[coordinates(run) + j] = logarithm(run, j);
    run->massed = 1;
}

/* ---- loops over all coordinates of all particles, in fixed chunks ------------------- */

typedef struct {
    particles *run;
    const double *coef; /* of k[0 .. count-1] */
    int count;
    double h;
} job;

static size_t chunk_end(const particles *run, size_t chunk) {
    size_t end = (chunk + 1) * CHUNK;
    return end < run->size ? end : run->size;
}

/* trial = theta (or its square) + h sum_s coef_s k_s; eff = the theta that this is, in the domain. */
static void combine_chunk(void *context, size_t chunk) {
    const job *work = context;
    particles *run = work->run;
    size_t first = chunk * CHUNK, end = chunk_end(run, chunk), n = end - first;
    double *restrict trial = run->trial + first, *restrict eff = run->eff + first;
    memcpy(trial, run->theta + first, n * sizeof *trial);
    for (size_t i = 0; run->spec.eps > 0 && i < n; ++i)
        trial[i] *= is_radius(run, first + i) ? trial[i] : 1;
    for (int s = 0; s < work->count; ++s) {
        double c = work->h * work->coef[s];
        const double *restrict k = run->k[s] + first;
        for (size_t i = 0; c != 0 && i < n; ++i)
            trial[i] += c * k[i];
    }
    for (size_t i = 0; i < n; ++i)
        eff[i] = trial[i] < 0 && is_radius(run, first + i) ? 0 : trial[i];
    for (size_t i = 0; run->spec.eps > 0 && i < n; ++i)
        eff[i] = is_radius(run, first + i) ? sqrt(eff[i]) : eff[i];
}

static void combine(particles *run, double h, const double *coef, int count) {
    job work = {run, coef, count, h};
    mf_parallel(chunks_of(run->size), combine_chunk, &work);
}

/* grad Psi at eff into `raw`, the step noise into T; the mean features into m. */
static mf_status force(particles *run, mf_error *err) {
    const mf_potential *pot = run->spec.potential;
    size_t J = run->spec.J;
    double noise = run->spec.label_noise, *psi = run->spec.birth_death > 0 ? run->psi : NULL;
    mf_measure rho = charged(run, run->eff);
    mf_status status = mf_potential_mean(pot, &rho, run->m, run->scratch, err);
    if (status < 0)
        return status;
    mf_potential_force(pot, run->m, run->g);
    if (run->spec.eps > 0)
        status = mf_potential_step_noise(pot, noise * noise, &rho, J, run->eff, J, run->T,
                                         run->scratch, err);
    if (status < 0)
        return status;
    status = mf_potential_field(pot, run->g, J, run->eff, J, psi, run->raw, run->scratch, err);
    if (run->spec.pull && status >= 0)
        status = run->spec.pull(run->spec.context, &rho, run->raw, err);
    run->mean_psi = 0;
    for (size_t j = 0; psi && status >= 0 && j < J; ++j)
        run->mean_psi += run->charge[j] / run->A * psi[j];
    return status;
}

static void velocity_chunk(void *context, size_t chunk) {
    const job *work = context;
    particles *run = work->run;
    double *restrict k = run->k[work->count], share = 1 / run->A;
    double lambda = run->spec.lambda * share * share;
    size_t first = chunk * CHUNK, end = chunk_end(run, chunk), all = coordinates(run);
    size_t last = end < all ? end : all;
    for (size_t i = first; i < last; ++i) {
        bool decays = lambda > 0 && !mf_is_fixed(run->spec.potential, i / run->spec.J);
        double v = -2 * (share * run->raw[i] + (decays ? lambda * run->eff[i] : 0));
        v *= run->rate ? run->rate[i / run->spec.J] : 1;
        run->raw[i] = v;
        k[i] = run->held[i] ? 0 : v;
    }
    for (size_t i = first > all ? first : all; i < end; ++i)
        k[i] = -2 * run->spec.birth_death * share * (run->psi[i - all] - run->mean_psi);
    for (size_t i = first; run->spec.eps > 0 && i < last; ++i) {
        double gain = 4 * work->h * run->directions[i / run->spec.J] * run->T[i];
        k[i] = isinf(run->eff[i]) ? 0 : gain + k[i] * (is_radius(run, i) ? 2 * run->eff[i] : 1);
    }
}

/* Velocities of stage s of a step of length h: -2 grad Psi, and what the steps' noise adds. */
static mf_status stage(particles *run, int s, double h, mf_error *err) {
    static const double C[STAGES] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
    double eps = run->spec.eps;
    job work = {run, NULL, s,
                eps > 0 ? eps * mf_pace_xi(&run->spec.pace, run->flow.clock + C[s] * h) : 0};
    mf_status status = force(run, err);
    if (status >= 0)
        mf_parallel(chunks_of(run->size), velocity_chunk, &work);
    return status;
}

/* Squares of the step's error estimate over rho, scaled (the norm that tol bounds) or not. */
static void error_chunk(void *context, size_t chunk) {
    const job *work = context;
    const particles *run = work->run;
    size_t J = run->spec.J;
    double sum = 0;
    for (size_t i = chunk * CHUNK; i < chunk_end(run, chunk); ++i) {
        double e = 0, scale = work->count ? 1 + fabs(run->theta[i]) : 1;
        int squared = is_squared(run, i);
        if ((squared ? run->eff[i] == 0 : run->eff[i] > run->trial[i]) || isinf(run->theta[i]))
            continue; /* absorbed at 0, or at infinity: no error in its place */
        if (squared)  /* of the root */
            scale *= run->theta[i] + run->eff[i];
        for (int s = 0; s < STAGES; ++s)
            e += work->coef[s] * run->k[s][i];
        e *= work->h / scale;
        sum += run->weight[i % J] * e * e;
    }
    run->partial[chunk] = sum;
}

static double norm_of_error(particles *run, double h, const double *coef, int scaled) {
    job work = {run, coef, scaled, h};
    mf_parallel(chunks_of(run->size), error_chunk, &work);
    double sum = 0;
    for (size_t c = 0; c < chunks_of(run->size); ++c)
        sum += run->partial[c];
    return sqrt(sum);
}

/* ---- walls ---------------------------------------------------------------------------- */

/* Evaluates the present state, unless that is done, and decides which radii are held at 0. */
static mf_status refresh(particles *run, mf_error *err) {
    static const double none[1] = {0};
    if (run->ready)
        return MF_OK;
    run->span = 0;
    memset(run->held, 0, run->size);
    take_logarithms(run);
    combine(run, 0, none, 0);
    mf_status status = stage(run, 0, 0, err);
    if (status < 0)
        return status;
    for (size_t i = 0; i < run->size; ++i)
        if (run->theta[i] == 0 && is_radius(run, i) && !is_squared(run, i) && run->k[0][i] < 0) {
            run->held[i] = 1;
            run->k[0][i] = 0;
        }
    run->ready = 1;
    return MF_OK;
}

/* How far the held radii should have moved in a step of length h at whose end (in raw) the
 * force points outward: it grew from 0 at some time within, so at most v h / 2.          */
static double missed(const particles *run, double h) {
    double worst = 0;
    for (size_t i = 0; i < run->size; ++i)
        if (run->held[i] && run->raw[i] * h / 2 > worst)
            worst = run->raw[i] * h / 2;
    return worst;
}

/* Takes the trial state over; true if the next step can start from its last stage. The state
 * before and the first velocity stay, in eff and the last k, until the next step begins.   */
static int accept(particles *run) {
    int smooth = 1;
    for (size_t i = 0; i < run->size && run->spec.eps == 0; ++i) {
        int at_wall = run->eff[i] == 0 && is_radius(run, i);
        if (run->eff[i] != run->trial[i] || (run->held[i] && run->raw[i] >= 0) ||
            (at_wall && !run->held[i] && run->raw[i] < 0))
            smooth = 0; /* a particle reached 0 or may leave it */
    }
    mf_swap(&run->theta, &run->eff);
    mf_swap(&run->k[0], &run->k[STAGES - 1]);
    if (run->spec.birth_death > 0)
        masses_of(run, run->theta, run->weight);
    return smooth;
}

/* ---- steps ------------------------------------------------------------------------------- */

static const double A[STAGES][STAGES] = {
        {0},
        {1.0 / 5},
        {3.0 / 40, 9.0 / 40},
        {44.0 / 45, -56.0 / 15, 32.0 / 9},
        {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
        {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
        {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}};
static const double E[STAGES] = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                                 -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

/* A first step: the time in which the particles move by a thousandth of their scale. */
static double first_step(const particles *run) {
    double speed = 0;
    for (size_t i = 0; i < run->size; ++i) {
        double v = run->k[0][i] / (1 + fabs(run->theta[i]));
        if (is_squared(run, i))
            v /= 2 * run->theta[i] + 1e-3;
        if (isfinite(run->theta[i]))
            speed += run->weight[i % run->spec.J] * v * v;
    }
    return speed > 0 ? 1e-3 / sqrt(speed) : 1e-3;
}

/* The error of a trial step relative to the tolerance; `coef` of the velocities is its estimate. */
static double judge(particles *run, double h, const double coef[STAGES]) {
    memcpy(run->estimate, coef, sizeof run->estimate);
    double e = norm_of_error(run, h, coef, 1) / run->spec.tol;
    double late = missed(run, h) / (10 * run->spec.tol);
    return late > 1 && late > e ? fmin(late * late * late, 1e6) : e; /* first order in h^2 */
}

/* One trial step of length h: the new state in trial/eff, its velocity in k[6]. *relative is
 * its error relative to the tolerance, NaN if the numbers are not finite. The flag is polled at each stage. */
static mf_status try_step(particles *run, double h, const mf_flag *stop, double *relative,
                          mf_error *err) {
    run->span = 0;
    for (int s = 1; s < STAGES; ++s) {
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        combine(run, h, A[s], s);
        mf_status status = stage(run, s, h, err);
        if (status < 0)
            return status;
    }
    *relative = judge(run, h, E);
    return MF_OK;
}

/* ---- at rest: Chebyshev's steps --------------------------------------------------------------- */

/* Counts the steps that stability bounds, by the rate at which the last two stages, both at the
 * step's end, differ (Hairer and Wanner, section IV.2); true when they call for Chebyshev's.  */
static int is_stiff(particles *run, double h) {
    static const double last_two[STAGES] = {0, 0, 0, 0, 0, -1, 1};
    double apart[STAGES];
    for (int s = 0; s < STAGES; ++s)
        apart[s] = A[6][s] - A[5][s];
    double forces = norm_of_error(run, 1, last_two, 1), places = norm_of_error(run, h, apart, 1);
    int bound = forces * h > 3.25 * places;
    run->stiff += bound;
    run->mild = bound ? 0 : run->mild + 1;
    if (run->mild >= 6)
        run->stiff = 0;
    return run->stiff >= run->patience;
}

/* eff = theta + length * direction, inside the domain and where theta is finite. */
static void look_aside(particles *run, double length, const double *direction) {
    for (size_t i = 0; i < run->size; ++i) {
        double x = run->theta[i] + length * direction[i];
        run->eff[i] = isinf(run->theta[i]) ? run->theta[i] : x < 0 && is_radius(run, i) ? 0 : x;
    }
}

static double norm_over_rho(const particles *run, const double *x) {
    double sum = 0;
    for (size_t i = 0; i < run->size; ++i)
        if (isfinite(run->theta[i]))
            sum += run->weight[i % run->spec.J] * x[i] * x[i];
    return sqrt(sum);
}

/* The largest decay rate rho, a fifth more than the power method finds on differences of forces.
 * It starts from where it ended, in k[5].                                                  */
static mf_status decay_rate(particles *run, const mf_flag *stop, mf_error *err) {
    double *v = run->k[5], *kv = run->k[4], last = 0;
    for (size_t i = 0; run->rho == 0 && i < run->size; ++i) /* signs in no order: of every mode */
        v[i] = (i * 2654435761u >> 16) % 2 ? 1 : -1;
    for (int tries = 0; tries < 50; ++tries) {
        double size = norm_over_rho(run, v), length = size > 0 ? 1e-7 / size : 0;
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        look_aside(run, length, v);
        mf_status status = stage(run, 4, 0, err);
        if (status < 0)
            return status;
        for (size_t i = 0; i < run->size; ++i)
            v[i] = isfinite(run->theta[i]) ? run->eff[i] - run->theta[i] : 0;
        double moved = norm_over_rho(run, v);
        for (size_t i = 0; i < run->size; ++i)
            v[i] = kv[i] - run->k[0][i];
        double rate = moved > 0 ? norm_over_rho(run, v) / moved : 0;
        if (fabs(rate - last) <= 0.01 * rate)
            tries = 50;
        run->rho = 1.2 * rate;
        last = rate;
    }
    run->age = 0;
    return MF_OK;
}

/* Whether H + rate, of dimension n, is positive definite, by Cholesky's factors in its place. */
static int is_convex(double *H, size_t n, double rate) {
    for (size_t c = 0; c < n; ++c)
        for (size_t b = 0; b <= c; ++b) {
            double sum = H[c * n + b] + (b == c ? rate : 0);
            for (size_t a = 0; a < b; ++a)
                sum -= H[c * n + a] * H[b * n + a];
            if (b == c && !(sum > 0))
                return 0;
            H[c * n + b] = b == c ? sqrt(sum) : sum / H[b * n + b];
        }
    return 1;
}

/* The Hessian of Psi at `count` particles from `first` on, by differences of the field, dim x dim
 * each, symmetric, into k[4]; grad is at theta. Held and infinite coordinates are left out.   */
static mf_status hessians(particles *run, size_t first, size_t count, const double *grad,
                          mf_error *err) {
    const mf_potential *pot = run->spec.potential;
    size_t dim = pot->dim, J = run->spec.J;
    double *x = run->k[2], *moved = run->k[3], *H = run->k[4];
    for (size_t c = 0; c < dim; ++c) {
        for (size_t b = 0; b < dim; ++b)
            memcpy(x + b * count, run->theta + b * J + first, count * sizeof *x);
        for (size_t i = 0; i < count; ++i)
            if (isfinite(x[c * count + i]))
                x[c * count + i] += 1e-7 * (1 + fabs(x[c * count + i]));
        mf_status status =
                mf_potential_field(pot, run->g, count, x, count, NULL, moved, run->scratch, err);
        if (status < 0)
            return status;
        for (size_t i = 0; i < count; ++i)
            for (size_t b = 0; b < dim; ++b) {
                size_t at = c * J + first + i, other = b * J + first + i;
                int out = run->held[at] || run->held[other] || isinf(run->theta[at]);
                double step = x[c * count + i] - run->theta[at];
                H[(i * dim + c) * dim + b] = out ? 0 : (moved[b * count + i] - grad[other]) / step;
            }
    }
    for (size_t i = 0; i < count; ++i)
        for (size_t c = 0; c < dim; ++c)
            for (size_t b = 0; b < c; ++b) {
                double *low = &H[(i * dim + c) * dim + b], *high = &H[(i * dim + b) * dim + c];
                *low = *high = (*low + *high) / 2;
            }
    return MF_OK;
}

/* These Hessians in the metric of the rates and the clock of the output scale, decay included: symmetric,
 * with the rates of the flow as eigenvalues.                                                  */
static void weigh_hessians(const particles *run, size_t count, double *H) {
    size_t dim = run->spec.potential->dim;
    for (size_t i = 0; i < count * dim * dim; ++i) {
        size_t c = i / dim % dim, b = i % dim;
        double decay = b == c ? run->spec.lambda / (run->A * run->A) : 0;
        H[i] = sqrt(rate_of(run, c) * rate_of(run, b)) * (H[i] / run->A + decay);
    }
}

/* The longest step in which no perturbation of one particle grows by more than e^GROWTH. The
 * interaction only damps: the flow's derivative is at most that of the particles in the field
 * as it stands, -2 (Hessian of Psi + lambda). At a saddle the law may stand still for long, and
 * what leads away is smaller than any tolerance; no error estimate would see it. The search
 * ends at `least`.                                                                           */
static mf_status steady_step(particles *run, double least, double *h, mf_error *err) {
    static const double none[1] = {0};
    size_t dim = run->spec.potential->dim, J = run->spec.J, block = J / dim;
    int weighed = run->rate || run->A != 1;
    double rate = GROWTH / (2 * *h), top = GROWTH / (2 * least);
    double decay = weighed ? 0 : run->spec.lambda;
    double *grad = run->raw, *copy = run->k[3];
    combine(run, 0, none, 0);
    mf_status status = force(run, err);
    for (size_t first = 0; first < J && status >= 0 && rate < top; first += block) {
        size_t count = J - first < block ? J - first : block;
        status = hessians(run, first, count, grad, err);
        if (weighed && status >= 0)
            weigh_hessians(run, count, run->k[4]);
        for (size_t i = 0; i < count && status >= 0; ++i)
            for (;; rate *= 2) {
                memcpy(copy, run->k[4] + i * dim * dim, dim * dim * sizeof *copy);
                if (rate >= top || is_convex(copy, dim, rate + decay))
                    break;
            }
    }
    *h = GROWTH / (2 * rate);
    return status;
}

typedef struct {
    particles *run;
    mf_chebyshev c;
    double h;
    const double *slope; /* F_{j-1} */
} stage_job;

/* D_j into k[2], which held D_{j-2}; k[1] holds D_{j-1}. */
static void chebyshev_chunk(void *context, size_t chunk) {
    const stage_job *work = context;
    particles *run = work->run;
    mf_chebyshev c = work->c;
    const double *restrict first = run->k[0], *restrict last = run->k[1];
    for (size_t i = chunk * CHUNK; i < chunk_end(run, chunk); ++i) {
        double kick = work->h * c.slope * (work->slope[i] - c.back * first[i]);
        double D = c.mu * last[i] + c.nu * run->k[2][i] + kick;
        run->k[2][i] = D;
        run->trial[i] = run->theta[i] + D;
        run->eff[i] = run->trial[i] < 0 && is_radius(run, i) ? 0 : run->trial[i];
    }
}

/* One trial step of length h, as try_step. */
static mf_status try_stages(particles *run, double h, const mf_flag *stop, double *relative,
                            mf_error *err) {
    int s = mf_chebyshev_stages(h * run->rho);
    stage_job work = {run, mf_chebyshev_start(s), h, run->k[0]};
    run->span = 0;
    memset(run->k[1], 0, run->size * sizeof *run->k[1]);
    memset(run->k[2], 0, run->size * sizeof *run->k[2]);
    for (int j = 1; j <= s; ++j) {
        mf_parallel(chunks_of(run->size), chebyshev_chunk, &work);
        mf_swap(&run->k[1], &run->k[2]);
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        mf_status status = stage(run, j < s ? 3 : STAGES - 1, 0, err);
        if (status < 0)
            return status;
        mf_chebyshev_next(&work.c);
        work.slope = run->k[3];
    }
    *relative = judge(run, h, (double[STAGES]){0.4, -0.8 / h, 0, 0, 0, 0, 0.4});
    return MF_OK;
}

/* Before a stabilised step: its length, within what s stages and a saddle allow, or the return to
 * Dormand and Prince's steps where these are cheaper: 6 forces for 4 / rho.                   */
static mf_status settle(particles *run, const mf_flag *stop, mf_error *err) {
    int most = (int)fmin(fmax(10, sqrt(run->spec.tol / (10 * DBL_EPSILON))), 5000);
    mf_status status = MF_OK;
    if (run->rho == 0 || ++run->age >= RHO_AGE)
        status = decay_rate(run, stop, err);
    double rho = run->rho;
    if (status == MF_OK && rho > 0) {
        run->h = fmin(run->h, mf_chebyshev_reach(most) / rho);
        status = steady_step(run, 1 / rho, &run->h, err);
    }
    if (status != MF_OK || mf_chebyshev_stages(run->h * rho) <= 1.5 * run->h * rho)
        return status;
    run->stabilised = run->stiff = run->mild = 0;
    run->patience = run->patience < PATIENCE << 8 ? 2 * run->patience : run->patience;
    run->h = rho > 0 ? 3 / rho : run->h;
    return MF_OK;
}

/* What the next step should be by the error e of one of length h: errors of order 5 or 3. */
static double rescaled(const particles *run, double h, double e) {
    if (!isfinite(e))
        return 0.1 * h;
    double factor = run->stabilised ? 0.8 * pow(e, -1.0 / 3) : 0.9 * pow(e, -0.2);
    return h * (e > 0 ? fmin(5, fmax(0.2, factor)) : 5);
}

/* Whether stabilised steps are allowed, and have room for Hessians. */
static bool may_stabilise(const particles *run) {
    return run->spec.step == 0 && !run->spec.plain && run->spec.J >= run->spec.potential->dim;
}

/* Takes the trial step of length h over, as the last one before the goal or not. */
static void take_step(particles *run, double h, double e, double goal, int last) {
    int fixed = run->spec.step > 0, was_stabilised = run->stabilised;
    double next = rescaled(run, h, e);
    run->flow.error += norm_of_error(run, h, run->estimate, 0);
    run->flow.clock = last ? goal : run->flow.clock + h;
    ++run->flow.steps;
    if (!run->stabilised && may_stabilise(run) && is_stiff(run, h)) {
        run->stabilised = 1;
        run->rho = 0;
    }
    run->ready = accept(run);
    run->span = h;
    run->straight = was_stabilised;
    if (!fixed)
        run->h = last || h < run->h ? fmax(run->h, next) : next;
}

/* A step that was not fine: a shorter one next. */
static mf_status refuse_step(particles *run, double h, double e, double goal, mf_error *err) {
    double smallest = 16 * DBL_EPSILON * fmax(run->flow.clock, goal * 1e-3);
    run->h = rescaled(run, h, e);
    run->age = RHO_AGE;
    run->ready = 0; /* m and the velocities belong to the trial state */
    if (run->spec.step > 0 || run->h < smallest)
        return mf_fail(err, MF_EDIVERGED, "diverged at clock int xi = %g: no step is small enough",
                       run->flow.clock);
    return MF_OK;
}

static mf_status advance(mf_flow *flow, double goal, uint64_t steps, const mf_flag *stop,
                         mf_error *err) {
    particles *run = run_of(flow);
    int fixed = run->spec.step > 0;
    while (run->flow.clock < goal && steps > 0) {
        if (mf_flag_is_set(stop))
            return MF_STOPPED;
        mf_status status = refresh(run, err);
        if (status < 0)
            return status;
        if (run->h == 0)
            run->h = fixed ? run->spec.step : first_step(run);
        double e = NAN;
        status = run->stabilised ? settle(run, stop, err) : MF_OK;
        double left = goal - run->flow.clock, h = run->h;
        int last = h >= left * (1 - (fixed ? 1e-6 : 1e-12)); /* no step for a clock's rounding */
        if (last)
            h = left;
        else if (!fixed && 2 * h > left) /* no tiny last step */
            h = left / 2;
        if (status >= 0)
            status = run->stabilised ? try_stages(run, h, stop, &e, err)
                                     : try_step(run, h, stop, &e, err);
        if (status != MF_OK) {
            run->ready = 0; /* m and the velocities belong to no state; theta is as it was */
            return status;
        }
        if (e <= 1 || (fixed && isfinite(e))) {
            take_step(run, h, e, goal, last);
            --steps;
        } else if ((status = refuse_step(run, h, e, goal, err)) < 0) /* not one of the steps */
            return status;
    }
    return MF_OK;
}

mf_status mf_particles_next(mf_flow *flow, double *h, mf_error *err) {
    particles *run = run_of(flow);
    mf_status status = refresh(run, err);
    if (run->h == 0 && status >= 0)
        run->h = run->spec.step > 0 ? run->spec.step : first_step(run);
    *h = run->h;
    return status;
}

double mf_particles_xi(const mf_flow *flow, double clock) {
    return mf_pace_xi(&const_run_of(flow)->spec.pace, clock);
}

/* ---- what is seen from outside ------------------------------------------------------------- */

static double risk_at(const particles *run, const double *m) {
    double noise = run->spec.label_noise;
    return mf_potential_risk(run->spec.potential, m) + noise * noise;
}

static mf_status risk(mf_flow *flow, double *out, mf_error *err) {
    particles *run = run_of(flow);
    mf_status status = refresh(run, err);
    if (status >= 0)
        *out = risk_at(run, run->m);
    return status;
}

/* What turns the square of velocity i into its share of the dissipation; 0: it does not move. */
static double resistance(const particles *run, size_t i) {
    double rate = i < coordinates(run) ? rate_of(run, i / run->spec.J) : run->spec.birth_death;
    return rate > 0 ? run->A * run->A / rate : 0;
}

/* -dR/dtau = 4 int sum_c rate_c (d_c Psi)^2 d rho + 4 alpha Var_rho(Psi), Proposition 2 with rates, masses and
 * an output scale, where k_c = -2 rate_c d_c Psi / A and that of l is -2 alpha (Psi - mean) / A.      */
static mf_status dissipation(mf_flow *flow, double *rate, mf_error *err) {
    particles *run = run_of(flow);
    mf_status status = refresh(run, err);
    double sum = 0;
    if (status < 0)
        return status;
    if (run->spec.eps > 0)
        return mf_fail(err, MF_EUNSUPPORTED,
                       "Proposition 2 is about Eq. 7: with 'eps' the risk may also grow");
    for (size_t i = 0; i < run->size; ++i)
        if (isfinite(run->theta[i]))
            sum += run->weight[i % run->spec.J] * run->k[0][i] * run->k[0][i] * resistance(run, i);
    *rate = sum;
    return MF_OK;
}

static mf_measure view(const particles *run, const double *theta, const double *weight) {
    const mf_potential *pot = run->spec.potential;
    return (mf_measure){pot->space, run->spec.J, pot->dim, run->spec.J, theta, weight};
}

static mf_measure measure(const mf_flow *flow) {
    const particles *run = const_run_of(flow);
    return view(run, run->theta, run->weight);
}

/* The interpolant of order 4 between eff (before) and theta (after), at share s of the step,
 * into trial. k[0] and the last k are exchanged by then.                                     */
static void between_chunk(void *context, size_t chunk) {
    static const double D[STAGES] = {-12715105075.0 / 11282082432,  0,
                                     87487479700.0 / 32700410799,   -10690763975.0 / 1880347072,
                                     701980252875.0 / 199316789632, -1453857185.0 / 822651844,
                                     69997945.0 / 29380423};
    const job *work = context;
    particles *run = work->run;
    double h = run->span, s = work->h;
    for (size_t i = chunk * CHUNK; i < chunk_end(run, chunk); ++i) {
        int squared = is_squared(run, i);
        double from = run->eff[i], to = run->theta[i], bend = 0;
        from *= squared ? from : 1;
        to *= squared ? to : 1;
        double first = h * run->k[STAGES - 1][i], last = h * run->k[0][i];
        bend += D[0] * first + D[STAGES - 1] * last;
        for (int j = 2; j < STAGES - 1; ++j)
            bend += D[j] * h * run->k[j][i];
        bend = run->straight ? 0 : bend;
        double rise = to - from, start = first - rise, end = rise - last - start;
        double value = from + s * (rise + (1 - s) * (start + s * (end + (1 - s) * bend)));
        value = value < 0 && is_radius(run, i) ? 0 : value;
        run->trial[i] = isinf(to) ? to : squared ? sqrt(value) : value;
    }
}

static void pace(mf_flow *flow, size_t n, const double *clock, const double *xi) {
    mf_pace *pace = &run_of(flow)->spec.pace;
    pace->n = n;
    pace->clock = clock;
    pace->xi = xi;
}

static mf_status between(mf_flow *flow, double clock, mf_measure *rho, double *out, mf_error *err) {
    particles *run = run_of(flow);
    const mf_potential *pot = run->spec.potential;
    if (!(run->span > 0 && clock >= run->flow.clock - run->span && clock <= run->flow.clock))
        return mf_fail(err, MF_EINVAL, "clock = %g does not lie within the latest step", clock);
    job work = {run, NULL, 0, 1 - (run->flow.clock - clock) / run->span};
    mf_parallel(chunks_of(run->size), between_chunk, &work);
    masses_of(run, run->trial, run->between);
    *rho = view(run, run->trial, run->between);
    mf_measure outputs = charged(run, run->trial);
    mf_status status = mf_potential_mean(pot, &outputs, run->m_between, run->scratch, err);
    if (status >= 0)
        *out = risk_at(run, run->m_between);
    return status;
}

/* ---- files ------------------------------------------------------------------------------------- */

static int is_finite(const double *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i)
        sum += x[i] * 0;
    return sum == 0;
}

static void save_masses(const particles *run, mf_fields_writer *to) {
    double *l = mf_fields_room(to, "log masses", run->spec.J, 1);
    for (size_t j = 0; l && j < run->spec.J; ++j)
        l[j] = run->massed ? run->theta[coordinates(run) + j] : logarithm(run, j);
}

/* Velocities and mean features are those of the latest step's last stage, and are carried: formed anew
 * they may differ in their last bits.                                                        */
static void save(const mf_flow *flow, mf_fields_writer *to) {
    const particles *run = const_run_of(flow);
    size_t rank = run->spec.potential->rank, n = 0;
    int ready = run->ready && is_finite(run->k[0], run->size) && is_finite(run->m, rank);
    int known = run->stabilised && run->rho > 0 && is_finite(run->k[5], run->size);
    const struct {
        const char *name;
        int value;
    } numbers[] = {{"ready", ready},    {"stabilised", run->stabilised}, {"stiff", run->stiff},
                   {"mild", run->mild}, {"patience", run->patience},     {"age", run->age}};
    mf_fields_double(to, "h", run->h);
    mf_fields_double(to, "rho", known ? run->rho : 0);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i)
        mf_fields_integer(to, numbers[i].name, numbers[i].value);
    if (run->spec.birth_death > 0)
        save_masses(run, to);
    if (known) /* the mode that decays fastest, where the search for it goes on */
        mf_fields_doubles(to, "mode", run->size, run->k[5]);
    if (!ready)
        return;
    mf_fields_doubles(to, "velocity", run->size, run->k[0]);
    mf_fields_doubles(to, "m", rank, run->m);
    for (size_t i = 0; i < run->size; ++i)
        n += run->held[i];
    double *held = mf_fields_room(to, "held", n, 1);
    for (size_t i = 0, at = 0; held && i < run->size; ++i)
        if (run->held[i])
            held[at++] = (double)i;
}

static void load_held(particles *run, mf_fields *from) {
    size_t n;
    const double *held = mf_fields_list(from, "held", 0, run->size, &n);
    for (size_t at = 0; at < n; ++at) {
        size_t i = held[at] >= 0 && held[at] < (double)run->size ? (size_t)held[at] : run->size;
        int fine = i < run->size && !run->held[i] && run->theta[i] == 0 && is_radius(run, i) &&
                   !is_squared(run, i);
        mf_fields_require(from, "held", fine);
        if (fine)
            run->held[i] = 1;
    }
}

/* Logarithms of masses, which must be those of the law. */
static void load_masses(particles *run, mf_fields *from) {
    size_t J = run->spec.J;
    const double *l =
            run->spec.birth_death > 0 ? mf_fields_extended(from, "log masses", J, 1) : NULL;
    if (!l)
        return;
    run->massed = 1;
    memcpy(run->theta + coordinates(run), l, J * sizeof *l);
    masses_of(run, run->theta, run->charge);
    for (size_t j = 0; j < J; ++j)
        mf_fields_require(from, "log masses",
                          fabs(run->charge[j] - run->weight[j]) <= 1e-9 * run->weight[j]);
}

static mf_status load(mf_flow *flow, mf_fields *from, mf_error *err) {
    particles *run = run_of(flow);
    size_t rank = run->spec.potential->rank;
    (void)err;
    run->h = mf_fields_number(from, "h", 0, HUGE_VAL);
    run->rho = mf_fields_number(from, "rho", 0, HUGE_VAL);
    run->stabilised = mf_fields_flag(from, "stabilised");
    run->stiff = (int)mf_fields_count(from, "stiff", 0, 1 << 30);
    run->mild = (int)mf_fields_count(from, "mild", 0, 1 << 30);
    run->patience = (int)mf_fields_count(from, "patience", PATIENCE, PATIENCE << 9);
    run->age = (int)mf_fields_count(from, "age", 0, 1 << 30);
    int ready = mf_fields_flag(from, "ready");
    const double *mode = run->rho > 0 ? mf_fields_find(from, "mode", run->size, 1) : NULL;
    const double *velocity = ready ? mf_fields_find(from, "velocity", run->size, 1) : NULL;
    const double *m = ready ? mf_fields_find(from, "m", rank, 1) : NULL;
    if (ready)
        load_held(run, from);
    load_masses(run, from);
    mf_fields_require(from, "stabilised", !run->stabilised || may_stabilise(run));
    if (from->status < 0)
        return from->status;
    if (mode)
        memcpy(run->k[5], mode, run->size * sizeof *mode);
    if (ready) {
        memcpy(run->k[0], velocity, run->size * sizeof *velocity);
        memcpy(run->m, m, rank * sizeof *m);
    }
    run->ready = ready;
    return MF_OK;
}

static const mf_flow_ops ops = {.name = "particles",
                                .advance = advance,
                                .risk = risk,
                                .dissipation = dissipation,
                                .measure = measure,
                                .pace = pace,
                                .between = between,
                                .save = save,
                                .load = load};
