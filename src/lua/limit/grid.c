/* grid.c: mf.pde.grid, the diffusion in one radius by finite volumes. */
#include "core/limit/grid.h"

#include "core/measure/atoms.h"
#include "flow.h"
#include "lua/base/array.h"
#include "lua/measure/measure.h"
#include "lua/model/init.h"
#include "lua/model/schedule.h"
#include "lua/potentials/potential.h"

#include <math.h>
#include <string.h>

#define WHERE "mf.pde.grid"
#define RMAX_MOST 1e6

typedef struct {
    mf_potential *const *potential;
    const mf_init *init;
    const mf_measure *measure;
    double rmax;
    mf_grid_spec spec;
} grid_options;

const mfl_field mfl_grid_fields[] = {
        {"potential", MFL_OBJECT, offsetof(grid_options, potential), .flags = MFL_REQUIRED,
         .aux = MFL_POTENTIAL, .text = "V and U of the model, a radial one"},
        {"init", MFL_OBJECT, offsetof(grid_options, init), .flags = MFL_OPTIONAL, .aux = MFL_INIT,
         .text = "law rho_0 of the weights"},
        {"measure", MFL_OBJECT, offsetof(grid_options, measure), .flags = MFL_OPTIONAL,
         .aux = MFL_MEASURE,
         .text = "start from this measure: each atom goes to the two centres around it"},
        {"beta", MFL_NUMBER, offsetof(grid_options, spec.beta), .flags = MFL_INF, .low = 1e-100,
         .high = HUGE_VAL, .fallback = HUGE_VAL,
         .text = "inverse temperature of Eq. 12; inf: Eq. 13"},
        {"lambda", MFL_NUMBER, offsetof(grid_options, spec.lambda), .high = MFL_LARGE,
         .text = "weight decay: lambda r^2 / 2 is part of Psi"},
        {"xi", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "an mf.schedule or a function t -> xi(t)",
         .text = "step schedule; default constant 1"},
        {"rmax", MFL_NUMBER, offsetof(grid_options, rmax), .flags = MFL_OPTIONAL | MFL_OPEN_LOW,
         .high = RMAX_MOST,
         .text = "radii end here, at a wall; default: 10, or more where rho_0 or the Gaussian of "
                 "beta lambda need it"},
        {"cells", MFL_COUNT, offsetof(grid_options, spec.cells), .low = 8, .high = 1e6,
         .fallback = 1000,
         .text = "number of cells: half of them equal in length, half in the mass of rho_0"},
        {"tol", MFL_NUMBER, offsetof(grid_options, spec.tol), .flags = MFL_OPEN_LOW, .high = 1,
         .fallback = 1e-6,
         .text = "tolerance of one step: W_1 between it and two halves, relative to 1 + E r"},
        MFL_END};

static const mfl_class grid_class;

/* ---- the start ---------------------------------------------------------------------------- */

typedef struct {
    const mf_init *init; /* or: */
    const mf_atom *atoms;
    size_t n;
    double d;
} law;

static double cdf_of(const void *context, double r) {
    const law *start = context;
    if (start->atoms)
        return mf_atoms_cdf(start->atoms, start->n, r);
    mf_span all = {start->d, start->d, 1};
    return r > 0 ? start->init->ops->cdf(start->init, all, r) : 0;
}

static double quantile_of(const law *start, double p) {
    if (start->atoms)
        return mf_atoms_quantile(start->atoms, start->n, p);
    mf_span all = {start->d, start->d, 1};
    return start->init->ops->quantile(start->init, all, p);
}

/* Memory that Lua owns, left on the stack. */
static void *memory_of(lua_State *L, size_t n, size_t size) {
    if (n > SIZE_MAX / size)
        luaL_error(L, WHERE ": does not fit in memory");
    return lua_newuserdatauv(L, n * size, 0);
}

static law read_law(lua_State *L, const grid_options *o) {
    const mf_potential *pot = *o->potential;
    law start = {.init = o->init};
    double own = mf_potential_dimension(pot, 0);
    start.d = o->init && o->init->d > 0 ? o->init->d : own;
    if (o->init && mf_init_is_fed(o->init))
        luaL_error(L, WHERE ": option 'init' is custom, and the law of its radii not known: give a "
                            "'measure'");
    if (o->measure) {
        mf_atom *atoms = memory_of(L, o->measure->n, sizeof *atoms);
        mf_measure_sort(o->measure, 0, atoms);
        if (isinf(atoms[o->measure->n - 1].x))
            luaL_error(L, WHERE ": option 'measure' has mass at infinity");
        mf_atoms_cumulate(atoms, o->measure->n);
        start.atoms = atoms;
        start.n = o->measure->n;
    }
    return start;
}

