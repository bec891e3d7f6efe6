/* box.c: reads a domain of theta. */
#include "box.h"

#include <math.h>

/* Reads box[c] = {low, high}; the box is on top of the stack. */
static void read_side(lua_State *L, const char *where, const mf_potential *p, size_t c, double *low,
                      double *high) {
    bool ok = lua_rawgeti(L, -1, (lua_Integer)c + 1) == LUA_TTABLE;
    if (ok) {
        bool numbers = lua_rawgeti(L, -1, 1) == LUA_TNUMBER;
        numbers = lua_rawgeti(L, -2, 2) == LUA_TNUMBER && numbers;
        *low = lua_tonumber(L, -2);
        *high = lua_tonumber(L, -1);
        lua_pop(L, 2);
        ok = numbers && *low < *high && isfinite(*low) && (isfinite(*high) || mf_is_radius(p, c)) &&
             (*low >= 0 || !mf_is_radius(p, c));
    }
    if (!ok)
        luaL_error(L, "%s: option 'box' must give {low, high} with low < high for coordinate %d%s",
                   where, (int)c + 1,
                   mf_is_radius(p, c) ? ", a radius: low >= 0" : ", both finite");
    lua_pop(L, 1);
}

bool mfl_box(lua_State *L, const char *where, const mf_potential *p, double low[MFL_BOX_DIM],
             double high[MFL_BOX_DIM]) {
    if (p->dim > MFL_BOX_DIM)
        luaL_error(L, "%s: the potential has %I parameters, a box at most %d", where,
                   (lua_Integer)p->dim, (int)MFL_BOX_DIM);
    bool given = lua_getfield(L, -1, "box") != LUA_TNIL;
    if (given && (!lua_istable(L, -1) || lua_rawlen(L, -1) != p->dim)) {
        lua_pushfstring(L, "a list of %d pairs {low, high}", (int)p->dim);
        mfl_option_error(L, where, "box", lua_tostring(L, -1), -2);
    }
    for (size_t c = 0; given && c < p->dim; ++c)
        read_side(L, where, p, c, &low[c], &high[c]);
    lua_pop(L, 1);
    return given;
}

void mfl_dimensions(lua_State *L, const char *where, const mf_potential *pot, double d, double s0,
                    double *dimension) {
    size_t radii = 0, at = 0, along = 0; /* along: w itself, as m of a multi-index potential */
    bool limit = false;
    for (size_t c = 0; c < pot->dim; ++c) {
        dimension[c] = mf_potential_dimension(pot, c);
        radii += mf_is_radius(pot, c);
        along += !mf_is_radius(pot, c) && mf_space_group(pot->space, pot->dim, c) == MF_GROUP_W;
        limit = limit || isinf(dimension[c]);
    }
    if (!limit && (d > 0 || s0 > 0))
        luaL_error(L, "%s: the potential has its own dimensions: leave out 'd' and 's0'", where);
    if (limit && !(d > 0))
        luaL_error(L,
                   "%s: option 'd' is missing: the potential is at d = inf, where r^(d-1) dr is "
                   "no volume",
                   where);
    if (limit && d <= (double)along)
        luaL_error(L, "%s: option 'd' must be > %I, the directions that m is along, got %I", where,
                   (lua_Integer)along, (lua_Integer)d);
    if (limit && radii == 2 && !(s0 >= 1 && s0 < d))
        luaL_error(L, "%s: option 's0' must be in [1, d): the dimension behind r1", where);
    for (size_t c = 0; limit && c < pot->dim; ++c)
        if (mf_is_radius(pot, c))
            dimension[c] = radii == 1 ? d - (double)along : at++ ? d - s0 : s0;
}
