/* stability.c: mf.stability, tests of optimality and stability of special laws. */
#include "core/limit/stability_lemma1.h"
#include "core/limit/stability_point_mass.h"
#include "core/limit/stability_spectrum.h"
#include "core/potentials/radial.h"
#include "lua/base/array.h"
#include "lua/bind/bind.h"
#include "lua/measure/measure.h"
#include "lua/model/activation.h"
#include "lua/potentials/potential.h"

#include <math.h>
#include <string.h>

/* ---- Lemma 1 ----------------------------------------------------------------------------- */

typedef struct {
    const mf_activation *activation;
    double d, delta, tol;
} lemma1_options;

#define FIELD_D                                                                                    \
    {                                                                                              \
        .name = "d", .type = MFL_DIM, .offset = offsetof(lemma1_options, d),                       \
        .flags = MFL_REQUIRED | MFL_INF, .low = 2, .high = HUGE_VAL,                               \
        .text = "dimension, or math.huge"                                                          \
    }
#define FIELD_ACTIVATION                                                                           \
    {                                                                                              \
        .name = "activation", .type = MFL_OBJECT, .offset = offsetof(lemma1_options, activation),  \
        .flags = MFL_REQUIRED, .aux = MFL_ACTIVATION,                                              \
        .text = "bounded, or sigma has no limit at r = inf"                                        \
    }

static const mfl_field lemma1_fields[] = {FIELD_D,
                                          {"delta", MFL_NUMBER, offsetof(lemma1_options, delta),
                                           .flags = MFL_REQUIRED | MFL_OPEN_LOW | MFL_OPEN_HIGH,
                                           .high = 1, .text = "separation of the two Gaussians"},
                                          FIELD_ACTIVATION,
                                          {"tol", MFL_NUMBER, offsetof(lemma1_options, tol),
                                           .low = 1e-13, .high = 1e-2, .fallback = 1e-13,
                                           .text = "accuracy of v and u_d"},
                                          MFL_END};

static const mfl_field interval_fields[] = {FIELD_D,
                                            FIELD_ACTIVATION,
                                            {"tol", MFL_NUMBER, offsetof(lemma1_options, tol),
                                             .low = 1e-9, .high = 1e-2, .fallback = 1e-6,
                                             .text = "accuracy of both ends"},
                                            MFL_END};

