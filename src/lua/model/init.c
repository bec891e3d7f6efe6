/* init.c: mf.init, the law rho_0 of a neuron's weights before training. */
#include "init.h"

#include "lua/base/array.h"
#include "lua/base/rng.h"
#include "lua/model/number.h"

#include <math.h>
#include <string.h>

static const mfl_class init_class;

#define FIELD_A                                                                                    \
    {                                                                                              \
        .name = "a", .type = MFL_ANY, .flags = MFL_OPTIONAL,                                       \
        .aux = "a number or an mf.number law",                                                     \
        .text = "output weight of affine neurons; default 1"                                       \
    }
#define FIELD_B                                                                                    \
    {                                                                                              \
        .name = "b", .type = MFL_ANY, .flags = MFL_OPTIONAL,                                       \
        .aux = "a number or an mf.number law", .text = "offset of affine neurons; default 0"       \
    }
#define FIELD_D                                                                                    \
    {                                                                                              \
        "d", MFL_DIM, offsetof(mf_init, d), MFL_OPTIONAL, 1, 1e7, 0, NULL,                         \
                "dimension whose law of the radii (and of m) is meant, beside a potential at d = " \
                "inf"                                                                              \
    }
#define FIELD_S0                                                                                   \
    {                                                                                              \
        "s0", MFL_DIM, offsetof(mf_init, s0), MFL_OPTIONAL, 1, 1e7, 0, NULL,                       \
                "dimension of V whose law of (r1, r2) is meant, beside a potential at d = inf"     \
    }

static const mfl_field gaussian_fields[] = {{"kappa", MFL_NUMBER, offsetof(mf_init, scale),
                                             .flags = MFL_REQUIRED | MFL_OPEN_LOW,
                                             .high = MFL_LARGE, .text = "w ~ N(0, kappa^2/d I)"},
                                            FIELD_A,
                                            FIELD_B,
                                            FIELD_D,
                                            FIELD_S0,
                                            MFL_END};

static const mfl_field sphere_fields[] = {{"radius", MFL_NUMBER, offsetof(mf_init, scale),
                                           .flags = MFL_REQUIRED, .high = MFL_LARGE,
                                           .text = "w is uniform on the sphere |w| = radius"},
                                          FIELD_A,
                                          FIELD_B,
                                          FIELD_D,
                                          FIELD_S0,
                                          MFL_END};

static int push_init(lua_State *L, const char *where, const mf_init_ops *ops,
                     const mfl_field *fields) {
    mf_init init = {.ops = ops};
    lua_settop(L, 1);
    mfl_options(L, where, 1, fields, &init); /* at 2 */
    init.a = mfl_number_option(L, where, 2, "a", 1);
    init.b = mfl_number_option(L, where, 2, "b", 0);
    *(mf_init *)mfl_new(L, &init_class, sizeof init) = init;
    return 1;
}

static int init_gaussian(lua_State *L) {
    return push_init(L, "mf.init.gaussian", &mf_init_gaussian, gaussian_fields);
}

static int init_sphere(lua_State *L) {
    return push_init(L, "mf.init.sphere", &mf_init_sphere, sphere_fields);
}

static int init_custom(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_createtable(L, 0, 1);
    lua_insert(L, 1);
    lua_setfield(L, 1, "fn");
    *(mf_init *)mfl_new(L, &init_class, sizeof(mf_init)) = (mf_init){.ops = &mf_init_custom};
    return 1;
}

static double optional_number(lua_State *L, int index, const char *name, double fallback) {
    if (lua_isnoneornil(L, index))
        return fallback;
    double value = lua_tonumber(L, index);
    if (lua_type(L, index) != LUA_TNUMBER || !isfinite(value))
        mfl_error(L, "mf.init.custom: %s must be a finite number, got %s", name,
                  luaL_tolstring(L, index, NULL));
    return value;
}

void mfl_init_neuron(lua_State *L, int index, mf_key key, uint64_t i, size_t d, double *w,
                     double *a, double *b) {
    const mf_init *init = mfl_check(L, index, MFL_INIT);
    if (!mf_init_is_fed(init)) {
        init->ops->neuron(init, key, i, d, w);
        mf_init_output(init, key, i, a, b);
        return;
    }
    int top = lua_gettop(L);
    luaL_checkstack(L, 8, NULL);
    lua_getiuservalue(L, index, 1);
    lua_getfield(L, -1, "fn");
    mfl_rng_push(L, key, i);
    lua_pushinteger(L, (lua_Integer)d);
    lua_call(L, 2, 3);
    *a = optional_number(L, -2, "a", 1);
    *b = optional_number(L, -1, "b", 0);
    size_t n = 0;
    if (!lua_istable(L, -3) && !mfl_array_test(L, -3))
        luaL_error(L, "mf.init.custom: the function must return w (array or table), got %s",
                   luaL_typename(L, -3));
    const double *values = mfl_array_doubles(L, -3, &n);
    if (n != d)
        luaL_error(L, "mf.init.custom: w must have d = %I numbers, got %I", (lua_Integer)d,
                   (lua_Integer)n);
    for (size_t c = 0; c < d; ++c)
        if (!isfinite(values[c]))
            mfl_error(L, "mf.init.custom: w[%I] must be finite, got %f", (lua_Integer)c + 1,
                      values[c]);
    memcpy(w, values, d * sizeof *w);
    lua_settop(L, top);
}

