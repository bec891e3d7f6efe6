/* flow.c: mf.pde, the methods of every solver of the distributional dynamics. */
#include "flow.h"

#include "lua/base/array.h"
#include "lua/measure/measure.h"
#include "lua/model/schedule.h"

#include <math.h>
#include <string.h>

enum { HEAD = 64, POINTS = 200 };

mfl_flow *mfl_flow_new(lua_State *L, const char *where, const mfl_class *class, size_t bytes,
                       void **memory) {
    if (!bytes || bytes > SIZE_MAX - HEAD)
        luaL_error(L, "%s: the solver does not fit in memory", where);
    mfl_flow *box = mfl_new(L, class, HEAD + bytes);
    *memory = (char *)box + HEAD;
    return box;
}

static mfl_flow *check_any(lua_State *L, int arg) {
    static const char *const classes[] = MFL_FLOW_CLASSES;
    for (size_t i = 0; classes[i]; ++i) {
        mfl_flow *box = mfl_test(L, arg, classes[i]);
        if (!box)
            continue;
        luaL_argcheck(L, box->flow && mfl_potential_lives(box->potential), arg,
                      "this solver has lost its potential to the garbage collector");
        return box;
    }
    luaL_typeerror(L, arg, "mf.pde solver");
    return NULL;
}

mfl_flow *mfl_flow_check(lua_State *L, int arg) {
    mfl_flow *box = check_any(L, arg);
    mfl_check_idle(L, "mf.pde solver", box->busy);
    return box;
}

/* ---- time ------------------------------------------------------------------------------ */

/* A way from the present time to t_end, in the solver's clock. */
typedef struct {
    mfl_flow *box;
    const mf_schedule *schedule;
    int xi; /* its stack index */
    double from, start, t, goal;
    mfl_task *task;
    lua_Integer seen; /* of the times of a trajectory, whose lists are at index LISTS */
} journey;

enum { LISTS = 4 };

/* t of a clock reading on the way; for a schedule known to Lua only the straight line between
 * the ends, good enough for a progress bar and an interrupted run.                         */
static double time_of(const journey *j, double clock) {
    if (j->schedule->kind != MF_SCHEDULE_CUSTOM)
        return mf_schedule_time(j->schedule, clock);
    return j->from + (j->t - j->from) * (clock - j->start) / (j->goal - j->start);
}

/* A schedule known to Lua only, for a solver that needs xi itself: a table from the end of the first
 * step, `first`, to beyond t_end, on a grid in t that does not depend on either end of a journey: 128
 * points an octave, clocks by two Gauss points between them. The table of options keeps it.         */
static void tabulate(lua_State *L, mfl_flow *box, int self, int xi, double t_end) {
    enum { OCTAVE = 128, MOST = 1000 };
    double first = box->first, octaves = fmax(log2(t_end) - log2(first), 0);
    if (!(octaves < MOST))
        mfl_error(L, "mf.pde: xi cannot be tabulated from the first step's end, %f, to t = %f",
                  first, t_end);
    size_t n = (size_t)ceil(octaves * OCTAVE) + 2;
    double *clock = mfl_array_vector(L, 2 * n)->data, *value = clock + n;
    clock[0] = mfl_schedule_clock(L, xi, 0, first);
    value[0] = mfl_schedule_xi(L, xi, first);
    for (size_t i = 1; i < n; ++i) {
        double from = first * exp2((double)(i - 1) / OCTAVE), to = first * exp2((double)i / OCTAVE);
        double middle = (from + to) / 2, half = (to - from) / 2, at = half / sqrt(3);
        clock[i] = clock[i - 1] + half * (mfl_schedule_xi(L, xi, middle - at) +
                                          mfl_schedule_xi(L, xi, middle + at));
        value[i] = mfl_schedule_xi(L, xi, to);
    }
    box->flow->ops->pace(box->flow, n, clock, value);
    lua_getiuservalue(L, self, 1);
    lua_insert(L, -2);
    lua_setfield(L, -2, "pace");
    lua_pop(L, 1);
}

