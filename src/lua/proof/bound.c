/* bound.c: mf.prove.optimum, a proved lower bound beside the risk of an optimum. */
#include "core/limit/optimum.h"
#include "lua/potentials/potential.h"
#include "proof.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WHERE "mf.prove.optimum"

typedef struct {
    size_t bits;
    double slack;
} bound_options;

const mfl_field mfl_prove_optimum_fields[] = {
        MFL_PROOF_BITS(bound_options),
        {"slack", MFL_NUMBER, offsetof(bound_options, slack), .flags = MFL_OPTIONAL | MFL_OPEN_LOW,
         .high = 1e300,
         .text = "int Psi d rho - min Psi to try first; default: half of the optimum's gap and a "
                 "little more"},
        MFL_END};

static void free_bounder(void *b) {
    mf_bounder_free(b);
}

/* The problem of the optimum at 1, in the exact terms in which it was posed. */
static void read_problem(lua_State *L, mf_proof_spec *spec) {
    lua_getfield(L, 1, "options");
    lua_getfield(L, -1, "potential");
    mf_potential **potential = mfl_check(L, -1, MFL_POTENTIAL);
    if (!*potential || strcmp((*potential)->ops->name, "radial"))
        luaL_error(L, WHERE ": expected the optimum of an open mf.potential.radial");
    lua_getfield(L, -1, "options");
    int options = lua_gettop(L);
    mfl_exact_activation(L, WHERE, options, spec);
    lua_getfield(L, options, "distribution");
    lua_getfield(L, -1, "options");
    int law = lua_gettop(L);
    mfl_exact_option(L, WHERE, law, "delta", &spec->delta);
    if (lua_getfield(L, options, "d") == LUA_TNIL)
        lua_getfield(L, law, "d");
    spec->d = lua_tonumber(L, -1);
    if (!(spec->d >= 4))
        mfl_error(L, WHERE ": needs d >= 4, got %f", spec->d);
    lua_settop(L, 2);
}

static int push_bound(lua_State *L, const mf_bound *r) {
    lua_createtable(L, 0, 8);
    if (r->proved) {
        lua_pushboolean(L, true);
        lua_setfield(L, -2, "proved");
        lua_pushstring(L, r->lower);
        lua_setfield(L, -2, "lower");
        lua_pushnumber(L, r->gap);
        lua_setfield(L, -2, "gap");
    } else {
        lua_pushstring(L, r->place);
        lua_setfield(L, -2, "place");
    }
    lua_pushstring(L, r->upper);
    lua_setfield(L, -2, "upper");
    lua_pushinteger(L, (lua_Integer)r->boxes);
    lua_setfield(L, -2, "boxes");
    lua_pushinteger(L, (lua_Integer)r->bits);
    lua_setfield(L, -2, "bits");
    return 1;
}

int mfl_prove_optimum(lua_State *L) {
    const mf_optimum *optimum = mfl_check(L, 1, "mf.optimum");
    bound_options o = {.slack = 0};
    mf_bound_spec spec = {.atoms = optimum->atoms};
    mf_error err = {0};
    lua_settop(L, 2);
    mfl_options(L, WHERE, 2, mfl_prove_optimum_fields, &o);
    lua_replace(L, 2);
    read_problem(L, &spec.problem);
    spec.problem.bits = o.bits;
    spec.radius = optimum->theta;
    spec.weight = optimum->weight;
    spec.slack = o.slack > 0 ? o.slack : 0.6 * fmax(optimum->gap, 0) + 1e-12;
    mfl_owned *owned = mfl_owned_push(L, free_bounder);
    mf_bounder *b = NULL;
    mf_status status = mf_bounder_new(&b, &spec, &err);
    owned->object = b;
    mfl_status(L, WHERE, status, &err);
    mfl_task *task = mfl_task_push(L, "proof", 0, 1);
    while (status >= 0 && !mf_bounder_over(b)) {
        status = mf_bounder_step(b, mfl_stop(), &err);
        if (mfl_task_tick(task, mf_bounder_done(b)))
            break;
    }
    mfl_task_end(task);
    mfl_status(L, WHERE, status, &err);
    mfl_task_raise(L, WHERE);
    return push_bound(L, mf_bounder_result(b));
}
