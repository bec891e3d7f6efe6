/* number.c: mf.number, laws of one number. */
#include "number.h"

#include <math.h>

static const mfl_class number_class;

static const mfl_field signs_fields[] = {{"size", MFL_NUMBER, offsetof(mf_number_law, v),
                                          .high = MFL_LARGE, .fallback = 1,
                                          .text = "-size or size, with probability 1/2 each"},
                                         MFL_END};

static const mfl_field uniform_fields[] = {
        {"low", MFL_NUMBER, offsetof(mf_number_law, v[0]), .low = -MFL_LARGE, .high = MFL_LARGE,
         .fallback = -1, .text = "left end"},
        {"high", MFL_NUMBER, offsetof(mf_number_law, v[1]), .low = -MFL_LARGE, .high = MFL_LARGE,
         .fallback = 1, .text = "right end, > low"},
        MFL_END};

static const mfl_field normal_fields[] = {{"mean", MFL_NUMBER, offsetof(mf_number_law, v[0]),
                                           .low = -MFL_LARGE, .high = MFL_LARGE, .text = "mean"},
                                          {"deviation", MFL_NUMBER, offsetof(mf_number_law, v[1]),
                                           .flags = MFL_OPEN_LOW, .high = MFL_LARGE, .fallback = 1,
                                           .text = "standard deviation"},
                                          MFL_END};

static int push_number(lua_State *L, const char *where, const mf_number_ops *ops,
                       const mfl_field *fields) {
    mf_number_law law = {.ops = ops};
    mfl_options(L, where, 1, fields, &law);
    if (ops == &mf_number_uniform && !(law.v[0] < law.v[1]))
        mfl_error(L, "%s: option 'high' must be a number > low = %f, got %f", where, law.v[0],
                  law.v[1]);
    *(mf_number_law *)mfl_new(L, &number_class, sizeof law) = law;
    return 1;
}

static int number_signs(lua_State *L) {
    return push_number(L, "mf.number.signs", &mf_number_signs, signs_fields);
}

static int number_uniform(lua_State *L) {
    return push_number(L, "mf.number.uniform", &mf_number_uniform, uniform_fields);
}

static int number_normal(lua_State *L) {
    return push_number(L, "mf.number.normal", &mf_number_normal, normal_fields);
}

mf_number_law mfl_number_option(lua_State *L, const char *where, int options, const char *name,
                                double fallback) {
    mf_number_law law = mf_number_at(fallback);
    int type = lua_getfield(L, options, name);
    const mf_number_law *given = mfl_test(L, -1, MFL_NUMBER_LAW);
    if (given)
        law = *given;
    else if (type == LUA_TNUMBER && fabs(lua_tonumber(L, -1)) <= MFL_LARGE)
        law = mf_number_at(lua_tonumber(L, -1));
    else if (type == LUA_TNIL) {
        lua_pushnumber(L, fallback);
        lua_setfield(L, options, name);
    } else
        mfl_option_error(L, where, name, "a number in [-1e+100, 1e+100] or an mf.number law", -1);
    lua_pop(L, 1);
    return law;
}

/* ---- methods ---------------------------------------------------------------------------------- */

static int number_density(lua_State *L) {
    const mf_number_law *law = mfl_check(L, 1, MFL_NUMBER_LAW);
    lua_pushnumber(L, law->ops->density(law->v, luaL_checknumber(L, 2)));
    return 1;
}

static int number_cdf(lua_State *L) {
    const mf_number_law *law = mfl_check(L, 1, MFL_NUMBER_LAW);
    lua_pushnumber(L, law->ops->cdf(law->v, luaL_checknumber(L, 2)));
    return 1;
}

static int number_quantile(lua_State *L) {
    const mf_number_law *law = mfl_check(L, 1, MFL_NUMBER_LAW);
    double p = luaL_checknumber(L, 2);
    luaL_argcheck(L, p > 0 && p < 1, 2, "a probability between 0 and 1 expected");
    lua_pushnumber(L, mf_number_quantile(law, p));
    return 1;
}

static const mfl_fn number_methods[] = {
        {"density", number_density, "number:density(x)",
         "Density at x. Where the number has a probability of its own (signs): inf there.", NULL},
        {"cdf", number_cdf, "number:cdf(x)", "Probability that the number is at most x.", NULL},
        {"quantile", number_quantile, "number:quantile(p)", "The p-quantile, 0 < p < 1.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_class number_class = {
        MFL_NUMBER_LAW,
        "The law of one number: for a and b in mf.init. A plain number in its place is constant.",
        number_methods, NULL, NULL};

static const mfl_fn number_functions[] = {
        {"signs", number_signs, "mf.number.signs{size=}", "-size or size, equally likely.",
         signs_fields},
        {"uniform", number_uniform, "mf.number.uniform{low=, high=}", "Uniform on [low, high].",
         uniform_fields},
        {"normal", number_normal, "mf.number.normal{mean=, deviation=}", "N(mean, deviation^2).",
         normal_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_number(lua_State *L) {
    mfl_class_register(L, &number_class);
    lua_newtable(L);
    mfl_functions(L, "mf.number", number_functions);
    lua_setfield(L, -2, "number");
}