void mfl_flow_pace(lua_State *L, mfl_flow *box, int self, int xi, double t_end) {
    const mf_schedule *schedule = mfl_check(L, xi, MFL_SCHEDULE);
    if (box->first > 0 && schedule->kind == MF_SCHEDULE_CUSTOM)
        tabulate(L, box, self, xi, t_end);
}

/* Pushes the schedule and a task. The schedule is asked only here, before the first step. */
static journey set_out(lua_State *L, const char *where, mfl_flow *box, double t) {
    if (!(t >= 0 && isfinite(t)))
        mfl_error(L, "%s: a finite time t >= 0 expected, got %f", where, t);
    if (t < box->t)
        mfl_error(L, "%s: t = %f lies before the present t = %f; time only runs forward", where, t,
                  box->t);
    lua_getiuservalue(L, 1, 1);
    lua_getfield(L, -1, "xi");
    lua_remove(L, -2);
    journey j = {.box = box, .xi = lua_gettop(L), .from = box->t, .t = t};
    j.schedule = mfl_check(L, j.xi, MFL_SCHEDULE);
    j.start = box->flow->clock;
    mfl_flow_pace(L, box, 1, j.xi, t);
    j.task = mfl_task_push(L, "pde", j.from, t);
    mfl_task_hold(j.task, &box->busy);
    j.goal = mfl_schedule_clock(L, j.xi, 0, t);
    return j;
}

/* At most `steps` steps towards a clock; true if Ctrl-C asks to stop. Raises what went wrong. */
static bool go(lua_State *L, const char *where, journey *j, double goal, uint64_t steps) {
    mf_flow *flow = j->box->flow;
    mf_error err = {MF_OK, ""};
    mf_status status = flow->ops->advance(flow, goal, steps, mfl_stop(), &err);
    /* Within a step, by the potential: the state is that before it. */
    if (status == MF_EINTERRUPTED)
        status = MF_STOPPED;
    double clock = flow->clock;
    j->box->t = clock >= j->goal ? j->t : time_of(j, clock);
    bool stopped = mfl_task_tick(j->task, j->box->t);
    mfl_status(L, where, status, &err);
    return stopped || status == MF_STOPPED;
}

static void arrive(lua_State *L, const char *where, journey *j) {
    if (j->box->flow->clock >= j->goal)
        j->box->t = j->t;
    mfl_task_end(j->task);
    mfl_task_raise(L, where);
}

int mfl_flow_advance(lua_State *L) {
    const char *where = "pde:advance";
    mfl_flow *box = mfl_flow_check(L, 1);
    double t = luaL_checknumber(L, 2);
    lua_settop(L, 2);
    if (!mfl_keep_begin(L, "advance")) {
        journey j = set_out(L, where, box, t);
        for (bool stopped = false; box->flow->clock < j.goal && !stopped;) {
            stopped = go(L, where, &j, j.goal, 4);
            if (box->flow->clock < j.goal)
                mfl_keep_tick(L, j.task, 0, 0);
        }
        arrive(L, where, &j);
        mfl_keep_end(L, 0);
    }
    lua_settop(L, 1);
    return 1;
}

/* ---- observers ---------------------------------------------------------------------------- */

void mfl_flow_push_measure(lua_State *L, const mf_measure *m) {
    double *x, *weight;
    mfl_measure_new(L, m->space, m->n, m->dim, &x, m->weight ? &weight : NULL);
    for (size_t c = 0; c < m->dim; ++c)
        memcpy(x + c * m->n, m->x + c * m->ld, m->n * sizeof *x);
    if (m->weight)
        memcpy(weight, m->weight, m->n * sizeof *weight);
}

static int flow_measure(lua_State *L) {
    mf_flow *flow = mfl_flow_check(L, 1)->flow;
    mf_measure m = flow->ops->measure(flow);
    mfl_flow_push_measure(L, &m);
    return 1;
}

