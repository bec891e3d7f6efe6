/* activation.c: mf.activation, the functions sigma of sigma_*(x; theta) = a sigma(<w,x> + b). */
#include "activation.h"

#include "lua/base/array.h"

#include <math.h>
#include <string.h>

static const mfl_class activation_class;

/* Pushes an activation; its option table is on top of the stack. */
static mf_activation *push_activation(lua_State *L, mf_activation value) {
    mf_activation *a = mfl_new(L, &activation_class, sizeof value);
    *a = value;
    return a;
}

/* ---- constructors without options ---------------------------------------------------------- */

static int push_smooth(lua_State *L, const char *name, mf_activation_kind kind) {
    mfl_options(L, name, 1, (const mfl_field[]){MFL_END}, NULL);
    push_activation(L, (mf_activation){.kind = kind});
    return 1;
}

static int activation_relu(lua_State *L) {
    mfl_options(L, "mf.activation.relu", 1, (const mfl_field[]){MFL_END}, NULL);
    push_activation(L, (mf_activation){.kind = MF_ACT_PIECEWISE, .knots = 1, .slope_right = 1});
    return 1;
}

static int activation_tanh(lua_State *L) {
    return push_smooth(L, "mf.activation.tanh", MF_ACT_TANH);
}

static int activation_erf(lua_State *L) {
    return push_smooth(L, "mf.activation.erf", MF_ACT_ERF);
}

static int activation_sigmoid(lua_State *L) {
    return push_smooth(L, "mf.activation.sigmoid", MF_ACT_SIGMOID);
}

static int activation_softplus(lua_State *L) {
    return push_smooth(L, "mf.activation.softplus", MF_ACT_SOFTPLUS);
}

/* ---- piecewise linear -------------------------------------------------------------------------- */

static const mfl_field slope_fields[] = {
        {"left", MFL_NUMBER, offsetof(mf_activation, slope_left), .low = -MFL_LARGE,
         .high = MFL_LARGE, .text = "slope before the first knot"},
        {"right", MFL_NUMBER, offsetof(mf_activation, slope_right), .low = -MFL_LARGE,
         .high = MFL_LARGE, .text = "slope after the last knot"},
        MFL_END};

/* The number at [i] of the table on top of the stack; an error names knot and place. */
static double knot_number(lua_State *L, lua_Integer knot, int i, const char *what) {
    lua_rawgeti(L, -1, i);
    double x = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !(fabs(x) <= MFL_LARGE))
        luaL_error(L,
                   "mf.activation.piecewise: knot %I: %s must be a number in [-1e+100, 1e+100], "
                   "got %s",
                   knot, what, mfl_push_shown(L, -1));
    lua_pop(L, 1);
    return x;
}

static void read_knots(lua_State *L, mf_activation *a) {
    lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
    if (n < 1 || n > MF_KNOTS_MAX)
        luaL_error(L, "mf.activation.piecewise: expected 1 to %d knots {t, s}, got %I",
                   MF_KNOTS_MAX, n);
    for (lua_Integer i = 1; i <= n; ++i) {
        if (lua_rawgeti(L, 1, i) != LUA_TTABLE || lua_rawlen(L, -1) != 2)
            mfl_error(L, "mf.activation.piecewise: knot %I must be a pair {t, s}, got %s", i,
                      luaL_tolstring(L, -1, NULL));
        a->t[i - 1] = knot_number(L, i, 1, "t");
        a->s[i - 1] = knot_number(L, i, 2, "s");
        lua_pop(L, 1);
        if (i > 1 && !(a->t[i - 1] > a->t[i - 2]))
            mfl_error(L, "mf.activation.piecewise: knots must increase in t: %f after %f",
                      a->t[i - 1], a->t[i - 2]);
    }
    a->knots = (size_t)n;
}

/* Splits the argument { {t, s}, ..., left=, right= } into its named part (options) and knots. */
static int activation_piecewise(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    mf_activation a = {.kind = MF_ACT_PIECEWISE};
    read_knots(L, &a);
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        if (lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 &&
            lua_tointeger(L, -2) <= (lua_Integer)a.knots)
            continue;
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_settable(L, 2);
    }
    mfl_options(L, "mf.activation.piecewise", 2, slope_fields, &a);
    for (size_t i = 0; i < a.knots; ++i) { /* a copy of the knots, which cannot change later */
        lua_createtable(L, 2, 0);
        lua_pushnumber(L, a.t[i]);
        lua_rawseti(L, -2, 1);
        lua_pushnumber(L, a.s[i]);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    push_activation(L, a);
    return 1;
}

