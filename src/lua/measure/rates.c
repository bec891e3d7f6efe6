/* rates.c: the option `rates` = {a=, b=, w=}. */
#include "rates.h"

#include <math.h>

static const mfl_field fields[] = {{"a", MFL_NUMBER, MF_GROUP_A * sizeof(double), .high = MFL_LARGE,
                                    .fallback = 1, .text = "of the output weights"},
                                   {"b", MFL_NUMBER, MF_GROUP_B * sizeof(double), .high = MFL_LARGE,
                                    .fallback = 1, .text = "of the offsets"},
                                   {"w", MFL_NUMBER, MF_GROUP_W * sizeof(double), .high = MFL_LARGE,
                                    .fallback = 1, .text = "of the weights"},
                                   MFL_END};

void mfl_rates_push(lua_State *L, const double rate[MF_GROUPS]) {
    lua_createtable(L, 0, MF_GROUPS);
    for (size_t i = 0; i < MF_GROUPS; ++i) {
        lua_pushnumber(L, rate[i]);
        lua_setfield(L, -2, mf_group_names[i]);
    }
}

void mfl_rates_option(lua_State *L, const char *where, int index, double rate[MF_GROUPS]) {
    index = lua_absindex(L, index);
    const char *name = lua_pushfstring(L, "%s: option 'rates'", where);
    lua_getfield(L, index, "rates");
    mfl_options(L, name, -1, fields, rate);
    lua_setfield(L, index, "rates");
    lua_pop(L, 2);
}

void mfl_rates_check(lua_State *L, const char *where, const mf_space *space, size_t dim,
                     const double rate[MF_GROUPS]) {
    bool changed = false, found[MF_GROUPS + 1] = {false};
    for (size_t i = 0; i < MF_GROUPS; ++i)
        changed = changed || rate[i] != 1;
    for (size_t c = 0; c < dim; ++c)
        found[mf_space_group(space, dim, c)] = true;
    if (changed && found[MF_GROUP_NONE])
        luaL_error(L,
                   "%s: option 'rates' is for coordinates that stem from a, b or w, which those of "
                   "space '%s' are not",
                   where, space->name);
    for (size_t i = 0; i < MF_GROUPS; ++i)
        if (rate[i] != 1 && !found[i])
            luaL_error(L, "%s: option 'rates' has a rate of %s, and there is none in space '%s'",
                       where, mf_group_names[i], space->name);
}
