/* potential.c: mf.potential, the V and U of Eq. 6 as feature maps, and what all share. */
#include "potential.h"

#include "core/potentials/affine.h"
#include "core/potentials/multi_index.h"
#include "core/potentials/radial.h"
#include "core/potentials/relu.h"
#include "core/potentials/two_radius.h"
#include "lua/base/array.h"
#include "lua/measure/measure.h"
#include "lua/model/activation.h"
#include "lua/model/distribution.h"
#include "lua/model/init.h"
#include "lua/model/loss.h"

#include <math.h>
#include <string.h>

static const mfl_class potential_class;

/* What a handle holds: a closed potential takes no new users, but those that it has go on with
 * it. So its memory goes when the last of them does: with the handle itself, by __gc.      */
typedef struct {
    mf_potential *open, *closed;
} handle;

static int potential_close(lua_State *L) {
    handle *h = mfl_check(L, 1, MFL_POTENTIAL);
    if (h->open) {
        h->closed = h->open;
        h->open = NULL;
    }
    return 0;
}

static void potential_free(void *payload) {
    handle *h = payload;
    mf_potential_free(h->open);
    mf_potential_free(h->closed);
    *h = (handle){NULL, NULL};
}

mf_potential **mfl_potential_push(lua_State *L) {
    handle *h = mfl_new(L, &potential_class, sizeof *h);
    return &h->open;
}

bool mfl_potential_lives(mf_potential *const *box) {
    const handle *h = (const handle *)(const void *)box;
    return h->open || h->closed;
}

const mf_potential *mfl_potential_check(lua_State *L, int arg) {
    mf_potential *const *box = mfl_check(L, arg, MFL_POTENTIAL);
    luaL_argcheck(L, *box, arg, "the potential is closed");
    return *box;
}

/* ---- arguments ------------------------------------------------------------------------------- */

/* Memory for n doubles, 64-byte aligned, left on the stack as a userdata. */
static double *buffer(lua_State *L, size_t n) {
    if (n > (SIZE_MAX - 64) / sizeof(double))
        luaL_error(L, "potential: too large");
    void *block = lua_newuserdatauv(L, n * sizeof(double) + 64, 0);
    return (double *)(((uintptr_t)block + 63) & ~(uintptr_t)63);
}

const mf_measure *mfl_potential_measure(lua_State *L, int arg, const mf_potential *pot) {
    const mf_measure *rho = mfl_measure_check(L, arg);
    if (rho->space == pot->space && rho->dim == pot->dim)
        return rho;
    const char *hint = "";
    if (mf_space_weights(rho->space, rho->dim) && pot->space->how)
        hint = lua_pushfstring(L, "; use %s", pot->space->how);
    else if (rho->space == &mf_space_free)
        hint = lua_pushfstring(L, "; make it with mf.measure{x=, space=\"%s\"}", pot->space->name);
    luaL_argerror(L, arg,
                  lua_pushfstring(
                          L,
                          "expected a measure in the space '%s' of %d coordinates, got one in "
                          "'%s' of %d%s",
                          pot->space->name, (int)pot->dim, rho->space->name, (int)rho->dim, hint));
    return NULL;
}

static void check_coordinates(lua_State *L, int arg, const mf_potential *pot, const mfl_points *p) {
    for (size_t c = 0; c < pot->dim; ++c)
        for (size_t j = 0; j < p->n; ++j) {
            double x = p->x[c * p->n + j];
            bool radius = mf_is_radius(pot, c);
            if (radius ? x >= 0 : isfinite(x))
                continue;
            lua_pushnumber(L, x);
            luaL_argerror(L, arg,
                          lua_pushfstring(L, "coordinate %d must be %s, got %s", (int)c + 1,
                                          radius ? "in [0, inf]" : "finite",
                                          isnan(x) ? "nan" : lua_tostring(L, -1)));
        }
}

/* Particles in radii alone are those of plain neurons. */
static void check_start(lua_State *L, const char *where, const mf_potential *pot,
                        const mf_init *init) {
    for (size_t c = 0; c < pot->dim; ++c)
        if (mf_space_group(pot->space, pot->dim, c) != MF_GROUP_W)
            return;
    mfl_init_check_plain(L, where, init);
}

void mfl_start(lua_State *L, const char *where, const mf_potential *pot, const mf_init *init,
               size_t J, double *x) {
    mf_error err = {MF_OK, ""};
    check_start(L, where, pot, init);
    mfl_task *task = mfl_task_push(L, "init", 0, 1);
    mf_status status = mf_potential_start(pot, init, J, x, mfl_stop(), &err);
    mfl_task_end(task);
    mfl_status(L, where, status, &err);
    lua_pop(L, 1);
}

