/* descend.c: mf.descend, the risk of a network of N neurons minimised from one start. */
#include "core/network/descend.h"

#include "lua/base/array.h"
#include "lua/bind/bind.h"
#include "lua/measure/measure.h"
#include "lua/model/activation.h"
#include "lua/model/distribution.h"
#include "lua/model/init.h"

#include <math.h>
#include <string.h>

#define WHERE "mf.descend"

typedef struct {
    const mf_distribution *law;
    const mf_activation *activation;
    const void *init;
    size_t N, terms, steps;
    double tol;
    uint64_t seed;
} descend_options;

static const mfl_field descend_fields[] = {
        {"distribution", MFL_OBJECT, offsetof(descend_options, law), .flags = MFL_REQUIRED,
         .aux = MFL_DISTRIBUTION, .text = "isotropic law of (x, y)"},
        {"activation", MFL_OBJECT, offsetof(descend_options, activation), .flags = MFL_REQUIRED,
         .aux = MFL_ACTIVATION, .text = "sigma of the neurons sigma(<w,x>)"},
        {"N", MFL_COUNT, offsetof(descend_options, N), .flags = MFL_REQUIRED, .low = 1, .high = 1e5,
         .text = "number of neurons"},
        {"init", MFL_OBJECT, offsetof(descend_options, init), .flags = MFL_REQUIRED,
         .aux = MFL_INIT, .text = "law of the weights to start from"},
        {"seed", MFL_SEED, offsetof(descend_options, seed), .fallback = 1,
         .text = "seed of those weights"},
        {"tol", MFL_NUMBER, offsetof(descend_options, tol), .flags = MFL_OPEN_LOW, .high = 1,
         .fallback = 1e-7, .text = "stop where N |grad R_N| is below"},
        {"steps", MFL_COUNT, offsetof(descend_options, steps), .low = 1, .high = 1e9,
         .fallback = 2000, .text = "at most"},
        {"terms", MFL_COUNT, offsetof(descend_options, terms), .low = 8, .high = 512,
         .fallback = 64,
         .text = "of the Hermite series that is descended; the risk returned is exact"},
        MFL_END};

static void set(lua_State *L, const char *key, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

static int descend(lua_State *L) {
    descend_options o = {0};
    mf_descent result;
    mf_error err = {0};
    mfl_options(L, WHERE, 1, descend_fields, &o);
    int options = lua_gettop(L);
    if (o.law->ops != &mf_law_isotropic) {
        lua_getfield(L, options, "distribution");
        mfl_option_error(L, WHERE, "distribution", "an isotropic law", -1);
    }
    mfl_init_check_plain(L, WHERE, o.init);
    size_t d = o.law->d;
    mf_descend_spec spec = {*o.law, *o.activation, o.N, o.terms, o.steps, o.tol};
    double *W = mfl_array_matrix(L, o.N, d)->data, a, b;
    lua_getfield(L, options, "init");
    for (size_t i = 0; i < o.N; ++i)
        mfl_init_neuron(L, -1, (mf_key){o.seed, MF_STREAM_INIT}, i, d, W + i * d, &a, &b);
    lua_pop(L, 1);
    mfl_task *task = mfl_task_push(L, "descend", 0, 1);
    mf_status status = mf_descend(&spec, W, &result, mfl_stop(), &err);
    mfl_task_end(task);
    mfl_status(L, WHERE, status, &err);
    if (status == MF_STOPPED)
        mfl_task_raise(L, WHERE);

    double *x;
    lua_createtable(L, 0, 5);
    mfl_measure_new(L, &mf_space_plain, o.N, d, &x, NULL);
    for (size_t i = 0; i < o.N; ++i)
        for (size_t c = 0; c < d; ++c)
            x[c * o.N + i] = W[i * d + c];
    lua_setfield(L, -2, "measure");
    set(L, "risk", result.risk);
    set(L, "error", result.error);
    set(L, "gradient", result.gradient);
    lua_pushinteger(L, (lua_Integer)result.steps);
    lua_setfield(L, -2, "steps");
    return 1;
}

static const mfl_fn finite_functions[] = {
        {"descend", descend, "mf.descend{distribution=, activation=, N=, init=, seed=}",
         "Minimises the exact population risk R_N (Eq. 4) of N plain neurons over their weights, "
         "by quasi-Newton descent from one start: a local minimum, so keep the best of many seeds. "
         "Returns {risk=, error=, gradient=, steps=, measure=}: the exact risk and a bound on its "
         "numerical error, N times the norm of the gradient that is left, the steps made, the "
         "neurons.",
         descend_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_descend(lua_State *L) {
    mfl_functions(L, "mf", finite_functions);
}