static void set(lua_State *L, const char *key, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

static int lemma1(lua_State *L) {
    static const char where[] = "mf.stability.lemma1";
    lemma1_options o = {0};
    mf_error err = {0};
    mf_lemma1 result = {0};
    mf_potential *potential = NULL;
    mfl_options(L, where, 1, lemma1_fields, &o);
    mf_radial_spec spec = {.activation = *o.activation, .delta = o.delta, .d = o.d, .tol = o.tol};
    mf_status status = mf_radial_new(&spec, &potential, mfl_stop(), &err);
    if (status >= 0)
        status = mf_lemma1_check(potential, &result, &err);
    mf_potential_free(potential); /* before anything can throw */
    mfl_status(L, where, status, &err);
    lua_createtable(L, 0, 6);
    if (fabs(result.margin) > result.error) {
        lua_pushboolean(L, result.margin > 0);
        lua_setfield(L, -2, "stable");
    }
    set(L, "r_star", result.r_star);
    set(L, "risk", result.risk);
    set(L, "margin", result.margin);
    set(L, "at", result.at);
    set(L, "error", result.error);
    return 1;
}

static void set_end(lua_State *L, const char *key, double at, double error) {
    lua_createtable(L, 0, 2);
    if (!isnan(at))
        set(L, "at", at);
    set(L, "error", error);
    lua_setfield(L, -2, key);
}

static int interval(lua_State *L) {
    static const char where[] = "mf.stability.interval";
    lemma1_options o = {0};
    mf_error err = {0};
    mf_lemma1_interval result;
    mfl_options(L, where, 1, interval_fields, &o);
    mfl_task *task = mfl_task_push(L, "interval", 0, 1);
    mf_status status = mf_lemma1_find_interval(o.activation, o.d, o.tol, &result, mfl_stop(), &err);
    mfl_task_end(task);
    mfl_status(L, where, status, &err);
    for (int end = 0; end < 2; ++end)
        if (isnan(result.low))
            lua_pushnil(L);
        else
            lua_pushnumber(L, end ? result.high : result.low);
    lua_createtable(L, 0, 4);
    set(L, "best", result.best);
    set(L, "margin", result.best_margin);
    set_end(L, "low", result.low_at, result.low_error);
    set_end(L, "high", result.high_at, result.high_error);
    return 3;
}

/* ---- point masses (Theorems 6 and 7) --------------------------------------------------------- */

typedef struct {
    mf_potential *const *potential;
    const mf_measure *measure;
    double tol;
} point_options;

static const mfl_field point_fields[] = {
        {"potential", MFL_OBJECT, offsetof(point_options, potential), .flags = MFL_REQUIRED,
         .aux = MFL_POTENTIAL, .text = "V and U of the model"},
        {"theta", MFL_ANY, .flags = MFL_REQUIRED, .aux = "a number or a vector of coordinates",
         .text = "theta_*, the place of the point mass; radii >= 0"},
        {"measure", MFL_OBJECT, offsetof(point_options, measure), .flags = MFL_OPTIONAL,
         .aux = MFL_MEASURE,
         .text = "rho_*, with theta_* among its atoms; default: the point mass alone"},
        {"tol", MFL_NUMBER, offsetof(point_options, tol), .flags = MFL_OPEN_LOW, .high = 1,
         .fallback = 1e-6,
         .text = "forces up to this, relative to 1 + |grad V(theta)|, count as 0"},
        MFL_END};

static int theta_error(lua_State *L, const char *where, const char *text, double x) {
    char number[32];
    lua_Number value = x;
    lua_pushnumber(L, value);
    snprintf(number, sizeof number, "%s", isnan(x) ? "nan" : lua_tostring(L, -1));
    return luaL_error(L, "%s: option 'theta' %s, got %s", where, text, number);
}

/* Coordinate c of the value at index, which is a number, a table or a vector. */
static double coordinate(lua_State *L, const char *where, int index, size_t c) {
    const mfl_array *a = mfl_array_test(L, index);
    if (a)
        return a->data[c * a->stride];
    if (lua_type(L, index) == LUA_TNUMBER)
        return lua_tonumber(L, index);
    if (lua_geti(L, index, (lua_Integer)c + 1) != LUA_TNUMBER)
        mfl_option_error(L, where, "theta", "a vector of numbers", index);
    double x = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return x;
}

/* Pushes a vector with the point at index. */
static const double *read_theta(lua_State *L, const char *where, int index,
                                const mf_potential *pot) {
    const mfl_array *a = mfl_array_test(L, index);
    size_t n = a                                   ? (a->ndim == 1 ? a->rows : 0)
               : lua_type(L, index) == LUA_TNUMBER ? 1
               : lua_istable(L, index)             ? (size_t)luaL_len(L, index)
                                                   : 0;
    if (n != pot->dim) {
        const char *expected = lua_pushfstring(L, "a point of %I coordinate%s",
                                               (lua_Integer)pot->dim, pot->dim == 1 ? "" : "s");
        mfl_option_error(L, where, "theta", expected, index);
    }
    double *theta = mfl_array_vector(L, n)->data;
    for (size_t c = 0; c < n; ++c) {
        theta[c] = coordinate(L, where, index, c);
        if (!isfinite(theta[c]))
            theta_error(L, where, "must be finite", theta[c]);
        if (theta[c] < 0 && mf_is_radius(pot, c))
            theta_error(L, where, "has a radius that must be >= 0", theta[c]);
    }
    return theta;
}

static void set_vector(lua_State *L, const char *key, const double *x, size_t n) {
    double *copy = mfl_array_vector(L, n)->data;
    if (n > 0)
        memcpy(copy, x, n * sizeof *x);
    lua_setfield(L, -2, key);
}

static int push_point_mass(lua_State *L, const mf_point_mass *result, size_t dim) {
    lua_createtable(L, 0, 7);
    lua_pushstring(L, mf_point_verdict_text(result->verdict));
    lua_setfield(L, -2, "verdict");
    set_vector(L, "gradient", result->gradient, dim);
    set_vector(L, "eigenvalues", result->eigenvalues, result->free);
    memcpy(mfl_array_matrix(L, dim, dim)->data, result->hessian, dim * dim * sizeof(double));
    lua_setfield(L, -2, "H0");
    set(L, "error", result->error);
    set(L, "residual", result->residual);
    set(L, "mass", result->mass);
    return 1;
}

/* The measure, which must lie in the potential's space. */
static void check_space(lua_State *L, const char *where, const mf_potential *pot,
                        const mf_measure *rho) {
    if (rho->space != pot->space || rho->dim != pot->dim)
        luaL_error(L,
                   "%s: option 'measure' lies in space '%s' (%I coordinates), the "
                   "potential takes '%s' (%I)",
                   where, rho->space->name, (lua_Integer)rho->dim, pot->space->name,
                   (lua_Integer)pot->dim);
}

static int point_mass(lua_State *L) {
    static const char where[] = "mf.stability.point_mass";
    point_options o = {0};
    lua_settop(L, 1);
    mfl_options(L, where, 1, point_fields, &o); /* at 2 */
    const mf_potential *pot = *o.potential;
    if (!pot)
        return luaL_error(L, "%s: option 'potential' is closed", where);
    lua_getfield(L, 2, "theta"); /* at 3 */
    const double *theta = read_theta(L, where, 3, pot);
    mf_measure rho = {pot->space, 1, pot->dim, 1, theta, NULL};
    if (o.measure)
        rho = *o.measure;
    check_space(L, where, pot, &rho);
    size_t bytes = mf_point_mass_bytes(pot, rho.n);
    if (!bytes)
        return luaL_error(L, "%s: %I coordinates do not fit in memory", where,
                          (lua_Integer)pot->dim);
    char *block = lua_newuserdatauv(L, bytes + 64, 0);
    void *mem = (void *)(((uintptr_t)block + 63) & ~(uintptr_t)63);
    mf_error err = {MF_OK, ""};
    mf_point_mass result;
    mfl_task *task = mfl_task_push(L, "H0", 0, 1);
    mf_status status = mf_point_mass_check(pot, theta, &rho, o.tol, mem, &result, mfl_stop(), &err);
    mfl_task_end(task);
    mfl_status(L, where, status, &err);
    if (status == MF_STOPPED)
        mfl_task_raise(L, where);
    return push_point_mass(L, &result, pot->dim);
}

/* ---- rates of a law of atoms -------------------------------------------------------------------- */

typedef struct {
    mf_potential *const *potential;
    const mf_measure *measure;
    double tol;
} spectrum_options;

static const mfl_field spectrum_fields[] = {
        {"potential", MFL_OBJECT, offsetof(spectrum_options, potential), .flags = MFL_REQUIRED,
         .aux = MFL_POTENTIAL, .text = "of the model"},
        {"measure", MFL_OBJECT, offsetof(spectrum_options, measure), .flags = MFL_REQUIRED,
         .aux = MFL_MEASURE,
         .text = "the law of atoms, at most 600 coordinates in all: a fixed point of the flow, of "
                 "a "
                 "mf.optimum for instance"},
        {"tol", MFL_NUMBER, offsetof(spectrum_options, tol), .flags = MFL_OPEN_LOW, .high = 1,
         .fallback = 1e-6,
         .text = "a radius at 0 is held there by forces above this, relative to 1 + |grad V|"},
        MFL_END};

static int spectrum(lua_State *L) {
    static const char where[] = "mf.stability.spectrum";
    spectrum_options o = {0};
    lua_settop(L, 1);
    mfl_options(L, where, 1, spectrum_fields, &o); /* at 2 */
    const mf_potential *pot = *o.potential;
    const mf_measure *rho = o.measure;
    if (!pot)
        return luaL_error(L, "%s: option 'potential' is closed", where);
    check_space(L, where, pot, rho);
    size_t bytes = mf_spectrum_bytes(pot, rho->n);
    if (!bytes)
        return luaL_error(L,
                          "%s: option 'measure' has %I atoms of %I coordinates, at most %d "
                          "coordinates in all are treated",
                          where, (lua_Integer)rho->n, (lua_Integer)rho->dim, MF_SPECTRUM_MAX);
    char *block = lua_newuserdatauv(L, bytes + 64, 0);
    void *mem = (void *)(((uintptr_t)block + 63) & ~(uintptr_t)63);
    mf_error err = {MF_OK, ""};
    mf_spectrum result;
    mfl_task *task = mfl_task_push(L, "spectrum", 0, 1);
    mf_status status = mf_spectrum_solve(pot, rho, o.tol, mem, &result, mfl_stop(), &err);
    mfl_task_end(task);
    mfl_status(L, where, status, &err);
    if (status == MF_STOPPED)
        mfl_task_raise(L, where);
    lua_createtable(L, 0, 3);
    set_vector(L, "rates", result.rates, result.n);
    set(L, "error", result.error);
    set(L, "residual", result.residual);
    return 1;
}

static const mfl_fn stability_functions[] = {
        {"lemma1", lemma1, "mf.stability.lemma1{d=, delta=, activation=}",
         "Is the uniform law on one sphere a global minimizer of the risk (Lemma 1)? Returns "
         "{stable=, "
         "r_star=, risk=, margin=, at=, error=}: the global minimizer of Eq. 14 and its risk; the "
         "margin of Lemma 1 over the closed half-line [0, inf] and the radius where it is "
         "attained; a "
         "bound on the margin's numerical error. The margin is the least of v(r) + u_d(r, r_star) "
         "- "
         "v(r_star) - u_d(r_star, r_star) over both ends and all local minima r other than r_star. "
         "stable is nil if |margin| <= error.",
         lemma1_fields},
        {"interval", interval, "low, high, ends = mf.stability.interval{d=, activation=}",
         "The interval (Delta_d^l, Delta_d^h) in which Lemma 1 holds; nil, nil if it holds for no "
         "Delta. ends.low and ends.high give the radius `at` which Lemma 1 is violated first "
         "beyond "
         "that end (nil if it is not) and the end's error; ends.best is the Delta seen to hold "
         "most "
         "safely (or to fail least), ends.margin its margin.",
         interval_fields},
        {"point_mass", point_mass, "mf.stability.point_mass{potential=, theta=, measure=}",
         "Does the point mass at theta attract or repel (Theorems 6 and 7)? Returns {verdict=, "
         "gradient=, eigenvalues=, H0=, error=, residual=, mass=}: grad Psi(theta; rho_*); H_0 of "
         "Eq. 26 in the potential's coordinates, its eigenvalues in increasing order and their "
         "estimated error; (int |grad Psi|^2 d rho_*)^(1/2), which is 0 at a fixed point; the mass "
         "p_* that rho_* has at theta. The verdict is 'not a fixed point', 'stable' (all "
         "eigenvalues > 0: Theorem 6 if p_* = 1), 'unstable' (the least is < 0 and none is 0: "
         "Theorem 7, whose conditions B2 and B3 on the rest of rho_* are not checked) or "
         "'degenerate' (an eigenvalue is 0 within the error, always so for a sampled potential of "
         "a sigma with kinks, which has no H_0). Radii at 0 with inward force and fixed "
         "coordinates take no part: their rows of H0 are 0 and have no eigenvalue.",
         point_fields},
        {"spectrum", spectrum, "mf.stability.spectrum{potential=, measure=}",
         "The rates at which the flow approaches a law of atoms, negative ones at which it leaves "
         "it, in "
         "the clock int xi: {rates=, error=, residual=}, the eigenvalues of the flow's "
         "linearisation in "
         "increasing order, "
         "2 Hess Psi at every atom and what atoms do to each other, their estimated error, and "
         "(int |grad Psi|^2 d rho)^(1/2), which is 0 at a fixed point. R goes to its limit like "
         "exp(-2 rates[1] clock). Radii pressed against 0, infinite radii and fixed coordinates do "
         "not move and have no rate.",
         spectrum_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_stability(lua_State *L) {
    lua_newtable(L);
    mfl_functions(L, "mf.stability", stability_functions);
    lua_setfield(L, -2, "stability");
}