static double default_rmax(const grid_options *o, const law *start) {
    const mf_grid_spec *s = &o->spec;
    double rmax = fmax(10, 1.5 * quantile_of(start, 1 - 1e-12));
    if (isfinite(s->beta) && s->lambda > 0) {
        double width = 1 / sqrt(s->beta * s->lambda);
        rmax = fmax(rmax, width * (sqrt(mf_potential_dimension(*o->potential, 0)) + 8));
    }
    return fmin(rmax, RMAX_MOST);
}

/* An atom between two centres is shared by them, so that the mean radius stays. */
static void share(const mf_flow *flow, double *P, double r, double mass) {
    const double *centre = mf_grid_centres(flow);
    size_t low = 0, high = mf_grid_cells(flow) - 1;
    if (r <= centre[low] || r >= centre[high]) {
        P[r <= centre[low] ? low : high] += mass;
        return;
    }
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        *(centre[mid] <= r ? &low : &high) = mid;
    }
    double part = (r - centre[low]) / (centre[high] - centre[low]);
    P[low] += mass * (1 - part);
    P[high] += mass * part;
}

/* W_1 that the wall costs at once: E max(r - rmax, 0), of an init by the midpoint rule in p. */
static double held_back(const grid_options *o, const law *start) {
    enum { LEVELS = 500 };
    double sum = 0, low = cdf_of(start, o->rmax);
    for (size_t j = 0; o->measure && j < o->measure->n; ++j)
        sum += mf_measure_weight(o->measure, j) * fmax(o->measure->x[j] - o->rmax, 0);
    for (int k = 0; o->init && low < 1 - 1e-12 && k < LEVELS; ++k) {
        double p = low + (1 - low) * (k + 0.5) / LEVELS;
        sum += (1 - low) / LEVELS * fmax(quantile_of(start, p) - o->rmax, 0);
    }
    return sum;
}

static void place(lua_State *L, const grid_options *o, const law *start, mf_flow *flow) {
    double *P = mf_grid_masses(flow);
    const double *face = mf_grid_faces(flow);
    size_t n = mf_grid_cells(flow);
    for (size_t j = 0; o->measure && j < o->measure->n; ++j)
        share(flow, P, o->measure->x[j], mf_measure_weight(o->measure, j));
    double below = 0, sum = 0;
    for (size_t i = 0; o->init && i < n; ++i) {
        double to = i + 1 < n ? cdf_of(start, face[i + 1]) : 1; /* what lies beyond is not lost */
        P[i] = fmax(to - below, 0);
        below = to;
    }
    for (size_t i = 0; i < n; ++i)
        sum += P[i];
    if (!(fabs(sum - 1) < 1e-6))
        mfl_error(L, WHERE ": the masses of rho_0 in the cells sum to %f", sum);
    for (size_t i = 0; i < n; ++i)
        P[i] /= sum;
}

static void check_options(lua_State *L, const grid_options *o) {
    const mf_potential *pot = *o->potential;
    if (!pot)
        luaL_error(L, WHERE ": option 'potential' is closed");
    if (pot->dim != 1 || !mf_is_radius(pot, 0))
        luaL_error(L,
                   WHERE ": option 'potential' must live in one radius, got the space '%s'; "
                         "mf.pde.particles takes every space",
                   pot->space->name);
    if (!o->init == !o->measure)
        luaL_error(L, WHERE ": exactly one of the options 'init' and 'measure' must be given");
    if (o->init)
        mfl_init_check_plain(L, WHERE, o->init);
    if (o->measure && o->measure->space != pot->space)
        luaL_error(L, WHERE ": option 'measure' lies in space '%s', the potential takes '%s'",
                   o->measure->space->name, pot->space->name);
    if (isfinite(o->spec.beta) && isinf(mf_potential_dimension(pot, 0)))
        luaL_error(L, WHERE ": option 'beta' must be math.huge for a potential at d = inf, where "
                            "the drift (d - 1)/(beta r) has no limit");
}

