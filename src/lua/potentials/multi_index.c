/* multi_index.c: mf.potential.multi_index and .nodes, neurons that see a few directions of x. */
#include "core/potentials/multi_index.h"

#include "lua/base/array.h"
#include "lua/model/activation.h"
#include "lua/model/distribution.h"
#include "lua/model/loss.h"
#include "potential.h"

#include <math.h>
#include <string.h>

typedef struct {
    void *distribution;
    const mf_activation *activation;
    const mf_loss *loss;
    size_t points;
    mf_index_spec spec;
} index_options;

#define FIELD_ACTIVATION                                                                           \
    {                                                                                              \
        "activation", MFL_OBJECT, offsetof(index_options, activation),                             \
                .flags = MFL_REQUIRED, .aux = MFL_ACTIVATION,                                      \
                .text = "sigma of the neurons a sigma(<w,x> + b)"                                  \
    }
#define FIELDS_FIXED                                                                               \
    {"fix_a", MFL_BOOLEAN, offsetof(index_options, spec.fix_a),                                    \
     .text = "do not train the output weights"},                                                   \
    {                                                                                              \
        "fix_b", MFL_BOOLEAN, offsetof(index_options, spec.fix_b),                                 \
                .text = "do not train the offsets"                                                 \
    }
#define FIELD_TOL(what)                                                                            \
    {                                                                                              \
        "tol", MFL_NUMBER, offsetof(index_options, spec.tol), .low = 1e-12, .high = 1e-2,          \
                                                              .fallback = 1e-6, .text = what       \
    }

const mfl_field mfl_multi_index_fields[] = {
        {"distribution", MFL_OBJECT, offsetof(index_options, distribution), .flags = MFL_REQUIRED,
         .aux = MFL_DISTRIBUTION,
         .text = "multi-index law of (x, y), which gives g, k, d and noise"},
        FIELD_ACTIVATION,
        {"d", MFL_DIM, offsetof(index_options, spec.d), .flags = MFL_OPTIONAL | MFL_INF, .low = 2,
         .high = HUGE_VAL,
         .text = "dimension instead of the distribution's, > k; math.huge for the limit, the only "
                 "one "
                 "with inputs = \"hypercube\""},
        FIELD_TOL("accuracy, relative to max(1, sup sigma^2), of U where |m| <= 1 and r >= 1/2, "
                  "and of V "
                  "relative to its root: it decides how many nodes there are along an axis, and at "
                  "finite d how many orders of the expansion over directions"),
        {"points", MFL_COUNT, offsetof(index_options, points), .flags = MFL_OPTIONAL, .low = 2,
         .high = 512,
         .text = "Gaussian inputs: nodes along each axis, an even number, instead of as many as "
                 "tol "
                 "asks for"},
        MFL_LOSS_FIELD(index_options, loss,
                       "; label noise is then part of the nodes, 16 for each, and finite d has as "
                       "many nodes in |x - U^T z| as orders"),
        FIELDS_FIXED,
        MFL_END};

const mfl_field mfl_nodes_fields[] = {
        {"z", MFL_ANY, .flags = MFL_REQUIRED, .aux = "n rows of k numbers (k <= 16)",
         .text = "the nodes: what neurons see of x, n x k"},
        {"y", MFL_ANY, .flags = MFL_REQUIRED, .aux = "n numbers", .text = "the labels"},
        {"weights", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "n numbers",
         .text = "their masses, up to a common factor; default: equal"},
        FIELD_ACTIVATION,
        {"d", MFL_DIM, offsetof(index_options, spec.d), .flags = MFL_INF, .low = 2,
         .high = HUGE_VAL, .fallback = HUGE_VAL,
         .text = "dimension of x, > k: x is N(0, I) across the k directions; math.huge is the "
                 "limit. r = 0 "
                 "leaves them out"},
        FIELD_TOL("accuracy of U relative to max(1, sup sigma^2), where r <= 2: at finite d it "
                  "decides how "
                  "many orders of the expansion over directions there are"),
        MFL_LOSS_FIELD(index_options, loss,
                       "; finite d has as many nodes in |x - U^T z| as orders"),
        FIELDS_FIXED,
        MFL_END};

