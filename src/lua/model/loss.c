/* loss.c: mf.loss, what SGD and the potentials minimise the mean of. */
#include "loss.h"

#include "lua/base/array.h"

#include <math.h>
#include <string.h>

static const mfl_class loss_class;

/* Pushes a loss; its option table (or nil) is on top of the stack. */
static mf_loss *push_loss(lua_State *L, mf_loss value) {
    mf_loss *loss = mfl_new(L, &loss_class, sizeof value);
    *loss = value;
    return loss;
}

void mfl_loss_push(lua_State *L, const mf_loss *loss) {
    size_t head = (sizeof *loss + 63) & ~(size_t)63, bytes = mf_loss_bytes(loss);
    lua_pushnil(L);
    char *block = mfl_new(L, &loss_class, head + bytes);
    *(mf_loss *)(void *)block = *loss;
    if (bytes == 0)
        return;
    memcpy(block + head, loss->table, bytes);
    ((mf_loss *)(void *)block)->table = (const void *)(block + head);
}

static int push_plain(lua_State *L, const char *where, mf_loss_kind kind) {
    mfl_options(L, where, 1, (const mfl_field[]){MFL_END}, NULL);
    push_loss(L, (mf_loss){.kind = kind});
    return 1;
}

static int loss_square(lua_State *L) {
    return push_plain(L, "mf.loss.square", MF_LOSS_SQUARE);
}

static int loss_logistic(lua_State *L) {
    return push_plain(L, "mf.loss.logistic", MF_LOSS_LOGISTIC);
}

/* A loss of one positive number, the argument. */
static int push_with(lua_State *L, const char *name, mf_loss_kind kind) {
    double x = luaL_checknumber(L, 1);
    if (!(x > 0 && isfinite(x)))
        luaL_argerror(L, 1, mfl_format(L, "%s must be positive and finite, got %f", name, x));
    lua_createtable(L, 0, 1);
    lua_pushnumber(L, x);
    lua_setfield(L, -2, name);
    push_loss(L, (mf_loss){.kind = kind, .parameter = x});
    return 1;
}

static int loss_huber(lua_State *L) {
    return push_with(L, "delta", MF_LOSS_HUBER);
}

static int loss_hinge(lua_State *L) {
    return push_with(L, "smoothing", MF_LOSS_HINGE);
}

/* ---- custom -------------------------------------------------------------------------------------- */

#define WHERE "mf.loss.custom"

static const mfl_field custom_fields[] = {
        {"f", MFL_ANY, .flags = MFL_REQUIRED, .aux = "a function (y, yhat) -> l",
         .text = "the loss l(y, yhat)"},
        {"df", MFL_ANY, .flags = MFL_REQUIRED, .aux = "a function (y, yhat) -> dl/dyhat",
         .text = "its slope in yhat, which is tabulated: continuous, and a straight line as "
                 "yhat -> +-inf"},
        {"d2f", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "a function (y, yhat) -> d2l/dyhat2",
         .text = "the slope's slope; given, the table is held against it"},
        {"labels", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "a list of numbers",
         .text = "the values that y takes; needed unless l depends on y - yhat or on y yhat alone, "
                 "which is found out"},
        {"kinks", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "a list of numbers",
         .text = "where df is not smooth, in yhat - y, in y yhat or (labels) in yhat; increasing"},
        {"tol", MFL_NUMBER, .low = 1e-14, .high = 1e-2, .fallback = 1e-11,
         .text = "accepted error of the table, relative to max(1, |df|)"},
        MFL_END};

/* Stack of the constructor: 1 argument, 2 options, 3 f, 4 df, 5 d2f or nil. */
enum { OPTIONS = 2, F, DF, D2F };

/* fn(y, f) for the function at `index`. */
static double ask(lua_State *L, int index, double y, double f) {
    static const char *const names[] = {[F] = "f", [DF] = "df", [D2F] = "d2f"};
    lua_pushvalue(L, index);
    lua_pushnumber(L, y);
    lua_pushnumber(L, f);
    lua_call(L, 2, 1);
    if (lua_type(L, -1) != LUA_TNUMBER)
        mfl_error(L, WHERE ": %s(%f, %f) must be a number, got %s", names[index], y, f,
                  luaL_tolstring(L, -1, NULL));
    double value = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return value;
}