/* A risk that can be shown: labels or outputs may be too large for their squares. */
static double finite_risk(lua_State *L, const char *where, double risk) {
    if (!isfinite(risk))
        mfl_error(L, "%s: labels or outputs are too large for their squares: the risk is %f", where,
                  risk);
    return risk;
}

static int flow_risk(lua_State *L) {
    mf_flow *flow = mfl_flow_check(L, 1)->flow;
    double risk = NAN;
    mf_error err = {MF_OK, ""};
    mfl_task_push(L, "risk", 0, 1); /* for Ctrl-C */
    mfl_status(L, "pde:risk", flow->ops->risk(flow, &risk, &err), &err);
    lua_pushnumber(L, finite_risk(L, "pde:risk", risk));
    return 1;
}

int mfl_flow_dissipation(lua_State *L) {
    const char *where = "pde:dissipation";
    mf_flow *flow = mfl_flow_check(L, 1)->flow;
    double rate = NAN;
    mf_error err = {MF_OK, ""};
    if (!flow->ops->dissipation)
        return luaL_error(L, "%s: with noise ('beta') mf.pde.grid alone knows it", where);
    mfl_task_push(L, "dissipation", 0, 1); /* for Ctrl-C */
    mfl_status(L, where, flow->ops->dissipation(flow, &rate, &err), &err);
    lua_pushnumber(L, rate);
    return 1;
}

int mfl_flow_t(lua_State *L) {
    lua_pushnumber(L, check_any(L, 1)->t);
    return 1;
}

int mfl_flow_clock(lua_State *L) {
    mf_flow *flow = check_any(L, 1)->flow;
    lua_pushnumber(L, flow->clock);
    return 1;
}

int mfl_flow_error(lua_State *L) {
    mf_flow *flow = check_any(L, 1)->flow;
    double error = flow->ops->error ? flow->ops->error(flow) : flow->error;
    if (isnan(error))
        lua_pushnil(L); /* not known to this solver */
    else
        lua_pushnumber(L, error);
    return 1;
}

int mfl_flow_steps(lua_State *L) {
    mf_flow *flow = check_any(L, 1)->flow;
    lua_pushinteger(L, (lua_Integer)flow->steps);
    return 1;
}

/* ---- trajectories --------------------------------------------------------------------------- */

/* The times at index 2 as an array: given ones, a copy, as observers may change theirs, or some hundred up to a
 * number t_end. */
static const double *times_of(lua_State *L, const char *where, double now, size_t *n) {
    if (!lua_isnumber(L, 2)) {
        const double *theirs = mfl_array_doubles(L, 2, n);
        double *given = mfl_array_vector(L, *n)->data;
        memcpy(given, theirs, *n * sizeof *given);
        lua_replace(L, 2);
        for (size_t i = 0; i < *n; ++i)
            if (!(given[i] >= (i ? given[i - 1] : now)))
                mfl_error(L,
                          "%s: times must not decrease from the present t = %f on, got %f after %f",
                          where, now, given[i], i ? given[i - 1] : now);
        if (*n == 0)
            luaL_error(L, "%s: at least one time expected", where);
        return given;
    }
    double end = lua_tonumber(L, 2), low = now > 0 ? now : 1e-6 * end;
    if (!(end >= now && isfinite(end)))
        mfl_error(L, "%s: a finite time t_end >= %f expected, got %f", where, now, end);
    double *t = mfl_array_vector(L, 2 * POINTS + 1)->data;
    size_t i = 1, k = 0; /* merges equal distances and equal ratios */
    *n = 0;
    t[(*n)++] = now;
    while (end > now && (i < POINTS || k < POINTS)) {
        double even = now + (end - now) * (double)i / POINTS;
        double ratio = low * pow(end / low, (double)k / POINTS);
        double next = k == POINTS || (i < POINTS && even <= ratio) ? even : ratio;
        i += i < POINTS && even <= next;
        k += k < POINTS && ratio <= next;
        if (next > t[*n - 1] && next < end)
            t[(*n)++] = next;
    }
    if (end > now)
        t[(*n)++] = end;
    lua_replace(L, 2);
    return t;
}

