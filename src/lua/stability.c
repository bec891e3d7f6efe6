/* stability.c: mf.stability, tests of optimality and stability of special laws. */
#include "activation.h"
#include "bind.h"
#include "core/lemma1.h"
#include "core/radial.h"

#include <math.h>

/* ---- Lemma 1 ----------------------------------------------------------------------------- */

typedef struct {
    const mf_activation *activation;
    double d, delta, tol;
} lemma1_options;

#define FIELD_D                                                                                    \
    {                                                                                              \
        "d", MFL_DIM, offsetof(lemma1_options, d), MFL_REQUIRED | MFL_INF, 2, HUGE_VAL, 0, NULL,   \
                "dimension, or math.huge"                                                          \
    }
#define FIELD_ACTIVATION                                                                           \
    {                                                                                              \
        "activation", MFL_OBJECT, offsetof(lemma1_options, activation), MFL_REQUIRED, 0, 0, 0,     \
                MFL_ACTIVATION, "bounded, or sigma has no limit at r = inf"                        \
    }

static const mfl_field lemma1_fields[] = {FIELD_D,
                                          {"delta", MFL_NUMBER, offsetof(lemma1_options, delta),
                                           MFL_REQUIRED | MFL_OPEN_LOW | MFL_OPEN_HIGH, 0, 1, 0,
                                           NULL, "separation of the two Gaussians"},
                                          FIELD_ACTIVATION,
                                          {"tol", MFL_NUMBER, offsetof(lemma1_options, tol), 0,
                                           1e-13, 1e-2, 1e-13, NULL, "accuracy of v and u_d"},
                                          MFL_END};

static const mfl_field interval_fields[] = {FIELD_D,
                                            FIELD_ACTIVATION,
                                            {"tol", MFL_NUMBER, offsetof(lemma1_options, tol), 0,
                                             1e-9, 1e-2, 1e-6, NULL, "accuracy of both ends"},
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
    mf_radial_spec spec = {*o.activation, o.delta, o.d, o.tol};
    mf_status status = mf_radial_new(&spec, &potential, &err);
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
    mf_status status = mf_lemma1_find_interval(o.activation, o.d, o.tol, &result, mfl_stop(), &err);
    mfl_status(L, where, status, &err);
    if (status == MF_STOPPED)
        mfl_task_raise(L, where);
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
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_stability(lua_State *L) {
    lua_newtable(L);
    mfl_functions(L, "mf.stability", stability_functions);
    lua_setfield(L, -2, "stability");
}