/* Numbers of the option `name`, at most `room`. */
static size_t read_list(lua_State *L, const char *name, size_t room, double *out) {
    size_t n = 0;
    if (lua_getfield(L, OPTIONS, name) != LUA_TNIL) {
        if (!lua_istable(L, -1))
            mfl_option_error(L, WHERE, name, "a list of numbers", -1);
        n = lua_rawlen(L, -1);
        if (n < 1 || n > room)
            luaL_error(L, WHERE ": option '%s' has %I numbers, 1 to %d allowed", name,
                       (lua_Integer)n, (int)room);
        for (size_t i = 0; i < n; ++i) {
            if (lua_rawgeti(L, -1, (lua_Integer)i + 1) != LUA_TNUMBER ||
                !isfinite(out[i] = lua_tonumber(L, -1)))
                mfl_option_error(L, WHERE, name, "a list of finite numbers", -2);
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    return n;
}

static bool same(double a, double b, double tol) {
    return fabs(a - b) <= tol * fmax(1, fabs(b));
}

enum { LOOKS = 12 };
static const double look_y[LOOKS] = {-1, 1, 0.7, -1.3, 2.1, -0.2, 3.7, -2.6, 1, -1, 0.35, 1.9},
                    look_f[LOOKS] = {0.3, -0.8,  1.1, 0.9, -2.3, 4.2,
                                     3.1, -0.15, 2.7, 1.6, 0.01, -3.3};

/* Whether l(y, f) = l(0, f - y), or l(1, y f), wherever one looks. */
static mf_loss_form find_form(lua_State *L) {
    bool residual = true, margin = true;
    for (size_t i = 0; i < LOOKS; ++i) {
        double y = look_y[i], f = look_f[i], value = ask(L, F, y, f);
        residual = residual && same(ask(L, F, 0, f - y), value, 1e-9);
        margin = margin && same(ask(L, F, 1, y * f), value, 1e-9);
    }
    if (!residual && !margin)
        luaL_error(L, WHERE ": f depends neither on y - yhat nor on y yhat alone: give the values "
                            "that y takes as option 'labels'");
    return residual ? MF_LOSS_OF_RESIDUAL : MF_LOSS_OF_MARGIN;
}

/* Pushes the table of u -> df(y, u). */
static const mf_activation_table *tabulate(lua_State *L, double y, double tol, size_t kinks,
                                           const double *kink) {
    double t[MF_TABULATION_BATCH], df[MF_TABULATION_BATCH], d2f[MF_TABULATION_BATCH];
    bool has_d2f = lua_isfunction(L, D2F);
    mf_tabulation *plan = lua_newuserdatauv(L, sizeof *plan, 0);
    mf_error err = {MF_OK, ""};
    mfl_status(L, WHERE ": df", mf_tabulation_begin(plan, kink, kinks, NULL, tol, has_d2f, &err),
               &err);
    for (size_t n; (n = mf_tabulation_wanted(plan, t)) > 0;) {
        for (size_t i = 0; i < n; ++i) {
            df[i] = ask(L, DF, y, t[i]);
            d2f[i] = has_d2f ? ask(L, D2F, y, t[i]) : 0;
        }
        mfl_status(L, WHERE ": df", mf_tabulation_feed(plan, df, has_d2f ? d2f : NULL, &err), &err);
    }
    mf_activation_table *table = lua_newuserdatauv(L, mf_tabulation_bytes(plan), 0);
    mf_tabulation_finish(plan, table);
    lua_replace(L, -2);
    return table;
}

/* df is the derivative of f, and both have the form that was found. */
static void check_custom(lua_State *L, const mf_loss *loss) {
    const mf_loss_table *table = loss->table;
    size_t labels = table->form == MF_LOSS_OF_LABEL ? table->parts : 0;
    for (size_t i = 0; i < LOOKS; ++i) {
        double y = labels ? table->part[i % labels].label : look_y[i];
        double f = look_f[i], df = ask(L, DF, y, f);
        if (!same(mf_loss_slope(loss, y, f), df, 1e-6))
            mfl_error(L, WHERE ": df(%f, %f) = %f is not what f has there", y, f, df);
        double value = ask(L, F, y, f);
        if (!same(mf_loss_value(loss, y, f), value, 1e-6))
            mfl_error(L,
                      WHERE ": df is not the derivative of f in yhat: at y = %f f rises to %f "
                            "between yhat = 0 and %f, df says to %f",
                      y, value, f, mf_loss_value(loss, y, f));
    }
}

static void check_functions(lua_State *L) {
    if (lua_getfield(L, OPTIONS, "f") != LUA_TFUNCTION)
        mfl_option_error(L, WHERE, "f", custom_fields[0].aux, -1);
    if (lua_getfield(L, OPTIONS, "df") != LUA_TFUNCTION)
        mfl_option_error(L, WHERE, "df", custom_fields[1].aux, -1);
    if (lua_getfield(L, OPTIONS, "d2f") != LUA_TNIL && !lua_isfunction(L, -1))
        mfl_option_error(L, WHERE, "d2f", custom_fields[2].aux, -1);
}

static int loss_custom(lua_State *L) {
    double tol = 0, labels[MF_LOSS_PARTS], kinks[MF_KNOTS_MAX];
    const mf_activation_table *slope[MF_LOSS_PARTS];
    mf_loss_part part[MF_LOSS_PARTS] = {{0}};
    lua_settop(L, 1);
    mfl_options(L, WHERE, 1, custom_fields, &tol);
    check_functions(L);
    size_t n = read_list(L, "labels", MF_LOSS_PARTS, labels),
           kinked = read_list(L, "kinks", MF_KNOTS_MAX, kinks);
    mf_loss_form form = n ? MF_LOSS_OF_LABEL : find_form(L);
    if (n == 0)
        labels[n++] = form == MF_LOSS_OF_MARGIN;
    luaL_checkstack(L, MF_LOSS_PARTS + 8, WHERE);
    for (size_t i = 0; i < n; ++i) {
        slope[i] = tabulate(L, labels[i], tol, kinked, kinks);
        part[i] = (mf_loss_part){
                .label = labels[i], .origin = ask(L, F, labels[i], 0), .panels = slope[i]->panels};
        if (!isfinite(part[i].origin))
            mfl_error(L, WHERE ": f(%f, 0) must be finite", labels[i]);
    }
    lua_pushvalue(L, OPTIONS);
    mf_loss *loss = push_loss(L, (mf_loss){.kind = MF_LOSS_CUSTOM});
    mf_loss_table *table = lua_newuserdatauv(L, mf_loss_table_bytes(n, part), 0);
    table->form = form;
    table->parts = n;
    memcpy(table->part, part, sizeof part);
    mf_loss_table_finish(table, slope);
    loss->table = table;
    lua_setiuservalue(L, -2, 2);
    check_custom(L, loss);
    return 1;
}

/* ---- methods --------------------------------------------------------------------------------------- */

typedef double of_pair(const mf_loss *, double y, double f);

static void refuse_nan(lua_State *L, int arg, size_t n, const double *x) {
    for (size_t i = 0; i < n; ++i)
        if (isnan(x[i]))
            luaL_argerror(L, arg, lua_pushfstring(L, "number %I is nan", (lua_Integer)i + 1));
}

/* One of l, l', l'' of two numbers, or of two arrays of the same size, element by element. */
static int apply(lua_State *L, of_pair *fn) {
    const mf_loss *loss = mfl_check(L, 1, MFL_LOSS);
    mf_error err = {MF_OK, ""};
    if (lua_type(L, 2) == LUA_TNUMBER && lua_type(L, 3) == LUA_TNUMBER) {
        double y = lua_tonumber(L, 2), yhat = lua_tonumber(L, 3);
        refuse_nan(L, 2, 1, &y);
        refuse_nan(L, 3, 1, &yhat);
        mfl_status(L, MFL_LOSS, mf_loss_check(loss, 1, &y, &err), &err);
        lua_pushnumber(L, fn(loss, y, yhat));
        return 1;
    }
    const mfl_array *y = mfl_array_convert(L, 2), *f = mfl_array_convert(L, 3);
    size_t n = y->rows * y->cols;
    if (n != f->rows * f->cols)
        luaL_argerror(L, 3,
                      lua_pushfstring(L, "%d numbers expected, as many as y has, got %d", (int)n,
                                      (int)(f->rows * f->cols)));
    refuse_nan(L, 2, n, y->data);
    refuse_nan(L, 3, n, f->data);
    mfl_status(L, MFL_LOSS, mf_loss_check(loss, n, y->data, &err), &err);
    mfl_array *out = mfl_array_vector(L, n);
    for (size_t i = 0; i < n; ++i)
        out->data[i] = fn(loss, y->data[i], f->data[i]);
    return 1;
}

static int loss_call(lua_State *L) {
    return apply(L, mf_loss_value);
}

static int loss_slope(lua_State *L) {
    return apply(L, mf_loss_slope);
}

static int loss_curvature(lua_State *L) {
    return apply(L, mf_loss_curvature);
}

static int loss_kind(lua_State *L) {
    lua_pushstring(L, mf_loss_name(mfl_check(L, 1, MFL_LOSS)));
    return 1;
}

static int loss_convex(lua_State *L) {
    lua_pushboolean(L, mf_loss_is_convex(mfl_check(L, 1, MFL_LOSS)));
    return 1;
}

static int loss_error(lua_State *L) {
    lua_pushnumber(L, mf_loss_error(mfl_check(L, 1, MFL_LOSS)));
    return 1;
}

static const char *form_name(const mf_loss *loss) {
    static const char *const names[] = {[MF_LOSS_OF_RESIDUAL] = "residual",
                                        [MF_LOSS_OF_MARGIN] = "margin",
                                        [MF_LOSS_OF_LABEL] = "labels"};
    bool margin = loss->kind == MF_LOSS_LOGISTIC || loss->kind == MF_LOSS_HINGE;
    return names[loss->kind == MF_LOSS_CUSTOM ? loss->table->form
                 : margin                     ? MF_LOSS_OF_MARGIN
                                              : MF_LOSS_OF_RESIDUAL];
}

static int loss_form(lua_State *L) {
    lua_pushstring(L, form_name(mfl_check(L, 1, MFL_LOSS)));
    return 1;
}

static int loss_tostring(lua_State *L) {
    const mf_loss *loss = mfl_check(L, 1, MFL_LOSS);
    if (loss->kind == MF_LOSS_CUSTOM)
        lua_pushfstring(L, "mf.loss.custom{ of the %s, %s }", form_name(loss),
                        mf_loss_is_convex(loss) ? "convex" : "not convex");
    else if (loss->parameter > 0)
        lua_pushfstring(L, "mf.loss.%s(%f)", mf_loss_name(loss), loss->parameter);
    else
        lua_pushfstring(L, "mf.loss.%s()", mf_loss_name(loss));
    return 1;
}

static const mfl_fn loss_methods[] = {
        {"__tostring", loss_tostring, NULL, NULL, NULL},
        {"__call", loss_call, NULL, NULL, NULL},
        {"slope", loss_slope, "loss:slope(y, yhat)",
         "dl/dyhat of two numbers, or of two arrays element by element.", NULL},
        {"curvature", loss_curvature, "loss:curvature(y, yhat)", "The same of d2l/dyhat2.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property loss_properties[] = {
        {"kind", loss_kind, "\"square\", \"logistic\", \"huber\", \"hinge\" or \"custom\""},
        {"form", loss_form,
         "what l depends on: \"residual\" (y - yhat), \"margin\" (y yhat), or \"labels\" (a "
         "function "
         "of yhat for each)"},
        {"convex", loss_convex,
         "whether l is convex in yhat; of a custom loss as far as its table shows, at 65 points of "
         "every piece. Only convex losses give certificates."},
        {"error", loss_error,
         "largest error of a custom loss's slope that was seen, relative to max(1, |slope|); else "
         "0"},
        {NULL, NULL, NULL}};

static const mfl_class loss_class = {
        MFL_LOSS,
        "A loss l(y, yhat), whose mean is the risk. Call it: loss(y, yhat), two numbers or two "
        "arrays. "
        "SGD moves by theta_i -= s_k dl/dyhat grad sigma_*, which is Eq. 3 for the square.",
        loss_methods, loss_properties, NULL};

static const mfl_fn loss_functions[] = {
        {"square", loss_square, "mf.loss.square()", "(y - yhat)^2, the paper's and the default.",
         NULL},
        {"logistic", loss_logistic, "mf.loss.logistic()", "log(1 + exp(-y yhat)) for y = +-1.",
         NULL},
        {"huber", loss_huber, "mf.loss.huber(delta)",
         "(y - yhat)^2 where |y - yhat| <= delta, delta (2 |y - yhat| - delta) beyond.", NULL},
        {"hinge", loss_hinge, "mf.loss.hinge(smoothing)",
         "The hinge max(u, 0), u = 1 - y yhat, for y = +-1, with a parabola u^2/(2 h) in 0 <= u <= "
         "h = smoothing and u - h/2 beyond, so that its slope is continuous.",
         NULL},
        {"custom", loss_custom, "mf.loss.custom{f=, df=, d2f=, labels=, kinks=, tol=}",
         "A loss of your own from Lua functions of (y, yhat): df is tabulated once (as "
         "mf.activation.custom does it), f follows from it and f(y, 0), and both are held against "
         "the "
         "functions. Losses that grow faster than yhat^2 are refused. No Lua runs in the loops "
         "that "
         "use it. If it is not convex (`.convex`), SGD and the PDE take it, and mf.optimum gives "
         "no "
         "certificate.",
         custom_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_loss(lua_State *L) {
    mfl_class_register(L, &loss_class);
    lua_newtable(L);
    mfl_functions(L, "mf.loss", loss_functions);
    lua_setfield(L, -2, "loss");
}
