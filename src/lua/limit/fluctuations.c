/* fluctuations.c: pde:fluctuations, how far a network of N neurons is from its limit. */
#include "core/limit/fluctuations.h"
#include "flow.h"
#include "lua/base/array.h"
#include "lua/measure/measure.h"

#include <math.h>
#include <string.h>

static const char *const WHERE = "pde:fluctuations";

typedef struct {
    mfl_flow *box;
    mf_measure now;
    const mf_measure *start;
    double *h, *grad; /* J, dim * J */
} question;

static const mfl_field fluctuations_fields[] = {
        {"observable", MFL_ANY, .flags = MFL_REQUIRED,
         .aux = "\"risk\", the name of a coordinate or a function of the coordinates",
         .text = "A: \"risk\" for R(rho_t), or the mean over rho_t of a coordinate or of a smooth "
                 "function of the coordinates, as m:mean takes them"},
        MFL_END};

/* ---- observables: A, dA/d rho at every particle, its gradient ------------------------------ */

static double ask(lua_State *L, const double *theta, size_t dim, size_t j) {
    lua_pushvalue(L, 3);
    for (size_t c = 0; c < dim; ++c)
        lua_pushnumber(L, theta[c]);
    lua_call(L, (int)dim, 1);
    double value = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
    if (!isfinite(value))
        mfl_error(L, "%s: option 'observable' must return a finite number; at particle %I: %s",
                  WHERE, (lua_Integer)j + 1, luaL_tolstring(L, -1, NULL));
    lua_pop(L, 1);
    return value;
}

/* A central difference, no further than to the wall of a radius. */
static double slope(lua_State *L, const question *q, double *theta, size_t c, size_t j) {
    double x = theta[c], far = 1e-4 * (1 + fabs(x)), near = far;
    if (isinf(x))
        return 0;
    if (mf_space_is_radius(q->now.space, q->now.dim, c)) {
        far = fmax(fmin(far, x), 1e-6);
        near = fmin(far, x);
    }
    theta[c] = x + far;
    double high = ask(L, theta, q->now.dim, j), from = theta[c];
    theta[c] = x - near;
    double low = ask(L, theta, q->now.dim, j), to = theta[c];
    theta[c] = x;
    return (high - low) / (from - to);
}

static void of_function(lua_State *L, question *q) {
    size_t dim = q->now.dim;
    luaL_argcheck(L, dim < 100000 && lua_checkstack(L, (int)dim + 4), 1,
                  "too many coordinates for a function call");
    double *theta = mfl_array_vector(L, dim)->data;
    for (size_t j = 0; j < q->now.n; ++j) {
        for (size_t c = 0; c < dim; ++c)
            theta[c] = q->now.x[c * q->now.ld + j];
        q->h[j] = ask(L, theta, dim, j);
        for (size_t c = 0; c < dim; ++c)
            q->grad[c * q->now.n + j] = slope(L, q, theta, c, j);
    }
    lua_pop(L, 1);
}

/* The coordinate of this name (NULL is none), or dim. */
static size_t coordinate_of(const mf_measure *m, const char *name) {
    char label[32];
    size_t c = 0;
    for (; name && c < m->dim; ++c) {
        mf_space_coordinate_name(m->space, m->dim, c, label);
        if (strcmp(name, label) == 0)
            return c;
    }
    return m->dim;
}

static void of_coordinate(const question *q, size_t c) {
    const double *x = q->now.x + c * q->now.ld;
    for (size_t j = 0; j < q->now.n; ++j) {
        q->h[j] = x[j];
        q->grad[c * q->now.n + j] = isfinite(x[j]);
    }
}

/* Fills h and grad from the observable at index 3; returns A(rho_t). */
static double observe(lua_State *L, question *q) {
    const char *name = lua_type(L, 3) == LUA_TSTRING ? lua_tostring(L, 3) : NULL;
    mf_error err = {MF_OK, ""};
    double risk = NAN, mean = 0;
    if (name && strcmp(name, "risk") == 0) {
        mf_flow *flow = q->box->flow;
        mfl_status(L, WHERE, flow->ops->risk(flow, &risk, &err), &err);
        mfl_status(L, WHERE,
                   mf_fluctuations_of_risk(*q->box->potential, &q->now, q->h, q->grad, &err), &err);
        return risk;
    }
    if (lua_isfunction(L, 3))
        of_function(L, q);
    else {
        size_t c = coordinate_of(&q->now, name);
        if (c == q->now.dim)
            mfl_option_error(L, WHERE, "observable", fluctuations_fields[0].aux, 3);
        of_coordinate(q, c);
    }
    for (size_t j = 0; j < q->now.n; ++j)
        mean += mf_measure_weight(&q->now, j) * q->h[j];
    if (!isfinite(mean))
        luaL_error(L, "%s: the observable is infinite: mass is at infinity", WHERE);
    return mean;
}

/* ---- the method --------------------------------------------------------------------------------- */

static double option(lua_State *L, const char *name, double absent) {
    lua_getfield(L, 4, name);
    double value = luaL_optnumber(L, -1, absent);
    lua_pop(L, 1);
    return value;
}