int mfl_grid_new(lua_State *L) {
    grid_options o = {0};
    lua_settop(L, 1);
    mfl_options(L, WHERE, 1, mfl_grid_fields, &o); /* at 2 */
    check_options(L, &o);
    o.spec.potential = *o.potential;
    law start = read_law(L, &o);
    if (!(o.rmax > 0))
        o.rmax = default_rmax(&o, &start);
    lua_getfield(L, 2, "xi");
    mfl_schedule_option(L, WHERE);
    lua_setfield(L, 2, "xi");
    lua_pushnumber(L, o.rmax);
    lua_setfield(L, 2, "rmax");
    double *face = memory_of(L, o.spec.cells + 1, sizeof *face);
    mf_error err = {0};
    mfl_task *task = mfl_task_push(L, "mesh", 0, 1);
    mf_status status = mf_grid_mesh(o.spec.cells, o.rmax, cdf_of, &start, face, mfl_stop(), &err);
    mfl_task_end(task);
    mfl_status(L, WHERE, status, &err);
    lua_pushvalue(L, 2);
    void *memory;
    mfl_flow *box = mfl_flow_new(L, WHERE, &grid_class, mf_grid_bytes(&o.spec), &memory);
    box->flow = mf_grid_init(memory, &o.spec, face);
    box->potential = o.potential;
    place(L, &o, &start, box->flow);
    box->flow->error = held_back(&o, &start);
    return 1;
}

/* ---- what only a grid has --------------------------------------------------------------------- */

static mf_flow *check_grid(lua_State *L) {
    mfl_flow *box = mfl_check(L, 1, MFL_GRID);
    mfl_check_idle(L, "mf.pde solver", box->busy);
    return box->flow;
}

static int grid_density(lua_State *L) {
    const mf_flow *flow = check_grid(L);
    size_t n = mf_grid_cells(flow);
    const double *P = flow->ops->measure(flow).weight, *face = mf_grid_faces(flow);
    memcpy(mfl_array_vector(L, n)->data, mf_grid_centres(flow), n * sizeof *face);
    double *p = mfl_array_vector(L, n)->data;
    for (size_t i = 0; i < n; ++i)
        p[i] = P[i] / (face[i + 1] - face[i]);
    return 2;
}

static int grid_free_energy(lua_State *L) {
    double F = NAN;
    mf_error err = {MF_OK, ""};
    mfl_status(L, "pde:free_energy", mf_grid_free_energy(check_grid(L), &F, &err), &err);
    lua_pushnumber(L, F);
    return 1;
}

/* A function of its own: texts are found by function. */
static int grid_dissipation(lua_State *L) {
    return mfl_flow_dissipation(L);
}

static int grid_mass(lua_State *L) {
    lua_pushnumber(L, mf_grid_mass(((mfl_flow *)mfl_check(L, 1, MFL_GRID))->flow));
    return 1;
}

static const mfl_fn grid_methods[] = {
        {"density", grid_density, "pde:density()",
         "Two arrays: the centres of the cells and the density of r there, mass over width.", NULL},
        {"free_energy", grid_free_energy, "pde:free_energy()",
         "F = R/2 + (lambda/2) E r^2 - Ent/beta of the law on R^d with these masses; at beta = inf "
         "R/2 + (lambda/2) E r^2. It never grows from one step to the next.",
         NULL},
        {"dissipation", grid_dissipation, "pde:dissipation()",
         "-dF/dtau >= 0 in the clock tau = int xi: the right side of Eq. 24 on the cells, twice "
         "the "
         "mean of |grad (Psi_lambda + log(rho)/beta)|^2.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property grid_properties[] = {
        MFL_FLOW_PROPERTIES,
        {"error", mfl_flow_error,
         "sum over the steps of W_1 between a step and its two halves, and the mass in the last "
         "cell times rmax, and E max(r - rmax, 0) of rho_0: large if rmax is too small"},
        {"mass", grid_mass, "sum of the masses, 1 up to rounding"},
        {NULL, NULL, NULL}};

static const mfl_class grid_class = {MFL_GRID,
                                     "The diffusion (Eq. 12, radial as Eq. 13) in r = |w| by "
                                     "finite volumes: implicit, positive, "
                                     "conservative, with a free energy that never grows.",
                                     mfl_flow_methods, grid_properties, NULL};

static const mfl_fn pde_functions[] = {
        {"grid", mfl_grid_new, "mf.pde.grid{potential=, init=, beta=, lambda=, xi=, rmax=, cells=}",
         "A solution of the distributional dynamics with noise, from rho_0, as a density of r = "
         "|w| "
         "on cells. Its fixed point is mf.gibbs's law.",
         mfl_grid_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_grid(lua_State *L) {
    mfl_class_register(L, &grid_class);
    mfl_class_methods(L, MFL_GRID, grid_methods);
    lua_getfield(L, -1, "pde");
    mfl_functions(L, "mf.pde", pde_functions);
    lua_pop(L, 1);
}
