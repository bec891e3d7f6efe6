/* schedule.c: mf.schedule, the step schedules xi(t) of s_k = eps xi(k eps). */
#include "schedule.h"

#include <math.h>

static const mfl_field constant_fields[] = {{"value", MFL_NUMBER, offsetof(mf_schedule, value),
                                             .flags = MFL_OPEN_LOW, .high = HUGE_VAL, .fallback = 1,
                                             .text = "xi, the same at every t"},
                                            MFL_END};

static const mfl_field power_fields[] = {
        {"p", MFL_NUMBER, offsetof(mf_schedule, power), .flags = MFL_REQUIRED | MFL_OPEN_LOW,
         .low = -1, .high = HUGE_VAL,
         .text = "exponent: xi(t) = value t^p; above -1, or the clock int xi would be infinite"},
        {"value", MFL_NUMBER, offsetof(mf_schedule, value), .flags = MFL_OPEN_LOW, .high = HUGE_VAL,
         .fallback = 1, .text = "factor in front"},
        MFL_END};

static const mfl_class schedule_class;

static int schedule_constant(lua_State *L) {
    mf_schedule spec = {MF_SCHEDULE_CONSTANT, 1, 0};
    mfl_options(L, "mf.schedule.constant", 1, constant_fields, &spec);
    *(mf_schedule *)mfl_new(L, &schedule_class, sizeof spec) = spec;
    return 1;
}

static int schedule_power(lua_State *L) {
    mf_schedule spec = {MF_SCHEDULE_POWER, 1, 0};
    if (lua_type(L, 1) == LUA_TNUMBER) { /* mf.schedule.power(-1/4) */
        lua_settop(L, 1);
        lua_createtable(L, 0, 1);
        lua_insert(L, 1);
        lua_setfield(L, 1, "p");
    }
    mfl_options(L, "mf.schedule.power", 1, power_fields, &spec);
    *(mf_schedule *)mfl_new(L, &schedule_class, sizeof spec) = spec;
    return 1;
}

static int schedule_custom(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_createtable(L, 0, 1);
    lua_insert(L, 1);
    lua_setfield(L, 1, "fn");
    *(mf_schedule *)mfl_new(L, &schedule_class, sizeof(mf_schedule)) =
            (mf_schedule){MF_SCHEDULE_CUSTOM, 1, 0};
    return 1;
}

void mfl_schedule_push(lua_State *L, const mf_schedule *xi) {
    bool power = xi->kind == MF_SCHEDULE_POWER;
    lua_pushcfunction(L, power ? schedule_power : schedule_constant);
    lua_createtable(L, 0, 2);
    lua_pushnumber(L, xi->value);
    lua_setfield(L, -2, "value");
    if (power) {
        lua_pushnumber(L, xi->power);
        lua_setfield(L, -2, "p");
    }
    lua_call(L, 1, 1);
}

mf_schedule *mfl_schedule_option(lua_State *L, const char *where) {
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushcfunction(L, schedule_constant);
        lua_call(L, 0, 1);
    } else if (lua_isfunction(L, -1)) {
        lua_pushcfunction(L, schedule_custom);
        lua_insert(L, -2);
        lua_call(L, 1, 1);
    }
    mf_schedule *xi = mfl_test(L, -1, MFL_SCHEDULE);
    if (!xi)
        mfl_option_error(L, where, "xi", "an mf.schedule or a function t -> xi(t)", -1);
    return xi;
}

double mfl_schedule_xi(lua_State *L, int index, double t) {
    const mf_schedule *xi = mfl_check(L, index, MFL_SCHEDULE);
    if (xi->kind != MF_SCHEDULE_CUSTOM)
        return mf_schedule_xi(xi, t);
    lua_getiuservalue(L, index, 1);
    lua_getfield(L, -1, "fn");
    lua_pushnumber(L, t);
    lua_call(L, 1, 1);
    double value = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !(value >= 0) || isinf(value))
        mfl_error(L, "xi(%f) must be a finite number >= 0, got %s", t, luaL_tolstring(L, -1, NULL));
    lua_pop(L, 2);
    return value;
}

/* ---- the clock of a schedule of one's own --------------------------------------------------- */

enum {
    PIECES = 64,    /* of the whole, before any is halved     */
    LEVELS = 5,     /* of one piece's rule, h = 1/2 .. 1/32   */
    CALLS = 2000000 /* of the Lua function, at most           */
};
static const double TIGHT = 1e-13, LOOSE = 1e-9; /* error of a piece; of the whole, at most */

typedef struct {
    lua_State *L;
    int index;
    double whole; /* a first estimate */
    double sum, error;
    size_t calls;
} quadrature;

/* Adds the tanh-sinh rule with step h on [from, to] to *sum; odd nodes only unless `all`. Towards
 * t = 0 it goes on until numbers end, for schedules singular there. Returns the last term.      */
