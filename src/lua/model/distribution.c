/* distribution.c: mf.distribution, laws of one example (x, y). */
#include "distribution.h"

#include "core/model/dataset.h"
#include "lua/base/array.h"
#include "lua/base/rng.h"

#include "core/model/leap.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

static const mfl_class distribution_class;

static mf_distribution *check_law(lua_State *L, int arg) {
    return mfl_check(L, arg, MFL_DISTRIBUTION);
}

/* ---- Gaussians with one mean ------------------------------------------------------- */

typedef struct {
    size_t d, s0;
    double delta;
} law_options;

#define FIELD_D                                                                                    \
    { "d", MFL_COUNT, offsetof(law_options, d), MFL_REQUIRED, 1, 1e7, 0, NULL, "dimension of x" }
#define FIELD_DELTA                                                                                \
    {                                                                                              \
        "delta", MFL_NUMBER, offsetof(law_options, delta),                                         \
                MFL_REQUIRED | MFL_OPEN_LOW | MFL_OPEN_HIGH, 0, 1, 0, NULL,                        \
                "separation Delta: standard deviations 1 + Delta (y = +1) and 1 - Delta (y = -1)"  \
    }

static const mfl_field isotropic_fields[] = {FIELD_D, FIELD_DELTA, MFL_END};

static const mfl_field anisotropic_fields[] = {
        FIELD_D,
        FIELD_DELTA,
        {"s0", MFL_COUNT, offsetof(law_options, s0), .flags = MFL_REQUIRED, .low = 1, .high = 1e7,
         .text = "dimension of the subspace V in which the classes differ, <= d"},
        {"basis", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "s0 rows of d numbers",
         .text = "rows that span V (made orthonormal); default: the first s0 coordinates"},
        MFL_END};

mf_distribution *mfl_distribution_push(lua_State *L, size_t size) {
    return mfl_new(L, &distribution_class, size);
}

/* Pushes a law; its option table is on top of the stack. Returns the room of its numbers. */
static double *push_law(lua_State *L, const mf_law_ops *ops, size_t d, size_t numbers) {
    mf_distribution *law = mfl_distribution_push(L, sizeof *law + numbers * sizeof(double));
    double *number = (double *)(void *)(law + 1);
    *law = (mf_distribution){.ops = ops, .d = d, .numbers = numbers, .number = number};
    return number;
}

static int distribution_isotropic(lua_State *L) {
    law_options o = {0};
    mfl_options(L, "mf.distribution.isotropic", 1, isotropic_fields, &o);
    *push_law(L, &mf_law_isotropic, o.d, 1) = o.delta;
    return 1;
}

/* Gram-Schmidt, twice for safety; false if the rows are dependent. */
static bool orthonormalise(double *rows, size_t n, size_t d) {
    for (size_t i = 0; i < n; ++i) {
        double *v = rows + i * d, before = 0, after = 0;
        for (size_t c = 0; c < d; ++c)
            before += v[c] * v[c];
        for (int pass = 0; pass < 2; ++pass)
            for (size_t j = 0; j < i; ++j) {
                double dot = 0;
                for (size_t c = 0; c < d; ++c)
                    dot += rows[j * d + c] * v[c];
                for (size_t c = 0; c < d; ++c)
                    v[c] -= dot * rows[j * d + c];
            }
        for (size_t c = 0; c < d; ++c)
            after += v[c] * v[c];
        if (!(after > 1e-20 * before) || isinf(before))
            return false;
        for (size_t c = 0; c < d; ++c)
            v[c] /= sqrt(after);
    }
    return true;
}

