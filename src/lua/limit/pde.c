/* pde.c: mf.pde, solvers of the distributional dynamics. */
#include "core/limit/particles.h"
#include "lua/base/array.h"
#include "lua/bind/bind.h"
#include "lua/measure/measure.h"
#include "lua/model/init.h"
#include "lua/model/schedule.h"
#include "lua/potentials/potential.h"

#include <math.h>
#include <string.h>

#define MFL_PARTICLES "mf.pde.particles"

static const mfl_class particles_class;

typedef struct {
    mf_pde *run;
    double t;
} particles_box;

typedef struct {
    mf_potential *const *potential;
    const mf_init *init;
    const mf_measure *measure;
    uint64_t seed;
    mf_pde_spec spec;
} particles_options;

static const mfl_field particles_fields[] = {
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
         .text = "tolerance of one step, in the mean square over rho, relative to 1 + |theta|"},
        {"step", MFL_NUMBER, offsetof(particles_options, spec.step),
         .flags = MFL_OPTIONAL | MFL_OPEN_LOW, .high = HUGE_VAL,
         .text = "fixed steps of this length in the clock int xi, for convergence tests"},
        {"seed", MFL_SEED, offsetof(particles_options, seed), .fallback = 1,
         .text = "seed of the neurons drawn from `init` (potentials in full parameter space)"},
        MFL_END};

static particles_box *check_box(lua_State *L) {
    return mfl_check(L, 1, MFL_PARTICLES);
}

/* ---- initial particles -------------------------------------------------------------- */

/* Neurons drawn from init in full parameter space; init is at stack index `init`. */
static void draw_neurons(lua_State *L, int init, const mf_potential *pot, uint64_t seed, size_t J,
                         double *x) {
    size_t d = mf_space_weights(pot->space, pot->dim);
    bool affine = d < pot->dim;
    double *w = mfl_array_vector(L, d)->data, a, b;
    for (size_t j = 0; j < J; ++j) {
        mfl_init_neuron(L, init, (mf_key){seed, MF_STREAM_INIT}, j, d, w, &a, &b);
        for (size_t c = 0; c < d; ++c)
            x[c * J + j] = w[c];
        if (affine) {
            x[d * J + j] = a;
            x[(d + 1) * J + j] = b;
        }
    }
    lua_pop(L, 1);
}