/* ---- what must not be lost when Lua throws ---------------------------------------------------- */

typedef struct {
    mf_index_nodes now, finer;
    mf_smooth *smooth; /* of the probes */
} search;

static int search_free(lua_State *L) {
    search *s = lua_touserdata(L, 1);
    mf_index_nodes_free(&s->now);
    mf_index_nodes_free(&s->finer);
    mf_smooth_free(s->smooth);
    s->smooth = NULL;
    return 0;
}

static search *push_search(lua_State *L) {
    search *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (search){.smooth = NULL};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, search_free);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    return s;
}

/* ---- nodes of a law ------------------------------------------------------------------------------ */

/* y = g at all nodes; the law is at `law`. */
static void label(lua_State *L, int law, mf_index_nodes *nodes) {
    size_t n = nodes->patterns * nodes->orbits, k = nodes->k;
    double *Z = mfl_array_matrix(L, n, k)->data;
    for (size_t at = 0; at < n; ++at)
        mf_index_node(nodes, at / nodes->orbits, at % nodes->orbits, Z + at * k);
    mfl_distribution_target(L, law, n, Z, nodes->y);
    lua_pop(L, 1);
}

/* Halves of the numbers of nodes that are tried, one after the other. */
static const size_t halves[] = {3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256};
enum { HALVES = sizeof halves / sizeof *halves, SEARCHED = 1 << 13 };

static bool fits(size_t half, size_t k, size_t most) {
    double n = pow(2 * (double)half, (double)k);
    return n <= (double)most;
}

static void grid(lua_State *L, const char *where, int law, size_t k, size_t half,
                 mf_index_nodes *nodes) {
    mf_error err = {MF_OK, ""};
    mfl_status(L, where, mf_index_gauss(nodes, k, half, &err), &err);
    label(L, law, nodes);
}

static void probe(lua_State *L, const char *where, const search *s, const mf_index_nodes *nodes,
                  double *out) {
    mf_error err = {MF_OK, ""};
    mfl_status(L, where, mf_index_probe(nodes, s->smooth, out, &err), &err);
}

/* The error of a rule that differs by `now` from one of finer/coarse times as many nodes, and a coarser one by
 * `before` from it. Where differences fall fast the next one is all of it; else, where g or sigma have
 * kinks or jumps, errors fall like n^(-1/2) at worst.                                              */
static double remaining(double now, double before, double coarse, double finer) {
    return now * (now < before / 4 ? 1.5 : 1 / (1 - sqrt(coarse / finer)));
}

/* The rule of `half` takes the place of s->now if it is to be looked at further. */
static void take_finer(search *s) {
    mf_index_nodes_free(&s->now);
    s->now = s->finer;
    s->finer.block = NULL;
}

/* Gauss's nodes into s->now, as many as tol asks for; returns their error. With `points` so many along an axis:
 * the rules tried are some three quarters of them, them, and half as many again.                      */
static double find_grid(lua_State *L, const char *where, int law, size_t k, const index_options *o,
                        search *s) {
    double now[MF_INDEX_PROBED], finer[MF_INDEX_PROBED], before = 0, apart, error = HUGE_VAL;
    double scale = mf_activation_scale(o->activation);
    size_t half = o->points / 2, own[3] = {half - (half + 3) / 4, half, half + (half + 1) / 2};
    const size_t *tried = half ? own : halves;
    size_t levels = half ? 3 : HALVES, first = half == 1;
    mfl_task *task = mfl_task_push(L, "nodes", 0, (double)levels);
    grid(L, where, law, k, tried[first], &s->now);
    probe(L, where, s, &s->now, now);
    for (size_t at = first + 1; at < levels && !mfl_task_tick(task, (double)at); ++at) {
        if (!fits(tried[at], k, half ? (size_t)MF_INDEX_NODES : (size_t)SEARCHED) ||
            tried[at] > 256)
            break;
        grid(L, where, law, k, tried[at], &s->finer);
        probe(L, where, s, &s->finer, finer);
        apart = mf_index_apart(now, finer, scale);
        error = remaining(apart, before, (double)tried[at - 1], (double)tried[at]);
        before = apart;
        if (half ? at == 2 : error <= o->spec.tol / 2)
            break;
        take_finer(s);
        memcpy(now, finer, sizeof now);
    }
    mfl_task_end(task);
    mfl_task_raise(L, where);
    lua_pop(L, 1);
    mf_index_prune(&s->now);
    return error * scale;
}