mfl_points mfl_potential_points(lua_State *L, int arg, const mf_potential *pot) {
    mfl_points p = {.n = 1};
    if (mfl_measure_test(L, arg)) {
        const mf_measure *rho = mfl_potential_measure(L, arg, pot);
        double *x = buffer(L, rho->n * rho->dim);
        for (size_t c = 0; c < rho->dim; ++c)
            memcpy(x + c * rho->n, rho->x + c * rho->ld, rho->n * sizeof *x);
        p = (mfl_points){rho->n, false, x};
        lua_replace(L, arg);
        return p;
    }
    bool number = lua_type(L, arg) == LUA_TNUMBER;
    const mfl_array *a = mfl_array_convert(L, arg);
    size_t coordinates = a->ndim == 2 ? a->cols : pot->dim == 1 ? 1 : a->rows;
    if (coordinates != pot->dim || a->rows == 0 || (number && pot->dim != 1))
        luaL_argerror(L, arg,
                      lua_pushfstring(L, "expected points of %d coordinate%s, got %d",
                                      (int)pot->dim, pot->dim == 1 ? "" : "s",
                                      (int)(a->rows ? coordinates : 0)));
    p.n = a->ndim == 2 || pot->dim == 1 ? a->rows : 1;
    p.single = pot->dim == 1 ? number : a->ndim == 1;
    double *x = buffer(L, p.n * pot->dim);
    for (size_t c = 0; c < pot->dim; ++c)
        for (size_t j = 0; j < p.n; ++j)
            x[c * p.n + j] = a->data[j * pot->dim + c];
    p.x = x;
    lua_replace(L, arg);
    check_coordinates(L, arg, pot, &p);
    return p;
}

/* Pushes n numbers, or the only one. */
static int push_values(lua_State *L, const mfl_points *p, const double *values) {
    if (p->single)
        lua_pushnumber(L, values[0]);
    else
        memcpy(mfl_array_vector(L, p->n)->data, values, p->n * sizeof *values);
    return 1;
}

/* Pushes gradients given coordinate by coordinate: n x dim, without dimensions of size 1. */
static int push_gradient(lua_State *L, const mf_potential *pot, const mfl_points *p,
                         const double *g) {
    if (pot->dim == 1)
        return push_values(L, p, g);
    mfl_array *out =
            p->single ? mfl_array_vector(L, pot->dim) : mfl_array_matrix(L, p->n, pot->dim);
    for (size_t j = 0; j < p->n; ++j)
        for (size_t c = 0; c < pot->dim; ++c)
            out->data[j * pot->dim + c] = g[c * p->n + j];
    return 1;
}

/* Memory for field and mean on n atoms. */
static void *scratch(lua_State *L, const mf_potential *pot, size_t n) {
    return buffer(L, mf_potential_scratch(pot, n) / sizeof(double) + 1);
}

/* Methods may take long where the potential is a large sample: Ctrl-C, from here to the method's end. */
static void catch_interrupts(lua_State *L) {
    mfl_task_push(L, "potential", 0, 1);
}

/* ---- methods of all potentials -------------------------------------------------------------------- */

/* m = int f d rho, on the stack. */
static double *mean_features(lua_State *L, const char *where, const mf_potential *pot,
                             const mf_measure *rho) {
    double *m = buffer(L, pot->rank);
    mf_error err = {MF_OK, ""};
    mfl_status(L, where, mf_potential_mean(pot, rho, m, scratch(L, pot, rho->n), &err), &err);
    lua_pop(L, 1);
    return m;
}

/* Pushes values of <g, f> at the points. */
static int push_field(lua_State *L, const char *where, const mf_potential *pot, const double *g,
                      const mfl_points *p) {
    double *value = buffer(L, p->n);
    mf_error err = {MF_OK, ""};
    mfl_status(
            L, where,
            mf_potential_field(pot, g, p->n, p->x, p->n, value, NULL, scratch(L, pot, p->n), &err),
            &err);
    return push_values(L, p, value);
}

/* Pushes gradients of <g, f> at the points. */
static int push_slopes(lua_State *L, const char *where, const mf_potential *pot, const double *g,
                       const mfl_points *p) {
    double *grad = buffer(L, p->n * pot->dim);
    mf_error err = {MF_OK, ""};
    mfl_status(
            L, where,
            mf_potential_field(pot, g, p->n, p->x, p->n, NULL, grad, scratch(L, pot, p->n), &err),
            &err);
    return push_gradient(L, pot, p, grad);
}

static int potential_V(lua_State *L) {
    const mf_potential *pot = mfl_potential_check(L, 1);
    mfl_points p = mfl_potential_points(L, 2, pot);
    catch_interrupts(L);
    return push_field(L, "pot:V", pot, pot->b, &p);
}

static int potential_grad_V(lua_State *L) {
    const mf_potential *pot = mfl_potential_check(L, 1);
    mfl_points p = mfl_potential_points(L, 2, pot);
    catch_interrupts(L);
    return push_slopes(L, "pot:grad_V", pot, pot->b, &p);
}

