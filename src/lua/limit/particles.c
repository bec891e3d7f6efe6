/* particles.c: mf.pde.particles, the distributional dynamics by particles. */
#include "core/limit/particles.h"

#include "box.h"
#include "core/limit/noisy.h"
#include "core/limit/overlaps.h"
#include "core/limit/shared.h"
#include "flow.h"
#include "lua/base/array.h"
#include "lua/bind/bind.h"
#include "lua/measure/measure.h"
#include "lua/measure/rates.h"
#include "lua/model/init.h"
#include "lua/model/schedule.h"
#include "lua/potentials/potential.h"

#include <math.h>
#include <string.h>

static const mfl_class particles_class;

typedef struct {
    mf_potential *const *potential;
    const mf_init *init;
    const mf_measure *measure;
    uint64_t seed;
    size_t batch;
    bool common;
    double beta, d, s0, rate[MF_GROUPS];
    mf_particles_spec spec;
} particles_options;

const mfl_field mfl_particles_fields[] = {
        {"potential", MFL_OBJECT, offsetof(particles_options, potential), .flags = MFL_REQUIRED,
         .aux = MFL_POTENTIAL, .text = "V and U of the model"},
        {"init", MFL_OBJECT, offsetof(particles_options, init), .flags = MFL_OPTIONAL,
         .aux = MFL_INIT,
         .text = "law rho_0 of the weights: radii become quantiles, full weights are drawn"},
        {"measure", MFL_OBJECT, offsetof(particles_options, measure), .flags = MFL_OPTIONAL,
         .aux = MFL_MEASURE, .text = "start from this measure instead of `init`"},
        {"J", MFL_COUNT, offsetof(particles_options, spec.J), .low = 1, .high = 1e9,
         .fallback = 2000, .text = "number of particles (with `init`)"},
        {"xi", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "an mf.schedule or a function t -> xi(t)",
         .text = "step schedule; default constant 1"},
        {"tol", MFL_NUMBER, offsetof(particles_options, spec.tol), .flags = MFL_OPEN_LOW, .high = 1,
         .fallback = 1e-8,
         .text = "tolerance of one step, in the mean square over rho, relative to 1 + |theta|; not "
                 "with beta"},
        {"step", MFL_NUMBER, offsetof(particles_options, spec.step),
         .flags = MFL_OPTIONAL | MFL_OPEN_LOW, .high = HUGE_VAL,
         .text = "fixed steps of this length in the clock int xi: for convergence tests, and with "
                 "noise, where the default is 1e-3"},
        {"beta", MFL_NUMBER, offsetof(particles_options, beta), .flags = MFL_INF, .low = MFL_SMALL,
         .high = HUGE_VAL, .fallback = HUGE_VAL,
         .text = "inverse temperature of Eq. 12: noise in every step; inf: none (Eq. 7)"},
        {"lambda", MFL_NUMBER, offsetof(particles_options, spec.lambda), .high = MFL_LARGE,
         .text = "weight decay: lambda |theta|^2 / 2 is part of Psi"},
        MFL_RATES_FIELD(
                ", decay and noise, squared in the step noise of eps, of every coordinate that "
                "stems from them, radii from w: mf.sgd's"),
        {"scale", MFL_NUMBER, offsetof(particles_options, spec.scale), .low = MFL_SMALL,
         .high = MFL_LARGE, .fallback = 1,
         .text = "output scale A of mf.sgd: features are A f, and the clock is divided by A^2"},
        {"birth_death", MFL_NUMBER, offsetof(particles_options, spec.birth_death),
         .high = MFL_LARGE,
         .text = "rate alpha of birth and death: masses move by p_j' = -2 alpha xi p_j (Psi_j - "
                 "sum_i "
                 "p_i Psi_i); not with beta"},
        {"label_noise", MFL_NUMBER, offsetof(particles_options, spec.label_noise),
         .high = MFL_LARGE,
         .text = "standard deviation of mf.sgd's label noise: its square is added to R, and with "
                 "eps to "
                 "(y - yhat)^2 in the step noise; square loss"},
        {"eps", MFL_NUMBER, offsetof(particles_options, spec.eps), .high = MFL_LARGE,
         .text = "the step of the SGD that is meant: adds the drift of its step noise to first "
                 "order "
                 "in eps, 4 eps xi^2 E[(y - yhat)^2 a^2 sigma'^2 |P_perp x|^2] to the derivative "
                 "of "
                 "every squared radius (the effective dynamics); 0: Eq. 7"},
        {"batch", MFL_COUNT, offsetof(particles_options, batch), .low = 1, .high = 1e9,
         .fallback = 1, .text = "with eps: examples a step, which divide the term"},
        {"common", MFL_BOOLEAN, offsetof(particles_options, common),
         .text = "with eps: also the noise that all neurons share, as they see the same examples, "
                 "to "
                 "first order in eps d: R then is that of yhat with what they have in common. "
                 "Not for sampled and custom potentials; J <= 1000, default 400"},
        {"d", MFL_DIM, offsetof(particles_options, d), .flags = MFL_OPTIONAL, .low = 1, .high = 1e9,
         .text = "with beta or eps, for a potential at d = inf: the dimension of x, whose noise "
                 "radii feel"},
        {"s0", MFL_DIM, offsetof(particles_options, s0), .flags = MFL_OPTIONAL, .low = 1,
         .high = 1e9, .text = "with beta or eps, for a potential at d = inf: the dimension of V"},
        {"seed", MFL_SEED, offsetof(particles_options, seed), .fallback = 1,
         .text = "seed of the noise, and of the neurons drawn from `init` (potentials in full "
                 "parameter space)"},
        MFL_END};