static int distribution_anisotropic(lua_State *L) {
    const char *where = "mf.distribution.anisotropic";
    law_options o = {0};
    lua_settop(L, 1);
    mfl_options(L, where, 1, anisotropic_fields, &o); /* at 2 */
    if (o.s0 > o.d)
        return luaL_error(L, "%s: option 's0' must be an integer in [1, d = %I], got %I", where,
                          (lua_Integer)o.d, (lua_Integer)o.s0);
    const mfl_array *basis = NULL;
    if (lua_getfield(L, 2, "basis") != LUA_TNIL) {
        basis = mfl_array_option(L, where, "basis");
        if (basis->ndim != 2 || basis->rows != o.s0 || basis->cols != o.d)
            return luaL_error(L, "%s: option 'basis' must be s0 x d = %I x %I, got %I x %I", where,
                              (lua_Integer)o.s0, (lua_Integer)o.d, (lua_Integer)basis->rows,
                              (lua_Integer)basis->cols);
    }
    lua_pushvalue(L, 2);
    double *number = push_law(L, &mf_law_anisotropic, o.d, 2 + (basis ? o.s0 * o.d : 0));
    number[0] = o.delta;
    number[1] = (double)o.s0;
    for (size_t i = 0; basis && i < o.s0; ++i)
        memcpy(number + 2 + i * o.d, basis->data + i * basis->stride, o.d * sizeof *number);
    if (basis && !orthonormalise(number + 2, o.s0, o.d))
        return luaL_error(L, "%s: option 'basis': the rows must be linearly independent", where);
    return 1;
}

/* ---- mixtures ------------------------------------------------------------------------- */

typedef struct {
    double weight, label;
} component;

static const mfl_field component_fields[] = {
        {"weight", MFL_NUMBER, offsetof(component, weight), .flags = MFL_OPEN_LOW,
         .high = MFL_LARGE, .fallback = 1, .text = "probability, up to a common factor"},
        {"label", MFL_NUMBER, offsetof(component, label), .flags = MFL_REQUIRED, .low = -MFL_LARGE,
         .high = MFL_LARGE, .text = "y of this component"},
        {"mean", MFL_ANY, .flags = MFL_REQUIRED, .aux = "a vector of d numbers",
         .text = "mean of x"},
        {"covariance", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "a number, d numbers or d x d",
         .text = "covariance of x: s^2 I, a diagonal, or a positive definite matrix; default I"},
        MFL_END};

/* Fills the lower triangular factor of a covariance on top of the stack (nil: identity). */
static void read_factor(lua_State *L, const char *where, size_t d, double *factor) {
    memset(factor, 0, d * d * sizeof *factor);
    bool number = lua_type(L, -1) == LUA_TNUMBER;
    const mfl_array *a = NULL;
    if (!number && !lua_isnil(L, -1)) {
        a = mfl_array_option(L, where, "covariance");
        if (a->rows != d || (a->ndim == 2 && a->cols != d))
            luaL_error(L, "%s: option 'covariance' must be a number, %I numbers or %I x %I", where,
                       (lua_Integer)d, (lua_Integer)d, (lua_Integer)d);
    }
    for (size_t i = 0; i < d; ++i) {
        if (a && a->ndim == 2) {
            memcpy(factor + i * d, a->data + i * a->stride, d * sizeof *factor);
            continue;
        }
        double variance = number ? lua_tonumber(L, -1) : a ? a->data[i * a->stride] : 1;
        if (!(variance > 0 && variance <= MFL_LARGE))
            mfl_error(L, "%s: option 'covariance': variances must be in (0, 1e+100], got %f", where,
                      variance);
        factor[i * d + i] = sqrt(variance);
    }
    if (a && a->ndim == 2) {
        for (size_t i = 0; i < d * d; ++i)
            if (!(fabs(factor[i]) <= MFL_LARGE))
                mfl_error(L, "%s: option 'covariance' must be in [-1e+100, 1e+100], got %f", where,
                          factor[i]);
        for (size_t i = 0; i < d; ++i)
            for (size_t j = 0; j < i; ++j)
                if (!(fabs(factor[i * d + j] - factor[j * d + i]) <=
                      1e-12 * (fabs(factor[i * d + i]) + fabs(factor[j * d + j]))))
                    luaL_error(L, "%s: option 'covariance' must be symmetric", where);
        gsl_matrix_view view = gsl_matrix_view_array(factor, d, d);
        bool finite = true;
        for (size_t i = 0; i < d * d; ++i)
            finite = finite && isfinite(factor[i]);
        if (!finite || gsl_linalg_cholesky_decomp1(&view.matrix) != GSL_SUCCESS)
            luaL_error(L, "%s: option 'covariance' must be positive definite", where);
    }
}