static double *features_of(lua_State *L, const char *where, const mf_potential *pot,
                           const mfl_points *p) {
    double *F = buffer(L, pot->rank * p->n);
    mf_error err = {MF_OK, ""};
    mfl_status(L, where, mf_potential_features(pot, p->n, p->x, p->n, F, p->n, &err), &err);
    return F;
}

/* number, vector or matrix: a dimension for each argument that is a list of points. */
static int potential_U(lua_State *L) {
    const mf_potential *pot = mfl_potential_check(L, 1);
    mfl_points p1 = mfl_potential_points(L, 2, pot), p2 = mfl_potential_points(L, 3, pot);
    mfl_task *task = mfl_task_push(L, "U", 0, (double)p1.n);
    const double *F1 = features_of(L, "pot:U", pot, &p1);
    const double *F2 = features_of(L, "pot:U", pot, &p2);
    double *u = p1.single || p2.single ? mfl_array_vector(L, p1.n * p2.n)->data
                                       : mfl_array_matrix(L, p1.n, p2.n)->data;
    for (size_t i = 0; i < p1.n && !mfl_task_tick(task, (double)i); ++i)
        for (size_t k = 0; k < pot->rank && !mf_flag_is_set(mfl_stop()); ++k)
            for (size_t j = 0; j < p2.n; ++j)
                u[i * p2.n + j] += F1[k * p1.n + i] * F2[k * p2.n + j];
    mfl_task_raise(L, "pot:U");
    if (p1.single && p2.single)
        lua_pushnumber(L, u[0]);
    return 1;
}

static int potential_features(lua_State *L) {
    const mf_potential *pot = mfl_potential_check(L, 1);
    mfl_points p = mfl_potential_points(L, 2, pot);
    catch_interrupts(L);
    const double *F = features_of(L, "pot:features", pot, &p);
    double *out = p.single ? mfl_array_vector(L, pot->rank)->data
                           : mfl_array_matrix(L, p.n, pot->rank)->data;
    for (size_t j = 0; j < p.n; ++j)
        for (size_t k = 0; k < pot->rank; ++k)
            out[j * pot->rank + k] = F[k * p.n + j];
    return 1;
}

/* g of Psi = <g, f>, for the measure at arg. */
static const double *psi_features(lua_State *L, const char *where, const mf_potential *pot,
                                  int arg) {
    double *g = mean_features(L, where, pot, mfl_potential_measure(L, arg, pot));
    mf_potential_force(pot, g, g);
    return g;
}

static int potential_psi(lua_State *L) {
    const mf_potential *pot = mfl_potential_check(L, 1);
    mfl_points p = mfl_potential_points(L, 2, pot);
    catch_interrupts(L);
    return push_field(L, "pot:psi", pot, psi_features(L, "pot:psi", pot, 3), &p);
}

static int potential_grad_psi(lua_State *L) {
    const mf_potential *pot = mfl_potential_check(L, 1);
    mfl_points p = mfl_potential_points(L, 2, pot);
    catch_interrupts(L);
    return push_slopes(L, "pot:grad_psi", pot, psi_features(L, "pot:grad_psi", pot, 3), &p);
}

static int potential_step_noise(lua_State *L) {
    const char *where = "pot:step_noise";
    const mf_potential *pot = mfl_potential_check(L, 1);
    mfl_points p = mfl_potential_points(L, 2, pot);
    const mf_measure *rho = mfl_potential_measure(L, 3, pot);
    double noise = luaL_optnumber(L, 4, 0);
    luaL_argcheck(L, noise >= 0 && noise <= MFL_LARGE, 4, "a label noise in [0, 1e+100] expected");
    catch_interrupts(L);
    double *T = buffer(L, p.n * pot->dim);
    void *work = scratch(L, pot, p.n > rho->n ? p.n : rho->n);
    mf_error err = {MF_OK, ""};
    mfl_status(L, where,
               mf_potential_step_noise(pot, noise * noise, rho, p.n, p.x, p.n, T, work, &err),
               &err);
    return push_gradient(L, pot, &p, T);
}

/* int U(theta, theta) d rho. */
static double mean_self(lua_State *L, const mf_potential *pot, const mf_measure *rho) {
    double *u = mfl_array_vector(L, rho->n)->data, sum = 0;
    mf_error err = {MF_OK, ""};
    mfl_status(L, "pot:self", mf_potential_self(pot, rho->n, rho->x, rho->ld, u, &err), &err);
    for (size_t j = 0; j < rho->n; ++j)
        sum += mf_measure_weight(rho, j) * u[j];
    return sum;
}

static int potential_self(lua_State *L) {
    const mf_potential *pot = mfl_potential_check(L, 1);
    const mf_measure *rho = mfl_potential_measure(L, 2, pot);
    catch_interrupts(L);
    lua_pushnumber(L, mean_self(L, pot, rho));
    return 1;
}

