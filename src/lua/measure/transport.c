/* transport.c: mf.transport, Wasserstein distances between measures. */
#include "core/measure/transport.h"

#include "lua/base/array.h"
#include "measure.h"

#include <math.h>

/* ---- on the line ---------------------------------------------------------------------- */

/* Pushes the sorted atoms of the one-dimensional measure, array or table at arg. */
static const mf_atom *push_atoms(lua_State *L, int arg, size_t *n) {
    mf_measure view = {&mf_space_free, 0, 1, 0, NULL, NULL};
    const mf_measure *m = mfl_measure_test(L, arg);
    if (m && m->dim != 1)
        luaL_argerror(L, arg,
                      "a measure of one coordinate expected: take m:radius() or m:marginal(which), "
                      "or mf.transport.sliced");
    if (!m) {
        view.x = mfl_array_doubles(L, arg, &view.n);
        luaL_argcheck(L, view.n > 0, arg, "no numbers");
        for (size_t i = 0; i < view.n; ++i)
            luaL_argcheck(L, !isnan(view.x[i]), arg, "a number is NaN");
        m = &view;
    }
    *n = m->n;
    mf_atom *atoms = lua_newuserdatauv(L, m->n * sizeof *atoms, 0);
    mf_measure_sort(m, 0, atoms);
    return atoms;
}

static int push_distance(lua_State *L, double p) {
    size_t na, nb;
    lua_settop(L, 2);
    const mf_atom *a = push_atoms(L, 1, &na), *b = push_atoms(L, 2, &nb);
    lua_pushnumber(L, mf_transport_distance(a, na, b, nb, p));
    return 1;
}

static int transport_w1(lua_State *L) {
    return push_distance(L, 1);
}

static int transport_w2(lua_State *L) {
    return push_distance(L, 2);
}

static int transport_wp(lua_State *L) {
    double p = luaL_checknumber(L, 3);
    luaL_argcheck(L, p >= 1, 3, "p must be in [1, inf]");
    return push_distance(L, p);
}

/* ---- sliced ----------------------------------------------------------------------------- */

typedef struct {
    size_t directions;
    double p;
    uint64_t seed;
} sliced_options;

static const mfl_field sliced_fields[] = {
        {"directions", MFL_COUNT, offsetof(sliced_options, directions), .low = 1, .high = 1e9,
         .fallback = 200, .text = "number of random directions"},
        {"p", MFL_NUMBER, offsetof(sliced_options, p), .low = 1, .high = HUGE_VAL, .fallback = 2,
         .text = "order"},
        {"seed", MFL_SEED, offsetof(sliced_options, seed), .fallback = 1,
         .text = "of the directions"},
        MFL_END};

static int transport_sliced(lua_State *L) {
    const char *where = "mf.transport.sliced";
    const mf_measure *a = mfl_measure_check(L, 1), *b = mfl_measure_check(L, 2);
    sliced_options o = {200, 2, 1};
    mf_error err = {0};
    double distance = 0;
    lua_settop(L, 3);
    mfl_options(L, where, 3, sliced_fields, &o);
    if (a->dim != b->dim)
        return luaL_error(L, "%s: the measures have %I and %I coordinates", where,
                          (lua_Integer)a->dim, (lua_Integer)b->dim);
    mf_atom *work = lua_newuserdatauv(L, (a->n + b->n) * sizeof *work, 0);
    double *u = mfl_array_vector(L, a->dim)->data;
    mfl_task *task = mfl_task_push(L, "sliced", 0, 1);
    mf_status status = mf_transport_sliced(a, b, (mf_key){o.seed, MF_STREAM_USER}, o.directions,
                                           o.p, work, u, mfl_stop(), &distance, &err);
    mfl_task_end(task);
    mfl_status(L, where, status, &err);
    mfl_task_raise(L, where);
    lua_pushnumber(L, distance);
    return 1;
}

/* ---- tables ------------------------------------------------------------------------------- */

static const mfl_fn transport_functions[] = {
        {"w1", transport_w1, "mf.transport.w1(a, b)",
         "Wasserstein-1 distance of two laws on the line, exact: the area between their "
         "distribution functions. Each is a measure of one coordinate, or an array or table of "
         "numbers of equal weight. Infinite if the masses at infinity differ.",
         NULL},
        {"w2", transport_w2, "mf.transport.w2(a, b)",
         "Wasserstein-2 distance of two laws on the line, exact; arguments as for w1.", NULL},
        {"wp", transport_wp, "mf.transport.wp(a, b, p)",
         "Wasserstein-p distance on the line for p in [1, inf], exact; p = math.huge is the "
         "largest displacement. Arguments as for w1.",
         NULL},
        {"sliced", transport_sliced, "mf.transport.sliced(m1, m2, options)",
         "Sliced Wasserstein distance of two measures with any number of coordinates: the mean "
         "over random directions of the exact one-dimensional distances to the power p, then the "
         "p-th root. Not the Wasserstein distance itself, but smaller and cheap.",
         sliced_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_transport(lua_State *L) {
    lua_newtable(L);
    mfl_functions(L, "mf.transport", transport_functions);
    lua_setfield(L, -2, "transport");
}