static int distribution_mixture(lua_State *L) {
    const char *where = "mf.distribution.mixture";
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    size_t n = (size_t)luaL_len(L, 1), d = 0;
    if (n == 0)
        return luaL_error(L,
                          "%s: a list of components {weight=, label=, mean=, covariance=} "
                          "expected, got an empty table",
                          where);
    lua_newtable(L); /* checked components, at 2 */
    for (size_t c = 0; c < n; ++c) {
        component values = {1, 0};
        lua_geti(L, 1, (lua_Integer)c + 1);
        mfl_options(L, where, -1, component_fields, &values);
        lua_getfield(L, -1, "mean");
        const mfl_array *mean = mfl_array_option(L, where, "mean");
        if (c == 0)
            d = mean->rows;
        if (mean->ndim != 1 || mean->rows != d || d == 0)
            return luaL_error(L, "%s: option 'mean' of component %I must have %I numbers", where,
                              (lua_Integer)c + 1, (lua_Integer)d);
        lua_setfield(L, -2, "mean");
        lua_seti(L, 2, (lua_Integer)c + 1);
        lua_pop(L, 1);
    }
    if (d > 1 << 20 || n > SIZE_MAX / 64 / (d + 1) / (d + 1))
        return luaL_error(L, "%s: %I components in dimension %I do not fit in memory", where,
                          (lua_Integer)n, (lua_Integer)d);
    lua_pushvalue(L, 2);
    double *cumulative = push_law(L, &mf_law_mixture, d, n * (2 + d + d * d)); /* at 3 */
    double *label = cumulative + n, *mean = label + n, *factor = mean + n * d, total = 0;
    for (size_t c = 0; c < n; ++c) {
        lua_geti(L, 2, (lua_Integer)c + 1);
        lua_getfield(L, -1, "weight");
        lua_getfield(L, -2, "label");
        cumulative[c] = total += lua_tonumber(L, -2);
        label[c] = lua_tonumber(L, -1);
        lua_getfield(L, -3, "mean");
        const mfl_array *m = mfl_array_check(L, -1);
        for (size_t i = 0; i < d; ++i) {
            mean[c * d + i] = m->data[i * m->stride];
            if (!(fabs(mean[c * d + i]) <= MFL_LARGE))
                return mfl_error(
                        L, "%s: option 'mean' of component %I must be in [-1e+100, 1e+100], got %f",
                        where, (lua_Integer)c + 1, mean[c * d + i]);
        }
        lua_getfield(L, -4, "covariance");
        read_factor(L, where, d, factor + c * d * d);
        lua_settop(L, 3);
    }
    for (size_t c = 0; c < n; ++c)
        cumulative[c] /= total;
    return 1;
}

/* ---- laws of one's own --------------------------------------------------------------------- */

static const mfl_field custom_fields[] = {FIELD_D,
                                          {"sample", MFL_ANY, .flags = MFL_REQUIRED,
                                           .aux = "a function rng -> x, y",
                                           .text = "makes one example from a source of random "
                                                   "numbers: x (array or table of d numbers), y"},
                                          MFL_END};

static int distribution_custom(lua_State *L) {
    const char *where = "mf.distribution.custom";
    law_options o = {0};
    mfl_options(L, where, 1, custom_fields, &o);
    if (lua_getfield(L, -1, "sample") != LUA_TFUNCTION)
        return mfl_option_error(L, where, "sample", "a function rng -> x, y", -1);
    lua_pop(L, 1);
    push_law(L, &mf_law_custom, o.d, 0);
    return 1;
}

/* One example of a custom law: the function is at index `fn`. */
static void sample_custom(lua_State *L, int fn, size_t d, mf_key key, uint64_t k, double *x,
                          double *y) {
    const char *where = "mf.distribution.custom: sample";
    int top = lua_gettop(L);
    lua_pushvalue(L, fn);
    mfl_rng_push(L, key, k);
    lua_call(L, 1, 2);
    if (lua_type(L, -1) != LUA_TNUMBER || !isfinite(lua_tonumber(L, -1)))
        mfl_error(L, "%s must return x, y with y a finite number, got %s", where,
                  luaL_tolstring(L, -1, NULL));
    *y = lua_tonumber(L, -1);
    size_t n = 0;
    if (!lua_istable(L, -2) && !mfl_array_test(L, -2))
        luaL_error(L, "%s must return x as an mf.array or a table, got %s", where,
                   luaL_typename(L, -2));
    const double *values = mfl_array_doubles(L, -2, &n);
    if (n != d)
        luaL_error(L, "%s must return x with d = %I numbers, got %I", where, (lua_Integer)d,
                   (lua_Integer)n);
    for (size_t c = 0; c < d; ++c)
        if (!isfinite(values[c]))
            mfl_error(L, "%s returned x[%I] = %f; finite numbers expected", where,
                      (lua_Integer)c + 1, values[c]);
    memcpy(x, values, d * sizeof *x);
    lua_settop(L, top);
}