/* ---- initial particles -------------------------------------------------------------- */

/* Neurons drawn from init in full parameter space; init is at stack index `init`. */
static void draw_neurons(lua_State *L, int init, const mf_potential *pot, uint64_t seed, size_t J,
                         double *x) {
    size_t d = mf_space_weights(pot->space, pot->dim);
    bool affine = d < pot->dim;
    if (!affine)
        mfl_init_check_plain(L, "mf.pde.particles", mfl_check(L, init, MFL_INIT));
    double *w = mfl_array_vector(L, d)->data, a, b;
    mfl_task *task = mfl_task_push(L, "init", 0, (double)J);
    for (size_t j = 0; j < J && !mfl_task_tick(task, (double)j); ++j) {
        mfl_init_neuron(L, init, (mf_key){seed, MF_STREAM_INIT}, j, d, w, &a, &b);
        for (size_t c = 0; c < d; ++c)
            x[c * J + j] = w[c];
        if (affine) {
            x[d * J + j] = a;
            x[(d + 1) * J + j] = b;
        }
    }
    mfl_task_end(task);
    mfl_task_raise(L, "mf.pde.particles");
    lua_pop(L, 2);
}

static void place(lua_State *L, const char *where, const particles_options *o, int init, double *x,
                  double *weight) {
    const mf_potential *pot = *o->potential;
    size_t J = o->spec.J;
    if (o->measure) {
        for (size_t c = 0; c < pot->dim; ++c)
            memcpy(x + c * J, o->measure->x + c * o->measure->ld, J * sizeof *x);
        for (size_t j = 0; j < J; ++j)
            weight[j] = mf_measure_weight(o->measure, j);
        return;
    }
    if (mf_space_weights(pot->space, pot->dim)) {
        draw_neurons(L, init, pot, o->seed, J, x);
        return;
    }
    mfl_start(L, where, pot, o->init, J, x);
}

/* The rate of each coordinate into `rate`; NULL if all are 1. */
static const double *rates_of(const particles_options *o, double *rate) {
    const mf_potential *pot = *o->potential;
    bool changed = false;
    for (size_t c = 0; c < pot->dim; ++c) {
        mf_group group = mf_space_group(pot->space, pot->dim, c);
        rate[c] = group < MF_GROUPS ? o->rate[group] : 1;
        changed = changed || rate[c] != 1;
    }
    return changed ? rate : NULL;
}

static void check_common(lua_State *L, const char *where, const particles_options *o,
                         const double *rate) {
    const mf_potential *pot = *o->potential;
    size_t nodes = 0;
    for (size_t c = 0; c < pot->dim; ++c)
        nodes += mf_potential_odd_nodes(pot, c);
    if (o->spec.eps == 0)
        luaL_error(L, "%s: option 'common' is about the steps' noise: give 'eps' too", where);
    if (nodes == 0)
        luaL_error(L, "%s: what neurons of a %s potential share is not known%s: leave out 'common'",
                   where, pot->ops->name, pot->ops->odd ? " in so few dimensions" : "");
    if (rate || o->spec.scale != 1 || o->spec.birth_death > 0)
        luaL_error(L, "%s: 'common' does not go with 'rates', 'scale' or 'birth_death'", where);
    if (o->spec.J > MF_OVERLAPS_MOST)
        luaL_error(L, "%s: with 'common' there may be %d particles, got %I", where,
                   (int)MF_OVERLAPS_MOST, (lua_Integer)o->spec.J);
    if (nodes > MF_OVERLAPS_NODES / o->spec.J)
        luaL_error(L,
                   "%s: 'common' takes %I nodes for each of %I particles: at most %d in all; fewer "
                   "follow from the potential's 'tol' or 'points', or 'J'",
                   where, (lua_Integer)nodes, (lua_Integer)o->spec.J, (int)MF_OVERLAPS_NODES);
}