static int potential_risk(lua_State *L) {
    const mf_potential *pot = mfl_potential_check(L, 1);
    lua_settop(L, 3);
    const mf_measure *rho = mfl_potential_measure(L, 2, pot);
    catch_interrupts(L);
    const double *m = mean_features(L, "pot:risk", pot, rho);
    double risk = mf_potential_risk(pot, m);
    if (!lua_isnil(L, 3)) { /* N neurons drawn from rho: the diagonal is their own */
        if (!mf_potential_is_square(pot))
            return luaL_error(L,
                              "pot:risk: the risk of N neurons is known for the square loss only");
        lua_Integer N = luaL_checkinteger(L, 3);
        luaL_argcheck(L, N >= 1, 3, "a number of neurons >= 1 expected");
        double square = 0;
        for (size_t k = 0; k < pot->rank; ++k)
            square += m[k] * m[k];
        risk += (mean_self(L, pot, rho) - square) / (double)N;
    }
    lua_pushnumber(L, risk);
    return 1;
}

static int potential_rank(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)mfl_potential_check(L, 1)->rank);
    return 1;
}

static int potential_b(lua_State *L) {
    const mf_potential *pot = mfl_potential_check(L, 1);
    memcpy(mfl_array_vector(L, pot->rank)->data, pot->b, pot->rank * sizeof(double));
    return 1;
}

/* ---- methods of the radial potential ----------------------------------------------------------------- */

static const mf_potential *check_radial(lua_State *L) {
    const mf_potential *pot = mfl_potential_check(L, 1);
    luaL_argcheck(L, mf_potential_is_radial(pot), 1, "expected a radial potential");
    return pot;
}

static double check_radius(lua_State *L, int arg) {
    double r = luaL_checknumber(L, arg);
    luaL_argcheck(L, r >= 0, arg, "r must be in [0, inf]");
    return r;
}

static int radial_v(lua_State *L) {
    lua_pushnumber(L, mf_radial_v(check_radial(L), check_radius(L, 2), NULL));
    return 1;
}

static int radial_dv(lua_State *L) {
    double dv;
    mf_radial_v(check_radial(L), check_radius(L, 2), &dv);
    lua_pushnumber(L, dv);
    return 1;
}

static int radial_u(lua_State *L) {
    lua_pushnumber(L, mf_radial_u(check_radial(L), check_radius(L, 2), check_radius(L, 3), NULL));
    return 1;
}

static int radial_du(lua_State *L) {
    double du;
    mf_radial_u(check_radial(L), check_radius(L, 2), check_radius(L, 3), &du);
    lua_pushnumber(L, du);
    return 1;
}

/* ---- properties ------------------------------------------------------------------------------------------ */

static int potential_error(lua_State *L) {
    lua_pushnumber(L, mfl_potential_check(L, 1)->error);
    return 1;
}

static int potential_space(lua_State *L) {
    lua_pushstring(L, mfl_potential_check(L, 1)->space->name);
    return 1;
}

static int potential_dim(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)mfl_potential_check(L, 1)->dim);
    return 1;
}

static int potential_kind(lua_State *L) {
    lua_pushstring(L, mfl_potential_check(L, 1)->ops->name);
    return 1;
}

static int potential_risk0(lua_State *L) {
    lua_pushnumber(L, mfl_potential_check(L, 1)->risk0);
    return 1;
}

/* ---- constructors ------------------------------------------------------------------------------------------ */

/* The law in option `distribution`, which must have the operations `ops`. */
static const mf_distribution *law_of(lua_State *L, const char *where, void *law,
                                     const mf_law_ops *ops, const char *expected) {
    const mf_distribution *x = law;
    if (x->ops != ops) {
        lua_getfield(L, -1, "distribution");
        mfl_option_error(L, where, "distribution", expected, -1);
    }
    return x;
}

typedef struct {
    void *distribution, *activation;
    const mf_loss *loss;
    double tol, d;
} radial_options;

static const mfl_field radial_fields[] = {
        {"distribution", MFL_OBJECT, offsetof(radial_options, distribution), .flags = MFL_REQUIRED,
         .aux = MFL_DISTRIBUTION, .text = "isotropic law of (x, y), which gives delta and d"},
        {"activation", MFL_OBJECT, offsetof(radial_options, activation), .flags = MFL_REQUIRED,
         .aux = MFL_ACTIVATION, .text = "sigma of the neurons sigma(<w,x>)"},
        MFL_LOSS_FIELD(radial_options, loss,
                       ". Others make features of the answers at nodes in |x|, as many as V and U "
                       "need, and `.error` is then what is seen of theirs"),
        {"d", MFL_DIM, offsetof(radial_options, d), .flags = MFL_OPTIONAL | MFL_INF, .low = 2,
         .high = HUGE_VAL,
         .text = "dimension instead of the distribution's; math.huge for the limit"},
        {"tol", MFL_NUMBER, offsetof(radial_options, tol), .low = 1e-13, .high = 1e-2,
         .fallback = 1e-10, .text = "accuracy of V and U relative to max(1, sup U)"},
        MFL_END};