/* The first time that a custom law is asked: the same example twice is the same example. One that is not
 * takes random numbers from elsewhere, and no run could be made again.                              */
static void check_custom(lua_State *L, int index, int fn, size_t d, mf_key key, uint64_t k) {
    if (lua_getiuservalue(L, index, 2) == LUA_TNIL) {
        double *x = mfl_array_vector(L, 2 * d + 2)->data, *again = x + d + 1;
        sample_custom(L, fn, d, key, k, x, x + d);
        sample_custom(L, fn, d, key, k, again, again + d);
        for (size_t c = 0; c <= d; ++c)
            if (x[c] != again[c])
                mfl_error(
                        L,
                        "mf.distribution.custom: sample must be a function of rng alone: asked "
                        "twice for "
                        "example %I it gave %s = %f and %f (mf.distribution.dataset takes examples "
                        "that are given)",
                        (lua_Integer)k,
                        c < d ? lua_pushfstring(L, "x[%I]", (lua_Integer)c + 1) : "y", x[c],
                        again[c]);
        lua_pushboolean(L, true);
        lua_setiuservalue(L, index, 2);
        lua_pop(L, 1); /* the room */
    }
    lua_pop(L, 1);
}

/* ---- multi-index laws ---------------------------------------------------------------------- */

typedef struct {
    size_t d, k;
    int inputs;
    double noise;
} index_options;

static const mfl_field index_fields[] = {
        FIELD_D,
        {"directions", MFL_COUNT, offsetof(index_options, k), .low = 1, .high = MF_INDEX_MOST,
         .fallback = 1, .text = "k, the number of directions that y depends on, <= d"},
        {"target", MFL_ANY, .flags = MFL_REQUIRED, .aux = "a function z1, .., zk -> number",
         .text = "g: y = g(z1, .., zk) + noise with z = U x"},
        {"noise", MFL_NUMBER, offsetof(index_options, noise), .high = MFL_LARGE,
         .text = "standard deviation of the Gaussian noise of y"},
        {"inputs", MFL_ENUM, offsetof(index_options, inputs), .aux = mf_inputs_names,
         .text = "gaussian: x ~ N(0, I); hypercube: x uniform on {-1, 1}^d"},
        {"U", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "k rows of d numbers",
         .text = "the directions, orthonormal to 1e-8 (what is missing to 1e-16 is then made up); "
                 "default: the first k coordinates"},
        MFL_END};

enum { LABELS = 256 }; /* made at once */

static const char index_where[] = "mf.distribution.multi_index";

/* g at one point: the function is at index `fn`. */
static double target_at(lua_State *L, int fn, size_t k, const double *z) {
    lua_pushvalue(L, fn);
    for (size_t i = 0; i < k; ++i)
        lua_pushnumber(L, z[i]);
    lua_call(L, (int)k, 1);
    double g = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !isfinite(g)) {
        const char *shown = mfl_push_shown(L, -1);
        lua_pushliteral(L, "");
        for (size_t i = 0; i < k; ++i) {
            lua_pushstring(L, i ? ", " : "");
            mfl_format(L, "%f", z[i]);
            lua_concat(L, 3);
        }
        mfl_error(L, "%s: target(%s) must be a finite number, got %s", index_where,
                  lua_tostring(L, -1), shown);
    }
    lua_pop(L, 1);
    return g;
}

/* Largest |<row i, row j> - (i == j)|. */
static double off_orthonormal(const double *U, size_t k, size_t d) {
    double worst = 0;
    for (size_t i = 0; i < k; ++i)
        for (size_t j = 0; j <= i; ++j) {
            double dot = 0;
            for (size_t c = 0; c < d; ++c)
                dot += U[i * d + c] * U[j * d + c];
            worst = fabs(dot - (i == j)) <= worst ? worst : fabs(dot - (i == j));
        }
    return worst;
}