static void check_step_noise(lua_State *L, const char *where, const particles_options *o) {
    if (o->spec.eps > 0 && !(*o->potential)->ops->step_noise)
        luaL_error(L, "%s: the step noise of a %s potential is not known: leave out 'eps'", where,
                   (*o->potential)->ops->name);
}

/* Pushes the solver that the options ask for; its atoms and weights are still to be filled. */
static mfl_flow *push_solver(lua_State *L, const char *where, const particles_options *o,
                             const mf_schedule *schedule, double **x, double **weight) {
    void *memory;
    mfl_flow *box;
    bool noise = isfinite(o->beta) || o->spec.eps > 0;
    if (!noise && (o->d > 0 || o->s0 > 0))
        luaL_error(L, "%s: options 'd' and 's0' go with noise: give 'beta' or 'eps' too", where);
    if (isfinite(o->beta) && o->spec.eps > 0)
        luaL_error(L,
                   "%s: 'eps' and 'beta' do not go together: the step noise is known to the "
                   "dynamics without noise of its own (Eq. 7)",
                   where);
    if (o->batch > 1 && o->spec.eps == 0)
        luaL_error(L, "%s: option 'batch' divides the step noise: give 'eps' too", where);
    if (o->spec.birth_death > 0 && isfinite(o->beta))
        luaL_error(L, "%s: options 'birth_death' and 'beta' do not go together", where);
    const mf_potential *pot = *o->potential;
    double *dimension = lua_newuserdatauv(L, 2 * pot->dim * sizeof *dimension, 0);
    const double *rate = rates_of(o, dimension + pot->dim);
    check_step_noise(L, where, o);
    if (o->common)
        check_common(L, where, o, rate);
    lua_insert(L, -2); /* below the options */
    if (noise)
        mfl_dimensions(L, where, pot, o->d, o->s0, dimension);
    if (isinf(o->beta)) {
        mf_particles_spec spec = o->spec;
        spec.dimension = dimension;
        spec.rate = rate;
        spec.eps /= (double)o->batch;
        spec.pace = (mf_pace){*schedule, 0, 0, NULL, NULL};
        if (spec.eps > 0 && schedule->kind != MF_SCHEDULE_CUSTOM)
            spec.pace.first = mf_schedule_clock(schedule, o->spec.eps);
        box = mfl_flow_new(L, where, &particles_class,
                           o->common ? mf_shared_bytes(&spec) : mf_particles_bytes(&spec), &memory);
        box->flow = o->common ? mf_shared_init(memory, &spec) : mf_particles_init(memory, &spec);
        box->first = o->spec.eps;
        lua_remove(L, -2);
        mf_flow *particles = o->common ? mf_shared_particles(box->flow) : box->flow;
        *x = mf_particles_atoms(particles);
        *weight = mf_particles_weights(particles);
        return box;
    }
    mf_noisy_spec spec = {.potential = pot,
                          .J = o->spec.J,
                          .beta = o->beta,
                          .lambda = o->spec.lambda,
                          .dimension = dimension,
                          .step = o->spec.step > 0 ? o->spec.step : 1e-3,
                          .rate = rate,
                          .scale = o->spec.scale,
                          .label_noise = o->spec.label_noise,
                          .seed = o->seed};
    box = mfl_flow_new(L, where, &particles_class, mf_noisy_bytes(&spec), &memory);
    box->flow = mf_noisy_init(memory, &spec);
    lua_remove(L, -2);
    *x = mf_noisy_atoms(box->flow);
    *weight = mf_noisy_weights(box->flow);
    return box;
}

/* Atoms at infinity stay there without decay and noise; with either they have no motion. */
static void check_start(lua_State *L, const char *where, const particles_options *o,
                        const mf_flow *flow) {
    mf_measure start = flow->ops->measure(flow);
    mf_error err = {MF_OK, ""};
    mfl_status(L, where, mf_measure_check(&start, &err), &err);
    for (size_t c = 0; c < start.dim; ++c)
        for (size_t j = 0; j < start.n; ++j)
            if ((isfinite(o->beta) || o->spec.lambda > 0) && isinf(start.x[c * start.ld + j]))
                luaL_error(L, "%s: an atom at infinity has no motion with 'beta' or 'lambda'",
                           where);
}

