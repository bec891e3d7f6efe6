/* exact.c: numbers that mf.prove takes exactly: doubles bit by bit, strings as they are written. */
#include "lua/model/activation.h"
#include "proof.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int owned_close(lua_State *L) {
    mfl_owned *o = lua_touserdata(L, 1);
    if (o->object)
        o->free(o->object);
    o->object = NULL;
    return 0;
}

mfl_owned *mfl_owned_push(lua_State *L, void (*release)(void *)) {
    mfl_owned *o = lua_newuserdatauv(L, sizeof *o, 0);
    *o = (mfl_owned){NULL, release};
    if (luaL_newmetatable(L, "meanfield.owned")) {
        lua_pushcfunction(L, owned_close);
        lua_setfield(L, -2, "__close");
        lua_pushcfunction(L, owned_close);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    mfl_to_close(L, -1);
    return o;
}

/* The number or string on top of the stack; false if it is neither, or too long. */
static bool exact_text(lua_State *L, mf_exact *out) {
    if (lua_isinteger(L, -1))
        return snprintf(out->text, sizeof out->text, LUA_INTEGER_FMT, lua_tointeger(L, -1)) > 0;
    if (lua_type(L, -1) == LUA_TNUMBER) {
        double x = lua_tonumber(L, -1);
        snprintf(out->text, sizeof out->text, "%a", x);
        return isfinite(x);
    }
    size_t size;
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : NULL;
    if (!text || size >= sizeof out->text || strlen(text) != size)
        return false;
    memcpy(out->text, text, size + 1);
    return true;
}

void mfl_exact_option(lua_State *L, const char *where, int table, const char *name, mf_exact *out) {
    lua_getfield(L, table, name);
    if (!exact_text(L, out))
        mfl_option_error(L, where, name, "a finite number or a string such as '0.3'", -1);
    lua_pop(L, 1);
}

void mfl_exact_delta(lua_State *L, const char *where, int table, mf_proof_spec *out) {
    mf_exact zero = {""};
    if (lua_getfield(L, table, "delta") == LUA_TTABLE) {
        out->all_below = true;
        lua_rawgeti(L, -1, 1);
        bool good = lua_rawlen(L, -2) == 2 && exact_text(L, &zero) && !strcmp(zero.text, "0");
        lua_rawgeti(L, -2, 2);
        if (!good || !exact_text(L, &out->delta))
            mfl_option_error(L, where, "delta", "a number, a string such as '0.3', or {0, x}", -1);
        lua_pop(L, 3);
        return;
    }
    lua_pop(L, 1);
    mfl_exact_option(L, where, table, "delta", &out->delta);
}

static void from_activation(lua_State *L, const char *where, const mf_activation *a,
                            mf_proof_spec *out) {
    if (a->kind != MF_ACT_PIECEWISE || a->slope_left != 0 || a->slope_right != 0 || a->knots < 2)
        luaL_error(L, "%s: option 'activation' must be piecewise linear with flat tails", where);
    out->knots = a->knots;
    for (size_t i = 0; i < a->knots; ++i) {
        snprintf(out->t[i].text, MF_EXACT_TEXT, "%a", a->t[i]);
        snprintf(out->s[i].text, MF_EXACT_TEXT, "%a", a->s[i]);
    }
}

static void from_list(lua_State *L, const char *where, mf_proof_spec *out) {
    static const char expected[] = "a list of 2 to 16 pairs {t, sigma(t)}";
    int list = lua_gettop(L);
    size_t n = lua_istable(L, list) ? lua_rawlen(L, list) : 0;
    if (n < 2 || n > MF_PROOF_KNOTS)
        mfl_option_error(L, where, "activation", expected, list);
    for (out->knots = 0; out->knots < n; ++out->knots) {
        size_t i = out->knots;
        if (lua_rawgeti(L, list, (lua_Integer)i + 1) != LUA_TTABLE || lua_rawlen(L, -1) != 2)
            mfl_option_error(L, where, "activation", expected, list);
        for (int k = 0; k < 2; ++k) {
            lua_rawgeti(L, -1, k + 1);
            if (!exact_text(L, k ? out->s + i : out->t + i))
                mfl_option_error(L, where, "activation",
                                 "made of finite numbers or strings such as '1/3'", -1);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
}

void mfl_exact_activation(lua_State *L, const char *where, int table, mf_proof_spec *out) {
    lua_getfield(L, table, "activation");
    const mf_activation *a = mfl_test(L, -1, MFL_ACTIVATION);
    if (a)
        from_activation(L, where, a, out);
    else
        from_list(L, where, out);
    lua_pop(L, 1);
}
