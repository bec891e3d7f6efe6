/* gibbs.c: mf.gibbs, the fixed point of the diffusion with its certificate. */
#include "core/limit/gibbs.h"

#include "box.h"
#include "lua/base/array.h"
#include "lua/bind/bind.h"
#include "lua/measure/measure.h"
#include "lua/potentials/potential.h"

#include <math.h>
#include <string.h>

#define WHERE "mf.gibbs"

typedef struct {
    mf_potential **potential;
    double beta, lambda, d, s0, tol;
} gibbs_options;

static const mfl_field gibbs_fields[] = {
        {"potential", MFL_OBJECT, offsetof(gibbs_options, potential), .flags = MFL_REQUIRED,
         .aux = MFL_POTENTIAL, .text = "V and U of the model, in radii (and a, b)"},
        {"beta", MFL_NUMBER, offsetof(gibbs_options, beta), .flags = MFL_REQUIRED, .low = MFL_SMALL,
         .high = MFL_LARGE, .text = "inverse temperature of Eq. 12 and Eq. 21"},
        {"lambda", MFL_NUMBER, offsetof(gibbs_options, lambda), .flags = MFL_REQUIRED,
         .high = MFL_LARGE,
         .text = "weight decay: lambda |theta|^2 / 2 is part of Psi; 0 only with a box"},
        {"d", MFL_DIM, offsetof(gibbs_options, d), .flags = MFL_OPTIONAL, .low = 1, .high = 1e9,
         .text = "dimension of x where the potential is at d = inf: the volume element is "
                 "r^(d-1) dr, r^(d-k-1) dr across k directions of a multi-index potential"},
        {"s0", MFL_DIM, offsetof(gibbs_options, s0), .flags = MFL_OPTIONAL, .low = 1, .high = 1e9,
         .text = "dimension of V where the potential is at d = inf"},
        {"box", MFL_ANY, .flags = MFL_OPTIONAL,
         .aux = "a list of {low, high}, one for each coordinate",
         .text = "domain of theta; default: all of it"},
        {"tol", MFL_NUMBER, offsetof(gibbs_options, tol), .flags = MFL_OPTIONAL, .low = 1e-13,
         .high = 1e-3,
         .text = "accuracy of the quadrature, relative; default 1e-11, 1e-9, 1e-7 or 1e-5 in one "
                 "to "
                 "four coordinates besides a"},
        MFL_END};

/* The solution, with all that its methods need again. Points into itself: it does not move. */
typedef struct {
    mf_gibbs_spec spec;
    mf_gibbs result;
    mf_potential *const *potential;
    bool closed;
    double dimension[MF_GIBBS_DIM], low[MFL_BOX_DIM], high[MFL_BOX_DIM];
} gibbs_box;

static void gibbs_close(void *payload) {
    gibbs_box *box = payload;
    mf_gibbs_free(&box->result);
    box->closed = true;
}

static const mfl_class gibbs_class;

/* ---- the domain ------------------------------------------------------------------------- */

/* The coordinate in which the features are linear: the output weight, called a. */
static int output_of(const mf_potential *pot) {
    char name[32];
    for (size_t c = 0; c < pot->dim; ++c) {
        mf_space_coordinate_name(pot->space, pot->dim, c, name);
        if (strcmp(name, "a") == 0)
            return (int)c;
    }
    return MF_GIBBS_NO_OUTPUT;
}

static void check_potential(lua_State *L, const mf_potential *pot) {
    if (!pot)
        luaL_error(L, WHERE ": option 'potential' is closed");
    if (mf_space_weights(pot->space, pot->dim))
        luaL_error(L,
                   WHERE ": option 'potential' lies in the full space of weights ('%s', %I "
                         "coordinates), where Eq. 21 is no sum that ends; run noisy SGD to its "
                         "rest: mf.sgd{beta=, lambda=}",
                   pot->space->name, (lua_Integer)pot->dim);
    if (!mf_potential_is_square(pot))
        luaL_error(L, WHERE ": option 'potential' must have the square loss");
    int output = output_of(pot);
    if (pot->dim > MF_CELLS_DIM + (output >= 0))
        luaL_error(L, WHERE ": option 'potential' has %I coordinates, at most %d are integrated",
                   (lua_Integer)pot->dim, MF_CELLS_DIM + (output >= 0));
    for (size_t c = 0; c < pot->dim; ++c)
        if (mf_is_fixed(pot, c))
            luaL_error(L, WHERE ": option 'potential' holds coordinate %d fixed: no density there",
                       (int)c + 1);
}

static void read_domain(lua_State *L, const gibbs_options *o, gibbs_box *box) {
    const mf_potential *pot = *o->potential;
    mf_gibbs_spec *s = &box->spec;
    *s = (mf_gibbs_spec){.potential = pot,
                         .beta = o->beta,
                         .lambda = o->lambda,
                         .dimension = box->dimension,
                         .low = box->low,
                         .high = box->high,
                         .tol = o->tol};
    s->boxed = mfl_box(L, WHERE, pot, box->low, box->high);
    s->output = s->boxed ? MF_GIBBS_NO_OUTPUT : output_of(pot);
    if (!(o->tol > 0))
        s->tol = 1e-9 * pow(100, (double)pot->dim - (s->output >= 0) - 2);
    if (s->boxed && pot->dim > MF_CELLS_DIM)
        luaL_error(L, WHERE ": on a box at most %d coordinates are integrated", MF_CELLS_DIM);
    for (size_t c = 0; s->boxed && c < pot->dim; ++c)
        if (isinf(box->high[c]))
            luaL_error(L, WHERE ": option 'box' must be bounded in coordinate %d", (int)c + 1);
    if (!s->boxed && o->lambda == 0)
        luaL_error(L, WHERE ": option 'lambda' must be > 0, got 0: exp(-beta Psi) has no finite "
                            "integral over all theta (V and U are bounded, or grow too slowly); or "
                            "give a 'box'");
}