int mfl_particles_new(lua_State *L) {
    const char *where = "mf.pde.particles";
    particles_options o = {0};
    lua_settop(L, 1);
    mfl_options(L, where, 1, mfl_particles_fields, &o); /* at 2 */
    const mf_potential *pot = *o.potential;
    if (!pot)
        return luaL_error(L, "%s: option 'potential' is closed", where);
    if (!o.init == !o.measure)
        return luaL_error(L, "%s: exactly one of the options 'init' and 'measure' must be given",
                          where);
    if (o.measure && (o.measure->space != pot->space || o.measure->dim != pot->dim))
        return luaL_error(L,
                          "%s: option 'measure' lies in space '%s' (%I coordinates), the "
                          "potential takes '%s' (%I)",
                          where, o.measure->space->name, (lua_Integer)o.measure->dim,
                          pot->space->name, (lua_Integer)pot->dim);
    o.spec.potential = pot;
    mfl_rates_option(L, where, 2, o.rate);
    mfl_rates_check(L, where, pot->space, pot->dim, o.rate);
    if (o.spec.label_noise > 0 && !mf_potential_is_square(pot))
        return luaL_error(L, "%s: option 'label_noise' goes with the square loss", where);
    if (isfinite(o.beta)) { /* fixed steps */
        if (lua_getfield(L, 1, "tol") != LUA_TNIL)
            luaL_error(L, "%s: option 'tol' is for steps without noise: with 'beta' give 'step'",
                       where);
        lua_setfield(L, 2, "tol");
    }
    if (o.measure)
        o.spec.J = o.measure->n;
    else if (lua_getfield(L, 1, "J") == LUA_TNIL && o.common)
        o.spec.J = 400;
    lua_settop(L, 2);
    lua_getfield(L, 2, "xi");
    const mf_schedule *schedule = mfl_schedule_option(L, where);
    lua_setfield(L, 2, "xi");
    lua_pushinteger(L, (lua_Integer)o.spec.J);
    lua_setfield(L, 2, "J");
    lua_pushvalue(L, 2);
    double *x, *weight;
    mfl_flow *box = push_solver(L, where, &o, schedule, &x, &weight); /* at 3 */
    box->potential = o.potential;
    lua_getfield(L, 2, "init"); /* at 4 */
    place(L, where, &o, 4, x, weight);
    lua_getfield(L, 2, "xi");
    mfl_flow_pace(L, box, 3, lua_gettop(L), 0);
    check_start(L, where, &o, box->flow);
    mf_measure start = box->flow->ops->measure(box->flow);
    mfl_flow_push_measure(L, &start);
    lua_setiuservalue(L, 3, 2); /* for pde:fluctuations */
    lua_settop(L, 3);
    return 1;
}

static int particles_J(lua_State *L) {
    const mf_flow *flow = ((mfl_flow *)mfl_check(L, 1, MFL_PARTICLES))->flow;
    lua_pushinteger(L, (lua_Integer)flow->ops->measure(flow).n);
    return 1;
}

/* ---- tables ------------------------------------------------------------------------------------ */

static const mfl_property particles_properties[] = {
        MFL_FLOW_PROPERTIES,
        {"local_error", mfl_flow_error,
         "sum over the steps of the estimated Wasserstein distance W_2 that each added; not the "
         "distance to the exact solution, as the dynamics may let it grow later (measured in Fig. "
         "1: "
         "up to twice this near t = 0.5, an eighth of it at t = 10): for that compare with a "
         "smaller "
         "tol. What the law is off in W_2, the risk is off as much times dissipation()^(1/2), and "
         "a "
         "single particle may be off by more. nil with noise, where the step's error is not known: "
         "of weak order "
         "1"},
        {"J", particles_J, "number of particles"},
        {NULL, NULL, NULL}};

static const mfl_class particles_class = {
        MFL_PARTICLES,
        "The distributional dynamics (Eq. 7, Eq. 13) along its characteristics: weighted particles "
        "that move by -2 xi grad Psi(theta; rho_t). Radii that reach 0 stay there while the force "
        "points inward. With a finite beta (Eq. 12) each particle also has its own noise, of "
        "variance 4 xi dt / beta in every coordinate of the full space; steps are fixed then, and "
        "of weak order 1.",
        mfl_flow_methods, particles_properties, NULL};

static const mfl_fn pde_functions[] = {
        {"particles", mfl_particles_new, "mf.pde.particles{potential=, init=, J=, xi=, tol=}",
         "A solution of the distributional dynamics from rho_0 by particles.",
         mfl_particles_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_pde(lua_State *L) {
    mfl_class_register(L, &particles_class);
    lua_newtable(L);
    mfl_functions(L, "mf.pde", pde_functions);
    lua_setfield(L, -2, "pde");
}