static void refuse(lua_State *L, const char *what) {
    luaL_error(L, "%s: known for Eq. 7 only, not with the option '%s'", WHERE, what);
}

static void refuse_options(lua_State *L) {
    if (isfinite(option(L, "beta", HUGE_VAL)))
        refuse(L, "beta");
    if (option(L, "birth_death", 0) > 0)
        refuse(L, "birth_death");
    if (option(L, "scale", 1) != 1)
        refuse(L, "scale");
    lua_getfield(L, 4, "rates");
    for (size_t i = 0; i < MF_GROUPS; ++i) {
        lua_getfield(L, -1, mf_group_names[i]);
        if (lua_tonumber(L, -1) != 1)
            refuse(L, "rates");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* h minus its mean: mass added at theta is taken from all others. */
static void centre(const question *q, double *influence) {
    double mean = 0;
    for (size_t j = 0; j < q->start->n; ++j)
        mean += mf_measure_weight(q->start, j) * q->h[j];
    for (size_t j = 0; j < q->start->n; ++j)
        influence[j] = q->h[j] - mean;
}

static void push_answer(lua_State *L, const question *q, double value) {
    size_t J = q->start->n, dim = q->start->dim;
    lua_createtable(L, 0, 5);
    lua_pushnumber(L, value);
    lua_setfield(L, -2, "value");
    lua_pushnumber(L, mf_fluctuations_variance(J, q->start->weight, q->h));
    lua_setfield(L, -2, "variance");
    lua_pushvalue(L, 5);
    lua_setfield(L, -2, "measure");
    centre(q, mfl_array_vector(L, J)->data);
    lua_setfield(L, -2, "influence");
    double *rows = (dim > 1 ? mfl_array_matrix(L, J, dim) : mfl_array_vector(L, J))->data;
    for (size_t j = 0; j < J; ++j)
        for (size_t c = 0; c < dim; ++c)
            rows[j * dim + c] = q->grad[c * J + j];
    lua_setfield(L, -2, "gradient");
}

static int fluctuations(lua_State *L) {
    question q = {.box = mfl_check(L, 1, MFL_PARTICLES)};
    mf_error err = {MF_OK, ""};
    luaL_argcheck(L, q.box->flow && mfl_potential_lives(q.box->potential), 1,
                  "this solver has lost its potential to the garbage collector");
    mfl_check_idle(L, "mf.pde solver", q.box->busy);
    if (q.box->first > 0)
        return luaL_error(L, "%s: known for Eq. 7 only, not for the effective dynamics of 'eps'",
                          WHERE);
    lua_settop(L, 2);
    int unused;
    mfl_options(L, WHERE, 2, fluctuations_fields, &unused);
    lua_getfield(L, -1, "observable");
    lua_replace(L, 3);
    lua_settop(L, 3);
    lua_getiuservalue(L, 1, 1); /* 4: options */
    lua_getiuservalue(L, 1, 2); /* 5: the start */
    q.start = mfl_measure_check(L, 5);
    refuse_options(L);
    mf_particles_spec run = {.potential = *q.box->potential,
                             .J = q.start->n,
                             .tol = option(L, "tol", 0),
                             .lambda = option(L, "lambda", 0),
                             .step = option(L, "step", 0)};
    q.h = mfl_array_vector(L, run.J)->data;
    q.grad = mfl_array_vector(L, run.J * q.start->dim)->data;
    q.now = q.box->flow->ops->measure(q.box->flow);
    mfl_task *task = mfl_task_push(L, "adjoint", 0, 1);
    mfl_task_hold(task, &q.box->busy);
    double value = observe(L, &q);
    mf_fluctuations_spec spec = {run, q.start->x, q.start->weight, q.box->flow->clock, 0};
    mf_status status = mf_fluctuations_solve(&spec, q.h, q.grad, mfl_stop(), &err);
    mfl_status(L, WHERE, status, &err);
    mfl_task_tick(task, 1);
    mfl_task_end(task);
    mfl_task_raise(L, WHERE);
    push_answer(L, &q, value);
    return 1;
}

static const mfl_fn fluctuations_methods[] = {
        {"fluctuations", fluctuations, "pde:fluctuations{observable=}",
         "What the chance in N initial neurons does to an observable A at the present time: "
         "sqrt(N) (A(rho_N(t)) - A(rho_t)) tends to a normal law of variance Var_(rho_0) h, with h "
         "the influence of initial mass on A, from one solve of the adjoint equation backwards in "
         "time (two to four times the cost of advancing to t). Returns { value = A(rho_t), "
         "variance = N Var A, measure = rho_0, influence = h at its atoms, of mean 0, gradient = "
         "grad h there, so that atom j of mass p_j that starts by dx elsewhere changes A by p_j "
         "gradient_j dx }. A radius held at r = 0 forgets where it came from: its gradient is 0 "
         "before. A must be smooth, and so must V and U: of a sampled potential whose sigma has "
         "kinks the second derivatives are noise. Not counted: noise of SGD's examples, of order "
         "sqrt(eps). Not with beta, eps, rates, scale or birth_death.",
         fluctuations_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_fluctuations(lua_State *L) {
    mfl_class_methods(L, MFL_PARTICLES, fluctuations_methods);
}
