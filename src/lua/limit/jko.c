/* jko.c: mf.pde.jko, the flow of Eq. 7 as the minimisations of Eq. 10, in one dimension. */
#include "core/limit/jko.h"

#include "core/measure/atoms.h"
#include "flow.h"
#include "lua/base/array.h"
#include "lua/measure/measure.h"
#include "lua/model/init.h"
#include "lua/model/schedule.h"
#include "lua/potentials/potential.h"

#include <math.h>

#define WHERE "mf.pde.jko"

typedef struct {
    mf_potential *const *potential;
    const mf_init *init;
    const mf_measure *measure;
    mf_jko_spec spec;
} jko_options;

const mfl_field mfl_jko_fields[] = {
        {"potential", MFL_OBJECT, offsetof(jko_options, potential), .flags = MFL_REQUIRED,
         .aux = MFL_POTENTIAL, .text = "V and U of the model, in one coordinate"},
        {"init", MFL_OBJECT, offsetof(jko_options, init), .flags = MFL_OPTIONAL, .aux = MFL_INIT,
         .text = "law rho_0 of the weights, as J quantiles"},
        {"measure", MFL_OBJECT, offsetof(jko_options, measure), .flags = MFL_OPTIONAL,
         .aux = MFL_MEASURE, .text = "start from J quantiles of this measure instead of `init`"},
        {"tau", MFL_NUMBER, offsetof(jko_options, spec.tau), .flags = MFL_REQUIRED | MFL_OPEN_LOW,
         .high = 1e9, .text = "length of a step in the clock int xi: xi tau of Eq. 10"},
        {"J", MFL_COUNT, offsetof(jko_options, spec.J), .low = 1, .high = 1e7, .fallback = 1000,
         .text = "number of particles, all of one mass"},
        {"xi", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "an mf.schedule or a function t -> xi(t)",
         .text = "step schedule; default constant 1"},
        MFL_END};

static const mfl_class jko_class;

static void check_options(lua_State *L, const jko_options *o) {
    const mf_potential *pot = *o->potential;
    if (!pot)
        luaL_error(L, WHERE ": option 'potential' is closed");
    if (pot->dim != 1)
        luaL_error(L,
                   WHERE ": option 'potential' must have one coordinate, where quantiles are the "
                         "optimal transport; got the space '%s' (%I); mf.pde.particles takes all",
                   pot->space->name, (lua_Integer)pot->dim);
    if (!o->init == !o->measure)
        luaL_error(L, WHERE ": exactly one of the options 'init' and 'measure' must be given");
    if (o->measure && (o->measure->space != pot->space || o->measure->dim != 1))
        luaL_error(L, WHERE ": option 'measure' lies in space '%s', the potential takes '%s'",
                   o->measure->space->name, pot->space->name);
}

/* The quantiles (j + 1/2)/J of the start. */
static void place(lua_State *L, const jko_options *o, double *x) {
    size_t J = o->spec.J, n = o->measure ? o->measure->n : 0;
    if (o->init) {
        mfl_start(L, WHERE, *o->potential, o->init, J, x);
    } else {
        mf_atom *atoms = lua_newuserdatauv(L, n * sizeof *atoms, 0);
        mf_measure_sort(o->measure, 0, atoms);
        mf_atoms_cumulate(atoms, n);
        for (size_t j = 0; j < J; ++j)
            x[j] = mf_atoms_quantile(atoms, n, ((double)j + 0.5) / (double)J);
        lua_pop(L, 1);
    }
    for (size_t j = 0; j < J; ++j)
        if (!isfinite(x[j]) || (j && x[j] < x[j - 1]))
            mfl_error(L, WHERE ": rho_0 must be finite: its quantile %f is %f",
                      ((double)j + 0.5) / (double)J, x[j]);
}

int mfl_jko_new(lua_State *L) {
    jko_options o = {0};
    void *memory;
    lua_settop(L, 1);
    mfl_options(L, WHERE, 1, mfl_jko_fields, &o); /* at 2 */
    check_options(L, &o);
    o.spec.potential = *o.potential;
    lua_getfield(L, 2, "xi");
    mfl_schedule_option(L, WHERE);
    lua_setfield(L, 2, "xi");
    mfl_flow *box = mfl_flow_new(L, WHERE, &jko_class, mf_jko_bytes(&o.spec), &memory);
    box->flow = mf_jko_init(memory, &o.spec);
    box->potential = o.potential;
    place(L, &o, mf_jko_atoms(box->flow));
    return 1;
}

/* Steps of length tau in the clock: to the time that belongs to its end. */
static int jko_step(lua_State *L) {
    mfl_flow *box = mfl_check(L, 1, MFL_JKO);
    lua_Integer n = luaL_optinteger(L, 2, 1);
    if (n < 0)
        return luaL_error(L, "pde:step: a number of steps >= 0 expected, got %I", n);
    lua_getiuservalue(L, 1, 1);
    lua_getfield(L, -1, "tau");
    lua_getfield(L, -2, "xi");
    const mf_schedule *xi = mfl_check(L, -1, MFL_SCHEDULE);
    double tau = lua_tonumber(L, -2);
    if (xi->kind == MF_SCHEDULE_CUSTOM)
        return luaL_error(L, "pde:step: option 'xi' is a function, whose clock has no inverse "
                             "here: use pde:advance(t)");
    double clock = box->flow->clock + (double)n * tau;
    lua_settop(L, 1);
    lua_pushnumber(L, n ? mf_schedule_time(xi, clock) : box->t);
    return mfl_flow_advance(L);
}

static const mfl_fn jko_methods[] = {
        {"step", jko_step, "pde:step(n = 1)",
         "n steps of length tau in the clock int xi; returns the solver. Eq. 10.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property jko_properties[] = {
        MFL_FLOW_PROPERTIES,
        {"error", mfl_flow_error,
         "sum over the steps of W_2 that each adds, estimated by tau/2 times the change of the "
         "velocity: of first order in tau"},
        {NULL, NULL, NULL}};

static const mfl_class jko_class = {
        MFL_JKO,
        "The distributional dynamics (Eq. 7) as a sequence of minimisations (Eq. 10): each step "
        "minimises R(rho) + W_2(rho, rho_t)^2 / (2 tau), by Newton's method on J sorted particles. "
        "R never increases, whatever tau is; of first order in tau. advance and trajectory end "
        "with a shorter step where the time is no multiple of tau.",
        mfl_flow_methods, jko_properties, NULL};

static const mfl_fn pde_functions[] = {
        {"jko", mfl_jko_new, "mf.pde.jko{potential=, init=, tau=, J=, xi=}",
         "The distributional dynamics of one coordinate by minimising movements (Eq. 10).",
         mfl_jko_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_jko(lua_State *L) {
    mfl_class_register(L, &jko_class);
    mfl_class_methods(L, MFL_JKO, jko_methods);
    lua_getfield(L, -1, "pde");
    mfl_functions(L, "mf.pde", pde_functions);
    lua_pop(L, 1);
}
