/* optimum.c: mf.optimum, the best risk that any law of neurons can reach. */
#include "core/limit/optimum.h"

#include "box.h"
#include "lua/bind/bind.h"
#include "lua/measure/measure.h"
#include "lua/potentials/potential.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WHERE "mf.optimum"

typedef struct {
    mf_potential **potential;
    double rmax, tol;
    size_t starts;
} optimum_options;

static const mfl_field optimum_fields[] = {
        {"potential", MFL_OBJECT, offsetof(optimum_options, potential), .flags = MFL_REQUIRED,
         .aux = MFL_POTENTIAL, .text = "whose risk to minimise"},
        {"rmax", MFL_NUMBER, offsetof(optimum_options, rmax), .flags = MFL_OPEN_LOW | MFL_INF,
         .high = HUGE_VAL, .fallback = HUGE_VAL,
         .text = "radii up to here; inf: the closed half-line, where mass may sit at infinity"},
        {"box", MFL_ANY, .flags = MFL_OPTIONAL,
         .aux = "a list of {low, high}, one for each coordinate",
         .text = "domain of the neurons' parameters; default: [0, rmax] for a radius"},
        {"tol", MFL_NUMBER, offsetof(optimum_options, tol), .flags = MFL_OPEN_LOW, .high = 1,
         .fallback = 1e-9, .text = "gap to reach"},
        {"starts", MFL_COUNT, offsetof(optimum_options, starts), .low = 16, .high = 1e6,
         .fallback = 2048,
         .text = "two or more coordinates: points from which min Psi is searched"},
        MFL_END};

/* A result is a value: `local o <close>` ends nothing, and its memory goes with it. */
static int optimum_keep(lua_State *L) {
    (void)L;
    return 0;
}

static void optimum_free(void *payload) {
    mf_optimum_free(payload);
}

static const mfl_class optimum_class;

/* The table of options is on top of the stack. */
static void read_domain(lua_State *L, const optimum_options *o, double *low, double *high) {
    const mf_potential *p = *o->potential;
    bool boxed = mfl_box(L, WHERE, p, low, high);
    if (boxed && isfinite(o->rmax))
        luaL_error(L, WHERE ": give 'box' or 'rmax', not both");
    for (size_t c = 0; !boxed && c < p->dim; ++c) {
        if (!mf_is_radius(p, c))
            luaL_error(L, WHERE ": option 'box' is missing: expected %d pairs {low, high}",
                       (int)p->dim);
        low[c] = 0;
        high[c] = o->rmax;
    }
}

static int optimum(lua_State *L) {
    optimum_options o = {0};
    double low[MFL_BOX_DIM], high[MFL_BOX_DIM];
    mf_error err = {0};
    mfl_options(L, WHERE, 1, optimum_fields, &o);
    if (!*o.potential)
        luaL_error(L, WHERE ": the potential is closed");
    read_domain(L, &o, low, high);
    mf_optimum *result = mfl_new(L, &optimum_class, sizeof *result);
    mf_optimum_spec spec = {*o.potential, low, high, o.tol, o.starts};
    int at = lua_gettop(L);
    mfl_task *task = mfl_task_push(L, "optimum", 0, 1);
    mf_status status = mf_optimum_solve(&spec, result, mfl_stop(), &err);
    mfl_task_end(task);
    mfl_status(L, WHERE, status, &err);
    if (status == MF_STOPPED)
        mfl_task_raise(L, WHERE);
    lua_pushvalue(L, at);
    return 1;
}

/* ---- the result ------------------------------------------------------------------------- */

static const mf_optimum *check(lua_State *L) {
    const mf_optimum *o = mfl_check(L, 1, WHERE);
    luaL_argcheck(L, o->theta, 1, "this result is gone: the garbage collector has finalized it");
    return o;
}

static int get_measure(lua_State *L) {
    const mf_optimum *o = check(L);
    double *x, *weight;
    mfl_measure_new(L, o->space, o->atoms, o->dim, &x, &weight);
    memcpy(x, o->theta, sizeof *x * o->atoms * o->dim);
    memcpy(weight, o->weight, sizeof *weight * o->atoms);
    return 1;
}

