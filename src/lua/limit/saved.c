/* saved.c: pde:save and mf.pde.load, solvers in files.
 *
 * A file holds the options as far as they are data, the law, and what the solver carries beyond it. To
 * load is to make the solver of these options, from that law, and to hand it what it carried. */
#include "core/base/fields.h"
#include "core/measure/measure.h"

#include "flow.h"
#include "lua/base/array.h"
#include "lua/base/checkpoint.h"
#include "lua/measure/measure.h"
#include "lua/measure/rates.h"
#include "lua/model/schedule.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const char what[] = "mf.pde", *const WHERE = "mf.pde.load";

/* By ops->name. */
static const struct kind {
    const char *name;
    lua_CFunction construct;
    const mfl_field *fields;
    const char *atoms; /* the field that says how many the law has: what is made is as large */
} kinds[] = {{"particles", mfl_particles_new, mfl_particles_fields, "option J"},
             {"shared", mfl_particles_new, mfl_particles_fields, "option J"},
             {"noisy", mfl_particles_new, mfl_particles_fields, "option J"},
             {"grid", mfl_grid_new, mfl_grid_fields, "option cells"},
             {"jko", mfl_jko_new, mfl_jko_fields, "option J"}};

static const struct kind *kind_of(const char *name) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* The mean features of a law, in memory that is pushed. */
static const double *push_mean(lua_State *L, const char *where, const mf_potential *pot,
                               const mf_measure *law) {
    size_t rank = (pot->rank + 7) / 8 * 8;
    size_t scratch = mf_potential_scratch(pot, law->n) / sizeof(double) + 1;
    double *mean = mfl_array_vector(L, rank + scratch)->data;
    mf_error err = {MF_OK, ""};
    mfl_status(L, where, mf_potential_mean(pot, law, mean, mean + rank, &err), &err);
    return mean;
}

/* ---- options that are data ------------------------------------------------------------------- */

static const char *field_name(char room[MF_FIELDS_NAME], const mfl_field *row) {
    const char *head = "option ";
    size_t used = strlen(head), n = strnlen(row->name, MF_FIELDS_NAME - used - 1);
    memcpy(room, head, used);
    memcpy(room + used, row->name, n);
    room[used + n] = '\0';
    return room;
}

static bool is_integer(const mfl_field *row) {
    return row->type == MFL_COUNT || row->type == MFL_SEED || row->type == MFL_BOOLEAN;
}

static bool is_data(const mfl_field *row) {
    return is_integer(row) || row->type == MFL_NUMBER || row->type == MFL_DIM;
}