/* Whether every row of U is a unit vector of the axes, up to its sign. */
static bool is_axes(const mf_law_index *at, size_t d) {
    for (size_t i = 0; at->U && i < at->k * d; ++i)
        if (at->U[i] != 0 && fabs(at->U[i]) != 1)
            return false;
    return true;
}

static void find_nodes(lua_State *L, const char *where, int options, index_options *o, search *s) {
    const mf_distribution *law = o->distribution;
    mf_law_index at = mf_law_index_of(law);
    mf_error err = {MF_OK, ""};
    lua_getfield(L, options, "distribution");
    int index = lua_gettop(L);
    if (at.inputs == MF_INPUTS_GAUSSIAN) {
        static const double unit = 1;
        mf_smooth_spec spec = {.activation = o->activation,
                               .orders = 1,
                               .factor = &unit,
                               .least = 0.5,
                               .most = 1,
                               .tol = fmin(o->spec.tol / 8, 1e-7)};
        mfl_status(L, where, mf_smooth_new(&spec, &s->smooth, mfl_stop(), &err), &err);
        o->spec.error = find_grid(L, where, index, at.k, o, s);
    } else {
        if (!isinf(o->spec.d))
            luaL_error(
                    L,
                    "%s: inputs = 'hypercube' at finite d: more of w than m and r matters there; "
                    "d = math.huge is exact (or take the sampled potential)",
                    where);
        if (!is_axes(&at, law->d))
            luaL_error(L,
                       "%s: inputs = 'hypercube' with a U whose rows are no axes: Ux has no "
                       "corners to "
                       "stand on (take the sampled potential)",
                       where);
        mfl_status(L, where, mf_index_corners(&s->now, at.k, &err), &err);
        label(L, index, &s->now);
    }
    if (at.noise > 0 && !mf_loss_is_square(&o->spec.loss))
        mfl_status(L, where, mf_index_blur(&s->now, at.noise, 16, &err), &err);
    else
        o->spec.noise = at.noise * at.noise;
    lua_pop(L, 1);
}

/* ---- constructors ------------------------------------------------------------------------------------ */

static int finish(lua_State *L, const char *where, int options, index_options *o, const search *s) {
    mf_error err = {MF_OK, ""};
    o->spec.activation = *o->activation;
    lua_pushvalue(L, options);
    mf_potential **box = mfl_potential_push(L);
    int at = lua_gettop(L);
    mfl_task *task = mfl_task_push(L, "potential", 0, 1);
    mf_status status = mf_multi_index_new(&o->spec, &s->now, box, mfl_stop(), &err);
    mfl_task_end(task);
    mfl_status(L, where, status, &err);
    lua_pushvalue(L, at);
    return 1;
}

int mfl_potential_multi_index(lua_State *L) {
    static const char where[] = "mf.potential.multi_index";
    index_options o = {.distribution = NULL};
    lua_settop(L, 1);
    mfl_options(L, where, 1, mfl_multi_index_fields, &o); /* at 2 */
    const mf_distribution *law = o.distribution;
    if (law->ops != &mf_law_multi_index) {
        lua_getfield(L, 2, "distribution");
        mfl_option_error(L, where, "distribution",
                         "a multi-index law (mf.potential.sampled takes any)", -1);
    }
    mf_law_index at = mf_law_index_of(law);
    if (o.spec.d == 0)
        o.spec.d = (double)law->d;
    if (o.points % 2 || (o.points && at.inputs != MF_INPUTS_GAUSSIAN) ||
        (o.points && !fits(o.points / 2, at.k, MF_INDEX_NODES))) {
        lua_getfield(L, 2, "points");
        mfl_option_error(L, where, "points",
                         at.inputs == MF_INPUTS_GAUSSIAN ? "even, and points^k at most 131072"
                                                         : "left out: a hypercube has its corners",
                         -1);
    }
    o.spec.loss = mfl_loss_option(o.loss);
    search *s = push_search(L); /* at 3 */
    find_nodes(L, where, 2, &o, s);
    return finish(L, where, 2, &o, s);
}