/* The option U as an array, NULL without; left on the stack. */
static const mfl_array *check_directions(lua_State *L, int options, size_t k, size_t d) {
    if (lua_getfield(L, options, "U") == LUA_TNIL)
        return NULL;
    const mfl_array *U = mfl_array_option(L, index_where, "U");
    bool vector = U->ndim == 1 && k == 1;
    if (U->rows != (vector ? d : k) || (!vector && U->cols != d))
        luaL_error(L, "%s: option 'U' must be directions x d = %I x %I, got %I x %I", index_where,
                   (lua_Integer)k, (lua_Integer)d, (lua_Integer)U->rows, (lua_Integer)U->cols);
    return U;
}

static void set_directions(lua_State *L, const mfl_array *from, size_t k, size_t d, double *U) {
    for (size_t i = 0; i < k; ++i)
        for (size_t c = 0; c < d; ++c)
            U[i * d + c] = from->data[from->ndim == 1 ? c * from->stride : i * from->stride + c];
    double off = off_orthonormal(U, k, d);
    if (!(off <= 1e-8))
        mfl_error(
                L,
                "%s: option 'U' must have orthonormal rows, to 1e-8: a product of two rows is off "
                "by %f",
                index_where, off);
    orthonormalise(U, k, d);
}

/* g at all corners of {+-1}^k, the function on top of the stack. */
static void set_corners(lua_State *L, size_t k, double *values) {
    double z[MF_INDEX_TABLE];
    for (size_t at = 0; at < (size_t)1 << k; ++at) {
        for (size_t i = 0; i < k; ++i)
            z[i] = at >> i & 1 ? 1 : -1;
        values[at] = target_at(L, lua_gettop(L), k, z);
    }
}

static int distribution_multi_index(lua_State *L) {
    index_options o = {0};
    lua_settop(L, 1);
    luaL_checkstack(L, MF_INDEX_MOST + 16, NULL);
    mfl_options(L, index_where, 1, index_fields, &o); /* at 2 */
    if (o.k > o.d)
        return luaL_error(L, "%s: option 'directions' must be an integer in [1, d = %I], got %I",
                          index_where, (lua_Integer)o.d, (lua_Integer)o.k);
    const mfl_array *U = check_directions(L, 2, o.k, o.d); /* at 3 */
    if (lua_getfield(L, 2, "target") != LUA_TFUNCTION)     /* at 4 */
        return mfl_option_error(L, index_where, "target", "a function z1, .., zk -> number", -1);
    static const double given;
    bool table = o.inputs == MF_INPUTS_HYPERCUBE && !U && o.k <= MF_INDEX_TABLE;
    mf_law_index at = {(mf_inputs)o.inputs, o.k, o.noise, U ? &given : NULL, table ? &given : NULL};
    lua_pushvalue(L, 2);
    double *number = push_law(L, &mf_law_multi_index, o.d, mf_law_index_numbers(&at, o.d));
    mf_law_index_describe(&at, number);
    at = mf_law_index_of(mfl_check(L, -1, MFL_DISTRIBUTION));
    if (U)
        set_directions(L, U, o.k, o.d, number + (at.U - number));
    lua_pushvalue(L, 4);
    if (table)
        set_corners(L, o.k, number + (at.values - number));
    lua_pop(L, 1);
    return 1;
}

/* The Lua function of the law at `index`, pushed. */
static int push_target(lua_State *L, int index) {
    luaL_checkstack(L, MF_INDEX_MOST + 16, NULL);
    lua_getiuservalue(L, index, 1);
    lua_getfield(L, -1, "target");
    lua_remove(L, -2);
    return lua_gettop(L);
}

void mfl_distribution_target(lua_State *L, int index, size_t n, const double *Z, double *g) {
    size_t k = mf_law_index_of(check_law(L, index)).k;
    int fn = push_target(L, index);
    for (size_t m = 0; m < n; ++m)
        g[m] = target_at(L, fn, k, Z + m * k);
    lua_pop(L, 1);
}