static bool is_number(const mf_number_law *law, double x) {
    return mf_number_is_constant(law) && law->v[0] == x;
}

void mfl_init_check_plain(lua_State *L, const char *where, const mf_init *init) {
    bool custom = mf_init_is_fed(init);
    if (!custom && !(is_number(&init->a, 1) && is_number(&init->b, 0)))
        luaL_error(L,
                   "%s: option 'init' has %s of its own, which neurons sigma(<w,x>) do not have: "
                   "leave it out, or choose affine neurons a sigma(<w,x> + b)",
                   where, is_number(&init->a, 1) ? "a 'b'" : "an 'a'");
}

/* ---- the law of the radii -------------------------------------------------------------------- */

/* A native law, and the subspace from the arguments d and k (default d). */
static const mf_init *radii_of(lua_State *L, int d_at, mf_span *v) {
    const mf_init *init = mfl_check(L, 1, MFL_INIT);
    double d = luaL_checknumber(L, d_at), k = luaL_optnumber(L, d_at + 1, d);
    if (mf_init_is_fed(init))
        luaL_error(L, "mf.init.custom: a law of one's own has no known law of radii");
    luaL_argcheck(L, d >= 1 && d == floor(d) && isfinite(d), d_at, "an integer d >= 1 expected");
    luaL_argcheck(L, k >= 0 && k == floor(k) && k <= d, d_at + 1,
                  "an integer k from 0 to d expected");
    *v = (mf_span){d, k, k / d};
    return init;
}

static double length_at(lua_State *L, int index) {
    double r = luaL_checknumber(L, index);
    luaL_argcheck(L, r >= 0, index, "a length >= 0 expected");
    return r;
}

/* f of the number at 2, or of every element of the array there; of lengths, or of probabilities. */
typedef double (*of_number)(const mf_init *, mf_span, double);

static double checked(lua_State *L, double x, bool probability) {
    if (probability)
        luaL_argcheck(L, x > 0 && x < 1, 2, "a probability between 0 and 1 expected");
    else
        luaL_argcheck(L, x >= 0, 2, "a length >= 0 expected");
    return x;
}

static int each(lua_State *L, const mf_init *init, mf_span v, of_number f, bool probability) {
    if (lua_type(L, 2) == LUA_TNUMBER) {
        lua_pushnumber(L, f(init, v, checked(L, lua_tonumber(L, 2), probability)));
        return 1;
    }
    const mfl_array *in = mfl_array_convert(L, 2);
    double *out = (in->ndim == 2 ? mfl_array_matrix(L, in->rows, in->cols)
                                 : mfl_array_vector(L, in->rows))
                          ->data;
    for (size_t i = 0; i < in->rows * in->cols; ++i)
        out[i] = f(init, v, checked(L, in->data[i], probability));
    return 1;
}

static int init_density(lua_State *L) {
    mf_span v;
    const mf_init *init = radii_of(L, 3, &v);
    return each(L, init, v, init->ops->density, false);
}

static int init_cdf(lua_State *L) {
    mf_span v;
    const mf_init *init = radii_of(L, 3, &v);
    return each(L, init, v, init->ops->cdf, false);
}

static int init_quantile(lua_State *L) {
    mf_span v;
    const mf_init *init = radii_of(L, 3, &v);
    return each(L, init, v, init->ops->quantile, true);
}

static int init_joint(lua_State *L) {
    mf_span v;
    luaL_checknumber(L, 5);
    const mf_init *init = radii_of(L, 4, &v);
    lua_pushnumber(L, init->ops->joint(init, v, length_at(L, 2), length_at(L, 3)));
    return 1;
}

static const mfl_fn init_methods[] = {
        {"density", init_density, "init:density(r, d, k = d)",
         "Density at r of the length of w's projection on a k-dimensional subspace of R^d: |w| for "
         "k = d, r1 for k = s0, r2 for k = d - s0. Where the length is constant (a sphere's "
         "radius): inf there, 0 elsewhere. Of an array: at every element; so cdf and quantile.",
         NULL},
        {"cdf", init_cdf, "init:cdf(r, d, k = d)",
         "Probability that this length is at most r (see density).", NULL},
        {"quantile", init_quantile, "init:quantile(p, d, k = d)",
         "The length's p-quantile, 0 < p < 1 (see density).", NULL},
        {"joint", init_joint, "init:joint(r1, r2, d, s0)",
         "Probability that the two radii, the lengths of w's projections on a subspace of "
         "dimension "
         "s0 and across it, are at most r1 and r2.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_class init_class = {
        MFL_INIT, "The law rho_0 of a neuron's weights before training.", init_methods, NULL, NULL};

static const mfl_fn init_functions[] = {
        {"gaussian", init_gaussian, "mf.init.gaussian{kappa=, a=, b=}",
         "w ~ N(0, kappa^2/d I); a and b numbers, or laws of mf.number.", gaussian_fields},
        {"sphere", init_sphere, "mf.init.sphere{radius=, a=, b=}",
         "w uniform on the sphere of the given radius; a and b numbers, or laws of mf.number.",
         sphere_fields},
        {"custom", init_custom, "mf.init.custom(fn)",
         "fn(rng, d) returns w (d numbers) and, for affine neurons, a (default 1) and b (default "
         "0). All randomness must come from rng.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_init(lua_State *L) {
    mfl_class_register(L, &init_class);
    lua_newtable(L);
    mfl_functions(L, "mf.init", init_functions);
    lua_setfield(L, -2, "init");
}