/* The option as an array with elements one after the other, in its place at the top of the stack. */
static const mfl_array *numbers(lua_State *L, const char *where, int options, const char *name,
                                const char *expected) {
    lua_getfield(L, options, name);
    if (!lua_istable(L, -1) && !mfl_array_test(L, -1))
        mfl_option_error(L, where, name, expected, -1);
    return mfl_array_convert(L, lua_gettop(L));
}

static void check_finite(lua_State *L, const char *where, const char *name, const mfl_array *a) {
    size_t n = a->rows * (a->ndim == 2 ? a->cols : 1);
    for (size_t i = 0; i < n; ++i)
        if (!isfinite(a->data[i]))
            mfl_error(L, "%s: option '%s' must be finite, got %f", where, name, a->data[i]);
}

/* y, or weights divided by their sum, n numbers. */
static void read_list(lua_State *L, const char *where, const char *name, size_t n, double *out) {
    const mfl_array *a = numbers(L, where, 2, name, "n numbers");
    if (a->ndim != 1 || a->rows != n)
        luaL_error(L, "%s: option '%s' must have n = %I numbers, got %I", where, name,
                   (lua_Integer)n, (lua_Integer)a->rows);
    check_finite(L, where, name, a);
    memcpy(out, a->data, n * sizeof *out);
    lua_pop(L, 1);
}

static void read_weights(lua_State *L, const char *where, size_t n, double *weight) {
    double total = 0;
    bool given = lua_getfield(L, 2, "weights") != LUA_TNIL;
    lua_pop(L, 1);
    if (given)
        read_list(L, where, "weights", n, weight);
    for (size_t i = 0; i < n; ++i) {
        weight[i] = given ? weight[i] : 1;
        if (!(weight[i] > 0))
            mfl_error(L, "%s: option 'weights' must be > 0, got %f", where, weight[i]);
        total += weight[i];
    }
    if (isinf(total))
        luaL_error(L, "%s: option 'weights' has an infinite sum", where);
    for (size_t i = 0; i < n; ++i)
        weight[i] /= total;
}

int mfl_potential_nodes(lua_State *L) {
    static const char where[] = "mf.potential.nodes";
    index_options o = {.distribution = NULL};
    mf_error err = {MF_OK, ""};
    lua_settop(L, 1);
    mfl_options(L, where, 1, mfl_nodes_fields, &o); /* at 2 */
    o.spec.loss = mfl_loss_option(o.loss);
    search *s = push_search(L); /* at 3 */
    const mfl_array *z = numbers(L, where, 2, "z", "n rows of k numbers");
    size_t k = z->ndim == 2 ? z->cols : 1, n = z->rows;
    if (n == 0 || k == 0 || k > MF_INDEX_AXES)
        luaL_error(L, "%s: option 'z' must be n rows of 1 to %d numbers, got %I x %I", where,
                   (int)MF_INDEX_AXES, (lua_Integer)n, (lua_Integer)k);
    check_finite(L, where, "z", z);
    mfl_status(L, where, mf_index_nodes_new(&s->now, k, 1, n, &err), &err);
    for (size_t i = 0; i < k; ++i)
        for (size_t at = 0; at < n; ++at)
            s->now.z[i * n + at] = z->data[at * k + i];
    read_list(L, where, "y", n, s->now.y);
    read_weights(L, where, n, s->now.weight);
    return finish(L, where, 2, &o, s);
}