/* Checks the observables at index 3: names with "risk" or a function. */
static void check_observables(lua_State *L, const char *where) {
    if (!lua_istable(L, 3))
        luaL_error(L, "%s: expected a table of observables, as in { R = \"risk\" }, got %s", where,
                   luaL_typename(L, 3));
    lua_Integer count = 0;
    for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1), ++count) {
        bool risk = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "risk") == 0;
        if (lua_type(L, -2) != LUA_TSTRING || strcmp(lua_tostring(L, -2), "t") == 0 ||
            !(risk || lua_isfunction(L, -1))) {
            const char *value = luaL_tolstring(L, -1, NULL), *name = luaL_tolstring(L, -3, NULL);
            luaL_error(L,
                       "%s: observables are given by name (any but 't'), each \"risk\" or a "
                       "function of a measure and the time; got [%s] = %s",
                       where, name, value);
        }
    }
    if (count == 0)
        luaL_error(L, "%s: name at least one observable, as in { R = \"risk\" }", where);
}

/* Appends every observable of rho to the lists in the table at `lists`. */
static void observe(lua_State *L, int lists, lua_Integer i, double t, const mf_measure *rho,
                    double risk) {
    int top = lua_gettop(L);
    mfl_flow_push_measure(L, rho); /* a copy: what is called next is the user's */
    for (lua_pushnil(L); lua_next(L, 3); lua_settop(L, top + 2)) {
        int name = top + 2;
        if (lua_isfunction(L, -1)) {
            lua_pushvalue(L, top + 1);
            lua_pushnumber(L, t);
            lua_call(L, 2, 1);
            if (lua_isnil(L, -1))
                luaL_error(L, "pde:trajectory: observable '%s' returned nothing at t = %f",
                           lua_tostring(L, name), t);
        } else
            lua_pushnumber(L, risk);
        lua_pushvalue(L, name);
        lua_gettable(L, lists);
        lua_insert(L, -2);
        lua_seti(L, -2, i);
    }
    lua_settop(L, top);
}