static int gibbs(lua_State *L) {
    gibbs_options o = {0};
    mf_error err = {0};
    mfl_options(L, WHERE, 1, gibbs_fields, &o);
    check_potential(L, *o.potential);
    gibbs_box local = {.potential = o.potential};
    read_domain(L, &o, &local);
    mfl_dimensions(L, WHERE, *o.potential, o.d, o.s0, local.dimension);
    gibbs_box *box = mfl_new(L, &gibbs_class, sizeof *box);
    *box = local;
    box->spec.dimension = box->dimension;
    box->spec.low = box->low;
    box->spec.high = box->high;
    int at = lua_gettop(L);
    mfl_task *task = mfl_task_push(L, "gibbs", 0, 1);
    mf_status status = mf_gibbs_solve(&box->spec, &box->result, mfl_stop(), &err);
    mfl_task_end(task);
    mfl_status(L, WHERE, status, &err);
    lua_pushvalue(L, at);
    return 1;
}

/* ---- the result ------------------------------------------------------------------------- */

static const gibbs_box *check(lua_State *L) {
    const gibbs_box *box = mfl_check(L, 1, WHERE);
    luaL_argcheck(L, !box->closed, 1, "this result is gone: it was closed");
    luaL_argcheck(L, mfl_potential_lives(box->potential), 1,
                  "this result has lost its potential to the garbage collector");
    return box;
}

static int gibbs_measure(lua_State *L) {
    const gibbs_box *box = check(L);
    double *x, *weight;
    const mf_potential *pot = box->spec.potential;
    mfl_measure_new(L, pot->space, mf_gibbs_atoms(&box->spec, &box->result, NULL, NULL), pot->dim,
                    &x, &weight);
    mf_gibbs_atoms(&box->spec, &box->result, x, weight);
    return 1;
}

/* n points from the argument: numbers for one coordinate, else rows of coordinates. */
static int gibbs_density(lua_State *L) {
    const gibbs_box *box = check(L);
    mf_error err = {0};
    const mf_potential *pot = box->spec.potential;
    mfl_points p = mfl_potential_points(L, 2, pot);
    double *density = mfl_array_vector(L, p.n)->data;
    mfl_status(L, "gibbs:density",
               mf_gibbs_density(&box->spec, &box->result, p.n, p.x, p.n, density, &err), &err);
    for (size_t i = 0; i < p.n; ++i)
        density[i] = exp(density[i]);
    if (p.single)
        lua_pushnumber(L, density[0]);
    return 1;
}

#define NUMBER(name, value, ...)                                                                   \
    static int get_##name(lua_State *L) {                                                          \
        lua_pushnumber(L, check(L)->result.value);                                                 \
        return 1;                                                                                  \
    }
NUMBER(risk, risk)
NUMBER(free_energy, free_energy)
NUMBER(gap, gap)
NUMBER(log_Z, log_Z)
NUMBER(error, error)
NUMBER(square, square)

static const mfl_fn gibbs_methods[] = {
        {"measure", gibbs_measure, "gibbs:measure()",
         "The law as an mf.measure of weighted atoms, the nodes of the quadrature: means over it "
         "are integrals. With an output weight five atoms stand for its Gaussian at each node.",
         NULL},
        {"density", gibbs_density, "gibbs:density(theta)",
         "The density with respect to the coordinates themselves (r^(d-1) and the sphere's area "
         "are "
         "part of it), at a point or a list of points like pot:V's. Eq. 21.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property gibbs_properties[] = {
        {"risk", get_risk, "R of the law (Eq. 5)."},
        {"free_energy", get_free_energy,
         "F = R/2 + (lambda/2) int |theta|^2 - Ent/beta of the law (Eq. 22)."},
        {"gap", get_gap,
         "F of the law less the least F is at most this: the dual's |m - g|^2 / 2, never "
         "negative."},
        {"log_Z", get_log_Z,
         "log of int exp(-beta Psi_lambda) d theta over the full space of weights."},
        {"error", get_error, "Bound on what quadrature and potential leave in F and R."},
        {"square", get_square, "int |theta|^2 d rho."},
        {NULL, NULL, NULL}};

static const mfl_class gibbs_class = {WHERE, "The fixed point of Eq. 21.", gibbs_methods,
                                      gibbs_properties, gibbs_close};

static const mfl_fn gibbs_functions[] = {
        {"gibbs", gibbs, "mf.gibbs{potential=, beta=, lambda=, ...}",
         "The fixed point rho ~ exp(-beta Psi_lambda(.; rho)) of Eq. 12 (Eq. 21), which is the "
         "minimum of the free energy: Newton's method on the concave dual, whose gap certifies it. "
         "For potentials in radii (and a, b); a is integrated in closed form.",
         gibbs_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_gibbs(lua_State *L) {
    mfl_class_register(L, &gibbs_class);
    mfl_functions(L, "mf", gibbs_functions);
}