/* ---- polynomials --------------------------------------------------------------------------------- */

static int activation_polynomial(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
    if (n < 1 || n > MF_KNOTS_MAX)
        luaL_error(L, "mf.activation.polynomial: expected 1 to %d coefficients, got %I",
                   MF_KNOTS_MAX, n);
    mf_activation a = {.kind = MF_ACT_POLYNOMIAL, .knots = (size_t)n};
    for (lua_Integer i = 1; i <= n; ++i) {
        lua_rawgeti(L, 1, i);
        a.s[i - 1] = lua_tonumber(L, -1);
        if (lua_type(L, -1) != LUA_TNUMBER || !(fabs(a.s[i - 1]) <= MFL_LARGE))
            luaL_error(L,
                       "mf.activation.polynomial: coefficient %I must be a number in [-1e+100, "
                       "1e+100], got %s",
                       i, mfl_push_shown(L, -1));
        lua_pop(L, 1);
    }
    while (a.knots > 1 && a.s[a.knots - 1] == 0)
        --a.knots;
    lua_createtable(L, (int)a.knots, 0); /* a copy, which cannot change later */
    for (size_t i = 0; i < a.knots; ++i) {
        lua_pushnumber(L, a.s[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    push_activation(L, a);
    return 1;
}

/* ---- custom -------------------------------------------------------------------------------------- */

static const mfl_field custom_fields[] = {
        {"f", MFL_ANY, .flags = MFL_REQUIRED, .aux = "a function t -> sigma(t)",
         .text = "sigma; continuous, and, unless a `range` is given, a straight line (flat, for "
                 "instance) as t -> +-inf"},
        {"df", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "a function t -> sigma'(t)",
         .text = "its derivative; given, the table's derivative is held against it"},
        {"kinks", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "a list of numbers",
         .text = "places, increasing, where sigma is not smooth or needs a closer look: fewer and "
                 "better pieces, and features as narrow as 1e-6 are seen there"},
        {"range", MFL_RANGE, .flags = MFL_OPTIONAL,
         .text = "{low, high} around 0: sigma need not end in straight lines (sin, t^2), nothing "
                 "is "
                 "said of its growth beyond, and an error names the t by which SGD, a risk or a "
                 "sampled potential reaches beyond. Its exact risk and moments take 13 deviations "
                 "of <w, x>"},
        {"tol", MFL_NUMBER, .low = 1e-14, .high = 1e-2, .fallback = 1e-11,
         .text = "accepted error of the table, relative to max(1, |sigma|)"},
        MFL_END};

/* out[i] = fn(t[i]) for the function at `index`. */
static void sample(lua_State *L, int index, const char *name, size_t n, const double *t,
                   double *out) {
    for (size_t i = 0; i < n; ++i) {
        lua_pushvalue(L, index);
        lua_pushnumber(L, t[i]);
        lua_call(L, 1, 1);
        if (lua_type(L, -1) != LUA_TNUMBER)
            mfl_error(L, "mf.activation.custom: %s(%f) must be a number, got %s", name, t[i],
                      luaL_tolstring(L, -1, NULL));
        out[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
}

/* The range from the option table at index 2; false: there is none. */
static bool read_range(lua_State *L, double *range) {
    bool given = lua_getfield(L, 2, "range") != LUA_TNIL;
    for (int i = 0; given && i < 2; ++i) {
        lua_rawgeti(L, -1, i + 1);
        range[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return given;
}

/* Kinks from the option table at index 2. */
static size_t read_kinks(lua_State *L, double *kinks) {
    size_t n = 0;
    if (lua_getfield(L, 2, "kinks") != LUA_TNIL) {
        if (!lua_istable(L, -1))
            mfl_option_error(L, "mf.activation.custom", "kinks", "a list of numbers", -1);
        n = lua_rawlen(L, -1);
        if (n > MF_KNOTS_MAX)
            luaL_error(L, "mf.activation.custom: option 'kinks' has %I numbers, at most %d allowed",
                       (lua_Integer)n, MF_KNOTS_MAX);
        for (size_t i = 0; i < n; ++i) {
            if (lua_rawgeti(L, -1, (lua_Integer)i + 1) != LUA_TNUMBER)
                mfl_option_error(L, "mf.activation.custom", "kinks", "a list of numbers", -1);
            kinks[i] = lua_tonumber(L, -1);
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    return n;
}

/* Stack: 1 argument, 2 options, 3 f, 4 df or nil, 5 plan, 6 activation. The activation's second
 * user value owns the table.                                                                  */
static int activation_custom(lua_State *L) {
    static const char where[] = "mf.activation.custom";
    if (lua_isfunction(L, 1)) { /* mf.activation.custom(fn) */
        lua_settop(L, 1);
        lua_createtable(L, 0, 1);
        lua_insert(L, 1);
        lua_setfield(L, 1, "f");
    }
    lua_settop(L, 1);
    double tol = 0, range[2], kinks[MF_KNOTS_MAX], t[MF_TABULATION_BATCH], f[MF_TABULATION_BATCH],
           df[MF_TABULATION_BATCH];
    mfl_options(L, where, 1, custom_fields, &tol);
    if (lua_getfield(L, 2, "f") != LUA_TFUNCTION)
        mfl_option_error(L, where, "f", "a function t -> sigma(t)", -1);
    if (lua_getfield(L, 2, "df") != LUA_TNIL && !lua_isfunction(L, -1))
        mfl_option_error(L, where, "df", "a function t -> sigma'(t)", -1);
    bool has_df = lua_isfunction(L, 4);
    mf_tabulation *plan = lua_newuserdatauv(L, sizeof *plan, 0);
    mf_error err = {0};
    bool ranged = read_range(L, range);
    size_t places = read_kinks(L, kinks);
    mfl_status(L, where,
               mf_tabulation_begin(plan, kinks, places, ranged ? range : NULL, tol, has_df, &err),
               &err);
    for (size_t n; (n = mf_tabulation_wanted(plan, t)) > 0;) {
        sample(L, 3, "f", n, t, f);
        if (has_df)
            sample(L, 4, "df", n, t, df);
        mf_status status = mf_tabulation_feed(plan, f, has_df ? df : NULL, &err);
        if (status < 0 && !ranged && !plan->located) /* far out */
            mfl_error(L, "%s: %s; one that need not takes a range = {low, high}", where, err.text);
        mfl_status(L, where, status, &err);
    }
    lua_pushvalue(L, 2);
    mf_activation *a = push_activation(L, (mf_activation){.kind = MF_ACT_TABLE});
    mf_activation_table *table = lua_newuserdatauv(L, mf_tabulation_bytes(plan), 0);
    mf_tabulation_finish(plan, table);
    a->table = table;
    lua_setiuservalue(L, -2, 2);
    return 1;
}

/* ---- methods ----------------------------------------------------------------------------------------- */

/* sigma or sigma' of a number, or of every element of an array or a table of numbers. */
static int apply(lua_State *L, bool derivative) {
    const mf_activation *a = mfl_check(L, 1, MFL_ACTIVATION);
    const char *where = derivative ? "activation:derivative" : "activation";
    mf_error err;
    if (lua_type(L, 2) == LUA_TNUMBER) {
        double t = lua_tonumber(L, 2);
        mfl_status(L, where, mf_activation_check(a, 1, &t, &err), &err);
        lua_pushnumber(L, derivative ? mf_activation_derivative(a, t) : mf_activation_value(a, t));
        return 1;
    }
    const mfl_array *in = mfl_array_convert(L, 2);
    mfl_status(L, where, mf_activation_check(a, in->rows * in->cols, in->data, &err), &err);
    mfl_array *out =
            in->ndim == 2 ? mfl_array_matrix(L, in->rows, in->cols) : mfl_array_vector(L, in->rows);
    mf_activation_apply(a, in->rows * in->cols, in->data, derivative ? NULL : out->data,
                        derivative ? out->data : NULL);
    return 1;
}

static int activation_call(lua_State *L) {
    return apply(L, false);
}

static int activation_derivative(lua_State *L) {
    return apply(L, true);
}

static int activation_moment(lua_State *L) {
    const mf_activation *a = mfl_check(L, 1, MFL_ACTIVATION);
    double q, dq_ds, dq_db;
    mf_error err;
    mfl_status(L, "activation:moment",
               mf_activation_moment(a, luaL_checknumber(L, 2), luaL_optnumber(L, 3, 0), &q, &dq_ds,
                                    &dq_db, &err),
               &err);
    lua_pushnumber(L, q);
    lua_pushnumber(L, dq_ds);
    lua_pushnumber(L, dq_db);
    return 3;
}

/* Stack: object, k, s, b, coefficients. */
static int activation_hermite(lua_State *L) {
    const mf_activation *a = mfl_check(L, 1, MFL_ACTIVATION);
    lua_Integer k = luaL_checkinteger(L, 2);
    luaL_argcheck(L, k >= 0 && k <= 100000, 2, "k must be in [0, 100000]");
    size_t n = (size_t)k + 1;
    double s = luaL_checknumber(L, 3), b = luaL_optnumber(L, 4, 0),
           *c = mfl_array_vector(L, n)->data, *dc = mfl_array_vector(L, n)->data;
    mf_error err;
    mfl_status(L, "activation:hermite", mf_activation_hermite(a, s, b, n, c, dc, &err), &err);
    lua_pushnumber(L, c[k]);
    lua_pushnumber(L, dc[k]);
    return 2;
}

static int activation_coefficients(lua_State *L) {
    const mf_activation *a = mfl_check(L, 1, MFL_ACTIVATION);
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_argcheck(L, n >= 1 && n <= 100000, 2, "n must be in [1, 100000]");
    double s = luaL_checknumber(L, 3), b = luaL_optnumber(L, 4, 0),
           *c = mfl_array_vector(L, (size_t)n)->data, *dc = mfl_array_vector(L, (size_t)n)->data;
    mf_error err;
    mfl_status(L, "activation:coefficients", mf_activation_hermite(a, s, b, (size_t)n, c, dc, &err),
               &err);
    return 2;
}

static int activation_error(lua_State *L) {
    lua_pushnumber(L, mf_activation_error(mfl_check(L, 1, MFL_ACTIVATION)));
    return 1;
}

static int activation_kind(lua_State *L) {
    lua_pushstring(L,
                   mf_activation_names[((mf_activation *)mfl_check(L, 1, MFL_ACTIVATION))->kind]);
    return 1;
}

static int activation_bounded(lua_State *L) {
    lua_pushboolean(L, mf_activation_is_bounded(mfl_check(L, 1, MFL_ACTIVATION)));
    return 1;
}

static int activation_tails(lua_State *L) {
    const mf_activation *a = mfl_check(L, 1, MFL_ACTIVATION);
    mf_activation_tails tails = mf_activation_tails_of(a);
    double low, high;
    if (mf_activation_range(a, &low, &high)) {
        lua_pushnil(L);
        return 1;
    }
    lua_createtable(L, 0, 4);
    lua_pushnumber(L, tails.slope_left);
    lua_setfield(L, -2, "slope_left");
    lua_pushnumber(L, tails.offset_left);
    lua_setfield(L, -2, "offset_left");
    lua_pushnumber(L, tails.slope_right);
    lua_setfield(L, -2, "slope_right");
    lua_pushnumber(L, tails.offset_right);
    lua_setfield(L, -2, "offset_right");
    return 1;
}

/* "mf.activation.piecewise{ {0.5, -2.5}, {1.5, 7.5} }", "mf.activation.tanh()", ... */
static int activation_tostring(lua_State *L) {
    const mf_activation *a = mfl_check(L, 1, MFL_ACTIVATION);
    if (a->kind == MF_ACT_TABLE) {
        double low, high;
        if (mf_activation_range(a, &low, &high))
            lua_pushfstring(L, "mf.activation.custom{ range = {%f, %f}, error = %f }", low, high,
                            mf_activation_error(a));
        else
            lua_pushfstring(L, "mf.activation.custom{ error = %f }", mf_activation_error(a));
        return 1;
    }
    if (a->kind == MF_ACT_POLYNOMIAL) {
        luaL_Buffer list;
        luaL_buffinit(L, &list);
        luaL_addstring(&list, "mf.activation.polynomial{ ");
        for (size_t i = 0; i < a->knots; ++i) {
            lua_pushfstring(L, "%s%f", i ? ", " : "", a->s[i]);
            luaL_addvalue(&list);
        }
        luaL_addstring(&list, " }");
        luaL_pushresult(&list);
        return 1;
    }
    if (a->kind != MF_ACT_PIECEWISE) {
        lua_pushfstring(L, "mf.activation.%s()", mf_activation_names[a->kind]);
        return 1;
    }
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, "mf.activation.piecewise{ ");
    for (size_t i = 0; i < a->knots; ++i) {
        lua_pushfstring(L, "%s{%f, %f}", i ? ", " : "", a->t[i], a->s[i]);
        luaL_addvalue(&text);
    }
    if (a->slope_left != 0 || a->slope_right != 0) {
        lua_pushfstring(L, ", left = %f, right = %f", a->slope_left, a->slope_right);
        luaL_addvalue(&text);
    }
    luaL_addstring(&text, " }");
    luaL_pushresult(&text);
    return 1;
}

static const mfl_fn activation_methods[] = {
        {"__tostring", activation_tostring, NULL, NULL, NULL},
        {"__call", activation_call, NULL, NULL, NULL},
        {"derivative", activation_derivative, "sigma:derivative(t)",
         "sigma'(t) of a number, or of every element of an array; at a knot the slope to its "
         "right.",
         NULL},
        {"moment", activation_moment, "sigma:moment(s, b = 0)",
         "q = E sigma(s G + b), dq/ds and dq/db, G standard normal. s in [0, inf], inf for bounded "
         "activations.",
         NULL},
        {"hermite", activation_hermite, "sigma:hermite(k, s, b = 0)",
         "c_k = E sigma(s G + b) h_k(G) and dc_k/ds, h_k the normalised Hermite polynomial.", NULL},
        {"coefficients", activation_coefficients, "sigma:coefficients(n, s, b = 0)",
         "Arrays of c_0 .. c_(n-1) (see hermite) and of their derivatives in s, all at once.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property activation_properties[] = {
        {"error", activation_error,
         "largest error of a tabulated activation, relative to max(1, |sigma|), at the some 70000 "
         "points that were looked at (see mf.activation.custom), or its tol if that is larger; "
         "else 0"},
        {"kind", activation_kind,
         "\"piecewise\", \"tanh\", \"erf\", \"sigmoid\", \"softplus\", \"polynomial\" or "
         "\"table\""},
        {"bounded", activation_bounded, "whether sigma has finite limits at both ends"},
        {"tails", activation_tails,
         "sigma(t) ~ slope t + offset at both ends: slope_left, offset_left, slope_right, "
         "offset_right; nil where sigma has a range"},
        {NULL, NULL, NULL}};

static const mfl_class activation_class = {
        MFL_ACTIVATION,
        "An activation sigma, as in sigma_*(x; theta) = a sigma(<w,x> + b). Call it: sigma(t), t a "
        "number or an array.",
        activation_methods, activation_properties, NULL};

static const mfl_fn activation_functions[] = {
        {"piecewise", activation_piecewise,
         "mf.activation.piecewise{ {t, s}, ..., left = 0, right = 0 }",
         "Linear between the knots (t, s), t increasing; beyond the ends the given slopes.",
         slope_fields},
        {"relu", activation_relu, "mf.activation.relu()", "max(t, 0).", NULL},
        {"tanh", activation_tanh, "mf.activation.tanh()", "tanh(t).", NULL},
        {"erf", activation_erf, "mf.activation.erf()", "2/sqrt(pi) int_0^t exp(-u^2) du.", NULL},
        {"sigmoid", activation_sigmoid, "mf.activation.sigmoid()", "1/(1 + exp(-t)).", NULL},
        {"softplus", activation_softplus, "mf.activation.softplus()", "log(1 + exp(t)).", NULL},
        {"polynomial", activation_polynomial, "mf.activation.polynomial{c0, c1, c2, ...}",
         "c0 + c1 t + c2 t^2 + ..., up to degree 15: exact moments and Hermite coefficients, so "
         "SGD, "
         "its exact risk, mf.descend and the sampled potential take it. Potentials that need sigma "
         "to "
         "end in straight lines refuse it from degree 2 on.",
         NULL},
        {"custom", activation_custom, "mf.activation.custom{f=, df=, kinks=, range=, tol=}",
         "A Lua function t -> sigma(t), tabulated once as piecewise polynomials and straight lines "
         "far out; `.error` is its largest error seen, or tol if that is larger. Looked at are "
         "points 1/600 apart in |t| < "
         "16, "
         "t/2048 up to 4096, t/64 up to 2^48, and closely around `kinks`: features that fall "
         "between "
         "these are not seen. Functions that jump, or do not end in straight lines, are refused; "
         "periodic ones and others that do not end so take a `range`. No "
         "Lua runs in the loops that use it. mf.activation.custom(f) is short for {f = f}.",
         custom_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_activation(lua_State *L) {
    mfl_class_register(L, &activation_class);
    lua_newtable(L);
    mfl_functions(L, "mf.activation", activation_functions);
    lua_setfield(L, -2, "activation");
}
