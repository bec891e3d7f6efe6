/* stability_rest.c: mf.stability.rest, rest points and folds of the effective dynamics. */
#include "core/limit/stability_rest.h"

#include "lua/bind/bind.h"
#include "lua/potentials/potential.h"

#include <math.h>

static const char *const WHERE = "mf.stability.rest";

typedef struct {
    mf_potential *const *potential;
    double eps, d, alpha;
} rest_options;

static const mfl_field rest_fields[] = {
        {"potential", MFL_OBJECT, offsetof(rest_options, potential), .flags = MFL_REQUIRED,
         .aux = MFL_POTENTIAL, .text = "a radial potential"},
        {"eps", MFL_NUMBER, offsetof(rest_options, eps), .flags = MFL_OPTIONAL | MFL_OPEN_LOW,
         .high = MFL_LARGE,
         .text = "SGD's step (over its batch, times xi) whose rest points are wanted; without it "
                 "and alpha: the folds alone"},
        {"alpha", MFL_NUMBER, offsetof(rest_options, alpha), .flags = MFL_OPTIONAL | MFL_OPEN_LOW,
         .high = MFL_LARGE, .text = "eps d instead of eps: all that counts at d = inf"},
        {"d", MFL_DIM, offsetof(rest_options, d), .flags = MFL_OPTIONAL, .low = 2, .high = 1e9,
         .text = "for a potential at d = inf: the dimension that turns eps into eps d"},
        MFL_END};

/* eps = unit B and alpha = B, B of the core's units, in which D = 1 where d is not known. */
typedef struct {
    double d; /* of SGD; HUGE_VAL: not known */
    double directions;
} units;

static units choose_units(lua_State *L, const rest_options *o) {
    double own = mf_potential_dimension(*o->potential, 0), d = o->d > 0 ? o->d : own;
    if (isfinite(own) && own > 0 && o->d > 0)
        luaL_error(L, "%s: the potential has its own dimension: leave out 'd'", WHERE);
    if (o->eps > 0 && o->alpha > 0)
        luaL_error(L, "%s: give one of 'eps' and 'alpha'", WHERE);
    if (isinf(d) && o->eps > 0)
        luaL_error(L, "%s: option 'd' is missing: at d = inf only alpha = eps d counts", WHERE);
    return (units){d, isinf(d) ? 1 : d - 1};
}

static void set(lua_State *L, const char *key, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

static void push_points(lua_State *L, const mf_rest *rest) {
    lua_createtable(L, (int)rest->points, 0);
    for (size_t i = 0; i < rest->points; ++i) {
        const mf_rest_point *p = &rest->point[i];
        lua_createtable(L, 0, 6);
        set(L, "r", p->r);
        set(L, "risk", p->risk);
        set(L, "together", p->together);
        set(L, "apart", p->apart);
        set(L, "error", p->error);
        lua_pushboolean(L, p->together > 0 && p->apart > 0);
        lua_setfield(L, -2, "stable");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_folds(lua_State *L, const mf_rest *rest, units u) {
    lua_createtable(L, (int)rest->folds, 0);
    for (size_t i = 0; i < rest->folds; ++i) {
        const mf_rest_fold *f = &rest->fold[i];
        lua_createtable(L, 0, 6);
        if (isfinite(u.d))
            set(L, "eps", f->eps);
        set(L, "alpha", isfinite(u.d) ? f->eps * u.d : f->eps);
        set(L, "r", f->r);
        set(L, "risk", f->risk);
        set(L, "error", f->error / f->eps);
        lua_pushstring(L, f->below ? "below" : "above");
        lua_setfield(L, -2, "exist");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static int rest(lua_State *L) {
    rest_options o = {0};
    mf_rest result;
    mf_error err = {MF_OK, ""};
    lua_settop(L, 1);
    mfl_options(L, WHERE, 1, rest_fields, &o);
    if (!*o.potential)
        return luaL_error(L, "%s: option 'potential' is closed", WHERE);
    units u = choose_units(L, &o);
    double eps = o.alpha > 0 && isfinite(u.d) ? o.alpha / u.d : o.alpha > 0 ? o.alpha : o.eps;
    mfl_task *task = mfl_task_push(L, "rest", 0, 1);
    mf_status status = mf_rest_find(*o.potential, u.directions, eps, &result, mfl_stop(), &err);
    mfl_task_end(task);
    mfl_status(L, WHERE, status, &err);
    if (eps == 0 && result.folds == 0) {
        lua_pushnumber(L, result.low);
        lua_pushnumber(L, result.high);
        return result.low > result.high
                       ? luaL_error(L, "%s: no fold: no sphere is at rest at any step", WHERE)
                       : luaL_error(L,
                                    "%s: no fold: the step %s at which a sphere is at rest nowhere "
                                    "turns back in r; it takes values from %s to %s",
                                    WHERE, isfinite(u.d) ? "eps" : "alpha", lua_tostring(L, -2),
                                    lua_tostring(L, -1));
    }
    lua_createtable(L, 0, 2);
    if (eps > 0) {
        push_points(L, &result);
        lua_setfield(L, -2, "points");
    }
    push_folds(L, &result, u);
    lua_setfield(L, -2, "folds");
    return 1;
}

static const mfl_fn rest_functions[] = {
        {"rest", rest, "mf.stability.rest{potential=, eps=}",
         "Where the effective dynamics of SGD at step eps (mf.pde.particles{eps=}) is at rest with "
         "all neurons on one sphere: where Eq. 7's pull inward, r dPsi/dr, balances the noise of "
         "the steps, eps (d - 1) T. Returns { points = , folds = }, both lists by increasing r. A "
         "point is { r =, risk =, stable =, together =, apart =, error = }: the radius and its "
         "estimated error, the risk, and the rates at which the sphere as a whole returns and a "
         "single neuron returns to it (in the clock, int xi); stable if both are positive. A fold "
         "(saddle-node) is { eps =, alpha = eps d, r =, risk =, exist =, error = }: the step at "
         "which two rest points meet, which exist 'below' it or 'above' it, and its estimated "
         "relative error. Without eps: the folds alone, and an error where there is none. Radii "
         "are looked at from 1e-7 to 1e4, where T exceeds 1e-4 R.",
         rest_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_rest(lua_State *L) {
    lua_getfield(L, 1, "stability");
    mfl_functions(L, "mf.stability", rest_functions);
}