/* A list of n numbers becomes an array, any other list stays what it is; at the top. */
static void pack(lua_State *L, size_t n) {
    for (size_t i = 1; i <= n; ++i)
        if (lua_geti(L, -1, (lua_Integer)i) != LUA_TNUMBER) {
            lua_pop(L, 1);
            return;
        } else
            lua_pop(L, 1);
    double *x = mfl_array_vector(L, n)->data;
    for (size_t i = 0; i < n; ++i) {
        lua_geti(L, -2, (lua_Integer)i + 1);
        x[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    lua_remove(L, -2);
}

/* Solves until the law at this clock is known, and shows it. Where the solver can look back into
 * its step, it never steps to a time for the observers' sake.                                   */
static bool visit(lua_State *L, const char *where, journey *j, double clock, mf_measure *rho,
                  double *risk) {
    mf_flow *flow = j->box->flow;
    while (flow->clock < clock) {
        bool stopped = go(L, where, j, flow->ops->between ? j->goal : clock, 1);
        if (flow->clock < clock) /* beyond it the law at this clock could not be had again */
            mfl_keep_tick(L, j->task, LISTS, j->seen);
        if (stopped)
            return false;
    }
    mf_error err = {MF_OK, ""};
    mf_status status;
    if (flow->clock > fmax(clock, j->start)) /* a clock of now may be rounded down */
        status = flow->ops->between(flow, clock, rho, risk, &err);
    else {
        *rho = flow->ops->measure(flow);
        status = flow->ops->risk(flow, risk, &err);
    }
    mfl_status(L, where, status, &err);
    finite_risk(L, where, *risk);
    return true;
}

/* A list for each observable, at LISTS. */
static void new_lists(lua_State *L, size_t n) {
    lua_newtable(L);
    lua_replace(L, LISTS);
    for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_createtable(L, (int)(n < INT32_MAX ? n : 0), 0);
        lua_settable(L, LISTS);
    }
}

/* Solves up to the last of n times and observes at those behind the first `seen`. */
static void see(lua_State *L, const char *where, mfl_flow *box, const double *t, size_t n,
                lua_Integer seen) {
    journey j = set_out(L, where, box, t[n - 1]);
    for (size_t i = (size_t)seen; i < n; ++i) {
        mf_measure rho;
        double risk, clock = i + 1 == n ? j.goal : mfl_schedule_clock(L, j.xi, 0, t[i]);
        j.seen = (lua_Integer)i;
        if (!visit(L, where, &j, clock, &rho, &risk))
            break;
        observe(L, LISTS, (lua_Integer)i + 1, t[i], &rho, risk);
    }
    arrive(L, where, &j);
    mfl_keep_end(L, LISTS);
}

static int flow_trajectory(lua_State *L) {
    const char *where = "pde:trajectory";
    mfl_flow *box = mfl_flow_check(L, 1);
    size_t n;
    lua_settop(L, 3);
    check_observables(L, where);
    const double *t = times_of(L, where, box->t, &n);
    bool done = mfl_keep_begin(L, "trajectory"); /* LISTS and how much they hold */
    lua_Integer seen = lua_tointeger(L, LISTS + 1);
    if (lua_isnil(L, LISTS))
        new_lists(L, n);
    if (!done)
        see(L, where, box, t, n, seen);
    lua_settop(L, LISTS);
    for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -1);
        lua_gettable(L, LISTS);
        pack(L, n);
        lua_settable(L, LISTS);
    }
    memcpy(mfl_array_vector(L, n)->data, t, n * sizeof *t);
    lua_setfield(L, LISTS, "t");
    return 1;
}

/* ---- tables ------------------------------------------------------------------------------------ */

const mfl_fn mfl_flow_methods[] = {
        {"advance", mfl_flow_advance, "pde:advance(t)",
         "Solves up to time t, which is hit exactly; returns the solver. Raises 'diverged' when no "
         "step is small enough, at the last good state.",
         NULL},
        {"trajectory", flow_trajectory, "pde:trajectory(times, observables)",
         "Solves up to the last of the times, as advance does, and returns what was seen on the "
         "way: a table with the array t and a list for each observable, an array where they are "
         "numbers. times: increasing from now on, a list or an array; or a number t_end, for some "
         "400 times from now to t_end, half of them at equal distances and half at equal ratios, "
         "so that a line through them is smooth on a linear and on a logarithmic axis. "
         "observables: a table of names, each \"risk\" or a function (rho, t) of the measure "
         "rho_t, as in { R = \"risk\", r = function(rho) return rho:mean() end }. Times within a "
         "step are interpolated to the accuracy of the step (by particles; a solver that cannot "
         "steps to them): with particles the run has the same bits as without observers.",
         NULL},
        {"measure", flow_measure, "pde:measure()", "rho_t, a copy.", NULL},
        {"save", mfl_flow_save, "pde:save(path)",
         "Writes the solver to a file, whole or not at all; returns the solver. Loaded and "
         "advanced, "
         "it has the bits of one that went on. The potential is not in the file.",
         NULL},
        {"risk", flow_risk, "pde:risk()", "R(rho_t) of Eq. 5.", NULL},
        {"__risk", flow_risk, NULL, NULL, NULL}, /* cheap: the prompt may show it */
        {"__image", mfl_flow_image, NULL, NULL, NULL},
        {"__become", mfl_flow_become, NULL, NULL, NULL},
        {"dissipation", mfl_flow_dissipation, "pde:dissipation()",
         "-dR/dtau = 4 int |grad Psi|^2 d rho_t >= 0 in the clock tau = int xi (Proposition 2). Of "
         "particles with beta or eps it is not known.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};