void mfl_distribution_labels(lua_State *L, int index, mf_key key, uint64_t first, size_t n,
                             double *y) {
    index = lua_absindex(L, index);
    const mf_distribution *law = check_law(L, index);
    size_t k = mf_law_index_of(law).k, width = mf_law_index_width(law);
    double *x = mfl_array_vector(L, width + LABELS * (k + 1))->data, *Z = x + width,
           *g = Z + LABELS * k;
    mf_law_index_noise(law, key, first, n, y);
    for (size_t m = 0; m < n; m += LABELS) {
        size_t some = n - m < LABELS ? n - m : LABELS;
        mf_law_index_see(law, key, first + m, some, x, Z);
        mfl_distribution_target(L, index, some, Z, g);
        for (size_t i = 0; i < some; ++i)
            y[m + i] += g[i];
    }
    lua_pop(L, 1);
}

bool mfl_distribution_is(const mf_distribution *given, const mf_distribution *saved) {
    return given->ops == saved->ops && given->d == saved->d && given->numbers == saved->numbers &&
           (saved->numbers == 0 ||
            memcmp(given->number, saved->number, saved->numbers * sizeof *saved->number) == 0);
}

void mfl_distribution_sample(lua_State *L, int index, mf_key key, uint64_t first, size_t n,
                             double *X, size_t ldx, double *y) {
    index = lua_absindex(L, index);
    const mf_distribution *law = check_law(L, index);
    if (!mf_law_is_fed(law)) {
        mf_error err = {0};
        bool unlabelled = mf_law_is_unlabelled(law);
        mfl_status(L, "mf.distribution",
                   mf_distribution_sample(law, key, first, n, X, ldx, unlabelled ? NULL : y, &err),
                   &err);
        if (unlabelled)
            mfl_distribution_labels(L, index, key, first, n, y);
        return;
    }
    luaL_checkstack(L, 8, NULL);
    lua_getiuservalue(L, index, 1);
    lua_getfield(L, -1, "sample");
    int fn = lua_gettop(L);
    if (n > 0)
        check_custom(L, index, fn, law->d, key, first);
    for (size_t k = 0; k < n; ++k)
        sample_custom(L, fn, law->d, key, first + k, X + k * ldx, y + k);
    lua_pop(L, 2);
}

/* ---- methods ------------------------------------------------------------------------------------ */

typedef struct {
    uint64_t seed, first;
} sample_options;

static const mfl_field sample_fields[] = {
        {"seed", MFL_SEED, offsetof(sample_options, seed), .fallback = 1, .text = "seed"},
        {"first", MFL_SEED, offsetof(sample_options, first), .fallback = 1,
         .text = "number of the first sample in its stream; SGD's first step sees sample 1"},
        MFL_END};

static int distribution_sample(lua_State *L) {
    const mf_distribution *law = check_law(L, 1);
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_argcheck(L, n >= 1, 2, "a number of samples >= 1 expected");
    sample_options o = {1, 1};
    lua_settop(L, 3);
    mfl_options(L, "mf.distribution:sample", 3, sample_fields, &o);
    mfl_array *X = mfl_array_matrix(L, (size_t)n, law->d);
    mfl_array *y = mfl_array_vector(L, (size_t)n);
    mfl_distribution_sample(L, 1, (mf_key){o.seed, MF_STREAM_DATA}, o.first, (size_t)n, X->data,
                            law->d, y->data);
    return 2;
}

typedef struct {
    double tol;
    size_t degree;
} exponent_options;

static const mfl_field exponent_fields[] = {
        {"tol", MFL_NUMBER, offsetof(exponent_options, tol), .low = 1e-12, .high = 0.1,
         .fallback = 1e-6,
         .text = "a coefficient counts as 0 if its size is at most tol times the standard "
                 "deviation "
                 "of g; coefficients typed with a few digits leave remainders that want a larger "
                 "one"},
        {"degree", MFL_COUNT, offsetof(exponent_options, degree), .flags = MFL_OPTIONAL, .low = 1,
         .high = 64,
         .text = "Gaussian inputs: largest degree of a monomial looked at; default 12, less for k "
                 "> 4"},
        MFL_END};