static void place(lua_State *L, const char *where, const particles_options *o, int init,
                  mf_pde *run) {
    const mf_potential *pot = *o->potential;
    size_t J = o->spec.J;
    double *x = mf_pde_atoms(run);
    if (o->measure) {
        double *weight = mf_pde_weights(run);
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
    mf_error err = {MF_OK, ""};
    mfl_status(L, where, mf_potential_start(pot, o->init, J, x, &err), &err);
}

static int particles_new(lua_State *L) {
    const char *where = "mf.pde.particles";
    particles_options o = {0};
    lua_settop(L, 1);
    mfl_options(L, where, 1, particles_fields, &o); /* at 2 */
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
    if (o.measure)
        o.spec.J = o.measure->n;
    lua_getfield(L, 2, "xi");
    mfl_schedule_option(L, where);
    lua_setfield(L, 2, "xi");
    lua_pushinteger(L, (lua_Integer)o.spec.J);
    lua_setfield(L, 2, "J");
    size_t bytes = mf_pde_bytes(&o.spec), head = 64;
    if (!bytes)
        return luaL_error(L, "%s: J = %I particles do not fit in memory", where,
                          (lua_Integer)o.spec.J);
    lua_pushvalue(L, 2);
    particles_box *box = mfl_new(L, &particles_class, head + bytes); /* at 3 */
    box->run = mf_pde_init((char *)box + head, &o.spec);
    lua_getfield(L, 2, "init"); /* at 4 */
    place(L, where, &o, 4, box->run);
    mf_measure start = mf_pde_measure(box->run);
    mf_error err = {MF_OK, ""};
    mfl_status(L, where, mf_measure_check(&start, &err), &err);
    lua_settop(L, 3);
    return 1;
}

/* ---- time ------------------------------------------------------------------------------ */

/* t of a clock reading between (from, start) and (t, goal); for a schedule known to Lua only
 * the straight line between them, good enough for a progress bar and an interrupted run. */
static double time_of(const mf_schedule *xi, double clock, double from, double start, double t,
                      double goal) {
    if (xi->kind != MF_SCHEDULE_CUSTOM)
        return mf_schedule_time(xi, clock);
    return from + (t - from) * (clock - start) / (goal - start);
}

static int particles_advance(lua_State *L) {
    const char *where = "pde:advance";
    particles_box *box = check_box(L);
    double t = luaL_checknumber(L, 2), from = box->t;
    luaL_argcheck(L, t >= 0 && isfinite(t), 2, "a finite time t >= 0 expected");
    if (t < from)
        return luaL_error(L, "%s: t = %f lies before the present t = %f; time only runs forward",
                          where, t, from);
    lua_getiuservalue(L, 1, 1);
    lua_getfield(L, -1, "xi");
    const mf_schedule *xi = mfl_check(L, -1, MFL_SCHEDULE);
    double start = mf_pde_clock(box->run), goal = mfl_schedule_clock(L, -1, 0, t);
    mf_error err = {MF_OK, ""};
    mf_status status = MF_OK;
    mfl_task task;
    mfl_task_begin(L, &task, "pde", from, t);
    bool stopped = false;
    while (status == MF_OK && !stopped && mf_pde_clock(box->run) < goal) {
        status = mf_pde_advance(box->run, goal, 4, mfl_stop(), &err);
        box->t = time_of(xi, mf_pde_clock(box->run), from, start, t, goal);
        stopped = mfl_task_tick(&task, box->t);
    }
    mfl_task_end(&task);
    if (mf_pde_clock(box->run) >= goal)
        box->t = t;
    mfl_status(L, where, status, &err);
    mfl_task_raise(L, where);
    lua_settop(L, 1);
    return 1;
}

/* ---- observers ---------------------------------------------------------------------------- */

static int particles_measure(lua_State *L) {
    mf_measure m = mf_pde_measure(check_box(L)->run);
    double *x, *weight;
    mfl_measure_new(L, m.space, m.n, m.dim, &x, &weight);
    memcpy(x, m.x, m.n * m.dim * sizeof *x);
    memcpy(weight, m.weight, m.n * sizeof *weight);
    return 1;
}

static int particles_risk(lua_State *L) {
    double risk = 0;
    mf_error err = {MF_OK, ""};
    mfl_status(L, "pde:risk", mf_pde_risk(check_box(L)->run, &risk, &err), &err);
    lua_pushnumber(L, risk);
    return 1;
}

static int particles_dissipation(lua_State *L) {
    double rate = 0;
    mf_error err = {MF_OK, ""};
    mfl_status(L, "pde:dissipation", mf_pde_dissipation(check_box(L)->run, &rate, &err), &err);
    lua_pushnumber(L, rate);
    return 1;
}

static int particles_t(lua_State *L) {
    lua_pushnumber(L, check_box(L)->t);
    return 1;
}

static int particles_clock(lua_State *L) {
    lua_pushnumber(L, mf_pde_clock(check_box(L)->run));
    return 1;
}

static int particles_error(lua_State *L) {
    lua_pushnumber(L, mf_pde_error(check_box(L)->run));
    return 1;
}

static int particles_steps(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)mf_pde_steps(check_box(L)->run));
    return 1;
}

static int particles_J(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)mf_pde_measure(check_box(L)->run).n);
    return 1;
}

/* ---- tables ------------------------------------------------------------------------------------ */

static const mfl_fn particles_methods[] = {
        {"advance", particles_advance, "pde:advance(t)",
         "Solves up to time t, which is hit exactly; returns the solver. Raises 'diverged' when no "
         "step is small enough, at the last good state.",
         NULL},
        {"measure", particles_measure, "pde:measure()", "rho_t, a copy of the particles.", NULL},
        {"risk", particles_risk, "pde:risk()", "R(rho_t) of Eq. 5.", NULL},
        {"__risk", particles_risk, NULL, NULL, NULL}, /* cheap: the prompt may show it */
        {"dissipation", particles_dissipation, "pde:dissipation()",
         "-dR/dtau = 4 int |grad Psi|^2 d rho_t >= 0 in the clock tau = int xi (Proposition 2).",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property particles_properties[] = {
        {"t", particles_t, "time"},
        {"clock", particles_clock, "tau = int_0^t xi, in which Eq. 7 is autonomous"},
        {"steps", particles_steps, "accepted steps so far"},
        {"error", particles_error,
         "sum over the steps of the estimated Wasserstein distance W_2 that each added; what the "
         "dynamics makes of it later is not included"},
        {"J", particles_J, "number of particles"},
        {NULL, NULL, NULL}};

static const mfl_class particles_class = {
        MFL_PARTICLES,
        "The distributional dynamics (Eq. 7, Eq. 13) along its characteristics: weighted particles "
        "that move by -2 xi grad Psi(theta; rho_t). Radii that reach 0 stay there while the force "
        "points inward.",
        particles_methods, particles_properties, NULL};

static const mfl_fn pde_functions[] = {
        {"particles", particles_new, "mf.pde.particles{potential=, init=, J=, xi=, tol=}",
         "A solution of the distributional dynamics from rho_0 by particles.", particles_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_pde(lua_State *L) {
    mfl_class_register(L, &particles_class);
    lua_newtable(L);
    mfl_functions(L, "mf.pde", pde_functions);
    lua_setfield(L, -2, "pde");
}