static int potential_radial(lua_State *L) {
    static const char where[] = "mf.potential.radial";
    radial_options o = {.d = 0};
    mfl_options(L, where, 1, radial_fields, &o);
    const mf_distribution *law =
            law_of(L, where, o.distribution, &mf_law_isotropic,
                   "isotropic (mf.potential.two_radius takes anisotropic laws, .sampled any)");
    const mf_activation *sigma = o.activation;
    mf_radial_spec spec = {.activation = *sigma,
                           .delta = mf_law_delta(law),
                           .d = o.d == 0 ? (double)law->d : o.d,
                           .tol = o.tol,
                           .loss = mfl_loss_option(o.loss)};
    mf_potential **box = mfl_potential_push(L);
    mf_error err = {0};
    int at = lua_gettop(L);
    mfl_task *task = mfl_task_push(L, "potential", 0, 1);
    mf_status status = mf_radial_new(&spec, box, mfl_stop(), &err);
    mfl_task_end(task);
    mfl_status(L, where, status, &err);
    lua_pushvalue(L, at);
    return 1;
}

#define LOSS_AT_FINITE_D                                                                           \
    ". Others make features of the answers at nodes in |P_V x| and |P_V^perp x|, as many as R "    \
    "needs, "                                                                                      \
    "and what is seen of theirs is part of `.error`; at finite d both s0 and d - s0 must then be " \
    "0 "                                                                                           \
    "or 6 and more"

typedef struct {
    void *distribution, *activation;
    const mf_loss *loss;
    mf_two_radius_spec spec;
} two_radius_options;

static const mfl_field two_radius_fields[] = {
        {"distribution", MFL_OBJECT, offsetof(two_radius_options, distribution),
         .flags = MFL_REQUIRED, .aux = MFL_DISTRIBUTION,
         .text = "anisotropic law of (x, y), which gives delta, d and s0"},
        {"activation", MFL_OBJECT, offsetof(two_radius_options, activation), .flags = MFL_REQUIRED,
         .aux = MFL_ACTIVATION, .text = "sigma of the neurons sigma(<w,x>)"},
        MFL_LOSS_FIELD(two_radius_options, loss, LOSS_AT_FINITE_D),
        {"d", MFL_DIM, offsetof(two_radius_options, spec.d), .flags = MFL_OPTIONAL | MFL_INF,
         .low = 1, .high = HUGE_VAL,
         .text = "dimension instead of the distribution's, s0/d being kept; math.huge for the "
                 "limit"},
        {"tol", MFL_NUMBER, offsetof(two_radius_options, spec.tol), .low = 1e-13, .high = 1e-2,
         .fallback = 1e-9, .text = "accuracy of V and U relative to max(1, sup U)"},
        MFL_END};

static int potential_two_radius(lua_State *L) {
    static const char where[] = "mf.potential.two_radius";
    two_radius_options o = {.distribution = NULL};
    mfl_options(L, where, 1, two_radius_fields, &o);
    const mf_distribution *law = law_of(L, where, o.distribution, &mf_law_anisotropic,
                                        "anisotropic (mf.potential.radial takes isotropic laws, "
                                        ".sampled any)");
    const mf_activation *sigma = o.activation;
    o.spec.activation = *sigma;
    o.spec.loss = mfl_loss_option(o.loss);
    o.spec.delta = mf_law_delta(law);
    o.spec.gamma = (double)mf_law_s0(law) / (double)law->d;
    if (o.spec.d == 0)
        o.spec.d = (double)law->d;
    o.spec.s0 = isinf(o.spec.d) ? 0 : o.spec.d * o.spec.gamma;
    if (o.spec.s0 != floor(o.spec.s0)) {
        lua_getfield(L, -1, "d");
        mfl_option_error(L, where, "d", "such that s0 = gamma d is an integer", -1);
    }
    mf_potential **box = mfl_potential_push(L);
    mf_error err = {0};
    int at = lua_gettop(L);
    mfl_task *task = mfl_task_push(L, "potential", 0, 1);
    mf_status status = mf_two_radius_new(&o.spec, box, mfl_stop(), &err);
    mfl_task_end(task);
    mfl_status(L, where, status, &err);
    lua_pushvalue(L, at);
    return 1;
}

typedef struct {
    void *distribution, *activation;
    const mf_loss *loss;
    double gamma;
    mf_two_radius_spec spec;
} affine_options;

#define AFFINE_TOL                                                                                 \
    {                                                                                              \
        "tol", MFL_NUMBER, offsetof(affine_options, spec.tol),                                     \
                .low = 1e-13, .high = 1e-2, .fallback = 1e-9,                                      \
                .text = "accuracy of U relative to a a' max(1, sup sigma^2), sigma divided by 1 "  \
                        "+ |t| and U "                                                             \
                        "by (1 + |b| + s)(1 + |b'| + s') where it is unbounded; V is exact"        \
    }