/* The table of rates on top of the stack. */
static void save_rates(lua_State *L, const char *name, mf_fields_writer *to) {
    double rate[MF_GROUPS];
    for (size_t i = 0; i < MF_GROUPS; ++i) {
        lua_getfield(L, -1, mf_group_names[i]);
        rate[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    mf_fields_doubles(to, name, MF_GROUPS, rate);
}

/* Into the table on top of the stack. */
static void load_rates(lua_State *L, const char *name, mf_fields *from) {
    const double *rate = mf_fields_find(from, name, MF_GROUPS, 1);
    for (size_t i = 0; rate && i < MF_GROUPS; ++i)
        mf_fields_require(from, name, rate[i] >= 0);
    if (from->status < 0)
        return;
    mfl_rates_push(L, rate);
    lua_setfield(L, -2, "rates");
}

/* From the table at `index`. */
static void save_options(lua_State *L, int index, const mfl_field *row, mf_fields_writer *to) {
    char name[MF_FIELDS_NAME];
    for (; row->name; ++row) {
        int type = lua_getfield(L, index, row->name);
        if (is_data(row) && type == LUA_TBOOLEAN)
            mf_fields_integer(to, field_name(name, row), lua_toboolean(L, -1));
        else if (is_data(row) && type == LUA_TNUMBER && is_integer(row))
            mf_fields_integer(to, field_name(name, row), lua_tointeger(L, -1));
        else if (is_data(row) && type == LUA_TNUMBER)
            mf_fields_double(to, field_name(name, row), lua_tonumber(L, -1));
        else if (row->type == MFL_TABLE && type == LUA_TTABLE) /* there are no others */
            save_rates(L, field_name(name, row), to);
        lua_pop(L, 1);
    }
}

/* Into the table on top of the stack; what is out of its row's range is a fault. */
static void load_options(lua_State *L, const mfl_field *row, mf_fields *from) {
    char name[MF_FIELDS_NAME];
    for (; row->name; ++row) {
        if (row->type == MFL_TABLE && mf_fields_has(from, field_name(name, row)))
            load_rates(L, name, from);
        if (!is_data(row) || !mf_fields_has(from, field_name(name, row)))
            continue;
        if (row->type == MFL_BOOLEAN)
            lua_pushboolean(L, mf_fields_flag(from, name));
        else if (row->type == MFL_SEED)
            lua_pushinteger(L, (lua_Integer)mf_fields_count(from, name, 0, INT64_MAX));
        else if (is_integer(row))
            lua_pushinteger(L, (lua_Integer)mf_fields_count(from, name, (int64_t)row->low,
                                                            (int64_t)row->high));
        else
            lua_pushnumber(L, mf_fields_number(from, name, row->low, row->high));
        lua_setfield(L, -2, row->name);
    }
}

/* ---- saving ---------------------------------------------------------------------------------- */

/* What is written: everything but its place. */
typedef struct {
    const mfl_flow *box;
    const double *mean;
    const mf_schedule *xi;
    const mf_measure *start; /* for pde:fluctuations; NULL: not known to it */
    int options;             /* stack index */
    double clock;            /* of a schedule of one's own, at t */
} record;

static size_t write_all(lua_State *L, const record *r, void *out) {
    mf_fields_writer to = mf_fields_begin(out);
    const mf_flow *flow = r->box->flow;
    mf_flow_save(flow, *r->box->potential, r->mean, &to);
    save_options(L, r->options, kind_of(flow->ops->name)->fields, &to);
    mf_fields_double(&to, "t", r->box->t);
    mf_schedule_save(r->xi, &to);
    if (r->xi->kind == MF_SCHEDULE_CUSTOM)
        mf_fields_double(&to, "xi clock", r->clock);
    if (r->start) {
        double *x = mf_fields_room(&to, "start", r->start->dim, r->start->n);
        for (size_t c = 0; x && c < r->start->dim; ++c)
            memcpy(x + c * r->start->n, r->start->x + c * r->start->ld, r->start->n * sizeof *x);
    }
    return mf_fields_end(&to, what);
}

/* The bytes of a checkpoint, in an array that is pushed. */
static const char *push_image(lua_State *L, const char *where, size_t *size) {
    record r = {.box = mfl_flow_check(L, 1)};
    const mf_flow *flow = r.box->flow;
    const mf_potential *pot = *r.box->potential;
    mf_measure law = flow->ops->measure(flow);
    lua_getiuservalue(L, 1, 1);
    r.options = lua_gettop(L);
    lua_getfield(L, -1, "xi");
    r.xi = mfl_check(L, r.options + 1, MFL_SCHEDULE);
    if (r.xi->kind == MF_SCHEDULE_CUSTOM)
        r.clock = mfl_schedule_clock(L, r.options + 1, 0, r.box->t);
    lua_getiuservalue(L, 1, 2);
    if (strcmp(flow->ops->name, "particles") == 0 && !(r.box->first > 0))
        r.start = mfl_measure_check(L, r.options + 2);
    r.mean = push_mean(L, where, pot, &law);
    for (size_t k = 0; k < pot->rank; ++k)
        if (!isfinite(r.mean[k]))
            luaL_error(L, "%s: the mean features of rho_t are not finite", where);
    *size = write_all(L, &r, NULL);
    double *room = mfl_array_vector(L, *size / sizeof(double) + 1)->data;
    write_all(L, &r, room);
    return (const char *)room;
}

int mfl_flow_save(lua_State *L) {
    const char *where = "pde:save", *path = mfl_path(L, 2);
    size_t size;
    const char *bytes = push_image(L, where, &size);
    mfl_checkpoint_write(L, where, path, bytes, size);
    lua_settop(L, 1);
    return 1;
}

int mfl_flow_image(lua_State *L) {
    size_t size;
    const char *bytes = push_image(L, "pde:save", &size);
    lua_pushlstring(L, bytes, size);
    return 1;
}

int mfl_flow_become(lua_State *L) {
    mfl_flow *box = mfl_flow_check(L, 1);
    *box = *mfl_flow_check(L, 2);
    lua_getiuservalue(L, 2, 2); /* where the run began */
    lua_setiuservalue(L, 1, 2);
    return 0;
}

/* ---- loading --------------------------------------------------------------------------------- */

typedef struct {
    mf_potential *const *potential;
} load_options_t;

static const mfl_field load_fields[] = {
        {"potential", MFL_OBJECT, offsetof(load_options_t, potential), .flags = MFL_REQUIRED,
         .aux = MFL_POTENTIAL, .text = "the potential that the run was made with"},
        {"xi", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "a function t -> xi(t)",
         .text = "the schedule again, if it is a Lua function"},
        MFL_END};

/* Replaces what was given as `xi`, on top of the stack, by the run's schedule. */
static void settle_schedule(lua_State *L, const mf_schedule *saved) {
    if (saved->kind != MF_SCHEDULE_CUSTOM) {
        if (!lua_isnil(L, -1))
            luaL_error(L, "%s: the run has its schedule with it: leave out 'xi'", WHERE);
        lua_pop(L, 1);
        mfl_schedule_push(L, saved);
    } else if (mfl_schedule_option(L, WHERE)->kind != MF_SCHEDULE_CUSTOM)
        luaL_error(L, "%s: the run was made with a Lua schedule: give it again as option 'xi'",
                   WHERE);
}

static bool close_to(double a, double b) {
    return fabs(a - b) <= 1e-9 * b;
}

/* Whether t is the time of the flow's clock, where one of them may underflow; of a Lua schedule,
 * whether it is the same one.                                                                */
static void check_time(lua_State *L, mf_fields *from, int xi, double t, double clock) {
    const mf_schedule *schedule = mfl_check(L, xi, MFL_SCHEDULE);
    if (schedule->kind != MF_SCHEDULE_CUSTOM) {
        mf_fields_require(from, "t",
                          close_to(clock, mf_schedule_clock(schedule, t)) ||
                                  close_to(t, mf_schedule_time(schedule, clock)));
        return;
    }
    double saved = mf_fields_number(from, "xi clock", 0, DBL_MAX);
    double given = from->status < 0 ? saved : mfl_schedule_clock(L, xi, 0, t);
    if (!(fabs(given - saved) <= 1e-6 * saved))
        mfl_error(L,
                  "%s: the run was made with another schedule: its int xi to t = %f was %f, got %f",
                  WHERE, t, saved, given);
}

/* Pushes the law as an mf.measure. */
static void push_start(lua_State *L, mf_fields *from, const mf_measure *law) {
    mf_measure start = *law;
    mf_error err = {MF_OK, ""};
    if (mf_fields_has(from, "start")) {
        start.x = mf_fields_extended(from, "start", law->dim, law->n);
        if (start.x && mf_measure_check(&start, &err) < 0)
            mf_fields_require(from, "start", false);
    }
    mfl_flow_push_measure(L, start.x ? &start : law);
}

/* Makes the solver at the top of the stack from a table of options there. */
static mfl_flow *construct(lua_State *L, const struct kind *kind) {
    lua_pushcfunction(L, kind->construct);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    mfl_flow *box = mfl_flow_check(L, lua_gettop(L));
    lua_getiuservalue(L, -1, 1);
    lua_pushnil(L); /* the law on the way is no option of the run */
    lua_setfield(L, -2, "measure");
    lua_pop(L, 1);
    return box;
}

static int pde_load(lua_State *L) {
    const char *path = mfl_path(L, 1);
    load_options_t o = {NULL};
    mf_error err = {MF_OK, ""};
    mf_fields from;
    mf_measure law;
    mf_schedule xi;
    size_t size = 0;
    lua_settop(L, 2);
    mfl_options(L, WHERE, 2, load_fields, &o); /* 3 */
    const mf_potential *pot = *o.potential;
    if (!pot)
        return luaL_error(L, "%s: option 'potential' is closed", WHERE);
    const void *data = mfl_checkpoint_read(L, path, what, &size, &err);
    if (!data || mf_fields_open(&from, data, size, what, &err) < 0)
        return mfl_checkpoint_failure(L, path, &err);
    const struct kind *kind = kind_of(mf_fields_string(&from, "kind"));
    mf_fields_require(&from, "kind", kind != NULL);
    mf_schedule_load(&xi, &from);
    double t = mf_fields_number(&from, "t", 0, DBL_MAX);
    mf_status status = mf_flow_saved_law(&from, pot, &law, &err);
    if (status >= 0)
        status = mf_flow_same_potential(&from, pot, push_mean(L, WHERE, pot, &law), &err);
    if (status == MF_EINVAL)
        return luaL_error(L, "%s: %s: %s", WHERE, path, err.text);
    if (status < 0)
        return mfl_checkpoint_failure(L, path, &err);
    lua_getfield(L, 3, "xi");
    settle_schedule(L, &xi);
    int schedule = lua_gettop(L);
    lua_createtable(L, 0, 12);
    load_options(L, kind->fields, &from);
    mf_fields_count(&from, kind->atoms, (int64_t)law.n, (int64_t)law.n);
    lua_getfield(L, 3, "potential");
    lua_setfield(L, -2, "potential");
    lua_pushvalue(L, schedule);
    lua_setfield(L, -2, "xi");
    mfl_flow_push_measure(L, &law);
    lua_setfield(L, -2, "measure");
    if (from.status < 0)
        return mfl_checkpoint_failure(L, path, &err);
    mfl_flow *box = construct(L, kind);
    int self = lua_gettop(L);
    if (mf_flow_load(box->flow, &from, &err) < 0)
        return mfl_checkpoint_failure(L, path, &err);
    check_time(L, &from, schedule, t, box->flow->clock);
    box->t = t;
    mfl_flow_pace(L, box, self, schedule, t);
    push_start(L, &from, &law);
    lua_setiuservalue(L, self, 2);
    if (from.status < 0)
        return mfl_checkpoint_failure(L, path, &err);
    lua_settop(L, self);
    return 1;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const mfl_fn saved_functions[] = {
        {"load", pde_load, "mf.pde.load(path, {potential=, xi=})",
         "The solver saved at path, of whatever kind it was, or nil and a message if the file is "
         "missing, damaged or of another kind. The potential is given again, as is a schedule that "
         "is "
         "a Lua function: raises if they are others than those that the run was made with.",
         load_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_saved(lua_State *L) {
    lua_getfield(L, -1, "pde");
    mfl_functions(L, "mf.pde", saved_functions);
    lua_pop(L, 1);
}