/* g at all nodes of a product rule, in a new array on the stack. */
static double *target_at_nodes(lua_State *L, int law, size_t k, int rule, mfl_task *task) {
    size_t n = 1;
    for (size_t i = 0; i < k; ++i)
        n *= mf_leap_nodes(k, rule);
    double *g = mfl_array_vector(L, n)->data, *Z = mfl_array_vector(L, LABELS * k)->data;
    mf_error err = {MF_OK, ""};
    for (size_t m = 0; m < n && !mfl_task_tick(task, rule + (double)m / (double)n); m += LABELS) {
        size_t some = n - m < LABELS ? n - m : LABELS;
        mfl_status(L, "mf.distribution:exponent", mf_leap_points(k, rule, m, some, Z, &err), &err);
        mfl_distribution_target(L, law, some, Z, g + m);
    }
    lua_pop(L, 1);
    return g;
}

static void gaussian_leap(lua_State *L, size_t k, const exponent_options *o, mf_leap_steps *steps) {
    const char *where = "mf.distribution:exponent";
    if (k > MF_LEAP_HERMITE)
        luaL_error(L, "%s: with Gaussian inputs at most %d directions, got %I", where,
                   MF_LEAP_HERMITE, (lua_Integer)k);
    size_t most = mf_leap_nodes(k, 1) - 1, degree = o->degree ? o->degree : most < 12 ? most : 12;
    if (degree > most)
        luaL_error(L, "%s: option 'degree' must be an integer in [1, %I] for %I directions, got %I",
                   where, (lua_Integer)most, (lua_Integer)k, (lua_Integer)degree);
    mf_error err = {MF_OK, ""};
    mfl_task *task = mfl_task_push(L, "exponent", 0, 2);
    double *g[2];
    for (int rule = 0; rule < 2; ++rule)
        g[rule] = target_at_nodes(L, 1, k, rule, task);
    mfl_task_end(task);
    mfl_task_raise(L, where);
    mfl_status(L, where, mf_leap_hermite(k, degree, o->tol, g, steps, &err), &err);
}

static void cube_leap(lua_State *L, const mf_law_index *at, double tol, mf_leap_steps *steps) {
    const char *where = "mf.distribution:exponent";
    if (!at->values)
        luaL_error(L,
                   "%s: on the hypercube it is known for the first k <= %d coordinates only, "
                   "without 'U'",
                   where, MF_INDEX_TABLE);
    size_t n = (size_t)1 << at->k;
    double *g = mfl_array_vector(L, n)->data;
    memcpy(g, at->values, n * sizeof *g);
    mf_error err = {MF_OK, ""};
    mfl_status(L, where, mf_leap_walsh(at->k, tol, g, steps, &err), &err);
}

static int distribution_exponent(lua_State *L) {
    const mf_distribution *law = check_law(L, 1);
    exponent_options o = {0};
    mf_leap_steps steps;
    lua_settop(L, 2);
    mfl_options(L, "mf.distribution:exponent", 2, exponent_fields, &o);
    if (law->ops != &mf_law_multi_index)
        return luaL_error(L,
                          "mf.distribution:exponent: a law of mf.distribution.multi_index "
                          "expected, got one of mf.distribution.%s",
                          law->ops->name);
    mf_law_index at = mf_law_index_of(law);
    if (at.inputs == MF_INPUTS_HYPERCUBE)
        cube_leap(L, &at, o.tol, &steps);
    else
        gaussian_leap(L, at.k, &o, &steps);
    lua_pushinteger(L, (lua_Integer)steps.leap);
    lua_createtable(L, (int)steps.stages, 0);
    for (size_t i = 0; i < steps.stages; ++i) {
        lua_createtable(L, 0, 2);
        lua_pushinteger(L, (lua_Integer)steps.at[i]);
        lua_setfield(L, -2, "leap");
        lua_newtable(L);
        for (unsigned bit = 0; bit < at.k; ++bit)
            if (steps.directions[i] >> bit & 1) {
                lua_pushinteger(L, (lua_Integer)bit + 1);
                lua_seti(L, -2, luaL_len(L, -2) + 1);
            }
        lua_setfield(L, -2, "directions");
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    return 2;
}

static int distribution_d(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)check_law(L, 1)->d);
    return 1;
}

/* n and the checksum of a data set, as its options have them; nil for other laws. */
static int push_set_option(lua_State *L, const char *name) {
    bool set = mf_law_is_dataset(check_law(L, 1));
    lua_getiuservalue(L, 1, 1);
    if (set)
        lua_getfield(L, -1, name);
    else
        lua_pushnil(L);
    return 1;
}