static const mfl_field affine_fields[] = {
        {"distribution", MFL_OBJECT, offsetof(affine_options, distribution), .flags = MFL_REQUIRED,
         .aux = MFL_DISTRIBUTION, .text = "anisotropic law of (x, y), which gives delta, d and s0"},
        {"activation", MFL_OBJECT, offsetof(affine_options, activation), .flags = MFL_REQUIRED,
         .aux = MFL_ACTIVATION,
         .text = "sigma of the neurons a sigma(<w,x> + b), of linear growth at most"},
        {"d", MFL_DIM, offsetof(affine_options, spec.d), .flags = MFL_OPTIONAL | MFL_INF, .low = 1,
         .high = HUGE_VAL,
         .text = "dimension instead of the distribution's, s0/d being kept; math.huge for the "
                 "limit"},
        AFFINE_TOL,
        MFL_LOSS_FIELD(affine_options, loss, LOSS_AT_FINITE_D),
        MFL_END};

/* Fills in d, s0 and gamma; the options are on top of the stack. */
static void choose_dimensions(lua_State *L, const char *where, affine_options *o) {
    o->spec.gamma = o->gamma;
    o->spec.s0 = isinf(o->spec.d) ? 0 : round(o->spec.d * o->gamma);
    if (!isinf(o->spec.d) && fabs(o->spec.s0 - o->spec.d * o->gamma) > 1e-9 * o->spec.d) {
        lua_getfield(L, -1, "d");
        mfl_option_error(L, where, "d", "such that s0 = gamma d is an integer", -1);
    }
}

/* The potential; at d = inf ReLU has its closed form. */
static int push_affine(lua_State *L, const char *where, const affine_options *o) {
    static const double zeros[2] = {0};
    const mf_activation *sigma = &o->spec.activation;
    bool is_relu = sigma->kind == MF_ACT_PIECEWISE && sigma->knots == 1 &&
                   memcmp(sigma->t, zeros, sizeof *zeros) == 0 &&
                   memcmp(sigma->s, zeros, sizeof *zeros) == 0 && sigma->slope_left == 0 &&
                   sigma->slope_right == 1;
    mf_relu_spec closed = {.delta = o->spec.delta, .gamma = o->spec.gamma, .loss = o->spec.loss};
    mf_potential **box = mfl_potential_push(L);
    mf_error err = {MF_OK, ""};
    mfl_status(L, where,
               is_relu && isinf(o->spec.d) ? mf_relu_new(&closed, box, &err)
                                           : mf_affine_new(&o->spec, box, mfl_stop(), &err),
               &err);
    return 1;
}

static int potential_affine(lua_State *L) {
    static const char where[] = "mf.potential.affine";
    affine_options o = {.distribution = NULL};
    mfl_options(L, where, 1, affine_fields, &o);
    const mf_distribution *law =
            law_of(L, where, o.distribution, &mf_law_anisotropic, "an anisotropic law");
    o.spec.activation = *(const mf_activation *)o.activation;
    o.spec.delta = mf_law_delta(law);
    o.gamma = (double)mf_law_s0(law) / (double)law->d;
    if (o.spec.d == 0)
        o.spec.d = (double)law->d;
    o.spec.loss = mfl_loss_option(o.loss);
    choose_dimensions(L, where, &o);
    return push_affine(L, where, &o);
}

static const mfl_field relu_fields[] = {
        {"distribution", MFL_OBJECT, offsetof(affine_options, distribution), .flags = MFL_OPTIONAL,
         .aux = MFL_DISTRIBUTION,
         .text = "anisotropic law whose delta, d and gamma = s0/d to take"},
        {"delta", MFL_NUMBER, offsetof(affine_options, spec.delta),
         .flags = MFL_OPTIONAL | MFL_OPEN_LOW | MFL_OPEN_HIGH, .high = 1,
         .text = "tau_+- = 1 +- delta; required without a distribution, and else instead of its "
                 "own"},
        {"gamma", MFL_NUMBER, offsetof(affine_options, gamma), .flags = MFL_OPTIONAL | MFL_OPEN_LOW,
         .high = 1,
         .text = "s0/d, likewise; at d = inf only the law of (r1, r2) at the start depends on it"},
        {"d", MFL_DIM, offsetof(affine_options, spec.d), .flags = MFL_OPTIONAL | MFL_INF, .low = 1,
         .high = HUGE_VAL,
         .text = "dimension; default the distribution's, and math.huge, the limit, without one"},
        AFFINE_TOL,
        MFL_LOSS_FIELD(affine_options, loss, LOSS_AT_FINITE_D),
        MFL_END};