static double tanh_sinh(quadrature *q, double from, double to, double h, bool all, double *sum) {
    double half = (to - from) / 2, reach = from == 0 ? 6.1 : 3.5, last = 0;
    for (int k = all ? 0 : 1; k * h < reach; k += all ? 1 : 2) {
        double u = M_PI_2 * sinh(k * h), weight = M_PI_2 * cosh(k * h) / (cosh(u) * cosh(u));
        double edge = half * exp(-u) / cosh(u); /* distance to the end of the interval, exact */
        if (k * h < 3.5)
            *sum += h * half * weight * mfl_schedule_xi(q->L, q->index, to - edge);
        if (k && from + edge > 1e-290)
            *sum += last = h * half * weight * mfl_schedule_xi(q->L, q->index, from + edge);
        q->calls += 2;
    }
    return last;
}

/* One piece by finer and finer rules; what they do not settle is halved, down to a jump of xi. */
static void add_piece(quadrature *q, double from, double to) {
    double h = 0.5, value = 0, change = HUGE_VAL, middle = from + (to - from) / 2;
    tanh_sinh(q, from, to, h, true, &value);
    for (int level = 1; level < LEVELS && change > TIGHT * value; ++level) {
        double finer = value / 2, last = tanh_sinh(q, from, to, h /= 2, false, &finer);
        change = fabs(finer - value) + last;
        value = finer;
    }
    bool settled = change <= TIGHT * value || change <= TIGHT / 100 * q->whole;
    if (!settled && middle > from && middle < to && to > 1e-280 && q->calls < CALLS) {
        add_piece(q, from, middle);
        add_piece(q, middle, to);
        return;
    }
    q->sum += value;
    q->error += change;
}

double mfl_schedule_clock(lua_State *L, int index, double from, double to) {
    const mf_schedule *xi = mfl_check(L, index, MFL_SCHEDULE);
    if (xi->kind != MF_SCHEDULE_CUSTOM)
        return mf_schedule_clock(xi, to) - mf_schedule_clock(xi, from);
    if (!(to > from))
        return 0;
    quadrature q = {.L = L, .index = lua_absindex(L, index)};
    double step = (to - from) / PIECES;
    for (int i = 0; i < PIECES; ++i)
        tanh_sinh(&q, from + i * step, from + (i + 1) * step, 0.5, true, &q.whole);
    for (int i = 0; i < PIECES; ++i)
        add_piece(&q, from + i * step, i + 1 < PIECES ? from + (i + 1) * step : to);
    if (!(q.error <= LOOSE * q.sum))
        mfl_error(L,
                  "the clock int xi from %f to %f cannot be computed: xi is too rough, or not "
                  "integrable at 0 (%f, error %f)",
                  from, to, q.sum, q.error);
    return q.sum;
}

/* ---- methods -------------------------------------------------------------------------------- */

static int schedule_call(lua_State *L) {
    mfl_check(L, 1, MFL_SCHEDULE);
    double t = luaL_checknumber(L, 2);
    luaL_argcheck(L, t >= 0, 2, "t must be >= 0");
    lua_pushnumber(L, mfl_schedule_xi(L, 1, t));
    return 1;
}

static int schedule_clock(lua_State *L) {
    mfl_check(L, 1, MFL_SCHEDULE);
    double t = luaL_checknumber(L, 2);
    luaL_argcheck(L, t >= 0, 2, "t must be >= 0");
    lua_pushnumber(L, mfl_schedule_clock(L, 1, 0, t));
    return 1;
}

static const mfl_fn schedule_methods[] = {
        {"__call", schedule_call, NULL, NULL, NULL},
        {"clock", schedule_clock, "xi:clock(t)",
         "tau(t) = int_0^t xi, the clock in which the distributional dynamics (Eq. 7) is "
         "autonomous.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_class schedule_class = {
        MFL_SCHEDULE,
        "A step schedule xi(t): SGD's steps are s_k = eps xi(k eps), k = 1, 2, ... Call it: xi(t).",
        schedule_methods, NULL, NULL};

static const mfl_fn schedule_functions[] = {
        {"constant", schedule_constant, "mf.schedule.constant()", "xi(t) = value.",
         constant_fields},
        {"power", schedule_power, "mf.schedule.power(p)",
         "xi(t) = value t^p. SGD's first step is k = 1 with every schedule, so that xi(0) is never "
         "asked for; the PDE is solved in the clock int xi.",
         power_fields},
        {"custom", schedule_custom, "mf.schedule.custom(fn)",
         "xi(t) = fn(t), a Lua function; may jump, and be singular at t = 0. Its clock is "
         "integrated "
         "to 1e-9 or better, or an error says that it cannot be; spikes narrower than a thousandth "
         "of the time span may be missed. Wherever an option `xi` is taken, the bare function does "
         "as well.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_schedule(lua_State *L) {
    mfl_class_register(L, &schedule_class);
    lua_newtable(L);
    mfl_functions(L, "mf.schedule", schedule_functions);
    lua_setfield(L, -2, "schedule");
}