static int get_risk(lua_State *L) {
    lua_pushnumber(L, check(L)->risk);
    return 1;
}

static int get_gap(lua_State *L) {
    lua_pushnumber(L, check(L)->gap);
    return 1;
}

static int get_lower_bound(lua_State *L) {
    lua_pushnumber(L, check(L)->risk - check(L)->gap);
    return 1;
}

static int get_error(lua_State *L) {
    lua_pushnumber(L, check(L)->error);
    return 1;
}

static bool at_infinity(const mf_optimum *o, size_t atom) {
    for (size_t c = 0; c < o->dim; ++c)
        if (isinf(o->theta[c * o->atoms + atom]))
            return true;
    return false;
}

static int get_at_infinity(lua_State *L) {
    const mf_optimum *o = check(L);
    double mass = 0;
    for (size_t i = 0; i < o->atoms; ++i)
        mass += at_infinity(o, i) ? o->weight[i] : 0;
    lua_pushnumber(L, mass);
    return 1;
}

enum { SHOWN = 6 }; /* atoms in a text */

static int optimum_tostring(lua_State *L) {
    const mf_optimum *o = check(L);
    char number[64];
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    snprintf(number, sizeof number, "mf.optimum: risk = %.10g, gap = %.1e;", o->risk, o->gap);
    luaL_addstring(&b, number);
    if (!o->convex)
        luaL_addstring(&b, " (no certificate: the loss is not convex);");
    for (size_t i = 0; i < o->atoms && i < SHOWN; ++i) {
        snprintf(number, sizeof number, "%s %.6g at ", i ? "," : " mass", o->weight[i]);
        luaL_addstring(&b, number);
        for (size_t c = 0; c < o->dim; ++c) {
            snprintf(number, sizeof number, "%s%.7g",
                     c            ? " "
                     : o->dim > 1 ? "("
                                  : "",
                     o->theta[c * o->atoms + i]);
            luaL_addstring(&b, number);
        }
        if (o->dim > 1)
            luaL_addchar(&b, ')');
    }
    if (o->atoms > SHOWN) {
        snprintf(number, sizeof number, ", and %zu lighter atoms", o->atoms - SHOWN);
        luaL_addstring(&b, number);
    }
    luaL_pushresult(&b);
    return 1;
}

static const mfl_fn optimum_methods[] = {{"__tostring", optimum_tostring, NULL, NULL, NULL},
                                         {"__close", optimum_keep, NULL, NULL, NULL},
                                         {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property optimum_properties[] = {
        {"measure", get_measure, "The minimizer as an mf.measure; radii may be inf."},
        {"risk", get_risk, "R of the measure (Eq. 5, or the mean of the potential's loss)."},
        {"gap", get_gap,
         "No measure has a risk below risk - gap: from min Psi over the whole domain (Eq. 17). For "
         "two or more parameters min Psi is what the search found. For a loss that is not convex "
         "there is no such bound, and it is inf."},
        {"lower_bound", get_lower_bound, "risk - gap."},
        {"error", get_error, "Bound on what the potential's own error does to a risk."},
        {"at_infinity", get_at_infinity, "Mass on atoms with an infinite radius."},
        {NULL, NULL, NULL}};

static const mfl_class optimum_class = {WHERE, "The minimum of the risk over all measures.",
                                        optimum_methods, optimum_properties, optimum_free};

static const mfl_fn optimum_functions[] = {
        {"optimum", optimum, "mf.optimum{potential=, ...}",
         "Minimises R(rho) of Eq. 5, for any loss of the potential, over all measures rho on the "
         "domain: "
         "where the loss is convex a convex problem, solved by exchange of atoms and certified by "
         "Eq. 17. On the closed half-line r in [0, inf] the "
         "minimum need not be attained by finite radii: mass at infinity is reported as such.",
         optimum_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_optimum(lua_State *L) {
    mfl_class_register(L, &optimum_class);
    mfl_functions(L, "mf", optimum_functions);
}