static int potential_relu(lua_State *L) {
    static const char where[] = "mf.potential.relu";
    affine_options o = {.distribution = NULL};
    mfl_options(L, where, 1, relu_fields, &o);
    o.spec.activation = (mf_activation){.kind = MF_ACT_PIECEWISE, .knots = 1, .slope_right = 1};
    if (o.distribution) {
        const mf_distribution *law =
                law_of(L, where, o.distribution, &mf_law_anisotropic, "an anisotropic law");
        if (o.spec.delta == 0)
            o.spec.delta = mf_law_delta(law);
        if (o.gamma == 0)
            o.gamma = (double)mf_law_s0(law) / (double)law->d;
        if (o.spec.d == 0)
            o.spec.d = (double)law->d;
    } else if (o.spec.delta == 0 || o.gamma == 0) {
        luaL_error(L, "%s: option '%s' is missing (or give 'distribution')", where,
                   o.spec.delta == 0 ? "delta" : "gamma");
    }
    if (o.spec.d == 0)
        o.spec.d = HUGE_VAL;
    o.spec.loss = mfl_loss_option(o.loss);
    choose_dimensions(L, where, &o);
    return push_affine(L, where, &o);
}

static const mfl_fn potential_methods[] = {
        {"__close", potential_close, NULL, NULL, NULL},
        {"V", potential_V, "pot:V(theta)",
         "V of Eq. 6 at a point, or at every point of an array or measure. A point is a number "
         "where "
         "theta has one coordinate, else a list of coordinates.",
         NULL},
        {"grad_V", potential_grad_V, "pot:grad_V(theta)", "Gradient of V.", NULL},
        {"U", potential_U, "pot:U(theta, theta2)",
         "U of Eq. 6; a matrix when both arguments are lists of points.", NULL},
        {"features", potential_features, "pot:features(theta)",
         "f(theta), of length rank: V = <b, f(theta)>, U = <f(theta), f(theta2)>.", NULL},
        {"b", potential_b, "pot:b()", "The vector b of V = <b, f(theta)>.", NULL},
        {"psi", potential_psi, "pot:psi(theta, rho)",
         "Psi(theta; rho) = V + int U d rho (Eq. 8), half of the first variation of R; for another "
         "loss "
         "that is E sigma_*(x; theta) l'(y, yhat)/2, l' the slope in yhat.",
         NULL},
        {"grad_psi", potential_grad_psi, "pot:grad_psi(theta, rho)",
         "Gradient of Psi in theta, the force of Eq. 7 with its sign turned. At an infinite radius "
         "it is 0.",
         NULL},
        {"step_noise", potential_step_noise, "pot:step_noise(theta, rho[, label_noise])",
         "What the noise of SGD's steps adds, in the shape of a gradient. At a radius |P w|: the "
         "mean "
         "over x of (y - yhat)^2 a^2 sigma'(<w,x> + b)^2 <u, x>^2, u a direction of P's space "
         "across "
         "w, yhat that of rho; a step s adds (p - 1) 4 s^2 times that to the squared radius, p the "
         "dimension of the space. At full weights (sampled): the mean of (y - yhat)^2 a^2 sigma'^2 "
         "|P_perp x|^2, P_perp across w, times w/(2 |w|^2), so that 4 s^2 times it adds to |w|^2 "
         "what it should and to the direction nothing. 0 at other coordinates. "
         "Another loss has -l'/2 in the place of y - yhat. With label_noise, a standard deviation, "
         "its "
         "square is added to (y - yhat)^2.",
         NULL},
        {"risk", potential_risk, "pot:risk(rho[, N])",
         "R(rho) of Eq. 5, for another loss E l(y, yhat). With N (square loss): the expected risk "
         "of N neurons drawn independently from rho, "
         "R(rho) + (int U(theta, theta) d rho - int int U d rho d rho)/N, which is what R_N of a "
         "finite network is to be compared with.",
         NULL},
        {"self", potential_self, "pot:self(rho)",
         "int U(theta, theta) d rho = int E sigma_*(x; theta)^2 d rho: the K of Proposition 1.",
         NULL},
        {"rank", potential_rank, "pot:rank()", "Length of the feature vector.", NULL},
        {"v", radial_v, "pot:v(r)", "Radial: v(r).", NULL},
        {"dv", radial_dv, "pot:dv(r)", "Radial: dv/dr.", NULL},
        {"u", radial_u, "pot:u(r1, r2)", "Radial: u_d(r1, r2).", NULL},
        {"du", radial_du, "pot:du(r1, r2)", "Radial: du_d/dr1.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property potential_properties[] = {
        {"error", potential_error,
         "bound on the error of V and U (radial with an unbounded "
         "activation: of V/(1 + r) and U/((1 + r1)(1 + r2)); multi_index: see there)"},
        {"space", potential_space, "space of theta, which a measure must share"},
        {"dim", potential_dim, "number of coordinates of theta"},
        {"kind", potential_kind, "which constructor made it"},
        {"risk0", potential_risk0,
         "R_# = E y^2, the risk without neurons (for another loss E l(y, 0))"},
        {NULL, NULL, NULL}};

static const mfl_class potential_class = {
        MFL_POTENTIAL,
        "The potentials V and U of a model (Eq. 6) as a feature map: V = <b, f>, U = <f, f'>. All "
        "kinds have the same methods and serve mf.pde, mf.optimum and mf.stability alike.",
        potential_methods, potential_properties, potential_free};

static const mfl_fn potential_functions[] = {
        {"radial", potential_radial, "mf.potential.radial{distribution=, activation=}",
         "Isotropic Gaussians and plain neurons sigma(<w,x>), "
         "in r = |w| in [0, inf]; any d >= 2 and "
         "d = math.huge.",
         radial_fields},
        {"sampled", mfl_potential_sampled,
         "mf.potential.sampled{distribution=, activation=, neuron=, samples=, seed=}",
         "Any model that can be sampled, in full parameter space: the responses of a neuron to n "
         "examples are its features.",
         mfl_sampled_fields},
        {"two_radius", potential_two_radius, "mf.potential.two_radius{distribution=, activation=}",
         "Anisotropic Gaussians and plain neurons sigma(<w,x>), in r1 = |P_V w| and r2 = |P_V^perp "
         "w|; "
         "finite d and d = math.huge. `.error` says what a slowly converging series (V or its "
         "complement of few dimensions) leaves out.",
         two_radius_fields},
        {"affine", potential_affine, "mf.potential.affine{distribution=, activation=}",
         "Anisotropic Gaussians and neurons a sigma(<w,x> + b), sigma bounded or of linear growth, "
         "in "
         "theta = (a, b, r1, r2), r1 = |P_V w|, r2 = |P_V^perp w| (space 'relu'); finite d and d = "
         "math.huge. Fast for piecewise linear sigma (ReLU) and erf; other sigma go through "
         "quadrature at every step. ReLU at d = math.huge is that of mf.potential.relu.",
         affine_fields},
        {"relu", potential_relu, "mf.potential.relu{distribution= or delta=, gamma=}",
         "Anisotropic Gaussians and neurons a relu(<w,x> + b); theta = (a, b, r1, r2), r1 = |P_V "
         "w|, "
         "r2 = |P_V^perp w|. With a distribution its d counts; d = math.huge is the limit: rank 2, "
         "closed form.",
         relu_fields},
        {"multi_index", mfl_potential_multi_index,
         "mf.potential.multi_index{distribution=, activation=, d=}",
         "Teachers of a few directions, y = g(Ux) + noise, and neurons a sigma(<w,x> + b), in "
         "theta = "
         "(a, b, m_1, .., m_k, r), m = Uw, r = |w - U^T m|; finite d and d = math.huge. Gaussian "
         "inputs "
         "are seen at the nodes of a Gauss rule in z = Ux, a hypercube at its 2^k corners (d = "
         "math.huge "
         "only, and exactly). `.error` is the largest error of V and U that was seen where |m| <= "
         "1 and "
         "1/2 <= r <= 1, against a finer rule; g and sigma with kinks, and large |m| with r near "
         "0, cost "
         "more nodes. Sums over nodes and their mirror images cancel exactly, so that a plateau "
         "kept by "
         "such a symmetry is never left by rounding.",
         mfl_multi_index_fields},
        {"nodes", mfl_potential_nodes, "mf.potential.nodes{z=, y=, weights=, activation=, d=}",
         "Weighted examples (z, y) of one's own, z in R^k: the potential of "
         "mf.potential.multi_index on "
         "them, in theta = (a, b, m_1, .., m_k, r). Neurons answer E a sigma(<m,z> + b + r G) at d "
         "= "
         "math.huge; with r = 0 it is a finite data set, or any quadrature of a law of (z, y).",
         mfl_nodes_fields},
        {"custom", mfl_potential_custom,
         "mf.potential.custom{dim=, rank=, features=, gradient=, b=, risk0=}",
         "A feature map of your own: V(theta) = <b, f(theta)>, U = <f(theta), f(theta')>, R = "
         "risk0 + "
         "2 <b, m> + |m|^2 with m the mean of f. The functions are called with all points of an "
         "operation at once, twice for a force on any number of particles, and must depend on "
         "nothing "
         "else. Solvers that need second derivatives take differences of the gradient.",
         mfl_custom_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_potential(lua_State *L) {
    mfl_space_register(L, &mf_space_radial);
    mfl_space_register(L, &mf_space_two_radius);
    mfl_space_register(L, &mf_space_relu);
    mfl_space_register(L, &mf_space_multi_index);
    mfl_class_register(L, &potential_class);
    lua_newtable(L);
    mfl_functions(L, "mf.potential", potential_functions);
    lua_setfield(L, -2, "potential");
}