static int distribution_n(lua_State *L) {
    return push_set_option(L, "n");
}

static int distribution_checksum(lua_State *L) {
    return push_set_option(L, "checksum");
}

static const mfl_fn distribution_methods[] = {
        {"sample", distribution_sample, "law:sample(n, {seed=, first=})",
         "n examples: x (n x d array) and y (n numbers). With SGD's seed these are the very "
         "examples that its steps see; a data set gives its epochs, one after the other.",
         sample_fields},
        {"exponent", distribution_exponent, "law:exponent{tol=, degree=}",
         "Of a multi-index law: its leap, and the stages in which directions are found. With g = "
         "sum "
         "c_alpha h_alpha in products of Hermite polynomials (on the hypercube: of coordinates), a "
         "monomial with c_alpha != 0 asks for the sum of its degrees alpha_i over directions not "
         "yet "
         "found; the leap is the largest such number on the way that takes the least at every "
         "stage, "
         "which no order of the monomials beats. For one direction it is the information exponent, "
         "the smallest l >= 1 with c_l != 0; 0 for a constant g. It belongs to the given U: a "
         "rotation "
         "of Gaussian directions may change it. Stages are a list of {leap =, directions = {..}}. "
         "Coefficients come from two Gauss rules whose difference says how well they are known; "
         "where that does not suffice to tell 0 from not 0 and it matters, an error says so.",
         exponent_fields},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property distribution_properties[] = {
        {"d", distribution_d, "dimension of x"},
        {"n", distribution_n, "number of examples of a data set; nil for other laws"},
        {"checksum", distribution_checksum,
         "checksum of the numbers of a data set, 16 digits; nil for other laws"},
        {NULL, NULL, NULL}};

static const mfl_class distribution_class = {MFL_DISTRIBUTION, "The law of one example (x, y).",
                                             distribution_methods, distribution_properties, NULL};

static const mfl_fn distribution_functions[] = {
        {"isotropic", distribution_isotropic, "mf.distribution.isotropic{d=, delta=}",
         "Centered isotropic Gaussians: y = +-1 with probability 1/2, x ~ N(0, (1 +- Delta)^2 I).",
         isotropic_fields},
        {"anisotropic", distribution_anisotropic,
         "mf.distribution.anisotropic{d=, s0=, delta=, basis=}",
         "Centered Gaussians that differ on a subspace V: x ~ N(0, I + ((1 +- Delta)^2 - 1) P_V).",
         anisotropic_fields},
        {"mixture", distribution_mixture,
         "mf.distribution.mixture{ {weight=, label=, mean=, covariance=}, ... }",
         "Labelled Gaussians with any means and covariances.", component_fields},
        {"multi_index", distribution_multi_index,
         "mf.distribution.multi_index{d=, directions=, target=, ...}",
         "Teachers of a few directions: y = g(Ux) + noise, x ~ N(0, I) or uniform on {-1, 1}^d. "
         "The "
         "target takes z1, .., zk as numbers and must be a function of them alone. On the "
         "hypercube "
         "without U its 2^k values are taken once (k <= 16); else it is called once for each "
         "example, in batches. SGD runs in blocks either way.",
         index_fields},
        {"dataset", mfl_distribution_dataset, "mf.distribution.dataset{x=, y=, order=, seed=}",
         "The examples of a finite data set, visited in epochs: each example once in every epoch, "
         "in an order "
         "that is a function of the seed and the epoch. Risks under it are means over all "
         "examples, so "
         "exact; mf.potential.sampled takes it whole. x and y are copied, once: whoever uses the "
         "law shares "
         "that copy. Files of runs hold its checksum, not its numbers.",
         mfl_dataset_fields},
        {"custom", distribution_custom, "mf.distribution.custom{d=, sample=}",
         "A law of one's own: sample = function(rng) ... return x, y end. All randomness must "
         "come from rng, so that sample k is the same in every run.",
         custom_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_distribution(lua_State *L) {
    mfl_class_register(L, &distribution_class);
    lua_newtable(L);
    mfl_functions(L, "mf.distribution", distribution_functions);
    lua_setfield(L, -2, "distribution");
}
